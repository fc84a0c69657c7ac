/* Layers that are recorded as another one was. Private to families.c. */
#ifndef ACTMEM_REPEAT_H
#define ACTMEM_REPEAT_H

#include "build.h"

/* How far a tape, and its open region, have come. */
typedef struct am_mark {
    int tensors, storages, instructions, nodes, operands, regions, saves, gradients, leaves;
    int64_t flops;
    uint16_t matmuls, savers, stop;
    am_module module;
} am_mark;

/* The last layer that was built: what it began with, where it stands and what it made. */
typedef struct am_repeat {
    am_build before;
    am_mark from, to;
    uint16_t in_region, zone;
    am_var input, output; /* output 0: none yet */
} am_repeat;

/* Notes a layer that is about to be built from x, and that has been built to y. */
void am_repeat_begin(am_repeat *repeat, const am_build *build, am_var x);
void am_repeat_end(am_repeat *repeat, const am_build *build, am_var y);
/* Would its builder record the same from x on? */
bool am_repeats(const am_repeat *repeat, const am_build *build, am_var x);
/* Records it once more, from x on. Returns its result. */
am_var am_repeat_layer(const am_repeat *repeat, am_tape *tape, am_var x);

#endif
