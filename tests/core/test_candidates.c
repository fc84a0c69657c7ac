/* What layers may do: their classes, what is dear of them, and regions of every length. */
#include <stdio.h>

#include "evaluate.h"
#include "fixture.h"
#include "frontier_models.h"

/* Layers of a class stand behind and before such as theirs. */
START_TEST(classes)
{
    static const struct {
        const char *text;
        int classes;
        int64_t layers[3]; /* of the first ones */
    } table[] = {
        {"family=llama layers=6 hidden=32 heads=4 ffn=48 vocab=64 seq=16", 2, {1, 5}},
        {"family=gemma2 layers=6 hidden=32 heads=4 ffn=48 vocab=64 seq=16 layer_period=2", 4, {1, 1, 2}},
        {"family=gemma2 layers=7 hidden=32 heads=4 ffn=48 vocab=64 seq=16 layer_period=2", 4, {1, 1, 3}},
        {"family=deepseek_v3 layers=24 dense_layers=20 hidden=32 heads=2 head_dim=12 rotary_dim=4 v_head_dim=8 kv_rank=16 ffn=200 moe_ffn=16 experts=4 "
         "experts_per_token=2 vocab=64 seq=16",
         20, /* a class of their own have those that a region may begin at which ends among the experts */
         {1, 3, 1}},
    };
    char text[320];
    am_status status;
    snprintf(text, sizeof text, "%s frontier=yes", table[_i].text);
    am_config config = config_of(text);
    ck_assert_msg(am_evaluate(&fixture_report, &fixture_workspace, &config, &status) == AM_OK, "%s", status.message);
    const am_choices *choices = &fixture_workspace.choices;
    ck_assert_int_eq(choices->classes, table[_i].classes);
    for (int i = 0; i < 3 && i < choices->classes; i++) ck_assert_int_eq(choices->layers_of[i], table[_i].layers[i]);
    int64_t all = 0;
    for (int i = 0; i < choices->classes; i++) {
        all += choices->layers_of[i];
        ck_assert_int_eq(choices->class_of[choices->layer_of[i]], i);
    }
    ck_assert_int_eq(all, fixture_report.config.layers);
}
END_TEST

/* Products are the dearest, then what takes longest; every set of the dear is a candidate, once. */
START_TEST(dear_kept)
{
    search(_i, 6);
    const am_choices *choices = &fixture_workspace.choices;
    int sets = 0;
    bool seen[1 << AM_MAX_DEAR] = {false};
    for (int i = 1; i < choices->dears; i++) {
        const am_dear *dearer = &choices->dear[i - 1], *dear = &choices->dear[i];
        ck_assert(dearer->product > dear->product || (dearer->product == dear->product && dearer->time >= dear->time));
    }
    for (int i = 0; i < choices->candidates; i++) {
        const unsigned set = choices->candidate[i].set;
        if (set >= 1u << choices->dears) continue; /* another list */
        ck_assert(!seen[set]);
        seen[set] = true;
        sets++;
        ck_assert_int_eq(am_keeps_any(&choices->candidate[i].listed.kept), set != 0);
    }
    ck_assert_int_eq(sets, 1 << choices->dears);
}
END_TEST

/* Whatever the layers do, as much is there beside what they leave and hold when the first one's backward begins. */
START_TEST(starts_alike)
{
    search(_i, 6);
    const am_choices *choices = &fixture_workspace.choices;
    for (int i = 0; i < choices->candidates; i++) ck_assert_int_eq(choices->start[i], choices->ends.backward);
}
END_TEST

/* ---- regions of every length */

typedef struct every_length {
    am_evaluation evaluation;
    am_run run[16];
    int plans, longer; /* those with a region that is longer than any that was searched and that peak below all that is no dearer */
} every_length;

/* No plan beats the frontier; a region of more layers than were searched costs no less than what it is cut into, and peaks lower by
 * no more than the inputs of the cuts. */
