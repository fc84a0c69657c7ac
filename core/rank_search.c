/* Which plan each of a rank's chunks follows, so that the rank stays below some bytes at every moment of its schedule: searched by branch
 * and bound over the fronts of their stages, so that nothing that a chain could do is left out. */
#include <string.h>

#include "actmem.h"
#include "bytes.h"

/* What a chunk's micro-batches beside the one that runs keep. The last forward's of what is made anew lasts: that of the one that runs, or
 * of one of them. */
static int64_t kept_beside(const am_rank_chain *chain, const am_moment *moment, int chunk, int64_t kept, int64_t layers)
{
    int64_t count = moment->beside[chunk];
    return count * kept + (count - (count > 0 && moment->chunk != chunk)) * layers * chain->renewed[chunk];
}

int64_t am_rank_chain_peak(const am_rank_chain *chain, const int *plan)
{
    int64_t highest = 0;
    for (int i = 0; i < chain->moments; i++) {
        const am_moment *moment = &chain->moment[i];
        int64_t bytes = chain->base + chain->plan[moment->chunk][plan[moment->chunk]].peak;
        for (int j = 0; j < chain->chunks; j++) {
            const am_stage_plan *own = &chain->plan[j][plan[j]];
            bytes += kept_beside(chain, moment, j, own->kept, own->renewed);
        }
        highest = am_larger(highest, bytes);
    }
    return highest;
}

static void find_bounds(am_rank_chain *chain)
{
    chain->low_cost[chain->chunks] = 0;
    for (int i = chain->chunks - 1; i >= 0; i--) {
        const am_stage_plan *plan = chain->plan[i];
        chain->low_peak[i] = chain->low_kept[i] = chain->low_renewed[i] = INT64_MAX;
        for (int j = 0; j < chain->plans[i]; j++) {
            chain->low_peak[i] = am_smaller(chain->low_peak[i], plan[j].peak);
            chain->low_kept[i] = am_smaller(chain->low_kept[i], plan[j].kept);
            chain->low_renewed[i] = am_smaller(chain->low_renewed[i], plan[j].renewed);
        }
    }
    for (int i = 0; i < chain->moments; i++) {
        const am_moment *moment = &chain->moment[i];
        chain->load[i] = chain->base;
        for (int j = 0; j < chain->chunks; j++)
            chain->load[i] += kept_beside(chain, moment, j, chain->low_kept[j], chain->low_renewed[j]);
    }
}

/* Does every moment stay below, with a plan for this chunk beside those that are taken, and the others at their lowest? */
static bool fits(const am_rank_chain *chain, int chunk, const am_stage_plan *plan, int64_t bytes)
{
    for (int i = 0; i < chain->moments; i++) {
        const am_moment *moment = &chain->moment[i];
        int64_t load = chain->load[i] + kept_beside(chain, moment, chunk, plan->kept - chain->low_kept[chunk],
                                                    plan->renewed - chain->low_renewed[chunk]);
        load += moment->chunk == chunk ? plan->peak : chain->low_peak[moment->chunk];
        if (load > bytes) return false;
    }
    return true;
}

/* A plan is taken for this chunk, or given up again: its own peak then stands in place of the lowest. */
static void take(am_rank_chain *chain, int chunk, const am_stage_plan *plan, int sign)
{
    for (int i = 0; i < chain->moments; i++) {
        const am_moment *moment = &chain->moment[i];
        chain->load[i] += sign * kept_beside(chain, moment, chunk, plan->kept - chain->low_kept[chunk],
                                             plan->renewed - chain->low_renewed[chunk]);
        if (moment->chunk == chunk) chain->load[i] += sign * (plan->peak - chain->low_peak[chunk]);
    }
}

typedef struct am_hunt {
    am_rank_chain *chain;
    int64_t bytes, most; /* at or below both: the peak, and the cost */
    bool any, lower;     /* whichever will do; not less cost, but a lower peak is wanted */
    bool found;
} am_hunt;

static void hunt(am_hunt *own, int chunk, int64_t cost)
{
    am_rank_chain *chain = own->chain;
    if (chunk == chain->chunks) {
        chain->cost = cost;
        own->found = true;
        memcpy(chain->best, chain->taken, sizeof chain->best);
        own->most = own->lower ? cost : cost - 1;
        if (own->lower) own->bytes = am_rank_chain_peak(chain, chain->best) - 1;
        return;
    }
    for (int i = 0; i < chain->plans[chunk]; i++) {
        const am_stage_plan *plan = &chain->plan[chunk][i];
        int64_t least = cost + plan->cost + chain->low_cost[chunk + 1];
        if (least > own->most || (own->any && own->found)) return;
        chain->steps -= chain->moments;
        if (chain->steps < 0) {
            chain->complete = false;
            return;
        }
        if (!fits(chain, chunk, plan, own->bytes)) continue;
        take(chain, chunk, plan, 1);
        chain->taken[chunk] = i;
        hunt(own, chunk + 1, cost + plan->cost);
        take(chain, chunk, plan, -1);
    }
}

