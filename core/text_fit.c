/* The report for people: whether it fits, and what else would. */
#include "fit.h"
#include "grid.h"
#include "input.h"
#include "report.h"
#include "wiring.h"

/* "Fits: 60.1 GiB (64,564,003,592 bytes) of 80.0 GiB, 19.9 GiB left: parameters 15.0 GiB, …" */
static void write_total(am_writer *out, const am_report *report)
{
    const am_fit *fit = &report->fit;
    const char *name;
    int64_t bytes, left = fit->memory < 0 ? 0 : am_fit_free(fit);
    am_write_text(out, fit->memory < 0 ? "In all: " : left >= 0 ? "Fits: " : "Does not fit: ");
    if (report->ranks > 1) {
        AM_WRITE(out, "rank ");
        am_write_int(out, fit->rank);
        AM_WRITE(out, " takes most, ");
    }
    am_text_size_in_full(out, report, fit->total);
    if (fit->memory >= 0) {
        const am_device *device = report->config.device_memory[0] ? NULL : am_device_find(report->config.device);
        AM_WRITE(out, " of ");
        if (device) {
            am_write_text(out, device->label);
            AM_WRITE(out, "'s ");
        }
        am_text_size_with_unit(out, report, fit->memory);
        if (fit->reserve > 0) {
            AM_WRITE(out, " less a reserve of ");
            am_text_size_with_unit(out, report, fit->reserve);
        }
        AM_WRITE(out, ", ");
        am_text_size_with_unit(out, report, left < 0 ? -left : left);
        am_write_text(out, left < 0 ? " too many" : " left");
    }
    for (int i = 0; (name = am_fit_part(fit, i, &bytes)); i++) {
        am_write_text(out, i == 0 ? ": " : ", ");
        am_write_text(out, name);
        AM_WRITE(out, " ");
        am_text_size_with_unit(out, report, bytes);
    }
    AM_WRITE(out, ".");
}

/* "Counted is AdamW on bf16 parameters without fp32 master weights, gradients in bf16; Megatron-LM trains with
 * master_weights=yes grad_dtype=fp32: 140 GiB in all, does not fit." */
static void write_basis(am_writer *out, const am_report *report)
{
    const am_change *as_usual = &report->usual;
    AM_WRITE(out, " Counted is ");
    am_fit_write_basis(out, &report->config);
    am_fit_write_usual(out, &report->config);
    if (as_usual->id) {
        AM_WRITE(out, ": ");
        am_text_size_with_unit(out, report, as_usual->total);
        AM_WRITE(out, " in all");
        am_write_text(out, as_usual->fits ? ", fits" : ", does not fit");
    }
    AM_WRITE(out, ".");
    if (report->config.zero == 0 || am_data_ranks(&report->config) > 1 || am_is_shared_out(&report->config)) return;
    AM_WRITE(out, " zero=");
    am_write_int(out, report->config.zero);
    AM_WRITE(out, " shares out nothing here, of one data-parallel rank: dp=2 or more.");
}

/* "79.9 GiB, 0.0977 GiB left": neighbours that print alike differ in what is left of the memory. */
static void write_against(am_writer *out, const am_report *report, int64_t total)
{
    int64_t left = report->fit.memory - report->fit.reserve - total;
    am_text_size_with_unit(out, report, total);
    AM_WRITE(out, ", ");
    am_text_size_with_unit(out, report, left < 0 ? -left : left);
    am_write_text(out, left < 0 ? " too many" : " left");
}

/* "Cheapest checkpointing: checkpoint=budget:35.1GiB (79.9 GiB, 0.0997 GiB left); …" */
static void write_plan_found(am_writer *out, const am_report *report, const am_answer *answer)
{
    if (!answer->found) {
        AM_WRITE(out, "No checkpointing plan fits.");
        return;
    }
    if (answer->next == 0) {
        AM_WRITE(out, "Cheapest checkpointing: none is needed.");
        return;
    }
    AM_WRITE(out, "Cheapest checkpointing: checkpoint=");
    am_write_text(out, answer->config.checkpoint);
    AM_WRITE(out, " (");
    write_against(out, report, answer->total);
    AM_WRITE(out, ")");
    AM_WRITE(out, "; the next cheaper plan takes ");
    write_against(out, report, answer->next_total);
    AM_WRITE(out, ".");
    if (am_doubted(&answer->doubt)) AM_WRITE(out, " ");
    am_write_doubt(out, &answer->doubt, "the cheapest");
}

