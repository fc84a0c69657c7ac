/* What Megatron's stacks have not. */
#include "refusals.h"

static const refusal errors[] = {
    {MEGATRON "tp=3", AM_CONFLICT, "tp", "heads", MEGATRON "tp=2"},
    {MEGATRON "sp=yes", AM_CONFLICT, "sp", "tp=2 or more", MEGATRON "tp=2 sp=yes"},
    {OPEN "tp=2 vocab=97 ffn=128 seq=32", AM_CONFLICT, "vocab", "vocab=256", OPEN "tp=2 vocab=256 ffn=128 seq=32"},
    {OPEN "tp=2 ffn=97 vocab=96 seq=32", AM_CONFLICT, "tp", "ffn=97", OPEN "tp=2 ffn=98 vocab=96 seq=32"},
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
    {LOCAL "tp=16", AM_CONFLICT, "tp", "q_rank=24", LATENT "stack=megatron tp=16"}, /* whose ranks make whole latents */
    {LOCAL "qkv_bias=yes", AM_UNSUPPORTED, "qkv_bias", "qkv_bias=no", LOCAL},
    {LOCAL SHARED "expert_groups=4 groups_per_token=3 experts_per_token=2", AM_CONFLICT, "groups_per_token", "groups_per_token=2",
     LOCAL SHARED "expert_groups=4 groups_per_token=2 experts_per_token=4"},
    {MEGATRON "kv_heads=1 tp=2", AM_CONFLICT, "tp", "kv_heads=1", MEGATRON "tp=2"},
    {MEGATRON MIXED "tp=2", AM_CONFLICT, "sp", "sp=yes", MEGATRON MIXED "tp=2 sp=yes"},
    {SMALL "stack=megatron tp=3", AM_CONFLICT, "tp", "tp=2", SMALL "stack=megatron tp=2"},
    {MEGATRON "family=gemma", AM_UNSUPPORTED, "family", "family=llama, mistral, qwen2, gpt2, mixtral or deepseek_v3", MEGATRON "family=qwen2"},
    {SMALL "stack=megatron head_dim=12", AM_UNSUPPORTED, "head_dim", "multiple of 8", SMALL "stack=megatron head_dim=24"},
    {MEGATRON MIXED "family=glm4_moe", AM_UNSUPPORTED, "family", "mixtral or deepseek_v3", MEGATRON MIXED "family=mixtral"},
    {"family=deepseek_v3 layers=4 hidden=64 heads=16 head_dim=20 rotary_dim=8 q_rank=24 kv_rank=16 ffn=96 vocab=64 seq=32 stack=megatron-local",
     AM_UNSUPPORTED, "head_dim", "latent attention's heads of a multiple of 8", LOCAL},
    {MEGATRON "dtype=fp32", AM_UNSUPPORTED, "dtype", "dtype=bf16 or fp16", MEGATRON "dtype=fp16"},
    {MEGATRON "dtype=fp32 autocast=bf16", AM_UNSUPPORTED, "autocast", "autocast=off", MEGATRON},
    {MEGATRON "trainable=none", AM_UNSUPPORTED, "trainable", "trainable=all", MEGATRON},
    {MEGATRON "reentrant=no", AM_UNSUPPORTED, "reentrant", "reentrant=yes", MEGATRON "reentrant=yes"},
    {MEGATRON "qk_norm=yes", AM_UNSUPPORTED, "qk_norm", "qk_norm=no", MEGATRON},
    {MEGATRON "attention_softcap=yes", AM_UNSUPPORTED, "attention_softcap", "attention_softcap=no", MEGATRON},
    {MEGATRON "logit_softcap=yes", AM_UNSUPPORTED, "logit_softcap", "logit_softcap=no", MEGATRON},
    {MEGATRON "layer_period=2", AM_UNSUPPORTED, "layer_period", "layer_period=1", MEGATRON},
    {MEGATRON "new_decoder=yes", AM_UNSUPPORTED, "new_decoder", "new_decoder=no", MEGATRON},
    {MEGATRON "parallel_norms=2", AM_UNSUPPORTED, "parallel_norms", "parallel_norms=1", MEGATRON},
    {MEGATRON "sliding_window=8", AM_UNSUPPORTED, "sliding_window", "sliding_window=0", MEGATRON},
    {MEGATRON "activation=gelu", AM_UNSUPPORTED, "bias", "bias=yes", MEGATRON "activation=gelu bias=yes"},
    {MEGATRON "o_bias=yes", AM_UNSUPPORTED, "o_bias", "o_bias=no", MEGATRON "qkv_bias=yes"},
    {MEGATRON "bias=yes mlp_bias=no", AM_UNSUPPORTED, "mlp_bias", "mlp_bias=yes", MEGATRON "bias=yes"},
    {MEGATRON "bias=yes qkv_bias=no", AM_UNSUPPORTED, "qkv_bias", "qkv_bias=yes", MEGATRON "bias=yes"},
    {MEGATRON MIXED "activation=geglu", AM_UNSUPPORTED, "activation", "activation=swiglu", MEGATRON MIXED},
    {MEGATRON MIXED "bias=yes", AM_UNSUPPORTED, "bias", "bias=no", MEGATRON MIXED},
    {MEGATRON "experts=4 experts_per_token=1", AM_UNSUPPORTED, "experts_per_token", "2 or more", MEGATRON MIXED},
    {MEGATRON "shared_ffn=32", AM_UNSUPPORTED, "shared_ffn", "shared_ffn=0", MEGATRON MIXED "shared_ffn=32"},
    {MEGATRON MIXED "tp=2 sp=yes shared_ffn=33", AM_CONFLICT, "tp", "shared_ffn=33", MEGATRON MIXED "tp=2 sp=yes shared_ffn=34"},
};

START_TEST(error)
{
    expect_refusal(&errors[_i]);
}
END_TEST

Suite *test_resolve_megatron_suite(void)
{
    Suite *suite = suite_create("resolve_megatron");
    TCase *tests = tcase_create("resolve_megatron");
    tcase_add_loop_test(tests, error, 0, (int)COUNT(errors));
    suite_add_tcase(suite, tests);
    return suite;
}
