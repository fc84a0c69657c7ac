/* The search over a rank's chunks against every combination of random plans. */
#include <stdlib.h>

#include "rank_draws.h"

static am_rank_chain chain;

enum { MOST = 12 };
static am_stage_plan plans[AM_MAX_CHUNKS][MOST];

static int by_cost(const void *x, const void *y)
{
    const am_stage_plan *a = x, *b = y;
    return a->cost < b->cost ? -1 : a->cost > b->cost;
}

static void draw_plans(int chunks, int64_t range)
{
    for (int i = 0; i < chunks; i++) {
        chain.plans[i] = 1 + (int)draw(chunks > 3 ? 5 : MOST);
        chain.plan[i] = plans[i];
        chain.renewed[i] = draw(1 + range / 3);
        for (int j = 0; j < chain.plans[i]; j++) {
            int64_t kept = draw(range);
            plans[i][j] = (am_stage_plan){
                .peak = kept + draw(range), .kept = kept, .cost = draw(range), .index = j, .renewed = (int32_t)draw(4)};
        }
        qsort(plans[i], (size_t)chain.plans[i], sizeof **plans, by_cost);
    }
}

/* The cheapest of all combinations, of several that with the lowest peak, and the lowest peak of any. */
static int64_t peak_of_cheapest;
static void try_all(int chunk, int *plan, int64_t cost, int64_t bytes, int64_t *cheapest, int64_t *lowest)
{
    if (chunk == chain.chunks) {
        int64_t peak = am_rank_chain_peak(&chain, plan);
        if (peak < *lowest) *lowest = peak;
        if (peak > bytes || cost > *cheapest) return;
        if (cost < *cheapest || peak < peak_of_cheapest) peak_of_cheapest = peak;
        *cheapest = cost;
        return;
    }
    for (plan[chunk] = 0; plan[chunk] < chain.plans[chunk]; plan[chunk]++)
        try_all(chunk + 1, plan, cost + chain.plan[chunk][plan[chunk]].cost, bytes, cheapest, lowest);
}

START_TEST(equals_brute_force)
{
    state = (uint64_t)_i + 1;
    for (int round = 0; round < 60; round++) {
        static const int64_t ranges[] = {3, 20, 1000, (int64_t)1 << 40};
        int plan[AM_MAX_CHUNKS] = {0};
        am_config config = draw_schedule(draw(2) ? AM_INTERLEAVED : draw(2) ? AM_LOOPED_BFS : AM_1F1B);
        ck_assert(am_rank_moments(&chain, &config, draw(config.pp)));
        chain.base = draw(10);
        draw_plans(chain.chunks, ranges[draw(4)]);
        int64_t none = INT64_MAX, lowest = INT64_MAX, high = 0;
        try_all(0, plan, 0, -1, &none, &lowest);
        ck_assert_int_eq(am_rank_lowest(&chain), lowest);
        ck_assert_int_eq(am_rank_chain_peak(&chain, chain.best), lowest);
        for (int i = 0; i < chain.chunks; i++) plan[i] = 0;
        high = am_rank_chain_peak(&chain, plan);
        for (int i = 0; i < 6; i++) {
            int64_t bytes = lowest - 1 + (high - lowest + 2) * i / 5, cheapest = INT64_MAX, low = INT64_MAX;
            try_all(0, plan, 0, bytes, &cheapest, &low);
            bool found = am_rank_search(&chain, bytes);
            ck_assert(chain.complete);
            ck_assert_int_eq(found, cheapest < INT64_MAX);
            if (!found) continue;
            ck_assert_int_eq(chain.cost, cheapest);
            ck_assert_int_le(am_rank_chain_peak(&chain, chain.best), bytes);
            am_rank_lower(&chain);
            ck_assert(chain.complete && chain.lowered);
            ck_assert_int_eq(chain.cost, cheapest);
            ck_assert_int_eq(am_rank_chain_peak(&chain, chain.best), peak_of_cheapest);
        }
    }
}
END_TEST

/* A search that ends early finds a plan that fits, and says that a cheaper one may be there. */
START_TEST(stopped_early)
{
    int dearer = 0;
    state = 1;
    for (int round = 0; round < 40; round++) {
        int plan[AM_MAX_CHUNKS] = {0};
        am_config config = {.schedule = AM_INTERLEAVED, .pp = 3, .vpp = 3, .micro_batches = 6, .layers = 9};
        ck_assert(am_rank_moments(&chain, &config, draw(3)));
        chain.base = 0;
        draw_plans(chain.chunks, 1000);
        int64_t lowest = INT64_MAX, none = INT64_MAX;
        try_all(0, plan, 0, -1, &none, &lowest);
        for (int64_t limit = 1; limit <= 4096; limit *= 8) {
            int64_t bytes = lowest + lowest / 4, cheapest = INT64_MAX;
            try_all(0, plan, 0, bytes, &cheapest, &lowest);
            chain.limit = limit;
            bool found = am_rank_search(&chain, bytes);
            chain.limit = 0;
            ck_assert_msg(found || !chain.complete, "a plan was missed unsaid");
            if (!found) continue;
            ck_assert_int_le(am_rank_chain_peak(&chain, chain.best), bytes);
            if (chain.complete) ck_assert_int_eq(chain.cost, cheapest);
            dearer += chain.cost > cheapest;
        }
    }
    ck_assert_int_gt(dearer, 0);
}
END_TEST

Suite *test_rank_search_suite(void)
{
    Suite *suite = suite_create("rank_search");
    TCase *tests = tcase_create("rank_search");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, equals_brute_force, 0, 10);
    tcase_add_test(tests, stopped_early);
    suite_add_tcase(suite, tests);
    return suite;
}
