/* Llama and what is wired like it in transformers: Mistral, Qwen2, Qwen3, Gemma. Which modules, in which order, and what
 * each forward keeps alive. */
#include "build.h"

static bool is_gemma(const am_build *build)
{
    return build->config->family == AM_FAMILY_GEMMA;
}

/* A projection of the normed input, normed (Qwen3) and turned into heads: [b, heads, s, d]. */
static am_var project_heads(am_build *build, am_var x, const char *path, const char *norm, am_dim heads, am_dim width,
                            unsigned target)
{
    am_tape *tape = build->tape;
    am_var y = am_hf_linear(build, x, path, AM_C_ATTENTION, width, build->config->qkv_bias, target);
    y = am_view(tape, y, AM_SHAPE(build->b, build->s, heads, build->d));
    if (norm && build->config->qk_norm) y = am_hf_rms_norm(build, y, norm, false);
    return am_transpose(tape, y, 1, 2);
}

static am_var llama_attention(am_build *build, am_var normed, am_var *weights)
{
    am_tape *tape = build->tape;
    am_module module = am_enter(tape, "self_attn", AM_C_ATTENTION);
    am_var q0 = project_heads(build, normed, "self_attn.q_proj", "self_attn.q_norm", build->a, build->ad, AM_TARGET_Q);
    am_label(tape, q0, "query");
    am_var k0 = project_heads(build, normed, "self_attn.k_proj", "self_attn.k_norm", build->k, build->kd, AM_TARGET_K);
    am_label(tape, k0, "key");
    am_var v = project_heads(build, normed, "self_attn.v_proj", 0, build->k, build->kd, AM_TARGET_V);
    am_label(tape, v, "value");
    am_var q = am_label(tape, am_hf_rotate(build, q0), "query, rotated");
    am_var k = am_label(tape, am_hf_rotate(build, k0), "key, rotated");
    am_hold(tape, q0, k0);
    am_var y = am_hf_core(build, q, k, v, weights);
    y = am_reshape(tape, y, AM_SHAPE(build->b, build->s, build->ad));
    y = am_hf_linear(build, y, "self_attn.o_proj", AM_C_ATTENTION, build->h, build->config->o_bias, AM_TARGET_O);
    am_label(tape, y, "attention block's output");
    am_hold(tape, q, k, v, normed);
    tape->module = module;
    return y;
}

/* act_fn(gate_proj(x)) * up_proj(x), then down_proj. */
static am_var llama_mlp(am_build *build, am_var normed)
{
    am_tape *tape = build->tape;
    bool bias = build->config->mlp_bias;
    am_module module = am_enter(tape, "mlp", AM_C_MLP);
    am_var gate = am_hf_linear(build, normed, "mlp.gate_proj", AM_C_MLP, build->f, bias, AM_TARGET_GATE);
    am_label(tape, gate, "gate");
    am_module inside = am_enter(tape, "mlp.act_fn", AM_C_MLP);
    am_var active = am_label(tape, am_hf_activation(build, gate, build->config->activation), "gate, activated");
    tape->module = inside;
    am_var up = am_hf_linear(build, normed, "mlp.up_proj", AM_C_MLP, build->f, bias, AM_TARGET_UP);
    am_label(tape, up, "up");
    am_var product = am_label(tape, am_binary(tape, AM_OP_MUL, active, up), "gate × up");
    am_var y = am_hf_linear(build, product, "mlp.down_proj", AM_C_MLP, build->h, bias, AM_TARGET_DOWN);
    am_label(tape, y, "MLP block's output");
    am_hold(tape, product, normed);
    tape->module = module;
    return y;
}

static am_var llama_layer(am_build *build, am_var x)
{
    am_tape *tape = build->tape;
    am_enter(tape, "", AM_C_RESIDUAL);
    am_var weights = 0, normed = am_hf_rms_norm(build, x, "input_layernorm", is_gemma(build));
    am_var attended = llama_attention(build, normed, &weights);
    am_var x2 = am_label(tape, am_binary(tape, AM_OP_ADD, x, attended), "hidden state");
    am_hold(tape, attended);
    am_var normed2 = am_hf_rms_norm(build, x2, "post_attention_layernorm", is_gemma(build));
    am_var y = llama_mlp(build, normed2);
    am_hold(tape, normed2);
    am_var out = am_label(tape, am_binary(tape, AM_OP_ADD, x2, y), "hidden state");
    am_hold(tape, y, x, x2, weights);
    return out;
}

am_code am_hf_llama(am_build *build)
{
    am_tape *tape = build->tape;
    am_var x = am_hf_token_embedding(build, "model.embed_tokens");
    if (is_gemma(build))
        x = am_label(tape, am_unary(tape, AM_OP_MUL_SCALAR, x), "hidden state"); /* by a buffer of one element */
    if (am_input_requires_grad(build)) am_require_grad(tape, x);
    am_var first = x;
    am_enter(tape, "model", AM_C_EMBEDDING);
    am_hf_positions(build);
    build->mask = am_hf_causal_mask(build);
    am_enter(tape, "model.rotary_emb", AM_C_EMBEDDING);
    am_hf_rotary_tables(build);
    am_var held[] = {build->cos, build->sin, build->mask, build->position_ids};
    x = am_layers(build, llama_layer, x, 4, held);
    tape->zone++;
    am_var normed = am_hf_rms_norm(build, x, "model.norm", is_gemma(build));
    am_hold(tape, x, first, build->position_ids, build->mask, build->cos, build->sin);
    return am_hf_head(build, normed);
}
