/* Runs of every way in which bytes may grow with micro-batch and length: kernels, windows, loss heads, stacks, policies. */
#ifndef RUNS_H
#define RUNS_H

#define SMALL "layers=3 hidden=64 heads=4 kv_heads=2 vocab=200 "

static const char *const runs[] = {
    SMALL "family=llama ffn=176",
    SMALL "family=llama ffn=176 attention=eager checkpoint=full",
    SMALL "family=llama ffn=176 allocator=cuda",
    SMALL "family=llama ffn=176 loss=chunked micro_batches=2",
    SMALL "family=llama ffn=176 stack=liger grad_dtype=fp32",
    SMALL "family=llama ffn=176 loss=cut trainable=lora",
    SMALL "family=llama ffn=176 dtype=fp32 checkpoint=every:2",
    SMALL "family=llama ffn=176 stack=torch",
    SMALL "family=llama ffn=176 stack=megatron-local",
    SMALL "family=llama ffn=176 stack=megatron-local tp=2 checkpoint=block:1",
    SMALL "family=llama ffn=176 stack=megatron-local tp=2 dtype=fp16",
    "layers=2 hidden=64 heads=4 ffn=176 vocab=200 family=llama stack=megatron-local tp=4",
    SMALL "family=mistral ffn=176 sliding_window=33",
    SMALL "family=gemma2 ffn=176 sliding_window=40 head_dim=16 checkpoint=best",
    "layers=2 hidden=64 heads=4 vocab=200 family=gpt2 max_positions=70 dropout=0.1 attention=eager",
    "layers=2 hidden=64 heads=4 vocab=200 family=gpt2 stack=nanogpt max_positions=128",
    "layers=3 hidden=64 heads=4 vocab=200 family=bloom",
    SMALL "family=mixtral ffn=176 experts=4 experts_per_token=2",
    "layers=2 hidden=64 heads=4 ffn=256 vocab=200 stack=paper tp=2 sp=yes",
    "layers=4 hidden=64 heads=4 kv_heads=2 vocab=200 family=llama ffn=176 stack=torch pp=2 micro_batches=3 checkpoint=full",
    "layers=5 hidden=64 heads=4 kv_heads=2 vocab=200 family=llama ffn=176 stack=megatron pp=2 vpp=2 stage_layers=1,1,2,1",
};

#endif
