/* The report for people: the frontier of checkpointing plans, the plan that a budget led to, and the lines that do it. */
#include "grid.h"
#include "lines.h"
#include "proven.h"
#include "report.h"

#define MILLISECOND 1000000000 /* in picoseconds */
#define MOST_PLANS  12
#define MOST_SWITCHED 32 /* ranks */
#define MOST_RUNS   24

static void write_milliseconds(am_writer *out, int64_t time)
{
    am_write_ratio(out, time, MILLISECOND, time == 0 ? 0 : time < 10 * (int64_t)MILLISECOND ? 3 : 1, false);
    AM_WRITE(out, " ms");
}

static void write_unit(am_writer *out, const am_report *report, int64_t bytes)
{
    static const char *const names[] = {[AM_GIB] = " GiB", [AM_GB] = " GB", [AM_BYTES] = " bytes"};
    am_text_size(out, report, bytes);
    am_write_text(out, names[report->config.units]);
}

/* The last part of a module's path: "gate_proj". */
static const char *last_of(const am_module *module)
{
    const char *path = module->leaf[0] ? module->leaf : module->path, *dot = strrchr(path, '.');
    return dot ? dot + 1 : path;
}

static void write_note(am_writer *out, const char *lead, const char *note)
{
    char text[512];
    am_writer line = am_writer_of(text, sizeof text);
    am_write_text(&line, lead);
    am_write_text(&line, note);
    AM_WRITE(&line, ".");
    AM_WRITE(out, "\n");
    size_t length = am_writer_end(&line);
    if (AM_ALWAYS(length > 0)) am_write_wrapped(out, text, 0); /* no note is that long */
}

/* ---- what layers do */

/* "all products and attention", "gate_proj, up_proj and silu" */
static void write_kept(am_writer *out, const am_choice_row *choice)
{
    bool all = choice->kept.products == UINT64_MAX, half = choice->kept.products == AM_HALF_PRODUCTS;
    if (all || half) {
        am_write_text(out, all ? "all products and attention" : "every second product and attention");
        return;
    }
    for (int i = 0; i < choice->names; i++) {
        if (i > 0) am_write_text(out, i == choice->names - 1 ? " and " : ", ");
        if (choice->keeps[i].all) {
            am_write_text(out, am_ops[choice->keeps[i].op].name);
            continue;
        }
        am_write_text(out, last_of(&choice->keeps[i].module));
        if (choice->keeps[i].op != AM_OP_BMM) continue;
        AM_WRITE(out, "'s bmm");
    }
}

/* What is kept, behind "keeping". */
static void write_choice(am_writer *out, const am_choice_row *choice)
{
    if (strcmp(choice->kind, "none") == 0) {
        AM_WRITE(out, "everything");
    } else if (strcmp(choice->kind, "full") == 0) {
        AM_WRITE(out, "inputs alone");
    } else if (strcmp(choice->kind, "segment") == 0) {
        AM_WRITE(out, "one input for each ");
        am_write_int(out, choice->span);
    } else if (choice->modules) {
        char text[AM_TEXT_SIZE];
        AM_WRITE(out, "all but what ");
        am_write_text(out, am_modules_text(choice->modules, text));
        AM_WRITE(out, " makes again");
    } else {
        write_kept(out, choice);
    }
}

/* ---- what is not proven */

const char *am_doubt_text(const am_doubt *doubt, char text[AM_DOUBT_SIZE])
{
    const char *const others[] = {
        doubt->hull ? "of a layer's choices those on the lower hull were combined, not all that no other beats"
        : doubt->apart ? "not all choices for single layers were combined with regions of several"
                       : NULL,
        doubt->cached ? "plans were compared as if copies of weights in autocast's cache stood below backwards, too" : NULL,
        doubt->outlived ? "what regions with experts leave for good decides which plans fit, and one that leaves less might not have been looked at" : NULL,
    };
    am_writer out = am_writer_of(text, AM_DOUBT_SIZE);
    bool more = doubt->stopped > 0;
    if (more) {
        am_write_int(&out, doubt->stopped);
        am_write_text(&out, doubt->stopped == 1 ? " search of a rank's plans ended at " : " searches of ranks' plans ended at ");
        am_write_thousands(&out, AM_MOST_RANK_STEPS);
        AM_WRITE(&out, " of their moments");
    }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        if (!others[i]) continue;
        if (more) AM_WRITE(&out, "; ");
        am_write_text(&out, others[i]);
        if (i == 0 && doubt->least > 0) {
            AM_WRITE(&out, ", and every plan of all of them runs ");
            write_milliseconds(&out, doubt->least);
            AM_WRITE(&out, " again at least");
        }
        more = true;
    }
    am_writer_end(&out);
    return text;
}

