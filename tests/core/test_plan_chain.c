/* Layers as the links of a chain: what they leave adds up, and the highest of their moments is the plan's peak. */
#include "plan_models.h"

enum { LAYERS = 12 };

static int64_t bytes_of(const am_given *given, uint64_t set)
{
    int64_t bytes = 0;
    for (int i = 0; i < 64; i++)
        if (set >> i & 1) bytes += given->bytes[i];
    return bytes;
}

static void raise_to(int64_t *highest, int64_t bytes)
{
    if (bytes > *highest) *highest = bytes;
}

START_TEST(links)
{
    am_config config = model_of(_i, LAYERS, "checkpoint=none");
    am_status status;
    ck_assert_int_eq(am_evaluate(&fixture_report, &fixture_workspace, &config, &status), AM_OK);
    const am_pattern pattern = am_model_pattern(&fixture_report.config);
    const am_profile *profile = &fixture_workspace.profile[AM_PROFILE_PLAIN];
    const am_plan_ends ends = am_plan_ends_of(profile);
    int64_t before = 0, highest = ends.before, carried = 0;
    uint64_t held = profile->given.stays;
    for (int layer = 0; layer < LAYERS; layer++) {
        am_plan_unit unit;
        am_plan_link(&unit, &pattern, profile, LAYERS, layer, 1);
        held |= unit.given;
        raise_to(&highest, ends.forward + before + carried + unit.forward);
        raise_to(&highest, ends.backward + before + bytes_of(&profile->given, held) + unit.backward);
        before += unit.residue;
        carried = unit.carried;
    }
    raise_to(&highest, ends.forward + before + bytes_of(&profile->given, held) + ends.after);
    raise_to(&highest, ends.forward + before + carried + bytes_of(&profile->given, held & ~profile->given.framed) + ends.framed);
    ck_assert_int_eq(highest, am_outcome_peak(&fixture_report.outcome));
    ck_assert_int_eq(before + bytes_of(&profile->given, held) + ends.kept, fixture_report.outcome.after_forward);
}
END_TEST

Suite *test_plan_chain_suite(void);
Suite *test_plan_chain_suite(void)
{
    Suite *suite = suite_create("plan_chain");
    TCase *tests = tcase_create("plan_chain");
    tcase_add_loop_test(tests, links, 0, MODELS);
    suite_add_tcase(suite, tests);
    return suite;
}
