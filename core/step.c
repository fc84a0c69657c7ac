/* Plays one training step on a record: forward, loss, backward, and the recomputation of checkpointed regions in it. Only sizes and
 * lifetimes move: a storage is a slot with a count of who holds it. */
#include <string.h>

#include "layout.h"
#include "tape.h"

/* Where the play stands. */
typedef struct am_play {
    const am_tape *tape;
    am_player *player;
    am_step *step;
    am_trace *trace;
    int64_t live;      /* with gradients of parameters there beforehand and not counted */
    int64_t gradients; /* what counts beside it where they start as None */
    int64_t peak[2];   /* of the backward, either way */
    am_phase phase;
    uint16_t zone, instruction, sampled;
    uint16_t free_slot; /* head of the list of free slots */
    int slots;
    uint16_t pending[AM_MAX_REGIONS]; /* nodes of a region that still hold something */
    bool done[AM_MAX_REGIONS];        /* recomputed */
    uint16_t open;                    /* the reentrant region whose backward runs; 0: none */
    uint16_t open_gradient;           /* the gradient that it was entered with */
    am_code code;
} am_play;

/* A node's gradients on their way to its inputs; made[k]: input k gets one. */
typedef struct am_outputs {
    bool made[4];
    am_gradient gradient[4];
} am_outputs;

/* ---- memory ---- */

static void note_peak(const am_play *play, am_peak *peak, int64_t bytes)
{
    if (peak->seen && bytes <= peak->bytes) return;
    const am_instruction *instruction = &play->tape->instruction[play->instruction];
    *peak = (am_peak){bytes, instruction->module, (am_op)instruction->op, true};
}

static bool same_module(am_module x, am_module y)
{
    return x.path == y.path && x.leaf == y.leaf;
}

/* The trace keeps the highest number of live bytes of each operation, or of each run of a module. */
static void note_sample(am_play *play)
{
    am_trace *trace = play->trace;
    const am_instruction *instruction = &play->tape->instruction[play->instruction];
    if (trace->samples > 0 && trace->samples <= trace->sample_capacity) {
        am_sample *last = &trace->sample[trace->samples - 1];
        bool same = last->phase == play->phase && last->zone == play->zone &&
                    same_module(last->module, instruction->module) &&
                    (trace->by_module || play->sampled == play->instruction);
        if (same) {
            if (play->live > last->live) {
                last->live = play->live;
                last->op = instruction->op;
            }
            return;
        }
    }
    if (trace->samples < trace->sample_capacity)
        trace->sample[trace->samples] =
            (am_sample){play->live, instruction->module, play->zone, (uint8_t)play->phase, instruction->op};
    trace->samples++;
    play->sampled = play->instruction;
}

/* extra: bytes that exist only where gradients start as None. */
static void note_live(am_play *play, int64_t extra)
{
    am_step *step = play->step;
    if (play->trace && play->trace->sample) note_sample(play);
    if (play->phase == AM_FORWARD) {
        note_peak(play, &step->forward[play->zone], play->live);
        return;
    }
    int64_t live[2] = {play->live, play->live + play->gradients + extra};
    for (int i = 0; i < 2; i++) {
        note_peak(play, &step->backward[i][play->phase][play->zone], live[i]);
        if (live[i] > play->peak[i]) play->peak[i] = live[i];
    }
}

static void grow(am_play *play, int64_t bytes)
{
    play->live += bytes;
    am_trace *trace = play->trace;
    if (!trace || !trace->allocation || bytes == 0) return;
    if (trace->allocations < trace->allocation_capacity)
        trace->allocation[trace->allocations] = (am_allocation){(uint8_t)play->phase, bytes, play->live};
    trace->allocations++;
}

static void retain(am_play *play, uint16_t slot)
{
    play->player->refs[slot]++;
}

static void release(am_play *play, uint16_t slot)
{
    am_player *player = play->player;
    if (--player->refs[slot] != 0) return;
    if (slot < play->tape->storages) {
        if (!play->tape->storage[slot].fixed) play->live -= player->bytes[slot];
        return;
    }
    play->live -= player->bytes[slot];
    player->next_free[slot] = play->free_slot;
    play->free_slot = slot;
}

