/* The report's JSON: what is saved, row by row, and the worked example that adds the rows up. */
#include "report.h"

#include "bytes.h"
#include "explain.h"

/* ---- symbols */

/* Bits of all powers, symbol by symbol: 0 only where each is. */
static void mark_symbols(int8_t bits[AM_POWERS], const am_term *term)
{
    for (int i = 0; i < AM_POWERS; i += 8) {
        uint64_t marked = am_powers_at(bits, i) | am_powers_at(term->power, i);
        memcpy(bits + i, &marked, sizeof marked);
    }
}

static void mark_row(int8_t bits[AM_POWERS], const am_row *row)
{
    mark_symbols(bits, &row->elements);
    for (int i = 0; i < row->rank; i++) mark_symbols(bits, &row->extent[i]);
}

static bool is_dropped(const am_dropped_row *row, int kinds)
{
    for (int kind = 0; kind < kinds; kind++)
        if (row->count[kind] > 0) return true;
    return false;
}

void am_report_symbols(const am_report *report, bool used[AM_SYMBOL_COUNT])
{
    int8_t bits[AM_POWERS] = {[AM_S] = 1, [AM_B] = 1};
    for (int i = 0; i < report->rows; i++) mark_row(bits, &report->row[i].row);
    for (int i = 0; i < report->dropped_rows; i++)
        if (is_dropped(&report->dropped[i], report->kinds)) mark_row(bits, &report->dropped[i].row);
    for (int i = 0; i < AM_SYMBOL_COUNT; i++) used[i] = bits[i] != 0;
}

void am_json_symbols(am_writer *json, const am_report *report)
{
    bool used[AM_SYMBOL_COUNT];
    am_report_symbols(report, used);
    AM_OPEN(json, "symbols", "[");
    for (int i = 0; i < AM_SYMBOL_COUNT; i++) {
        if (!used[i]) continue;
        am_json_open(json, '{');
        AM_PUT_PLAIN(json, "symbol", am_symbols[i].text);
        AM_PUT_PLAIN(json, "key", am_symbols[i].key);
        AM_PUT_PLAIN(json, "name", am_symbols[i].name);
        AM_PUT_INT(json, "value", report->extents.value[i]);
        am_json_close(json, '}');
    }
    am_json_close(json, ']');
}

/* ---- what is saved */

static void write_sum_key(am_writer *json, const am_sum *sum, const int64_t *values)
{
    am_json_quote(json);
    am_write_sum(json, sum, values);
    am_json_unquote(json);
}

/* A sum that the total has. */
static void write_sum_again(am_writer *json, am_span span)
{
    am_json_quote(json);
    if (span.length)
        am_write_again(json, span);
    else
        AM_WRITE(json, "0");
    am_json_unquote(json);
}

static void write_kinds(am_writer *json, const am_report *report, am_written *written)
{
    AM_OPEN(json, "layers", "[");
    for (int i = 0; i < report->kinds; i++) {
        am_json_open(json, '{');
        AM_KEY(json, "kind");
        am_json_quote(json);
        size_t from = json->length;
        am_write_kind(json, &report->kind[i]);
        written->kind[i] = am_span_since(json, from);
        am_json_unquote(json);
        AM_PUT_INT(json, "count", report->kind[i].count);
        AM_PUT_INT(json, "layers_each", report->kind[i].layers_each);
        AM_PUT_INT(json, "bytes", report->kind[i].bytes);
        AM_KEY(json, "formula");
        write_sum_again(json, *am_sum_of(&written->sums, i));
        am_json_close(json, '}');
    }
    am_json_close(json, ']');
}

/* Bytes of a component outside the layers, and their formula. */
static int64_t outside_of(const am_report *report, am_component component, am_sum *sum)
{
    int64_t bytes = 0;
    *sum = (am_sum){0};
    for (int i = 0; i < report->rows; i++) {
        const am_report_row *row = &report->row[i];
        if (row->kind != AM_KIND_OUTSIDE || row->row.module.component != component) continue;
        bytes += row->row.bytes * row->count;
        am_add_row(sum, &row->row, row->count);
    }
    return bytes;
}

