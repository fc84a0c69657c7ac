/* A GPU of a virtual clock, which computes in C what the kernels' titles say, with the ills of real ones. */
#ifndef FAKE_GPU_H
#define FAKE_GPU_H

#include "bench.h"

typedef enum fake_stamps { STAMPS_FINE, STAMPS_ZERO, STAMPS_BACKWARD, STAMPS_MISSING, STAMPS_BREAK_LATE } fake_stamps;

typedef struct fake_gpu {
    /* what it is: set before a run */
    am_gpu_status opens; /* AM_GPU_OK */
    am_gpu_limits limits;
    double shared_compilation; /* ms of a kernel whose threads share a product's operands, beside the 1 of any other */
    double memory;             /* bytes; buffers beyond make the next event's status out of memory */
    double gflops, gbs;        /* of kernels, whichever takes longer */
    double launch;             /* ms of a dispatch */
    double latency;            /* ms from the end of the work to the browser's word */
    double poll;               /* ms: the word comes at multiples of it, unless nudged; 0: at once */
    bool deaf;                 /* nudging does not help */
    double clock_step;         /* ms of am_gpu_now and of times by it; 0: exact */
    double jitter;             /* of a batch, as a share of it */
    double slow_until;         /* ms of the clock until when everything takes twice as long */
    double tick;               /* nanoseconds that timestamps count as one; 1 */
    double quantum;            /* in which timestamps come; 0: any */
    fake_stamps stamps;
    int interrupt;              /* every so many batches something else takes so many milliseconds; 0: never */
    double interruption;
    const char *wrong;          /* a kernel that gets one element wrong; NULL: none */
    int wrong_from;             /* its so-manieth run, from 0 on */
    const char *refused;        /* a kernel that does not compile */
    double lost_at, stopped_at; /* ms; 0: never */
    am_ending stopped_as;

    /* what it was told */
    bool told[AM_MEASURES][AM_VARIANTS];
    am_measured measured[AM_MEASURES][AM_VARIANTS];
    am_omission omitted[AM_MEASURES];
    int results, progress;
    double share; /* the last progress */
    bool has_rates;
    double rates[3];
    int ends;
    am_ending ending;
    double took;

    /* what it has come to */
    double now, most_bytes, longest_batch;
    int objects; /* that are there */
    int nudges, compilations;
    double clock_batches;
} fake_gpu;

extern fake_gpu fake;

/* A good GPU, with timestamps and f16. */
void fake_gpu_reset(void);
/* Small sizes. */
am_bench_options fake_gpu_options(void);
/* Runs a benchmark to its end. */
void fake_gpu_run(const am_bench_options *options);

#endif
