/* Plans of a pipeline's ranks. Each kind of stage has a front of plans: peak, what stays between forward and backward, time to run
 * again. A rank holds chunks of several micro-batches at once, as its schedule says; which plan each of its chunks follows is
 * searched by branch and bound over these fronts, so that nothing that a chain could do is left out. */
#include <string.h>

#include "bytes.h"
#include "evaluate.h"
#include "pipeline_schedule.h"
#include "policies.h"
#include "proven.h"

/* ---- the moments of a schedule ---- */

typedef struct am_watch {
    am_rank_chain *chain;
    int32_t alive[AM_MAX_CHUNKS];
    bool full;
} am_watch;

static bool is_below(const am_moment *x, const am_moment *y, int chunks)
{
    if (x->chunk != y->chunk) return false;
    for (int i = 0; i < chunks; i++)
        if (x->beside[i] > y->beside[i]) return false;
    return true;
}

/* Notes a moment unless one stands above it, in place of those that it stands above. */
static void note(am_watch *watch, const am_moment *moment)
{
    am_rank_chain *chain = watch->chain;
    int count = 0;
    for (int i = 0; i < chain->moments; i++)
        if (is_below(moment, &chain->moment[i], chain->chunks)) return;
    for (int i = 0; i < chain->moments; i++)
        if (!is_below(&chain->moment[i], moment, chain->chunks)) chain->moment[count++] = chain->moment[i];
    watch->full |= count == AM_MAX_MOMENTS;
    if (count < AM_MAX_MOMENTS) chain->moment[count++] = *moment;
    chain->moments = count;
}

/* Of a run of forwards the last has most beside it, of a run of backwards the first. */
static void watch_action(void *context, am_pipeline_action action, int chunk, int64_t times)
{
    am_watch *watch = context;
    bool forward = action == AM_ACT_FORWARD;
    am_moment moment = {.chunk = chunk};
    if (forward) watch->alive[chunk] += (int32_t)times;
    memcpy(moment.beside, watch->alive, sizeof moment.beside);
    moment.beside[chunk]--;
    note(watch, &moment);
    if (!forward) watch->alive[chunk] -= (int32_t)times;
}

bool am_rank_moments(am_rank_chain *chain, const am_config *config, int64_t rank)
{
    const am_pipeline schedule = am_pipeline_of(config);
    am_watch watch = {.chain = chain};
    chain->chunks = (int)config->vpp;
    chain->moments = 0;
    am_pipeline_play(&schedule, rank, watch_action, &watch);
    return !watch.full;
}

/* ---- the plans of a rank's chunks ---- */

/* What a chunk's micro-batches beside the one that runs keep. The last forward's of what is made anew lasts: that of the one that runs, or
 * of one of them. */
static int64_t kept_beside(const am_rank_chain *chain, const am_moment *moment, int chunk, int64_t kept, int64_t layers)
{
    int64_t count = moment->beside[chunk];
    return count * kept + (count - (count > 0 && moment->chunk != chunk)) * layers * chain->renewed[chunk];
}

int64_t am_rank_chain_peak(const am_rank_chain *chain, const int *plan)
{
    int64_t highest = 0;
    for (int i = 0; i < chain->moments; i++) {
        const am_moment *moment = &chain->moment[i];
        int64_t bytes = chain->base + chain->plan[moment->chunk][plan[moment->chunk]].peak;
        for (int j = 0; j < chain->chunks; j++) {
            const am_stage_plan *own = &chain->plan[j][plan[j]];
            bytes += kept_beside(chain, moment, j, own->kept, own->renewed);
        }
        highest = am_larger(highest, bytes);
    }
    return highest;
}