static void write_outside(am_writer *json, const am_report *report)
{
    bool seen[AM_COMPONENT_COUNT] = {false};
    am_sum sum;
    AM_OPEN(json, "outside", "[");
    for (int i = 0; i < report->rows; i++) {
        am_component component = report->row[i].row.module.component;
        if (report->row[i].kind != AM_KIND_OUTSIDE || seen[component]) continue;
        seen[component] = true;
        int64_t bytes = outside_of(report, component, &sum);
        am_json_open(json, '{');
        AM_PUT_PLAIN(json, "name", am_component_names[component]);
        AM_PUT_PLAIN(json, "component", am_component_names[component]);
        AM_PUT_INT(json, "bytes", bytes);
        AM_KEY(json, "formula");
        write_sum_key(json, &sum, NULL);
        am_json_close(json, '}');
    }
    am_json_close(json, ']');
    AM_PUT_INT(json, "outside_bytes", report->outside_bytes);
}

static void write_shared(am_writer *json, const am_report *report, am_sum_spans *sums)
{
    AM_PUT_INT(json, "shared_bytes", report->shared_bytes);
    AM_KEY(json, "shared_formula");
    write_sum_again(json, *am_sum_of(sums, AM_KIND_SHARED));
}

__attribute__((noinline)) /* its frame stands beside no other */
void am_json_saved(am_writer *json, const am_report *report, am_written *written)
{
    AM_OPEN(json, "saved", "{");
    AM_PUT_INT(json, "bytes", report->saved_bytes);
    AM_KEY(json, "formula");
    am_json_quote(json);
    am_write_total(json, report, NULL, &written->sums);
    am_json_unquote(json);
    write_kinds(json, report, written);
    write_shared(json, report, &written->sums);
    write_outside(json, report);
    am_json_close(json, '}');
}

void am_report_components(const am_report *report, int64_t bytes[AM_COMPONENT_COUNT])
{
    memset(bytes, 0, AM_COMPONENT_COUNT * sizeof bytes[0]);
    for (int i = 0; i < report->rows; i++)
        bytes[report->row[i].row.module.component] += report->row[i].row.bytes * report->row[i].count;
}

int64_t am_report_head(const am_report *report)
{
    int64_t bytes[AM_COMPONENT_COUNT];
    am_report_components(report, bytes);
    return bytes[AM_C_HEAD] + bytes[AM_C_LOSS];
}

void am_json_components(am_writer *json, const am_report *report)
{
    int64_t bytes[AM_COMPONENT_COUNT];
    am_report_components(report, bytes);
    AM_OPEN(json, "components", "[");
    for (int i = 0; i < AM_COMPONENT_COUNT; i++) {
        if (bytes[i] <= 0) continue;
        am_json_open(json, '{');
        AM_PUT_PLAIN(json, "component", am_component_names[i]);
        AM_PUT_INT(json, "bytes", bytes[i]);
        am_json_close(json, '}');
    }
    am_json_close(json, ']');
}

/* ---- rows */

static void write_scope(am_writer *json, const am_written *written, int kind)
{
    AM_KEY(json, "scope");
    am_json_quote(json);
    if (kind == AM_KIND_OUTSIDE)
        AM_WRITE(json, "outside");
    else if (kind == AM_KIND_SHARED)
        AM_WRITE(json, "shared");
    else
        am_write_again(json, written->kind[kind]);
    am_json_unquote(json);
}

static void write_formula(am_writer *json, const am_row *row, const int64_t *values)
{
    AM_KEY(json, "formula");
    am_json_quote(json);
    am_write_bytes(json, row, NULL);
    am_json_unquote(json);
    AM_KEY(json, "substituted");
    am_json_quote(json);
    am_write_bytes(json, row, values);
    am_json_unquote(json);
}

