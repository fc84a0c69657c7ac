/* Recording: what is a view and what a copy, types, who requires a gradient, what is saved, autocast's casts, the
 * bounds of regions, how long the code holds a tensor; and that a record that is too long, or a tensor that is too
 * large, ends in an error and nothing worse. */
#include <string.h>

#include "fixture.h"
#include "tape.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))

static am_tape *const tape = &fixture_workspace.tape;
static am_extents extents;

/* s = 16, b = 2, a = 4, k = 2, h = 32, d = 8, f = 48, v = 64 */
static const int64_t values[AM_SYMBOL_COUNT] = {
    [AM_S] = 16, [AM_B] = 2, [AM_A] = 4,  [AM_K] = 2,   [AM_H] = 32,   [AM_D] = 8,  [AM_F] = 48,
    [AM_V] = 64, [AM_R] = 4, [AM_P] = 32, [AM_S1] = 17, [AM_S32] = 32, [AM_D8] = 8, [AM_TP] = 1};

static am_dim dim(am_symbol x)
{
    const am_symbol symbols[] = {x, AM_SYMBOL_COUNT};
    return am_dim_of(&extents, 1, 1, symbols);
}

static am_dim number(int64_t n)
{
    static const am_symbol none[] = {AM_SYMBOL_COUNT};
    return am_dim_of(&extents, n, 1, none);
}

static am_dim s, b, a, h, d, v;

static void start(int autocast)
{
    am_extents_init(&extents, values);
    am_tape_reset(tape, &extents, autocast);
    s = dim(AM_S);
    b = dim(AM_B);
    a = dim(AM_A);
    h = dim(AM_H);
    d = dim(AM_D);
    v = dim(AM_V);
}

static void setup(void)
{
    start(AM_DTYPE_COUNT);
}

static const am_tensor *tensor(am_var x)
{
    return &tape->tensor[x];
}
static const am_storage *storage(am_var x)
{
    return &tape->storage[tensor(x)->storage];
}
static bool shares(am_var x, am_var y)
{
    return tensor(x)->storage == tensor(y)->storage;
}

/* An activation: it has a storage of its own that counts. */
static am_var made(am_shape shape, int dtype)
{
    return am_raw(tape, AM_OP_FULL, shape, dtype, 0, 0, 0, 0);
}
static am_var learning(am_shape shape, int dtype)
{
    am_var x = made(shape, dtype);
    am_require_grad(tape, x);
    return x;
}

static int operations(am_op op)
{
    int count = 0;
    for (int i = 0; i < tape->instructions; i++)
        count += tape->instruction[i].kind == AM_I_OP && tape->instruction[i].op == op;
    return count;
}

/* ---- views and copies ---- */

typedef enum relation { ITSELF, VIEW, COPY } relation;

static am_var spread(am_var x)
{
    am_var y = am_view(tape, x, AM_SHAPE(b, s, number(1), h));
    return am_expand(tape, y, AM_SHAPE(b, s, number(3), h));
}

static am_var part(am_var x)
{
    am_dim last[] = {number(8), number(24)};
    am_var parts[2];
    am_split(tape, x, 2, last, parts);
    ck_assert(shares(parts[0], x));
    return parts[1];
}

/* clang-format off */
static am_var cut(am_var x) { return am_view(tape, x, AM_SHAPE(b, s, a, d)); }
static am_var turned(am_var x) { return am_transpose(tape, x, 1, 2); }
static am_var joined(am_var x) { return am_reshape(tape, x, AM_SHAPE(am_times(tape, b, s), h)); }
static am_var turned_and_joined(am_var x) { return am_reshape(tape, turned(x), AM_SHAPE(b, am_times(tape, s, h))); }
static am_var half(am_var x) { return am_slice(tape, x, number(16)); }
static am_var whole(am_var x) { return am_slice(tape, x, h); }
static am_var half_joined(am_var x) { return am_reshape(tape, half(x), AM_SHAPE(am_times(tape, b, s), number(16))); }
static am_var half_flat(am_var x) { return am_reshape(tape, half(x), AM_SHAPE(number(512))); }
static am_var spread_joined(am_var x) { return am_reshape(tape, spread(x), AM_SHAPE(b, number(48), h)); }
static am_var contiguous(am_var x) { return am_contiguous(tape, x); }
static am_var turned_contiguous(am_var x) { return am_contiguous(tape, turned(x)); }
static am_var half_contiguous(am_var x) { return am_contiguous(tape, half(x)); }
static am_var cloned(am_var x) { return am_clone(tape, x); }
static am_var same_type(am_var x) { return am_to(tape, x, AM_BF16); }
static am_var wider(am_var x) { return am_to(tape, x, AM_FP32); }
static am_var no_dropout(am_var x) { return am_dropout(tape, x, 0); }
static am_var some_dropout(am_var x) { return am_dropout(tape, x, 1); }
static am_var regrouped(am_var x) { return am_regroup(tape, x, AM_SHAPE(am_times(tape, b, s), h)); }
static am_var negated(am_var x) { return am_unary(tape, AM_OP_NEG, x); }
/* clang-format on */

static const struct {
    const char *name;
    am_var (*play)(am_var x); /* of x [b, s, h] in bf16, contiguous */
    relation relation;
    int instructions; /* that it takes */
} views[] = {
    {"view", cut, VIEW, 1},
    {"transpose", turned, VIEW, 1},
    {"reshape in memory's order", joined, VIEW, 1},
    {"reshape across it", turned_and_joined, COPY, 3},
    {"slice", half, VIEW, 1},
    {"slice of everything", whole, VIEW, 1},
    {"split", part, VIEW, 1},
    {"rows of a slice joined", half_joined, VIEW, 2},
    {"a slice flattened", half_flat, COPY, 3},
    {"expand", spread, VIEW, 2},
    {"what was expanded joined", spread_joined, COPY, 4},
    {"contiguous", contiguous, ITSELF, 0},
    {"contiguous of a transpose", turned_contiguous, COPY, 2},
    {"contiguous of a slice", half_contiguous, COPY, 2},
    {"clone", cloned, COPY, 1},
    {"to its own type", same_type, ITSELF, 0},
    {"to another type", wider, COPY, 1},
    {"dropout of nothing", no_dropout, ITSELF, 0},
    {"dropout", some_dropout, COPY, 1},
    {"regroup", regrouped, VIEW, 1},
    {"neg", negated, COPY, 1},
};

START_TEST(views_and_copies)
{
    am_var x = made(AM_SHAPE(b, s, h), AM_BF16);
    int before = tape->instructions, storages = tape->storages;
    am_var y = views[_i].play(x);
    ck_assert_msg((y == x) == (views[_i].relation == ITSELF), "%s: itself", views[_i].name);
    ck_assert_msg(shares(x, y) == (views[_i].relation != COPY), "%s: shares", views[_i].name);
    ck_assert_msg(tape->instructions - before == views[_i].instructions, "%s: %d instructions", views[_i].name,
                  tape->instructions - before);
    if (views[_i].relation != COPY) ck_assert_int_eq(tape->storages, storages);
    ck_assert_int_eq(tape->status.code, AM_OK);
}
END_TEST

