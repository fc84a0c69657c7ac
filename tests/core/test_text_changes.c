/* What would make it fit, or what there is room for, as people read it. */
#include "sections.h"

static const saying said[] = {
    {BIG "seq=8192 fit=yes", {" checkpoint=budget:35.1GiB fastest plan that fits 79.9 0.100 +7.5 % 0.0 % ", " dp=3 zero=3 as few GPUs as hold it "}},
    {BIG "fit=yes", {"What it leaves room for (time: of a step; again: of the forward's FLOPs) inputs", " batch=2 largest micro-batch 75.4 4.61 0.0 % "}},
    {BIG "seq=8192 device=rtx-4090 fit=yes", {"No single change makes it fit; together"}},
    {"model=llama-3-70b seq=131072 device=rtx-3090 fit=yes", {"Nothing that was tried makes it fit: "}},
    {"model=gpt2 seq=1024 batch=64 checkpoint=full device_memory=40GiB fit=yes", {" fastest plan that fits 40.0 0.0104 -1.7 % 53.0 % "}},
    {"model=gpt2 seq=1024 device_memory=2GiB fit=yes", {"No longer sequence, larger micro-batch or faster plan fits."}},
};

START_TEST(sayings)
{
    check_saying(&said[_i], am_text_changes);
}
END_TEST

Suite *test_text_changes_suite(void);
Suite *test_text_changes_suite(void)
{
    Suite *suite = suite_create("text_changes");
    TCase *tests = tcase_create("text_changes");
    tcase_add_loop_test(tests, sayings, 0, sizeof said / sizeof *said);
    suite_add_tcase(suite, tests);
    return suite;
}
