/* Layers that are recorded as another one was, of this record or of one before: copied instead of built anew, since all that a builder
 * looks at is the same. */
#include "repeat.h"
#include "proven.h"

#include <stddef.h>
#include <string.h>

static am_mark mark(const am_tape *tape)
{
    const am_region *region = &tape->region[tape->open_region];
    return (am_mark){.tensors = tape->tensors,
                     .storages = tape->storages,
                     .instructions = tape->instructions,
                     .nodes = tape->nodes,
                     .operands = tape->operands,
                     .regions = tape->regions,
                     .saves = tape->saves,
                     .gradients = tape->gradients,
                     .leaves = tape->leaves,
                     .flops = tape->flops,
                     .matmuls = region->matmuls,
                     .savers = region->savers,
                     .stop = region->stop,
                     .module = tape->module};
}

/* Is a tensor with this memory the same as x to operations that take it? What says so comes first in both structs, without gaps; but
 * autocast's cache keeps copies of leaves. */
static bool alike(const am_tensor *tensor, const am_storage *storage, const am_tape *tape, am_var x)
{
    const am_tensor *other = &tape->tensor[x];
    if (tape->autocast != AM_DTYPE_COUNT && tape->caches && other->leaf) return false;
    return memcmp(tensor, other, offsetof(am_tensor, storage)) == 0 &&
           memcmp(storage, &tape->storage[other->storage], offsetof(am_storage, born)) == 0;
}

#define FIRST_FOUND offsetof(am_build, mask)
_Static_assert(offsetof(am_build, returned) + sizeof(am_var) - FIRST_FOUND == AM_FOUND * sizeof(am_var),
               "from mask to returned");

/* Does a layer find what another one found? All else of a build stays as it is. */
static bool same_values(const am_repeat *repeat, const am_build *build)
{
    return repeat->kind == build->kind &&
           memcmp(repeat->found, (const char *)build + FIRST_FOUND, sizeof repeat->found) == 0;
}

/* All of the room that a record may have. */
static const am_mark room = {.tensors = AM_MAX_TENSORS,
                             .storages = AM_MAX_STORAGES,
                             .instructions = AM_MAX_INSTRUCTIONS,
                             .nodes = AM_MAX_NODES,
                             .operands = AM_MAX_OPERANDS,
                             .saves = AM_MAX_NODES * 3,
                             .leaves = AM_MAX_NODES - 1};

/* Is there room for all of it once more? Else building it says what there is none for. */
static bool has_room(const am_tape *tape, const am_mark *from, const am_mark *to)
{
    const am_mark end = tape->aside ? tape->aside->top : room;
    const int left[] = {end.tensors - tape->tensors - (to->tensors - from->tensors),
                        end.storages - tape->storages - (to->storages - from->storages),
                        end.instructions - tape->instructions - (to->instructions - from->instructions),
                        end.nodes - tape->nodes - (to->nodes - from->nodes),
                        end.operands - tape->operands - (to->operands - from->operands),
                        end.saves - tape->saves - (to->saves - from->saves),
                        AM_MAX_GRADIENTS - 1 - tape->gradients - (to->gradients - from->gradients),
                        end.leaves - tape->leaves - (to->leaves - from->leaves)};
    bool enough = tape->flops + to->flops - from->flops <= AM_MAX_FLOPS;
    for (size_t i = 0; i < sizeof left / sizeof *left; i++) enough &= left[i] >= 0;
    return enough;
}

/* Did the layer leave what was there before it as it was: no copy of a weight made, no other name for its input's memory used,
 * no gradient passed on but to its input? */
static bool is_closed(const am_repeat *repeat, const am_tape *tape)
{
    const am_mark *from = &repeat->from, *to = &repeat->to;
    for (int i = 1; i < from->tensors; i++)
        if (tape->tensor[i].cast >= from->tensors) return false;
    for (int i = from->operands; i < to->operands; i++) {
        am_var x = tape->operand[i];
        if (x >= from->tensors || x == repeat->input) continue;
        if (tape->tensor[x].grad || tape->tensor[x].storage == tape->tensor[repeat->input].storage) return false;
    }
    return true;
}

/* Can a layer be copied that another one is, from what that found, and there is room for it? */
static bool fits(const am_repeat *repeat, const am_build *build)
{
    const am_tape *tape = build->tape;
    const am_mark *from = &repeat->from, *to = &repeat->to;
    if (!repeat->output || tape->status.code || tape->repeats == AM_MAX_UNITS || tape->ranks > 1) return false;
    bool alone =
        from->regions == to->regions && !repeat->in_region == !tape->open_region; /* has no regions of its own */
    return alone && repeat->output >= from->tensors && same_values(repeat, build) && has_room(tape, from, to);
}