/* A copy is called what it is a copy of; a view is its storage, whatever it is called. */
START_TEST(labels)
{
    am_var x = am_label(tape, made(AM_SHAPE(b, s, h), AM_BF16), "x");
    ck_assert_str_eq(storage(am_clone(tape, x))->name, "x");
    ck_assert_str_eq(storage(am_pad(tape, x, v))->name, "x");
    ck_assert_str_eq(storage(am_dropout(tape, x, 1))->name, "x");
    am_label(tape, turned(x), "y");
    ck_assert_str_eq(storage(x)->name, "y");
}
END_TEST

START_TEST(sizes)
{
    static const struct {
        int dtype;
        int64_t bytes;
    } table[] = {{AM_FP32, 4096}, {AM_BF16, 2048}, {AM_FP16, 2048}, {AM_I64, 8192},
                 {AM_U64, 8192},  {AM_I32, 4096},  {AM_BOOL, 1024}};
    for (int i = 0; i < COUNT(table); i++)
        ck_assert_int_eq(storage(made(AM_SHAPE(b, s, h), table[i].dtype))->bytes, table[i].bytes);
    ck_assert_int_eq(storage(made(AM_SCALAR, AM_FP32))->bytes, 4);
    ck_assert_int_eq(storage(am_expand(tape, made(AM_SHAPE(number(1), s), AM_FP32), AM_SHAPE(b, s)))->bytes, 64);
}
END_TEST

/* ---- types ---- */

START_TEST(promotion)
{
    static const struct {
        int x, y, result;
    } table[] = {
        {AM_FP32, AM_FP32, AM_FP32}, {AM_BF16, AM_BF16, AM_BF16}, {AM_FP16, AM_FP16, AM_FP16},
        {AM_BF16, AM_FP32, AM_FP32}, {AM_FP32, AM_BF16, AM_FP32}, {AM_FP16, AM_FP32, AM_FP32},
        {AM_FP32, AM_FP16, AM_FP32},
    };
    static const am_op ops[] = {AM_OP_ADD, AM_OP_MUL};
    for (int i = 0; i < COUNT(table); i++)
        for (int j = 0; j < COUNT(ops); j++) {
            am_var x = made(AM_SHAPE(b, s, h), table[i].x), y = made(AM_SHAPE(h), table[i].y);
            ck_assert_int_eq(tensor(am_binary(tape, ops[j], x, y))->dtype, table[i].result);
        }
}
END_TEST

START_TEST(result_types)
{
    am_var x = made(AM_SHAPE(b, s, h), AM_BF16), weight = am_parameter(tape, AM_SHAPE(h), AM_BF16, true, "weight");
    ck_assert_int_eq(tensor(am_unary(tape, AM_OP_POW, x))->dtype, AM_BF16);
    ck_assert_int_eq(tensor(am_mean_last(tape, x))->dtype, AM_BF16);
    ck_assert_int_eq(tensor(am_mean_last(tape, x))->shape[2], 1);
    ck_assert_int_eq(tensor(am_softmax(tape, AM_OP_SOFTMAX, x))->dtype, AM_BF16);
    am_var y = am_layer_norm(tape, x, weight, 0); /* its statistics are in fp32 whatever the type */
    const am_instruction *norm = &tape->instruction[tape->instructions - 1];
    ck_assert_int_eq(norm->inputs, 2);
    ck_assert_int_eq(tensor(y)->dtype, AM_BF16);
    for (int i = 1; i < 3; i++) ck_assert_int_eq(tensor(tape->operand[norm->first + norm->inputs + i])->dtype, AM_FP32);
    am_var table = am_parameter(tape, AM_SHAPE(v, h), AM_FP16, true, "table"),
           ids = am_buffer(tape, AM_SHAPE(b, s), AM_I64, "ids");
    am_var embedded = am_embedding(tape, table, ids);
    ck_assert_int_eq(tensor(embedded)->rank, 3);
    ck_assert_int_eq(tensor(embedded)->shape[2], 32);
    ck_assert_int_eq(tensor(embedded)->dtype, AM_FP16);
}
END_TEST

/* Shapes that are broadcast against each other, whichever comes first. */
START_TEST(broadcast)
{
    am_var full = made(AM_SHAPE(b, a, s, s), AM_FP32), mask = made(AM_SHAPE(b, number(1), s, s), AM_FP32);
    am_var row = made(AM_SHAPE(s), AM_FP32), column = made(AM_SHAPE(b, a, s, number(1)), AM_FP32),
           scalar = made(AM_SCALAR, AM_FP32);
    const am_var pairs[][2] = {{full, mask},  {mask, full},   {full, row},   {row, full},
                               {column, row}, {mask, column}, {full, scalar}};
    for (int i = 0; i < COUNT(pairs); i++) {
        const am_tensor *y = tensor(am_binary(tape, AM_OP_ADD, pairs[i][0], pairs[i][1]));
        static const int64_t shape[] = {2, 4, 16, 16};
        ck_assert_int_eq(y->rank, 4);
        for (int j = 0; j < 4; j++) ck_assert_int_eq(y->shape[j], shape[j]);
    }
}
END_TEST

/* ---- gradients and what is saved ---- */

static int saves_of(am_var y)
{
    return tensor(y)->node ? tape->node[tensor(y)->node].save_count : 0;
}

START_TEST(requires_grad)
{
    for (int bits = 0; bits < 4; bits++) {
        setup();
        am_var x = bits & 1 ? learning(AM_SHAPE(b, s, h), AM_BF16) : made(AM_SHAPE(b, s, h), AM_BF16);
        am_var weight = am_parameter(tape, AM_SHAPE(h), AM_BF16, bits & 2, "weight");
        am_var y = am_binary(tape, AM_OP_MUL, weight, x);
        ck_assert_int_eq(tensor(y)->grad, bits != 0);
        ck_assert_int_eq(tensor(y)->node != 0, bits != 0);
        ck_assert_int_eq(saves_of(y), (bits & 1) + (bits >> 1)); /* each factor for the other's gradient */
        ck_assert_int_eq(tensor(am_clone(tape, y))->grad, bits != 0);
        am_var alone = made(AM_SHAPE(h), AM_BF16);
        ck_assert(!tensor(am_unary(tape, AM_OP_TANH, alone))->grad);
        ck_assert_int_eq(saves_of(am_unary(tape, AM_OP_TANH, alone)), 0);
    }
}
END_TEST

