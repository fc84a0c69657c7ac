/* policy.c: checkpointing policies as text, and back. */
#include "inputs.h"

#include <stdio.h>

static am_policy policy;

static am_code read_policy(const char *text, int64_t layers)
{
    config = am_default_config();
    config.layers = layers;
    strcpy(config.checkpoint, text);
    return am_policy_parse(&policy, &config, &status);
}

static const struct {
    const char *text;
    am_policy_kind kind;
    int64_t count;
    uint8_t modules;
} policies[] = {
    {"none", AM_POLICY_NONE, 0, 0},
    {"full", AM_POLICY_FULL, 0, 0},
    {"every:1", AM_POLICY_EVERY, 1, 0},
    {"every:32", AM_POLICY_EVERY, 32, 0},
    {"uniform:1", AM_POLICY_UNIFORM, 1, 0},
    {"uniform:32", AM_POLICY_UNIFORM, 32, 0},
    {"block:0", AM_POLICY_BLOCK, 0, 0},
    {"block:32", AM_POLICY_BLOCK, 32, 0},
    {"sqrt", AM_POLICY_SQRT, 6, 0},
    {"best", AM_POLICY_BEST_SEGMENTS, 0, 0},
    {"save:matmuls", AM_POLICY_SAVE_MATMULS, 0, 0},
    {"save:half-matmuls", AM_POLICY_SAVE_HALF_MATMULS, 0, 0},
    {"modules:core_attn", AM_POLICY_MODULES, 0, AM_MODULE_CORE_ATTN},
    {"modules:layernorm", AM_POLICY_MODULES, 0, AM_MODULE_LAYERNORM},
    {"modules:mlp", AM_POLICY_MODULES, 0, AM_MODULE_MLP},
    {"modules:moe", AM_POLICY_MODULES, 0, AM_MODULE_MOE},
    {"modules:layernorm,moe_act", AM_POLICY_MODULES, 0, AM_MODULE_LAYERNORM | AM_MODULE_MOE_ACT},
    {"modules:core_attn,layernorm,mlp,moe,moe_act,mla_up_proj,shared_experts", AM_POLICY_MODULES, 0, AM_MODULES_ALL},
    {"save:mm,addmm", AM_POLICY_SAVE_LIST, 0, 0},
    {"save:mul,silu,flash_attention,efficient_attention", AM_POLICY_SAVE_LIST, 0, 0},
    {"budget:1B", AM_POLICY_BUDGET, 1, 0},
    {"budget:21474836480", AM_POLICY_BUDGET, 21474836480, 0},
    {"regions:32", AM_POLICY_REGIONS, 0, 0},
    {"regions:8x1,12x0,3x4", AM_POLICY_REGIONS, 0, 0},
    {"memory-budget:0", AM_POLICY_MEMORY_BUDGET, 0, 0},
    {"memory-budget:0.5", AM_POLICY_MEMORY_BUDGET, 500000, 0},
    {"memory-budget:0.000001", AM_POLICY_MEMORY_BUDGET, 1, 0},
    {"memory-budget:1", AM_POLICY_MEMORY_BUDGET, 1000000, 0},
    {"revolve:1", AM_POLICY_REVOLVE, 1, 0},
    {"revolve:32", AM_POLICY_REVOLVE, 32, 0},
    {"rotor:8192B", AM_POLICY_ROTOR, 8192, 0},
    {"rotor:20000", AM_POLICY_ROTOR, 20000, 0},
    {"offload", AM_POLICY_OFFLOAD, 0, 0},
    {"offload:saved", AM_POLICY_OFFLOAD_SAVED, 0, 0},
    {"partition", AM_POLICY_PARTITION, 0, 0},
    {"partition:cpu", AM_POLICY_PARTITION_HOST, 0, 0},
};

START_TEST(round_trip)
{
    char text[AM_TEXT_SIZE];
    expect_fine(policies[_i].text, read_policy(policies[_i].text, 32));
    ck_assert_int_eq(policy.kind, policies[_i].kind);
    ck_assert_int_eq(policy.count, policies[_i].count);
    ck_assert_int_eq(policy.modules, policies[_i].modules);
    ck_assert(policy.reentrant == (am_policy_moves(policy) && policy.kind != AM_POLICY_OFFLOAD_SAVED));
    ck_assert_str_eq(am_policy_text(policy, text, sizeof text), policies[_i].text);
}
END_TEST

/* Names and sizes that are written another way. */
START_TEST(other_spellings)
{
    char text[AM_TEXT_SIZE];
    expect_fine("unsloth", read_policy("unsloth", 32));
    ck_assert_str_eq(am_policy_text(policy, text, sizeof text), "offload");
    expect_fine("rotor", read_policy("rotor:20GiB", 32));
    ck_assert_str_eq(am_policy_text(policy, text, sizeof text), "rotor:21474836480");
}
END_TEST

