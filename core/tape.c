#include "tape.h"

#include <string.h>

#include "layout.h"

/* ---- storage of the record ---- */

static void run_out(am_tape *tape, const char *what)
{
    if (tape->status.code == AM_OK)
        am_fail(&tape->status, AM_CAPACITY, "layers", "the record has no room for more %s", what);
}

void am_tape_reset(am_tape *tape, am_extents *extents, int autocast)
{
    tape->extents = extents;
    memset(&tape->status, 0, sizeof tape->status);
    tape->autocast = (uint8_t)autocast;
    tape->module = (am_module){"", "", AM_C_LOSS};
    tape->region = tape->zone = 0;
    tape->instructions = tape->operands = tape->saves = tape->gradients = 0;
    tape->tensors = tape->storages = tape->nodes = tape->regions = tape->leaves = 1; /* index 0 is none */
    memset(&tape->tensor[0], 0, sizeof tape->tensor[0]);
    memset(&tape->storage[0], 0, sizeof tape->storage[0]);
    memset(&tape->node[0], 0, sizeof tape->node[0]);
    tape->storage[0].fixed = true;
    tape->loss = tape->logits = 0;
    tape->flops = 0;
}

am_shape am_shape_of(const am_tape *tape, am_var x)
{
    am_shape shape = {tape->tensor[x].rank, {0}};
    memcpy(shape.dim, tape->tensor[x].dim, sizeof shape.dim);
    return shape;
}

am_dim am_times(am_tape *tape, am_dim x, am_dim y)
{
    return am_dim_product(tape->extents, x, y);
}

static am_layout layout_of(const am_tape *tape, am_var x)
{
    const am_tensor *tensor = &tape->tensor[x];
    return (am_layout){tensor->rank, tensor->shape, tensor->stride};
}

am_module am_enter(am_tape *tape, const char *path, am_component component)
{
    am_module left = tape->module;
    tape->module = (am_module){path, "", component};
    return left;
}

am_var am_label(am_tape *tape, am_var x, const char *name)
{
    tape->storage[tape->tensor[x].storage].name = name;
    return x;
}

static am_var new_tensor(am_tape *tape, am_shape shape, int dtype, uint16_t storage)
{
    if (tape->tensors == AM_MAX_TENSORS) {
        run_out(tape, "tensors");
        return 0;
    }
    am_var x = (am_var)tape->tensors++;
    am_tensor *tensor = &tape->tensor[x];
    memset(tensor, 0, sizeof *tensor);
    tensor->rank = (uint8_t)shape.rank;
    tensor->dtype = (uint8_t)dtype;
    tensor->storage = storage;
    for (int i = 0; i < shape.rank; i++) {
        tensor->dim[i] = shape.dim[i];
        tensor->shape[i] = tape->extents->of[shape.dim[i]].n;
    }
    return x;
}

/* Names the input whose value makes a tensor too large: the largest of those in its shape. */
static void too_large(am_tape *tape, am_shape shape)
{
    int worst = AM_S;
    for (int i = 0; i < shape.rank; i++)
        for (int symbol = 0; symbol < AM_SYMBOL_COUNT; symbol++)
            if (tape->extents->of[shape.dim[i]].term.power[symbol] > 0 &&
                tape->extents->value[symbol] > tape->extents->value[worst])
                worst = symbol;
    if (tape->status.code == AM_OK)
        am_fail(&tape->status, AM_TOO_LARGE, am_symbols[worst].key, "%s makes one tensor larger than 2^53 bytes",
                am_symbols[worst].key);
}

static uint16_t new_storage(am_tape *tape, am_shape shape, int dtype, bool fixed)
{
    if (tape->storages == AM_MAX_STORAGES) {
        run_out(tape, "storages");
        return 0;
    }
    uint16_t index = (uint16_t)tape->storages++;
    am_storage *storage = &tape->storage[index];
    memset(storage, 0, sizeof *storage);
    int64_t bytes = am_dtypes[dtype].size;
    for (int i = 0; i < shape.rank; i++) {
        int64_t n = tape->extents->of[shape.dim[i]].n;
        if (n < 0 || (n > 0 && bytes > AM_MAX_BYTES / n)) {
            too_large(tape, shape);
            break;
        }
        bytes *= n;
        storage->dim[i] = shape.dim[i];
    }
    storage->bytes = bytes;
    storage->rank = (uint8_t)shape.rank;
    storage->dtype = (uint8_t)dtype;
    storage->fixed = fixed;
    storage->born = (uint16_t)tape->instructions;
    return index;
}

