#include "timing.h"

static void sort(double *samples, int count)
{
    for (int i = 1; i < count; i++) {
        double sample = samples[i];
        int j = i;
        for (; j > 0 && samples[j - 1] > sample; j--) samples[j] = samples[j - 1];
        samples[j] = sample;
    }
}

static double quantile(const double *sorted, int count, double share)
{
    double at = share * (count - 1);
    int i = (int)at;
    return i + 1 < count ? sorted[i] + (at - i) * (sorted[i + 1] - sorted[i]) : sorted[i];
}

am_spread am_spread_of(double *samples, int count)
{
    sort(samples, count);
    return (am_spread){quantile(samples, count, 0.5), quantile(samples, count, 0.1), quantile(samples, count, 0.9)};
}

/* Chromium counts in steps of 65.536 µs, clocks of pages in up to a millisecond, at both ends. */
#define STEP 2.2

bool am_timestamps_hold(double nanoseconds, double wall, double latency)
{
    double ms = nanoseconds / 1e6;
    if (!(ms > 0) || ms > wall * 1.05 + STEP) return false;
    /* Passes begin late, so a short batch says nothing of the other bound. */
    double least = wall - 2 * latency - STEP;
    return least < 10 || ms > 0.2 * least;
}
