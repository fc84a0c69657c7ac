/* What the live bytes of a step are of. Every allocation is of one part (am_live), and what is composed of played units is linear in
 * their bytes: so each part is played and composed by itself, all else being of no size, and the parts' sum is the whole. */
#include <string.h>

#include "play.h"
#include "policies.h"
#include "proven.h"

const char *am_live_name(am_live part)
{
    static const char *const names[AM_LIVE_COUNT] = {
        [AM_LIVE_OUTPUT] = "output",         [AM_LIVE_TEMPORARY] = "temporary", [AM_LIVE_CACHED] = "cached",
        [AM_LIVE_RECOMPUTED] = "recomputed", [AM_LIVE_RETURNED] = "returned",   [AM_LIVE_GRADIENT] = "gradient",
        [AM_LIVE_GATHERED] = "gathered",     [AM_LIVE_REDUCED] = "reduced",     [AM_LIVE_LASTING] = "lasting",
    };
    return (int)part < AM_COMPONENT_COUNT ? am_component_names[part] : names[part];
}

/* ---- which place is of which part ---- */

static uint8_t part_of(const am_tape *tape, int storage, uint8_t component)
{
    bool logits = tape->logits && storage == tape->tensor[tape->logits].storage;
    if (component) return component - 1;
    if (tape->storage[storage].permanent) return AM_LIVE_LASTING;
    if (tape->storage[storage].cached) return AM_LIVE_CACHED;
    return logits ? AM_LIVE_OUTPUT : AM_LIVE_TEMPORARY;
}

/* What is of one part in all profiles of a plan. Where there are several, or the last layer is not by itself, they are mixed: a hidden
 * state between layers is of the residual stream then. given: what is made before the layers, as 1 + the component of who keeps it
 * first, in any of them; 0: none does. */
typedef struct am_labels {
    bool mixed;
    uint8_t given[AM_MAX_GIVEN];
} am_labels;

/* Made before the layers or in one of them, and used last in the next. */
static bool is_hidden_state(const am_tape *tape, const am_storage *storage)
{
    if (storage->fixed || storage->permanent || storage->last == UINT16_MAX) return false;
    return tape->instruction[storage->last].zone == tape->instruction[storage->born].zone + 1;
}

static void part_places(am_player *player, const am_tape *tape, am_record record, const am_labels *labels)
{
    uint8_t *part = player->part;
    am_ledger_components(part, tape, record);
    for (int i = 0; i < tape->storages; i++) {
        bool given = i < AM_MAX_GIVEN && labels->given[i];
        part[i] = part_of(tape, i, given ? labels->given[i] : part[i]);
        part[i + AM_MAX_STORAGES] = AM_LIVE_RECOMPUTED;
    }
    for (int i = 1; i < tape->regions && am_inputs_away(tape); i++)
        part[tape->tensor[tape->operand[tape->region[i].first_input]].storage + AM_MAX_STORAGES] = AM_LIVE_RETURNED;
    for (int i = 1; i < tape->storages && labels->mixed; i++)
        if (is_hidden_state(tape, &tape->storage[i])) part[i] = AM_C_RESIDUAL;
}

static void read_given(am_labels *labels, am_player *player, const am_tape *tape, am_record record)
{
    am_ledger_components(player->part, tape, record);
    for (int i = 0; i < AM_MAX_GIVEN && i < tape->storages; i++)
        if (!labels->given[i] && tape->instruction[tape->storage[i].born].zone == 0) labels->given[i] = player->part[i];
}

/* Slots of the backward are of one part; the program of the others has none, and is compiled anew when it is next wanted. */
static void empty_slots(am_program *program)
{
    for (int i = 0; i < program->events; i++) {
        am_event *event = &program->event[i];
        switch (event->kind) {
        case AM_E_ALLOCATE:
        case AM_E_TAKE:
        case AM_E_FREE:
        case AM_E_BESIDE:
        case AM_E_PART: event->bytes = 0; break;
        default: break;
        }
    }
}

static void size_places(am_player *player, const am_tape *tape, am_live part)
{
    for (int i = 0; i < tape->storages; i++) {
        int64_t bytes = am_play_size(tape, i);
        player->bytes[i] = player->part[i] == part ? bytes : 0;
        player->bytes[i + AM_MAX_STORAGES] = player->part[i + AM_MAX_STORAGES] == part ? bytes : 0;
    }
    if (part != AM_LIVE_GRADIENT) empty_slots(&player->program);
}

/* ---- one part ---- */