/* A new storage and the tensor that fills it, contiguous. */
static am_var fresh(am_tape *tape, am_shape shape, int dtype)
{
    am_var x = new_tensor(tape, shape, dtype, new_storage(tape, shape, dtype, false));
    am_layout_contiguous(shape.rank, tape->tensor[x].shape, tape->tensor[x].stride);
    return x;
}

/* Another view of x's storage. */
static am_var alias(am_tape *tape, am_var x, am_shape shape, const int64_t *stride)
{
    am_var y = new_tensor(tape, shape, tape->tensor[x].dtype, tape->tensor[x].storage);
    memcpy(tape->tensor[y].stride, stride, sizeof tape->tensor[y].stride);
    return y;
}

static am_var fixed_tensor(am_tape *tape, am_shape shape, int dtype, const char *name)
{
    am_var x = new_tensor(tape, shape, dtype, new_storage(tape, shape, dtype, true));
    am_layout_contiguous(shape.rank, tape->tensor[x].shape, tape->tensor[x].stride);
    return am_label(tape, x, name);
}

static void make_leaf(am_tape *tape, am_var x)
{
    tape->tensor[x].grad = true;
    tape->tensor[x].leaf = (uint16_t)tape->leaves;
    tape->leaf[tape->leaves++] = x; /* never more leaves than nodes: each feeds one */
    if (tape->leaves == AM_MAX_NODES) {
        run_out(tape, "parameters");
        tape->leaves--;
    }
}

am_var am_parameter(am_tape *tape, am_shape shape, int dtype, bool trainable, const char *name)
{
    am_var x = fixed_tensor(tape, shape, dtype, name);
    tape->tensor[x].parameter = true;
    if (trainable) make_leaf(tape, x);
    return x;
}

am_var am_buffer(am_tape *tape, am_shape shape, int dtype, const char *name)
{
    return fixed_tensor(tape, shape, dtype, name);
}

void am_require_grad(am_tape *tape, am_var x)
{
    make_leaf(tape, x);
}

/* ---- instructions ---- */

static void add_operand(am_tape *tape, am_var x)
{
    if (tape->operands == AM_MAX_OPERANDS) {
        run_out(tape, "operands");
        return;
    }
    tape->operand[tape->operands++] = x;
}

static am_instruction *new_instruction(am_tape *tape, am_instruction_kind kind, int inputs, const am_var *input)
{
    if (tape->instructions == AM_MAX_INSTRUCTIONS) {
        run_out(tape, "operations");
        tape->instructions--;
    }
    am_instruction *instruction = &tape->instruction[tape->instructions++];
    *instruction = (am_instruction){.module = tape->module,
                                    .kind = (uint8_t)kind,
                                    .region = tape->region,
                                    .zone = tape->zone,
                                    .first = (uint16_t)tape->operands};
    for (int i = 0; i < inputs; i++)
        if (input[i] || kind == AM_I_OP) {
            add_operand(tape, input[i]);
            instruction->inputs++;
        }
    return instruction;
}

void am_hold_list(am_tape *tape, int count, const am_var *x)
{
    new_instruction(tape, AM_I_HOLD, count, x);
}

static bool is_matmul(am_op op)
{
    return op == AM_OP_MM || op == AM_OP_ADDMM || op == AM_OP_BMM;
}

bool am_region_keeps(am_keep keep, am_op op, int match)
{
    if (keep == AM_KEEP_NOTHING) return false;
    if (keep == AM_KEEP_EVERYTHING) return true;
    if (op == AM_OP_FLASH_ATTENTION || op == AM_OP_EFFICIENT_ATTENTION) return true;
    return is_matmul(op) && (keep == AM_KEEP_MATMULS || match % 2 == 1);
}

static void add_save(am_tape *tape, am_node *node, am_var x, int rule)
{
    if (tape->saves == (int)(sizeof tape->save / sizeof *tape->save)) {
        run_out(tape, "saved tensors");
        return;
    }
    tape->save_rule[tape->saves] = (uint8_t)rule;
    tape->save[tape->saves++] = x;
    node->save_count++;
}

