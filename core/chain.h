/* A chain of layers, each of which has choices: what its plans peak at and cost. Private to the core. */
#ifndef ACTMEM_CHAIN_H
#define ACTMEM_CHAIN_H

#include <stdbool.h>
#include <stdint.h>

#define AM_MAX_CHOICES      128
#define AM_MAX_CHAIN_LAYERS 1000
#define AM_MAX_SPAN         16 /* layers of one choice, at most */
#define AM_MAX_HELD         8  /* tensors, or groups of them, that layers are given */

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
    int64_t cached;   /* and until the whole forward has run: where any is, nothing is outlived */
} am_link;

/* A chain: layers in order, and choices for each. The step's peak is the highest of
 *     before                                                        where nothing of the layers is left (embedding),
 *     what the layers before left + what is cached of them + what the one before carries on + link.forward    while a layer runs,
 *     what they left + what they and it hold + link.backward        while its backward does, and what those behind outlived,
 *     what all layers left, hold and have cached + after_forward    behind the last layer (norm, head, loss),
 *     what all layers left and hold + after                         in the backward there,
 *     what all left, have cached, hold but for `frame`, and the last carries on + framed    in the forward there before (norm),
 * and with more micro-batches in flight than one, what all layers left and hold stands below it for each other. Before the layers
 * stands what all of them outlived and the first one's `passed`; the search with several micro-batches leaves that out. */
typedef struct am_chain {
    int layers, choices;
    int64_t in_flight, before, after_forward, after;
    const uint8_t *class_of;    /* by layer: layers of a class have the same links */
    const am_link *link;        /* [class][choices] */
    const uint8_t *span;        /* by choice: layers that it is for */
    int64_t given[AM_MAX_HELD]; /* bytes of what layers are given, there once whoever holds it */
    int64_t framed;             /* where the model's code holds */
    uint8_t frame;              /* this set of it in any case */
} am_chain;

/* What a plan comes to. */
typedef struct am_frontier_point {
    int64_t peak, cost; /* peak: above what is live before the first layer */
    int index;          /* in the front of the whole chain */
} am_frontier_point;

static inline bool am_link_same(const am_link *x, const am_link *y)
{
    return x->residue == y->residue && x->forward == y->forward && x->backward == y->backward && x->cost == y->cost &&
           x->given == y->given && x->outlived == y->outlived && x->passed == y->passed && x->carried == y->carried && x->cached == y->cached;
}

/* What a choice means for the layers from this one on. */
static inline const am_link *am_chain_link(const am_chain *chain, int layer, int choice)
{
    return &chain->link[chain->class_of[layer] * chain->choices + choice];
}

/* Bytes of a set of what layers are given. */
static inline int64_t am_chain_given(const am_chain *chain, unsigned set)
{
    int64_t bytes = 0;
    for (int i = 0; i < AM_MAX_HELD; i++)
        if (set >> i & 1) bytes += chain->given[i];
    return bytes;
}

/* Behind the last layer, above what all left, while the model's code holds what it gave to layers. */
static inline int64_t am_chain_framed(const am_chain *chain, unsigned held, int64_t carried)
{
    return chain->framed + am_chain_given(chain, held & ~(unsigned)chain->frame) + carried;
}

/* The peak, with one micro-batch, and the cost of a plan, by the chain's definition; *left: what its layers leave and hold. */
am_frontier_point am_chain_play(const am_chain *chain, int count, const uint8_t *choice, int64_t *left);

/* A cost that no plan is below which peaks no higher than this (am_frontier_point's): each layer's least where a byte that is left has
 * the price that makes this highest, and what is behind the last, of forward or backward, stands on what all leave. *price: that price, of a
 * byte. */
int64_t am_chain_bound(const am_chain *chain, int64_t peak, double *price);

#endif
