/* Loss heads that take the last linear layer in with the loss, each as its own code does it:
 *   chunked  the last hidden state through the head in chunks of the sequence: torchtune 0.6.1's
 *            TransformerDecoder.chunked_output and CEWithChunkedOutputLoss
 *   fused    Liger-Kernel 0.8.5's LigerFusedLinearCrossEntropyFunction, which makes the gradients in forward
 *   cut      Apple's cut_cross_entropy of May 2025, LinearCrossEntropyFunction, which makes no logits
 * The last two are read from source, as on an NVIDIA GPU of compute capability 8 or more. */
#include "build.h"
#include "bytes.h"

/* ---- chunks of the sequence ---- */

#define CHUNKS AM_LOSS_CHUNKS

/* torch.chunk's: all of ⌈s/8⌉ tokens but the last, which takes the rest. Returns how many there are. */
static int cut_sequence(am_build *build, am_dim size[CHUNKS])
{
    int64_t s = build->config->seq, each = (s + CHUNKS - 1) / CHUNKS;
    int chunks = (int)((s + each - 1) / each);
    bool even = s % CHUNKS == 0;
    am_dim length = even ? am_dim_for(build, 1, CHUNKS, AM_S, AM_SYMBOL_COUNT)
                         : am_symbol_dim(build, AM_S8);
    for (int i = 0; i < chunks; i++) size[i] = length;
    if (s % each != 0) size[chunks - 1] = am_symbol_dim(build, AM_S_REST);
    return chunks;
}

/* Labels cut as the hidden state is, each part in one row, a copy where it must be; returns how many labels count. */
static am_var cut_labels(am_build *build, am_var labels, int chunks, const am_dim *size, am_var *part)
{
    am_tape *tape = build->tape;
    am_var counted = am_raw(tape, AM_OP_COMPARE, AM_SHAPE(build->b, build->s), AM_BOOL, labels, 0, 0, 0);
    am_var count = am_raw(tape, AM_OP_SUM, AM_SCALAR, AM_I64, counted, 0, 0, 0);
    am_label(tape, count, "number of targets");
    am_split_along(tape, labels, 1, chunks, size, part);
    for (int i = 0; i < chunks; i++)
        part[i] = am_reshape(tape, part[i], AM_SHAPE(am_times(tape, build->b, size[i])));
    return count;
}

am_code am_chunked_head(am_build *build, am_var normed, am_var weight)
{
    am_tape *tape = build->tape;
    am_dim size[CHUNKS];
    am_var hidden[CHUNKS], logits[CHUNKS], labels[CHUNKS], sum = 0;
    int chunks = cut_sequence(build, size);
    am_split_along(tape, normed, 1, chunks, size, hidden);
    for (int i = 0; i < chunks; i++) logits[i] = am_label(tape, am_linear(tape, hidden[i], weight, build->head_bias), "logits");
    am_hold(tape, normed);
    am_enter(tape, "", AM_C_LOSS);
    am_var shifted = am_raw(tape, AM_OP_CAT, AM_SHAPE(build->b, build->s), AM_I64, 0, 0, 0, 0);
    am_label(tape, shifted, "shifted labels");
    am_var count = cut_labels(build, shifted, chunks, size, labels);
    for (int i = 0; i < chunks; i++) {
        am_shape flat = AM_SHAPE(am_times(tape, build->b, size[i]), build->v);
        logits[i] = am_view(tape, logits[i], flat);
    }
    for (int i = 0; i < chunks; i++) {
        am_var wide = am_to(tape, logits[i], AM_FP32), loss = am_cross_entropy(tape, wide, labels[i]);
        am_hold(tape, wide);
        sum = sum ? am_add_into(tape, sum, loss) : am_unary(tape, AM_OP_ADD_SCALAR, loss);
    }
    am_hold_list(tape, chunks, labels);
    am_var loss = am_label(tape, am_binary(tape, AM_OP_DIV, sum, count), "loss");
    am_hold(tape, sum, shifted);
    am_hold_list(tape, chunks, logits);
    return am_tape_finish(tape, loss, 0);
}

/* ---- without logits ---- */

/* What an operation's backward makes of this size: an input of no bytes. */
static am_var scratch(am_build *build, am_shape shape, int dtype)
{
    return am_buffer(build->tape, shape, dtype, "");
}

/* Rows of logits at a time: the power of two at or above what makes them as large as the hidden state, or all. */
static int64_t rows_at_a_time(const am_config *config)
{
    int64_t rows = config->batch * config->seq, wanted = am_divide_up(rows, am_divide_up(config->vocab, config->hidden));
    int64_t power = 1;
    while (power < wanted) power *= 2;
    return power < rows ? power : rows;
}

/* The logits, and their products with the weight and the hidden state: written where the gradients are kept, but for
 * fp32, where the weight's are added by hand. Of the weight's copies under autocast, all but that of a view of it are one, if there is a cache. */
