/* search.c: answers equal what trying every number finds; what the search relies on. */
#include <stdio.h>

#include "fit.h"
#include "fixture.h"
#include "inputs.h"
#include "runs.h"

static int64_t total(const char *text)
{
    am_config own;
    am_totals *totals = &fixture_workspace.totals;
    own = am_default_config();
    if (am_config_parse(&own, text, &status) != AM_OK) return -1;
    return am_evaluate_totals(totals, &fixture_workspace, &own, &status) == AM_OK ? totals->fit.total : -1;
}

static int64_t total_with(const char *run, const char *key, int64_t value)
{
    char text[256];
    snprintf(text, sizeof text, "%s %s=%lld", run, key, (long long)value);
    return total(text);
}

static const am_answer *answer_of(const char *run, const char *more, int64_t memory, int index)
{
    char text[320];
    snprintf(text, sizeof text, "%s %s fit=yes device_memory=%lld", run, more, (long long)memory);
    expect_fine(text, parse(text));
    ck_assert_msg(am_evaluate(&fixture_report, &fixture_workspace, &config, &status) == AM_OK, "%s: %s", text, status.message);
    am_fit_search(&fixture_report, &fixture_workspace, &config);
    ck_assert_int_ge(fixture_report.answers, 3);
    return &fixture_report.answer[index];
}

enum { MOST = 200 };

/* What each number from 1 takes. */
static void write_totals(int64_t totals[MOST + 1], const char *run, const char *key)
{
    for (int i = 1; i <= MOST; i++) totals[i] = total_with(run, key, i);
}

/* One answer of a search against trying every number: the largest that fits, and the next. */
static void expect_best(const am_answer *answer, const int64_t totals[MOST + 1], int64_t memory, const char *run)
{
    int best = 0;
    for (int i = 1; i <= MOST; i++)
        if (totals[i] >= 0 && totals[i] <= memory) best = i;
    if (best > MOST - 40) return; /* or one beyond those that were tried */
    ck_assert_msg(answer->found == (best > 0) && (!best || answer->value == best), "%s %s: %lld, not %d, of %lld", run, answer->id,
                  (long long)answer->value, best, (long long)memory);
    if (!best) return;
    ck_assert_int_eq(answer->total, totals[best]);
    ck_assert_int_eq(answer->next_total < 0 ? -1 : answer->next_total, totals[answer->next]);
}

/* At memories that lie between what neighbours take, at them and just below. */
static void expect_largest(const char *run, const char *fixed, const char *key, int index)
{
    static int64_t totals[MOST + 1];
    char with[256];
    snprintf(with, sizeof with, "%s %s", run, fixed);
    write_totals(totals, with, key);
    for (int at = 3; at < MOST - 40; at += 1 + at / 4)
        for (int less = 0; less < 2 && totals[at] >= 0; less++)
            expect_best(answer_of(run, fixed, totals[at] - less, index), totals, totals[at] - less, with);
}

/* One search gives both answers: each is asked at memories that numbers of the other kind take, too. */
START_TEST(batch_and_seq)
{
    static int64_t batches[MOST + 1], lengths[MOST + 1];
    const char *run = runs[_i];
    char with[2][256];
    snprintf(with[0], sizeof with[0], "%s seq=24", run);
    snprintf(with[1], sizeof with[1], "%s batch=1", run);
    write_totals(batches, with[0], "batch");
    write_totals(lengths, with[1], "seq");
    bool turn = false;
    for (int at = 3; at < MOST - 40; at += 1 + at / 4, turn = !turn)
        for (int less = 0; less < 2; less++) {
            int64_t memory = (turn ? lengths : batches)[at] - less;
            if (memory < 0) continue;
            const am_answer *answer = answer_of(run, "seq=24 batch=1", memory, 0);
            expect_best(&answer[0], batches, memory, with[0]);
            expect_best(&answer[1], lengths, memory, with[1]);
        }
}
END_TEST

