/* OPT's wiring: norms before the blocks and behind them. */
#include "layers.h"

#define SMALL "family=opt layers=1 hidden=32 heads=4 vocab=64 seq=16 dropout=0.1 "

START_TEST(order_of_modules)
{
    const char *modules = "self_attn_layer_norm self_attn.q_proj self_attn self_attn.k_proj self_attn.v_proj "
                          "self_attn.out_proj  final_layer_norm fc1 activation_fn fc2 ";
    ck_assert_str_eq(modules_of_layer(SMALL), modules);
    modules = "self_attn.q_proj self_attn self_attn.k_proj self_attn.v_proj self_attn.out_proj  self_attn_layer_norm "
              "fc1 activation_fn fc2 final_layer_norm ";
    ck_assert_str_eq(modules_of_layer(SMALL "pre_norm=no"), modules);
}
END_TEST

Suite *test_opt_suite(void);
Suite *test_opt_suite(void)
{
    Suite *suite = suite_create("opt");
    TCase *tests = tcase_create("opt");
    tcase_add_test(tests, order_of_modules);
    suite_add_tcase(suite, tests);
    return suite;
}
