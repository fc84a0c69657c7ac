/* Which plans stand beside the chosen policy, by stack and model: each once, the chosen one marked. */
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

Suite *test_plan_list_suite(void);
Suite *test_plan_list_suite(void)
{
    Suite *suite = suite_create("plan_list");
    TCase *tests = tcase_create("plan_list");
    tcase_add_loop_test(tests, plans_are_listed, 0, (int)(sizeof lists / sizeof *lists));
    suite_add_tcase(suite, tests);
    return suite;
}
