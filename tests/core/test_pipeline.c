/* Chunks in flight by rank: 1F1B and interleaved 1F1B, against Megatron's warm-up counts (reference values written out
 * by hand). */
#include <stdio.h>

#include "fixture.h"

static const struct {
    int stages, chunks;
    int64_t in_flight[8];
} table[] = {
    {1, 1, {1}},
    {2, 1, {2, 1}},
    {4, 1, {4, 3, 2, 1}},
    {8, 1, {8, 7, 6, 5, 4, 3, 2, 1}},
    /* 2(p - r - 1) + (v - 1)p + 1, each of 1/v of a stage's layers */
    {2, 2, {5, 3}},
    {4, 2, {11, 9, 7, 5}},
    {4, 3, {15, 13, 11, 9}},
};

START_TEST(in_flight)
{
    char text[256];
    snprintf(text, sizeof text,
             "stack=paper attention=eager family=gpt2 activation=gelu layers=24 hidden=64 heads=4 vocab=256 seq=32 "
             "pp=%d vpp=%d",
             table[_i].stages, table[_i].chunks);
    am_status status;
    am_config config = config_of(text);
    ck_assert_int_eq(am_evaluate(&fixture_report, &fixture_workspace, &config, &status), AM_OK);
    ck_assert_int_eq(fixture_report.ranks, table[_i].stages);
    for (int rank = 0; rank < table[_i].stages; rank++) {
        ck_assert_int_eq(fixture_report.rank[rank].rank, rank);
        ck_assert_int_eq(fixture_report.rank[rank].in_flight, table[_i].in_flight[rank]);
        ck_assert_int_eq(fixture_report.rank[rank].layers, 24 / table[_i].stages);
    }
}
END_TEST

/* A middle stage holds layers alone; the last one has the head and the loss too. */
START_TEST(bytes)
{
    am_status status;
    am_config config = config_of(
        "stack=paper attention=eager family=gpt2 activation=gelu layers=24 hidden=64 heads=4 vocab=256 seq=32 pp=4");
    ck_assert_int_eq(am_evaluate(&fixture_report, &fixture_workspace, &config, &status), AM_OK);
    int64_t layer = fixture_report.kind[0].bytes, sbh = 32 * 64;
    ck_assert_int_eq(fixture_report.rank[0].saved_bytes, 4 * 6 * layer + 4 * sbh);
    ck_assert_int_eq(fixture_report.rank[1].saved_bytes, 3 * 6 * layer);
    ck_assert_int_eq(fixture_report.rank[3].saved_bytes, 6 * layer + 4 * sbh + 4 * 32 * 256);
}
END_TEST

Suite *test_pipeline_suite(void)
{
    Suite *suite = suite_create("pipeline");
    TCase *tests = tcase_create("pipeline");
    tcase_add_loop_test(tests, in_flight, 0, (int)(sizeof table / sizeof *table));
    tcase_add_test(tests, bytes);
    suite_add_tcase(suite, tests);
    return suite;
}
