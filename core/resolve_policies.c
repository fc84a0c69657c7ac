/* Which checkpointing each stack has. */
#include "bytes.h"
#include "wiring.h"

const char *am_modules_wrong(const am_config *config, unsigned modules)
{
    const char *wrong = NULL;
    bool mixed = config->experts > 0, engine = config->stack == AM_STACK_MEGATRON;
    if (mixed && config->dense_layers == 0 && modules & AM_MODULE_MLP)
        wrong = "this model has experts in place of an MLP: moe or moe_act, not mlp";
    if (!mixed && modules & (AM_MODULE_MOE | AM_MODULE_MOE_ACT)) wrong = "this model has no experts: mlp, not moe or moe_act";
    if (!config->shared_ffn && modules & AM_MODULE_SHARED_EXPERTS)
        wrong = "this model has no shared expert: shared_experts needs shared_ffn=N";
    if (modules & AM_MODULE_MLP && config->mlp_bias)
        wrong = "Megatron-Core 0.16.1 plays an MLP with biases again without end: mlp needs bias=no";
    if (!config->kv_rank && modules & AM_MODULE_MLA_UP_PROJ)
        wrong = "this model has no latent attention: core_attn or layernorm, not mla_up_proj";
    if (engine && !mixed && !config->kv_rank && modules & AM_MODULE_LAYERNORM)
        wrong = "Transformer Engine's norms are one with the linear layers behind them: layernorm needs stack=megatron-local";
    return wrong;
}

static am_code check_modules(const am_config *config, unsigned modules, am_status *status)
{
    const char *wrong = am_modules_wrong(config, modules);
    if (!wrong) return AM_OK;
    return am_fail(status, AM_CONFLICT, "checkpoint", "checkpoint=%s: %s", config->checkpoint, wrong);
}

/* Inputs of whole layers, each cut into as many parts as there are ranks. */
static am_code check_distribution(const am_config *config, am_policy policy, am_status *status)
{
    if (!config->distribute_saved) return AM_OK;
    if (policy.kind != AM_POLICY_FULL && policy.kind != AM_POLICY_UNIFORM && policy.kind != AM_POLICY_BLOCK) /* DeepSpeed's shares them out itself */
        return am_fail(status, AM_CONFLICT, "distribute_saved",
                       "distribute_saved=yes is for checkpoint=full, uniform:K or block:N, not %s", config->checkpoint);
    if (config->tp == 1)
        return am_fail(status, AM_CONFLICT, "distribute_saved", "distribute_saved=yes needs a tensor-parallel group: tp=2 or more");
    if (config->sp)
        return am_fail(status, AM_CONFLICT, "distribute_saved",
                       "under sequence parallelism a layer's input is divided already: distribute_saved=no, or sp=no");
    int64_t elements = am_mul_checked(am_mul_checked(config->seq / config->cp, config->batch), config->hidden);
    if (elements < 0 || elements % config->tp == 0) return AM_OK; /* too large: said elsewhere */
    return am_fail(status, AM_CONFLICT, "tp", "tp=%d does not divide the %d elements of a layer's input; the nearest that does is tp=%d",
                   config->tp, elements, am_nearest_divisor(elements, config->tp));
}

static am_code check_megatron_policy(const am_config *config, am_policy policy, am_status *status)
{
    am_code code = check_distribution(config, policy, status);
    int64_t layers = config->pp > 1 ? am_stage_divisor(config) : config->layers;
    if (code != AM_OK) return code;
    switch (policy.kind) {
    case AM_POLICY_UNIFORM:
        if (layers % policy.count == 0) return AM_OK;
        return am_fail(status, AM_CONFLICT, "checkpoint",
                       config->pp > 1 ? "checkpoint=uniform:%d does not divide the layers of each stage, of which %d is the greatest "
                                        "divisor; the nearest that does is uniform:%d"
                                      : "checkpoint=uniform:%d does not divide the %d layers; the nearest that does is uniform:%d",
                       policy.count, layers, am_nearest_divisor(layers, policy.count));
    case AM_POLICY_NONE:
    case AM_POLICY_FULL:
    case AM_POLICY_BLOCK:
    case AM_POLICY_PARTITION:
    case AM_POLICY_PARTITION_HOST:
    case AM_POLICY_BUDGET: return AM_OK;
    case AM_POLICY_MODULES: return check_modules(config, policy.modules, status);
    default: break;
    }
    return am_fail(status, AM_UNSUPPORTED, "checkpoint",
                   "Megatron has checkpoint=none, full, uniform:K, block:N, modules:A,B or budget:BYTES, and with DeepSpeed's "
                   "checkpointing partition or partition:cpu, not %s",
                   config->checkpoint);
}

