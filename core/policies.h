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

/* Whether anything in it runs again. */
bool am_schedule_runs_again(const am_schedule *schedule);
/* The profile of its checkpointed layers. */
am_profile_id am_schedule_regions(const am_evaluation *evaluation);

/* offload.c: what a policy moves off the GPU and back. */
void am_offload_read(am_evaluation *evaluation, am_policy policy, const am_outcome *outcome, am_traffic *traffic);
/* Microseconds on the link for so many bytes one way, rounded up. */
int64_t am_link_time(const am_config *config, int64_t bytes);

/* policy.c: the shortest size that is no less than `least` and less than `below`, as am_read_bytes reads it: "35.1GiB". */
const char *am_size_text(int64_t least, int64_t below, char *buffer, size_t size);
/* A size to suggest where `least` is the smallest that will do: at most two per cent above it. */
static inline const char *am_size_text_near(int64_t least, char *buffer, size_t size)
{
    return am_size_text(least, least + least / 50 + 1, buffer, size);
}

#endif
