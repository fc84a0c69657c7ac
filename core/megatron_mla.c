/* Multi-head latent attention in Megatron-Core: queries, and keys with values, through a narrow latent; a part of each head for
 * rotary positions, whose key all heads share. Source: Megatron-Core 0.16.1, transformer/multi_latent_attention.py,
 * models/common/embeddings/rope_utils.py and rotary_pos_embedding.py, tensor_parallel/mappings.py. */
#include "bytes.h"
#include "megatron.h"

enum { CACHED_TABLES = 32 }; /* functools.lru_cache(maxsize=32) of RotaryEmbedding.forward, for the whole class */

static am_dim symbol(am_build *build, am_symbol x)
{
    return am_dim_for(build, 1, 1, x, AM_SYMBOL_COUNT);
}

/* A latent of this width, whole: what a column-parallel layer gave of it is gathered. With Transformer Engine each rank makes
 * that of its own tokens. */
static am_var down(am_build *build, am_var x, const char *path, am_dim width)
{
    am_tape *tape = build->tape;
    if (am_megatron_has_engine(build)) {
        am_module module = am_enter(tape, path, AM_C_ATTENTION);
        am_var y = am_parallel_linear(tape, AM_OP_LINEAR, x, am_weight(build, AM_SHAPE(width, build->h), "weight"), 0);
        tape->module = module;
        return y;
    }
    am_var part = am_megatron_column_linear(build, x, path, AM_C_ATTENTION, am_megatron_share(build, width), false, 0);
    if (build->config->tp == 1) return part;
    am_shape shape = am_shape_of(tape, part), ranks = shape;
    ranks.dim[0] = am_times(tape, ranks.dim[0], symbol(build, AM_TP));
    am_var all = am_raw(tape, AM_OP_ALL_GATHER, ranks, build->dtype, part, 0, 0, 0);
    shape.dim[2] = width;
    am_var y = am_activation(tape, AM_OP_GATHER_SEQUENCE, part, 0, shape);
    am_hold(tape, all, part);
    return y;
}

/* This rank's part of the sequences of a whole latent, copied where it is part of a wider tensor. */
static am_var scatter(am_build *build, am_var x)
{
    if (!build->config->sp || am_megatron_has_engine(build)) return x;
    return am_contiguous(build->tape, am_scatter_sequence(build->tape, x, am_megatron_stream(build)));
}

/* The shared key's part that is rotated, of the whole sequences. */
static am_var shared_key(am_build *build, am_var x)
{
    am_tape *tape = build->tape;
    am_shape shape = AM_SHAPE(build->s, build->b, build->rotary);
    if (build->config->sp && am_megatron_has_engine(build)) {
        am_var own = am_contiguous(tape, x);
        x = am_activation(tape, AM_OP_GATHER_SEQUENCE, own, 0, shape);
        am_hold(tape, own);
    }
    return am_view(tape, x, AM_SHAPE(shape.dim[0], shape.dim[1], build->one, shape.dim[2]));
}

/* _apply_rotary_pos_emb_bshd: pairs are put in halves first. */
static am_var rotate(am_build *build, am_var x, const char *name)
{
    am_tape *tape = build->tape;
    am_dim none = am_dim_for(build, 0, 1, AM_SYMBOL_COUNT, AM_SYMBOL_COUNT), halves[] = {build->half, build->half};
    am_var whole = am_slice(tape, x, build->rotary), rest = am_slice(tape, x, none), table[2], half[2];
    am_var even = am_slice_every(tape, whole, build->half, 2), odd = am_slice_every(tape, whole, build->half, 2);
    whole = am_cat(tape, even, odd, build->rotary);
    static const char *const names[] = {"rotary cosines", "rotary sines"};
    for (int i = 0; i < 2; i++) {
        am_shape shape = am_shape_of(tape, build->cos);
        am_var f = am_raw(tape, i ? AM_OP_SIN : AM_OP_COS, shape, AM_FP32, build->cos, 0, 0, 0);
        f = am_raw(tape, AM_OP_MUL_SCALAR, shape, AM_FP32, f, 0, 0, 0);
        table[i] = am_label(tape, am_to(tape, f, tape->tensor[x].dtype), names[i]);
    }
    am_var straight = am_binary(tape, AM_OP_MUL, whole, table[0]);
    am_split(tape, whole, 2, halves, half);
    am_var turned = am_cat(tape, am_unary(tape, AM_OP_NEG, half[1]), half[0], build->rotary);
    am_var sum = am_binary(tape, AM_OP_ADD, straight, am_binary(tape, AM_OP_MUL, turned, table[1]));
    am_var y = am_label(tape, am_cat(tape, sum, rest, build->rotary), name);
    am_hold(tape, whole, sum, table[0], table[1]);
    return y;
}

/* What the up projections take: queries' and keys' latents, normed but with Transformer Engine, whose norms are one with what
 * follows, and the rotated part of the key. kv: what the last two were cut from. */
