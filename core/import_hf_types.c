/* The model types of transformers 5.23 that are covered: what their files call the inputs, and its defaults; and which is nearest to one
 * that is not. */
#include <string.h>

#include "import_hf.h"
#include "wiring.h"

#define NOT_NULL AM_NOT_NULL

/* ---- keys */

typedef struct importer {
    const char *model_type;
    int family;
    const char *activation; /* the key that names it; NULL if none does */
    am_hf_key keys[AM_MOST_HF_KEYS + 1]; /* ends with key NULL */
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
    am_hf_key own[MOST_OWN + 1]; /* ends with key NULL */
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

/* Of latent attention, as DeepSeek-V3's files have it. */
#define LATENT_KEYS(layers, hidden, heads, ffn, vocab, tied)                                                           \
    {"num_hidden_layers", NULL, AM_F_layers, layers, NOT_NULL},                                                        \
    {"hidden_size", NULL, AM_F_hidden, hidden, NOT_NULL},                                                              \
    {"num_attention_heads", NULL, AM_F_heads, heads, NOT_NULL},                                                        \
    {"num_key_value_heads", NULL, AM_F_kv_heads, heads, AM_AUTO},                                                      \
    {"intermediate_size", NULL, AM_F_ffn, ffn, NOT_NULL},                                                              \
    {"vocab_size", NULL, AM_F_vocab, vocab, NOT_NULL},                                                                 \
    {"attention_bias", NULL, AM_F_qkv_bias, 0, NOT_NULL},                                                              \
    {"attention_dropout", NULL, AM_F_attention_dropout, 0, NOT_NULL},                                                  \
    {"tie_word_embeddings", NULL, AM_F_tie_word_embeddings, tied, NOT_NULL}
#define LATENT_WIDTHS(plain, rotary, value, query, key_value)                                                          \
    {"qk_nope_head_dim", NULL, AM_F_head_dim, plain, NOT_NULL},                                                        \
    {"qk_rope_head_dim", NULL, AM_F_rotary_dim, rotary, NOT_NULL},                                                     \
    {"v_head_dim", NULL, AM_F_v_head_dim, value, NOT_NULL},                                                            \
    {"q_lora_rank", NULL, AM_F_q_rank, query, 0},                                                                      \
    {"kv_lora_rank", NULL, AM_F_kv_rank, key_value, NOT_NULL}
#define DEEPSEEK_EXPERTS(experts, used, width, groups, used_groups)                                                    \
    {"n_routed_experts", "num_local_experts", AM_F_experts, experts, NOT_NULL},                                        \
    {"num_experts_per_tok", NULL, AM_F_experts_per_token, used, NOT_NULL},                                             \
    {"moe_intermediate_size", NULL, AM_F_moe_ffn, width, NOT_NULL},                                                    \
    {"n_shared_experts", NULL, AM_F_shared_ffn, 1, NOT_NULL},                                                          \
    {"n_group", NULL, AM_F_expert_groups, groups, NOT_NULL},                                                           \
    {"topk_group", NULL, AM_F_groups_per_token, used_groups, NOT_NULL},                                                \
    {"norm_topk_prob", NULL, AM_F_norm_topk, 1, NOT_NULL}

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
     "hidden_act", /* later ones: hidden_activation */
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
      {"head_dim", NULL, AM_F_head_dim, AM_AUTO, AM_AUTO},
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
      {"head_dim", NULL, AM_F_head_dim, AM_AUTO, NOT_NULL},
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
     {LATENT_KEYS(61, 7168, 128, 18432, 129280, 0), LATENT_WIDTHS(128, 64, 128, 1536, 512),
      DEEPSEEK_EXPERTS(256, 8, 2048, 8, 4), {"first_k_dense_replace", NULL, AM_F_dense_layers, 3, NOT_NULL}}},
    {"deepseek_v2",
     AM_FAMILY_DEEPSEEK_V2,
     "hidden_act",
     {LATENT_KEYS(32, 4096, 32, 11008, 102400, 0), LATENT_WIDTHS(128, 64, 128, 1536, 512),
      {"n_routed_experts", "num_experts", AM_F_experts, 64, NOT_NULL}, {"num_experts_per_tok", NULL, AM_F_experts_per_token, 0, 0},
      {"moe_intermediate_size", NULL, AM_F_moe_ffn, 1407, NOT_NULL}, {"n_shared_experts", NULL, AM_F_shared_ffn, 2, NOT_NULL},
      {"n_group", NULL, AM_F_expert_groups, 1, 1}, {"topk_group", NULL, AM_F_groups_per_token, 1, 1},
      {"first_k_dense_replace", NULL, AM_F_dense_layers, 0, NOT_NULL}, {"mlp_bias", NULL, AM_F_mlp_bias, 0, NOT_NULL}}},
    {"mistral4",
     AM_FAMILY_MISTRAL4,
     "hidden_act",
     {LATENT_KEYS(36, 4096, 32, 12288, 131072, 0), LATENT_WIDTHS(64, 64, 128, 1024, 256),
      DEEPSEEK_EXPERTS(128, 4, 2048, 1, 1), {"first_k_dense_replace", NULL, AM_F_dense_layers, 0, NOT_NULL}}},
    {"glm4_moe_lite",
     AM_FAMILY_DEEPSEEK_V3, /* whose layers are the same */
     "hidden_act",
     {LATENT_KEYS(47, 2048, 20, 10240, 154880, 0), LATENT_WIDTHS(192, 64, 256, 768, 512),
      DEEPSEEK_EXPERTS(64, 4, 1536, 1, 1), {"mlp_layer_types", NULL, AM_F_dense_layers, 1, 1}}},
    {"youtu",
     AM_FAMILY_YOUTU,
     "hidden_act",
     {LATENT_KEYS(32, 2048, 16, 6144, 128256, 1), LATENT_WIDTHS(128, 64, 128, 1536, 512)}},
};

