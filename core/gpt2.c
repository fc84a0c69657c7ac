/* GPT-2 and what is wired like it in transformers: GPT-BigCode (StarCoder), GPT-Neo, GPT-J. Which modules, in which
 * order, and what each forward keeps alive. */
#include "build.h"

static bool is_family(const am_build *build, int64_t family)
{
    return build->config->family == family;
}

/* ---- attention ---- */

static am_var gpt2_attention(am_build *build, am_var normed)
{
    am_tape *tape = build->tape;
    am_module module = am_enter(tape, "attn", AM_C_ATTENTION);
    am_var fused =
        am_hf_conv1d(build, normed, "attn.c_attn", AM_C_ATTENTION, am_dim_for(build, 3, 1, AM_H, AM_SYMBOL_COUNT), AM_TARGET_QKV);
    am_label(tape, fused, "query, key and value, fused");
    am_dim thirds[] = {build->h, build->h, build->h};
    am_var part[3]; /* q, k, v */
    am_split(tape, fused, 3, thirds, part);
    static const int order[] = {1, 2, 0}; /* the code turns k and v into heads before q */
    for (int i = 0; i < 3; i++) {
        am_var *x = &part[order[i]];
        *x = am_transpose(tape, am_view(tape, *x, AM_SHAPE(build->b, build->s, build->a, build->d)), 1, 2);
    }
    am_var y;
    if (build->config->attention == AM_EAGER)
        y = am_transpose(tape, am_hf_eager(build, part[0], part[1], part[2], false, &build->weights), 1, 2);
    else
        y = am_contiguous(tape, am_transpose(tape, am_hf_attend(build, part[0], part[1], part[2]), 1, 2));
    y = am_reshape(tape, y, AM_SHAPE(build->b, build->s, build->h));
    y = am_label(tape, am_hf_conv1d(build, y, "attn.c_proj", AM_C_ATTENTION, build->h, AM_TARGET_O), "attention block's output");
    y = am_hf_dropout(build, y, "attn.resid_dropout", AM_C_ATTENTION, build->config->dropout);
    am_hold(tape, part[0], part[1], part[2]);
    tape->module = module;
    return y;
}

/* Query heads, and one key and value head for all of them or as many; of a projection [b, s, …]. */
static void bigcode_heads(am_build *build, am_var fused, am_var part[3])
{
    am_tape *tape = build->tape;
    am_dim b = build->b, s = build->s, d = build->d;
    if (build->config->kv_heads == build->config->heads && build->config->heads > 1) {
        am_dim thirds[] = {d, d, d}, three_d = am_dim_for(build, 3, 1, AM_D, AM_SYMBOL_COUNT);
        am_split(tape, am_transpose(tape, am_view(tape, fused, AM_SHAPE(b, s, build->a, three_d)), 1, 2), 3, thirds,
                 part);
        return;
    }
    am_dim widths[] = {build->h, d, d}, all = am_shape_of(tape, fused).dim[2];
    am_split(tape, am_view(tape, fused, AM_SHAPE(b, build->one, s, all)), 3, widths, part);
    part[0] = am_transpose(tape, am_view(tape, part[0], AM_SHAPE(b, s, build->a, d)), 1, 2);
}

static am_var bigcode_attention(am_build *build, am_var normed)
{
    am_tape *tape = build->tape;
    am_module module = am_enter(tape, "attn", AM_C_ATTENTION);
    am_dim width = am_dim_for(build, 1, 1, AM_QKV, AM_D);
    am_var fused = am_hf_linear(build, normed, "attn.c_attn", AM_C_ATTENTION, width, true, AM_TARGET_QKV), part[3];
    bigcode_heads(build, am_label(tape, fused, "query, key and value, fused"), part);
    am_var y = am_hf_core(build, part[0], part[1], part[2], &build->weights);
    y = am_reshape(tape, y, AM_SHAPE(build->b, build->s, build->h));
    am_var out = am_hf_linear(build, y, "attn.c_proj", AM_C_ATTENTION, build->h, true, AM_TARGET_O);
    am_label(tape, out, "attention block's output");
    am_hold(tape, y);
    am_var dropped = am_hf_dropout(build, out, "attn.resid_dropout", AM_C_ATTENTION, build->config->dropout);
    am_hold(tape, part[0], part[1], part[2], out);
    tape->module = module;
    return dropped;
}

static am_var attention(am_build *build, am_var normed)
{
    build->weights = 0;
    switch (build->config->family) {
    case AM_FAMILY_BIGCODE: return bigcode_attention(build, normed);
    case AM_FAMILY_GPT_NEO: return am_hf_gpt_neo_attention(build, normed);
    case AM_FAMILY_GPTJ: return am_hf_gptj_attention(build, normed);
    default: return gpt2_attention(build, normed);
    }
}

