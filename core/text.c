/* The report for people, on a terminal: the answer first, then tables; and how far the figures are held to the real code. */
#include "grid.h"
#include "report.h"
#include "wiring.h"

/* How far the figures are held to the real code. */
static void write_verification(am_writer *out, const am_report *report)
{
    const am_stack *stack = &am_stacks[report->config.stack];
    char text[1024];
    am_writer line = am_writer_of(text, sizeof text);
    AM_WRITE(out, "\n");
    bool measured = strcmp(stack->verified_by, "measured") == 0, read = strcmp(stack->verified_by, "source") == 0;
    am_write_text(&line, measured ? "Measured: " : read ? "Not measured: " : "By the paper: ");
    am_write_text(&line, stack->detail);
    AM_WRITE(&line, "; ");
    am_write_text(&line, stack->derived);
#ifndef AM_FIRST
    for (int i = 0; am_report_note(report, i); i++) {
        AM_WRITE(&line, "; ");
        am_write_text(&line, am_report_note(report, i));
    }
#endif
    AM_WRITE(&line, ".");
    am_writer_end(&line);
    am_write_wrapped(out, text, 0);
}

size_t am_report_text(const am_report *report, char *buffer, size_t size)
{
    am_writer out = am_writer_of(buffer, size);
    am_text_answer(&out, report);
    am_text_fit(&out, report);
    am_text_changes(&out, report);
    am_text_ranks(&out, report);
    am_text_components(&out, report);
    am_text_head(&out, report);
    am_text_parts(&out, report);
    am_text_saved(&out, report);
    am_text_closed_forms(&out, report);
    am_text_policies(&out, report);
#ifndef AM_FIRST
    am_text_plan(&out, report);
    am_text_cost(&out, report);
#endif
    am_text_traffic(&out, report);
    am_text_schedule(&out, report);
    am_text_state(&out, report);
    write_verification(&out, report);
    am_write_wrapped(&out,
                     "Not counted: allocator fragmentation (its rounding is with allocator=cuda), kernel workspaces, communication buffers, "
                     "temporaries of the optimizer's step, when activations are gone (roots of all second moments in PyTorch's foreach AdamW, none "
                     "fused), and the CUDA context.",
                     0);
    return am_writer_end(&out);
}
