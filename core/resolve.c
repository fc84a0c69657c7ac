/* What the inputs mean together: derives those that are left out, and refuses what no such model, stack or GPU has. */
#include <string.h>

#include "bytes.h"
#include "fit.h"
#include "input.h"
#include "state.h"
#include "wiring.h"

/* ---- each value by itself */

static bool in_range(const am_field *field, int64_t value)
{
    switch (field->kind) {
    case AM_KIND_INT: return value >= field->least && value <= field->most;
    case AM_KIND_FLAG: return value == 0 || value == 1;
    case AM_KIND_CHOICE: return am_choice_exists(field->choices, value);
    default: return value >= 0 && value < AM_MILLION; /* AM_KIND_RATIO: a text is no number */
    }
}

static am_code check_range(const am_config *config, const am_field *field, am_status *status)
{
    if (field->kind == AM_KIND_TEXT) {
        if (memchr(am_field_text_of(config, field), '\0', AM_TEXT_SIZE)) return AM_OK;
        return am_fail(status, AM_BAD_VALUE, field->key, "%s must be shorter than %d characters", field->key,
                       (int64_t)AM_TEXT_SIZE);
    }
    int64_t value = am_field_number_of(config, field);
    bool derived = value == AM_AUTO && field->value == AM_AUTO;
    if (derived || in_range(field, value)) return AM_OK;
    if (field->kind == AM_KIND_INT)
        return am_fail(status, AM_OUT_OF_RANGE, field->key, "%s must be from %d to %d, not %d", field->key,
                       field->least, field->most, value);
    return am_fail(status, AM_OUT_OF_RANGE, field->key, "%s has no value %d", field->key, value);
}

static bool same_number(const am_config *x, const am_config *y, const am_field *field)
{
    return field->kind == AM_KIND_TEXT || am_field_number_of(x, field) == am_field_number_of(y, field);
}

/* A config need not come from a text: everything in it is looked at, but for what has been before it was derived from, if it was. */
static am_code check_ranges(const am_config *config, const am_config *from, am_status *status)
{
    am_code code = AM_OK;
    for (int i = 0; i < AM_FIELD_COUNT && code == AM_OK; i++)
        if (!from || !same_number(config, from, &am_fields[i])) code = check_range(config, &am_fields[i], status);
    return code;
}

/* ---- derivation */

/* The shapes that nothing stands in for. */
static am_code check_shapes_given(const am_config *config, am_status *status)
{
    static const am_field_id needed[] = {AM_F_layers, AM_F_hidden, AM_F_heads, AM_F_vocab};
    const am_field *missing = NULL, *given = NULL;
    for (size_t i = sizeof needed / sizeof *needed; i-- > 0;) {
        const am_field *field = &am_fields[needed[i]];
        if (am_field_number_of(config, field) == AM_AUTO)
            missing = field;
        else
            given = field;
    }
    if (!missing) return AM_OK;
    if (!given)
        return am_fail(status, AM_MISSING, missing->key,
                       "name a model (model=llama-3-8b) or give layers, hidden, heads and vocab");
    return am_fail(status, AM_MISSING, missing->key,
                   "name a model (model=llama-3-8b) for %s=%d to change, or give %s too",
                   given->key, am_field_number_of(config, given), missing->key);
}

/* peft's own, by and large: what makes query and value. */
static const char *usual_targets(const am_config *config)
{
    unsigned targets = am_wiring_of(config)->targets;
    if (targets & AM_TARGET_KV_B) return config->q_rank > 0 ? "q_b,kv_b" : "q,kv_b";
    return targets & AM_TARGET_QKV ? "qkv" : "q,v";
}

static am_code derive_head_dim(am_config *config, am_status *status)
{
    if (config->head_dim != AM_AUTO) return AM_OK;
    if (config->hidden % config->heads != 0)
        return am_fail(status, AM_MISSING, "head_dim",
                       "hidden=%d is no multiple of heads=%d: give head_dim, or heads that divide it, such as %d",
                       config->hidden, config->heads, am_nearest_divisor(config->hidden, config->heads));
    config->head_dim = config->hidden / config->heads;
    return AM_OK;
}

