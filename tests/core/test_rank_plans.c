/* The plans of a pipeline's ranks: the search over chunks against every combination, on random plans and on small twins whose
 * plans are all composed and whose schedules are played. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "evaluate.h"
#include "fixture.h"
#include "pipeline_schedule.h"
#include "wiring.h"

/* A repeatable draw from 0 to below n. */
static uint64_t state;
static int64_t draw(int64_t n)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (int64_t)(state >> 33) % n;
}

/* ---- moments */

static am_config draw_schedule(int64_t schedule)
{
    int64_t pp = 1 + draw(6), vpp = schedule == AM_GPIPE || schedule == AM_1F1B ? 1 : 2 + draw(3);
    return (am_config){.schedule = schedule, .pp = pp, .vpp = vpp, .micro_batches = pp * (1 + draw(5)), .layers = pp * vpp};
}

static am_rank_chain chain;

typedef struct naive {
    int64_t alive[AM_MAX_CHUNKS], kept[AM_MAX_CHUNKS], renewed[AM_MAX_CHUNKS], peak[AM_MAX_CHUNKS], forward, backward;
} naive;

/* The highest of a schedule's moments, one action at a time. */
static void act(void *context, am_pipeline_action action, int chunk, int64_t times)
{
    naive *own = context;
    for (int64_t i = 0; i < times; i++) {
        int64_t bytes = own->peak[chunk];
        if (action == AM_ACT_FORWARD) own->alive[chunk]++;
        for (int j = 0; j < AM_MAX_CHUNKS; j++) {
            bytes += (own->alive[j] - (j == chunk)) * own->kept[j];
            if (own->alive[j] > 0) bytes += (own->alive[j] - 1) * own->renewed[j]; /* the last one's lasts */
        }
        if (action != AM_ACT_FORWARD) own->alive[chunk]--;
        int64_t *highest = action == AM_ACT_FORWARD ? &own->forward : &own->backward;
        if (bytes > *highest) *highest = bytes;
    }
}

/* The moments of a chain are those of the schedule; whatever a chunk keeps and peaks at, forwards stand as high as backwards: so
 * the highest of both is all that a chunk's plan is told by. */
START_TEST(moments)
{
    static const int64_t schedules[] = {AM_GPIPE, AM_1F1B, AM_INTERLEAVED, AM_LOOPED_BFS};
    state = (uint64_t)_i + 1;
    for (int round = 0; round < 60; round++) {
        am_config config = draw_schedule(schedules[_i]);
        const am_pipeline schedule = {config.schedule, config.pp, config.vpp, config.micro_batches};
        for (int64_t rank = 0; rank < config.pp; rank++) {
            naive own = {.forward = 0};
            am_stage_plan plan[AM_MAX_CHUNKS];
            int first[AM_MAX_CHUNKS] = {0};
            ck_assert(am_rank_moments(&chain, &config, rank));
            chain.base = 0;
            for (int i = 0; i < config.vpp; i++) {
                own.kept[i] = draw(1000);
                own.peak[i] = own.kept[i] + draw(3000);
                chain.renewed[i] = draw(60);
                plan[i] = (am_stage_plan){.peak = own.peak[i], .kept = own.kept[i], .renewed = (int32_t)draw(4)};
                own.renewed[i] = plan[i].renewed * chain.renewed[i];
                chain.plan[i] = &plan[i];
            }
            am_pipeline_play(&schedule, rank, act, &own);
            ck_assert_int_eq(own.forward, own.backward);
            ck_assert_int_eq(am_rank_chain_peak(&chain, first), own.backward);
        }
    }
}
END_TEST

/* ---- the search */

enum { MOST = 12 };
static am_stage_plan plans[AM_MAX_CHUNKS][MOST];

static int by_cost(const void *x, const void *y)
{
    const am_stage_plan *a = x, *b = y;
    return a->cost < b->cost ? -1 : a->cost > b->cost;
}

static void draw_plans(int chunks, int64_t range)
{
    for (int i = 0; i < chunks; i++) {
        chain.plans[i] = 1 + (int)draw(chunks > 3 ? 5 : MOST);
        chain.plan[i] = plans[i];
        chain.renewed[i] = draw(1 + range / 3);
        for (int j = 0; j < chain.plans[i]; j++) {
            int64_t kept = draw(range);
            plans[i][j] = (am_stage_plan){
                .peak = kept + draw(range), .kept = kept, .cost = draw(range), .index = j, .renewed = (int32_t)draw(4)};
        }
        qsort(plans[i], (size_t)chain.plans[i], sizeof **plans, by_cost);
    }
}

