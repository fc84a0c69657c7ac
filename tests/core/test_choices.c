/* The plans that the frontier is made of, against what they stand for: each played with every layer on one tape, and all
 * plans of a small model by brute force. */
#include <stdio.h>
#include <string.h>

#include "evaluate.h"
#include "fixture.h"
#include "frontier_models.h"
#include "wiring.h"

/* Plays one plan with every layer recorded, each a region that keeps what the plan says. */
static am_step played(const am_config *config, const am_choices *choices, int units, const uint8_t *path)
{
    static am_tape tape;
    static am_player player;
    static am_extents extents;
    am_step step;
    am_rates rates;
    am_status status;
    int64_t value[AM_SYMBOL_COUNT];
    am_pattern pattern = am_model_pattern(config);
    am_record record = {.units = units, .inner = 1, .regions = true};
    for (int i = 0; i < units; i++) record.kind[i] = (uint8_t)am_pattern_kind(&pattern, i);
    am_model_symbols(config, value);
    am_extents_init(&extents, value);
    ck_assert_int_eq(am_model_record(&tape, &extents, config, record), AM_OK);
    ck_assert_int_eq(am_rates_of(config, &rates, &status), AM_OK);
    ck_assert_int_eq(am_cost_tape(&tape, &rates), AM_OK);
    for (int i = 0; i < units; i++) {
        const am_choice *choice = &choices->candidate[choices->chosen[path[i]]];
        am_tape_checkpoint_region(&tape, i + 1, AM_NON_REENTRANT, choice->plain ? AM_KEEP_EVERYTHING : AM_KEEP_LISTED);
        tape.region[i + 1].kept = choice->listed.kept;
    }
    ck_assert_int_eq(am_step_play(&step, &player, &tape, NULL), AM_OK);
    return step;
}

static int64_t time_of(const am_step *step)
{
    int64_t time = 0;
    for (int i = 0; i <= step->layers + 1; i++) time += step->zone_recomputed_time[i];
    return time;
}

static int64_t peak_of(const am_step *step)
{
    return step->forward_peak > step->backward_peak ? step->forward_peak : step->backward_peak;
}

/* ---- what choices are compared by */

/* What is worse in one respect alone is not as good. */
START_TEST(units_compared)
{
    static const am_plan_unit than = {.residue = 5, .given = 6, .forward = 5, .backward = 5, .recomputed_time = 5, .outlived = 5, .passed = 5, .carried = 5};
    am_plan_unit worse[9], better = {.given = 4, .recomputed_flops = 9};
    for (int i = 0; i < 9; i++) worse[i] = than;
    worse[0].residue++, worse[1].forward++, worse[2].backward++, worse[3].recomputed_time++, worse[4].given = 8, worse[5].outlived++, worse[6].passed++, worse[7].carried++, worse[8].cached++;
    ck_assert(am_unit_as_good(&than, &than) && am_unit_as_good(&better, &than) && !am_unit_as_good(&than, &better));
    for (int i = 0; i < 9; i++) ck_assert(!am_unit_as_good(&worse[i], &than));
}
END_TEST

/* Every plan of the frontier that has no segments is what it says. */
START_TEST(plans_played)
{
    enum { LAYERS = 6 };
    am_config config = model_of(_i, LAYERS, "");
    am_status status;
    ck_assert_int_eq(am_config_resolve(&config, &status), AM_OK);
    search(_i, LAYERS);
    const am_choices *choices = &fixture_workspace.choices;
    const am_frontier *frontier = &fixture_workspace.frontier;
    int tried = 0;
    for (int i = 0; i < frontier->points; i += 1 + frontier->points / 40) {
        uint8_t path[AM_MAX_CHAIN_LAYERS] = {0};
        int units = am_frontier_plan(frontier, &choices->chain, frontier->point[i].index, path);
        if (units < LAYERS) continue;
        am_step step = played(&config, choices, units, path);
        int64_t found = choices->ends.forward + frontier->point[i].peak;
        ck_assert_msg(peak_of(&step) == found, "plan %d: %ld, not %ld", i, (long)found, (long)peak_of(&step));
        ck_assert_int_eq(time_of(&step), frontier->point[i].cost);
        tried++;
    }
    ck_assert_int_gt(tried, 1);
}
END_TEST

