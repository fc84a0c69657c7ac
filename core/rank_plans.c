/* Plans of a pipeline's ranks for a budget: each rank's chunks take theirs from the fronts of their stages, and the schedule is played by
 * them. */
#include <string.h>

#include "bytes.h"
#include "evaluate.h"
#include "policies.h"
#include "proven.h"

am_code am_rank_plans_chain(const am_evaluation *evaluation, int64_t rank)
{
    am_workspace *workspace = evaluation->workspace;
    am_rank_plans *plans = &workspace->rank_plans;
    am_rank_chain *chain = &plans->chain;
    am_chunk chunk[AM_MAX_CHUNKS];
    int64_t scratch = 0;
    int chunks = am_rank_chunks(evaluation->config, rank, chunk);
    if (!am_rank_moments(chain, evaluation->config, rank)) return AM_CAPACITY;
    chain->base = 0;
    for (int i = 0; i < chunks; i++) {
        int kind = am_stage_kind_of(plans->kinds, workspace->stage, &chunk[i]);
        const am_stage *stage = &workspace->stage[kind];
        chain->plan[i] = &plans->plan[plans->first[kind]];
        chain->plans[i] = plans->first[kind + 1] - plans->first[kind];
        chain->renewed[i] = plans->renewed[kind];
        chain->base += stage->lasting - stage->scratch;
        scratch = am_larger(scratch, stage->scratch);
    }
    chain->base += scratch;
    return AM_OK;
}

/* What regions leave for good is in the peaks of a stage's plans, but not in the search for these: one that leaves less may be missing.
 * None is, and none peaks lower, where nothing is left: what costs no less even so is the cheapest. */
static bool might_cost_less(am_rank_plans *plans, int64_t bytes)
{
    am_rank_chain *chain = &plans->chain;
    const int64_t cost = chain->cost;
    const bool complete = chain->complete;
    int best[AM_MAX_CHUNKS];
    memcpy(best, chain->best, sizeof best);
    am_stage_plans_swap(plans);
    am_rank_search(chain, bytes);
    am_stage_plans_swap(plans);
    const bool less = chain->cost < cost || !chain->complete;
    chain->cost = cost;
    chain->complete = complete;
    memcpy(chain->best, best, sizeof best);
    return less;
}

am_code am_rank_plans_choose(const am_evaluation *evaluation, int64_t rank, int64_t *smallest)
{
    am_rank_plans *plans = &evaluation->workspace->rank_plans;
    am_rank_chain *chain = &plans->chain;
    am_chunk chunk[AM_MAX_CHUNKS];
    int chunks = am_rank_chunks(evaluation->config, rank, chunk);
    am_code code = am_rank_plans_chain(evaluation, rank);
    if (code) return code;
    bool found = am_rank_search(chain, plans->target[rank]), complete = chain->complete;
    if (!found) *smallest = am_rank_lowest(chain);
    complete &= chain->complete;
    plans->doubt.stopped += !complete;
    if (!found && *smallest > plans->target[rank]) return AM_OUT_OF_RANGE;
    am_rank_lower(chain);
    if (plans->outlives) plans->doubt.outlived |= might_cost_less(plans, plans->target[rank]);
    for (int i = 0; i < chunks; i++) plans->chosen[chunk[i].stage] = chain->plan[i][chain->best[i]].index;
    return AM_OK;
}

/* There is room: all stages have no more parts than the model has layers. */
static void keep_plan(am_workspace *workspace, int stage)
{
    am_rank_plans *plans = &workspace->rank_plans;
    plans->plan_of[stage].first = (int16_t)plans->parts;
    plans->plan_of[stage].count = (int16_t)workspace->parts;
    memcpy(&plans->part[plans->parts], workspace->part, (size_t)workspace->parts * sizeof *workspace->part);
    plans->parts += workspace->parts;
}

void am_rank_plans_recall(am_workspace *workspace, int stage)
{
    const am_rank_plans *plans = &workspace->rank_plans;
    workspace->parts = plans->plan_of[stage].count;
    memcpy(workspace->part, &plans->part[plans->plan_of[stage].first], (size_t)workspace->parts * sizeof *workspace->part);
}

/* The chosen plans of all stages of a kind, each with what a micro-batch takes by it. */
__attribute__((noinline)) static am_code take_plans(const am_evaluation *evaluation, int kind)
{
    am_config config;
    am_workspace *workspace = evaluation->workspace;
    am_rank_plans *plans = &workspace->rank_plans;
    am_evaluation stage = am_stage_evaluation(evaluation, &workspace->stage[kind], &config);
    am_stage_plans_search(&stage, kind); /* as when its plans were listed */
    for (int64_t rank = 0; rank < evaluation->config->pp; rank++) {
        am_chunk chunk[AM_MAX_CHUNKS];
        int chunks = am_rank_chunks(evaluation->config, rank, chunk);
        for (int i = 0; i < chunks; i++) {
            int own = chunk[i].stage;
            if (am_stage_kind_of(plans->kinds, workspace->stage, &chunk[i]) != kind) continue;
            am_choices_take(&stage, plans->chosen[own]);
            keep_plan(workspace, own);
            plans->stage[own] = workspace->stage[kind];
            am_stage_load(&stage, (am_policy){.kind = AM_POLICY_BUDGET}, &plans->stage[own]);
        }
    }
    return stage.code;
}