bool am_repeats(const am_repeat *repeat, const am_build *build, am_var x)
{
    const am_tape *tape = build->tape;
    if (!fits(repeat, build)) return false;
    const am_tensor *input = &tape->tensor[repeat->input];
    return repeat->closed && alike(input, &tape->storage[input->storage], tape, x);
}

void am_repeat_begin(am_repeat *repeat, const am_build *build, am_var x)
{
    repeat->kind = (uint8_t)build->kind;
    repeat->modules = build->record.modules;
    memcpy(repeat->found, (const char *)build + FIRST_FOUND, sizeof repeat->found);
    repeat->from = repeat->at = mark(build->tape);
    repeat->in_region = build->tape->open_region;
    repeat->zone = build->tape->zone;
    repeat->input = x;
    repeat->output = 0;
    repeat->record = build->tape->records;
    repeat->backward.events = 0;
}

void am_repeat_end(am_repeat *repeat, const am_build *build, am_var y)
{
    const am_tape *tape = build->tape;
    repeat->to = mark(tape);
    repeat->output = tape->region[tape->open_region].outlives ? 0 : y; /* which is said of a region by what is in it */
    repeat->closed = is_closed(repeat, tape);
}

/* ---- layers of the record before ---- */

void am_aside_clear(am_aside *aside)
{
    aside->layers = 0;
    aside->top = room;
    aside->events = AM_MAX_EVENTS;
}

void am_aside_begin(const am_build *build)
{
    const am_tape *tape = build->tape;
    am_aside *aside = tape->aside;
    if (!aside) return;
    if (!tape->extents->recorded || aside->config != build->config || aside->outside != tape->tensors)
        am_aside_clear(aside);
    tape->extents->recorded = true;
    aside->config = build->config;
    aside->outside = tape->tensors;
}

void am_aside_note(const am_repeat *repeat, const am_build *build)
{
    am_aside *aside = build->tape->aside;
    bool whole = repeat->output && repeat->from.regions == repeat->to.regions && same_values(repeat, build);
    if (aside && whole && aside->layers < AM_MAX_ASIDE) aside->layer[aside->layers++] = *repeat;
}

/* Does it take nothing but its input and what was there before the first layer? */
static bool stands_alone(const am_repeat *repeat, const am_tape *tape)
{
    const am_mark *from = &repeat->from, *to = &repeat->to;
    for (int i = from->operands; i < to->operands; i++) {
        am_var x = tape->operand[i];
        if (x >= tape->aside->outside && x < from->tensors && x != repeat->input) return false;
    }
    for (int i = from->tensors; i < to->tensors; i++)
        if (tape->tensor[i].cast >= to->tensors) return false;
    return repeat->closed;
}

#define SET_ASIDE(array, count)                                                                                        \
    memmove(&tape->array[top.count], &tape->array[from->count], (size_t)(to->count - from->count) * sizeof *tape->array)

/* Moves a layer of the record that ends here to the far ends; false where that has no room. */
static bool set_aside(am_repeat *repeat, am_tape *tape)
{
    const am_mark *from = &repeat->from, *to = &repeat->to;
    am_mark top = tape->aside->top;
    top.tensors -= to->tensors - from->tensors;
    top.storages -= to->storages - from->storages;
    top.instructions -= to->instructions - from->instructions;
    top.nodes -= to->nodes - from->nodes;
    top.operands -= to->operands - from->operands;
    top.saves -= to->saves - from->saves;
    top.leaves -= to->leaves - from->leaves;
    if (!stands_alone(repeat, tape) || !has_room(tape, from, to)) return false;
    repeat->taken = tape->tensor[repeat->input];
    repeat->holding = tape->storage[repeat->taken.storage];
    repeat->time = tape->zone_time[repeat->zone];
    repeat->backward_time = tape->zone_backward_time[repeat->zone];
    for (int part = 0; part < AM_IN_RECOMPUTE; part++) repeat->work[part] = tape->zone_work[part][repeat->zone];
    SET_ASIDE(tensor, tensors);
    SET_ASIDE(storage, storages);
    SET_ASIDE(instruction, instructions);
    SET_ASIDE(executed, instructions);
    SET_ASIDE(node, nodes);
    SET_ASIDE(operand, operands);
    SET_ASIDE(save, saves);
    SET_ASIDE(save_rule, saves);
    SET_ASIDE(leaf, leaves);
    repeat->at = tape->aside->top = top;
    repeat->record = 0;
    return true;
}

