#include "invariants.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "fit.h"
#include "input.h"
#include "query.h"

static am_report report;
static am_workspace workspace;
static am_totals totals;
static char text[4 << 20];
static char query[4 * AM_INPUT_SIZE];

void must(bool holds, const char *format, ...)
{
    if (holds) return;
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "invariant: ");
    vfprintf(stderr, format, arguments);
    fprintf(stderr, "\nof: %s\n", query);
    va_end(arguments);
    abort();
}

/* ---- inputs ---- */

void expect_status(am_code code, const am_status *status)
{
    must(code == status->code, "returned %s, said %s", am_code_name(code), am_code_name(status->code));
    must((code == AM_OK) == (status->message[0] == '\0'), "%s with the message '%s'", am_code_name(code), status->message);
    must(memchr(status->message, '\0', sizeof status->message) != NULL, "a message without end");
    must(code < AM_CODE_COUNT, "an unknown code");
}

void expect_values(const am_config *config)
{
    for (int i = 0; i < AM_FIELD_COUNT; i++) {
        const am_field *field = &am_fields[i];
        char value[AM_TEXT_SIZE];
        if (field->kind == AM_KIND_TEXT) {
            must(memchr(am_field_text_of(config, field), '\0', AM_TEXT_SIZE) != NULL, "%s without end", field->key);
            continue;
        }
        int64_t number = am_field_number_of(config, field);
        if (number == AM_AUTO) continue;
        int64_t most = field->kind == AM_KIND_INT      ? field->most
                       : field->kind == AM_KIND_FLAG   ? 1
                       : field->kind == AM_KIND_CHOICE ? am_choice_count(field->choices) - 1
                                                       : AM_MILLION - 1;
        must(number >= 0 && number <= most, "%s is %lld", field->key, (long long)number);
        must(am_field_value(config, field, value, sizeof value)[0] != '\0', "%s has no text", field->key);
    }
}

void expect_unchanged(am_code code, const am_config *before, const am_config *after)
{
    must(code == AM_OK || memcmp(before, after, sizeof *before) == 0, "an error changed the configuration");
}

/* ---- evaluations ---- */

/* The shortest text of the report's configuration, for the messages and to ask again. */
static void write_query(void)
{
    am_query names = am_query_of(&report.config, report.preset);
    am_writer writer = am_writer_of(query, sizeof query);
    am_write_query(&writer, &names, &report.config, report.preset);
    must(am_writer_end(&writer) > 0 || report.preset != NULL, "no text gives the configuration again");
}

static int64_t value_of(am_sum sum)
{
    int64_t value = 0;
    for (int i = 0; i < sum.count; i++) value += am_term_value(&sum.term[i], report.extents.value);
    return value;
}

static void expect_sums(void)
{
    int64_t rows = 0, kinds = 0, parts = 0, bytes = 0;
    for (int i = 0; i < report.rows; i++) rows += report.row[i].row.bytes * report.row[i].count;
    for (int i = 0; i < report.kinds; i++) kinds += report.kind[i].bytes * report.kind[i].count;
    must(rows == report.saved_bytes, "rows sum to %lld, not %lld", (long long)rows, (long long)report.saved_bytes);
    must(kinds + report.shared_bytes + report.outside_bytes == report.saved_bytes, "layers sum to %lld, not %lld", (long long)kinds,
         (long long)report.saved_bytes);
    must(report.outcome.saved_bytes == report.saved_bytes, "%lld are kept, not %lld", (long long)report.outcome.saved_bytes,
         (long long)report.saved_bytes);
    for (int i = 0; i < report.kinds; i++)
        must(value_of(am_report_formula(&report, i)) == report.kind[i].bytes, "the closed form of kind %d is not its bytes", i);
    must(value_of(am_report_formula(&report, AM_KIND_OUTSIDE)) == report.outside_bytes, "the closed form outside the layers");
    must(value_of(am_report_formula(&report, AM_KIND_SHARED)) == report.shared_bytes, "the closed form of what is shared");
    for (int i = 0; am_fit_part(&report.fit, i, &bytes); i++) parts += bytes;
    must(parts == report.fit.total, "parts of the total sum to %lld, not %lld", (long long)parts, (long long)report.fit.total);
}

static void expect_peaks(const am_outcome *outcome)
{
    must(outcome->saved_bytes >= 0, "less than nothing is kept");
    must(outcome->saved_bytes <= outcome->after_forward, "%lld are kept, %lld alive", (long long)outcome->saved_bytes,
         (long long)outcome->after_forward);
    must(outcome->after_forward <= outcome->forward_peak, "alive after the forward, above its peak");
    must(outcome->forward_peak <= outcome->step_peak && outcome->backward_peak <= outcome->step_peak, "a peak above the step's");
    must(outcome->recomputed_flops >= 0 && outcome->recomputed_time >= 0, "less than nothing runs again");
    must(outcome->step_peak <= AM_MAX_BYTES && report.fit.total <= AM_MAX_BYTES, "a figure above 2^53");
}