/* Three layers of four candidates each, every plan played on the tape: none beats the frontier, which is over more. */
START_TEST(every_plan_played)
{
    enum { LAYERS = 3, TAKEN = 4, PLANS = TAKEN * TAKEN * TAKEN };
    am_config config = model_of(_i, LAYERS, "");
    am_status status;
    ck_assert_int_eq(am_config_resolve(&config, &status), AM_OK);
    search(_i, LAYERS);
    const am_choices *choices = &fixture_workspace.choices;
    const am_frontier *frontier = &fixture_workspace.frontier;
    for (int plan = 0; plan < PLANS; plan++) {
        uint8_t path[LAYERS] = {(uint8_t)(plan % TAKEN), (uint8_t)(plan / TAKEN % TAKEN),
                                (uint8_t)(plan / TAKEN / TAKEN)};
        am_step step = played(&config, choices, LAYERS, path);
        bool beaten = false;
        for (int i = 0; i < frontier->points; i++)
            beaten |= choices->ends.forward + frontier->point[i].peak <= peak_of(&step) &&
                      frontier->point[i].cost <= time_of(&step);
        ck_assert_msg(beaten, "plan %d%d%d: peak %ld, %ld ps", path[0], path[1], path[2], (long)peak_of(&step),
                      (long)time_of(&step));
    }
}
END_TEST

/* All plans of three choices for each layer by itself, on the frontier or not: composed and by the chain they peak where they do when
 * they are played with every layer on one tape. */
START_TEST(mixed_played)
{
    enum { TAKEN = 3 }; /* nothing run again, all of it, all but products */
    static const am_profile_id ids[TAKEN] = {AM_PROFILE_PLAIN, AM_PROFILE_LISTED, AM_PROFILE_LISTED + 1};
    const am_config config = search_mixed(_i);
    am_workspace *workspace = &fixture_workspace;
    const am_choices *choices = &workspace->choices;
    am_evaluation evaluation = last_evaluation();
    const int layers = (int)config.layers;
    int plans = 1;
    for (int i = 0; i < layers; i++) plans *= TAKEN;
    workspace->listeds = 0;
    for (int i = 1; i < TAKEN; i++) {
        workspace->listed[workspace->listeds++] = choices->candidate[choices->chosen[i]].listed;
        workspace->played[ids[i]] = false;
    }
    for (int plan = 0; plan < plans; plan++) {
        uint8_t path[AM_MAX_CHAIN_LAYERS] = {0};
        am_run run[8];
        am_outcome outcome;
        int64_t left;
        int runs = 0;
        for (int i = 0, rest = plan; i < layers; i++, rest /= TAKEN) {
            path[i] = (uint8_t)(rest % TAKEN);
            if (i > 0 && path[i] == path[i - 1]) run[runs - 1].units++;
            else run[runs++] = (am_run){am_evaluation_profile(&evaluation, ids[path[i]]), 1, 1};
        }
        ck_assert_int_eq(evaluation.code, AM_OK);
        ck_assert_int_eq(am_plan_compose(&outcome, &evaluation.pattern, runs, run), AM_OK);
        const am_step step = played(&config, choices, layers, path);
        const int64_t peak = peak_of(&step), chain = choices->ends.forward + am_chain_play(&choices->chain, layers, path, &left).peak;
        ck_assert_msg(am_outcome_peak(&outcome) == peak, "%s: plan %d is composed to %ld, not %ld", mixed[_i], plan,
                      (long)am_outcome_peak(&outcome), (long)peak);
        ck_assert_msg(chain == peak, "%s: plan %d is %ld, not %ld", mixed[_i], plan, (long)chain, (long)peak);
    }
}
END_TEST

enum { EVERY_2 = 1, HALF_MATMULS = 3 };
static const char *const budgets[] = {"full", [EVERY_2] = "every:2", "block:3", [HALF_MATMULS] = "save:half-matmuls", "none"};