/* Applies the operation's save rules. */
static void save_operands(am_tape *tape, am_node *node, int op, int inputs, const am_var *input, const am_var *result)
{
    const am_save_rule *rules = am_ops[op].saves;
    for (int rule = 0; rule < AM_MAX_SAVES && rules[rule].attribute; rule++) {
        if (rules[rule].needs >= 0 && !tape->tensor[input[rules[rule].needs]].grad) continue;
        if (!rules[rule].result && rules[rule].index >= inputs) continue;
        am_var x = (rules[rule].result ? result : input)[rules[rule].index];
        if (!x) continue;
        add_save(tape, node, x, rule);
        node->saves_result |= rules[rule].result;
    }
}

static uint16_t new_node(am_tape *tape, int results)
{
    if (tape->nodes == AM_MAX_NODES || tape->gradients + results >= AM_MAX_GRADIENTS) {
        run_out(tape, "autograd nodes");
        return 0;
    }
    uint16_t index = (uint16_t)tape->nodes++;
    tape->node[index] = (am_node){.instruction = (uint16_t)(tape->instructions - 1),
                                  .first_save = (uint16_t)tape->saves,
                                  .first_gradient = (uint16_t)tape->gradients};
    tape->gradients += results;
    return index;
}

/* Notes which of the results the node made: those that can carry a gradient. */
static void attach(am_tape *tape, uint16_t node, int results, const am_var *result)
{
    for (int i = 0; i < results; i++)
        if (am_dtypes[tape->tensor[result[i]].dtype].floating) {
            tape->tensor[result[i]].grad = true;
            tape->tensor[result[i]].node = node;
            tape->tensor[result[i]].output = (uint8_t)i;
        }
}

/* Records one operation; results exist already. */
static am_var emit(am_tape *tape, am_op op, int inputs, const am_var *input, int results, const am_var *result,
                   int64_t flops)
{
    bool grad = false;
    for (int i = 0; i < inputs; i++) grad |= tape->tensor[input[i]].grad;
    am_instruction *instruction = new_instruction(tape, AM_I_OP, inputs, input);
    for (int i = 0; i < results; i++) add_operand(tape, result[i]);
    instruction->results = (uint8_t)results;
    instruction->op = (uint8_t)op;
    instruction->flops = flops;
    tape->flops += flops;
    am_region *region = &tape->regions_[tape->region];
    if (tape->region && is_matmul(op)) region->matmuls++;
    instruction->match = tape->region ? region->matmuls : 0;
    if (grad && (am_ops[op].backward[0].kind != AM_END)) {
        uint16_t node = new_node(tape, results);
        if (!node) return result[0];
        instruction->node = node;
        save_operands(tape, &tape->node[node], (int)op, inputs, input, result);
        if (tape->region && tape->node[node].save_count) {
            region->savers++;
            region->stop = (uint16_t)(tape->instructions - 1);
        }
        attach(tape, node, results, result);
    }
    return result[0];
}

static am_var emit1(am_tape *tape, am_op op, am_var x, am_var y)
{
    return emit(tape, op, 1, &x, 1, &y, 0);
}

am_var am_raw(am_tape *tape, am_op op, am_shape shape, int dtype, am_var a, am_var b, am_var c, am_var d)
{
    am_var input[4] = {a, b, c, d}, y = fresh(tape, shape, dtype);
    int inputs = 0;
    while (inputs < 4 && input[inputs]) inputs++;
    am_instruction *instruction = new_instruction(tape, AM_I_OP, inputs, input);
    add_operand(tape, y);
    instruction->results = 1;
    instruction->op = (uint8_t)op;
    return y;
}

/* ---- views ---- */

am_var am_view(am_tape *tape, am_var x, am_shape shape)
{
    int64_t n[AM_MAX_RANK] = {0}, stride[AM_MAX_RANK] = {0};
    for (int i = 0; i < shape.rank; i++) n[i] = tape->extents->of[shape.dim[i]].n;
    am_layout_view(layout_of(tape, x), shape.rank, n, stride);
    return emit1(tape, AM_OP_VIEW, x, alias(tape, x, shape, stride));
}

