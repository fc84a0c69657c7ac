/* The benchmark on a fake GPU: what it says of a good one, and that nothing false is said of any other. */
#include <check.h>
#include <math.h>
#include <string.h>

#include "fake_gpu.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))

static const am_measure all[] = {AM_M_COPY,       AM_M_TOY, AM_M_MATMUL_F32, AM_M_MATMUL_F16_F32,
                                 AM_M_MATMUL_F16, AM_M_MLP, AM_M_ATTENTION,  AM_M_SOFTMAX};

static bool has_variants(am_measure measure)
{
    return measure == AM_M_TOY || measure == AM_M_MLP || measure == AM_M_ATTENTION;
}

/* Every benchmark ends once, leaves nothing behind, and says of each measure at most one thing. */
static void run(const am_bench_options *options)
{
    fake_gpu_run(options);
    ck_assert_int_eq(fake.ends, 1);
    ck_assert_int_eq(fake.objects, 0);
    ck_assert_double_eq(am_gpu_live_bytes(), 0);
    for (int i = 0; i < COUNT(all); i++) {
        const am_measured *x = fake.measured[all[i]];
        if (has_variants(all[i])) ck_assert_int_eq(fake.told[all[i]][0], fake.told[all[i]][1]);
        if (!fake.told[all[i]][0]) continue;
        if (x->samples == 0) {
            ck_assert_msg(fake.ending == AM_E_TIME && has_variants(all[i]) && x->median == 0 && x->gflops == 0,
                          "measure %d", i);
            continue;
        }
        ck_assert_msg(x->median > 0 && x->p10 > 0 && x->p10 <= x->median && x->median <= x->p90 && x->samples >= 3,
                      "measure %d", i);
    }
}

static void run_small(void)
{
    am_bench_options options = fake_gpu_options();
    run(&options);
}

/* ---- a good GPU */

/* Milliseconds that the fake needs for a measure, by its own numbers. */
static double truth(am_measure measure, int variant)
{
    const am_measured *x = &fake.measured[measure][variant];
    if (measure == AM_M_COPY || measure == AM_M_SOFTMAX) return fake.launch + x->bytes / fake.gbs / 1e6;
    double rate = measure == AM_M_MATMUL_F16 || measure == AM_M_MATMUL_F16_F32 ? 2 * fake.gflops : fake.gflops;
    return fake.launch + fmax(x->flops / rate / 1e6, x->bytes / fake.gbs / 1e6);
}

static void expect_times(double tolerance)
{
    static const am_measure single[] = {AM_M_COPY, AM_M_MATMUL_F32, AM_M_MATMUL_F16_F32, AM_M_MATMUL_F16, AM_M_SOFTMAX};
    for (int i = 0; i < COUNT(single); i++) {
        const am_measured *x = &fake.measured[single[i]][0];
        double wanted = truth(single[i], 0);
        ck_assert_msg(fake.told[single[i]][0], "measure %d was not told", single[i]);
        ck_assert_msg(fabs(x->median / wanted - 1) <= tolerance, "measure %d takes %g ms, wanted %g", single[i],
                      x->median, wanted);
        if (x->flops > 0) ck_assert_double_eq_tol(x->gflops, x->flops / x->median / 1e6, 1e-6 * x->gflops);
        ck_assert_double_eq_tol(x->mbs, x->bytes / x->median / 1e3, 1e-6 * x->mbs);
    }
}

