/* map.c: every cell equals the evaluation of its own configuration; axes. */
#include <stdio.h>

#include "fixture.h"
#include "inputs.h"
#include "runs.h"

static am_map map;

/* Marsaglia's xorshift: a number below n. */
static uint32_t state;
static int64_t below(int64_t n)
{
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return (int64_t)(state % (uint32_t)n);
}

static void draw_axis(int64_t *axis, int *count, int most, int64_t step)
{
    *count = 1 + (int)below(most);
    axis[0] = 1 + below(3);
    for (int i = 1; i < *count; i++) axis[i] = axis[i - 1] + 1 + below(step);
}

static void draw_map(const char *text)
{
    expect_fine(text, parse(text));
    ck_assert_msg(am_fit_map(&map, &fixture_workspace, &config, &status) == AM_OK, "%s: %s", text, status.message);
}

static void expect_cells(const char *text)
{
    am_config own = config;
    int seen = 0;
    for (int i = 0; i < map.seqs; i++)
        for (int k = 0; k < map.batches; k++) {
            own.seq = map.seq[i];
            own.batch = map.batch[k];
            am_totals *totals = &fixture_workspace.totals;
            bool refused = am_evaluate_totals(totals, &fixture_workspace, &own, &status) != AM_OK;
            int64_t wanted = refused ? -1 : totals->fit.total;
            seen += !refused;
            ck_assert_msg(map.total[i][k] == wanted, "%s batch=%lld seq=%lld: %lld, not %lld", text, (long long)own.batch,
                          (long long)own.seq, (long long)map.total[i][k], (long long)wanted);
        }
    ck_assert_int_gt(seen, 0);
}

/* Axes at random, small vocabularies and large ones: so that peaks stand in loss, layers, embedding. */
START_TEST(cells)
{
    static const char *const more[] = {"", "vocab=17", "vocab=30000", "checkpoint=full", "checkpoint=save:mm,addmm", "layers=1", "micro_batches=2", "optimizer=none", "allocator=cuda"};
    for (size_t i = 0; i < COUNT(more); i++) {
        char text[320], key[16];
        state = 7 + (uint32_t)(_i * 100) + (uint32_t)i;
        snprintf(key, sizeof key, "%.*s=", (int)strcspn(more[i], "="), more[i]);
        snprintf(text, sizeof text, "%s seq=24", runs[_i]);
        if (*more[i] && strstr(text, key)) { /* one key, one value */
            char *at = strstr(text, key);
            memset(at, ' ', strcspn(at, " "));
        }
        snprintf(text + strlen(text), sizeof text - strlen(text), " %s", more[i]);
        if (parse_and_resolve(text) != AM_OK) continue;
        draw_axis(map.batch, &map.batches, 24, 4);
        draw_axis(map.seq, &map.seqs, 8, 20);
        for (int k = 0; k < map.seqs; k++) map.seq[k] *= 4;
        draw_map(text);
        expect_cells(text);
    }
}
END_TEST

/* What the page asks for, of real models. */
START_TEST(presets)
{
    static const char *const texts[] = {"model=llama-3-8b", "model=gpt2 attention=eager", "model=llama-3-8b checkpoint=full loss=chunked",
                                        "model=mistral-7b seq=2048 trainable=lora", "model=gemma-2-2b",
                                        "model=llama-3-8b stack=megatron checkpoint=full", "model=llama-3-8b allocator=cuda"};
    static const char *const stepwise[] = {"model=llama-3-8b layers=2 stack=torch tp=2 cp=2 allocator=cuda", "model=llama-3-8b layers=2 loss=cut",
                                           "model=llama-3-8b layers=2 stack=megatron-local attention=eager",
                                           "model=llama-3-8b layers=2 stack=megatron tp=2 checkpoint=full distribute_saved=yes allocator=cuda",
                                           "model=mixtral-8x7b layers=2 stack=megatron-local attention=flash ep=2 expert_imbalance=150"};
    for (size_t i = 0; _i == 0 && i < COUNT(stepwise); i++) { /* of which each cell is evaluated */
        map.batches = map.seqs = 0;
        char axes[] = "batch=1..5 seq=256..1024";
        expect_fine(axes, am_map_axes(&map, axes, &status));
        draw_map(stepwise[i]);
        ck_assert_int_eq(map.evaluations, map.batches * map.seqs);
        expect_cells(stepwise[i]);
    }
    map.batches = map.seqs = 0;
    draw_map(texts[_i]);
    ck_assert_int_eq(map.batches, 64);
    ck_assert_int_eq(map.seqs, 64);
    ck_assert_int_lt(map.evaluations, 700);
    int all = map.evaluations;
    expect_cells(texts[_i]);
    ck_assert_int_eq(map.evaluations, all);
}
END_TEST

