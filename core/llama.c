/* Llama and what is wired like it in transformers but for flags (am_wiring): Mistral, Qwen, Gemma, Phi-3, OLMo 2, SmolLM 3,
 * Granite, StableLM, GLM, Cohere, StarCoder 2, Seed-OSS, ERNIE 4.5, EXAONE 4 and others; and with experts or latent attention in their
 * places Mixtral and DeepSeek.
 * Which modules, in which order, and what each forward keeps alive. */
#include "build.h"

static bool has(const am_build *build, unsigned trait)
{
    return am_wiring_of(build->config)->traits & trait;
}

static am_var norm_of(am_build *build, am_var x, const char *path)
{
    am_norm_code code = (am_norm_code)am_wiring_of(build->config)->norm_code;
    if (!path) return x;
    if (build->config->stack == AM_STACK_LIGER) return am_liger_rms_norm(build, x, path);
    if (code == AM_NORM_TORCH) return am_hf_layer_norm(build, x, path);
    if (code == AM_NORM_COHERE) return am_hf_cohere_norm(build, x, path);
    if (AM_LATER(code == AM_NORM_NEMOTRON)) return am_hf_nemotron_norm(build, x, path);
    if (AM_LATER(code == AM_NORM_BARE)) return am_hf_bare_norm(build, x, path);
    return am_hf_rms_norm(build, x, path, code);
}

/* ---- attention ---- */

/* Query, key and value. */
enum { Q, K, V };

typedef struct am_projection {
    const char *path, *norm, *name;
    unsigned target;
} am_projection;

static const am_projection projections[3] = {
    {"self_attn.q_proj", "self_attn.q_norm", "query", AM_TARGET_Q},
    {"self_attn.k_proj", "self_attn.k_norm", "key", AM_TARGET_K},
    {"self_attn.v_proj", NULL, "value", AM_TARGET_V},
};

static am_var cut_heads(am_build *build, am_var x, int i)
{
    return am_view(build->tape, x, AM_SHAPE(build->b, build->s, i == Q ? build->a : build->k, build->d));
}

static am_var turn_heads(am_build *build, am_var x, int i)
{
    return am_label(build->tape, am_transpose(build->tape, x, 1, 2), projections[i].name);
}

static am_var norm_heads(am_build *build, am_var x, int i)
{
    static const char *const turned[3] = {"self_attn.query_layernorm", "self_attn.key_layernorm", NULL};
    const char *path = AM_LATER(has(build, AM_T_NORMS_TURNED)) ? turned[i] : projections[i].norm;
    return path && build->config->qk_norm ? norm_of(build, x, path) : x;
}

/* Projections of the normed input as heads [b, heads, s, d], some of them normed. */
static void project_heads(am_build *build, am_var normed, am_var x[3])
{
    am_project_code code = (am_project_code)am_wiring_of(build->config)->project_code;
    for (int i = 0; i < 3; i++) {
        x[i] = am_hf_linear(build, normed, projections[i].path, AM_C_ATTENTION, i == Q ? build->ad : build->kd,
                            build->config->qkv_bias, projections[i].target);
        if (code == AM_PROJECT_LATE)
            x[i] = norm_heads(build, x[i], i);
        else
            x[i] = cut_heads(build, x[i], i);
        if (code == AM_PROJECT_EACH && !AM_LATER(has(build, AM_T_NORMS_TURNED))) x[i] = norm_heads(build, x[i], i);
        if (code == AM_PROJECT_EACH || code == AM_PROJECT_THEN_NORM) x[i] = turn_heads(build, x[i], i);
    }
    for (int i = 0; i < 3 && (code == AM_PROJECT_CUT || code == AM_PROJECT_THEN_NORM); i++)
        x[i] = norm_heads(build, x[i], i);
    for (int i = 0; i < 3 && (code == AM_PROJECT_CUT || code == AM_PROJECT_LATE); i++) {
        if (code == AM_PROJECT_LATE) x[i] = cut_heads(build, x[i], i);
        x[i] = turn_heads(build, x[i], i);
    }
}

