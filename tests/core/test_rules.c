/* Every rule of core/ops.def is held by a measurement: changed alone, it contradicts one. */
#include <stdio.h>
#include <string.h>

#include "exhibits.h"
#include "writable_ops.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))

static char unheld[16384];
static int flips, missed;

/* The first exhibit that a change of the operation's row contradicts; NULL if none does. */
static const exhibit *contradicted(am_op op, const am_op_info *changed)
{
    am_op_info *row = &writable_ops()[op], own = *row;
    const exhibit *found = NULL;
    *row = *changed;
    for (int i = 0; i < exhibit_count && !found; i++)
        if (exhibits[i].held[op] && exhibit_signature(&exhibits[i]) != exhibits[i].signature) found = &exhibits[i];
    *row = own;
    return found;
}

/* Changes, by how they begin, that no measurement contradicts, and why. */
static const char of_one_size[] = "the two gradients are of one size";
static const char without_autocast[] = "Megatron's stacks take no autocast";
static const char without_sequence[] = "no sequence of Megatron's allocations is measured; its peaks stand elsewhere";
static const char without_ranks_autocast[] = "ranks of the plain Llama take no autocast";
static const char without_ranks_sequence[] = "no sequence of a rank's allocations is measured; its peaks stand elsewhere";
static const struct {
    const char *node, *change, *why;
} invisible[] = {
    {"Div", "always saves other", "its divisor is a number of tokens: a gradient that flows flows to the other"},
    {"LogSoftmax", "is cast", "F.cross_entropy says the type itself"},
    {"ScaledDotProductEfficientAttention", "is cast", "scaled_dot_product_attention casts before it takes a kernel"},
    {"SafeSoftmax", "is cast", "it is a step of scaled_dot_product_attention, which casts before"},
    {"NativeLayerNorm", "has the gradient of 2 before 1", of_one_size},
    {"ScaledDotProductFlashAttention", "has the gradient of 2 before 1", of_one_size},
    {"ScaledDotProductEfficientAttention", "has the gradient of 2 before 1", of_one_size},
    {"LigerFusedLinearCrossEntropyFunction", "always saves grad_weight", "a frozen weight has none"},
    {"LinearCrossEntropyFunction", "does not save c", "a parameter"},
    {"LigerRMSNormFunction", "does not save w", "a parameter"},
    {"LinearCrossEntropyFunction", "has", "no sequence of its allocations is measured; its peak stands elsewhere"},
    {"Softplus", "is cast", "of a parameter alone, which is in fp32 where there is autocast"},
    {"Baddbmm", "is cast", without_autocast},
    {"ScaledUpperTriangMaskedSoftmax", "is cast", without_autocast},
    {"GeLUFunction", "is cast", without_autocast},
    {"_LayerNormLinear", "has the gradient of 3 before 2", of_one_size},
    {"FlashAttnFunc", "has the gradient of 2 before 1", of_one_size},
    {"LinearWithGradAccumulationAndAsyncCommunication", "has another step 3", without_sequence},
    {"ScaledUpperTriangMaskedSoftmax", "has another step 1", without_sequence},
    {"CopySlices", "has another step", without_sequence},
    {"SwiGLUFunction", "has another step", without_sequence},
    {"_VocabParallelCrossEntropy", "has another step", without_sequence},
    {"RouterGatingLinearFunction", "does not save saved[1]", "a parameter"},
    {"GMM", "does not save saved[1]", "a parameter"},
    {"MoEAuxLossAutoScaler", "is cast", without_autocast},
    {"RouterGatingLinearFunction", "has", without_sequence},
    {"Redistribute", "is cast", without_ranks_autocast},
    {"Redistribute", "has another step", without_ranks_sequence},
    {"_FromTorchTensor", "has another step", without_ranks_sequence},
    {"LogSoftmax", "has another step", without_ranks_sequence},
    {"Scatter", "has another step", without_sequence},
    {"MoEAuxLossAutoScaler", "has another step", without_sequence},
    {"MaskedSelect", "has another step", without_sequence},
    {"IndexSelect", "has another step", without_sequence},
    {"SplitWithSizes", "has another step", without_sequence},
    {"GMM", "has", without_sequence},
    {"Partitioned", "has", without_sequence},
    {"ScatterAdd", "has another step", without_sequence},
};

