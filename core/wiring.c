/* How the blocks are wired: by a family as transformers writes it, or by a stack of its own. */
#include "wiring.h"

#include <string.h>

#include "input.h"

/* clang-format off */
#define TARGETS_QKV (AM_TARGET_Q | AM_TARGET_K | AM_TARGET_V)
#define TARGETS_PLAIN (AM_TARGET_O | AM_TARGET_UP | AM_TARGET_DOWN | AM_TARGET_ALL)
#define TARGETS_FUSED (AM_TARGET_QKV | TARGETS_PLAIN)
#define TARGETS_ALL (TARGETS_QKV | TARGETS_PLAIN | AM_TARGET_GATE)

/* What peft calls an MLP's layers, and all linear ones, it turns into experts' parameters, adapted by other means, where there are experts. */
#define ATTENTION_TARGETS (TARGETS_QKV | AM_TARGET_O)
#define LATENT_TARGETS    (AM_TARGET_Q | AM_TARGET_Q_A | AM_TARGET_Q_B | AM_TARGET_KV_A | AM_TARGET_KV_B | AM_TARGET_O)

/* Biases everywhere. */
#define BIASED                                                                                                  \
    .bias = AM_BIAS_ALWAYS, .qkv_bias = AM_BIAS_ALWAYS, .o_bias = AM_BIAS_ALWAYS, .mlp_bias = AM_BIAS_ALWAYS

/* Attention in transformers that computes its scores in fp32 itself, or by FlashAttention-2. */
#define FP32_SCORES (1 << AM_EAGER | 1 << AM_FLASH)
/* Rotary positions, a gated MLP, RMSNorm before both. */
#define NORMS .norms = {"input_layernorm", NULL, "post_attention_layernorm", NULL}
#define ROTARY .norm = AM_RMSNORM, .activation = AM_SWIGLU, .positions = AM_ROPE
#define LLAMA  ROTARY, NORMS, .targets = TARGETS_ALL
#define GEMMA                                                                                                   \
    .norm = AM_RMSNORM, .activation = AM_GEGLU_TANH, .positions = AM_ROPE, .targets = TARGETS_ALL,              \
    .norm_code = AM_NORM_GEMMA, .tie_word_embeddings = 1, .qkv_bias = AM_BIAS_EITHER, .o_bias = AM_BIAS_AS_QKV
#define GEMMA_NORMS                                                                                             \
    .norms = {"input_layernorm", "post_attention_layernorm", "pre_feedforward_layernorm", "post_feedforward_layernorm"}
#define BEHIND .norms = {NULL, "post_attention_layernorm", NULL, "post_feedforward_layernorm"}
#define OLMO                                                                                                    \
    ROTARY, BEHIND, .norm_code = AM_NORM_OLMO, .qk_norm = 1, .project_code = AM_PROJECT_LATE,                    \
    .rotary_code = AM_ROTARY_FP32, .qkv_bias = AM_BIAS_EITHER, .o_bias = AM_BIAS_AS_QKV
#define COHERE                                                                                                  \
    .norm = AM_LAYERNORM, .norm_code = AM_NORM_COHERE, .activation = AM_SWIGLU, .positions = AM_ROPE,            \
    .rotary_code = AM_ROTARY_PAIRS_FP32, .parallel_residual = AM_BIAS_ALWAYS, .tie_word_embeddings = 1,          \
    .qkv_bias = AM_BIAS_EITHER, .o_bias = AM_BIAS_AS_QKV, .targets = TARGETS_ALL, .norms = {"input_layernorm"}
#define WINDOWS(tokens)                                                                                         \
    .window = AM_WINDOW_FIRST_KIND, .usual_window = tokens, .kinds = {"sliding window", "full attention"}

