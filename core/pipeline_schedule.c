/* Schedules of pipelines, action by action. Source: torch 2.15.0, torch/distributed/pipelining/schedules.py, the classes
 * named below; Megatron-Core 0.16.1, pipeline_parallel/schedules.py (get_pp_rank_microbatches, get_schedule_table): its
 * 1F1B and interleaved 1F1B are torch's, where both accept the number of micro-batches. */
#include "pipeline_schedule.h"

#include "input.h"
#include "proven.h"
#include "wiring.h"

/* Whom a rank's actions are told. */
typedef struct am_telling {
    const am_pipeline *schedule;
    int64_t rank;
    am_pipeline_actor *actor;
    void *context;
} am_telling;

static void tell(const am_telling *telling, am_pipeline_action action, int chunk, int64_t times)
{
    if (times > 0) telling->actor(telling->context, action, chunk, times);
}

/* ScheduleGPipe; with several chunks ScheduleLoopedBFS: all forwards, chunk by chunk, then all backwards. */
static void breadth_first(const am_telling *telling)
{
    const am_pipeline *schedule = telling->schedule;
    int chunks = (int)schedule->chunks;
    for (int i = 0; i < chunks; i++) tell(telling, AM_ACT_FORWARD, i, schedule->micro_batches);
    for (int i = chunks - 1; i >= 0; i--) tell(telling, AM_ACT_BACKWARD, i, schedule->micro_batches);
}

/* Schedule1F1B: as many forwards as there are ranks behind this one, then one of each in turn. */
static void one_forward_one_backward(const am_telling *telling)
{
    const am_pipeline *schedule = telling->schedule;
    int64_t warm = schedule->ranks - telling->rank - 1, all = schedule->micro_batches;
    if (warm > all) warm = all;
    tell(telling, AM_ACT_FORWARD, 0, warm);
    for (int64_t i = warm; i < all; i++) {
        tell(telling, AM_ACT_FORWARD, 0, 1);
        tell(telling, AM_ACT_BACKWARD, 0, 1);
    }
    tell(telling, AM_ACT_BACKWARD, 0, warm);
}

static int64_t rounds_of(const am_pipeline *schedule)
{
    int64_t rounds = schedule->micro_batches / schedule->ranks;
    return rounds > 1 ? rounds : 1;
}

/* ScheduleInterleaved1F1B: a round of micro-batches through one chunk, then through the next one. split:
 * ScheduleInterleavedZeroBubble, whose weight parts come `rank` input parts later. */
static void interleaved(const am_telling *telling, bool split)
{
    const am_pipeline *schedule = telling->schedule;
    int64_t chunks = schedule->chunks, behind = schedule->ranks - 1 - telling->rank;
    int64_t each = schedule->micro_batches / rounds_of(schedule), all = schedule->micro_batches * chunks;
    int64_t warm = (chunks - 1) * each + (split ? 1 : 2) * behind, weights = 0;
    if (warm > all) warm = all;
    for (int64_t i = 0; i < warm; i++) tell(telling, AM_ACT_FORWARD, (int)(i / each % chunks), 1);
    for (int64_t i = 0; i < all; i++) {
        if (warm + i < all) tell(telling, AM_ACT_FORWARD, (int)((warm + i) / each % chunks), 1);
        tell(telling, split ? AM_ACT_INPUT : AM_ACT_BACKWARD, (int)(chunks - 1 - i / each % chunks), 1);
        if (!split || i < telling->rank) continue;
        tell(telling, AM_ACT_WEIGHT, (int)(chunks - 1 - weights / each % chunks), 1);
        weights++;
    }
    for (; split && weights < all; weights++)
        tell(telling, AM_ACT_WEIGHT, (int)(chunks - 1 - weights / each % chunks), 1);
}

/* ---- ScheduleZBVZeroBubble ---- */

/* It is made for 2p - 1 micro-batches at least; of fewer, the actions of those that there are. */
typedef struct am_zbv {
    const am_telling *telling;
    int64_t count[4][2]; /* actions so far, by kind and chunk */
} am_zbv;

