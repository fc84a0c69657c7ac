/* What the benchmark measures, in which order and at which sizes, so that all of it is through in time: a small program tells of an adapter
 * what the next may be. */
#ifndef AM_AGENDA_H
#define AM_AGENDA_H

#include "bench.h"
#include "sampling.h"
#include "truth.h"

/* One program of a measure: a size of the probe, a tile of a race or its winner, a block compared with C or the block itself. */
typedef struct am_stage {
    am_program program;
    uint32_t size;
    am_subject subject;
    bool timed;
    bool quick; /* timed by few samples, to be compared with others */
    bool exact; /* filled with numbers for its check, to be filled anew before it is timed */
} am_stage;

/* What a stage has come to; milliseconds. */
typedef struct am_taken {
    am_omission why;                /* 0: it is right */
    double gflops;                  /* of the stored variant */
    double compiled;                /* by its slowest kernel; 0: all were there */
    double filled, walked, checked; /* by its data, by all its variants once, by their results */
} am_taken;

typedef struct am_agenda {
    const am_bench_options *options;
    const am_gpu_limits *limits;
    double end; /* of the benchmark, by the clock */
    int job, stage;
    bool active, over;     /* there is a job; it has failed */
    bool has_result, late; /* the job; something was omitted since the time was up */
    am_omission failed;    /* the worst of its stages */
    double deadline;       /* of the job */
    double compiled;       /* the slowest compilation yet, milliseconds */
    uint32_t width;        /* of square products: what the probe has found */
    double speed;          /* GFLOP/s that it has come to */
    uint8_t tile;          /* the job's fastest yet */
    double fastest;        /* its GFLOP/s */
    uint8_t block_tile;    /* the faster of those that are as wide as a head */
    am_taken taken;        /* by the stage before */
} am_agenda;

typedef enum am_turn {
    AM_T_MEASURE, /* another measure begins */
    AM_T_STAGE,   /* is to be run, and told of by am_agenda_took */
    AM_T_OMITTED, /* the measure has no result */
    AM_T_END,
} am_turn;

/* Both stay where they are. end: when it has to be through, by the clock. */
void am_agenda_begin(am_agenda *agenda, const am_bench_options *options, const am_gpu_limits *limits, double end);
/* What comes next: the stage, or why the measure has no result. */
am_turn am_agenda_next(am_agenda *agenda, double now, am_stage *stage, am_omission *why);
void am_agenda_took(am_agenda *agenda, const am_stage *stage, const am_taken *taken);
/* The time is up: everything else is told to be omitted for it; what is under way too, if there is nothing of it. */
void am_agenda_abandon(am_agenda *agenda, bool told, void (*omitted)(am_measure measure, am_omission why));
/* The measure that is under way, and how much of all was before it, from 0 to 1. */
am_measure am_agenda_measure(const am_agenda *agenda);
double am_agenda_share(const am_agenda *agenda);

#endif
