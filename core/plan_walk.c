/* A walk over the model's layers, by the played units that stand for them. */
#include "plan_walk.h"

#include <string.h>

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

am_sequence am_sequence_of(const am_pattern *pattern, int runs, const am_run *run)
{
    am_sequence model = {pattern, runs, run, -1, false};
    for (int i = 0; i < runs; i++) {
        model.last += run[i].units * run[i].inner;
        model.outlives |= run[i].profile->step.all_outlived != 0;
    }
    return model;
}

/* The last played unit of each kind stands for all later ones, and for all of them in a run before which the kind has
 * been seen. */
static void settle_run(am_walk *walk)
{
    const am_profile *profile = walk->profile;
    const am_record *record = &profile->record;
    memset(walk->last, 0, sizeof walk->last);
    for (int unit = 0; unit < record->units - am_has_own_last(profile); unit++)
        walk->last[am_unit_kind(record, unit)] = (uint8_t)unit;
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
    if (am_has_own_last(profile) && (record->inner > 1 ? start + walk->inner - 1 : layer) == walk->model->last &&
        am_unit_kind(record, record->units - 1) == kind) {
        *settled = true;
        return record->units - 1;
    }
    *settled = (record->inner > 1 ? start : layer) >= walk->settled[kind];
    if (*settled) return walk->last[kind];
    while (unit < walk->last[kind] && am_unit_kind(record, unit) != kind) unit++;
    for (int next = unit + 1; record->inner == 1 && next < walk->last[kind]; next++)
        if (record->kind[next] == kind && profile->like[next] <= layer) unit = next;
    *settled = unit == walk->last[kind];
    return unit;
}

/* Its zone: the first, the last or one between of a unit. */
static int zone_for(const am_walk *walk, int64_t start, int64_t layer)
{
    const am_profile *profile = walk->profile;
    bool settled, last = layer == start + walk->inner - 1;
    int unit = layer == start && start == walk->start ? walk->unit : unit_for(walk, start, layer, &settled);
    if (layer == start) return am_first_zone(profile, unit);
    if (last) return am_last_zone(profile, unit);
    if (unit == 0 && profile->record.lacks) unit = walk->last[profile->record.kind[0]]; /* between its ends it is as all are */
    return am_first_zone(profile, unit) + 1;
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
    if (am_has_own_last(walk->profile) && alike > before) alike = before > 0 ? before : 1;
    if (!walk->last_of_kind) return 1;
    if (alike == 0) {
        if (walk->inner % pattern->period != 0 || walk->start < pattern->prefix) return 1;
        alike = am_has_own_last(walk->profile) && before < walk->left ? am_larger(before, 1) : walk->left;
    }
    return am_smaller(alike, walk->left);
}

/* A unit's gradients, what is cached of it, and what it holds: of a region of several layers those of all kinds in it. The first one's
 * input is given to no other, though its segment may stand for others. */
static void sum_unit(am_walk *walk)
{
    const am_given *given = &walk->profile->given;
    am_climb climb = am_climb_of(walk->start, 0);
    uint64_t set = 0;
    walk->cached = 0;
    while (am_climb_on(walk, &climb)) {
        set |= given->held[am_unit_of(walk->profile, climb.zone)];
        walk->cached += climb.n * am_cached_in(&walk->profile->step, climb.zone);
    }
    walk->given = walk->start > 0 ? set & ~given->input : set | (given->held[0] & given->input);
    walk->gradients = -climb.above;
}

/* On to the next stretch; false at the end of the model. Begins with a walk of the model alone. */
bool am_walk_on(am_walk *walk)
{
    const am_sequence *model = walk->model;
    walk->start += walk->count * walk->inner;
    walk->left -= walk->count;
    while (walk->left == 0) {
        if (walk->begun == model->runs) return false;
        const am_run *run = &model->run[walk->begun++];
        walk->profile = run->profile;
        walk->left = run->units;
        walk->inner = run->inner;
        walk->run_start = walk->start;
        settle_run(walk);
    }
    walk->unit = unit_for(walk, walk->start, walk->start, &walk->last_of_kind);
    walk->count = equal_units(walk);
    sum_unit(walk);
    return true;
}

/* One unit from a layer on, as if it were a run of its own behind others. */
am_walk am_walk_of_one(const am_sequence *model, int64_t layer)
{
    const am_run *run = model->run;
    am_walk walk = {.model = model, .begun = 1, .profile = run->profile, .run_start = layer, .left = 1, .start = layer, .count = 1,
                    .inner = run->inner};
    settle_run(&walk);
    walk.unit = unit_for(&walk, layer, layer, &walk.last_of_kind);
    sum_unit(&walk);
    return walk;
}

int am_walk_unit(const am_walk *walk)
{
    if (am_has_own_last(walk->profile) && walk->start + walk->inner - 1 == walk->model->last) return walk->profile->record.units - 1;
    return am_unit_of(walk->profile, zone_for(walk, walk->start, walk->start));
}

bool am_climb_on(const am_walk *walk, am_climb *climb)
{
    const am_step *step = &walk->profile->step;
    if (climb->n && walk->inner == 1) return false;
    if (climb->n) {
        climb->below += climb->n * am_inner_residue(step, climb->zone);
        climb->again += climb->n * am_cached_again(step, climb->zone);
        climb->ahead += climb->n * am_inner_leavings(step, climb->zone);
    }
    climb->layer += climb->n;
    if (climb->layer == climb->start + walk->inner) return false;
    climb->n = zone_layers(walk, climb->start, climb->layer);
    climb->zone = zone_for(walk, climb->start, climb->layer);
    climb->above -= climb->n * am_zone_gradients(step, climb->zone);
    return true;
}
