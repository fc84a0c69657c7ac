/* Operations as they record themselves: type, shape and strides of the result, whether it shares its input's storage,
 * which operations it takes. x is bf16 [2, 3, 4] with strides 12, 4, 1. */
#include "tapes.h"

static am_var view(am_var x)
{
    return am_view(tape, x, SHAPE(6, 4));
}
static am_var turned(am_var x)
{
    return am_transpose(tape, x, 0, 2);
}
static am_var slice(am_var x)
{
    return am_slice(tape, x, number(2));
}
static am_var slice_whole(am_var x)
{
    return am_slice(tape, x, number(4));
}
static am_var expand(am_var x)
{
    return am_expand(tape, am_view(tape, x, SHAPE(2, 3, 1, 4)), SHAPE(2, 3, 5, 4));
}
static am_var clone(am_var x)
{
    return am_clone(tape, x);
}
static am_var clone_turned(am_var x)
{
    return am_clone(tape, turned(x));
}
static am_var reshape(am_var x)
{
    return am_reshape(tape, x, SHAPE(2, 12));
}
static am_var reshape_turned(am_var x)
{
    return am_reshape(tape, turned(x), SHAPE(12, 2));
}
static am_var contiguous(am_var x)
{
    return am_contiguous(tape, x);
}
static am_var contiguous_turned(am_var x)
{
    return am_contiguous(tape, turned(x));
}

static am_var split(am_var x)
{
    am_var part[2];
    am_split(tape, x, 2, (const am_dim[]){number(1), number(3)}, part);
    return part[1];
}

static am_var neg(am_var x)
{
    return am_unary(tape, AM_OP_NEG, x);
}
static am_var neg_turned(am_var x)
{
    return neg(turned(x));
}
static am_var neg_slice(am_var x)
{
    return neg(slice(x));
}
static am_var add(am_var x)
{
    return am_binary(tape, AM_OP_ADD, x, made(SHAPE(4), AM_BF16));
}
static am_var add_to_row(am_var x)
{
    return am_binary(tape, AM_OP_ADD, made(SHAPE(4), AM_BF16), x);
}
static am_var add_column(am_var x)
{
    return am_binary(tape, AM_OP_ADD, x, made(SHAPE(3, 1), AM_BF16));
}
static am_var add_wider(am_var x)
{
    return am_binary(tape, AM_OP_ADD, x, made(SHAPE(4), AM_FP32));
}

static am_var add_turned(am_var x)
{
    am_var y = turned(x);
    return am_binary(tape, AM_OP_ADD, y, made(SHAPE(4, 3, 2), AM_BF16));
}

static am_var outer(am_var x)
{
    am_var column = am_view(tape, x, SHAPE(24, 1));
    return am_binary(tape, AM_OP_MUL, column, made(SHAPE(1, 5), AM_BF16));
}

static am_var to(am_var x)
{
    return am_to(tape, x, AM_FP32);
}
static am_var to_same(am_var x)
{
    return am_to(tape, x, AM_BF16);
}
static am_var to_turned(am_var x)
{
    return to(turned(x));
}
static am_var to_slice(am_var x)
{
    return to(slice(x));
}
static am_var mean(am_var x)
{
    return am_mean_last(tape, x);
}
static am_var cat(am_var x)
{
    return am_cat(tape, x, slice(x), number(6));
}
static am_var pad(am_var x)
{
    return am_pad(tape, x, number(7));
}
static am_var softmax(am_var x)
{
    return am_softmax(tape, AM_OP_SOFTMAX, x);
}
static am_var softmax_turned(am_var x)
{
    return am_softmax(tape, AM_OP_SOFTMAX, turned(x));
}
static am_var dropout(am_var x)
{
    return am_dropout(tape, x, 1);
}
static am_var dropout_turned(am_var x)
{
    return dropout(turned(x));
}
static am_var no_dropout(am_var x)
{
    return am_dropout(tape, x, 0);
}

static am_var layer_norm(am_var x)
{
    return am_layer_norm(tape, x, weight(SHAPE(4), AM_BF16), weight(SHAPE(4), AM_BF16));
}

static am_var paper_norm(am_var x)
{
    return am_paper_norm(tape, x, weight(SHAPE(4), AM_BF16), weight(SHAPE(4), AM_BF16));
}

static am_var embedding(am_var x)
{
    return am_embedding(tape, am_view(tape, x, SHAPE(6, 4)), am_buffer(tape, SHAPE(2, 9), AM_I64, "ids"));
}

typedef enum relation { ITSELF, SHARED, NEW } relation;

