/* Mixtures of experts as transformers writes them, in place of a layer's MLP: the routers of its families and the experts
 * as grouped matrix products (experts_implementation grouped_mm, its default). How many tokens an expert gets never shows:
 * sizes depend on tokens, experts of a token and widths only. Source: integrations/moe.py, modeling_mixtral.py,
 * modeling_deepseek_v3.py. */
#include "build.h"

/* What a router says, by token: the weights of its experts and which they are [n, e]; its logits, which it returns. */
typedef struct am_route {
    am_var logits, weights, ids;
} am_route;

/* What the block's modules are called. */
typedef struct moe_paths {
    const char *block, *router, *experts, *activation;
} moe_paths;

static const moe_paths *paths_of(const am_build *build)
{
    static const moe_paths usual = {"mlp", "mlp.gate", "mlp.experts", "mlp.experts.act_fn"},
                           top = {"mlp", "mlp.router", "mlp.experts", "mlp.experts.act_fn"},
                           granite = {"block_sparse_moe", "block_sparse_moe.router", "block_sparse_moe.experts",
                                      "block_sparse_moe.experts.act_fn"};
    uint8_t router = am_wiring_of(build->config)->router;
    return router == AM_ROUTER_TOP ? &top : router == AM_ROUTER_TOP_FP32 ? &granite : &usual;
}

/* ---- routers ---- */

static am_var router_weight(am_build *build)
{
    return am_weight(build, AM_SHAPE(am_symbol_dim(build, AM_E), build->h), "weight");
}

static am_var sum_of(am_tape *tape, am_var weights)
{
    return am_label(tape, am_sum_over(tape, weights, 1, true), "sum of the routing weights");
}

/* A token's weights over their sum. */
static am_var sum_to_one(am_tape *tape, am_var weights)
{
    return am_divide_in_place(tape, weights, sum_of(tape, weights));
}

/* Softmax over all experts, in fp32; the largest are taken, in some families in the logits' own type. */
static am_route softmax_router(am_build *build, am_var x)
{
    am_tape *tape = build->tape;
    am_route route;
    x = am_view(tape, x, am_shape_of(tape, x));
    route.logits = am_label(tape, am_linear(tape, x, router_weight(build), 0), "router logits");
    am_var all = am_softmax(tape, AM_OP_SOFTMAX, am_to(tape, route.logits, AM_FP32));
    am_label(tape, all, "router probabilities");
    am_var top = am_topk(tape, all, am_symbol_dim(build, AM_T), &route.ids);
    am_label(tape, top, "routing weights");
    am_label(tape, route.ids, "experts of each token");
    if (build->config->norm_topk) top = sum_to_one(tape, top);
    bool cast = am_wiring_of(build->config)->router == AM_ROUTER_CAST;
    route.weights = cast ? am_to(tape, top, tape->tensor[route.logits].dtype) : top;
    am_label(tape, route.weights, "routing weights");
    am_hold(tape, all);
    return route;
}

/* The largest logits; softmax of these, in their own type. */
static am_route top_router(am_build *build, am_var x)
{
    am_tape *tape = build->tape;
    am_route route;
    am_var weight = router_weight(build), bias = am_weight(build, AM_SHAPE(am_symbol_dim(build, AM_E)), "bias");
    route.logits = am_label(tape, am_linear(tape, x, weight, bias), "router logits");
    am_var top = am_topk(tape, route.logits, am_symbol_dim(build, AM_T), &route.ids);
    am_label(tape, route.ids, "experts of each token");
    route.weights = am_label(tape, am_softmax(tape, AM_OP_SOFTMAX, top), "routing weights");
    am_hold(tape, top);
    return route;
}

