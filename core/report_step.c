/* The report's JSON: the step over time, and what checkpointing plans would make of it. */
#include "lines.h"
#include "modules.h"
#include "report.h"

/* ---- the step */

void am_json_place(am_writer *json, const am_place *place)
{
    static const char *const names[AM_PHASE_COUNT] = {"forward", "backward", "recompute", "backward"};
    am_json_open(json, '{');
    AM_PUT_PLAIN(json, "phase", names[place->phase]);
    AM_PUT_FIGURE(json, "layer", place->layer);
    AM_KEY(json, "module");
    am_json_joined(json, place->module.path, place->module.leaf);
    AM_PUT_PLAIN(json, "component", am_component_names[place->module.component]);
    AM_PUT_PLAIN(json, "op", am_ops[place->op].name);
    am_json_close(json, '}');
}

typedef struct op_list {
    int count;
    uint8_t index[AM_OP_COUNT]; /* from 1; 0: not yet */
    uint8_t op[AM_OP_COUNT];
} op_list;

/* Operations of one name are one entry. */
static int op_index(op_list *list, am_op op)
{
    if (list->index[op] != 0) return list->index[op] - 1;
    int i = 0;
    while (i < list->count && strcmp(am_ops[list->op[i]].name, am_ops[op].name) != 0) i++;
    if (i == list->count) list->op[list->count++] = (uint8_t)op;
    list->index[op] = (uint8_t)(i + 1);
    return i;
}

static void write_point(am_writer *json, const am_point *point, int module, int op)
{
    const int64_t values[] = {point->phase, point->layer, module, op, point->live};
    am_json_ints(json, 5, values);
}

__attribute__((noinline)) /* its frame stands beside no other */
void am_json_timeline(am_writer *json, int points, const am_point *point)
{
    am_module_list modules;
    op_list ops = {0};
    am_modules_begin(&modules);
    AM_OPEN(json, "timeline", "[");
    for (int i = 0; i < points; i++)
        write_point(json, &point[i], am_module_index(&modules, &point[i].module), op_index(&ops, point[i].op));
    am_json_close(json, ']');
    AM_OPEN(json, "timeline_modules", "[");
    for (int i = 0; i < modules.count; i++) am_json_joined(json, modules.module[i]->path, modules.module[i]->leaf);
    am_json_close(json, ']');
    AM_OPEN(json, "timeline_ops", "[");
    for (int i = 0; i < ops.count; i++) am_json_plain(json, am_ops[ops.op[i]].name);
    am_json_close(json, ']');
}

static void write_head(am_writer *json, const am_report *report)
{
    char loss[AM_TEXT_SIZE];
    AM_OPEN(json, "head", "{");
    AM_PUT_PLAIN(json, "loss", am_field_value(&report->config, &am_fields[AM_F_loss], loss, sizeof loss));
    AM_PUT_INT(json, "saved_bytes", am_report_head(report));
    AM_PUT_INT(json, "forward_bytes", report->outcome.head_forward);
    AM_PUT_INT(json, "backward_bytes", report->outcome.head_backward);
    am_json_close(json, '}');
}

void am_json_step(am_writer *json, const am_report *report)
{
    const am_outcome *outcome = &report->outcome;
    AM_OPEN(json, "step", "{");
    AM_PUT_INT(json, "after_forward_bytes", outcome->after_forward);
    AM_PUT_INT(json, "forward_peak_bytes", outcome->forward_peak);
    AM_PUT_INT(json, "backward_peak_bytes", outcome->backward_peak);
    AM_PUT_INT(json, "peak_bytes", outcome->step_peak);
    AM_PUT_INT(json, "gradient_bytes", outcome->gradient_bytes);
    if (report->gathered > 0) {
        AM_OPEN(json, "gathered", "{");
        AM_PUT_INT(json, "after_forward_bytes", report->gathered_after);
        AM_PUT_INT(json, "peak_bytes", report->gathered);
        am_json_close(json, '}');
    }
    write_head(json, report);
    AM_KEY(json, "forward_peak_at");
    am_json_place(json, &outcome->forward_at);
    AM_KEY(json, "backward_peak_at");
    am_json_place(json, &outcome->backward_at);
    AM_KEY(json, "peak_at");
    am_json_place(json, &outcome->step_at);
    if (report->lastings > 0) {
        AM_OPEN(json, "lasting", "[");
        for (int i = 0; i < report->lastings; i++) {
            am_json_open(json, '{');
            AM_PUT_PLAIN(json, "name", report->lasting[i].name);
            AM_PUT_INT(json, "bytes", report->lasting[i].bytes);
            am_json_close(json, '}');
        }
        am_json_close(json, ']');
    }
    am_json_timeline(json, report->points, report->point);
#ifndef AM_FIRST
    am_json_parts(json, report);
#endif
    am_json_close(json, '}');
}

/* ---- checkpointing */