static am_code derive_ffn(am_config *config, am_status *status)
{
    if (config->ffn != AM_AUTO) return AM_OK;
    if (config->experts > 0 && config->moe_ffn != AM_AUTO) { /* no dense layer has an MLP then */
        config->ffn = config->moe_ffn;
        return AM_OK;
    }
    if (am_activation_is_gated(config->activation))
        return am_fail(status, AM_MISSING, "ffn",
                       "a gated MLP has no usual width: give ffn (Llama 3 8B has 14336 for hidden=4096)");
    config->ffn = 4 * config->hidden;
    return AM_OK;
}

/* Whether a table of positions bounds the sequence. */
static bool has_table(const am_config *config)
{
    return config->positions == AM_LEARNED || AM_LATER(am_wiring_of(config)->table);
}

/* Tokens of a sequence where none are given: a usual number, cut to what the position table has. */
static int64_t usual_seq(const am_config *config)
{
    const int64_t usual = 2048;
    bool table = has_table(config) && config->max_positions != AM_AUTO;
    return table && config->max_positions < usual ? config->max_positions : usual;
}

static int64_t usual_attention(const am_config *config)
{
    const am_wiring *wiring = am_wiring_of(config);
    if (!am_is_paper(config) && am_wiring_attends(wiring, AM_SDPA)) return AM_SDPA;
    return am_wiring_attends(wiring, AM_EAGER) ? AM_EAGER : AM_FLASH;
}

/* A rank of a V has two chunks. Interleaved schedules take twice as many micro-batches to come to their steady state. */
static void derive_pipeline(am_config *config)
{
    bool v = config->schedule == AM_ZBV || config->schedule == AM_DUALPIPEV;
    if (config->vpp == AM_AUTO) config->vpp = v ? 2 : 1;
    if (config->schedule == AM_AUTO) config->schedule = config->vpp > 1 ? AM_INTERLEAVED : AM_1F1B;
    int64_t filled = config->vpp > 1 ? 2 * config->pp : config->pp;
    if (config->micro_batches == AM_AUTO) config->micro_batches = config->pp > 1 ? filled : 1;
}

/* Experts' groups lie across those of all else: Megatron divides the ranks of a stage, tp cp dp of them, by etp ep
 * (Megatron-Core, parallel_state.py: a world that is not divisible is refused). */
static void derive_data_parallel(am_config *config)
{
    if (config->dp != AM_AUTO) return;
    bool divided = am_is_megatron(config) && config->experts > 0 && config->ep <= config->experts;
    config->dp = divided ? am_ranks_of_experts(config) : 1;
    if (config->dp > am_fields[AM_F_dp].most) config->dp = 1; /* refused with what ep or etp may be */
}

static am_code derive(am_config *config, am_status *status)
{
    if (config->family == AM_AUTO) config->family = am_stacks[config->stack].family;
    if (config->family == AM_AUTO) config->family = config->positions == AM_LEARNED ? AM_FAMILY_GPT2 : AM_FAMILY_LLAMA;
#ifdef AM_FIRST
    if (am_family_is_later(config->family))
        return am_fail(status, AM_ELSEWHERE, "family", "whole.wasm answers for this family");
#endif
    am_wiring_fill(config, am_wiring_of(config));
    if (config->attention == AM_AUTO)
        config->attention = usual_attention(config);
    if (config->reentrant == AM_AUTO) config->reentrant = am_is_megatron(config);
    if (config->loss == AM_AUTO && config->stack == AM_STACK_TORCH && config->tp > 1)
        config->loss = AM_LOSS_VOCAB_PARALLEL; /* loss_parallel, as torchtitan has it */
    if (config->loss == AM_AUTO) config->loss = am_stacks[config->stack].loss;
    if (config->seq == AM_AUTO) config->seq = usual_seq(config);
    if (config->kv_heads == AM_AUTO) config->kv_heads = config->heads;
    if (config->max_positions == AM_AUTO) config->max_positions = config->seq;
    if (config->etp == AM_AUTO) config->etp = config->tp;
    derive_data_parallel(config);
    derive_pipeline(config);
    if (config->lora_dtype == AM_AUTO) config->lora_dtype = config->dtype;
    if (strcmp(config->lora_targets, am_fields[AM_F_lora_targets].text) == 0) strcpy(config->lora_targets, usual_targets(config));
    if (config->grad_dtype == AM_AUTO)
        config->grad_dtype = config->trainable == AM_TRAIN_LORA ? config->lora_dtype : config->dtype;
    am_code code = derive_head_dim(config, status);
    am_wiring_fill_rotary(config, am_wiring_of(config));
    if (code == AM_OK) code = derive_ffn(config, status);
    am_wiring_fill_experts(config, am_wiring_of(config));
    return code;
}

