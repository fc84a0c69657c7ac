/* What evaluate.c and the search for plans share. Private to the core. */
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
    am_code code;
} am_evaluation;

/* A profile for its figures alone: played once. */
const am_profile *am_evaluation_profile(am_evaluation *evaluation, am_profile_id id);
/* The tape with a profile's record on it. */
const am_tape *am_evaluation_tape(am_evaluation *evaluation, am_profile_id id);
/* The ledger of a profile that is shown. */
const am_ledger *am_evaluation_show(am_evaluation *evaluation, am_profile_id id);
/* A kind of unit of the report, and its rows. */
void am_evaluation_add_units(am_evaluation *evaluation, const am_ledger *ledger, const am_run *run, int unit,
                             int64_t count, const char *name);
/* The rest of a report whose policy is a schedule: kept is the ledger of a run of checkpointed layers, dropping how many
 * layers of each kind are not kept whole. */
void am_evaluation_choose_schedule(am_evaluation *evaluation, const am_run *run, const am_ledger *kept,
                                   const int64_t dropping[AM_MAX_LAYER_KINDS]);
/* Plays layers that keep what is listed, without a ledger, into AM_PROFILE_TRIED; they are on the tape then. */
const am_profile *am_evaluation_try(am_evaluation *evaluation, am_listed listed);
/* What a policy makes of the model. */
void am_evaluation_compose(am_evaluation *evaluation, am_policy policy, am_outcome *outcome);
/* The runs of a policy, in order from the embedding. Returns how many. */
int am_evaluation_parts(const am_evaluation *evaluation, am_policy policy, am_part_plan *part);

/* One more run behind so many: alike ones are one. Returns how many there are then. */
int am_part_append(am_part_plan *part, int count, am_part_plan next);

/* choices.c: finds the frontier of plans over what each layer may do, with so many micro-batches in flight. What was played
 * for it serves for other numbers of them too, until choices.searched is cleared. */
am_code am_choices_search(am_evaluation *evaluation, int64_t in_flight);
/* Makes the runs of the cheapest plan with a peak of at most `bytes` those of AM_POLICY_BUDGET, in the workspace. */
am_code am_choices_keep_below(am_evaluation *evaluation, int64_t bytes);
/* The same by the chain's figures alone, for a stage with so many micro-batches in flight; *peak: the plan's, or if none is
 * below, when AM_OUT_OF_RANGE is returned, the smallest. */
am_code am_choices_plan(am_evaluation *stage, int64_t in_flight, int64_t bytes, int64_t *peak);
/* The runs of AM_POLICY_BUDGET in words, from layer `first` of the model on: "0-7 every:8, 8-19 none". */
typedef struct am_writer am_writer;
void am_choices_write_plan(am_writer *out, const am_workspace *workspace, int64_t first);
/* What the report says of the frontier. */
void am_choices_report(am_evaluation *evaluation);
/* And of the plan that a budget led to: the runs in the workspace, of a pipeline those of this stage. */
void am_choices_report_plan(const am_evaluation *evaluation, int stage, int64_t first_layer);

#endif
