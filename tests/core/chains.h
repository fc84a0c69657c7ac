/* Random chains, and every plan of them. */
#ifndef CHAINS_H
#define CHAINS_H

#include "chain.h"

#include <stdlib.h>

#include "inputs.h"

#define MOST_LAYERS  8
#define MOST_CHOICES 4
#define MOST_PLANS   100000

static int count;
static am_frontier_point all[MOST_PLANS];

/* A repeatable draw from 0 to below n. */
static uint64_t state;
static inline int64_t draw(int64_t n)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (int64_t)(state >> 33) % n;
}

typedef struct random_chain {
    am_chain chain;
    uint8_t class_of[MOST_LAYERS], span[MOST_CHOICES];
    am_link link[MOST_LAYERS * MOST_CHOICES];
} random_chain;

/* Figures from few values, so that many are equal; or from many. */
static inline void draw_chain(random_chain *chain, int seed)
{
    static const int64_t ranges[] = {3, 10, 1000, (int64_t)1 << 40};
    state = (uint64_t)seed;
    draw(2);
    int64_t range = ranges[draw(4)];
    int classes = 1 + (int)draw(MOST_LAYERS);
    chain->chain = (am_chain){.layers = 1 + (int)draw(MOST_LAYERS),
                              .choices = 1 + (int)draw(MOST_CHOICES),
                              .in_flight = draw(2) ? 1 : 1 + draw(6),
                              .before = draw(3) ? 0 : draw(2 * range),
                              .after_forward = draw(2) ? 0 : draw(4 * range),
                              .after = draw(2) ? 0 : draw(4 * range),
                              .class_of = chain->class_of,
                              .link = chain->link,
                              .span = chain->span};
    for (int i = 0; i < MOST_LAYERS; i++) chain->class_of[i] = (uint8_t)draw(classes);
    for (int i = 0; i < MOST_CHOICES; i++) chain->span[i] = i == 0 || draw(3) ? 1 : (uint8_t)(1 + draw(MOST_LAYERS));
    int given = draw(2) ? 0 : 1 + (int)draw(3);
    if (draw(2)) chain->chain.framed = draw(5 * range);
    chain->chain.frame = (uint8_t)draw(8);
    for (int i = 0; i < given; i++) chain->chain.given[i] = draw(3) ? draw(range) : draw(8 * range);
    bool leaves = chain->chain.in_flight == 1 && draw(3) == 0; /* for good */
    int64_t passed = draw(range);
    bool carries = !leaves && draw(3) == 0; /* into the next layer */
    int64_t carried = carries ? draw(2 * range) : 0;
    bool caches = chain->chain.in_flight == 1 && !leaves && draw(2); /* until the forward's end */
    bool backwards = leaves || draw(2); /* peak above forwards, as they mostly do */
    for (int i = 0; i < MOST_LAYERS * MOST_CHOICES; i++) {
        int64_t residue = draw(range), forward = residue + draw(2 * range);
        bool none = i % chain->chain.choices && !draw(8);
        uint8_t held = given ? (uint8_t)draw((int64_t)1 << given) : 0;
        if (draw(3)) held = (uint8_t)((1 << given) - 1); /* as most regions */
        int64_t outlived = leaves && draw(2) ? draw(range) : 0, own = leaves && draw(2) ? passed : 0;
        chain->link[i] = (am_link){residue, forward, backwards ? forward + draw(range) : residue + draw(2 * range),
                                   none ? -1 : draw(range), held, outlived, own, carries && draw(2) ? carried : 0,
                                   caches && draw(2) ? draw(range) : 0};
    }
}

static inline void play_every_plan(const am_chain *chain, int layer, int length, uint8_t *choice)
{
    if (layer == chain->layers) {
        ck_assert_int_lt(count, MOST_PLANS);
        int64_t left;
        all[count] = am_chain_play(chain, length, choice, &left);
        all[count++].peak += (chain->in_flight - 1) * left;
        return;
    }
    for (int i = 0; i < chain->choices; i++) {
        bool there = chain->link[chain->class_of[layer] * chain->choices + i].cost >= 0;
        if (!there || layer + chain->span[i] > chain->layers) continue;
        choice[length] = (uint8_t)i;
        play_every_plan(chain, layer + chain->span[i], length + 1, choice);
    }
}

static inline int by_peak(const void *x, const void *y)
{
    const am_frontier_point *a = x, *b = y;
    if (a->peak != b->peak) return a->peak < b->peak ? -1 : 1;
    return a->cost < b->cost ? -1 : a->cost > b->cost;
}

/* Leaves the plans that no other beats, one of equal ones. */
static inline void sift(void)
{
    int left = 0;
    qsort(all, (size_t)count, sizeof *all, by_peak);
    for (int i = 0; i < count; i++)
        if (left == 0 || all[i].cost < all[left - 1].cost) all[left++] = all[i];
    count = left;
}

#endif
