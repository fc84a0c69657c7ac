/* The attention of GPT-J and GPT-Neo as transformers writes it: scores in fp32 whatever the dtype, or FlashAttention-2.
 */
#include "build.h"

static am_var to_heads(am_build *build, am_var x)
{
    return am_view(build->tape, x, AM_SHAPE(build->b, build->s, build->a, build->d));
}

static void project(am_build *build, am_var normed, const char *const path[3], am_var part[3])
{
    static const char *const names[] = {"query", "key", "value"};
    for (int i = 0; i < 3; i++) {
        part[i] = am_hf_linear(build, normed, path[i], AM_C_ATTENTION, build->h, false,
                               (unsigned)AM_TARGET_Q << i);
        am_label(build->tape, part[i], names[i]);
    }
}

/* `_attn` on q, k, v [b, heads, s, d]. mask: a buffer that GPT-Neo's scores are chosen by; 0: they are scaled. */
static am_var fp32_attention(am_build *build, am_var q, am_var k, am_var v, am_var mask, const char *dropout)
{
    am_tape *tape = build->tape;
    int dtype = tape->tensor[v].dtype;
    am_var query = am_to(tape, q, AM_FP32), key = am_to(tape, k, AM_FP32), least = 0;
    if (query != q) am_label(tape, query, "query in fp32");
    if (key != k) am_label(tape, key, "key in fp32");
    am_var scores = am_matmul(tape, query, am_transpose(tape, key, 2, 3));
    if (mask) {
        least = am_raw(tape, AM_OP_FULL, AM_SCALAR, tape->tensor[scores].dtype, 0, 0, 0, 0);
        scores = am_choose(tape, mask, scores, least);
    } else {
        scores = am_unary(tape, AM_OP_DIV_SCALAR, scores);
    }
    scores = am_cast(tape, AM_OP_SOFTMAX, am_binary(tape, AM_OP_ADD, scores, build->mask));
    am_var soft = am_label(tape, am_softmax(tape, AM_OP_SOFTMAX, scores), "attention weights");
    am_var narrow = am_to(tape, soft, dtype);
    if (narrow != soft) am_label(tape, narrow, "attention weights, cast back");
    build->weights = am_hf_dropout(build, narrow, dropout, AM_C_ATTENTION, build->config->attention_dropout);
    am_hold(tape, narrow);
    if (build->weights != narrow) am_label(tape, build->weights, "attention weights after dropout");
    am_var y = am_label(tape, am_matmul(tape, build->weights, v), "attention output");
    am_hold(tape, query, key, least);
    return am_contiguous(tape, am_transpose(tape, y, 1, 2));
}

static am_var flat(am_build *build, am_var y)
{
    return am_reshape(build->tape, y, AM_SHAPE(build->b, build->s, build->h));
}

/* out_proj and dropout. held: the module's other locals. */
static am_var finish(am_build *build, am_var y, const char *path, const char *dropout, int held, const am_var *hold)
{
    am_tape *tape = build->tape;
    am_var out = am_hf_linear(build, y, path, AM_C_ATTENTION, build->h, build->config->o_bias, AM_TARGET_O);
    am_label(tape, out, "attention block's output");
    am_hold(tape, y);
    am_var dropped = am_hf_dropout(build, out, dropout, AM_C_ATTENTION, build->config->dropout);
    am_hold(tape, out);
    am_hold_list(tape, held, hold);
    return dropped;
}

am_var am_hf_gpt_neo_attention(am_build *build, am_var normed)
{
    static const char *const paths[] = {"attn.attention.q_proj", "attn.attention.k_proj", "attn.attention.v_proj"};
    am_tape *tape = build->tape;
    am_module module = am_enter(tape, "attn.attention", AM_C_ATTENTION);
    am_var part[3], y;
    project(build, normed, paths, part);
    for (int i = 0; i < 3; i++) part[i] = am_transpose(tape, to_heads(build, part[i]), 1, 2);
    if (build->config->attention == AM_FLASH) {
        y = build->weights = flat(build, am_transpose(tape, am_hf_attend(build, part[0], part[1], part[2]), 1, 2));
    } else {
        am_var causal = am_buffer(tape, AM_SHAPE(build->one, build->one, build->s, build->s), AM_BOOL, "causal mask");
        y = flat(build, fp32_attention(build, part[0], part[1], part[2], causal, "attn.attention.attn_dropout"));
    }
    am_var held[] = {normed, part[0], part[1], part[2]};
    y = finish(build, y, "attn.attention.out_proj", "attn.attention.resid_dropout", 4, held);
    tape->module = module;
    return y;
}

