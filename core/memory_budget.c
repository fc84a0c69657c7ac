/* torch.compile's activation_memory_budget, a layer at a time: which results a region keeps, by the knapsack of
 * choose_saved_values_set (torch/_functorch/partitioners.py, 2.15) over this region's own tensors. PyTorch's cuts between
 * cheap operations, which decide what fused kernels keep beside that, are not made: those operations run again, if the
 * backward needs them. */
#include <string.h>

#include "input.h"
#include "layout.h"
#include "tape.h"

/* ---- the knapsack ---- */

/* Every sum is rounded to fp32, as there: what adds nothing to such a sum is not taken. */
void am_knapsack_solve(am_knapsack *sack, int most)
{
    memset(sack->best, 0, sizeof sack->best);
    memset(sack->better, 0, (size_t)sack->items * sizeof *sack->better);
    for (int i = 0; i < sack->items; i++) {
        for (int j = most; j >= sack->weight[i]; j--) {
            float with = sack->best[j - sack->weight[i]] + sack->value[i];
            if (with <= sack->best[j]) continue;
            sack->best[j] = with;
            sack->better[i][j / 64] |= (uint64_t)1 << j % 64;
        }
    }
    for (int i = sack->items, j = most; i-- > 0;) {
        sack->taken[i] = sack->better[i][j / 64] >> j % 64 & 1;
        if (sack->taken[i]) j -= sack->weight[i];
    }
}

/* To the nearest whole number, halves to the even one, as Python; no more than what never fits. */
static int rounded(double parts)
{
    if (parts > AM_SACK_PARTS + 1) return AM_SACK_PARTS + 1;
    int whole = (int)parts;
    double rest = parts - whole;
    return whole + (rest > 0.5 || (rest == 0.5 && whole % 2 == 1));
}

/* ---- what a region may keep ---- */

static uint16_t storage_of(const am_tape *tape, int operand)
{
    return tape->tensor[tape->operand[operand]].storage;
}

/* Marks what the region's nodes save, and what graphs of its code's own hold while it runs, if these are to be made again too. */
static void mark_saves(const am_tape *tape, const am_region *region, bool graphs, bool *needed)
{
    memset(needed, 0, AM_MAX_STORAGES * sizeof *needed);
    for (int i = region->start; i < region->end; i++) {
        const am_instruction *instruction = &tape->instruction[i];
        for (int k = 0; graphs && k < instruction->inputs && instruction->kind == AM_I_GRAPH; k++)
            needed[storage_of(tape, instruction->first + k)] = true;
        if (instruction->kind != AM_I_OP || !instruction->node) continue;
        const am_node *node = &tape->node[instruction->node];
        for (int k = node->first_save; k < node->first_save + node->save_count; k++)
            needed[tape->tensor[tape->save[k]].storage] = true;
    }
}

static bool makes_needed(const am_tape *tape, const am_instruction *instruction, const bool *needed)
{
    for (int i = 0; i < instruction->results; i++)
        if (needed[storage_of(tape, instruction->first + instruction->inputs + i)]) return true;
    return false;
}

static void mark_inputs(const am_tape *tape, const am_instruction *instruction, bool *needed)
{
    for (int i = 0; i < instruction->inputs; i++) needed[storage_of(tape, instruction->first + i)] = true;
}

static int64_t counted(const am_tape *tape, uint16_t storage)
{
    return tape->storage[storage].fixed ? 0 : tape->storage[storage].bytes; /* none is permanent: Megatron's are */
}

static bool is_input(const am_tape *tape, const am_region *region, int count, uint16_t storage)
{
    for (int i = 0; i < count; i++)
        if (storage_of(tape, region->first_input + i) == storage) return true;
    return false;
}

/* Bytes that a plain layer keeps beyond those of its inputs, tables and masks among them, which a region holds whether or
 * not they are saved. Weights are there either way. */
static int64_t span_of(const am_tape *tape, const am_region *region, const bool *saved, int64_t *least)
{
    int64_t most = 0;
    *least = 0;
    for (int i = 0; i < region->inputs; i++) {
        uint16_t input = storage_of(tape, region->first_input + i);
        if (is_input(tape, region, i, input)) continue; /* twice */
        *least += counted(tape, input);
        if (saved[input]) most += counted(tape, input);
    }
    for (uint16_t i = region->first_storage; i < region->last_storage; i++)
        if (saved[i]) most += counted(tape, i);
    return most - *least;
}

static int64_t tensor_bytes(const am_tape *tape, int operand)
{
    const am_tensor *tensor = &tape->tensor[tape->operand[operand]];
    return am_layout_elements(tensor->rank, tensor->shape) * am_dtypes[tensor->dtype].size;
}