/* The same from one projection, which is returned. */
static am_var cut_projection(am_build *build, am_var normed, am_var x[3])
{
    am_tape *tape = build->tape;
    am_dim all = am_dim_for(build, 1, 1, AM_QKV, AM_D);
    am_var fused = am_hf_linear(build, normed, "self_attn.qkv_proj", AM_C_ATTENTION, all, build->config->qkv_bias, AM_TARGET_QKV);
    am_label(tape, fused, "query, key and value, fused");
    for (int i = 0; i < 3; i++) x[i] = am_slice(tape, fused, i == Q ? build->ad : build->kd);
    for (int i = 0; i < 3; i++) x[i] = am_transpose(tape, cut_heads(build, x[i], i), 1, 2);
    return fused;
}

static void rotate_halves(am_build *build, am_var *q, am_var *k)
{
    if (build->config->stack == AM_STACK_LIGER) {
        am_liger_rotate(build, q, k);
        return;
    }
    *q = am_hf_rotate(build, *q);
    *k = am_hf_rotate(build, *k);
}

/* Tables or all of it in fp32. */
static void rotate_wide(am_build *build, am_var *q, am_var *k, bool pairs)
{
    am_tape *tape = build->tape;
    int dtype = tape->tensor[*q].dtype;
    am_var x[2] = {*q, *k}, y[2];
    for (int i = 0; i < 2 && pairs; i++) x[i] = am_to(tape, x[i], AM_FP32);
    for (int i = 0; i < 2; i++) y[i] = pairs ? am_hf_rotate_pairs(build, x[i]) : am_hf_rotate(build, x[i]);
    *q = am_to(tape, y[0], dtype);
    *k = am_to(tape, y[1], dtype);
    am_hold(tape, x[0], x[1], y[0], y[1]);
}

/* Both, and only then what is cast back. */
static void rotate_pairs(am_build *build, am_var *q, am_var *k)
{
    am_tape *tape = build->tape;
    int dtype = tape->tensor[*q].dtype;
    am_var y[2] = {am_hf_rotate_pairs(build, *q), am_hf_rotate_pairs(build, *k)};
    *q = am_to(tape, y[0], dtype);
    *k = am_to(tape, y[1], dtype);
    am_hold(tape, y[0], y[1]);
}

/* Halves x, y of each head: x cos - y sin, y cos + x sin. */
static void rotate_chunks(am_build *build, am_var *q, am_var *k)
{
    am_tape *tape = build->tape;
    am_var *each[2] = {q, k};
    for (int i = 0; i < 2; i++) {
        am_dim halves[2] = {build->half, build->half};
        am_var part[2], side[2];
        am_split(tape, *each[i], 2, halves, part);
        for (int j = 0; j < 2; j++) {
            am_var a = am_binary(tape, AM_OP_MUL, part[j], build->cos);
            am_var b = am_binary(tape, AM_OP_MUL, part[1 - j], build->sin);
            side[j] = am_binary(tape, j ? AM_OP_ADD : AM_OP_SUB, a, b);
        }
        *each[i] = am_cat(tape, side[0], side[1], build->d);
        am_hold(tape, side[0], side[1]);
    }
}