am_var am_transpose(am_tape *tape, am_var x, int first, int second)
{
    am_shape shape = am_shape_of(tape, x);
    int64_t stride[AM_MAX_RANK];
    memcpy(stride, tape->tensor[x].stride, sizeof stride);
    am_dim dim = shape.dim[first];
    int64_t step = stride[first];
    shape.dim[first] = shape.dim[second];
    stride[first] = stride[second];
    shape.dim[second] = dim;
    stride[second] = step;
    am_var y = emit1(tape, AM_OP_TRANSPOSE, x, alias(tape, x, shape, stride));
    am_instruction *instruction = &tape->instruction[tape->instructions - 1];
    instruction->dims[0] = (uint8_t)first;
    instruction->dims[1] = (uint8_t)second;
    return y;
}

am_var am_slice(am_tape *tape, am_var x, am_dim last)
{
    am_shape shape = am_shape_of(tape, x);
    bool whole = tape->extents->of[last].n == tape->tensor[x].shape[shape.rank - 1];
    shape.dim[shape.rank - 1] = last;
    return emit1(tape, whole ? AM_OP_VIEW : AM_OP_SLICE, x, alias(tape, x, shape, tape->tensor[x].stride));
}

void am_split(am_tape *tape, am_var x, int parts, const am_dim *last, am_var *part)
{
    am_shape shape = am_shape_of(tape, x);
    for (int i = 0; i < parts; i++) {
        shape.dim[shape.rank - 1] = last[i];
        part[i] = alias(tape, x, shape, tape->tensor[x].stride);
    }
    emit(tape, AM_OP_SPLIT, 1, &x, parts, part, 0);
}

am_var am_expand(am_tape *tape, am_var x, am_shape shape)
{
    int64_t stride[AM_MAX_RANK] = {0};
    for (int i = 0; i < shape.rank; i++) {
        bool same = tape->tensor[x].shape[i] == tape->extents->of[shape.dim[i]].n;
        stride[i] = same ? tape->tensor[x].stride[i] : 0;
    }
    return emit1(tape, AM_OP_EXPAND, x, alias(tape, x, shape, stride));
}

am_var am_clone(am_tape *tape, am_var x)
{
    const char *name = tape->storage[tape->tensor[x].storage].name;
    am_var y = fresh(tape, am_shape_of(tape, x), tape->tensor[x].dtype);
    return am_label(tape, emit1(tape, AM_OP_CLONE, x, y), name);
}

am_var am_reshape(am_tape *tape, am_var x, am_shape shape)
{
    int64_t n[AM_MAX_RANK] = {0}, stride[AM_MAX_RANK];
    for (int i = 0; i < shape.rank; i++) n[i] = tape->extents->of[shape.dim[i]].n;
    bool view = am_layout_view(layout_of(tape, x), shape.rank, n, stride);
    return am_view(tape, view ? x : am_clone(tape, x), shape);
}

am_var am_contiguous(am_tape *tape, am_var x)
{
    int64_t stride[1], n = am_layout_elements(tape->tensor[x].rank, tape->tensor[x].shape);
    return am_layout_view(layout_of(tape, x), 1, &n, stride) ? x : am_clone(tape, x);
}

/* ---- autocast ---- */

am_var am_cast(am_tape *tape, am_op op, am_var x)
{
    am_cast_class class = am_ops[op].cast;
    if (!x || tape->autocast == AM_DTYPE_COUNT || class == AM_CAST_PROMOTE) return x;
    am_tensor *tensor = &tape->tensor[x];
    int want = class == AM_CAST_LOW ? tape->autocast : AM_FP32;
    if (tensor->dtype == want || !am_dtypes[tensor->dtype].floating) return x;
    bool cached = class == AM_CAST_LOW && tensor->parameter && tensor->grad; /* a weight is cast once a forward */
    if (cached && tensor->cast) return tensor->cast;
    const char *name = tape->storage[tensor->storage].name;
    am_var y = am_to(tape, x, want);
    if (cached) {
        tensor->cast = y;
        am_label(tape, y, "autocast copy of a weight");
    } else {
        am_label(tape, y, name);
    }
    return y;
}

/* ---- pointwise and reductions ---- */

static am_shape broadcast(const am_tape *tape, am_var x, am_var y)
{
    am_shape a = am_shape_of(tape, x), b = am_shape_of(tape, y);
    if (a.rank < b.rank) {
        am_shape swap = a;
        a = b;
        b = swap;
    }
    for (int i = 0; i < b.rank; i++) {
        am_dim *dim = &a.dim[a.rank - b.rank + i];
        bool literal = *dim == 0, one = tape->extents->of[*dim].n == 1; /* b = 1 still reads as b */
        if (literal || (one && tape->extents->of[b.dim[i]].n != 1)) *dim = b.dim[i];
    }
    return a;
}

