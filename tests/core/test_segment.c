/* Regions of several layers composed from plays of one layer: the same as if they had been played. */
#include <stdio.h>
#include <string.h>

#include "evaluate.h"
#include "fixture.h"

static const struct {
    const char *model;
    bool composed; /* else it would not be the same, and they are played */
} models[] = {
    {"layers=7 family=llama", true},
    {"layers=2 family=llama", true},
    {"layers=7 family=llama allocator=cuda", true},
    {"layers=7 family=llama attention=eager device=h100-sxm", true},
    {"layers=7 family=llama trainable=none", true},
    {"layers=7 family=llama trainable=lora", true},
    {"layers=7 family=qwen2 trainable=lora lora_targets=q,k,v,o,gate,up,down lora_dropout=0.1 lora_dtype=fp32", true},
    {"layers=8 family=gemma2 layer_period=2 sliding_window=8", true},
    {"layers=8 family=gemma3_text layer_period=6 sliding_window=8 trainable=lora lora_targets=down", true},
    {"layers=7 family=mixtral experts=4 experts_per_token=2 moe_ffn=96", true},
    {"layers=7 family=deepseek_v3 head_dim=24 rotary_dim=8 v_head_dim=16 q_rank=24 kv_rank=16 experts=8 experts_per_token=4 moe_ffn=48 "
     "shared_ffn=40 dense_layers=2",
     true},
    {"layers=7 family=llama dtype=fp32", false},                                      /* the norm keeps the input itself */
    {"layers=7 family=gpt2 positions=learned", false},                                /* so does any LayerNorm */
    {"layers=7 family=llama dtype=fp32 autocast=bf16", false},                        /* copies of weights last from one layer to the next */
    {"layers=7 family=llama stack=megatron-local attention=flash tp=2", false},       /* has another checkpoint */
    {"layers=2 family=gemma2 layer_period=2 sliding_window=8 trainable=lora", false}, /* no other layer like the first one */
};

enum { MODELS = sizeof models / sizeof *models, LONGEST = 8 };

static bool same_place(const am_place *x, const am_place *y)
{
    return x->phase == y->phase && x->layer == y->layer && x->op == y->op && strcmp(x->module.path, y->module.path) == 0 &&
           strcmp(x->module.leaf, y->module.leaf) == 0;
}

static void expect_same(const am_outcome *x, const am_outcome *y)
{
#define EXPECT(member) ck_assert_int_eq(x->member, y->member)
    EXPECT(saved_bytes);
    EXPECT(after_forward);
    EXPECT(forward_peak);
    EXPECT(backward_peak);
    EXPECT(step_peak);
    EXPECT(learned_peak);
    EXPECT(gradient_bytes);
    EXPECT(head_forward);
    EXPECT(head_backward);
    EXPECT(forward_flops);
    EXPECT(recomputed_flops);
    EXPECT(forward_time);
    EXPECT(backward_time);
    EXPECT(recomputed_time);
    for (int part = 0; part < AM_PART_COUNT; part++) {
        EXPECT(work[part].flops);
        EXPECT(work[part].executed);
        EXPECT(work[part].bound);
    }
    ck_assert(same_place(&x->forward_at, &y->forward_at));
    ck_assert(same_place(&x->backward_at, &y->backward_at));
    ck_assert(same_place(&x->step_at, &y->step_at));
#undef EXPECT
}

/* Of all lengths, the longest first. Returns whether those had to be recorded. */
static bool compose_all(const am_config *config, am_outcome outcome[LONGEST + 1])
{
    bool recorded = false;
    am_status status;
    const am_policy none = {.kind = AM_POLICY_NONE};
    am_evaluation evaluation = {.workspace = &fixture_workspace,
                                .config = config,
                                .policy = &none,
                                .timed = true,
                                .extents = &fixture_report.extents,
                                .pattern = am_model_pattern(config)};
    ck_assert_int_eq(am_rates_of(config, &evaluation.rates, &status), AM_OK);
    for (int64_t inner = config->layers; inner > 1; inner--) {
        am_evaluation_compose(&evaluation, (am_policy){.kind = AM_POLICY_EVERY, .count = inner}, &outcome[inner]);
        recorded |= fixture_workspace.recorded.inner > 1;
    }
    ck_assert_int_eq(evaluation.code, AM_OK);
    return recorded;
}

/* The report without checkpointing has played layers as they are, and each in a region of its own. */
START_TEST(composed_equals_played)
{
    static am_outcome composed[LONGEST + 1], played[LONGEST + 1];
    char text[512];
    am_status status;
    snprintf(text, sizeof text, "hidden=64 heads=4 ffn=96 vocab=64 seq=32 batch=2 %s", models[_i].model);
    am_config config = config_of(text);
    ck_assert_int_eq(am_evaluate(&fixture_report, &fixture_workspace, &config, &status), AM_OK);
    ck_assert_int_eq(compose_all(&config, composed), !models[_i].composed);
    fixture_workspace.played[AM_PROFILE_PLAIN] = fixture_workspace.played[AM_PROFILE_SEGMENT] = false;
    ck_assert(compose_all(&config, played));
    for (int64_t inner = 2; inner <= config.layers; inner++) expect_same(&composed[inner], &played[inner]);
}
END_TEST

Suite *test_segment_suite(void);
Suite *test_segment_suite(void)
{
    Suite *suite = suite_create("segment");
    TCase *tests = tcase_create("segment");
    tcase_add_loop_test(tests, composed_equals_played, 0, MODELS);
    suite_add_tcase(suite, tests);
    return suite;
}
