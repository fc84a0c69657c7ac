/* Composition against play: a plan made of a few played units equals the same plan with every layer recorded and
 * played. */
#include <stdio.h>
#include <string.h>

#include "plan_models.h"

static const struct {
    const char *policy;
    am_record record; /* of all layers; units is filled in */
    am_recompute kind;
    am_keep keep;
} policies[] = {
    {"checkpoint=none", {.inner = 1}, AM_NON_REENTRANT, AM_KEEP_NOTHING},
    {"checkpoint=full", {.inner = 1, .regions = true, .hooked = true}, AM_NON_REENTRANT, AM_KEEP_NOTHING},
    {"checkpoint=full reentrant=yes", {.inner = 1, .regions = true, .hooked = true}, AM_REENTRANT, AM_KEEP_NOTHING},
    {"checkpoint=every:2", {.inner = 2, .regions = true}, AM_NON_REENTRANT, AM_KEEP_NOTHING},
    {"checkpoint=every:3", {.inner = 3, .regions = true}, AM_NON_REENTRANT, AM_KEEP_NOTHING},
    {"checkpoint=every:4", {.inner = 4, .regions = true}, AM_NON_REENTRANT, AM_KEEP_NOTHING},
    {"checkpoint=uniform:6", {.inner = 6, .regions = true}, AM_NON_REENTRANT, AM_KEEP_NOTHING},
    {"checkpoint=every:12", {.inner = 12, .regions = true}, AM_NON_REENTRANT, AM_KEEP_NOTHING},
    {"checkpoint=save:matmuls", {.inner = 1, .regions = true, .hooked = true}, AM_NON_REENTRANT, AM_KEEP_MATMULS},
    {"checkpoint=save:half-matmuls",
     {.inner = 1, .regions = true, .hooked = true},
     AM_NON_REENTRANT,
     AM_KEEP_HALF_MATMULS},
};
enum { POLICIES = sizeof policies / sizeof *policies };

static const int depths[] = {1, 2, 3, 4, 6, 12};
enum { DEPTHS = sizeof depths / sizeof *depths };

static void play_all(const am_config *config, am_record record, am_recompute kind, am_keep keep)
{
    am_workspace *workspace = &fixture_workspace;
    int64_t value[AM_SYMBOL_COUNT];
    am_pattern pattern = am_model_pattern(config);
    for (int i = 0; i < record.units * record.inner; i++) record.kind[i] = (uint8_t)am_pattern_kind(&pattern, i);
    am_model_symbols(config, value);
    am_extents_init(&fixture_report.extents, value);
    ck_assert_int_eq(am_model_record(&workspace->tape, &fixture_report.extents, config, record), AM_OK);
    am_tape_checkpoint(&workspace->tape, kind, keep);
    ck_assert_int_eq(am_step_play(&workspace->step, &workspace->player, &workspace->tape, NULL), AM_OK);
}

START_TEST(composed_equals_played)
{
    int model = _i % MODELS, policy = _i / MODELS % POLICIES, layers = depths[_i / MODELS / POLICIES];
    am_record record = policies[policy].record;
    if (layers % record.inner) return;
    am_config config = model_of(model, layers, policies[policy].policy);
    am_status status;
    ck_assert_int_eq(am_evaluate(&fixture_report, &fixture_workspace, &config, &status), AM_OK);
    am_outcome composed = fixture_report.outcome;
    record.units = layers / record.inner;
    am_pattern pattern = am_model_pattern(&config);
    for (int i = 0; i < layers; i++) record.kind[i] = (uint8_t)am_pattern_kind(&pattern, i);
    play_all(&config, record, policies[policy].kind, policies[policy].keep);
    const am_step *played = &fixture_workspace.step;
    ck_assert_int_eq(composed.after_forward, played->after_forward);
    ck_assert_int_eq(composed.forward_peak, played->forward_peak);
    ck_assert_int_eq(composed.backward_peak, played->backward_peak);
    ck_assert_int_eq(composed.step_peak, played->step_peak);
    ck_assert_int_eq(composed.gradient_bytes, played->gradient_bytes);
    ck_assert_int_eq(composed.forward_flops, played->forward_flops);
    ck_assert_int_eq(composed.recomputed_flops, played->recomputed_flops);
}
END_TEST

/* Megatron's: regions of experts leave something for good, and layers of another kind may stand before and behind them. */
static const char *const ranks[] = {
    "family=deepseek_v3 heads=2 head_dim=24 rotary_dim=8 v_head_dim=16 q_rank=24 kv_rank=16 experts=8 experts_per_token=4 moe_ffn=48 "
    "shared_ffn=40 dense_layers=%d",
    "family=llama heads=4 kv_heads=2 activation=swiglu bias=no positions=rope norm=rmsnorm experts=4 experts_per_token=2 moe_ffn=96 "
    "shared_ffn=192 tp=2 sp=yes ep=2 dense_layers=%d",
    "heads=4 norm=layernorm activation=gelu bias=yes positions=learned dropout=0.1 dense_layers=%d",
};
static const char *const rank_policies[] = {"full",    "uniform:2", "uniform:3", "uniform:4",         "block:1",
                                            "block:3", "modules:core_attn", "modules:layernorm", "modules:moe", "modules:mlp,moe",
                                            "modules:moe,moe_act,shared_experts", "modules:moe_act,shared_experts,layernorm"};
