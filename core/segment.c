/* Regions of several layers as a play would show them, from two plays that are there: of the same layers without checkpointing, and of
 * each in a region of its own. Of layers that keep nothing of their input: then whose region one is in is all that tells them apart. */
#include "evaluate.h"
#include "plan.h"

/* A play in the making. */
typedef struct am_made {
    am_step *step;
    const am_record *record;
    const am_step *plain, *layer; /* whose layers, by the zones of one record, are */
    int like[AM_MAX_UNITS + 2];   /* those of this zone */
    int64_t input;                /* bytes of a layer's, of which all but a region's first lets go */
    bool held;                    /* the model's code holds on to the first one's */
} am_made;

static am_peak moved(const am_peak *peak, int64_t by)
{
    am_peak to = *peak;
    if (peak->seen) to.bytes += by;
    return to;
}

static bool begins(const am_made *made, int zone)
{
    return zone == am_unit_zone(made->record, am_zone_unit(made->record, zone));
}

/* As the last one's of its kind; but the model's first layer, where that learns otherwise, is like no other. */
static void choose_layers(am_made *made, const am_profile *segment, const am_profile *layer)
{
    for (int unit = 0; unit < segment->record.units; unit++) {
        int first = am_unit_zone(made->record, unit), end = am_unit_zone(made->record, unit + 1);
        for (int zone = first; zone < end; zone++) made->like[zone] = am_unit_zone(&layer->record, layer->steady[am_unit_kind(made->record, unit)]);
    }
    if (made->record->lacks) made->like[1] = 1;
}

/* In the forward a region's layers do what each does in one of its own, but leave no input. */
static void lay_forward(const am_made *made)
{
    am_step *step = made->step;
    const am_step *layer = made->layer;
    for (int zone = 1; zone <= step->layers; zone++) {
        int like = made->like[zone];
        int64_t left = layer->boundary[like] - layer->boundary[like - 1];
        step->boundary[zone] = step->boundary[zone - 1] + left - (begins(made, zone) ? 0 : made->input);
        step->forward[zone] = moved(&layer->forward[like], step->boundary[zone - 1] - layer->boundary[like - 1]);
    }
}

static void lay_gradients(const am_made *made)
{
    am_step *step = made->step;
    const am_step *layer = made->layer;
    step->gradients_above[step->layers] = layer->gradients_above[layer->layers];
    for (int zone = step->layers; zone > 0; zone--) {
        int like = made->like[zone];
        step->gradients_above[zone - 1] = step->gradients_above[zone] + layer->gradients_above[like - 1] - layer->gradients_above[like];
    }
}

/* What a layer leaves that is played again, its result among it. */
static int64_t left_again(const am_made *made, int like)
{
    int64_t left = made->plain->boundary[like] - made->plain->boundary[like - 1];
    return like == 1 && made->held ? left : left + made->input;
}

/* A layer that others follow is played again whole, as one that keeps everything runs; then its backward is that of one in a region of its
 * own. What such a one does before it is played again comes behind that. */
static void lay_inner(const am_made *made, int zone, int64_t begin, int64_t gradients)
{
    am_step *step = made->step;
    const am_step *plain = made->plain, *layer = made->layer;
    int like = made->like[zone];
    int64_t left = left_again(made, like), given = begins(made, zone) ? 0 : made->input;
    int64_t below = step->recompute_start[zone] - given, first = step->recompute_start[am_unit_zone(made->record, am_zone_unit(made->record, zone))];
    step->recompute_start[zone + 1] = below + left;
    for (int way = 0; way < 2; way++) {
        int64_t by = begin + below - first - layer->backward_start[like];
        if (way) by += step->gradients_above[zone] - layer->gradients_above[like];
        am_peak before = moved(&layer->backward[way][AM_BEFORE_RECOMPUTE][like], by + left - made->input);
        am_peak behind = moved(&layer->backward[way][AM_BACKWARD][like], by);
        bool earlier = before.seen && (!behind.seen || before.bytes >= behind.bytes);
        step->backward[way][AM_BACKWARD][zone] = earlier ? before : behind;
        step->backward[way][AM_RECOMPUTE][zone] =
            moved(&plain->forward[like], step->recompute_start[zone] - plain->boundary[like - 1] + (way ? gradients : 0));
    }
    step->zone_recomputed[zone] = layer->zone_flops[like];
    step->zone_recomputed_time[zone] = layer->zone_time[like];
    step->zone_work[AM_IN_RECOMPUTE][zone] = layer->zone_work[AM_IN_FORWARD][like];
}

/* The last one stops early, and is one in a region of its own but for where its input is. */
static void lay_last(const am_made *made, int zone, int64_t begin)
{
    am_step *step = made->step;
    const am_step *layer = made->layer;
    int like = made->like[zone];
    int64_t again = step->recompute_start[zone] - layer->recompute_start[like];
    int64_t by[AM_PHASE_COUNT] = {[AM_BEFORE_RECOMPUTE] = begin - layer->backward_start[like],
                                  [AM_RECOMPUTE] = again,
                                  [AM_BACKWARD] = again - made->input};
    for (int phase = AM_BEFORE_RECOMPUTE; phase < AM_PHASE_COUNT; phase++) {
        int64_t gradients = step->gradients_above[zone] - layer->gradients_above[like];
        step->backward[0][phase][zone] = moved(&layer->backward[0][phase][like], by[phase]);
        step->backward[1][phase][zone] = moved(&layer->backward[1][phase][like], by[phase] + gradients);
    }
    step->zone_recomputed[zone] = layer->zone_recomputed[like];
    step->zone_recomputed_time[zone] = layer->zone_recomputed_time[like];
    step->zone_work[AM_IN_RECOMPUTE][zone] = layer->zone_work[AM_IN_RECOMPUTE][like];
}

