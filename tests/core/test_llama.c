/* Llama's wiring, and that of the families that differ from it by flags. */
#include "layers.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))
#define SMALL        " layers=1 hidden=32 heads=4 ffn=48 vocab=64 seq=16"

#define PROJECTIONS "self_attn.q_proj self_attn self_attn.k_proj self_attn.v_proj self_attn.o_proj "
#define GATED       "mlp.gate_proj mlp.act_fn mlp.up_proj mlp mlp.down_proj "
#define FUSED_GATE  "mlp.gate_up_proj mlp mlp.activation_fn mlp.down_proj "

START_TEST(order_of_modules)
{
    static const struct {
        const char *text, *modules;
    } table[] = {
        {"family=llama" SMALL, "input_layernorm " PROJECTIONS " post_attention_layernorm " GATED},
        {"family=qwen3" SMALL,
         "input_layernorm self_attn.q_proj self_attn self_attn.q_norm self_attn.k_proj self_attn.k_norm "
         "self_attn.v_proj self_attn.o_proj  post_attention_layernorm " GATED},
        {"family=gemma2 sliding_window=8" SMALL,
         "input_layernorm " PROJECTIONS "post_attention_layernorm  pre_feedforward_layernorm " GATED
         "post_feedforward_layernorm "},
        {"family=gemma3_text sliding_window=8" SMALL,
         "input_layernorm self_attn.q_proj self_attn self_attn.k_proj self_attn.v_proj self_attn.q_norm "
         "self_attn.k_norm self_attn.o_proj post_attention_layernorm  pre_feedforward_layernorm " GATED
         "post_feedforward_layernorm "},
        {"family=phi3 dropout=0.1" SMALL,
         "input_layernorm self_attn.qkv_proj self_attn self_attn.o_proj resid_attn_dropout  "
         "post_attention_layernorm " FUSED_GATE "resid_mlp_dropout "},
        {"family=olmo2" SMALL,
         "self_attn.q_proj self_attn.q_norm self_attn.k_proj self_attn.k_norm self_attn.v_proj self_attn "
         "self_attn.o_proj post_attention_layernorm  " GATED "post_feedforward_layernorm "},
        {"family=granite" SMALL, "input_layernorm " PROJECTIONS " post_attention_layernorm " GATED},
        {"family=stablelm dropout=0.1" SMALL,
         "input_layernorm self_attn.q_proj self_attn.k_proj self_attn.v_proj self_attn self_attn.o_proj  "
         "post_attention_layernorm " GATED "dropout "},
        {"family=stablelm parallel_residual=yes" SMALL,
         "input_layernorm self_attn.q_proj self_attn.k_proj self_attn.v_proj self_attn self_attn.o_proj " GATED " "},
        {"family=glm" SMALL, "input_layernorm " PROJECTIONS " post_attention_layernorm " FUSED_GATE},
        {"family=glm4" SMALL,
         "input_layernorm " PROJECTIONS "post_self_attn_layernorm  post_attention_layernorm " FUSED_GATE
         "post_mlp_layernorm "},
        {"family=cohere qk_norm=yes" SMALL,
         "input_layernorm self_attn.q_proj self_attn self_attn.k_proj self_attn.v_proj self_attn.q_norm "
         "self_attn.k_norm self_attn.o_proj " GATED " "},
        {"family=cohere2 sliding_window=8" SMALL, "input_layernorm " PROJECTIONS GATED " "},
        {"family=starcoder2 dropout=0.1" SMALL,
         "input_layernorm " PROJECTIONS " post_attention_layernorm mlp.c_fc mlp.act mlp.c_proj mlp "},
    };
    for (int i = 0; i < COUNT(table); i++) ck_assert_str_eq(modules_of_layer(table[i].text), table[i].modules);
}
END_TEST

/* Every so-manieth layer has no rotary positions, or no window: what it saves is told apart. */
START_TEST(kinds_of_layers)
{
    static const struct {
        const char *text;
        int64_t first, second;
        const char *labels[2];
    } table[] = {
        {"family=smollm3 layers=9 hidden=32 heads=4 ffn=48 vocab=64 seq=16", 7, 2, {"rotary positions", "no positions"}},
        {"family=gemma2 layers=5 hidden=32 heads=4 ffn=48 vocab=64 seq=16 sliding_window=8", 3, 2,
         {"sliding window", "full attention"}},
        {"family=cohere2 layers=9 hidden=32 heads=4 ffn=48 vocab=64 seq=16 sliding_window=8 layer_period=3", 6, 3,
         {"sliding window", "full attention"}},
    };
    for (int i = 0; i < COUNT(table); i++) {
        am_config config = config_of(table[i].text);
        am_status status;
        ck_assert_int_eq(am_evaluate(&fixture_report, &fixture_workspace, &config, &status), AM_OK);
        int64_t count[2] = {0};
        for (int j = 0; j < fixture_report.kinds; j++) {
            const am_kind *kind = &fixture_report.kind[j];
            int second = strcmp(kind->label, table[i].labels[1]) == 0;
            ck_assert_str_eq(kind->label, table[i].labels[second]);
            count[second] += kind->count;
        }
        ck_assert_int_eq(count[0], table[i].first);
        ck_assert_int_eq(count[1], table[i].second);
    }
}
END_TEST

Suite *test_llama_suite(void);
Suite *test_llama_suite(void)
{
    Suite *suite = suite_create("llama");
    TCase *tests = tcase_create("llama");
    tcase_add_test(tests, order_of_modules);
    tcase_add_test(tests, kinds_of_layers);
    suite_add_tcase(suite, tests);
    return suite;
}