enum { RANKS = sizeof ranks / sizeof *ranks, RANK_POLICIES = sizeof rank_policies / sizeof *rank_policies };

/* Plays the layers of a policy as they are in the model. */
static void play_policy(const am_config *config, am_policy policy)
{
    int inner = policy.kind == AM_POLICY_UNIFORM ? (int)policy.count : 1;
    am_record record = {.units = (int)config->layers / inner,
                        .inner = inner,
                        .regions = policy.kind != AM_POLICY_MODULES,
                        .modules = policy.modules};
    play_all(config, record, AM_REENTRANT, AM_KEEP_NOTHING);
    if (policy.kind != AM_POLICY_BLOCK) return;
    am_tape *tape = &fixture_workspace.tape;
    for (int i = (int)policy.count + 1; i < tape->regions; i++) am_tape_checkpoint_region(tape, i, AM_REENTRANT, AM_KEEP_EVERYTHING);
    ck_assert_int_eq(am_step_play(&fixture_workspace.step, &fixture_workspace.player, tape, NULL), AM_OK);
}

START_TEST(ranks_composed_equal_played)
{
    const char *rank = ranks[_i % RANKS], *policy = rank_policies[_i / RANKS];
    int compared = 0;
    for (int layers = 1; layers <= 8; layers++)
        for (int dense = 0; dense < (strstr(rank, "deepseek") ? 4 : 1); dense++) {
            char model[320], text[512];
            snprintf(model, sizeof model, rank, dense);
            snprintf(text, sizeof text,
                     "stack=megatron-local attention=flash hidden=64 ffn=96 vocab=64 seq=32 batch=2 layers=%d %s checkpoint=%s", layers,
                     model, policy);
            am_config config = am_default_config();
            am_status status;
            bool read = am_config_parse(&config, text, &status) == AM_OK;
            if (!read || am_evaluate(&fixture_report, &fixture_workspace, &config, &status)) continue; /* no such module, no such segments */
            am_outcome composed = fixture_report.outcome;
            play_policy(&fixture_report.config, fixture_report.policy);
            const am_step *played = &fixture_workspace.step;
            ck_assert_msg(composed.after_forward == played->after_forward && composed.forward_peak == played->forward_peak &&
                              composed.backward_peak == played->backward_peak && composed.step_peak == played->step_peak &&
                              composed.recomputed_flops == played->recomputed_flops,
                          "%s: peaks %lld, %lld and %lld, not %lld, %lld and %lld", text, (long long)composed.forward_peak,
                          (long long)composed.backward_peak, (long long)composed.step_peak, (long long)played->forward_peak,
                          (long long)played->backward_peak, (long long)played->step_peak);
            compared++;
        }
    bool lacks = (strstr(policy, "mlp") || strstr(policy, "moe")) && _i % RANKS == 2;
    ck_assert_int_eq(compared > 0, !lacks && (strcmp(policy, "modules:mlp,moe") != 0 || _i % RANKS == 0));
}
END_TEST

/* The best number of equal segments is no worse than any. */
START_TEST(best_segments)
{
    static const int layers = 12;
    am_config config = model_of(_i, layers, "checkpoint=best");
    am_status status;
    ck_assert_int_eq(am_evaluate(&fixture_report, &fixture_workspace, &config, &status), AM_OK);
    int64_t best = am_outcome_peak(&fixture_report.outcome);
    for (int segment = 1; segment <= layers; segment++) {
        char policy[32] = "checkpoint=every:";
        char *end = policy + strlen(policy);
        if (segment > 9) *end++ = '1';
        *end = (char)('0' + segment % 10);
        config = model_of(_i, layers, policy);
        ck_assert_int_eq(am_evaluate(&fixture_report, &fixture_workspace, &config, &status), AM_OK);
        ck_assert_int_le(best, am_outcome_peak(&fixture_report.outcome));
    }
}
END_TEST

/* So of reentrant regions, whose graphs are let go of otherwise: of all lengths tried the lowest. */
START_TEST(best_reentrant)
{
    am_status status;
    int64_t lowest = INT64_MAX;
    for (int segment = 1; segment <= 24; segment++) {
        char policy[48];
        snprintf(policy, sizeof policy, "checkpoint=every:%d reentrant=yes", segment);
        am_config config = model_of(0, 24, policy);
        ck_assert_int_eq(am_evaluate(&fixture_report, &fixture_workspace, &config, &status), AM_OK);
        if (am_outcome_peak(&fixture_report.outcome) < lowest) lowest = am_outcome_peak(&fixture_report.outcome);
    }
    am_config config = model_of(0, 24, "checkpoint=best reentrant=yes");
    ck_assert_int_eq(am_evaluate(&fixture_report, &fixture_workspace, &config, &status), AM_OK);
    ck_assert_int_eq(am_outcome_peak(&fixture_report.outcome), lowest);
    ck_assert(fixture_report.policy.reentrant);
}
END_TEST