typedef struct latents {
    am_var query, kv, narrow, shared;
} latents;

static latents make_latents(am_build *build, am_var normed)
{
    am_tape *tape = build->tape;
    am_dim q = symbol(build, AM_Q), c = symbol(build, AM_C);
    bool apart = !am_megatron_has_engine(build);
    latents of = {.query = normed};
    am_var part[2];
    if (build->config->q_rank) {
        of.query = am_label(tape, down(build, normed, "self_attention.linear_q_down_proj", q), "query latent");
        of.query = scatter(build, of.query);
    }
    of.kv = down(build, normed, "self_attention.linear_kv_down_proj", symbol(build, AM_CR));
    am_label(tape, of.kv, "KV latent and shared key");
    am_split(tape, of.kv, 2, (const am_dim[]){c, build->rotary}, part);
    of.narrow = scatter(build, part[0]);
    of.shared = shared_key(build, part[1]);
    if (apart && build->config->q_rank) of.query = am_megatron_norm(build, of.query, "self_attention.q_layernorm", q);
    if (apart) of.narrow = am_megatron_norm(build, of.narrow, "self_attention.kv_layernorm", c);
    return of;
}

/* qkv_up_proj_and_rope_apply: queries, keys and values, [s, b, a/t, …]. */
static void make_heads(am_build *build, const latents *of, am_var made[3])
{
    am_tape *tape = build->tape;
    am_dim s = build->s, b = build->b, a = am_megatron_share(build, build->a);
    am_dim rest = symbol(build, AM_REST), both = symbol(build, AM_RU), wide = am_dim_for(build, 1, 1, AM_A, AM_RU);
    bool engine = am_megatron_has_engine(build), narrowed = build->config->q_rank > 0;
    const char *path = narrowed ? "self_attention.linear_q_up_proj" : "self_attention.linear_q_proj";
    am_var q = (engine && narrowed ? am_megatron_norm_linear : am_megatron_column_linear)(
        build, of->query, path, AM_C_ATTENTION, am_megatron_share(build, build->ad), false, 0);
    am_label(tape, q, "query");
    am_var kv = (engine ? am_megatron_norm_linear : am_megatron_column_linear)(
        build, of->narrow, "self_attention.linear_kv_up_proj", AM_C_ATTENTION, am_megatron_share(build, wide), false, 0);
    am_label(tape, kv, "key and value");
    am_var part[2], own[2];
    am_split(tape, am_view(tape, q, AM_SHAPE(s, b, a, build->d)), 2, (const am_dim[]){rest, build->rotary}, part);
    am_split(tape, am_view(tape, kv, AM_SHAPE(s, b, a, both)), 2, (const am_dim[]){rest, symbol(build, AM_U)}, own);
    am_var turned = rotate(build, part[1], "query, rotated part"), shared = rotate(build, of->shared, "key, rotated part");
    made[0] = am_label(tape, am_cat(tape, part[0], turned, build->d), "query, rotated");
    am_var each = am_expand(tape, shared, AM_SHAPE(s, b, a, build->rotary));
    made[1] = am_label(tape, am_cat(tape, own[0], each, build->d), "key, rotated");
    made[2] = am_label(tape, am_contiguous(tape, own[1]), "value");
    am_hold(tape, q, kv, turned, shared);
}

am_var am_megatron_latent_attention(am_build *build, am_var normed, am_var *bias)
{
    am_tape *tape = build->tape;
    am_module module = am_enter(tape, "self_attention", AM_C_ATTENTION);
    latents of = make_latents(build, normed);
    am_var made[3];
    make_heads(build, &of, made);
    am_var core = am_label(tape, am_megatron_core_attention(build, made[0], made[1], made[2]), "attention output");
    am_var y = am_megatron_row_linear(build, core, "self_attention.linear_proj", AM_C_ATTENTION, build->config->o_bias, bias);
    am_label(tape, y, "attention block's output");
    am_hold(tape, of.query, of.kv, of.narrow, of.shared, made[0], made[1], made[2], core, normed);
    tape->module = module;
    return y;
}

void am_megatron_latent_kept(am_build *build)
{
    am_tape *tape = build->tape;
    am_enter(tape, "self_attention.rotary_pos_emb", AM_C_EMBEDDING);
    int64_t layers = am_smaller(build->config->layers, CACHED_TABLES);
    am_dim all = am_dim_for(build, layers - 1, 1, AM_S, AM_SYMBOL_COUNT);
    build->cos = am_raw(tape, AM_OP_FULL, AM_SHAPE(build->s, build->one, build->one, build->rotary), AM_FP32, 0, 0, 0, 0);
    am_permanent(tape, am_label(tape, build->cos, "rotary angles, cached"));
    if (layers == 1) return;
    am_var others = am_raw(tape, AM_OP_FULL, AM_SHAPE(all, build->rotary), AM_FP32, 0, 0, 0, 0);
    am_permanent(tape, am_label(tape, others, "rotary angles, cached by the other layers"));
}
