/* Matrix products, attention and losses. */
#include "record.h"

#include "bytes.h"

/* ---- products ---- */

/* Twice the product of four sizes, which the record has room for beside those before it. */
static int64_t flops_of(am_tape *tape, int64_t a, int64_t b, int64_t c, int64_t d)
{
    int64_t size[] = {a, b, c, d}, n = 2;
    bool wraps = false;
    for (int i = 0; i < 4; i++) wraps |= am_mul_wraps(n, size[i], &n);
    if (!wraps && n <= AM_MAX_FLOPS - tape->flops) return n;
    if (!tape->status.code)
        am_fail(&tape->status, AM_TOO_LARGE, "seq", "the layers played have more than 2^61 floating-point operations");
    return 0;
}

static am_var mm(am_tape *tape, am_var x, am_var y)
{
    const am_tensor *left = &tape->tensor[x], *right = &tape->tensor[y];
    int64_t flops = flops_of(tape, 1, left->shape[0], left->shape[1], right->shape[1]);
    am_var input[2] = {x, y}, z = am_tape_fresh(tape, AM_SHAPE(left->dim[0], right->dim[1]), left->dtype);
    return am_tape_emit(tape, AM_OP_MM, 2, input, 1, &z, flops);
}

static am_var addmm(am_tape *tape, am_var bias, am_var x, am_var y)
{
    const am_tensor *left = &tape->tensor[x], *right = &tape->tensor[y];
    int64_t flops = flops_of(tape, 1, left->shape[0], left->shape[1], right->shape[1]);
    am_var input[3] = {bias, x, y}, z = am_tape_fresh(tape, AM_SHAPE(left->dim[0], right->dim[1]), left->dtype);
    return am_tape_emit(tape, AM_OP_ADDMM, 3, input, 1, &z, flops);
}

/* x with all dimensions but the last in one: a copy where they do not lie behind each other. */
static am_var flatten_rows(am_tape *tape, am_var x)
{
    am_shape shape = am_shape_of(tape, x);
    am_dim rows = shape.dim[0];
    for (int i = 1; i < shape.rank - 1; i++) rows = am_times(tape, rows, shape.dim[i]);
    return am_reshape(tape, x, AM_SHAPE(rows, shape.dim[shape.rank - 1]));
}

/* at::matmul spares that copy where the weight needs no gradient: a batch of products with the one weight. */
static bool is_batched(const am_tape *tape, am_var x, am_var weight)
{
    const am_tensor *tensor = &tape->tensor[x];
    return tensor->rank == 3 && !tape->tensor[weight].grad &&
           tensor->stride[0] != tensor->stride[1] * tensor->shape[1];
}

static am_var batched(am_tape *tape, am_var x, am_var transposed)
{
    const am_tensor *weight = &tape->tensor[transposed];
    am_shape shape = AM_SHAPE(tape->tensor[x].dim[0], weight->dim[0], weight->dim[1]);
    int64_t stride[AM_MAX_RANK] = {0, weight->stride[0], weight->stride[1]};
    return am_bmm(tape, x, am_tape_alias(tape, transposed, shape, stride));
}

static am_var restore_rows(am_tape *tape, am_var y, am_shape shape)
{
    shape.dim[shape.rank - 1] = tape->tensor[y].dim[1];
    return am_view(tape, y, shape);
}

/* Without a bias, by a matrix. */
static am_var times_matrix(am_tape *tape, am_var x, am_var y)
{
    am_shape shape = am_shape_of(tape, x);
    if (shape.rank == 2) return mm(tape, x, y);
    if (is_batched(tape, x, y)) return batched(tape, x, y);
    return restore_rows(tape, mm(tape, flatten_rows(tape, x), y), shape);
}

/* The order of creation decides in backward when the weight's gradient dies: t, view, mm without a bias; view, t, addmm
 * with one. */
am_var am_linear(am_tape *tape, am_var x, am_var weight, am_var bias)
{
    am_var cast[3] = {x, weight, bias}, y;
    am_cast_all(tape, bias ? AM_OP_ADDMM : AM_OP_MM, 3, cast);
    if (bias) {
        am_shape shape = am_shape_of(tape, x);
        bool flat = shape.rank == 2;
        am_var rows = flat ? cast[0] : flatten_rows(tape, cast[0]);
        y = addmm(tape, cast[2], rows, am_transpose(tape, cast[1], 0, 1));
        if (!flat) y = restore_rows(tape, y, shape);
    } else {
        y = times_matrix(tape, cast[0], am_transpose(tape, cast[1], 0, 1));
    }
    am_hold_cast(tape, 1, &x, cast);
    return y;
}

