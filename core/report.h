/* What the report's JSON and its text both read off a report. */
#ifndef AM_REPORT_H
#define AM_REPORT_H

#include "explain.h"

/* The symbols that a report's rows use, and b and s in any case. */
void am_report_symbols(const am_report *report, bool used[AM_SYMBOL_COUNT]);
/* Saved bytes of the whole model by component. */
void am_report_components(const am_report *report, int64_t bytes[AM_COMPONENT_COUNT]);
/* Of these, those of the head and the loss. */
int64_t am_report_head(const am_report *report);
/* No other plan has a peak and recomputed FLOPs that are both as low, one of them lower. */
bool am_plan_is_pareto(const am_report *report, int plan);

/* "core_attn,mlp" of a set of AM_MODULE_. */
static inline const char *am_modules_text(unsigned modules, char text[AM_TEXT_SIZE])
{
    const am_policy policy = {.kind = AM_POLICY_MODULES, .modules = (uint8_t)modules};
    return am_policy_text(policy, text, AM_TEXT_SIZE) + strlen("modules:");
}

/* FLOPs of the step with and without what is computed again, every product in full. */
int64_t am_model_flops(const am_outcome *outcome);
int64_t am_hardware_flops(const am_outcome *outcome);
/* Picoseconds that so many FLOPs take at the device's rate for the run's dtype: divided by the step's time, a utilisation. */
int64_t am_ideal_time(const am_report *report, int64_t flops);
/* Why a utilisation is above 100 %; NULL where none is. */
const char *am_utilisation_note(const am_report *report);
/* Picoseconds of the step, of the operations that wait for memory. */
int64_t am_bound_time(const am_outcome *outcome);
/* Picoseconds of one layer of the mean, forward and backward: all but what is outside the layers. */
int64_t am_layer_time(const am_report *report, const am_outcome *outcome);

/* What else is derived in this report, of Megatron's experts, one note after the other; NULL: no more. */
const char *am_report_note(const am_report *report, int index);

/* Where stretches of a document stand that it has several times: the sums of am_json_saved, the kinds' names, and of the first rows
 * their shape, type and bytes, their formula, and their savers. */
typedef struct am_written_row {
    am_span size, formula, savers;
} am_written_row;
#define AM_WRITTEN_ROWS 88 /* more would make too large a frame */
typedef struct am_written {
    am_sum_spans sums;
    am_span kind[AM_MAX_KINDS];
    am_written_row row[AM_WRITTEN_ROWS];
} am_written;

/* Sections of the report's JSON, each one key or more of the document. */
void am_json_symbols(am_writer *json, const am_report *report);
void am_json_saved(am_writer *json, const am_report *report, am_written *written);
void am_json_components(am_writer *json, const am_report *report);
void am_json_rows(am_writer *json, const am_report *report, am_written *written);
void am_json_example(am_writer *json, const am_report *report, am_written *written);
void am_json_step(am_writer *json, const am_report *report);
void am_json_place(am_writer *json, const am_place *place);
/* "timeline": points with the indices of their modules and operations, and the lists of these. */
void am_json_timeline(am_writer *json, int points, const am_point *point);
/* report_parts.c: what the step's live bytes are of, and the step without checkpointing; of other reports nothing. */
void am_json_parts(am_writer *json, const am_report *report);
void am_json_checkpoint(am_writer *json, const am_report *report);
void am_json_cost(am_writer *json, const am_report *report);
/* Microseconds, with picoseconds as decimals. */
void am_json_time(am_writer *json, int64_t time);
/* report_chain.c: what a policy moves, and a schedule's actions; nothing for other policies. */
void am_json_traffic(am_writer *json, const am_config *config, am_policy policy, const am_traffic *traffic);
void am_json_schedule(am_writer *json, const am_report *report);
/* "S0 A0:12 S12 … T31 B31": store, advance from a state to another, take, back; the head's step is left out. width: of a
 * line of text, indented; 0: in one line. */
void am_write_actions(am_writer *writer, const am_schedule *schedule, int64_t layers, int width);
void am_json_state(am_writer *json, const am_report *report);
void am_json_ranks(am_writer *json, const am_report *report);
void am_json_fit(am_writer *json, const am_report *report);
/* Of a resolved configuration that keeps so many bytes; 0: not known, and no ratio is written. */
void am_json_formulas(am_writer *json, const am_config *config, int64_t saved);
/* Sections of the text, in its order. */
void am_text_answer(am_writer *out, const am_report *report);
void am_text_fit(am_writer *out, const am_report *report);
void am_text_changes(am_writer *out, const am_report *report);
void am_text_ranks(am_writer *out, const am_report *report);
void am_text_components(am_writer *out, const am_report *report);
void am_text_head(am_writer *out, const am_report *report);
/* What the step's live bytes are of at its stations, with and without checkpointing. */
void am_text_parts(am_writer *out, const am_report *report);
void am_text_saved(am_writer *out, const am_report *report);
void am_text_closed_forms(am_writer *out, const am_report *report);
void am_text_policies(am_writer *out, const am_report *report);
/* The frontier, the plan that a budget led to, and the lines that do the policy. */
void am_text_plan(am_writer *out, const am_report *report);
void am_text_cost(am_writer *out, const am_report *report);
void am_text_traffic(am_writer *out, const am_report *report);
void am_text_schedule(am_writer *out, const am_report *report);
void am_text_state(am_writer *out, const am_report *report);
/* "proven", and where it is not why: members of JSON's. */
void am_json_proof(am_writer *json, const am_doubt *doubt);
/* "Not proven to be the cheapest: ….", where it is not; a paragraph of its own of it. */
void am_write_doubt(am_writer *out, const am_doubt *doubt, const char *what);
void am_text_doubt(am_writer *out, const am_doubt *doubt, const char *what);
/* Why what was searched for may not be the best there is, without a full stop. */
#define AM_DOUBT_SIZE 512
const char *am_doubt_text(const am_doubt *doubt, char text[AM_DOUBT_SIZE]);
/* " in the backward of layer 31, mlp.act_fn (silu)". */
void am_text_place(am_writer *out, const am_place *place);
/* A size in the report's unit: three significant digits, or four decimals where that is less; with the unit behind it; and with exact bytes. */
void am_text_size(am_writer *out, const am_report *report, int64_t bytes);
void am_text_size_with_unit(am_writer *out, const am_report *report, int64_t bytes);
void am_text_size_in_full(am_writer *out, const am_report *report, int64_t bytes);
/* The head of a column of sizes, and whether exact bytes need a column of their own. */
const char *am_text_size_head(const am_report *report);
bool am_text_has_exact(const am_report *report);
/* Per cent with one decimal: "27.1 %". */
void am_text_percent(am_writer *out, int64_t num, int64_t den);
/* The value of an input, as it would be given. */
void am_text_choice(am_writer *out, const am_config *config, am_field_id field);
/* What no stack's figures count: words, too. */
void am_json_not_counted(am_writer *json);

#define AM_PUT_TIME(writer, literal, time) (AM_KEY(writer, literal), am_json_time(writer, time))

#endif