/* Lengths that peaks change at between the last two cells of a row, so that no line of whole bytes joins these; and a row that ends in
 * cells that are too large. */
START_TEST(ends_of_rows)
{
    static const char *const texts[] = {"family=gpt2 layers=3 hidden=32 heads=4 vocab=500 seq=16 checkpoint=full dtype=fp32",
                                        "family=llama layers=3 hidden=32 heads=4 ffn=48 vocab=900 seq=16 checkpoint=full",
                                        "family=llama layers=2 hidden=64 heads=4 ffn=200 vocab=300 seq=24"};
    enum { MOST = 60 };
    int kinks = 0;
    for (size_t i = 0; i < COUNT(texts); i++) {
        int64_t total[MOST + 3];
        expect_fine(texts[i], parse(texts[i]));
        am_config own = config;
        for (own.batch = 2; own.batch < MOST + 3; own.batch++) {
            ck_assert_int_eq(am_evaluate_totals(&fixture_workspace.totals, &fixture_workspace, &own, &status), AM_OK);
            total[own.batch] = fixture_workspace.totals.fit.total;
        }
        for (int k = 6; k < MOST; k++) {
            if (total[k + 1] - total[k] == total[k] - total[k - 1]) continue;
            map.batches = 5, map.seqs = 1;
            memcpy(map.batch, (const int64_t[]){2, 3, 4, k - 1, k + 2}, 5 * sizeof *map.batch);
            map.seq[0] = own.seq;
            draw_map(texts[i]);
            expect_cells(texts[i]);
            kinks++;
        }
    }
    ck_assert_int_gt(kinks, 0);
    map.batches = 6, map.seqs = 1;
    memcpy(map.batch, (const int64_t[]){2, 3, 4, 5, 8, 1 << 20}, 6 * sizeof *map.batch);
    map.seq[0] = 1 << 20;
    draw_map("model=llama-3-8b");
    ck_assert_int_eq(map.total[0][5], -1);
    expect_cells("model=llama-3-8b");
}
END_TEST

START_TEST(axes)
{
    static const struct {
        const char *text, *rest;
        int batches, seqs;
        int64_t ends[4];
    } table[] = {
        {"batch=1..4 seq=100..500", "batch=1    seq=100     ", 4, 51, {1, 4, 100, 500}},
        {"model=gpt2&batch=8..8&seq=64", "model=gpt2&batch=8   &seq=64", 1, 0, {8, 8, 0, 0}},
        {"seq=512..32768 model=gpt2", "seq=512        model=gpt2", 0, 64, {0, 0, 512, 32768}},
        {"batch=3", "batch=3", 0, 0, {0, 0, 0, 0}},
        {"seq=64 batch=1..2", "seq=64 batch=1   ", 2, 0, {1, 2, 0, 0}},
        {"batch=8 seq=64..512", "batch=8 seq=64     ", 0, 57, {0, 0, 64, 512}},
        {"seqs=1..2 batch:1..2", "seqs=1..2 batch:1..2", 0, 0, {0, 0, 0, 0}},
        {"micro_batches=1 lora_batch=1..2 batch=2..3", "micro_batches=1 lora_batch=1..2 batch=2   ", 2, 0, {2, 3, 0, 0}},
    };
    for (size_t i = 0; i < COUNT(table); i++) {
        char text[64];
        strcpy(text, table[i].text);
        expect_fine(text, am_map_axes(&map, text, &status));
        ck_assert_str_eq(text, table[i].rest);
        ck_assert_int_eq(map.batches, table[i].batches);
        ck_assert_int_eq(map.seqs, table[i].seqs);
        if (map.batches) ck_assert(map.batch[0] == table[i].ends[0] && map.batch[map.batches - 1] == table[i].ends[1]);
        if (map.seqs) ck_assert(map.seq[0] == table[i].ends[2] && map.seq[map.seqs - 1] == table[i].ends[3]);
        for (int k = 1; k < map.seqs; k++) ck_assert_int_gt(map.seq[k], map.seq[k - 1]);
    }
}
END_TEST

