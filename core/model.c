/* From a configuration to the builder that writes its forward pass. */
#include "build.h"
#include "bytes.h"
#include "proven.h"

/* Tokens, each for one expert, that the experts of one rank get: its share, or more, in whole tokens. */
static int64_t rows_of_experts(const am_config *config)
{
    int64_t ranks = config->sp ? config->tp * config->cp : config->cp;
    int64_t share = am_mul_checked(am_mul_checked(config->seq / ranks, config->batch), config->experts_per_token);
    int64_t rows = am_mul_checked(share, config->expert_imbalance);
    return rows < 0 ? AM_MAX_BYTES : (rows + 99) / 100;
}

void am_model_symbols(const am_config *config, int64_t value[AM_SYMBOL_COUNT])
{
    value[AM_S] = config->seq;
    value[AM_B] = config->batch;
    value[AM_A] = config->heads;
    value[AM_QKV] = config->heads + 2 * config->kv_heads;
    value[AM_K] = config->kv_heads;
    value[AM_H] = config->hidden;
    value[AM_D] = config->head_dim;
    value[AM_F] = config->ffn;
    value[AM_V] = config->vocab;
    value[AM_R] = config->lora_rank;
    value[AM_P] = config->max_positions + (config->family == AM_FAMILY_OPT ? 2 : 0); /* OPT's first two are unused */
    value[AM_W] = config->embedding_dim;
    value[AM_RD] = config->rotary_dim;
    value[AM_REST] = config->head_dim - config->rotary_dim;
    value[AM_S1] = config->seq + 1;
    value[AM_S32] = (config->seq + 31) / 32 * 32;
    value[AM_D8] = (config->head_dim + 7) / 8 * 8;
    value[AM_S_LESS] = config->seq - 1;
    value[AM_S8] = (config->seq + AM_LOSS_CHUNKS - 1) / AM_LOSS_CHUNKS;
    value[AM_S_REST] = config->seq % value[AM_S8];
    value[AM_E] = config->experts;
    value[AM_T] = config->experts_per_token;
    value[AM_M] = config->moe_ffn;
    value[AM_SF] = config->shared_ffn;
    value[AM_G] = config->expert_groups;
    value[AM_TG] = config->groups_per_token;
    value[AM_TP] = config->tp;
    value[AM_CP] = config->cp;
    value[AM_EP] = config->ep;
    value[AM_ETP] = config->etp;
    value[AM_ROWS] = config->expert_imbalance > 100 ? rows_of_experts(config) : 0;
    bool latent = config->kv_rank > 0;
    value[AM_Q] = config->q_rank;
    value[AM_C] = config->kv_rank;
    value[AM_U] = latent ? config->v_head_dim : 0;
    value[AM_CR] = latent ? config->kv_rank + config->rotary_dim : 0;
    value[AM_RU] = latent ? value[AM_REST] + config->v_head_dim : 0;
    value[AM_DU] = latent ? config->head_dim + config->v_head_dim : 0;
}

const char *am_model_layer_prefix(const am_config *config)
{
    const char *prefix = am_wiring_of(config)->prefix;
    return prefix ? prefix : "model.layers.";
}

am_pattern am_model_pattern(const am_config *config)
{
    const am_wiring *wiring = am_wiring_of(config);
    am_pattern pattern = {.period = 1};
    if (AM_LATER(wiring->dense_layers)) return (am_pattern){.prefix = config->dense_layers, .period = 1, .cycle = {1}};
    if (!am_wiring_takes_turns(config)) return pattern;
    pattern.period = (int)config->layer_period;
    pattern.cycle[AM_LATER(wiring->other_first) ? 0 : pattern.period - 1] = 1;
    pattern.own = wiring->traits & AM_T_TWO_TABLES;
    return pattern;
}

int am_pattern_kind(const am_pattern *pattern, int64_t layer)
{
    return layer < pattern->prefix ? 0 : pattern->cycle[(uint32_t)(layer - pattern->prefix) % (uint32_t)pattern->period];
}

const char *am_model_kind_name(const am_config *config, int kind)
{
    bool mixed = config->experts > 0 && config->dense_layers > 0 && config->dense_layers < config->layers;
    if (mixed) return kind ? "expert" : "dense";
    bool turns = config->layer_period > 1 && am_wiring_takes_turns(config);
    return turns && AM_ALWAYS(kind < 2) /* others are mixed, too */ ? am_wiring_of(config)->kinds[kind] : NULL;
}