static void write_policy(am_writer *json, am_policy policy)
{
    char text[AM_TEXT_SIZE];
    AM_PUT_PLAIN(json, "policy", am_policy_text(policy, text, sizeof text));
    AM_PUT_BOOL(json, "reentrant", policy.reentrant);
    if (am_policy_segment(policy) > 0) AM_PUT_INT(json, "layers_each", am_policy_segment(policy));
}

bool am_plan_is_pareto(const am_report *report, int plan)
{
    const am_outcome *own = &report->plan[plan].outcome;
    for (int i = 0; i < report->plans; i++) {
        const am_outcome *other = &report->plan[i].outcome;
        if (report->plan[i].traffic.host_bytes > report->plan[plan].traffic.host_bytes) continue; /* for a price of its own */
        bool as_good =
            am_outcome_peak(other) <= am_outcome_peak(own) && other->recomputed_flops <= own->recomputed_flops;
        bool better = am_outcome_peak(other) < am_outcome_peak(own) || other->recomputed_flops < own->recomputed_flops;
        if (as_good && better) return false;
    }
    return true;
}

static void write_plan(am_writer *json, const am_report *report, int index, bool pareto)
{
    const am_plan *plan = &report->plan[index];
    am_json_open(json, '{');
    write_policy(json, plan->policy);
    AM_PUT_PLAIN(json, "label", plan->label);
    AM_PUT_PLAIN(json, "note", plan->note);
    AM_PUT_BOOL(json, "chosen", plan->chosen);
    AM_PUT_BOOL(json, "pareto", pareto);
    AM_PUT_INT(json, "saved_bytes", plan->outcome.saved_bytes);
    AM_PUT_INT(json, "after_forward_bytes", plan->outcome.after_forward);
    AM_PUT_INT(json, "forward_peak_bytes", plan->outcome.forward_peak);
    AM_PUT_INT(json, "backward_peak_bytes", plan->outcome.backward_peak);
    AM_PUT_INT(json, "peak_bytes", plan->outcome.step_peak);
#ifndef AM_FIRST
    AM_PUT_INT(json, "frontier_peak_bytes", am_outcome_peak(&plan->outcome));
#endif
    AM_PUT_INT(json, "recomputed_flops", plan->outcome.recomputed_flops);
    AM_PUT_RATIO(json, "recompute_ratio", plan->outcome.recomputed_flops, plan->outcome.forward_flops);
#ifndef AM_FIRST
    AM_PUT_TIME(json, "recomputed_time_us", plan->outcome.recomputed_time);
    AM_PUT_TIME(json, "step_time_us", am_outcome_time(&plan->outcome));
#endif
#ifndef AM_FIRST
    am_json_traffic(json, &report->config, plan->policy, &plan->traffic);
#endif
#ifndef AM_FIRST
    if (report->frontier.found && report->frontier.ranks > 0 && plan->rank_peak >= 0) AM_PUT_INT(json, "worst_rank_peak_bytes", plan->rank_peak);
#endif
    if (report->frontier.found && plan->excess_bytes >= 0) AM_PUT_INT(json, "excess_bytes", plan->excess_bytes);
#ifndef AM_FIRST
    if (report->frontier.found && plan->excess_time >= 0) AM_PUT_TIME(json, "excess_time_us", plan->excess_time);
#endif
    am_json_close(json, '}');
}

#ifndef AM_FIRST
/* What a choice keeps, as modules' paths, or an operation's name where all of its kind are kept. */
static void write_what(am_writer *json, const am_choice_row *choice)
{
    AM_PUT_PLAIN(json, "kind", choice->kind);
    AM_PUT_INT(json, "span", choice->span);
    if (choice->modules) {
        char text[AM_TEXT_SIZE];
        AM_PUT_PLAIN(json, "modules", am_modules_text(choice->modules, text));
    }
    AM_OPEN(json, "keeps", "[");
    for (int i = 0; i < choice->names; i++) {
        am_json_open(json, '{');
        AM_KEY(json, "module");
        am_json_joined(json, choice->keeps[i].all ? "" : choice->keeps[i].module.path,
                       choice->keeps[i].all ? "" : choice->keeps[i].module.leaf);
        AM_PUT_PLAIN(json, "op", am_ops[choice->keeps[i].op].name);
        am_json_close(json, '}');
    }
    am_json_close(json, ']');
}

static void write_choice(am_writer *json, const am_choice_row *choice)
{
    am_json_open(json, '{');
    write_what(json, choice);
    am_json_close(json, '}');
}

/* The plan that a budget led to, or that was listed, from the embedding on. */
static void write_runs(am_writer *json, const am_report *report)
{
    const am_plan_runs *plan = &report->plan_runs;
    if (plan->runs == 0) return;
    AM_OPEN(json, "runs", "[");
    for (int i = 0; i < plan->runs; i++) {
        am_json_open(json, '{');
        if (report->config.pp > 1) AM_PUT_INT(json, "stage", plan->run[i].stage);
        AM_PUT_INT(json, "first_layer", plan->run[i].first);
        AM_PUT_INT(json, "layers", plan->run[i].layers);
        write_what(json, &plan->choice[plan->run[i].choice]);
        am_json_close(json, '}');
    }
    am_json_close(json, ']');
}

