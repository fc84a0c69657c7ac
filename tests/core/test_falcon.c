/* Falcon's wiring: side by side with one norm or two, and one behind the other. */
#include <stdio.h>

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
/* Where no kernel takes one key head for all, attention's softmax is _safe_softmax: a list that names softmax keeps nothing of it. */
START_TEST(safe_softmax)
{
    enum { SCORES = 2 * 4 * 33 * 33 * 4 };
    static const char *const lists[] = {"save:softmax", "save:_safe_softmax"};
    int64_t bytes[2];
    for (int i = 0; i < 2; i++) {
        char text[256];
        am_status status;
        snprintf(text, sizeof text, "family=falcon parallel_residual=no kv_heads=1 layers=1 hidden=32 heads=4 vocab=17 batch=2 seq=33 checkpoint=%s", lists[i]);
        am_config config = config_of(text);
        ck_assert_int_eq(am_evaluate(&fixture_report, &fixture_workspace, &config, &status), AM_OK);
        bytes[i] = fixture_report.saved_bytes;
    }
    ck_assert_int_eq(bytes[1], bytes[0] + SCORES);
}
END_TEST

Suite *test_falcon_suite(void)
{
    Suite *suite = suite_create("falcon");
    TCase *tests = tcase_create("falcon");
    tcase_add_test(tests, order_of_modules);
    tcase_add_test(tests, safe_softmax);
    suite_add_tcase(suite, tests);
    return suite;
}