/* Type promotion as these models need it: fp32 wins, else the first operand's type. */
static int promote(const am_tape *tape, int operands, const am_var *x)
{
    for (int i = 0; i < operands; i++)
        if (tape->tensor[x[i]].dtype == AM_FP32) return AM_FP32;
    return tape->tensor[x[0]].dtype;
}

static am_var pointwise(am_tape *tape, am_op op, int operands, const am_var *x)
{
    am_shape shape = operands == 2 ? broadcast(tape, x[0], x[1]) : am_shape_of(tape, x[0]);
    am_var y = fresh(tape, shape, promote(tape, operands, x));
    am_layout layout[2];
    for (int i = 0; i < operands; i++) layout[i] = layout_of(tape, x[i]);
    am_layout_pointwise(shape.rank, tape->tensor[y].shape, operands, layout, tape->tensor[y].stride);
    return emit(tape, op, operands, x, 1, &y, 0);
}

am_var am_unary(am_tape *tape, am_op op, am_var x)
{
    x = am_cast(tape, op, x);
    return pointwise(tape, op, 1, &x);
}

am_var am_binary(am_tape *tape, am_op op, am_var x, am_var y)
{
    am_var operand[2] = {am_cast(tape, op, x), am_cast(tape, op, y)};
    return pointwise(tape, op, 2, operand);
}

am_var am_to(am_tape *tape, am_var x, int dtype)
{
    const am_tensor *from = &tape->tensor[x];
    if (from->dtype == dtype) return x;
    am_var y = fresh(tape, am_shape_of(tape, x), dtype);
    if (am_layout_dense(from->rank, from->shape, from->stride))
        memcpy(tape->tensor[y].stride, from->stride, sizeof from->stride);
    return emit1(tape, AM_OP_TO, x, y);
}

am_var am_mean_last(am_tape *tape, am_var x)
{
    am_shape shape = am_shape_of(tape, x);
    shape.dim[shape.rank - 1] = 0;
    return emit1(tape, AM_OP_MEAN, x, fresh(tape, shape, tape->tensor[x].dtype));
}

am_var am_cat(am_tape *tape, am_var x, am_var y, am_dim last)
{
    am_shape shape = am_shape_of(tape, x);
    shape.dim[shape.rank - 1] = last;
    am_var input[2] = {x, y}, z = fresh(tape, shape, tape->tensor[x].dtype);
    return emit(tape, AM_OP_CAT, 2, input, 1, &z, 0);
}

am_var am_pad(am_tape *tape, am_var x, am_dim last)
{
    am_shape shape = am_shape_of(tape, x);
    shape.dim[shape.rank - 1] = last;
    const char *name = tape->storage[tape->tensor[x].storage].name;
    return am_label(tape, emit1(tape, AM_OP_PAD, x, fresh(tape, shape, tape->tensor[x].dtype)), name);
}

am_var am_softmax(am_tape *tape, am_op op, am_var x)
{
    return emit1(tape, op, x, fresh(tape, am_shape_of(tape, x), tape->tensor[x].dtype));
}

am_var am_dropout(am_tape *tape, am_var x, int64_t p)
{
    if (p == 0) return x;
    am_shape shape = am_shape_of(tape, x);
    const char *name = tape->storage[tape->tensor[x].storage].name;
    am_var result[2] = {fresh(tape, shape, tape->tensor[x].dtype), fresh(tape, shape, AM_BOOL)};
    memcpy(tape->tensor[result[0]].stride, tape->tensor[x].stride, sizeof tape->tensor[x].stride);
    am_label(tape, result[0], name);
    am_label(tape, result[1], "dropout mask");
    return emit(tape, AM_OP_DROPOUT, 1, &x, 2, result, 0);
}

