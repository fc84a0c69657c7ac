/* A Hugging Face config.json as transformers 5.23 reads it. */
#include <string.h>

#include "document.h"
#include "input.h"
#include "proven.h"
#include "wiring.h"

/* ---- keys */

#define NOT_NULL INT64_MIN

/* A key of config.json and the input that it sets. */
typedef struct entry {
    const char *key, *alias; /* alias: another name that transformers takes for it; NULL if none */
    am_field_id field;
    int64_t absent; /* transformers' default */
    int64_t null;   /* what null stands for; NOT_NULL: it may not stand there */
} entry;

#define MOST_ENTRIES 22

typedef struct importer {
    const char *model_type;
    int family;
    const char *activation; /* the key that names it; NULL if none does */
    entry entries[MOST_ENTRIES + 1]; /* ends with key NULL */
} importer;

/* The keys that most files of today have, and what transformers takes where one is left out. */
enum { MOST_USUAL = 9, MOST_OWN = 10 };
static const struct {
    const char *key;
    am_field_id field;
    int64_t null;
} usual[MOST_USUAL] = {
    {"num_hidden_layers", AM_F_layers, NOT_NULL},   {"hidden_size", AM_F_hidden, NOT_NULL},
    {"num_attention_heads", AM_F_heads, NOT_NULL},  {"num_key_value_heads", AM_F_kv_heads, AM_AUTO},
    {"intermediate_size", AM_F_ffn, NOT_NULL},      {"vocab_size", AM_F_vocab, NOT_NULL},
    {"tie_word_embeddings", AM_F_tie_word_embeddings, NOT_NULL},
    {"attention_dropout", AM_F_attention_dropout, 0}, {"head_dim", AM_F_head_dim, AM_AUTO},
};
typedef struct usual_importer {
    const char *model_type;
    int family;
    int32_t absent[MOST_USUAL];
    entry own[MOST_OWN]; /* ends with key NULL */
} usual_importer;

/* GPT-2's, which GPT-BigCode's configuration class took over with their defaults. */
#define GPT2_KEYS                                                                                                      \
    {{"n_layer", "num_hidden_layers", AM_F_layers, 12, NOT_NULL},                                                      \
    {"n_embd", "hidden_size", AM_F_hidden, 768, NOT_NULL},                                                             \
    {"n_head", "num_attention_heads", AM_F_heads, 12, NOT_NULL},                                                       \
    {"n_inner", NULL, AM_F_ffn, AM_AUTO, AM_AUTO},                                                                     \
    {"vocab_size", NULL, AM_F_vocab, 50257, NOT_NULL},                                                                 \
    {"n_positions", "max_position_embeddings", AM_F_max_positions, 1024, NOT_NULL},                                    \
    {"resid_pdrop", NULL, AM_F_dropout, 100000, NOT_NULL},                                                             \
    {"attn_pdrop", NULL, AM_F_attention_dropout, 100000, NOT_NULL},                                                    \
    {"embd_pdrop", NULL, AM_F_embedding_dropout, 100000, NOT_NULL},                                                    \
    {"tie_word_embeddings", NULL, AM_F_tie_word_embeddings, 1, NOT_NULL}}

