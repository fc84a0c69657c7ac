/* Sums over a plan's units against those of all layers played. */
#include "plan.h"
#include "plan_models.h"

enum { LAYERS = 12 };

START_TEST(sums)
{
    am_workspace *workspace = &fixture_workspace;
    am_config config = model_of(_i, LAYERS, "checkpoint=none");
    am_status status;
    int64_t value[AM_SYMBOL_COUNT];
    ck_assert_int_eq(am_evaluate(&fixture_report, workspace, &config, &status), AM_OK);
    const am_pattern pattern = am_model_pattern(&fixture_report.config);
    const am_run run = {&workspace->profile[AM_PROFILE_PLAIN], LAYERS, 1};
    const am_sequence model = am_sequence_of(&pattern, 1, &run);
    am_outcome outcome = {0};
    am_composer composer = {.model = &model, .outcome = &outcome};
    am_compose_sums(&composer);
    am_record record = {.units = LAYERS, .inner = 1};
    for (int i = 0; i < LAYERS; i++) record.kind[i] = (uint8_t)am_pattern_kind(&pattern, i);
    am_model_symbols(&fixture_report.config, value);
    am_extents_init(&fixture_report.extents, value);
    ck_assert_int_eq(am_model_record(&workspace->tape, &fixture_report.extents, &fixture_report.config, record), AM_OK);
    ck_assert_int_eq(am_step_play(&workspace->step, &workspace->player, &workspace->tape, NULL), AM_OK);
    const am_step *played = &workspace->step;
    int64_t flops = 0;
    for (int zone = 0; zone <= LAYERS + 1; zone++) flops += played->zone_flops[zone];
    ck_assert_int_eq(composer.end + composer.released, played->boundary[LAYERS]);
    ck_assert_int_eq(composer.gradients, played->gradients_above[0] - played->gradients_above[LAYERS]);
    ck_assert_int_eq(composer.head, played->gradients_above[LAYERS]);
    ck_assert_int_eq(outcome.after_forward, played->after_forward);
    ck_assert_int_eq(outcome.gradient_bytes, played->gradient_bytes);
    ck_assert_int_eq(outcome.forward_flops, flops);
    ck_assert_int_eq(outcome.recomputed_flops, 0);
}
END_TEST

Suite *test_plan_sums_suite(void);
Suite *test_plan_sums_suite(void)
{
    Suite *suite = suite_create("plan_sums");
    TCase *tests = tcase_create("plan_sums");
    tcase_add_loop_test(tests, sums, 0, MODELS);
    suite_add_tcase(suite, tests);
    return suite;
}
