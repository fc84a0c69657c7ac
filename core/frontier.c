/* The frontier by dynamic programming from the last layer on. For the plans of the layers behind one, the peak above what
 * stands before them is monotone in each of their peaks, so that a plan that is beaten there is beaten everywhere: fronts
 * hold all that matters, and nothing is rounded. */
#include "bytes.h"
#include "frontier.h"

#include <string.h>

#define CHOICE_SHIFT 24
#define PARENT_MASK  0xffffffu

static am_front *front_of(am_frontier *frontier, int layer)
{
    return &frontier->ring[layer % (AM_MAX_SPAN + 1)];
}

static const am_link *link_of(const am_chain *chain, int layer, int choice)
{
    return &chain->link[chain->class_of[layer] * chain->choices + choice];
}

/* ---- fronts ---- */

/* The best of what has been taken into a front: with one micro-batch in flight the lowest cost; with more a staircase
 * of residues that rise and costs that fall. */
typedef struct am_stairs {
    int count;
    int64_t *residue, *cost;
} am_stairs;

/* Where in the staircase a residue belongs: behind all that are no higher. */
static int stair_of(const am_stairs *stairs, int64_t residue)
{
    int low = 0, high = stairs->count;
    if (high == 0 || stairs->residue[high - 1] <= residue) return high;
    while (low < high) {
        int middle = (low + high) / 2;
        if (stairs->residue[middle] <= residue)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Takes a plan in unless one is there that is as good; its peak is no lower than all that were taken in before. */
static bool climb(am_stairs *stairs, int64_t residue, int64_t cost)
{
    int at = stair_of(stairs, residue), end = at;
    if (at > 0 && stairs->cost[at - 1] <= cost) return false;
    if (at > 0 && stairs->residue[at - 1] == residue) at--;
    while (end < stairs->count && stairs->cost[end] >= cost) end++;
    int moved = stairs->count - end;
    memmove(&stairs->residue[at + 1], &stairs->residue[end], (size_t)moved * sizeof *stairs->residue);
    memmove(&stairs->cost[at + 1], &stairs->cost[end], (size_t)moved * sizeof *stairs->cost);
    stairs->residue[at] = residue;
    stairs->cost[at] = cost;
    stairs->count = at + 1 + moved;
    return true;
}

static bool put(am_front *front, am_stairs *stairs, int64_t peak, int64_t residue, int64_t cost, uint32_t node)
{
    if (!climb(stairs, residue, cost)) return true;
    int last = front->count - 1;
    bool better = last >= 0 && front->peak[last] == peak && front->residue[last] >= residue && front->cost[last] >= cost;
    if (!better && front->count == AM_MAX_FRONT) return false;
    int at = better ? last : front->count++;
    front->peak[at] = peak;
    front->residue[at] = residue;
    front->cost[at] = cost;
    front->node[at] = node;
    return true;
}

/* How many of a front's plans peak no higher. */
static int count_below(const am_front *front, int64_t peak)
{
    int low = 0, high = front->count;
    while (low < high) {
        int middle = (low + high) / 2;
        if (front->peak[middle] <= peak)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void copy_plans(am_front *out, int at, const am_front *from, int first, int end)
{
    size_t count = (size_t)(end - first);
    memcpy(&out->peak[at], &from->peak[first], count * sizeof *out->peak);
    memcpy(&out->cost[at], &from->cost[first], count * sizeof *out->cost);
    memcpy(&out->node[at], &from->node[first], count * sizeof *out->node);
}

/* Where a plan of the layers behind peaks, with this layer before it. */
static inline int64_t peak_behind(const am_link *link, int64_t behind)
{
    return am_larger(link->residue + behind, link->peak);
}

/* The same as merge for one micro-batch in flight, where the lowest cost so far is all that counts: most of a search's
 * time is spent here. Both fronts are stairs already: what lies before or behind the other is copied as it is. */
static bool merge_one(am_frontier *frontier, am_front *out, const am_front *known, const am_front *behind,
                      const am_link *link, uint32_t choice)
{
    const uint32_t mark = choice << CHOICE_SHIFT;
    frontier->steps += known->count + behind->count;
    int j = count_below(behind, link->peak - link->residue); /* of those at the layer's own peak the last costs least */
    if (j > 0) j--;
    int i = count_below(known, peak_behind(link, behind->peak[j])), count = i;
    copy_plans(out, 0, known, 0, i);
    int64_t lowest = i > 0 ? known->cost[i - 1] : INT64_MAX, last = i > 0 ? known->peak[i - 1] : INT64_MIN;
    for (;;) {
        while (i < known->count && known->cost[i] >= lowest) i++;
        while (j < behind->count && link->cost + behind->cost[j] >= lowest) j++;
        if (i == known->count || j == behind->count) break;
        int64_t peak = peak_behind(link, behind->peak[j]);
        bool first = known->peak[i] <= peak;
        if (first) peak = known->peak[i];
        int at = count - (peak == last); /* it is cheaper than the one before it */
        if (at == AM_MAX_FRONT) return false;
        out->peak[at] = last = peak;
        out->cost[at] = lowest = first ? known->cost[i] : link->cost + behind->cost[j];
        out->node[at] = first ? known->node[i] : mark | (uint32_t)j;
        count = at + 1;
        if (first)
            i++;
        else
            j++;
    }
    if (count + known->count - i > AM_MAX_FRONT) return false;
    copy_plans(out, count, known, i, known->count);
    count += known->count - i;
    for (; j < behind->count; j++) {
        int64_t peak = peak_behind(link, behind->peak[j]);
        int at = count - (peak == last);
        if (at == AM_MAX_FRONT) return false;
        out->peak[at] = last = peak;
        out->cost[at] = link->cost + behind->cost[j];
        out->node[at] = mark | (uint32_t)j;
        count = at + 1;
    }
    out->count = count;
    return true;
}

/* Merges what is known of the layers from one on with what a choice for the first of them makes of the plans behind.
 * False if the front is full. */
static bool merge(am_frontier *frontier, am_front *out, const am_front *known, const am_front *behind,
                  const am_link *link, uint32_t choice)
{
    am_stairs stairs = {0, frontier->stair_residue, frontier->stair_cost};
    int i = 0, j = 0;
    out->count = 0;
    frontier->steps += known->count + behind->count;
    while (i < known->count || j < behind->count) {
        int64_t peak = INT64_MAX, cost = 0;
        if (j < behind->count) {
            peak = peak_behind(link, behind->peak[j]);
            cost = link->cost + behind->cost[j];
        }
        bool first = i < known->count && (known->peak[i] < peak || (known->peak[i] == peak && known->cost[i] <= cost));
        bool fits = first ? put(out, &stairs, known->peak[i], known->residue[i], known->cost[i], known->node[i])
                          : put(out, &stairs, peak, link->residue + behind->residue[j], cost,
                                choice << CHOICE_SHIFT | (uint32_t)j);
        if (!fits) return false;
        if (first)
            i++;
        else
            j++;
    }
    return true;
}

/* ---- the chain ---- */

static bool solve_layer(am_frontier *frontier, const am_chain *chain, int layer, int *nodes)
{
    am_front *now = &frontier->scratch[0], *next = &frontier->scratch[1];
    now->count = 0;
    for (int choice = 0; choice < chain->choices; choice++) {
        const am_link *link = link_of(chain, layer, choice);
        if (link->residue < 0 || layer + chain->span[choice] > chain->layers) continue;
        const am_front *behind = front_of(frontier, layer + chain->span[choice]);
        bool fits = chain->in_flight > 1 ? merge(frontier, next, now, behind, link, (uint32_t)choice)
                                         : merge_one(frontier, next, now, behind, link, (uint32_t)choice);
        if (!fits) return false;
        am_front *other = now;
        now = next;
        next = other;
    }
    if (*nodes + now->count > AM_MAX_FRONT_NODES) return false;
    am_front *front = front_of(frontier, layer);
    size_t count = (size_t)now->count;
    front->count = now->count;
    memcpy(front->peak, now->peak, count * sizeof *now->peak);
    if (chain->in_flight > 1) memcpy(front->residue, now->residue, count * sizeof *now->residue);
    memcpy(front->cost, now->cost, count * sizeof *now->cost);
    memcpy(&frontier->node[*nodes], now->node, count * sizeof *now->node);
    frontier->first[layer] = *nodes;
    *nodes += now->count;
    return true;
}

/* Fronts grow about as the number of layers: what is left can be foreseen, and given up early. */
static bool goes_too_far(const am_frontier *frontier, int done, int layers, int64_t steps)
{
    if (frontier->steps > steps) return true;
    const int enough = 8;
    if (done < enough) return false;
    return frontier->steps / (done * done) > steps / layers * 2 / layers;
}

/* The plans of all layers, now with the other micro-batches below them. */
static void read_points(am_frontier *frontier, const am_chain *chain)
{
    const am_front *front = front_of(frontier, 0);
    frontier->points = 0;
    for (int i = 0; i < front->count; i++) {
        int64_t highest = am_larger(front->peak[i], chain->before);
        int64_t others = chain->in_flight > 1 ? (chain->in_flight - 1) * front->residue[i] : 0;
        am_frontier_point point = {highest + others, front->cost[i], i};
        int at = frontier->points;
        if (chain->in_flight > 1) /* no longer in order */
            while (at > 0 && frontier->point[at - 1].peak > point.peak) at--;
        if (at > 0 && frontier->point[at - 1].cost <= point.cost) continue;
        while (at > 0 && frontier->point[at - 1].peak == point.peak) at--;
        int end = at;
        while (end < frontier->points && frontier->point[end].cost >= point.cost) end++;
        memmove(&frontier->point[at + 1], &frontier->point[end], (size_t)(frontier->points - end) * sizeof point);
        frontier->point[at] = point;
        frontier->points += 1 + at - end;
    }
}

am_code am_frontier_solve(am_frontier *frontier, const am_chain *chain, int64_t steps)
{
    int nodes = 0;
    frontier->steps = frontier->points = 0;
    if (chain->layers > AM_MAX_CHAIN_LAYERS || chain->choices > AM_MAX_CHOICES) return AM_CAPACITY;
    am_front *end = front_of(frontier, chain->layers);
    end->count = 1;
    end->peak[0] = chain->after;
    end->residue[0] = end->cost[0] = 0;
    for (int layer = chain->layers - 1; layer >= 0; layer--) {
        if (!solve_layer(frontier, chain, layer, &nodes)) return AM_CAPACITY;
        if (goes_too_far(frontier, chain->layers - layer, chain->layers, steps)) return AM_CAPACITY;
    }
    read_points(frontier, chain);
    return AM_OK;
}

int am_frontier_plan(const am_frontier *frontier, const am_chain *chain, int point,
                     uint8_t choice[AM_MAX_CHAIN_LAYERS])
{
    int count = 0, layer = 0, index = frontier->point[point].index;
    while (layer < chain->layers) {
        uint32_t node = frontier->node[frontier->first[layer] + index];
        choice[count] = (uint8_t)(node >> CHOICE_SHIFT);
        index = (int)(node & PARENT_MASK);
        layer += chain->span[choice[count++]];
    }
    return count;
}

am_frontier_point am_chain_play(const am_chain *chain, int count, const uint8_t *choice)
{
    am_frontier_point point = {.peak = chain->before, .index = -1};
    int64_t left = 0;
    for (int i = 0, layer = 0; i < count; layer += chain->span[choice[i]], i++) {
        const am_link *link = link_of(chain, layer, choice[i]);
        if (left + link->peak > point.peak) point.peak = left + link->peak;
        left += link->residue;
        point.cost += link->cost;
    }
    if (left + chain->after > point.peak) point.peak = left + chain->after;
    point.peak += (chain->in_flight - 1) * left;
    return point;
}
