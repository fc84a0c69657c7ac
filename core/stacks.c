/* Hugging Face's modules on the tape: transformers 5.23's own code, operation by operation, with a hold where that code
 * keeps a value alive beyond its last use. Source: modeling_llama.py, modeling_gpt2.py, masking_utils.py,
 * integrations/sdpa_attention.py, peft 0.18. */
#include <string.h>

#include "build.h"

static am_module enter(am_build *build, const char *path, am_component component)
{
    return am_enter(build->tape, path, component);
}

am_dim am_dim_for(am_build *build, int64_t num, int64_t den, am_symbol x, am_symbol y)
{
    am_symbol symbols[3] = {x, y, AM_SYMBOL_COUNT};
    return am_dim_of(build->tape->extents, num, den, symbols);
}

am_var am_weight(am_build *build, am_shape shape, const char *name)
{
    return am_parameter(build->tape, shape, build->dtype, build->trainable, name);
}

/* ---- linear layers and adapters ---- */

/* peft's lora.Linear.forward around a base layer's output y. */
static am_var adapt(am_build *build, am_var x, am_var y, am_dim in, am_dim out)
{
    am_tape *tape = build->tape;
    am_module module = tape->module;
    int dtype = tape->tensor[y].dtype;
    const char *input = tape->storage[tape->tensor[x].storage].name;
    am_var z = am_to(tape, x, build->adapter_dtype);
    if (z != x) am_label(tape, z, input);
    tape->module.leaf = ".lora_dropout.default";
    am_var dropped = am_dropout(tape, z, build->config->lora_dropout);
    tape->module.leaf = ".lora_A.default";
    am_var a = am_parameter(tape, AM_SHAPE(build->r, in), build->adapter_dtype, true, "LoRA A");
    am_var u = am_label(tape, am_linear(tape, dropped, a, 0), "low-rank activation");
    am_hold(tape, dropped);
    tape->module.leaf = ".lora_B.default";
    am_var b = am_parameter(tape, AM_SHAPE(out, build->r), build->adapter_dtype, true, "LoRA B");
    am_var v = am_label(tape, am_linear(tape, u, b, 0), "adapter output");
    am_hold(tape, u);
    tape->module = module;
    am_var sum = am_binary(tape, AM_OP_ADD, y, am_unary(tape, AM_OP_MUL_SCALAR, v));
    am_var result = am_to(tape, sum, dtype);
    am_hold(tape, sum, z, x);
    return result;
}

/* conv: GPT-2's Conv1D. */
static am_var project(am_build *build, am_var x, const char *path, am_component component, am_dim out, bool bias, unsigned target, bool conv)
{
    am_tape *tape = build->tape;
    am_module module = enter(build, path, component);
    am_shape shape = am_shape_of(tape, x);
    am_dim in = shape.dim[shape.rank - 1];
    bool adapted = (build->adapted & target) != 0, by_view = AM_LATER(am_wiring_of(build->config)->by_view);
    if (adapted) tape->module.leaf = ".base_layer";
    am_var weight = am_weight(build, conv ? AM_SHAPE(in, out) : AM_SHAPE(out, in), "weight");
    am_var b = bias ? am_weight(build, AM_SHAPE(out), "bias") : 0;
    am_var y = conv ? am_conv1d(tape, x, weight, b) : by_view ? am_linear_by_view(tape, x, weight) : am_linear(tape, x, weight, b);
    if (by_view && bias) y = am_binary(tape, AM_OP_ADD, y, b);
    if (adapted) {
        tape->module.leaf = "";
        y = adapt(build, x, y, in, out);
    }
    tape->module = module;
    return y;
}

am_var am_hf_linear(am_build *build, am_var x, const char *path, am_component component, am_dim out, bool bias,
                    unsigned target)
{
    return project(build, x, path, component, out, bias, target, false);
}

am_var am_hf_conv1d(am_build *build, am_var x, const char *path, am_component component, am_dim out, unsigned target)
{
    return project(build, x, path, component, out, true, target, true);
}

am_var am_hf_dropout(am_build *build, am_var x, const char *path, am_component component, int64_t p)
{
    am_module module = enter(build, path, component);
    am_var y = am_dropout(build->tape, x, p);
    build->tape->module = module;
    return y;
}

/* ---- norms ---- */