/* GraniteMoe's: the same of logits in fp32, and softmax cast back. */
static am_route top_router_fp32(am_build *build, am_var x)
{
    am_tape *tape = build->tape;
    am_route route;
    am_var logits = am_label(tape, am_linear(tape, x, router_weight(build), 0), "router logits");
    route.logits = am_label(tape, am_to(tape, logits, AM_FP32), "router logits");
    am_var top = am_topk(tape, route.logits, am_symbol_dim(build, AM_T), &route.ids);
    am_label(tape, route.ids, "experts of each token");
    am_var weights = am_label(tape, am_softmax(tape, AM_OP_SOFTMAX, top), "routing weights");
    route.weights = am_label(tape, am_to(tape, weights, tape->tensor[x].dtype), "routing weights");
    am_hold(tape, top);
    return route;
}

/* ERNIE 4.5's: all of it in fp32, as its weight is, and outside autocast. A bias that is not trained joins the choice, which no
 * gradient reaches. */
static am_route softmax_router_fp32(am_build *build, am_var x)
{
    am_tape *tape = build->tape;
    const uint8_t autocast = tape->autocast;
    am_dim e = am_symbol_dim(build, AM_E), t = am_symbol_dim(build, AM_T);
    am_route route;
    am_var chosen[2];
    tape->autocast = AM_DTYPE_COUNT;
    am_var wide = am_to(tape, x, AM_FP32);
    if (wide != x) am_label(tape, wide, "input in fp32");
    am_var weight = am_parameter(tape, AM_SHAPE(e, build->h), AM_FP32, build->trainable, "weight");
    route.logits = am_label(tape, am_linear(tape, wide, weight, 0), "router logits");
    am_var all = am_label(tape, am_softmax(tape, AM_OP_SOFTMAX, route.logits), "router probabilities");
    am_var bias = am_parameter(tape, AM_SHAPE(build->one, e), AM_FP32, false, "bias");
    am_var choice = am_raw(tape, AM_OP_ADD, AM_SHAPE(build->bs, e), AM_FP32, all, bias, 0, 0);
    am_raw_pair(tape, AM_OP_TOPK, AM_SHAPE(build->bs, t), AM_FP32, AM_I64, choice, chosen);
    route.ids = am_label(tape, chosen[1], "experts of each token");
    am_var top = am_label(tape, am_gather(tape, all, route.ids), "routing weights");
    am_var sum = am_unary(tape, AM_OP_CLAMP_MAX, sum_of(tape, top));
    am_label(tape, sum, "sum of the routing weights, clamped"); /* from below; the same */
    top = am_label(tape, am_binary(tape, AM_OP_DIV, top, sum), "routing weights");
    tape->autocast = autocast;
    route.weights = am_label(tape, am_to(tape, top, tape->tensor[x].dtype), "routing weights");
    am_hold(tape, chosen[0]);
    return route;
}

/* Where experts are of none of a token's best groups, as DeepSeek's code makes that of the groups' scores; all of it is local there:
 * scores, best groups, their mask, and the mask by expert. */
static am_var outside_groups(am_build *build, am_var local[4])
{
    am_tape *tape = build->tape;
    am_dim n = build->bs, e = am_symbol_dim(build, AM_E), g = am_symbol_dim(build, AM_G);
    am_shape all = AM_SHAPE(n, e);
    int dtype = tape->tensor[local[0]].dtype;
    am_var group[2];
    am_raw_pair(tape, AM_OP_TOPK, AM_SHAPE(n, am_symbol_dim(build, AM_TG)), dtype, AM_I64, local[0], group);
    local[1] = group[1];
    local[2] = am_raw(tape, AM_OP_FULL, AM_SHAPE(n, g), dtype, 0, 0, 0, 0);
    am_var mask = am_view(tape, local[2], AM_SHAPE(n, g, build->one));
    mask = am_expand(tape, mask, AM_SHAPE(n, g, am_dim_quotient(tape->extents, e, AM_G)));
    local[3] = am_reshape(tape, mask, all);
    return am_raw(tape, AM_OP_NOT, all, AM_BOOL, am_raw(tape, AM_OP_TO, all, AM_BOOL, local[3], 0, 0, 0), 0, 0, 0);
}

