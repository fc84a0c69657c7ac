/* The whole model from a few units: runs of units, composed of played records. */
#include "bytes.h"

#include <string.h>

#include "actmem.h"

/* One unit as the composer walks over the model. */
typedef struct am_unit {
    int run;
    int64_t index; /* in its run */
    int64_t layer; /* index of its first layer */
    int64_t start; /* live bytes of the forward at its beginning */
    /* what follows from these */
    const am_profile *profile;
    int64_t inner;
    int recorded;    /* the recorded unit that shows it */
    int64_t residue; /* what it leaves */
    bool at_end;     /* of a stretch of equal units: a peak may stand here */
} am_unit;

typedef struct am_composer {
    const am_pattern *pattern;
    int runs;
    const am_run *run;
    int64_t layers;
    int64_t end; /* live bytes of the forward behind the last unit */
    am_outcome *outcome;
} am_composer;

/* ---- the played units ---- */

static int first_zone(const am_profile *profile, int recorded)
{
    return recorded * profile->record.inner + 1;
}

static int last_zone(const am_profile *profile, int recorded)
{
    return (recorded + 1) * profile->record.inner;
}

/* The zone that shows a layer of a unit. A region of three stands for any number: its first layer, one between, its
 * last. The model's first layer has a zone of its own. */
static int zone_of(const am_composer *composer, const am_unit *unit, int64_t index)
{
    const am_profile *profile = unit->profile;
    int64_t layer = unit->layer + index;
    int place = profile->record.inner == 1 || index == 0 ? 0 : index == unit->inner - 1 ? 2 : 1;
    int recorded = layer == 0 ? 0 : profile->steady[am_pattern_kind(composer->pattern, layer)];
    return first_zone(profile, recorded) + place;
}

/* A zone of a layer of this kind that is not the model's first, if there is one: what its backward adds is constant. */
static int usual_zone(const am_profile *profile, int kind)
{
    return last_zone(profile, profile->steady[kind]);
}

static int64_t gradients_of_zone(const am_profile *profile, int zone)
{
    return profile->step.gradients_above[zone - 1] - profile->step.gradients_above[zone];
}

static int64_t gradients_of_layer(const am_composer *composer, const am_profile *profile, int64_t layer)
{
    return gradients_of_zone(profile, usual_zone(profile, am_pattern_kind(composer->pattern, layer)));
}

static int64_t gradients_of_unit(const am_composer *composer, const am_unit *unit)
{
    int64_t bytes = 0;
    for (int64_t i = 0; i < unit->inner; i++)
        bytes += gradients_of_layer(composer, unit->profile, unit->layer + i);
    return bytes;
}

/* ---- the walk over the model's units ---- */

static int64_t common_divisor(int64_t x, int64_t y)
{
    while (y != 0) {
        int64_t rest = x % y;
        x = y;
        y = rest;
    }
    return x;
}

/* Do the layers from `layer` on have alike ones `stride` before and behind them, from `low` to below `high`? Then what
 * happens in them lies between what happens in those. */
static bool is_between(const am_pattern *pattern, int64_t layer, int64_t length, int64_t stride, int64_t low,
                       int64_t high)
{
    int64_t before = layer - stride, behind = layer + length + stride;
    return before >= low && behind <= high && (before >= pattern->prefix || behind <= pattern->prefix);
}

static void settle_unit(const am_composer *composer, am_unit *unit)
{
    const am_run *run = &composer->run[unit->run];
    const am_profile *profile = unit->profile = run->profile;
    const am_step *step = &profile->step;
    unit->inner = run->inner;
    unit->recorded =
        unit->layer == 0 ? 0 : profile->steady[am_pattern_kind(composer->pattern, unit->layer)];
    unit->residue = step->boundary[last_zone(profile, unit->recorded)] -
                    step->boundary[first_zone(profile, unit->recorded) - 1];
    int64_t begin = unit->layer - unit->index * unit->inner, end = begin + run->units * unit->inner;
    int64_t stride = unit->inner / common_divisor(unit->inner, composer->pattern->period) * composer->pattern->period;
    unit->at_end =
        !is_between(composer->pattern, unit->layer, unit->inner, stride, begin > 0 ? begin : unit->inner, end);
}

