/* Korthikanti et al. 2022 (arXiv 2205.05198): the FLOPs of appendix A against the utilisations of table 5, and against those
 * of the tape. */
#include "paper_cost.h"

#include "fixture.h"

/* Table 3's models, and table 5's seconds a step: with full recomputation, and with the paper's own; model and hardware
 * FLOPs utilisation of the latter in per cent of 312 TFLOP/s. exact: the same to two decimals, by a second hand. */
static const struct {
    const char *text;
    int64_t batch, gpus;
    double full_seconds, seconds, mfu, hfu, exact_mfu, exact_hfu, full_mfu, full_hfu;
} table_5[] = {
    {"model=megatron-22b", 4, 8, 1.42, 1.10, 41.5, 43.7, 41.65, 43.81, 32.3, 42.9},
    {"model=gpt3-175b", 64, 64, 18.13, 13.75, 51.4, 52.8, 51.39, 52.77, 39.0, 51.9},
    {"model=mt-nlg-530b", 280, 280, 49.05, 37.83, 56.0, 57.0, 56.05, 56.96, 43.2, 57.6},
    {"model=megatron-1t", 512, 512, 94.42, 71.49, 56.3, 57.0, 56.27, 57.01, 42.6, 56.8},
};

static double utilisation(int64_t flops, double seconds, int64_t gpus)
{
    return 100 * (double)flops / (seconds * (double)gpus * 312e12);
}

START_TEST(utilisations)
{
    am_paper_flops flops;
    am_config config = config_of(table_5[_i].text);
    int64_t gpus = table_5[_i].gpus;
    ck_assert(am_paper_flops_of(&flops, &config, table_5[_i].batch));
    double mfu = utilisation(flops.model, table_5[_i].seconds, gpus),
           hfu = utilisation(flops.selective, table_5[_i].seconds, gpus);
    ck_assert_double_eq_tol(mfu, table_5[_i].exact_mfu, 0.005);
    ck_assert_double_eq_tol(hfu, table_5[_i].exact_hfu, 0.005);
    ck_assert_double_eq_tol(mfu, table_5[_i].mfu, 0.16); /* the printed seconds are rounded */
    ck_assert_double_eq_tol(hfu, table_5[_i].hfu, 0.16);
    ck_assert_double_eq_tol(utilisation(flops.model, table_5[_i].full_seconds, gpus), table_5[_i].full_mfu, 0.05);
    ck_assert_double_eq_tol(utilisation(flops.full, table_5[_i].full_seconds, gpus), table_5[_i].full_hfu, 0.05);
}
END_TEST

/* Section 5: 2.7 % for GPT-3 and 1.6 % for MT-NLG, which is what recomputing scores and their product once takes of a layer's
 * forward; equation 8 adds three times as much. */
START_TEST(inconsistency)
{
    static const struct {
        const char *text;
        double percent;
    } published[] = {{"model=gpt3-175b", 2.70}, {"model=mt-nlg-530b", 1.64}};
    am_paper_flops flops;
    am_config config = config_of(published[_i].text);
    ck_assert(am_paper_flops_of(&flops, &config, 1));
    int64_t once = flops.exact - flops.model, forward = flops.full - flops.model;
    ck_assert_double_eq_tol(100 * (double)once / (double)(forward - once), published[_i].percent, 0.08);
    ck_assert_int_eq(flops.selective - flops.model, 3 * once);
}
END_TEST

