/* search.c: answers equal what trying every number finds; what the search relies on. */
#include <stdio.h>
#include <stdlib.h>

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
    snprintf(text, sizeof text, "%s %s fit=yes device_memory=%lldB", run, more, (long long)memory);
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

/* Every arrangement of up to so many GPUs, tried: tensor parallelism up to eight that divides the heads, with and without sequence
 * parallelism, context parallelism of a power of two up to sixteen, stages that divide the layers or are a power of two, groups that
 * divide the experts, ZeRO as given or, where that is 0, each that the stack has. */
enum { MOST_GPUS = 8, MOST_TRIED = 4096 };
typedef struct arrangement {
    int gpus;
    bool shared; /* by data-parallel ranks, or there are no more of them than the groups of experts take */
    int64_t total;
} arrangement;
static arrangement tried[MOST_TRIED];
static int arrangements;

static void try(const char *run, int tp, int sp, int cp, int pp, int ep, int zero, int dp, int layers)
{
    char text[400], stages[32] = "";
    const bool one = dp * cp == 1 && (zero == 3 || tp == 1);
    if (layers % pp != 0) snprintf(stages, sizeof stages, "stage_layers=%s", layers == 3 ? "2,1" : "2,2,1,1");
    snprintf(text, sizeof text, "%s tp=%d sp=%s cp=%d pp=%d %s ep=%d zero=%d dp=%d", run, tp, sp ? "yes" : "no", cp, pp, stages, ep, one ? 0 : zero, dp);
    const int64_t bytes = total(text);
    if (bytes < 0) return;
    ck_assert_int_lt(arrangements, MOST_TRIED);
    tried[arrangements++] = (arrangement){tp * cp * pp * dp, zero > 0 || dp == (tp * ep > tp * cp ? tp * ep / (tp * cp) : 1), bytes};
}

static void try_all(const char *run, int layers, int heads, int experts, int zeros)
{
    arrangements = 0;
    for (int zero = zeros ? zeros : 0; zero <= (zeros ? zeros : 3); zero++)
        for (int tp = 1; tp <= heads; tp++)
            for (int sp = 0; sp <= (tp > 1); sp++)
                for (int cp = 1; tp * cp <= MOST_GPUS; cp *= 2)
                    for (int pp = 1; pp <= layers && tp * cp * pp <= MOST_GPUS; pp++)
                        for (int ep = 1; ep <= (experts ? experts : 1); ep++)
                            for (int dp = 1; tp * cp * pp * dp <= MOST_GPUS; dp++) {
                                if (heads % tp || (experts && experts % ep) || (layers % pp && pp != 2 && pp != 4)) continue;
                                if (zero == 2 && strstr(run, "megatron")) continue; /* which shares out optimizer states */
                                try(run, tp, sp, cp, pp, ep, zero, dp, layers);
                            }
}

static const struct {
    const char *run, *more;
    int layers, heads, experts, zero;
} shared_out[] = {
    {"layers=3 hidden=64 heads=8 ffn=192 vocab=192 stack=megatron-local attention=flash seq=64", "", 3, 8, 0, 0},
    {"layers=3 hidden=96 heads=12 ffn=192 vocab=192 stack=megatron-local seq=48", "", 3, 12, 0, 1},
    {"layers=6 hidden=64 heads=4 ffn=96 vocab=64 stack=megatron family=llama activation=swiglu bias=no seq=64 batch=4 optimizer=sgd", "", 6, 4, 0, 0},
    {"family=mixtral layers=2 hidden=64 heads=4 kv_heads=4 ffn=176 moe_ffn=176 experts=8 experts_per_token=2 vocab=200 seq=32 stack=megatron", "", 2, 4, 8, 0},
    {"family=mixtral layers=2 hidden=64 heads=4 kv_heads=4 ffn=176 moe_ffn=176 experts=4 experts_per_token=2 vocab=200 seq=32 stack=megatron-local attention=flash",
     "", 2, 4, 4, 1},
    {"layers=4 family=llama hidden=64 heads=4 ffn=176 vocab=64 seq=64 stack=torch", "", 4, 4, 0, 0},
    {"layers=4 family=llama hidden=64 heads=4 ffn=176 vocab=64 seq=64", "", 4, 4, 0, 0},
    {"layers=4 family=llama hidden=64 heads=4 ffn=176 vocab=64 seq=64", "", 4, 4, 0, 2},
    {"layers=4 family=gpt2 hidden=64 heads=4 vocab=64 seq=64 stack=paper", "tp=4 sp=yes", 4, 4, 0, 0},
};

