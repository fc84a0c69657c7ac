/* extent.c: dimensions kept once, and exact products of symbols. */
#include <check.h>
#include <string.h>

#include "actmem.h"

static const int64_t values[AM_SYMBOL_COUNT] = {
    [AM_S] = 2048,   [AM_B] = 1,  [AM_A] = 32,   [AM_K] = 8,     [AM_H] = 4096,   [AM_D] = 128,  [AM_F] = 14336,
    [AM_V] = 128256, [AM_R] = 16, [AM_P] = 2048, [AM_S1] = 2049, [AM_S32] = 2048, [AM_D8] = 128, [AM_TP] = 8,
};

static am_extents extents;

static void setup(void)
{
    am_extents_init(&extents, values);
}

static am_dim dim(int64_t num, int64_t den, am_symbol x, am_symbol y)
{
    am_symbol symbols[] = {x, y, AM_SYMBOL_COUNT};
    return am_dim_of(&extents, num, den, symbols);
}

START_TEST(first_is_one)
{
    ck_assert_int_eq(extents.count, 1);
    ck_assert_int_eq(extents.of[0].n, 1);
    ck_assert_int_eq(dim(1, 1, AM_SYMBOL_COUNT, AM_SYMBOL_COUNT), 0);
    ck_assert_int_eq(dim(7, 7, AM_SYMBOL_COUNT, AM_SYMBOL_COUNT), 0);
}
END_TEST

START_TEST(each_once)
{
    am_dim heads = dim(1, 1, AM_A, AM_D);
    ck_assert_int_eq(extents.of[heads].n, 4096);
    ck_assert_int_eq(dim(1, 1, AM_D, AM_A), heads);
    ck_assert_int_eq(dim(2, 2, AM_A, AM_D), heads);
    ck_assert_int_ne(dim(1, 1, AM_H, AM_SYMBOL_COUNT), heads); /* as long, but another dimension */
    ck_assert_int_eq(am_dim_product(&extents, dim(1, 1, AM_A, AM_SYMBOL_COUNT), dim(1, 1, AM_D, AM_SYMBOL_COUNT)),
                     heads);
    ck_assert_int_eq(am_dim_product(&extents, 0, heads), heads);
    ck_assert_int_eq(am_dim_product(&extents, heads, 0), heads);
}
END_TEST

START_TEST(rational)
{
    am_dim half = dim(1, 2, AM_D, AM_SYMBOL_COUNT);
    ck_assert_int_eq(extents.of[half].n, 64);
    ck_assert_int_eq(extents.of[half].term.den, 2);
    am_dim whole = am_dim_product(&extents, half, dim(2, 1, AM_SYMBOL_COUNT, AM_SYMBOL_COUNT));
    ck_assert_int_eq(extents.of[whole].n, 128);
    ck_assert_int_eq(extents.of[whole].term.num, 1);
    ck_assert_int_eq(extents.of[whole].term.den, 1);
    ck_assert_int_eq(whole, dim(1, 1, AM_D, AM_SYMBOL_COUNT));
}
END_TEST

START_TEST(quotient)
{
    am_dim share = am_dim_quotient(&extents, dim(1, 1, AM_H, AM_SYMBOL_COUNT), AM_TP);
    ck_assert_int_eq(extents.of[share].n, 512);
    ck_assert_int_eq(extents.of[share].term.power[AM_TP], -1);
    am_dim groups = am_dim_quotient(&extents, dim(1, 1, AM_A, AM_SYMBOL_COUNT), AM_K);
    ck_assert_int_eq(extents.of[groups].n, 4);
    ck_assert_int_eq(am_dim_product(&extents, groups, dim(1, 1, AM_K, AM_SYMBOL_COUNT)),
                     dim(1, 1, AM_A, AM_SYMBOL_COUNT));
}
END_TEST

/* A length that is too large stays so, whatever it is divided by; so is one that does not divide evenly. */
START_TEST(no_quotient)
{
    am_dim large = dim(1, 1, AM_V, AM_V);
    for (int i = 0; i < 2; i++) large = am_dim_product(&extents, large, large);
    for (int64_t by = 2; by < 9; by++) {
        extents.value[AM_TP] = by;
        ck_assert_int_gt(extents.of[am_dim_quotient(&extents, large, AM_TP)].n, AM_MAX_BYTES);
    }
    extents.value[AM_TP] = 3;
    ck_assert_int_gt(extents.of[am_dim_quotient(&extents, dim(4, 1, AM_SYMBOL_COUNT, AM_SYMBOL_COUNT), AM_TP)].n, AM_MAX_BYTES);
}
END_TEST

/* Terms beyond 2^53 have no value: their coefficients, and what their symbols divide by. */
START_TEST(no_value)
{
    static const int64_t value[AM_SYMBOL_COUNT] = {[AM_S] = 1 << 30};
    static const am_term terms[] = {
        {1, 1, {[AM_S] = -2}}, {1, 1, {[AM_S] = -3}}, {AM_MAX_BYTES + 1, 1, {0}}, {-1, 1, {0}}, {1, 0, {0}},
    };
    for (size_t i = 0; i < sizeof terms / sizeof *terms; i++) ck_assert_int_eq(am_term_value(&terms[i], value), -1);
    const am_term most = {AM_MAX_BYTES, 1, {0}}, part = {1, 1 << 30, {0}};
    ck_assert_int_eq(am_term_value(&most, value), AM_MAX_BYTES);
    am_term product = am_term_product(&part, &part);
    ck_assert_int_eq(product.den, 0);
    ck_assert_int_eq(am_term_value(&product, value), -1);
}
END_TEST

