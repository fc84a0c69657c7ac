/* How a program is timed: batches of it that grow until they are long enough and the GPU is warm, then samples of its variants in turn.
 * Without timestamps each sample is a batch and one of three times the runs, so that what a batch takes beside them falls out. */
#ifndef AM_SAMPLING_H
#define AM_SAMPLING_H

#include "program.h"

#define AM_MOST_SAMPLES  11
#define AM_LEAST_SAMPLES 3    /* of a race too */
#define AM_SLEEPY        15.0 /* milliseconds: an idle GPU that takes longer to answer is one that the browser looks at now and then */

/* What is timed. Times are milliseconds, moments by the clock. */
typedef struct am_timed {
    int variants, passes;
    bool quick;                 /* by few samples, to be compared with others */
    double walked[AM_VARIANTS]; /* what each variant took when it ran pass by pass */
    double deadline, end;       /* when enough samples will do; when it has to be through */
} am_timed;

typedef enum am_phase {
    AM_WARMING, /* and finding how many runs make a batch */
    AM_SAMPLING,
    AM_TRIPLING, /* by the clock: three times the runs */
} am_phase;

typedef struct am_sampling {
    double latency;  /* until the browser says that nothing is done */
    bool timestamps; /* are there, and hold so far */
    int doubts;      /* of them, one after the other */
    am_timed of;
    am_phase phase;
    am_variant variant;
    uint32_t runs, batch_runs; /* in a sample, and in the batch that is to run */
    double warmed, single;     /* single: by the clock, the batch before the threefold one */
    double batch;              /* the last one, by the clock */
    int samples[AM_VARIANTS], failures;
    double sample[AM_VARIANTS][AM_MOST_SAMPLES]; /* of one run */
} am_sampling;

typedef enum am_next {
    AM_N_BATCH, /* batch_runs of variant are to run, and told of by am_sampling_took */
    AM_N_DONE,  /* there are samples enough */
    AM_N_CLOCK, /* neither timestamps nor the clock tell batches of this length apart */
    AM_N_TIME,  /* there is no time for as many as it takes */
} am_next;

/* latency and timestamps are there, and doubts of before. */
am_next am_sampling_begin(am_sampling *sampling, const am_timed *timed, double now);
/* What the batch took: by the clock, in milliseconds; by timestamps, in nanoseconds. */
am_next am_sampling_took(am_sampling *sampling, double now, double wall, double nanoseconds);
/* What work took without the browser's word. */
double am_sampling_net(const am_sampling *sampling, double wall);

#endif