am_var am_hf_rms_norm(am_build *build, am_var x, const char *path, am_norm_code code)
{
    am_tape *tape = build->tape;
    am_module module = enter(build, path, AM_C_NORM);
    am_shape shape = am_shape_of(tape, x);
    am_var weight = am_weight(build, AM_SHAPE(shape.dim[shape.rank - 1]), "weight");
    int dtype = tape->tensor[x].dtype;
    am_var wide = am_to(tape, x, AM_FP32);
    if (wide != x) am_label(tape, wide, "input in fp32");
    am_var variance = am_mean_last(tape, am_unary(tape, AM_OP_POW, wide));
    am_var scale =
        am_label(tape, am_unary(tape, AM_OP_RSQRT, am_unary(tape, AM_OP_ADD_SCALAR, variance)), "1 / root mean square");
    am_var normal = am_label(tape, am_binary(tape, AM_OP_MUL, wide, scale), "normalised input");
    am_var y;
    const bool helium = AM_LATER(code == AM_NORM_HELIUM);
    if (code == AM_NORM_OLMO || helium) {
        am_var scales = helium ? am_to(tape, weight, AM_FP32) : weight;
        if (scales != weight) am_label(tape, scales, "weight in fp32");
        y = am_to(tape, am_binary(tape, AM_OP_MUL, scales, normal), dtype);
        am_hold(tape, x, variance, normal);
    } else if (code == AM_NORM_GEMMA) { /* the product stays in fp32 and the weight is stored less one */
        am_hold(tape, wide);
        am_var offset = am_unary(tape, AM_OP_ADD_SCALAR, am_to(tape, weight, AM_FP32));
        am_label(tape, offset, "1 + weight");
        am_var product = am_binary(tape, AM_OP_MUL, normal, offset);
        y = am_to(tape, product, dtype);
        am_hold(tape, x, product);
    } else {
        am_var narrow = am_to(tape, normal, dtype);
        am_label(tape, narrow, "normalised input");
        y = am_binary(tape, AM_OP_MUL, weight, narrow);
        am_hold(tape, x, variance, normal);
    }
    tape->module = module;
    return am_label(tape, y, "normed input");
}

/* A layer norm in Python, without a bias; on heads its weight is [heads, d]. */
am_var am_hf_cohere_norm(am_build *build, am_var x, const char *path)
{
    am_tape *tape = build->tape;
    am_module module = enter(build, path, AM_C_NORM);
    am_shape shape = am_shape_of(tape, x), own = AM_SHAPE(shape.dim[shape.rank - 1]);
    if (shape.rank == 4) own = AM_SHAPE(shape.dim[2], shape.dim[3]);
    am_var weight = am_weight(build, own, "weight"), wide = am_to(tape, x, AM_FP32), mean = am_mean_last(tape, wide);
    am_var centred = am_label(tape, am_binary(tape, AM_OP_SUB, wide, mean), "centred input");
    am_var variance = am_mean_last(tape, am_unary(tape, AM_OP_POW, centred));
    centred = am_label(tape, am_binary(tape, AM_OP_SUB, wide, mean), "centred input");
    am_var scale = am_unary(tape, AM_OP_RSQRT, am_unary(tape, AM_OP_ADD_SCALAR, variance));
    am_label(tape, scale, "1 / standard deviation");
    am_var normal = am_label(tape, am_binary(tape, AM_OP_MUL, centred, scale), "normalised input");
    am_hold(tape, wide);
    am_var weight32 = am_to(tape, weight, AM_FP32);
    if (weight32 != weight) am_label(tape, weight32, "weight in fp32");
    am_var product = am_binary(tape, AM_OP_MUL, weight32, normal);
    am_var y = am_to(tape, product, tape->tensor[x].dtype);
    am_hold(tape, x, mean, variance, product);
    tape->module = module;
    return am_label(tape, y, "normed input");
}

am_var am_hf_layer_norm(am_build *build, am_var x, const char *path)
{
    am_tape *tape = build->tape;
    am_module module = enter(build, path, AM_C_NORM);
    am_dim width = am_shape_of(tape, x).dim[tape->tensor[x].rank - 1];
    am_var weight = am_weight(build, AM_SHAPE(width), "weight");
    am_var bias = AM_LATER(am_wiring_of(build->config)->bare_norm) ? 0 : am_weight(build, AM_SHAPE(width), "bias");
    am_var y = am_label(tape, am_layer_norm(tape, x, weight, bias), "normed input");
    tape->module = module;
    return y;
}