/* A slot for bytes that are not on the tape: held once, not yet counted. */
static uint16_t new_slot(am_play *play, int64_t bytes)
{
    am_player *player = play->player;
    uint16_t slot = play->free_slot;
    if (slot) {
        play->free_slot = player->next_free[slot];
    } else if (play->slots < AM_MAX_SLOTS) {
        slot = (uint16_t)play->slots++;
    } else {
        play->code = AM_CAPACITY;
        return 0;
    }
    player->bytes[slot] = bytes;
    player->refs[slot] = 1;
    return slot;
}

static uint16_t allocate(am_play *play, int64_t bytes)
{
    uint16_t slot = new_slot(play, bytes);
    grow(play, bytes);
    note_live(play, 0);
    return slot;
}

/* ---- tensors ---- */

static const am_tensor *tensor_of(const am_play *play, am_var x)
{
    return &play->tape->tensor[x];
}

static int64_t bytes_of(const am_play *play, am_var like, int dtype)
{
    const am_tensor *tensor = tensor_of(play, like);
    int64_t n = am_dtypes[dtype].size;
    for (int i = 0; i < tensor->rank; i++)
        n *= tensor->shape[i]; /* the record checked it in at least this size's fp32 form */
    return n;
}

static am_layout gradient_layout(const am_play *play, const am_gradient *gradient)
{
    const am_tensor *like = tensor_of(play, gradient->like);
    return (am_layout){like->rank, like->shape, gradient->stride};
}

static am_layout tensor_layout(const am_play *play, am_var x)
{
    const am_tensor *tensor = tensor_of(play, x);
    return (am_layout){tensor->rank, tensor->shape, tensor->stride};
}

/* A new gradient of x's shape; stride NULL: contiguous. */
static am_gradient new_gradient(am_play *play, am_var like, int dtype, const int64_t *stride)
{
    am_gradient gradient = {.like = like, .dtype = (uint8_t)dtype};
    const am_tensor *tensor = tensor_of(play, like);
    if (stride)
        memcpy(gradient.stride, stride, sizeof gradient.stride);
    else
        am_layout_contiguous(tensor->rank, tensor->shape, gradient.stride);
    gradient.slot = allocate(play, bytes_of(play, like, dtype));
    return gradient;
}

/* The same storage seen as x's shape. */
static am_gradient view_gradient(am_play *play, const am_gradient *gradient, am_var like, const int64_t *stride)
{
    am_gradient view = *gradient;
    view.like = like;
    view.view = true;
    memcpy(view.stride, stride, sizeof view.stride);
    retain(play, gradient->slot);
    return view;
}

static bool same_shape(const am_play *play, am_var x, am_var y)
{
    if (x == y) return true;
    const am_tensor *a = tensor_of(play, x), *b = tensor_of(play, y);
    return a->rank == b->rank && am_layout_same(a->rank, a->shape, b->shape);
}

static bool dense(am_layout layout)
{
    return am_layout_dense(layout.rank, layout.shape, layout.stride);
}

/* ---- forward ---- */

static am_var operand(const am_play *play, const am_instruction *instruction, int i)
{
    return play->tape->operand[instruction->first + i];
}

static am_var result(const am_play *play, const am_instruction *instruction, int i)
{
    return operand(play, instruction, instruction->inputs + i);
}

static uint16_t storage_of(const am_play *play, am_var x)
{
    return play->tape->tensor[x].storage;
}

/* Does selective checkpointing keep this operation's results? */
static bool kept(const am_play *play, const am_instruction *instruction)
{
    uint16_t region = am_checkpointed_region(play->tape, instruction);
    if (!region || instruction->kind != AM_I_OP) return false;
    return am_region_keeps((am_keep)play->tape->regions_[region].keep, (am_op)instruction->op, instruction->match);
}

/* The slot in which a storage lives now: its copy where its region has been recomputed. */
static uint16_t find(const am_play *play, uint16_t storage)
{
    uint16_t copy = play->player->copy[storage];
    return copy ? copy : storage;
}

