#include "exhibits.h"

#include <stdio.h>
#include <string.h>

exhibit exhibits[MAX_EXHIBITS];
int exhibit_count;

static am_allocation events[8192];

/* ---- signatures ---- */

/* Fowler, Noll and Vo's hash, 64 bits. */
static uint64_t mix(uint64_t hash, const void *data, size_t size)
{
    const unsigned char *byte = data;
    for (size_t i = 0; i < size; i++) hash = (hash ^ byte[i]) * 0x100000001b3u;
    return hash;
}

static uint64_t mix_text(uint64_t hash, const char *text)
{
    return mix(hash, text, strlen(text) + 1);
}

static uint64_t mix_number(uint64_t hash, int64_t number)
{
    return mix(hash, &number, sizeof number);
}

enum { SEED = 0x4bf29ce4 };

/* Module, bytes, dtype, and the set of savers. */
static uint64_t signature_of_row(const am_row *row)
{
    uint64_t savers = 0, hash = mix_text(mix_text(SEED, row->module.path), row->module.leaf);
    for (int i = 0; i < row->savers; i++) {
        if (row->saved_by[i].rule >= AM_BY_SELECTIVE) continue;
        const am_op_info *op = &am_ops[row->saved_by[i].op];
        savers += mix_text(mix_text(SEED, op->node), op->saves[row->saved_by[i].rule].attribute);
    }
    return mix_number(mix_number(mix_number(hash, row->bytes), row->dtype), (int64_t)savers);
}

/* The ledger of a case: its sums, and the rows that the fixtures have, those of a layer and those outside. */
static uint64_t signature_of_ledger(uint64_t hash, bool rows)
{
    const am_report *report = &fixture_report;
    hash = mix_number(mix_number(mix_number(hash, report->saved_bytes), report->shared_bytes), report->outside_bytes);
    uint64_t sum = 0;
    for (int i = 0; rows && i < report->rows; i++)
        if (report->row[i].kind == report->kinds - 1 || report->row[i].kind == AM_KIND_OUTSIDE)
            sum += signature_of_row(&report->row[i].row);
    return mix_number(hash, (int64_t)sum);
}

static uint64_t signature_of_report(const exhibit *from)
{
    am_status status;
    uint64_t hash = SEED;
    if (am_evaluate(&fixture_report, &fixture_workspace, &from->config, &status)) return status.code;
    const am_outcome *outcome = &fixture_report.outcome;
    bool checkpointed = fixture_report.policy.kind != AM_POLICY_NONE;
    if (from->kind == EXHIBIT_PAPER) return signature_of_ledger(hash, false); /* it speaks of nothing else */
    hash = mix_number(hash, outcome->after_forward);
    if (!checkpointed) hash = signature_of_ledger(hash, from->kind == EXHIBIT_CASE || from->kind == EXHIBIT_RANK);
    hash = mix_number(mix_number(hash, outcome->forward_peak), outcome->backward_peak);
    if (from->kind != EXHIBIT_RANK || from->config.stack == AM_STACK_TORCH)
        hash = mix_number(mix_number(hash, outcome->step_peak), outcome->gradient_bytes);
    return checkpointed ? mix_number(hash, outcome->recomputed_flops) : hash;
}

static uint64_t signature_of_sequence(const exhibit *from)
{
    static const am_keep keep[] = {[AM_POLICY_NONE] = AM_KEEP_EVERYTHING,
                                   [AM_POLICY_FULL] = AM_KEEP_NOTHING,
                                   [AM_POLICY_SAVE_MATMULS] = AM_KEEP_MATMULS,
                                   [AM_POLICY_SAVE_HALF_MATMULS] = AM_KEEP_HALF_MATMULS};
    am_status status;
    am_policy policy;
    am_workspace *workspace = &fixture_workspace;
    am_tape *tape = &workspace->tape;
    int64_t value[AM_SYMBOL_COUNT];
    uint64_t hash = SEED;
    ck_assert_int_eq(am_policy_parse(&policy, &from->config, &status), AM_OK);
    am_model_symbols(&from->config, value);
    am_extents_init(&fixture_report.extents, value);
    bool regions = policy.kind != AM_POLICY_NONE;
    am_record all = {.units = (int)from->config.layers, .inner = 1, .regions = regions, .hooked = regions};
    am_pattern pattern = am_model_pattern(&from->config);
    for (int i = 0; i < all.units; i++) all.kind[i] = (uint8_t)am_pattern_kind(&pattern, i);
    am_code code = am_model_record(tape, &fixture_report.extents, &from->config, all);
    if (code) return (uint64_t)code;
    am_tape_checkpoint(tape, policy.reentrant ? AM_REENTRANT : AM_NON_REENTRANT, keep[policy.kind]);
    am_trace trace = {.allocation = events, .allocation_capacity = (int)(sizeof events / sizeof *events)};
    code = am_step_play(&workspace->step, &workspace->player, tape, &trace);
    if (code) return (uint64_t)code;
    for (int i = 0; i < trace.allocations && i < trace.allocation_capacity; i++) {
        hash = mix_number(hash, events[i].phase == AM_FORWARD);
        hash = mix_number(mix_number(hash, events[i].bytes), events[i].live);
    }
    return hash;
}

