/* Samples of times, and what may be believed of a GPU's timestamps. */
#ifndef AM_TIMING_H
#define AM_TIMING_H

#include <stdbool.h>

/* Of samples, all finite and above 0. Quantiles lie between samples, as numpy's default has it. */
typedef struct am_spread {
    double median, p10, p90;
} am_spread;

/* Sorts them; count is above 0. */
am_spread am_spread_of(double *samples, int count);

/* Whether a difference of timestamps can be the time of a batch that took so many milliseconds by the clock, of which the browser's
 * answer alone takes `latency`. Counters stand still, run backwards, or count in another unit than nanoseconds. */
bool am_timestamps_hold(double nanoseconds, double wall, double latency);

#endif