/* Plays a rank's schedule by its plans. */
static am_code play_planned(const am_evaluation *evaluation, am_rank *rank)
{
    const am_rank_plans *plans = &evaluation->workspace->rank_plans;
    const am_stage *stage[AM_MAX_CHUNKS];
    am_chunk chunk[AM_MAX_CHUNKS];
    rank->chunks = am_rank_chunks(evaluation->config, rank->rank, chunk);
    for (int i = 0; i < rank->chunks; i++) stage[i] = &plans->stage[chunk[i].stage];
    return am_rank_play(rank, evaluation->config, stage);
}

/* The schedule has the last word. It says what was searched for: layers carry nothing on into the next but their result, since those
 * that return anything beside it (am_build.returned) are transformers', which have no pipelines. */
static am_code check_ranks(const am_evaluation *evaluation, int64_t bytes)
{
    for (int64_t i = 0; i < evaluation->config->pp; i++) {
        am_rank rank = {.rank = i};
        play_planned(evaluation, &rank);
        if (AM_NEVER(am_rank_peak(&rank) > bytes)) return AM_CAPACITY;
    }
    return AM_OK;
}

/* Chooses and takes the plans of all stages; AM_OUT_OF_RANGE: *worst is the rank whose smallest peak is the highest. */
static am_code plan_all(const am_evaluation *evaluation, int64_t *worst, int64_t *smallest)
{
    am_workspace *workspace = evaluation->workspace;
    am_rank_plans *plans = &workspace->rank_plans;
    am_code code = AM_OK;
    *smallest = 0;
    plans->doubt.stopped = 0;
    plans->doubt.outlived = false;
    for (int64_t i = 0; i < evaluation->config->pp && code == AM_OK; i++) {
        int64_t own = 0;
        code = am_rank_plans_choose(evaluation, i, &own);
        if (code != AM_OUT_OF_RANGE) continue;
        if (own > *smallest) *worst = i;
        *smallest = am_larger(*smallest, own);
        code = AM_OK;
    }
    if (!code && *smallest > 0) return AM_OUT_OF_RANGE;
    plans->parts = workspace->listeds = 0;
    for (int i = 0; i < plans->kinds && code == AM_OK; i++) /* the one that was searched last comes first */
        code = take_plans(evaluation, plans->kinds - 1 - i);
    return code;
}

static void gather_runs(am_evaluation *evaluation)
{
    am_workspace *workspace = evaluation->workspace;
    const am_config *config = evaluation->config;
    am_part_plan *all = workspace->planned;
    int count = 0;
    for (int64_t i = 0; i < config->pp * config->vpp; i++) {
        am_rank_plans_recall(workspace, (int)i);
        for (int j = 0; j < workspace->parts; j++) count = am_part_append(all, count, workspace->part[j]);
    }
    memcpy(workspace->part, all, (size_t)count * sizeof *all);
    workspace->parts = count;
    memset(workspace->played, 0, sizeof workspace->played);
    workspace->recorded = (am_record){0};
}

void am_rank_plans_refuse(am_workspace *workspace)
{
    am_fail(&workspace->tape.status, AM_CAPACITY, "checkpoint",
            "no plan was found by what this build can hold: a smaller vpp, or another policy by name, such as full");
}

void am_ranks_plan(am_evaluation *evaluation, int64_t bytes)
{
    am_workspace *workspace = evaluation->workspace;
    am_rank_plans *plans = &workspace->rank_plans;
    int64_t worst = 0, smallest = 0;
    for (int64_t i = 0; i < evaluation->config->pp; i++) plans->target[i] = bytes;
    evaluation->code = am_stage_plans_list(evaluation);
    if (!evaluation->code) evaluation->code = plan_all(evaluation, &worst, &smallest);
    if (!evaluation->code) evaluation->code = check_ranks(evaluation, bytes);
    workspace->doubt = plans->doubt;
    if (evaluation->code == AM_OUT_OF_RANGE && smallest > AM_MAX_BYTES) evaluation->code = AM_TOO_LARGE;
    if (evaluation->code == AM_OUT_OF_RANGE) {
        char text[32];
        evaluation->code = am_fail(&workspace->tape.status, AM_OUT_OF_RANGE, "checkpoint",
                                   plans->doubt.stopped
                                       ? "no plan of pipeline rank %d was found below %b bytes before the search ended; the smallest found "
                                         "peaks at %b bytes: checkpoint=budget:%s, or more of pp or tp"
                                       : "no plan of pipeline rank %d stays below %b bytes; the smallest peaks at %b bytes: "
                                         "checkpoint=budget:%s, or more of pp or tp",
                                   worst, bytes, smallest, am_size_text_near(smallest, text, sizeof text));
    }
    if (evaluation->code == AM_CAPACITY) am_rank_plans_refuse(workspace);
    if (!evaluation->code) gather_runs(evaluation);
}