/* DeepSeek-V3's choice, which no gradient reaches: by groups, each scored by its two best experts, a bias added but by Mistral 4. `local`: what the
 * router's code holds to its end; `graph`: what the graphs of the group scores and of the masked scores keep as long. */
static am_var choose_in_groups(am_build *build, am_var scores, am_var local[5], am_var graph[2])
{
    am_tape *tape = build->tape;
    am_dim n = build->bs, e = am_symbol_dim(build, AM_E), g = am_symbol_dim(build, AM_G);
    am_shape all = AM_SHAPE(n, e), groups = AM_SHAPE(n, g);
    am_dim two = am_number_dim(build, 2);
    am_var best[2], chosen[2];
    bool biased = am_wiring_of(build->config)->router == AM_ROUTER_SIGMOID;
    int dtype = biased ? AM_FP32 : tape->tensor[scores].dtype;
    am_var choice = biased ? am_raw(tape, AM_OP_ADD, all, dtype, scores, 0, 0, 0) : scores;
    am_raw_pair(tape, AM_OP_TOPK, AM_SHAPE(n, g, two), dtype, AM_I64, choice, best);
    am_hold_graph(tape, false, graph[0] = best[1], 0);
    local[0] = am_raw(tape, AM_OP_SUM, groups, dtype, best[0], 0, 0, 0);
    graph[1] = outside_groups(build, local);
    am_hold_graph(tape, false, graph[1], 0);
    local[4] = am_raw(tape, AM_OP_MASKED_FILL, all, dtype, choice, graph[1], 0, 0);
    am_raw_pair(tape, AM_OP_TOPK, AM_SHAPE(n, am_symbol_dim(build, AM_T)), dtype, AM_I64, local[4], chosen);
    return am_label(tape, chosen[1], "experts of each token");
}

/* Logits made in fp32 from a copy of the weight. */
static am_var wide_logits(am_build *build, am_var x)
{
    am_tape *tape = build->tape;
    am_var wide = am_label(tape, am_to(tape, am_view(tape, x, AM_SHAPE(build->bs, build->h)), AM_FP32), "input in fp32");
    am_var weight = am_label(tape, am_to(tape, router_weight(build), AM_FP32), "router weight in fp32");
    return am_label(tape, am_linear(tape, wide, weight, 0), "router logits");
}

/* DeepSeek-V2's: the largest of all, or of those of the groups whose largest are; without groups all of it stays as it is. */
static am_route softmax_router_of_groups(am_build *build, am_var x)
{
    am_tape *tape = build->tape;
    am_route route;
    am_var local[4] = {0}, best[2] = {0};
    route.logits = wide_logits(build, x);
    am_var scores = am_softmax(tape, AM_OP_SOFTMAX, am_to(tape, route.logits, AM_FP32));
    am_label(tape, scores, "router probabilities");
    bool groups = build->config->expert_groups > 1;
    if (groups) {
        am_raw_pair(tape, AM_OP_MAX, AM_SHAPE(build->bs, am_symbol_dim(build, AM_G)), AM_FP32, AM_I64, scores, best);
        local[0] = best[0];
        am_hold_graph(tape, false, best[1], 0);
        am_var outside = am_label(tape, outside_groups(build, local), "experts of other groups");
        scores = am_label(tape, am_masked_fill(tape, scores, outside), "router probabilities, masked");
    }
    am_var top = am_topk(tape, scores, am_symbol_dim(build, AM_T), &route.ids);
    am_label(tape, route.ids, "experts of each token");
    route.weights = am_label(tape, am_unary(tape, AM_OP_MUL_SCALAR, top), "routing weights, scaled");
    am_hold_list(tape, 4, local);
    am_hold(tape, scores);
    if (groups) am_hold_graph(tape, true, best[1], 0);
    return route;
}

/* Softmax of logits in their own type. */
static am_var softmax_scores(am_build *build, am_var x, am_var *logits)
{
    am_tape *tape = build->tape;
    am_var tokens = am_view(tape, x, AM_SHAPE(build->bs, build->h));
    *logits = am_label(tape, am_linear(tape, tokens, router_weight(build), 0), "router logits");
    return am_softmax(tape, AM_OP_SOFTMAX, am_cast(tape, AM_OP_SOFTMAX, *logits));
}

