/* The backward of one node: what it allocates, in which order, and what it lets go. */
#include "compile.h"

#include <string.h>

#include "proven.h"

static bool dense(am_layout layout)
{
    return am_layout_dense(layout.rank, layout.shape, layout.stride);
}

static const am_instruction *instruction_of(const am_compiler *compiler, uint16_t node)
{
    return &compiler->tape->instruction[compiler->tape->node[node].instruction];
}

/* The type of what is computed of the gradient and an operation's inputs but for one; a number makes none wider. */
static int type_together(const am_compiler *compiler, const am_instruction *instruction, const am_gradient *g, int but)
{
    int dtype = g->dtype;
    for (int i = 0; i < instruction->inputs; i++) {
        const am_tensor *tensor = am_compile_tensor(compiler, am_compile_operand(compiler, instruction, i));
        if (i != but && tensor->dtype == AM_FP32 && tensor->rank > 0) dtype = AM_FP32;
    }
    return dtype;
}

/* Layout and type of an input's gradient that is computed at the output's shape, from the gradient and the inputs but for one. */
static am_gradient gradient_at_output(am_compiler *compiler, const am_instruction *instruction, const am_gradient *g, int but)
{
    am_layout layout[4] = {am_compile_layout_of_gradient(compiler, g)};
    int operands = 1, dtype = type_together(compiler, instruction, g, but);
    for (int i = 0; i < instruction->inputs; i++)
        if (i != but) layout[operands++] = am_compile_layout(compiler, am_compile_operand(compiler, instruction, i));
    if (operands == 1) return am_compile_gradient(compiler, g->like, dtype, g->stride);
    int64_t stride[AM_MAX_RANK] = {0};
    am_layout_pointwise(layout[0].rank, layout[0].shape, operands, layout, stride);
    return am_compile_gradient(compiler, g->like, dtype, stride);
}

/* Of x, in another type: dense, in the order of dimensions that it had. */
static am_gradient gradient_cast(am_compiler *compiler, const am_gradient *g, am_var x, uint8_t dtype)
{
    am_layout layout = am_compile_layout_of_gradient(compiler, g);
    int64_t stride[AM_MAX_RANK] = {0};
    am_layout_pointwise(layout.rank, layout.shape, 1, &layout, stride);
    return am_compile_gradient(compiler, x, dtype, stride);
}

static am_gradient gradient_at_input(am_compiler *compiler, const am_instruction *instruction, const am_gradient *g,
                                     int input)
{
    am_var x = am_compile_operand(compiler, instruction, input);
    const am_tensor *tensor = am_compile_tensor(compiler, x);
    if (instruction->op == AM_OP_TO) return gradient_cast(compiler, g, x, tensor->dtype);
    const int64_t *stride = NULL;
    int op = instruction->op;
    if ((op == AM_OP_MM || op == AM_OP_ADDMM || op == AM_OP_GROUPED_MM) && dense(am_compile_layout(compiler, x))) stride = tensor->stride;
    return am_compile_gradient(compiler, x, tensor->dtype, stride);
}

/* Flash gives each gradient its input's layout, memory-efficient attention b s h d. */
static am_gradient gradient_by_kernel(am_compiler *compiler, const am_instruction *instruction, int input)
{
    am_var x = am_compile_operand(compiler, instruction, input);
    const am_tensor *tensor = am_compile_tensor(compiler, x);
    int64_t stride[AM_MAX_RANK] = {0};
    am_layout layout = am_compile_layout(compiler, x);
    if (instruction->op != AM_OP_EFFICIENT_ATTENTION) {
        am_layout_pointwise(4, tensor->shape, 1, &layout, stride);
    } else {
        int64_t heads = tensor->shape[1], width = tensor->shape[3];
        stride[0] = heads * tensor->shape[2] * width;
        stride[1] = width;
        stride[2] = heads * width;
        stride[3] = 1;
    }
    return am_compile_gradient(compiler, x, tensor->dtype, stride);
}

static am_gradient gradient_of_view(am_compiler *compiler, const am_instruction *instruction, const am_gradient *g)
{
    am_var x = am_compile_operand(compiler, instruction, 0);
    const am_tensor *tensor = am_compile_tensor(compiler, x);
    int64_t stride[AM_MAX_RANK] = {0};
    if (am_layout_view(am_compile_layout_of_gradient(compiler, g), tensor->rank, tensor->shape, stride))
        return am_compile_view(compiler, g, x, stride);
    return am_compile_gradient(compiler, x, g->dtype, NULL);
}

