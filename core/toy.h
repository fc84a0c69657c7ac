/* The block of many notebooks on activation memory, Linear-ReLU-Linear on a few rows that learn too, with the mean as its loss: what the
 * GPU benchmark of the page runs for real. */
#ifndef AM_TOY_H
#define AM_TOY_H

#include "build.h"
#include "writer.h"

typedef struct am_toy_figures {
    int64_t saved; /* without the input, which the caller holds anyway */
    int64_t after_forward, forward_peak, backward_peak, step_peak;
    int64_t forward_flops, recomputed_flops;
} am_toy_figures;

typedef struct am_toy {
    am_config config;
    am_toy_figures stored, recomputed; /* without checkpointing, and under a non-reentrant one that keeps nothing */
} am_toy;

/* Records it on an empty tape (am_build_begin): rows of b, widths of h. */
am_code am_toy_record(am_build *build);
/* Plays it with the text's hidden (4096) and batch (8) in fp32. Any other key is an error. */
am_code am_toy_play(am_toy *toy, am_workspace *workspace, am_extents *extents, const char *text, am_status *status);
/* JSON: {"hidden","batch","dtype","stored":{…},"recomputed":{…}}, bytes and FLOPs. Returns its length, 0 if it does not fit. */
size_t am_toy_json(const am_toy *toy, char *text, size_t size);

#endif