#ifndef AM_FIRST
am_var am_linear_by_view(am_tape *tape, am_var x, am_var weight)
{
    const am_var given[2] = {x, am_transpose(tape, weight, 0, 1)};
    am_var cast[2] = {given[0], given[1]};
    am_cast_all(tape, AM_OP_MM, 2, cast);
    am_var y = times_matrix(tape, cast[0], cast[1]);
    am_hold_cast(tape, 2, given, cast);
    return y;
}
#endif

am_var am_conv1d(am_tape *tape, am_var x, am_var weight, am_var bias)
{
    am_shape shape = am_shape_of(tape, x);
    am_var rows = flatten_rows(tape, x), cast[3] = {bias, rows, weight};
    am_cast_all(tape, AM_OP_ADDMM, 3, cast);
    am_var y = addmm(tape, cast[0], cast[1], cast[2]);
    am_hold_cast(tape, 1, &rows, &cast[1]);
    return restore_rows(tape, y, shape);
}

am_var am_bmm(am_tape *tape, am_var x, am_var y)
{
    const am_tensor *left = &tape->tensor[x], *right = &tape->tensor[y];
    int64_t flops = flops_of(tape, left->shape[0], left->shape[1], left->shape[2], right->shape[2]);
    am_var input[2] = {x, y}, z = am_tape_fresh(tape, AM_SHAPE(left->dim[0], left->dim[1], right->dim[2]), left->dtype);
    return am_tape_emit(tape, AM_OP_BMM, 2, input, 1, &z, flops);
}

/* Inside the function the product exists beside its sum with the bias. whole: what is multiplied by the weight, where that
 * is not x. */
static am_var linear_function(am_tape *tape, am_op op, am_var x, am_var whole, am_var weight, am_var bias)
{
    am_var left = whole ? whole : x;
    am_shape shape = am_shape_of(tape, left);
    const int64_t *n = tape->tensor[left].shape, *out = tape->tensor[weight].shape;
    int64_t flops = flops_of(tape, n[0], n[1], out[1], out[0]);
    int dtype = tape->tensor[x].dtype, inputs = 0;
    shape.dim[shape.rank - 1] = tape->tensor[weight].dim[0];
    am_var product = bias ? am_raw(tape, AM_OP_MM, shape, dtype, left, weight, 0, 0) : 0;
    am_var input[4] = {0}, y = am_tape_fresh(tape, shape, dtype);
    input[inputs++] = x;
    input[inputs++] = weight;
    if (whole) input[inputs++] = whole;
    if (bias) input[inputs++] = bias;
    am_tape_emit(tape, op, inputs, input, 1, &y, flops);
    am_hold(tape, product);
    return y;
}

am_var am_parallel_linear(am_tape *tape, am_op op, am_var x, am_var weight, am_var bias)
{
    return linear_function(tape, op, x, 0, weight, bias);
}

am_var am_wide_linear(am_tape *tape, am_var x, am_var weight)
{
    am_shape shape = am_shape_of(tape, x), rows = shape;
    const int64_t *n = tape->tensor[x].shape, *out = tape->tensor[weight].shape;
    int64_t flops = flops_of(tape, n[0], n[1], out[1], out[0]);
    am_var wide = am_raw(tape, AM_OP_TO, rows, AM_FP32, x, 0, 0, 0);
    am_var table = am_raw(tape, AM_OP_TO, am_shape_of(tape, weight), AM_FP32, weight, 0, 0, 0);
    shape.dim[2] = tape->tensor[weight].dim[0];
    am_var input[] = {x, weight, wide, table}, y = am_tape_fresh(tape, shape, AM_FP32);
    return am_tape_emit(tape, AM_OP_ROUTER_LINEAR_FP32, 4, input, 1, &y, flops);
}

/* x as a part of the buffer, whose first elements it fills. */
static am_var gather_into(am_tape *tape, am_var buffer, am_var x, am_dim length)
{
    am_shape shape = am_shape_of(tape, x);
    shape.dim[0] = length;
    int64_t stride[AM_MAX_RANK] = {0}, n[AM_MAX_RANK] = {0};
    for (int i = 0; i < shape.rank; i++) n[i] = tape->extents->of[shape.dim[i]].n;
    am_layout_contiguous(shape.rank, n, stride);
    am_var y = am_tape_alias(tape, buffer, shape, stride);
    return am_tape_emit1(tape, AM_OP_ALL_GATHER, x, y);
}

