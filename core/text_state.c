/* The report for people: parameters, and what weights, gradients and the optimizer take. */
#include "grid.h"
#include "report.h"
#include "state.h"
#include "wiring.h"

enum { STATE_NAME, STATE_PER_PARAMETER, STATE_SIZE, STATE_EXACT };

static void state_cell(am_writer *out, const am_grid *grid, int row, int column)
{
    const am_parameters *parameters = &grid->report->parameters;
    const am_convention *convention = row == 0 ? NULL : &am_conventions[row - 1];
    am_state state = convention == NULL ? am_state_configured(parameters, &grid->report->config) : am_state_of(parameters, convention);
    switch (column) {
    case STATE_NAME: am_write_text(out, convention == NULL ? am_configured[grid->report->config.optimizer].name : convention->name); break;
    case STATE_PER_PARAMETER:
        if (convention != NULL)
            am_write_int(out, convention->weights + convention->master + convention->gradients + convention->optimizer);
        break;
    case STATE_SIZE: am_text_size(out, grid->report, state.bytes); break;
    default: am_write_thousands(out, state.bytes);
    }
}

static void write_parameters(am_writer *out, const am_report *report)
{
    const am_parameters *parameters = &report->parameters;
    const am_config *config = &report->config;
    char text[256];
    am_writer line = am_writer_of(text, sizeof text);
    am_write_thousands(&line, parameters->total);
    AM_WRITE(&line, " parameters");
    if (parameters->trainable != parameters->total) {
        AM_WRITE(&line, ", ");
        am_write_thousands(&line, parameters->trainable);
        AM_WRITE(&line, " of them trainable");
    }
    if (config->tp > 1 || config->ep > 1 || config->etp > 1) {
        AM_WRITE(&line, " on each of the ");
        am_write_thousands(&line, config->tp * am_data_ranks(config));
        am_write_text(&line, config->pp > 1 ? " GPUs of a stage, all stages together" : " GPUs");
    }
    AM_WRITE(&line, "; what they take beside the activations");
    am_writer_end(&line);
    AM_WRITE(out, "\n");
    am_write_wrapped(out, text, 0);
}

void am_text_state(am_writer *out, const am_report *report)
{
    am_grid states = {.report = report,
                      .columns = am_text_has_exact(report) ? 4 : 3,
                      .rows = 1 + am_convention_count,
                      .cell = state_cell,
                      .head = {"weights, gradients, optimizer", ">per parameter", am_text_size_head(report), ">bytes"}};
    write_parameters(out, report);
    am_write_grid(out, &states);
}
