/* The backward of one operation: what it allocates, in the order of its row in ops.def, and when it lets go of
 * temporaries, of what was saved and of the incoming gradient. All tensors are fp32 [4, 8] of 128 bytes unless a line
 * says otherwise; parameters end each chain, and slot 2 is the incoming gradient. */
#include "compiled.h"

static am_var w(void)
{
    return weight(SHAPE(4, 8), AM_FP32);
}

static am_var neg(void)
{
    return am_unary(tape, AM_OP_NEG, w());
}
static am_var power(void)
{
    return am_unary(tape, AM_OP_POW, w());
}
static am_var rsqrt_(void)
{
    return am_unary(tape, AM_OP_RSQRT, w());
}
static am_var tanh_(void)
{
    return am_unary(tape, AM_OP_TANH, w());
}
static am_var mean(void)
{
    return am_mean_last(tape, w());
}
static am_var softmax(void)
{
    return am_softmax(tape, AM_OP_SOFTMAX, w());
}
static am_var dropout(void)
{
    return am_dropout(tape, w(), 1);
}
static am_var clone(void)
{
    return am_clone(tape, w());
}
static am_var to(void)
{
    return am_to(tape, w(), AM_BF16);
}
static am_var mul(void)
{
    return am_binary(tape, AM_OP_MUL, w(), w());
}

static am_var mul_frozen(void)
{
    am_var x = w();
    return am_binary(tape, AM_OP_MUL, x, frozen(SHAPE(4, 8), AM_FP32));
}

static am_var mul_row(void)
{
    am_var x = w();
    return am_binary(tape, AM_OP_MUL, x, weight(SHAPE(8), AM_FP32));
}

static am_var add_row(void)
{
    am_var x = w();
    return am_binary(tape, AM_OP_ADD, x, weight(SHAPE(8), AM_FP32));
}

static am_var mul_promoted(void)
{
    am_var x = weight(SHAPE(4, 8), AM_BF16);
    return am_binary(tape, AM_OP_MUL, x, w());
}

static am_var add_promoted(void)
{
    am_var x = weight(SHAPE(4, 8), AM_BF16);
    return am_binary(tape, AM_OP_ADD, x, w());
}

static am_var mul_row_promoted(void)
{
    am_var x = w();
    return am_binary(tape, AM_OP_MUL, x, weight(SHAPE(8), AM_BF16));
}

static am_var linear(void)
{
    am_var x = w();
    return am_linear(tape, x, weight(SHAPE(6, 8), AM_FP32), 0);
}

static am_var linear_frozen(void)
{
    am_var x = w();
    return am_linear(tape, x, frozen(SHAPE(6, 8), AM_FP32), 0);
}

static am_var linear_of_input(void)
{
    am_var x = made(SHAPE(4, 8), AM_FP32);
    return am_linear(tape, x, weight(SHAPE(6, 8), AM_FP32), 0);
}

static am_var linear_with_bias(void)
{
    am_var x = w(), y = weight(SHAPE(6, 8), AM_FP32);
    return am_linear(tape, x, y, weight(SHAPE(6), AM_FP32));
}

static am_var layer_norm(void)
{
    am_var x = w(), scale = weight(SHAPE(8), AM_FP32);
    return am_layer_norm(tape, x, scale, weight(SHAPE(8), AM_FP32));
}

static am_var embedding(void)
{
    am_var table = weight(SHAPE(10, 8), AM_FP32);
    return am_embedding(tape, table, am_buffer(tape, SHAPE(4), AM_I64, "ids"));
}

/* q alone learns: [1, 2, 4, 8] in fp32 are 256 bytes. */
static am_var attention(am_op kernel, bool turned)
{
    am_var q = turned ? weight(SHAPE(1, 4, 2, 8), AM_FP32) : weight(SHAPE(1, 2, 4, 8), AM_FP32);
    am_var k = made(SHAPE(1, 2, 4, 8), AM_FP32), v = made(SHAPE(1, 2, 4, 8), AM_FP32);
    return am_attention(tape, kernel, turned ? am_transpose(tape, q, 1, 2) : q, k, v, 0);
}

static am_var flash(void)
{
    return attention(AM_OP_FLASH_ATTENTION, false);
}
static am_var efficient(void)
{
    return attention(AM_OP_EFFICIENT_ATTENTION, false);
}
static am_var efficient_turned(void)
{
    return attention(AM_OP_EFFICIENT_ATTENTION, true);
}

static am_var view(void)
{
    return am_view(tape, w(), SHAPE(32));
}
static am_var transpose(void)
{
    return am_transpose(tape, w(), 0, 1);
}
static am_var view_and_transpose(void)
{
    return am_transpose(tape, am_view(tape, weight(SHAPE(32), AM_FP32), SHAPE(4, 8)), 0, 1);
}
static am_var expand(void)
{
    return am_expand(tape, weight(SHAPE(1, 8), AM_FP32), SHAPE(4, 8));
}
static am_var expand_nothing(void)
{
    return am_expand(tape, w(), SHAPE(4, 8));
}
static am_var sum(void)
{
    return am_sum_over(tape, w(), 0, false);
}
static am_var sum_kept(void)
{
    return am_sum_over(tape, w(), 0, true);
}
static am_var slice(void)
{
    return am_slice(tape, w(), number(4));
}
static am_var pad(void)
{
    return am_pad(tape, w(), number(9));
}