/* The cheapest of all combinations, of several that with the lowest peak, and the lowest peak of any. */
static int64_t peak_of_cheapest;
static void try_all(int chunk, int *plan, int64_t cost, int64_t bytes, int64_t *cheapest, int64_t *lowest)
{
    if (chunk == chain.chunks) {
        int64_t peak = am_rank_chain_peak(&chain, plan);
        if (peak < *lowest) *lowest = peak;
        if (peak > bytes || cost > *cheapest) return;
        if (cost < *cheapest || peak < peak_of_cheapest) peak_of_cheapest = peak;
        *cheapest = cost;
        return;
    }
    for (plan[chunk] = 0; plan[chunk] < chain.plans[chunk]; plan[chunk]++)
        try_all(chunk + 1, plan, cost + chain.plan[chunk][plan[chunk]].cost, bytes, cheapest, lowest);
}

START_TEST(equals_brute_force)
{
    state = (uint64_t)_i + 1;
    for (int round = 0; round < 60; round++) {
        static const int64_t ranges[] = {3, 20, 1000, (int64_t)1 << 40};
        int plan[AM_MAX_CHUNKS] = {0};
        am_config config = draw_schedule(draw(2) ? AM_INTERLEAVED : draw(2) ? AM_LOOPED_BFS : AM_1F1B);
        ck_assert(am_rank_moments(&chain, &config, draw(config.pp)));
        chain.base = draw(10);
        draw_plans(chain.chunks, ranges[draw(4)]);
        int64_t none = INT64_MAX, lowest = INT64_MAX, high = 0;
        try_all(0, plan, 0, -1, &none, &lowest);
        ck_assert_int_eq(am_rank_lowest(&chain), lowest);
        ck_assert_int_eq(am_rank_chain_peak(&chain, chain.best), lowest);
        for (int i = 0; i < chain.chunks; i++) plan[i] = 0;
        high = am_rank_chain_peak(&chain, plan);
        for (int i = 0; i < 6; i++) {
            int64_t bytes = lowest - 1 + (high - lowest + 2) * i / 5, cheapest = INT64_MAX, low = INT64_MAX;
            try_all(0, plan, 0, bytes, &cheapest, &low);
            bool found = am_rank_search(&chain, bytes);
            ck_assert(chain.complete);
            ck_assert_int_eq(found, cheapest < INT64_MAX);
            if (!found) continue;
            ck_assert_int_eq(chain.cost, cheapest);
            ck_assert_int_le(am_rank_chain_peak(&chain, chain.best), bytes);
            am_rank_lower(&chain);
            ck_assert(chain.complete && chain.lowered);
            ck_assert_int_eq(chain.cost, cheapest);
            ck_assert_int_eq(am_rank_chain_peak(&chain, chain.best), peak_of_cheapest);
        }
    }
}
END_TEST

/* A search that ends early finds a plan that fits, and says that a cheaper one may be there. */
START_TEST(stopped_early)
{
    int dearer = 0;
    state = 1;
    for (int round = 0; round < 40; round++) {
        int plan[AM_MAX_CHUNKS] = {0};
        am_config config = {.schedule = AM_INTERLEAVED, .pp = 3, .vpp = 3, .micro_batches = 6, .layers = 9};
        ck_assert(am_rank_moments(&chain, &config, draw(3)));
        chain.base = 0;
        draw_plans(chain.chunks, 1000);
        int64_t lowest = INT64_MAX, none = INT64_MAX;
        try_all(0, plan, 0, -1, &none, &lowest);
        for (int64_t limit = 1; limit <= 4096; limit *= 8) {
            int64_t bytes = lowest + lowest / 4, cheapest = INT64_MAX;
            try_all(0, plan, 0, bytes, &cheapest, &lowest);
            chain.limit = limit;
            bool found = am_rank_search(&chain, bytes);
            chain.limit = 0;
            ck_assert_msg(found || !chain.complete, "a plan was missed unsaid");
            if (!found) continue;
            ck_assert_int_le(am_rank_chain_peak(&chain, chain.best), bytes);
            if (chain.complete) ck_assert_int_eq(chain.cost, cheapest);
            dearer += chain.cost > cheapest;
        }
    }
    ck_assert_int_gt(dearer, 0);
}
END_TEST

/* ---- small twins */

#define SHAPE "hidden=64 heads=8 kv_heads=2 ffn=96 vocab=64 seq=32 batch=2 "
#define OWN   "stack=megatron family=llama activation=swiglu bias=no positions=rope norm=rmsnorm " SHAPE
static const char *const twins[] = {
    OWN "layers=8 pp=4 micro_batches=8",
    OWN "layers=8 pp=2 vpp=2 micro_batches=4",
    OWN "layers=9 pp=2 vpp=2 micro_batches=6 stage_layers=2,3,3,1",
    OWN "layers=12 pp=2 vpp=3 micro_batches=4",
    "stack=megatron-local family=llama activation=swiglu bias=no positions=rope norm=rmsnorm attention=flash tp=2 sp=yes layers=8 "
    "pp=2 vpp=2 micro_batches=2 " SHAPE,
    /* layers of two kinds: on one stage, on another, and side by side */
    ("stack=megatron family=deepseek_v3 hidden=64 heads=4 head_dim=24 rotary_dim=8 v_head_dim=16 kv_rank=32 ffn=96 vocab=64 seq=32 batch=2 "
     "experts=4 experts_per_token=2 moe_ffn=48 dense_layers=3 layers=6 pp=3 micro_batches=6"),
};
enum { TWINS = sizeof twins / sizeof *twins };

