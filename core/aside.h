/* Layers that later ones repeat (repeat.c). Part of workspace.h. */
#ifndef ACTMEM_ASIDE_H
#define ACTMEM_ASIDE_H

/* How far a tape, and its open region, have come. */
typedef struct am_mark {
    int tensors, storages, instructions, nodes, operands, regions, saves, gradients, leaves;
    int64_t flops;
    uint16_t matmuls, savers, stop;
    am_module module;
} am_mark;

/* The backward of a layer as it was compiled: node and save indices, and slots, are those of its own program. */
typedef struct am_backward {
    uint16_t nodes, saves;      /* how far they are behind those of the layer that was built */
    uint16_t last, count;       /* its last node, and how many before it its first one is */
    uint16_t reached;           /* where the flag of the last node is; those of the others are before it */
    uint16_t refs, passed_refs; /* so many hold the gradient that it begins with, and the one that it passes on */
    int event, events;          /* where its events are; 0: it is not known */
    int slot, slots;            /* after which one its slots are, and how many */
    int64_t gradient_bytes, passed_bytes;
    am_gradient begins, passes; /* of its result, and of its input: slot 0 where that needs none */
    bool fresh;                 /* in the program that was made last */
} am_backward;

#define AM_FOUND 30 /* values of am_build that the whole model shares */

/* A layer that was built: what it began with, where it stands and what it made. */
typedef struct am_repeat {
    uint8_t kind, modules;  /* of the layer, and of its record */
    am_var found[AM_FOUND]; /* what of am_build it began with */
    am_mark from, to;
    am_mark at; /* where its parts are: where they were recorded, or set aside */
    uint16_t in_region, zone;
    am_var input, output;        /* output 0: none yet */
    bool closed;                 /* it left what was there before it as it was */
    uint32_t record;             /* of am_tape.records */
    am_tensor taken;             /* its input, of one that is set aside, and */
    am_storage holding;          /* that one's memory */
    int64_t time, backward_time; /* as am_cost_tape found them */
    am_work work[AM_IN_RECOMPUTE];
    am_backward backward; /* as am_compile found it */
} am_repeat;

#define AM_MAX_ASIDE 4

/* Layers of the records before, which the next records of the same model copy: they stand at the far ends of the tape's arrays. */
typedef struct am_aside {
    int layers;
    am_repeat layer[AM_MAX_ASIDE];
    const am_config *config; /* of the model that they are of */
    int outside;             /* tensors that there were before the first layer */
    am_mark top;             /* where the room of records ends, and */
    int events;              /* that of programs */
} am_aside;

#endif
