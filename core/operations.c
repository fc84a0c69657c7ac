/* PyTorch's operations as they record themselves: the shapes, layouts and dtypes of their results, and what they are
 * made of. */
#include "record.h"

#include <string.h>

/* ---- views ---- */

am_var am_view(am_tape *tape, am_var x, am_shape shape)
{
    int64_t n[AM_MAX_RANK] = {0}, stride[AM_MAX_RANK] = {0};
    for (int i = 0; i < shape.rank; i++) n[i] = tape->extents->of[shape.dim[i]].n;
    am_layout_view(am_tape_layout(tape, x), shape.rank, n, stride);
    return am_tape_emit1(tape, AM_OP_VIEW, x, am_tape_rearranged(tape, AM_OP_VIEW, x, shape, stride));
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
    am_var y = am_tape_rearranged(tape, AM_OP_TRANSPOSE, x, shape, stride);
    am_tape_emit1(tape, AM_OP_TRANSPOSE, x, y);
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
    am_op op = whole ? AM_OP_VIEW : AM_OP_SLICE;
    return am_tape_emit1(tape, op, x, am_tape_rearranged(tape, op, x, shape, tape->tensor[x].stride));
}

void am_split_along(am_tape *tape, am_var x, int dimension, int parts, const am_dim *size, am_var *part)
{
    am_shape shape = am_shape_of(tape, x);
    for (int i = 0; i < parts; i++) {
        shape.dim[dimension] = size[i];
        part[i] = am_tape_rearranged(tape, AM_OP_SPLIT, x, shape, tape->tensor[x].stride);
    }
    am_tape_emit(tape, AM_OP_SPLIT, 1, &x, parts, part, 0);
}

am_var am_slice_every(am_tape *tape, am_var x, am_dim last, int64_t step)
{
    am_shape shape = am_shape_of(tape, x);
    int64_t stride[AM_MAX_RANK];
    memcpy(stride, tape->tensor[x].stride, sizeof stride);
    stride[shape.rank - 1] *= step;
    shape.dim[shape.rank - 1] = last;
    return am_tape_emit1(tape, AM_OP_SLICE, x, am_tape_alias(tape, x, shape, stride));
}

void am_split(am_tape *tape, am_var x, int parts, const am_dim *last, am_var *part)
{
    am_split_along(tape, x, tape->tensor[x].rank - 1, parts, last, part);
}

am_var am_slice_along(am_tape *tape, am_var x, int dimension, am_dim length)
{
    am_shape shape = am_shape_of(tape, x);
    shape.dim[dimension] = length;
    return am_tape_emit1(tape, AM_OP_SLICE, x, am_tape_alias(tape, x, shape, tape->tensor[x].stride));
}

am_var am_select(am_tape *tape, am_var x, int dimension)
{
    am_shape shape = am_shape_of(tape, x);
    int64_t stride[AM_MAX_RANK] = {0};
    shape.rank--;
    for (int i = 0; i < shape.rank; i++) {
        int from = i < dimension ? i : i + 1;
        shape.dim[i] = tape->tensor[x].dim[from];
        stride[i] = tape->tensor[x].stride[from];
    }
    return am_tape_emit1(tape, AM_OP_SLICE, x, am_tape_alias(tape, x, shape, stride));
}

am_var am_expand(am_tape *tape, am_var x, am_shape shape)
{
    int64_t stride[AM_MAX_RANK] = {0};
    for (int i = 0; i < shape.rank; i++) {
        bool same = tape->tensor[x].shape[i] == tape->extents->of[shape.dim[i]].n;
        stride[i] = same ? tape->tensor[x].stride[i] : 0;
    }
    return am_tape_emit1(tape, AM_OP_EXPAND, x, am_tape_rearranged(tape, AM_OP_EXPAND, x, shape, stride));
}

am_var am_clone(am_tape *tape, am_var x)
{
    const char *name = tape->storage[tape->tensor[x].storage].name;
    am_var y = am_tape_fresh(tape, am_shape_of(tape, x), tape->tensor[x].dtype);
    return am_label(tape, am_tape_emit1(tape, AM_OP_CLONE, x, y), name);
}

