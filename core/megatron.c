/* stack=megatron-local and stack=megatron: Megatron-Core's GPT layers without and with Transformer Engine, operation by
 * operation, with a hold where that code keeps a value alive. Tensors are [s, b, …]. Source: Megatron-Core 0.16.1,
 * transformer/transformer_layer.py, attention.py, dot_product_attention.py and mlp.py, tensor_parallel/layers.py and
 * cross_entropy.py; Transformer Engine 2.20, pytorch/module/layernorm_linear.py, linear.py, attention/rope.py and
 * dot_product_attention/backends.py and utils.py; flash-attn 2's flash_attn_interface.py. */
#include "bytes.h"
#include "megatron.h"
#include "proven.h"
#include "record.h"

bool am_megatron_has_engine(const am_build *build)
{
    return build->config->stack == AM_STACK_MEGATRON;
}

/* A rank's share under tensor parallelism. Sums over ranks are made in place. */
am_dim am_megatron_share(am_build *build, am_dim x)
{
    return build->config->tp > 1 ? am_dim_quotient(build->tape->extents, x, AM_TP) : x;
}

/* Tokens of the residual stream in this rank's sequences: under sequence parallelism, of norms, dropouts and the inputs of
 * linear layers. */
am_dim am_megatron_stream(am_build *build)
{
    return build->config->sp ? am_megatron_share(build, build->s) : build->s;
}

/* ---- modules ---- */

am_var am_megatron_norm(am_build *build, am_var x, const char *path, am_dim width)
{
    am_tape *tape = build->tape;
    am_module module = am_enter(tape, path, AM_C_NORM);
    am_shape shape = AM_SHAPE(width);
    am_var weight = am_weight(build, shape, "weight");
    am_var y = build->config->norm == AM_RMSNORM ? am_rms_norm(tape, x, weight)
                                                 : am_layer_norm(tape, x, weight, am_weight(build, shape, "bias"));
    tape->module = module;
    return am_label(tape, y, "normed input");
}

/* A norm that may let go of its output (--recompute-modules layernorm). *region: for let_go. fused: Transformer Engine has it
 * in the linear layer behind it. */
static am_var norm_apart(am_build *build, am_var x, const char *path, bool fused, uint16_t *region)
{
    am_tape *tape = build->tape;
    *region = 0;
    if (fused) return x;
    if (!(build->record.modules & AM_MODULE_LAYERNORM)) return am_megatron_norm(build, x, path, build->h);
    am_region_begin(tape, x, 0, NULL);
    am_var y = am_megatron_norm(build, x, path, build->h);
    *region = tape->open_region;
    am_region_end(tape, y);
    return y;
}

/* The output of such a norm has been used; it is made again once the gradient of what it was used for is there. */
static void let_go(am_build *build, uint16_t region, am_var used)
{
    if (region) am_region_discard(build->tape, region, used);
}

/* TELayerNormColumnParallelLinear; later as below. */
am_var am_megatron_norm_linear(am_build *build, am_var x, const char *path, am_component component, am_dim out,
                               bool bias, am_var *later)
{
    am_tape *tape = build->tape;
    am_module module = am_enter(tape, path, component);
    am_dim in = am_shape_of(tape, x).dim[2];
    am_shape width = AM_SHAPE(in);
    am_var norm_weight = am_weight(build, width, "weight");
    am_var norm_bias = build->config->norm == AM_LAYERNORM ? am_weight(build, width, "bias") : 0;
    am_var weight = am_weight(build, AM_SHAPE(out, in), "weight");
    am_var added = bias ? am_weight(build, AM_SHAPE(out), "bias") : 0;
    if (later) *later = added;
    am_dim gathered = build->config->sp ? build->s : 0;
    am_var y = am_norm_linear(tape, x, gathered, weight, norm_weight, norm_bias, later ? 0 : added);
    tape->module = module;
    return y;
}

/* x · weightᵀ of the whole sequences, of which x may be this rank's part. Megatron-Core's own; then Transformer Engine's. */
static am_var product(am_build *build, am_var x, am_var weight, am_var bias)
{
    if (build->config->sp) return am_sequence_linear(build->tape, x, build->s, build->scratch, weight, bias);
    return am_parallel_linear(build->tape, AM_OP_PARALLEL_LINEAR, x, weight, bias);
}

static am_var engine_product(am_build *build, am_var x, am_var weight)
{
    if (build->config->sp) return am_gather_linear(build->tape, x, build->s, weight);
    return am_parallel_linear(build->tape, AM_OP_LINEAR, x, weight, 0);
}

/* ColumnParallelLinear, with Transformer Engine without a bias; *later: a bias that is left to the next kernel. Megatron's own
 * passes its input through _CopyToModelParallelRegion where the product has nothing to reduce: a node of the graph. */
