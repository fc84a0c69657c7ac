/* One evaluation: from a configuration to everything the report says. */
#include <string.h>

#include "evaluate.h"
#include "fit.h"

/* ---- parameters ---- */

/* Counted on what is on the tape, where the first layer of each kind stands for all of them. */
am_code am_evaluation_parameters(const am_evaluation *evaluation, am_parameters *parameters)
{
    const am_record *record = &evaluation->workspace->recorded;
    int64_t count[AM_MAX_LAYER_KINDS], layers[AM_MAX_UNITS] = {0};
    am_evaluation_count_kinds(evaluation, 0, evaluation->config->layers, count);
    for (int i = 0; i < am_record_layers(record); i++) {
        layers[i] = count[record->kind[i]];
        count[record->kind[i]] = 0;
    }
    return am_parameters_count(parameters, &evaluation->workspace->tape, layers);
}

/* ---- the only rank ---- */

/* The model on one rank, whose figures are the report's. */
static void add_only_rank(am_report *report)
{
    const am_kind *kind = &report->kind[report->kinds - 1];
    const am_outcome *outcome = &report->outcome;
    int16_t layers = (int16_t)report->config.layers;
    report->chunk[0] = (am_chunk){.layers = layers, .embedding = true, .head = true, .alive = 1};
    report->rank[0] = (am_rank){.layers = layers,
                                .in_flight = 1,
                                .in_flight_by_input = 1,
                                .layer_bytes = kind->bytes / kind->layers_each,
                                .saved_bytes = report->saved_bytes,
                                .after_forward = outcome->after_forward,
                                .forward_peak = outcome->forward_peak,
                                .backward_peak = outcome->backward_peak,
                                .peak_bytes = outcome->step_peak,
                                .parameters = report->parameters.total,
                                .chunks = 1};
    report->ranks = 1;
}

/* ---- the whole ---- */

#ifndef AM_FIRST
/* Why there is no frontier of these; NULL: there is one. */
static const char *no_frontier(const am_config *config)
{
    if (config->stack == AM_STACK_PAPER)
        return "the paper's equations know three policies, for all layers alike: checkpoint=none, modules:core_attn and full";
    if (config->pp > 1 && config->schedule >= AM_INTERLEAVED_ZERO_BUBBLE)
        return "each part of a backward in two parts would run a region again by itself, and no framework does: checkpoint=none";
    return NULL;
}
#endif

static void begin(am_evaluation *evaluation)
{
    int64_t value[AM_SYMBOL_COUNT];
    am_workspace *workspace = evaluation->workspace;
    am_model_symbols(evaluation->config, value);
    am_extents_init(evaluation->extents, value);
    memset(workspace->played, 0, sizeof workspace->played);
    workspace->recorded = (am_record){0};
}

#ifndef AM_FIRST
/* The runs of a list of regions, in the workspace. */
static void lay_regions(am_evaluation *evaluation, am_policy policy)
{
    am_workspace *workspace = evaluation->workspace;
    am_regions next;
    workspace->parts = 0;
    for (const char *list = policy.regions; list;) {
        am_policy_next_regions(&list, &next);
        am_part_plan part = {AM_PROFILE_PLAIN, next.count, 1};
        if (next.layers > 0)
            part = (am_part_plan){am_profile_for(evaluation, policy, next.layers), next.count, next.layers};
        workspace->parts = am_part_append(workspace->part, workspace->parts, part);
    }
}
#endif

/* What a policy leaves to be found. */
static void settle(am_evaluation *evaluation, am_policy *policy)
{
#ifndef AM_FIRST
    if (evaluation->config->pp > 1)
        am_stages_settle(evaluation, policy);
    else
#endif
        if (policy->kind == AM_POLICY_BEST_SEGMENTS)
        policy->count = am_evaluation_best_segment(evaluation, policy->reentrant);
    if (policy->kind == AM_POLICY_SAVE_LIST)
        evaluation->workspace->listed[0] = (am_listed){{{policy->ops[0], policy->ops[1]}, 0}, 0};
#ifndef AM_FIRST
    evaluation->workspace->choices.searched = false;
    evaluation->workspace->choices.dears = 0;
    if (policy->kind == AM_POLICY_REGIONS) lay_regions(evaluation, *policy);
    if (policy->kind == AM_POLICY_BUDGET && evaluation->config->pp > 1)
        am_ranks_plan(evaluation, policy->count);
    else if (policy->kind == AM_POLICY_BUDGET)
        am_choices_keep_below(evaluation, policy->count);
#endif
}

