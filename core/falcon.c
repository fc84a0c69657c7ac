/* Falcon as transformers writes it: attention and MLP side by side or behind each other, one projection for query, key
 * and value, whose heads are cut out of it in three ways. */
#include "build.h"

/* ---- heads ---- */

/* Groups of query heads with their key and value, each made as long as the group: [b, s, heads, d]. */
static void grouped_heads(am_build *build, am_var fused, am_var part[3])
{
    am_tape *tape = build->tape;
    am_dim b = build->b, s = build->s, k = build->k, d = build->d;
    am_dim members = am_dim_quotient(tape->extents, am_symbol_dim(build, AM_QKV), AM_K);
    am_dim group = am_dim_quotient(tape->extents, build->a, AM_K);
    am_shape shape = AM_SHAPE(b, s, k, group, d);
    fused = am_view(tape, fused, AM_SHAPE(b, s, k, members, d));
    part[0] = am_slice_along(tape, fused, 3, group);
    for (int i = 1; i < 3; i++) part[i] = am_pick(tape, fused, 3);
    for (int i = 1; i < 3; i++) part[i] = am_expand(tape, part[i], shape);
    for (int i = 0; i < 3; i++) part[i] = am_reshape(tape, part[i], AM_SHAPE(b, s, build->a, d));
}

static void cut_heads(am_build *build, am_var fused, am_var part[3])
{
    static const char *const names[] = {"query", "key", "value"};
    am_tape *tape = build->tape;
    am_dim b = build->b, s = build->s, a = build->a, d = build->d;
    bool one = build->config->kv_heads == 1, grouped = build->config->new_decoder;
    if (grouped) {
        grouped_heads(build, fused, part);
    } else if (one) {
        fused = am_view(tape, fused, AM_SHAPE(b, s, am_symbol_dim(build, AM_QKV), d));
        part[0] = am_slice_along(tape, fused, 2, a);
        for (int i = 1; i < 3; i++) part[i] = am_pick(tape, fused, 2);
    } else {
        am_dim three = am_number_dim(build, 3);
        fused = am_view(tape, fused, AM_SHAPE(b, s, a, three, d));
        for (int i = 0; i < 3; i++) part[i] = am_select(tape, fused, 3);
    }
    for (int i = 0; i < 3; i++) {
        part[i] = am_transpose(tape, part[i], 1, 2);
        part[i] = am_reshape(tape, part[i], am_shape_of(tape, part[i]));
        if (grouped || (one && i > 0)) am_label(tape, part[i], names[i]);
    }
}

/* ---- attention ---- */

/* Scores scaled in place, softmax in the hidden state's type. */
static am_var falcon_eager(am_build *build, am_var q, am_var k, am_var v, int dtype)
{
    am_tape *tape = build->tape;
    am_var scores = am_scale_into(tape, am_matmul(tape, q, am_transpose(tape, k, 2, 3)));
    am_var masked = am_to(tape, am_binary(tape, AM_OP_ADD, scores, build->mask), dtype);
    build->weights = am_label(tape, am_softmax(tape, AM_OP_SOFTMAX, masked), "attention weights");
    am_hold(tape, scores);
    return am_label(tape, am_matmul(tape, build->weights, v), "attention output");
}

/* What scaled_dot_product_attention does where no kernel takes its operands (here one key head for all query heads):
 * ATen's _scaled_dot_product_attention_math, in fp32. */
static am_var math_attention(am_build *build, am_var q, am_var k, am_var v)
{
    am_tape *tape = build->tape;
    const am_var given[3] = {q, k, v};
    am_var part[3], wide[3];
    for (int i = 0; i < 3; i++) part[i] = am_cast(tape, AM_OP_FLASH_ATTENTION, given[i]);
    int dtype = tape->tensor[part[0]].dtype;
    am_var mask = am_sdpa_mask(build, build->mask, dtype);
    for (int i = 0; i < 3; i++) wide[i] = am_to(tape, part[i], AM_FP32);
    int autocast = tape->autocast;
    tape->autocast = AM_DTYPE_COUNT; /* it is one operation to autocast */
    am_var query = am_label(tape, am_unary(tape, AM_OP_MUL_SCALAR, wide[0]), "query, scaled, in fp32");
    am_var key = am_unary(tape, AM_OP_MUL_SCALAR, am_transpose(tape, wide[1], 2, 3));
    am_label(tape, key, "key, scaled, in fp32");
    am_var scores = am_matmul(tape, query, key);
    am_hold(tape, key);
    am_var soft = am_softmax(tape, AM_OP_SAFE_SOFTMAX, am_binary(tape, AM_OP_ADD, scores, mask));
    am_label(tape, soft, "attention weights");
    am_var narrow = am_to(tape, soft, dtype), product = am_matmul(tape, soft, wide[2]);
    am_var y = am_label(tape, am_to(tape, product, dtype), "attention output");
    tape->autocast = (uint8_t)autocast;
    am_hold(tape, wide[0], wide[1], wide[2], query, soft, narrow, product, mask);
    am_hold_cast(tape, 3, given, part);
    return y;
}

