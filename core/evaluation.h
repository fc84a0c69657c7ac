/* What the files that make one evaluation share. Private to the core. */
#ifndef AM_EVALUATION_H
#define AM_EVALUATION_H

#include "actmem.h"

typedef struct am_evaluation {
    am_report *report;
    am_workspace *workspace;
    const am_config *config;
    am_pattern pattern;
    bool chained; /* the planner's chain is this model's */
    am_code code;
} am_evaluation;

/* evaluate.c */
/* A profile for its figures: played once. */
const am_profile *am_evaluation_profile(am_evaluation *evaluation, am_profile_id id);
/* The tape with a profile's record on it. */
const am_tape *am_evaluation_tape(am_evaluation *evaluation, am_profile_id id);
/* The ledger of a profile that is shown, as the chosen policy's run of this number. */
const am_ledger *am_evaluation_show(am_evaluation *evaluation, am_profile_id id, int run);
/* A kind of unit of the report, and its rows. */
void am_evaluation_add_units(am_evaluation *evaluation, const am_ledger *ledger, const am_run *run, int unit,
                             int64_t count, const char *name);
/* The rest of a report whose policy is a schedule: kept is the ledger of a run of checkpointed layers, dropping how many
 * layers are not kept whole. */
void am_evaluation_choose_schedule(am_evaluation *evaluation, const am_run *run, const am_ledger *kept,
                                   int64_t dropping);

/* schedules.c: policies that are schedules of actions. */
void am_schedule_compose(am_evaluation *evaluation, am_policy policy, am_outcome *outcome);
/* Reads the model as a chain, once: best while the record without hooks is on the tape. */
void am_schedule_prepare(am_evaluation *evaluation);
/* As the chosen policy. False if nothing in it runs again: then it is as without checkpointing. */
bool am_schedule_choose(am_evaluation *evaluation, am_policy policy);
/* Plans that whole.wasm has beside core.wasm's: a number of checkpoints for Revolve; 0: none that is worth it. */
int64_t am_schedule_usual_slots(const am_config *config);

/* offload.c: what a policy moves off the GPU and back. */
void am_offload_read(am_evaluation *evaluation, am_policy policy, const am_outcome *outcome, am_traffic *traffic);
/* Microseconds on the link for so many bytes one way, rounded up. */
int64_t am_link_time(const am_config *config, int64_t bytes);

#endif