static void lay_backward(const am_made *made, const am_given *given)
{
    am_step *step = made->step;
    const am_step *layer = made->layer;
    const uint64_t first_held = given->held[0] | given->stays;
    uint64_t held = first_held;
    for (int unit = 0; unit < made->record->units; unit++) {
        int first = am_unit_zone(made->record, unit), last = am_unit_zone(made->record, unit + 1) - 1, like = made->like[last];
        held |= given->held[unit];
        int64_t begin = layer->backward_start[1] + step->boundary[first - 1] - step->boundary[0] + am_given_bytes(given, held & ~first_held);
        step->backward_start[last] = begin;
        step->recompute_start[first] = begin + layer->recompute_start[like] - layer->backward_start[like];
        for (int zone = first; zone < last; zone++) lay_inner(made, zone, begin, step->gradients_above[last]);
        lay_last(made, last, begin);
    }
}

/* What is not of checkpointing. */
static void lay_costs(const am_made *made, int zone, int like)
{
    am_step *step = made->step;
    const am_step *layer = made->layer;
    step->zone_flops[zone] = layer->zone_flops[like];
    step->zone_time[zone] = layer->zone_time[like];
    step->zone_backward_time[zone] = layer->zone_backward_time[like];
    for (int part = 0; part < AM_IN_RECOMPUTE; part++) step->zone_work[part][zone] = layer->zone_work[part][like];
}

/* Before and behind the layers: as it was with others between. */
static void lay_ends(const am_made *made)
{
    am_step *step = made->step;
    const am_step *layer = made->layer;
    const int after = step->layers + 1, other = layer->layers + 1;
    const int64_t above = step->boundary[after - 1] - layer->boundary[other - 1];
    const int64_t gradients = step->gradients_above[0] - layer->gradients_above[0];
    step->forward[0] = layer->forward[0];
    step->forward[after] = moved(&layer->forward[other], above);
    for (int i = 0; i < 2; i++) step->head[i] = moved(&layer->head[i], above);
    for (int way = 0; way < 2; way++) {
        step->backward[way][AM_BACKWARD][0] = moved(&layer->backward[way][AM_BACKWARD][0], way ? gradients : 0);
        step->backward[way][AM_BACKWARD][after] = moved(&layer->backward[way][AM_BACKWARD][other], above);
    }
    if (layer->head_learned) step->head_learned = layer->head_learned + above;
    step->after_forward = layer->after_forward + above;
    step->after_drop = layer->after_drop + above;
    step->gradient_bytes = layer->gradient_bytes + gradients;
    lay_costs(made, 0, 0);
    lay_costs(made, after, other);
    for (int zone = 1; zone < after; zone++) lay_costs(made, zone, made->like[zone]);
}

/* The highest that there is, of all zones. */
static void find_peak(am_step *step)
{
    step->step_peak = step->after_drop;
    for (int zone = 0; zone <= step->layers + 1; zone++) {
        step->step_peak = am_larger(step->step_peak, step->forward[zone].bytes);
        for (int phase = AM_BEFORE_RECOMPUTE; phase < AM_PHASE_COUNT; phase++)
            step->step_peak = am_larger(step->step_peak, step->backward[1][phase][zone].bytes);
    }
}

/* A region keeps what a layer's does, its input and what is given to its layers. */
static void lay_kept(am_profile *segment, const am_profile *layer)
{
    segment->own_input = layer->own_input;
    segment->shared_bytes = layer->shared_bytes;
    segment->outside_bytes = layer->outside_bytes;
    segment->given = layer->given;
    for (int unit = 0; unit < segment->record.units; unit++) {
        int like = unit == 0 ? 0 : layer->steady[am_unit_kind(&segment->record, unit)];
        segment->unit_bytes[unit] = layer->unit_bytes[like];
        segment->unit_given[unit] = layer->unit_given[like];
        segment->lasting[unit] = layer->lasting[like];
        segment->given.held[unit] = layer->given.held[like];
    }
    for (int unit = segment->record.units; unit < layer->record.units; unit++) segment->given.held[unit] = 0;
}

void am_segment_of(am_profile *segment, const am_profile *plain, const am_profile *layer)
{
    am_made made = {.step = &segment->step,
                    .record = &segment->record,
                    .plain = &plain->step,
                    .layer = &layer->step,
                    .input = layer->input_bytes,
                    .held = plain->holds_input};
    *made.step = (am_step){.layers = am_record_layers(made.record)};
    made.step->boundary[0] = layer->step.boundary[0];
    choose_layers(&made, segment, layer);
    lay_forward(&made);
    lay_gradients(&made);
    lay_kept(segment, layer);
    lay_backward(&made, &segment->given);
    lay_ends(&made);
    find_peak(made.step);
    segment->checkpointed = true;
    segment->input_bytes = layer->input_bytes;
    segment->sample = NULL;
    segment->samples = 0;
}
