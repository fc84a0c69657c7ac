/* optimizer.c: states held to what the optimizers' own classes allocate, and shared out as DeepSpeed and FSDP2 do. */
#include <stdio.h>
#include <string.h>

#include "fixture.h"
#include "input.h"
#include "inputs.h"
#include "state.h"

static json measured;
static am_parameters parameters;

static int component_of(const char *name)
{
    for (int i = 0; i < AM_COMPONENT_COUNT; i++)
        if (strcmp(am_component_names[i], name) == 0) return i;
    ck_abort_msg("no component '%s'", name);
}

/* The tensors that were measured, in bf16 or fp32. */
static void read_tensors(json tensors, int dtype)
{
    char text[32];
    memset(&parameters, 0, sizeof parameters);
    for (int i = 0; i < json_size(tensors); i++) {
        json tensor = json_at(tensors, i), shape = json_get(tensor, "shape");
        am_alike *alike = &parameters.alike[parameters.kinds++];
        *alike = (am_alike){.trainable = true, .dtype = (uint8_t)dtype, .rank = (uint8_t)json_size(shape), .count = 1};
        alike->component = (am_component)component_of(json_text(json_get(tensor, "component"), text, sizeof text));
        for (int k = 0; k < alike->rank; k++) alike->shape[k] = json_int(json_at(shape, k));
    }
}

static void set_choice(int64_t *value, am_field_id id, json name)
{
    char text[32];
    *value = am_choice_index(am_fields[id].choices, json_text(name, text, sizeof text));
    ck_assert_int_ge(*value, 0);
}

static void configure(json record, int *dtype)
{
    char text[8];
    config = config_of("");
    bool wide = strcmp(json_text(json_get(record, "dtype"), text, sizeof text), "fp32") == 0;
    *dtype = wide ? AM_FP32 : AM_BF16;
    config.dtype = config.grad_dtype = wide ? 0 : 1;
    config.master_weights = !json_is_null(json_get(record, "master"));
    set_choice(&config.optimizer, AM_F_optimizer, json_get(record, "optimizer"));
}

static int64_t optimizer_bytes(void)
{
    return am_state_configured(&parameters, &config).optimizer;
}

/* Tensor by tensor, and all of them: what they share is counted once. */
START_TEST(one_gpu)
{
    int dtype;
    json record = json_at(json_get(measured, "cases"), _i), tensors = json_get(record, "tensors");
    configure(record, &dtype);
    read_tensors(tensors, dtype);
    ck_assert_int_eq(optimizer_bytes(), json_int(json_get(record, "bytes")));
    am_parameters all = parameters;
    int64_t sum = 0, shared = json_int(json_get(record, "shared_bytes"));
    for (int i = 0; i < all.kinds; i++) {
        parameters = (am_parameters){.kinds = 1, .alike = {all.alike[i]}};
        int64_t bytes = optimizer_bytes(), own = json_int(json_get(json_at(tensors, i), "bytes"));
        ck_assert_msg(bytes == own || bytes == own + shared, "tensor %d: %lld, not %lld", i, (long long)bytes, (long long)own);
        sum += own;
    }
    ck_assert_int_eq(sum + shared, json_int(json_get(record, "bytes")));
}
END_TEST

START_TEST(fsdp2)
{
    json record = json_at(json_get(measured, "sharded"), _i);
    read_tensors(json_get(json_at(json_get(measured, "cases"), 0), "tensors"), AM_BF16);
    config = config_of("");
    set_choice(&config.optimizer, AM_F_optimizer, json_get(record, "optimizer"));
    config.zero = 3;
    config.dp = json_int(json_get(record, "ranks"));
    am_state found = am_state_configured(&parameters, &config);
    ck_assert_int_eq(found.weights, json_int(json_get(record, "weights")));
    ck_assert_int_eq(found.gradients, json_int(json_get(record, "gradients")));
    ck_assert_int_eq(found.optimizer, json_int(json_get(record, "states")));
}
END_TEST

