/* A row of a sweep: the figures of one configuration, as a line of CSV or JSON. */
#include <stdio.h>
#include <string.h>

#include "cli_sweep.h"
#include "fit.h"

/* The row as the parser reads it. */
static size_t row_text(const am_sweep_form *form, const am_sweep_row *row, char *text, size_t size)
{
    char buffer[AM_TEXT_SIZE];
    am_writer writer = am_writer_of(text, size);
    am_write_text(&writer, row->input);
    for (int i = 0; i < form->grid.axes; i++) {
        AM_WRITE(&writer, "&");
        am_write_text(&writer, form->grid.axis[i].field->key);
        AM_WRITE(&writer, "=");
        am_write_text(&writer, am_sweep_grid_value(&form->grid, i, row->point, buffer));
    }
    return am_writer_end(&writer);
}

/* The name of a member of JSON's. */
static void write_name(am_writer *out, const char *name)
{
    AM_WRITE(out, "\"");
    am_write_text(out, name);
    AM_WRITE(out, "\":");
}

/* A text of CSV (RFC 4180): in quotes where it has to be. */
static void write_quoted(am_writer *out, const char *text)
{
    if (strpbrk(text, ",\"\r\n") == NULL) {
        am_write_text(out, text);
        return;
    }
    AM_WRITE(out, "\"");
    for (; *text != '\0'; text++) {
        if (*text == '"') AM_WRITE(out, "\"");
        am_write_char(out, *text);
    }
    AM_WRITE(out, "\"");
}

/* A text, or none where it is NULL. */
static void put_text(am_writer *out, const am_sweep_form *form, const char *name, const char *text)
{
    if (form->format == AM_SWEEP_JSON_LINES) {
        write_name(out, name);
        if (text != NULL) am_json_string(out, text);
        else am_json_null(out);
        return;
    }
    if (text != NULL) write_quoted(out, text);
    AM_WRITE(out, ",");
}

/* A number, or none where it is negative. */
static void put_figure(am_writer *out, const am_sweep_form *form, const char *name, int64_t value)
{
    if (form->format == AM_SWEEP_JSON_LINES) {
        write_name(out, name);
        am_json_figure(out, value);
        return;
    }
    if (value >= 0) am_write_int(out, value);
    AM_WRITE(out, ",");
}

/* A flag, or none where it is negative. */
static void put_flag(am_writer *out, const am_sweep_form *form, const char *name, int value)
{
    if (form->format == AM_SWEEP_JSON_LINES) write_name(out, name);
    if (form->format == AM_SWEEP_JSON_LINES && value < 0) AM_WRITE(out, "null");
    if (value >= 0) am_write_text(out, value ? "true" : "false");
    AM_WRITE(out, ",");
}

void am_sweep_write_row(am_writer *out, const am_sweep_form *form, const am_sweep_row *row)
{
    char buffer[AM_TEXT_SIZE];
    put_figure(out, form, "row", row->number);
    if (form->lines) put_figure(out, form, "line", row->line);
    if (form->lines) put_text(out, form, "input", row->input);
    for (int i = 0; i < form->grid.axes; i++) {
        const am_field *field = form->grid.axis[i].field;
        const char *value = am_sweep_grid_value(&form->grid, i, row->point, buffer);
        bool number = field->kind == AM_KIND_INT || field->kind == AM_KIND_RATIO;
        if (form->format == AM_SWEEP_JSON_LINES && number) {
            write_name(out, field->key);
            am_json_number(out, value);
        } else {
            put_text(out, form, field->key, value);
        }
    }
}

/* The figures of a row, by the names that the report has for them. */
static const struct {
    const char *name, *help;
} figures[] = {
    {"parameters", "of all stages of a pipeline; of what tp, ep and etp share out, the GPU's part"},
    {"trainable_parameters", "thereof trained"},
    {"saved_bytes", "kept by autograd and by checkpoints between forward and backward"},
    {"after_forward_bytes", "live then"},
    {"forward_peak_bytes", "highest of the forward"},
    {"backward_peak_bytes", "highest of the backward, gradients of parameters apart"},
    {"peak_bytes", "highest of the step, gradients among it"},
    {"forward_flops", "of matrix products and attention"},
    {"recomputed_flops", "of what checkpointing runs again"},
    {"weights_bytes", "parameters of the GPU"},
    {"master_bytes", "their fp32 copies"},
    {"gradients_bytes", "gradients of the GPU"},
    {"optimizer_bytes", "states of the optimizer"},
    {"activation_peak_bytes", "what the total counts of the step"},
    {"total_bytes", "all that the step takes on the GPU; of a pipeline on the rank that takes most"},
    {"memory_bytes", "of the GPU"},
    {"rank", "of a pipeline, to which the figures from weights_bytes on belong; those before are of one micro-batch on all stages"},
};
enum { FIGURES = sizeof figures / sizeof *figures };