/* Defaults as transformers 5.23's configuration classes have them. */
static const importer importers[] = {
    {"gpt2",
     AM_FAMILY_GPT2,
     "activation_function",
     GPT2_KEYS},
    {"llama",
     AM_FAMILY_LLAMA,
     "hidden_act",
     {{"num_hidden_layers", NULL, AM_F_layers, 32, NOT_NULL},
      {"hidden_size", NULL, AM_F_hidden, 4096, NOT_NULL},
      {"num_attention_heads", NULL, AM_F_heads, 32, NOT_NULL},
      {"num_key_value_heads", NULL, AM_F_kv_heads, AM_AUTO, AM_AUTO},
      {"head_dim", NULL, AM_F_head_dim, AM_AUTO, AM_AUTO},
      {"intermediate_size", NULL, AM_F_ffn, 11008, NOT_NULL},
      {"vocab_size", NULL, AM_F_vocab, 32000, NOT_NULL},
      {"attention_dropout", NULL, AM_F_attention_dropout, 0, 0},
      {"attention_bias", NULL, AM_F_qkv_bias, 0, NOT_NULL},
      {"mlp_bias", NULL, AM_F_mlp_bias, 0, NOT_NULL},
      {"tie_word_embeddings", NULL, AM_F_tie_word_embeddings, 0, NOT_NULL}}},
    {"mistral",
     AM_FAMILY_MISTRAL,
     "hidden_act",
     {{"num_hidden_layers", NULL, AM_F_layers, 32, NOT_NULL},
      {"hidden_size", NULL, AM_F_hidden, 4096, NOT_NULL},
      {"num_attention_heads", NULL, AM_F_heads, 32, NOT_NULL},
      {"num_key_value_heads", NULL, AM_F_kv_heads, 8, AM_AUTO},
      {"head_dim", NULL, AM_F_head_dim, AM_AUTO, AM_AUTO},
      {"intermediate_size", NULL, AM_F_ffn, 14336, NOT_NULL},
      {"vocab_size", NULL, AM_F_vocab, 32000, NOT_NULL},
      {"sliding_window", NULL, AM_F_sliding_window, 4096, 0},
      {"attention_dropout", NULL, AM_F_attention_dropout, 0, NOT_NULL},
      {"tie_word_embeddings", NULL, AM_F_tie_word_embeddings, 0, NOT_NULL}}},
    {"qwen2",
     AM_FAMILY_QWEN2,
     "hidden_act",
     {{"num_hidden_layers", NULL, AM_F_layers, 32, NOT_NULL},
      {"hidden_size", NULL, AM_F_hidden, 4096, NOT_NULL},
      {"num_attention_heads", NULL, AM_F_heads, 32, NOT_NULL},
      {"num_key_value_heads", NULL, AM_F_kv_heads, 32, AM_AUTO},
      {"head_dim", NULL, AM_F_head_dim, AM_AUTO, NOT_NULL},
      {"intermediate_size", NULL, AM_F_ffn, 22016, NOT_NULL},
      {"vocab_size", NULL, AM_F_vocab, 151936, NOT_NULL},
      {"attention_dropout", NULL, AM_F_attention_dropout, 0, NOT_NULL},
      {"tie_word_embeddings", NULL, AM_F_tie_word_embeddings, 0, NOT_NULL}}},
    {"qwen3",
     AM_FAMILY_QWEN3,
     "hidden_act",
     {{"num_hidden_layers", NULL, AM_F_layers, 32, NOT_NULL},
      {"hidden_size", NULL, AM_F_hidden, 4096, NOT_NULL},
      {"num_attention_heads", NULL, AM_F_heads, 32, NOT_NULL},
      {"num_key_value_heads", NULL, AM_F_kv_heads, 32, AM_AUTO},
      {"head_dim", NULL, AM_F_head_dim, 128, NOT_NULL},
      {"intermediate_size", NULL, AM_F_ffn, 22016, NOT_NULL},
      {"vocab_size", NULL, AM_F_vocab, 151936, NOT_NULL},
      {"attention_dropout", NULL, AM_F_attention_dropout, 0, NOT_NULL},
      {"attention_bias", NULL, AM_F_qkv_bias, 0, NOT_NULL},
      {"tie_word_embeddings", NULL, AM_F_tie_word_embeddings, 0, NOT_NULL}}},
    {"gemma",
     AM_FAMILY_GEMMA,
     "hidden_activation",
     {{"num_hidden_layers", NULL, AM_F_layers, 28, NOT_NULL},
      {"hidden_size", NULL, AM_F_hidden, 3072, NOT_NULL},
      {"num_attention_heads", NULL, AM_F_heads, 16, NOT_NULL},
      {"num_key_value_heads", NULL, AM_F_kv_heads, 16, NOT_NULL},
      {"head_dim", NULL, AM_F_head_dim, 256, NOT_NULL},
      {"intermediate_size", NULL, AM_F_ffn, 24576, NOT_NULL},
      {"vocab_size", NULL, AM_F_vocab, 256000, NOT_NULL},
      {"attention_dropout", NULL, AM_F_attention_dropout, 0, NOT_NULL},
      {"attention_bias", NULL, AM_F_qkv_bias, 0, NOT_NULL},
      {"tie_word_embeddings", NULL, AM_F_tie_word_embeddings, 1, NOT_NULL}}},
    {"gpt_neox",
     AM_FAMILY_NEOX,
     "hidden_act",
     {{"num_hidden_layers", NULL, AM_F_layers, 44, NOT_NULL},
      {"hidden_size", NULL, AM_F_hidden, 6144, NOT_NULL},
      {"num_attention_heads", NULL, AM_F_heads, 64, NOT_NULL},
      {"intermediate_size", NULL, AM_F_ffn, 24576, NOT_NULL},
      {"vocab_size", NULL, AM_F_vocab, 50432, NOT_NULL},
      {"hidden_dropout", NULL, AM_F_dropout, 0, NOT_NULL},
      {"attention_dropout", NULL, AM_F_attention_dropout, 0, NOT_NULL},
      {"attention_bias", NULL, AM_F_qkv_bias, 1, NOT_NULL},
      {"use_parallel_residual", NULL, AM_F_parallel_residual, 1, NOT_NULL},
      {"tie_word_embeddings", NULL, AM_F_tie_word_embeddings, 0, NOT_NULL}}},
    {"opt",
     AM_FAMILY_OPT,
     "activation_function",
     {{"num_hidden_layers", NULL, AM_F_layers, 12, NOT_NULL},
      {"hidden_size", NULL, AM_F_hidden, 768, NOT_NULL},
      {"num_attention_heads", NULL, AM_F_heads, 12, NOT_NULL},
      {"ffn_dim", NULL, AM_F_ffn, 3072, NOT_NULL},
      {"vocab_size", NULL, AM_F_vocab, 50272, NOT_NULL},
      {"max_position_embeddings", NULL, AM_F_max_positions, 2048, NOT_NULL},
      {"word_embed_proj_dim", NULL, AM_F_embedding_dim, AM_AUTO, AM_AUTO},
      {"do_layer_norm_before", NULL, AM_F_pre_norm, 1, NOT_NULL},
      {"enable_bias", NULL, AM_F_bias, 1, NOT_NULL},
      {"dropout", NULL, AM_F_dropout, 100000, NOT_NULL},
      {"attention_dropout", NULL, AM_F_attention_dropout, 0, NOT_NULL},
      {"tie_word_embeddings", NULL, AM_F_tie_word_embeddings, 1, NOT_NULL}}},
    {"phi",
     AM_FAMILY_PHI,
     "hidden_act",
     {{"num_hidden_layers", NULL, AM_F_layers, 24, NOT_NULL},
      {"hidden_size", NULL, AM_F_hidden, 2048, NOT_NULL},
      {"num_attention_heads", NULL, AM_F_heads, 32, NOT_NULL},
      {"num_key_value_heads", NULL, AM_F_kv_heads, AM_AUTO, AM_AUTO},
      {"intermediate_size", NULL, AM_F_ffn, 8192, NOT_NULL},
      {"vocab_size", NULL, AM_F_vocab, 51200, NOT_NULL},
      {"qk_layernorm", NULL, AM_F_qk_norm, 0, NOT_NULL},
      {"resid_pdrop", NULL, AM_F_dropout, 0, NOT_NULL},
      {"attention_dropout", NULL, AM_F_attention_dropout, 0, 0},
      {"embd_pdrop", NULL, AM_F_embedding_dropout, 0, NOT_NULL},
      {"tie_word_embeddings", NULL, AM_F_tie_word_embeddings, 0, NOT_NULL}}},
    {"gptj",
     AM_FAMILY_GPTJ,
     "activation_function",
     {{"n_layer", "num_hidden_layers", AM_F_layers, 28, NOT_NULL},
      {"n_embd", "hidden_size", AM_F_hidden, 4096, NOT_NULL},
      {"n_head", "num_attention_heads", AM_F_heads, 16, NOT_NULL},
      {"n_inner", NULL, AM_F_ffn, AM_AUTO, AM_AUTO},
      {"vocab_size", NULL, AM_F_vocab, 50400, NOT_NULL},
      {"n_positions", "max_position_embeddings", AM_F_max_positions, 2048, NOT_NULL},
      {"rotary_dim", NULL, AM_F_rotary_dim, 64, NOT_NULL},
      {"resid_pdrop", NULL, AM_F_dropout, 0, NOT_NULL},
      {"attn_pdrop", NULL, AM_F_attention_dropout, 0, NOT_NULL},
      {"embd_pdrop", NULL, AM_F_embedding_dropout, 0, NOT_NULL},
      {"tie_word_embeddings", NULL, AM_F_tie_word_embeddings, 0, NOT_NULL}}},
    {"gpt_bigcode",
     AM_FAMILY_BIGCODE,
     "activation_function",
     GPT2_KEYS},
    {"gpt_neo",
     AM_FAMILY_GPT_NEO,
     "activation_function",
     {{"num_layers", "num_hidden_layers", AM_F_layers, 24, NOT_NULL},
      {"hidden_size", NULL, AM_F_hidden, 2048, NOT_NULL},
      {"num_heads", "num_attention_heads", AM_F_heads, 16, NOT_NULL},
      {"intermediate_size", NULL, AM_F_ffn, AM_AUTO, AM_AUTO},
      {"vocab_size", NULL, AM_F_vocab, 50257, NOT_NULL},
      {"max_position_embeddings", NULL, AM_F_max_positions, 2048, NOT_NULL},
      {"resid_dropout", NULL, AM_F_dropout, 0, NOT_NULL},
      {"attention_dropout", NULL, AM_F_attention_dropout, 0, NOT_NULL},
      {"embed_dropout", NULL, AM_F_embedding_dropout, 0, NOT_NULL},
      {"tie_word_embeddings", NULL, AM_F_tie_word_embeddings, 1, NOT_NULL}}},
    {"falcon",
     AM_FAMILY_FALCON,
     "activation",
     {{"num_hidden_layers", NULL, AM_F_layers, 32, NOT_NULL},
      {"hidden_size", "n_embed", AM_F_hidden, 4544, NOT_NULL},
      {"num_attention_heads", NULL, AM_F_heads, 71, NOT_NULL},
      {"num_kv_heads", NULL, AM_F_kv_heads, AM_AUTO, AM_AUTO},
      {"ffn_hidden_size", NULL, AM_F_ffn, AM_AUTO, AM_AUTO},
      {"vocab_size", NULL, AM_F_vocab, 65024, NOT_NULL},
      {"new_decoder_architecture", NULL, AM_F_new_decoder, 0, 0},
      {"num_ln_in_parallel_attn", NULL, AM_F_parallel_norms, AM_AUTO, AM_AUTO},
      {"parallel_attn", NULL, AM_F_parallel_residual, 1, 0},
      {"bias", NULL, AM_F_bias, 0, 0},
      {"hidden_dropout", NULL, AM_F_dropout, 0, 0},
      {"attention_dropout", NULL, AM_F_attention_dropout, 0, 0},
      {"tie_word_embeddings", NULL, AM_F_tie_word_embeddings, 1, NOT_NULL}}},
    {"bloom",
     AM_FAMILY_BLOOM,
     NULL,
     {{"n_layer", "num_hidden_layers", AM_F_layers, 2, NOT_NULL},
      {"hidden_size", "n_embed", AM_F_hidden, 64, NOT_NULL},
      {"n_head", "num_attention_heads", AM_F_heads, 8, NOT_NULL},
      {"vocab_size", NULL, AM_F_vocab, 250880, NOT_NULL},
      {"hidden_dropout", NULL, AM_F_dropout, 0, NOT_NULL},
      {"attention_dropout", NULL, AM_F_attention_dropout, 0, NOT_NULL},
      {"tie_word_embeddings", NULL, AM_F_tie_word_embeddings, 1, NOT_NULL}}},
    {"mpt",
     AM_FAMILY_MPT,
     NULL,
     {{"n_layers", "num_hidden_layers", AM_F_layers, 24, NOT_NULL},
      {"d_model", "hidden_size", AM_F_hidden, 2048, NOT_NULL},
      {"n_heads", "num_attention_heads", AM_F_heads, 16, NOT_NULL},
      {"vocab_size", NULL, AM_F_vocab, 50368, NOT_NULL},
      {"max_seq_len", NULL, AM_F_max_positions, 2048, NOT_NULL},
      {"tie_word_embeddings", NULL, AM_F_tie_word_embeddings, 1, NOT_NULL}}},
    {"deepseek_v3",
     AM_FAMILY_DEEPSEEK_V3,
     "hidden_act",
     {{"num_hidden_layers", NULL, AM_F_layers, 61, NOT_NULL},
      {"hidden_size", NULL, AM_F_hidden, 7168, NOT_NULL},
      {"num_attention_heads", NULL, AM_F_heads, 128, NOT_NULL},
      {"num_key_value_heads", NULL, AM_F_kv_heads, 128, AM_AUTO},
      {"qk_nope_head_dim", NULL, AM_F_head_dim, 128, NOT_NULL},
      {"qk_rope_head_dim", NULL, AM_F_rotary_dim, 64, NOT_NULL},
      {"v_head_dim", NULL, AM_F_v_head_dim, 128, NOT_NULL},
      {"q_lora_rank", NULL, AM_F_q_rank, 1536, 0},
      {"kv_lora_rank", NULL, AM_F_kv_rank, 512, NOT_NULL},
      {"intermediate_size", NULL, AM_F_ffn, 18432, NOT_NULL},
      {"moe_intermediate_size", NULL, AM_F_moe_ffn, 2048, NOT_NULL},
      {"n_routed_experts", "num_local_experts", AM_F_experts, 256, NOT_NULL},
      {"num_experts_per_tok", NULL, AM_F_experts_per_token, 8, NOT_NULL},
      {"n_shared_experts", NULL, AM_F_shared_ffn, 1, NOT_NULL},
      {"first_k_dense_replace", NULL, AM_F_dense_layers, 3, NOT_NULL},
      {"n_group", NULL, AM_F_expert_groups, 8, NOT_NULL},
      {"topk_group", NULL, AM_F_groups_per_token, 4, NOT_NULL},
      {"norm_topk_prob", NULL, AM_F_norm_topk, 1, NOT_NULL},
      {"vocab_size", NULL, AM_F_vocab, 129280, NOT_NULL},
      {"attention_bias", NULL, AM_F_qkv_bias, 0, NOT_NULL},
      {"attention_dropout", NULL, AM_F_attention_dropout, 0, NOT_NULL},
      {"tie_word_embeddings", NULL, AM_F_tie_word_embeddings, 0, NOT_NULL}}},
};

