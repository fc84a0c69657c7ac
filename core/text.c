/* The report for people, on a terminal: the answer first, then tables. One unit throughout, exact bytes beside it. */
#include "policies.h"
#include "explain.h"
#include "fit.h"
#include "input.h"
#include "grid.h"
#include "query.h"
#include "wiring.h"
#include "report.h"
#include "state.h"

/* ---- sizes */

static const char *const unit_names[] = {[AM_GIB] = "GiB", [AM_GB] = "GB", [AM_BYTES] = "bytes"};

static int64_t unit_of(const am_report *report)
{
    return report->config.units == AM_GIB ? (int64_t)1 << 30 : report->config.units == AM_GB ? 1000000000 : 1;
}

/* 9995 / scale units, rounded up: where three digits begin to need a decimal less. */
static int64_t threshold(int64_t unit, int64_t scale)
{
    return (9995 * unit + scale - 1) / scale;
}

/* A size in three significant digits, or in four decimals where that is less. */
void am_text_size(am_writer *out, const am_report *report, int64_t bytes)
{
    int64_t unit = unit_of(report);
    if (bytes < 0) {
        AM_WRITE(out, "-");
    } else if (unit == 1) {
        am_write_thousands(out, bytes);
    } else if (bytes >= threshold(unit, 100)) {
        am_write_thousands(out, (bytes + unit / 2) / unit);
    } else if (bytes > 0 && bytes < unit / 20000) {
        AM_WRITE(out, "<0.0001");
    } else {
        int decimals = 4;
        if (bytes >= threshold(unit, 1000))
            decimals = 1;
        else if (bytes >= threshold(unit, 10000))
            decimals = 2;
        else if (bytes >= threshold(unit, 100000))
            decimals = 3;
        am_write_ratio(out, bytes, unit, bytes == 0 ? 0 : decimals, false);
    }
}

/* "13.3 GiB (14,281,106,188 bytes)" */
static void write_size_in_full(am_writer *out, const am_report *report, int64_t bytes)
{
    am_text_size(out, report, bytes);
    AM_WRITE(out, " ");
    am_write_text(out, unit_names[report->config.units]);
    if (report->config.units == AM_BYTES) return;
    AM_WRITE(out, " (");
    am_write_thousands(out, bytes);
    AM_WRITE(out, " bytes)");
}

/* Per cent with one decimal: "27.1 %". */
static void write_percent(am_writer *out, int64_t num, int64_t den)
{
    if (den <= 0 || num > INT64_MAX / 100) {
        AM_WRITE(out, "-");
        return;
    }
    am_write_ratio(out, num * 100, den, 1, false);
    AM_WRITE(out, " %");
}

/* ---- tables */

/* The head of a column of sizes, and whether exact bytes need a column of their own. */
static const char *size_head(const am_report *report)
{
    static const char *const heads[] = {[AM_GIB] = ">GiB", [AM_GB] = ">GB", [AM_BYTES] = ">bytes"};
    return heads[report->config.units];
}

static bool has_exact_column(const am_report *report)
{
    return report->config.units != AM_BYTES;
}

/* ---- the answer */

static void write_choice(am_writer *out, const am_config *config, am_field_id field)
{
    char text[AM_TEXT_SIZE];
    am_write_text(out, am_field_value(config, &am_fields[field], text, sizeof text));
}

/* "Llama 3 8B with layers=16", "a custom llama model of 4 layers, 256 wide" */
static void write_model(am_writer *out, const am_report *report)
{
    const am_config *config = &report->config;
    if (report->preset == NULL) {
        AM_WRITE(out, "A custom ");
        write_choice(out, config, AM_F_family);
        AM_WRITE(out, " model of ");
        am_write_int(out, config->layers);
        am_write_text(out, config->layers == 1 ? " layer, hidden size " : " layers, hidden size ");
        am_write_thousands(out, config->hidden);
        return;
    }
    am_query query = am_query_of(config, report->preset);
    am_write_text(out, report->preset->label);
    bool first = true;
    for (int i = 0; i < AM_FIELD_COUNT; i++) {
        if (am_fields[i].group != AM_MODEL || !query.names[i]) continue;
        am_write_text(out, first ? " with " : " ");
        am_write_text(out, am_fields[i].key);
        AM_WRITE(out, "=");
        write_choice(out, config, (am_field_id)i);
        first = false;
    }
}