/* The plan for a budget is below it, and no plan of the frontier that is has less to run again. */
START_TEST(budget)
{
    int model = _i % MODELS;
    char policy[64];
    am_status status;
    bool shards = strstr(models[model], "zero=3") != NULL, divides = strstr(models[model], "tp=2") || strstr(models[model], "cp=2");
    if ((shards && _i / MODELS == EVERY_2) || (divides && _i / MODELS == HALF_MATMULS)) return; /* which they don't have */
    snprintf(policy, sizeof policy, "checkpoint=%s frontier=no", budgets[_i / MODELS]);
    am_config config = model_of(model, 6, policy);
    ck_assert_int_eq(am_evaluate(&fixture_report, &fixture_workspace, &config, &status), AM_OK);
    int64_t bytes = am_outcome_peak(&fixture_report.outcome), time = fixture_report.outcome.recomputed_time;
    snprintf(policy, sizeof policy, "checkpoint=budget:%ldB", (long)bytes);
    config = model_of(model, 6, policy);
    ck_assert_msg(am_evaluate(&fixture_report, &fixture_workspace, &config, &status) == AM_OK, "%s", status.message);
    const am_outcome *outcome = &fixture_report.outcome;
    ck_assert_int_le(am_outcome_peak(outcome), bytes);
    ck_assert_int_le(outcome->recomputed_time, time);
    const am_frontier *frontier = &fixture_workspace.frontier;
    const am_choices *choices = &fixture_workspace.choices;
    for (int i = 0; i < frontier->points; i++)
        if (choices->ends.forward + frontier->point[i].peak <= bytes)
            ck_assert_int_ge(frontier->point[i].cost, outcome->recomputed_time);
    int64_t kept = 0;
    for (int i = 0; i < fixture_report.rows; i++)
        kept += fixture_report.row[i].row.bytes * fixture_report.row[i].count;
    ck_assert_int_eq(kept, fixture_report.saved_bytes);
}
END_TEST

START_TEST(budget_below_the_smallest)
{
    am_status status;
    am_config config = model_of(0, 6, "checkpoint=budget:1KiB");
    ck_assert_int_eq(am_evaluate(&fixture_report, &fixture_workspace, &config, &status), AM_OUT_OF_RANGE);
    ck_assert_str_eq(status.field, "checkpoint");
    const char *nearest = strstr(status.message, "checkpoint=budget:");
    ck_assert_ptr_nonnull(nearest);
    char policy[64];
    snprintf(policy, sizeof policy, "%s", nearest);
    config = model_of(0, 6, policy);
    ck_assert_int_eq(am_evaluate(&fixture_report, &fixture_workspace, &config, &status), AM_OK);
}
END_TEST

/* What one layer may do: a profile, and how many layers it spans. */
typedef struct brute_choice {
    am_profile_id id;
    int span;
} brute_choice;

typedef struct brute {
    am_evaluation evaluation;
    brute_choice choice[80];
    int choices;
    am_run run[8];
    int64_t budget, cheapest;
} brute;

static void try_all(brute *force, int layer, int runs)
{
    if (layer == force->evaluation.config->layers) {
        am_outcome outcome;
        ck_assert_int_eq(am_plan_compose(&outcome, &force->evaluation.pattern, runs, force->run), AM_OK);
        if (am_outcome_peak(&outcome) <= force->budget && outcome.recomputed_time < force->cheapest)
            force->cheapest = outcome.recomputed_time;
        return;
    }
    for (int i = 0; i < force->choices; i++) {
        const brute_choice *choice = &force->choice[i];
        if (layer + choice->span > force->evaluation.config->layers) continue;
        force->run[runs] = (am_run){am_evaluation_profile(&force->evaluation, choice->id), 1, choice->span};
        try_all(force, layer + choice->span, runs + 1);
    }
}

