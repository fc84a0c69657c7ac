/* resolve.c and wiring.c: what is derived, and what is refused. */
#include "refusals.h"

static int64_t value_of(const char *key)
{
    int64_t value = INT64_MIN;
    for (int i = 0; i < AM_FIELD_COUNT; i++)
        if (strcmp(am_fields[i].key, key) == 0)
            memcpy(&value, (const char *)&config + am_fields[i].offset, sizeof value);
    ck_assert_msg(value != INT64_MIN, "no input %s", key);
    return value;
}

/* ---- derivation */

static const struct {
    const char *text, *key;
    int64_t value;
} derived[] = {
    {"", "kv_heads", 8},
    {"", "head_dim", 128},
    {"", "norm", AM_RMSNORM},
    {"", "positions", AM_ROPE},
    {"", "seq", 2048},
    {"model=gpt2", "seq", 1024},
    {"model=gpt2 max_positions=4096", "seq", 2048},
    {"", "attention", AM_SDPA},
    {"model=gpt3-175b stack=paper", "attention", AM_EAGER},
    {"", "max_positions", 2048},
    {"seq=4096", "max_positions", 4096},
    {"", "lora_dtype", AM_BF16},
    {"dtype=fp32", "lora_dtype", AM_FP32},
    {"", "tie_word_embeddings", 0},
    {SMALL, "kv_heads", 4},
    {SMALL, "head_dim", 16},
    {SMALL "head_dim=10", "head_dim", 10},
    {SMALL, "activation", AM_SWIGLU},
    {SMALL, "bias", 0},
    {SMALL, "qkv_bias", 0},
    {SMALL, "qk_norm", 0},
    {SMALL "bias=yes", "qkv_bias", 1},
    {SMALL "bias=yes", "o_bias", 1},
    {SMALL "bias=yes", "mlp_bias", 1},
    {SMALL "bias=yes mlp_bias=no", "mlp_bias", 0},
    {SMALL "family=mistral", "activation", AM_SWIGLU},
    {SMALL "family=mistral", "tie_word_embeddings", 0},
    {SMALL "family=qwen2", "qkv_bias", 1},
    {SMALL "family=qwen2", "o_bias", 0},
    {SMALL "family=qwen2", "mlp_bias", 0},
    {SMALL "family=qwen2", "bias", 0},
    {SMALL "family=qwen3", "qk_norm", 1},
    {SMALL "family=qwen3", "qkv_bias", 0},
    {SMALL "family=gemma", "activation", AM_GEGLU_TANH},
    {SMALL "family=gemma", "tie_word_embeddings", 1},
    {SMALL "family=gemma tie_word_embeddings=no", "tie_word_embeddings", 0},
    {SMALL "family=gpt2", "norm", AM_LAYERNORM},
    {SMALL "family=gpt2", "activation", AM_GELU_NEW},
    {SMALL "family=gpt2", "positions", AM_LEARNED},
    {SMALL "family=gpt2", "max_positions", 32},
    {SMALL "family=gpt2", "bias", 1},
    {SMALL "family=gpt2", "qkv_bias", 1},
    {SMALL "family=gpt2", "o_bias", 1},
    {SMALL "family=gpt2", "mlp_bias", 1},
    {SMALL "family=gpt2", "tie_word_embeddings", 1},
    {SMALL "family=gpt2 dropout=0.1", "attention_dropout", 100000},
    {SMALL "family=gpt2 dropout=0.1", "embedding_dropout", 100000},
    {SMALL "family=gpt2 dropout=0.1 embedding_dropout=0", "embedding_dropout", 0},
    {"family=gpt2 layers=4 hidden=64 heads=4 vocab=96", "ffn", 256},
    /* stacks of their own */
    {SMALL, "family", AM_FAMILY_LLAMA},
    {TORCH, "family", AM_FAMILY_LLAMA},
    {TORCH, "norm", AM_RMSNORM},
    {TORCH, "activation", AM_SWIGLU},
    {TORCH, "tie_word_embeddings", 0},
    {TORCH, "attention", AM_SDPA},
    {NANOGPT, "family", AM_FAMILY_GPT2},
    {NANOGPT, "norm", AM_LAYERNORM},
    {NANOGPT, "activation", AM_GELU},
    {NANOGPT, "ffn", 256},
    {NANOGPT, "bias", 1},
    {NANOGPT "bias=no", "mlp_bias", 0},
    {NANOGPT "dropout=0.1", "embedding_dropout", 100000},
    {NANOGPT, "tie_word_embeddings", 1},
    {PAPER, "family", AM_FAMILY_GPT2},
    {MEGATRON, "family", AM_FAMILY_LLAMA},
    {MEGATRON, "norm", AM_RMSNORM},
    {MEGATRON, "attention", AM_EAGER},
    {MEGATRON, "loss", AM_LOSS_VOCAB_PARALLEL},
    {MEGATRON, "reentrant", 1},
    {MEGATRON, "tie_word_embeddings", 0},
    {MEGATRON "dropout=0.1", "attention_dropout", 100000},
    {MEGATRON "positions=learned", "family", AM_FAMILY_GPT2},
    {MEGATRON "positions=learned", "tie_word_embeddings", 1},
    {MEGATRON "positions=learned", "bias", 1},
    {SMALL, "reentrant", 0},
    {SMALL, "etp", 1},
    {PAPER "tp=2", "etp", 2},
    /* the paper's own, whatever the family */
    {"layers=4 hidden=64 heads=4 vocab=96 stack=paper attention=eager", "norm", AM_LAYERNORM},
    {"layers=4 hidden=64 heads=4 vocab=96 stack=paper attention=eager", "activation", AM_GELU},
    {"layers=4 hidden=64 heads=4 vocab=96 stack=paper attention=eager", "positions", AM_LEARNED},
    {"layers=4 hidden=64 heads=4 vocab=96 stack=paper attention=eager", "mlp_bias", 1},
    {"layers=4 hidden=64 heads=4 vocab=96 stack=paper attention=eager", "tie_word_embeddings", 1},
    {"layers=4 hidden=64 heads=4 vocab=96 stack=paper attention=eager", "ffn", 256},
    {"layers=4 hidden=64 heads=4 vocab=96 stack=paper attention=eager", "dropout", 0},
};