static const am_wiring families[AM_FAMILY_COUNT] = {
    [AM_FAMILY_LLAMA] = {
        .megatron = true, .liger = true, LLAMA, .bias = AM_BIAS_EITHER, .qkv_bias = AM_BIAS_EITHER, .o_bias = AM_BIAS_AS_QKV,
        .mlp_bias = AM_BIAS_EITHER, .traits = AM_T_EVEN_HEADS},
    [AM_FAMILY_MISTRAL] = {.megatron = true, .liger = true, LLAMA, .window = AM_WINDOW_ALL},
    [AM_FAMILY_QWEN2] = {.megatron = true, .liger = true, LLAMA, .qkv_bias = AM_BIAS_ALWAYS},
    [AM_FAMILY_QWEN3] = {.megatron = true, .liger = true, LLAMA, .qk_norm = 1, .qkv_bias = AM_BIAS_EITHER, .o_bias = AM_BIAS_AS_QKV},
    [AM_FAMILY_GEMMA] = {.liger = true, GEMMA, NORMS},
    [AM_FAMILY_GEMMA2] = {
        GEMMA, GEMMA_NORMS, WINDOWS(4096), .period = 2, .attention_softcap = AM_BIAS_USUALLY,
        .logit_softcap = AM_BIAS_USUALLY, .traits = AM_T_EVEN_HEADS, .attentions = 1 << AM_EAGER | 1 << AM_FLASH},
    [AM_FAMILY_GEMMA3] = {
        GEMMA, GEMMA_NORMS, WINDOWS(4096), .period = 6, .logit_softcap = AM_BIAS_EITHER, .qk_norm = 1,
        .project_code = AM_PROJECT_THEN_NORM,
        .traits = AM_T_TWO_TABLES | AM_T_EVEN_HEADS},
    [AM_FAMILY_PHI3] = {
        ROTARY, NORMS, .rotary_quarters = 4, .rotary_code = AM_ROTARY_PART_EACH, .window = AM_WINDOW_ALL,
        .traits = AM_T_FUSED_QKV | AM_T_FUSED_GATE, .targets = AM_TARGET_QKV | AM_TARGET_O | AM_TARGET_GATE_UP | AM_TARGET_DOWN | AM_TARGET_ALL,
        .dropouts = AM_DROPS_RESIDUAL | AM_DROPS_ATTENTION, .drops = {"resid_attn_dropout", "resid_mlp_dropout"}},
    [AM_FAMILY_OLMO2] = {OLMO, .targets = TARGETS_ALL},
    [AM_FAMILY_SMOLLM3] = {
        LLAMA, .bias = AM_BIAS_EITHER, .qkv_bias = AM_BIAS_EITHER, .o_bias = AM_BIAS_AS_QKV,
        .mlp_bias = AM_BIAS_EITHER, .tie_word_embeddings = 1, .period = 4, .traits = AM_T_NO_POSITIONS,
        .kinds = {"rotary positions", "no positions"}},
    [AM_FAMILY_GRANITE] = {
        LLAMA, .bias = AM_BIAS_EITHER, .qkv_bias = AM_BIAS_EITHER, .o_bias = AM_BIAS_AS_QKV,
        .mlp_bias = AM_BIAS_EITHER, .traits = AM_T_SCALED | AM_T_SCALED_LOGITS | AM_T_DIVIDED_LOGITS},
    [AM_FAMILY_STABLELM] = {
        .norm = AM_LAYERNORM, .norm_code = AM_NORM_TORCH, NORMS, .activation = AM_SWIGLU, .positions = AM_ROPE,
        .project_code = AM_PROJECT_LATE, .targets = TARGETS_ALL,
        .rotary_code = AM_ROTARY_PART, .rotary_quarters = 1, .qkv_bias = AM_BIAS_EITHER,
        .parallel_residual = AM_BIAS_EITHER, .traits = AM_T_KEEPS_BRANCHES, .heads = AM_HEADS_DIVIDED,
        .dropouts = AM_DROPS_RESIDUAL | AM_DROPS_ATTENTION, .drops = {NULL, "dropout"}},
    [AM_FAMILY_GLM] = {
        ROTARY, NORMS, .rotary_code = AM_ROTARY_PAIRS_PART, .rotary_quarters = 2, .qkv_bias = AM_BIAS_USUALLY,
        .traits = AM_T_FUSED_GATE, .targets = TARGETS_QKV | AM_TARGET_O | AM_TARGET_GATE_UP | AM_TARGET_DOWN | AM_TARGET_ALL},
    [AM_FAMILY_GLM4] = {
        ROTARY, .rotary_code = AM_ROTARY_PAIRS_PART, .rotary_quarters = 2, .qkv_bias = AM_BIAS_USUALLY,
        .traits = AM_T_FUSED_GATE, .targets = TARGETS_QKV | AM_TARGET_O | AM_TARGET_GATE_UP | AM_TARGET_DOWN | AM_TARGET_ALL,
        .norms = {"input_layernorm", "post_self_attn_layernorm", "post_attention_layernorm", "post_mlp_layernorm"}},
    [AM_FAMILY_COHERE] = {
        COHERE, .project_code = AM_PROJECT_CUT, .qk_norm_either = true, .traits = AM_T_SCALED_LOGITS | AM_T_KEEPS_BRANCHES},
    [AM_FAMILY_COHERE2] = {
        COHERE, WINDOWS(4096), .period = 4,
        .traits = AM_T_SCALED_LOGITS | AM_T_NO_POSITIONS | AM_T_KEEPS_BRANCHES,
        .heads = AM_HEADS_DIVIDED},
    [AM_FAMILY_STARCODER2] = {
        .norm = AM_LAYERNORM, .norm_code = AM_NORM_TORCH, .activation = AM_GELU_TANH, .positions = AM_ROPE,
        .bias = AM_BIAS_USUALLY, .qkv_bias = AM_BIAS_AS_ALL, .o_bias = AM_BIAS_AS_ALL, .mlp_bias = AM_BIAS_AS_ALL,
        .tie_word_embeddings = 1, .window = AM_WINDOW_ALL, .dropouts = AM_DROPS_ALL,
        .targets = TARGETS_QKV | TARGETS_PLAIN, NORMS,
        .drops = {"self_attn", "mlp"}, .traits = AM_T_DROPS_INSIDE},
    [AM_FAMILY_GPT2] = {
        .megatron = true, .norm = AM_LAYERNORM, .activation = AM_GELU_NEW, .positions = AM_LEARNED, .tie_word_embeddings = 1, BIASED,
        .heads = AM_HEADS_PLAIN, .mask_argument = true, .dropouts = AM_DROPS_ALL, .targets = TARGETS_FUSED,
        .prefix = "transformer.h."},
    [AM_FAMILY_BIGCODE] = {
        .norm = AM_LAYERNORM, .activation = AM_GELU_TANH, .positions = AM_LEARNED, .tie_word_embeddings = 1, BIASED,
        .heads = AM_HEADS_ONE, .dropouts = AM_DROPS_ALL, .targets = TARGETS_FUSED, .prefix = "transformer.h."},
#ifndef AM_FIRST /* those that families.def has as AM_FAMILY_LATER */
    [AM_FAMILY_NEOX] = {
        .norm = AM_LAYERNORM, .activation = AM_GELU, .positions = AM_ROPE, .bias = AM_BIAS_ALWAYS,
        .qkv_bias = AM_BIAS_EITHER, .o_bias = AM_BIAS_AS_QKV, .mlp_bias = AM_BIAS_ALWAYS, .heads = AM_HEADS_PLAIN,
        .parallel_residual = AM_BIAS_USUALLY, .rotary_quarters = 1, .dropouts = AM_DROPS_ALL,
        .targets = TARGETS_FUSED, .prefix = "gpt_neox.layers."},
    [AM_FAMILY_OPT] = {
        .norm = AM_LAYERNORM, .activation = AM_RELU, .positions = AM_LEARNED, .tie_word_embeddings = 1,
        .bias = AM_BIAS_USUALLY, .qkv_bias = AM_BIAS_EITHER, .o_bias = AM_BIAS_AS_QKV, .mlp_bias = AM_BIAS_AS_QKV,
        .heads = AM_HEADS_PLAIN, .post_norm = true, .wide = true,
        .dropouts = AM_DROPS_RESIDUAL | AM_DROPS_ATTENTION, .targets = TARGETS_QKV | TARGETS_PLAIN,
        .prefix = "model.decoder.layers."},
    [AM_FAMILY_PHI] = {
        .norm = AM_LAYERNORM, .activation = AM_GELU_NEW, .positions = AM_ROPE, BIASED, .head_bias = AM_BIAS_ALWAYS,
        .parallel_residual = AM_BIAS_ALWAYS, .rotary_quarters = 2, .qk_norm_either = true, .heads = AM_HEADS_DIVIDED,
        .dropouts = AM_DROPS_ALL, .targets = TARGETS_QKV | TARGETS_PLAIN},
    [AM_FAMILY_GPTJ] = {
        .norm = AM_LAYERNORM, .activation = AM_GELU_NEW, .positions = AM_ROPE, .mlp_bias = AM_BIAS_ALWAYS,
        .head_bias = AM_BIAS_ALWAYS, .parallel_residual = AM_BIAS_ALWAYS, .rotary_quarters = 1, .table = true,
        .attentions = FP32_SCORES, .heads = AM_HEADS_PLAIN, .dropouts = AM_DROPS_ALL,
        .traits = AM_T_RETURNS_PAIR, .targets = TARGETS_QKV | TARGETS_PLAIN, .prefix = "transformer.h."},
    [AM_FAMILY_GPT_NEO] = {
        .norm = AM_LAYERNORM, .activation = AM_GELU_NEW, .positions = AM_LEARNED, .tie_word_embeddings = 1,
        .o_bias = AM_BIAS_ALWAYS, .mlp_bias = AM_BIAS_ALWAYS, .attentions = FP32_SCORES, .heads = AM_HEADS_PLAIN,
        .dropouts = AM_DROPS_ALL, .traits = AM_T_RETURNS_PAIR, .targets = TARGETS_QKV | TARGETS_PLAIN, .prefix = "transformer.h."},
    [AM_FAMILY_BLOOM] = {
        .norm = AM_LAYERNORM, .activation = AM_GELU_TANH, .positions = AM_ALIBI, .tie_word_embeddings = 1, BIASED,
        .activations = 1u << AM_GELU_TANH, .four = true, .attentions = 1 << AM_EAGER, .heads = AM_HEADS_PLAIN,
        .dropouts = AM_DROPS_RESIDUAL | AM_DROPS_ATTENTION, .traits = AM_T_RETURNS_PAIR, .targets = TARGETS_FUSED, .prefix = "transformer.h."},
    [AM_FAMILY_MPT] = {
        .norm = AM_LAYERNORM, .activation = AM_GELU, .positions = AM_ALIBI, .tie_word_embeddings = 1,
        .activations = 1u << AM_GELU, .bare_norm = true, .four = true, .table = true, .attentions = 1 << AM_EAGER,
        .heads = AM_HEADS_PLAIN, .traits = AM_T_RETURNS_PAIR, .targets = TARGETS_FUSED, .prefix = "transformer.blocks."},
    [AM_FAMILY_MIXTRAL] = {
        .megatron = true, ROTARY, NORMS, .window = AM_WINDOW_ALL, .router = AM_ROUTER_SOFTMAX, .norm_topk = AM_BIAS_ALWAYS,
        .targets = ATTENTION_TARGETS},
    [AM_FAMILY_DEEPSEEK_V3] = {
        .megatron = true, ROTARY, NORMS, .qkv_bias = AM_BIAS_EITHER, .o_bias = AM_BIAS_AS_QKV, .router = AM_ROUTER_SIGMOID,
        .shared = AM_SHARED_ADDED, .dense_layers = true, .norm_topk = AM_BIAS_USUALLY, .latent = true,
        .targets = LATENT_TARGETS},
    [AM_FAMILY_FALCON] = {
        .norm = AM_LAYERNORM, .activation = AM_GELU, .positions = AM_ROPE, .tie_word_embeddings = 1,
        .bias = AM_BIAS_EITHER, .qkv_bias = AM_BIAS_AS_ALL, .o_bias = AM_BIAS_AS_ALL, .mlp_bias = AM_BIAS_AS_ALL,
        .parallel_residual = AM_BIAS_USUALLY, .new_decoder = AM_BIAS_EITHER, .masked = true, .by_view = true,
        .heads = AM_HEADS_DIVIDED, .dropouts = AM_DROPS_RESIDUAL | AM_DROPS_ATTENTION, .traits = AM_T_RETURNS_PAIR, .targets = TARGETS_FUSED,
        .prefix = "transformer.h."},
    [AM_FAMILY_QWEN2_MOE] = {
        ROTARY, NORMS, .qkv_bias = AM_BIAS_USUALLY, .router = AM_ROUTER_CAST, .shared = AM_SHARED_GATED,
        .norm_topk = AM_BIAS_EITHER, .traits = AM_T_SPARE_MASK, .targets = ATTENTION_TARGETS},
    [AM_FAMILY_QWEN3_MOE] = {
        ROTARY, NORMS, .qk_norm = 1, .qkv_bias = AM_BIAS_EITHER, .o_bias = AM_BIAS_AS_QKV, .router = AM_ROUTER_CAST,
        .norm_topk = AM_BIAS_EITHER, .targets = ATTENTION_TARGETS},
    [AM_FAMILY_OLMOE] = {
        ROTARY, NORMS, .qk_norm = 1, .project_code = AM_PROJECT_LATE, .qkv_bias = AM_BIAS_EITHER,
        .o_bias = AM_BIAS_AS_QKV, .heads = AM_HEADS_DIVIDED, .router = AM_ROUTER_CAST, .norm_topk = AM_BIAS_EITHER,
        .targets = ATTENTION_TARGETS},
    [AM_FAMILY_GLM4_MOE] = {
        ROTARY, NORMS, .qk_norm_either = true, .project_code = AM_PROJECT_CUT, .rotary_code = AM_ROTARY_PART_BOTH,
        .rotary_quarters = 2, .qkv_bias = AM_BIAS_EITHER, .router = AM_ROUTER_SIGMOID, .shared = AM_SHARED_ADDED,
        .dense_layers = true, .norm_topk = AM_BIAS_USUALLY, .targets = ATTENTION_TARGETS},
    [AM_FAMILY_DOTS1] = {
        ROTARY, NORMS, .qk_norm = 1, .qkv_bias = AM_BIAS_EITHER, .o_bias = AM_BIAS_AS_QKV, .router = AM_ROUTER_SIGMOID,
        .shared = AM_SHARED_ADDED, .dense_layers = true, .norm_topk = AM_BIAS_EITHER, .targets = ATTENTION_TARGETS},
    [AM_FAMILY_SOLAR_OPEN] = {
        ROTARY, NORMS, .qkv_bias = AM_BIAS_EITHER, .router = AM_ROUTER_SIGMOID, .shared = AM_SHARED_ADDED,
        .norm_topk = AM_BIAS_USUALLY, .targets = ATTENTION_TARGETS},
    [AM_FAMILY_YOUTU] = {
        ROTARY, NORMS, .tie_word_embeddings = 1, .qkv_bias = AM_BIAS_EITHER, .o_bias = AM_BIAS_AS_QKV, .latent = true,
        .targets = LATENT_TARGETS | TARGETS_PLAIN | AM_TARGET_GATE},
    [AM_FAMILY_FLEX_OLMO] = {OLMO, .router = AM_ROUTER_CAST, .norm_topk = AM_BIAS_EITHER, .targets = ATTENTION_TARGETS},
    [AM_FAMILY_VAULTGEMMA] = {
        GEMMA, .norms = {"input_layernorm", NULL, "pre_feedforward_layernorm", NULL}, WINDOWS(4096), .period = 2,
        .attention_softcap = AM_BIAS_USUALLY, .logit_softcap = AM_BIAS_USUALLY, .traits = AM_T_EVEN_HEADS,
        .attentions = 1 << AM_EAGER | 1 << AM_FLASH},
    [AM_FAMILY_MINIMAX_M2] = {
        ROTARY, NORMS, .qk_norm = 1, .project_code = AM_PROJECT_LATE, .rotary_code = AM_ROTARY_PART_BOTH, .rotary_quarters = 4,
        .router = AM_ROUTER_SIGMOID_ALL, .norm_topk = AM_BIAS_ALWAYS, .targets = ATTENTION_TARGETS},
    [AM_FAMILY_GPT_OSS] = {
        ROTARY, NORMS, .norm_code = AM_NORM_OLMO, .rotary_code = AM_ROTARY_CHUNKS, WINDOWS(128), .period = 2,
        .qkv_bias = AM_BIAS_USUALLY, .o_bias = AM_BIAS_AS_QKV, .router = AM_ROUTER_TOP, .attentions = 1 << AM_EAGER,
        .activations = 1u << AM_SWIGLU, .traits = AM_T_SINKS, .targets = ATTENTION_TARGETS},
    [AM_FAMILY_SEED_OSS] = {
        LLAMA, .qkv_bias = AM_BIAS_USUALLY, .o_bias = AM_BIAS_EITHER, .mlp_bias = AM_BIAS_EITHER,
        .dropouts = AM_DROPS_RESIDUAL | AM_DROPS_ATTENTION, .drops = {"self_attn", "mlp"}, .traits = AM_T_DROPS_INSIDE},
    [AM_FAMILY_ERNIE4_5] = {
        LLAMA, .rotary_code = AM_ROTARY_PAIRS_WIDE, .bias = AM_BIAS_EITHER, .qkv_bias = AM_BIAS_AS_ALL,
        .o_bias = AM_BIAS_AS_ALL, .mlp_bias = AM_BIAS_AS_ALL},
    [AM_FAMILY_HELIUM] = {
        LLAMA, .norm_code = AM_NORM_HELIUM, .rotary_code = AM_ROTARY_PAIRS_EACH, .qkv_bias = AM_BIAS_EITHER,
        .mlp_bias = AM_BIAS_EITHER, .heads = AM_HEADS_DIVIDED},
    [AM_FAMILY_HUNYUAN] = {
        LLAMA, .qk_norm = 1, .qkv_bias = AM_BIAS_EITHER, .o_bias = AM_BIAS_AS_QKV, .traits = AM_T_NORMS_TURNED},
    [AM_FAMILY_OLMO] = {
        .norm = AM_LAYERNORM, .norm_code = AM_NORM_BARE, NORMS, .activation = AM_SWIGLU, .positions = AM_ROPE,
        .project_code = AM_PROJECT_LATE, .rotary_code = AM_ROTARY_FP32, .qkv_bias = AM_BIAS_EITHER, .o_bias = AM_BIAS_AS_QKV,
        .targets = TARGETS_ALL},
    [AM_FAMILY_OLMO3] = {
        OLMO, WINDOWS(4096), .period = 4, .traits = AM_T_TWO_TABLES, .targets = TARGETS_ALL},
    [AM_FAMILY_EXAONE4] = {
        ROTARY, BEHIND, .qk_norm = 1, .project_code = AM_PROJECT_THEN_NORM, WINDOWS(4096), .period = 4,
        .targets = TARGETS_ALL, .traits = AM_T_NO_POSITIONS | AM_T_MAY_BE_FULL},
    [AM_FAMILY_HYPERCLOVAX] = {
        ROTARY, .norms = {"input_layernorm", "post_norm1", "post_attention_layernorm", "post_norm2"},
        .targets = TARGETS_ALL, .bias = AM_BIAS_EITHER, .qkv_bias = AM_BIAS_EITHER, .o_bias = AM_BIAS_AS_QKV,
        .mlp_bias = AM_BIAS_EITHER, .traits = AM_T_SCALED | AM_T_SCALED_LOGITS | AM_T_EVEN_HEADS},
    [AM_FAMILY_ARCEE] = {
        .norm = AM_RMSNORM, NORMS, .activation = AM_RELU2, .positions = AM_ROPE, .bias = AM_BIAS_EITHER, .qkv_bias = AM_BIAS_EITHER, .o_bias = AM_BIAS_AS_QKV,
        .mlp_bias = AM_BIAS_EITHER, .targets = TARGETS_QKV | TARGETS_PLAIN, .traits = AM_T_EVEN_HEADS},
    [AM_FAMILY_NEMOTRON] = {
        .norm = AM_LAYERNORM, .norm_code = AM_NORM_NEMOTRON, NORMS, .activation = AM_RELU2, .positions = AM_ROPE,
        .rotary_code = AM_ROTARY_PART_AT_ONCE, .rotary_quarters = 2, .qkv_bias = AM_BIAS_EITHER, .o_bias = AM_BIAS_AS_QKV,
        .mlp_bias = AM_BIAS_EITHER, .targets = TARGETS_QKV | TARGETS_PLAIN},
    [AM_FAMILY_MINISTRAL3] = {LLAMA, .window = AM_WINDOW_ALL, .traits = AM_T_SCALED_QUERY},
    [AM_FAMILY_APERTUS] = {
        .norm = AM_RMSNORM, .norms = {"attention_layernorm", NULL, "feedforward_layernorm", NULL}, .activation = AM_XIELU,
        .activations = 1u << AM_XIELU, .positions = AM_ROPE, .qk_norm = 1, .project_code = AM_PROJECT_THEN_NORM,
        .qkv_bias = AM_BIAS_EITHER, .o_bias = AM_BIAS_AS_QKV, .targets = TARGETS_QKV | TARGETS_PLAIN},
    [AM_FAMILY_ERNIE4_5_MOE] = {
        ROTARY, NORMS, .rotary_code = AM_ROTARY_PAIRS_WIDE, .tie_word_embeddings = 1, .bias = AM_BIAS_EITHER,
        .qkv_bias = AM_BIAS_AS_ALL, .o_bias = AM_BIAS_AS_ALL, .mlp_bias = AM_BIAS_AS_ALL, .head_bias = AM_BIAS_AS_ALL, .router = AM_ROUTER_FP32,
        .shared = AM_SHARED_FIRST, .dense_layers = true, .norm_topk = AM_BIAS_ALWAYS, .targets = ATTENTION_TARGETS},
    [AM_FAMILY_GRANITEMOE] = {
        ROTARY, NORMS, .qkv_bias = AM_BIAS_EITHER, .o_bias = AM_BIAS_AS_QKV, .router = AM_ROUTER_TOP_FP32,
        .traits = AM_T_SCALED | AM_T_SCALED_LOGITS | AM_T_DIVIDED_LOGITS, .targets = ATTENTION_TARGETS},
    [AM_FAMILY_CWM] = {
        LLAMA, WINDOWS(8192), .period = 4, .other_first = true, .mlp_bias = AM_BIAS_EITHER, .traits = AM_T_EVEN_HEADS},
    [AM_FAMILY_MINISTRAL] = {LLAMA, WINDOWS(4096), .period = 4, .other_first = true},
    [AM_FAMILY_DEEPSEEK_V2] = {
        ROTARY, NORMS, .rotary_code = AM_ROTARY_COMPLEX, .qkv_bias = AM_BIAS_EITHER, .o_bias = AM_BIAS_AS_QKV, .mlp_bias = AM_BIAS_EITHER,
        .router = AM_ROUTER_GROUPS, .shared = AM_SHARED_ADDED, .dense_layers = true, .latent = true, .targets = LATENT_TARGETS},
    [AM_FAMILY_MISTRAL4] = {
        ROTARY, NORMS, .qkv_bias = AM_BIAS_EITHER, .o_bias = AM_BIAS_AS_QKV, .router = AM_ROUTER_SOFTMAX_GROUPS, .shared = AM_SHARED_ADDED,
        .dense_layers = true, .norm_topk = AM_BIAS_USUALLY, .latent = true, .traits = AM_T_SCALED_QUERY, .targets = LATENT_TARGETS},
    [AM_FAMILY_JAIS2] = {
        .norm = AM_LAYERNORM, .norm_code = AM_NORM_TORCH, NORMS, .activation = AM_RELU2, .positions = AM_ROPE,
        .bias = AM_BIAS_USUALLY, .qkv_bias = AM_BIAS_EITHER, .o_bias = AM_BIAS_AS_QKV, .mlp_bias = AM_BIAS_EITHER,
        .targets = TARGETS_QKV | TARGETS_PLAIN, .traits = AM_T_EVEN_HEADS},
#endif
};