am_var am_reshape(am_tape *tape, am_var x, am_shape shape)
{
    int64_t n[AM_MAX_RANK] = {0}, stride[AM_MAX_RANK];
    for (int i = 0; i < shape.rank; i++) n[i] = tape->extents->of[shape.dim[i]].n;
    bool view = am_layout_view(am_tape_layout(tape, x), shape.rank, n, stride);
    return am_view(tape, view ? x : am_clone(tape, x), shape);
}

am_var am_contiguous(am_tape *tape, am_var x)
{
    int64_t stride[1], n = am_layout_elements(tape->tensor[x].rank, tape->tensor[x].shape);
    return am_layout_view(am_tape_layout(tape, x), 1, &n, stride) ? x : am_clone(tape, x);
}

/* ---- autocast ---- */

#ifndef AM_FIRST
am_var am_cast(am_tape *tape, am_op op, am_var x)
{
    am_cast_class class = am_ops[op].cast;
    if (!x || tape->autocast == AM_DTYPE_COUNT || class == AM_CAST_PROMOTE) return x;
    am_tensor *tensor = &tape->tensor[x];
    int want = class == AM_CAST_LOW ? tape->autocast : AM_FP32;
    if (tensor->dtype == want || !am_dtypes[tensor->dtype].floating) return x;
    bool cached = class == AM_CAST_LOW && tensor->leaf && tape->caches; /* one that learns is cast once a forward */
    if (cached && tensor->cast) return tensor->cast;
    const char *name = tape->storage[tensor->storage].name;
    am_var y = am_to(tape, x, want);
    if (cached) {
        tensor->cast = y;
        tape->storage[tape->tensor[y].storage].cached = true;
        am_label(tape, y, tensor->parameter ? "autocast copy of a weight" : name);
    } else {
        am_label(tape, y, name);
    }
    return y;
}

void am_cast_all(am_tape *tape, am_op op, int count, am_var *x)
{
    while (count-- > 0) x[count] = am_cast(tape, op, x[count]);
}
#endif

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
    am_var y = am_tape_fresh(tape, shape, promote(tape, operands, x));
    am_layout layout[2];
    for (int i = 0; i < operands; i++) layout[i] = am_tape_layout(tape, x[i]);
    am_layout_pointwise(shape.rank, tape->tensor[y].shape, operands, layout, tape->tensor[y].stride);
    return am_tape_emit(tape, op, operands, x, 1, &y, 0);
}

am_var am_unary(am_tape *tape, am_op op, am_var x)
{
    const am_var cast = am_cast(tape, op, x), y = pointwise(tape, op, 1, &cast);
    am_hold_cast(tape, 1, &x, &cast);
    return y;
}

am_var am_binary(am_tape *tape, am_op op, am_var x, am_var y)
{
    const am_var given[2] = {x, y};
    am_var cast[2] = {x, y};
    am_cast_all(tape, op, 2, cast);
    const am_var z = pointwise(tape, op, 2, cast);
    am_hold_cast(tape, 2, given, cast);
    return z;
}

/* x's storage read in another type: each number in the one is two in the other, neighbours in the last dimension. */
static am_var read_as(am_tape *tape, am_op op, am_var x, am_dim last, int dtype)
{
    am_shape shape = am_shape_of(tape, x);
    int64_t stride[AM_MAX_RANK] = {0};
    shape.dim[shape.rank - 1] = last;
    for (int i = 0; i < shape.rank - 1; i++)
        stride[i] = dtype == AM_C64 ? tape->tensor[x].stride[i] / 2 : tape->tensor[x].stride[i] * 2;
    stride[shape.rank - 1] = 1;
    am_var y = am_tape_rearranged(tape, op, x, shape, stride);
    tape->tensor[y].dtype = (uint8_t)dtype;
    return am_tape_emit1(tape, op, x, y);
}

am_var am_complex_product(am_tape *tape, am_var x, am_var table)
{
    const am_tensor *tensor = &tape->tensor[x];
    am_dim last = tensor->dim[tensor->rank - 1], half = tape->tensor[table].dim[tape->tensor[table].rank - 1];
    am_var product = am_binary(tape, AM_OP_COMPLEX_MUL, read_as(tape, AM_OP_AS_COMPLEX, x, half, AM_C64), table);
    return read_as(tape, AM_OP_AS_REAL, product, last, AM_FP32);
}