START_TEST(derives)
{
    expect_fine(derived[_i].text, parse_and_resolve(derived[_i].text));
    int64_t value = value_of(derived[_i].key);
    ck_assert_msg(value == derived[_i].value, "%s: %s is %jd", derived[_i].text, derived[_i].key, (intmax_t)value);
}
END_TEST

static const struct {
    const char *text, *targets;
} targets[] = {
    {SMALL, "q,v"},
    {SMALL "trainable=lora", "q,v"},
    {SMALL "trainable=lora lora_targets=auto", "q,v"},
    {SMALL "trainable=lora lora_targets=all-linear", "all-linear"},
    {SMALL "family=gpt2 trainable=lora", "qkv"},
    {SMALL "family=phi3 trainable=lora", "qkv"},
    {"model=deepseek-v3 trainable=lora", "q_b,kv_b"},
    {"model=deepseek-v3 q_rank=0 trainable=lora", "q,kv_b"},
    {SMALL "family=glm4 trainable=lora", "q,v"},
};

START_TEST(derives_targets)
{
    expect_fine(targets[_i].text, parse_and_resolve(targets[_i].text));
    ck_assert_str_eq(config.lora_targets, targets[_i].targets);
}
END_TEST

static const char *const families[] = {"llama", "mistral", "qwen2", "qwen3", "gemma", "gpt2"};

/* Nothing is left to derive, and a second time changes nothing. */
START_TEST(resolved_for_good)
{
    char text[128] = SMALL "family=";
    strcat(text, families[_i]);
    expect_fine(text, parse_and_resolve(text));
    for (int i = 0; i < AM_FIELD_COUNT; i++)
        if (am_fields[i].kind != AM_KIND_TEXT) ck_assert_int_ne(value_of(am_fields[i].key), AM_AUTO);
    am_config before = config;
    expect_fine(text, am_config_resolve(&config, &status));
    ck_assert_mem_eq(&config, &before, sizeof config);
}
END_TEST

/* ---- errors */

