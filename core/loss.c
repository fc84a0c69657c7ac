/* The loss head: from the last norm's output to the loss, each as its own code does it.
 *   hf       transformers 5.23's ForCausalLMLoss
 *   fp32     F.cross_entropy(logits.float(), labels), in a training loop of one's own
 *   bf16     F.cross_entropy(logits, labels), nanoGPT's
 *   chunked  the last hidden state through the head in chunks of the sequence: torchtune 0.6.1's
 *            TransformerDecoder.chunked_output and CEWithChunkedOutputLoss */
#include "build.h"

/* ---- whole logits ---- */

/* Labels padded by one and shifted (for one sequence a view, so all s + 1 are kept). */
static am_var hf_loss(am_build *build, am_var logits)
{
    am_tape *tape = build->tape;
    am_var wide = am_to(tape, logits, AM_FP32);
    am_dim longer = am_dim_for(build, 1, 1, AM_S1, AM_SYMBOL_COUNT);
    am_var padded = am_raw(tape, AM_OP_PAD, AM_SHAPE(build->b, longer), AM_I64, 0, 0, 0, 0);
    am_var target = padded;
    if (build->config->batch > 1)
        target = am_raw(tape, AM_OP_CLONE, AM_SHAPE(build->b, build->s), AM_I64, padded, 0, 0, 0);
    am_label(tape, target, "shifted labels");
    am_var loss = am_cross_entropy(tape, am_view(tape, wide, AM_SHAPE(build->bs, build->v)), target);
    am_hold(tape, wide, padded, target);
    return loss;
}

/* The labels are inputs of the step, shifted already. */
static am_var plain_loss(am_build *build, am_var logits)
{
    am_tape *tape = build->tape;
    am_var labels = am_buffer(tape, AM_SHAPE(build->b, build->s), AM_I64, "labels");
    am_var x = build->config->loss == AM_LOSS_FP32 ? am_to(tape, logits, AM_FP32) : logits;
    am_var loss = am_cross_entropy(tape, am_view(tape, x, AM_SHAPE(build->bs, build->v)), labels);
    am_hold(tape, x);
    return loss;
}

/* held: what the code around the loss keeps until it is there. */
static am_code whole_head(am_build *build, am_var held, am_var normed, am_var weight)
{
    am_tape *tape = build->tape;
    bool hf = build->config->loss == AM_LOSS_HF;
    am_var logits = am_label(tape, am_linear(tape, normed, weight, build->head_bias), "logits");
    am_enter(tape, "", AM_C_LOSS);
    am_var loss = hf ? hf_loss(build, logits) : plain_loss(build, logits);
    am_hold(tape, hf ? normed : held);
    am_hold(tape, loss, logits);
    return am_tape_finish(tape, loss, logits);
}

/* ---- chunks of the sequence ---- */

#define CHUNKS AM_LOSS_CHUNKS

/* torch.chunk's: all of ⌈s/8⌉ tokens but the last, which takes the rest. Returns how many there are. */
static int cut_sequence(am_build *build, am_dim size[CHUNKS])
{
    int64_t s = build->config->seq, each = (s + CHUNKS - 1) / CHUNKS;
    int chunks = (int)((s + each - 1) / each);
    bool even = s % CHUNKS == 0;
    am_dim length = even ? am_dim_for(build, 1, CHUNKS, AM_S, AM_SYMBOL_COUNT)
                         : am_dim_for(build, 1, 1, AM_S8, AM_SYMBOL_COUNT);
    for (int i = 0; i < chunks; i++) size[i] = length;
    if (s % each != 0) size[chunks - 1] = am_dim_for(build, 1, 1, AM_S_REST, AM_SYMBOL_COUNT);
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

static am_code chunked_head(am_build *build, am_var normed, am_var weight)
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

/* ---- the head ---- */

static am_var head_weight(am_build *build, const char *path)
{
    am_enter(build->tape, path, AM_C_HEAD);
    if (am_wiring_of(build->config)->head_bias) build->head_bias = am_weight(build, AM_SHAPE(build->v), "bias");
    return build->config->tie_word_embeddings ? build->embedding
                                              : am_weight(build, AM_SHAPE(build->v, build->w), "weight");
}

am_code am_hf_head(am_build *build, am_var normed)
{
    am_var weight = head_weight(build, "lm_head");
    return build->config->loss == AM_LOSS_CHUNKED ? chunked_head(build, normed, weight)
                                                  : whole_head(build, 0, normed, weight);
}

am_code am_plain_head(am_build *build, am_var x, am_var normed)
{
    return whole_head(build, x, normed, head_weight(build, "head"));
}
