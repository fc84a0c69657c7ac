/* The table of operations: is each row in order, does it name what autograd names, and does it keep and allocate what
 * PyTorch does where nothing else hides it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exhibits.h"
#include "tape.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))

/* ---- the rows themselves ---- */

/* Inputs and results of each operation, as tape.c records it. */
static const struct {
    int inputs, results;
} arities[AM_OP_COUNT] = {
    [AM_OP_MM] = {2, 1},
    [AM_OP_ADDMM] = {3, 1},
    [AM_OP_BMM] = {2, 1},
    [AM_OP_ADD] = {2, 1},
    [AM_OP_ADD_SCALAR] = {1, 1},
    [AM_OP_SUB] = {2, 1},
    [AM_OP_MUL] = {2, 1},
    [AM_OP_DIV] = {2, 1},
    [AM_OP_MUL_SCALAR] = {1, 1},
    [AM_OP_DIV_SCALAR] = {1, 1},
    [AM_OP_NEG] = {1, 1},
    [AM_OP_POW] = {1, 1},
    [AM_OP_RSQRT] = {1, 1},
    [AM_OP_MEAN] = {1, 1},
    [AM_OP_SUM] = {1, 1},
    [AM_OP_TANH] = {1, 1},
    [AM_OP_RELU] = {1, 1},
    [AM_OP_GELU] = {1, 1},
    [AM_OP_SILU] = {1, 1},
    [AM_OP_SOFTMAX] = {1, 1},
    [AM_OP_LOG_SOFTMAX] = {1, 1},
    [AM_OP_NLL_LOSS] = {2, 2},
    [AM_OP_LAYER_NORM] = {3, 3},
    [AM_OP_RMS_NORM] = {2, 2},
    [AM_OP_DROPOUT] = {1, 2},
    [AM_OP_EMBEDDING] = {2, 1},
    [AM_OP_FLASH_ATTENTION] = {3, 4},
    [AM_OP_EFFICIENT_ATTENTION] = {4, 4},
    [AM_OP_CHOOSE] = {3, 1},
    [AM_OP_MASKED_FILL] = {2, 1},
    [AM_OP_BADDBMM] = {3, 1},
    [AM_OP_BLOOM_GELU] = {3, 1},
    [AM_OP_TO] = {1, 1},
    [AM_OP_CLONE] = {1, 1},
    [AM_OP_STACK] = {2, 1},
    [AM_OP_CAT] = {2, 1},
    [AM_OP_SLICE] = {1, 1},
    [AM_OP_SPLIT] = {1, 3},
    [AM_OP_PAD] = {1, 1},
    [AM_OP_EXPAND] = {1, 1},
    [AM_OP_VIEW] = {1, 1},
    [AM_OP_TRANSPOSE] = {1, 1},
    [AM_OP_LIGER_RMS_NORM] = {4, 2},
    [AM_OP_LIGER_SILU_MUL] = {2, 1},
    [AM_OP_LIGER_GELU_MUL] = {2, 1},
    [AM_OP_LIGER_ROPE] = {4, 2},
    [AM_OP_FUSED_LINEAR_CE] = {4, 1},
    [AM_OP_CUT_CE] = {9, 1},
    [AM_OP_SIGMOID] = {1, 1},
    [AM_OP_TOPK] = {1, 2},
    [AM_OP_MAX] = {1, 2},
    [AM_OP_GATHER] = {2, 1},
    [AM_OP_INDEX] = {2, 1},
    [AM_OP_CLAMP_MAX] = {1, 1},
    [AM_OP_MINIMUM] = {2, 1},
    [AM_OP_SOFTPLUS] = {1, 1},
    [AM_OP_EXPM1] = {1, 1},
    [AM_OP_EITHER] = {3, 1},
    [AM_OP_CLAMP] = {1, 1},
    [AM_OP_DIV_INPLACE] = {3, 1},
    [AM_OP_SAFE_SOFTMAX] = {1, 1},
    [AM_OP_GROUPED_MM] = {3, 1},
    [AM_OP_COPY_SLICE] = {2, 1},
    [AM_OP_COMPLEX_MUL] = {2, 1},
    [AM_OP_AS_COMPLEX] = {1, 1},
    [AM_OP_AS_REAL] = {1, 1},
    [AM_OP_SORT] = {1, 2},
    [AM_OP_HISTC] = {1, 1},
    [AM_OP_FLOOR_DIVIDE] = {1, 1},
    [AM_OP_FLOOR] = {1, 1},
    [AM_OP_LOG] = {1, 1},
    [AM_OP_NOT] = {1, 1},
    [AM_OP_OLD_VALUE] = {1, 1},
    [AM_OP_REPEAT] = {1, 1},
    [AM_OP_ARANGE] = {0, 1},
    [AM_OP_COS] = {1, 1},
    [AM_OP_SIN] = {1, 1},
    [AM_OP_POLAR] = {2, 1},
    [AM_OP_CUMSUM] = {1, 1},
    [AM_OP_NONZERO] = {1, 1},
    [AM_OP_COMPARE] = {2, 1},
    [AM_OP_AND] = {2, 1},
    [AM_OP_WHERE] = {3, 1},
    [AM_OP_FULL] = {0, 1},
    [AM_OP_EMPTY] = {0, 1},
    [AM_OP_UNSHARD] = {0, 0},
    [AM_OP_REDUCE] = {0, 0},
    [AM_OP_PARALLEL_LINEAR] = {3, 1},
    [AM_OP_SEQUENCE_LINEAR] = {4, 1},
    [AM_OP_REDUCE_SCATTER] = {1, 1},
    [AM_OP_SCATTER_SEQUENCE] = {1, 1},
    [AM_OP_SCATTER_COPY] = {1, 1},
    [AM_OP_ALL_TO_ALL] = {1, 1},
    [AM_OP_GATHER_SEQUENCE] = {1, 1},
    [AM_OP_GATHER_MODEL] = {1, 1},
    [AM_OP_ALL_GATHER] = {1, 1},
    [AM_OP_MASKED_SOFTMAX] = {1, 1},
    [AM_OP_FILL] = {2, 1},
    [AM_OP_BIAS_GELU] = {2, 1},
    [AM_OP_PLAIN_SWIGLU] = {2, 1},
    [AM_OP_BIAS_SWIGLU] = {2, 1},
    [AM_OP_VOCAB_LOSS] = {1, 4},
    [AM_OP_ROUTER_LINEAR] = {2, 1},
    [AM_OP_ROUTER_LINEAR_FP32] = {4, 1},
    [AM_OP_SCATTER] = {2, 1},
    [AM_OP_AUX_LOSS] = {2, 1},
    [AM_OP_MASKED_SELECT] = {2, 1},
    [AM_OP_INDEX_SELECT] = {2, 1},
    [AM_OP_CHUNKS] = {1, 1},
    [AM_OP_GMM] = {2, 1},
    [AM_OP_WEIGHTED_SWIGLU] = {2, 1},
    [AM_OP_SCATTER_ADD] = {3, 1},
    [AM_OP_NORM_LINEAR] = {5, 4},
    [AM_OP_LINEAR] = {2, 1},
    [AM_OP_NORM_SEQUENCE_LINEAR] = {6, 4},
    [AM_OP_GATHER_LINEAR] = {3, 1},
    [AM_OP_SCATTER_LINEAR] = {3, 1},
    [AM_OP_FUSED_ROPE] = {2, 1},
    [AM_OP_FLASH_ATTN] = {3, 3},
    [AM_OP_GATHER_SHARDS] = {1, 1},
    [AM_OP_SCATTER_SUM] = {2, 1},
    [AM_OP_ALL_REDUCE] = {1, 1},
    [AM_OP_REPLICATE] = {1, 1},
    [AM_OP_GATHER_LAST] = {1, 1},
    [AM_OP_SHARDED_EMBEDDING] = {3, 1},
    [AM_OP_SHARDED_LOG_SOFTMAX] = {1, 1},
    [AM_OP_SHARDED_NLL_LOSS] = {4, 2},
    [AM_OP_RING_ATTENTION] = {3, 4},
    [AM_OP_ENGINE_RING] = {5, 4},
    [AM_OP_CHECKPOINT] = {1, 1},
    [AM_OP_PAPER_NORM] = {3, 1},
    [AM_OP_PAPER_EMBEDDING] = {1, 1},
    [AM_OP_PAPER_LOSS] = {1, 1},
};

START_TEST(arities_are_of_every_operation)
{
    for (int i = 0; i < AM_OP_COUNT; i++) {
        bool moves = i == AM_OP_UNSHARD || i == AM_OP_REDUCE; /* whole units, no tensor of their own */
        ck_assert_msg(moves || arities[i].results > 0, "%s (%s)", am_ops[i].name, am_ops[i].node);
    }
}
END_TEST

static bool is_name(const char *text)
{
    if (strncmp(text, "saved[", 6) == 0) return text[6] >= '0' && text[6] <= '9' && strcmp(text + 7, "]") == 0;
    if (!*text) return false;
    return strspn(text, "abcdefghijklmnopqrstuvwxyz_0123456789") == strlen(text);
}

static int rules_of(const am_op_info *op)
{
    int rules = 0;
    while (rules < AM_MAX_SAVES && op->saves[rules].attribute) rules++;
    return rules;
}

static int steps_of(const am_op_info *op)
{
    int steps = 0;
    while (steps < AM_MAX_STEPS && op->backward[steps].kind != AM_END) steps++;
    return steps;
}

/* Saves refer to what the operation has, each to another of its tensors, and say why. */
START_TEST(save_rules)
{
    const am_op_info *op = &am_ops[_i];
    int inputs = arities[_i].inputs, results = arities[_i].results, rules = rules_of(op);
    ck_assert_msg(is_name(op->name), "operation %d is called '%s'", _i, op->name);
    for (int i = 0; i < rules; i++) {
        const am_save_rule *rule = &op->saves[i];
        ck_assert_msg(is_name(rule->attribute), "%s: attribute '%s'", op->name, rule->attribute);
        ck_assert_msg(rule->why && strlen(rule->why) >= 20, "%s.%s says not why", op->name, rule->attribute);
        ck_assert_msg(rule->why[strlen(rule->why) - 1] != '.', "%s.%s: the report puts its own full stop behind why",
                      op->name, rule->attribute);
        ck_assert_int_ge(rule->index, 0);
        ck_assert_int_lt(rule->index, rule->result ? results : inputs);
        ck_assert_int_ge(rule->needs, -1);
        ck_assert_int_lt(rule->needs, inputs);
        ck_assert(!(rule->result && rule->needs >= 0));
        for (int j = 0; j < i; j++) {
            ck_assert_str_ne(rule->attribute, op->saves[j].attribute);
            ck_assert(rule->result != op->saves[j].result || rule->index != op->saves[j].index);
        }
    }
    for (int i = rules; i < AM_MAX_SAVES; i++) ck_assert_ptr_null(op->saves[i].attribute);
}
END_TEST

/* Steps end, name an input that the operation has, each once, and a row without a backward saves nothing. */
START_TEST(backward_steps)
{
    const am_op_info *op = &am_ops[_i];
    int steps = steps_of(op), inputs = arities[_i].inputs;
    bool reached[AM_MAX_STEPS] = {false};
    for (int i = 0; i < steps; i++) {
        am_backward_kind kind = op->backward[i].kind;
        ck_assert_int_le(kind, AM_RING);
        ck_assert_int_ge(op->backward[i].input, 0);
        ck_assert_int_lt(op->backward[i].input, inputs);
        if ((kind >= AM_TEMPORARY && kind <= AM_DROP) || kind == AM_LET_GO) continue;
        if (kind == AM_EMPTY) {
            ck_assert_int_lt(op->backward[i].input, rules_of(op));
            continue;
        }
        ck_assert_msg(!reached[op->backward[i].input], "%s: two gradients of input %d", op->name,
                      op->backward[i].input);
        reached[op->backward[i].input] = true;
        if (kind >= AM_VIEW) ck_assert_int_eq(steps, 1);
    }
    ck_assert_int_lt(steps, AM_MAX_STEPS); /* the row has an end */
    for (int i = steps; i < AM_MAX_STEPS; i++) ck_assert_int_eq(op->backward[i].kind, AM_END);
    bool stands_for_a_region = _i == AM_OP_CHECKPOINT;
    ck_assert_int_eq(steps > 0 || stands_for_a_region, op->node[0] != 0);
    ck_assert(steps > 0 || rules_of(op) == 0);
    ck_assert(!op->alias || rules_of(op) == 0); /* views save nothing */
}
END_TEST

START_TEST(row_names)
{
    static const char *const components[] = {"attention", "mlp",  "norm", "residual",
                                             "embedding", "head", "loss", "checkpoint"};
    ck_assert_int_eq(COUNT(components), AM_COMPONENT_COUNT);
    for (int i = 0; i < AM_COMPONENT_COUNT; i++) ck_assert_str_eq(am_component_names[i], components[i]);
    for (int i = 0; i < AM_OP_COUNT; i++) /* one node name stands for one set of rules */
        for (int j = 0; j < i; j++)
            if (rules_of(&am_ops[i]) && rules_of(&am_ops[j]) && strcmp(am_ops[i].node, am_ops[j].node) == 0 &&
                strcmp(am_ops[i].node, "GeLUFunction") != 0) /* BLOOM and Megatron have one each */
                ck_assert_str_eq(am_ops[i].name, am_ops[j].name);
}
END_TEST

/* torch.autocast's lists for CUDA, as far as the models reach them. */
START_TEST(autocast_classes)
{
    static const am_op low[] = {AM_OP_MM, AM_OP_ADDMM, AM_OP_BMM, AM_OP_BADDBMM, AM_OP_FLASH_ATTENTION,
                                AM_OP_EFFICIENT_ATTENTION};
    static const am_op fp32[] = {AM_OP_POW,         AM_OP_RSQRT,    AM_OP_SOFTMAX,
                                 AM_OP_LOG_SOFTMAX, AM_OP_NLL_LOSS, AM_OP_LAYER_NORM,
                                 AM_OP_RMS_NORM,    AM_OP_SOFTPLUS, AM_OP_EXPM1};
    int others = 0;
    ck_assert_int_eq(am_ops[AM_OP_SUM].cast, AM_CAST_RESULT);
    for (int i = 0; i < COUNT(low); i++) ck_assert_int_eq(am_ops[low[i]].cast, AM_CAST_LOW);
    for (int i = 0; i < COUNT(fp32); i++) ck_assert_int_eq(am_ops[fp32[i]].cast, AM_CAST_FP32);
    for (int i = 0; i < AM_OP_COUNT; i++) others += am_ops[i].cast == AM_CAST_PROMOTE;
    ck_assert_int_eq(others, AM_OP_COUNT - COUNT(low) - COUNT(fp32) - 1);
}
END_TEST

/* ---- against the fixtures' names ---- */

/* "MmBackward0.mat2", "GeLUFunctionBackward.saved[0]", "CopySlices": in the table? */
static const am_save_rule *rule_named(const char *text)
{
    for (int i = 0; i < AM_OP_COUNT; i++) {
        size_t length = strlen(am_ops[i].node);
        const char *rest = text + length;
        if (rules_of(&am_ops[i]) == 0 || strncmp(text, am_ops[i].node, length) != 0) continue;
        if (*rest == '\0') return &am_ops[i].saves[0]; /* it says no more of what it hides */
        if (strncmp(rest, "Backward", 8) != 0) continue;
        rest += rest[8] == '0' ? 10 : 9;
        for (int j = 0; j < rules_of(&am_ops[i]); j++)
            if (strcmp(am_ops[i].saves[j].attribute, rest) == 0) return &am_ops[i].saves[j];
    }
    return NULL;
}

static json cases;

typedef struct survey {
    const am_save_rule *seen[AM_OP_COUNT * AM_MAX_SAVES];
    int count, names;
} survey;

static void survey_name(json name, void *data)
{
    survey *found = data;
    char text[96];
    if (strncmp(json_text(name, text, sizeof text), "Checkpoint", 10) == 0) return;
    const am_save_rule *rule = rule_named(text);
    ck_assert_msg(rule != NULL, "%s is in no row", text);
    found->names++;
    for (int i = 0; i < found->count; i++)
        if (found->seen[i] == rule) return;
    found->seen[found->count++] = rule;
}

static void survey_row(json row, void *data)
{
    json savers = json_get(row, "saved_by");
    if (json_get(row, "input").index < 0) json_each(savers, survey_name, data);
}

static void survey_case(json record, void *data)
{
    json rows = json_get(record, "rows");
    if (rows.index < 0) return;
    json layer = json_get(rows, "layer_1");
    json_each(layer.index < 0 ? json_get(rows, "layer") : layer, survey_row, data);
    json_each(json_get(rows, "outside"), survey_row, data);
}

/* Python functions around kernels of their own: liger.json and loss.json have whole steps of them. */
static bool is_fused(const am_op_info *op)
{
    return op >= &am_ops[AM_OP_LIGER_RMS_NORM] && op <= &am_ops[AM_OP_CUT_CE];
}

/* Transformer Engine's and flash-attn's functions are read from their source. */
static bool is_read(const am_op_info *op)
{
    static const am_op read[] = {AM_OP_NORM_LINEAR,   AM_OP_LINEAR,         AM_OP_NORM_SEQUENCE_LINEAR,
                                 AM_OP_GATHER_LINEAR, AM_OP_SCATTER_LINEAR, AM_OP_FUSED_ROPE,
                                 AM_OP_FLASH_ATTN,    AM_OP_ENGINE_RING};
    for (int i = 0; i < COUNT(read); i++)
        if (op == &am_ops[read[i]]) return true;
    return false;
}

