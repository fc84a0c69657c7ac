/* The attention of GPT-J and GPT-Neo within their layers. */
#include "layers.h"

START_TEST(order_of_modules)
{
    static const struct {
        const char *text, *modules;
    } table[] = {
        {"family=gptj layers=1 hidden=32 heads=4 vocab=64 seq=16 dropout=0.1",
         "ln_1 attn.q_proj attn.k_proj attn.v_proj attn attn.attn_dropout attn.out_proj attn.resid_dropout mlp.fc_in "
         "mlp.act mlp.fc_out mlp.dropout  "},
        {"family=gpt_neo layers=1 hidden=32 heads=4 vocab=64 seq=16 dropout=0.1",
         "ln_1 attn.attention.q_proj attn.attention.k_proj attn.attention.v_proj attn.attention "
         "attn.attention.attn_dropout attn.attention.out_proj attn.attention.resid_dropout  ln_2 mlp.c_fc mlp.act "
         "mlp.c_proj mlp.dropout "},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        ck_assert_str_eq(modules_of_layer(table[i].text), table[i].modules);
}
END_TEST

Suite *test_gptj_suite(void);
Suite *test_gptj_suite(void)
{
    Suite *suite = suite_create("gptj");
    TCase *tests = tcase_create("gptj");
    tcase_add_test(tests, order_of_modules);
    suite_add_tcase(suite, tests);
    return suite;
}
