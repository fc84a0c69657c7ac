/* BLOOM's wiring and MPT's. */
#include "fixture.h"
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

/* A layer has its attention weights as a local until it returns, in a region of several layers too. Peaks are measured. */
START_TEST(weights_outlive_attention)
{
    static const struct {
        const char *text;
        int64_t forward_peak;
    } table[] = {
        {"family=bloom layers=2 hidden=64 heads=2 vocab=131 dropout=0.1 tie_word_embeddings=no batch=2 seq=31 attention=eager dtype=bf16 "
         "checkpoint=every:2 reentrant=yes trainable=none", 210684},
        {"family=bloom layers=6 hidden=64 heads=2 vocab=131 dropout=0.1 tie_word_embeddings=no batch=2 seq=31 attention=eager dtype=bf16 "
         "checkpoint=every:3 reentrant=yes trainable=none", 218620},
        {"family=mpt layers=4 hidden=64 heads=2 vocab=131 max_positions=64 batch=2 seq=32 attention=eager dtype=bf16 checkpoint=every:2 "
         "trainable=none", 125440},
        {"family=mpt layers=4 hidden=64 heads=2 vocab=131 max_positions=64 batch=2 seq=40 attention=eager dtype=fp32 checkpoint=every:2", 316032},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const am_config config = config_of(table[i].text);
        am_status status;
        ck_assert_msg(am_evaluate(&fixture_report, &fixture_workspace, &config, &status) == AM_OK, "%s", status.message);
        ck_assert_int_eq(fixture_report.outcome.forward_peak, table[i].forward_peak);
    }
}
END_TEST

Suite *test_alibi_suite(void);
Suite *test_alibi_suite(void)
{
    Suite *suite = suite_create("alibi");
    TCase *tests = tcase_create("alibi");
    tcase_add_test(tests, order_of_modules);
    tcase_add_test(tests, weights_outlive_attention);
    suite_add_tcase(suite, tests);
    return suite;
}
