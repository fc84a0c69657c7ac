/* What stacks have: whose keys they take, how they divide a model between ranks, which blocks they are covered for. */
#include "bytes.h"
#include "input.h"
#include "wiring.h"

/* ---- every stack */

/* Context and expert parallelism, of which only Megatron's stacks know. */
static am_code check_megatrons(const am_config *config, am_status *status)
{
    static const am_field_id keys[] = {AM_F_ep, AM_F_expert_imbalance, AM_F_etp};
    for (size_t i = 0; i < sizeof keys / sizeof *keys && !am_is_megatron(config); i++) {
        const am_field *field = &am_fields[keys[i]];
        int64_t usual = keys[i] == AM_F_etp ? config->tp : field->value;
        if (am_field_number_of(config, field) != usual)
            return am_fail(status, AM_UNSUPPORTED, field->key, "%s is for experts on Megatron's stacks: stack=megatron or megatron-local, or %s=%d",
                           field->key, field->key, usual);
    }
    return AM_OK;
}

static am_code check_parallel(const am_config *config, am_status *status)
{
    bool ranked = config->stack == AM_STACK_TORCH || am_is_megatron(config);
    if (config->cp != 1 && !ranked)
        return am_fail(status, AM_UNSUPPORTED, "cp",
                       "context parallelism is covered for stack=torch, megatron and megatron-local: cp=1");
    return check_megatrons(config, status);
}

/* ---- pipelines */

/* Keys that say nothing without a pipeline. */
static am_code check_alone(const am_config *config, am_status *status)
{
    if (config->vpp > 1)
        return am_fail(status, AM_CONFLICT, "vpp", "a virtual pipeline needs pipeline stages: pp=2 or more, or vpp=1");
    if (config->schedule != AM_1F1B)
        return am_fail(status, AM_CONFLICT, "schedule", "a schedule is a pipeline's: pp=2 or more, or leave schedule out");
    if (*config->stage_layers != '\0')
        return am_fail(status, AM_CONFLICT, "stage_layers",
                       "stage_layers is for pipeline stages: pp=2 or more, or leave it out");
    return AM_OK;
}

/* Stacks without pipelines run the whole model on each GPU. */
static am_code refuse_pipeline(const am_config *config, am_status *status)
{
    char stack[16];
    const char *key = NULL;
    if (*config->stage_layers != '\0') key = "stage_layers";
    if (config->schedule != AM_1F1B) key = "schedule";
    if (config->vpp > 1) key = "vpp";
    if (config->pp > 1) key = "pp";
    if (!key) return check_alone(config, status);
    return am_fail(status, AM_UNSUPPORTED, key,
                   "stack=%s has no pipeline parallelism: leave %s out, or stack=torch, megatron, megatron-local or paper",
                   am_field_value(config, &am_fields[AM_F_stack], stack, sizeof stack), key);
}

static am_code check_pipeline(const am_config *config, am_status *status)
{
    const unsigned with = 1u << AM_STACK_PAPER | 1u << AM_STACK_TORCH | 1u << AM_STACK_MEGATRON_LOCAL |
                          1u << AM_STACK_MEGATRON;
    if (!(with >> config->stack & 1)) return refuse_pipeline(config, status);
    if (config->pp > 1 && config->stack == AM_STACK_TORCH && am_is_rank(config))
        return am_fail(status, AM_UNSUPPORTED, "pp",
                       "stack=torch is covered for pipelines of whole layers: pp=1, or tp=1 cp=1 and zero=2 or less");
    return config->pp == 1 ? check_alone(config, status) : am_pipeline_check(config, status);
}

/* ---- ranks */

am_code am_check_divided_tokens(const am_config *config, int64_t parts, am_status *status)
{
    if (config->seq % parts == 0) return AM_OK;
    return am_fail(status, AM_CONFLICT, "seq", "sp=yes shares out seq=%d over tp=%d%s: seq=%d, or sp=no", config->seq, config->tp,
                   config->cp > 1 ? " and twice cp" : "", am_divide_up(config->seq, parts) * parts);
}

static am_code check_tensor_parallel(const am_config *config, am_status *status)
{
    static const am_field_id divided[] = {AM_F_heads, AM_F_kv_heads, AM_F_ffn, AM_F_vocab, AM_F_seq};
    if (config->sp && config->tp == 1)
        return am_fail(status, AM_CONFLICT, "sp", "sequence parallelism needs a tensor-parallel group: tp=2 or more");
    for (size_t i = 0; i < sizeof divided / sizeof *divided; i++) {
        if (divided[i] == AM_F_seq && !config->sp) continue;
        const am_field *field = &am_fields[divided[i]];
        int64_t value = am_field_number_of(config, field);
        if (divided[i] == AM_F_seq && am_check_divided_tokens(config, config->tp, status) != AM_OK) return status->code;
        if (value % config->tp != 0)
            return am_fail(status, AM_CONFLICT, "tp", "tp=%d does not divide %s=%d; the nearest that does is tp=%d",
                           config->tp, field->key, value, am_nearest_divisor(value, config->tp));
    }
    return AM_OK;
}