/* Rules that the measured cases never show: parameters and inputs of the step have no bytes. */
static bool is_unmeasured(const am_op_info *op, const am_save_rule *rule)
{
    static const char *const names[] = {"NativeLayerNorm.weight", "NativeLayerNorm.bias", "FusedRmsNorm.weight",
                                        "LayerNorm.input", "CrossEntropy.logits", "Where.condition", "GroupedMm.mat2",
                                        "ClampBackward1.self", "Max.indices", "Minimum.self", "Minimum.other", "Softplus.self", "Expm1.result",
                                        "LinearWithGradAccumulationAndAsyncCommunication.saved[1]",
                                        "RouterGatingLinearFunction.saved[1]", "GMM.saved[1]",
                                        "GeLUFunction.saved[1]", "BiasSwiGLUFunction.saved[1]"};
    if (is_fused(op)) return true;
    char text[96];
    snprintf(text, sizeof text, "%s.%s", op->node, rule->attribute);
    for (int i = 0; i < COUNT(names); i++)
        if (strcmp(names[i], text) == 0) return true;
    return is_read(op);
}

START_TEST(fixtures_names)
{
    survey found = {.count = 0};
    json_each(cases, survey_case, &found);
    json_each(json_load("parallel.json"), survey_case, &found);
    ck_assert_int_gt(found.names, 1000);
    for (int i = 0; i < AM_OP_COUNT; i++)
        for (int j = 0; j < rules_of(&am_ops[i]); j++) {
            char name[96]; /* several operations may have one node's name */
            snprintf(name, sizeof name, "%sBackward0.%s", am_ops[i].node, am_ops[i].saves[j].attribute);
            const am_save_rule *rule = rule_named(name);
            bool seen = false;
            for (int k = 0; k < found.count; k++) seen |= found.seen[k] == rule;
            ck_assert_msg(seen != is_unmeasured(&am_ops[i], rule), "%s.%s: %s", am_ops[i].node, rule->attribute,
                          seen ? "is measured by now" : "no case has it");
        }
}
END_TEST

/* ---- single operations, as PyTorch plays them ---- */

static am_tape *const tape = &fixture_workspace.tape;
static am_extents extents;

static am_dim number(int64_t n)
{
    static const am_symbol none[] = {AM_SYMBOL_COUNT};
    return am_dim_of(&extents, n, 1, none);
}

static am_shape shape_of(int rank, const int64_t *n)
{
    am_shape shape = {.rank = rank};
    for (int i = 0; i < rank; i++) shape.dim[i] = number(n[i]);
    return shape;
}

#define SHAPE(...) shape_of((int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), (int64_t[]){__VA_ARGS__})
#define PLAY(name, ...)                                                                                                \
    static am_var name(const am_var *x)                                                                                \
    {                                                                                                                  \
        return __VA_ARGS__;                                                                                            \
    }

static am_var heads(am_var x)
{
    return am_transpose(tape, x, 1, 2);
}
static am_var neg(am_var x)
{
    return am_unary(tape, AM_OP_NEG, x);
}
static am_var plus(am_var x, am_var y)
{
    return am_binary(tape, AM_OP_ADD, x, y);
}
static am_var times(am_var x, am_var y)
{
    return am_binary(tape, AM_OP_MUL, x, y);
}
static am_var attend(am_op op, am_var q, am_var k, am_var v, am_var mask)
{
    return am_attention(tape, op, q, k, v, mask);
}

/* Two ranks of Transformer Engine's. */
static am_var ring_of(am_var q, am_var k, am_var v, am_var lengths, am_var halves)
{
    const am_ring_input input = {q, k, v, {lengths, halves}, number(2)};
    return am_engine_ring(tape, &input, number(tape->tensor[k].shape[3] + tape->tensor[v].shape[3]));
}

static am_var first_heads(am_var x) /* of [s, b, heads, d] */
{
    return heads(am_transpose(tape, x, 0, 1));
}

/* Into heads' order of dimensions and back to rows: whatever does not keep that order shows as a copy. */
static am_var into_heads(am_var x)
{
    return heads(am_view(tape, x, SHAPE(2, 3, 2, 4)));
}

static am_var out_of_heads(am_var x)
{
    return am_reshape(tape, heads(x), SHAPE(2, 3, 8));
}

static am_var turn_halves(am_var x)
{
    am_var right = neg(am_slice(tape, x, number(2)));
    return am_cat(tape, right, am_slice(tape, x, number(2)), number(4));
}

static am_var turn_pairs(am_var x)
{
    am_var odd = neg(am_slice_every(tape, x, number(2), 2)), even = am_slice_every(tape, x, number(2), 2);
    am_shape column = SHAPE(2, 3, 2, 1);
    return am_view(tape, am_cat(tape, am_view(tape, odd, column), am_view(tape, even, column), number(2)),
                   SHAPE(2, 3, 4));
}