static am_var falcon_attention(am_build *build, am_var normed)
{
    am_tape *tape = build->tape;
    const am_config *config = build->config;
    bool bias = config->qkv_bias;
    am_module module = am_enter(tape, "self_attention", AM_C_ATTENTION);
    am_dim width = am_dim_for(build, 1, 1, AM_QKV, AM_D);
    am_var fused = am_hf_linear(build, normed, "self_attention.query_key_value", AM_C_ATTENTION, width, bias, AM_TARGET_QKV);
    am_label(tape, fused, "query, key and value, fused");
    am_var part[3], turned[2];
    cut_heads(build, fused, part);
    for (int i = 0; i < 2; i++) turned[i] = am_hf_rotate(build, part[i]);
    am_label(tape, turned[0], "query, rotated");
    am_label(tape, turned[1], "key, rotated");
    am_hold(tape, part[0], part[1]);
    const am_var given[3] = {turned[0], turned[1], part[2]};
    am_var y, own[3] = {turned[0], turned[1], part[2]};
    switch (config->attention) {
    case AM_EAGER: y = falcon_eager(build, own[0], own[1], own[2], tape->tensor[normed].dtype); break;
    case AM_FLASH: /* what it casts takes the place of what was cast */
        for (int i = 0; i < 3; i++) own[i] = am_cast(tape, AM_OP_FLASH_ATTENTION, given[i]);
        y = am_hf_attend(build, own[0], own[1], own[2]);
        break;
    default: y = !am_kernels_take(config) ? math_attention(build, own[0], own[1], own[2])
                                          : am_sdpa(build, own[0], own[1], own[2], build->mask);
    }
    y = am_reshape(tape, am_transpose(tape, y, 1, 2), AM_SHAPE(build->b, build->s, build->h));
    am_var out = am_hf_linear(build, y, "self_attention.dense", AM_C_ATTENTION, build->h, bias, AM_TARGET_O);
    am_label(tape, out, "attention block's output");
    am_hold(tape, fused, own[0], own[1], own[2], y, normed);
    tape->module = module;
    return out;
}

/* ---- the layer ---- */

static am_var drop_and_add(am_build *build, am_var x, am_var residual, int64_t p)
{
    am_tape *tape = build->tape;
    am_var sum = am_binary(tape, AM_OP_ADD, residual, am_dropout(tape, x, p));
    am_hold(tape, x, residual);
    return am_label(tape, sum, "hidden state");
}

static am_var falcon_layer(am_build *build, am_var x)
{
    static const am_mlp mlp = {"mlp", "mlp.dense_h_to_4h", "mlp.act", "mlp.dense_4h_to_h", false};
    am_tape *tape = build->tape;
    const am_config *config = build->config;
    bool two = config->parallel_norms == 2;
    am_enter(tape, "", AM_C_RESIDUAL);
    build->weights = 0;
    am_var normed = am_hf_layer_norm(build, x, two ? "ln_attn" : "input_layernorm"), normed2 = normed, residual = x;
    if (two) normed2 = am_hf_layer_norm(build, x, "ln_mlp");
    am_var attended = falcon_attention(build, normed);
    if (!config->parallel_residual) {
        residual = drop_and_add(build, attended, x, config->attention_dropout);
        normed2 = am_hf_layer_norm(build, residual, "post_attention_layernorm");
    }
    am_var y = am_hf_mlp(build, normed2, &mlp);
    if (config->parallel_residual) y = am_add_into(tape, y, attended);
    am_var out = drop_and_add(build, y, residual, config->dropout);
    am_hold(tape, x, normed, normed2, attended, y, residual, build->weights);
    build->returned = build->weights;
    return out;
}

am_code am_hf_falcon(am_build *build)
{
    am_tape *tape = build->tape;
    am_var tokens = am_hf_begin(build, "transformer.word_embeddings", "transformer");
    am_enter(tape, "transformer.rotary_emb", AM_C_EMBEDDING);
    am_hf_rotary_tables(build);
    am_var held[] = {build->cos, build->sin, build->mask, build->position_ids};
    am_var x = am_layers(build, falcon_layer, tokens, 4, held);
    tape->zone++;
    am_var normed = am_hf_layer_norm(build, x, "transformer.ln_f");
    am_hold(tape, x, tokens, build->position_ids, build->mask, build->cos, build->sin, build->returned);
    return am_hf_head(build, normed);
}
