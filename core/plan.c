/* The whole model from three units: a plan's runs of equal units, composed of played records. */
#include "bytes.h"

#include <string.h>

#include "actmem.h"

/* Equal units one behind another: `unit` of the profile stands for each. */
typedef struct am_block {
    const am_profile *profile;
    int unit;
    int64_t count, inner;
    int64_t layer;     /* index of its first layer */
    int64_t start;     /* live bytes of the forward at its beginning */
    int64_t residue;   /* what one unit leaves */
    int64_t gradients; /* of one unit */
} am_block;

#define MAX_BLOCKS 8

typedef struct am_composer {
    int blocks;
    am_block block[MAX_BLOCKS];
    int64_t end;  /* live bytes of the forward behind the last unit */
    int64_t head; /* gradients that exist when the layers' backward begins */
    int64_t layers, layer_gradients;
    am_outcome *outcome;
} am_composer;

/* ---- the played units ---- */

static int first_zone(const am_profile *profile, int unit)
{
    return unit * profile->record.inner + 1;
}

static int last_zone(const am_profile *profile, int unit)
{
    return (unit + 1) * profile->record.inner;
}

/* Gradients of one layer, the second: they are what its backward adds. */
static int64_t layer_gradients(const am_step *step)
{
    int above = step->layers > 1 ? 2 : 1;
    return step->gradients_above[above - 1] - step->gradients_above[above];
}

/* What one more layer of a region adds while the region is played again. */
static int64_t inner_residue(const am_profile *profile, int unit)
{
    int zone = first_zone(profile, unit);
    return profile->step.recompute_start[zone + 2] - profile->step.recompute_start[zone + 1];
}

static void add_block(am_composer *composer, const am_run *run, int unit, int64_t count)
{
    if (count <= 0) return;
    const am_step *step = &run->profile->step;
    int first = first_zone(run->profile, unit), last = last_zone(run->profile, unit);
    am_block *block = &composer->block[composer->blocks++];
    *block = (am_block){.profile = run->profile,
                        .unit = unit,
                        .count = count,
                        .inner = run->inner,
                        .layer = composer->layers,
                        .start = composer->end,
                        .residue = step->boundary[last] - step->boundary[first - 1],
                        .gradients = run->inner * layer_gradients(step)};
    composer->end += count * block->residue;
    composer->layers += count * run->inner;
}

