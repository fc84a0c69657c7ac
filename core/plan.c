/* The whole model from a few units: a plan's runs of units, composed of played records. */
#include "plan.h"

#include <string.h>

/* ---- candidates for a peak ---- */

static void note(int64_t *highest, am_place *at, int64_t bytes, const am_peak *peak, am_phase phase, int64_t layer)
{
    if (bytes <= *highest) return;
    *highest = bytes;
    *at = (am_place){phase, layer, peak->module, peak->op};
}

static void note_forward(am_outcome *outcome, int64_t bytes, const am_peak *peak, int64_t layer)
{
    if (peak->seen) note(&outcome->forward_peak, &outcome->forward_at, bytes, peak, AM_FORWARD, layer);
}

/* Before the first gradient of a parameter and behind it. way: 0 gradients exist beforehand, 1 they count. */
static void note_head(am_outcome *outcome, int way, int64_t bytes, const am_peak *peak, am_phase phase, int64_t layer)
{
    if (!peak->seen) return;
    if (way == 0)
        note(&outcome->backward_peak, &outcome->backward_at, bytes, peak, phase, layer);
    else
        note(&outcome->step_peak, &outcome->step_at, bytes, peak, phase, layer);
}

/* The same behind it. */
static void note_backward(am_outcome *outcome, int way, int64_t bytes, const am_peak *peak, am_phase phase,
                          int64_t layer)
{
    if (peak->seen && way == 0) outcome->learned_peak = am_larger(outcome->learned_peak, bytes);
    note_head(outcome, way, bytes, peak, phase, layer);
}

/* How much more there is when its backward begins than in the played unit's, gradients apart. */
int64_t am_base_of(const am_stand *stand, const am_step *step, int last)
{
    return stand->backward + stand->outlived - step->backward_start[last] - step->outlived[last];
}

#ifdef AM_FIRST
#define cached_excess(step, climb, index, first) 0
#else
/* Of what a cache alone holds while a region runs again. */
static int64_t cached_excess(const am_step *step, const am_climb *climb, int64_t index, int first)
{
    int64_t bytes = climb->again + index * am_cached_again(step, climb->zone);
    for (int zone = first; zone < climb->zone; zone++) bytes -= am_cached_again(step, zone);
    return bytes;
}
#endif

/* How much more there is than in the played unit, at a moment of the `index`-th of these layers. */
int64_t am_excess_at(const am_walk *walk, const am_climb *climb, int64_t index, am_phase phase, int way)
{
    if (phase == AM_BEFORE_RECOMPUTE || walk->inner == 1) return 0;
    const am_step *step = &walk->profile->step;
    int unit = am_unit_of(walk->profile, climb->zone);
    int first = am_first_zone(walk->profile, unit), last = am_last_zone(walk->profile, unit);
    if (phase == AM_FORWARD)
        return climb->ahead + index * am_inner_leavings(step, climb->zone) -
               (am_forward_at(step, climb->zone - 1) - am_forward_at(step, first - 1));
    int64_t bytes = climb->below - (step->recompute_start[climb->zone] - step->recompute_start[first]);
    if (index) bytes += index * am_inner_residue(step, climb->zone);
    if (phase == AM_RECOMPUTE) bytes += cached_excess(step, climb, index, first);
    if (!way || phase == AM_RECOMPUTE) return bytes;
    return bytes + climb->above + (climb->n - 1 - index) * am_zone_gradients(step, climb->zone) -
           (step->gradients_above[climb->zone] - step->gradients_above[last]);
}

