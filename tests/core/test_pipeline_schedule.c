/* Schedules, action by action: against the tables of torch's classes and of Megatron-Core, and against closed forms. */
#include "bytes.h"
#include "pipeline_schedule.h"

#include <stdio.h>
#include <string.h>

#include "fixture.h"

static am_pipeline schedule;
static am_flight flight;

/* ---- the recorded tables */

static const struct {
    const char *name, *asks;
} names[] = {
    {"GPipe", "stack=torch schedule=gpipe"},
    {"1F1B", "stack=torch schedule=1f1b"},
    {"Interleaved1F1B", "stack=torch schedule=interleaved"},
    {"InterleavedZeroBubble", "stack=torch schedule=interleaved_zero_bubble"},
    {"LoopedBFS", "stack=torch schedule=looped_bfs"},
    {"ZBVZeroBubble", "stack=torch schedule=zbv"},
    {"DualPipeV", "stack=torch schedule=dualpipev"},
    {"megatron 1F1B", "stack=megatron-local"},
    {"megatron interleaved", "stack=megatron-local"},
};

static const char *asks(const char *name)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i].name, name) == 0) return names[i].asks;
    ck_abort_msg("no schedule %s", name);
    return NULL;
}

static void compare_rank(const char *text, json record, const am_config *config, int rank)
{
    json by_input = json_get(record, "in_flight_by_input_backward"), alive = json_at(json_get(record, "stages_alive"), rank);
    am_chunk chunk[AM_MAX_CHUNKS];
    int chunks = am_rank_chunks(config, rank, chunk), members = 0;
    schedule = am_pipeline_of(config);
    am_pipeline_fly(&flight, &schedule, rank);
    int64_t most = json_int(json_at(json_get(record, "in_flight"), rank));
    ck_assert_msg(flight.most == most, "%s: rank %d: %lld, not %lld", text, rank, (long long)flight.most, (long long)most);
    ck_assert_int_eq(flight.most_by_input, json_is_null(by_input) ? most : json_int(json_at(by_input, rank)));
    for (int i = 0; i < chunks; i++) {
        char stage[8];
        snprintf(stage, sizeof stage, "%d", chunk[i].stage);
        ck_assert_int_eq(chunk[i].alive, flight.alive[i]);
        if (!chunk[i].alive) continue;
        members++;
        ck_assert_msg(json_int(json_get(alive, stage)) == chunk[i].alive, "%s: rank %d, stage %s: %d", text, rank, stage,
                      chunk[i].alive);
    }
    ck_assert_int_eq(json_size(alive), members);
}

static void compare(json record, void *count)
{
    char text[256], name[32];
    int p = (int)json_int(json_get(record, "p")), n = (int)json_int(json_get(record, "n"));
    int v = (int)json_int(json_get(record, "v"));
    json_text(json_get(record, "schedule"), name, sizeof name);
    snprintf(text, sizeof text, "layers=%d hidden=64 heads=4 ffn=128 vocab=96 seq=32 %s pp=%d vpp=%d micro_batches=%d", p * v,
             asks(name), p, v, n);
    am_status status;
    am_config config = am_default_config();
    ck_assert_int_eq(am_config_parse(&config, text, &status), AM_OK);
    am_code code = am_config_resolve(&config, &status);
    ++*(int *)count;
    if (!json_is_null(json_get(record, "refused"))) {
        ck_assert_msg(code == AM_CONFLICT && strcmp(status.field, "micro_batches") == 0, "%s: %s", text, status.message);
        return;
    }
    ck_assert_msg(code == AM_OK, "%s: %s", text, status.message);
    for (int rank = 0; rank < p; rank++) compare_rank(text, record, &config, rank);
}

START_TEST(recorded)
{
    int count = 0;
    json_each(json_load("pipeline.json"), compare, &count);
    ck_assert_int_eq(count, 127);
}
END_TEST

/* ---- closed forms */

/* Of the most in flight by weight and by input parts. each: micro-batches of a round. */
static int64_t closed_form(int64_t r, int64_t each, bool by_input)
{
    int64_t p = schedule.ranks, v = schedule.chunks, n = schedule.micro_batches;
    switch (schedule.kind) {
    case AM_GPIPE: return n;
    case AM_LOOPED_BFS: return n * v;
    case AM_1F1B: return am_smaller(n, p - r);
    case AM_INTERLEAVED: return am_smaller(n * v, 2 * (p - r - 1) + (v - 1) * each + 1);
    case AM_INTERLEAVED_ZERO_BUBBLE: return am_smaller(n * v, (v - 1) * each + p - (by_input ? r : 0));
    case AM_ZBV: return am_smaller(am_smaller(2 * p, 2 * n), n + 1 + r);
    default: return 2 * p + 1;
    }
}

static uint32_t seed = 1;
static int64_t draw(int64_t first, int64_t last)
{
    seed = seed * 1664525 + 1013904223;
    return first + (int64_t)(seed >> 8) % (last - first + 1);
}

