/* Ranks of pipelines: chunks in flight (reference values written out by hand; test_schedule.c has the recorded tables), and the
 * schedule on bytes against the same played one action at a time. */
#include <stdio.h>
#include <string.h>

#include "bytes.h"
#include "pipelines.h"
#include "fixture.h"
#include "pipeline_schedule.h"
#include "writer.h"

static const am_report *evaluate(const char *text)
{
    am_status status;
    am_config config = config_of(text);
    ck_assert_msg(am_evaluate(&fixture_report, &fixture_workspace, &config, &status) == AM_OK, "%s: %s", text, status.message);
    return &fixture_report;
}

static const struct {
    int stages, chunks;
    int64_t in_flight[8];
} table[] = {
    {1, 1, {1}},
    {2, 1, {2, 1}},
    {4, 1, {4, 3, 2, 1}},
    {8, 1, {8, 7, 6, 5, 4, 3, 2, 1}},
    /* 2(p - r - 1) + (v - 1)p + 1, each of 1/v of a stage's layers */
    {2, 2, {5, 3}},
    {4, 2, {11, 9, 7, 5}},
    {4, 3, {15, 13, 11, 9}},
};

START_TEST(in_flight)
{
    char text[256];
    snprintf(text, sizeof text,
             "stack=paper attention=eager family=gpt2 activation=gelu layers=24 hidden=64 heads=4 vocab=256 seq=32 "
             "pp=%d vpp=%d",
             table[_i].stages, table[_i].chunks);
    am_status status;
    am_config config = config_of(text);
    ck_assert_int_eq(am_evaluate(&fixture_report, &fixture_workspace, &config, &status), AM_OK);
    ck_assert_int_eq(fixture_report.ranks, table[_i].stages);
    for (int rank = 0; rank < table[_i].stages; rank++) {
        ck_assert_int_eq(fixture_report.rank[rank].rank, rank);
        ck_assert_int_eq(fixture_report.rank[rank].in_flight, table[_i].in_flight[rank]);
        ck_assert_int_eq(fixture_report.rank[rank].layers, 24 / table[_i].stages);
    }
}
END_TEST

/* A middle stage holds layers alone; the last one has the head and the loss too. */
START_TEST(bytes_by_hand)
{
    am_status status;
    am_config config = config_of(
        "stack=paper attention=eager family=gpt2 activation=gelu layers=24 hidden=64 heads=4 vocab=256 seq=32 pp=4");
    ck_assert_int_eq(am_evaluate(&fixture_report, &fixture_workspace, &config, &status), AM_OK);
    int64_t layer = fixture_report.kind[0].bytes, sbh = 32 * 64;
    ck_assert_int_eq(fixture_report.rank[0].saved_bytes, 4 * 6 * layer + 4 * sbh);
    ck_assert_int_eq(fixture_report.rank[1].saved_bytes, 3 * 6 * layer);
    ck_assert_int_eq(fixture_report.rank[3].saved_bytes, 6 * layer + 4 * sbh + 4 * 32 * 256);
}
END_TEST

/* ---- chunks */

/* Chunks cover the layers in the model's order, and their numbers in flight are the rank's. */
START_TEST(chunks_of_ranks)
{
    const am_report *report = evaluate(pipelines[_i]);
    int owner[AM_MAX_STAGES], stages = (int)(report->config.pp * report->config.vpp), next = 0;
    for (int i = 0; i < report->ranks; i++) {
        int64_t alive = 0;
        for (int j = 0; j < report->rank[i].chunks; j++) {
            const am_chunk *chunk = &report->chunk[report->rank[i].first_chunk + j];
            owner[chunk->stage] = report->rank[i].first_chunk + j;
            alive += chunk->alive;
            ck_assert_int_eq(chunk->embedding, chunk->stage == 0);
            ck_assert_int_eq(chunk->head, chunk->stage == stages - 1);
        }
        ck_assert_int_eq(alive, report->rank[i].in_flight);
    }
    for (int i = 0; i < stages; i++) {
        ck_assert_int_eq(report->chunk[owner[i]].first_layer, next);
        next += report->chunk[owner[i]].layers;
    }
    ck_assert_int_eq(next, report->config.layers);
}
END_TEST

