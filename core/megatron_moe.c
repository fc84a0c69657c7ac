/* Megatron-Core's mixture of experts in place of a layer's MLP: its router, its all-to-all dispatcher and its grouped
 * experts, as one rank has them. Source: Megatron-Core 0.16.1, transformer/moe/router.py, moe_utils.py, token_dispatcher.py,
 * experts.py, tensor_parallel/mappings.py. */
#include "megatron.h"

/* This rank's tokens, of all its sequences. */
static am_dim tokens_of(am_build *build)
{
    return am_times(build->tape, am_megatron_stream(build), build->b);
}

/* The type of logits and probabilities (--moe-router-dtype): DeepSeek-V3's is fp32. */
static int router_type(const am_build *build)
{
    return am_wiring_of(build->config)->latent ? AM_FP32 : build->dtype;
}

/* Zeros with ones at each token's experts, made boolean. */
static am_var routing_map(am_build *build, am_var ids)
{
    am_tape *tape = build->tape;
    am_shape all = AM_SHAPE(tokens_of(build), am_symbol_dim(build, AM_E));
    am_var zeros = am_raw(tape, AM_OP_FULL, all, router_type(build), 0, 0, 0, 0);
    zeros = am_raw(tape, AM_OP_TO, all, AM_I32, zeros, 0, 0, 0);
    am_var ones = am_raw(tape, AM_OP_SCATTER, all, AM_I32, zeros, ids, 0, 0);
    return am_raw(tape, AM_OP_TO, all, AM_BOOL, ones, 0, 0, 0);
}

