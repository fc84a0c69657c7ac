/* import_hf_types.c: what files of each type leave out, and types that are not covered. */
#include "imports.h"

static const same models[] = {
    {"{\"model_type\":\"gpt2\"}", "model=gpt2"},
    {"{\"model_type\":\"llama\"}", "family=llama layers=32 hidden=4096 heads=32 ffn=11008 vocab=32000"},
    {"{\"model_type\":\"mistral\"}",
     "family=mistral layers=32 hidden=4096 heads=32 kv_heads=8 ffn=14336 vocab=32000 sliding_window=4096"},
    {"{\"model_type\":\"qwen2\"}", "family=qwen2 layers=32 hidden=4096 heads=32 ffn=22016 vocab=151936"},
    {"{\"model_type\":\"qwen3\"}", "family=qwen3 layers=32 hidden=4096 heads=32 head_dim=128 ffn=22016 vocab=151936"},
    {"{\"model_type\":\"gemma\"}", "family=gemma layers=28 hidden=3072 heads=16 head_dim=256 ffn=24576 vocab=256000"},
    {"{\"model_type\":\"gemma2\"}",
     "family=gemma2 layers=26 hidden=2304 heads=8 kv_heads=4 head_dim=256 ffn=9216 vocab=256000 sliding_window=4096 "
     "layer_period=2 attention_softcap=yes logit_softcap=yes tie_word_embeddings=yes"},
    {"{\"model_type\":\"gemma3\",\"text_config\":{\"hidden_size\":2560,\"num_hidden_layers\":34,\"sliding_window\":1024,"
     "\"model_type\":\"gemma3_text\",\"intermediate_size\":10240},\"hidden_size\":7}",
     "family=gemma3_text layers=34 hidden=2560 heads=8 kv_heads=4 head_dim=256 ffn=10240 vocab=262208 "
     "sliding_window=1024"},
    {"{\"model_type\":\"gemma3\",\"text_config\":{\"num_hidden_layers\":3}}",
     "family=gemma3_text layers=3 hidden=2304 heads=8 kv_heads=4 head_dim=256 ffn=9216 vocab=262208"},
    {"{\"model_type\":\"mistral3\",\"text_config\":{\"model_type\":\"mistral\",\"sliding_window\":null}}",
     "family=mistral layers=32 hidden=4096 heads=32 kv_heads=8 ffn=14336 vocab=32000"},
    {"{\"model_type\":\"phi3\"}", "family=phi3 layers=32 hidden=3072 heads=32 ffn=8192 vocab=32064"},
    {"{\"model_type\":\"olmo2\"}", "family=olmo2 layers=32 hidden=4096 heads=32 ffn=11008 vocab=50304"},
    {"{\"model_type\":\"glm\"}",
     "family=glm layers=40 hidden=4096 heads=32 kv_heads=2 head_dim=128 ffn=13696 vocab=151552 rotary_dim=64 qkv_bias=yes"},
    {"{\"model_type\":\"glm4_moe\",\"head_dim\":128}",
     "family=glm4_moe layers=46 hidden=4096 heads=96 kv_heads=8 head_dim=128 ffn=10944 vocab=151552 experts=128 experts_per_token=8 moe_ffn=1408 "
     "shared_ffn=1408 dense_layers=1 expert_groups=1 groups_per_token=1 norm_topk=yes rotary_dim=64"},
    {"{\"model_type\":\"gpt_neox\"}",
     "family=gpt_neox layers=44 hidden=6144 heads=64 ffn=24576 vocab=50432 rotary_dim=24"},
    {"{\"model_type\":\"opt\"}", "family=opt layers=12 hidden=768 heads=12 ffn=3072 vocab=50272 max_positions=2048 "
                                 "dropout=0.1 attention_dropout=0"},
    {"{\"model_type\":\"phi\"}", "family=phi layers=24 hidden=2048 heads=32 ffn=8192 vocab=51200 rotary_dim=32"},
    {"{\"model_type\":\"gptj\"}", "family=gptj layers=28 hidden=4096 heads=16 vocab=50400 max_positions=2048 "
                                  "rotary_dim=64"},
    {"{\"model_type\":\"gpt_neo\"}",
     "family=gpt_neo layers=24 hidden=2048 heads=16 vocab=50257 max_positions=2048"},
    {"{\"model_type\":\"gpt_bigcode\"}",
     "family=gpt_bigcode layers=12 hidden=768 heads=12 kv_heads=1 vocab=50257 max_positions=1024 dropout=0.1"},
    {"{\"model_type\":\"falcon\"}", "family=falcon layers=32 hidden=4544 heads=71 kv_heads=1 vocab=65024"},
    {"{\"model_type\":\"seed_oss\"}",
     "family=seed_oss layers=64 hidden=4096 heads=80 kv_heads=8 head_dim=128 ffn=27648 vocab=155136 dropout=0.1"},
    {"{\"model_type\":\"hunyuan_v1_dense\"}",
     "family=hunyuan_v1_dense layers=32 hidden=4096 heads=32 ffn=11008 vocab=290943"},
    {"{\"model_type\":\"jais2\"}",
     "model=jais-2-8b"},
    {"{\"model_type\":\"internlm3\"}",
     "model=internlm3-8b"},
    {"{\"model_type\":\"iquestcoder\"}",
     "family=llama layers=80 hidden=5120 heads=40 kv_heads=8 head_dim=128 ffn=27648 vocab=76800"},
    {"{\"model_type\":\"glm4_moe_lite\"}",
     "family=deepseek_v3 layers=47 hidden=2048 heads=20 head_dim=256 rotary_dim=64 v_head_dim=256 q_rank=768 kv_rank=512 ffn=10240 vocab=154880 "
     "experts=64 experts_per_token=4 moe_ffn=1536 shared_ffn=1536 dense_layers=1 expert_groups=1 groups_per_token=1"},
    {"{\"model_type\":\"glm4_moe_lite\",\"num_hidden_layers\":3,\"mlp_layer_types\":[\"dense\",\"dense\",\"sparse\"]}",
     "family=deepseek_v3 layers=3 hidden=2048 heads=20 head_dim=256 rotary_dim=64 v_head_dim=256 q_rank=768 kv_rank=512 ffn=10240 vocab=154880 "
     "experts=64 experts_per_token=4 moe_ffn=1536 shared_ffn=1536 dense_layers=2 expert_groups=1 groups_per_token=1"},
    {"{\"model_type\":\"youtu\"}",
     "family=youtu layers=32 hidden=2048 heads=16 head_dim=192 rotary_dim=64 v_head_dim=128 q_rank=1536 kv_rank=512 ffn=6144 vocab=128256"},
    {"{\"model_type\":\"dots1\",\"n_routed_experts\":128,\"num_experts_per_tok\":6,\"n_shared_experts\":2,\"first_k_dense_replace\":1}",
     "family=dots1 layers=62 hidden=4608 heads=32 ffn=10944 vocab=152064 experts=128 experts_per_token=6 moe_ffn=1408 shared_ffn=2816 dense_layers=1"},
    {"{\"model_type\":\"dots1\",\"n_routed_experts\":8,\"num_experts_per_tok\":1,\"num_hidden_layers\":63,\"sliding_window\":null,\"n_group\":null}",
     "family=dots1 layers=63 hidden=4608 heads=32 ffn=10944 vocab=152064 experts=8 experts_per_token=1 moe_ffn=1408"},
    {"{\"model_type\":\"solar_open\"}",
     "family=solar_open layers=48 hidden=4096 heads=64 kv_heads=8 head_dim=128 vocab=196608 experts=128 experts_per_token=8 moe_ffn=1280 shared_ffn=1280"},
    {"{\"model_type\":\"nemotron\"}", "family=nemotron layers=32 hidden=6144 heads=48 ffn=24576 vocab=256000 rotary_dim=64"},
    {"{\"model_type\":\"ministral3\"}", "family=ministral3 layers=34 hidden=4096 heads=32 kv_heads=8 head_dim=128 ffn=14336 vocab=131072"},
    {"{\"model_type\":\"mistral3\",\"text_config\":{\"model_type\":\"ministral3\",\"num_hidden_layers\":26,\"hidden_size\":3072,\"intermediate_size\":9216}}",
     "family=ministral3 layers=26 hidden=3072 heads=32 kv_heads=8 head_dim=128 ffn=9216 vocab=131072"},
    {"{\"model_type\":\"apertus\",\"num_key_value_heads\":8}",
     "family=apertus layers=32 hidden=4096 heads=32 kv_heads=8 ffn=14336 vocab=131072 activation=xielu"},
    {"{\"model_type\":\"ernie4_5_moe\",\"moe_layer_end_index\":27,\"moe_layer_interval\":1}",
     "family=ernie4_5_moe layers=28 hidden=2560 heads=20 kv_heads=4 ffn=12288 vocab=103424 experts=64 experts_per_token=6 moe_ffn=1536 shared_ffn=3072 "
     "dense_layers=1"},
    {"{\"model_type\":\"granitemoe\",\"num_local_experts\":32,\"num_experts_per_tok\":8}",
     "family=granitemoe layers=32 hidden=4096 heads=32 ffn=11008 vocab=32000 experts=32 experts_per_token=8"},
    {"{\"model_type\":\"cwm\",\"layer_types\":null}", "family=cwm layers=64 hidden=6144 heads=48 kv_heads=8 head_dim=128 ffn=21504 vocab=128256"},
    {"{\"model_type\":\"ministral\",\"num_hidden_layers\":5,\"head_dim\":128,\"layer_types\":[\"full_attention\",\"sliding_attention\",\"sliding_attention\","
     "\"full_attention\",\"sliding_attention\"]}",
     "family=ministral layers=5 hidden=4096 heads=32 kv_heads=8 head_dim=128 ffn=14336 vocab=32000 sliding_window=4096 layer_period=3"},
    {"{\"model_type\":\"deepseek_v2\",\"num_experts_per_tok\":6,\"q_lora_rank\":null,\"n_group\":1,\"topk_group\":1,\"topk_method\":\"greedy\"}",
     "family=deepseek_v2 layers=32 hidden=4096 heads=32 head_dim=192 rotary_dim=64 v_head_dim=128 kv_rank=512 ffn=11008 vocab=102400 experts=64 "
     "experts_per_token=6 moe_ffn=1407 shared_ffn=2814"},
    {"{\"model_type\":\"deepseek_v2\",\"num_experts_per_tok\":6,\"n_group\":8,\"topk_group\":3,\"topk_method\":\"group_limited_greedy\"}",
     "family=deepseek_v2 layers=32 hidden=4096 heads=32 head_dim=192 rotary_dim=64 v_head_dim=128 q_rank=1536 kv_rank=512 ffn=11008 vocab=102400 experts=64 "
     "experts_per_token=6 moe_ffn=1407 shared_ffn=2814 expert_groups=8 groups_per_token=3"},
    {"{\"model_type\":\"deepseek_v2\",\"num_experts_per_tok\":6,\"n_group\":8,\"topk_group\":3,\"q_lora_rank\":null}",
     "family=deepseek_v2 layers=32 hidden=4096 heads=32 head_dim=192 rotary_dim=64 v_head_dim=128 kv_rank=512 ffn=11008 vocab=102400 experts=64 "
     "experts_per_token=6 moe_ffn=1407 shared_ffn=2814"},
    {"{\"model_type\":\"mistral4\",\"n_shared_experts\":1}",
     "family=mistral4 layers=36 hidden=4096 heads=32 head_dim=128 rotary_dim=64 v_head_dim=128 q_rank=1024 kv_rank=256 ffn=12288 vocab=131072 experts=128 "
     "experts_per_token=4 moe_ffn=2048 shared_ffn=2048"},
    {"{\"model_type\":\"flex_olmo\"}",
     "family=flex_olmo layers=32 hidden=4096 heads=32 ffn=11008 vocab=100352 experts=7 experts_per_token=5"},
    {"{\"model_type\":\"vaultgemma\"}",
     "family=vaultgemma layers=26 hidden=2304 heads=8 kv_heads=4 head_dim=256 ffn=9216 vocab=256000 sliding_window=4096"},
    {"{\"model_type\":\"minimax_m2\",\"rotary_dim\":64}",
     "family=minimax_m2 layers=62 hidden=3072 heads=48 kv_heads=8 head_dim=128 ffn=1536 vocab=200064 experts=256 experts_per_token=8 rotary_dim=64"},
    {"{\"model_type\":\"minimax_m2\"}",
     "family=minimax_m2 layers=62 hidden=3072 heads=48 kv_heads=8 head_dim=128 ffn=1536 vocab=200064 experts=256 experts_per_token=8"},
};

