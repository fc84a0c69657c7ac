/* Every measured case of tests/fixtures/cases.json: what is kept, in total and by layer; what lives after the forward;
 * the peaks; what is computed again. Equal to the byte. */
#include <string.h>

#include "evaluate.h"
#include "fixture.h"

static json cases;

static void load(void)
{
    cases = json_load("cases.json");
}

static void expect(const char *name, const char *what, int64_t got, int64_t wanted)
{
    ck_assert_msg(got == wanted, "%s: %s is %lld, measured %lld", name, what, (long long)got, (long long)wanted);
}

static int64_t sum_of(json array)
{
    int64_t sum = 0;
    for (int i = 0; i < json_size(array); i++) sum += json_int(json_at(array, i));
    return sum;
}

static void expect_saved(const char *name, json record)
{
    const am_report *report = &fixture_report;
    int64_t layers = 0, shared = json_int(json_get(record, "shared_bytes"));
    for (int i = 0; i < report->kinds; i++) layers += report->kind[i].bytes * report->kind[i].count;
    expect(name, "saved", report->saved_bytes, json_int(json_get(record, "saved_bytes")));
    expect(name, "layers", layers, sum_of(json_get(record, "layer_bytes")) - shared);
    expect(name, "shared", report->shared_bytes, shared);
    expect(name, "outside", report->outside_bytes, json_int(json_get(record, "outside_bytes")));
}

static void expect_peaks(const char *name, json record)
{
    const am_outcome *outcome = &fixture_report.outcome;
    expect(name, "forward peak", outcome->forward_peak, json_int(json_get(record, "forward_peak")));
    expect(name, "backward peak", outcome->backward_peak, json_int(json_get(record, "backward_peak")));
    expect(name, "step peak", outcome->step_peak, json_int(json_get(record, "step_peak")));
    expect(name, "gradients", outcome->gradient_bytes, json_int(json_get(record, "gradient_bytes")));
}

static int64_t sum_of_rows(void)
{
    int64_t sum = 0;
    for (int i = 0; i < fixture_report.rows; i++) sum += fixture_report.row[i].row.bytes * fixture_report.row[i].count;
    return sum;
}

START_TEST(measured_cases)
{
    char name[128];
    json record = json_at(cases, _i);
    json_text(json_get(record, "name"), name, sizeof name);
    am_config config = fixture_config(name);
    am_status status;
    ck_assert_msg(am_evaluate(&fixture_report, &fixture_workspace, &config, &status) == AM_OK, "%s: %s", name,
                  status.message);
    const am_outcome *outcome = &fixture_report.outcome;
    expect(name, "after the forward", outcome->after_forward, json_int(json_get(record, "live_after_forward")));
    expect(name, "the sum of the rows", sum_of_rows(), fixture_report.saved_bytes);
    if (json_is_null(json_get(record, "checkpoint"))) expect_saved(name, record);
    expect_peaks(name, record);
    json ratio = json_get(record, "recompute_flops_ratio");
    if (json_is_null(ratio)) return;
    /* the record holds the ratio in double precision: a relative 1e-12 is its rounding */
    double got = (double)outcome->recomputed_flops / (double)outcome->forward_flops;
    ck_assert_double_eq_tol(got, json_real(ratio), 1e-12);
}
END_TEST

/* The one number of the README. */
START_TEST(llama_3_8b)
{
    am_status status;
    am_config config = config_of("model=llama-3-8b stack=hf attention=sdpa dtype=bf16 batch=1 seq=2048");
    ck_assert_int_eq(am_evaluate(&fixture_report, &fixture_workspace, &config, &status), AM_OK);
    ck_assert_int_eq(fixture_report.saved_bytes, 14281106188);
}
END_TEST

static int64_t value_of(int kind)
{
    am_sum sum = am_report_formula(&fixture_report, kind);
    int64_t bytes = 0;
    for (int i = 0; i < sum.count; i++) bytes += am_term_value(&sum.term[i], fixture_report.extents.value);
    return bytes;
}