/* ---- layers ---- */

static am_var mlp(am_build *build, am_var normed)
{
    static const am_mlp conv = {"mlp", "mlp.c_fc", "mlp.act", "mlp.c_proj", true};
    static const am_mlp linear = {"mlp", "mlp.c_fc", "mlp.act", "mlp.c_proj", false};
    static const am_mlp gptj = {"mlp", "mlp.fc_in", "mlp.act", "mlp.fc_out", false};
    const am_mlp *paths = is_family(build, AM_FAMILY_GPT2) ? &conv : is_family(build, AM_FAMILY_GPTJ) ? &gptj : &linear;
    am_var y = am_hf_mlp(build, normed, paths);
    am_var dropped = am_hf_dropout(build, y, "mlp.dropout", AM_C_MLP, build->config->dropout);
    am_hold(build->tape, y);
    return dropped;
}

/* GPT-J: one norm, attention and MLP side by side. */
static am_var parallel_layer(am_build *build, am_var x)
{
    am_tape *tape = build->tape;
    am_enter(tape, "", AM_C_RESIDUAL);
    am_var normed = am_hf_layer_norm(build, x, "ln_1"), attended = attention(build, normed), y = mlp(build, normed);
    am_var sum = am_binary(tape, AM_OP_ADD, attended, y);
    am_var out = am_label(tape, am_binary(tape, AM_OP_ADD, sum, x), "hidden state");
    am_hold(tape, x, normed, attended, y, build->weights);
    build->returned = build->weights;
    return out;
}

static am_var layer(am_build *build, am_var x)
{
    am_tape *tape = build->tape;
    am_enter(tape, "", AM_C_RESIDUAL);
    am_var normed = am_hf_layer_norm(build, x, "ln_1"), attended = attention(build, normed);
    am_var x2 = am_label(tape, am_binary(tape, AM_OP_ADD, attended, x), "hidden state");
    am_hold(tape, normed);
    am_var normed2 = am_hf_layer_norm(build, x2, "ln_2");
    am_var y = mlp(build, normed2);
    am_var out = am_label(tape, am_binary(tape, AM_OP_ADD, x2, y), "hidden state");
    am_hold(tape, x, x2, attended, normed2, y, build->weights);
    if (is_family(build, AM_FAMILY_GPT_NEO)) build->returned = build->weights;
    return out;
}

/* ---- the model ---- */

/* Token embeddings plus learned positions; GPT-2 makes the mask behind them. */
static am_var add_positions(am_build *build, am_var tokens, am_var *positions)
{
    am_tape *tape = build->tape;
    if (is_family(build, AM_FAMILY_GPTJ)) return tokens;
    am_module module = am_enter(tape, "transformer.wpe", AM_C_EMBEDDING);
    am_var table = am_weight(build, AM_SHAPE(build->p, build->h), "position table");
    *positions = am_embedding(tape, table, build->position_ids);
    tape->module = module;
    return am_label(tape, am_binary(tape, AM_OP_ADD, tokens, *positions), "hidden state");
}

am_code am_hf_gpt2(am_build *build)
{
    am_tape *tape = build->tape;
    bool late = is_family(build, AM_FAMILY_GPT2), parallel = is_family(build, AM_FAMILY_GPTJ);
    am_var tokens = am_hf_token_embedding(build, "transformer.wte"), positions = 0;
    if (am_input_requires_grad(build)) am_require_grad(tape, tokens);
    am_enter(tape, "transformer", AM_C_EMBEDDING);
    am_hf_positions(build);
    if (!late) build->mask = am_hf_causal_mask(build);
    am_var sum = add_positions(build, tokens, &positions);
    if (late) build->mask = am_hf_causal_mask(build);
    am_var x = am_hf_dropout(build, sum, "transformer.drop", AM_C_EMBEDDING, build->config->embedding_dropout);
    am_hold(tape, sum);
    am_var held[] = {build->mask, late || parallel ? build->position_ids : 0}; /* the others' layers take none */
    x = am_layers(build, parallel ? parallel_layer : layer, x, 2, held);
    tape->zone++;
    am_var normed = am_hf_layer_norm(build, x, "transformer.ln_f");
    am_hold(tape, x, tokens, positions, build->position_ids, build->mask, build->returned);
    normed = am_view(tape, normed, am_shape_of(tape, normed));
    return am_hf_head(build, normed);
}