/* ---- the model */

static am_code check_heads(const am_config *config, am_status *status)
{
    if (config->heads % config->kv_heads != 0)
        return am_fail(status, AM_CONFLICT, "kv_heads",
                       "kv_heads=%d does not divide heads=%d; the nearest that does is kv_heads=%d", config->kv_heads,
                       config->heads, am_nearest_divisor(config->heads, config->kv_heads));
    if (config->positions == AM_ROPE && config->head_dim % 2 != 0)
        return am_fail(status, AM_UNSUPPORTED, "head_dim", "rotary positions need an even head_dim, such as %d, not %d",
                       config->head_dim + 1, config->head_dim);
    bool rotates = config->positions == AM_ROPE;
    if (config->rotary_dim % 2 != 0 || config->rotary_dim > config->head_dim || (config->rotary_dim == 0) == rotates)
        return am_fail(status, AM_OUT_OF_RANGE, "rotary_dim",
                       rotates ? "rotary_dim must be even, above 0 and at most head_dim=%d, not %d"
                               : "rotary_dim is for positions=rope",
                       config->head_dim, config->rotary_dim);
    return AM_OK;
}

static am_code check_positions(const am_config *config, am_status *status)
{
    if (has_table(config) && config->seq > config->max_positions)
        return am_fail(status, AM_OUT_OF_RANGE, "seq",
                       "seq=%d exceeds the model's table of %d positions (max_positions): seq=%d or less", config->seq,
                       config->max_positions, config->max_positions);
    return AM_OK;
}

static am_code check_device(const am_config *config, am_status *status)
{
    am_rates rates;
    return am_rates_of(config, &rates, status);
}


static am_code check_loss(const am_config *config, am_status *status)
{
    char who[32] = "stack=";
    const am_stack *stack = &am_stacks[config->stack];
    bool linear = config->loss == AM_LOSS_FUSED || config->loss == AM_LOSS_CUT;
    if (linear && !am_wiring_of(config)->liger)
        return am_wiring_check_value(config, AM_F_loss, stack->loss, am_wiring_who(config, who, sizeof who), status);
    bool plain = !config->logit_softcap && !am_wiring_has_head_bias(config) &&
                 !(am_wiring_of(config)->traits & AM_T_SCALED_LOGITS);
    if (config->loss == AM_LOSS_CHUNKED && !plain)
        return am_fail(status, AM_UNSUPPORTED, "loss", "loss=chunked is covered for heads of one matrix: loss=hf");
    if (config->loss == AM_LOSS_CUT && (config->autocast != AM_AUTOCAST_OFF || config->seq == 1))
        return am_fail(status, AM_UNSUPPORTED, "loss",
                       "loss=cut is covered for two tokens or more, without autocast: autocast=off, or loss=fused");
    if (config->stack == AM_STACK_TORCH && config->loss == AM_LOSS_VOCAB_PARALLEL && config->tp == 1)
        return am_fail(status, AM_CONFLICT, "loss",
                       "loss=vocab_parallel needs a tensor-parallel group: tp=2 or more, or loss=fp32");
    if (stack->losses >> config->loss & 1) return AM_OK;
    am_field_value(config, &am_fields[AM_F_stack], who + strlen(who), sizeof who - strlen(who));
    return am_wiring_check_value(config, AM_F_loss, stack->loss, who, status);
}

/* ---- precision and training */

