/* resolve.c and wiring.c: what is derived, and what is refused. */
#include "inputs.h"

/* A model of its own that every family takes once it is named. */
#define SMALL "layers=4 hidden=64 heads=4 ffn=128 vocab=96 seq=32 "
/* One that the paper's stack takes. */
#define OPEN "layers=4 hidden=64 heads=4 stack=megatron-local "
#define MEGATRON SMALL "stack=megatron-local "
#define EIGHT "layers=8 hidden=64 heads=4 ffn=128 vocab=96 seq=32 stack=torch "
/* One whose layers' inputs have an odd number of elements. */
#define ODD "layers=4 hidden=63 heads=4 head_dim=16 ffn=128 vocab=96 seq=33 stack=megatron-local "
#define MIXED "experts=4 experts_per_token=2 "
#define LATENT                                                                                                         \
    "family=deepseek_v3 layers=4 hidden=64 heads=16 head_dim=24 rotary_dim=8 q_rank=24 kv_rank=16 ffn=96 vocab=64 seq=32 "
#define LOCAL LATENT "stack=megatron-local "
#define SHARED "experts=8 moe_ffn=48 shared_ffn=48 "
#define PAPER SMALL "family=gpt2 stack=paper attention=eager "
/* Ones in plain PyTorch. */
#define TORCH   SMALL "stack=torch "
#define RANK    "layers=4 hidden=64 heads=4 stack=torch "
#define NANOGPT "layers=4 hidden=64 heads=4 vocab=96 seq=32 stack=nanogpt "

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

/* ---- errors: each with what would be right beside it */