am_var am_sequence_linear(am_tape *tape, am_var x, am_dim length, am_var buffer, am_var weight, am_var bias)
{
    return linear_function(tape, AM_OP_SEQUENCE_LINEAR, x, gather_into(tape, buffer, x, length), weight, bias);
}

am_var am_reduce_scatter(am_tape *tape, am_var x, am_dim length)
{
    am_shape shape = am_shape_of(tape, x);
    shape.dim[0] = length;
    return am_tape_emit1(tape, AM_OP_REDUCE_SCATTER, x, am_tape_fresh(tape, shape, tape->tensor[x].dtype));
}

am_var am_scatter_sequence(am_tape *tape, am_var x, am_dim length)
{
    am_shape shape = am_shape_of(tape, x);
    shape.dim[0] = length;
    const int64_t *stride = tape->tensor[x].stride;
    return am_tape_emit1(tape, AM_OP_SCATTER_SEQUENCE, x, am_tape_rearranged(tape, AM_OP_SCATTER_SEQUENCE, x, shape, stride));
}

/* y = norm(x) · weightᵀ + bias; norm_bias 0: an RMSNorm. length: of the first dimension of what is multiplied by the weight,
 * where ranks gather that; 0: they don't. */
am_var am_norm_linear(am_tape *tape, am_var x, am_dim length, am_var weight, am_var norm_weight, am_var norm_bias, am_var bias)
{
    am_shape shape = am_shape_of(tape, x), statistic = shape, whole = shape;
    int dtype = tape->tensor[x].dtype;
    statistic.dim[2] = 0;
    if (length) whole.dim[0] = length;
    am_var input[6] = {x, weight, norm_weight, norm_bias, bias}, result[4] = {0};
    if (length) input[5] = am_raw(tape, AM_OP_ALL_GATHER, whole, dtype, x, 0, 0, 0);
    result[1] = am_label(tape, am_tape_fresh(tape, shape, dtype), "normed input");
    result[2] = am_label(tape, am_tape_fresh(tape, statistic, AM_FP32),
                         norm_bias ? "reciprocal standard deviation" : "1 / root mean square");
    if (norm_bias) result[3] = am_label(tape, am_tape_fresh(tape, statistic, AM_FP32), "mean");
    int64_t flops = flops_of(tape, tape->extents->of[whole.dim[0]].n, tape->extents->of[whole.dim[1]].n,
                             tape->extents->of[whole.dim[2]].n, tape->tensor[weight].shape[0]);
    whole.dim[2] = tape->tensor[weight].dim[0];
    result[0] = am_tape_fresh(tape, whole, dtype);
    am_op op = length ? AM_OP_NORM_SEQUENCE_LINEAR : AM_OP_NORM_LINEAR;
    return am_tape_emit(tape, op, length ? 6 : 5, input, norm_bias ? 4 : 3, result, flops);
}

am_var am_gather_linear(am_tape *tape, am_var x, am_dim length, am_var weight)
{
    am_shape shape = am_shape_of(tape, x);
    shape.dim[0] = length;
    am_var whole = am_raw(tape, AM_OP_ALL_GATHER, shape, tape->tensor[x].dtype, x, 0, 0, 0);
    return linear_function(tape, AM_OP_GATHER_LINEAR, x, whole, weight, 0);
}

am_var am_scatter_linear(am_tape *tape, am_var x, am_dim length, am_var weight)
{
    am_shape shape = am_shape_of(tape, x);
    const int64_t *n = tape->tensor[x].shape, *out = tape->tensor[weight].shape;
    int dtype = tape->tensor[x].dtype;
    shape.dim[2] = tape->tensor[weight].dim[0];
    am_var input[3] = {x, weight, am_raw(tape, AM_OP_MM, shape, dtype, x, weight, 0, 0)};
    shape.dim[0] = length;
    am_var y = am_tape_fresh(tape, shape, dtype);
    return am_tape_emit(tape, AM_OP_SCATTER_LINEAR, 3, input, 1, &y, flops_of(tape, n[0], n[1], out[1], out[0]));
}

am_var am_baddbmm(am_tape *tape, am_var bias, am_var x, am_var y)
{
    am_var input[3] = {bias, x, y};
    am_cast_all(tape, AM_OP_BADDBMM, 3, input);
    am_tensor left = tape->tensor[input[1]], right = tape->tensor[input[2]];
    int64_t flops = flops_of(tape, left.shape[0], left.shape[1], left.shape[2], right.shape[2]);
    am_var z = am_tape_fresh(tape, AM_SHAPE(left.dim[0], left.dim[1], right.dim[2]), left.dtype);
    return am_tape_emit(tape, AM_OP_BADDBMM, 3, input, 1, &z, flops);
}

