/* import_hf_refused.c: what files may not say. */
#include "imports.h"

static const refusal errors[] = {
    {"{\"model_type\":\"olmo\",\"clip_qkv\":8.0}", AM_UNSUPPORTED, "clip_qkv", "=null"},
    {"{\"model_type\":\"hyperclovax\",\"use_post_norm\":false}", AM_UNSUPPORTED, "use_post_norm", "model_type granite"},
    {"{\"model_type\":\"hyperclovax\",\"use_post_norm\":1}", AM_BAD_CONFIG, "use_post_norm", "true or false"},
    {"{\"model_type\":\"falcon\",\"alibi\":true}", AM_UNSUPPORTED, "alibi", "alibi=false"},
    {"{\"model_type\":\"mpt\",\"attn_config\":{\"clip_qkv\":6}}", AM_UNSUPPORTED, "attn_config", "clip_qkv=null"},
    {"{\"model_type\":\"bloom\",\"apply_residual_connection_post_layernorm\":true}", AM_UNSUPPORTED,
     "apply_residual_connection_post_", "=false"},
    {"{\"model_type\":\"opt\",\"layerdrop\":0.1}", AM_UNSUPPORTED, "layerdrop", "layerdrop=0"},
    {"{\"model_type\":\"opt\",\"layer_norm_elementwise_affine\":false}", AM_UNSUPPORTED,
     "layer_norm_elementwise_affine", "=true"},
    {"{\"model_type\":\"qwen3_moe\",\"decoder_sparse_step\":2}", AM_UNSUPPORTED, "decoder_sparse_step", "=1"},
    {"{\"model_type\":\"qwen2_moe\",\"mlp_only_layers\":[0]}", AM_UNSUPPORTED, "mlp_only_layers", "=[]"},
    {"{\"model_type\":\"qwen3_moe\",\"use_sliding_window\":true}", AM_UNSUPPORTED, "use_sliding_window", "=false"},
    {"{\"model_type\":\"qwen2_moe\",\"mlp_only_layers\":[],\"layer_types\":\"x\"}", AM_UNSUPPORTED, "layer_types", "full_attention"},
    {"{\"model_type\":\"ministral\"}", AM_UNSUPPORTED, "layer_types", "model_type=mistral"},
    {"{\"model_type\":\"ministral\",\"layer_types\":null}", AM_UNSUPPORTED, "layer_types", "model_type=mistral"},
    {"{\"model_type\":\"cwm\",\"layer_types\":[\"sliding_attention\",\"full_attention\"]}", AM_UNSUPPORTED, "layer_types", "first of every"},
    {"{\"model_type\":\"ernie4_5_moe\",\"moe_layer_interval\":2}", AM_UNSUPPORTED, "moe_layer_interval", "=1"},
    {"{\"model_type\":\"ernie4_5_moe\",\"moe_layer_end_index\":26}", AM_UNSUPPORTED, "moe_layer_end_index", "=27"},
    {"{\"model_type\":\"ernie4_5_moe\",\"moe_layer_end_index\":\"x\"}", AM_BAD_CONFIG, "moe_layer_end_index", "whole number"},
    {"{\"model_type\":\"qwen2_moe\",\"decoder_sparse_step\":\"x\"}", AM_BAD_CONFIG, "decoder_sparse_step", "whole number"},
    {"{\"model_type\":\"qwen2_moe\",\"mlp_only_layers\":null,\"layer_types\":\"x\"}", AM_UNSUPPORTED, "layer_types", "full_attention"},
    {"{\"model_type\":\"qwen3_moe\",\"mlp_only_layers\":[],\"decoder_sparse_step\":1,\"use_sliding_window\":true}", AM_UNSUPPORTED, "use_sliding_window", "=false"},
    {"{\"model_type\":\"olmoe\",\"clip_qkv\":null,\"output_router_logits\":true}", AM_UNSUPPORTED, "output_router_logits", "=false"},
    {"{\"model_type\":\"mixtral\",\"router_jitter_noise\":0.1}", AM_UNSUPPORTED, "router_jitter_noise", "=0"},
    {"{\"model_type\":\"minimax_m2\",\"router_jitter_noise\":null}", AM_BAD_CONFIG, "router_jitter_noise", "a number"},
    {"{\"model_type\":\"youtu\",\"rope_interleave\":false}", AM_UNSUPPORTED, "rope_interleave", "=true"},
    {"{\"model_type\":\"glm4_moe_lite\",\"mlp_layer_types\":[\"sparse\",\"dense\"]}", AM_UNSUPPORTED, "mlp_layer_types", "dense layers before"},
    {"{\"model_type\":\"glm4_moe_lite\",\"mlp_layer_types\":1}", AM_UNSUPPORTED, "mlp_layer_types", "dense layers before"},
    {"{\"model_type\":\"dots1\",\"max_window_layers\":61}", AM_UNSUPPORTED, "max_window_layers", "max_window_layers=62"},
    {"{\"model_type\":\"dots1\",\"max_window_layers\":61,\"sliding_window\":8,\"layer_types\":null}", AM_UNSUPPORTED, "max_window_layers", "=null"},
    {"{\"model_type\":\"dots1\",\"num_hidden_layers\":63}", AM_UNSUPPORTED, "max_window_layers", "sliding_window=null"},
    {"{\"model_type\":\"dots1\",\"max_window_layers\":\"x\"}", AM_BAD_CONFIG, "max_window_layers", "whole number"},
    {"{\"model_type\":\"dots1\",\"layer_types\":[\"sliding_attention\"]}", AM_UNSUPPORTED, "layer_types", "full_attention"},
    {"{\"model_type\":\"deepseek_v3\",\"rope_interleave\":3}", AM_BAD_CONFIG, "rope_interleave", "true or false"},
    {"{\"model_type\":\"opt\",\"layerdrop\":\"x\",\"layer_norm_elementwise_affine\":true}", AM_BAD_CONFIG, "layerdrop", "a number"},
    {"{\"model_type\":\"olmoe\",\"clip_qkv\":8.0}", AM_UNSUPPORTED, "clip_qkv", "=null"},
    {"{\"model_type\":\"olmoe\",\"output_router_logits\":true}", AM_UNSUPPORTED, "output_router_logits", "=false"},
    {"{\"model_type\":\"deepseek_v3\",\"rope_interleave\":false}", AM_UNSUPPORTED, "rope_interleave", "=true"},
    {"{\"model_type\":\"gpt2\",\"reorder_and_upcast_attn\":1}", AM_BAD_CONFIG, "reorder_and_upcast_attn",
     "true or false"},
    {"{\"model_type\":\"mpt\",\"attn_config\":{\"attn_pdrop\":0.1}}", AM_UNSUPPORTED, "attn_config", "attn_pdrop=0"},
    {"{\"model_type\":\"mpt\",\"attn_config\":{\"attn_pdrop\":\"0\"}}", AM_BAD_CONFIG, "attn_pdrop", "a number"},
    {"{\"model_type\":\"smollm3\",\"use_sliding_window\":true}", AM_UNSUPPORTED, "use_sliding_window", "=false"},
    {"{\"model_type\":\"stablelm\",\"qk_layernorm\":true}", AM_UNSUPPORTED, "qk_layernorm", "=false"},
    {"{\"model_type\":\"gemma2\",\"use_bidirectional_attention\":true}", AM_UNSUPPORTED, "use_bidirectional_attention",
     "=false"},
    {"{\"model_type\":\"granite\",\"attention_dropout\":0.1}", AM_UNSUPPORTED, "attention_dropout",
     "attention_dropout=0"},
    {"{\"model_type\":\"gpt2\",\"reorder_and_upcast_attn\":true}", AM_UNSUPPORTED, "reorder_and_upcast_attn", "=false"},
    {"{\"model_type\":\"gpt2\",\"scale_attn_by_inverse_layer_idx\":true}", AM_UNSUPPORTED,
     "scale_attn_by_inverse_layer_idx", "=false"},
    {"{\"model_type\":\"gpt2\",\"add_cross_attention\":true}", AM_UNSUPPORTED, "add_cross_attention", "=false"},
    {"{\"model_type\":\"qwen2\",\"use_sliding_window\":true}", AM_UNSUPPORTED, "use_sliding_window", "=false"},
    {"{\"model_type\":\"qwen3\",\"use_sliding_window\":true}", AM_UNSUPPORTED, "use_sliding_window", "=false"},
    {"{\"model_type\":\"qwen2\",\"layer_types\":[\"full_attention\",\"sliding_attention\"]}", AM_UNSUPPORTED,
     "layer_types", "full_attention"},
    {"{\"model_type\":\"qwen3\",\"layer_types\":\"full_attention\"}", AM_UNSUPPORTED, "layer_types", "full_attention"},
    {"{\"model_type\":\"gemma\",\"use_bidirectional_attention\":true}", AM_UNSUPPORTED, "use_bidirectional_attention",
     "=false"},
    {"{\"model_type\":\"llama\",\"quantization_config\":{\"bits\":4}}", AM_UNSUPPORTED, "quantization_config",
     "delete quantization_config from the file for the 16-bit model"},
    {"{\"model_type\":\"llama\",\"num_hidden_layers\":80,\"hidden_size\":8192,\"quantization_config\":{\"bits\":4}}", AM_UNSUPPORTED,
     "quantization_config", "model, or say model=llama-"},
    {"{\"model_type\":\"llama\",\"num_hidden_layers\":80,\"hidden_size\":64,\"quantization_config\":{\"bits\":4}}", AM_UNSUPPORTED,
     "quantization_config", "from the file for the 16-bit model"},
    {"{\"model_type\":\"llama\",\"attention_dropout\":0.1}", AM_UNSUPPORTED, "attention_dropout",
     "attention_dropout=0"},
    {"{\"model_type\":\"qwen3\",\"attention_dropout\":1e-9}", AM_UNSUPPORTED, "attention_dropout",
     "attention_dropout=0"},
};

START_TEST(error)
{
    expect_refused(&errors[_i]);
}
END_TEST

Suite *test_import_hf_refused_suite(void)
{
    Suite *suite = suite_create("import_hf_refused");
    TCase *tests = tcase_create("import_hf_refused");
    tcase_add_loop_test(tests, error, 0, (int)COUNT(errors));
    suite_add_tcase(suite, tests);
    return suite;
}