static void hold_saves(am_play *play, uint16_t index)
{
    const am_node *node = &play->tape->node[index];
    for (int i = node->first_save; i < node->first_save + node->save_count; i++) {
        uint16_t slot = find(play, storage_of(play, play->tape->save[i]));
        retain(play, slot);
        play->player->held[i] = slot;
    }
    play->player->holding[index] = true;
}

/* Makes the storages that an operation's results fill. All of one operation appear together. */
static void make_results(am_play *play, const am_instruction *instruction, int index)
{
    bool any = false;
    for (int i = 0; i < instruction->results; i++) {
        uint16_t slot = storage_of(play, result(play, instruction, i));
        const am_storage *storage = &play->tape->storage[slot];
        if (storage->fixed || storage->born != index || play->player->refs[slot]) continue;
        play->player->refs[slot] = 1;
        grow(play, storage->bytes);
        any = true;
    }
    if (any) note_live(play, 0);
}

/* What selective checkpointing keeps stays alive until its region is done. */
static void keep_results(am_play *play, const am_instruction *instruction)
{
    for (int i = 0; i < instruction->results; i++) {
        uint16_t storage = storage_of(play, result(play, instruction, i));
        if (play->player->cached[storage]) continue;
        play->player->cached[storage] = true;
        retain(play, storage);
    }
}

static void play_forward(am_play *play)
{
    const am_tape *tape = play->tape;
    for (int i = 0; i < tape->instructions; i++) {
        const am_instruction *instruction = &tape->instruction[i];
        play->zone = instruction->zone;
        play->instruction = (uint16_t)i;
        uint16_t region = am_checkpointed_region(tape, instruction);
        if (instruction->kind == AM_I_BEGIN && region)
            for (int j = 0; j < instruction->inputs; j++) retain(play, storage_of(play, operand(play, instruction, j)));
        if (instruction->kind == AM_I_OP) {
            make_results(play, instruction, i);
            if (kept(play, instruction)) keep_results(play, instruction);
            if (instruction->node && !region) hold_saves(play, instruction->node);
        }
        for (uint16_t dying = instruction->dying; dying; dying = tape->storage[dying].next_dying) release(play, dying);
        play->step->boundary[play->zone] = play->live;
    }
}

/* ---- recomputation ---- */

static void recompute_results(am_play *play, const am_instruction *instruction, int index)
{
    bool any = false;
    for (int i = 0; i < instruction->results; i++) {
        uint16_t index_of = storage_of(play, result(play, instruction, i));
        const am_storage *storage = &play->tape->storage[index_of];
        if (storage->fixed || storage->born != index || play->player->copy[index_of]) continue;
        play->player->copy[index_of] = new_slot(play, storage->bytes);
        grow(play, storage->bytes);
        any = true;
    }
    if (any) note_live(play, 0);
    play->step->recomputed_flops += instruction->flops;
}

/* A kept result passes from the region's cache to the code that runs again. */
static void take_results(am_play *play, const am_instruction *instruction)
{
    for (int i = 0; i < instruction->results; i++) {
        uint16_t storage = storage_of(play, result(play, instruction, i));
        play->player->cached[storage] = false;
        play->player->copy[storage] = storage;
    }
}

/* Storages whose last use in the region's own code this was. */
static void release_dying(am_play *play, const am_region *region, const am_instruction *instruction)
{
    const am_tape *tape = play->tape;
    for (uint16_t dying = instruction->dying; dying; dying = tape->storage[dying].next_dying) {
        if (dying < region->first_storage || dying >= region->last_storage || !play->player->copy[dying]) continue;
        release(play, play->player->copy[dying]);
        play->player->gone[dying] = true;
    }
}

/* What was made again and is still held by the code itself dies when it stops. */
static void release_left(am_play *play, const am_region *region)
{
    for (uint16_t storage = region->first_storage; storage < region->last_storage; storage++)
        if (play->player->copy[storage] && !play->player->gone[storage]) release(play, play->player->copy[storage]);
}

