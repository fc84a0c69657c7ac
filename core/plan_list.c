/* The plans that a report lists beside the chosen policy. */
#include "evaluate.h"
#include "policies.h"
#include "proven.h"
#include "wiring.h"

/* Do the listed plans include those that are composed of these? */
bool am_evaluation_has_regions(const am_evaluation *evaluation)
{
    return evaluation->config->stack != AM_STACK_PAPER && !am_wiring_of(evaluation->config)->any;
}

static const struct {
    am_policy_kind kind;
    const char *label, *note;
} descriptions[] = {
    {AM_POLICY_NONE, "no checkpointing", "every saved tensor is kept"},
    {AM_POLICY_FULL, "every layer", "keeps each layer's input and recomputes the layer in backward"},
    {AM_POLICY_EVERY, "segments of layers", "keeps one input for each segment; a whole segment is live in backward"},
    {AM_POLICY_UNIFORM, "uniform", "Megatron's uniform method: one input for each chunk of layers"},
    {AM_POLICY_BLOCK, "first layers only",
     "Megatron's block method: the first layers are checkpointed, the others keep everything"},
    {AM_POLICY_SQRT, "√L segments", "Chen et al. 2016: as many segments as the root of the number of layers"},
    {AM_POLICY_BEST_SEGMENTS, "best equal segments",
     "the number of equal segments with the lowest peak for these sizes"},
    {AM_POLICY_SAVE_MATMULS, "save matrix products",
     "selective: keeps every matrix product and attention, recomputes the rest"},
    {AM_POLICY_SAVE_HALF_MATMULS, "save every second product",
     "selective, as torchtitan: keeps attention and every second matrix product"},
#ifndef AM_FIRST
    {AM_POLICY_MODULES, "modules of each layer", "selective, as Megatron's --recompute-modules: these are recomputed"},
    {AM_POLICY_SAVE_LIST, "save listed operations", "selective: keeps the results of these operations alone"},
    {AM_POLICY_BUDGET, "cheapest below the budget",
     "for each layer what the frontier found: the least recomputation of all plans with such a peak"},
    {AM_POLICY_REGIONS, "regions as listed", "keeps one input for each region, and everything of layers in none"},
    {AM_POLICY_MEMORY_BUDGET, "share of each layer",
     "torch.compile's activation_memory_budget, its knapsack on eager's tensors: keeps the dearest results that fit"},
    {AM_POLICY_REVOLVE, "Revolve",
     "Griewank and Walther 2000: the fewest layers recomputed with so many checkpoints at once"},
    {AM_POLICY_ROTOR, "Rotor",
     "Beaumont et al. 2019: the fastest schedule found under a peak that keeps each layer whole, by its input or not at all"},
    {AM_POLICY_OFFLOAD, "every layer, inputs on the host",
     "as Unsloth: keeps each layer's input in host memory and recomputes the whole layer"},
    {AM_POLICY_OFFLOAD_SAVED, "saved tensors on the host",
     "torch.autograd.graph.save_on_cpu: each saved tensor copied by itself, weights too; nothing is recomputed"},
    {AM_POLICY_PARTITION, "every layer, inputs shared out",
     "as DeepSpeed's partition_activations: each rank keeps its part of a layer's input"},
    {AM_POLICY_PARTITION_HOST, "every layer, parts of inputs on the host",
     "as DeepSpeed's partition_activations with cpu_checkpointing"},
#endif
};

/* Listed operations are of the chosen policy alone. */
static bool same_policy(am_policy x, am_policy y)
{
    return x.kind == y.kind && x.count == y.count && x.reentrant == y.reentrant && x.modules == y.modules;
}

/* None that would be refused if it were asked for: what core.wasm answers for has all of its plans. */
static bool is_covered(const am_evaluation *evaluation, am_policy policy)
{
#ifdef AM_FIRST
    (void)evaluation;
    (void)policy;
    return true;
#else
    am_status status;
    return am_policy_check(evaluation->config, policy, &status) == AM_OK;
#endif
}

static void add_plan(am_evaluation *evaluation, am_policy policy)
{
    am_report *report = evaluation->report;
    bool own = am_wiring_of(evaluation->config)->any; /* Megatron's checkpoint has one kind only */
    policy.reentrant |= own;
    if (!is_covered(evaluation, policy)) return;
    for (int i = 0; i < report->plans; i++)
        if (same_policy(report->plan[i].policy, policy)) return;
    if (AM_NEVER(report->plans == AM_MAX_PLANS) || evaluation->code) return; /* 12 beside the chosen one */
    am_plan *plan = &report->plan[report->plans];
    *plan = (am_plan){.policy = policy,
                      .chosen = same_policy(policy, report->policy),
                      .excess_bytes = -1,
                      .excess_time = -1,
                      .rank_peak = -1};
    for (size_t i = 0; i < sizeof descriptions / sizeof *descriptions; i++)
        if (descriptions[i].kind == policy.kind) {
            plan->label = descriptions[i].label;
            plan->note = descriptions[i].note;
        }
#ifndef AM_FIRST
    if (policy.modules == AM_MODULE_CORE_ATTN) {
        plan->label = "core attention";
        plan->note = "selective, as Megatron's core_attn: scores, softmax and dropout are recomputed";
    }
#endif
    if (policy.reentrant && !own && policy.kind == AM_POLICY_FULL) plan->label = "every layer, reentrant";
    if (policy.reentrant && !own && !am_policy_moves(policy))
        plan->note = "use_reentrant=True: the whole region is recomputed, without early stop";
    if (plan->chosen && am_policy_is_schedule(policy))
        plan->outcome = report->outcome; /* made and played already */
    else if (policy.kind == AM_POLICY_SQRT || policy.kind == AM_POLICY_BEST_SEGMENTS)
        am_evaluation_compose_segments(evaluation, policy, &plan->outcome);
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

void am_evaluation_list_plans(am_evaluation *evaluation)
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
        am_evaluation_play_all(evaluation);
        add_plan(evaluation, segments(AM_POLICY_SAVE_MATMULS, 0));
        add_plan(evaluation, segments(AM_POLICY_SAVE_HALF_MATMULS, 0));
        if (layers > 1) add_plan(evaluation, segments(AM_POLICY_BLOCK, layers / 2));
        add_plan(evaluation, segments(AM_POLICY_FULL, 0));
        if (evaluation->config->zero < 3) add_longer_plans(evaluation); /* else regions of one layer, not reentrant */
    }
    add_plan(evaluation, evaluation->report->policy);
}
