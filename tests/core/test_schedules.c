/* schedules.c: Revolve and Rotor as policies, over the models that a configuration names. */
#include "schedule.h"

#include <stdio.h>
#include <string.h>

#include "fixture.h"

static const char *const models[] = {
    "family=llama layers=12 hidden=32 heads=4 kv_heads=2 ffn=96 vocab=64 seq=32 batch=2",
    "family=llama layers=7 hidden=32 heads=4 kv_heads=2 ffn=96 vocab=4096 seq=32 batch=2",
    "family=llama layers=12 hidden=32 heads=4 kv_heads=2 ffn=96 vocab=64 seq=32 dtype=fp32 attention=eager",
    "family=gemma3_text layers=13 hidden=32 heads=4 ffn=24 vocab=64 seq=32 sliding_window=4 layer_period=3",
    "family=gpt2 layers=9 hidden=32 heads=4 vocab=64 seq=32 dropout=0.1 attention=eager",
    "family=llama layers=6 hidden=32 heads=4 ffn=48 vocab=64 seq=32 trainable=lora lora_targets=v,down lora_dropout=0.1",
    "stack=nanogpt family=gpt2 layers=10 hidden=32 heads=4 vocab=64 seq=32 dropout=0.1",
    "stack=liger family=llama layers=5 hidden=32 heads=4 kv_heads=2 ffn=48 vocab=64 seq=32",
};
enum { MODELS = sizeof models / sizeof *models };

static am_report *const report = &fixture_report;
static am_status status;

static am_code answer(const char *model, const char *policy)
{
    char text[512];
    snprintf(text, sizeof text, "%s %s", model, policy);
    am_config config = config_of(text);
    return am_evaluate(report, &fixture_workspace, &config, &status);
}

static void evaluate(const char *model, const char *policy)
{
    ck_assert_msg(answer(model, policy) == AM_OK, "%s %s: %s", model, policy, status.message);
}

static int64_t peak_of(const char *model, const char *policy)
{
    evaluate(model, policy);
    return am_outcome_peak(&report->outcome);
}

static void expect_rows(const char *about)
{
    int64_t sum = 0;
    for (int i = 0; i < report->rows; i++) sum += report->row[i].row.bytes * report->row[i].count;
    ck_assert_msg(sum == report->saved_bytes, "%s: rows hold %lld, saved are %lld", about, (long long)sum,
                  (long long)report->saved_bytes);
    for (int i = 0; i < report->plans; i++)
        if (report->plan[i].chosen) ck_assert_int_eq(report->plan[i].outcome.saved_bytes, report->saved_bytes);
}

/* Each layer but the last is advanced over once in the forward, and stops early where it is taken again. */
START_TEST(revolve_recomputes_what_the_formula_says)
{
    const char *model = models[_i];
    evaluate(model, "checkpoint=full");
    int64_t layers = report->config.layers, full = report->outcome.recomputed_flops, all = 0;
    const am_step *step = &fixture_workspace.profile[report->config.trainable == AM_TRAIN_LORA ? AM_PROFILE_LAYER_BY_HAND : AM_PROFILE_LAYER].step;
    for (int i = 1; i <= step->layers; i++) all = step->zone_flops[i] > all ? step->zone_flops[i] : all;
    bool alike = fixture_workspace.profile[AM_PROFILE_PLAIN].record.units <= 3 && report->config.trainable == AM_TRAIN_ALL;
    for (int64_t slots = 1; slots <= layers; slots++) {
        char policy[64];
        snprintf(policy, sizeof policy, "checkpoint=revolve:%lld", (long long)slots);
        evaluate(model, policy);
        expect_rows(policy);
        ck_assert_ptr_nonnull(report->schedule);
        int64_t again = am_revolve_advances(layers, slots) - (layers - 1);
        if (alike) ck_assert_int_eq(report->outcome.recomputed_flops, again * all + (layers - 1) * (full / layers));
        ck_assert_int_ge(report->outcome.forward_flops, full);
    }
}
END_TEST

/* With a checkpoint for each layer, Revolve is the last layer kept whole, and the others checkpointed. */
START_TEST(revolve_with_all_checkpoints)
{
    const char *model = models[_i];
    char block[64], revolve[64];
    evaluate(model, "");
    snprintf(block, sizeof block, "checkpoint=block:%lld", (long long)report->config.layers - 1);
    snprintf(revolve, sizeof revolve, "checkpoint=revolve:%lld", (long long)report->config.layers);
    evaluate(model, block);
    am_outcome wanted = report->outcome;
    evaluate(model, revolve);
    ck_assert_int_eq(report->outcome.forward_peak, wanted.forward_peak);
    ck_assert_int_eq(report->outcome.backward_peak, wanted.backward_peak);
    ck_assert_int_eq(report->outcome.step_peak, wanted.step_peak);
    ck_assert_int_eq(report->outcome.after_forward, wanted.after_forward);
    ck_assert_int_eq(report->outcome.saved_bytes, wanted.saved_bytes);
    ck_assert_int_eq(report->outcome.recomputed_flops, wanted.recomputed_flops);
}
END_TEST

