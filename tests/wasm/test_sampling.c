/* When a program's time is known: on one that takes a time of its own, by clocks and timestamps that may be told of anything. */
#include <check.h>

#include "sampling.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))

static am_sampling sampling;

/* A program whose variants take so long, and its GPU. Milliseconds. */
typedef struct work {
    double run[AM_VARIANTS], latency;
    bool timestamps, quick;
    double tick;   /* nanoseconds that count as one; 0: timestamps stand still */
    int interrupt; /* every so many batches something else takes as long as they do; 0: never */
    double deadline, end;
    double now; /* by the clock */
    int batches;
} work;

static am_next play(work *own, int variants)
{
    am_timed timed = {variants, 1, own->quick, {own->run[0], own->run[1]}, own->deadline, own->end};
    sampling = (am_sampling){.latency = own->latency, .timestamps = own->timestamps};
    am_next next = am_sampling_begin(&sampling, &timed, own->now);
    while (next == AM_N_BATCH) {
        double took = own->run[sampling.variant] * sampling.batch_runs;
        ck_assert_int_lt(own->batches, 10000);
        if (++own->batches % (own->interrupt ? own->interrupt : 10001) == 0) took *= 2;
        own->now += took + own->latency;
        next = am_sampling_took(&sampling, own->now, took + own->latency, took * 1e6 * own->tick);
    }
    return next;
}

#define NEVER 1e9

START_TEST(sampled)
{
    static const struct {
        work own;
        int variants, samples;
        bool timestamps; /* that are believed in the end */
        uint32_t least_runs, most_runs;
    } table[] = {
        {{{1, 0}, 2, true, false, 1, 0, NEVER, NEVER, 0, 0}, 1, AM_MOST_SAMPLES, true, 10, 21},
        {{{1, 1.2}, 2, true, false, 1, 0, NEVER, NEVER, 0, 0}, 2, AM_MOST_SAMPLES, true, 10, 21},
        {{{1, 1.2}, 2, true, true, 1, 0, NEVER, NEVER, 0, 0}, 2, AM_LEAST_SAMPLES, true, 10, 21}, /* a race */
        {{{1, 0}, 2, false, false, 0, 0, NEVER, NEVER, 0, 0}, 1, 7, false, 15, 31},
        {{{1, 0}, 2, true, false, 0, 0, NEVER, NEVER, 0, 0}, 1, 7, false, 15, 31},         /* zeros */
        {{{1, 0}, 2, true, false, 52, 0, NEVER, NEVER, 0, 0}, 1, 7, false, 15, 31},        /* ticks of another unit */
        {{{1, 0}, 2, false, false, 0, 9, NEVER, NEVER, 0, 0}, 1, 7, false, 15, 4096},      /* a batch that is held up is no sample */
        {{{400, 0}, 2, true, false, 1, 0, NEVER, NEVER, 0, 0}, 1, AM_MOST_SAMPLES, true, 1, 1}, /* one run is a batch */
        {{{1, 1.2}, 2, true, false, 1, 0, 0, NEVER, 1, 0}, 2, AM_LEAST_SAMPLES, true, 1, 21}, /* past the deadline few will do */
        {{{1e-6, 0}, 2, true, true, 1, 0, NEVER, NEVER, 0, 0}, 1, AM_LEAST_SAMPLES, true, 4096, 4096}, /* as many as a batch may have */
        {{{2000, 0}, 2, false, false, 0, 0, NEVER, NEVER, 0, 0}, 1, 7, false, 1, 1},       /* beside which the word is nothing */
    };
    work own = table[_i].own;
    ck_assert_int_eq(play(&own, table[_i].variants), AM_N_DONE);
    ck_assert_int_eq(sampling.timestamps, table[_i].timestamps);
    ck_assert_uint_ge(sampling.runs, table[_i].least_runs);
    ck_assert_uint_le(sampling.runs, table[_i].most_runs);
    for (int v = 0; v < table[_i].variants; v++) {
        ck_assert_int_eq(sampling.samples[v], table[_i].samples);
        for (int i = 0; i < sampling.samples[v]; i++) ck_assert_double_eq_tol(sampling.sample[v][i] / own.run[v], 1, 0.35);
        ck_assert_double_eq_tol(sampling.sample[v][0] / own.run[v], 1, 1e-6);
    }
}
END_TEST

/* Where there is no time to be told, none is. */
START_TEST(given_up)
{
    static const struct {
        work own;
        am_next next;
        int batches; /* at most */
    } table[] = {
        {{{1, 0}, 16, false, false, 0, 0, NEVER, NEVER, 0, 0}, AM_N_CLOCK, 0},      /* of a browser that looks now and then */
        {{{1, 0}, 16, true, false, 0, 0, NEVER, NEVER, 0, 0}, AM_N_CLOCK, 10},      /* whose timestamps stand still, too */
        {{{1, 0}, 2, true, false, 1, 0, NEVER, 200, 0, 0}, AM_N_TIME, 20},          /* warm only once it is over */
        {{{400, 0}, 2, true, false, 1, 0, NEVER, 1000, 0, 0}, AM_N_TIME, 2},        /* less than three samples */
        {{{1, 0}, 4, false, false, 0, 2, 1, NEVER, 0, 0}, AM_N_CLOCK, 100},         /* every threefold batch is held up */
    };
    work own = table[_i].own;
    ck_assert_int_eq(play(&own, 1), table[_i].next);
    ck_assert_int_le(own.batches, table[_i].batches);
}
END_TEST

/* What was distrusted once stays so, for the next program too; the word's time is no work. */
START_TEST(remembered)
{
    work own = {{1, 0}, 2, true, false, 0, 0, NEVER, NEVER, 0, 0};
    ck_assert_int_eq(play(&own, 1), AM_N_DONE);
    const am_timed next = {1, 1, false, {1, 0}, NEVER, NEVER};
    ck_assert_int_eq(am_sampling_begin(&sampling, &next, 0), AM_N_BATCH);
    ck_assert(!sampling.timestamps);
    ck_assert_int_eq(sampling.samples[AM_STORED], 0);
    ck_assert_double_eq(am_sampling_net(&sampling, 5), 3);
    ck_assert_double_eq(am_sampling_net(&sampling, 1), 0);
}
END_TEST

Suite *test_sampling_suite(void);
Suite *test_sampling_suite(void)
{
    Suite *suite = suite_create("sampling");
    TCase *tests = tcase_create("sampling");
    tcase_add_loop_test(tests, sampled, 0, 11);
    tcase_add_loop_test(tests, given_up, 0, 5);
    tcase_add_test(tests, remembered);
    suite_add_tcase(suite, tests);
    return suite;
}