static void find_bounds(am_rank_chain *chain)
{
    chain->low_cost[chain->chunks] = 0;
    for (int i = chain->chunks - 1; i >= 0; i--) {
        const am_stage_plan *plan = chain->plan[i];
        chain->low_peak[i] = chain->low_kept[i] = chain->low_renewed[i] = INT64_MAX;
        for (int j = 0; j < chain->plans[i]; j++) {
            chain->low_peak[i] = am_smaller(chain->low_peak[i], plan[j].peak);
            chain->low_kept[i] = am_smaller(chain->low_kept[i], plan[j].kept);
            chain->low_renewed[i] = am_smaller(chain->low_renewed[i], plan[j].renewed);
        }
    }
    for (int i = 0; i < chain->moments; i++) {
        const am_moment *moment = &chain->moment[i];
        chain->load[i] = chain->base;
        for (int j = 0; j < chain->chunks; j++)
            chain->load[i] += kept_beside(chain, moment, j, chain->low_kept[j], chain->low_renewed[j]);
    }
}

/* Does every moment stay below, with a plan for this chunk beside those that are taken, and the others at their lowest? */
static bool fits(const am_rank_chain *chain, int chunk, const am_stage_plan *plan, int64_t bytes)
{
    for (int i = 0; i < chain->moments; i++) {
        const am_moment *moment = &chain->moment[i];
        int64_t load = chain->load[i] + kept_beside(chain, moment, chunk, plan->kept - chain->low_kept[chunk],
                                                    plan->renewed - chain->low_renewed[chunk]);
        load += moment->chunk == chunk ? plan->peak : chain->low_peak[moment->chunk];
        if (load > bytes) return false;
    }
    return true;
}

/* A plan is taken for this chunk, or given up again: its own peak then stands in place of the lowest. */
static void take(am_rank_chain *chain, int chunk, const am_stage_plan *plan, int sign)
{
    for (int i = 0; i < chain->moments; i++) {
        const am_moment *moment = &chain->moment[i];
        chain->load[i] += sign * kept_beside(chain, moment, chunk, plan->kept - chain->low_kept[chunk],
                                             plan->renewed - chain->low_renewed[chunk]);
        if (moment->chunk == chunk) chain->load[i] += sign * (plan->peak - chain->low_peak[chunk]);
    }
}

typedef struct am_hunt {
    am_rank_chain *chain;
    int64_t bytes, most; /* at or below both: the peak, and the cost */
    bool any, lower;     /* whichever will do; not less cost, but a lower peak is wanted */
    bool found;
} am_hunt;

static void hunt(am_hunt *own, int chunk, int64_t cost)
{
    am_rank_chain *chain = own->chain;
    if (chunk == chain->chunks) {
        chain->cost = cost;
        own->found = true;
        memcpy(chain->best, chain->taken, sizeof chain->best);
        own->most = own->lower ? cost : cost - 1;
        if (own->lower) own->bytes = am_rank_chain_peak(chain, chain->best) - 1;
        return;
    }
    for (int i = 0; i < chain->plans[chunk]; i++) {
        const am_stage_plan *plan = &chain->plan[chunk][i];
        int64_t least = cost + plan->cost + chain->low_cost[chunk + 1];
        if (least > own->most || (own->any && own->found)) return;
        chain->steps -= chain->moments;
        if (chain->steps < 0) {
            chain->complete = false;
            return;
        }
        if (!fits(chain, chunk, plan, own->bytes)) continue;
        take(chain, chunk, plan, 1);
        chain->taken[chunk] = i;
        hunt(own, chunk + 1, cost + plan->cost);
        take(chain, chunk, plan, -1);
    }
}

/* The least that a chunk costs with all others at their lowest. False: it does not fit even so. */
static bool find_least(am_rank_chain *chain, int64_t bytes)
{
    for (int i = chain->chunks - 1; i >= 0; i--) {
        int first = 0;
        while (first < chain->plans[i] && !fits(chain, i, &chain->plan[i][first], bytes)) first++;
        if (first == chain->plans[i]) return false;
        chain->low_cost[i] = chain->low_cost[i + 1] + chain->plan[i][first].cost;
    }
    return true;
}

/* Plans to begin with: of each chunk in turn the cheapest that fits beside what the others do now, until none gets cheaper. */
static bool improve(am_hunt *own)
{
    am_rank_chain *chain = own->chain;
    int *plan = chain->best;
    if (am_rank_chain_peak(chain, plan) > own->bytes) return false;
    for (bool better = true; better;) {
        better = false;
        for (int i = 0; i < chain->chunks; i++) {
            int now = plan[i];
            for (plan[i] = 0; plan[i] < now && am_rank_chain_peak(chain, plan) > own->bytes; plan[i]++) {}
            better |= plan[i] < now && chain->plan[i][plan[i]].cost < chain->plan[i][now].cost;
        }
    }
    chain->cost = 0;
    for (int i = 0; i < chain->chunks; i++) chain->cost += chain->plan[i][plan[i]].cost;
    own->most = chain->cost - 1;
    return own->found = true;
}