/* Nemotron's, whose weight is stored less one; under autocast all of it in the type of products. */
am_var am_hf_nemotron_norm(am_build *build, am_var x, const char *path)
{
    am_tape *tape = build->tape;
    const uint8_t autocast = tape->autocast;
    const int dtype = autocast == AM_DTYPE_COUNT ? tape->tensor[x].dtype : autocast;
    am_module module = enter(build, path, AM_C_NORM);
    am_var more = am_unary(tape, AM_OP_ADD_SCALAR, am_weight(build, AM_SHAPE(build->h), "weight"));
    am_var own = am_to(tape, x, dtype), weight = am_label(tape, am_to(tape, more, dtype), "weight + 1");
    am_var bias = am_to(tape, am_weight(build, AM_SHAPE(build->h), "bias"), dtype);
    am_hold(tape, more);
    if (own != x) am_label(tape, own, "input, cast");
    tape->autocast = AM_DTYPE_COUNT;
    am_var y = am_label(tape, am_layer_norm(tape, own, weight, bias), "normed input");
    tape->autocast = autocast;
    am_hold(tape, own, weight, bias);
    tape->module = module;
    return y;
}

/* The same without a weight, in fp32. */
am_var am_hf_bare_norm(am_build *build, am_var x, const char *path)
{
    am_tape *tape = build->tape;
    am_module module = enter(build, path, AM_C_NORM);
    am_var wide = am_to(tape, x, AM_FP32);
    if (wide != x) am_label(tape, wide, "input in fp32");
    am_var normal = am_layer_norm(tape, wide, 0, 0), y = am_to(tape, normal, tape->tensor[x].dtype);
    tape->module = module;
    return am_label(tape, y, "normed input");
}

/* ---- positions, rotary tables, masks ---- */

void am_hf_positions(am_build *build)
{
    am_tape *tape = build->tape;
    am_var range = am_raw(tape, AM_OP_ARANGE, AM_SHAPE(build->s), AM_I64, 0, 0, 0, 0);
    build->position_ids = am_raw(tape, AM_OP_ADD_SCALAR, AM_SHAPE(build->one, build->s), AM_I64, range, 0, 0, 0);
    am_label(tape, build->position_ids, "position ids");
}

/* Cosines and sines as complex numbers, in fp32: torch.polar, times a number. */
static void complex_table(am_build *build, am_var angle)
{
    am_tape *tape = build->tape;
    am_dim one = build->one;
    am_shape shape = AM_SHAPE(one, build->s, build->half);
    am_var ones = am_raw(tape, AM_OP_FULL, shape, AM_FP32, 0, 0, 0, 0);
    am_var table = am_raw(tape, AM_OP_POLAR, shape, AM_C64, ones, angle, 0, 0);
    table = am_label(tape, am_raw(tape, AM_OP_MUL_SCALAR, shape, AM_C64, table, 0, 0, 0), "rotary positions, complex");
    am_hold(tape, angle);
    build->cos = am_view(tape, table, AM_SHAPE(one, one, build->s, build->half));
}

void am_hf_rotary_tables(am_build *build)
{
    am_tape *tape = build->tape;
    am_dim one = build->one;
    am_var positions = am_to(tape, build->position_ids, AM_FP32);
    am_var angle = am_raw(tape, AM_OP_MUL_SCALAR, AM_SHAPE(one, build->s, build->half), AM_FP32, positions, 0, 0, 0);
    am_rotary_code code = (am_rotary_code)am_wiring_of(build->config)->rotary_code;
    if (AM_LATER(code == AM_ROTARY_COMPLEX)) {
        complex_table(build, angle);
        return;
    }
    bool half = AM_LATER(code == AM_ROTARY_CHUNKS);
    am_op twice = code == AM_ROTARY_PAIRS_FP32 ? AM_OP_CLONE : AM_OP_CAT; /* side by side, or one behind another */
    am_dim width = half ? build->half : build->rotary;
    am_shape shape = AM_SHAPE(one, build->s, width);
    am_var both = half ? angle : am_raw(tape, twice, shape, AM_FP32, angle, 0, 0, 0);
    am_var wide[2], table[2];
    for (int i = 0; i < 2; i++) {
        am_var f = am_raw(tape, i ? AM_OP_SIN : AM_OP_COS, shape, AM_FP32, both, 0, 0, 0);
        wide[i] = am_raw(tape, AM_OP_MUL_SCALAR, shape, AM_FP32, f, 0, 0, 0);
    }
    bool wide_tables = code == AM_ROTARY_FP32 || AM_LATER(code == AM_ROTARY_PAIRS_WIDE);
    int dtype = wide_tables ? AM_FP32 : tape->tensor[build->embedding].dtype;
    for (int i = 0; i < 2; i++) table[i] = am_to(tape, wide[i], dtype);
    am_hold(tape, angle, both, wide[0], wide[1]);
    am_shape broadcast = AM_SHAPE(one, one, build->s, width);
    build->cos = am_view(tape, am_label(tape, table[0], "rotary cosines"), broadcast);
    build->sin = am_view(tape, am_label(tape, table[1], "rotary sines"), broadcast);
}

