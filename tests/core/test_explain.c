/* explain.c: closed forms, gathered and written. */
#include "explain.h"

#include <check.h>

#include "fake_report.h"

static const int64_t values[AM_SYMBOL_COUNT] = {
    [AM_S] = 8192,   [AM_B] = 1,  [AM_A] = 32,   [AM_K] = 8,     [AM_H] = 4096,   [AM_D] = 128,  [AM_F] = 14336,
    [AM_V] = 128256, [AM_R] = 16, [AM_P] = 2048, [AM_S1] = 8193, [AM_S32] = 8192, [AM_D8] = 128, [AM_TP] = 8,
};

typedef struct text_case {
    am_term term;
    const char *symbols, *numbers;
} text_case;

static const text_case cases[] = {
    {{1, 1, {0}}, "1", "1"},
    {{24, 1, {0}}, "24", "24"},
    {{1, 1, {[AM_S] = 1}}, "s", "8192"},
    {{2, 1, {[AM_H] = 1, [AM_S] = 1, [AM_B] = 1}}, "2·s·b·h", "2·8192·1·4096"},
    {{5, 1, {[AM_A] = 1, [AM_S] = 2, [AM_B] = 1}}, "5·s²·b·a", "5·8192²·1·32"},
    {{1, 1, {[AM_S] = 11}}, "s^11", "8192^11"},
    {{1, 2, {[AM_D] = 1}}, "d/2", "128/2"},
    {{3, 2, {[AM_D] = 1}}, "3·d/2", "3·128/2"},
    {{34, 1, {[AM_S] = 1, [AM_B] = 1, [AM_H] = 1, [AM_TP] = -1}}, "34·s·b·h/t", "34·8192·1·4096/8"},
    {{1, 2, {[AM_S] = 1, [AM_TP] = -2}}, "s/(2·t²)", "8192/(2·8²)"},
    {{1, 1, {[AM_TP] = -1}}, "1/t", "1/8"},
    {{1, 1, {[AM_A] = 1, [AM_K] = -1, [AM_TP] = -1}}, "a/(k·t)", "32/(8·8)"},
    {{8, 1, {[AM_S1] = 1, [AM_B] = 1}}, "8·b·(s+1)", "8·1·8193"},
    {{4, 1, {[AM_A] = 1, [AM_S32] = 1}}, "4·a·⌈s/32⌉·32", "4·32·8192"},
    {{1, 1, {[AM_S32] = 2}}, "(⌈s/32⌉·32)²", "8192²"},
    {{1, 1, {[AM_A] = 1, [AM_D8] = 1}}, "a·⌈d/8⌉·8", "32·128"},
    {{0, 0, {0}}, "…", "…"},
};

START_TEST(term_text)
{
    char text[128];
    const text_case *c = &cases[_i];
    ck_assert_uint_eq(am_term_text(&c->term, NULL, text, sizeof text), strlen(c->symbols));
    ck_assert_str_eq(text, c->symbols);
    ck_assert_uint_eq(am_term_text(&c->term, values, text, sizeof text), strlen(c->numbers));
    ck_assert_str_eq(text, c->numbers);
    ck_assert_uint_eq(am_term_text(&c->term, NULL, text, strlen(c->symbols)), 0);
}
END_TEST

static void expect_sum(const am_sum *sum, const char *symbols)
{
    char text[512];
    am_sum_text(sum, NULL, text, sizeof text);
    ck_assert_str_eq(text, symbols);
}

START_TEST(sum_gathers)
{
    am_sum sum = {0};
    expect_sum(&sum, "0");
    am_sum_add(&sum, fake_term(1, ""), 24);
    am_sum_add(&sum, fake_term(2, "sbh"), 4);
    am_sum_add(&sum, fake_term(1, "sbad"), 4);
    am_sum_add(&sum, fake_term(4, "hbs"), 1);
    am_sum_add(&sum, fake_term(1, "sb"), 0);
    am_sum_add(&sum, fake_term(0, "sb"), 3);
    expect_sum(&sum, "4·s·b·a·d + 12·s·b·h + 24");
    char text[128];
    am_sum_text(&sum, values, text, sizeof text);
    ck_assert_str_eq(text, "4·8192·1·32·128 + 12·8192·1·4096 + 24");
}
END_TEST

START_TEST(sum_orders)
{
    am_sum sum = {0};
    am_term divided = fake_term(24, "sbh");
    divided.power[AM_TP] = -1;
    am_sum_add(&sum, divided, 1);
    am_sum_add(&sum, fake_term(1, "v"), 1);
    am_sum_add(&sum, fake_term(10, "sbh"), 1);
    am_sum_add(&sum, fake_term(5, "ssba"), 1);
    am_sum_add(&sum, fake_term(1, "s"), 1);
    expect_sum(&sum, "5·s²·b·a + 10·s·b·h + 24·s·b·h/t + s + v");
}
END_TEST

