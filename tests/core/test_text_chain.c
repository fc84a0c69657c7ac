/* What a policy moves, and a schedule's actions, as people read them. */
#include "sections.h"

static void write_chain(am_writer *out, const am_report *report)
{
    am_text_traffic(out, report);
    am_text_schedule(out, report);
}

static const saying said[] = {
    {SMALL "checkpoint=offload", {"Moved in each step <0.0001 GiB (16,384 bytes) to the host, and back: ", "The way there may overlap"}},
    {LOCAL "tp=2 checkpoint=partition", {"Moved in each step <0.0001 GiB (8,192 bytes) gathered from the other ranks."}},
    {SMALL "checkpoint=offload:saved", {"(800,740 bytes) to the host, 0.0003 of it copies of weights, and back: ", "The copies are waited for."}},
    {LOCAL "tp=2 checkpoint=partition:cpu", {"to the host, and back: ", "waited for. <0.0001 GiB (8,192 bytes) gathered from the other ranks."}},
    {SMALL "checkpoint=revolve:2", {"The schedule: S stores a layer's input, ", "count from 0 S0 "}},
    {BIG "checkpoint=rotor:8GiB", {" S12 A12:13 S13 ", " sizes rounded up to 10,317,206 bytes where it was sought, not where it was played"}},
};

START_TEST(sayings)
{
    check_saying(&said[_i], write_chain);
}
END_TEST

Suite *test_text_chain_suite(void);
Suite *test_text_chain_suite(void)
{
    Suite *suite = suite_create("text_chain");
    TCase *tests = tcase_create("text_chain");
    tcase_add_loop_test(tests, sayings, 0, sizeof said / sizeof *said);
    suite_add_tcase(suite, tests);
    return suite;
}
