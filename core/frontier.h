/* The exact frontier of checkpointing plans over a chain of layers: which choice for each layer, so that no other plan has
 * both a lower peak and less to run again. Private to the core. */
#ifndef ACTMEM_FRONTIER_H
#define ACTMEM_FRONTIER_H

#include <stdint.h>

#define AM_MAX_CHOICES      64
#define AM_MAX_CHAIN_LAYERS 1000
#define AM_MAX_SPAN         16      /* layers of one choice, at most */
#define AM_MAX_FRONT        8192    /* plans of a part of the chain, at most */
#define AM_MAX_FRONT_NODES  1048576 /* of all parts together */

/* What one choice for the layers from one on means. */
typedef struct am_link {
    int64_t residue; /* bytes left by the forward, until the backward; -1: there is no such choice here */
    int64_t peak;    /* highest live bytes while these layers run, either way, above what the layers before them left */
    int64_t cost;    /* of running again */
} am_link;

/* A chain: layers in order, and choices for each. The step's peak is the highest of
 *     before                                              where nothing of the layers is left (embedding),
 *     what the layers before left + link.peak             while a layer runs,
 *     what all layers left + after                        behind the last layer (norm, head, loss),
 * and with more micro-batches in flight than one, what all layers left stands below it for each other. */
typedef struct am_chain {
    int layers, choices;
    int64_t in_flight, before, after;
    const uint8_t *class_of; /* by layer: layers of a class have the same links */
    const am_link *link;     /* [class][choices] */
    const uint8_t *span;     /* by choice: layers that it is for */
} am_chain;

/* Plans of the layers from one on; sorted by peak. */
typedef struct am_front {
    int count;
    int64_t peak[AM_MAX_FRONT + 1], residue[AM_MAX_FRONT + 1], cost[AM_MAX_FRONT + 1]; /* residue: with several micro-batches
                                                                                         * in flight alone */
    uint32_t node[AM_MAX_FRONT + 1]; /* the choice, and which plan of the layers behind */
} am_front;

typedef struct am_frontier_point {
    int64_t peak, cost; /* peak: above what is live before the first layer */
    int index;          /* in the front of the whole chain */
} am_frontier_point;

/* Working memory; some megabytes. */
typedef struct am_frontier {
    int points;
    am_frontier_point point[AM_MAX_FRONT]; /* the frontier: peaks rise, costs fall */
    int64_t steps;                         /* plans looked at */
    am_front ring[AM_MAX_SPAN + 1], scratch[2];
    int64_t stair_residue[AM_MAX_FRONT], stair_cost[AM_MAX_FRONT];
    int first[AM_MAX_CHAIN_LAYERS + 1];
    uint32_t node[AM_MAX_FRONT_NODES];
} am_frontier;

#include "actmem.h" /* whose workspace has one of these */

/* Finds all Pareto-optimal plans. AM_CAPACITY: there are too many of them, or more than `steps` would be looked at. */
am_code am_frontier_solve(am_frontier *frontier, const am_chain *chain, int64_t steps);

/* The choices of a plan in order, each for as many layers as it spans. Returns how many. */
int am_frontier_plan(const am_frontier *frontier, const am_chain *chain, int point,
                     uint8_t choice[AM_MAX_CHAIN_LAYERS]);

/* The peak and the cost of a plan, by the chain's definition. */
am_frontier_point am_chain_play(const am_chain *chain, int count, const uint8_t *choice);

#endif
