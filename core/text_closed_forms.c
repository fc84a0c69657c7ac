/* The report for people: the worked example in short, in closed form. */
#include "grid.h"
#include "report.h"

__attribute__((noinline)) /* its frame is its own */
static void write_form(am_writer *line, const am_report *report, int kind, const int64_t *values)
{
    am_sum sum = am_report_formula(report, kind);
    am_write_sum(line, &sum, values);
}

/* A closed form, with symbols and with their values. */
static void write_closed_form(am_writer *out, const am_report *report, int kind, int64_t bytes)
{
    char text[1024];
    am_writer line = am_writer_of(text, sizeof text);
    if (kind == AM_KIND_SHARED)
        AM_WRITE(&line, "shared");
    else if (kind == AM_KIND_OUTSIDE)
        AM_WRITE(&line, "outside");
    else
        am_write_kind(&line, &report->kind[kind]);
    AM_WRITE(&line, ": ");
    write_form(&line, report, kind, NULL);
    AM_WRITE(&line, " = ");
    write_form(&line, report, kind, report->extents.value);
    AM_WRITE(&line, " = ");
    am_write_thousands(&line, bytes);
    am_write_line(out, &line, 2);
}

/* The worked example in short: what each kind of layer keeps, and the whole model, in one line each. */
void am_text_closed_forms(am_writer *out, const am_report *report)
{
    char text[1024];
    am_sum_spans sums = {0};
    am_writer line = am_writer_of(text, sizeof text);
    AM_WRITE(out, "\nIn closed form, in bytes\n");
    for (int i = 0; i < report->kinds; i++) write_closed_form(out, report, i, report->kind[i].bytes);
    if (report->shared_bytes > 0) write_closed_form(out, report, AM_KIND_SHARED, report->shared_bytes);
    if (report->outside_bytes > 0) write_closed_form(out, report, AM_KIND_OUTSIDE, report->outside_bytes);
    AM_WRITE(&line, "in all: ");
    am_write_total(&line, report, report->extents.value, &sums);
    AM_WRITE(&line, " = ");
    am_write_thousands(&line, report->saved_bytes);
    am_write_line(out, &line, 2);
}
