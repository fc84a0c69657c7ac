/* Regions of several layers as a play would show them, from two plays that are there: of the same layers without checkpointing, and of each in
 * a region of its own. Of layers that keep nothing of their input: else it would count where the layer lets go of it. */
#include <string.h>

#include "evaluate.h"
#include "plan.h"

/* A play in the making. */
typedef struct am_made {
    am_profile *segment;
    am_step *step;
    const am_step *plain, *layer; /* whose zones are those of one record */
    int like[AM_MAX_UNITS + 2];   /* by zone: the one there whose layer it is like */
    int64_t input;                /* bytes of a layer's, of which all but a region's first are let go */
    bool held;                    /* the model's code holds the first layer's */
} am_made;

/* One of its regions. */
typedef struct am_span {
    int first, last; /* zones */
    int64_t begin;   /* live bytes when its backward begins */
} am_span;

static am_peak moved(const am_peak *peak, int64_t by)
{
    am_peak to = *peak;
    if (peak->seen) to.bytes += by;
    return to;
}

/* A usual one of its kind; with adapters the model's first layer, whose input needs no gradient, is like no other. */
static void choose_layers(am_made *made, const am_profile *layer)
{
    const am_record *record = &made->segment->record;
    for (int zone = 1; zone <= made->step->layers; zone++)
        made->like[zone] = am_first_zone(layer, layer->steady[record->kind[zone - 1]]);
    if (record->lacks) made->like[1] = 1;
}

/* In the forward a region's layers do what each does in one of its own, but leave no input between them. */
static void lay_forward(const am_made *made)
{
    am_step *step = made->step;
    const am_step *layer = made->layer;
    for (int zone = 1; zone <= step->layers; zone++) {
        int like = made->like[zone], first = am_first_zone(made->segment, am_unit_of(made->segment, zone));
        step->forward[zone] = moved(&layer->forward[like], step->boundary[zone - 1] - layer->boundary[like - 1]);
        step->boundary[zone] = step->boundary[zone - 1] + am_inner_leavings(layer, like) - (zone > first ? made->input : 0);
    }
}

static void lay_gradients(const am_made *made)
{
    am_step *step = made->step;
    step->gradients_above[step->layers] = made->layer->gradients_above[made->layer->layers];
    for (int zone = step->layers; zone > 0; zone--)
        step->gradients_above[zone - 1] = step->gradients_above[zone] + am_zone_gradients(made->layer, made->like[zone]);
}

/* What a layer that is played again leaves beside its input: as much as where it keeps everything. */
static int64_t left_again(const am_made *made, int like)
{
    return am_inner_leavings(made->plain, like) + (like == 1 && made->held ? 0 : made->input);
}

/* A layer that others follow is played again whole, as one runs that keeps everything, and goes backward as one in a region of its own; but
 * what that does before it is played again comes behind it. */
static void lay_inner(const am_made *made, const am_span *span, int zone)
{
    am_step *step = made->step;
    const am_step *plain = made->plain, *layer = made->layer;
    const int like = made->like[zone];
    const int64_t left = left_again(made, like), below = step->recompute_start[zone] - (zone > span->first ? made->input : 0);
    const int64_t again = step->recompute_start[zone] - plain->boundary[like - 1];
    step->recompute_start[zone + 1] = below + left;
    for (int way = 0; way < 2; way++) {
        int64_t by = span->begin + below - step->recompute_start[span->first] - layer->backward_start[like];
        if (way) by += step->gradients_above[zone] - layer->gradients_above[like];
        am_peak before = moved(&layer->backward[way][AM_BEFORE_RECOMPUTE][like], by + left - made->input);
        am_peak behind = moved(&layer->backward[way][AM_BACKWARD][like], by);
        bool earlier = before.seen && before.bytes >= behind.bytes;
        step->backward[way][AM_BACKWARD][zone] = earlier ? before : behind;
        step->backward[way][AM_RECOMPUTE][zone] = moved(&plain->forward[like], again + (way ? step->gradients_above[span->last] : 0));
    }
    step->zone_recomputed[zone] = layer->zone_flops[like];
    step->zone_recomputed_time[zone] = layer->zone_time[like];
    step->zone_work[AM_IN_RECOMPUTE][zone] = layer->zone_work[AM_IN_FORWARD][like];
}

