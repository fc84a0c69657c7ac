/* OPT as transformers writes it: learned positions from a mask of ones, norms before or behind, embeddings of a width of
 * their own. */
#include "build.h"

static am_var to_heads(am_build *build, am_var x)
{
    am_shape shape = AM_SHAPE(build->b, build->s, build->a, build->d);
    return am_transpose(build->tape, am_view(build->tape, x, shape), 1, 2);
}

static am_var opt_linear(am_build *build, am_var x, const char *path, unsigned target)
{
    return am_hf_linear(build, x, path, AM_C_ATTENTION, build->h, build->config->qkv_bias, target);
}

static am_var opt_attention(am_build *build, am_var x, am_var *weights)
{
    am_tape *tape = build->tape;
    am_module module = am_enter(tape, "self_attn", AM_C_ATTENTION);
    am_var q = opt_linear(build, x, "self_attn.q_proj", AM_TARGET_Q);
    q = am_label(tape, to_heads(build, am_unary(tape, AM_OP_MUL_SCALAR, q)), "query");
    am_var k = am_label(tape, opt_linear(build, x, "self_attn.k_proj", AM_TARGET_K), "key");
    am_var v = am_label(tape, opt_linear(build, x, "self_attn.v_proj", AM_TARGET_V), "value");
    k = to_heads(build, k);
    v = to_heads(build, v);
    am_var y = am_reshape(tape, am_hf_core(build, q, k, v, weights), AM_SHAPE(build->b, build->s, build->h));
    am_var out = am_label(tape, opt_linear(build, y, "self_attn.out_proj", AM_TARGET_O), "attention block's output");
    am_hold(tape, q, k, v, x, y);
    tape->module = module;
    return out;
}

static am_var opt_layer(am_build *build, am_var x)
{
    static const am_mlp mlp = {0, "fc1", "activation_fn", "fc2", false};
    am_tape *tape = build->tape;
    bool before = build->config->pre_norm;
    am_shape shape = am_shape_of(tape, x);
    am_enter(tape, "", AM_C_RESIDUAL);
    am_var weights = 0;
    am_var attended = opt_attention(build, before ? am_hf_layer_norm(build, x, "self_attn_layer_norm") : x, &weights);
    am_var dropped = am_dropout(tape, attended, build->config->dropout);
    am_hold(tape, attended);
    am_var x2 = am_label(tape, am_binary(tape, AM_OP_ADD, x, dropped), "hidden state");
    am_hold(tape, dropped);
    if (!before) x2 = am_hf_layer_norm(build, x2, "self_attn_layer_norm");
    x2 = am_view(tape, x2, AM_SHAPE(build->bs, build->h));
    am_var y = am_hf_mlp(build, before ? am_hf_layer_norm(build, x2, "final_layer_norm") : x2, &mlp);
    dropped = am_dropout(tape, y, build->config->dropout);
    am_hold(tape, y);
    am_var out = am_view(tape, am_label(tape, am_binary(tape, AM_OP_ADD, x2, dropped), "hidden state"), shape);
    am_hold(tape, dropped);
    if (!before) out = am_hf_layer_norm(build, out, "final_layer_norm");
    am_hold(tape, x, x2, weights);
    return out;
}

/* Counted along a mask of ones, less one; the table's rows begin at 2. */
static am_var opt_positions(am_build *build)
{
    am_tape *tape = build->tape;
    am_shape shape = AM_SHAPE(build->b, build->s);
    am_var ones = am_raw(tape, AM_OP_FULL, shape, AM_FP32, 0, 0, 0, 0);
    am_var sum = am_raw(tape, AM_OP_CUMSUM, shape, AM_FP32, ones, 0, 0, 0);
    am_var product = am_raw(tape, AM_OP_MUL_SCALAR, shape, AM_FP32, sum, ones, 0, 0);
    build->position_ids = am_to(tape, am_raw(tape, AM_OP_SUB, shape, AM_FP32, product, 0, 0, 0), AM_I64);
    am_hold(tape, sum);
    return ones;
}

am_code am_hf_opt(am_build *build)
{
    am_tape *tape = build->tape;
    bool wide = build->w != build->h;
    am_var tokens = am_hf_token_embedding(build, "model.decoder.embed_tokens");
    if (am_input_requires_grad(build)) am_require_grad(tape, tokens);
    am_enter(tape, "model.decoder", AM_C_EMBEDDING);
    am_var ones = opt_positions(build);
    build->mask = am_hf_causal_mask(build);
    am_module module = am_enter(tape, "model.decoder.embed_positions", AM_C_EMBEDDING);
    am_var ids = am_raw(tape, AM_OP_ADD_SCALAR, AM_SHAPE(build->b, build->s), AM_I64, build->position_ids, 0, 0, 0);
    am_label(tape, ids, "position ids");
    am_var positions = am_embedding(tape, am_weight(build, AM_SHAPE(build->p, build->h), "position table"), ids);
    am_hold(tape, ids);
    tape->module = module;
    if (wide) tokens = am_hf_linear(build, tokens, "model.decoder.project_in", AM_C_EMBEDDING, build->h, false, 0);
    am_var x = am_label(tape, am_binary(tape, AM_OP_ADD, tokens, positions), "hidden state");
    am_var held[] = {build->mask, build->position_ids};
    x = am_layers(build, opt_layer, x, 2, held);
    tape->zone++;
    if (build->config->pre_norm) x = am_hf_layer_norm(build, x, "model.decoder.final_layer_norm");
    if (wide) x = am_hf_linear(build, x, "model.decoder.project_out", AM_C_HEAD, build->w, false, 0);
    am_hold(tape, tokens, positions, build->position_ids, ones, build->mask);
    return am_hf_head(build, x);
}
