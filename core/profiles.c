/* Profiles: a few layers that stand for any number, recorded and played once for each way of checkpointing them. */
#include <string.h>

#include "evaluate.h"
#include "input.h"
#include "policies.h"
#include "proven.h"
#include "repeat.h"
#include "wiring.h"

/* What is recorded for a profile, and what its regions keep when it is played. */
typedef struct am_recipe {
    bool segment, mixed, reentrant, hooked;
    uint8_t modules;
    am_keep keep;
    am_kept kept; /* for AM_KEEP_LISTED */
    am_away away;
} am_recipe;

static const am_recipe recipes[AM_PROFILE_COUNT] = {
    [AM_PROFILE_PLAIN] = {.keep = AM_KEEP_EVERYTHING},
    [AM_PROFILE_LAYER] = {.hooked = true},
    [AM_PROFILE_LAYER_BY_HAND] = {.segment = false, .mixed = false, .reentrant = false, .hooked = false, .modules = 0}, /* named for gcc's analyser */
    [AM_PROFILE_SEGMENT] = {.segment = true},
    [AM_PROFILE_LAYER_REENTRANT] = {.hooked = true, .reentrant = true},
    [AM_PROFILE_SEGMENT_REENTRANT] = {.segment = true, .reentrant = true},
    [AM_PROFILE_SAVE_MATMULS] = {.hooked = true, .keep = AM_KEEP_MATMULS},
    [AM_PROFILE_SAVE_HALF_MATMULS] = {.hooked = true, .keep = AM_KEEP_HALF_MATMULS},
    [AM_PROFILE_CORE_ATTENTION] = {.modules = AM_MODULE_CORE_ATTN},
    [AM_PROFILE_MODULES] = {.modules = UINT8_MAX}, /* those of the chosen policy */
    [AM_PROFILE_HOST_INPUTS] = {.hooked = true, .reentrant = true, .away = AM_AWAY_INPUTS},
    [AM_PROFILE_PARTED_INPUTS] = {.hooked = true, .reentrant = true, .away = AM_AWAY_PARTS},
#ifndef AM_FIRST
    [AM_PROFILE_MEMORY_BUDGET] = {.keep = AM_KEEP_CHOSEN},
    [AM_PROFILE_SEGMENT_MIXED] = {.segment = true, .mixed = true},
#endif
    [AM_PROFILE_HOST_SAVED] = {.keep = AM_KEEP_EVERYTHING, .away = AM_AWAY_SAVED},
};

/* How many of the layers from `first` to below `end` are of each kind. */
void am_evaluation_count_kinds(const am_evaluation *evaluation, int64_t first, int64_t end,
                               int64_t count[AM_MAX_LAYER_KINDS])
{
    memset(count, 0, AM_MAX_LAYER_KINDS * sizeof *count);
    for (int64_t i = first; i < end; i++) count[am_pattern_kind(&evaluation->pattern, i)]++;
}

static void add_unit(am_profile *profile, int kind, int64_t like)
{
    am_record *record = &profile->record;
    profile->like[record->units] = like;
    for (int i = am_unit_zone(record, record->units++); i < am_unit_zone(record, record->units); i++) record->kind[i - 1] = (uint8_t)kind;
}

/* The first layers of each kind, as they come in the model: of the first layer's kind one more than of others, and of
 * others two where each kind has tables of its own, which its first layer is charged with. With adapters one more, since
 * the model's first layer saves less, its input needing no gradient, and only a third shows what later ones share. */
static void choose_layers(const am_evaluation *evaluation, am_profile *profile, bool adapters)
{
    const am_pattern *pattern = &evaluation->pattern;
    int count[AM_MAX_LAYER_KINDS] = {0}, first = am_pattern_kind(pattern, 0);
    int64_t last = evaluation->config->layers, enough = pattern->prefix + 3 * pattern->period;
    for (int64_t i = 0; i < last && i < enough; i++) {
        int kind = am_pattern_kind(pattern, i), most = 1 + (kind == first || pattern->own) + adapters;
        if (count[kind] == most) continue;
        if (count[kind]++ == (kind == first)) profile->steady[kind] = profile->record.units;
        add_unit(profile, kind, i);
    }
}

/* The model's last layer is like no other where units are sharded, as it runs backward with nothing in flight behind it, in
 * a stage before the last, where the gradient that its backward begins with stays throughout, and where it is asked what live bytes
 * are of, as what it gives is not the next one's input. */
