/* Multi-head latent attention as DeepSeek-V3 writes it in transformers: queries, and keys with values, through a narrow
 * latent; a part of each head for rotary positions, whose key all heads share. Source: modeling_deepseek_v3.py. */
#include "build.h"

/* Rotary positions on pairs, in even and odd elements: x1·cos - x2·sin and x2·cos + x1·sin, behind one another. */
static am_var rotate_pairs(am_build *build, const am_var x[2], am_var cos, am_var sin)
{
    am_tape *tape = build->tape;
    am_var a = am_binary(tape, AM_OP_MUL, x[0], cos), b = am_binary(tape, AM_OP_MUL, x[1], sin);
    am_var even = am_binary(tape, AM_OP_SUB, a, b);
    a = am_binary(tape, AM_OP_MUL, x[1], cos);
    b = am_binary(tape, AM_OP_MUL, x[0], sin);
    return am_cat(tape, even, am_binary(tape, AM_OP_ADD, a, b), build->rotary);
}

/* Both tables are cat(angles, angles): the first half is enough. */
static void rotate_both(am_build *build, am_var *q, am_var *k)
{
    am_tape *tape = build->tape;
    am_var cos = am_slice(tape, build->cos, build->half), sin = am_slice(tape, build->sin, build->half);
    am_var turned[2], pairs[2][2], *x[] = {q, k};
    for (int i = 0; i < 2; i++)
        for (int j = 0; j < 2; j++) pairs[i][j] = am_slice_every(tape, *x[i], build->half, 2);
    for (int i = 0; i < 2; i++) turned[i] = rotate_pairs(build, pairs[i], cos, sin);
    *q = am_label(tape, turned[0], "query, rotated part");
    *k = am_label(tape, turned[1], "key, rotated part");
}

/* Neighbours as complex numbers, in fp32: both are cast, and then one product after the other is cast back. */
static void rotate_complex(am_build *build, am_var *q, am_var *k)
{
    am_tape *tape = build->tape;
    am_var *x[] = {q, k}, wide[2], y[2];
    int dtype = tape->tensor[*q].dtype;
    for (int i = 0; i < 2; i++) wide[i] = am_to(tape, *x[i], AM_FP32);
    for (int i = 0; i < 2; i++) y[i] = am_to(tape, am_complex_product(tape, wide[i], build->cos), dtype);
    am_hold(tape, wide[0], wide[1]);
    *q = am_label(tape, y[0], "query, rotated part");
    *k = am_label(tape, y[1], "key, rotated part");
}

static am_var latent_query(am_build *build, am_var x)
{
    am_tape *tape = build->tape;
    if (!build->config->q_rank)
        return am_hf_linear(build, x, "self_attn.q_proj", AM_C_ATTENTION, build->ad, false, AM_TARGET_Q);
    am_dim rank = am_symbol_dim(build, AM_Q);
    bool bias = build->config->qkv_bias;
    am_var latent = am_hf_linear(build, x, "self_attn.q_a_proj", AM_C_ATTENTION, rank, bias, AM_TARGET_Q_A);
    am_label(tape, latent, "query latent");
    latent = am_hf_rms_norm(build, latent, "self_attn.q_a_layernorm", false);
    return am_hf_linear(build, latent, "self_attn.q_b_proj", AM_C_ATTENTION, build->ad, false, AM_TARGET_Q_B);
}

/* Keys of all heads in a new tensor: what is each head's own, and what they share. */
static am_var fill_keys(am_build *build, am_var own, am_var shared)
{
    am_tape *tape = build->tape;
    am_dim b = build->b, a = build->a, s = build->s;
    am_var all = am_expand(tape, shared, AM_SHAPE(b, a, s, build->rotary));
    am_var keys = am_raw(tape, AM_OP_FULL, AM_SHAPE(b, a, s, build->d), tape->tensor[own].dtype, 0, 0, 0, 0);
    am_label(tape, keys, "key");
    return am_copy_into(tape, am_copy_into(tape, keys, own), all);
}

am_var am_hf_latent_attention(am_build *build, am_var x, am_var *weights)
{
    am_tape *tape = build->tape;
    am_dim b = build->b, s = build->s, a = build->a, one = build->one;
    am_dim c = am_symbol_dim(build, AM_C), u = am_symbol_dim(build, AM_U);
    am_dim rest = am_symbol_dim(build, AM_REST);
    am_module module = am_enter(tape, "self_attn", AM_C_ATTENTION);
    am_var q = am_label(tape, latent_query(build, x), "query"), part[2], latent[2], own[2];
    am_var heads = am_transpose(tape, am_view(tape, q, AM_SHAPE(b, s, a, build->d)), 1, 2);
    am_split(tape, heads, 2, (const am_dim[]){rest, build->rotary}, part);
    am_dim narrow = am_symbol_dim(build, AM_CR), wide = am_dim_for(build, 1, 1, AM_A, AM_RU);
    bool bias = build->config->qkv_bias;
    am_var kv = am_hf_linear(build, x, "self_attn.kv_a_proj_with_mqa", AM_C_ATTENTION, narrow, bias, AM_TARGET_KV_A);
    am_label(tape, kv, "KV latent and shared key");
    am_split(tape, kv, 2, (const am_dim[]){c, build->rotary}, latent);
    am_var normed = am_hf_rms_norm(build, latent[0], "self_attn.kv_a_layernorm", false);
    normed = am_view(tape, normed, AM_SHAPE(b, one, s, c));
    am_var shared = am_view(tape, latent[1], AM_SHAPE(b, one, s, build->rotary));
    bool complex = am_wiring_of(build->config)->rotary_code == AM_ROTARY_COMPLEX;
    (complex ? rotate_complex : rotate_both)(build, &part[1], &shared);
    am_var query = am_label(tape, am_cat(tape, part[0], part[1], build->d), "query, rotated");
    if (am_wiring_of(build->config)->traits & AM_T_SCALED_QUERY) am_hf_scale_query(build, &query);
    am_var up = am_hf_linear(build, normed, "self_attn.kv_b_proj", AM_C_ATTENTION, wide, false, AM_TARGET_KV_B);
    am_label(tape, up, "key and value");
    up = am_view(tape, up, AM_SHAPE(b, s, a, am_symbol_dim(build, AM_RU)));
    am_split(tape, am_transpose(tape, up, 1, 2), 2, (const am_dim[]){rest, u}, own);
    am_var key = fill_keys(build, own[0], shared);
    am_var y = am_hf_core(build, query, key, own[1], weights);
    y = am_reshape(tape, y, AM_SHAPE(b, s, am_times(tape, a, u)));
    am_var out = am_hf_linear(build, y, "self_attn.o_proj", AM_C_ATTENTION, build->h, build->config->o_bias, AM_TARGET_O);
    am_label(tape, out, "attention block's output");
    am_hold(tape, query, key, own[1], x, q, kv, part[1], shared, normed, y);
    tape->module = module;
    return out;
}
