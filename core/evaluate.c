/* One evaluation: from a configuration to everything the report says. */
#include <string.h>

#include "bytes.h"
#include "evaluate.h"
#include "policies.h"
#include "fit.h"
#include "input.h"
#include "wiring.h"
#include "writer.h"

/* ---- records ---- */

/* What is recorded for a profile, and what its regions keep when it is played. */
typedef struct am_recipe {
    bool segment, reentrant, hooked;
    uint8_t modules;
    am_keep keep;
    am_kept kept; /* for AM_KEEP_LISTED */
    am_away away;
} am_recipe;

static const am_recipe recipes[AM_PROFILE_COUNT] = {
    [AM_PROFILE_PLAIN] = {.keep = AM_KEEP_EVERYTHING},
    [AM_PROFILE_LAYER] = {.hooked = true},
    [AM_PROFILE_LAYER_BY_HAND] = {.hooked = false},
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
#endif
    [AM_PROFILE_HOST_SAVED] = {.keep = AM_KEEP_EVERYTHING, .away = AM_AWAY_SAVED},
};

/* How many of the layers from `first` to below `end` are of each kind. */
static void count_kinds(const am_evaluation *evaluation, int64_t first, int64_t end, int64_t count[AM_MAX_LAYER_KINDS])
{
    memset(count, 0, AM_MAX_LAYER_KINDS * sizeof *count);
    for (int64_t i = first; i < end; i++) count[am_pattern_kind(&evaluation->pattern, i)]++;
}