/* DeepSeek-V3's sigmoids of logits in fp32, and Mistral 4's softmax: weights are what the chosen experts have of them. */
static am_route router_of_groups(am_build *build, am_var x)
{
    am_tape *tape = build->tape;
    am_route route;
    am_var local[5], graph[2], sum = 0, scores;
    if (am_wiring_of(build->config)->router == AM_ROUTER_SOFTMAX_GROUPS) {
        scores = softmax_scores(build, x, &route.logits);
    } else {
        route.logits = wide_logits(build, x);
        scores = am_unary(tape, AM_OP_SIGMOID, route.logits);
    }
    am_label(tape, scores, "router scores");
    route.ids = choose_in_groups(build, scores, local, graph);
    am_var top = am_label(tape, am_gather(tape, scores, route.ids), "routing weights");
    if (build->config->norm_topk) {
        sum = am_unary(tape, AM_OP_ADD_SCALAR, am_sum_over(tape, top, 1, true));
        am_label(tape, sum, "sum of the routing weights");
        top = am_divide_in_place(tape, top, sum);
    }
    route.weights = am_label(tape, am_unary(tape, AM_OP_MUL_SCALAR, top), "routing weights, scaled");
    am_hold_list(tape, 5, local);
    am_hold(tape, scores, sum);
    am_hold_graph(tape, true, graph[0], graph[1]);
    return route;
}

/* MiniMax-M2's: sigmoids in fp32 of logits in their own type; which are chosen, no gradient reaches. */
static am_route sigmoid_router_of_all(am_build *build, am_var x)
{
    am_tape *tape = build->tape;
    am_shape all = AM_SHAPE(build->bs, am_symbol_dim(build, AM_E)), used = AM_SHAPE(build->bs, am_symbol_dim(build, AM_T));
    am_route route;
    am_var chosen[2];
    am_var weight = router_weight(build);
    x = am_to(tape, am_view(tape, x, am_shape_of(tape, x)), tape->tensor[weight].dtype);
    route.logits = am_label(tape, am_linear(tape, x, weight, 0), "router logits");
    am_var scores = am_label(tape, am_unary(tape, AM_OP_SIGMOID, am_to(tape, route.logits, AM_FP32)), "router scores");
    am_var choice = am_raw(tape, AM_OP_ADD, all, AM_FP32, scores, 0, 0, 0);
    am_raw_pair(tape, AM_OP_TOPK, used, AM_FP32, AM_I64, choice, chosen);
    route.ids = am_label(tape, chosen[1], "experts of each token");
    am_var top = am_label(tape, am_gather(tape, scores, route.ids), "routing weights");
    route.weights = am_label(tape, sum_to_one(tape, top), "routing weights");
    am_hold(tape, scores, choice, chosen[0]);
    return route;
}

/* ---- experts ---- */

/* Each expert's product with its own rows; its weights lie as nn.Linear's. */
static am_var grouped_linear(am_build *build, am_var x, am_dim out, am_var offsets)
{
    am_tape *tape = build->tape;
    am_dim in = am_shape_of(tape, x).dim[1];
    am_var weight = am_weight(build, AM_SHAPE(am_symbol_dim(build, AM_E), out, in), "experts' weights");
    x = am_to(tape, x, tape->tensor[weight].dtype);
    return am_grouped_mm(tape, x, am_transpose(tape, weight, 1, 2), offsets);
}

static am_var gated(am_build *build, am_var both)
{
    am_tape *tape = build->tape;
    am_dim m = am_symbol_dim(build, AM_M), half[] = {m, m};
    am_var part[2];
    am_split(tape, both, 2, half, part);
    am_module inside = am_enter(tape, paths_of(build)->activation, AM_C_MLP);
    am_var active = am_label(tape, am_hf_activation(build, part[0], build->config->activation), "gate, activated");
    tape->module = inside;
    return am_label(tape, am_binary(tape, AM_OP_MUL, active, part[1]), "gate × up");
}

