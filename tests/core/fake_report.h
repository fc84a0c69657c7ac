/* A small report made by hand: two kinds of layers, a shared row, rows outside, two plans. Its figures add up. */
#ifndef FAKE_REPORT_H
#define FAKE_REPORT_H

#include <string.h>

#include "actmem.h"

static am_report fake;

static am_term fake_term(int64_t num, const char *symbols)
{
    am_term term = {num, 1, {0}};
    for (; *symbols != '\0'; symbols++)
        for (int i = 0; i < AM_SYMBOL_COUNT; i++)
            if (am_symbols[i].text[0] == *symbols && am_symbols[i].text[1] == '\0') term.power[i]++;
    return term;
}

static void fake_row(int kind, int64_t count, const char *name, am_module module, int dtype, am_op op,
                     const char *symbols)
{
    am_report_row *row = &fake.row[fake.rows++];
    am_term term = fake_term(1, symbols);
    *row = (am_report_row){.kind = kind, .count = count};
    row->row = (am_row){.name = name, .module = module, .op = op, .dtype = (uint8_t)dtype, .rank = 1, .elements = term};
    row->row.extent[0] = term;
    row->row.shape[0] = am_term_value(&term, fake.extents.value);
    row->row.bytes = row->row.shape[0] * am_dtypes[dtype].size;
    row->row.savers = 1;
    row->row.saved_by[0].op = (uint8_t)op;
}

static void fake_sums(void)
{
    for (int i = 0; i < fake.rows; i++) {
        am_report_row *row = &fake.row[i];
        fake.saved_bytes += row->row.bytes * row->count;
        if (row->kind == AM_KIND_OUTSIDE)
            fake.outside_bytes += row->row.bytes;
        else if (row->kind == AM_KIND_SHARED)
            fake.shared_bytes += row->row.bytes;
        else
            fake.kind[row->kind].bytes += row->row.bytes;
    }
}

static void fake_rows(void)
{
    am_module norm = {"input_layernorm", "", AM_C_NORM};
    am_module q = {"self_attn.q_proj", "", AM_C_ATTENTION};
    am_module adapter = {"self_attn.q_proj", ".lora_A.default", AM_C_ATTENTION};
    am_module loss = {"", "", AM_C_LOSS};
    fake_row(0, 1, "normed input", q, AM_BF16, AM_OP_MM, "sbh");
    fake_row(1, 31, "input in fp32", norm, AM_FP32, AM_OP_POW, "sbh");
    fake_row(1, 31, "normed input", q, AM_BF16, AM_OP_MM, "sbh");
    fake_row(1, 31, "low-rank activation", adapter, AM_BF16, AM_OP_MM, "sbr");
    fake_row(AM_KIND_SHARED, 1, "rotary table", q, AM_BF16, AM_OP_MUL, "sd");
    fake_row(AM_KIND_OUTSIDE, 1, "log-probabilities", loss, AM_FP32, AM_OP_LOG_SOFTMAX, "sbv");
    fake_row(AM_KIND_OUTSIDE, 1, "labels", loss, AM_I64, AM_OP_NLL_LOSS, "sb");
}

static void fake_plans(void)
{
    fake.plans = 3;
    fake.plan[0] = (am_plan){
        .policy = {.kind = AM_POLICY_NONE}, .label = "no checkpointing", .note = "keeps all", .chosen = true};
    fake.plan[0].outcome = fake.outcome;
    fake.plan[1] = (am_plan){.policy = {.kind = AM_POLICY_FULL}, .label = "every layer", .note = "keeps inputs"};
    fake.plan[1].outcome =
        (am_outcome){.saved_bytes = 100, .step_peak = 1000, .forward_flops = 4000, .recomputed_flops = 1083};
    fake.plan[2] = (am_plan){.policy = {.kind = AM_POLICY_EVERY, .count = 4, .reentrant = true}, .label = "every 4", .note = "worse at both"};
    fake.plan[2].outcome =
        (am_outcome){.saved_bytes = 50, .step_peak = 1001, .forward_flops = 4000, .recomputed_flops = 1084};
}

static void fake_points(void)
{
    const am_module modules[] = {
        {"embed_tokens", "", AM_C_EMBEDDING}, {"mlp", "", AM_C_MLP}, {"lm_head", "", AM_C_HEAD}};
    fake.points = 6;
    for (int i = 0; i < 6; i++) {
        int module = i < 3 ? i : 5 - i; /* forwards, then backwards */
        fake.point[i] =
            (am_point){i < 3 ? AM_FORWARD : AM_BACKWARD, module == 1 ? 7 : -1, modules[module], AM_OP_MM, 100 + i};
    }
}

/* The preset llama-3-8b, LoRA's symbols among others. */
static const am_report *fake_report(void)
{
    am_status status;
    am_config config = am_default_config();
    memset(&fake, 0, sizeof fake);
    am_config_resolve(&config, &status);
    fake.config = config;
    for (int i = 0; i < am_preset_count; i++)
        if (strcmp(am_presets[i].name, "llama-3-8b") == 0) fake.preset = &am_presets[i];
    const int64_t values[AM_SYMBOL_COUNT] = {
        [AM_S] = 2048,   [AM_B] = 1,  [AM_A] = 32,   [AM_K] = 8,     [AM_H] = 4096,   [AM_D] = 128,  [AM_F] = 14336,
        [AM_V] = 128256, [AM_R] = 16, [AM_P] = 2048, [AM_S1] = 2049, [AM_S32] = 2048, [AM_D8] = 128, [AM_TP] = 1,
    };
    am_extents_init(&fake.extents, values);
    fake.kinds = 2;
    fake.kind[0] = (am_kind){"first layer", 1, 1, 0, NULL, 0, false};
    fake.kind[1] = (am_kind){"layer", 31, 1, 0, NULL, 0, false};
    fake_rows();
    fake_sums();
    am_place at = {AM_RECOMPUTE, 31, {"mlp.act_fn", "", AM_C_MLP}, AM_OP_SILU};
    am_place outside = {AM_FORWARD, -1, {"", "", AM_C_LOSS}, AM_OP_LOG_SOFTMAX};
    fake.outcome = (am_outcome){.saved_bytes = fake.saved_bytes,
                                .after_forward = fake.saved_bytes + 4,
                                .forward_peak = fake.saved_bytes + 5,
                                .backward_peak = fake.saved_bytes + 6,
                                .step_peak = fake.saved_bytes + 6,
                                .head_forward = 3000,
                                .head_backward = 5000,
                                .forward_flops = 4000,
                                .forward_at = outside,
                                .backward_at = at,
                                .step_at = at};
    fake.fit.activations = fake.outcome.step_peak;
    fake.parameters = (am_parameters){8030261248,
                                      16777216,
                                      16060522496 + 33554432,
                                      2,
                                      {{AM_C_MLP, false, 8030261248 - 16777216, 0, 16060522496 - 33554432},
                                       {AM_C_ATTENTION, true, 16777216, 16777216, 67108864}},
                                      2,
                                      {{AM_C_MLP, false, AM_BF16, 1, {8030261248 - 16777216}, 1},
                                       {AM_C_ATTENTION, true, AM_FP32, 2, {4096, 4096}, 1}}};
    fake_plans();
    fake_points();
    fake.ranks = 1;
    fake.rank[0] = (am_rank){
        .layers = 32, .in_flight = 1, .layer_bytes = fake.kind[1].bytes, .saved_bytes = fake.saved_bytes, .chunks = 1};
    fake.chunk[0] = (am_chunk){.layers = 32, .embedding = true, .head = true, .alive = 1};
    return &fake;
}

#endif
