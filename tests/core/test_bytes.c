/* bytes.h: products and sums that know when they are too large. */
#include "bytes.h"

#include <check.h>

typedef struct bytes_case {
    int64_t x, y, product, sum;
} bytes_case;

static const bytes_case cases[] = {
    {0, 0, 0, 0},
    {0, INT64_MAX, 0, -1},
    {INT64_MAX, 0, 0, -1},
    {1, AM_MAX_BYTES, AM_MAX_BYTES, -1},
    {3, 5, 15, 8},
    {(int64_t)1 << 26, (int64_t)1 << 27, AM_MAX_BYTES, 201326592},
    {((int64_t)1 << 26) + 1, (int64_t)1 << 27, -1, 201326593},
    {(int64_t)1 << 32, (int64_t)1 << 32, -1, (int64_t)1 << 33},
    {INT64_MAX, INT64_MAX, -1, -1},
    {INT64_MAX, 2, -1, -1},
    {AM_MAX_BYTES, 0, 0, AM_MAX_BYTES},
    {AM_MAX_BYTES - 1, 1, AM_MAX_BYTES - 1, AM_MAX_BYTES},
    {AM_MAX_BYTES, 1, AM_MAX_BYTES, -1},
    {321, 28059810762433, -1, 28059810762754}, /* 2^53 + 1 */
    {-1, 5, -1, -1},
    {5, -1, -1, -1},
    {INT64_MIN, 1, -1, -1},
    {INT64_MIN, INT64_MIN, -1, -1},
};

START_TEST(product_and_sum)
{
    const bytes_case *c = &cases[_i];
    ck_assert_int_eq(am_mul_checked(c->x, c->y), c->product);
    ck_assert_int_eq(am_mul_checked(c->y, c->x), c->product);
    ck_assert_int_eq(am_add_checked(c->x, c->y), c->sum);
    ck_assert_int_eq(am_add_checked(c->y, c->x), c->sum);
}
END_TEST

/* Against the compiler's own test of overflow, over powers of two and their neighbours. */
START_TEST(product_near_powers)
{
    for (int i = 0; i < 63; i++) {
        for (int j = 0; j < 63; j++) {
            for (int near = -1; near <= 1; near++) {
                int64_t x = ((int64_t)1 << i) + near;
                int64_t y = ((int64_t)1 << j) - near;
                int64_t expected;
                if (__builtin_mul_overflow(x, y, &expected) || expected > AM_MAX_BYTES) expected = -1;
                ck_assert_int_eq(am_mul_checked(x, y), expected);
            }
        }
    }
}
END_TEST

START_TEST(divisor)
{
    ck_assert_int_eq(am_common_divisor(12, 18), 6);
    ck_assert_int_eq(am_common_divisor(0, 7), 7);
    ck_assert_int_eq(am_common_divisor(7, 0), 7);
    ck_assert_int_eq(am_common_divisor(AM_MAX_BYTES, 96), 32);
}
END_TEST

Suite *test_bytes_suite(void);
Suite *test_bytes_suite(void)
{
    Suite *suite = suite_create("bytes");
    TCase *tests = tcase_create("bytes");
    tcase_add_loop_test(tests, product_and_sum, 0, sizeof cases / sizeof *cases);
    tcase_add_test(tests, product_near_powers);
    tcase_add_test(tests, divisor);
    suite_add_tcase(suite, tests);
    return suite;
}
