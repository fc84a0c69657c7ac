/* Phi and Phi-2 as transformers writes them: one norm, attention and MLP side by side, rotary positions on a part of each
 * head. */
#include "build.h"

/* A projection turned into heads [b, heads, s, d], normed where the model norms heads. */
static am_var project_heads(am_build *build, am_var x, const char *path, am_dim heads, am_dim width, unsigned target)
{
    am_tape *tape = build->tape;
    am_var y = am_hf_linear(build, x, path, AM_C_ATTENTION, width, true, target);
    return am_transpose(tape, am_view(tape, y, AM_SHAPE(build->b, build->s, heads, build->d)), 1, 2);
}

static am_var phi_attention(am_build *build, am_var normed)
{
    am_tape *tape = build->tape;
    am_module module = am_enter(tape, "self_attn", AM_C_ATTENTION);
    am_var q = project_heads(build, normed, "self_attn.q_proj", build->a, build->ad, AM_TARGET_Q), kept[4];
    am_var k = project_heads(build, normed, "self_attn.k_proj", build->k, build->kd, AM_TARGET_K);
    am_var v = project_heads(build, normed, "self_attn.v_proj", build->k, build->kd, AM_TARGET_V);
    am_label(tape, q, "query");
    am_label(tape, k, "key");
    am_label(tape, v, "value");
    if (build->config->qk_norm) {
        q = am_label(tape, am_hf_layer_norm(build, q, "self_attn.q_layernorm"), "query, normed");
        k = am_label(tape, am_hf_layer_norm(build, k, "self_attn.k_layernorm"), "key, normed");
    }
    am_hf_rotate_part(build, &q, &k, kept);
    am_var y = am_hf_core(build, q, k, v, &build->weights);
    y = am_reshape(tape, y, AM_SHAPE(build->b, build->s, build->ad));
    am_var out = am_hf_linear(build, y, "self_attn.dense", AM_C_ATTENTION, build->h, true, AM_TARGET_O);
    am_label(tape, out, "attention block's output");
    am_hold(tape, q, k, v, normed, y, kept[0], kept[1], kept[2], kept[3]);
    tape->module = module;
    return out;
}

static am_var drop(am_build *build, am_var x, am_component component)
{
    am_var y = am_hf_dropout(build, x, "resid_dropout", component, build->config->dropout);
    am_hold(build->tape, x);
    return y;
}

static am_var phi_layer(am_build *build, am_var x)
{
    static const am_mlp mlp = {"mlp", "mlp.fc1", "mlp.activation_fn", "mlp.fc2", false};
    am_tape *tape = build->tape;
    am_enter(tape, "", AM_C_RESIDUAL);
    build->weights = 0;
    am_var normed = am_hf_layer_norm(build, x, "input_layernorm");
    am_var attended = drop(build, phi_attention(build, normed), AM_C_ATTENTION);
    am_var y = drop(build, am_hf_mlp(build, normed, &mlp), AM_C_MLP);
    am_var sum = am_binary(tape, AM_OP_ADD, attended, y);
    am_var out = am_label(tape, am_binary(tape, AM_OP_ADD, sum, x), "hidden state");
    am_hold(tape, x, normed, attended, y, build->weights);
    return out;
}

am_code am_hf_phi(am_build *build)
{
    am_tape *tape = build->tape;
    am_var tokens = am_hf_begin(build, "model.embed_tokens", "model");
    am_var x =
        am_hf_dropout(build, tokens, "model.embed_dropout", AM_C_EMBEDDING, build->config->embedding_dropout);
    am_hold(tape, tokens);
    am_var first = x;
    am_enter(tape, "model.rotary_emb", AM_C_EMBEDDING);
    am_hf_rotary_tables(build);
    am_var held[] = {build->cos, build->sin, build->mask, build->position_ids};
    x = am_layers(build, phi_layer, x, 4, held);
    tape->zone++;
    am_var normed = am_hf_layer_norm(build, x, "model.final_layernorm");
    am_hold(tape, x, first, build->position_ids, build->mask, build->cos, build->sin);
    return am_hf_head(build, normed);
}