static am_var cat(void)
{
    am_var x = weight(SHAPE(4, 3), AM_FP32);
    return am_cat(tape, x, weight(SHAPE(4, 5), AM_FP32), number(8));
}

static am_var cat_frozen(void)
{
    am_var x = frozen(SHAPE(4, 3), AM_FP32);
    return am_cat(tape, x, weight(SHAPE(4, 5), AM_FP32), number(8));
}

static am_var split(bool both)
{
    am_var part[2];
    am_split(tape, w(), 2, (const am_dim[]){number(4), number(4)}, part);
    return both ? am_binary(tape, AM_OP_ADD, part[0], part[1]) : am_unary(tape, AM_OP_NEG, part[1]);
}

static am_var split_one(void)
{
    return split(false);
}
static am_var split_both(void)
{
    return split(true);
}

/* A loss over the table [10, 8], with gradients that were made in forward; and one whose backward makes them beside what
 * else it needs: inputs 5 to 8 say how much. */
static am_var linear_loss(am_op op, bool learns)
{
    am_shape table = SHAPE(10, 8);
    am_var input[9] = {w(), learns ? weight(table, AM_FP32) : frozen(table, AM_FP32)};
    input[2] = made(SHAPE(4, 8), AM_FP32);
    input[3] = made(table, AM_FP32);
    input[4] = made(SHAPE(10), AM_FP32);
    for (int i = 5; i < 9; i++) input[i] = am_buffer(tape, SHAPE(i), AM_I32, "");
    int inputs = op == AM_OP_CUT_CE ? 9 : 4;
    return am_linear_loss(tape, op, learns ? inputs : inputs - 1, input, made(AM_SCALAR, AM_FP32), 1);
}

/* Two gradients at once, of [1, 3, 4, 2], which must lie in memory as [1, 4, 3, 2]; turned: as they do already. */
static am_var rotated(bool turned)
{
    am_var input[4], result[2];
    for (int i = 0; i < 2; i++) {
        am_var x = weight(turned ? SHAPE(1, 4, 3, 2) : SHAPE(1, 3, 4, 2), AM_FP32);
        input[i] = turned ? am_transpose(tape, x, 1, 2) : x;
        input[i + 2] = am_buffer(tape, SHAPE(1, 1, 4, 2), AM_FP32, "");
    }
    am_rotate_in_place(tape, input, result);
    am_var sum = am_binary(tape, AM_OP_ADD, result[0], result[1]);
    return turned ? am_transpose(tape, sum, 1, 2) : sum;
}

static am_var rotated_rows(void)
{
    return rotated(true);
}
static am_var rotated_heads(void)
{
    return rotated(false);
}

static am_var taken(void)
{
    return linear_loss(AM_OP_FUSED_LINEAR_CE, true);
}
static am_var taken_frozen(void)
{
    return linear_loss(AM_OP_FUSED_LINEAR_CE, false);
}
static am_var scratch(void)
{
    return linear_loss(AM_OP_CUT_CE, true);
}
static am_var scratch_frozen(void)
{
    return linear_loss(AM_OP_CUT_CE, false);
}