am_var am_megatron_column_linear(am_build *build, am_var x, const char *path, am_component component, am_dim out,
                                 bool bias, am_var *later)
{
    am_tape *tape = build->tape;
    am_module module = am_enter(tape, path, component);
    am_var weight = am_weight(build, AM_SHAPE(out, am_shape_of(tape, x).dim[2]), "weight");
    am_var added = bias ? am_weight(build, AM_SHAPE(out), "bias") : 0;
    if (later) *later = added;
    if (build->config->tp == 1 && !am_megatron_has_engine(build)) x = am_view(tape, x, am_shape_of(tape, x));
    am_var y =
        am_megatron_has_engine(build) ? engine_product(build, x, weight) : product(build, x, weight, later ? 0 : added);
    tape->module = module;
    return y;
}

/* RowParallelLinear, whose bias is left to the next kernel. */
am_var am_megatron_row_linear(am_build *build, am_var x, const char *path, am_component component, bool bias,
                              am_var *later)
{
    am_tape *tape = build->tape;
    am_module module = am_enter(tape, path, component);
    am_var weight = am_weight(build, AM_SHAPE(build->h, am_shape_of(tape, x).dim[2]), "weight");
    *later = bias ? am_weight(build, AM_SHAPE(build->h), "bias") : 0;
    bool engine = am_megatron_has_engine(build), sp = build->config->sp;
    am_var y = engine && sp ? am_scatter_linear(tape, x, am_megatron_stream(build), weight)
                            : am_parallel_linear(tape, engine ? AM_OP_LINEAR : AM_OP_PARALLEL_LINEAR, x, weight, 0);
    if (sp && !engine) y = am_reduce_scatter(tape, y, am_megatron_stream(build));
    tape->module = module;
    return y;
}

/* The linear layer behind a norm: with Transformer Engine it is one with it, and takes what the norm takes. */
static am_var first_linear(am_build *build, am_var x, const char *path, am_component component, am_dim out, bool bias,
                           am_var *later)
{
    return (am_megatron_has_engine(build) ? am_megatron_norm_linear
                                          : am_megatron_column_linear)(build, x, path, component, out, bias, later);
}

/* bias_dropout_add runs with gradients enabled in a checkpointed forward too: the bias requires one, so that the graph
 * behind the hidden state keeps the masks until the region ends. */
static void keep_mask(am_build *build, am_var mask)
{
    am_tape *tape = build->tape;
    if (build->mask_region != tape->open_region) build->masks = 0;
    build->mask_region = tape->open_region;
    if (tape->open_region && AM_ALWAYS(build->masks < AM_MAX_MASKS)) build->kept_mask[build->masks++] = mask;
}

/* bias_dropout_add, one compiled kernel. */
static am_var bias_dropout_add(am_build *build, am_var x, am_var bias, am_var residual)
{
    am_tape *tape = build->tape;
    am_var y = bias ? am_transient(tape, am_binary(tape, AM_OP_ADD, x, bias)) : x;
    am_var dropped = am_dropout(tape, y, build->config->dropout);
    if (dropped != y) {
        am_transient(tape, dropped);
        if (bias) keep_mask(build, (am_var)(dropped + 1)); /* made with the result, behind it */
    }
    am_var sum = am_label(tape, am_binary(tape, AM_OP_ADD, residual, dropped), "hidden state");
    am_hold(tape, x);
    return sum;
}

/* ---- attention ---- */

/* One rotation in _apply_rotary_pos_emb_bshd: x·cos + turned·sin, with tables made for this call, and a part that is not
 * rotated and empty. */
am_var am_megatron_rotate(am_build *build, am_var x)
{
    am_tape *tape = build->tape;
    bool latent = build->config->kv_rank > 0;
    if (am_megatron_has_engine(build) && !latent) return am_fused_rope(tape, x, build->cos);
    am_dim none = am_number_dim(build, 0);
    am_var whole = am_slice(tape, x, build->rotary), rest = am_slice(tape, x, none), table[2];
    if (latent) {
        am_var even = am_slice_every(tape, whole, build->half, 2), odd = am_slice_every(tape, whole, build->half, 2);
        whole = am_cat(tape, even, odd, build->rotary);
    }
    static const char *const names[] = {"rotary cosines", "rotary sines"};
    for (int i = 0; i < 2; i++) {
        am_shape shape = am_shape_of(tape, build->cos);
        am_var f = am_raw(tape, i ? AM_OP_SIN : AM_OP_COS, shape, AM_FP32, build->cos, 0, 0, 0);
        f = am_raw(tape, AM_OP_MUL_SCALAR, shape, AM_FP32, f, 0, 0, 0);
        table[i] = am_label(tape, am_to(tape, f, tape->tensor[x].dtype), names[i]);
    }
    am_var straight = am_binary(tape, AM_OP_MUL, whole, table[0]), half[2];
    am_dim halves[] = {build->half, build->half};
    am_split(tape, whole, 2, halves, half);
    am_var turned = am_cat(tape, am_unary(tape, AM_OP_NEG, half[1]), half[0], build->rotary);
    am_var sum = am_binary(tape, AM_OP_ADD, straight, am_binary(tape, AM_OP_MUL, turned, table[1]));
    am_hold(tape, whole);
    am_var y = am_cat(tape, sum, rest, build->rotary);
    am_hold(tape, sum, table[0], table[1]);
    return y;
}