static bool first_unit(const am_composer *composer, am_unit *unit)
{
    *unit = (am_unit){.start = composer->run[0].profile->step.boundary[0]};
    settle_unit(composer, unit);
    return true;
}

/* Goes on to the next unit; at the end of the model returns false, with `start` and `layer` behind the last. */
static bool next_unit(const am_composer *composer, am_unit *unit)
{
    unit->start += unit->residue;
    unit->layer += unit->inner;
    if (++unit->index == composer->run[unit->run].units) {
        unit->index = 0;
        unit->run++;
    }
    if (unit->run == composer->runs) return false;
    settle_unit(composer, unit);
    return true;
}

/* Goes back to the unit before this one; from behind the last, to the last. False before the first. */
static bool previous_unit(const am_composer *composer, am_unit *unit)
{
    if (unit->layer == 0) return false;
    if (unit->index == 0) unit->index = composer->run[--unit->run].units;
    unit->index--;
    unit->layer -= composer->run[unit->run].inner;
    settle_unit(composer, unit);
    unit->start -= unit->residue;
    return true;
}

/* Runs without units are left out. */
static am_unit behind_last(const am_composer *composer)
{
    return (am_unit){.run = composer->runs, .layer = composer->layers, .start = composer->end};
}

/* ---- candidates for a peak ---- */

static void note(int64_t *highest, am_place *at, int64_t bytes, const am_peak *peak, am_phase phase, int64_t layer)
{
    if (bytes <= *highest) return;
    *highest = bytes;
    *at = (am_place){phase, layer, peak->module, peak->op};
}

static void note_forward(am_composer *composer, int64_t bytes, const am_peak *peak, int64_t layer)
{
    note(&composer->outcome->forward_peak, &composer->outcome->forward_at, bytes, peak, AM_FORWARD, layer);
}

/* way: 0 gradients exist beforehand, 1 they count. */
static void note_backward(am_composer *composer, int way, int64_t bytes, const am_peak *peak, am_phase phase,
                          int64_t layer)
{
    am_outcome *outcome = composer->outcome;
    if (way == 0)
        note(&outcome->backward_peak, &outcome->backward_at, bytes, peak, phase, layer);
    else
        note(&outcome->step_peak, &outcome->step_at, bytes, peak, phase, layer);
}

/* ---- forward ---- */

/* Peaks of a unit whose forward begins at unit->start. */
static void compose_unit_forward(am_composer *composer, const am_unit *unit)
{
    const am_profile *profile = unit->profile;
    for (int64_t i = 0; i < unit->inner; i++) {
        int zone = zone_of(composer, unit, i), first = zone - (zone - 1) % profile->record.inner;
        const am_peak *peak = &profile->step.forward[zone];
        if (peak->seen)
            note_forward(composer, unit->start + peak->bytes - profile->step.boundary[first - 1], peak,
                         unit->layer + i);
    }
}

static void compose_forward(am_composer *composer, const am_step *ends)
{
    am_unit unit;
    if (ends->forward[0].seen) note_forward(composer, ends->forward[0].bytes, &ends->forward[0], -1);
    for (bool more = first_unit(composer, &unit); more; more = next_unit(composer, &unit))
        if (unit.at_end) compose_unit_forward(composer, &unit);
    int after = ends->layers + 1;
    if (ends->forward[after].seen)
        note_forward(composer, composer->end + ends->forward[after].bytes - ends->boundary[ends->layers],
                     &ends->forward[after], -1);
}

/* ---- backward ---- */

/* What lives on from the forward differs by what the model's own code lets go at its end: regions hold masks, tables
 * and their input beyond it. Units of another profile than the model's first stand on that difference. */
static int64_t held_beside(const am_profile *ends, const am_profile *own)
{
    return ends->step.after_forward - ends->step.boundary[ends->step.layers] -
           (own->step.after_forward - own->step.boundary[own->step.layers]);
}