static const compiled_case cases[] = {
    {neg, "one gradient, nothing saved", "Neg +3=128 -2 steal3=128 -3"},
    {power, "temporaries die before the incoming gradient", "Pow +3=128 +4=128 +5=128 -3 -4 F -2 steal5=128 -5"},
    {rsqrt_, "the same where the result is saved", "Rsqrt +3=128 +4=128 +5=128 -3 -4 F -2 steal5=128 -5"},
    {tanh_, "what was saved goes before or after it", "Tanh +3=128 F -2 steal3=128 -3"},
    {mean, "at the input's shape", "Mean +3=128 -2 steal3=128 -3"},
    {softmax, "softmax", "Softmax +3=128 F -2 steal3=128 -3"},
    {dropout, "dropout", "NativeDropout +3=128 F -2 steal3=128 -3"},
    {clone, "the incoming gradient itself", "Clone steal2=128 -2"},
    {to, "in the input's type", "ToCopy +3=128 -2 steal3=128 -3"},
    /* E(1), E(0): slot 3 is the second factor's, though the first factor's is passed on first */
    {mul, "in the order of the row", "Mul +3=128 +4=128 F -2 steal4=128 -4 steal3=128 -3"},
    {mul_frozen, "only what is wanted", "Mul +3=128 F -2 steal3=128 -3"},
    /* 32 bytes [8] from 128 bytes [4, 8], which then die */
    {mul_row, "summed where broadcast", "Mul +3=128 +4=128 f +5=32 -3 -2 k steal4=128 -4 steal5=32 -5"},
    {add_row, "summed from the incoming gradient", "Add +3=32 steal2=128 -2 steal3=32 -3"},
    /* fp32 meets bf16: the gradient is made in fp32, then cast to 64 bytes */
    {mul_promoted, "cast where promoted", "Mul +3=128 +4=128 f +5=64 -4 -2 k steal5=64 -5 steal3=128 -3"},
    {add_promoted, "cast from the incoming gradient", "Add +3=64 steal3=64 -3 steal2=128 -2"},
    /* [8] in fp32, 32 bytes, then in bf16, 16 */
    {mul_row_promoted, "summed, then cast", "Mul +3=128 +4=128 f +5=32 -3 +6=16 -5 -2 k steal4=128 -4 steal6=16 -6"},
    /* G(1) of the transposed weight [8, 6], 192 bytes, then G(0); the transposition's gradient is a view */
    {linear, "mm", "Mm +3=192 +4=128 F -2 steal4=128 -4 Transpose steal3=192 -3"},
    {linear_frozen, "mm, its weight frozen", "Mm +3=128 F -2 steal3=128 -3"},
    {linear_of_input, "mm of an input", "Mm +3=192 F -2 Transpose steal3=192 -3"},
    /* the bias [6] gets the sum of the incoming gradient: 24 bytes */
    {linear_with_bias, "addmm",
     "Addmm +3=128 +4=192 f +5=24 -2 k steal5=24 -5 steal3=128 -3 Transpose steal4=192 -4"},
    {layer_norm, "layer norm", "NativeLayerNorm +3=128 +4=32 +5=32 F -2 steal3=128 -3 steal4=32 -4 steal5=32 -5"},
    {embedding, "a table's gradient is as large as the table", "Embedding +3=320 F -2 steal3=320 -3"},
    {flash, "a kernel writes all three",
     "ScaledDotProductFlashAttention +3=256 +4=256 +5=256 -4 -5 F -2 steal3=256 -3"},
    /* in memory b s h d: not the parameter's layout, so it is copied; behind a transposition it is */
    {efficient, "a kernel with a layout of its own",
     "ScaledDotProductEfficientAttention +3=256 +4=256 +5=256 -4 -5 F -2 copy3=256 -3"},
    {efficient_turned, "the same where it is the input's",
     "ScaledDotProductEfficientAttention +3=256 +4=256 +5=256 -4 -5 F -2 Transpose steal3=256 -3"},
    {view, "a view's gradient is a view", "View steal2=128 -2"},
    /* the gradient [8, 4] is contiguous, so transposed it is not what the weight's .grad is to be */
    {transpose, "a transposition's too", "Transpose copy2=128 -2"},
    {view_and_transpose, "a copy where no view is possible", "View +3=128 -2 steal3=128 -3"},
    {expand, "expand sums", "Expand +3=32 -2 steal3=32 -3"},
    {expand_nothing, "expand to its own shape", "Expand steal2=128 -2"},
    {sum, "a sum's is repeated", "Sum copy2=128 -2"},
    {sum_kept, "the same where the dimension stays", "Sum copy2=128 -2"},
    {slice, "slice fills up with zeros", "Slice +3=128 -2 steal3=128 -3"},
    {pad, "pad cuts", "ConstantPadNd +3=128 -2 steal3=128 -3"},
    /* parts of [4, 8] have rows of 8, not of 3 and 5 */
    {cat, "cat cuts into views", "Cat copy2=48 copy2=80 -2"},
    {cat_frozen, "cat of one that learns", "Cat copy2=80 -2"},
    {split_one, "split, one part used", "Neg +3=64 -2 Split +4=128 -3 steal4=128 -4"},
    {split_both, "split, both parts used", "Split +3=128 -2 steal3=128 -3"},
    {taken, "in the memory of what was saved",
     "LigerFusedLinearCrossEntropyFunction +3=4 take0=128 take1=320 -3 F -2 steal4=128 -4 steal5=320 -5"},
    {taken_frozen, "the same, the weight frozen",
     "LigerFusedLinearCrossEntropyFunction +3=4 take0=128 -3 F -2 steal4=128 -4"},
    {scratch, "temporaries of their own sizes",
     "LinearCrossEntropyFunction +3=24 -3 +4=20 +5=128 +6=320 +7=28 +8=32 -4 -7 -8 F -2 steal5=128 -5 steal6=320 -6"},
    {scratch_frozen, "the same, the weight frozen",
     "LinearCrossEntropyFunction +3=24 -3 +4=20 +5=128 +6=28 -4 -6 F -2 steal5=128 -5"},
    {rotated_rows, "gradients where they stand", "LigerRopeFunction F Transpose copy2=96 Transpose steal2=96 -2"},
    {rotated_heads, "copies of both", "LigerRopeFunction +3=96 +4=96 F -2 copy3=96 -3 copy4=96 -4"},
};

START_TEST(events)
{
    expect_events(&cases[_i]);
}
END_TEST

Suite *test_backward_suite(void);
Suite *test_backward_suite(void)
{
    Suite *suite = suite_create("backward");
    TCase *tests = tcase_create("backward");
    tcase_add_loop_test(tests, events, 0, COUNT(cases));
    suite_add_tcase(suite, tests);
    return suite;
}