/* FSDP2's mixed precision: the shards are the fp32 copy, and what is gathered in bf16 is no state. */
START_TEST(wide_shards)
{
    parameters = (am_parameters){.kinds = 1, .alike = {{AM_C_MLP, true, AM_BF16, 2, {30, 7}, 2}}};
    expect_fine("", parse_and_resolve("master_weights=yes grad_dtype=fp32"));
    config.zero = 3;
    config.dp = 8;
    am_state found = am_state_configured(&parameters, &config);
    const int64_t shards = 2 * 4 * 7;
    ck_assert_int_eq(found.weights, 4 * shards);
    ck_assert_int_eq(found.master, 0);
    ck_assert_int_eq(found.gradients, 4 * shards);
    ck_assert_int_eq(found.optimizer, 8 * shards);
}
END_TEST

/* Mixtral 8x7B on Megatron: its experts are shared out over the tp·cp·dp / (ep·etp) ranks that have the same, all else over dp. */
START_TEST(experts)
{
    const int64_t expert = 32LL * 3 * 4096 * 14336, router = 32LL * 8 * 4096, norms = 65LL * 4096, table = 2LL * 32000 * 4096;
    const int64_t attention = 32LL * 4096 * (2 * 4096 + 2 * 1024), others = attention + router + norms + table;
    const struct {
        const char *text;
        int64_t elements;
    } cases[] = {
        {"ep=8 dp=8", 1 * expert + others},
        {"ep=8 dp=8 zero=1", 1 * expert + others / 8},
        {"ep=8 dp=16 zero=1", 1 * expert / 2 + others / 16},
        {"ep=2 dp=8 zero=1", 4 * expert / 4 + others / 8},
        {"dp=8 zero=1", 8 * expert / 8 + others / 8},
        {"ep=4", 2 * expert + others}, /* dp=4, since so many ranks have the experts */
        {"ep=4 zero=1", 2 * expert + others / 4},
        {"cp=2 zero=1", 8 * expert / 2 + others / 2}, /* context-parallel ranks have the same parameters */
        {"cp=2 dp=4 zero=1", 8 * expert / 8 + others / 8},
        {"cp=2 ep=2 dp=4 zero=1", 4 * expert / 4 + others / 8},
        {"tp=4 sp=yes etp=1 zero=1", 8 * expert / 4 + attention / 4 + router + norms + table / 4}, /* only experts have others like them */
        {"tp=2 sp=yes ep=4 etp=1 dp=8 zero=1", 2 * expert / 4 + (attention / 2 + router + norms + table / 2) / 8},
    };
    char text[96];
    for (size_t i = 0; i < COUNT(cases); i++) {
        snprintf(text, sizeof text, "model=mixtral-8x7b stack=megatron %s", cases[i].text);
        am_config run = config_of(text);
        ck_assert_msg(am_evaluate(&fixture_report, &fixture_workspace, &run, &status) == AM_OK, "%s: %s", text, status.message);
        int64_t found = am_state_configured(&fixture_report.parameters, &fixture_report.config).optimizer;
        ck_assert_msg(found == 4 * cases[i].elements, "%s: %lld, by hand %lld", text, (long long)found, (long long)(4 * cases[i].elements));
    }
}
END_TEST

