/* import_hf.c: config.json files as transformers reads them. */
#include "imports.h"

#include <stdio.h>

/* ---- the fixtures' files */

static const struct {
    const char *file;
    int64_t family, layers, hidden, heads, kv_heads, head_dim, ffn, vocab, activation, tied, dropout, window;
} files[] = {
    {"gemma-2b", AM_FAMILY_GEMMA, 18, 2048, 8, 1, 256, 16384, 256000, AM_GEGLU_TANH, 1, 0, 0},
    {"gemma-2b-4l-v1024", AM_FAMILY_GEMMA, 4, 2048, 8, 1, 256, 16384, 1024, AM_GEGLU_TANH, 1, 0, 0},
    {"gpt2-124m", AM_FAMILY_GPT2, 12, 768, 12, 12, 64, 3072, 50257, AM_GELU_NEW, 1, 100000, 0},
    {"gpt2-124m-b", AM_FAMILY_GPT2, 12, 768, 12, 12, 64, 3072, 50257, AM_GELU_NEW, 1, 0, 0},
    {"gpt2-124m-b-b", AM_FAMILY_GPT2, 12, 768, 12, 12, 64, 3072, 50257, AM_GELU_TANH, 1, 100000, 0},
    {"gpt2-4l-v1024", AM_FAMILY_GPT2, 4, 768, 12, 12, 64, 3072, 1024, AM_GELU_NEW, 1, 100000, 0},
    {"gpt2-4l-v1024-b", AM_FAMILY_GPT2, 4, 768, 12, 12, 64, 3072, 1024, AM_GELU_TANH, 1, 100000, 0},
    {"gpt2-xl", AM_FAMILY_GPT2, 48, 1600, 25, 25, 64, 6400, 50257, AM_GELU_NEW, 1, 100000, 0},
    {"llama-2-7b", AM_FAMILY_LLAMA, 32, 4096, 32, 32, 128, 11008, 32000, AM_SWIGLU, 0, 0, 0},
    {"llama-2-7b-4l-v1024", AM_FAMILY_LLAMA, 4, 4096, 32, 32, 128, 11008, 1024, AM_SWIGLU, 0, 0, 0},
    {"llama-3-70b", AM_FAMILY_LLAMA, 80, 8192, 64, 8, 128, 28672, 128256, AM_SWIGLU, 0, 0, 0},
    {"llama-3-70b-4l-v1024", AM_FAMILY_LLAMA, 4, 8192, 64, 8, 128, 28672, 1024, AM_SWIGLU, 0, 0, 0},
    {"llama-3-8b", AM_FAMILY_LLAMA, 32, 4096, 32, 8, 128, 14336, 128256, AM_SWIGLU, 0, 0, 0},
    {"llama-3-8b-8l", AM_FAMILY_LLAMA, 8, 4096, 32, 8, 128, 14336, 128256, AM_SWIGLU, 0, 0, 0},
    {"llama-3-8b-8l-v1024", AM_FAMILY_LLAMA, 8, 4096, 32, 8, 128, 14336, 1024, AM_SWIGLU, 0, 0, 0},
    {"lora-all", AM_FAMILY_LLAMA, 4, 4096, 32, 8, 128, 14336, 128256, AM_SWIGLU, 0, 0, 0},
    {"deepseek-v3-4l", AM_FAMILY_DEEPSEEK_V3, 4, 7168, 128, 128, 192, 18432, 129280, AM_SWIGLU, 0, 0, 0},
    {"deepseek-v3-4l-v1024", AM_FAMILY_DEEPSEEK_V3, 4, 7168, 128, 128, 192, 18432, 1024, AM_SWIGLU, 0, 0, 0},
    {"mixtral-8x7b", AM_FAMILY_MIXTRAL, 32, 4096, 32, 8, 128, 14336, 32000, AM_SWIGLU, 0, 0, 0},
    {"mixtral-8x7b-4l-v1024", AM_FAMILY_MIXTRAL, 4, 4096, 32, 8, 128, 14336, 1024, AM_SWIGLU, 0, 0, 0},
    {"mistral-7b", AM_FAMILY_MISTRAL, 32, 4096, 32, 8, 128, 14336, 32000, AM_SWIGLU, 0, 0, 4096},
    {"mistral-7b-4l-v1024", AM_FAMILY_MISTRAL, 4, 4096, 32, 8, 128, 14336, 1024, AM_SWIGLU, 0, 0, 4096},
    {"opt-1.3b", AM_FAMILY_OPT, 24, 2048, 32, 32, 64, 8192, 50272, AM_RELU, 1, 100000, 0},
    {"opt-1.3b-4l-v1024", AM_FAMILY_OPT, 4, 2048, 32, 32, 64, 8192, 1024, AM_RELU, 1, 100000, 0},
    {"pythia-1.4b", AM_FAMILY_NEOX, 24, 2048, 16, 16, 128, 8192, 50304, AM_GELU, 0, 0, 0},
    {"pythia-1.4b-4l-v1024", AM_FAMILY_NEOX, 4, 2048, 16, 16, 128, 8192, 1024, AM_GELU, 0, 0, 0},
    {"qwen2.5-7b", AM_FAMILY_QWEN2, 28, 3584, 28, 4, 128, 18944, 152064, AM_SWIGLU, 0, 0, 0},
    {"qwen2.5-7b-4l-v1024", AM_FAMILY_QWEN2, 4, 3584, 28, 4, 128, 18944, 1024, AM_SWIGLU, 0, 0, 0},
    {"qwen3-4b", AM_FAMILY_QWEN3, 36, 2560, 32, 8, 128, 9728, 151936, AM_SWIGLU, 1, 0, 0},
    {"qwen3-4b-4l-v1024", AM_FAMILY_QWEN3, 4, 2560, 32, 8, 128, 9728, 1024, AM_SWIGLU, 1, 0, 0},
    {"smollm2-360m", AM_FAMILY_LLAMA, 32, 960, 15, 5, 64, 2560, 49152, AM_SWIGLU, 1, 0, 0},
};

