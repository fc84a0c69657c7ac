/* Schedules of pipelines: which chunk of its layers a rank runs, forward or backward, in which order. */
#ifndef ACTMEM_SCHEDULE_H
#define ACTMEM_SCHEDULE_H

#include "actmem.h"

typedef struct am_schedule {
    int64_t kind; /* AM_GPIPE and so on */
    int64_t ranks, chunks, micro_batches; /* chunks: of each rank */
} am_schedule;

/* A backward may run in two parts: to the chunk's input first, to its weights later. */
typedef enum am_action { AM_ACT_FORWARD, AM_ACT_BACKWARD, AM_ACT_INPUT, AM_ACT_WEIGHT } am_action;

/* Called with the actions of a rank in their order: one on each of `times` micro-batches, on one of the rank's chunks. */
typedef void am_actor(void *context, am_action action, int chunk, int64_t times);

/* The schedule of a resolved configuration. Of many micro-batches so few that their actions show every state that a rank
 * comes through: a steady state repeats itself. */
am_schedule am_schedule_of(const am_config *config);
void am_schedule_play(const am_schedule *schedule, int64_t rank, am_actor *actor, void *context);

/* Does the second chunk of a rank follow that of the rank behind it, so that the model runs through the ranks as a V? */
bool am_schedule_is_v(int64_t kind);
/* The place in the model of a rank's chunk, from 0. */
int64_t am_schedule_stage(const am_schedule *schedule, int64_t rank, int chunk);

/* The most chunks that a rank holds at once, those whose backward has not yet come to the weights, or not to the input; and
 * how many of each chunk there are when the former is first reached. */
typedef struct am_flight {
    int64_t most, most_by_input;
    int32_t alive[AM_MAX_CHUNKS];
} am_flight;

void am_schedule_fly(am_flight *flight, const am_schedule *schedule, int64_t rank);

/* Refuses what the stack's schedules don't take: kinds, chunks, numbers of micro-batches. */
am_code am_schedule_check(const am_config *config, am_status *status);

#endif
