/* document.c: JSON that is not trusted. */
#include "document.h"

#include "inputs.h"

static am_document document;

static am_code read_json(const char *json)
{
    status = (am_status){0};
    return am_document_read(&document, json, strlen(json), &status);
}

static const char *const fine[] = {
    "{}",
    " \t\r\n{ } \n",
    "{\"a\":1}",
    "{\"a\":{},\"b\":[],\"c\":\"\",\"d\":null,\"e\":true,\"f\":false,\"g\":-1.5e-3}",
    "{\"a\":[1,\"x\",[],{},[[{\"a\":1}]]],\"b\":{\"a\":{\"a\":2}}}",
    "{\"a\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9 {[,:]} \xc3\xa9\"}",
    "\xef\xbb\xbf{\"a\":1}", /* a byte-order mark */
    "{\"a\":{\"x\":1,\"x\":2}}", /* twice, but not where anything is read */
};

START_TEST(is_read)
{
    expect_fine(fine[_i], read_json(fine[_i]));
}
END_TEST

static const struct {
    const char *json, *field, *part;
} broken[] = {
    {"", "", "empty"},
    {" \n", "", "empty"},
    {"[]", "", "other than one object"},
    {"1", "", "other than one object"},
    {"\"a\"", "", "other than one object"},
    {"null", "", "other than one object"},
    {"x", "", "other than one object"},
    {"\xef\xbb\xbf", "", "empty"},
    {"{}\xef\xbb\xbf", "", "other than one object"},
    {"\xef\xbb\xbf\xef\xbb\xbf{}", "", "other than one object"},
    {"{}{}", "", "other than one object"},
    {"{},{}", "", "other than one object"},
    {"{} x", "", "other than one object"},
    {"}", "", "other than one object"},
    {"{", "", "ends before"},
    {"{\"a\":{}", "", "ends before"},
    {"{\"a\":1", "", "ends before"},
    {"{\"a\":", "", "ends before"},
    {"{\"a\"", "", "ends before"},
    {"{\"a", "", "does not end"},
    {"{\"a\\", "", "does not end"},
    {"{\"a\\\"}", "", "does not end"},
    {"{\"a\n\":1}", "", "does not end"},
    {"{1:2}", "", "comma or a colon"},
    {"{true:2}", "", "comma or a colon"},
    {"{[]:2}", "", "comma or a colon"},
    {"{{}:2}", "", "comma or a colon"},
    {"{\"a\":1,}", "", "comma"},
    {"{,}", "", "comma"},
    {"{,\"a\":1}", "", "comma"},
    {"{\"a\":1,,\"b\":2}", "", "comma"},
    {"{\"a\":1 \"b\":2}", "", "comma"},
    {"{\"a\":1 2}", "", "comma"},
    {"{\"a\" 1}", "", "comma or a colon"},
    {"{\"a\"::1}", "", "colon"},
    {"{\"a\":}", "", "colon"},
    {"{:1}", "", "colon"},
    {"{\"a\":1:2}", "", "colon"},
    {"{\"a\":[1,]}", "", "comma"},
    {"{\"a\":[,1]}", "", "comma"},
    {"{\"a\":[1 2]}", "", "comma"},
    {"{\"a\":[\"b\":1]}", "", "no well-formed JSON"},
    {"{\"a\"}", "", "no well-formed JSON"},
    {"{\"a\",\"b\":1}", "", "no well-formed JSON"},
    {"{\"a\":\"b\":1}", "", "no well-formed JSON"},
    {"{1:2}", "", "colon"},
    {"{{}:1}", "", "colon"},
    {"{[]:1}", "", "colon"},
    {"{\"a\":1]", "", "no well-formed JSON"},
    {"{\"a\":[1}}", "", "no well-formed JSON"},
    {"{\"a\":\"\\x\"}", "", "no well-formed JSON"},
    {"{\"a\":\"\\u12g4\"}", "", "no well-formed JSON"},
    {"{\"a\":01}", "a", "config.json has a: 01, which is no value in JSON, at byte "},
    {"{\"a\":1.}", "a", "config.json has a: 1., which is no value in JSON, at byte "},
    {"{\"a\":+1}", "a", "config.json has a: +1, which is no value in JSON, at byte "},
    {"{\"a\":0x10}", "a", "config.json has a: 0x10, which is no value in JSON, at byte "},
    {"{\"a\":nan}", "a", "config.json has a: nan, which is no value in JSON, at byte "},
    {"{\"a\":True}", "a", "config.json has a: True, which is no value in JSON, at byte "},
    {"{\"a\":tru}", "a", "config.json has a: tru, which is no value in JSON, at byte "},
    {"{\"a\":'b'}", "a", "a: 'b', which is no value"},
    {"{a:1}", "", "config.json has a, which is no value"},
    {"{\"a\":1/*x*/}", "a", "a: 1/*x*/, which is no value"},
    {"{\"a\":1\"b\"}", "a", "no value"},
    {"{\"a\":1,\"b\":2,\"a\":1}", "a", "the key a twice"},
    {"{\"a\\u0062\":1}", "a\\u0062", "backslash"},
};

