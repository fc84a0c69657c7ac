/* The report for people: what each kind of layer keeps, row by row, what all share and what is outside. */
#include "grid.h"
#include "report.h"

/* A module's path in its layer; of what has none, the part of the model. */
static void write_module(am_writer *out, const am_module *module)
{
    if (module->path[0] != '\0') { /* as it is where there is a leaf */
        am_write_text(out, module->path);
        am_write_text(out, module->leaf);
        return;
    }
    AM_WRITE(out, "(");
    am_write_text(out, am_component_names[module->component]);
    AM_WRITE(out, ")");
}

enum { ROW_NAME, ROW_MODULE, ROW_SHAPE, ROW_DTYPE, ROW_FORMULA, ROW_SIZE, ROW_EXACT };

static void row_cell(am_writer *out, const am_grid *grid, int index, int column)
{
    const am_row *row = &grid->report->row[grid->index[index]].row;
    switch (column) {
    case ROW_NAME: am_write_text(out, row->name); break;
    case ROW_MODULE: write_module(out, &row->module); break;
    case ROW_SHAPE: am_write_shape(out, row); break;
    case ROW_DTYPE: am_write_text(out, am_dtypes[row->dtype].name); break;
    case ROW_FORMULA: am_write_bytes(out, row, NULL); break;
    case ROW_SIZE: am_text_size(out, grid->report, row->bytes); break;
    default: am_write_thousands(out, row->bytes);
    }
}

/* The rows of a kind; nothing if there are none. */
static void write_rows(am_writer *out, const am_report *report, int kind)
{
    am_grid rows = {.report = report,
                    .columns = am_text_has_exact(report) ? 7 : 6,
                    .cell = row_cell,
                    .head = {"tensor", "saved in", "shape", "dtype", "formula", am_text_size_head(report), ">bytes"}};
    for (int i = 0; i < report->rows; i++)
        if (report->row[i].kind == kind) rows.index[rows.rows++] = (uint16_t)i;
    if (rows.rows > 0) am_write_grid(out, &rows);
}

/* "A layer keeps 0.383 GiB (411,313,176 bytes), 32 times" */
static void write_kind(am_writer *out, const am_report *report, int index)
{
    const am_kind *kind = &report->kind[index];
    am_write_text(out, kind->count > 1 ? "\nOne " : "\nThe ");
    am_write_kind(out, kind);
    AM_WRITE(out, " keeps ");
    am_text_size_in_full(out, report, kind->bytes);
    if (kind->count > 1) {
        AM_WRITE(out, "; there are ");
        am_write_int(out, kind->count);
    }
    AM_WRITE(out, "\n");
    write_rows(out, report, index);
}

static void write_rest(am_writer *out, const am_report *report, int kind, const char *title, int64_t bytes)
{
    if (bytes <= 0) return;
    am_write_text(out, title);
    am_text_size_in_full(out, report, bytes);
    AM_WRITE(out, "\n");
    write_rows(out, report, kind);
}

static void write_symbols(am_writer *out, const am_report *report)
{
    bool used[AM_SYMBOL_COUNT];
    char text[512];
    bool first = true;
    am_writer line = am_writer_of(text, sizeof text);
    am_report_symbols(report, used);
    for (int i = 0; i < AM_SYMBOL_COUNT; i++) {
        if (!used[i]) continue;
        am_write_text(&line, first ? "with " : ", ");
        am_write_text(&line, am_symbols[i].text);
        AM_WRITE(&line, "=");
        am_write_int(&line, report->extents.value[i]);
        first = false;
    }
    AM_WRITE(out, "\n");
    am_write_line(out, &line, 2);
}

void am_text_saved(am_writer *out, const am_report *report)
{
    for (int i = 0; i < report->kinds; i++) write_kind(out, report, i);
    write_rest(out, report, AM_KIND_SHARED, "\nShared by the layers: ", report->shared_bytes);
    write_rest(out, report, AM_KIND_OUTSIDE, "\nOutside the layers: ", report->outside_bytes);
    write_symbols(out, report);
}
