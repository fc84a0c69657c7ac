/* Megatron-Core's mixture of experts in place of a layer's MLP: its router, its all-to-all dispatcher on one rank and its
 * grouped experts. Source: Megatron-Core 0.16.1, transformer/moe/router.py, moe_utils.py, token_dispatcher.py, experts.py. */
#include "build.h"

static am_dim symbol(am_build *build, am_symbol x)
{
    return am_dim_for(build, 1, 1, x, AM_SYMBOL_COUNT);
}

/* Zeros with ones at each token's experts, made boolean. */
static am_var routing_map(am_build *build, am_var ids)
{
    am_tape *tape = build->tape;
    am_shape all = AM_SHAPE(build->bs, symbol(build, AM_E));
    am_var zeros = am_raw(tape, AM_OP_FULL, all, build->dtype, 0, 0, 0, 0);
    zeros = am_raw(tape, AM_OP_TO, all, AM_I32, zeros, 0, 0, 0);
    am_var ones = am_raw(tape, AM_OP_SCATTER, all, AM_I32, zeros, ids, 0, 0);
    return am_raw(tape, AM_OP_TO, all, AM_BOOL, ones, 0, 0, 0);
}

/* topk_routing_with_score_function: the probabilities of each token's experts among all, zero elsewhere. */
static am_var topk_routing(am_build *build, am_var logits, am_var *map)
{
    am_tape *tape = build->tape;
    am_shape all = AM_SHAPE(build->bs, symbol(build, AM_E));
    am_var ids, top = am_topk(tape, logits, symbol(build, AM_T), &ids);
    am_label(tape, ids, "experts of each token");
    am_var soft = am_label(tape, am_softmax(tape, AM_OP_SOFTMAX, am_to(tape, top, AM_FP32)), "routing weights");
    am_var weights = am_to(tape, soft, build->dtype);
    am_var zeros = am_raw(tape, AM_OP_FULL, all, build->dtype, 0, 0, 0, 0);
    am_var y = am_transient(tape, am_activation(tape, AM_OP_SCATTER, weights, ids, all));
    am_hold(tape, zeros);
    *map = am_transient(tape, routing_map(build, ids));
    am_hold(tape, top, weights);
    return y;
}

/* The balancing loss of one rank's tokens. */
static am_var balancing_loss(am_build *build, am_var logits, am_var *map)
{
    am_tape *tape = build->tape;
    am_dim n = build->bs, e = symbol(build, AM_E), k = symbol(build, AM_T);
    am_var soft = am_softmax(tape, AM_OP_SOFTMAX, am_to(tape, logits, AM_FP32)), top[2];
    am_label(tape, soft, "router probabilities");
    am_raw_pair(tape, AM_OP_TOPK, AM_SHAPE(n, k), AM_FP32, AM_I64, soft, top);
    *map = routing_map(build, top[1]);
    am_hold(tape, top[0], top[1]);
    am_var counts = am_label(tape, am_raw(tape, AM_OP_SUM, AM_SHAPE(e), AM_I64, *map, 0, 0, 0), "tokens of each expert");
    am_var mean = am_sum_over(tape, soft, 0, false);
    am_var product = am_activation(tape, AM_OP_MUL, mean, counts, AM_SHAPE(e));
    am_var loss = am_unary(tape, AM_OP_MUL_SCALAR, am_sum_all(tape, product));
    am_hold(tape, mean);
    return am_label(tape, loss, "balancing loss");
}

static am_var router(am_build *build, am_var x, am_var *map)
{
    am_tape *tape = build->tape;
    am_module module = am_enter(tape, "mlp.router", AM_C_MLP);
    am_shape all = AM_SHAPE(build->bs, symbol(build, AM_E));
    am_var weight = am_weight(build, AM_SHAPE(symbol(build, AM_E), build->h), "weight"), chosen;
    am_var logits = am_view(tape, am_parallel_linear(tape, AM_OP_ROUTER_LINEAR, x, weight, 0), all);
    am_var weights = topk_routing(build, logits, map);
    am_var loss = balancing_loss(build, logits, &chosen);
    weights = am_transient(tape, am_activation(tape, AM_OP_AUX_LOSS, weights, loss, all));
    am_hold(tape, logits, chosen);
    tape->module = module;
    return weights;
}