START_TEST(is_refused)
{
    expect_error(broken[_i].json, read_json(broken[_i].json), AM_BAD_CONFIG, broken[_i].field, broken[_i].part);
}
END_TEST

/* Every beginning of a good file is a broken one. */
START_TEST(cut_short)
{
    const char *json = "{\"a\": [1, {\"b\": \"x\\n\"}, null], \"c\": -1.5e+3, \"d\": true}";
    for (size_t length = 0; length < strlen(json); length++)
        ck_assert_int_eq(am_document_read(&document, json, length, &status), AM_BAD_CONFIG);
    expect_fine("whole", read_json(json));
}
END_TEST

/* No byte in any place makes it read outside the text: the sanitizers watch. */
START_TEST(any_byte_anywhere)
{
    const char *json = "{\"a\": [1, {\"b\": \"x\\u00e9\"}, null], \"c\": -1.5e+3}";
    char text[64];
    for (size_t at = 0; at < strlen(json); at++) {
        for (int byte = 0; byte < 256; byte++) {
            strcpy(text, json);
            text[at] = (char)byte;
            am_code code = am_document_read(&document, text, strlen(json), &status);
            ck_assert(code == AM_OK || code == AM_BAD_CONFIG);
            if (byte == 0) ck_assert_int_eq(code, AM_BAD_CONFIG);
        }
    }
}
END_TEST

static char large[AM_JSON_INPUT_SIZE + 2];

/* {"a":[[…]]} of so many levels in all. */
static const char *nested(int depth)
{
    char *at = large;
    memcpy(at, "{\"a\":", 5);
    at += 5;
    for (int i = 1; i < depth; i++) *at++ = '[';
    for (int i = 1; i < depth; i++) *at++ = ']';
    memcpy(at, "}", 2);
    return large;
}

START_TEST(depth)
{
    expect_fine("32", read_json(nested(32)));
    expect_error("33", read_json(nested(33)), AM_BAD_CONFIG, "", "32 deep");
    expect_error("many", read_json(nested(400000)), AM_BAD_CONFIG, "", "32 deep");
}
END_TEST

/* {"a":[0,…]} of so many tokens in all. */
static const char *listed(int count)
{
    char *at = large;
    memcpy(at, "{\"a\":[0", 7);
    at += 7;
    for (int i = 4; i < count; i++) {
        *at++ = ',';
        *at++ = '0';
    }
    memcpy(at, "]}", 3);
    return large;
}

START_TEST(tokens)
{
    expect_fine("4096", read_json(listed(4096)));
    expect_error("4097", read_json(listed(4097)), AM_BAD_CONFIG, "", "more than 4096 values");
    expect_error("many", read_json(listed(400000)), AM_BAD_CONFIG, "", "more than 4096 values");
}
END_TEST

START_TEST(length)
{
    memset(large, ' ', sizeof large);
    memcpy(large, "{}", 2);
    status = (am_status){0};
    expect_fine("longest", am_document_read(&document, large, AM_JSON_INPUT_SIZE, &status));
    expect_error("longer", am_document_read(&document, large, AM_JSON_INPUT_SIZE + 1, &status), AM_BAD_CONFIG, "",
                 "larger than 1 MiB");
}
END_TEST