START_TEST(good)
{
    am_bench_options options = fake_gpu_options();
    fake_gpu_reset();
    options.matmul = options.block = 128; /* every tile; blocks that C does not run */
    run(&options);
    ck_assert_int_eq(fake.ending, AM_E_DONE);
    ck_assert_int_eq(fake.results, COUNT(all) + 3);
    ck_assert_double_le(fake.took, 20000);
    ck_assert_int_ge(fake.progress, COUNT(all));
    ck_assert_int_eq(fake.nudges, 0);
    for (int i = 0; i < COUNT(all); i++) {
        ck_assert_msg(fake.told[all[i]][0] && !fake.omitted[all[i]], "measure %d: omitted for %d", all[i],
                      fake.omitted[all[i]]);
        ck_assert_double_eq(fake.measured[all[i]][0].timestamps, 1);
    }
    expect_times(0.01);
    ck_assert(fake.has_rates);
    ck_assert_double_eq(fake.rates[0], fake.measured[AM_M_MATMUL_F16_F32][0].gflops);
    ck_assert_double_eq(fake.rates[1], fake.measured[AM_M_MATMUL_F32][0].gflops);
    ck_assert_double_eq(fake.rates[2], fake.measured[AM_M_COPY][0].mbs);
}
END_TEST

/* What stays in buffers between forward and backward, and what computing again takes. */
START_TEST(recomputation)
{
    static const struct {
        am_measure measure;
        double saved, again; /* bytes of it, stored; FLOPs computed again, of those without */
    } cases[] = {
        {AM_M_TOY, 8 * 64 * 4, 1.0 / 6},
        {AM_M_MLP, 2 * 4 * 128 * 128 * 4, 1.0 / 6},
        {AM_M_ATTENTION, (4 * 128 * 128 + 2 * 128 * 128) * 4, 5.0 / 18}, /* q, k, v, o, the probabilities of 2 heads */
    };
    am_bench_options options = fake_gpu_options();
    options.block = 128;
    fake_gpu_reset();
    fake.launch = 0;
    run(&options);
    for (int i = 0; i < COUNT(cases); i++) {
        const am_measured *x = fake.measured[cases[i].measure];
        ck_assert_double_eq(x[AM_STORED].saved, cases[i].saved);
        ck_assert_double_eq(x[AM_RECOMPUTED].saved, 0);
        ck_assert_double_eq_tol(x[AM_RECOMPUTED].flops / x[AM_STORED].flops, 1 + cases[i].again,
                                cases[i].measure == AM_M_ATTENTION ? 0.1 : 1e-9);
        ck_assert_msg(x[AM_RECOMPUTED].median > x[AM_STORED].median, "measure %d", cases[i].measure);
    }
}
END_TEST

/* ---- clocks */

typedef struct clock_case {
    const char *name;
    double poll, clock_step, latency, jitter, slow_until, tick, quantum;
    fake_stamps stamps;
    int timestamps, interrupt;
    double tolerance;
    int by_timestamps; /* that the results are to say */
} clock_case;

static const clock_case clocks[] = {
    {.name = "fine timestamps", .tick = 1, .timestamps = 1, .tolerance = 0.01, .by_timestamps = 1},
    {.name = "65 µs quanta", .tick = 1, .quantum = 65536, .timestamps = 1, .tolerance = 0.01, .by_timestamps = 1},
    {.name = "ticks of 52 ns", .tick = 52, .timestamps = 1, .tolerance = 0.02},
    {.name = "ticks of 1/52 ns", .tick = 1.0 / 52, .timestamps = 1, .tolerance = 0.02},
    {.name = "zeros", .tick = 1, .stamps = STAMPS_ZERO, .timestamps = 1, .tolerance = 0.02},
    {.name = "backward", .tick = 1, .stamps = STAMPS_BACKWARD, .timestamps = 1, .tolerance = 0.02},
    {.name = "missing", .tick = 1, .stamps = STAMPS_MISSING, .timestamps = 1, .tolerance = 0.02},
    {.name = "no timestamps", .tick = 1, .timestamps = 0, .tolerance = 0.02},
    {.name = "clock of 1 ms", .tick = 1, .clock_step = 1, .timestamps = 0, .tolerance = 0.03},
    {.name = "clock of 1 ms, 8 ms until the word",
     .tick = 1,
     .clock_step = 1,
     .latency = 8,
     .timestamps = 0,
     .tolerance = 0.03},
    {.name = "slow at first", .tick = 1, .slow_until = 200, .timestamps = 1, .tolerance = 0.01, .by_timestamps = 1},
    {.name = "jitter", .tick = 1, .jitter = 0.05, .timestamps = 1, .tolerance = 0.03, .by_timestamps = 1},
    {.name = "jitter, by the clock", .tick = 1, .jitter = 0.02, .timestamps = 0, .tolerance = 0.05},
    {.name = "interrupted, by the clock", .tick = 1, .interrupt = 9, .timestamps = 0, .tolerance = 0.05},
    {.name = "polled ten times a second", .tick = 1, .poll = 100, .timestamps = 0, .tolerance = 0.02},
    {.name = "polled, timestamps", .tick = 1, .poll = 100, .timestamps = 1, .tolerance = 0.01, .by_timestamps = 1},
};