static const char *read_file(const char *name)
{
    static char text[65536];
    char path[128];
    snprintf(path, sizeof path, "tests/fixtures/configs/%s.json", name);
    FILE *file = fopen(path, "rb");
    ck_assert_msg(file != NULL, "%s: run from the repository's root", path);
    size_t length = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[length] = '\0';
    return text;
}

START_TEST(fixture)
{
    const char *name = files[_i].file;
    expect_fine(name, import(read_file(name)));
    config.seq = 1024;
    expect_fine(name, am_config_resolve(&config, &status));
    ck_assert_str_eq(config.model, "");
    ck_assert_int_eq(config.family, files[_i].family);
    ck_assert_int_eq(config.layers, files[_i].layers);
    ck_assert_int_eq(config.hidden, files[_i].hidden);
    ck_assert_int_eq(config.heads, files[_i].heads);
    ck_assert_int_eq(config.kv_heads, files[_i].kv_heads);
    ck_assert_int_eq(config.head_dim, files[_i].head_dim);
    ck_assert_int_eq(config.ffn, files[_i].ffn);
    ck_assert_int_eq(config.vocab, files[_i].vocab);
    ck_assert_int_eq(config.activation, files[_i].activation);
    ck_assert_int_eq(config.tie_word_embeddings, files[_i].tied);
    ck_assert_int_eq(config.dropout, files[_i].dropout);
    bool opt = config.family == AM_FAMILY_OPT; /* drops out on the residual branches alone */
    ck_assert_int_eq(config.attention_dropout, opt ? 0 : files[_i].dropout);
    ck_assert_int_eq(config.embedding_dropout, opt ? 0 : files[_i].dropout);
    ck_assert_int_eq(config.sliding_window, files[_i].window);
    bool plain = config.norm == AM_LAYERNORM;
    ck_assert_int_eq(config.qkv_bias, plain || config.family == AM_FAMILY_QWEN2);
    ck_assert_int_eq(config.rotary_dim, config.positions == AM_LEARNED            ? 0
                                        : config.family == AM_FAMILY_NEOX ? config.head_dim / 4
                                        : config.kv_rank                  ? config.head_dim / 3
                                                                          : config.head_dim);
    ck_assert_int_eq(config.qk_norm, config.family == AM_FAMILY_QWEN3);
}
END_TEST

/* A preset and the file that it was taken from are the same model. */
START_TEST(fixture_is_its_preset)
{
    static const struct {
        const char *file, *preset;
    } pairs[] = {
        {"gpt2-124m", "gpt2"},          {"gpt2-xl", "gpt2-xl"},
        {"llama-2-7b", "llama-2-7b"},   {"llama-3-8b", "llama-3-8b"},
        {"llama-3-70b", "llama-3-70b"}, {"qwen2.5-7b", "qwen2.5-7b"},
        {"qwen3-4b", "qwen3-4b"},       {"mistral-7b", "mistral-7b"},
        {"gemma-2b", "gemma-2b"},       {"smollm2-360m", "smollm2-360m"},
    };
    for (size_t i = 0; i < COUNT(pairs); i++) {
        expect_fine(pairs[i].file, import(read_file(pairs[i].file)));
        config.seq = 1024;
        expect_fine(pairs[i].file, am_config_resolve(&config, &status));
        am_config imported = config;
        config = am_default_config();
        config.seq = 1024;
        expect_fine(pairs[i].preset, am_preset_apply(&config, pairs[i].preset, &status));
        expect_fine(pairs[i].preset, am_config_resolve(&config, &status));
        memset(config.model, 0, sizeof config.model);
        memset(imported.model, 0, sizeof imported.model);
        ck_assert_mem_eq(&config, &imported, sizeof config);
    }
}
END_TEST