/* "Fewest GPUs: 8 (tp=2 sp=yes dp=4 zero=1: 71.7 GiB, 8.33 GiB left)" */
static void write_gpus_found(am_writer *out, const am_report *report, const am_answer *answer)
{
    char text[128];
    am_writer groups = am_writer_of(text, sizeof text);
    am_fit_write_groups(&groups, &answer->config, NULL);
    am_writer_end(&groups);
    AM_WRITE(out, "Fewest GPUs: ");
    if (answer->found)
        am_write_thousands(out, answer->value);
    else
        AM_WRITE(out, "none was found; the least that was looked at takes ");
    if (answer->found) AM_WRITE(out, " (");
    if (answer->found && *text) {
        am_write_text(out, text);
        AM_WRITE(out, ": ");
    }
    write_against(out, report, answer->total);
    if (answer->found) AM_WRITE(out, ")");
    if (answer->found || !*text) return;
    AM_WRITE(out, ", with ");
    am_write_text(out, text);
}

/* What the GPUs were looked for over, each input in the order of its values: "tp=1,2,4,8". */
static void write_gpu_space(am_writer *out, const am_report *report)
{
    const am_gpu_space *space = &report->gpu_space;
    char value[8];
    bool any = false;
    AM_WRITE(out, " Looked at: ");
    for (int i = AM_GPU_AXES - 1; i >= 0; i--) {
        const am_gpu_axis *axis = &space->axis[i];
        am_config config = report->config;
        if ((axis->taken & (axis->taken - 1)) == 0) continue; /* one value */
        am_write_text(out, am_fields[axis->id].key);
        for (int64_t j = -1, before = '='; (j = am_gpu_axis_next(axis, j)) >= 0; before = ',') {
            am_write_char(out, (char)before);
            *am_field_number(&config, &am_fields[axis->id]) = j;
            am_write_text(out, am_field_value(&config, &am_fields[axis->id], value, sizeof value));
        }
        AM_WRITE(out, " ");
        any = true;
    }
    if (any) AM_WRITE(out, "and ");
    AM_WRITE(out, "any dp; all else is as given, micro-batch, sequence and checkpointing too");
    if (space->stopped) AM_WRITE(out, ". The search ended before all of these were looked at: fewer may do");
}

/* "Largest micro-batch: 2 (75.4 GiB, 4.61 GiB left); 3 would take 90.6 GiB, 10.6 GiB too many." */
static void write_found(am_writer *out, const am_report *report, const am_answer *answer)
{
    bool gpus = strcmp(answer->id, "gpus") == 0;
    if (strcmp(answer->id, "plan") == 0) {
        write_plan_found(out, report, answer);
        return;
    }
    if (gpus) {
        write_gpus_found(out, report, answer);
    } else {
        am_write_text(out, strcmp(answer->id, "seq") == 0 ? "Longest sequence: " : "Largest micro-batch: ");
        if (!answer->found) AM_WRITE(out, "none; ");
        am_write_thousands(out, answer->value);
        am_write_text(out, answer->found ? " (" : " would take ");
        write_against(out, report, answer->total);
        if (answer->found) AM_WRITE(out, ")");
    }
    if (answer->next_total >= 0) {
        AM_WRITE(out, "; ");
        am_write_thousands(out, answer->next);
        AM_WRITE(out, " would take ");
        write_against(out, report, answer->next_total);
    } else if (answer->why[0]) {
        AM_WRITE(out, "; ");
        am_write_text(out, answer->why);
    }
    AM_WRITE(out, ".");
    if (!gpus) return;
    write_gpu_space(out, report);
    AM_WRITE(out, ".");
}

void am_text_fit(am_writer *out, const am_report *report)
{
    char text[1536];
    am_writer line = am_writer_of(text, sizeof text);
    if (report->fit.total == 0) return;
    write_total(&line, report);
    write_basis(&line, report);
    if (report->fit.memory >= 0 && !report->config.fit) AM_WRITE(&line, " What else would fit: fit=yes.");
    out->full |= line.full;
    am_write_line(out, &line, 0);
    if (report->answers > 0) AM_WRITE(out, "\n");
    for (int i = 0; i < report->answers; i++) {
        line = am_writer_of(text, sizeof text);
        write_found(&line, report, &report->answer[i]);
        am_writer_end(&line);
        am_write_wrapped(out, text, 0);
    }
}