/* The tape's FLOPs on all tensor-parallel ranks are those of equation 7, and its recomputation the exact one. */
START_TEST(tape)
{
    static const char *const texts[] = {
        "model=megatron-22b batch=4 tp=8 sp=yes checkpoint=modules:core_attn",
        "model=gpt3-175b tp=4 checkpoint=modules:core_attn",
        "model=megatron-1t tp=1 checkpoint=modules:core_attn",
        "stack=paper family=gpt2 layers=3 hidden=64 heads=4 vocab=512 seq=96 batch=5 tp=2 checkpoint=modules:core_attn",
    };
    am_status status;
    am_paper_flops flops;
    am_config config = config_of(texts[_i]);
    ck_assert_int_eq(am_evaluate(&fixture_report, &fixture_workspace, &config, &status), AM_OK);
    ck_assert(am_paper_flops_of(&flops, &config, config.batch));
    const am_work *work = fixture_report.outcome.work;
    int64_t model = work[AM_IN_FORWARD].flops + work[AM_IN_BACKWARD].flops;
    ck_assert_int_eq(config.tp * model, flops.model);
    ck_assert_int_eq(config.tp * (model + work[AM_IN_RECOMPUTE].flops), flops.exact);
    ck_assert_int_eq(work[AM_IN_BACKWARD].flops, 2 * work[AM_IN_FORWARD].flops);
    for (int i = 0; i < fixture_report.plans; i++)
        if (fixture_report.plan[i].policy.kind == AM_POLICY_FULL)
            ck_assert_int_eq(config.tp * (model + fixture_report.plan[i].outcome.recomputed_flops), flops.full);
}
END_TEST

START_TEST(other_layers)
{
    am_paper_flops flops;
    am_config wide = config_of("stack=paper family=gpt2 layers=2 hidden=64 heads=4 ffn=128 vocab=512 seq=64");
    am_config llama = config_of("model=llama-3-8b"), huge = config_of("model=megatron-1t");
    ck_assert(!am_paper_flops_of(&flops, &wide, 1));
    ck_assert(!am_paper_flops_of(&flops, &llama, 1));
    ck_assert(!am_paper_flops_of(&flops, &huge, 1LL << 40));
}
END_TEST

/* The equations are of a model whose widths follow from h; and each of their sums is below 2^63 or there is no answer. */
START_TEST(without)
{
    static const struct {
        int64_t batch, seq, hidden, ffn, heads, kv_heads, head_dim, vocab, layers;
        bool answers;
    } cases[] = {
        {1, 8, 4, 16, 2, 2, 2, 8, 1, true},
        {1, 8, 4, 12, 2, 2, 2, 8, 1, false}, /* ffn */
        {1, 8, 4, 16, 2, 1, 2, 8, 1, false}, /* kv_heads */
        {1, 8, 4, 16, 2, 2, 4, 8, 1, false}, /* head_dim */
        {1LL << 62, 4, 1, 4, 1, 1, 1, 1, 1, false},          /* tokens */
        {1, 1LL << 32, 1, 4, 1, 1, 1, 1, 1, false},          /* scores */
        {1LL << 60, 1, 1, 4, 1, 1, 1, 1, 1, false},          /* products with weights */
        {1, 1LL << 31, 1, 4, 1, 1, 1, 1, 1, false},          /* products of attention */
        {1LL << 57, 1, 1, 4, 1, 1, 1, 1, 1, false},          /* three times those */
        {1LL << 50, 1, 1, 4, 1, 1, 1, 1LL << 20, 1, false},  /* the head */
        {1, 759250124, 1, 4, 1, 1, 1, 0, 1, false},          /* attention once more */
        {92000000000000000, 1, 1, 4, 1, 1, 1, 0, 1, false},  /* the layer once more */
        {82000000000000000, 1, 1, 4, 1, 1, 1, 0, 1, true},
    };
    am_paper_flops flops;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        am_config config = config_of("model=gpt3-175b");
        config.seq = cases[i].seq;
        config.hidden = cases[i].hidden;
        config.ffn = cases[i].ffn;
        config.heads = cases[i].heads;
        config.kv_heads = cases[i].kv_heads;
        config.head_dim = cases[i].head_dim;
        config.vocab = cases[i].vocab;
        config.layers = cases[i].layers;
        ck_assert_msg(am_paper_flops_of(&flops, &config, cases[i].batch) == cases[i].answers, "case %zu", i);
    }
}
END_TEST

Suite *test_paper_cost_suite(void);
Suite *test_paper_cost_suite(void)
{
    Suite *suite = suite_create("paper_cost");
    TCase *tests = tcase_create("paper_cost");
    tcase_add_test(tests, without);
    tcase_add_loop_test(tests, utilisations, 0, 4);
    tcase_add_loop_test(tests, inconsistency, 0, 2);
    tcase_add_loop_test(tests, tape, 0, 4);
    tcase_add_test(tests, other_layers);
    suite_add_tcase(suite, tests);
    return suite;
}
