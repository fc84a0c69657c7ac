/* offload.c, and the plays of what is away: bytes moved, held and live. */
#include "policies.h"

#include <stdio.h>
#include <string.h>

#include "fixture.h"

static am_report *const report = &fixture_report;

static void evaluate(const char *model, const char *rest)
{
    char text[512];
    am_status status;
    snprintf(text, sizeof text, "%s %s", model, rest);
    am_config config = config_of(text);
    ck_assert_msg(am_evaluate(report, &fixture_workspace, &config, &status) == AM_OK, "%s: %s", text, status.message);
}

static void expect_rows(void)
{
    int64_t sum = 0;
    for (int i = 0; i < report->rows; i++) sum += report->row[i].row.bytes * report->row[i].count;
    ck_assert_int_eq(sum, report->saved_bytes);
}

/* Bytes that save_on_cpu packs, measured on transformers 5.24 under PyTorch 2.15 with hooks that count each tensor's own
 * elements: of all, and of parameters. */
static const struct {
    const char *model;
    int64_t host, weights;
} packed[] = {
    {"family=llama layers=3 hidden=64 heads=4 kv_heads=2 ffn=160 vocab=96 seq=32 batch=2 dtype=fp32", 2111748, 542464},
    {"family=llama layers=3 hidden=64 heads=4 kv_heads=2 ffn=160 vocab=96 seq=32 batch=1 dtype=bf16", 765060, 271232},
    {"family=llama layers=3 hidden=64 heads=4 kv_heads=2 ffn=160 vocab=96 seq=32 batch=2 dtype=bf16", 1246596, 271232},
    {"family=gpt2 layers=3 hidden=64 heads=4 vocab=96 max_positions=64 seq=32 batch=1 dtype=fp32", 1447940, 617984},
    {"family=gpt2 layers=3 hidden=64 heads=4 vocab=96 max_positions=64 seq=32 batch=2 dtype=fp32", 2277636, 617984},
};

START_TEST(saved_copies)
{
    evaluate(packed[_i].model, "attention=eager checkpoint=offload:saved");
    ck_assert_int_eq(report->traffic.host_bytes, packed[_i].host);
    ck_assert_int_eq(report->traffic.weight_bytes, packed[_i].weights);
    ck_assert_int_eq(report->traffic.to_host, packed[_i].host);
    ck_assert_int_eq(report->traffic.from_host, packed[_i].host);
    ck_assert_int_eq(report->saved_bytes, 0);
    ck_assert_int_eq(report->rows, 0);
    ck_assert_int_eq(report->outcome.recomputed_flops, 0);
}
END_TEST

/* A layer of Llama-3-8B, flash attention, two sequences: 65.16 sbh and 416 MiB of products' weights, with those of two
 * norms; of each token also two statistics of the norms and, for each head, one of attention. */
START_TEST(a_layer_of_llama_3_8b)
{
    int64_t host[2], sbh = (int64_t)2048 * 2 * 4096, weights = (int64_t)416 << 20;
    for (int i = 0; i < 2; i++) {
        char rest[128];
        snprintf(rest, sizeof rest, "layers=%d seq=2048 batch=2 attention=flash checkpoint=offload:saved", i + 2);
        evaluate("model=llama-3-8b", rest);
        host[i] = report->traffic.host_bytes;
    }
    double layer = (double)(host[1] - host[0] - weights - 2 * 4096 * 2) / (double)sbh;
    ck_assert_double_eq_tol(layer, 65.16, 0.005);
}
END_TEST

static const char small[] = "family=llama layers=12 hidden=64 heads=4 kv_heads=2 ffn=256 vocab=32 seq=32 batch=2";

/* The layers' inputs are not there, but for that of the layer that runs again. */
START_TEST(inputs_on_the_host)
{
    int64_t input = 32 * 2 * 64 * 2, layers = 12;
    evaluate(small, "checkpoint=full reentrant=yes");
    am_outcome full = report->outcome;
    ck_assert_int_eq(full.backward_at.layer, layers - 1);
    evaluate(small, "checkpoint=offload");
    expect_rows();
    ck_assert(report->policy.reentrant);
    ck_assert_int_eq(report->saved_bytes, full.saved_bytes - layers * input);
    ck_assert_int_eq(report->outcome.after_forward, full.after_forward - layers * input);
    ck_assert_int_eq(report->outcome.backward_peak, full.backward_peak - (layers - 1) * input);
    ck_assert_int_eq(report->outcome.recomputed_flops, full.recomputed_flops);
    ck_assert_int_eq(report->traffic.host_bytes, layers * input);
    ck_assert_int_eq(report->traffic.to_host, layers * input);
    ck_assert_int_eq(report->traffic.gathered, 0);
    evaluate(small, "checkpoint=unsloth");
    ck_assert_int_eq(report->policy.kind, AM_POLICY_OFFLOAD);
}
END_TEST