static const am_report *evaluate(const char *twin, const char *policy)
{
    char text[512];
    am_status status;
    snprintf(text, sizeof text, "%s checkpoint=%s", twin, policy);
    am_config config = config_of(text);
    ck_assert_msg(am_evaluate(&fixture_report, &fixture_workspace, &config, &status) == AM_OK, "%s: %s", text, status.message);
    return &fixture_report;
}

static int64_t highest_of(const am_report *report)
{
    return am_rank_peak(&report->rank[report->worst_rank]);
}

/* Every plan of a stage, played. */
enum { MOST_PLANS = 8192 };
typedef struct brute {
    am_evaluation stage;
    int choices, plans;
    struct {
        am_profile_id id;
        int span;
    } choice[80];
    am_stage plan[MOST_PLANS];
    int64_t cost[MOST_PLANS];
} brute;

static brute stages[4];

static void list_plans(brute *force, const am_stage *kind, int layer, int parts)
{
    am_workspace *workspace = &fixture_workspace;
    if (layer == kind->layers) {
        am_outcome outcome;
        ck_assert_int_lt(force->plans, MOST_PLANS);
        workspace->parts = parts;
        force->plan[force->plans] = *kind;
        am_evaluation_compose(&force->stage, (am_policy){.kind = AM_POLICY_BUDGET}, &outcome);
        ck_assert_int_eq(am_stage_load(&force->stage, (am_policy){.kind = AM_POLICY_BUDGET}, &force->plan[force->plans]), AM_OK);
        force->cost[force->plans++] = outcome.recomputed_time;
        return;
    }
    for (int i = 0; i < force->choices; i++) {
        if (layer + force->choice[i].span > kind->layers) continue;
        workspace->part[parts] = (am_part_plan){force->choice[i].id, 1, force->choice[i].span};
        list_plans(force, kind, layer + force->choice[i].span, parts + 1);
    }
}

static void list_choices(brute *force, const am_config *config)
{
    force->choices = force->plans = 0;
    force->choice[force->choices].id = AM_PROFILE_PLAIN;
    force->choice[force->choices++].span = 1;
    force->choice[force->choices].id = AM_PROFILE_LAYER;
    force->choice[force->choices++].span = 1;
    for (int span = 2; span <= (config->experts ? 0 : 3); span++) {
        force->choice[force->choices].id = AM_PROFILE_SEGMENT;
        force->choice[force->choices++].span = span;
    }
    for (int modules = 1, listed = 0; modules <= AM_MODULES_ALL; modules++) {
        if (am_modules_wrong(config, (unsigned)modules)) continue;
        fixture_workspace.listed[listed] = (am_listed){.modules = (uint8_t)modules};
        force->choice[force->choices].id = (am_profile_id)(AM_PROFILE_LISTED + listed++);
        force->choice[force->choices++].span = 1;
    }
}

/* The cheapest of all combinations of the chunks' plans whose schedule, played, stays below. */
static int64_t cheapest_of(const am_config *config, int64_t rank, int64_t bytes, int kinds)
{
    am_chunk chunk[AM_MAX_CHUNKS];
    int chunks = am_rank_chunks(config, rank, chunk), kind[3] = {0};
    int64_t least = INT64_MAX;
    ck_assert_int_le(chunks, 3);
    for (int i = 0; i < chunks; i++) kind[i] = am_stage_kind_of(kinds, fixture_workspace.stage, &chunk[i]);
    const brute *first = &stages[kind[0]], *second = &stages[kind[1]], *third = &stages[kind[2]];
    for (int i = 0; i < first->plans; i++)
        for (int j = 0; j < (chunks > 1 ? second->plans : 1); j++)
            for (int k = 0; k < (chunks > 2 ? third->plans : 1); k++) {
                int64_t cost = first->cost[i];
                if (chunks > 1) cost += second->cost[j];
                if (chunks > 2) cost += third->cost[k];
                if (cost >= least) continue;
                const am_stage *stage[] = {&first->plan[i], &second->plan[j], &third->plan[k]};
                am_rank own = {.rank = rank};
                ck_assert_int_eq(am_rank_play(&own, config, stage), AM_OK);
                if (am_rank_peak(&own) <= bytes) least = cost;
            }
    return least;
}

