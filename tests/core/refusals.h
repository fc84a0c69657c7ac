/* Texts that are refused, and what the tests of that share. */
#ifndef REFUSALS_H
#define REFUSALS_H

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

/* An error, with what would be right beside it. */
typedef struct refusal {
    const char *text;
    am_code code;
    const char *field, *part;
    const char *right; /* the same, mended; NULL if there is no such thing */
} refusal;

static inline void expect_refusal(const refusal *row)
{
    expect_error(row->text, parse_and_resolve(row->text), row->code, row->field, row->part);
    if (row->right) expect_fine(row->right, parse_and_resolve(row->right));
}

#endif