/* Plays a region again, this time saving. A non-reentrant one stops at its last saved tensor: before the operation if that only saves
 * inputs, since they exist by then. */
static void recompute(am_play *play, uint16_t index)
{
    const am_tape *tape = play->tape;
    const am_region *region = &tape->regions_[index];
    am_phase phase = play->phase;
    uint16_t zone = play->zone, at = play->instruction;
    play->done[index] = true;
    play->phase = AM_RECOMPUTE;
    play->zone = UINT16_MAX;
    bool early = region->kind == AM_NON_REENTRANT && region->savers > 0;
    int stop = early ? region->stop : region->end;
    size_t made = (size_t)(region->last_storage - region->first_storage);
    memset(&play->player->copy[region->first_storage], 0, made * sizeof *play->player->copy);
    memset(&play->player->gone[region->first_storage], 0, made * sizeof *play->player->gone);
    for (int i = region->start; i <= stop && i < region->end; i++) {
        const am_instruction *instruction = &tape->instruction[i];
        if (play->zone != instruction->zone) play->step->recompute_start[instruction->zone] = play->live;
        play->zone = instruction->zone;
        play->instruction = (uint16_t)i;
        if (instruction->kind == AM_I_OP) {
            if (early && i == stop && !tape->node[instruction->node].saves_result) {
                hold_saves(play, instruction->node);
                break;
            }
            if (kept(play, instruction))
                take_results(play, instruction);
            else
                recompute_results(play, instruction, i);
            if (instruction->node) hold_saves(play, instruction->node);
        }
        release_dying(play, region, instruction);
    }
    play->phase = phase;
    play->zone = zone;
    play->instruction = at;
    if (region->kind == AM_NON_REENTRANT) release_left(play, region);
}

/* A region whose last saving node has run lets go of its inputs and of what it kept. */
static void finish_region(am_play *play, const am_region *region)
{
    for (uint16_t storage = region->first_storage; region->keep && storage < region->last_storage; storage++)
        if (play->player->cached[storage]) release(play, storage);
    for (int i = 0; i < region->inputs; i++)
        release(play, storage_of(play, play->tape->operand[region->first_input + i]));
}

/* The non-reentrant region that an instruction is checkpointed in; else 0. */
static uint16_t non_reentrant(const am_play *play, const am_instruction *instruction)
{
    uint16_t region = am_checkpointed_region(play->tape, instruction);
    return play->tape->regions_[region].kind == AM_NON_REENTRANT ? region : 0;
}

static void forget(am_play *play, uint16_t index)
{
    const am_node *node = &play->tape->node[index];
    if (!play->player->holding[index]) return;
    play->player->holding[index] = false;
    for (int i = node->first_save; i < node->first_save + node->save_count; i++) release(play, play->player->held[i]);
    uint16_t region = non_reentrant(play, &play->tape->instruction[node->instruction]);
    if (!region || node->save_count == 0) return;
    if (--play->pending[region] == 0) finish_region(play, &play->tape->regions_[region]);
}

/* ---- one node's backward ---- */

/* Layout and type of an input's gradient that is computed at the output's shape, from the gradient and the other inputs. */
static am_gradient gradient_at_output(am_play *play, const am_instruction *instruction, const am_gradient *g, int input)
{
    am_layout layout[4] = {gradient_layout(play, g)};
    int operands = 1, dtype = g->dtype;
    for (int i = 0; i < instruction->inputs; i++) {
        if (i == input) continue;
        layout[operands++] = tensor_layout(play, operand(play, instruction, i));
        if (tensor_of(play, operand(play, instruction, i))->dtype == AM_FP32) dtype = AM_FP32;
    }
    if (operands == 1) return new_gradient(play, g->like, dtype, g->stride);
    int64_t stride[AM_MAX_RANK] = {0};
    am_layout_pointwise(layout[0].rank, layout[0].shape, operands, layout, stride);
    return new_gradient(play, g->like, dtype, stride);
}

