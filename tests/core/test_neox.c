/* GPT-NeoX's wiring: side by side, and one behind the other. */
#include "layers.h"

#define SMALL "family=gpt_neox layers=1 hidden=32 heads=4 vocab=64 seq=16 dropout=0.1 "

START_TEST(order_of_modules)
{
    const char *modules = "input_layernorm attention.query_key_value attention attention.dense post_attention_dropout "
                          "post_attention_layernorm mlp.dense_h_to_4h mlp.act mlp.dense_4h_to_h post_mlp_dropout  ";
    ck_assert_str_eq(modules_of_layer(SMALL), modules);
    modules = "input_layernorm attention.query_key_value attention attention.dense post_attention_dropout  "
              "post_attention_layernorm mlp.dense_h_to_4h mlp.act mlp.dense_4h_to_h post_mlp_dropout ";
    ck_assert_str_eq(modules_of_layer(SMALL "parallel_residual=no"), modules);
}
END_TEST

Suite *test_neox_suite(void);
Suite *test_neox_suite(void)
{
    Suite *suite = suite_create("neox");
    TCase *tests = tcase_create("neox");
    tcase_add_test(tests, order_of_modules);
    suite_add_tcase(suite, tests);
    return suite;
}
