/* What stacks have: whose keys they take, how they divide a model between ranks, which blocks they are covered for. */
#include <string.h>

#include "bytes.h"
#include "input.h"
#include "wiring.h"

static bool is_paper(const am_config *config)
{
    return config->stack == AM_STACK_PAPER;
}

static bool is_megatron(const am_config *config)
{
    return am_wiring_of(config)->any;
}

/* ---- every stack */

/* Context and expert parallelism, of which only Megatron's stacks know. */
static am_code check_megatrons(const am_config *config, am_status *status)
{
    static const am_field_id keys[] = {AM_F_ep, AM_F_expert_imbalance, AM_F_etp};
    for (size_t i = 0; i < sizeof keys / sizeof *keys && !is_megatron(config); i++) {
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
    bool ranked = config->stack == AM_STACK_TORCH || is_megatron(config);
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

/* Sequence parallelism cuts each rank's tokens into parts: a whole number of them. */
static am_code check_divided_tokens(const am_config *config, int64_t parts, am_status *status)
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
        if (divided[i] == AM_F_seq && check_divided_tokens(config, config->tp, status) != AM_OK) return status->code;
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

/* The multiple of n that is nearest to x, at least n. */
static int64_t nearest_multiple(int64_t n, int64_t x)
{
    int64_t below = x / n * n;
    return below > 0 && x - below <= below + n - x ? below : below + n;
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
                       config->cp, chunks, nearest_multiple(chunks, config->seq));
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
    if (config->dp > 1 && is_paper(config))
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

/* ---- stack=megatron-local */


static am_code check_megatron_biases(const am_config *config, const char *who, am_status *status)
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
static am_code check_megatron_tensor_parallel(const am_config *config, am_status *status)
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
    return divided ? AM_OK : check_divided_tokens(config, am_mul_checked(t, config->cp > 1 ? 2 * config->cp : 1), status);
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
                       config->etp, config->ep, ranks, nearest_multiple(am_ranks_of_experts(config), config->dp),
                       am_nearest_divisor(ranks, groups));
    return check_imbalance(config, status);
}

static am_code check_megatron_ranks(const am_config *config, am_status *status)
{
    am_code code = check_context_parallel(config, status);
    if (code == AM_OK) code = check_megatron_tensor_parallel(config, status);
    if (code == AM_OK) code = check_expert_parallel(config, status);
    return code;
}

static am_code check_megatron_experts(const am_config *config, const char *who, am_status *status)
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
static am_code check_megatron_latent(const am_config *config, const char *who, am_status *status)
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

static am_code check_megatron(const am_config *config, am_status *status)
{
    static const struct {
        am_field_id field;
        int64_t wanted;
    } only[] = {
        {AM_F_qk_norm, 0},
        {AM_F_parallel_residual, 0},
        {AM_F_pre_norm, 1},
        {AM_F_sliding_window, 0},
        {AM_F_trainable, AM_TRAIN_ALL},
        {AM_F_autocast, AM_AUTOCAST_OFF},
        {AM_F_reentrant, 1},
    };
    char who[32];
    am_wiring_who(config, who, sizeof who);
    am_code code = check_megatron_ranks(config, status);
    for (size_t i = 0; i < sizeof only / sizeof *only && code == AM_OK; i++)
        code = am_wiring_check_value(config, only[i].field, only[i].wanted, who, status);
    if (code == AM_OK) code = am_wiring_check_value(config, AM_F_embedding_dim, config->hidden, who, status);
    if (code == AM_OK && config->positions == AM_ROPE && config->kv_rank == 0)
        code = am_wiring_check_value(config, AM_F_rotary_dim, config->head_dim, who, status);
    if (code == AM_OK) code = check_megatron_biases(config, who, status);
    if (code == AM_OK) code = check_megatron_experts(config, who, status);
    if (code == AM_OK) code = check_megatron_latent(config, who, status);
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

/* ---- checkpointing */

/* Modules that the model has not, and those that its code can't play again. */
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
    if (is_paper(config))
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
                       config->checkpoint, is_megatron(config) ? "" : ", on a stack that has it, or checkpoint=offload");
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
    if (is_paper(config) || is_megatron(config))
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
    if (policy.kind == AM_POLICY_MODULES && !is_paper(config) && !is_megatron(config))
        return am_fail(status, AM_UNSUPPORTED, "checkpoint",
                       "checkpoint=modules: is modelled for stack=megatron, megatron-local and, core_attn alone, paper");
    if (policy.modules != AM_MODULE_CORE_ATTN && policy.kind == AM_POLICY_MODULES && is_paper(config))
        return am_fail(status, AM_UNSUPPORTED, "checkpoint", "the paper plays attention's core again: modules:core_attn");
    if (policy.kind == AM_POLICY_REGIONS && config->pp > 1)
        return am_fail(status, AM_UNSUPPORTED, "checkpoint", "checkpoint=%s is covered without a pipeline: pp=1", config->checkpoint);
    if ((policy.kind == AM_POLICY_BUDGET || policy.kind == AM_POLICY_REGIONS) && is_paper(config))
        return am_fail(status, AM_UNSUPPORTED, "checkpoint",
                       "the paper keeps everything, all but core attention, or inputs alone: checkpoint=none, "
                       "modules:core_attn or full");
    if (is_megatron(config) && check_megatron_policy(config, policy, status) != AM_OK) return status->code;
    if (check_chain_policy(config, policy, status) != AM_OK) return status->code;
    if (is_megatron(config)) return AM_OK;
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

/* ---- all of them */

static am_code check_stack(const am_config *config, am_status *status)
{
    if (config->stack == AM_STACK_HF) return check_hf(config, status);
    if (config->stack == AM_STACK_LIGER) return check_liger(config, status);
    if (is_megatron(config)) return check_megatron(config, status);
    return is_paper(config) ? check_paper(config, status) : check_plain(config, status);
}

am_code am_stack_check(const am_config *config, am_status *status)
{
    am_code code = check_parallel(config, status);
    if (code == AM_OK) code = check_data_parallel(config, status);
    if (code == AM_OK) code = check_stack(config, status);
    if (code == AM_OK) code = check_pipeline(config, status);
    return code;
}
