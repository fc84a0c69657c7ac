/* repeat.c: a copied layer is, number for number, what its builder would have recorded. */
#include "repeated.h"

static am_tape built;

#define EQUAL(array, from, count)                                                                                      \
    for (int i = from; i < built.count; i++)                                                                           \
    ck_assert_msg(memcmp(&tape->array[i], &built.array[i], sizeof *tape->array) == 0, #array " %d", i)

START_TEST(same)
{
    record_one(_i, false);
    built = *tape;
    record_one(_i, true);
    ck_assert_int_eq(tape->instructions, built.instructions);
    ck_assert_int_eq(tape->gradients, built.gradients);
    ck_assert_int_eq(tape->flops, built.flops);
    EQUAL(instruction, 0, instructions);
    EQUAL(operand, 0, operands);
    EQUAL(tensor, 1, tensors);
    EQUAL(storage, 1, storages);
    EQUAL(node, 1, nodes);
    EQUAL(region, 1, regions);
    EQUAL(leaf, 1, leaves);
    EQUAL(save, 0, saves);
    EQUAL(active, 0, actives);
}
END_TEST

/* A layer that gives its input another name is not alike to the one before it, whose input had its first. */
START_TEST(apart)
{
    setup_config();
    labels = true;
    toggles = false;
    record(false, true, (am_record){.units = 3, .inner = 1});
    ck_assert_int_eq(tape->repeats, 0);
}
END_TEST

Suite *test_repeat_suite(void);
Suite *test_repeat_suite(void)
{
    Suite *suite = suite_create("repeat");
    TCase *tests = tcase_create("repeat");
    tcase_add_loop_test(tests, same, 0, COUNT(repeated));
    tcase_add_test(tests, apart);
    suite_add_tcase(suite, tests);
    return suite;
}