/* What layers of a unit's region that are not on the record add to a moment of one of its layers: layers below it, which
 * have been played again, and gradients of those above it. */
typedef struct am_excess {
    int64_t saved, gradients;
} am_excess;

static int64_t excess_in(am_excess excess, am_phase phase, int way)
{
    if (phase != AM_RECOMPUTE && phase != AM_BACKWARD) return 0;
    return excess.saved + (way && phase == AM_BACKWARD ? excess.gradients : 0);
}

/* Walks over the layers of a unit from its first to its last. */
typedef struct am_inner {
    int64_t index, saved, gradients; /* saved by those below it, gradients of those above it */
    int zone, first;                 /* on the record; first: of its region */
    am_excess excess;
} am_inner;

static void settle_inner(const am_composer *composer, const am_unit *unit, am_inner *inner)
{
    const am_profile *profile = unit->profile;
    const am_step *step = &profile->step;
    inner->zone = zone_of(composer, unit, inner->index);
    inner->first = inner->zone - (inner->zone - 1) % profile->record.inner;
    inner->gradients -= gradients_of_layer(composer, profile, unit->layer + inner->index);
    if (unit->inner == 1) return;
    int last = inner->first + profile->record.inner - 1;
    inner->excess.saved = inner->saved - (step->recompute_start[inner->zone] - step->recompute_start[inner->first]);
    inner->excess.gradients =
        inner->gradients - (step->gradients_above[inner->zone] - step->gradients_above[last]);
}

static am_inner first_inner(const am_composer *composer, const am_unit *unit)
{
    am_inner inner = {.gradients = unit->inner == 1 ? 0 : gradients_of_unit(composer, unit)};
    settle_inner(composer, unit, &inner);
    return inner;
}

static bool next_inner(const am_composer *composer, const am_unit *unit, am_inner *inner)
{
    if (++inner->index == unit->inner) return false;
    const am_step *step = &unit->profile->step;
    inner->saved += step->recompute_start[inner->zone + 1] - step->recompute_start[inner->zone];
    settle_inner(composer, unit, inner);
    return true;
}

/* May a peak stand in this layer of its unit, or does it lie between others like it? */
static bool inner_at_end(const am_composer *composer, const am_unit *unit, int64_t index)
{
    int64_t layer = unit->layer + index, last = unit->layer + unit->inner - 1;
    return index == 0 || layer == last ||
           !is_between(composer->pattern, layer, 1, composer->pattern->period, unit->layer + 1, last);
}

/* Peaks of one unit, above what its forward left and the gradients above it: base. */
static void compose_unit(am_composer *composer, const am_unit *unit, int way, int64_t base)
{
    const am_step *step = &unit->profile->step;
    am_inner inner = first_inner(composer, unit);
    do {
        if (!inner_at_end(composer, unit, inner.index)) continue;
        int last = inner.first + unit->profile->record.inner - 1;
        int64_t zero = step->boundary[last] + (way ? step->gradients_above[last] : 0);
        for (int phase = AM_BEFORE_RECOMPUTE; phase < AM_PHASE_COUNT; phase++) {
            const am_peak *peak = &step->backward[way][phase][inner.zone];
            if (peak->seen)
                note_backward(composer, way,
                              base + peak->bytes - zero + excess_in(inner.excess, (am_phase)phase, way), peak,
                              (am_phase)phase, unit->layer + inner.index);
        }
    } while (next_inner(composer, unit, &inner));
}