static am_code check_precision(const am_config *config, am_status *status)
{
    if (config->autocast != AM_AUTOCAST_OFF && config->dtype != AM_FP32)
        return am_fail(status, AM_CONFLICT, "autocast",
                       "autocast is modelled over fp32 parameters: dtype=fp32, or autocast=off");
    if (config->autocast == AM_AUTOCAST_OFF && !config->autocast_cache)
        return am_fail(status, AM_CONFLICT, "autocast_cache", "without autocast there is no cache of it: autocast=bf16 or fp16 with dtype=fp32");
    if (config->attention != AM_FLASH) return AM_OK;
    /* transformers casts what autocast has left in fp32, in nanoGPT nothing is left */
    const bool casts = config->autocast != AM_AUTOCAST_OFF && config->stack != AM_STACK_TORCH;
    if (config->dtype == AM_FP32 && !casts)
        return am_fail(status, AM_UNSUPPORTED, "attention",
                       "FlashAttention-2 takes no fp32: dtype=bf16 or fp16 with autocast=off, or attention=sdpa");
    if (config->head_dim > 256)
        return am_fail(status, AM_UNSUPPORTED, "attention",
                       "FlashAttention-2 takes heads of at most 256 elements, not head_dim=%d: attention=sdpa",
                       config->head_dim);
    return AM_OK;
}

/* Adapters' keys say nothing without adapters: one that was given must not be passed over. */
static am_code check_no_lora_keys(const am_config *config, am_status *status)
{
    const char *key = NULL;
    if (config->lora_dtype != config->dtype) key = "lora_dtype";
    if (config->lora_dropout != am_fields[AM_F_lora_dropout].value) key = "lora_dropout";
    if (strcmp(config->lora_targets, usual_targets(config)) != 0) key = "lora_targets";
    if (config->lora_rank != am_fields[AM_F_lora_rank].value) key = "lora_rank";
    return key ? am_fail(status, AM_CONFLICT, key, "%s is for adapters only: trainable=lora", key) : AM_OK;
}

/* Latent attention's queries may have a latent or not; an embedding of another width has two linear layers of its own. */
static unsigned targets_of(const am_config *config)
{
    unsigned targets = am_wiring_of(config)->targets, absent = config->q_rank > 0 ? AM_TARGET_Q : AM_TARGET_Q_A | AM_TARGET_Q_B;
    if (config->embedding_dim != config->hidden) absent |= AM_TARGET_ALL;
    return targets & ~absent;
}

static am_code refuse_targets(const am_config *config, unsigned covered, bool known, am_status *status)
{
    char names[AM_TEXT_SIZE];
    am_targets_text(known ? covered : covered & ~(unsigned)AM_TARGET_ALL, names);
    if (known)
        return am_fail(status, AM_UNSUPPORTED, "lora_targets", "these linear layers of this model can be adapted: lora_targets of %s", names);
    return am_fail(status, AM_BAD_VALUE, "lora_targets", "lora_targets must be a list of %s, each at most once%s, not '%s'", names,
                   covered & AM_TARGET_ALL ? ", or all-linear" : "", config->lora_targets);
}

static am_code check_training(const am_config *config, am_status *status)
{
    if (config->trainable != AM_TRAIN_LORA) return check_no_lora_keys(config, status);
    unsigned covered = targets_of(config), targets = am_targets_parse(config->lora_targets);
    bool fine = targets && !(targets & ~covered);
    return fine ? AM_OK : am_refuse(status, refuse_targets(config, covered, targets != 0, status));
}

/* ---- checkpointing */

am_code am_policy_check(const am_config *config, am_policy policy, am_status *status)
{
    if (am_stack_check_policy(config, policy, status) != AM_OK) return status->code;
    if (am_is_megatron(config)) return AM_OK;
    if (policy.reentrant && (!am_policy_runs_layers_again(policy.kind) || policy.kind == AM_POLICY_REGIONS))
        return am_fail(
            status, AM_UNSUPPORTED, "reentrant",
            "reentrant=yes runs whole layers again: checkpoint=full, every:K, uniform:K, block:N, sqrt or best, "
            "not %s",
            config->checkpoint);
    if (policy.reentrant && config->trainable == AM_TRAIN_LORA && policy.kind != AM_POLICY_FULL &&
        policy.kind != AM_POLICY_OFFLOAD)
        return am_fail(
            status, AM_UNSUPPORTED, "reentrant",
            "a reentrant region whose input needs no gradient learns nothing, and only checkpoint=full makes the "
            "embedding's output require one: checkpoint=full or reentrant=no");
    return AM_OK;
}

