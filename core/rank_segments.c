/* Equal segments for each stage of a pipeline: those with which its rank, with all the chunks that it holds at once, peaks lowest. */
#include "bytes.h"
#include "evaluate.h"
#include "proven.h"

/* Equal segments of every length, as plans of a kind of stage: of equal peaks the one that keeps least is best. */
__attribute__((noinline)) static am_code list_segments(const am_evaluation *evaluation, int kind, bool reentrant)
{
    am_config config;
    am_workspace *workspace = evaluation->workspace;
    am_rank_plans *plans = &workspace->rank_plans;
    am_stage *load = &workspace->stage[kind];
    am_evaluation stage = am_stage_evaluation(evaluation, load, &config);
    am_code code = AM_OK;
    int64_t tried = 0;
    plans->first[kind] = plans->plans;
    plans->renewed[kind] = 0;
    for (int64_t segments = load->layers; segments > 0 && !code; segments--) {
        int64_t length = am_divide_up(load->layers, segments);
        if (length == tried) continue;
        tried = length;
        code = am_stage_load(&stage, (am_policy){.kind = AM_POLICY_EVERY, .count = length, .reentrant = reentrant}, load);
        int64_t peak = am_larger(load->forward, load->backward);
        plans->plan[plans->plans++] =
            (am_stage_plan){peak, peak, load->kept, load->saved, (int32_t)length, 0}; /* regions keep no results */
    }
    plans->first[kind + 1] = plans->plans;
    am_stage_plans_sort(&plans->plan[plans->first[kind]], plans->plans - plans->first[kind]);
    return code;
}

/* The segments of a rank's chunks with the lowest peak by its schedule. */
static am_code choose_segments(const am_evaluation *evaluation, int64_t rank)
{
    am_workspace *workspace = evaluation->workspace;
    am_rank_chain *chain = &workspace->rank_plans.chain;
    am_chunk chunk[AM_MAX_CHUNKS];
    int chunks = am_rank_chunks(evaluation->config, rank, chunk);
    am_code code = am_rank_plans_chain(evaluation, rank);
    if (code) return code;
    am_rank_lowest(chain);
    for (int i = 0; i < chunks; i++) workspace->best_segment[chunk[i].stage] = (int16_t)chain->plan[i][chain->best[i]].index;
    return AM_OK;
}

/* What a micro-batch takes by them on the stages of a kind. */
__attribute__((noinline)) static am_code take_segments(const am_evaluation *evaluation, int kind, am_policy policy)
{
    am_config config;
    am_workspace *workspace = evaluation->workspace;
    am_evaluation stage = am_stage_evaluation(evaluation, &workspace->stage[kind], &config);
    for (int64_t rank = 0; rank < evaluation->config->pp; rank++) {
        am_chunk chunk[AM_MAX_CHUNKS];
        int chunks = am_rank_chunks(evaluation->config, rank, chunk);
        for (int i = 0; i < chunks; i++) {
            if (am_stage_kind_of(workspace->rank_plans.kinds, workspace->stage, &chunk[i]) != kind) continue;
            am_stage *load = &workspace->rank_plans.stage[chunk[i].stage];
            *load = workspace->stage[kind];
            const am_code code = am_stage_load(&stage, am_stage_policy(evaluation, policy, chunk[i].stage), load);
            if (AM_NEVER(code)) return code; /* segments of each length were loaded when they were listed */
        }
    }
    return AM_OK;
}

void am_ranks_best_segments(am_evaluation *evaluation, am_policy policy)
{
    am_workspace *workspace = evaluation->workspace;
    am_rank_plans *plans = &workspace->rank_plans;
    am_code code = AM_OK;
    plans->kinds = am_stage_kinds(evaluation->config, workspace->stage);
    plans->plans = 0;
    for (int i = 0; i < plans->kinds && !code; i++) code = list_segments(evaluation, i, policy.reentrant);
    for (int64_t i = 0; i < evaluation->config->pp * evaluation->config->vpp; i++) workspace->best_segment[i] = 1;
    const bool choice = plans->plans > plans->kinds; /* a layer alone has none */
    for (int64_t i = 0; i < evaluation->config->pp && choice && !code; i++) code = choose_segments(evaluation, i);
    for (int i = 0; i < plans->kinds && !code; i++) code = take_segments(evaluation, i, policy);
    evaluation->code = code;
    if (code == AM_CAPACITY) am_rank_plans_refuse(workspace);
}