static am_gradient gradient_at_input(am_play *play, const am_instruction *instruction, const am_gradient *g, int input)
{
    am_var x = operand(play, instruction, input);
    const am_tensor *tensor = tensor_of(play, x);
    const int64_t *stride = NULL;
    int op = instruction->op;
    if (op == AM_OP_TO && dense(gradient_layout(play, g))) stride = g->stride;
    if ((op == AM_OP_MM || op == AM_OP_ADDMM) && dense(tensor_layout(play, x))) stride = tensor->stride;
    return new_gradient(play, x, tensor->dtype, stride);
}

/* Flash gives each gradient its input's layout, memory-efficient attention b s h d. */
static am_gradient gradient_by_kernel(am_play *play, const am_instruction *instruction, int input)
{
    am_var x = operand(play, instruction, input);
    const am_tensor *tensor = tensor_of(play, x);
    int64_t stride[AM_MAX_RANK] = {0};
    am_layout layout = tensor_layout(play, x);
    if (instruction->op == AM_OP_FLASH_ATTENTION) {
        am_layout_pointwise(4, tensor->shape, 1, &layout, stride);
    } else {
        int64_t heads = tensor->shape[1], width = tensor->shape[3];
        stride[0] = heads * tensor->shape[2] * width;
        stride[1] = width;
        stride[2] = heads * width;
        stride[3] = 1;
    }
    return new_gradient(play, x, tensor->dtype, stride);
}

static am_gradient gradient_of_view(am_play *play, const am_instruction *instruction, const am_gradient *g)
{
    am_var x = operand(play, instruction, 0);
    const am_tensor *tensor = tensor_of(play, x);
    int64_t stride[AM_MAX_RANK] = {0};
    if (am_layout_view(gradient_layout(play, g), tensor->rank, tensor->shape, stride))
        return view_gradient(play, g, x, stride);
    return new_gradient(play, x, g->dtype, NULL);
}

static am_gradient gradient_of_transpose(am_play *play, const am_instruction *instruction, const am_gradient *g)
{
    int64_t stride[AM_MAX_RANK];
    memcpy(stride, g->stride, sizeof stride);
    stride[instruction->dims[0]] = g->stride[instruction->dims[1]];
    stride[instruction->dims[1]] = g->stride[instruction->dims[0]];
    return view_gradient(play, g, operand(play, instruction, 0), stride);
}

static am_gradient gradient_of_expand(am_play *play, const am_instruction *instruction, const am_gradient *g)
{
    am_var x = operand(play, instruction, 0);
    if (same_shape(play, x, g->like)) return view_gradient(play, g, x, g->stride);
    return new_gradient(play, x, g->dtype, NULL);
}

/* Takes the next step of the operation's row. Returns the slot of a temporary; 0 if it made none. */
static uint16_t run_step(am_play *play, const am_instruction *instruction, const am_gradient *g, am_backward_step step,
                         am_outputs *out)
{
    int k = step.input;
    bool wanted = k < instruction->inputs && tensor_of(play, operand(play, instruction, k))->grad;
    am_gradient *gradient = &out->gradient[k];
    switch (step.kind) {
    case AM_TEMPORARY: return allocate(play, bytes_of(play, g->like, g->dtype));
    case AM_KERNEL:
        *gradient = gradient_by_kernel(play, instruction, k);
        if (!wanted) return gradient->slot; /* the kernel writes all three, whoever asks */
        break;
    case AM_AT_OUTPUT:
        if (wanted) *gradient = gradient_at_output(play, instruction, g, k);
        break;
    case AM_AT_INPUT:
        if (wanted) *gradient = gradient_at_input(play, instruction, g, k);
        break;
    case AM_PASS:
        if (!wanted) break;
        *gradient = *g;
        retain(play, g->slot);
        break;
    case AM_VIEW: *gradient = gradient_of_view(play, instruction, g); break;
    case AM_TRANSPOSE: *gradient = gradient_of_transpose(play, instruction, g); break;
    case AM_EXPAND: *gradient = gradient_of_expand(play, instruction, g); break;
    default: break;
    }
    out->made[k] |= wanted;
    return 0;
}