/* As they stand in `usual`. Files that have no head_dim of their own, since the code does not look at it: NO_HEAD_DIM. */
#define NO_HEAD_DIM        INT32_MIN
#define ATTENTION_BIAS(on) {"attention_bias", NULL, AM_F_qkv_bias, on, NOT_NULL}
#define MLP_BIAS           {"mlp_bias", NULL, AM_F_mlp_bias, 0, NOT_NULL}
#define WINDOW(tokens, null) {"sliding_window", NULL, AM_F_sliding_window, tokens, null}
#define EXPERTS_PER_TOKEN(n) {"num_experts_per_tok", NULL, AM_F_experts_per_token, n, NOT_NULL}
#define MOE_FFN(n)           {"moe_intermediate_size", NULL, AM_F_moe_ffn, n, NOT_NULL}
#define NORM_TOPK(on)        {"norm_topk_prob", NULL, AM_F_norm_topk, on, NOT_NULL}
static const usual_importer usual_importers[] = {
    {"gemma2", AM_FAMILY_GEMMA2, {26, 2304, 8, 4, 9216, 256000, 1, 0, 256},
     {ATTENTION_BIAS(0), WINDOW(4096, NOT_NULL), {"attn_logit_softcapping", NULL, AM_F_attention_softcap, 1, 0},
      {"final_logit_softcapping", NULL, AM_F_logit_softcap, 1, 0}}},
    {"gemma3_text", AM_FAMILY_GEMMA3, {26, 2304, 8, 4, 9216, 262208, 1, 0, 256},
     {ATTENTION_BIAS(0), WINDOW(4096, NOT_NULL), {"final_logit_softcapping", NULL, AM_F_logit_softcap, 0, 0},
      {"sliding_window_pattern", NULL, AM_F_layer_period, 6, NOT_NULL}}},
    {"phi3", AM_FAMILY_PHI3, {32, 3072, 32, AM_AUTO, 8192, 32064, 0, 0, AM_AUTO},
     {{"resid_pdrop", NULL, AM_F_dropout, 0, NOT_NULL}, WINDOW(0, 0)}},
    {"olmo2", AM_FAMILY_OLMO2, {32, 4096, 32, AM_AUTO, 11008, 50304, 0, 0, AM_AUTO}, {ATTENTION_BIAS(0)}},
    {"smollm3", AM_FAMILY_SMOLLM3, {36, 2048, 16, 4, 11008, 128256, 1, 0, AM_AUTO},
     {ATTENTION_BIAS(0), MLP_BIAS, {"no_rope_layer_interval", NULL, AM_F_layer_period, 4, NOT_NULL}}},
    {"granite", AM_FAMILY_GRANITE, {32, 4096, 32, AM_AUTO, 11008, 32000, 0, 0, AM_AUTO},
     {ATTENTION_BIAS(0), MLP_BIAS}},
    {"stablelm", AM_FAMILY_STABLELM, {32, 2560, 32, 32, 6912, 50304, 0, 0, NO_HEAD_DIM},
     {{"use_qkv_bias", NULL, AM_F_qkv_bias, 0, NOT_NULL},
      {"use_parallel_residual", NULL, AM_F_parallel_residual, 0, NOT_NULL},
      {"hidden_dropout", NULL, AM_F_dropout, 0, NOT_NULL}}},
    {"glm", AM_FAMILY_GLM, {40, 4096, 32, 2, 13696, 151552, 0, 0, 128}, {ATTENTION_BIAS(1)}},
    {"glm4", AM_FAMILY_GLM4, {40, 4096, 32, 2, 13696, 151552, 0, 0, 128}, {ATTENTION_BIAS(1)}},
    {"cohere", AM_FAMILY_COHERE, {40, 8192, 64, AM_AUTO, 22528, 256000, 1, 0, AM_AUTO},
     {ATTENTION_BIAS(0), {"use_qk_norm", NULL, AM_F_qk_norm, 0, NOT_NULL}}},
    {"cohere2", AM_FAMILY_COHERE2, {40, 8192, 64, AM_AUTO, 22528, 256000, 1, 0, NO_HEAD_DIM},
     {ATTENTION_BIAS(0), WINDOW(4096, NOT_NULL),
      {"sliding_window_pattern", NULL, AM_F_layer_period, 4, NOT_NULL}}},
    {"starcoder2", AM_FAMILY_STARCODER2, {30, 3072, 24, 2, 12288, 49152, 1, 0, AM_AUTO},
     {{"use_bias", NULL, AM_F_bias, 1, NOT_NULL}, {"residual_dropout", NULL, AM_F_dropout, 0, NOT_NULL},
      {"embedding_dropout", NULL, AM_F_embedding_dropout, 0, NOT_NULL}, WINDOW(0, 0)}},
    {"mixtral", AM_FAMILY_MIXTRAL, {32, 4096, 32, 8, 14336, 32000, 0, 0, AM_AUTO},
     {{"num_local_experts", "num_experts", AM_F_experts, 8, NOT_NULL},
      EXPERTS_PER_TOKEN(2), WINDOW(0, 0)}},
    {"qwen2_moe", AM_FAMILY_QWEN2_MOE, {24, 2048, 16, 16, 5632, 151936, 0, 0, AM_AUTO},
     {{"qkv_bias", NULL, AM_F_qkv_bias, 1, NOT_NULL}, {"num_experts", NULL, AM_F_experts, 60, NOT_NULL},
      EXPERTS_PER_TOKEN(4), MOE_FFN(1408), NORM_TOPK(0),
      {"shared_expert_intermediate_size", NULL, AM_F_shared_ffn, 5632, NOT_NULL}}},
    {"qwen3_moe", AM_FAMILY_QWEN3_MOE, {24, 2048, 32, 4, 6144, 151936, 0, 0, AM_AUTO},
     {ATTENTION_BIAS(0), {"num_experts", "num_local_experts", AM_F_experts, 128, NOT_NULL}, EXPERTS_PER_TOKEN(8),
      MOE_FFN(768), NORM_TOPK(0)}},
    {"olmoe", AM_FAMILY_OLMOE, {16, 2048, 16, AM_AUTO, 2048, 50304, 0, 0, AM_AUTO},
     {ATTENTION_BIAS(0), {"num_experts", "num_local_experts", AM_F_experts, 64, NOT_NULL}, EXPERTS_PER_TOKEN(8),
      NORM_TOPK(0)}},
    {"glm4_moe", AM_FAMILY_GLM4_MOE, {46, 4096, 96, 8, 10944, 151552, 0, 0, AM_AUTO},
     {ATTENTION_BIAS(0), {"n_routed_experts", "num_local_experts", AM_F_experts, 128, NOT_NULL}, EXPERTS_PER_TOKEN(8),
      MOE_FFN(1408), NORM_TOPK(1), {"n_shared_experts", NULL, AM_F_shared_ffn, 1, NOT_NULL},
      {"first_k_dense_replace", NULL, AM_F_dense_layers, 1, NOT_NULL}, {"n_group", NULL, AM_F_expert_groups, 1, NOT_NULL},
      {"topk_group", NULL, AM_F_groups_per_token, 1, NOT_NULL}, {"use_qk_norm", NULL, AM_F_qk_norm, 0, NOT_NULL}}},
    {"seed_oss", AM_FAMILY_SEED_OSS, {64, 4096, 80, 8, 27648, 155136, 0, 100000, 128},
     {ATTENTION_BIAS(1), {"attention_out_bias", NULL, AM_F_o_bias, 0, NOT_NULL}, MLP_BIAS,
      {"residual_dropout", NULL, AM_F_dropout, 100000, NOT_NULL}}},
    {"ernie4_5", AM_FAMILY_ERNIE4_5, {18, 1024, 16, 2, 3072, 103424, 1, 0, 128}, {{"use_bias", NULL, AM_F_bias, 0, 0}}},
    {"helium", AM_FAMILY_HELIUM, {24, 2560, 20, 20, 7040, 48000, 0, 0, 128}, {ATTENTION_BIAS(0), MLP_BIAS}},
    {"hunyuan_v1_dense", AM_FAMILY_HUNYUAN, {32, 4096, 32, AM_AUTO, 11008, 290943, 0, 0, AM_AUTO}, {ATTENTION_BIAS(0)}},
    {"olmo", AM_FAMILY_OLMO, {32, 4096, 32, AM_AUTO, 11008, 50304, 0, 0, AM_AUTO}, {ATTENTION_BIAS(0)}},
    {"olmo3", AM_FAMILY_OLMO3, {32, 4096, 32, AM_AUTO, 11008, 50304, 0, 0, AM_AUTO},
     {ATTENTION_BIAS(0), WINDOW(4096, NOT_NULL)}},
    {"exaone4", AM_FAMILY_EXAONE4, {32, 4096, 32, 32, 16384, 102400, 0, 0, AM_AUTO},
     {WINDOW(4096, 0), {"sliding_window_pattern", NULL, AM_F_layer_period, 4, NOT_NULL}}},
    {"hyperclovax", AM_FAMILY_HYPERCLOVAX, {32, 4096, 32, AM_AUTO, 11008, 32000, 0, 0, AM_AUTO},
     {ATTENTION_BIAS(0), MLP_BIAS}},
    {"arcee", AM_FAMILY_ARCEE, {32, 2560, 32, AM_AUTO, 18432, 32000, 0, 0, AM_AUTO}, {ATTENTION_BIAS(0), MLP_BIAS}},
    {"jais2", AM_FAMILY_JAIS2, {32, 3328, 26, AM_AUTO, 26624, 150272, 0, 0, AM_AUTO},
     {ATTENTION_BIAS(1), {"mlp_bias", NULL, AM_F_mlp_bias, 1, NOT_NULL}}},
    {"internlm3", AM_FAMILY_LLAMA, {48, 4096, 32, 2, 10240, 128512, 0, 0, 128},
     {{"qkv_bias", "attention_bias", AM_F_qkv_bias, 0, NOT_NULL}, {"bias", "mlp_bias", AM_F_mlp_bias, 0, NOT_NULL}}},
    {"iquestcoder", AM_FAMILY_LLAMA, {80, 5120, 40, 8, 27648, 76800, 0, 0, 128}, {ATTENTION_BIAS(0), MLP_BIAS}},
    {"gpt_oss", AM_FAMILY_GPT_OSS, {36, 2880, 64, 8, 2880, 201088, 0, 0, 64},
     {ATTENTION_BIAS(1), WINDOW(128, NOT_NULL), {"num_local_experts", "num_experts", AM_F_experts, 128, NOT_NULL},
      EXPERTS_PER_TOKEN(4)}},
};
enum { USUAL_COUNT = sizeof usual_importers / sizeof *usual_importers };