/* Of a pipeline: what each rank peaks at and runs again, of many ranks the first. */
static void write_frontier_ranks(am_writer *json, const am_frontier_report *frontier, int row)
{
    if (frontier->ranks == 0) return;
    AM_OPEN(json, "ranks", "[");
    for (int i = 0; i < frontier->ranks; i++) {
        am_json_open(json, '{');
        AM_PUT_INT(json, "peak_bytes", frontier->rank_peak[row][i]);
        AM_PUT_TIME(json, "recomputed_time_us", frontier->rank_time[row][i]);
        am_json_close(json, '}');
    }
    am_json_close(json, ']');
}

static void write_frontier_row(am_writer *json, const am_frontier_report *frontier, int index)
{
    const am_frontier_row *row = &frontier->row[index];
    am_json_open(json, '{');
    AM_PUT_INT(json, "peak_bytes", row->peak_bytes);
    AM_PUT_TIME(json, "recomputed_time_us", row->recomputed_time);
    AM_PUT_INT(json, "recomputed_flops", row->recomputed_flops);
    AM_OPEN(json, "plan", "[");
    for (int i = 0; i < row->runs && row->runs <= AM_MAX_FRONTIER_RUNS; i++)
        am_json_ints(json, 2, (const int64_t[]){row->run[i].choice, row->run[i].units});
    am_json_close(json, ']');
    write_frontier_ranks(json, frontier, index);
    am_json_close(json, '}');
}

#endif

/* Without the exact frontier: the plans of the list that no other of it beats. */
static void write_best_plans(am_writer *json, const am_report *report, const bool pareto[AM_MAX_PLANS])
{
    AM_PUT_PLAIN(json, "frontier_of", "listed");
    AM_PUT_PLAIN(json, "frontier_by", "recomputed_flops");
    AM_OPEN(json, "frontier", "[");
    for (int i = 0; i < report->plans; i++) {
        if (!pareto[i]) continue;
        am_json_open(json, '{');
        write_policy(json, report->plan[i].policy);
        AM_PUT_INT(json, "peak_bytes", am_outcome_peak(&report->plan[i].outcome));
        AM_PUT_INT(json, "recomputed_flops", report->plan[i].outcome.recomputed_flops);
        am_json_close(json, '}');
    }
    am_json_close(json, ']');
}

/* All Pareto-optimal plans, or evenly picked ones of them, and what they are made of. */
static void write_frontier(am_writer *json, const am_report *report, const bool pareto[AM_MAX_PLANS])
{
#ifdef AM_FIRST
    write_best_plans(json, report, pareto);
#else
    const am_frontier_report *frontier = &report->frontier;
    if (!frontier->found) {
        write_best_plans(json, report, pareto);
        if (frontier->why_not) AM_PUT_PLAIN(json, "frontier_note", frontier->why_not);
        return;
    }
    AM_PUT_PLAIN(json, "frontier_of", "searched");
    AM_PUT_PLAIN(json, "frontier_by", "recomputed_time_us");
    AM_OPEN(json, "frontier", "[");
    for (int i = 0; i < frontier->rows; i++) write_frontier_row(json, frontier, i);
    am_json_close(json, ']');
    AM_OPEN(json, "frontier_choices", "[");
    for (int i = 0; i < frontier->choices; i++) write_choice(json, &frontier->choice[i]);
    am_json_close(json, ']');
    AM_OPEN(json, "frontier_search", "{");
    AM_PUT_INT(json, "plans", frontier->points);
    AM_PUT_INT(json, "candidates", frontier->candidates);
    AM_PUT_INT(json, "undominated", frontier->undominated);
    AM_PUT_INT(json, "choices", frontier->choices);
    AM_OPEN(json, "spans", "[");
    for (int i = 1; i < 32; i++)
        if (frontier->spans >> i & 1) am_json_int(json, i);
    am_json_close(json, ']');
    am_json_proof(json, &frontier->doubt);
    am_json_close(json, '}');
#endif
}

void am_json_checkpoint(am_writer *json, const am_report *report)
{
    bool pareto[AM_MAX_PLANS];
    for (int i = 0; i < report->plans; i++) pareto[i] = am_plan_is_pareto(report, i);
    AM_OPEN(json, "checkpoint", "{");
    write_policy(json, report->policy);
    AM_PUT_INT(json, "forward_flops", report->outcome.forward_flops);
    AM_PUT_INT(json, "recomputed_flops", report->outcome.recomputed_flops);
    AM_OPEN(json, "plans", "[");
    for (int i = 0; i < report->plans; i++) write_plan(json, report, i, pareto[i]);
    am_json_close(json, ']');
    write_frontier(json, report, pareto);
#ifndef AM_FIRST
    am_json_traffic(json, &report->config, report->policy, &report->traffic);
    am_json_schedule(json, report);
    write_runs(json, report);
    if (report->policy.kind == AM_POLICY_BUDGET) am_json_proof(json, &report->doubt);
    am_json_lines(json, report);
    am_json_switches(json, report);
#endif
    am_json_close(json, '}');
}
