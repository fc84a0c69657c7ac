/* revolve.c: the counts of the published formula, and the schedule played action by action. */
#include "schedule.h"

#include <check.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const struct {
    int64_t steps, slots, advances;
} published[] = {{96, 5, 300}, {96, 9, 222}, {32, 3, 93},   {32, 5, 68},    {32, 8, 54},
                 {48, 6, 108}, {14, 3, 27},  {105, 10, 237}, {1, 1, 0},      {1, 9, 0},
                 {10, 1, 45},  {10, 10, 9},  {10, 99, 9},   {1000, 1, 499500}};

START_TEST(advances)
{
    ck_assert_int_eq(am_revolve_advances(published[_i].steps, published[_i].slots), published[_i].advances);
}
END_TEST

START_TEST(repetitions)
{
    ck_assert_int_eq(am_revolve_repetitions(96, 5), 4);
    ck_assert_int_eq(am_revolve_repetitions(6, 5), 1);
    ck_assert_int_eq(am_revolve_repetitions(7, 5), 2);
    ck_assert_int_eq(am_revolve_repetitions(1, 5), 0);
}
END_TEST

#define MOST_STEPS 40
#define MOST_SLOTS 8

/* By the definition: advance over m steps, store, reverse what is behind with one slot less, then what is before. */
static int64_t least[MOST_STEPS + 1][MOST_SLOTS + 1];

static void recurse(void)
{
    for (int steps = 2; steps <= MOST_STEPS; steps++)
        for (int slots = 1; slots <= MOST_SLOTS; slots++) {
            int64_t best = (int64_t)steps * (steps - 1) / 2;
            for (int m = 1; slots > 1 && m < steps; m++) {
                int64_t all = m + least[steps - m][slots - 1] + least[m][slots];
                if (all < best) best = all;
            }
            least[steps][slots] = best;
        }
}

START_TEST(formula_is_the_recursion)
{
    recurse();
    for (int steps = 1; steps <= MOST_STEPS; steps++)
        for (int slots = 1; slots <= MOST_SLOTS; slots++)
            ck_assert_int_eq(am_revolve_advances(steps, slots), least[steps][slots]);
}
END_TEST

static am_schedule schedule;

/* Every action has what it needs; returns the steps advanced over. */
static int64_t play(int steps, int slots)
{
    static bool stored[AM_MAX_CHAIN + 1];
    int at_hand = 0, held = 0, taken = -1, end = steps;
    int64_t advanced = 0;
    memset(stored, 0, sizeof stored);
    for (int i = 0; i < schedule.count; i++) {
        am_action action = schedule.action[i];
        switch (action.kind) {
        case AM_STORE:
            ck_assert_int_eq(at_hand, action.first);
            ck_assert(!stored[action.first]);
            stored[action.first] = true;
            ck_assert_int_le(++held, slots);
            break;
        case AM_ADVANCE:
            ck_assert(stored[action.first] || at_hand == action.first);
            ck_assert_int_lt(action.first, action.end);
            ck_assert_int_lt(action.end, end);
            advanced += action.end - action.first;
            at_hand = action.end;
            break;
        case AM_TAKE:
            ck_assert(stored[action.first] || at_hand == action.first);
            ck_assert_int_eq(taken, -1);
            taken = action.first;
            at_hand = -1;
            break;
        default:
            ck_assert_int_eq(taken, action.first);
            ck_assert_int_eq(--end, action.first); /* each once, from the last to the first */
            held -= stored[action.first];
            stored[action.first] = false;
            taken = -1;
        }
    }
    ck_assert_int_eq(end, 0);
    ck_assert_int_eq(held, 0);
    return advanced;
}

START_TEST(schedules_take_as_many)
{
    for (int steps = 1; steps <= 130; steps++)
        for (int slots = 1; slots <= 12; slots++) {
            am_revolve(&schedule, steps, slots);
            ck_assert_int_eq(schedule.steps, steps);
            ck_assert_int_eq(play(steps, slots), am_revolve_advances(steps, slots));
        }
}
END_TEST

START_TEST(the_longest_chain)
{
    static const int slots[] = {1, 2, 7, 30, 1000, 2000};
    for (size_t i = 0; i < COUNT(slots); i++) {
        am_revolve(&schedule, AM_MAX_CHAIN, slots[i]);
        ck_assert_int_lt(schedule.count, AM_MAX_ACTIONS);
        ck_assert_int_eq(play(AM_MAX_CHAIN, slots[i]), am_revolve_advances(AM_MAX_CHAIN, slots[i]));
    }
}
END_TEST

Suite *test_revolve_suite(void)
{
    Suite *suite = suite_create("revolve");
    TCase *tests = tcase_create("revolve");
    tcase_add_loop_test(tests, advances, 0, (int)COUNT(published));
    tcase_add_test(tests, repetitions);
    tcase_add_test(tests, formula_is_the_recursion);
    tcase_add_test(tests, schedules_take_as_many);
    tcase_add_test(tests, the_longest_chain);
    suite_add_tcase(suite, tests);
    return suite;
}