/* What is too large, or no whole number, has a length above every limit: whatever is made of it is refused. */
START_TEST(no_length)
{
    ck_assert_int_gt(extents.of[dim(AM_MAX_BYTES, 1, AM_S, AM_S)].n, AM_MAX_BYTES);
    ck_assert_int_gt(extents.of[dim(1, 3, AM_S, AM_SYMBOL_COUNT)].n, AM_MAX_BYTES);
    am_dim large = dim(1, 1, AM_V, AM_V);
    for (int i = 0; i < 6; i++) large = am_dim_product(&extents, large, large);
    ck_assert_int_gt(extents.of[large].n, AM_MAX_BYTES);
    ck_assert(!extents.full);
}
END_TEST

START_TEST(full)
{
    for (int i = 2; i <= AM_MAX_EXTENTS; i++) ck_assert_int_ne(dim(i, 1, AM_SYMBOL_COUNT, AM_SYMBOL_COUNT), 0);
    ck_assert_int_eq(extents.count, AM_MAX_EXTENTS);
    ck_assert(!extents.full);
    ck_assert_int_ne(dim(2, 1, AM_SYMBOL_COUNT, AM_SYMBOL_COUNT), 0); /* one of those that are there */
    ck_assert(!extents.full);
    ck_assert_int_eq(dim(1000, 1, AM_SYMBOL_COUNT, AM_SYMBOL_COUNT), 0);
    ck_assert(extents.full);
}
END_TEST

typedef struct value_case {
    am_term term;
    int64_t value;
} value_case;

static const value_case cases[] = {
    {{1, 1, {0}}, 1},
    {{0, 1, {[AM_S] = 1}}, 0},
    {{2, 1, {[AM_S] = 1, [AM_B] = 1, [AM_H] = 1}}, 16777216},
    {{5, 1, {[AM_S] = 2, [AM_A] = 1}}, 671088640},
    {{34, 1, {[AM_S] = 1, [AM_H] = 1, [AM_TP] = -1}}, 35651584},
    {{1, 2, {[AM_D] = 1}}, 64},
    {{3, 2, {[AM_S1] = 1}}, -1},              /* 3073.5 */
    {{1, 1, {[AM_B] = 1, [AM_TP] = -1}}, -1}, /* 1/8 */
    {{8, 1, {[AM_TP] = -1}}, 1},
    {{1, 1, {[AM_S] = 1, [AM_TP] = -3}}, 4},
    {{1, 1, {[AM_S] = 5}}, -1}, /* 2^55 */
    {{4, 1, {[AM_S] = 4, [AM_H] = 1, [AM_TP] = -2}}, (int64_t)1 << 52},
    {{1, 1, {[AM_S] = 4, [AM_H] = 1, [AM_TP] = -1}}, AM_MAX_BYTES}, /* larger than that on the way */
    {{1, 0, {0}}, -1},
    {{-1, 1, {0}}, -1},
    {{AM_MAX_BYTES, 1, {0}}, AM_MAX_BYTES},
    {{AM_MAX_BYTES, 1, {[AM_A] = 1}}, -1},
};

START_TEST(value)
{
    ck_assert_int_eq(am_term_value(&cases[_i].term, values), cases[_i].value);
}
END_TEST

START_TEST(product)
{
    am_term x = {3, 4, {[AM_S] = 1, [AM_TP] = -1}};
    am_term y = {8, 9, {[AM_S] = 1, [AM_TP] = 1}};
    am_term z = am_term_product(&x, &y);
    ck_assert_int_eq(z.num, 2);
    ck_assert_int_eq(z.den, 3);
    ck_assert_int_eq(z.power[AM_S], 2);
    ck_assert_int_eq(z.power[AM_TP], 0);
    am_term large = {AM_MAX_BYTES, 1, {0}};
    am_term none = am_term_product(&large, &large);
    ck_assert_int_eq(none.den, 0);
    ck_assert_int_eq(am_term_value(&none, values), -1);
}
END_TEST

START_TEST(symbols)
{
    for (int i = 0; i < AM_SYMBOL_COUNT; i++) {
        ck_assert_ptr_nonnull(am_symbols[i].text);
        bool known = false;
        for (int j = 0; j < AM_FIELD_COUNT; j++) known = known || strcmp(am_fields[j].key, am_symbols[i].key) == 0;
        ck_assert_msg(known, "%s is set by no input", am_symbols[i].text);
    }
}
END_TEST

Suite *test_extent_suite(void);
Suite *test_extent_suite(void)
{
    Suite *suite = suite_create("extent");
    TCase *tests = tcase_create("extent");
    tcase_add_checked_fixture(tests, setup, NULL);
    tcase_add_test(tests, first_is_one);
    tcase_add_test(tests, each_once);
    tcase_add_test(tests, rational);
    tcase_add_test(tests, quotient);
    tcase_add_test(tests, no_length);
    tcase_add_test(tests, no_quotient);
    tcase_add_test(tests, no_value);
    tcase_add_test(tests, full);
    tcase_add_loop_test(tests, value, 0, sizeof cases / sizeof *cases);
    tcase_add_test(tests, product);
    tcase_add_test(tests, symbols);
    suite_add_tcase(suite, tests);
    return suite;
}
