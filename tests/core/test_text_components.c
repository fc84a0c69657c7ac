/* Where the bytes are, as people read it. */
#include "fake_report.h"
#include "sections.h"

START_TEST(components)
{
    read_section_of(fake_report(), am_text_components);
    expect("\nWhere the bytes are\n"
           "  component    GiB          bytes    share\n"
           "  attention  0.502    539,426,816   20.5 %\n"
           "  norm       0.969  1,040,187,392   39.5 %\n"
           "  loss       0.979  1,050,689,536   39.9 %\n"
           "  total       2.45  2,630,303,744  100.0 %\n");
    fake.config.units = AM_BYTES;
    fake.ranks = 2;
    read_section_of(&fake, am_text_components);
    expect_tidy();
    expect("\nWhere the bytes of one micro-batch are\n"
           "  component          bytes    share\n");
}
END_TEST

START_TEST(head)
{
    read_section_of(fake_report(), am_text_head);
    expect("\nThe head (loss=hf) keeps 0.979 GiB (1,050,689,536 bytes). Last norm, head and loss stand up to\n"
           "<0.0001 GiB (3,000 bytes) above the layers in forward, <0.0001 GiB (5,000 bytes) in backward.\n");
}
END_TEST

Suite *test_text_components_suite(void);
Suite *test_text_components_suite(void)
{
    Suite *suite = suite_create("text_components");
    TCase *tests = tcase_create("text_components");
    tcase_add_test(tests, components);
    tcase_add_test(tests, head);
    suite_add_tcase(suite, tests);
    return suite;
}
