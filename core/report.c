/* The report as one JSON document; the larger sections are in files of their own. */
#include "report.h"

#include "query.h"
#include "wiring.h"

/* ---- configuration and model */

static void write_field(am_writer *json, const am_config *config, const am_field *field)
{
    char value[AM_TEXT_SIZE];
    am_json_quote(json);
    am_write_text(json, field->key);
    AM_WRITE(json, "\":");
    am_field_value(config, field, value, sizeof value);
    if (field->kind == AM_KIND_INT || field->kind == AM_KIND_RATIO)
        am_json_number(json, value);
    else
        am_json_string(json, value);
}

static void write_config(am_writer *json, const am_report *report, const am_query *query)
{
    AM_OPEN(json, "config", "{");
    for (int i = 0; i < AM_FIELD_COUNT; i++) write_field(json, &report->config, &am_fields[i]);
    am_json_close(json, '}');
    AM_KEY(json, "query");
    am_json_quote(json);
    am_write_query(json, query, &report->config, report->preset);
    am_json_unquote(json);
}

static void write_parts(am_writer *json, const am_parameters *parameters)
{
    AM_OPEN(json, "parts", "[");
    for (int i = 0; i < parameters->count; i++) {
        const am_part *part = &parameters->part[i];
        am_json_open(json, '{');
        AM_PUT_PLAIN(json, "component", am_component_names[part->component]);
        AM_PUT_BOOL(json, "adapter", part->adapter);
        AM_PUT_INT(json, "parameters", part->parameters);
        AM_PUT_INT(json, "trainable", part->trainable);
        AM_PUT_INT(json, "bytes", part->bytes);
        am_json_close(json, '}');
    }
    am_json_close(json, ']');
}

static void write_model(am_writer *json, const am_report *report, const am_query *query)
{
    char family[AM_TEXT_SIZE];
    const am_preset *preset = report->preset;
    int64_t published = preset != NULL && !am_query_reshapes(query) ? preset->parameters : 0;
    AM_OPEN(json, "model", "{");
    AM_PUT_PLAIN(json, "name", preset != NULL ? preset->name : "");
    AM_PUT_WORDS(json, "label", preset != NULL ? preset->label : "custom");
    AM_PUT_WORDS(json, "source", preset != NULL ? preset->source : "");
    AM_PUT_PLAIN(json, "family", am_field_value(&report->config, &am_fields[AM_F_family], family, sizeof family));
    AM_PUT_INT(json, "layers", report->config.layers);
    AM_PUT_INT(json, "parameters", report->parameters.total);
    AM_PUT_INT(json, "trainable_parameters", report->parameters.trainable);
    AM_PUT_FIGURE(json, "published_parameters", published > 0 ? published : -1);
    write_parts(json, &report->parameters);
    am_json_close(json, '}');
}

/* ---- where it comes from */

#ifndef AM_FIRST
/* Are inputs of reentrant regions cast by the products that take them? As they run again they are leaves there, of which autocast's cache keeps
 * a copy. */
static bool casts_region_inputs(const am_report *report)
{
    const am_config *config = &report->config;
    const bool reentrant = report->policy.kind != AM_POLICY_NONE && report->policy.reentrant;
    return am_autocast_caches(config) && config->stack == AM_STACK_HF && reentrant && !am_wiring_of(config)->norms[0];
}

const char *am_report_note(const am_report *report, int index)
{
    const char *notes[] = {
        report->config.expert_imbalance > 100
            ? "experts with more than their share of tokens: measured was a perfect balance"
            : NULL,
        am_autocast_caches(&report->config) && report->config.pp > 1
            ? "a pipeline under autocast: each forward of a stage in a context of its own, whose cache of weights' copies goes with it"
            : NULL,
        casts_region_inputs(report)
            ? "reentrant regions under autocast: each product's copy of a layer's input counts, where PyTorch keeps one for all: the backward's peak "
              "is lower by these"
            : NULL,
    };
    for (size_t i = 0; i < sizeof notes / sizeof *notes; i++)
        if (notes[i] && index-- == 0) return notes[i];
    return NULL;
}
#endif

