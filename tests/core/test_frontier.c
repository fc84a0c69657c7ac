/* The frontier against brute force: every plan of random chains, and what no other plan beats. */
#include "frontier.h"

#include <stdlib.h>
#include <string.h>

#include "inputs.h"

static am_frontier frontier;

#define MOST_LAYERS  8
#define MOST_CHOICES 4
#define MOST_PLANS   100000

static int count;
static am_frontier_point all[MOST_PLANS];

/* A repeatable draw from 0 to below n. */
static uint64_t state;
static int64_t draw(int64_t n)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (int64_t)(state >> 33) % n;
}

typedef struct random_chain {
    am_chain chain;
    uint8_t class_of[MOST_LAYERS], span[MOST_CHOICES];
    am_link link[MOST_LAYERS * MOST_CHOICES];
} random_chain;

/* Figures from few values, so that many are equal; or from many. */
static void draw_chain(random_chain *chain, int seed)
{
    static const int64_t ranges[] = {3, 10, 1000, (int64_t)1 << 40};
    state = (uint64_t)seed;
    draw(2);
    int64_t range = ranges[draw(4)];
    int classes = 1 + (int)draw(MOST_LAYERS);
    chain->chain = (am_chain){.layers = 1 + (int)draw(MOST_LAYERS),
                              .choices = 1 + (int)draw(MOST_CHOICES),
                              .in_flight = draw(2) ? 1 : 1 + draw(6),
                              .before = draw(3) ? 0 : draw(2 * range),
                              .after = draw(2) ? 0 : draw(4 * range),
                              .class_of = chain->class_of,
                              .link = chain->link,
                              .span = chain->span};
    for (int i = 0; i < MOST_LAYERS; i++) chain->class_of[i] = (uint8_t)draw(classes);
    for (int i = 0; i < MOST_CHOICES; i++) chain->span[i] = i == 0 || draw(3) ? 1 : (uint8_t)(1 + draw(MOST_LAYERS));
    int given = draw(2) ? 0 : 1 + (int)draw(3);
    for (int i = 0; i < given; i++) chain->chain.given[i] = draw(3) ? draw(range) : draw(8 * range);
    bool leaves = chain->chain.in_flight == 1 && draw(3) == 0; /* for good */
    int64_t passed = draw(range);
    bool backwards = leaves || draw(2); /* peak above forwards, as they mostly do */
    for (int i = 0; i < MOST_LAYERS * MOST_CHOICES; i++) {
        int64_t residue = draw(range), forward = residue + draw(2 * range);
        bool none = i % chain->chain.choices && !draw(8);
        uint8_t held = given ? (uint8_t)draw((int64_t)1 << given) : 0;
        if (draw(3)) held = (uint8_t)((1 << given) - 1); /* as most regions */
        int64_t outlived = leaves && draw(2) ? draw(range) : 0, own = leaves && draw(2) ? passed : 0;
        chain->link[i] = (am_link){residue, forward, backwards ? forward + draw(range) : residue + draw(2 * range),
                                   none ? -1 : draw(range), held, outlived, own};
    }
}

static void play_every_plan(const am_chain *chain, int layer, int length, uint8_t *choice)
{
    if (layer == chain->layers) {
        ck_assert_int_lt(count, MOST_PLANS);
        int64_t left;
        all[count] = am_chain_play(chain, length, choice, &left);
        all[count++].peak += (chain->in_flight - 1) * left;
        return;
    }
    for (int i = 0; i < chain->choices; i++) {
        bool there = chain->link[chain->class_of[layer] * chain->choices + i].cost >= 0;
        if (!there || layer + chain->span[i] > chain->layers) continue;
        choice[length] = (uint8_t)i;
        play_every_plan(chain, layer + chain->span[i], length + 1, choice);
    }
}

static int by_peak(const void *x, const void *y)
{
    const am_frontier_point *a = x, *b = y;
    if (a->peak != b->peak) return a->peak < b->peak ? -1 : 1;
    return a->cost < b->cost ? -1 : a->cost > b->cost;
}

/* Leaves the plans that no other beats, one of equal ones. */
static void sift(void)
{
    int left = 0;
    qsort(all, (size_t)count, sizeof *all, by_peak);
    for (int i = 0; i < count; i++)
        if (left == 0 || all[i].cost < all[left - 1].cost) all[left++] = all[i];
    count = left;
}

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

/* Two choices for 100 equal layers, every one of which costs: as many plans as numbers of layers that run again. */
START_TEST(equal_layers)
{
    static const am_link link[] = {{17, 20, 20, 0, 0, 0, 0}, {1, 20, 20, 3, 0, 0, 0}};
    static const uint8_t class_of[100], span[] = {1, 1};
    const am_chain chain = {100, 2, 1, 0, 0, class_of, link, span, {0}};
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
        link[i] = (am_link){residue, residue, residue, (((int64_t)1 << 30) - residue) * 3 / 2 + draw(1 << 20), 0, 0, 0};
    }
    am_chain chain = {AM_MAX_CHAIN_LAYERS + 1, 2, 1, 0, 0, class_of, link, span, {0}};
    ck_assert_int_eq(am_frontier_solve(&frontier, &chain, INT64_MAX / 4), AM_CAPACITY);
    chain = (am_chain){AM_MAX_CHAIN_LAYERS, 1, 1, 0, 0, class_of, link, span, {0}};
    ck_assert_int_eq(am_frontier_solve(&frontier, &chain, INT64_MAX / 4), AM_OK);
    chain = (am_chain){10, AM_MAX_CHOICES + 1, 1, 0, 0, class_of, link, span, {0}};
    ck_assert_int_eq(am_frontier_solve(&frontier, &chain, INT64_MAX / 4), AM_CAPACITY);
    chain = (am_chain){200, 40, 1, 0, 0, class_of, link, span, {0}};
    ck_assert_int_eq(am_frontier_solve(&frontier, &chain, INT64_MAX / 4), AM_CAPACITY); /* more plans than fit */
    chain = (am_chain){20, 8, 1, 0, 0, class_of, link, span, {0}};
    ck_assert_int_eq(am_frontier_solve(&frontier, &chain, 10), AM_CAPACITY);
}
END_TEST

Suite *test_frontier_suite(void)
{
    Suite *suite = suite_create("frontier");
    TCase *tests = tcase_create("frontier");
    tcase_add_loop_test(tests, equals_brute_force, 0, 20);
    tcase_add_test(tests, equal_layers);
    tcase_add_test(tests, limits);
    suite_add_tcase(suite, tests);
    return suite;
}
