/* reversal.c: schedules that are policies of their own, played action by action, equal these policies as plan.c composes
 * them. */
#include "reversal.h"

#include <stdio.h>

#include "fixture.h"

static const char *const models[] = {
    "family=llama hidden=32 heads=4 kv_heads=2 ffn=48 vocab=64 seq=16 batch=2",
    "family=llama hidden=64 heads=4 kv_heads=2 ffn=256 vocab=64 seq=16 batch=2 dtype=fp32",
    "family=llama hidden=32 heads=4 kv_heads=2 ffn=48 vocab=64 seq=16 attention=eager tie_word_embeddings=yes",
    "family=llama hidden=32 heads=4 kv_heads=2 ffn=48 vocab=64 seq=16 dtype=fp32 autocast=bf16",
    "family=mistral hidden=32 heads=4 kv_heads=2 ffn=48 vocab=64 seq=16 sliding_window=8 batch=2",
    "family=gemma2 hidden=32 heads=4 kv_heads=2 ffn=48 vocab=64 seq=16 batch=2 sliding_window=4 layer_period=2",
    "family=gemma3_text hidden=32 heads=4 ffn=24 vocab=640 seq=16 batch=2 attention=eager layer_period=3",
    "family=gpt2 hidden=32 heads=4 vocab=64 seq=16 dropout=0.1",
    "family=gpt2 hidden=32 heads=4 vocab=64 seq=16 attention=eager",
    "family=gpt_neox hidden=32 heads=4 vocab=64 seq=16 attention=eager",
    "family=opt hidden=32 heads=4 vocab=64 seq=16",
    "family=opt pre_norm=no embedding_dim=16 hidden=32 heads=4 vocab=64 seq=16",
    "stack=torch family=llama hidden=32 heads=4 kv_heads=2 ffn=48 vocab=64 seq=16",
    "stack=nanogpt family=gpt2 hidden=32 heads=4 vocab=64 seq=16 dropout=0.1",
    "stack=liger family=llama hidden=32 heads=4 kv_heads=2 ffn=48 vocab=64 seq=16",
    "family=llama hidden=32 heads=4 ffn=48 vocab=64 seq=16 trainable=none",
    "family=llama hidden=32 heads=4 ffn=48 vocab=64 seq=16 trainable=lora lora_targets=v,down lora_dropout=0.1",
    "family=llama hidden=32 heads=4 ffn=48 vocab=64 seq=16 allocator=cuda",
};
enum { MODELS = sizeof models / sizeof *models, LAYERS = 12 };

static am_reversal chain;
static am_schedule schedule;
static am_outcome played;
static am_config config;

static void evaluate(const char *model, const char *policy)
{
    char text[512];
    am_status status;
    snprintf(text, sizeof text, "%s layers=%d %s", model, LAYERS, policy);
    config = config_of(text);
    ck_assert_msg(am_evaluate(&fixture_report, &fixture_workspace, &config, &status) == AM_OK, "%s: %s", text,
                  status.message);
}

/* From the profiles that the evaluation's plans are composed of. */
static void read_chain(void)
{
    am_workspace *workspace = &fixture_workspace;
    bool adapters = config.trainable == AM_TRAIN_LORA;
    const am_profile *plain = &workspace->profile[AM_PROFILE_PLAIN];
    const am_profile *layer = &workspace->profile[adapters ? AM_PROFILE_LAYER_BY_HAND : AM_PROFILE_LAYER];
    am_pattern pattern = am_model_pattern(&config);
    ck_assert_int_eq(am_model_record(&workspace->tape, &fixture_report.extents, &config, plain->record), AM_OK);
    ck_assert_int_eq(am_reversal_read(&chain, &workspace->tape, &pattern, plain, layer, LAYERS, true), AM_OK);
}

static void expect(const char *model, const char *policy, const char *what, int64_t got, int64_t wanted)
{
    ck_assert_msg(got == wanted, "%s %s: %s is %lld, composed %lld", model, policy, what, (long long)got,
                  (long long)wanted);
}

static void compare(const char *model, const char *policy)
{
    const am_outcome *composed = &fixture_report.outcome;
    expect(model, policy, "saved", played.saved_bytes, composed->saved_bytes);
    expect(model, policy, "after the forward", played.after_forward, composed->after_forward);
    expect(model, policy, "forward peak", played.forward_peak, composed->forward_peak);
    expect(model, policy, "backward peak", played.backward_peak, composed->backward_peak);
    expect(model, policy, "step peak", played.step_peak, composed->step_peak);
    expect(model, policy, "gradients", played.gradient_bytes, composed->gradient_bytes);
    expect(model, policy, "forward FLOPs", played.forward_flops, composed->forward_flops);
    expect(model, policy, "recomputed time", played.recomputed_time, composed->recomputed_time);
    expect(model, policy, "recomputed and executed", played.work[AM_IN_RECOMPUTE].executed,
           composed->work[AM_IN_RECOMPUTE].executed);
    expect(model, policy, "recomputed FLOPs", played.recomputed_flops, composed->recomputed_flops);
}

static void act(am_action_kind kind, int first, int end)
{
    am_schedule_add(&schedule, kind, first, end);
}

/* Segments of `each` layers up to `behind`, the others taken at once. */
static void segments(int each, int behind)
{
    schedule.count = 0;
    for (int i = 0; i < behind; i += each) {
        act(AM_STORE, i, i);
        act(AM_ADVANCE, i, i + each);
    }
    for (int i = behind; i < LAYERS; i++) act(AM_TAKE, i, i + 1);
    act(AM_TAKE, LAYERS, LAYERS + 1);
    act(AM_BACK, LAYERS, LAYERS + 1);
    for (int i = LAYERS - 1; i >= behind; i--) act(AM_BACK, i, i + 1);
    for (int i = behind - each; i >= 0; i -= each) {
        for (int j = i; j < i + each; j++) act(AM_TAKE, j, j + 1);
        for (int j = i + each - 1; j >= i; j--) act(AM_BACK, j, j + 1);
    }
}

static void play(void)
{
    am_reversal_play(&chain, &schedule, &played, NULL, NULL, 0);
}

START_TEST(policies)
{
    static const struct {
        const char *policy;
        int each, behind;
    } cases[] = {{"checkpoint=none", 1, 0},
                 {"checkpoint=block:5", 1, 5},
                 {"checkpoint=block:12", 1, LAYERS},
                 {"checkpoint=every:2", 2, LAYERS},
                 {"checkpoint=every:4", 4, LAYERS},
                 {"checkpoint=every:12", 12, LAYERS}};
    const char *model = models[_i];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        evaluate(model, cases[i].policy);
        if (i == 0) read_chain();
        segments(cases[i].each, cases[i].behind);
        play();
        compare(model, cases[i].policy);
    }
}
END_TEST

Suite *test_reversal_suite(void)
{
    Suite *suite = suite_create("reversal");
    TCase *tests = tcase_create("reversal");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, policies, 0, MODELS);
    suite_add_tcase(suite, tests);
    return suite;
}