/* gpt-oss's: the weights as they lie, and each row's bias. `ids`: the expert of each row. */
static am_var biased_linear(am_build *build, am_var x, am_dim out, am_var offsets, am_var ids, am_var *bias)
{
    am_tape *tape = build->tape;
    am_dim e = am_symbol_dim(build, AM_E), in = am_shape_of(tape, x).dim[1];
    am_var before = *bias;
    *bias = am_index(tape, am_weight(build, AM_SHAPE(e, out), "experts' biases"), ids);
    am_label(tape, *bias, "bias of each row");
    am_hold(tape, before);
    am_var weight = am_weight(build, AM_SHAPE(e, in, out), "experts' weights");
    x = am_to(tape, x, tape->tensor[weight].dtype);
    return am_add_in_place(tape, am_grouped_mm(tape, x, weight, offsets), *bias);
}

/* Gate and up in turns, both clamped: (up + 1) · gate · sigmoid(number · gate). */
static am_var clamped_gate(am_build *build, am_var both)
{
    am_tape *tape = build->tape;
    am_dim m = am_symbol_dim(build, AM_M);
    am_var gate = am_slice_every(tape, both, m, 2), up = am_slice_every(tape, both, m, 2);
    gate = am_label(tape, am_unary(tape, AM_OP_CLAMP_MAX, gate), "gate, clamped");
    up = am_label(tape, am_unary(tape, AM_OP_CLAMP, up), "up, clamped");
    am_var sigmoid = am_unary(tape, AM_OP_SIGMOID, am_unary(tape, AM_OP_MUL_SCALAR, gate));
    am_label(tape, sigmoid, "sigmoid of the gate");
    am_var active = am_label(tape, am_binary(tape, AM_OP_MUL, gate, sigmoid), "gate, activated");
    am_var more = am_label(tape, am_unary(tape, AM_OP_ADD_SCALAR, up), "up + 1");
    am_var y = am_label(tape, am_binary(tape, AM_OP_MUL, more, active), "gate × up");
    am_hold(tape, gate, up, active);
    return y;
}

/* Tokens sorted by expert; two grouped products; weighted, in fp32 as the weights are, put back in order and summed over
 * each token's experts. */