/* FusedScaleMaskSoftmax.is_kernel_available for a causal mask. */
static bool has_softmax_kernel(am_build *build)
{
    const am_extent *of = build->tape->extents->of;
    int64_t s = of[build->s].n, matrices = of[am_megatron_share(build, build->a)].n * of[build->b].n;
    return s > 16 && s <= 4096 && s % 4 == 0 && matrices % 4 == 0 && matrices % (s > 128 ? 4 : 8) == 0;
}

/* FusedScaleMaskSoftmax on scores [b·a, s, s]; what has no kernel fills the scores with a mask made anew. */
static am_var masked_softmax(am_build *build, am_var scores)
{
    am_tape *tape = build->tape;
    am_module module = am_enter(tape, "self_attention.core_attention.scale_mask_softmax", AM_C_ATTENTION);
    am_var y;
    if (has_softmax_kernel(build)) {
        y = am_masked_softmax(tape, scores);
    } else {
        am_shape square = AM_SHAPE(build->s, build->s);
        am_var ones = am_raw(tape, AM_OP_FULL, square, AM_FP32, 0, 0, 0, 0);
        am_var above = am_raw(tape, AM_OP_FULL, square, AM_FP32, ones, 0, 0, 0);
        am_var mask = am_label(tape, am_raw(tape, AM_OP_COMPARE, square, AM_BOOL, above, 0, 0, 0), "causal mask");
        y = am_softmax(tape, AM_OP_SOFTMAX, am_fill(tape, AM_OP_FILL, scores, mask));
    }
    tape->module = module;
    return am_label(tape, y, "softmax output");
}

/* [s, b, k, d] with each head repeated for its queries. */
static am_var repeat_heads(am_build *build, am_var x)
{
    am_tape *tape = build->tape;
    if (build->config->heads == build->config->kv_heads) return x;
    am_dim s = build->s, b = build->b, d = build->d, groups = am_dim_quotient(tape->extents, build->a, AM_K);
    am_var y = am_expand(tape, am_view(tape, x, AM_SHAPE(s, b, am_megatron_share(build, build->k), build->one, d)),
                         AM_SHAPE(s, b, am_megatron_share(build, build->k), groups, d));
    return am_view(tape, am_clone(tape, y), AM_SHAPE(s, b, am_megatron_share(build, build->a), d));
}

/* DotProductAttention. */
static am_var core_eager(am_build *build, am_var q, am_var k, am_var v)
{
    am_tape *tape = build->tape;
    am_dim s = build->s, d = build->d, a = am_megatron_share(build, build->a), n = am_times(tape, build->b, a);
    am_var keys = repeat_heads(build, k), values = repeat_heads(build, v);
    if (values != v) am_label(tape, values, "value, repeated");
    q = am_transpose(tape, am_reshape(tape, q, AM_SHAPE(s, n, d)), 0, 1);
    k = am_transpose(tape, am_transpose(tape, am_view(tape, keys, AM_SHAPE(s, n, d)), 0, 1), 1, 2);
    am_var scores = am_baddbmm(tape, build->scratch, q, k);
    am_var weights = masked_softmax(build, scores);
    weights = am_view(tape, weights, AM_SHAPE(build->b, a, s, s));
    am_module module = am_enter(tape, "self_attention.core_attention.attention_dropout", AM_C_ATTENTION);
    am_var dropped = am_dropout(tape, weights, build->config->attention_dropout);
    tape->module = module;
    if (dropped != weights) am_label(tape, dropped, "softmax output after dropout");
    v = am_transpose(tape, am_view(tape, values, AM_SHAPE(s, n, d)), 0, 1);
    am_var y = am_bmm(tape, am_view(tape, dropped, AM_SHAPE(n, s, s)), v);
    y = am_transpose(tape, am_view(tape, y, AM_SHAPE(build->b, a, s, d)), 1, 2);
    y = am_label(tape, am_contiguous(tape, am_transpose(tape, y, 0, 1)), "attention output");
    am_hold(tape, scores, dropped, q, keys, values);
    return am_view(tape, y, AM_SHAPE(s, build->b, am_megatron_share(build, build->ad)));
}

