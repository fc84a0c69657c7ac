/* Models that no input asks for: the tests record their forward pass with the core's operations and hold it to a case of
 * others.json, by its rows, its totals and the peaks of a step that plays every layer. */
#ifndef RECORDED_H
#define RECORDED_H

#include "build.h"
#include "record.h"
#include "rows.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))

static am_tape *const tape = &fixture_workspace.tape;
static am_build build;

/* What a case asks for beside its shapes. */
typedef struct recorded {
    const char *name; /* in others.json */
    const char *text; /* shapes, as inputs of a stack whose builder is not used */
    int layers;
    am_recompute kind;
    am_keep keep; /* AM_KEEP_EVERYTHING: not checkpointed */
} recorded;

static inline void begin(const recorded *one)
{
    static am_config config;
    int64_t value[AM_SYMBOL_COUNT];
    am_record record = {.units = one->layers, .inner = 1, .regions = one->keep != AM_KEEP_EVERYTHING};
    config = config_of(one->text);
    am_model_symbols(&config, value);
    am_extents_init(&fixture_report.extents, value);
    am_build_begin(&build, tape, &fixture_report.extents, &config, record);
}

static inline am_dim number(int64_t n)
{
    return am_dim_of(tape->extents, n, 1, (const am_symbol[]){AM_SYMBOL_COUNT});
}

/* Runs a builder as the code of a module. */
static inline am_module inside(const char *path)
{
    return am_enter(tape, path, AM_C_RESIDUAL);
}

static inline json case_named(const char *name)
{
    static json others = {NULL, 0};
    char text[128];
    if (!others.document) others = json_load("others.json");
    for (int i = 0; i < json_size(others); i++) {
        json record = json_at(others, i);
        if (strcmp(json_text(json_get(record, "name"), text, sizeof text), name) == 0) return record;
    }
    ck_abort_msg("others.json has no case '%s'", name);
    return others;
}

static inline void expect_case(const char *name, const char *what, int64_t got, json wanted)
{
    ck_assert_msg(got == json_int(wanted), "%s: %s is %lld, measured %lld", name, what, (long long)got,
                  (long long)json_int(wanted));
}

/* Rows of one zone, each found among the measured ones and as many. */
static inline void expect_rows_of(const char *name, json measured, const char *prefix, bool outside, int layers)
{
    const am_ledger *ledger = &fixture_workspace.plain;
    int rows = 0, wanted = 0;
    bool taken[AM_MAX_ROWS] = {false};
    for (int i = 0; i < json_size(measured); i++) wanted += json_get(json_at(measured, i), "input").index < 0;
    for (int i = 0; i < ledger->count; i++) {
        const am_row *row = &ledger->row[i];
        if (outside ? row->zone != 0 && row->zone <= layers : row->zone != 2) continue;
        bool found = false;
        for (int j = 0; j < json_size(measured) && !found; j++) {
            json other = json_at(measured, j);
            if (taken[j] || json_get(other, "input").index >= 0 || !same_row(row, other, prefix)) continue;
            found = taken[j] = true;
        }
        ck_assert_msg(found, "%s: no measured row like %s%s, %lld bytes by %s", name, prefix, row->module.path,
                      (long long)row->bytes, am_ops[row->saved_by[0].op].node);
        rows++;
    }
    ck_assert_msg(rows == wanted, "%s: %d rows, measured %d", name, rows, wanted);
}

static inline void expect_ledger(const recorded *one, json record, const char *prefix)
{
    am_ledger *ledger = &fixture_workspace.plain;
    ck_assert_int_eq(am_ledger_read(ledger, tape, build.record), AM_OK);
    am_ledger_describe(ledger, tape);
    json layers = json_get(record, "layer_bytes");
    int64_t saved = ledger->outside_bytes + ledger->shared_bytes;
    ck_assert_int_eq(json_size(layers), one->layers);
    for (int i = 0; i < one->layers; i++) {
        int64_t bytes = ledger->unit_bytes[i > 0];
        expect_case(one->name, "a layer", bytes, json_at(layers, i));
        saved += bytes;
    }
    expect_case(one->name, "saved", saved, json_get(record, "saved_bytes"));
    expect_case(one->name, "outside", ledger->outside_bytes, json_get(record, "outside_bytes"));
    expect_case(one->name, "shared", ledger->shared_bytes, json_get(record, "shared_bytes"));
    json rows = json_get(record, "rows");
    expect_rows_of(one->name, json_get(rows, "layer_1"), prefix, false, one->layers);
    expect_rows_of(one->name, json_get(rows, "outside"), "", true, one->layers);
}

/* Of what is on the tape, finished. prefix: of the modules of layer 1. */
static inline void expect_measured(const recorded *one, const char *prefix)
{
    json record = case_named(one->name);
    am_step *step = &fixture_workspace.step;
    am_tape_checkpoint(tape, one->kind, one->keep);
    if (one->keep == AM_KEEP_EVERYTHING) expect_ledger(one, record, prefix);
    ck_assert_int_eq(am_step_play(step, &fixture_workspace.player, tape, NULL), AM_OK);
    expect_case(one->name, "after the forward", step->after_forward, json_get(record, "live_after_forward"));
    expect_case(one->name, "forward peak", step->forward_peak, json_get(record, "forward_peak"));
    expect_case(one->name, "backward peak", step->backward_peak, json_get(record, "backward_peak"));
    expect_case(one->name, "step peak", step->step_peak, json_get(record, "step_peak"));
    expect_case(one->name, "gradients", step->gradient_bytes, json_get(record, "gradient_bytes"));
    json ratio = json_get(record, "recompute_flops_ratio");
    if (json_is_null(ratio)) return;
    double got = (double)step->recomputed_flops / (double)step->forward_flops;
    ck_assert_double_eq_tol(got, json_real(ratio), 1e-12); /* the rounding of a double */
}

#endif