/* Of all plans of all chunks of all ranks none that stay below have less to run again than those that were found. */
START_TEST(no_cheaper_plan)
{
    static const int percent[] = {0, 12, 35, 60, 90};
    const char *twin = twins[_i % TWINS];
    int64_t low = highest_of(evaluate(twin, "full")), high = highest_of(evaluate(twin, "none"));
    int64_t most = low + (high - low) * percent[_i / TWINS] / 100, sum = 0;
    char policy[48];
    snprintf(policy, sizeof policy, "budget:%ldB", (long)most);
    const am_report *report = evaluate(twin, policy);
    ck_assert_int_le(highest_of(report), most);
    int64_t found = report->outcome.recomputed_time;
    const am_config *config = &report->config;
    am_evaluation evaluation = {.workspace = &fixture_workspace,
                                .config = config,
                                .policy = &report->policy,
                                .timed = true,
                                .extents = &fixture_workspace.extents,
                                .pattern = am_model_pattern(config)};
    int64_t value[AM_SYMBOL_COUNT];
    am_status status;
    int kinds;
    am_model_symbols(config, value);
    am_extents_init(&fixture_workspace.extents, value);
    ck_assert_int_eq(am_rates_of(config, &evaluation.rates, &status), AM_OK);
    ck_assert_int_eq(am_stages_load(&evaluation, &kinds), AM_OK);
    ck_assert_int_le(kinds, 4);
    for (int i = 0; i < kinds; i++) {
        am_config own;
        stages[i].stage = am_stage_evaluation(&evaluation, &fixture_workspace.stage[i], &own);
        list_choices(&stages[i], &own);
        list_plans(&stages[i], &fixture_workspace.stage[i], 0, 0);
    }
    for (int64_t rank = 0; rank < config->pp; rank++) sum += cheapest_of(config, rank, most, kinds);
    /* where what experts' regions leave for good makes the difference there may be a better one, which the report says */
    bool open = config->experts > 0 && report->doubt.outlived;
    ck_assert_msg(open ? found <= sum : found == sum, "%s budget:%ld: %ld ps, by brute force %ld", twin, (long)most, (long)found, (long)sum);
}
END_TEST

/* ---- beside the listed policies */

static const char *const shapes[] = {
    "model=llama-3-8b stack=megatron seq=4096 pp=8 vpp=2 micro_batches=8 tp=4",
    "model=llama-3-8b stack=megatron seq=4096 pp=8 vpp=4 micro_batches=16 tp=4",
    "model=llama-3-8b stack=torch seq=4096 pp=4 vpp=2 schedule=interleaved micro_batches=8",
    "model=llama-3-8b stack=torch seq=4096 pp=4 vpp=4 schedule=looped_bfs micro_batches=4",
    "model=llama-3-8b stack=megatron-local attention=flash seq=2048 pp=4 vpp=2 micro_batches=8 tp=8 sp=yes",
    "model=llama-3-70b stack=megatron seq=8192 tp=8 pp=8 micro_batches=16",
    "model=llama-3-70b stack=megatron seq=8192 tp=8 pp=8",
    ("stack=megatron family=deepseek_v3 hidden=64 heads=4 head_dim=24 rotary_dim=8 v_head_dim=16 q_rank=24 kv_rank=16 ffn=96 vocab=64 seq=64 "
     "experts=4 experts_per_token=2 moe_ffn=48 dense_layers=1 layers=6 pp=2 stage_layers=4,2 cp=2 micro_batches=4"),
};
enum { SHAPES = sizeof shapes / sizeof *shapes };
static const char *const policies[] = {"full", "uniform:2", "block:1", "none"};

/* A budget that a listed policy meets is met, with no more to run again. */
START_TEST(no_worse_than_listed)
{
    if (strstr(shapes[_i % SHAPES], "pp=8 vpp=4") && strcmp(policies[_i / SHAPES], "uniform:2") == 0) return; /* a layer on each stage */
    const am_report *report = evaluate(shapes[_i % SHAPES], policies[_i / SHAPES]);
    int64_t bytes = highest_of(report), time = report->outcome.recomputed_time;
    char policy[48];
    snprintf(policy, sizeof policy, "budget:%ldB", (long)bytes);
    report = evaluate(shapes[_i % SHAPES], policy);
    ck_assert_int_le(highest_of(report), bytes);
    ck_assert_int_le(report->outcome.recomputed_time, time);
}
END_TEST

