/* input.c: numbers, near names and choices. */
#include "input.h"

#include "inputs.h"

static const struct {
    const char *text;
    bool read;
    int64_t value;
} integers[] = {
    {"0", true, 0},
    {"1", true, 1},
    {"007", true, 7},
    {"8192", true, 8192},
    {"9223372036854775806", true, INT64_MAX - 1},
    {"9223372036854775807", true, INT64_MAX},
    {"9223372036854775808", true, INT64_MAX},
    {"99999999999999999999999999999999999999", true, INT64_MAX},
    {"", false, 0},
    {"-1", false, 0},
    {"+1", false, 0},
    {" 1", false, 0},
    {"1 ", false, 0},
    {"1.0", false, 0},
    {"1e3", false, 0},
    {"0x10", false, 0},
    {"1_000", false, 0},
    {"99999999999999999999999999999999999999x", false, 0},
};

START_TEST(integer)
{
    int64_t value = -5;
    bool read = am_read_integer(integers[_i].text, strlen(integers[_i].text), &value);
    ck_assert_int_eq(read, integers[_i].read);
    if (read) ck_assert_int_eq(value, integers[_i].value);
}
END_TEST

START_TEST(integer_ends_at_its_length)
{
    int64_t value;
    ck_assert(am_read_integer("123x", 3, &value));
    ck_assert_int_eq(value, 123);
}
END_TEST

START_TEST(thousands)
{
    static const struct {
        const char *text;
        bool read;
        int64_t value;
    } table[] = {{"8192", true, 8192}, {"8k", true, 8192}, {"8K", true, 8192}, {"0k", true, 0}, {"9007199254740992k", true, INT64_MAX},
                 {"99999999999999999999k", true, INT64_MAX}, {"k", false, 0}, {"", false, 0}, {"8kk", false, 0}, {"8k ", false, 0}, {"-8k", false, 0}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        int64_t value;
        ck_assert_msg(am_read_thousands(table[i].text, strlen(table[i].text), &value) == table[i].read, "%s", table[i].text);
        if (table[i].read) ck_assert_int_eq(value, table[i].value);
    }
}
END_TEST

/* JSON's numbers that are whole, however they are written. */
START_TEST(whole)
{
    static const struct {
        const char *text;
        int64_t value; /* -1: it is none */
    } table[] = {
        {"4096", 4096},   {"4096.0", 4096}, {"4.096e3", 4096}, {"4.096E+3", 4096}, {"40960e-1", 4096}, {"0", 0},          {"0.0", 0},
        {"0e7", 0},       {"1e400", INT64_MAX}, {"4096.5", -1},   {"4.0961e3", -1},   {"4096e-1", -1},    {"-1", -1},        {"-0", -1},
        {"01", -1},       {"4k", -1},       {"", -1},          {"1e", -1},         {"9223372036854775808", INT64_MAX},
    };
    for (size_t i = 0; i < COUNT(table); i++) {
        int64_t value = -1;
        bool read = am_read_whole(table[i].text, strlen(table[i].text), &value);
        ck_assert_msg(read == (table[i].value >= 0), "%s", table[i].text);
        if (read) ck_assert_msg(value == table[i].value || table[i].value > INT64_MAX / 2, "%s: %lld", table[i].text, (long long)value);
    }
}
END_TEST

static const struct {
    const char *text;
    bool read;
    int64_t value;
} ratios[] = {
    {"0", true, 0},
    {"0.0", true, 0},
    {"-0.0", true, 0},
    {"0e5", true, 0},
    {"0.1", true, 100000},
    {"0.05", true, 50000},
    {"1", true, 1000000},
    {"1e-06", true, 1},
    {"1E-6", true, 1},
    {"1e-05", true, 10},
    {"5e-2", true, 50000},
    {"0.5E+0", true, 500000},
    {"2.5e1", true, 25000000},
    {"0.123456", true, 123456},
    {"0.1234564", true, 123456},
    {"0.1234565", true, 123457},
    {"0.10000000149011612", true, 100000}, /* 0.1 in fp32 */
    {"0.100000000000000005551115123125782702118158340454101562", true, 100000},
    {"0.9999994", true, 999999},
    /* not to 0 and not to 1 */
    {"1e-07", true, 1},
    {"1e-999999999999", true, 1},
    {"0.0000000000000000000000000000000000000000001", true, 1},
    {"0.9999999", true, 999999},
    {"0.99999999999999999999999999999999", true, 999999},
    {"9999999e-7", true, 999999},
    {"1.0000000", true, 1000000},
    {"1.0000001", true, 1000000},
    {"-1e-9", true, -1},
    {"-0.1", true, -1},
    {"-5", true, -1},
    {"1e300", true, INT64_MAX},
    {"1e999999999999999999999", true, INT64_MAX},
    {"0e999999999999999999999", true, 0},
    {"123456789012345678901234567890", true, INT64_MAX},
    {"", false, 0},
    {"-", false, 0},
    {".1", false, 0},
    {"1.", false, 0},
    {"00", false, 0},
    {"01.5", false, 0},
    {"+1", false, 0},
    {"1e", false, 0},
    {"1e+", false, 0},
    {"0.1.2", false, 0},
    {"0,1", false, 0},
    {"10%", false, 0},
    {"nan", false, 0},
    {"Infinity", false, 0},
    {"0x1p-3", false, 0},
};

START_TEST(ratio)
{
    int64_t value = -5;
    bool read = am_read_millionths(ratios[_i].text, strlen(ratios[_i].text), &value);
    ck_assert_int_eq(read, ratios[_i].read);
    if (read) ck_assert_int_eq(value, ratios[_i].value);
}
END_TEST