/* Which of its keys no code of this stack divides by. tensors: tp and sp apart. */
static am_code check_undivided(const am_config *config, bool tensors, am_status *status)
{
    static const struct {
        am_field_id id;
        const char *what;
    } keys[] = {
        {AM_F_tp, "tensor parallelism is modelled for stack=paper, torch, megatron and megatron-local"},
        {AM_F_sp, "sequence parallelism is modelled for stack=paper, torch, megatron and megatron-local"},
    };
    for (size_t i = tensors ? 0 : 2; i < sizeof keys / sizeof *keys; i++) {
        const am_field *field = &am_fields[keys[i].id];
        char stack[16];
        if (am_field_number_of(config, field) != field->value)
            return am_fail(status, AM_UNSUPPORTED, field->key, "stack=%s runs on one GPU; %s",
                           am_field_value(config, &am_fields[AM_F_stack], stack, sizeof stack), keys[i].what);
    }
    return AM_OK;
}

/* PyTorch's ring attention cuts a sequence into two chunks for each rank, an early one and a late one. */
static am_code check_ring(const am_config *config, am_status *status)
{
    if (config->cp == 1) return AM_OK;
    int64_t chunks = 2 * config->cp * (config->sp ? config->tp : 1);
    if (config->seq % chunks != 0)
        return am_fail(status, AM_CONFLICT, "cp",
                       config->sp ? "cp=%d with sp=yes needs seq in multiples of 2·cp·tp=%d; the nearest is seq=%d"
                                  : "cp=%d needs seq in multiples of 2·cp=%d; the nearest is seq=%d",
                       config->cp, chunks, am_nearest_multiple(chunks, config->seq));
    bool flash = config->attention != AM_EFFICIENT && config->dtype != AM_FP32 && config->head_dim <= 256 &&
                 config->head_dim % 8 == 0;
    if (!flash)
        return am_fail(status, AM_UNSUPPORTED, "cp",
                       "ring attention is covered with the flash kernel: attention=sdpa, dtype=bf16 or fp16 and a "
                       "head_dim of at most 256, a multiple of 8");
    return AM_OK;
}

/* FSDP2's own mixed precision: parameters that are gathered in `dtype` from fp32 shards, and reduced in fp32. */
static am_code check_sharded_types(const am_config *config, am_status *status)
{
    if (config->autocast != AM_AUTOCAST_OFF)
        return am_fail(status, AM_UNSUPPORTED, "autocast",
                       "FSDP2 casts what it gathers: autocast=off, dtype=bf16 master_weights=yes grad_dtype=fp32");
    bool wide = config->grad_dtype == AM_FP32 && config->dtype != AM_FP32;
    if (wide != config->master_weights || (!wide && config->grad_dtype != config->dtype))
        return am_fail(
            status, AM_CONFLICT, "grad_dtype",
            "FSDP2's gradients have the type of what is sharded: master_weights=yes grad_dtype=fp32, or neither");
    return AM_OK;
}

static am_code check_data_parallel(const am_config *config, am_status *status)
{
    bool covered = config->stack == AM_STACK_HF || config->stack == AM_STACK_LIGER || config->stack == AM_STACK_TORCH;
    if (config->zero == 3 && am_data_ranks(config) == 1)
        return am_fail(status, AM_CONFLICT, "zero", "zero=3 shares parameters out between data-parallel ranks: dp=2 or more");
    if (config->zero < 3 && !config->reshard)
        return am_fail(status, AM_CONFLICT, "reshard",
                       "reshard says when gathered parameters go: zero=3, or reshard=yes");
    if (config->dp > 1 && am_is_paper(config))
        return am_fail(status, AM_UNSUPPORTED, "dp", "the paper has no data parallelism: dp=1");
    if (config->zero < 3) return AM_OK;
    if (!covered)
        return am_fail(status, AM_UNSUPPORTED, "zero",
                       "FSDP2 is covered for stack=hf, liger and torch: zero=2 or less");
    if (config->trainable != AM_TRAIN_ALL)
        return am_fail(status, AM_UNSUPPORTED, "trainable",
                       "zero=3 is covered where every parameter learns: trainable=all");
    if (config->experts > 0 && config->dense_layers > 0 && config->dense_layers < config->layers)
        return am_fail(status, AM_UNSUPPORTED, "dense_layers",
                       "zero=3 is covered for layers of one size: dense_layers=0 or zero=2");
    return check_sharded_types(config, status);
}

/* ---- stack=hf */

