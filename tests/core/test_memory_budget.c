/* PyTorch's memory budget: its knapsack against its own answers and against brute force, and what layers keep under it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "input.h"
#include "tapes.h"

static am_knapsack *const sack = &fixture_workspace.knapsack;

/* A repeatable draw from 0 to below n. */
static uint64_t state;
static int draw(int n)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (int)((state >> 33) % (uint64_t)n);
}

/* What dp_knapsack of torch 2.15 takes; of the third and fourth one is lost in fp32 behind 2^25, not before it. */
START_TEST(as_pytorch)
{
    static const struct {
        int items, weight[5], most;
        float value[5];
        int taken; /* a bit for each item */
    } cases[] = {
        {4, {3000, 2500, 2500, 2000}, 5000, {7, 4, 4, 3}, 1 | 8},
        {5, {1234, 0, 1, 1000, 3333}, 4568, {5, 1, 1, 2, 9}, 1 | 2 | 4 | 16},
        {4, {4000, 2000, 2000, 0}, 7000, {33554432, 1, 3, 1}, 1 | 4},
        {3, {2000, 4000, 0}, 6000, {1, 33554432, 1}, 1 | 2},
        {3, {5000, 5000, 12000}, 10000, {1, 1, 99}, 1 | 2},
        {3, {3000, 3000, 3000}, 6000, {5, 5, 5}, 1 | 2},
    };
    int taken = 0;
    sack->items = cases[_i].items;
    memcpy(sack->weight, cases[_i].weight, sizeof cases[_i].weight);
    memcpy(sack->value, cases[_i].value, sizeof cases[_i].value);
    am_knapsack_solve(sack, cases[_i].most);
    for (int i = 0; i < sack->items; i++) taken |= sack->taken[i] << i;
    ck_assert_int_eq(taken, cases[_i].taken);
}
END_TEST

static float value_of(unsigned set)
{
    float value = 0;
    for (int i = 0; i < sack->items; i++)
        if (set >> i & 1) value += sack->value[i];
    return value;
}

static int weight_of(unsigned set)
{
    int weight = 0;
    for (int i = 0; i < sack->items; i++)
        if (set >> i & 1) weight += sack->weight[i];
    return weight;
}

/* Values whose sums fp32 holds exactly. */
START_TEST(brute_force)
{
    state = (uint64_t)_i;
    draw(2);
    int range = draw(2) ? 5 : 4000, most = draw(AM_SACK_PARTS + 1);
    sack->items = draw(11);
    for (int i = 0; i < sack->items; i++) {
        sack->weight[i] = draw(4) ? draw(range) * (range == 5 ? 1000 : 1) : 0;
        sack->value[i] = (float)(1 + draw(range));
    }
    float best = 0;
    for (unsigned set = 0; set < 1u << sack->items; set++)
        if (weight_of(set) <= most && value_of(set) > best) best = value_of(set);
    unsigned taken = 0;
    am_knapsack_solve(sack, most);
    for (int i = 0; i < sack->items; i++) taken |= (unsigned)sack->taken[i] << i;
    ck_assert_int_le(weight_of(taken), most);
    ck_assert_float_eq(value_of(taken), best);
}
END_TEST