static void fused_products(am_build *build, am_var x, am_var weight, int64_t rows)
{
    am_tape *tape = build->tape;
    const am_dim first = am_number_dim(build, rows);
    am_shape table = am_shape_of(tape, weight), part = AM_SHAPE(first, build->h), logits = AM_SHAPE(first, build->v);
    const int64_t left = tape->tensor[x].shape[0] - rows;
    bool learns = tape->tensor[weight].grad, caches = learns && tape->caches;
    int low = tape->autocast, dtype = tape->tensor[x].dtype;
    if (low == AM_DTYPE_COUNT) {
        am_var made = am_raw(tape, AM_OP_MM, logits, dtype, x, weight, 0, 0);
        if (learns && dtype == AM_FP32) am_raw(tape, AM_OP_MM, table, dtype, made, x, 0, 0);
        am_hold(tape, made);
        return;
    }
    am_var copy = 0;
    for (int i = 0; i < 1 + (left > 0); i++) { /* a second time beside that copy */
        if (i > 0) part.dim[0] = logits.dim[0] = am_number_dim(build, am_smaller(rows, left));
        am_var turned = am_raw(tape, AM_OP_TO, table, low, weight, 0, 0, 0);
        am_var narrow = am_raw(tape, AM_OP_TO, part, low, x, 0, 0, 0);
        am_var made = am_raw(tape, AM_OP_MM, logits, low, narrow, turned, 0, 0);
        if (!copy) copy = am_raw(tape, AM_OP_TO, table, low, weight, 0, 0, 0);
        tape->storage[tape->tensor[copy].storage].cached = caches;
        am_raw(tape, AM_OP_MM, part, low, made, copy, 0, 0);
        if (learns) am_raw(tape, AM_OP_TO, part, low, x, 0, 0, 0);
        am_hold(tape, made);
        if (!caches) copy = 0;
    }
}

am_code am_fused_head(am_build *build, am_var normed, am_var weight)
{
    am_tape *tape = build->tape;
    bool learns = tape->tensor[weight].grad;
    int dtype = tape->tensor[normed].dtype;
    am_shape flat = AM_SHAPE(build->bs, build->h), table = am_shape_of(tape, weight);
    am_enter(tape, "", AM_C_LOSS);
    am_var target, padded = am_pad_labels(build, &target), x = am_view(tape, normed, flat);
    am_var input[4] = {x, weight, am_raw(tape, AM_OP_FULL, flat, dtype, x, 0, 0, 0), 0};
    am_label(tape, input[2], "the hidden state's gradient");
    if (learns) input[3] = am_label(tape, am_raw(tape, AM_OP_FULL, table, dtype, 0, 0, 0, 0), "the weight's gradient");
    am_var each = am_raw(tape, AM_OP_FULL, AM_SHAPE(build->bs), AM_FP32, 0, 0, 0, 0);
    am_var valid = am_raw(tape, AM_OP_COMPARE, AM_SHAPE(build->bs), AM_BOOL, target, 0, 0, 0);
    am_raw(tape, AM_OP_SUM, AM_SCALAR, AM_I64, valid, 0, 0, 0);
    fused_products(build, x, weight, rows_at_a_time(build->config));
    am_var loss = am_raw(tape, AM_OP_SUM, AM_SCALAR, AM_FP32, each, 0, 0, 0);
    loss = am_linear_loss(tape, AM_OP_FUSED_LINEAR_CE, learns ? 4 : 3, input, loss, learns ? 3 : 2);
    am_hold(tape, each, valid, target, padded, normed, loss);
    return am_tape_finish(tape, loss, 0);
}

am_code am_cut_head(am_build *build, am_var normed, am_var weight)
{
    am_tape *tape = build->tape;
    const am_config *config = build->config;
    int64_t n = config->batch * (config->seq - 1), locks = am_divide_up(config->hidden, 64);
    am_dim rest = am_number_dim(build, config->seq - 1), two = am_number_dim(build, 2), three = am_number_dim(build, 3);
    am_dim tokens = am_dim_for(build, 1, 1, AM_B, AM_S_LESS);
    bool learns = tape->tensor[weight].grad;
    am_enter(tape, "", AM_C_LOSS);
    am_var valid = am_raw(tape, AM_OP_COMPARE, AM_SHAPE(build->b, rest), AM_BOOL, 0, 0, 0, 0);
    am_var places = am_raw(tape, AM_OP_NONZERO, AM_SHAPE(tokens, two), AM_I64, valid, 0, 0, 0);
    am_var narrow = am_raw(tape, AM_OP_TO, AM_SHAPE(tokens, two), AM_I32, places, 0, 0, 0);
    am_var valids = am_raw(tape, AM_OP_SUM, AM_SHAPE(tokens), AM_I64, narrow, 0, 0, 0);
    am_var lse = am_raw(tape, AM_OP_FULL, AM_SHAPE(tokens), AM_FP32, 0, 0, 0, 0);
    am_var busy = am_raw(tape, AM_OP_FULL, AM_SHAPE(am_number_dim(build, am_divide_up(n, 128))), AM_I32, 0, 0, 0, 0);
    am_var average = am_raw(tape, AM_OP_FULL, AM_SHAPE(build->v), AM_FP32, 0, 0, 0, 0);
    am_hold(tape, busy);
    am_var picked = am_raw(tape, AM_OP_FULL, AM_SHAPE(tokens), AM_FP32, 0, 0, 0, 0);
    am_var loss = am_raw(tape, AM_OP_MEAN, AM_SCALAR, AM_FP32, picked, 0, 0, 0);
    am_var input[] = {am_view(tape, normed, AM_SHAPE(build->bs, build->h)),
                      weight,
                      am_label(tape, lse, "log-sum-exp of each row"),
                      am_label(tape, valids, "places of the targets"),
                      am_label(tape, average, "average logits"),
                      scratch(build, AM_SHAPE(build->v), AM_I32),
                      scratch(build, AM_SHAPE(three, build->v), AM_FP32),
                      scratch(build, AM_SHAPE(am_number_dim(build, am_divide_up(n, 128) * locks)), AM_I32),
                      scratch(build, AM_SHAPE(am_number_dim(build, am_divide_up(config->vocab, 128) * locks)), AM_I32)};
    loss = am_linear_loss(tape, AM_OP_CUT_CE, learns ? 9 : 8, input, loss, 1);
    am_hold(tape, picked, normed, loss);
    tape->storage[tape->tensor[valids].storage].last = UINT16_MAX; /* its parameters' object lives as long as the graph */
    return am_tape_finish(tape, loss, 0);
}