/* A frozen weight: its gradient is not wanted, so its layer's input is not kept. */
START_TEST(frozen_operands)
{
    static const struct {
        bool input, weight;
        const char *attributes[2];
    } table[] = {{true, true, {"self", "mat2"}},
                 {true, false, {"mat2", NULL}},
                 {false, true, {"self", NULL}},
                 {false, false, {NULL, NULL}}};
    for (int i = 0; i < COUNT(table); i++) {
        setup();
        am_var x = table[i].input ? learning(AM_SHAPE(s, h), AM_BF16) : made(AM_SHAPE(s, h), AM_BF16);
        am_var y = am_linear(tape, x, am_parameter(tape, AM_SHAPE(v, h), AM_BF16, table[i].weight, "weight"), 0);
        int wanted = 0;
        for (; wanted < 2 && table[i].attributes[wanted]; wanted++) {
            const am_node *node = &tape->node[tensor(y)->node];
            ck_assert_str_eq(am_ops[AM_OP_MM].saves[tape->save_rule[node->first_save + wanted]].attribute,
                             table[i].attributes[wanted]);
        }
        ck_assert_int_eq(saves_of(y), wanted);
    }
}
END_TEST

/* Whole numbers carry no gradient, though the node that made them has one. */
START_TEST(integer_results)
{
    am_var x = learning(AM_SHAPE(b, s, h), AM_BF16);
    am_dropout(tape, x, 500000);
    const am_instruction *dropout = &tape->instruction[tape->instructions - 1];
    am_var mask = tape->operand[dropout->first + 2];
    ck_assert_int_eq(tensor(mask)->dtype, AM_BOOL);
    ck_assert(!tensor(mask)->grad);
    ck_assert_int_eq(tensor(mask)->node, 0);
    am_var q = am_transpose(tape, am_view(tape, x, AM_SHAPE(b, s, a, d)), 1, 2);
    am_attention(tape, AM_OP_FLASH_ATTENTION, q, q, q, 0);
    const am_instruction *attention = &tape->instruction[tape->instructions - 1];
    static const bool floating[] = {true, true, false, false};
    for (int i = 0; i < 4; i++) ck_assert_int_eq(tensor(tape->operand[attention->first + 3 + i])->grad, floating[i]);
}
END_TEST

START_TEST(leaves)
{
    am_var weight = am_parameter(tape, AM_SHAPE(h), AM_BF16, true, "weight"),
           frozen = am_parameter(tape, AM_SHAPE(h), AM_BF16, false, "frozen");
    am_var buffer = am_buffer(tape, AM_SHAPE(h), AM_FP32, "buffer"), x = made(AM_SHAPE(h), AM_BF16);
    ck_assert_int_eq(tensor(weight)->leaf, 1);
    ck_assert_int_eq(tensor(frozen)->leaf, 0);
    ck_assert_int_eq(tensor(buffer)->leaf, 0);
    ck_assert(!tensor(frozen)->grad && !tensor(buffer)->grad && !tensor(x)->grad);
    am_require_grad(tape, x);
    ck_assert_int_eq(tensor(x)->leaf, 2);
    ck_assert(tensor(x)->grad && !tensor(x)->parameter && tensor(x)->node == 0);
    ck_assert(tensor(weight)->parameter && tensor(frozen)->parameter && !tensor(buffer)->parameter);
    ck_assert(storage(weight)->fixed && storage(frozen)->fixed && storage(buffer)->fixed && !storage(x)->fixed);
}
END_TEST

static am_step *play(void)
{
    am_step *step = &fixture_workspace.step;
    ck_assert_int_eq(am_step_play(step, &fixture_workspace.player, tape, NULL), AM_OK);
    return step;
}

/* Closes the record with a loss on y; the caller holds nothing but the loss. */
static am_step *step_of(am_var y)
{
    am_var loss = am_paper_loss(tape, y), nothing = am_buffer(tape, AM_SCALAR, AM_FP32, "no logits");
    tape->zone = 1;
    am_hold(tape, loss);
    ck_assert_int_eq(am_tape_finish(tape, loss, nothing), AM_OK);
    return play();
}

/* One storage that three operations save is kept once: 2sh bytes of x, and what the three make. */
START_TEST(saved_once)
{
    am_var x = learning(AM_SHAPE(s, h), AM_BF16), weight[3], y[3];
    for (int i = 0; i < 3; i++) {
        weight[i] = am_parameter(tape, AM_SHAPE(h, h), AM_BF16, true, "weight");
        y[i] = am_linear(tape, i == 1 ? am_view(tape, x, AM_SHAPE(s, h)) : x, weight[i], 0);
    }
    am_var sum = am_binary(tape, AM_OP_ADD, am_binary(tape, AM_OP_ADD, y[0], y[1]), y[2]);
    ck_assert_int_eq(saves_of(y[0]) + saves_of(y[1]) + saves_of(y[2]), 6);
    ck_assert_int_eq(step_of(sum)->after_forward, 1024 + 1024 + 4); /* x, the sum that the loss keeps, the loss */
}
END_TEST

/* A part keeps all of its storage. */
START_TEST(saved_in_part)
{
    am_var x = am_unary(tape, AM_OP_NEG, learning(AM_SHAPE(s, h), AM_FP32));
    am_var y = am_unary(tape, AM_OP_GELU, half(x));
    ck_assert_int_eq(storage(tape->save[tape->node[tensor(y)->node].first_save])->bytes, 2048);
    ck_assert_int_eq(step_of(y)->after_forward,
                     2048 + 2048 + 1024 + 4); /* the leaf, x whole, y for the loss, the loss */
}
END_TEST

/* ---- autocast ---- */

/* A leaf that learns is cast once in a forward, as weights and biases are; a frozen weight, one seen by a view and an activation each
 * time. The cache holds the one copy. */
START_TEST(casts_of_weights)
{
    start(AM_BF16);
    am_var leaf = learning(AM_SHAPE(b, s, h), AM_FP32), x = am_unary(tape, AM_OP_NEG, leaf);
    am_var weight = am_parameter(tape, AM_SHAPE(h, h), AM_FP32, true, "weight"),
           bias = am_parameter(tape, AM_SHAPE(h), AM_FP32, true, "bias");
    am_var frozen = am_parameter(tape, AM_SHAPE(h, h), AM_FP32, false, "frozen");
    am_var y = am_linear(tape, x, weight, 0);
    ck_assert_int_eq(tensor(y)->dtype, AM_BF16);
    ck_assert_int_eq(operations(AM_OP_TO), 2);
    am_var copy = tensor(weight)->cast;
    ck_assert_int_ne(copy, 0);
    ck_assert_str_eq(storage(copy)->name, "autocast copy of a weight");
    ck_assert(!storage(copy)->fixed && storage(copy)->cached && tensor(copy)->grad);
    am_linear(tape, x, weight, 0);
    ck_assert_int_eq(operations(AM_OP_TO), 3); /* x again */
    ck_assert_int_eq(tensor(weight)->cast, copy);
    am_linear(tape, y, weight, 0);
    ck_assert_int_eq(operations(AM_OP_TO), 3); /* y has the type already */
    am_linear(tape, y, weight, bias);
    ck_assert_int_eq(operations(AM_OP_TO), 4);
    am_linear(tape, y, frozen, 0);
    am_linear(tape, y, frozen, 0);
    ck_assert_int_eq(operations(AM_OP_TO), 6);
    ck_assert_int_eq(tensor(frozen)->cast, 0);
    am_linear(tape, leaf, weight, 0);
    am_linear(tape, leaf, weight, 0);
    ck_assert_int_eq(operations(AM_OP_TO), 7);
    ck_assert(storage(tensor(leaf)->cast)->cached);
    am_linear_by_view(tape, y, weight);
    am_linear_by_view(tape, y, weight);
    ck_assert_int_eq(operations(AM_OP_TO), 9);
    start(AM_BF16);
    tape->caches = false;
    weight = am_parameter(tape, AM_SHAPE(h, h), AM_FP32, true, "weight");
    y = learning(AM_SHAPE(b, s, h), AM_BF16);
    am_linear(tape, y, weight, 0);
    am_linear(tape, y, weight, 0);
    ck_assert_int_eq(operations(AM_OP_TO), 2);
}
END_TEST

