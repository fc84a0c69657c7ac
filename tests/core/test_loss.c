/* The loss heads: measured ones to the byte, in figures and in the order of allocations; what each keeps; which are
 * refused. */
#include <stdio.h>
#include <string.h>

#include "measured.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))
#define LLAMA        "family=llama layers=2 hidden=32 heads=4 kv_heads=2 ffn=48 vocab=64 seq=16 batch=2 "
#define GPT2         "family=gpt2 layers=2 hidden=32 heads=4 ffn=48 vocab=64 seq=7 batch=3 "

static json heads;

static void evaluate(const char *text)
{
    am_status status;
    am_config config = config_of(text);
    ck_assert_msg(am_evaluate(&fixture_report, &fixture_workspace, &config, &status) == AM_OK, "%s: %s", text,
                  status.message);
}

START_TEST(measured_heads)
{
    char text[512];
    json record = json_at(heads, _i);
    evaluate(json_text(json_get(record, "text"), text, sizeof text));
    expect_figures(record);
    if (json_get(record, "allocations").index >= 0) expect_allocations(record);
}
END_TEST

/* ---- what is kept ---- */

/* The rows of the head and of the loss: "name dtype bytes ×how many of them in a row, ". */
static const char *kept(void)
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

/* T = s·b = 32 tokens and v = 64 entries: 4Tv is 8192, 2Th 2048. For one sequence the shifted labels are a part of the s + 1
 * padded ones. */
static const struct {
    const char *text, *rows;
} ledgers[] = {
    {LLAMA, "normed input bf16 2048, log-probabilities fp32 8192, shifted labels i64 256, number of targets fp32 4"},
    {LLAMA "dtype=fp32",
     "normed input fp32 4096, log-probabilities fp32 8192, shifted labels i64 256, number of targets fp32 4"},
    {LLAMA "dtype=fp32 autocast=bf16",
     "normed input bf16 2048, autocast copy of a weight bf16 4096, log-probabilities fp32 8192, shifted labels i64 256, "
     "number of targets fp32 4"},
    {"family=llama layers=2 hidden=32 heads=4 kv_heads=2 ffn=48 vocab=64 seq=16 batch=1",
     "normed input bf16 1024, log-probabilities fp32 4096, shifted labels i64 136, number of targets fp32 4"},
    {GPT2, "normed input bf16 1344, log-probabilities fp32 5376, shifted labels i64 168, number of targets fp32 4"},
    {LLAMA "loss=fp32", "normed input bf16 2048, log-probabilities fp32 8192, number of targets fp32 4"},
    {LLAMA "loss=bf16", "normed input bf16 2048, log-probabilities bf16 4096, number of targets bf16 2"},
    {LLAMA "loss=bf16 dtype=fp32 autocast=bf16", /* the log-softmax is kept as it is and as nll_loss takes it */
     "normed input bf16 2048, autocast copy of a weight bf16 4096, log-probabilities bf16 4096, log-probabilities fp32 "
     "8192, number of targets fp32 4"},
    /* the gradients are made in forward: 2Th and 2vh */
    {LLAMA "loss=fused", "the hidden state's gradient bf16 2048, the weight's gradient bf16 4096"},
    {LLAMA "loss=fused trainable=none", "the hidden state's gradient bf16 2048"},
    {LLAMA "loss=fused dtype=fp32 autocast=bf16", "the hidden state's gradient fp32 4096, the weight's gradient fp32 8192"},
    /* no logits: of the b·(s - 1) tokens that have a next one 4 bytes and a place, 4v */
    {LLAMA "loss=cut", "normed input bf16 2048, log-sum-exp of each row fp32 120, places of the targets i64 240, average "
                       "logits fp32 256"},
};

START_TEST(ledger)
{
    evaluate(ledgers[_i].text);
    ck_assert_msg(strcmp(kept(), ledgers[_i].rows) == 0, "%s:\n  %s\n, not\n  %s", ledgers[_i].text, kept(),
                  ledgers[_i].rows);
}
END_TEST

/* What the layers leave is the same under every head: the peaks differ by what stands above it. */
START_TEST(above_the_layers)
{
    static const char *const losses[] = {"hf", "fp32", "bf16", "chunked", "fused", "cut"};
    int64_t below = 0;
    for (int i = 0; i < COUNT(losses); i++) {
        char text[256];
        snprintf(text, sizeof text, "family=llama layers=3 hidden=64 heads=4 ffn=160 vocab=50000 seq=64 batch=2 loss=%s",
                 losses[i]);
        evaluate(text);
        const am_outcome *outcome = &fixture_report.outcome;
        if (i == 0) below = outcome->forward_peak - outcome->head_forward;
        ck_assert_int_gt(below, 0);
        ck_assert_int_eq(outcome->forward_peak - outcome->head_forward, below);
        ck_assert_int_eq(outcome->backward_peak - outcome->head_backward, below);
    }
}
END_TEST

Suite *test_loss_suite(void);
Suite *test_loss_suite(void)
{
    if (!heads.document) heads = json_load("loss.json");
    Suite *suite = suite_create("loss");
    TCase *tests = tcase_create("loss");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, measured_heads, 0, json_size(heads));
    tcase_add_loop_test(tests, ledger, 0, COUNT(ledgers));
    tcase_add_test(tests, above_the_layers);
    suite_add_tcase(suite, tests);
    return suite;
}