/* ---- what a file says */

static const same models[] = {
    /* GPT-2 */
    {"{\"model_type\":\"gpt2\",\"n_inner\":1000,\"n_positions\":2048,\"n_ctx\":1024}",
     "model=gpt2 ffn=1000 max_positions=2048"},
    {"{\"model_type\":\"gpt2\",\"n_inner\":null}", "model=gpt2"},
    {"{\"model_type\":\"gpt2\",\"num_hidden_layers\":3,\"hidden_size\":64,\"num_attention_heads\":2}",
     "model=gpt2 layers=3 hidden=64 heads=2"},
    {"{\"model_type\":\"gpt2\",\"activation_function\":\"relu\"}", "model=gpt2 activation=relu"},
    {"{\"model_type\":\"gpt2\",\"activation_function\":\"gelu\"}", "model=gpt2 activation=gelu"},
    {"{\"model_type\":\"gpt2\",\"activation_function\":\"swish\"}", "model=gpt2 activation=silu"},
    {"{\"model_type\":\"gpt2\",\"activation_function\":\"gelu_pytorch_tanh\"}",
     "model=gpt2 activation=gelu_pytorch_tanh"},
    {"{\"model_type\":\"gpt2\",\"resid_pdrop\":0,\"attn_pdrop\":0.05,\"embd_pdrop\":1e-06}",
     "model=gpt2 dropout=0 attention_dropout=0.05 embedding_dropout=0.000001"},
    {"{\"model_type\":\"gpt2\",\"resid_pdrop\":0.10000000149011612}", "model=gpt2"},
    {"{\"model_type\":\"gpt2\",\"tie_word_embeddings\":false}", "model=gpt2 tie_word_embeddings=no"},
    {"{\"model_type\":\"gpt2\",\"reorder_and_upcast_attn\":false,\"add_cross_attention\":null}", "model=gpt2"},
    /* layers of two kinds, and what families like Llama say otherwise */
    {"{\"model_type\":\"gemma2\",\"attn_logit_softcapping\":null,\"final_logit_softcapping\":20.5,"
     "\"num_hidden_layers\":6,\"layer_types\":[\"sliding_attention\",\"sliding_attention\",\"full_attention\","
     "\"sliding_attention\",\"sliding_attention\",\"full_attention\"]}",
     "family=gemma2 layers=6 hidden=2304 heads=8 kv_heads=4 head_dim=256 ffn=9216 vocab=256000 layer_period=3 "
     "attention_softcap=no"},
    {"{\"model_type\":\"gemma3_text\",\"sliding_window_pattern\":4,\"layer_types\":null}",
     "family=gemma3_text layers=26 hidden=2304 heads=8 kv_heads=4 head_dim=256 ffn=9216 vocab=262208 layer_period=4"},
    {"{\"model_type\":\"phi3\",\"sliding_window\":2047,\"rope_parameters\":{\"partial_rotary_factor\":0.75},"
     "\"resid_pdrop\":0.1}",
     "family=phi3 layers=32 hidden=3072 heads=32 ffn=8192 vocab=32064 sliding_window=2047 rotary_dim=72 dropout=0.1 "
     "attention_dropout=0"},
    {"{\"model_type\":\"smollm3\",\"layer_types\":[\"full_attention\"]}",
     "family=smollm3 layers=36 hidden=2048 heads=16 kv_heads=4 ffn=11008 vocab=128256"},
    {"{\"model_type\":\"smollm3\",\"num_hidden_layers\":3,\"no_rope_layers\":[1,0,1]}",
     "family=smollm3 layers=3 hidden=2048 heads=16 kv_heads=4 ffn=11008 vocab=128256 layer_period=2"},
    {"{\"model_type\":\"granite\",\"attention_bias\":true}",
     "family=granite layers=32 hidden=4096 heads=32 ffn=11008 vocab=32000 qkv_bias=yes o_bias=yes"},
    {"{\"model_type\":\"stablelm\",\"head_dim\":null,\"use_parallel_residual\":true}",
     "family=stablelm layers=32 hidden=2560 heads=32 ffn=6912 vocab=50304 rotary_dim=20 parallel_residual=yes"},
    {"{\"model_type\":\"glm4\",\"attention_bias\":false}",
     "family=glm4 layers=40 hidden=4096 heads=32 kv_heads=2 head_dim=128 ffn=13696 vocab=151552 qkv_bias=no"},
    {"{\"model_type\":\"cohere\",\"use_qk_norm\":true}",
     "family=cohere layers=40 hidden=8192 heads=64 ffn=22528 vocab=256000 qk_norm=yes parallel_residual=yes"},
    {"{\"model_type\":\"cohere2\",\"head_dim\":128}",
     "family=cohere2 layers=40 hidden=8192 heads=64 ffn=22528 vocab=256000 sliding_window=4096 layer_period=4"},
    {"{\"model_type\":\"starcoder2\",\"sliding_window\":4096}",
     "family=starcoder2 layers=30 hidden=3072 heads=24 kv_heads=2 ffn=12288 vocab=49152 sliding_window=4096 bias=yes"},
    /* GPT-NeoX: how much of a head is rotated, by its names */
    {"{\"model_type\":\"gpt_neox\",\"hidden_size\":80,\"num_attention_heads\":4,\"rotary_pct\":1.0}",
     "family=gpt_neox layers=44 hidden=80 heads=4 ffn=24576 vocab=50432 rotary_dim=20"},
    {"{\"model_type\":\"gpt_neox\",\"hidden_size\":80,\"num_attention_heads\":4,\"rotary_pct\":0.25,"
     "\"rope_parameters\":{\"partial_rotary_factor\":0.5},\"use_parallel_residual\":false,\"attention_bias\":false}",
     "family=gpt_neox layers=44 hidden=80 heads=4 ffn=24576 vocab=50432 rotary_dim=10 parallel_residual=no "
     "qkv_bias=no o_bias=no"},
    {"{\"model_type\":\"gpt_neox\",\"hidden_size\":80,\"num_attention_heads\":4,\"rope_scaling\":null,"
     "\"hidden_dropout\":0.1}",
     "family=gpt_neox layers=44 hidden=80 heads=4 ffn=24576 vocab=50432 rotary_dim=6 dropout=0.1 "
     "attention_dropout=0"},
    /* OPT */
    {"{\"model_type\":\"opt\",\"word_embed_proj_dim\":512,\"do_layer_norm_before\":false,\"enable_bias\":false,"
     "\"dropout\":0}",
     "family=opt layers=12 hidden=768 heads=12 ffn=3072 vocab=50272 max_positions=2048 embedding_dim=512 pre_norm=no "
     "bias=no"},
    /* Phi, GPT-J, GPT-Neo, GPT-BigCode */
    {"{\"model_type\":\"phi\",\"num_key_value_heads\":8,\"partial_rotary_factor\":0.25,\"qk_layernorm\":true,"
     "\"resid_pdrop\":0.1,\"attention_dropout\":null}",
     "family=phi layers=24 hidden=2048 heads=32 kv_heads=8 ffn=8192 vocab=51200 rotary_dim=16 qk_norm=yes dropout=0.1 "
     "attention_dropout=0 embedding_dropout=0"},
    {"{\"model_type\":\"gpt_neo\",\"attention_types\":[[[\"global\",\"local\"],12]],\"window_size\":128,"
     "\"intermediate_size\":100}",
     "family=gpt_neo layers=24 hidden=2048 heads=16 ffn=100 vocab=50257 max_positions=2048"},
    {"{\"model_type\":\"gpt_bigcode\",\"multi_query\":false,\"n_head\":1,\"n_embd\":64}",
     "family=gpt_bigcode layers=12 hidden=64 heads=1 vocab=50257 max_positions=1024 dropout=0.1"},
    {"{\"model_type\":\"gpt_bigcode\",\"multi_query\":false}",
     "family=gpt_bigcode layers=12 hidden=768 heads=12 vocab=50257 max_positions=1024 dropout=0.1"},
    /* Falcon: its two layers, and how many key heads they have */
    {"{\"model_type\":\"falcon\",\"multi_query\":false,\"num_attention_heads\":64,\"hidden_size\":4096,"
     "\"parallel_attn\":false,\"bias\":true}",
     "family=falcon layers=32 hidden=4096 heads=64 vocab=65024 parallel_residual=no bias=yes"},
    {"{\"model_type\":\"falcon\",\"new_decoder_architecture\":true,\"num_kv_heads\":8,\"num_attention_heads\":128,"
     "\"hidden_size\":8192,\"ffn_hidden_size\":32768,\"multi_query\":true}",
     "family=falcon layers=32 hidden=8192 heads=128 kv_heads=8 vocab=65024 new_decoder=yes parallel_norms=2"},
    /* BLOOM, MPT */
    {"{\"model_type\":\"bloom\",\"hidden_size\":1024,\"n_head\":16,\"n_layer\":24,\"pretraining_tp\":2}",
     "family=bloom layers=24 hidden=1024 heads=16 vocab=250880"},
    {"{\"model_type\":\"bloom\",\"n_embed\":1024,\"num_attention_heads\":16,\"hidden_dropout\":0.1}",
     "family=bloom layers=2 hidden=1024 heads=16 vocab=250880 dropout=0.1 attention_dropout=0"},
    {"{\"model_type\":\"mpt\",\"attn_config\":{\"attn_impl\":\"triton\",\"clip_qkv\":null,\"attn_pdrop\":0}}",
     "family=mpt layers=24 hidden=2048 heads=16 vocab=50368 max_positions=2048"},
    /* Llama and its like */
    {"{\"model_type\":\"llama\",\"num_key_value_heads\":8,\"torch_dtype\":\"float32\",\"dtype\":\"float16\"}",
     "model=llama-2-7b kv_heads=8"},
    {"{\"model_type\":\"llama\",\"num_key_value_heads\":null,\"head_dim\":null}", "model=llama-2-7b"},
    {"{\"model_type\":\"llama\",\"head_dim\":64}", "model=llama-2-7b head_dim=64"},
    {"{\"model_type\":\"llama\",\"attention_bias\":true}", "model=llama-2-7b qkv_bias=yes o_bias=yes"},
    {"{\"model_type\":\"llama\",\"mlp_bias\":true}", "model=llama-2-7b mlp_bias=yes"},
    {"{\"model_type\":\"llama\",\"attention_bias\":true,\"mlp_bias\":true}",
     "model=llama-2-7b qkv_bias=yes o_bias=yes mlp_bias=yes"},
    {"{\"model_type\":\"llama\",\"hidden_act\":\"gelu\"}", "model=llama-2-7b activation=geglu"},
    {"{\"model_type\":\"llama\",\"hidden_act\":\"gelu_pytorch_tanh\"}", "model=llama-2-7b activation=geglu_tanh"},
    {"{\"model_type\":\"llama\",\"hidden_act\":null,\"attention_dropout\":0}", "model=llama-2-7b"},
    {"{\"model_type\":\"llama\",\"tie_word_embeddings\":true}", "model=llama-2-7b tie_word_embeddings=yes"},
    {"{\"model_type\":\"llama\",\"sliding_window\":5,\"text_config\":{\"hidden_size\":7}}", "model=llama-2-7b"},
    {"{\"model_type\":\"mistral\",\"sliding_window\":null}", "model=mistral-7b sliding_window=0"},
    {"{\"model_type\":\"mistral\",\"sliding_window\":128,\"num_key_value_heads\":null}",
     "model=mistral-7b sliding_window=128 kv_heads=32"},
    {"{\"model_type\":\"qwen3\",\"attention_bias\":true,\"use_sliding_window\":false,\"sliding_window\":4096}",
     "family=qwen3 layers=32 hidden=4096 heads=32 ffn=22016 vocab=151936 qkv_bias=yes o_bias=yes"},
    {"{\"model_type\":\"qwen2\",\"layer_types\":[\"full_attention\"]}",
     "family=qwen2 layers=32 hidden=4096 heads=32 ffn=22016 vocab=151936"},
    {"{\"model_type\":\"qwen2\",\"layer_types\":null,\"quantization_config\":null}",
     "family=qwen2 layers=32 hidden=4096 heads=32 ffn=22016 vocab=151936"},
    /* rarer ones that are wired like Llama */
    {"{\"model_type\":\"seed_oss\",\"hidden_size\":5120,\"attention_bias\":false,\"attention_out_bias\":true,\"residual_dropout\":0,\"attention_dropout\":0}",
     "family=seed_oss layers=64 hidden=5120 heads=80 kv_heads=8 head_dim=128 ffn=27648 vocab=155136 qkv_bias=no o_bias=yes"},
    {"{\"model_type\":\"ernie4_5\",\"use_bias\":null}",
     "model=ernie-4.5-0.3b"},
    {"{\"model_type\":\"ernie4_5\",\"use_bias\":true}",
     "model=ernie-4.5-0.3b bias=yes"},
    {"{\"model_type\":\"helium\",\"head_dim\":128}",
     "model=helium-1-preview-2b"},
    {"{\"model_type\":\"olmo\",\"clip_qkv\":null}",
     "model=olmo-7b"},
    {"{\"model_type\":\"olmo3\",\"vocab_size\":100278}",
     "model=olmo-3-7b"},
    {"{\"model_type\":\"olmo3\",\"vocab_size\":100278,\"num_hidden_layers\":4,\"layer_types\":[\"sliding_attention\",\"full_attention\",\"sliding_attention\",\"full_attention\"]}",
     "model=olmo-3-7b layers=4 layer_period=2"},
    {"{\"model_type\":\"exaone4\",\"hidden_size\":5120,\"num_attention_heads\":40,\"num_key_value_heads\":8,\"intermediate_size\":27392,\"num_hidden_layers\":4,\"sliding_window_pattern\":\"LLLG\",\"layer_types\":[\"sliding_attention\",\"sliding_attention\",\"sliding_attention\",\"full_attention\"]}",
     "model=exaone-4.0-32b layers=4"},
    {"{\"model_type\":\"exaone4\",\"hidden_size\":5120,\"num_attention_heads\":40,\"num_key_value_heads\":8,\"intermediate_size\":27392,\"num_hidden_layers\":64,\"sliding_window_pattern\":2}",
     "model=exaone-4.0-32b layer_period=2"},
    {"{\"model_type\":\"exaone4\",\"hidden_size\":2048,\"num_key_value_heads\":8,\"intermediate_size\":4096,\"num_hidden_layers\":2,\"sliding_window\":null,\"sliding_window_pattern\":null,\"tie_word_embeddings\":true,\"layer_types\":[\"full_attention\",\"full_attention\"]}",
     "model=exaone-4.0-1.2b layers=2"},
    {"{\"model_type\":\"hyperclovax\",\"use_post_norm\":true}",
     "family=hyperclovax layers=32 hidden=4096 heads=32 ffn=11008 vocab=32000"},
    {"{\"model_type\":\"arcee\",\"hidden_act\":\"relu2\"}",
     "family=arcee layers=32 hidden=2560 heads=32 ffn=18432 vocab=32000"},
    {"{\"model_type\":\"internlm3\",\"qkv_bias\":true,\"bias\":true}",
     "model=internlm3-8b qkv_bias=yes o_bias=yes mlp_bias=yes"},
    /* Gemma: the older of its two keys counts, and what it means */
    {"{\"model_type\":\"gemma\",\"hidden_act\":\"gelu\"}",
     "model=gemma-2b layers=28 hidden=3072 heads=16 kv_heads=16 ffn=24576"},
    {"{\"model_type\":\"gemma\",\"hidden_act\":\"gelu\",\"hidden_activation\":null}",
     "model=gemma-2b layers=28 hidden=3072 heads=16 kv_heads=16 ffn=24576"},
    {"{\"model_type\":\"gemma\",\"hidden_act\":\"silu\",\"hidden_activation\":\"gelu\"}",
     "model=gemma-2b layers=28 hidden=3072 heads=16 kv_heads=16 ffn=24576 activation=swiglu"},
    {"{\"model_type\":\"gemma\",\"hidden_activation\":\"silu\"}",
     "model=gemma-2b layers=28 hidden=3072 heads=16 kv_heads=16 ffn=24576 activation=geglu_tanh"},
};