/* For each chunk the plan that leaves least, of these the one that peaks lowest; or the reverse. */
static void take_lowest(am_rank_chain *chain, bool kept)
{
    for (int i = 0; i < chain->chunks; i++) {
        const am_stage_plan *plan = chain->plan[i];
        int lowest = 0;
        for (int j = 1; j < chain->plans[i]; j++) {
            int64_t first = kept ? plan[j].kept - plan[lowest].kept : plan[j].peak - plan[lowest].peak;
            int64_t second = kept ? plan[j].peak - plan[lowest].peak : plan[j].kept - plan[lowest].kept;
            if (first < 0 || (first == 0 && second < 0)) lowest = j;
        }
        chain->best[i] = lowest;
    }
}

static void allow_steps(am_rank_chain *chain)
{
    chain->steps = chain->limit ? chain->limit : AM_MOST_RANK_STEPS;
}

static bool search(am_rank_chain *chain, int64_t bytes, bool any)
{
    am_hunt own = {.chain = chain, .bytes = bytes, .most = INT64_MAX, .any = any};
    chain->complete = true;
    find_bounds(chain);
    if (!find_least(chain, bytes)) return false;
    take_lowest(chain, true);
    if (!improve(&own)) {
        take_lowest(chain, false);
        improve(&own);
    }
    hunt(&own, 0, 0);
    return own.found;
}

bool am_rank_search(am_rank_chain *chain, int64_t bytes)
{
    allow_steps(chain);
    return search(chain, bytes, false);
}

void am_rank_lower(am_rank_chain *chain)
{
    am_hunt own = {.chain = chain, .bytes = am_rank_chain_peak(chain, chain->best) - 1, .most = chain->cost, .lower = true};
    const bool complete = chain->complete;
    chain->complete = true;
    allow_steps(chain);
    if (find_least(chain, own.bytes)) hunt(&own, 0, 0);
    chain->lowered = complete && chain->complete;
    chain->complete = complete;
}

int64_t am_rank_lowest(am_rank_chain *chain)
{
    int64_t low = 0, high;
    bool complete = true;
    take_lowest(chain, true);
    high = am_rank_chain_peak(chain, chain->best);
    take_lowest(chain, false);
    high = am_smaller(high, am_rank_chain_peak(chain, chain->best));
    allow_steps(chain); /* for all of them */
    while (high - low > 1) {
        int64_t middle = low + (high - low) / 2;
        if (search(chain, middle, true)) {
            high = am_rank_chain_peak(chain, chain->best);
        } else {
            complete &= chain->complete;
            low = middle;
        }
    }
    am_rank_search(chain, high);
    chain->complete &= complete;
    return high;
}

/* ---- the fronts of stages ---- */

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

static void sort_plans(am_stage_plan *plan, int count)
{
    for (int i = count / 2; i-- > 0;) sift(plan, i, count);
    for (int i = count - 1; i > 0; i--) {
        const am_stage_plan last = plan[i];
        plan[i] = plan[0];
        plan[0] = last;
        sift(plan, 0, i);
    }
}

