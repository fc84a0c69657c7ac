/* The segments of checkpoint=best on a pipeline's stages, against every other equal length. */
#include <stdio.h>

#include "fixture.h"

static const am_report *evaluate(const char *text)
{
    am_status status;
    am_config config = config_of(text);
    ck_assert_msg(am_evaluate(&fixture_report, &fixture_workspace, &config, &status) == AM_OK, "%s: %s", text, status.message);
    return &fixture_report;
}

/* The segments of checkpoint=best: on no rank does any other equal length peak lower, with the chunks that it holds at once; with one
 * chunk a rank's own is one of these. */
START_TEST(best_segments)
{
    static const char *const table[] = {
        "stack=torch layers=12 hidden=64 heads=4 kv_heads=2 ffn=160 vocab=96 seq=32 pp=3 stage_layers=2,7,3",
        "stack=torch layers=24 hidden=64 heads=4 kv_heads=2 ffn=160 vocab=96 seq=32 pp=2 schedule=gpipe micro_batches=5",
        "stack=torch layers=24 hidden=64 heads=4 kv_heads=2 ffn=160 vocab=96 seq=32 pp=2 micro_batches=2 reentrant=yes",
        "stack=torch layers=24 hidden=64 heads=4 kv_heads=2 ffn=160 vocab=96 seq=32 pp=2 vpp=2",
        "stack=torch layers=16 hidden=64 heads=4 kv_heads=2 ffn=160 vocab=96 seq=32 pp=2 vpp=3 stage_layers=1,5,2,4,3,1",
        "model=gpt3-175b stack=paper pp=8 tp=8",
        "model=llama-3-70b stack=torch pp=8 seq=64",
    };
    char text[512];
    int64_t best[AM_MAX_RANKS], lowest[AM_MAX_RANKS], first[AM_MAX_RANKS];
    snprintf(text, sizeof text, "%s checkpoint=best", table[_i]);
    const am_report *report = evaluate(text);
    int64_t flops = 0;
    for (int i = 0; i < report->cost_rows; i++)
        flops += report->cost_row[i].flops[AM_IN_FORWARD] * report->cost_row[i].count;
    ck_assert_int_eq(flops, report->outcome.work[AM_IN_FORWARD].flops);
    int ranks = report->ranks;
    int64_t layers = report->config.layers / report->config.pp, moved = 0;
    for (int i = 0; i < ranks; i++) best[i] = am_rank_peak(&report->rank[i]);
    for (int64_t length = 1; length <= layers + 3; length++) {
        snprintf(text, sizeof text, "%s checkpoint=every:%d", table[_i], (int)length);
        report = evaluate(text);
        for (int i = 0; i < ranks; i++) {
            int64_t peak = am_rank_peak(&report->rank[i]);
            if (length == 1) lowest[i] = first[i] = peak;
            if (peak < lowest[i]) lowest[i] = peak;
            moved += peak != first[i];
        }
    }
    ck_assert_int_gt(moved, 0);
    for (int i = 0; i < ranks; i++)
        ck_assert_msg(report->config.vpp > 1 ? best[i] <= lowest[i] : best[i] == lowest[i], "%s: rank %d peaks at %ld, not %ld", table[_i], i,
                      (long)best[i], (long)lowest[i]);
}
END_TEST

Suite *test_rank_segments_suite(void)
{
    Suite *suite = suite_create("rank_segments");
    TCase *tests = tcase_create("rank_segments");
    tcase_add_loop_test(tests, best_segments, 0, 7);
    suite_add_tcase(suite, tests);
    return suite;
}
