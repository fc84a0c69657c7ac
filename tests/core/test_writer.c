/* writer.c: numbers, JSON strings, commas, and what happens where the room ends. */
#include "writer.h"

#include <check.h>
#include <inttypes.h>
#include <stdio.h>

static char text[4096];
static am_writer writer;

static void setup(void)
{
    writer = am_writer_of(text, sizeof text);
}

static void expect(const char *expected)
{
    ck_assert_uint_eq(am_writer_end(&writer), strlen(expected));
    ck_assert_str_eq(text, expected);
    setup();
}

/* Expects an array of one value, begun here by setup_json. */
static void expect_json(const char *expected)
{
    size_t length = strlen(expected);
    ck_assert_uint_eq(am_json_end(&writer, ']'), length + 2);
    ck_assert_int_eq(text[0], '[');
    ck_assert_int_eq(text[length + 1], ']');
    text[length + 1] = '\0';
    ck_assert_str_eq(text + 1, expected);
    setup();
    am_json_open(&writer, '[');
}

static const int64_t numbers[] = {0,
                                  1,
                                  9,
                                  10,
                                  11,
                                  99,
                                  100,
                                  101,
                                  999,
                                  1000,
                                  9999,
                                  10000,
                                  99999999,
                                  100000000,
                                  100000001,
                                  123456789,
                                  1 << 30,
                                  INT32_MAX,
                                  4294967296,
                                  9999999999999999,
                                  10000000000000000,
                                  AM_MAX_BYTES,
                                  INT64_MAX,
                                  -1,
                                  -10,
                                  -99,
                                  -100000000,
                                  INT64_MIN};

START_TEST(integer)
{
    char expected[32];
    snprintf(expected, sizeof expected, "%" PRId64, numbers[_i]);
    am_write_int(&writer, numbers[_i]);
    expect(expected);
}
END_TEST

START_TEST(integers_near_powers)
{
    for (int64_t power = 1; power < AM_MAX_BYTES; power *= 10) {
        for (int64_t near = -1; near <= 1; near++) {
            char expected[32];
            snprintf(expected, sizeof expected, "%" PRId64, power + near);
            am_write_int(&writer, power + near);
            expect(expected);
        }
    }
}
END_TEST