enum { IMPORTER_COUNT = sizeof importers / sizeof *importers };

static am_code read_value(int64_t *number, const am_document *document, am_json_value value, const char *key,
                          const am_field *field, am_status *status)
{
    am_code code;
    char quote[48];
    if (field == &am_fields[AM_F_attention_softcap] || field == &am_fields[AM_F_logit_softcap]) { /* a number: on */
        code = am_document_ratio(document, value, key, number, status);
        *number = 1;
        return code;
    }
    switch (field->kind) {
    case AM_KIND_FLAG: return am_document_flag(document, value, key, number, status);
    case AM_KIND_RATIO:
        code = am_document_ratio(document, value, key, number, status);
        if (code != AM_OK || (*number >= 0 && *number < AM_MILLION)) return code;
        return am_fail(status, AM_OUT_OF_RANGE, key, "%s must be a probability from 0 to below 1, not %s", key,
                       am_document_quote(document, value, quote, sizeof quote));
    default: break;
    }
    int64_t least = field->least > 1 ? field->least : 1; /* where 0 would mean none, the file has null */
    if (field == &am_fields[AM_F_dense_layers]) least = 0;
    code = am_document_integer(document, value, key, number, status);
    if (code != AM_OK || (*number >= least && *number <= field->most)) return code;
    return am_fail(status, AM_OUT_OF_RANGE, key, "%s must be from %d to %d, not %s", key, least, field->most,
                   am_document_quote(document, value, quote, sizeof quote));
}