void am_write_doubt(am_writer *out, const am_doubt *doubt, const char *what)
{
    char text[AM_DOUBT_SIZE];
    if (!am_doubted(doubt)) return;
    AM_WRITE(out, "Not proven to be ");
    am_write_text(out, what);
    AM_WRITE(out, ": ");
    am_write_text(out, am_doubt_text(doubt, text));
    AM_WRITE(out, ".");
}

void am_text_doubt(am_writer *out, const am_doubt *doubt, const char *what)
{
    char text[AM_DOUBT_SIZE + 64];
    am_writer line = am_writer_of(text, sizeof text);
    am_write_doubt(&line, doubt, what);
    am_write_line(out, &line, 0);
}

/* Of how many layers regions were, and what of it holds for longer ones: cut into such ones, a region runs no more again and its
 * inputs are more by one for each cut: its backward has fewer layers at once, all else stands as it stood. */
static void write_spans(am_writer *out, uint32_t spans, int64_t layers)
{
    int most = 1;
    while (spans >> (most + 1) != 0) most++;
    if (most == 1) return;
    AM_WRITE(out, " Regions were of up to ");
    am_write_int(out, most);
    AM_WRITE(out, " layers");
    am_write_text(out, most < layers ? "; a longer one runs no less again, and lowers a peak by at most one input of each micro-batch in "
                                       "flight for each of these that it takes the place of."
                                     : ".");
}

/* ---- the frontier */

/* "26 layers keeping q_proj and k_proj; 6 keeping everything" */
static void write_row(am_writer *out, const am_frontier_report *frontier, const am_frontier_row *row)
{
    if (row->runs > AM_MAX_FRONTIER_RUNS) AM_WRITE(out, "more than a line can say");
    for (int i = 0; i < row->runs && row->runs <= AM_MAX_FRONTIER_RUNS; i++) {
        const am_choice_row *choice = &frontier->choice[row->run[i].choice];
        int64_t layers = row->run[i].units * choice->span;
        if (i > 0) AM_WRITE(out, "; ");
        am_write_int(out, layers);
        if (i == 0) am_write_text(out, layers == 1 ? " layer" : " layers");
        AM_WRITE(out, " keeping ");
        write_choice(out, choice);
    }
}

/* "ranks 0 to 3 at 17.8, 19.5, 19.6 and 15.0 GiB" */
static void write_ranks(am_writer *out, const am_report *report, int row)
{
    const am_frontier_report *frontier = &report->frontier;
    AM_WRITE(out, "ranks at ");
    for (int i = 0; i < frontier->ranks; i++) {
        if (i > 0) am_write_text(out, i == frontier->ranks - 1 ? " and " : ", ");
        am_text_size(out, report, frontier->rank_peak[row][i]);
    }
}

static void write_frontier_row(am_writer *out, const am_report *report, int index)
{
    const am_frontier_row *row = &report->frontier.row[index];
    char text[1024];
    am_writer line = am_writer_of(text, sizeof text);
    write_unit(&line, report, row->peak_bytes);
    AM_WRITE(&line, ", ");
    write_milliseconds(&line, row->recomputed_time);
    AM_WRITE(&line, " again: ");
    if (report->frontier.ranks)
        write_ranks(&line, report, index);
    else
        write_row(&line, &report->frontier, row);
    am_write_line(out, &line, 2);
}

enum { AWAY_POLICY, AWAY_PEAK, AWAY_TIME };

