/* The live bytes of a plan's step in order. */
#include "plan_models.h"

static const char *const policies[] = {"checkpoint=none",    "checkpoint=full",      "checkpoint=full reentrant=yes", "checkpoint=every:2",      "checkpoint=every:3",
                                       "checkpoint=every:4", "checkpoint=uniform:6", "checkpoint=every:12",           "checkpoint=save:matmuls", "checkpoint=save:half-matmuls"};
enum { POLICIES = sizeof policies / sizeof *policies };

/* The timeline's highest points are the peaks, and its last forward point is not above them. */
START_TEST(timeline)
{
    int model = _i % MODELS, policy = _i / MODELS;
    am_config config = model_of(model, 12, policies[policy]);
    am_status status;
    ck_assert_int_eq(am_evaluate(&fixture_report, &fixture_workspace, &config, &status), AM_OK);
    int64_t forward = 0, backward = 0;
    for (int i = 0; i < fixture_report.points; i++) {
        int64_t *highest = fixture_report.point[i].phase == AM_FORWARD ? &forward : &backward;
        if (fixture_report.point[i].live > *highest) *highest = fixture_report.point[i].live;
    }
    ck_assert_int_eq(forward, fixture_report.outcome.forward_peak);
    ck_assert_int_eq(backward, fixture_report.outcome.backward_peak);
}
END_TEST

/* Where there is no room for it, the timeline is of fewer layers: its points are some of the others, in their order, from the first
 * to the last. */
START_TEST(shorter_timeline)
{
    static am_point some[AM_MAX_POINTS];
    static const struct {
        const char *policy;
        am_profile_id profile;
        int64_t inner;
    } shown[] = {{"checkpoint=none", AM_PROFILE_PLAIN, 1}, {"checkpoint=full", AM_PROFILE_LAYER, 1}, {"checkpoint=every:3", AM_PROFILE_SEGMENT, 3}};
    int which = _i / MODELS;
    am_config config = model_of(_i % MODELS, 24, shown[which].policy);
    am_status status;
    config.timeline = AM_TIMELINE_OPERATIONS;
    ck_assert_int_eq(am_evaluate(&fixture_report, &fixture_workspace, &config, &status), AM_OK);
    const am_pattern pattern = am_model_pattern(&fixture_report.config);
    const am_run run = {&fixture_workspace.profile[shown[which].profile], 24 / shown[which].inner, shown[which].inner};
    ck_assert_int_eq(am_plan_timeline(some, AM_MAX_POINTS, &pattern, 1, &run, &fixture_report.outcome), fixture_report.points);
    int count = am_plan_timeline(some, fixture_report.points - 1, &pattern, 1, &run, &fixture_report.outcome), at = 0;
    ck_assert_int_le(count, fixture_report.points - (pattern.period == 3 && run.inner == 1)); /* layers that take turns are many stretches */
    for (int i = 0; i < count; i++, at++)
        while (at < fixture_report.points && (some[i].live != fixture_report.point[at].live || some[i].layer != fixture_report.point[at].layer ||
                                              some[i].phase != fixture_report.point[at].phase || some[i].op != fixture_report.point[at].op))
            at++;
    ck_assert_int_eq(at, fixture_report.points);
    ck_assert_int_eq(am_plan_timeline(some, 1, &pattern, 1, &run, &fixture_report.outcome), count); /* what there is no room for at all is counted */
}
END_TEST

/* Of many stretches those with the peaks are shown, wherever they stand: here in the last segment but one. */
START_TEST(peaks_shown)
{
    static const char *const texts[] = {
        "model=gemma-2-9b trainable=none checkpoint=every:9 timeline=operations",
        "model=gemma-2-9b trainable=none checkpoint=every:9 timeline=modules",
        "model=llama-3-8b layers=40 seq=512 checkpoint=regions:4x1,1x9,3x1,1x6,4x1,1x8,2x1,1x3,1x1 timeline=operations",
    };
    am_config config = config_of(texts[_i]);
    am_status status;
    int64_t highest = 0;
    ck_assert_int_eq(am_evaluate(&fixture_report, &fixture_workspace, &config, &status), AM_OK);
    for (int i = 0; i < fixture_report.points; i++)
        if (fixture_report.point[i].live > highest) highest = fixture_report.point[i].live;
    ck_assert_int_eq(highest, am_outcome_peak(&fixture_report.outcome));
}
END_TEST
enum { PEAKS = 3 };

Suite *test_plan_timeline_suite(void);
Suite *test_plan_timeline_suite(void)
{
    Suite *suite = suite_create("plan_timeline");
    TCase *tests = tcase_create("plan_timeline");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, timeline, 0, MODELS * POLICIES);
    tcase_add_loop_test(tests, peaks_shown, 0, PEAKS);
    tcase_add_loop_test(tests, shorter_timeline, 0, MODELS * 3);
    suite_add_tcase(suite, tests);
    return suite;
}