/* FlopCounterMode, whose figures ours are, has no formula for it. */
am_var am_grouped_mm(am_tape *tape, am_var x, am_var weight, am_var offsets)
{
    am_shape shape = AM_SHAPE(tape->tensor[x].dim[0], tape->tensor[weight].dim[2]);
    am_var input[3] = {x, weight, offsets}, y = am_tape_fresh(tape, shape, tape->tensor[x].dtype);
    return am_tape_emit(tape, AM_OP_GROUPED_MM, 3, input, 1, &y, 0);
}

/* A matmul operand as bmm takes it: batch dimensions like those of `like`, in one, copied where its layout does not
 * allow that. */
static am_var batch_rows(am_tape *tape, am_var x, am_var like)
{
    am_shape shape = am_shape_of(tape, x);
    for (int i = 0; i < 2; i++) shape.dim[i] = tape->tensor[like].dim[i];
    x = am_expand(tape, x, shape);
    am_dim n = am_times(tape, shape.dim[0], shape.dim[1]);
    return am_reshape(tape, x, AM_SHAPE(n, shape.dim[2], shape.dim[3]));
}

am_var am_matmul(am_tape *tape, am_var x, am_var y)
{
    am_shape shape = am_shape_of(tape, x);
    shape.dim[3] = tape->tensor[y].dim[3];
    const am_var given[2] = {x, y};
    am_var cast[2] = {x, y}, input[2];
    am_cast_all(tape, AM_OP_BMM, 2, cast);
    input[0] = batch_rows(tape, cast[0], cast[0]);
    input[1] = batch_rows(tape, cast[1], cast[0]);
    am_var z = am_bmm(tape, input[0], input[1]);
    am_hold_cast(tape, 2, given, cast);
    return am_view(tape, z, shape);
}

/* Keys that s queries meet, as whole products. A rank of a context-parallel group has an early and a late chunk of each sequence:
 * all of its queries meet its own keys, and in each other turn half as many pairs, be it the late chunk of queries another rank's
 * keys or all of them its early chunk. */
static int64_t keys_met(const am_tape *tape, int64_t s)
{
#ifndef AM_FIRST
    int64_t ranks = tape->extents->value[AM_CP];
    if (ranks > 1) return s / 2 * (ranks + 1);
#else
    (void)tape;
#endif
    return s;
}

/* Flash writes its output in q's layout, memory-efficient attention always b s h d; both give it the shape b h s d. */
am_var am_attention(am_tape *tape, am_op kernel, am_var q, am_var k, am_var v, am_var mask)
{
    bool flash = kernel != AM_OP_EFFICIENT_ATTENTION;
    am_var input[4] = {q, k, v, mask};
    am_cast_all(tape, kernel, 3, input);
    am_tensor query = tape->tensor[input[0]], value = tape->tensor[input[2]];
    am_dim b = query.dim[0], heads = query.dim[1], s = query.dim[2], width = value.dim[3];
    am_var out = am_tape_fresh(tape, AM_SHAPE(b, s, heads, width), query.dtype);
    int64_t stride[AM_MAX_RANK] = {0}, *own = tape->tensor[out].stride;
    query.shape[3] = value.shape[3];
    am_layout layout = {4, query.shape, query.stride};
    if (flash)
        am_layout_pointwise(4, query.shape, 1, &layout, stride);
    else
        for (int i = 0; i < 4; i++) stride[i] = own[(int[]){0, 2, 1, 3}[i]];
    am_var result[4] = {am_tape_alias(tape, out, AM_SHAPE(b, heads, s, width), stride)};
    am_label(tape, result[0], "attention output");
    static const am_symbol padded[] = {AM_S32, AM_SYMBOL_COUNT};
    am_dim rows = flash ? s : am_dim_of(tape->extents, 1, 1, padded);
    result[1] = am_label(tape, am_tape_fresh(tape, AM_SHAPE(b, heads, rows), AM_FP32), "log-sum-exp of each row");
    if (flash) {
        am_dim two = am_dim_of(tape->extents, 2, 1, (const am_symbol[]){AM_SYMBOL_COUNT});
        result[2] = am_label(tape, am_tape_fresh(tape, AM_SHAPE(two), AM_U64), "random state");
        if (kernel == AM_OP_FLASH_ATTENTION)
            result[3] = am_label(tape, am_tape_fresh(tape, AM_SCALAR, AM_U64), "random state, unused half");
    } else {
        result[2] = am_label(tape, am_tape_fresh(tape, AM_SCALAR, AM_I64), "random seed");
        result[3] = am_label(tape, am_tape_fresh(tape, AM_SCALAR, AM_I64), "random offset");
    }
    int64_t keys = keys_met(tape, tape->tensor[input[1]].shape[2]),
            widths = tape->tensor[input[0]].shape[3] + value.shape[3];
    int64_t flops = flops_of(tape, query.shape[0] * query.shape[1], query.shape[2], keys, widths);
    return am_tape_emit(tape, kernel, mask ? 4 : 3, input, result[3] ? 4 : 3, result, flops);
}