static const struct {
    const char *name;
    am_var (*record)(am_var x);
    const char *tensor, *operations;
    relation relation;
} cases[] = {
    {"view", view, "bf16 6,4 / 4,1", "view", SHARED},
    {"transpose", turned, "bf16 4,3,2 / 1,4,12", "transpose", SHARED},
    {"slice", slice, "bf16 2,3,2 / 12,4,1", "slice", SHARED},
    {"slice of everything", slice_whole, "bf16 2,3,4 / 12,4,1", "view", SHARED},
    {"split", split, "bf16 2,3,3 / 12,4,1", "split", SHARED},
    {"expand: no step along what is repeated", expand, "bf16 2,3,5,4 / 12,4,0,1", "view expand", SHARED},
    {"clone", clone, "bf16 2,3,4 / 12,4,1", "clone", NEW},
    {"clone: contiguous", clone_turned, "bf16 4,3,2 / 6,2,1", "transpose clone", NEW},
    {"reshape", reshape, "bf16 2,12 / 12,1", "view", SHARED},
    {"reshape across memory", reshape_turned, "bf16 12,2 / 2,1", "transpose clone view", NEW},
    {"contiguous", contiguous, "bf16 2,3,4 / 12,4,1", "", ITSELF},
    {"contiguous of what is not", contiguous_turned, "bf16 4,3,2 / 6,2,1", "transpose clone", NEW},
    {"pointwise", neg, "bf16 2,3,4 / 12,4,1", "neg", NEW},
    {"pointwise: dense in the operand's order", neg_turned, "bf16 4,3,2 / 1,4,12", "transpose neg", NEW},
    {"pointwise: without the gaps of a slice", neg_slice, "bf16 2,3,2 / 6,2,1", "slice neg", NEW},
    {"a row broadcast", add, "bf16 2,3,4 / 12,4,1", "full add", NEW},
    {"broadcast to the second", add_to_row, "bf16 2,3,4 / 12,4,1", "full add", NEW},
    {"a column broadcast", add_column, "bf16 2,3,4 / 12,4,1", "full add", NEW},
    {"both broadcast", outer, "bf16 24,5 / 5,1", "view full mul", NEW},
    {"promoted", add_wider, "fp32 2,3,4 / 12,4,1", "full add", NEW},
    {"the first operand's order", add_turned, "bf16 4,3,2 / 1,4,12", "transpose full add", NEW},
    {"cast", to, "fp32 2,3,4 / 12,4,1", "to", NEW},
    {"cast to its own type", to_same, "bf16 2,3,4 / 12,4,1", "", ITSELF},
    {"cast: keeps a dense layout", to_turned, "fp32 4,3,2 / 1,4,12", "transpose to", NEW},
    {"cast: closes gaps", to_slice, "fp32 2,3,2 / 6,2,1", "slice to", NEW},
    {"mean", mean, "bf16 2,3,1 / 3,1,1", "mean", NEW},
    {"cat", cat, "bf16 2,3,6 / 18,6,1", "slice cat", NEW},
    {"pad", pad, "bf16 2,3,7 / 21,7,1", "constant_pad_nd", NEW},
    {"softmax", softmax, "bf16 2,3,4 / 12,4,1", "softmax", NEW},
    {"softmax: contiguous", softmax_turned, "bf16 4,3,2 / 6,2,1", "transpose softmax", NEW},
    {"dropout", dropout, "bf16 2,3,4 / 12,4,1", "native_dropout", NEW},
    {"dropout: its operand's layout", dropout_turned, "bf16 4,3,2 / 1,4,12", "transpose native_dropout", NEW},
    {"no dropout", no_dropout, "bf16 2,3,4 / 12,4,1", "", ITSELF},
    {"layer norm", layer_norm, "bf16 2,3,4 / 12,4,1", "native_layer_norm", NEW},
    {"the paper's norm", paper_norm, "bf16 2,3,4 / 12,4,1", "layer_norm", NEW},
    {"embedding", embedding, "bf16 2,9,4 / 36,4,1", "view embedding", NEW},
};

START_TEST(results)
{
    setup();
    am_var x = made(SHAPE(2, 3, 4), AM_BF16);
    int first = tape->instructions;
    am_var y = cases[_i].record(x);
    ck_assert_int_eq(tape->status.code, AM_OK);
    relation got_relation = y == x ? ITSELF : tape->tensor[y].storage == tape->tensor[x].storage ? SHARED : NEW;
    ck_assert_msg(got_relation == cases[_i].relation, "%s: relation %d", cases[_i].name, got_relation);
    const char *got = tensor_text(y);
    ck_assert_msg(strcmp(got, cases[_i].tensor) == 0, "%s: %s, not %s", cases[_i].name, got, cases[_i].tensor);
    got = operations_text(first);
    ck_assert_msg(strcmp(got, cases[_i].operations) == 0, "%s: %s, not %s", cases[_i].name, got, cases[_i].operations);
}
END_TEST