static void away_cell(am_writer *out, const am_grid *grid, int row, int column)
{
    char text[AM_TEXT_SIZE];
    const am_plan *plan = &grid->report->plan[grid->index[row]];
    switch (column) {
    case AWAY_POLICY:
        am_write_text(out, am_policy_text(plan->policy, text, sizeof text));
        if (plan->policy.reentrant) AM_WRITE(out, ", reentrant");
        break;
    case AWAY_PEAK: write_unit(out, grid->report, plan->excess_bytes); break;
    default: write_milliseconds(out, plan->excess_time);
    }
}

/* A plan that one of the frontier beats is beaten in both. */
static void write_away(am_writer *out, const am_report *report)
{
    am_grid away = {.report = report,
                    .columns = 3,
                    .cell = away_cell,
                    .head = {"listed plan", ">less peak for as much time", ">less time for such a peak"}};
    for (int i = 0; i < report->plans; i++)
        if (report->plan[i].excess_bytes >= 0) away.index[away.rows++] = (uint16_t)i;
    AM_WRITE(out, "\nWhat the best plan has over each of the list\n");
    am_write_grid(out, &away);
}

static void write_frontier(am_writer *out, const am_report *report)
{
    char text[1024];
    const am_frontier_report *frontier = &report->frontier;
    am_writer line = am_writer_of(text, sizeof text);
    if (frontier->why_not) {
        write_note(out, "No frontier was searched for: ", frontier->why_not);
    }
    if (!frontier->found) return;
    int rows = frontier->rows < MOST_PLANS ? frontier->rows : MOST_PLANS;
    am_write_thousands(&line, frontier->points);
    AM_WRITE(&line, " Pareto-optimal plans");
    if (frontier->ranks) AM_WRITE(&line, " of all ranks, evenly picked (checkpoint=budget: with a peak of theirs says what each rank does)");
    AM_WRITE(&line, ": no other has as low a peak and as little to run again. For each layer ");
    am_write_int(&line, frontier->candidates);
    AM_WRITE(&line, " choices were played; no other beats ");
    am_write_int(&line, frontier->undominated);
    AM_WRITE(&line, " of them.");
    if (!frontier->ranks) {
        AM_WRITE(&line, " The frontier is over all plans of ");
        am_write_int(&line, frontier->choices);
        AM_WRITE(&line, " of these.");
    }
    write_spans(&line, frontier->spans, report->config.layers);
    am_write_text(&line, rows < frontier->points ? " Some of them, from the lowest peak to the least time:" : "");
    am_writer_end(&line);
    AM_WRITE(out, "\n");
    am_text_doubt(out, &frontier->doubt, "all of them");
    am_write_wrapped(out, text, 0);
    for (int i = 0; i < rows; i++)
        write_frontier_row(out, report, rows > 1 ? i * (frontier->rows - 1) / (rows - 1) : 0);
    write_away(out, report);
}

/* ---- the plan for a budget */

static void write_run(am_writer *out, const am_plan_runs *plan, int index)
{
    char text[512];
    am_writer line = am_writer_of(text, sizeof text);
    int first = plan->run[index].first, last = first + plan->run[index].layers - 1;
    am_write_text(&line, first == last ? "layer " : "layers ");
    am_write_int(&line, first);
    if (first < last) AM_WRITE(&line, " to ");
    if (first < last) am_write_int(&line, last);
    AM_WRITE(&line, ": keeping ");
    write_choice(&line, &plan->choice[plan->run[index].choice]);
    am_write_line(out, &line, 2);
}

