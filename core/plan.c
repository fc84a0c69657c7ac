/* The whole model from a few units: a plan's runs of units, composed of played records. */
#include "bytes.h"

#include <string.h>

#include "reversal.h"

/* ---- kinds of layers ---- */

/* How many layers from this one on are of its kind; no fewer than any model has, where all are. */
static int64_t alike_from(const am_pattern *pattern, int64_t layer)
{
    const int64_t all = INT32_MAX;
    int kind = am_pattern_kind(pattern, layer);
    if (layer < pattern->prefix) return pattern->prefix - layer;
    int64_t count = 1;
    while (count < pattern->period && am_pattern_kind(pattern, layer + count) == kind) count++;
    return count < pattern->period ? count : all;
}

/* Is one of the layers before this one of this kind? */
static bool seen_before(const am_pattern *pattern, int kind, int64_t layer)
{
    if (layer > pattern->prefix + pattern->period) layer = pattern->prefix + pattern->period;
    for (int64_t i = layer - 1; i >= 0; i--) {
        if (am_pattern_kind(pattern, i) == kind) return true;
        if (i < pattern->prefix) return false; /* all of these are of one kind */
    }
    return false;
}

/* The layers of a model: its runs, in order from the embedding. */
typedef struct am_sequence {
    const am_pattern *pattern;
    int runs;
    const am_run *run;
    int64_t last;  /* layer */
    bool outlives; /* backwards leave something for good */
} am_sequence;

static am_sequence sequence_of(const am_pattern *pattern, int runs, const am_run *run)
{
    am_sequence model = {pattern, runs, run, -1, false};
    for (int i = 0; i < runs; i++) {
        model.last += run[i].units * run[i].inner;
        model.outlives |= run[i].profile->step.all_outlived != 0;
    }
    return model;
}

/* ---- the played layers that stand for the model's ---- */

/* A stretch of equal units one behind another: `count` units of `inner` layers from layer `start` on. */
typedef struct am_walk {
    const am_sequence *model;
    int index; /* of the run */
    const am_profile *profile;
    int64_t run_start, left; /* first layer of the run, units of it from this stretch on */
    uint8_t last[AM_MAX_LAYER_KINDS];     /* by kind, in this run: the played unit for layers from `settled` on */
    uint16_t settled[AM_MAX_LAYER_KINDS]; /* of regions: for those that begin there or behind */
    int64_t start, count, inner;
    int unit;          /* the played one for the layer at start */
    bool last_of_kind; /* which stands for all later ones of its kind */
} am_walk;

/* Is the model's last unit played by itself? Not of what core.wasm has. */
static bool has_own_last(const am_profile *profile)
{
#ifdef AM_FIRST
    (void)profile;
    return false;
#else
    return profile->record.last;
#endif
}

static int first_zone(const am_profile *profile, int unit)
{
    return unit * profile->record.inner + 1;
}

static int last_zone(const am_profile *profile, int unit)
{
    return (unit + 1) * profile->record.inner;
}

static int unit_of(const am_profile *profile, int zone)
{
    int inner = profile->record.inner;
    return inner == 1 ? zone - 1 : (zone - 1) / inner; /* most are so, and a division is slow */
}

/* The last played unit of each kind stands for all later ones, and for all of them in a run before which the kind has
 * been seen. */
static void settle_run(am_walk *walk)
{
    const am_profile *profile = walk->profile;
    const am_record *record = &profile->record;
    memset(walk->last, 0, sizeof walk->last);
    for (int unit = 0; unit < record->units - has_own_last(profile); unit++)
        walk->last[record->kind[unit * record->inner]] = (uint8_t)unit;
    for (int kind = 0; kind < AM_MAX_LAYER_KINDS; kind++) {
        bool seen = seen_before(walk->model->pattern, kind, walk->run_start);
        walk->settled[kind] = record->inner > 1 ? 1 : seen ? 0 : (uint16_t)profile->like[walk->last[kind]];
    }
}

/* The played unit for a layer of the unit that begins at layer `start`: of the same kind, and as early in the model as
 * it is. settled: the last of its kind. */
