/* Phi's wiring. */
#include "layers.h"

START_TEST(order_of_modules)
{
    static const struct {
        const char *text, *modules;
    } table[] = {
        {"family=phi layers=1 hidden=32 heads=4 vocab=64 seq=16 dropout=0.1",
         "input_layernorm self_attn.q_proj self_attn self_attn.k_proj self_attn.v_proj self_attn.dense resid_dropout "
         "mlp.fc1 mlp.activation_fn mlp.fc2  "},
        {"family=phi qk_norm=yes layers=1 hidden=32 heads=4 vocab=64 seq=16 dropout=0.1",
         "input_layernorm self_attn.q_proj self_attn self_attn.k_proj self_attn.v_proj self_attn.q_layernorm "
         "self_attn.k_layernorm self_attn.dense resid_dropout mlp.fc1 mlp.activation_fn mlp.fc2  "},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        ck_assert_str_eq(modules_of_layer(table[i].text), table[i].modules);
}
END_TEST

Suite *test_phi_suite(void);
Suite *test_phi_suite(void)
{
    Suite *suite = suite_create("phi");
    TCase *tests = tcase_create("phi");
    tcase_add_test(tests, order_of_modules);
    suite_add_tcase(suite, tests);
    return suite;
}
