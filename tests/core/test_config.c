/* config.c: the table of inputs, the text that sets them, and their values as text. */
#include "inputs.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static int64_t number_of(const am_field *field)
{
    int64_t value;
    memcpy(&value, (const char *)&config + field->offset, sizeof value);
    return value;
}

static const char *value_of(am_field_id id)
{
    static char text[AM_TEXT_SIZE];
    return am_field_value(&config, &am_fields[id], text, sizeof text);
}

/* ---- the table */

START_TEST(field_is_complete)
{
    const am_field *field = &am_fields[_i];
    ck_assert_uint_gt(strlen(field->key), 0);
    ck_assert_uint_lt(strlen(field->key), sizeof status.field);
    ck_assert_uint_gt(strlen(field->label), 0);
    ck_assert_uint_gt(strlen(field->help), 0);
    ck_assert_ptr_nonnull(field->unit);
    ck_assert_int_lt(field->group, AM_GROUP_COUNT);
    ck_assert_int_eq(field->choices != NULL, field->kind == AM_KIND_CHOICE);
    ck_assert_int_eq(field->text != NULL, field->kind == AM_KIND_TEXT);
    if (field->kind == AM_KIND_INT) ck_assert_int_lt(field->least, field->most);
    for (int i = 0; i < _i; i++) {
        ck_assert_str_ne(am_fields[i].key, field->key);
        ck_assert_uint_lt(am_fields[i].offset, field->offset);
    }
}
END_TEST

START_TEST(group_names)
{
    static const char *const names[] = {"model", "run", "precision", "training", "checkpoint", "parallel", "hardware", "output"};
    ck_assert_uint_eq(COUNT(names), AM_GROUP_COUNT);
    for (size_t i = 0; i < COUNT(names); i++) ck_assert_str_eq(am_group_names[i], names[i]);
}
END_TEST

START_TEST(choices_match_their_enumerations)
{
    static const struct {
        am_field_id id;
        int last;
        const char *name;
    } lasts[] = {
        {AM_F_family, AM_FAMILY_GPT2, "gpt2"},
        {AM_F_norm, AM_LAYERNORM, "layernorm"},
        {AM_F_activation, AM_SILU, "silu"},
        {AM_F_positions, AM_LEARNED, "learned"},
        {AM_F_stack, AM_STACK_NANOGPT, "nanogpt"},
        {AM_F_stack, AM_STACK_TORCH, "torch"},
        {AM_F_attention, AM_EAGER, "eager"},
        {AM_F_dtype, AM_FP16, "fp16"},
        {AM_F_autocast, AM_AUTOCAST_FP16, "fp16"},
        {AM_F_trainable, AM_TRAIN_LORA, "lora"},
        {AM_F_units, AM_BYTES, "bytes"},
        {AM_F_timeline, AM_TIMELINE_NONE, "none"},
        {AM_F_activation, AM_GELU_TANH, "gelu_pytorch_tanh"},
    };
    for (size_t i = 0; i < COUNT(lasts); i++) {
        char text[64];
        snprintf(text, sizeof text, "%s=%s", am_fields[lasts[i].id].key, lasts[i].name);
        expect_fine(text, parse(text));
        ck_assert_int_eq(number_of(&am_fields[lasts[i].id]), lasts[i].last);
    }
}
END_TEST

/* ---- defaults and presets */

START_TEST(default_config)
{
    config = am_default_config();
    ck_assert_str_eq(config.model, "llama-3-8b");
    ck_assert_int_eq(config.layers, 32);
    ck_assert_int_eq(config.hidden, 4096);
    ck_assert_int_eq(config.seq, AM_AUTO);
    ck_assert_int_eq(config.batch, 1);
    ck_assert_int_eq(config.head_dim, AM_AUTO);
    ck_assert_str_eq(config.checkpoint, "none");
    ck_assert_str_eq(config.lora_targets, "auto");
}
END_TEST

START_TEST(other_groups_keep_the_model)
{
    expect_fine("", parse("seq=4096"));
    ck_assert_str_eq(config.model, "llama-3-8b");
    ck_assert_int_eq(config.seq, 4096);
    ck_assert_int_eq(config.layers, 32);
}
END_TEST

