/* Falcon's wiring: side by side with one norm or two, and one behind the other. */
#include "layers.h"

START_TEST(order_of_modules)
{
    static const struct {
        const char *text, *modules;
    } table[] = {
        {"family=falcon kv_heads=1 layers=1 hidden=32 heads=4 vocab=64 seq=16",
         "input_layernorm self_attention.query_key_value self_attention self_attention.dense "
         "mlp.dense_h_to_4h mlp.act mlp.dense_4h_to_h  "},
        {"family=falcon parallel_residual=no layers=1 hidden=32 heads=4 vocab=64 seq=16",
         "input_layernorm self_attention.query_key_value self_attention self_attention.dense  post_attention_layernorm "
         "mlp.dense_h_to_4h mlp.act mlp.dense_4h_to_h "},
        {"family=falcon new_decoder=yes kv_heads=2 layers=1 hidden=32 heads=4 vocab=64 seq=16",
         "ln_attn ln_mlp self_attention.query_key_value self_attention self_attention.dense "
         "mlp.dense_h_to_4h mlp.act mlp.dense_4h_to_h  "},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        ck_assert_str_eq(modules_of_layer(table[i].text), table[i].modules);
}
END_TEST

Suite *test_falcon_suite(void);
Suite *test_falcon_suite(void)
{
    Suite *suite = suite_create("falcon");
    TCase *tests = tcase_create("falcon");
    tcase_add_test(tests, order_of_modules);
    suite_add_tcase(suite, tests);
    return suite;
}