am_var am_layer_norm(am_tape *tape, am_var x, am_var weight, am_var bias)
{
    am_var input[3] = {am_cast(tape, AM_OP_LAYER_NORM, x), am_cast(tape, AM_OP_LAYER_NORM, weight),
                       am_cast(tape, AM_OP_LAYER_NORM, bias)};
    am_shape shape = am_shape_of(tape, x), statistic = shape;
    statistic.dim[statistic.rank - 1] = 0;
    am_var result[3] = {fresh(tape, shape, tape->tensor[input[0]].dtype), fresh(tape, statistic, AM_FP32),
                        fresh(tape, statistic, AM_FP32)};
    am_label(tape, result[1], "mean");
    am_label(tape, result[2], "reciprocal standard deviation");
    return emit(tape, AM_OP_LAYER_NORM, bias ? 3 : 2, input, 3, result, 0);
}

am_var am_paper_norm(am_tape *tape, am_var x, am_var weight, am_var bias)
{
    am_var input[3] = {x, weight, bias}, y = fresh(tape, am_shape_of(tape, x), tape->tensor[x].dtype);
    return emit(tape, AM_OP_PAPER_NORM, 3, input, 1, &y, 0);
}

am_var am_embedding(am_tape *tape, am_var table, am_var indices)
{
    am_shape shape = am_shape_of(tape, indices);
    shape.dim[shape.rank++] = tape->tensor[table].dim[1];
    am_var input[2] = {table, indices}, y = fresh(tape, shape, tape->tensor[table].dtype);
    return emit(tape, AM_OP_EMBEDDING, 2, input, 1, &y, 0);
}

/* ---- products ---- */

/* Twice the product of four sizes. */
static int64_t flops_of(am_tape *tape, int64_t a, int64_t b, int64_t c, int64_t d)
{
    int64_t size[] = {a, b, c, d}, n = 2;
    for (int i = 0; i < 4; i++)
        if (__builtin_mul_overflow(n, size[i], &n)) {
            if (!tape->status.code)
                am_fail(&tape->status, AM_TOO_LARGE, "seq",
                        "one matrix product has more than 2^63 floating-point operations");
            return 0;
        }
    return n;
}

static am_var mm(am_tape *tape, am_var x, am_var y)
{
    const am_tensor *left = &tape->tensor[x], *right = &tape->tensor[y];
    int64_t flops = flops_of(tape, 1, left->shape[0], left->shape[1], right->shape[1]);
    am_var input[2] = {x, y}, z = fresh(tape, AM_SHAPE(left->dim[0], right->dim[1]), left->dtype);
    return emit(tape, AM_OP_MM, 2, input, 1, &z, flops);
}

static am_var addmm(am_tape *tape, am_var bias, am_var x, am_var y)
{
    const am_tensor *left = &tape->tensor[x], *right = &tape->tensor[y];
    int64_t flops = flops_of(tape, 1, left->shape[0], left->shape[1], right->shape[1]);
    am_var input[3] = {bias, x, y}, z = fresh(tape, AM_SHAPE(left->dim[0], right->dim[1]), left->dtype);
    return emit(tape, AM_OP_ADDMM, 3, input, 1, &z, flops);
}

/* x with all dimensions but the last in one. */
static am_var flatten_rows(am_tape *tape, am_var x)
{
    am_shape shape = am_shape_of(tape, x);
    am_dim rows = shape.dim[0];
    for (int i = 1; i < shape.rank - 1; i++) rows = am_times(tape, rows, shape.dim[i]);
    return am_view(tape, x, AM_SHAPE(rows, shape.dim[shape.rank - 1]));
}

static am_var restore_rows(am_tape *tape, am_var y, am_shape shape)
{
    shape.dim[shape.rank - 1] = tape->tensor[y].dim[1];
    return am_view(tape, y, shape);
}

/* The order of creation decides in backward when the weight's gradient dies: t, view, mm without a bias; view, t, addmm with one. */
am_var am_linear(am_tape *tape, am_var x, am_var weight, am_var bias)
{
    am_op op = bias ? AM_OP_ADDMM : AM_OP_MM;
    x = am_cast(tape, op, x);
    weight = am_cast(tape, op, weight);
    bias = am_cast(tape, op, bias);
    am_shape shape = am_shape_of(tape, x);
    bool flat = shape.rank == 2;
    am_var transposed, y;
    if (bias) {
        x = flat ? x : flatten_rows(tape, x);
        transposed = am_transpose(tape, weight, 0, 1);
        y = addmm(tape, bias, x, transposed);
    } else {
        transposed = am_transpose(tape, weight, 0, 1);
        x = flat ? x : flatten_rows(tape, x);
        y = mm(tape, x, transposed);
    }
    return flat ? y : restore_rows(tape, y, shape);
}