/* Plays one part of a profile that has written samples down. */
static void follow(am_evaluation *evaluation, const am_profile *leader, am_live part, const am_labels *labels)
{
    am_workspace *workspace = evaluation->workspace;
    am_player *player = &workspace->player;
    am_profile_id id = (am_profile_id)(leader - workspace->profile);
    am_profile *own = &workspace->parted[id];
    const am_tape *tape = am_evaluation_tape(evaluation, id);
    if (AM_NEVER(evaluation->code)) return; /* recorded as when the leader's samples were taken */
    evaluation->code = am_step_compile(player, tape);
    if (AM_NEVER(evaluation->code)) return; /* and compiled */
    am_sample *sample = &workspace->parted_sample[leader->sample - workspace->sample];
    am_trace trace = {.sample = sample,
                      .sample_capacity = leader->samples,
                      .moments = &own->moments,
                      .leader = &leader->step,
                      .part = part};
    part_places(player, tape, leader->record, labels);
    size_places(player, tape, part);
    memcpy(sample, leader->sample, (size_t)leader->samples * sizeof *sample);
    *own = *leader;
    own->sample = sample;
    evaluation->code = am_step_play(&own->step, player, tape, &trace);
    for (int i = 0; i < AM_MAX_GIVEN && i < tape->storages; i++)
        if (player->part[i] != part) own->given.bytes[i] = 0;
}

/* The runs of a plan; of a schedule its two profiles, each as one. */
typedef struct am_plan_parts {
    am_evaluation *evaluation;
    bool chain;
    int runs;
    am_labels labels;
} am_plan_parts;

static am_profile_id id_of(const am_workspace *workspace, const am_run *run)
{
    return (am_profile_id)(run->profile - workspace->profile);
}

/* Does a run before this one show the same profile? */
static bool is_shown(const am_run *run, int index)
{
    int i = 0;
    while (run[i].profile != run[index].profile) i++;
    return i < index;
}

/* Plays what the plan is made of with samples, by records in which the last layer is by itself. */
static void sample_runs(am_plan_parts *plan)
{
    am_evaluation *evaluation = plan->evaluation;
    am_workspace *workspace = evaluation->workspace;
    int samples = 0;
    plan->labels = (am_labels){.mixed = !evaluation->parted};
    for (int i = 0; i < plan->runs; i++) {
        am_profile_id id = id_of(workspace, &workspace->run[i]);
        if (is_shown(workspace->run, i)) continue;
        plan->labels.mixed |= i > 0;
        am_evaluation_sample(evaluation, id, &samples);
        if (!evaluation->code)
            read_given(&plan->labels, &workspace->player, am_evaluation_tape(evaluation, id),
                       workspace->profile[id].record);
    }
}

/* The points and the outcome of a plan whose runs are these; leader: the points of all of the live bytes where they are of a part. */
static int compose(am_plan_parts *plan, const am_run *run, am_live part, const am_point *leader, am_outcome *outcome,
                   am_point *point)
{
    am_evaluation *evaluation = plan->evaluation;
    am_workspace *workspace = evaluation->workspace;
    am_reversal *chain = &workspace->planner.chain;
    if (evaluation->code) return 0;
    if (!plan->chain) {
        evaluation->code = am_plan_compose(outcome, &evaluation->pattern, plan->runs, run);
        return am_plan_timeline(point, AM_MAX_POINTS, &evaluation->pattern, plan->runs, run, &evaluation->report->outcome);
    }
    bool states = !leader || (int)part == AM_C_RESIDUAL;
    const am_tape *tape = am_evaluation_tape(evaluation, AM_PROFILE_PLAIN);
    if (AM_NEVER(evaluation->code)) return 0; /* recorded as when its samples were taken */
    evaluation->code = am_reversal_read(chain, tape, &evaluation->pattern, run[1].profile, run[0].profile,
                                        evaluation->config->layers, states);
    if (AM_NEVER(evaluation->code)) return 0; /* the schedule was chosen by the same bytes, of which a part is no more */
    chain->leader = leader;
    return am_reversal_play(chain, evaluation->report->schedule, outcome, NULL, point, AM_MAX_POINTS);
}

/* By the gradients first: with the others the compiled backward loses them. */
static am_live part_in_turn(int turn)
{
    return turn == 0 ? AM_LIVE_GRADIENT : (am_live)(turn <= (int)AM_LIVE_GRADIENT ? turn - 1 : turn);
}

static void read_part(am_plan_parts *plan, am_live part, const am_point *point, int points, am_live_parts *parts)
{
    am_evaluation *evaluation = plan->evaluation;
    am_workspace *workspace = evaluation->workspace;
    am_outcome outcome = {0};
    for (int i = 0; i < plan->runs; i++) {
        const am_run *run = &workspace->run[i];
        if (!is_shown(workspace->run, i)) follow(evaluation, run->profile, part, &plan->labels);
        workspace->parted_run[i] = (am_run){&workspace->parted[id_of(workspace, run)], run->units, run->inner};
    }
    compose(plan, workspace->parted_run, part, point, &outcome, workspace->parted_point);
    parts->after_forward[part] = outcome.after_forward;
    for (int i = 0; i < points; i++) parts->live[part][i] = workspace->parted_point[i].live;
}

