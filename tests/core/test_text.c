/* The report for people: its sections in their order. */
#include "fake_report.h"
#include "sections.h"

static void read_report(const am_report *report)
{
    size_t length = am_report_text(report, text, sizeof text);
    ck_assert_uint_gt(length, 0);
    ck_assert_uint_eq(strlen(text), length);
}

static void write_report(am_writer *out, const am_report *report)
{
    read_report(report);
    out->length = strlen(text);
}

/* The answer comes first, how the figures are held last. */
START_TEST(order)
{
    static const char *const begin[] = {"Llama 3 8B, ", "\nWhere the bytes are", "\nThe head ", "\nThe first layer keeps ", "\nIn closed form, ", "\nCheckpointing (",
                                        "\n8,030,261,248 parameters, ", "\nMeasured: ", "\nNot counted: "};
    const char *at = text;
    read_report(fake_report());
    expect_tidy();
    for (size_t i = 0; i < sizeof begin / sizeof *begin; i++) {
        const char *next = strstr(at, begin[i]);
        ck_assert_msg(next != NULL, "no %s in %s", begin[i], at);
        at = next + 1;
    }
}
END_TEST

START_TEST(units)
{
    const am_report *report = fake_report();
    fake.config.units = AM_GB;
    read_report(report);
    expect_tidy();
    expect("keeps 2.63 GB (2,630,303,744 bytes)");
    ck_assert_ptr_null(strstr(text, "GiB"));
    fake.config.units = AM_BYTES;
    read_report(report);
    expect_tidy();
    expect("keeps 2,630,303,744 bytes for");
    ck_assert_ptr_null(strstr(text, "GiB"));
    ck_assert_ptr_null(strstr(text, "GB"));
}
END_TEST

/* However long the names: lines stay within the width. */
START_TEST(long_names)
{
    const am_report *report = fake_report();
    for (int i = 0; i < fake.rows; i++) {
        fake.row[i].row.name = "a name longer than anybody should give to a tensor, ⌈and not in ASCII⌉";
        fake.row[i].row.module.path = "a.module.deep.in.the.model.whose.path.is.as.long.as.its.name";
    }
    read_report(report);
    expect_tidy();
    expect("…");
}
END_TEST

START_TEST(too_small)
{
    const am_report *report = fake_report();
    size_t length = am_report_text(report, text, sizeof text);
    for (size_t size = 0; size <= length; size += 97) ck_assert_uint_eq(am_report_text(report, text, size), 0);
    ck_assert_uint_eq(am_report_text(report, text, length + 1), length);
}
END_TEST

static const saying said[] = {
    {LOCAL "experts=4 experts_per_token=2 ep=2 expert_imbalance=150", {"experts with more than their share of tokens: measured was a perfect balance"}},
    {"model=olmo-2-7b dtype=fp32 autocast=bf16 checkpoint=full reentrant=yes", {"each product's copy of a layer's input counts, where PyTorch keeps one for"}},
    {BIG "stack=megatron-local pp=4 frontier=yes", {"Pareto-optimal plans of all ranks, evenly picked", "GiB, 0 ms again: ranks at "}},
    {"model=mixtral-8x7b stack=megatron-local tp=2 sp=yes frontier=yes", {"keeping all but what core_attn,layernorm,moe_act makes again"}},
    {"model=gpt3-175b stack=paper frontier=yes", {"No frontier was searched for: the paper's equations know three policies, "}},
    {SMALL "stack=torch schedule=zbv pp=2 frontier=yes", {"No frontier was searched for: each part of a backward in two parts "}},
};

START_TEST(sayings)
{
    check_saying(&said[_i], write_report);
}
END_TEST

Suite *test_text_suite(void);
Suite *test_text_suite(void)
{
    Suite *suite = suite_create("text");
    TCase *tests = tcase_create("text");
    tcase_add_test(tests, order);
    tcase_add_test(tests, units);
    tcase_add_test(tests, long_names);
    tcase_add_test(tests, too_small);
    tcase_add_loop_test(tests, sayings, 0, sizeof said / sizeof *said);
    suite_add_tcase(suite, tests);
    return suite;
}
