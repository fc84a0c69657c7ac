/* The frontier, a budget's plan and its lines, as people read them. */
#include "sections.h"

static void evaluate(const char *inputs)
{
    evaluate_section(inputs, am_text_plan);
}

START_TEST(frontier)
{
    evaluate("model=llama-3-8b frontier=yes");
    const am_frontier_report *found = &fixture_report.frontier;
    char sentence[64];
    am_writer writer = am_writer_of(sentence, sizeof sentence);
    AM_WRITE(&writer, "\n");
    am_write_thousands(&writer, found->points);
    AM_WRITE(&writer, " Pareto-optimal plans: ");
    am_writer_end(&writer);
    expect(sentence);
    expect("\nthe lowest peak to the least time:\n");
    ck_assert_int_eq(count(" again: "), 12);
    expect(" layers keeping one input for each ");
    expect(" 0 ms again: 32 layers keeping everything\n");
    expect("listed plan        less peak for as much time  less time for such a peak\n");
    expect("  block:16                             2.13 GiB");
    ck_assert_int_eq(count("This policy in"), 0); /* nothing is checkpointed */
}
END_TEST

/* So few plans that all of them are there; in other units. */
START_TEST(small_frontier)
{
    evaluate("family=llama layers=2 hidden=32 heads=4 ffn=48 vocab=64 seq=16 frontier=yes units=bytes");
    ck_assert_int_eq(count(" again: "), fixture_report.frontier.points < 12 ? fixture_report.frontier.points : 12);
    expect(" bytes, 0 ms again: 2 layers keeping everything\n");
    evaluate("family=llama layers=2 hidden=32 heads=4 ffn=48 vocab=64 seq=16");
    ck_assert_str_eq(text, "");
}
END_TEST

START_TEST(budget)
{
    evaluate("model=llama-3-8b checkpoint=budget:8GiB");
    const am_plan_runs *plan = &fixture_report.plan_runs;
    expect("\nThe cheapest plan below 8.00 GiB peaks at 8.00 GiB (");
    expect(" ms of\noperations again, beside ");
    ck_assert_int_eq(count(": keeping "), plan->runs);
    expect("  layers 2 to 31: keeping gate_proj, up_proj, q_proj, o_proj, k_proj and v_proj\n");
    expect("\nThis policy in transformers\n\nfrom functools import partial\n");
    evaluate("model=gpt2 attention=eager checkpoint=budget:100GiB");
    expect("  layers 0 to 11: keeping everything\n");
    expect("\nTo do it: no layer is checkpointed: the code stays as it is.\n");
}
END_TEST

/* What leaves it open whether there is a better plan, one reason behind another; the words stand where the plan does, and not
 * where it is proven. */
START_TEST(doubts)
{
    static const struct {
        am_doubt doubt;
        const char *text;
    } table[] = {
        {{.stopped = 1}, "1 search of a rank's plans ended at 8,000,000 of their moments"},
        {{.stopped = 3, .hull = true},
         "3 searches of ranks' plans ended at 8,000,000 of their moments; of a layer's choices those on the lower hull were combined, not all that no "
         "other beats"},
        {{.cached = true}, "plans were compared as if copies of weights in autocast's cache stood below backwards, too"},
        {{.hull = true, .least = 791842000000, .outlived = true},
         "of a layer's choices those on the lower hull were combined, not all that no other beats, and every plan of all of them runs 791.8 ms "
         "again at least; what regions with experts leave for good "
         "decides which plans fit, and one that leaves less might not have been looked at"},
    };
    char words[AM_DOUBT_SIZE];
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        ck_assert_str_eq(am_doubt_text(&table[i].doubt, words), table[i].text);
        ck_assert(am_doubted(&table[i].doubt));
    }
    ck_assert(!am_doubted(&(am_doubt){0}));
    evaluate("model=llama-3-70b seq=8192 checkpoint=budget:80GiB frontier=yes");
    expect("\nNot proven to be all of them: of a layer's choices");
    expect("\nNot proven to be the cheapest: of a layer's choices");
    evaluate("model=llama-3-8b stack=megatron seq=8192 checkpoint=budget:40GiB frontier=yes");
    ck_assert_int_eq(count("Not proven"), 0);
}
END_TEST

/* Beside a budget's plan: what the framework's switches can say of it. */
START_TEST(switches)
{
    am_status status;
    const char *const inputs[] = {"model=llama-3-70b stack=megatron seq=8192 tp=8 pp=4 checkpoint=budget:20GiB",
                                  "model=llama-3-8b seq=8192 checkpoint=budget:13GiB", "model=llama-3-8b checkpoint=budget:80GiB"};
    const char *const parts[][3] = {
        {"\nWith the switches of Megatron-LM alone the cheapest below the budget is block:16, whose highest rank\npeaks at 19.5 GiB and runs ",
         "\n--recompute-granularity full --recompute-method block --recompute-num-layers 16\n", "\nPeaks of its ranks: 19.5, 14.7, 9.90, 5.79\n"},
        {"\nNone of the 2 plans that the switches of transformers can say is below the budget; the lowest is\nfull, which peaks at 14.0 GiB ",
         "\nmodel.gradient_checkpointing_enable(", ""},
        {"alone the cheapest below the budget is none, which peaks at 15.3\nGiB and needs none.\n", "", ""},
    };
    for (int i = 0; i < 3; i++) {
        am_config config = config_of(inputs[i]);
        ck_assert_int_eq(am_evaluate(&fixture_report, &fixture_workspace, &config, &status), AM_OK);
        am_fit_search(&fixture_report, &fixture_workspace, &config);
        read_section(am_text_plan);
        for (int j = 0; j < 3; j++) expect(parts[i][j]);
    }
    ck_assert_int_eq(count("gradient_checkpointing_enable"), 0);
}
END_TEST

/* Of many ranks the peaks of the first 32 are said. */
START_TEST(many_ranks)
{
    am_status status;
    am_config config = config_of("stack=megatron family=llama activation=swiglu bias=no positions=rope norm=rmsnorm hidden=64 heads=8 kv_heads=2 ffn=96 "
                                 "vocab=64 seq=32 layers=80 pp=40 micro_batches=40 checkpoint=budget:700KiB units=bytes");
    ck_assert_int_eq(am_evaluate(&fixture_report, &fixture_workspace, &config, &status), AM_OK);
    am_fit_search(&fixture_report, &fixture_workspace, &config);
    ck_assert_int_eq(fixture_report.switches.ranks, 40);
    read_section(am_text_plan);
    const char *peaks = strstr(text, "\nPeaks of its ranks: ");
    ck_assert_ptr_nonnull(peaks);
    int said = 0;
    for (const char *at = peaks; *at; at++) said += *at == ' ' && at[1] >= '0' && at[1] <= '9';
    for (const char *at = peaks + 1; *at; at++) said += *at == '\n' && at[1] >= '0' && at[1] <= '9'; /* a line's first */
    ck_assert_int_eq(said, 32);
    ck_assert_ptr_nonnull(strstr(peaks, ", …\n"));
}
END_TEST

Suite *test_text_plan_suite(void);
Suite *test_text_plan_suite(void)
{
    Suite *suite = suite_create("text_plan");
    TCase *tests = tcase_create("text_plan");
    tcase_add_test(tests, frontier);
    tcase_add_test(tests, small_frontier);
    tcase_add_test(tests, budget);
    tcase_add_test(tests, doubts);
    tcase_add_test(tests, switches);
    tcase_add_test(tests, many_ranks);
    suite_add_tcase(suite, tests);
    return suite;
}
