/* state.c: parameters counted on a tape, and what they cost. */
#include "state.h"

#include <check.h>
#include <string.h>

#include "fixture.h"

static am_tape tape;
static am_parameters parameters;

static void setup(void)
{
    memset(&tape, 0, sizeof tape);
    tape.tensors = tape.storages = 1;
}

static void instruction(int zone, am_component component, const char *leaf)
{
    tape.instruction[tape.instructions++] =
        (am_instruction){.module = {"module", leaf, component}, .zone = (uint16_t)zone};
    tape.zone = (uint16_t)zone;
}

/* A parameter made for the instruction that comes next. */
static void parameter(int64_t rows, int64_t columns, int dtype, bool trainable)
{
    am_tensor *tensor = &tape.tensor[tape.tensors++];
    tape.storage[tape.storages].born = (uint16_t)tape.instructions;
    *tensor =
        (am_tensor){.shape = {rows, columns}, .rank = 2, .dtype = (uint8_t)dtype, .grad = trainable, .parameter = true};
    tensor->storage = (uint16_t)tape.storages++;
}

/* An embedding, three layers with an adapter each, a head. */
static void record(void)
{
    parameter(1000, 64, AM_BF16, false);
    instruction(0, AM_C_EMBEDDING, "");
    for (int zone = 1; zone <= 3; zone++) {
        parameter(64, 64, AM_BF16, false);
        instruction(zone, AM_C_ATTENTION, ".base_layer");
        parameter(4, 64, AM_FP32, true);
        instruction(zone, AM_C_ATTENTION, ".lora_A.default");
        parameter(256, 64, AM_BF16, false);
        instruction(zone, AM_C_MLP, "");
        tape.tensors++; /* an activation */
    }
    parameter(1000, 64, AM_BF16, false);
    instruction(4, AM_C_HEAD, "");
}

/* The first of three layers stands for all. */
static const int64_t thirty[AM_MAX_UNITS] = {30};

START_TEST(parts)
{
    record();
    ck_assert_int_eq(am_parameters_count(&parameters, &tape, thirty), AM_OK);
    const am_part expected[] = {
        {AM_C_EMBEDDING, false, 64000, 0, 128000},
        {AM_C_ATTENTION, false, 30 * 4096, 0, 30 * 8192},
        {AM_C_ATTENTION, true, 30 * 256, 30 * 256, 30 * 1024},
        {AM_C_MLP, false, 30 * 16384, 0, 30 * 32768},
        {AM_C_HEAD, false, 64000, 0, 128000},
    };
    ck_assert_int_eq(parameters.count, 5);
    for (int i = 0; i < 5; i++) {
        ck_assert_int_eq(parameters.part[i].component, expected[i].component);
        ck_assert_int_eq(parameters.part[i].adapter, expected[i].adapter);
        ck_assert_int_eq(parameters.part[i].parameters, expected[i].parameters);
        ck_assert_int_eq(parameters.part[i].trainable, expected[i].trainable);
        ck_assert_int_eq(parameters.part[i].bytes, expected[i].bytes);
    }
    ck_assert_int_eq(parameters.total, 128000 + 30 * (4096 + 256 + 16384));
    ck_assert_int_eq(parameters.trainable, 30 * 256);
}
END_TEST

/* Two kinds of layers: each recorded one counts as often as it says. */
START_TEST(kinds)
{
    record();
    ck_assert_int_eq(am_parameters_count(&parameters, &tape, (const int64_t[AM_MAX_UNITS]){3, 0, 27}), AM_OK);
    ck_assert_int_eq(parameters.total, 128000 + 30 * (4096 + 256 + 16384));
    ck_assert_int_eq(parameters.part[2].trainable, 30 * 256);
}
END_TEST

START_TEST(one_layer)
{
    parameter(3, 5, AM_FP32, true);
    instruction(1, AM_C_MLP, "");
    instruction(2, AM_C_LOSS, "");
    ck_assert_int_eq(am_parameters_count(&parameters, &tape, (const int64_t[AM_MAX_UNITS]){1}), AM_OK);
    ck_assert_int_eq(parameters.total, 15);
    ck_assert_int_eq(parameters.bytes, 60);
}
END_TEST

/* A parameter behind the last instruction belongs to what follows the layers. */
START_TEST(behind_the_end)
{
    instruction(1, AM_C_MLP, "");
    instruction(2, AM_C_LOSS, "");
    parameter(3, 5, AM_FP32, true);
    ck_assert_int_eq(am_parameters_count(&parameters, &tape, (const int64_t[AM_MAX_UNITS]){7}), AM_OK);
    ck_assert_int_eq(parameters.total, 15);
}
END_TEST