static bool is_invisible(am_op op, const char *change)
{
    for (int i = 0; i < COUNT(invisible); i++)
        if (strcmp(am_ops[op].node, invisible[i].node) == 0 &&
            strncmp(change, invisible[i].change, strlen(invisible[i].change)) == 0)
            return true;
    return false;
}

static void judge(am_op op, bool held, const char *what, const char *detail)
{
    char change[96];
    snprintf(change, sizeof change, "%s %s", what, detail);
    flips++;
    if (held || is_invisible(op, change)) return;
    missed++;
    size_t length = strlen(unheld);
    snprintf(unheld + length, sizeof unheld - length, "\n  %s: %s", am_ops[op].name, change);
}

static void flip(am_op op, const am_op_info *changed, const char *what, const char *detail)
{
    judge(op, contradicted(op, changed) != NULL, what, detail);
}

static void expect_all_held(void)
{
    ck_assert_msg(!missed,
                  "%d of %d changes contradict no measurement: record a case that does (tests/oracle/record.py), or "
                  "say above why none can:%s",
                  missed, flips, unheld);
}

static void remove_save(am_op_info *row, int rule)
{
    memmove(&row->saves[rule], &row->saves[rule + 1], (size_t)(AM_MAX_SAVES - 1 - rule) * sizeof *row->saves);
    row->saves[AM_MAX_SAVES - 1] = (am_save_rule){.attribute = NULL};
}

START_TEST(saves)
{
    for (int op = 0; op < AM_OP_COUNT; op++)
        for (int rule = 0; rule < AM_MAX_SAVES && am_ops[op].saves[rule].attribute; rule++) {
            const char *attribute = am_ops[op].saves[rule].attribute;
            am_op_info changed = am_ops[op];
            remove_save(&changed, rule);
            flip((am_op)op, &changed, "does not save", attribute);
            if (am_ops[op].saves[rule].needs < 0) continue;
            changed = am_ops[op];
            changed.saves[rule].needs = -1;
            flip((am_op)op, &changed, "always saves", attribute);
        }
    expect_all_held();
}
END_TEST

/* Does the core ask the operation's class? Products, norms and softmax have one; pointwise functions, which take their
 * own gradient at the output's shape, ask and are told to promote. What else there is takes what it is given. */
static bool asks(int op)
{
    uint8_t kind = am_ops[op].backward[0].kind;
    if (op == AM_OP_CLONE || op == AM_OP_DROPOUT || op == AM_OP_MASKED_FILL) return false;
    return am_ops[op].cast != AM_CAST_PROMOTE || kind == AM_AT_OUTPUT || kind == AM_PASS;
}

START_TEST(cast_classes)
{
    static const char *const names[] = {"promote", "low", "fp32"};
    for (int op = 0; op < AM_OP_COUNT; op++)
        for (int class = AM_CAST_PROMOTE; class <= AM_CAST_FP32 && asks(op); class ++) {
            if (am_ops[op].cast == (am_cast_class)class) continue;
            am_op_info changed = am_ops[op];
            changed.cast = (am_cast_class)class;
            flip((am_op)op, &changed, "is cast as", names[class]);
        }
    expect_all_held();
}
END_TEST

static void drop_step(am_op_info *row, int step)
{
    memmove(&row->backward[step], &row->backward[step + 1],
            (size_t)(AM_MAX_STEPS - 1 - step) * sizeof *row->backward);
    row->backward[AM_MAX_STEPS - 1] = (am_backward_step){AM_END, 0};
}

