/* The report for people: what the step costs on a GPU. */
#include "grid.h"
#include "report.h"

#define MILLISECOND 1000000000 /* in picoseconds */

enum { COST_PART, COST_FLOPS, COST_EXECUTED, COST_TIME, COST_BOUND };

static int64_t flops_of(const am_outcome *outcome, int row, bool executed)
{
    int64_t flops = 0;
    for (int i = row < AM_PART_COUNT ? row : 0; i <= (row < AM_PART_COUNT ? row : AM_PART_COUNT - 1); i++)
        flops += executed ? outcome->work[i].executed : outcome->work[i].flops;
    return flops;
}

static int64_t time_of(const am_outcome *outcome, int row)
{
    const int64_t times[] = {outcome->forward_time, outcome->backward_time, outcome->recomputed_time,
                             am_outcome_time(outcome)};
    return times[row];
}

/* TFLOPs, and milliseconds: with decimals where they are few. */
static void write_amount(am_writer *out, int64_t amount, int64_t unit)
{
    int decimals = amount == 0 ? 0 : amount / unit >= 100 ? 1 : amount / unit >= 10 ? 2 : 4;
    am_write_ratio(out, amount, unit, decimals, false);
}

static void write_percent(am_writer *out, int64_t part, int64_t whole)
{
    while (part > AM_MAX_BYTES / 100 || whole > AM_MAX_BYTES) {
        part /= 2;
        whole /= 2;
    }
    if (whole == 0) {
        AM_WRITE(out, "-");
        return;
    }
    am_write_ratio(out, part * 100, whole, 1, false);
    AM_WRITE(out, " %");
}

static void cost_cell(am_writer *out, const am_grid *grid, int row, int column)
{
    static const char *const parts[] = {"forward", "backward", "computed again", "step"};
    const int64_t tera = 1000000000000;
    const am_outcome *outcome = &grid->report->outcome;
    switch (column) {
    case COST_PART: am_write_text(out, parts[row]); break;
    case COST_FLOPS: write_amount(out, flops_of(outcome, row, false), tera); break;
    case COST_EXECUTED: write_amount(out, flops_of(outcome, row, true), tera); break;
    case COST_TIME: write_amount(out, time_of(outcome, row), MILLISECOND); break;
    default:
        write_percent(out, row < AM_PART_COUNT ? outcome->work[row].bound : am_bound_time(outcome),
                      time_of(outcome, row));
    }
}

static void write_head(am_writer *out, const am_report *report)
{
    char text[256];
    int dtype = am_compute_dtype(&report->config);
    am_writer line = am_writer_of(text, sizeof text);
    AM_WRITE(&line, "Cost of the step on ");
    am_write_text(&line, report->device ? report->device->label : "your own GPU");
    AM_WRITE(&line, " (");
    am_write_ratio(&line, report->rates.gflops[dtype], 1000, 1, true);
    AM_WRITE(&line, " TFLOP/s in ");
    am_write_text(&line, am_dtypes[dtype].name);
    AM_WRITE(&line, ", ");
    am_write_ratio(&line, report->rates.bandwidth, 1000000, 3, true);
    AM_WRITE(&line, " TB/s): each operation takes as long as its FLOPs or its bytes, whichever is longer");
    am_writer_end(&line);
    AM_WRITE(out, "\n");
    am_write_wrapped(out, text, 0);
}

static void write_utilisation(am_writer *out, const am_report *report)
{
    char text[512];
    const am_outcome *outcome = &report->outcome;
    int64_t step = am_outcome_time(outcome);
    am_writer line = am_writer_of(text, sizeof text);
    AM_WRITE(&line, "Model FLOPs utilisation ");
    write_percent(&line, am_ideal_time(report, am_model_flops(outcome)), step);
    AM_WRITE(&line, ", hardware FLOPs utilisation (with what is computed again) ");
    write_percent(&line, am_ideal_time(report, am_hardware_flops(outcome)), step);
    AM_WRITE(&line,
             ": bounds that no kernel reaches. Launches, communication and the optimizer are not in these times.");
    const char *note = am_utilisation_note(report);
    if (note) {
        AM_WRITE(&line, " ");
        am_write_text(&line, note);
    }
    if (flops_of(outcome, AM_PART_COUNT, false) != flops_of(outcome, AM_PART_COUNT, true))
        AM_WRITE(&line, " Executed: without the half of causal attention that its kernel skips.");
    am_writer_end(&line);
    am_write_wrapped(out, text, 0);
}

void am_text_cost(am_writer *out, const am_report *report)
{
    am_grid costs = {.report = report,
                     .columns = 5,
                     .rows = AM_PART_COUNT + 1,
                     .cell = cost_cell,
                     .head = {"", ">TFLOPs", ">executed", ">ms", ">waits for memory"}};
    write_head(out, report);
    am_write_grid(out, &costs);
    write_utilisation(out, report);
}