/* Why it is kept, and for whom: "MmBackward0.self". */
static void write_savers(am_writer *json, const am_row *row)
{
#ifndef AM_FIRST /* the page has the reasons by the savers' names: see write_savers in tables.c */
    AM_KEY(json, "why");
    am_json_quote(json);
    am_write_why(json, row);
    am_json_unquote(json);
#endif
    AM_OPEN(json, "saved_by", "[");
    for (int i = 0; i < row->savers; i++) {
        am_json_quote(json);
        am_write_saver(json, row, i);
        am_json_unquote(json);
    }
    am_json_close(json, ']');
}

static void write_size(am_writer *json, const am_row *row)
{
    AM_KEY(json, "shape");
    am_json_quote(json);
    am_write_shape(json, row);
    am_json_unquote(json);
    AM_KEY(json, "shape_values");
    am_json_ints(json, row->rank, row->shape);
    AM_PUT_PLAIN(json, "dtype", am_dtypes[row->dtype].name);
    AM_PUT_INT(json, "bytes", row->bytes);
}

#ifdef AM_FIRST /* where writing everything once more is smaller */
enum { FIRST = true };
#define row_like(report, written, rows, row, same) ((void)(rows), (const am_written_row *)NULL)
#define note_span(json, span, start)               ((void)(span), (void)(start))
#else
enum { FIRST = false };

/* Do they have the same shape, type, bytes and formula? The shape is that of its extents, and what is padded the rest of the bytes. */
static bool same_size(const am_row *x, const am_row *y)
{
    bool alike = x->bytes == y->bytes && x->rank == y->rank && x->dtype == y->dtype && am_terms_equal(&x->elements, &y->elements);
    for (int i = 0; alike && i < x->rank; i++) alike = am_terms_equal(&x->extent[i], &y->extent[i]);
    return alike;
}

static bool same_savers(const am_row *x, const am_row *y)
{
    if (x->savers != y->savers) return false;
    for (int i = 0; i < x->savers; i++)
        if (x->saved_by[i].op != y->saved_by[i].op || x->saved_by[i].rule != y->saved_by[i].rule) return false;
    return true;
}

/* One of the first so many rows that is the same in that, as it was written; NULL: none is. */
static const am_written_row *row_like(const am_report *report, const am_written *written, int rows, const am_row *row,
                                      bool (*same)(const am_row *, const am_row *))
{
    for (int i = 0; i < rows; i++)
        if (same(&report->row[i].row, row)) return &written->row[i];
    return NULL;
}

/* What has been written since then. */
static void note_span(const am_writer *json, am_span *span, size_t from)
{
    *span = am_span_since(json, from);
}
#endif

/* A row behind so many that were written and noted. Returns where its parts stand. */
static am_written_row write_row(am_writer *json, const am_report *report, const am_row *row, int kind, int64_t count,
                                const am_written *written, int rows)
{
    const am_written_row *like = row_like(report, written, rows, row, same_size);
    am_written_row own = {0};
    am_json_open(json, '{');
    write_scope(json, written, kind);
    AM_KEY(json, "module");
    am_json_joined(json, row->module.path, row->module.leaf);
    AM_PUT_PLAIN(json, "component", am_component_names[row->module.component]);
    AM_PUT_PLAIN(json, "op", am_ops[row->op].name);
    AM_PUT_PLAIN(json, "name", row->name);
    size_t from = json->length;
    if (like)
        am_write_again(json, like->size);
    else
        write_size(json, row);
    note_span(json, &own.size, from);
    AM_PUT_INT(json, "count", count);
#ifndef AM_FIRST /* no autocast */
    if (row->cached) AM_PUT_BOOL(json, "cached", true);
#endif
    from = json->length;
    if (like)
        am_write_again(json, like->formula);
    else
        write_formula(json, row, report->extents.value);
    note_span(json, &own.formula, from);
    from = json->length;
    like = row_like(report, written, rows, row, same_savers);
    if (like)
        am_write_again(json, like->savers);
    else
        write_savers(json, row);
    am_json_close(json, '}');
    note_span(json, &own.savers, from);
    if (!FIRST && own.savers.length >= 2) own.savers.length -= 2; /* bracket and comma, of which another may take the place */
    return own;
}

