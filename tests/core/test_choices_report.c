/* The frontier as the report lists it. */
#include "fixture.h"

/* A plan of more runs than a row lists; all layers are in those of any other. */
START_TEST(runs_listed)
{
    am_status status;
    am_config config = config_of("model=gpt-oss-20b seq=16 attention=eager frontier=yes");
    ck_assert_int_eq(am_evaluate(&fixture_report, &fixture_workspace, &config, &status), AM_OK);
    const am_frontier_report *own = &fixture_report.frontier;
    bool more = false;
    for (int i = 0; i < own->rows; i++) {
        const am_frontier_row *row = &own->row[i];
        int listed = row->runs < AM_MAX_FRONTIER_RUNS ? row->runs : AM_MAX_FRONTIER_RUNS;
        int64_t layers = 0;
        for (int k = 0; k < listed; k++) layers += row->run[k].units * own->choice[row->run[k].choice].span;
        more |= row->runs > AM_MAX_FRONTIER_RUNS;
        ck_assert_int_eq(layers == fixture_report.config.layers, row->runs <= AM_MAX_FRONTIER_RUNS);
    }
    ck_assert(more);
}
END_TEST

/* Of more choices than can be combined at a price those that the frontier is over are listed, beside a budget too: its rows are of them. */
START_TEST(rows_of_listed)
{
    am_status status;
    am_config config = config_of("family=cohere hidden=64 heads=2 layers=63 kv_heads=1 ffn=512 vocab=32 seq=16 batch=4 trainable=lora lora_targets=v,down "
                                 "lora_dropout=0.1 tie_word_embeddings=yes frontier=yes checkpoint=budget:3000000B");
    ck_assert_int_eq(am_evaluate(&fixture_report, &fixture_workspace, &config, &status), AM_OK);
    const am_frontier_report *own = &fixture_report.frontier;
    ck_assert(own->found && own->undominated > AM_MAX_CHOICES);
    for (int i = 0; i < own->rows; i++)
        for (int k = 0; k < own->row[i].runs && k < AM_MAX_FRONTIER_RUNS; k++) ck_assert_int_lt(own->row[i].run[k].choice, own->choices);
}
END_TEST

Suite *test_choices_report_suite(void)
{
    Suite *suite = suite_create("choices_report");
    TCase *tests = tcase_create("choices_report");
    tcase_add_test(tests, runs_listed);
    tcase_add_test(tests, rows_of_listed);
    suite_add_tcase(suite, tests);
    return suite;
}