START_TEST(clock_pathologies)
{
    const clock_case *one = &clocks[_i];
    am_bench_options options = fake_gpu_options();
    fake_gpu_reset();
    fake.poll = one->poll;
    fake.clock_step = one->clock_step;
    if (one->latency > 0) fake.latency = one->latency;
    fake.jitter = one->jitter;
    fake.slow_until = one->slow_until;
    fake.tick = one->tick;
    fake.quantum = one->quantum;
    fake.stamps = one->stamps;
    fake.interrupt = one->interrupt;
    options.timestamps = one->timestamps;
    run(&options);
    ck_assert_msg(fake.ending == AM_E_DONE, "%s: ends as %d", one->name, fake.ending);
    for (int i = 0; i < COUNT(all); i++)
        ck_assert_msg(fake.told[all[i]][0] && (int)fake.measured[all[i]][0].timestamps == one->by_timestamps,
                      "%s: measure %d, omitted for %d", one->name, all[i], fake.omitted[all[i]]);
    expect_times(one->tolerance);
    ck_assert_int_eq(fake.nudges, one->poll > 0);
    ck_assert_double_le(fake.took, 20000);
}
END_TEST

/* Timestamps that break in the middle: what was measured by them stays, the rest is by the clock. */
START_TEST(timestamps_break)
{
    fake_gpu_reset();
    fake.stamps = STAMPS_BREAK_LATE;
    run_small();
    ck_assert_int_eq(fake.ending, AM_E_DONE);
    ck_assert_double_eq(fake.measured[AM_M_COPY][0].timestamps, 1);
    ck_assert_double_eq(fake.measured[AM_M_SOFTMAX][0].timestamps, 0);
    expect_times(0.02);
}
END_TEST

/* Batches that something else holds up for longer than they take, one of three: longer ones do not help, but pairs between do. */
START_TEST(held_up)
{
    am_bench_options options = fake_gpu_options();
    fake_gpu_reset();
    fake.latency = 12;
    fake.interrupt = 3;
    fake.interruption = 400;
    options.timestamps = 0;
    options.budget = 1e6;
    run(&options);
    ck_assert_int_eq(fake.ending, AM_E_DONE);
    expect_times(0.05);
}
END_TEST

/* Without timestamps, of a browser that cannot be woken, no time is told. */
START_TEST(deaf)
{
    am_bench_options options = fake_gpu_options();
    fake_gpu_reset();
    fake.poll = 100;
    fake.deaf = true;
    options.timestamps = 0;
    options.budget = 1e6;
    run(&options);
    ck_assert_int_eq(fake.ending, AM_E_DONE);
    ck_assert_int_eq(fake.results, 0);
    ck_assert(!fake.has_rates);
    for (int i = 0; i < COUNT(all); i++) ck_assert_int_eq(fake.omitted[all[i]], AM_O_CLOCK);
}
END_TEST

/* ---- faults */

