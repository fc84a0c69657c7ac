/* The report for people: the answer in a sentence or two, of which model under which training. */
#include "grid.h"
#include "query.h"
#include "report.h"
#include "wiring.h"

/* "Llama 3 8B with layers=16", "a custom llama model of 4 layers, 256 wide" */
static void write_model(am_writer *out, const am_report *report)
{
    const am_config *config = &report->config;
    if (report->preset == NULL) {
        AM_WRITE(out, "A custom ");
        am_text_choice(out, config, AM_F_family);
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
        am_text_choice(out, config, (am_field_id)i);
        first = false;
    }
}

static void write_precision(am_writer *out, const am_config *config)
{
    AM_WRITE(out, ", ");
    am_text_choice(out, config, AM_F_dtype);
    if (config->autocast == AM_AUTOCAST_OFF) return;
    AM_WRITE(out, " under ");
    am_text_choice(out, config, AM_F_autocast);
    AM_WRITE(out, " autocast");
    if (!config->autocast_cache) AM_WRITE(out, " without its cache");
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
    am_text_size_in_full(out, report, report->saved_bytes);
    AM_WRITE(out, " for its backward pass and peaks at ");
    am_text_size_in_full(out, report, am_outcome_peak(&report->outcome));
    am_text_place(out, am_outcome_peak_at(&report->outcome));
    const am_fit *fit = &report->fit;
    if (fit->gradients_stay) {
        AM_WRITE(out, ", beside gradients of parameters, which are there throughout the step.");
        return;
    }
    if (fit->activations != report->outcome.step_peak) {
        AM_WRITE(out, ", gradients of parameters apart. With this rank's part of those it peaks at ");
        am_text_size_in_full(out, report, fit->activations);
        AM_WRITE(out, ".");
        return;
    }
    if (report->outcome.step_peak == am_outcome_peak(&report->outcome)) {
        AM_WRITE(out, ", whether gradients of parameters are counted or not.");
        return;
    }
    AM_WRITE(out, ", gradients of parameters apart. With those it peaks at ");
    am_text_size_in_full(out, report, report->outcome.step_peak);
    am_text_place(out, &report->outcome.step_at);
    AM_WRITE(out, ".");
}

static void write_lasting(am_writer *out, const am_report *report)
{
    for (int i = 0; i < report->lastings; i++) {
        am_write_text(out, i ? ", " : " Beside what is kept stay for the whole run: ");
        am_write_text(out, report->lasting[i].name);
        AM_WRITE(out, " ");
        am_text_size_in_full(out, report, report->lasting[i].bytes);
    }
    if (report->lastings > 0) AM_WRITE(out, ".");
}

static void write_gathered(am_writer *out, const am_report *report)
{
    if (report->gathered == 0) return;
    AM_WRITE(out, " Gathered parameters are at most ");
    am_text_size_in_full(out, report, report->gathered);
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
    am_text_size_in_full(out, report, worst->saved_bytes);
    AM_WRITE(out, " for backward, with ");
    am_write_int(out, worst->in_flight);
    AM_WRITE(out, " chunks of layers in flight, and has the highest peak, ");
    am_text_size_in_full(out, report, am_rank_peak(worst));
    AM_WRITE(out, ". One micro-batch on all stages keeps ");
    am_text_size_in_full(out, report, report->saved_bytes);
    AM_WRITE(out, ".");
}

void am_text_answer(am_writer *out, const am_report *report)
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