/* GroupedMLP. */
static am_var experts(am_build *build, am_var x, am_var weights)
{
    am_tape *tape = build->tape;
    am_module module = am_enter(tape, "mlp.experts", AM_C_MLP);
    am_dim e = symbol(build, AM_E), m = symbol(build, AM_M), both = am_dim_for(build, 2, 1, AM_M, AM_SYMBOL_COUNT);
    am_dim rows = am_shape_of(tape, x).dim[0];
    am_shape in = AM_SHAPE(e, build->h, both), out = AM_SHAPE(e, m, build->h);
    am_var first = am_view(tape, am_weight(build, in, "experts' weights"), in);
    am_var second = am_view(tape, am_weight(build, out, "experts' weights"), out);
    am_var up = am_label(tape, am_activation(tape, AM_OP_GMM, x, first, AM_SHAPE(rows, both)), "gate and up");
    weights = am_view(tape, weights, AM_SHAPE(rows, build->one));
    am_var inner = am_activation(tape, AM_OP_WEIGHTED_SWIGLU, up, weights, AM_SHAPE(rows, m));
    am_label(tape, inner, "SiLU(gate) · up · probability");
    am_var y = am_activation(tape, AM_OP_GMM, inner, second, AM_SHAPE(rows, build->h));
    am_hold(tape, inner);
    tape->module = module;
    return y;
}

am_var am_megatron_moe(am_build *build, am_var normed)
{
    am_tape *tape = build->tape;
    am_module module = am_enter(tape, "mlp", AM_C_MLP);
    am_dim n = build->bs, e = symbol(build, AM_E), rows = am_times(tape, n, symbol(build, AM_T));
    am_shape flat = AM_SHAPE(n, build->h), turned = AM_SHAPE(e, n), row = AM_SHAPE(rows);
    am_var map, weights = router(build, normed, &map);
    am_var tokens = am_view(tape, normed, flat);
    map = am_label(tape, am_raw(tape, AM_OP_CLONE, turned, AM_BOOL, map, 0, 0, 0), "tokens of each expert, marked");
    am_var range = am_raw(tape, AM_OP_ARANGE, AM_SHAPE(n), AM_I64, 0, 0, 0, 0);
    am_var order = am_raw(tape, AM_OP_MASKED_SELECT, row, AM_I64, range, map, 0, 0);
    am_label(tape, order, "order by expert");
    am_permanent(tape, order);
    am_var given = am_label(tape, am_clone(tape, am_transpose(tape, weights, 0, 1)), "probabilities by expert");
    weights = am_activation(tape, AM_OP_MASKED_SELECT, given, map, row);
    am_var picked = am_activation(tape, AM_OP_INDEX_SELECT, tokens, order, AM_SHAPE(rows, build->h));
    am_hold(tape, range);
    am_var sorted = am_label(tape, am_unary(tape, AM_OP_CHUNKS, picked), "tokens by expert");
    am_var scale = am_label(tape, am_unary(tape, AM_OP_CHUNKS, weights), "probability of each row");
    am_var back = am_unary(tape, AM_OP_CHUNKS, experts(build, sorted, scale));
    am_var zeros = am_raw(tape, AM_OP_FULL, flat, build->dtype, 0, 0, 0, 0);
    am_var sum = am_label(tape, am_scatter_add(tape, zeros, back, order), "MLP block's output");
    am_hold(tape, picked, weights, back, normed);
    tape->module = module;
    return am_view(tape, sum, AM_SHAPE(build->s, build->b, build->h));
}

/* Each layer's dispatcher keeps its last routing map and probabilities, and the order, which no graph keeps in a region. */
void am_megatron_moe_kept(am_build *build)
{
    am_tape *tape = build->tape;
    am_enter(tape, "mlp", AM_C_MLP);
    int64_t layers = build->config->layers;
    am_dim e = am_dim_for(build, layers * (1 + am_dtypes[build->dtype].size), 1, AM_E, AM_SYMBOL_COUNT);
    am_var kept = am_raw(tape, AM_OP_FULL, AM_SHAPE(build->bs, e), AM_BOOL, 0, 0, 0, 0);
    am_permanent(tape, am_label(tape, kept, "the dispatchers' routing maps and probabilities"));
}
