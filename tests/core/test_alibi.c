/* BLOOM's wiring and MPT's. */
#include "layers.h"

START_TEST(order_of_modules)
{
    static const struct {
        const char *text, *modules;
    } table[] = {
        {"family=bloom layers=1 hidden=32 heads=4 vocab=64 seq=16",
         "input_layernorm self_attention.query_key_value self_attention self_attention.dense post_attention_layernorm "
         "mlp.dense_h_to_4h mlp.gelu_impl mlp.dense_4h_to_h mlp "},
        {"family=mpt layers=1 hidden=32 heads=4 vocab=64 seq=16",
         "norm_1 attn.Wqkv attn attn.out_proj  norm_2 ffn.up_proj ffn.act ffn.down_proj ffn "},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        ck_assert_str_eq(modules_of_layer(table[i].text), table[i].modules);
}
END_TEST

Suite *test_alibi_suite(void);
Suite *test_alibi_suite(void)
{
    Suite *suite = suite_create("alibi");
    TCase *tests = tcase_create("alibi");
    tcase_add_test(tests, order_of_modules);
    suite_add_tcase(suite, tests);
    return suite;
}