#define GELUS (1u << AM_GELU | 1u << AM_GELU_NEW | 1u << AM_GELU_TANH)

/* The layer of Korthikanti et al. 2022. */
static const am_wiring paper = {
    .norm = AM_LAYERNORM, .activation = AM_GELU, .positions = AM_LEARNED, .tie_word_embeddings = 1, BIASED,
    .heads = AM_HEADS_PLAIN, .dropouts = AM_DROPS_ALL, .activations = GELUS, .prefix = "layer.",
};

/* A Llama in plain PyTorch, and nanoGPT, whatever GELU the model was trained with. */
static const am_wiring torch = {
    .norm = AM_RMSNORM, .activation = AM_SWIGLU, .positions = AM_ROPE, .activations = 1u << AM_SWIGLU,
    .prefix = "layers.",
};
static const am_wiring nanogpt = {
    .norm = AM_LAYERNORM, .activation = AM_GELU, .positions = AM_LEARNED, .tie_word_embeddings = 1,
    .bias = AM_BIAS_USUALLY, .qkv_bias = AM_BIAS_AS_ALL, .o_bias = AM_BIAS_AS_ALL, .mlp_bias = AM_BIAS_AS_ALL,
    .activations = GELUS, .heads = AM_HEADS_PLAIN, .dropouts = AM_DROPS_ALL, .prefix = "layers.",
};

