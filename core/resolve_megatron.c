/* What Megatron's stacks have: how they divide a model between ranks, which blocks they are covered for. */
#include "bytes.h"
#include "input.h"
#include "wiring.h"

static am_code check_biases(const am_config *config, const char *who, am_status *status)
{
    am_code code = am_wiring_check_value(config, AM_F_o_bias, config->bias, who, status);
    if (code == AM_OK) code = am_wiring_check_value(config, AM_F_mlp_bias, config->bias, who, status);
    if (code == AM_OK && config->bias) code = am_wiring_check_value(config, AM_F_qkv_bias, 1, who, status);
    if (code == AM_OK && !config->bias && !am_activation_is_gated(config->activation))
        return am_fail(status, AM_UNSUPPORTED, "bias", "%s adds the bias and GELU in one kernel: bias=yes", who);
    return code;
}

static am_code not_divided(const char *key, int64_t size, const char *of, int64_t n, am_status *status)
{
    return am_fail(status, AM_CONFLICT, key, "%s=%d does not divide %s=%d; the nearest that does is %s=%d", key, size, of, n, key,
                   am_nearest_divisor(n, size));
}

/* Context parallelism halves each rank's share once more, so that every rank has as many pairs of tokens to attend to. */
static am_code check_context_parallel(const am_config *config, am_status *status)
{
    if (config->cp == 1) return AM_OK;
    if (config->attention == AM_EAGER)
        return am_fail(status, AM_UNSUPPORTED, "attention",
                       "Megatron's own attention takes no context parallelism: attention=flash, or cp=1");
    if (config->seq % 2 != 0)
        return am_fail(status, AM_CONFLICT, "seq", "context parallelism cuts a sequence into 2 cp parts: seq=%d, not %d",
                       config->seq + 1, config->seq);
    if (config->seq / 2 % config->cp == 0) return AM_OK;
    return am_fail(status, AM_CONFLICT, "cp", "cp=%d does not divide half of seq=%d; the nearest that does is cp=%d", config->cp,
                   config->seq, am_nearest_divisor(config->seq / 2, config->cp));
}

/* What a tensor-parallel group divides, under sequence parallelism also each rank's tokens. */
static am_code check_tensor_parallel(const am_config *config, am_status *status)
{
    if (config->sp && config->tp == 1)
        return am_fail(status, AM_CONFLICT, "sp", "sequence parallelism needs a tensor-parallel group: tp=2 or more");
    int64_t t = config->tp;
    if (config->heads % t != 0) return not_divided("tp", t, "heads", config->heads, status);
    if (config->kv_heads % t != 0) return not_divided("tp", t, "kv_heads", config->kv_heads, status);
    bool dense = config->experts == 0 || config->dense_layers > 0, engine = config->stack == AM_STACK_MEGATRON;
    const struct {
        const char *name;
        int64_t size;
        bool divided;
    } widths[] = {
        {"ffn", config->ffn, dense},
        {"shared_ffn", config->shared_ffn, true},
        /* each rank makes a part of the latents and gathers the others'; with Transformer Engine all of its own tokens */
        {"q_rank", config->q_rank, !engine},
        {"kv_rank + rotary_dim", config->kv_rank + config->rotary_dim, !engine && config->kv_rank > 0},
    };
    for (size_t i = 0; i < sizeof widths / sizeof *widths; i++)
        if (widths[i].divided && widths[i].size % t != 0)
            return not_divided("tp", t, widths[i].name, widths[i].size, status);
    if (config->vocab % t != 0) {
        int64_t rows = am_mul_checked(128, t); /* --make-vocab-size-divisible-by */
        return am_fail(status, AM_CONFLICT, "vocab", "tp=%d does not divide vocab=%d; Megatron pads it to vocab=%d", t,
                       config->vocab, (config->vocab + rows - 1) / rows * rows);
    }
    bool divided = !config->sp || config->seq / config->cp % t == 0;
    return divided ? AM_OK : am_check_divided_tokens(config, am_mul_checked(t, config->cp > 1 ? 2 * config->cp : 1), status);
}

/* Experts of a dense model, or more of them on one rank than there are tokens for. */
static am_code check_imbalance(const am_config *config, am_status *status)
{
    if (config->expert_imbalance == 100) return AM_OK;
    if (config->ep == 1)
        return am_fail(status, AM_CONFLICT, "expert_imbalance",
                       "a rank with all experts gets all of its tokens: expert_imbalance=100, or ep=2 or more");
    int64_t own = config->experts / config->ep, each = config->experts_per_token;
    int64_t most = 100 * config->ep * (own < each ? own : each) / each;
    if (config->expert_imbalance <= most) return AM_OK;
    return am_fail(status, AM_OUT_OF_RANGE, "expert_imbalance",
                   "with ep=%d, %d experts on a rank and %d per token, a rank gets %d per cent of its share at most: expert_imbalance=%d",
                   config->ep, own, each, most, most);
}

