/* The plain Llama on one rank: under FSDP2, DTensor's tensor parallelism and ring attention, against what PyTorch's own code
 * keeps there (tests/fixtures/parallel.json). */
#include "ranks.h"

/* Cases of one GPU are of the same modules; the caller of stack=torch then holds the logits beside the loss. */
static int64_t logits_of(const am_config *config)
{
    bool alone = config->tp == 1 && config->cp == 1 && config->zero == 0;
    return alone ? config->seq * config->batch * config->vocab * 2 : 0;
}

START_TEST(figures)
{
    json record = rank_at(_i), gathered = json_get(record, "unsharded");
    evaluate_rank(record);
    const am_outcome *outcome = &fixture_report.outcome;
    const am_config *config = &fixture_report.config;
    int64_t logits = logits_of(config);
    expect_figure(record, "saved_bytes", outcome->saved_bytes);
    expect_layers(record);
    expect_figure(record, "live_after_forward", outcome->after_forward - logits);
    if (!logits ||
        fixture_report.policy.kind == AM_POLICY_NONE) /* its checkpointed layers hold their projections longer */
        expect_figure(record, "forward_peak", outcome->forward_peak - logits);
    expect_figure(record, "backward_peak", outcome->backward_peak);
    expect_figure(record, "step_peak", outcome->step_peak);
    expect_figure(record, "gradient_bytes", outcome->gradient_bytes);
    expect_figure(record, "rank_parameters", fixture_report.parameters.total);
    if (gathered.index < 0) return;
    ck_assert_int_eq(fixture_report.gathered_after, json_int(json_get(gathered, "after_forward")));
    ck_assert_int_eq(fixture_report.gathered, json_int(json_get(gathered, "forward_peak")));
    ck_assert_int_eq(fixture_report.gathered, json_int(json_get(gathered, "backward_peak")));
}
END_TEST

START_TEST(rows)
{
    json record = rank_at(_i);
    evaluate_rank(record);
    if (json_get(record, "rows").index < 0 || logits_of(&fixture_report.config))
        return; /* checkpointed; test_torch.c's modules */
    expect_rank_rows(record, fixture_report.config.layers > 1 ? "layers.1" : "layers.0");
}
END_TEST

/* ---- any number of layers from a few ---- */

#define SMALL "hidden=32 heads=4 kv_heads=2 ffn=48 vocab=64 seq=16 "

/* A record of all layers, played whole, has the peaks that are composed of a few. */
START_TEST(composed)
{
    static const char *const texts[] = {
        "stack=torch zero=3 dp=4 ",
        "stack=torch zero=3 dp=3 reshard=no ",
        "stack=torch zero=3 dp=2 tp=2 sp=yes ",
        "stack=torch zero=3 dp=2 cp=2 ",
        "stack=torch tp=2 ",
        "stack=torch tp=2 cp=2 sp=yes ",
        "stack=torch cp=4 ",
        "zero=3 dp=4 ",
        "zero=3 dp=8 master_weights=yes grad_dtype=fp32 ",
        "family=gemma3_text zero=3 dp=2 layer_period=3 ",
        "stack=liger zero=3 dp=4 ",
        "zero=3 dp=4 reshard=no ",
        "family=gemma2 zero=3 dp=2 ",
    };
    static const char *const policies[] = {"none", "full"};
    static const int layers[] = {1, 2, 3, 4, 7, 11};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        for (int j = 0; j < 6; j++)
            for (int k = 0; k < 2; k++) {
                char text[256];
                am_status status;
                snprintf(text, sizeof text, SMALL "%s layers=%d checkpoint=%s", texts[i], layers[j], policies[k]);
                am_config config = config_of(text);
                ck_assert_msg(am_config_resolve(&config, &status) == AM_OK, "%s: %s", text, status.message);
                play_allocations(&config);
                am_step whole = fixture_workspace.step;
                ck_assert_msg(am_evaluate(&fixture_report, &fixture_workspace, &config, &status) == AM_OK, "%s: %s",
                              text, status.message);
                const am_outcome *outcome = &fixture_report.outcome;
                ck_assert_msg(
                    outcome->after_forward == whole.after_forward && outcome->forward_peak == whole.forward_peak &&
                        outcome->backward_peak == whole.backward_peak && outcome->step_peak == whole.step_peak,
                    "%s: after forward %lld, peaks %lld %lld %lld; played whole %lld, %lld %lld %lld", text,
                    (long long)outcome->after_forward, (long long)outcome->forward_peak,
                    (long long)outcome->backward_peak, (long long)outcome->step_peak, (long long)whole.after_forward,
                    (long long)whole.forward_peak, (long long)whole.backward_peak, (long long)whole.step_peak);
                ck_assert_msg(outcome->gradient_bytes == whole.gradient_bytes, "%s: gradients", text);
            }
}
END_TEST

Suite *test_torch_rank_suite(void);
Suite *test_torch_rank_suite(void)
{
    load_ranks(false);
    Suite *suite = suite_create("torch_rank");
    TCase *tests = tcase_create("torch_rank");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, figures, 0, rank_count);
    tcase_add_loop_test(tests, rows, 0, rank_count);
    tcase_add_test(tests, composed);
    suite_add_tcase(suite, tests);
    return suite;
}