static bool has_own_last(const am_evaluation *evaluation)
{
#ifdef AM_FIRST
    (void)evaluation;
    return false;
#else
    return evaluation->config->zero >= 3 || evaluation->sent || evaluation->parted;
#endif
}

static void choose_last(const am_evaluation *evaluation, am_profile *profile)
{
    int64_t last = evaluation->config->layers - 1;
    if (!has_own_last(evaluation) || last == 0) return;
    profile->record.last = true;
    if (profile->like[profile->record.units - 1] != last)
        add_unit(profile, am_pattern_kind(&evaluation->pattern, last), last);
}

/* A segment of three layers for each kind, since its first, its last and those between differ; with adapters one more of two,
 * since the model's first layer saves less; and two more where the last one is like no other. */
static void choose_segments(const am_evaluation *evaluation, am_profile *profile, bool adapters)
{
    const bool own_last = has_own_last(evaluation);
    int64_t count[AM_MAX_LAYER_KINDS];
    int kind = am_pattern_kind(&evaluation->pattern, 0);
    am_evaluation_count_kinds(evaluation, 0, evaluation->config->layers, count);
    profile->record.lacks = adapters && !own_last;
    if (adapters || own_last) add_unit(profile, kind, 0);
    for (int i = 0; i < AM_MAX_LAYER_KINDS; i++, kind = (kind + 1) % AM_MAX_LAYER_KINDS) {
        if (count[kind] == 0) continue;
        profile->steady[kind] = profile->record.units;
        add_unit(profile, kind, 0);
    }
    if (!own_last) return;
    profile->record.last = true;
    add_unit(profile, am_pattern_kind(&evaluation->pattern, evaluation->config->layers - 1), 0);
}

am_profile_id am_profile_of_segment(const am_evaluation *evaluation, int64_t inner, bool reentrant)
{
#ifndef AM_FIRST
    bool keeps = evaluation->config->experts > 0 && am_wiring_of(evaluation->config)->any; /* Megatron's experts: their region's graph */
    if (keeps && evaluation->pattern.prefix > 0 && inner > evaluation->pattern.prefix) return AM_PROFILE_SEGMENT_MIXED;
#else
    (void)evaluation, (void)inner;
#endif
    return reentrant ? AM_PROFILE_SEGMENT_REENTRANT : AM_PROFILE_SEGMENT;
}

/* The profile that a policy's checkpointed units look like. */
am_profile_id am_profile_for(const am_evaluation *evaluation, am_policy policy, int64_t inner)
{
    bool by_hand = policy.kind != AM_POLICY_FULL && evaluation->config->trainable == AM_TRAIN_LORA;
    switch (policy.kind) {
    case AM_POLICY_NONE: return AM_PROFILE_PLAIN;
    case AM_POLICY_SAVE_MATMULS: return AM_PROFILE_SAVE_MATMULS;
    case AM_POLICY_SAVE_HALF_MATMULS: return AM_PROFILE_SAVE_HALF_MATMULS;
    case AM_POLICY_MODULES:
        return policy.modules == AM_MODULE_CORE_ATTN ? AM_PROFILE_CORE_ATTENTION : AM_PROFILE_MODULES;
    case AM_POLICY_SAVE_LIST: return AM_PROFILE_LISTED;
#ifndef AM_FIRST
    case AM_POLICY_MEMORY_BUDGET: return policy.count == AM_MILLION ? AM_PROFILE_PLAIN : AM_PROFILE_MEMORY_BUDGET;
#endif
    case AM_POLICY_OFFLOAD:
    case AM_POLICY_PARTITION_HOST: return AM_PROFILE_HOST_INPUTS;
    case AM_POLICY_PARTITION: return AM_PROFILE_PARTED_INPUTS;
    case AM_POLICY_OFFLOAD_SAVED: return AM_PROFILE_HOST_SAVED;
    default: break;
    }
    if (inner == 1 && policy.reentrant) return AM_PROFILE_LAYER_REENTRANT;
    if (inner == 1) return by_hand ? AM_PROFILE_LAYER_BY_HAND : AM_PROFILE_LAYER;
    return am_profile_of_segment(evaluation, inner, policy.reentrant);
}

/* Is a profile whose layers are hooked what the report shows? With the hook the first layer's input needs a gradient, so that
 * the second layer stands for all later ones; a timeline shows a third all the same. */
static bool shows_hooked(const am_evaluation *evaluation)
{
    am_profile_id id = am_profile_for(evaluation, *evaluation->policy, 1);
    return recipes[id].hooked;
}