START_TEST(detail_keeps_the_model)
{
    static const char *const details[] = {"max_positions=9",     "norm=layernorm", "activation=gelu",
                                          "positions=learned",   "bias=yes",       "qkv_bias=yes",
                                          "o_bias=yes",          "mlp_bias=yes",   "qk_norm=yes",
                                          "sliding_window=9",    "dropout=0.1",    "tie_word_embeddings=yes",
                                          "embedding_dropout=0", "stack=paper"};
    expect_fine(details[_i], parse(details[_i]));
    ck_assert_str_eq(config.model, "llama-3-8b");
    ck_assert_int_eq(config.layers, 32);
}
END_TEST

/* A shape without a name starts a model of its own: nothing of the default's is left. */
START_TEST(shape_starts_a_model)
{
    static const char *const shapes[] = {"family=llama", "layers=2",   "hidden=64", "heads=4",
                                         "kv_heads=2",   "head_dim=8", "ffn=256",   "vocab=96"};
    expect_fine(shapes[_i], parse(shapes[_i]));
    ck_assert_str_eq(config.model, "");
    static const am_field_id ids[] = {AM_F_layers,   AM_F_hidden, AM_F_heads, AM_F_kv_heads,
                                      AM_F_head_dim, AM_F_ffn,    AM_F_vocab, AM_F_activation};
    int given = 0;
    for (size_t i = 0; i < COUNT(ids); i++) given += number_of(&am_fields[ids[i]]) != AM_AUTO;
    ck_assert_int_eq(given, _i == 0 ? 0 : 1);
}
END_TEST

START_TEST(own_model)
{
    expect_fine("", parse("hidden=64 heads=4 layers=2 vocab=96"));
    ck_assert_str_eq(config.model, "");
    ck_assert_int_eq(config.hidden, 64);
    ck_assert_int_eq(config.kv_heads, AM_AUTO);
    expect_fine("", am_config_parse(&config, "ffn=256 seq=16", &status));
    ck_assert_int_eq(config.hidden, 64); /* a second text adds to it */
    ck_assert_int_eq(config.ffn, 256);
}
END_TEST

START_TEST(preset_and_changes_in_any_order)
{
    static const char *const texts[] = {"model=gpt2 layers=4", "layers=4&model=gpt2", "layers=4 seq=7\tmodel=gpt2"};
    expect_fine(texts[_i], parse(texts[_i]));
    ck_assert_str_eq(config.model, "gpt2");
    ck_assert_int_eq(config.layers, 4);
    ck_assert_int_eq(config.hidden, 768);
    ck_assert_int_eq(config.kv_heads, AM_AUTO); /* nothing of Llama's is left */
    ck_assert_int_eq(config.dropout, 100000);
}
END_TEST

START_TEST(model_of_no_name)
{
    expect_fine("", parse("model= layers=2"));
    ck_assert_str_eq(config.model, "");
    ck_assert_int_eq(config.layers, 2);
    ck_assert_int_eq(config.hidden, AM_AUTO);
}
END_TEST

START_TEST(imported_model_is_kept)
{
    const char *json = "{\"model_type\": \"llama\", \"num_hidden_layers\": 5}";
    config = am_default_config();
    expect_fine("", am_config_import(&config, json, strlen(json), &status));
    expect_fine("", am_config_parse(&config, "layers=4 seq=512", &status));
    ck_assert_int_eq(config.layers, 4);
    ck_assert_int_eq(config.hidden, 4096);
    ck_assert_int_eq(config.vocab, 32000);
    ck_assert_int_eq(config.seq, 512);
}
END_TEST

/* ---- syntax */

static const char *const same_texts[] = {
    "seq=8192&dtype=fp16&checkpoint=every:4",
    "seq=8192 dtype=fp16 checkpoint=every:4",
    "#seq=8192&dtype=fp16&checkpoint=every:4",
    "?seq=8192&dtype=fp16&checkpoint=every:4",
    "  #seq=8k\n\tdtype=fp16\r\n& &checkpoint=every:4&&",
    "seq=8192&dtype=fp16&checkpoint=every%3A4",
    "seq=%38192&dt%79pe=fp16&checkpoint=every%3a4",
};

START_TEST(same_text)
{
    expect_fine(same_texts[_i], parse(same_texts[_i]));
    ck_assert_int_eq(config.seq, 8192);
    ck_assert_int_eq(config.dtype, AM_FP16);
    ck_assert_str_eq(config.checkpoint, "every:4");
}
END_TEST

START_TEST(empty_text)
{
    static const char *const texts[] = {"", "#", "?", " \n", "&&", "# &"};
    expect_fine(texts[_i], parse(texts[_i]));
    am_config untouched = am_default_config();
    ck_assert_mem_eq(&config, &untouched, sizeof config);
}
END_TEST

