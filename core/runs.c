/* A policy as runs of units, each of which looks like a profile, and what they make of the whole model. */
#include <string.h>

#include "bytes.h"
#include "evaluate.h"
#include "policies.h"

int am_part_append(am_part_plan *part, int count, am_part_plan next)
{
    if (count > 0 && part[count - 1].id == next.id && part[count - 1].inner == next.inner) {
        part[count - 1].units += next.units;
        return count;
    }
    part[count] = next;
    return count + 1;
}

/* What so many consecutive layers do, behind what those before them do. */
static int append_parts(const am_evaluation *evaluation, am_policy policy, int64_t layers, am_part_plan *part,
                        int count)
{
    int64_t inner = am_policy_segment(policy) > 0 ? am_policy_segment(policy) : 1, rest = layers % inner;
    am_part_plan next[2] = {{am_profile_for(evaluation, policy, inner), layers / inner, inner},
                            {am_profile_for(evaluation, policy, rest), 1, rest}};
    if (policy.kind == AM_POLICY_BLOCK) {
        next[0] = (am_part_plan){am_profile_for(evaluation, policy, 1), policy.count, 1};
        next[1] = (am_part_plan){AM_PROFILE_PLAIN, layers - policy.count, 1};
    }
    for (int i = 0; i < 2; i++)
        if (next[i].units > 0 && next[i].inner > 0) count = am_part_append(part, count, next[i]);
    return count;
}

int am_evaluation_parts(const am_evaluation *evaluation, am_policy policy, am_part_plan *part)
{
    if (policy.kind == AM_POLICY_BUDGET || policy.kind == AM_POLICY_REGIONS) {
        memcpy(part, evaluation->workspace->part, (size_t)evaluation->workspace->parts * sizeof *part);
        return evaluation->workspace->parts;
    }
#ifndef AM_FIRST
    bool whole = !evaluation->received && !evaluation->sent;
    int count = 0;
    for (int64_t i = 0; evaluation->config->pp > 1 && whole && i < evaluation->config->pp * evaluation->config->vpp;
         i++)
        count = append_parts(evaluation, am_stage_policy(evaluation, policy, i), am_stage_layers(evaluation->config, i),
                             part, count);
    if (count > 0) return count;
#endif
    return append_parts(evaluation, policy, evaluation->config->layers, part, 0);
}

int am_evaluation_runs(am_evaluation *evaluation, am_policy policy)
{
    am_part_plan *part = evaluation->workspace->planned;
    am_run *run = evaluation->workspace->run;
    int count = am_evaluation_parts(evaluation, policy, part);
    for (int i = 0; i < count; i++)
        run[i] = (am_run){am_evaluation_profile(evaluation, part[i].id), part[i].units, part[i].inner};
    return count;
}

void am_evaluation_compose(am_evaluation *evaluation, am_policy policy, am_outcome *outcome)
{
    if (am_policy_is_schedule(policy)) {
        am_schedule_compose(evaluation, policy, outcome);
        return;
    }
    int runs = am_evaluation_runs(evaluation, policy);
    if (!evaluation->code)
        evaluation->code = am_plan_compose(outcome, &evaluation->pattern, runs, evaluation->workspace->run);
}

static bool lower(const am_outcome *x, const am_outcome *y)
{
    int64_t peak_x = am_outcome_peak(x), peak_y = am_outcome_peak(y);
    if (peak_x != peak_y) return peak_x < peak_y;
    return x->saved_bytes < y->saved_bytes;
}

/* What regions of equal length make of the model, which a plan of the list may have said already. Of a pipeline it says it of other lengths. */
void am_evaluation_compose_segments(am_evaluation *evaluation, am_policy policy, am_outcome *outcome)
{
#ifndef AM_FIRST
    const am_report *report = evaluation->report;
    for (int i = 0; report && evaluation->config->pp == 1 && i < report->plans; i++) {
        am_policy other = report->plan[i].policy;
        bool segments =
            other.kind == AM_POLICY_EVERY || other.kind == AM_POLICY_SQRT || other.kind == AM_POLICY_BEST_SEGMENTS;
        if (!segments || other.count != policy.count || other.reentrant != policy.reentrant) continue;
        *outcome = report->plan[i].outcome;
        return;
    }
#endif
    am_evaluation_compose(evaluation, policy, outcome);
}

/* Bytes that each layer between the first and the last of a region leaves at least, once that has been played again. */
static int64_t least_left(const am_profile *profile)
{
    const am_step *step = &profile->step;
    int64_t least = INT64_MAX;
    for (int unit = profile->record.lacks; unit < profile->record.units; unit++) { /* else the first has one as the others' */
        int middle = am_unit_zone(&profile->record, unit) + 1;
        least = am_smaller(least, step->recompute_start[middle + 1] - step->recompute_start[middle]);
    }
    return least;
}

/* Bytes that a region's last layer, of this kind, takes at least beyond what those before it have left, once they have been played again. */
static int64_t least_taken(const am_profile *profile, int kind)
{
    const am_step *step = &profile->step;
    int64_t least = INT64_MAX;
    for (int unit = 0; unit < profile->record.units; unit++) {
        int last = am_unit_zone(&profile->record, unit + 1) - 1;
        if (am_unit_kind(&profile->record, unit) != kind) continue;
        least = am_smaller(least, step->backward[0][AM_BACKWARD][last].bytes - step->recompute_start[last]);
    }
    return least;
}

/* Does the last whole region of so many layers alone, played again, have more than this? */
static bool is_too_long(am_evaluation *evaluation, int64_t inner, bool reentrant, int64_t bytes)
{
    if (inner < 3) return false;
    const am_profile *profile = am_evaluation_profile(evaluation, reentrant ? AM_PROFILE_SEGMENT_REENTRANT : AM_PROFILE_SEGMENT);
    int64_t layers = evaluation->config->layers, last = layers - layers % inner - 1;
    int64_t own = least_taken(profile, am_pattern_kind(&evaluation->pattern, last));
    return least_left(profile) > (bytes - own) / (inner - 2);
}

/* The length of equal segments with the lowest peak; with equal peaks the one that keeps least. */
int64_t am_evaluation_best_segment(am_evaluation *evaluation, bool reentrant)
{
    int64_t layers = evaluation->config->layers, best = 1, tried = 0;
    am_outcome lowest = {0};
    for (int64_t segments = layers; segments >= 1 && !evaluation->code; segments--) {
        int64_t inner = am_divide_up(layers, segments);
        if (inner == tried) continue;
        tried = inner;
        if (is_too_long(evaluation, inner, reentrant, am_outcome_peak(&lowest))) continue;
        am_outcome outcome = {0};
        am_evaluation_compose_segments(
            evaluation, (am_policy){.kind = AM_POLICY_EVERY, .count = inner, .reentrant = reentrant}, &outcome);
        if (inner > 1 && !lower(&outcome, &lowest)) continue;
        best = inner;
        lowest = outcome;
    }
    return best;
}