START_TEST(not_opened)
{
    static const struct {
        am_gpu_status opens;
        am_ending ending;
    } cases[] = {{AM_GPU_ABSENT, AM_E_ABSENT},
                 {AM_GPU_NO_ADAPTER, AM_E_NO_ADAPTER},
                 {AM_GPU_REFUSED, AM_E_REFUSED},
                 {AM_GPU_INVALID, AM_E_REFUSED}};
    fake_gpu_reset();
    fake.opens = cases[_i].opens;
    run_small();
    ck_assert_int_eq(fake.ending, cases[_i].ending);
    ck_assert_int_eq(fake.results, 0);
    ck_assert_int_eq(fake.progress, 0);
}
END_TEST

/* One wrong element of any kernel, in any of its runs, and what it is part of has no result. */
static const struct {
    const char *kernel;
    int from;
    am_measure measure;
} wrongs[] = {
    {"copy", 0, AM_M_COPY},         {"softmax", 0, AM_M_ATTENTION}, {"softmax_backward", 0, AM_M_ATTENTION},
    {"relu", 0, AM_M_TOY},          {"relu", 1, AM_M_TOY},          {"relu_backward", 0, AM_M_TOY},
    {"relu_backward", 1, AM_M_TOY}, {"row_sum", 0, AM_M_TOY},       {"row_sum", 3, AM_M_TOY},
    {"mean", 0, AM_M_TOY},          {"gelu", 0, AM_M_MLP},          {"gelu_backward", 0, AM_M_MLP},
    {"gelu_backward", 3, AM_M_MLP}, {"add", 0, AM_M_ATTENTION},     {"add", 7, AM_M_ATTENTION},
    {"matmul", 0, AM_M_MATMUL_F32}, {"matmul", 0, AM_M_MATMUL_F16}, {"matmul", 0, AM_M_MATMUL_F16_F32},
    {"matmul", 0, AM_M_TOY},
};

START_TEST(wrong)
{
    fake_gpu_reset();
    am_bench_options options = fake_gpu_options();
    if (wrongs[_i].from > 1) options.block = 128; /* one that C does not run, after one that it runs twice */
    fake.wrong = wrongs[_i].kernel;
    fake.wrong_from = wrongs[_i].from;
    run(&options);
    ck_assert_int_eq(fake.ending, AM_E_DONE);
    ck_assert_msg(fake.omitted[wrongs[_i].measure] == AM_O_WRONG, "%s from %d: omitted for %d", wrongs[_i].kernel,
                  wrongs[_i].from, fake.omitted[wrongs[_i].measure]);
    if (strcmp(wrongs[_i].kernel, "copy") != 0) ck_assert(fake.told[AM_M_COPY][0]);
    if (strcmp(wrongs[_i].kernel, "copy") == 0 || strcmp(wrongs[_i].kernel, "matmul") == 0) ck_assert(!fake.has_rates);
}
END_TEST

START_TEST(refused)
{
    fake_gpu_reset();
    fake.refused = "softmax";
    run_small();
    ck_assert_int_eq(fake.ending, AM_E_DONE);
    ck_assert_int_eq(fake.omitted[AM_M_SOFTMAX], AM_O_REFUSED);
    ck_assert_int_eq(fake.omitted[AM_M_ATTENTION], AM_O_REFUSED);
    ck_assert(fake.told[AM_M_MLP][0] && fake.has_rates);
    fake_gpu_reset();
    fake.refused = "fill"; /* which everything needs */
    run_small();
    ck_assert_int_eq(fake.ending, AM_E_REFUSED);
    ck_assert_int_eq(fake.results, 0);
}
END_TEST

START_TEST(without_f16)
{
    fake_gpu_reset();
    fake.limits.f16 = 0;
    run_small();
    ck_assert_int_eq(fake.ending, AM_E_DONE);
    ck_assert_int_eq(fake.omitted[AM_M_MATMUL_F16], AM_O_UNSUPPORTED);
    ck_assert_int_eq(fake.omitted[AM_M_MATMUL_F16_F32], AM_O_UNSUPPORTED);
    ck_assert_double_eq(fake.rates[0], fake.rates[1]);
}
END_TEST