/* The first unit of the model is a kind of its own where more than one was played; all others look like the second. */
static void cut_blocks(am_composer *composer, int runs, const am_run *run)
{
    for (int i = 0; i < runs; i++) {
        bool alike = run[i].profile->record.units == 1;
        int64_t first = composer->blocks == 0 && run[i].units > 0 && !alike ? 1 : 0;
        if (first) add_block(composer, &run[i], 0, 1);
        add_block(composer, &run[i], alike ? 0 : 1, run[i].units - first);
    }
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

static void compose_forward(am_composer *composer, const am_step *ends)
{
    if (ends->forward[0].seen) note_forward(composer, ends->forward[0].bytes, &ends->forward[0], -1);
    for (int i = 0; i < composer->blocks; i++) {
        const am_block *block = &composer->block[i];
        const am_step *step = &block->profile->step;
        int first = first_zone(block->profile, block->unit), last = last_zone(block->profile, block->unit);
        int64_t later = (block->count - 1) * (block->residue > 0 ? block->residue : 0);
        int64_t at = block->layer + (later ? (block->count - 1) * block->inner : 0);
        for (int zone = first; zone <= last; zone++)
            if (step->forward[zone].seen)
                note_forward(composer, block->start + later + step->forward[zone].bytes - step->boundary[first - 1],
                             &step->forward[zone], at + (zone == last ? block->inner - 1 : zone - first));
    }
    int after = ends->layers + 1;
    if (ends->forward[after].seen)
        note_forward(composer, composer->end + ends->forward[after].bytes - ends->boundary[ends->layers],
                     &ends->forward[after], -1);
}

/* ---- backward ---- */

/* What a region of `inner` layers has beyond the played three at a peak of layer `index` (0, 1, 2) of the region:
 * `above` where layers below are still to come, `below` gradients of layers above. A peak of the middle layer stands
 * for inner - 2 of them. */
static int64_t inner_excess(const am_block *block, am_phase phase, int index, int way)
{
    int64_t more = block->inner - block->profile->record.inner;
    if (more == 0 || phase == AM_BEFORE_RECOMPUTE) return 0;
    int64_t saved = more * inner_residue(block->profile, block->unit);
    int64_t gradients = way ? more * layer_gradients(&block->profile->step) : 0;
    if (phase == AM_RECOMPUTE) return index == 0 ? 0 : saved;
    if (index == 2) return saved;
    if (index == 0) return gradients;
    return saved > gradients ? saved : gradients;
}

/* What lives on from the forward differs by what the model's own code lets go at its end: regions hold masks, tables
 * and their input beyond it. Units of another profile than the model's first stand on that difference. */
static int64_t held_beside(const am_profile *ends, const am_profile *own)
{
    return ends->step.after_forward - ends->step.boundary[ends->step.layers] -
           (own->step.after_forward - own->step.boundary[own->step.layers]);
}

/* Peaks of one unit, relative to what its forward left and to the gradients above it. */
static void compose_unit(am_composer *composer, const am_block *block, int way, int64_t base, int64_t layer)
{
    const am_step *step = &block->profile->step;
    int first = first_zone(block->profile, block->unit), last = last_zone(block->profile, block->unit);
    int64_t zero = step->boundary[last] + (way ? step->gradients_above[last] : 0);
    for (int phase = AM_BEFORE_RECOMPUTE; phase < AM_PHASE_COUNT; phase++)
        for (int zone = first; zone <= last; zone++) {
            const am_peak *peak = &step->backward[way][phase][zone];
            bool middle = zone != first && zone != last;
            if (!peak->seen || (middle && block->inner < 3)) continue;
            int64_t excess = inner_excess(block, (am_phase)phase, zone - first, way);
            note_backward(composer, way, base + peak->bytes - zero + excess, peak, (am_phase)phase,
                          layer + (zone == last ? block->inner - 1 : zone - first));
        }
}

static void compose_backward(am_composer *composer, const am_step *ends, int way)
{
    int after = ends->layers + 1;
    int64_t above = way ? composer->head : 0;
    const am_peak *loss = &ends->backward[way][AM_BACKWARD][after];
    if (loss->seen)
        note_backward(composer, way, composer->end + loss->bytes - ends->boundary[ends->layers], loss, AM_BACKWARD, -1);
    for (int i = composer->blocks - 1; i >= 0; i--) {
        const am_block *block = &composer->block[i];
        int64_t others = block->count - 1;
        int64_t end = block->start + block->residue + held_beside(composer->block[0].profile, block->profile);
        int64_t gradients = way ? others * block->gradients : 0;
        compose_unit(composer, block, way, end + others * block->residue + above, block->layer + others * block->inner);
        if (others) compose_unit(composer, block, way, end + above + gradients, block->layer);
        above += way ? block->count * block->gradients : 0;
    }
    const am_peak *embedding = &ends->backward[way][AM_BACKWARD][0];
    int64_t zero = ends->boundary[0] + (way ? ends->gradients_above[0] : 0);
    if (embedding->seen)
        note_backward(composer, way, composer->block[0].start + above + embedding->bytes - zero, embedding, AM_BACKWARD,
                      -1);
}

/* ---- sums ---- */

static int64_t unit_saved(const am_block *block)
{
    return block->unit == 0 ? block->profile->first_bytes : block->profile->layer_bytes;
}

/* FLOPs played again for one unit; the three that were played are alike. */
static int64_t unit_recomputed(const am_block *block)
{
    const am_profile *profile = block->profile;
    int64_t more = profile->checkpointed ? block->inner - profile->record.inner : 0;
    return profile->step.recomputed_flops / profile->record.units + more * profile->step.layer_flops;
}

/* No figure of the whole model is above that of the record times the number of layers. FLOPs may go beyond 2^53, not
 * beyond 2^62. */
static bool fits(const am_composer *composer, const am_step *step)
{
    int64_t flops;
    bool wide = __builtin_mul_overflow(step->forward_flops, composer->layers + 1, &flops) || flops > INT64_MAX / 2;
    return !wide && am_mul_checked(step->step_peak, composer->layers + 1) >= 0;
}

static void compose_sums(am_composer *composer, const am_profile *ends)
{
    am_outcome *outcome = composer->outcome;
    const am_step *step = &ends->step;
    int64_t more = composer->layers - step->layers;
    outcome->saved_bytes = ends->shared_bytes + ends->outside_bytes;
    for (int i = 0; i < composer->blocks; i++) {
        outcome->saved_bytes += composer->block[i].count * unit_saved(&composer->block[i]);
        outcome->recomputed_flops += composer->block[i].count * unit_recomputed(&composer->block[i]);
    }
    outcome->after_forward = composer->end + step->after_forward - step->boundary[step->layers];
    outcome->forward_flops = step->forward_flops + more * step->layer_flops;
    outcome->gradient_bytes = step->gradient_bytes + more * layer_gradients(step);
}

int64_t am_outcome_peak(const am_outcome *outcome)
{
    return outcome->forward_peak > outcome->backward_peak ? outcome->forward_peak : outcome->backward_peak;
}

const am_place *am_outcome_peak_at(const am_outcome *outcome)
{
    return outcome->forward_peak > outcome->backward_peak ? &outcome->forward_at : &outcome->backward_at;
}

am_code am_plan_compose(am_outcome *outcome, int runs, const am_run *run)
{
    memset(outcome, 0, sizeof *outcome);
    const am_profile *ends = run[0].profile; /* what is before and after the layers is the same in all */
    const am_step *step = &ends->step;
    am_composer composer = {.end = step->boundary[0], .outcome = outcome};
    cut_blocks(&composer, runs, run);
    if (!fits(&composer, step)) return AM_TOO_LARGE;
    composer.head = step->gradients_above[step->layers];
    compose_sums(&composer, ends);
    compose_forward(&composer, step);
    int64_t dropped = composer.end + step->after_drop - step->boundary[step->layers];
    outcome->backward_peak = dropped;
    outcome->step_peak = outcome->forward_peak;
    outcome->backward_at = (am_place){AM_BACKWARD, -1, {"", "", AM_C_LOSS}, AM_OP_NLL_LOSS};
    outcome->step_at = outcome->forward_at;
    for (int way = 0; way < 2; way++) compose_backward(&composer, step, way);
    return AM_OK;
}

/* ---- timeline ---- */

/* A played unit as it stands in the model. */
typedef struct am_shown {
    const am_block *block;
    int64_t layer, start; /* its first layer; live bytes of the forward at its beginning */
    int64_t beside;       /* as held_beside */
} am_shown;

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

static void add_unit(am_line *line, const am_shown *shown, bool forward)
{
    const am_block *block = shown->block;
    const am_profile *profile = block->profile;
    int first = first_zone(profile, block->unit), last = last_zone(profile, block->unit);
    int64_t shift = shown->start - profile->step.boundary[first - 1] + (forward ? 0 : shown->beside);
    for (int i = 0; i < profile->samples; i++) {
        const am_sample *sample = &profile->sample[i];
        if (sample->zone < first || sample->zone > last || (sample->phase == AM_FORWARD) != forward) continue;
        if (sample->zone != first && sample->zone != last && block->inner < 3) continue;
        int64_t layer = shown->layer + (sample->zone == last ? block->inner - 1 : sample->zone - first);
        int64_t excess = forward ? 0 : inner_excess(block, (am_phase)sample->phase, sample->zone - first, 0);
        add_point(line, sample, layer, shift + excess);
    }
}

/* First and last unit of each block. */
static int show_units(const am_composer *composer, am_shown shown[2 * MAX_BLOCKS])
{
    int count = 0;
    for (int i = 0; i < composer->blocks; i++) {
        const am_block *block = &composer->block[i];
        int64_t beside = held_beside(composer->block[0].profile, block->profile);
        shown[count++] = (am_shown){block, block->layer, block->start, beside};
        if (block->count == 1) continue;
        int64_t others = block->count - 1;
        shown[count++] =
            (am_shown){block, block->layer + others * block->inner, block->start + others * block->residue, beside};
    }
    return count;
}

int am_plan_timeline(am_point *point, int capacity, int runs, const am_run *run)
{
    const am_profile *ends = run[0].profile;
    am_outcome outcome;
    am_composer composer = {.end = ends->step.boundary[0], .outcome = &outcome};
    cut_blocks(&composer, runs, run);
    am_shown shown[2 * MAX_BLOCKS];
    int units = show_units(&composer, shown), after = ends->step.layers + 1;
    int64_t shift = composer.end - ends->step.boundary[ends->step.layers];
    am_line line = {point, 0, capacity};
    add_outside(&line, ends, true, 0, 0);
    for (int i = 0; i < units; i++) add_unit(&line, &shown[i], true);
    add_outside(&line, ends, true, after, shift);
    add_outside(&line, ends, false, after, shift);
    for (int i = units - 1; i >= 0; i--) add_unit(&line, &shown[i], false);
    add_outside(&line, ends, false, 0, 0);
    return line.count;
}