#ifndef AM_FIRST /* no operation of its has it */
/* Of numbers that are read in another type. */
static am_gradient gradient_dense(am_compiler *compiler, const am_instruction *instruction, const am_gradient *g)
{
    am_var x = am_compile_operand(compiler, instruction, 0);
    const am_tensor *tensor = am_compile_tensor(compiler, x);
    am_layout layout = am_compile_layout_of_gradient(compiler, g);
    int64_t n = am_layout_elements(layout.rank, layout.shape), stride[AM_MAX_RANK] = {0};
    if (!am_layout_view(layout, 1, &n, stride)) return am_compile_gradient(compiler, x, tensor->dtype, NULL);
    am_layout_contiguous(tensor->rank, tensor->shape, stride);
    am_gradient view = am_compile_view(compiler, g, x, stride);
    view.dtype = tensor->dtype;
    return view;
}
#endif

static am_gradient gradient_of_transpose(am_compiler *compiler, const am_instruction *instruction, const am_gradient *g)
{
    int64_t stride[AM_MAX_RANK];
    memcpy(stride, g->stride, sizeof stride);
    stride[instruction->dims[0]] = g->stride[instruction->dims[1]];
    stride[instruction->dims[1]] = g->stride[instruction->dims[0]];
    return am_compile_view(compiler, g, am_compile_operand(compiler, instruction, 0), stride);
}

static am_gradient gradient_of_expand(am_compiler *compiler, const am_instruction *instruction, const am_gradient *g)
{
    am_var x = am_compile_operand(compiler, instruction, 0);
    if (am_compile_same_shape(compiler, x, g->like)) return am_compile_view(compiler, g, x, g->stride);
    return am_compile_gradient(compiler, x, g->dtype, NULL);
}

/* Where what save rule k of the node kept stands. */
static int save_of_rule(const am_compiler *compiler, const am_instruction *instruction, int k)
{
    int save = compiler->tape->node[instruction->node].first_save;
    while (compiler->tape->save_rule[save] != k) save++;
    return save;
}

/* A gradient in the memory of what save rule k of the node kept, in its type. */
static am_gradient gradient_taken(am_compiler *compiler, const am_instruction *instruction, int k)
{
    const am_tape *tape = compiler->tape;
    int save = save_of_rule(compiler, instruction, k);
    am_gradient gradient = {.like = am_compile_operand(compiler, instruction, k),
                            .dtype = am_compile_tensor(compiler, tape->save[save])->dtype};
    const am_tensor *tensor = am_compile_tensor(compiler, gradient.like);
    am_layout_contiguous(tensor->rank, tensor->shape, gradient.stride);
    gradient.slot = am_compile_take(compiler, (uint16_t)save);
    return gradient;
}

/* Works on [b, s, heads, d], which must lie in memory so. */
static am_gradient gradient_turned(am_compiler *compiler, const am_instruction *instruction, int k)
{
    const am_node *node = &compiler->tape->node[instruction->node];
    const am_gradient *g = &compiler->player->gradient[node->first_gradient + k];
    am_var x = am_compile_operand(compiler, instruction, k);
    const int64_t *n = am_compile_tensor(compiler, x)->shape;
    const int64_t shape[] = {n[0], n[2], n[1], n[3]}, stride[] = {g->stride[0], g->stride[2], g->stride[1], g->stride[3]};
    const int64_t dense[AM_MAX_RANK] = {n[2] * n[1] * n[3], n[3], n[1] * n[3], 1};
    int64_t all = am_layout_elements(4, shape), one[AM_MAX_RANK];
    if (am_layout_view((am_layout){4, shape, stride}, 1, &all, one)) return am_compile_view(compiler, g, x, g->stride);
    return am_compile_gradient(compiler, x, g->dtype, dense);
}

static int64_t bytes_of_input(const am_compiler *compiler, const am_instruction *instruction, int k)
{
    am_var x = am_compile_operand(compiler, instruction, k);
    return am_compile_bytes(compiler, x, am_compile_tensor(compiler, x)->dtype);
}