START_TEST(sum_of_fractions)
{
    am_sum sum = {0};
    am_sum_add(&sum, (am_term){1, 2, {[AM_D] = 1}}, 1);
    am_sum_add(&sum, (am_term){1, 3, {[AM_D] = 1}}, 1);
    expect_sum(&sum, "5·d/6");
    am_sum_add(&sum, (am_term){1, 6, {[AM_D] = 1}}, 1);
    expect_sum(&sum, "d");
}
END_TEST

/* Coefficients beyond 2^53, and fractions without a common denominator below it: no value, rather than a wrong one. */
START_TEST(sum_without_value)
{
    static const struct {
        am_term term;
        int64_t times;
        am_term other;
    } table[] = {
        {{AM_MAX_BYTES, 1, {0}}, 2, {0}},
        {{1, 1 << 30, {0}}, 1, {1, (1 << 30) + 1, {0}}},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        am_sum sum = {0};
        am_sum_add(&sum, table[i].term, table[i].times);
        if (table[i].other.num) am_sum_add(&sum, table[i].other, 1);
        ck_assert_int_eq(sum.count, 1);
        ck_assert_int_eq(sum.term[0].den, 0);
    }
}
END_TEST

/* More products than a sum holds: it says that it is not whole. */
START_TEST(sum_full)
{
    am_sum sum = {0};
    for (int i = 0; i < AM_MAX_TERMS + 3; i++) {
        am_term term = {1, 1, {0}};
        term.power[AM_S] = (int8_t)(i + 1);
        am_sum_add(&sum, term, 1);
    }
    ck_assert_int_eq(sum.count, AM_MAX_TERMS);
    char text[512];
    am_sum_text(&sum, NULL, text, sizeof text);
    ck_assert_ptr_nonnull(strstr(text, " + …"));
}
END_TEST

START_TEST(sum_too_large)
{
    am_sum sum = {0};
    am_sum_add(&sum, (am_term){AM_MAX_BYTES, 1, {0}}, 1);
    am_sum_add(&sum, (am_term){1, 1, {0}}, 1);
    ck_assert_int_eq(am_term_value(&sum.term[0], values), -1);
}
END_TEST

/* The formula of each kind has the value of its rows. */
START_TEST(report_formula)
{
    const am_report *report = fake_report();
    const struct {
        int kind;
        int64_t bytes;
        const char *text;
    } expected[] = {
        {0, report->kind[0].bytes, "2·s·b·h"},
        {1, report->kind[1].bytes, "6·s·b·h + 2·s·b·r"},
        {AM_KIND_SHARED, report->shared_bytes, "2·s·d"},
        {AM_KIND_OUTSIDE, report->outside_bytes, "4·s·b·v + 8·s·b"},
    };
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        am_sum sum = am_report_formula(report, expected[i].kind);
        int64_t bytes = 0;
        for (int j = 0; j < sum.count; j++) bytes += am_term_value(&sum.term[j], report->extents.value);
        ck_assert_int_eq(bytes, expected[i].bytes);
        expect_sum(&sum, expected[i].text);
    }
}
END_TEST

static char text[1024];
static am_writer writer;

static void setup(void)
{
    writer = am_writer_of(text, sizeof text);
}

static void expect(const char *expected)
{
    ck_assert_uint_ne(am_writer_end(&writer), 0);
    ck_assert_str_eq(text, expected);
    setup();
}

START_TEST(total)
{
    const am_report *report = fake_report();
    am_sum_spans sums = {0}, numbers = {0}, none = {0};
    am_write_total(&writer, report, NULL, &sums);
    ck_assert_int_eq(am_sum_of(&sums, 0)->length, sizeof "2·s·b·h" - 1);
    am_write_text(&writer, " | ");
    am_write_total(&writer, report, NULL, &sums); /* as it stands already */
    expect("(2·s·b·h) + 31·(6·s·b·h + 2·s·b·r) + 4·s·b·v + 8·s·b + 2·s·d | "
           "(2·s·b·h) + 31·(6·s·b·h + 2·s·b·r) + 4·s·b·v + 8·s·b + 2·s·d");
    am_write_total(&writer, report, report->extents.value, &numbers);
    expect("(2·2048·1·4096) + 31·(6·2048·1·4096 + 2·2048·1·16) + 4·2048·1·128256 + 8·2048·1 + 2·2048·128");
    fake.rows = 0;
    am_write_total(&writer, report, NULL, &none);
    expect("0");
}
END_TEST

