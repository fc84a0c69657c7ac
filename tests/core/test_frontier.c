/* The frontier against brute force: every plan of random chains, and what no other plan beats. */
#include "frontier.h"

#include <string.h>

#include "chains.h"

static am_frontier frontier;

START_TEST(equals_brute_force)
{
    for (int i = 0; i < 40; i++) {
        random_chain drawn;
        uint8_t choice[AM_MAX_CHAIN_LAYERS];
        draw_chain(&drawn, _i * 40 + i);
        const am_chain *chain = &drawn.chain;
        count = 0;
        play_every_plan(chain, 0, 0, choice);
        sift();
        ck_assert_int_eq(am_frontier_solve(&frontier, chain, INT64_MAX / 4), AM_OK);
        ck_assert_msg(frontier.points == count, "chain %d: %d plans, not %d", _i * 40 + i, frontier.points, count);
        for (int j = 0; j < count; j++) {
            ck_assert_int_eq(frontier.point[j].peak, all[j].peak);
            ck_assert_int_eq(frontier.point[j].cost, all[j].cost);
            int64_t left;
            int length = am_frontier_plan(&frontier, chain, frontier.point[j].index, choice);
            am_frontier_point played = am_chain_play(chain, length, choice, &left);
            ck_assert_int_eq(played.peak + (chain->in_flight - 1) * left, all[j].peak);
            ck_assert_int_eq(played.cost, all[j].cost);
        }
    }
}
END_TEST

/* With several micro-batches in flight what is cached is taken to lift backwards, too: plans peak no higher than is said, some as
 * high, and the cheapest is found. */
START_TEST(cached_in_flight)
{
    int exact = 0;
    for (int i = 0; i < 40; i++) {
        random_chain drawn;
        uint8_t choice[AM_MAX_CHAIN_LAYERS];
        draw_chain(&drawn, 1000 + i);
        am_chain *chain = &drawn.chain;
        chain->in_flight = 3;
        for (int j = 0; j < MOST_LAYERS * MOST_CHOICES; j++) {
            drawn.link[j].outlived = drawn.link[j].passed = 0;
            drawn.link[j].cached = 1 + draw(9);
        }
        count = 0;
        play_every_plan(chain, 0, 0, choice);
        sift();
        ck_assert_int_eq(am_frontier_solve(&frontier, chain, INT64_MAX / 4), AM_OK);
        ck_assert_int_eq(frontier.point[frontier.points - 1].cost, all[count - 1].cost);
        for (int j = 0; j < frontier.points; j++) {
            int64_t left;
            int length = am_frontier_plan(&frontier, chain, frontier.point[j].index, choice);
            am_frontier_point played = am_chain_play(chain, length, choice, &left);
            const int64_t peak = played.peak + 2 * left;
            ck_assert_int_le(peak, frontier.point[j].peak);
            ck_assert_int_eq(played.cost, frontier.point[j].cost);
            exact += peak == frontier.point[j].peak;
        }
    }
    ck_assert_int_gt(exact, 0);
}
END_TEST

/* What the first layer's backward passes on to what is before it stands there, beside what all outlive: 3 for it, 2 of each and 3 of
 * the second to the first. */
START_TEST(passed_before)
{
    static const am_link link[] = {{0, 1, 1, 0, 0, 2, 3, 0, 0}};
    static const uint8_t class_of[2], span[] = {1};
    am_chain chain = {1, 1, 1, 10, 0, 0, class_of, link, span, {0}, 0, 0};
    ck_assert_int_eq(am_frontier_solve(&frontier, &chain, INT64_MAX / 4), AM_OK);
    ck_assert_int_eq(frontier.points, 1);
    ck_assert_int_eq(frontier.point[0].peak, 10 + 3 + 2);
    chain.layers = 2;
    ck_assert_int_eq(am_frontier_solve(&frontier, &chain, INT64_MAX / 4), AM_OK);
    ck_assert_int_eq(frontier.point[0].peak, 10 + 3 + 2 + 2 + 3);
}
END_TEST

/* Two choices for 100 equal layers, every one of which costs: as many plans as numbers of layers that run again. */
START_TEST(equal_layers)
{
    static const am_link link[] = {{17, 20, 20, 0, 0, 0, 0, 0, 0}, {1, 20, 20, 3, 0, 0, 0, 0, 0}};
    static const uint8_t class_of[100], span[] = {1, 1};
    const am_chain chain = {100, 2, 1, 0, 0, 0, class_of, link, span, {0}, 0, 0};
    ck_assert_int_eq(am_frontier_solve(&frontier, &chain, INT64_MAX / 4), AM_OK);
    ck_assert_int_eq(frontier.points, 100); /* the last layer never needs to */
    ck_assert_int_eq(frontier.point[99].peak, 99 * 17 + 20);
    ck_assert_int_eq(frontier.point[99].cost, 0);
    ck_assert_int_eq(frontier.point[0].peak, 99 + 20);
    ck_assert_int_eq(frontier.point[0].cost, 99 * 3);
}
END_TEST