static void expect_plans(void)
{
    int chosen = 0;
    for (int i = 0; i < report.plans; i++) {
        const am_plan *plan = &report.plan[i];
        chosen += plan->chosen;
        expect_peaks(&plan->outcome);
        /* the frontier has neither schedules nor what moves off the GPU, nor every set of operations, nor longer regions */
        am_policy policy = plan->policy;
        bool searched = !am_policy_is_schedule(policy) && !am_policy_moves(policy) && policy.kind != AM_POLICY_MEMORY_BUDGET &&
                        am_policy_segment(policy) <= AM_MAX_SPAN;
        must(!searched || (plan->excess_bytes >= -1 && plan->excess_time >= -1), "the plan %s is below the frontier", plan->label);
    }
    must(chosen == 1, "%d plans are the chosen one", chosen);
    for (int i = 1; i < report.frontier.rows && report.frontier.found; i++) {
        const am_frontier_row *x = &report.frontier.row[i - 1], *y = &report.frontier.row[i];
        bool descends = x->peak_bytes > y->peak_bytes && x->recomputed_time < y->recomputed_time;
        bool ascends = x->peak_bytes < y->peak_bytes && x->recomputed_time > y->recomputed_time;
        must(descends || ascends, "plan %d of the frontier is beaten by its neighbour", i);
    }
}

static void expect_ranks(void)
{
    int64_t layers = 0;
    for (int i = 0; i < report.ranks; i++) {
        const am_rank *rank = &report.rank[i];
        layers += rank->layers;
        must(rank->saved_bytes <= rank->after_forward || report.ranks == 1, "rank %d keeps more than is alive", i);
        must(am_rank_peak(rank) <= am_rank_peak(&report.rank[report.worst_rank]), "rank %d is above the worst", i);
        must(am_rank_peak(rank) <= rank->peak_bytes, "rank %d peaks above its step", i);
    }
    must(layers == report.config.layers, "ranks have %lld layers", (long long)layers);
}

static void expect_texts(void)
{
    size_t length = am_report_json(&report, text, sizeof text);
    must(length > 0 && length == strlen(text) && text[0] == '{' && text[length - 1] == '}', "no JSON");
    must(am_report_text(&report, text, sizeof text) > 0, "no text");
}

/* The figures alone are the report's; its own text gives them again. */
static void expect_again(const am_config *config)
{
    am_status status;
    am_config again = am_default_config();
    must(am_evaluate_totals(&totals, &workspace, config, &status) == AM_OK, "the totals are refused: %s", status.message);
    must(totals.outcome.saved_bytes == report.outcome.saved_bytes && totals.outcome.step_peak == report.outcome.step_peak &&
             totals.outcome.recomputed_flops == report.outcome.recomputed_flops && totals.fit.total == report.fit.total &&
             totals.parameters.total == report.parameters.total,
         "the figures alone are others");
    if (strlen(query) > AM_INPUT_SIZE) return;
    must(am_config_parse(&again, query, &status) == AM_OK, "its text is refused: %s", status.message);
    must(am_evaluate_totals(&totals, &workspace, &again, &status) == AM_OK, "its text is refused: %s", status.message);
    must(totals.outcome.saved_bytes == report.outcome.saved_bytes && totals.outcome.step_peak == report.outcome.step_peak &&
             totals.fit.total == report.fit.total,
         "its text gives other figures");
}

/* Whether more sequences cannot take less: not where the policy itself is chosen by the figures, nor where a loss head takes the
 * more rows in smaller chunks. */
static bool is_monotone(void)
{
    switch (report.policy.kind) {
    case AM_POLICY_BEST_SEGMENTS:
    case AM_POLICY_BUDGET:
    case AM_POLICY_MEMORY_BUDGET:
    case AM_POLICY_ROTOR: return false;
    default: return report.config.loss != AM_LOSS_FUSED && report.config.loss != AM_LOSS_CUT;
    }
}

static void expect_growth(const am_config *config)
{
    am_status status;
    am_config more = *config;
    more.batch++;
    if (!is_monotone() || more.batch > am_fields[AM_F_batch].most) return;
    if (am_evaluate_totals(&totals, &workspace, &more, &status) != AM_OK) return;
    must(totals.outcome.saved_bytes >= report.saved_bytes, "one sequence more keeps less: %lld, not %lld",
         (long long)totals.outcome.saved_bytes, (long long)report.saved_bytes);
    must(totals.outcome.step_peak >= report.outcome.step_peak, "one sequence more peaks lower: %lld, not %lld",
         (long long)totals.outcome.step_peak, (long long)report.outcome.step_peak);
}

void expect_evaluation(const am_config *config)
{
    am_status status;
    query[0] = '\0';
    am_code code = am_evaluate(&report, &workspace, config, &status);
    expect_status(code, &status);
    if (code != AM_OK) return;
    write_query();
    expect_values(&report.config);
    expect_sums();
    expect_peaks(&report.outcome);
    expect_plans();
    expect_ranks();
    expect_again(config);
    expect_growth(config);
    if (config->fit && report.config.layers > 8) return; /* some hundred evaluations: of small models they are as good */
    am_fit_search(&report, &workspace, config);
    expect_texts();
}
