/* Fronts of plans, merged: plans that another beats go, and nothing is rounded. */
#include "bytes.h"
#include "front.h"

#include <string.h>

/* Where in the staircase a residue belongs: behind all that are no higher. */
static int stair_of(const am_stairs *stairs, int64_t residue)
{
    int low = 0, high = stairs->count;
    if (high == 0 || stairs->rest[high - 1] <= residue) return high;
    while (low < high) {
        int middle = (low + high) / 2;
        if (stairs->rest[middle] <= residue)
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
    if (at > 0 && stairs->rest[at - 1] == residue) at--;
    while (end < stairs->count && stairs->cost[end] >= cost) end++;
    int moved = stairs->count - end;
    memmove(&stairs->rest[at + 1], &stairs->rest[end], (size_t)moved * sizeof *stairs->rest);
    memmove(&stairs->cost[at + 1], &stairs->cost[end], (size_t)moved * sizeof *stairs->cost);
    stairs->rest[at] = residue;
    stairs->cost[at] = cost;
    stairs->count = at + 1 + moved;
    return true;
}

static bool put(am_front *front, am_stairs *stairs, int64_t peak, int64_t residue, int64_t cost, uint32_t node)
{
    if (!climb(stairs, residue, cost)) return true;
    int last = front->count - 1;
    bool better = last >= 0 && front->peak[last] == peak && front->rest[last] >= residue && front->cost[last] >= cost;
    if (!better && front->count == AM_MAX_FRONT) return false;
    int at = better ? last : front->count++;
    front->peak[at] = peak;
    front->rest[at] = residue;
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
static inline int64_t peak_behind(const am_step_over *over, int64_t behind)
{
    return am_larger(over->residue + behind, over->peak);
}

bool am_front_merge_one(am_front *out, const am_front *known, const am_front *behind, const am_step_over *over)
{
    int j = count_below(behind, over->peak - over->residue); /* of those at the layer's own peak the last costs least */
    if (j > 0) j--;
    int i = count_below(known, peak_behind(over, behind->peak[j])), count = i;
    copy_plans(out, 0, known, 0, i);
    int64_t lowest = i > 0 ? known->cost[i - 1] : INT64_MAX, last = i > 0 ? known->peak[i - 1] : INT64_MIN;
    for (;;) {
        while (i < known->count && known->cost[i] >= lowest) i++;
        while (j < behind->count && over->cost + behind->cost[j] >= lowest) j++;
        if (i == known->count || j == behind->count) break;
        int64_t peak = peak_behind(over, behind->peak[j]);
        bool first = known->peak[i] <= peak;
        if (first) peak = known->peak[i];
        int at = count - (peak == last); /* it is cheaper than the one before it */
        if (at == AM_MAX_FRONT) return false;
        out->peak[at] = last = peak;
        out->cost[at] = lowest = first ? known->cost[i] : over->cost + behind->cost[j];
        out->node[at] = first ? known->node[i] : over->mark | (uint32_t)j;
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
        int64_t peak = peak_behind(over, behind->peak[j]);
        int at = count - (peak == last);
        if (at == AM_MAX_FRONT) return false;
        out->peak[at] = last = peak;
        out->cost[at] = over->cost + behind->cost[j];
        out->node[at] = over->mark | (uint32_t)j;
        count = at + 1;
    }
    out->count = count;
    return true;
}

bool am_front_merge(am_front *out, const am_front *known, const am_front *behind, const am_step_over *over, am_stairs *stairs)
{
    int i = 0, j = 0;
    out->count = 0;
    while (i < known->count || j < behind->count) {
        int64_t peak = INT64_MAX, cost = 0, rest = 0;
        if (j < behind->count) {
            peak = peak_behind(over, behind->peak[j]);
            cost = over->cost + behind->cost[j];
            rest = over->rest + behind->rest[j];
            if (over->least > INT64_MIN) rest = am_larger(rest, am_larger(peak, over->least));
        }
        bool first = i < known->count && (known->peak[i] < peak || (known->peak[i] == peak && known->cost[i] <= cost));
        bool fits = first ? put(out, stairs, known->peak[i], known->rest[i], known->cost[i], known->node[i])
                          : put(out, stairs, peak, rest, cost, over->mark | (uint32_t)j);
        if (!fits) return false;
        if (first)
            i++;
        else
            j++;
    }
    return true;
}

void am_front_copy(am_front *out, const am_front *from, bool rests)
{
    copy_plans(out, 0, from, 0, from->count);
    if (rests) memcpy(out->rest, from->rest, (size_t)from->count * sizeof *out->rest);
    out->count = from->count;
}
