/* The plans of a pipeline's ranks for a budget: small twins whose plans are all composed and whose schedules are played, and models. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "evaluate.h"
#include "fixture.h"
#include "rank_shapes.h"
#include "wiring.h"

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
    long long bytes = 0;
    for (const char *digit = nearest + strlen("peaks at "); *digit != ' '; digit++)
        if (*digit != ',') bytes = 10 * bytes + (*digit - '0');
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
    tcase_add_test(tests, proven);
    tcase_add_loop_test(tests, stopped, 0, 8);
    tcase_add_loop_test(tests, found_by_the_lowest, 0, 2);
    tcase_add_loop_test(tests, no_cheaper_plan, 0, TWINS * 5);
    tcase_add_loop_test(tests, no_worse_than_listed, 0, SHAPES * (int)(sizeof policies / sizeof *policies));
    tcase_add_loop_test(tests, the_smallest, 0, 2);
    tcase_add_loop_test(tests, every_rank_below_the_budget, 0, PIPELINES * 4);
    tcase_add_test(tests, no_plan_of_a_rank);
    suite_add_tcase(suite, tests);
    return suite;
}