/* topk_routing_with_score_function: the probabilities of each token's experts among all, zero elsewhere. */
static am_var topk_routing(am_build *build, am_var logits, am_var *map)
{
    am_tape *tape = build->tape;
    am_shape all = AM_SHAPE(tokens_of(build), am_symbol_dim(build, AM_E));
    am_var ids, top = am_topk(tape, logits, am_symbol_dim(build, AM_T), &ids);
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

/* group_limited_topk, whose gradient reaches nothing: groups, each scored by its best experts, are chosen first. graph: what
 * its result's graph keeps; 0: nothing beside the experts themselves. */
static am_var choose_in_groups(am_build *build, am_var scores, am_var *graph)
{
    am_tape *tape = build->tape;
    const am_config *config = build->config;
    am_dim n = tokens_of(build), e = am_symbol_dim(build, AM_E), g = am_symbol_dim(build, AM_G);
    am_shape all = AM_SHAPE(n, e), groups = AM_SHAPE(n, g);
    int64_t each = config->experts_per_token / config->groups_per_token;
    am_dim best = am_number_dim(build, each);
    am_var top[2], group[2], chosen[2];
    am_raw_pair(tape, AM_OP_TOPK, AM_SHAPE(n, g, best), AM_FP32, AM_I64, scores, top);
    am_hold_graph(tape, false, top[1], 0);
    am_var sums = am_raw(tape, AM_OP_SUM, groups, AM_FP32, top[0], 0, 0, 0);
    am_raw_pair(tape, AM_OP_TOPK, AM_SHAPE(n, am_symbol_dim(build, AM_TG)), AM_FP32, AM_I64, sums, group);
    am_var marked = am_raw(tape, AM_OP_FULL, groups, AM_FP32, 0, 0, 0, 0);
    am_var mask = am_view(tape, marked, AM_SHAPE(n, g, build->one));
    mask = am_reshape(tape, am_expand(tape, mask, AM_SHAPE(n, g, am_dim_quotient(tape->extents, e, AM_G))), all);
    am_var allowed = am_raw(tape, AM_OP_TO, all, AM_BOOL, mask, 0, 0, 0);
    *graph = am_raw(tape, AM_OP_NOT, all, AM_BOOL, allowed, 0, 0, 0);
    am_hold_graph(tape, false, *graph, 0);
    am_var masked = am_raw(tape, AM_OP_MASKED_FILL, all, AM_FP32, scores, *graph, 0, 0);
    am_raw_pair(tape, AM_OP_TOPK, AM_SHAPE(n, am_symbol_dim(build, AM_T)), AM_FP32, AM_I64, masked, chosen);
    am_hold(tape, chosen[0], sums, group[1], marked, mask, masked);
    am_hold_graph(tape, true, top[1], 0);
    return chosen[1];
}

/* Sigmoids of fp32 logits, each token's experts chosen with a bias and, by default, in groups. */
static am_var sigmoid_routing(am_build *build, am_var logits, am_var *map)
{
    am_tape *tape = build->tape;
    am_shape all = AM_SHAPE(tokens_of(build), am_symbol_dim(build, AM_E)), some = AM_SHAPE(tokens_of(build), am_symbol_dim(build, AM_T));
    am_var scores = am_label(tape, am_unary(tape, AM_OP_SIGMOID, logits), "router scores"), graph = 0, chosen[2] = {0};
    am_var biased = am_raw(tape, AM_OP_ADD, all, AM_FP32, scores, 0, 0, 0);
    if (build->config->expert_groups > 1)
        chosen[1] = choose_in_groups(build, biased, &graph);
    else
        am_raw_pair(tape, AM_OP_TOPK, some, AM_FP32, AM_I64, biased, chosen);
    am_var ids = am_label(tape, chosen[1], "experts of each token");
    am_var top = am_label(tape, am_gather(tape, scores, ids), "routing weights");
    am_var weights = top; /* of one expert as they are */
    if (build->config->experts_per_token > 1) {
        am_var sum = am_unary(tape, AM_OP_ADD_SCALAR, am_sum_over(tape, top, 1, true));
        weights = am_binary(tape, AM_OP_DIV, top, am_label(tape, sum, "sum of the routing weights"));
    }
    am_var scaled = am_unary(tape, AM_OP_MUL_SCALAR, weights);
    am_hold(tape, weights);
    am_var zeros = am_raw(tape, AM_OP_FULL, all, AM_FP32, 0, 0, 0, 0);
    am_var y = am_transient(tape, am_activation(tape, AM_OP_SCATTER, scaled, ids, all));
    am_hold(tape, zeros);
    *map = am_transient(tape, routing_map(build, ids));
    am_hold(tape, chosen[0], biased, top, scaled, scores);
    if (graph) am_hold_graph(tape, true, graph, 0);
    return y;
}

/* The balancing loss of one rank's tokens. */
static am_var balancing_loss(am_build *build, am_var logits, am_var *map)
{
    am_tape *tape = build->tape;
    am_dim n = tokens_of(build), e = am_symbol_dim(build, AM_E), k = am_symbol_dim(build, AM_T);
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

/* The same of each sequence by itself, of normed sigmoids. */
static am_var sequence_loss(am_build *build, am_var logits, am_var *map)
{
    am_tape *tape = build->tape;
    am_dim n = tokens_of(build), e = am_symbol_dim(build, AM_E), k = am_symbol_dim(build, AM_T), all = am_times(tape, build->b, e);
    am_var top[2], scores = am_label(tape, am_unary(tape, AM_OP_SIGMOID, logits), "router scores");
    am_var sum = am_unary(tape, AM_OP_ADD_SCALAR, am_sum_over(tape, scores, 1, true));
    am_label(tape, sum, "sum of the router scores");
    am_var normed = am_label(tape, am_binary(tape, AM_OP_DIV, scores, sum), "router scores, normed");
    am_hold(tape, scores);
    am_raw_pair(tape, AM_OP_TOPK, AM_SHAPE(n, k), AM_FP32, AM_I64, normed, top);
    *map = routing_map(build, top[1]);
    am_hold(tape, top[0], top[1]);
    am_var counts = am_label(tape, am_raw(tape, AM_OP_SUM, AM_SHAPE(all), AM_I64, *map, 0, 0, 0), "tokens of each expert");
    am_var rows = am_view(tape, normed, AM_SHAPE(am_megatron_stream(build), all));
    am_var mean = am_sum_over(tape, rows, 0, false);
    am_var product = am_activation(tape, AM_OP_MUL, mean, counts, AM_SHAPE(all));
    am_var loss = am_unary(tape, AM_OP_MUL_SCALAR, am_unary(tape, AM_OP_MUL_SCALAR, am_sum_all(tape, product)));
    am_hold(tape, mean, normed);
    return am_label(tape, loss, "balancing loss");
}

static am_var router(am_build *build, am_var x, am_var *map)
{
    am_tape *tape = build->tape;
    bool sigmoid = am_wiring_of(build->config)->latent;
    am_module module = am_enter(tape, "mlp.router", AM_C_MLP);
    am_shape all = AM_SHAPE(tokens_of(build), am_symbol_dim(build, AM_E));
    am_var weight = am_weight(build, AM_SHAPE(am_symbol_dim(build, AM_E), build->h), "weight"), chosen = 0;
    am_var logits = sigmoid ? am_wide_linear(tape, x, weight) : am_parallel_linear(tape, AM_OP_ROUTER_LINEAR, x, weight, 0);
    logits = am_view(tape, logits, all);
    am_var weights = (sigmoid ? sigmoid_routing : topk_routing)(build, logits, map);
    am_gradients_only(tape, true);
    am_var loss = (sigmoid ? sequence_loss : balancing_loss)(build, logits, &chosen);
    am_gradients_only(tape, false);
    weights = am_transient(tape, am_activation(tape, AM_OP_AUX_LOSS, weights, loss, all));
    am_hold(tape, logits, chosen);
    tape->module = module;
    return weights;
}

/* How many experts this rank has. */
static am_dim experts_of(am_build *build)
{
    am_dim e = am_symbol_dim(build, AM_E);
    return build->config->ep > 1 ? am_dim_quotient(build->tape->extents, e, AM_EP) : e;
}

/* GroupedMLP. */
static am_var experts(am_build *build, am_var x, am_var weights)
{
    am_tape *tape = build->tape;
    am_module module = am_enter(tape, "mlp.experts", AM_C_MLP);
    am_dim e = experts_of(build), m = am_symbol_dim(build, AM_M), two = am_number_dim(build, 2);
    if (build->config->etp > 1) m = am_dim_quotient(tape->extents, m, AM_ETP);
    am_dim both = am_times(tape, two, m);
    am_dim rows = am_shape_of(tape, x).dim[0];
    am_shape in = AM_SHAPE(e, build->h, both), out = AM_SHAPE(e, m, build->h);
    am_var first = am_view(tape, am_weight(build, in, "experts' weights"), in);
    am_var second = am_view(tape, am_weight(build, out, "experts' weights"), out);
    am_var up = am_label(tape, am_activation(tape, AM_OP_GMM, x, first, AM_SHAPE(rows, both)), "gate and up");
    weights = am_view(tape, weights, AM_SHAPE(rows, build->one));
    bool again = build->record.modules & AM_MODULE_MOE_ACT;
    if (again) am_region_begin(tape, up, 1, &weights);
    am_var inner = am_activation(tape, AM_OP_WEIGHTED_SWIGLU, up, weights, AM_SHAPE(rows, m));
    am_label(tape, inner, "SiLU(gate) · up · probability");
    uint16_t region = tape->open_region;
    if (again) {
        tape->region[region].arguments = 2;
        am_region_end(tape, inner);
    }
    am_var y = am_activation(tape, AM_OP_GMM, inner, second, AM_SHAPE(rows, build->h));
    if (again) am_region_discard(tape, region, y);
    am_hold(tape, up, inner);
    tape->module = module;
    return y;
}

/* A collective that makes a tensor with this many rows. */
static am_var exchange(am_build *build, am_op op, am_var x, am_dim rows)
{
    am_shape shape = am_shape_of(build->tape, x);
    shape.dim[0] = rows;
    return am_activation(build->tape, op, x, 0, shape);
}

/* How many rows the experts of this rank get from its expert-parallel group. */
static am_dim rows_received(am_build *build, am_dim rows)
{
    return build->config->expert_imbalance > 100 ? am_symbol_dim(build, AM_ROWS) : rows;
}

/* Tokens, or their probabilities, from this rank to those that have their experts, and sorted by expert there. *received:
 * between the one and the other. */
static am_var dispatch(am_build *build, am_var x, am_dim rows, am_dim group, am_var *received)
{
    am_tape *tape = build->tape;
    const am_config *config = build->config;
    am_var y = x;
    if (config->ep > 1) y = exchange(build, AM_OP_ALL_TO_ALL, y, rows);
    *received = y;
    if (config->etp > 1) y = exchange(build, AM_OP_GATHER_SEQUENCE, y, group);
    if (config->experts > config->ep) y = am_unary(tape, AM_OP_CHUNKS, y);
    return y;
}

/* The experts' results x in the order and of the number of rows in which their tokens were received. */
static am_var unsort(am_build *build, am_var x, am_dim received)
{
    am_tape *tape = build->tape;
    am_var y = x;
    if (build->config->experts > build->config->ep) y = am_unary(tape, AM_OP_CHUNKS, y);
    if (build->config->etp == 1) return y;
    /* in the type of the probabilities */
    am_var sum = am_reduce_scatter(tape, am_to(tape, y, router_type(build)), received), back = am_to(tape, sum, build->dtype);
    am_hold(tape, y);
    return back;
}

/* The expert that every token takes, which may be played again (--recompute-modules shared_experts); 0: there is none. */
static am_var shared_expert(am_build *build, am_var normed)
{
    static const am_megatron_mlp_names names = {"mlp.shared_experts", "mlp.shared_experts.linear_fc1",
                                                "mlp.shared_experts.linear_fc2", "shared expert's output", true};
    am_tape *tape = build->tape;
    if (!build->config->shared_ffn) return 0;
    bool again = build->record.modules & AM_MODULE_SHARED_EXPERTS;
    am_var none;
    if (again) am_region_begin(tape, normed, 0, NULL);
    am_var y = am_megatron_mlp(build, normed, &names, am_symbol_dim(build, AM_SF), &none);
    if (again) am_region_end(tape, y);
    return y;
}

am_var am_megatron_moe(am_build *build, am_var normed)
{
    am_tape *tape = build->tape;
    am_module module = am_enter(tape, "mlp", AM_C_MLP);
    am_var own = shared_expert(build, normed);
    am_dim n = tokens_of(build), e = am_symbol_dim(build, AM_E), rows = am_times(tape, n, am_symbol_dim(build, AM_T));
    am_shape flat = AM_SHAPE(n, build->h), turned = AM_SHAPE(e, n), row = AM_SHAPE(rows);
    am_var map, weights = router(build, normed, &map);
    am_var tokens = am_view(tape, normed, flat);
    map = am_label(tape, am_raw(tape, AM_OP_CLONE, turned, AM_BOOL, map, 0, 0, 0), "tokens of each expert, marked");
    am_var range = am_raw(tape, AM_OP_ARANGE, AM_SHAPE(n), AM_I64, 0, 0, 0, 0);
    am_var order = am_raw(tape, AM_OP_MASKED_SELECT, row, AM_I64, range, map, 0, 0);
    am_label(tape, order, "order by expert");
    am_permanent(tape, order);
    tape->storage[tape->tensor[order].storage].renewed = true;
    am_var given = am_label(tape, am_clone(tape, am_transpose(tape, weights, 0, 1)), "probabilities by expert");
    weights = am_activation(tape, AM_OP_MASKED_SELECT, given, map, row);
    am_var picked = am_activation(tape, AM_OP_INDEX_SELECT, tokens, order, AM_SHAPE(rows, build->h));
    am_hold(tape, range, map);
    if (tape->open_region) tape->region[tape->open_region].outlives = true; /* by the probabilities, which the dispatcher keeps */
    am_dim received = rows_received(build, rows), group = received;
    if (build->config->etp > 1) group = am_times(tape, am_symbol_dim(build, AM_ETP), received);
    am_var got, share;
    am_var sorted = am_label(tape, dispatch(build, picked, received, group, &got), "tokens by expert");
    am_var scale = am_label(tape, dispatch(build, weights, received, group, &share), "probability of each row");
    am_var done = experts(build, sorted, scale), back = unsort(build, done, received);
    am_hold(tape, sorted, scale, done);
    if (build->config->ep > 1) back = exchange(build, AM_OP_ALL_TO_ALL, back, rows);
    am_var zeros = am_raw(tape, AM_OP_FULL, flat, build->dtype, 0, 0, 0, 0);
    am_var sum = am_label(tape, am_scatter_add(tape, zeros, back, order), "MLP block's output");
    sum = am_view(tape, sum, AM_SHAPE(am_megatron_stream(build), build->b, build->h));
    if (own) {
        am_var routed = sum;
        sum = am_label(tape, am_binary(tape, AM_OP_ADD, routed, own), "MLP block's output");
        am_hold(tape, routed);
    }
    am_hold(tape, picked, got, share, back, own, normed);
    tape->module = module;
    return sum;
}

/* Each layer's dispatcher keeps its last routing map, probabilities and order, whether or not a graph does: here those of all
 * layers at once, and in the layers as if they took no memory. */
void am_megatron_moe_kept(am_build *build)
{
    am_tape *tape = build->tape;
    am_enter(tape, "mlp", AM_C_MLP);
    int64_t layers = am_larger(build->config->layers - build->config->dense_layers, 0);
    int dtype = router_type(build);
    am_dim n = tokens_of(build), e = am_dim_for(build, layers * (1 + am_dtypes[dtype].size), 1, AM_E, AM_SYMBOL_COUNT);
    am_dim orders = am_dim_for(build, layers, 1, AM_T, AM_SYMBOL_COUNT);
    am_var kept = am_raw(tape, AM_OP_FULL, AM_SHAPE(n, e), AM_BOOL, 0, 0, 0, 0);
    am_permanent(tape, am_label(tape, kept, "the dispatchers' routing maps and probabilities"));
    am_megatron_in_blocks(build, kept, layers, AM_SHAPE(n, am_symbol_dim(build, AM_E)), 2, (int[]){AM_BOOL, dtype});
    kept = am_raw(tape, AM_OP_FULL, AM_SHAPE(n, orders), AM_I64, 0, 0, 0, 0);
    am_permanent(tape, am_label(tape, kept, "the dispatchers' orders of tokens"));
    am_megatron_in_blocks(build, kept, layers, AM_SHAPE(n, am_symbol_dim(build, AM_T)), 1, (int[]){AM_I64});
    tape->storage[tape->tensor[kept].storage].of_layers = true;
}