/* As they stand in `usual`. */
#define ATTENTION_BIAS(on) {"attention_bias", NULL, AM_F_qkv_bias, on, NOT_NULL}
#define MLP_BIAS           {"mlp_bias", NULL, AM_F_mlp_bias, 0, NOT_NULL}
#define WINDOW(tokens, null) {"sliding_window", NULL, AM_F_sliding_window, tokens, null}
#define EXPERTS_PER_TOKEN(n) {"num_experts_per_tok", NULL, AM_F_experts_per_token, n, NOT_NULL}
#define MOE_FFN(n)           {"moe_intermediate_size", NULL, AM_F_moe_ffn, n, NOT_NULL}
#define NORM_TOPK(on)        {"norm_topk_prob", NULL, AM_F_norm_topk, on, NOT_NULL}
#define SOFT_CAPS                                                                                                      \
    {"attn_logit_softcapping", NULL, AM_F_attention_softcap, 1, 0}, {"final_logit_softcapping", NULL, AM_F_logit_softcap, 1, 0}
static const usual_importer usual_importers[] = {
    {"gemma2", AM_FAMILY_GEMMA2, {26, 2304, 8, 4, 9216, 256000, 1, 0, 256},
     {ATTENTION_BIAS(0), WINDOW(4096, NOT_NULL), SOFT_CAPS}},
    {"vaultgemma", AM_FAMILY_VAULTGEMMA, {26, 2304, 8, 4, 9216, 256000, 1, 0, 256},
     {ATTENTION_BIAS(0), WINDOW(4096, NOT_NULL), SOFT_CAPS}},
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
    {"stablelm", AM_FAMILY_STABLELM, {32, 2560, 32, 32, 6912, 50304, 0, 0, AM_AUTO},
     {{"use_qkv_bias", NULL, AM_F_qkv_bias, 0, NOT_NULL},
      {"use_parallel_residual", NULL, AM_F_parallel_residual, 0, NOT_NULL},
      {"hidden_dropout", NULL, AM_F_dropout, 0, NOT_NULL}}},
    {"glm", AM_FAMILY_GLM, {40, 4096, 32, 2, 13696, 151552, 0, 0, 128}, {ATTENTION_BIAS(1)}},
    {"glm4", AM_FAMILY_GLM4, {40, 4096, 32, 2, 13696, 151552, 0, 0, 128}, {ATTENTION_BIAS(1)}},
    {"cohere", AM_FAMILY_COHERE, {40, 8192, 64, AM_AUTO, 22528, 256000, 1, 0, AM_AUTO},
     {ATTENTION_BIAS(0), {"use_qk_norm", NULL, AM_F_qk_norm, 0, NOT_NULL}}},
    {"cohere2", AM_FAMILY_COHERE2, {40, 8192, 64, AM_AUTO, 22528, 256000, 1, 0, AM_AUTO},
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
    {"nemotron", AM_FAMILY_NEMOTRON, {32, 6144, 48, AM_AUTO, 24576, 256000, 0, 0, AM_AUTO}, {ATTENTION_BIAS(0), MLP_BIAS}},
    {"ministral3", AM_FAMILY_MINISTRAL3, {34, 4096, 32, 8, 14336, 131072, 0, 0, 128}, {WINDOW(0, 0)}},
    {"flex_olmo", AM_FAMILY_FLEX_OLMO, {32, 4096, 32, AM_AUTO, 11008, 100352, 0, 0, AM_AUTO},
     {ATTENTION_BIAS(0), {"num_experts", "num_local_experts", AM_F_experts, 7, NOT_NULL}, EXPERTS_PER_TOKEN(5), NORM_TOPK(0)}},
    {"minimax_m2", AM_FAMILY_MINIMAX_M2, {62, 3072, 48, 8, 1536, 200064, 0, 0, 128},
     {{"num_local_experts", "num_experts", AM_F_experts, 256, NOT_NULL}, EXPERTS_PER_TOKEN(8),
      {"rotary_dim", NULL, AM_F_rotary_dim, AM_AUTO, AM_AUTO}}},
    {"dots1", AM_FAMILY_DOTS1, {62, 4608, 32, 32, 10944, 152064, 0, 0, AM_AUTO},
     {ATTENTION_BIAS(0), {"n_routed_experts", "num_local_experts", AM_F_experts, 0, NOT_NULL}, EXPERTS_PER_TOKEN(0),
      MOE_FFN(1408), NORM_TOPK(0), {"n_shared_experts", NULL, AM_F_shared_ffn, 0, NOT_NULL},
      {"first_k_dense_replace", NULL, AM_F_dense_layers, 0, 0}, {"n_group", NULL, AM_F_expert_groups, 1, 1},
      {"topk_group", NULL, AM_F_groups_per_token, 1, 1}}},
    {"solar_open", AM_FAMILY_SOLAR_OPEN, {48, 4096, 64, 8, AM_AUTO, 196608, 0, 0, 128},
     {ATTENTION_BIAS(0), {"n_routed_experts", "num_local_experts", AM_F_experts, 128, NOT_NULL}, EXPERTS_PER_TOKEN(8),
      MOE_FFN(1280), NORM_TOPK(1), {"n_shared_experts", NULL, AM_F_shared_ffn, 1, NOT_NULL},
      {"n_group", NULL, AM_F_expert_groups, 1, NOT_NULL}, {"topk_group", NULL, AM_F_groups_per_token, 1, NOT_NULL}}},
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
    {"apertus", AM_FAMILY_APERTUS, {32, 4096, 32, AM_AUTO, 14336, 131072, 0, 0, AM_AUTO}, {ATTENTION_BIAS(0)}},
    {"ernie4_5_moe", AM_FAMILY_ERNIE4_5_MOE, {28, 2560, 20, 4, 12288, 103424, 1, 0, AM_AUTO},
     {{"use_bias", NULL, AM_F_bias, 0, 0}, {"moe_num_experts", "num_experts", AM_F_experts, 64, NOT_NULL},
      {"moe_k", "num_experts_per_tok", AM_F_experts_per_token, 6, NOT_NULL}, MOE_FFN(1536),
      {"moe_num_shared_experts", NULL, AM_F_shared_ffn, 2, NOT_NULL}, {"moe_layer_start_index", NULL, AM_F_dense_layers, 1, NOT_NULL}}},
    {"granitemoe", AM_FAMILY_GRANITEMOE, {32, 4096, 32, AM_AUTO, 11008, 32000, 0, 0, AM_AUTO},
     {ATTENTION_BIAS(0), {"num_local_experts", NULL, AM_F_experts, 8, NOT_NULL}, EXPERTS_PER_TOKEN(2)}},
    {"cwm", AM_FAMILY_CWM, {64, 6144, 48, 8, 21504, 128256, 0, 0, 128}, {MLP_BIAS, WINDOW(8192, NOT_NULL)}},
    {"ministral", AM_FAMILY_MINISTRAL, {32, 4096, 32, 8, 14336, 32000, 0, 0, AM_AUTO}, {WINDOW(4096, NOT_NULL)}},
    {"internlm3", AM_FAMILY_LLAMA, {48, 4096, 32, 2, 10240, 128512, 0, 0, 128},
     {{"qkv_bias", "attention_bias", AM_F_qkv_bias, 0, NOT_NULL}, {"bias", "mlp_bias", AM_F_mlp_bias, 0, NOT_NULL}}},
    {"iquestcoder", AM_FAMILY_LLAMA, {80, 5120, 40, 8, 27648, 76800, 0, 0, 128}, {ATTENTION_BIAS(0), MLP_BIAS}},
    {"gpt_oss", AM_FAMILY_GPT_OSS, {36, 2880, 64, 8, 2880, 201088, 0, 0, 64},
     {ATTENTION_BIAS(1), WINDOW(128, NOT_NULL), {"num_local_experts", "num_experts", AM_F_experts, 128, NOT_NULL},
      EXPERTS_PER_TOKEN(4)}},
};
enum { USUAL_COUNT = sizeof usual_importers / sizeof *usual_importers, IMPORTER_COUNT = sizeof importers / sizeof *importers };

/* ---- of a type */

static void add_keys(am_hf_type *type, const am_hf_key *from)
{
    for (; from->key; from++) type->key[type->keys++] = *from;
}

static void fill_own(am_hf_type *type, const importer *from)
{
    *type = (am_hf_type){.family = from->family, .activation = from->activation};
    add_keys(type, from->keys);
}

static void fill_usual(am_hf_type *type, const usual_importer *from)
{
    const bool gemma = am_wiring_of_family(from->family)->norm_code == AM_NORM_GEMMA;
    *type = (am_hf_type){.family = from->family, .activation = gemma ? "hidden_activation" : "hidden_act"};
    for (int i = 0; i < MOST_USUAL; i++)
        type->key[type->keys++] = (am_hf_key){usual[i].key, NULL, usual[i].field, from->absent[i], usual[i].null};
    add_keys(type, from->own);
}

static bool find_type(const char *model_type, am_hf_type *found)
{
    for (int i = 0; i < IMPORTER_COUNT; i++)
        if (strcmp(importers[i].model_type, model_type) == 0) {
            fill_own(found, &importers[i]);
            return true;
        }
    for (int i = 0; i < USUAL_COUNT; i++)
        if (strcmp(usual_importers[i].model_type, model_type) == 0) {
            fill_usual(found, &usual_importers[i]);
            return true;
        }
    return false;
}

/* ---- architectures that are not covered */

/* The nearest covered one by how a model_type begins; the first that fits. */
static const struct {
    const char *start, *nearest;
} relatives[] = {
    {"gemma", "gemma3_text"},   {"recurrent_gemma", "gemma"}, {"t5gemma", "gemma2"},
    {"mistral", "mistral"},  {"ministral", "mistral"},     {"mixtral", "mixtral"},
    {"deepseek", "deepseek_v3"}, {"kimi", "deepseek_v3"}, {"longcat", "deepseek_v3"},   {"qwen3_", "qwen3_moe"},
    {"qwen3", "qwen3"},         {"qwen2_moe", "qwen2_moe"}, {"qwen", "qwen2"},          {"gpt_oss", "gpt_oss"},
    {"gpt_neox", "gpt_neox"},   {"gpt_neo", "gpt_neo"},   {"gptj", "gptj"},             {"gpt", "gpt2"},
    {"opt", "opt"},             {"bloom", "bloom"},       {"mpt", "mpt"},               {"falcon", "falcon"},
    {"codegen", "gptj"},        {"starcoder", "gpt2"},    {"phi3", "phi3"},             {"phi4", "phi3"},
    {"phimoe", "mixtral"},      {"phi", "phi"},           {"olmoe", "olmoe"},
    {"olmo", "olmo2"},          {"smollm", "smollm3"},    {"minimax", "minimax_m2"},       {"granitemoe", "granitemoe"}, {"granite", "granite"},
    {"stablelm", "stablelm"},   {"glm4_moe", "glm4_moe"}, {"glm4", "glm4"},             {"glm", "glm"},
    {"chatglm", "glm"},         {"cohere2", "cohere2"},   {"cohere", "cohere"},         {"llama4", "qwen3_moe"},
    {"dots1", "glm4_moe"},      {"ernie4_5_vl", "ernie4_5_moe"},
    /* norms behind the sums, biases, an MLP without a gate: OPT's layers with pre_norm=no */
    {"bert", "opt"},            {"roberta", "opt"},       {"distilbert", "opt"},        {"electra", "opt"},
    {"albert", "opt"},          {"camembert", "opt"},     {"xlm-roberta", "opt"},       {"deberta", "opt"},
    {"bart", "opt"},            {"mbart", "opt"},         {"", "llama"},
};

static const char *nearest_type(const char *model_type)
{
    size_t i = 0;
    while (strncmp(model_type, relatives[i].start, strlen(relatives[i].start)) != 0) i++;
    return relatives[i].nearest;
}

/* A model of images and text has a config of its text model within it; if that does not name itself, it is called as the
 * whole is, "_text" behind it. */
static am_code enter_text_config(am_document *document, char *model_type, size_t size, am_hf_type *found, am_status *status)
{
    am_document inner = *document;
    char name[48], suffix[] = "_text";
    am_json_value text = am_document_find(document, "text_config");
    if (!text || am_document_is_null(document, text)) return AM_OK;
    am_code code = am_document_enter(&inner, text, "text_config", status);
    if (code == AM_OK) code = am_document_name(&inner, "model_type", name, sizeof name, status);
    if (code != AM_OK) return code;
    size_t length = strlen(model_type);
    if (name[0] == '\0' && length + sizeof suffix <= size) {
        memcpy(name, model_type, length);
        memcpy(name + length, suffix, sizeof suffix);
    }
    if (find_type(name, found)) *document = inner;
    return AM_OK;
}

am_code am_hf_find(am_document *document, am_hf_type *type, am_status *status)
{
    char model_type[48];
    am_code code = am_document_name(document, "model_type", model_type, sizeof model_type, status);
    if (code != AM_OK) return code;
    if (model_type[0] == '\0') return am_fail(status, AM_BAD_CONFIG, "model_type", "config.json has no model_type");
    *type = (am_hf_type){.keys = 0};
    if (find_type(model_type, type)) return AM_OK;
    code = enter_text_config(document, model_type, sizeof model_type, type, status);
    if (code != AM_OK || type->keys > 0) return code;
    return am_fail(status, AM_UNKNOWN_ARCHITECTURE, "model_type",
                   "actmem does not yet cover model_type %s; the nearest covered one is %s", model_type,
                   nearest_type(model_type));
}
