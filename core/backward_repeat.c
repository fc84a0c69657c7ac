/* The backward of a layer that repeats the one behind it, or one of another record: the same events, on its own nodes, slots and
 * saves. */
#include "compile.h"
#include "proven.h"

#include <string.h>

/* Where a layer stands that is a copy, or of which there are some. */
static am_copy place_of(const am_tape *tape, uint16_t zone)
{
    am_aside *aside = tape->aside;
    for (int i = 0; i < tape->repeats; i++) {
        const am_repeated *own = &tape->repeated[i];
        if (own->zone != zone) continue;
        am_copy place = {.nodes = own->nodes,
                         .saves = own->saves,
                         .root = zone,
                         .input = own->input,
                         .output = own->output,
                         .from = own->from};
        if (own->aside) place.aside = &aside->layer[own->aside - 1];
        if (own->aside) return place;
        am_copy root = place_of(tape, own->of); /* which is no copy, or one of a layer that was set aside */
        place.nodes = (uint16_t)(place.nodes + root.nodes);
        place.saves = (uint16_t)(place.saves + root.saves);
        place.root = own->of;
        place.aside = root.aside;
        return place;
    }
    for (int i = 0; aside && i < aside->layers; i++) {
        am_repeat *own = &aside->layer[i];
        if (own->record == tape->records && own->zone == zone)
            return (am_copy){.root = zone, .input = own->input, .output = own->output, .aside = own};
    }
    return (am_copy){.root = zone};
}

/* Notes what the layer's backward begins with, at its last node. */
void am_compile_layer(am_compiler *compiler, uint16_t zone, uint16_t node)
{
    const am_program *program = compiler->program;
    am_layer_backward *layer = &compiler->layer;
    layer->place = place_of(compiler->tape, zone);
    /* else nothing repeats it, or something behind the layer takes its input, too */
    layer->noted = layer->place.output && !am_compile_inputs_alone(compiler) &&
                   !am_compile_buffer(compiler, layer->place.input)->slot;
    if (!layer->noted) return;
    layer->zone = zone;
    layer->last = node;
    layer->events = program->events;
    layer->slots = program->slots;
    layer->gradient_bytes = program->gradient_bytes;
    layer->gradient = *am_compile_buffer(compiler, layer->place.output);
    layer->refs = compiler->player->slot_refs[layer->gradient.slot];
}

/* The backward of the layer that was gone through last. */
static am_backward last_backward(const am_compiler *compiler)
{
    const am_layer_backward *layer = &compiler->layer;
    const am_gradient *passes = am_compile_buffer(compiler, layer->place.input);
    return (am_backward){.nodes = layer->place.nodes,
                         .saves = layer->place.saves,
                         .last = layer->last,
                         .reached = layer->last,
                         .count = (uint16_t)(layer->last - compiler->node),
                         .refs = layer->refs,
                         .passed_refs = compiler->player->slot_refs[passes->slot],
                         .event = layer->events,
                         .events = compiler->events - layer->events,
                         .slot = layer->slots,
                         .slots = compiler->program->slots - layer->slots,
                         .gradient_bytes = compiler->program->gradient_bytes - layer->gradient_bytes,
                         .passed_bytes = compiler->player->slot_bytes[passes->slot],
                         .begins = layer->gradient,
                         .passes = *passes,
                         .fresh = true};
}

/* How far a layer's own indices stand before those of the one that it repeats. */
typedef struct am_distance {
    uint16_t nodes, saves;
    int slots;
    uint16_t from, to; /* the slots of their results' gradients */
    int first;         /* slots from here on are the layer's own */
} am_distance;

/* What an event's index counts. A layer that was copied has no regions, units or leaves of its own, of which all others are. */
enum { OTHERS, SLOTS, NODES, SAVES };
static const uint8_t counted[] = {
    [AM_E_ALLOCATE] = SLOTS,    [AM_E_PART] = SLOTS, [AM_E_FREE] = SLOTS,    [AM_E_STEAL] = SLOTS,
    [AM_E_COPY] = SLOTS,        [AM_E_NODE] = NODES, [AM_E_FORGET] = NODES,  [AM_E_FORGET_RECOMPUTED] = NODES,
    [AM_E_FORGET_KEPT] = NODES, [AM_E_TAKE] = SAVES, [AM_E_REDUCE] = OTHERS,
};