static am_code check_expert_parallel(const am_config *config, am_status *status)
{
    if (config->experts == 0) {
        const am_field_id only[] = {AM_F_ep, AM_F_expert_imbalance};
        for (size_t i = 0; i < sizeof only / sizeof *only; i++) {
            const am_field *field = &am_fields[only[i]];
            if (am_field_number_of(config, field) != field->value)
                return am_fail(status, AM_CONFLICT, field->key, "%s is for models with experts: %s=%d", field->key, field->key,
                               field->value);
        }
        if (config->etp == config->tp) return AM_OK;
        return am_fail(status, AM_CONFLICT, "etp", "etp is for models with experts: etp=%d, as tp", config->tp);
    }
    if (config->tp > 1 && !config->sp)
        return am_fail(status, AM_CONFLICT, "sp", "Megatron trains experts under tensor parallelism with sequence parallelism only: sp=yes");
    if (config->experts % config->ep != 0) return not_divided("ep", config->ep, "experts", config->experts, status);
    if (config->moe_ffn % config->etp != 0) return not_divided("etp", config->etp, "moe_ffn", config->moe_ffn, status);
    int64_t ranks = config->tp * config->cp * config->dp, groups = config->etp * config->ep; /* at most 2^52, and 2^32 */
    if (ranks % groups != 0)
        return am_fail(status, AM_CONFLICT, "ep",
                       "the experts' groups, etp=%d times ep=%d, do not divide the %d ranks of tp, cp and dp: dp=%d, or a product of %d, which does",
                       config->etp, config->ep, ranks, am_nearest_multiple(am_ranks_of_experts(config), config->dp),
                       am_nearest_divisor(ranks, groups));
    return check_imbalance(config, status);
}

static am_code check_ranks(const am_config *config, am_status *status)
{
    am_code code = check_context_parallel(config, status);
    if (code == AM_OK) code = check_tensor_parallel(config, status);
    if (code == AM_OK) code = check_expert_parallel(config, status);
    return code;
}

static am_code check_experts(const am_config *config, const char *who, am_status *status)
{
    if (config->experts == 0) return am_wiring_check_value(config, AM_F_shared_ffn, 0, who, status);
    am_code code = am_wiring_check_value(config, AM_F_activation, AM_SWIGLU, who, status);
    if (code == AM_OK) code = am_wiring_check_value(config, AM_F_bias, 0, who, status);
    if (code == AM_OK && config->experts_per_token < 2 && config->kv_rank == 0)
        return am_fail(status, AM_UNSUPPORTED, "experts_per_token",
                       "%s takes the softmax over a token's experts: experts_per_token=2 or more", who);
    return code;
}

/* DeepSeek-V3: its router's groups are scored by as many of their experts as a token takes of each. */
static am_code check_latent(const am_config *config, const char *who, am_status *status)
{
    if (config->kv_rank == 0) return AM_OK;
    am_code code = am_wiring_check_value(config, AM_F_qkv_bias, 0, who, status);
    if (code == AM_OK) code = am_wiring_check_value(config, AM_F_norm, AM_RMSNORM, who, status);
    if (code == AM_OK) code = am_wiring_check_value(config, AM_F_positions, AM_ROPE, who, status);
    if (code == AM_OK && config->expert_groups > 1 && config->experts_per_token < config->groups_per_token)
        return am_fail(status, AM_CONFLICT, "groups_per_token",
                       "%s scores a group by experts_per_token / groups_per_token of its experts: groups_per_token=%d or less",
                       who, config->experts_per_token);
    return code; /* wiring.c: a group has as many experts */
}

am_code am_megatron_check(const am_config *config, am_status *status)
{
    static const struct {
        am_field_id field;
        int64_t wanted;
    } only[] = {
        {AM_F_qk_norm, 0},
        {AM_F_parallel_residual, 0},
        {AM_F_new_decoder, 0},
        {AM_F_parallel_norms, 1},
        {AM_F_pre_norm, 1},
        {AM_F_layer_period, 1},
        {AM_F_attention_softcap, 0},
        {AM_F_logit_softcap, 0},
        {AM_F_sliding_window, 0},
        {AM_F_trainable, AM_TRAIN_ALL},
        {AM_F_autocast, AM_AUTOCAST_OFF},
        {AM_F_reentrant, 1},
    };
    char who[32];
    am_wiring_who(config, who, sizeof who);
    am_code code = check_ranks(config, status);
    for (size_t i = 0; i < sizeof only / sizeof *only && code == AM_OK; i++)
        code = am_wiring_check_value(config, only[i].field, only[i].wanted, who, status);
    if (code == AM_OK) code = am_wiring_check_value(config, AM_F_embedding_dim, config->hidden, who, status);
    if (code == AM_OK && config->positions == AM_ROPE && config->kv_rank == 0)
        code = am_wiring_check_value(config, AM_F_rotary_dim, config->head_dim, who, status);
    if (code == AM_OK) code = check_biases(config, who, status);
    if (code == AM_OK) code = check_experts(config, who, status);
    if (code == AM_OK) code = check_latent(config, who, status);
    if (code != AM_OK) return code;
    if (!am_wiring_of_family(config->family)->megatron)
        return am_fail(status, AM_UNSUPPORTED, "family",
                       "%s is covered for blocks wired as family=llama, mistral, qwen2, gpt2, mixtral or deepseek_v3", who);
    bool latent = config->kv_rank > 0;
    if ((config->stack == AM_STACK_MEGATRON || latent) && config->head_dim % 8 != 0)
        return am_fail(status, AM_UNSUPPORTED, "head_dim", "%s takes%s heads of a multiple of 8 elements, not head_dim=%d", who,
                       latent ? " latent attention's" : "", config->head_dim);
    if (config->dtype == AM_FP32)
        return am_fail(status, AM_UNSUPPORTED, "dtype", "%s is covered in 16 bits: dtype=bf16 or fp16", who);
    return AM_OK;
}