/* sdpa stands for both kernels; operations of one name are kept together. */
START_TEST(operations)
{
    expect_fine("save:sdpa,mul", read_policy("save:sdpa,mul", 32));
    am_policy names = policy;
    expect_fine("names", read_policy("save:mul,flash_attention,efficient_attention", 32));
    ck_assert_mem_eq(names.ops, policy.ops, sizeof names.ops);
    ck_assert(policy.ops[AM_OP_MUL / 64] >> AM_OP_MUL % 64 & 1);
    ck_assert(policy.ops[AM_OP_MUL_SCALAR / 64] >> AM_OP_MUL_SCALAR % 64 & 1);
    ck_assert(!(policy.ops[AM_OP_MM / 64] >> AM_OP_MM % 64 & 1));
}
END_TEST

/* A list in any order is one policy, whose text has an order of its own. */
START_TEST(modules_in_any_order)
{
    char text[AM_TEXT_SIZE];
    expect_fine("moe_act,core_attn,layernorm", read_policy("modules:moe_act,core_attn,layernorm", 32));
    ck_assert_int_eq(policy.modules, AM_MODULE_CORE_ATTN | AM_MODULE_LAYERNORM | AM_MODULE_MOE_ACT);
    ck_assert_str_eq(am_policy_text(policy, text, sizeof text), "modules:core_attn,layernorm,moe_act");
}
END_TEST

START_TEST(reentrant_is_passed_on)
{
    config = am_default_config();
    config.reentrant = 1;
    strcpy(config.checkpoint, "full");
    expect_fine("full", am_policy_parse(&policy, &config, &status));
    ck_assert(policy.reentrant);
}
END_TEST

START_TEST(segments_of_the_root)
{
    static const struct {
        int64_t layers, count; /* count = ceil(layers / round(sqrt(layers))) */
    } cases[] = {{1, 1},  {2, 2},  {3, 2},  {4, 2},  {6, 3},   {7, 3},    {9, 3},
                 {12, 4}, {13, 4}, {24, 5}, {80, 9}, {96, 10}, {1000, 32}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        expect_fine("sqrt", read_policy("sqrt", cases[i].layers));
        ck_assert_int_eq(policy.count, cases[i].count);
    }
}
END_TEST