static int unit_for(const am_walk *walk, int64_t start, int64_t layer, bool *settled)
{
    const am_profile *profile = walk->profile;
    const am_record *record = &profile->record;
    int kind = am_pattern_kind(walk->model->pattern, layer), unit = 0;
    if (has_own_last(profile) && (record->inner > 1 ? start + walk->inner - 1 : layer) == walk->model->last &&
        record->kind[(record->units - 1) * record->inner] == kind) {
        *settled = true;
        return record->units - 1;
    }
    *settled = (record->inner > 1 ? start : layer) >= walk->settled[kind];
    if (*settled) return walk->last[kind];
    while (unit < walk->last[kind] && record->kind[unit * record->inner] != kind) unit++;
    for (int next = unit + 1; record->inner == 1 && next < walk->last[kind]; next++)
        if (record->kind[next] == kind && profile->like[next] <= layer) unit = next;
    *settled = unit == walk->last[kind];
    return unit;
}

/* Its zone: the first, the last or one between of a unit. */
static int zone_for(const am_walk *walk, int64_t start, int64_t layer)
{
    bool settled;
    bool first = start == walk->start && layer == start;
    int zone = first_zone(walk->profile, first ? walk->unit : unit_for(walk, start, layer, &settled));
    if (layer == start) return zone;
    return layer == start + walk->inner - 1 ? zone + walk->profile->record.inner - 1 : zone + 1;
}

/* How many layers from this one on, of the same unit, have the same zone. */
static int64_t zone_layers(const am_walk *walk, int64_t start, int64_t layer)
{
    int64_t middle = start + walk->inner - 1 - layer;
    if (layer == start || middle < 1) return 1;
    int64_t alike = alike_from(walk->model->pattern, layer);
    return am_smaller(alike, middle);
}

/* Units from this one on that are equal to it. */
static int64_t equal_units(const am_walk *walk)
{
    const am_pattern *pattern = walk->model->pattern;
    int64_t alike = alike_from(pattern, walk->start), before = walk->model->last + 1 - walk->start;
    if (walk->inner > 1) alike /= walk->inner, before /= walk->inner; /* else a division would be slow */
    before--;
    if (has_own_last(walk->profile) && alike > before) alike = before > 0 ? before : 1;
    if (!walk->last_of_kind) return 1;
    if (alike == 0) {
        if (walk->inner % pattern->period != 0 || walk->start < pattern->prefix) return 1;
        alike = has_own_last(walk->profile) && before < walk->left ? am_larger(before, 1) : walk->left;
    }
    return am_smaller(alike, walk->left);
}

/* On to the next stretch; false at the end of the model. Begins with a walk of the model alone. */
static bool walk_on(am_walk *walk)
{
    const am_sequence *model = walk->model;
    if (!walk->profile) walk->index = -1;
    walk->start += walk->count * walk->inner;
    walk->left -= walk->count;
    while (walk->left == 0) {
        if (++walk->index == model->runs) return false;
        const am_run *run = &model->run[walk->index];
        walk->profile = run->profile;
        walk->left = run->units;
        walk->inner = run->inner;
        walk->run_start = walk->start;
        settle_run(walk);
    }
    walk->unit = unit_for(walk, walk->start, walk->start, &walk->last_of_kind);
    walk->count = equal_units(walk);
    return true;
}

/* ---- what a played unit leaves ---- */

static int64_t residue_of(const am_profile *profile, int unit)
{
    const am_step *step = &profile->step;
    return step->boundary[last_zone(profile, unit)] - step->boundary[first_zone(profile, unit) - 1];
}

/* What it carries on into the next unit's forward, and what the one before it does. */
#ifdef AM_FIRST
#define carried_by(profile, unit)   0
#define carried_into(profile, unit) 0
#else
static int64_t carried_by(const am_profile *profile, int unit)
{
    return profile->step.carried[last_zone(profile, unit)];
}

static int64_t carried_into(const am_profile *profile, int unit)
{
    return profile->step.carried[first_zone(profile, unit) - 1];
}
#endif

/* What the backward of the unit before one leaves, for the graph of its region, which something keeps: the gradient of its input. */
static int64_t passed_by(const am_profile *profile, int unit)
{
    return profile->step.passed[first_zone(profile, unit)];
}

/* What its own backward leaves so. */
static int64_t outlived_by(const am_profile *profile, int unit)
{
    const am_step *step = &profile->step;
    int64_t bytes = step->outlived[first_zone(profile, unit) - 1] - step->outlived[last_zone(profile, unit)];
    return unit + 1 < profile->record.units ? bytes - passed_by(profile, unit + 1) : bytes;
}

/* Bytes of gradients that a zone's parameters get. */
static int64_t gradients_of(const am_step *step, int zone)
{
    return step->gradients_above[zone - 1] - step->gradients_above[zone];
}

