/* Policies that are schedules of actions over the layers: Revolve's and Rotor's, made and played. */
#include "policies.h"
#include "tape.h"

#include <string.h>

bool am_schedule_runs_again(const am_schedule *schedule)
{
    for (int i = 0; i < schedule->count; i++)
        if (schedule->action[i].kind == AM_ADVANCE) return true;
    return false;
}

/* Layers wrapped by a script of one's own. */
am_profile_id am_schedule_regions(const am_evaluation *evaluation)
{
    return evaluation->config->trainable == AM_TRAIN_LORA ? AM_PROFILE_LAYER_BY_HAND : AM_PROFILE_LAYER;
}

void am_schedule_prepare(am_evaluation *evaluation)
{
    if (evaluation->chained) return;
    const am_profile *plain = am_evaluation_profile(evaluation, AM_PROFILE_PLAIN);
    const am_profile *region = am_evaluation_profile(evaluation, am_schedule_regions(evaluation));
    const am_tape *tape = am_evaluation_tape(evaluation, AM_PROFILE_PLAIN);
    if (evaluation->code) return;
    evaluation->code = am_reversal_read(&evaluation->workspace->planner.chain, tape, &evaluation->pattern, plain, region,
                                     evaluation->config->layers, true);
    evaluation->chained = true;
}

static int play(am_planner *planner, am_outcome *outcome, am_point *point, int capacity)
{
    return am_reversal_play(&planner->chain, &planner->schedule, outcome, planner->left, point, capacity);
}

/* ---- Rotor ---- */

static void take_all(am_schedule *schedule, int layers)
{
    schedule->steps = layers + 1;
    schedule->count = 0;
    for (int i = 0; i <= layers; i++) am_schedule_add(schedule, AM_TAKE, i, i + 1);
    for (int i = layers; i >= 0; i--) am_schedule_add(schedule, AM_BACK, i, i + 1);
}

/* The fastest of one table's schedules whose peak, played, is within the budget. The table reaches above the budget, since
 * its stages are never below what is played and mostly above. */
static bool fit_within(am_planner *planner, int64_t budget, int64_t memory, int64_t above, am_outcome *outcome)
{
    int64_t tried = 0;
    bool solved = am_rotor_solve(&planner->rotor, planner->chain.layers + 1, planner->stage, memory + above);
    if (AM_NEVER(!solved)) return false; /* the table has room: a model's layers repeat with a period that it finds */
    for (int slots = planner->rotor.slots;; slots--) { /* without memory there is no schedule */
        int64_t time = am_rotor_time(&planner->rotor, slots);
        if (time == AM_ROTOR_NEVER) return false;
        bool below = slots * planner->rotor.unit <= memory; /* there schedules of equal time may differ in their peaks */
        if (time == tried && !below) continue;
        tried = time;
        am_rotor_schedule(&planner->rotor, slots, &planner->schedule);
        play(planner, outcome, NULL, 0);
        if (am_outcome_peak(outcome) <= budget) return true;
    }
}

/* Makes the fastest schedule found within the budget, from tables that round sizes differently. False if there is none. */
static bool fit(am_planner *planner, int64_t budget)
{
    static const int64_t above[] = {4, 16, 64}; /* parts of the budget */
    am_outcome outcome, best = {.recomputed_time = INT64_MAX};
    planner->unit = 1;
    take_all(&planner->schedule, planner->chain.layers);
    play(planner, &outcome, NULL, 0);
    if (am_outcome_peak(&outcome) <= budget) return true;
    int64_t memory = budget - am_reversal_stages(&planner->chain, planner->stage);
    for (size_t i = 0; i < sizeof above / sizeof *above && memory > 0; i++) {
        if (!fit_within(planner, budget, memory, budget / above[i], &outcome)) continue;
        if (outcome.recomputed_time >= best.recomputed_time) continue;
        best = outcome;
        planner->unit = planner->rotor.exact ? 1 : planner->rotor.unit;
        planner->best = planner->schedule;
    }
    if (best.recomputed_time == INT64_MAX) return false;
    planner->schedule = planner->best;
    return true;
}

/* The peak of the schedule of a table that takes least memory; INT64_MAX if it has none. */
static int64_t lowest_peak(am_planner *planner, int64_t memory)
{
    am_outcome outcome;
    int slots = 0;
    am_rotor_solve(&planner->rotor, planner->chain.layers + 1, planner->stage, memory);
    while (slots < planner->rotor.slots && am_rotor_time(&planner->rotor, slots) == AM_ROTOR_NEVER) slots++;
    if (am_rotor_time(&planner->rotor, slots) == AM_ROTOR_NEVER) return INT64_MAX;
    am_rotor_schedule(&planner->rotor, slots, &planner->schedule);
    play(planner, &outcome, NULL, 0);
    return am_outcome_peak(&outcome);
}

/* The lowest budget known to have a schedule, for the message that says so. */
static int64_t least_budget(am_planner *planner)
{
    int64_t base = am_reversal_stages(&planner->chain, planner->stage), least = am_outcome_peak(&planner->chain.full);
    for (int64_t peak; (peak = lowest_peak(planner, least - base)) < least;) least = peak;
    while (!fit(planner, least)) least += least / 64 + 1; /* another table rounds otherwise */
    return least;
}

