/* Quantiles, and timestamps that are none. */
#include <check.h>
#include <math.h>

#include "timing.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))

/* numpy.quantile's. */
START_TEST(spread)
{
    static const struct {
        double samples[8];
        int count;
        am_spread wanted;
    } cases[] = {
        {{5}, 1, {5, 5, 5}},
        {{2, 1}, 2, {1.5, 1.1, 1.9}},
        {{3, 1, 2}, 3, {2, 1.2, 2.8}},
        {{4, 4, 4, 4}, 4, {4, 4, 4}},
        {{9, 1, 8, 2, 7, 3, 6, 4}, 8, {5, 1.7, 8.3}},
    };
    double samples[8];
    for (int i = 0; i < cases[_i].count; i++) samples[i] = cases[_i].samples[i];
    am_spread got = am_spread_of(samples, cases[_i].count), wanted = cases[_i].wanted;
    ck_assert_double_eq_tol(got.median, wanted.median, 1e-12);
    ck_assert_double_eq_tol(got.p10, wanted.p10, 1e-12);
    ck_assert_double_eq_tol(got.p90, wanted.p90, 1e-12);
}
END_TEST

START_TEST(timestamps)
{
    static const struct {
        double nanoseconds, wall, latency;
        bool holds;
    } cases[] = {
        {20e6, 20.3, 0.3, true},                                 /* as they should be */
        {20.0655e6, 20, 0, true},                                /* a quantum more than the clock */
        {20e6, 100, 86, true},                                   /* a browser that looks ten times a second */
        {1040e6, 20.3, 0.3, false},                              /* ticks of 1/52 ns taken for ns */
        {0.385e6, 20.3, 0.3, false},                             /* ticks of 52 ns */
        {40e6, 20.3, 0.3, false},                                /* counted twice */
        {0, 20.3, 0.3, false},                                   /* stands still */
        {-20e6, 20.3, 0.3, false},                               /* was reset */
        {NAN, 20.3, 0.3, false},                                 /* is not there */
        {INFINITY, 20.3, 0.3, false}, {0.131e6, 0.4, 0.3, true}, /* short: nothing says that it is false */
    };
    ck_assert_int_eq(am_timestamps_hold(cases[_i].nanoseconds, cases[_i].wall, cases[_i].latency), cases[_i].holds);
}
END_TEST

Suite *test_timing_suite(void);
Suite *test_timing_suite(void)
{
    Suite *suite = suite_create("timing");
    TCase *tests = tcase_create("timing");
    tcase_add_loop_test(tests, spread, 0, 5);
    tcase_add_loop_test(tests, timestamps, 0, 11);
    suite_add_tcase(suite, tests);
    return suite;
}
