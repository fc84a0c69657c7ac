/* Fronts against all plans that are merged into them: random ones, of few values so that many are equal, or of many. */
#include "front.h"

#include "inputs.h"

enum { MOST = 24 };
#define MARK 0x1000000u /* of plans of the layers behind */

/* A repeatable draw from 0 to below n. */
static uint64_t state;
static int64_t draw(int64_t n)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (int64_t)(state >> 33) % n;
}

static am_front_space spaces[3];

static am_front front_in(am_front_space *own)
{
    return (am_front){0, own->peak, own->rest, own->cost, own->node};
}

/* Peaks rise, and costs fall: with rests only among those that leave no more. */
static am_front draw_front(am_front_space *own, int most, int64_t range, bool rests)
{
    am_front front = front_in(own);
    int64_t peak = draw(range), cost = MOST * range;
    for (int count = (int)draw(most); front.count < count; front.count++) {
        front.peak[front.count] = peak;
        front.rest[front.count] = rests ? draw(range) : 0;
        front.cost[front.count] = rests ? draw(range) : cost;
        front.node[front.count] = (uint32_t)front.count;
        peak += rests ? draw(range) : 1 + draw(range);
        cost -= 1 + draw(range);
    }
    return front;
}

typedef struct plan {
    int64_t peak, rest, cost;
} plan;

static plan plan_at(const am_front *front, int i)
{
    return (plan){front->peak[i], front->rest[i], front->cost[i]};
}

/* What a choice makes of a plan behind. */
static plan stepped(const am_front *behind, int i, const am_step_over *over)
{
    int64_t peak = over->residue + behind->peak[i], rest = over->rest + behind->rest[i];
    if (peak < over->peak) peak = over->peak;
    if (over->least > INT64_MIN && rest < over->least) rest = over->least;
    if (over->least > INT64_MIN && rest < peak) rest = peak;
    return (plan){peak, rest, over->cost + behind->cost[i]};
}

static bool is_beaten(plan x, const plan *all, int count)
{
    for (int i = 0; i < count; i++) {
        bool good = all[i].peak <= x.peak && all[i].rest <= x.rest && all[i].cost <= x.cost;
        if (good && (all[i].peak < x.peak || all[i].rest < x.rest || all[i].cost < x.cost)) return true;
    }
    return false;
}

static void expect_merged(const am_front *out, const am_front *known, const am_front *behind, const am_step_over *over, bool rests)
{
    plan all[2 * MOST];
    int count = 0;
    for (int i = 0; i < known->count; i++) all[count++] = plan_at(known, i);
    for (int i = 0; i < behind->count; i++) all[count++] = stepped(behind, i, over);
    for (int i = 0; i < out->count; i++) {
        const int node = (int)(out->node[i] & ~MARK);
        const plan own = plan_at(out, i), from = out->node[i] & MARK ? stepped(behind, node, over) : plan_at(known, node);
        ck_assert_int_eq(own.peak, from.peak);
        ck_assert_int_eq(own.cost, from.cost);
        if (rests) ck_assert_int_eq(own.rest, from.rest);
        if (i > 0) ck_assert_int_le(out->peak[i - 1], own.peak);
        if (i > 0 && !rests) ck_assert(out->peak[i - 1] < own.peak && out->cost[i - 1] > own.cost);
    }
    for (int i = 0; i < count; i++) {
        bool there = is_beaten(all[i], all, count);
        for (int j = 0; j < out->count && !there; j++)
            there = out->peak[j] == all[i].peak && out->cost[j] == all[i].cost && (!rests || out->rest[j] == all[i].rest);
        ck_assert_msg(there, "a plan of %d at %d is lost", (int)all[i].cost, (int)all[i].peak);
    }
}

/* What no plan beats is there, and says where it came from. */
START_TEST(merged)
{
    static const int64_t ranges[] = {2, 8, 1000};
    static int64_t rest[AM_MAX_FRONT], cost[AM_MAX_FRONT];
    const bool rests = _i % 3 > 0, whole = _i % 3 == 2; /* whole: the rest is the peak of all */
    state = (uint64_t)_i + 1;
    for (int round = 0; round < 2000; round++) {
        const int64_t range = ranges[draw(3)];
        const am_front known = draw_front(&spaces[0], MOST, range, rests);
        am_front behind = draw_front(&spaces[1], MOST - 1, range, rests), out = front_in(&spaces[2]);
        if (behind.count == 0) behind = draw_front(&spaces[1], 2, range, rests);
        if (behind.count == 0) continue; /* such are left out */
        const am_step_over over = {draw(range), draw(MOST * range), draw(range), rests ? draw(range) : 0, whole ? draw(MOST * range) : INT64_MIN, MARK};
        am_stairs stairs = {0, rest, cost};
        ck_assert(rests ? am_front_merge(&out, &known, &behind, &over, &stairs) : am_front_merge_one(&out, &known, &behind, &over));
        expect_merged(&out, &known, &behind, &over, rests);
    }
}
END_TEST

/* So many plans have room, of which none is as good as another, and one more has none: of those known, or of those behind. */
START_TEST(full)
{
    static int64_t rest[AM_MAX_FRONT], cost[AM_MAX_FRONT];
    for (int more = 0; more < 2; more++)
        for (int known_last = 0; known_last < 2; known_last++)
            for (int rests = 0; rests < 2; rests++) {
                am_front front[2] = {front_in(&spaces[0]), front_in(&spaces[1])}, out = front_in(&spaces[2]);
                for (int i = 0; i < AM_MAX_FRONT + more; i++) {
                    am_front *to = &front[i >= AM_MAX_FRONT - 1 ? !known_last : known_last];
                    to->peak[to->count] = i;
                    to->rest[to->count] = 0;
                    to->node[to->count] = 0;
                    to->cost[to->count++] = 2 * AM_MAX_FRONT - i;
                }
                const am_step_over over = {0, 0, 0, 0, INT64_MIN, MARK};
                am_stairs stairs = {0, rest, cost};
                const bool fits = rests ? am_front_merge(&out, &front[0], &front[1], &over, &stairs) : am_front_merge_one(&out, &front[0], &front[1], &over);
                ck_assert_int_eq(fits, !more);
                if (fits) ck_assert_int_eq(out.count, AM_MAX_FRONT);
            }
}
END_TEST

/* A copy has what stays only where it is asked for. */
START_TEST(copied)
{
    state = 1;
    const am_front from = draw_front(&spaces[0], MOST, 1000, true);
    for (int rests = 0; rests < 2; rests++) {
        am_front out = front_in(&spaces[1]);
        memset(spaces[1].rest, 0, sizeof spaces[1].rest);
        am_front_copy(&out, &from, rests);
        ck_assert_int_eq(out.count, from.count);
        for (int i = 0; i < from.count; i++) {
            ck_assert(out.peak[i] == from.peak[i] && out.cost[i] == from.cost[i] && out.node[i] == from.node[i]);
            ck_assert_int_eq(out.rest[i], rests ? from.rest[i] : 0);
        }
    }
}
END_TEST

Suite *test_front_suite(void)
{
    Suite *suite = suite_create("front");
    TCase *tests = tcase_create("front");
    tcase_add_loop_test(tests, merged, 0, 6);
    tcase_add_test(tests, full);
    tcase_add_test(tests, copied);
    suite_add_tcase(suite, tests);
    return suite;
}