static void write_plan(am_writer *out, const am_report *report)
{
    char text[512];
    const am_plan_runs *plan = &report->plan_runs;
    const am_outcome *outcome = &report->outcome;
    am_writer line = am_writer_of(text, sizeof text);
    if (report->policy.kind != AM_POLICY_BUDGET || report->ranks > 1)
        return; /* ranks have plans of their own, with their table */
    AM_WRITE(&line, "The cheapest plan below ");
    write_unit(&line, report, report->policy.count);
    AM_WRITE(&line, " peaks at ");
    write_unit(&line, report, am_outcome_peak(outcome));
    if (report->config.units != AM_BYTES) {
        AM_WRITE(&line, " (");
        am_write_thousands(&line, am_outcome_peak(outcome));
        AM_WRITE(&line, " bytes)");
    }
    AM_WRITE(&line, " and runs ");
    write_milliseconds(&line, outcome->recomputed_time);
    AM_WRITE(&line, " of operations again, beside ");
    write_milliseconds(&line, outcome->forward_time + outcome->backward_time);
    AM_WRITE(&line, " of forward and backward:");
    am_writer_end(&line);
    AM_WRITE(out, "\n");
    am_write_wrapped(out, text, 0);
    for (int i = 0; i < plan->runs && i < MOST_RUNS; i++) write_run(out, plan, i);
    if (plan->runs > MOST_RUNS) {
        AM_WRITE(out, "  … and ");
        am_write_int(out, plan->runs - MOST_RUNS);
        AM_WRITE(out, " more runs of layers\n");
    }
    am_text_doubt(out, &report->doubt, "the cheapest");
}

/* ---- how to do it */

static void write_lines(am_writer *out, const am_report *report)
{
    const char *note = am_lines_note(report);
    for (int i = 0; am_lines_framework(report, i); i++) {
        AM_WRITE(out, "\nThis policy in ");
        am_write_text(out, am_lines_framework(report, i));
        AM_WRITE(out, "\n\n");
        am_write_lines(out, report, i);
    }
    if (note) write_note(out, "To do it: ", note);
}

/* What the framework's own switches can say, where the plan itself may need more than these. */
static void write_switches(am_writer *out, const am_report *report)
{
    char text[512], policy[AM_TEXT_SIZE];
    const am_switches *switches = &report->switches;
    if (!switches->framework) return;
    bool plain = switches->policy.kind == AM_POLICY_NONE;
    am_writer line = am_writer_of(text, sizeof text);
    if (switches->found) {
        AM_WRITE(&line, "With the switches of ");
        am_write_text(&line, switches->framework);
        AM_WRITE(&line, " alone the cheapest below the budget is ");
    } else {
        AM_WRITE(&line, "None of the ");
        am_write_thousands(&line, switches->tried);
        AM_WRITE(&line, " plans that the switches of ");
        am_write_text(&line, switches->framework);
        AM_WRITE(&line, " can say is below the budget; the lowest is ");
    }
    am_write_text(&line, am_policy_text(switches->policy, policy, sizeof policy));
    am_write_text(&line, report->ranks > 1 ? ", whose highest rank peaks at " : ", which peaks at ");
    write_unit(&line, report, switches->peak_bytes);
    if (plain) AM_WRITE(&line, " and needs none.");
    if (!plain) {
        AM_WRITE(&line, " and runs ");
        write_milliseconds(&line, switches->recomputed_time);
        AM_WRITE(&line, " again, the plan above ");
        write_milliseconds(&line, report->outcome.recomputed_time);
        AM_WRITE(&line, ".");
    }
    am_writer_end(&line);
    AM_WRITE(out, "\n");
    am_write_wrapped(out, text, 0);
    if (plain) return;
    AM_WRITE(out, "\n");
    am_write_switches(out, report);
    if (switches->ranks == 0) return;
    line = am_writer_of(text, sizeof text);
    AM_WRITE(&line, "Peaks of its ranks:");
    for (int i = 0; i < switches->ranks && i < MOST_SWITCHED; i++) {
        am_write_text(&line, i > 0 ? ", " : " ");
        am_text_size(&line, report, am_rank_peak(&switches->rank[i]));
    }
    am_write_text(&line, switches->ranks > MOST_SWITCHED ? ", …" : "");
    am_writer_end(&line);
    AM_WRITE(out, "\n");
    am_write_wrapped(out, text, 0);
}

void am_text_plan(am_writer *out, const am_report *report)
{
    write_frontier(out, report);
    write_plan(out, report);
    write_lines(out, report);
    write_switches(out, report);
}