/* Of lengths that ranks divide, more than one way. */
START_TEST(divided)
{
    static const char *const ranks[] = {"stack=megatron cp=2 tp=2 sp=yes", "stack=torch cp=2 tp=2 sp=yes", "stack=megatron cp=4",
                                         "stack=torch cp=4 tp=2 sp=yes"};
    char run[160];
    snprintf(run, sizeof run, SMALL "family=llama ffn=176 %s", ranks[_i]);
    expect_largest(run, "batch=1", "seq", 1);
}
END_TEST

/* In parts of which no power of two is a multiple: the first range of lengths holds none that is bisected. */
START_TEST(divided_by_three)
{
    static const char run[] = SMALL "family=llama ffn=176 stack=torch cp=3";
    int64_t totals[41];
    for (int i = 1; i <= 40; i++) totals[i] = total_with(run, "seq", 6 * i);
    for (int i = 1; i <= 39; i += 3) {
        const am_answer *answer = answer_of(run, "seq=96", totals[i], 1);
        ck_assert_int_eq(answer->value, 6 * i);
        ck_assert_int_eq(answer->total, totals[i]);
        ck_assert_int_eq(answer->next, 6 * (i + 1));
        ck_assert_int_eq(answer->next_total, totals[i + 1]);
    }
}
END_TEST

/* What bisection relies on: a first length of its own for each range of Megatron's fused softmax. */
START_TEST(monotone)
{
    const char *run = runs[_i];
    int64_t last = 0;
    for (int64_t size = 8; size <= 120; size += 8) {
        int64_t next = total_with(run, "seq=20 batch", size);
        ck_assert_msg(next < 0 || next >= last, "%s batch=%lld", run, (long long)size);
        if (next >= 0) last = next;
    }
    last = 0;
    for (int64_t length = 8; length <= 640; length += 8) {
        if (length == 24 || length == 136) last = 0;
        int64_t next = total_with(run, "seq", length);
        ck_assert_msg(next < 0 || next >= last, "%s seq=%lld", run, (long long)length);
        if (next >= 0) last = next;
    }
}
END_TEST

START_TEST(gpus)
{
    for (int dp = 1; dp <= 12; dp++) { /* every number of ranks, tried */
        char with[160];
        snprintf(with, sizeof with, "model=gpt2 zero=2 dp=%d", dp);
        int64_t memory = total(with);
        const am_answer *answer = answer_of("model=gpt2 zero=2", "", memory, 2);
        ck_assert(answer->found);
        ck_assert_int_eq(answer->value, dp);
        ck_assert_int_eq(answer->total, memory);
        if (dp > 1) ck_assert_int_eq(answer->next, dp - 1);
        answer = answer_of("model=gpt2 zero=2", "", memory - 1, 2);
        ck_assert_int_gt(answer->value, dp);
    }
}
END_TEST

/* Of every tensor-parallel size and number of ranks, tried. */
START_TEST(gpus_of_groups)
{
    static const char run[] = "layers=3 hidden=64 heads=8 ffn=176 vocab=200 stack=megatron-local zero=1 seq=32";
    int64_t totals[9][33] = {{0}};
    for (int tp = 1; tp <= 8; tp *= 2)
        for (int dp = 1; dp <= 32; dp++) {
            char text[200];
            snprintf(text, sizeof text, "%s tp=%d dp=%d", run, tp, dp);
            totals[tp][dp] = total(text);
            ck_assert_int_gt(totals[tp][dp], 0);
        }
    for (int tp = 1; tp <= 8; tp *= 2)
        for (int dp = 1; dp <= 4; dp++) {
            int64_t memory = totals[tp][dp], best = 1000;
            for (int t = 1; t <= 8; t *= 2)
                for (int d = 1; d <= 32; d++)
                    if (totals[t][d] <= memory && t * d < best) best = t * d;
            const am_answer *answer = answer_of(run, "", memory, 2);
            ck_assert_int_eq(answer->value, best);
            ck_assert_int_eq(answer->total, totals[answer->config.tp][answer->config.dp]);
        }
}
END_TEST

