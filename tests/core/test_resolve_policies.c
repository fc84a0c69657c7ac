/* Checkpointing that a stack has not. */
#include "refusals.h"

static const refusal errors[] = {
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
    {LATENT "stack=megatron checkpoint=modules:mlp,moe_act", AM_CONFLICT, "checkpoint", "no experts",
     LATENT "stack=megatron checkpoint=modules:layernorm,mla_up_proj"},
    {PAPER "checkpoint=modules:mlp", AM_UNSUPPORTED, "checkpoint", "core_attn", PAPER "checkpoint=modules:core_attn"},
    {SMALL "stack=megatron pp=4 checkpoint=uniform:2", AM_CONFLICT, "checkpoint", "uniform:1", SMALL "stack=megatron pp=2 checkpoint=uniform:2"},
    {SMALL "stack=megatron pp=2 stage_layers=1,3 checkpoint=uniform:3", AM_CONFLICT, "checkpoint", "uniform:1",
     SMALL "stack=megatron pp=2 stage_layers=2,2 checkpoint=uniform:2"},
    {MEGATRON "checkpoint=uniform:3", AM_CONFLICT, "checkpoint", "uniform:2", MEGATRON "checkpoint=uniform:2"},
    {MEGATRON "checkpoint=every:2", AM_UNSUPPORTED, "checkpoint", "uniform:K, block:N, modules:A,B or budget",
     MEGATRON "checkpoint=block:1"},
    {MEGATRON "checkpoint=regions:4", AM_UNSUPPORTED, "checkpoint", "not regions:4", MEGATRON "checkpoint=uniform:4"},
    {TORCH "pp=2 checkpoint=regions:4", AM_UNSUPPORTED, "checkpoint", "pp=1", TORCH "checkpoint=regions:4"},
    {SMALL "dp=2 zero=3 checkpoint=regions:4x1", AM_UNSUPPORTED, "checkpoint", "regions of one layer",
     SMALL "dp=2 zero=3 checkpoint=every:1"},
    {MEGATRON "checkpoint=save:matmuls", AM_UNSUPPORTED, "checkpoint", "none, full", MEGATRON "checkpoint=modules:core_attn"},
    {MEGATRON MIXED "checkpoint=modules:shared_experts", AM_CONFLICT, "checkpoint", "shared_ffn=N",
     MEGATRON MIXED "shared_ffn=32 checkpoint=modules:shared_experts"},
    {SMALL "stack=megatron checkpoint=modules:layernorm", AM_CONFLICT, "checkpoint", "megatron-local",
     SMALL "stack=megatron " MIXED "checkpoint=modules:layernorm"}, /* the norm before experts stands apart */
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
    {TORCH "cp=2 checkpoint=save:matmuls", AM_UNSUPPORTED, "checkpoint", "checkpoint=full", TORCH "cp=2 checkpoint=full"},
    {TORCH "tp=2 checkpoint=save:half-matmuls", AM_UNSUPPORTED, "checkpoint", "checkpoint=full", TORCH "tp=2 checkpoint=every:2"},
    {"dp=2 zero=3 checkpoint=full reentrant=yes", AM_UNSUPPORTED, "reentrant", "reentrant=no", "dp=2 zero=3 checkpoint=full"},
    {"dp=2 zero=3 checkpoint=offload", AM_UNSUPPORTED, "checkpoint", "checkpoint=full or none, or zero=2", "dp=2 zero=3 checkpoint=full"},
    {"dp=2 zero=3 checkpoint=every:2", AM_UNSUPPORTED, "checkpoint", "regions of one layer", "dp=2 zero=3 checkpoint=every:1"},
    {TORCH "tp=2 checkpoint=save:mm", AM_UNSUPPORTED, "checkpoint", "checkpoint=full", TORCH "tp=2 checkpoint=budget:4GiB"},
    {"dp=2 zero=3 checkpoint=best", AM_UNSUPPORTED, "checkpoint", "checkpoint=full, block:N", "dp=2 zero=3 checkpoint=budget:40GiB"},
    {TORCH "checkpoint=modules:core_attn", AM_UNSUPPORTED, "checkpoint", "paper", TORCH "checkpoint=full"},
    {TORCH "schedule=zbv pp=2 checkpoint=full", AM_UNSUPPORTED, "checkpoint", "checkpoint=none, or schedule=interleaved with vpp=2",
     TORCH "schedule=interleaved pp=2 vpp=2 checkpoint=full"},
    {TORCH "schedule=dualpipev pp=2 checkpoint=full", AM_UNSUPPORTED, "checkpoint", "with vpp=2", TORCH "schedule=dualpipev pp=2"},
    {EIGHT "schedule=interleaved_zero_bubble pp=2 vpp=4 checkpoint=sqrt", AM_UNSUPPORTED, "checkpoint", "with vpp=4", EIGHT "schedule=interleaved pp=2 vpp=4 checkpoint=sqrt"},
};

START_TEST(error)
{
    expect_refusal(&errors[_i]);
}
END_TEST

Suite *test_resolve_policies_suite(void)
{
    Suite *suite = suite_create("resolve_policies");
    TCase *tests = tcase_create("resolve_policies");
    tcase_add_loop_test(tests, error, 0, (int)COUNT(errors));
    suite_add_tcase(suite, tests);
    return suite;
}