/* The least that a chunk costs with all others at their lowest. False: it does not fit even so. */
static bool find_least(am_rank_chain *chain, int64_t bytes)
{
    for (int i = chain->chunks - 1; i >= 0; i--) {
        int first = 0;
        while (first < chain->plans[i] && !fits(chain, i, &chain->plan[i][first], bytes)) first++;
        if (first == chain->plans[i]) return false;
        chain->low_cost[i] = chain->low_cost[i + 1] + chain->plan[i][first].cost;
    }
    return true;
}

/* Plans to begin with: of each chunk in turn the cheapest that fits beside what the others do now, until none gets cheaper. */
static bool improve(am_hunt *own)
{
    am_rank_chain *chain = own->chain;
    int *plan = chain->best;
    if (am_rank_chain_peak(chain, plan) > own->bytes) return false;
    for (bool better = true; better;) {
        better = false;
        for (int i = 0; i < chain->chunks; i++) {
            int now = plan[i];
            for (plan[i] = 0; plan[i] < now && am_rank_chain_peak(chain, plan) > own->bytes; plan[i]++) {}
            better |= plan[i] < now && chain->plan[i][plan[i]].cost < chain->plan[i][now].cost;
        }
    }
    chain->cost = 0;
    for (int i = 0; i < chain->chunks; i++) chain->cost += chain->plan[i][plan[i]].cost;
    own->most = chain->cost - 1;
    return own->found = true;
}

/* For each chunk the plan that leaves least, of these the one that peaks lowest; or the reverse. */
static void take_lowest(am_rank_chain *chain, bool kept)
{
    for (int i = 0; i < chain->chunks; i++) {
        const am_stage_plan *plan = chain->plan[i];
        int lowest = 0;
        for (int j = 1; j < chain->plans[i]; j++) {
            int64_t first = kept ? plan[j].kept - plan[lowest].kept : plan[j].peak - plan[lowest].peak;
            int64_t second = kept ? plan[j].peak - plan[lowest].peak : plan[j].kept - plan[lowest].kept;
            if (first < 0 || (first == 0 && second < 0)) lowest = j;
        }
        chain->best[i] = lowest;
    }
}

static void allow_steps(am_rank_chain *chain)
{
    chain->steps = chain->limit ? chain->limit : AM_MOST_RANK_STEPS;
}

static bool search(am_rank_chain *chain, int64_t bytes, bool any)
{
    am_hunt own = {.chain = chain, .bytes = bytes, .most = INT64_MAX, .any = any};
    chain->complete = true;
    find_bounds(chain);
    if (!find_least(chain, bytes)) return false;
    take_lowest(chain, true);
    if (!improve(&own)) {
        take_lowest(chain, false);
        improve(&own);
    }
    hunt(&own, 0, 0);
    return own.found;
}

bool am_rank_search(am_rank_chain *chain, int64_t bytes)
{
    allow_steps(chain);
    return search(chain, bytes, false);
}

void am_rank_lower(am_rank_chain *chain)
{
    am_hunt own = {.chain = chain, .bytes = am_rank_chain_peak(chain, chain->best) - 1, .most = chain->cost, .lower = true};
    const bool complete = chain->complete;
    chain->complete = true;
    allow_steps(chain);
    if (find_least(chain, own.bytes)) hunt(&own, 0, 0);
    chain->lowered = complete && chain->complete;
    chain->complete = complete;
}

int64_t am_rank_lowest(am_rank_chain *chain)
{
    int64_t low = 0, high;
    bool complete = true;
    take_lowest(chain, true);
    high = am_rank_chain_peak(chain, chain->best);
    take_lowest(chain, false);
    high = am_smaller(high, am_rank_chain_peak(chain, chain->best));
    allow_steps(chain); /* for all of them */
    while (high - low > 1) {
        int64_t middle = low + (high - low) / 2;
        if (search(chain, middle, true)) {
            high = am_rank_chain_peak(chain, chain->best);
        } else {
            complete &= chain->complete;
            low = middle;
        }
    }
    am_rank_search(chain, high);
    chain->complete &= complete;
    return high;
}