/* What masking_utils makes: additive for eager; boolean for scaled_dot_product_attention, and there only where a window
 * is reached. */
am_var am_hf_causal_mask(am_build *build)
{
    return am_hf_window_mask(build, build->config->sliding_window);
}

am_var am_hf_window_mask(am_build *build, int64_t window)
{
    am_tape *tape = build->tape;
    const am_config *config = build->config;
    bool eager = config->attention == AM_EAGER;
    bool causal_alone = !eager && (window == 0 || config->seq < window) && !AM_LATER(am_wiring_of(config)->masked);
    if (config->attention == AM_FLASH || causal_alone) return 0;
    am_dim one = build->one;
    am_shape square = AM_SHAPE(one, one, build->s, build->s);
    am_var batch = am_raw(tape, AM_OP_ARANGE, AM_SHAPE(build->b), AM_I64, 0, 0, 0, 0);
    am_var head = am_raw(tape, AM_OP_ARANGE, AM_SHAPE(one), AM_I64, 0, 0, 0, 0), range[2];
    for (int i = 0; i < 2; i++) {
        am_var a = am_raw(tape, AM_OP_ARANGE, AM_SHAPE(build->s), AM_I64, 0, 0, 0, 0);
        range[i] = am_raw(tape, AM_OP_ADD_SCALAR, AM_SHAPE(build->s), AM_I64, a, 0, 0, 0);
    }
    am_var inside = 0;
    if (window) {
        am_var yes = am_raw(tape, AM_OP_FULL, AM_SCALAR, AM_BOOL, 0, 0, 0, 0);
        am_var first = am_raw(tape, AM_OP_SUB, AM_SHAPE(build->s), AM_I64, range[0], 0, 0, 0);
        am_var after = am_raw(tape, AM_OP_COMPARE, square, AM_BOOL, range[1], first, 0, 0);
        am_hold(tape, first);
        inside = am_raw(tape, AM_OP_AND, square, AM_BOOL, yes, after, 0, 0);
        am_hold(tape, after, yes);
    }
    am_var mask = am_raw(tape, AM_OP_COMPARE, square, AM_BOOL, range[0], range[1], 0, 0);
    if (window) {
        am_var causal = mask;
        mask = am_raw(tape, AM_OP_AND, square, AM_BOOL, inside, causal, 0, 0);
        am_hold(tape, inside, causal);
    }
    am_hold(tape, batch, head, range[0], range[1]);
    am_label(tape, mask, "attention mask");
    if (!eager) return mask;
    int dtype = tape->tensor[build->embedding].dtype;
    am_var zero = am_raw(tape, AM_OP_FULL, AM_SCALAR, dtype, 0, 0, 0, 0),
           least = am_raw(tape, AM_OP_FULL, AM_SCALAR, dtype, 0, 0, 0, 0);
    am_var additive =
        am_raw(tape, AM_OP_WHERE, AM_SHAPE(build->b, one, build->s, build->s), dtype, mask, zero, least, 0);
    return am_label(tape, additive, "attention mask");
}

/* ---- attention ---- */