static void evaluate(am_evaluation *evaluation)
{
    am_report *report = evaluation->report;
    begin(evaluation);
    settle(evaluation, &report->policy);
    if (!evaluation->code) am_evaluation_choose(evaluation);
#ifndef AM_FIRST
    if (evaluation->config->timeline == AM_TIMELINE_COMPONENTS && !evaluation->code) am_evaluation_read_parts(evaluation);
#endif
    am_evaluation_read_gathered(evaluation);
    if (!evaluation->code) evaluation->code = am_evaluation_parameters(evaluation, &report->parameters);
    am_evaluation_list_plans(evaluation);
#ifndef AM_FIRST
    report->doubt = am_budget_doubt(evaluation->workspace, report->policy, &report->outcome);
    if (evaluation->config->frontier) report->frontier.why_not = no_frontier(evaluation->config);
    if (evaluation->config->frontier && !report->frontier.why_not) {
        if (evaluation->config->pp > 1)
            am_ranks_report_frontier(evaluation);
        else
            am_choices_report(evaluation);
    }
    bool planned = report->policy.kind == AM_POLICY_BUDGET || report->policy.kind == AM_POLICY_REGIONS;
    if (planned && evaluation->config->pp == 1 && !evaluation->code) am_choices_report_plan(evaluation, 0, 0);
#endif
    if (evaluation->code) return;
#ifndef AM_FIRST
    if (evaluation->config->pp > 1) {
        evaluation->code = am_ranks_read(evaluation, &report->fit);
        return;
    }
#endif
    add_only_rank(report);
    evaluation->code = am_fit_read(&report->fit, evaluation->config, &report->parameters, &report->outcome);
}

/* Says what went wrong. */
static am_code end(const am_evaluation *evaluation, am_status *status)
{
    if (evaluation->code == AM_OK) return AM_OK;
    *status = evaluation->workspace->tape.status;
    if (status->code) return status->code;
    if (evaluation->code == AM_TOO_LARGE)
        return am_fail(
            status, AM_TOO_LARGE, "seq",
            "bytes would exceed 2^53, or FLOPs 2^62: a shorter seq, a smaller batch or fewer layers would fit");
    return am_fail(status, evaluation->code, "timeline",
                   "this model's record or timeline is longer than this build can hold: timeline=modules");
}

__attribute__((noinline)) /* its frame stands beside no other */
am_code am_evaluate(am_report *report, am_workspace *workspace, const am_config *config, am_status *status)
{
    *status = (am_status){0};
    report->config = *config;
    if (am_config_resolve(&report->config, status)) return status->code;
    am_policy_parse(&report->policy, &report->config, status); /* which is right, and so are the rates: it is resolved */
#ifdef AM_FIRST
    if (report->policy.kind >= AM_POLICY_SAVE_LIST || report->config.autocast) return am_fail(status, AM_ELSEWHERE, "", "");
#endif
    report->preset = am_preset_find(report->config.model);
    report->kinds = report->rows = report->dropped_rows = report->plans = report->points = report->ranks = 0;
    report->worst_rank = 0;
    report->frontier.found = false; /* the rest is read only where it is */
    report->frontier.why_not = NULL;
#ifndef AM_FIRST
    report->plan_runs.runs = report->plan_runs.choices = 0;
    report->doubt = (am_doubt){0};
    report->parted = false;
    report->switches.framework = NULL;
#endif
    report->answers = report->changes = 0;
    report->usual.id = NULL;
    am_evaluation evaluation = {.report = report,
                                .workspace = workspace,
                                .config = &report->config,
                                .policy = &report->policy,
                                .timed = true,
                                .extents = &report->extents,
                                .pattern = am_model_pattern(&report->config)};
    am_rates_of(&report->config, &evaluation.rates, status);
    report->rates = evaluation.rates;
    report->device = am_device_find(report->config.device);
    report->cost_rows = 0;
    evaluate(&evaluation);
    return end(&evaluation, status);
}

#ifndef AM_FIRST
static bool is_chosen_by_times(am_policy policy)
{
    switch (policy.kind) {
    case AM_POLICY_BUDGET:
    case AM_POLICY_MEMORY_BUDGET:
    case AM_POLICY_ROTOR: return true;
    default: return false;
    }
}

static am_code evaluate_totals(am_totals *totals, am_workspace *workspace, const am_config *config, bool timed, am_status *status)
{
    *status = (am_status){0};
    totals->config = *config;
    if (am_config_resolve(&totals->config, status)) return status->code;
    am_policy_parse(&totals->policy, &totals->config, status);
    am_evaluation evaluation = {.workspace = workspace,
                                .config = &totals->config,
                                .policy = &totals->policy,
                                .timed = timed || is_chosen_by_times(totals->policy),
                                .rank = totals->rank,
                                .extents = &workspace->extents,
                                .pattern = am_model_pattern(&totals->config)};
    am_rates_of(&totals->config, &evaluation.rates, status);
    begin(&evaluation);
    settle(&evaluation, &totals->policy);
    am_evaluation_compose(&evaluation, totals->policy, &totals->outcome);
    if (!evaluation.code) evaluation.code = am_evaluation_parameters(&evaluation, &totals->parameters);
    if (!evaluation.code)
        evaluation.code = totals->config.pp > 1
                              ? am_ranks_read(&evaluation, &totals->fit)
                              : am_fit_read(&totals->fit, &totals->config, &totals->parameters, &totals->outcome);
    return end(&evaluation, status);
}

am_code am_evaluate_totals(am_totals *totals, am_workspace *workspace, const am_config *config, am_status *status)
{
    return evaluate_totals(totals, workspace, config, false, status);
}

am_code am_evaluate_costs(am_totals *totals, am_workspace *workspace, const am_config *config, am_status *status)
{
    return evaluate_totals(totals, workspace, config, true, status);
}
#endif