/* Of all ranks of a context-parallel group; q, k and v [b, heads, s, d]. The kernel's tables of where sequences begin are cached:
 * those of whole sequences, which cuDNN's are made of, and of this rank's part and half of it. */
static am_var core_ring(am_build *build, am_var q, am_var k, am_var v)
{
    bool latent = build->config->kv_rank > 0;
    const am_ring_input input = {
        q, k, v, {build->lengths[latent], latent ? build->lengths[2] : 0}, am_symbol_dim(build, AM_CP)};
    am_dim pair = latent ? am_symbol_dim(build, AM_DU) : am_dim_for(build, 2, 1, AM_D, AM_SYMBOL_COUNT);
    return am_engine_ring(build->tape, &input, pair);
}

/* Does one kernel turn a packed query, key and value into parts of one tensor (_PrepareQKVForFA)? Of several ranks what the ring
 * keeps of the query then keeps all of it; of one, all three are kept in any case. */
static bool turns_together(const am_build *build, bool packed)
{
    const am_config *config = build->config;
    return packed && config->cp > 1 && config->head_dim == 128 && config->seq / config->cp * config->batch >= 512;
}

/* [s, b, heads, d] as [b, s, heads, d] in its place in such a tensor. */
static am_var turned_into(am_build *build, am_var x, am_var whole)
{
    am_tape *tape = build->tape;
    am_var y = am_transpose(tape, x, 0, 1);
    am_shape shape = am_shape_of(tape, y);
    int64_t stride[AM_MAX_RANK];
    am_layout_contiguous(shape.rank, tape->tensor[y].shape, stride);
    return am_tape_emit1(tape, AM_OP_CLONE, y, am_tape_alias(tape, whole, shape, stride));
}

/* DotProductAttention with its FlashAttention: what is no part of one packed tensor is made contiguous, then all of it is
 * turned to [b, s, heads, d]. */
static am_var core_engine(am_build *build, am_var q, am_var k, am_var v)
{
    am_tape *tape = build->tape;
    const am_config *config = build->config;
    bool packed = config->positions == AM_LEARNED && config->heads == config->kv_heads;
    static const char *const names[] = {"query", "key", "value"};
    const am_var given[] = {q, k, v};
    am_var own[3], turned[3], whole = 0;
    if (turns_together(build, packed)) {
        am_shape shape = am_shape_of(tape, q);
        whole = am_raw(tape, AM_OP_CLONE,
                       AM_SHAPE(am_number_dim(build, 3), shape.dim[1], shape.dim[0], shape.dim[2], shape.dim[3]),
                       build->dtype, q, k, v, 0);
        am_label(tape, whole, "query, key and value");
    }
    for (int i = 0; i < 3; i++) {
        own[i] = packed ? given[i] : am_contiguous(tape, given[i]);
        if (whole) {
            turned[i] = am_transpose(tape, turned_into(build, own[i], whole), 1, 2);
            continue;
        }
        am_var rows = am_contiguous(tape, am_transpose(tape, own[i], 0, 1));
        bool copied = tape->tensor[rows].storage != tape->tensor[given[i]].storage;
        if (copied) am_label(tape, rows, names[i]);
        turned[i] = am_transpose(tape, rows, 1, 2);
    }
    am_module module = am_enter(tape, "self_attention.core_attention.flash_attention", AM_C_ATTENTION);
    am_var y = config->cp > 1 ? core_ring(build, turned[0], turned[1], turned[2])
                              : am_attention(tape, AM_OP_FLASH_ATTN, turned[0], turned[1], turned[2], 0);
    tape->module = module;
    y = am_view(tape, am_transpose(tape, y, 1, 2), AM_SHAPE(build->b, build->s, am_megatron_share(build, build->ad)));
    y = am_contiguous(tape, am_transpose(tape, y, 0, 1));
    am_hold(tape, own[0], own[1], own[2], turned[0], turned[1], turned[2]);
    return y;
}

/* A kernel in core_attention's place that takes and gives [s, b, heads, …] as it is: PyTorch's flash kernel, or of keys wider
 * than values one such as cuDNN's in Transformer Engine. */
static am_var core_kernel(am_build *build, am_op kernel, am_var q, am_var k, am_var v)
{
    am_tape *tape = build->tape;
    am_var part[] = {q, k, v};
    for (int i = 0; i < 3; i++) part[i] = am_transpose(tape, am_transpose(tape, part[i], 0, 1), 1, 2);
    bool latent = build->config->kv_rank > 0;
    am_var y = am_megatron_has_engine(build) && build->config->cp > 1 ? core_ring(build, part[0], part[1], part[2])
               : kernel == AM_OP_FLASH_ATTENTION && !latent ? am_flash_attention(build, part[0], part[1], part[2])
                                                            : am_attention(tape, kernel, part[0], part[1], part[2], 0);
    y = am_transpose(tape, am_transpose(tape, y, 1, 2), 0, 1);
    am_dim width = am_times(tape, am_megatron_share(build, build->a), am_shape_of(tape, v).dim[3]);
    return am_reshape(tape, y, AM_SHAPE(build->s, build->b, width));
}

