/* chosen.c: a report that has no room for what the chosen policy keeps is none. */
#include <stdio.h>
#include <string.h>

#include "evaluate.h"
#include "fixture.h"

static const am_config *resolved;

/* Reads a configuration's policy into a report that has something in it already. */
static am_code choose(int kinds, int rows, int dropped)
{
    am_report *report = &fixture_report;
    int64_t value[AM_SYMBOL_COUNT];
    report->kinds = kinds, report->rows = rows, report->dropped_rows = dropped;
    am_evaluation evaluation = {.report = report,
                                .workspace = &fixture_workspace,
                                .config = resolved,
                                .policy = &report->policy,
                                .extents = &report->extents,
                                .pattern = am_model_pattern(resolved)};
    am_model_symbols(resolved, value);
    am_extents_init(&report->extents, value);
    memset(fixture_workspace.played, 0, sizeof fixture_workspace.played);
    fixture_workspace.recorded = (am_record){0};
    am_evaluation_choose(&evaluation);
    return evaluation.code;
}

/* A table that is full is not told from one that is too small: one place is left. */
START_TEST(room)
{
    am_report *report = &fixture_report;
    am_config config = config_of("family=gpt2 layers=4 hidden=32 heads=4 vocab=64 seq=16 checkpoint=full");
    am_status status;
    ck_assert_int_eq(am_evaluate(report, &fixture_workspace, &config, &status), AM_OK);
    config = report->config;
    resolved = &config;
    const int kinds = report->kinds, rows = report->rows, dropped = report->dropped_rows;
    ck_assert(kinds > 0 && rows > 0 && dropped > 0);
    const struct {
        int kinds, rows, dropped;
        am_code code;
    } table[] = {
        {0, 0, 0, AM_OK},
        {AM_MAX_KINDS - kinds - 1, AM_MAX_REPORT_ROWS - rows - 1, AM_MAX_REPORT_ROWS - dropped - 1, AM_OK},
        {AM_MAX_KINDS - kinds, 0, 0, AM_CAPACITY},
        {AM_MAX_KINDS, 0, 0, AM_CAPACITY},
        {0, AM_MAX_REPORT_ROWS - rows, 0, AM_CAPACITY},
        {0, AM_MAX_REPORT_ROWS - 1, 0, AM_CAPACITY},
        {0, 0, AM_MAX_REPORT_ROWS - dropped, AM_CAPACITY},
        {0, 0, AM_MAX_REPORT_ROWS - 1, AM_CAPACITY},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        ck_assert_msg(choose(table[i].kinds, table[i].rows, table[i].dropped) == table[i].code, "row %zu", i);
        ck_assert(report->kinds <= AM_MAX_KINDS && report->rows <= AM_MAX_REPORT_ROWS && report->dropped_rows <= AM_MAX_REPORT_ROWS);
        if (table[i].code) continue;
        ck_assert_int_eq(report->kinds, table[i].kinds + kinds);
        ck_assert_int_eq(report->rows, table[i].rows + rows);
        ck_assert_int_eq(report->dropped_rows, table[i].dropped + dropped);
    }
}
END_TEST

/* Of many unlike regions a timeline by operations is longer than any that is held; one by modules, which the error names, is not. */
START_TEST(long_timeline)
{
    static const char *const lists[] = {
        "1,0,2,0,1,0,2,0,1,0,2,0,1,0,2,0,1,0,2,0,1,0,2,0,1,0,2,0,1,0,2,0,1,0,2,0,1,0,2,0,1,0,2,0",
        "16,15,16,15,16,15,16,15,16,15,16,15,16,15,16,15,16,15,16,15,16,15,16,15,16,15,16,15,16",
    };
    for (int i = 0; i < 2; i++)
        for (int modules = 0; modules < 2; modules++) {
            char text[640];
            am_status status;
            snprintf(text, sizeof text,
                     "family=gemma3_text layers=%d hidden=64 heads=4 ffn=64 vocab=100 seq=16 sliding_window=4 layer_period=2 attention=eager "
                     "dtype=fp32 autocast=bf16 trainable=lora lora_targets=q,k,v,o,gate,up,down lora_dropout=0.1 lora_dtype=fp32 "
                     "checkpoint=regions:%s timeline=%s",
                     i ? 450 : 55, lists[i], modules ? "modules" : "operations");
            am_config config = config_of(text);
            ck_assert_int_eq(am_evaluate(&fixture_report, &fixture_workspace, &config, &status), modules ? AM_OK : AM_CAPACITY);
            ck_assert_str_eq(status.field, modules ? "" : "timeline");
        }
}
END_TEST

Suite *test_chosen_suite(void);
Suite *test_chosen_suite(void)
{
    Suite *suite = suite_create("chosen");
    TCase *tests = tcase_create("chosen");
    tcase_add_test(tests, room);
    tcase_add_test(tests, long_timeline);
    suite_add_tcase(suite, tests);
    return suite;
}