/* The gradient of every summand: the same, repeated along the dimension that is gone. */
static am_gradient gradient_of_sum(am_compiler *compiler, const am_instruction *instruction, const am_gradient *g)
{
    am_var x = am_compile_operand(compiler, instruction, 0);
    const am_tensor *tensor = am_compile_tensor(compiler, x);
    if (am_compile_tensor(compiler, g->like)->rank == 0) { /* of all elements */
        static const int64_t none[AM_MAX_RANK] = {0};
        return am_compile_view(compiler, g, x, none);
    }
    int dim = instruction->dims[0], kept = instruction->dims[1];
    int64_t stride[AM_MAX_RANK] = {0};
    for (int i = 0; i < tensor->rank; i++) stride[i] = g->stride[i > dim && !kept ? i - 1 : i];
    if (tensor->shape[dim] != 1 || !kept) stride[dim] = 0;
    return am_compile_view(compiler, g, x, stride);
}

static void let_go(am_compiler *compiler, const am_instruction *instruction)
{
    const am_node *node = &compiler->tape->node[instruction->node];
    am_gradient *incoming = &compiler->player->gradient[node->first_gradient];
    for (int i = 0; i < instruction->results; i++)
        if (incoming[i].slot) {
            am_compile_release(compiler, incoming[i].slot);
            incoming[i].slot = 0;
        }
}

/* Takes the next step of the operation's row. Returns the slot of a temporary; 0 if it made none. */
static uint16_t run_step(am_compiler *compiler, const am_instruction *instruction, const am_gradient *g,
                         am_backward_step step, am_outputs *out)
{
    int k = step.input;
    bool wanted =
        k < instruction->inputs && am_compile_wanted(compiler, am_compile_operand(compiler, instruction, k));
    if (step.kind == AM_SCRATCH)
        return k < instruction->inputs ? am_compile_allocate(compiler, bytes_of_input(compiler, instruction, k)) : 0;
    am_gradient *gradient = &out->gradient[k];
    switch (step.kind) {
    case AM_TEMPORARY: return wanted ? am_compile_allocate(compiler, am_compile_bytes(compiler, g->like, g->dtype)) : 0;
#ifndef AM_FIRST /* no division */
    case AM_WIDE: return wanted ? am_compile_allocate(compiler, am_compile_bytes(compiler, g->like, type_together(compiler, instruction, g, -1))) : 0;
    case AM_OF_ALL:
        if (wanted) *gradient = gradient_at_output(compiler, instruction, g, -1);
        break;
#endif
    case AM_NUMBER: return wanted ? am_compile_allocate(compiler, am_dtypes[g->dtype].size) : 0;
    case AM_BOOLEANS: return am_compile_allocate(compiler, am_compile_bytes(compiler, g->like, AM_BOOL));
    case AM_ZEROS: {
        am_var x = am_compile_operand(compiler, instruction, k);
        int dtype = am_compile_tensor(compiler, x)->dtype;
        return wanted ? am_compile_allocate(compiler, am_compile_bytes(compiler, x, dtype)) : 0;
    }
    case AM_KERNEL:
        *gradient = gradient_by_kernel(compiler, instruction, k);
        if (!wanted) return gradient->slot; /* the kernel writes all three, whoever asks */
        break;
    case AM_AT_OUTPUT:
        if (wanted) *gradient = gradient_at_output(compiler, instruction, g, k);
        break;
    case AM_AT_INPUT:
        if (wanted) *gradient = gradient_at_input(compiler, instruction, g, k);
        break;
    case AM_PART: /* of the one input that has a gradient */
        *gradient = gradient_at_input(compiler, instruction, g, k);
        compiler->program->event[compiler->program->events - 1].kind = AM_E_PART;
        break;
    case AM_TAKEN:
        if (wanted) *gradient = gradient_taken(compiler, instruction, k);
        break;
    case AM_EMPTY:
        am_compile_release(compiler, am_compile_take(compiler, (uint16_t)save_of_rule(compiler, instruction, k)));
        return 0;
    case AM_SAME:
        if (AM_NEVER(!wanted)) break; /* a bias's, and who has that trains everything */
        *gradient = out->gradient[0];
        am_compile_retain(compiler, gradient->slot);
        break;
    case AM_LET_GO: let_go(compiler, instruction); return 0;
#ifndef AM_FIRST
    case AM_TURNS: am_compile_engine_ring(compiler, instruction, out); return 0;
    case AM_DENSE: *gradient = gradient_dense(compiler, instruction, g); break;
#endif
    case AM_TURNED:
        if (wanted) *gradient = gradient_turned(compiler, instruction, k);
        break;
    case AM_PASS:
        if (!wanted) break;
        *gradient = *g;
        am_compile_retain(compiler, g->slot);
        break;
    case AM_VIEW: *gradient = gradient_of_view(compiler, instruction, g); break;
    case AM_TRANSPOSE: *gradient = gradient_of_transpose(compiler, instruction, g); break;
    case AM_EXPAND: *gradient = gradient_of_expand(compiler, instruction, g); break;
    case AM_SUM: *gradient = gradient_of_sum(compiler, instruction, g); break;
    default: break;
    }
    out->made[k] |= wanted;
    return 0;
}

