/* The report for people: which changes make it fit, or what there is room for. */
#include "fit.h"
#include "grid.h"
#include "report.h"

enum { CHANGE_SET, CHANGE_WHAT, CHANGE_TOTAL, CHANGE_LEFT, CHANGE_TIME, CHANGE_AGAIN };

static void change_cell(am_writer *out, const am_grid *grid, int row, int column)
{
    const am_report *report = grid->report;
    const am_change *change = &report->change[row];
    int64_t now = am_outcome_time(&report->outcome), more = change->time - now;
    switch (column) {
    case CHANGE_SET: am_write_text(out, change->set); break;
    case CHANGE_WHAT: am_write_text(out, change->what); break;
    case CHANGE_TOTAL: am_text_size(out, report, change->total); break;
    case CHANGE_LEFT: am_text_size(out, report, change->free); break;
    case CHANGE_TIME:
        if (!change->same) break; /* other work: its time says nothing of this change */
        am_write_text(out, more < 0 ? "-" : "+");
        am_text_percent(out, more < 0 ? -more : more, now);
        break;
    default: am_text_percent(out, change->recomputed_flops, change->forward_flops);
    }
}

void am_text_changes(am_writer *out, const am_report *report)
{
    am_grid changes = {.report = report,
                       .columns = 6,
                       .rows = report->changes,
                       .cell = change_cell,
                       .head = {"inputs", "what it is", am_text_size_head(report), ">left", ">time", ">again"}};
    if (report->answers == 0) return;
    bool fits = am_fit_fits(&report->fit);
    if (report->changes == 0) {
        am_write_text(out, fits ? "\nNo longer sequence, larger micro-batch or faster plan fits.\n"
                                : "\nNothing that was tried makes it fit: no policy, other loss or kernels, shorter sequence, 8-bit\n"
                                  "states, adapters or sharing out, nor these together.\n");
        return;
    }
    am_write_text(out, fits ? "\nWhat it leaves room for"
                       : strcmp(report->change[0].id, "together") == 0 ? "\nNo single change makes it fit; together"
                                                                       : "\nWhat makes it fit, the same training first");
    AM_WRITE(out, " (time: of a step; again: of the forward's FLOPs)\n");
    am_write_grid(out, &changes);
}
