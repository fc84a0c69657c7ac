/* allocations TEXT: the allocations of a step of which every layer is recorded, gradients of parameters preallocated, in the form of
 * watch.Memory's trace: a line each of f or b, bytes, and live bytes after it. Ends with status 2 where regions would be others than one a
 * layer. For random_cases.py, which compares them with PyTorch's. */
#include "policies.h"
#include "workspace.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define MOST 65536

static am_keep keep_of(am_policy_kind kind)
{
    switch (kind) {
    case AM_POLICY_NONE: return AM_KEEP_EVERYTHING;
    case AM_POLICY_FULL: return AM_KEEP_NOTHING;
    case AM_POLICY_SAVE_MATMULS: return AM_KEEP_MATMULS;
    case AM_POLICY_SAVE_HALF_MATMULS: return AM_KEEP_HALF_MATMULS;
    default: exit(2);
    }
}

static am_record record_of(const am_config *config, am_policy policy)
{
    const bool regions = policy.kind != AM_POLICY_NONE;
    am_record record = {.units = (int)config->layers, .inner = 1, .regions = regions, .hooked = regions};
    am_pattern pattern = am_model_pattern(config);
    if (config->layers > AM_MAX_UNITS) exit(2);
    for (int i = 0; i < record.units; i++) record.kind[i] = (uint8_t)am_pattern_kind(&pattern, i);
    return record;
}

int main(int count, char **texts)
{
    static am_workspace workspace;
    static am_extents extents;
    static am_allocation allocation[MOST];
    am_trace trace = {.allocation = allocation, .allocation_capacity = MOST};
    am_status status;
    am_policy policy;
    am_config config = am_default_config();
    int64_t value[AM_SYMBOL_COUNT];
    if (count != 2 || am_config_parse(&config, texts[1], &status) || am_config_resolve(&config, &status)) return EXIT_FAILURE;
    am_policy_parse(&policy, &config, &status);
    am_keep keep = keep_of(policy.kind);
    am_model_symbols(&config, value);
    am_extents_init(&extents, value);
    if (am_model_record(&workspace.tape, &extents, &config, record_of(&config, policy))) return EXIT_FAILURE;
    am_tape_checkpoint(&workspace.tape, policy.reentrant ? AM_REENTRANT : AM_NON_REENTRANT, keep);
    if (am_step_play(&workspace.step, &workspace.player, &workspace.tape, &trace)) return EXIT_FAILURE;
    for (int i = 0; i < trace.allocations; i++)
        printf("%c %" PRId64 " %" PRId64 "\n", allocation[i].phase == AM_FORWARD ? 'f' : 'b', allocation[i].bytes, allocation[i].live);
}