static int larger_first(const void *x, const void *y)
{
    const arrangement *a = x, *b = y;
    return (a->total < b->total) - (a->total > b->total);
}

START_TEST(gpus_of_arrangements)
{
    char with[300];
    int checked = 0;
    snprintf(with, sizeof with, "%s zero=%d%s", shared_out[_i].run, shared_out[_i].zero, shared_out[_i].zero == 2 ? " dp=2" : "");
    try_all(shared_out[_i].run, shared_out[_i].layers, shared_out[_i].heads, shared_out[_i].experts, shared_out[_i].zero);
    qsort(tried, (size_t)arrangements, sizeof *tried, larger_first);
    for (int at = 0; at < arrangements; at += 1 + arrangements / 12) {
        const int64_t memory = tried[at].total;
        int best = MOST_GPUS + 1, next = 0;
        int64_t least = INT64_MAX;
        for (int i = 0; i < arrangements; i++)
            if (tried[i].total <= memory && tried[i].gpus < best) best = tried[i].gpus;
        const am_answer *answer = answer_of(with, shared_out[_i].more, memory, 2);
        ck_assert_msg(answer->found && answer->value == best, "%s of %ld: %ld GPUs, not %d", with, (long)memory, (long)answer->value, best);
        ck_assert_int_le(answer->total, memory);
        const am_config *found = &answer->config;
        ck_assert_int_eq(found->tp * found->cp * found->pp * found->dp, best);
        for (int i = 0; i < arrangements; i++) {
            if (tried[i].gpus >= best || !tried[i].shared || tried[i].gpus < next) continue;
            least = tried[i].gpus > next || tried[i].total < least ? tried[i].total : least;
            next = tried[i].gpus;
        }
        ck_assert_int_eq(answer->next, next);
        if (next) ck_assert_int_eq(answer->next_total, least);
        checked += best > 1;
    }
    ck_assert_int_gt(checked, 2);
}
END_TEST

/* What was looked at is said; a search that would take too long ends, and says so. */
START_TEST(gpu_space)
{
    answer_of("layers=6 family=llama activation=swiglu bias=no hidden=64 heads=4 ffn=96 vocab=64 seq=64 batch=4 stack=megatron", "", 1 << 20, 2);
    const am_gpu_space *space = &fixture_report.gpu_space;
    static const int64_t stages[] = {1, 2, 3, 4, 6, -1};
    int64_t value = -1;
    ck_assert_int_eq(space->axis[2].id, AM_F_pp);
    for (int i = 0; i < (int)COUNT(stages); i++) {
        value = am_gpu_axis_next(&space->axis[2], value);
        ck_assert_int_eq(value, stages[i]);
    }
    ck_assert(!space->stopped);
    ck_assert_int_gt(space->tried, 50);
    answer_of("layers=6 family=llama activation=swiglu bias=no hidden=64 heads=4 ffn=96 vocab=64 seq=64 batch=4 stack=megatron", "checkpoint=budget:1GiB", 1 << 18, 2);
    ck_assert(space->stopped);
}
END_TEST

/* Virtual stages, the experts' own tensor parallelism and the policy stay as they are given, and the answer takes what it says. */
START_TEST(as_given)
{
    static const struct {
        const char *run, *more;
        int64_t memory;
        int weight; /* of an evaluation: more where the policy is itself searched for */
    } table[] = {
        {"layers=8 family=llama hidden=64 heads=4 ffn=176 vocab=64 seq=64 stack=torch schedule=interleaved vpp=2 micro_batches=8", "pp=2", 4 << 20, 1},
        {"family=mixtral layers=2 hidden=64 heads=4 kv_heads=4 ffn=176 moe_ffn=176 experts=8 experts_per_token=2 vocab=200 seq=32 stack=megatron etp=1", "", 3 << 20, 1},
        {"layers=4 family=llama hidden=64 heads=4 ffn=176 vocab=64 seq=64 checkpoint=memory-budget:0.5", "", 3 << 20, 64},
        {"layers=4 family=llama hidden=64 heads=4 ffn=176 vocab=64 seq=64 checkpoint=revolve:2", "", 3 << 20, 64},
    };
    const am_answer *answer = answer_of(table[_i].run, table[_i].more, table[_i].memory, 2);
    const am_config *found = &answer->config;
    char text[400];
    ck_assert(answer->found);
    ck_assert_int_eq(fixture_report.gpu_space.tried % table[_i].weight, 0);
    ck_assert_int_eq(found->vpp, fixture_report.config.vpp);
    if (fixture_report.config.experts) ck_assert_int_eq(found->etp, 1);
    snprintf(text, sizeof text, "%s tp=%d sp=%s cp=%d pp=%d ep=%d zero=%d dp=%d %s%s", table[_i].run, (int)found->tp, found->sp ? "yes" : "no",
             (int)found->cp, (int)found->pp, (int)found->ep, (int)found->zero, (int)found->dp, *found->stage_layers ? "stage_layers=" : "",
             found->stage_layers);
    ck_assert_int_eq(total(text), answer->total);
    ck_assert_int_le(answer->total, table[_i].memory);
}
END_TEST

