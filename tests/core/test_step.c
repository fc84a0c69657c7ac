/* The order of events: each measured sequence of allocations, size by size and live total by live total; and the whole
 * step of records that hold every layer, against the measured peaks of small models. */
#include "fixture.h"

static json sequences;
static am_allocation events[8192];

/* Every layer, in regions if the policy checkpoints. */
static am_record record_of(const am_config *config, am_policy policy)
{
    bool regions = policy.kind != AM_POLICY_NONE;
    return (am_record){.units = (int)config->layers, .inner = 1, .regions = regions, .hooked = regions};
}

static void checkpoint(am_tape *tape, am_policy policy)
{
    static const am_keep keep[] = {[AM_POLICY_NONE] = AM_KEEP_EVERYTHING,
                                   [AM_POLICY_FULL] = AM_KEEP_NOTHING,
                                   [AM_POLICY_SAVE_MATMULS] = AM_KEEP_MATMULS,
                                   [AM_POLICY_SAVE_HALF_MATMULS] = AM_KEEP_HALF_MATMULS};
    am_tape_checkpoint(tape, policy.reentrant ? AM_REENTRANT : AM_NON_REENTRANT, keep[policy.kind]);
}

typedef struct cursor {
    const char *name;
    int index;
} cursor;

static void compare_event(json event, void *data)
{
    cursor *at = data;
    char phase[8], operation[96];
    json_text(json_at(event, 0), phase, sizeof phase);
    json_text(json_at(event, 1), operation, sizeof operation);
    const am_allocation *got = &events[at->index];
    ck_assert_msg((phase[0] == 'f') == (got->phase == AM_FORWARD), "%s: event %d (%s) lies in the other phase",
                  at->name, at->index, operation);
    ck_assert_msg(got->bytes == json_int(json_at(event, 2)), "%s: event %d (%s) is of %lld bytes, measured %lld",
                  at->name, at->index, operation, (long long)got->bytes, (long long)json_int(json_at(event, 2)));
    ck_assert_msg(got->live == json_int(json_at(event, 3)), "%s: after event %d (%s) live %lld bytes, measured %lld",
                  at->name, at->index, operation, (long long)got->live, (long long)json_int(json_at(event, 3)));
    at->index++;
}

START_TEST(allocations)
{
    json record = json_at(sequences, _i);
    char name[96], text[512];
    json_text(json_get(record, "name"), name, sizeof name);
    am_config config = config_of(json_text(json_get(record, "text"), text, sizeof text));
    am_status status;
    am_policy policy;
    ck_assert_int_eq(am_policy_parse(&policy, &config, &status), AM_OK);
    am_workspace *workspace = &fixture_workspace;
    int64_t value[AM_SYMBOL_COUNT];
    am_model_symbols(&config, value);
    am_extents_init(&fixture_report.extents, value);
    am_record all = record_of(&config, policy);
    ck_assert_int_eq(am_model_record(&workspace->tape, &fixture_report.extents, &config, all), AM_OK);
    checkpoint(&workspace->tape, policy);
    am_trace trace = {.allocation = events, .allocation_capacity = (int)(sizeof events / sizeof *events)};
    ck_assert_int_eq(am_step_play(&workspace->step, &workspace->player, &workspace->tape, &trace), AM_OK);
    json measured = json_get(record, "allocations");
    cursor at = {name, 0};
    json_each(measured, compare_event, &at);
    ck_assert_msg(trace.allocations == json_size(measured), "%s: %d allocations, measured %d", name, trace.allocations,
                  json_size(measured));
}
END_TEST

Suite *test_step_suite(void)
{
    if (!sequences.document) sequences = json_load("allocations.json");
    Suite *suite = suite_create("step");
    TCase *tests = tcase_create("step");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, allocations, 0, json_size(sequences));
    suite_add_tcase(suite, tests);
    return suite;
}
