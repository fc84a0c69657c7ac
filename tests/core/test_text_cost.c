/* What the step costs, as people read it. */
#include "report.h"

#include "fixture.h"

static char text[1 << 16];

static void evaluate(const char *inputs)
{
    am_status status;
    am_config config = config_of(inputs);
    ck_assert_int_eq(am_evaluate(&fixture_report, &fixture_workspace, &config, &status), AM_OK);
    am_writer writer = am_writer_of(text, sizeof text);
    am_text_cost(&writer, &fixture_report);
    ck_assert_uint_gt(am_writer_end(&writer), 0);
}

static void expect(const char *part)
{
    ck_assert_msg(strstr(text, part) != NULL, "no '%s' in %s", part, text);
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
