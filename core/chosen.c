/* The chosen policy: the rows of what it keeps and no longer keeps, and its timeline. */
#include <string.h>

#include "evaluate.h"
#include "policies.h"
#include "proven.h"

static void add_row(am_report *report, const am_row *row, int kind, int64_t count)
{
    if (report->rows < AM_MAX_REPORT_ROWS) report->row[report->rows++] = (am_report_row){*row, kind, count};
}

static bool in_unit(const am_row *row, const am_record *record, int unit)
{
    return row->zone >= am_unit_zone(record, unit) && row->zone < am_unit_zone(record, unit + 1);
}

static bool any_counted(const int64_t count[AM_MAX_LAYER_KINDS], unsigned kinds)
{
    for (int i = 0; i < AM_MAX_LAYER_KINDS; i++)
        if (kinds >> i & 1 && count[i] > 0) return true;
    return false;
}

#ifndef AM_FIRST /* plans of several choices are searched for, or listed */
/* Two kinds of one name are told apart by where they begin. */
static void tell_apart(am_report *report)
{
    am_kind *own = &report->kind[report->kinds - 1];
    for (am_kind *other = report->kind; other < own; other++)
        if (other->name == own->name && other->label == own->label && other->layers_each == own->layers_each)
            other->numbered = own->numbered = true;
}
#else
#define tell_apart(report) ((void)0)
#endif

/* Is a row of a plain layer kept under the policy too, in this recorded unit? Each kept row answers once. */
static bool still_kept(const am_ledger *kept, const am_record *record, int unit, const am_row *row, bool *taken)
{
    for (int i = 0; i < kept->count; i++) {
        const am_row *other = &kept->row[i];
        if (taken[i] || !in_unit(other, record, unit) || other->bytes != row->bytes ||
            strcmp(other->name, row->name) != 0)
            continue;
        taken[i] = true;
        return true;
    }
    return false;
}

static void begin_dropped(am_report *report, const am_ledger *plain)
{
    report->dropped_rows = plain->count;
    for (int i = 0; i < plain->count; i++) report->dropped[i] = (am_dropped_row){.row = plain->row[i]};
}

/* What the layers of the report's last kind no longer keep, shown by a usual one of each of the model's kinds. A region of several keeps what
 * it does once. The model's first layer may keep less than those like it, without checkpointing too. unit: the played one that stands
 * for them; of the model's other kinds their own do. */
static void add_dropped(am_evaluation *evaluation, const am_ledger *kept, const am_profile *profile, int unit, const am_units_alike *alike)
{
    am_report *report = evaluation->report;
    const am_ledger *plain = &evaluation->workspace->plain;
    const am_profile *usual = &evaluation->workspace->profile[AM_PROFILE_PLAIN];
    bool taken[AM_MAX_ROWS] = {false}, taken_first[AM_MAX_ROWS] = {false};
    int first = am_pattern_kind(&evaluation->pattern, 0);
    bool alone = alike->first == 0 && alike->layers[first] == 1; /* it is shown by itself */
    bool unlike = alike->first == 0 && !alone && plain->unit_bytes[0] != plain->unit_bytes[usual->steady[first]];
    if (report->dropped_rows == 0) begin_dropped(report, plain);
    for (int i = 0; i < plain->count; i++) {
        const am_row *row = &plain->row[i];
        if (row->shared || row->zone == 0 || row->zone > usual->record.units) continue;
        int kind = usual->record.kind[row->zone - 1];
        if (row->zone != (alone && kind == first ? 1 : usual->steady[kind] + 1) || alike->layers[kind] == 0) continue;
        int own = am_unit_kind(&profile->record, unit) == kind ? unit : profile->steady[kind];
        int64_t count = alike->layers[kind];
        if (alike->regions[kind] > 0 && still_kept(kept, &profile->record, own, row, taken)) count -= alike->regions[kind];
        if (unlike && kind == first) count -= !still_kept(plain, &usual->record, 0, row, taken_first);
        if (count > 0) report->dropped[i].count[report->kinds - 1] = (int16_t)count;
    }
}

/* Is it among the shared rows of the runs before, the first so many? What layers share there was made before them: what one makes
 * and the next keeps too is its output, which only save:add and such keep, of all layers, in one run. */
static bool is_shared(const am_report *report, int rows, const am_row *row)
{
    for (int i = 0; i < rows; i++)
        if (report->row[i].row.shared && AM_ALWAYS(row->given) && report->row[i].row.given == row->given) return true;
    return false;
}

