/* core.wasm in place of the rarer models, stacks and loss heads, and of costs (LATER in the Makefile): whole.wasm answers for
 * them. */
#include <string.h>

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

/* Its reports hold no times; those of another GPU are asked for where it is named. */
am_code am_cost_tape(am_tape *tape, const am_rates *rates)
{
    (void)rates;
    return tape->status.code;
}

am_code am_rates_of(const am_config *config, am_rates *rates, am_status *status)
{
    *rates = (am_rates){{0}, 0};
    bool usual = config->device_gflops == 0 && config->device_bandwidth == 0;
    if (usual && strcmp(config->device, am_fields[AM_F_device].text) == 0) return AM_OK;
    return am_fail(status, AM_ELSEWHERE, "device", "whole.wasm answers for times");
}

int am_cost_rows(am_cost_row rows[AM_MAX_COST_ROWS], am_tape *tape, const am_rates *rates,
                 const uint16_t zone[AM_MAX_LAYER_KINDS])
{
    (void)rows;
    (void)tape;
    (void)rates;
    (void)zone;
    return 0;
}

const am_device *am_device_find(const char *id)
{
    (void)id;
    return NULL;
}
