/* The moments of a pipeline's schedule: what a rank runs, beside how many chunks that wait for their backward. */
#include <string.h>

#include "actmem.h"
#include "pipeline_schedule.h"

typedef struct am_watch {
    am_rank_chain *chain;
    int32_t alive[AM_MAX_CHUNKS];
    bool full;
} am_watch;

static bool is_below(const am_moment *x, const am_moment *y, int chunks)
{
    if (x->chunk != y->chunk) return false;
    for (int i = 0; i < chunks; i++)
        if (x->beside[i] > y->beside[i]) return false;
    return true;
}

/* Notes a moment unless one stands above it, in place of those that it stands above. */
static void note(am_watch *watch, const am_moment *moment)
{
    am_rank_chain *chain = watch->chain;
    int count = 0;
    for (int i = 0; i < chain->moments; i++)
        if (is_below(moment, &chain->moment[i], chain->chunks)) return;
    for (int i = 0; i < chain->moments; i++)
        if (!is_below(&chain->moment[i], moment, chain->chunks)) chain->moment[count++] = chain->moment[i];
    watch->full |= count == AM_MAX_MOMENTS;
    if (count < AM_MAX_MOMENTS) chain->moment[count++] = *moment;
    chain->moments = count;
}

/* Of a run of forwards the last has most beside it, of a run of backwards the first. */
static void watch_action(void *context, am_pipeline_action action, int chunk, int64_t times)
{
    am_watch *watch = context;
    bool forward = action == AM_ACT_FORWARD;
    am_moment moment = {.chunk = chunk};
    if (forward) watch->alive[chunk] += (int32_t)times;
    memcpy(moment.beside, watch->alive, sizeof moment.beside);
    moment.beside[chunk]--;
    note(watch, &moment);
    if (!forward) watch->alive[chunk] -= (int32_t)times;
}

bool am_rank_moments(am_rank_chain *chain, const am_config *config, int64_t rank)
{
    const am_pipeline schedule = am_pipeline_of(config);
    am_watch watch = {.chain = chain};
    chain->chunks = (int)config->vpp;
    chain->moments = 0;
    am_pipeline_play(&schedule, rank, watch_action, &watch);
    return !watch.full;
}