START_TEST(too_large)
{
    parameter((int64_t)1 << 30, (int64_t)1 << 20, AM_FP32, true);
    instruction(1, AM_C_MLP, "");
    instruction(2, AM_C_LOSS, "");
    ck_assert_int_eq(am_parameters_count(&parameters, &tape, (const int64_t[AM_MAX_UNITS]){1}), AM_OK);
    ck_assert_int_eq(parameters.bytes, (int64_t)1 << 52);
    ck_assert_int_eq(am_parameters_count(&parameters, &tape, (const int64_t[AM_MAX_UNITS]){3}), AM_TOO_LARGE);
}
END_TEST

/* Tensors that are alike are counted together: those of other shapes, types or parts apart, as many as there is room for. */
START_TEST(alike)
{
    static am_parameters table;
    int32_t count[AM_MAX_ALIKE];
    const struct {
        int64_t rows;
        int dtype;
        bool trainable;
        am_component component;
    } own[] = {{3, AM_FP32, true, AM_C_MLP}, {3, AM_FP32, true, AM_C_MLP}, {3, AM_BF16, true, AM_C_MLP}, {3, AM_BF16, false, AM_C_MLP}, {3, AM_BF16, false, AM_C_HEAD}, {4, AM_BF16, false, AM_C_HEAD}};
    for (int i = 0; i < 6; i++) {
        parameter(own[i].rows, 5, own[i].dtype, own[i].trainable);
        instruction(1, own[i].component, "");
    }
    ck_assert_int_eq(am_parameters_count(&parameters, &tape, (const int64_t[AM_MAX_UNITS]){1}), AM_OK);
    ck_assert_int_eq(parameters.kinds, 5);
    ck_assert_int_eq(parameters.alike[0].count, 2);
    for (int i = 6; i < AM_MAX_ALIKE + 1; i++) {
        parameter(i, 5, AM_BF16, true);
        instruction(1, AM_C_MLP, "");
    }
    ck_assert_int_eq(am_parameters_count(&parameters, &tape, (const int64_t[AM_MAX_UNITS]){1}), AM_OK);
    ck_assert_int_eq(parameters.kinds, AM_MAX_ALIKE);
    memset(&table, 0, sizeof table);
    ck_assert_int_eq(am_parameters_list(&table, &parameters, count), AM_OK);
    ck_assert_int_eq(count[0], 2);
    parameters.alike[1].shape[0] = 1000; /* another rank's stage: one kind more than there is room for */
    ck_assert_int_eq(am_parameters_list(&table, &parameters, count), AM_CAPACITY);
    parameter(1000, 5, AM_BF16, true);
    instruction(1, AM_C_MLP, "");
    ck_assert_int_eq(am_parameters_count(&parameters, &tape, (const int64_t[AM_MAX_UNITS]){1}), AM_CAPACITY);
}
END_TEST

START_TEST(conventions)
{
    static const struct {
        const char *id;
        int each;
    } expected[] = {{"12-fp32", 12}, {"16-fp32", 16}, {"16-mixed", 16}, {"18-mixed", 18}, {"20-mixed", 20}};
    ck_assert_int_eq(am_convention_count, 5);
    am_parameters all = {.total = 1000, .trainable = 1000, .bytes = 2000};
    for (int i = 0; i < am_convention_count; i++) {
        am_state state = am_state_of(&all, &am_conventions[i]);
        ck_assert_str_eq(am_conventions[i].id, expected[i].id);
        ck_assert_int_eq(state.bytes, 1000 * expected[i].each);
        ck_assert_int_eq(state.weights + state.master + state.gradients + state.optimizer, state.bytes);
    }
}
END_TEST

/* Frozen parameters have weights and nothing else. */
START_TEST(frozen_and_adapters)
{
    record();
    ck_assert_int_eq(am_parameters_count(&parameters, &tape, thirty), AM_OK);
    am_config config = config_of("trainable=lora lora_dtype=fp32");
    am_state state = am_state_configured(&parameters, &config);
    ck_assert_int_eq(state.weights, parameters.bytes);
    ck_assert_int_eq(state.gradients, 30 * 1024);
    ck_assert_int_eq(state.optimizer, 2 * 30 * 1024);
    ck_assert_int_eq(state.master, 0);
    am_state mixed = am_state_of(&parameters, &am_conventions[2]);
    ck_assert_int_eq(mixed.weights, 2 * parameters.total);
    ck_assert_int_eq(mixed.optimizer, 8 * parameters.trainable);
}
END_TEST

Suite *test_state_suite(void);
Suite *test_state_suite(void)
{
    Suite *suite = suite_create("state");
    TCase *tests = tcase_create("state");
    tcase_add_checked_fixture(tests, setup, NULL);
    tcase_add_test(tests, parts);
    tcase_add_test(tests, kinds);
    tcase_add_test(tests, one_layer);
    tcase_add_test(tests, behind_the_end);
    tcase_add_test(tests, too_large);
    tcase_add_test(tests, alike);
    tcase_add_test(tests, conventions);
    tcase_add_test(tests, frozen_and_adapters);
    suite_add_tcase(suite, tests);
    return suite;
}