static const refusal errors[] = {
    /* shapes */
    {"layers=4 seq=2048", AM_MISSING, "hidden", "name a model (model=llama-3-8b) for layers=4 to change, or give hidden too", SMALL},
    {"hidden=64", AM_MISSING, "layers", "for hidden=64 to change", SMALL},
    {"layers=4 hidden=64 vocab=96 ffn=128", AM_MISSING, "heads", "or give heads too", SMALL},
    {"layers=4 hidden=64 heads=4 ffn=128", AM_MISSING, "vocab", "or give vocab too", SMALL},
    {"family=gpt2", AM_MISSING, "layers", "give layers, hidden, heads and vocab", "model=gpt2 seq=1024"},
    {"model=", AM_MISSING, "layers", "name a model", "model=llama-3-8b"},
    {"layers=4 hidden=64 heads=4 vocab=96", AM_MISSING, "ffn", "gated MLP", SMALL},
    {"family=mixtral layers=4 hidden=64 heads=4 vocab=96 experts=4 experts_per_token=2", AM_MISSING, "ffn", "gated MLP", "family=mixtral layers=4 hidden=64 heads=4 vocab=96 experts=4 experts_per_token=2 moe_ffn=96"},
    {SMALL "heads=5", AM_DUPLICATE_KEY, "heads", "twice", SMALL},
    {"layers=4 hidden=64 heads=5 ffn=128 vocab=96", AM_MISSING, "head_dim",
     "give head_dim, or heads that divide it, such as 4", SMALL},
    {"family=llama layers=4 hidden=64 heads=5 head_dim=16 ffn=128 vocab=96", AM_UNSUPPORTED, "heads", "such as 4",
     "family=mistral layers=4 hidden=64 heads=5 head_dim=16 ffn=128 vocab=96"},
    {"layers=4 hidden=1048576 heads=1 ffn=128 vocab=96", AM_OUT_OF_RANGE, "head_dim", "from 1 to 65536",
     "layers=4 hidden=1048576 heads=16 ffn=128 vocab=96"},
    {SMALL "kv_heads=3", AM_CONFLICT, "kv_heads", "the nearest that does is kv_heads=2", SMALL "kv_heads=2"},
    {SMALL "kv_heads=8", AM_CONFLICT, "kv_heads", "the nearest that does is kv_heads=4", SMALL "kv_heads=4"},
    {"model=smollm2-360m kv_heads=4", AM_CONFLICT, "kv_heads", "is kv_heads=3", "model=smollm2-360m kv_heads=3"},
    {SMALL "head_dim=7", AM_UNSUPPORTED, "head_dim", "even head_dim, such as 8, not 7", SMALL "head_dim=8"},
    /* GPT-2 */
    {"model=gpt2 seq=2048", AM_OUT_OF_RANGE, "seq",
     "seq=2048 exceeds the model's table of 1024 positions (max_positions)", "model=gpt2 seq=1024"},
    {"model=gpt2 seq=1025", AM_OUT_OF_RANGE, "seq", "seq=1024 or less", "model=gpt2 seq=1025 max_positions=1025"},
    {SMALL "family=gpt2 kv_heads=2", AM_UNSUPPORTED, "kv_heads", "kv_heads=4", SMALL "family=gpt2 kv_heads=4"},
    {SMALL "family=gpt2 head_dim=8", AM_UNSUPPORTED, "head_dim", "hidden=64 is not heads=4 times head_dim=8",
     SMALL "family=gpt2 head_dim=16"},
    {SMALL "family=gpt2 norm=rmsnorm", AM_UNSUPPORTED, "norm", "family=gpt2 has norm=layernorm",
     SMALL "family=gpt2 norm=layernorm"},
    {SMALL "family=gpt2 positions=rope", AM_UNSUPPORTED, "positions", "positions=learned", SMALL "family=gpt2"},
    {SMALL "family=gpt2 activation=swiglu", AM_UNSUPPORTED, "activation",
     "gelu_new, gelu, gelu_pytorch_tanh, relu, silu, gelu_fast or relu2", SMALL "family=gpt2 activation=relu"},
    {SMALL "family=gpt2 qk_norm=yes", AM_UNSUPPORTED, "qk_norm", "qk_norm=no", SMALL "family=gpt2 qk_norm=no"},
    {SMALL "family=gpt2 bias=no", AM_UNSUPPORTED, "bias", "bias=yes", SMALL "family=gpt2 bias=yes"},
    {SMALL "family=gpt2 qkv_bias=no", AM_UNSUPPORTED, "qkv_bias", "qkv_bias=yes", SMALL "family=gpt2"},
    {SMALL "family=gpt2 o_bias=no", AM_UNSUPPORTED, "o_bias", "o_bias=yes", SMALL "family=gpt2"},
    {SMALL "family=gpt2 mlp_bias=no", AM_UNSUPPORTED, "mlp_bias", "mlp_bias=yes", SMALL "family=gpt2"},
    {SMALL "family=gpt2 sliding_window=8", AM_UNSUPPORTED, "sliding_window", "family=gpt2 has sliding_window=0",
     SMALL "family=gpt2"},
    /* what transformers, or peft, has for each */
    {SMALL "family=gptj attention=sdpa", AM_UNSUPPORTED, "attention", "family=gptj: attention=eager or flash",
     SMALL "family=gptj attention=flash"},
    {SMALL "family=gpt_neo attention=efficient", AM_UNSUPPORTED, "attention", "attention=eager or flash",
     SMALL "family=gpt_neo"},
    {SMALL "family=gptj max_positions=16", AM_OUT_OF_RANGE, "seq", "table of 16 positions",
     SMALL "family=gptj max_positions=32"},
    {SMALL "family=gpt_neox head_dim=16 rotary_dim=18", AM_OUT_OF_RANGE, "rotary_dim", "at most head_dim=16, not 18", SMALL "family=gpt_neox head_dim=16 rotary_dim=16"},
    {SMALL "family=gpt_neox rotary_dim=5", AM_OUT_OF_RANGE, "rotary_dim", "even", SMALL "family=gpt_neox rotary_dim=6"},
    {SMALL "family=gpt_neox trainable=lora lora_targets=q", AM_UNSUPPORTED, "lora_targets", "lora_targets of qkv,o,up,down",
     SMALL "family=gpt_neox trainable=lora lora_targets=o"},
    {SMALL "family=phi3 trainable=lora lora_targets=q,v", AM_UNSUPPORTED, "lora_targets", "lora_targets of qkv,o,gate_up,down",
     SMALL "family=phi3 trainable=lora"},
    {SMALL "trainable=lora lora_targets=qkv", AM_UNSUPPORTED, "lora_targets", "lora_targets of q,k,v,o,gate,up,down",
     SMALL "family=gpt2 trainable=lora lora_targets=qkv"},
    {SMALL "family=opt embedding_dim=32 trainable=lora lora_targets=all-linear", AM_UNSUPPORTED, "lora_targets", "lora_targets of q,k,v,o,up,down",
     SMALL "family=opt trainable=lora lora_targets=all-linear"},
    {"model=qwen3-30b-a3b trainable=lora lora_targets=up", AM_UNSUPPORTED, "lora_targets", "lora_targets of q,k,v,o",
     "model=qwen3-30b-a3b trainable=lora lora_targets=q"},
    {"model=deepseek-v3 trainable=lora lora_targets=q", AM_UNSUPPORTED, "lora_targets", "lora_targets of q_a,q_b,kv_a,kv_b,o",
     "model=deepseek-v3 trainable=lora lora_targets=q_a"},
    {"model=deepseek-v3 trainable=lora lora_targets=q_a q_rank=0", AM_UNSUPPORTED, "lora_targets", "lora_targets of q,kv_a,kv_b,o",
     "model=deepseek-v3 trainable=lora lora_targets=q q_rank=0"},
    {SMALL "family=glm4 trainable=lora lora_targets=gate,up", AM_UNSUPPORTED, "lora_targets", "lora_targets of q,k,v,o,gate_up,down",
     SMALL "family=glm4 trainable=lora lora_targets=q,k,v,o,gate_up,down"},
    {SMALL "family=gemma2 attention=sdpa", AM_UNSUPPORTED, "attention", "eager or flash", SMALL "family=gemma2"},
    {SMALL "family=gemma2 sliding_window=0", AM_UNSUPPORTED, "sliding_window", "sliding_window=4096",
     SMALL "family=gemma2 sliding_window=8"},
    {SMALL "family=cohere2 sliding_window=0", AM_UNSUPPORTED, "sliding_window", "sliding_window=4096", SMALL "family=cohere2"},
    {SMALL "layer_period=2", AM_UNSUPPORTED, "layer_period", "family=llama has layer_period=1",
     SMALL "family=smollm3 layer_period=2"},
    {SMALL "family=smollm3 layer_period=9", AM_OUT_OF_RANGE, "layer_period", "from 1 to 8", SMALL "family=smollm3 layer_period=8"},
    {SMALL "logit_softcap=yes", AM_UNSUPPORTED, "logit_softcap", "family=llama has logit_softcap=no",
     SMALL "family=gemma3_text logit_softcap=yes"},
    {SMALL "family=gemma3_text attention_softcap=yes", AM_UNSUPPORTED, "attention_softcap", "attention_softcap=no",
     SMALL "family=gemma2 attention_softcap=no"},
    {SMALL "family=olmo2 qk_norm=no", AM_UNSUPPORTED, "qk_norm", "family=olmo2 has qk_norm=yes", SMALL "family=cohere qk_norm=no"},
    {SMALL "family=cohere parallel_residual=no", AM_UNSUPPORTED, "parallel_residual", "parallel_residual=yes",
     SMALL "family=stablelm parallel_residual=no"},
    {SMALL "family=stablelm head_dim=32", AM_UNSUPPORTED, "head_dim", "hidden / heads", SMALL "family=phi3 head_dim=32"},
    {SMALL "family=granite dropout=0.1", AM_UNSUPPORTED, "dropout", "dropout=0", SMALL "family=starcoder2 dropout=0.1"},
    {SMALL "family=opt trainable=lora lora_targets=gate", AM_UNSUPPORTED, "lora_targets",
     "lora_targets of q,k,v,o,up,down", SMALL "family=opt trainable=lora"},
    {SMALL "family=falcon kv_heads=1 attention=efficient", AM_UNSUPPORTED, "attention", "attention=sdpa",
     SMALL "family=falcon kv_heads=1"},
    {SMALL "family=falcon kv_heads=2", AM_UNSUPPORTED, "kv_heads", "kv_heads=4", SMALL "family=falcon kv_heads=2 new_decoder=yes"},
    {SMALL "family=falcon parallel_norms=2", AM_UNSUPPORTED, "parallel_norms", "parallel_norms=1",
     SMALL "family=falcon new_decoder=yes"},
    {SMALL "family=falcon new_decoder=yes parallel_residual=no", AM_UNSUPPORTED, "parallel_residual",
     "parallel_residual=yes", SMALL "family=falcon parallel_residual=no"},
    {SMALL "family=starcoder2 activation=xielu", AM_UNSUPPORTED, "activation", "a plain MLP", SMALL "family=apertus"},
    {SMALL "family=mpt activation=relu", AM_UNSUPPORTED, "activation", "activation=gelu", "model=gpt2"},
    {SMALL "family=gpt_bigcode kv_heads=2", AM_UNSUPPORTED, "kv_heads", "kv_heads=4",
     SMALL "family=gpt_bigcode kv_heads=1"},
    /* the RMSNorm families */
    {"norm=layernorm", AM_UNSUPPORTED, "norm", "family=llama has norm=rmsnorm", "norm=rmsnorm"},
    {"positions=learned", AM_UNSUPPORTED, "positions", "positions=rope", "positions=rope"},
    {"activation=gelu", AM_UNSUPPORTED, "activation", "activation=swiglu, geglu or geglu_tanh", "activation=geglu"},
    {"activation=silu", AM_UNSUPPORTED, "activation", "gated", "activation=geglu_tanh"},
    {"qk_norm=yes", AM_UNSUPPORTED, "qk_norm", "family=llama has qk_norm=no", SMALL "family=qwen3 qk_norm=yes"},
    {SMALL "family=qwen3 qk_norm=no", AM_UNSUPPORTED, "qk_norm", "family=qwen3 has qk_norm=yes", SMALL "family=qwen3"},
    {"qkv_bias=yes", AM_UNSUPPORTED, "o_bias", "o_bias=yes", "qkv_bias=yes o_bias=yes"},
    {"o_bias=yes", AM_UNSUPPORTED, "o_bias", "o_bias=no", "mlp_bias=yes"},
    {"model=mistral-7b bias=yes", AM_UNSUPPORTED, "bias", "family=mistral has bias=no", "model=mistral-7b bias=no"},
    {"model=mistral-7b qkv_bias=yes", AM_UNSUPPORTED, "qkv_bias", "qkv_bias=no", "model=mistral-7b"},
    {"model=mistral-7b o_bias=yes", AM_UNSUPPORTED, "o_bias", "o_bias=no", "model=mistral-7b"},
    {"model=mistral-7b mlp_bias=yes", AM_UNSUPPORTED, "mlp_bias", "mlp_bias=no", "model=mistral-7b"},
    {"model=qwen2.5-7b qkv_bias=no", AM_UNSUPPORTED, "qkv_bias", "qkv_bias=yes", "model=qwen2.5-7b"},
    {"model=qwen2.5-7b o_bias=yes", AM_UNSUPPORTED, "o_bias", "o_bias=no", "model=qwen2.5-7b"},
    {"model=qwen3-4b bias=yes", AM_UNSUPPORTED, "bias", "bias=no", "model=qwen3-4b qkv_bias=yes o_bias=yes"},
    {"model=gemma-2b mlp_bias=yes", AM_UNSUPPORTED, "mlp_bias", "mlp_bias=no",
     "model=gemma-2b qkv_bias=yes o_bias=yes"},
    {"dropout=0.1", AM_UNSUPPORTED, "dropout", "dropout=0", "dropout=0"},
    {"attention_dropout=0.1", AM_UNSUPPORTED, "attention_dropout", "attention_dropout=0", "attention_dropout=0"},
    {"embedding_dropout=0.1", AM_UNSUPPORTED, "embedding_dropout", "embedding_dropout=0", "embedding_dropout=0"},
    {"sliding_window=4096", AM_UNSUPPORTED, "sliding_window", "sliding_window=0", "model=mistral-7b sliding_window=64"},
    {"model=qwen3-4b sliding_window=4096", AM_UNSUPPORTED, "sliding_window", "family=qwen3 has sliding_window=0", "model=qwen3-4b"},
    /* one GPU */
    {"trainable=lora checkpoint=every:2 reentrant=yes", AM_UNSUPPORTED, "reentrant", "learns nothing",
     "trainable=lora checkpoint=full reentrant=yes"},
    /* Megatron's layers */
    {LOCAL "attention=eager", AM_UNSUPPORTED, "attention", "attention=flash", LOCAL},
    {MEGATRON "kv_rank=16", AM_UNSUPPORTED, "kv_rank", "kv_rank=0", LOCAL},
    {SMALL "stack=megatron attention=eager", AM_UNSUPPORTED, "attention", "attention=flash", SMALL "stack=megatron"},
    {MEGATRON "attention=sdpa", AM_UNSUPPORTED, "attention", "attention=eager or flash", MEGATRON "attention=flash"},
    {MEGATRON "loss=hf", AM_UNSUPPORTED, "loss", "loss=vocab_parallel", MEGATRON},
    {MEGATRON "activation=relu", AM_UNSUPPORTED, "activation", "activation=swiglu", MEGATRON "activation=geglu"},
    {SMALL "reentrant=yes checkpoint=regions:4", AM_UNSUPPORTED, "reentrant", "not regions:4", SMALL "reentrant=yes checkpoint=every:4"},
    {MEGATRON "experts=4 experts_per_token=5", AM_OUT_OF_RANGE, "experts_per_token", "at most 4, not 5", MEGATRON "experts=4 experts_per_token=4"},
    {"model=deepseek-v3 expert_groups=256 groups_per_token=8", AM_CONFLICT, "expert_groups", "in expert_groups=256 of at least two", "model=deepseek-v3 expert_groups=128 groups_per_token=8"},
    {LOCAL SHARED "expert_groups=3 experts_per_token=2", AM_CONFLICT, "expert_groups", "experts=8 in expert_groups=3", LOCAL SHARED "expert_groups=4 groups_per_token=2 experts_per_token=2"},
    {LOCAL SHARED "expert_groups=4 groups_per_token=1 experts_per_token=3", AM_CONFLICT, "expert_groups", "a token's 3 experts in its 1 groups",
     LOCAL SHARED "expert_groups=4 groups_per_token=1 experts_per_token=2"},
    {LOCAL SHARED "expert_groups=4 groups_per_token=5 experts_per_token=4", AM_OUT_OF_RANGE, "groups_per_token", "at most 4, not 5",
     LOCAL SHARED "expert_groups=4 groups_per_token=4 experts_per_token=4"},
    {MEGATRON "experts=4", AM_MISSING, "experts_per_token", "experts_per_token", MEGATRON MIXED},
    {MEGATRON "experts_per_token=2", AM_UNSUPPORTED, "experts_per_token", "experts_per_token=0", MEGATRON MIXED},
    /* the loss head */
    {"loss=vocab_parallel", AM_UNSUPPORTED, "loss", "stack=hf has loss=hf", "loss=chunked"},
    {"family=gpt2 layers=4 hidden=64 heads=4 vocab=96 loss=fused", AM_UNSUPPORTED, "loss", "family=gpt2 has loss=hf",
     "loss=fused"},
    {"family=gpt2 layers=4 hidden=64 heads=4 vocab=96 loss=cut", AM_UNSUPPORTED, "loss", "family=gpt2 has loss=hf",
     "family=qwen2 layers=4 hidden=64 heads=4 ffn=160 vocab=96 loss=cut"},
    {"stack=torch loss=chunked", AM_UNSUPPORTED, "loss", "stack=torch has loss=fp32", "stack=torch loss=bf16"},
    {"loss=cut dtype=fp32 autocast=bf16", AM_UNSUPPORTED, "loss", "loss=fused", "loss=fused dtype=fp32 autocast=bf16"},
    {"loss=cut seq=1", AM_UNSUPPORTED, "loss", "two tokens", "loss=cut seq=2"},
    {PAPER "loss=hf", AM_UNSUPPORTED, "loss", "stack=paper has loss=vocab_parallel", PAPER},
    {"family=phi layers=2 hidden=64 heads=4 vocab=96 loss=chunked", AM_UNSUPPORTED, "loss", "heads of one matrix", NULL},
    {"family=gemma2 layers=2 hidden=64 heads=4 ffn=160 vocab=96 attention=eager loss=chunked", AM_UNSUPPORTED, "loss",
     "loss=hf", NULL},
    /* Liger-Kernel */
    {"stack=liger loss=cut", AM_UNSUPPORTED, "loss", "stack=liger has loss=fused", "stack=liger loss=bf16"},
    /* precision */
    {"attention=flash dtype=fp32", AM_UNSUPPORTED, "attention", "no fp32", "attention=flash dtype=fp16"},
    {TORCH "attention=flash dtype=fp32 autocast=bf16", AM_UNSUPPORTED, "attention", "autocast=off", "attention=flash dtype=fp32 autocast=bf16"},
    {SMALL "head_dim=258 attention=flash", AM_UNSUPPORTED, "attention", "not head_dim=258: attention=sdpa",
     SMALL "head_dim=256 attention=flash"},
    {SMALL "head_dim=258 attention=flash", AM_UNSUPPORTED, "attention", "256", SMALL "head_dim=258 attention=sdpa"},
    {"autocast_cache=no", AM_CONFLICT, "autocast_cache", "autocast=bf16", "autocast_cache=no autocast=bf16 dtype=fp32"},
    {"autocast=bf16", AM_CONFLICT, "autocast", "dtype=fp32", "autocast=bf16 dtype=fp32"},
    {"autocast=fp16 dtype=fp16", AM_CONFLICT, "autocast", "dtype=fp32", "autocast=fp16 dtype=fp32"},
    /* training */
    {"lora_rank=8", AM_CONFLICT, "lora_rank", "trainable=lora", "lora_rank=8 trainable=lora"},
    {"lora_targets=q", AM_CONFLICT, "lora_targets", "trainable=lora", "lora_targets=q trainable=lora"},
    {"lora_targets=all-linear", AM_CONFLICT, "lora_targets", "trainable=lora", "lora_targets=auto"},
    {"lora_dropout=0.1", AM_CONFLICT, "lora_dropout", "trainable=lora", "lora_dropout=0.1 trainable=lora"},
    {"lora_dtype=fp32", AM_CONFLICT, "lora_dtype", "trainable=lora", "lora_dtype=fp32 trainable=lora"},
    {"lora_rank=8 trainable=none", AM_CONFLICT, "lora_rank", "trainable=lora", "trainable=none"},
    {"model=mixtral-8x7b trainable=lora lora_targets=q,x", AM_BAD_VALUE, "lora_targets", "each at most once, not 'q,x'",
     "model=mixtral-8x7b trainable=lora lora_targets=q"},
    {"trainable=lora lora_targets=q,x", AM_BAD_VALUE, "lora_targets", "q,k,v,o,gate,up,down, each at most once, or all-linear, not 'q,x'",
     "trainable=lora lora_targets=q"},
    {"trainable=lora lora_targets=all-linear,q", AM_BAD_VALUE, "lora_targets", "or all-linear", "trainable=lora lora_targets=all-linear"},
    {"trainable=lora lora_targets=q,q", AM_BAD_VALUE, "lora_targets", "at most once",
     "trainable=lora lora_targets=q,k"},
    {"trainable=lora lora_targets=", AM_BAD_VALUE, "lora_targets", "a list of", "trainable=lora lora_targets=down"},
    {"trainable=lora lora_targets=q,", AM_BAD_VALUE, "lora_targets", "a list of",
     "trainable=lora lora_targets=q,k,v,o,gate,up,down"},
    {"trainable=lora lora_targets=gate_proj", AM_BAD_VALUE, "lora_targets", "a list of",
     "trainable=lora lora_targets=gate"},
    {"trainable=lora lora_targets=abcdefgh", AM_BAD_VALUE, "lora_targets", "a list of", "trainable=lora"},
    /* checkpointing */
    {"checkpoint=every:33", AM_OUT_OF_RANGE, "checkpoint", "32 layers", "checkpoint=every:32"},
    {"checkpoint=bogus", AM_BAD_VALUE, "checkpoint", "every:K", "checkpoint=best"},
    {"checkpoint=revolve:33", AM_OUT_OF_RANGE, "checkpoint", "32 layers", "checkpoint=revolve:32"},
    {"checkpoint=revolve:4 reentrant=yes", AM_UNSUPPORTED, "reentrant", "not revolve:4", "checkpoint=offload reentrant=yes"},
    {"checkpoint=rotor:20GiB reentrant=yes", AM_UNSUPPORTED, "reentrant", "not rotor", "checkpoint=rotor:20GiB"},
    {"checkpoint=offload:saved reentrant=yes", AM_UNSUPPORTED, "reentrant", "not offload:saved", "checkpoint=offload:saved"},
    {"reentrant=yes", AM_UNSUPPORTED, "reentrant", "checkpoint=full", "reentrant=yes checkpoint=full"},
    {"reentrant=yes checkpoint=save:matmuls", AM_UNSUPPORTED, "reentrant", "not save:matmuls",
     "reentrant=yes checkpoint=every:4"},
    {"reentrant=yes checkpoint=save:half-matmuls", AM_UNSUPPORTED, "reentrant", "not save:half-matmuls",
     "reentrant=yes checkpoint=uniform:4"},
    {PAPER "reentrant=yes checkpoint=modules:core_attn", AM_UNSUPPORTED, "reentrant", "not modules:core_attn",
     "reentrant=yes checkpoint=block:4"},
    {"reentrant=yes checkpoint=none", AM_UNSUPPORTED, "reentrant", "not none", "reentrant=yes checkpoint=sqrt"},
    {"reentrant=yes checkpoint=none", AM_UNSUPPORTED, "reentrant", "not none",
     "reentrant=yes checkpoint=best trainable=none"},
    /* stacks in plain PyTorch */
    {"model=gpt2 stack=torch", AM_UNSUPPORTED, "activation", "stack=torch has a gated MLP with SiLU: activation=swiglu",
     "model=llama-2-7b stack=torch"},
    {TORCH "activation=geglu", AM_UNSUPPORTED, "activation", "activation=swiglu", TORCH},
    {TORCH "norm=layernorm", AM_UNSUPPORTED, "norm", "stack=torch has norm=rmsnorm", TORCH},
    {TORCH "positions=learned", AM_UNSUPPORTED, "positions", "positions=rope", TORCH},
    {TORCH "bias=yes", AM_UNSUPPORTED, "bias", "bias=no", TORCH},
    {TORCH "qkv_bias=yes", AM_UNSUPPORTED, "qkv_bias", "qkv_bias=no", TORCH},
    {TORCH "qk_norm=yes", AM_UNSUPPORTED, "qk_norm", "qk_norm=no", TORCH},
    {TORCH "dropout=0.1", AM_UNSUPPORTED, "dropout", "dropout=0", TORCH "dropout=0"},
    {TORCH "attention_dropout=0.1", AM_UNSUPPORTED, "attention_dropout", "attention_dropout=0", TORCH},
    {TORCH "attention=flash dtype=fp32", AM_UNSUPPORTED, "attention", "no fp32", TORCH "attention=flash dtype=fp16"},
    /* PyTorch's own ranks */
    {TORCH "loss=vocab_parallel", AM_CONFLICT, "loss", "loss=fp32", TORCH "tp=2 loss=vocab_parallel"},
    {"stack=nanogpt", AM_UNSUPPORTED, "activation", "stack=nanogpt has a plain GELU MLP", "model=gpt2 stack=nanogpt"},
    {NANOGPT "activation=relu", AM_UNSUPPORTED, "activation", "activation=gelu", NANOGPT "activation=gelu_new"},
    {NANOGPT "kv_heads=2", AM_UNSUPPORTED, "kv_heads", "kv_heads=4", NANOGPT},
    {NANOGPT "head_dim=8", AM_UNSUPPORTED, "head_dim", "hidden=64", NANOGPT},
    {NANOGPT "bias=no qkv_bias=yes", AM_UNSUPPORTED, "qkv_bias", "qkv_bias=no", NANOGPT "bias=no"},
    {NANOGPT "mlp_bias=no", AM_UNSUPPORTED, "mlp_bias", "mlp_bias=yes", NANOGPT "bias=no"},
    {NANOGPT "max_positions=31", AM_OUT_OF_RANGE, "seq", "seq=31 or less", NANOGPT "max_positions=33"},
    /* the paper's stack */
    {"stack=paper", AM_UNSUPPORTED, "activation", "stack=paper has a plain GELU MLP: activation=gelu",
     "model=gpt3-175b stack=paper attention=eager"},
    {PAPER "activation=relu", AM_UNSUPPORTED, "activation", "plain GELU", PAPER "activation=gelu_pytorch_tanh"},
    {PAPER "activation=swiglu", AM_UNSUPPORTED, "activation", "plain GELU", PAPER "activation=gelu_new"},
    {PAPER "norm=rmsnorm", AM_UNSUPPORTED, "norm", "stack=paper has norm=layernorm", PAPER},
    {PAPER "positions=rope", AM_UNSUPPORTED, "positions", "positions=learned", PAPER},
    {PAPER "qk_norm=yes", AM_UNSUPPORTED, "qk_norm", "qk_norm=no", PAPER},
    {PAPER "bias=no", AM_UNSUPPORTED, "bias", "bias=yes", PAPER},
    {PAPER "kv_heads=2", AM_UNSUPPORTED, "kv_heads", "kv_heads=4", PAPER},
    {PAPER "head_dim=8", AM_UNSUPPORTED, "head_dim", "hidden=64", PAPER},
    {PAPER "max_positions=31", AM_OUT_OF_RANGE, "seq", "seq=31 or less", PAPER "max_positions=32"},
    /* size */
    {"seq=16777216 batch=1048576", AM_TOO_LARGE, "seq", "2^53", "seq=16777216"},
    {"layers=4 hidden=16384 heads=4 stack=megatron-local ffn=128 vocab=96 tp=2 distribute_saved=yes checkpoint=full seq=16777216 batch=1048576", AM_TOO_LARGE, "seq", "2^53", MEGATRON "tp=2 distribute_saved=yes checkpoint=full"},
    {"seq=1024 batch=1048576 layers=1000 model=llama-3-70b", AM_TOO_LARGE, "batch", "batch=1048576", "seq=1024"},
    {"seq=16777216 attention=eager", AM_TOO_LARGE, "seq", "seq=16777216", "seq=16384 attention=eager"},
    {"model=mistral-7b seq=16777216", AM_TOO_LARGE, "seq", "seq=16777216",
     "model=mistral-7b seq=16777216 attention=flash"},
    {"layers=1 hidden=2 heads=1 ffn=2 vocab=16777216 batch=262144 seq=1024", AM_TOO_LARGE, "vocab", "vocab=16777216",
     "layers=1 hidden=2 heads=1 ffn=2 vocab=16777216 seq=1024"},
    {"layers=1000 hidden=1048576 heads=1024 ffn=2 vocab=2 batch=1024 seq=1024", AM_TOO_LARGE, "hidden",
     "hidden=1048576", "layers=1000 hidden=1048576 heads=1024 ffn=2 vocab=2"},
    {"layers=1000 hidden=2 heads=1 ffn=4194304 vocab=2 batch=1024 seq=1024", AM_TOO_LARGE, "ffn", "ffn=4194304",
     "layers=1000 hidden=2 heads=1 ffn=4194304 vocab=2"},
    {"family=qwen3 layers=1000 hidden=2 heads=65536 head_dim=65536 ffn=2 vocab=2 batch=64 seq=64", AM_TOO_LARGE,
     "heads", "heads=65536", "family=qwen3 layers=1 hidden=2 heads=65536 head_dim=65536 ffn=2 vocab=2 batch=1 seq=64"},
};

