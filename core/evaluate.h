/* What the parts of an evaluation and the search for plans share. Private to the core. */
#ifndef ACTMEM_EVALUATE_H
#define ACTMEM_EVALUATE_H

#include "actmem.h"

typedef struct am_evaluation {
    am_report *report; /* NULL: only figures are wanted */
    am_workspace *workspace;
    const am_config *config;
    const am_policy *policy;
    am_extents *extents;
    am_pattern pattern;
    bool timed; /* operations' times are wanted */
    am_rates rates;
    bool chained; /* the planner's chain is this model's */
    bool received, sent; /* of a pipeline stage, as am_record */
#ifndef AM_FIRST
    bool parted;   /* it is asked what live bytes are of */
    am_rank *rank; /* where ranks are written beside the report; NULL: nowhere */
#endif
    am_code code;
} am_evaluation;

/* profiles.c: how many of the layers from `first` to below `end` are of each kind. */
void am_evaluation_count_kinds(const am_evaluation *evaluation, int64_t first, int64_t end, int64_t count[AM_MAX_LAYER_KINDS]);
/* The profile of a region of so many layers, more than one, that keeps its input alone. */
am_profile_id am_profile_of_segment(const am_evaluation *evaluation, int64_t inner, bool reentrant);
/* The profile that a policy's checkpointed units of so many layers look like. */
am_profile_id am_profile_for(const am_evaluation *evaluation, am_policy policy, int64_t inner);
/* A profile for its figures alone: played once. */
const am_profile *am_evaluation_profile(am_evaluation *evaluation, am_profile_id id);
/* The tape with a profile's record on it. */
const am_tape *am_evaluation_tape(am_evaluation *evaluation, am_profile_id id);
/* The ledger of a profile that is shown, and its samples behind the first so many, which its own join. */
const am_ledger *am_evaluation_show(am_evaluation *evaluation, am_profile_id id);
const am_ledger *am_evaluation_sample(am_evaluation *evaluation, am_profile_id id, int *samples);
/* Plays what the listed plans are composed of, profiles of one record one behind another: so each is recorded once. */
void am_evaluation_play_all(am_evaluation *evaluation);
/* plan_list.c: the plans of the report. Do they include those that are composed of these? */
void am_evaluation_list_plans(am_evaluation *evaluation);
bool am_evaluation_has_regions(const am_evaluation *evaluation);
/* chosen.c: the chosen policy's own plays, with their ledgers and the timeline; what FSDP2 has gathered then. */
void am_evaluation_choose(am_evaluation *evaluation);
void am_evaluation_read_gathered(am_evaluation *evaluation);
/* live_parts.c: what the live bytes of the chosen policy's timeline are of, and those of the step without checkpointing. */
void am_evaluation_read_parts(am_evaluation *evaluation);
/* Units that keep the same: the first layer of them, how many there are, and how many layers of each of the model's kinds they have; and
 * of these units, how many are kept that begin with a layer of each kind: none where nothing of them is. */
typedef struct am_units_alike {
    int64_t first, units, layers[AM_MAX_LAYER_KINDS], regions[AM_MAX_LAYER_KINDS];
} am_units_alike;
/* A kind of unit of the report, and the rows of what it keeps and no longer keeps, by those of the played unit that stands for it. */
void am_evaluation_add_units(am_evaluation *evaluation, const am_ledger *ledger, const am_run *run, int unit,
                             const am_units_alike *alike, const char *name);
/* The rest of a report whose policy is a schedule: kept is the ledger of a run of checkpointed layers. */
void am_evaluation_choose_schedule(am_evaluation *evaluation, const am_run *run, const am_ledger *kept);
/* Plays layers that keep what is listed, without a ledger, into AM_PROFILE_TRIED; they are on the tape then. */
const am_profile *am_evaluation_try(am_evaluation *evaluation, am_listed listed);
/* segment.c: what a play of regions of several layers, of which *segment says the record, would show, from plays of another one's layers:
 * without checkpointing, none of which keeps its input, and each in a region of its own. */
void am_segment_of(am_profile *segment, const am_profile *plain, const am_profile *layer);
/* runs.c: what a policy makes of the model. */
void am_evaluation_compose(am_evaluation *evaluation, am_policy policy, am_outcome *outcome);
/* The runs of a policy, in order from the embedding. Returns how many. */
int am_evaluation_parts(const am_evaluation *evaluation, am_policy policy, am_part_plan *part);
/* The same with their profiles, in the workspace. */
int am_evaluation_runs(am_evaluation *evaluation, am_policy policy);
/* What regions of equal length make of the model, which a plan of the list may have said already. */
void am_evaluation_compose_segments(am_evaluation *evaluation, am_policy policy, am_outcome *outcome);
/* The length of equal segments with the lowest peak; with equal peaks the one that keeps least. */
int64_t am_evaluation_best_segment(am_evaluation *evaluation, bool reentrant);
/* evaluate.c: the parameters of the model, or of a stage, whose record is on the tape. */
am_code am_evaluation_parameters(const am_evaluation *evaluation, am_parameters *parameters);

/* One more run behind so many: alike ones are one. Returns how many there are then. */
int am_part_append(am_part_plan *part, int count, am_part_plan next);