/* Up for what wants fp32, down for products and attention, as it is for the rest; whole numbers are left alone. */
START_TEST(casts_by_class)
{
    static const struct {
        am_op op;
        int from, to;
    } table[] = {
        {AM_OP_MM, AM_FP32, AM_BF16},          {AM_OP_MM, AM_BF16, AM_BF16},
        {AM_OP_BMM, AM_FP32, AM_BF16},         {AM_OP_ADDMM, AM_FP32, AM_BF16},
        {AM_OP_POW, AM_BF16, AM_FP32},         {AM_OP_POW, AM_FP32, AM_FP32},
        {AM_OP_SOFTMAX, AM_BF16, AM_FP32},     {AM_OP_RSQRT, AM_BF16, AM_FP32},
        {AM_OP_LAYER_NORM, AM_BF16, AM_FP32},  {AM_OP_NLL_LOSS, AM_BF16, AM_FP32}, {AM_OP_RMS_NORM, AM_BF16, AM_FP32},
        {AM_OP_NLL_LOSS, AM_I64, AM_I64},      {AM_OP_ADD, AM_FP32, AM_FP32},
        {AM_OP_ADD, AM_BF16, AM_BF16},         {AM_OP_MUL, AM_FP32, AM_FP32},
        {AM_OP_GELU, AM_BF16, AM_BF16},        {AM_OP_FLASH_ATTENTION, AM_FP32, AM_BF16},
        {AM_OP_LOG_SOFTMAX, AM_BF16, AM_FP32},
    };
    for (int i = 0; i < COUNT(table); i++) {
        start(AM_BF16);
        am_var x = am_label(tape, made(AM_SHAPE(s, h), table[i].from), "x"), y = am_cast(tape, table[i].op, x);
        ck_assert_msg(tensor(y)->dtype == table[i].to, "%s", am_ops[table[i].op].name);
        ck_assert_int_eq(y == x, table[i].from == table[i].to);
        ck_assert_str_eq(storage(y)->name, "x");
        setup(); /* without autocast nothing is cast */
        x = made(AM_SHAPE(s, h), table[i].from);
        ck_assert_int_eq(am_cast(tape, table[i].op, x), x);
    }
    ck_assert_int_eq(am_cast(tape, AM_OP_MM, 0), 0);
}
END_TEST

/* ---- dropout ---- */

START_TEST(dropout)
{
    am_var x = learning(AM_SHAPE(b, s, h), AM_BF16);
    int before = tape->storages;
    ck_assert_int_eq(am_dropout(tape, x, 0), x);
    ck_assert_int_eq(tape->storages, before);
    am_var y = am_dropout(tape, x, 100000);
    ck_assert_int_eq(tape->storages, before + 2);
    ck_assert_int_eq(tape->storage[before].bytes, 2048);
    ck_assert_int_eq(tape->storage[before + 1].bytes, 1024); /* a byte an element */
    ck_assert_str_eq(tape->storage[before + 1].name, "dropout mask");
    ck_assert_int_eq(saves_of(y), 1);
    ck_assert_int_eq(tensor(tape->save[tape->node[tensor(y)->node].first_save])->storage, before + 1);
}
END_TEST

/* ---- regions ---- */

/* x, then in a region a linear layer, GELU and a linear layer; holds a table besides. */
static am_var region(am_var x, am_var table)
{
    const am_var hold[] = {0, table, 0};
    am_region_begin(tape, x, COUNT(hold), hold);
    am_var up = am_parameter(tape, AM_SHAPE(v, h), AM_BF16, true, "up"),
           down = am_parameter(tape, AM_SHAPE(h, v), AM_BF16, true, "down");
    am_var y = am_linear(tape, am_unary(tape, AM_OP_GELU, am_linear(tape, x, up, 0)), down, 0);
    am_region_end(tape, y);
    return y;
}

START_TEST(region_bounds)
{
    am_var x = learning(AM_SHAPE(s, h), AM_BF16), table = made(AM_SHAPE(s, d), AM_FP32);
    ck_assert_int_eq(tape->regions, 1); /* 0 is none */
    int before = tape->instructions, storages = tape->storages;
    am_var y = region(x, table);
    const am_region *first = &tape->region[1];
    ck_assert_int_eq(tape->regions, 2);
    ck_assert_int_eq(tape->open_region, 0);
    ck_assert_int_eq(first->start, before + 1);
    ck_assert_int_eq(first->end, before + 6); /* begin, t, mm, gelu, t, mm: the end comes behind */
    ck_assert_int_eq(tape->instruction[before].kind, AM_I_BEGIN);
    ck_assert_int_eq(tape->instruction[first->end].kind, AM_I_END);
    ck_assert_int_eq(first->inputs, 2); /* zeros are left out */
    ck_assert_int_eq(tape->operand[first->first_input], x);
    ck_assert_int_eq(tape->operand[first->first_input + 1], table);
    ck_assert_int_eq(first->first_storage, storages);
    ck_assert_int_eq(first->last_storage, tape->storages);
    ck_assert_int_eq(first->output, y);
    ck_assert_int_eq(first->matmuls, 2);
    ck_assert_int_eq(first->savers, 3);
    ck_assert_int_eq(first->stop, first->end - 1);
    ck_assert_int_eq(first->kind, AM_NON_REENTRANT);
    ck_assert_int_eq(first->keep, AM_KEEP_NOTHING);
    for (int i = first->start; i < first->end; i++) ck_assert_int_eq(tape->instruction[i].region, 1);
    static const int match[] = {0, 1, 1, 1, 2}; /* t, mm, gelu, t, mm */
    for (int i = 0; i < COUNT(match); i++) ck_assert_int_eq(tape->instruction[first->start + i].match, match[i]);
    am_unary(tape, AM_OP_NEG, y);
    ck_assert_int_eq(tape->instruction[tape->instructions - 1].region, 0);
    ck_assert_int_eq(tape->instruction[tape->instructions - 1].match, 0);
    region(y, 0);
    ck_assert_int_eq(tape->region[2].inputs, 1);
    ck_assert_int_eq(tape->region[2].matmuls, 2); /* counted anew */
}
END_TEST