static const char ranks[] = "stack=megatron-local family=gpt2 layers=6 hidden=64 heads=4 ffn=256 vocab=32 seq=32 batch=2 tp=4";

/* Each rank keeps its part; the whole is gathered for the layer that runs again. */
START_TEST(inputs_shared_out)
{
    int64_t input = 32 * 2 * 64 * 2, layers = 6;
    evaluate(ranks, "checkpoint=full");
    am_outcome full = report->outcome;
    bool last = full.backward_at.layer == layers - 1;
    evaluate(ranks, "checkpoint=partition");
    expect_rows();
    ck_assert_int_eq(report->saved_bytes, full.saved_bytes - layers * input * 3 / 4);
    ck_assert_int_eq(report->outcome.after_forward, full.after_forward - layers * input * 3 / 4);
    if (last)
        ck_assert_int_eq(report->outcome.backward_peak, full.backward_peak - layers * input * 3 / 4 + input);
    ck_assert_int_eq(report->traffic.host_bytes, 0);
    ck_assert_int_eq(report->traffic.gathered, layers * input * 3 / 4);
    evaluate(ranks, "checkpoint=partition:cpu");
    expect_rows();
    ck_assert_int_eq(report->saved_bytes, full.saved_bytes - layers * input);
    ck_assert_int_eq(report->traffic.host_bytes, layers * input / 4);
    ck_assert_int_eq(report->traffic.gathered, layers * input * 3 / 4);
}
END_TEST

/* What is packed is no longer live, and comes back for its own node alone: the backward's peak is far below. */
START_TEST(saved_tensors_come_back_one_by_one)
{
    evaluate(small, "checkpoint=none");
    am_outcome none = report->outcome;
    evaluate(small, "checkpoint=offload:saved");
    ck_assert_int_eq(report->outcome.after_forward, none.after_forward - none.saved_bytes);
    ck_assert_int_lt(report->outcome.backward_peak, none.backward_peak / 4);
    ck_assert_int_eq(report->outcome.gradient_bytes, none.gradient_bytes);
    ck_assert_int_gt(report->dropped_rows, 0);
}
END_TEST

/* What is waited for is time of its own; what is not only where the link is slower than what runs beside it. */
START_TEST(exposed_time)
{
    static char text[512 << 10];
    char wanted[64];
    evaluate(small, "checkpoint=offload:saved link_bandwidth=100 timeline=none frontier=no");
    ck_assert_uint_gt(am_report_json(report, text, sizeof text), 0);
    snprintf(wanted, sizeof wanted, "\"exposed_us\":%lld", (long long)(2 * am_link_time(&report->config, report->traffic.host_bytes)));
    ck_assert_ptr_nonnull(strstr(text, wanted));
    evaluate(small, "checkpoint=offload link_bandwidth=100 timeline=none frontier=no");
    ck_assert_uint_gt(am_report_json(report, text, sizeof text), 0);
    int64_t beside = report->traffic.forward_time / 1000000 + report->traffic.backward_time / 1000000;
    snprintf(wanted, sizeof wanted, "\"exposed_us\":%lld", (long long)(2 * am_link_time(&report->config, report->traffic.host_bytes) - beside));
    ck_assert_ptr_nonnull(strstr(text, wanted));
    evaluate(small, "checkpoint=offload link_bandwidth=1000000000 timeline=none frontier=no");
    ck_assert_uint_gt(am_report_json(report, text, sizeof text), 0);
    ck_assert_ptr_nonnull(strstr(text, "\"to_host_us\":1,"));
}
END_TEST

START_TEST(time_on_the_link)
{
    am_config config = config_of("model=llama-3-8b link_bandwidth=25000");
    ck_assert_int_eq(am_link_time(&config, 0), 0);
    ck_assert_int_eq(am_link_time(&config, 1), 1);
    ck_assert_int_eq(am_link_time(&config, 25000), 1);
    ck_assert_int_eq(am_link_time(&config, 25001), 2);
    ck_assert_int_eq(am_link_time(&config, 25000000000), 1000000);
}
END_TEST

Suite *test_offload_suite(void)
{
    Suite *suite = suite_create("offload");
    TCase *tests = tcase_create("offload");
    tcase_add_loop_test(tests, saved_copies, 0, (int)(sizeof packed / sizeof *packed));
    tcase_add_test(tests, a_layer_of_llama_3_8b);
    tcase_add_test(tests, inputs_on_the_host);
    tcase_add_test(tests, inputs_shared_out);
    tcase_add_test(tests, saved_tensors_come_back_one_by_one);
    tcase_add_test(tests, exposed_time);
    tcase_add_test(tests, time_on_the_link);
    suite_add_tcase(suite, tests);
    return suite;
}