static void hold_to_frontier(every_length *all, int runs)
{
    const am_choices *choices = &fixture_workspace.choices;
    const am_frontier *frontier = &fixture_workspace.frontier;
    int64_t input = fixture_workspace.profile[AM_PROFILE_SEGMENT].input_bytes, lowest = INT64_MAX, cuts = 0;
    am_outcome outcome;
    ck_assert_int_eq(am_plan_compose(&outcome, &all->evaluation.pattern, runs, all->run), AM_OK);
    for (int i = 0; i < runs; i++) cuts += (all->run[i].inner - 1) / AM_MAX_SPAN;
    for (int i = 0; i < frontier->points; i++) {
        int64_t peak = choices->ends.forward + frontier->point[i].peak;
        if (frontier->point[i].cost <= outcome.recomputed_time && peak < lowest) lowest = peak;
    }
    all->plans++;
    all->longer += am_outcome_peak(&outcome) < lowest;
    ck_assert_msg(lowest <= am_outcome_peak(&outcome) + cuts * input, "%ld with %ld cuts, not %ld", (long)am_outcome_peak(&outcome),
                  (long)cuts, (long)lowest);
}

/* All plans with regions of at least so many layers, or of one, but for a plain layer between: at most `most` regions in all. */
static void try_every_length(every_length *all, int layer, int runs, int most)
{
    int layers = (int)all->evaluation.config->layers;
    if (layer == layers) {
        hold_to_frontier(all, runs);
        return;
    }
    if (runs == most) return;
    all->run[runs] = (am_run){&fixture_workspace.profile[AM_PROFILE_PLAIN], 1, 1};
    try_every_length(all, layer + 1, runs + 1, most);
    for (int span = 1; layer + span <= layers; span++) {
        all->run[runs] = (am_run){&fixture_workspace.profile[span > 1 ? AM_PROFILE_SEGMENT : AM_PROFILE_LAYER], 1, span};
        try_every_length(all, layer + span, runs + 1, most);
    }
}

START_TEST(lengths)
{
    static const struct {
        const char *shape;
        int regions, plans;
        bool longer;
    } table[] = {
        {"layers=8 family=llama hidden=32 heads=4 kv_heads=2 ffn=48 vocab=64 seq=16 batch=2", 8, 1597, false},
        {"layers=8 family=llama hidden=32 heads=4 kv_heads=2 ffn=48 vocab=30000 seq=16", 8, 1597, false},
        {"layers=8 family=gpt2 hidden=32 heads=4 vocab=64 seq=16", 8, 1597, false},
        {"layers=7 family=llama hidden=32 heads=4 kv_heads=2 ffn=48 vocab=3000 seq=16", 7, 610, false},
        {"layers=20 family=llama hidden=32 heads=4 kv_heads=2 ffn=48 vocab=64 seq=16", 3, 0, false},
        {"layers=20 family=llama hidden=32 heads=4 kv_heads=2 ffn=48 vocab=60000 seq=16", 3, 0, true},
    };
    char text[256];
    am_status status;
    snprintf(text, sizeof text, "%s frontier=yes", table[_i].shape);
    am_config config = config_of(text);
    ck_assert_msg(am_evaluate(&fixture_report, &fixture_workspace, &config, &status) == AM_OK, "%s", status.message);
    const am_config *resolved = &fixture_report.config;
    every_length all = {.evaluation = {.workspace = &fixture_workspace, .config = resolved, .pattern = am_model_pattern(resolved)}};
    try_every_length(&all, 0, 0, table[_i].regions);
    if (table[_i].plans) ck_assert_int_eq(all.plans, table[_i].plans);
    ck_assert_int_eq(all.longer > 0, table[_i].longer);
}
END_TEST

Suite *test_candidates_suite(void)
{
    Suite *suite = suite_create("candidates");
    TCase *tests = tcase_create("candidates");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, classes, 0, 4);
    tcase_add_loop_test(tests, dear_kept, 0, MODELS);
    tcase_add_loop_test(tests, starts_alike, 0, MODELS);
    tcase_add_loop_test(tests, lengths, 0, 6);
    suite_add_tcase(suite, tests);
    return suite;
}