START_TEST(limits)
{
    static uint8_t class_of[AM_MAX_CHAIN_LAYERS + 1];
    static am_link link[AM_MAX_CHOICES];
    static uint8_t span[AM_MAX_CHOICES];
    state = 1;
    for (int i = 0; i < AM_MAX_CHOICES; i++) {
        span[i] = 1;
        int64_t residue = draw((int64_t)1 << 30);
        link[i] = (am_link){residue, residue, residue, (((int64_t)1 << 30) - residue) * 3 / 2 + draw(1 << 20), 0, 0, 0, 0, 0};
    }
    am_chain chain = {AM_MAX_CHAIN_LAYERS + 1, 2, 1, 0, 0, 0, class_of, link, span, {0}, 0, 0};
    ck_assert_int_eq(am_frontier_solve(&frontier, &chain, INT64_MAX / 4), AM_CAPACITY);
    chain = (am_chain){AM_MAX_CHAIN_LAYERS, 1, 1, 0, 0, 0, class_of, link, span, {0}, 0, 0};
    ck_assert_int_eq(am_frontier_solve(&frontier, &chain, INT64_MAX / 4), AM_OK);
    chain = (am_chain){10, AM_MAX_CHOICES + 1, 1, 0, 0, 0, class_of, link, span, {0}, 0, 0};
    ck_assert_int_eq(am_frontier_solve(&frontier, &chain, INT64_MAX / 4), AM_CAPACITY);
    chain = (am_chain){200, 40, 1, 0, 0, 0, class_of, link, span, {0}, 0, 0};
    ck_assert_int_eq(am_frontier_solve(&frontier, &chain, INT64_MAX / 4), AM_CAPACITY); /* more plans than fit */
    chain = (am_chain){20, 8, 1, 0, 0, 0, class_of, link, span, {0}, 0, 0};
    ck_assert_int_eq(am_frontier_solve(&frontier, &chain, 10), AM_CAPACITY);
}
END_TEST

/* A layer that is kept for twice the bytes, or run again for twice the time, of the one behind it, so that no plan beats another:
 * one more layer than there is room for plans. The last plans to come are those that keep, or those that run again. */
START_TEST(doubling)
{
    enum { MOST = 13 };
    static const uint8_t span[2] = {1, 1}, class_of[MOST + 1] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13};
    am_link link[2 * (MOST + 1)];
    for (int again = 0; again < 2; again++) /* the choice that runs again */
        for (int layers = MOST; layers <= MOST + 1; layers++) {
            for (int i = 0; i < layers; i++) {
                int64_t weight = (int64_t)1 << (layers - 1 - i);
                link[2 * i + again] = (am_link){0, 0, 0, weight, 0, 0, 0, 0, 0};
                link[2 * i + !again] = (am_link){weight, weight, weight, 0, 0, 0, 0, 0, 0};
            }
            am_chain chain = {layers, 2, 1, 0, 1, 1, class_of, link, span, {0}, 0, 0};
            ck_assert_int_eq(am_frontier_solve(&frontier, &chain, INT64_MAX / 4), layers > MOST ? AM_CAPACITY : AM_OK);
            if (layers > MOST) continue;
            ck_assert_int_eq(frontier.points, AM_MAX_FRONT);
            for (int i = 0; i < AM_MAX_FRONT; i++) ck_assert_int_eq(frontier.point[i].peak + frontier.point[i].cost, AM_MAX_FRONT);
        }
}
END_TEST

/* Full fronts of two sets that the first layer leaves held, behind it layers that some choice spans: as many fronts as that reaches
 * over have to be there together. */
