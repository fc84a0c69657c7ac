/* The plain Llama on one rank: under FSDP2, DTensor's tensor parallelism and ring attention, against what PyTorch's own code
 * keeps there (tests/fixtures/parallel.json). */
#include "ranks.h"

#include "tape.h"

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
    if (!logits || fixture_report.policy.kind == AM_POLICY_NONE) /* its checkpointed layers hold their projections longer */
        expect_figure(record, "forward_peak", outcome->forward_peak - logits);
    expect_figure(record, "backward_peak", outcome->backward_peak);
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
    if (json_get(record, "rows").index < 0 || logits_of(&fixture_report.config)) return; /* checkpointed; test_torch.c's modules */
    expect_rank_rows(record, fixture_report.config.layers > 1 ? "layers.1" : "layers.0");
}
END_TEST

/* ---- any number of layers from a few ---- */

#define SMALL "hidden=32 heads=4 kv_heads=2 ffn=48 vocab=64 seq=16 "

/* A record of all layers, played whole, has the peaks that are composed of a few. */
START_TEST(composed)
{
    static const char *const texts[] = {
        "stack=torch zero=3 dp=4 ", "stack=torch zero=3 dp=3 reshard=no ", "stack=torch zero=3 dp=2 tp=2 sp=yes ",
        "stack=torch zero=3 dp=2 cp=2 ", "stack=torch tp=2 ", "stack=torch tp=2 cp=2 sp=yes ", "stack=torch cp=4 ",
        "zero=3 dp=4 ", "zero=3 dp=8 master_weights=yes grad_dtype=fp32 ", "family=gemma3_text zero=3 dp=2 layer_period=3 ",
        "stack=liger zero=3 dp=4 ", "zero=3 dp=4 reshard=no ", "family=gemma2 zero=3 dp=2 ",
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
                ck_assert_msg(am_evaluate(&fixture_report, &fixture_workspace, &config, &status) == AM_OK, "%s: %s", text,
                              status.message);
                const am_outcome *outcome = &fixture_report.outcome;
                ck_assert_msg(outcome->after_forward == whole.after_forward && outcome->forward_peak == whole.forward_peak &&
                                  outcome->backward_peak == whole.backward_peak && outcome->step_peak == whole.step_peak,
                              "%s: after forward %lld, peaks %lld %lld %lld; played whole %lld, %lld %lld %lld", text,
                              (long long)outcome->after_forward, (long long)outcome->forward_peak,
                              (long long)outcome->backward_peak, (long long)outcome->step_peak,
                              (long long)whole.after_forward, (long long)whole.forward_peak,
                              (long long)whole.backward_peak, (long long)whole.step_peak);
                ck_assert_msg(outcome->gradient_bytes == whole.gradient_bytes, "%s: gradients", text);
            }
}
END_TEST

/* ---- what follows from what a rank is ---- */

static am_outcome outcome_of(const char *text)
{
    am_status status;
    am_config config = config_of(text);
    ck_assert_msg(am_evaluate(&fixture_report, &fixture_workspace, &config, &status) == AM_OK, "%s: %s", text, status.message);
    return fixture_report.outcome;
}

/* Sharing parameters out changes no saved byte, whoever writes the layers; its peaks are higher, and gradients are shared. */
START_TEST(sharded)
{
    static const char *const texts[] = {"layers=5 " SMALL, "stack=liger layers=5 " SMALL, "family=gpt2 layers=3 hidden=32 heads=4 vocab=64 seq=16 ",
                                        "layers=5 checkpoint=full " SMALL, "family=mixtral experts=4 experts_per_token=2 layers=3 " SMALL};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        char text[256];
        snprintf(text, sizeof text, "%s zero=3 dp=2", texts[i]);
        am_outcome whole = outcome_of(texts[i]), part = outcome_of(text);
        int64_t gathered = fixture_report.gathered;
        ck_assert_int_eq(part.saved_bytes, whole.saved_bytes);
        ck_assert_int_eq(part.after_forward, whole.after_forward);
        ck_assert_int_eq(2 * part.gradient_bytes, whole.gradient_bytes);
        ck_assert_int_gt(gathered, 0);
        ck_assert_int_ge(part.backward_peak, whole.backward_peak);
        ck_assert_int_gt(part.forward_peak, whole.forward_peak);
        snprintf(text, sizeof text, "%s zero=3 dp=2 reshard=no", texts[i]);
        am_outcome kept = outcome_of(text);
        ck_assert_int_eq(kept.after_forward, part.after_forward + fixture_report.gathered);
        ck_assert_int_eq(fixture_report.gathered, fixture_report.gathered_after);
        ck_assert_int_eq(fixture_report.gathered, whole.gradient_bytes); /* bf16, as the gradients are */
        ck_assert_int_gt(fixture_report.gathered, gathered);
    }
}
END_TEST

/* Without ranks that share parameters out, nothing is gathered; data parallelism alone changes nothing. */
START_TEST(data_parallel)
{
    am_outcome alone = outcome_of("layers=2 " SMALL);
    ck_assert_int_eq(fixture_report.gathered, 0);
    static const char *const texts[] = {"dp=8 ", "dp=8 zero=1 ", "dp=8 zero=2 "};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        char text[256];
        snprintf(text, sizeof text, "layers=2 " SMALL "%s", texts[i]);
        am_outcome ranks = outcome_of(text);
        ck_assert_int_eq(ranks.saved_bytes, alone.saved_bytes);
        ck_assert_int_eq(ranks.backward_peak, alone.backward_peak);
        ck_assert_int_eq(fixture_report.gathered, 0);
    }
}
END_TEST

/* What the context manager keeps beside a rank's part is named: it is in no row. */
START_TEST(buffers)
{
    outcome_of("stack=torch layers=1 cp=2 " SMALL);
    ck_assert_int_eq(fixture_report.lastings, 5);
    int64_t bytes = 0;
    for (int i = 0; i < fixture_report.lastings; i++) bytes += fixture_report.lasting[i].bytes;
    int64_t ids = 2 * 16 * 8, tables = 2 * 16 * 8 * 2; /* whole; half of each here; half of one table again */
    ck_assert_int_eq(bytes, ids + tables + ids / 2 + tables / 2 + tables / 4);
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
    tcase_add_test(tests, sharded);
    tcase_add_test(tests, data_parallel);
    tcase_add_test(tests, buffers);
    suite_add_tcase(suite, tests);
    return suite;
}
