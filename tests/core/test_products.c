/* Matrix products, attention and losses: results and what they are made of, and FLOPs: twice the product of the sizes. */
#include "tapes.h"

static am_var activation(void)
{
    return made(SHAPE(2, 3, 8), AM_BF16);
}
static am_var rows(void)
{
    return made(SHAPE(6, 8), AM_BF16);
}

static am_var linear(void)
{
    am_var x = activation();
    return am_linear(tape, x, weight(SHAPE(5, 8), AM_BF16), 0);
}

static am_var linear_with_bias(void)
{
    am_var x = activation();
    return am_linear(tape, x, weight(SHAPE(5, 8), AM_BF16), weight(SHAPE(5), AM_BF16));
}

static am_var linear_of_rows(void)
{
    am_var x = rows();
    return am_linear(tape, x, weight(SHAPE(5, 8), AM_BF16), 0);
}

static am_var linear_of_rows_with_bias(void)
{
    am_var x = rows();
    return am_linear(tape, x, weight(SHAPE(5, 8), AM_BF16), weight(SHAPE(5), AM_BF16));
}

static am_var conv1d(void)
{
    am_var x = activation();
    return am_conv1d(tape, x, weight(SHAPE(8, 5), AM_BF16), weight(SHAPE(5), AM_BF16));
}

static am_var bmm(void)
{
    am_var x = made(SHAPE(4, 3, 8), AM_BF16);
    return am_bmm(tape, x, made(SHAPE(4, 8, 5), AM_BF16));
}

static am_var matmul(void)
{
    am_var x = made(SHAPE(2, 4, 3, 8), AM_BF16);
    return am_matmul(tape, x, made(SHAPE(2, 4, 8, 5), AM_BF16));
}

/* q·kᵀ where q and k are heads cut from [b, s, heads·d]: batch and heads are no one dimension, so both are copied. */
static am_var scores(void)
{
    am_var x = made(SHAPE(2, 3, 4, 8), AM_BF16), q = am_transpose(tape, x, 1, 2);
    return am_matmul(tape, q, am_transpose(tape, q, 2, 3));
}

/* Nothing is copied where the batch is 1. */
static am_var scores_of_one(void)
{
    am_var x = made(SHAPE(1, 3, 4, 8), AM_BF16), q = am_transpose(tape, x, 1, 2);
    return am_matmul(tape, q, am_transpose(tape, q, 2, 3));
}

/* q [2, 4, 3, 8], k and v of 6 tokens. */
static am_var attention(am_op kernel, bool turned)
{
    am_var q = turned ? am_transpose(tape, made(SHAPE(2, 3, 4, 8), AM_BF16), 1, 2) : made(SHAPE(2, 4, 3, 8), AM_BF16);
    am_var k = made(SHAPE(2, 4, 6, 8), AM_BF16), v = made(SHAPE(2, 4, 6, 8), AM_BF16);
    return am_attention(tape, kernel, q, k, v, 0);
}

static am_var flash(void)
{
    return attention(AM_OP_FLASH_ATTENTION, false);
}
static am_var flash_turned(void)
{
    return attention(AM_OP_FLASH_ATTENTION, true);
}
static am_var efficient(void)
{
    return attention(AM_OP_EFFICIENT_ATTENTION, false);
}
static am_var efficient_turned(void)
{
    return attention(AM_OP_EFFICIENT_ATTENTION, true);
}

static am_var narrow_values(void)
{
    am_var q = made(SHAPE(2, 4, 3, 8), AM_BF16), k = made(SHAPE(2, 4, 6, 8), AM_BF16);
    return am_attention(tape, AM_OP_EFFICIENT_ATTENTION, q, k, made(SHAPE(2, 4, 6, 5), AM_BF16), 0);
}

static am_var nll_loss(void)
{
    am_var x = made(SHAPE(6, 10), AM_FP32);
    return am_nll_loss(tape, x, am_buffer(tape, SHAPE(6), AM_I64, "labels"));
}

