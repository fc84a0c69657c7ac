/* Holds actmem to one rank of parallel training (tests/fixtures/parallel.json): row by row which module keeps what by which
 * of autograd's nodes. */
#ifndef RANKS_H
#define RANKS_H

#include <stdio.h>
#include <string.h>

#include "measured.h"

static json rank_cases; /* all of them, and by number those of this suite */
static int rank_case[256], rank_count;

typedef struct rank_filter {
    int index;
    bool megatron;
} rank_filter;

static inline void filter_rank(json record, void *data)
{
    rank_filter *filter = data;
    char text[512];
    json_text(json_get(record, "text"), text, sizeof text);
    if ((strstr(text, "stack=megatron") != NULL) == filter->megatron) rank_case[rank_count++] = filter->index;
    filter->index++;
}

/* Megatron's cases, or PyTorch's own. */
static inline void load_ranks(bool megatron)
{
    rank_filter filter = {0, megatron};
    rank_cases = json_load("parallel.json");
    json_each(rank_cases, filter_rank, &filter);
}

static inline json rank_at(int index)
{
    return json_at(rank_cases, rank_case[index]);
}

static inline void evaluate_rank(json record)
{
    char text[512];
    am_status status;
    am_config config = config_of(json_text(json_get(record, "text"), text, sizeof text));
    ck_assert_msg(am_evaluate(&fixture_report, &fixture_workspace, &config, &status) == AM_OK, "%s: %s", text,
                  status.message);
}

static inline void expect_layers(json record)
{
    json layers = json_get(record, "layer_bytes");
    if (layers.index < 0) return;
    const am_kind *kind = &fixture_report.kind[fixture_report.kinds - 1];
    ck_assert_int_eq(kind->bytes, json_int(json_at(layers, json_size(layers) - 1)));
    ck_assert_int_eq(fixture_report.outside_bytes + fixture_report.shared_bytes,
                     json_int(json_get(record, "outside_bytes")));
}

/* ---- rows ---- */

static bool rank_taken[AM_MAX_ROWS];

/* "GeLUFunctionBackward.saved[0]" */
static inline bool is_saved_by(const am_row *row, const char *saver)
{
    for (int i = 0; i < row->savers; i++) {
        char text[96];
        if (row->saved_by[i].rule == 255) { /* …Function, …WithoutOutputFunction */
            if (strncmp(saver, "Checkpoint", 10) == 0) return true;
            continue;
        }
        const am_op_info *op = &am_ops[row->saved_by[i].op];
        const char *attribute = op->saves[row->saved_by[i].rule].attribute;
        snprintf(text, sizeof text, strchr(attribute, '[') ? "%sBackward.%s" : "%sBackward0.%s", op->node, attribute);
        if (op == &am_ops[AM_OP_FILL]) strcpy(text, "CopySlices");
        if (strcmp(text, saver) == 0) return true;
    }
    return false;
}

typedef struct rank_survey {
    const char *name, *layer; /* the path of the layer's modules; NULL outside */
    int kind, rows;
} rank_survey;

static inline bool is_rank_row(const am_report_row *found, json row, const char *layer)
{
    char module[96], path[96], dtype[16], saver[96];
    json_text(json_get(row, "module"), module, sizeof module);
    snprintf(path, sizeof path, "%s%s%s", layer ? layer : "", layer && *found->row.module.path ? "." : "",
             found->row.module.path);
    json_text(json_get(row, "dtype"), dtype, sizeof dtype);
    if (strcmp(module, path) != 0 || found->row.bytes != json_int(json_get(row, "bytes")) ||
        strcmp(am_dtypes[found->row.dtype].torch, dtype) != 0)
        return false;
    json savers = json_get(row, "saved_by");
    if (found->row.savers != json_size(savers) && found->row.saved_by[0].rule != 255) return false;
    for (int i = 0; i < json_size(savers); i++)
        if (!is_saved_by(&found->row, json_text(json_at(savers, i), saver, sizeof saver))) return false;
    return true;
}

static inline void expect_rank_row(json row, void *data)
{
    rank_survey *at = data;
    char module[96];
    if (json_get(row, "input").index >= 0) return; /* tokens, labels, the loss's mask: not counted */
    at->rows++;
    for (int i = 0; i < fixture_report.rows; i++) {
        const am_report_row *found = &fixture_report.row[i];
        if (rank_taken[i] || found->kind != at->kind || !is_rank_row(found, row, at->layer)) continue;
        rank_taken[i] = true;
        return;
    }
    ck_abort_msg("%s: no row for %lld bytes of %s", at->name, (long long)json_int(json_get(row, "bytes")),
                 json_text(json_get(row, "module"), module, sizeof module));
}

/* The rows of a layer whose modules begin with this path, and those outside: no more and no fewer. */
static inline void expect_rank_rows(json record, const char *path)
{
    json measured = json_get(record, "rows");
    char name[96];
    json_text(json_get(record, "name"), name, sizeof name);
    memset(rank_taken, 0, sizeof rank_taken);
    rank_survey layer = {name, path, fixture_report.kinds - 1, 0}, outside = {name, NULL, AM_KIND_OUTSIDE, 0};
    int layer_rows = 0, outside_rows = 0;
    for (int i = 0; i < fixture_report.rows; i++) {
        layer_rows += fixture_report.row[i].kind == layer.kind;
        outside_rows += fixture_report.row[i].kind == AM_KIND_OUTSIDE;
    }
    json_each(json_get(measured, "layer"), expect_rank_row, &layer);
    json_each(json_get(measured, "outside"), expect_rank_row, &outside);
    ck_assert_int_eq(layer.rows, layer_rows);
    ck_assert_int_eq(outside.rows, outside_rows);
}

#endif