static void add_unit(am_profile *profile, int kind, int64_t like)
{
    am_record *record = &profile->record;
    profile->like[record->units] = like;
    for (int i = 0; i < record->inner; i++) record->kind[record->units * record->inner + i] = (uint8_t)kind;
    record->units++;
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

/* The model's last layer is like no other where units are sharded, as it runs backward with nothing in flight behind it, and in
 * a stage before the last, where the gradient that its backward begins with stays throughout. */
static bool has_own_last(const am_evaluation *evaluation)
{
#ifdef AM_FIRST
    (void)evaluation;
    return false;
#else
    return evaluation->config->zero >= 3 || evaluation->sent;
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

/* A segment of three layers for each kind, since its first, its last and those between differ; with adapters one more,
 * since the model's first layer saves less; and two more where the last one is like no other. */
static void choose_segments(const am_evaluation *evaluation, am_profile *profile, bool adapters)
{
    int64_t count[AM_MAX_LAYER_KINDS];
    int kind = am_pattern_kind(&evaluation->pattern, 0);
    count_kinds(evaluation, 0, evaluation->config->layers, count);
    if (adapters || has_own_last(evaluation)) add_unit(profile, kind, 0);
    for (int i = 0; i < AM_MAX_LAYER_KINDS; i++, kind = (kind + 1) % AM_MAX_LAYER_KINDS) {
        if (count[kind] == 0) continue;
        profile->steady[kind] = profile->record.units;
        add_unit(profile, kind, 0);
    }
    if (!has_own_last(evaluation)) return;
    profile->record.last = true;
    add_unit(profile, am_pattern_kind(&evaluation->pattern, evaluation->config->layers - 1), 0);
}

static am_profile_id profile_id(const am_evaluation *evaluation, am_policy policy, int64_t inner);

/* Is a profile whose layers are hooked what the report shows? With the hook the first layer's input needs a gradient, so that
 * the second layer stands for all later ones; a timeline shows a third all the same. */
static bool shows_hooked(const am_evaluation *evaluation)
{
    am_profile_id id = profile_id(evaluation, *evaluation->policy, 1);
    return id < AM_PROFILE_LISTED && recipes[id].hooked;
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
    return x->units == y->units && x->inner == y->inner && x->last == y->last && x->regions == y->regions &&
           x->hooked == y->hooked && x->modules == y->modules && x->received == y->received &&
           x->sent == y->sent; /* the kinds follow from the model */
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

/* The costs of what is on the tape; of the first record, what a usual layer of each kind costs, too. */
static am_code cost_tape(am_evaluation *evaluation, const am_profile *profile)
{
    am_report *report = evaluation->report;
    am_tape *tape = &evaluation->workspace->tape;
    uint16_t zone[AM_MAX_LAYER_KINDS] = {0};
    int inside = profile->record.inner > 1; /* of a segment a layer between two others */
    if (!report || report->cost_rows > 0) return am_cost_tape(tape, &evaluation->rates);
    count_kinds(evaluation, 0, evaluation->config->layers, report->kind_layers);
    for (int i = 0; i < AM_MAX_LAYER_KINDS; i++)
        if (report->kind_layers[i] > 0) zone[i] = (uint16_t)(profile->steady[i] * profile->record.inner + inside + 1);
    return am_cost_rows(report->cost_row, &report->cost_rows, tape, &evaluation->rates, zone);
}

/* Makes sure that this profile's record is on the tape, and says how its regions are checkpointed. */
static void put_on_tape(am_evaluation *evaluation, const am_profile *profile, const am_recipe *recipe)
{
    am_workspace *workspace = evaluation->workspace;
    am_record record = profile->record;
    if (!same_record(&workspace->recorded, &record)) {
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

static int64_t input_bytes(const am_tape *tape)
{
    const am_region *region = &tape->region[1];
    return tape->regions > 1 ? tape->storage[tape->tensor[tape->operand[region->first_input]].storage].bytes : 0;
}

/* Reads the ledger of what is on the tape and plays it; sample NULL: without writing samples down, of which there is room
 * for so many. */
static void play_profile(am_evaluation *evaluation, am_profile_id id, am_ledger *ledger, am_sample *sample, int room)
{
    am_workspace *workspace = evaluation->workspace;
    am_profile *profile = &workspace->profile[id];
    const am_config *config = evaluation->config;
    am_recipe recipe = recipe_of(evaluation, id);
    am_trace trace = {.sample = sample, .sample_capacity = room, .by_module = config->timeline == AM_TIMELINE_MODULES};
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
    profile->own_input = ledger->own_input;
    profile->shared_bytes = ledger->shared_bytes;
    profile->outside_bytes = ledger->outside_bytes;
    am_given_read(&profile->given, &workspace->tape, profile->record);
    profile->input_bytes = input_bytes(&workspace->tape);
}

/* A report always wants the plain profile's ledger: what a policy drops is told by it. */
static am_ledger *ledger_of(am_evaluation *evaluation, am_profile_id id, am_ledger *otherwise)
{
    return id == AM_PROFILE_PLAIN && evaluation->report ? &evaluation->workspace->plain : otherwise;
}

const am_profile *am_evaluation_profile(am_evaluation *evaluation, am_profile_id id)
{
    am_workspace *workspace = evaluation->workspace;
    if (!workspace->played[id] && !evaluation->code)
        play_profile(evaluation, id, ledger_of(evaluation, id, &workspace->scratch), NULL, 0);
    return &workspace->profile[id];
}

const am_profile *am_evaluation_try(am_evaluation *evaluation, am_listed listed)
{
    am_workspace *workspace = evaluation->workspace;
    am_profile *profile = &workspace->profile[AM_PROFILE_TRIED];
    am_recipe recipe = recipe_listed(listed);
    choose_record(evaluation, &recipe, profile);
    if (!evaluation->code) put_on_tape(evaluation, profile, &recipe);
    if (!evaluation->code)
        evaluation->code = am_step_play(&profile->step, &workspace->player, &workspace->tape, NULL);
    if (!evaluation->code) am_given_read(&profile->given, &workspace->tape, profile->record);
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
static const am_ledger *show_profile(am_evaluation *evaluation, am_profile_id id, int *samples)
{
    am_workspace *workspace = evaluation->workspace;
    am_ledger *ledger = ledger_of(evaluation, id, &workspace->shown);
    bool wanted = evaluation->config->timeline != AM_TIMELINE_NONE;
    if (!evaluation->code)
        play_profile(evaluation, id, ledger, wanted ? &workspace->sample[*samples] : NULL, AM_MAX_SAMPLES - *samples);
    *samples += workspace->profile[id].samples;
    return ledger;
}

/* ---- plans ---- */

/* The profile that a policy's checkpointed units look like. */
static am_profile_id profile_id(const am_evaluation *evaluation, am_policy policy, int64_t inner)
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
    return policy.reentrant ? AM_PROFILE_SEGMENT_REENTRANT : AM_PROFILE_SEGMENT;
}

int am_part_append(am_part_plan *part, int count, am_part_plan next)
{
    am_part_plan *last = count > 0 ? &part[count - 1] : NULL;
    if (!last || last->id != next.id || last->inner != next.inner) {
        part[count] = next;
        return count + 1;
    }
    last->units += next.units;
    return count;
}

/* What so many consecutive layers do, behind what those before them do. */
static int append_parts(const am_evaluation *evaluation, am_policy policy, int64_t layers, am_part_plan *part, int count)
{
    int64_t inner = am_policy_segment(policy) > 0 ? am_policy_segment(policy) : 1, rest = layers % inner;
    am_part_plan next[2] = {{profile_id(evaluation, policy, inner), layers / inner, inner}, {profile_id(evaluation, policy, rest), 1, rest}};
    if (policy.kind == AM_POLICY_BLOCK) {
        next[0] = (am_part_plan){profile_id(evaluation, policy, 1), policy.count, 1};
        next[1] = (am_part_plan){AM_PROFILE_PLAIN, layers - policy.count, 1};
    }
    for (int i = 0; i < 2; i++)
        if (next[i].units > 0 && next[i].inner > 0) count = am_part_append(part, count, next[i]);
    return count;
}

int am_evaluation_parts(const am_evaluation *evaluation, am_policy policy, am_part_plan *part)
{
    if (policy.kind == AM_POLICY_BUDGET || policy.kind == AM_POLICY_REGIONS) {
        memcpy(part, evaluation->workspace->part, (size_t)evaluation->workspace->parts * sizeof *part);
        return evaluation->workspace->parts;
    }
#ifndef AM_FIRST
    bool whole = !evaluation->received && !evaluation->sent;
    int count = 0;
    for (int64_t i = 0; evaluation->config->pp > 1 && whole && i < evaluation->config->pp * evaluation->config->vpp; i++)
        count = append_parts(evaluation, am_stage_policy(evaluation, policy, i), am_stage_layers(evaluation->config, i), part, count);
    if (count > 0) return count;
#endif
    return append_parts(evaluation, policy, evaluation->config->layers, part, 0);
}

int am_evaluation_runs(am_evaluation *evaluation, am_policy policy)
{
    am_part_plan *part = evaluation->workspace->planned;
    am_run *run = evaluation->workspace->run;
    int count = am_evaluation_parts(evaluation, policy, part);
    for (int i = 0; i < count; i++) run[i] = (am_run){am_evaluation_profile(evaluation, part[i].id), part[i].units, part[i].inner};
    return count;
}

void am_evaluation_compose(am_evaluation *evaluation, am_policy policy, am_outcome *outcome)
{
    if (am_policy_is_schedule(policy)) {
        am_schedule_compose(evaluation, policy, outcome);
        return;
    }
    int runs = am_evaluation_runs(evaluation, policy);
    if (!evaluation->code)
        evaluation->code = am_plan_compose(outcome, &evaluation->pattern, runs, evaluation->workspace->run);
}

static bool lower(const am_outcome *x, const am_outcome *y)
{
    int64_t peak_x = am_outcome_peak(x), peak_y = am_outcome_peak(y);
    if (peak_x != peak_y) return peak_x < peak_y;
    return x->saved_bytes < y->saved_bytes;
}

/* What regions of equal length make of the model, which a plan of the list may have said already. Of a pipeline it says it of other lengths. */
static void compose_segments(am_evaluation *evaluation, am_policy policy, am_outcome *outcome)
{
#ifndef AM_FIRST
    const am_report *report = evaluation->report;
    for (int i = 0; report && evaluation->config->pp == 1 && i < report->plans; i++) {
        am_policy other = report->plan[i].policy;
        bool segments = other.kind == AM_POLICY_EVERY || other.kind == AM_POLICY_SQRT || other.kind == AM_POLICY_BEST_SEGMENTS;
        if (!segments || other.count != policy.count || other.reentrant != policy.reentrant) continue;
        *outcome = report->plan[i].outcome;
        return;
    }
#endif
    am_evaluation_compose(evaluation, policy, outcome);
}

/* The length of equal segments with the lowest peak; with equal peaks the one that keeps least. */
int64_t am_evaluation_best_segment(am_evaluation *evaluation, bool reentrant)
{
    int64_t layers = evaluation->config->layers, best = 1, tried = 0;
    am_outcome lowest = {0};
    for (int64_t segments = layers; segments >= 1 && !evaluation->code; segments--) {
        int64_t inner = am_divide_up(layers, segments);
        if (inner == tried) continue;
        tried = inner;
        am_outcome outcome = {0};
        compose_segments(evaluation, (am_policy){.kind = AM_POLICY_EVERY, .count = inner, .reentrant = reentrant}, &outcome);
        if (inner > 1 && !lower(&outcome, &lowest)) continue;
        best = inner;
        lowest = outcome;
    }
    return best;
}

static const struct {
    am_policy_kind kind;
    const char *label, *note;
} descriptions[] = {
    {AM_POLICY_NONE, "no checkpointing", "every saved tensor is kept"},
    {AM_POLICY_FULL, "every layer", "keeps each layer's input and plays the layer again in backward"},
    {AM_POLICY_EVERY, "segments of layers", "keeps one input for each segment; a whole segment lives in backward"},
    {AM_POLICY_UNIFORM, "uniform", "Megatron's uniform method: one input for each chunk of layers"},
    {AM_POLICY_BLOCK, "first layers only",
     "Megatron's block method: the first layers are checkpointed, the others keep everything"},
    {AM_POLICY_SQRT, "√L segments", "Chen et al. 2016: as many segments as the root of the number of layers"},
    {AM_POLICY_BEST_SEGMENTS, "best equal segments",
     "the number of equal segments with the lowest peak for these sizes"},
    {AM_POLICY_SAVE_MATMULS, "save matrix products",
     "selective: keeps every matrix product and attention, plays the rest again"},
    {AM_POLICY_SAVE_HALF_MATMULS, "save every second product",
     "selective, as torchtitan: keeps attention and every second matrix product"},
    {AM_POLICY_MODULES, "modules of each layer", "selective, as Megatron's --recompute-modules: these are played again"},
    {AM_POLICY_SAVE_LIST, "save listed operations", "selective: keeps the results of these operations alone"},
    {AM_POLICY_BUDGET, "cheapest below the budget",
     "for each layer what the frontier found: the least to run again of all plans with such a peak"},
#ifndef AM_FIRST
    {AM_POLICY_REGIONS, "regions as listed", "keeps one input for each region, and everything of layers in none"},
    {AM_POLICY_MEMORY_BUDGET, "share of each layer",
     "torch.compile's activation_memory_budget, its knapsack on eager's tensors: keeps the dearest results that fit"},
    {AM_POLICY_REVOLVE, "Revolve",
     "Griewank and Walther 2000: the fewest layers played again with so many checkpoints at once"},
    {AM_POLICY_ROTOR, "Rotor",
     "Beaumont et al. 2019: the fastest schedule under a peak that keeps each layer whole, by its input or not at all"},
    {AM_POLICY_OFFLOAD, "every layer, inputs on the host",
     "as Unsloth: keeps each layer's input in host memory and plays the whole layer again"},
    {AM_POLICY_OFFLOAD_SAVED, "saved tensors on the host",
     "torch.autograd.graph.save_on_cpu: each saved tensor copied by itself, weights too; nothing is played again"},
    {AM_POLICY_PARTITION, "every layer, inputs shared out",
     "as DeepSpeed's partition_activations: each rank keeps its part of a layer's input"},
    {AM_POLICY_PARTITION_HOST, "every layer, parts of inputs on the host",
     "as DeepSpeed's partition_activations with cpu_checkpointing"},
#endif
};

static bool same_policy(am_policy x, am_policy y)
{
    return x.kind == y.kind && x.count == y.count && x.reentrant == y.reentrant && x.ops[0] == y.ops[0] &&
           x.ops[1] == y.ops[1] && x.modules == y.modules;
}

static void add_plan(am_evaluation *evaluation, am_policy policy)
{
    am_report *report = evaluation->report;
    bool own = am_wiring_of(evaluation->config)->any; /* Megatron's checkpoint has one kind only */
    policy.reentrant |= own;
    for (int i = 0; i < report->plans; i++)
        if (same_policy(report->plan[i].policy, policy)) return;
    if (report->plans == AM_MAX_PLANS || evaluation->code) return;
    am_plan *plan = &report->plan[report->plans];
    *plan = (am_plan){
        .policy = policy, .chosen = same_policy(policy, report->policy), .excess_bytes = -1, .excess_time = -1, .rank_peak = -1};
    for (size_t i = 0; i < sizeof descriptions / sizeof *descriptions; i++)
        if (descriptions[i].kind == policy.kind) {
            plan->label = descriptions[i].label;
            plan->note = descriptions[i].note;
        }
    if (policy.modules == AM_MODULE_CORE_ATTN) {
        plan->label = "core attention";
        plan->note = "selective, as Megatron's core_attn: scores, softmax and dropout are played again";
    }
    if (policy.reentrant && !own && policy.kind == AM_POLICY_FULL) plan->label = "every layer, reentrant";
    if (policy.reentrant && !own && !am_policy_moves(policy)) plan->note = "use_reentrant=True: the whole region runs again, without early stop";
    if (plan->chosen && am_policy_is_schedule(policy))
        plan->outcome = report->outcome; /* made and played already */
    else if (policy.kind == AM_POLICY_SQRT || policy.kind == AM_POLICY_BEST_SEGMENTS)
        compose_segments(evaluation, policy, &plan->outcome);
    else
        am_evaluation_compose(evaluation, policy, &plan->outcome);
    if (am_policy_moves(policy)) am_offload_read(evaluation, policy, &plan->outcome, &plan->traffic);
    report->plans++;
}

static am_policy segments(am_policy_kind kind, int64_t count)
{
    return (am_policy){.kind = kind, .count = count};
}

static const am_policy core_attention = {.kind = AM_POLICY_MODULES, .modules = AM_MODULE_CORE_ATTN};

/* Plays what the plans are composed of, profiles of one record one behind another: so each is recorded once. */
static void play_all(am_evaluation *evaluation)
{
    static const am_profile_id order[] = {AM_PROFILE_LAYER, AM_PROFILE_LAYER_REENTRANT, AM_PROFILE_SAVE_MATMULS,
#ifndef AM_FIRST
                                          AM_PROFILE_HOST_INPUTS,
#endif
                                          AM_PROFILE_SAVE_HALF_MATMULS};
    bool adapters = evaluation->config->trainable == AM_TRAIN_LORA; /* by hand is another record with them only */
    bool experts = evaluation->config->experts > 0; /* no chain, and nothing that is moved */
    if (adapters) am_evaluation_profile(evaluation, AM_PROFILE_LAYER_BY_HAND);
#ifndef AM_FIRST
    if (!experts) am_schedule_prepare(evaluation);
#endif
    for (size_t i = 0; i < sizeof order / sizeof *order; i++)
        if (order[i] != AM_PROFILE_HOST_INPUTS || !experts) am_evaluation_profile(evaluation, order[i]);
}

/* Do the listed plans include those that are composed of these? */
static bool has_regions(const am_evaluation *evaluation)
{
    return evaluation->config->stack != AM_STACK_PAPER && !am_wiring_of(evaluation->config)->any;
}

/* Plans that core.wasm leaves out. */
static void add_chain_plans(am_evaluation *evaluation)
{
#ifdef AM_FIRST
    (void)evaluation;
#else
    if (evaluation->config->experts > 0) return;
    int64_t slots = am_schedule_usual_slots(evaluation->config);
    if (slots) add_plan(evaluation, segments(AM_POLICY_REVOLVE, slots));
    add_plan(evaluation, (am_policy){.kind = AM_POLICY_OFFLOAD, .reentrant = true});
#endif
}

/* Of a pipeline, of a stage: the layers of the first, and what divides those of all. */
static int64_t layers_together(const am_evaluation *evaluation, bool divided)
{
#ifndef AM_FIRST
    const am_config *config = evaluation->config;
    if (config->pp > 1) return divided ? am_stage_divisor(config) : am_stage_layers(config, 0);
#else
    (void)divided;
#endif
    return evaluation->config->layers;
}

/* Plans of reentrant regions, and of regions of several layers. */
static void add_longer_plans(am_evaluation *evaluation)
{
    int64_t layers = layers_together(evaluation, false);
    add_plan(evaluation, (am_policy){.kind = AM_POLICY_FULL, .reentrant = true});
    if (layers >= 2) add_plan(evaluation, segments(AM_POLICY_EVERY, 2));
    if (layers >= 4) add_plan(evaluation, segments(AM_POLICY_EVERY, 4));
    add_plan(evaluation, segments(AM_POLICY_SQRT, am_root_segment(layers)));
    if (evaluation->config->pp == 1) /* else each stage has its own, which are sought where they are asked for */
        add_plan(evaluation, segments(AM_POLICY_BEST_SEGMENTS, am_evaluation_best_segment(evaluation, false)));
    add_chain_plans(evaluation);
}

static void add_plans(am_evaluation *evaluation)
{
    int64_t layers = layers_together(evaluation, false);
    add_plan(evaluation, segments(AM_POLICY_NONE, 0));
    if (evaluation->config->stack == AM_STACK_PAPER) {
        add_plan(evaluation, core_attention);
        add_plan(evaluation, segments(AM_POLICY_FULL, 0));
    } else if (am_wiring_of(evaluation->config)->any) {
        if (evaluation->config->attention == AM_EAGER) add_plan(evaluation, core_attention);
        if (layers > 1) add_plan(evaluation, segments(AM_POLICY_BLOCK, layers / 2));
        add_plan(evaluation, segments(AM_POLICY_FULL, 0));
        if (layers_together(evaluation, true) % 2 == 0) add_plan(evaluation, segments(AM_POLICY_UNIFORM, 2));
    } else {
        play_all(evaluation);
        add_plan(evaluation, segments(AM_POLICY_SAVE_MATMULS, 0));
        add_plan(evaluation, segments(AM_POLICY_SAVE_HALF_MATMULS, 0));
        if (layers > 1) add_plan(evaluation, segments(AM_POLICY_BLOCK, layers / 2));
        add_plan(evaluation, segments(AM_POLICY_FULL, 0));
        if (evaluation->config->zero < 3) add_longer_plans(evaluation); /* else regions of one layer, not reentrant */
    }
    add_plan(evaluation, evaluation->report->policy);
}

/* ---- rows ---- */

static void add_row(am_report_row *rows, int *count, const am_row *row, int kind, int64_t times)
{
    if (*count < AM_MAX_REPORT_ROWS) rows[(*count)++] = (am_report_row){*row, kind, -1, times};
}

static bool in_unit(const am_row *row, const am_record *record, int unit)
{
    return row->zone > unit * record->inner && row->zone <= (unit + 1) * record->inner;
}

/* By the rows of the played unit that stands for the kind. */
void am_evaluation_add_units(am_evaluation *evaluation, const am_ledger *ledger, const am_run *run, int unit,
                             int64_t count, const char *name)
{
    am_report *report = evaluation->report;
    const am_record *record = &run->profile->record;
    if (count <= 0 || report->kinds == AM_MAX_KINDS) return;
    int kind = record->kind[unit * record->inner];
    const char *label = run->inner > 1 ? NULL : am_model_kind_name(evaluation->config, kind);
    report->kind[report->kinds++] = (am_kind){name, count, run->inner, ledger->unit_bytes[unit], label};
    for (int i = 0; i < ledger->count; i++)
        if (!ledger->row[i].shared && in_unit(&ledger->row[i], record, unit))
            add_row(report->row, &report->rows, &ledger->row[i], report->kinds - 1, count);
}

/* The kinds of the runs that show the same profile as this one, the first of them, with as many layers a unit. The model's
 * first unit is a kind of its own where it keeps other bytes than those like it. Segments keep the same whatever their
 * layers. */
static void add_runs(am_evaluation *evaluation, const am_ledger *ledger, int index, int runs)
{
    const char *const names[][2] = {{"layer", "first layer"},
                                    {"checkpointed layer", "first checkpointed layer"},
                                    {"checkpointed segment", "first checkpointed segment"}};
    const am_workspace *workspace = evaluation->workspace;
    const am_run *run = &workspace->run[index];
    const char *const *name = names[!run->profile->checkpointed ? 0 : run->inner == 1 ? 1 : 2];
    const int *steady = run->profile->steady;
    int64_t count[AM_MAX_LAYER_KINDS] = {0}, first = 0;
    int kind = -1;
    for (int i = 0; i < runs; first += workspace->planned[i].units * workspace->planned[i].inner, i++) {
        const am_part_plan *part = &workspace->planned[i];
        int64_t own[AM_MAX_LAYER_KINDS] = {0};
        if (part->id != workspace->planned[index].id || part->inner != run->inner) continue;
        if (kind < 0) kind = am_pattern_kind(&evaluation->pattern, first);
        if (run->inner == 1)
            count_kinds(evaluation, first, first + part->units, own);
        else
            own[kind] = part->units;
        for (int j = 0; j < AM_MAX_LAYER_KINDS; j++) count[j] += own[j];
    }
    if (index == 0 && (count[kind] == 1 || ledger->unit_bytes[0] != ledger->unit_bytes[steady[kind]])) {
        am_evaluation_add_units(evaluation, ledger, run, 0, 1, name[count[kind] > 1]);
        count[kind]--;
    }
    for (int i = 0; i < AM_MAX_LAYER_KINDS; i++, kind = (kind + 1) % AM_MAX_LAYER_KINDS)
        am_evaluation_add_units(evaluation, ledger, run, steady[kind], count[kind], name[0]);
}

static bool is_outside(const am_row *row, const am_record *record)
{
    return row->zone == 0 || row->zone > record->units * record->inner;
}

/* Is it among the shared rows of the runs before, the first so many? */
static bool is_shared(const am_report *report, int rows, const am_row *row, int kind)
{
    for (int i = 0; i < rows; i++) {
        const am_report_row *other = &report->row[i];
        if (other->row.shared && other->layers_like == kind && other->row.bytes == row->bytes &&
            strcmp(other->row.name, row->name) == 0)
            return true;
    }
    return false;
}

/* What the layers of a run share, where there are layers to share it. A record has units of kinds that a short run lacks:
 * what only those share is not kept; nor is what the runs before it, of layers from 0 to below `first`, keep already. */
static void add_shared(am_evaluation *evaluation, const am_ledger *ledger, const am_run *run, int64_t first, bool alone)
{
    am_report *report = evaluation->report;
    const am_record *record = &run->profile->record;
    int64_t count[AM_MAX_LAYER_KINDS];
    int rows = report->rows;
    count_kinds(evaluation, first, first + run->units * run->inner, count);
    for (int i = 0; i < ledger->count; i++) {
        const am_row *row = &ledger->row[i];
        if (!row->shared) continue;
        int kind = is_outside(row, record) ? -1 : record->kind[row->zone - 1];
        if (kind < 0 ? first > 0 : count[kind] == 0 || is_shared(report, rows, row, kind)) continue;
        report->shared_bytes += row->bytes;
        add_row(report->row, &report->rows, row, alone ? 0 : AM_KIND_SHARED, 1);
        if (report->rows > 0) report->row[report->rows - 1].layers_like = kind;
    }
}

static void add_outside(am_report *report, const am_ledger *ledger, const am_record *record)
{
    for (int i = 0; i < ledger->count; i++)
        if (!ledger->row[i].shared && is_outside(&ledger->row[i], record))
            add_row(report->row, &report->rows, &ledger->row[i], AM_KIND_OUTSIDE, 1);
    report->outside_bytes = ledger->outside_bytes;
}

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

/* The first of the report's kinds that is made of layers of this kind; segments hold all. */
static int report_kind(const am_evaluation *evaluation, int kind)
{
    const am_report *report = evaluation->report;
    const char *label = am_model_kind_name(evaluation->config, kind);
    for (int i = 0; i < report->kinds; i++)
        if (report->kind[i].label == label) return i;
    return 0;
}

/* What so many layers of each kind no longer keep, shown by a usual layer of it. */
static void add_dropped(am_evaluation *evaluation, const am_ledger *kept, const am_profile *profile,
                        const int64_t count[AM_MAX_LAYER_KINDS])
{
    am_report *report = evaluation->report;
    const am_ledger *plain = &evaluation->workspace->plain;
    const am_profile *usual = &evaluation->workspace->profile[AM_PROFILE_PLAIN];
    bool taken[AM_MAX_ROWS] = {false};
    for (int i = 0; i < plain->count; i++) {
        const am_row *row = &plain->row[i];
        if (row->shared || row->zone == 0 || row->zone > usual->record.units) continue;
        int kind = usual->record.kind[row->zone - 1];
        if (row->zone != usual->steady[kind] + 1 || count[kind] == 0) continue;
        if (!still_kept(kept, &profile->record, profile->steady[kind], row, taken))
            add_row(report->dropped, &report->dropped_rows, row, report_kind(evaluation, kind), count[kind]);
    }
}

/* What is on the tape for the whole run and that this ledger of it has no row for. */
static void add_lasting(am_report *report, const am_tape *tape, const am_ledger *ledger)
{
    report->lastings = 0;
    for (int i = 1; i < tape->storages && report->lastings < AM_MAX_LASTING; i++) {
        const am_storage *storage = &tape->storage[i];
        if (!storage->permanent || tape->instruction[storage->born].zone > 0 || ledger->row_of[i]) continue;
        int component = (int)tape->instruction[storage->born].module.component;
        report->lasting[report->lastings++] = (am_lasting){storage->name, storage->bytes, storage->of_layers ? component : -1};
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
            if (report->lasting[i].component == (int)row->module.component) report->lasting[i].bytes -= row->bytes * count[kind];
}

static void settle_lasting(am_evaluation *evaluation, const am_ledger *ledger, int index, int runs)
{
    const am_part_plan *part = evaluation->workspace->planned;
    int64_t first = 0;
    for (int i = 0; i < runs; first += part[i].units * part[i].inner, i++) {
        const am_profile *profile = evaluation->workspace->run[i].profile;
        int64_t count[AM_MAX_LAYER_KINDS];
        if (part[i].id != part[index].id) continue;
        count_kinds(evaluation, first, first + part[i].units * part[i].inner, count);
        for (int j = 0; j < ledger->count; j++)
            if (ledger->row[j].permanent && !is_outside(&ledger->row[j], &profile->record))
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
#define drop_settled(report) ((void)0)
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
    am_workspace *workspace = evaluation->workspace;
    const am_part_plan *part = workspace->planned;
    int64_t first = 0, dropped[AM_MAX_LAYER_KINDS] = {0};
    for (int i = 0; i < runs; i++)
        if (part[i].id == id && first_alike(part, i, true) == i) add_runs(evaluation, ledger, i, runs);
    for (int i = 0; i < runs; first += part[i].units * part[i].inner, i++) {
        int64_t count[AM_MAX_LAYER_KINDS];
        if (part[i].id != id) continue;
        add_shared(evaluation, ledger, &workspace->run[i], first, alone);
        count_kinds(evaluation, first, first + part[i].units * part[i].inner, count);
        for (int kind = 0; kind < AM_MAX_LAYER_KINDS; kind++) dropped[kind] += count[kind];
    }
    if (id != AM_PROFILE_PLAIN) add_dropped(evaluation, ledger, &workspace->profile[id], dropped);
}

const am_ledger *am_evaluation_show(am_evaluation *evaluation, am_profile_id id)
{
    int samples = 0;
    return show_profile(evaluation, id, &samples);
}

void am_evaluation_choose_schedule(am_evaluation *evaluation, const am_run *run, const am_ledger *kept,
                                   const int64_t dropping[AM_MAX_LAYER_KINDS])
{
    am_report *report = evaluation->report;
    add_lasting(report, &evaluation->workspace->tape, kept);
    report->shared_bytes = 0;
    add_shared(evaluation, kept, run, 0, false);
    add_outside(report, kept, &run->profile->record);
    add_dropped(evaluation, kept, run->profile, dropping);
    report->saved_bytes = report->outcome.saved_bytes;
    if (report->points > AM_MAX_POINTS) evaluation->code = AM_CAPACITY;
}

/* The model's own parameters and those of one layer at a time, or of all: layers are alike. */
static void read_gathered(am_evaluation *evaluation)
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
        show_profile(evaluation, AM_PROFILE_PLAIN, &samples);
    else
        am_evaluation_profile(evaluation, AM_PROFILE_PLAIN);
    if (!plain && part[0].inner > 1 && has_regions(evaluation)) play_all(evaluation); /* while single layers are on the tape */
    for (int i = 0; i < runs; i++) {
        if (first_alike(part, i, false) < i) continue;
        const am_ledger *ledger =
            part[i].id == AM_PROFILE_PLAIN ? &workspace->plain : show_profile(evaluation, part[i].id, &samples);
        if (evaluation->code) return;
        add_profile(evaluation, part[i].id, ledger, runs, alone);
        if (i == 0) add_outside(report, ledger, &workspace->run[0].profile->record);
        if (i == 0) add_lasting(report, &workspace->tape, ledger);
        settle_lasting(evaluation, ledger, i, runs);
    }
    drop_settled(report);
    if (!evaluation->code)
        evaluation->code = am_plan_compose(&report->outcome, &evaluation->pattern, runs, workspace->run);
    if (evaluation->code) return;
    if (alone) report->kind[0].bytes += report->shared_bytes;
    if (alone) report->shared_bytes = 0;
    report->saved_bytes = report->outcome.saved_bytes;
    report->points = am_plan_timeline(report->point, AM_MAX_POINTS, &evaluation->pattern, runs, workspace->run);
    bool cut = report->kinds == AM_MAX_KINDS || report->rows == AM_MAX_REPORT_ROWS || report->dropped_rows == AM_MAX_REPORT_ROWS;
    if (cut || report->points > AM_MAX_POINTS) evaluation->code = AM_CAPACITY; /* nothing is left out */
}

static void choose(am_evaluation *evaluation)
{
    am_report *report = evaluation->report;
    am_policy policy = report->policy;
    report->schedule = NULL;
    memset(&report->traffic, 0, sizeof report->traffic);
    if (am_policy_is_schedule(policy) && am_schedule_choose(evaluation, policy)) return;
    if (am_policy_is_schedule(policy)) policy = (am_policy){.kind = AM_POLICY_NONE}; /* which runs nothing again */
    choose_runs(evaluation, policy);
    if (!evaluation->code && am_policy_moves(policy))
        am_offload_read(evaluation, policy, &report->outcome, &report->traffic);
}

/* ---- parameters ---- */

/* Counted on what is on the tape, where the first layer of each kind stands for all of them. */
am_code am_evaluation_parameters(const am_evaluation *evaluation, am_parameters *parameters)
{
    const am_record *record = &evaluation->workspace->recorded;
    int64_t count[AM_MAX_LAYER_KINDS], layers[AM_MAX_UNITS] = {0};
    count_kinds(evaluation, 0, evaluation->config->layers, count);
    for (int i = 0; i < record->units * record->inner; i++) {
        layers[i] = count[record->kind[i]];
        count[record->kind[i]] = 0;
    }
    return am_parameters_count(parameters, &evaluation->workspace->tape, layers);
}

/* ---- the only rank ---- */

/* The model on one rank, whose figures are the report's. */
static void add_only_rank(am_report *report)
{
    const am_kind *kind = &report->kind[report->kinds - 1];
    const am_outcome *outcome = &report->outcome;
    int16_t layers = (int16_t)report->config.layers;
    report->chunk[0] = (am_chunk){.layers = layers, .embedding = true, .head = true, .alive = 1};
    report->rank[0] = (am_rank){.layers = layers,
                                .in_flight = 1,
                                .in_flight_by_input = 1,
                                .layer_bytes = kind->bytes / kind->layers_each,
                                .saved_bytes = report->saved_bytes,
                                .after_forward = outcome->after_forward,
                                .forward_peak = outcome->forward_peak,
                                .backward_peak = outcome->backward_peak,
                                .peak_bytes = outcome->step_peak,
                                .parameters = report->parameters.total,
                                .chunks = 1};
    report->ranks = 1;
}

/* ---- the whole ---- */

#ifndef AM_FIRST
/* Why there is no frontier of these; NULL: there is one. */
static const char *no_frontier(const am_config *config)
{
    if (config->stack == AM_STACK_PAPER)
        return "the paper's equations know three policies, for all layers alike: checkpoint=none, modules:core_attn and full";
    if (config->pp > 1 && config->schedule >= AM_INTERLEAVED_ZERO_BUBBLE)
        return "each part of a backward in two parts would run a region again by itself, and no framework does: checkpoint=none";
    return NULL;
}
#endif

static void begin(am_evaluation *evaluation)
{
    int64_t value[AM_SYMBOL_COUNT];
    am_workspace *workspace = evaluation->workspace;
    am_model_symbols(evaluation->config, value);
    am_extents_init(evaluation->extents, value);
    memset(workspace->played, 0, sizeof workspace->played);
    workspace->recorded = (am_record){0};
}

#ifndef AM_FIRST
/* The runs of a list of regions, in the workspace. */
static void lay_regions(am_evaluation *evaluation, am_policy policy)
{
    am_workspace *workspace = evaluation->workspace;
    am_regions next;
    workspace->parts = 0;
    for (const char *list = policy.regions; list && am_policy_next_regions(&list, &next);) {
        am_part_plan part = {AM_PROFILE_PLAIN, next.count, 1};
        if (next.layers > 0)
            part = (am_part_plan){profile_id(evaluation, policy, next.layers), next.count, next.layers};
        workspace->parts = am_part_append(workspace->part, workspace->parts, part);
    }
}
#endif

/* What a policy leaves to be found. */
static void settle(am_evaluation *evaluation, am_policy *policy)
{
#ifndef AM_FIRST
    if (evaluation->config->pp > 1)
        am_stages_settle(evaluation, policy);
    else
#endif
    if (policy->kind == AM_POLICY_BEST_SEGMENTS) policy->count = am_evaluation_best_segment(evaluation, policy->reentrant);
    if (policy->kind == AM_POLICY_SAVE_LIST)
        evaluation->workspace->listed[0] = (am_listed){{{policy->ops[0], policy->ops[1]}, 0}, 0};
#ifndef AM_FIRST
    evaluation->workspace->choices.searched = false;
    evaluation->workspace->choices.dears = 0;
    if (policy->kind == AM_POLICY_REGIONS) lay_regions(evaluation, *policy);
    if (policy->kind == AM_POLICY_BUDGET && evaluation->config->pp > 1) am_ranks_plan(evaluation, policy->count);
    else if (policy->kind == AM_POLICY_BUDGET) am_choices_keep_below(evaluation, policy->count);
#endif
}

static void evaluate(am_evaluation *evaluation)
{
    am_report *report = evaluation->report;
    begin(evaluation);
    settle(evaluation, &report->policy);
    if (!evaluation->code) choose(evaluation);
    read_gathered(evaluation);
    if (!evaluation->code) evaluation->code = am_evaluation_parameters(evaluation, &report->parameters);
    add_plans(evaluation);
#ifndef AM_FIRST
    if (evaluation->config->frontier) report->frontier.why_not = no_frontier(evaluation->config);
    if (evaluation->config->frontier && !report->frontier.why_not) {
        if (evaluation->config->pp > 1) am_ranks_report_frontier(evaluation);
        else am_choices_report(evaluation);
    }
    bool planned = report->policy.kind == AM_POLICY_BUDGET || report->policy.kind == AM_POLICY_REGIONS;
    if (planned && evaluation->config->pp == 1 && !evaluation->code) am_choices_report_plan(evaluation, 0, 0);
#endif
    if (evaluation->code) return;
#ifndef AM_FIRST
    if (evaluation->config->pp > 1) {
        evaluation->code = am_ranks_read(evaluation, &report->fit);
        return;
    }
#endif
    add_only_rank(report);
    evaluation->code = am_fit_read(&report->fit, evaluation->config, &report->parameters, &report->outcome);
}

/* Says what went wrong. */
static am_code end(const am_evaluation *evaluation, am_status *status)
{
    if (evaluation->code == AM_OK) return AM_OK;
    *status = evaluation->workspace->tape.status;
    if (status->code) return status->code;
    if (evaluation->code == AM_TOO_LARGE)
        return am_fail(
            status, AM_TOO_LARGE, "seq",
            "bytes would exceed 2^53, or FLOPs 2^62: a shorter seq, a smaller batch or fewer layers would fit");
    return am_fail(status, evaluation->code, "timeline",
                   "this model's record or timeline is longer than this build can hold: timeline=modules");
}

am_code am_evaluate(am_report *report, am_workspace *workspace, const am_config *config, am_status *status)
{
    *status = (am_status){0};
    report->config = *config;
    if (am_config_resolve(&report->config, status)) return status->code;
    if (am_policy_parse(&report->policy, &report->config, status)) return status->code;
#ifdef AM_FIRST
    if (report->policy.kind >= AM_POLICY_SAVE_LIST) return am_fail(status, AM_ELSEWHERE, "checkpoint", "");
#endif
    report->preset = am_preset_find(report->config.model);
    report->kinds = report->rows = report->dropped_rows = report->plans = report->points = report->ranks = 0;
    report->worst_rank = 0;
    report->frontier.found = false; /* the rest is read only where it is */
    report->frontier.why_not = NULL;
#ifndef AM_FIRST
    report->plan_runs.runs = report->plan_runs.choices = 0;
    report->doubt = (am_doubt){0};
#endif
    report->answers = report->changes = 0;
    report->usual.id = NULL;
    am_evaluation evaluation = {.report = report,
                                .workspace = workspace,
                                .config = &report->config,
                                .policy = &report->policy,
                                .timed = true,
                                .extents = &report->extents,
                                .pattern = am_model_pattern(&report->config)};
    if (am_rates_of(&report->config, &evaluation.rates, status)) return status->code;
    report->rates = evaluation.rates;
    report->device = am_device_find(report->config.device);
    report->cost_rows = 0;
    evaluate(&evaluation);
    return end(&evaluation, status);
}

#ifndef AM_FIRST
static bool is_chosen_by_times(am_policy policy)
{
    switch (policy.kind) {
    case AM_POLICY_BUDGET:
    case AM_POLICY_MEMORY_BUDGET:
    case AM_POLICY_ROTOR: return true;
    default: return false;
    }
}

static am_code evaluate_totals(am_totals *totals, am_workspace *workspace, const am_config *config, bool timed, am_status *status)
{
    *status = (am_status){0};
    totals->config = *config;
    if (am_config_resolve(&totals->config, status)) return status->code;
    if (am_policy_parse(&totals->policy, &totals->config, status)) return status->code;
    am_evaluation evaluation = {.workspace = workspace,
                                .config = &totals->config,
                                .policy = &totals->policy,
                                .timed = timed || is_chosen_by_times(totals->policy),
                                .extents = &workspace->extents,
                                .pattern = am_model_pattern(&totals->config)};
    if (am_rates_of(&totals->config, &evaluation.rates, status)) return status->code;
    begin(&evaluation);
    settle(&evaluation, &totals->policy);
    am_evaluation_compose(&evaluation, totals->policy, &totals->outcome);
    if (!evaluation.code) evaluation.code = am_evaluation_parameters(&evaluation, &totals->parameters);
    if (!evaluation.code)
        evaluation.code = totals->config.pp > 1
                              ? am_ranks_read(&evaluation, &totals->fit)
                              : am_fit_read(&totals->fit, &totals->config, &totals->parameters, &totals->outcome);
    return end(&evaluation, status);
}

am_code am_evaluate_totals(am_totals *totals, am_workspace *workspace, const am_config *config, am_status *status)
{
    return evaluate_totals(totals, workspace, config, false, status);
}

am_code am_evaluate_costs(am_totals *totals, am_workspace *workspace, const am_config *config, am_status *status)
{
    return evaluate_totals(totals, workspace, config, true, status);
}
#endif
