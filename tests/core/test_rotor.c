/* rotor.c: the reference's vectors, every schedule simulated, and random chains against all that a schedule could do. */
#include "bytes.h"
#include "schedule.h"

#include <check.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static am_rotor rotor;
static am_schedule schedule;
static am_rotor_stage chain[AM_MAX_CHAIN + 1];

/* Layers of 34sbh with a checkpoint of 2sbh, in units of that. */
static void uniform(int stages)
{
    for (int i = 0; i <= stages; i++)
        chain[i] = (am_rotor_stage){.forward_time = 1, .backward_time = 2, .output = 1, .saved = 17, .gradient = 1};
}

static const struct {
    int stages, budget;
    int64_t time; /* 0: there is no schedule */
} vectors[] = {
    {32, 19, 0},    {32, 20, 592},  {32, 21, 236},  {32, 22, 189},  {32, 23, 171}, {32, 24, 164}, {32, 26, 151},
    {32, 30, 147},  {32, 36, 140},  {32, 42, 128},  {32, 43, 127},  {32, 51, 126}, {32, 63, 125}, {32, 109, 122},
    {32, 208, 116}, {32, 275, 112}, {32, 377, 106}, {32, 496, 99},  {32, 545, 97}, {32, 546, 96}, {8, 20, 52},
    {8, 21, 38},    {8, 22, 35},    {8, 25, 32},    {8, 26, 31},    {8, 39, 30},   {8, 55, 29},   {8, 71, 28},
    {8, 88, 27},    {8, 105, 26},   {8, 122, 25},   {8, 137, 25},   {8, 138, 24},  {16, 20, 168}, {16, 21, 93},
    {16, 24, 73},   {16, 33, 64},   {16, 34, 63},   {16, 43, 62},   {16, 139, 56}, {16, 274, 48},
};

START_TEST(vector)
{
    uniform(vectors[_i].stages);
    ck_assert(am_rotor_solve(&rotor, vectors[_i].stages, chain, vectors[_i].budget));
    ck_assert(rotor.exact);
    ck_assert_int_eq(am_rotor_time(&rotor, rotor.slots), vectors[_i].time ? vectors[_i].time : AM_ROTOR_NEVER);
}
END_TEST

/* Plays the schedule: after the backward of a stage goes what it kept, its input and its output's gradient. */
static int64_t simulate(int stages, int64_t *time)
{
    static bool stored[AM_MAX_CHAIN + 2], taken[AM_MAX_CHAIN + 2];
    int at_hand = 0, pending = stages; /* the stage whose output's gradient is there */
    int64_t live = chain[stages].gradient, peak = live;
    memset(stored, 0, sizeof stored);
    memset(taken, 0, sizeof taken);
    *time = 0;
    for (int i = 0; i < schedule.count; i++) {
        am_action action = schedule.action[i];
        int stage = action.first + 1; /* the one that takes this state */
        const am_rotor_stage *own = &chain[stage];
        if (action.kind != AM_BACK) ck_assert(at_hand == action.first || stored[action.first]);
        switch (action.kind) {
        case AM_STORE: stored[action.first] = true; break;
        case AM_ADVANCE:
            for (int k = stage; k <= action.end; k++) {
                peak = am_larger(peak, live + chain[k].output + chain[k].advancing);
                live += chain[k].output;
                bool drops = k > stage; /* what is stored is still there; so is the input of a stage that was taken */
                if (drops) live -= chain[k - 1].output;
                *time += chain[k].forward_time;
            }
            at_hand = action.end;
            break;
        case AM_TAKE:
            peak = am_larger(peak, live + own->saved + own->taking);
            live += own->saved;
            taken[stage] = true;
            *time += own->forward_time;
            at_hand = stage;
            break;
        default:
            ck_assert(taken[stage]);
            ck_assert_int_eq(stage, pending);
            peak = am_larger(peak, live + chain[stage - 1].gradient + own->backward);
            live += chain[stage - 1].gradient - own->gradient - own->saved;
            /* its input goes too, unless what the stage before kept holds it */
            if (stage > 1 && !taken[stage - 1]) live -= chain[stage - 1].output;
            stored[stage - 1] = false;
            *time += own->backward_time;
            pending--;
        }
    }
    ck_assert_int_eq(pending, 0);
    ck_assert_int_eq(live, chain[0].gradient);
    return peak;
}

