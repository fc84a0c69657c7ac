/* core.wasm in place of the rarer models, stacks and loss heads (LATER in the Makefile): whole.wasm answers for them. */
#include "build.h"

static am_code elsewhere(am_build *build)
{
    return am_fail(&build->tape->status, AM_ELSEWHERE, "", "whole.wasm answers for this model, stack or loss head");
}

#define MODEL(name)                                                                                                    \
    am_code name(am_build *build)                                                                                      \
    {                                                                                                                  \
        return elsewhere(build);                                                                                       \
    }
#define PART(name)                                                                                                     \
    am_var name(am_build *build, am_var x)                                                                             \
    {                                                                                                                  \
        elsewhere(build);                                                                                              \
        return x;                                                                                                      \
    }
#define HEAD(name)                                                                                                     \
    am_code name(am_build *build, am_var normed, am_var weight)                                                        \
    {                                                                                                                  \
        (void)normed;                                                                                                  \
        (void)weight;                                                                                                  \
        return elsewhere(build);                                                                                       \
    }

MODEL(am_hf_neox)
MODEL(am_hf_opt)
MODEL(am_hf_phi)
MODEL(am_hf_bloom)
MODEL(am_hf_mpt)
MODEL(am_hf_falcon)
MODEL(am_paper)
MODEL(am_torch)
MODEL(am_nanogpt)
MODEL(am_megatron)
PART(am_hf_gptj_attention)
PART(am_hf_gpt_neo_attention)
PART(am_hf_moe)
PART(am_liger_mlp)
HEAD(am_chunked_head)
HEAD(am_fused_head)
HEAD(am_cut_head)

/* Pipelines: refused where a configuration is resolved. */
am_code am_pipeline_check(const am_config *config, am_status *status)
{
    (void)config;
    return am_fail(status, AM_ELSEWHERE, "", "whole.wasm answers for pipelines");
}

int am_stage_kinds(const am_config *config, am_stage stage[AM_MAX_STAGE_KINDS])
{
    (void)config;
    (void)stage;
    return 0;
}

int am_rank_chunks(const am_config *config, int64_t rank, am_chunk chunk[AM_MAX_CHUNKS])
{
    (void)config;
    (void)rank;
    (void)chunk;
    return 0;
}

am_code am_rank_play(am_rank *rank, const am_config *config, int kinds, const am_stage *stage)
{
    (void)rank;
    (void)config;
    (void)kinds;
    (void)stage;
    return AM_ELSEWHERE;
}

am_var am_hf_latent_attention(am_build *build, am_var x, am_var *weights)
{
    (void)weights;
    elsewhere(build);
    return x;
}

am_var am_hf_attend_with_sinks(am_build *build, am_var q, am_var k, am_var v, am_var *weights)
{
    (void)q;
    (void)k;
    *weights = 0;
    elsewhere(build);
    return v;
}

am_var am_liger_rms_norm(am_build *build, am_var x, const char *path)
{
    (void)path;
    elsewhere(build);
    return x;
}

void am_liger_rotate(am_build *build, am_var *q, am_var *k)
{
    (void)q;
    (void)k;
    elsewhere(build);
}