/* Its modules have no biases in the MLP, and one activation each. */
static am_code check_liger(const am_config *config, am_status *status)
{
    const am_wiring *wiring = am_wiring_of(config);
    const char *who = "stack=liger";
    if (!wiring->liger)
        return am_fail(status, AM_UNSUPPORTED, "stack",
                       "Liger-Kernel is covered for llama, mistral, qwen2, qwen3 and gemma: stack=hf");
    am_code code = am_wiring_check_value(config, AM_F_mlp_bias, 0, who, status);
    if (code == AM_OK) code = am_wiring_check_value(config, AM_F_activation, wiring->activation, who, status);
    return code == AM_OK ? check_undivided(config, true, status) : code;
}

static am_code check_hf(const am_config *config, am_status *status)
{
    return check_undivided(config, true, status);
}

/* ---- stack=torch, stack=nanogpt */

static am_code check_torch_ranks(const am_config *config, am_status *status)
{
    am_code code = check_tensor_parallel(config, status);
    if (code == AM_OK && config->tp > 1 && config->tie_word_embeddings)
        return am_fail(status, AM_UNSUPPORTED, "tie_word_embeddings",
                       "a table that is both DTensor's embedding and head is not covered: tie_word_embeddings=no, or tp=1");
    if (code == AM_OK) code = check_ring(config, status);
    if (code == AM_OK && am_is_rank(config) && config->autocast != AM_AUTOCAST_OFF)
        return am_fail(status, AM_UNSUPPORTED, "autocast",
                       "stack=torch on several ranks computes in the parameters' type: autocast=off");
    return code;
}

static am_code check_plain(const am_config *config, am_status *status)
{
    bool nanogpt = config->stack == AM_STACK_NANOGPT;
    const struct {
        am_field_id field;
        int64_t wanted;
    } only[] = {
        {AM_F_family, am_stacks[config->stack].family},
        {AM_F_sliding_window, 0},
        {AM_F_trainable, AM_TRAIN_ALL},
        {AM_F_ffn, nanogpt ? 4 * config->hidden : config->ffn},
        {AM_F_tie_word_embeddings, nanogpt ? 1 : config->tie_word_embeddings},
        {AM_F_attention_dropout, config->dropout},
        {AM_F_embedding_dropout, config->dropout},
    };
    char who[32];
    am_wiring_who(config, who, sizeof who);
    am_code code = check_undivided(config, nanogpt, status);
    for (size_t i = 0; i < sizeof only / sizeof *only && code == AM_OK; i++)
        code = am_wiring_check_value(config, only[i].field, only[i].wanted, who, status);
    if (code == AM_OK && !nanogpt) code = check_torch_ranks(config, status);
    if (code == AM_OK && config->attention == AM_EAGER)
        return am_fail(status, AM_UNSUPPORTED, "attention",
                       "%s calls scaled_dot_product_attention: attention=sdpa, efficient or flash", who);
    return code;
}

/* ---- stack=paper */

static am_code check_paper_run(const am_config *config, am_status *status)
{
    if (config->sliding_window > 0)
        return am_fail(status, AM_UNSUPPORTED, "sliding_window", "the paper has no sliding window: sliding_window=0");
    if (config->attention != AM_EAGER)
        return am_fail(status, AM_CONFLICT, "attention", "the paper materialises the scores: attention=eager");
    if (config->dtype == AM_FP32)
        return am_fail(status, AM_UNSUPPORTED, "dtype", "the paper counts in 16 bits: dtype=bf16 or fp16");
    if (config->autocast != AM_AUTOCAST_OFF)
        return am_fail(status, AM_UNSUPPORTED, "autocast", "the paper has no fp32 parameters to cast: autocast=off");
    if (config->trainable != AM_TRAIN_ALL)
        return am_fail(status, AM_UNSUPPORTED, "trainable", "the paper trains every parameter: trainable=all");
    return AM_OK;
}

static am_code check_paper(const am_config *config, am_status *status)
{
    am_code code = check_paper_run(config, status);
    if (code == AM_OK) code = check_tensor_parallel(config, status);
    return code;
}

/* ---- all of them */

static am_code check_stack(const am_config *config, am_status *status)
{
    if (config->stack == AM_STACK_HF) return check_hf(config, status);
    if (config->stack == AM_STACK_LIGER) return check_liger(config, status);
    if (am_is_megatron(config)) return am_megatron_check(config, status);
    return am_is_paper(config) ? check_paper(config, status) : check_plain(config, status);
}

am_code am_stack_check(const am_config *config, am_status *status)
{
    am_code code = check_parallel(config, status);
    if (code == AM_OK) code = check_data_parallel(config, status);
    if (code == AM_OK) code = check_stack(config, status);
    if (code == AM_OK) code = check_pipeline(config, status);
    return code;
}
