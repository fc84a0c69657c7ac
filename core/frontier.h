/* The exact frontier of checkpointing plans over a chain of layers: which choice for each layer, so that no other plan has
 * both a lower peak and less to run again. Private to the core. */
#ifndef ACTMEM_FRONTIER_H
#define ACTMEM_FRONTIER_H

#include "chain.h"
#include "front.h"

#define AM_MAX_FRONTS       262144  /* of the parts that are looked at together */
#define AM_MAX_FRONT_NODES  2097152 /* of all parts */
#define AM_MAX_STATES       8       /* sets of these that the layers before one may hold */

/* The fronts of the layers from one on: one for each set that the layers before may hold, of what matters from here on. */
typedef struct am_front_layer {
    int states;
    uint16_t state[AM_MAX_STATES];
    /* of each the plans whose first layers make those before them leave nothing, and the others */
    int count[AM_MAX_STATES][2], node[AM_MAX_STATES][2]; /* node: the first in am_frontier.node */
    int64_t place[AM_MAX_STATES][2], begin;              /* where they stand among all figures that were ever written down */
    int64_t steps;                                       /* taken until then */
} am_front_layer;

/* Working memory; some megabytes. */
typedef struct am_frontier {
    int points;
    am_frontier_point point[AM_MAX_FRONT]; /* the frontier: peaks rise, costs fall */
    int64_t steps;                         /* plans looked at */
    bool drops;                            /* what no layer from one on may hold makes no state of its own */
    int nodes, reach;                      /* reach: layers of the longest choice */
    int64_t written;
    int64_t peak[AM_MAX_FRONTS], rest[AM_MAX_FRONTS], cost[AM_MAX_FRONTS];
    am_front_space space[3];
    int64_t stair_rest[AM_MAX_FRONT], stair_cost[AM_MAX_FRONT];
    bool rests; /* fronts have a rest */
    bool cached;   /* something is cached, and */
    bool caches;   /* of one micro-batch in flight: forward and backward have a peak each */
    bool outlives; /* something is outlived, and */
    int64_t passed; /* so much by layers on behalf of those behind them */
    int64_t carried; /* so much is carried from one layer into the next, if anything is */
    am_front_layer layer[AM_MAX_CHAIN_LAYERS + 1];
    uint8_t later[AM_MAX_CHAIN_LAYERS + 1]; /* what layers from this one on may hold */
    bool minds[AM_MAX_CHAIN_LAYERS + 1];    /* a choice of this layer may peak higher by what is carried into it */
    uint32_t node[AM_MAX_FRONT_NODES];
} am_frontier;

#include "actmem.h" /* whose workspace has one of these */

/* Finds all Pareto-optimal plans. AM_CAPACITY, and no points: there are too many of them, or more than `steps` would be looked at. */
am_code am_frontier_solve(am_frontier *frontier, const am_chain *chain, int64_t steps);

/* The choices of a plan in order, each for as many layers as it spans. Returns how many. index: am_frontier_point.index. */
int am_frontier_plan(const am_frontier *frontier, const am_chain *chain, int index,
                     uint8_t choice[AM_MAX_CHAIN_LAYERS]);

/* With several micro-batches in flight: the plans of all layers that no other beats in peak, in what layers leave and hold, and
 * in cost. */
am_front am_frontier_plans(am_frontier *frontier);

#endif