void am_aside_keep(am_tape *tape)
{
    am_aside *aside = tape->aside;
    int kept = 0;
    if (!aside) return;
    bool whole = !tape->status.code && has_room(tape, &room, &room); /* else the record grew into them */
    for (int i = 0; i < aside->layers && whole; i++) {
        am_repeat *repeat = &aside->layer[i];
        if (repeat->record == 0 || set_aside(repeat, tape)) aside->layer[kept++] = *repeat;
    }
    aside->layers = kept;
    if (kept == 0) am_aside_clear(aside);
}

const am_repeat *am_aside_find(const am_build *build, am_var x)
{
    const am_aside *aside = build->tape->aside;
    for (int i = 0; aside && i < aside->layers; i++) {
        const am_repeat *repeat = &aside->layer[i];
        bool other = repeat->record == 0 && repeat->modules == build->record.modules;
        if (other && fits(repeat, build) && alike(&repeat->taken, &repeat->holding, build->tape, x)) return repeat;
    }
    return NULL;
}

/* ---- copying ---- */

/* What indices of the layer's own grow by; those before it stay, but for its input. */
typedef struct am_shift {
    const am_repeat *repeat;
    am_var input;
    uint16_t input_storage, source_storage;
    int tensors, storages, instructions, nodes, operands, saves, gradients, leaves;
} am_shift;

static am_var shifted(const am_shift *shift, am_var x)
{
    if (x >= shift->repeat->from.tensors) return (am_var)(x + shift->tensors);
    return x == shift->repeat->input ? shift->input : x;
}

static uint16_t shifted_storage(const am_shift *shift, uint16_t storage)
{
    if (storage >= shift->repeat->from.storages) return (uint16_t)(storage + shift->storages);
    return storage == shift->source_storage ? shift->input_storage : storage;
}

/* How many of these a layer has, and the first of them. */
#define HAS(count)          (shift->repeat->to.count - shift->repeat->from.count)
#define FIRST(array, count) (&tape->array[shift->repeat->at.count])

static void copy_tensors(am_tape *tape, const am_shift *shift)
{
    am_tensor *tensor = &tape->tensor[tape->tensors], *end = tensor + HAS(tensors);
    const int nodes = shift->repeat->from.nodes;
    memcpy(tensor, FIRST(tensor, tensors), (size_t)HAS(tensors) * sizeof *tensor);
    for (; tensor < end; tensor++) {
        tensor->storage = shifted_storage(shift, tensor->storage);
        if (tensor->node >= nodes) tensor->node = (uint16_t)(tensor->node + shift->nodes);
        if (tensor->leaf) tensor->leaf = (uint16_t)(tensor->leaf + shift->leaves);
        if (tensor->cast) tensor->cast = shifted(shift, tensor->cast);
    }
    tape->tensors += HAS(tensors);
    const am_var *leaf = FIRST(leaf, leaves);
    for (int i = 0; i < HAS(leaves); i++) tape->leaf[tape->leaves++] = shifted(shift, leaf[i]);
}

static void copy_storages(am_tape *tape, const am_shift *shift)
{
    am_storage *storage = &tape->storage[tape->storages], *end = storage + HAS(storages);
    const int end_of_layer = shift->repeat->to.instructions;
    memcpy(storage, FIRST(storage, storages), (size_t)HAS(storages) * sizeof *storage);
    for (; storage < end; storage++) {
        storage->born = (uint16_t)(storage->born + shift->instructions);
        bool inside = storage->last < end_of_layer; /* else what is behind the layer says when */
        storage->last = (uint16_t)(inside ? storage->last + shift->instructions : storage->born);
        storage->next_dying = 0; /* until the record ends */
        storage->region = 0;
    }
    tape->storages += HAS(storages);
}

static void copy_nodes(am_tape *tape, const am_shift *shift)
{
    const am_node *from = FIRST(node, nodes);
    am_node *node = &tape->node[tape->nodes], *end = node + HAS(nodes);
    for (; node < end; node++) {
        *node = *from++;
        node->instruction = (uint16_t)(node->instruction + shift->instructions);
        node->first_save = (uint16_t)(node->first_save + shift->saves);
        node->first_gradient = (uint16_t)(node->first_gradient + shift->gradients);
    }
    tape->nodes += HAS(nodes);
    const am_var *save = FIRST(save, saves);
    memcpy(&tape->save_rule[tape->saves], FIRST(save_rule, saves), (size_t)HAS(saves));
    for (int i = 0; i < HAS(saves); i++) tape->save[tape->saves + i] = shifted(shift, save[i]);
    tape->saves += HAS(saves);
}