am_var am_ring(am_tape *tape, am_op op, int inputs, const am_var *input, am_var output, const am_var beside[3])
{
    const am_tensor *query = &tape->tensor[input[0]];
    int64_t heads = query->shape[0] * query->shape[1], s = query->shape[2];
    int64_t flops = flops_of(tape, heads, s, keys_met(tape, s), query->shape[3] + tape->tensor[input[2]].shape[3]);
    am_var result[4] = {am_label(tape, output, "attention output"), beside[0], beside[1], beside[2]};
    return am_tape_emit(tape, op, inputs, input, 4, result, flops);
}

am_var am_nll_loss(am_tape *tape, am_var log_probabilities, am_var target)
{
    am_var input[2] = {am_cast(tape, AM_OP_NLL_LOSS, log_probabilities), target};
    int dtype = tape->tensor[input[0]].dtype;
    am_var result[2] = {am_tape_fresh(tape, AM_SCALAR, dtype), am_tape_fresh(tape, AM_SCALAR, dtype)};
    am_label(tape, result[0], "loss");
    am_label(tape, result[1], "number of targets");
    return am_tape_emit(tape, AM_OP_NLL_LOSS, 2, input, 2, result, 0);
}

am_var am_cross_entropy(am_tape *tape, am_var x, am_var target)
{
    am_var log_probabilities = am_label(tape, am_softmax(tape, AM_OP_LOG_SOFTMAX, x), "log-probabilities");
    return am_nll_loss(tape, log_probabilities, target);
}

am_var am_linear_loss(am_tape *tape, am_op op, int inputs, const am_var *input, am_var loss, int products)
{
    const am_tensor *x = &tape->tensor[input[0]];
    int64_t flops = flops_of(tape, products, x->shape[0], x->shape[1], tape->tensor[input[1]].shape[0]);
    const int64_t none[AM_MAX_RANK] = {0};
    loss = am_label(tape, am_tape_alias(tape, loss, AM_SCALAR, none), "loss");
    return am_tape_emit(tape, op, inputs, input, 1, &loss, flops);
}

am_var am_vocab_loss(am_tape *tape, am_var logits, am_var softmax, am_var mask, am_var target)
{
    am_shape shape = am_shape_of(tape, mask);
    am_var result[4] = {am_tape_fresh(tape, shape, AM_FP32), softmax, mask, target};
    return am_tape_emit(tape, AM_OP_VOCAB_LOSS, 1, &logits, 4, result, 0);
}

am_var am_sharded_nll_loss(am_tape *tape, am_var log_probabilities, am_var target, am_var picked, am_var mask)
{
    am_var input[4] = {log_probabilities, target, picked, mask};
    am_var result[2] = {am_tape_fresh(tape, AM_SCALAR, AM_FP32), am_tape_fresh(tape, AM_SCALAR, AM_FP32)};
    am_label(tape, result[0], "loss");
    am_label(tape, result[1], "number of targets");
    return am_tape_emit(tape, AM_OP_SHARDED_NLL_LOSS, 4, input, 2, result, 0);
}

am_var am_regroup(am_tape *tape, am_var x, am_shape shape)
{
    int64_t n[AM_MAX_RANK] = {0}, stride[AM_MAX_RANK] = {0};
    for (int i = 0; i < shape.rank; i++) n[i] = tape->extents->of[shape.dim[i]].n;
    am_layout_contiguous(shape.rank, n, stride);
    return am_tape_emit1(tape, AM_OP_VIEW, x, am_tape_alias(tape, x, shape, stride));
}

am_var am_paper_embedding(am_tape *tape, am_var table, am_shape shape)
{
    return am_tape_emit1(tape, AM_OP_PAPER_EMBEDDING, table, am_tape_fresh(tape, shape, tape->tensor[table].dtype));
}

am_var am_paper_loss(am_tape *tape, am_var logits)
{
    return am_tape_emit1(tape, AM_OP_PAPER_LOSS, logits,
                         am_label(tape, am_tape_fresh(tape, AM_SCALAR, AM_FP32), "loss"));
}