uint64_t exhibit_signature(const exhibit *from)
{
    switch (from->kind) {
    case EXHIBIT_SEQUENCE: return signature_of_sequence(from);
    case EXHIBIT_OPERATION: return mix_text(SEED, operation_alone(from->index));
    case EXHIBIT_AUTOCAST: return mix_number(SEED, result_under_autocast(from->index, &(am_op){0}));
    default: return signature_of_report(from);
    }
}

/* ---- the list ---- */

static exhibit *add(exhibit_kind kind, const char *file, const char *name)
{
    ck_assert_int_lt(exhibit_count, MAX_EXHIBITS);
    exhibit *added = &exhibits[exhibit_count++];
    snprintf(added->name, sizeof added->name, "%s: %s", file, name);
    added->kind = kind;
    return added;
}

typedef struct source {
    const char *file;
    exhibit_kind kind;
} source;

static void add_record(json record, void *data)
{
    const source *from = data;
    char text[1024], name[100];
    json_text(json_get(record, "name"), name, sizeof name);
    json inputs = json_get(record, "text"); /* cases.json has its own in arguments.json */
    am_config config =
        inputs.index < 0 ? fixture_config(name) : config_of(json_text(inputs, text, sizeof text));
    if (json_get(record, "allocations").index >= 0) add(EXHIBIT_SEQUENCE, from->file, name)->config = config;
    if (from->kind != EXHIBIT_SEQUENCE) add(from->kind, from->file, name)->config = config;
}

/* Korthikanti et al. 2022, table 2 and section 4.3. */
static void add_paper(void)
{
    static const char *const texts[] = {"", "tp=4", "tp=4 sp=yes", "checkpoint=modules:core_attn"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        char text[256];
        snprintf(text, sizeof text, "stack=paper family=gpt2 layers=4 hidden=64 heads=4 vocab=256 seq=32 batch=2 %s",
                 texts[i]);
        am_config config = config_of(text);
        add(EXHIBIT_PAPER, "paper", texts[i])->config = config;
    }
}

void exhibits_load(void)
{
    if (exhibit_count) return;
    static source sources[] = {{"allocations.json", EXHIBIT_SEQUENCE},
                               {"unseen.json", EXHIBIT_SHAPE},
                               {"loss.json", EXHIBIT_SHAPE},
                               {"liger.json", EXHIBIT_SHAPE},
                               {"cases.json", EXHIBIT_CASE},
                               {"parallel.json", EXHIBIT_RANK}};
    for (size_t i = 0; i < sizeof sources / sizeof *sources; i++)
        if (json_exists(sources[i].file)) json_each(json_load(sources[i].file), add_record, &sources[i]);
    am_op op;
    for (int i = 0; operation_alone(i); i++) add(EXHIBIT_OPERATION, "operation", "")->index = i;
    for (int i = 0; result_under_autocast(i, &op) != AM_DTYPE_COUNT; i++)
        add(EXHIBIT_AUTOCAST, "autocast.json", "")->index = i;
    add_paper();
    for (int i = 0; i < exhibit_count; i++) {
        exhibits[i].signature = exhibit_signature(&exhibits[i]);
        const am_tape *tape = &fixture_workspace.tape;
        for (int j = 0; j < tape->instructions; j++)
            if (tape->instruction[j].kind == AM_I_OP) exhibits[i].held[tape->instruction[j].op] = true;
    }
}