START_TEST(plus_is_a_plus)
{
    expect_fine("", parse("lora_targets=a+b%2Bc"));
    ck_assert_str_eq(config.lora_targets, "a+b+c");
}
END_TEST

static const struct {
    const char *text;
    am_code code;
    const char *field, *part;
} errors[] = {
    {"seqlen=5", AM_UNKNOWN_KEY, "seqlen", "the nearest is 'seq'"},
    {"seq_len=5", AM_UNKNOWN_KEY, "seq_len", "'seq'"},
    {"hidden_size=5", AM_UNKNOWN_KEY, "hidden_size", "'hidden'"},
    {"num_layers=5", AM_UNKNOWN_KEY, "num_layers", "'layers'"},
    {"SEQ=5", AM_UNKNOWN_KEY, "SEQ", "'seq'"},
    {"a_key_that_is_longer_than_the_field_of_a_status=5", AM_UNKNOWN_KEY, "a_key_that_is_longer_than_the_f",
     "there is no"},
    {"seq=1 seq=2", AM_DUPLICATE_KEY, "seq", "twice"},
    {"seq=1&s%65q=1", AM_DUPLICATE_KEY, "seq", "twice"},
    {"model=gpt2 model=gpt2", AM_DUPLICATE_KEY, "model", "twice"},
    {"seq", AM_SYNTAX, "seq", "'seq' is not key=value"},
    {"seq 5", AM_SYNTAX, "seq", "key=value"},
    {"##seq=5", AM_UNKNOWN_KEY, "#seq", "'seq'"},
    {"=5", AM_SYNTAX, "", "key is missing"},
    {"seq=%", AM_SYNTAX, "seq", "percent"},
    {"seq=%4", AM_SYNTAX, "seq", "percent"},
    {"seq=%4g", AM_SYNTAX, "seq", "percent"},
    {"seq=%g4", AM_SYNTAX, "seq", "percent"},
    {"seq=%00", AM_SYNTAX, "seq", "percent"},
    {"se%q=5", AM_SYNTAX, "", "percent"},
    {"model=gpt9", AM_UNKNOWN_MODEL, "model", "gpt2"},
    {"model=Llama-3-8", AM_UNKNOWN_MODEL, "model", "llama-3-8b"},
    /* whole numbers */
    {"seq=abc", AM_BAD_VALUE, "seq", "seq must be a whole number from 1 to 16777216 tokens, not 'abc'"},
    {"lora_rank=x", AM_BAD_VALUE, "lora_rank", "from 1 to 65536, not 'x'"},
    {"link_bandwidth=25GB/s", AM_BAD_VALUE, "link_bandwidth", "from 100 to 1000000000 MB/s, not '25GB/s'"},
    {"link_bandwidth=25", AM_OUT_OF_RANGE, "link_bandwidth", "link_bandwidth must be from 100 to 1000000000 MB/s, not 25"},
    {"seq=", AM_BAD_VALUE, "seq", "whole number"},
    {"seq==5", AM_BAD_VALUE, "seq", "whole number"},
    {"seq=-5", AM_BAD_VALUE, "seq", "whole number"},
    {"seq=+5", AM_BAD_VALUE, "seq", "whole number"},
    {"seq=5.0", AM_BAD_VALUE, "seq", "whole number"},
    {"seq=1e3", AM_BAD_VALUE, "seq", "whole number"},
    {"seq=0x10", AM_BAD_VALUE, "seq", "whole number"},
    {"seq=k", AM_BAD_VALUE, "seq", "whole number"},
    {"seq=8M", AM_BAD_VALUE, "seq", "whole number"},
    {"load_in_4bit=yes", AM_UNKNOWN_KEY, "load_in_4bit", "quantised weights are not covered"},
    {"gradient_accumulation_steps=4", AM_UNKNOWN_KEY, "gradient_accumulation_steps", "here it is 'micro_batches'"},
    {"foo=4", AM_UNKNOWN_KEY, "foo", "there is no input 'foo'"},
    {"jj=4", AM_UNKNOWN_KEY, "jj", "there is no input 'jj'"}, /* nearest are names as short as it */
    {"seq=8kk", AM_BAD_VALUE, "seq", "whole number"},
    {"seq=8m", AM_BAD_VALUE, "seq", "whole number"},
    {"seq=8_192", AM_BAD_VALUE, "seq", "without '_' or ','"},
    {"seq=8,192", AM_BAD_VALUE, "seq", "without '_' or ','"},
    {"seq=99999999999999999999999", AM_OUT_OF_RANGE, "seq", "from 1 to 16777216 tokens, not 99999999999999999999999"},
    {"seq=9223372036854775807k", AM_OUT_OF_RANGE, "seq", "from 1 to 16777216"},
    {"seq=99999999999999999999999k", AM_OUT_OF_RANGE, "seq", "from 1 to 16777216"},
    {"seq=16385k", AM_OUT_OF_RANGE, "seq", "from 1 to 16777216 tokens, not 16385k"},
    /* flags, choices, ratios, texts */
    {"reentrant=true", AM_BAD_VALUE, "reentrant", "yes or no, not 'true'"},
    {"reentrant=", AM_BAD_VALUE, "reentrant", "yes or no"},
    {"reentrant=YES", AM_BAD_VALUE, "reentrant", "yes or no"},
    {"dtype=float32", AM_BAD_VALUE, "dtype", "dtype must be fp32, bf16 or fp16, not 'float32'"},
    {"dtype=", AM_BAD_VALUE, "dtype", "fp32, bf16 or fp16"},
    {"family=gemma9", AM_BAD_VALUE, "family", "family has no 'gemma9'; the nearest is gemma"},
    {"stack=jax", AM_BAD_VALUE, "stack", "stack must be hf, paper"},
    {"activation=tanh", AM_BAD_VALUE, "activation", "gelu_pytorch_tanh, relu, silu, gelu_fast, relu2 or xielu, not 'tanh'"},
    {"dropout=abc", AM_BAD_VALUE, "dropout", "such as 0.1, not 'abc'"},
    {"dropout=.1", AM_BAD_VALUE, "dropout", "probability"},
    {"dropout=", AM_BAD_VALUE, "dropout", "probability"},
    {"dropout=1", AM_OUT_OF_RANGE, "dropout", "below 1"},
    {"dropout=-0.1", AM_OUT_OF_RANGE, "dropout", "from 0"},
    {"dropout=1e30", AM_OUT_OF_RANGE, "dropout", "below 1"},
    {"checkpoint=0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456",
     AM_BAD_VALUE, "checkpoint", "shorter than 96"},
};

