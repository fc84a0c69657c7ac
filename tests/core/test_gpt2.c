/* GPT-2's wiring and GPT-BigCode's. */
#include "layers.h"

START_TEST(order_of_modules)
{
    static const struct {
        const char *text, *modules;
    } table[] = {
        {"family=gpt2 layers=1 hidden=32 heads=4 vocab=64 seq=16 dropout=0.1",
         "ln_1 attn.c_attn attn attn.c_proj attn.resid_dropout  ln_2 mlp.c_fc mlp.act mlp.c_proj mlp.dropout "},
        {"family=gpt_bigcode kv_heads=1 layers=1 hidden=32 heads=4 vocab=64 seq=16 dropout=0.1",
         "ln_1 attn.c_attn attn attn.c_proj attn.resid_dropout  ln_2 mlp.c_fc mlp.act mlp.c_proj mlp.dropout "},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        ck_assert_str_eq(modules_of_layer(table[i].text), table[i].modules);
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