START_TEST(refused)
{
    static const struct {
        const char *text, *field, *part;
        am_code code;
    } table[] = {
        {"batch=4..1", "batch", "smaller number first", AM_OUT_OF_RANGE},
        {"batch=0..4", "batch", "from 1", AM_OUT_OF_RANGE},
        {"seq=1..99999999999", "seq", "up to 16777216", AM_OUT_OF_RANGE},
        {"seq=a..9", "seq", "seq=1..64", AM_BAD_VALUE},
        {"seq=1..", "seq", "seq=1..64", AM_BAD_VALUE},
    };
    for (size_t i = 0; i < COUNT(table); i++) {
        char text[64];
        strcpy(text, table[i].text);
        expect_error(text, am_map_axes(&map, text, &status), table[i].code, table[i].field, table[i].part);
    }
    map.batches = map.seqs = 0;
    expect_fine("", parse("model=gpt2 seq=2000"));
    expect_error("", am_fit_map(&map, &fixture_workspace, &config, &status), AM_OUT_OF_RANGE, "seq", "1024");
}
END_TEST

/* As far as the model has positions, and in steps that its ranks can share. */
START_TEST(usual)
{
    map.batches = map.seqs = 0;
    draw_map("model=gpt2");
    ck_assert_int_eq(map.seqs, 64);
    ck_assert_int_eq(map.seq[63], 1024);
    map.batches = map.seqs = 0;
    draw_map("model=llama-3-8b layers=2 seq=1000");
    ck_assert_int_eq(map.seqs, 62);
    for (int i = 0; i < map.seqs; i++) ck_assert_int_eq(map.seq[i], 64 * (i + 1));
    map.batches = map.seqs = 0;
    draw_map("model=gpt3-175b stack=paper tp=8 sp=yes seq=1000");
    for (int i = 0; i < map.seqs; i++) ck_assert(map.seq[i] % 8 == 0 && map.total[i][0] > 0);
    map.batches = map.seqs = 0;
    draw_map("model=gpt2 seq=3");
    ck_assert_int_eq(map.seqs, 12);
    map.batches = map.seqs = 0;
    draw_map("model=llama-3-8b layers=2 stack=torch tp=2 sp=yes cp=2 seq=1000");
    for (int i = 0; i < map.seqs; i++) ck_assert(map.seq[i] % 8 == 0 && map.total[i][0] > 0);
    map.batches = map.seqs = 0;
    draw_map("model=gpt-j-6b layers=1 seq=1024"); /* rotary positions, of a table */
    ck_assert_int_eq(map.seq[map.seqs - 1], 2048);
    map.batches = map.seqs = 0;
    draw_map("family=llama layers=1 hidden=32 heads=2 ffn=48 vocab=64 seq=8388608");
    ck_assert_int_eq(map.seq[map.seqs - 1], 16777216);
    map.batches = map.seqs = 0;
    draw_map("model=gpt2 layers=1 seq=8 max_positions=100");
    ck_assert_int_eq(map.seq[map.seqs - 1], 32);
}
END_TEST

Suite *test_map_suite(void);
Suite *test_map_suite(void)
{
    Suite *suite = suite_create("map");
    TCase *tests = tcase_create("map");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, cells, 0, (int)COUNT(runs));
    tcase_add_loop_test(tests, presets, 0, 7);
    tcase_add_test(tests, axes);
    tcase_add_test(tests, refused);
    tcase_add_test(tests, usual);
    tcase_add_test(tests, ends_of_rows);
    suite_add_tcase(suite, tests);
    return suite;
}
