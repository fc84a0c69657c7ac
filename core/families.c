/* How Hugging Face's models are wired: which modules, in which order, and what each forward keeps alive. */
#include "build.h"

/* ---- layers, in checkpointed regions or not ---- */

/* One layer after another; inside a region the loop over its layers holds each hidden state until the next layer
 * returns. */
static am_var layer_run(am_build *build, am_layer_builder *layer, am_var x)
{
    for (int i = 0; i < build->record.inner; i++) {
        build->tape->zone++;
        am_var y = layer(build, x);
        am_hold(build->tape, x);
        x = y;
    }
    return x;
}

am_var am_layers(am_build *build, am_layer_builder *layer, am_var x, int held, const am_var *hold)
{
    am_tape *tape = build->tape;
    const am_record *record = &build->record;
    for (int i = 0; i < record->units; i++) {
        am_var y;
        if (record->regions) {
            tape->zone++; /* the region's bounds belong to its first and last layer */
            am_region_begin(tape, x, held, hold);
            if (build->config->family == AM_FAMILY_GPT2 && build->mask) /* GPT-2 passes its mask as an argument */
                tape->region[tape->open_region].arguments = 2;
            tape->zone--;
            y = layer_run(build, layer, x);
            am_region_end(tape, y);
        } else {
            y = layer_run(build, layer, x);
        }
        am_hold(tape, x);
        x = y;
    }
    return x;
}

static am_var token_embedding(am_build *build, const char *path)
{
    am_tape *tape = build->tape;
    am_enter(tape, path, AM_C_EMBEDDING);
    am_var ids = am_buffer(tape, AM_SHAPE(build->b, build->s), AM_I64, "token ids");
    build->embedding = am_weight(build, AM_SHAPE(build->v, build->h), "embedding table");
    return am_label(tape, am_embedding(tape, build->embedding, ids), "hidden state");
}

/* lm_head and the loss. */
static am_code head(am_build *build, am_var normed)
{
    am_tape *tape = build->tape;
    am_enter(tape, "lm_head", AM_C_HEAD);
    am_var table = build->config->tie_word_embeddings ? build->embedding
                                                      : am_weight(build, AM_SHAPE(build->v, build->h), "weight");
    am_var logits = am_label(tape, am_linear(tape, normed, table, 0), "logits");
    am_var loss = am_hf_loss(build, logits);
    am_hold(tape, normed);
    am_hold(tape, loss, logits);
    return am_tape_finish(tape, loss, logits);
}

/* ---- Llama, Mistral, Qwen2, Qwen3, Gemma ---- */

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

/* The attention proper, with its output turned back to [b, s, heads, d]. Keys and values are held by the function that
 * repeats them. */
static am_var llama_core(am_build *build, am_var q, am_var k, am_var v, am_var *weights)
{
    am_tape *tape = build->tape;
    if (build->config->attention != AM_EAGER)
        return am_contiguous(tape, am_transpose(tape, am_hf_attend(build, q, k, v), 1, 2));
    am_var keys = am_hf_repeat_kv(build, k), values = am_hf_repeat_kv(build, v);
    am_var y = am_hf_eager(build, q, keys, values, true, weights);
    y = am_contiguous(tape, am_transpose(tape, y, 1, 2));
    am_hold(tape, keys, values);
    return y;
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
    am_var y = llama_core(build, q, k, v, weights);
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

/* A frozen model learns its input; peft asks for the embedding's gradient once checkpointing is enabled on the
 * model. */
static bool input_requires_grad(const am_build *build)
{
    return build->config->trainable == AM_TRAIN_NONE ||
           (build->config->trainable == AM_TRAIN_LORA && build->record.hooked);
}

am_code am_hf_llama(am_build *build)
{
    am_tape *tape = build->tape;
    am_var x = token_embedding(build, "model.embed_tokens");
    if (is_gemma(build))
        x = am_label(tape, am_unary(tape, AM_OP_MUL_SCALAR, x), "hidden state"); /* by a buffer of one element */
    if (input_requires_grad(build)) am_require_grad(tape, x);
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
    return head(build, normed);
}

/* ---- GPT-2 ---- */

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
    am_var tokens = token_embedding(build, "transformer.wte");
    if (input_requires_grad(build)) am_require_grad(tape, tokens);
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
    return head(build, normed);
}