static am_var grouped_experts(am_build *build, am_var x, const am_route *route)
{
    am_tape *tape = build->tape;
    am_module module = am_enter(tape, paths_of(build)->experts, AM_C_MLP);
    am_dim e = am_symbol_dim(build, AM_T), rows = am_times(tape, build->bs, e);
    am_shape flat = AM_SHAPE(rows), experts = AM_SHAPE(am_symbol_dim(build, AM_E));
    am_var sorted[2];
    am_var weights = am_view(tape, route->weights, flat), ids = am_view(tape, route->ids, flat);
    am_raw_pair(tape, AM_OP_SORT, flat, AM_I64, AM_I64, ids, sorted);
    am_label(tape, sorted[1], "order by expert");
    am_var token = am_label(tape, am_raw(tape, AM_OP_FLOOR_DIVIDE, flat, AM_I64, sorted[1], 0, 0, 0), "token of each row");
    am_var input = am_label(tape, am_index(tape, x, token), "tokens by expert");
    am_var scale = am_label(tape, am_index(tape, weights, sorted[1]), "routing weights by expert");
    am_var narrow = am_raw(tape, AM_OP_TO, flat, AM_I32, sorted[0], 0, 0, 0);
    am_var counts = am_raw(tape, AM_OP_HISTC, experts, AM_I32, narrow, 0, 0, 0);
    am_var offsets = am_raw(tape, AM_OP_CUMSUM, experts, AM_I32, counts, 0, 0, 0);
    am_label(tape, offsets, "where each expert's rows end");
    am_dim wide = am_dim_for(build, 2, 1, AM_M, AM_SYMBOL_COUNT);
    bool biased = am_wiring_of(build->config)->router == AM_ROUTER_TOP;
    am_var bias = 0, both = biased ? biased_linear(build, input, wide, offsets, sorted[0], &bias)
                                   : grouped_linear(build, input, wide, offsets);
    am_label(tape, both, "gate and up");
    am_var product = biased ? clamped_gate(build, both) : gated(build, both);
    am_hold(tape, both);
    am_var down = biased ? biased_linear(build, product, build->h, offsets, sorted[0], &bias)
                         : grouped_linear(build, product, build->h, offsets);
    am_label(tape, down, "experts' output");
    am_hold(tape, product);
    am_var weighted = am_binary(tape, AM_OP_MUL, down, am_view(tape, scale, AM_SHAPE(rows, build->one)));
    am_var back = am_raw(tape, AM_OP_FULL, flat, AM_I64, 0, 0, 0, 0);
    am_hold(tape, am_raw(tape, AM_OP_ARANGE, flat, AM_I64, 0, 0, 0, 0), back); /* index_put_ */
    am_label(tape, back, "way back from the order by expert");
    am_var ordered = am_index(tape, weighted, back);
    am_hold(tape, weighted);
    am_var sum = am_sum_over(tape, am_view(tape, ordered, AM_SHAPE(build->bs, e, build->h)), 1, false);
    am_var y = am_label(tape, am_to(tape, sum, tape->tensor[x].dtype), "experts' output");
    am_hold(tape, sorted[0], sorted[1], input, scale, narrow, counts, offsets, down, back, ordered, sum);
    am_hold(tape, route->ids, route->weights, bias);
    tape->module = module;
    return y;
}

static am_var routed_experts(am_build *build, am_var tokens, const am_route *route, am_shape shape)
{
    am_var y = am_view(build->tape, grouped_experts(build, tokens, route), shape);
    return am_label(build->tape, y, "experts' output");
}

static const am_gated_mlp shared_experts = {"mlp.shared_experts", "mlp.shared_experts.gate_proj", "mlp.shared_experts.act_fn",
                                            "mlp.shared_experts.up_proj", "mlp.shared_experts.down_proj"};

/* DeepSeek's block: the router reads the input itself. */
static am_var experts_and_shared(am_build *build, am_var x)
{
    am_tape *tape = build->tape;
    am_module module = am_enter(tape, "mlp.gate", AM_C_MLP);
    bool softmax = am_wiring_of(build->config)->router == AM_ROUTER_GROUPS;
    am_route route = (softmax ? softmax_router_of_groups : router_of_groups)(build, x);
    tape->module = module;
    am_var tokens = am_view(tape, x, AM_SHAPE(build->bs, build->h));
    am_var routed = routed_experts(build, tokens, &route, am_shape_of(tape, x)), y = routed;
    if (build->config->shared_ffn)
        y = am_binary(tape, AM_OP_ADD, routed, am_hf_gated_mlp(build, x, &shared_experts, am_symbol_dim(build, AM_SF)));
    am_hold(tape, routed, route.logits, route.weights, route.ids);
    return y;
}

static am_route route_of(am_build *build, am_var tokens)
{
    switch (am_wiring_of(build->config)->router) {
    case AM_ROUTER_TOP: return top_router(build, tokens);
    case AM_ROUTER_TOP_FP32: return top_router_fp32(build, tokens);
    case AM_ROUTER_FP32: return softmax_router_fp32(build, tokens);
    case AM_ROUTER_SIGMOID_ALL: return sigmoid_router_of_all(build, tokens);
    default: return softmax_router(build, tokens);
    }
}

static am_var gate_shared(am_build *build, am_var tokens, am_var own)
{
    am_tape *tape = build->tape;
    am_var gate = am_hf_linear(build, tokens, "mlp.shared_expert_gate", AM_C_MLP, build->one, false, 0);
    gate = am_label(tape, am_unary(tape, AM_OP_SIGMOID, gate), "shared expert's gate");
    return am_label(tape, am_binary(tape, AM_OP_MUL, gate, own), "shared expert's output, gated");
}