/* Section 4.3 of the paper: 2sbh for each output that is let go, 2.73 GiB of MT-NLG 530B's first stage. */
START_TEST(deallocated)
{
    const am_report *report = evaluate("model=mt-nlg-530b stack=paper attention=eager seq=2048 batch=1 pp=35");
    char gib[16];
    for (int64_t i = 0; i < 35; i++)
        ck_assert_int_eq(report->rank[i].deallocated, i < 34 ? 2 * 2048 * 20480 * (35 - i) : 0);
    snprintf(gib, sizeof gib, "%.2f", (double)report->rank[0].deallocated / 1073741824.0);
    ck_assert_str_eq(gib, "2.73");
}
END_TEST

/* Reference 1.3: each of the first stage's layers with the paper's factor, 1 + (p - 1)/(p v). */
START_TEST(interleaved_bytes)
{
    const am_report *report = evaluate("model=gpt3-175b stack=paper attention=eager seq=2048 batch=1 pp=8 vpp=3 tp=8 micro_batches=64");
    const am_rank *rank = &report->rank[0];
    ck_assert_int_eq(rank->in_flight * 4 * 8 * 3, 96 * (8 * 3 + 8 - 1));
    ck_assert_int_eq(rank->layers, 12);
}
END_TEST

/* ---- the schedule on bytes, one micro-batch after the other */

typedef struct naive {
    const am_stage *stage[AM_MAX_CHUNKS];
    int64_t alive[AM_MAX_CHUNKS], waiting[AM_MAX_CHUNKS], chunks, lasting, saved, after, forward, backward, peak;
    bool learned[AM_MAX_CHUNKS];
} naive;

static int64_t live(const naive *own)
{
    int64_t bytes = own->lasting;
    for (int i = 0; i < own->chunks; i++) bytes += own->alive[i] * own->stage[i]->kept + own->waiting[i] * own->stage[i]->waiting;
    return bytes;
}

static int64_t gradients(const naive *own)
{
    int64_t bytes = 0;
    for (int i = 0; i < own->chunks; i++) bytes += own->learned[i] ? own->stage[i]->gradients : 0;
    return bytes;
}

static void act(naive *own, am_pipeline_action action, int chunk)
{
    const am_stage *stage = own->stage[chunk];
    if (action == AM_ACT_FORWARD) {
        own->forward = am_larger(own->forward, live(own) + stage->forward);
        own->peak = am_larger(own->peak, live(own) + stage->forward + gradients(own));
        own->alive[chunk]++;
    }
    bool learns = action == AM_ACT_BACKWARD || action == AM_ACT_WEIGHT, makes = learns && !own->learned[chunk];
    int64_t peak = action == AM_ACT_INPUT ? stage->input : action == AM_ACT_WEIGHT ? stage->weights : stage->backward;
    int64_t first = action == AM_ACT_BACKWARD || !stage->received ? stage->step : stage->weights + stage->gradients;
    if (action == AM_ACT_WEIGHT) own->waiting[chunk]--;
    if (action != AM_ACT_FORWARD) {
        if (action != AM_ACT_WEIGHT) own->alive[chunk]--;
        own->backward = am_larger(own->backward, live(own) + peak);
        own->peak = am_larger(own->peak, live(own) + gradients(own) + (makes ? first : peak));
        own->learned[chunk] |= learns;
        if (action == AM_ACT_INPUT) own->waiting[chunk]++;
    }
    int64_t saved = 0;
    for (int i = 0; i < own->chunks; i++) saved += (own->alive[i] + own->waiting[i]) * own->stage[i]->saved + own->stage[i]->saved_lasting;
    own->saved = am_larger(own->saved, saved);
    own->after = am_larger(own->after, live(own));
}

static void act_each(void *context, am_pipeline_action action, int chunk, int64_t times)
{
    for (int64_t i = 0; i < times; i++) act(context, action, chunk);
}

static uint32_t seed = 7;
static int64_t draw(int64_t first, int64_t last)
{
    seed = seed * 1664525 + 1013904223;
    return first + (int64_t)(seed >> 8) % (last - first + 1);
}