static void copy_instructions(am_tape *tape, const am_shift *shift)
{
    const uint16_t region = tape->open_region, zone = tape->zone;
    const int matmuls = tape->region[region].matmuls - shift->repeat->from.matmuls;
    am_instruction *instruction = &tape->instruction[tape->instructions], *end = instruction + HAS(instructions);
    memcpy(instruction, FIRST(instruction, instructions), (size_t)HAS(instructions) * sizeof *instruction);
    for (; instruction < end; instruction++) {
        instruction->first = (uint16_t)(instruction->first + shift->operands);
        if (instruction->node) instruction->node = (uint16_t)(instruction->node + shift->nodes);
        instruction->region = region;
        instruction->zone = zone;
        instruction->dying = instruction->made = instruction->made_end = 0; /* until the record ends */
        instruction->chosen = instruction->idle = false;
        if (region && instruction->kind == AM_I_OP) instruction->match = (uint16_t)(instruction->match + matmuls);
    }
    tape->instructions += HAS(instructions);
}

/* Of the instructions that have been copied. What was there before the layer they use once more. */
static void copy_operands(am_tape *tape, const am_shift *shift)
{
    const am_var own = (am_var)shift->repeat->from.tensors, by = (am_var)shift->tensors;
    const am_var *from = FIRST(operand, operands);
    const int end = tape->operands + HAS(operands);
    int user = tape->instructions - HAS(instructions);
    for (; tape->operands < end; tape->operands++, from++) {
        if (*from >= own) {
            tape->operand[tape->operands] = (am_var)(*from + by);
            continue;
        }
        am_var x = tape->operand[tape->operands] = shifted(shift, *from);
        while (user + 1 < tape->instructions && tape->instruction[user + 1].first <= tape->operands) user++;
        if (AM_ALWAYS(tape->instruction[user].kind != AM_I_GRAPH_END)) /* a local's graph has saved what is the layer's own */
            tape->storage[tape->tensor[x].storage].last = (uint16_t)user;
    }
}

static void count_region(am_tape *tape, const am_shift *shift)
{
    am_region *region = &tape->region[tape->open_region];
    const am_mark *from = &shift->repeat->from, *to = &shift->repeat->to;
    if (!tape->open_region) return;
    region->matmuls = (uint16_t)(region->matmuls + to->matmuls - from->matmuls);
    region->savers = (uint16_t)(region->savers + to->savers - from->savers);
    if (to->savers > from->savers) region->stop = (uint16_t)(to->stop + shift->instructions);
}

am_var am_repeat_layer(const am_repeat *repeat, am_tape *tape, am_var x)
{
    const am_mark *from = &repeat->from;
    const am_shift shift = {.repeat = repeat,
                            .input = x,
                            .input_storage = tape->tensor[x].storage,
                            .source_storage =
                                repeat->record ? tape->tensor[repeat->input].storage : repeat->taken.storage,
                            .tensors = tape->tensors - from->tensors,
                            .storages = tape->storages - from->storages,
                            .instructions = tape->instructions - from->instructions,
                            .nodes = tape->nodes - from->nodes,
                            .operands = tape->operands - from->operands,
                            .saves = tape->saves - from->saves,
                            .gradients = tape->gradients - from->gradients,
                            .leaves = tape->leaves - from->leaves};
    am_var y = shifted(&shift, repeat->output);
    tape->repeated[tape->repeats++] =
        (am_repeated){.first = (uint16_t)tape->instructions,
                      .end = (uint16_t)(repeat->to.instructions + shift.instructions),
                      .shift = (uint16_t)shift.instructions,
                      .nodes = (uint16_t)shift.nodes,
                      .saves = (uint16_t)shift.saves,
                      .tensors = (uint16_t)shift.tensors,
                      .zone = tape->zone,
                      .of = repeat->zone,
                      .input = x,
                      .from = repeat->input,
                      .output = y,
                      .aside = repeat->record ? 0 : (uint8_t)(repeat - tape->aside->layer + 1)};
    copy_tensors(tape, &shift);
    copy_storages(tape, &shift);
    copy_nodes(tape, &shift);
    copy_instructions(tape, &shift);
    copy_operands(tape, &shift);
    count_region(tape, &shift);
    tape->gradients += repeat->to.gradients - from->gradients;
    tape->flops += repeat->to.flops - from->flops;
    tape->module = repeat->to.module;
    return y;
}
