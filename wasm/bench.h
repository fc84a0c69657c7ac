/* A benchmark of the visitor's GPU: how fast it multiplies and moves memory, and what computing again costs on it.
 *
 * The host starts it, gives it what happens (am_bench_event) and is told what was measured. All of it waits for events, never for
 * time; there is one benchmark at a time, in static memory. */
#ifndef AM_BENCH_H
#define AM_BENCH_H

#include "exports.h"
#include "gpu.h"
#include "program.h"

/* Numbers of these tables are shared with gpu.ts. */
typedef enum am_measure {
    AM_M_COPY,
    AM_M_TOY,
    AM_M_MATMUL_F32,
    AM_M_MATMUL_F16_F32, /* operands in f16, sums in f32 */
    AM_M_MATMUL_F16,
    AM_M_MLP,
    AM_M_ATTENTION,
    AM_M_SOFTMAX,
    AM_MEASURES,
} am_measure;

/* Why there is no result of a measure. */
typedef enum am_omission {
    AM_O_WRONG = 1,   /* the GPU's result was not what it has to be */
    AM_O_MEMORY,      /* a buffer could not be made, or more would be needed than is allowed */
    AM_O_TIME,        /* the time was up before */
    AM_O_CLOCK,       /* neither timestamps nor the clock tell batches of this length apart */
    AM_O_REFUSED,     /* the browser's compiler or checks refused it */
    AM_O_LIMITS,      /* the adapter's limits are below what it needs */
    AM_O_UNSUPPORTED, /* the adapter has no f16 */
} am_omission;

/* How it ended. What was told of before holds in any case. */
typedef enum am_ending {
    AM_E_DONE,
    AM_E_ABSENT,     /* no WebGPU */
    AM_E_NO_ADAPTER, /* no GPU that WebGPU would use */
    AM_E_REFUSED,    /* it cannot be opened */
    AM_E_LOST,       /* the device was lost */
    AM_E_CANCELLED,
    AM_E_HIDDEN, /* the page was hidden: browsers slow it down then */
    AM_E_TIME,   /* the time was up */
} am_ending;

/* Of one variant of a measure. All doubles, in this order, for gpu.ts. */
typedef struct am_measured {
    double size;             /* bytes of a copy; rows or width of the others' matrices */
    double median, p10, p90; /* milliseconds of one run */
    double samples, runs;    /* 0 where there was no time for any, and no times then; and runs in each of them */
    double timestamps;       /* 1: by the GPU's timestamps, 0: by the clock */
    double flops, bytes;     /* of one run: of its matrix products; read and written by its kernels */
    double gflops, mbs;      /* both by the median; GFLOP/s, 10^6 bytes a second */
    double saved, after,
        peak; /* bytes in GPU buffers beside data: saved for the backward, all after the forward, at the forward's peak */
    double check; /* 1: every element compared with C's, 0.5: with the other variant's, bit by bit */
} am_measured;

typedef struct am_bench_options {
    double budget;                     /* milliseconds */
    double memory;                     /* bytes of GPU memory at once */
    int32_t timestamps;                /* 0: by the clock alone */
    uint32_t copy, matmul, block, toy; /* the largest sizes: bytes, and widths */
    uint32_t small, trial; /* widths: of blocks that C runs too; of the toy that foretells what wider ones take */
} am_bench_options;

am_bench_options am_bench_defaults(void);
void am_bench_begin(const am_bench_options *options);

/* What the host calls: begins, while nothing is under way, with the defaults within a budget in milliseconds; tells of an event; ends it for AM_E_LOST, AM_E_CANCELLED,
 * AM_E_HIDDEN or AM_E_TIME. */
void am_bench_start(int32_t budget, int32_t timestamps);
void am_bench_event(int32_t event, int32_t status, double wall, double nanoseconds);
void am_bench_stop(int32_t ending);

/* What the host is told. */
#ifdef __wasm__
#define AM_TOLD __attribute__((import_module("told")))
#else
#define AM_TOLD
#endif
/* A measure is under way; share: of the whole that is done, from 0 to 1. */
AM_TOLD void am_told_progress(am_measure measure, double share);
AM_TOLD void am_told_result(am_measure measure, am_variant variant, const am_measured *measured);
AM_TOLD void am_told_omitted(am_measure measure, am_omission omission);
/* Rates as the inputs device_gflops (of half precision, or of f32 if there is none), device_fp32_gflops and device_bandwidth have them:
 * told once f32 products and copies have been measured, and again after each measure. */
AM_TOLD void am_told_rates(double gflops, double fp32_gflops, double bandwidth);
AM_TOLD void am_told_end(am_ending ending, double milliseconds);

#endif
