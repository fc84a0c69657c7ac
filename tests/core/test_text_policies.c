/* The checkpointing policies side by side, as people read them. */
#include "fake_report.h"
#include "sections.h"

START_TEST(policies)
{
    read_section_of(fake_report(), am_text_policies);
    expect_tidy();
    expect("  > none ");
    expect("    every:4, reentrant");
    expect("27.1 %");
}
END_TEST

static const saying said[] = {
    {"model=llama-3-8b stack=megatron seq=8192 checkpoint=modules:core_attn", {"This policy keeps 2.47 GiB more than none does: attention's kernel saves no scores"}},
};

START_TEST(sayings)
{
    check_saying(&said[_i], am_text_policies);
}
END_TEST

Suite *test_text_policies_suite(void);
Suite *test_text_policies_suite(void)
{
    Suite *suite = suite_create("text_policies");
    TCase *tests = tcase_create("text_policies");
    tcase_add_test(tests, policies);
    tcase_add_loop_test(tests, sayings, 0, sizeof said / sizeof *said);
    suite_add_tcase(suite, tests);
    return suite;
}