static void zbv_act(am_zbv *zbv, am_pipeline_action action, int chunk)
{
    int64_t micro_batch = zbv->count[action][chunk]++;
    if (micro_batch < zbv->telling->schedule->micro_batches) tell(zbv->telling, action, chunk, 1);
}

static void zbv_backward(am_zbv *zbv, int chunk)
{
    zbv_act(zbv, AM_ACT_INPUT, chunk);
    zbv_act(zbv, AM_ACT_WEIGHT, chunk);
}

static void zero_bubble_v(const am_telling *telling)
{
    am_zbv own = {.telling = telling}, *zbv = &own;
    int64_t ranks = telling->schedule->ranks, rank = telling->rank, all = telling->schedule->micro_batches;
    int64_t *forwards = own.count[AM_ACT_FORWARD], *inputs = own.count[AM_ACT_INPUT], *weights = own.count[AM_ACT_WEIGHT];
    if (all < 2 * ranks - 1) all = 2 * ranks - 1;
    for (int64_t i = 0; i < 2 * (ranks - rank) - 1; i++) zbv_act(zbv, AM_ACT_FORWARD, 0);
    for (int64_t i = 0; i < rank; i++) {
        zbv_act(zbv, AM_ACT_FORWARD, 1);
        zbv_act(zbv, AM_ACT_FORWARD, 0);
    }
    for (int64_t i = 0; i < ranks - rank; i++) {
        zbv_act(zbv, AM_ACT_FORWARD, 1);
        zbv_backward(zbv, 1);
    }
    while (forwards[1] < forwards[0] || forwards[0] < all) {
        if (forwards[0] < all) zbv_act(zbv, AM_ACT_FORWARD, 0);
        zbv_backward(zbv, 0);
        zbv_act(zbv, AM_ACT_FORWARD, 1);
        zbv_backward(zbv, 1);
    }
    for (int64_t i = 0; i < rank; i++) {
        zbv_act(zbv, AM_ACT_INPUT, 0);
        zbv_act(zbv, AM_ACT_INPUT, 1);
    }
    for (int64_t i = 0; i < ranks - rank; i++) zbv_backward(zbv, 0);
    while (weights[1] < inputs[1]) zbv_act(zbv, AM_ACT_WEIGHT, 1);
    while (weights[0] < inputs[0]) zbv_act(zbv, AM_ACT_WEIGHT, 0);
}

/* ---- ScheduleDualPipeV ---- */

/* Weight parts wait in a queue, of their chunks. */
typedef struct am_dual {
    const am_telling *telling;
    int first, last;
    uint8_t chunk[2 * AM_MAX_RANKS];
} am_dual;

/* split: its weight part later. */
static void dual_backward(am_dual *dual, int chunk, bool split)
{
    tell(dual->telling, split ? AM_ACT_INPUT : AM_ACT_BACKWARD, chunk, 1);
    if (split && AM_ALWAYS(dual->last < 2 * AM_MAX_RANKS)) dual->chunk[dual->last++] = (uint8_t)chunk;
}

static void dual_weight(am_dual *dual)
{
    if (AM_ALWAYS(dual->first < dual->last)) tell(dual->telling, AM_ACT_WEIGHT, dual->chunk[dual->first++], 1);
}

/* A forward and a backward that overlap run one behind the other as far as memory is concerned. */
static void dual_pair(am_dual *dual, int forward, int backward)
{
    tell(dual->telling, AM_ACT_FORWARD, forward, 1);
    dual_backward(dual, backward, false);
}

