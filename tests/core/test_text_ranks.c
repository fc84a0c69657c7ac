/* What each rank of a pipeline keeps, as people read it. */
#include "fake_report.h"
#include "sections.h"

START_TEST(stages)
{
    const am_report *report = fake_report();
    fake.config.stack = AM_STACK_PAPER;
    fake.config.tp = fake.config.etp = 8;
    fake.config.pp = fake.ranks = 40;
    for (int i = 0; i < 40; i++) {
        int64_t bytes = (int64_t)(40 - i) << 20;
        fake.rank[i] = (am_rank){.rank = i, .layers = 1, .in_flight = 40 - i, .saved_bytes = bytes,
                                 .forward_peak = bytes + 1, .backward_peak = bytes + 2, .first_chunk = i, .chunks = 1};
        fake.chunk[i] = (am_chunk){.stage = (int16_t)i, .layers = 1, .embedding = i == 0, .head = i == 39};
    }
    read_section_of(report, am_text_ranks);
    expect_tidy();
    expect("What each pipeline rank keeps and peaks at");
    expect("→ 0 ");
    expect("41,943,042\n");
    expect("embedding");
    expect("  … and 8 more\n");
    fake.worst_rank = 39; /* shown though it is beyond those that are */
    fake.rank[39].backward_peak = (int64_t)1 << 30;
    read_section_of(report, am_text_ranks);
    expect_tidy();
    expect("→ 39 ");
    expect("1,073,741,824\n");
    expect("  … and 7 more\n");
}
END_TEST

static const saying said[] = {
    {BIG "pp=4 stack=megatron-local checkpoint=budget:8GiB", {"The cheapest plan of each rank below the budget, by layers 0: ", " 3: 24-31 none"}},
};

START_TEST(sayings)
{
    check_saying(&said[_i], am_text_ranks);
}
END_TEST

Suite *test_text_ranks_suite(void);
Suite *test_text_ranks_suite(void)
{
    Suite *suite = suite_create("text_ranks");
    TCase *tests = tcase_create("text_ranks");
    tcase_add_test(tests, stages);
    tcase_add_loop_test(tests, sayings, 0, sizeof said / sizeof *said);
    suite_add_tcase(suite, tests);
    return suite;
}
