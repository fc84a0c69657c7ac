/* The frontier of a pipeline: the highest peak of all ranks against what runs again on all of them. */
#include <string.h>

#include "bytes.h"
#include "evaluate.h"

/* A row takes the place of the one before it. */
static void replace_row(am_frontier_report *out, am_rank_plans *plans)
{
    const int to = out->rows - 1, from = out->rows;
    out->row[to] = out->row[from];
    memcpy(out->rank_peak[to], out->rank_peak[from], sizeof out->rank_peak[to]);
    memcpy(out->rank_time[to], out->rank_time[from], sizeof out->rank_time[to]);
    memcpy(plans->row[to], plans->row[from], sizeof plans->row[to]);
    out->rows--;
}

/* A row for the cheapest plans of all ranks below so many bytes, for which each has plans, unless the row before it costs no more. Searches that ended early may
 * find one for more bytes that peaks no higher. */
static void add_row(am_evaluation *evaluation, int64_t bytes)
{
    am_frontier_report *out = &evaluation->report->frontier;
    am_rank_plans *plans = &evaluation->workspace->rank_plans;
    am_frontier_row *row = &out->row[out->rows];
    *row = (am_frontier_row){.runs = AM_MAX_FRONTIER_RUNS + 1};
    for (int64_t i = 0; i < evaluation->config->pp; i++) {
        int64_t smallest;
        plans->target[i] = bytes;
        am_rank_plans_choose(evaluation, i, &smallest);
        plans->doubt.stopped += plans->chain.complete && !plans->chain.lowered;
        int64_t peak = am_rank_chain_peak(&plans->chain, plans->chain.best);
        row->peak_bytes = am_larger(row->peak_bytes, peak);
        row->recomputed_time += plans->chain.cost;
        if (i >= out->ranks) continue;
        out->rank_peak[out->rows][i] = peak;
        out->rank_time[out->rows][i] = plans->chain.cost;
    }
    if (out->rows > 0 && row[-1].recomputed_time <= row->recomputed_time) return;
    memcpy(plans->row[out->rows], plans->chosen, (size_t)(evaluation->config->pp * evaluation->config->vpp) * sizeof *plans->chosen);
    while (out->rows > 0 && out->row[out->rows - 1].peak_bytes >= out->row[out->rows].peak_bytes) replace_row(out, plans);
    out->rows++;
}

/* The FLOPs of all rows' stages of a kind. */
__attribute__((noinline)) static void add_flops(am_evaluation *evaluation, int kind)
{
    am_config config;
    am_workspace *workspace = evaluation->workspace;
    const am_rank_plans *plans = &workspace->rank_plans;
    am_frontier_report *out = &evaluation->report->frontier;
    am_evaluation stage = am_stage_evaluation(evaluation, &workspace->stage[kind], &config);
    am_stage_plans_search(&stage, kind); /* as when its plans were listed */
    for (int64_t rank = 0; rank < evaluation->config->pp; rank++) {
        am_chunk chunk[AM_MAX_CHUNKS];
        int chunks = am_rank_chunks(evaluation->config, rank, chunk);
        for (int i = 0; i < chunks; i++)
            for (int j = 0; j < out->rows && am_stage_kind_of(plans->kinds, workspace->stage, &chunk[i]) == kind; j++)
                out->row[j].recomputed_flops += am_choices_flops(&stage, plans->row[j][chunk[i].stage]);
    }
}

/* The highest peak of all ranks under a plan of the list. Returns what runs again on all of them; -1: it is beyond 2^53 bytes, or no plan of the list's. */
static int64_t measure(const am_evaluation *evaluation, am_plan *plan)
{
    am_evaluation own = *evaluation;
    int64_t time = 0;
    int kinds;
    own.policy = &plan->policy;
    own.report = NULL;
    if (plan->policy.kind == AM_POLICY_BUDGET) return -1; /* no plan of a pipeline moves anything, or is a schedule */
    am_code code = am_stages_load(&own, &kinds);
    for (int64_t i = 0; i < own.config->pp && code == AM_OK; i++) {
        const am_stage *stage[AM_MAX_CHUNKS];
        am_chunk chunk[AM_MAX_CHUNKS];
        am_rank rank = {.rank = i, .chunks = am_rank_chunks(own.config, i, chunk)};
        for (int j = 0; j < rank.chunks; j++) {
            stage[j] = am_stage_of(&own, kinds, &chunk[j]);
            time += stage[j]->recomputed_time;
        }
        code = am_rank_play(&rank, own.config, stage);
        plan->rank_peak = am_larger(plan->rank_peak, am_rank_peak(&rank));
    }
    if (code) plan->rank_peak = -1;
    return code ? -1 : time;
}

