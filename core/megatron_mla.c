/* Multi-head latent attention in Megatron-Core, in place of a layer's attention: queries, and keys with values, through a
 * narrow latent; a part of each head for rotary positions, whose key all heads share. Tensors are [s, b, …]. Source:
 * Megatron-Core 0.16.1, transformer/multi_latent_attention.py, models/common/embeddings/rope_utils.py and
 * yarn_rotary_pos_embedding.py, tensor_parallel/mappings.py. */
#include "bytes.h"
#include "megatron.h"

enum {
    CACHED_TABLES = 32
}; /* functools.lru_cache(maxsize=32) of the rotary embedding's forward, for the whole class */

/* ---- latents */

/* A latent of this width, whole: what each rank's column-parallel layer gave of it is gathered. With Transformer Engine each
 * rank makes that of its own tokens. */
static am_var down(am_build *build, am_var x, const char *path, am_dim width, const char *name)
{
    am_tape *tape = build->tape;
    if (am_megatron_has_engine(build)) {
        am_module module = am_enter(tape, path, AM_C_ATTENTION);
        am_var y = am_parallel_linear(tape, AM_OP_LINEAR, x, am_weight(build, AM_SHAPE(width, build->h), "weight"), 0);
        tape->module = module;
        return am_label(tape, y, name);
    }
    am_var part = am_megatron_column_linear(build, x, path, AM_C_ATTENTION, am_megatron_share(build, width), false, 0);
    am_label(tape, part, name);
    if (build->config->tp == 1) return part;
    am_shape shape = am_shape_of(tape, part);
    shape.dim[2] = width;
    am_var parts = am_raw(tape, AM_OP_ALL_GATHER, shape, build->dtype, part, 0, 0, 0);
    am_var y = am_activation(tape, AM_OP_GATHER_MODEL, part, 0, shape);
    am_hold(tape, parts);
    return am_label(tape, y, name);
}

/* This rank's tokens of a latent, under sequence parallelism. part: it is a part of a tensor, which is copied. */
static am_var scatter(am_build *build, am_var x, bool part)
{
    am_dim tokens = am_megatron_stream(build);
    am_shape shape = am_shape_of(build->tape, x);
    shape.dim[0] = tokens;
    if (!build->config->sp || am_megatron_has_engine(build)) return x;
    return part ? am_activation(build->tape, AM_OP_SCATTER_COPY, x, 0, shape)
                : am_scatter_sequence(build->tape, x, tokens);
}

/* The key's rotary part, of the whole sequences. */
static am_var shared_key(am_build *build, am_var x)
{
    am_tape *tape = build->tape;
    if (!build->config->sp || !am_megatron_has_engine(build)) return x;
    am_var own = am_contiguous(tape, x);
    am_var y = am_activation(tape, AM_OP_GATHER_SEQUENCE, own, 0, AM_SHAPE(build->s, build->b, build->rotary));
    am_hold(tape, own);
    return am_label(tape, y, "shared key");
}

/* What the up projections take: normed latents, but with Transformer Engine, whose norms are one with what follows; and the
 * key's part that is rotated. both: what the last two were before. */
typedef struct am_latents {
    am_var query, key_value, shared, both;
} am_latents;

static am_latents make_latents(am_build *build, am_var normed)
{
    am_tape *tape = build->tape;
    am_dim q = am_symbol_dim(build, AM_Q), c = am_symbol_dim(build, AM_C);
    bool narrow = build->config->q_rank > 0, apart = !am_megatron_has_engine(build);
    am_latents of = {.query = normed};
    am_var part[2];
    if (narrow)
        of.query = scatter(build, down(build, normed, "self_attention.linear_q_down_proj", q, "query latent"), false);
    of.both =
        down(build, normed, "self_attention.linear_kv_down_proj", am_symbol_dim(build, AM_CR), "KV latent and shared key");
    am_split(tape, of.both, 2, (const am_dim[]){c, build->rotary}, part);
    of.key_value = am_label(tape, scatter(build, part[0], true), "KV latent");
    of.shared = shared_key(build, part[1]);
    if (apart && narrow) of.query = am_megatron_norm(build, of.query, "self_attention.q_layernorm", q);
    if (apart) of.key_value = am_megatron_norm(build, of.key_value, "self_attention.kv_layernorm", c);
    return of;
}

/* ---- what mla_up_proj plays again: from latents to query, key and value, [s, b, a/t, …] */