/* cat: each part's gradient is a part of the whole's. */
static void run_parts(am_play *play, const am_instruction *instruction, const am_gradient *g, am_outputs *out)
{
    for (int k = 0; k < instruction->inputs; k++) {
        am_var x = operand(play, instruction, k);
        out->made[k] = tensor_of(play, x)->grad;
        if (out->made[k]) out->gradient[k] = view_gradient(play, g, x, g->stride);
    }
}

/* Runs the steps of the operation's row, in order; temporaries die when all have run. */
static void run_steps(am_play *play, const am_instruction *instruction, const am_gradient *g, am_outputs *out)
{
    uint16_t temporary[AM_MAX_STEPS];
    int temporaries = 0;
    const am_backward_step *step = am_ops[instruction->op].backward;
    if (step[0].kind == AM_PARTS) {
        run_parts(play, instruction, g, out);
        return;
    }
    for (int i = 0; i < AM_MAX_STEPS && step[i].kind != AM_END; i++) {
        uint16_t slot = run_step(play, instruction, g, step[i], out);
        if (slot) temporary[temporaries++] = slot;
    }
    for (int i = 0; i < temporaries; i++) release(play, temporary[i]);
}

/* What the engine does to each gradient before passing it on: sums what was broadcast, casts what was promoted. */
static void validate_outputs(am_play *play, const am_instruction *instruction, am_outputs *out)
{
    for (int k = 0; k < instruction->inputs && k < 4; k++) {
        am_gradient *gradient = &out->gradient[k];
        if (!out->made[k]) continue;
        am_var x = operand(play, instruction, k);
        const am_tensor *tensor = tensor_of(play, x);
        if (!same_shape(play, gradient->like, x)) {
            uint16_t old = gradient->slot;
            *gradient = new_gradient(play, x, gradient->dtype, NULL);
            release(play, old);
        }
        if (gradient->dtype != tensor->dtype) {
            uint16_t old = gradient->slot;
            am_layout layout = gradient_layout(play, gradient);
            *gradient = new_gradient(play, x, tensor->dtype, dense(layout) ? gradient->stride : NULL);
            release(play, old);
        }
        gradient->like = x;
    }
}

/* ---- the engine ---- */

static am_gradient *buffer_of(const am_play *play, am_var x)
{
    const am_tensor *tensor = tensor_of(play, x);
    am_player *player = play->player;
    return tensor->node ? &player->gradient[play->tape->node[tensor->node].first_gradient + tensor->output]
                        : &player->leaf[tensor->leaf];
}

/* AccumulateGrad. Where gradients exist beforehand the new one dies; else it becomes .grad, without a copy where it can. */
static void accumulate(am_play *play, am_var x)
{
    am_gradient *buffer = buffer_of(play, x), g = *buffer;
    const am_tensor *tensor = tensor_of(play, x);
    buffer->slot = 0;
    int64_t bytes = bytes_of(play, x, tensor->dtype);
    bool stolen = play->player->refs[g.slot] == 1 && am_layout_same(tensor->rank, g.stride, tensor->stride);
    if (!tensor->parameter) { /* an activation that is a leaf: its gradient counts either way, and stays */
        if (stolen) return;
        allocate(play, bytes);
        release(play, g.slot);
        return;
    }
    play->step->gradient_bytes += bytes;
    if (stolen) {
        play->gradients += play->player->bytes[g.slot];
    } else {
        note_live(play, bytes);
        play->gradients += bytes;
    }
    release(play, g.slot);
}

/* Adds a gradient to what waits at x. summed: released when the node's loop over its outputs has ended. */
static bool add_gradient(am_play *play, am_var x, am_gradient gradient, uint16_t *summed)
{
    am_gradient *buffer = buffer_of(play, x);
    if (!buffer->slot) {
        *buffer = gradient;
        return false;
    }
    am_layout layout[2] = {gradient_layout(play, buffer), gradient_layout(play, &gradient)};
    int64_t stride[AM_MAX_RANK] = {0};
    am_layout_pointwise(layout[0].rank, layout[0].shape, 2, layout, stride);
    am_gradient sum = new_gradient(play, buffer->like, buffer->dtype, stride);
    release(play, buffer->slot);
    *buffer = sum;
    *summed = gradient.slot;
    return true;
}

