/* A model as a chain of layers, over which schedules are played. Private to the core. */
#include "actmem.h" /* outside of the guard: the workspace, which ends it, holds what stands here */

#ifndef AM_REVERSAL_H
#define AM_REVERSAL_H

#include "schedule.h"

/* Where a layer of a model stands whose layers are all as one profile shows them. */
typedef struct am_stand_of {
    int64_t backward;  /* live bytes when its backward begins, gradients of parameters apart */
    int64_t gradients; /* of parameters, that exist then */
    uint8_t unit;      /* the played one that stands for it */
} am_stand_of;

/* plan_chain.c: of every layer. The profile's units are single layers. */
void am_plan_stands(am_stand_of *stand, const am_pattern *pattern, const am_profile *profile, int64_t layers);

/* A played layer as a step of the chain: step `i` takes state i, the hidden state before it, to state i + 1. */
typedef struct am_step_link {
    int64_t input, output; /* bytes of the hidden states before and behind it */
    int64_t tape;          /* what it keeps for its backward beside its input */
    bool keeps;            /* its input too */
    bool outlived;         /* its input lives beyond it in the forward, by the code around the layers */
} am_step_link;

/* A model as a chain of layers that is to be reversed. */
typedef struct am_reversal {
    const am_profile *plain, *checkpointed; /* of one record, with regions around single layers */
    const am_point *leader;                 /* of figures of a part of the live bytes: the points of all of them; else NULL */
    am_outcome full, none;                  /* every layer checkpointed; none */
    int layers;
    am_step_link link[AM_MAX_UNITS];                              /* by the plain profile's units */
    am_stand_of as_plain[AM_MAX_CHAIN], again[AM_MAX_CHAIN]; /* each layer in a model of plain ones, of checkpointed ones */
    int64_t inputs[AM_MAX_CHAIN]; /* bytes of the states before it, its own among them */
    int64_t tapes[AM_MAX_CHAIN];  /* what it and all layers before it keep where they are taken */
} am_reversal;

/* reversal.c: reads a model of so many layers as a chain. The tape holds the record of both profiles. states: hidden states count; they
 * do not where the figures are of a part of the live bytes that has none of them. */
am_code am_reversal_read(am_reversal *chain, const am_tape *tape, const am_pattern *pattern, const am_profile *plain,
                      const am_profile *checkpointed, int64_t layers, bool states);

/* Bytes of state i, the input of layer i: of all but the last layer's result. */
int64_t am_reversal_state(const am_reversal *chain, int i);

/* What is left when the forward has returned. */
typedef enum am_left { AM_LEFT_NOTHING, AM_LEFT_INPUT, AM_LEFT_TAPE } am_left;

/* Plays a schedule over a chain's layers, and over the head as one step more where the schedule has it; else the head runs
 * when the last layer has first been taken. Peaks are those of the moments that were played: a hidden state lives while it
 * is stored, while a layer that was taken keeps it, or while the layer that takes it runs. A layer that is taken in the
 * backward and reversed at once is a region of its own, which stops early. left: of each layer; may be NULL. Writes at most
 * `capacity` points of the timeline and returns how many there are. */
int am_reversal_play(const am_reversal *chain, const am_schedule *schedule, am_outcome *outcome, am_left *left, am_point *point,
                  int capacity);

/* Where a model's schedules are made and played. */
typedef struct am_planner {
    am_reversal chain;
    am_schedule schedule, best, shown; /* best: found so far; shown: the chosen policy's */
    am_rotor_stage stage[AM_MAX_CHAIN + 1];
    am_rotor rotor;
    am_left left[AM_MAX_CHAIN];
    am_stand_of stand[AM_MAX_CHAIN]; /* where there is no chain of checkpointed layers */
    int64_t unit; /* of Rotor's sizes where it rounded them; else 1 */
} am_planner;

/* The chain as Rotor's stages, the head being the last: no moment of theirs is below the one that would be played, but for what
 * autocast's cache alone holds of other layers. stage[]
 * has room for layers + 2. Returns what is alive beside them, with the chain's input. */
int64_t am_reversal_stages(const am_reversal *chain, am_rotor_stage *stage);

#endif