/* Each budget's schedule takes the table's time and stays within it. */
static void check_all(int stages, int most)
{
    ck_assert(am_rotor_solve(&rotor, stages, chain, most));
    ck_assert(rotor.exact);
    for (int budget = 0; budget * rotor.unit <= most; budget++) {
        int64_t wanted = am_rotor_time(&rotor, budget), time;
        am_rotor_schedule(&rotor, budget, &schedule);
        if (wanted == AM_ROTOR_NEVER) {
            ck_assert_int_eq(schedule.count, 0);
            continue;
        }
        int64_t peak = simulate(stages, &time);
        ck_assert_int_eq(time, wanted);
        ck_assert_int_le(peak, budget * rotor.unit);
    }
}

START_TEST(schedules_keep_their_word)
{
    static const int stages[] = {1, 2, 3, 8, 16, 32};
    for (size_t i = 0; i < COUNT(stages); i++) {
        uniform(stages[i]);
        check_all(stages[i], 18 * stages[i]);
    }
}
END_TEST

static uint32_t seed = 1;

static int below(int n)
{
    seed = seed * 1664525u + 1013904223u;
    return (int)((seed >> 8) % (uint32_t)n);
}

static void draw(int stages)
{
    for (int i = 0; i <= stages; i++) {
        int64_t output = 1 + below(3);
        chain[i] = (am_rotor_stage){1 + below(4), 1 + below(4), output, output + below(5), 1 + below(3),
                              below(3),     below(3),     below(3)};
    }
}

/* The least time over all persistent schedules: tries every way to begin each stretch, with every amount of memory by
 * itself, and without a table. */
static int64_t try_all(int first, int last, int64_t memory)
{
    const am_rotor_stage *own = &chain[first];
    int64_t best = AM_ROTOR_NEVER, ends = chain[last].gradient;
    if (ends + own->saved + own->taking <= memory &&
        own->gradient + own[-1].gradient + own->saved + own->backward <= memory) {
        int64_t rest = first == last ? 0 : try_all(first + 1, last, memory - own->saved);
        if (rest != AM_ROTOR_NEVER) best = own->forward_time + own->backward_time + rest;
    }
    int64_t advance = 0, most = ends + own->output + own->advancing;
    for (int i = first + 1; i < last; i++)
        most = am_larger(most, ends + chain[i - 1].output + chain[i].output + chain[i].advancing);
    for (int next = first + 1; next <= last && most <= memory; next++) {
        advance += chain[next - 1].forward_time;
        int64_t behind = try_all(next, last, memory - chain[next - 1].output);
        if (behind == AM_ROTOR_NEVER) continue;
        int64_t before = try_all(first, next - 1, memory);
        if (before != AM_ROTOR_NEVER && behind + before + advance < best) best = behind + before + advance;
    }
    return best;
}

START_TEST(random_chains)
{
    for (int round = 0; round < 60; round++) {
        int stages = 1 + below(6);
        draw(stages);
        for (int budget = 0; budget <= 40; budget++) {
            ck_assert(am_rotor_solve(&rotor, stages, chain, budget));
            int64_t wanted = try_all(1, stages, budget / rotor.unit * rotor.unit);
            ck_assert_int_eq(am_rotor_time(&rotor, rotor.slots), wanted);
        }
        check_all(stages, 60);
    }
}
END_TEST

/* Stages that repeat share rows: the same figures as where they are told apart by a time that changes nothing. */
START_TEST(periods)
{
    static int64_t plain[AM_ROTOR_SLOTS];
    for (int round = 0; round < 40; round++) {
        int stages = 9 + below(14), period = 1 + below(3), first = 1 + below(3), end = stages - below(3);
        draw(stages);
        for (int i = first + period; i <= end; i++) chain[i] = chain[i - period];
        ck_assert(am_rotor_solve(&rotor, stages, chain, 90));
        int slots = rotor.slots;
        ck_assert_int_lt(rotor.period, stages);
        for (int i = 0; i <= slots; i++) plain[i] = am_rotor_time(&rotor, i);
        check_all(stages, 90);
        for (int i = 0; i <= stages; i++) { /* every stage's times are times 1000, and one of them more */
            chain[i].forward_time *= 1000;
            chain[i].backward_time = chain[i].backward_time * 1000 + i;
        }
        ck_assert(am_rotor_solve(&rotor, stages, chain, 90));
        ck_assert_int_eq(rotor.last, 0);
        for (int i = 0; i <= slots; i++) {
            int64_t apart = am_rotor_time(&rotor, i);
            if (plain[i] == AM_ROTOR_NEVER)
                ck_assert_int_eq(apart, AM_ROTOR_NEVER);
            else
                ck_assert_int_eq((apart - stages * (stages + 1) / 2) / 1000, plain[i]);
        }
    }
}
END_TEST