/* A reentrant region is one node of the graph outside: the whole of it runs again at once, and an inner backward goes through it while
 * the node holds the gradient that it was entered with. */
static void open_region(am_play *play, uint16_t index)
{
    play->open = index;
    play->open_gradient = buffer_of(play, play->tape->regions_[index].output)->slot;
    retain(play, play->open_gradient);
    recompute(play, index);
}

/* Its input is a saved tensor of that node; what its closure holds stays until the graph is gone. */
static void close_region(am_play *play)
{
    const am_region *region = &play->tape->regions_[play->open];
    if (!play->open) return;
    play->open = 0;
    release_left(play, region);
    release(play, play->open_gradient);
    release(play, storage_of(play, play->tape->operand[region->first_input]));
}

/* Runs one node: takes its incoming gradients, leaves its outgoing ones in out. */
static void run_node(am_play *play, uint16_t index, am_outputs *out)
{
    const am_tape *tape = play->tape;
    const am_node *node = &tape->node[index];
    const am_instruction *instruction = &tape->instruction[node->instruction];
    am_gradient *incoming = &play->player->gradient[node->first_gradient];
    const am_gradient *g = incoming;
    while (!g->slot) g++;
    uint16_t region = non_reentrant(play, instruction);
    bool recomputed = region && node->save_count > 0;
    if (recomputed && !play->done[region]) {
        recompute(play, region);
        play->phase = AM_BACKWARD;
    }
    run_steps(play, instruction, g, out);
    if (recomputed) forget(play, index); /* what a recomputed node saved goes first */
    validate_outputs(play, instruction, out);
    for (int i = 0; i < instruction->results; i++)
        if (incoming[i].slot) {
            release(play, incoming[i].slot);
            incoming[i].slot = 0;
        }
    if (!recomputed) forget(play, index);
}

/* Finds what the backward from root reaches, and how many gradients each leaf waits for. */
static void count_waiting(am_play *play, uint16_t root)
{
    const am_tape *tape = play->tape;
    am_player *player = play->player;
    player->reached[root] = true;
    for (uint16_t index = root; index > 0; index--) {
        if (!player->reached[index]) continue;
        const am_instruction *instruction = &tape->instruction[tape->node[index].instruction];
        for (int k = 0; k < instruction->inputs; k++) {
            const am_tensor *tensor = tensor_of(play, operand(play, instruction, k));
            if (!tensor->grad) continue;
            if (tensor->node)
                player->reached[tensor->node] = true;
            else
                player->waiting[tensor->leaf]++;
        }
    }
}

/* Passes a node's gradients on, then accumulates those of leaves that wait for no more. */
static void pass_on(am_play *play, const am_instruction *instruction, const am_outputs *out)
{
    uint16_t summed[4];
    am_var ready[4];
    int sums = 0, leaves = 0;
    for (int k = 0; k < instruction->inputs && k < 4; k++) {
        if (!out->made[k]) continue;
        am_var x = operand(play, instruction, k);
        sums += add_gradient(play, x, out->gradient[k], &summed[sums]);
        const am_tensor *tensor = tensor_of(play, x);
        if (!tensor->node && --play->player->waiting[tensor->leaf] == 0) ready[leaves++] = x;
    }
    for (int i = 0; i < sums; i++) release(play, summed[i]);
    for (int i = 0; i < leaves; i++) {
        if (play->open && ready[i] == play->tape->operand[play->tape->regions_[play->open].first_input])
            close_region(play);
        accumulate(play, ready[i]);
    }
}

/* Leaves and enters regions, and says which part of the step now runs. */
static void enter_node(am_play *play, const am_instruction *instruction)
{
    uint16_t region = am_checkpointed_region(play->tape, instruction);
    if (play->zone != instruction->zone) play->step->gradients_above[instruction->zone] = play->gradients;
    if (play->open && play->open != region) close_region(play);
    play->zone = instruction->zone;
    play->instruction = (uint16_t)(instruction - play->tape->instruction);
    play->phase = AM_BACKWARD;
    if (!region || play->done[region]) return;
    if (play->tape->regions_[region].kind == AM_REENTRANT)
        open_region(play, region);
    else
        play->phase = AM_BEFORE_RECOMPUTE;
}