/* Megatron-Core's layers take their norm, positions and biases as arguments. */
static const am_wiring megatron = {
    .any = true, .activations = GELUS | 1u << AM_SWIGLU | 1u << AM_GEGLU | 1u << AM_GEGLU_TANH, .mask_argument = true,
    .attentions = 1u << AM_EAGER | 1u << AM_FLASH, .dropouts = AM_DROPS_ALL, .may_mix = true,
    .norm_topk = AM_BIAS_EITHER, .shared = AM_SHARED_ADDED, .prefix = "decoder.layers.",
};

/* And DeepSeek-V3's: the router always divides a token's weights by their sum, and Megatron's own attention refuses heads of
 * two widths. */
static const am_wiring megatron_latent = {
    .any = true, .activations = 1u << AM_SWIGLU, .mask_argument = true, .attentions = 1u << AM_FLASH,
    .dropouts = AM_DROPS_ALL, .may_mix = true, .shared = AM_SHARED_ADDED, .dense_layers = true,
    .norm_topk = AM_BIAS_ALWAYS, .latent = true, .prefix = "decoder.layers.",
};

static const am_wiring megatron_engine = {
    .any = true, .activations = GELUS | 1u << AM_SWIGLU | 1u << AM_GEGLU | 1u << AM_GEGLU_TANH, .mask_argument = true,
    .attentions = 1u << AM_FLASH, .dropouts = AM_DROPS_ALL, .may_mix = true,
    .norm_topk = AM_BIAS_EITHER, .shared = AM_SHARED_ADDED, .prefix = "decoder.layers.",
};