/* Searches the plans of a kind of stage, unless it was the last one that was. False: they are too many. */
static bool search_kind(am_evaluation *stage, int kind)
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
    if (!search_kind(&stage, kind)) return AM_CAPACITY;
    const am_choices *choices = &workspace->choices;
    const am_front front = am_frontier_plans(&workspace->frontier);
    int64_t beneath = choices->ends.forward - workspace->stage[kind].lasting, each = renewed_by_layer(choices);
    if (plans->plans + front.count > AM_MAX_STAGE_PLANS) return AM_CAPACITY;
    plans->first[kind] = plans->plans;
    plans->renewed[kind] = each;
    for (int i = 0; i < front.count; i++) {
        int64_t bare = am_larger(front.peak[i], choices->chain.before), renewed = 0;
        int64_t peak = config.experts > 0 ? am_choices_peak(&stage, i, &renewed) : bare;
        int32_t layers = (int32_t)(renewed > 0 && AM_ALWAYS(each > 0) /* it is some of these */ ? renewed / each : 0);
        plans->plan[plans->plans++] = (am_stage_plan){beneath + peak, beneath + bare, choices->kept + front.rest[i], front.cost[i], i, layers};
    }
    plans->first[kind + 1] = plans->plans;
    plans->doubt.hull |= choices->hull;
    plans->outlives |= outlives(choices);
    plans->spans |= am_choices_spans(choices);
    sort_plans(&plans->plan[plans->first[kind]], front.count);
    return AM_OK;
}

static am_code list_all_plans(const am_evaluation *evaluation)
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

/* ---- each rank ---- */

static am_code read_chain(const am_evaluation *evaluation, int64_t rank)
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

static void swap_peaks(am_rank_plans *plans)
{
    for (int i = 0; i < plans->plans; i++) {
        am_stage_plan *plan = &plans->plan[i];
        const int64_t peak = plan->peak;
        plan->peak = plan->bare;
        plan->bare = peak;
    }
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
    swap_peaks(plans);
    am_rank_search(chain, bytes);
    swap_peaks(plans);
    const bool less = chain->cost < cost || !chain->complete;
    chain->cost = cost;
    chain->complete = complete;
    memcpy(chain->best, best, sizeof best);
    return less;
}

/* Chooses the plans of a rank's chunks. AM_OUT_OF_RANGE: none keep it below its target; *smallest: the lowest that any do. */
static am_code choose_plans(const am_evaluation *evaluation, int64_t rank, int64_t *smallest)
{
    am_rank_plans *plans = &evaluation->workspace->rank_plans;
    am_rank_chain *chain = &plans->chain;
    am_chunk chunk[AM_MAX_CHUNKS];
    int chunks = am_rank_chunks(evaluation->config, rank, chunk);
    am_code code = read_chain(evaluation, rank);
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
    search_kind(&stage, kind); /* as when its plans were listed */
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
        code = choose_plans(evaluation, i, &own);
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

static void refuse_capacity(am_workspace *workspace)
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
    evaluation->code = list_all_plans(evaluation);
    if (!evaluation->code) evaluation->code = plan_all(evaluation, &worst, &smallest);
    if (!evaluation->code) evaluation->code = check_ranks(evaluation, bytes);
    workspace->doubt = plans->doubt;
    if (evaluation->code == AM_OUT_OF_RANGE && smallest > AM_MAX_BYTES) evaluation->code = AM_TOO_LARGE;
    if (evaluation->code == AM_OUT_OF_RANGE) {
        char text[32];
        evaluation->code = am_fail(&workspace->tape.status, AM_OUT_OF_RANGE, "checkpoint",
                                   plans->doubt.stopped
                                       ? "no plan of pipeline rank %d was found below %d bytes before the search ended; the smallest found "
                                         "peaks at %d bytes: checkpoint=budget:%s, or more of pp or tp"
                                       : "no plan of pipeline rank %d stays below %d bytes; the smallest peaks at %d bytes: "
                                         "checkpoint=budget:%s, or more of pp or tp",
                                   worst, bytes, smallest, am_size_text_near(smallest, text, sizeof text));
    }
    if (evaluation->code == AM_CAPACITY) refuse_capacity(workspace);
    if (!evaluation->code) gather_runs(evaluation);
}

/* ---- equal segments */

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
    sort_plans(&plans->plan[plans->first[kind]], plans->plans - plans->first[kind]);
    return code;
}

/* The segments of a rank's chunks with the lowest peak by its schedule. */
static am_code choose_segments(const am_evaluation *evaluation, int64_t rank)
{
    am_workspace *workspace = evaluation->workspace;
    am_rank_chain *chain = &workspace->rank_plans.chain;
    am_chunk chunk[AM_MAX_CHUNKS];
    int chunks = am_rank_chunks(evaluation->config, rank, chunk);
    am_code code = read_chain(evaluation, rank);
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
    if (code == AM_CAPACITY) refuse_capacity(workspace);
}

