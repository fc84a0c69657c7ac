/* The models whose frontier of plans tests search: plain layers, those whose code holds something beside their graphs, Megatron's. */
#ifndef FRONTIER_MODELS_H
#define FRONTIER_MODELS_H

#include <stdio.h>

#include "evaluate.h"
#include "fixture.h"

static const char *const models[] = {
    "family=llama hidden=32 heads=4 kv_heads=2 ffn=48 vocab=64 seq=16 batch=2",
    "family=llama hidden=32 heads=4 kv_heads=2 ffn=48 vocab=4096 seq=16",
    "family=llama hidden=32 heads=4 kv_heads=2 ffn=48 vocab=64 seq=16 attention=eager tie_word_embeddings=yes",
    "family=qwen3 hidden=32 heads=4 kv_heads=1 head_dim=16 ffn=24 vocab=640 seq=16 dtype=fp32",
    "family=gemma2 hidden=32 heads=4 kv_heads=2 ffn=48 vocab=64 seq=16 batch=2 sliding_window=4 layer_period=2",
    "family=gpt2 hidden=32 heads=4 vocab=64 seq=16 dropout=0.1",
    "family=gpt2 hidden=32 heads=4 vocab=64 seq=16 attention=eager dtype=fp32 autocast=bf16",
    "family=mixtral hidden=32 heads=4 kv_heads=2 ffn=24 vocab=64 seq=16 experts=4 experts_per_token=2",
    ("family=deepseek_v3 dense_layers=2 hidden=32 heads=2 head_dim=12 rotary_dim=4 v_head_dim=8 kv_rank=16 ffn=200 "
     "moe_ffn=16 experts=4 experts_per_token=2 vocab=64 seq=16"),
    "family=llama hidden=32 heads=4 ffn=48 vocab=64 seq=16 trainable=none",
    "family=llama hidden=32 heads=4 ffn=48 vocab=64 seq=16 trainable=lora lora_targets=v,down lora_dropout=0.1",
    "family=opt hidden=32 heads=4 vocab=64 seq=16 trainable=lora", /* the first layer's input is a sum of its own, which only a region keeps */
    "family=gptj hidden=32 heads=4 vocab=64 seq=16 trainable=lora dropout=0.1",
    "family=llama hidden=32 heads=4 kv_heads=2 ffn=48 vocab=64 seq=16 batch=2 zero=3 dp=2",
    "stack=torch family=llama hidden=32 heads=4 kv_heads=2 ffn=48 vocab=64 seq=16 batch=2 zero=3 dp=4 reshard=no",
    "stack=torch family=llama hidden=32 heads=4 kv_heads=2 ffn=48 vocab=64 seq=16 batch=2 tp=2",
    "stack=torch family=llama hidden=32 heads=4 kv_heads=2 ffn=48 vocab=64 seq=16 batch=2 tp=2 sp=yes",
    "stack=torch family=llama hidden=32 heads=4 kv_heads=2 ffn=48 vocab=64 seq=16 batch=2 cp=2",
    "stack=torch family=llama hidden=32 heads=4 kv_heads=2 ffn=48 vocab=64 seq=16 batch=2 tp=2 sp=yes zero=3 dp=2",
};
enum { MODELS = sizeof models / sizeof *models };

static inline am_config model_of(int model, int layers, const char *policy)
{
    char text[320];
    snprintf(text, sizeof text, "layers=%d %s %s", layers, models[model], policy);
    return config_of(text);
}

static inline void search(int model, int layers)
{
    am_config config = model_of(model, layers, "frontier=yes");
    am_status status;
    ck_assert_msg(am_evaluate(&fixture_report, &fixture_workspace, &config, &status) == AM_OK, "%s", status.message);
    ck_assert(fixture_report.frontier.found);
}

/* The evaluation that the workspace's choices were searched for. */
static inline am_evaluation last_evaluation(void)
{
    return (am_evaluation){.workspace = &fixture_workspace,
                           .config = &fixture_report.config,
                           .policy = &fixture_report.policy,
                           .extents = &fixture_workspace.extents,
                           .pattern = am_model_pattern(&fixture_report.config)};
}

