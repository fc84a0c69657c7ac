/* The report's JSON: the total on one GPU against its memory, and what else would fit. */
#include <string.h>

#include "fit.h"
#include "query.h"
#include "report.h"

/* Without the search that found it. */
static void write_query(am_writer *json, const am_config *config, const am_preset *preset)
{
    am_query query = am_query_of(config, preset);
    query.names[AM_F_fit] = query.names[AM_F_frontier] = false;
    AM_KEY(json, "query");
    am_json_quote(json);
    am_write_query(json, &query, config, preset);
    am_json_unquote(json);
}

void am_json_proof(am_writer *json, const am_doubt *doubt)
{
    char text[AM_DOUBT_SIZE];
    AM_PUT_BOOL(json, "proven", !am_doubted(doubt));
    if (am_doubted(doubt)) AM_PUT_PLAIN(json, "proven_note", am_doubt_text(doubt, text));
    if (doubt->least > 0) AM_PUT_TIME(json, "recomputed_time_us_at_least", doubt->least);
}

/* What the GPUs were looked for over, and what was held. */
static void write_gpu_space(am_writer *json, const am_gpu_space *space)
{
    static const am_field_id others[] = {AM_F_etp, AM_F_vpp, AM_F_micro_batches, AM_F_batch, AM_F_seq, AM_F_checkpoint, AM_F_optimizer};
    bool held[AM_GPU_AXES];
    AM_OPEN(json, "searched", "{");
    for (int i = AM_GPU_AXES - 1; i >= 0; i--) {
        const am_gpu_axis *axis = &space->axis[i];
        held[i] = (axis->taken & (axis->taken - 1)) == 0; /* one value */
        if (held[i]) continue;
        am_json_quote(json);
        am_write_text(json, am_fields[axis->id].key);
        AM_WRITE(json, "\":");
        am_json_open(json, '[');
        for (int64_t value = -1; (value = am_gpu_axis_next(axis, value)) >= 0;) am_json_int(json, value);
        am_json_close(json, ']');
    }
    AM_PUT_PLAIN(json, "dp", "any");
    am_json_close(json, '}');
    AM_OPEN(json, "held", "[");
    for (int i = 0; i < AM_GPU_AXES; i++)
        if (held[i]) am_json_plain(json, am_fields[space->axis[i].id].key);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) am_json_plain(json, am_fields[others[i]].key);
    am_json_close(json, ']');
    AM_PUT_BOOL(json, "complete", !space->stopped);
}

static void write_answer(am_writer *json, const am_report *report, const am_answer *answer)
{
    const am_preset *preset = report->preset;
    am_json_quote(json);
    am_write_text(json, answer->id);
    AM_WRITE(json, "\":");
    am_json_open(json, '{');
    AM_PUT_FIGURE(json, "value", answer->found ? answer->value : -1);
    AM_PUT_INT(json, "tried", answer->value);
    AM_PUT_FIGURE(json, "total_bytes", answer->total);
    write_query(json, &answer->config, preset);
    if (answer->next > 0) {
        AM_OPEN(json, "next", "{");
        AM_PUT_INT(json, "value", answer->next);
        AM_PUT_FIGURE(json, "total_bytes", answer->next_total);
        AM_PUT_TEXT(json, "refused", answer->why);
        am_json_close(json, '}');
    }
    if (strcmp(answer->id, "plan") == 0 && answer->found) am_json_proof(json, &answer->doubt);
    if (strcmp(answer->id, "gpus") == 0) write_gpu_space(json, &report->gpu_space);
    am_json_close(json, '}');
}

/* Of what is done to the step as it is: its time and the share of the forward's FLOPs that run again say what it costs. */
static void write_change(am_writer *json, const am_report *report, const am_change *change)
{
    const am_preset *preset = report->preset;
    am_json_open(json, '{');
    AM_PUT_PLAIN(json, "id", change->id);
    AM_PUT_PLAIN(json, "what", change->what);
    AM_PUT_TEXT(json, "set", change->set);
    write_query(json, &change->config, preset);
    AM_PUT_BOOL(json, "same_training", change->same);
    AM_PUT_INT(json, "total_bytes", change->total);
    AM_PUT_INT(json, "free_bytes", change->free);
    AM_PUT_BOOL(json, "fits", change->fits);
    AM_PUT_TIME(json, "step_time_us", change->time);
    AM_PUT_INT(json, "recomputed_flops", change->recomputed_flops);
    AM_PUT_RATIO(json, "recompute_ratio", change->recomputed_flops, change->forward_flops);
    for (int i = 0; i < report->answers && strcmp(change->id, "plan") == 0; i++)
        if (strcmp(report->answer[i].id, "plan") == 0) am_json_proof(json, &report->answer[i].doubt);
    am_json_close(json, '}');
}

void am_json_basis(am_writer *json, const am_config *config)
{
    char text[128];
    am_writer basis = am_writer_of(text, sizeof text);
    const am_usual *usual = am_fit_usual(config);
    am_fit_write_basis(&basis, config);
    am_writer_end(&basis);
    AM_PUT_TEXT(json, "basis", text);
    AM_KEY(json, "usual");
    if (!usual) {
        am_json_null(json);
        return;
    }
    am_json_open(json, '{');
    AM_PUT_PLAIN(json, "set", usual->set);
    AM_PUT_PLAIN(json, "who", usual->who);
    am_json_close(json, '}');
}

void am_json_fit(am_writer *json, const am_report *report)
{
    const am_fit *fit = &report->fit;
    int64_t bytes;
    const char *name;
    AM_OPEN(json, "fit", "{");
    AM_PUT_TEXT(json, "device", report->config.device);
    AM_PUT_INT(json, "rank", fit->rank);
    AM_PUT_FIGURE(json, "memory_bytes", fit->memory);
    AM_PUT_INT(json, "reserve_bytes", fit->reserve);
    AM_PUT_INT(json, "state_bytes", fit->total - fit->activations);
    AM_PUT_INT(json, "activation_peak_bytes", fit->activations);
    AM_PUT_BOOL(json, "gradients_stay", fit->gradients_stay);
    AM_PUT_INT(json, "total_bytes", fit->total);
    AM_KEY(json, "free_bytes");
    if (fit->memory < 0)
        am_json_null(json);
    else
        am_json_int(json, am_fit_free(fit));
    AM_KEY(json, "fits");
    if (fit->memory < 0)
        am_json_null(json);
    else
        am_json_bool(json, am_fit_fits(fit));
    AM_OPEN(json, "by", "[");
    for (int i = 0; (name = am_fit_part(fit, i, &bytes)); i++) {
        am_json_open(json, '{');
        AM_PUT_PLAIN(json, "name", name);
        AM_PUT_INT(json, "bytes", bytes);
        am_json_close(json, '}');
    }
    am_json_close(json, ']');
    am_json_basis(json, &report->config);
    if (report->answers > 0) {
        AM_OPEN(json, "answers", "{");
        for (int i = 0; i < report->answers; i++) write_answer(json, report, &report->answer[i]);
        am_json_close(json, '}');
        AM_OPEN(json, "changes", "[");
        for (int i = 0; i < report->changes; i++) write_change(json, report, &report->change[i]);
        am_json_close(json, ']');
        AM_KEY(json, "as_usual");
        if (report->usual.id)
            write_change(json, report, &report->usual);
        else
            am_json_null(json);
    }
    am_json_close(json, '}');
}