/* block:N is nothing at one end and every layer at the other, and each further layer keeps less. */
START_TEST(block)
{
    am_status status;
    am_outcome none, full, before;
    am_config config = model_of(_i, 6, "checkpoint=none");
    ck_assert_int_eq(am_evaluate(&fixture_report, &fixture_workspace, &config, &status), AM_OK);
    none = before = fixture_report.outcome;
    config = model_of(_i, 6, config.trainable == AM_TRAIN_LORA ? "checkpoint=every:1" : "checkpoint=full");
    ck_assert_int_eq(am_evaluate(&fixture_report, &fixture_workspace, &config, &status), AM_OK);
    full = fixture_report.outcome;
    for (int count = 0; count <= 6; count++) {
        char policy[] = "checkpoint=block:0";
        policy[strlen(policy) - 1] = (char)('0' + count);
        config = model_of(_i, 6, policy);
        ck_assert_int_eq(am_evaluate(&fixture_report, &fixture_workspace, &config, &status), AM_OK);
        const am_outcome *outcome = &fixture_report.outcome, *end = count == 0 ? &none : count == 6 ? &full : NULL;
        if (end) ck_assert_int_eq(outcome->step_peak, end->step_peak);
        if (end) ck_assert_int_eq(outcome->after_forward, end->after_forward);
        if (count) ck_assert_int_lt(outcome->saved_bytes, before.saved_bytes);
        before = *outcome;
    }
}
END_TEST

/* A list of regions is the policy that has the same ones. */
static const struct {
    const char *listed, *other;
} lists[] = {
    {"checkpoint=regions:6x0", "checkpoint=none"},    {"checkpoint=regions:2x0,4x0", "checkpoint=none"},
    {"checkpoint=regions:6x1", "checkpoint=every:1"}, {"checkpoint=regions:1,1,4x1", "checkpoint=every:1"},
    {"checkpoint=regions:3x2", "checkpoint=every:2"}, {"checkpoint=regions:4,2", "checkpoint=every:4"},
    {"checkpoint=regions:6", "checkpoint=every:6"},   {"checkpoint=regions:2x1,4x0", "checkpoint=block:2"},
};

START_TEST(regions)
{
    am_status status;
    am_config config = model_of(_i, 6, "checkpoint=none");
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        config = model_of(_i, 6, lists[i].other);
        ck_assert_int_eq(am_evaluate(&fixture_report, &fixture_workspace, &config, &status), AM_OK);
        const am_outcome other = fixture_report.outcome;
        const int64_t saved = fixture_report.saved_bytes;
        config = model_of(_i, 6, lists[i].listed);
        ck_assert_int_eq(am_evaluate(&fixture_report, &fixture_workspace, &config, &status), AM_OK);
        ck_assert_mem_eq(&fixture_report.outcome, &other, sizeof other);
        ck_assert_int_eq(fixture_report.saved_bytes, saved);
        int64_t layers = 0;
        for (int j = 0; j < fixture_report.plan_runs.runs; j++) layers += fixture_report.plan_runs.run[j].layers;
        ck_assert_int_eq(layers, 6);
    }
}
END_TEST

/* Layers that do not divide into equal segments: the last is shorter. */
START_TEST(rest)
{
    am_status status;
    am_config config = model_of(0, 7, "checkpoint=every:3");
    ck_assert_int_eq(am_evaluate(&fixture_report, &fixture_workspace, &config, &status), AM_OK);
    ck_assert_int_eq(fixture_report.kinds, 2);
    ck_assert_int_eq(fixture_report.kind[0].count * 3 + fixture_report.kind[1].layers_each, 7);
    am_outcome seven = fixture_report.outcome;
    int64_t layer_flops = fixture_workspace.profile[AM_PROFILE_PLAIN].step.zone_flops[2];
    config = model_of(0, 6, "checkpoint=every:3");
    ck_assert_int_eq(am_evaluate(&fixture_report, &fixture_workspace, &config, &status), AM_OK);
    ck_assert_int_eq(seven.forward_flops - fixture_report.outcome.forward_flops, layer_flops);
    ck_assert_int_gt(seven.after_forward, fixture_report.outcome.after_forward);
}
END_TEST

Suite *test_plan_suite(void)
{
    Suite *suite = suite_create("plan");
    TCase *tests = tcase_create("plan");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, ranks_composed_equal_played, 0, RANKS * RANK_POLICIES);
    tcase_add_loop_test(tests, composed_equals_played, 0, MODELS * POLICIES * DEPTHS);
    tcase_add_loop_test(tests, best_segments, 0, MODELS);
    tcase_add_test(tests, best_reentrant);
    tcase_add_loop_test(tests, block, 0, MODELS);
    tcase_add_loop_test(tests, regions, 0, MODELS);
    tcase_add_test(tests, rest);
    suite_add_tcase(suite, tests);
    return suite;
}