#define STACK(text, verified_by, detail, derived) AM_WORDS(text), verified_by, AM_WORDS(detail), AM_WORDS(derived)
#define MEASURED(text, detail)                                                                                         \
    STACK(text, "measured", "PyTorch 2.15.0, " detail " on fake CUDA tensors; see tests/fixtures",                     \
          "the rules were measured on the fixtures' models; this configuration's figures are derived from them")

#define PLAIN_LOSSES (1 << AM_LOSS_FP32 | 1 << AM_LOSS_BF16)

const am_stack am_stacks[] = {
    [AM_STACK_HF] = {
        MEASURED("Hugging Face", "transformers 5.23.0,"),
        AM_FAMILY_LLAMA, AM_LOSS_HF, PLAIN_LOSSES | 1 << AM_LOSS_HF | 1 << AM_LOSS_CHUNKED | 1 << AM_LOSS_FUSED | 1 << AM_LOSS_CUT, NULL, NULL},
    [AM_STACK_PAPER] = {
        STACK("the paper's accounting", "paper", "Korthikanti et al. 2022, arXiv 2205.05198",
              "the paper gives the saved bytes; the peaks are derived by playing its operations"),
        AM_FAMILY_GPT2, AM_LOSS_VOCAB_PARALLEL, 1 << AM_LOSS_VOCAB_PARALLEL, &paper, NULL},
    [AM_STACK_TORCH] = {
        MEASURED("plain PyTorch", "a plain Llama"), AM_FAMILY_LLAMA, AM_LOSS_FP32, PLAIN_LOSSES | 1 << AM_LOSS_VOCAB_PARALLEL, &torch, NULL},
    [AM_STACK_NANOGPT] = {
        MEASURED("nanoGPT", "nanoGPT's block"), AM_FAMILY_GPT2, AM_LOSS_BF16, PLAIN_LOSSES, &nanogpt, NULL},
    [AM_STACK_MEGATRON_LOCAL] = {
        MEASURED("Megatron-Core without Transformer Engine", "Megatron-Core 0.16.1's local layers"),
        AM_AUTO, AM_LOSS_VOCAB_PARALLEL, 1 << AM_LOSS_VOCAB_PARALLEL, &megatron, &megatron_latent},
    [AM_STACK_LIGER] = {
        STACK("Hugging Face and Liger-Kernel", "source",
              "Liger-Kernel 0.8.5 in transformers 5.23.0: its Python on fake CUDA tensors, without its kernels; see tests/fixtures",
              "the norm's backward makes a row of fp32 sums for each of an H100's 132 multiprocessors"),
        AM_FAMILY_LLAMA, AM_LOSS_FUSED, PLAIN_LOSSES | 1 << AM_LOSS_HF | 1 << AM_LOSS_FUSED, NULL, NULL},
    [AM_STACK_MEGATRON] = {
        STACK("Megatron-Core with Transformer Engine", "source",
              "read from Megatron-Core 0.16.1, Transformer Engine 2.20 and flash-attn 2",
              "no figure of this stack was measured; norms, experts, loss and rotary cache are those measured without the engine; of "
              "a context-parallel group it is the last rank, whose turns hold the most, and what its ring allocates is what that code allocates"),
        AM_AUTO, AM_LOSS_VOCAB_PARALLEL, 1 << AM_LOSS_VOCAB_PARALLEL, &megatron_engine, &megatron_latent},
};
/* clang-format on */