/* A region without saves has no last one; one whose last is a result stops behind it. */
START_TEST(region_stops)
{
    am_var x = learning(AM_SHAPE(s, h), AM_BF16);
    am_region_begin(tape, x, 0, NULL);
    am_var y = am_unary(tape, AM_OP_NEG, x);
    am_region_end(tape, y);
    ck_assert_int_eq(tape->region[1].savers, 0);
    ck_assert_int_eq(tape->region[1].stop, 0);
    am_region_begin(tape, y, 0, NULL);
    am_var z = am_unary(tape, AM_OP_NEG, am_unary(tape, AM_OP_TANH, y));
    am_region_end(tape, z);
    const am_region *second = &tape->region[2];
    ck_assert_int_eq(second->stop, second->start);
    ck_assert(tape->node[tape->instruction[second->stop].node].saves_result);
    ck_assert(!tape->node[tape->instruction[tape->region[1].start].node].saves_result);
}
END_TEST

START_TEST(keeps)
{
    static const struct {
        am_keep keep;
        am_op op;
        int match;
        bool kept;
    } table[] = {
        {AM_KEEP_NOTHING, AM_OP_MM, 1, false},
        {AM_KEEP_NOTHING, AM_OP_FLASH_ATTENTION, 0, false},
        {AM_KEEP_MATMULS, AM_OP_MM, 1, true},
        {AM_KEEP_MATMULS, AM_OP_ADDMM, 2, true},
        {AM_KEEP_MATMULS, AM_OP_BMM, 3, true},
        {AM_KEEP_MATMULS, AM_OP_GELU, 3, false},
        {AM_KEEP_MATMULS, AM_OP_FLASH_ATTENTION, 2, true},
        {AM_KEEP_MATMULS, AM_OP_EFFICIENT_ATTENTION, 3, true},
        {AM_KEEP_HALF_MATMULS, AM_OP_MM, 1, true},
        {AM_KEEP_HALF_MATMULS, AM_OP_MM, 2, false},
        {AM_KEEP_HALF_MATMULS, AM_OP_ADDMM, 3, true},
        {AM_KEEP_HALF_MATMULS, AM_OP_BMM, 4, false},
        {AM_KEEP_HALF_MATMULS, AM_OP_FLASH_ATTENTION, 4, true},
        {AM_KEEP_HALF_MATMULS, AM_OP_SOFTMAX, 5, false},
        {AM_KEEP_LISTED, AM_OP_MM, 1, true},
        {AM_KEEP_LISTED, AM_OP_MM, 2, false},
        {AM_KEEP_LISTED, AM_OP_BMM, 3, true},
        {AM_KEEP_LISTED, AM_OP_ADDMM, 64, true},
        {AM_KEEP_LISTED, AM_OP_MM, 65, false}, /* none of the first 64 */
        {AM_KEEP_LISTED, AM_OP_GELU, 1, true},
        {AM_KEEP_LISTED, AM_OP_SILU, 1, false},
        {AM_KEEP_LISTED, AM_OP_GROUPED_MM, 0, true},
        {AM_KEEP_LISTED, AM_OP_FLASH_ATTENTION, 1, false},
    };
    const am_kept kept = {{(uint64_t)1 << AM_OP_GELU | (uint64_t)1 << AM_OP_GROUPED_MM, 0}, 1 | 4 | (uint64_t)1 << 63};
    for (int i = 0; i < COUNT(table); i++) {
        am_region region = {.keep = (uint8_t)table[i].keep, .kept = kept};
        ck_assert_msg(am_region_keeps(&region, table[i].op, table[i].match) == table[i].kept, "%s, product %d",
                      am_ops[table[i].op].name, table[i].match);
    }
}
END_TEST

/* One record under every policy. After the forward: x, the region's result for the loss, the loss, and what is kept:
 * the table that the closure holds; the results of both products, or of the first. What is recomputed is what was not
 * kept, and reentrant regions do not stop early at the last product, which only saves its inputs. The leaf x lives as
 * long as the graph in any case. */
START_TEST(checkpoints)
{
    enum { X = 1024, TABLE = 512, UP = 2048, Y = 1024, LOSS = 4, FLOPS = 2 * 16 * 32 * 64 };
    static const struct {
        am_recompute kind;
        am_keep keep;
        int64_t after_forward, recomputed;
    } table[] = {
        {AM_NON_REENTRANT, AM_KEEP_NOTHING, X + TABLE + Y + LOSS, FLOPS},
        {AM_REENTRANT, AM_KEEP_NOTHING, X + TABLE + Y + LOSS, 2 * FLOPS},
        {AM_NON_REENTRANT, AM_KEEP_MATMULS, X + TABLE + UP + Y + LOSS, 0},
        {AM_NON_REENTRANT, AM_KEEP_HALF_MATMULS, X + TABLE + UP + Y + LOSS, 0},
        {AM_NON_REENTRANT, AM_KEEP_EVERYTHING, X + UP + UP + Y + LOSS,
         0}, /* not checkpointed: GELU's input and result */
    };
    am_var x = learning(AM_SHAPE(s, h), AM_BF16), sine = made(AM_SHAPE(s, d), AM_FP32);
    step_of(region(x, sine));
    for (int i = 0; i < COUNT(table); i++) {
        am_tape_checkpoint(tape, table[i].kind, table[i].keep);
        ck_assert_int_eq(tape->region[1].kind, table[i].kind);
        ck_assert_int_eq(tape->region[1].keep, table[i].keep);
        const am_step *step = play();
        ck_assert_int_eq(step->after_forward, table[i].after_forward);
        ck_assert_int_eq(step->recomputed_flops, table[i].recomputed);
        ck_assert_int_eq(step->forward_flops, 2 * FLOPS);
    }
}
END_TEST

/* ---- lifetimes ---- */

/* x = -w, y = -x, z = -y, nothing saved: two of them live at once, three if the code holds x, or a view of x, until z
 * is made. */
START_TEST(holds)
{
    static const struct {
        bool hold, view;
        int64_t peak;
    } table[] = {{false, false, 2 * 1024}, {true, false, 3 * 1024}, {true, true, 3 * 1024}};
    for (int i = 0; i < COUNT(table); i++) {
        setup();
        am_var weight = am_parameter(tape, AM_SHAPE(s, h), AM_BF16, true, "weight");
        am_var x = am_unary(tape, AM_OP_NEG, weight), kept = table[i].view ? am_transpose(tape, x, 0, 1) : x;
        am_var z = am_unary(tape, AM_OP_NEG, am_unary(tape, AM_OP_NEG, x));
        if (table[i].hold) am_hold(tape, 0, kept, 0);
        const am_step *step = step_of(z);
        ck_assert_int_eq(step->forward_peak, table[i].peak);
        ck_assert_int_eq(step->after_forward, 1024 + 4);
    }
}
END_TEST

