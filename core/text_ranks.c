/* The report for people: what each rank of a pipeline keeps and peaks at. */
#include "grid.h"
#include "report.h"

#define MOST_RANKS 32

enum { RANK_INDEX, RANK_LAYERS, RANK_IN_FLIGHT, RANK_ENDS, RANK_KEPT, RANK_PEAK, RANK_EXACT };

static void write_ends(am_writer *out, const am_report *report, const am_rank *rank)
{
    bool embedding = false, head = false;
    for (int i = 0; i < rank->chunks; i++) {
        embedding |= report->chunk[rank->first_chunk + i].embedding;
        head |= report->chunk[rank->first_chunk + i].head;
    }
    am_write_text(out, embedding && head ? "embedding, head" : embedding ? "embedding" : head ? "head" : "");
}

static void rank_cell(am_writer *out, const am_grid *grid, int row, int column)
{
    const am_report *report = grid->report;
    const am_rank *rank = &report->rank[grid->index[row]];
    switch (column) {
    case RANK_INDEX:
        if (grid->index[row] == report->worst_rank) AM_WRITE(out, "→ ");
        am_write_int(out, rank->rank);
        break;
    case RANK_LAYERS: am_write_int(out, rank->layers); break;
    case RANK_IN_FLIGHT: am_write_int(out, rank->in_flight); break;
    case RANK_ENDS: write_ends(out, report, rank); break;
    case RANK_KEPT: am_text_size(out, report, rank->saved_bytes); break;
    case RANK_PEAK: am_text_size(out, report, am_rank_peak(rank)); break;
    default: am_write_thousands(out, am_rank_peak(rank));
    }
}

/* The first ranks, and the worst one wherever it is. */
void am_text_ranks(am_writer *out, const am_report *report)
{
    static const char *const kept[] = {">kept GiB", ">kept GB", ">kept bytes"};
    static const char *const peak[] = {">peak GiB", ">peak GB", ">peak bytes"};
    int64_t units = report->config.units;
    am_grid ranks = {.report = report,
                     .columns = am_text_has_exact(report) ? 7 : 6,
                     .rows = report->ranks < MOST_RANKS ? report->ranks : MOST_RANKS,
                     .cell = rank_cell,
                     .head = {">rank", ">layers", ">in flight", "with", kept[units], peak[units], ">peak bytes"}};
    if (report->ranks <= 1) return;
    int more = report->ranks - ranks.rows;
    for (int i = 0; i < ranks.rows; i++) ranks.index[i] = (uint16_t)i;
    if (report->worst_rank >= ranks.rows) ranks.index[ranks.rows++] = (uint16_t)report->worst_rank;
    AM_WRITE(out, "\nWhat each pipeline rank keeps and peaks at with schedule=");
    am_text_choice(out, &report->config, AM_F_schedule);
    AM_WRITE(out, " and ");
    am_write_int(out, report->config.micro_batches);
    AM_WRITE(out, " micro-batches\n(by playing the schedule, not measured; gradients of parameters apart; → the highest peak)\n");
    am_write_grid(out, &ranks);
    if (more > 0) {
        AM_WRITE(out, "  … and ");
        am_write_int(out, more - (ranks.rows > MOST_RANKS));
        AM_WRITE(out, " more\n");
    }
#ifndef AM_FIRST
    if (report->policy.kind != AM_POLICY_BUDGET) return;
    AM_WRITE(out, "\nThe cheapest plan of each rank below the budget, by layers\n");
    for (int i = 0; i < ranks.rows; i++) {
        AM_WRITE(out, "  ");
        am_write_int(out, report->rank[ranks.index[i]].rank);
        AM_WRITE(out, ": ");
        am_write_text(out, report->rank_plan[ranks.index[i]]);
        AM_WRITE(out, "\n");
    }
    am_text_doubt(out, &report->doubt, "the cheapest");
#endif
}