static const struct {
    const char *text;
    bool read;
    int64_t value;
} sizes[] = {
    {"4096", true, 4096},
    {"0", true, 0},
    {"80GiB", true, 85899345920},
    {"80gib", true, 85899345920},
    {"24GB", true, 24000000000},
    {"1.5GiB", true, 1610612736},
    {"0.1KiB", true, 102}, /* rounded down */
    {"512MiB", true, 536870912},
    {"3B", true, 3},
    {"9000000TiB", true, INT64_MAX},
    {"8191.9999999999999TiB", true, 8191999LL * (1LL << 40) / 1000}, /* digits that 64 bits have no room for are dropped */
    {"8388607.123456789TiB", true, 8388607LL << 40},
    {"", false, 0},
    {"GiB", false, 0},
    {"-1GiB", false, 0},
    {"1.GiB", false, 0},
    {"1 GiB", false, 0},
    {"1GiBs", false, 0},
    {"1gibi", false, 0},
    {"9223372036854775807TiB", true, INT64_MAX}, /* no more than that */
    {"99999999999999999.5TiB", true, INT64_MAX},
    {"1Gi", false, 0},
    {"1e9", false, 0},
};

START_TEST(bytes)
{
    int64_t value = 0;
    bool read = am_read_bytes(sizes[_i].text, strlen(sizes[_i].text), &value);
    ck_assert_msg(read == sizes[_i].read, "%s", sizes[_i].text);
    if (read) ck_assert_int_eq(value, sizes[_i].value);
}
END_TEST

START_TEST(distance_prefers)
{
    static const struct {
        const char *written, *near, *far;
    } cases[] = {
        {"seqlen", "seq", "sp"},
        {"sequence_length", "seq", "sliding_window"},
        {"batch_size", "batch", "bias"},
        {"hidden_size", "hidden", "heads"},
        {"n_layers", "layers", "lora_rank"},
        {"num_heads", "heads", "head_dim"},
        {"modle", "model", "mlp_bias"},
        {"attn", "attention", "tp"},
        {"DTYPE", "dtype", "tp"},
        {"vocab_size", "vocab", "activation"},
        {"see~q", "seq", "tp"},
        {"h{idden", "hidden", "heads"},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        ck_assert_msg(am_name_distance(cases[i].written, cases[i].near) <
                          am_name_distance(cases[i].written, cases[i].far),
                      "%s", cases[i].written);
}
END_TEST

START_TEST(distance_of_long_words)
{
    char word[AM_TEXT_SIZE];
    memset(word, 'q', sizeof word - 1);
    word[sizeof word - 1] = '\0';
    ck_assert_int_gt(am_name_distance(word, "seq"), 0);
    ck_assert_int_gt(am_name_distance("seq", word), 0);
    ck_assert_int_lt(am_name_distance("seq", "seq"), 0);
}
END_TEST

START_TEST(choices)
{
    char text[8];
    ck_assert_int_eq(am_choice_count("a"), 1);
    ck_assert_int_eq(am_choice_count("a|bc|d"), 3);
    ck_assert_int_eq(am_choice_index("a|bc|d", "bc"), 1);
    ck_assert_int_eq(am_choice_index("a|bc|d", "d"), 2);
    ck_assert_int_eq(am_choice_index("a|bc|d", "b"), -1);
    ck_assert_int_eq(am_choice_index("a|bc|d", "a|bc"), -1);
    ck_assert_int_eq(am_choice_index("a|bc|d", ""), -1);
    ck_assert_int_eq(am_choice_of("a|bc|d", "bc,d", 2), 1);
    ck_assert_int_eq(am_choice_of("a|bc|d", "bc,d", 4), -1);
    ck_assert_str_eq(am_choice_text("a|bc|d", 0, text, sizeof text), "a");
    ck_assert_str_eq(am_choice_text("a|bc|d", 1, text, sizeof text), "bc");
    ck_assert_str_eq(am_choice_text("a|bc|d", 2, text, sizeof text), "d");
    ck_assert_str_eq(am_choice_text("a|bc|d", 3, text, sizeof text), "");
    ck_assert_str_eq(am_choice_text("a|bc|d", 1, text, 2), "b");
}
END_TEST

START_TEST(copied_text)
{
    char text[4] = "xyz";
    am_copy_text(text, 0, "abc", 3);
    ck_assert_str_eq(text, "xyz");
    am_copy_text(text, sizeof text, "abcdef", 6);
    ck_assert_str_eq(text, "abc");
    am_copy_text(text, sizeof text, "abcdef", 1);
    ck_assert_str_eq(text, "a");
}
END_TEST

Suite *test_input_suite(void)
{
    Suite *suite = suite_create("input");
    TCase *tests = tcase_create("input");
    tcase_add_loop_test(tests, integer, 0, (int)COUNT(integers));
    tcase_add_test(tests, integer_ends_at_its_length);
    tcase_add_test(tests, thousands);
    tcase_add_test(tests, whole);
    tcase_add_loop_test(tests, ratio, 0, (int)COUNT(ratios));
    tcase_add_loop_test(tests, bytes, 0, (int)COUNT(sizes));
    tcase_add_test(tests, distance_prefers);
    tcase_add_test(tests, distance_of_long_words);
    tcase_add_test(tests, choices);
    tcase_add_test(tests, copied_text);
    suite_add_tcase(suite, tests);
    return suite;
}