#define BETWEEN(name, ...)                                                                                             \
    static am_var name##_inside(am_var x)                                                                              \
    {                                                                                                                  \
        return __VA_ARGS__;                                                                                            \
    }                                                                                                                  \
    PLAY(name##_between, out_of_heads(name##_inside(into_heads(x[0]))))

/* clang-format off */
PLAY(linear, am_linear(tape, x[0], x[1], 0))
PLAY(linear_bias, am_linear(tape, x[0], x[1], x[2]))
PLAY(conv1d, am_conv1d(tape, x[0], x[1], x[2]))
PLAY(bmm, am_bmm(tape, x[0], x[1]))
PLAY(matmul, am_matmul(tape, x[0], x[1]))
PLAY(add, plus(x[0], x[1]))
PLAY(add_itself, plus(x[0], x[0]))
PLAY(add_scalar, am_unary(tape, AM_OP_ADD_SCALAR, x[0]))
PLAY(subtract, am_binary(tape, AM_OP_SUB, x[0], x[1]))
PLAY(pairs, turn_pairs(x[0]))
PLAY(mul, times(x[0], x[1]))
PLAY(mul_itself, times(x[0], x[0]))
PLAY(divide, am_binary(tape, AM_OP_DIV, x[0], x[1]))
PLAY(mul_scalar, am_unary(tape, AM_OP_MUL_SCALAR, x[0]))
PLAY(div_scalar, am_unary(tape, AM_OP_DIV_SCALAR, x[0]))
PLAY(negate, neg(x[0]))
PLAY(square, am_unary(tape, AM_OP_POW, x[0]))
PLAY(rsqrt, am_unary(tape, AM_OP_RSQRT, x[0]))
PLAY(mean, am_mean_last(tape, x[0]))
PLAY(clamp_above, am_unary(tape, AM_OP_CLAMP_MAX, neg(x[0])))
PLAY(clamp_both, am_unary(tape, AM_OP_CLAMP, neg(x[0])))
PLAY(add_in_place, am_add_in_place(tape, neg(x[0]), x[1]))
PLAY(tanh_of, am_unary(tape, AM_OP_TANH, x[0]))
PLAY(choose, am_choose(tape, x[1], x[0], am_raw(tape, AM_OP_FULL, AM_SCALAR, AM_FP32, 0, 0, 0, 0)))
PLAY(pick, am_pick(tape, x[0], 1))
PLAY(select_one, am_select(tape, x[0], 1))
PLAY(masked_fill, am_masked_fill(tape, x[0], x[1]))
PLAY(baddbmm, am_baddbmm(tape, x[0], x[1], x[2]))
PLAY(bloom_gelu, am_bloom_gelu(tape, x[0]))
PLAY(relu, am_unary(tape, AM_OP_RELU, x[0]))
PLAY(gelu, am_unary(tape, AM_OP_GELU, x[0]))
PLAY(complex_product, am_complex_product(tape, x[0], x[1]))
PLAY(complex_product_of_heads, out_of_heads(am_complex_product(tape, into_heads(x[0]), x[1])))
PLAY(cast_of_slice, am_reshape(tape, heads(am_to(tape, am_slice(tape, into_heads(x[0]), number(2)), AM_FP32)), SHAPE(2, 3, 4)))
PLAY(least, am_minimum(tape, x[0], x[1]))
PLAY(softplus, am_unary(tape, AM_OP_SOFTPLUS, x[0]))
PLAY(expm1_of, am_unary(tape, AM_OP_EXPM1, x[0]))
PLAY(either, am_either(tape, x[0], x[1], x[2]))
PLAY(silu, am_unary(tape, AM_OP_SILU, x[0]))
PLAY(silu_transposed, am_unary(tape, AM_OP_SILU, heads(x[0])))
PLAY(softmax, am_softmax(tape, AM_OP_SOFTMAX, x[0]))
PLAY(safe_softmax, am_softmax(tape, AM_OP_SAFE_SOFTMAX, x[0]))
PLAY(log_softmax, am_softmax(tape, AM_OP_LOG_SOFTMAX, x[0]))
PLAY(layer_norm, am_layer_norm(tape, x[0], x[1], x[2]))
PLAY(rms_norm, am_rms_norm(tape, x[0], x[1]))
PLAY(dropout, am_dropout(tape, x[0], 100000))
PLAY(embedding, am_embedding(tape, x[0], x[1]))
PLAY(flash, attend(AM_OP_FLASH_ATTENTION, heads(x[0]), heads(x[1]), heads(x[2]), 0))
PLAY(flash_contiguous, attend(AM_OP_FLASH_ATTENTION, x[0], x[1], x[2], 0))
PLAY(efficient, attend(AM_OP_EFFICIENT_ATTENTION, heads(x[0]), heads(x[1]), heads(x[2]), 0))
PLAY(efficient_contiguous, attend(AM_OP_EFFICIENT_ATTENTION, x[0], x[1], x[2], 0))
PLAY(efficient_masked, attend(AM_OP_EFFICIENT_ATTENTION, x[0], x[1], x[2], x[3]))
PLAY(to_fp32, am_to(tape, x[0], AM_FP32))
PLAY(to_own, neg(am_to(tape, x[0], AM_FP32)))
PLAY(to_transposed, am_to(tape, heads(x[0]), AM_BF16))
PLAY(sum, am_sum_all(tape, x[0]))
PLAY(parallel_linear, am_parallel_linear(tape, AM_OP_PARALLEL_LINEAR, x[0], x[1], 0))
PLAY(parallel_linear_bias, am_parallel_linear(tape, AM_OP_PARALLEL_LINEAR, x[0], x[1], x[2]))
PLAY(masked_softmax, am_masked_softmax(tape, x[0]))
PLAY(bias_gelu, am_activation(tape, AM_OP_BIAS_GELU, x[0], x[1], am_shape_of(tape, x[0])))
PLAY(norm_linear, am_norm_linear(tape, x[0], 0, x[1], x[2], 0, 0))
PLAY(norm_linear_bias, am_norm_linear(tape, x[0], 0, x[1], x[2], x[3], 0))
PLAY(norm_linear_sum, am_norm_linear(tape, x[0], 0, x[1], x[2], 0, x[3]))
PLAY(norm_linear_gathered, am_norm_linear(tape, x[0], number(4), x[1], x[2], 0, 0))
PLAY(norm_linear_gathered_bias, am_norm_linear(tape, x[0], number(4), x[1], x[2], x[3], 0))
PLAY(norm_linear_gathered_sum, am_norm_linear(tape, x[0], number(4), x[1], x[2], 0, x[3]))
PLAY(gather_linear, am_gather_linear(tape, x[0], number(4), x[1]))
PLAY(scatter_linear, am_scatter_linear(tape, x[0], number(1), x[1]))
PLAY(sequence_linear, am_sequence_linear(tape, x[0], number(4), x[2], x[1], 0))
PLAY(sequence_linear_bias, am_sequence_linear(tape, x[0], number(4), x[2], x[1], x[3]))
PLAY(reduce_scatter, am_reduce_scatter(tape, x[0], number(1)))
PLAY(scatter_sequence, am_scatter_sequence(tape, x[0], number(1)))
PLAY(all_to_all, am_activation(tape, AM_OP_ALL_TO_ALL, x[0], 0, SHAPE(4, 4)))
PLAY(gather_sequence, am_activation(tape, AM_OP_GATHER_SEQUENCE, x[0], 0, SHAPE(12, 4)))
PLAY(scatter_part, am_activation(tape, AM_OP_SCATTER_COPY, am_slice(tape, x[0], number(3)), 0, SHAPE(2, 3, 3)))
PLAY(wide_linear, am_wide_linear(tape, x[0], x[1]))

static am_var gather_model(const am_var *x)
{
    am_var parts = am_raw(tape, AM_OP_ALL_GATHER, SHAPE(3, 2, 8), AM_BF16, x[0], 0, 0, 0);
    am_var y = am_activation(tape, AM_OP_GATHER_MODEL, x[0], 0, SHAPE(3, 2, 8));
    am_hold(tape, parts);
    return y;
}

PLAY(engine_linear, am_parallel_linear(tape, AM_OP_LINEAR, x[0], x[1], 0))
PLAY(fused_rope, am_fused_rope(tape, x[0], x[1]))
PLAY(flash_attn, attend(AM_OP_FLASH_ATTN, heads(x[0]), heads(x[1]), heads(x[2]), 0))
PLAY(engine_ring, ring_of(heads(x[0]), heads(x[1]), heads(x[2]), x[3], 0))
PLAY(engine_ring_latent, ring_of(first_heads(x[0]), first_heads(x[1]), first_heads(x[2]), x[3], x[3]))
PLAY(plain_swiglu, am_activation(tape, AM_OP_PLAIN_SWIGLU, x[0], 0, SHAPE(6, 4)))
PLAY(bias_swiglu, am_activation(tape, AM_OP_BIAS_SWIGLU, x[0], x[1], SHAPE(6, 4)))
PLAY(clone, am_clone(tape, x[0]))
PLAY(clone_transposed, am_contiguous(tape, heads(x[0])))
PLAY(stack, am_stack_last(tape, x[0], x[1], number(2)))
PLAY(cat, am_cat(tape, x[0], x[1], number(6)))
PLAY(slice, neg(am_slice(tape, x[0], number(2))))
PLAY(slice_all, neg(am_slice(tape, x[0], number(4))))
PLAY(pad, am_pad(tape, x[0], number(8)))
PLAY(expand, neg(am_expand(tape, x[0], SHAPE(2, 3, 4))))
PLAY(view, am_view(tape, x[0], SHAPE(6, 4)))
PLAY(transpose, heads(x[0]))
PLAY(transpose_cut, am_reshape(tape, heads(x[0]), SHAPE(2, 12)))
PLAY(turned_gradient, heads(am_view(tape, x[0], SHAPE(2, 3, 2, 2))))
PLAY(gated, times(am_unary(tape, AM_OP_SILU, x[0]), x[1]))
PLAY(sigmoid, am_unary(tape, AM_OP_SIGMOID, x[0]))
PLAY(minus, am_binary(tape, AM_OP_SUB, x[0], x[1]))
PLAY(sum_of_rows, am_sum_over(tape, neg(x[0]), 1, false))
PLAY(sum_kept, am_sum_over(tape, x[0], 2, true))
PLAY(sum_of_view, am_sum_over(tape, am_view(tape, x[0], SHAPE(2, 3, 4)), 1, false))
PLAY(gather, am_gather(tape, x[0], x[1]))
PLAY(rows, am_index(tape, x[0], x[1]))
PLAY(divide_in_place, am_divide_in_place(tape, neg(x[0]), x[1]))
PLAY(grouped_mm, am_grouped_mm(tape, x[0], heads(x[1]), x[2]))
PLAY(every_second, times(am_slice_every(tape, x[0], number(2), 2), am_slice_every(tape, x[0], number(2), 2)))
PLAY(nll_loss, am_nll_loss(tape, x[0], x[1]))
PLAY(cross_entropy, am_nll_loss(tape, am_softmax(tape, AM_OP_LOG_SOFTMAX, x[0]), x[1]))
BETWEEN(add_scalar, am_unary(tape, AM_OP_ADD_SCALAR, x))
BETWEEN(mul_scalar, am_unary(tape, AM_OP_MUL_SCALAR, x))
BETWEEN(neg, neg(x))
BETWEEN(pow, am_unary(tape, AM_OP_POW, x))
BETWEEN(rsqrt, am_unary(tape, AM_OP_RSQRT, x))
BETWEEN(tanh, am_unary(tape, AM_OP_TANH, x))
BETWEEN(relu, am_unary(tape, AM_OP_RELU, x))
BETWEEN(gelu, am_unary(tape, AM_OP_GELU, x))
BETWEEN(silu, am_unary(tape, AM_OP_SILU, x))
BETWEEN(to, am_to(tape, x, AM_BF16))
BETWEEN(clone, am_clone(tape, x))
BETWEEN(pad, am_slice(tape, am_pad(tape, x, number(8)), number(4)))
BETWEEN(slice, turn_halves(x))
PLAY(mul_between, out_of_heads(times(into_heads(x[0]), x[1])))
PLAY(layer_norm_between, out_of_heads(am_layer_norm(tape, into_heads(x[0]), x[1], x[2])))
/* clang-format on */

/* C leaves open which argument comes first; the order of these decides about the order in backward. */
static am_var scores(const am_var *x)
{
    am_var q = heads(x[0]), k = am_transpose(tape, heads(x[1]), 2, 3);
    return am_matmul(tape, q, k);
}

static am_var repeat_keys(const am_var *x)
{
    am_var spread = am_expand(tape, am_view(tape, x[0], SHAPE(2, 2, 1, 3, 4)), SHAPE(2, 2, 2, 3, 4));
    return am_reshape(tape, spread, SHAPE(2, 4, 3, 4));
}

static am_var repeat_one(const am_var *x)
{
    am_var spread = am_expand(tape, am_view(tape, x[0], SHAPE(2, 1, 1, 3, 4)), SHAPE(2, 1, 2, 3, 4));
    return neg(am_reshape(tape, spread, SHAPE(2, 2, 3, 4)));
}

static am_var linear_twice(const am_var *x)
{
    am_var first = am_linear(tape, x[0], x[1], 0), second = am_linear(tape, x[0], x[2], 0);
    return plus(first, second);
}

static am_var slice_twice(const am_var *x)
{
    am_var right = am_slice(tape, x[0], number(2)), left = am_slice(tape, x[0], number(2));
    return plus(right, left);
}

static am_var split_halves(const am_var *x)
{
    am_dim half[] = {number(2), number(2)};
    am_var part[2];
    am_split(tape, x[0], 2, half, part);
    return times(part[0], part[1]);
}

static am_var rotary(const am_var *x)
{
    am_var turned = heads(x[0]), straight = times(turned, x[1]);
    am_var right = neg(am_slice(tape, turned, number(2))), left = am_slice(tape, turned, number(2));
    return plus(straight, times(am_cat(tape, right, left, number(4)), x[2]));
}

static am_var topk(const am_var *x)
{
    am_var indices;
    return am_topk(tape, x[0], number(2), &indices);
}

static am_var largest(const am_var *x)
{
    am_var y = neg(x[0]), indices, top = am_max(tape, neg(x[0]), number(1), &indices);
    return am_binary(tape, AM_OP_SUB, y, top);
}

static am_var divide_by_sum(const am_var *x)
{
    am_var y = neg(x[0]);
    return am_divide_in_place(tape, y, am_sum_over(tape, y, 1, true));
}

static am_var copy_parts(const am_var *x)
{
    am_var base = am_raw(tape, AM_OP_FULL, SHAPE(2, 3, 6), AM_FP32, 0, 0, 0, 0);
    return am_copy_into(tape, am_copy_into(tape, base, x[0]), x[1]);
}

/* What PyTorch is asked, in its words, and the same on the tape. */
static const struct program {
    const char *name;
    am_var (*play)(const am_var *x);
    struct {
        int rank;
        int64_t shape[4];
        int dtype;
    } leaf[4];
} programs[] = {
    /* clang-format off */
    {"linear", linear, {{3, {2, 3, 4}, AM_FP32}, {2, {5, 4}, AM_FP32}}},
    {"linear flat", linear, {{2, {6, 4}, AM_FP32}, {2, {5, 4}, AM_FP32}}},
    {"linear bias", linear_bias, {{3, {2, 3, 4}, AM_FP32}, {2, {5, 4}, AM_FP32}, {1, {5}, AM_FP32}}},
    {"linear bias flat", linear_bias, {{2, {6, 4}, AM_FP32}, {2, {5, 4}, AM_FP32}, {1, {5}, AM_FP32}}},
    {"linear twice", linear_twice, {{3, {2, 3, 4}, AM_FP32}, {2, {5, 4}, AM_FP32}, {2, {5, 4}, AM_FP32}}},
    {"conv1d", conv1d, {{3, {2, 3, 4}, AM_FP32}, {2, {4, 5}, AM_FP32}, {1, {5}, AM_FP32}}},
    {"bmm", bmm, {{3, {2, 3, 4}, AM_FP32}, {3, {2, 4, 5}, AM_FP32}}},
    {"matmul", matmul, {{4, {2, 2, 3, 4}, AM_FP32}, {4, {2, 2, 4, 5}, AM_FP32}}},
    {"scores", scores, {{4, {2, 3, 2, 4}, AM_FP32}, {4, {2, 3, 2, 4}, AM_FP32}}},
    {"scores of one sequence", scores, {{4, {1, 3, 2, 4}, AM_FP32}, {4, {1, 3, 2, 4}, AM_FP32}}},
    {"scores of one head", scores, {{4, {2, 3, 1, 4}, AM_FP32}, {4, {2, 3, 1, 4}, AM_FP32}}},
    {"add", add, {{3, {2, 3, 4}, AM_FP32}, {3, {2, 3, 4}, AM_FP32}}},
    {"add to itself", add_itself, {{3, {2, 3, 4}, AM_FP32}}},
    {"add broadcast", add, {{3, {2, 3, 4}, AM_FP32}, {3, {1, 3, 4}, AM_FP32}}},
    {"add promoted", add, {{3, {2, 3, 4}, AM_BF16}, {3, {2, 3, 4}, AM_FP32}}},
    {"add scalar", add_scalar, {{3, {2, 3, 4}, AM_FP32}}},
    {"sub", subtract, {{3, {2, 3, 4}, AM_FP32}, {3, {2, 3, 4}, AM_FP32}}},
    {"sub of a column", subtract, {{3, {2, 3, 4}, AM_FP32}, {3, {2, 3, 1}, AM_FP32}}},
    {"turned pairs", pairs, {{3, {2, 3, 4}, AM_FP32}}},
    {"mul", mul, {{3, {2, 3, 4}, AM_FP32}, {3, {2, 3, 4}, AM_FP32}}},
    {"mul by itself", mul_itself, {{3, {2, 3, 4}, AM_FP32}}},
    {"mul by weight", mul, {{1, {4}, AM_FP32}, {3, {2, 3, 4}, AM_FP32}}},
    {"mul by column", mul, {{3, {2, 3, 4}, AM_FP32}, {3, {2, 3, 1}, AM_FP32}}},
    {"mul promoted", mul, {{3, {2, 3, 4}, AM_BF16}, {3, {2, 3, 4}, AM_FP32}}},
    {"mul scalar", mul_scalar, {{3, {2, 3, 4}, AM_BF16}}},
    {"div scalar", div_scalar, {{3, {2, 3, 4}, AM_BF16}}},
    {"div by a number of items", divide, {{3, {2, 3, 4}, AM_FP32}, {1, {1}, AM_I64}}},
    {"div by a sum", divide, {{3, {2, 3, 4}, AM_FP32}, {3, {2, 3, 1}, AM_FP32}}},
    {"neg", negate, {{3, {2, 3, 4}, AM_FP32}}},
    {"pow", square, {{3, {2, 3, 4}, AM_FP32}}},
    {"rsqrt", rsqrt, {{3, {2, 3, 4}, AM_FP32}}},
    {"mean", mean, {{3, {2, 3, 4}, AM_FP32}}},
    {"tanh", tanh_of, {{3, {2, 3, 4}, AM_FP32}}},
    {"pick", pick, {{3, {2, 3, 4}, AM_FP32}}},
    {"select", select_one, {{3, {2, 3, 4}, AM_FP32}}},
    {"masked_fill", masked_fill, {{3, {2, 3, 4}, AM_FP32}, {3, {1, 3, 4}, AM_BOOL}}},
    {"baddbmm", baddbmm, {{3, {2, 1, 5}, AM_FP32}, {3, {2, 3, 4}, AM_FP32}, {3, {2, 4, 5}, AM_FP32}}},
    {"bloom gelu", bloom_gelu, {{3, {2, 3, 4}, AM_BF16}}},
    {"relu", relu, {{3, {2, 3, 4}, AM_FP32}}},
    {"choose", choose, {{3, {2, 3, 4}, AM_FP32}, {3, {1, 3, 4}, AM_BOOL}}},
    {"gelu", gelu, {{3, {2, 3, 4}, AM_BF16}}},
    {"silu", silu, {{3, {2, 3, 4}, AM_BF16}}},
    {"silu transposed", silu_transposed, {{3, {2, 3, 4}, AM_FP32}}},
    {"softmax", softmax, {{3, {2, 3, 4}, AM_FP32}}},
    {"safe softmax", safe_softmax, {{3, {2, 3, 4}, AM_FP32}}},
    {"log_softmax", log_softmax, {{3, {2, 3, 4}, AM_FP32}}},
    {"layer_norm", layer_norm, {{3, {2, 3, 4}, AM_FP32}, {1, {4}, AM_FP32}, {1, {4}, AM_FP32}}},
    {"rms_norm", rms_norm, {{3, {2, 3, 4}, AM_FP32}, {1, {4}, AM_FP32}}},
    {"rms_norm bf16", rms_norm, {{3, {2, 3, 4}, AM_BF16}, {1, {4}, AM_BF16}}},
    {"layer_norm bf16", layer_norm, {{3, {2, 3, 4}, AM_BF16}, {1, {4}, AM_BF16}, {1, {4}, AM_BF16}}},
    {"dropout", dropout, {{3, {2, 3, 4}, AM_BF16}}},
    {"embedding", embedding, {{2, {7, 4}, AM_FP32}, {2, {2, 3}, AM_I64}}},
    {"flash", flash, {{4, {2, 4, 2, 8}, AM_BF16}, {4, {2, 4, 2, 8}, AM_BF16}, {4, {2, 4, 2, 8}, AM_BF16}}},
    {"flash contiguous", flash_contiguous, {{4, {2, 2, 4, 8}, AM_BF16}, {4, {2, 2, 4, 8}, AM_BF16}, {4,
     {2, 2, 4, 8}, AM_BF16}}},
    {"flash grouped", flash, {{4, {2, 4, 4, 8}, AM_BF16}, {4, {2, 4, 2, 8}, AM_BF16}, {4, {2, 4, 2, 8}, AM_BF16}}},
    {"efficient", efficient, {{4, {2, 4, 2, 8}, AM_FP32}, {4, {2, 4, 2, 8}, AM_FP32}, {4, {2, 4, 2, 8}, AM_FP32}}},
    {"efficient contiguous", efficient_contiguous, {{4, {2, 2, 4, 8}, AM_FP32}, {4, {2, 2, 4, 8}, AM_FP32}, {4,
     {2, 2, 4, 8}, AM_FP32}}},
    {"efficient masked", efficient_masked, {{4, {2, 2, 4, 8}, AM_FP32}, {4, {2, 2, 4, 8}, AM_FP32}, {4,
     {2, 2, 4, 8}, AM_FP32}, {4, {2, 1, 4, 4}, AM_FP32}}},
    {"to", to_fp32, {{3, {2, 3, 4}, AM_BF16}}},
    {"to its own type", to_own, {{3, {2, 3, 4}, AM_FP32}}},
    {"to transposed", to_transposed, {{3, {2, 3, 4}, AM_FP32}}},
    {"clone", clone, {{3, {2, 3, 4}, AM_FP32}}},
    {"clone transposed", clone_transposed, {{3, {2, 3, 4}, AM_FP32}}},
    {"stack", stack, {{4, {2, 3, 4, 1}, AM_FP32}, {4, {2, 3, 4, 1}, AM_FP32}}},
    {"cat", cat, {{3, {2, 3, 4}, AM_FP32}, {3, {2, 3, 2}, AM_FP32}}},
    {"slice", slice, {{3, {2, 3, 4}, AM_FP32}}},
    {"slice of all", slice_all, {{3, {2, 3, 4}, AM_FP32}}},
    {"slice twice", slice_twice, {{3, {2, 3, 4}, AM_FP32}}},
    {"split", split_halves, {{3, {2, 3, 4}, AM_FP32}}},
    {"pad", pad, {{3, {2, 3, 4}, AM_FP32}}},
    {"expand", expand, {{3, {2, 1, 4}, AM_FP32}}},
    {"expand nothing", expand, {{3, {2, 3, 4}, AM_FP32}}},
    {"view", view, {{3, {2, 3, 4}, AM_FP32}}},
    {"transpose", transpose, {{3, {2, 3, 4}, AM_FP32}}},
    {"transpose and cut", transpose_cut, {{3, {2, 3, 4}, AM_FP32}}},
    {"view of a turned gradient", turned_gradient, {{3, {2, 3, 4}, AM_FP32}}},
    {"repeat keys", repeat_keys, {{4, {2, 2, 3, 4}, AM_FP32}}},
    {"repeat one key", repeat_one, {{4, {2, 1, 3, 4}, AM_FP32}}},
    {"rotary", rotary, {{4, {2, 3, 2, 4}, AM_FP32}, {4, {1, 1, 3, 4}, AM_FP32}, {4, {1, 1, 3, 4}, AM_FP32}}},
    {"gated", gated, {{3, {2, 3, 4}, AM_FP32}, {3, {2, 3, 4}, AM_FP32}}},
    {"sum", sum, {{3, {2, 3, 4}, AM_FP32}}},
    {"parallel linear", parallel_linear, {{3, {3, 2, 4}, AM_BF16}, {2, {5, 4}, AM_BF16}}},
    {"parallel linear bias", parallel_linear_bias, {{3, {3, 2, 4}, AM_BF16}, {2, {5, 4}, AM_BF16}, {1, {5}, AM_BF16}}},
    {"masked softmax", masked_softmax, {{3, {2, 3, 3}, AM_BF16}}},
    {"bias gelu", bias_gelu, {{3, {3, 2, 4}, AM_BF16}, {1, {4}, AM_BF16}}},
    {"norm linear", norm_linear, {{3, {2, 3, 4}, AM_BF16}, {2, {5, 4}, AM_BF16}, {1, {4}, AM_BF16}}},
    {"norm linear, layer norm", norm_linear_bias, {{3, {2, 3, 4}, AM_BF16}, {2, {5, 4}, AM_BF16}, {1, {4}, AM_BF16},
     {1, {4}, AM_BF16}}},
    {"norm linear, bias", norm_linear_sum, {{3, {2, 3, 4}, AM_BF16}, {2, {5, 4}, AM_BF16}, {1, {4}, AM_BF16},
     {1, {5}, AM_BF16}}},
    {"engine linear", engine_linear, {{3, {2, 3, 4}, AM_BF16}, {2, {5, 4}, AM_BF16}}},
    {"norm linear, gathered", norm_linear_gathered, {{3, {2, 3, 4}, AM_BF16}, {2, {5, 4}, AM_BF16}, {1, {4}, AM_BF16}}},
    {"norm linear, gathered, layer norm", norm_linear_gathered_bias, {{3, {2, 3, 4}, AM_BF16}, {2, {5, 4}, AM_BF16},
     {1, {4}, AM_BF16}, {1, {4}, AM_BF16}}},
    {"norm linear, gathered, bias", norm_linear_gathered_sum, {{3, {2, 3, 4}, AM_BF16}, {2, {5, 4}, AM_BF16},
     {1, {4}, AM_BF16}, {1, {5}, AM_BF16}}},
    {"gather linear", gather_linear, {{3, {2, 3, 4}, AM_BF16}, {2, {5, 4}, AM_BF16}}},
    {"scatter linear", scatter_linear, {{3, {2, 3, 4}, AM_BF16}, {2, {5, 4}, AM_BF16}}},
    {"sequence linear", sequence_linear, {{3, {2, 3, 4}, AM_BF16}, {2, {5, 4}, AM_BF16}, {1, {48}, AM_BF16}}},
    {"sequence linear bias", sequence_linear_bias, {{3, {2, 3, 4}, AM_BF16}, {2, {5, 4}, AM_BF16}, {1, {48}, AM_BF16},
     {1, {5}, AM_BF16}}},
    {"reduce scatter", reduce_scatter, {{3, {2, 3, 4}, AM_BF16}}},
    {"scatter sequence", scatter_sequence, {{3, {2, 3, 4}, AM_BF16}}},
    {"all to all", all_to_all, {{2, {6, 4}, AM_BF16}}},
    {"scatter a part", scatter_part, {{3, {4, 3, 5}, AM_BF16}}},
    {"gather model", gather_model, {{3, {3, 2, 4}, AM_BF16}}},
    {"wide linear", wide_linear, {{3, {2, 3, 4}, AM_BF16}, {2, {5, 4}, AM_BF16}}},
    {"gather sequence", gather_sequence, {{2, {6, 4}, AM_BF16}}},
    {"fused rope", fused_rope, {{4, {3, 2, 2, 4}, AM_BF16}, {4, {3, 1, 1, 4}, AM_FP32}}},
    {"flash_attn", flash_attn, {{4, {2, 4, 2, 8}, AM_BF16}, {4, {2, 4, 2, 8}, AM_BF16}, {4, {2, 4, 2, 8}, AM_BF16}}},
    {"flash_attn grouped", flash_attn, {{4, {2, 4, 4, 8}, AM_BF16}, {4, {2, 4, 2, 8}, AM_BF16}, {4, {2, 4, 2, 8},
     AM_BF16}}},
    {"engine ring", engine_ring, {{4, {2, 4, 4, 8}, AM_BF16}, {4, {2, 4, 2, 8}, AM_BF16}, {4, {2, 4, 2, 8}, AM_BF16},
     {1, {3}, AM_I32}}},
    {"engine ring latent", engine_ring_latent, {{4, {4, 2, 2, 16}, AM_BF16}, {4, {4, 2, 2, 16}, AM_BF16}, {4, {4, 2, 2, 8}, AM_BF16},
     {1, {3}, AM_I32}}},
    {"plain swiglu", plain_swiglu, {{2, {6, 8}, AM_BF16}}},
    {"bias swiglu", bias_swiglu, {{2, {6, 8}, AM_BF16}, {1, {8}, AM_BF16}}},
    {"sigmoid", sigmoid, {{3, {2, 3, 4}, AM_FP32}}},
    {"sub", minus, {{3, {2, 3, 4}, AM_FP32}, {3, {2, 3, 4}, AM_FP32}}},
    {"sub broadcast", minus, {{3, {2, 3, 4}, AM_FP32}, {3, {2, 3, 1}, AM_FP32}}},
    {"sum of rows", sum_of_rows, {{3, {2, 3, 4}, AM_FP32}}},
    {"sum kept", sum_kept, {{3, {2, 3, 4}, AM_FP32}}},
    {"sum of a view", sum_of_view, {{2, {6, 4}, AM_FP32}}},
    {"topk", topk, {{2, {6, 4}, AM_FP32}}},
    {"max", largest, {{3, {2, 3, 4}, AM_FP32}}},
    {"clamp max", clamp_above, {{3, {2, 3, 4}, AM_FP32}}},
    {"complex product", complex_product, {{3, {2, 3, 8}, AM_FP32}, {2, {3, 4}, AM_C64}}},
    {"complex product of heads", complex_product_of_heads, {{3, {2, 3, 8}, AM_FP32}, {2, {3, 2}, AM_C64}}},
    {"cast of a slice", cast_of_slice, {{3, {2, 3, 8}, AM_BF16}}},
    {"minimum", least, {{3, {2, 3, 4}, AM_FP32}, {1, {1}, AM_FP32}}},
    {"softplus", softplus, {{3, {2, 3, 4}, AM_FP32}}},
    {"expm1", expm1_of, {{3, {2, 3, 4}, AM_FP32}}},
    {"either", either, {{3, {2, 3, 4}, AM_BOOL}, {3, {2, 3, 4}, AM_FP32}, {3, {2, 3, 4}, AM_FP32}}},
    {"clamp", clamp_both, {{3, {2, 3, 4}, AM_FP32}}},
    {"add in place", add_in_place, {{3, {2, 3, 4}, AM_FP32}, {3, {2, 3, 4}, AM_FP32}}},
    {"gather", gather, {{2, {6, 4}, AM_FP32}, {2, {6, 2}, AM_I64}}},
    {"index rows", rows, {{2, {6, 4}, AM_BF16}, {1, {12}, AM_I64}}},
    {"index elements", rows, {{1, {12}, AM_FP32}, {1, {12}, AM_I64}}},
    {"div in place", divide_in_place, {{2, {6, 2}, AM_FP32}, {2, {6, 1}, AM_FP32}}},
    {"divided by its sum", divide_by_sum, {{2, {6, 2}, AM_FP32}}},
    {"grouped_mm", grouped_mm, {{2, {8, 16}, AM_BF16}, {3, {2, 24, 16}, AM_BF16}, {1, {2}, AM_I32}}},
    {"copies into parts", copy_parts, {{3, {2, 3, 4}, AM_FP32}, {3, {2, 3, 2}, AM_FP32}}},
    {"every second", every_second, {{3, {2, 3, 4}, AM_FP32}}},
    {"add scalar between heads", add_scalar_between, {{3, {2, 3, 8}, AM_FP32}}},
    {"mul scalar between heads", mul_scalar_between, {{3, {2, 3, 8}, AM_FP32}}},
    {"neg between heads", neg_between, {{3, {2, 3, 8}, AM_FP32}}},
    {"pow between heads", pow_between, {{3, {2, 3, 8}, AM_FP32}}},
    {"rsqrt between heads", rsqrt_between, {{3, {2, 3, 8}, AM_FP32}}},
    {"tanh between heads", tanh_between, {{3, {2, 3, 8}, AM_FP32}}},
    {"relu between heads", relu_between, {{3, {2, 3, 8}, AM_FP32}}},
    {"gelu between heads", gelu_between, {{3, {2, 3, 8}, AM_FP32}}},
    {"silu between heads", silu_between, {{3, {2, 3, 8}, AM_FP32}}},
    {"to between heads", to_between, {{3, {2, 3, 8}, AM_FP32}}},
    {"clone between heads", clone_between, {{3, {2, 3, 8}, AM_FP32}}},
    {"pad between heads", pad_between, {{3, {2, 3, 8}, AM_FP32}}},
    {"slice between heads", slice_between, {{3, {2, 3, 8}, AM_FP32}}},
    {"mul between heads", mul_between, {{3, {2, 3, 8}, AM_FP32}, {4, {1, 1, 3, 4}, AM_FP32}}},
    {"layer_norm between heads", layer_norm_between, {{3, {2, 3, 8}, AM_FP32}, {1, {4}, AM_FP32}, {1, {4}, AM_FP32}}},
    {"nll_loss", nll_loss, {{2, {6, 5}, AM_FP32}, {1, {6}, AM_I64}}},
    {"cross entropy", cross_entropy, {{2, {6, 5}, AM_BF16}, {1, {6}, AM_I64}}},
    /* clang-format on */
};

/* Made by torch 2.15 on its meta device, with tests/oracle/operation.py. A leaf that requires a gradient is marked 1. saves: every tensor that autograd
 * keeps, with the bytes of its storage, 0 for a leaf's. allocations: of the operation, of a loss behind it (it keeps
 * its input, and makes a contiguous gradient of it), of backward: f(orward) or b(ackward), bytes @ live bytes after it.
 * Leaves have gradients beforehand; the code holds the operation's result until the forward is over. NULL: nothing
 * requires a gradient. */
/* clang-format off */
static const struct {
    const char *program, *trainable, *saves, *allocations;
} measured[] = {
    {"linear", "11", "Mm.mat2:0 Mm.self:0", "f120@120 f4@124 b4@128 b120@248 b80@208 b96@304"},
    {"linear", "10", "Mm.mat2:0", "f120@120 f4@124 b4@128 b120@248 b96@224"},
    {"linear", "01", "Mm.self:0", "f120@120 f4@124 b4@128 b120@248 b80@208"},
    {"linear", "00", "", NULL},
    {"linear flat", "11", "Mm.mat2:0 Mm.self:0", "f120@120 f4@124 b4@128 b120@248 b80@208 b96@304"},
    {"linear flat", "10", "Mm.mat2:0", "f120@120 f4@124 b4@128 b120@248 b96@224"},
    {"linear flat", "01", "Mm.self:0", "f120@120 f4@124 b4@128 b120@248 b80@208"},
    {"linear flat", "00", "", NULL},
    {"linear bias", "111", "Addmm.mat1:0 Addmm.mat2:0", "f120@120 f4@124 b4@128 b120@248 b96@224 b80@304 b20@324"},
    {"linear bias", "110", "Addmm.mat1:0 Addmm.mat2:0", "f120@120 f4@124 b4@128 b120@248 b96@224 b80@304"},
    {"linear bias", "101", "Addmm.mat2:0", "f120@120 f4@124 b4@128 b120@248 b96@224 b20@244"},
    {"linear bias", "100", "Addmm.mat2:0", "f120@120 f4@124 b4@128 b120@248 b96@224"},
    {"linear bias", "011", "Addmm.mat1:0", "f120@120 f4@124 b4@128 b120@248 b80@208 b20@228"},
    {"linear bias", "010", "Addmm.mat1:0", "f120@120 f4@124 b4@128 b120@248 b80@208"},
    {"linear bias", "001", "", "f120@120 f4@124 b4@128 b120@248 b20@148"},
    {"linear bias", "000", "", NULL},
    {"linear bias flat", "111", "Addmm.mat1:0 Addmm.mat2:0", "f120@120 f4@124 b4@128 b120@248 b96@224 b80@304 b20@324"},
    {"linear bias flat", "110", "Addmm.mat1:0 Addmm.mat2:0", "f120@120 f4@124 b4@128 b120@248 b96@224 b80@304"},
    {"linear bias flat", "101", "Addmm.mat2:0", "f120@120 f4@124 b4@128 b120@248 b96@224 b20@244"},
    {"linear bias flat", "100", "Addmm.mat2:0", "f120@120 f4@124 b4@128 b120@248 b96@224"},
    {"linear bias flat", "011", "Addmm.mat1:0", "f120@120 f4@124 b4@128 b120@248 b80@208 b20@228"},
    {"linear bias flat", "010", "Addmm.mat1:0", "f120@120 f4@124 b4@128 b120@248 b80@208"},
    {"linear bias flat", "001", "", "f120@120 f4@124 b4@128 b120@248 b20@148"},
    {"linear bias flat", "000", "", NULL},
    {"linear twice", "111", "Mm.mat2:0 Mm.self:0",
     "f120@120 f120@240 f120@360 f4@124 b4@128 b120@248 b80@208 b96@304 b80@304 b96@400 b96@376"},
    {"linear twice", "110", "Mm.mat2:0 Mm.self:0",
     "f120@120 f120@240 f120@360 f4@124 b4@128 b120@248 b96@224 b80@304 b96@400 b96@376"},
    {"linear twice", "101", "Mm.mat2:0 Mm.self:0",
     "f120@120 f120@240 f120@360 f4@124 b4@128 b120@248 b80@208 b96@304 b96@320 b96@296"},
    {"linear twice", "100", "Mm.mat2:0", "f120@120 f120@240 f120@360 f4@124 b4@128 b120@248 b96@224 b96@320 b96@296"},
    {"linear twice", "011", "Mm.self:0", "f120@120 f120@240 f120@360 f4@124 b4@128 b120@248 b80@208 b80@208"},
    {"linear twice", "010", "Mm.self:0", "f120@120 f120@240 f120@360 f4@124 b4@128 b120@248 b80@208"},
    {"linear twice", "001", "Mm.self:0", "f120@120 f120@240 f120@360 f4@124 b4@128 b120@248 b80@208"},
    {"linear twice", "000", "", NULL},
    {"conv1d", "111", "Addmm.mat1:0 Addmm.mat2:0", "f120@120 f4@124 b4@128 b120@248 b96@224 b80@304 b20@324"},
    {"conv1d", "110", "Addmm.mat1:0 Addmm.mat2:0", "f120@120 f4@124 b4@128 b120@248 b96@224 b80@304"},
    {"conv1d", "101", "Addmm.mat2:0", "f120@120 f4@124 b4@128 b120@248 b96@224 b20@244"},
    {"conv1d", "100", "Addmm.mat2:0", "f120@120 f4@124 b4@128 b120@248 b96@224"},
    {"conv1d", "011", "Addmm.mat1:0", "f120@120 f4@124 b4@128 b120@248 b80@208 b20@228"},
    {"conv1d", "010", "Addmm.mat1:0", "f120@120 f4@124 b4@128 b120@248 b80@208"},
    {"conv1d", "001", "", "f120@120 f4@124 b4@128 b120@248 b20@148"},
    {"conv1d", "000", "", NULL},
    {"bmm", "11", "Bmm.mat2:0 Bmm.self:0", "f120@120 f4@124 b4@128 b120@248 b160@288 b96@384"},
    {"bmm", "10", "Bmm.mat2:0", "f120@120 f4@124 b4@128 b120@248 b96@224"},
    {"bmm", "01", "Bmm.self:0", "f120@120 f4@124 b4@128 b120@248 b160@288"},
    {"bmm", "00", "", NULL},
    {"matmul", "11", "Bmm.mat2:0 Bmm.self:0", "f240@240 f4@244 b4@248 b240@488 b320@568 b192@760"},
    {"matmul", "10", "Bmm.mat2:0", "f240@240 f4@244 b4@248 b240@488 b192@440"},
    {"matmul", "01", "Bmm.self:0", "f240@240 f4@244 b4@248 b240@488 b320@568"},
    {"matmul", "00", "", NULL},
    {"scores", "11", "Bmm.mat2:192 Bmm.self:192",
     "f192@192 f192@384 f144@528 f4@532 b4@536 b144@680 b192@728 b192@920"},
    {"scores", "10", "Bmm.mat2:192", "f192@192 f192@384 f144@528 f4@340 b4@344 b144@488 b192@536"},
    {"scores", "01", "Bmm.self:192", "f192@192 f192@384 f144@528 f4@340 b4@344 b144@488 b192@536"},
    {"scores", "00", "", NULL},
    {"scores of one sequence", "11", "Bmm.mat2:0 Bmm.self:0", "f72@72 f4@76 b4@80 b72@152 b96@176 b96@272"},
    {"scores of one sequence", "10", "Bmm.mat2:0", "f72@72 f4@76 b4@80 b72@152 b96@176"},
    {"scores of one sequence", "01", "Bmm.self:0", "f72@72 f4@76 b4@80 b72@152 b96@176"},
    {"scores of one sequence", "00", "", NULL},
    {"scores of one head", "11", "Bmm.mat2:0 Bmm.self:0", "f72@72 f4@76 b4@80 b72@152 b96@176 b96@272"},
    {"scores of one head", "10", "Bmm.mat2:0", "f72@72 f4@76 b4@80 b72@152 b96@176"},
    {"scores of one head", "01", "Bmm.self:0", "f72@72 f4@76 b4@80 b72@152 b96@176"},
    {"scores of one head", "00", "", NULL},
    {"add", "11", "", "f96@96 f4@100 b4@104 b96@200"},
    {"add", "10", "", "f96@96 f4@100 b4@104 b96@200"},
    {"add", "01", "", "f96@96 f4@100 b4@104 b96@200"},
    {"add", "00", "", NULL},
    {"add to itself", "1", "", "f96@96 f4@100 b4@104 b96@200 b96@200"},
    {"add to itself", "0", "", NULL},
    {"sub", "11", "", "f96@96 f4@100 b4@104 b96@200 b96@200"},
    {"sub", "10", "", "f96@96 f4@100 b4@104 b96@200"},
    {"sub", "01", "", "f96@96 f4@100 b4@104 b96@200 b96@200"},
    {"sub", "00", "", NULL},
    {"sub of a column", "11", "", "f96@96 f4@100 b4@104 b96@200 b96@200 b24@224"},
    {"sub of a column", "10", "", "f96@96 f4@100 b4@104 b96@200"},
    {"sub of a column", "01", "", "f96@96 f4@100 b4@104 b96@200 b96@200 b24@224"},
    {"sub of a column", "00", "", NULL},
    {"turned pairs", "1", "", "f48@48 f96@144 f4@100 b4@104 b96@200 b96@200 b48@248 b96@248 b96@296"},
    {"turned pairs", "0", "", NULL},
    {"add broadcast", "11", "", "f96@96 f4@100 b4@104 b96@200 b48@152"},
    {"add broadcast", "10", "", "f96@96 f4@100 b4@104 b96@200"},
    {"add broadcast", "01", "", "f96@96 f4@100 b4@104 b96@200 b48@152"},
    {"add broadcast", "00", "", NULL},
    {"add promoted", "11", "", "f96@96 f4@100 b4@104 b96@200 b48@152"},
    {"add promoted", "10", "", "f96@96 f4@100 b4@104 b96@200 b48@152"},
    {"add promoted", "01", "", "f96@96 f4@100 b4@104 b96@200"},
    {"add promoted", "00", "", NULL},
    {"add scalar", "1", "", "f96@96 f4@100 b4@104 b96@200"},
    {"add scalar", "0", "", NULL},
    {"mul", "11", "Mul.other:0 Mul.self:0", "f96@96 f4@100 b4@104 b96@200 b96@200 b96@296"},
    {"mul", "10", "Mul.other:0", "f96@96 f4@100 b4@104 b96@200 b96@200"},
    {"mul", "01", "Mul.self:0", "f96@96 f4@100 b4@104 b96@200 b96@200"},
    {"mul", "00", "", NULL},
    {"mul by itself", "1", "Mul.other:0 Mul.self:0", "f96@96 f4@100 b4@104 b96@200 b96@200 b96@296 b96@296"},
    {"mul by itself", "0", "", NULL},
    {"mul by weight", "11", "Mul.other:0 Mul.self:0", "f96@96 f4@100 b4@104 b96@200 b96@200 b96@296 b16@312"},
    {"mul by weight", "10", "Mul.other:0", "f96@96 f4@100 b4@104 b96@200 b96@200 b16@216"},
    {"mul by weight", "01", "Mul.self:0", "f96@96 f4@100 b4@104 b96@200 b96@200"},
    {"mul by weight", "00", "", NULL},
    {"mul by column", "11", "Mul.other:0 Mul.self:0", "f96@96 f4@100 b4@104 b96@200 b96@200 b96@296 b24@320"},
    {"mul by column", "10", "Mul.other:0", "f96@96 f4@100 b4@104 b96@200 b96@200"},
    {"mul by column", "01", "Mul.self:0", "f96@96 f4@100 b4@104 b96@200 b96@200 b24@224"},
    {"mul by column", "00", "", NULL},
    {"mul promoted", "11", "Mul.other:0 Mul.self:0", "f96@96 f4@100 b4@104 b96@200 b96@200 b96@296 b48@344"},
    {"mul promoted", "10", "Mul.other:0", "f96@96 f4@100 b4@104 b96@200 b96@200 b48@248"},
    {"mul promoted", "01", "Mul.self:0", "f96@96 f4@100 b4@104 b96@200 b96@200"},
    {"mul promoted", "00", "", NULL},
    {"mul scalar", "1", "", "f48@48 f4@52 b4@56 b48@104 b48@104"},
    {"mul scalar", "0", "", NULL},
    {"div scalar", "1", "", "f48@48 f4@52 b4@56 b48@104 b48@104"},
    {"div scalar", "0", "", NULL},
    {"div by a number of items", "10", "Div.other:0", "f96@96 f4@100 b4@104 b96@200 b96@200"},
    {"div by a number of items", "00", "", NULL},
    {"div by a sum", "11", "Div.other:0 Div.self:0", "f96@96 f4@100 b4@104 b96@200 b96@200 b96@296 b96@392 b96@488 b96@296 b24@320"},
    {"div by a sum", "10", "Div.other:0", "f96@96 f4@100 b4@104 b96@200 b96@200"},
    {"neg", "1", "", "f96@96 f4@100 b4@104 b96@200 b96@200"},
    {"neg", "0", "", NULL},
    {"pow", "1", "Pow.self:0", "f96@96 f4@100 b4@104 b96@200 b96@200 b96@296 b96@392"},
    {"pow", "0", "", NULL},
    {"rsqrt", "1", "Rsqrt.result:96", "f96@96 f4@100 b4@104 b96@200 b96@296 b96@392 b96@488"},
    {"rsqrt", "0", "", NULL},
    {"mean", "1", "", "f24@24 f4@28 b4@32 b24@56 b96@128"},
    {"mean", "0", "", NULL},
    {"tanh", "1", "Tanh.result:96", "f96@96 f4@100 b4@104 b96@200 b96@296"},
    {"tanh", "0", "", NULL},
    {"choose", "10", "Where.condition:0", "f4@4 f96@100 f4@100 b4@104 b96@200 b4@108 b96@204"},
    {"choose", "00", "", NULL},
    {"pick", "1", "Index.indices:8", "f8@8 f32@40 f4@44 b4@48 b32@80 b96@144 b96@240"},
    {"pick", "0", "", NULL},
    {"select", "1", "", "f4@4 b4@8 b32@40 b96@136"},
    {"select", "0", "", NULL},
    {"masked_fill", "10", "MaskedFill.mask:0", "f96@96 f4@100 b4@104 b96@200 b96@200"},
    {"masked_fill", "00", "", NULL},
    {"baddbmm", "011", "Baddbmm.batch1:0 Baddbmm.batch2:0",
     "f120@120 f4@124 b4@128 b120@248 b96@224 b96@320 b160@384 b160@544"},
    {"baddbmm", "010", "Baddbmm.batch2:0", "f120@120 f4@124 b4@128 b120@248 b96@224 b96@320"},
    {"baddbmm", "001", "Baddbmm.batch1:0", "f120@120 f4@124 b4@128 b120@248 b160@288 b160@448"},
    {"baddbmm", "000", "", NULL},
    {"bloom gelu", "0", "", NULL},
    {"relu", "1", "Relu.result:96", "f96@96 f4@100 b4@104 b96@200 b96@296"},
    {"relu", "0", "", NULL},
    {"gelu", "1", "Gelu.self:0", "f48@48 f4@52 b4@56 b48@104 b48@104"},
    {"gelu", "0", "", NULL},
    {"silu", "1", "Silu.self:0", "f48@48 f4@52 b4@56 b48@104 b48@104"},
    {"silu", "0", "", NULL},
    {"silu transposed", "1", "Silu.self:0", "f96@96 f4@100 b4@104 b96@200 b96@200"},
    {"silu transposed", "0", "", NULL},
    {"softmax", "1", "Softmax.result:96", "f96@96 f4@100 b4@104 b96@200 b96@296"},
    {"softmax", "0", "", NULL},
    {"safe softmax", "1", "SafeSoftmax.result:96", "f96@96 f4@100 b4@104 b96@200 b96@296"},
    {"safe softmax", "0", "", NULL},
    {"log_softmax", "1", "LogSoftmax.result:96", "f96@96 f4@100 b4@104 b96@200 b96@296"},
    {"log_softmax", "0", "", NULL},
    {"layer_norm", "111", "NativeLayerNorm.bias:0 NativeLayerNorm.input:0 NativeLayerNorm.result1:24 "
     "NativeLayerNorm.result2:24 NativeLayerNorm.weight:0",
     "f96@96 f24@120 f24@144 f4@148 b4@152 b96@248 b96@248 b16@264 b16@280"},
    {"layer_norm", "110", "NativeLayerNorm.bias:0 NativeLayerNorm.input:0 NativeLayerNorm.result1:24 "
     "NativeLayerNorm.result2:24 NativeLayerNorm.weight:0",
     "f96@96 f24@120 f24@144 f4@148 b4@152 b96@248 b96@248 b16@264"},
    {"layer_norm", "101", "NativeLayerNorm.bias:0 NativeLayerNorm.input:0 NativeLayerNorm.result1:24 "
     "NativeLayerNorm.result2:24 NativeLayerNorm.weight:0",
     "f96@96 f24@120 f24@144 f4@148 b4@152 b96@248 b96@248 b16@264"},
    {"layer_norm", "100", "NativeLayerNorm.bias:0 NativeLayerNorm.input:0 NativeLayerNorm.result1:24 "
     "NativeLayerNorm.result2:24 NativeLayerNorm.weight:0",
     "f96@96 f24@120 f24@144 f4@148 b4@152 b96@248 b96@248"},
    {"layer_norm", "011", "NativeLayerNorm.bias:0 NativeLayerNorm.input:0 NativeLayerNorm.result1:24 "
     "NativeLayerNorm.result2:24 NativeLayerNorm.weight:0",
     "f96@96 f24@120 f24@144 f4@148 b4@152 b96@248 b16@168 b16@184"},
    {"layer_norm", "010", "NativeLayerNorm.bias:0 NativeLayerNorm.input:0 NativeLayerNorm.result1:24 "
     "NativeLayerNorm.result2:24 NativeLayerNorm.weight:0",
     "f96@96 f24@120 f24@144 f4@148 b4@152 b96@248 b16@168"},
    {"layer_norm", "001", "NativeLayerNorm.bias:0 NativeLayerNorm.input:0 NativeLayerNorm.result1:24 "
     "NativeLayerNorm.result2:24 NativeLayerNorm.weight:0",
     "f96@96 f24@120 f24@144 f4@148 b4@152 b96@248 b16@168"},
    {"layer_norm", "000", "", NULL},
    {"layer_norm bf16", "111", "NativeLayerNorm.bias:0 NativeLayerNorm.input:0 NativeLayerNorm.result1:24 "
     "NativeLayerNorm.result2:24 NativeLayerNorm.weight:0",
     "f48@48 f24@72 f24@96 f4@100 b4@104 b48@152 b48@152 b8@160 b8@168"},
    {"layer_norm bf16", "110", "NativeLayerNorm.bias:0 NativeLayerNorm.input:0 NativeLayerNorm.result1:24 "
     "NativeLayerNorm.result2:24 NativeLayerNorm.weight:0",
     "f48@48 f24@72 f24@96 f4@100 b4@104 b48@152 b48@152 b8@160"},
    {"layer_norm bf16", "101", "NativeLayerNorm.bias:0 NativeLayerNorm.input:0 NativeLayerNorm.result1:24 "
     "NativeLayerNorm.result2:24 NativeLayerNorm.weight:0",
     "f48@48 f24@72 f24@96 f4@100 b4@104 b48@152 b48@152 b8@160"},
    {"layer_norm bf16", "100", "NativeLayerNorm.bias:0 NativeLayerNorm.input:0 NativeLayerNorm.result1:24 "
     "NativeLayerNorm.result2:24 NativeLayerNorm.weight:0",
     "f48@48 f24@72 f24@96 f4@100 b4@104 b48@152 b48@152"},
    {"layer_norm bf16", "011", "NativeLayerNorm.bias:0 NativeLayerNorm.input:0 NativeLayerNorm.result1:24 "
     "NativeLayerNorm.result2:24 NativeLayerNorm.weight:0",
     "f48@48 f24@72 f24@96 f4@100 b4@104 b48@152 b8@112 b8@120"},
    {"layer_norm bf16", "010", "NativeLayerNorm.bias:0 NativeLayerNorm.input:0 NativeLayerNorm.result1:24 "
     "NativeLayerNorm.result2:24 NativeLayerNorm.weight:0",
     "f48@48 f24@72 f24@96 f4@100 b4@104 b48@152 b8@112"},
    {"layer_norm bf16", "001", "NativeLayerNorm.bias:0 NativeLayerNorm.input:0 NativeLayerNorm.result1:24 "
     "NativeLayerNorm.result2:24 NativeLayerNorm.weight:0",
     "f48@48 f24@72 f24@96 f4@100 b4@104 b48@152 b8@112"},
    {"layer_norm bf16", "000", "", NULL},
    {"rms_norm", "11", "FusedRmsNorm.input:0 FusedRmsNorm.result1:24 FusedRmsNorm.weight:0",
     "f96@96 f24@120 f4@124 b4@128 b96@224 b96@224 b16@240"},
    {"rms_norm", "10", "FusedRmsNorm.input:0 FusedRmsNorm.result1:24 FusedRmsNorm.weight:0",
     "f96@96 f24@120 f4@124 b4@128 b96@224 b96@224"},
    {"rms_norm", "01", "FusedRmsNorm.input:0 FusedRmsNorm.result1:24 FusedRmsNorm.weight:0",
     "f96@96 f24@120 f4@124 b4@128 b96@224 b16@144"},
    {"rms_norm", "00", "", NULL},
    {"rms_norm bf16", "11", "FusedRmsNorm.input:0 FusedRmsNorm.result1:24 FusedRmsNorm.weight:0",
     "f48@48 f24@72 f4@76 b4@80 b48@128 b48@128 b8@136"},
    {"rms_norm bf16", "00", "", NULL},
    {"dropout", "1", "NativeDropout.result1:24", "f48@48 f24@72 f4@76 b4@80 b48@128 b48@128"},
    {"dropout", "0", "", NULL},
    {"embedding", "10", "Embedding.indices:0", "f96@96 f4@100 b4@104 b96@200 b112@216"},
    {"embedding", "00", "", NULL},
    {"flash", "111", "ScaledDotProductFlashAttention.key:0 ScaledDotProductFlashAttention.logsumexp:64 "
     "ScaledDotProductFlashAttention.output:256 ScaledDotProductFlashAttention.query:0 "
     "ScaledDotProductFlashAttention.rng_state:16 ScaledDotProductFlashAttention.unused:8 "
     "ScaledDotProductFlashAttention.value:0",
     "f256@256 f64@320 f16@336 f8@344 f4@348 b4@352 b256@608 b256@864 b256@1120 b256@1376"},
    {"flash", "110", "ScaledDotProductFlashAttention.key:0 ScaledDotProductFlashAttention.logsumexp:64 "
     "ScaledDotProductFlashAttention.output:256 ScaledDotProductFlashAttention.query:0 "
     "ScaledDotProductFlashAttention.rng_state:16 ScaledDotProductFlashAttention.unused:8 "
     "ScaledDotProductFlashAttention.value:0",
     "f256@256 f64@320 f16@336 f8@344 f4@348 b4@352 b256@608 b256@864 b256@1120 b256@1376"},
    {"flash", "101", "ScaledDotProductFlashAttention.key:0 ScaledDotProductFlashAttention.logsumexp:64 "
     "ScaledDotProductFlashAttention.output:256 ScaledDotProductFlashAttention.query:0 "
     "ScaledDotProductFlashAttention.rng_state:16 ScaledDotProductFlashAttention.unused:8 "
     "ScaledDotProductFlashAttention.value:0",
     "f256@256 f64@320 f16@336 f8@344 f4@348 b4@352 b256@608 b256@864 b256@1120 b256@1376"},
    {"flash", "100", "ScaledDotProductFlashAttention.key:0 ScaledDotProductFlashAttention.logsumexp:64 "
     "ScaledDotProductFlashAttention.output:256 ScaledDotProductFlashAttention.query:0 "
     "ScaledDotProductFlashAttention.rng_state:16 ScaledDotProductFlashAttention.unused:8 "
     "ScaledDotProductFlashAttention.value:0",
     "f256@256 f64@320 f16@336 f8@344 f4@348 b4@352 b256@608 b256@864 b256@1120 b256@1376"},
    {"flash", "011", "ScaledDotProductFlashAttention.key:0 ScaledDotProductFlashAttention.logsumexp:64 "
     "ScaledDotProductFlashAttention.output:256 ScaledDotProductFlashAttention.query:0 "
     "ScaledDotProductFlashAttention.rng_state:16 ScaledDotProductFlashAttention.unused:8 "
     "ScaledDotProductFlashAttention.value:0",
     "f256@256 f64@320 f16@336 f8@344 f4@348 b4@352 b256@608 b256@864 b256@1120 b256@1376"},
    {"flash", "010", "ScaledDotProductFlashAttention.key:0 ScaledDotProductFlashAttention.logsumexp:64 "
     "ScaledDotProductFlashAttention.output:256 ScaledDotProductFlashAttention.query:0 "
     "ScaledDotProductFlashAttention.rng_state:16 ScaledDotProductFlashAttention.unused:8 "
     "ScaledDotProductFlashAttention.value:0",
     "f256@256 f64@320 f16@336 f8@344 f4@348 b4@352 b256@608 b256@864 b256@1120 b256@1376"},
    {"flash", "001", "ScaledDotProductFlashAttention.key:0 ScaledDotProductFlashAttention.logsumexp:64 "
     "ScaledDotProductFlashAttention.output:256 ScaledDotProductFlashAttention.query:0 "
     "ScaledDotProductFlashAttention.rng_state:16 ScaledDotProductFlashAttention.unused:8 "
     "ScaledDotProductFlashAttention.value:0",
     "f256@256 f64@320 f16@336 f8@344 f4@348 b4@352 b256@608 b256@864 b256@1120 b256@1376"},
    {"flash", "000", "", NULL},
    {"flash contiguous", "111", "ScaledDotProductFlashAttention.key:0 ScaledDotProductFlashAttention.logsumexp:64 "
     "ScaledDotProductFlashAttention.output:256 ScaledDotProductFlashAttention.query:0 "
     "ScaledDotProductFlashAttention.rng_state:16 ScaledDotProductFlashAttention.unused:8 "
     "ScaledDotProductFlashAttention.value:0",
     "f256@256 f64@320 f16@336 f8@344 f4@348 b4@352 b256@608 b256@864 b256@1120 b256@1376"},
    {"flash contiguous", "110", "ScaledDotProductFlashAttention.key:0 ScaledDotProductFlashAttention.logsumexp:64 "
     "ScaledDotProductFlashAttention.output:256 ScaledDotProductFlashAttention.query:0 "
     "ScaledDotProductFlashAttention.rng_state:16 ScaledDotProductFlashAttention.unused:8 "
     "ScaledDotProductFlashAttention.value:0",
     "f256@256 f64@320 f16@336 f8@344 f4@348 b4@352 b256@608 b256@864 b256@1120 b256@1376"},
    {"flash contiguous", "101", "ScaledDotProductFlashAttention.key:0 ScaledDotProductFlashAttention.logsumexp:64 "
     "ScaledDotProductFlashAttention.output:256 ScaledDotProductFlashAttention.query:0 "
     "ScaledDotProductFlashAttention.rng_state:16 ScaledDotProductFlashAttention.unused:8 "
     "ScaledDotProductFlashAttention.value:0",
     "f256@256 f64@320 f16@336 f8@344 f4@348 b4@352 b256@608 b256@864 b256@1120 b256@1376"},
    {"flash contiguous", "100", "ScaledDotProductFlashAttention.key:0 ScaledDotProductFlashAttention.logsumexp:64 "
     "ScaledDotProductFlashAttention.output:256 ScaledDotProductFlashAttention.query:0 "
     "ScaledDotProductFlashAttention.rng_state:16 ScaledDotProductFlashAttention.unused:8 "
     "ScaledDotProductFlashAttention.value:0",
     "f256@256 f64@320 f16@336 f8@344 f4@348 b4@352 b256@608 b256@864 b256@1120 b256@1376"},
    {"flash contiguous", "011", "ScaledDotProductFlashAttention.key:0 ScaledDotProductFlashAttention.logsumexp:64 "
     "ScaledDotProductFlashAttention.output:256 ScaledDotProductFlashAttention.query:0 "
     "ScaledDotProductFlashAttention.rng_state:16 ScaledDotProductFlashAttention.unused:8 "
     "ScaledDotProductFlashAttention.value:0",
     "f256@256 f64@320 f16@336 f8@344 f4@348 b4@352 b256@608 b256@864 b256@1120 b256@1376"},
    {"flash contiguous", "010", "ScaledDotProductFlashAttention.key:0 ScaledDotProductFlashAttention.logsumexp:64 "
     "ScaledDotProductFlashAttention.output:256 ScaledDotProductFlashAttention.query:0 "
     "ScaledDotProductFlashAttention.rng_state:16 ScaledDotProductFlashAttention.unused:8 "
     "ScaledDotProductFlashAttention.value:0",
     "f256@256 f64@320 f16@336 f8@344 f4@348 b4@352 b256@608 b256@864 b256@1120 b256@1376"},
    {"flash contiguous", "001", "ScaledDotProductFlashAttention.key:0 ScaledDotProductFlashAttention.logsumexp:64 "
     "ScaledDotProductFlashAttention.output:256 ScaledDotProductFlashAttention.query:0 "
     "ScaledDotProductFlashAttention.rng_state:16 ScaledDotProductFlashAttention.unused:8 "
     "ScaledDotProductFlashAttention.value:0",
     "f256@256 f64@320 f16@336 f8@344 f4@348 b4@352 b256@608 b256@864 b256@1120 b256@1376"},
    {"flash contiguous", "000", "", NULL},
    {"flash grouped", "111", "ScaledDotProductFlashAttention.key:0 ScaledDotProductFlashAttention.logsumexp:128 "
     "ScaledDotProductFlashAttention.output:512 ScaledDotProductFlashAttention.query:0 "
     "ScaledDotProductFlashAttention.rng_state:16 ScaledDotProductFlashAttention.unused:8 "
     "ScaledDotProductFlashAttention.value:0",
     "f512@512 f128@640 f16@656 f8@664 f4@668 b4@672 b512@1184 b512@1696 b256@1952 b256@2208"},
    {"flash grouped", "110", "ScaledDotProductFlashAttention.key:0 ScaledDotProductFlashAttention.logsumexp:128 "
     "ScaledDotProductFlashAttention.output:512 ScaledDotProductFlashAttention.query:0 "
     "ScaledDotProductFlashAttention.rng_state:16 ScaledDotProductFlashAttention.unused:8 "
     "ScaledDotProductFlashAttention.value:0",
     "f512@512 f128@640 f16@656 f8@664 f4@668 b4@672 b512@1184 b512@1696 b256@1952 b256@2208"},
    {"flash grouped", "101", "ScaledDotProductFlashAttention.key:0 ScaledDotProductFlashAttention.logsumexp:128 "
     "ScaledDotProductFlashAttention.output:512 ScaledDotProductFlashAttention.query:0 "
     "ScaledDotProductFlashAttention.rng_state:16 ScaledDotProductFlashAttention.unused:8 "
     "ScaledDotProductFlashAttention.value:0",
     "f512@512 f128@640 f16@656 f8@664 f4@668 b4@672 b512@1184 b512@1696 b256@1952 b256@2208"},
    {"flash grouped", "100", "ScaledDotProductFlashAttention.key:0 ScaledDotProductFlashAttention.logsumexp:128 "
     "ScaledDotProductFlashAttention.output:512 ScaledDotProductFlashAttention.query:0 "
     "ScaledDotProductFlashAttention.rng_state:16 ScaledDotProductFlashAttention.unused:8 "
     "ScaledDotProductFlashAttention.value:0",
     "f512@512 f128@640 f16@656 f8@664 f4@668 b4@672 b512@1184 b512@1696 b256@1952 b256@2208"},
    {"flash grouped", "011", "ScaledDotProductFlashAttention.key:0 ScaledDotProductFlashAttention.logsumexp:128 "
     "ScaledDotProductFlashAttention.output:512 ScaledDotProductFlashAttention.query:0 "
     "ScaledDotProductFlashAttention.rng_state:16 ScaledDotProductFlashAttention.unused:8 "
     "ScaledDotProductFlashAttention.value:0",
     "f512@512 f128@640 f16@656 f8@664 f4@668 b4@672 b512@1184 b512@1696 b256@1952 b256@2208"},
    {"flash grouped", "010", "ScaledDotProductFlashAttention.key:0 ScaledDotProductFlashAttention.logsumexp:128 "
     "ScaledDotProductFlashAttention.output:512 ScaledDotProductFlashAttention.query:0 "
     "ScaledDotProductFlashAttention.rng_state:16 ScaledDotProductFlashAttention.unused:8 "
     "ScaledDotProductFlashAttention.value:0",
     "f512@512 f128@640 f16@656 f8@664 f4@668 b4@672 b512@1184 b512@1696 b256@1952 b256@2208"},
    {"flash grouped", "001", "ScaledDotProductFlashAttention.key:0 ScaledDotProductFlashAttention.logsumexp:128 "
     "ScaledDotProductFlashAttention.output:512 ScaledDotProductFlashAttention.query:0 "
     "ScaledDotProductFlashAttention.rng_state:16 ScaledDotProductFlashAttention.unused:8 "
     "ScaledDotProductFlashAttention.value:0",
     "f512@512 f128@640 f16@656 f8@664 f4@668 b4@672 b512@1184 b512@1696 b256@1952 b256@2208"},
    {"flash grouped", "000", "", NULL},
    {"efficient", "111", "ScaledDotProductEfficientAttention.key:0 ScaledDotProductEfficientAttention.log_sumexp:512 "
     "ScaledDotProductEfficientAttention.output:512 ScaledDotProductEfficientAttention.philox_offset:8 "
     "ScaledDotProductEfficientAttention.philox_seed:8 ScaledDotProductEfficientAttention.query:0 "
     "ScaledDotProductEfficientAttention.value:0",
     "f512@512 f512@1024 f8@1032 f8@1040 f4@1044 b4@1048 b512@1560 b512@2072 b512@2584 b512@3096"},
    {"efficient", "110", "ScaledDotProductEfficientAttention.key:0 ScaledDotProductEfficientAttention.log_sumexp:512 "
     "ScaledDotProductEfficientAttention.output:512 ScaledDotProductEfficientAttention.philox_offset:8 "
     "ScaledDotProductEfficientAttention.philox_seed:8 ScaledDotProductEfficientAttention.query:0 "
     "ScaledDotProductEfficientAttention.value:0",
     "f512@512 f512@1024 f8@1032 f8@1040 f4@1044 b4@1048 b512@1560 b512@2072 b512@2584 b512@3096"},
    {"efficient", "101", "ScaledDotProductEfficientAttention.key:0 ScaledDotProductEfficientAttention.log_sumexp:512 "
     "ScaledDotProductEfficientAttention.output:512 ScaledDotProductEfficientAttention.philox_offset:8 "
     "ScaledDotProductEfficientAttention.philox_seed:8 ScaledDotProductEfficientAttention.query:0 "
     "ScaledDotProductEfficientAttention.value:0",
     "f512@512 f512@1024 f8@1032 f8@1040 f4@1044 b4@1048 b512@1560 b512@2072 b512@2584 b512@3096"},
    {"efficient", "100", "ScaledDotProductEfficientAttention.key:0 ScaledDotProductEfficientAttention.log_sumexp:512 "
     "ScaledDotProductEfficientAttention.output:512 ScaledDotProductEfficientAttention.philox_offset:8 "
     "ScaledDotProductEfficientAttention.philox_seed:8 ScaledDotProductEfficientAttention.query:0 "
     "ScaledDotProductEfficientAttention.value:0",
     "f512@512 f512@1024 f8@1032 f8@1040 f4@1044 b4@1048 b512@1560 b512@2072 b512@2584 b512@3096"},
    {"efficient", "011", "ScaledDotProductEfficientAttention.key:0 ScaledDotProductEfficientAttention.log_sumexp:512 "
     "ScaledDotProductEfficientAttention.output:512 ScaledDotProductEfficientAttention.philox_offset:8 "
     "ScaledDotProductEfficientAttention.philox_seed:8 ScaledDotProductEfficientAttention.query:0 "
     "ScaledDotProductEfficientAttention.value:0",
     "f512@512 f512@1024 f8@1032 f8@1040 f4@1044 b4@1048 b512@1560 b512@2072 b512@2584 b512@3096"},
    {"efficient", "010", "ScaledDotProductEfficientAttention.key:0 ScaledDotProductEfficientAttention.log_sumexp:512 "
     "ScaledDotProductEfficientAttention.output:512 ScaledDotProductEfficientAttention.philox_offset:8 "
     "ScaledDotProductEfficientAttention.philox_seed:8 ScaledDotProductEfficientAttention.query:0 "
     "ScaledDotProductEfficientAttention.value:0",
     "f512@512 f512@1024 f8@1032 f8@1040 f4@1044 b4@1048 b512@1560 b512@2072 b512@2584 b512@3096"},
    {"efficient", "001", "ScaledDotProductEfficientAttention.key:0 ScaledDotProductEfficientAttention.log_sumexp:512 "
     "ScaledDotProductEfficientAttention.output:512 ScaledDotProductEfficientAttention.philox_offset:8 "
     "ScaledDotProductEfficientAttention.philox_seed:8 ScaledDotProductEfficientAttention.query:0 "
     "ScaledDotProductEfficientAttention.value:0",
     "f512@512 f512@1024 f8@1032 f8@1040 f4@1044 b4@1048 b512@1560 b512@2072 b512@2584 b512@3096"},
    {"efficient", "000", "", NULL},
    {"efficient contiguous", "111", "ScaledDotProductEfficientAttention.key:0 "
     "ScaledDotProductEfficientAttention.log_sumexp:512 ScaledDotProductEfficientAttention.output:512 "
     "ScaledDotProductEfficientAttention.philox_offset:8 ScaledDotProductEfficientAttention.philox_seed:8 "
     "ScaledDotProductEfficientAttention.query:0 ScaledDotProductEfficientAttention.value:0",
     "f512@512 f512@1024 f8@1032 f8@1040 f4@1044 b4@1048 b512@1560 b512@2072 b512@2584 b512@3096"},
    {"efficient contiguous", "110", "ScaledDotProductEfficientAttention.key:0 "
     "ScaledDotProductEfficientAttention.log_sumexp:512 ScaledDotProductEfficientAttention.output:512 "
     "ScaledDotProductEfficientAttention.philox_offset:8 ScaledDotProductEfficientAttention.philox_seed:8 "
     "ScaledDotProductEfficientAttention.query:0 ScaledDotProductEfficientAttention.value:0",
     "f512@512 f512@1024 f8@1032 f8@1040 f4@1044 b4@1048 b512@1560 b512@2072 b512@2584 b512@3096"},
    {"efficient contiguous", "101", "ScaledDotProductEfficientAttention.key:0 "
     "ScaledDotProductEfficientAttention.log_sumexp:512 ScaledDotProductEfficientAttention.output:512 "
     "ScaledDotProductEfficientAttention.philox_offset:8 ScaledDotProductEfficientAttention.philox_seed:8 "
     "ScaledDotProductEfficientAttention.query:0 ScaledDotProductEfficientAttention.value:0",
     "f512@512 f512@1024 f8@1032 f8@1040 f4@1044 b4@1048 b512@1560 b512@2072 b512@2584 b512@3096"},
    {"efficient contiguous", "100", "ScaledDotProductEfficientAttention.key:0 "
     "ScaledDotProductEfficientAttention.log_sumexp:512 ScaledDotProductEfficientAttention.output:512 "
     "ScaledDotProductEfficientAttention.philox_offset:8 ScaledDotProductEfficientAttention.philox_seed:8 "
     "ScaledDotProductEfficientAttention.query:0 ScaledDotProductEfficientAttention.value:0",
     "f512@512 f512@1024 f8@1032 f8@1040 f4@1044 b4@1048 b512@1560 b512@2072 b512@2584 b512@3096"},
    {"efficient contiguous", "011", "ScaledDotProductEfficientAttention.key:0 "
     "ScaledDotProductEfficientAttention.log_sumexp:512 ScaledDotProductEfficientAttention.output:512 "
     "ScaledDotProductEfficientAttention.philox_offset:8 ScaledDotProductEfficientAttention.philox_seed:8 "
     "ScaledDotProductEfficientAttention.query:0 ScaledDotProductEfficientAttention.value:0",
     "f512@512 f512@1024 f8@1032 f8@1040 f4@1044 b4@1048 b512@1560 b512@2072 b512@2584 b512@3096"},
    {"efficient contiguous", "010", "ScaledDotProductEfficientAttention.key:0 "
     "ScaledDotProductEfficientAttention.log_sumexp:512 ScaledDotProductEfficientAttention.output:512 "
     "ScaledDotProductEfficientAttention.philox_offset:8 ScaledDotProductEfficientAttention.philox_seed:8 "
     "ScaledDotProductEfficientAttention.query:0 ScaledDotProductEfficientAttention.value:0",
     "f512@512 f512@1024 f8@1032 f8@1040 f4@1044 b4@1048 b512@1560 b512@2072 b512@2584 b512@3096"},
    {"efficient contiguous", "001", "ScaledDotProductEfficientAttention.key:0 "
     "ScaledDotProductEfficientAttention.log_sumexp:512 ScaledDotProductEfficientAttention.output:512 "
     "ScaledDotProductEfficientAttention.philox_offset:8 ScaledDotProductEfficientAttention.philox_seed:8 "
     "ScaledDotProductEfficientAttention.query:0 ScaledDotProductEfficientAttention.value:0",
     "f512@512 f512@1024 f8@1032 f8@1040 f4@1044 b4@1048 b512@1560 b512@2072 b512@2584 b512@3096"},
    {"efficient contiguous", "000", "", NULL},
    {"efficient masked", "1110", "ScaledDotProductEfficientAttention.attn_bias:0 "
     "ScaledDotProductEfficientAttention.key:0 ScaledDotProductEfficientAttention.log_sumexp:512 "
     "ScaledDotProductEfficientAttention.output:512 ScaledDotProductEfficientAttention.philox_offset:8 "
     "ScaledDotProductEfficientAttention.philox_seed:8 ScaledDotProductEfficientAttention.query:0 "
     "ScaledDotProductEfficientAttention.value:0",
     "f512@512 f512@1024 f8@1032 f8@1040 f4@1044 b4@1048 b512@1560 b512@2072 b512@2584 b512@3096"},
    {"efficient masked", "1100", "ScaledDotProductEfficientAttention.attn_bias:0 "
     "ScaledDotProductEfficientAttention.key:0 ScaledDotProductEfficientAttention.log_sumexp:512 "
     "ScaledDotProductEfficientAttention.output:512 ScaledDotProductEfficientAttention.philox_offset:8 "
     "ScaledDotProductEfficientAttention.philox_seed:8 ScaledDotProductEfficientAttention.query:0 "
     "ScaledDotProductEfficientAttention.value:0",
     "f512@512 f512@1024 f8@1032 f8@1040 f4@1044 b4@1048 b512@1560 b512@2072 b512@2584 b512@3096"},
    {"efficient masked", "1010", "ScaledDotProductEfficientAttention.attn_bias:0 "
     "ScaledDotProductEfficientAttention.key:0 ScaledDotProductEfficientAttention.log_sumexp:512 "
     "ScaledDotProductEfficientAttention.output:512 ScaledDotProductEfficientAttention.philox_offset:8 "
     "ScaledDotProductEfficientAttention.philox_seed:8 ScaledDotProductEfficientAttention.query:0 "
     "ScaledDotProductEfficientAttention.value:0",
     "f512@512 f512@1024 f8@1032 f8@1040 f4@1044 b4@1048 b512@1560 b512@2072 b512@2584 b512@3096"},
    {"efficient masked", "1000", "ScaledDotProductEfficientAttention.attn_bias:0 "
     "ScaledDotProductEfficientAttention.key:0 ScaledDotProductEfficientAttention.log_sumexp:512 "
     "ScaledDotProductEfficientAttention.output:512 ScaledDotProductEfficientAttention.philox_offset:8 "
     "ScaledDotProductEfficientAttention.philox_seed:8 ScaledDotProductEfficientAttention.query:0 "
     "ScaledDotProductEfficientAttention.value:0",
     "f512@512 f512@1024 f8@1032 f8@1040 f4@1044 b4@1048 b512@1560 b512@2072 b512@2584 b512@3096"},
    {"efficient masked", "0110", "ScaledDotProductEfficientAttention.attn_bias:0 "
     "ScaledDotProductEfficientAttention.key:0 ScaledDotProductEfficientAttention.log_sumexp:512 "
     "ScaledDotProductEfficientAttention.output:512 ScaledDotProductEfficientAttention.philox_offset:8 "
     "ScaledDotProductEfficientAttention.philox_seed:8 ScaledDotProductEfficientAttention.query:0 "
     "ScaledDotProductEfficientAttention.value:0",
     "f512@512 f512@1024 f8@1032 f8@1040 f4@1044 b4@1048 b512@1560 b512@2072 b512@2584 b512@3096"},
    {"efficient masked", "0100", "ScaledDotProductEfficientAttention.attn_bias:0 "
     "ScaledDotProductEfficientAttention.key:0 ScaledDotProductEfficientAttention.log_sumexp:512 "
     "ScaledDotProductEfficientAttention.output:512 ScaledDotProductEfficientAttention.philox_offset:8 "
     "ScaledDotProductEfficientAttention.philox_seed:8 ScaledDotProductEfficientAttention.query:0 "
     "ScaledDotProductEfficientAttention.value:0",
     "f512@512 f512@1024 f8@1032 f8@1040 f4@1044 b4@1048 b512@1560 b512@2072 b512@2584 b512@3096"},
    {"efficient masked", "0010", "ScaledDotProductEfficientAttention.attn_bias:0 "
     "ScaledDotProductEfficientAttention.key:0 ScaledDotProductEfficientAttention.log_sumexp:512 "
     "ScaledDotProductEfficientAttention.output:512 ScaledDotProductEfficientAttention.philox_offset:8 "
     "ScaledDotProductEfficientAttention.philox_seed:8 ScaledDotProductEfficientAttention.query:0 "
     "ScaledDotProductEfficientAttention.value:0",
     "f512@512 f512@1024 f8@1032 f8@1040 f4@1044 b4@1048 b512@1560 b512@2072 b512@2584 b512@3096"},
    {"efficient masked", "0000", "", NULL},
    {"to", "1", "", "f96@96 f4@100 b4@104 b96@200 b48@152"},
    {"to", "0", "", NULL},
    {"to its own type", "1", "", "f96@96 f4@100 b4@104 b96@200 b96@200"},
    {"to its own type", "0", "", NULL},
    {"to transposed", "1", "", "f48@48 f4@52 b4@56 b48@104 b96@152"},
    {"to transposed", "0", "", NULL},
    {"clone", "1", "", "f96@96 f4@100 b4@104 b96@200"},
    {"clone", "0", "", NULL},
    {"clone transposed", "1", "", "f96@96 f4@100 b4@104 b96@200"},
    {"clone transposed", "0", "", NULL},
    {"stack", "11", "", "f192@192 f4@196 b4@200 b192@392"},
    {"stack", "10", "", "f192@192 f4@196 b4@200 b192@392"},
    {"stack", "01", "", "f192@192 f4@196 b4@200 b192@392"},
    {"stack", "00", "", NULL},
    {"cat", "11", "", "f144@144 f4@148 b4@152 b144@296"},
    {"cat", "10", "", "f144@144 f4@148 b4@152 b144@296"},
    {"cat", "01", "", "f144@144 f4@148 b4@152 b144@296"},
    {"cat", "00", "", NULL},
    {"slice", "1", "", "f48@48 f4@52 b4@56 b48@104 b48@104 b96@152"},
    {"slice", "0", "", NULL},
    {"slice of all", "1", "", "f96@96 f4@100 b4@104 b96@200 b96@200"},
    {"slice of all", "0", "", NULL},
    {"slice twice", "1", "", "f48@48 f4@52 b4@56 b48@104 b96@152 b96@248 b96@296"},
    {"slice twice", "0", "", NULL},
    {"split", "1", "Mul.other:0 Mul.self:0", "f48@48 f4@52 b4@56 b48@104 b48@104 b48@152 b96@200"},
    {"split", "0", "", NULL},
    {"pad", "1", "", "f192@192 f4@196 b4@200 b192@392 b96@296"},
    {"pad", "0", "", NULL},
    {"expand", "1", "", "f96@96 f4@100 b4@104 b96@200 b96@200 b32@136"},
    {"expand", "0", "", NULL},
    {"expand nothing", "1", "", "f96@96 f4@100 b4@104 b96@200 b96@200"},
    {"expand nothing", "0", "", NULL},
    {"view", "1", "", "f4@4 b4@8 b96@104"},
    {"view", "0", "", NULL},
    {"transpose", "1", "", "f4@4 b4@8 b96@104"},
    {"transpose", "0", "", NULL},
    {"transpose and cut", "1", "", "f96@96 f4@100 b4@104 b96@200"},
    {"transpose and cut", "0", "", NULL},
    {"view of a turned gradient", "1", "", "f4@4 b4@8 b96@104 b96@200"},
    {"view of a turned gradient", "0", "", NULL},
    {"repeat keys", "1", "", "f384@384 f4@388 b4@392 b384@776 b192@584"},
    {"repeat keys", "0", "", NULL},
    {"repeat one key", "1", "", "f192@192 f4@196 b4@200 b192@392 b192@392 b96@296"},
    {"repeat one key", "0", "", NULL},
    {"rotary", "100", "Mul.other:0",
     "f192@192 f96@288 f192@480 f192@576 f192@576 f4@196 b4@200 b192@392 b192@392 b192@584 b96@680 b192@680 b192@776 "
     "b192@584 b192@584"},
    {"rotary", "000", "", NULL},
    {"gated", "11", "Mul.other:0 Mul.self:96 Silu.self:0",
     "f96@96 f96@192 f4@196 b4@200 b96@296 b96@296 b96@392 b96@200"},
    {"gated", "10", "Mul.other:0 Silu.self:0", "f96@96 f96@192 f4@100 b4@104 b96@200 b96@200 b96@200"},
    {"gated", "01", "Mul.self:96", "f96@96 f96@192 f4@196 b4@200 b96@296 b96@296"},
    {"gated", "00", "", NULL},
    {"sum", "1", "", "f4@4 b4@8"},
    {"sum", "0", "", NULL},
    {"parallel linear", "11", "LinearWithGradAccumulationAndAsyncCommunication.saved[0]:0 "
     "LinearWithGradAccumulationAndAsyncCommunication.saved[1]:0",
     "f60@60 f4@64 b4@68 b60@128 b48@116 b40@156"},
    {"parallel linear", "00", "", NULL},
    {"parallel linear bias", "111", "LinearWithGradAccumulationAndAsyncCommunication.saved[0]:0 "
     "LinearWithGradAccumulationAndAsyncCommunication.saved[1]:0",
     "f60@60 f60@120 f4@64 b4@68 b60@128 b48@116 b40@156 b10@166"},
    {"parallel linear bias", "000", "", NULL},
    {"masked softmax", "1", "ScaledUpperTriangMaskedSoftmax.saved[0]:36", "f36@36 f4@40 b4@44 b36@80"},
    {"masked softmax", "0", "", NULL},
    {"bias gelu", "11", "GeLUFunction.saved[0]:0 GeLUFunction.saved[1]:0", "f48@48 f4@52 b4@56 b48@104 b48@104 b8@64"},
    {"bias gelu", "00", "", NULL},
    /* not made by torch: read from the source of Transformer Engine 2.20 and flash-attn 2 */
    {"norm linear", "111", "_LayerNormLinear.saved[0]:0 _LayerNormLinear.saved[5]:48 _LayerNormLinear.saved[7]:24",
     "f48@48 f24@72 f60@132 f4@136 b4@140 b60@200 b48@188 b40@228 b48@228 b8@236"},
    {"norm linear, layer norm", "1111", "_LayerNormLinear.saved[0]:0 _LayerNormLinear.saved[5]:48 "
     "_LayerNormLinear.saved[6]:24 _LayerNormLinear.saved[7]:24",
     "f48@48 f24@72 f24@96 f60@156 f4@160 b4@164 b60@224 b48@212 b40@252 b48@252 b8@260 b8@268"},
    {"norm linear, bias", "1111", "_LayerNormLinear.saved[0]:0 _LayerNormLinear.saved[5]:48 "
     "_LayerNormLinear.saved[7]:24",
     "f48@48 f24@72 f60@132 f4@136 b4@140 b60@200 b48@188 b40@228 b10@238 b48@238 b8@246"},
    {"engine linear", "11", "_Linear.saved[0]:0", "f60@60 f4@64 b4@68 b60@128 b48@116 b40@156"},
    {"norm linear, gathered", "111", "_LayerNormLinear.saved[0]:0 _LayerNormLinear.saved[5]:48 _LayerNormLinear.saved[7]:24",
     "f96@96 f48@144 f24@168 f120@288 f4@196 b4@200 b120@320 b96@296 b96@392 b48@440 b40@480 b48@384 b8@392"},
    {"norm linear, gathered, layer norm", "1111", "_LayerNormLinear.saved[0]:0 _LayerNormLinear.saved[5]:48 "
     "_LayerNormLinear.saved[6]:24 _LayerNormLinear.saved[7]:24",
     "f96@96 f48@144 f24@168 f24@192 f120@312 f4@220 b4@224 b120@344 b96@320 b96@416 b48@464 b40@504 b48@408 b8@416 b8@424"},
    {"norm linear, gathered, bias", "1111", "_LayerNormLinear.saved[0]:0 _LayerNormLinear.saved[5]:48 "
     "_LayerNormLinear.saved[7]:24",
     "f96@96 f48@144 f24@168 f120@288 f4@196 b4@200 b120@320 b96@296 b96@392 b48@440 b40@480 b10@490 b48@394 b8@402"},
    {"gather linear", "11", "_Linear.saved[0]:0", "f96@96 f120@216 f4@124 b4@128 b120@248 b96@224 b96@320 b48@368 b40@408"},
    {"scatter linear", "11", "_Linear.saved[0]:0", "f60@60 f30@90 f4@34 b4@38 b30@68 b60@98 b48@146 b40@186"},
    {"sequence linear", "110", "LinearWithGradAccumulationAndAsyncCommunication.saved[0]:0 "
     "LinearWithGradAccumulationAndAsyncCommunication.saved[1]:0", "f120@120 f4@124 b4@128 b120@248 b96@224 b48@272 b40@312"},
    {"sequence linear bias", "1101", "LinearWithGradAccumulationAndAsyncCommunication.saved[0]:0 "
     "LinearWithGradAccumulationAndAsyncCommunication.saved[1]:0", "f120@120 f120@240 f4@124 b4@128 b120@248 b96@224 b48@272 b40@312 b10@322"},
    {"reduce scatter", "1", "", "f24@24 f4@28 b4@32 b24@56 b48@80"},
    {"scatter sequence", "1", "", "f4@4 b4@8 b24@32 b48@80"},
    {"all to all", "1", "", "f32@32 f4@36 b4@40 b32@72 b48@88"},
    {"scatter a part", "1", "", "f36@36 f4@40 b4@44 b36@80 b72@116 b120@200"},
    {"gather model", "1", "", "f96@96 f96@192 f4@100 b4@104 b96@200 b48@152"},
    {"wide linear", "11", "RouterGatingLinearFunction.saved[0]:0 RouterGatingLinearFunction.saved[1]:0",
     "f96@96 f80@176 f120@296 f4@124 b4@128 b120@248 b80@208 b96@304 b48@272 b96@272 b80@352 b40@296"},
    {"gather sequence", "1", "", "f96@96 f4@100 b4@104 b96@200 b48@152"},
    {"fused rope", "10", "FusedRoPEFunc.saved[0]:0", "f96@96 f4@100 b4@104 b96@200 b96@200"},
    {"flash_attn", "111", "FlashAttnFunc.saved[0]:0 FlashAttnFunc.saved[1]:0 FlashAttnFunc.saved[2]:0 "
     "FlashAttnFunc.saved[3]:256 FlashAttnFunc.saved[4]:64 FlashAttnFunc.saved[5]:16",
     "f256@256 f64@320 f16@336 f4@340 b4@344 b256@600 b256@856 b256@1112 b256@1368"},
    {"flash_attn grouped", "111", "FlashAttnFunc.saved[0]:0 FlashAttnFunc.saved[1]:0 FlashAttnFunc.saved[2]:0 "
     "FlashAttnFunc.saved[3]:512 FlashAttnFunc.saved[4]:128 FlashAttnFunc.saved[5]:16",
     "f512@512 f128@640 f16@656 f4@660 b4@664 b512@1176 b512@1688 b256@1944 b256@2200"},
    /* AttnFuncWithCPAndKVP2P of Transformer Engine 2.20 as rank 1 of 2, with kernels and sends left out; it makes each turn's state by
     * itself. The tables of where chunks begin, here one, are two. */
    {"engine ring", "1110", "AttnFuncWithCPAndKVP2P.cu_seqlens_q_per_step:0 AttnFuncWithCPAndKVP2P.rng_states:32 "
     "AttnFuncWithCPAndKVP2P.saved[3]:0 AttnFuncWithCPAndKVP2P.saved[4]:512 AttnFuncWithCPAndKVP2P.saved[5]:512 "
     "AttnFuncWithCPAndKVP2P.saved[6]:128",
     "f512@512 f512@1024 f512@1536 f128@1664 f512@2176 f128@2304 f32@2336 f128@2464 f512@2976 f4@1188 b4@1192 b512@1704 "
     "b512@2216 b1024@3240 b1024@4264 b512@4776 b128@4904 b128@5032 b512@4776 b256@5032 b256@5288"},
    {"engine ring latent", "1110", "AttnFuncWithCPAndKVP2P.cu_seqlens_kv_per_step:0 AttnFuncWithCPAndKVP2P.cu_seqlens_q_per_step:0 "
     "AttnFuncWithCPAndKVP2P.rng_states:32 AttnFuncWithCPAndKVP2P.saved[3]:0 AttnFuncWithCPAndKVP2P.saved[4]:768 "
     "AttnFuncWithCPAndKVP2P.saved[5]:256 AttnFuncWithCPAndKVP2P.saved[6]:64",
     "f768@768 f768@1536 f256@1792 f64@1856 f256@2112 f64@2176 f32@2208 f64@2272 f256@2528 f4@1124 b4@1128 b256@1384 "
     "b512@1896 b1536@3432 b1536@4968 b512@5480 b256@5736 b128@5864 b512@5480 b512@5992 b256@6248"},
    {"plain swiglu", "1", "SwiGLUFunction.saved[0]:0", "f48@48 f4@52 b4@56 b48@104 b96@152"},
    {"plain swiglu", "0", "", NULL},
    {"bias swiglu", "11", "BiasSwiGLUFunction.saved[0]:0 BiasSwiGLUFunction.saved[1]:0", "f48@48 f4@52 b4@56 b48@104 b96@152 b16@120"},
    {"bias swiglu", "00", "", NULL},
    {"sigmoid", "1", "Sigmoid.result:96", "f96@96 f4@100 b4@104 b96@200 b96@296"},
    {"sigmoid", "0", "", NULL},
    {"sub", "11", "", "f96@96 f4@100 b4@104 b96@200 b96@200"},
    {"sub", "10", "", "f96@96 f4@100 b4@104 b96@200"},
    {"sub", "01", "", "f96@96 f4@100 b4@104 b96@200 b96@200"},
    {"sub", "00", "", NULL},
    {"sub broadcast", "11", "", "f96@96 f4@100 b4@104 b96@200 b96@200 b24@224"},
    {"sub broadcast", "10", "", "f96@96 f4@100 b4@104 b96@200"},
    {"sub broadcast", "01", "", "f96@96 f4@100 b4@104 b96@200 b96@200 b24@224"},
    {"sub broadcast", "00", "", NULL},
    {"sum of rows", "1", "", "f96@96 f32@128 f4@36 b4@40 b32@72 b96@136"},
    {"sum of rows", "0", "", NULL},
    {"sum kept", "1", "", "f24@24 f4@28 b4@32 b24@56"},
    {"sum kept", "0", "", NULL},
    {"sum of a view", "1", "", "f32@32 f4@36 b4@40 b32@72 b96@136"},
    {"sum of a view", "0", "", NULL},
    {"topk", "1", "Topk.indices:96", "f48@48 f96@144 f4@148 b4@152 b48@200 b96@248 b96@344"},
    {"topk", "0", "", NULL},
    {"max", "1", "Max.indices:48", "f96@96 f96@192 f24@216 f48@264 f96@264 f4@148 b4@152 b96@248 b96@248 b24@272 b96@272 b96@368 b96@296 b96@296 b96@296"},
    {"max", "0", "", NULL},
    {"clamp max", "1", "ClampBackward1.self:96", "f96@96 f96@192 f4@196 b4@200 b96@296 b4@204 b24@228 b96@324 b96@200"},
    {"clamp max", "0", "", NULL},
    {"complex product", "10", "Mul.other:0", "f192@192 f4@196 b4@200 b192@392 b96@296 b192@488"},
    {"complex product", "00", "", NULL},
    {"complex product of heads", "10", "Mul.other:0", "f192@192 f4@196 b4@200 b192@392 b192@392 b48@248 b192@440 b192@392"},
    {"complex product of heads", "00", "", NULL},
    {"cast of a slice", "1", "", "f96@96 f4@100 b4@104 b96@200 b48@152 b96@152 b96@200"},
    {"cast of a slice", "0", "", NULL},
    {"minimum", "10", "Minimum.other:0 Minimum.self:0", "f96@96 f4@100 b4@104 b96@200 b24@128 b96@224 b24@248 b96@344 b96@440"},
    {"minimum", "00", "", NULL},
    {"softplus", "1", "Softplus.self:0", "f96@96 f4@100 b4@104 b96@200 b96@200"},
    {"softplus", "0", "", NULL},
    {"expm1", "1", "Expm1.result:96", "f96@96 f4@100 b4@104 b96@200 b96@296 b96@392"},
    {"expm1", "0", "", NULL},
    {"either", "011", "Where.condition:0", "f96@96 f4@100 b4@104 b96@200 b4@108 b96@204 b4@204 b96@300"},
    {"either", "010", "Where.condition:0", "f96@96 f4@100 b4@104 b96@200 b4@108 b96@204"},
    {"either", "001", "Where.condition:0", "f96@96 f4@100 b4@104 b96@200 b4@108 b96@204"},
    {"either", "000", "", NULL},
    {"clamp", "1", "ClampBackward1.self:96", "f96@96 f96@192 f4@196 b4@200 b96@296 b4@204 b24@228 b24@252 b96@348 b96@200"},
    {"clamp", "0", "", NULL},
    {"add in place", "11", "", "f96@96 f4@100 b4@104 b96@200 b96@200"},
    {"add in place", "10", "", "f96@96 f4@100 b4@104 b96@200 b96@200"},
    {"add in place", "01", "", "f96@96 f4@100 b4@104 b96@200"},
    {"add in place", "00", "", NULL},
    {"gather", "10", "Gather.index:0 Gather.self:0", "f48@48 f4@52 b4@56 b48@104 b96@152 b96@248"},
    {"gather", "00", "", NULL},
    {"index rows", "10", "Index.indices:0", "f96@96 f4@100 b4@104 b96@200 b48@152 b48@200"},
    {"index rows", "00", "", NULL},
    {"index elements", "10", "Index.indices:0", "f48@48 f4@52 b4@56 b48@104 b48@104 b48@152"},
    {"index elements", "00", "", NULL},
    {"div in place", "11", "Div.other:0 Div.self:48",
     "f48@48 f48@96 f4@100 b4@104 b48@152 b48@152 b48@200 b48@248 b48@296 b48@200 b24@224 b48@104"},
    {"div in place", "10", "Div.other:0", "f48@48 f4@52 b4@56 b48@104 b48@104 b48@104"},
    {"div in place", "01", "Div.other:0 Div.self:48",
     "f48@48 f48@96 f4@100 b4@104 b48@152 b48@152 b48@200 b48@248 b48@296 b24@176"},
    {"div in place", "00", "", NULL},
    {"divided by its sum", "1", "Div.other:24 Div.self:48",
     "f48@48 f24@72 f48@120 f4@124 b4@128 b48@176 b48@176 b48@224 b48@272 b48@320 b48@224 b24@248 b48@128 b48@104"},
    {"divided by its sum", "0", "", NULL},
    {"grouped_mm", "110", "GroupedMm.mat2:0 GroupedMm.offs:0 GroupedMm.self:0",
     "f384@384 f4@388 b4@392 b384@776 b1536@1928 b256@2184"},
    {"grouped_mm", "100", "GroupedMm.mat2:0 GroupedMm.offs:0", "f384@384 f4@388 b4@392 b384@776 b256@648"},
    {"grouped_mm", "010", "GroupedMm.offs:0 GroupedMm.self:0", "f384@384 f4@388 b4@392 b384@776 b1536@1928"},
    {"grouped_mm", "000", "", NULL},
    {"copies into parts", "11", "", "f144@144 f4@148 b4@152 b144@296 b144@296 b48@344 b48@392 b144@296 b96@392"},
    {"copies into parts", "10", "", "f144@144 f4@148 b4@152 b144@296 b144@296 b48@344 b48@392 b144@296 b96@392"},
    {"copies into parts", "01", "", "f144@144 f4@148 b4@152 b144@296 b144@296 b48@344"},
    {"copies into parts", "00", "", NULL},
    {"every second", "1", "Mul.other:0 Mul.self:0",
     "f48@48 f4@52 b4@56 b48@104 b48@104 b48@152 b96@200 b96@248 b96@296"},
    {"every second", "0", "", NULL},
    {"add scalar between heads", "1", "", "f192@192 f4@196 b4@200 b192@392"},
    {"add scalar between heads", "0", "", NULL},
    {"mul scalar between heads", "1", "", "f192@192 f4@196 b4@200 b192@392 b192@392"},
    {"mul scalar between heads", "0", "", NULL},
    {"neg between heads", "1", "", "f192@192 f4@196 b4@200 b192@392 b192@392"},
    {"neg between heads", "0", "", NULL},
    {"pow between heads", "1", "Pow.self:0", "f192@192 f4@196 b4@200 b192@392 b192@392 b192@584 b192@776"},
    {"pow between heads", "0", "", NULL},
    {"rsqrt between heads", "1", "Rsqrt.result:192", "f192@192 f4@196 b4@200 b192@392 b192@584 b192@776 b192@968"},
    {"rsqrt between heads", "0", "", NULL},
    {"tanh between heads", "1", "Tanh.result:192", "f192@192 f4@196 b4@200 b192@392 b192@584"},
    {"tanh between heads", "0", "", NULL},
    {"relu between heads", "1", "Relu.result:192", "f192@192 f4@196 b4@200 b192@392 b192@584"},
    {"relu between heads", "0", "", NULL},
    {"gelu between heads", "1", "Gelu.self:0", "f192@192 f4@196 b4@200 b192@392 b192@392"},
    {"gelu between heads", "0", "", NULL},
    {"silu between heads", "1", "Silu.self:0", "f192@192 f4@196 b4@200 b192@392 b192@392"},
    {"silu between heads", "0", "", NULL},
    {"to between heads", "1", "", "f96@96 f4@100 b4@104 b96@200 b192@296"},
    {"to between heads", "0", "", NULL},
    {"clone between heads", "1", "", "f192@192 f192@384 f4@196 b4@200 b192@392"},
    {"clone between heads", "0", "", NULL},
    {"pad between heads", "1", "", "f384@384 f192@576 f4@196 b4@200 b192@392 b384@584 b192@584 b192@392"},
    {"pad between heads", "0", "", NULL},
    {"slice between heads", "1", "",
     "f96@96 f192@288 f192@384 f4@196 b4@200 b192@392 b192@392 b96@488 b192@488 b192@584 b192@392"},
    {"slice between heads", "0", "", NULL},
    {"mul between heads", "10", "Mul.other:0", "f192@192 f4@196 b4@200 b192@392 b192@392"},
    {"mul between heads", "00", "", NULL},
    {"layer_norm between heads", "111", "NativeLayerNorm.bias:0 NativeLayerNorm.input:0 NativeLayerNorm.result1:48 "
     "NativeLayerNorm.result2:48 NativeLayerNorm.weight:0",
     "f192@192 f48@240 f48@288 f192@480 f4@292 b4@296 b192@488 b192@488 b16@504 b16@520 b192@392"},
    {"layer_norm between heads", "110", "NativeLayerNorm.bias:0 NativeLayerNorm.input:0 NativeLayerNorm.result1:48 "
     "NativeLayerNorm.result2:48 NativeLayerNorm.weight:0",
     "f192@192 f48@240 f48@288 f192@480 f4@292 b4@296 b192@488 b192@488 b16@504 b192@392"},
    {"layer_norm between heads", "101", "NativeLayerNorm.bias:0 NativeLayerNorm.input:0 NativeLayerNorm.result1:48 "
     "NativeLayerNorm.result2:48 NativeLayerNorm.weight:0",
     "f192@192 f48@240 f48@288 f192@480 f4@292 b4@296 b192@488 b192@488 b16@504 b192@392"},
    {"layer_norm between heads", "100", "NativeLayerNorm.bias:0 NativeLayerNorm.input:0 NativeLayerNorm.result1:48 "
     "NativeLayerNorm.result2:48 NativeLayerNorm.weight:0",
     "f192@192 f48@240 f48@288 f192@480 f4@292 b4@296 b192@488 b192@488 b192@392"},
    {"layer_norm between heads", "011", "NativeLayerNorm.bias:0 NativeLayerNorm.input:0 NativeLayerNorm.result1:48 "
     "NativeLayerNorm.result2:48 NativeLayerNorm.weight:0",
     "f192@192 f48@240 f48@288 f192@480 f4@292 b4@296 b192@488 b16@312 b16@328"},
    {"layer_norm between heads", "010", "NativeLayerNorm.bias:0 NativeLayerNorm.input:0 NativeLayerNorm.result1:48 "
     "NativeLayerNorm.result2:48 NativeLayerNorm.weight:0",
     "f192@192 f48@240 f48@288 f192@480 f4@292 b4@296 b192@488 b16@312"},
    {"layer_norm between heads", "001", "NativeLayerNorm.bias:0 NativeLayerNorm.input:0 NativeLayerNorm.result1:48 "
     "NativeLayerNorm.result2:48 NativeLayerNorm.weight:0",
     "f192@192 f48@240 f48@288 f192@480 f4@292 b4@296 b192@488 b16@312"},
    {"layer_norm between heads", "000", "", NULL},
    {"nll_loss", "10", "NllLoss.self:0 NllLoss.target:0 NllLoss.total_weight:4", "f4@4 f4@8 b4@12 b120@132"},
    {"nll_loss", "00", "", NULL},
    {"cross entropy", "10", "LogSoftmax.result:60 NllLoss.self:60 NllLoss.target:0 NllLoss.total_weight:2",
     "f60@60 f2@62 f2@64 b2@66 b60@126 b60@184"},
    {"cross entropy", "00", "", NULL},
};
/* clang-format on */

static const struct program *program_named(const char *name)
{
    for (int i = 0; i < COUNT(programs); i++)
        if (strcmp(programs[i].name, name) == 0) return &programs[i];
    ck_abort_msg("no program is called %s", name);
    return NULL;
}

static am_var record_alone(const struct program *program, const char *trainable)
{
    static const int64_t value[AM_SYMBOL_COUNT] = {[AM_S32] = 32}; /* of 4 rows; every other length is a number */
    am_var leaf[4] = {0};
    am_extents_init(&extents, value);
    am_tape_reset(tape, &extents, AM_DTYPE_COUNT);
    for (int i = 0; trainable[i]; i++)
        leaf[i] = am_parameter(tape, shape_of(program->leaf[i].rank, program->leaf[i].shape), program->leaf[i].dtype,
                               trainable[i] == '1', "leaf");
    am_var y = program->play(leaf);
    bool loss = tape->tensor[y].rank == 0;
    am_var total = loss ? y : am_paper_loss(tape, y);
    tape->zone = 1; /* layers are between 0 and the last zone */
    am_hold(tape, y, total);
    ck_assert_int_eq(am_tape_finish(tape, total, loss ? leaf[0] : y), AM_OK);
    return total;
}

static int by_text(const void *x, const void *y)
{
    return strcmp(x, y);
}

static const char *saves_text(char *text, size_t size)
{
    static char name[32][96];
    int count = 0;
    for (int i = 1; i < tape->nodes; i++) {
        const am_node *node = &tape->node[i];
        const am_op_info *op = &am_ops[tape->instruction[node->instruction].op];
        if (op == &am_ops[AM_OP_PAPER_LOSS]) continue;
        for (int j = node->first_save; j < node->first_save + node->save_count; j++) {
            const am_storage *storage = &tape->storage[tape->tensor[tape->save[j]].storage];
            snprintf(name[count++], sizeof *name, "%s.%s:%lld", op->node, op->saves[tape->save_rule[j]].attribute,
                     storage->fixed ? 0 : (long long)storage->bytes);
        }
    }
    qsort(name, (size_t)count, sizeof *name, by_text);
    size_t length = 0;
    *text = 0;
    for (int i = 0; i < count; i++)
        if (i == 0 || strcmp(name[i], name[i - 1]) != 0)
            length += (size_t)snprintf(text + length, size - length, length ? " %s" : "%s", name[i]);
    return text;
}

static const char *allocations_text(char *text, size_t size)
{
    static am_allocation event[256];
    am_trace trace = {.allocation = event, .allocation_capacity = COUNT(event)};
    ck_assert_int_eq(am_step_play(&fixture_workspace.step, &fixture_workspace.player, tape, &trace), AM_OK);
    ck_assert_int_le(trace.allocations, COUNT(event));
    size_t length = 0;
    *text = 0;
    for (int i = 0; i < trace.allocations; i++)
        length += (size_t)snprintf(text + length, size - length, i ? " %c%lld@%lld" : "%c%lld@%lld",
                                   event[i].phase == AM_FORWARD ? 'f' : 'b', (long long)event[i].bytes,
                                   (long long)event[i].live);
    return text;
}

START_TEST(alone)
{
    const char *name = measured[_i].program, *trainable = measured[_i].trainable;
    static char text[4096];
    am_var total = record_alone(program_named(name), trainable);
    const char *saves = saves_text(text, sizeof text);
    ck_assert_msg(strcmp(saves, measured[_i].saves) == 0, "%s %s saves %s, PyTorch %s", name, trainable, saves,
                  measured[_i].saves);
    ck_assert_int_eq(tape->tensor[total].node != 0, measured[_i].allocations != NULL);
    if (!measured[_i].allocations) return;
    const char *got = allocations_text(text, sizeof text);
    ck_assert_msg(strcmp(got, measured[_i].allocations) == 0, "%s %s allocates\n%s, PyTorch\n%s", name, trainable, got,
                  measured[_i].allocations);
}
END_TEST

/* ---- under autocast ---- */

static json autocast;

/* The row that a record of autocast.json names; AM_OP_COUNT: none has that operation. */
static am_op operation_named(const char *name)
{
    if (strcmp(name, "add_scalar") == 0) return AM_OP_ADD_SCALAR;
    if (strcmp(name, "mul_scalar") == 0) return AM_OP_MUL_SCALAR;
    if (strcmp(name, "div_scalar") == 0) return AM_OP_DIV_SCALAR;
    int op = 0;
    while (op < AM_OP_COUNT && strcmp(am_ops[op].name, name) != 0) op++;
    return (am_op)op;
}

static am_var play_under_autocast(am_op op, int dtype)
{
    static const int64_t value[AM_SYMBOL_COUNT];
    am_extents_init(&extents, value);
    am_tape_reset(tape, &extents, AM_BF16);
    am_var x = am_parameter(tape, SHAPE(4, 4), dtype, true, "leaf");
    am_var row = am_parameter(tape, SHAPE(4), dtype, true, "leaf");
    switch (op) {
    case AM_OP_MM: return am_linear(tape, x, x, 0);
    case AM_OP_ADDMM: return am_linear(tape, x, x, row);
    case AM_OP_BMM: x = am_view(tape, x, SHAPE(1, 1, 4, 4)); return am_matmul(tape, x, x);
    case AM_OP_SOFTMAX: return am_softmax(tape, op, am_cast(tape, op, x));
    case AM_OP_LAYER_NORM: return am_layer_norm(tape, x, row, row);
    case AM_OP_RMS_NORM: return am_rms_norm(tape, x, row);
    case AM_OP_SUM: return am_sum_all(tape, x);
    default: return arities[op].inputs == 2 ? am_binary(tape, op, x, x) : am_unary(tape, op, x);
    }
}

int result_under_autocast(int index, am_op *op)
{
    char name[32], input[8];
    if (!autocast.document) autocast = json_load("autocast.json");
    if (index >= json_size(autocast)) return AM_DTYPE_COUNT;
    json record = json_at(autocast, index);
    *op = operation_named(json_text(json_get(record, "name"), name, sizeof name));
    json_text(json_get(record, "input"), input, sizeof input);
    if (*op == AM_OP_COUNT) return 0;
    return tape->tensor[play_under_autocast(*op, strcmp(input, "fp32") == 0 ? AM_FP32 : AM_BF16)].dtype;
}

START_TEST(autocast_results)
{
    char wanted[8];
    am_op op;
    for (int i = 0, got; (got = result_under_autocast(i, &op)) != AM_DTYPE_COUNT; i++)
        if (op != AM_OP_COUNT)
            ck_assert_msg(strcmp(am_dtypes[got].name,
                                 json_text(json_get(json_at(autocast, i), "result"), wanted, sizeof wanted)) == 0,
                          "%s, record %d: %s, PyTorch %s", am_ops[op].name, i, am_dtypes[got].name, wanted);
}
END_TEST

/* ---- for the suite of rules ---- */

const char *operation_alone(int index)
{
    static char text[8192];
    if (index >= COUNT(measured)) return NULL;
    am_var total = record_alone(program_named(measured[index].program), measured[index].trainable);
    saves_text(text, sizeof text);
    size_t length = strlen(text);
    if (tape->tensor[total].node) allocations_text(text + length, sizeof text - length);
    return text;
}

/* Each operation that has a backward, apart from the paper's and a checkpoint's node, stands in some program. */
START_TEST(every_operation_is_measured)
{
    bool seen[AM_OP_COUNT] = {false};
    for (int i = 0; i < COUNT(programs); i++) {
        char trainable[5] = "";
        for (int j = 0; j < 4 && (programs[i].leaf[j].rank > 0); j++) strcat(trainable, "1");
        record_alone(&programs[i], trainable);
        for (int j = 0; j < tape->instructions; j++)
            if (tape->instruction[j].kind == AM_I_OP) seen[tape->instruction[j].op] = true;
    }
    for (int i = 0; i < AM_OP_COUNT; i++) {
        bool paper = i == AM_OP_PAPER_NORM || i == AM_OP_PAPER_EMBEDDING;
        paper |= is_fused(&am_ops[i]);
        bool whole = i == AM_OP_FILL || i == AM_OP_VOCAB_LOSS || (i >= AM_OP_ROUTER_LINEAR && i <= AM_OP_SCATTER_ADD) ||
                     (i >= AM_OP_GATHER_SHARDS && i <= AM_OP_RING_ATTENTION);
        /* held by the peaks of parallel.json */
        if (steps_of(&am_ops[i]) > 0 && !paper && !whole) ck_assert_msg(seen[i], "%s is in no program", am_ops[i].name);
    }
}
END_TEST

Suite *test_ops_suite(void);
Suite *test_ops_suite(void)
{
    if (!cases.document) cases = json_load("cases.json");
    Suite *suite = suite_create("ops");
    TCase *tests = tcase_create("ops");
    tcase_add_test(tests, arities_are_of_every_operation);
    tcase_add_loop_test(tests, save_rules, 0, AM_OP_COUNT);
    tcase_add_loop_test(tests, backward_steps, 0, AM_OP_COUNT);
    tcase_add_test(tests, row_names);
    tcase_add_test(tests, autocast_classes);
    tcase_add_test(tests, fixtures_names);
    tcase_add_test(tests, autocast_results);
    tcase_add_loop_test(tests, alone, 0, COUNT(measured));
    tcase_add_test(tests, every_operation_is_measured);
    suite_add_tcase(suite, tests);
    return suite;
}