/* kept: what the attention's own code goes on to hold. */
static void rotate(am_build *build, am_var *q, am_var *k, am_var kept[4])
{
    am_tape *tape = build->tape;
    am_var q0 = *q, k0 = *k, cos = build->cos, sin = build->sin;
    am_rotary_code code = (am_rotary_code)am_wiring_of(build->config)->rotary_code;
    if (has(build, AM_T_NO_POSITIONS) && build->kind == 1) return;
    /* the tables are made anew in each layer */
    if (code == AM_ROTARY_PAIRS_PART || AM_LATER(code == AM_ROTARY_PAIRS_EACH || code == AM_ROTARY_PAIRS_WIDE)) {
        build->cos = am_hf_interleave(build, cos);
        build->sin = am_hf_interleave(build, sin);
    }
    switch (code) {
    case AM_ROTARY_HALVES: rotate_halves(build, q, k); break;
    case AM_ROTARY_PART_EACH:
    case AM_ROTARY_PART:
    case AM_ROTARY_PART_BOTH:
    case AM_ROTARY_PART_AT_ONCE:
    case AM_ROTARY_PAIRS_PART: am_hf_rotate_part(build, q, k, kept); break;
    case AM_ROTARY_PAIRS_FP32: rotate_wide(build, q, k, true); break;
    case AM_ROTARY_FP32: rotate_wide(build, q, k, false); break;
    case AM_ROTARY_CHUNKS:
        if (AM_LATER(true)) rotate_chunks(build, q, k);
        break;
    default: /* AM_ROTARY_PAIRS_EACH, AM_ROTARY_PAIRS_WIDE */
        if (AM_LATER(true)) rotate_pairs(build, q, k);
    }
    am_hold(tape, q0, k0, build->cos, build->sin);
    am_label(tape, *q, "query, rotated");
    am_label(tape, *k, "key, rotated");
    build->cos = cos;
    build->sin = sin;
}

void am_hf_scale_query(am_build *build, am_var *q)
{
    am_tape *tape = build->tape;
    static const am_op ops[] = {AM_OP_DIV_SCALAR, AM_OP_FLOOR, AM_OP_ADD_SCALAR, AM_OP_LOG, AM_OP_MUL_SCALAR, AM_OP_ADD_SCALAR};
    am_dim one = build->one;
    am_var scale = build->position_ids;
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++) scale = am_raw(tape, ops[i], AM_SHAPE(one, build->s), AM_FP32, scale, 0, 0, 0);
    scale = am_to(tape, am_view(tape, scale, AM_SHAPE(one, one, build->s, one)), tape->tensor[*q].dtype);
    am_label(tape, scale, "scale of each position");
    *q = am_label(tape, am_binary(tape, AM_OP_MUL, *q, scale), "query, rotated and scaled");
}

static am_var drop(am_build *build, am_var x, int branch)
{
    const char *path = am_wiring_of(build->config)->drops[branch];
    return path ? am_hf_dropout(build, x, path, branch ? AM_C_MLP : AM_C_ATTENTION, build->config->dropout) : x;
}

static am_var llama_attention(am_build *build, am_var normed, am_var *weights)
{
    am_tape *tape = build->tape;
    am_module module = am_enter(tape, "self_attn", AM_C_ATTENTION);
    am_var x[3], kept[4] = {0}, fused = 0;
    if (has(build, AM_T_FUSED_QKV))
        fused = cut_projection(build, normed, x);
    else
        project_heads(build, normed, x);
    rotate(build, &x[Q], &x[K], kept);
    if (AM_LATER(has(build, AM_T_SCALED_QUERY))) am_hf_scale_query(build, &x[Q]);
    for (int i = Q; i <= K && AM_LATER(has(build, AM_T_NORMS_TURNED)); i++)
        x[i] = norm_heads(build, am_label(tape, x[i], projections[i].name), i);
    am_var y = am_hf_core(build, x[Q], x[K], x[V], weights);
    y = am_reshape(tape, y, AM_SHAPE(build->b, build->s, build->ad));
    y = am_hf_linear(build, y, "self_attn.o_proj", AM_C_ATTENTION, build->h, build->config->o_bias, AM_TARGET_O);
    am_label(tape, y, "attention block's output");
    if (has(build, AM_T_DROPS_INSIDE)) y = drop(build, y, 0);
    am_hold(tape, x[Q], x[K], x[V], fused, normed);
    if (am_wiring_of(build->config)->rotary_code == AM_ROTARY_PART) am_hold_list(tape, 4, kept);
    tape->module = module;
    return y;
}

/* ---- MLP ---- */

