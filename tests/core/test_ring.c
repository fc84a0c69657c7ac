/* Ring attention: what a rank keeps, copies and counts. Its peaks are held to measured ones in test_torch_rank.c. */
#include <stdio.h>
#include <string.h>

#include "measured.h"

#include "tape.h"

#define SMALL "stack=torch layers=1 hidden=32 heads=4 ffn=48 vocab=64 "

static am_outcome outcome_of(const char *text)
{
    am_status status;
    am_config config = config_of(text);
    ck_assert_msg(am_evaluate(&fixture_report, &fixture_workspace, &config, &status) == AM_OK, "%s: %s", text,
                  status.message);
    return fixture_report.outcome;
}

/* What the context manager keeps beside a rank's part is named: it is in no row. */
START_TEST(buffers)
{
    outcome_of(SMALL "seq=16 cp=2");
    ck_assert_int_eq(fixture_report.lastings, 5);
    int64_t bytes = 0;
    for (int i = 0; i < fixture_report.lastings; i++) bytes += fixture_report.lasting[i].bytes;
    int64_t ids = 2 * 16 * 8, tables = 2 * 16 * 8 * 2; /* whole; half of each here; half of one table again */
    ck_assert_int_eq(bytes, ids + tables + ids / 2 + tables / 2 + tables / 4);
}
END_TEST

/* Measured (tests/oracle): the one head of one sequence, whose keys, values and log-sum-exp lie in one piece as they are. */
START_TEST(one_head)
{
    am_outcome outcome = outcome_of("stack=torch layers=2 hidden=16 heads=1 kv_heads=1 head_dim=16 ffn=48 vocab=64 batch=1 seq=32 cp=2");
    ck_assert_int_eq(outcome.saved_bytes, 26100);
    ck_assert_int_eq(outcome.after_forward, 30456);
    ck_assert_int_eq(outcome.forward_peak, 34552);
    ck_assert_int_eq(outcome.backward_peak, 38648);
    ck_assert_int_eq(outcome.step_peak, 39352);
}
END_TEST

static int64_t kept(const char *name)
{
    int64_t bytes = 0;
    for (int i = 0; i < fixture_report.rows; i++)
        if (fixture_report.row[i].kind >= 0 && strcmp(fixture_report.row[i].row.name, name) == 0)
            bytes += fixture_report.row[i].row.bytes;
    return bytes;
}

/* A rank's part of each, whatever the number of ranks; the output twice. */
START_TEST(parts)
{
    static const int ranks[] = {2, 3, 4, 9};
    for (int i = 0; i < 4; i++) {
        char text[160];
        snprintf(text, sizeof text, SMALL "kv_heads=2 batch=3 seq=%d cp=%d", 16 * ranks[i], ranks[i]);
        outcome_of(text);
        ck_assert_int_eq(kept("query, rotated"), 2 * 3 * 16 * 32);
        ck_assert_int_eq(kept("key, rotated"), 2 * 3 * 16 * 16);
        ck_assert_int_eq(kept("value"), 2 * 3 * 16 * 16);
        ck_assert_int_eq(kept("log-sum-exp of each row"), 4 * 3 * 16 * 4);
        ck_assert_int_eq(kept("attention output"), 2 * 2 * 3 * 16 * 32);
    }
}
END_TEST

/* All ranks together do what one does of whole blocks, the late half of the queries with the keys of each other rank:
 * (cp + 1) / 2 of cp. */
START_TEST(work)
{
    const int64_t attention = 4 * 4 * 8 * 32 * 32; /* 4·a·d·s² */
    am_outcome one = outcome_of(SMALL "seq=32 zero=3 dp=2"), rank = outcome_of(SMALL "seq=32 cp=4");
    ck_assert_int_eq(one.forward_flops - attention, 4 * (rank.forward_flops - attention / 16 * 5 / 2));
}
END_TEST

/* One key head lies contiguous as it is: no copies of keys and values, in either direction. */
START_TEST(contiguous)
{
    int operations[2] = {0};
    for (int i = 0; i < 2; i++) {
        outcome_of(i ? SMALL "kv_heads=2 seq=32 cp=2" : SMALL "kv_heads=1 seq=32 cp=2");
        const am_tape *tape = &fixture_workspace.tape;
        for (int j = 0; j < tape->instructions; j++)
            operations[i] += tape->instruction[j].kind == AM_I_OP && tape->instruction[j].op == AM_OP_RING_ATTENTION;
    }
    ck_assert_int_eq(operations[1] - operations[0], 2);
}
END_TEST

Suite *test_ring_suite(void);
Suite *test_ring_suite(void)
{
    Suite *suite = suite_create("ring");
    TCase *tests = tcase_create("ring");
    tcase_add_test(tests, buffers);
    tcase_add_test(tests, one_head);
    tcase_add_test(tests, parts);
    tcase_add_test(tests, work);
    tcase_add_test(tests, contiguous);
    suite_add_tcase(suite, tests);
    return suite;
}