const am_wiring *am_wiring_of_family(int64_t family)
{
    return &families[family];
}

#ifdef AM_FIRST
bool am_family_is_later(int64_t family)
{
    static const bool later[AM_FAMILY_COUNT] = {
#define AM_FAMILY(id, name)
#define AM_FAMILY_LATER(id, name) [AM_FAMILY_##id] = true,
#include "families.def"
#undef AM_FAMILY
    };
    return later[family];
}
#endif

const am_wiring *am_wiring_of(const am_config *config)
{
    const am_stack *stack = &am_stacks[config->stack];
    const am_wiring *family = am_wiring_of_family(config->family);
    if (stack->latent && family->latent) return stack->latent;
    return stack->wiring ? stack->wiring : family;
}

bool am_wiring_takes_turns(const am_config *config)
{
    const am_wiring *wiring = am_wiring_of(config);
    return wiring->period && !AM_LATER(wiring->traits & AM_T_MAY_BE_FULL && config->sliding_window == 0);
}

bool am_wiring_has_head_bias(const am_config *config)
{
    am_bias_rule rule = am_wiring_of(config)->head_bias;
    return AM_LATER(rule == AM_BIAS_ALWAYS || (rule == AM_BIAS_AS_ALL && config->bias));
}

int64_t am_nearest_divisor(int64_t n, int64_t x)
{
    if (x > n) return n;
    for (int64_t step = 0;; step++) {
        if (n % (x - step) == 0) return x - step; /* 1 at last */
        if (n % (x + step) == 0) return x + step;
    }
}

int64_t am_nearest_multiple(int64_t n, int64_t x)
{
    int64_t below = x / n * n;
    return below > 0 && x - below <= below + n - x ? below : below + n;
}

/* ---- derivation */

static void fill(int64_t *value, int64_t derived)
{
    if (*value == AM_AUTO) *value = derived;
}

static bool by_default(am_bias_rule rule)
{
    return rule == AM_BIAS_ALWAYS || rule == AM_BIAS_USUALLY;
}

bool am_wiring_attends(const am_wiring *wiring, int64_t attention)
{
    return !wiring->attentions || wiring->attentions >> attention & 1;
}

bool am_kernels_take(const am_config *config)
{
    bool one = config->kv_heads != config->heads && !config->new_decoder;
    return config->stack != AM_STACK_HF || config->family != AM_FAMILY_FALCON || !one;
}

void am_wiring_fill(am_config *config, const am_wiring *own)
{
    const am_wiring *wiring = own->any ? am_wiring_of_family(config->family) : own;
    fill(&config->norm, wiring->norm);
    fill(&config->activation, wiring->activation);
    fill(&config->positions, wiring->positions);
    fill(&config->qk_norm, wiring->qk_norm);
    fill(&config->tie_word_embeddings, wiring->tie_word_embeddings);
    fill(&config->parallel_residual, by_default(wiring->parallel_residual));
    fill(&config->pre_norm, 1);
    fill(&config->new_decoder, 0);
    fill(&config->parallel_norms, config->new_decoder ? 2 : 1);
    fill(&config->embedding_dim, config->hidden);
    fill(&config->bias, by_default(wiring->bias));
    fill(&config->qkv_bias, config->bias || by_default(wiring->qkv_bias));
    bool as_qkv = wiring->o_bias == AM_BIAS_AS_QKV && wiring->qkv_bias == AM_BIAS_USUALLY && config->qkv_bias;
    fill(&config->o_bias, config->bias || as_qkv || wiring->o_bias == AM_BIAS_ALWAYS);
    fill(&config->mlp_bias, config->bias || wiring->mlp_bias == AM_BIAS_ALWAYS);
    fill(&config->sliding_window, wiring->usual_window);
    fill(&config->layer_period, wiring->period ? wiring->period : 1);
    fill(&config->attention_softcap, by_default(wiring->attention_softcap));
    fill(&config->logit_softcap, by_default(wiring->logit_softcap));
    fill(&config->attention_dropout, own->dropouts & AM_DROPS_ATTENTION ? config->dropout : 0);
    fill(&config->embedding_dropout, own->dropouts & AM_DROPS_EMBEDDING ? config->dropout : 0);
}

static int64_t usual_rotary_dim(const am_config *config, const am_wiring *wiring)
{
    if (config->positions != AM_ROPE) return 0;
    if (AM_LATER(wiring->latent)) return am_even(config->head_dim / 3);
    return wiring->rotary_quarters ? am_even(config->head_dim * wiring->rotary_quarters / 4) : config->head_dim;
}

void am_wiring_fill_rotary(am_config *config, const am_wiring *wiring)
{
    fill(&config->rotary_dim, usual_rotary_dim(config, wiring));
}

static bool mixes(const am_config *config, const am_wiring *wiring)
{
    return AM_LATER(wiring->router || (wiring->may_mix && config->experts > 0));
}

void am_wiring_fill_experts(am_config *config, const am_wiring *wiring)
{
    fill(&config->moe_ffn, mixes(config, wiring) ? config->ffn : 0);
    fill(&config->norm_topk, by_default(wiring->norm_topk));
    fill(&config->groups_per_token, config->expert_groups);
    fill(&config->v_head_dim, config->head_dim);
}

/* ---- checks; who is "family=llama" or "stack=paper" */

const char *am_wiring_who(const am_config *config, char *buffer, size_t size)
{
    bool own = am_stacks[config->stack].wiring != NULL;
    const char *start = own ? "stack=" : "family=";
    size_t length = strlen(start);
    am_copy_text(buffer, size, start, length);
    am_field_value(config, &am_fields[own ? AM_F_stack : AM_F_family], buffer + length, size - length);
    return buffer;
}

static am_code refuse_value(const am_config *config, const am_field *field, int64_t wanted, const char *who,
                            am_status *status)
{
    am_config right = *config;
    *am_field_number(&right, field) = wanted;
    char value[32];
    am_field_value(&right, field, value, sizeof value);
    return am_fail(status, AM_UNSUPPORTED, field->key, "%s has %s=%s", who, field->key, value);
}