/* A list that says of each layer which kind it is of; *key: its name. */
static am_json_value find_kinds(const am_document *document, int64_t family, const char **key)
{
    const am_wiring *wiring = am_wiring_of_family(family);
    *key = wiring->window == AM_WINDOW_FIRST_KIND ? "layer_types" : "no_rope_layers";
    am_json_value list = wiring->period ? am_document_find(document, *key) : 0;
    return list && !am_document_is_null(document, list) ? list : 0;
}

static am_code read_entry(am_config *config, const am_document *document, const entry *from, am_status *status)
{
    const am_field *field = &am_fields[from->field];
    int64_t *number = am_field_number(config, field);
    const char *key = from->key, *list;
    bool listed = from->field == AM_F_layer_period && find_kinds(document, config->family, &list);
    am_json_value value = listed ? 0 : am_document_find(document, key); /* the list counts, not the number beside it */
    am_json_value other = from->alias ? am_document_find(document, from->alias) : 0;
    if (value && other)
        return am_fail(status, AM_BAD_CONFIG, key, "%s and %s are the same, and both are given", key, from->alias);
    if (other) {
        key = from->alias;
        value = other;
    }
    *number = value ? from->null : from->absent;
    if (!value || (from->null != NOT_NULL && am_document_is_null(document, value))) return AM_OK;
    return read_value(number, document, value, key, field, status);
}

static am_code read_entries(am_config *config, const am_document *document, const entry *list, int most,
                            am_status *status)
{
    am_code code = AM_OK;
    for (int i = 0; i < most && list[i].key && code == AM_OK; i++)
        code = read_entry(config, document, &list[i], status);
    return code;
}

static am_code read_usual(am_config *config, const am_document *document, const usual_importer *from, am_status *status)
{
    am_code code = AM_OK;
    for (int i = 0; i < MOST_USUAL && code == AM_OK; i++) {
        entry each = {usual[i].key, NULL, usual[i].field, from->absent[i], usual[i].null};
        if (from->absent[i] != NO_HEAD_DIM) code = read_entry(config, document, &each, status);
    }
    return code == AM_OK ? read_entries(config, document, from->own, MOST_OWN, status) : code;
}

/* ---- layers of two kinds */

static am_code read_period(am_config *config, const am_document *document, am_status *status)
{
    const char *key;
    am_json_value list = find_kinds(document, config->family, &key);
    bool windows = am_wiring_of_family(config->family)->window == AM_WINDOW_FIRST_KIND;
    if (!list || !am_wiring_takes_turns(config)) return AM_OK;
    int64_t period = windows ? am_document_period(document, list, "full_attention", "sliding_attention")
                             : am_document_period(document, list, "0", "1");
    if (period < 1 || period > am_fields[AM_F_layer_period].most)
        return am_fail(status, AM_UNSUPPORTED, key,
                       "%s: covered is that every second to every %dth layer is of the other kind", key,
                       am_fields[AM_F_layer_period].most);
    config->layer_period = period;
    return AM_OK;
}

/* ---- activations */

typedef struct activation {
    const char *name; /* in transformers' ACT2FN */
    int64_t value;
} activation;

static const activation plain[] = {{"gelu_new", AM_GELU_NEW}, {"gelu", AM_GELU}, {"gelu_pytorch_tanh", AM_GELU_TANH},
                                   {"relu", AM_RELU},         {"silu", AM_SILU}, {"swish", AM_SILU},
                                   {"gelu_fast", AM_GELU_FAST}, {"relu2", AM_RELU2}};