/* Less memory than a measure needs: the others are told. */
START_TEST(out_of_memory)
{
    fake_gpu_reset();
    fake.memory = 300e3; /* the copy's two buffers take 524,288 bytes */
    run_small();
    ck_assert_int_eq(fake.ending, AM_E_DONE);
    ck_assert_int_eq(fake.omitted[AM_M_COPY], AM_O_MEMORY);
    ck_assert(fake.told[AM_M_MATMUL_F32][0] && !fake.has_rates);
}
END_TEST

/* Sizes follow the adapter's limits and the memory that may be taken. */
START_TEST(limits)
{
    am_bench_options options = fake_gpu_options();
    fake_gpu_reset();
    fake.limits.buffer_bytes = 1 << 16;
    options.memory = 200e3;
    run(&options);
    ck_assert_int_eq(fake.ending, AM_E_DONE);
    ck_assert_double_eq(fake.measured[AM_M_COPY][0].size, 1 << 16);
    ck_assert_double_le(fake.most_bytes, options.memory + 16 * AM_MOST_SLOTS);
    fake_gpu_reset();
    fake.limits.workgroup_bytes = 8192; /* of the tiles, the first two share as little */
    fake.limits.workgroup_size = 64;
    run_small();
    ck_assert_int_eq(fake.ending, AM_E_DONE);
    ck_assert_int_eq(fake.omitted[AM_M_COPY], AM_O_LIMITS);
    ck_assert(fake.told[AM_M_MATMUL_F32][0]);
}
END_TEST

/* At any moment: it ends at once, with what was told before. */
START_TEST(stopped)
{
    static const am_ending endings[] = {AM_E_CANCELLED, AM_E_HIDDEN, AM_E_TIME, AM_E_LOST};
    fake_gpu_reset();
    double at = 10 + _i / COUNT(endings) * 130.0;
    am_ending ending = endings[_i % COUNT(endings)];
    if (ending == AM_E_LOST)
        fake.lost_at = at;
    else
        fake.stopped_at = at, fake.stopped_as = ending;
    run_small();
    ck_assert_int_eq(fake.ending, ending);
    ck_assert_double_le(fake.took, at + 100);
    ck_assert_int_lt(fake.results, COUNT(all) + 3);
}
END_TEST

/* A slow GPU, a software renderer for example, is through with what it can do in time; no batch is longer than it has to be. */
START_TEST(slow)
{
    fake_gpu_reset();
    fake.gflops = 1;
    fake.gbs = 1;
    am_bench_options options = fake_gpu_options();
    options.matmul = 256;
    run(&options);
    ck_assert_int_eq(fake.ending, AM_E_DONE);
    ck_assert_double_le(fake.took, options.budget);
    ck_assert_double_le(fake.longest_batch, 60);
    fake_gpu_reset();
    fake.gflops = 0.01;
    fake.gbs = 0.01;
    run(&options);
    ck_assert_int_eq(fake.ending, AM_E_TIME);
    ck_assert_double_le(fake.took, options.budget + 3000); /* the run that was under way */
    for (int i = 0; i < COUNT(all); i++) ck_assert(fake.told[all[i]][0] || fake.omitted[all[i]] == AM_O_TIME);
}
END_TEST

