/* Schedules drawn at random, the same with every run. */
#ifndef RANK_DRAWS_H
#define RANK_DRAWS_H

#include "fixture.h"

/* A repeatable draw from 0 to below n. */
static uint64_t state;
static inline int64_t draw(int64_t n)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (int64_t)(state >> 33) % n;
}

static inline am_config draw_schedule(int64_t schedule)
{
    int64_t pp = 1 + draw(6), vpp = schedule == AM_GPIPE || schedule == AM_1F1B ? 1 : 2 + draw(3);
    return (am_config){.schedule = schedule, .pp = pp, .vpp = vpp, .micro_batches = pp * (1 + draw(5)), .layers = pp * vpp};
}

#endif
