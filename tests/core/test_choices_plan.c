/* Plans of the frontier, taken: each is what the frontier says of it. */
#include <stdio.h>

#include "evaluate.h"
#include "fixture.h"
#include "frontier_models.h"

START_TEST(lists_compared)
{
    static const am_listed nothing, lists[] = {{{{1, 0}, 0}, 0}, {{{0, 1}, 0}, 0}, {{{0, 0}, 1}, 0}, {{{0, 0}, 0}, 1}};
    for (int i = 0; i < 4; i++) {
        ck_assert(am_listed_same(&lists[i], &lists[i]) && !am_listed_same(&lists[i], &nothing));
        ck_assert_int_eq(am_keeps_any(&lists[i].kept), lists[i].modules == 0);
    }
    ck_assert(am_listed_same(&nothing, &nothing) && !am_keeps_any(&nothing.kept));
}
END_TEST

/* Each row of the frontier, asked again as a plan, is what it says. */
START_TEST(rows_composed)
{
    search_mixed(_i);
    const am_choices *choices = &fixture_workspace.choices;
    const am_frontier *frontier = &fixture_workspace.frontier;
    am_evaluation evaluation = last_evaluation();
    ck_assert_int_gt(frontier->points, 3);
    for (int i = 0; i < frontier->points; i++) {
        const am_frontier_point *point = &frontier->point[i];
        am_outcome outcome = {0};
        fixture_workspace.listeds = 0;
        ck_assert_int_eq(am_choices_take(&evaluation, point->index), AM_OK);
        am_evaluation_compose(&evaluation, (am_policy){.kind = AM_POLICY_BUDGET}, &outcome);
        ck_assert_int_eq(evaluation.code, AM_OK);
        int64_t said = choices->ends.forward + point->peak, peak = am_outcome_peak(&outcome);
        ck_assert_msg(said == peak, "%s: row %d says %ld, its plan %ld", mixed[_i], i, (long)said, (long)peak);
        ck_assert_int_eq(point->cost, outcome.recomputed_time);
    }
}
END_TEST

/* Every plan of the frontier, what experts' regions leave for good with it, is what it is composed to. */
START_TEST(points_composed)
{
    static am_frontier_report own;
    am_config config = twin_of(_i, 8, "frontier=yes");
    am_status status;
    ck_assert_msg(am_evaluate(&fixture_report, &fixture_workspace, &config, &status) == AM_OK, "%s", status.message);
    own = fixture_report.frontier;
    ck_assert_int_gt(own.rows, 3);
    for (int i = 0; i < own.rows; i += 1 + own.rows / 30) {
        char policy[48];
        snprintf(policy, sizeof policy, "checkpoint=budget:%ldB", (long)own.row[i].peak_bytes);
        config = twin_of(_i, 8, policy);
        ck_assert_msg(am_evaluate(&fixture_report, &fixture_workspace, &config, &status) == AM_OK, "%s", status.message);
        ck_assert_int_eq(am_outcome_peak(&fixture_report.outcome), own.row[i].peak_bytes);
        ck_assert_int_eq(fixture_report.outcome.recomputed_time, own.row[i].recomputed_time);
        ck_assert_int_eq(fixture_report.outcome.recomputed_flops, own.row[i].recomputed_flops);
    }
}
END_TEST

/* More first layers of their own kind than a region spans: each plan of the frontier is what it is composed to. */
START_TEST(many_first_layers)
{
    const char *const text = "family=deepseek_v3 layers=24 dense_layers=20 hidden=32 heads=2 head_dim=12 rotary_dim=4 v_head_dim=8 kv_rank=16 "
                             "ffn=200 moe_ffn=16 experts=4 experts_per_token=2 vocab=64 seq=16";
    static am_frontier_report own;
    char with[320];
    am_status status;
    snprintf(with, sizeof with, "%s frontier=yes", text);
    am_config config = config_of(with);
    ck_assert_msg(am_evaluate(&fixture_report, &fixture_workspace, &config, &status) == AM_OK, "%s", status.message);
    own = fixture_report.frontier;
    ck_assert_int_gt(own.rows, 3);
    for (int i = 0; i < own.rows; i += 1 + own.rows / 10) {
        snprintf(with, sizeof with, "%s checkpoint=budget:%ldB", text, (long)own.row[i].peak_bytes);
        config = config_of(with);
        ck_assert_msg(am_evaluate(&fixture_report, &fixture_workspace, &config, &status) == AM_OK, "%s", status.message);
        ck_assert_int_eq(am_outcome_peak(&fixture_report.outcome), own.row[i].peak_bytes);
        ck_assert_int_eq(fixture_report.outcome.recomputed_time, own.row[i].recomputed_time);
    }
}
END_TEST

/* Lists of what is kept have so many places; one that is there already takes none. */
START_TEST(lists)
{
    search(0, 6);
    am_workspace *workspace = &fixture_workspace;
    const am_frontier *frontier = &workspace->frontier;
    am_evaluation evaluation = last_evaluation();
    int most = 0;
    for (int i = 0; i < frontier->points; i++) {
        workspace->listeds = 0;
        ck_assert_int_eq(am_choices_take(&evaluation, frontier->point[i].index), AM_OK);
        if (workspace->listeds <= most) continue;
        most = workspace->listeds;
        ck_assert_int_eq(am_choices_take(&evaluation, frontier->point[i].index), AM_OK);
        ck_assert_int_eq(workspace->listeds, most);
        for (int taken = AM_MAX_LISTED - most; taken <= AM_MAX_LISTED - most + 1; taken++) {
            workspace->listeds = taken;
            for (int k = 0; k < taken; k++) workspace->listed[k] = (am_listed){.modules = UINT8_MAX};
            ck_assert_int_eq(am_choices_take(&evaluation, frontier->point[i].index), taken + most > AM_MAX_LISTED ? AM_CAPACITY : AM_OK);
            evaluation.code = AM_OK;
        }
    }
    ck_assert_int_gt(most, 0);
}
END_TEST

Suite *test_choices_plan_suite(void)
{
    Suite *suite = suite_create("choices_plan");
    TCase *tests = tcase_create("choices_plan");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, lists_compared);
    tcase_add_loop_test(tests, rows_composed, 0, MIXED);
    tcase_add_loop_test(tests, points_composed, 0, TWINS);
    tcase_add_test(tests, many_first_layers);
    tcase_add_test(tests, lists);
    suite_add_tcase(suite, tests);
    return suite;
}