static const activation gated[] = {
    {"silu", AM_SWIGLU}, {"swish", AM_SWIGLU}, {"gelu", AM_GEGLU}, {"gelu_pytorch_tanh", AM_GEGLU_TANH}};

static am_code find_activation(am_config *config, const activation *list, size_t count, const char *key,
                               const char *name, am_status *status)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(list[i].name, name) != 0) continue;
        config->activation = list[i].value;
        return AM_OK;
    }
    return am_fail(status, AM_UNSUPPORTED, key, "%s=%s is not covered; %s", key, name,
                   list == gated ? "silu, gelu and gelu_pytorch_tanh are"
                                 : "gelu_new, gelu, gelu_pytorch_tanh, relu, silu, gelu_fast and relu2 are");
}

/* The text of a key; "" if it is not given, or null. */
static am_code read_name(const am_document *document, const char *key, char *name, size_t size, am_status *status)
{
    am_json_value value = am_document_find(document, key);
    name[0] = '\0';
    if (!value || am_document_is_null(document, value)) return AM_OK;
    return am_document_text(document, value, key, name, size, status);
}

/* Leaves AM_AUTO, the family's own, where the file names none. */
static am_code read_activation(am_config *config, const am_document *document, const char *key, am_status *status)
{
    char name[32];
    bool gemma = config->family == AM_FAMILY_GEMMA;
    if (!key) return AM_OK; /* its code has one */
    am_code code = read_name(document, key, name, sizeof name, status);
    if (code == AM_OK && gemma && name[0] == '\0') {
        key = "hidden_act";
        code = read_name(document, key, name, sizeof name, status);
        /* Gemma's first files say gelu and mean its tanh form; transformers reads them so. */
        if (strcmp(name, "gelu") == 0) memcpy(name, "gelu_pytorch_tanh", sizeof "gelu_pytorch_tanh");
    }
    if (code != AM_OK || name[0] == '\0') return code;
    if (!am_activation_is_gated(am_wiring_of_family(config->family)->activation))
        return find_activation(config, plain, sizeof plain / sizeof *plain, key, name, status);
    return find_activation(config, gated, sizeof gated / sizeof *gated, key, name, status);
}

/* ---- rotary positions on a part of each head */

/* The share that is rotated, by the name that a file has for it: in rope_parameters, or older, beside it. */
static am_json_value find_rotary_share(const am_document *document, int64_t family, const char **key)
{
    *key = "partial_rotary_factor";
    am_json_value rope = am_document_find(document, "rope_scaling");
    if (!rope || am_document_is_null(document, rope)) rope = am_document_find(document, "rope_parameters");
    am_json_value share = rope ? am_document_member(document, rope, *key) : 0;
    if (share) return share;
    if (family == AM_FAMILY_NEOX) *key = "rotary_pct";
    return am_document_find(document, *key);
}

static am_code read_rotary_dim(am_config *config, const am_document *document, am_status *status)
{
    const char *key;
    bool whole = !am_wiring_of_family(config->family)->rotary_quarters;
    if (whole || config->rotary_dim != AM_AUTO || config->head_dim == AM_AUTO) return AM_OK;
    am_json_value value = find_rotary_share(document, config->family, &key);
    char quote[48];
    int64_t share;
    am_code code = value ? am_document_ratio(document, value, key, &share, status) : AM_OK;
    if (code != AM_OK || !value) return code;
    if (share < 0 || share > AM_MILLION)
        return am_fail(status, AM_OUT_OF_RANGE, key, "%s must be from 0 to 1, not %s", key,
                       am_document_quote(document, value, quote, sizeof quote));
    int64_t turned = config->head_dim * share / AM_MILLION;
    bool by_number = config->family == AM_FAMILY_PHI || config->family == AM_FAMILY_STABLELM; /* others: the table's width */
    if (by_number && turned % 2 != 0)
        return am_fail(status, AM_OUT_OF_RANGE, key, "%s must leave an even number of a head's %d elements, not %d", key,
                       config->head_dim, turned);
    config->rotary_dim = am_even(turned);
    return AM_OK;
}

/* One key and value head for all query heads, unless the file says otherwise. */
static am_code read_multi_query(am_config *config, const am_document *document, am_status *status)
{
    if (config->family != AM_FAMILY_BIGCODE && (config->family != AM_FAMILY_FALCON || config->new_decoder)) return AM_OK;
    int64_t one = 1;
    am_json_value value = am_document_find(document, "multi_query");
    am_code code = value ? am_document_flag(document, value, "multi_query", &one, status) : AM_OK;
    if (code != AM_OK) return code;
    if (!one && config->heads == 1 && config->family == AM_FAMILY_FALCON) /* cut otherwise, which kv_heads=1 cannot say */
        return am_fail(status, AM_UNSUPPORTED, "multi_query", "one head is covered as multi_query=true");
    config->kv_heads = one ? 1 : config->heads;
    return AM_OK;
}

/* ---- what is refused */

#define ANY_FAMILY -1

/* Switches that change the operations. Off, null and absent are the same. */
static const struct {
    int family;
    const char *key, *what;
} switches[] = {
    {AM_FAMILY_BIGCODE, "add_cross_attention", "cross-attention"},
    {AM_FAMILY_BLOOM, "apply_residual_connection_post_layernorm", "a residual behind the norm"},
    {AM_FAMILY_FALCON, "alibi", "Falcon with linear biases (ALiBi)"},
    {AM_FAMILY_BLOOM, "slow_but_exact", "attention's projection in slices"},
    {AM_FAMILY_OPT, "_remove_final_layer_norm", "a model without its final norm"},
    {AM_FAMILY_GPT2, "reorder_and_upcast_attn", "attention upcast to fp32"},
    {AM_FAMILY_GPT2, "scale_attn_by_inverse_layer_idx", "attention scaled by the layer's index"},
    {AM_FAMILY_GPT2, "add_cross_attention", "cross-attention"},
    {AM_FAMILY_QWEN2, "use_sliding_window", "a sliding window in some layers"},
    {AM_FAMILY_QWEN3, "use_sliding_window", "a sliding window in some layers"},
    {AM_FAMILY_QWEN2_MOE, "use_sliding_window", "a sliding window in some layers"},
    {AM_FAMILY_QWEN3_MOE, "use_sliding_window", "a sliding window in some layers"},
    {ANY_FAMILY, "output_router_logits", "a loss that balances the experts"},
    {AM_FAMILY_GEMMA, "use_bidirectional_attention", "attention to later tokens"},
    {AM_FAMILY_GEMMA2, "use_bidirectional_attention", "attention to later tokens"},
    {AM_FAMILY_GEMMA3, "use_bidirectional_attention", "attention to later tokens"},
    {AM_FAMILY_SMOLLM3, "use_sliding_window", "a sliding window in some layers"},
    {AM_FAMILY_STABLELM, "qk_layernorm", "a norm on each head"},
};