static void write_precision(am_writer *out, const am_config *config)
{
    AM_WRITE(out, ", ");
    write_choice(out, config, AM_F_dtype);
    if (config->autocast == AM_AUTOCAST_OFF) return;
    AM_WRITE(out, " under ");
    write_choice(out, config, AM_F_autocast);
    AM_WRITE(out, " autocast");
}

static void write_allocator(am_writer *out, const am_config *config)
{
    if (config->allocator == AM_ALLOCATOR_CUDA) AM_WRITE(out, ", in blocks of 512 bytes");
}

static void write_stack(am_writer *out, const am_config *config)
{
    static const char *const attentions[] = {[AM_SDPA] = "SDPA",
                                             [AM_EFFICIENT] = "memory-efficient attention",
                                             [AM_FLASH] = "FlashAttention-2",
                                             [AM_EAGER] = "eager attention"};
    AM_WRITE(out, ", ");
    am_write_text(out, am_stacks[config->stack].text);
    AM_WRITE(out, " with ");
    am_write_text(out, attentions[config->attention]);
}

static void write_training(am_writer *out, const am_config *config)
{
    if (config->trainable == AM_TRAIN_NONE) AM_WRITE(out, ", frozen");
    if (config->trainable == AM_TRAIN_LORA) {
        AM_WRITE(out, ", LoRA of rank ");
        am_write_int(out, config->lora_rank);
        AM_WRITE(out, " on ");
        am_write_text(out, config->lora_targets);
    }
    if (strcmp(config->checkpoint, "none") != 0) {
        AM_WRITE(out, ", checkpoint=");
        am_write_text(out, config->checkpoint);
        if (config->reentrant && !am_wiring_of(config)->any) AM_WRITE(out, " (reentrant)");
    }
}

static void write_parallel(am_writer *out, const am_config *config)
{
    static const am_field_id sizes[] = {AM_F_tp, AM_F_cp, AM_F_ep, AM_F_etp, AM_F_pp, AM_F_vpp, AM_F_dp};
    const int64_t values[] = {config->tp, config->cp, config->ep, config->etp, config->pp, config->vpp, config->dp};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        if (sizes[i] == AM_F_etp ? config->etp == config->tp : values[i] <= 1) continue;
        AM_WRITE(out, ", ");
        am_write_text(out, am_fields[sizes[i]].key);
        AM_WRITE(out, "=");
        am_write_int(out, values[i]);
    }
    if (config->sp) AM_WRITE(out, ", sequence parallel");
    if (config->zero > 0) AM_WRITE(out, ", zero=");
    if (config->zero > 0) am_write_int(out, config->zero);
    if (config->micro_batches == 1) return;
    AM_WRITE(out, ", ");
    am_write_thousands(out, config->micro_batches);
    AM_WRITE(out, " micro-batches");
}

/* A module's path in its layer; of what has none, the part of the model. */
static void write_module(am_writer *out, const am_module *module)
{
    if (module->path[0] != '\0') { /* as it is where there is a leaf */
        am_write_text(out, module->path);
        am_write_text(out, module->leaf);
        return;
    }
    AM_WRITE(out, "(");
    am_write_text(out, am_component_names[module->component]);
    AM_WRITE(out, ")");
}

void am_text_place(am_writer *out, const am_place *place)
{
    static const char *const phases[AM_PHASE_COUNT] = {" in the forward of ", " in the backward of ",
                                                       " in the recomputation of ", " in the backward of "};
    bool named = place->module.path[0] != '\0';
    am_write_text(out, phases[place->phase]);
    if (place->layer >= 0) {
        AM_WRITE(out, "layer ");
        am_write_int(out, place->layer);
        if (named) AM_WRITE(out, ", ");
    }
    am_write_text(out, place->module.path);
    am_write_text(out, place->module.leaf);
    if (!named && place->layer < 0) {
        AM_WRITE(out, "the ");
        am_write_text(out, am_component_names[place->module.component]);
    }
    AM_WRITE(out, " (");
    am_write_text(out, am_ops[place->op].name);
    AM_WRITE(out, ")");
}