static void project_up(am_build *build, const am_latents *x, am_var result[3])
{
    am_tape *tape = build->tape;
    am_dim s = build->s, b = build->b, d = build->d, a = am_megatron_share(build, build->a);
    am_dim rest = am_symbol_dim(build, AM_REST), u = am_symbol_dim(build, AM_U), both = am_symbol_dim(build, AM_RU);
    am_dim wide = am_dim_for(build, 1, 1, AM_A, AM_RU);
    bool engine = am_megatron_has_engine(build), narrow = build->config->q_rank > 0;
    const char *path = narrow ? "self_attention.linear_q_up_proj" : "self_attention.linear_q_proj";
    am_var q = (engine && narrow ? am_megatron_norm_linear : am_megatron_column_linear)(
        build, x->query, path, AM_C_ATTENTION, am_megatron_share(build, build->ad), false, 0);
    q = am_view(tape, am_label(tape, q, "query"), AM_SHAPE(s, b, a, d));
    am_var kv = (engine ? am_megatron_norm_linear
                        : am_megatron_column_linear)(build, x->key_value, "self_attention.linear_kv_up_proj",
                                                     AM_C_ATTENTION, am_megatron_share(build, wide), false, 0);
    kv = am_view(tape, am_label(tape, kv, "key and value"), AM_SHAPE(s, b, a, both));
    am_var query[2], own[2], shared = am_view(tape, x->shared, AM_SHAPE(s, b, build->one, build->rotary));
    am_split(tape, q, 2, (const am_dim[]){rest, build->rotary}, query);
    am_split(tape, kv, 2, (const am_dim[]){rest, u}, own);
    query[1] = am_label(tape, am_megatron_rotate(build, query[1]), "query, rotated part");
    shared = am_label(tape, am_megatron_rotate(build, shared), "key, rotated part");
    result[0] = am_label(tape, am_cat(tape, query[0], query[1], d), "query, rotated");
    am_var all = am_expand(tape, shared, AM_SHAPE(s, b, a, build->rotary));
    result[1] = am_label(tape, am_cat(tape, own[0], all, d), "key, rotated");
    result[2] = am_label(tape, am_contiguous(tape, own[1]), "value");
    am_hold(tape, q, kv, query[1], shared);
}

/* The same, as a region if it may be played again: that, or 0. */
static uint16_t project_up_apart(am_build *build, const am_latents *x, am_var result[3])
{
    am_tape *tape = build->tape;
    am_var held[] = {x->key_value, x->shared, build->cos};
    uint16_t region = 0;
    if (build->record.modules & AM_MODULE_MLA_UP_PROJ) {
        am_region_begin(tape, x->query, 3, held);
        region = tape->open_region;
        tape->region[region].arguments = 4;
    }
    project_up(build, x, result);
    if (region) am_region_end_with(tape, result[0], result[1], result[2]);
    return region;
}

am_var am_megatron_latent_attention(am_build *build, am_var normed, am_var *bias)
{
    am_tape *tape = build->tape;
    am_module module = am_enter(tape, "self_attention", AM_C_ATTENTION);
    build->cos =
        am_raw(tape, AM_OP_FULL, AM_SHAPE(build->s, build->one, build->one, build->rotary), AM_FP32, 0, 0, 0, 0);
    am_permanent(tape, am_label(tape, build->cos, "rotary angles, cached")); /* each layer has a table of its own */
    am_latents of = make_latents(build, normed);
    am_var qkv[3];
    uint16_t region = project_up_apart(build, &of, qkv);
    am_hold(tape, of.both, of.shared);
    am_var core = am_label(tape, am_megatron_core_attention(build, qkv[0], qkv[1], qkv[2]), "attention output");
    if (region) am_region_discard(tape, region, core);
    am_var y =
        am_megatron_row_linear(build, core, "self_attention.linear_proj", AM_C_ATTENTION, build->config->o_bias, bias);
    am_label(tape, y, "attention block's output");
    am_hold(tape, qkv[0], qkv[1], qkv[2], of.query, of.key_value, core, normed);
    tape->module = module;
    return y;
}

void am_megatron_latent_kept(am_build *build)
{
    am_tape *tape = build->tape;
    am_enter(tape, "self_attention", AM_C_ATTENTION);
    int64_t layers = am_smaller(build->config->layers, CACHED_TABLES);
    am_dim all = am_dim_for(build, layers, 1, AM_RD, AM_SYMBOL_COUNT);
    am_var kept = am_raw(tape, AM_OP_FULL, AM_SHAPE(build->s, all), AM_FP32, 0, 0, 0, 0);
    am_permanent(tape, am_label(tape, kept, "the layers' rotary angles, cached"));
    am_megatron_in_blocks(build, kept, layers, AM_SHAPE(build->s, build->rotary), 1, (int[]){AM_FP32});
    tape->storage[tape->tensor[kept].storage].of_layers = true;
}