/* The storage of a result is as large as its elements, whatever a view of it shows. */
START_TEST(storages)
{
    static const struct {
        am_var (*record)(am_var x);
        int64_t bytes;
    } table[] = {{neg, 48}, {to, 96}, {neg_slice, 24}, {mean, 12}, {pad, 84}, {cat, 72}, {expand, 48}, {slice, 48}};
    for (int i = 0; i < COUNT(table); i++) {
        setup();
        am_var y = table[i].record(made(SHAPE(2, 3, 4), AM_BF16));
        ck_assert_int_eq(tape->storage[tape->tensor[y].storage].bytes, table[i].bytes);
    }
}
END_TEST

/* Results beside the first: a mask of a byte an element, statistics of a token each in fp32. */
START_TEST(other_results)
{
    setup();
    am_var x = made(SHAPE(2, 3, 4), AM_BF16);
    am_dropout(tape, am_transpose(tape, x, 0, 1), 1);
    const am_instruction *last = &tape->instruction[tape->instructions - 1];
    ck_assert_int_eq(last->results, 2);
    ck_assert_str_eq(tensor_text(tape->operand[last->first + 2]), "bool 3,2,4 / 8,4,1");
    layer_norm(x);
    last = &tape->instruction[tape->instructions - 1];
    ck_assert_int_eq(last->results, 3);
    for (int i = 1; i < 3; i++)
        ck_assert_str_eq(tensor_text(tape->operand[last->first + last->inputs + i]), "fp32 2,3,1 / 3,1,1");
}
END_TEST

/* An input whose value is 1 now is stretched as the number 1 is, whichever operand has it. */
START_TEST(broadcast)
{
    setup();
    am_dim one = am_dim_of(&extents, 1, 1, (const am_symbol[]){AM_TP, AM_SYMBOL_COUNT});
    am_var x = made(AM_SHAPE(one, number(4)), AM_BF16), y = made(SHAPE(3, 4), AM_BF16);
    ck_assert_int_ne(one, 0);
    ck_assert_str_eq(tensor_text(am_binary(tape, AM_OP_ADD, x, y)), "bf16 3,4 / 4,1");
    ck_assert_str_eq(tensor_text(am_binary(tape, AM_OP_ADD, y, x)), "bf16 3,4 / 4,1");
}
END_TEST

/* A transposition says which dimensions it swapped, for its backward. */
START_TEST(transposed_dimensions)
{
    setup();
    am_transpose(tape, made(SHAPE(2, 3, 4), AM_BF16), 2, 1);
    const am_instruction *last = &tape->instruction[tape->instructions - 1];
    ck_assert_int_eq(last->dims[0], 2);
    ck_assert_int_eq(last->dims[1], 1);
}
END_TEST

/* Under autocast to bf16: what wants fp32 gets it, a sum takes what comes, and a trainable weight's copy is made once. */
START_TEST(autocast)
{
    start(AM_BF16);
    am_var x = made(SHAPE(2, 4), AM_BF16), y = made(SHAPE(2, 4), AM_FP32), learns = weight(SHAPE(4), AM_FP32);
    am_var stays = frozen(SHAPE(4), AM_FP32);
    ck_assert_str_eq(tensor_text(am_unary(tape, AM_OP_POW, x)), "fp32 2,4 / 4,1");
    ck_assert_str_eq(tensor_text(am_unary(tape, AM_OP_NEG, x)), "bf16 2,4 / 4,1");
    ck_assert_str_eq(tensor_text(am_binary(tape, AM_OP_ADD, x, x)), "bf16 2,4 / 4,1");
    ck_assert_str_eq(tensor_text(am_binary(tape, AM_OP_ADD, x, y)), "fp32 2,4 / 4,1");
    ck_assert_str_eq(tensor_text(am_cat(tape, x, y, number(8))), "fp32 2,8 / 8,1");
    ck_assert_str_eq(tensor_text(am_layer_norm(tape, x, learns, 0)), "fp32 2,4 / 4,1");
    am_var cast = am_cast(tape, AM_OP_MM, learns);
    ck_assert_int_eq(am_cast(tape, AM_OP_MM, learns), cast);
    ck_assert_int_ne(am_cast(tape, AM_OP_MM, stays), am_cast(tape, AM_OP_MM, stays));
    ck_assert_int_eq(am_cast(tape, AM_OP_ADD, learns), learns);
    ck_assert_str_eq(tensor_text(am_sum_over(tape, x, 1, false)), "fp32 2 / 1");
    ck_assert_str_eq(tensor_text(am_sum_over(tape, made(SHAPE(2, 4), AM_I64), 1, false)), "i64 2 / 1"); /* autocast is of floating-point types */
}
END_TEST

Suite *test_operations_suite(void);
Suite *test_operations_suite(void)
{
    Suite *suite = suite_create("operations");
    TCase *tests = tcase_create("operations");
    tcase_add_loop_test(tests, results, 0, COUNT(cases));
    tcase_add_test(tests, storages);
    tcase_add_test(tests, other_results);
    tcase_add_test(tests, broadcast);
    tcase_add_test(tests, transposed_dimensions);
    tcase_add_test(tests, autocast);
    suite_add_tcase(suite, tests);
    return suite;
}