am_var am_megatron_core_attention(am_build *build, am_var q, am_var k, am_var v)
{
    am_tape *tape = build->tape;
    am_var held[] = {k, v};
    if (build->record.modules & AM_MODULE_CORE_ATTN) am_region_begin(tape, q, 2, held);
    am_module module = am_enter(tape, "self_attention.core_attention", AM_C_ATTENTION);
    bool engine = am_megatron_has_engine(build);
    am_var y = engine && build->config->kv_rank       ? core_kernel(build, AM_OP_FLASH_ATTN, q, k, v)
               : engine                               ? core_engine(build, q, k, v)
               : build->config->attention == AM_EAGER ? core_eager(build, q, k, v)
                                                      : core_kernel(build, AM_OP_FLASH_ATTENTION, q, k, v);
    if (build->record.modules & AM_MODULE_CORE_ATTN) {
        tape->region[tape->open_region].arguments = 3;
        am_region_end(tape, y);
    }
    tape->module = module;
    return y;
}

static am_var attention(am_build *build, am_var normed, am_var *bias)
{
    am_tape *tape = build->tape;
    am_module module = am_enter(tape, "self_attention", AM_C_ATTENTION);
    am_dim s = build->s, b = build->b, d = build->d;
    am_dim queries = am_dim_quotient(tape->extents, build->ad, AM_K), widths[] = {queries, d, d};
    am_dim fused = am_dim_for(build, 1, 1, AM_QKV, AM_D);
    am_var mixed = first_linear(build, normed, "self_attention.linear_qkv", AM_C_ATTENTION,
                                am_megatron_share(build, fused), build->config->qkv_bias, 0);
    am_label(tape, mixed, "query, key and value, fused");
    am_var part[3];
    am_shape groups = AM_SHAPE(s, b, am_megatron_share(build, build->k), am_dim_quotient(tape->extents, fused, AM_K));
    am_split(tape, am_view(tape, mixed, groups), 3, widths, part);
    part[0] = am_reshape(tape, part[0], AM_SHAPE(s, b, am_megatron_share(build, build->a), d));
    am_var q = part[0], key = part[1];
    if (build->config->heads != build->config->kv_heads) am_label(tape, q, "query");
    if (build->config->positions == AM_ROPE) {
        q = am_label(tape, am_megatron_rotate(build, q), "query, rotated");
        key = am_label(tape, am_megatron_rotate(build, key), "key, rotated");
    }
    am_var core = am_megatron_core_attention(build, q, key, part[2]);
    am_var y =
        am_megatron_row_linear(build, core, "self_attention.linear_proj", AM_C_ATTENTION, build->config->o_bias, bias);
    am_label(tape, y, "attention block's output");
    am_hold(tape, part[0], part[1], part[2], q, key, core, normed);
    tape->module = module;
    return y;
}

/* ---- MLP ---- */

am_var am_megatron_mlp(am_build *build, am_var normed, const am_megatron_mlp_names *names, am_dim width, am_var *bias)
{
    am_tape *tape = build->tape;
    const am_config *config = build->config;
    bool gated = am_activation_is_gated(config->activation);
    am_module module = am_enter(tape, names->module, AM_C_MLP);
    am_dim f = am_megatron_share(build, width);
    am_dim wide = gated ? am_times(tape, am_number_dim(build, 2), f) : f;
    am_var inner = 0;
    am_var up = (names->normed ? am_megatron_column_linear : first_linear)(build, normed, names->fc1, AM_C_MLP, wide,
                                                                           config->mlp_bias, &inner);
    am_var active;
    if (gated) {
        am_label(tape, up, "gate and up");
        am_dim rows = am_times(tape, build->s, build->b);
        am_op swiglu = inner ? AM_OP_BIAS_SWIGLU : AM_OP_PLAIN_SWIGLU;
        active = am_activation(tape, swiglu, am_view(tape, up, AM_SHAPE(rows, wide)), inner, AM_SHAPE(rows, f));
        active = am_view(tape, active, AM_SHAPE(build->s, build->b, f));
    } else {
        am_label(tape, up, "GELU input");
        active = am_activation(tape, AM_OP_BIAS_GELU, up, inner, am_shape_of(tape, up));
    }
    am_label(tape, active, gated ? "SiLU(gate) · up" : "GELU output");
    am_var y = am_megatron_row_linear(build, active, names->fc2, AM_C_MLP, config->mlp_bias, bias);
    am_label(tape, y, names->output);
    am_hold(tape, active, normed);
    tape->module = module;
    return y;
}