/* Policies over the chain of layers, and those that move what is kept: of layers whose one result is the hidden state. */
static am_code check_chain_policy(const am_config *config, am_policy policy, am_status *status)
{
    bool parts = policy.kind == AM_POLICY_PARTITION || policy.kind == AM_POLICY_PARTITION_HOST;
    if (!parts && !am_policy_is_schedule(policy) && !am_policy_moves(policy)) return AM_OK;
    if (am_is_paper(config))
        return am_fail(status, AM_UNSUPPORTED, "checkpoint",
                       "the paper has checkpoint=none, full and modules:core_attn, not %s", config->checkpoint);
    if (config->pp > 1)
        return am_fail(status, AM_UNSUPPORTED, "checkpoint", "checkpoint=%s is covered without a pipeline: pp=1",
                       config->checkpoint);
    if (config->experts > 0)
        return am_fail(status, AM_UNSUPPORTED, "checkpoint",
                       "checkpoint=%s is not covered for layers with experts: checkpoint=full is", config->checkpoint);
    if (!parts) return AM_OK;
    if (config->tp < 2)
        return am_fail(status, AM_CONFLICT, "tp",
                       "checkpoint=%s shares each checkpoint out over a tensor-parallel group: tp=2 or more%s",
                       config->checkpoint, am_is_megatron(config) ? "" : ", on a stack that has it, or checkpoint=offload");
    if (config->sp)
        return am_fail(status, AM_CONFLICT, "sp",
                       "with sequence parallelism a checkpoint is a rank's own already: sp=no or checkpoint=full");
    if (config->seq % config->tp * (config->batch % config->tp) % config->tp * (config->hidden % config->tp) % config->tp)
        return am_fail(status, AM_CONFLICT, "tp",
                       "tp=%d does not divide a checkpoint of seq·batch·hidden elements; tp=%d, which divides hidden, does",
                       config->tp, am_nearest_divisor(config->hidden, config->tp));
    return AM_OK;
}

/* A plain layer's own tensors: what a rank's collectives and sharded parameters would be to torch.compile is not known. */
static am_code check_memory_budget(const am_config *config, am_policy policy, am_status *status)
{
    if (policy.kind != AM_POLICY_MEMORY_BUDGET) return AM_OK;
    if (am_is_paper(config) || am_is_megatron(config))
        return am_fail(status, AM_UNSUPPORTED, "checkpoint",
                       "checkpoint=%s is torch.compile's and is modelled for stack=hf, liger, torch and nanogpt: checkpoint=full",
                       config->checkpoint);
    if (config->pp == 1 && !am_is_rank(config)) return AM_OK;
    return am_fail(status, AM_UNSUPPORTED, "checkpoint",
                   "checkpoint=%s is covered without a pipeline, ranks of tp or cp, and zero=3: checkpoint=full is covered with them",
                   config->checkpoint);
}

am_code am_stack_check_policy(const am_config *config, am_policy policy, am_status *status)
{
    if (config->pp > 1 && config->schedule >= AM_INTERLEAVED_ZERO_BUBBLE && policy.kind != AM_POLICY_NONE)
        return am_fail(status, AM_UNSUPPORTED, "checkpoint",
                       "recomputation under a backward in two parts is not covered: checkpoint=none, or schedule=interleaved with vpp=%d",
                       config->vpp);
    if (check_memory_budget(config, policy, status) != AM_OK) return status->code;
    if (policy.kind == AM_POLICY_MODULES && !am_is_paper(config) && !am_is_megatron(config))
        return am_fail(status, AM_UNSUPPORTED, "checkpoint",
                       "checkpoint=modules: is modelled for stack=megatron, megatron-local and, core_attn alone, paper");
    if (policy.modules != AM_MODULE_CORE_ATTN && policy.kind == AM_POLICY_MODULES && am_is_paper(config))
        return am_fail(status, AM_UNSUPPORTED, "checkpoint", "the paper plays attention's core again: modules:core_attn");
    if (policy.kind == AM_POLICY_REGIONS && config->pp > 1)
        return am_fail(status, AM_UNSUPPORTED, "checkpoint", "checkpoint=%s is covered without a pipeline: pp=1", config->checkpoint);
    if ((policy.kind == AM_POLICY_BUDGET || policy.kind == AM_POLICY_REGIONS) && am_is_paper(config))
        return am_fail(status, AM_UNSUPPORTED, "checkpoint",
                       "the paper keeps everything, all but core attention, or inputs alone: checkpoint=none, "
                       "modules:core_attn or full");
    if (am_is_megatron(config) && check_megatron_policy(config, policy, status) != AM_OK) return status->code;
    if (check_chain_policy(config, policy, status) != AM_OK) return status->code;
    if (am_is_megatron(config)) return AM_OK;
    if (config->distribute_saved)
        return am_fail(status, AM_UNSUPPORTED, "distribute_saved", "distribute_saved is Megatron's: stack=megatron, or distribute_saved=no");
    if (config->zero == 3 && am_policy_moves(policy))
        return am_fail(status, AM_UNSUPPORTED, "checkpoint",
                       "zero=3 is not covered with what moves off the GPU: checkpoint=full or none, or zero=2, not checkpoint=%s",
                       config->checkpoint);
    if (config->zero == 3 && policy.reentrant)
        return am_fail(status, AM_UNSUPPORTED, "reentrant", "zero=3 is covered with reentrant=no");
    if (config->zero == 3 && (policy.kind == AM_POLICY_REGIONS || policy.kind == AM_POLICY_BEST_SEGMENTS || am_policy_segment(policy) > 1))
        return am_fail(status, AM_UNSUPPORTED, "checkpoint",
                       "zero=3 is covered with regions of one layer: checkpoint=full, block:N, save:matmuls or budget:BYTES, not %s",
                       config->checkpoint);
    bool selective = policy.kind != AM_POLICY_NONE && policy.kind != AM_POLICY_BUDGET && !am_policy_runs_layers_again(policy.kind);
    if (selective && config->stack == AM_STACK_TORCH && (config->tp > 1 || config->cp > 1))
        return am_fail(status, AM_UNSUPPORTED, "checkpoint",
                       "with tp or cp, stack=torch is covered where layers run again whole: checkpoint=full, not %s",
                       config->checkpoint);
    return AM_OK;
}