static void write_setting(am_writer *out, const am_report *report)
{
    const am_config *config = &report->config;
    write_model(out, report);
    AM_WRITE(out, ", ");
    am_write_thousands(out, config->seq);
    am_write_text(out, config->seq == 1 ? " token × " : " tokens × ");
    am_write_thousands(out, config->batch);
    write_precision(out, config);
    write_stack(out, config);
    write_training(out, config);
    write_parallel(out, config);
    write_allocator(out, config);
    AM_WRITE(out, ":");
}

static void write_step_answer(am_writer *out, const am_report *report)
{
    AM_WRITE(out, " keeps ");
    write_size_in_full(out, report, report->saved_bytes);
    AM_WRITE(out, " for its backward pass and peaks at ");
    write_size_in_full(out, report, am_outcome_peak(&report->outcome));
    am_text_place(out, am_outcome_peak_at(&report->outcome));
    const am_fit *fit = &report->fit;
    if (fit->gradients_stay) {
        AM_WRITE(out, ", beside gradients of parameters, which are there throughout the step.");
        return;
    }
    if (fit->activations != report->outcome.step_peak) {
        AM_WRITE(out, ", gradients of parameters apart. With this rank's part of those it peaks at ");
        write_size_in_full(out, report, fit->activations);
        AM_WRITE(out, ".");
        return;
    }
    if (report->outcome.step_peak == am_outcome_peak(&report->outcome)) {
        AM_WRITE(out, ", whether gradients of parameters are counted or not.");
        return;
    }
    AM_WRITE(out, ", gradients of parameters apart. With those it peaks at ");
    write_size_in_full(out, report, report->outcome.step_peak);
    am_text_place(out, &report->outcome.step_at);
    AM_WRITE(out, ".");
}

static void write_lasting(am_writer *out, const am_report *report)
{
    for (int i = 0; i < report->lastings; i++) {
        am_write_text(out, i ? ", " : " Beside what is kept stay for the whole run: ");
        am_write_text(out, report->lasting[i].name);
        AM_WRITE(out, " ");
        write_size_in_full(out, report, report->lasting[i].bytes);
    }
    if (report->lastings > 0) AM_WRITE(out, ".");
}

static void write_gathered(am_writer *out, const am_report *report)
{
    if (report->gathered == 0) return;
    AM_WRITE(out, " Gathered parameters are at most ");
    write_size_in_full(out, report, report->gathered);
    AM_WRITE(out, " of the live bytes");
    if (report->gathered_after) AM_WRITE(out, ", behind the forward too");
    AM_WRITE(out, ".");
}

static void write_pipeline_answer(am_writer *out, const am_report *report)
{
    const am_rank *worst = &report->rank[report->worst_rank];
    bool first = report->worst_rank == 0, last = report->worst_rank == report->ranks - 1;
    am_write_text(out, first ? " the first of " : last ? " the last of " : " rank ");
    if (!first && !last) {
        am_write_int(out, worst->rank);
        AM_WRITE(out, " of ");
    }
    am_write_int(out, report->ranks);
    AM_WRITE(out, " pipeline ranks keeps ");
    write_size_in_full(out, report, worst->saved_bytes);
    AM_WRITE(out, " for backward, with ");
    am_write_int(out, worst->in_flight);
    AM_WRITE(out, " chunks of layers in flight, and has the highest peak, ");
    write_size_in_full(out, report, am_rank_peak(worst));
    AM_WRITE(out, ". One micro-batch on all stages keeps ");
    write_size_in_full(out, report, report->saved_bytes);
    AM_WRITE(out, ".");
}

static void write_answer(am_writer *out, const am_report *report)
{
    char text[1024];
    am_writer line = am_writer_of(text, sizeof text);
    write_setting(&line, report);
    if (report->ranks > 1)
        write_pipeline_answer(&line, report);
    else
        write_step_answer(&line, report);
    write_gathered(&line, report);
    write_lasting(&line, report);
    out->full |= line.full;
    am_write_line(out, &line, 0);
}