/* Whatever the budget, it is kept, and everything has a result or is omitted for the time. */
START_TEST(budgets)
{
    int without_times = 0, done = 0;
    for (int budget = 600; budget <= 20600; budget += 250) {
        am_bench_options options = fake_gpu_options();
        fake_gpu_reset();
        fake.gflops = 4;
        fake.gbs = 0.002;
        options.budget = budget;
        run(&options);
        ck_assert_msg(fake.took <= budget, "%d ms become %g", budget, fake.took);
        ck_assert_int_eq(fake.ending == AM_E_TIME || fake.ending == AM_E_DONE, 1);
        for (int i = 0; i < COUNT(all); i++)
            ck_assert_msg(fake.told[all[i]][0] != (fake.omitted[all[i]] == AM_O_TIME),
                          "%d ms: measure %d is omitted for %d", budget, all[i], fake.omitted[all[i]]);
        done += fake.ending == AM_E_DONE;
        if (!fake.told[AM_M_TOY][0]) continue;
        ck_assert_double_eq(fake.measured[AM_M_TOY][0].saved, 8 * 64 * 4);
        without_times += fake.measured[AM_M_TOY][0].samples == 0;
    }
    ck_assert_int_gt(without_times, 0);
    ck_assert_int_gt(done, 0);
}
END_TEST

/* The toy is as wide as there is time for, a race over once compilers have taken it. */
START_TEST(adapts)
{
    static const struct {
        double gflops, gbs, shared_compilation;
        double least_width, most_width;
        int compilations; /* at most */
    } cases[] = {
        {2000, 200, 0, 1024, 1024, 64},
        {2000, 200, 2500, 1024, 1024, 18},
        {2000, 0.01, 1000, 512, 512, 20},
        {2000, 0.004, 1000, 128, 256, 20},
    };
    am_bench_options options = fake_gpu_options();
    options.toy = 1024;
    fake_gpu_reset();
    fake.limits.f16 = 0;
    fake.gflops = cases[_i].gflops;
    fake.gbs = cases[_i].gbs;
    fake.shared_compilation = cases[_i].shared_compilation;
    run(&options);
    ck_assert_double_le(fake.took, options.budget);
    ck_assert_int_le(fake.compilations, cases[_i].compilations);
    ck_assert_msg(fake.told[AM_M_TOY][0], "omitted for %d", fake.omitted[AM_M_TOY]);
    ck_assert_double_ge(fake.measured[AM_M_TOY][0].size, cases[_i].least_width);
    ck_assert_double_le(fake.measured[AM_M_TOY][0].size, cases[_i].most_width);
    ck_assert_double_eq(fake.measured[AM_M_TOY][0].saved, 8 * 4 * fake.measured[AM_M_TOY][0].size);
    ck_assert(fake.told[AM_M_MATMUL_F32][0] && fake.has_rates);
}
END_TEST

START_TEST(again)
{
    fake_gpu_reset();
    fake.lost_at = 300;
    run_small();
    fake_gpu_reset();
    run_small();
    ck_assert_int_eq(fake.ending, AM_E_DONE);
    ck_assert_int_eq(fake.results, COUNT(all) + 3);
}
END_TEST

START_TEST(strays)
{
    fake_gpu_reset();
    run_small();
    am_bench_event(AM_GPU_RAN, 0, 1, 1);
    am_bench_event(AM_GPU_LOST, 0, 0, 0);
    am_bench_stop(AM_E_CANCELLED);
    am_bench_event(0, 0, 0, 0);
    ck_assert_int_eq(fake.ends, 1);
}
END_TEST

/* What the page calls. */
START_TEST(starts)
{
    fake_gpu_reset();
    am_bench_start(20000, 1);
    am_bench_stop(AM_E_HIDDEN);
    ck_assert_int_eq(fake.ends, 1);
    ck_assert_int_eq(fake.ending, AM_E_HIDDEN);
}
END_TEST