static am_code check_checkpoint(const am_config *config, am_status *status)
{
    am_policy policy;
    am_code code = am_policy_parse(&policy, config, status);
    return code == AM_OK ? am_policy_check(config, policy, status) : code;
}

/* ---- size */

/* A tensor of factor · fields bytes, in each layer where AM_F_layers is among the fields; AM_F_model ends them. */
typedef struct tensor {
    int64_t factor;
    am_field_id fields[6];
} tensor;

static am_code check_size(const am_config *config, tensor size, am_status *status)
{
    const int64_t slack = 64; /* for what stands beside it: fp32 copies, gradients, temporaries */
    int64_t bytes = am_mul_checked(size.factor, slack);
    const am_field *largest = &am_fields[size.fields[0]];
    for (int i = 0; size.fields[i] != AM_F_model; i++) {
        const am_field *field = &am_fields[size.fields[i]];
        int64_t value = am_field_number_of(config, field);
        bytes = am_mul_checked(bytes, value);
        if (value > am_field_number_of(config, largest)) largest = field;
    }
    if (bytes >= 0) return AM_OK;
    return am_fail(status, AM_TOO_LARGE, largest->key,
                   "the figures would exceed 2^53 bytes; their largest factor is %s=%d: make it smaller", largest->key,
                   am_field_number_of(config, largest));
}

/* The largest tensors, early and by the input's name; the tape checks each of its own. */
static am_code check_sizes(const am_config *config, am_status *status)
{
    const tensor logits = {4, {AM_F_seq, AM_F_batch, AM_F_vocab}};
    const tensor stream = {4, {AM_F_seq, AM_F_batch, AM_F_hidden, AM_F_layers}};
    const tensor inner = {4, {AM_F_seq, AM_F_batch, AM_F_ffn, AM_F_layers}};
    const tensor routed = {4, {AM_F_seq, AM_F_batch, AM_F_experts_per_token, AM_F_hidden, AM_F_layers}};
    const tensor expert = {4, {AM_F_seq, AM_F_batch, AM_F_experts_per_token, AM_F_moe_ffn, AM_F_layers}};
    const tensor query = {4, {AM_F_seq, AM_F_batch, AM_F_heads, AM_F_head_dim, AM_F_layers}};
    const tensor scores = {4, {AM_F_seq, AM_F_seq, AM_F_batch, AM_F_heads, AM_F_layers}};
    const tensor mask = {8, {AM_F_seq, AM_F_seq, AM_F_layers}};
    bool eager = config->attention == AM_EAGER;
    bool window = config->sliding_window > 0 && config->seq >= config->sliding_window && config->attention != AM_FLASH;
    am_code code = check_size(config, logits, status);
    if (code == AM_OK) code = check_size(config, stream, status);
    if (code == AM_OK) code = check_size(config, inner, status);
    if (code == AM_OK && config->experts > 0) code = check_size(config, routed, status);
    if (code == AM_OK && config->experts > 0) code = check_size(config, expert, status);
    if (code == AM_OK) code = check_size(config, query, status);
    if (code == AM_OK && eager) code = check_size(config, scores, status);
    if (code == AM_OK && (eager || window)) code = check_size(config, mask, status);
    return code;
}

/* ---- all of it */

am_code am_config_resolve(am_config *config, am_status *status)
{
    static am_code (*const checks[])(const am_config *, am_status *) = {
        check_heads, am_wiring_check, am_stack_check, check_loss,     check_positions, check_precision, check_training, check_checkpoint,    check_sizes, check_device,
        am_state_check,  am_fit_check,
    };
    *status = (am_status){0};
    am_config next = *config;
    am_code code = check_ranges(&next, NULL, status);
    if (code == AM_OK) code = check_shapes_given(&next, status);
    if (code == AM_OK) code = derive(&next, status);
    if (code == AM_OK) code = check_ranges(&next, config, status);
    for (size_t i = 0; i < sizeof checks / sizeof *checks && code == AM_OK; i++) code = checks[i](&next, status);
    if (code == AM_OK) *config = next;
    return code;
}
