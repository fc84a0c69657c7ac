/* core.wasm in place of the rarer models, stacks and loss heads (LATER in the Makefile): whole.wasm answers for them. */
#include "build.h"
#include "evaluation.h"

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

/* Policies that core.wasm reads none of. */
void am_schedule_compose(am_evaluation *evaluation, am_policy policy, am_outcome *outcome)
{
    (void)policy;
    (void)outcome;
    evaluation->code = AM_ELSEWHERE;
}

bool am_schedule_choose(am_evaluation *evaluation, am_policy policy)
{
    (void)policy;
    evaluation->code = AM_ELSEWHERE;
    return true;
}

void am_offload_read(am_evaluation *evaluation, am_policy policy, const am_outcome *outcome, am_traffic *traffic)
{
    (void)policy;
    (void)outcome;
    (void)traffic;
    evaluation->code = AM_ELSEWHERE;
}
