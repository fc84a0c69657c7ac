/* GPT-2's wiring. */
#include "layers.h"

START_TEST(order_of_modules)
{
    ck_assert_str_eq(
        modules_of_layer("family=gpt2 layers=1 hidden=32 heads=4 vocab=64 seq=16 dropout=0.1"),
        "ln_1 attn.c_attn attn attn.c_proj attn.resid_dropout  ln_2 mlp.c_fc mlp.act mlp.c_proj mlp.dropout ");
}
END_TEST

Suite *test_gpt2_suite(void);
Suite *test_gpt2_suite(void)
{
    Suite *suite = suite_create("gpt2");
    TCase *tests = tcase_create("gpt2");
    tcase_add_test(tests, order_of_modules);
    suite_add_tcase(suite, tests);
    return suite;
}
