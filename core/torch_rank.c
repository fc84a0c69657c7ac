/* stack=torch on one rank of several, in the modules that torchtitan's Llama has: the same operations as torch.c's, in
 * modules of attention and MLP, and with a loss of the caller's, which drops the logits once they are cast. Tensor
 * parallelism divides as torchtitan's plan says (torchtitan/models/llama3/infra/parallelize.py): heads, the MLP's width and
 * the vocabulary; sequence parallelism the rows between them, so that what is gathered for the linear layers is whole.
 * Context parallelism divides the sequence everywhere. */
#include "build.h"

static am_var linear(am_build *build, am_var x, const char *path, am_component component, am_dim out, const char *name)
{
    am_var input = am_column_input(build, x);
    return am_label(build->tape, am_hf_linear(build, input, path, component, out, false, 0), name);
}

/* Its output is a part of a sum. */
static am_var row_linear(am_build *build, am_var x, const char *path, am_component component, const char *name)
{
    am_var y = am_label(build->tape, am_hf_linear(build, x, path, component, build->h, false, 0), name);
    return am_row_output(build, y);
}

static am_var heads(am_build *build, am_var x, const char *path, am_dim count, const char *name)
{
    am_dim own = am_rank_share(build, count);
    am_var y = linear(build, x, path, AM_C_ATTENTION, am_times(build->tape, own, build->d), name);
    return am_transpose(build->tape, am_view(build->tape, y, AM_SHAPE(build->b, build->s, own, build->d)), 1, 2);
}

static am_var attention(am_build *build, am_var given)
{
    am_tape *tape = build->tape;
    am_module module = am_enter(tape, "attention", AM_C_ATTENTION);
    am_var x = am_gather_rows(build, given);
    am_var q = heads(build, x, "attention.q", build->a, "query");
    am_var k = heads(build, x, "attention.k", build->k, "key");
    am_var v = heads(build, x, "attention.v", build->k, "value");
    am_var turned[] = {am_torch_rotate(build, q, "query, rotated"), 0};
    turned[1] = am_torch_rotate(build, k, "key, rotated");
    am_var y = build->config->cp > 1 ? am_ring_attention(build, turned[0], turned[1], v)
                                     : am_sdpa(build, turned[0], turned[1], v, 0);
    am_hold(tape, turned[0], turned[1]);
    am_dim width = am_times(tape, am_rank_share(build, build->a), build->d);
    am_var flat = am_reshape(tape, am_transpose(tape, y, 1, 2), AM_SHAPE(build->b, build->s, width));
    am_var out = row_linear(build, flat, "attention.o", AM_C_ATTENTION, "attention block's output");
    am_hold(tape, given, x, q, k, v, y, flat);
    tape->module = module;
    return out;
}

static am_var mlp(am_build *build, am_var given)
{
    am_tape *tape = build->tape;
    am_module module = am_enter(tape, "mlp", AM_C_MLP);
    am_dim f = am_rank_share(build, build->f);
    am_var x = am_gather_rows(build, given);
    am_var gate = linear(build, x, "mlp.w1", AM_C_MLP, f, "gate");
    am_var active = am_label(tape, am_unary(tape, AM_OP_SILU, gate), "gate, activated");
    am_var up = linear(build, x, "mlp.w3", AM_C_MLP, f, "up");
    am_var product = am_label(tape, am_binary(tape, AM_OP_MUL, active, up), "gate × up");
    am_var out = row_linear(build, product, "mlp.w2", AM_C_MLP, "MLP block's output");
    am_hold(tape, given, x, product);
    tape->module = module;
    return out;
}

static am_var layer(am_build *build, am_var x)
{
    am_tape *tape = build->tape;
    am_enter(tape, "", AM_C_RESIDUAL);
    am_var attended = attention(build, am_torch_norm(build, x, "n1"));
    am_var middle = am_label(tape, am_binary(tape, AM_OP_ADD, x, attended), "hidden state");
    am_var inner = mlp(build, am_torch_norm(build, middle, "n2"));
    am_var out = am_label(tape, am_binary(tape, AM_OP_ADD, middle, inner), "hidden state");
    am_hold(tape, x, middle);
    return out;
}

static am_var head(am_build *build, am_var x)
{
    am_tape *tape = build->tape;
    am_enter(tape, "head", AM_C_HEAD);
    am_var whole = am_gather_rows(build, x), input = am_column_input(build, whole);
    am_shape shape = AM_SHAPE(am_rank_share(build, build->v), build->h);
    am_var weight = build->config->tie_word_embeddings ? build->embedding : am_weight(build, shape, "weight");
    am_var own = am_label(tape, am_linear(tape, input, weight, 0), "logits");
    am_var logits = build->config->loss == AM_LOSS_VOCAB_PARALLEL ? own : am_gather_logits(build, own);
    am_hold(tape, x, whole, own);
    return logits;
}

static am_code loss(am_build *build, am_var logits)
{
    am_tape *tape = build->tape;
    am_enter(tape, "", AM_C_LOSS);
    am_var labels = am_buffer(tape, AM_SHAPE(build->b, build->s), AM_I64, "labels"), y;
    if (build->config->loss == AM_LOSS_VOCAB_PARALLEL) {
        y = am_sharded_loss(build, logits, labels);
    } else {
        am_var x = build->config->loss == AM_LOSS_FP32 ? am_to(tape, logits, AM_FP32) : logits;
        y = am_cross_entropy(tape, am_view(tape, x, AM_SHAPE(build->bs, build->v)), labels);
        am_hold(tape, x);
    }
    am_hold(tape, y);
    return am_tape_finish(tape, y, 0);
}

am_code am_torch_rank(am_build *build)
{
    am_tape *tape = build->tape;
    if (build->config->cp > 1) {
        build->s = am_dim_quotient(tape->extents, build->s, AM_CP);
        build->bs = am_times(tape, build->s, build->b);
        am_ring_buffers(build);
    }
    am_var x = am_sharded_tokens(build, "embed");
    build->cos = am_buffer(tape, AM_SHAPE(build->s, build->d), build->dtype, "rotary cosines");
    build->sin = am_buffer(tape, AM_SHAPE(build->s, build->d), build->dtype, "rotary sines");
    am_var held[] = {build->cos, build->sin};
    x = am_layers(build, layer, x, 2, held);
    tape->zone++;
    am_var logits = head(build, am_torch_norm(build, x, "norm"));
    am_hold(tape, x);
    if (tape->unit) am_shard_end(tape); /* the loss is outside the model */
    return loss(build, logits);
}
