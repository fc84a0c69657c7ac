/* The report for people: where the bytes are, by component, and what the head takes. */
#include "grid.h"
#include "report.h"

enum { BY_NAME, BY_SIZE, BY_EXACT, BY_SHARE };

static void component_cell(am_writer *out, const am_grid *grid, int row, int column)
{
    int64_t bytes[AM_COMPONENT_COUNT];
    am_report_components(grid->report, bytes);
    bool total = row == grid->rows - 1;
    int64_t own = total ? grid->report->saved_bytes : bytes[grid->index[row]];
    if (column == BY_EXACT && !am_text_has_exact(grid->report)) column = BY_SHARE;
    switch (column) {
    case BY_NAME: am_write_text(out, total ? "total" : am_component_names[grid->index[row]]); break;
    case BY_SIZE: am_text_size(out, grid->report, own); break;
    case BY_EXACT: am_write_thousands(out, own); break;
    default: am_text_percent(out, own, grid->report->saved_bytes);
    }
}

/* "The head (loss=hf) keeps …; from the last norm to the loss …" */
void am_text_head(am_writer *out, const am_report *report)
{
    char text[512];
    am_writer line = am_writer_of(text, sizeof text);
    AM_WRITE(&line, "The head (loss=");
    am_text_choice(&line, &report->config, AM_F_loss);
    AM_WRITE(&line, ") keeps ");
    am_text_size_in_full(&line, report, am_report_head(report));
    AM_WRITE(&line, ". Last norm, head and loss stand up to ");
    am_text_size_in_full(&line, report, report->outcome.head_forward);
    AM_WRITE(&line, " above the layers in forward, ");
    am_text_size_in_full(&line, report, report->outcome.head_backward);
    AM_WRITE(&line, " in backward.");
    am_writer_end(&line);
    AM_WRITE(out, "\n");
    am_write_wrapped(out, text, 0);
}

void am_text_components(am_writer *out, const am_report *report)
{
    int64_t bytes[AM_COMPONENT_COUNT];
    am_grid components = {.report = report,
                          .columns = 4,
                          .cell = component_cell,
                          .head = {"component", am_text_size_head(report), ">bytes", ">share"}};
    if (!am_text_has_exact(report)) {
        components.columns = 3;
        components.head[2] = ">share";
    }
    am_report_components(report, bytes);
    for (int i = 0; i < AM_COMPONENT_COUNT; i++)
        if (bytes[i] > 0) components.index[components.rows++] = (uint16_t)i;
    components.rows++;
    am_write_text(out, report->ranks > 1 ? "\nWhere the bytes of one micro-batch are\n" : "\nWhere the bytes are\n");
    am_write_grid(out, &components);
}
