/* The frontier by dynamic programming from the last layer on. For the plans of the layers behind one, the peak above what
 * stands before them is monotone in each of their peaks, so that a plan that is beaten there is beaten everywhere: fronts
 * hold all that matters, and nothing is rounded. What layers are given (masks, tables) is there from the first of them that
 * holds it on: there is a front for each set of it that the layers before may hold. What is cached until the forward has ended lifts forwards
 * alone: plans then are compared by their forward's peak, and by the whole's. That of the backward says no more, as what is lifted by the
 * layers before is never below it. With several micro-batches in flight, whose plans have a third figure already, backwards are taken to be
 * lifted, too: peaks are at most what is said. */
#include "bytes.h"
#include "frontier.h"

#include <string.h>

#define CHOICE_SHIFT 24
#define PASSES     0x800000u /* the plans behind are of those for whose first layers something is left */
#define PARENT_MASK  0x7fffffu
#define CARRIED      (1u << AM_MAX_HELD) /* in a state, beside what is held: the layer before carries something on */

static bool is_there(const am_chain *chain, int layer, int choice)
{
    return am_chain_link(chain, layer, choice)->cost >= 0 && layer + chain->span[choice] <= chain->layers;
}

static am_front space_front(am_frontier *frontier, int index)
{
    am_front_space *space = &frontier->space[index];
    return (am_front){0, space->peak, space->rest, space->cost, space->node};
}

/* What stands before a front: the sets that matter, and where they are. What no layer from here on may hold makes no state of
 * its own where peaks are those of backwards: it stands below all of them alike. Nor does what is carried into a layer that peaks
 * no higher by it. */
static unsigned state_of(const am_frontier *frontier, int layer, unsigned state)
{
    if (!frontier->minds[layer]) state &= ~CARRIED;
    return frontier->drops ? state & (frontier->later[layer] | CARRIED) : state;
}

/* What is held, and carried on, behind a choice. */
static unsigned behind_link(unsigned state, const am_link *link)
{
    return (state & ~CARRIED) | link->given | (link->carried ? CARRIED : 0);
}

/* May it peak higher by what is carried into it? */
static bool minds(const am_frontier *frontier, const am_chain *chain, const am_link *link)
{
    if (frontier->caches) return frontier->carried > 0;
    return frontier->carried > 0 && link->forward + frontier->carried > link->backward + am_chain_given(chain, link->given);
}

static int slot_of(const am_front_layer *layer, unsigned state)
{
    int i = 0;
    while (i < layer->states && layer->state[i] != state) i++;
    return i;
}

/* outlives: of the plans whose first layers outlive something, or of the others. */
static am_front front_of(am_frontier *frontier, int layer, unsigned state, bool outlives)
{
    const am_front_layer *at = &frontier->layer[layer];
    int slot = slot_of(at, state);
    int64_t place = at->place[slot][outlives] % AM_MAX_FRONTS;
    return (am_front){at->count[slot][outlives], &frontier->peak[place], &frontier->rest[place], &frontier->cost[place],
                      NULL};
}

/* All sets that the layers before each may hold. False: they are too many. */
static bool find_states(am_frontier *frontier, const am_chain *chain)
{
    for (int layer = 0; layer <= chain->layers; layer++) frontier->layer[layer].states = 0;
    frontier->layer[0].states = 1;
    frontier->layer[0].state[0] = 0;
    for (int layer = 0; layer < chain->layers; layer++) {
        const am_front_layer *at = &frontier->layer[layer];
        for (int choice = 0; choice < chain->choices && at->states; choice++) {
            if (!is_there(chain, layer, choice)) continue;
            int end = layer + chain->span[choice];
            am_front_layer *next = &frontier->layer[end];
            for (int i = 0; i < at->states; i++) {
                unsigned state = state_of(frontier, end, behind_link(at->state[i], am_chain_link(chain, layer, choice)));
                if (slot_of(next, state) < next->states) continue;
                if (next->states == AM_MAX_STATES) return false;
                next->state[next->states++] = (uint16_t)state;
            }
        }
    }
    return true;
}

/* Does each backward peak above the forward, whatever is held? */
static bool backwards_peak(const am_frontier *frontier, const am_chain *chain)
{
    bool seen[256] = {false};
    for (int layer = 0; layer < chain->layers; layer++) {
        if (seen[chain->class_of[layer]]) continue;
        seen[chain->class_of[layer]] = true;
        for (int choice = 0; choice < chain->choices; choice++) {
            const am_link *link = am_chain_link(chain, layer, choice);
            if (is_there(chain, layer, choice) &&
                link->forward + frontier->carried > link->backward + am_chain_given(chain, link->given))
                return false;
        }
    }
    return true;
}

