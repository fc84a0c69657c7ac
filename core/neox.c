/* GPT-NeoX (Pythia) as transformers writes it: query, key and value from one projection, rotary positions on a part of
 * each head, attention and MLP side by side. */
#include "build.h"

static am_var neox_attention(am_build *build, am_var normed, am_var *weights)
{
    am_tape *tape = build->tape;
    bool bias = build->config->qkv_bias;
    am_module module = am_enter(tape, "attention", AM_C_ATTENTION);
    am_dim three_h = am_dim_for(build, 3, 1, AM_H, AM_SYMBOL_COUNT);
    am_dim three_d = am_dim_for(build, 3, 1, AM_D, AM_SYMBOL_COUNT);
    am_var fused = am_hf_linear(build, normed, "attention.query_key_value", AM_C_ATTENTION, three_h, bias, AM_TARGET_QKV);
    am_label(tape, fused, "query, key and value, fused");
    am_dim thirds[] = {build->d, build->d, build->d};
    am_var part[3]; /* q, k, v */
    fused = am_transpose(tape, am_view(tape, fused, AM_SHAPE(build->b, build->s, build->a, three_d)), 1, 2);
    am_split(tape, fused, 3, thirds, part);
    am_var kept[4];
    am_hf_rotate_part(build, &part[0], &part[1], kept);
    am_var y = am_hf_core(build, part[0], part[1], part[2], weights);
    y = am_reshape(tape, y, AM_SHAPE(build->b, build->s, build->h));
    am_var out = am_hf_linear(build, y, "attention.dense", AM_C_ATTENTION, build->h, bias, AM_TARGET_O);
    am_label(tape, out, "attention block's output");
    am_hold(tape, part[0], part[1], part[2], normed, y);
    tape->module = module;
    return out;
}

static am_var neox_mlp(am_build *build, am_var x)
{
    static const am_mlp mlp = {"mlp", "mlp.dense_h_to_4h", "mlp.act", "mlp.dense_4h_to_h", false};
    am_var y = am_hf_mlp(build, am_hf_layer_norm(build, x, "post_attention_layernorm"), &mlp);
    am_var dropped = am_hf_dropout(build, y, "post_mlp_dropout", AM_C_MLP, build->config->dropout);
    am_hold(build->tape, y);
    return dropped;
}

static am_var neox_layer(am_build *build, am_var x)
{
    am_tape *tape = build->tape;
    am_enter(tape, "", AM_C_RESIDUAL);
    am_var weights = 0, attended = neox_attention(build, am_hf_layer_norm(build, x, "input_layernorm"), &weights);
    am_var dropped =
        am_hf_dropout(build, attended, "post_attention_dropout", AM_C_ATTENTION, build->config->dropout);
    am_hold(tape, attended);
    am_var out, y;
    if (build->config->parallel_residual) {
        y = neox_mlp(build, x);
        out = am_binary(tape, AM_OP_ADD, am_binary(tape, AM_OP_ADD, y, dropped), x);
    } else {
        am_var sum = am_label(tape, am_binary(tape, AM_OP_ADD, dropped, x), "hidden state");
        am_hold(tape, dropped);
        dropped = sum;
        y = neox_mlp(build, dropped);
        out = am_binary(tape, AM_OP_ADD, y, dropped);
    }
    am_hold(tape, x, y, dropped, weights);
    return am_label(tape, out, "hidden state");
}

am_code am_hf_neox(am_build *build)
{
    am_tape *tape = build->tape;
    am_var tokens = am_hf_begin(build, "gpt_neox.embed_in", "gpt_neox");
    am_var x =
        am_hf_dropout(build, tokens, "gpt_neox.emb_dropout", AM_C_EMBEDDING, build->config->embedding_dropout);
    am_enter(tape, "gpt_neox.rotary_emb", AM_C_EMBEDDING);
    am_hf_rotary_tables(build);
    am_var held[] = {build->cos, build->sin, build->mask, build->position_ids};
    x = am_layers(build, neox_layer, x, 4, held);
    tape->zone++;
    am_var normed = am_hf_layer_norm(build, x, "gpt_neox.final_layer_norm");
    am_hold(tape, x, tokens, build->position_ids, build->mask, build->cos, build->sin);
    return am_hf_head(build, normed);
}