START_TEST(error)
{
    expect_refusal(&errors[_i]);
}
END_TEST

START_TEST(error_changes_nothing)
{
    expect_fine("", parse("kv_heads=3 model=llama-3-8b"));
    am_config before = config;
    expect_error("", am_config_resolve(&config, &status), AM_CONFLICT, "kv_heads", "nearest");
    ck_assert_mem_eq(&config, &before, sizeof config);
}
END_TEST

/* A config that no text can make. */
START_TEST(values_from_elsewhere)
{
    const am_field *field = &am_fields[_i];
    static const int64_t bad[] = {-2, INT64_MIN, INT64_MAX};
    if (field->kind == AM_KIND_TEXT) {
        config = am_default_config();
        memset((char *)&config + field->offset, 'x', AM_TEXT_SIZE);
        expect_error(field->key, am_config_resolve(&config, &status), AM_BAD_VALUE, field->key, "shorter");
        return;
    }
    for (size_t i = 0; i < COUNT(bad); i++) {
        config = am_default_config();
        memcpy((char *)&config + field->offset, &bad[i], sizeof bad[i]);
        expect_error(field->key, am_config_resolve(&config, &status), AM_OUT_OF_RANGE, field->key, field->key);
    }
}
END_TEST

/* AM_AUTO is a value only where the table says so. */
START_TEST(auto_is_not_for_all)
{
    config = am_default_config();
    config.batch = AM_AUTO;
    expect_error("batch", am_config_resolve(&config, &status), AM_OUT_OF_RANGE, "batch", "not -1");
    config = am_default_config();
    config.stack = AM_AUTO;
    expect_error("stack", am_config_resolve(&config, &status), AM_OUT_OF_RANGE, "stack", "-1");
}
END_TEST

Suite *test_resolve_suite(void)
{
    Suite *suite = suite_create("resolve");
    TCase *tests = tcase_create("resolve");
    tcase_add_loop_test(tests, derives, 0, (int)COUNT(derived));
    tcase_add_loop_test(tests, derives_targets, 0, (int)COUNT(targets));
    tcase_add_loop_test(tests, resolved_for_good, 0, (int)COUNT(families));
    tcase_add_loop_test(tests, error, 0, (int)COUNT(errors));
    tcase_add_test(tests, error_changes_nothing);
    tcase_add_loop_test(tests, values_from_elsewhere, 0, AM_FIELD_COUNT);
    tcase_add_test(tests, auto_is_not_for_all);
    suite_add_tcase(suite, tests);
    return suite;
}