/* Does it take less than a quarter of what it was made from? */
static bool reduces(const am_tape *tape, const am_instruction *instruction, int64_t bytes)
{
    int64_t from = 0;
    for (int i = 0; i < instruction->inputs; i++) from += tensor_bytes(tape, instruction->first + i);
    return bytes * 4 < from;
}

/* What even PyTorch's least strict cut never runs again of itself: random operations, dear ones, reductions. Products of
 * experts are taken as dear as others; PyTorch's list has not got them. */
static bool is_held(const am_tape *tape, const am_instruction *instruction, int64_t bytes)
{
    return instruction->op == AM_OP_DROPOUT || instruction->flops > 0 || reduces(tape, instruction, bytes);
}

/* Largest first, and as they come where they are equal. */
static void add_item(am_knapsack *sack, uint16_t index, int64_t bytes, int64_t flops)
{
    int at = sack->items++;
    for (; at > 0 && sack->bytes[at - 1] < bytes; at--) {
        sack->instruction[at] = sack->instruction[at - 1];
        sack->bytes[at] = sack->bytes[at - 1];
        sack->value[at] = sack->value[at - 1];
    }
    sack->instruction[at] = index;
    sack->bytes[at] = bytes;
    sack->value[at] = flops > 1 ? (float)flops : 1;
}

static int64_t made_bytes(const am_tape *tape, int index)
{
    const am_instruction *instruction = &tape->instruction[index];
    int64_t bytes = 0;
    for (int i = instruction->made; i < instruction->made_end; i++) bytes += counted(tape, (uint16_t)i);
    return bytes;
}

/* Lists what may be kept of what the backward needs, itself or to make it. On entry the set of what is saved. */
static bool list_items(const am_tape *tape, const am_region *region, am_knapsack *sack)
{
    uint16_t kept[AM_MAX_ITEMS];
    int count = 0;
    for (int i = region->end - 1; i >= region->start; i--) {
        const am_instruction *instruction = &tape->instruction[i];
        if (instruction->kind != AM_I_OP || !makes_needed(tape, instruction, sack->needed)) continue;
        mark_inputs(tape, instruction, sack->needed);
        int64_t bytes = made_bytes(tape, i);
        if (bytes == 0 || !is_held(tape, instruction, bytes)) continue;
        if (count == AM_MAX_ITEMS) return false;
        kept[count++] = (uint16_t)i;
    }
    sack->items = 0;
    while (count-- > 0)
        add_item(sack, kept[count], made_bytes(tape, kept[count]), tape->instruction[kept[count]].flops);
    return true;
}

/* Marks what is kept, and what then need not run again. What was taken but is needed no more, since something made of it
 * is kept too, is let go of, as PyTorch's last cut does. */
static void mark_region(am_tape *tape, const am_region *region, am_knapsack *sack)
{
    for (int i = region->start; i < region->end; i++) tape->instruction[i].chosen = false;
    for (int i = 0; i < sack->items; i++) tape->instruction[sack->instruction[i]].chosen = sack->taken[i];
    mark_saves(tape, region, true, sack->needed);
    for (int i = region->end - 1; i >= region->start; i--) {
        am_instruction *instruction = &tape->instruction[i];
        instruction->idle = instruction->kind == AM_I_OP && !makes_needed(tape, instruction, sack->needed);
        if (instruction->idle) instruction->chosen = false;
        if (instruction->kind == AM_I_OP && !instruction->idle && !instruction->chosen)
            mark_inputs(tape, instruction, sack->needed);
    }
}

static void keep_of_region(am_tape *tape, int index, am_knapsack *sack, int64_t millionths)
{
    const am_region *region = &tape->region[index];
    mark_saves(tape, region, false, sack->needed);
    int64_t least, span = span_of(tape, region, sack->needed, &least);
    if (span <= 0) {
        am_tape_checkpoint_region(tape, index, AM_NON_REENTRANT, AM_KEEP_EVERYTHING);
        return;
    }
    if (!list_items(tape, region, sack)) {
        am_fail(&tape->status, AM_CAPACITY, "checkpoint", "a layer has more than %d results to choose from",
                (int64_t)AM_MAX_ITEMS);
        return;
    }
    double whole = (double)(least + span) / 1e9 - (double)least / 1e9; /* in PyTorch's own steps */
    for (int i = 0; i < sack->items; i++) sack->weight[i] = rounded((double)sack->bytes[i] / 1e9 / whole * AM_SACK_PARTS);
    if (millionths == 0) sack->items = 0; /* not even what weighs nothing */
    am_knapsack_solve(sack, rounded((double)millionths / AM_MILLION * AM_SACK_PARTS));
    mark_region(tape, region, sack);
}

void am_memory_budget_keep(am_tape *tape, am_knapsack *sack, int64_t millionths)
{
    for (int i = 1; i < tape->regions; i++) keep_of_region(tape, i, sack, millionths);
}