START_TEST(why)
{
    am_row row = {.savers = 3};
    row.saved_by[0].op = row.saved_by[1].op = AM_OP_MM;
    row.saved_by[2].op = AM_OP_SILU;
    am_write_why(&writer, &row);
    expect("The weight's gradient is the transposed input times the output's gradient; "
           "the derivative of SiLU is a function of its input.");
    am_write_saver(&writer, &row, 2);
    expect("SiluBackward0.self");
    row.saved_by[2].op = AM_OP_CLAMP; /* of several ways to call it the second */
    am_write_saver(&writer, &row, 2);
    expect("ClampBackward1.self");
    row.savers = 1;
    row.saved_by[0].op = AM_OP_CHECKPOINT; /* as the ledger has it */
    row.saved_by[0].rule = AM_BY_CHECKPOINT;
    am_write_why(&writer, &row);
    expect("The checkpointed region starts from it when it is recomputed.");
    am_write_saver(&writer, &row, 0);
    expect("checkpoint");
    row.saved_by[0].rule = AM_BY_SELECTIVE;
    am_write_why(&writer, &row);
    expect("Selective checkpointing keeps this result, so that it is not recomputed.");
    am_write_saver(&writer, &row, 0);
    expect("selective checkpoint");
}
END_TEST

START_TEST(names)
{
    am_row row = {.rank = 2, .extent = {{1, 1, {[AM_S] = 1, [AM_B] = 1}}, {1, 2, {[AM_D] = 1}}}};
    am_write_shape(&writer, &row);
    expect("[s·b, d/2]");
    row.rank = 0;
    am_write_shape(&writer, &row);
    expect("[]");
    am_write_kind(&writer, &(am_kind){"layer", 32, 1, 0, NULL, 0, false});
    expect("layer");
    am_write_kind(&writer, &(am_kind){"checkpointed segment", 8, 4, 0, NULL, 0, false});
    expect("checkpointed segment of 4 layers");
    am_write_kind(&writer, &(am_kind){"first checkpointed layer", 1, 1, 0, "dense", 0, false});
    expect("first checkpointed dense layer");
    am_write_kind(&writer, &(am_kind){"layer", 3, 1, 0, "dense", 0, false});
    expect("dense layer");
    am_write_kind(&writer, &(am_kind){"checkpointed layer", 14, 1, 0, NULL, 15, true});
    expect("checkpointed layer (from 15)");
    am_write_kind(&writer, &(am_kind){"checkpointed layer", 1, 1, 0, "dense", 29, true});
    expect("checkpointed dense layer 29");
}
END_TEST

/* The report writes these strings into JSON as they stand. */
START_TEST(table_needs_no_escapes)
{
    for (int i = 0; i < AM_OP_COUNT; i++) {
        for (int j = 0; j < AM_MAX_SAVES && am_ops[i].saves[j].attribute != NULL; j++) {
            ck_assert_ptr_null(strpbrk(am_ops[i].saves[j].why, "\"\\\n\t"));
            ck_assert_ptr_null(strpbrk(am_ops[i].saves[j].attribute, "\"\\\n\t"));
            ck_assert_int_ne(am_ops[i].saves[j].why[0], '\0');
        }
    }
}
END_TEST

/* What the allocator adds to a row is a number beside its product. */
START_TEST(padding)
{
    fake_report();
    am_row *row = &fake.row[1].row;
    am_write_bytes(&writer, row, NULL);
    expect("4·s·b·h");
    row->padding = 100;
    am_write_bytes(&writer, row, fake.extents.value);
    expect("4·2048·1·4096 + 100");
    am_sum sum = am_report_formula(&fake, 1);
    expect_sum(&sum, "6·s·b·h + 2·s·b·r + 100");
    row->elements = (am_term){2, 1, {0}};
    am_write_bytes(&writer, row, NULL);
    expect("108");
}
END_TEST

Suite *test_explain_suite(void);
Suite *test_explain_suite(void)
{
    Suite *suite = suite_create("explain");
    TCase *tests = tcase_create("explain");
    tcase_add_checked_fixture(tests, setup, NULL);
    tcase_add_loop_test(tests, term_text, 0, sizeof cases / sizeof *cases);
    tcase_add_test(tests, sum_gathers);
    tcase_add_test(tests, sum_orders);
    tcase_add_test(tests, sum_of_fractions);
    tcase_add_test(tests, sum_without_value);
    tcase_add_test(tests, sum_full);
    tcase_add_test(tests, sum_too_large);
    tcase_add_test(tests, report_formula);
    tcase_add_test(tests, padding);
    tcase_add_test(tests, total);
    tcase_add_test(tests, why);
    tcase_add_test(tests, names);
    tcase_add_test(tests, table_needs_no_escapes);
    suite_add_tcase(suite, tests);
    return suite;
}