START_TEST(error)
{
    expect_error(errors[_i].text, parse(errors[_i].text), errors[_i].code, errors[_i].field, errors[_i].part);
    am_config untouched = am_default_config();
    ck_assert_mem_eq(&config, &untouched, sizeof config);
}
END_TEST

START_TEST(error_after_good_pairs_changes_nothing)
{
    expect_error("", parse("model=gpt2 seq=99 layers=0"), AM_OUT_OF_RANGE, "layers", "from 1 to 1000, not 0");
    am_config untouched = am_default_config();
    ck_assert_mem_eq(&config, &untouched, sizeof config);
}
END_TEST

START_TEST(longest_text)
{
    static char text[AM_INPUT_SIZE + 2];
    memset(text, ' ', AM_INPUT_SIZE);
    memcpy(text, "seq=77", 6);
    expect_fine("", parse(text));
    ck_assert_int_eq(config.seq, 77);
    text[AM_INPUT_SIZE] = ' ';
    expect_error("", parse(text), AM_SYNTAX, "", "longer than 4096");
}
END_TEST

START_TEST(longest_value)
{
    char text[128] = "checkpoint=";
    size_t start = strlen(text);
    memset(text + start, 'x', AM_TEXT_SIZE - 1);
    expect_fine(text, parse(text));
    ck_assert_uint_eq(strlen(config.checkpoint), AM_TEXT_SIZE - 1);
    text[start + AM_TEXT_SIZE - 1] = 'x';
    expect_error(text, parse(text), AM_BAD_VALUE, "checkpoint", "shorter");
}
END_TEST

/* ---- ranges: both sides of each */

static void expect_range(const am_field *field, int64_t value, bool fine)
{
    char text[64];
    snprintf(text, sizeof text, "%s=%" PRId64, field->key, value);
    am_code code = parse(text);
    if (!fine) {
        expect_error(text, code, AM_OUT_OF_RANGE, field->key, "must be from");
        return;
    }
    expect_fine(text, code);
    ck_assert_int_eq(number_of(field), value);
}

START_TEST(range)
{
    const am_field *field = &am_fields[_i];
    if (field->kind != AM_KIND_INT) return;
    expect_range(field, field->least, true);
    expect_range(field, field->most, true);
    expect_range(field, field->most + 1, false);
    if (field->least > 0) expect_range(field, field->least - 1, false);
}
END_TEST