/* Each point of a pipeline's frontier is what its peak leads to as a budget; none of the listed policies lies below. */
START_TEST(frontier)
{
    static am_frontier_report own;
    const am_report *report;
    const char *shape = _i < SHAPES ? shapes[_i] : twins[_i - SHAPES];
    char text[512], policy[48];
    am_status status;
    snprintf(text, sizeof text, "%s frontier=yes", shape);
    am_config config = config_of(text);
    ck_assert_int_eq(am_evaluate(&fixture_report, &fixture_workspace, &config, &status), AM_OK);
    own = fixture_report.frontier;
    ck_assert(own.found && own.ranks == fixture_report.config.pp && own.rows > 1);
    int measured = 0;
    for (int i = 0; i < fixture_report.plans; i++) {
        const am_plan *plan = &fixture_report.plan[i];
        if (plan->excess_bytes < 0 && plan->excess_time < 0) continue;
        ck_assert_int_ge(plan->rank_peak, own.row[0].peak_bytes);
        measured++;
    }
    ck_assert_int_ge(measured, 2);
    ck_assert_int_eq(own.row[own.rows - 1].recomputed_time, 0);
    for (int i = 1; i < own.rows; i++)
        ck_assert(own.row[i].peak_bytes > own.row[i - 1].peak_bytes && own.row[i].recomputed_time < own.row[i - 1].recomputed_time);
    for (int i = 0; i < own.rows; i += 1 + own.rows / 7) {
        const am_frontier_row *row = &own.row[i];
        snprintf(policy, sizeof policy, "budget:%ldB", (long)row->peak_bytes);
        report = evaluate(shape, policy);
        ck_assert_int_le(highest_of(report), row->peak_bytes);
        ck_assert_int_eq(report->outcome.recomputed_time, row->recomputed_time);
        ck_assert_int_eq(report->outcome.recomputed_flops, row->recomputed_flops);
        int64_t highest = 0;
        for (int j = 0; j < own.ranks; j++) highest = own.rank_peak[i][j] > highest ? own.rank_peak[i][j] : highest;
        ck_assert_int_eq(highest, row->peak_bytes);
        ck_assert_int_eq(highest_of(report), highest); /* the schedule, played on the plans, says what was searched for */
        snprintf(text, sizeof text, "%s checkpoint=budget:%ldB", shape, (long)row->peak_bytes - 1);
        config = config_of(text);
        am_code code = am_evaluate(&fixture_report, &fixture_workspace, &config, &status);
        ck_assert_msg(code == AM_OUT_OF_RANGE || am_doubted(&own.doubt) || fixture_report.outcome.recomputed_time > row->recomputed_time,
                      "%s: as long as the frontier's %ld bytes", text, (long)row->peak_bytes);
    }
}
END_TEST

/* The report says whether every plan was looked at. */
START_TEST(proven)
{
    const char *shape = "model=llama-3-70b layers=96 stack=megatron seq=8192 tp=8 pp=4 vpp=2";
    for (int stops = 0; stops < 2; stops++) {
        fixture_workspace.rank_plans.chain.limit = stops ? 100 : 0;
        const am_report *report = evaluate(shape, "budget:26GiB");
        fixture_workspace.rank_plans.chain.limit = 0;
        ck_assert_int_eq(report->doubt.stopped > 0, stops);
        ck_assert_int_eq(am_doubted(&report->doubt), stops);
        for (int i = 0; i < report->ranks; i++) ck_assert_int_le(am_rank_peak(&report->rank[i]), (int64_t)26 << 30);
    }
    ck_assert_int_gt(evaluate("model=llama-3-70b layers=96 stack=megatron seq=8192 tp=8 pp=4 vpp=8", "budget:32GiB")->doubt.stopped, 0);
    /* experts' regions leave something for good: it is in doubt only where it decides what fits, and nothing is where nothing runs again */
    static const struct {
        const char *policy;
        bool outlived, runs_again;
    } experts[] = {{"budget:30GiB", false, false}, {"budget:13GiB", false, true}, {"budget:3GiB", true, true}};
    for (size_t i = 0; i < sizeof experts / sizeof *experts; i++) {
        const am_report *report = evaluate("model=mixtral-8x7b stack=megatron seq=4096 tp=2 sp=yes pp=4 ep=4 dp=4 micro_batches=8", experts[i].policy);
        ck_assert_int_eq(report->doubt.outlived, experts[i].outlived);
        ck_assert_int_eq(am_doubted(&report->doubt), experts[i].outlived);
        ck_assert_int_eq(report->outcome.recomputed_time > 0, experts[i].runs_again);
    }
}
END_TEST

