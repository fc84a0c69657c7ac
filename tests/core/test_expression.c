/* expression.c: arithmetic on formulas as they are written. */
#include "expression.h"

#include <check.h>

static am_values values(void)
{
    am_values of = {.layer = {{100, 0, 7}, 2}};
    for (int i = 0; i < 128; i++) of.of[i] = -1;
    of.of['s'] = 10;
    of.of['b'] = 2;
    of.of['h'] = 6;
    of.of['f'] = 16;
    of.of['k'] = 3;
    of.of['v'] = 50;
    of.of['L'] = 2;
    of.of['t'] = 4;
    of.of['E'] = 0;
    return of;
}

static const struct {
    const char *text;
    int64_t total;
} rows[] = {
    {"1", 1},
    {"s·b·h", 120},
    {"2·s·b + 3", 43},
    {"2·(s + b)·h", 144},
    {"10 - 4 - 3", 3},
    {"24/t/2", 3},
    {"s·(10 + 24/t)", 160},
    {"1.05·s", 10}, /* rounded down */
    {"8.5·b", 17},
    {"s·h/t + s·h/t", 30},
    {"7/2 + 1/2", 4},
    {"s²", 100},
    {"5·h²", 180},
    {"s·b·h·(18 + 4·f/h)", 120 * 18 + 20 * 4 * 16},
    {"E·s² + (1 - E)·s", 10},
    {"√4·s", 20},
    {"s·(√L + 1)", 24}, /* 24.14213 */
    {"max(3·s, 7·b)", 30},
    {"max(s, max(s², 5))", 100},
    {"max(1/2, 1/3)", 0},
    {"ℓ·b", 107},
    {"L·ℓ + v", 157},
    {"9007199254740992", 9007199254740992},
    {"9007199254740993", -1},
    {"s/(5 - 5)", -1},
    {"5/f", -1},
    {"5/s", 0},
    {"1.5s", -1},
    {"√h²·s", 60},
    {"√s²", -1}, /* of the scores, and no plain number */
    {"2²", -1},
    {"4294967296·4294967296", -1},
    {"s/2.5", 4},
    {"(s² + 1)·(s² + 1)", -1}, /* neither is a plain number */
    {"(1/4294967311 + 1)·(1/4294967357 + 1)", -1}, /* the denominator is above 2^63 */
    {"(3037000500·3037000499 + 1) + (3037000500·3037000499 + 1)", -1},
    {"∑s", -1}, /* begins as √ does, and */
    {"max s", -1}, /* as max( */
    {"3 - 5", -1},
    {"1/E", -1},
    {"", -1},
    {"s +", -1},
    {"(s", -1},
    {"s)", -1},
    {"s·x", -1}, /* a letter that stands for nothing */
    {"f·k", -1}, /* a term of two kinds */
    {"√f", -1},
    {"max(s)", -1},
    {"max(s, 5", -1},
    {"max(1/E, 5)", -1},
    {"max(5, 1/E)", -1},
    {"s·(1/E)", -1},
    {"(1/E)·s", -1},
    {"1/4294967296/4294967296", -1},
    {"1/(h + f)", -1}, /* a sum of two kinds */
    {"9223372036854775807 + 1", -1},
    {"9223372036854775807 + f", -1},
    {"9223372036854775807/2 + 1/3", -1}, /* no room for it in sixths */
    {"max(9223372036854775807 + f, 1)", 1}, /* what has no total is no larger */
    {"√(1/3)", -1},
    {"√(1 - 2)", -1},
    {"√1000 - √1000", 0},
    {"√1001", -1}, /* more layers than there are */
    {"10:", -1},
    {"s·5:", -1},
    {"s·_", -1},
    {"s·[", -1},
    {"s·~", -1},
    {"s·s~", -1},
    {"s·é", -1},
    {"é", -1},
};

START_TEST(totals)
{
    am_values of = values();
    am_amount amount = am_expression_value(rows[_i].text, &of);
    ck_assert_msg(am_amount_total(&amount) == rows[_i].total, "%s: %lld", rows[_i].text,
                  (long long)am_amount_total(&amount));
}
END_TEST

/* A square that 64 bits have no room for is no answer, as one above 2^53 is none. */
START_TEST(square)
{
    static const struct {
        int64_t side, total;
    } table[] = {{94906265, 94906265LL * 94906265}, {94906266, -1}, {3037000499, -1}, {3037000500, -1}, {INT64_MAX, -1}};
    am_values of = values();
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        of.of['h'] = table[i].side;
        am_amount alone = am_expression_value("h²", &of), factor = am_expression_value("1·h²", &of);
        ck_assert_int_eq(am_amount_total(&alone), table[i].total);
        ck_assert_int_eq(am_amount_total(&factor), table[i].total);
    }
}
END_TEST

START_TEST(parts)
{
    am_values of = values();
    int64_t part[AM_SHARE_COUNT];
    am_amount amount = am_expression_value("(h + 2·k)·s/t + 8.5·f + 3·b·s² + v + ℓ", &of);
    ck_assert_int_eq(am_amount_parts(&amount, part), am_amount_total(&amount));
    ck_assert_int_eq(part[AM_SHARE_KV], 15);
    ck_assert_int_eq(part[AM_SHARE_FFN], 136 + 3); /* 139.5, rounded down */
    ck_assert_int_eq(part[AM_SHARE_SCORES], 600);
    ck_assert_int_eq(part[AM_SHARE_VOCAB], 50);
    ck_assert_int_eq(part[AM_SHARE_HIDDEN], 65); /* 15 + 50 and what the rounding left */
    ck_assert_int_eq(am_amount_total(&amount), 869);
    amount = am_expression_value("1/E", &of);
    ck_assert_int_eq(am_amount_parts(&amount, part), -1);
}
END_TEST

Suite *test_expression_suite(void);
Suite *test_expression_suite(void)
{
    Suite *suite = suite_create("expression");
    TCase *tests = tcase_create("expression");
    tcase_add_loop_test(tests, totals, 0, sizeof rows / sizeof *rows);
    tcase_add_test(tests, square);
    tcase_add_test(tests, parts);
    suite_add_tcase(suite, tests);
    return suite;
}