am_code am_wiring_check_value(const am_config *config, am_field_id id, int64_t wanted, const char *who,
                              am_status *status)
{
    const am_field *field = &am_fields[id];
    if (am_field_number_of(config, field) == wanted) return AM_OK;
    return am_refuse(status, refuse_value(config, field, wanted, who, status));
}

static am_code check_bias(const am_config *config, am_field_id id, am_bias_rule rule, const char *who,
                          am_status *status)
{
    switch (rule) {
    case AM_BIAS_NEVER: return am_wiring_check_value(config, id, 0, who, status);
    case AM_BIAS_ALWAYS: return am_wiring_check_value(config, id, 1, who, status);
    case AM_BIAS_AS_QKV: return am_wiring_check_value(config, id, config->qkv_bias, who, status);
    case AM_BIAS_AS_ALL: return am_wiring_check_value(config, id, config->bias, who, status);
    default: return AM_OK;
    }
}

static am_code check_values(const am_config *config, const am_wiring *wiring, const char *who, am_status *status)
{
    am_code code = am_wiring_check_value(config, AM_F_norm, wiring->norm, who, status);
    if (code == AM_OK) code = am_wiring_check_value(config, AM_F_positions, wiring->positions, who, status);
    if (code == AM_OK && !wiring->qk_norm_either)
        code = am_wiring_check_value(config, AM_F_qk_norm, wiring->qk_norm, who, status);
    if (code == AM_OK && !wiring->period) code = am_wiring_check_value(config, AM_F_layer_period, 1, who, status);
    if (code == AM_OK) code = check_bias(config, AM_F_attention_softcap, wiring->attention_softcap, who, status);
    if (code == AM_OK) code = check_bias(config, AM_F_logit_softcap, wiring->logit_softcap, who, status);
    if (code == AM_OK) code = check_bias(config, AM_F_new_decoder, wiring->new_decoder, who, status);
    if (code == AM_OK && config->new_decoder)
        code = am_wiring_check_value(config, AM_F_parallel_residual, 1, "new_decoder=yes", status);
    if (code == AM_OK && !config->new_decoder)
        code = am_wiring_check_value(config, AM_F_parallel_norms, 1, who, status);
    if (code == AM_OK && AM_LATER(wiring->new_decoder) && !config->new_decoder && config->kv_heads > 1) /* one, or all: its code cuts no groups */
        code = am_wiring_check_value(config, AM_F_kv_heads, config->heads, who, status);
    if (code == AM_OK) code = check_bias(config, AM_F_parallel_residual, wiring->parallel_residual, who, status);
    if (code == AM_OK && !wiring->post_norm) code = am_wiring_check_value(config, AM_F_pre_norm, 1, who, status);
    if (code == AM_OK && !wiring->wide)
        code = am_wiring_check_value(config, AM_F_embedding_dim, config->hidden, who, status);
    if (code == AM_OK && !wiring->rotary_quarters && !wiring->latent)
        code = am_wiring_check_value(config, AM_F_rotary_dim, usual_rotary_dim(config, wiring), who, status);
    if (code == AM_OK) code = check_bias(config, AM_F_bias, wiring->bias, who, status);
    if (code == AM_OK) code = check_bias(config, AM_F_qkv_bias, wiring->qkv_bias, who, status);
    if (code == AM_OK) code = check_bias(config, AM_F_o_bias, wiring->o_bias, who, status);
    if (code == AM_OK) code = check_bias(config, AM_F_mlp_bias, wiring->mlp_bias, who, status);
    return code;
}

bool am_activation_is_gated(int64_t activation)
{
    return activation == AM_SWIGLU || activation == AM_GEGLU || activation == AM_GEGLU_TANH;
}

static am_code check_activation(const am_config *config, const am_wiring *wiring, const char *who, am_status *status)
{
    bool gated = am_activation_is_gated(config->activation);
    bool fits = wiring->activations ? wiring->activations >> config->activation & 1
                                    : gated == am_activation_is_gated(wiring->activation) && config->activation != AM_XIELU;
    if (fits) return AM_OK;
    if (wiring->activations && config->stack == AM_STACK_HF)
        return am_wiring_check_value(config, AM_F_activation, wiring->activation, who, status);
    const char *these = am_activation_is_gated(wiring->activation) ? "a gated MLP: activation=swiglu, geglu or geglu_tanh"
                                                                   : "a plain MLP: activation=gelu_new, gelu, gelu_pytorch_tanh, relu, silu, gelu_fast or relu2";
    if (wiring->activations == GELUS)
        these = "a plain GELU MLP: activation=gelu, or a model that has it, such as gpt3-175b";
    else if (wiring->activations)
        these = "a gated MLP with SiLU: activation=swiglu, or a model that has it, such as llama-3-8b";
    return am_fail(status, AM_UNSUPPORTED, "activation", "%s has %s", who, these);
}

static am_code check_dropouts(const am_config *config, const am_wiring *wiring, const char *who, am_status *status)
{
    static const am_field_id ids[] = {AM_F_dropout, AM_F_attention_dropout, AM_F_embedding_dropout};
    for (int i = 0; i < 3; i++) {
        const am_field *field = &am_fields[ids[i]];
        if (!(wiring->dropouts & 1 << i) && am_field_number_of(config, field) != 0)
            return am_fail(status, AM_UNSUPPORTED, field->key, "this dropout is not covered for %s: %s=0", who,
                           field->key);
    }
    return AM_OK;
}

static am_code check_heads(const am_config *config, am_heads_rule rule, const char *who, am_status *status)
{
    if (rule == AM_HEADS_ANY) return AM_OK;
    if (rule >= AM_HEADS_PLAIN && config->kv_heads != config->heads && (rule == AM_HEADS_PLAIN || config->kv_heads > 1))
        return am_fail(status, AM_UNSUPPORTED, "kv_heads",
                       "%s has as many key and value heads as query heads: kv_heads=%d", who, config->heads);
    if (config->head_dim * config->heads != config->hidden)
        return am_fail(status, AM_UNSUPPORTED, "head_dim",
                       "%s has heads of hidden / heads elements: hidden=%d is not heads=%d times head_dim=%d", who,
                       config->hidden, config->heads, config->head_dim);
    return AM_OK;
}