/* A twin of three layers: of all plans composed, none within the budget has less to run again than the one found. */
START_TEST(no_cheaper_plan)
{
    static const int percent[] = {0, 15, 40, 70, 99};
    int twin = _i % TWINS;
    am_config config = twin_of(twin, 3, "checkpoint=full"), plain = twin_of(twin, 3, "");
    am_status status;
    ck_assert_msg(am_evaluate(&fixture_report, &fixture_workspace, &config, &status) == AM_OK, "%s", status.message);
    int64_t low = am_outcome_peak(&fixture_report.outcome);
    ck_assert_int_eq(am_evaluate(&fixture_report, &fixture_workspace, &plain, &status), AM_OK);
    int64_t high = am_outcome_peak(&fixture_report.outcome);
    int64_t most = low + (high - low) * percent[_i / TWINS] / 100;
    char policy[48];
    snprintf(policy, sizeof policy, "checkpoint=budget:%ldB", (long)most);
    config = twin_of(twin, 3, policy);
    ck_assert_msg(am_evaluate(&fixture_report, &fixture_workspace, &config, &status) == AM_OK, "%s", status.message);
    ck_assert_int_le(am_outcome_peak(&fixture_report.outcome), most);
    int64_t found = fixture_report.outcome.recomputed_time;
    const am_config *resolved = &fixture_report.config;
    brute force = {.evaluation = {.workspace = &fixture_workspace,
                                  .config = resolved,
                                  .policy = &fixture_report.policy,
                                  .timed = true,
                                  .extents = &fixture_workspace.extents,
                                  .pattern = am_model_pattern(resolved)},
                   .budget = most,
                   .cheapest = INT64_MAX};
    int64_t value[AM_SYMBOL_COUNT];
    am_model_symbols(resolved, value);
    am_extents_init(&fixture_workspace.extents, value);
    ck_assert_int_eq(am_rates_of(resolved, &force.evaluation.rates, &status), AM_OK);
    memset(fixture_workspace.played, 0, sizeof fixture_workspace.played);
    fixture_workspace.recorded = (am_record){0};
    force.choice[force.choices++] = (brute_choice){AM_PROFILE_PLAIN, 1};
    force.choice[force.choices++] = (brute_choice){AM_PROFILE_LAYER, 1};
    for (int span = 2; span <= 3; span++)
        force.choice[force.choices++] = (brute_choice){AM_PROFILE_SEGMENT, span};
    for (int modules = 1, listed = 0; modules <= AM_MODULES_ALL; modules++) {
        if (am_modules_wrong(resolved, (unsigned)modules)) continue;
        fixture_workspace.listed[listed] = (am_listed){.modules = (uint8_t)modules};
        force.choice[force.choices++] = (brute_choice){(am_profile_id)(AM_PROFILE_LISTED + listed++), 1};
    }
    try_all(&force, 0, 0);
    ck_assert_int_eq(force.evaluation.code, AM_OK);
    ck_assert_msg(found == force.cheapest, "%s: %ld ps, by brute force %ld", twins[twin], (long)found,
                  (long)force.cheapest);
}
END_TEST

/* With experts all choices for single layers are combined where those with regions of several layers are too many, and these are
 * looked at for a budget: one that nothing else stays below, and one whose plan they make cheaper. */
START_TEST(regions_of_experts)
{
    am_status status;
    am_config config = config_of("model=mixtral-8x7b stack=megatron ep=8 frontier=yes");
    ck_assert_int_eq(am_evaluate(&fixture_report, &fixture_workspace, &config, &status), AM_OK);
    ck_assert_uint_eq(fixture_report.frontier.spans, 1 << 1);
    ck_assert(fixture_report.frontier.doubt.apart);
    const am_frontier_row low = fixture_report.frontier.row[2];
    int64_t lowest = fixture_report.frontier.row[0].peak_bytes;
    char text[96];
    snprintf(text, sizeof text, "model=mixtral-8x7b stack=megatron ep=8 checkpoint=budget:%ld", (long)lowest - 1);
    config = config_of(text);
    ck_assert_msg(am_evaluate(&fixture_report, &fixture_workspace, &config, &status) == AM_OK, "%s", status.message);
    ck_assert_int_lt(am_outcome_peak(&fixture_report.outcome), lowest);
    snprintf(text, sizeof text, "model=mixtral-8x7b stack=megatron ep=8 checkpoint=budget:%ld", (long)low.peak_bytes);
    config = config_of(text);
    ck_assert_msg(am_evaluate(&fixture_report, &fixture_workspace, &config, &status) == AM_OK, "%s", status.message);
    ck_assert_int_lt(fixture_report.outcome.recomputed_time, low.recomputed_time);
    ck_assert_int_le(fixture_report.doubt.least, fixture_report.outcome.recomputed_time);
    ck_assert(fixture_report.doubt.apart);
    config = config_of("model=mixtral-8x7b stack=megatron ep=8 checkpoint=budget:1GiB");
    ck_assert_int_eq(am_evaluate(&fixture_report, &fixture_workspace, &config, &status), AM_OUT_OF_RANGE);
}
END_TEST