/* What a step is not, so that it would allocate other bytes. */
static const uint8_t opposites[][2] = {[AM_AT_OUTPUT] = {AM_PASS, AM_PASS},
                                       [AM_AT_INPUT] = {AM_AT_OUTPUT, AM_PASS},
                                       [AM_KERNEL] = {AM_AT_INPUT, AM_PASS},
                                       [AM_PASS] = {AM_AT_OUTPUT, AM_AT_INPUT}};

static bool is_temporary(uint8_t kind)
{
    return kind == AM_TEMPORARY || kind == AM_ZEROS || kind == AM_NUMBER || kind == AM_BOOLEANS || kind == AM_SCRATCH || kind == AM_FREE || kind == AM_DROP ||
           kind == AM_EMPTY;
}

static bool is_step_held(am_op op, int index)
{
    am_op_info changed = am_ops[op];
    am_backward_step *step = &changed.backward[index];
    uint8_t kind = step->kind;
    if (is_temporary(kind)) {
        drop_step(&changed, index);
        return contradicted(op, &changed) != NULL;
    }
    for (int i = op == AM_OP_CUT_CE || op == AM_OP_NORM_LINEAR || op == AM_OP_NORM_SEQUENCE_LINEAR; i < 2; i++) { /* a routine's opposite is a copy; E is for four inputs at most */
        step->kind = kind <= AM_PASS ? opposites[kind][i] : AM_AT_INPUT;
        if (contradicted(op, &changed)) return true;
    }
    return false;
}

/* The paper's own operations: it says nothing of a backward. */
static bool is_paper(int op)
{
    return op == AM_OP_PAPER_NORM || op == AM_OP_PAPER_EMBEDDING || op == AM_OP_PAPER_LOSS;
}

START_TEST(backward_steps)
{
    for (int op = 0; op < AM_OP_COUNT; op++)
        for (int i = 0; i < AM_MAX_STEPS && !is_paper(op) && am_ops[op].backward[i].kind != AM_END; i++) {
            char text[32];
            snprintf(text, sizeof text, "step %d", i);
            judge((am_op)op, is_step_held((am_op)op, i), "has another", text);
        }
    expect_all_held();
}
END_TEST

START_TEST(aliases)
{
    for (int op = 0; op < AM_OP_COUNT; op++) {
        if (!am_ops[op].alias) continue;
        am_op_info changed = am_ops[op];
        changed.alias = false;
        flip((am_op)op, &changed, "has a result of", "its own");
    }
    expect_all_held();
}
END_TEST

/* Two steps that allocate, in the other order: visible where they are of different sizes. */
START_TEST(orders_of_steps)
{
    for (int op = 0; op < AM_OP_COUNT; op++)
        for (int i = 0; i + 1 < AM_MAX_STEPS && !is_paper(op); i++) {
            const am_backward_step *step = &am_ops[op].backward[i];
            bool sized = step[0].kind == AM_AT_INPUT || step[0].kind == AM_KERNEL;
            if (!sized || step[1].kind != step[0].kind) continue;
            am_op_info changed = am_ops[op];
            changed.backward[i] = step[1];
            changed.backward[i + 1] = step[0];
            char text[32];
            snprintf(text, sizeof text, "%d before %d", step[1].input, step[0].input);
            flip((am_op)op, &changed, "has the gradient of", text);
        }
    expect_all_held();
}
END_TEST

static void setup(void)
{
    exhibits_load();
}

Suite *test_rules_suite(void);
Suite *test_rules_suite(void)
{
    Suite *suite = suite_create("rules");
    TCase *tests = tcase_create("rules");
    tcase_set_timeout(tests, 120);
    tcase_add_unchecked_fixture(tests, setup, NULL);
    tcase_add_test(tests, saves);
    tcase_add_test(tests, aliases);
    tcase_add_test(tests, cast_classes);
    tcase_add_test(tests, backward_steps);
    tcase_add_test(tests, orders_of_steps);
    suite_add_tcase(suite, tests);
    return suite;
}
