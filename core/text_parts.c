/* The report's text: what the step's live bytes are of at its stations. */
#include "grid.h"
#include "report.h"

/* Saved tensors by component, what else is alive by what it is. */
static const char *part_words(int part)
{
    switch (part) {
    case AM_LIVE_OUTPUT: return "logits";
    case AM_LIVE_TEMPORARY: return "temporary";
    case AM_LIVE_RECOMPUTED: return "made again";
    case AM_LIVE_RETURNED: return "brought back";
    case AM_LIVE_GRADIENT: return "gradients";
    case AM_LIVE_GATHERED: return "gathered";
    case AM_LIVE_REDUCED: return "to be reduced";
    default: return am_live_name((am_live)part);
    }
}

/* Of the report, and of the step without checkpointing behind them. */
static void read_stations(const am_report *report, am_station station[2 * AM_STATIONS])
{
    const am_plain_step *plain = &report->plain;
    am_live_stations(station, report->points, report->point, &report->parts, report->outcome.after_forward);
    if (plain->points > 0)
        am_live_stations(station + AM_STATIONS, plain->points, plain->point, &plain->parts,
                         plain->outcome.after_forward);
}

static void write_cell(am_writer *out, const am_grid *grid, int row, int column, int first)
{
    am_station station[2 * AM_STATIONS];
    bool total = row == grid->rows - 1;
    int part = grid->index[row];
    if (column == 0) {
        am_write_text(out, total ? "alive" : part_words(part));
        return;
    }
    read_stations(grid->report, station);
    const am_station *own = &station[first + column - 1];
    if (own->part[part] == 0 && !total)
        AM_WRITE(out, "–");
    else
        am_text_size(out, grid->report, total ? own->bytes : own->part[part]);
}

static void station_cell(am_writer *out, const am_grid *grid, int row, int column)
{
    write_cell(out, grid, row, column, 0);
}

static void plain_cell(am_writer *out, const am_grid *grid, int row, int column)
{
    write_cell(out, grid, row, column, AM_STATIONS);
}

/* " in the forward of … and in the backward of …" */
static void write_peaks(am_writer *line, int points, const am_point *point, const am_station *station)
{
    bool any = false;
    for (int i = 0; i < AM_STATIONS && points > 0; i++) {
        if (station[i].point < 0) continue;
        const am_point *own = &point[station[i].point];
        const am_place place = {own->phase, own->layer, own->module, own->op};
        am_write_text(line, any ? " and" : "");
        am_text_place(line, &place);
        any = true;
    }
}

/* What stands beside the saved tensors, of the table's parts. */
static void explain_parts(am_writer *line, const am_grid *grid)
{
    static const char *const notes[AM_LIVE_COUNT] = {
        [AM_LIVE_OUTPUT] = "logits: what the caller holds of them",
        [AM_LIVE_TEMPORARY] = "temporary: what the forward makes and nothing saves",
        [AM_LIVE_CACHED] = "cached: copies of weights that autocast holds until the forward has ended, and nothing saves",
        [AM_LIVE_RECOMPUTED] = "made again: what checkpointed layers save as they run again",
        [AM_LIVE_RETURNED] = "brought back: copies of what was on the host",
        [AM_LIVE_GRADIENT] = "gradients: of activations, with the temporaries of the backward, those of parameters apart",
        [AM_LIVE_GATHERED] = "gathered: whole parameters that ranks share out, and their buffers",
        [AM_LIVE_REDUCED] = "to be reduced: whole gradients of such parameters, and their buffers",
        [AM_LIVE_LASTING] = "lasting: what stays for the whole run without being saved",
    };
    AM_WRITE(line, "Saved tensors by component");
    for (int i = 0; i < grid->rows - 1 /* the last is their sum */; i++) {
        const char *note = notes[grid->index[i]];
        if (note) AM_WRITE(line, "; ");
        if (note) am_write_text(line, note);
    }
}

/* A frame of its own, since the table's is large. */
__attribute__((noinline)) static void write_notes(am_writer *out, const am_report *report, const am_grid *grid, const am_station *station)
{
    char text[1280];
    am_writer line = am_writer_of(text, sizeof text);
    explain_parts(&line, grid);
    AM_WRITE(&line, ". The peaks stand");
    write_peaks(&line, report->points, report->point, station);
    if (report->plain.points > 0) AM_WRITE(&line, "; without checkpointing");
    write_peaks(&line, report->plain.points, report->plain.point, station + AM_STATIONS);
    AM_WRITE(&line, ".");
    am_writer_end(&line);
    am_write_wrapped(out, text, 0);
}

/* Parts that some of the stations have. */
static void list_parts(am_grid *grid, int stations, const am_station *station)
{
    for (int i = 0; i < AM_LIVE_COUNT; i++) {
        int64_t any = 0;
        for (int j = 0; j < stations; j++) any |= station[j].part[i];
        if (any) grid->index[grid->rows++] = (uint16_t)i;
    }
    grid->rows++;
}

/* In bytes, whose figures are wide, one table behind the other. */
void am_text_parts(am_writer *out, const am_report *report)
{
    static const char *const units[] = {"GiB", "GB", "bytes"};
    bool both = report->plain.points > 0, wide = report->config.units == AM_BYTES;
    if (!report->parted) return;
    am_station station[2 * AM_STATIONS];
    am_grid grid = {
        .report = report,
        .columns = 1 + (both && !wide ? 2 * AM_STATIONS : AM_STATIONS),
        .cell = station_cell,
        .head = {"part", ">forward peak", ">after it", ">backward peak", ">plain: forward", ">after it", ">backward"}};
    read_stations(report, station);
    list_parts(&grid, both ? 2 * AM_STATIONS : AM_STATIONS, station);
    AM_WRITE(out, "\nWhat is alive over the step, in ");
    am_write_text(out, units[report->config.units]);
    am_write_text(out, both && !wide ? ", and without checkpointing (plain)\n" : "\n");
    if (report->ranks > 1) AM_WRITE(out, "of one micro-batch on all stages together\n");
    am_write_grid(out, &grid);
    if (both && wide) {
        grid.cell = plain_cell;
        AM_WRITE(out, "without checkpointing\n");
        am_write_grid(out, &grid);
    }
    write_notes(out, report, &grid, station);
}
