/* The plain PyTorch Llama: its modules, what its fused operations keep, its head. What it keeps in whole is measured:
 * tests/fixtures. */
#include "layers.h"
#include "tape.h"

#define SMALL "stack=torch layers=1 hidden=32 heads=4 kv_heads=2 ffn=48 vocab=64 seq=16 "

START_TEST(order_of_modules)
{
    ck_assert_str_eq(modules_of_layer(SMALL), "n1 q  k v o n2 w1 w3 w2 ");
}
END_TEST

static int count_of(am_op op)
{
    const am_tape *tape = &fixture_workspace.tape;
    int count = 0;
    for (int i = 0; i < tape->instructions; i++)
        count += tape->instruction[i].kind == AM_I_OP && tape->instruction[i].op == op;
    return count;
}

/* One operation for each norm and for the attention, keys and values taken as they are; an fp32 copy of the logits. */
START_TEST(operations)
{
    static const struct {
        const char *text;
        int flash, efficient, clones;
    } table[] = {
        {SMALL, 1, 0, 0},
        {SMALL "attention=efficient", 0, 1, 0},
        {SMALL "attention=flash", 1, 0, 0},
        {SMALL "dtype=fp32", 0, 1, 0},
        {SMALL "head_dim=264", 0, 1, 0},
        {SMALL "head_dim=12 batch=2", 1, 0, 1}, /* padded to 16: the output is cut back, and copied into rows */
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        modules_of_layer(table[i].text);
        ck_assert_int_eq(count_of(AM_OP_RMS_NORM), 3);
        ck_assert_int_eq(count_of(AM_OP_POW), 0);
        ck_assert_msg(count_of(AM_OP_FLASH_ATTENTION) == table[i].flash, "%s", table[i].text);
        ck_assert_int_eq(count_of(AM_OP_EFFICIENT_ATTENTION), table[i].efficient);
        ck_assert_msg(count_of(AM_OP_CLONE) == table[i].clones, "%s: %d copies", table[i].text, count_of(AM_OP_CLONE));
        ck_assert_int_eq(count_of(AM_OP_EXPAND), 0);
    }
}
END_TEST

/* h·v more parameters where the head is not the embedding table; nothing else in the count depends on it. */
START_TEST(tied_head)
{
    am_status status;
    int64_t total[2];
    for (int tied = 0; tied < 2; tied++) {
        am_config config = config_of(tied ? SMALL "tie_word_embeddings=yes" : SMALL);
        ck_assert_int_eq(am_evaluate(&fixture_report, &fixture_workspace, &config, &status), AM_OK);
        total[tied] = fixture_report.parameters.total;
    }
    ck_assert_int_eq(total[0] - total[1], 64 * 32);
    /* v·h twice, two projections of h·h and two of h·h/2, three of h·f, norms */
    ck_assert_int_eq(total[0], 2 * 64 * 32 + 3 * 32 * 32 + 3 * 32 * 48 + 3 * 32);
}
END_TEST

Suite *test_torch_suite(void);
Suite *test_torch_suite(void)
{
    Suite *suite = suite_create("torch");
    TCase *tests = tcase_create("torch");
    tcase_add_test(tests, order_of_modules);
    tcase_add_test(tests, operations);
    tcase_add_test(tests, tied_head);
    suite_add_tcase(suite, tests);
    return suite;
}
