/* Parameters and what they take, as people read it. */
#include "fake_report.h"
#include "sections.h"

START_TEST(parameters)
{
    read_section_of(fake_report(), am_text_state);
    expect_tidy();
    expect("8,030,261,248 parameters, 16,777,216 of them trainable;");
}
END_TEST

static const saying said[] = {
    {LOCAL "experts=4 experts_per_token=2 ep=2 expert_imbalance=150", {" parameters on each of the 2 GPUs; what"}},
    {LOCAL "experts=4 experts_per_token=2 etp=2 dp=2", {" parameters on each of the 2 GPUs; what"}},
    {LOCAL "experts=4 experts_per_token=2 tp=2 sp=yes etp=1 ep=4 pp=2 micro_batches=2", {" parameters on each of the 4 GPUs of a stage, all stages together; what"}},
};

START_TEST(sayings)
{
    check_saying(&said[_i], am_text_state);
}
END_TEST

Suite *test_text_state_suite(void);
Suite *test_text_state_suite(void)
{
    Suite *suite = suite_create("text_state");
    TCase *tests = tcase_create("text_state");
    tcase_add_test(tests, parameters);
    tcase_add_loop_test(tests, sayings, 0, sizeof said / sizeof *said);
    suite_add_tcase(suite, tests);
    return suite;
}