static am_code check_switches(const am_document *document, int64_t family, am_status *status)
{
    for (size_t i = 0; i < sizeof switches / sizeof *switches; i++) {
        const char *key = switches[i].key;
        bool read = switches[i].family == family || switches[i].family == ANY_FAMILY;
        am_json_value value = read ? am_document_find(document, key) : 0;
        if (!value || am_document_is_null(document, value)) continue;
        int64_t on;
        am_code code = am_document_flag(document, value, key, &on, status);
        if (code != AM_OK) return code;
        if (on) return am_fail(status, AM_UNSUPPORTED, key, "%s is not covered: %s=false", switches[i].what, key);
    }
    return AM_OK;
}

/* Lists and numbers that change them: what a file may say, beside what has no effect. */
static am_code check_extras(const am_document *document, int64_t family, am_status *status)
{
    am_json_value drop = family == AM_FAMILY_OPT ? am_document_find(document, "layerdrop") : 0;
    am_json_value affine = family == AM_FAMILY_OPT ? am_document_find(document, "layer_norm_elementwise_affine") : 0;
    int64_t ratio = 0, norms = 1;
    am_code code = drop ? am_document_ratio(document, drop, "layerdrop", &ratio, status) : AM_OK;
    if (code == AM_OK && affine)
        code = am_document_flag(document, affine, "layer_norm_elementwise_affine", &norms, status);
    if (code != AM_OK) return code;
    am_json_value behind = family == AM_FAMILY_HYPERCLOVAX ? am_document_find(document, "use_post_norm") : 0;
    int64_t normed = 1;
    if (behind) code = am_document_flag(document, behind, "use_post_norm", &normed, status);
    if (code != AM_OK) return code;
    if (!normed)
        return am_fail(status, AM_UNSUPPORTED, "use_post_norm",
                       "without norms behind the branches it is a Granite: model_type granite, or use_post_norm=true");
    if (ratio != 0)
        return am_fail(status, AM_UNSUPPORTED, "layerdrop", "layers left out at random are not covered: layerdrop=0");
    am_json_value attention = family == AM_FAMILY_MPT ? am_document_find(document, "attn_config") : 0;
    am_json_value clip = attention ? am_document_member(document, attention, "clip_qkv") : 0;
    am_json_value loss = attention ? am_document_member(document, attention, "attn_pdrop") : 0;
    if (loss) code = am_document_ratio(document, loss, "attn_pdrop", &ratio, status);
    if (code != AM_OK) return code;
    if (ratio != 0) return am_fail(status, AM_UNSUPPORTED, "attn_config", "dropout is not covered here: attn_pdrop=0");
    if (clip && !am_document_is_null(document, clip))
        return am_fail(status, AM_UNSUPPORTED, "attn_config", "clipped queries and keys are not covered: clip_qkv=null");
    if (!norms)
        return am_fail(status, AM_UNSUPPORTED, "layer_norm_elementwise_affine",
                       "norms without weights are not covered: layer_norm_elementwise_affine=true");
    return AM_OK;
}

/* What makes the experts' layers others than are covered. */
static am_code check_experts(const am_document *document, int64_t family, am_status *status)
{
    bool qwen = family == AM_FAMILY_QWEN2_MOE || family == AM_FAMILY_QWEN3_MOE;
    am_json_value every = qwen ? am_document_find(document, "decoder_sparse_step") : 0;
    am_json_value dense = qwen ? am_document_find(document, "mlp_only_layers") : 0;
    am_json_value clip = family == AM_FAMILY_OLMOE || family == AM_FAMILY_OLMO ? am_document_find(document, "clip_qkv") : 0;
    am_json_value pairs = family == AM_FAMILY_DEEPSEEK_V3 ? am_document_find(document, "rope_interleave") : 0;
    int64_t step = 1, interleaved = 1;
    am_code code = every ? am_document_integer(document, every, "decoder_sparse_step", &step, status) : AM_OK;
    if (code == AM_OK && pairs) code = am_document_flag(document, pairs, "rope_interleave", &interleaved, status);
    if (code != AM_OK) return code;
    if (step != 1)
        return am_fail(status, AM_UNSUPPORTED, "decoder_sparse_step",
                       "layers without experts are not covered here: decoder_sparse_step=1");
    if (dense && !am_document_is_null(document, dense) && !am_document_is_list_of(document, dense, ""))
        return am_fail(status, AM_UNSUPPORTED, "mlp_only_layers",
                       "layers without experts are not covered here: mlp_only_layers=[]");
    if (clip && !am_document_is_null(document, clip))
        return am_fail(status, AM_UNSUPPORTED, "clip_qkv", "clipped queries and keys are not covered: clip_qkv=null");
    if (!interleaved)
        return am_fail(status, AM_UNSUPPORTED, "rope_interleave",
                       "rotary halves are not covered here: rope_interleave=true");
    return AM_OK;
}

static am_code check_layer_types(const am_document *document, int64_t family, am_status *status)
{
    bool read = family == AM_FAMILY_QWEN2 || family == AM_FAMILY_QWEN3 || family == AM_FAMILY_QWEN2_MOE ||
                family == AM_FAMILY_SMOLLM3; /* the others' code does not look at it */
    am_json_value list = read ? am_document_find(document, "layer_types") : 0;
    if (!list || am_document_is_null(document, list) || am_document_is_list_of(document, list, "full_attention"))
        return AM_OK;
    return am_fail(status, AM_UNSUPPORTED, "layer_types",
                   "only layers of full_attention are covered for this model_type");
}

/* Training starts from the weights that were quantised: the rest of the file is of the same model, which may be a preset. */
static am_code refuse_quantized(const am_config *config, am_status *status)
{
    const am_preset *preset = NULL;
    for (int i = 0; i < am_preset_count && !preset; i++)
        if (am_presets[i].family == config->family && am_presets[i].shape[0] == config->layers && am_presets[i].shape[1] == config->hidden)
            preset = &am_presets[i];
    return am_fail(status, AM_UNSUPPORTED, "quantization_config",
                   "quantised weights are not covered: delete quantization_config from the file for the 16-bit model%s%s",
                   preset ? ", or say model=" : "", preset ? preset->name : "");
}

static am_code check_refused(const am_config *config, const am_document *document, am_status *status)
{
    am_json_value quantized = am_document_find(document, "quantization_config");
    if (quantized && !am_document_is_null(document, quantized)) return refuse_quantized(config, status);
    if (config->attention_dropout > 0 && !(am_wiring_of_family(config->family)->dropouts & AM_DROPS_ATTENTION))
        return am_fail(status, AM_UNSUPPORTED, "attention_dropout",
                       "dropout on the attention weights is not covered for this model_type: attention_dropout=0");
    am_code code = check_switches(document, config->family, status);
    if (code == AM_OK) code = check_extras(document, config->family, status);
    if (code == AM_OK) code = check_experts(document, config->family, status);
    return code == AM_OK ? check_layer_types(document, config->family, status) : code;
}

