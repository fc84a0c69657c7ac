/* The loss heads: measured ones to the byte, in figures and in the order of allocations; what each keeps; which are
 * refused. */
#include "heads.h"

#define SHAPE "layers=1 hidden=32 heads=4 ffn=48 vocab=64 seq=16"

static json heads;

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
};

START_TEST(ledger)
{
    evaluate(ledgers[_i].text);
    ck_assert_msg(strcmp(kept(), ledgers[_i].rows) == 0, "%s:\n  %s\n, not\n  %s", ledgers[_i].text, kept(),
                  ledgers[_i].rows);
}
END_TEST

/* ---- the logits' own operation ---- */

/* As transformers 5.23 writes them: logits / logits_scaling, logits * logit_scale, lm_head(…) * logits_scaling. */
static const struct {
    const char *text;
    am_op op;
} scaled[] = {
    {"family=granite " SHAPE, AM_OP_DIV_SCALAR},
    {"family=cohere norm=layernorm " SHAPE, AM_OP_MUL_SCALAR},
    {"family=hyperclovax " SHAPE, AM_OP_MUL_SCALAR},
    {"family=llama " SHAPE, AM_OP_MM},
};

START_TEST(scaled_logits)
{
    const am_tape *tape = &fixture_workspace.tape;
    int made_by = -1;
    evaluate(scaled[_i].text);
    for (int i = 0; i < tape->instructions; i++) {
        const am_instruction *instruction = &tape->instruction[i];
        if (instruction->kind != AM_I_OP || instruction->results == 0) continue;
        am_var result = tape->operand[instruction->first + instruction->inputs];
        const char *name = tape->storage[tape->tensor[result].storage].name;
        if (name && strcmp(name, "logits") == 0) made_by = made_by < 0 || !am_ops[instruction->op].alias ? instruction->op : made_by;
    }
    ck_assert_msg(made_by == (int)scaled[_i].op, "%s: %s", scaled[_i].text, made_by < 0 ? "no logits" : am_ops[made_by].name);
}
END_TEST

/* A pipeline's last stage has no embedding: a head that is tied to one has a table of its own there. */
START_TEST(tied_stage)
{
    static const int64_t layers[AM_MAX_UNITS] = {1};
    for (int received = 0; received < 2; received++) {
        int64_t total[2], value[AM_SYMBOL_COUNT];
        for (int tied = 0; tied < 2; tied++) {
            am_parameters parameters;
            am_config config = config_of(tied ? "stack=torch layers=2 hidden=64 heads=4 ffn=96 vocab=100 seq=16 tie_word_embeddings=yes"
                                              : "stack=torch layers=2 hidden=64 heads=4 ffn=96 vocab=100 seq=16");
            am_model_symbols(&config, value);
            am_extents_init(&fixture_workspace.extents, value);
            am_record record = {.units = 1, .inner = 1, .received = received};
            ck_assert_int_eq(am_model_record(&fixture_workspace.tape, &fixture_workspace.extents, &config, record), AM_OK);
            ck_assert_int_eq(am_parameters_count(&parameters, &fixture_workspace.tape, layers), AM_OK);
            total[tied] = parameters.total;
        }
        ck_assert_int_eq(total[0] - total[1], received ? 0 : 64 * 100);
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
    tcase_add_loop_test(tests, scaled_logits, 0, COUNT(scaled));
    tcase_add_test(tests, tied_stage);
    suite_add_tcase(suite, tests);
    return suite;
}
