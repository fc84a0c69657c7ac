/* What the report says of the frontier, and of the plan that a budget led to. */
#include <string.h>

#include "bytes.h"
#include "evaluate.h"
#include "proven.h"
#include "writer.h"

static void write_kept(am_writer *out, const am_kept *kept)
{
    int count = 0;
    AM_WRITE(out, "save:");
    for (int i = 0; i < 64; i++) {
        if (!(kept->products >> i & 1)) continue;
        am_write_text(out, count++ ? "," : "products ");
        am_write_int(out, i + 1);
    }
    for (int op = 0; op < AM_OP_COUNT; op++) {
        if (!am_ops_has(kept->ops, op)) continue;
        if (count++) AM_WRITE(out, "+");
        am_write_text(out, am_ops[op].name);
    }
}

static void write_run(am_writer *out, const am_workspace *workspace, const am_part_plan *part)
{
    char text[AM_TEXT_SIZE];
    const am_listed *listed = part->id >= AM_PROFILE_LISTED ? &workspace->listed[part->id - AM_PROFILE_LISTED] : NULL;
    am_policy policy = {.kind = AM_POLICY_FULL};
    if (part->id == AM_PROFILE_PLAIN) policy.kind = AM_POLICY_NONE;
    if (part->inner > 1) policy = (am_policy){.kind = AM_POLICY_EVERY, .count = part->inner};
    if (listed && listed->modules) policy = (am_policy){.kind = AM_POLICY_MODULES, .modules = listed->modules};
    bool kept = listed && !listed->modules && am_keeps_any(&listed->kept);
    if (kept)
        write_kept(out, &listed->kept);
    else
        am_write_text(out, am_policy_text(policy, text, sizeof text));
}

void am_choices_write_plan(am_writer *out, const am_workspace *workspace, int64_t first)
{
    for (int i = 0; i < workspace->parts; i++) {
        const am_part_plan *part = &workspace->part[i];
        int64_t layers = part->units * part->inner;
        if (i > 0) AM_WRITE(out, ", ");
        am_write_int(out, first);
        if (layers > 1) AM_WRITE(out, "-");
        if (layers > 1) am_write_int(out, first + layers - 1);
        AM_WRITE(out, " ");
        write_run(out, workspace, part);
        first += layers;
    }
}

static void describe_choice(am_choice_row *row, const am_choices *choices, const am_choice *choice)
{
    *row = (am_choice_row){.span = choice->span, .kept = choice->listed.kept};
    const am_kept *kept = &choice->listed.kept;
    bool nothing = choice->whole || (!choice->listed.modules && !am_keeps_any(kept));
    row->modules = choice->listed.modules;
    row->kind = choice->plain            ? "none"
                : choice->span > 1       ? "segment"
                : choice->listed.modules ? "modules"
                : nothing                ? "full"
                                         : "save";
    for (int i = 0; i < choices->dears && !choice->plain; i++) {
        const am_dear *dear = &choices->dear[i];
        bool keeps = dear->place ? kept->products >> (dear->place - 1) & 1 : am_ops_has(kept->ops, (int)dear->op);
        if (!keeps) continue;
        row->keeps[row->names].module = dear->module;
        row->keeps[row->names].op = dear->op;
        row->keeps[row->names++].all = dear->place == 0;
    }
}

static void describe_plan(am_evaluation *evaluation, am_frontier_row *row, int point)
{
    am_choices *choices = &evaluation->workspace->choices;
    const am_frontier_point *from = &evaluation->workspace->frontier.point[point];
    int units = am_choices_path(evaluation, from->index), layer = 0;
    *row = (am_frontier_row){.peak_bytes = am_frontier_peak(choices, from), .recomputed_time = from->cost};
    for (int i = 0; i < units; i++) {
        int choice = choices->path[i];
        row->recomputed_flops += choices->unit[choices->chosen[choice]][choices->class_of[layer]].recomputed_flops;
        layer += choices->span[choice];
        bool same = row->runs > 0 && row->runs <= AM_MAX_FRONTIER_RUNS && row->run[row->runs - 1].choice == choice;
        if (row->runs > AM_MAX_FRONTIER_RUNS) continue;
        if (same)
            row->run[row->runs - 1].units++;
        else if (row->runs++ < AM_MAX_FRONTIER_RUNS) {
            row->run[row->runs - 1].choice = (uint8_t)choice;
            row->run[row->runs - 1].units = 1;
        }
    }
}