/* A pipeline's ranks have regions of several layers however many layers they have: what they peak at together is a budget that has a plan. */
START_TEST(regions_of_ranks)
{
    am_status status;
    const char *const model = "model=mixtral-8x7b stack=megatron layers=100 pp=2 seq=2048";
    char text[128];
    snprintf(text, sizeof text, "%s checkpoint=uniform:2", model);
    am_config config = config_of(text);
    ck_assert_int_eq(am_evaluate(&fixture_report, &fixture_workspace, &config, &status), AM_OK);
    const int64_t peak = am_rank_peak(&fixture_report.rank[fixture_report.worst_rank]);
    snprintf(text, sizeof text, "%s checkpoint=budget:%ld", model, (long)peak);
    config = config_of(text);
    ck_assert_msg(am_evaluate(&fixture_report, &fixture_workspace, &config, &status) == AM_OK, "%s", status.message);
}
END_TEST

/* Where a frontier of all choices would be too large, a budget's plan is of those that are worth most there: none of the frontier's costs
 * less, and what all choices cost at least stands close below it. */
START_TEST(close_to_bound)
{
    static const char *const texts[] = {
        "model=llama-3-70b seq=8192 checkpoint=budget:60GiB frontier=yes",    "model=llama-3-70b seq=8192 checkpoint=budget:80GiB frontier=yes",
        "model=llama-3-70b seq=8192 checkpoint=budget:150GiB frontier=yes",   "model=llama-3.1-405b seq=8192 checkpoint=budget:100GiB frontier=yes",
        "model=llama-3.1-405b seq=8192 checkpoint=budget:300GiB frontier=yes", "model=qwen2.5-32b seq=8192 checkpoint=budget:80GiB frontier=yes",
    };
    const am_config config = config_of(texts[_i]);
    const am_report *report = &fixture_report;
    am_status status;
    ck_assert_int_eq(am_evaluate(&fixture_report, &fixture_workspace, &config, &status), AM_OK);
    const int64_t found = report->outcome.recomputed_time, least = report->doubt.least;
    ck_assert(report->doubt.hull && report->frontier.found);
    ck_assert_int_le(am_outcome_peak(&report->outcome), report->policy.count);
    ck_assert_int_le(least, found);
    ck_assert_int_le(found, least + least / 40); /* 2.5 %: a layer's worth of some tens, and what peaks stand above what is left */
    for (int i = 0; i < report->frontier.rows; i++)
        if (report->frontier.row[i].peak_bytes <= report->policy.count) ck_assert_int_ge(report->frontier.row[i].recomputed_time, found);
    for (int i = 0; i < report->plans; i++)
        if (report->plan[i].chosen) ck_assert(report->plan[i].excess_bytes == 0 && report->plan[i].excess_time == 0);
}
END_TEST

/* Of what layers are given, and each choice holds in its own way, more groups than are told apart: each tensor is in one group, and a
 * choice holds all groups that it holds something of. */