/* What a layer leaves when its region is played again, for the layers behind it in the region. */
static int64_t inner_residue(const am_step *step, int zone)
{
    return step->recompute_start[zone + 1] - step->recompute_start[zone];
}

/* And in the forward: its result, and what a region's code holds on to until its end. */
static int64_t inner_leavings(const am_step *step, int zone)
{
    return step->boundary[zone] - step->boundary[zone - 1];
}

/* Layers of one unit that have the same zone: `n` of them from `layer` on. */
typedef struct am_climb {
    int zone;
    int64_t start, layer, n;
    int64_t below; /* what the layers before them in their region left when it was played again */
    int64_t ahead; /* and what they left in the forward */
    int64_t above; /* gradients of the layers behind them in their unit; counted down from those of all */
} am_climb;

static bool climb_on(const am_walk *walk, am_climb *climb)
{
    const am_step *step = &walk->profile->step;
    if (climb->n && walk->inner > 1) {
        climb->below += climb->n * inner_residue(step, climb->zone);
        climb->ahead += climb->n * inner_leavings(step, climb->zone);
    }
    climb->layer += climb->n;
    if (climb->layer == climb->start + walk->inner) return false;
    climb->n = zone_layers(walk, climb->start, climb->layer);
    climb->zone = zone_for(walk, climb->start, climb->layer);
    climb->above -= climb->n * gradients_of(step, climb->zone);
    return true;
}

static am_climb climb_of(int64_t start, int64_t gradients)
{
    return (am_climb){.start = start, .layer = start, .above = gradients};
}

/* ---- sums ---- */

typedef struct am_composer {
    const am_sequence *model;
    const am_given *given; /* the bytes are the same in all */
    uint64_t stays;        /* of what is given to the layers: held throughout the backward, and */
    uint64_t held;         /* by the units so far */
    int64_t end;           /* live bytes of the forward behind the last layer */
    int64_t released;      /* of what is given: held by the model's units, beyond what the record of the first run has */
    int64_t staying;       /* and held throughout the backward, likewise */
    int64_t framed;        /* more than that behind the layers, while the model's code holds what it gave them */
    int64_t gradients;     /* of all layers */
    int64_t outlived;      /* by all units */
    int64_t start;         /* live bytes when the first layer's backward begins, less what that layer left and holds of what is given */
    int64_t head;          /* gradients that exist when the layers' backward begins */
    am_outcome *outcome;
} am_composer;

static int64_t given_bytes(const am_given *given, uint64_t set)
{
    int64_t bytes = 0;
    for (; set; set &= set - 1) bytes += given->bytes[__builtin_ctzll(set)];
    return bytes;
}

/* What a unit holds of what is given to the layers: of a region of several the layers of all kinds in it. The first one's input
 * is given to no other, though its segment may stand for others. */
static uint64_t given_to(const am_walk *walk)
{
    uint64_t set = 0;
    const am_given *given = &walk->profile->given;
    for (am_climb climb = climb_of(walk->start, 0); climb_on(walk, &climb);)
        set |= given->held[unit_of(walk->profile, climb.zone)];
    return walk->start > 0 ? set & ~given->input : set | (given->held[0] & given->input);
}

/* How much less there is when the backward of the model's last unit begins, if that is played by itself, than its place says. */
static int64_t less_at_last(const am_profile *profile, int unit)
{
    const am_step *step = &profile->step;
    if (!has_own_last(profile) || unit < profile->record.units - 1) return 0;
    uint64_t held = profile->given.stays | profile->given.held[0], all = held;
    int64_t bytes = step->backward_start[last_zone(profile, 0)];
    for (int i = 1; i <= unit; i++) {
        bytes += residue_of(profile, i);
        all |= profile->given.held[i];
    }
    return bytes + given_bytes(&profile->given, all & ~held) - step->backward_start[last_zone(profile, unit)];
}

/* The unit that the ledger shows in place of one: it has no rows of those that repeat another. */
static int shown_for(const am_walk *walk, int unit)
{
    const am_profile *profile = walk->profile;
    int kind = profile->record.kind[unit * profile->record.inner];
    return unit == 0 || walk->start == 0 ? 0 : profile->steady[kind]; /* a stage's only segment is both its first and its last */
}

