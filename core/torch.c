/* stack=torch: a modern Llama in plain PyTorch, which fuses what PyTorch fuses: rms_norm, scaled_dot_product_attention
 * with grouped heads. Separate projections without biases, rotary tables as the caller made them in the model's dtype,
 * SwiGLU, cross_entropy on fp32 logits. torchtitan's Llama keeps the same bytes. */
#include "build.h"

static am_var norm(am_build *build, am_var x, const char *path)
{
    am_tape *tape = build->tape;
    am_module module = am_enter(tape, path, AM_C_NORM);
    am_var y = am_label(tape, am_rms_norm(tape, x, am_weight(build, AM_SHAPE(build->h), "weight")), "normed input");
    tape->module = module;
    return y;
}

static am_var linear(am_build *build, am_var x, const char *path, am_component component, am_dim out, const char *name)
{
    return am_label(build->tape, am_hf_linear(build, x, path, component, out, false, 0), name);
}

static am_var heads(am_build *build, am_var x, const char *path, am_dim count, am_dim width, const char *name)
{
    am_var y = linear(build, x, path, AM_C_ATTENTION, width, name);
    return am_transpose(build->tape, am_view(build->tape, y, AM_SHAPE(build->b, build->s, count, build->d)), 1, 2);
}

/* a, b = x.chunk(2, -1); x·cos + cat(-b, a)·sin */
static am_var rotate(am_build *build, am_var x, const char *name)
{
    am_tape *tape = build->tape;
    const am_dim halves[] = {build->half, build->half};
    am_var part[2];
    am_split(tape, x, 2, halves, part);
    am_var straight = am_binary(tape, AM_OP_MUL, x, build->cos);
    am_var turned = am_cat(tape, am_unary(tape, AM_OP_NEG, part[1]), part[0], build->d);
    am_var y = am_binary(tape, AM_OP_ADD, straight, am_binary(tape, AM_OP_MUL, turned, build->sin));
    return am_label(tape, y, name);
}

static am_var layer(am_build *build, am_var x)
{
    am_tape *tape = build->tape;
    am_var normed = norm(build, x, "n1");
    am_enter(tape, "", AM_C_ATTENTION);
    am_var q = heads(build, normed, "q", build->a, build->ad, "query");
    am_var k = heads(build, normed, "k", build->k, build->kd, "key");
    am_var v = heads(build, normed, "v", build->k, build->kd, "value");
    am_var turned[] = {rotate(build, q, "query, rotated"), 0};
    turned[1] = rotate(build, k, "key, rotated");
    am_var y = am_sdpa(build, turned[0], turned[1], v, 0);
    am_hold(tape, turned[0], turned[1]);
    am_var flat = am_reshape(tape, am_transpose(tape, y, 1, 2), AM_SHAPE(build->b, build->s, build->ad));
    am_var attended = linear(build, flat, "o", AM_C_ATTENTION, build->h, "attention block's output");
    am_enter(tape, "", AM_C_RESIDUAL);
    am_var middle = am_label(tape, am_binary(tape, AM_OP_ADD, x, attended), "hidden state");
    am_var normed2 = norm(build, middle, "n2");
    am_hold(tape, normed);
    am_enter(tape, "", AM_C_MLP);
    am_var gate = linear(build, normed2, "w1", AM_C_MLP, build->f, "gate");
    am_var active = am_label(tape, am_unary(tape, AM_OP_SILU, gate), "gate, activated");
    am_var up = linear(build, normed2, "w3", AM_C_MLP, build->f, "up");
    am_var product = am_label(tape, am_binary(tape, AM_OP_MUL, active, up), "gate × up");
    am_var down = linear(build, product, "w2", AM_C_MLP, build->h, "MLP block's output");
    am_enter(tape, "", AM_C_RESIDUAL);
    am_var out = am_label(tape, am_binary(tape, AM_OP_ADD, middle, down), "hidden state");
    am_hold(tape, x, middle, normed2, q, k, v, y);
    return out;
}

am_code am_torch(am_build *build)
{
    am_tape *tape = build->tape;
    am_var x = build->record.received ? am_stage_input(build, AM_SHAPE(build->b, build->s, build->h))
                                      : am_hf_token_embedding(build, "embed");
    build->cos = am_buffer(tape, AM_SHAPE(build->s, build->d), build->dtype, "rotary cosines");
    build->sin = am_buffer(tape, AM_SHAPE(build->s, build->d), build->dtype, "rotary sines");
    am_var held[] = {build->cos, build->sin};
    x = am_layers(build, layer, x, 2, held);
    tape->zone++;
    if (build->record.sent) return am_stage_output(build, x, false);
    return am_plain_head(build, x, norm(build, x, "norm"));
}