START_TEST(values)
{
    int64_t number = 0;
    char text[4];
    const char *json =
        "{\"n\":12,\"r\":0.5,\"t\":true,\"f\":false,\"s\":\"abcdef\",\"z\":null,\"l\":[\"x\",\"x\"],\"m\":[\"x\",{"
        "\"n\":1}],\"e\":[],\"o\":{\"hidden\":3}}";
    expect_fine("", read_json(json));
    expect_fine("n", am_document_integer(&document, am_document_find(&document, "n"), "n", &number, &status));
    ck_assert_int_eq(number, 12);
    expect_fine("r", am_document_ratio(&document, am_document_find(&document, "r"), "r", &number, &status));
    ck_assert_int_eq(number, 500000);
    expect_fine("t", am_document_flag(&document, am_document_find(&document, "t"), "t", &number, &status));
    ck_assert_int_eq(number, 1);
    expect_fine("f", am_document_flag(&document, am_document_find(&document, "f"), "f", &number, &status));
    ck_assert_int_eq(number, 0);
    char quote[8];
    ck_assert_str_eq(am_document_quote(&document, am_document_find(&document, "n"), quote, sizeof quote), "12");
    ck_assert_str_eq(am_document_quote(&document, am_document_find(&document, "s"), quote, sizeof quote), "\"abc…");
    ck_assert_int_eq(am_document_member(&document, am_document_find(&document, "n"), "x"), 0);
    ck_assert_int_eq(am_document_member(&document, am_document_find(&document, "l"), "x"), 0);
    expect_fine("s", am_document_text(&document, am_document_find(&document, "s"), "s", text, sizeof text, &status));
    ck_assert_str_eq(text, "abc");
    expect_fine("s", am_document_name(&document, "s", text, sizeof text, &status));
    ck_assert_str_eq(text, "abc");
    static const char *const unnamed[] = {"z", "x"}; /* null, and not given */
    for (size_t i = 0; i < COUNT(unnamed); i++) {
        expect_fine(unnamed[i], am_document_name(&document, unnamed[i], text, sizeof text, &status));
        ck_assert_str_eq(text, "");
    }
    expect_error("n", am_document_name(&document, "n", text, sizeof text, &status), AM_BAD_CONFIG, "n", "a text");
    status = (am_status){0};
    ck_assert(am_document_is_null(&document, am_document_find(&document, "z")));
    ck_assert(!am_document_is_null(&document, am_document_find(&document, "n")));
    ck_assert(am_document_is_list_of(&document, am_document_find(&document, "l"), "x"));
    ck_assert(am_document_is_list_of(&document, am_document_find(&document, "e"), "x"));
    ck_assert(!am_document_is_list_of(&document, am_document_find(&document, "m"), "x"));
    ck_assert(!am_document_is_list_of(&document, am_document_find(&document, "s"), "x"));
    ck_assert_int_eq(am_document_find(&document, "hidden"), 0); /* of an object within */
    ck_assert_int_eq(am_document_find(&document, "x"), 0);
}
END_TEST

/* Every how-manieth value of a list is the marked one. */
START_TEST(periods)
{
    static const struct {
        const char *list;
        int64_t period;
    } table[] = {{"[0,1,0,1]", 2}, {"[0,0,1,0]", 3}, {"[1,1]", 1},       {"[0,0]", 3},     {"[]", 1},
                 {"[0,1,1]", 0},   {"[1,0]", 0},     {"[0,1,0,2]", 0},   {"[[0],1]", 0},   {"1", 0},
                 {"{\"1\":1}", 0}, {"[0,1,0]", 2},   {"[0,1,0,0]", 0}};
    for (size_t i = 0; i < COUNT(table); i++) {
        char text[64] = "{\"a\":";
        expect_fine(table[i].list, read_json(strcat(strcat(text, table[i].list), "}")));
        ck_assert_int_eq(am_document_period(&document, am_document_find(&document, "a"), "1", "0", false), table[i].period);
    }
}
END_TEST

/* The same, the first of so many. */
START_TEST(periods_from_first)
{
    static const struct {
        const char *list;
        int64_t period;
    } table[] = {{"[1,0,1,0]", 2}, {"[1,0,0,1]", 3}, {"[1,1]", 1}, {"[1,0,0]", 3}, {"[1]", 1}, {"[]", 0}, {"[0,1]", 0}, {"[0,0]", 0},
                 {"[1,0,0,1,1]", 0}, {"[1,0,1,2]", 0}, {"[1,0,1,0,0]", 0}, {"1", 0}};
    for (size_t i = 0; i < COUNT(table); i++) {
        char text[64] = "{\"a\":";
        expect_fine(table[i].list, read_json(strcat(strcat(text, table[i].list), "}")));
        ck_assert_int_eq(am_document_period(&document, am_document_find(&document, "a"), "1", "0", true), table[i].period);
    }
}
END_TEST

