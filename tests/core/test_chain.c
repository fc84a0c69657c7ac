/* What a plan of a chain comes to, and the bound that none is below. */
#include "chains.h"

START_TEST(links_compared)
{
    static const am_link link = {1, 2, 3, 4, 5, 6, 7, 8, 0};
    am_link other[9];
    for (int i = 0; i < 9; i++) other[i] = link;
    other[0].residue++, other[1].forward++, other[2].backward++, other[3].cost++, other[4].given++, other[5].outlived++, other[6].passed++, other[7].carried++, other[8].cached++;
    ck_assert(am_link_same(&link, &link));
    for (int i = 0; i < 9; i++) ck_assert(!am_link_same(&other[i], &link));
}
END_TEST

/* Two layers of one choice each, and of two: what is left, held, carried on and framed stands where the chain says. */
START_TEST(played)
{
    static const uint8_t class_of[2], span[] = {1, 1}, twice[] = {0, 0}, other[] = {0, 1};
    static const struct {
        am_link link[2];
        int64_t before, after, framed, given, peak, left, cost;
        bool second; /* the second layer takes the second choice */
    } table[] = {
        {{{1, 5, 7, 3, 0, 0, 0, 0, 0}}, 0, 0, 0, 0, 8, 2, 6, false},    /* the second layer's backward */
        {{{1, 5, 3, 3, 0, 0, 0, 0, 0}}, 0, 0, 0, 0, 6, 2, 6, false},    /* its forward */
        {{{1, 5, 3, 3, 0, 0, 0, 0, 0}}, 9, 0, 0, 0, 9, 2, 6, false},    /* before */
        {{{1, 5, 3, 3, 0, 0, 0, 0, 0}}, 0, 8, 0, 0, 10, 2, 6, false},   /* after, on what both left */
        {{{1, 5, 3, 3, 0, 0, 0, 0, 0}}, 0, 0, 7, 0, 9, 2, 6, false},    /* what is framed */
        {{{1, 5, 7, 3, 1, 0, 0, 0, 0}}, 0, 0, 0, 10, 18, 12, 6, false}, /* what both are given is there once */
        {{{1, 5, 7, 3, 0, 2, 0, 0, 0}}, 0, 0, 0, 0, 9, 2, 6, false},    /* the first one's backward on what the second outlived; before on both */
        {{{1, 5, 3, 3, 0, 0, 0, 4, 0}}, 0, 0, 0, 0, 10, 2, 6, false},   /* what the first carries on */
        {{{1, 5, 7, 3, 0, 0, 0, 0, 9}}, 0, 0, 0, 0, 20, 2, 6, false},   /* the forward's end on what both have cached */
        {{{1, 5, 30, 3, 0, 0, 0, 0, 9}}, 0, 0, 0, 0, 31, 2, 6, false},  /* the second layer's backward, without it */
        {{{1, 5, 7, 3, 0, 0, 0, 0, 9}}, 0, 30, 0, 0, 50, 2, 6, false},  /* behind the layers, with it */
        {{{1, 5, 7, 3, 0, 0, 0, 0, 9}}, 0, 0, 4, 0, 24, 2, 6, false},   /* what is framed there, too */
        {{{1, 5, 7, 3, 0, 0, 0, 0, 0}, {4, 9, 9, 0, 0, 0, 0, 0, 0}}, 0, 0, 0, 0, 10, 5, 3, true},
    };
    for (size_t i = 0; i < COUNT(table); i++) {
        const am_chain chain = {2, 2, 1, table[i].before, table[i].after, table[i].after, class_of, table[i].link, span, {table[i].given}, table[i].framed, 0};
        int64_t left;
        const am_frontier_point point = am_chain_play(&chain, 2, table[i].second ? other : twice, &left);
        ck_assert_msg(point.peak == table[i].peak, "%d: peak %d", (int)i, (int)point.peak);
        ck_assert_int_eq(left, table[i].left);
        ck_assert_int_eq(point.cost, table[i].cost);
    }
}
END_TEST

/* No plan of a random chain costs less than the bound for its peak. */
START_TEST(bound)
{
    for (int i = 0; i < 40; i++) {
        random_chain drawn;
        uint8_t choice[AM_MAX_CHAIN_LAYERS];
        double price;
        draw_chain(&drawn, _i * 40 + i);
        count = 0;
        play_every_plan(&drawn.chain, 0, 0, choice);
        sift();
        for (int j = 0; j < count; j++) ck_assert_int_le(am_chain_bound(&drawn.chain, all[j].peak, &price), all[j].cost);
    }
}
END_TEST

/* Layers that are kept or run again: the bound is what the number that has to costs, as a third choice gains less. */
START_TEST(tight_bound)
{
    static const am_link link[] = {{17, 17, 17, 0, 0, 0, 0, 0, 0}, {1, 17, 17, 32, 0, 0, 0, 0, 0}, {9, 17, 17, 30, 0, 0, 0, 0, 0}};
    static const uint8_t class_of[100], span[] = {1, 1, 1};
    const am_chain chain = {100, 3, 1, 0, 0, 0, class_of, link, span, {0}, 0, 0};
    for (int again = 0; again <= 100; again++) {
        double price;
        int64_t least = am_chain_bound(&chain, 17 * 100 - 16 * again, &price);
        ck_assert_int_le(least, 32 * again);
        ck_assert_int_ge(least, 32 * again - 1); /* of rounding down */
        if (again > 0 && again < 100) ck_assert_double_eq_tol(price, 2, 1e-3);
    }
}
END_TEST

/* A byte that is worth more than any price that is looked at: the bound is what the highest of these makes of it. */
START_TEST(highest_price)
{
    static const int64_t cost = (int64_t)4 << 60;
    static const am_link link[] = {{1000, 1000, 1000, 0, 0, 0, 0, 0, 0}, {0, 1000, 1000, cost, 0, 0, 0, 0, 0}};
    static const uint8_t class_of[2], span[] = {1, 1};
    const am_chain chain = {2, 2, 1, 0, 0, 0, class_of, link, span, {0}, 0, 0};
    double price;
    int64_t least = am_chain_bound(&chain, 1000, &price); /* one of both runs again: 4.6e15 for each of 1000 bytes */
    ck_assert_int_le(least, cost);
    ck_assert_int_ge(least, (int64_t)1e18);
    ck_assert_double_ge(price, 1e15);
}
END_TEST

Suite *test_chain_suite(void)
{
    Suite *suite = suite_create("chain");
    TCase *tests = tcase_create("chain");
    tcase_add_test(tests, links_compared);
    tcase_add_test(tests, played);
    tcase_add_loop_test(tests, bound, 0, 20);
    tcase_add_test(tests, tight_bound);
    tcase_add_test(tests, highest_price);
    suite_add_tcase(suite, tests);
    return suite;
}
