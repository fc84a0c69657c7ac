/* The report's JSON of the step and of checkpointing: peaks and where they stand, the timeline, plans. */
#include "report.h"

#include "documents.h"
#include "fake_report.h"

START_TEST(step)
{
    const am_report *report = fake_report();
    expect_document(am_report_json(report, json, sizeof json));
    expect("\"forward_peak_at\":{\"phase\":\"forward\",\"layer\":null,\"module\":\"\",\"component\":\"loss\",\"op\":"
           "\"log_softmax\"}");
    expect("\"peak_at\":{\"phase\":\"recompute\",\"layer\":31,\"module\":\"mlp.act_fn\",\"component\":\"mlp\",\"op\":"
           "\"silu\"}");
    expect("\"gradient_bytes\":0,\"head\":{\"loss\":\"hf\",\"saved_bytes\":1050689536,\"forward_bytes\":3000,\"backward_bytes\":5000},");
    expect("\"timeline\":[[0,-1,0,0,100],[0,7,1,0,101],[0,-1,2,0,102],[3,-1,2,0,103],[3,7,1,0,104],[3,-1,0,0,105]],"
           "\"timeline_modules\":[\"embed_tokens\",\"mlp\",\"lm_head\"],\"timeline_ops\":[\"mm\"]");
}
END_TEST

/* Operations of one name share an entry; more modules than the list holds do not break the document. */
START_TEST(long_timeline)
{
    static char paths[300][8];
    const am_report *report = fake_report();
    for (int i = 0; i < 300; i++) {
        paths[i][0] = (char)('a' + i / 26);
        paths[i][1] = (char)('a' + i % 26);
        fake.point[i] = (am_point){AM_FORWARD, 0, {paths[i], "", AM_C_MLP}, i % 2 ? AM_OP_MUL : AM_OP_MUL_SCALAR, i};
    }
    fake.points = 300;
    expect_document(am_report_json(report, json, sizeof json));
    expect("\"timeline_ops\":[\"mul\"]");
}
END_TEST

START_TEST(pareto)
{
    const am_report *report = fake_report();
    ck_assert(am_plan_is_pareto(report, 0));
    ck_assert(am_plan_is_pareto(report, 1));
    ck_assert(!am_plan_is_pareto(report, 2));
    fake.plan[2].outcome = fake.plan[1].outcome; /* as good is not better */
    ck_assert(am_plan_is_pareto(report, 1));
    ck_assert(am_plan_is_pareto(report, 2));
    fake.plan[2].outcome.recomputed_flops--;
    ck_assert(!am_plan_is_pareto(report, 1));
}
END_TEST

START_TEST(checkpoint)
{
    expect_document(am_report_json(fake_report(), json, sizeof json));
    expect("\"checkpoint\":{\"policy\":\"none\",\"reentrant\":false,\"forward_flops\":4000,\"recomputed_flops\":0,"
           "\"plans\":[");
    expect(
        "{\"policy\":\"full\",\"reentrant\":false,\"label\":\"every layer\",\"note\":\"keeps inputs\",\"chosen\":false,"
        "\"pareto\":true,\"saved_bytes\":100,");
    expect("\"recompute_ratio\":0.2708,\"recomputed_time_us\":0,\"step_time_us\":0}");
    expect("{\"policy\":\"every:4\",\"reentrant\":true,");
}
END_TEST

Suite *test_report_step_suite(void);
Suite *test_report_step_suite(void)
{
    Suite *suite = suite_create("report_step");
    TCase *tests = tcase_create("report_step");
    tcase_add_test(tests, step);
    tcase_add_test(tests, long_timeline);
    tcase_add_test(tests, pareto);
    tcase_add_test(tests, checkpoint);
    suite_add_tcase(suite, tests);
    return suite;
}