/* Stages without a size: nothing need run again. More memory than the table is for is as much as that. */
START_TEST(ends)
{
    static am_schedule other;
    memset(chain, 0, 9 * sizeof *chain);
    for (int i = 1; i <= 8; i++) chain[i].forward_time = chain[i].backward_time = 1;
    ck_assert(am_rotor_solve(&rotor, 8, chain, 0));
    ck_assert(rotor.exact);
    ck_assert_int_eq(rotor.unit, 1);
    ck_assert_int_eq(am_rotor_time(&rotor, 0), 16);
    uniform(16);
    ck_assert(am_rotor_solve(&rotor, 16, chain, 34));
    am_rotor_schedule(&rotor, rotor.slots, &schedule);
    am_rotor_schedule(&rotor, 1000, &other);
    ck_assert_int_eq(other.count, schedule.count);
    for (int i = 0; i < other.count; i++) {
        ck_assert_int_eq(other.action[i].kind, schedule.action[i].kind);
        ck_assert_int_eq(other.action[i].first, schedule.action[i].first);
        ck_assert_int_eq(other.action[i].end, schedule.action[i].end);
    }
}
END_TEST

/* Where sizes have no unit in common, budgets are rounded down and sizes up: a schedule never exceeds its budget. */
START_TEST(rounded)
{
    static const int64_t budgets[] = {2000003, 5000011, 30000001, 64000000};
    int64_t before = AM_ROTOR_NEVER, time;
    for (size_t i = 0; i < COUNT(budgets); i++) {
        uniform(32);
        for (int j = 0; j <= 32; j++) {
            chain[j].output = 100003;
            chain[j].saved = 1700021;
            chain[j].gradient = 100003;
        }
        ck_assert(am_rotor_solve(&rotor, 32, chain, budgets[i]));
        ck_assert(!rotor.exact);
        ck_assert_int_le(rotor.slots * rotor.unit, budgets[i]);
        am_rotor_schedule(&rotor, rotor.slots, &schedule);
        ck_assert_int_le(am_rotor_time(&rotor, rotor.slots), before);
        before = am_rotor_time(&rotor, rotor.slots);
        if (before == AM_ROTOR_NEVER) continue;
        ck_assert_int_le(simulate(32, &time), budgets[i]);
        ck_assert_int_eq(time, before);
    }
    ck_assert_int_eq(before, 96);
}
END_TEST

START_TEST(long_chains)
{
    int64_t time;
    uniform(AM_MAX_CHAIN);
    ck_assert(am_rotor_solve(&rotor, AM_MAX_CHAIN, chain, 40));
    am_rotor_schedule(&rotor, rotor.slots, &schedule);
    ck_assert_int_lt(schedule.count, AM_MAX_ACTIONS);
    ck_assert_int_le(simulate(AM_MAX_CHAIN, &time), 40);
    ck_assert(!am_rotor_solve(&rotor, AM_MAX_CHAIN + 1, chain, 40));
    ck_assert(!am_rotor_solve(&rotor, 0, chain, 40));
    draw(AM_MAX_CHAIN); /* no two stretches are alike: more rows than the table has */
    ck_assert(!am_rotor_solve(&rotor, AM_MAX_CHAIN, chain, 40));
}
END_TEST

Suite *test_rotor_suite(void)
{
    Suite *suite = suite_create("rotor");
    TCase *tests = tcase_create("rotor");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, vector, 0, (int)COUNT(vectors));
    tcase_add_test(tests, schedules_keep_their_word);
    tcase_add_test(tests, random_chains);
    tcase_add_test(tests, periods);
    tcase_add_test(tests, rounded);
    tcase_add_test(tests, ends);
    tcase_add_test(tests, long_chains);
    suite_add_tcase(suite, tests);
    return suite;
}