am_var am_conv1d(am_tape *tape, am_var x, am_var weight, am_var bias)
{
    x = am_cast(tape, AM_OP_ADDMM, x);
    weight = am_cast(tape, AM_OP_ADDMM, weight);
    bias = am_cast(tape, AM_OP_ADDMM, bias);
    am_shape shape = am_shape_of(tape, x);
    return restore_rows(tape, addmm(tape, bias, flatten_rows(tape, x), weight), shape);
}

am_var am_bmm(am_tape *tape, am_var x, am_var y)
{
    const am_tensor *left = &tape->tensor[x], *right = &tape->tensor[y];
    int64_t flops = flops_of(tape, left->shape[0], left->shape[1], left->shape[2], right->shape[2]);
    am_var input[2] = {x, y}, z = fresh(tape, AM_SHAPE(left->dim[0], left->dim[1], right->dim[2]), left->dtype);
    return emit(tape, AM_OP_BMM, 2, input, 1, &z, flops);
}

/* A matmul operand as bmm takes it: batch dimensions in one, copied where its layout does not allow that. */
static am_var batch_rows(am_tape *tape, am_var x)
{
    am_shape shape = am_shape_of(tape, x);
    x = am_expand(tape, x, shape);
    am_dim n = am_times(tape, shape.dim[0], shape.dim[1]);
    return am_reshape(tape, x, AM_SHAPE(n, shape.dim[2], shape.dim[3]));
}

am_var am_matmul(am_tape *tape, am_var x, am_var y)
{
    am_shape shape = am_shape_of(tape, x);
    shape.dim[3] = tape->tensor[y].dim[3];
    x = am_cast(tape, AM_OP_BMM, x);
    y = am_cast(tape, AM_OP_BMM, y);
    am_var input[2];
    input[0] = batch_rows(tape, x);
    input[1] = batch_rows(tape, y);
    return am_view(tape, am_bmm(tape, input[0], input[1]), shape);
}

/* Flash writes its output in q's layout, memory-efficient attention always b s h d; both give it the shape b h s d. */
am_var am_attention(am_tape *tape, am_op kernel, am_var q, am_var k, am_var v, am_var mask)
{
    bool flash = kernel == AM_OP_FLASH_ATTENTION;
    am_var input[4] = {am_cast(tape, kernel, q), am_cast(tape, kernel, k), am_cast(tape, kernel, v), mask};
    am_tensor query = tape->tensor[input[0]], value = tape->tensor[input[2]];
    am_dim b = query.dim[0], heads = query.dim[1], s = query.dim[2], width = value.dim[3];
    am_var out = fresh(tape, AM_SHAPE(b, s, heads, width), query.dtype);
    int64_t stride[AM_MAX_RANK] = {0}, *own = tape->tensor[out].stride;
    am_layout layout = {4, query.shape, query.stride};
    if (flash)
        am_layout_pointwise(4, query.shape, 1, &layout, stride);
    else
        for (int i = 0; i < 4; i++) stride[i] = own[(int[]){0, 2, 1, 3}[i]];
    am_var result[4] = {alias(tape, out, AM_SHAPE(b, heads, s, width), stride)};
    am_label(tape, result[0], "attention output");
    static const am_symbol padded[] = {AM_S32, AM_SYMBOL_COUNT};
    am_dim rows = flash ? s : am_dim_of(tape->extents, 1, 1, padded);
    result[1] = am_label(tape, fresh(tape, AM_SHAPE(b, heads, rows), AM_FP32), "log-sum-exp of each row");
    if (flash) {
        am_dim two = am_dim_of(tape->extents, 2, 1, (const am_symbol[]){AM_SYMBOL_COUNT});
        result[2] = am_label(tape, fresh(tape, AM_SHAPE(two), AM_U64), "random state");
        result[3] = am_label(tape, fresh(tape, AM_SCALAR, AM_U64), "random state, unused half");
    } else {
        result[2] = am_label(tape, fresh(tape, AM_SCALAR, AM_I64), "random seed");
        result[3] = am_label(tape, fresh(tape, AM_SCALAR, AM_I64), "random offset");
    }
    int64_t keys = tape->tensor[input[1]].shape[2], widths = query.shape[3] + value.shape[3];
    int64_t flops = flops_of(tape, query.shape[0] * query.shape[1], query.shape[2], keys, widths);
    return emit(tape, kernel, mask ? 4 : 3, input, 4, result, flops);
}