/* ---- the model ---- */

/* Has the layer that is being played experts? */
static bool is_mixed(const am_build *build)
{
    return build->config->experts > 0 && (build->config->dense_layers == 0 || build->kind > 0);
}

/* The MLP, dense or of experts, which may be played again (--recompute-modules mlp and moe). */
static am_var mlp_apart(am_build *build, am_var normed, am_var *bias)
{
    static const am_megatron_mlp_names dense = {"mlp", "mlp.linear_fc1", "mlp.linear_fc2", "MLP block's output", false};
    bool mixed = is_mixed(build);
    bool again = build->record.modules & (mixed ? AM_MODULE_MOE : AM_MODULE_MLP);
    am_module module = build->tape->module;
    if (mixed) am_enter(build->tape, "mlp", AM_C_MLP); /* the layer of experts sees to it itself */
    if (again) am_region_begin(build->tape, normed, 0, NULL);
    am_var y = mixed ? am_megatron_moe(build, normed) : am_megatron_mlp(build, normed, &dense, build->f, bias);
    if (again) am_region_end(build->tape, y);
    build->tape->module = module;
    return y;
}

static am_var layer(am_build *build, am_var x)
{
    am_tape *tape = build->tape;
    am_var bias = 0;
    am_enter(tape, "", AM_C_RESIDUAL);
    bool latent = build->config->kv_rank > 0, mixed = is_mixed(build), engine = am_megatron_has_engine(build);
    uint16_t region;
    am_var normed = norm_apart(build, x, "input_layernorm", engine && !latent, &region);
    am_var y = (latent ? am_megatron_latent_attention : attention)(build, normed, &bias);
    let_go(build, region, y);
    am_var middle = bias_dropout_add(build, y, bias, x);
    am_hold(tape, normed);
    normed = norm_apart(build, middle, "pre_mlp_layernorm", engine && !mixed, &region);
    y = mlp_apart(build, normed, &bias);
    let_go(build, region, y);
    am_var out = bias_dropout_add(build, y, bias, middle);
    am_hold(tape, normed, middle, x);
    if (build->mask_region == tape->open_region) am_hold_list(tape, build->masks, build->kept_mask);
    return out;
}

/* VocabParallelEmbedding: rows of tokens in another rank's part of the vocabulary are zeroed in place. */
static am_var token_embedding(am_build *build, am_var ids)
{
    am_tape *tape = build->tape;
    if (build->config->tp == 1) return am_embedding(tape, build->embedding, ids);
    const am_op op = AM_OP_COMPARE;
    am_shape shape = am_shape_of(tape, ids);
    am_var below = am_raw(tape, op, shape, AM_BOOL, ids, 0, 0, 0),
           above = am_raw(tape, op, shape, AM_BOOL, ids, 0, 0, 0);
    am_var mask = am_label(tape, am_raw(tape, AM_OP_AND, shape, AM_BOOL, below, above, 0, 0), "tokens elsewhere");
    am_var copy = am_raw(tape, AM_OP_CLONE, shape, AM_I64, ids, 0, 0, 0);
    am_var own = am_label(tape, am_raw(tape, AM_OP_SUB, shape, AM_I64, copy, 0, 0, 0), "token ids in this rank's part");
    am_var y = am_embedding(tape, build->embedding, own);
    return am_fill(tape, AM_OP_MASKED_FILL, y, mask);
}

/* This rank's part of the embedded tokens: of position embeddings too cut out, else of the sums over ranks. Then it is
 * cloned, so that the whole can go. */
static am_var part_of_rank(am_build *build, am_var x)
{
    am_tape *tape = build->tape;
    bool cut = build->config->positions == AM_LEARNED;
    am_var part = (cut ? am_scatter_sequence : am_reduce_scatter)(tape, x, am_megatron_stream(build));
    am_var y = am_label(tape, am_clone(tape, part), "hidden state");
    am_hold(tape, part);
    return y;
}

static am_var embedding(am_build *build)
{
    am_tape *tape = build->tape;
    am_shape ids = AM_SHAPE(build->b, build->s);
    am_enter(tape, "embedding.word_embeddings", AM_C_EMBEDDING);
    build->embedding = am_weight(build, AM_SHAPE(am_megatron_share(build, build->v), build->h), "embedding table");
    am_var tokens = token_embedding(build, am_buffer(tape, ids, AM_I64, "token ids")), sum = tokens;
    if (build->config->positions == AM_LEARNED) {
        am_enter(tape, "embedding.position_embeddings", AM_C_EMBEDDING);
        am_var table = am_weight(build, AM_SHAPE(build->p, build->h), "position table");
        am_var places = am_embedding(tape, table, am_buffer(tape, ids, AM_I64, "position ids"));
        am_enter(tape, "embedding", AM_C_EMBEDDING);
        sum = am_binary(tape, AM_OP_ADD, tokens, places);
        am_hold(tape, places);
    }
    am_label(tape, sum, "hidden state");
    am_var x = am_label(tape, am_contiguous(tape, am_transpose(tape, sum, 0, 1)), "hidden state");
    if (build->config->sp) x = part_of_rank(build, x);
    x = am_hf_dropout(build, x, "embedding.embedding_dropout", AM_C_EMBEDDING, build->config->embedding_dropout);
    am_hold(tape, tokens, sum);
    return x;
}

