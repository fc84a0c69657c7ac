/* What each layer of a model may do under a plan: keep everything, be a region that keeps some of its operations' results
 * or none, be one of several layers in a region. Private to the core. */
#ifndef ACTMEM_CHOICES_H
#define ACTMEM_CHOICES_H

#include "frontier.h" /* am_listed is workspace.h's, which includes this */

#define AM_MAX_DEAR       8 /* operations of a layer that are kept or not, each by itself */
#define AM_MAX_CANDIDATES (8 + (1 << AM_MAX_DEAR) + AM_MAX_SPAN)
#define AM_MAX_CLASSES    (2 + 2 * AM_MAX_SPAN + 2 * AM_MAX_PERIOD)

/* A dear operation: a matrix product by its place in the region, from 1; or all operations of a kind (place 0). */
typedef struct am_dear {
    am_op op;
    int place;
    am_module module;
    int64_t time; /* of its forward, in picoseconds */
    bool product; /* it computes products, of whatever kind: such come first */
} am_dear;

typedef struct am_choice {
    bool plain;    /* no region */
    bool named;    /* one of the named policies: looked at whatever it costs */
    uint16_t span; /* layers in the region */
    uint16_t set;  /* of the dear operations: kept; 0xffff: another list */
    am_listed listed;
    bool whole;    /* of Megatron's checkpoint: the layer runs again */
} am_choice;

typedef struct am_choices {
    bool searched, found, several; /* several: micro-batches in flight */
    bool hull;                     /* the frontier is over those on the lower hull, not all that none beats */
    int step;                      /* how many of those are looked at: less with each */
    double price;                  /* of a byte that a layer leaves, by which these are chosen; 0: evenly */
    bool apart, together;          /* it is over layers each by itself; regions of several layers are wanted in any case */
    int64_t kept; /* live of each of them, beyond what its layers left and hold of what they are given, and what lasts */
    int dears, candidates, undominated, classes, used;
    am_dear dear[AM_MAX_DEAR];
    am_choice candidate[AM_MAX_CANDIDATES];
    bool beaten[AM_MAX_CANDIDATES]; /* another is as good for layers of every class */
    int64_t layer_of[AM_MAX_CLASSES], layers_of[AM_MAX_CLASSES]; /* by class: its first layer, how many there are */
    am_plan_unit unit[AM_MAX_CANDIDATES][AM_MAX_CLASSES];        /* recomputed_time -1: there is no such choice there */
    uint16_t chosen[AM_MAX_CHOICES];                             /* candidates that the frontier is over */
    am_plan_ends ends;                                           /* of layers that keep everything */
    int64_t start[AM_MAX_CANDIDATES];                            /* by candidate: am_plan_ends.backward of layers that all do so */
    int64_t given[64];                                           /* bytes of what layers are given: am_given, and */
    uint64_t framed;
    am_chain chain;
    am_link link[AM_MAX_CLASSES * AM_MAX_CHOICES];
    uint8_t class_of[AM_MAX_CHAIN_LAYERS], span[AM_MAX_CHOICES];
    uint8_t path[AM_MAX_CHAIN_LAYERS], ordered[AM_MAX_CHAIN_LAYERS];
} am_choices;

/* The peak of a plan of the frontier. */
static inline int64_t am_frontier_peak(const am_choices *choices, const am_frontier_point *point)
{
    return choices->ends.forward + point->peak;
}

/* Is the first at least as good, whatever stands around it? */
static inline bool am_unit_as_good(const am_plan_unit *x, const am_plan_unit *than)
{
    return x->residue <= than->residue && x->forward <= than->forward && x->backward <= than->backward &&
           x->recomputed_time <= than->recomputed_time && (x->given & ~than->given) == 0 && x->outlived <= than->outlived &&
           x->passed <= than->passed && x->carried <= than->carried && x->residue + x->cached <= than->residue + than->cached;
}

#endif