START_TEST(revolve_holds_fewer_states)
{
    const char *model = models[0];
    int64_t hidden = 32 * 32 * 2 * 2;
    int64_t all = peak_of(model, "checkpoint=revolve:12"), some = peak_of(model, "checkpoint=revolve:4");
    ck_assert_int_eq(some, all - (11 - 4) * hidden); /* when the last layer has been taken: its own is never stored */
    evaluate(model, "checkpoint=revolve:1");
    ck_assert_int_eq(report->kind[0].count, 1);
    ck_assert_int_eq(report->kind[0].bytes, hidden);
}
END_TEST

/* Sizes that have a large unit in common are not rounded where a schedule is sought. */
START_TEST(rotor_of_whole_units)
{
    static const char model[] = "family=llama layers=3 hidden=8 heads=1 ffn=8 vocab=8 seq=8 attention=eager dtype=fp32";
    char policy[64];
    snprintf(policy, sizeof policy, "checkpoint=rotor:%lldB", (long long)peak_of(model, "checkpoint=none") * 9 / 10);
    evaluate(model, policy);
    ck_assert_ptr_nonnull(report->schedule);
    ck_assert_int_eq(report->schedule_unit, 1);
    evaluate(models[0], "checkpoint=rotor:300KiB");
    ck_assert_int_gt(report->schedule_unit, 1);
}
END_TEST

/* A schedule of a model that is beyond what can be counted is refused, as its figures alone are. */
START_TEST(too_large)
{
    static const char *const policies[] = {"checkpoint=revolve:3", "checkpoint=rotor:80GiB"};
    am_config config = config_of("model=llama-3-8b seq=3500001");
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(answer("model=llama-3-8b seq=3500001", policies[i]), AM_TOO_LARGE);
        snprintf(config.checkpoint, sizeof config.checkpoint, "%s", policies[i] + strlen("checkpoint="));
        ck_assert_int_eq(am_evaluate_totals(&fixture_workspace.totals, &fixture_workspace, &config, &status), AM_TOO_LARGE);
        ck_assert_str_eq(status.field, "seq");
    }
}
END_TEST

/* Whatever the budget, what is played stays within it; less memory is not faster, but for what rounding costs: a layer. */
START_TEST(rotor_stays_within_its_budget)
{
    const char *model = models[_i];
    int64_t none = peak_of(model, "checkpoint=none"), before = 0, refused = 0;
    for (int64_t budget = none; budget > none / 8; budget -= none / 23) {
        char policy[64];
        snprintf(policy, sizeof policy, "checkpoint=rotor:%lldB", (long long)budget);
        am_code code = answer(model, policy);
        if (code == AM_OUT_OF_RANGE) {
            refused++;
            continue;
        }
        ck_assert_msg(code == AM_OK, "%s %s: %s", model, policy, status.message);
        ck_assert_int_eq(refused, 0);
        ck_assert_int_le(am_outcome_peak(&report->outcome), budget);
        ck_assert_int_ge(report->outcome.recomputed_time + report->outcome.forward_time / report->config.layers, before);
        if (budget == none) ck_assert_int_eq(report->outcome.recomputed_flops, 0);
        before = report->outcome.recomputed_time;
        expect_rows(policy);
    }
    ck_assert_int_gt(before, 0);
}
END_TEST

/* What Revolve and plain checkpointing reach is reached: tables round, and count more than is played. */
START_TEST(rotor_is_no_slower_than_what_it_holds)
{
    static const char *const simpler[] = {"full", "block:1", "block:3", "every:2", "every:3", "revolve:1", "revolve:2", "revolve:3", "revolve:4"};
    const char *model = models[_i];
    for (size_t i = 0; i < sizeof simpler / sizeof *simpler; i++) {
        char policy[64];
        snprintf(policy, sizeof policy, "checkpoint=%s", simpler[i]);
        int64_t budget = peak_of(model, policy), time = report->outcome.recomputed_time;
        snprintf(policy, sizeof policy, "checkpoint=rotor:%lldB", (long long)budget);
        ck_assert_msg(answer(model, policy) == AM_OK, "%s %s, as %s peaks: %s", model, policy, simpler[i], status.message);
        ck_assert_int_le(am_outcome_peak(&report->outcome), budget);
        ck_assert_msg(report->outcome.recomputed_time <= time, "%s %s is slower than %s: %lld, %lld", model, policy, simpler[i],
                      (long long)report->outcome.recomputed_time, (long long)time);
        expect_rows(policy);
    }
}
END_TEST