/* What the caller holds, and a leaf that is an activation, live to the end. */
START_TEST(finish)
{
    am_var x = learning(AM_SHAPE(s, h), AM_BF16), y = am_unary(tape, AM_OP_NEG, x),
           logits = am_unary(tape, AM_OP_NEG, y);
    am_var loss = am_paper_loss(tape, am_unary(tape, AM_OP_NEG, y));
    tape->zone = 1;
    am_hold(tape, loss);
    ck_assert_int_eq(am_tape_finish(tape, loss, logits), AM_OK);
    ck_assert_int_eq(tape->loss, loss);
    ck_assert_int_eq(tape->logits, logits);
    ck_assert_int_eq(storage(x)->last, UINT16_MAX);
    ck_assert_int_eq(storage(loss)->last, UINT16_MAX);
    ck_assert_int_eq(storage(logits)->last, UINT16_MAX);
    ck_assert_int_eq(storage(y)->last, 3); /* full, neg, neg, neg */
    ck_assert_int_eq(tape->instruction[3].dying, tensor(y)->storage);
    ck_assert_int_eq(play()->after_forward, 3 * 1024 + 4);
    ck_assert_int_eq(play()->after_drop, 2 * 1024 + 4);
}
END_TEST

/* A reset tape knows nothing of the record before. */
START_TEST(reset)
{
    am_var x = learning(AM_SHAPE(s, h), AM_BF16);
    region(x, 0);
    am_enter(tape, "left over", AM_C_MLP);
    am_fail(&tape->status, AM_CAPACITY, "layers", "left over");
    start(AM_FP16);
    ck_assert_int_eq(tape->status.code, AM_OK);
    ck_assert_int_eq(tape->autocast, AM_FP16);
    ck_assert_int_eq(tape->instructions + tape->operands + tape->saves + tape->gradients, 0);
    ck_assert_int_eq(tape->tensors * tape->storages * tape->nodes * tape->regions * tape->leaves, 1);
    ck_assert_int_eq(tape->flops, 0);
    ck_assert_int_eq(tape->zone + tape->open_region, 0);
    ck_assert_str_eq(tape->module.path, "");
    am_raw(tape, AM_OP_FULL, AM_SHAPE(s), AM_BF16, made(AM_SHAPE(s), AM_BF16), made(AM_SHAPE(s), AM_BF16), made(AM_SHAPE(s), AM_BF16), made(AM_SHAPE(s), AM_BF16));
    ck_assert_int_eq(tape->instruction[tape->instructions - 1].inputs, 4);
    tape->records = UINT32_MAX; /* no record is number 0, which a player has that holds none */
    start(AM_FP16);
    ck_assert_int_eq(tape->records, 1);
}
END_TEST

START_TEST(modules)
{
    am_module outer = am_enter(tape, "outer", AM_C_ATTENTION), left = am_enter(tape, "inner", AM_C_MLP);
    ck_assert_str_eq(outer.path, "");
    ck_assert_str_eq(left.path, "outer");
    ck_assert_int_eq(left.component, AM_C_ATTENTION);
    made(AM_SHAPE(s), AM_FP32);
    tape->module = left;
    made(AM_SHAPE(s), AM_FP32);
    ck_assert_str_eq(tape->instruction[0].module.path, "inner");
    ck_assert_int_eq(tape->instruction[0].module.component, AM_C_MLP);
    ck_assert_str_eq(tape->instruction[1].module.path, "outer");
}
END_TEST

/* Names are compared, wherever they stand. */
START_TEST(modules_compared)
{
    const char path[] = "mlp", leaf[] = "gate";
    const am_module module = {"mlp", "gate", AM_C_MLP}, same = {path, leaf, AM_C_MLP};
    const am_module others[] = {{"mlp", "up", AM_C_MLP}, {"moe", "gate", AM_C_MLP}};
    ck_assert(am_module_same(module, module) && am_module_same(module, same));
    for (int i = 0; i < 2; i++) ck_assert(!am_module_same(module, others[i]));
}
END_TEST

/* Twice the product of the sizes for each product, and for attention both of its products. */
START_TEST(flops)
{
    am_var x = made(AM_SHAPE(b, s, h), AM_BF16), weight = am_parameter(tape, AM_SHAPE(v, h), AM_BF16, true, "weight");
    am_linear(tape, x, weight, 0);
    ck_assert_int_eq(tape->flops, 2 * 32 * 32 * 64);
    am_linear(tape, x, weight, am_parameter(tape, AM_SHAPE(v), AM_BF16, true, "bias"));
    ck_assert_int_eq(tape->flops, 2 * (2 * 32 * 32 * 64));
    tape->flops = 0;
    am_var q = made(AM_SHAPE(b, a, s, d), AM_BF16);
    am_matmul(tape, q, am_transpose(tape, q, 2, 3));
    ck_assert_int_eq(tape->flops, 2 * 8 * 16 * 8 * 16);
    tape->flops = 0;
    am_attention(tape, AM_OP_FLASH_ATTENTION, q, q, q, 0);
    ck_assert_int_eq(tape->flops, 2 * (2 * 8 * 16 * 16 * 8));
}
END_TEST

/* ---- errors ---- */

/* Every function, after whatever happened before. */
static void call_everything(void)
{
    am_var x = made(AM_SHAPE(b, s, h), AM_BF16), weight = am_parameter(tape, AM_SHAPE(h, h), AM_BF16, true, "weight");
    am_var vector = am_parameter(tape, AM_SHAPE(h), AM_BF16, true, "vector"),
           ids = am_buffer(tape, AM_SHAPE(b, s), AM_I64, "ids");
    am_require_grad(tape, x);
    am_hold(tape, x, weight, 0);
    am_region_begin(tape, x, 1, &ids);
    am_var y = am_linear(tape, x, weight, vector);
    y = am_conv1d(tape, am_linear(tape, y, weight, 0), weight, vector);
    y = am_layer_norm(tape, y, vector, vector);
    y = am_binary(tape, AM_OP_ADD, am_embedding(tape, weight, ids), am_dropout(tape, am_unary(tape, AM_OP_GELU, y), 1));
    am_region_end(tape, y);
    am_var q = am_transpose(tape, am_view(tape, y, AM_SHAPE(b, s, a, d)), 1, 2);
    am_dim last[] = {d, d, d};
    am_var parts[3];
    am_split(tape, am_pad(tape, q, h), 3, last, parts);
    q = am_cat(tape, am_slice(tape, q, number(4)), am_slice(tape, q, number(4)), d);
    am_softmax(tape, AM_OP_SOFTMAX, am_mean_last(tape, am_matmul(tape, q, am_transpose(tape, q, 2, 3))));
    y = am_attention(tape, AM_OP_EFFICIENT_ATTENTION, q, am_attention(tape, AM_OP_FLASH_ATTENTION, q, q, q, 0), q, 0);
    y = am_contiguous(tape, am_transpose(tape, am_expand(tape, am_clone(tape, y), AM_SHAPE(b, a, s, d)), 1, 2));
    y = am_to(tape, am_reshape(tape, y, AM_SHAPE(am_times(tape, b, s), h)), AM_FP32);
    y = am_regroup(tape, am_paper_norm(tape, y, vector, vector), AM_SHAPE(am_times(tape, b, s), h));
    y = am_binary(tape, AM_OP_ADD, y, am_paper_embedding(tape, weight, AM_SHAPE(am_times(tape, b, s), h)));
    am_paper_loss(tape, y);
    am_nll_loss(tape, am_softmax(tape, AM_OP_LOG_SOFTMAX, y), ids);
}

