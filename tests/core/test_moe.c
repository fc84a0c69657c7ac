/* Mixtures of experts: their modules, layers with and without experts, and which inputs say so. */
#include "layers.h"

#define SMALL "hidden=32 heads=4 vocab=64 seq=16 experts=8 experts_per_token=3 "
#define MIXTRAL "family=mixtral ffn=24 " SMALL
#define DEEPSEEK "family=deepseek_v3 head_dim=12 rotary_dim=4 v_head_dim=8 kv_rank=16 ffn=48 moe_ffn=24 " SMALL

START_TEST(order_of_modules)
{
    const char *modules = "input_layernorm self_attn.q_proj self_attn self_attn.k_proj self_attn.v_proj self_attn.o_proj  "
                          "post_attention_layernorm mlp mlp.gate mlp.experts mlp.experts.act_fn ";
    ck_assert_str_eq(modules_of_layer(MIXTRAL "layers=1"), modules);
    const char *experts = strstr(modules_of_layer(DEEPSEEK "layers=1 shared_ffn=48"), "mlp.gate");
    ck_assert_str_eq(experts, "mlp.gate mlp mlp.experts mlp.experts.act_fn mlp.shared_experts.gate_proj "
                              "mlp.shared_experts.act_fn mlp.shared_experts.up_proj mlp.shared_experts "
                              "mlp.shared_experts.down_proj ");
}
END_TEST

static am_report *evaluate(const char *text)
{
    am_status status;
    am_config config = config_of(text);
    ck_assert_msg(am_evaluate(&fixture_report, &fixture_workspace, &config, &status) == AM_OK, "%s", status.message);
    return &fixture_report;
}

/* Dense layers are a kind of their own; every expert's weights count, used or not. */
START_TEST(kinds)
{
    const am_report *report = evaluate(DEEPSEEK "layers=5 dense_layers=2");
    ck_assert_int_eq(report->kinds, 2);
    ck_assert_str_eq(report->kind[0].label, "dense");
    ck_assert_str_eq(report->kind[1].label, "expert");
    ck_assert_int_eq(report->kind[0].count, 2);
    ck_assert_int_eq(report->kind[1].count, 3);
    int64_t mixed = report->parameters.total;
    report = evaluate(DEEPSEEK "layers=5 dense_layers=5");
    ck_assert_int_eq(report->kinds, 1);
    ck_assert_ptr_null(report->kind[0].label);
    int64_t dense = report->parameters.total, experts = 8 * 3 * 24 * 32 + 8 * 32, mlp = 3 * 48 * 32;
    ck_assert_int_eq(mixed - dense, 3 * (experts - mlp));
}
END_TEST

/* Sizes depend on the experts of a token, not on how many there are, but for router and offsets. */
START_TEST(experts)
{
    int64_t before = evaluate(MIXTRAL "layers=1")->saved_bytes;
    const am_report *report = evaluate("family=mixtral ffn=24 hidden=32 heads=4 vocab=64 seq=16 layers=1 experts=9 "
                                       "experts_per_token=3");
    ck_assert_int_eq(report->saved_bytes - before, 16 * 4 + 4); /* a probability in fp32 for each token, an offset */
}
END_TEST

Suite *test_moe_suite(void);
Suite *test_moe_suite(void)
{
    Suite *suite = suite_create("moe");
    TCase *tests = tcase_create("moe");
    tcase_add_test(tests, order_of_modules);
    tcase_add_test(tests, kinds);
    tcase_add_test(tests, experts);
    suite_add_tcase(suite, tests);
    return suite;
}
