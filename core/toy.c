#include "proven.h"
#include "toy.h"

#include "input.h"
#include "record.h"

#include <string.h>

am_code am_toy_record(am_build *build)
{
    am_tape *tape = build->tape;
    am_enter(tape, "", AM_C_RESIDUAL);
    am_var x = am_buffer(tape, AM_SHAPE(build->b, build->h), AM_FP32, "input");
    am_require_grad(tape, x);
    if (build->record.regions) am_region_begin(tape, x, 0, NULL);
    am_var up = am_hf_linear(build, x, "0", AM_C_MLP, build->h, true, 0);
    am_enter(tape, "1", AM_C_RESIDUAL);
    am_var active = am_unary(tape, AM_OP_RELU, up);
    am_hold(tape, up);
    am_var y = am_hf_linear(build, active, "2", AM_C_MLP, build->h, true, 0);
    am_hold(tape, active);
    if (build->record.regions) am_region_end(tape, y);
    am_var loss = am_tape_emit1(tape, AM_OP_MEAN, y, am_tape_fresh(tape, AM_SCALAR, AM_FP32));
    am_hold(tape, y);
    tape->zone = 1; /* layers, of which there are none, are between 0 and the last zone */
    am_hold(tape, loss);
    return am_tape_finish(tape, loss, 0);
}

static am_code play(am_toy_figures *figures, am_workspace *workspace, am_extents *extents, const am_config *config,
                    am_keep keep)
{
    am_record record = {.units = 0, .inner = 1, .regions = keep != AM_KEEP_EVERYTHING};
    am_tape *tape = &workspace->tape;
    am_step *step = &workspace->step;
    am_build build;
    am_build_begin(&build, tape, extents, config, record);
    am_code code = am_toy_record(&build); /* no hidden size and batch makes anything of it too large */
    am_tape_checkpoint(tape, AM_NON_REENTRANT, keep);
    if (AM_ALWAYS(!code)) code = am_ledger_read(&workspace->plain, tape, record);
    if (AM_ALWAYS(!code)) code = am_step_play(step, &workspace->player, tape, NULL);
    if (AM_NEVER(code)) return code;
    *figures = (am_toy_figures){
        .saved = keep == AM_KEEP_EVERYTHING ? workspace->plain.outside_bytes : 0,
        .after_forward = step->after_forward,
        .forward_peak = step->forward_peak,
        .backward_peak = step->backward_peak,
        .step_peak = step->step_peak,
        .forward_flops = step->forward_flops,
        .recomputed_flops = step->recomputed_flops,
    };
    return AM_OK;
}

/* Whether only the block's own inputs are other than usual; else the status names one of the others. */
static bool is_only_sized(const am_config *config, const am_config *usual, am_status *status)
{
    for (int i = 0; i < AM_FIELD_COUNT; i++) {
        const am_field *field = &am_fields[i];
        if (i == AM_F_hidden || i == AM_F_batch) continue;
        bool same = field->kind == AM_KIND_TEXT
                        ? strcmp(am_field_text_of(config, field), am_field_text_of(usual, field)) == 0
                        : am_field_number_of(config, field) == am_field_number_of(usual, field);
        if (same) continue;
        am_fail(status, AM_CONFLICT, field->key, "Linear-ReLU-Linear has the inputs hidden and batch: leave %s out",
                field->key);
        return false;
    }
    return true;
}

am_code am_toy_play(am_toy *toy, am_workspace *workspace, am_extents *extents, const char *text, am_status *status)
{
    am_config usual = am_default_config();
    int64_t value[AM_SYMBOL_COUNT];
    am_config_parse(&usual, "family=gpt2 layers=1 hidden=4096 heads=1 vocab=2 batch=8 seq=1 dtype=fp32", status); /* none of it is refused */
    toy->config = usual;
    if (am_config_parse(&toy->config, text, status) || !is_only_sized(&toy->config, &usual, status))
        return status->code;
    if (toy->config.hidden > am_fields[AM_F_head_dim].most) /* it is a head's, too */
        return am_fail(status, AM_OUT_OF_RANGE, "hidden", "hidden must be at most %d here, not %d", am_fields[AM_F_head_dim].most, toy->config.hidden);
    am_config_resolve(&toy->config, status); /* nothing else of it is refused */
    am_model_symbols(&toy->config, value);
    am_extents_init(extents, value);
    am_code code = play(&toy->stored, workspace, extents, &toy->config, AM_KEEP_EVERYTHING);
    if (AM_ALWAYS(!code)) code = play(&toy->recomputed, workspace, extents, &toy->config, AM_KEEP_NOTHING);
    if (AM_NEVER(code)) *status = workspace->tape.status;
    return code;
}

static void write_figures(am_writer *json, const am_toy_figures *figures)
{
    AM_PUT_INT(json, "saved_bytes", figures->saved);
    AM_PUT_INT(json, "after_forward_bytes", figures->after_forward);
    AM_PUT_INT(json, "forward_peak_bytes", figures->forward_peak);
    AM_PUT_INT(json, "backward_peak_bytes", figures->backward_peak);
    AM_PUT_INT(json, "peak_bytes", figures->step_peak);
    AM_PUT_INT(json, "forward_flops", figures->forward_flops);
    AM_PUT_INT(json, "recomputed_flops", figures->recomputed_flops);
    am_json_close(json, '}');
}

size_t am_toy_json(const am_toy *toy, char *text, size_t size)
{
    am_writer json = am_writer_of(text, size);
    am_json_open(&json, '{');
    AM_PUT_INT(&json, "hidden", toy->config.hidden);
    AM_PUT_INT(&json, "batch", toy->config.batch);
    AM_PUT_PLAIN(&json, "dtype", am_dtypes[AM_FP32].name);
    AM_OPEN(&json, "stored", "{");
    write_figures(&json, &toy->stored);
    AM_OPEN(&json, "recomputed", "{");
    write_figures(&json, &toy->recomputed);
    return am_json_end(&json, '}');
}