am_var am_hf_rotate(am_build *build, am_var x)
{
    am_tape *tape = build->tape;
    const char *name = tape->storage[tape->tensor[x].storage].name;
    am_var straight = am_binary(tape, AM_OP_MUL, x, build->cos);
    am_var left = am_slice(tape, x, build->half), right = am_slice(tape, x, build->half);
    am_var turned = am_cat(tape, am_unary(tape, AM_OP_NEG, right), left, build->rotary);
    am_var y = am_binary(tape, AM_OP_ADD, straight, am_binary(tape, AM_OP_MUL, turned, build->sin));
    return am_label(tape, y, name);
}

am_var am_hf_rotate_pairs(am_build *build, am_var x)
{
    am_tape *tape = build->tape;
    const char *name = tape->storage[tape->tensor[x].storage].name;
    bool wide = AM_LATER(am_wiring_of(build->config)->rotary_code == AM_ROTARY_PAIRS_WIDE);
    am_var straight = am_binary(tape, AM_OP_MUL, wide ? am_to(tape, x, AM_FP32) : x, build->cos);
    am_var even = am_slice_every(tape, x, build->half, 2), odd = am_slice_every(tape, x, build->half, 2);
    am_shape shape = am_shape_of(tape, x), pair = shape;
    pair.rank = 5;
    pair.dim[3] = build->half;
    pair.dim[4] = build->one;
    odd = am_view(tape, am_unary(tape, AM_OP_NEG, odd), pair);
    even = am_view(tape, even, pair);
    am_var turned = am_stack_last(tape, odd, even, am_number_dim(build, 2));
    turned = am_view(tape, turned, shape);
    if (wide) turned = am_to(tape, turned, AM_FP32);
    am_var y = am_binary(tape, AM_OP_ADD, straight, am_binary(tape, AM_OP_MUL, turned, build->sin));
    return am_label(tape, y, name);
}

am_var am_hf_interleave(am_build *build, am_var table)
{
    am_tape *tape = build->tape;
    const char *name = tape->storage[tape->tensor[table].storage].name;
    am_var y = am_raw(tape, AM_OP_CLONE, am_shape_of(tape, table), tape->tensor[table].dtype, table, 0, 0, 0);
    return am_label(tape, y, name);
}

void am_hf_rotate_part(am_build *build, am_var *q, am_var *k, am_var kept[4])
{
    am_tape *tape = build->tape;
    am_rotary_code code = (am_rotary_code)am_wiring_of(build->config)->rotary_code;
    am_dim rest = am_symbol_dim(build, AM_REST);
    am_var *x[2] = {q, k};
    for (int i = 0; i < 2; i++) {
        kept[i] = am_slice(tape, *x[i], build->rotary);
        kept[i + 2] = am_slice(tape, *x[i], rest);
    }
    for (int i = 0; i < 2; i++) {
        kept[i] = code == AM_ROTARY_PAIRS_PART ? am_hf_rotate_pairs(build, kept[i]) : am_hf_rotate(build, kept[i]);
        if (code == AM_ROTARY_PART_EACH) *x[i] = am_cat(tape, kept[i], kept[i + 2], build->d);
    }
    for (int i = 0; i < 2 && code != AM_ROTARY_PART_EACH; i++)
        *x[i] = am_cat(tape, kept[i], kept[i + 2], build->d);
    if (AM_LATER(code == AM_ROTARY_PART_AT_ONCE)) am_hold_list(tape, 2, kept);
    am_label(tape, *q, "query, rotated");
    am_label(tape, *k, "key, rotated");
}

/* expand().reshape(): a copy for two or more key heads, a view for one. */
am_var am_hf_repeat_kv(am_build *build, am_var x)
{
    am_tape *tape = build->tape;
    if (build->config->heads == build->config->kv_heads) return x;
    am_dim groups = am_dim_quotient(tape->extents, build->a, AM_K);
    am_dim b = build->b, k = build->k, s = build->s, d = build->d;
    am_var y = am_expand(tape, am_view(tape, x, AM_SHAPE(b, k, build->one, s, d)), AM_SHAPE(b, k, groups, s, d));
    return am_reshape(tape, y, AM_SHAPE(b, build->a, s, d));
}

