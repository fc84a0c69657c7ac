/* The order of events: each measured sequence of allocations, size by size and live total by live total; and the whole
 * step of records that hold every layer, against the measured peaks of small models. */
#include <string.h>

#include "measured.h"

static json sequences, rounded;

START_TEST(allocations)
{
    expect_allocations(json_at(sequences, _i));
}
END_TEST

/* The same with every storage rounded up to 512 bytes, measured so. */
START_TEST(blocks)
{
    char text[512];
    am_status status;
    json record = json_at(rounded, _i);
    am_config config = config_of(json_text(json_get(record, "text"), text, sizeof text));
    ck_assert_int_eq(am_evaluate(&fixture_report, &fixture_workspace, &config, &status), AM_OK);
    expect_figures(record);
    if (json_get(record, "allocations").index >= 0) expect_allocations(record);
}
END_TEST

static int events_seen;

static void expect_rounded(json event, void *data)
{
    (void)data;
    int64_t bytes = json_int(json_at(event, 2));
    ck_assert_int_eq(measured_events[events_seen++].bytes, (bytes + 511) / 512 * 512);
}

/* Every measured allocation, rounded by hand. */
START_TEST(every_block)
{
    char text[512];
    json record = json_at(sequences, _i);
    json_text(json_get(record, "text"), text, sizeof text - 32);
    strcat(text, " allocator=cuda");
    am_config config = config_of(text);
    int count = play_allocations(&config);
    events_seen = 0;
    ck_assert_int_eq(count, json_size(json_get(record, "allocations")));
    json_each(json_get(record, "allocations"), expect_rounded, NULL);
}
END_TEST

Suite *test_step_suite(void);
Suite *test_step_suite(void)
{
    if (!sequences.document) sequences = json_load("allocations.json");
    if (!rounded.document) rounded = json_load("allocator.json");
    Suite *suite = suite_create("step");
    TCase *tests = tcase_create("step");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, allocations, 0, json_size(sequences));
    tcase_add_loop_test(tests, blocks, 0, json_size(rounded));
    tcase_add_loop_test(tests, every_block, 0, json_size(sequences));
    suite_add_tcase(suite, tests);
    return suite;
}