static const struct {
    const char *text;
    bool one_by_one; /* attention before the MLP: nothing runs again for no use, so that no budget is full checkpointing */
    bool falls;      /* some budget keeps all that computes */
} models[] = {
    {"family=llama layers=3 hidden=64 heads=4 kv_heads=2 ffn=176 vocab=200 seq=64 batch=2", true, true},
    {"family=llama layers=3 hidden=64 heads=4 kv_heads=2 ffn=176 vocab=200 seq=64 attention=eager allocator=cuda", true, true},
    {"family=llama layers=2 hidden=64 heads=4 ffn=176 vocab=200 seq=64 stack=torch", true, true},
    {"family=llama layers=2 hidden=64 heads=4 ffn=176 vocab=200 seq=64 stack=liger", true, true},
    {"family=qwen3 layers=3 hidden=64 heads=4 kv_heads=1 head_dim=32 ffn=48 vocab=640 seq=64 dtype=fp32", true, true},
    {"family=gemma2 layers=4 hidden=64 heads=4 kv_heads=2 ffn=96 vocab=64 seq=64 sliding_window=16 layer_period=2", true, true},
    {"family=gpt2 layers=3 hidden=64 heads=4 vocab=64 seq=64 dropout=0.1 attention=eager", true, true},
    {"family=gpt2 layers=3 hidden=64 heads=4 vocab=64 seq=64 stack=nanogpt", true, true},
    {"family=gpt2 layers=3 hidden=64 heads=4 vocab=64 seq=64 dtype=fp32 autocast=bf16", true, true},
    {"family=falcon layers=3 hidden=64 heads=4 kv_heads=1 vocab=64 seq=64", false, false},
    {"family=gptj layers=3 hidden=64 heads=4 rotary_dim=8 vocab=64 seq=64", false, true},
    {"family=mixtral layers=3 hidden=64 heads=4 kv_heads=2 ffn=48 vocab=64 seq=64 experts=4 experts_per_token=2", false, true},
    {("family=deepseek_v3 layers=3 hidden=64 heads=4 head_dim=24 rotary_dim=8 v_head_dim=16 kv_rank=32 ffn=96 moe_ffn=48 experts=8 "
      "experts_per_token=2 expert_groups=4 groups_per_token=2 vocab=64 seq=64"), false, true},
    {"family=llama layers=3 hidden=64 heads=4 ffn=176 vocab=64 seq=64 trainable=none", true, true},
    {"family=llama layers=3 hidden=64 heads=4 ffn=176 vocab=64 seq=64 trainable=lora lora_targets=v,down", false, true},
};

static void evaluate(int model, const char *checkpoint)
{
    am_status status;
    snprintf(text, sizeof text, "%s checkpoint=%s", models[model].text, checkpoint);
    am_config config = config_of(text);
    ck_assert_msg(am_evaluate(&fixture_report, &fixture_workspace, &config, &status) == AM_OK, "%s: %s", text, status.message);
}

/* The plan of the list that was asked for. */
static const am_outcome *chosen(void)
{
    for (int i = 0; i < fixture_report.plans; i++)
        if (fixture_report.plan[i].chosen) return &fixture_report.plan[i].outcome;
    ck_abort_msg("no plan is chosen");
    return NULL;
}

static int64_t sum_of_rows(void)
{
    int64_t bytes = 0;
    for (int i = 0; i < fixture_report.rows; i++)
        bytes += fixture_report.row[i].row.bytes * fixture_report.row[i].count;
    return bytes;
}

/* From inputs alone to everything: bytes as PyTorch's rounding of weights allows, rows, ledger and play at one. */
START_TEST(budgets)
{
    static const int shares[] = {0, 50, 110, 200, 333, 400, 500, 650, 800, 990, 1000};
    bool lora = strstr(models[_i].text, "lora") != NULL;
    evaluate(_i, "none");
    const am_outcome most = fixture_report.outcome;
    evaluate(_i, lora ? "every:1" : "full"); /* by hand: without the hook on the embedding */
    const am_outcome least = fixture_report.outcome;
    int64_t kept = 0, span = most.saved_bytes - least.saved_bytes, again = least.recomputed_flops;
    bool none_again = false, some_between = false;
    for (int i = 0; i < COUNT(shares); i++) {
        char checkpoint[32];
        snprintf(checkpoint, sizeof checkpoint, "memory-budget:%d.%03d", shares[i] / 1000, shares[i] % 1000);
        sack->items = 0;
        evaluate(_i, checkpoint);
        const am_outcome *now = &fixture_report.outcome;
        ck_assert_int_eq(chosen()->saved_bytes, now->saved_bytes);
        ck_assert_int_eq(chosen()->step_peak, now->step_peak);
        ck_assert_int_eq(sum_of_rows(), now->saved_bytes);
        ck_assert_int_eq(now->forward_flops, most.forward_flops);
        int64_t slack = span * (sack->items + 2) / (2 * AM_SACK_PARTS) + 1; /* each weight and the budget, rounded */
        ck_assert_msg(now->saved_bytes <= least.saved_bytes + span * shares[i] / 1000 + slack, "%s keeps %ld of %ld..%ld",
                      checkpoint, (long)now->saved_bytes, (long)least.saved_bytes, (long)most.saved_bytes);
        ck_assert_msg(now->saved_bytes >= kept, "%s keeps less", checkpoint);
        ck_assert_msg(now->recomputed_flops <= again, "%s runs more again", checkpoint);
        if (shares[i] == 0) {
            ck_assert_int_eq(now->saved_bytes, least.saved_bytes);
            ck_assert_int_le(am_outcome_peak(now), am_outcome_peak(&least));
            if (models[_i].one_by_one) ck_assert_int_eq(now->recomputed_flops, least.recomputed_flops);
            if (models[_i].one_by_one) ck_assert_int_eq(am_outcome_peak(now), am_outcome_peak(&least));
        }
        if (shares[i] < 1000) /* regions hold their inputs, whatever else they keep: the play agrees with the ledger */
            ck_assert_int_eq(now->after_forward - least.after_forward, now->saved_bytes - least.saved_bytes);
        some_between |= now->saved_bytes > least.saved_bytes && now->saved_bytes < most.saved_bytes && now->recomputed_flops > 0;
        kept = now->saved_bytes;
        again = now->recomputed_flops;
        none_again |= again == 0 && shares[i] < 1000;
    }
    ck_assert_int_eq(kept, most.saved_bytes);
    ck_assert_int_eq(fixture_report.outcome.step_peak, most.step_peak);
    ck_assert_int_eq(again, 0);
    ck_assert(some_between);
    ck_assert(none_again || !models[_i].falls);
}
END_TEST