static void dual_pipe_v(const am_telling *telling)
{
    am_dual own, *dual = &own;
    int64_t ranks = telling->schedule->ranks, rank = telling->rank, behind = ranks - rank - 1;
    bool split = false;
    own.telling = telling;
    own.first = own.last = 0;
    tell(telling, AM_ACT_FORWARD, 0, 2 * behind);
    for (int64_t i = 0; i < rank + 1; i++) {
        tell(telling, AM_ACT_FORWARD, 0, 1);
        tell(telling, AM_ACT_FORWARD, 1, 1);
    }
    for (int64_t i = 0; i < behind; i++) {
        dual_backward(dual, 1, true);
        dual_weight(dual);
        tell(telling, AM_ACT_FORWARD, 1, 1);
    }
    for (int64_t i = 0; i < telling->schedule->micro_batches - 2 * ranks + rank + 1; i++) {
        dual_pair(dual, 0, 1);
        dual_pair(dual, 1, 0);
    }
    for (int64_t i = 0; i < behind; i++) {
        dual_backward(dual, 1, false);
        dual_pair(dual, 1, 0);
    }
    for (int64_t i = 0; i < rank + 1; i++) {
        bool half = i == (rank + 1) / 2;
        split |= half && rank % 2 == 1;
        dual_backward(dual, 1, split);
        split |= half && rank % 2 == 0;
        dual_backward(dual, 0, split);
    }
    for (int64_t i = 0; i < behind; i++) {
        dual_weight(dual);
        dual_backward(dual, 0, split);
    }
    for (int64_t i = 0; i < rank + 1; i++) dual_weight(dual);
}

/* ---- all of them ---- */

void am_pipeline_play(const am_pipeline *schedule, int64_t rank, am_pipeline_actor *actor, void *context)
{
    const am_telling telling = {schedule, rank, actor, context};
    switch (schedule->kind) {
    case AM_GPIPE:
    case AM_LOOPED_BFS: breadth_first(&telling); break;
    case AM_1F1B: one_forward_one_backward(&telling); break;
    case AM_INTERLEAVED: interleaved(&telling, false); break;
    case AM_INTERLEAVED_ZERO_BUBBLE: interleaved(&telling, true); break;
    case AM_ZBV: zero_bubble_v(&telling); break;
    default: dual_pipe_v(&telling); break;
    }
}

bool am_pipeline_is_v(int64_t kind)
{
    return kind == AM_ZBV || kind == AM_DUALPIPEV;
}

int64_t am_pipeline_stage(const am_pipeline *schedule, int64_t rank, int chunk)
{
    bool back = am_pipeline_is_v(schedule->kind) && chunk == 1;
    return back ? 2 * schedule->ranks - 1 - rank : rank + chunk * schedule->ranks;
}

am_pipeline am_pipeline_of(const am_config *config)
{
    am_pipeline schedule = {config->schedule, config->pp, config->vpp, config->micro_batches};
    const int64_t rounds = rounds_of(&schedule), each = schedule.micro_batches / rounds;
    switch (schedule.kind) {
    case AM_GPIPE:
    case AM_LOOPED_BFS: return schedule; /* told in runs, however many */
    case AM_INTERLEAVED:
    case AM_INTERLEAVED_ZERO_BUBBLE: /* warm-up takes up to a chunk more than a round, a period is a round */
        if (rounds > 4) schedule.micro_batches = 4 * each;
        return schedule;
    default: /* a period is one micro-batch, and no rank holds 2p + 1 */
        if (schedule.micro_batches > 4 * schedule.ranks) schedule.micro_batches = 4 * schedule.ranks;
        return schedule;
    }
}

/* ---- chunks in flight ---- */

typedef struct am_count {
    am_flight *flight;
    int64_t now, now_by_input;
    int32_t alive[AM_MAX_CHUNKS];
} am_count;

static void count(void *context, am_pipeline_action action, int chunk, int64_t times)
{
    am_count *own = context;
    am_flight *flight = own->flight;
    bool forward = action == AM_ACT_FORWARD;
    if (forward) own->now_by_input += times;
    if (action == AM_ACT_BACKWARD || action == AM_ACT_INPUT) own->now_by_input -= times;
    if (own->now_by_input > flight->most_by_input) flight->most_by_input = own->now_by_input;
    if (action == AM_ACT_INPUT) return;
    own->now += forward ? times : -times;
    own->alive[chunk] += (int32_t)(forward ? times : -times);
    if (own->now <= flight->most) return;
    flight->most = own->now;
    for (int i = 0; i < AM_MAX_CHUNKS; i++) flight->alive[i] = own->alive[i];
}

void am_pipeline_fly(am_flight *flight, const am_pipeline *schedule, int64_t rank)
{
    am_count own = {.flight = flight};
    *flight = (am_flight){0};
    am_pipeline_play(schedule, rank, count, &own);
}

/* ---- what is refused ---- */

