/* GPT-2 as transformers writes it: which modules, in which order, and what each forward keeps alive. */
#include "build.h"

static am_var gpt2_attention(am_build *build, am_var normed, am_var *weights)
{
    am_tape *tape = build->tape;
    am_module module = am_enter(tape, "attn", AM_C_ATTENTION);
    am_var fused =
        am_hf_conv1d(build, normed, "attn.c_attn", AM_C_ATTENTION, am_dim_for(build, 3, 1, AM_H, AM_SYMBOL_COUNT));
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
        y = am_transpose(tape, am_hf_eager(build, part[0], part[1], part[2], false, weights), 1, 2);
    else
        y = am_contiguous(tape, am_transpose(tape, am_hf_attend(build, part[0], part[1], part[2]), 1, 2));
    y = am_reshape(tape, y, AM_SHAPE(build->b, build->s, build->h));
    y = am_label(tape, am_hf_conv1d(build, y, "attn.c_proj", AM_C_ATTENTION, build->h), "attention block's output");
    y = am_hf_dropout(build, y, "attn.resid_dropout", AM_C_ATTENTION, build->config->dropout);
    am_hold(tape, part[0], part[1], part[2]);
    tape->module = module;
    return y;
}

static am_var gpt2_mlp(am_build *build, am_var normed)
{
    am_tape *tape = build->tape;
    am_var up = am_hf_conv1d(build, normed, "mlp.c_fc", AM_C_MLP, build->f);
    am_label(tape, up, "up");
    am_module module = am_enter(tape, "mlp.act", AM_C_MLP);
    am_var active = am_hf_activation(build, up, build->config->activation);
    tape->module = module;
    am_var down = am_label(tape, am_hf_conv1d(build, active, "mlp.c_proj", AM_C_MLP, build->h), "MLP block's output");
    return am_hf_dropout(build, down, "mlp.dropout", AM_C_MLP, build->config->dropout);
}

static am_var gpt2_layer(am_build *build, am_var x)
{
    am_tape *tape = build->tape;
    am_enter(tape, "", AM_C_RESIDUAL);
    am_var weights = 0, normed = am_hf_layer_norm(build, x, "ln_1");
    am_var attended = gpt2_attention(build, normed, &weights);
    am_var x2 = am_label(tape, am_binary(tape, AM_OP_ADD, attended, x), "hidden state");
    am_hold(tape, normed);
    am_var normed2 = am_hf_layer_norm(build, x2, "ln_2");
    am_var y = gpt2_mlp(build, normed2);
    am_var out = am_label(tape, am_binary(tape, AM_OP_ADD, x2, y), "hidden state");
    am_hold(tape, x, x2, attended, normed2, y, weights);
    return out;
}

am_code am_hf_gpt2(am_build *build)
{
    am_tape *tape = build->tape;
    am_var tokens = am_hf_token_embedding(build, "transformer.wte");
    if (am_input_requires_grad(build)) am_require_grad(tape, tokens);
    am_enter(tape, "transformer", AM_C_EMBEDDING);
    am_hf_positions(build);
    am_module module = am_enter(tape, "transformer.wpe", AM_C_EMBEDDING);
    am_var table = am_weight(build, AM_SHAPE(build->p, build->h), "position table");
    am_var positions = am_embedding(tape, table, build->position_ids);
    tape->module = module;
    am_var sum = am_label(tape, am_binary(tape, AM_OP_ADD, tokens, positions), "hidden state");
    build->mask = am_hf_causal_mask(build);
    am_var x = am_hf_dropout(build, sum, "transformer.drop", AM_C_EMBEDDING, build->config->embedding_dropout);
    am_hold(tape, sum);
    am_var held[] = {build->mask, build->position_ids};
    x = am_layers(build, gpt2_layer, x, 2, held);
    tape->zone++;
    am_var normed = am_hf_layer_norm(build, x, "transformer.ln_f");
    am_hold(tape, x, tokens, positions, build->position_ids, build->mask);
    normed = am_view(tape, normed, am_shape_of(tape, normed));
    return am_hf_head(build, normed);
}