am_var am_hf_eager(am_build *build, am_var q, am_var k, am_var v, bool upcast, am_var *weights)
{
    am_tape *tape = build->tape;
    int dtype = upcast ? tape->tensor[q].dtype : tape->tensor[v].dtype;
    am_var transposed = am_transpose(tape, k, 2, 3);
    am_var scores = am_unary(tape, AM_OP_MUL_SCALAR, am_matmul(tape, q, transposed));
    if (build->config->attention_softcap) scores = am_hf_soft_cap(build, scores, "scores, capped");
    am_var masked = am_binary(tape, AM_OP_ADD, scores, build->mask);
    am_var wide = upcast ? am_to(tape, masked, AM_FP32) : am_cast(tape, AM_OP_SOFTMAX, masked);
    am_var soft = am_softmax(tape, AM_OP_SOFTMAX, wide);
    am_label(tape, soft, "attention weights");
    am_var narrow = am_to(tape, soft, dtype);
    if (narrow != soft) am_label(tape, narrow, "attention weights, cast back");
    am_hold(tape, masked);
    *weights = am_dropout(tape, narrow, build->config->attention_dropout);
    if (*weights != narrow) am_label(tape, *weights, "attention weights after dropout");
    return am_label(tape, am_matmul(tape, *weights, v), "attention output");
}

/* FlashAttention-2 is told of the layer's window; scaled_dot_product_attention would be given a mask. */
static am_var flash_kernel(am_build *build, am_var q, am_var k, am_var v)
{
    am_tape *tape = build->tape;
    const am_config *config = build->config;
    am_var y = am_attention(tape, AM_OP_FLASH_ATTENTION, q, k, v, 0);
    uint8_t rule = am_wiring_of(config)->window;
    bool has_window = rule == AM_WINDOW_ALL || (rule == AM_WINDOW_FIRST_KIND && build->kind == 0);
    tape->window = config->sliding_window;
    tape->instruction[tape->instructions - 1].windowed =
        config->attention == AM_FLASH && has_window && config->sliding_window > 0;
    return y;
}

/* The flash kernels take heads of a multiple of 8: others are padded, and the output is cut back. */
am_var am_flash_attention(am_build *build, am_var q, am_var k, am_var v)
{
    am_tape *tape = build->tape;
    if (build->config->head_dim % 8 == 0) return flash_kernel(build, q, k, v);
    am_dim width = am_symbol_dim(build, AM_D8);
    am_var padded[] = {am_pad(tape, q, width), am_pad(tape, k, width), am_pad(tape, v, width)};
    am_var y = am_slice(tape, flash_kernel(build, padded[0], padded[1], padded[2]), build->d);
    am_hold(tape, padded[0], padded[1], padded[2]);
    return y;
}

/* transformers' FlashAttention-2 pads values that are narrower than keys. */
static am_var flash_narrow_values(am_build *build, am_var q, am_var k, am_var v)
{
    am_tape *tape = build->tape;
    am_dim width = am_shape_of(tape, v).dim[3];
    am_var wide = am_pad(tape, v, build->d), y = am_slice(tape, am_flash_attention(build, q, k, wide), width);
    am_hold(tape, wide);
    return y;
}

/* ATen makes a boolean mask additive, anew in each call and for each sequence of the batch. */
am_var am_sdpa_mask(am_build *build, am_var mask, int dtype)
{
    am_tape *tape = build->tape;
    am_var least = am_raw(tape, AM_OP_FULL, AM_SCALAR, dtype, 0, 0, 0, 0);
    am_var zero = am_raw(tape, AM_OP_FULL, AM_SCALAR, dtype, 0, 0, 0, 0);
    mask = am_raw(tape, AM_OP_WHERE, AM_SHAPE(build->b, build->one, build->s, build->s), dtype, mask, zero, least, 0);
    am_hold(tape, least);
    return am_label(tape, mask, "attention mask, made additive");
}

static am_var attend(am_build *build, am_var query, am_var key, am_var value, am_var mask)
{
    am_tape *tape = build->tape;
    bool even = build->config->v_head_dim == build->config->head_dim;
    if (!even && build->config->attention == AM_FLASH) return flash_narrow_values(build, query, key, value);
    bool flash = build->config->attention != AM_EFFICIENT && !mask && tape->tensor[query].dtype != AM_FP32 &&
                 build->config->head_dim <= AM_WIDEST_HEAD && even;
    if (flash) return am_flash_attention(build, query, key, value);
    if (mask) mask = am_sdpa_mask(build, mask, tape->tensor[query].dtype);
    return am_attention(tape, AM_OP_EFFICIENT_ATTENTION, query, key, value, mask);
}