START_TEST(held_in_groups)
{
    search(0, 6);
    am_choices *choices = &fixture_workspace.choices;
    am_evaluation evaluation = last_evaluation();
    int64_t all = 0, grouped = 0;
    for (int i = 0; i < AM_MAX_GIVEN; i++) all += choices->given[i] = 1 + i;
    for (int x = 0; x < choices->candidates; x++)
        for (int class = 0; class < choices->classes; class++) choices->unit[x][class].given = (uint64_t)3 << x % 60;
    ck_assert_int_eq(am_choices_search(&evaluation, true), AM_OK);
    ck_assert_int_gt(choices->used, AM_MAX_HELD);
    for (int i = 0; i < AM_MAX_HELD; i++) {
        ck_assert_int_gt(choices->chain.given[i], 0);
        grouped += choices->chain.given[i];
    }
    ck_assert_int_eq(grouped, all);
    for (int class = 0; class < choices->classes; class++)
        for (int i = 0; i < choices->used; i++) {
            int64_t own = 0, held = 0;
            for (int k = 0; k < AM_MAX_GIVEN; k++)
                if (choices->unit[choices->chosen[i]][class].given >> k & 1) own += choices->given[k];
            for (int k = 0; k < AM_MAX_HELD; k++)
                if (choices->link[class * choices->used + i].given >> k & 1) held += choices->chain.given[k];
            ck_assert_int_ge(held, own);
        }
}
END_TEST

/* More plans than there is room for, whatever is combined: no frontier is told, and no budget has a plan. Nor has one a step that takes
 * longer than any time. */
START_TEST(no_frontier)
{
    static const char *const many = "family=qwen3_moe layers=96 hidden=32 heads=4 ffn=128 moe_ffn=1408 experts=8 experts_per_token=4 "
                                    "vocab=128256 seq=512 batch=2";
    char text[256];
    am_status status;
    snprintf(text, sizeof text, "%s frontier=yes", many);
    am_config config = config_of(text);
    ck_assert_int_eq(am_evaluate(&fixture_report, &fixture_workspace, &config, &status), AM_OK);
    ck_assert(!fixture_report.frontier.found);
    snprintf(text, sizeof text, "%s checkpoint=budget:1GiB", many);
    config = config_of(text);
    ck_assert_int_eq(am_evaluate(&fixture_report, &fixture_workspace, &config, &status), AM_CAPACITY);
    ck_assert_str_eq(status.field, "checkpoint");
    ck_assert_ptr_nonnull(strstr(status.message, "a policy by name"));
    static const char *const slow[] = {"model=llama-3-70b seq=131072 batch=64",
                                       "family=gemma2 layers=2 hidden=2048 heads=8 ffn=8192 vocab=32 seq=24576" /* a segment has six layers */};
    for (size_t i = 0; i < sizeof slow / sizeof *slow; i++) {
        snprintf(text, sizeof text, "%s device=mine device_memory=80GiB device_gflops=1 device_bandwidth=1 checkpoint=budget:1GiB", slow[i]);
        config = config_of(text);
        ck_assert_int_eq(am_evaluate(&fixture_report, &fixture_workspace, &config, &status), AM_TOO_LARGE);
    }
}
END_TEST

/* Where nothing that is cheap at the price of a byte has a frontier, or one below the budget, the plan is that of the choices that were
 * combined first, whose frontier is there again. */
START_TEST(nothing_at_its_price)
{
    am_status status;
    am_config config = config_of("family=gemma2 layers=102 hidden=128 heads=2 ffn=64 vocab=17 seq=4 batch=3 checkpoint=budget:290680B");
    ck_assert_int_eq(am_evaluate(&fixture_report, &fixture_workspace, &config, &status), AM_OK);
    const am_frontier *frontier = &fixture_workspace.frontier;
    const am_outcome *outcome = &fixture_report.outcome;
    ck_assert(fixture_report.doubt.hull);
    ck_assert_int_le(am_outcome_peak(outcome), 290680);
    ck_assert_int_le(fixture_report.doubt.least, outcome->recomputed_time);
    int64_t cheapest = INT64_MAX;
    for (int i = 0; i < frontier->points; i++)
        if (fixture_workspace.choices.ends.forward + frontier->point[i].peak <= 290680 && frontier->point[i].cost < cheapest)
            cheapest = frontier->point[i].cost;
    ck_assert_int_eq(outcome->recomputed_time, cheapest);
}
END_TEST