static void compose_backward(am_composer *composer, const am_profile *ends, int way)
{
    const am_step *step = &ends->step;
    int after = step->layers + 1;
    int64_t above = way ? step->gradients_above[step->layers] : 0;
    const am_peak *loss = &step->backward[way][AM_BACKWARD][after];
    if (loss->seen)
        note_backward(composer, way, composer->end + loss->bytes - step->boundary[step->layers], loss, AM_BACKWARD, -1);
    am_unit unit = behind_last(composer);
    while (previous_unit(composer, &unit)) {
        int64_t end = unit.start + unit.residue + held_beside(ends, unit.profile);
        if (unit.at_end) compose_unit(composer, &unit, way, end + above);
        if (way) above += gradients_of_unit(composer, &unit);
    }
    const am_peak *embedding = &step->backward[way][AM_BACKWARD][0];
    int64_t zero = step->boundary[0] + (way ? step->gradients_above[0] : 0);
    if (embedding->seen)
        note_backward(composer, way, unit.start + above + embedding->bytes - zero, embedding, AM_BACKWARD, -1);
}

/* ---- sums ---- */

/* No figure of the whole model is above that of the record times the number of layers. FLOPs may go beyond 2^53, not
 * beyond 2^62. */
static bool fits(const am_composer *composer, const am_step *step)
{
    int64_t flops;
    bool wide = __builtin_mul_overflow(step->forward_flops, composer->layers + 1, &flops) || flops > INT64_MAX / 2;
    return !wide && am_mul_checked(step->step_peak, composer->layers + 1) >= 0;
}

static void compose_units(am_composer *composer, const am_profile *ends)
{
    am_outcome *outcome = composer->outcome;
    am_unit unit;
    for (bool more = first_unit(composer, &unit); more; more = next_unit(composer, &unit)) {
        outcome->saved_bytes += unit.profile->unit_bytes[unit.recorded];
        for (int64_t i = 0; i < unit.inner; i++)
            outcome->recomputed_flops += unit.profile->step.zone_recomputed[zone_of(composer, &unit, i)];
    }
    composer->end = unit.start;
    outcome->saved_bytes += ends->shared_bytes + ends->outside_bytes;
}

static void compose_sums(am_composer *composer, const am_profile *ends)
{
    am_outcome *outcome = composer->outcome;
    const am_step *step = &ends->step;
    outcome->after_forward = composer->end + step->after_forward - step->boundary[step->layers];
    outcome->forward_flops = step->forward_flops;
    outcome->gradient_bytes = step->gradient_bytes;
    for (int64_t i = 0; i < composer->layers; i++) {
        int zone = usual_zone(ends, am_pattern_kind(composer->pattern, i));
        outcome->forward_flops += step->zone_flops[zone];
        outcome->gradient_bytes += gradients_of_zone(ends, zone);
    }
    for (int i = 0; i < step->layers; i++) { /* the record's own are among them */
        int zone = usual_zone(ends, ends->record.kind[i]);
        outcome->forward_flops -= step->zone_flops[zone];
        outcome->gradient_bytes -= gradients_of_zone(ends, zone);
    }
}

int64_t am_outcome_peak(const am_outcome *outcome)
{
    return outcome->forward_peak > outcome->backward_peak ? outcome->forward_peak : outcome->backward_peak;
}

const am_place *am_outcome_peak_at(const am_outcome *outcome)
{
    return outcome->forward_peak > outcome->backward_peak ? &outcome->forward_at : &outcome->backward_at;
}

static am_composer composer_of(am_outcome *outcome, const am_pattern *pattern, int runs, const am_run *run)
{
    am_composer composer = {.pattern = pattern, .runs = runs, .run = run, .outcome = outcome};
    for (int i = 0; i < runs; i++) composer.layers += run[i].units * run[i].inner;
    return composer;
}

am_code am_plan_compose(am_outcome *outcome, const am_pattern *pattern, int runs, const am_run *run)
{
    memset(outcome, 0, sizeof *outcome);
    const am_profile *ends = run[0].profile; /* what is before and after the layers is the same in all */
    const am_step *step = &ends->step;
    am_composer composer = composer_of(outcome, pattern, runs, run);
    if (!fits(&composer, step)) return AM_TOO_LARGE;
    compose_units(&composer, ends);
    compose_sums(&composer, ends);
    compose_forward(&composer, step);
    int64_t dropped = composer.end + step->after_drop - step->boundary[step->layers];
    outcome->backward_peak = dropped;
    outcome->step_peak = outcome->forward_peak;
    outcome->backward_at = (am_place){AM_BACKWARD, -1, {"", "", AM_C_LOSS}, AM_OP_NLL_LOSS};
    outcome->step_at = outcome->forward_at;
    for (int way = 0; way < 2; way++) compose_backward(&composer, ends, way);
    return AM_OK;
}