/* ---- the frontier */

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
        choose_plans(evaluation, i, &smallest);
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
    search_kind(&stage, kind); /* as when its plans were listed */
    for (int64_t rank = 0; rank < evaluation->config->pp; rank++) {
        am_chunk chunk[AM_MAX_CHUNKS];
        int chunks = am_rank_chunks(evaluation->config, rank, chunk);
        for (int i = 0; i < chunks; i++)
            for (int j = 0; j < out->rows && am_stage_kind_of(plans->kinds, workspace->stage, &chunk[i]) == kind; j++)
                out->row[j].recomputed_flops += am_choices_flops(&stage, plans->row[j][chunk[i].stage]);
    }
}

/* How far a plan of the list, with its own highest peak of all ranks, is from the frontier. Of one beyond 2^53 bytes nothing is said. */
static void measure(const am_evaluation *evaluation, am_plan *plan)
{
    const am_frontier_report *frontier = &evaluation->report->frontier;
    am_evaluation own = *evaluation;
    int64_t time = 0;
    int kinds;
    own.policy = &plan->policy;
    own.report = NULL;
    if (plan->policy.kind == AM_POLICY_BUDGET) return; /* no plan of a pipeline moves anything, or is a schedule */
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
    if (code) {
        plan->rank_peak = -1;
        return;
    }
    for (int i = 0; i < frontier->rows; i++)
        if (frontier->row[i].peak_bytes <= plan->rank_peak) plan->excess_time = time - frontier->row[i].recomputed_time;
    for (int i = frontier->rows; i-- > 0;)
        if (frontier->row[i].recomputed_time <= time)
            plan->excess_bytes = plan->rank_peak - frontier->row[i].peak_bytes;
}

/* Budgets in equal steps from the lowest that all ranks have plans for to where nothing runs again: with several chunks, whose
 * combinations are searched anew for each, fewer of them. False: a rank's schedule has too many moments. */
static bool add_rows(am_evaluation *evaluation)
{
    am_rank_plans *plans = &evaluation->workspace->rank_plans;
    int rows = evaluation->config->vpp > 1 ? AM_MAX_FRONTIER_ROWS / 4 : AM_MAX_FRONTIER_ROWS;
    int64_t low = 0, bare = 0, high = 0;
    for (int64_t i = 0; i < evaluation->config->pp; i++) {
        if (read_chain(evaluation, i)) return false;
        swap_peaks(plans);
        bare = am_larger(bare, am_rank_lowest(&plans->chain));
        swap_peaks(plans);
        low = am_larger(low, am_rank_lowest(&plans->chain));
        am_rank_search(&plans->chain, AM_MAX_BYTES);
        am_rank_lower(&plans->chain);
        high = am_larger(high, am_rank_chain_peak(&plans->chain, plans->chain.best));
    }
    plans->doubt.outlived |= bare < low;
    for (int i = 0; i < rows; i++) add_row(evaluation, low + (high - low) * i / (rows - 1));
    return true;
}

void am_ranks_report_frontier(am_evaluation *evaluation)
{
    am_report *report = evaluation->report;
    am_frontier_report *out = &report->frontier;
    const am_rank_plans *plans = &evaluation->workspace->rank_plans;
    const am_choices *choices = &evaluation->workspace->choices;
    if (evaluation->code) return;
    out->rows = out->choices = 0;
    out->ranks = (int)am_smaller(evaluation->config->pp, AM_MAX_FRONTIER_RANKS);
    out->found = !list_all_plans(evaluation) && add_rows(evaluation);
    for (int i = 0; i < plans->kinds && out->found; i++) add_flops(evaluation, plans->kinds - 1 - i);
    out->points = out->rows;
    out->candidates = choices->candidates;
    out->undominated = choices->undominated;
    out->choices = 0;
    out->doubt = plans->doubt;
    out->spans = plans->spans;
    for (int i = 0; i < report->plans && out->found; i++) measure(evaluation, &report->plan[i]);
}
