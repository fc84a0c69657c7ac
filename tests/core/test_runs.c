/* A policy as runs of units: how many of which length, and what is one run with what stands before it. */
#include <stdio.h>

#include "evaluate.h"
#include "fixture.h"

static am_evaluation evaluation_of(const am_config *config, const am_policy *policy)
{
    return (am_evaluation){
        .workspace = &fixture_workspace, .config = config, .policy = policy, .pattern = am_model_pattern(config)};
}

static const struct {
    const char *text;
    int runs;
    am_part_plan part[2];
} divided[] = {
    {"checkpoint=none", 1, {{AM_PROFILE_PLAIN, 10, 1}}},
    {"checkpoint=full", 1, {{AM_PROFILE_LAYER, 10, 1}}},
    {"checkpoint=full reentrant=yes", 1, {{AM_PROFILE_LAYER_REENTRANT, 10, 1}}},
    {"checkpoint=every:5", 1, {{AM_PROFILE_SEGMENT, 2, 5}}},
    {"checkpoint=every:4", 2, {{AM_PROFILE_SEGMENT, 2, 4}, {AM_PROFILE_SEGMENT, 1, 2}}},
    {"checkpoint=every:9", 2, {{AM_PROFILE_SEGMENT, 1, 9}, {AM_PROFILE_LAYER, 1, 1}}},
    {"checkpoint=every:9 trainable=lora", 2, {{AM_PROFILE_SEGMENT, 1, 9}, {AM_PROFILE_LAYER_BY_HAND, 1, 1}}},
    {"checkpoint=every:1", 1, {{AM_PROFILE_LAYER, 10, 1}}},
    {"checkpoint=block:3", 2, {{AM_PROFILE_LAYER, 3, 1}, {AM_PROFILE_PLAIN, 7, 1}}},
    {"checkpoint=block:10", 1, {{AM_PROFILE_LAYER, 10, 1}}},
    {"checkpoint=save:matmuls", 1, {{AM_PROFILE_SAVE_MATMULS, 10, 1}}},
    {"checkpoint=memory-budget:1", 1, {{AM_PROFILE_PLAIN, 10, 1}}},
};

START_TEST(policies_divide_the_layers)
{
    char text[256];
    am_policy policy;
    am_status status = {0};
    am_part_plan part[AM_MAX_RUNS];
    snprintf(text, sizeof text, "layers=10 hidden=64 heads=4 ffn=96 vocab=64 seq=16 %s", divided[_i].text);
    am_config config = config_of(text);
    ck_assert_int_eq(am_config_resolve(&config, &status), AM_OK);
    ck_assert_int_eq(am_policy_parse(&policy, &config, &status), AM_OK);
    const am_evaluation evaluation = evaluation_of(&config, &policy);
    int runs = am_evaluation_parts(&evaluation, policy, part);
    ck_assert_int_eq(runs, divided[_i].runs);
    for (int i = 0; i < runs; i++) {
        const am_part_plan *wanted = &divided[_i].part[i];
        ck_assert_msg(part[i].id == wanted->id && part[i].units == wanted->units && part[i].inner == wanted->inner,
                      "%s: run %d is %d, %lld of %lld", divided[_i].text, i, part[i].id, (long long)part[i].units,
                      (long long)part[i].inner);
    }
}
END_TEST

/* Neighbours that look alike are one run. */
START_TEST(alike_runs_are_one)
{
    am_part_plan part[4];
    int count = 0;
    const am_part_plan given[] = {
        {AM_PROFILE_LAYER, 2, 1}, {AM_PROFILE_LAYER, 3, 1}, {AM_PROFILE_SEGMENT, 1, 2}, {AM_PROFILE_SEGMENT, 1, 3}};
    for (size_t i = 0; i < sizeof given / sizeof *given; i++) count = am_part_append(part, count, given[i]);
    ck_assert_int_eq(count, 3);
    ck_assert_int_eq(part[0].units, 5);
    ck_assert_int_eq(part[2].inner, 3);
}
END_TEST

Suite *test_runs_suite(void);
Suite *test_runs_suite(void)
{
    Suite *suite = suite_create("runs");
    TCase *tests = tcase_create("runs");
    tcase_add_loop_test(tests, policies_divide_the_layers, 0, (int)(sizeof divided / sizeof *divided));
    tcase_add_test(tests, alike_runs_are_one);
    suite_add_tcase(suite, tests);
    return suite;
}