/* act_fn(gate_proj(x)) * up_proj(x), then down_proj; or gate and up from one projection, up * activation_fn(gate). */
am_var am_hf_gated_mlp(am_build *build, am_var x, const am_gated_mlp *mlp, am_dim width)
{
    am_tape *tape = build->tape;
    bool bias = build->config->mlp_bias, fused = has(build, AM_T_FUSED_GATE);
    am_module module = am_enter(tape, mlp->module, AM_C_MLP);
    am_var part[2]; /* gate, up */
    if (fused) {
        am_dim halves[2] = {width, width}, both = am_dim_for(build, 2, 1, AM_F, AM_SYMBOL_COUNT);
        am_var all = am_hf_linear(build, x, "mlp.gate_up_proj", AM_C_MLP, both, bias, AM_TARGET_GATE_UP);
        am_split(tape, am_label(tape, all, "gate and up, fused"), 2, halves, part);
    } else {
        part[0] = am_hf_linear(build, x, mlp->gate, AM_C_MLP, width, bias, AM_TARGET_GATE);
        am_label(tape, part[0], "gate");
    }
    am_module inside = am_enter(tape, fused ? "mlp.activation_fn" : mlp->act, AM_C_MLP);
    am_var active = am_label(tape, am_hf_activation(build, part[0], build->config->activation), "gate, activated");
    tape->module = inside;
    if (!fused) {
        part[1] = am_hf_linear(build, x, mlp->up, AM_C_MLP, width, bias, AM_TARGET_UP);
        am_label(tape, part[1], "up");
    }
    am_var product = am_binary(tape, AM_OP_MUL, fused ? part[1] : active, fused ? active : part[1]);
    am_label(tape, product, "gate × up");
    am_var y = am_hf_linear(build, product, mlp->down, AM_C_MLP, build->h, bias, AM_TARGET_DOWN);
    am_label(tape, y, "MLP block's output");
    am_hold(tape, product, x, fused ? part[0] : 0);
    tape->module = module;
    return y;
}

static am_var mlp_of(am_build *build, am_var normed)
{
    static const am_mlp plain = {"mlp", "mlp.c_fc", "mlp.act", "mlp.c_proj", false};
    static const am_mlp squared = {"mlp", "mlp.up_proj", "mlp.act_fn", "mlp.down_proj", false};
    static const am_gated_mlp gated = {"mlp", "mlp.gate_proj", "mlp.act_fn", "mlp.up_proj", "mlp.down_proj"};
    bool dense = am_wiring_of(build->config)->dense_layers && !build->kind;
    if (AM_LATER(build->config->experts && !dense)) return am_hf_moe(build, normed);
    if (build->config->stack == AM_STACK_LIGER) return am_liger_mlp(build, normed);
    if (am_activation_is_gated(build->config->activation)) return am_hf_gated_mlp(build, normed, &gated, build->f);
    return am_hf_mlp(build, normed, build->config->family == AM_FAMILY_STARCODER2 ? &plain : &squared);
}

/* ---- layer ---- */

/* x plus a branch's output y: normed, dropped, multiplied by a number. */
static am_var add_branch(am_build *build, am_var x, am_var y, int branch)
{
    am_tape *tape = build->tape;
    am_var held = norm_of(build, y, am_wiring_of(build->config)->norms[2 * branch + 1]);
    am_var dropped = has(build, AM_T_DROPS_INSIDE) ? held : drop(build, held, branch);
    am_var scaled = has(build, AM_T_SCALED) ? am_unary(tape, AM_OP_MUL_SCALAR, dropped) : dropped;
    am_var sum = am_label(tape, am_binary(tape, AM_OP_ADD, x, scaled), "hidden state");
    if (has(build, AM_T_KEEPS_BRANCHES)) held = 0; /* its name stands for what was dropped out of it */
    am_hold(tape, held, dropped);
    return sum;
}