/* ---- either ---- */

static void refuse_budget(am_evaluation *evaluation, int64_t budget)
{
    am_status *status = &evaluation->workspace->tape.status;
    char text[32];
    int64_t least = least_budget(&evaluation->workspace->planner);
    evaluation->code = am_fail(status, AM_OUT_OF_RANGE, "checkpoint",
                               "no schedule of this model stays below %b bytes; the lowest found peaks at %b bytes: checkpoint=rotor:%s",
                               budget, least, am_size_text_near(least, text, sizeof text));
}

static void make(am_evaluation *evaluation, am_policy policy)
{
    am_planner *planner = &evaluation->workspace->planner;
    am_schedule_prepare(evaluation);
    if (evaluation->code) return;
    if (policy.kind == AM_POLICY_REVOLVE)
        am_revolve(&planner->schedule, planner->chain.layers, (int)policy.count);
    else if (!fit(planner, policy.count))
        refuse_budget(evaluation, policy.count);
}

/* Runs that repeat layers often enough are beyond what sums of a step's times and FLOPs hold. */
static void check_sums(am_evaluation *evaluation, const am_outcome *outcome)
{
    if (outcome->recomputed_flops > AM_MAX_FLOPS || outcome->recomputed_time > AM_MAX_FLOPS) evaluation->code = AM_TOO_LARGE;
}

void am_schedule_compose(am_evaluation *evaluation, am_policy policy, am_outcome *outcome)
{
    am_planner *planner = &evaluation->workspace->planner;
    make(evaluation, policy);
    if (evaluation->code) return;
    if (am_schedule_runs_again(&planner->schedule)) {
        play(planner, outcome, NULL, 0);
        check_sums(evaluation, outcome);
    } else { /* no checkpoints: gradient_checkpointing_enable() has not been called */
        am_evaluation_compose(evaluation, (am_policy){.kind = AM_POLICY_NONE}, outcome);
    }
}

/* The layers that are left so, by the played unit that stands for them in a profile's ledger. */
static void count_left(const am_evaluation *evaluation, const am_profile *profile, am_left left,
                       am_units_alike alike[AM_MAX_UNITS])
{
    const am_planner *planner = &evaluation->workspace->planner;
    memset(alike, 0, AM_MAX_UNITS * sizeof *alike);
    for (int i = 0; i < planner->chain.layers; i++) {
        int kind = am_pattern_kind(&evaluation->pattern, i);
        bool first = i == 0 && profile->unit_bytes[0] != profile->unit_bytes[profile->steady[kind]];
        am_units_alike *own = &alike[first ? 0 : profile->steady[kind]];
        if (planner->left[i] != left) continue;
        if (own->units++ == 0) own->first = i;
        own->layers[kind]++;
        own->regions[kind] += left != AM_LEFT_NOTHING;
    }
}

static void add_left(am_evaluation *evaluation, const am_ledger *ledger, const am_run *run, am_left left,
                     const char *name)
{
    am_units_alike alike[AM_MAX_UNITS];
    count_left(evaluation, run->profile, left, alike);
    for (int unit = 0; unit < run->profile->record.units; unit++)
        am_evaluation_add_units(evaluation, ledger, run, unit, &alike[unit], name);
}

bool am_schedule_choose(am_evaluation *evaluation, am_policy policy)
{
    am_report *report = evaluation->report;
    am_planner *planner = &evaluation->workspace->planner;
    make(evaluation, policy);
    if (evaluation->code) return true;
    planner->shown = planner->schedule;
    report->schedule = &planner->shown;
    report->schedule_unit = policy.kind == AM_POLICY_ROTOR ? planner->unit : 0;
    if (!am_schedule_runs_again(&planner->schedule)) return false;
    const am_ledger *kept = am_evaluation_show(evaluation, am_schedule_regions(evaluation));
    const am_ledger *plain = &evaluation->workspace->plain;
    bool shown = evaluation->config->timeline != AM_TIMELINE_NONE;
    report->points = play(planner, &report->outcome, shown ? report->point : NULL, shown ? AM_MAX_POINTS : 0);
    if (!shown) report->points = 0;
    check_sums(evaluation, &report->outcome);
    const am_run region = {planner->chain.checkpointed, planner->chain.layers, 1};
    const am_run taken = {planner->chain.plain, planner->chain.layers, 1};
    add_left(evaluation, kept, &region, AM_LEFT_INPUT, "checkpointed layer");
    add_left(evaluation, kept, &region, AM_LEFT_NOTHING, "unsaved layer");
    add_left(evaluation, plain, &taken, AM_LEFT_TAPE, "layer");
    am_evaluation_choose_schedule(evaluation, &region, kept);
    return true;
}

int64_t am_schedule_usual_slots(const am_config *config)
{
    int64_t slots = 1; /* so few that each layer is advanced over twice at most */
    while (am_revolve_repetitions(config->layers, slots) > 2) slots++;
    return config->layers < 4 ? 0 : slots;
}