am_var am_sdpa(am_build *build, am_var q, am_var k, am_var v, am_var mask)
{
    const am_var given[3] = {q, k, v};
    am_var cast[3];
    for (int i = 0; i < 3; i++) cast[i] = am_cast(build->tape, AM_OP_FLASH_ATTENTION, given[i]);
    am_var y = attend(build, cast[0], cast[1], cast[2], mask);
    am_hold_cast(build->tape, 3, given, cast);
    return y;
}

am_var am_hf_attend(am_build *build, am_var q, am_var k, am_var v)
{
    am_tape *tape = build->tape;
    /* the kernels are given grouped heads only without a mask and up to a width (use_gqa_in_sdpa); a single token's
     * query heads are packed onto the key heads instead (pack_gqa) */
    bool grouped = build->config->heads != build->config->kv_heads;
    bool repeat = grouped && (build->mask || build->config->head_dim > AM_WIDEST_HEAD),
         pack = repeat && build->config->seq == 1;
    am_dim groups = am_dim_quotient(tape->extents, build->a, AM_K);
    if (pack) q = am_reshape(tape, q, AM_SHAPE(build->b, build->k, groups, build->d));
    bool copy = repeat && !pack;
    am_var keys = copy ? am_hf_repeat_kv(build, k) : k, values = copy ? am_hf_repeat_kv(build, v) : v;
    am_var y = am_sdpa(build, q, keys, values, build->mask);
    if (pack) y = am_reshape(tape, y, AM_SHAPE(build->b, build->a, build->s, build->d));
    am_hold(tape, k, v, keys, values);
    return y;
}

/* Keys and values are held by the function that repeats them. */
am_var am_hf_core(am_build *build, am_var q, am_var k, am_var v, am_var *weights)
{
    am_tape *tape = build->tape;
    if (build->config->attention != AM_EAGER)
        return am_contiguous(tape, am_transpose(tape, am_hf_attend(build, q, k, v), 1, 2));
    am_var keys = am_hf_repeat_kv(build, k), values = am_hf_repeat_kv(build, v);
    bool sinks = AM_LATER(am_wiring_of(build->config)->traits & AM_T_SINKS);
    am_var y = sinks ? am_hf_attend_with_sinks(build, q, keys, values, weights)
                     : am_hf_eager(build, q, keys, values, true, weights);
    if (!sinks) y = am_contiguous(tape, am_transpose(tape, y, 1, 2));
    am_hold(tape, keys, values);
    return y;
}

am_var am_hf_soft_cap(am_build *build, am_var x, const char *name)
{
    am_tape *tape = build->tape;
    am_var y = am_unary(tape, AM_OP_TANH, am_unary(tape, AM_OP_DIV_SCALAR, x));
    am_label(tape, y, name);
    return am_unary(tape, AM_OP_MUL_SCALAR, y);
}

/* ---- activations and the plain MLP ---- */

/* transformers' NewGELUActivation, in Python: 0.5·x · (1 + tanh(√(2/π)·(x + 0.044715·x³))); and FastGELUActivation:
 * 0.5·x · (1 + tanh(x·√(2/π) · (1 + 0.044715·x · x))). */
static am_var python_gelu(am_build *build, am_var x, bool fast)
{
    am_tape *tape = build->tape;
    am_var half = am_label(tape, am_unary(tape, AM_OP_MUL_SCALAR, x), "half the input"), inner;
    if (fast) {
        am_var scaled = am_label(tape, am_unary(tape, AM_OP_MUL_SCALAR, x), "input, scaled");
        inner = am_label(tape, am_unary(tape, AM_OP_MUL_SCALAR, x), "input, scaled");
        inner = am_unary(tape, AM_OP_ADD_SCALAR, am_binary(tape, AM_OP_MUL, inner, x));
        inner = am_binary(tape, AM_OP_MUL, scaled, am_label(tape, inner, "1 + scaled square"));
    } else {
        inner = am_unary(tape, AM_OP_MUL_SCALAR, am_unary(tape, AM_OP_POW, x));
        inner = am_unary(tape, AM_OP_MUL_SCALAR, am_binary(tape, AM_OP_ADD, x, inner));
    }
    am_var tanh = am_label(tape, am_unary(tape, AM_OP_TANH, inner), "tanh");
    am_var factor = am_label(tape, am_unary(tape, AM_OP_ADD_SCALAR, tanh), "1 + tanh");
    am_var y = am_binary(tape, AM_OP_MUL, half, factor);
    am_hold(tape, x);
    return y;
}