/* In blocks of 512 bytes every row is whole blocks, and sums and formulas still hold. */
START_TEST(blocks)
{
    static const char *const texts[] = {
        "family=llama layers=5 hidden=60 heads=4 kv_heads=2 head_dim=18 ffn=100 vocab=77 batch=3 seq=19",
        "family=gpt2 layers=3 hidden=36 heads=4 vocab=77 batch=1 seq=11 dropout=0.1 attention=eager checkpoint=every:2",
        "model=smollm2-360m seq=1000 batch=3 trainable=lora loss=cut",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        char text[256] = "allocator=cuda ";
        am_status status;
        am_config config = config_of(strcat(text, texts[i]));
        ck_assert_int_eq(am_evaluate(&fixture_report, &fixture_workspace, &config, &status), AM_OK);
        for (int j = 0; j < fixture_report.rows; j++) ck_assert_int_eq(fixture_report.row[j].row.bytes % 512, 0);
        ck_assert_int_eq(sum_of_rows(), fixture_report.saved_bytes);
        for (int j = 0; j < fixture_report.kinds; j++) ck_assert_int_eq(value_of(j), fixture_report.kind[j].bytes);
        ck_assert_int_eq(value_of(AM_KIND_OUTSIDE), fixture_report.outside_bytes);
        ck_assert_int_eq(value_of(AM_KIND_SHARED), fixture_report.shared_bytes);
    }
}
END_TEST

static const struct {
    const char *text, *field;
} too_large[] = {
    {"layers=1000 hidden=1048576 heads=8192 head_dim=128 ffn=4194304 vocab=16777216 batch=1048576 seq=16777216", ""},
    {"model=llama-3-8b batch=1048576 seq=16777216", ""},
    {"model=llama-3-8b attention=eager seq=16777216", ""},
};

/* Above 2^53 the answer is an error that names an input, never a wrong number. */
START_TEST(figures_above_2_53)
{
    am_status status;
    am_config config = am_default_config();
    ck_assert_int_eq(am_config_parse(&config, too_large[_i].text, &status), AM_OK);
    ck_assert_int_eq(am_evaluate(&fixture_report, &fixture_workspace, &config, &status), AM_TOO_LARGE);
    ck_assert_msg(strlen(status.field) > 0, "no field is named");
}
END_TEST

/* Evaluations leave nothing behind in the workspace that changes the next one. */
/* A timeline is whole or none: where a play has more samples than there is room for, the report is refused. */
START_TEST(too_many_samples)
{
    for (int room = 0; room < 2; room++) {
        am_config config = config_of("model=gpt2 timeline=operations");
        am_status status;
        ck_assert_int_eq(am_evaluate(&fixture_report, &fixture_workspace, &config, &status), AM_OK);
        am_evaluation evaluation = {.report = &fixture_report, .workspace = &fixture_workspace, .config = &fixture_report.config, .policy = &fixture_report.policy,
                                    .extents = &fixture_report.extents, .pattern = am_model_pattern(&fixture_report.config)};
        int played = fixture_workspace.profile[AM_PROFILE_PLAIN].samples, samples = AM_MAX_SAMPLES - played + !room;
        ck_assert_int_gt(played, 10);
        am_evaluation_sample(&evaluation, AM_PROFILE_PLAIN, &samples);
        ck_assert_int_eq(evaluation.code, room ? AM_OK : AM_CAPACITY);
    }
}
END_TEST

START_TEST(order_does_not_matter)
{
    static const char *const texts[] = {"", "model=gpt2 seq=1024 checkpoint=full",
                                        "model=qwen3-4b checkpoint=every:5 attention=eager", ""};
    am_status status;
    int64_t first = 0;
    for (int i = 0; i < 4; i++) {
        am_config config = config_of(texts[i]);
        ck_assert_int_eq(am_evaluate(&fixture_report, &fixture_workspace, &config, &status), AM_OK);
        if (i == 0) first = fixture_report.outcome.step_peak;
    }
    ck_assert_int_eq(fixture_report.outcome.step_peak, first);
}
END_TEST

Suite *test_evaluate_suite(void)
{
    if (!cases.document) load();
    Suite *suite = suite_create("evaluate");
    TCase *tests = tcase_create("evaluate");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, measured_cases, 0, json_size(cases));
    tcase_add_test(tests, llama_3_8b);
    tcase_add_loop_test(tests, figures_above_2_53, 0, (int)(sizeof too_large / sizeof *too_large));
    tcase_add_test(tests, blocks);
    tcase_add_test(tests, too_many_samples);
    tcase_add_test(tests, order_does_not_matter);
    suite_add_tcase(suite, tests);
    return suite;
}
