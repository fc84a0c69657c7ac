#include "sampling.h"

#include "timing.h"

#define CLOCK_SAMPLES 7    /* which take four batches each */
#define MOST_RUNS     4096 /* in a batch, of one kernel */
#define MOST_FAILURES 6    /* of the clock, until it is given up once the time of its measure is over */
#define MOST_DOUBTS   3    /* of timestamps, one after the other */

/* Milliseconds. */
#define BATCH       20.0  /* a sample's by timestamps, which are at most 65 µs off */
#define CLOCK_BATCH 30.0  /* one's by the clock */
#define WARM        300.0 /* of work before samples count: GPUs raise their clock */
#define RACE_WARM   30.0
#define LONG        200.0 /* a batch that is not made longer where something comes between */

static double nothing_below(double x)
{
    return x > 0 ? x : 0;
}

double am_sampling_net(const am_sampling *sampling, double wall)
{
    return nothing_below(wall - sampling->latency);
}

static am_next run(am_sampling *own, am_phase phase, uint32_t runs)
{
    own->phase = phase;
    own->batch_runs = runs;
    return AM_N_BATCH;
}

/* Samples that there will be, unless the time is up. */
static int wanted(const am_sampling *own)
{
    return own->of.quick ? AM_LEAST_SAMPLES : own->timestamps ? AM_MOST_SAMPLES : CLOCK_SAMPLES;
}

static am_next next_sample(am_sampling *own, double now)
{
    int last = own->of.variants - 1;
    bool least = own->samples[last] >= AM_LEAST_SAMPLES, even = own->samples[last] == own->samples[AM_STORED];
    if (even && (own->samples[last] >= wanted(own) || (least && now > own->of.deadline))) return AM_N_DONE;
    if (now + own->batch > own->of.end) return least ? AM_N_DONE : AM_N_TIME; /* rather than begin what cannot be through in time */
    own->variant = even ? AM_STORED : AM_RECOMPUTED; /* in turn, under the same conditions */
    return run(own, AM_SAMPLING, own->runs);
}

static am_next start(am_sampling *own, double now)
{
    const double *walked = own->of.walked;
    for (int i = 0; i < AM_VARIANTS; i++) own->samples[i] = 0;
    if (!own->timestamps && own->latency > AM_SLEEPY) return AM_N_CLOCK;
    own->variant = AM_STORED;
    own->runs = 1;
    own->warmed = walked[AM_STORED] + walked[AM_RECOMPUTED];
    own->batch = walked[AM_STORED];
    if (walked[AM_STORED] > WARM) return next_sample(own, now); /* one run is a batch, and all is warm */
    return run(own, AM_WARMING, 1);
}

am_next am_sampling_begin(am_sampling *sampling, const am_timed *timed, double now)
{
    sampling->of = *timed;
    sampling->failures = 0;
    return start(sampling, now);
}

/* Everything of this program by the clock, and all that follows. */
static am_next distrust_timestamps(am_sampling *own, double now)
{
    own->timestamps = false;
    own->doubts = 0;
    return start(own, now);
}

static uint32_t most_runs(const am_sampling *own)
{
    return MOST_RUNS / (uint32_t)own->of.passes;
}

/* Something may have come between, once. */
static bool is_doubtful(am_sampling *own, double wall, double nanoseconds)
{
    own->doubts = am_timestamps_hold(nanoseconds, wall, own->latency) ? 0 : own->doubts + 1;
    return own->doubts > 0;
}

static am_next warm(am_sampling *own, double now, double wall, double nanoseconds)
{
    double took = own->timestamps ? nanoseconds / 1e6 : am_sampling_net(own, wall);
    double batch = own->timestamps ? BATCH : CLOCK_BATCH;
    bool judged = wall - own->latency > BATCH / 2;
    if (own->timestamps && judged && is_doubtful(own, wall, nanoseconds))
        return own->doubts == MOST_DOUBTS ? distrust_timestamps(own, now) : run(own, AM_WARMING, own->runs);
    own->warmed += wall;
    bool long_enough = took >= batch * 0.5 || own->runs == most_runs(own);
    if (long_enough && (own->warmed >= (own->of.quick ? RACE_WARM : WARM) || now > own->of.deadline)) return next_sample(own, now);
    if (!long_enough) {
        double runs = own->runs * (took > batch / 8 ? batch / took : 8) + 1;
        own->runs = runs < most_runs(own) ? (uint32_t)runs : most_runs(own);
    }
    return run(own, AM_WARMING, own->runs);
}

static am_next add_sample(am_sampling *own, double now, double milliseconds)
{
    own->sample[own->variant][own->samples[own->variant]++] = milliseconds;
    return next_sample(own, now);
}

static am_next take_sample(am_sampling *own, double now, double wall, double nanoseconds)
{
    if (own->timestamps) {
        if (!is_doubtful(own, wall, nanoseconds)) return add_sample(own, now, nanoseconds / 1e6 / own->runs);
        return own->doubts < MOST_DOUBTS ? next_sample(own, now) : distrust_timestamps(own, now);
    }
    if (wall > 1000 || wall > 100 * own->latency + 100) /* what a batch takes beside its runs is less than a hundredth */
        return add_sample(own, now, (wall - own->latency) / own->runs);
    own->single = wall;
    return run(own, AM_TRIPLING, 3 * own->runs);
}

static am_next take_threefold(am_sampling *own, double now, double wall)
{
    double slope = (wall - own->single) / (2.0 * own->runs);
    /* A batch that something came between: three times the runs take from twice to four times as long. */
    bool holds = nothing_below(wall - own->single) > nothing_below(own->single - 2 * own->latency) && wall < 4 * own->single + own->latency;
    if (holds) return add_sample(own, now, slope);
    if (++own->failures > MOST_FAILURES && now > own->of.deadline) return AM_N_CLOCK;
    if (own->single < LONG && own->runs * 2 <= most_runs(own)) own->runs *= 2;
    return next_sample(own, now);
}

am_next am_sampling_took(am_sampling *sampling, double now, double wall, double nanoseconds)
{
    sampling->batch = wall;
    if (sampling->phase == AM_WARMING) return warm(sampling, now, wall, nanoseconds);
    if (sampling->phase == AM_SAMPLING) return take_sample(sampling, now, wall, nanoseconds);
    return take_threefold(sampling, now, wall);
}
