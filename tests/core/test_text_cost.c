/* What the step costs, as people read it. */
#include "sections.h"

static void evaluate(const char *inputs)
{
    evaluate_section(inputs, am_text_cost);
    ck_assert_str_ne(text, "");
}

START_TEST(section)
{
    evaluate("model=llama-3-8b checkpoint=full");
    expect("NVIDIA H100 SXM (989.4 TFLOP/s in bf16, 3.35 TB/s)");
    expect("computed again   23.09     21.99");
    expect("Executed: without the half");
    evaluate("model=llama-3-8b attention=eager device=mine device_gflops=50000 device_bandwidth=400000 dtype=fp32");
    expect("your own GPU (50 TFLOP/s in fp32, 0.4 TB/s)");
    ck_assert_ptr_null(strstr(text, "Executed: "));
    expect("computed again       0         0       0                 -");
}
END_TEST

Suite *test_text_cost_suite(void);
Suite *test_text_cost_suite(void)
{
    Suite *suite = suite_create("text_cost");
    TCase *tests = tcase_create("text_cost");
    tcase_add_test(tests, section);
    suite_add_tcase(suite, tests);
    return suite;
}