/* Where the search ends early, a plan that it did find is taken, and a refusal says that there may be others. */
START_TEST(stopped)
{
    static const char *const own[] = {"model=llama-3-8b stack=megatron pp=4 vpp=2", "model=mixtral-8x7b stack=megatron-local tp=2 sp=yes attention=flash pp=2 vpp=2"};
    const char *shape = own[_i % 2];
    char text[256];
    am_status status;
    int refused = 0, taken = 0;
    static const int limits[] = {1, 4, 20, 100};
    for (int64_t bytes = (int64_t)3 << 29; bytes < (int64_t)3 << 34; bytes += bytes / 16) {
        snprintf(text, sizeof text, "%s checkpoint=budget:%lldB", shape, (long long)bytes);
        am_config config = config_of(text);
        fixture_workspace.rank_plans.chain.limit = limits[_i / 2];
        am_code code = am_evaluate(&fixture_report, &fixture_workspace, &config, &status);
        fixture_workspace.rank_plans.chain.limit = 0;
        taken += code == AM_OK;
        if (code == AM_OK) {
            ck_assert_int_le(highest_of(&fixture_report), bytes);
            continue;
        }
        ck_assert_int_eq(code, AM_OUT_OF_RANGE);
        refused += strstr(status.message, "before the search ended") != NULL;
    }
    ck_assert_int_gt(refused, 0);
    ck_assert_int_gt(taken, 0);
}
END_TEST

/* The most that a search may look at, and what it is of. */
typedef struct bounded {
    int64_t limit;
    const char *shape;
} bounded;

static am_code evaluate_within(int64_t limit, const char *text)
{
    am_status status;
    am_config config = config_of(text);
    fixture_workspace.rank_plans.chain.limit = limit;
    am_code code = am_evaluate(&fixture_report, &fixture_workspace, &config, &status);
    fixture_workspace.rank_plans.chain.limit = 0;
    return code;
}

#define TORCH_RANKS "stack=torch family=llama "
/* A search below a budget that ends before it finds a plan, where the one for the lowest peak finds some: they are taken. */
START_TEST(found_by_the_lowest)
{
    static const bounded table[] = {
        {16344, TORCH_RANKS "hidden=256 heads=4 ffn=16 vocab=8 seq=128 batch=3 dtype=fp16 layers=27 pp=3 vpp=3 micro_batches=3 schedule=interleaved "
                            "checkpoint=budget:6873634B"},
        {12328, TORCH_RANKS "hidden=512 heads=4 ffn=64 vocab=17 seq=256 batch=4 attention=flash allocator=cuda tie_word_embeddings=yes layers=36 pp=3 "
                            "vpp=3 micro_batches=24 schedule=interleaved checkpoint=budget:49905663B"},
    };
    ck_assert_int_eq(evaluate_within(table[_i].limit, table[_i].shape), AM_OK);
    const int64_t found = fixture_report.outcome.recomputed_time;
    ck_assert_int_gt(fixture_report.doubt.stopped, 0);
    ck_assert_int_le(highest_of(&fixture_report), fixture_report.policy.count);
    ck_assert_int_eq(evaluate_within(0, table[_i].shape), AM_OK);
    ck_assert_int_le(fixture_report.outcome.recomputed_time, found);
}
END_TEST

/* Rows of a frontier whose searches end early rise and fall all the same, and none is better than the plan for its peak. */
START_TEST(stopped_frontier)
{
    static const bounded table[] = {
        {119, TORCH_RANKS "hidden=128 heads=8 ffn=32 vocab=17 seq=256 dtype=fp32 autocast=bf16 layers=24 pp=4 vpp=3 micro_batches=8 schedule=interleaved"},
        {705, TORCH_RANKS "hidden=128 heads=8 ffn=512 vocab=4096 seq=8 batch=3 dtype=fp32 autocast=bf16 layers=18 pp=3 vpp=3 micro_batches=24 "
                          "schedule=interleaved"},
        {5, TORCH_RANKS "hidden=128 heads=8 ffn=32 vocab=17 seq=256 dtype=fp32 autocast=bf16 layers=24 pp=3 vpp=4 micro_batches=6 schedule=interleaved"},
        {2, TORCH_RANKS "hidden=512 heads=4 ffn=32 vocab=16 seq=4 batch=2 allocator=cuda layers=6 pp=2 micro_batches=14 schedule=gpipe"},
    };
    static am_frontier_report own;
    char text[400];
    snprintf(text, sizeof text, "%s frontier=yes", table[_i].shape);
    ck_assert_int_eq(evaluate_within(table[_i].limit, text), AM_OK);
    own = fixture_report.frontier;
    ck_assert(own.found && own.rows > 0 && own.doubt.stopped > 0);
    for (int i = 1; i < own.rows; i++)
        ck_assert(own.row[i].peak_bytes > own.row[i - 1].peak_bytes && own.row[i].recomputed_time < own.row[i - 1].recomputed_time);
    for (int i = 0; i < own.rows; i += 1 + own.rows / 7) {
        char policy[48];
        snprintf(policy, sizeof policy, "budget:%ldB", (long)own.row[i].peak_bytes);
        ck_assert_int_le(evaluate(table[_i].shape, policy)->outcome.recomputed_time, own.row[i].recomputed_time);
    }
}
END_TEST