static void read_figures(const am_totals *totals, int64_t figure[FIGURES])
{
    const am_outcome *outcome = &totals->outcome;
    const am_fit *fit = &totals->fit;
    const int64_t own[FIGURES] = {totals->parameters.total, totals->parameters.trainable, outcome->saved_bytes, outcome->after_forward,
                                  outcome->forward_peak, outcome->backward_peak, outcome->step_peak, outcome->forward_flops,
                                  outcome->recomputed_flops, fit->state.weights, fit->state.master, fit->state.gradients,
                                  fit->state.optimizer, fit->activations, fit->total, fit->memory, fit->rank};
    memcpy(figure, own, sizeof own);
}

/* What the total counts beside the activations. */
static const char *basis_of(const am_config *config, char *text, size_t size)
{
    am_writer writer = am_writer_of(text, size);
    am_fit_write_basis(&writer, config);
    am_writer_end(&writer);
    return text;
}

/* Ends a row: its last comma goes, as that of JSON's object does. */
static void end_row(am_writer *out, const am_sweep_form *form)
{
    if (form->format == AM_SWEEP_JSON_LINES) am_json_close(out, '}');
    out->length--;
    AM_WRITE(out, "\n");
}

static am_code evaluate_row(am_sweep_worker *by, const am_sweep_form *form, const am_sweep_row *row, am_status *status)
{
    am_config config = form->base;
    if (row_text(form, row, by->text, sizeof by->text) == 0)
        return am_fail(status, AM_SYNTAX, "", "the row is longer than %d characters", (int64_t)AM_INPUT_SIZE);
    if (am_config_parse(&config, by->text, status) != AM_OK) return status->code;
    if (form->imported && config.model[0])
        return am_fail(status, AM_CONFLICT, "model", "--config and model=%s are two models: give one", config.model);
    return am_evaluate_totals(&by->totals, &by->workspace, &config, status);
}

bool am_sweep_answer(am_writer *out, const am_sweep_form *form, const am_sweep_row *row, am_sweep_worker *by, am_status *status)
{
    int64_t figure[FIGURES];
    char basis[128];
    bool answered = evaluate_row(by, form, row, status) == AM_OK;
    const am_fit *fit = &by->totals.fit;
    for (int i = 0; i < FIGURES; i++) figure[i] = -1;
    if (answered) read_figures(&by->totals, figure);
    if (form->format == AM_SWEEP_JSON_LINES) am_json_open(out, '{');
    am_sweep_write_row(out, form, row);
    for (int i = 0; i < FIGURES; i++) put_figure(out, form, figures[i].name, figure[i]);
    put_text(out, form, "basis", answered ? basis_of(&by->totals.config, basis, sizeof basis) : NULL);
    put_flag(out, form, "fits", !answered || fit->memory < 0 ? -1 : fit->total <= fit->memory - fit->reserve);
    put_text(out, form, "error_code", answered ? NULL : am_code_name(status->code));
    put_text(out, form, "error_field", answered ? NULL : status->field);
    put_text(out, form, "error", answered ? NULL : status->message);
    end_row(out, form);
    return answered;
}

void am_sweep_write_head(am_writer *out, const am_sweep_form *form)
{
    AM_WRITE(out, "row,");
    if (form->lines) AM_WRITE(out, "line,input,");
    for (int i = 0; i < form->grid.axes; i++) {
        am_write_text(out, form->grid.axis[i].field->key);
        AM_WRITE(out, ",");
    }
    for (int i = 0; i < FIGURES; i++) {
        am_write_text(out, figures[i].name);
        AM_WRITE(out, ",");
    }
    AM_WRITE(out, "basis,fits,error_code,error_field,error\n");
}

void am_sweep_print_columns(void)
{
    for (int i = 0; i < FIGURES; i++) printf("  %-22s%s\n", figures[i].name, figures[i].help);
    printf("  %-22s%s\n", "basis", "what total_bytes counts beside the activations");
    printf("  %-22s%s\n", "fits", "whether total_bytes leaves the reserve of memory_bytes");
}