START_TEST(same_model)
{
    expect_model(&models[_i]);
}
END_TEST

static const refusal errors[] = {
    {"{}", AM_BAD_CONFIG, "model_type", "no model_type"},
    {"{\"model_type\":null}", AM_BAD_CONFIG, "model_type", "no model_type"},
    {"{\"model_type\":\"\"}", AM_BAD_CONFIG, "model_type", "no model_type"},
    {"{\"model_type\":5}", AM_BAD_CONFIG, "model_type", "a text"},
    {"{\"text_config\":{\"model_type\":\"llama\"}}", AM_BAD_CONFIG, "model_type", "no model_type"},
    {"{\"model_type\":\"gemma3n_text\"}", AM_UNKNOWN_ARCHITECTURE, "model_type",
     "actmem does not yet cover model_type gemma3n_text; the nearest covered one is gemma3_text"},
    {"{\"model_type\":\"gemma3n\",\"text_config\":{\"model_type\":\"gemma3n_text\"}}", AM_UNKNOWN_ARCHITECTURE,
     "model_type", "covered one is gemma3_text"},
    {"{\"model_type\":\"gemma3\",\"text_config\":[]}", AM_BAD_CONFIG, "text_config", "an object"},
    {"{\"model_type\":\"gemma3\",\"text_config\":{\"hidden_size\":1,\"hidden_size\":2}}", AM_BAD_CONFIG, "hidden_size",
     "twice"},
    {"{\"model_type\":\"mistral3\"}", AM_UNKNOWN_ARCHITECTURE, "model_type", "covered one is mistral"},
    {"{\"model_type\":\"phimoe\"}", AM_UNKNOWN_ARCHITECTURE, "model_type", "covered one is mixtral"},
    {"{\"model_type\":\"olmo_hybrid\"}", AM_UNKNOWN_ARCHITECTURE, "model_type", "covered one is olmo2"},
    {"{\"model_type\":\"granitemoeshared\"}", AM_UNKNOWN_ARCHITECTURE, "model_type", "covered one is granitemoe"},
    {"{\"model_type\":\"granite_swa\"}", AM_UNKNOWN_ARCHITECTURE, "model_type", "covered one is granite"},
    {"{\"model_type\":\"ernie4_5_vl_moe\"}", AM_UNKNOWN_ARCHITECTURE, "model_type", "covered one is ernie4_5_moe"},
    {"{\"model_type\":\"glm4_moe_next\"}", AM_UNKNOWN_ARCHITECTURE, "model_type", "covered one is glm4_moe"},
    {"{\"model_type\":\"minimax\"}", AM_UNKNOWN_ARCHITECTURE, "model_type", "covered one is minimax_m2"},
    {"{\"model_type\":\"cohere2_moe\"}", AM_UNKNOWN_ARCHITECTURE, "model_type", "covered one is cohere2"},
    {"{\"model_type\":\"gpt_neox_japanese\"}", AM_UNKNOWN_ARCHITECTURE, "model_type", "covered one is gpt_neox"},
    {"{\"model_type\":\"deepseek_v32\"}", AM_UNKNOWN_ARCHITECTURE, "model_type", "covered one is deepseek_v3"},
    {"{\"model_type\":\"qwen2_vl\"}", AM_UNKNOWN_ARCHITECTURE, "model_type", "covered one is qwen2"},
    {"{\"model_type\":\"qwen3_next\"}", AM_UNKNOWN_ARCHITECTURE, "model_type", "covered one is qwen3_moe"},
    {"{\"model_type\":\"a\",\"text_config\":null}", AM_UNKNOWN_ARCHITECTURE, "model_type", ""},
    {"{\"model_type\":\"a_model_of_a_name_that_is_very_very_very_long\",\"text_config\":{}}", AM_UNKNOWN_ARCHITECTURE, "model_type", ""},
    {"{\"model_type\":\"bert\"}", AM_UNKNOWN_ARCHITECTURE, "model_type", "covered one is opt"},
    {"{\"model_type\":\"xlm-roberta\"}", AM_UNKNOWN_ARCHITECTURE, "model_type", "covered one is opt"},
    {"{\"model_type\":\"llama4\"}", AM_UNKNOWN_ARCHITECTURE, "model_type", "covered one is qwen3_moe"},
    {"{\"model_type\":\"never heard of\"}", AM_UNKNOWN_ARCHITECTURE, "model_type", "never heard of"},
    {"{\"model_type\":\"Llama\"}", AM_UNKNOWN_ARCHITECTURE, "model_type", "covered one is llama"},
    {"{\"model_type\":\"a name that is much longer than any that transformers has ever had\"}", AM_UNKNOWN_ARCHITECTURE,
     "model_type", "a name that is much"},
};