static am_code check_more(const am_config *config, const am_wiring *wiring, const char *who, am_status *status)
{
    if (wiring->traits & AM_T_EVEN_HEADS && config->hidden % config->heads != 0)
        return am_fail(status, AM_UNSUPPORTED, "heads",
                       "%s has heads that divide hidden=%d, such as %d, not %d; family=mistral takes any", who,
                       config->hidden, am_nearest_divisor(config->hidden, config->heads), config->heads);
    if (wiring->window == AM_WINDOW_NEVER && !am_stacks[config->stack].wiring) /* other stacks see to it themselves */
        return am_wiring_check_value(config, AM_F_sliding_window, 0, who, status);
    if (wiring->window == AM_WINDOW_FIRST_KIND && config->sliding_window == 0 && am_wiring_takes_turns(config))
        return am_fail(status, AM_UNSUPPORTED, "sliding_window", "%s has a window, such as sliding_window=%d", who,
                       (int64_t)wiring->usual_window);
    return AM_OK;
}

/* Inputs of what a family does not have stand at what says so. */
static am_code check_absent(const am_config *config, const am_wiring *wiring, const char *who, am_status *status)
{
    bool experts = mixes(config, wiring), groups = wiring->router == AM_ROUTER_SIGMOID || wiring->latent;
    const struct {
        bool present;
        am_field_id field;
        int64_t absent;
    } inputs[] = {
        {experts, AM_F_experts, 0},
        {experts, AM_F_experts_per_token, 0},
        {experts, AM_F_moe_ffn, 0},
        {wiring->shared, AM_F_shared_ffn, 0},
        {wiring->dense_layers, AM_F_dense_layers, 0},
        {groups, AM_F_expert_groups, 1},
        {groups, AM_F_groups_per_token, 1},
        {wiring->latent, AM_F_q_rank, 0},
        {wiring->latent, AM_F_kv_rank, 0},
        {wiring->latent, AM_F_v_head_dim, config->head_dim},
    };
    am_code code = check_bias(config, AM_F_norm_topk, wiring->norm_topk, who, status);
    for (size_t i = 0; i < sizeof inputs / sizeof *inputs && code == AM_OK; i++)
        if (!inputs[i].present) code = am_wiring_check_value(config, inputs[i].field, inputs[i].absent, who, status);
    return code;
}

static am_code check_least(const am_config *config, am_field_id id, int64_t most, const char *who, am_status *status)
{
    const am_field *field = &am_fields[id];
    int64_t value = am_field_number_of(config, field);
    if (value == 0) return am_fail(status, AM_MISSING, field->key, "%s needs %s", who, field->key);
    if (value <= most) return AM_OK;
    return am_fail(status, AM_OUT_OF_RANGE, field->key, "%s must be at most %d, not %d", field->key, most, value);
}

static am_code check_experts(const am_config *config, const am_wiring *wiring, const char *who, am_status *status)
{
    int64_t groups = config->expert_groups;
    am_code code = check_least(config, AM_F_experts, INT64_MAX, who, status);
    if (code == AM_OK) code = check_least(config, AM_F_experts_per_token, config->experts, who, status);
    if (code == AM_OK) code = check_least(config, AM_F_moe_ffn, INT64_MAX, who, status);
    if (code == AM_OK && AM_LATER(wiring->shared == AM_SHARED_GATED))
        code = check_least(config, AM_F_shared_ffn, INT64_MAX, who, status);
    if (code == AM_OK) code = check_least(config, AM_F_groups_per_token, groups, who, status);
    if (code != AM_OK) return code;
    bool pairs = wiring->router == AM_ROUTER_SIGMOID || wiring->router == AM_ROUTER_SOFTMAX_GROUPS;
    bool divided = config->experts % groups == 0 && (!pairs || config->experts / groups >= 2);
    if (!divided || config->experts_per_token > config->experts / groups * config->groups_per_token)
        return am_fail(status, AM_CONFLICT, "expert_groups",
                       "experts=%d in expert_groups=%d of at least two must hold a token's %d experts in its %d groups",
                       config->experts, groups, config->experts_per_token, config->groups_per_token);
    return AM_OK;
}

static am_code check_latent(const am_config *config, const char *who, am_status *status)
{
    am_code code = check_least(config, AM_F_kv_rank, INT64_MAX, who, status);
    if (code == AM_OK) code = am_wiring_check_value(config, AM_F_kv_heads, config->heads, who, status);
    if (code == AM_OK) code = check_least(config, AM_F_rotary_dim, config->head_dim - 1, who, status);
    if (code == AM_OK && config->attention == AM_FLASH)
        code = check_least(config, AM_F_v_head_dim, config->head_dim, who, status);
    return code;
}

am_code am_wiring_check(const am_config *config, am_status *status)
{
    const am_wiring *wiring = am_wiring_of(config);
    char who[32];
    am_wiring_who(config, who, sizeof who);
    am_code code = check_activation(config, wiring, who, status);
    if (code == AM_OK && !wiring->any) code = check_values(config, wiring, who, status);
    if (code == AM_OK) code = check_dropouts(config, wiring, who, status);
    if (code == AM_OK && AM_LATER(wiring->four)) code = am_wiring_check_value(config, AM_F_ffn, 4 * config->hidden, who, status);
    if (code == AM_OK) code = check_heads(config, wiring->heads, who, status);
    if (code == AM_OK && config->attention == AM_EFFICIENT && !am_kernels_take(config))
        code = am_fail(status, AM_UNSUPPORTED, "attention", "no kernel takes one key head for %d: attention=sdpa",
                       config->heads);
    if (code == AM_OK && !am_wiring_attends(wiring, config->attention))
        code = am_fail(status, AM_UNSUPPORTED, "attention", "there is no such attention for %s: attention=%s",
                       who,
                       !am_wiring_attends(wiring, AM_FLASH)  ? "eager"
                       : am_wiring_attends(wiring, AM_EAGER) ? "eager or flash"
                                                             : "flash");
    if (code == AM_OK) code = check_more(config, wiring, who, status);
    if (code == AM_OK) code = check_absent(config, wiring, who, status);
    if (code == AM_OK && mixes(config, wiring)) code = check_experts(config, wiring, who, status);
    if (code == AM_OK && AM_LATER(wiring->latent)) code = check_latent(config, who, status);
    return code;
}

/* ---- what LoRA adapts */

unsigned am_targets_parse(const char *text)
{
    unsigned set = 0;
    for (;;) {
        size_t length = strcspn(text, ",");
        int64_t index = am_choice_of(AM_TARGET_NAMES, text, length);
        if (index < 0 || set & 1u << index) return 0;
        set |= 1u << index;
        if (text[length] == '\0') return set & AM_TARGET_ALL && set != AM_TARGET_ALL ? 0 : set; /* a word by itself to peft */
        text += length + 1;
    }
}

const char *am_targets_text(unsigned set, char text[AM_TEXT_SIZE])
{
    char *end = text;
    for (unsigned i = 0; set >> i; i++) {
        if (!(set >> i & 1)) continue;
        if (end != text) *end++ = ',';
        am_choice_text(AM_TARGET_NAMES, i, end, (size_t)(text + AM_TEXT_SIZE - end));
        end += strlen(end);
    }
    return text;
}
