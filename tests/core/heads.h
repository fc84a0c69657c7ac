/* What the tests of loss heads share: a report for a text, and its rows of the head and of the loss as text. */
#ifndef HEADS_H
#define HEADS_H

#include <stdio.h>
#include <string.h>

#include "measured.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))
#define LLAMA        "family=llama layers=2 hidden=32 heads=4 kv_heads=2 ffn=48 vocab=64 seq=16 batch=2 "
#define GPT2         "family=gpt2 layers=2 hidden=32 heads=4 ffn=48 vocab=64 seq=7 batch=3 "

static inline void evaluate(const char *text)
{
    am_status status;
    am_config config = config_of(text);
    ck_assert_msg(am_evaluate(&fixture_report, &fixture_workspace, &config, &status) == AM_OK, "%s: %s", text,
                  status.message);
}

/* The rows of the head and of the loss: "name dtype bytes ×how many of them in a row, ". */
static inline const char *kept(void)
{
    static char text[2048];
    text[0] = '\0';
    const am_report_row *before = NULL;
    int same = 0;
    for (int i = 0; i <= fixture_report.rows; i++) {
        const am_report_row *row = i < fixture_report.rows ? &fixture_report.row[i] : NULL;
        bool ours = row && row->kind == AM_KIND_OUTSIDE &&
                    (row->row.module.component == AM_C_HEAD || row->row.module.component == AM_C_LOSS);
        if (ours && before && strcmp(before->row.name, row->row.name) == 0 && before->row.bytes == row->row.bytes) {
            same++;
            continue;
        }
        size_t length = strlen(text);
        if (before && same > 1) snprintf(text + length, sizeof text - length, " x%d", same);
        if (!ours && row) continue;
        before = ours ? row : NULL;
        same = 1;
        length = strlen(text);
        if (ours)
            snprintf(text + length, sizeof text - length, "%s%s %s %lld", length ? ", " : "", row->row.name,
                     am_dtypes[row->row.dtype].name, (long long)row->row.bytes);
    }
    return text;
}

#endif