/* Where sequences begin, cached for the kernels of a context-parallel group: whole ones, and with cuDNN's a rank's part of each and
 * half of it. */
static void lengths(am_build *build)
{
    am_tape *tape = build->tape;
    static const char *const names[] = {"beginnings of sequences, cached", "beginnings of a rank's sequences, cached",
                                        "beginnings of half of them, cached"};
    int tables = build->config->kv_rank > 0 ? 3 : 1;
    am_enter(tape, "self_attention.core_attention", AM_C_ATTENTION);
    for (int i = 0; i < tables; i++) {
        build->lengths[i] = am_raw(tape, AM_OP_ARANGE, AM_SHAPE(am_number_dim(build, build->config->batch + 1)), AM_I32,
                                   i ? build->lengths[0] : 0, 0, 0, 0);
        am_permanent(tape, am_label(tape, build->lengths[i], names[i]));
    }
}

void am_megatron_in_blocks(am_build *build, am_var all, int64_t layers, am_shape shape, int types, const int *dtype)
{
    am_tape *tape = build->tape;
    int64_t elements = 1, bytes = 0;
    if (tape->status.code != AM_OK) return; /* more than can be counted */
    for (int i = 0; i < shape.rank; i++) elements *= tape->extents->of[shape.dim[i]].n;
    for (int i = 0; i < types; i++)
        bytes += layers * am_tape_block_bytes(tape, elements * am_dtypes[dtype[i]].size, shape.rank, shape.dim);
    tape->storage[tape->tensor[all].storage].bytes = bytes;
}

/* The rotary table is cached, dispatchers keep their maps, and the scores are written into a buffer that all layers use. */
static void permanent_tensors(am_build *build)
{
    am_tape *tape = build->tape;
    am_dim one = build->one;
    if (build->config->experts) am_megatron_moe_kept(build);
    if (build->config->kv_rank) {
        am_megatron_latent_kept(build);
    } else if (build->config->positions == AM_ROPE) {
        am_enter(tape, "rotary_pos_emb", AM_C_EMBEDDING);
        am_var range = am_raw(tape, AM_OP_ARANGE, AM_SHAPE(build->s), AM_FP32, 0, 0, 0, 0);
        am_var places = am_raw(tape, AM_OP_ADD_SCALAR, AM_SHAPE(build->s), AM_FP32, range, 0, 0, 0);
        am_var angles = am_raw(tape, AM_OP_MUL, AM_SHAPE(build->s, build->half), AM_FP32, places, 0, 0, 0);
        build->cos = am_raw(tape, AM_OP_CAT, AM_SHAPE(build->s, one, one, build->d), AM_FP32, angles, 0, 0, 0);
        am_hold(tape, angles);
        am_permanent(tape, am_label(tape, build->cos, "rotary angles, cached"));
    }
}

/* Of the linear layers whose input is gathered there: the hidden state, or a latent. Transformer Engine gathers elsewhere. */
static am_dim widest_input(am_build *build)
{
    const am_extent *of = build->tape->extents->of;
    const am_symbol latent[] = {AM_Q, AM_C};
    am_dim widest = build->h;
    for (int i = 0; i < 2 && build->config->kv_rank && !am_megatron_has_engine(build); i++) {
        am_dim width = am_symbol_dim(build, latent[i]);
        if (of[width].n > of[widest].n) widest = width;
    }
    return widest;
}

/* GlobalMemoryBuffer: as large as what is written into it at most, attention's scores or the gathered input of a linear
 * layer. */
static void global_buffer(am_build *build)
{
    am_tape *tape = build->tape;
    const am_extent *of = tape->extents->of;
    bool scores = build->config->attention == AM_EAGER, gathers = build->config->sp;
    if (!scores && !gathers) return;
    am_dim matrices = am_times(tape, build->b, am_megatron_share(build, build->a));
    am_dim width = widest_input(build);
    am_shape square = AM_SHAPE(matrices, build->s, build->s), whole = AM_SHAPE(build->s, build->b, width);
    bool larger = am_mul_checked(of[matrices].n, of[build->s].n) >= am_mul_checked(of[build->b].n, of[width].n);
    am_enter(tape, scores ? "self_attention.core_attention" : "self_attention.linear_qkv", AM_C_ATTENTION);
    build->scratch =
        am_raw(tape, AM_OP_FULL, scores && (larger || !gathers) ? square : whole, build->dtype, 0, 0, 0, 0);
    am_permanent(tape, am_label(tape, build->scratch, "global memory buffer"));
}