static void write_derived(am_writer *json, const am_report *report)
{
    const am_config *config = &report->config;
    AM_OPEN(json, "derived", "[");
#ifndef AM_FIRST /* which is built without it */
    am_json_plain(json, am_stacks[config->stack].derived);
#endif
    if (config->loss == AM_LOSS_FUSED || config->loss == AM_LOSS_CUT)
        am_json_plain(json, "the loss head as its own code allocates and keeps, its kernels left out: loss.c names the release");
#ifndef AM_FIRST /* Megatron's are elsewhere */
    for (int i = 0; am_report_note(report, i); i++) am_json_plain(json, am_report_note(report, i));
#endif
    if (config->pp > 1)
        am_json_plain(json, "the ranks' bytes and peaks, by playing the schedule on each stage; the other figures are of one "
                            "micro-batch on all stages together, as if on one rank");
    if (config->schedule >= AM_INTERLEAVED_ZERO_BUBBLE)
        am_json_plain(json, "a split backward keeps its chunk, and the gradients that wait, until the weights' part, whose own peak is a bound");
#ifndef AM_FIRST
    if (am_policy_is_schedule(report->policy))
        am_json_plain(json, "the schedule's peaks: composed of the played layers' moments, nested regions of torch.utils.checkpoint assumed");
    if (report->policy.kind == AM_POLICY_MEMORY_BUDGET)
        am_json_plain(json, "what is kept under memory-budget: PyTorch's knapsack over eager's tensors of each layer, without Inductor's "
                            "fused kernels and its cuts between cheap operations");
    if (am_policy_moves(report->policy))
        am_json_plain(json, "what is moved: read from the code of Unsloth, DeepSpeed and torch.autograd.graph.save_on_cpu; copies are taken as done when their tensors go");
#endif
    am_json_close(json, ']');
}

void am_json_not_counted(am_writer *json)
{
    AM_OPEN(json, "not_counted", "[");
    am_json_plain(json, "allocator fragmentation; its rounding unless allocator=cuda");
    am_json_plain(json, "kernel workspaces");
    am_json_plain(json, "communication buffers");
    am_json_plain(json, "temporaries of the optimizer's step, when activations are gone (roots of all second moments in PyTorch's foreach AdamW, none fused)");
    am_json_plain(json, "CUDA context");
    am_json_close(json, ']');
}

static void write_provenance(am_writer *json, const am_report *report)
{
    char stack[AM_TEXT_SIZE];
    const am_stack *from = &am_stacks[report->config.stack];
    AM_OPEN(json, "provenance", "{");
    AM_PUT_PLAIN(json, "stack", am_field_value(&report->config, &am_fields[AM_F_stack], stack, sizeof stack));
    AM_PUT_PLAIN(json, "verified_by", from->verified_by);
    AM_PUT_WORDS(json, "detail", from->detail);
    write_derived(json, report);
#ifndef AM_FIRST
    am_json_not_counted(json);
#endif
    am_json_close(json, '}');
}

/* ---- documents */

size_t am_report_json(const am_report *report, char *buffer, size_t size)
{
    am_writer json = am_writer_of(buffer, size);
    am_query query = am_query_of(&report->config, report->preset);
    am_written written = {0};
    am_json_open(&json, '{');
    AM_PUT_INT(&json, "version", AM_REPORT_VERSION);
    AM_PUT_PLAIN(&json, "actmem", AM_VERSION);
    write_config(&json, report, &query);
    write_model(&json, report, &query);
    am_json_symbols(&json, report);
    am_json_saved(&json, report, &written);
    am_json_components(&json, report);
    am_json_rows(&json, report, &written);
    am_json_step(&json, report);
    am_json_checkpoint(&json, report);
#ifndef AM_FIRST
    am_json_cost(&json, report);
#endif
    am_json_state(&json, report);
    am_json_ranks(&json, report);
#ifndef AM_FIRST
    am_json_fit(&json, report);
    am_json_formulas(&json, &report->config, report->saved_bytes);
#endif
    am_json_example(&json, report, &written);
    write_provenance(&json, report);
    return am_json_end(&json, '}');
}

size_t am_error_json(const am_status *status, char *buffer, size_t size)
{
    am_writer json = am_writer_of(buffer, size);
    am_json_open(&json, '{');
    AM_KEY(&json, "error");
    am_json_open(&json, '{');
    AM_PUT_PLAIN(&json, "code", am_code_name(status->code));
    AM_PUT_TEXT(&json, "field", status->field);
    AM_PUT_TEXT(&json, "message", status->message);
    am_json_close(&json, '}');
    return am_json_end(&json, '}');
}