static const struct {
    const char *text;
    am_code code;
    const char *field, *part;
    const char *right; /* the same, mended; NULL if there is no such thing */
} errors[] = {
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
    {SMALL "family=gpt2 trainable=lora", AM_UNSUPPORTED, "trainable", "trainable=all or none",
     SMALL "family=gpt2 trainable=none"},
    /* what transformers, or peft, has for each */
    {SMALL "family=gptj attention=sdpa", AM_UNSUPPORTED, "attention", "family=gptj: attention=eager or flash",
     SMALL "family=gptj attention=flash"},
    {SMALL "family=gpt_neo attention=efficient", AM_UNSUPPORTED, "attention", "attention=eager or flash",
     SMALL "family=gpt_neo"},
    {SMALL "family=gptj max_positions=16", AM_OUT_OF_RANGE, "seq", "table of 16 positions",
     SMALL "family=gptj max_positions=32"},
    {SMALL "family=gpt_neox head_dim=16 rotary_dim=18", AM_OUT_OF_RANGE, "rotary_dim", "at most head_dim=16, not 18", SMALL "family=gpt_neox head_dim=16 rotary_dim=16"},
    {SMALL "family=gpt_neox rotary_dim=5", AM_OUT_OF_RANGE, "rotary_dim", "even", SMALL "family=gpt_neox rotary_dim=6"},
    {SMALL "family=gpt_neox trainable=lora lora_targets=q", AM_UNSUPPORTED, "lora_targets", "lora_targets of o,up,down",
     SMALL "family=gpt_neox trainable=lora lora_targets=o"},
    {SMALL "family=phi3 trainable=lora", AM_UNSUPPORTED, "lora_targets", "lora_targets of o,down",
     SMALL "family=phi3 trainable=lora lora_targets=o,down"},
    {SMALL "family=glm4 trainable=lora lora_targets=gate,up", AM_UNSUPPORTED, "lora_targets", "lora_targets of q,k,v,o,down",
     SMALL "family=glm4 trainable=lora lora_targets=q,k,v,o,down"},
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
    {SMALL "family=falcon parallel_norms=2", AM_UNSUPPORTED, "parallel_norms", "parallel_norms=1",
     SMALL "family=falcon new_decoder=yes"},
    {SMALL "family=falcon new_decoder=yes parallel_residual=no", AM_UNSUPPORTED, "parallel_residual",
     "parallel_residual=yes", SMALL "family=falcon parallel_residual=no"},
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
    {"tp=2", AM_UNSUPPORTED, "tp", "stack=hf runs on one GPU; tensor parallelism is modelled for stack=paper, torch, megatron and megatron-local", "tp=1"},
    {"trainable=lora checkpoint=every:2 reentrant=yes", AM_UNSUPPORTED, "reentrant", "learns nothing",
     "trainable=lora checkpoint=full reentrant=yes"},
    {"sp=yes", AM_UNSUPPORTED, "sp", "sequence parallelism is modelled for stack=paper", "sp=no"},
    {"pp=2", AM_UNSUPPORTED, "pp", "stack=hf has no pipeline parallelism: leave pp out", "pp=1"},
    {"vpp=2", AM_UNSUPPORTED, "vpp", "no pipeline parallelism", "vpp=1"},
    {"schedule=gpipe", AM_UNSUPPORTED, "schedule", "no pipeline parallelism", "schedule=1f1b"},
    {"stage_layers=16,16", AM_UNSUPPORTED, "stage_layers", "no pipeline parallelism", ""},
    {"stack=nanogpt model=gpt2 pp=2", AM_UNSUPPORTED, "pp", "stack=nanogpt has no", "stack=nanogpt model=gpt2"},
    {"stack=liger pp=2", AM_UNSUPPORTED, "pp", "stack=liger has no", "stack=liger"},
    {"cp=2", AM_UNSUPPORTED, "cp", "cp=1", "cp=1"},
    {PAPER "ep=2", AM_UNSUPPORTED, "ep", "ep=1", PAPER "ep=1"},
    {PAPER "tp=2 etp=1", AM_UNSUPPORTED, "etp", "etp=2", PAPER "tp=2 etp=2"},
    /* Megatron's layers */
    {MEGATRON "tp=3", AM_CONFLICT, "tp", "heads", MEGATRON "tp=2"},
    {MEGATRON "sp=yes", AM_CONFLICT, "sp", "tp=2 or more", MEGATRON "tp=2 sp=yes"},
    {OPEN "tp=2 vocab=97 ffn=128 seq=32", AM_CONFLICT, "vocab", "vocab=256", OPEN "tp=2 vocab=256 ffn=128 seq=32"},
    {OPEN "tp=2 ffn=97 vocab=96 seq=32", AM_CONFLICT, "tp", "ffn=97", OPEN "tp=2 ffn=98 vocab=96 seq=32"},
    {OPEN "tp=4 kv_heads=4 sp=yes seq=30 vocab=96 ffn=128", AM_CONFLICT, "seq", "seq=32, or sp=no", OPEN "tp=4 kv_heads=4 sp=yes seq=32 vocab=96 ffn=128"},
    {OPEN "attention=flash tp=4 kv_heads=4 cp=2 sp=yes seq=36 vocab=96 ffn=128", AM_CONFLICT, "seq", "tp=4 and twice cp: seq=48",
     OPEN "attention=flash tp=4 kv_heads=4 cp=2 sp=yes seq=48 vocab=96 ffn=128"},
    {MEGATRON "cp=2", AM_UNSUPPORTED, "attention", "attention=flash", MEGATRON "cp=2 attention=flash"},
    {MEGATRON "cp=3 attention=flash", AM_CONFLICT, "cp", "cp=2", MEGATRON "cp=2 attention=flash"},
    {OPEN "cp=2 attention=flash seq=31 vocab=96 ffn=128", AM_CONFLICT, "seq", "seq=32", OPEN "cp=2 attention=flash seq=32 vocab=96 ffn=128"},
    {SMALL "stack=megatron cp=3", AM_CONFLICT, "cp", "cp=2", SMALL "stack=megatron cp=2"},
    {MEGATRON "ep=2", AM_CONFLICT, "ep", "ep=1", MEGATRON MIXED "ep=2"},
    {MEGATRON MIXED "ep=16", AM_CONFLICT, "ep", "ep=16 does not divide experts=4", MEGATRON MIXED "ep=4"},
    {MEGATRON "expert_imbalance=150", AM_CONFLICT, "expert_imbalance", "models with experts", MEGATRON MIXED "ep=2 expert_imbalance=150"},
    {MEGATRON "tp=2 etp=1", AM_CONFLICT, "etp", "etp=2", MEGATRON MIXED "tp=2 sp=yes etp=1"},
    {MEGATRON MIXED "ep=3", AM_CONFLICT, "ep", "ep=2", MEGATRON MIXED "ep=4"},
    {MEGATRON "experts=65536 experts_per_token=2 moe_ffn=65536 ep=65536 etp=65536", AM_CONFLICT, "ep", "do not divide the 1 ranks", MEGATRON MIXED "ep=4"}, /* no dp has so many */
    {MEGATRON MIXED "tp=2 sp=yes etp=7", AM_CONFLICT, "etp", "moe_ffn", MEGATRON MIXED "tp=2 sp=yes etp=4"},
    {MEGATRON MIXED "dp=2 ep=4", AM_CONFLICT, "ep", "the 2 ranks of tp, cp and dp: dp=4, or a product of 2", MEGATRON MIXED "dp=2 ep=2"},
    {MEGATRON MIXED "dp=1 ep=4", AM_CONFLICT, "ep", "the 1 ranks of tp, cp and dp: dp=4, or a product of 1", MEGATRON MIXED "ep=4"},
    {MEGATRON MIXED "tp=2 sp=yes etp=1 dp=3 ep=4", AM_CONFLICT, "ep", "the 6 ranks of tp, cp and dp: dp=2, or a product of 3", MEGATRON MIXED "tp=2 sp=yes etp=1 dp=4 ep=4"},
    {MEGATRON MIXED "expert_imbalance=150", AM_CONFLICT, "expert_imbalance", "ep=2 or more", MEGATRON MIXED "ep=2 expert_imbalance=200"},
    {MEGATRON MIXED "ep=2 expert_imbalance=201", AM_OUT_OF_RANGE, "expert_imbalance", "expert_imbalance=200", MEGATRON MIXED "ep=4 expert_imbalance=200"},
    {MEGATRON "distribute_saved=yes tp=2", AM_CONFLICT, "distribute_saved", "checkpoint=full", MEGATRON "distribute_saved=yes tp=2 checkpoint=block:1"},
    {MEGATRON "distribute_saved=yes tp=2 checkpoint=partition", AM_CONFLICT, "distribute_saved", "not partition", MEGATRON "tp=2 checkpoint=partition"},
    {MEGATRON "distribute_saved=yes tp=2 checkpoint=partition:cpu", AM_CONFLICT, "distribute_saved", "not partition:cpu", MEGATRON "distribute_saved=yes tp=2 checkpoint=uniform:1"},
    {MEGATRON "distribute_saved=yes checkpoint=full", AM_CONFLICT, "distribute_saved", "tp=2", MEGATRON "distribute_saved=yes tp=2 checkpoint=full"},
    {MEGATRON "distribute_saved=yes tp=2 sp=yes checkpoint=full", AM_CONFLICT, "distribute_saved", "sp=no", MEGATRON "tp=2 sp=yes checkpoint=full"},
    {"distribute_saved=yes checkpoint=full", AM_UNSUPPORTED, "distribute_saved", "distribute_saved=no", "checkpoint=full"},
    {MEGATRON "checkpoint=modules:moe", AM_CONFLICT, "checkpoint", "no experts", MEGATRON "checkpoint=modules:mlp"},
    {MEGATRON MIXED "checkpoint=modules:mlp", AM_CONFLICT, "checkpoint", "moe or moe_act", MEGATRON MIXED "checkpoint=modules:moe"},
    {MEGATRON "bias=yes checkpoint=modules:mlp", AM_CONFLICT, "checkpoint", "bias=no", MEGATRON "bias=yes checkpoint=modules:layernorm"},
    {MEGATRON "checkpoint=modules:mla_up_proj", AM_CONFLICT, "checkpoint", "no latent attention", MEGATRON "checkpoint=modules:layernorm"},
    {LOCAL "attention=eager", AM_UNSUPPORTED, "attention", "attention=flash", LOCAL},
    {LOCAL "tp=16", AM_CONFLICT, "tp", "q_rank=24", LATENT "stack=megatron tp=16"}, /* whose ranks make whole latents */
    {MEGATRON "kv_rank=16", AM_UNSUPPORTED, "kv_rank", "kv_rank=0", LOCAL},
    {LATENT "stack=megatron checkpoint=modules:mlp,moe_act", AM_CONFLICT, "checkpoint", "no experts",
     LATENT "stack=megatron checkpoint=modules:layernorm,mla_up_proj"},
    {LOCAL "qkv_bias=yes", AM_UNSUPPORTED, "qkv_bias", "qkv_bias=no", LOCAL},
    {LOCAL SHARED "expert_groups=4 groups_per_token=3 experts_per_token=2", AM_CONFLICT, "groups_per_token", "groups_per_token=2",
     LOCAL SHARED "expert_groups=4 groups_per_token=2 experts_per_token=4"},
    {PAPER "checkpoint=modules:mlp", AM_UNSUPPORTED, "checkpoint", "core_attn", PAPER "checkpoint=modules:core_attn"},
    {MEGATRON "kv_heads=1 tp=2", AM_CONFLICT, "tp", "kv_heads=1", MEGATRON "tp=2"},
    {MEGATRON MIXED "tp=2", AM_CONFLICT, "sp", "sp=yes", MEGATRON MIXED "tp=2 sp=yes"},
    {SMALL "stack=megatron pp=4 checkpoint=uniform:2", AM_CONFLICT, "checkpoint", "uniform:1", SMALL "stack=megatron pp=2 checkpoint=uniform:2"},
    {SMALL "stack=megatron pp=2 stage_layers=1,3 checkpoint=uniform:3", AM_CONFLICT, "checkpoint", "uniform:1",
     SMALL "stack=megatron pp=2 stage_layers=2,2 checkpoint=uniform:2"},
    {SMALL "stack=megatron tp=3", AM_CONFLICT, "tp", "tp=2", SMALL "stack=megatron tp=2"},
    {MEGATRON "family=gemma", AM_UNSUPPORTED, "family", "family=llama, mistral, qwen2, gpt2, mixtral or deepseek_v3", MEGATRON "family=qwen2"},
    {SMALL "stack=megatron attention=eager", AM_UNSUPPORTED, "attention", "attention=flash", SMALL "stack=megatron"},
    {SMALL "stack=megatron head_dim=12", AM_UNSUPPORTED, "head_dim", "multiple of 8", SMALL "stack=megatron head_dim=24"},
    {MEGATRON MIXED "family=glm4_moe", AM_UNSUPPORTED, "family", "mixtral or deepseek_v3", MEGATRON MIXED "family=mixtral"},
    {"family=deepseek_v3 layers=4 hidden=64 heads=16 head_dim=20 rotary_dim=8 q_rank=24 kv_rank=16 ffn=96 vocab=64 seq=32 stack=megatron-local",
     AM_UNSUPPORTED, "head_dim", "latent attention's heads of a multiple of 8", LOCAL},
    {MEGATRON "dtype=fp32", AM_UNSUPPORTED, "dtype", "dtype=bf16 or fp16", MEGATRON "dtype=fp16"},
    {MEGATRON "dtype=fp32 autocast=bf16", AM_UNSUPPORTED, "autocast", "autocast=off", MEGATRON},
    {MEGATRON "attention=sdpa", AM_UNSUPPORTED, "attention", "attention=eager or flash", MEGATRON "attention=flash"},
    {MEGATRON "trainable=none", AM_UNSUPPORTED, "trainable", "trainable=all", MEGATRON},
    {MEGATRON "loss=hf", AM_UNSUPPORTED, "loss", "loss=vocab_parallel", MEGATRON},
    {MEGATRON "reentrant=no", AM_UNSUPPORTED, "reentrant", "reentrant=yes", MEGATRON "reentrant=yes"},
    {MEGATRON "qk_norm=yes", AM_UNSUPPORTED, "qk_norm", "qk_norm=no", MEGATRON},
    {MEGATRON "sliding_window=8", AM_UNSUPPORTED, "sliding_window", "sliding_window=0", MEGATRON},
    {MEGATRON "activation=relu", AM_UNSUPPORTED, "activation", "activation=swiglu", MEGATRON "activation=geglu"},
    {MEGATRON "activation=gelu", AM_UNSUPPORTED, "bias", "bias=yes", MEGATRON "activation=gelu bias=yes"},
    {MEGATRON "o_bias=yes", AM_UNSUPPORTED, "o_bias", "o_bias=no", MEGATRON "qkv_bias=yes"},
    {MEGATRON "bias=yes mlp_bias=no", AM_UNSUPPORTED, "mlp_bias", "mlp_bias=yes", MEGATRON "bias=yes"},
    {MEGATRON "bias=yes qkv_bias=no", AM_UNSUPPORTED, "qkv_bias", "qkv_bias=yes", MEGATRON "bias=yes"},
    {MEGATRON "checkpoint=uniform:3", AM_CONFLICT, "checkpoint", "uniform:2", MEGATRON "checkpoint=uniform:2"},
    {MEGATRON "checkpoint=every:2", AM_UNSUPPORTED, "checkpoint", "uniform:K, block:N, modules:A,B or budget",
     MEGATRON "checkpoint=block:1"},
    {MEGATRON "checkpoint=regions:4", AM_UNSUPPORTED, "checkpoint", "not regions:4", MEGATRON "checkpoint=uniform:4"},
    {TORCH "pp=2 checkpoint=regions:4", AM_UNSUPPORTED, "checkpoint", "pp=1", TORCH "checkpoint=regions:4"},
    {SMALL "reentrant=yes checkpoint=regions:4", AM_UNSUPPORTED, "reentrant", "not regions:4", SMALL "reentrant=yes checkpoint=every:4"},
    {SMALL "dp=2 zero=3 checkpoint=regions:4x1", AM_UNSUPPORTED, "checkpoint", "regions of one layer",
     SMALL "dp=2 zero=3 checkpoint=every:1"},
    {MEGATRON "checkpoint=save:matmuls", AM_UNSUPPORTED, "checkpoint", "none, full", MEGATRON "checkpoint=modules:core_attn"},
    {MEGATRON MIXED "activation=geglu", AM_UNSUPPORTED, "activation", "activation=swiglu", MEGATRON MIXED},
    {MEGATRON MIXED "bias=yes", AM_UNSUPPORTED, "bias", "bias=no", MEGATRON MIXED},
    {MEGATRON "experts=4 experts_per_token=1", AM_UNSUPPORTED, "experts_per_token", "2 or more", MEGATRON MIXED},
    {MEGATRON "experts=4 experts_per_token=5", AM_OUT_OF_RANGE, "experts_per_token", "at most 4, not 5", MEGATRON "experts=4 experts_per_token=4"},
    {"model=deepseek-v3 expert_groups=256 groups_per_token=8", AM_CONFLICT, "expert_groups", "in expert_groups=256 of at least two", "model=deepseek-v3 expert_groups=128 groups_per_token=8"},
    {LOCAL SHARED "expert_groups=3 experts_per_token=2", AM_CONFLICT, "expert_groups", "experts=8 in expert_groups=3", LOCAL SHARED "expert_groups=4 groups_per_token=2 experts_per_token=2"},
    {LOCAL SHARED "expert_groups=4 groups_per_token=1 experts_per_token=3", AM_CONFLICT, "expert_groups", "a token's 3 experts in its 1 groups",
     LOCAL SHARED "expert_groups=4 groups_per_token=1 experts_per_token=2"},
    {LOCAL SHARED "expert_groups=4 groups_per_token=5 experts_per_token=4", AM_OUT_OF_RANGE, "groups_per_token", "at most 4, not 5",
     LOCAL SHARED "expert_groups=4 groups_per_token=4 experts_per_token=4"},
    {MEGATRON "experts=4", AM_MISSING, "experts_per_token", "experts_per_token", MEGATRON MIXED},
    {MEGATRON "experts_per_token=2", AM_UNSUPPORTED, "experts_per_token", "experts_per_token=0", MEGATRON MIXED},
    {MEGATRON "shared_ffn=32", AM_UNSUPPORTED, "shared_ffn", "shared_ffn=0", MEGATRON MIXED "shared_ffn=32"},
    {MEGATRON MIXED "tp=2 sp=yes shared_ffn=33", AM_CONFLICT, "tp", "shared_ffn=33", MEGATRON MIXED "tp=2 sp=yes shared_ffn=34"},
    {MEGATRON MIXED "checkpoint=modules:shared_experts", AM_CONFLICT, "checkpoint", "shared_ffn=N",
     MEGATRON MIXED "shared_ffn=32 checkpoint=modules:shared_experts"},
    {SMALL "stack=megatron checkpoint=modules:layernorm", AM_CONFLICT, "checkpoint", "megatron-local",
     SMALL "stack=megatron " MIXED "checkpoint=modules:layernorm"}, /* the norm before experts stands apart */
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
    {"family=gpt2 layers=2 hidden=64 heads=4 vocab=96 stack=liger", AM_UNSUPPORTED, "stack", "stack=hf",
     "stack=liger model=qwen3-4b"},
    {"stack=liger mlp_bias=yes", AM_UNSUPPORTED, "mlp_bias", "stack=liger has mlp_bias=no", "stack=liger"},
    {"stack=liger activation=geglu", AM_UNSUPPORTED, "activation", "stack=liger has activation=swiglu",
     "stack=liger model=gemma-2b"},
    {"stack=liger tp=2", AM_UNSUPPORTED, "tp", "stack=liger runs on one GPU", "stack=liger loss=hf"},
    {"stack=liger loss=cut", AM_UNSUPPORTED, "loss", "stack=liger has loss=fused", "stack=liger loss=bf16"},
    /* precision */
    {"attention=flash dtype=fp32", AM_UNSUPPORTED, "attention", "no fp32", "attention=flash dtype=fp16"},
    {TORCH "attention=flash dtype=fp32 autocast=bf16", AM_UNSUPPORTED, "attention", "autocast=off", "attention=flash dtype=fp32 autocast=bf16"},
    {SMALL "head_dim=258 attention=flash", AM_UNSUPPORTED, "attention", "not head_dim=258: attention=sdpa",
     SMALL "head_dim=256 attention=flash"},
    {SMALL "head_dim=258 attention=flash", AM_UNSUPPORTED, "attention", "256", SMALL "head_dim=258 attention=sdpa"},
    {"autocast=bf16", AM_CONFLICT, "autocast", "dtype=fp32", "autocast=bf16 dtype=fp32"},
    {"autocast=fp16 dtype=fp16", AM_CONFLICT, "autocast", "dtype=fp32", "autocast=fp16 dtype=fp32"},
    /* training */
    {"lora_rank=8", AM_CONFLICT, "lora_rank", "trainable=lora", "lora_rank=8 trainable=lora"},
    {"lora_targets=q", AM_CONFLICT, "lora_targets", "trainable=lora", "lora_targets=q trainable=lora"},
    {"lora_dropout=0.1", AM_CONFLICT, "lora_dropout", "trainable=lora", "lora_dropout=0.1 trainable=lora"},
    {"lora_dtype=fp32", AM_CONFLICT, "lora_dtype", "trainable=lora", "lora_dtype=fp32 trainable=lora"},
    {"lora_rank=8 trainable=none", AM_CONFLICT, "lora_rank", "trainable=lora", "trainable=none"},
    {"trainable=lora lora_targets=q,x", AM_BAD_VALUE, "lora_targets", "q,k,v,o,gate,up,down",
     "trainable=lora lora_targets=q"},
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
    {"checkpoint=partition", AM_CONFLICT, "tp", "checkpoint=offload", "checkpoint=offload"},
    {"model=mixtral-8x7b checkpoint=revolve:4", AM_UNSUPPORTED, "checkpoint", "experts", "model=mixtral-8x7b checkpoint=full"},
    {"model=mixtral-8x7b checkpoint=offload", AM_UNSUPPORTED, "checkpoint", "experts", "model=mixtral-8x7b"},
    {PAPER "checkpoint=revolve:2", AM_UNSUPPORTED, "checkpoint", "the paper has", PAPER "checkpoint=full"},
    {MEGATRON "checkpoint=revolve:2", AM_UNSUPPORTED, "checkpoint", "partition", MEGATRON "checkpoint=full"},
    {MEGATRON "checkpoint=partition", AM_CONFLICT, "tp", "tp=2 or more", MEGATRON "tp=2 checkpoint=partition"},
    {MEGATRON "tp=2 sp=yes checkpoint=partition", AM_CONFLICT, "sp", "sp=no or checkpoint=full", MEGATRON "tp=2 checkpoint=partition"},
    {MEGATRON "tp=2 pp=2 checkpoint=partition", AM_UNSUPPORTED, "checkpoint", "pp=1", MEGATRON "tp=2 checkpoint=partition"},
    {ODD "tp=2 checkpoint=partition", AM_CONFLICT, "tp", "tp=1, which divides hidden", ODD "tp=2 batch=2 checkpoint=partition"},
    {ODD "tp=2 distribute_saved=yes checkpoint=full", AM_CONFLICT, "tp", "the 2079 elements of a layer's input; the nearest that does is tp=1", ODD "tp=2 batch=2 distribute_saved=yes checkpoint=full"},
    {MEGATRON "checkpoint=partition:cpu", AM_CONFLICT, "tp", "tp=2 or more", MEGATRON "tp=2 checkpoint=partition:cpu"},
    {"trainable=lora checkpoint=partition", AM_CONFLICT, "tp", "tp=2 or more", "trainable=lora checkpoint=offload"},
    {"checkpoint=modules:core_attn", AM_UNSUPPORTED, "checkpoint", "stack=megatron", PAPER "checkpoint=modules:core_attn"},
    {"checkpoint=modules:core_attn attention=eager", AM_UNSUPPORTED, "checkpoint", "paper", NULL},
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
    {TORCH "family=qwen2", AM_UNSUPPORTED, "family", "stack=torch has family=llama", TORCH "family=llama"},
    {"model=mistral-7b stack=torch", AM_UNSUPPORTED, "family", "family=llama",
     "model=mistral-7b family=llama stack=torch sliding_window=0"},
    {"model=gpt2 stack=torch", AM_UNSUPPORTED, "activation", "stack=torch has a gated MLP with SiLU: activation=swiglu",
     "model=llama-2-7b stack=torch"},
    {TORCH "activation=geglu", AM_UNSUPPORTED, "activation", "activation=swiglu", TORCH},
    {TORCH "norm=layernorm", AM_UNSUPPORTED, "norm", "stack=torch has norm=rmsnorm", TORCH},
    {TORCH "positions=learned", AM_UNSUPPORTED, "positions", "positions=rope", TORCH},
    {TORCH "bias=yes", AM_UNSUPPORTED, "bias", "bias=no", TORCH},
    {TORCH "qkv_bias=yes", AM_UNSUPPORTED, "qkv_bias", "qkv_bias=no", TORCH},
    {TORCH "qk_norm=yes", AM_UNSUPPORTED, "qk_norm", "qk_norm=no", TORCH},
    {TORCH "sliding_window=8", AM_UNSUPPORTED, "sliding_window", "sliding_window=0", TORCH},
    {TORCH "dropout=0.1", AM_UNSUPPORTED, "dropout", "dropout=0", TORCH "dropout=0"},
    {TORCH "attention_dropout=0.1", AM_UNSUPPORTED, "attention_dropout", "attention_dropout=0", TORCH},
    {TORCH "attention=eager", AM_UNSUPPORTED, "attention", "attention=sdpa, efficient or flash",
     TORCH "attention=efficient"},
    {TORCH "attention=flash dtype=fp32", AM_UNSUPPORTED, "attention", "no fp32", TORCH "attention=flash dtype=fp16"},
    {TORCH "trainable=none", AM_UNSUPPORTED, "trainable", "stack=torch has trainable=all", TORCH},
    {TORCH "trainable=lora", AM_UNSUPPORTED, "trainable", "trainable=all", TORCH},
    {TORCH "pp=2 tp=2", AM_UNSUPPORTED, "pp", "pipelines of whole layers", TORCH "pp=2"},
    /* PyTorch's own ranks */
    {TORCH "tp=3", AM_CONFLICT, "tp", "tp=3 does not divide heads=4; the nearest that does is tp=2", TORCH "tp=2"},
    {TORCH "kv_heads=1 tp=2", AM_CONFLICT, "tp", "kv_heads=1; the nearest that does is tp=1", TORCH "kv_heads=2 tp=2"},
    {RANK "ffn=127 vocab=96 seq=32 tp=2", AM_CONFLICT, "tp", "ffn=127", RANK "ffn=126 vocab=96 seq=32 tp=2"},
    {RANK "ffn=128 vocab=97 seq=32 tp=2", AM_CONFLICT, "tp", "vocab=97", RANK "ffn=128 vocab=98 seq=32 tp=2"},
    {RANK "ffn=128 vocab=96 seq=33 tp=2 sp=yes", AM_CONFLICT, "seq", "seq=34, or sp=no", RANK "ffn=128 vocab=96 seq=34 tp=2 sp=yes"},
    {TORCH "tp=2 tie_word_embeddings=yes", AM_UNSUPPORTED, "tie_word_embeddings", "tie_word_embeddings=no", TORCH "tp=2"},
    {TORCH "sp=yes", AM_CONFLICT, "sp", "tp=2 or more", TORCH "tp=2 sp=yes"},
    {TORCH "loss=vocab_parallel", AM_CONFLICT, "loss", "loss=fp32", TORCH "tp=2 loss=vocab_parallel"},
    {TORCH "cp=3", AM_CONFLICT, "cp", "multiples of 2·cp=6; the nearest is seq=30", RANK "ffn=128 vocab=96 cp=3 seq=30"},
    {RANK "ffn=128 vocab=96 cp=2 seq=35", AM_CONFLICT, "cp", "2·cp=4; the nearest is seq=36", RANK "ffn=128 vocab=96 cp=2 seq=36"},
    {RANK "ffn=128 vocab=96 cp=4 seq=4", AM_CONFLICT, "cp", "2·cp=8; the nearest is seq=8", RANK "ffn=128 vocab=96 cp=4 seq=8"},
    {RANK "ffn=128 vocab=96 cp=3 seq=30 tp=2 sp=yes", AM_CONFLICT, "cp", "2·cp·tp=12; the nearest is seq=24", RANK "ffn=128 vocab=96 cp=3 seq=24 tp=2 sp=yes"},
    {TORCH "cp=2 attention=efficient", AM_UNSUPPORTED, "cp", "attention=sdpa", TORCH "cp=2 attention=sdpa"},
    {TORCH "cp=2 dtype=fp32", AM_UNSUPPORTED, "cp", "dtype=bf16 or fp16", TORCH "cp=2 dtype=fp16"},
    {TORCH "cp=2 head_dim=12", AM_UNSUPPORTED, "cp", "a multiple of 8", TORCH "cp=2 head_dim=24"},
    {TORCH "cp=2 head_dim=264", AM_UNSUPPORTED, "cp", "head_dim of at most 256", TORCH "cp=2 head_dim=256"},
    {TORCH "cp=2 checkpoint=save:matmuls", AM_UNSUPPORTED, "checkpoint", "checkpoint=full", TORCH "cp=2 checkpoint=full"},
    {TORCH "tp=2 checkpoint=save:half-matmuls", AM_UNSUPPORTED, "checkpoint", "checkpoint=full", TORCH "tp=2 checkpoint=every:2"},
    {TORCH "tp=2 dtype=fp32 autocast=bf16", AM_UNSUPPORTED, "autocast", "autocast=off", TORCH "tp=2 dtype=fp32"},
    {"zero=3", AM_CONFLICT, "zero", "dp=2 or more", "zero=3 dp=2"},
    {"dp=2 reshard=no", AM_CONFLICT, "reshard", "zero=3, or reshard=yes", "dp=2 zero=3 reshard=no"},
    {"stack=nanogpt model=gpt2 dp=2 zero=3", AM_UNSUPPORTED, "zero", "stack=hf, liger and torch", "stack=nanogpt model=gpt2 dp=2 zero=2"},
    {PAPER "dp=2", AM_UNSUPPORTED, "dp", "dp=1", PAPER},
    {"dp=2 zero=3 trainable=lora", AM_UNSUPPORTED, "trainable", "trainable=all", "dp=2 zero=3"},
    {"dp=2 zero=3 dtype=fp32 autocast=bf16", AM_UNSUPPORTED, "autocast", "dtype=bf16 master_weights=yes grad_dtype=fp32",
     "dp=2 zero=3 master_weights=yes grad_dtype=fp32"},
    {"dp=2 zero=3 master_weights=yes", AM_CONFLICT, "grad_dtype", "or neither", "dp=2 zero=3"},
    {"dp=2 zero=3 grad_dtype=fp32", AM_CONFLICT, "grad_dtype", "or neither", "dp=2 zero=3 dtype=fp32"},
    {"dp=2 zero=3 grad_dtype=fp16", AM_CONFLICT, "grad_dtype", "or neither", "dp=2 zero=3 dtype=fp16"},
    {"dp=2 zero=3 checkpoint=full reentrant=yes", AM_UNSUPPORTED, "reentrant", "reentrant=no", "dp=2 zero=3 checkpoint=full"},
    {"dp=2 zero=3 checkpoint=offload", AM_UNSUPPORTED, "checkpoint", "checkpoint=full or none, or zero=2", "dp=2 zero=3 checkpoint=full"},
    {"dp=2 zero=3 checkpoint=every:2", AM_UNSUPPORTED, "checkpoint", "regions of one layer", "dp=2 zero=3 checkpoint=every:1"},
    {TORCH "tp=2 checkpoint=save:mm", AM_UNSUPPORTED, "checkpoint", "checkpoint=full", TORCH "tp=2 checkpoint=budget:4GiB"},
    {"dp=2 zero=3 checkpoint=best", AM_UNSUPPORTED, "checkpoint", "checkpoint=full, block:N", "dp=2 zero=3 checkpoint=budget:40GiB"},
    {"model=deepseek-v3 dp=2 zero=3", AM_UNSUPPORTED, "dense_layers", "dense_layers=0", "model=deepseek-v3 dp=2 zero=2"},
    {"model=deepseek-v3 dense_layers=60 dp=2 zero=3", AM_UNSUPPORTED, "dense_layers", "layers of one size", "model=deepseek-v3 dense_layers=61 dp=2 zero=3"},
    {TORCH "checkpoint=modules:core_attn", AM_UNSUPPORTED, "checkpoint", "paper", TORCH "checkpoint=full"},
    {NANOGPT "family=llama", AM_UNSUPPORTED, "family", "stack=nanogpt has family=gpt2", NANOGPT "family=gpt2"},
    {"stack=nanogpt", AM_UNSUPPORTED, "activation", "stack=nanogpt has a plain GELU MLP", "model=gpt2 stack=nanogpt"},
    {NANOGPT "activation=relu", AM_UNSUPPORTED, "activation", "activation=gelu", NANOGPT "activation=gelu_new"},
    {NANOGPT "ffn=128", AM_UNSUPPORTED, "ffn", "stack=nanogpt has ffn=256", NANOGPT "ffn=256"},
    {NANOGPT "kv_heads=2", AM_UNSUPPORTED, "kv_heads", "kv_heads=4", NANOGPT},
    {NANOGPT "head_dim=8", AM_UNSUPPORTED, "head_dim", "hidden=64", NANOGPT},
    {NANOGPT "tie_word_embeddings=no", AM_UNSUPPORTED, "tie_word_embeddings", "tie_word_embeddings=yes", NANOGPT},
    {NANOGPT "bias=no qkv_bias=yes", AM_UNSUPPORTED, "qkv_bias", "qkv_bias=no", NANOGPT "bias=no"},
    {NANOGPT "mlp_bias=no", AM_UNSUPPORTED, "mlp_bias", "mlp_bias=yes", NANOGPT "bias=no"},
    {NANOGPT "dropout=0.1 attention_dropout=0", AM_UNSUPPORTED, "attention_dropout", "attention_dropout=0.1",
     NANOGPT "dropout=0.1"},
    {NANOGPT "embedding_dropout=0.1", AM_UNSUPPORTED, "embedding_dropout", "embedding_dropout=0",
     NANOGPT "dropout=0.1"},
    {NANOGPT "attention=eager", AM_UNSUPPORTED, "attention", "attention=sdpa", NANOGPT},
    {NANOGPT "max_positions=31", AM_OUT_OF_RANGE, "seq", "seq=31 or less", NANOGPT "max_positions=33"},
    {NANOGPT "trainable=lora", AM_UNSUPPORTED, "trainable", "trainable=all", NANOGPT},
    /* the paper's stack */
    {"stack=paper", AM_UNSUPPORTED, "activation", "stack=paper has a plain GELU MLP: activation=gelu",
     "model=gpt3-175b stack=paper attention=eager"},
    {PAPER "activation=relu", AM_UNSUPPORTED, "activation", "plain GELU", PAPER "activation=gelu_pytorch_tanh"},
    {PAPER "activation=swiglu", AM_UNSUPPORTED, "activation", "plain GELU", PAPER "activation=gelu_new"},
    {"model=gpt3-175b stack=paper attention=sdpa", AM_CONFLICT, "attention",
     "the paper materialises the scores: attention=eager", "model=gpt3-175b stack=paper attention=eager"},
    {"model=gpt3-175b stack=paper attention=flash", AM_CONFLICT, "attention", "attention=eager", PAPER},
    {PAPER "norm=rmsnorm", AM_UNSUPPORTED, "norm", "stack=paper has norm=layernorm", PAPER},
    {PAPER "positions=rope", AM_UNSUPPORTED, "positions", "positions=learned", PAPER},
    {PAPER "qk_norm=yes", AM_UNSUPPORTED, "qk_norm", "qk_norm=no", PAPER},
    {PAPER "bias=no", AM_UNSUPPORTED, "bias", "bias=yes", PAPER},
    {PAPER "kv_heads=2", AM_UNSUPPORTED, "kv_heads", "kv_heads=4", PAPER},
    {PAPER "head_dim=8", AM_UNSUPPORTED, "head_dim", "hidden=64", PAPER},
    {PAPER "sliding_window=8", AM_UNSUPPORTED, "sliding_window", "sliding_window=0", PAPER},
    {PAPER "dtype=fp32", AM_UNSUPPORTED, "dtype", "dtype=bf16 or fp16", PAPER "dtype=fp16"},
    {PAPER "dtype=bf16 autocast=bf16", AM_UNSUPPORTED, "autocast", "autocast=off", PAPER},
    {PAPER "trainable=none", AM_UNSUPPORTED, "trainable", "trainable=all", PAPER},
    {PAPER "trainable=lora", AM_UNSUPPORTED, "trainable", "trainable=all", PAPER},
    {PAPER "max_positions=31", AM_OUT_OF_RANGE, "seq", "seq=31 or less", PAPER "max_positions=32"},
    {PAPER "sp=yes", AM_CONFLICT, "sp", "tp=2 or more", PAPER "sp=yes tp=2"},
    {PAPER "tp=3", AM_CONFLICT, "tp", "tp=3 does not divide heads=4; the nearest that does is tp=2", PAPER "tp=4"},
    {"family=gpt2 layers=4 hidden=64 heads=4 ffn=130 vocab=96 seq=32 stack=paper attention=eager tp=4", AM_CONFLICT,
     "tp", "ffn=130", PAPER "tp=4"},
    {"family=gpt2 layers=4 hidden=64 heads=4 ffn=128 vocab=98 seq=32 stack=paper attention=eager tp=4", AM_CONFLICT,
     "tp", "vocab=98", PAPER "tp=4"},
    {"family=gpt2 layers=4 hidden=64 heads=4 ffn=128 vocab=96 seq=34 stack=paper attention=eager tp=4 sp=yes",
     AM_CONFLICT, "seq", "seq=36, or sp=no",
     "family=gpt2 layers=4 hidden=64 heads=4 ffn=128 vocab=96 seq=36 stack=paper attention=eager tp=4 sp=yes"},
    {PAPER "vpp=2", AM_CONFLICT, "vpp", "pp=2 or more", PAPER "vpp=2 pp=2"},
    {PAPER "pp=3", AM_CONFLICT, "pp", "layers=4; the nearest that does is pp=2", PAPER "pp=4"},
    {PAPER "pp=3", AM_CONFLICT, "pp", "or uneven stages, such as stage_layers=2,1,1", PAPER "pp=3 stage_layers=2,1,1"},
    {PAPER "pp=2 vpp=4", AM_CONFLICT, "vpp", "leaves stages without layers: of 4 layers at most vpp=2",
     PAPER "pp=2 vpp=2"},
    {PAPER "pp=8", AM_CONFLICT, "pp", "leaves stages without layers: of 4 layers at most pp=4", PAPER "pp=4"},
    {"layers=6 hidden=64 heads=4 ffn=128 vocab=96 stack=torch pp=2 vpp=2", AM_CONFLICT, "vpp", "the 3 layers of a stage; the nearest that does is vpp=1, or uneven stages, such as stage_layers=2,2,1,1",
     "layers=6 hidden=64 heads=4 ffn=128 vocab=96 stack=torch pp=2 stage_layers=2,2,1,1 vpp=2"},
    {TORCH "pp=2 stage_layers=5,x", AM_BAD_VALUE, "stage_layers", "numbers of layers, such as 2,2", TORCH "pp=2 stage_layers=3,1"},
    {TORCH "pp=2 stage_layers=4", AM_CONFLICT, "stage_layers", "has 1 numbers for pp=2", TORCH "pp=2 stage_layers=1,3"},
    {TORCH "pp=2 stage_layers=4,0", AM_OUT_OF_RANGE, "stage_layers", "stage 1 has no layers", TORCH "pp=2 stage_layers=3,1"},
    {TORCH "pp=2 stage_layers=4,1", AM_CONFLICT, "stage_layers", "does not sum to layers=4, as 2,2 does", TORCH "pp=2 stage_layers=2,2"},
    {TORCH "pp=2 stage_layers=0x2,4", AM_BAD_VALUE, "stage_layers", "Nx for N stages", TORCH "pp=2 stage_layers=2x2"},
    {TORCH "pp=2 stage_layers=2x", AM_BAD_VALUE, "stage_layers", "not '2x'", TORCH "pp=2 stage_layers=1x2,2"},
    {TORCH "pp=2 stage_layers=3x2", AM_CONFLICT, "stage_layers", "has 3 numbers for pp=2", TORCH "pp=2 stage_layers=2x2"},
    {TORCH "pp=2 stage_layers=99999999999999999999x2", AM_CONFLICT, "stage_layers", "has 9007199254740992 numbers for pp=2", TORCH "pp=2 stage_layers=2x2"},
    {TORCH "pp=2 stage_layers=2x99999999999999999999", AM_CONFLICT, "stage_layers", "does not sum to layers=4", TORCH "pp=2 stage_layers=2x2"},
    {"model=deepseek-v3 stack=megatron pp=16", AM_CONFLICT, "pp", "uneven stages, such as stage_layers=13x4,3x3", "model=deepseek-v3 stack=megatron pp=16 stage_layers=13x4,3x3"},
    {TORCH "stage_layers=2,2", AM_CONFLICT, "stage_layers", "pp=2 or more", TORCH "stage_layers=2,2 pp=2"},
    {TORCH "schedule=gpipe", AM_CONFLICT, "schedule", "pp=2 or more", TORCH "schedule=gpipe pp=2"},
    {TORCH "schedule=1f1b pp=2 vpp=2", AM_CONFLICT, "vpp", "vpp=1, or schedule=interleaved", TORCH "pp=2 vpp=2"},
    {TORCH "schedule=gpipe pp=2 vpp=2", AM_CONFLICT, "vpp", "vpp=1, or schedule=looped_bfs", TORCH "pp=2 vpp=2 schedule=looped_bfs"},
    {TORCH "schedule=looped_bfs pp=2", AM_CONFLICT, "vpp", "vpp=2 or more", TORCH "schedule=looped_bfs pp=2 vpp=2"},
    {TORCH "schedule=zbv pp=2 checkpoint=full", AM_UNSUPPORTED, "checkpoint", "checkpoint=none, or schedule=interleaved with vpp=2",
     TORCH "schedule=interleaved pp=2 vpp=2 checkpoint=full"},
    {TORCH "schedule=dualpipev pp=2 checkpoint=full", AM_UNSUPPORTED, "checkpoint", "with vpp=2", TORCH "schedule=dualpipev pp=2"},
    {EIGHT "schedule=interleaved_zero_bubble pp=2 vpp=4 checkpoint=sqrt", AM_UNSUPPORTED, "checkpoint", "with vpp=4", EIGHT "schedule=interleaved pp=2 vpp=4 checkpoint=sqrt"},
    {TORCH "schedule=zbv pp=2 vpp=1", AM_CONFLICT, "vpp", "vpp=2, not 1", TORCH "schedule=zbv pp=2"},
    {TORCH "pp=4 micro_batches=3", AM_CONFLICT, "micro_batches", "micro_batches=4 or more", TORCH "pp=4 micro_batches=5"},
    {TORCH "pp=2 schedule=dualpipev micro_batches=3", AM_CONFLICT, "micro_batches", "micro_batches=4 or more, not 3",
     TORCH "pp=2 schedule=dualpipev micro_batches=4"},
    {TORCH "pp=2 vpp=2 micro_batches=7", AM_CONFLICT, "micro_batches", "the nearest that are is micro_batches=6",
     TORCH "pp=2 vpp=2 micro_batches=6"},
    {TORCH "pp=2 vpp=2 schedule=interleaved_zero_bubble micro_batches=11", AM_CONFLICT, "micro_batches", "micro_batches=10",
     TORCH "pp=2 vpp=2 schedule=interleaved_zero_bubble micro_batches=10"},
    {MEGATRON "pp=2 vpp=2 micro_batches=3", AM_CONFLICT, "micro_batches", "the nearest to 3 is micro_batches=4", MEGATRON "pp=2 vpp=2 micro_batches=4"},
    {MEGATRON "pp=2 vpp=2 micro_batches=1", AM_CONFLICT, "micro_batches", "the nearest to 1 is micro_batches=2", MEGATRON "pp=2 micro_batches=1"},
    {MEGATRON "pp=2 schedule=zbv", AM_UNSUPPORTED, "schedule", "stack=torch; stack=megatron-local has schedule=", MEGATRON "pp=2 schedule=1f1b"},
    {PAPER "pp=2 schedule=gpipe", AM_UNSUPPORTED, "schedule", "stack=paper has schedule=1f1b", PAPER "pp=2"},
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
    expect_error(errors[_i].text, parse_and_resolve(errors[_i].text), errors[_i].code, errors[_i].field,
                 errors[_i].part);
    if (errors[_i].right) expect_fine(errors[_i].right, parse_and_resolve(errors[_i].right));
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
    tcase_add_loop_test(tests, resolved_for_good, 0, (int)COUNT(families));
    tcase_add_loop_test(tests, error, 0, (int)COUNT(errors));
    tcase_add_test(tests, error_changes_nothing);
    tcase_add_loop_test(tests, values_from_elsewhere, 0, AM_FIELD_COUNT);
    tcase_add_test(tests, auto_is_not_for_all);
    suite_add_tcase(suite, tests);
    return suite;
}