/* How many chunks a rank may have. */
static am_code check_chunks(const am_config *config, const char *schedule, am_status *status)
{
    switch (config->schedule) {
    case AM_GPIPE:
    case AM_1F1B:
        if (config->vpp == 1) return AM_OK;
        return am_fail(status, AM_CONFLICT, "vpp",
                       "schedule=%s has one chunk of layers on each rank: vpp=1, or schedule=%s", schedule,
                       config->schedule == AM_GPIPE ? "looped_bfs" : "interleaved");
    case AM_ZBV:
    case AM_DUALPIPEV:
        if (config->vpp == 2) return AM_OK;
        return am_fail(status, AM_CONFLICT, "vpp",
                       "schedule=%s has two chunks of layers on each rank: vpp=2, not %d", schedule, config->vpp);
    default:
        if (config->vpp > 1) return AM_OK;
        return am_fail(status, AM_CONFLICT, "vpp",
                       "schedule=%s has several chunks of layers on each rank: vpp=2 or more", schedule);
    }
}

/* torch: as many rounds as the pipeline fits into the micro-batches, of equal ones. */
static bool rounds_are_equal(const am_config *config, int64_t micro_batches)
{
    const am_pipeline own = {config->schedule, config->pp, config->vpp, micro_batches};
    return micro_batches % rounds_of(&own) == 0;
}

static am_code check_rounds(const am_config *config, const char *schedule, am_status *status)
{
    int64_t n = config->micro_batches, step = 0;
    if (rounds_are_equal(config, n)) return AM_OK;
    while (!rounds_are_equal(config, n - step) && !rounds_are_equal(config, n + step)) step++;
    return am_fail(status, AM_CONFLICT, "micro_batches",
                   "schedule=%s runs %d micro-batches in %d rounds, which must be equal; the nearest that are is "
                   "micro_batches=%d",
                   schedule, n, n / config->pp, rounds_are_equal(config, n - step) ? n - step : n + step);
}

static am_code check_micro_batches(const am_config *config, const char *schedule, am_status *status)
{
    int64_t n = config->micro_batches, ranks = config->pp;
    bool torch = config->stack == AM_STACK_TORCH;
    switch (config->schedule) {
    case AM_1F1B:
        if (!torch || n >= ranks) return AM_OK;
        return am_fail(status, AM_CONFLICT, "micro_batches",
                       "torch's 1f1b needs a micro-batch for each stage: micro_batches=%d or more, not %d", ranks, n);
    case AM_INTERLEAVED:
        if (torch) return check_rounds(config, schedule, status);
        if (n % ranks == 0) return AM_OK;
        return am_fail(status, AM_CONFLICT, "micro_batches",
                       "the interleaved schedule takes a multiple of pp=%d micro-batches; the nearest to %d is "
                       "micro_batches=%d",
                       ranks, n, n < ranks ? ranks : (n + ranks / 2) / ranks * ranks);
    case AM_INTERLEAVED_ZERO_BUBBLE: return check_rounds(config, schedule, status);
    case AM_DUALPIPEV:
        if (n >= 2 * ranks) return AM_OK;
        return am_fail(status, AM_CONFLICT, "micro_batches",
                       "schedule=dualpipev needs two micro-batches for each rank: micro_batches=%d or more, not %d",
                       2 * ranks, n);
    default: return AM_OK;
    }
}

am_code am_pipeline_schedule_check(const am_config *config, am_status *status)
{
    char schedule[32], stack[16];
    am_field_value(config, &am_fields[AM_F_schedule], schedule, sizeof schedule);
    bool all = config->stack == AM_STACK_TORCH;
    if (!all && config->schedule != AM_1F1B && config->schedule != AM_INTERLEAVED)
        return am_fail(status, AM_UNSUPPORTED, "schedule",
                       "schedule=%s is torch.distributed.pipelining's: stack=torch; stack=%s has schedule=%s", schedule,
                       am_field_value(config, &am_fields[AM_F_stack], stack, sizeof stack),
                       config->vpp > 1 ? "interleaved" : "1f1b");
    am_code code = check_chunks(config, schedule, status);
    return code == AM_OK ? check_micro_batches(config, schedule, status) : code;
}