/* Is something left for good? Notes how much layers leave on behalf of those behind them. */
static bool find_outlived(am_frontier *frontier, const am_chain *chain)
{
    bool any = false;
    frontier->passed = 0;
    for (int layer = 0; layer < chain->layers; layer++)
        for (int choice = 0; choice < chain->choices; choice++) {
            const am_link *link = am_chain_link(chain, layer, choice);
            if (!is_there(chain, layer, choice)) continue;
            any |= link->outlived != 0 || link->passed != 0;
            frontier->passed = am_larger(frontier->passed, link->passed);
        }
    return any;
}

/* May the moments behind the last layer in which the model's code holds what it gave to layers be the highest? They are mostly below the
 * head's, or below any last layer's backward. */
static bool frame_peaks(const am_frontier *frontier, const am_chain *chain)
{
    if (frontier->caches) return frontier->carried > 0;
    if (chain->framed + frontier->carried <= am_larger(chain->after_forward, chain->after)) return false;
    for (int choice = 0; choice < chain->choices; choice++) {
        const int layer = chain->layers - chain->span[choice];
        if (layer < 0 || !is_there(chain, layer, choice)) continue;
        const am_link *link = am_chain_link(chain, layer, choice);
        if (link->residue + chain->framed + link->carried > link->backward) return true;
    }
    return false;
}

static void find_carried(am_frontier *frontier, const am_chain *chain)
{
    frontier->carried = 0;
    frontier->cached = false;
    for (int layer = 0; layer < chain->layers; layer++)
        for (int choice = 0; choice < chain->choices; choice++) {
            const am_link *link = am_chain_link(chain, layer, choice);
            if (!is_there(chain, layer, choice)) continue;
            frontier->carried = am_larger(frontier->carried, link->carried);
            frontier->cached |= link->cached != 0;
        }
    frontier->caches = frontier->cached && chain->in_flight == 1;
}

static void begin(am_frontier *frontier, const am_chain *chain)
{
    frontier->steps = frontier->written = 0;
    frontier->points = frontier->nodes = 0;
    frontier->reach = 1;
    find_carried(frontier, chain);
    frontier->minds[chain->layers] = frame_peaks(frontier, chain);
    frontier->drops = !frontier->caches && backwards_peak(frontier, chain) && !frontier->minds[chain->layers];
    frontier->outlives = chain->in_flight == 1 && find_outlived(frontier, chain);
    frontier->rests = chain->in_flight > 1 || frontier->outlives || frontier->caches;
    frontier->later[chain->layers] = 0;
    for (int choice = 0; choice < chain->choices; choice++)
        if (chain->span[choice] > frontier->reach) frontier->reach = chain->span[choice];
    for (int layer = chain->layers - 1; layer >= 0; layer--) {
        frontier->later[layer] = frontier->later[layer + 1];
        frontier->minds[layer] = false;
        for (int choice = 0; choice < chain->choices; choice++) {
            if (!is_there(chain, layer, choice)) continue;
            frontier->later[layer] |= am_chain_link(chain, layer, choice)->given;
            frontier->minds[layer] |= minds(frontier, chain, am_chain_link(chain, layer, choice));
        }
    }
}

/* Writes a front down where none that is still looked at stands. */
static bool keep_front(am_frontier *frontier, const am_chain *chain, int layer, int slot, bool own,
                       const am_front *front)
{
    am_front_layer *at = &frontier->layer[layer];
    int64_t begin = frontier->written, left = AM_MAX_FRONTS - begin % AM_MAX_FRONTS, end = layer + frontier->reach;
    if (left < front->count) begin += left;
    frontier->written = begin + front->count;
    if (end > chain->layers) end = chain->layers;
    if (frontier->written - frontier->layer[end].begin > AM_MAX_FRONTS) return false;
    if (frontier->nodes + front->count > AM_MAX_FRONT_NODES) return false;
    size_t count = (size_t)front->count, place = (size_t)(begin % AM_MAX_FRONTS);
    memcpy(&frontier->peak[place], front->peak, count * sizeof *front->peak);
    if (frontier->rests) memcpy(&frontier->rest[place], front->rest, count * sizeof *front->rest);
    memcpy(&frontier->cost[place], front->cost, count * sizeof *front->cost);
    memcpy(&frontier->node[frontier->nodes], front->node, count * sizeof *front->node);
    at->place[slot][own] = begin;
    at->count[slot][own] = front->count;
    at->node[slot][own] = frontier->nodes;
    frontier->nodes += front->count;
    return true;
}

/* Takes a choice's plans into those that are known, of layers before which such a set is held. What layers outlive stands below
 * the backwards of those before them, and below no other: less of it is left of each layer than it leaves, and all that is
 * outlived is below the whole plan. */
