/* A plan's sums over all of its units: what they keep, give and leave, and what they cost. */
#include "plan.h"

/* How much less there is when the backward of the model's last unit begins, if that is played by itself, than its place says. */
int64_t am_less_at_last(const am_profile *profile, int unit)
{
    const am_step *step = &profile->step;
    if (!am_has_own_last(profile) || unit < profile->record.units - 1) return 0;
    uint64_t held = profile->given.stays | profile->given.held[0], all = held;
    int64_t bytes = step->backward_start[am_last_zone(profile, 0)];
    for (int i = 1; i <= unit; i++) {
        bytes += am_residue_of(profile, i);
        all |= profile->given.held[i];
    }
    return bytes + am_given_bytes(&profile->given, all & ~held) - step->backward_start[am_last_zone(profile, unit)];
}

/* What the units of a stretch keep without that. */
static int64_t own_saved_by(const am_walk *walk, int unit)
{
    const am_profile *profile = walk->profile;
    int shown = am_shown_for(walk, unit);
    int64_t input = shown == 0 ? (walk->count - (walk->start == 0)) * profile->own_input : 0;
    return walk->count * (profile->unit_bytes[shown] - profile->unit_given[shown]) + input;
}

/* What so many units at the end of a stretch leave for good: of what follows it depends what the last one leaves of a gradient. */
int64_t am_outlived_at_end(const am_walk *walk, int64_t count)
{
    if (!walk->model->outlives || count == 0) return 0;
    am_walk next = *walk;
    int64_t passed = count > 1 ? (count - 1) * am_walk_most(walk, am_passed_by) : 0;
    if (am_walk_on(&next)) passed += am_walk_most(&next, am_passed_by);
    return count * am_walk_most(walk, am_outlived_by) + passed;
}

/* The cost of so many layers like this zone. */
static void add_cost(am_outcome *outcome, const am_step *step, int zone, int64_t layers)
{
    outcome->forward_flops += layers * step->zone_flops[zone];
    outcome->recomputed_flops += layers * step->zone_recomputed[zone];
    outcome->forward_time += layers * step->zone_time[zone];
    outcome->backward_time += layers * step->zone_backward_time[zone];
    outcome->recomputed_time += layers * step->zone_recomputed_time[zone];
    for (int i = 0; i < AM_PART_COUNT; i++) {
        const am_work *work = &step->zone_work[i][zone];
        outcome->work[i].flops += layers * work->flops;
        outcome->work[i].executed += layers * work->executed;
        outcome->work[i].bound += layers * work->bound;
    }
}

void am_add_costs(am_outcome *outcome, const am_walk *walk)
{
    for (am_climb climb = am_climb_of(walk->start, 0); am_climb_on(walk, &climb);)
        add_cost(outcome, &walk->profile->step, climb.zone, walk->count * climb.n);
}

/* Live bytes when the first layer's backward begins, less what that layer left and what is held of what is given. */
int64_t am_start_of(const am_profile *profile)
{
    const am_given *given = &profile->given;
    return profile->step.backward_start[am_last_zone(profile, 0)] - am_residue_of(profile, 0) -
           am_given_bytes(given, given->held[0] | given->stays);
}

void am_compose_sums(am_composer *composer)
{
    const am_profile *ends = composer->model->run[0].profile; /* what is before and after the layers is the same in all */
    const am_step *step = &ends->step;
    am_outcome *outcome = composer->outcome;
    composer->end = step->boundary[0];
    composer->cached = am_cached_at(step, 0);
    composer->head = step->gradients_above[step->layers];
    composer->given = &ends->given;
    composer->start = am_start_of(ends);
    add_cost(outcome, step, 0, 1);
    add_cost(outcome, step, step->layers + 1, 1);
    outcome->saved_bytes = ends->shared_bytes + ends->outside_bytes;
    uint64_t recorded = ends->given.stays;
#ifndef AM_FIRST
    uint64_t lasting = 0; /* a run that is not the first may be the only one whose graphs keep it */
    outcome->saved_lasting = am_given_bytes(composer->given, ends->given.lasting);
#endif
    for (int unit = 0; unit < ends->record.units; unit++) {
        recorded |= ends->given.held[unit];
        outcome->saved_bytes += ends->unit_given[unit];
    }
    am_walk walk = {.model = composer->model};
    int64_t carried = 0; /* by the last unit */
    while (am_walk_on(&walk)) {
        int unit = am_walk_unit(&walk);
        carried = am_carried_by(walk.profile, unit);
        composer->end += walk.count * am_residue_of(walk.profile, unit);
        composer->cached += walk.count * walk.cached;
        composer->held |= walk.given;
        composer->stays |= walk.profile->given.stays;
        composer->gradients += walk.count * walk.gradients;
        composer->outlived += am_outlived_at_end(&walk, walk.count);
        outcome->saved_bytes += own_saved_by(&walk, unit);
#ifndef AM_FIRST
        lasting |= walk.profile->given.lasting & ~ends->given.lasting;
        const am_unit_lasting *own = &walk.profile->lasting[am_shown_for(&walk, unit)];
        outcome->saved_lasting += walk.count * own->once;
        outcome->saved_renewed += walk.count * own->renewed;
#endif
        am_add_costs(outcome, &walk);
    }
    composer->start += am_given_bytes(composer->given, composer->stays);
    composer->staying = am_given_bytes(composer->given, composer->stays) - am_given_bytes(composer->given, ends->given.stays);
    composer->released = am_given_bytes(composer->given, composer->held) - am_given_bytes(composer->given, recorded);
    composer->framed = am_given_bytes(composer->given, recorded & ends->given.framed) -
                       am_given_bytes(composer->given, composer->held & ends->given.framed) +
                       carried - am_carried_by(ends, ends->record.units - 1);
    int64_t above = composer->end + composer->released - step->boundary[step->layers];
    outcome->saved_bytes += composer->released;
#ifndef AM_FIRST
    outcome->saved_bytes += am_given_bytes(composer->given, lasting);
    outcome->saved_lasting += am_given_bytes(composer->given, lasting);
#endif
    outcome->after_forward = step->after_forward + above;
    outcome->gradient_bytes = step->gradient_bytes + composer->gradients + composer->head - step->gradients_above[0];
    outcome->backward_peak = step->after_drop + above;
}