/* A Llama layer has six products and an attention that its backward needs; the seventh product makes nothing that is. */
START_TEST(what_is_chosen)
{
    int kept[AM_OP_COUNT] = {0};
    evaluate(0, "memory-budget:0.9");
    am_config config = fixture_report.config;
    am_status status;
    ck_assert_int_eq(am_evaluate_totals(&fixture_workspace.totals, &fixture_workspace, &config, &status), AM_OK);
    const am_region *region = &tape->region[2]; /* this policy's are the last that were played */
    ck_assert_int_eq(region->keep, AM_KEEP_CHOSEN);
    for (int i = region->start; i < region->end; i++) kept[tape->instruction[i].op] += tape->instruction[i].chosen;
    ck_assert_int_eq(kept[AM_OP_MM], 6);
    ck_assert_int_eq(kept[AM_OP_FLASH_ATTENTION], 1);
}
END_TEST

START_TEST(described)
{
    evaluate(0, "memory-budget:0.250");
    ck_assert_str_eq(am_policy_text(fixture_report.policy, text, sizeof text), "memory-budget:0.25");
    ck_assert_int_gt(fixture_report.dropped_rows, 0);
    static char report[1 << 20];
    ck_assert_uint_gt(am_report_json(&fixture_report, report, sizeof report), 0);
    ck_assert_ptr_nonnull(strstr(report, "what is kept under memory-budget"));
    ck_assert_ptr_nonnull(strstr(report, "torch.compile's activation_memory_budget"));
}
END_TEST

START_TEST(refused)
{
    static const struct {
        const char *text, *part;
    } cases[] = {
        {"model=gpt3-175b stack=paper", "modelled for stack=hf"},
        {"model=llama-3-8b stack=megatron", "modelled for stack=hf"},
        {"model=gpt3-175b stack=megatron-local", "modelled for stack=hf"},
        {"model=llama-3-8b stack=torch tp=2", "covered without a pipeline"},
        {"model=llama-3-8b stack=torch cp=2", "covered without a pipeline"},
        {"model=llama-3-8b stack=torch pp=2 micro_batches=2", "covered without a pipeline"},
        {"model=llama-3-8b stack=torch dp=4 zero=3", "covered without a pipeline"},
    };
    am_config config = am_default_config();
    am_status status;
    snprintf(text, sizeof text, "%s checkpoint=memory-budget:0.5", cases[_i].text);
    ck_assert_int_eq(am_config_parse(&config, text, &status), AM_OK);
    ck_assert_int_eq(am_config_resolve(&config, &status), AM_UNSUPPORTED);
    ck_assert_str_eq(status.field, "checkpoint");
    ck_assert_msg(strstr(status.message, cases[_i].part) != NULL, "%s", status.message);
}
END_TEST

/* ---- regions by hand: a frozen product makes what backward needs without keeping its input ---- */

static am_var frozen_product(am_var x, int64_t width)
{
    return am_linear(tape, x, frozen(SHAPE(width, 1), AM_FP32), 0);
}

/* Which instruction made it, and is it kept under so many millionths? */
static bool keeps(am_var x, int64_t millionths)
{
    am_memory_budget_keep(tape, sack, millionths);
    ck_assert_int_eq(tape->status.code, AM_OK);
    return tape->instruction[tape->storage[tape->tensor[x].storage].born].chosen;
}