static bool take_choice(am_frontier *frontier, const am_chain *chain, int layer, int choice, unsigned state,
                        am_front *now, am_front *next)
{
    const am_link *link = am_chain_link(chain, layer, choice);
    int end = layer + chain->span[choice];
    unsigned held = behind_link(state, link), kept = state_of(frontier, end, held);
    int64_t residue = link->residue + am_chain_given(chain, held & ~kept);
    int64_t into = state & CARRIED ? frontier->carried : 0;
    const int64_t forward = link->forward + into, backward = link->backward + am_chain_given(chain, held);
    const int64_t peak = am_larger(forward, backward);
    for (int follows = 0; follows < 1 + frontier->outlives; follows++) {
        const am_front behind = front_of(frontier, end, kept, follows);
        int64_t gone = frontier->outlives ? link->outlived + follows * frontier->passed : 0;
        const uint32_t mark = (uint32_t)choice << CHOICE_SHIFT | (follows ? PASSES : 0);
        am_step_over over = {residue + link->cached - gone, peak - gone, link->cost, chain->in_flight > 1 ? residue : gone, INT64_MIN, mark};
        if (frontier->caches) over = (am_step_over){residue + link->cached, forward, link->cost, residue, peak, mark};
        if (behind.count == 0) continue;
        am_stairs stairs = {0, frontier->stair_rest, frontier->stair_cost};
        frontier->steps += now->count + behind.count;
        bool fits = frontier->rests ? am_front_merge(next, now, &behind, &over, &stairs) : am_front_merge_one(next, now, &behind, &over);
        const am_front other = *now;
        *now = *next;
        *next = other;
        if (!fits) return false;
    }
    return true;
}

/* What most choices of a layer hold, of what it is given: their plans are the same for all that may be held before it with the
 * same outcome, and whatever is carried into it, unless they peak higher by that. */
static unsigned usual_given(const am_chain *chain, int layer)
{
    unsigned usual = 0;
    int most = 0;
    for (int i = 0; i < chain->choices; i++) {
        int alike = 0;
        if (!is_there(chain, layer, i)) continue;
        for (int j = i; j < chain->choices; j++)
            alike += is_there(chain, layer, j) && am_chain_link(chain, layer, j)->given == am_chain_link(chain, layer, i)->given;
        if (alike > most) usual = am_chain_link(chain, layer, i)->given;
        if (alike > most) most = alike;
    }
    return usual;
}

/* Those of the usual ones or the others, for which the layers before leave something or don't. */
static bool take_choices(am_frontier *frontier, const am_chain *chain, int layer, unsigned state, unsigned usual,
                         bool those, bool own, am_front *now, am_front *next)
{
    for (int choice = 0; choice < chain->choices; choice++) {
        const am_link *link = am_chain_link(chain, layer, choice);
        if (!is_there(chain, layer, choice) || (link->given == usual && !minds(frontier, chain, link)) != those) continue;
        if (frontier->outlives && (link->passed != 0) != own) continue;
        if (!take_choice(frontier, chain, layer, choice, state, now, next)) return false;
    }
    return true;
}

/* The states of a layer that the usual choices bring to the same one share the plans of these. */
static bool solve_states(am_frontier *frontier, const am_chain *chain, int layer, bool own)
{
    am_front_layer *at = &frontier->layer[layer];
    unsigned usual = usual_given(chain, layer);
    bool done[AM_MAX_STATES] = {false};
    for (int i = 0; i < at->states; i++) {
        am_front shared = space_front(frontier, 0), now = space_front(frontier, 1), next = space_front(frontier, 2);
        if (done[i]) continue;
        if (!take_choices(frontier, chain, layer, at->state[i], usual, true, own, &shared, &now)) return false;
        for (int j = i; j < at->states; j++) {
            if (((at->state[j] ^ at->state[i]) & ~(usual | CARRIED)) != 0) continue;
            done[j] = true;
            am_front_copy(&now, &shared, frontier->rests);
            if (!take_choices(frontier, chain, layer, at->state[j], usual, false, own, &now, &next)) return false;
            if (!keep_front(frontier, chain, layer, j, own, &now)) return false;
        }
    }
    return true;
}

static bool solve_layer(am_frontier *frontier, const am_chain *chain, int layer)
{
    frontier->layer[layer].begin = frontier->written;
    return solve_states(frontier, chain, layer, false) &&
           (!frontier->outlives || solve_states(frontier, chain, layer, true));
}

/* Fronts grow about as the number of layers: what those that are left will take can be foreseen from the last half of those that
 * are done, and given up early. */
static bool goes_too_far(am_frontier *frontier, int done, int layers, int64_t steps)
{
    enum { ENOUGH = 8 };
    frontier->layer[layers - done].steps = frontier->steps;
    if (done < ENOUGH || frontier->steps > steps) return frontier->steps > steps;
    int half = done / 2, middle = (done + half) / 2;
    int64_t rate = (frontier->steps - frontier->layer[layers - half].steps) / (done - half);
    int64_t left = ((int64_t)layers * layers - (int64_t)done * done) / 2;
    return frontier->steps + rate * left / middle > steps;
}