/* _VocabParallelCrossEntropy: the softmax is made in place, in fp32. */
static am_var vocab_loss(am_build *build, am_var logits, am_var labels)
{
    am_tape *tape = build->tape;
    am_shape row = AM_SHAPE(build->s, build->b), flat = AM_SHAPE(am_times(tape, build->s, build->b));
    const am_op op = AM_OP_VOCAB_LOSS;
    am_var soft = am_raw(tape, op, am_shape_of(tape, logits), AM_FP32, logits, 0, 0, 0);
    am_label(tape, soft, "softmax of the logits");
    am_var highest = am_raw(tape, op, row, AM_FP32, soft, 0, 0, 0);
    am_raw(tape, op, row, AM_I64, soft, 0, 0, 0);
    am_var below = am_raw(tape, op, row, AM_BOOL, labels, 0, 0, 0),
           above = am_raw(tape, op, row, AM_BOOL, labels, 0, 0, 0);
    am_var mask = am_label(tape, am_raw(tape, op, row, AM_BOOL, below, above, 0, 0), "targets elsewhere");
    am_var copy = am_raw(tape, op, row, AM_I64, labels, 0, 0, 0);
    am_var target = am_label(tape, am_raw(tape, op, row, AM_I64, copy, 0, 0, 0), "targets");
    am_var range = am_raw(tape, op, flat, AM_I64, 0, 0, 0, 0);
    am_var picked = am_raw(tape, op, flat, AM_FP32, soft, range, target, 0);
    am_var predicted = am_raw(tape, op, flat, AM_FP32, picked, 0, 0, 0);
    am_var sums = am_raw(tape, op, row, AM_FP32, soft, 0, 0, 0);
    am_hold(tape, range);
    am_var logarithm = am_raw(tape, op, row, AM_FP32, sums, 0, 0, 0);
    am_var loss = am_vocab_loss(tape, logits, soft, mask, target);
    am_hold(tape, logarithm);
    am_hold(tape, highest, predicted, sums, labels);
    return loss;
}

static am_code head(am_build *build, am_var x)
{
    am_tape *tape = build->tape;
    am_var normed = am_megatron_norm(build, x, "decoder.final_layernorm", build->h);
    am_enter(tape, "output_layer", AM_C_HEAD);
    bool tied = build->config->tie_word_embeddings && !build->record.received; /* the last stage has a copy */
    am_var table =
        tied ? build->embedding : am_weight(build, AM_SHAPE(am_megatron_share(build, build->v), build->h), "weight");
    am_var logits = am_label(tape, product(build, normed, table, 0), "logits");
    am_enter(tape, "", AM_C_LOSS);
    am_shape ids = AM_SHAPE(build->b, build->s), flat = AM_SHAPE(am_times(tape, build->b, build->s));
    am_var labels = am_contiguous(tape, am_transpose(tape, am_buffer(tape, ids, AM_I64, "labels"), 0, 1));
    am_var loss = vocab_loss(build, logits, labels);
    loss = am_contiguous(tape, am_transpose(tape, loss, 0, 1));
    am_hold(tape, logits, normed, labels);
    am_var masked = am_binary(tape, AM_OP_MUL, am_view(tape, loss, flat), am_buffer(tape, flat, AM_FP32, "loss mask"));
    am_var total = am_sum_all(tape, masked);
    am_hold(tape, loss, masked);
    am_label(tape, total, "loss");
    return am_tape_finish(tape, total, 0);
}

am_code am_megatron(am_build *build)
{
    if (build->config->cp > 1) {
        build->s = am_dim_quotient(build->tape->extents, build->s, AM_CP);
        build->bs = am_times(build->tape, build->s, build->b);
    }
    am_dim rows = build->config->sp ? am_megatron_share(build, build->s) : build->s;
    am_var x = build->record.received ? am_stage_input(build, AM_SHAPE(rows, build->b, build->h)) : embedding(build);
    am_var first = x, held[] = {0};
    permanent_tensors(build);
    if (am_megatron_has_engine(build) && build->config->cp > 1) lengths(build);
    global_buffer(build);
    build->tape->scratch = build->scratch;
    if (!build->config->kv_rank) held[0] = build->cos; /* latent attention has a table in each layer */
    x = am_layers(build, layer, x, 1, held);
    build->tape->zone++;
    am_hold(build->tape, first);
    return build->record.sent ? am_stage_output(build, x, true) : head(build, x);
}
