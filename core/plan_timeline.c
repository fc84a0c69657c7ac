/* A plan's timeline: the live bytes of its step in order. */
#include "plan.h"

#include <string.h>

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

#define MOST_SHOWN 16

/* Its layers; of many only the first and the last. */
typedef struct am_layers_shown {
    int count;
    am_climb climb[6];
} am_layers_shown;

static void show_layers(am_layers_shown *layers, const am_shown *shown)
{
    const int most = sizeof layers->climb / sizeof *layers->climb;
    layers->count = 0;
    for (am_climb climb = am_climb_of(shown->stand.start, 0); am_climb_on(&shown->walk, &climb);) {
        if (layers->count == most)
            memmove(&layers->climb[1], &layers->climb[2], (size_t)(--layers->count - 1) * sizeof climb);
        layers->climb[layers->count++] = climb;
    }
}

/* What runs of equal layers: of the last, which has most beneath it. */
static void add_layer(am_line *line, const am_shown *shown, const am_climb *climb, am_phase phase)
{
    const am_profile *profile = shown->walk.profile;
    int unit = am_unit_of(profile, climb->zone);
    int64_t last = climb->n - 1, shift;
    if (phase == AM_FORWARD)
        shift = shown->stand.forward + (climb->layer == shown->stand.start ? shown->stand.carried : 0) -
                am_forward_at(&profile->step, am_first_zone(profile, unit) - 1);
    else
        shift = am_base_of(&shown->stand, &profile->step, am_last_zone(profile, unit));
    shift += am_excess_at(&shown->walk, climb, last, phase, 0);
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

/* Does a stretch hold the layer of a peak? */
static bool holds_peak(const am_walk *walk, const am_outcome *peaks)
{
    int64_t end = walk->start + walk->count * walk->inner;
    bool forward = walk->start <= peaks->forward_at.layer && peaks->forward_at.layer < end;
    return forward || (walk->start <= peaks->backward_at.layer && peaks->backward_at.layer < end);
}

/* First and last unit of each stretch, of many stretches only of the first and the last, `tail` of these, and of those with the peaks.
 * Returns how many; *behind: live bytes behind the last layer, *cached: beside them until the forward has ended, *framed: more than that there until the model's code returns, *outlived: by all units. A frame of its own, since both would make one
 * above 2 KiB. */
__attribute__((noinline)) static int show_units(const am_sequence *model, const am_outcome *peaks, int tail,
                                                am_shown shown[MOST_SHOWN], int64_t *behind, int64_t *cached, int64_t *framed, int64_t *outlived)
{
    am_outcome outcome = {0};
    am_composer composer = {.model = model, .outcome = &outcome};
    am_compose_sums(&composer);
    *behind = composer.end + composer.released;
    *cached = composer.cached;
    *framed = composer.framed;
    *outlived = composer.outlived;
    int stretches = 0, count = 0, index = 0;
    am_stand stand = am_first_stand(&composer), ends[2];
    for (am_walk walk = {.model = model}; am_walk_on(&walk);) stretches++;
    for (am_walk walk = {.model = model}; am_walk_on(&walk); index++) {
        int units = am_stretch_ends(&composer, &walk, &stand, ends);
        if (index >= (tail > 1 ? 3 : 1) && index + tail < stretches && !holds_peak(&walk, peaks)) continue;
        for (int i = 0; i < units && AM_ALWAYS(count < MOST_SHOWN); i++) shown[count++] = (am_shown){walk, ends[i]};
    }
    return count;
}

static int write_timeline(am_point *point, int capacity, const am_sequence *model, const am_outcome *peaks, int tail)
{
    const am_profile *ends = model->run[0].profile;
    am_shown shown[MOST_SHOWN];
    int64_t behind, cached, framed, outlived;
    int units = show_units(model, peaks, tail, shown, &behind, &cached, &framed, &outlived), after = ends->step.layers + 1;
    int64_t shift = behind - ends->step.boundary[ends->step.layers];
    am_line line = {point, 0, capacity};
    add_zone(&line, ends, 0, AM_FORWARD, -1, 0);
    for (int i = 0; i < units; i++) add_unit(&line, &shown[i], true);
    add_head(&line, ends, shift + cached - am_cached_at(&ends->step, ends->step.layers), framed);
    add_zone(&line, ends, after, AM_BACKWARD, -1, shift);
    for (int i = units - 1; i >= 0; i--) add_unit(&line, &shown[i], false);
    add_zone(&line, ends, 0, AM_BACKWARD, -1, outlived - ends->step.outlived[0]);
    return line.count;
}

int am_plan_timeline(am_point *point, int capacity, const am_pattern *pattern, int runs, const am_run *run, const am_outcome *peaks)
{
    const am_sequence model = am_sequence_of(pattern, runs, run);
    int count = write_timeline(point, capacity, &model, peaks, run[0].inner > 1 ? 3 : 2);
    return count <= capacity ? count : write_timeline(point, capacity, &model, peaks, 1);
}