/* 3 tensors of 1001 in bf16, 5 of 4 in fp32, one of 999 frozen: 3003 elements are padded to a multiple of 2·dp, 20 too. */
START_TEST(flat)
{
    static const struct {
        const char *text;
        int64_t weights, master, gradients, optimizer;
    } table[] = {
        {"dp=1", 6006 + 80 + 1998, 0, 6006 + 80, 12012 + 160},
        {"dp=8", 6006 + 80 + 1998, 0, 6006 + 80, 12012 + 160},
        {"dp=8 zero=1", 6006 + 80 + 1998, 0, 6006 + 80, 2 * 2 * 376 + 2 * 4 * 4},
        {"dp=8 zero=2", 6006 + 80 + 1998, 0, 2 * 376 + 4 * 4, 2 * 2 * 376 + 2 * 4 * 4},
        {"dp=7 zero=1", 6006 + 80 + 1998, 0, 6006 + 80, 2 * 2 * 430 + 2 * 4 * 4},
        {"dp=8 zero=1 master_weights=yes", 6006 + 80 + 1998, 4 * 376, 6006 + 80, 2 * 4 * 376 + 2 * 4 * 4},
        {"dp=8 zero=2 grad_dtype=fp32", 6006 + 80 + 1998, 0, 4 * 376 + 4 * 4, 2 * 2 * 376 + 2 * 4 * 4},
        {"dp=8 zero=1 optimizer=adafactor", 6006 + 80 + 1998, 0, 6006 + 80, 2 * 376 + 4 * 4},
        {"dp=8 zero=1 optimizer=adamw_8bit", 6006 + 80 + 1998, 0, 6006 + 80, 8 * 376 + 8 * 4},
        {"dp=8 zero=1 optimizer=lion", 6006 + 80 + 1998, 0, 6006 + 80, 2 * 376 + 4 * 4},
        {"dp=8 zero=2 optimizer=sgd", 6006 + 80 + 1998, 0, 2 * 376 + 4 * 4, 0},
        {"dp=8 zero=2 optimizer=none", 6006 + 80 + 1998, 0, 2 * 376 + 4 * 4, 0},
        {"stack=torch cp=2 dp=4 zero=2", 6006 + 80 + 1998, 0, 2 * 376 + 4 * 4, 2 * 2 * 376 + 2 * 4 * 4},
        {"stack=torch cp=8 zero=1", 6006 + 80 + 1998, 0, 6006 + 80, 2 * 2 * 376 + 2 * 4 * 4},
        {"stack=torch cp=2 dp=4 zero=3", 3 * 2 * 143 + 5 * 4 + 2 * 4 * 37, 0, 3 * 2 * 143 + 5 * 4, 2 * 3 * 2 * 143 + 2 * 5 * 4},
        {"stack=torch cp=8 zero=3", 3 * 2 * 143 + 5 * 4 + 2 * 4 * 37, 0, 3 * 2 * 143 + 5 * 4, 2 * 3 * 2 * 143 + 2 * 5 * 4},
    };
    parameters = (am_parameters){.kinds = 3,
                                 .alike = {{AM_C_MLP, true, AM_BF16, 2, {7, 143}, 3},
                                           {AM_C_NORM, true, AM_FP32, 1, {4}, 5},
                                           {AM_C_MLP, false, AM_BF16, 2, {27, 37}, 1}}};
    for (size_t i = 0; i < COUNT(table); i++) {
        expect_fine(table[i].text, parse_and_resolve(table[i].text));
        am_state found = am_state_configured(&parameters, &config);
        ck_assert_msg(found.weights == table[i].weights && found.master == table[i].master &&
                          found.gradients == table[i].gradients && found.optimizer == table[i].optimizer,
                      "%s: %lld %lld %lld %lld", table[i].text, (long long)found.weights, (long long)found.master,
                      (long long)found.gradients, (long long)found.optimizer);
        ck_assert_int_eq(found.bytes, found.weights + found.master + found.gradients + found.optimizer);
    }
}
END_TEST

/* A flat part of 4096 elements or more has states of bytes, and brings the tables. */
START_TEST(flat_bytes)
{
    parameters = (am_parameters){.kinds = 1, .alike = {{AM_C_MLP, true, AM_BF16, 2, {64, 257}, 1}}}; /* 16448 */
    expect_fine("", parse_and_resolve("dp=4 zero=1 optimizer=adamw_8bit"));
    ck_assert_int_eq(am_state_configured(&parameters, &config).optimizer, 2 * (4112 + 4 * 17) + 2048);
    expect_fine("", parse_and_resolve("dp=5 zero=1 optimizer=adamw_8bit"));
    ck_assert_int_eq(am_state_configured(&parameters, &config).optimizer, 8 * 3290);
    /* only Megatron has those of three dimensions in a vector of their own */
    parameters = (am_parameters){.kinds = 1, .alike = {{AM_C_MLP, true, AM_BF16, 3, {4, 16, 257}, 1}}};
    ck_assert_int_eq(am_state_configured(&parameters, &config).optimizer, 8 * 3290);
}
END_TEST

