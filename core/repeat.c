/* Layers that are recorded as another one was: copied instead of built anew, since all that a builder looks at is the same. */
#include "repeat.h"

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

/* Are two tensors the same to operations that take them? What says so comes first in both structs, without gaps. */
static bool alike(const am_tape *tape, am_var x, am_var y)
{
    const am_tensor *a = &tape->tensor[x], *b = &tape->tensor[y];
    const am_storage *s = &tape->storage[a->storage], *t = &tape->storage[b->storage];
    return memcmp(a, b, offsetof(am_tensor, storage)) == 0 && memcmp(s, t, offsetof(am_storage, born)) == 0;
}

/* Does a layer find what another one found? All else of a build stays as it is. */
static bool same_values(const am_build *x, const am_build *y)
{
    const size_t first = offsetof(am_build, mask), end = offsetof(am_build, returned) + sizeof x->returned;
    return x->kind == y->kind && memcmp((const char *)x + first, (const char *)y + first, end - first) == 0;
}

/* Is there room for all of it once more? Else building it says what there is none for. */
static bool has_room(const am_tape *tape, const am_mark *from, const am_mark *to)
{
    const int left[] = {AM_MAX_TENSORS - tape->tensors - (to->tensors - from->tensors),
                        AM_MAX_STORAGES - tape->storages - (to->storages - from->storages),
                        AM_MAX_INSTRUCTIONS - tape->instructions - (to->instructions - from->instructions),
                        AM_MAX_NODES - tape->nodes - (to->nodes - from->nodes),
                        AM_MAX_OPERANDS - tape->operands - (to->operands - from->operands),
                        (int)(sizeof tape->save / sizeof *tape->save) - tape->saves - (to->saves - from->saves),
                        AM_MAX_GRADIENTS - 1 - tape->gradients - (to->gradients - from->gradients),
                        AM_MAX_NODES - 1 - tape->leaves - (to->leaves - from->leaves)};
    bool room = tape->flops + to->flops - from->flops <= AM_MAX_FLOPS;
    for (size_t i = 0; i < sizeof left / sizeof *left; i++) room &= left[i] >= 0;
    return room;
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

bool am_repeats(const am_repeat *repeat, const am_build *build, am_var x)
{
    const am_tape *tape = build->tape;
    const am_mark *from = &repeat->from, *to = &repeat->to;
    if (!repeat->output || tape->status.code || tape->repeats == AM_MAX_UNITS || tape->ranks > 1) return false;
    bool alone = from->regions == to->regions && !repeat->in_region == !tape->open_region; /* has no regions of its own */
    return alone && repeat->output >= from->tensors && same_values(&repeat->before, build) &&
           alike(tape, repeat->input, x) && has_room(tape, from, to) && is_closed(repeat, tape);
}

void am_repeat_begin(am_repeat *repeat, const am_build *build, am_var x)
{
    repeat->before = *build;
    repeat->from = mark(build->tape);
    repeat->in_region = build->tape->open_region;
    repeat->zone = build->tape->zone;
    repeat->input = x;
    repeat->output = 0;
}

void am_repeat_end(am_repeat *repeat, const am_build *build, am_var y)
{
    const am_tape *tape = build->tape;
    repeat->to = mark(tape);
    repeat->output = tape->region[tape->open_region].outlives ? 0 : y; /* which is said of a region by what is in it */
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

static void copy_tensors(am_tape *tape, const am_shift *shift)
{
    for (int i = shift->repeat->from.tensors; i < shift->repeat->to.tensors; i++) {
        am_tensor *tensor = &tape->tensor[tape->tensors++];
        *tensor = tape->tensor[i];
        tensor->storage = shifted_storage(shift, tensor->storage);
        if (tensor->node >= shift->repeat->from.nodes) tensor->node = (uint16_t)(tensor->node + shift->nodes);
        if (tensor->leaf) tensor->leaf = (uint16_t)(tensor->leaf + shift->leaves);
        if (tensor->cast) tensor->cast = shifted(shift, tensor->cast);
    }
    for (int i = shift->repeat->from.leaves; i < shift->repeat->to.leaves; i++)
        tape->leaf[tape->leaves++] = shifted(shift, tape->leaf[i]);
}

static void copy_storages(am_tape *tape, const am_shift *shift)
{
    for (int i = shift->repeat->from.storages; i < shift->repeat->to.storages; i++) {
        am_storage *storage = &tape->storage[tape->storages++];
        *storage = tape->storage[i];
        storage->born = (uint16_t)(storage->born + shift->instructions);
        storage->last = 0; /* until its operands are copied */
        storage->region = 0;
    }
}

static void copy_nodes(am_tape *tape, const am_shift *shift)
{
    for (int i = shift->repeat->from.nodes; i < shift->repeat->to.nodes; i++) {
        am_node *node = &tape->node[tape->nodes++];
        *node = tape->node[i];
        node->instruction = (uint16_t)(node->instruction + shift->instructions);
        node->first_save = (uint16_t)(node->first_save + shift->saves);
        node->first_gradient = (uint16_t)(node->first_gradient + shift->gradients);
    }
    for (int i = shift->repeat->from.saves; i < shift->repeat->to.saves; i++) {
        tape->save_rule[tape->saves] = tape->save_rule[i];
        tape->save[tape->saves++] = shifted(shift, tape->save[i]);
    }
}

static void copy_instructions(am_tape *tape, const am_shift *shift)
{
    int matmuls = tape->region[tape->open_region].matmuls - shift->repeat->from.matmuls;
    for (int i = shift->repeat->from.instructions; i < shift->repeat->to.instructions; i++) {
        int index = tape->instructions++;
        am_instruction *instruction = &tape->instruction[index];
        *instruction = tape->instruction[i];
        instruction->first = (uint16_t)(instruction->first + shift->operands);
        if (instruction->node) instruction->node = (uint16_t)(instruction->node + shift->nodes);
        instruction->region = tape->open_region;
        instruction->zone = tape->zone;
        if (tape->open_region && instruction->kind == AM_I_OP) instruction->match = (uint16_t)(instruction->match + matmuls);
        for (int k = 0; k < instruction->inputs + instruction->results; k++) {
            am_var x = shifted(shift, tape->operand[instruction->first - shift->operands + k]);
            tape->operand[tape->operands++] = x;
            if (instruction->kind != AM_I_GRAPH_END) tape->storage[tape->tensor[x].storage].last = (uint16_t)index;
        }
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
                            .source_storage = tape->tensor[repeat->input].storage,
                            .tensors = tape->tensors - from->tensors,
                            .storages = tape->storages - from->storages,
                            .instructions = tape->instructions - from->instructions,
                            .nodes = tape->nodes - from->nodes,
                            .operands = tape->operands - from->operands,
                            .saves = tape->saves - from->saves,
                            .gradients = tape->gradients - from->gradients,
                            .leaves = tape->leaves - from->leaves};
    am_var y = shifted(&shift, repeat->output);
    tape->repeated[tape->repeats++] = (am_repeated){.first = (uint16_t)tape->instructions,
                                                    .end = (uint16_t)(repeat->to.instructions + shift.instructions),
                                                    .shift = (uint16_t)shift.instructions,
                                                    .nodes = (uint16_t)shift.nodes,
                                                    .saves = (uint16_t)shift.saves,
                                                    .tensors = (uint16_t)shift.tensors,
                                                    .zone = tape->zone,
                                                    .of = repeat->zone,
                                                    .input = x,
                                                    .from = repeat->input,
                                                    .output = y};
    copy_tensors(tape, &shift);
    copy_storages(tape, &shift);
    copy_nodes(tape, &shift);
    copy_instructions(tape, &shift);
    count_region(tape, &shift);
    tape->gradients += repeat->to.gradients - from->gradients;
    tape->flops += repeat->to.flops - from->flops;
    tape->module = repeat->to.module;
    return y;
}