/* What the units of a stretch keep without that. */
static int64_t own_saved_by(const am_walk *walk, int unit)
{
    const am_profile *profile = walk->profile;
    int shown = shown_for(walk, unit);
    int64_t input = shown == 0 ? (walk->count - (walk->start == 0)) * profile->own_input : 0;
    return walk->count * (profile->unit_bytes[shown] - profile->unit_given[shown]) + input;
}

/* What is freed with the backward of a unit beside what it left: given to the layers, and held by none before it. */
static int64_t first_release(am_composer *composer, const am_walk *walk)
{
    uint64_t set = given_to(walk) & ~composer->held;
    composer->held |= set;
    return given_bytes(composer->given, set);
}

static int64_t unit_gradients(const am_walk *walk)
{
    am_climb climb = climb_of(walk->start, 0);
    while (climb_on(walk, &climb)) {}
    return -climb.above;
}

static int unit_at(const am_walk *walk)
{
    if (has_own_last(walk->profile) && walk->start + walk->inner - 1 == walk->model->last) return walk->profile->record.units - 1;
    return unit_of(walk->profile, zone_for(walk, walk->start, walk->start));
}

/* Of a unit that a walk has come to: one layer of several whose graph is kept keeps that of all. */
static int64_t most_left(const am_walk *walk, int64_t (*left_by)(const am_profile *, int unit))
{
    int64_t most = 0;
    for (am_climb climb = climb_of(walk->start, 0); climb_on(walk, &climb);)
        most = am_larger(most, left_by(walk->profile, unit_of(walk->profile, climb.zone)));
    return most;
}

