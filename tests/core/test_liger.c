/* stack=liger: whole steps to the byte and in the order of their allocations, as Liger-Kernel's own Python makes them
 * with its kernels left out; what a layer keeps. */
#include <stdio.h>
#include <string.h>

#include "measured.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))
#define LLAMA        "stack=liger family=llama layers=2 hidden=32 heads=4 kv_heads=2 ffn=48 vocab=64 seq=16 batch=2 "

static json steps;

static void evaluate(const char *text)
{
    am_status status;
    am_config config = config_of(text);
    ck_assert_msg(am_evaluate(&fixture_report, &fixture_workspace, &config, &status) == AM_OK, "%s: %s", text,
                  status.message);
}

START_TEST(measured_steps)
{
    char text[512];
    json record = json_at(steps, _i);
    evaluate(json_text(json_get(record, "text"), text, sizeof text));
    expect_figures(record);
    if (json_get(record, "allocations").index >= 0) expect_allocations(record);
}
END_TEST

/* s·b·h is 1024 elements, T = s·b 32, s·b·f 1536. No fp32 copy of a norm's input, no activated gate: 2h of each norm's
 * input and output, 4 bytes a token; query, key, value and the output of attention; gate, up and their product. */
START_TEST(ledger)
{
    static const struct {
        const char *text, *rows;
    } table[] = {
        {LLAMA, "hidden state 2048, 1 / root mean square 128, normed input 2048, query, rotated 2048, key, rotated 1024, "
                "value 1024, attention output 2048, log-sum-exp of each row 512, random state 16, random state, unused "
                "half 8, hidden state 2048, 1 / root mean square 128, normed input 2048, gate 3072, up 3072, gate × up "
                "3072"},
        {LLAMA "trainable=none",
         "hidden state 2048, 1 / root mean square 128, query, rotated 2048, key, rotated 1024, value 1024, attention "
         "output 2048, log-sum-exp of each row 512, random state 16, random state, unused half 8, hidden state 2048, 1 / "
         "root mean square 128, gate 3072, up 3072"},
    };
    for (int i = 0; i < COUNT(table); i++) {
        char rows[2048] = "";
        evaluate(table[i].text);
        int kind = fixture_report.kinds - 1; /* the last kind of layers */
        for (int j = 0; j < fixture_report.rows; j++) {
            const am_report_row *row = &fixture_report.row[j];
            size_t length = strlen(rows);
            if (row->kind == kind)
                snprintf(rows + length, sizeof rows - length, "%s%s %lld", length ? ", " : "", row->row.name,
                         (long long)row->row.bytes);
        }
        ck_assert_msg(strcmp(rows, table[i].rows) == 0, "%s:\n  %s\n, not\n  %s", table[i].text, rows, table[i].rows);
    }
}
END_TEST

Suite *test_liger_suite(void);
Suite *test_liger_suite(void)
{
    if (!steps.document) steps = json_load("liger.json");
    Suite *suite = suite_create("liger");
    TCase *tests = tcase_create("liger");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, measured_steps, 0, json_size(steps));
    tcase_add_test(tests, ledger);
    suite_add_tcase(suite, tests);
    return suite;
}