START_TEST(refused)
{
    static const struct {
        const char *text, *field, *part;
        am_code code;
    } table[] = {
        {"dtype=fp32 master_weights=yes", "master_weights", "master_weights=no", AM_CONFLICT},
        {"trainable=lora lora_dtype=fp32 master_weights=yes", "master_weights", "master_weights=no", AM_CONFLICT},
        {"grad_dtype=fp16", "grad_dtype", "grad_dtype=bf16 or fp32", AM_CONFLICT},
        {"dtype=fp32 grad_dtype=bf16", "grad_dtype", "grad_dtype=fp32", AM_CONFLICT},
        {"dp=4 zero=1 optimizer=muon", "optimizer", "zero=0", AM_UNSUPPORTED},
    };
    for (size_t i = 0; i < COUNT(table); i++)
        expect_error(table[i].text, parse_and_resolve(table[i].text), table[i].code, table[i].field, table[i].part);
    expect_fine("", parse_and_resolve(""));
    config.dp = 4;
    config.zero = 3;
    config.optimizer = AM_ADAMW_8BIT;
    expect_error("8-bit AdamW", am_state_check(&config, &status), AM_UNSUPPORTED, "optimizer", "8-bit AdamW takes no");
    config.optimizer = AM_ADAFACTOR;
    expect_error("Adafactor", am_state_check(&config, &status), AM_UNSUPPORTED, "optimizer", "Adafactor takes no");
}
END_TEST

/* A gradient has the dtype of what is trained: adapters', where there are some. */
START_TEST(gradients_of_adapters)
{
    expect_fine("", parse_and_resolve("trainable=lora lora_dtype=fp32"));
    ck_assert_int_eq(config.grad_dtype, 0);
    ck_assert_int_eq(am_trainable_dtype(&config), AM_FP32);
    expect_fine("", parse_and_resolve("trainable=lora"));
    ck_assert_int_eq(config.grad_dtype, 1);
}
END_TEST

/* What is in fp32 already has no master copy. */
START_TEST(master_copies)
{
    parameters = (am_parameters){.kinds = 2, .alike = {{AM_C_MLP, true, AM_BF16, 1, {100}, 3}, {AM_C_MLP, true, AM_FP32, 1, {10}, 7}}};
    expect_fine("", parse_and_resolve("master_weights=yes"));
    ck_assert_int_eq(am_state_configured(&parameters, &config).master, 3 * 100 * 4);
}
END_TEST

START_TEST(too_large)
{
    parameters = (am_parameters){.kinds = 1, .alike = {{AM_C_MLP, true, AM_BF16, 2, {1 << 26, 1 << 25}, 1}}};
    expect_fine("", parse_and_resolve(""));
    am_state found = am_state_configured(&parameters, &config);
    ck_assert_int_eq(found.weights, (int64_t)1 << 52);
    ck_assert_int_eq(found.optimizer, (int64_t)1 << 53);
    ck_assert_int_eq(found.bytes, -1);
}
END_TEST

Suite *test_optimizer_suite(void);
Suite *test_optimizer_suite(void)
{
    if (!measured.document) measured = json_load("optimizers.json");
    Suite *suite = suite_create("optimizer");
    TCase *tests = tcase_create("optimizer");
    tcase_add_loop_test(tests, one_gpu, 0, json_size(json_get(measured, "cases")));
    tcase_add_loop_test(tests, fsdp2, 0, json_size(json_get(measured, "sharded")));
    tcase_add_test(tests, wide_shards);
    tcase_add_test(tests, experts);
    tcase_add_test(tests, flat);
    tcase_add_test(tests, flat_bytes);
    tcase_add_test(tests, refused);
    tcase_add_test(tests, gradients_of_adapters);
    tcase_add_test(tests, master_copies);
    tcase_add_test(tests, too_large);
    suite_add_tcase(suite, tests);
    return suite;
}