void am_json_rows(am_writer *json, const am_report *report, am_written *written)
{
    int rows = 0;
    AM_OPEN(json, "rows", "[");
    for (int i = 0; i < report->rows; i++) {
        const am_report_row *row = &report->row[i];
        am_written_row own = write_row(json, report, &row->row, row->kind, row->count, written, rows);
        if (!FIRST && rows < AM_WRITTEN_ROWS) written->row[rows++] = own;
    }
    am_json_close(json, ']');
    AM_OPEN(json, "dropped", "[");
    for (int kind = 0; kind < report->kinds; kind++)
        for (int i = 0; i < report->dropped_rows; i++) {
            const am_dropped_row *row = &report->dropped[i];
            if (row->count[kind] > 0) write_row(json, report, &row->row, kind, row->count[kind], written, rows);
        }
    am_json_close(json, ']');
}

/* ---- the worked example */

static void write_example_row(am_writer *json, const am_report *report, int index, const am_written *written)
{
    const am_report_row *row = &report->row[index];
    am_json_open(json, '{');
    write_scope(json, written, row->kind);
    AM_PUT_PLAIN(json, "name", row->row.name);
    AM_PUT_PLAIN(json, "component", am_component_names[row->row.module.component]);
    if (!FIRST && index < AM_WRITTEN_ROWS)
        am_write_again(json, written->row[index].formula);
    else
        write_formula(json, &row->row, report->extents.value);
    AM_PUT_INT(json, "bytes", row->row.bytes);
    AM_PUT_INT(json, "count", row->count);
    am_json_close(json, '}');
}

/* values: where the sums stand with numbers in them, which this writes. */
static void write_example_sum(am_writer *json, const am_report *report, int kind, const char *name, int64_t bytes,
                              int64_t count, am_written *written, am_sum_spans *values)
{
    am_span span = *am_sum_of(&written->sums, kind);
    if (span.length == 0) return;
    am_sum sum = am_report_formula(report, kind);
    am_json_open(json, '{');
    write_scope(json, written, kind);
    AM_PUT_PLAIN(json, "name", name);
    AM_KEY(json, "formula");
    write_sum_again(json, span);
    AM_KEY(json, "substituted");
    am_json_quote(json);
    size_t from = json->length;
    am_write_sum(json, &sum, report->extents.value);
    *am_sum_of(values, kind) = am_span_since(json, from);
    am_json_unquote(json);
    AM_PUT_INT(json, "bytes", bytes);
    AM_PUT_INT(json, "count", count);
    am_json_close(json, '}');
}

static void write_example_total(am_writer *json, const am_report *report, am_sum_spans *sums, am_sum_spans *values)
{
    am_json_open(json, '{');
    AM_PUT_PLAIN(json, "scope", "total");
    AM_PUT_PLAIN(json, "name", "the whole model");
    AM_KEY(json, "formula");
    am_json_quote(json);
    am_write_total(json, report, NULL, sums);
    am_json_unquote(json);
    AM_KEY(json, "substituted");
    am_json_quote(json);
    am_write_total(json, report, report->extents.value, values);
    am_json_unquote(json);
    AM_PUT_INT(json, "bytes", report->saved_bytes);
    AM_PUT_INT(json, "count", 1);
    am_json_close(json, '}');
}

__attribute__((noinline)) /* its frame stands beside no other */
void am_json_example(am_writer *json, const am_report *report, am_written *written)
{
    am_sum_spans values = {0};
    AM_OPEN(json, "example", "[");
    for (int i = 0; i < report->rows; i++) write_example_row(json, report, i, written);
    for (int i = 0; i < report->kinds; i++)
        write_example_sum(json, report, i, "sum of the rows", report->kind[i].bytes, report->kind[i].count, written, &values);
    write_example_sum(json, report, AM_KIND_SHARED, "shared by the layers", report->shared_bytes, 1, written, &values);
    write_example_sum(json, report, AM_KIND_OUTSIDE, "outside the layers", report->outside_bytes, 1, written, &values);
    write_example_total(json, report, &written->sums, &values);
    am_json_close(json, ']');
}
