/* The plans of a pipeline's stages: as they are listed, and how many there may be. */
#include <stdio.h>
#include <string.h>

#include "evaluate.h"
#include "fixture.h"
#include "rank_draws.h"
#include "rank_shapes.h"

/* Plans stand in order of cost, of equal costs those that keep less first; none is lost. */
START_TEST(sorted)
{
    enum { MOST = 40 };
    am_stage_plan plan[MOST];
    state = 1;
    for (int count = 0; count <= MOST; count++) {
        bool seen[MOST] = {false};
        for (int i = 0; i < count; i++) plan[i] = (am_stage_plan){.cost = draw(9), .kept = draw(9), .index = i};
        am_stage_plans_sort(plan, count);
        for (int i = 0; i < count; i++) {
            ck_assert(!seen[plan[i].index]);
            seen[plan[i].index] = true;
            if (i > 0) ck_assert(plan[i].cost > plan[i - 1].cost || (plan[i].cost == plan[i - 1].cost && plan[i].kept >= plan[i - 1].kept));
        }
    }
}
END_TEST

/* Each kind of stage has plans, one of which runs nothing again; what regions leave for good makes a peak no lower, and takes its place
 * and gives it back. */
START_TEST(listed)
{
    evaluate(twins[_i], "budget:1GiB");
    am_rank_plans *plans = &fixture_workspace.rank_plans;
    ck_assert_int_gt(plans->kinds, 0);
    for (int kind = 0; kind < plans->kinds; kind++) {
        ck_assert_int_lt(plans->first[kind], plans->first[kind + 1]);
        ck_assert_int_eq(plans->plan[plans->first[kind]].cost, 0);
    }
    ck_assert_int_eq(plans->first[plans->kinds], plans->plans);
    for (int i = 0; i < plans->plans; i++) {
        const am_stage_plan own = plans->plan[i];
        ck_assert_int_le(own.bare, own.peak);
        ck_assert_int_lt(own.kept, own.peak);
    }
    const am_stage_plan last = plans->plan[plans->plans - 1];
    am_stage_plans_swap(plans);
    ck_assert(plans->plan[plans->plans - 1].peak == last.bare && plans->plan[plans->plans - 1].bare == last.peak);
    am_stage_plans_swap(plans);
    ck_assert_mem_eq(&plans->plan[plans->plans - 1], &last, sizeof last);
}
END_TEST

/* Stages of 32 lengths, each with thousands of plans: all together more than there is room for. */
START_TEST(too_many_plans)
{
    am_status status;
    am_config config = config_of(TORCH_RANKS "hidden=768 heads=12 kv_heads=4 ffn=3001 vocab=50304 seq=1021 device=mine device_memory=80GiB "
                                             "device_gflops=1000 device_bandwidth=200000 layers=720 pp=32 micro_batches=32 stage_layers=7,8,9,10,11,12,13,"
                                             "14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31,32,33,34,35,36,37,38 checkpoint=budget:100GiB");
    ck_assert_int_eq(am_evaluate(&fixture_report, &fixture_workspace, &config, &status), AM_CAPACITY);
    ck_assert_str_eq(status.field, "checkpoint");
    ck_assert_ptr_nonnull(strstr(status.message, "another policy by name"));
}
END_TEST

Suite *test_stage_plans_suite(void)
{
    Suite *suite = suite_create("stage_plans");
    TCase *tests = tcase_create("stage_plans");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, sorted);
    tcase_add_loop_test(tests, listed, 0, TWINS);
    tcase_add_test(tests, too_many_plans);
    suite_add_tcase(suite, tests);
    return suite;
}