/* Stages of 32 lengths, each with thousands of plans: all together more than there is room for. */
START_TEST(too_many_plans)
{
    am_status status;
    am_config config = config_of(TORCH_RANKS "hidden=768 heads=12 kv_heads=4 ffn=3001 vocab=50304 seq=1021 device=mine device_memory=80GiB "
                                             "device_gflops=1000 device_bandwidth=200000 layers=720 pp=32 micro_batches=32 stage_layers=7,8,9,10,11,12,13,"
                                             "14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31,32,33,34,35,36,37,38 checkpoint=budget:100GiB");
    ck_assert_int_eq(am_evaluate(&fixture_report, &fixture_workspace, &config, &status), AM_CAPACITY);
    ck_assert_str_eq(status.field, "checkpoint");
    ck_assert_ptr_nonnull(strstr(status.message, "another policy by name"));
}
END_TEST

/* A frontier has the peaks of the first ranks, and a plan found for a budget is none of those that are measured by it. */
START_TEST(many_ranks)
{
    am_status status;
    am_config config = config_of("stack=torch family=llama hidden=64 heads=8 kv_heads=2 ffn=96 vocab=64 seq=32 layers=40 pp=40 micro_batches=40 "
                                 "frontier=yes checkpoint=budget:1GiB");
    ck_assert_int_eq(am_evaluate(&fixture_report, &fixture_workspace, &config, &status), AM_OK);
    const am_frontier_report *own = &fixture_report.frontier;
    ck_assert(own->found);
    ck_assert_int_eq(own->ranks, AM_MAX_FRONTIER_RANKS);
    int64_t highest = 0;
    for (int i = 0; i < own->ranks; i++) highest = own->rank_peak[0][i] > highest ? own->rank_peak[0][i] : highest;
    ck_assert_int_le(highest, own->row[0].peak_bytes);
    const am_plan *plan = &fixture_report.plan[fixture_report.plans - 1];
    ck_assert_int_eq(plan->policy.kind, AM_POLICY_BUDGET);
    ck_assert_int_eq(plan->rank_peak, -1);
    ck_assert_int_eq(plan->excess_bytes, -1);
    static char text[1 << 20];
    int measured = 0, said = 0;
    for (int i = 0; i < fixture_report.plans; i++) measured += fixture_report.plan[i].rank_peak >= 0;
    ck_assert_uint_gt(am_report_json(&fixture_report, text, sizeof text), 0);
    for (const char *at = text; (at = strstr(at, "\"worst_rank_peak_bytes\"")) != NULL; at++) said++;
    ck_assert_int_eq(said, measured);
}
END_TEST

/* Of a listed plan whose ranks would hold more than 2^53 bytes at once nothing is measured; the others are. */
START_TEST(beyond_measure)
{
    am_status status;
    am_config config = config_of("model=llama-3-8b seq=8192 stack=torch schedule=gpipe pp=2 micro_batches=1048576 frontier=yes checkpoint=full");
    ck_assert_int_eq(am_evaluate(&fixture_report, &fixture_workspace, &config, &status), AM_OK);
    for (int i = 0; i < fixture_report.plans; i++) {
        const am_plan *plan = &fixture_report.plan[i];
        if (plan->policy.kind == AM_POLICY_NONE) ck_assert(plan->rank_peak == -1 && plan->excess_bytes == -1 && plan->excess_time == -1);
        if (plan->chosen) ck_assert_int_eq(plan->rank_peak, highest_of(&fixture_report));
    }
}
END_TEST

/* The refusal of a budget names the smallest that there is a plan for. */
START_TEST(the_smallest)
{
    static const char *const own[] = {"model=llama-3-70b stack=megatron seq=8192 tp=8 pp=4", "model=llama-3-8b stack=megatron pp=4 vpp=2"};
    char text[256], policy[64];
    am_status status;
    snprintf(text, sizeof text, "%s checkpoint=budget:1MiB", own[_i]);
    am_config config = config_of(text);
    ck_assert_int_eq(am_evaluate(&fixture_report, &fixture_workspace, &config, &status), AM_OUT_OF_RANGE);
    ck_assert_str_eq(status.field, "checkpoint");
    const char *nearest = strstr(status.message, "peaks at ");
    ck_assert_ptr_nonnull(nearest);
    long long bytes = strtoll(nearest + strlen("peaks at "), NULL, 10);
    snprintf(policy, sizeof policy, "budget:%lldB", bytes);
    ck_assert_int_eq(highest_of(evaluate(own[_i], policy)), bytes);
    snprintf(text, sizeof text, "%s checkpoint=budget:%lldB", own[_i], bytes - 1);
    config = config_of(text);
    ck_assert_int_eq(am_evaluate(&fixture_report, &fixture_workspace, &config, &status), AM_OUT_OF_RANGE);
}
END_TEST