/* Halves of a part go to the even number, as Python rounds them: a result of so many of the 10000 parts that a plain layer keeps beyond
 * its input of one, against budgets of 2.5, 3.5 and 4.5 parts. */
START_TEST(halves)
{
    static const struct {
        int64_t parts, millionths;
        bool kept;
    } table[] = {{3, 250, false}, {2, 250, true}, {4, 350, true}, {5, 350, false}, {5, 450, false}, {4, 450, true}};
    for (int i = 0; i < COUNT(table); i++) {
        setup();
        am_var x = learning(SHAPE(1, 1), AM_FP32);
        am_region_begin(tape, x, 0, NULL);
        am_var small = frozen_product(x, table[i].parts);
        am_unary(tape, AM_OP_GELU, small); /* keeps its input */
        am_var y = am_unary(tape, AM_OP_TANH, frozen_product(x, AM_SACK_PARTS + 1 - table[i].parts)); /* and this its result */
        am_region_end(tape, y);
        finish(y);
        ck_assert_msg(keeps(small, table[i].millionths) == table[i].kept, "%ld parts under %ld", (long)table[i].parts, (long)table[i].millionths);
    }
}
END_TEST

/* What takes more than all that is kept does not fit, whatever the budget; what a region is given twice is held once. */
START_TEST(never_fits)
{
    for (int twice = 0; twice < 2; twice++) {
        setup();
        am_var x = learning(SHAPE(1, 1), AM_FP32), table = made(SHAPE(1, 8), AM_FP32);
        const am_var given[] = {table, table};
        am_region_begin(tape, x, twice ? 2 : 1, given);
        am_var wide = frozen_product(x, 1000), mean = am_mean_last(tape, wide); /* of 4 bytes, as the input */
        am_var y = am_unary(tape, AM_OP_TANH, mean);
        am_unary(tape, AM_OP_GELU, am_unary(tape, AM_OP_NEG, am_binary(tape, AM_OP_MUL, mean, table)));
        am_region_end(tape, y);
        finish(y);
        ck_assert(!keeps(wide, AM_MILLION));
        ck_assert(keeps(mean, AM_MILLION)); /* twice the table would leave no room for anything */
    }
}
END_TEST

/* A layer that keeps no more than its inputs is left as it is. */
START_TEST(nothing_beyond)
{
    setup();
    am_var x = learning(SHAPE(4, 8), AM_FP32);
    am_region_begin(tape, x, 0, NULL);
    am_var y = am_unary(tape, AM_OP_NEG, x);
    am_region_end(tape, y);
    finish(y);
    am_memory_budget_keep(tape, sack, 500000);
    ck_assert_int_eq(tape->status.code, AM_OK);
    ck_assert_int_eq(tape->region[1].keep, AM_KEEP_EVERYTHING);
}
END_TEST

/* So many results to choose from, and one more. */
START_TEST(most_items)
{
    for (int more = 0; more < 2; more++) {
        setup();
        am_var x = learning(SHAPE(4, 1), AM_FP32), y = x;
        am_region_begin(tape, x, 0, NULL);
        for (int i = 0; i < AM_MAX_ITEMS + more; i++) y = am_unary(tape, AM_OP_GELU, frozen_product(y, 1));
        am_region_end(tape, y);
        finish(y);
        am_memory_budget_keep(tape, sack, 500000);
        ck_assert_int_eq(tape->status.code, more ? AM_CAPACITY : AM_OK);
        ck_assert_str_eq(tape->status.field, more ? "checkpoint" : "");
    }
}
END_TEST

Suite *test_memory_budget_suite(void)
{
    Suite *suite = suite_create("memory_budget");
    TCase *tests = tcase_create("memory_budget");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, as_pytorch, 0, 6);
    tcase_add_loop_test(tests, brute_force, 0, 300);
    tcase_add_loop_test(tests, budgets, 0, COUNT(models));
    tcase_add_test(tests, what_is_chosen);
    tcase_add_test(tests, described);
    tcase_add_test(tests, halves);
    tcase_add_test(tests, never_fits);
    tcase_add_test(tests, nothing_beyond);
    tcase_add_test(tests, most_items);
    tcase_add_loop_test(tests, refused, 0, 7);
    suite_add_tcase(suite, tests);
    return suite;
}