/* Fills in a profile's record: few layers that stand for any number. A model with fewer stands for itself. */
static void choose_record(const am_evaluation *evaluation, const am_recipe *recipe, am_profile *profile)
{
    bool adapters = evaluation->config->trainable == AM_TRAIN_LORA;
    profile->record = (am_record){
        .inner = recipe->segment ? 3 : 1,
        .regions = recipe->modules == 0,
        .hooked = recipe->hooked && adapters, /* changes nothing else */
        .modules = recipe->modules == UINT8_MAX ? evaluation->policy->modules : recipe->modules,
        .received = evaluation->received,
        .sent = evaluation->sent,
        .mixed = recipe->mixed,
    };
    memset(profile->steady, 0, sizeof profile->steady);
    if (recipe->segment) {
        choose_segments(evaluation, profile, adapters);
        return;
    }
    choose_layers(evaluation, profile, adapters && (!recipe->hooked || shows_hooked(evaluation)));
    choose_last(evaluation, profile);
}

static bool same_record(const am_record *x, const am_record *y)
{
    return x->units == y->units && x->inner == y->inner && x->regions == y->regions && x->hooked == y->hooked &&
           x->modules == y->modules && x->mixed == y->mixed; /* the rest follows from the model, or the stage of it */
}

static am_recipe recipe_listed(am_listed listed)
{
    if (listed.modules) return (am_recipe){.modules = listed.modules};
    return (am_recipe){.keep = AM_KEEP_LISTED, .kept = listed.kept};
}

/* A profile of the table, or one that a plan's choices or a list of operations made. */
static am_recipe recipe_of(const am_evaluation *evaluation, am_profile_id id)
{
    return id < AM_PROFILE_LISTED ? recipes[id] : recipe_listed(evaluation->workspace->listed[id - AM_PROFILE_LISTED]);
}

/* Of a pipeline's stage, which core.wasm has none of? */
static bool is_of_stage(const am_record *record)
{
#ifdef AM_FIRST
    (void)record;
    return false;
#else
    return record->received || record->sent;
#endif
}

/* The costs of what is on the tape; of the whole model's first record, or where the report shows another of one that is hooked, what a
 * usual layer of each kind costs, too, and the first. */
static am_code cost_tape(am_evaluation *evaluation, const am_profile *profile)
{
    am_report *report = evaluation->report;
    am_tape *tape = &evaluation->workspace->tape;
    uint16_t zone[AM_MAX_LAYER_KINDS] = {0};
    int inside = profile->record.inner > 1; /* of a segment a layer between two others */
    if (!report || is_of_stage(&profile->record) || (report->cost_rows > 0 && !(profile->record.hooked && shows_hooked(evaluation))))
        return am_cost_tape(tape, &evaluation->rates);
    am_evaluation_count_kinds(evaluation, 0, evaluation->config->layers, report->kind_layers);
    for (int i = 0; i < AM_MAX_LAYER_KINDS; i++)
        if (report->kind_layers[i] > 0) zone[i] = (uint16_t)(am_unit_zone(&profile->record, profile->steady[i]) + inside);
    return am_cost_rows(report->cost_row, &report->cost_rows, tape, &evaluation->rates, zone, report->kind_layers,
                        am_pattern_kind(&evaluation->pattern, 0));
}

/* Makes sure that this profile's record is on the tape, and says how its regions are checkpointed. */
static void put_on_tape(am_evaluation *evaluation, const am_profile *profile, const am_recipe *recipe)
{
    am_workspace *workspace = evaluation->workspace;
    am_record record = profile->record;
    if (!same_record(&workspace->recorded, &record)) {
#ifndef AM_FIRST
        workspace->tape.aside = &workspace->aside;
        if (workspace->recorded.units == 0) am_aside_clear(&workspace->aside); /* what was there is of another model, or stage */
#endif
        evaluation->code = am_model_record(&workspace->tape, evaluation->extents, evaluation->config, record);
        if (!evaluation->code && evaluation->timed) evaluation->code = cost_tape(evaluation, profile);
        workspace->recorded = record;
    }
    bool own = am_wiring_of(evaluation->config)->any || evaluation->config->stack == AM_STACK_PAPER;
    bool reentrant = recipe->reentrant || own; /* as Megatron's checkpoint is, which the paper's code has too */
    am_tape_checkpoint(&workspace->tape, reentrant ? AM_REENTRANT : AM_NON_REENTRANT, recipe->keep);
    if (recipe->keep == AM_KEEP_LISTED) am_tape_keep(&workspace->tape, recipe->kept);
#ifndef AM_FIRST
    if (recipe->keep == AM_KEEP_CHOSEN)
        am_memory_budget_keep(&workspace->tape, &workspace->knapsack, evaluation->policy->count);
    if (!evaluation->code) evaluation->code = workspace->tape.status.code;
#endif
    if (recipe->away) am_tape_send_away(&workspace->tape, recipe->away, evaluation->config->tp);
}