static const char *const pipelines[] = {
    "stack=torch family=llama hidden=64 heads=8 kv_heads=2 ffn=96 vocab=64 seq=32 batch=2 pp=2 micro_batches=4",
    "stack=torch family=llama hidden=64 heads=8 kv_heads=2 ffn=96 vocab=4096 seq=32 pp=4 micro_batches=8",
    "stack=megatron family=llama activation=swiglu bias=no positions=rope norm=rmsnorm pp=4 micro_batches=8 " SHAPE,
    "stack=megatron-local family=llama activation=swiglu bias=no positions=rope norm=rmsnorm attention=flash tp=2 sp=yes pp=2 micro_batches=2 " SHAPE,
    "stack=megatron family=llama activation=swiglu bias=no positions=rope norm=rmsnorm pp=2 vpp=2 micro_batches=4 " SHAPE,
    "stack=torch family=llama hidden=64 heads=8 ffn=96 vocab=64 seq=32 pp=2 schedule=gpipe micro_batches=3",
};
enum { PIPELINES = sizeof pipelines / sizeof *pipelines };

/* The first layers of each stage run again: a plan that fits its own peak; the budget's has no more to run again, and
 * every rank's schedule, played, stays below. */
START_TEST(every_rank_below_the_budget)
{
    char text[400];
    am_status status;
    snprintf(text, sizeof text, "layers=16 %s checkpoint=block:%d", pipelines[_i % PIPELINES], _i / PIPELINES);
    am_config config = config_of(text);
    ck_assert_msg(am_evaluate(&fixture_report, &fixture_workspace, &config, &status) == AM_OK, "%s", status.message);
    int64_t most = am_rank_peak(&fixture_report.rank[fixture_report.worst_rank]), ours = 0;
    int64_t again = fixture_report.config.pp * fixture_report.config.vpp * (_i / PIPELINES);
    snprintf(text, sizeof text, "layers=16 %s checkpoint=full", pipelines[_i % PIPELINES]);
    config = config_of(text);
    ck_assert_int_eq(am_evaluate(&fixture_report, &fixture_workspace, &config, &status), AM_OK);
    int64_t time = fixture_report.outcome.recomputed_time / 16 * again; /* all layers take as long */
    snprintf(text, sizeof text, "layers=16 %s checkpoint=budget:%ldB", pipelines[_i % PIPELINES], (long)most);
    config = config_of(text);
    ck_assert_msg(am_evaluate(&fixture_report, &fixture_workspace, &config, &status) == AM_OK, "%s: %s", text,
                  status.message);
    ours = fixture_report.outcome.recomputed_time;
    for (int i = 0; i < fixture_report.ranks; i++) {
        ck_assert_int_le(am_rank_peak(&fixture_report.rank[i]), most);
        ck_assert_int_ne(fixture_report.rank_plan[i][0], 0);
    }
    ck_assert_msg(ours <= time, "%s: %ld ps, not %ld", text, (long)ours, (long)time);
    int64_t kept = 0;
    for (int i = 0; i < fixture_report.rows; i++) kept += fixture_report.row[i].row.bytes * fixture_report.row[i].count;
    ck_assert_int_eq(kept, fixture_report.saved_bytes);
}
END_TEST

START_TEST(no_plan_of_a_rank)
{
    am_status status;
    am_config config = config_of("model=llama-3-70b stack=megatron seq=8192 tp=8 pp=4 checkpoint=budget:1GiB");
    ck_assert_int_eq(am_evaluate(&fixture_report, &fixture_workspace, &config, &status), AM_OUT_OF_RANGE);
    ck_assert_str_eq(status.field, "checkpoint");
    ck_assert_ptr_nonnull(strstr(status.message, "rank 0"));
}
END_TEST

Suite *test_rank_plans_suite(void)
{
    Suite *suite = suite_create("rank_plans");
    TCase *tests = tcase_create("rank_plans");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, moments, 0, 4);
    tcase_add_loop_test(tests, equals_brute_force, 0, 10);
    tcase_add_test(tests, stopped_early);
    tcase_add_test(tests, proven);
    tcase_add_loop_test(tests, stopped, 0, 8);
    tcase_add_loop_test(tests, found_by_the_lowest, 0, 2);
    tcase_add_loop_test(tests, stopped_frontier, 0, 4);
    tcase_add_test(tests, too_many_plans);
    tcase_add_test(tests, many_ranks);
    tcase_add_test(tests, beyond_measure);
    tcase_add_loop_test(tests, no_cheaper_plan, 0, TWINS * 5);
    tcase_add_loop_test(tests, no_worse_than_listed, 0, SHAPES * (int)(sizeof policies / sizeof *policies));
    tcase_add_loop_test(tests, frontier, 0, SHAPES + TWINS);
    tcase_add_loop_test(tests, the_smallest, 0, 2);
    tcase_add_loop_test(tests, every_rank_below_the_budget, 0, PIPELINES * 4);
    tcase_add_test(tests, no_plan_of_a_rank);
    suite_add_tcase(suite, tests);
    return suite;
}
