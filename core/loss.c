/* The loss head: from the last norm's output to the loss, each as its own code does it. Here those that make all logits:
 *   hf       transformers 5.23's ForCausalLMLoss
 *   fp32     F.cross_entropy(logits.float(), labels), in a training loop of one's own
 *   bf16     F.cross_entropy(logits, labels), nanoGPT's
 * The others are in linear_loss.c. */
#include "build.h"

/* ---- whole logits ---- */

am_var am_pad_labels(am_build *build, am_var *target)
{
    am_tape *tape = build->tape;
    am_dim longer = am_symbol_dim(build, AM_S1);
    am_var padded = am_raw(tape, AM_OP_PAD, AM_SHAPE(build->b, longer), AM_I64, 0, 0, 0, 0);
    *target = am_slice(tape, padded, build->s);
    if (build->config->batch > 1)
        *target = am_raw(tape, AM_OP_CLONE, AM_SHAPE(build->b, build->s), AM_I64, padded, 0, 0, 0);
    am_label(tape, *target, "shifted labels");
    return padded;
}

static am_var hf_loss(am_build *build, am_var logits)
{
    am_tape *tape = build->tape;
    am_var wide = am_to(tape, logits, AM_FP32), target, padded = am_pad_labels(build, &target);
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

/* Multiplied or divided by a number, or capped. */
static am_var final_logits(am_build *build, am_var logits)
{
    am_tape *tape = build->tape;
    bool divided = am_wiring_of(build->config)->traits & AM_T_DIVIDED_LOGITS;
    am_enter(tape, "", AM_C_HEAD);
    am_var y = build->config->logit_softcap ? am_hf_soft_cap(build, logits, "logits, capped")
                                            : am_unary(tape, divided ? AM_OP_DIV_SCALAR : AM_OP_MUL_SCALAR, logits);
    return am_label(tape, y, "logits");
}

/* held: what the code around the loss keeps until it is there. */
static am_code whole_head(am_build *build, am_var held, am_var normed, am_var weight)
{
    am_tape *tape = build->tape;
    bool hf = build->config->loss == AM_LOSS_HF;
    am_var logits = am_label(tape, am_linear(tape, normed, weight, build->head_bias), "logits");
    if (am_wiring_of(build->config)->traits & AM_T_SCALED_LOGITS || build->config->logit_softcap) {
        logits = final_logits(build, logits);
        am_hold(tape, normed); /* the model's code, until it returns them */
    }
    am_enter(tape, "", AM_C_LOSS);
    am_var loss = hf ? hf_loss(build, logits) : plain_loss(build, logits);
    am_hold(tape, hf ? normed : held);
    am_hold(tape, loss, logits);
    tape->logits_stay = build->record.received; /* the last stage of a pipeline holds its result until its backward has run */
    return am_tape_finish(tape, loss, logits);
}

/* ---- the head ---- */

static am_var head_weight(am_build *build, const char *path)
{
    am_enter(build->tape, path, AM_C_HEAD);
    if (am_wiring_has_head_bias(build->config)) build->head_bias = am_weight(build, AM_SHAPE(build->v), "bias");
    bool tied = build->config->tie_word_embeddings && !build->record.received;
    return tied ? build->embedding : am_weight(build, AM_SHAPE(build->v, build->w), "weight");
}

am_code am_hf_head(am_build *build, am_var normed)
{
    am_var weight = head_weight(build, "lm_head");
    switch (build->config->loss) {
    case AM_LOSS_CHUNKED: return am_chunked_head(build, normed, weight);
    case AM_LOSS_FUSED: return am_fused_head(build, normed, weight);
    case AM_LOSS_CUT: return am_cut_head(build, normed, weight);
    default: return whole_head(build, 0, normed, weight);
    }
}

am_code am_plain_head(am_build *build, am_var x, am_var normed)
{
    return whole_head(build, x, normed, head_weight(build, "head"));
}
