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

/* How often the layers of a report keep, or no longer keep, a tensor of this name and size. */
static int64_t times(const am_report_row *row, int rows, const am_row *like)
{
    int64_t count = 0;
    for (int i = 0; i < rows; i++)
        if (row[i].kind >= 0 && row[i].row.bytes == like->bytes && strcmp(row[i].row.name, like->name) == 0) count += row[i].count;
    return count;
}

/* False: this model has no such training. */
static bool evaluate(am_report *report, const char *model, const char *training, const char *policy)
{
    char text[320];
    am_status status;
    snprintf(text, sizeof text, "%s %s checkpoint=%s", model, training, policy);
    am_config config = am_default_config();
    ck_assert_int_eq(am_config_parse(&config, text, &status), AM_OK);
    am_code code = am_evaluate(report, &fixture_workspace, &config, &status);
    ck_assert_msg(code == AM_OK || (status.field[0] && strstr("trainable lora_targets", status.field)), "%s: %s", text, status.message);
    return code == AM_OK;
}

/* What a policy's layers keep and no longer keep is what they keep without checkpointing, tensor by tensor, and no two kinds of layer have
 * the same name: a page that sorts rows by it would mix them. */
START_TEST(kept_or_dropped)
{
    static am_report plain;
    static const char *const models[] = {
        "family=llama layers=8 hidden=64 heads=4 ffn=96 vocab=100 seq=16",
        "family=gemma2 layers=8 hidden=64 heads=4 ffn=96 vocab=100 seq=16 sliding_window=4",
        "family=gpt2 layers=8 hidden=64 heads=4 vocab=100 seq=16 attention=eager dropout=0.1",
        "family=gptj layers=8 hidden=64 heads=4 vocab=100 seq=16 rotary_dim=8",
        "family=gpt_neox layers=8 hidden=64 heads=4 vocab=100 seq=16 rotary_dim=4",
    };
    static const char *const trainings[] = {"", "trainable=lora lora_targets=q,k,v,o lora_dropout=0.1", "trainable=none", "dtype=fp32 autocast=bf16"};
    static const char *const policies[] = {"full",     "every:4", "block:3", "save:matmuls", "save:half-matmuls", "save:mm,silu", "memory-budget:0.5",
                                           "revolve:2", "offload", "regions:2x0,1x1,1x0,1x2,2x1"};
    for (size_t i = 0; i < sizeof models / sizeof *models; i++)
        for (size_t j = 0; j < sizeof trainings / sizeof *trainings; j++) {
            if (!evaluate(&plain, models[i], trainings[j], "none")) continue;
            for (size_t k = 0; k <= sizeof policies / sizeof *policies; k++) {
                am_report *report = &fixture_report;
                char policy[64];
                snprintf(policy, sizeof policy, "budget:%lld", (long long)plain.outcome.backward_peak * 4 / 5);
                if (k < sizeof policies / sizeof *policies) snprintf(policy, sizeof policy, "%s", policies[k]);
                ck_assert(evaluate(report, models[i], trainings[j], policy));
                for (int row = 0; row < plain.rows; row++) {
                    const am_row *like = &plain.row[row].row;
                    if (plain.row[row].kind < 0) continue;
                    int64_t all = times(plain.row, plain.rows, like), kept = times(report->row, report->rows, like);
                    ck_assert_msg(times(report->dropped, report->dropped_rows, like) == (kept < all ? all - kept : 0), "%s %s %s: %s", models[i],
                                  trainings[j], policy, like->name);
                }
                for (int one = 0; one < report->kinds; one++)
                    for (int other = 0; other < one; other++) {
                        const am_kind *x = &report->kind[one], *y = &report->kind[other];
                        bool same = x->name == y->name && x->label == y->label && x->layers_each == y->layers_each;
                        ck_assert_msg(!same || (x->numbered && y->numbered && x->first != y->first), "%s %s %s", models[i], trainings[j], policy);
                    }
            }
        }
}
END_TEST

/* A region's input is held by it, what selective checkpointing keeps by that. */
START_TEST(savers)
{
    const struct {
        const char *policy;
        bool input, kept;
    } table[] = {{"none", false, false}, {"full", true, false}, {"save:matmuls", true, true}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        bool input = false, kept = false;
        ck_assert(evaluate(&fixture_report, "family=llama layers=2 hidden=64 heads=4 ffn=96 vocab=100 seq=16", "", table[i].policy));
        for (int row = 0; row < fixture_report.rows; row++)
            for (int saver = 0; saver < fixture_report.row[row].row.savers; saver++) {
                input |= fixture_report.row[row].row.saved_by[saver].rule == AM_BY_CHECKPOINT;
                kept |= fixture_report.row[row].row.saved_by[saver].rule == AM_BY_SELECTIVE;
            }
        ck_assert_msg(input == table[i].input && kept == table[i].kept, "%s", table[i].policy);
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
    tcase_add_test(tests, kept_or_dropped);
    tcase_add_test(tests, savers);
    suite_add_tcase(suite, tests);
    return suite;
}