am_var am_pick(am_tape *tape, am_var x, int dimension)
{
    am_shape shape = am_shape_of(tape, x);
    shape.dim[dimension] = 0;
    am_var index = am_raw(tape, AM_OP_FULL, AM_SHAPE(0), AM_I64, 0, 0, 0, 0);
    am_label(tape, index, "index");
    am_var input[2] = {x, index}, y = am_tape_fresh(tape, shape, tape->tensor[x].dtype);
    return am_tape_emit(tape, AM_OP_INDEX, 2, input, 1, &y, 0);
}

am_var am_scale_into(am_tape *tape, am_var x)
{
    am_var y = am_tape_alias(tape, x, am_shape_of(tape, x), tape->tensor[x].stride);
    return am_tape_emit1(tape, AM_OP_MUL_SCALAR, x, y);
}

am_var am_add_into(am_tape *tape, am_var x, am_var y)
{
    am_var input[2] = {x, y}, z = am_tape_alias(tape, x, am_shape_of(tape, x), tape->tensor[x].stride);
    return am_tape_emit(tape, AM_OP_ADD, 2, input, 1, &z, 0);
}

am_var am_to(am_tape *tape, am_var x, int dtype)
{
    const am_tensor *from = &tape->tensor[x];
    if (from->dtype == dtype) return x;
    am_var y = am_tape_fresh(tape, am_shape_of(tape, x), dtype);
    am_layout layout = am_tape_layout(tape, x); /* its order of dimensions stays, gaps don't */
    am_layout_pointwise(layout.rank, layout.shape, 1, &layout, tape->tensor[y].stride);
    return am_tape_emit1(tape, AM_OP_TO, x, y);
}

am_var am_mean_last(am_tape *tape, am_var x)
{
    am_shape shape = am_shape_of(tape, x);
    shape.dim[shape.rank - 1] = 0;
    return am_tape_emit1(tape, AM_OP_MEAN, x, am_tape_fresh(tape, shape, tape->tensor[x].dtype));
}

/* Of two types the kernel makes the wider one, without copies of what it is given. */
static am_var join(am_tape *tape, am_op op, am_var x, am_var y, am_dim last)
{
    am_var input[2] = {x, y};
    am_shape shape = am_shape_of(tape, x);
    shape.dim[shape.rank - 1] = last;
    am_var z = am_tape_fresh(tape, shape, promote(tape, 2, input));
    return am_tape_emit(tape, op, 2, input, 1, &z, 0);
}

am_var am_cat(am_tape *tape, am_var x, am_var y, am_dim last)
{
    return join(tape, AM_OP_CAT, x, y, last);
}

am_var am_stack_last(am_tape *tape, am_var x, am_var y, am_dim two)
{
    return join(tape, AM_OP_STACK, x, y, two);
}

static int type_of_sum(const am_tape *tape, am_var x)
{
    int dtype = tape->tensor[x].dtype;
    bool widens = tape->autocast != AM_DTYPE_COUNT && am_ops[AM_OP_SUM].cast == AM_CAST_RESULT && am_dtypes[dtype].floating;
    return widens ? AM_FP32 : dtype;
}

am_var am_sum_over(am_tape *tape, am_var x, int dim, bool keep)
{
    am_shape shape = am_shape_of(tape, x);
    if (keep) {
        shape.dim[dim] = 0;
    } else {
        shape.rank--;
        for (int i = dim; i < shape.rank; i++) shape.dim[i] = shape.dim[i + 1];
    }
    am_var y = am_tape_emit1(tape, AM_OP_SUM, x, am_tape_fresh(tape, shape, type_of_sum(tape, x)));
    am_instruction *instruction = &tape->instruction[tape->instructions - 1];
    instruction->dims[0] = (uint8_t)dim;
    instruction->dims[1] = keep;
    return y;
}

am_var am_copy_into(am_tape *tape, am_var base, am_var x)
{
    am_var input[2] = {base, x};
    am_var y = am_tape_alias(tape, base, am_shape_of(tape, base), tape->tensor[base].stride);
    return am_tape_emit(tape, AM_OP_COPY_SLICE, 2, input, 1, &y, 0);
}

