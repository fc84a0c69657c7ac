/* BLOOM and MPT as transformers writes them: positions as linear biases of the scores (ALiBi), attention in code of their
 * own. */
#include "build.h"

/* Scores in fp32, their softmax in `dtype`, and dropout; what the code around it holds is its caller's. */
static am_var attention_weights(am_build *build, am_var scores, int dtype, const char *dropout)
{
    am_tape *tape = build->tape;
    am_var soft = am_softmax(tape, AM_OP_SOFTMAX, am_to(tape, scores, AM_FP32));
    am_label(tape, soft, "attention weights");
    am_var narrow = am_to(tape, soft, dtype);
    if (narrow != soft) am_label(tape, narrow, "attention weights, cast back");
    am_var weights = dropout ? am_hf_dropout(build, narrow, dropout, AM_C_ATTENTION, build->config->attention_dropout)
                             : narrow;
    am_hold(tape, narrow);
    if (weights != narrow) am_label(tape, weights, "attention weights after dropout");
    return weights;
}

/* ---- BLOOM ---- */

static am_var drop_and_add(am_build *build, am_var x, am_var residual)
{
    am_tape *tape = build->tape;
    am_var dropped = am_dropout(tape, x, build->config->dropout);
    am_var sum = am_label(tape, am_binary(tape, AM_OP_ADD, residual, dropped), "hidden state");
    am_hold(tape, x);
    return sum;
}

/* Query, key and value [b·heads, s, d] from a projection of [heads, 3, d]. */
static void bloom_heads(am_build *build, am_var fused, am_dim rows, am_var part[3])
{
    am_tape *tape = build->tape;
    am_dim three = am_number_dim(build, 3);
    fused = am_view(tape, fused, AM_SHAPE(build->b, build->s, build->a, three, build->d));
    for (int i = 0; i < 3; i++) part[i] = am_transpose(tape, am_select(tape, fused, 3), 1, 2);
    for (int i = 0; i < 3; i++) {
        part[i] = am_reshape(tape, part[i], AM_SHAPE(rows, build->s, build->d));
        if (i == 1) part[i] = am_transpose(tape, part[i], 1, 2);
    }
}

static am_var bloom_attention(am_build *build, am_var normed, am_var residual)
{
    am_tape *tape = build->tape;
    am_module module = am_enter(tape, "self_attention", AM_C_ATTENTION);
    am_dim b = build->b, s = build->s, a = build->a, rows = am_times(tape, b, a);
    am_dim three_h = am_dim_for(build, 3, 1, AM_H, AM_SYMBOL_COUNT);
    am_var fused = am_hf_linear(build, normed, "self_attention.query_key_value", AM_C_ATTENTION, three_h, true, AM_TARGET_QKV);
    am_label(tape, fused, "query, key and value, fused");
    am_var part[3];
    bloom_heads(build, fused, rows, part);
    int dtype = tape->tensor[part[0]].dtype;
    am_var scores = am_baddbmm(tape, build->alibi, part[0], part[1]);
    am_var masked = am_binary(tape, AM_OP_ADD, am_view(tape, scores, AM_SHAPE(b, a, s, s)), build->mask);
    build->weights = attention_weights(build, masked, dtype, "self_attention.attention_dropout");
    am_var y = am_bmm(tape, am_view(tape, build->weights, AM_SHAPE(rows, s, s)), part[2]);
    am_label(tape, y, "attention output");
    y = am_transpose(tape, am_view(tape, y, AM_SHAPE(b, a, s, build->d)), 1, 2);
    y = am_reshape(tape, y, AM_SHAPE(b, s, build->h));
    am_var out = am_hf_linear(build, y, "self_attention.dense", AM_C_ATTENTION, build->h, true, AM_TARGET_O);
    am_label(tape, out, "attention block's output");
    out = drop_and_add(build, out, residual);
    am_hold(tape, fused, part[0], part[1], part[2], scores, masked, y, normed);
    tape->module = module;
    return out;
}

