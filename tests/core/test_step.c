/* The order of events: each measured sequence of allocations, size by size and live total by live total; and the whole
 * step of records that hold every layer, against the measured peaks of small models. */
#include <stdio.h>
#include <string.h>

#include "fixture.h"

static json sequences;
static am_allocation events[8192];

/* Inputs of allocations.json, as that file spells them. */
static void append(char *text, size_t size, const char *format, const char *value)
{
    size_t length = strlen(text);
    snprintf(text + length, size - length, format, value);
}

static void text_of(json record, char *text, size_t size)
{
    static const char *const keys[][3] = {/* key of the file, key of ours, format */
                                          {"vocab_size", "vocab"},
                                          {"hidden_size", "hidden"},
                                          {"num_hidden_layers", "layers"},
                                          {"num_attention_heads", "heads"},
                                          {"num_key_value_heads", "kv_heads"},
                                          {"head_dim", "head_dim"},
                                          {"intermediate_size", "ffn"},
                                          {"n_embd", "hidden"},
                                          {"n_layer", "layers"},
                                          {"n_head", "heads"},
                                          {"n_positions", "max_positions"},
                                          {"sliding_window", "sliding_window"},
                                          {"resid_pdrop", "dropout"}};
    char value[64], family[64];
    json config = json_get(record, "config");
    json_text(json_get(record, "config_class"), family, sizeof family);
    for (char *c = family; *c; c++)
        if (*c >= 'A' && *c <= 'Z') *c = (char)(*c - 'A' + 'a');
    *strstr(family, "config") = 0;
    snprintf(text, size, "family=%s", family);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        json member = json_get(config, keys[i][0]);
        if (member.index < 0) continue;
        append(text, size, " %s=", keys[i][1]);
        append(text, size, "%s", json_text(member, value, sizeof value));
    }
    if (strcmp(family, "gpt2") == 0 && json_get(config, "resid_pdrop").index < 0)
        append(text, size, "%s", " dropout=0.1");
    if (json_get(config, "tie_word_embeddings").index >= 0) append(text, size, "%s", " tie_word_embeddings=yes");
    append(text, size, " batch=%s", json_text(json_get(record, "b"), value, sizeof value));
    append(text, size, " seq=%s", json_text(json_get(record, "s"), value, sizeof value));
    if (json_get(record, "attn").index >= 0)
        append(text, size, " attention=%s", json_text(json_get(record, "attn"), value, sizeof value));
    if (json_get(record, "dtype").index >= 0) append(text, size, "%s", " dtype=fp32");
    json lora = json_get(record, "lora");
    if (lora.index >= 0)
        append(text, size, "%s", " trainable=lora lora_rank=8 lora_targets=q,v lora_dropout=0.05");
    else if (json_get(record, "train_base").index >= 0)
        append(text, size, "%s", " trainable=none");
}

static am_record record_of(json record, int layers)
{
    am_record plain = {.units = layers, .inner = 1};
    if (json_get(record, "ckpt").index < 0) return plain;
    plain.regions = plain.hooked = true;
    return plain;
}

/* How the record's policy plays its regions. */
static void checkpoint(json record, am_tape *tape)
{
    char policy[64] = "";
    if (json_get(record, "ckpt").index >= 0) json_text(json_get(record, "ckpt"), policy, sizeof policy);
    bool reentrant = strcmp(policy, "reentrant") == 0, half = strcmp(policy, "save-half-matmuls") == 0;
    am_tape_checkpoint(tape, reentrant ? AM_REENTRANT : AM_NON_REENTRANT,
                       half ? AM_KEEP_HALF_MATMULS : AM_KEEP_NOTHING);
}

typedef struct cursor {
    const char *name;
    int index;
} cursor;

static void compare_event(json event, void *data)
{
    cursor *at = data;
    char phase[8], operation[96];
    json_text(json_at(event, 0), phase, sizeof phase);
    json_text(json_at(event, 1), operation, sizeof operation);
    const am_allocation *got = &events[at->index];
    ck_assert_msg((phase[0] == 'f') == (got->phase == AM_FORWARD), "%s: event %d (%s) lies in the other phase",
                  at->name, at->index, operation);
    ck_assert_msg(got->bytes == json_int(json_at(event, 2)), "%s: event %d (%s) is of %lld bytes, measured %lld",
                  at->name, at->index, operation, (long long)got->bytes, (long long)json_int(json_at(event, 2)));
    ck_assert_msg(got->live == json_int(json_at(event, 3)), "%s: after event %d (%s) live %lld bytes, measured %lld",
                  at->name, at->index, operation, (long long)got->live, (long long)json_int(json_at(event, 3)));
    at->index++;
}

START_TEST(allocations)
{
    json record = json_at(sequences, _i);
    char name[96], text[512];
    json_text(json_get(record, "name"), name, sizeof name);
    text_of(record, text, sizeof text);
    am_config config = config_of(text);
    am_workspace *workspace = &fixture_workspace;
    int64_t value[AM_SYMBOL_COUNT];
    am_model_symbols(&config, value);
    am_extents_init(&fixture_report.extents, value);
    am_record all = record_of(record, (int)config.layers);
    ck_assert_int_eq(am_model_record(&workspace->tape, &fixture_report.extents, &config, all), AM_OK);
    checkpoint(record, &workspace->tape);
    am_trace trace = {.allocation = events, .allocation_capacity = (int)(sizeof events / sizeof *events)};
    ck_assert_int_eq(am_step_play(&workspace->step, &workspace->player, &workspace->tape, &trace), AM_OK);
    json measured = json_get(record, "allocations");
    cursor at = {name, 0};
    json_each(measured, compare_event, &at);
    ck_assert_msg(trace.allocations == json_size(measured), "%s: %d allocations, measured %d", name, trace.allocations,
                  json_size(measured));
}
END_TEST

Suite *test_step_suite(void)
{
    if (!sequences.document) sequences = json_load("allocations.json");
    Suite *suite = suite_create("step");
    TCase *tests = tcase_create("step");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, allocations, 0, json_size(sequences));
    suite_add_tcase(suite, tests);
    return suite;
}
