/* A pipeline's frontier: each point against the plan that its peak leads to. */
#include <stdio.h>
#include <string.h>

#include "fixture.h"
#include "rank_shapes.h"

/* Each point of a pipeline's frontier is what its peak leads to as a budget; none of the listed policies lies below. */
START_TEST(frontier)
{
    static am_frontier_report own;
    const am_report *report;
    const char *shape = _i < SHAPES ? shapes[_i] : twins[_i - SHAPES];
    char text[512], policy[48];
    am_status status;
    snprintf(text, sizeof text, "%s frontier=yes", shape);
    am_config config = config_of(text);
    ck_assert_int_eq(am_evaluate(&fixture_report, &fixture_workspace, &config, &status), AM_OK);
    own = fixture_report.frontier;
    ck_assert(own.found && own.ranks == fixture_report.config.pp && own.rows > 1);
    int measured = 0;
    for (int i = 0; i < fixture_report.plans; i++) {
        const am_plan *plan = &fixture_report.plan[i];
        if (plan->excess_bytes < 0 && plan->excess_time < 0) continue;
        ck_assert_int_ge(plan->rank_peak, own.row[0].peak_bytes);
        measured++;
    }
    ck_assert_int_ge(measured, 2);
    ck_assert_int_eq(own.row[own.rows - 1].recomputed_time, 0);
    for (int i = 1; i < own.rows; i++)
        ck_assert(own.row[i].peak_bytes > own.row[i - 1].peak_bytes && own.row[i].recomputed_time < own.row[i - 1].recomputed_time);
    for (int i = 0; i < own.rows; i += 1 + own.rows / 7) {
        const am_frontier_row *row = &own.row[i];
        snprintf(policy, sizeof policy, "budget:%ldB", (long)row->peak_bytes);
        report = evaluate(shape, policy);
        ck_assert_int_le(highest_of(report), row->peak_bytes);
        ck_assert_int_eq(report->outcome.recomputed_time, row->recomputed_time);
        ck_assert_int_eq(report->outcome.recomputed_flops, row->recomputed_flops);
        int64_t highest = 0;
        for (int j = 0; j < own.ranks; j++) highest = own.rank_peak[i][j] > highest ? own.rank_peak[i][j] : highest;
        ck_assert_int_eq(highest, row->peak_bytes);
        ck_assert_int_eq(highest_of(report), highest); /* the schedule, played on the plans, says what was searched for */
        snprintf(text, sizeof text, "%s checkpoint=budget:%ldB", shape, (long)row->peak_bytes - 1);
        config = config_of(text);
        am_code code = am_evaluate(&fixture_report, &fixture_workspace, &config, &status);
        ck_assert_msg(code == AM_OUT_OF_RANGE || am_doubted(&own.doubt) || fixture_report.outcome.recomputed_time > row->recomputed_time,
                      "%s: as long as the frontier's %ld bytes", text, (long)row->peak_bytes);
    }
}
END_TEST

/* Rows of a frontier whose searches end early rise and fall all the same, and none is better than the plan for its peak. */
START_TEST(stopped_frontier)
{
    static const bounded table[] = {
        {12, TORCH_RANKS "hidden=128 heads=4 ffn=512 vocab=4096 seq=8 batch=2 allocator=cuda layers=4 pp=2 vpp=2 micro_batches=2 schedule=interleaved"},
        {200, TORCH_RANKS "hidden=128 heads=4 ffn=32 vocab=256 seq=256 batch=2 dtype=fp32 layers=16 pp=4 vpp=4 micro_batches=12 schedule=interleaved"},
        {119, TORCH_RANKS "hidden=128 heads=8 ffn=32 vocab=17 seq=256 dtype=fp32 autocast=bf16 layers=24 pp=4 vpp=3 micro_batches=8 schedule=interleaved"},
        {705, TORCH_RANKS "hidden=128 heads=8 ffn=512 vocab=4096 seq=8 batch=3 dtype=fp32 autocast=bf16 layers=18 pp=3 vpp=3 micro_batches=24 "
                          "schedule=interleaved"},
        {5, TORCH_RANKS "hidden=128 heads=8 ffn=32 vocab=17 seq=256 dtype=fp32 autocast=bf16 layers=24 pp=3 vpp=4 micro_batches=6 schedule=interleaved"},
        {2, TORCH_RANKS "hidden=512 heads=4 ffn=32 vocab=16 seq=4 batch=2 allocator=cuda layers=6 pp=2 micro_batches=14 schedule=gpipe"},
    };
    static am_frontier_report own;
    char text[400];
    snprintf(text, sizeof text, "%s frontier=yes", table[_i].shape);
    ck_assert_int_eq(evaluate_within(table[_i].limit, text), AM_OK);
    own = fixture_report.frontier;
    ck_assert(own.found && own.rows > 0 && own.doubt.stopped > 0);
    for (int i = 1; i < own.rows; i++)
        ck_assert(own.row[i].peak_bytes > own.row[i - 1].peak_bytes && own.row[i].recomputed_time < own.row[i - 1].recomputed_time);
    for (int i = 0; i < own.rows; i += 1 + own.rows / 7) {
        char policy[48];
        snprintf(policy, sizeof policy, "budget:%ldB", (long)own.row[i].peak_bytes);
        ck_assert_int_le(evaluate(table[_i].shape, policy)->outcome.recomputed_time, own.row[i].recomputed_time);
    }
}
END_TEST

