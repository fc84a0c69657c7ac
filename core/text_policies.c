/* The report for people: the checkpointing policies side by side. */
#include "grid.h"
#include "policies.h"
#include "report.h"
#include "wiring.h"

enum { PLAN_POLICY, PLAN_LABEL, PLAN_KEPT, PLAN_PEAK, PLAN_RECOMPUTE, PLAN_TIME };

static void plan_cell(am_writer *out, const am_grid *grid, int row, int column)
{
    char text[AM_TEXT_SIZE];
    const am_plan *plan = &grid->report->plan[row];
    switch (column) {
    case PLAN_POLICY:
        am_write_text(out, plan->chosen ? "> " : "  ");
        am_write_text(out, plan->chosen ? grid->report->config.checkpoint : am_policy_text(plan->policy, text, sizeof text));
        if (plan->policy.reentrant && !am_policy_moves(plan->policy) && !am_wiring_of(&grid->report->config)->any) AM_WRITE(out, ", reentrant");
        if (grid->report->config.pp == 1 && (plan->policy.kind == AM_POLICY_SQRT || plan->policy.kind == AM_POLICY_BEST_SEGMENTS)) {
            AM_WRITE(out, " (every:");
            am_write_int(out, am_policy_segment(plan->policy));
            AM_WRITE(out, ")");
        }
        break;
    case PLAN_LABEL: am_write_text(out, plan->label); break;
    case PLAN_KEPT: am_text_size(out, grid->report, plan->outcome.saved_bytes); break;
    case PLAN_PEAK: am_text_size(out, grid->report, am_outcome_peak(&plan->outcome)); break;
    case PLAN_RECOMPUTE: am_text_percent(out, plan->outcome.recomputed_flops, plan->outcome.forward_flops); break;
    default: am_text_percent(out, plan->outcome.recomputed_time, plan->outcome.forward_time + plan->outcome.backward_time);
    }
}

/* Modules that keep more when they run again than they would as they are: attention by a fused kernel has no scores to let go of. */
static void write_more_kept(am_writer *out, const am_report *report)
{
    char text[320];
    am_writer line = am_writer_of(text, sizeof text);
    const int64_t more = report->policy.kind == AM_POLICY_MODULES ? report->outcome.saved_bytes - report->plan[0].outcome.saved_bytes : 0;
    if (more <= 0) return;
    AM_WRITE(&line, "This policy keeps ");
    am_text_size_with_unit(&line, report, more);
    AM_WRITE(&line, " more than none does: attention's kernel saves no scores that could be let go of, and its region keeps what it is given and what it "
                    "gives. It pays where scores are whole (attention=eager).");
    am_write_line(out, &line, 0);
}

void am_text_policies(am_writer *out, const am_report *report)
{
    static const char *const kept[] = {">kept GiB", ">kept GB", ">kept bytes"};
    static const char *const peak[] = {">peak GiB", ">peak GB", ">peak bytes"};
    int64_t units = report->config.units;
    am_grid plans = {.report = report,
                     .columns = 6,
                     .rows = report->plans,
                     .cell = plan_cell,
                     .head = {"  policy", "what it does", kept[units], peak[units], ">extra forward", ">extra time"}};
    AM_WRITE(out, "\nCheckpointing (peak: gradients of parameters apart; extra forward: FLOPs computed again; extra time:\nthat of the cost below, copies to and from the host apart)\n");
    if (report->ranks > 1) AM_WRITE(out, "of one micro-batch on all stages together\n");
    am_write_grid(out, &plans);
    write_more_kept(out, report);
}
