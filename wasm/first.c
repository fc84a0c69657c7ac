/* core.wasm in place of the rarer models, stacks and loss heads, and of costs (LATER in the Makefile): whole.wasm answers for
 * them. */
#include <string.h>

#include "build.h"
#include "policies.h"
#include "compile.h"
#include "play.h"
#include "bytes.h"
#include "fit.h"
#include "input.h"
#include "state.h"

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

am_code am_rank_play(am_rank *rank, const am_config *config, const am_stage *const *stage)
{
    (void)rank;
    (void)config;
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

/* ---- states of other optimizers than AdamW, sharding, what fits ---- */

const am_convention am_configured[] = {[AM_ADAMW] = {"configured", "", "", 0, 0, 0, 0}};

/* AdamW's two moments, and gradients, in the dtype of what learns. A part is trainable as a whole or not at all. */
am_state am_state_configured(const am_parameters *parameters, const am_config *config)
{
    (void)config;
    am_state state = {.weights = parameters->bytes};
    for (int i = 0; i < parameters->count; i++)
        if (parameters->part[i].trainable > 0)
            state.gradients = am_add_checked(state.gradients, parameters->part[i].bytes);
    state.optimizer = am_mul_checked(state.gradients, 2);
    return am_state_sum(state);
}

am_code am_state_check(const am_config *config, am_status *status)
{
    static const uint8_t fields[] = {AM_F_optimizer, AM_F_master_weights, AM_F_zero, AM_F_reserve, AM_F_device_memory, AM_F_fit};
    bool other = config->dp != 1 || config->micro_batches != 1 ||
                 config->grad_dtype != (config->trainable == AM_TRAIN_LORA ? config->lora_dtype : config->dtype);
    for (size_t i = 0; i < sizeof fields; i++) {
        const am_field *field = &am_fields[fields[i]];
        other |= field->kind == AM_KIND_TEXT ? strcmp(am_field_text_of(config, field), field->text) != 0
                                             : am_field_number_of(config, field) != field->value;
    }
    return other ? am_fail(status, AM_ELSEWHERE, "", "whole.wasm answers for this key") : AM_OK;
}

am_code am_fit_check(const am_config *config, am_status *status)
{
    (void)config;
    (void)status;
    return AM_OK;
}

am_code am_fit_read(am_fit *fit, const am_config *config, const am_parameters *parameters, const am_outcome *outcome)
{
    (void)config;
    (void)parameters;
    (void)outcome;
    fit->total = 0;
    return AM_OK;
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
    bool usual = config->device_gflops == 0 && config->device_fp32_gflops == 0 && config->device_bandwidth == 0;
    if (usual && strcmp(config->device, am_fields[AM_F_device].text) == 0) return AM_OK;
    return am_fail(status, AM_ELSEWHERE, "device", "whole.wasm answers for times");
}

am_code am_cost_rows(am_cost_row rows[AM_MAX_COST_ROWS], int *count, am_tape *tape, const am_rates *rates,
                     const uint16_t zone[AM_MAX_LAYER_KINDS], const int64_t layers[AM_MAX_LAYER_KINDS], int first)
{
    (void)rows;
    (void)rates;
    (void)zone;
    (void)layers;
    (void)first;
    *count = 0;
    return tape->status.code;
}

const am_device *am_device_find(const char *id)
{
    (void)id;
    return NULL;
}

/* Sharded parameters: the first unit of a record says so, and no record with units is played. */
void am_shard_begin(am_tape *tape)
{
    am_fail(&tape->status, AM_ELSEWHERE, "", "whole.wasm answers for sharded parameters");
}

void am_shard_end(am_tape *tape)
{
    (void)tape;
}

void am_shard_parameter(am_tape *tape, am_var x)
{
    (void)tape;
    (void)x;
}

int64_t am_shard_gradients(const am_tape *tape)
{
    (void)tape;
    return 0;
}

#define PLAYED(name)                                                                                                   \
    void name(am_play *play, const am_instruction *instruction)                                                        \
    {                                                                                                                  \
        (void)play;                                                                                                    \
        (void)instruction;                                                                                             \
    }

PLAYED(am_play_unshard)
PLAYED(am_play_reshard)

void am_compile_ring(am_compiler *compiler, const am_instruction *instruction, am_outputs *out)
{
    (void)compiler;
    (void)instruction;
    (void)out;
}

/* Ranks and the stacks beside hf are answered elsewhere; what is wrong with them, too. */
am_code am_stack_check(const am_config *config, am_status *status)
{
    bool other = config->stack != AM_STACK_HF || config->etp != config->tp || config->vpp != 1 ||
                 config->schedule != AM_1F1B || config->micro_batches != 1;
    for (int i = 0; i < AM_FIELD_COUNT && !other; i++) {
        const am_field *field = &am_fields[i];
        if (field->group != AM_PARALLEL || field->value == AM_AUTO) continue;
        other = field->kind == AM_KIND_TEXT ? *am_field_text_of(config, field) != '\0'
                                            : am_field_number_of(config, field) != field->value;
    }
    return other ? am_fail(status, AM_ELSEWHERE, "", "whole.wasm answers for this stack") : AM_OK;
}

am_code am_stack_check_policy(const am_config *config, am_policy policy, am_status *status)
{
    (void)policy;
    if (!config->distribute_saved) return AM_OK;
    return am_fail(status, AM_ELSEWHERE, "", "whole.wasm answers for this policy");
}