static am_stage draw_stage(bool received, bool sent, int64_t layers)
{
    am_stage stage = {.received = received, .sent = sent, .layers = layers};
    stage.saved = draw(1, 1000);
    stage.kept = stage.saved + draw(0, 300);
    stage.forward = stage.kept + draw(0, 500);
    stage.backward = stage.kept + draw(0, 900);
    stage.step = stage.backward + draw(0, 400);
    stage.input = stage.backward + draw(0, 600);
    stage.waiting = stage.kept + draw(0, 500);
    stage.weights = stage.waiting + draw(0, 100);
    stage.scratch = draw(0, 1) * 64;
    stage.lasting = stage.scratch + draw(0, 40);
    stage.saved_lasting = draw(0, stage.lasting - stage.scratch);
    stage.gradients = draw(0, 2000);
    return stage;
}

/* Chunks of as many kinds as there are, and so many micro-batches that few stand for them. */
START_TEST(bytes_of_schedules)
{
    bool one = _i == AM_GPIPE || _i == AM_1F1B;
    for (int round = 0; round < 40; round++) {
        int64_t p = draw(2, 6), v = one ? 1 : am_pipeline_is_v(_i) ? 2 : draw(2, 3);
        am_config config = {.schedule = _i, .pp = p, .vpp = v, .micro_batches = p * draw(2, 12), .layers = p * v * (p * v + 1) / 2};
        am_writer list = am_writer_of(config.stage_layers, sizeof config.stage_layers);
        am_stage stage[18];
        for (int64_t i = 0; i < p * v; i++) {
            if (i) am_write_char(&list, ',');
            am_write_int(&list, i + 1);
            stage[i] = draw_stage(i > 0, i < p * v - 1, i + 1);
        }
        am_writer_end(&list);
        for (int64_t r = 0; r < p; r++) {
            const am_pipeline all = {_i, p, v, config.micro_batches};
            naive own = {.chunks = v};
            int64_t scratch = 0;
            for (int i = 0; i < v; i++) {
                own.stage[i] = &stage[am_pipeline_stage(&all, r, i)];
                own.lasting += own.stage[i]->lasting - own.stage[i]->scratch;
                scratch = am_larger(scratch, own.stage[i]->scratch);
            }
            own.lasting += scratch;
            am_pipeline_play(&all, r, act_each, &own);
            am_rank rank = {.rank = r};
            ck_assert_int_eq(am_rank_play(&rank, &config, own.stage), AM_OK);
            ck_assert_int_eq(rank.saved_bytes, own.saved);
            ck_assert_int_eq(rank.after_forward, own.after);
            ck_assert_int_eq(rank.forward_peak, own.forward);
            ck_assert_int_eq(rank.backward_peak, own.backward);
            ck_assert_int_eq(rank.peak_bytes, own.peak);
        }
    }
}
END_TEST

/* Beyond 2^53 bytes there is no figure. */
START_TEST(too_many)
{
    am_config config = {.schedule = AM_GPIPE, .pp = 2, .vpp = 1, .micro_batches = 1048576, .layers = 2};
    am_stage stage[2] = {{.sent = true, .layers = 1, .kept = AM_MAX_BYTES / 1048576 + 1}, {.received = true, .layers = 1}};
    const am_stage *own[] = {&stage[0]};
    am_rank rank = {0};
    ck_assert_int_eq(am_rank_play(&rank, &config, own), AM_TOO_LARGE);
    stage[0].kept = 0; /* nor of what is let go of */
    ck_assert_int_eq(am_rank_play(&rank, &config, own), AM_OK);
    stage[0].output = AM_MAX_BYTES / 1048576 + 1;
    ck_assert_int_eq(am_rank_play(&rank, &config, own), AM_TOO_LARGE);
}
END_TEST

Suite *test_pipeline_suite(void)
{
    Suite *suite = suite_create("pipeline");
    TCase *tests = tcase_create("pipeline");
    tcase_add_loop_test(tests, in_flight, 0, (int)(sizeof table / sizeof *table));
    tcase_add_test(tests, bytes_by_hand);
    tcase_add_loop_test(tests, chunks_of_ranks, 0, 5);
    tcase_add_test(tests, deallocated);
    tcase_add_test(tests, interleaved_bytes);
    tcase_add_loop_test(tests, bytes_of_schedules, AM_GPIPE, AM_DUALPIPEV + 1);
    tcase_add_test(tests, too_many);
    suite_add_tcase(suite, tests);
    return suite;
}