START_TEST(reach)
{
    enum { DOUBLING = 13, ALIKE = 20, CHOICES = 3 };
    static uint8_t class_of[1 + ALIKE + DOUBLING];
    am_link link[(2 + DOUBLING) * CHOICES];
    const am_link none = {0, 0, 0, -1, 0, 0, 0, 0, 0}, free = {0, 1, 0, 0, 0, 0, 0, 0, 0}; /* forwards peak: each set counts */
    for (int i = 0; i < (2 + DOUBLING) * CHOICES; i++) link[i] = none;
    link[0] = free;
    link[2] = (am_link){0, 1, 0, 1 << 20, 0, 0, 0, 0, 0};
    link[CHOICES] = free;
    link[CHOICES + 1] = (am_link){0, 1, 0, 0, 1, 0, 0, 0, 0};
    class_of[0] = 1;
    for (int i = 0; i < DOUBLING; i++) {
        int64_t weight = (int64_t)1 << i;
        class_of[ALIKE + DOUBLING - i] = (uint8_t)(2 + i);
        link[(2 + i) * CHOICES] = (am_link){weight, 1, 0, 0, 0, 0, 0, 0, 0};
        link[(2 + i) * CHOICES + 1] = (am_link){0, 1, 0, weight, 0, 0, 0, 0, 0};
    }
    for (uint8_t spanned = 14; spanned <= 15; spanned++) { /* and the layer at its end: 15 and 16 times two fronts, and a gap */
        const uint8_t span[CHOICES] = {1, 1, spanned};
        am_chain chain = {1 + ALIKE + DOUBLING, CHOICES, 1, 0, 10, 10, class_of, link, span, {7}, 0, 0};
        ck_assert_int_eq(am_frontier_solve(&frontier, &chain, INT64_MAX / 4), spanned > 14 ? AM_CAPACITY : AM_OK);
    }
}
END_TEST

/* Steps that nothing foretold: ten layers without a choice, then one of many. */
START_TEST(sudden)
{
    static uint8_t class_of[12], span[AM_MAX_CHOICES];
    am_link link[2 * AM_MAX_CHOICES];
    class_of[1] = 1;
    for (int i = 0; i < AM_MAX_CHOICES; i++) {
        span[i] = 1;
        link[i] = (am_link){1, 1, 1, i == 0 ? 0 : -1, 0, 0, 0, 0, 0};
        link[AM_MAX_CHOICES + i] = (am_link){i, i, i, AM_MAX_CHOICES - i, 0, 0, 0, 0, 0};
    }
    am_chain chain = {12, AM_MAX_CHOICES, 1, 0, 100, 100, class_of, link, span, {0}, 0, 0};
    ck_assert_int_eq(am_frontier_solve(&frontier, &chain, 50), AM_CAPACITY);
    ck_assert_int_eq(am_frontier_solve(&frontier, &chain, INT64_MAX / 4), AM_OK);
    ck_assert_int_eq(frontier.points, AM_MAX_CHOICES);
}
END_TEST

/* Layers of few classes whose choices trade bytes for time, so that nearly every plan is one of the frontier: drawn so large that
 * one room or another is too small for some. What fits is the frontier, each of whose plans plays as it says. */
START_TEST(large)
{
    static uint8_t class_of[AM_MAX_CHAIN_LAYERS], span[8], choice[AM_MAX_CHAIN_LAYERS];
    static am_link link[4 * 8];
    state = (uint64_t)_i;
    draw(2);
    bool leaves = draw(3) == 0, holds = draw(2), coarse = draw(2);
    int64_t range = coarse ? 3 + draw(60) : (int64_t)1 << 30, passed = 1 + draw(range);
    am_chain chain = {.layers = (int)(coarse ? 300 + draw(AM_MAX_CHAIN_LAYERS - 299) : 8 + draw(60)),
                      .choices = 2 + (int)draw(7),
                      .in_flight = leaves || draw(3) ? 1 : 2,
                      .class_of = class_of,
                      .link = link,
                      .span = span,
                      .given = {5, 7, 11}};
    int classes = 1 + (int)draw(4);
    for (int i = 0; i < chain.layers; i++) class_of[i] = (uint8_t)draw(classes);
    for (int i = 0; i < chain.choices; i++) span[i] = i == 0 || draw(3) ? 1 : (uint8_t)(1 + draw(AM_MAX_SPAN));
    for (int i = 0; i < 4 * 8; i++) {
        int64_t each = draw(range), gone = leaves && draw(2) ? draw(1 + each) : 0;
        int spans = span[i % chain.choices];
        link[i] = (am_link){spans * each,
                            spans * each,
                            spans * each + range,
                            spans * (range - each) * 3 / 2 + draw(1 + range / 1000),
                            holds ? (uint8_t)draw(8) : 0,
                            gone,
                            gone ? passed : 0,
                            0, 0};
    }
    am_code code = am_frontier_solve(&frontier, &chain, INT64_MAX / 4);
    ck_assert(code == AM_OK || code == AM_CAPACITY);
    for (int i = 0; code == AM_OK && i < frontier.points; i += 1 + frontier.points / 100) {
        const am_frontier_point *point = &frontier.point[i];
        int64_t left;
        int length = am_frontier_plan(&frontier, &chain, point->index, choice);
        am_frontier_point played = am_chain_play(&chain, length, choice, &left);
        ck_assert_int_eq(played.peak + (chain.in_flight - 1) * left, point->peak);
        ck_assert_int_eq(played.cost, point->cost);
        if (i > 0) ck_assert(point[-1].peak < point->peak && point[-1].cost > point->cost);
    }
}
END_TEST