/* Autograd's engine. Ready nodes run by highest sequence number; since a node is created after all that it depends on, that is the order
 * of creation reversed. */
static void run_engine(am_play *play, am_var root, am_gradient g)
{
    const am_tape *tape = play->tape;
    uint16_t first = tensor_of(play, root)->node;
    count_waiting(play, first);
    *buffer_of(play, root) = g;
    for (uint16_t index = first; index > 0 && play->code == AM_OK; index--) {
        if (!play->player->reached[index]) continue;
        const am_instruction *instruction = &tape->instruction[tape->node[index].instruction];
        enter_node(play, instruction);
        am_outputs out;
        memset(out.made, 0, sizeof out.made);
        run_node(play, index, &out);
        pass_on(play, instruction, &out);
    }
    close_region(play);
}

/* ---- the step ---- */

static void reset(am_play *play)
{
    const am_tape *tape = play->tape;
    am_player *player = play->player;
    size_t storages = (size_t)tape->storages;
    for (size_t i = 0; i < storages; i++) player->bytes[i] = tape->storage[i].bytes;
    memset(player->refs, 0, storages * sizeof *player->refs);
    memset(player->copy, 0, storages * sizeof *player->copy);
    memset(player->cached, 0, storages * sizeof *player->cached);
    memset(player->holding, 0, (size_t)tape->nodes * sizeof *player->holding);
    memset(player->reached, 0, (size_t)tape->nodes * sizeof *player->reached);
    memset(player->waiting, 0, (size_t)tape->leaves * sizeof *player->waiting);
    for (int i = 0; i < tape->gradients; i++) player->gradient[i].slot = 0;
    for (int i = 0; i < tape->leaves; i++) player->leaf[i].slot = 0;
    for (int i = 0; i < tape->regions; i++) play->pending[i] = tape->regions_[i].savers;
    for (int i = 1; i < tape->storages; i++)
        if (tape->storage[i].fixed) player->refs[i] = 1;
    play->slots = tape->storages;
}

/* FLOPs of the forward, and of the second layer alone (of the only one if there is one). */
static void count_flops(am_play *play)
{
    const am_tape *tape = play->tape;
    am_step *step = play->step;
    uint16_t layer = step->layers > 1 ? 2 : 1;
    for (int i = 0; i < tape->instructions; i++) {
        step->forward_flops += tape->instruction[i].flops;
        if (tape->instruction[i].zone == layer) step->layer_flops += tape->instruction[i].flops;
    }
}

am_code am_step_play(am_step *step, am_player *player, const am_tape *tape, am_trace *trace)
{
    if (tape->status.code) return tape->status.code;
    am_play play = {.tape = tape, .player = player, .step = step, .trace = trace};
    memset(step, 0, sizeof *step);
    step->layers = tape->instruction[tape->instructions - 1].zone - 1;
    reset(&play);
    play_forward(&play);
    step->after_forward = play.live;
    for (int i = 0; i <= step->layers + 1; i++)
        if (step->forward[i].seen && step->forward[i].bytes > step->forward_peak)
            step->forward_peak = step->forward[i].bytes;
    release(&play, storage_of(&play, tape->logits)); /* the caller drops the model's output and keeps the loss */
    step->after_drop = play.live;
    play.peak[0] = play.peak[1] = play.live;
    play.phase = AM_BACKWARD;
    play.zone = (uint16_t)(step->layers + 1);
    play.instruction = tape->node[tensor_of(&play, tape->loss)->node].instruction;
    am_gradient g = new_gradient(&play, tape->loss, tensor_of(&play, tape->loss)->dtype, NULL);
    retain(&play, g.slot); /* backward() itself holds it throughout */
    run_engine(&play, tape->loss, g);
    step->backward_peak = play.peak[0];
    step->step_peak = play.peak[1] > step->forward_peak ? play.peak[1] : step->forward_peak;
    count_flops(&play);
    return play.code;
}
