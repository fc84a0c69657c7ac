/* The report's JSON: parameters and what they cost, pipeline stages. */
#include "report.h"

#include "state.h"

/* ---- parameters and what they cost */

static void write_convention_head(am_writer *json, const am_convention *convention)
{
    am_json_open(json, '{');
    AM_PUT_PLAIN(json, "id", convention->id);
    AM_PUT_WORDS(json, "name", convention->name);
    AM_PUT_WORDS(json, "source", convention->source);
}

static void write_convention_bytes(am_writer *json, const am_state *state)
{
    AM_PUT_FIGURE(json, "weights_bytes", state->weights);
    AM_PUT_FIGURE(json, "master_bytes", state->master);
    AM_PUT_FIGURE(json, "gradients_bytes", state->gradients);
    AM_PUT_FIGURE(json, "optimizer_bytes", state->optimizer);
    AM_PUT_FIGURE(json, "bytes", state->bytes);
    am_json_close(json, '}');
}

static void write_convention(am_writer *json, const am_parameters *parameters, const am_convention *convention)
{
    am_state state = am_state_of(parameters, convention);
    write_convention_head(json, convention);
    AM_PUT_INT(json, "bytes_per_parameter",
               convention->weights + convention->master + convention->gradients + convention->optimizer);
    AM_PUT_INT(json, "weights", convention->weights);
    AM_PUT_INT(json, "master", convention->master);
    AM_PUT_INT(json, "gradients", convention->gradients);
    AM_PUT_INT(json, "optimizer", convention->optimizer);
    write_convention_bytes(json, &state);
}

/* What this configuration's dtypes lead to: no whole number of bytes a parameter where they are mixed. */
static void write_configured(am_writer *json, const am_report *report, am_state state)
{
    write_convention_head(json, &am_configured[report->config.optimizer]);
    AM_PUT_FIGURE(json, "bytes_per_parameter", -1);
    AM_PUT_FIGURE(json, "weights", -1);
    AM_PUT_FIGURE(json, "master", -1);
    AM_PUT_FIGURE(json, "gradients", -1);
    AM_PUT_FIGURE(json, "optimizer", -1);
    write_convention_bytes(json, &state);
}

void am_json_state(am_writer *json, const am_report *report)
{
    const am_parameters *parameters = &report->parameters;
    am_state state = am_state_configured(parameters, &report->config);
    AM_OPEN(json, "state", "{");
    AM_PUT_INT(json, "parameters", parameters->total);
    AM_PUT_INT(json, "trainable_parameters", parameters->trainable);
    AM_PUT_INT(json, "parameter_bytes", parameters->bytes);
    AM_PUT_INT(json, "gradient_bytes", state.gradients);
    AM_OPEN(json, "conventions", "[");
    write_configured(json, report, state);
    for (int i = 0; i < am_convention_count; i++) write_convention(json, parameters, &am_conventions[i]);
    am_json_close(json, ']');
    am_json_close(json, '}');
}

/* ---- ranks */

static void write_chunks(am_writer *json, const am_chunk *chunk, int chunks)
{
    AM_OPEN(json, "chunks", "[");
    for (int i = 0; i < chunks; i++) {
        am_json_open(json, '{');
        AM_PUT_INT(json, "stage", chunk[i].stage);
        AM_PUT_INT(json, "first_layer", chunk[i].first_layer);
        AM_PUT_INT(json, "layers", chunk[i].layers);
        AM_PUT_INT(json, "in_flight", chunk[i].alive);
        am_json_close(json, '}');
    }
    am_json_close(json, ']');
    AM_OPEN(json, "stages_alive", "{");
    for (int i = 0; i < chunks; i++) {
        am_json_quote(json);
        am_write_int(json, chunk[i].stage);
        AM_WRITE(json, "\":");
        am_json_int(json, chunk[i].alive);
    }
    am_json_close(json, '}');
}

static void write_rank(am_writer *json, const am_report *report, int index)
{
    const am_rank *rank = &report->rank[index];
    const am_chunk *chunk = &report->chunk[rank->first_chunk];
    bool embedding = false, head = false;
    for (int i = 0; i < rank->chunks; i++) {
        embedding |= chunk[i].embedding;
        head |= chunk[i].head;
    }
    am_json_open(json, '{');
    AM_PUT_INT(json, "rank", rank->rank);
    AM_PUT_INT(json, "layers", rank->layers);
    AM_PUT_INT(json, "in_flight", rank->in_flight);
    AM_PUT_INT(json, "in_flight_by_input_backward", rank->in_flight_by_input);
    AM_PUT_INT(json, "layer_bytes", rank->layer_bytes);
    AM_PUT_INT(json, "saved_bytes", rank->saved_bytes);
    AM_PUT_INT(json, "after_forward_bytes", rank->after_forward);
    AM_PUT_INT(json, "forward_peak_bytes", rank->forward_peak);
    AM_PUT_INT(json, "backward_peak_bytes", rank->backward_peak);
    AM_PUT_INT(json, "peak_bytes", rank->peak_bytes);
    AM_PUT_INT(json, "deallocated_bytes", rank->deallocated);
    AM_PUT_INT(json, "parameters", rank->parameters);
    AM_PUT_BOOL(json, "has_embedding", embedding);
    AM_PUT_BOOL(json, "has_head", head);
    write_chunks(json, chunk, rank->chunks);
#ifndef AM_FIRST
    if (report->policy.kind == AM_POLICY_BUDGET && report->config.pp > 1)
        AM_PUT_PLAIN(json, "plan", report->rank_plan[index]);
#endif
    am_json_close(json, '}');
}

void am_json_ranks(am_writer *json, const am_report *report)
{
    AM_OPEN(json, "ranks", "[");
    for (int i = 0; i < report->ranks; i++)
        write_rank(json, report, i);
    am_json_close(json, ']');
    AM_PUT_INT(json, "worst_rank", report->worst_rank);
}