am_var am_pad(am_tape *tape, am_var x, am_dim last)
{
    am_shape shape = am_shape_of(tape, x);
    shape.dim[shape.rank - 1] = last;
    const char *name = tape->storage[tape->tensor[x].storage].name;
    return am_label(tape, am_tape_emit1(tape, AM_OP_PAD, x, am_tape_fresh(tape, shape, tape->tensor[x].dtype)), name);
}

am_var am_softmax(am_tape *tape, am_op op, am_var x)
{
    return am_tape_emit1(tape, op, x, am_tape_fresh(tape, am_shape_of(tape, x), tape->tensor[x].dtype));
}

am_var am_dropout(am_tape *tape, am_var x, int64_t p)
{
    if (p == 0) return x;
    am_shape shape = am_shape_of(tape, x);
    const char *name = tape->storage[tape->tensor[x].storage].name;
    am_var result[2] = {am_tape_fresh(tape, shape, tape->tensor[x].dtype), am_tape_fresh(tape, shape, AM_BOOL)};
    memcpy(tape->tensor[result[0]].stride, tape->tensor[x].stride, sizeof tape->tensor[x].stride);
    am_label(tape, result[0], name);
    am_label(tape, result[1], "dropout mask");
    return am_tape_emit(tape, AM_OP_DROPOUT, 1, &x, 2, result, 0);
}

am_var am_layer_norm(am_tape *tape, am_var x, am_var weight, am_var bias)
{
    am_var input[3] = {x, weight, bias};
    am_cast_all(tape, AM_OP_LAYER_NORM, 3, input);
    am_shape shape = am_shape_of(tape, x), statistic = shape;
    statistic.dim[statistic.rank - 1] = 0;
    am_var result[3] = {am_tape_fresh(tape, shape, tape->tensor[input[0]].dtype),
                        am_tape_fresh(tape, statistic, AM_FP32), am_tape_fresh(tape, statistic, AM_FP32)};
    am_label(tape, result[1], "mean");
    am_label(tape, result[2], "reciprocal standard deviation");
    am_var y = am_tape_emit(tape, AM_OP_LAYER_NORM, bias ? 3 : weight ? 2 : 1, input, 3, result, 0);
    am_hold_cast(tape, 1, &x, input);
    return y;
}

am_var am_rms_norm(am_tape *tape, am_var x, am_var weight)
{
    am_var input[2] = {x, weight};
    am_cast_all(tape, AM_OP_RMS_NORM, 2, input);
    am_var y = am_row_norm(tape, AM_OP_RMS_NORM, 2, input);
    am_hold_cast(tape, 1, &x, input);
    return y;
}

am_var am_row_norm(am_tape *tape, am_op op, int inputs, const am_var *input)
{
    am_shape shape = am_shape_of(tape, input[0]), statistic = shape;
    statistic.dim[statistic.rank - 1] = 0;
    am_var result[2] = {am_tape_fresh(tape, shape, tape->tensor[input[0]].dtype),
                        am_tape_fresh(tape, statistic, AM_FP32)};
    am_label(tape, result[1], "1 / root mean square");
    return am_tape_emit(tape, op, inputs, input, 2, result, 0);
}

void am_rotate_in_place(am_tape *tape, const am_var input[4], am_var result[2])
{
    for (int i = 0; i < 2; i++)
        result[i] = am_tape_alias(tape, input[i], am_shape_of(tape, input[i]), tape->tensor[input[i]].stride);
    am_tape_emit(tape, AM_OP_LIGER_ROPE, 4, input, 2, result, 0);
}

/* An operation of these inputs, whose result has the shape and type of x. */
static am_var emit_like(am_tape *tape, am_op op, int inputs, const am_var *input, am_var x)
{
    am_var y = am_tape_fresh(tape, am_shape_of(tape, x), tape->tensor[x].dtype);
    return am_tape_emit(tape, op, inputs, input, 1, &y, 0);
}

am_var am_choose(am_tape *tape, am_var condition, am_var x, am_var y)
{
    am_var input[3] = {x, condition, y};
    return emit_like(tape, AM_OP_CHOOSE, 3, input, x);
}