/* ---- timeline ---- */

typedef struct am_line {
    am_point *point;
    int count, capacity;
} am_line;

static void add_point(am_line *line, const am_sample *sample, int64_t layer, int64_t shift)
{
    if (line->count < line->capacity)
        line->point[line->count] =
            (am_point){(am_phase)sample->phase, layer, sample->module, (am_op)sample->op, sample->live + shift};
    line->count++;
}

static void add_outside(am_line *line, const am_profile *ends, bool forward, int zone, int64_t shift)
{
    for (int i = 0; i < ends->samples; i++) {
        const am_sample *sample = &ends->sample[i];
        if (sample->zone == zone && (sample->phase == AM_FORWARD) == forward) add_point(line, sample, -1, shift);
    }
}

/* The samples of one layer of a unit in these phases, of which a region of several layers has one. */
static void add_inner(am_line *line, const am_unit *unit, const am_inner *inner, am_phase from, am_phase to,
                      int64_t shift)
{
    const am_profile *profile = unit->profile;
    shift += unit->start - profile->step.boundary[inner->first - 1] + excess_in(inner->excess, from, 0);
    for (int i = 0; i < profile->samples; i++) {
        const am_sample *sample = &profile->sample[i];
        if (sample->zone == inner->zone && sample->phase >= from && sample->phase <= to)
            add_point(line, sample, unit->layer + inner->index, shift);
    }
}

/* One phase of a region, its layers in the order in which they run: the last first in the backward. */
static void add_phase(const am_composer *composer, am_line *line, const am_unit *unit, am_phase phase, int64_t shift)
{
    bool up = phase == AM_FORWARD || phase == AM_RECOMPUTE;
    for (int64_t i = 0; i < unit->inner; i++) {
        int64_t index = up ? i : unit->inner - 1 - i;
        if (!inner_at_end(composer, unit, index)) continue;
        am_inner inner = first_inner(composer, unit);
        while (inner.index < index) next_inner(composer, unit, &inner);
        add_inner(line, unit, &inner, phase, phase, shift);
    }
}

static void add_backward(const am_composer *composer, am_line *line, const am_unit *unit, int64_t shift)
{
    if (unit->inner == 1) {
        am_inner inner = first_inner(composer, unit);
        add_inner(line, unit, &inner, AM_BEFORE_RECOMPUTE, AM_BACKWARD, shift);
        return;
    }
    for (int phase = AM_BEFORE_RECOMPUTE; phase < AM_PHASE_COUNT; phase++)
        add_phase(composer, line, unit, (am_phase)phase, shift);
}

int am_plan_timeline(am_point *point, int capacity, const am_pattern *pattern, int runs, const am_run *run)
{
    const am_profile *ends = run[0].profile;
    const am_step *step = &ends->step;
    am_outcome outcome = {0};
    am_composer composer = composer_of(&outcome, pattern, runs, run);
    am_unit unit;
    am_line line = {point, 0, capacity};
    compose_units(&composer, ends);
    int64_t shift = composer.end - step->boundary[step->layers];
    int after = step->layers + 1;
    add_outside(&line, ends, true, 0, 0);
    for (bool more = first_unit(&composer, &unit); more; more = next_unit(&composer, &unit))
        if (unit.at_end) add_phase(&composer, &line, &unit, AM_FORWARD, 0);
    add_outside(&line, ends, true, after, shift);
    add_outside(&line, ends, false, after, shift);
    while (previous_unit(&composer, &unit))
        if (unit.at_end) add_backward(&composer, &line, &unit, held_beside(ends, unit.profile));
    add_outside(&line, ends, false, 0, 0);
    return line.count;
}