/* What a value is as text is read back as the same value. */
START_TEST(value_round_trip)
{
    const am_field *field = &am_fields[_i];
    if (field->kind == AM_KIND_TEXT) return;
    static const int64_t ratios[] = {0, 1, 10, 100000, 123456, 999999};
    int64_t count = field->kind == AM_KIND_RATIO ? (int64_t)COUNT(ratios) : field->kind == AM_KIND_FLAG ? 2 : 3;
    for (int64_t i = 0; i < count; i++) {
        config = am_default_config();
        int64_t value = field->kind == AM_KIND_RATIO ? ratios[i] : field->kind == AM_KIND_INT ? field->most - i : i;
        if (field->kind == AM_KIND_INT && value < field->least) continue;
        if (field->kind == AM_KIND_CHOICE && i == 2 && !strchr(strchr(field->choices, '|') + 1, '|')) continue;
        memcpy((char *)&config + field->offset, &value, sizeof value);
        char text[AM_TEXT_SIZE + 32], written[AM_TEXT_SIZE];
        snprintf(text, sizeof text, "%s=%s", field->key, am_field_value(&config, field, written, sizeof written));
        expect_fine(text, parse(text));
        ck_assert_int_eq(number_of(field), value);
    }
}
END_TEST

START_TEST(values)
{
    expect_fine("", parse("model=gpt2 seq=8k dropout=0.05 bias=no reentrant=yes dtype=fp16 checkpoint=block:3"));
    ck_assert_str_eq(value_of(AM_F_model), "gpt2");
    ck_assert_str_eq(value_of(AM_F_seq), "8192");
    ck_assert_str_eq(value_of(AM_F_dropout), "0.05");
    ck_assert_str_eq(value_of(AM_F_lora_dropout), "0");
    ck_assert_str_eq(value_of(AM_F_bias), "no");
    ck_assert_str_eq(value_of(AM_F_reentrant), "yes");
    ck_assert_str_eq(value_of(AM_F_dtype), "fp16");
    ck_assert_str_eq(value_of(AM_F_family), "gpt2");
    ck_assert_str_eq(value_of(AM_F_checkpoint), "block:3");
    ck_assert_str_eq(value_of(AM_F_kv_heads), ""); /* to be derived */
}
END_TEST

START_TEST(value_without_room)
{
    char text[4] = "xyz";
    config = am_default_config();
    ck_assert_ptr_eq(am_field_value(&config, &am_fields[AM_F_model], text, sizeof text), text);
    ck_assert_str_eq(text, "");
    memcpy(text, "xyz", sizeof text);
    am_field_value(&config, &am_fields[AM_F_model], text, 0);
    ck_assert_str_eq(text, "xyz");
}
END_TEST

Suite *test_config_suite(void)
{
    Suite *suite = suite_create("config");
    TCase *tests = tcase_create("config");
    tcase_add_loop_test(tests, field_is_complete, 0, AM_FIELD_COUNT);
    tcase_add_test(tests, group_names);
    tcase_add_test(tests, choices_match_their_enumerations);
    tcase_add_test(tests, default_config);
    tcase_add_test(tests, other_groups_keep_the_model);
    tcase_add_loop_test(tests, detail_keeps_the_model, 0, 14);
    tcase_add_loop_test(tests, shape_starts_a_model, 0, 8);
    tcase_add_test(tests, own_model);
    tcase_add_loop_test(tests, preset_and_changes_in_any_order, 0, 3);
    tcase_add_test(tests, model_of_no_name);
    tcase_add_test(tests, imported_model_is_kept);
    tcase_add_loop_test(tests, same_text, 0, (int)COUNT(same_texts));
    tcase_add_loop_test(tests, empty_text, 0, 6);
    tcase_add_test(tests, plus_is_a_plus);
    tcase_add_loop_test(tests, error, 0, (int)COUNT(errors));
    tcase_add_test(tests, error_after_good_pairs_changes_nothing);
    tcase_add_test(tests, longest_text);
    tcase_add_test(tests, longest_value);
    tcase_add_loop_test(tests, range, 0, AM_FIELD_COUNT);
    tcase_add_loop_test(tests, value_round_trip, 0, AM_FIELD_COUNT);
    tcase_add_test(tests, values);
    tcase_add_test(tests, value_without_room);
    suite_add_tcase(suite, tests);
    return suite;
}