/* Copies the events; false, and none, where one of them cannot be. */
static bool copy_events(am_program *program, const am_distance *distance, int first, int end)
{
    const uint16_t by[] = {[SLOTS] = (uint16_t)distance->slots, [NODES] = (uint16_t)-distance->nodes, [SAVES] = (uint16_t)-distance->saves};
    const int others = distance->first;
    am_event *to = &program->event[program->events];
    for (int i = first; i < end; i++, to++) {
        const am_event *from = &program->event[i];
        const uint8_t of = counted[from->kind];
        if (AM_NEVER(of == OTHERS)) return false;
        *to = (am_event){from->bytes, (uint16_t)(from->index + by[of]), from->kind};
        if (of == SLOTS && from->index <= others) { /* of the gradient that the layer begins with */
            if (from->index != distance->from) return false;
            to->index = distance->to;
        }
    }
    program->events += end - first;
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

/* Is there room for as much again, short of what was set aside? */
static bool has_room(const am_compiler *compiler, const am_backward *of)
{
    const am_aside *aside = compiler->tape->aside;
    int events = aside ? aside->events : AM_MAX_EVENTS;
    if (compiler->program->events + of->events > events) return false;
    /* each slot is an event, and its end another but for those few that are open: they have room where events have */
    return AM_ALWAYS(compiler->program->slots + of->slots <= AM_MAX_PROGRAM_SLOTS);
}

/* Is a layer's input, a leaf that waits for its gradients, given all of them by this layer, whose nodes these are, and the last of them by
 * the first node, which feeds no other leaf? Then it gets its gradient when the layer's backward has ended. */
static bool feeds_leaf(const am_compiler *compiler, int first, int last, am_var input)
{
    const am_tape *tape = compiler->tape;
    int uses = 0, others = 0;
    for (int node = last; node >= first; node--) {
        if (!compiler->player->reached[node]) continue;
        const am_instruction *instruction = &tape->instruction[tape->node[node].instruction];
        bool used = false;
        others = 0;
        for (int k = 0; k < instruction->inputs; k++) {
            am_var x = am_compile_operand(compiler, instruction, k);
            used |= x == input;
            uses += x == input;
            others += x != input && tape->tensor[x].leaf;
        }
        if (node == first && (!used || others)) return false;
    }
    return uses == compiler->player->waiting[tape->tensor[input].leaf];
}

/* Makes the backward of a layer, from its result's gradient to its input's, that of another one, and goes on to its first node; false,
 * and nothing made, where it is another. */
static bool repeat(am_compiler *compiler, const am_backward *of, const am_copy *place, uint16_t zone, uint16_t *node)
{
    am_player *player = compiler->player;
    am_program *program = compiler->program;
    am_gradient *gradient = am_compile_buffer(compiler, place->output),
                *passed = am_compile_buffer(compiler, place->input);
    const am_tensor *input = am_compile_tensor(compiler, place->input);
    am_distance distance = {.nodes = (uint16_t)(of->nodes - place->nodes),
                            .saves = (uint16_t)(of->saves - place->saves),
                            .slots = program->slots - of->slot,
                            .from = of->begins.slot,
                            .to = gradient->slot,
                            .first = of->slot};
    const uint16_t slot = (uint16_t)(of->passes.slot + distance.slots); /* of the gradient that its input gets */
    const bool passes = of->passes.slot, leaf = passes && !input->node;
    bool takes = passes ? AM_ALWAYS(input->grad) /* as the other's does */ && !passed->slot : !input->grad;
    bool alike = takes && *node == (uint16_t)(of->last - distance.nodes) &&
                 !is_taken(compiler, *node - of->count, *node, gradient) &&
                 memcmp(gradient->stride, of->begins.stride, sizeof gradient->stride) == 0 &&
                 player->slot_refs[gradient->slot] == of->refs &&
                 memcmp(&player->reached[*node - of->count], &player->reached[of->reached - of->count],
                        (size_t)of->count + 1) == 0;
    if (!alike || !has_room(compiler, of)) return false;
    if (AM_NEVER(passes && of->passes.slot <= of->slot)) return false; /* what stood before a layer's backward is passed on by nodes that are not reached in others */
    if (leaf && !feeds_leaf(compiler, *node - of->count, *node, place->input)) return false;
    const am_layer_backward made = {.noted = true,
                                    .place = *place,
                                    .zone = zone,
                                    .last = *node,
                                    .refs = of->refs,
                                    .events = program->events,
                                    .slots = program->slots,
                                    .gradient_bytes = program->gradient_bytes,
                                    .gradient = *gradient};
    if (!copy_events(program, &distance, of->event, of->event + of->events)) return false;
    /* nothing holds a slot of its own then but the gradient that it passes on: all else that learns is its own, too */
    memset(&player->slot_refs[program->slots + 1], 0, (size_t)of->slots * sizeof *player->slot_refs);
    memset(&player->slot_region[program->slots + 1], 0, (size_t)of->slots * sizeof *player->slot_region);
    gradient->slot = 0;
    player->slot_refs[distance.to] = 0; /* used up */
    if (passes) {
        player->slot_refs[slot] = of->passed_refs;
        player->slot_bytes[slot] = of->passed_bytes;
        *passed = of->passes;
        passed->like = place->input;
        passed->slot = slot;
    }
    program->slots += of->slots;
    program->gradient_bytes += of->gradient_bytes;
    *node = (uint16_t)(*node - of->count);
    compiler->layer = made;
    if (leaf) {
        player->waiting[input->leaf] = 0;
        am_compile_accumulate(compiler, place->input);
        compiler->layer.noted = false; /* it begins with no layer's result */
    }
    compiler->node = *node;
    compiler->events = program->events;
    return true;
}

bool am_compile_repeat(am_compiler *compiler, uint16_t zone, uint16_t *node)
{
    const am_layer_backward *behind = &compiler->layer;
    am_copy place = place_of(compiler->tape, zone);
    const am_backward *aside = place.aside ? &place.aside->backward : NULL;
    if (am_compile_inputs_alone(compiler)) return false;
    if (behind->noted && behind->place.root == place.root &&
        AM_ALWAYS(behind->zone == zone + 1) /* layers follow one another */) {
        const am_backward last = last_backward(compiler);
        if (!place.input) place.input = behind->place.from; /* it is the one that the others were copied from */
        place.output = behind->place.input;
        if (repeat(compiler, &last, &place, zone, node)) return true;
    }
    return aside && aside->events && !aside->fresh && repeat(compiler, aside, &place, zone, node);
}

/* ---- for the record that follows */

void am_compile_end_layer(const am_compiler *compiler)
{
    const am_layer_backward *layer = &compiler->layer;
    am_repeat *aside = layer->place.aside;
    if (layer->noted && aside && !aside->backward.events) aside->backward = last_backward(compiler);
}

/* Moves the backward of a layer that has been set aside to the far ends of the arrays, too; without it where that has no room. */
static void set_aside(am_player *player, am_aside *aside, am_repeat *repeat)
{
    am_program *program = &player->program;
    am_backward *own = &repeat->backward;
    int events = aside->events - own->events;
    int reached = own->last - own->nodes - repeat->from.nodes + repeat->at.nodes;
    if (repeat->record || events < program->events) {
        own->events = 0;
        return;
    }
    memmove(&program->event[events], &program->event[own->event], (size_t)own->events * sizeof *program->event);
    memmove(&player->reached[reached - own->count], &player->reached[own->reached - own->count],
            (size_t)own->count + 1);
    own->event = aside->events = events;
    own->reached = (uint16_t)reached;
    own->fresh = false;
}

void am_compile_keep(am_player *player, const am_tape *tape)
{
    am_aside *aside = tape->aside;
    if (!aside) return;
    bool whole = player->program.events <= aside->events;
    for (int i = 0; i < aside->layers; i++) {
        am_repeat *repeat = &aside->layer[i];
        if (!whole) repeat->backward.events = 0; /* the program grew into it */
        if (repeat->backward.events && repeat->backward.fresh) set_aside(player, aside, repeat);
    }
}