START_TEST(same_model)
{
    expect_model(&models[_i]);
}
END_TEST

START_TEST(keeps_the_other_groups)
{
    const char *json = "{\"model_type\":\"gpt2\"}";
    expect_fine("", parse("model=mistral-7b seq=77 dtype=fp32 checkpoint=full trainable=none"));
    expect_fine("", am_config_import(&config, json, strlen(json), &status));
    ck_assert_int_eq(config.seq, 77);
    ck_assert_int_eq(config.dtype, AM_FP32);
    ck_assert_int_eq(config.trainable, AM_TRAIN_NONE);
    ck_assert_str_eq(config.checkpoint, "full");
    ck_assert_str_eq(config.model, "");
    ck_assert_int_eq(config.sliding_window, 0);
}
END_TEST

/* The text is not NUL-terminated. */
START_TEST(reads_no_further_than_its_length)
{
    const char *json = "{\"model_type\":\"llama\"}trailing";
    config = am_default_config();
    expect_fine("", am_config_import(&config, json, strlen(json) - 8, &status));
}
END_TEST

START_TEST(head_dim_is_left_to_resolve)
{
    expect_fine("", import("{\"model_type\":\"mistral\",\"num_attention_heads\":24,\"num_key_value_heads\":8}"));
    expect_error("", am_config_resolve(&config, &status), AM_MISSING, "head_dim", "give head_dim");
    expect_fine("", am_config_parse(&config, "head_dim=128", &status));
    expect_fine("", am_config_resolve(&config, &status));
    expect_fine("", import("{\"model_type\":\"gpt_neox\",\"hidden_size\":100,\"num_attention_heads\":3,\"rotary_pct\":0.5}"));
    ck_assert_int_eq(config.rotary_dim, AM_AUTO); /* a share of what is not known */
    expect_error("", am_config_resolve(&config, &status), AM_MISSING, "head_dim", "give head_dim");
}
END_TEST