am_front am_frontier_plans(am_frontier *frontier)
{
    return front_of(frontier, 0, 0, false);
}

/* Takes a plan in unless another is as good; those that it beats go. False if there are too many. */
static bool add_point(am_frontier *frontier, am_frontier_point point)
{
    int at = frontier->points;
    while (at > 0 && frontier->point[at - 1].peak > point.peak) at--;
    if (at > 0 && frontier->point[at - 1].cost <= point.cost) return true;
    while (at > 0 && frontier->point[at - 1].peak == point.peak) at--;
    int end = at;
    while (end < frontier->points && frontier->point[end].cost >= point.cost) end++;
    if (frontier->points + 1 + at - end > AM_MAX_FRONT) return false;
    memmove(&frontier->point[at + 1], &frontier->point[end], (size_t)(frontier->points - end) * sizeof point);
    frontier->point[at] = point;
    frontier->points += 1 + at - end;
    return true;
}

/* The plans of all layers, now with the other micro-batches below them, or what is outlived. */
static bool read_points(am_frontier *frontier, const am_chain *chain)
{
    frontier->points = 0;
    for (int own = 0; own < 1 + frontier->outlives; own++) {
        const am_front front = front_of(frontier, 0, 0, own);
        for (int i = 0; i < front.count; i++) {
            int64_t below = chain->in_flight > 1 ? (chain->in_flight - 1) * front.rest[i]
                            : frontier->outlives ? front.rest[i]
                                                 : 0;
            const int64_t before = chain->before + (own ? frontier->passed : 0);
            const int64_t peak = frontier->caches ? front.rest[i] : front.peak[i];
            const am_frontier_point point = {am_larger(peak, before) + below, front.cost[i], own ? i | (int)PASSES : i};
            if (!add_point(frontier, point)) return false;
        }
    }
    return true;
}

/* Behind the last layer: what is held stands below what follows. There is room for one plan of each state. */
static void end_chain(am_frontier *frontier, const am_chain *chain)
{
    am_front end = space_front(frontier, 0);
    am_front_layer *at = &frontier->layer[chain->layers];
    at->begin = frontier->written;
    end.count = 1;
    for (int i = 0; i < at->states; i++) {
        int64_t held = am_chain_given(chain, at->state[i]);
        at->count[i][true] = 0;
        int64_t carried = at->state[i] & CARRIED ? frontier->carried : 0;
        const int64_t forward = am_larger(chain->after_forward + held, am_chain_framed(chain, at->state[i], carried));
        const int64_t backward = chain->after + held;
        end.peak[0] = frontier->caches ? forward : am_larger(forward, backward);
        end.rest[0] = frontier->caches ? am_larger(forward, backward) : chain->in_flight > 1 ? held : 0;
        end.cost[0] = 0;
        end.node[0] = 0;
        keep_front(frontier, chain, chain->layers, i, false, &end);
    }
}

am_code am_frontier_solve(am_frontier *frontier, const am_chain *chain, int64_t steps)
{
    if (chain->layers > AM_MAX_CHAIN_LAYERS || chain->choices > AM_MAX_CHOICES) return AM_CAPACITY;
    begin(frontier, chain);
    if (!find_states(frontier, chain)) return AM_CAPACITY;
    end_chain(frontier, chain);
    for (int layer = chain->layers - 1; layer >= 0; layer--) {
        if (!solve_layer(frontier, chain, layer)) return AM_CAPACITY;
        if (goes_too_far(frontier, chain->layers - layer, chain->layers, steps)) return AM_CAPACITY;
    }
    if (read_points(frontier, chain)) return AM_OK;
    frontier->points = 0; /* part of them is no frontier */
    return AM_CAPACITY;
}

int am_frontier_plan(const am_frontier *frontier, const am_chain *chain, int index, uint8_t choice[AM_MAX_CHAIN_LAYERS])
{
    int count = 0, layer = 0;
    unsigned state = 0;
    while (layer < chain->layers) {
        const am_front_layer *at = &frontier->layer[layer];
        bool own = ((unsigned)index & PASSES) != 0;
        uint32_t node = frontier->node[at->node[slot_of(at, state)][own] + (int)((unsigned)index & PARENT_MASK)];
        uint8_t next = (uint8_t)(node >> CHOICE_SHIFT);
        choice[count++] = next;
        index = (int)(node & (PASSES | PARENT_MASK));
        state = behind_link(state, am_chain_link(chain, layer, next));
        layer += chain->span[next];
        state = state_of(frontier, layer, state);
    }
    return count;
}