/* Families whose code holds masks or tables beside their layers' graphs, or returns attention weights, under heads too small to hide it. */
static const char *const mixed[] = {
    "family=bloom layers=3",
    "family=bloom layers=3 attention=eager dropout=0.1",
    "family=bloom layers=3 attention=eager trainable=lora lora_targets=o,up,down",
    "family=bloom layers=3 attention=eager dtype=fp32 autocast=bf16",
    "family=mpt layers=3",
    "family=mpt layers=3 attention=eager dtype=fp32 autocast=bf16",
    "family=mpt layers=3 attention=eager trainable=lora lora_targets=o,up,down",
    "family=gpt2 layers=3",
    "family=gpt2 layers=3 attention=eager",
    "family=gpt2 layers=3 attention=eager dropout=0.1",
    "family=gpt2 layers=3 attention=eager dtype=fp32 autocast=bf16",
    "family=gpt_neo layers=3 attention=eager",
    "family=gpt_neo layers=3 attention=eager dropout=0.1",
    "family=gpt_neo layers=3 attention=eager trainable=lora",
    "family=gpt_neo layers=3 attention=eager dtype=fp32 autocast=bf16",
    "family=falcon layers=3 attention=eager",
    "family=falcon layers=3 trainable=lora lora_targets=o,up,down",
    "family=falcon layers=3 attention=eager dtype=fp32 autocast=bf16",
    "family=gptj layers=3 attention=eager",
    "family=gptj layers=3 attention=eager dropout=0.1",
    "family=gptj layers=3 attention=eager trainable=lora",
    "family=gptj layers=3 attention=eager dtype=fp32 autocast=bf16",
    "family=opt layers=3 attention=eager",
    "family=opt layers=3 attention=eager dropout=0.1",
    "family=opt layers=3 attention=eager trainable=lora",
    "family=opt layers=3 attention=eager dtype=fp32 autocast=bf16",
    "family=phi layers=3 attention=eager dropout=0.1",
    "family=phi layers=3 trainable=lora",
    "family=gemma2 layers=4 ffn=24 sliding_window=4 layer_period=2 attention=eager",
    "family=gemma2 layers=4 ffn=24 sliding_window=4 layer_period=2 trainable=lora",
    "family=gemma2 layers=4 ffn=24 sliding_window=4 layer_period=2 attention=eager trainable=lora",
    "family=gemma2 layers=4 ffn=24 sliding_window=4 layer_period=2 attention=eager dtype=fp32 autocast=bf16",
    "family=cohere layers=4 ffn=24 attention=eager",
    "family=cohere layers=4 ffn=24 trainable=lora",
    "family=cohere layers=4 ffn=24 attention=eager trainable=lora",
    "family=llama layers=3 ffn=24 attention=eager",
    "family=llama layers=3 ffn=24 attention=eager trainable=lora",
    "family=llama layers=3 ffn=24 attention=eager dtype=fp32 autocast=bf16",
};
enum { MIXED = sizeof mixed / sizeof *mixed };

static inline am_config search_mixed(int index)
{
    char text[256];
    am_status status;
    snprintf(text, sizeof text, "%s hidden=32 heads=2 vocab=17 seq=128 batch=3 frontier=yes", mixed[index]);
    am_config config = config_of(text);
    ck_assert_msg(am_evaluate(&fixture_report, &fixture_workspace, &config, &status) == AM_OK, "%s", status.message);
    ck_assert(fixture_report.frontier.found);
    return config;
}

#define MEGATRON "hidden=64 heads=8 kv_heads=2 ffn=96 vocab=64 seq=32 batch=2 bias=no positions=rope norm=rmsnorm "
static const char *const twins[] = {
    "stack=megatron family=llama activation=swiglu " MEGATRON,
    "stack=megatron-local family=llama activation=swiglu attention=flash " MEGATRON,
    "stack=megatron-local family=llama activation=swiglu tp=2 sp=yes " MEGATRON,
    "stack=megatron-local family=gpt2 hidden=64 heads=8 ffn=256 vocab=64 seq=32 dropout=0.1",
    "stack=megatron-local family=mixtral activation=swiglu experts=4 experts_per_token=2 moe_ffn=64 " MEGATRON,
    "stack=megatron-local family=mixtral activation=swiglu experts=4 experts_per_token=2 moe_ffn=64 shared_ffn=400 attention=flash " MEGATRON,
    "stack=megatron family=deepseek_v3 hidden=64 heads=4 head_dim=24 rotary_dim=8 v_head_dim=16 kv_rank=32 ffn=96 vocab=64 seq=32 batch=2 "
    "experts=4 experts_per_token=2 moe_ffn=48 dense_layers=1",
    /* highest while the embedding's backward runs, with what the first region passes on */
    "stack=megatron-local family=mixtral hidden=128 heads=4 ffn=8 vocab=256 seq=2 batch=3 experts=4 experts_per_token=2 moe_ffn=16 allocator=cuda "
    "tie_word_embeddings=yes tp=2 sp=yes",
};
enum { TWINS = sizeof twins / sizeof *twins };

static inline am_config twin_of(int twin, int layers, const char *rest)
{
    char text[400];
    snprintf(text, sizeof text, "layers=%d %s %s", layers, twins[twin], rest);
    return config_of(text);
}

#endif