static am_var regroup(void)
{
    am_var x = am_transpose(tape, activation(), 0, 1);
    return am_regroup(tape, x, SHAPE(3, 16));
}

static am_var paper_embedding(void)
{
    return am_paper_embedding(tape, weight(SHAPE(10, 8), AM_BF16), SHAPE(3, 2, 8));
}

static am_var paper_loss(void)
{
    return am_paper_loss(tape, rows());
}

static const struct {
    const char *name;
    am_var (*record)(void);
    const char *tensor, *operations;
    int64_t flops;
} cases[] = {
    /* the order of t and view decides when the weight's gradient dies */
    {"linear", linear, "bf16 2,3,5 / 15,5,1", "full transpose view mm view", 2 * 6 * 8 * 5},
    {"linear with a bias", linear_with_bias, "bf16 2,3,5 / 15,5,1", "full view transpose addmm view", 2 * 6 * 8 * 5},
    {"linear of rows", linear_of_rows, "bf16 6,5 / 5,1", "full transpose mm", 2 * 6 * 8 * 5},
    {"linear of rows with a bias", linear_of_rows_with_bias, "bf16 6,5 / 5,1", "full transpose addmm", 2 * 6 * 8 * 5},
    {"conv1d: its weight lies as it is used", conv1d, "bf16 2,3,5 / 15,5,1", "full view addmm view", 2 * 6 * 8 * 5},
    {"bmm", bmm, "bf16 4,3,5 / 15,5,1", "full full bmm", 2 * 4 * 3 * 8 * 5},
    {"matmul", matmul, "bf16 2,4,3,5 / 60,15,5,1", "full full expand view expand view bmm view", 2 * 8 * 3 * 8 * 5},
    {"matmul of heads", scores, "bf16 2,4,3,3 / 36,9,3,1",
     "full transpose transpose expand clone view expand clone view bmm view", 2 * 8 * 3 * 8 * 3},
    {"matmul of heads, one sequence", scores_of_one, "bf16 1,4,3,3 / 36,9,3,1",
     "full transpose transpose expand view expand view bmm view", 2 * 4 * 3 * 8 * 3},
    /* two products of 2·4 heads, 3 by 6 tokens and 8 elements */
    {"flash attention", flash, "bf16 2,4,3,8 / 96,24,8,1", "full full full flash_attention", 2 * 8 * 3 * 6 * (8 + 8)},
    {"flash attention: in q's layout", flash_turned, "bf16 2,4,3,8 / 96,8,32,1",
     "full transpose full full flash_attention", 2 * 8 * 3 * 6 * (8 + 8)},
    {"efficient attention: b s h d in memory", efficient, "bf16 2,4,3,8 / 96,8,32,1",
     "full full full efficient_attention", 2 * 8 * 3 * 6 * (8 + 8)},
    {"efficient attention of heads", efficient_turned, "bf16 2,4,3,8 / 96,8,32,1",
     "full transpose full full efficient_attention", 2 * 8 * 3 * 6 * (8 + 8)},
    {"attention: as wide as its values", narrow_values, "bf16 2,4,3,5 / 60,5,20,1",
     "full full full efficient_attention", 2 * 8 * 3 * 6 * (8 + 5)},
    {"nll loss", nll_loss, "fp32  /", "full nll_loss", 0},
    {"regroup: a view, whatever the layout", regroup, "bf16 3,16 / 16,1", "full transpose view", 0},
    {"the paper's embedding", paper_embedding, "bf16 3,2,8 / 16,8,1", "embedding", 0},
    {"the paper's loss", paper_loss, "fp32  /", "full cross_entropy", 0},
};