/* ---- architectures that are not covered */

/* The nearest covered one by how a model_type begins; the first that fits. */
static const struct {
    const char *start, *nearest;
} relatives[] = {
    {"gemma", "gemma3_text"},   {"recurrent_gemma", "gemma"}, {"t5gemma", "gemma2"},
    {"mistral4", "deepseek_v3"}, {"mistral", "mistral"},  {"ministral", "mistral"},     {"mixtral", "mixtral"},
    {"deepseek", "deepseek_v3"}, {"kimi", "deepseek_v3"}, {"longcat", "deepseek_v3"},   {"qwen3_", "qwen3_moe"},
    {"qwen3", "qwen3"},         {"qwen2_moe", "qwen2_moe"}, {"qwen", "qwen2"},          {"gpt_oss", "gpt_oss"},
    {"gpt_neox", "gpt_neox"},   {"gpt_neo", "gpt_neo"},   {"gptj", "gptj"},             {"gpt", "gpt2"},
    {"opt", "opt"},             {"bloom", "bloom"},       {"mpt", "mpt"},               {"falcon", "falcon"},
    {"codegen", "gptj"},        {"starcoder", "gpt2"},    {"phi3", "phi3"},             {"phi4", "phi3"},
    {"phimoe", "mixtral"},      {"phi", "phi"},           {"olmoe", "olmoe"},           {"flex_olmo", "olmoe"},
    {"olmo", "olmo2"},          {"smollm", "smollm3"},    {"minimax", "mixtral"},       {"granite", "granite"},
    {"stablelm", "stablelm"},   {"glm4_moe", "glm4_moe"}, {"glm4", "glm4"},             {"glm", "glm"},
    {"chatglm", "glm"},         {"cohere2", "cohere2"},   {"cohere", "cohere"},         {"llama4", "qwen3_moe"},
    {"dots1", "glm4_moe"},      {"ernie4_5_moe", "qwen3_moe"}, {"", "llama"},
};

static const char *nearest_type(const char *model_type)
{
    size_t i = 0;
    while (strncmp(model_type, relatives[i].start, strlen(relatives[i].start)) != 0) i++;
    return relatives[i].nearest;
}

/* Which of the tables has a model_type, in an object of the file. */
typedef struct origin {
    const importer *own;
    const usual_importer *usual;
} origin;

static bool find_type(const char *model_type, origin *found)
{
    *found = (origin){NULL, NULL};
    for (int i = 0; i < IMPORTER_COUNT; i++)
        if (strcmp(importers[i].model_type, model_type) == 0) found->own = &importers[i];
    for (int i = 0; i < USUAL_COUNT; i++)
        if (strcmp(usual_importers[i].model_type, model_type) == 0) found->usual = &usual_importers[i];
    return found->own || found->usual;
}

/* A model of images and text has a config of its text model within it; if that does not name itself, it is called as the
 * whole is, "_text" behind it. */
static am_code enter_text_config(am_document *document, char *model_type, size_t size, origin *found,
                                 am_status *status)
{
    am_document inner = *document;
    char name[48], suffix[] = "_text";
    am_json_value text = am_document_find(document, "text_config");
    if (!text || am_document_is_null(document, text)) return AM_OK;
    am_code code = am_document_enter(&inner, text, "text_config", status);
    if (code == AM_OK) code = read_name(&inner, "model_type", name, sizeof name, status);
    if (code != AM_OK) return code;
    size_t length = strlen(model_type);
    if (name[0] == '\0' && length + sizeof suffix <= size) {
        memcpy(name, model_type, length);
        memcpy(name + length, suffix, sizeof suffix);
    }
    if (find_type(name, found)) *document = inner;
    return AM_OK;
}

static am_code find_importer(am_document *document, origin *found, am_status *status)
{
    char model_type[48];
    am_code code = read_name(document, "model_type", model_type, sizeof model_type, status);
    if (code != AM_OK) return code;
    if (model_type[0] == '\0') return am_fail(status, AM_BAD_CONFIG, "model_type", "config.json has no model_type");
    if (find_type(model_type, found)) return AM_OK;
    code = enter_text_config(document, model_type, sizeof model_type, found, status);
    if (code != AM_OK || found->own || found->usual) return code;
    return am_fail(status, AM_UNKNOWN_ARCHITECTURE, "model_type",
                   "actmem does not yet cover model_type %s; the nearest covered one is %s", model_type,
                   nearest_type(model_type));
}

/* ---- import */

/* What the file says in other words, or leaves to the family's code. */
static void complete(am_config *config)
{
    const am_wiring *wiring = am_wiring_of_family(config->family);
    if (wiring->o_bias == AM_BIAS_AS_QKV) config->o_bias = config->qkv_bias;
    am_wiring_fill(config, wiring);
    if (config->kv_heads == AM_AUTO) config->kv_heads = config->heads;
    if (config->head_dim == AM_AUTO && config->hidden % config->heads == 0)
        config->head_dim = config->hidden / config->heads;
    if (config->ffn == AM_AUTO) config->ffn = 4 * config->hidden;
    if (wiring->latent) config->head_dim += config->rotary_dim; /* the file has the other part of it */
    if (wiring->shared == AM_SHARED_ADDED) config->shared_ffn *= config->moe_ffn; /* the file counts experts */
    am_wiring_fill_experts(config, wiring);
}

/* Not inlined: two configurations in one frame would be above 2 KiB. */
__attribute__((noinline)) am_code am_config_import(am_config *config, const char *json, size_t length, am_status *status)
{
    *status = (am_status){0};
    am_document document;
    origin from = {NULL, NULL};
    am_code code = am_document_read(&document, json, length, status);
    if (code == AM_OK) code = find_importer(&document, &from, status);
    if (code != AM_OK || AM_NEVER(!from.own && !from.usual)) return code; /* else no type is found */
    am_config next = *config;
    am_config_clear_model(&next);
    next.family = from.own ? from.own->family : from.usual->family;
    code = from.own ? read_entries(&next, &document, from.own->entries, MOST_ENTRIES, status)
                    : read_usual(&next, &document, from.usual, status);
    bool gemma = am_wiring_of_family(next.family)->norm_code == AM_NORM_GEMMA;
    const char *named = from.own ? from.own->activation : gemma ? "hidden_activation" : "hidden_act";
    if (code == AM_OK) code = read_activation(&next, &document, named, status);
    if (code == AM_OK) code = read_multi_query(&next, &document, status);
    if (code == AM_OK) code = read_period(&next, &document, status);
    if (code == AM_OK) code = check_refused(&next, &document, status);
    if (code != AM_OK) return code;
    complete(&next);
    code = read_rotary_dim(&next, &document, status);
    if (code == AM_OK) *config = next;
    return code;
}