am_var am_either(am_tape *tape, am_var condition, am_var x, am_var y)
{
    am_var input[3] = {condition, x, y};
    return emit_like(tape, AM_OP_EITHER, 3, input, x);
}

am_var am_minimum(am_tape *tape, am_var x, am_var most)
{
    am_var input[2] = {x, most};
    return emit_like(tape, AM_OP_MINIMUM, 2, input, x);
}

am_var am_fused_rope(am_tape *tape, am_var x, am_var angles)
{
    am_var input[2] = {x, angles};
    return emit_like(tape, AM_OP_FUSED_ROPE, 2, input, x);
}

am_var am_masked_fill(am_tape *tape, am_var x, am_var mask)
{
    am_var input[2] = {x, mask};
    return emit_like(tape, AM_OP_MASKED_FILL, 2, input, x);
}

/* x·0.5 · (1 + tanh(0.798·x · (1 + 0.0447·x · x))) without gradients; the function's own backward computes it again. */
am_var am_bloom_gelu(am_tape *tape, am_var x)
{
    am_shape shape = am_shape_of(tape, x);
    int dtype = tape->tensor[x].dtype;
    am_var half = am_raw(tape, AM_OP_MUL_SCALAR, shape, dtype, x, 0, 0, 0);
    am_var scaled = am_raw(tape, AM_OP_MUL_SCALAR, shape, dtype, x, 0, 0, 0);
    am_var y = am_raw(tape, AM_OP_MUL_SCALAR, shape, dtype, x, 0, 0, 0);
    y = am_raw(tape, AM_OP_MUL, shape, dtype, y, x, 0, 0);
    y = am_raw(tape, AM_OP_ADD_SCALAR, shape, dtype, y, 0, 0, 0);
    y = am_raw(tape, AM_OP_MUL, shape, dtype, scaled, y, 0, 0);
    y = am_raw(tape, AM_OP_TANH, shape, dtype, y, 0, 0, 0);
    y = am_raw(tape, AM_OP_ADD_SCALAR, shape, dtype, y, 0, 0, 0);
    am_var input[3] = {x, half, y}, product = am_tape_fresh(tape, shape, dtype);
    return am_tape_emit(tape, AM_OP_BLOOM_GELU, 3, input, 1, &product, 0);
}

am_var am_masked_softmax(am_tape *tape, am_var x)
{
    return am_softmax(tape, AM_OP_MASKED_SOFTMAX, x);
}

am_var am_fill(am_tape *tape, am_op op, am_var x, am_var mask)
{
    am_var input[2] = {x, mask}, y = am_tape_alias(tape, x, am_shape_of(tape, x), tape->tensor[x].stride);
    return am_tape_emit(tape, op, 2, input, 1, &y, 0);
}

am_var am_activation(am_tape *tape, am_op op, am_var x, am_var bias, am_shape shape)
{
    am_var input[2] = {x, bias}, y = am_tape_fresh(tape, shape, tape->tensor[x].dtype);
    return am_tape_emit(tape, op, bias ? 2 : 1, input, 1, &y, 0);
}

am_var am_scatter_add(am_tape *tape, am_var base, am_var x, am_var index)
{
    am_var input[3] = {base, x, index}, y = am_tape_alias(tape, base, am_shape_of(tape, base), tape->tensor[base].stride);
    return am_tape_emit(tape, AM_OP_SCATTER_ADD, 3, input, 1, &y, 0);
}

am_var am_sum_all(am_tape *tape, am_var x)
{
    return am_tape_emit1(tape, AM_OP_SUM, x, am_tape_fresh(tape, AM_SCALAR, type_of_sum(tape, x)));
}

am_var am_replicate(am_tape *tape, am_var x)
{
    am_var y = am_tape_rearranged(tape, AM_OP_REPLICATE, x, am_shape_of(tape, x), tape->tensor[x].stride);
    return am_tape_emit1(tape, AM_OP_REPLICATE, x, y);
}

am_var am_transient(am_tape *tape, am_var x)
{
    am_storage *storage = &tape->storage[tape->tensor[x].storage];
    storage->bytes = 0;
    tape->instruction[storage->born].inside = true;
    return x;
}