/* By family; the others are wired like Llama. */
static am_code (*const builders[AM_FAMILY_COUNT])(am_build *) = {
    [AM_FAMILY_GPT2] = am_hf_gpt2,
    [AM_FAMILY_BIGCODE] = am_hf_gpt2,
#ifndef AM_FIRST
    [AM_FAMILY_NEOX] = am_hf_neox,
    [AM_FAMILY_OPT] = am_hf_opt,
    [AM_FAMILY_PHI] = am_hf_phi,
    [AM_FAMILY_GPTJ] = am_hf_gpt2,
    [AM_FAMILY_GPT_NEO] = am_hf_gpt2,
    [AM_FAMILY_BLOOM] = am_hf_bloom,
    [AM_FAMILY_MPT] = am_hf_mpt,
    [AM_FAMILY_FALCON] = am_hf_falcon,
#endif
};

/* Stacks with models of their own. */
static am_code (*const stack_builders[AM_STACK_COUNT])(am_build *) = {
    [AM_STACK_PAPER] = am_paper,
    [AM_STACK_TORCH] = am_torch,
    [AM_STACK_NANOGPT] = am_nanogpt,
    [AM_STACK_MEGATRON_LOCAL] = am_megatron,
    [AM_STACK_MEGATRON] = am_megatron,
};

static int float_type(int64_t choice)
{
    static const int types[] = {AM_FP32, AM_BF16, AM_FP16};
    return types[choice];
}

void am_build_begin(am_build *build, am_tape *tape, am_extents *extents, const am_config *config, am_record record)
{
    bool whole = config->rotary_dim == config->head_dim;
#ifndef AM_FIRST
    am_aside_keep(tape);
#endif
    am_tape_reset(tape, extents, config->autocast == AM_AUTOCAST_OFF ? AM_DTYPE_COUNT : float_type(config->autocast));
    tape->caches = config->autocast_cache;
    if (config->allocator == AM_ALLOCATOR_CUDA) tape->block = 512;
    *build = (am_build){.tape = tape, .config = config, .record = record};
    build->dtype = float_type(config->dtype);
    build->trainable = config->trainable == AM_TRAIN_ALL;
    build->adapter_dtype = float_type(config->lora_dtype);
    build->adapted = config->trainable == AM_TRAIN_LORA ? am_targets_parse(config->lora_targets) : 0;
    if (build->adapted & AM_TARGET_ALL) build->adapted = AM_TARGET_ALL * 2 - 1;
    build->s = am_symbol_dim(build, AM_S);
    build->b = am_symbol_dim(build, AM_B);
    build->h = am_symbol_dim(build, AM_H);
    build->a = am_symbol_dim(build, AM_A);
    build->k = am_symbol_dim(build, AM_K);
    build->d = am_symbol_dim(build, AM_D);
    build->f = am_symbol_dim(build, AM_F);
    build->v = am_symbol_dim(build, AM_V);
    build->r = am_symbol_dim(build, AM_R);
    build->p = am_symbol_dim(build, AM_P);
    build->w = config->embedding_dim == config->hidden ? build->h : am_symbol_dim(build, AM_W);
    build->one = 0;
    build->rotary = whole ? build->d : am_symbol_dim(build, AM_RD);
    build->half = am_dim_for(build, 1, 2, whole ? AM_D : AM_RD, AM_SYMBOL_COUNT);
    build->ad = am_dim_for(build, 1, 1, AM_A, AM_D);
    build->kd = am_dim_for(build, 1, 1, AM_K, AM_D);
    build->bs = am_dim_for(build, 1, 1, AM_S, AM_B);
    if (config->zero < 3) return;
    tape->ranks = am_data_ranks(config);
    tape->reduce_dtype = float_type(config->grad_dtype);
    tape->cast_shards = config->master_weights;
    tape->upcast_vectors = config->master_weights && config->sp; /* norms' weights, whose gradients are sums over those ranks, too */
    tape->keeps_gathered = !config->reshard;
    am_shard_begin(tape);
}

am_code am_model_record(am_tape *tape, am_extents *extents, const am_config *config, am_record record)
{
    am_build build;
    am_build_begin(&build, tape, extents, config, record);
    am_code (*builder)(am_build *) = stack_builders[config->stack];
    if (!builder) builder = builders[config->family];
    return builder ? builder(&build) : am_hf_llama(&build);
}
