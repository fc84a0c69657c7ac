/* What is moved off the GPU between forward and backward, and back. */
#include "policies.h"

#include "bytes.h"

#include <string.h>

int64_t am_link_time(const am_config *config, int64_t bytes)
{
    return (bytes + config->link_bandwidth - 1) / config->link_bandwidth; /* MB/s are bytes a microsecond */
}

/* Copies of what the nodes of a zone have saved: of everything, and of parameters alone. */
typedef struct copies {
    int64_t bytes, weights;
} copies;

/* A parameter, or a view of one. */
static bool is_weight(const am_tape *tape, am_var x)
{
    if (!tape->storage[tape->tensor[x].storage].fixed) return false;
    for (int i = 1; i < tape->tensors; i++)
        if (tape->tensor[i].parameter && tape->tensor[i].storage == tape->tensor[x].storage) return true;
    return false;
}

static void read_copies(const am_tape *tape, copies zone[AM_MAX_UNITS + 2])
{
    memset(zone, 0, (AM_MAX_UNITS + 2) * sizeof *zone);
    for (int i = 1; i < tape->nodes; i++) {
        const am_node *node = &tape->node[i];
        copies *own = &zone[tape->instruction[node->instruction].zone];
        for (int j = node->first_save; j < node->first_save + node->save_count; j++) {
            int64_t bytes = am_tape_copy_bytes(tape, j);
            own->bytes += bytes;
            if (is_weight(tape, tape->save[j])) own->weights += bytes;
        }
    }
}

static void add_copies(am_traffic *traffic, const copies *own)
{
    traffic->host_bytes += own->bytes;
    traffic->weight_bytes += own->weights;
}

static void read_saved(am_evaluation *evaluation, am_traffic *traffic)
{
    const am_profile *profile = am_evaluation_profile(evaluation, AM_PROFILE_HOST_SAVED);
    const am_tape *tape = am_evaluation_tape(evaluation, AM_PROFILE_HOST_SAVED);
    am_stand_of *stand = evaluation->workspace->planner.stand;
    copies zone[AM_MAX_UNITS + 2];
    read_copies(tape, zone);
    am_plan_stands(stand, &evaluation->pattern, profile, evaluation->config->layers);
    add_copies(traffic, &zone[0]);
    add_copies(traffic, &zone[profile->record.units + 1]);
    for (int i = 0; i < evaluation->config->layers; i++) add_copies(traffic, &zone[stand[i].unit + 1]);
}

static void read_inputs(am_evaluation *evaluation, am_policy policy, am_traffic *traffic)
{
    const am_config *config = evaluation->config;
    const am_profile *profile = am_evaluation_profile(evaluation, AM_PROFILE_HOST_INPUTS);
    int64_t whole = config->layers * profile->input_bytes, part = policy.kind == AM_POLICY_OFFLOAD ? whole : whole / config->tp;
    if (policy.kind != AM_POLICY_PARTITION) traffic->host_bytes = part;
    if (policy.kind != AM_POLICY_OFFLOAD) traffic->gathered = whole - part;
}

void am_offload_read(am_evaluation *evaluation, am_policy policy, const am_outcome *outcome, am_traffic *traffic)
{
    if (evaluation->code) return;
    *traffic = (am_traffic){.forward_flops = outcome->forward_flops, .recomputed_flops = outcome->recomputed_flops};
    traffic->forward_time = outcome->forward_time;
    traffic->backward_time = outcome->backward_time + outcome->recomputed_time;
    if (policy.kind == AM_POLICY_OFFLOAD_SAVED)
        read_saved(evaluation, traffic);
    else
        read_inputs(evaluation, policy, traffic);
    traffic->to_host = traffic->from_host = traffic->host_bytes;
    if (AM_NEVER(traffic->host_bytes > AM_MAX_BYTES)) evaluation->code = AM_TOO_LARGE; /* inputs leave room for 64 tensors of fp32 in each layer */
}