void am_evaluation_add_units(am_evaluation *evaluation, const am_ledger *ledger, const am_run *run, int unit,
                             const am_units_alike *alike, const char *name)
{
    am_report *report = evaluation->report;
    const am_record *record = &run->profile->record;
    if (alike->units <= 0 || report->kinds == AM_MAX_KINDS) return;
    int kind = am_unit_kind(record, unit);
    bool keeps = any_counted(alike->regions, ~0u);
    const char *label = run->inner > 1 ? NULL : am_model_kind_name(evaluation->config, kind);
    report->kind[report->kinds++] =
        (am_kind){name, alike->units, run->inner, keeps ? ledger->unit_bytes[unit] : 0, label, alike->first, false};
    tell_apart(report);
    for (int i = 0; i < ledger->count; i++) {
        const am_row *row = &ledger->row[i];
        if (!keeps || row->shared || !in_unit(row, record, unit)) continue;
        if (row->given && is_shared(report, report->rows, row))
            report->kind[report->kinds - 1].bytes -= row->bytes; /* a table that regions before hold, too */
        else
            add_row(report, row, report->kinds - 1, alike->units);
    }
    if (ledger != &evaluation->workspace->plain) add_dropped(evaluation, ledger, run->profile, unit, alike);
}

/* One more unit, from one of the model's layers on. */
static void add_unit(const am_evaluation *evaluation, am_units_alike *alike, int64_t layer, int64_t inner)
{
    if (alike->units++ == 0) alike->first = layer;
    alike->regions[am_pattern_kind(&evaluation->pattern, layer)]++;
    for (int64_t i = 0; i < inner; i++) alike->layers[am_pattern_kind(&evaluation->pattern, layer + i)]++;
}

/* The kinds of the runs that show the same profile as this one, the first of them, which begins at that layer, with as many layers a
 * unit. The model's first unit is a kind of its own where it keeps other bytes than those like it. Segments keep the same whatever their
 * layers. */
static void add_runs(am_evaluation *evaluation, const am_ledger *ledger, int index, int runs, int64_t layer)
{
    const char *const names[][2] = {{"layer", "first layer"},
                                    {"checkpointed layer", "first checkpointed layer"},
                                    {"checkpointed segment", "first checkpointed segment"}};
    const am_workspace *workspace = evaluation->workspace;
    const am_run *run = &workspace->run[index];
    const char *const *name = names[!run->profile->checkpointed ? 0 : run->inner == 1 ? 1 : 2];
    const int *steady = run->profile->steady;
    am_units_alike apart = {0}, alike[AM_MAX_LAYER_KINDS] = {0};
    bool unlike = ledger->unit_bytes[0] != ledger->unit_bytes[steady[am_pattern_kind(&evaluation->pattern, 0)]];
    const int first = am_pattern_kind(&evaluation->pattern, layer);
    for (int i = index; i < runs; i++)
        for (int64_t j = 0; j < workspace->planned[i].units; j++, layer += workspace->planned[i].inner) {
            if (workspace->planned[i].id != workspace->planned[index].id || workspace->planned[i].inner != run->inner) continue;
            int kind = am_pattern_kind(&evaluation->pattern, layer);
            add_unit(evaluation, layer == 0 && unlike ? &apart : &alike[run->inner > 1 ? first : kind], layer, run->inner);
        }
    am_evaluation_add_units(evaluation, ledger, run, 0, &apart, name[alike[first].units > 0]);
    for (int i = 0, kind = first; i < AM_MAX_LAYER_KINDS; i++, kind = (kind + 1) % AM_MAX_LAYER_KINDS) {
        bool alone = alike[kind].first == 0 && alike[kind].units == 1;
        am_evaluation_add_units(evaluation, ledger, run, alone ? 0 : steady[kind], &alike[kind], name[0]);
    }
}

static bool is_outside(const am_row *row, const am_record *record)
{
    return row->zone == 0 || row->zone > am_record_layers(record);
}

/* The row of one layer that has this table alone, among those so far; NULL: none has. */
static am_report_row *own_row(am_report *report, const am_row *row)
{
    for (am_report_row *own = report->row; own < report->row + report->rows; own++)
        if (row->given && own->row.given == row->given && own->kind >= 0) return own;
    return NULL;
}

/* What the layers of a run share, where there are layers to share it. A record has units of kinds that a short run lacks:
 * what only those share is not kept; nor is what the runs before it, of layers from 0 to below `first`, keep already. */
