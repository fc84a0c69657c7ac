/* The allocations of a step of which every layer is recorded: for the fixtures' (measured.h), and for random ones (tests/oracle/allocations.c). */
#ifndef EVERY_LAYER_H
#define EVERY_LAYER_H

#include "policies.h"
#include "workspace.h"

/* Plays a resolved configuration in regions of one layer, if its policy checkpoints, into trace->allocation. AM_UNSUPPORTED: its regions are
 * others. */
static inline am_code play_every_layer(am_trace *trace, am_workspace *workspace, am_extents *extents, const am_config *config)
{
    am_status status;
    am_policy policy;
    am_keep keep;
    int64_t value[AM_SYMBOL_COUNT];
    am_pattern pattern = am_model_pattern(config);
    if (am_policy_parse(&policy, config, &status)) return status.code;
    switch (policy.kind) {
    case AM_POLICY_NONE: keep = AM_KEEP_EVERYTHING; break;
    case AM_POLICY_FULL: keep = AM_KEEP_NOTHING; break;
    case AM_POLICY_SAVE_MATMULS: keep = AM_KEEP_MATMULS; break;
    case AM_POLICY_SAVE_HALF_MATMULS: keep = AM_KEEP_HALF_MATMULS; break;
    default: return AM_UNSUPPORTED;
    }
    const bool regions = policy.kind != AM_POLICY_NONE;
    am_record all = {.units = (int)config->layers, .inner = 1, .regions = regions, .hooked = regions};
    if (config->layers > AM_MAX_UNITS) return AM_UNSUPPORTED;
    for (int i = 0; i < all.units; i++) all.kind[i] = (uint8_t)am_pattern_kind(&pattern, i);
    am_model_symbols(config, value);
    am_extents_init(extents, value);
    am_code code = am_model_record(&workspace->tape, extents, config, all);
    if (code) return code;
    am_tape_checkpoint(&workspace->tape, policy.reentrant ? AM_REENTRANT : AM_NON_REENTRANT, keep);
    return am_step_play(&workspace->step, &workspace->player, &workspace->tape, trace);
}

#endif