/* cat: each part's gradient is a part of the whole's. */
static void run_parts(am_compiler *compiler, const am_instruction *instruction, const am_gradient *g, am_outputs *out)
{
    for (int k = 0; k < instruction->inputs; k++) {
        am_var x = am_compile_operand(compiler, instruction, k);
        out->made[k] = am_compile_wanted(compiler, x);
        if (out->made[k]) out->gradient[k] = am_compile_view(compiler, g, x, g->stride);
    }
}

/* CopySlices: a copy of the whole gradient and one of the part, wanted or not; where the base has a gradient, zeros. */
static void run_copy(am_compiler *compiler, const am_instruction *instruction, const am_gradient *g, am_outputs *out)
{
    am_var base = am_compile_operand(compiler, instruction, 0), part = am_compile_operand(compiler, instruction, 1);
    const am_tensor *tensor = am_compile_tensor(compiler, base);
    am_gradient whole = am_compile_gradient(compiler, base, g->dtype, tensor->stride);
    out->gradient[1] = am_compile_gradient(compiler, part, g->dtype, NULL);
    out->made[1] = am_compile_wanted(compiler, part);
    out->made[0] = am_compile_wanted(compiler, base);
    uint16_t gone = whole.slot;
    if (out->made[0]) {
        out->gradient[0] = whole;
        gone = am_compile_allocate(compiler, am_compile_bytes(compiler, part, g->dtype));
    }
    am_compile_release(compiler, gone);
    if (!out->made[1]) am_compile_release(compiler, out->gradient[1].slot);
}

static void release_all(am_compiler *compiler, int *slots, const uint16_t *slot)
{
    for (int i = 0; i < *slots; i++) am_compile_release(compiler, slot[i]);
    *slots = 0;
}

static void release_one(am_compiler *compiler, int *slots, uint16_t *slot, int index)
{
    if (index >= *slots) return;
    am_compile_release(compiler, slot[index]);
    slot[index] = slot[--*slots];
}

/* Runs the steps of the operation's row, in order; temporaries die when all have run, or before. */
static void run_steps(am_compiler *compiler, const am_instruction *instruction, const am_gradient *g, am_outputs *out)
{
    uint16_t temporary[AM_MAX_STEPS] = {0};
    int temporaries = 0;
    const am_backward_step *step = am_ops[instruction->op].backward;
    if (step[0].kind == AM_PARTS) {
        run_parts(compiler, instruction, g, out);
        return;
    }
    if (step[0].kind == AM_COPY) {
        run_copy(compiler, instruction, g, out);
        return;
    }
    if (step[0].kind == AM_RING) {
        am_compile_ring(compiler, instruction, out);
        return;
    }
    for (int i = 0; AM_ALWAYS(i < AM_MAX_STEPS) /* each row has an end */ && step[i].kind != AM_END; i++) {
        if (step[i].kind == AM_FREE) release_all(compiler, &temporaries, temporary);
        if (step[i].kind == AM_DROP) release_one(compiler, &temporaries, temporary, step[i].input);
        uint16_t slot = run_step(compiler, instruction, g, step[i], out);
        if (slot) temporary[temporaries++] = slot;
    }
    release_all(compiler, &temporaries, temporary);
}

