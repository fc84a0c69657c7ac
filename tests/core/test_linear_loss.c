/* Loss heads that take the linear layer in: what each keeps, and how high it stands. Their measured cases are among those
 * of test_loss.c. */
#include "heads.h"

/* T = s·b = 32 tokens and v = 64 entries: 4Tv is 8192, 2Th 2048. */
static const struct {
    const char *text, *rows;
} ledgers[] = {
    /* the gradients are made in forward: 2Th and 2vh */
    {LLAMA "loss=fused", "the hidden state's gradient bf16 2048, the weight's gradient bf16 4096"},
    {LLAMA "loss=fused trainable=none", "the hidden state's gradient bf16 2048"},
    {LLAMA "loss=fused dtype=fp32 autocast=bf16", "the hidden state's gradient fp32 4096, the weight's gradient fp32 8192"},
    {"family=llama layers=2 hidden=32 heads=4 ffn=48 vocab=32 seq=16 batch=2 loss=fused dtype=fp32 autocast=bf16", /* all rows at once */
     "the hidden state's gradient fp32 4096, the weight's gradient fp32 4096"},
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

/* A small head's backward stands below what the layers leave, with the mask of their attention: it stands nothing above. */
START_TEST(nothing_above)
{
    evaluate("family=gpt_neo layers=1 hidden=48 heads=1 ffn=24 vocab=8 max_positions=64 seq=64");
    ck_assert_int_eq(fixture_report.outcome.head_backward, 0);
}
END_TEST

Suite *test_linear_loss_suite(void);
Suite *test_linear_loss_suite(void)
{
    Suite *suite = suite_create("linear_loss");
    TCase *tests = tcase_create("linear_loss");
    tcase_add_loop_test(tests, ledger, 0, COUNT(ledgers));
    tcase_add_test(tests, above_the_layers);
    tcase_add_test(tests, nothing_above);
    suite_add_tcase(suite, tests);
    return suite;
}