static am_var llama_layer(am_build *build, am_var x)
{
    am_tape *tape = build->tape;
    const char *const *norms = am_wiring_of(build->config)->norms;
    am_enter(tape, "", AM_C_RESIDUAL);
    am_var weights = 0, normed = norm_of(build, x, norms[0]);
    am_var x2 = x, y, out;
    am_var attended = build->config->kv_rank ? am_hf_latent_attention(build, normed, &weights)
                                             : llama_attention(build, normed, &weights);
    if (build->config->parallel_residual) {
        y = mlp_of(build, normed);
        am_var dropped = drop(build, y, 1);
        am_hold(tape, y);
        out = am_binary(tape, AM_OP_ADD, am_binary(tape, AM_OP_ADD, x, attended), dropped);
        am_label(tape, out, "hidden state");
        am_hold(tape, normed, dropped);
    } else {
        x2 = add_branch(build, x, attended, 0);
        am_var normed2 = norm_of(build, x2, norms[2]);
        y = mlp_of(build, normed2);
        if (has(build, AM_T_DROPS_INSIDE)) y = drop(build, y, 1);
        am_hold(tape, normed2);
        if (build->scores) { /* by the name that the attention's weights had */
            am_hold(tape, weights);
            weights = build->scores;
        }
        out = add_branch(build, x2, y, 1);
    }
    if (has(build, AM_T_KEEPS_BRANCHES)) am_hold(tape, normed, attended);
    am_hold(tape, x, x2, weights);
    return out;
}

/* ---- model ---- */

static void make_masks(am_build *build)
{
    if (!build->by_kind) {
        build->mask = am_hf_causal_mask(build);
        if (AM_LATER(has(build, AM_T_SPARE_MASK))) build->own[1].mask = am_hf_window_mask(build, 1);
        return;
    }
    bool windows = am_wiring_of(build->config)->window == AM_WINDOW_FIRST_KIND;
    if (AM_LATER(has(build, AM_T_MAY_BE_FULL))) windows &= build->config->layer_period > 1; /* others make the mask of such layers unasked */
    build->own[1].mask = am_hf_window_mask(build, 0);
    build->own[0].mask = windows ? am_hf_causal_mask(build) : build->own[1].mask;
}

static void make_tables(am_build *build)
{
    const am_config *config = build->config;
    bool both = config->layer_period > 1 && config->layer_period <= config->layers; /* kinds of layers in the model */
    am_enter(build->tape, "model.rotary_emb", AM_C_EMBEDDING);
    am_hf_rotary_tables(build);
    for (int kind = 0; kind < 2 && build->by_kind; kind++) {
        if (kind == 1 && both && has(build, AM_T_TWO_TABLES)) am_hf_rotary_tables(build);
        build->own[kind].cos = build->cos;
        build->own[kind].sin = build->sin;
    }
}

static am_var scaled_embedding(am_build *build, am_var x)
{
    return am_label(build->tape, am_unary(build->tape, AM_OP_MUL_SCALAR, x), "hidden state");
}

am_code am_hf_llama(am_build *build)
{
    am_tape *tape = build->tape;
    const am_wiring *wiring = am_wiring_of(build->config);
    build->by_kind = am_wiring_takes_turns(build->config);
    am_var x = am_hf_token_embedding(build, "model.embed_tokens");
    if (wiring->norm_code == AM_NORM_GEMMA) x = scaled_embedding(build, x); /* by a buffer of one element */
    if (am_input_requires_grad(build)) am_require_grad(tape, x);
    am_enter(tape, "model", AM_C_EMBEDDING);
    bool late = AM_LATER(build->config->experts > 0); /* GraniteMoe's code makes the mask first */
    if (has(build, AM_T_SCALED) && !late) x = scaled_embedding(build, x);
    am_hf_positions(build);
    make_masks(build);
    if (has(build, AM_T_SCALED) && late) x = scaled_embedding(build, x);
    am_var first = x;
    x = am_hf_dropout(build, x, "model", AM_C_EMBEDDING, build->config->embedding_dropout);
    make_tables(build);
    am_var shared[] = {build->cos, build->sin, build->mask, build->position_ids};
    x = am_layers(build, llama_layer, x, build->by_kind ? 1 : 4, build->by_kind ? &build->position_ids : shared);
    tape->zone++;
    am_var normed = norm_of(build, x, "model.norm");
    am_hold(tape, x, first, build->position_ids, shared[0], shared[1], shared[2]);
    for (int kind = 0; kind < 2; kind++)
        am_hold(tape, build->own[kind].mask, build->own[kind].cos, build->own[kind].sin);
    return am_hf_head(build, normed);
}