/* ---- GPT-J's rotary positions ---- */

/* Sines and cosines of the positions, gathered from a table anew in each layer. kept: what the module holds. */
static void gather_tables(am_build *build, int dtype, am_var kept[3])
{
    am_tape *tape = build->tape;
    am_dim one = build->one;
    am_shape shape = AM_SHAPE(one, build->s, build->rotary);
    kept[0] = am_raw(tape, AM_OP_REPEAT, AM_SHAPE(one, build->p, build->rotary), AM_FP32, 0, 0, 0, 0);
    kept[1] = am_raw(tape, AM_OP_REPEAT, shape, AM_I64, build->position_ids, 0, 0, 0);
    am_var wide = am_raw(tape, AM_OP_GATHER, shape, AM_FP32, kept[0], kept[1], 0, 0);
    kept[2] = am_to(tape, wide, dtype);
}

/* Each sine and cosine twice, for one tensor [b, s, heads, rotary]. */
static am_var rotate_pairs(am_build *build, am_var x, am_var tables)
{
    am_tape *tape = build->tape;
    am_shape shape = AM_SHAPE(build->one, build->s, build->one, build->rotary);
    int dtype = tape->tensor[tables].dtype;
    build->sin = am_label(tape, am_raw(tape, AM_OP_CLONE, shape, dtype, tables, 0, 0, 0), "rotary sines");
    build->cos = am_label(tape, am_raw(tape, AM_OP_CLONE, shape, dtype, tables, 0, 0, 0), "rotary cosines");
    am_var y = am_hf_rotate_pairs(build, x);
    am_hold(tape, build->sin, build->cos, x);
    return y;
}

am_var am_hf_gptj_attention(am_build *build, am_var normed)
{
    static const char *const paths[] = {"attn.q_proj", "attn.k_proj", "attn.v_proj"};
    static const char *const names[] = {"query, rotated", "key, rotated"};
    am_tape *tape = build->tape;
    am_module module = am_enter(tape, "attn", AM_C_ATTENTION);
    am_dim rest = am_symbol_dim(build, AM_REST);
    am_var part[3], tables[3], turned[2], pass[2], y;
    project(build, normed, paths, part);
    for (int i = 0; i < 3; i++) part[i] = to_heads(build, part[i]);
    part[2] = am_transpose(tape, part[2], 1, 2);
    gather_tables(build, tape->tensor[part[1]].dtype, tables);
    for (int i = 1; i >= 0; i--) { /* the key first */
        turned[i] = am_slice(tape, part[i], build->rotary);
        pass[i] = am_slice(tape, part[i], rest);
    }
    for (int i = 1; i >= 0; i--) turned[i] = rotate_pairs(build, turned[i], tables[2]);
    for (int i = 1; i >= 0; i--) {
        part[i] = am_label(tape, am_cat(tape, turned[i], pass[i], build->d), names[i]);
    }
    for (int i = 1; i >= 0; i--) part[i] = am_transpose(tape, part[i], 1, 2);
    if (build->config->attention == AM_FLASH)
        y = build->weights = am_transpose(tape, am_hf_attend(build, part[0], part[1], part[2]), 1, 2);
    else
        y = fp32_attention(build, part[0], part[1], part[2], 0, "attn.attn_dropout");
    am_var held[] = {normed, part[0], part[1], part[2], turned[0], turned[1], pass[0], pass[1], tables[0], tables[1],
                     tables[2]};
    y = finish(build, flat(build, y), "attn.out_proj", "attn.resid_dropout", 11, held);
    tape->module = module;
    return y;
}
