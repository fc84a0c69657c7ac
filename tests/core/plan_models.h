/* The models that tests of plans compose: few layers, of one kind and of several. */
#ifndef PLAN_MODELS_H
#define PLAN_MODELS_H

#include <string.h>

#include "fixture.h"

static const char *const models[] = {
    "family=llama hidden=32 heads=4 kv_heads=2 ffn=48 vocab=64 seq=16 batch=2",
    "family=llama hidden=32 heads=4 kv_heads=2 ffn=48 vocab=64 seq=16 attention=eager tie_word_embeddings=yes",
    "family=qwen3 hidden=32 heads=4 kv_heads=1 head_dim=16 ffn=24 vocab=640 seq=16 dtype=fp32",
    "family=mistral hidden=32 heads=4 kv_heads=2 ffn=48 vocab=64 seq=16 sliding_window=8 batch=2",
    "family=gemma hidden=32 heads=4 kv_heads=1 ffn=48 vocab=64 seq=16 batch=3 attention=eager dtype=fp16",
    "family=gemma2 hidden=32 heads=4 kv_heads=2 ffn=48 vocab=64 seq=16 batch=2 sliding_window=4 layer_period=2",
    "family=gemma3_text hidden=32 heads=4 ffn=24 vocab=64 seq=16 sliding_window=4 layer_period=3",
    "family=gemma3_text hidden=32 heads=4 ffn=24 vocab=640 seq=16 batch=2 attention=eager layer_period=6",
    "family=smollm3 hidden=32 heads=4 kv_heads=2 ffn=24 vocab=64 seq=16 trainable=lora lora_targets=v,o layer_period=2",
    "family=cohere2 hidden=32 heads=4 ffn=24 vocab=64 seq=16 batch=2 trainable=none sliding_window=4",
    "family=gpt2 hidden=32 heads=4 vocab=64 seq=16 dropout=0.1",
    "family=gpt2 hidden=32 heads=4 vocab=64 seq=16 attention=eager dtype=fp32 autocast=bf16",
    "family=mixtral hidden=32 heads=4 kv_heads=2 ffn=24 vocab=64 seq=16 experts=4 experts_per_token=2",
    "family=deepseek_v3 dense_layers=1 hidden=32 heads=2 head_dim=12 rotary_dim=4 v_head_dim=8 kv_rank=16 ffn=200 "
    "moe_ffn=16 experts=4 experts_per_token=2 vocab=64 seq=16",
    "family=deepseek_v3 dense_layers=3 hidden=32 heads=2 head_dim=12 rotary_dim=4 kv_rank=16 ffn=48 moe_ffn=40 "
    "experts=8 experts_per_token=3 shared_ffn=16 vocab=64 seq=16 batch=2 dtype=fp32 attention=eager",
    "family=deepseek_v3 dense_layers=5 hidden=32 heads=2 head_dim=12 rotary_dim=4 kv_rank=16 ffn=300 moe_ffn=8 "
    "experts=4 experts_per_token=1 vocab=64 seq=16 trainable=none",
    "family=deepseek_v3 dense_layers=2 hidden=32 heads=2 head_dim=12 rotary_dim=4 kv_rank=16 ffn=300 moe_ffn=8 "
    "experts=4 experts_per_token=1 vocab=64 seq=16 trainable=lora lora_targets=o",
    "family=gpt_oss sliding_window=8 hidden=32 heads=4 kv_heads=2 ffn=24 vocab=64 seq=16 attention=eager experts=4 "
    "experts_per_token=2",
    "family=llama hidden=32 heads=4 ffn=48 vocab=64 seq=16 trainable=none",
    "family=llama hidden=32 heads=4 ffn=48 vocab=64 seq=16 trainable=lora lora_targets=v,down lora_dropout=0.1",
};
enum { MODELS = sizeof models / sizeof *models };

static inline am_config model_of(int model, int layers, const char *policy)
{
    char text[320] = "layers=";
    char *end = text + strlen(text);
    if (layers > 9) *end++ = (char)('0' + layers / 10);
    *end++ = (char)('0' + layers % 10);
    *end = 0;
    strcat(strcat(strcat(strcat(text, " "), models[model]), " "), policy);
    return config_of(text);
}

#endif