/* The MLP with its residual sum, in one module that holds all but the first projection to its end. */
static am_var summed_mlp(am_build *build, am_var normed, am_var residual, const am_mlp *mlp)
{
    am_tape *tape = build->tape;
    bool bloom = build->config->family == AM_FAMILY_BLOOM, bias = build->config->mlp_bias;
    am_module module = am_enter(tape, mlp->module, AM_C_MLP);
    am_var up = am_hf_linear(build, normed, mlp->up, AM_C_MLP, build->f, bias, AM_TARGET_UP);
    am_label(tape, up, "up");
    am_module inside = am_enter(tape, mlp->act, AM_C_MLP);
    am_var active = bloom ? am_bloom_gelu(tape, up) : am_unary(tape, AM_OP_GELU, up);
    am_label(tape, active, "activated");
    am_hold(tape, up);
    tape->module = inside;
    am_var y = am_hf_linear(build, active, mlp->down, AM_C_MLP, build->h, bias, AM_TARGET_DOWN), out;
    am_label(tape, y, "MLP block's output");
    out = bloom ? drop_and_add(build, y, residual) : am_binary(tape, AM_OP_ADD, y, residual);
    am_label(tape, out, "hidden state");
    am_hold(tape, active, y, normed);
    tape->module = module;
    return out;
}

static am_var bloom_layer(am_build *build, am_var x)
{
    static const am_mlp mlp = {"mlp", "mlp.dense_h_to_4h", "mlp.gelu_impl", "mlp.dense_4h_to_h", false};
    am_tape *tape = build->tape;
    am_enter(tape, "", AM_C_RESIDUAL);
    am_var normed = am_hf_layer_norm(build, x, "input_layernorm"), x2 = bloom_attention(build, normed, x);
    am_var normed2 = am_hf_layer_norm(build, x2, "post_attention_layernorm");
    am_hold(tape, normed);
    am_var out = summed_mlp(build, normed2, x2, &mlp);
    am_hold(tape, x, x2, normed2, build->weights);
    build->returned = build->weights;
    return out;
}

/* One slope for each head times the place of each key, for each sequence. Returns the slopes. */
static am_var bloom_alibi(am_build *build, int dtype)
{
    am_tape *tape = build->tape;
    am_dim one = build->one, s = build->s, a = build->a;
    am_var base = am_raw(tape, AM_OP_FULL, AM_SCALAR, AM_FP32, 0, 0, 0, 0);
    am_var powers = am_raw(tape, AM_OP_ARANGE, AM_SHAPE(a), AM_I32, 0, 0, 0, 0);
    am_var slopes = am_raw(tape, AM_OP_POW, AM_SHAPE(a), AM_FP32, base, powers, 0, 0);
    am_var range = am_raw(tape, AM_OP_ARANGE, AM_SHAPE(s), AM_I64, 0, 0, 0, 0);
    am_var product = am_raw(tape, AM_OP_MUL, AM_SHAPE(a, one, s), AM_FP32, slopes, range, 0, 0);
    am_shape shape = AM_SHAPE(am_times(tape, build->b, a), one, s);
    build->alibi = am_to(tape, am_raw(tape, AM_OP_CLONE, shape, AM_FP32, product, 0, 0, 0), dtype);
    am_label(tape, build->alibi, "ALiBi");
    return slopes;
}

am_code am_hf_bloom(am_build *build)
{
    am_tape *tape = build->tape;
    am_var tokens = am_hf_token_embedding(build, "transformer.word_embeddings");
    if (am_input_requires_grad(build)) am_require_grad(tape, tokens);
    am_var x = am_hf_layer_norm(build, tokens, "transformer.word_embeddings_layernorm");
    am_enter(tape, "transformer", AM_C_EMBEDDING);
    am_var slopes = bloom_alibi(build, tape->tensor[x].dtype);
    build->mask = am_hf_causal_mask(build);
    am_var held[] = {build->alibi, build->mask};
    x = am_layers(build, bloom_layer, x, 2, held);
    tape->zone++;
    am_var normed = am_hf_layer_norm(build, x, "transformer.ln_f");
    am_hold(tape, x, tokens, slopes, build->alibi, build->mask, build->returned);
    return am_hf_head(build, normed);
}

/* ---- MPT ---- */