am_var am_nll_loss(am_tape *tape, am_var log_probabilities, am_var target)
{
    am_var input[2] = {am_cast(tape, AM_OP_NLL_LOSS, log_probabilities), target};
    int dtype = tape->tensor[input[0]].dtype;
    am_var result[2] = {fresh(tape, AM_SCALAR, dtype), fresh(tape, AM_SCALAR, dtype)};
    am_label(tape, result[0], "loss");
    am_label(tape, result[1], "number of targets");
    return emit(tape, AM_OP_NLL_LOSS, 2, input, 2, result, 0);
}

am_var am_regroup(am_tape *tape, am_var x, am_shape shape)
{
    int64_t n[AM_MAX_RANK] = {0}, stride[AM_MAX_RANK] = {0};
    for (int i = 0; i < shape.rank; i++) n[i] = tape->extents->of[shape.dim[i]].n;
    am_layout_contiguous(shape.rank, n, stride);
    return emit1(tape, AM_OP_VIEW, x, alias(tape, x, shape, stride));
}

am_var am_paper_embedding(am_tape *tape, am_var table, am_shape shape)
{
    return emit1(tape, AM_OP_PAPER_EMBEDDING, table, fresh(tape, shape, tape->tensor[table].dtype));
}

am_var am_paper_loss(am_tape *tape, am_var logits)
{
    return emit1(tape, AM_OP_PAPER_LOSS, logits, am_label(tape, fresh(tape, AM_SCALAR, AM_FP32), "loss"));
}

/* ---- checkpointed regions ---- */

void am_region_begin(am_tape *tape, am_var x, int held, const am_var *hold)
{
    if (tape->regions == AM_MAX_REGIONS) {
        run_out(tape, "checkpointed regions");
        return;
    }
    tape->region = (uint16_t)tape->regions++;
    am_region *region = &tape->regions_[tape->region];
    *region = (am_region){.first_input = (uint16_t)tape->operands};
    am_var input[8] = {x};
    for (int i = 0; i < held && i < 7; i++) input[i + 1] = hold[i];
    region->inputs = new_instruction(tape, AM_I_BEGIN, held + 1, input)->inputs;
    region->start = (uint16_t)tape->instructions;
    region->first_storage = (uint16_t)tape->storages;
}

void am_region_end(am_tape *tape, am_var y)
{
    am_region *region = &tape->regions_[tape->region];
    region->end = (uint16_t)tape->instructions;
    region->last_storage = (uint16_t)tape->storages;
    region->output = y;
    new_instruction(tape, AM_I_END, 1, &y);
    tape->region = 0;
}

void am_tape_checkpoint(am_tape *tape, am_recompute kind, am_keep keep)
{
    for (int i = 1; i < tape->regions; i++) {
        tape->regions_[i].kind = (uint8_t)kind;
        tape->regions_[i].keep = (uint8_t)keep;
    }
}

/* ---- the end ---- */

am_code am_tape_finish(am_tape *tape, am_var loss, am_var logits)
{
    if (tape->extents->full) run_out(tape, "extents");
    if (tape->status.code) return tape->status.code;
    tape->loss = loss;
    tape->logits = logits;
    for (int i = 0; i < tape->instructions; i++) {
        am_instruction *instruction = &tape->instruction[i];
        instruction->dying = 0;
        for (int j = 0; j < instruction->inputs + instruction->results; j++)
            tape->storage[tape->tensor[tape->operand[instruction->first + j]].storage].last = (uint16_t)i;
    }
    tape->storage[tape->tensor[loss].storage].last = tape->storage[tape->tensor[logits].storage].last = UINT16_MAX;
    for (int i = 1; i < tape->leaves; i++) /* a tensor that accumulates a gradient lives as long as the graph */
        tape->storage[tape->tensor[tape->leaf[i]].storage].last = UINT16_MAX;
    for (int i = 1; i < tape->storages; i++) {
        am_storage *storage = &tape->storage[i];
        if (storage->fixed || storage->last == UINT16_MAX) continue;
        storage->next_dying = tape->instruction[storage->last].dying;
        tape->instruction[storage->last].dying = (uint16_t)i;
    }
    return AM_OK;
}
