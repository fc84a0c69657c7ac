/* Policies over the chain of layers, and policies that move what is kept. Private to the core. */
#ifndef AM_POLICIES_H
#define AM_POLICIES_H

#include "evaluate.h"

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