/* ranks.c: the evaluation of a pipeline stage's layers alone; config: its own, to be filled in. */
am_evaluation am_stage_evaluation(const am_evaluation *evaluation, const am_stage *load, am_config *config);
/* What one micro-batch takes on a stage, whose ends and layers are in *load, under a policy. */
am_code am_stage_load(am_evaluation *stage, am_policy policy, am_stage *load);
/* One stage of each kind, into the workspace, and how many kinds there are: with the policy on its own layers, and for a budget
 * without checkpointing. */
am_code am_stages_load(const am_evaluation *evaluation, int *kinds);
/* A policy on the layers of one stage: a number of segments or of layers is of these. */
am_policy am_stage_policy(const am_evaluation *evaluation, am_policy policy, int64_t stage);
/* Finds what a policy leaves to be found for each stage, and makes it that of the first. */
void am_stages_settle(am_evaluation *evaluation, am_policy *policy);
/* What a micro-batch takes on the stage of a chunk, once the stages are loaded. */
const am_stage *am_stage_of(const am_evaluation *evaluation, int kinds, const am_chunk *chunk);
/* Every rank, into the report if there is one; *worst: the total of the one that takes most. */
am_code am_ranks_read(const am_evaluation *evaluation, am_fit *worst);

/* stage_plans.c: searches the plans of a kind of stage, unless it was the last one that was. False: they are too many. */
bool am_stage_plans_search(am_evaluation *stage, int kind);
/* Lists the plans of all kinds of stages, in the workspace. */
am_code am_stage_plans_list(const am_evaluation *evaluation);

/* rank_plans.c: makes the cheapest plans that keep every rank's peak, by its schedule, below a budget those of its stages, and
 * all of them in the model's order the runs of AM_POLICY_BUDGET. */
void am_ranks_plan(am_evaluation *evaluation, int64_t bytes);
/* Makes the plan of one stage the runs of AM_POLICY_BUDGET. */
void am_rank_plans_recall(am_workspace *workspace, int stage);
/* Of a rank: its chunks and the plans that are listed of their stages, in rank_plans.chain. */
am_code am_rank_plans_chain(const am_evaluation *evaluation, int64_t rank);
/* Chooses the plans of a rank's chunks. AM_OUT_OF_RANGE: none keep it below its target; *smallest: the lowest that any do. */
am_code am_rank_plans_choose(const am_evaluation *evaluation, int64_t rank, int64_t *smallest);
/* Says that there are more than can be searched. */
void am_rank_plans_refuse(am_workspace *workspace);
/* rank_segments.c: finds the equal segments of each stage with which its rank, with all the chunks that it holds at once, peaks lowest. */
void am_ranks_best_segments(am_evaluation *evaluation, am_policy policy);
/* rank_frontier.c: what the report says of a pipeline's frontier: the highest peak of all ranks against what runs again on all of them. */
void am_ranks_report_frontier(am_evaluation *evaluation);

/* candidates.c: what each layer may do, into the workspace's choices. */
void am_candidates_find(am_evaluation *evaluation);

/* choices.c: finds the frontier of plans over what each layer may do. several: with several micro-batches in flight, whose
 * plans am_frontier_plans has. It is not searched for again until choices.searched is cleared. */
am_code am_choices_search(am_evaluation *evaluation, bool several);
/* Of how many layers a region may be in what was searched: bit n stands for n. */
typedef struct am_choices am_choices;
uint32_t am_choices_spans(const am_choices *choices);
/* Makes the runs of the cheapest plan with a peak of at most `bytes` those of AM_POLICY_BUDGET, in the workspace. */
am_code am_choices_keep_below(am_evaluation *evaluation, int64_t bytes);

/* choices_plan.c: of a plan, by its place in the front of the whole chain. Its units in choices.path, ordered where that is as good;
 * returns how many. */
int am_choices_path(am_evaluation *evaluation, int index);
/* Makes its runs those of AM_POLICY_BUDGET, in the workspace. */
am_code am_choices_take(am_evaluation *evaluation, int index);
/* Its peak by the chain's definition, its layers in the order in which they are taken, and what each forward makes anew of what it keeps
 * (am_stage.renewed); and the FLOPs that run again. */
int64_t am_choices_peak(am_evaluation *evaluation, int index, int64_t *renewed);
int64_t am_choices_flops(am_evaluation *evaluation, int index);

/* choices_report.c: what the report says of the frontier. */
void am_choices_report(am_evaluation *evaluation);
/* And of the plan that a budget led to: the runs in the workspace, of a pipeline those of this stage. */
void am_choices_report_plan(const am_evaluation *evaluation, int stage, int64_t first_layer);
/* The runs of AM_POLICY_BUDGET in words, from layer `first` of the model on: "0-7 every:8, 8-19 none". */
typedef struct am_writer am_writer;
void am_choices_write_plan(am_writer *out, const am_workspace *workspace, int64_t first);
#ifndef AM_FIRST
/* What is in doubt of the plan that was found last, if a budget led to it; nothing costs less than nothing. */
static inline am_doubt am_budget_doubt(const am_workspace *workspace, am_policy policy, const am_outcome *outcome)
{
    return policy.kind == AM_POLICY_BUDGET && outcome->recomputed_time > 0 ? workspace->doubt : (am_doubt){0};
}
#endif

#endif