static void compose_layer(am_outcome *outcome, const am_walk *walk, const am_climb *climb, int64_t index,
                          const am_stand *stand)
{
    const am_step *step = &walk->profile->step;
    int unit = am_unit_of(walk->profile, climb->zone), last = am_last_zone(walk->profile, unit);
    int64_t layer = climb->layer + index, before = am_forward_at(step, am_first_zone(walk->profile, unit) - 1);
    const am_peak *forward = &step->forward[climb->zone];
    before -= am_excess_at(walk, climb, index, AM_FORWARD, 0);
    int64_t carried = layer == stand->start ? stand->carried : 0;
    note_forward(outcome, stand->forward + carried + forward->bytes - before, forward, layer);
    for (int way = 0; way < 2; way++) {
        int64_t base = am_base_of(stand, step, last);
        if (way) base += stand->gradients - step->gradients_above[last];
        for (int phase = AM_BEFORE_RECOMPUTE; phase < AM_PHASE_COUNT; phase++) {
            const am_peak *peak = &step->backward[way][phase][climb->zone];
            int64_t excess = am_excess_at(walk, climb, index, (am_phase)phase, way);
            note_backward(outcome, way, base + peak->bytes + excess, peak, (am_phase)phase, layer);
        }
    }
}

/* The layers of one unit, those that are alike at their ends: each moment is affine in the index. */
void am_compose_unit(am_outcome *outcome, const am_walk *walk, const am_stand *stand, int64_t gradients)
{
    for (am_climb climb = am_climb_of(stand->start, gradients); am_climb_on(walk, &climb);) {
        compose_layer(outcome, walk, &climb, 0, stand);
        if (climb.n > 1) compose_layer(outcome, walk, &climb, climb.n - 1, stand);
    }
}

static void compose_outside(const am_composer *composer, const am_step *ends)
{
    am_outcome *outcome = composer->outcome;
    int after = ends->layers + 1;
    int64_t above = composer->end + composer->released - ends->boundary[ends->layers];
    int64_t above_forward = above + composer->cached - am_cached_at(ends, ends->layers);
    outcome->head_forward = ends->forward[after].bytes - am_forward_at(ends, ends->layers);
    outcome->head_backward = ends->backward[0][AM_BACKWARD][after].bytes - ends->boundary[ends->layers];
    if (outcome->head_backward < 0) outcome->head_backward = 0; /* masks and tables of the forward are gone by then */
    note_forward(outcome, ends->forward[0].bytes, &ends->forward[0], -1);
    note_forward(outcome, ends->head[0].bytes + above_forward + composer->framed, &ends->head[0], -1);
    note_forward(outcome, ends->head[1].bytes + above_forward, &ends->head[1], -1);
    if (ends->head_learned) outcome->learned_peak = ends->head_learned + above;
    for (int way = 0; way < 2; way++) {
        int64_t more = composer->outlived - ends->outlived[0] + composer->staying;
        if (way) more += composer->head + composer->gradients - ends->gradients_above[0];
        const am_peak *loss = &ends->backward[way][AM_BACKWARD][after];
        const am_peak *embedding = &ends->backward[way][AM_BACKWARD][0];
        note_head(outcome, way, loss->bytes + above, loss, AM_BACKWARD, -1);
        note_backward(outcome, way, embedding->bytes + more, embedding, AM_BACKWARD, -1);
    }
}

/* What is freed with the backward of a unit beside what it left: given to the layers, and held by none before it. */
static int64_t first_release(am_composer *composer, const am_walk *walk)
{
    uint64_t set = walk->given & ~composer->held;
    composer->held |= set;
    return am_given_bytes(composer->given, set);
}

/* The first and the last unit of the stretch that a walk has come to; `stand` is left behind it. */
int am_stretch_ends(am_composer *composer, const am_walk *walk, am_stand *stand, am_stand ends[2])
{
    int unit = am_walk_unit(walk);
    int64_t residue = am_residue_of(walk->profile, unit), left = residue + walk->cached, others = walk->count - 1;
    stand->start = walk->start;
    stand->backward += residue + first_release(composer, walk);
    stand->gradients -= walk->gradients;
    int64_t outlived = stand->outlived - am_outlived_at_end(walk, walk->count);
    stand->outlived = outlived + am_outlived_at_end(walk, others);
    ends[0] = ends[1] = *stand;
    ends[1].outlived = outlived;
    ends[0].backward -= am_less_at_last(walk->profile, unit);
    ends[0].carried -= am_carried_into(walk->profile, unit);
    if (others) ends[1].carried = am_carried_by(walk->profile, unit) - am_carried_into(walk->profile, unit);
    ends[1].start += others * walk->inner;
    ends[1].forward += others * left;
    ends[1].backward += others * residue;
    ends[1].gradients -= others * walk->gradients;
    stand->forward = ends[1].forward + left;
    stand->carried = am_carried_by(walk->profile, unit);
    stand->backward += others * residue;
    stand->gradients = ends[1].gradients;
    stand->outlived = outlived;
    return others ? 2 : 1;
}

