/* The boundary of the wasm modules, called as their host does: an answer is the JSON that the core writes, an error its document. */
#include "exports.h"

#include <string.h>

#include "fixture.h"

static int32_t length_of(const char *text)
{
    size_t length = strlen(text);
    memcpy(am_input(), text, length);
    return (int32_t)length;
}

/* An answer begins and ends as its document does, and has this in it. */
static void expect(int32_t answer, bool error, const char *words)
{
    static char text[1 << 20];
    ck_assert_int_eq(answer < 0, error);
    memcpy(text, am_output(), (size_t)(error ? -answer : answer));
    text[error ? -answer : answer] = '\0';
    ck_assert_msg(text[0] == '{' && text[strlen(text) - 1] == '}' && strstr(text, words), "'%.300s' without '%s'", text, words);
    ck_assert_int_eq(strncmp(text, "{\"error\":", 9) == 0, error);
}

typedef int32_t (*call)(int32_t length);

START_TEST(answers)
{
    static const struct {
        call call;
        const char *text;
        bool error;
        const char *words;
    } cases[] = {
        {am_wasm_evaluate, "model=llama-3-8b seq=2048", false, "\"bytes\":14281106188"},
        {am_wasm_evaluate, "seq=0", true, "\"out_of_range\""},
        {am_wasm_evaluate, "model=llama-3-8b kv_heads=7", true, "\"conflict\""},
        {am_wasm_import, "{\"model_type\": \"llama\", \"num_hidden_layers\": 2, \"hidden_size\": 64, \"num_attention_heads\": 4, \"num_key_value_heads\": 2, "
                         "\"intermediate_size\": 128, \"vocab_size\": 100, \"hidden_act\": \"silu\", \"tie_word_embeddings\": false}", false,
         "{\"query\":\"family=llama&layers=2&hidden=64&"},
        {am_wasm_import, "{", true, "\"error\""},
        {am_wasm_map, "model=gpt2 batch=1..2 seq=64..128", false, "\"batch\":[1,2]"},
        {am_wasm_map, "model=gpt2 batch=2..1", true, "\"batch\""},
        {am_wasm_map, "model=gpt2 seqs=1", true, "\"unknown_key\""},
        {am_wasm_map, "model=llama-3-8b kv_heads=7", true, "\"conflict\""},
        {am_wasm_toy, "hidden=64 batch=2", false, "\"hidden\":64"},
        {am_wasm_toy, "hidden=0", true, "\"out_of_range\""},
        {am_wasm_formulas, "", false, "\"formulas\""},
        {am_wasm_evaluate, /* each of so many unlike regions says what it no longer keeps */
         "family=gemma2 layers=325 hidden=64 heads=4 ffn=96 vocab=100 seq=16 trainable=lora lora_targets=q,k,v,o,gate,up,down lora_dropout=0.1 "
         "checkpoint=regions:1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25", false, "segment of 25 layers\""},
    };
    expect(cases[_i].call(length_of(cases[_i].text)), cases[_i].error, cases[_i].words);
}
END_TEST

/* A zero byte is no end of a text; a length beyond the buffer is held to it, a negative one is none. */
START_TEST(lengths)
{
    static const call calls[] = {am_wasm_evaluate, am_wasm_map, am_wasm_toy};
    for (int i = 0; i < 3; i++) {
        memcpy(am_input(), "seq\0=64", 7);
        expect(calls[i](7), true, "zero byte");
    }
    expect(am_wasm_toy(-1), false, "\"hidden\":4096");
    memset(am_input(), ' ', (size_t)am_input_size());
    expect(am_wasm_evaluate(INT32_MAX), true, "longer than 4096 characters");
    memset(am_input(), ' ', (size_t)am_input_size());
    expect(am_wasm_import(am_input_size() + 1), true, "\"error\"");
}
END_TEST

Suite *test_exports_suite(void);
Suite *test_exports_suite(void)
{
    Suite *suite = suite_create("exports");
    TCase *tests = tcase_create("exports");
    tcase_add_loop_test(tests, answers, 0, 13);
    tcase_add_test(tests, lengths);
    suite_add_tcase(suite, tests);
    return suite;
}