/* Sets of what is held: eight are searched, nine are too many. */
START_TEST(states)
{
    static const uint8_t class_of[6], span[] = {1, 1, 1, 1, 1};
    am_link link[5] = {{9, 9, 9, 0, 0, 0, 0, 0, 0}};
    for (int i = 1; i < 5; i++)
        link[i] = (am_link){1, 40, 3, i, (uint8_t)(1 << (i - 1)), 0, 0, 0, 0}; /* forwards peak: each set counts */
    am_chain chain = {6, 4, 2, 0, 0, 0, class_of, link, span, {1, 2, 3, 4}, 0, 0};
    ck_assert_int_eq(am_frontier_solve(&frontier, &chain, INT64_MAX / 4), AM_OK);
    ck_assert_int_eq(frontier.layer[6].states, AM_MAX_STATES);
    chain.choices = 5;
    ck_assert_int_eq(am_frontier_solve(&frontier, &chain, INT64_MAX / 4), AM_CAPACITY);
}
END_TEST

/* Plans for whose first layer something is left between those for whose it is not, none as good as another: of so many layers
 * each part has room, and both together have up to a number. */
START_TEST(parts_together)
{
    enum { MOST = 90, CHOICES = 8 };
    static const int64_t residues[CHOICES] = {0, 1, 2, 4, 8, 16, 32, 60};
    static uint8_t class_of[1 + MOST], span[CHOICES];
    am_link link[2 * CHOICES];
    for (int i = 0; i < CHOICES; i++) {
        int64_t twice = 2 * residues[i];
        span[i] = 1;
        link[i] = (am_link){0, 0, 0, -1, 0, 0, 0, 0, 0};
        link[CHOICES + i] = (am_link){twice, twice, twice, 120 - twice, 0, 0, 0, 0, 0};
    }
    link[0] = (am_link){0, 0, 0, 1, 0, 0, 0, 0, 0};
    link[1] = (am_link){1, 1, 1, 0, 0, 1, 1, 0, 0};
    memset(&class_of[1], 1, MOST);
    am_chain chain = {1 + 60, CHOICES, 1, 0, 1000, 1000, class_of, link, span, {0}, 0, 0};
    ck_assert_int_eq(am_frontier_solve(&frontier, &chain, INT64_MAX / 4), AM_OK);
    ck_assert_int_gt(frontier.points, 6000);
    ck_assert_int_eq(frontier.point[1].peak, 1001);
    ck_assert_int_eq(frontier.point[1].cost, 60 * 120);
    chain.layers = 1 + MOST;
    ck_assert_int_eq(am_frontier_solve(&frontier, &chain, INT64_MAX / 4), AM_CAPACITY);
    ck_assert_int_eq(frontier.points, 0);
}
END_TEST

/* Regions of two layers alone: an odd number of layers has no plan. */
START_TEST(no_plan)
{
    static const uint8_t class_of[3], span[] = {2};
    static const am_link link[] = {{1, 2, 3, 4, 0, 0, 0, 0, 0}};
    am_chain chain = {2, 1, 1, 0, 0, 0, class_of, link, span, {0}, 0, 0};
    ck_assert_int_eq(am_frontier_solve(&frontier, &chain, INT64_MAX / 4), AM_OK);
    ck_assert_int_eq(frontier.points, 1);
    chain.layers = 3;
    ck_assert_int_eq(am_frontier_solve(&frontier, &chain, INT64_MAX / 4), AM_OK);
    ck_assert_int_eq(frontier.points, 0);
}
END_TEST

Suite *test_frontier_suite(void)
{
    Suite *suite = suite_create("frontier");
    TCase *tests = tcase_create("frontier");
    tcase_add_loop_test(tests, equals_brute_force, 0, 20);
    tcase_add_test(tests, cached_in_flight);
    tcase_add_test(tests, passed_before);
    tcase_add_test(tests, equal_layers);
    tcase_add_test(tests, doubling);
    tcase_add_test(tests, reach);
    tcase_add_test(tests, sudden);
    tcase_add_test(tests, limits);
    tcase_add_loop_test(tests, large, 0, 27);
    tcase_add_test(tests, states);
    tcase_add_test(tests, parts_together);
    tcase_add_test(tests, no_plan);
    suite_add_tcase(suite, tests);
    return suite;
}