static const struct {
    const char *text;
    am_code code;
    const char *part;
} errors[] = {
    {"", AM_BAD_VALUE, "none, full, every:K, uniform:K, block:N, sqrt, best"},
    {"fulll", AM_BAD_VALUE, "not 'fulll'"},
    {"FULL", AM_BAD_VALUE, "none, full"},
    {"full:2", AM_BAD_VALUE, "none, full"},
    {"every", AM_BAD_VALUE, "every:K"},
    {"every:", AM_BAD_VALUE, "number of layers"},
    {"every:x", AM_BAD_VALUE, "not 'x'"},
    {"every:-1", AM_BAD_VALUE, "number of layers"},
    {"every:4x", AM_BAD_VALUE, "number of layers"},
    {"every:1k", AM_BAD_VALUE, "number of layers"},
    {"every:0", AM_OUT_OF_RANGE, "from 1 to the model's 32 layers, not 0"},
    {"every:33", AM_OUT_OF_RANGE, "not 33"},
    {"every:99999999999999999999", AM_OUT_OF_RANGE, "from 1"},
    {"uniform:0", AM_OUT_OF_RANGE, "from 1 to"},
    {"uniform:33", AM_OUT_OF_RANGE, "from 1 to"},
    {"block:33", AM_OUT_OF_RANGE, "from 0 to the model's 32 layers, not 33"},
    {"revolve:", AM_BAD_VALUE, "number of checkpoints held at once"},
    {"revolve:x", AM_BAD_VALUE, "not 'x'"},
    {"revolve:0", AM_OUT_OF_RANGE, "from 1 checkpoint at once to one for each of the model's 32 layers, not 0"},
    {"revolve:33", AM_OUT_OF_RANGE, "not 33"},
    {"rotor:", AM_BAD_VALUE, "a size such as 80GiB"},
    {"rotor:0", AM_BAD_VALUE, "not '0'"},
    {"rotor:many", AM_BAD_VALUE, "not 'many'"},
    {"rotor:99999999GiB", AM_BAD_VALUE, "a size such as"},
    {"offload:all", AM_BAD_VALUE, "offload, offload:saved"},
    {"partition:gpu", AM_BAD_VALUE, "partition or partition:cpu"},
    {"regions:", AM_BAD_VALUE, "8x1,12x0,3x4), not ''"},
    {"regions:32,", AM_BAD_VALUE, "not '32,'"},
    {"regions:a,31", AM_BAD_VALUE, "0 for a layer in none"},
    {"regions:0x4,32", AM_BAD_VALUE, "not '0x4,32'"},
    {"regions:x32", AM_BAD_VALUE, "not 'x32'"},
    {"regions:32x", AM_BAD_VALUE, "not '32x'"},
    {"regions:-1,33", AM_BAD_VALUE, "not '-1,33'"},
    {"regions:31", AM_OUT_OF_RANGE, "of fewer than the model's 32 layers"},
    {"regions:16x1,17x0", AM_OUT_OF_RANGE, "of more than the model's 32 layers"},
    {"regions:99999999999x99999999999", AM_OUT_OF_RANGE, "more than"},
    {"budget:", AM_BAD_VALUE, "a size such as 80GiB, 24GB or 512MiB, not ''"},
    {"budget:0", AM_BAD_VALUE, "a size above 0, such as 20GiB"},
    {"budget:40", AM_BAD_VALUE, "checkpoint=budget:40 has no unit and would be 40 bytes: checkpoint=budget:40GiB, or 40B if bytes are meant"},
    {"rotor:8192", AM_BAD_VALUE, "checkpoint=rotor:8192MiB, or 8192B"},
    {"budget:20 GiB", AM_BAD_VALUE, "not '20 GiB'"},
    {"budget:9000000TiB", AM_BAD_VALUE, "a size"},
    {"save:", AM_BAD_VALUE, "a list of ATen's operations"},
    {"save:mm,", AM_BAD_VALUE, "not ''"},
    {"save:mm,mm", AM_BAD_VALUE, "each once"},
    {"save:matmul", AM_BAD_VALUE, "not 'matmul'"},
    {"save:view", AM_BAD_VALUE, "not 'view'"}, /* has nothing of its own */
    {"save:checkpoint", AM_BAD_VALUE, "not 'checkpoint'"},
    {"memory-budget:", AM_BAD_VALUE, "a number from 0 (inputs alone) to 1 (everything), not ''"},
    {"memory-budget:1.5", AM_BAD_VALUE, "not '1.5'"},
    {"memory-budget:-0.5", AM_BAD_VALUE, "not '-0.5'"},
    {"memory-budget:half", AM_BAD_VALUE, "not 'half'"},
    {"memory-budget", AM_BAD_VALUE, "memory-budget:X"},
    {"modules:", AM_BAD_VALUE, "a list of core_attn, layernorm, mlp, moe, moe_act, mla_up_proj and shared_experts, not ''"},
    {"modules:attention", AM_BAD_VALUE, "not 'attention'"},
    {"modules:core_attn,", AM_BAD_VALUE, "not 'core_attn,'"},
    {"modules:moe_", AM_BAD_VALUE, "not 'moe_'"},
    {"modules:mlp,core_attn,mlp", AM_BAD_VALUE, "twice"},
    {"modules:shared_experts,shared_experts", AM_BAD_VALUE, "twice"},
};

START_TEST(error)
{
    policy = (am_policy){.kind = AM_POLICY_BLOCK, .count = 7, .reentrant = true};
    expect_error(errors[_i].text, read_policy(errors[_i].text, 32), errors[_i].code, "checkpoint", errors[_i].part);
    ck_assert_int_eq(policy.count, 7);
}
END_TEST

START_TEST(layers_are_needed)
{
    expect_error("sqrt", read_policy("sqrt", AM_AUTO), AM_MISSING, "layers", "give layers");
}
END_TEST

START_TEST(text_without_room)
{
    char text[8] = "xyz";
    am_policy every = {.kind = AM_POLICY_EVERY, .count = 100};
    ck_assert_str_eq(am_policy_text(every, text, sizeof text), "");
    every.count = 1;
    ck_assert_str_eq(am_policy_text(every, text, sizeof text), "every:1");
}
END_TEST

Suite *test_policy_suite(void)
{
    Suite *suite = suite_create("policy");
    TCase *tests = tcase_create("policy");
    tcase_add_loop_test(tests, round_trip, 0, (int)COUNT(policies));
    tcase_add_test(tests, other_spellings);
    tcase_add_test(tests, operations);
    tcase_add_test(tests, modules_in_any_order);
    tcase_add_test(tests, reentrant_is_passed_on);
    tcase_add_test(tests, segments_of_the_root);
    tcase_add_loop_test(tests, error, 0, (int)COUNT(errors));
    tcase_add_test(tests, layers_are_needed);
    tcase_add_test(tests, text_without_room);
    suite_add_tcase(suite, tests);
    return suite;
}