static void fill_tensors(void)
{
    am_dim last[100];
    am_var parts[100], x = made(AM_SHAPE(b, s, h), AM_BF16);
    for (int i = 0; i < COUNT(last); i++) last[i] = d;
    for (int i = 0; i < AM_MAX_TENSORS; i += COUNT(last)) am_split(tape, x, COUNT(last), last, parts);
}
static void fill_storages(void)
{
    for (int i = 0; i < AM_MAX_STORAGES; i++) am_buffer(tape, AM_SHAPE(h), AM_FP32, "buffer");
}
static void fill_instructions(void)
{
    for (int i = 0; i <= AM_MAX_INSTRUCTIONS; i++) am_hold(tape, 0);
}
static void fill_operands(void)
{
    am_var x = made(AM_SHAPE(h), AM_FP32), list[200];
    for (int i = 0; i < COUNT(list); i++) list[i] = x;
    for (int i = 0; i < AM_MAX_OPERANDS; i += COUNT(list)) am_hold_list(tape, COUNT(list), list);
}
static void fill_nodes(void)
{
    am_var x = learning(AM_SHAPE(s, h), AM_BF16);
    tape->instructions = 0; /* room for as many operations as nodes */
    for (int i = 0; i < AM_MAX_NODES; i++) am_view(tape, x, AM_SHAPE(s, h));
}
static void fill_leaves(void)
{
    for (int i = 0; i < AM_MAX_NODES; i++) am_parameter(tape, AM_SHAPE(h), AM_FP32, true, "parameter");
}
static void fill_saves(void)
{
    am_var q = learning(AM_SHAPE(number(1), number(1), s, h), AM_BF16),
           mask = made(AM_SHAPE(number(1), number(1), s, s), AM_BF16);
    int storages = tape->storages, tensors = tape->tensors, gradients = tape->gradients;
    for (int i = 0; i < COUNT(tape->save) / 8; i++) { /* eight at a time */
        am_attention(tape, AM_OP_EFFICIENT_ATTENTION, q, q, q, mask);
        tape->storages = storages; /* else these would run out first */
        tape->tensors = tensors;
        tape->gradients = gradients;
    }
    ck_assert_int_eq(tape->status.code, AM_OK);
    ck_assert_int_eq(tape->saves, COUNT(tape->save));
    am_unary(tape, AM_OP_GELU, q);
}
static void fill_regions(void)
{
    am_var x = learning(AM_SHAPE(s, h), AM_BF16);
    for (int i = 0; i < AM_MAX_REGIONS; i++) {
        am_region_begin(tape, x, 0, NULL);
        x = am_unary(tape, AM_OP_GELU, x);
        am_region_end(tape, x);
    }
}
static void fill_extents(void)
{
    for (int i = 2; i < AM_MAX_EXTENTS + 10; i++) made(AM_SHAPE(number(i)), AM_FP32);
}

static const struct {
    const char *what;
    void (*fill)(void);
} rooms[] = {
    {"tensors", fill_tensors},         {"storages", fill_storages},
    {"operations", fill_instructions}, {"operands", fill_operands},
    {"autograd nodes", fill_nodes},    {"parameters", fill_leaves},
    {"saved tensors", fill_saves},     {"checkpointed regions", fill_regions},
    {"extents", fill_extents},
};

/* Each room has an end: the first that is reached is named, and every call after it is harmless. */
START_TEST(capacity)
{
    rooms[_i].fill();
    bool extents_only = strcmp(rooms[_i].what, "extents") == 0; /* noticed when the record is closed */
    if (!extents_only) ck_assert_int_eq(tape->status.code, AM_CAPACITY);
    call_everything();
    ck_assert_int_eq(am_tape_finish(tape, 1, 1), AM_CAPACITY);
    ck_assert_str_eq(tape->status.field, "layers");
    ck_assert_msg(strstr(tape->status.message, rooms[_i].what) != NULL, "%s: %s", rooms[_i].what, tape->status.message);
    ck_assert_int_eq(am_step_play(&fixture_workspace.step, &fixture_workspace.player, tape, NULL), AM_CAPACITY);
    ck_assert_int_eq(am_ledger_read(&fixture_workspace.plain, tape, (am_record){.units = 1, .inner = 1}), AM_CAPACITY);
    setup();
    call_everything();
    ck_assert_int_eq(tape->status.code, AM_OK);
}
END_TEST

static const char *const large_models[] = {
    "family=llama layers=1 hidden=32 heads=4 ffn=48 vocab=64 seq=16 attention=eager",
    "family=mistral layers=1 hidden=32 heads=4 kv_heads=2 head_dim=20 ffn=48 vocab=64 seq=16",
    "family=gpt2 layers=1 hidden=32 heads=4 vocab=64 seq=16 dropout=0.1",
    "family=qwen3 layers=1 hidden=32 heads=4 kv_heads=2 ffn=48 vocab=64 seq=16 trainable=lora lora_targets=q,o,up",
};

/* Whole models with more layers than there is room for. */
START_TEST(too_many_layers)
{
    static const am_record records[] = {
        {.units = AM_MAX_UNITS, .inner = 16},
        {.units = AM_MAX_UNITS, .inner = 200},
        {.units = AM_MAX_UNITS, .inner = 16, .regions = true},
        {.units = 200, .inner = 1, .regions = true},
    };
    int64_t value[AM_SYMBOL_COUNT];
    am_config config = config_of(large_models[_i / COUNT(records)]);
    am_model_symbols(&config, value);
    am_extents_init(&extents, value);
    ck_assert_int_eq(am_model_record(tape, &extents, &config, records[_i % COUNT(records)]), AM_CAPACITY);
    ck_assert_int_eq(tape->status.code, AM_CAPACITY);
    ck_assert_str_eq(tape->status.field, "layers");
    ck_assert_int_eq(am_model_record(tape, &extents, &config, (am_record){.units = 1, .inner = 1}), AM_OK);
}
END_TEST