/* How far it is from the frontier. */
static void compare(const am_frontier_report *frontier, am_plan *plan, int64_t time)
{
    plan->excess_bytes = plan->excess_time = -1;
    for (int i = 0; i < frontier->rows; i++)
        if (frontier->row[i].peak_bytes <= plan->rank_peak) plan->excess_time = time - frontier->row[i].recomputed_time;
    for (int i = frontier->rows; i-- > 0;)
        if (frontier->row[i].recomputed_time <= time)
            plan->excess_bytes = plan->rank_peak - frontier->row[i].peak_bytes;
}

/* Compares all of them, and returns how many cost less than the frontier's row below their peak: their peaks are between two budgets. */
static int compare_all(am_report *report, const int64_t time[AM_MAX_PLANS], int64_t peak[AM_MAX_PLANS])
{
    int below = 0;
    for (int i = 0; i < report->plans; i++) {
        if (time[i] < 0) continue;
        compare(&report->frontier, &report->plan[i], time[i]);
        if (report->plan[i].excess_time < -1) peak[below++] = report->plan[i].rank_peak;
    }
    return below;
}

/* Budgets in equal steps from the lowest that all ranks have plans for to where nothing runs again: with several chunks, whose
 * combinations are searched anew for each, fewer of them; and some others. False: a rank's schedule has too many moments. */
static bool add_rows(am_evaluation *evaluation, int others, const int64_t other[AM_MAX_PLANS])
{
    am_rank_plans *plans = &evaluation->workspace->rank_plans;
    int rows = evaluation->config->vpp > 1 ? AM_MAX_FRONTIER_ROWS / 4 : AM_MAX_FRONTIER_ROWS, steps = rows - others;
    int64_t low = 0, bare = 0, high = 0, budget[AM_MAX_FRONTIER_ROWS];
    for (int64_t i = 0; i < evaluation->config->pp; i++) {
        if (am_rank_plans_chain(evaluation, i)) return false;
        am_stage_plans_swap(plans);
        bare = am_larger(bare, am_rank_lowest(&plans->chain));
        am_stage_plans_swap(plans);
        low = am_larger(low, am_rank_lowest(&plans->chain));
        am_rank_search(&plans->chain, AM_MAX_BYTES);
        am_rank_lower(&plans->chain);
        high = am_larger(high, am_rank_chain_peak(&plans->chain, plans->chain.best));
    }
    plans->doubt.outlived |= bare < low;
    for (int i = 0; i < rows; i++) {
        int64_t own = i < steps ? low + (high - low) * i / (steps - 1) : other[i - steps];
        int to = i;
        for (; to > 0 && budget[to - 1] > own; to--) budget[to] = budget[to - 1];
        budget[to] = own;
    }
    for (int i = 0; i < rows; i++) add_row(evaluation, budget[i]);
    return true;
}

void am_ranks_report_frontier(am_evaluation *evaluation)
{
    am_report *report = evaluation->report;
    am_frontier_report *out = &report->frontier;
    am_rank_plans *plans = &evaluation->workspace->rank_plans;
    const am_choices *choices = &evaluation->workspace->choices;
    int64_t time[AM_MAX_PLANS], peak[AM_MAX_PLANS];
    if (evaluation->code) return;
    for (int i = 0; i < report->plans; i++) time[i] = measure(evaluation, &report->plan[i]);
    out->rows = out->choices = 0;
    out->ranks = (int)am_smaller(evaluation->config->pp, AM_MAX_FRONTIER_RANKS);
    out->found = !am_stage_plans_list(evaluation);
    const am_doubt doubt = plans->doubt;
    out->found = out->found && add_rows(evaluation, 0, NULL);
    int below = out->found ? compare_all(report, time, peak) : 0;
    if (below > 0) {
        out->rows = 0;
        plans->doubt = doubt;
        add_rows(evaluation, below, peak);
        compare_all(report, time, peak);
    }
    for (int i = 0; i < plans->kinds && out->found; i++) add_flops(evaluation, plans->kinds - 1 - i);
    out->points = out->rows;
    out->candidates = choices->candidates;
    out->undominated = choices->undominated;
    out->choices = 0;
    out->doubt = plans->doubt;
    out->spans = plans->spans;
    for (int i = 0; i < report->plans && !out->found; i++) report->plan[i].rank_peak = -1;
}
