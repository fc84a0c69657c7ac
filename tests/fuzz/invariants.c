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
static am_map map;
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

/* The timeline's highest moment is the peak, gradients of parameters apart. */
static void expect_timeline(void)
{
    int64_t highest = 0;
    for (int i = 0; i < report.points; i++) {
        must(report.point[i].live >= 0, "less than nothing is alive at moment %d", i);
        if (report.point[i].live > highest) highest = report.point[i].live;
    }
    must(report.points == 0 || highest == am_outcome_peak(&report.outcome), "the timeline peaks at %lld, the step at %lld",
         (long long)highest, (long long)am_outcome_peak(&report.outcome));
}

static void expect_costs(void)
{
    for (int part = 0; part < AM_PART_COUNT; part++) {
        const am_work *work = &report.outcome.work[part];
        must(work->executed >= 0 && work->executed <= work->flops, "more is executed than there is, in part %d", part);
    }
    must(am_outcome_time(&report.outcome) >= 0, "the step takes less than no time");
    must(report.outcome.work[AM_IN_RECOMPUTE].bound <= report.outcome.recomputed_time, "more waits for memory than runs again");
}

/* A budget's plan stays below it, on every rank. */
static void expect_budget(void)
{
    if (report.policy.kind != AM_POLICY_BUDGET) return;
    int64_t peak = report.ranks > 1 ? am_rank_peak(&report.rank[report.worst_rank]) : am_outcome_peak(&report.outcome);
    must(peak <= report.policy.count, "a plan peaks at %lld", (long long)peak);
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
 * more rows in smaller chunks, or Megatron's softmax has a kernel for some numbers of matrices. */
static bool is_monotone(void)
{
    if (report.config.stack == AM_STACK_MEGATRON_LOCAL && report.config.attention == AM_EAGER) return false;
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

static bool same_outcomes(const am_outcome *x, const am_outcome *y)
{
    return x->saved_bytes == y->saved_bytes && x->after_forward == y->after_forward && x->forward_peak == y->forward_peak &&
           x->backward_peak == y->backward_peak && x->step_peak == y->step_peak && x->recomputed_flops == y->recomputed_flops;
}

/* What is said of a listed plan is what its policy gives when it is asked for. One of them is: which one, the figures say. */
static void expect_listed(const am_config *config)
{
    am_status status;
    am_config asked = *config;
    if (report.ranks > 1) return; /* the list is of one rank's layers */
    const am_plan *plan = &report.plan[report.outcome.after_forward / 4 % report.plans];
    am_policy_text(plan->policy, asked.checkpoint, sizeof asked.checkpoint);
    asked.reentrant = am_policy_runs_layers_again(plan->policy.kind) ? plan->policy.reentrant : AM_AUTO;
    asked.fit = asked.frontier = 0;
    if (am_evaluate_totals(&totals, &workspace, &asked, &status) != AM_OK) return; /* regions that its stack's own words cannot say */
    must(same_outcomes(&totals.outcome, &plan->outcome), "%s keeps %lld and peaks at %lld, not %lld and %lld as listed", asked.checkpoint,
         (long long)totals.outcome.saved_bytes, (long long)totals.outcome.step_peak, (long long)plan->outcome.saved_bytes,
         (long long)plan->outcome.step_peak);
}

/* Blocks take no less than the tensors in them, and nothing else is another. */
static void expect_blocks(const am_config *config)
{
    am_status status;
    am_config exact = *config;
    if (report.config.allocator == AM_ALLOCATOR_EXACT || !is_monotone()) return;
    exact.allocator = AM_ALLOCATOR_EXACT;
    exact.fit = exact.frontier = 0;
    must(am_evaluate_totals(&totals, &workspace, &exact, &status) == AM_OK, "tensors' own bytes are refused: %s", status.message);
    must(totals.outcome.saved_bytes <= report.saved_bytes && totals.outcome.step_peak <= report.outcome.step_peak &&
             totals.outcome.recomputed_flops == report.outcome.recomputed_flops,
         "blocks take less than the tensors in them: %lld, not %lld", (long long)report.saved_bytes, (long long)totals.outcome.saved_bytes);
}

/* Each plan of the frontier is what its peak gives as a budget. One of them is asked for: which one, its figures say. */
static void expect_frontier(const am_config *config)
{
    am_status status;
    am_config plan = *config;
    if (!report.frontier.found || report.frontier.rows == 0 || report.ranks > 1 || report.config.layers > 8) return;
    const am_frontier_row *row = &report.frontier.row[report.outcome.step_peak % report.frontier.rows];
    plan.reentrant = AM_AUTO; /* a plan's regions are run again by the stack's own function */
    plan.frontier = 0;
    snprintf(plan.checkpoint, sizeof plan.checkpoint, "budget:%lldB", (long long)row->peak_bytes);
    must(am_evaluate_costs(&totals, &workspace, &plan, &status) == AM_OK, "a plan of the frontier is refused: %s", status.message);
    must(am_outcome_peak(&totals.outcome) <= row->peak_bytes && totals.outcome.recomputed_time <= row->recomputed_time,
         "%s peaks at %lld and runs %lld ps again, not %lld", plan.checkpoint, (long long)am_outcome_peak(&totals.outcome),
         (long long)totals.outcome.recomputed_time, (long long)row->recomputed_time);
}

/* What is said of a configuration that was found is what it gives when it is asked for. */
static void expect_total(const am_config *found, int64_t total, const char *what)
{
    am_status status;
    must(am_evaluate_totals(&totals, &workspace, found, &status) == AM_OK, "%s is refused: %s", what, status.message);
    must(totals.fit.total == total, "%s takes %lld, not %lld", what, (long long)totals.fit.total, (long long)total);
}

static void expect_fit(const am_config *config)
{
    am_status status;
    int64_t room = report.fit.memory - report.fit.reserve;
    for (int i = 0; i < report.answers; i++) {
        const am_answer *own = &report.answer[i];
        if (!own->found) continue;
        expect_total(&own->config, own->total, own->id);
        must(own->total <= room, "the %s that fits takes %lld of %lld", own->id, (long long)own->total, (long long)room);
        must(own->next == 0 || own->next_total < 0 || own->next_total > room, "the next %s fits too", own->id);
    }
    for (int i = 0; i < report.changes; i++) {
        const am_change *own = &report.change[i], *before = &report.change[i - (i > 0)];
        am_config changed = *config;
        changed.fit = changed.frontier = 0;
        must(am_config_parse(&changed, own->set, &status) == AM_OK, "the change %s is refused: %s", own->set, status.message);
        expect_total(&changed, own->total, own->set);
        must(own->fits && own->free == room - own->total && own->free >= 0, "the change %s does not fit", own->set);
        must(before->same >= own->same && (!own->same || before->time <= own->time), "the change %s stands too late", own->set);
    }
}

/* A row of a map, some of whose cells are drawn between others, has what each configuration takes. */
static void expect_map(const am_config *config)
{
    am_status status;
    am_config cell = *config;
    if (report.config.layers > 4 || report.config.batch > 1000 || report.outcome.saved_bytes / 4 % 4 != 0) return; /* of some: it takes a dozen evaluations */
    map.batches = 6;
    map.seqs = 1;
    map.seq[0] = report.config.seq;
    for (int i = 0; i < map.batches; i++) map.batch[i] = report.config.batch + i;
    cell.fit = cell.frontier = 0;
    if (am_fit_map(&map, &workspace, &cell, &status) != AM_OK) return;
    for (int i = 0; i < map.batches; i++) {
        cell.batch = map.batch[i];
        int64_t total = am_evaluate_totals(&totals, &workspace, &cell, &status) == AM_OK ? totals.fit.total : -1;
        must(map.total[0][i] == total, "the map has %lld for batch=%lld, not %lld", (long long)map.total[0][i], (long long)cell.batch,
             (long long)total);
    }
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
    expect_timeline();
    expect_costs();
    expect_budget();
    expect_ranks();
    expect_again(config);
    expect_growth(config);
    expect_listed(config);
    expect_blocks(config);
    expect_frontier(config);
    expect_map(config);
    if (!config->fit || report.config.layers <= 8) { /* some hundred evaluations: of small models they are as good */
        am_fit_search(&report, &workspace, config);
        if (config->fit) expect_fit(config);
    }
    expect_texts();
}
