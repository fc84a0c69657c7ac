/* A walk comes by every layer of a model once, each shown by a played one of its kind. */
#include "plan_models.h"
#include "plan_walk.h"

static const struct {
    const char *policy;
    am_profile_id profile;
    int64_t inner;
} walks[] = {{"checkpoint=none", AM_PROFILE_PLAIN, 1}, {"checkpoint=every:3", AM_PROFILE_SEGMENT, 3}, {"checkpoint=every:12", AM_PROFILE_SEGMENT, 12}};
enum { LAYERS = 24 };

START_TEST(every_layer_once)
{
    int which = _i / MODELS;
    am_config config = model_of(_i % MODELS, LAYERS, walks[which].policy);
    am_status status;
    ck_assert_int_eq(am_evaluate(&fixture_report, &fixture_workspace, &config, &status), AM_OK);
    const am_pattern pattern = am_model_pattern(&fixture_report.config);
    const am_profile *profile = &fixture_workspace.profile[walks[which].profile];
    const am_run run = {profile, LAYERS / walks[which].inner, walks[which].inner};
    const am_sequence model = am_sequence_of(&pattern, 1, &run);
    int64_t next = 0;
    ck_assert_int_eq(model.last, LAYERS - 1);
    for (am_walk walk = {.model = &model}; am_walk_on(&walk);) {
        ck_assert_int_eq(walk.start, next);
        int64_t layer = walk.start;
        for (am_climb climb = am_climb_of(walk.start, 0); am_climb_on(&walk, &climb);) {
            ck_assert_int_eq(climb.layer, layer);
            for (int64_t i = 0; i < climb.n; i++)
                ck_assert_int_eq(profile->record.kind[climb.zone - 1], am_pattern_kind(&pattern, layer + i));
            layer += climb.n;
        }
        ck_assert_int_eq(layer, walk.start + walk.inner); /* of one unit, and so are the others of the stretch */
        for (int64_t i = 0; i < walk.count * walk.inner; i++)
            ck_assert_int_eq(am_pattern_kind(&pattern, walk.start + i), am_pattern_kind(&pattern, walk.start + i % walk.inner));
        ck_assert_int_eq(am_walk_unit(&walk), am_unit_of(profile, am_first_zone(profile, am_walk_unit(&walk))));
        next += walk.count * walk.inner;
    }
    ck_assert_int_eq(next, LAYERS);
}
END_TEST

Suite *test_plan_walk_suite(void);
Suite *test_plan_walk_suite(void)
{
    Suite *suite = suite_create("plan_walk");
    TCase *tests = tcase_create("plan_walk");
    tcase_add_loop_test(tests, every_layer_once, 0, MODELS * (int)(sizeof walks / sizeof *walks));
    suite_add_tcase(suite, tests);
    return suite;
}