/* What a part of the budget's plan is made of. */
static am_choice choice_of(const am_workspace *workspace, const am_part_plan *part)
{
    am_choice choice = {.plain = part->id == AM_PROFILE_PLAIN, .span = (uint16_t)part->inner, .whole = true};
    if (part->id < AM_PROFILE_LISTED) return choice;
    choice.listed = workspace->listed[part->id - AM_PROFILE_LISTED];
    choice.whole = false;
    return choice;
}

static bool same_choice(const am_choice_row *x, const am_choice_row *y)
{
    return x->kind == y->kind && x->span == y->span && x->modules == y->modules && memcmp(&x->kept, &y->kept, sizeof x->kept) == 0;
}

void am_choices_report_plan(const am_evaluation *evaluation, int stage, int64_t first_layer)
{
    const am_workspace *workspace = evaluation->workspace;
    am_plan_runs *plan = &evaluation->report->plan_runs;
    for (int i = 0; i < workspace->parts; i++) {
        const am_part_plan *part = &workspace->part[i];
        if (AM_NEVER(plan->choices == AM_MAX_PLAN_CHOICES || plan->runs == AM_MAX_PLAN_RUNS)) return; /* as many as profiles, and as layers */
        am_choice_row *row = &plan->choice[plan->choices];
        const am_choice what = choice_of(workspace, part);
        int choice = 0;
        describe_choice(row, &workspace->choices, &what);
        while (!same_choice(&plan->choice[choice], row)) choice++;
        if (choice == plan->choices) plan->choices++;
        plan->run[plan->runs].stage = (int16_t)stage;
        plan->run[plan->runs].first = (int16_t)first_layer;
        plan->run[plan->runs].layers = (int16_t)(part->units * part->inner);
        plan->run[plan->runs++].choice = (uint8_t)choice;
        first_layer += part->units * part->inner;
    }
}

/* How far a plan of the list is from the frontier; a budget's own may have choices that the frontier is without. */
static void measure(am_evaluation *evaluation, am_plan *plan)
{
    const am_choices *choices = &evaluation->workspace->choices;
    const am_frontier *frontier = &evaluation->workspace->frontier;
    if (am_policy_moves(plan->policy)) return; /* for a price that the frontier does not know */
    int64_t peak = am_outcome_peak(&plan->outcome), cost = plan->outcome.recomputed_time;
    for (int i = 0; i < frontier->points; i++)
        if (am_frontier_peak(choices, &frontier->point[i]) <= peak) plan->excess_time = am_larger(0, cost - frontier->point[i].cost);
    for (int i = frontier->points; i-- > 0;)
        if (frontier->point[i].cost <= cost) plan->excess_bytes = am_larger(0, peak - am_frontier_peak(choices, &frontier->point[i]));
}

void am_choices_report(am_evaluation *evaluation)
{
    am_report *report = evaluation->report;
    am_frontier_report *out = &report->frontier;
    am_choices *choices = &evaluation->workspace->choices;
    const am_frontier *frontier = &evaluation->workspace->frontier;
    if (am_choices_search(evaluation, false) || !choices->found) return;
    out->found = true;
    out->ranks = 0;
    out->points = frontier->points;
    out->candidates = choices->candidates;
    out->undominated = choices->undominated;
    out->choices = choices->used;
    out->doubt = (am_doubt){.hull = choices->hull, .apart = choices->apart};
    out->spans = am_choices_spans(choices);
    for (int i = 0; i < choices->used; i++)
        describe_choice(&out->choice[i], choices, &choices->candidate[choices->chosen[i]]);
    out->rows = frontier->points < AM_MAX_FRONTIER_ROWS ? frontier->points : AM_MAX_FRONTIER_ROWS;
    for (int i = 0; i < out->rows; i++) {
        int last = out->rows - 1;
        describe_plan(evaluation, &out->row[i], last > 0 ? (int)((int64_t)i * (frontier->points - 1) / last) : 0);
    }
    for (int i = 0; i < report->plans; i++) measure(evaluation, &report->plan[i]);
}