static void add_shared(am_evaluation *evaluation, const am_ledger *ledger, const am_run *run, int64_t first, bool alone)
{
    am_report *report = evaluation->report;
    const am_record *record = &run->profile->record;
    int64_t count[AM_MAX_LAYER_KINDS];
    int rows = report->rows;
    am_evaluation_count_kinds(evaluation, first, first + run->units * run->inner, count);
    for (int i = 0; i < ledger->count; i++) {
        const am_row *row = &ledger->row[i];
        if (!row->shared) continue;
        int kind = is_outside(row, record) ? -1 : record->kind[row->zone - 1];
        if (kind < 0 ? first > 0 : !any_counted(count, row->kinds) || is_shared(report, rows, row)) continue;
        report->shared_bytes += row->bytes;
        am_report_row *own = own_row(report, row);
        if (!own) {
            add_row(report, row, alone ? 0 : AM_KIND_SHARED, 1);
            continue;
        }
        report->kind[own->kind].bytes -= row->bytes;
        own->kind = AM_KIND_SHARED; /* of another run, so that this one is not alone */
        own->row.shared = true;
    }
}

static void add_outside(am_report *report, const am_ledger *ledger, const am_record *record)
{
    for (int i = 0; i < ledger->count; i++)
        if (!ledger->row[i].shared && is_outside(&ledger->row[i], record))
            add_row(report, &ledger->row[i], AM_KIND_OUTSIDE, 1);
    report->outside_bytes = ledger->outside_bytes;
}

/* What is on the tape for the whole run and that this ledger of it has no row for. */
static void add_lasting(am_report *report, const am_tape *tape, const am_ledger *ledger)
{
    report->lastings = 0;
    for (int i = 1; i < tape->storages && AM_ALWAYS(report->lastings < AM_MAX_LASTING) /* Megatron's are the most, seven */; i++) {
        const am_storage *storage = &tape->storage[i];
        if (!storage->permanent || tape->instruction[storage->born].zone > 0 || ledger->row_of[i]) continue;
        int component = (int)tape->instruction[storage->born].module.component;
        report->lasting[report->lastings++] =
            (am_lasting){storage->name, storage->bytes, storage->of_layers ? component : -1};
    }
}

#ifndef AM_FIRST /* only Megatron's layers make what lasts */
/* Where a graph keeps what its layer made, that has a row: what lasts beside the rows is of the other layers. */
static void settle_row(am_evaluation *evaluation, const am_profile *profile, const am_row *row,
                       const int64_t count[AM_MAX_LAYER_KINDS])
{
    am_report *report = evaluation->report;
    for (int kind = 0; kind < AM_MAX_LAYER_KINDS; kind++)
        for (int i = 0; i < report->lastings && row->zone == profile->steady[kind] + 1; i++)
            if (report->lasting[i].component == (int)row->module.component)
                report->lasting[i].bytes -= row->bytes * count[kind];
}

static void settle_lasting(am_evaluation *evaluation, const am_ledger *ledger, int index, int runs)
{
    const am_part_plan *part = evaluation->workspace->planned;
    int64_t first = 0;
    for (int i = 0; i < runs; first += part[i].units * part[i].inner, i++) {
        const am_profile *profile = evaluation->workspace->run[i].profile;
        int64_t count[AM_MAX_LAYER_KINDS];
        if (part[i].id != part[index].id) continue;
        am_evaluation_count_kinds(evaluation, first, first + part[i].units * part[i].inner, count);
        for (int j = 0; j < ledger->count; j++)
            if (ledger->row[j].permanent)
                settle_row(evaluation, profile, &ledger->row[j], count);
    }
}

static void drop_settled(am_report *report)
{
    int left = 0;
    for (int i = 0; i < report->lastings; i++)
        if (report->lasting[i].bytes > 0) report->lasting[left++] = report->lasting[i];
    report->lastings = left;
}
#else
#define settle_lasting(evaluation, ledger, index, runs) ((void)0)
#define drop_settled(report)                            ((void)0)
#endif

/* The first run that shows the same profile; inner: with as many layers a unit. */
static int first_alike(const am_part_plan *part, int index, bool inner)
{
    int i = 0;
    while (part[i].id != part[index].id || (inner && part[i].inner != part[index].inner)) i++;
    return i;
}

/* What the runs of one profile keep and no longer keep. */
static void add_profile(am_evaluation *evaluation, am_profile_id id, const am_ledger *ledger, int runs, bool alone)
{
    const am_workspace *workspace = evaluation->workspace;
    const am_part_plan *part = workspace->planned;
    int64_t layer = 0, first = 0;
    for (int i = 0; i < runs; layer += part[i].units * part[i].inner, i++)
        if (part[i].id == id && first_alike(part, i, true) == i) add_runs(evaluation, ledger, i, runs, layer);
    for (int i = 0; i < runs; first += part[i].units * part[i].inner, i++)
        if (part[i].id == id) add_shared(evaluation, ledger, &workspace->run[i], first, alone);
}