START_TEST(error)
{
    expect_refused(&errors[_i]);
}
END_TEST

/* Families whose heads are hidden / heads wide: their code takes a head_dim of another width for some of it alone. */
static const char *const wide_heads[] = {
    "{\"model_type\":\"phi\",\"head_dim\":24}",
    "{\"model_type\":\"gpt_neox\",\"head_dim\":24}",
    "{\"model_type\":\"stablelm\",\"head_dim\":24}",
    "{\"model_type\":\"cohere2\",\"head_dim\":24}",
};

START_TEST(wide_head)
{
    expect_fine(wide_heads[_i], import(wide_heads[_i]));
    ck_assert_int_eq(am_config_resolve(&config, &status), AM_UNSUPPORTED);
    ck_assert_str_eq(status.field, "head_dim");
}
END_TEST

Suite *test_import_hf_types_suite(void)
{
    Suite *suite = suite_create("import_hf_types");
    TCase *tests = tcase_create("import_hf_types");
    tcase_add_loop_test(tests, same_model, 0, (int)COUNT(models));
    tcase_add_loop_test(tests, error, 0, (int)COUNT(errors));
    tcase_add_loop_test(tests, wide_head, 0, (int)COUNT(wide_heads));
    suite_add_tcase(suite, tests);
    return suite;
}
