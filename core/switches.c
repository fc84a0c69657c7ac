/* Beside a budget's plan, for which a framework may need a loop of one's own: the cheapest plan that its own switches can say. They are
 * few, so that all of them are evaluated. */
#include "bytes.h"
#include "fit.h"
#include "wiring.h"

#include <string.h>

typedef struct am_switch_search {
    am_report *report;
    am_workspace *workspace;
    am_config config; /* as it was given; the policy is changed in it */
    am_switches *best;
    bool fitted; /* the last plan is below the budget */
} am_switch_search;

/* The highest of all ranks. */
static int64_t peak_of(const am_totals *totals)
{
    int64_t peak = 0;
    if (totals->config.pp == 1) return am_outcome_peak(&totals->outcome);
    for (int64_t i = 0; i < totals->config.pp; i++) peak = am_larger(peak, am_rank_peak(&totals->rank[i]));
    return peak;
}

/* Below the budget comes before above it; there less to run again, then a lower peak, here a lower peak alone. */
static bool is_better(const am_switches *best, bool found, int64_t peak, int64_t time)
{
    if (best->tried == 0 || found != best->found) return best->tried == 0 || found;
    if (found && time != best->recomputed_time) return time < best->recomputed_time;
    return peak < best->peak_bytes;
}

/* Evaluates a policy. False: the stack, or this model, does not have it. */
static bool try_policy(am_switch_search *search, am_policy policy)
{
    am_status status;
    am_totals *totals = &search->workspace->totals;
    am_switches *best = search->best;
    static const char none[] = "none";
    search->fitted = false;
    memcpy(search->config.checkpoint, none, sizeof none);
    if (policy.kind != AM_POLICY_NONE)
        am_policy_text(policy, search->config.checkpoint, sizeof search->config.checkpoint);
    if (am_evaluate_costs(totals, search->workspace, &search->config, &status)) return false;
    int64_t peak = peak_of(totals), time = totals->outcome.recomputed_time;
    search->fitted = peak <= search->report->policy.count;
    bool better = is_better(best, search->fitted, peak, time);
    best->tried++;
    if (!better) return true;
    best->found = search->fitted;
    best->policy = totals->policy;
    best->saved_bytes = totals->outcome.saved_bytes;
    best->peak_bytes = peak;
    best->recomputed_flops = totals->outcome.recomputed_flops;
    best->recomputed_time = time;
    best->ranks = totals->config.pp > 1 ? (int)totals->config.pp : 0;
    memcpy(best->rank, totals->rank, (size_t)best->ranks * sizeof *best->rank);
    return true;
}

/* The layers of the longest chunk. */
static int64_t most_layers(const am_config *config)
{
    int64_t most = 0;
    for (int64_t i = 0; i < config->pp * config->vpp; i++) most = am_larger(most, am_stage_layers(config, i));
    return most;
}

/* --recompute-method block with each number of layers, uniform with each, selective with each set of modules. With one layer more the
 * same layers run again and another: what follows the first number that is below the budget costs more. */
static void try_flags(am_switch_search *search)
{
    int64_t layers = most_layers(&search->report->config);
    bool enough = false;
    for (int64_t i = 1; i < layers && !enough; i++) {
        try_policy(search, (am_policy){.kind = AM_POLICY_BLOCK, .count = i});
        enough = search->fitted;
    }
    for (int64_t i = 1; i <= layers && !enough; i++)
        try_policy(search, (am_policy){.kind = AM_POLICY_UNIFORM, .count = i});
    for (unsigned set = 1; set <= AM_MODULES_ALL; set++)
        try_policy(search, (am_policy){.kind = AM_POLICY_MODULES, .modules = (uint8_t)set});
}

/* The framework of a stack that has switches; NULL: it has none. */
static const char *framework_of(const am_config *config)
{
    if (am_wiring_of(config)->any) return "Megatron-LM";
    switch (config->stack) {
    case AM_STACK_HF:
    case AM_STACK_LIGER: return "transformers";
    case AM_STACK_TORCH: return "torchtitan";
    default: return NULL;
    }
}

/* A frame of its own: it holds a configuration. */
__attribute__((noinline)) static void search_all(am_report *report, am_workspace *workspace, const am_config *given)
{
    am_switches *best = &report->switches;
    am_switch_search search = {.report = report, .workspace = workspace, .config = *given, .best = best};
    search.config.reentrant = AM_AUTO; /* the framework's own default */
    best->tried = 0;
    best->found = false;
    workspace->totals.rank = workspace->switch_rank;
    try_policy(&search, (am_policy){.kind = AM_POLICY_NONE});
    if (am_wiring_of(&report->config)->any)
        try_flags(&search);
    else
        try_policy(&search, (am_policy){.kind = AM_POLICY_FULL});
    if (report->config.stack == AM_STACK_TORCH) try_policy(&search, (am_policy){.kind = AM_POLICY_SAVE_HALF_MATMULS});
    workspace->totals.rank = NULL;
}

void am_switches_search(am_report *report, am_workspace *workspace, const am_config *given)
{
    report->switches.framework = report->policy.kind == AM_POLICY_BUDGET ? framework_of(&report->config) : NULL;
    if (report->switches.framework) search_all(report, workspace, given);
}
