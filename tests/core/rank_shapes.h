/* Pipelines whose ranks' plans tests search for: small ones, whose plans are all tried, and those of models. */
#ifndef RANK_SHAPES_H
#define RANK_SHAPES_H

#include <stdio.h>

#include "evaluate.h"
#include "fixture.h"

#define SHAPE "hidden=64 heads=8 kv_heads=2 ffn=96 vocab=64 seq=32 batch=2 "
#define OWN   "stack=megatron family=llama activation=swiglu bias=no positions=rope norm=rmsnorm " SHAPE
static const char *const twins[] = {
    OWN "layers=8 pp=4 micro_batches=8",
    OWN "layers=8 pp=2 vpp=2 micro_batches=4",
    OWN "layers=9 pp=2 vpp=2 micro_batches=6 stage_layers=2,3,3,1",
    OWN "layers=12 pp=2 vpp=3 micro_batches=4",
    "stack=megatron-local family=llama activation=swiglu bias=no positions=rope norm=rmsnorm attention=flash tp=2 sp=yes layers=8 "
    "pp=2 vpp=2 micro_batches=2 " SHAPE,
    /* layers of two kinds: on one stage, on another, and side by side */
    ("stack=megatron family=deepseek_v3 hidden=64 heads=4 head_dim=24 rotary_dim=8 v_head_dim=16 kv_rank=32 ffn=96 vocab=64 seq=32 batch=2 "
     "experts=4 experts_per_token=2 moe_ffn=48 dense_layers=3 layers=6 pp=3 micro_batches=6"),
};
enum { TWINS = sizeof twins / sizeof *twins };

static const char *const shapes[] = {
    "model=llama-3-8b stack=megatron seq=4096 pp=8 vpp=2 micro_batches=8 tp=4",
    "model=llama-3-8b stack=megatron seq=4096 pp=8 vpp=4 micro_batches=16 tp=4",
    "model=llama-3-8b stack=torch seq=4096 pp=4 vpp=2 schedule=interleaved micro_batches=8",
    "model=llama-3-8b stack=torch seq=4096 pp=4 vpp=4 schedule=looped_bfs micro_batches=4",
    "model=llama-3-8b stack=megatron-local attention=flash seq=2048 pp=4 vpp=2 micro_batches=8 tp=8 sp=yes",
    "model=llama-3-70b stack=megatron seq=8192 tp=8 pp=8 micro_batches=16",
    "model=llama-3-70b stack=megatron seq=8192 tp=8 pp=8",
    ("stack=megatron family=deepseek_v3 hidden=64 heads=4 head_dim=24 rotary_dim=8 v_head_dim=16 q_rank=24 kv_rank=16 ffn=96 vocab=64 seq=64 "
     "experts=4 experts_per_token=2 moe_ffn=48 dense_layers=1 layers=6 pp=2 stage_layers=4,2 cp=2 micro_batches=4"),
};
enum { SHAPES = sizeof shapes / sizeof *shapes };

static inline const am_report *evaluate(const char *twin, const char *policy)
{
    char text[512];
    am_status status;
    snprintf(text, sizeof text, "%s checkpoint=%s", twin, policy);
    am_config config = config_of(text);
    ck_assert_msg(am_evaluate(&fixture_report, &fixture_workspace, &config, &status) == AM_OK, "%s: %s", text, status.message);
    return &fixture_report;
}

static inline int64_t highest_of(const am_report *report)
{
    return am_rank_peak(&report->rank[report->worst_rank]);
}

/* The most that a search may look at, and what it is of. */
typedef struct bounded {
    int64_t limit;
    const char *shape;
} bounded;

static inline am_code evaluate_within(int64_t limit, const char *text)
{
    am_status status;
    am_config config = config_of(text);
    fixture_workspace.rank_plans.chain.limit = limit;
    am_code code = am_evaluate(&fixture_report, &fixture_workspace, &config, &status);
    fixture_workspace.rank_plans.chain.limit = 0;
    return code;
}

#define TORCH_RANKS "stack=torch family=llama "

#endif