/* ---- what fits */

static void write_size_with_unit(am_writer *out, const am_report *report, int64_t bytes)
{
    am_text_size(out, report, bytes);
    AM_WRITE(out, " ");
    am_write_text(out, unit_names[report->config.units]);
}

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
    write_size_in_full(out, report, fit->total);
    if (fit->memory >= 0) {
        const am_device *device = report->config.device_memory[0] ? NULL : am_device_find(report->config.device);
        AM_WRITE(out, " of ");
        if (device) {
            am_write_text(out, device->label);
            AM_WRITE(out, "'s ");
        }
        write_size_with_unit(out, report, fit->memory);
        if (fit->reserve > 0) {
            AM_WRITE(out, " less a reserve of ");
            write_size_with_unit(out, report, fit->reserve);
        }
        AM_WRITE(out, ", ");
        write_size_with_unit(out, report, left < 0 ? -left : left);
        am_write_text(out, left < 0 ? " too many" : " left");
    }
    for (int i = 0; (name = am_fit_part(fit, i, &bytes)); i++) {
        am_write_text(out, i == 0 ? ": " : ", ");
        am_write_text(out, name);
        AM_WRITE(out, " ");
        write_size_with_unit(out, report, bytes);
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
        write_size_with_unit(out, report, as_usual->total);
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
    write_size_with_unit(out, report, total);
    AM_WRITE(out, ", ");
    write_size_with_unit(out, report, left < 0 ? -left : left);
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
        AM_WRITE(out, "none do; each takes at least ");
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

/* ---- what to change */

enum { CHANGE_SET, CHANGE_WHAT, CHANGE_TOTAL, CHANGE_LEFT, CHANGE_TIME, CHANGE_AGAIN };

static void change_cell(am_writer *out, const am_grid *grid, int row, int column)
{
    const am_report *report = grid->report;
    const am_change *change = &report->change[row];
    int64_t now = am_outcome_time(&report->outcome), more = change->time - now;
    switch (column) {
    case CHANGE_SET: am_write_text(out, change->set); break;
    case CHANGE_WHAT: am_write_text(out, change->what); break;
    case CHANGE_TOTAL: am_text_size(out, report, change->total); break;
    case CHANGE_LEFT: am_text_size(out, report, change->free); break;
    case CHANGE_TIME:
        if (!change->same) break; /* other work: its time says nothing of this change */
        am_write_text(out, more < 0 ? "-" : "+");
        write_percent(out, more < 0 ? -more : more, now);
        break;
    default: write_percent(out, change->recomputed_flops, change->forward_flops);
    }
}

static void write_changes(am_writer *out, const am_report *report)
{
    static const char *const totals[] = {">GiB", ">GB", ">bytes"};
    am_grid changes = {.report = report,
                       .columns = 6,
                       .rows = report->changes,
                       .cell = change_cell,
                       .head = {"inputs", "what it is", totals[report->config.units], ">left", ">time", ">again"}};
    if (report->answers == 0) return;
    bool fits = am_fit_fits(&report->fit);
    if (report->changes == 0) {
        am_write_text(out, fits ? "\nNo longer sequence, larger micro-batch or faster plan fits.\n"
                                : "\nNothing that was tried makes it fit: no policy, other loss or kernels, shorter sequence, 8-bit\n"
                                  "states, adapters or sharing out, nor these together.\n");
        return;
    }
    am_write_text(out, fits ? "\nWhat it leaves room for"
                       : strcmp(report->change[0].id, "together") == 0 ? "\nNo single change makes it fit; together"
                                                                       : "\nWhat makes it fit, the same training first");
    AM_WRITE(out, " (time: of a step; again: of the forward's FLOPs)\n");
    am_write_grid(out, &changes);
}

static void write_fit(am_writer *out, const am_report *report)
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

/* ---- where the bytes are */

enum { BY_NAME, BY_SIZE, BY_EXACT, BY_SHARE };

static void component_cell(am_writer *out, const am_grid *grid, int row, int column)
{
    int64_t bytes[AM_COMPONENT_COUNT];
    am_report_components(grid->report, bytes);
    bool total = row == grid->rows - 1;
    int64_t own = total ? grid->report->saved_bytes : bytes[grid->index[row]];
    if (column == BY_EXACT && !has_exact_column(grid->report)) column = BY_SHARE;
    switch (column) {
    case BY_NAME: am_write_text(out, total ? "total" : am_component_names[grid->index[row]]); break;
    case BY_SIZE: am_text_size(out, grid->report, own); break;
    case BY_EXACT: am_write_thousands(out, own); break;
    default: write_percent(out, own, grid->report->saved_bytes);
    }
}

/* "The head (loss=hf) keeps …; from the last norm to the loss …" */
static void write_head(am_writer *out, const am_report *report)
{
    char text[512];
    am_writer line = am_writer_of(text, sizeof text);
    AM_WRITE(&line, "The head (loss=");
    write_choice(&line, &report->config, AM_F_loss);
    AM_WRITE(&line, ") keeps ");
    write_size_in_full(&line, report, am_report_head(report));
    AM_WRITE(&line, ". Last norm, head and loss stand up to ");
    write_size_in_full(&line, report, report->outcome.head_forward);
    AM_WRITE(&line, " above the layers in forward, ");
    write_size_in_full(&line, report, report->outcome.head_backward);
    AM_WRITE(&line, " in backward.");
    am_writer_end(&line);
    AM_WRITE(out, "\n");
    am_write_wrapped(out, text, 0);
}

static void write_components(am_writer *out, const am_report *report)
{
    int64_t bytes[AM_COMPONENT_COUNT];
    am_grid components = {.report = report,
                          .columns = 4,
                          .cell = component_cell,
                          .head = {"component", size_head(report), ">bytes", ">share"}};
    if (!has_exact_column(report)) {
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

/* ---- rows */

enum { ROW_NAME, ROW_MODULE, ROW_SHAPE, ROW_DTYPE, ROW_FORMULA, ROW_SIZE, ROW_EXACT };

static void row_cell(am_writer *out, const am_grid *grid, int index, int column)
{
    const am_row *row = &grid->report->row[grid->index[index]].row;
    switch (column) {
    case ROW_NAME: am_write_text(out, row->name); break;
    case ROW_MODULE: write_module(out, &row->module); break;
    case ROW_SHAPE: am_write_shape(out, row); break;
    case ROW_DTYPE: am_write_text(out, am_dtypes[row->dtype].name); break;
    case ROW_FORMULA: am_write_bytes(out, row, NULL); break;
    case ROW_SIZE: am_text_size(out, grid->report, row->bytes); break;
    default: am_write_thousands(out, row->bytes);
    }
}

/* The rows of a kind; nothing if there are none. */
static void write_rows(am_writer *out, const am_report *report, int kind)
{
    am_grid rows = {.report = report,
                    .columns = has_exact_column(report) ? 7 : 6,
                    .cell = row_cell,
                    .head = {"tensor", "saved in", "shape", "dtype", "formula", size_head(report), ">bytes"}};
    for (int i = 0; i < report->rows; i++)
        if (report->row[i].kind == kind) rows.index[rows.rows++] = (uint16_t)i;
    if (rows.rows > 0) am_write_grid(out, &rows);
}

/* "A layer keeps 0.383 GiB (411,313,176 bytes), 32 times" */
static void write_kind(am_writer *out, const am_report *report, int index)
{
    const am_kind *kind = &report->kind[index];
    am_write_text(out, kind->count > 1 ? "\nOne " : "\nThe ");
    am_write_kind(out, kind);
    AM_WRITE(out, " keeps ");
    write_size_in_full(out, report, kind->bytes);
    if (kind->count > 1) {
        AM_WRITE(out, "; there are ");
        am_write_int(out, kind->count);
    }
    AM_WRITE(out, "\n");
    write_rows(out, report, index);
}

static void write_rest(am_writer *out, const am_report *report, int kind, const char *title, int64_t bytes)
{
    if (bytes <= 0) return;
    am_write_text(out, title);
    write_size_in_full(out, report, bytes);
    AM_WRITE(out, "\n");
    write_rows(out, report, kind);
}

static void write_symbols(am_writer *out, const am_report *report)
{
    bool used[AM_SYMBOL_COUNT];
    char text[512];
    bool first = true;
    am_writer line = am_writer_of(text, sizeof text);
    am_report_symbols(report, used);
    for (int i = 0; i < AM_SYMBOL_COUNT; i++) {
        if (!used[i]) continue;
        am_write_text(&line, first ? "with " : ", ");
        am_write_text(&line, am_symbols[i].text);
        AM_WRITE(&line, "=");
        am_write_int(&line, report->extents.value[i]);
        first = false;
    }
    AM_WRITE(out, "\n");
    am_write_line(out, &line, 2);
}

__attribute__((noinline)) /* its frame is its own */
static void write_form(am_writer *line, const am_report *report, int kind, const int64_t *values)
{
    am_sum sum = am_report_formula(report, kind);
    am_write_sum(line, &sum, values);
}

/* A closed form, with symbols and with their values. */
static void write_closed_form(am_writer *out, const am_report *report, int kind, const char *name, int64_t bytes)
{
    char text[1024];
    am_writer line = am_writer_of(text, sizeof text);
    if (name)
        am_write_text(&line, name);
    else
        am_write_kind(&line, &report->kind[kind]);
    AM_WRITE(&line, ": ");
    write_form(&line, report, kind, NULL);
    AM_WRITE(&line, " = ");
    write_form(&line, report, kind, report->extents.value);
    AM_WRITE(&line, " = ");
    am_write_thousands(&line, bytes);
    am_write_line(out, &line, 2);
}

/* The worked example in short: what each kind of layer keeps, and the whole model, in one line each. */
static void write_closed_forms(am_writer *out, const am_report *report)
{
    char text[1024];
    am_sum_spans sums = {0};
    am_writer line = am_writer_of(text, sizeof text);
    AM_WRITE(out, "\nIn closed form, in bytes\n");
    for (int i = 0; i < report->kinds; i++)
        write_closed_form(out, report, i, NULL, report->kind[i].bytes);
    if (report->shared_bytes > 0) write_closed_form(out, report, AM_KIND_SHARED, "shared", report->shared_bytes);
    if (report->outside_bytes > 0) write_closed_form(out, report, AM_KIND_OUTSIDE, "outside", report->outside_bytes);
    AM_WRITE(&line, "in all: ");
    am_write_total(&line, report, report->extents.value, &sums);
    AM_WRITE(&line, " = ");
    am_write_thousands(&line, report->saved_bytes);
    am_write_line(out, &line, 2);
}

/* ---- checkpointing plans */

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
    case PLAN_RECOMPUTE: write_percent(out, plan->outcome.recomputed_flops, plan->outcome.forward_flops); break;
    default: write_percent(out, plan->outcome.recomputed_time, plan->outcome.forward_time + plan->outcome.backward_time);
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
    write_size_with_unit(&line, report, more);
    AM_WRITE(&line, " more than none does: attention's kernel saves no scores that could be let go of, and its region keeps what it is given and what it "
                    "gives. It pays where scores are whole (attention=eager).");
    am_write_line(out, &line, 0);
}

static void write_plans(am_writer *out, const am_report *report)
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

static void write_microseconds(am_writer *out, int64_t time)
{
    am_write_ratio(out, time, 1000, time < 10000 ? 2 : 0, false);
    AM_WRITE(out, " ms");
}

/* What the chosen policy moves off the GPU, and back. */
static void write_traffic(am_writer *out, const am_report *report)
{
    char text[512];
    am_writer line = am_writer_of(text, sizeof text);
    const am_traffic *traffic = &report->traffic;
    if (!am_policy_moves(report->policy)) return;
    AM_WRITE(out, "\nMoved in each step\n");
    if (traffic->host_bytes > 0) {
        write_size_in_full(&line, report, traffic->host_bytes);
        AM_WRITE(&line, " to the host");
        if (traffic->weight_bytes > 0) {
            AM_WRITE(&line, ", ");
            am_text_size(&line, report, traffic->weight_bytes);
            AM_WRITE(&line, " of it copies of weights");
        }
        AM_WRITE(&line, ", and back: ");
        write_microseconds(&line, am_link_time(&report->config, traffic->to_host));
        AM_WRITE(&line, " each way at ");
        am_write_thousands(&line, report->config.link_bandwidth);
        AM_WRITE(&line, " MB/s (link_bandwidth).");
        am_write_text(&line, report->policy.kind == AM_POLICY_OFFLOAD
                                 ? " The way there may overlap with the forward, the way back with the backward."
                                 : " The copies are waited for.");
    }
    if (traffic->gathered > 0) {
        if (traffic->host_bytes > 0) AM_WRITE(&line, " ");
        write_size_in_full(&line, report, traffic->gathered);
        AM_WRITE(&line, " gathered from the other ranks.");
    }
    am_write_line(out, &line, 2);
}

static void write_schedule(am_writer *out, const am_report *report)
{
    if (report->schedule == NULL) return;
    AM_WRITE(out, "\nThe schedule: S stores a layer's input, A runs layers without keeping anything, T runs a layer and\n"
                  "keeps what its backward needs, B is its backward; layers count from 0\n");
    am_write_actions(out, report->schedule, report->config.layers, 100);
    if (report->schedule_unit <= 1) return;
    AM_WRITE(out, "  sizes rounded up to ");
    am_write_thousands(out, report->schedule_unit);
    AM_WRITE(out, " bytes where it was sought, not where it was played\n");
}

/* ---- parameters */

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

static void write_states(am_writer *out, const am_report *report)
{
    am_grid states = {.report = report,
                      .columns = has_exact_column(report) ? 4 : 3,
                      .rows = 1 + am_convention_count,
                      .cell = state_cell,
                      .head = {"weights, gradients, optimizer", ">per parameter", size_head(report), ">bytes"}};
    write_parameters(out, report);
    am_write_grid(out, &states);
}

/* ---- pipeline stages */

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
static void write_ranks(am_writer *out, const am_report *report)
{
    static const char *const kept[] = {">kept GiB", ">kept GB", ">kept bytes"};
    static const char *const peak[] = {">peak GiB", ">peak GB", ">peak bytes"};
    int64_t units = report->config.units;
    am_grid ranks = {.report = report,
                     .columns = has_exact_column(report) ? 7 : 6,
                     .rows = report->ranks < MOST_RANKS ? report->ranks : MOST_RANKS,
                     .cell = rank_cell,
                     .head = {">rank", ">layers", ">in flight", "with", kept[units], peak[units], ">peak bytes"}};
    if (report->ranks <= 1) return;
    int more = report->ranks - ranks.rows;
    for (int i = 0; i < ranks.rows; i++) ranks.index[i] = (uint16_t)i;
    if (report->worst_rank >= ranks.rows) ranks.index[ranks.rows++] = (uint16_t)report->worst_rank;
    AM_WRITE(out, "\nWhat each pipeline rank keeps and peaks at with schedule=");
    write_choice(out, &report->config, AM_F_schedule);
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
    write_answer(&out, report);
    write_fit(&out, report);
    write_changes(&out, report);
    write_ranks(&out, report);
    write_components(&out, report);
    write_head(&out, report);
    am_text_parts(&out, report);
    for (int i = 0; i < report->kinds; i++) write_kind(&out, report, i);
    write_rest(&out, report, AM_KIND_SHARED, "\nShared by the layers: ", report->shared_bytes);
    write_rest(&out, report, AM_KIND_OUTSIDE, "\nOutside the layers: ", report->outside_bytes);
    write_symbols(&out, report);
    write_closed_forms(&out, report);
    write_plans(&out, report);
#ifndef AM_FIRST
    am_text_plan(&out, report);
    am_text_cost(&out, report);
#endif
    write_traffic(&out, report);
    write_schedule(&out, report);
    write_states(&out, report);
    write_verification(&out, report);
    am_write_wrapped(&out,
                     "Not counted: allocator fragmentation (its rounding is with allocator=cuda), kernel workspaces, communication buffers, "
                     "temporaries of the optimizer's step, when activations are gone (roots of all second moments in PyTorch's foreach AdamW, none "
                     "fused), and the CUDA context.",
                     0);
    return am_writer_end(&out);
}