/* The most GPUs below the answer's may be had by several groups: what it says they take is the least of these. */
START_TEST(fewer_gpus)
{
    static const char run[] = "layers=3 hidden=96 heads=12 ffn=192 vocab=192 stack=megatron-local zero=1 seq=48";
    static const int sizes[] = {1, 2, 3, 4, 6, 12};
    int64_t totals[13][33] = {{0}}, checked = 0;
    for (int i = 0; i < 6; i++)
        for (int dp = 1; dp <= 12; dp++) {
            char text[200];
            snprintf(text, sizeof text, "%s tp=%d dp=%d", run, sizes[i], dp);
            totals[sizes[i]][dp] = total(text);
        }
    for (int dp = 1; dp <= 12; dp++) {
        const am_answer *answer = answer_of(run, "", totals[2][dp], 2);
        int64_t most = 0, least = 0;
        for (int i = 0; i < 6; i++) {
            int64_t ranks = (answer->value - 1) / sizes[i], number = ranks * sizes[i];
            if (ranks == 0 || totals[sizes[i]][ranks] < 0 || number < most) continue;
            if (number > most || totals[sizes[i]][ranks] < least) least = totals[sizes[i]][ranks];
            most = number;
        }
        ck_assert_int_eq(answer->next, most);
        if (most) ck_assert_int_eq(answer->next_total, least);
        checked += most > 0;
    }
    ck_assert_int_gt(checked, 5);
}
END_TEST

/* Of every expert-parallel size too: its groups lie across the others', which come in multiples of them. */
START_TEST(gpus_of_experts)
{
    static const char run[] = "family=mixtral layers=2 hidden=64 heads=4 kv_heads=4 ffn=176 moe_ffn=176 experts=8 experts_per_token=2 "
                              "vocab=200 attention=flash seq=32 bias=no positions=rope norm=rmsnorm activation=swiglu";
    static const struct {
        const char *more;
        int zero, etp; /* etp 0: as tp */
    } kinds[] = {{"stack=megatron-local", 1, 0}, {"stack=megatron-local", 0, 0}, {"stack=megatron-local sp=yes etp=1", 1, 1},
                 {"stack=megatron", 1, 0},       {"stack=megatron", 0, 0},       {"stack=megatron sp=yes etp=1", 1, 1}};
    char with[64];
    static int64_t totals[5][9][17];
    char text[400];
    for (int tp = 1; tp <= 4; tp *= 2)
        for (int ep = 1; ep <= 8; ep *= 2)
            for (int dp = 1; dp <= 16; dp++) {
                int etp = kinds[_i].etp ? kinds[_i].etp : tp;
                snprintf(text, sizeof text, "%s %s tp=%d ep=%d dp=%d zero=%d", run, kinds[_i].more, tp, ep, dp, dp > 1 ? kinds[_i].zero : 0);
                totals[tp][ep][dp] = tp * dp % (etp * ep) == 0 ? total(text) : -1;
            }
    snprintf(with, sizeof with, "%s zero=%d", kinds[_i].more, kinds[_i].zero);
    for (int ep = 1; ep <= 8; ep *= 2)
        for (int dp = ep; dp <= 8; dp *= 2) {
            int64_t memory = totals[1][ep][dp];
            int best = 1000;
            if (memory < 0) continue;
            for (int t = 1; t <= 4; t *= 2)
                for (int e = 1; e <= 8; e *= 2)
                    for (int d = 1; d <= 16; d++)
                        if (totals[t][e][d] >= 0 && totals[t][e][d] <= memory && t * d < best) best = t * d;
            const am_answer *answer = answer_of(run, with, memory, 2);
            ck_assert_int_eq(answer->value, best);
            ck_assert_int_eq(answer->total, totals[answer->config.tp][answer->config.ep][answer->config.dp]);
        }
}
END_TEST