void am_evaluation_choose_schedule(am_evaluation *evaluation, const am_run *run, const am_ledger *kept)
{
    am_report *report = evaluation->report;
    add_lasting(report, &evaluation->workspace->tape, kept);
    report->shared_bytes = 0;
    add_shared(evaluation, kept, run, 0, false);
    add_outside(report, kept, &run->profile->record);
    report->saved_bytes = report->outcome.saved_bytes;
    if (AM_NEVER(report->points > AM_MAX_POINTS)) evaluation->code = AM_CAPACITY; /* three a layer, of 1000 */
}

/* The model's own parameters and those of one layer at a time, or of all: layers are alike. */
void am_evaluation_read_gathered(am_evaluation *evaluation)
{
    const am_tape *tape = &evaluation->workspace->tape;
    const am_config *config = evaluation->config;
    bool keeps = tape->keeps_gathered;
    am_report *report = evaluation->report;
    report->gathered = report->gathered_after = 0;
    if (!tape->units || evaluation->code) return;
    report->gathered = tape->sharded[1].copied + tape->sharded[2].copied * (keeps ? config->layers : 1);
    if (keeps) report->gathered_after = report->gathered;
}

/* The chosen policy's own plays, with their ledgers and the timeline. What is dropped is told by the plain profile. */
static void choose_runs(am_evaluation *evaluation, am_policy policy)
{
    am_report *report = evaluation->report;
    am_workspace *workspace = evaluation->workspace;
    am_part_plan *part = workspace->planned;
    int runs = am_evaluation_parts(evaluation, policy, part), samples = 0;
    bool alone = runs == 1 && part[0].units == 1, plain = false;
    report->shared_bytes = 0;
    for (int i = 0; i < runs; i++) {
        plain |= part[i].id == AM_PROFILE_PLAIN;
        workspace->run[i] = (am_run){&workspace->profile[part[i].id], part[i].units, part[i].inner};
    }
    if (plain)
        am_evaluation_sample(evaluation, AM_PROFILE_PLAIN, &samples);
    else
        am_evaluation_profile(evaluation, AM_PROFILE_PLAIN);
    if (!plain && part[0].inner > 1 && am_evaluation_has_regions(evaluation))
        am_evaluation_play_all(evaluation); /* while single layers are on the tape */
    for (int i = 0; i < runs; i++) {
        if (first_alike(part, i, false) < i) continue;
        const am_ledger *ledger =
            part[i].id == AM_PROFILE_PLAIN ? &workspace->plain : am_evaluation_sample(evaluation, part[i].id, &samples);
        if (evaluation->code) return;
        add_profile(evaluation, part[i].id, ledger, runs, alone);
        if (i == 0) add_outside(report, ledger, &workspace->run[0].profile->record);
        if (i == 0) add_lasting(report, &workspace->tape, ledger);
        settle_lasting(evaluation, ledger, i, runs);
    }
    drop_settled(report);
    evaluation->code = am_plan_compose(&report->outcome, &evaluation->pattern, runs, workspace->run);
    if (evaluation->code) return;
    if (alone) report->kind[0].bytes += report->shared_bytes;
    if (alone) report->shared_bytes = 0;
    report->saved_bytes = report->outcome.saved_bytes;
    report->points = am_plan_timeline(report->point, AM_MAX_POINTS, &evaluation->pattern, runs, workspace->run, &report->outcome);
    bool cut = report->kinds == AM_MAX_KINDS || report->rows == AM_MAX_REPORT_ROWS;
    if (cut || report->points > AM_MAX_POINTS) evaluation->code = AM_CAPACITY; /* nothing is left out */
}

void am_evaluation_choose(am_evaluation *evaluation)
{
    am_report *report = evaluation->report;
    am_policy policy = report->policy;
    report->schedule = NULL;
    memset(&report->traffic, 0, sizeof report->traffic);
    if (am_policy_is_schedule(policy) && am_schedule_choose(evaluation, policy)) return;
    if (am_policy_is_schedule(policy)) policy = (am_policy){.kind = AM_POLICY_NONE}; /* which runs nothing again */
    choose_runs(evaluation, policy);
    if (am_policy_moves(policy)) am_offload_read(evaluation, policy, &report->outcome, &report->traffic);
}