/* ---- refusals */

static const refusal errors[] = {
    {"", AM_BAD_CONFIG, "", "empty"},
    {"[]", AM_BAD_CONFIG, "", "object"},
    {"{\"model_type\":\"llama\"", AM_BAD_CONFIG, "", "ends before"},
    {"{\"model_type\":\"llama\",\"model_type\":\"gpt2\"}", AM_BAD_CONFIG, "model_type", "twice"},
    /* architectures */
    {"{\"model_type\":\"exaone4\",\"sliding_window_pattern\":\"LLLG\"}", AM_BAD_CONFIG, "sliding_window_pattern", "a whole number"},
    {"{\"model_type\":\"gpt_oss\",\"attention_dropout\":2}", AM_OUT_OF_RANGE, "attention_dropout", "probability"},
    {"{\"model_type\":\"olmoe\",\"clip_qkv\":null,\"hidden_act\":\"relu\"}", AM_UNSUPPORTED, "hidden_act", "relu"},
    {"{\"model_type\":\"phi\",\"rope_scaling\":{\"partial_rotary_factor\":2}}", AM_OUT_OF_RANGE, "partial_rotary_factor", "from 0 to 1"},
    {"{\"model_type\":\"falcon\",\"multi_query\":false,\"num_attention_heads\":1,\"hidden_size\":64}", AM_UNSUPPORTED, "multi_query",
     "one head is covered as multi_query=true"},
    {"{\"model_type\":\"gpt_bigcode\",\"multi_query\":1}", AM_BAD_CONFIG, "multi_query", "true or false"},
    {"{\"model_type\":\"gemma3_text\",\"layer_types\":[\"sliding_attention\",\"sliding_attention\",\"sliding_attention\",\"sliding_attention\",\"sliding_attention\","
     "\"sliding_attention\",\"sliding_attention\",\"sliding_attention\",\"full_attention\"]}", AM_UNSUPPORTED, "layer_types", "every second to every 8th"},
    /* kinds */
    {"{\"model_type\":\"llama\",\"hidden_size\":\"4096\"}", AM_BAD_CONFIG, "hidden_size", "a whole number in config.json, not \"4096\""},
    {"{\"model_type\":\"llama\",\"hidden_size\":4096.5}", AM_BAD_CONFIG, "hidden_size", "a whole number in config.json, not 4096.5"},
    {"{\"model_type\":\"llama\",\"hidden_size\":4.0961e3}", AM_BAD_CONFIG, "hidden_size", "not 4.0961e3"},
    {"{\"model_type\":\"llama\",\"hidden_size\":4096e-1}", AM_BAD_CONFIG, "hidden_size", "not 4096e-1"},
    {"{\"model_type\":\"llama\",\"hidden_size\":-4096}", AM_BAD_CONFIG, "hidden_size", "a whole number"},
    {"{\"model_type\":\"llama\",\"hidden_size\":null}", AM_BAD_CONFIG, "hidden_size", "a whole number"},
    {"{\"model_type\":\"llama\",\"hidden_size\":[4096]}", AM_BAD_CONFIG, "hidden_size", "not [4096]"},
    {"{\"model_type\":\"llama\",\"hidden_size\":true}", AM_BAD_CONFIG, "hidden_size", "a whole number"},
    {"{\"model_type\":\"qwen3\",\"head_dim\":null}", AM_BAD_CONFIG, "head_dim", "a whole number"},
    {"{\"model_type\":\"llama\",\"tie_word_embeddings\":1}", AM_BAD_CONFIG, "tie_word_embeddings", "true or false"},
    {"{\"model_type\":\"llama\",\"tie_word_embeddings\":\"true\"}", AM_BAD_CONFIG, "tie_word_embeddings",
     "true or false"},
    {"{\"model_type\":\"llama\",\"hidden_act\":3}", AM_BAD_CONFIG, "hidden_act", "a text in config.json, not 3"},
    {"{\"model_type\":\"gpt2\",\"resid_pdrop\":\"0.1\"}", AM_BAD_CONFIG, "resid_pdrop", "a number"},
    {"{\"model_type\":\"gpt2\",\"n_layer\":2,\"num_hidden_layers\":2}", AM_BAD_CONFIG, "n_layer", "both"},
    /* ranges */
    {"{\"model_type\":\"llama\",\"hidden_size\":0}", AM_OUT_OF_RANGE, "hidden_size", "from 1 to 1048576, not 0"},
    {"{\"model_type\":\"llama\",\"num_hidden_layers\":1001}", AM_OUT_OF_RANGE, "num_hidden_layers", "from 1 to 1000"},
    {"{\"model_type\":\"llama\",\"vocab_size\":99999999999999999999}", AM_OUT_OF_RANGE, "vocab_size", "from 2"},
    {"{\"model_type\":\"mistral\",\"sliding_window\":0}", AM_OUT_OF_RANGE, "sliding_window", "from 1"},
    {"{\"model_type\":\"gpt2\",\"num_hidden_layers\":0}", AM_OUT_OF_RANGE, "num_hidden_layers", "from 1"},
    {"{\"model_type\":\"gpt2\",\"resid_pdrop\":1.0}", AM_OUT_OF_RANGE, "resid_pdrop", "below 1, not 1.0"},
    {"{\"model_type\":\"gpt2\",\"attn_pdrop\":-0.1}", AM_OUT_OF_RANGE, "attn_pdrop", "from 0"},
    {"{\"model_type\":\"gpt2\",\"embd_pdrop\":1e300}", AM_OUT_OF_RANGE, "embd_pdrop", "below 1"},
    {"{\"model_type\":\"phi\",\"partial_rotary_factor\":1.000001}", AM_OUT_OF_RANGE, "partial_rotary_factor", "from 0 to 1, not 1.000001"},
    {"{\"model_type\":\"phi\",\"partial_rotary_factor\":-0.1}", AM_OUT_OF_RANGE, "partial_rotary_factor", "from 0 to 1"},
    {"{\"model_type\":\"phi\",\"partial_rotary_factor\":[]}", AM_BAD_CONFIG, "partial_rotary_factor", "a number"},
    {"{\"model_type\":\"phi\",\"hidden_size\":8,\"num_attention_heads\":2,\"partial_rotary_factor\":0.25}",
     AM_OUT_OF_RANGE, "partial_rotary_factor", "even number of a head's 4 elements, not 1"},
    {"{\"model_type\":\"stablelm\",\"hidden_size\":24,\"num_attention_heads\":2,\"partial_rotary_factor\":0.25}",
     AM_OUT_OF_RANGE, "partial_rotary_factor", "not 3"},
    /* what is not covered */
    {"{\"model_type\":\"gemma2\",\"num_hidden_layers\":3,\"layer_types\":[\"sliding_attention\",\"full_attention\","
     "\"full_attention\"]}", AM_UNSUPPORTED, "layer_types", "every second to every 8th"},
    {"{\"model_type\":\"gemma2\",\"num_hidden_layers\":9,\"layer_types\":[\"full_attention\",\"chunked_attention\"]}",
     AM_UNSUPPORTED, "layer_types", "every second to every 8th"},
    {"{\"model_type\":\"smollm3\",\"no_rope_layers\":[1,1,0,0]}", AM_UNSUPPORTED, "no_rope_layers", "every second"},
    {"{\"model_type\":\"smollm3\",\"no_rope_layer_interval\":9}", AM_OUT_OF_RANGE, "no_rope_layer_interval", "to 8"},
    {"{\"model_type\":\"gemma2\",\"attn_logit_softcapping\":true}", AM_BAD_CONFIG, "attn_logit_softcapping", "a number"},
    {"{\"model_type\":\"gemma2\",\"sliding_window\":null}", AM_BAD_CONFIG, "sliding_window", "a whole number"},
    {"{\"model_type\":\"llama\",\"hidden_act\":\"relu\"}", AM_UNSUPPORTED, "hidden_act",
     "hidden_act=relu is not covered; silu"},
    {"{\"model_type\":\"deepseek_v2\",\"topk_method\":\"noaux_tc\"}", AM_UNSUPPORTED, "topk_method", "topk_method=noaux_tc is not covered: greedy, or"},
    {"{\"model_type\":\"deepseek_v2\",\"topk_method\":1}", AM_BAD_CONFIG, "topk_method", "topk_method"},
    {"{\"model_type\":\"deepseek_v2\",\"topk_method\":\"group_limited_greedy\"}", AM_UNSUPPORTED, "topk_method", "one group is not covered"},
    {"{\"model_type\":\"llama\",\"hidden_act\":\"gelu_new\"}", AM_UNSUPPORTED, "hidden_act", "gelu_pytorch_tanh are"},
    {"{\"model_type\":\"gemma\",\"hidden_act\":\"quick_gelu\"}", AM_UNSUPPORTED, "hidden_act",
     "quick_gelu"},
    {"{\"model_type\":\"gpt2\",\"activation_function\":\"quick_gelu\"}", AM_UNSUPPORTED, "activation_function",
     "gelu_fast"},
    {"{\"model_type\":\"gpt2\",\"activation_function\":\"quick_gelu\"}", AM_UNSUPPORTED, "activation_function",
     "quick_gelu"},
    {"{\"model_type\":\"gpt2\",\"activation_function\":\"tanh\"}", AM_UNSUPPORTED, "activation_function",
     "relu, silu, gelu_fast, relu2 and xielu are"},
};

START_TEST(error)
{
    expect_refused(&errors[_i]);
}
END_TEST

/* Every beginning of a file is an error, never a model. */
START_TEST(cut_short)
{
    const char *json = read_file("gpt2-124m");
    size_t end = (size_t)(strrchr(json, '}') - json);
    config = am_default_config();
    for (size_t length = 0; length <= end; length++)
        ck_assert_int_eq(am_config_import(&config, json, length, &status), AM_BAD_CONFIG);
}
END_TEST

Suite *test_import_hf_suite(void)
{
    Suite *suite = suite_create("import_hf");
    TCase *tests = tcase_create("import_hf");
    tcase_add_loop_test(tests, fixture, 0, (int)COUNT(files));
    tcase_add_test(tests, fixture_is_its_preset);
    tcase_add_loop_test(tests, same_model, 0, (int)COUNT(models));
    tcase_add_test(tests, keeps_the_other_groups);
    tcase_add_test(tests, reads_no_further_than_its_length);
    tcase_add_test(tests, head_dim_is_left_to_resolve);
    tcase_add_loop_test(tests, error, 0, (int)COUNT(errors));
    tcase_add_test(tests, cut_short);
    suite_add_tcase(suite, tests);
    return suite;
}