/* transformers' XIELUActivation, in Python: αₚ·x·x + β·x above 0, else (expm1(min(x, ε)) - x)·αₙ + β·x. Each α is the softplus of a
 * parameter, β and ε are buffers of one element. */
static am_var xielu(am_build *build, am_var x)
{
    am_tape *tape = build->tape;
    am_dim one = build->one;
    am_var above = am_label(tape, am_unary(tape, AM_OP_SOFTPLUS, am_weight(build, AM_SHAPE(one), "alpha_p")), "alpha_p");
    am_var below = am_label(tape, am_unary(tape, AM_OP_SOFTPLUS, am_weight(build, AM_SHAPE(one), "alpha_n")), "alpha_n");
    below = am_label(tape, am_unary(tape, AM_OP_ADD_SCALAR, below), "alpha_n");
    am_var positive = am_raw(tape, AM_OP_COMPARE, am_shape_of(tape, x), AM_BOOL, x, 0, 0, 0);
    am_label(tape, positive, "where the input is positive");
    am_var square = am_label(tape, am_binary(tape, AM_OP_MUL, above, x), "alpha_p × input");
    square = am_binary(tape, AM_OP_MUL, square, x);
    square = am_binary(tape, AM_OP_ADD, square, am_unary(tape, AM_OP_MUL_SCALAR, x));
    am_var exponential = am_unary(tape, AM_OP_EXPM1, am_minimum(tape, x, am_buffer(tape, AM_SCALAR, build->dtype, "eps")));
    exponential = am_binary(tape, AM_OP_SUB, am_label(tape, exponential, "exponential less 1"), x);
    exponential = am_binary(tape, AM_OP_MUL, am_label(tape, exponential, "exponential less 1 and input"), below);
    exponential = am_binary(tape, AM_OP_ADD, exponential, am_unary(tape, AM_OP_MUL_SCALAR, x));
    am_var y = am_either(tape, positive, square, exponential);
    am_hold(tape, x, above, below);
    return y;
}

am_var am_hf_activation(am_build *build, am_var x, int64_t activation)
{
    am_tape *tape = build->tape;
    am_var y;
    switch (activation) {
    case AM_GELU_NEW: y = python_gelu(build, x, false); break;
    case AM_GELU_FAST: y = python_gelu(build, x, true); break;
    case AM_SWIGLU:
    case AM_SILU: y = am_unary(tape, AM_OP_SILU, x); break;
    case AM_RELU: y = am_unary(tape, AM_OP_RELU, x); break;
    case AM_RELU2: y = am_unary(tape, AM_OP_POW, am_label(tape, am_unary(tape, AM_OP_RELU, x), "ReLU")); break;
    case AM_XIELU: y = AM_LATER(true) ? xielu(build, x) : 0; break;
    default: y = am_unary(tape, AM_OP_GELU, x); break;
    }
    return am_label(tape, y, "activated");
}

am_var am_hf_mlp(am_build *build, am_var x, const am_mlp *mlp)
{
    am_tape *tape = build->tape;
    bool bias = build->config->mlp_bias;
    am_module module = enter(build, mlp->module ? mlp->module : tape->module.path, AM_C_MLP);
    am_var up = mlp->conv ? am_hf_conv1d(build, x, mlp->up, AM_C_MLP, build->f, AM_TARGET_UP)
                          : am_hf_linear(build, x, mlp->up, AM_C_MLP, build->f, bias, AM_TARGET_UP);
    am_label(tape, up, "up");
    am_module inside = enter(build, mlp->act, AM_C_MLP);
    am_var active = am_hf_activation(build, up, build->config->activation);
    am_hold(tape, up);
    tape->module = inside;
    am_var y = mlp->conv ? am_hf_conv1d(build, active, mlp->down, AM_C_MLP, build->h, AM_TARGET_DOWN)
                         : am_hf_linear(build, active, mlp->down, AM_C_MLP, build->h, bias, AM_TARGET_DOWN);
    am_label(tape, y, "MLP block's output");
    am_hold(tape, active, mlp->module ? x : 0);
    tape->module = module;
    return y;
}
