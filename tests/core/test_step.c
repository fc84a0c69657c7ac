/* The order of events: each measured sequence of allocations, size by size and live total by live total; and the whole
 * step of records that hold every layer, against the measured peaks of small models. */
#include "measured.h"

static json sequences;

START_TEST(allocations)
{
    expect_allocations(json_at(sequences, _i));
}
END_TEST

Suite *test_step_suite(void);
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
