/* The worked example in short. */
#include "fake_report.h"
#include "sections.h"

START_TEST(closed_forms)
{
    read_section_of(fake_report(), am_text_closed_forms);
    expect_tidy();
    expect("\nIn closed form, in bytes\n"
           "  first layer: 2·s·b·h = 2·2048·1·4096 = 16,777,216\n");
    expect("\n  layer: 6·s·b·h + 2·s·b·r = ");
    expect("\n  shared: ");
    expect("\n  outside: ");
    expect("\n  in all: (2·2048·1·4096) + 31·(");
    expect(" = 2,630,303,744\n");
}
END_TEST

Suite *test_text_closed_forms_suite(void);
Suite *test_text_closed_forms_suite(void)
{
    Suite *suite = suite_create("text_closed_forms");
    TCase *tests = tcase_create("text_closed_forms");
    tcase_add_test(tests, closed_forms);
    suite_add_tcase(suite, tests);
    return suite;
}