/* The last one stops early: it is one in a region of its own, but lets go of its input. */
static void lay_last(const am_made *made, const am_span *span)
{
    am_step *step = made->step;
    const am_step *layer = made->layer;
    const int zone = span->last, like = made->like[zone];
    const int64_t gradients = step->gradients_above[zone] - layer->gradients_above[like];
    const int64_t again = step->recompute_start[zone] - layer->recompute_start[like];
    const int64_t by[AM_PHASE_COUNT] = {[AM_BEFORE_RECOMPUTE] = span->begin - layer->backward_start[like],
                                        [AM_RECOMPUTE] = again,
                                        [AM_BACKWARD] = again - made->input};
    for (int phase = AM_BEFORE_RECOMPUTE; phase < AM_PHASE_COUNT; phase++)
        for (int way = 0; way < 2; way++)
            step->backward[way][phase][zone] = moved(&layer->backward[way][phase][like], by[phase] + way * gradients);
    step->zone_recomputed[zone] = layer->zone_recomputed[like];
    step->zone_recomputed_time[zone] = layer->zone_recomputed_time[like];
    step->zone_work[AM_IN_RECOMPUTE][zone] = layer->zone_work[AM_IN_RECOMPUTE][like];
}

/* Each region as if those before it had been played, too. */
static void lay_backward(const am_made *made)
{
    am_step *step = made->step;
    const am_step *layer = made->layer;
    const am_given *given = &made->segment->given;
    const uint64_t first_held = given->held[0] | given->stays;
    uint64_t held = first_held;
    for (int unit = 0; unit < made->segment->record.units; unit++) {
        am_span span = {.first = am_first_zone(made->segment, unit), .last = am_last_zone(made->segment, unit)};
        int like = made->like[span.last];
        held |= given->held[unit];
        span.begin = layer->backward_start[1] + step->boundary[span.first - 1] - step->boundary[0] + am_given_bytes(given, held & ~first_held);
        step->backward_start[span.last] = span.begin;
        step->recompute_start[span.first] = span.begin + layer->recompute_start[like] - layer->backward_start[like];
        for (int zone = span.first; zone < span.last; zone++) lay_inner(made, &span, zone);
        lay_last(made, &span);
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

/* Before and behind the layers it is the same, above others. */
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
        step->backward[way][AM_BACKWARD][0] = moved(&layer->backward[way][AM_BACKWARD][0], way * gradients);
        step->backward[way][AM_BACKWARD][after] = moved(&layer->backward[way][AM_BACKWARD][other], above);
    }
    if (layer->head_learned) step->head_learned = layer->head_learned + above;
    step->after_forward = layer->after_forward + above;
    step->after_drop = layer->after_drop + above;
    step->gradient_bytes = layer->gradient_bytes + gradients;
    lay_costs(made, 0, 0);
    lay_costs(made, after, other);
}

static void find_peak(am_step *step)
{
    step->step_peak = step->after_drop;
    for (int zone = 0; zone <= step->layers + 1; zone++) {
        step->step_peak = am_larger(step->step_peak, step->forward[zone].bytes);
        for (int phase = AM_BEFORE_RECOMPUTE; phase < AM_PHASE_COUNT; phase++)
            step->step_peak = am_larger(step->step_peak, step->backward[1][phase][zone].bytes);
    }
}

/* A region keeps what that of a layer does: its input, and what is given to its layers. */
static void lay_kept(am_profile *segment, const am_profile *layer)
{
    segment->checkpointed = true;
    segment->own_input = layer->own_input;
    segment->shared_bytes = layer->shared_bytes;
    segment->outside_bytes = layer->outside_bytes;
    segment->input_bytes = layer->input_bytes;
    segment->given = layer->given;
    memset(segment->given.held, 0, sizeof segment->given.held);
    for (int unit = 0; unit < segment->record.units; unit++) {
        int like = unit == 0 ? 0 : layer->steady[am_unit_kind(&segment->record, unit)];
        segment->unit_bytes[unit] = layer->unit_bytes[like];
        segment->unit_given[unit] = layer->unit_given[like];
        segment->lasting[unit] = layer->lasting[like];
        segment->given.held[unit] = layer->given.held[like];
    }
}

void am_segment_of(am_profile *segment, const am_profile *plain, const am_profile *layer)
{
    am_made made = {.segment = segment,
                    .step = &segment->step,
                    .plain = &plain->step,
                    .layer = &layer->step,
                    .input = layer->input_bytes,
                    .held = plain->holds_input};
    memset(made.step, 0, sizeof *made.step);
    made.step->layers = am_record_layers(&segment->record);
    made.step->boundary[0] = layer->step.boundary[0];
    choose_layers(&made, layer);
    lay_kept(segment, layer);
    lay_forward(&made);
    lay_gradients(&made);
    lay_backward(&made);
    for (int zone = 1; zone <= made.step->layers; zone++) lay_costs(&made, zone, made.like[zone]);
    lay_ends(&made);
    find_peak(made.step);
    segment->sample = NULL;
    segment->samples = 0;
}
