/* Pipelines of every stack that has them: even and uneven stages, several chunks, ranks that share layers. */
#ifndef PIPELINES_H
#define PIPELINES_H

static const char *const pipelines[] = {
    "stack=torch schedule=gpipe layers=7 hidden=64 heads=4 kv_heads=2 ffn=160 vocab=96 seq=32 pp=3 stage_layers=3,1,3",
    "stack=megatron-local layers=8 hidden=64 heads=4 vocab=96 seq=32 dropout=0.1 pp=4 tp=2 positions=learned activation=gelu",
    "stack=megatron layers=6 hidden=64 heads=4 vocab=96 seq=32 ffn=128 pp=3",
    "stack=paper attention=eager family=gpt2 activation=gelu layers=6 hidden=64 heads=4 vocab=96 seq=32 pp=2",
    ("stack=megatron-local family=deepseek_v3 layers=8 hidden=64 heads=4 head_dim=24 rotary_dim=8 v_head_dim=16 q_rank=40 kv_rank=32 ffn=96 "
     "vocab=96 seq=32 experts=4 experts_per_token=2 moe_ffn=48 shared_ffn=40 dense_layers=3 pp=4"),
    "stack=torch schedule=zbv layers=8 hidden=64 heads=4 ffn=160 vocab=96 seq=32 pp=2 stage_layers=1,3,2,2",
};

#endif
