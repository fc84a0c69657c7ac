/* The exact frontier of checkpointing plans over a chain of layers: which choice for each layer, so that no other plan has
 * both a lower peak and less to run again. Private to the core. */
#ifndef ACTMEM_FRONTIER_H
#define ACTMEM_FRONTIER_H

#include <stdbool.h>
#include <stdint.h>

#define AM_MAX_CHOICES      128
#define AM_MAX_CHAIN_LAYERS 1000
#define AM_MAX_SPAN         16      /* layers of one choice, at most */
#define AM_MAX_FRONT        8192    /* plans of a part of the chain, at most */
#define AM_MAX_FRONTS       262144  /* of the parts that are looked at together */
#define AM_MAX_FRONT_NODES  2097152 /* of all parts */
#define AM_MAX_HELD         8       /* tensors, or groups of them, that layers are given */
#define AM_MAX_STATES       8       /* sets of these that the layers before one may hold */

/* What one choice for the layers from one on means. */
typedef struct am_link {
    int64_t residue;  /* bytes left by the forward, until the backward */
    int64_t forward;  /* highest live bytes while these layers run, above what the layers before them left and carry on, and */
    int64_t backward; /* of their backward, above what these and they themselves hold of what they are given too */
    int64_t cost;     /* of running again; -1: there is no such choice here */
    uint8_t given;    /* what they hold of it until their backward, as a set */
    int64_t outlived; /* bytes that their backward leaves for good, and that of the layers before them on their behalf; where that is */
    int64_t passed;   /* not 0, it is the same in all of a chain */
    int64_t carried;  /* beside what they leave, until the next layers have run; where it is not 0, the same in all of a chain */
} am_link;

/* A chain: layers in order, and choices for each. The step's peak is the highest of
 *     before                                                        where nothing of the layers is left (embedding),
 *     what the layers before left + what the one before carries on + link.forward    while a layer runs,
 *     what they left + what they and it hold + link.backward        while its backward does, and what those behind outlived,
 *     what all layers left and hold + after                         behind the last layer (norm, head, loss),
 *     what all left, hold but for `frame`, and the last carries on + framed    there before (norm),
 * and with more micro-batches in flight than one, what all layers left and hold stands below it for each other. Before the layers
 * stands what all of them outlived and the first one's `passed`; the search with several micro-batches leaves that out. */
typedef struct am_chain {
    int layers, choices;
    int64_t in_flight, before, after;
    const uint8_t *class_of;    /* by layer: layers of a class have the same links */
    const am_link *link;        /* [class][choices] */
    const uint8_t *span;        /* by choice: layers that it is for */
    int64_t given[AM_MAX_HELD]; /* bytes of what layers are given, there once whoever holds it */
    int64_t framed;             /* where the model's code holds */
    uint8_t frame;              /* this set of it in any case */
} am_chain;

/* Plans of the layers from one on; sorted by peak. */
typedef struct am_front {
    int count;
    int64_t *peak, *rest, *cost; /* rest: with several micro-batches in flight what stays, else what is outlived */
    uint32_t *node;                 /* the choice, and which plan of the layers behind */
} am_front;

typedef struct am_frontier_point {
    int64_t peak, cost; /* peak: above what is live before the first layer */
    int index;          /* in the front of the whole chain */
} am_frontier_point;

/* A front while it is made. */
typedef struct am_front_space {
    int64_t peak[AM_MAX_FRONT + 1], rest[AM_MAX_FRONT + 1], cost[AM_MAX_FRONT + 1];
    uint32_t node[AM_MAX_FRONT + 1];
} am_front_space;

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

/* A cost that no plan is below which peaks no higher than this (am_frontier_point's): each layer's least where a byte that is left has
 * the price that makes this highest, and what is behind the last stands on what all leave. *price: that price, of a byte. */
int64_t am_frontier_bound(const am_chain *chain, int64_t peak, double *price);

/* The choices of a plan in order, each for as many layers as it spans. Returns how many. index: am_frontier_point.index. */
int am_frontier_plan(const am_frontier *frontier, const am_chain *chain, int index,
                     uint8_t choice[AM_MAX_CHAIN_LAYERS]);

/* With several micro-batches in flight: the plans of all layers that no other beats in peak, in what layers leave and hold, and
 * in cost. */
am_front am_frontier_plans(am_frontier *frontier);

/* The peak, with one micro-batch, and the cost of a plan, by the chain's definition; *left: what its layers leave and hold. */
am_frontier_point am_chain_play(const am_chain *chain, int count, const uint8_t *choice, int64_t *left);

#endif