/* Data-parallel ranks that share out nothing do not help; the answer says what one takes. */
START_TEST(none)
{
    const am_answer *answer = answer_of("model=gpt2", "", 1 << 20, 2);
    ck_assert(!answer->found);
    ck_assert_int_eq(answer->value, 1);
    ck_assert_int_eq(answer->total, total("model=gpt2"));
    ck_assert_int_eq(answer->next, 0);
}
END_TEST

/* A bound of the model's is what stops: the refusal says which. */
START_TEST(table_of_positions)
{
    const am_answer *answer = answer_of("model=gpt2", "", (int64_t)1 << 40, 1);
    ck_assert_int_eq(answer->value, 1024);
    ck_assert_int_eq(answer->next_total, -1);
    ck_assert_ptr_nonnull(strstr(answer->why, "max_positions"));
}
END_TEST

Suite *test_search_suite(void);
/* The cheapest checkpointing plan: it fits, and no plan of all budgets that the frontier has and that fit runs less again. */
START_TEST(cheapest_plan)
{
    static const char *const models[] = {
        "layers=4 family=llama hidden=64 heads=4 ffn=176 vocab=64 seq=64 batch=8",
        "layers=6 family=gpt2 hidden=64 heads=4 vocab=64 seq=64 batch=8 trainable=all",
        "layers=4 stack=megatron family=llama activation=swiglu bias=no hidden=64 heads=8 ffn=96 vocab=64 seq=64 batch=8",
    };
    static int64_t peaks[AM_MAX_FRONT], totals[AM_MAX_FRONT], costs[AM_MAX_FRONT];
    const int64_t *cost = &fixture_workspace.totals.outcome.recomputed_time;
    const char *model = models[_i];
    char text[320];
    snprintf(text, sizeof text, "%s checkpoint=budget:1TiB", model);
    ck_assert_int_gt(total(text), 0);
    int points = fixture_workspace.frontier.points;
    for (int i = 0; i < points; i++)
        peaks[i] = fixture_workspace.choices.ends.forward + fixture_workspace.frontier.point[i].peak;
    for (int i = 0; i < points; i++) {
        snprintf(text, sizeof text, "%s checkpoint=budget:%lldB", model, (long long)peaks[i]);
        totals[i] = total(text);
        costs[i] = *cost;
    }
    ck_assert_int_gt(points, 4);
    for (int at = 0; at < points; at += 1 + points / 3)
        for (int less = 0; less < 2; less++) {
            int best = -1;
            for (int i = 0; i < points; i++)
                if (totals[i] >= 0 && totals[i] <= totals[at] - less) best = i;
            const am_answer *answer = answer_of(model, "", totals[at] - less, 3);
            ck_assert_int_eq(fixture_report.answers, 4);
            ck_assert_str_eq(answer->id, "plan");
            ck_assert_int_eq(answer->found, best >= 0);
            if (best < 0) continue;
            ck_assert_int_le(answer->total, totals[at] - less);
            int64_t value = answer->value, found = answer->total;
            snprintf(text, sizeof text, "%s checkpoint=budget:%lldB", model, (long long)value);
            ck_assert_int_eq(total(text), found);
            ck_assert_int_le(*cost, costs[best]);
        }
}
END_TEST

Suite *test_search_suite(void)
{
    Suite *suite = suite_create("search");
    TCase *tests = tcase_create("search");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, batch_and_seq, 0, (int)COUNT(runs));
    tcase_add_loop_test(tests, divided, 0, 4);
    tcase_add_test(tests, divided_by_three);
    tcase_add_loop_test(tests, monotone, 0, (int)COUNT(runs));
    tcase_add_test(tests, gpus);
    tcase_add_test(tests, gpus_of_groups);
    tcase_add_test(tests, fewer_gpus);
    tcase_add_loop_test(tests, gpus_of_experts, 0, 6);
    tcase_add_test(tests, none);
    tcase_add_test(tests, table_of_positions);
    tcase_add_loop_test(tests, cheapest_plan, 0, 3);
    suite_add_tcase(suite, tests);
    return suite;
}
