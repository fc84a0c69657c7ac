/* The backward of a layer that repeats the one behind it: the same events, on its own nodes, slots and saves. */
#include "compile.h"
#include "proven.h"

#include <string.h>

static const am_repeated *repeated_of(const am_tape *tape, uint16_t zone)
{
    for (int i = 0; i < tape->repeats; i++)
        if (tape->repeated[i].zone == zone && !tape->repeated[i].aside) return &tape->repeated[i];
    return NULL;
}

/* Notes what the layer's backward begins with, at its last node. */
void am_compile_layer(am_compiler *compiler, uint16_t zone, uint16_t node)
{
    const am_program *program = compiler->program;
    const am_repeated *repeated = repeated_of(compiler->tape, zone);
    am_layer_backward *layer = &compiler->layer;
    layer->repeated = am_compile_inputs_alone(compiler) ? NULL : repeated;
    if (!layer->repeated) return;
    layer->last = node;
    layer->events = program->events;
    layer->slots = program->slots;
    layer->gradient_bytes = program->gradient_bytes;
    layer->gradient = *am_compile_buffer(compiler, repeated->output);
    layer->refs = compiler->player->slot_refs[layer->gradient.slot];
    if (am_compile_buffer(compiler, repeated->input)->slot) layer->repeated = NULL; /* something behind the layer takes its input, too */
}

/* How far a layer's own indices stand before those of the layer behind it. */
typedef struct am_distance {
    uint16_t nodes, saves;
    int slots;
    uint16_t from, to; /* the slots of their results' gradients */
    int first;         /* slots from here on are the layer's own */
} am_distance;

static bool moved_slot(const am_distance *distance, uint16_t *slot)
{
    if (*slot > distance->first)
        *slot = (uint16_t)(*slot + distance->slots);
    else if (*slot == distance->from)
        *slot = distance->to;
    else
        return false;
    return true;
}

/* False where the event is not of the layer alone. */
static bool moved(const am_distance *distance, am_event *event)
{
    switch (event->kind) {
    case AM_E_NODE:
    case AM_E_FORGET:
    case AM_E_FORGET_RECOMPUTED:
    case AM_E_FORGET_KEPT: event->index = (uint16_t)(event->index - distance->nodes); return true;
    case AM_E_TAKE: event->index = (uint16_t)(event->index - distance->saves); return true;
    default: break;
    }
    /* a layer that was copied has no regions, units or leaves of its own, of which the others are */
    if (AM_NEVER(event->kind != AM_E_ALLOCATE && event->kind != AM_E_PART && event->kind != AM_E_FREE && event->kind != AM_E_STEAL &&
                 event->kind != AM_E_COPY))
        return false;
    return moved_slot(distance, &event->index);
}

/* Copies the events; false, and none, where one of them cannot be. */
static bool copy_events(am_program *program, const am_distance *distance, int first, int end)
{
    int before = program->events;
    for (int i = first; i < end; i++) {
        am_event event = program->event[i];
        if (!moved(distance, &event)) {
            program->events = before;
            return false;
        }
        program->event[program->events++] = event;
    }
    return true;
}

/* Have nodes from first to last, others behind them, a gradient that is not this one: is more of a layer taken than its result? */
static bool is_taken(const am_compiler *compiler, int first, int last, const am_gradient *result)
{
    const am_gradient *gradient = compiler->player->gradient;
    for (int i = compiler->tape->node[first].first_gradient; i < compiler->tape->node[last + 1].first_gradient; i++)
        if (gradient[i].slot && &gradient[i] != result) return true;
    return false;
}

bool am_compile_repeat(am_compiler *compiler, uint16_t zone, uint16_t *node)
{
    am_player *player = compiler->player;
    am_program *program = compiler->program;
    am_layer_backward *layer = &compiler->layer;
    const am_repeated *next = layer->repeated, *own = repeated_of(compiler->tape, zone);
    /* layers follow one another, each a copy of the one built last */
    if (!next || AM_NEVER(next->zone != zone + 1 || next->of != (own ? own->of : zone))) return false;
    am_var input = own ? own->input : next->from;
    int count = layer->last - compiler->node, events = compiler->events - layer->events, slots = program->slots - layer->slots;
    am_gradient *gradient = am_compile_buffer(compiler, next->input), *passed = am_compile_buffer(compiler, input);
    am_distance distance = {.nodes = (uint16_t)(next->nodes - (own ? own->nodes : 0)),
                            .saves = (uint16_t)(next->saves - (own ? own->saves : 0)),
                            .slots = slots,
                            .from = layer->gradient.slot,
                            .to = gradient->slot,
                            .first = layer->slots};
    bool alike = *node == layer->last - distance.nodes && compiler->tape->tensor[input].node && !passed->slot &&
                 !is_taken(compiler, *node - count + 1, *node, gradient) &&
                 memcmp(gradient->stride, layer->gradient.stride, sizeof gradient->stride) == 0 &&
                 player->slot_refs[gradient->slot] == layer->refs &&
                 memcmp(&player->reached[*node - count], &player->reached[layer->last - count], (size_t)count + 1) == 0;
    bool room = program->events + events <= AM_MAX_EVENTS;
    uint16_t slot = gradient->slot; /* the input's of the layer behind */
    if (!alike || !room || !moved_slot(&distance, &slot)) return false;
    /* each slot is an event, and its end another but for those few that are open here: they have room where events have */
    if (AM_NEVER(program->slots + slots > AM_MAX_PROGRAM_SLOTS)) return false;
    int start = program->events;
    int64_t bytes = program->gradient_bytes - layer->gradient_bytes;
    if (!copy_events(program, &distance, layer->events, compiler->events)) return false;
    for (int i = 0; i < slots; i++) {
        int from = layer->slots + 1 + i, to = from + slots;
        player->slot_refs[to] = player->slot_refs[from];
        player->slot_bytes[to] = player->slot_bytes[from];
        player->slot_region[to] = 0;
    }
    *passed = *gradient;
    passed->like = input;
    passed->slot = slot;
    *layer = (am_layer_backward){own, *node, start, program->slots, program->gradient_bytes, *gradient, layer->refs};
    gradient->slot = 0;
    player->slot_refs[distance.to] = 0; /* passed on */
    program->slots += slots;
    program->gradient_bytes += bytes;
    *node = (uint16_t)(*node - count);
    compiler->node = *node;
    compiler->events = program->events;
    return true;
}