/* A tensor above 2^53 bytes names the largest input of those that its shape is made of. */
START_TEST(too_large)
{
    static const struct {
        am_symbol symbol[3]; /* of the shape */
        int64_t value[3];
        int dtype;
        const char *field; /* NULL: it fits */
    } table[] = {
        {{AM_S, AM_B, AM_H}, {1 << 26, 1 << 10, 1 << 16}, AM_BF16, NULL}, /* 2^53 */
        {{AM_S, AM_B, AM_H}, {1 << 26, 1 << 10, 1 << 16}, AM_FP32, "seq"},
        {{AM_S, AM_B, AM_H}, {1 << 10, 1 << 27, 1 << 16}, AM_BF16, "batch"},
        {{AM_S, AM_B, AM_V}, {1 << 20, 1 << 10, 1 << 24}, AM_FP32, "vocab"},
        {{AM_A, AM_S, AM_S}, {1 << 10, 1 << 25, 1 << 25}, AM_BF16, "seq"},
        {{AM_B, AM_S, AM_F}, {1 << 20, 1 << 10, 1 << 30}, AM_BOOL, "ffn"},
        {{AM_B, AM_S, AM_F}, {1 << 20, 1 << 3, 1 << 30}, AM_BOOL, NULL},
        {{AM_P, AM_H, AM_D}, {1 << 28, 1 << 20, 1 << 10}, AM_FP32, "max_positions"},
    };
    for (int i = 0; i < COUNT(table); i++) {
        int64_t value[AM_SYMBOL_COUNT];
        memcpy(value, values, sizeof value);
        for (int j = 0; j < 3; j++) value[table[i].symbol[j]] = table[i].value[j];
        am_extents_init(&extents, value);
        am_tape_reset(tape, &extents, AM_DTYPE_COUNT);
        am_var x =
            made(AM_SHAPE(dim(table[i].symbol[0]), dim(table[i].symbol[1]), dim(table[i].symbol[2])), table[i].dtype);
        ck_assert_msg(tape->status.code == (table[i].field ? AM_TOO_LARGE : AM_OK), "row %d: %s", i,
                      tape->status.message);
        if (!table[i].field) continue;
        ck_assert_msg(strcmp(tape->status.field, table[i].field) == 0, "row %d: %s", i, tape->status.field);
        ck_assert(strstr(tape->status.message, table[i].field) != NULL);
        am_unary(tape, AM_OP_NEG, am_contiguous(tape, am_transpose(tape, x, 0, 1)));
        ck_assert_int_eq(am_tape_finish(tape, x, x), AM_TOO_LARGE);
        ck_assert_str_eq(tape->status.field, table[i].field); /* the first error stays */
    }
}
END_TEST

/* A dimension that is itself too large for an extent. */
START_TEST(too_large_a_dimension)
{
    int64_t value[AM_SYMBOL_COUNT];
    memcpy(value, values, sizeof value);
    value[AM_S] = (int64_t)1 << 30;
    value[AM_B] = (int64_t)1 << 31;
    am_extents_init(&extents, value);
    am_tape_reset(tape, &extents, AM_DTYPE_COUNT);
    am_var x = made(AM_SHAPE(am_times(tape, dim(AM_S), dim(AM_B))), AM_BOOL);
    ck_assert_int_eq(tape->status.code, AM_TOO_LARGE);
    ck_assert_str_eq(tape->status.field, "batch");
    am_clone(tape, x);
    ck_assert_str_eq(tape->status.field, "batch");
}
END_TEST

/* Operands that fit and a product whose operations do not. */
START_TEST(too_many_flops)
{
    int64_t value[AM_SYMBOL_COUNT];
    memcpy(value, values, sizeof value);
    value[AM_S] = value[AM_H] = value[AM_F] = (int64_t)1 << 24;
    am_extents_init(&extents, value);
    am_tape_reset(tape, &extents, AM_DTYPE_COUNT);
    am_var x = made(AM_SHAPE(dim(AM_S), dim(AM_H)), AM_BF16);
    am_var weight = am_parameter(tape, AM_SHAPE(dim(AM_F), dim(AM_H)), AM_BF16, true, "weight");
    ck_assert_int_eq(tape->status.code, AM_OK);
    am_linear(tape, x, weight, 0);
    ck_assert_int_eq(tape->status.code, AM_TOO_LARGE);
    ck_assert_str_ne(tape->status.field, "");
    memset(&tape->status, 0, sizeof tape->status);
    am_fail(&tape->status, AM_CAPACITY, "layers", "the first");
    am_linear(tape, x, weight, 0);
    ck_assert_int_eq(tape->status.code, AM_CAPACITY); /* the first error stays */
}
END_TEST

/* Products that fit each by itself, of which a record has no more than it can count: 2^60 FLOPs, and 2^61 - 1 at most. */
START_TEST(flops_of_a_record)
{
    int64_t value[AM_SYMBOL_COUNT];
    memcpy(value, values, sizeof value);
    value[AM_S] = (int64_t)1 << 23;
    value[AM_H] = value[AM_F] = (int64_t)1 << 18;
    am_extents_init(&extents, value);
    am_tape_reset(tape, &extents, AM_DTYPE_COUNT);
    am_var x = made(AM_SHAPE(dim(AM_S), dim(AM_H)), AM_BF16);
    am_var weight = am_parameter(tape, AM_SHAPE(dim(AM_F), dim(AM_H)), AM_BF16, true, "weight");
    am_linear(tape, x, weight, 0);
    ck_assert_int_eq(tape->status.code, AM_OK);
    ck_assert_int_eq(tape->flops, (int64_t)1 << 60);
    am_linear(tape, x, weight, 0);
    ck_assert_int_eq(tape->status.code, AM_TOO_LARGE);
    ck_assert_int_eq(tape->flops, (int64_t)1 << 60);
}
END_TEST

Suite *test_tape_suite(void);
Suite *test_tape_suite(void)
{
    Suite *suite = suite_create("tape");
    TCase *tests = tcase_create("tape");
    tcase_add_checked_fixture(tests, setup, NULL);
    tcase_add_loop_test(tests, views_and_copies, 0, COUNT(views));
    tcase_add_test(tests, labels);
    tcase_add_test(tests, sizes);
    tcase_add_test(tests, promotion);
    tcase_add_test(tests, result_types);
    tcase_add_test(tests, broadcast);
    tcase_add_test(tests, requires_grad);
    tcase_add_test(tests, frozen_operands);
    tcase_add_test(tests, integer_results);
    tcase_add_test(tests, leaves);
    tcase_add_test(tests, saved_once);
    tcase_add_test(tests, saved_in_part);
    tcase_add_test(tests, casts_of_weights);
    tcase_add_test(tests, casts_by_class);
    tcase_add_test(tests, dropout);
    tcase_add_test(tests, region_bounds);
    tcase_add_test(tests, region_stops);
    tcase_add_test(tests, keeps);
    tcase_add_test(tests, checkpoints);
    tcase_add_test(tests, holds);
    tcase_add_test(tests, finish);
    tcase_add_test(tests, reset);
    tcase_add_test(tests, modules);
    tcase_add_test(tests, modules_compared);
    tcase_add_test(tests, flops);
    tcase_add_loop_test(tests, capacity, 0, COUNT(rooms));
    tcase_add_loop_test(tests, too_many_layers, 0, COUNT(large_models) * 4);
    tcase_add_test(tests, too_large);
    tcase_add_test(tests, too_large_a_dimension);
    tcase_add_test(tests, too_many_flops);
    tcase_add_test(tests, flops_of_a_record);
    suite_add_tcase(suite, tests);
    return suite;
}
