/* A plan's layers each by itself, as the links of a chain that planners search. */
#include "plan.h"
#include "reversal.h"

void am_plan_stands(am_stand_of *stand, const am_pattern *pattern, const am_profile *profile, int64_t layers)
{
    const am_run run = {profile, layers, 1};
    const am_sequence model = am_sequence_of(pattern, 1, &run);
    am_outcome outcome = {0};
    am_composer composer = {.model = &model, .outcome = &outcome};
    am_compose_sums(&composer);
    am_stand at = am_first_stand(&composer), ends[2];
    for (am_walk walk = {.model = &model}; am_walk_on(&walk);) {
        int unit = am_walk_unit(&walk);
        int64_t residue = am_residue_of(profile, unit);
        am_stretch_ends(&composer, &walk, &at, ends);
        for (int64_t i = 0; i < walk.count; i++)
            stand[walk.start + i] = (am_stand_of){.backward = ends[0].backward + i * residue,
                                                  .gradients = ends[0].gradients - i * walk.gradients,
                                                  .unit = (uint8_t)unit};
    }
}

void am_plan_link(am_plan_unit *unit, const am_pattern *pattern, const am_profile *profile, int64_t layers,
                  int64_t layer, int64_t inner)
{
    const am_run run = {profile, 1, inner};
    const am_sequence model = {pattern, 1, &run, layers - 1, false};
    am_walk walk = am_walk_of_one(&model, layer);
    int played = am_walk_unit(&walk);
    am_outcome outcome = {.forward_peak = INT64_MIN, .backward_peak = INT64_MIN, .step_peak = INT64_MIN};
    const am_stand stand = {.start = layer,
                            .carried = -am_carried_into(profile, played),
                            .backward = am_residue_of(profile, played) - am_less_at_last(profile, played)};
    am_compose_unit(&outcome, &walk, &stand, 0);
    am_add_costs(&outcome, &walk);
    *unit = (am_plan_unit){.residue = am_residue_of(profile, played),
                           .cached = walk.cached,
                           .given = walk.given,
                           .outlived = am_walk_most(&walk, am_outlived_by),
                           .passed = am_walk_most(&walk, am_passed_by),
                           .carried = am_carried_by(profile, played),
                           .forward = outcome.forward_peak,
                           .backward = outcome.backward_peak,
                           .recomputed_flops = outcome.recomputed_flops,
                           .recomputed_time = outcome.recomputed_time};
#ifndef AM_FIRST
    unit->renewed = profile->lasting[am_shown_for(&walk, played)].renewed;
#endif
}

am_plan_ends am_plan_ends_of(const am_profile *profile)
{
    const am_step *step = &profile->step;
    int after = step->layers + 1;
    int64_t end = step->boundary[step->layers], cached = am_cached_at(step, step->layers);
    const am_peak *before[] = {&step->forward[0], &step->backward[0][AM_BACKWARD][0]};
    const am_peak *loss = &step->backward[0][AM_BACKWARD][after];
    uint64_t held = 0;
    for (int unit = 0; unit < profile->record.units; unit++) held |= profile->given.held[unit];
    int64_t given = am_given_bytes(&profile->given, held | profile->given.stays);
    am_plan_ends ends = {.forward = am_forward_at(step, 0), .backward = am_start_of(profile)};
    for (int i = 0; i < 2; i++)
        if (before[i]->seen) ends.before = am_larger(ends.before, before[i]->bytes);
    ends.after_forward = (step->head[1].seen ? step->head[1].bytes - cached : step->after_drop) - end - given;
    ends.after = am_larger(step->after_drop, loss->bytes) - end - given - am_cached_at(step, 0);
    const uint64_t own = (held | profile->given.stays) & ~profile->given.framed;
    ends.framed = step->head[0].bytes - cached - end - am_given_bytes(&profile->given, own) - am_carried_by(profile, profile->record.units - 1);
    ends.kept = step->after_forward - (end - step->boundary[0]) - given;
    return ends;
}
