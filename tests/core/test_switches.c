/* The cheapest plan below a budget that a framework's own switches can say, against all that they can say, evaluated one by one. */
#include <stdio.h>
#include <string.h>

#include "fixture.h"
#include "lines.h"

static const struct {
    const char *model;
    const char *framework;
} models[] = {
    {"stack=megatron layers=6 hidden=64 ffn=96 heads=4 vocab=64 seq=64 batch=2 norm=rmsnorm activation=swiglu tp=2 sp=yes",
     "Megatron-LM"},
    {"stack=megatron-local layers=8 hidden=64 ffn=160 heads=4 vocab=64 seq=64 batch=2 norm=layernorm activation=gelu bias=yes "
     "positions=learned dropout=0.1 pp=2 micro_batches=4",
     "Megatron-LM"},
    {"stack=megatron layers=8 hidden=64 ffn=160 heads=4 vocab=64 seq=64 batch=2 norm=rmsnorm activation=swiglu pp=4 stage_layers=3,2,2,1",
     "Megatron-LM"},
    {"stack=megatron-local layers=4 attention=flash hidden=64 ffn=96 vocab=64 seq=32 family=llama heads=4 kv_heads=2 activation=swiglu "
     "bias=no positions=rope norm=rmsnorm experts=4 experts_per_token=2 moe_ffn=96 shared_ffn=192 tp=2 sp=yes ep=2",
     "Megatron-LM"},
    {"family=llama layers=6 hidden=64 heads=4 ffn=160 vocab=64 seq=64 batch=2", "transformers"},
    {"family=llama stack=torch layers=6 hidden=64 heads=4 ffn=160 vocab=64 seq=64 batch=2", "torchtitan"},
};
enum { MODELS = sizeof models / sizeof *models, MOST = 256 };

static struct {
    char policy[AM_TEXT_SIZE];
    int64_t peak, time;
} plan[MOST];
static int plans;

/* Its policy is behind a budget's; the ranks' peaks are the report's. */
static bool evaluate(const char *model, const char *policy)
{
    char text[512];
    am_status status;
    am_config config = am_default_config();
    snprintf(text, sizeof text, "%s checkpoint=%s timeline=none", model, policy);
    if (am_config_parse(&config, text, &status) || am_evaluate(&fixture_report, &fixture_workspace, &config, &status))
        return false;
    am_fit_search(&fixture_report, &fixture_workspace, &config);
    return true;
}

static void list(const char *model, const char *policy)
{
    if (!evaluate(model, policy)) return;
    const am_report *report = &fixture_report;
    ck_assert_int_lt(plans, MOST);
    strcpy(plan[plans].policy, policy);
    plan[plans].peak = am_rank_peak(&report->rank[report->worst_rank]);
    plan[plans++].time = report->outcome.recomputed_time;
}

static void list_all(const char *model, const char *framework)
{
    static const char *const module[] = {"core_attn", "layernorm",   "mlp",           "moe",
                                         "moe_act",   "mla_up_proj", "shared_experts"};
    char policy[AM_TEXT_SIZE];
    plans = 0;
    list(model, "none");
    list(model, "full");
    if (strcmp(framework, "torchtitan") == 0) list(model, "save:half-matmuls");
    if (strcmp(framework, "Megatron-LM") != 0) return;
    for (int i = 1; i <= 8; i++) {
        snprintf(policy, sizeof policy, "uniform:%d", i);
        list(model, policy);
        snprintf(policy, sizeof policy, "block:%d", i);
        list(model, policy);
    }
    for (int set = 1; set < 128; set++) {
        strcpy(policy, "modules:");
        for (int i = 0; i < 7; i++)
            if (set >> i & 1) strcat(strcat(policy, policy[strlen(policy) - 1] == ':' ? "" : ","), module[i]);
        list(model, policy);
    }
}

