/* stack=nanogpt: nanoGPT's block (github.com/karpathy/nanoGPT, model.py) in one module: one projection for query, key
 * and value, scaled_dot_product_attention, GELU, dropout behind both residual branches, biases everywhere or nowhere;
 * cross_entropy on logits in their own dtype. */
#include "build.h"

static am_var norm(am_build *build, am_var x, const char *path)
{
    am_tape *tape = build->tape;
    am_module module = am_enter(tape, path, AM_C_NORM);
    am_var weight = am_weight(build, AM_SHAPE(build->h), "weight");
    am_var bias = build->config->bias ? am_weight(build, AM_SHAPE(build->h), "bias") : 0;
    am_var y = am_label(tape, am_layer_norm(tape, x, weight, bias), "normed input");
    tape->module = module;
    return y;
}

static am_var linear(am_build *build, am_var x, const char *path, am_component component, am_dim out, const char *name)
{
    return am_label(build->tape, am_hf_linear(build, x, path, component, out, build->config->bias, 0), name);
}

/* held: q and the kernel's output, which the block keeps to its end. */
static am_var attention(am_build *build, am_var x, am_var held[2])
{
    am_tape *tape = build->tape;
    am_dim triple = am_dim_for(build, 3, 1, AM_H, AM_SYMBOL_COUNT);
    am_var fused = linear(build, x, "qkv", AM_C_ATTENTION, triple, "query, key and value, fused");
    const am_dim thirds[] = {build->h, build->h, build->h};
    am_var part[3]; /* q, k, v */
    am_split(tape, fused, 3, thirds, part);
    for (int i = 0; i < 3; i++)
        part[i] = am_transpose(tape, am_view(tape, part[i], AM_SHAPE(build->b, build->s, build->a, build->d)), 1, 2);
    am_var y = am_sdpa(build, part[0], part[1], part[2], 0);
    am_var flat = am_contiguous(tape, am_transpose(tape, y, 1, 2));
    flat = am_view(tape, flat, AM_SHAPE(build->b, build->s, build->h));
    held[0] = part[0];
    held[1] = y;
    return linear(build, flat, "o", AM_C_ATTENTION, build->h, "attention block's output");
}

static am_var layer(am_build *build, am_var x)
{
    am_tape *tape = build->tape;
    int64_t p = build->config->dropout;
    am_var normed = norm(build, x, "n1");
    am_enter(tape, "", AM_C_ATTENTION);
    am_var held[2], attended = attention(build, normed, held);
    attended = am_hf_dropout(build, attended, "drop", AM_C_ATTENTION, p);
    am_enter(tape, "", AM_C_RESIDUAL);
    am_var middle = am_label(tape, am_binary(tape, AM_OP_ADD, x, attended), "hidden state");
    am_var normed2 = norm(build, middle, "n2");
    am_enter(tape, "", AM_C_MLP);
    am_var up = linear(build, normed2, "up", AM_C_MLP, build->f, "up");
    am_var active = am_label(tape, am_unary(tape, AM_OP_GELU, up), "activated");
    am_var down = linear(build, active, "down", AM_C_MLP, build->h, "MLP block's output");
    down = am_hf_dropout(build, down, "drop", AM_C_MLP, p);
    am_enter(tape, "", AM_C_RESIDUAL);
    am_var out = am_label(tape, am_binary(tape, AM_OP_ADD, middle, down), "hidden state");
    am_hold(tape, x, middle, held[0], held[1]);
    return out;
}

am_code am_nanogpt(am_build *build)
{
    am_tape *tape = build->tape;
    am_var tokens = am_hf_token_embedding(build, "embed");
    am_enter(tape, "positions", AM_C_EMBEDDING);
    am_var range = am_label(tape, am_raw(tape, AM_OP_ARANGE, AM_SHAPE(build->s), AM_I64, 0, 0, 0, 0), "position ids");
    am_var table = am_weight(build, AM_SHAPE(build->p, build->h), "position table");
    am_var places = am_embedding(tape, table, range);
    am_enter(tape, "", AM_C_EMBEDDING);
    am_var x = am_label(tape, am_binary(tape, AM_OP_ADD, tokens, places), "hidden state");
    x = am_hf_dropout(build, x, "drop", AM_C_EMBEDDING, build->config->dropout);
    am_hold(tape, tokens);
    x = am_layers(build, layer, x, 0, 0);
    tape->zone++;
    return am_plain_head(build, x, norm(build, x, "norm"));
}