/* Adapters too small for any product, or for wide ones. */
START_TEST(least_limits)
{
    fake_gpu_reset();
    fake.limits.workgroups = 1;
    run_small();
    ck_assert_int_eq(fake.ending, AM_E_DONE);
    ck_assert(fake.told[AM_M_COPY][0] && fake.measured[AM_M_COPY][0].size < fake_gpu_options().copy);
    fake_gpu_reset();
    fake.limits.workgroup_size = 1;
    run_small();
    ck_assert_int_eq(fake.ending, AM_E_DONE);
    ck_assert_int_eq(fake.omitted[AM_M_MATMUL_F32], AM_O_LIMITS);
    fake_gpu_reset();
    am_bench_options options = fake_gpu_options();
    options.matmul = 512;
    fake.memory = 2e6; /* three matrices of 256 x 256, and not of 512 */
    run(&options);
    ck_assert_int_eq(fake.ending, AM_E_DONE);
    ck_assert_double_le(fake.measured[AM_M_MATMUL_F32][0].size, 256);
    ck_assert(fake.told[AM_M_MATMUL_F32][0]);
}
END_TEST

/* By the clock: batches so long that what they take beside their runs is nothing, and clocks that say nothing. */
START_TEST(slow_clocks)
{
    static const struct {
        double gflops, latency, clock_step;
        int interrupt;
        am_ending ending;
    } cases[] = {{0.01, 0.3, 0, 0, AM_E_TIME}, {0.003, 12, 0, 0, AM_E_TIME}, {2000, 0.3, 5000, 0, AM_E_TIME}, {2000, 0.3, 300, 2, AM_E_TIME}, {2000, 12, 300, 0, AM_E_TIME}, {0.1, 0.3, 0, 2, AM_E_TIME}};
    for (int i = 0; i < COUNT(cases); i++) {
        am_bench_options options = fake_gpu_options();
        fake_gpu_reset();
        fake.gflops = cases[i].gflops;
        fake.gbs = cases[i].gflops;
        fake.latency = cases[i].latency;
        fake.clock_step = cases[i].clock_step;
        fake.interrupt = cases[i].interrupt;
        options.timestamps = 0;
        options.budget = 60000;
        run(&options);
        ck_assert(fake.ending == AM_E_TIME || fake.ending == AM_E_DONE);
        for (int j = 0; j < COUNT(all); j++) {
            const am_measured *x = &fake.measured[all[j]][0];
            ck_assert(fake.told[all[j]][0] || fake.omitted[all[j]]);
            if (cases[i].clock_step == 0 && cases[i].interrupt == 0 && fake.told[all[j]][0] && x->median > 0 && all[j] <= AM_M_COPY)
                ck_assert_double_eq_tol(x->median / truth(all[j], 0), 1, 0.03);
        }
    }
}
END_TEST

Suite *test_bench_suite(void);
Suite *test_bench_suite(void)
{
    Suite *suite = suite_create("bench");
    TCase *tests = tcase_create("bench");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, good);
    tcase_add_test(tests, recomputation);
    tcase_add_loop_test(tests, clock_pathologies, 0, COUNT(clocks));
    tcase_add_test(tests, timestamps_break);
    tcase_add_test(tests, deaf);
    tcase_add_loop_test(tests, not_opened, 0, 4);
    tcase_add_loop_test(tests, wrong, 0, COUNT(wrongs));
    tcase_add_test(tests, refused);
    tcase_add_test(tests, without_f16);
    tcase_add_test(tests, out_of_memory);
    tcase_add_test(tests, limits);
    tcase_add_loop_test(tests, stopped, 0, 4 * 12);
    tcase_add_test(tests, slow);
    tcase_add_test(tests, budgets);
    tcase_add_loop_test(tests, adapts, 0, 4);
    tcase_add_test(tests, again);
    tcase_add_test(tests, strays);
    tcase_add_test(tests, starts);
    tcase_add_test(tests, least_limits);
    tcase_add_test(tests, slow_clocks);
    suite_add_tcase(suite, tests);
    TCase *long_ones = tcase_create("long");
    tcase_set_timeout(long_ones, 120);
    tcase_add_test(long_ones, held_up);
    suite_add_tcase(suite, long_ones);
    return suite;
}