/* At each plan's peak and a byte below it. */
START_TEST(against_all)
{
    const am_switches *found = &fixture_report.switches;
    const char *model = models[_i].model;
    int below = 0;
    list_all(model, models[_i].framework);
    ck_assert_int_ge(plans, _i < 4 ? 8 : 2);
    for (int i = 0; i < 2 * plans; i++) {
        char budget[48];
        int64_t bytes = plan[i / 2].peak - i % 2, time = INT64_MAX, lowest = INT64_MAX;
        snprintf(budget, sizeof budget, "budget:%lldB", (long long)bytes);
        if (!evaluate(model, budget)) continue; /* below every plan */
        ck_assert_str_eq(found->framework, models[_i].framework);
        for (int j = 0; j < plans; j++) {
            if (plan[j].peak < lowest) lowest = plan[j].peak;
            if (plan[j].peak <= bytes && plan[j].time < time) time = plan[j].time;
        }
        ck_assert_int_eq(found->found, time < INT64_MAX);
        if (found->found) {
            ck_assert_int_eq(found->recomputed_time, time);
            ck_assert_int_le(found->peak_bytes, bytes);
            ck_assert_int_le(fixture_report.outcome.recomputed_time, time); /* the optimal plan is no dearer */
            below++;
        } else {
            ck_assert_int_eq(found->peak_bytes, lowest);
        }
        int64_t highest = 0;
        for (int j = 0; j < found->ranks; j++)
            if (am_rank_peak(&found->rank[j]) > highest) highest = am_rank_peak(&found->rank[j]);
        if (found->ranks) ck_assert_int_eq(highest, found->peak_bytes);
    }
    ck_assert_int_gt(below, 2);
}
END_TEST

/* What is found is what that policy is by itself, on every rank. */
START_TEST(as_evaluated)
{
    static am_switches found;
    char policy[AM_TEXT_SIZE], budget[48];
    ck_assert(evaluate(models[_i].model, "full"));
    int64_t peak = am_rank_peak(&fixture_report.rank[fixture_report.worst_rank]);
    snprintf(budget, sizeof budget, "budget:%lldB", (long long)(peak + peak / 8));
    ck_assert(evaluate(models[_i].model, budget));
    found = fixture_report.switches;
    ck_assert(found.found);
    ck_assert(evaluate(models[_i].model, am_policy_text(found.policy, policy, sizeof policy)));
    const am_report *report = &fixture_report;
    ck_assert_ptr_null(report->switches.framework);
    ck_assert_int_eq(found.saved_bytes, report->outcome.saved_bytes);
    ck_assert_int_eq(found.recomputed_flops, report->outcome.recomputed_flops);
    ck_assert_int_eq(found.ranks, report->config.pp > 1 ? report->config.pp : 0);
    int64_t time = 0;
    for (int i = 0; i < found.ranks; i++) {
        ck_assert_int_eq(am_rank_peak(&found.rank[i]), am_rank_peak(&report->rank[i]));
        ck_assert_int_eq(found.rank[i].saved_bytes, report->rank[i].saved_bytes);
        time += found.rank[i].recomputed_time;
    }
    if (found.ranks) ck_assert_int_eq(time, found.recomputed_time);
}
END_TEST

START_TEST(none)
{
    ck_assert(evaluate(models[4].model, "budget:1GiB"));
    ck_assert_int_eq(fixture_report.switches.policy.kind, AM_POLICY_NONE);
    ck_assert(fixture_report.switches.found);
    ck_assert(evaluate("stack=nanogpt layers=4 hidden=64 heads=4 vocab=64 seq=64", "budget:1GiB"));
    ck_assert_ptr_null(fixture_report.switches.framework);
}
END_TEST

Suite *test_switches_suite(void);
Suite *test_switches_suite(void)
{
    Suite *suite = suite_create("switches");
    TCase *tests = tcase_create("switches");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, against_all, 0, MODELS);
    tcase_add_loop_test(tests, as_evaluated, 0, MODELS);
    tcase_add_test(tests, none);
    suite_add_tcase(suite, tests);
    return suite;
}