/* Of a pipeline's budgets those below the smallest plan have none, and where all others take too much none fits, nor in next to no memory. */
START_TEST(no_plan_of_ranks)
{
    const char *const run = "layers=4 family=llama hidden=256 heads=4 ffn=512 vocab=32000 seq=512 batch=2 stack=torch pp=2 micro_batches=2";
    static const int64_t memories[] = {64 << 20, 10000};
    for (int i = 0; i < 2; i++) {
        ck_assert_int_gt(total_with(run, "checkpoint=full dp", 1), memories[i]);
        const am_answer *answer = answer_of(run, "", memories[i], 3);
        ck_assert_str_eq(answer->id, "plan");
        ck_assert(!answer->found);
    }
}
END_TEST

/* What a plan runs again: its time. */
static int64_t time_again(const char *text)
{
    expect_fine(text, parse(text));
    ck_assert_msg(am_evaluate(&fixture_report, &fixture_workspace, &config, &status) == AM_OK, "%s: %s", text, status.message);
    return fixture_report.outcome.recomputed_time;
}

/* A pipeline's plan fits wherever a listed policy does, of small models too, and runs no more again. */
START_TEST(plan_of_small_ranks)
{
    static const char *const texts[][2] = {
        {"layers=2 stack=megatron family=llama hidden=128 heads=8 kv_heads=4 ffn=96 vocab=512 seq=32 batch=2 grad_dtype=fp32 pp=2", "full"},
        {"layers=2 stack=megatron family=llama hidden=128 heads=8 kv_heads=4 ffn=96 vocab=512 seq=32 batch=2 grad_dtype=fp32 pp=2", "none"},
        {"layers=12 stack=megatron family=gpt2 hidden=96 heads=4 ffn=256 vocab=1600 seq=64 batch=2 grad_dtype=fp32 cp=2 pp=3", "block:2"},
        {"layers=4 stack=megatron-local family=llama hidden=128 heads=8 kv_heads=2 ffn=256 vocab=64 seq=128 master_weights=yes grad_dtype=fp32 tp=2 pp=2", "block:1"},
    };
    char text[320];
    snprintf(text, sizeof text, "%s checkpoint=%s", texts[_i][0], texts[_i][1]);
    const int64_t memory = total(text), listed = time_again(text);
    const am_answer *answer = answer_of(texts[_i][0], "", memory, 3);
    ck_assert_str_eq(answer->id, "plan");
    ck_assert_msg(answer->found, "%s within %lld", texts[_i][0], (long long)memory);
    snprintf(text, sizeof text, "%s checkpoint=budget:%lldB", texts[_i][0], (long long)answer->value);
    ck_assert_int_le(total(text), memory);
    ck_assert_int_le(time_again(text), listed);
}
END_TEST

/* Where no arrangement holds it, the answer is of that which takes least. */
START_TEST(none)
{
    const am_answer *answer = answer_of("model=gpt2", "", 1 << 20, 2);
    char text[64];
    ck_assert(!answer->found);
    ck_assert_int_eq(answer->next, 0);
    snprintf(text, sizeof text, "model=gpt2 zero=%lld dp=%lld", (long long)answer->config.zero, (long long)answer->config.dp);
    ck_assert_int_eq(answer->total, total(text));
    ck_assert_int_lt(answer->total, total("model=gpt2 zero=2 dp=2"));
    answer = answer_of("model=gpt2 stack=nanogpt zero=0 trainable=all", "", 1 << 20, 2);
    ck_assert_int_lt(answer->total, total("model=gpt2 stack=nanogpt"));
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
    tcase_add_loop_test(tests, gpus_of_arrangements, 0, (int)COUNT(shared_out));
    tcase_add_test(tests, gpu_space);
    tcase_add_loop_test(tests, as_given, 0, 4);
    tcase_add_test(tests, no_plan_of_ranks);
    tcase_add_loop_test(tests, plan_of_small_ranks, 0, 4);
    tcase_add_test(tests, none);
    tcase_add_test(tests, table_of_positions);
    tcase_add_loop_test(tests, cheapest_plan, 0, 3);
    suite_add_tcase(suite, tests);
    return suite;
}