START_TEST(results)
{
    setup();
    am_var y = cases[_i].record();
    ck_assert_int_eq(tape->status.code, AM_OK);
    ck_assert_msg(tape->flops == cases[_i].flops, "%s: %lld FLOPs", cases[_i].name, (long long)tape->flops);
    const char *got = tensor_text(y);
    ck_assert_msg(strcmp(got, cases[_i].tensor) == 0, "%s: '%s', not '%s'", cases[_i].name, got, cases[_i].tensor);
    got = operations_text(0);
    ck_assert_msg(strcmp(got, cases[_i].operations) == 0, "%s: %s, not %s", cases[_i].name, got, cases[_i].operations);
}
END_TEST

/* What a kernel keeps beside its output: a number for each row, padded to 32 of them by the efficient one, and the
 * state of its random numbers. */
START_TEST(other_results)
{
    static const struct {
        am_op kernel;
        const char *results[3];
        int64_t bytes[3];
    } table[] = {
        {AM_OP_FLASH_ATTENTION, {"fp32 2,4,3 / 12,3,1", "u64 2 / 1", "u64  /"}, {96, 16, 8}},
        {AM_OP_EFFICIENT_ATTENTION, {"fp32 2,4,32 / 128,32,1", "i64  /", "i64  /"}, {1024, 8, 8}},
    };
    for (int i = 0; i < COUNT(table); i++) {
        setup();
        attention(table[i].kernel, false);
        const am_instruction *last = &tape->instruction[tape->instructions - 1];
        ck_assert_int_eq(last->results, 4);
        for (int j = 0; j < 3; j++) {
            am_var x = tape->operand[last->first + last->inputs + 1 + j];
            ck_assert_str_eq(tensor_text(x), table[i].results[j]);
            ck_assert_int_eq(tape->storage[tape->tensor[x].storage].bytes, table[i].bytes[j]);
        }
    }
}
END_TEST

/* A mask is a fourth input, and saved. */
START_TEST(masked)
{
    setup();
    am_var q = weight(SHAPE(2, 4, 3, 8), AM_BF16), mask = made(SHAPE(2, 1, 3, 3), AM_BOOL);
    for (int i = 0; i < 2; i++) {
        am_var y = am_attention(tape, AM_OP_EFFICIENT_ATTENTION, q, q, q, i ? mask : 0);
        ck_assert_int_eq(tape->instruction[tape->instructions - 1].inputs, 3 + i);
        ck_assert_int_eq(tape->node[tape->tensor[y].node].save_count, 7 + i);
    }
}
END_TEST

/* Under autocast all operands of a product are cast, its bias too; a loss wants fp32. */
START_TEST(autocast)
{
    start(AM_BF16);
    am_var x = made(SHAPE(6, 8), AM_FP32);
    am_var y = am_linear(tape, x, weight(SHAPE(5, 8), AM_FP32), weight(SHAPE(5), AM_FP32));
    ck_assert_str_eq(tensor_text(y), "bf16 6,5 / 5,1");
    ck_assert_str_eq(operations_text(0), "full to to to transpose addmm");
    const am_instruction *held = &tape->instruction[tape->instructions - 1]; /* what was given, and its copy, until it returns */
    ck_assert_int_eq(held->kind, AM_I_HOLD);
    ck_assert_uint_eq(tape->operand[held->first], x);
    const int first = tape->instructions;
    am_nll_loss(tape, y, am_buffer(tape, SHAPE(6), AM_I64, "labels"));
    ck_assert_str_eq(operations_text(first), "to nll_loss");
    const am_instruction *last = &tape->instruction[tape->instructions - 1];
    ck_assert_int_eq(tape->tensor[tape->operand[last->first + last->inputs]].dtype, AM_FP32);
}
END_TEST

Suite *test_products_suite(void);
Suite *test_products_suite(void)
{
    Suite *suite = suite_create("products");
    TCase *tests = tcase_create("products");
    tcase_add_loop_test(tests, results, 0, COUNT(cases));
    tcase_add_test(tests, other_results);
    tcase_add_test(tests, masked);
    tcase_add_test(tests, autocast);
    suite_add_tcase(suite, tests);
    return suite;
}