/* How many of the first value come before all of the other. */
START_TEST(firsts)
{
    static const struct {
        const char *list;
        int64_t count;
    } table[] = {{"[0,0,1]", 2}, {"[1,1]", 0}, {"[0,0]", 2}, {"[]", 0}, {"[0,1,0]", -1}, {"[0,2]", -1}, {"[[0],1]", -1}, {"1", -1}, {"{\"0\":0}", -1}};
    for (size_t i = 0; i < COUNT(table); i++) {
        for (int last = 0; last < 2; last++) {
            char text[64] = "{\"a\":";
            strcat(strcat(text, table[i].list), last ? "}" : ",\"b\":0}");
            expect_fine(table[i].list, read_json(text));
            ck_assert_int_eq(am_document_first(&document, am_document_find(&document, "a"), "0", "1"), table[i].count);
        }
    }
}
END_TEST

/* An object within takes the place of the document; its own keys are looked at. */
START_TEST(within)
{
    int64_t number = 0;
    expect_fine("", read_json("{\"a\":1,\"o\":{\"b\":2,\"p\":{\"a\":3}},\"t\":{\"c\":1,\"c\":2}}"));
    am_document whole = document;
    expect_fine("o", am_document_enter(&document, am_document_find(&document, "o"), "o", &status));
    expect_fine("b", am_document_integer(&document, am_document_find(&document, "b"), "b", &number, &status));
    ck_assert_int_eq(number, 2);
    ck_assert_int_eq(am_document_find(&document, "a"), 0);
    document = whole;
    expect_error("t", am_document_enter(&document, am_document_find(&document, "t"), "t", &status), AM_BAD_CONFIG, "c",
                 "twice");
    document = whole;
    expect_error("a", am_document_enter(&document, am_document_find(&document, "a"), "a", &status), AM_BAD_CONFIG, "a",
                 "an object");
}
END_TEST

START_TEST(values_of_another_kind)
{
    int64_t number;
    char text[8];
    static const char *const kinds[] = {"12", "0.5", "true", "\"12\"", "\"true\"", "null", "[]", "{}", "[12]"};
    for (size_t i = 0; i < COUNT(kinds); i++) {
        char json[32] = "{\"a\":";
        strcat(strcat(json, kinds[i]), "}");
        expect_fine(json, read_json(json));
        am_json_value value = am_document_find(&document, "a");
        bool whole = i == 0, ratio = i <= 1, flag = i == 2, string = i == 3 || i == 4;
        ck_assert_int_eq(am_document_integer(&document, value, "a", &number, &status) == AM_OK, whole);
        ck_assert_int_eq(am_document_ratio(&document, value, "a", &number, &status) == AM_OK, ratio);
        ck_assert_int_eq(am_document_flag(&document, value, "a", &number, &status) == AM_OK, flag);
        ck_assert_int_eq(am_document_text(&document, value, "a", text, sizeof text, &status) == AM_OK, string);
        if (!string) expect_error(json, status.code, AM_BAD_CONFIG, "a", "a must be a text in config.json");
    }
}
END_TEST

Suite *test_document_suite(void)
{
    Suite *suite = suite_create("document");
    TCase *tests = tcase_create("document");
    tcase_add_loop_test(tests, is_read, 0, (int)COUNT(fine));
    tcase_add_loop_test(tests, is_refused, 0, (int)COUNT(broken));
    tcase_add_test(tests, cut_short);
    tcase_add_test(tests, any_byte_anywhere);
    tcase_add_test(tests, depth);
    tcase_add_test(tests, tokens);
    tcase_add_test(tests, length);
    tcase_add_test(tests, values);
    tcase_add_test(tests, periods);
    tcase_add_test(tests, periods_from_first);
    tcase_add_test(tests, firsts);
    tcase_add_test(tests, within);
    tcase_add_test(tests, values_of_another_kind);
    suite_add_tcase(suite, tests);
    return suite;
}
