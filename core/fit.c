/* The total of a training step on one GPU, against its memory. */
#include "fit.h"

#include <string.h>

#include "bytes.h"
#include "input.h"
#include "state.h"
#include "wiring.h"

/* Whether gradients are there throughout the step: those of earlier micro-batches, or a buffer of another type that they are
 * added to (Megatron-Core's main_grad). Else they start as None (zero_grad's default) and are made in backward, FSDP2's with fp32
 * shards as others. */
static bool gradients_stay(const am_config *config)
{
    int own = am_trainable_dtype(config);
    static const int types[] = {AM_FP32, AM_BF16, AM_FP16};
    return config->micro_batches > 1 || (config->zero < 3 && types[config->grad_dtype] != own);
}

/* ZeRO 2 gives each gradient to the rank whose part it is in, and lets go of it. The first one that is in its own part makes a rank
 * allocate the whole part: on the one that has the model's end, the first of all. Source: DeepSpeed 0.19.6,
 * runtime/zero/stage_1_and_2.py, reduce_ipg_grads and copy_grads_in_partition; its buckets (reduce_bucket_size) are communication
 * buffers, which are not counted. */
static bool gradients_go(const am_config *config)
{
    return config->zero == 2 && am_is_shared_out(config);
}

/* Sizes have been checked. */
static int64_t size_of(const char *text, int64_t otherwise)
{
    int64_t bytes = otherwise;
    if (*text) am_read_bytes(text, strlen(text), &bytes);
    return bytes;
}

/* What a micro-batch peaks at. */
typedef struct am_peaks {
    int64_t peak;    /* the highest of forward and backward, gradients apart */
    int64_t step;    /* where they start as None and count */
    int64_t learned; /* from the first of them on, they apart */
} am_peaks;

static am_code add_up(am_fit *fit, const am_config *config, const am_parameters *parameters, am_peaks peaks)
{
    const am_device *device = am_device_find(config->device);
    *fit = (am_fit){.memory = size_of(config->device_memory, device ? device->memory : -1),
                    .reserve = size_of(config->reserve, 0),
                    .gradients_stay = gradients_stay(config)};
    fit->state = am_state_configured(parameters, config);
    fit->activations = fit->gradients_stay ? peaks.peak : peaks.step;
    if (!fit->gradients_stay && gradients_go(config))
        fit->activations = am_larger(peaks.peak, am_add_checked(peaks.learned, fit->state.gradients));
    int64_t held = am_add_checked(am_add_checked(fit->state.weights, fit->state.master), fit->state.optimizer);
    if (fit->gradients_stay) held = am_add_checked(held, fit->state.gradients);
    fit->total = am_add_checked(held, fit->activations);
    return fit->total < 0 ? AM_TOO_LARGE : AM_OK;
}

am_code am_fit_read(am_fit *fit, const am_config *config, const am_parameters *parameters, const am_outcome *outcome)
{
    return add_up(fit, config, parameters, (am_peaks){am_outcome_peak(outcome), outcome->step_peak, outcome->learned_peak});
}

am_code am_fit_stage(am_workspace *workspace, int kind)
{
    return am_parameters_list(&workspace->rank_parameters, &workspace->stage_parameters, workspace->stage_tensors[kind]);
}

static void add_chunk(am_workspace *workspace, const am_chunk *chunk, int kinds)
{
    am_parameters *sum = &workspace->rank_parameters;
    int kind = am_stage_kind_of(kinds, workspace->stage, chunk);
    for (int k = 0; k < sum->kinds; k++) sum->alike[k].count += workspace->stage_tensors[kind][k];
}

am_code am_fit_rank(am_fit *fit, am_workspace *workspace, const am_config *config, const am_rank *rank, const am_chunk *chunk,
                    int kinds)
{
    am_parameters *sum = &workspace->rank_parameters;
    for (int i = 0; i < sum->kinds; i++) sum->alike[i].count = 0;
    for (int i = 0; i < rank->chunks; i++) add_chunk(workspace, &chunk[i], kinds);
    am_code code = add_up(fit, config, sum, (am_peaks){am_rank_peak(rank), rank->peak_bytes, rank->learned_peak});
    fit->rank = rank->rank;
    return code;
}

const char *am_fit_part(const am_fit *fit, int index, int64_t *bytes)
{
    const struct {
        const char *name;
        int64_t bytes;
    } parts[] = {
        {"parameters", fit->state.weights},
        {"master weights", fit->state.master},
        {"optimizer states", fit->state.optimizer},
        {"gradients", fit->gradients_stay ? fit->state.gradients : 0},
        {fit->gradients_stay || fit->state.gradients == 0 ? "activations" : "activations and gradients", fit->activations},
    };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (parts[i].bytes == 0 || index-- > 0) continue;
        *bytes = parts[i].bytes;
        return parts[i].name;
    }
    return NULL;
}

/* ---- checks ---- */

static am_code check_size(const char *key, const char *text, int64_t *bytes, am_status *status)
{
    *bytes = -1;
    return *text ? am_read_size(key, "", text, 150000, bytes, status) : AM_OK;
}

am_code am_fit_check(const am_config *config, am_status *status)
{
    int64_t memory, reserve;
    am_code code = check_size("device_memory", config->device_memory, &memory, status);
    if (code == AM_OK) code = check_size("reserve", config->reserve, &reserve, status);
    if (code != AM_OK) return code;
    const am_device *device = am_device_find(config->device);
    if (memory < 0 && device) memory = device->memory;
    if (memory == 0)
        return am_fail(status, AM_OUT_OF_RANGE, "device_memory", "device_memory must be above 0, such as 80GiB");
    if (memory > 0 && reserve >= memory)
        return am_fail(status, AM_CONFLICT, "reserve", "reserve=%s leaves nothing of the GPU's %b bytes: make it smaller",
                       config->reserve, memory);
    if (!config->fit) return AM_OK;
    if (memory < 0)
        return am_fail(status, AM_MISSING, "device_memory", "fit=yes asks what fits: say into what, as device_memory=80GiB");
    return AM_OK;
}