START_TEST(thousands)
{
    static const struct {
        int64_t value;
        const char *text;
    } cases[] = {
        {0, "0"},
        {999, "999"},
        {1000, "1,000"},
        {12345, "12,345"},
        {123456, "123,456"},
        {14281106188, "14,281,106,188"},
        {-1000, "-1,000"},
        {INT64_MIN, "-9,223,372,036,854,775,808"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        am_write_thousands(&writer, cases[i].value);
        expect(cases[i].text);
    }
}
END_TEST

START_TEST(ratio)
{
    static const struct {
        int64_t num, den;
        int decimals;
        bool trim;
        const char *text;
    } cases[] = {
        {1, 2, 0, false, "1"},
        {1, 3, 0, false, "0"},
        {1, 3, 3, false, "0.333"},
        {2, 3, 3, false, "0.667"},
        {1, 2, 3, true, "0.5"},
        {1, 2, 3, false, "0.500"},
        {3, 1, 4, true, "3"},
        {3, 1, 2, false, "3.00"},
        {9996, 10000, 3, false, "1.000"},
        {9996, 10000, 3, true, "1"},
        {1, 1000, 3, true, "0.001"},
        {1, 10000, 3, true, "0"},
        {0, 5, 2, false, "0.00"},
        {100000, 1000000, 6, true, "0.1"},
        {1083, 4000, 4, true, "0.2708"},
        {AM_MAX_BYTES, 3, 4, true, "3002399751580330.6667"},
        {1, AM_MAX_BYTES, 6, true, "0"},
        {AM_MAX_BYTES - 1, AM_MAX_BYTES, 8, true, "1"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        am_write_ratio(&writer, cases[i].num, cases[i].den, cases[i].decimals, cases[i].trim);
        expect(cases[i].text);
    }
}
END_TEST

START_TEST(decimals)
{
    static const struct {
        uint32_t part;
        int decimals;
        bool trim;
        const char *text;
    } cases[] = {
        {0, 3, true, ""},
        {0, 3, false, ".000"},
        {7, 6, true, ".000007"},
        {120, 6, true, ".00012"},
        {120, 6, false, ".000120"},
        {999999, 6, true, ".999999"},
        {99999999, 8, false, ".99999999"},
        {5, 1, true, ".5"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        am_write_decimals(&writer, cases[i].part, cases[i].decimals, cases[i].trim);
        expect(cases[i].text);
    }
}
END_TEST

/* However much room there is behind it. */
START_TEST(arrays)
{
    static const struct {
        int count;
        int64_t value[4];
        const char *json;
    } cases[] = {
        {0, {0}, "[]"},
        {1, {0}, "[0]"},
        {3, {9, 10, -1}, "[9,10,-1]"},
        {4, {INT64_MAX, INT64_MIN, AM_MAX_BYTES, 99999999}, "[9223372036854775807,-9223372036854775808,9007199254740992,99999999]"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (size_t more = 2; more < 100; more++) { /* its comma, and the final 0 */
            writer = am_writer_of(text, strlen(cases[i].json) + more);
            am_json_ints(&writer, cases[i].count, cases[i].value);
            ck_assert(!writer.full);
            writer.length--;
            expect(cases[i].json);
        }
    writer = am_writer_of(text, 5);
    am_json_ints(&writer, 3, cases[2].value);
    ck_assert_uint_eq(am_writer_end(&writer), 0);
}
END_TEST

START_TEST(string)
{
    static const struct {
        const char *plain, *json;
    } cases[] = {
        {"", "\"\""},
        {"plain", "\"plain\""},
        {"a\"b\\c", "\"a\\\"b\\\\c\""},
        {"line\nfeed\ttab\rreturn", "\"line\\nfeed\\ttab\\rreturn\""},
        {"\x01\x1f\x7f", "\"\\u0001\\u001f\x7f\""},
        {"2·s·b·h, ⌈s/32⌉ and 𝄞", "\"2·s·b·h, ⌈s/32⌉ and 𝄞\""},
        {"cut \xe2\x8c", "\"cut \xef\xbf\xbd\xef\xbf\xbd\""},                         /* the first two bytes of ⌈ */
        {"\xff\xc0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},                 /* never UTF-8; an overlong 0 */
        {"\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},                 /* a surrogate */
        {"\xf4\x90\x80\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""}, /* above U+10FFFF */
        {"\xe0\x9f\xbf", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},                 /* overlong: U+07FF in three bytes */
        {"\xf0\x8f\xbf\xbf", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""}, /* U+FFFF in four */
        {"\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80", "\"\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\""}, /* their neighbours */
        {"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf", "\"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\""},
        {"\xc3(", "\"\xef\xbf\xbd(\""},
    };
    am_json_open(&writer, '[');
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        am_json_string(&writer, cases[i].plain);
        expect_json(cases[i].json);
    }
    am_json_joined(&writer, "self_attn.q_proj", ".lora_A");
    expect_json("\"self_attn.q_proj.lora_A\"");
    am_json_joined(&writer, "self_attn.q_proj", "");
    expect_json("\"self_attn.q_proj\"");
    am_json_plain(&writer, "2·s·b·h");
    expect_json("\"2·s·b·h\"");
}
END_TEST

START_TEST(commas)
{
    am_json_open(&writer, '[');
    am_json_open(&writer, '{');
    AM_PUT_INT(&writer, "a", 1);
    AM_OPEN(&writer, "b", "[");
    am_json_close(&writer, ']');
    AM_OPEN(&writer, "c", "[");
    am_json_int(&writer, -2);
    am_json_bool(&writer, true);
    am_json_open(&writer, '{');
    AM_PUT_TEXT(&writer, "d", "e,");
    AM_PUT_BOOL(&writer, "f", false);
    am_json_close(&writer, '}');
    am_json_null(&writer);
    am_json_quote(&writer);
    AM_WRITE(&writer, "g");
    am_json_unquote(&writer);
    am_json_number(&writer, "0.5");
    am_json_close(&writer, ']');
    AM_PUT_FIGURE(&writer, "h", -1);
    AM_PUT_FIGURE(&writer, "i", 0);
    AM_PUT_RATIO(&writer, "j", 1, 3);
    AM_PUT_RATIO(&writer, "k", 1, 0);
    AM_PUT_RATIO(&writer, "l", -1, 2);
    AM_PUT_PLAIN(&writer, "m", "");
    am_json_close(&writer, '}');
    expect_json("{\"a\":1,\"b\":[],\"c\":[-2,true,{\"d\":\"e,\",\"f\":false},null,\"g\",0.5],"
                "\"h\":null,\"i\":0,\"j\":0.3333,\"k\":null,\"l\":null,\"m\":\"\"}");
}
END_TEST

/* Nothing is written past the room, and what came too late does not slip in behind what did not fit. */
START_TEST(full)
{
    for (size_t size = 0; size < 12; size++) {
        memset(text, '#', sizeof text);
        am_writer small = am_writer_of(text, size);
        AM_WRITE(&small, "123");
        AM_WRITE(&small, "4567890");
        AM_WRITE(&small, "x");
        bool fits = size > 11;
        ck_assert_uint_eq(am_writer_end(&small), fits ? 11 : 0);
        for (size_t i = size; i < 16; i++) ck_assert_int_eq(text[i], '#');
        if (size >= 4 && size < 11) ck_assert_int_eq(text[3], '#');
    }
    am_writer none = am_writer_of(NULL, 0);
    am_write_int(&none, 5);
    ck_assert_uint_eq(am_writer_end(&none), 0);
}
END_TEST

START_TEST(exact_room)
{
    am_writer json = am_writer_of(text, 8);
    am_json_open(&json, '{');
    AM_PUT_INT(&json, "a", 1);
    ck_assert_uint_eq(am_json_end(&json, '}'), 7);
    ck_assert_str_eq(text, "{\"a\":1}");
    am_writer small = am_writer_of(text, 6);
    AM_WRITE(&small, "12345");
    ck_assert_uint_eq(am_writer_end(&small), 5);
    ck_assert_str_eq(text, "12345");
}
END_TEST

Suite *test_writer_suite(void);
Suite *test_writer_suite(void)
{
    Suite *suite = suite_create("writer");
    TCase *tests = tcase_create("writer");
    tcase_add_checked_fixture(tests, setup, NULL);
    tcase_add_loop_test(tests, integer, 0, sizeof numbers / sizeof *numbers);
    tcase_add_test(tests, integers_near_powers);
    tcase_add_test(tests, thousands);
    tcase_add_test(tests, ratio);
    tcase_add_test(tests, decimals);
    tcase_add_test(tests, arrays);
    tcase_add_test(tests, string);
    tcase_add_test(tests, commas);
    tcase_add_test(tests, full);
    tcase_add_test(tests, exact_room);
    suite_add_tcase(suite, tests);
    return suite;
}