/* A budget that is too small is told the lowest that works, and that one does. */
START_TEST(rotor_names_the_lowest_budget)
{
    static const char *const rounded = "family=gpt2 layers=17 hidden=128 heads=4 vocab=4096 seq=100 trainable=lora attention=eager"; /* otherwise by each table */
    const char *model = _i < MODELS ? models[_i] : rounded;
    ck_assert_int_eq(answer(model, "checkpoint=rotor:1B"), AM_OUT_OF_RANGE);
    ck_assert_str_eq(status.field, "checkpoint");
    const char *named = strrchr(status.message, ':');
    ck_assert_ptr_nonnull(named);
    char policy[64];
    snprintf(policy, sizeof policy, "checkpoint=rotor%s", named);
    int64_t lowest = peak_of(model, policy);
    ck_assert_int_le(lowest, peak_of(model, "checkpoint=full"));
    ck_assert_int_le(lowest, peak_of(model, "checkpoint=revolve:1"));
}
END_TEST

/* The order of the timeline's highest point is the outcome's. */
START_TEST(timelines)
{
    static const char *const policies[] = {"checkpoint=revolve:1", "checkpoint=revolve:3", "checkpoint=rotor:700000"};
    for (size_t i = 0; i < sizeof policies / sizeof *policies; i++) {
        evaluate(models[0], policies[i]);
        int64_t highest = 0;
        for (int j = 0; j < report->points; j++)
            if (report->point[j].live > highest) highest = report->point[j].live;
        ck_assert_int_eq(highest, am_outcome_peak(&report->outcome));
    }
    evaluate("model=llama-3-70b", "checkpoint=revolve:1 timeline=none");
    ck_assert_int_eq(report->points, 0);
    evaluate("model=llama-3-70b layers=1000", "checkpoint=revolve:1"); /* 499500 layers run: in short */
    ck_assert_int_le(report->points, AM_MAX_POINTS);
}
END_TEST

/* The list of actions as the report writes it. */
START_TEST(actions)
{
    static char text[512 << 10];
    evaluate("family=llama layers=3 hidden=32 heads=4 ffn=96 vocab=64 seq=32", "checkpoint=revolve:2 frontier=no");
    ck_assert_uint_gt(am_report_json(report, text, sizeof text), 0);
    ck_assert_ptr_nonnull(strstr(text, "\"schedule\":{\"checkpoints\":2,\"advances\":2,\"actions\":\"S0 A0:1 S1 A1:2 T2 B2 T1 B1 T0 B0\"}"));
    evaluate("family=llama layers=3 hidden=32 heads=4 ffn=96 vocab=64 seq=32", "checkpoint=rotor:1GiB frontier=no");
    ck_assert_uint_gt(am_report_json(report, text, sizeof text), 0);
    ck_assert_ptr_nonnull(strstr(text, "\"advances\":0,\"unit_bytes\":1,\"actions\":\"T0 T1 T2 B2 B1 B0\"}"));
}
END_TEST

START_TEST(named_plans)
{
    evaluate("model=llama-3-8b", "");
    bool revolve = false, offload = false;
    for (int i = 0; i < report->plans; i++) {
        const am_plan *plan = &report->plan[i];
        revolve |= plan->policy.kind == AM_POLICY_REVOLVE && plan->policy.count == 7;
        offload |= plan->policy.kind == AM_POLICY_OFFLOAD && plan->traffic.host_bytes > 0;
    }
    ck_assert(revolve && offload);
}
END_TEST

Suite *test_schedules_suite(void)
{
    Suite *suite = suite_create("schedules");
    TCase *tests = tcase_create("schedules");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, revolve_recomputes_what_the_formula_says, 0, MODELS);
    tcase_add_loop_test(tests, revolve_with_all_checkpoints, 0, MODELS);
    tcase_add_test(tests, revolve_holds_fewer_states);
    tcase_add_test(tests, rotor_of_whole_units);
    tcase_add_test(tests, too_large);
    tcase_add_loop_test(tests, rotor_stays_within_its_budget, 0, MODELS);
    tcase_add_loop_test(tests, rotor_is_no_slower_than_what_it_holds, 0, MODELS);
    tcase_add_loop_test(tests, rotor_names_the_lowest_budget, 0, MODELS + 1);
    tcase_add_test(tests, timelines);
    tcase_add_test(tests, actions);
    tcase_add_test(tests, named_plans);
    suite_add_tcase(suite, tests);
    return suite;
}