/* What so many units at the end of a stretch leave for good: of what follows it depends what the last one leaves of a gradient. */
static int64_t outlived_at_end(const am_walk *walk, int64_t count)
{
    if (!walk->model->outlives || count == 0) return 0;
    am_walk next = *walk;
    int64_t passed = count > 1 ? (count - 1) * most_left(walk, passed_by) : 0;
    if (walk_on(&next)) passed += most_left(&next, passed_by);
    return count * most_left(walk, outlived_by) + passed;
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

static void add_costs(am_outcome *outcome, const am_walk *walk)
{
    for (am_climb climb = climb_of(walk->start, 0); climb_on(walk, &climb);)
        add_cost(outcome, &walk->profile->step, climb.zone, walk->count * climb.n);
}

/* Live bytes when the first layer's backward begins, less what that layer left and what is held of what is given. */
static int64_t start_of(const am_profile *profile)
{
    const am_given *given = &profile->given;
    return profile->step.backward_start[last_zone(profile, 0)] - residue_of(profile, 0) -
           given_bytes(given, given->held[0] | given->stays);
}

static void compose_sums(am_composer *composer)
{
    const am_profile *ends = composer->model->run[0].profile; /* what is before and after the layers is the same in all */
    const am_step *step = &ends->step;
    am_outcome *outcome = composer->outcome;
    composer->end = step->boundary[0];
    composer->head = step->gradients_above[step->layers];
    composer->given = &ends->given;
    composer->start = start_of(ends);
    add_cost(outcome, step, 0, 1);
    add_cost(outcome, step, step->layers + 1, 1);
    outcome->saved_bytes = ends->shared_bytes + ends->outside_bytes;
    uint64_t recorded = ends->given.stays;
#ifndef AM_FIRST
    uint64_t lasting = 0; /* a run that is not the first may be the only one whose graphs keep it */
    outcome->saved_lasting = given_bytes(composer->given, ends->given.lasting);
#endif
    for (int unit = 0; unit < ends->record.units; unit++) {
        recorded |= ends->given.held[unit];
        outcome->saved_bytes += ends->unit_given[unit];
    }
    am_walk walk = {.model = composer->model};
    int64_t carried = 0; /* by the last unit */
    while (walk_on(&walk)) {
        int unit = unit_at(&walk);
        carried = carried_by(walk.profile, unit);
        composer->end += walk.count * residue_of(walk.profile, unit);
        composer->held |= given_to(&walk);
        composer->stays |= walk.profile->given.stays;
        composer->gradients += walk.count * unit_gradients(&walk);
        composer->outlived += outlived_at_end(&walk, walk.count);
        outcome->saved_bytes += own_saved_by(&walk, unit);
#ifndef AM_FIRST
        lasting |= walk.profile->given.lasting & ~ends->given.lasting;
        const am_unit_lasting *own = &walk.profile->lasting[shown_for(&walk, unit)];
        outcome->saved_lasting += walk.count * own->once;
        outcome->saved_renewed += walk.count * own->renewed;
#endif
        add_costs(outcome, &walk);
    }
    composer->start += given_bytes(composer->given, composer->stays);
    composer->staying = given_bytes(composer->given, composer->stays) - given_bytes(composer->given, ends->given.stays);
    composer->released = given_bytes(composer->given, composer->held) - given_bytes(composer->given, recorded);
    composer->framed = given_bytes(composer->given, recorded & ends->given.framed) -
                       given_bytes(composer->given, composer->held & ends->given.framed) +
                       carried - carried_by(ends, ends->record.units - 1);
    int64_t above = composer->end + composer->released - step->boundary[step->layers];
    outcome->saved_bytes += composer->released;
#ifndef AM_FIRST
    outcome->saved_bytes += given_bytes(composer->given, lasting);
    outcome->saved_lasting += given_bytes(composer->given, lasting);
#endif
    outcome->after_forward = step->after_forward + above;
    outcome->gradient_bytes = step->gradient_bytes + composer->gradients + composer->head - step->gradients_above[0];
    outcome->backward_peak = step->after_drop + above;
}

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

/* Where a unit of the model stands. */
typedef struct am_stand {
    int64_t start;     /* its first layer */
    int64_t forward;   /* live bytes when its forward begins */
    int64_t carried;   /* what the unit before it carries on into it, in a model's beyond what the played one's does */
    int64_t backward;  /* and its backward */
    int64_t gradients; /* that exist then */
    int64_t outlived;  /* by the units behind it */
} am_stand;

/* How much more there is when its backward begins than in the played unit's, gradients apart. */
static int64_t base_of(const am_stand *stand, const am_step *step, int last)
{
    return stand->backward + stand->outlived - step->backward_start[last] - step->outlived[last];
}

/* How much more there is than in the played unit, at a moment of the `index`-th of these layers. */
static int64_t excess_at(const am_walk *walk, const am_climb *climb, int64_t index, am_phase phase, int way)
{
    if (phase == AM_BEFORE_RECOMPUTE || walk->inner == 1) return 0;
    const am_step *step = &walk->profile->step;
    int unit = unit_of(walk->profile, climb->zone);
    int first = first_zone(walk->profile, unit), last = last_zone(walk->profile, unit);
    if (phase == AM_FORWARD)
        return climb->ahead + index * inner_leavings(step, climb->zone) -
               (step->boundary[climb->zone - 1] - step->boundary[first - 1]);
    int64_t bytes = climb->below - (step->recompute_start[climb->zone] - step->recompute_start[first]);
    if (index) bytes += index * inner_residue(step, climb->zone);
    if (!way || phase == AM_RECOMPUTE) return bytes;
    return bytes + climb->above + (climb->n - 1 - index) * gradients_of(step, climb->zone) -
           (step->gradients_above[climb->zone] - step->gradients_above[last]);
}

static void compose_layer(am_outcome *outcome, const am_walk *walk, const am_climb *climb, int64_t index,
                          const am_stand *stand)
{
    const am_step *step = &walk->profile->step;
    int unit = unit_of(walk->profile, climb->zone), last = last_zone(walk->profile, unit);
    int64_t layer = climb->layer + index, before = step->boundary[first_zone(walk->profile, unit) - 1];
    const am_peak *forward = &step->forward[climb->zone];
    before -= excess_at(walk, climb, index, AM_FORWARD, 0);
    int64_t carried = layer == stand->start ? stand->carried : 0;
    note_forward(outcome, stand->forward + carried + forward->bytes - before, forward, layer);
    for (int way = 0; way < 2; way++) {
        int64_t base = base_of(stand, step, last);
        if (way) base += stand->gradients - step->gradients_above[last];
        for (int phase = AM_BEFORE_RECOMPUTE; phase < AM_PHASE_COUNT; phase++) {
            const am_peak *peak = &step->backward[way][phase][climb->zone];
            int64_t excess = excess_at(walk, climb, index, (am_phase)phase, way);
            note_backward(outcome, way, base + peak->bytes + excess, peak, (am_phase)phase, layer);
        }
    }
}

/* The layers of one unit, those that are alike at their ends: each moment is affine in the index. */
static void compose_unit(am_outcome *outcome, const am_walk *walk, const am_stand *stand, int64_t gradients)
{
    for (am_climb climb = climb_of(stand->start, gradients); climb_on(walk, &climb);) {
        compose_layer(outcome, walk, &climb, 0, stand);
        if (climb.n > 1) compose_layer(outcome, walk, &climb, climb.n - 1, stand);
    }
}

static void compose_outside(const am_composer *composer, const am_step *ends)
{
    am_outcome *outcome = composer->outcome;
    int after = ends->layers + 1;
    int64_t above = composer->end + composer->released - ends->boundary[ends->layers];
    outcome->head_forward = ends->forward[after].bytes - ends->boundary[ends->layers];
    outcome->head_backward = ends->backward[0][AM_BACKWARD][after].bytes - ends->boundary[ends->layers];
    note_forward(outcome, ends->forward[0].bytes, &ends->forward[0], -1);
    note_forward(outcome, ends->head[0].bytes + above + composer->framed, &ends->head[0], -1);
    note_forward(outcome, ends->head[1].bytes + above, &ends->head[1], -1);
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

/* The first and the last unit of the stretch that a walk has come to; `stand` is left behind it. */
static int stretch_ends(am_composer *composer, const am_walk *walk, int64_t gradients, am_stand *stand,
                        am_stand ends[2])
{
    int unit = unit_at(walk);
    int64_t residue = residue_of(walk->profile, unit), others = walk->count - 1;
    stand->start = walk->start;
    stand->backward += residue + first_release(composer, walk);
    stand->gradients -= gradients;
    int64_t outlived = stand->outlived - outlived_at_end(walk, walk->count);
    stand->outlived = outlived + outlived_at_end(walk, others);
    ends[0] = ends[1] = *stand;
    ends[1].outlived = outlived;
    ends[0].backward -= less_at_last(walk->profile, unit);
    ends[0].carried -= carried_into(walk->profile, unit);
    if (others) ends[1].carried = carried_by(walk->profile, unit) - carried_into(walk->profile, unit);
    ends[1].start += others * walk->inner;
    ends[1].forward += others * residue;
    ends[1].backward += others * residue;
    ends[1].gradients -= others * gradients;
    stand->forward = ends[1].forward + residue;
    stand->carried = carried_by(walk->profile, unit);
    stand->backward += others * residue;
    stand->gradients = ends[1].gradients;
    stand->outlived = outlived;
    return others ? 2 : 1;
}

static am_stand first_stand(am_composer *composer)
{
    composer->held = composer->stays;
    return (am_stand){.forward = composer->model->run[0].profile->step.boundary[0],
                      .backward = composer->start,
                      .gradients = composer->head + composer->gradients,
                      .outlived = composer->outlived};
}

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
    const am_sequence sequence = sequence_of(pattern, runs, run), *model = &sequence;
    memset(outcome, 0, sizeof *outcome);
    if (!fits(model)) return AM_TOO_LARGE;
    am_composer composer = {.model = model, .outcome = outcome};
    compose_sums(&composer);
    outcome->backward_at = (am_place){AM_BACKWARD, -1, {"", "", AM_C_LOSS}, AM_OP_NLL_LOSS};
    compose_outside(&composer, &model->run[0].profile->step);
    am_walk walk = {.model = model};
    am_stand stand = first_stand(&composer), ends[2];
    while (walk_on(&walk)) {
        int64_t gradients = unit_gradients(&walk);
        int count = stretch_ends(&composer, &walk, gradients, &stand, ends);
        for (int i = 0; i < count; i++) compose_unit(outcome, &walk, &ends[i], gradients);
    }
    if (outcome->forward_peak >= outcome->step_peak) {
        outcome->step_peak = outcome->forward_peak;
        outcome->step_at = outcome->forward_at;
    }
    return AM_OK;
}

void am_plan_stands(am_stand_of *stand, const am_pattern *pattern, const am_profile *profile, int64_t layers)
{
    const am_run run = {profile, layers, 1};
    const am_sequence model = sequence_of(pattern, 1, &run);
    am_outcome outcome = {0};
    am_composer composer = {.model = &model, .outcome = &outcome};
    compose_sums(&composer);
    am_stand at = first_stand(&composer), ends[2];
    for (am_walk walk = {.model = &model}; walk_on(&walk);) {
        int unit = unit_at(&walk);
        int64_t gradients = unit_gradients(&walk), residue = residue_of(profile, unit);
        stretch_ends(&composer, &walk, gradients, &at, ends);
        for (int64_t i = 0; i < walk.count; i++)
            stand[walk.start + i] = (am_stand_of){.backward = ends[0].backward + i * residue,
                                                  .gradients = ends[0].gradients - i * gradients,
                                                  .unit = (uint8_t)unit};
    }
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

/* The forward behind the layers; framed: beyond `shift`, until the model's code has returned. */
static void add_head(am_line *line, const am_profile *profile, int64_t shift, int64_t framed)
{
    for (int i = 0; i < profile->samples; i++) {
        const am_sample *sample = &profile->sample[i];
        if (sample->zone == profile->step.layers + 1 && sample->phase == AM_FORWARD)
            add_point(line, sample, -1, shift + (sample->returned ? 0 : framed));
    }
}

static void add_zone(am_line *line, const am_profile *profile, int zone, am_phase phase, int64_t layer, int64_t shift)
{
    for (int i = 0; i < profile->samples; i++) {
        const am_sample *sample = &profile->sample[i];
        if (sample->zone == zone && sample->phase == phase) add_point(line, sample, layer, shift);
    }
}

/* A unit of the model to be shown. */
typedef struct am_shown {
    am_walk walk;
    am_stand stand;
} am_shown;

#define MOST_SHOWN 12

/* Its layers; of many only the first and the last. */
typedef struct am_layers_shown {
    int count;
    am_climb climb[6];
} am_layers_shown;

static void show_layers(am_layers_shown *layers, const am_shown *shown)
{
    const int most = sizeof layers->climb / sizeof *layers->climb;
    layers->count = 0;
    for (am_climb climb = climb_of(shown->stand.start, 0); climb_on(&shown->walk, &climb);) {
        if (layers->count == most)
            memmove(&layers->climb[1], &layers->climb[2], (size_t)(--layers->count - 1) * sizeof climb);
        layers->climb[layers->count++] = climb;
    }
}

/* What runs of equal layers: of the last, which has most beneath it. */
static void add_layer(am_line *line, const am_shown *shown, const am_climb *climb, am_phase phase)
{
    const am_profile *profile = shown->walk.profile;
    int unit = unit_of(profile, climb->zone);
    int64_t last = climb->n - 1, shift;
    if (phase == AM_FORWARD)
        shift = shown->stand.forward + (climb->layer == shown->stand.start ? shown->stand.carried : 0) -
                profile->step.boundary[first_zone(profile, unit) - 1];
    else
        shift = base_of(&shown->stand, &profile->step, last_zone(profile, unit));
    shift += excess_at(&shown->walk, climb, last, phase, 0);
    add_zone(line, profile, climb->zone, phase, climb->layer + last, shift);
}

static void add_unit(am_line *line, const am_shown *shown, bool forward)
{
    am_layers_shown layers;
    show_layers(&layers, shown);
    for (int phase = forward ? AM_FORWARD : AM_BEFORE_RECOMPUTE; phase < (forward ? 1 : AM_PHASE_COUNT); phase++) {
        bool up = phase == AM_FORWARD || phase == AM_RECOMPUTE;
        for (int i = 0; i < layers.count; i++)
            add_layer(line, shown, &layers.climb[up ? i : layers.count - 1 - i], (am_phase)phase);
    }
}

/* First and last unit of each stretch, of many stretches only of the first and the last, `tail` of these. Returns how
 * many; *behind: live bytes behind the last layer, *framed: more than that there until the model's code returns, *outlived: by all units. A frame of its own, since both would make one
 * above 2 KiB. */
__attribute__((noinline)) static int show_units(const am_sequence *model, int tail, am_shown shown[MOST_SHOWN],
                                                int64_t *behind, int64_t *framed, int64_t *outlived)
{
    am_outcome outcome = {0};
    am_composer composer = {.model = model, .outcome = &outcome};
    compose_sums(&composer);
    *behind = composer.end + composer.released;
    *framed = composer.framed;
    *outlived = composer.outlived;
    int stretches = 0, count = 0, index = 0;
    am_stand stand = first_stand(&composer), ends[2];
    for (am_walk walk = {.model = model}; walk_on(&walk);) stretches++;
    for (am_walk walk = {.model = model}; walk_on(&walk); index++) {
        int units = stretch_ends(&composer, &walk, 0, &stand, ends);
        if (index >= (tail > 1 ? 3 : 1) && index + tail < stretches) continue;
        for (int i = 0; i < units && AM_ALWAYS(count < MOST_SHOWN); i++) shown[count++] = (am_shown){walk, ends[i]};
    }
    return count;
}

static int write_timeline(am_point *point, int capacity, const am_sequence *model, int tail)
{
    const am_profile *ends = model->run[0].profile;
    am_shown shown[MOST_SHOWN];
    int64_t behind, framed, outlived;
    int units = show_units(model, tail, shown, &behind, &framed, &outlived), after = ends->step.layers + 1;
    int64_t shift = behind - ends->step.boundary[ends->step.layers];
    am_line line = {point, 0, capacity};
    add_zone(&line, ends, 0, AM_FORWARD, -1, 0);
    for (int i = 0; i < units; i++) add_unit(&line, &shown[i], true);
    add_head(&line, ends, shift, framed);
    add_zone(&line, ends, after, AM_BACKWARD, -1, shift);
    for (int i = units - 1; i >= 0; i--) add_unit(&line, &shown[i], false);
    add_zone(&line, ends, 0, AM_BACKWARD, -1, outlived - ends->step.outlived[0]);
    return line.count;
}

int am_plan_timeline(am_point *point, int capacity, const am_pattern *pattern, int runs, const am_run *run)
{
    const am_sequence model = sequence_of(pattern, runs, run);
    int count = write_timeline(point, capacity, &model, run[0].inner > 1 ? 3 : 2);
    return count <= capacity ? count : write_timeline(point, capacity, &model, 1);
}

/* ---- a chain of layers, each by itself ---- */

/* One unit from a layer on, as if it were a run of its own behind others. */
static am_walk walk_of_one(const am_sequence *model, int64_t layer)
{
    const am_run *run = model->run;
    am_walk walk = {.model = model, .profile = run->profile, .run_start = layer, .left = 1, .start = layer, .count = 1,
                    .inner = run->inner};
    settle_run(&walk);
    walk.unit = unit_for(&walk, layer, layer, &walk.last_of_kind);
    return walk;
}

void am_plan_link(am_plan_unit *unit, const am_pattern *pattern, const am_profile *profile, int64_t layers,
                  int64_t layer, int64_t inner)
{
    const am_run run = {profile, 1, inner};
    const am_sequence model = {pattern, 1, &run, layers - 1, false};
    am_walk walk = walk_of_one(&model, layer);
    int played = unit_at(&walk);
    am_outcome outcome = {.forward_peak = INT64_MIN, .backward_peak = INT64_MIN, .step_peak = INT64_MIN};
    const am_stand stand = {.start = layer,
                            .carried = -carried_into(profile, played),
                            .backward = residue_of(profile, played) - less_at_last(profile, played)};
    compose_unit(&outcome, &walk, &stand, 0);
    add_costs(&outcome, &walk);
    *unit = (am_plan_unit){.residue = residue_of(profile, played),
                           .given = given_to(&walk),
                           .outlived = most_left(&walk, outlived_by),
                           .passed = most_left(&walk, passed_by),
                           .carried = carried_by(profile, played),
                           .forward = outcome.forward_peak,
                           .backward = outcome.backward_peak,
                           .recomputed_flops = outcome.recomputed_flops,
                           .recomputed_time = outcome.recomputed_time};
#ifndef AM_FIRST
    unit->renewed = profile->lasting[shown_for(&walk, played)].renewed;
#endif
}

am_plan_ends am_plan_ends_of(const am_profile *profile)
{
    const am_step *step = &profile->step;
    int after = step->layers + 1;
    int64_t end = step->boundary[step->layers], highest = step->after_drop;
    const am_peak *before[] = {&step->forward[0], &step->backward[0][AM_BACKWARD][0]};
    const am_peak *behind[] = {&step->head[1], &step->backward[0][AM_BACKWARD][after]};
    uint64_t held = 0;
    for (int unit = 0; unit < profile->record.units; unit++) held |= profile->given.held[unit];
    int64_t given = given_bytes(&profile->given, held | profile->given.stays);
    am_plan_ends ends = {.forward = step->boundary[0], .backward = start_of(profile)};
    for (int i = 0; i < 2; i++) {
        if (before[i]->seen && before[i]->bytes > ends.before) ends.before = before[i]->bytes;
        if (behind[i]->seen && behind[i]->bytes > highest) highest = behind[i]->bytes;
    }
    ends.after = highest - end - given;
    const uint64_t own = (held | profile->given.stays) & ~profile->given.framed;
    ends.framed = step->head[0].bytes - end - given_bytes(&profile->given, own) - carried_by(profile, profile->record.units - 1);
    ends.kept = step->after_forward - (end - step->boundary[0]) - given;
    return ends;
}
