/* Plans of a pipeline's stages: of each kind of stage a front of plans, their peaks, what stays between forward and backward, and time to
 * run again. */
#include "bytes.h"
#include "evaluate.h"
#include "proven.h"

static bool before(const am_stage_plan *x, const am_stage_plan *y)
{
    return x->cost != y->cost ? x->cost < y->cost : x->kept < y->kept;
}

static void sift(am_stage_plan *heap, int root, int count)
{
    for (int child; (child = 2 * root + 1) < count; root = child) {
        if (child + 1 < count && before(&heap[child], &heap[child + 1])) child++;
        if (!before(&heap[root], &heap[child])) return;
        const am_stage_plan other = heap[root];
        heap[root] = heap[child];
        heap[child] = other;
    }
}

void am_stage_plans_sort(am_stage_plan *plan, int count)
{
    for (int i = count / 2; i-- > 0;) sift(plan, i, count);
    for (int i = count - 1; i > 0; i--) {
        const am_stage_plan last = plan[i];
        plan[i] = plan[0];
        plan[0] = last;
        sift(plan, 0, i);
    }
}

void am_stage_plans_swap(am_rank_plans *plans)
{
    for (int i = 0; i < plans->plans; i++) {
        am_stage_plan *plan = &plans->plan[i];
        const int64_t peak = plan->peak;
        plan->peak = plan->bare;
        plan->bare = peak;
    }
}


bool am_stage_plans_search(am_evaluation *stage, int kind)
{
    am_workspace *workspace = stage->workspace;
    if (workspace->rank_plans.kind != kind) workspace->choices.searched = false;
    workspace->rank_plans.kind = kind;
    am_choices_search(stage, true); /* its figures have been found: those of all stages are loaded */
    return workspace->choices.found;
}

/* Does a choice of a layer leave something for good? */
static bool outlives(const am_choices *choices)
{
    for (int i = 0; i < choices->classes * choices->used; i++)
        if (choices->link[i].outlived) return true; /* what passes on to another layer comes beside that */
    return false;
}

/* What a layer makes anew, if it keeps that: it is the same in all. */
static int64_t renewed_by_layer(const am_choices *choices)
{
    int64_t most = 0;
    for (int i = 0; i < choices->used; i++)
        for (int class = 0; class < choices->classes; class++) {
            const am_plan_unit *unit = &choices->unit[choices->chosen[i]][class];
            if (unit->recomputed_time >= 0) most = am_larger(most, unit->renewed); /* there is such a choice there */
        }
    return most;
}

/* A frame of its own: it holds a configuration. */
__attribute__((noinline)) static am_code list_plans(const am_evaluation *evaluation, int kind)
{
    am_config config;
    am_workspace *workspace = evaluation->workspace;
    am_rank_plans *plans = &workspace->rank_plans;
    am_evaluation stage = am_stage_evaluation(evaluation, &workspace->stage[kind], &config);
    if (!am_stage_plans_search(&stage, kind)) return AM_CAPACITY;
    const am_choices *choices = &workspace->choices;
    const am_front front = am_frontier_plans(&workspace->frontier);
    int64_t beneath = choices->ends.forward - workspace->stage[kind].lasting, each = renewed_by_layer(choices);
    if (plans->plans + front.count > AM_MAX_STAGE_PLANS) return AM_CAPACITY;
    plans->first[kind] = plans->plans;
    plans->renewed[kind] = each;
    for (int i = 0; i < front.count; i++) {
        int64_t bare = am_larger(front.peak[i], choices->chain.before), renewed = 0;
        int64_t peak = config.experts > 0 || workspace->frontier.cached ? am_choices_peak(&stage, i, &renewed) : bare;
        int32_t layers = (int32_t)(renewed > 0 && AM_ALWAYS(each > 0) /* it is some of these */ ? renewed / each : 0);
        plans->plan[plans->plans++] = (am_stage_plan){beneath + peak, beneath + bare, choices->kept + front.rest[i], front.cost[i], i, layers};
    }
    plans->first[kind + 1] = plans->plans;
    plans->doubt.hull |= choices->hull;
    plans->doubt.apart |= choices->apart;
    plans->doubt.cached |= workspace->frontier.cached;
    plans->outlives |= outlives(choices);
    plans->spans |= am_choices_spans(choices);
    am_stage_plans_sort(&plans->plan[plans->first[kind]], front.count);
    return AM_OK;
}

am_code am_stage_plans_list(const am_evaluation *evaluation)
{
    am_rank_plans *plans = &evaluation->workspace->rank_plans;
    am_code code = am_stages_load(evaluation, &plans->kinds);
    plans->plans = 0;
    plans->kind = -1;
    plans->doubt = (am_doubt){0};
    plans->spans = 0;
    plans->outlives = false;
    for (int i = 0; i < plans->kinds && code == AM_OK; i++) code = list_plans(evaluation, i);
    return code;
}
