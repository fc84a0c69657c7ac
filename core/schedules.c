/* Policies that are schedules of actions over the layers: Revolve's and Rotor's, made and played. */
#include "bytes.h"
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

/* Schedules by a number from 1 to the layers: the larger it is, the lower they peak and the longer they take. */
typedef void am_maker(am_schedule *schedule, int layers, int number);

/* As checkpoint=block: the first layers by their inputs, the others kept; the head is the last step. */
static void store_first(am_schedule *schedule, int layers, int stored)
{
    schedule->steps = layers + 1;
    schedule->count = 0;
    for (int i = 0; i < stored; i++) {
        am_schedule_add(schedule, AM_STORE, i, i);
        am_schedule_add(schedule, AM_ADVANCE, i, i + 1);
    }
    for (int i = stored; i <= layers; i++) am_schedule_add(schedule, AM_TAKE, i, i + 1);
    for (int i = layers; i >= 0; i--) {
        if (i < stored) am_schedule_add(schedule, AM_TAKE, i, i + 1);
        am_schedule_add(schedule, AM_BACK, i, i + 1);
    }
}

/* As checkpoint=every: regions of so many layers by the first one's input, each made again whole. */
static void store_each(am_schedule *schedule, int layers, int span)
{
    schedule->steps = layers + 1;
    schedule->count = 0;
    for (int first = 0; first < layers; first += span) {
        am_schedule_add(schedule, AM_STORE, first, first);
        am_schedule_add(schedule, AM_ADVANCE, first, (int)am_smaller(first + span, layers));
    }
    am_schedule_add(schedule, AM_TAKE, layers, layers + 1);
    am_schedule_add(schedule, AM_BACK, layers, layers + 1);
    for (int first = (layers - 1) / span * span, end = layers; first >= 0; end = first, first -= span) {
        for (int i = first; i < end; i++) am_schedule_add(schedule, AM_TAKE, i, i + 1);
        for (int i = end - 1; i >= first; i--) am_schedule_add(schedule, AM_BACK, i, i + 1);
    }
}

static void store_few(am_schedule *schedule, int layers, int missing)
{
    am_revolve(schedule, layers, layers - missing + 1);
}

/* Rotor's search: the fastest schedule so far, in the planner's best. */
typedef struct am_fitting {
    am_planner *planner;
    int64_t budget, time; /* INT64_MAX: none yet */
} am_fitting;

/* Whether the planner's schedule, played, is within the budget. The best of those is kept. */
static bool try_schedule(am_fitting *fitting)
{
    am_outcome outcome;
    play(fitting->planner, &outcome, NULL, 0);
    if (am_outcome_peak(&outcome) > fitting->budget) return false;
    if (outcome.recomputed_time >= fitting->time) return true;
    fitting->time = outcome.recomputed_time;
    fitting->planner->best = fitting->planner->schedule;
    return true;
}

/* What needs no table, which its rounding might miss. */
static void fit_made(am_fitting *fitting, am_maker *make)
{
    int layers = fitting->planner->chain.layers, low = 0, high = layers + 1;
    while (high - low > 1) {
        int middle = low + (high - low) / 2;
        make(&fitting->planner->schedule, layers, middle);
        if (try_schedule(fitting))
            high = middle;
        else
            low = middle;
    }
}

/* The fastest of one table's schedules. The table reaches above the budget, since its stages are never below what is played
 * and mostly above. */
static void fit_table(am_fitting *fitting, int64_t memory, int64_t above)
{
    am_planner *planner = fitting->planner;
    int64_t tried = 0;
    bool solved = am_rotor_solve(&planner->rotor, planner->chain.layers + 1, planner->stage, memory + above);
    if (AM_NEVER(!solved)) return; /* the table has room: a model's layers repeat with a period that it finds */
    for (int slots = planner->rotor.slots;; slots--) { /* without memory there is no schedule */
        int64_t time = am_rotor_time(&planner->rotor, slots);
        if (time == AM_ROTOR_NEVER) return;
        bool below = slots * planner->rotor.unit <= memory; /* there schedules of equal time may differ in their peaks */
        if (time == tried && !below) continue;
        tried = time;
        am_rotor_schedule(&planner->rotor, slots, &planner->schedule);
        if (try_schedule(fitting)) return;
    }
}

/* Makes the fastest schedule found within the budget: of tables that round sizes differently, and of those that need none.
 * False if there is none. */
static bool fit(am_planner *planner, int64_t budget)
{
    static const int64_t above[] = {4, 16, 64}; /* parts of the budget */
    am_fitting fitting = {planner, budget, INT64_MAX};
    planner->unit = 1;
    store_first(&planner->schedule, planner->chain.layers, 0);
    if (try_schedule(&fitting)) return true;
    int64_t memory = budget - am_reversal_stages(&planner->chain, planner->stage);
    for (size_t i = 0; i < sizeof above / sizeof *above && memory > 0; i++) {
        int64_t before = fitting.time;
        fit_table(&fitting, memory, budget / above[i]);
        if (i == 0 || fitting.time < before) planner->unit = planner->rotor.exact ? 1 : planner->rotor.unit;
    }
    fit_made(&fitting, store_first);
    fit_made(&fitting, store_few);
    for (int span = 2; span <= planner->chain.layers; span++) {
        store_each(&planner->schedule, planner->chain.layers, span);
        try_schedule(&fitting);
    }
    planner->schedule = planner->best;
    return fitting.time < INT64_MAX;
}

/* The lowest peak of schedules that need no table. */
static int64_t lowest_made(am_planner *planner)
{
    am_outcome outcome;
    store_few(&planner->schedule, planner->chain.layers, planner->chain.layers);
    play(planner, &outcome, NULL, 0);
    return am_smaller(am_outcome_peak(&planner->chain.full), am_outcome_peak(&outcome));
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
    int64_t base = am_reversal_stages(&planner->chain, planner->stage), least = lowest_made(planner);
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
                               "no schedule found stays below %b bytes; the lowest peaks at %b bytes: checkpoint=rotor:%s",
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