/* A schedule that its own code takes. Returns the micro-batches of a round. */
static int64_t draw_schedule(int64_t kind)
{
    bool one = kind == AM_GPIPE || kind == AM_1F1B;
    schedule = (am_pipeline){kind, draw(2, 17), one ? 1 : am_pipeline_is_v(kind) ? 2 : draw(2, 7), draw(1, 90)};
    int64_t p = schedule.ranks;
    if (kind == AM_DUALPIPEV && schedule.micro_batches < 2 * p) schedule.micro_batches += 2 * p;
    int64_t rounds = schedule.micro_batches / p > 1 ? schedule.micro_batches / p : 1;
    schedule.micro_batches -= schedule.micro_batches % rounds; /* never below rounds · p */
    return schedule.micro_batches / rounds;
}

static void check_rank(int64_t rank, int64_t each)
{
    am_pipeline_fly(&flight, &schedule, rank);
    ck_assert_msg(flight.most == closed_form(rank, each, false), "schedule %lld, p=%lld n=%lld v=%lld rank %lld: %lld",
                  (long long)schedule.kind, (long long)schedule.ranks, (long long)schedule.micro_batches,
                  (long long)schedule.chunks, (long long)rank, (long long)flight.most);
    if (schedule.kind == AM_INTERLEAVED_ZERO_BUBBLE)
        ck_assert_int_eq(flight.most_by_input, closed_form(rank, each, true));
}

/* What stands for many micro-batches: the same as all of them. */
static void check_shortened(int64_t rank)
{
    am_config config = {.schedule = schedule.kind, .pp = schedule.ranks, .vpp = schedule.chunks, .micro_batches = schedule.micro_batches};
    const am_pipeline few = am_pipeline_of(&config);
    am_flight short_flight;
    am_pipeline_fly(&short_flight, &few, rank);
    ck_assert_int_eq(short_flight.most, flight.most);
    ck_assert_int_eq(short_flight.most_by_input, flight.most_by_input);
    ck_assert_mem_eq(short_flight.alive, flight.alive, sizeof flight.alive);
}

START_TEST(closed_forms)
{
    for (int i = 0; i < 60; i++) {
        int64_t each = draw_schedule(_i);
        for (int64_t rank = 0; rank < schedule.ranks; rank++) {
            check_rank(rank, each);
            check_shortened(rank);
        }
    }
}
END_TEST

/* Megatron's factor 1 + (p - 1)/(p v) on the layers of the first rank, with micro-batches enough. */
START_TEST(interleaved_factor)
{
    for (int64_t p = 2; p < 20; p++)
        for (int64_t v = 2; v < 6; v++) {
            schedule = (am_pipeline){AM_INTERLEAVED, p, v, 2 * p};
            am_pipeline_fly(&flight, &schedule, 0);
            int64_t layers = 3 * p * v;
            ck_assert_int_eq(flight.most * 3 * p * v, layers * (p * v + p - 1));
        }
}
END_TEST

/* ---- what every schedule does */

typedef struct tally {
    int64_t done[4][AM_MAX_CHUNKS];
} tally;

static void note(void *context, am_pipeline_action action, int chunk, int64_t times)
{
    tally *own = context;
    own->done[action][chunk] += times;
    int64_t forward = own->done[AM_ACT_FORWARD][chunk], input = own->done[AM_ACT_INPUT][chunk];
    int64_t full = own->done[AM_ACT_BACKWARD][chunk];
    ck_assert_int_ge(forward, input + full);
    ck_assert_int_ge(input, own->done[AM_ACT_WEIGHT][chunk]);
}

START_TEST(every_micro_batch)
{
    for (int i = 0; i < 60; i++) {
        draw_schedule(_i);
        for (int64_t rank = 0; rank < schedule.ranks; rank++) {
            tally own = {0};
            am_pipeline_play(&schedule, rank, note, &own);
            for (int chunk = 0; chunk < schedule.chunks; chunk++) {
                int64_t input = own.done[AM_ACT_INPUT][chunk];
                ck_assert_int_eq(own.done[AM_ACT_FORWARD][chunk], schedule.micro_batches);
                ck_assert_int_eq(own.done[AM_ACT_BACKWARD][chunk] + input, schedule.micro_batches);
                ck_assert_int_eq(own.done[AM_ACT_WEIGHT][chunk], input);
            }
        }
    }
}
END_TEST

/* The chunks of all ranks are the model's stages, each once. */
START_TEST(stages)
{
    draw_schedule(_i);
    bool seen[17 * 7] = {false};
    for (int64_t rank = 0; rank < schedule.ranks; rank++)
        for (int chunk = 0; chunk < schedule.chunks; chunk++) {
            int64_t stage = am_pipeline_stage(&schedule, rank, chunk);
            ck_assert_int_ge(stage, 0);
            ck_assert_int_lt(stage, schedule.ranks * schedule.chunks);
            ck_assert(!seen[stage]);
            seen[stage] = true;
        }
}
END_TEST

Suite *test_pipeline_schedule_suite(void);
Suite *test_pipeline_schedule_suite(void)
{
    Suite *suite = suite_create("pipeline_schedule");
    TCase *tests = tcase_create("pipeline_schedule");
    tcase_add_test(tests, recorded);
    tcase_add_loop_test(tests, closed_forms, AM_GPIPE, AM_DUALPIPEV + 1);
    tcase_add_test(tests, interleaved_factor);
    tcase_add_loop_test(tests, every_micro_batch, AM_GPIPE, AM_DUALPIPEV + 1);
    tcase_add_loop_test(tests, stages, AM_GPIPE, AM_DUALPIPEV + 1);
    suite_add_tcase(suite, tests);
    return suite;
}
