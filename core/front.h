/* Plans of a part of a chain that no other beats: fronts, and how two become one. Private to the core. */
#ifndef ACTMEM_FRONT_H
#define ACTMEM_FRONT_H

#include <stdbool.h>
#include <stdint.h>

#define AM_MAX_FRONT 8192 /* plans of a part of the chain, at most */

/* Plans of the layers from one on; sorted by peak. */
typedef struct am_front {
    int count;
    int64_t *peak, *rest, *cost; /* rest: with several micro-batches in flight what stays, else what is outlived; or where copies are cached
                                    the peak, the other being the forward's */
    uint32_t *node;                 /* the choice, and which plan of the layers behind */
} am_front;

/* A front while it is made. */
typedef struct am_front_space {
    int64_t peak[AM_MAX_FRONT + 1], rest[AM_MAX_FRONT + 1], cost[AM_MAX_FRONT + 1];
    uint32_t node[AM_MAX_FRONT + 1];
} am_front_space;

/* The best of what has been taken into a front: with one micro-batch in flight the lowest cost; with more a staircase
 * of residues that rise and costs that fall. */
typedef struct am_stairs {
    int count;
    int64_t *rest, *cost;
} am_stairs;

/* What a choice adds to the plans behind it. */
typedef struct am_step_over {
    int64_t residue, peak, cost, rest;
    int64_t least; /* where copies are cached: no rest is less, nor less than its plan's peak; else INT64_MIN */
    uint32_t mark; /* the choice, and whether it stands before plans whose first layers outlive something */
} am_step_over;

/* Merges what is known of the layers from one on with what a choice for the first of them makes of the plans behind; stairs: empty.
 * False if the front is full. */
bool am_front_merge(am_front *out, const am_front *known, const am_front *behind, const am_step_over *over, am_stairs *stairs);
/* The same for one micro-batch in flight, where the lowest cost so far is all that counts: most of a search's
 * time is spent here. Both fronts are stairs already: what lies before or behind the other is copied as it is. */
bool am_front_merge_one(am_front *out, const am_front *known, const am_front *behind, const am_step_over *over);
/* With what stays, or without. */
void am_front_copy(am_front *out, const am_front *from, bool rests);

#endif