/* What the engine does to each gradient before passing it on: sums what was broadcast, casts what was promoted. */
static void validate_outputs(am_compiler *compiler, const am_instruction *instruction, am_outputs *out)
{
    for (int k = 0; k < instruction->inputs && k < AM_MAX_INPUTS; k++) {
        am_gradient *gradient = &out->gradient[k];
        if (!out->made[k]) continue;
        am_var x = am_compile_operand(compiler, instruction, k);
        const am_tensor *tensor = am_compile_tensor(compiler, x);
        if (!am_compile_same_shape(compiler, gradient->like, x)) {
            uint16_t old = gradient->slot;
            *gradient = am_compile_gradient(compiler, x, gradient->dtype, NULL);
            am_compile_release(compiler, old);
        }
        if (gradient->dtype != tensor->dtype) {
            uint16_t old = gradient->slot;
            *gradient = gradient_cast(compiler, gradient, x, tensor->dtype);
            am_compile_release(compiler, old);
        }
        gradient->like = x;
    }
}

/* A node that changed nothing, as a view's, is forgotten once the next one of its layer and region begins. */
static void enter(am_compiler *compiler, uint16_t index)
{
    am_program *program = compiler->program;
    const am_event *last = &program->event[program->events - 1]; /* the loss's gradient at least */
    if (last->kind == AM_E_NODE) {
        const am_instruction *idle = instruction_of(compiler, last->index), *next = instruction_of(compiler, index);
        if (idle->zone == next->zone && idle->region == next->region) program->events--;
    }
    am_compile_event(compiler, AM_E_NODE, index, 0);
}

/* Bytes of the weights that a node gives gradients to. */
static int64_t weights_of(const am_compiler *compiler, const am_instruction *instruction)
{
    int64_t bytes = 0;
    for (int k = 0; k < instruction->inputs; k++) {
        am_var x = am_compile_operand(compiler, instruction, k);
        const am_tensor *tensor = am_compile_tensor(compiler, x);
        if (tensor->grad && !am_compile_wanted(compiler, x)) bytes += am_compile_bytes(compiler, x, tensor->dtype);
    }
    return bytes;
}

/* A split backward's first part: what a node saved stays, and the gradients of one that has weights wait for the second part,
 * which goes through the nodes in the order of the forward. Returns whether the node's incoming gradients wait. */
static bool leave_weights(am_compiler *compiler, const am_instruction *instruction)
{
    int64_t weights = weights_of(compiler, instruction);
    if (weights == 0) return false;
    const am_gradient *incoming = &compiler->player->gradient[compiler->tape->node[instruction->node].first_gradient];
    int64_t *waiting = &compiler->program->waiting[instruction->zone], *most = &compiler->program->weights[instruction->zone];
    int64_t own = 0;
    for (int i = 0; i < instruction->results; i++)
        if (incoming[i].slot) own += compiler->player->slot_bytes[incoming[i].slot];
    *waiting += own;
    *most = *most - own > weights ? *most - own : weights;
    return true;
}

void am_compile_node(am_compiler *compiler, uint16_t index, am_outputs *out)
{
    const am_node *node = &compiler->tape->node[index];
    const am_instruction *instruction = instruction_of(compiler, index);
    am_gradient *incoming = &compiler->player->gradient[node->first_gradient];
    const am_gradient *g = incoming;
    while (!g->slot) g++;
    enter(compiler, index);
    run_steps(compiler, instruction, g, out);
    if (am_compile_inputs_alone(compiler)) {
        validate_outputs(compiler, instruction, out);
        if (!leave_weights(compiler, instruction)) let_go(compiler, instruction);
        return;
    }
    int before = compiler->program->events;
    if (node->save_count) am_compile_event(compiler, AM_E_FORGET_RECOMPUTED, index, 0);
    validate_outputs(compiler, instruction, out);
    bool validated = compiler->program->events > before + 1;
    let_go(compiler, instruction);
    if (!node->save_count) return;
    if (validated)
        am_compile_event(compiler, AM_E_FORGET_KEPT, index, 0);
    else if (compiler->code == AM_OK) /* else there was no room for it */
        compiler->program->event[before].kind = AM_E_FORGET; /* nothing is allocated between the one and the other */
}