static am_outcome composed(am_evaluation *evaluation)
{
    am_outcome outcome;
    am_evaluation_compose(evaluation, (am_policy){.kind = AM_POLICY_BUDGET}, &outcome);
    ck_assert_int_eq(evaluation->code, AM_OK);
    return outcome;
}

/* A budget's plan is composed to what the frontier says of it, at each of its points; below them all it is refused, and so is what comes
 * to more than can be counted. */
START_TEST(composed_to)
{
    search(0, 6);
    am_workspace *workspace = &fixture_workspace;
    const am_frontier *frontier = &workspace->frontier;
    am_evaluation evaluation = last_evaluation();
    const int64_t first = workspace->choices.ends.forward;
    ck_assert(!workspace->choices.hull);
    ck_assert_int_gt(frontier->points, 4);
    for (int i = 0; i < frontier->points; i++) {
        ck_assert_int_eq(am_choices_keep_below(&evaluation, first + frontier->point[i].peak), AM_OK);
        const am_outcome outcome = composed(&evaluation);
        ck_assert_int_eq(am_outcome_peak(&outcome), first + frontier->point[i].peak);
        ck_assert_int_eq(outcome.recomputed_time, frontier->point[i].cost);
        ck_assert(!am_doubted(&workspace->doubt));
    }
    ck_assert_int_eq(am_choices_keep_below(&evaluation, first + frontier->point[0].peak - 1), AM_OUT_OF_RANGE);
    evaluation.code = AM_OK;
    workspace->profile[AM_PROFILE_PLAIN].step.step_peak = AM_MAX_BYTES;
    ck_assert_int_eq(am_choices_keep_below(&evaluation, AM_MAX_BYTES), AM_TOO_LARGE);
}
END_TEST

/* Where all choices are more than can be combined at once, the price of a byte is that of those that the frontier is over: a plan that costs
 * no more than the frontier's own, of which it is not known what all choices cost at least. What was chosen stays. */
START_TEST(more_than_can_be_combined)
{
    const int64_t bytes = (int64_t)80 << 30;
    am_status status;
    am_config config = config_of("model=llama-3-70b seq=8192 frontier=yes");
    ck_assert_int_eq(am_evaluate(&fixture_report, &fixture_workspace, &config, &status), AM_OK);
    am_choices *choices = &fixture_workspace.choices;
    const am_frontier *frontier = &fixture_workspace.frontier;
    am_evaluation evaluation = last_evaluation();
    const int used = choices->used;
    int best = frontier->points - 1;
    while (choices->ends.forward + frontier->point[best].peak > bytes) best--;
    memset(choices->beaten, 0, sizeof choices->beaten);
    ck_assert_int_gt(choices->candidates, AM_MAX_CHOICES);
    ck_assert_int_eq(am_choices_keep_below(&evaluation, bytes), AM_OK);
    ck_assert_int_eq(choices->used, used);
    const am_outcome own = composed(&evaluation);
    ck_assert_int_le(am_outcome_peak(&own), bytes);
    ck_assert_int_le(own.recomputed_time, frontier->point[best].cost);
    ck_assert(fixture_workspace.doubt.least == 0);
}
END_TEST