static uint16_t input_of(const am_tape *tape, int region)
{
    return tape->tensor[tape->operand[tape->region[region].first_input]].storage;
}

/* What the inputs of regions take, and who keeps them. */
static void read_inputs(am_profile *profile, const am_tape *tape, const am_ledger *ledger)
{
    profile->input_bytes = 0;
    if (tape->regions == 1) return;
    const am_storage *first = &tape->storage[input_of(tape, 1)];
    profile->input_bytes = first->bytes;
#ifdef AM_FIRST
    (void)ledger;
#else
    profile->holds_input = first->last == UINT16_MAX || tape->instruction[first->last].zone > 1;
    profile->keeps_input = false;
    for (int i = 1; i < tape->regions; i++) profile->keeps_input |= ledger->row_of[input_of(tape, i)] > 0;
#endif
}

/* Reads the ledger of what is on the tape and plays it; sample NULL: without writing samples down, of which there is room
 * for so many. */
static void play_profile(am_evaluation *evaluation, am_profile_id id, am_ledger *ledger, am_sample *sample, int room)
{
    am_workspace *workspace = evaluation->workspace;
    am_profile *profile = &workspace->profile[id];
    const am_config *config = evaluation->config;
    am_recipe recipe = recipe_of(evaluation, id);
    am_trace trace = {.sample = sample, .sample_capacity = room, .by_module = config->timeline != AM_TIMELINE_OPERATIONS};
#ifndef AM_FIRST
    if (evaluation->parted) trace.moments = &profile->moments;
#endif
    workspace->played[id] = true;
    choose_record(evaluation, &recipe, profile);
    profile->checkpointed = recipe.keep != AM_KEEP_EVERYTHING && profile->record.regions;
    put_on_tape(evaluation, profile, &recipe);
    if (!evaluation->code) evaluation->code = am_ledger_read(ledger, &workspace->tape, profile->record);
    if (!evaluation->code && ledger != &workspace->scratch) am_ledger_describe(ledger, &workspace->tape);
    if (!evaluation->code)
        evaluation->code = am_step_play(&profile->step, &workspace->player, &workspace->tape, sample ? &trace : NULL);
    profile->sample = sample;
    profile->samples = trace.samples;
    if (trace.samples > room) evaluation->code = AM_CAPACITY; /* no timeline is cut short */
    memcpy(profile->unit_bytes, ledger->unit_bytes, sizeof profile->unit_bytes);
    memcpy(profile->unit_given, ledger->unit_given, sizeof profile->unit_given);
#ifndef AM_FIRST
    memcpy(profile->lasting, ledger->lasting, sizeof profile->lasting);
#endif
    profile->own_input = ledger->own_input;
    profile->shared_bytes = ledger->shared_bytes;
    profile->outside_bytes = ledger->outside_bytes;
    am_given_read(&profile->given, &workspace->tape, profile->record);
    read_inputs(profile, &workspace->tape, ledger);
}

/* A report always wants the plain profile's ledger: what a policy drops is told by it. */
static am_ledger *ledger_of(am_evaluation *evaluation, am_profile_id id, am_ledger *otherwise)
{
    return id == AM_PROFILE_PLAIN && evaluation->report ? &evaluation->workspace->plain : otherwise;
}

#ifdef AM_FIRST
#define compose_profile(evaluation, id) false
#else
/* Segments whose layers have been played, without checkpointing and each by itself, need no play of their own; unless autocast copies a
 * weight once for all that follow, or no layer of the first one's kind has an input that needs a gradient. False: it has to be played. */
