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

/* The same of products of 64 bits, of either sign. */
START_TEST(wraps_near_powers)
{
    for (int i = 0; i < 63; i++)
        for (int j = 0; j < 63; j++)
            for (int near = -1; near <= 1; near++)
                for (int signs = 0; signs < 4; signs++) {
                    int64_t x = ((int64_t)1 << i) + near, y = ((int64_t)1 << j) - near, product, expected;
                    if (signs & 1) x = -x;
                    if (signs & 2) y = -y;
                    bool wraps = __builtin_mul_overflow(x, y, &expected);
                    ck_assert_int_eq(am_mul_wraps(x, y, &product), wraps);
                    if (!wraps) ck_assert_int_eq(product, expected);
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

/* Beside the blocks themselves, of 2, 3, … sequences: each step as high as the first. */
START_TEST(blocks)
{
    static const int64_t each[] = {1, 2, 8, 64, 100, 255, 256, 257, 400, 448, 504, 511, 512, 520, 1016, 1024, 5000};
    for (size_t i = 0; i < sizeof each / sizeof *each; i++) {
        int64_t first = am_block_bytes(2 * each[i], 512), step = am_block_bytes(3 * each[i], 512) - first, even = 3;
        while (even < 2000 && am_block_bytes((even + 1) * each[i], 512) - am_block_bytes(even * each[i], 512) == step) even++;
        int64_t said = am_block_even_to(each[i], 512);
        ck_assert_int_le(said, even < 2000 ? even : INT64_MAX);
        if (each[i] % 512 == 0 || each[i] == 8 || each[i] == 504 || each[i] == 1016) ck_assert_int_ge(said, even);
    }
}
END_TEST

Suite *test_bytes_suite(void);
Suite *test_bytes_suite(void)
{
    Suite *suite = suite_create("bytes");
    TCase *tests = tcase_create("bytes");
    tcase_add_loop_test(tests, product_and_sum, 0, sizeof cases / sizeof *cases);
    tcase_add_test(tests, product_near_powers);
    tcase_add_test(tests, wraps_near_powers);
    tcase_add_test(tests, divisor);
    tcase_add_test(tests, blocks);
    suite_add_tcase(suite, tests);
    return suite;
}
