/* What results have to be: halves, and numbers that are none. */
#include <check.h>
#include <math.h>

#include "truth.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))

/* IEEE 754's binary16. */
START_TEST(halves)
{
    static const struct {
        uint16_t half;
        float number;
    } cases[] = {{0x0000, 0},           {0x3c00, 1},         {0xc000, -2},           {0x7bff, 65504},     {0x0400, 0x1p-14f},
                 {0x0001, 0x1p-24f},    {0x8001, -0x1p-24f}, {0x83ff, -0x1.ff8p-15f}, {0x7c00, INFINITY}, {0xfc00, -INFINITY},
                 {0x3555, 0x1.554p-2f}, {0x3c01, 0x1.004p0f}};
    ck_assert_float_eq(am_from_half(cases[_i].half), cases[_i].number);
    if (fabsf(cases[_i].number) >= 0x1p-14f || cases[_i].number == 0) ck_assert_uint_eq(am_to_half(cases[_i].number), cases[_i].half);
}
END_TEST

/* To the nearest, of two the even one; what is above the range is infinite. */
START_TEST(rounding)
{
    ck_assert_uint_eq(am_to_half(0x1.002p0f), 0x3c00);
    ck_assert_uint_eq(am_to_half(0x1.006p0f), 0x3c02);
    ck_assert_uint_eq(am_to_half(0x1.0021p0f), 0x3c01);
    ck_assert_uint_eq(am_to_half(65536), 0x7c00);
    ck_assert_uint_eq(am_to_half(-1e9f), 0xfc00);
}
END_TEST

START_TEST(numbers)
{
    static const struct {
        float got[3];
        bool holds;
    } cases[] = {{{1, 0, -2}, true}, {{0, 0, 0}, false}, {{1, NAN, 2}, false}, {{INFINITY, 1, 2}, false}, {{0, 0, 1}, true}};
    am_program program;
    am_program_mlp(&program, 128, 128, AM_TILE_DIRECT);
    am_truth_begin(AM_OF_NUMBERS, &program);
    ck_assert_int_eq(am_truth_holds(0, 0, cases[_i].got, sizeof cases[_i].got), cases[_i].holds);
}
END_TEST

/* A row of softmax, and one of its elements off by a part in ten thousand. */
START_TEST(softmax_rows)
{
    static float x[1024 * AM_SOFTMAX_COLUMNS], y[1024 * AM_SOFTMAX_COLUMNS];
    am_program program;
    am_program_softmax(&program, 64);
    const am_fill *fill = &program.slot[0].fill;
    for (uint32_t i = 0; i < 64 * AM_SOFTMAX_COLUMNS; i++) x[i] = am_fill_number(fill, i);
    am_kernel kernel = program.pass[0].kernel;
    am_kernel_compute(&kernel, (void *[AM_MOST_OPERANDS]){x, y});
    am_truth_begin(AM_OF_SOFTMAX, &program);
    ck_assert(am_truth_holds(1, 0, y, 64 * AM_SOFTMAX_COLUMNS * 4));
    y[37 * AM_SOFTMAX_COLUMNS + 5] *= 1.0001f;
    ck_assert(!am_truth_holds(1, 0, y, 64 * AM_SOFTMAX_COLUMNS * 4));
}
END_TEST

Suite *test_truth_suite(void);
Suite *test_truth_suite(void)
{
    Suite *suite = suite_create("truth");
    TCase *tests = tcase_create("truth");
    tcase_add_loop_test(tests, halves, 0, 12);
    tcase_add_test(tests, rounding);
    tcase_add_loop_test(tests, numbers, 0, 5);
    tcase_add_test(tests, softmax_rows);
    suite_add_tcase(suite, tests);
    return suite;
}
