/* What is no input here: what others call one, and which is near to it. */
#include <ctype.h>
#include <string.h>

#include "input.h"
#include "proven.h"

typedef struct am_other_name {
    const char *name; /* or a part of it, such as per_device_train_batch_size has */
    bool whole;       /* the whole name alone, as a part it would be of others */
    const char *key;
    const char *why; /* where key is NULL: what no input says */
} am_other_name;

/* Names of transformers' TrainingArguments and configurations, PEFT, DeepSpeed, Megatron-Core, FSDP, and the letters of papers; what the help of an
 * input says need not stand here. The first that fits counts. */
static const am_other_name others[] = {
    {"load_in", false, NULL, "quantised weights are not covered: dtype=bf16"},
    {"quant", false, NULL, "quantised weights are not covered: dtype=bf16"},
    {"qlora", false, NULL, "quantised weights are not covered: trainable=lora dtype=bf16"},
    {"fp8", false, NULL, "training in 8 bits is not covered: dtype=bf16"},
    {"compile", false, NULL, "eager PyTorch is modelled, of torch.compile its checkpoint=memory-budget:X alone"},
    {"global_batch", false, NULL, "batch is the micro-batch of one GPU; the global batch is batch · micro_batches · dp"},
    {"gbs", true, NULL, "batch is the micro-batch of one GPU; the global batch is batch · micro_batches · dp"},
    {"offload", false, NULL, "layers' inputs or saved tensors may lie on the host: checkpoint=offload or checkpoint=offload:saved"},
    {"lora_alpha", true, NULL, "an adapter's scale takes no memory"},
    {"r", true, "lora_rank", NULL},
    {"lora_r", true, "lora_rank", NULL},
    {"target_modules", false, "lora_targets", NULL},
    {"peft", false, "trainable", NULL},
    {"lora", true, "trainable", NULL},
    {"liger", false, "stack", NULL},
    {"framework", true, "stack", NULL},
    {"architecture", false, "family", NULL},
    {"model_name", false, "model", NULL},
    {"accumulation", false, "micro_batches", NULL},
    {"num_microbatches", false, "micro_batches", NULL},
    {"micro_batch_size", false, "batch", NULL},
    {"mbs", true, "batch", NULL},
    {"train_batch_size", false, "batch", NULL},
    {"context_length", false, "seq", NULL},
    {"max_length", false, "seq", NULL},
    {"n_ctx", true, "seq", NULL},
    {"s", true, "seq", NULL},
    {"b", true, "batch", NULL},
    {"h", true, "hidden", NULL},
    {"a", true, "heads", NULL},
    {"checkpointing", false, "checkpoint", NULL},
    {"recompute", false, "checkpoint", NULL},
    {"attn_implementation", false, "attention", NULL},
    {"flash", false, "attention", NULL},
    {"sdpa", false, "attention", NULL},
    {"num_query_groups", true, "kv_heads", NULL},
    {"kv_channels", true, "head_dim", NULL},
    {"topk", false, "experts_per_token", NULL},
    {"top_k", false, "experts_per_token", NULL},
    {"n_layer", true, "layers", NULL},
    {"n_head", true, "heads", NULL},
    {"n_embd", true, "hidden", NULL},
    {"d_model", true, "hidden", NULL},
    {"n_inner", true, "ffn", NULL},
    {"d_ff", true, "ffn", NULL},
    {"mixed_precision", false, "autocast", NULL},
    {"cache_enabled", true, "autocast_cache", NULL},
    {"bf16", true, "autocast", NULL},
    {"fp16", true, "autocast", NULL},
    {"precision", true, NULL, "dtype is the parameters' type, autocast the one that operations run in"},
    {"torch_dtype", true, "dtype", NULL},
    {"tensor_parallel", false, "tp", NULL},
    {"tensor_model_parallel", false, "tp", NULL},
    {"virtual_pipeline", false, "vpp", NULL},
    {"pipeline_parallel", false, "pp", NULL},
    {"pipeline_model_parallel", false, "pp", NULL},
    {"context_parallel", false, "cp", NULL},
    {"sequence_parallel", false, "sp", NULL},
    {"expert_parallel", false, "ep", NULL},
    {"expert_model_parallel", false, "ep", NULL},
    {"data_parallel", false, "dp", NULL},
    {"gpus", false, "dp", NULL},
    {"world_size", false, "dp", NULL},
    {"nproc", false, "dp", NULL},
    {"fsdp", false, "zero", NULL},
    {"deepspeed", false, "zero", NULL},
    {"stage", true, "zero", NULL},
    {"vram", false, "device_memory", NULL},
    {"gpu_memory", false, "device_memory", NULL},
    {"gpu", false, "device", NULL},
};

static bool is_part(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/* Does a text have this name, as a word? */
static bool has_word(const char *text, const char *name)
{
    const size_t length = strlen(name);
    for (const char *at = strstr(text, name); at; at = strstr(at + length, name))
        if (!(AM_ALWAYS(at > text) /* no help begins with one */ && is_part(at[-1])) && !is_part(at[length])) return true;
    return false;
}

/* The input whose help names it, as that of hidden does hidden_size; only names that are no words. */
static const am_field *named_in_help(const char *name)
{
    for (int i = 0; i < AM_FIELD_COUNT && strchr(name, '_'); i++)
        if (has_word(am_fields[i].help, name)) return &am_fields[i];
    return NULL;
}

static const am_other_name *find_other(const char *name)
{
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (others[i].whole ? strcmp(name, others[i].name) == 0 : strstr(name, others[i].name) != NULL) return &others[i];
    return NULL;
}

static const char *nearest_key(const char *name)
{
    const char *nearest = am_fields[0].key;
    for (int i = 1; i < AM_FIELD_COUNT; i++)
        if (am_name_distance(name, am_fields[i].key) < am_name_distance(name, nearest)) nearest = am_fields[i].key;
    return nearest;
}

am_code am_refuse_key(const char *name, am_status *status)
{
    const am_field *named = named_in_help(name);
    const am_other_name *other = named ? NULL : find_other(name);
    const char *key = named ? named->key : other ? other->key : NULL;
    if (key) return am_fail(status, AM_UNKNOWN_KEY, name, "there is no input '%s'; here it is '%s'", name, key);
    if (other) return am_fail(status, AM_UNKNOWN_KEY, name, "there is no input '%s': %s", name, other->why);
    const char *nearest = nearest_key(name);
    const bool near = am_name_distance(name, nearest) < 0 || (strlen(nearest) > 2 && strstr(name, nearest));
    return am_fail(status, AM_UNKNOWN_KEY, name, near ? "there is no input '%s'; the nearest is '%s'" : "there is no input '%s'", name, nearest);
}