static bool is_sum(const am_live_parts *parts, int points, const am_point *point, int64_t after_forward)
{
    for (int i = 0; i < AM_LIVE_COUNT; i++) after_forward -= parts->after_forward[i];
    uint64_t away = (uint64_t)after_forward; /* bits of what any sum is away from the whole */
    for (int j = 0; j < points; j++) {
        int64_t rest = point[j].live;
        for (int i = 0; i < AM_LIVE_COUNT; i++) rest -= parts->live[i][j];
        away |= (uint64_t)rest;
    }
    return away == 0;
}

/* The timeline of the runs in the workspace, and its parts. Returns how many points there are. */
static int read(am_plan_parts *plan, am_outcome *outcome, am_point *point, am_live_parts *parts)
{
    am_evaluation *evaluation = plan->evaluation;
    am_workspace *workspace = evaluation->workspace;
    sample_runs(plan);
    int points = compose(plan, workspace->run, (am_live)0, NULL, outcome, point);
    if (AM_NEVER(points > AM_MAX_POINTS)) evaluation->code = AM_CAPACITY; /* by modules: of four units, when there are many */
    workspace->player.compiled = 0;
    for (int turn = 0; turn < AM_LIVE_COUNT && !evaluation->code; turn++)
        read_part(plan, part_in_turn(turn), point, points, parts);
    workspace->player.compiled = 0;
    if (evaluation->code) return 0;
    const bool equal = is_sum(parts, points, point, outcome->after_forward);
    evaluation->report->parted &= AM_ALWAYS(equal); /* all of it is linear in bytes */
    return points;
}

/* The chosen policy's runs, in the workspace. */
static void lay_runs(am_plan_parts *plan)
{
    am_evaluation *evaluation = plan->evaluation;
    am_workspace *workspace = evaluation->workspace;
    const am_report *report = evaluation->report;
    am_profile_id regions = am_schedule_regions(evaluation);
    plan->chain = report->schedule && am_schedule_runs_again(report->schedule);
    if (plan->chain) {
        plan->runs = 2;
        workspace->run[0] = (am_run){&workspace->profile[regions], evaluation->config->layers, 1};
        workspace->run[1] = (am_run){&workspace->profile[AM_PROFILE_PLAIN], evaluation->config->layers, 1};
        return;
    }
    am_policy policy = report->policy;
    if (report->schedule) policy = (am_policy){.kind = AM_POLICY_NONE};
    const am_part_plan *part = workspace->planned;
    plan->runs = am_evaluation_parts(evaluation, policy, workspace->planned);
    for (int i = 0; i < plan->runs; i++)
        workspace->run[i] = (am_run){&workspace->profile[part[i].id], part[i].units, part[i].inner};
}

void am_evaluation_read_parts(am_evaluation *evaluation)
{
    am_report *report = evaluation->report;
    am_workspace *workspace = evaluation->workspace;
    am_plan_parts plan = {.evaluation = evaluation};
    am_outcome outcome;
    lay_runs(&plan);
    bool adapted = plan.runs == 1 && workspace->run[0].units == 1 && evaluation->config->trainable == AM_TRAIN_LORA;
    report->parted = true;
    evaluation->parted = !adapted; /* whose only segment is the first, which saves less, more than it is the last */
    bool plain = plan.runs == 1 && workspace->run[0].profile == &workspace->profile[AM_PROFILE_PLAIN];
    report->points = read(&plan, &outcome, report->point, &report->parts);
    report->plain.points = 0;
    plan = (am_plan_parts){.evaluation = evaluation, .runs = 1};
    evaluation->parted = true;
    workspace->run[0] = (am_run){&workspace->profile[AM_PROFILE_PLAIN], evaluation->config->layers, 1};
    if (!plain && !evaluation->code)
        report->plain.points = read(&plan, &report->plain.outcome, report->plain.point, &report->plain.parts);
    report->parted &= !evaluation->code;
    evaluation->parted = evaluation->chained = false; /* what follows plays its own */
    memset(workspace->played, 0, sizeof workspace->played);
}

/* ---- stations ---- */

static am_station station_at(const char *name, const am_point *point, const am_live_parts *parts, int index)
{
    am_station station = {.name = name, .point = index};
    if (AM_NEVER(index < 0)) return station; /* a step has a forward and a backward */
    station.bytes = point[index].live;
    for (int i = 0; i < AM_LIVE_COUNT; i++) station.part[i] = parts->live[i][index];
    return station;
}

static int highest(int points, const am_point *point, bool forward)
{
    int best = -1;
    for (int i = 0; i < points; i++)
        if ((point[i].phase == AM_FORWARD) == forward && (best < 0 || point[i].live > point[best].live)) best = i;
    return best;
}

void am_live_stations(am_station station[AM_STATIONS], int points, const am_point *point, const am_live_parts *parts,
                      int64_t after_forward)
{
    station[0] = station_at("forward_peak", point, parts, highest(points, point, true));
    station[1] = (am_station){.name = "after_forward", .point = -1, .bytes = after_forward};
    memcpy(station[1].part, parts->after_forward, sizeof parts->after_forward);
    station[2] = station_at("backward_peak", point, parts, highest(points, point, false));
}