static am_var mpt_attention(am_build *build, am_var normed)
{
    am_tape *tape = build->tape;
    am_module module = am_enter(tape, "attn", AM_C_ATTENTION);
    am_dim thirds[] = {build->h, build->h, build->h}, three_h = am_dim_for(build, 3, 1, AM_H, AM_SYMBOL_COUNT);
    am_var fused = am_hf_linear(build, normed, "attn.Wqkv", AM_C_ATTENTION, three_h, false, AM_TARGET_QKV), part[3];
    am_split(tape, am_label(tape, fused, "query, key and value, fused"), 3, thirds, part);
    for (int i = 0; i < 3; i++)
        part[i] = am_transpose(tape, am_view(tape, part[i], AM_SHAPE(build->b, build->s, build->a, build->d)), 1, 2);
    int dtype = tape->tensor[part[2]].dtype;
    am_var scores = am_matmul(tape, part[0], am_transpose(tape, part[1], 2, 3));
    am_var places = am_slice(tape, build->alibi, build->s);
    scores = am_binary(tape, AM_OP_ADD, am_unary(tape, AM_OP_MUL_SCALAR, scores), places);
    scores = am_masked_fill(tape, scores, build->mask);
    build->weights = attention_weights(build, scores, dtype, 0);
    am_var y = am_label(tape, am_matmul(tape, build->weights, part[2]), "attention output");
    y = am_view(tape, am_contiguous(tape, am_transpose(tape, y, 1, 2)), AM_SHAPE(build->b, build->s, build->h));
    am_var out = am_hf_linear(build, y, "attn.out_proj", AM_C_ATTENTION, build->h, false, AM_TARGET_O);
    am_label(tape, out, "attention block's output");
    am_hold(tape, fused, part[0], part[1], part[2], scores, y, normed);
    tape->module = module;
    return out;
}

static am_var mpt_layer(am_build *build, am_var x)
{
    static const am_mlp mlp = {"ffn", "ffn.up_proj", "ffn.act", "ffn.down_proj", false};
    am_tape *tape = build->tape;
    am_enter(tape, "", AM_C_RESIDUAL);
    am_var normed = am_hf_layer_norm(build, x, "norm_1"), attended = mpt_attention(build, normed);
    am_var x2 = am_label(tape, am_binary(tape, AM_OP_ADD, attended, x), "hidden state");
    am_var normed2 = am_hf_layer_norm(build, x2, "norm_2");
    am_hold(tape, normed);
    am_var out = summed_mlp(build, normed2, x2, &mlp);
    am_hold(tape, x, x2, attended, normed2, build->weights);
    build->returned = build->weights;
    return out;
}

/* A slope for each head, of as many as the next power of two has; *base: what they are made of, which the code holds. */
static am_var mpt_slopes(am_build *build, am_var *base)
{
    am_tape *tape = build->tape;
    int64_t count = 1;
    while (count < build->config->heads) count *= 2;
    am_var order = am_raw(tape, AM_OP_ARANGE, AM_SHAPE(am_number_dim(build, count)), AM_I64, 0, 0, 0, 0);
    *base = am_unary(tape, AM_OP_MUL_SCALAR, am_to(tape, order, AM_FP32));
    am_var power = am_unary(tape, AM_OP_POW, *base);
    am_var slopes = am_unary(tape, AM_OP_MUL_SCALAR, am_unary(tape, AM_OP_MUL_SCALAR, power)); /* 1.0 / power: its reciprocal, times 1.0 */
    am_hold(tape, power);
    if (count == build->config->heads) return slopes;
    return am_raw(tape, AM_OP_CAT, AM_SHAPE(am_number_dim(build, count)), AM_FP32, slopes, 0, 0, 0); /* every second one before the others */
}

/* Slopes times the places of as many keys as the longest sequence has. */
static void mpt_alibi(am_build *build)
{
    am_tape *tape = build->tape;
    am_var range = am_raw(tape, AM_OP_ARANGE, AM_SHAPE(build->p), AM_I32, 0, 0, 0, 0);
    am_var base, slopes = mpt_slopes(build, &base);
    build->alibi = am_raw(tape, AM_OP_MUL, AM_SHAPE(build->a, build->one, build->p), AM_FP32, range, slopes, 0, 0);
    am_label(tape, build->alibi, "ALiBi");
    am_hold(tape, range, base, slopes);
}

/* The additive mask made boolean, true where nothing is seen. */
static void mpt_mask(am_build *build)
{
    am_tape *tape = build->tape;
    am_var additive = am_hf_causal_mask(build);
    build->mask = am_raw(tape, AM_OP_TO, am_shape_of(tape, additive), AM_BOOL, additive, 0, 0, 0);
    am_label(tape, build->mask, "attention mask");
}

am_code am_hf_mpt(am_build *build)
{
    am_tape *tape = build->tape;
    am_var tokens = am_hf_token_embedding(build, "transformer.wte");
    if (am_input_requires_grad(build)) am_require_grad(tape, tokens);
    am_enter(tape, "transformer", AM_C_EMBEDDING);
    mpt_alibi(build);
    mpt_mask(build);
    am_var held[] = {build->alibi, build->mask};
    am_var x = am_layers(build, mpt_layer, tokens, 2, held);
    tape->zone++;
    am_var normed = am_hf_layer_norm(build, x, "transformer.norm_f");
    am_hold(tape, x, tokens, build->alibi, build->mask, build->returned);
    return am_hf_head(build, normed);
}