/* DeepSeek-V3's layers on Megatron have so many. What a listed policy peaks at is a budget whose plan runs no more again. */
START_TEST(no_dearer_than_modules)
{
#define LATENT                                                                                                                  \
    "family=deepseek_v3 heads=4 hidden=64 head_dim=24 v_head_dim=16 rotary_dim=8 kv_rank=16 experts=8 experts_per_token=2 moe_ffn=32 " \
    "shared_ffn=32 dense_layers=1 ffn=64 vocab=512 "
    static const char *const texts[][2] = {
        {"stack=megatron-local " LATENT "layers=4 q_rank=0 seq=128 batch=2 dtype=fp16 tp=4 sp=yes", "modules:core_attn,layernorm,mlp,moe_act"},
        {"stack=megatron-local " LATENT "layers=8 q_rank=24 seq=128 batch=4 tp=4 sp=yes", "modules:layernorm,mlp,moe_act,shared_experts"},
        {"stack=megatron " LATENT "layers=3 q_rank=24 seq=256 batch=2 tp=4 sp=yes", "modules:mlp,moe_act,mla_up_proj,shared_experts"},
        {"stack=megatron " LATENT "layers=3 q_rank=0 seq=256 batch=2 tp=2 sp=yes", "modules:core_attn,layernorm,mla_up_proj,shared_experts"},
    };
#undef LATENT
    char text[512];
    am_status status;
    snprintf(text, sizeof text, "%s checkpoint=%s", texts[_i][0], texts[_i][1]);
    am_config config = config_of(text);
    ck_assert_msg(am_evaluate(&fixture_report, &fixture_workspace, &config, &status) == AM_OK, "%s: %s", text, status.message);
    const int64_t peak = am_outcome_peak(&fixture_report.outcome), time = fixture_report.outcome.recomputed_time;
    snprintf(text, sizeof text, "%s checkpoint=budget:%lldB", texts[_i][0], (long long)peak);
    config = config_of(text);
    ck_assert_msg(am_evaluate(&fixture_report, &fixture_workspace, &config, &status) == AM_OK, "%s: %s", text, status.message);
    ck_assert_int_le(am_outcome_peak(&fixture_report.outcome), peak);
    ck_assert_msg(fixture_report.outcome.recomputed_time <= time, "%s: %lld ps run again, by %s %lld", text,
                  (long long)fixture_report.outcome.recomputed_time, texts[_i][1], (long long)time);
}
END_TEST

/* What leaves a plan unproven is said: that choices on the hull alone were combined; nothing where all were. */
START_TEST(doubts)
{
    static const am_doubt none, each[] = {{.stopped = 1}, {.hull = true}, {.outlived = true}};
    for (int i = 0; i < 3; i++) ck_assert(am_doubted(&each[i]));
    ck_assert(!am_doubted(&none));
    am_config config = config_of("model=llama-3-70b seq=8192 checkpoint=budget:80GiB");
    am_status status;
    ck_assert_int_eq(am_evaluate(&fixture_report, &fixture_workspace, &config, &status), AM_OK);
    ck_assert(fixture_report.doubt.hull && am_doubted(&fixture_report.doubt));
    config = config_of("model=llama-3-8b stack=megatron seq=8192 checkpoint=budget:40GiB frontier=yes");
    ck_assert_int_eq(am_evaluate(&fixture_report, &fixture_workspace, &config, &status), AM_OK);
    ck_assert(!am_doubted(&fixture_report.doubt) && !am_doubted(&fixture_report.frontier.doubt));
}
END_TEST

Suite *test_choices_suite(void)
{
    Suite *suite = suite_create("choices");
    TCase *tests = tcase_create("choices");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, plans_played, 0, MODELS);
    tcase_add_loop_test(tests, every_plan_played, 0, MODELS);
    tcase_add_loop_test(tests, mixed_played, 0, MIXED);
    tcase_add_loop_test(tests, budget, 0, MODELS * (int)(sizeof budgets / sizeof *budgets));
    tcase_add_test(tests, budget_below_the_smallest);
    tcase_add_loop_test(tests, no_cheaper_plan, 0, TWINS * 5);
    tcase_add_test(tests, regions_of_experts);
    tcase_add_test(tests, regions_of_ranks);
    tcase_add_loop_test(tests, close_to_bound, 0, 6);
    tcase_add_test(tests, doubts);
    tcase_add_test(tests, units_compared);
    tcase_add_test(tests, held_in_groups);
    tcase_add_test(tests, no_frontier);
    tcase_add_test(tests, nothing_at_its_price);
    tcase_add_test(tests, composed_to);
    tcase_add_test(tests, more_than_can_be_combined);
    tcase_add_loop_test(tests, no_dearer_than_modules, 0, 4);
    suite_add_tcase(suite, tests);
    return suite;
}