/* Mixtral's block, and those in which a shared expert comes first: Qwen2-MoE's has a gate of its own. */
static am_var experts_of_tokens(am_build *build, am_var x)
{
    static const am_gated_mlp gated = {"mlp.shared_expert", "mlp.shared_expert.gate_proj", "mlp.shared_expert.act_fn",
                                       "mlp.shared_expert.up_proj", "mlp.shared_expert.down_proj"};
    am_tape *tape = build->tape;
    bool has_gate = am_wiring_of(build->config)->shared == AM_SHARED_GATED;
    bool top = am_wiring_of(build->config)->router == AM_ROUTER_TOP;
    am_var tokens = am_view(tape, x, AM_SHAPE(build->bs, build->h)), own = 0;
    if (build->config->shared_ffn) own = am_hf_gated_mlp(build, tokens, has_gate ? &gated : &shared_experts, am_symbol_dim(build, AM_SF));
    am_module module = am_enter(tape, paths_of(build)->router, AM_C_MLP);
    am_route route = route_of(build, tokens);
    tape->module = module;
    if (!own) {
        am_var y = routed_experts(build, tokens, &route, am_shape_of(tape, x));
        am_hold(tape, route.logits, route.weights, route.ids);
        build->scores = top ? route.weights : 0;
        return y;
    }
    am_var y = grouped_experts(build, tokens, &route);
    if (has_gate) own = gate_shared(build, tokens, own);
    y = am_view(tape, am_binary(tape, AM_OP_ADD, y, own), am_shape_of(tape, x));
    am_hold(tape, own, route.logits, route.weights, route.ids);
    return y;
}

am_var am_hf_moe(am_build *build, am_var x)
{
    am_tape *tape = build->tape;
    am_module module = am_enter(tape, paths_of(build)->block, AM_C_MLP);
    uint8_t router = am_wiring_of(build->config)->router;
    bool reads_input = router == AM_ROUTER_SIGMOID || router == AM_ROUTER_GROUPS || router == AM_ROUTER_SOFTMAX_GROUPS;
    am_var y = reads_input ? experts_and_shared(build, x) : experts_of_tokens(build, x);
    tape->module = module;
    return am_label(tape, y, "MLP block's output");
}

/* ---- attention ---- */

am_var am_hf_attend_with_sinks(am_build *build, am_var q, am_var k, am_var v, am_var *weights)
{
    am_tape *tape = build->tape;
    am_dim one = build->one, s = build->s;
    am_var transposed = am_transpose(tape, k, 2, 3), at;
    am_var scores = am_unary(tape, AM_OP_MUL_SCALAR, am_matmul(tape, q, transposed));
    am_var masked = am_binary(tape, AM_OP_ADD, scores, build->mask);
    am_var sinks = am_view(tape, am_weight(build, AM_SHAPE(build->a), "sinks"), AM_SHAPE(one, build->a, one, one));
    sinks = am_expand(tape, sinks, AM_SHAPE(build->b, build->a, s, one));
    am_var all = am_cat(tape, masked, sinks, am_symbol_dim(build, AM_S1));
    am_var top = am_max(tape, all, one, &at);
    am_label(tape, at, "where each row's largest score is");
    all = am_binary(tape, AM_OP_SUB, all, top);
    am_var soft = am_label(tape, am_softmax(tape, AM_OP_SOFTMAX, all), "attention weights and sinks");
    *weights = am_to(tape, am_slice(tape, soft, s), tape->tensor[v].dtype);
    *weights = am_dropout(tape, *weights, build->config->attention_dropout);
    am_hold(tape, masked);
    am_var y = am_label(tape, am_matmul(tape, *weights, v), "attention output");
    y = am_contiguous(tape, am_transpose(tape, y, 1, 2));
    am_hold(tape, all, soft, sinks);
    return y;
}
