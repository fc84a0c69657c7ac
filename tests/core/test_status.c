/* status.c: names of the codes, messages, element types. */
#include "inputs.h"

#include <limits.h>

static const struct {
    am_code code;
    const char *name;
} names[] = {
    {AM_OK, "ok"},
    {AM_UNKNOWN_KEY, "unknown_key"},
    {AM_DUPLICATE_KEY, "duplicate_key"},
    {AM_SYNTAX, "syntax"},
    {AM_BAD_VALUE, "bad_value"},
    {AM_OUT_OF_RANGE, "out_of_range"},
    {AM_MISSING, "missing"},
    {AM_CONFLICT, "conflict"},
    {AM_UNSUPPORTED, "unsupported"},
    {AM_UNKNOWN_MODEL, "unknown_model"},
    {AM_UNKNOWN_ARCHITECTURE, "unknown_architecture"},
    {AM_BAD_CONFIG, "bad_config"},
    {AM_ELSEWHERE, "elsewhere"},
    {AM_TOO_LARGE, "too_large"},
    {AM_IO, "io"},
    {AM_CAPACITY, "capacity"},
};

START_TEST(code_name)
{
    ck_assert_str_eq(am_code_name(names[_i].code), names[_i].name);
}
END_TEST

START_TEST(every_code_has_a_name)
{
    ck_assert_uint_eq(COUNT(names), AM_CODE_COUNT);
    ck_assert_str_eq(am_code_name(AM_CODE_COUNT), "unknown");
}
END_TEST

START_TEST(fail_returns_its_code)
{
    ck_assert_int_eq(am_fail(&status, AM_CONFLICT, "seq", "plain"), AM_CONFLICT);
    ck_assert_int_eq(status.code, AM_CONFLICT);
    ck_assert_str_eq(status.field, "seq");
    ck_assert_str_eq(status.message, "plain");
}
END_TEST

START_TEST(fail_without_a_field)
{
    am_fail(&status, AM_SYNTAX, NULL, "x");
    ck_assert_str_eq(status.field, "");
    am_fail(&status, AM_SYNTAX, "", "x");
    ck_assert_str_eq(status.field, "");
}
END_TEST

static const struct {
    int64_t value;
    const char *text, *grouped;
} numbers[] = {
    {0, "0", "0"},
    {7, "7", "7"},
    {-1, "-1", "-1"},
    {1000, "1000", "1,000"},
    {AM_MAX_BYTES, "9007199254740992", "9,007,199,254,740,992"},
    {INT64_MAX, "9223372036854775807", "9,223,372,036,854,775,807"},
    {INT64_MIN, "-9223372036854775808", "-9,223,372,036,854,775,808"},
};

START_TEST(fail_writes_numbers)
{
    am_fail(&status, AM_SYNTAX, "", "%d", numbers[_i].value);
    ck_assert_str_eq(status.message, numbers[_i].text);
    am_fail(&status, AM_SYNTAX, "", "%b", numbers[_i].value);
    ck_assert_str_eq(status.message, numbers[_i].grouped);
}
END_TEST

START_TEST(fail_formats)
{
    am_fail(&status, AM_SYNTAX, "", "%s is %d%% of %s", "half", (int64_t)50, "it");
    ck_assert_str_eq(status.message, "half is 50% of it");
    am_fail(&status, AM_SYNTAX, "", "stops at %x", 5);
    ck_assert_str_eq(status.message, "stops at ");
    am_fail(&status, AM_SYNTAX, "", "ends with %");
    ck_assert_str_eq(status.message, "ends with ");
}
END_TEST

START_TEST(fail_hides_control_characters)
{
    am_fail(&status, AM_SYNTAX, "a\tb\x7f", "'%s'", "\x1b[31m\n\xc3\xa9");
    ck_assert_str_eq(status.field, "a?b?");
    ck_assert_str_eq(status.message, "'?[31m?\xc3\xa9'");
}
END_TEST

START_TEST(fail_cuts_what_is_too_long)
{
    char long_text[512];
    memset(long_text, 'x', sizeof long_text - 1);
    long_text[sizeof long_text - 1] = '\0';
    am_fail(&status, AM_SYNTAX, long_text, "%s%s", long_text, long_text);
    ck_assert_uint_eq(strlen(status.field), sizeof status.field - 1);
    ck_assert_uint_eq(strlen(status.message), sizeof status.message - 1);
}
END_TEST

START_TEST(dtypes)
{
    static const struct {
        am_dtype dtype;
        const char *name, *torch;
        int size;
        bool floating;
    } rows[] = {
        {AM_FP32, "fp32", "float32", 4, true}, {AM_BF16, "bf16", "bfloat16", 2, true},
        {AM_FP16, "fp16", "float16", 2, true}, {AM_C64, "c64", "complex64", 8, true},
        {AM_I64, "i64", "int64", 8, false},
        {AM_U64, "u64", "uint64", 8, false},   {AM_I32, "i32", "int32", 4, false},
        {AM_BOOL, "bool", "bool", 1, false},
    };
    ck_assert_uint_eq(COUNT(rows), AM_DTYPE_COUNT);
    for (size_t i = 0; i < COUNT(rows); i++) {
        const am_dtype_info *info = &am_dtypes[rows[i].dtype];
        ck_assert_str_eq(info->name, rows[i].name);
        ck_assert_str_eq(info->torch, rows[i].torch);
        ck_assert_int_eq(info->size, rows[i].size);
        ck_assert_int_eq(info->floating, rows[i].floating);
    }
}
END_TEST

Suite *test_status_suite(void)
{
    Suite *suite = suite_create("status");
    TCase *tests = tcase_create("status");
    tcase_add_loop_test(tests, code_name, 0, (int)COUNT(names));
    tcase_add_test(tests, every_code_has_a_name);
    tcase_add_test(tests, fail_returns_its_code);
    tcase_add_test(tests, fail_without_a_field);
    tcase_add_loop_test(tests, fail_writes_numbers, 0, (int)COUNT(numbers));
    tcase_add_test(tests, fail_formats);
    tcase_add_test(tests, fail_hides_control_characters);
    tcase_add_test(tests, fail_cuts_what_is_too_long);
    tcase_add_test(tests, dtypes);
    suite_add_tcase(suite, tests);
    return suite;
}