static bool compose_profile(am_evaluation *evaluation, am_profile_id id)
{
    am_workspace *workspace = evaluation->workspace;
    const am_config *config = evaluation->config;
    const bool adapters = config->trainable == AM_TRAIN_LORA;
    const am_profile_id alone = adapters ? AM_PROFILE_LAYER_BY_HAND : AM_PROFILE_LAYER;
    const am_profile *plain = &workspace->profile[AM_PROFILE_PLAIN], *layer = &workspace->profile[alone];
    if (id != AM_PROFILE_SEGMENT || !workspace->played[AM_PROFILE_PLAIN] || !workspace->played[alone]) return false;
    bool alike = am_evaluation_has_regions(evaluation) && config->autocast == AM_AUTOCAST_OFF;
    alike &= !has_own_last(evaluation);
    if (!alike || plain->keeps_input || (adapters && layer->steady[layer->record.kind[0]] == 0)) return false;
    choose_record(evaluation, &recipes[id], &workspace->profile[id]);
    am_segment_of(&workspace->profile[id], plain, layer);
    return workspace->played[id] = true;
}
#endif

const am_profile *am_evaluation_profile(am_evaluation *evaluation, am_profile_id id)
{
    am_workspace *workspace = evaluation->workspace;
    if (!workspace->played[id] && !evaluation->code && !compose_profile(evaluation, id))
        play_profile(evaluation, id, ledger_of(evaluation, id, &workspace->scratch), NULL, 0);
    return &workspace->profile[id];
}

const am_profile *am_evaluation_try(am_evaluation *evaluation, am_listed listed)
{
    am_workspace *workspace = evaluation->workspace;
    am_profile *profile = &workspace->profile[AM_PROFILE_TRIED];
    am_recipe recipe = recipe_listed(listed);
    choose_record(evaluation, &recipe, profile);
    put_on_tape(evaluation, profile, &recipe);
    evaluation->code = am_step_play(&profile->step, &workspace->player, &workspace->tape, NULL); /* or what the tape says */
    if (AM_NEVER(evaluation->code)) return profile; /* the plain profile has the same layers, and there is room for their regions */
    am_given_read(&profile->given, &workspace->tape, profile->record);
#ifndef AM_FIRST
    if (evaluation->config->pp == 1 || evaluation->config->experts == 0) return profile;
    evaluation->code = am_ledger_read(&workspace->scratch, &workspace->tape, profile->record);
    memcpy(profile->lasting, workspace->scratch.lasting, sizeof profile->lasting);
#endif
    return profile;
}

const am_tape *am_evaluation_tape(am_evaluation *evaluation, am_profile_id id)
{
    const am_profile *profile = am_evaluation_profile(evaluation, id);
    am_recipe recipe = recipe_of(evaluation, id);
    if (!evaluation->code) put_on_tape(evaluation, profile, &recipe);
    return &evaluation->workspace->tape;
}

/* A profile to be shown: with its ledger, and samples behind those of the profiles before it. */
const am_ledger *am_evaluation_sample(am_evaluation *evaluation, am_profile_id id, int *samples)
{
    am_workspace *workspace = evaluation->workspace;
    am_ledger *ledger = ledger_of(evaluation, id, &workspace->shown);
    bool wanted = evaluation->config->timeline != AM_TIMELINE_NONE;
    if (!evaluation->code)
        play_profile(evaluation, id, ledger, wanted ? &workspace->sample[*samples] : NULL, AM_MAX_SAMPLES - *samples);
    *samples += workspace->profile[id].samples;
    return ledger;
}

const am_ledger *am_evaluation_show(am_evaluation *evaluation, am_profile_id id)
{
    int samples = 0;
    return am_evaluation_sample(evaluation, id, &samples);
}

/* Plays what the plans are composed of, profiles of one record one behind another: so each is recorded once. */
void am_evaluation_play_all(am_evaluation *evaluation)
{
    static const am_profile_id order[] = {AM_PROFILE_LAYER, AM_PROFILE_LAYER_REENTRANT, AM_PROFILE_SAVE_MATMULS,
#ifndef AM_FIRST
                                          AM_PROFILE_HOST_INPUTS,
#endif
                                          AM_PROFILE_SAVE_HALF_MATMULS};
    bool adapters = evaluation->config->trainable == AM_TRAIN_LORA; /* by hand is another record with them only */
    bool experts = evaluation->config->experts > 0;                 /* no chain, and nothing that is moved */
    if (adapters) am_evaluation_profile(evaluation, AM_PROFILE_LAYER_BY_HAND);
#ifndef AM_FIRST
    if (!experts) am_schedule_prepare(evaluation);
#endif
    for (size_t i = 0; i < sizeof order / sizeof *order; i++)
        if (order[i] != AM_PROFILE_HOST_INPUTS || !experts) am_evaluation_profile(evaluation, order[i]);
}