am_var am_permanent(am_tape *tape, am_var x)
{
    tape->storage[tape->tensor[x].storage].permanent = true;
    return x;
}

am_var am_paper_norm(am_tape *tape, am_var x, am_var weight, am_var bias)
{
    am_var input[3] = {x, weight, bias};
    return emit_like(tape, AM_OP_PAPER_NORM, 3, input, x);
}

am_var am_embedding(am_tape *tape, am_var table, am_var indices)
{
    am_shape shape = am_shape_of(tape, indices);
    shape.dim[shape.rank++] = tape->tensor[table].dim[1];
    am_var input[2] = {table, indices}, y = am_tape_fresh(tape, shape, tape->tensor[table].dtype);
    return am_tape_emit(tape, AM_OP_EMBEDDING, 2, input, 1, &y, 0);
}

am_var am_sharded_embedding(am_tape *tape, am_var table, am_var indices, am_var whole)
{
    am_shape shape = am_shape_of(tape, indices);
    shape.dim[shape.rank++] = tape->tensor[table].dim[1];
    tape->tensor[table].whole = whole;
    am_var input[3] = {table, indices, whole}, y = am_tape_fresh(tape, shape, tape->tensor[table].dtype);
    return am_tape_emit(tape, AM_OP_SHARDED_EMBEDDING, 3, input, 1, &y, 0);
}

/* ---- choosing and sorting ---- */

static am_var choose(am_tape *tape, am_op op, am_var x, am_dim last, am_var *indices)
{
    am_shape shape = am_shape_of(tape, x);
    shape.dim[shape.rank - 1] = last;
    am_var result[2] = {am_tape_fresh(tape, shape, tape->tensor[x].dtype), am_tape_fresh(tape, shape, AM_I64)};
    am_tape_emit(tape, op, 1, &x, 2, result, 0);
    *indices = result[1];
    return result[0];
}

am_var am_topk(am_tape *tape, am_var x, am_dim last, am_var *indices)
{
    return choose(tape, AM_OP_TOPK, x, last, indices);
}

am_var am_max(am_tape *tape, am_var x, am_dim one, am_var *indices)
{
    return choose(tape, AM_OP_MAX, x, one, indices);
}

am_var am_gather(am_tape *tape, am_var x, am_var index)
{
    am_var input[2] = {x, index}, y = am_tape_fresh(tape, am_shape_of(tape, index), tape->tensor[x].dtype);
    return am_tape_emit(tape, AM_OP_GATHER, 2, input, 1, &y, 0);
}

am_var am_index(am_tape *tape, am_var x, am_var index)
{
    am_shape shape = am_shape_of(tape, x);
    shape.dim[0] = tape->tensor[index].dim[0];
    am_var input[2] = {x, index}, y = am_tape_fresh(tape, shape, tape->tensor[x].dtype);
    return am_tape_emit(tape, AM_OP_INDEX, 2, input, 1, &y, 0);
}

/* x += y: the result is the same storage, and nothing is kept. */
am_var am_add_in_place(am_tape *tape, am_var x, am_var y)
{
    am_var input[2] = {x, y}, z = am_tape_alias(tape, x, am_shape_of(tape, x), tape->tensor[x].stride);
    return am_tape_emit(tape, AM_OP_ADD, 2, input, 1, &z, 0);
}

/* The result is the same storage; what was in it before is copied where the divisor's gradient will need it. */
am_var am_divide_in_place(am_tape *tape, am_var x, am_var y)
{
    const am_tensor *tensor = &tape->tensor[x];
    am_shape shape = am_shape_of(tape, x);
    am_gradients_only(tape, true); /* nothing is saved otherwise */
    am_var old = tape->tensor[y].grad ? am_raw(tape, AM_OP_OLD_VALUE, shape, tensor->dtype, x, 0, 0, 0) : 0;
    am_gradients_only(tape, false);
    if (old) am_label(tape, old, "what was divided");
    am_var input[3] = {x, y, old}, z = am_tape_alias(tape, x, shape, tape->tensor[x].stride);
    return am_tape_emit(tape, AM_OP_DIV_INPLACE, old ? 3 : 2, input, 1, &z, 0);
}