/* A frontier has the peaks of the first ranks, and a plan found for a budget is none of those that are measured by it. */
START_TEST(many_ranks)
{
    am_status status;
    am_config config = config_of("stack=torch family=llama hidden=64 heads=8 kv_heads=2 ffn=96 vocab=64 seq=32 layers=40 pp=40 micro_batches=40 "
                                 "frontier=yes checkpoint=budget:1GiB");
    ck_assert_int_eq(am_evaluate(&fixture_report, &fixture_workspace, &config, &status), AM_OK);
    const am_frontier_report *own = &fixture_report.frontier;
    ck_assert(own->found);
    ck_assert_int_eq(own->ranks, AM_MAX_FRONTIER_RANKS);
    int64_t highest = 0;
    for (int i = 0; i < own->ranks; i++) highest = own->rank_peak[0][i] > highest ? own->rank_peak[0][i] : highest;
    ck_assert_int_le(highest, own->row[0].peak_bytes);
    const am_plan *plan = &fixture_report.plan[fixture_report.plans - 1];
    ck_assert_int_eq(plan->policy.kind, AM_POLICY_BUDGET);
    ck_assert_int_eq(plan->rank_peak, -1);
    ck_assert_int_eq(plan->excess_bytes, -1);
    static char text[1 << 20];
    int measured = 0, said = 0;
    for (int i = 0; i < fixture_report.plans; i++) measured += fixture_report.plan[i].rank_peak >= 0;
    ck_assert_uint_gt(am_report_json(&fixture_report, text, sizeof text), 0);
    for (const char *at = text; (at = strstr(at, "\"worst_rank_peak_bytes\"")) != NULL; at++) said++;
    ck_assert_int_eq(said, measured);
}
END_TEST

/* Of a listed plan whose ranks would hold more than 2^53 bytes at once nothing is measured; the others are. */
START_TEST(beyond_measure)
{
    am_status status;
    am_config config = config_of("model=llama-3-8b seq=8192 stack=torch schedule=gpipe pp=2 micro_batches=1048576 frontier=yes checkpoint=full");
    ck_assert_int_eq(am_evaluate(&fixture_report, &fixture_workspace, &config, &status), AM_OK);
    for (int i = 0; i < fixture_report.plans; i++) {
        const am_plan *plan = &fixture_report.plan[i];
        if (plan->policy.kind == AM_POLICY_NONE) ck_assert(plan->rank_peak == -1 && plan->excess_bytes == -1 && plan->excess_time == -1);
        if (plan->chosen) ck_assert_int_eq(plan->rank_peak, highest_of(&fixture_report));
    }
}
END_TEST

Suite *test_rank_frontier_suite(void)
{
    Suite *suite = suite_create("rank_frontier");
    TCase *tests = tcase_create("rank_frontier");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, frontier, 0, SHAPES + TWINS);
    tcase_add_loop_test(tests, stopped_frontier, 0, 6);
    tcase_add_test(tests, many_ranks);
    tcase_add_test(tests, beyond_measure);
    suite_add_tcase(suite, tests);
    return suite;
}
