/* Which plans stand beside the chosen policy, by stack and model: each once, the chosen one marked. */
#include <stdio.h>
#include <string.h>

#include "fixture.h"

#define MODEL "layers=8 hidden=64 heads=4 ffn=96 vocab=64 seq=16 "
#define USUAL                                                                                                               \
    "no checkpointing,save matrix products,save every second product,first layers only,every layer,every layer, reentrant," \
    "segments of layers,segments of layers,√L segments,best equal segments,Revolve,every layer, inputs on the host"

static const struct {
    const char *text, *labels, *chosen;
} lists[] = {
    {MODEL "checkpoint=none", USUAL, "no checkpointing"},
    {MODEL "checkpoint=every:2", USUAL, "segments of layers"},
    {MODEL "checkpoint=every:3", USUAL ",segments of layers", "segments of layers"},
    {MODEL "zero=3 dp=2",
     "no checkpointing,save matrix products,save every second product,first layers only,every layer",
     "no checkpointing"},
    {"layers=1 hidden=64 heads=4 ffn=96 vocab=64 seq=16",
     "no checkpointing,save matrix products,save every second product,every layer,every layer, reentrant,√L segments,"
     "best equal segments,every layer, inputs on the host",
     "no checkpointing"},
    {MODEL "stack=megatron-local activation=swiglu bias=no",
     "no checkpointing,core attention,first layers only,every layer,uniform", "no checkpointing"},
    {MODEL "stack=megatron checkpoint=full", "no checkpointing,first layers only,every layer,uniform", "every layer"},
    {"stack=paper attention=eager family=gpt2 activation=gelu " MODEL, "no checkpointing,core attention,every layer",
     "no checkpointing"},
};

START_TEST(plans_are_listed)
{
    char labels[1024] = "";
    am_status status;
    am_config config = config_of(lists[_i].text);
    ck_assert_msg(am_evaluate(&fixture_report, &fixture_workspace, &config, &status) == AM_OK, "%s: %s", lists[_i].text,
                  status.message);
    const char *chosen = NULL;
    for (int i = 0; i < fixture_report.plans; i++) {
        const am_plan *plan = &fixture_report.plan[i];
        if (i > 0) strcat(labels, ",");
        strcat(labels, plan->label);
        if (!plan->chosen) continue;
        ck_assert_ptr_null(chosen);
        chosen = plan->label;
        ck_assert_int_eq(plan->outcome.step_peak, fixture_report.outcome.step_peak);
    }
    ck_assert_str_eq(labels, lists[_i].labels);
    ck_assert_str_eq(chosen, lists[_i].chosen);
}
END_TEST

/* Every stack with every way to divide a model that it has. */
#define LLAMA "family=llama " MODEL
#define OWN   MODEL "activation=swiglu bias=no positions=rope norm=rmsnorm family=llama "
#define MOE   "model=mixtral-8x7b layers=4 seq=64 "
static const char *const divided[] = {
    MODEL,
    MODEL "trainable=lora",
    MODEL "zero=3 dp=2",
    MODEL "attention=eager",
    "model=llama-3-8b stack=liger layers=4 seq=64",
    "model=llama-3-8b stack=liger layers=4 seq=64 zero=3 dp=2",
    "model=gpt2 stack=nanogpt layers=4 seq=64",
    MOE,
    MOE "zero=3 dp=2",
    LLAMA "stack=torch",
    LLAMA "stack=torch tp=2",
    LLAMA "stack=torch tp=2 sp=yes",
    LLAMA "stack=torch cp=2",
    LLAMA "stack=torch tp=2 sp=yes cp=2",
    LLAMA "stack=torch zero=1 dp=2",
    LLAMA "stack=torch zero=3 dp=2",
    LLAMA "stack=torch zero=3 dp=2 tp=2",
    LLAMA "stack=torch zero=3 dp=2 cp=2",
    LLAMA "stack=torch pp=2",
    LLAMA "stack=torch pp=2 schedule=gpipe",
    LLAMA "stack=torch pp=2 vpp=2",
    LLAMA "stack=torch pp=2 stage_layers=5,3",
    LLAMA "stack=torch pp=2 vpp=2 schedule=zbv",
    LLAMA "stack=torch pp=2 vpp=2 schedule=dualpipev",
    OWN "stack=megatron",
    OWN "stack=megatron tp=2",
    OWN "stack=megatron tp=2 sp=yes cp=2 zero=1 dp=2",
    OWN "stack=megatron pp=2 stage_layers=5,3",
    OWN "stack=megatron pp=2 vpp=2",
    OWN "stack=megatron-local tp=2 sp=yes",
    OWN "stack=megatron-local pp=4",
    MOE "stack=megatron",
    MOE "stack=megatron tp=2 sp=yes ep=2 dp=2",
    MOE "stack=megatron-local pp=2 ep=2 dp=2",
    "stack=paper attention=eager family=gpt2 activation=gelu " MODEL,
    "stack=paper attention=eager family=gpt2 activation=gelu tp=2 sp=yes " MODEL,
    "stack=paper attention=eager family=gpt2 activation=gelu pp=2 tp=2 " MODEL,
};

/* A listed plan, asked for, is no refusal, and what the list says of it. */
START_TEST(listed_is_covered)
{
    static am_plan plan[AM_MAX_PLANS];
    am_status status;
    char text[512], policy[64];
    am_config config = config_of(divided[_i]);
    ck_assert_msg(am_evaluate(&fixture_report, &fixture_workspace, &config, &status) == AM_OK, "%s: %s", divided[_i], status.message);
    int plans = fixture_report.plans;
    ck_assert_int_ge(plans, 1);
    memcpy(plan, fixture_report.plan, sizeof plan);
    for (int i = 0; i < plans; i++) {
        const am_outcome *listed = &plan[i].outcome, *own = &fixture_report.outcome;
        snprintf(text, sizeof text, "%s checkpoint=%s reentrant=%s", divided[_i], am_policy_text(plan[i].policy, policy, sizeof policy),
                 plan[i].policy.reentrant ? "yes" : "no");
        am_code code = am_config_parse(&config, text, &status);
        if (!code) code = am_evaluate(&fixture_report, &fixture_workspace, &config, &status);
        ck_assert_msg(code == AM_OK, "%s: %s", text, status.message);
        ck_assert_msg(listed->saved_bytes == own->saved_bytes, "%s keeps %ld, not %ld", text, (long)own->saved_bytes, (long)listed->saved_bytes);
        ck_assert_msg(am_outcome_peak(listed) == am_outcome_peak(own), "%s peaks at %ld, not %ld", text, (long)am_outcome_peak(own),
                      (long)am_outcome_peak(listed));
        ck_assert_int_eq(listed->step_peak, own->step_peak);
        ck_assert_int_eq(listed->recomputed_time, own->recomputed_time);
        for (int part = 0; part < AM_PART_COUNT; part++)
            ck_assert_msg(listed->work[part].flops == own->work[part].flops, "%s: %ld FLOPs of part %d, not %ld", text,
                          (long)own->work[part].flops, part, (long)listed->work[part].flops);
    }
}
END_TEST

Suite *test_plan_list_suite(void);
Suite *test_plan_list_suite(void)
{
    Suite *suite = suite_create("plan_list");
    TCase *tests = tcase_create("plan_list");
    tcase_add_loop_test(tests, plans_are_listed, 0, (int)(sizeof lists / sizeof *lists));
    tcase_add_loop_test(tests, listed_is_covered, 0, (int)(sizeof divided / sizeof *divided));
    suite_add_tcase(suite, tests);
    return suite;
}