am_stand am_first_stand(am_composer *composer)
{
    composer->held = composer->stays;
    return (am_stand){.forward = am_forward_at(&composer->model->run[0].profile->step, 0),
                      .backward = composer->start,
                      .gradients = composer->head + composer->gradients,
                      .outlived = composer->outlived};
}

/* ---- the outcome ---- */

/* FLOPs and picoseconds of the whole step: no layer has more than the record's largest. Each is held to 2^62, so that sums of two
 * stay below 2^63; what zones have in all is below 2^61 (am_cost_tape). */
static bool work_fits(const am_step *step, int64_t layers)
{
    int64_t ends[2] = {0}, most[2] = {0};
    for (int zone = 0; zone <= step->layers + 1; zone++) {
        int64_t own[2] = {0, step->zone_time[zone] + step->zone_backward_time[zone]};
        for (int part = 0; part < AM_PART_COUNT; part++) own[0] += step->zone_work[part][zone].flops;
        own[0] = am_larger(own[0], step->zone_flops[zone]); /* where nothing has been timed */
        bool layer = zone > 0 && zone <= step->layers;
        for (int i = 0; i < 2; i++)
            if (layer)
                most[i] = am_larger(most[i], own[i]);
            else
                ends[i] += own[i];
    }
    if (AM_NEVER(layers <= 0)) return false; /* every sequence has one */
    for (int i = 0; i < 2; i++)
        if (most[i] > (INT64_MAX / 2 - ends[i]) / layers) return false;
    return true;
}

/* No layer has more bytes than the record. */
static bool fits(const am_sequence *model)
{
    const am_step *step = &model->run[0].profile->step;
    int64_t layers = 0;
    for (int i = 0; i < model->runs; i++) layers += model->run[i].units * model->run[i].inner;
    return work_fits(step, layers) && am_mul_checked(step->step_peak, layers + 1) >= 0;
}

int64_t am_outcome_peak(const am_outcome *outcome)
{
    return am_larger(outcome->forward_peak, outcome->backward_peak);
}

int64_t am_outcome_time(const am_outcome *outcome)
{
    return outcome->forward_time + outcome->backward_time + outcome->recomputed_time;
}

int64_t am_rank_peak(const am_rank *rank)
{
    return am_larger(rank->forward_peak, rank->backward_peak);
}

const am_place *am_outcome_peak_at(const am_outcome *outcome)
{
    return outcome->forward_peak > outcome->backward_peak ? &outcome->forward_at : &outcome->backward_at;
}

am_code am_plan_compose(am_outcome *outcome, const am_pattern *pattern, int runs, const am_run *run)
{
    const am_sequence sequence = am_sequence_of(pattern, runs, run), *model = &sequence;
    memset(outcome, 0, sizeof *outcome);
    if (!fits(model)) return AM_TOO_LARGE;
    am_composer composer = {.model = model, .outcome = outcome};
    am_compose_sums(&composer);
    outcome->backward_at = (am_place){AM_BACKWARD, -1, {"", "", AM_C_LOSS}, AM_OP_NLL_LOSS};
    compose_outside(&composer, &model->run[0].profile->step);
    am_walk walk = {.model = model};
    am_stand stand = am_first_stand(&composer), ends[2];
    while (am_walk_on(&walk)) {
        int count = am_stretch_ends(&composer, &walk, &stand, ends);
        for (int i = 0; i < count; i++) am_compose_unit(outcome, &walk, &ends[i], walk.gradients);
    }
    if (outcome->forward_peak >= outcome->step_peak) {
        outcome->step_peak = outcome->forward_peak;
        outcome->step_at = outcome->forward_at;
    }
    return AM_OK;
}
