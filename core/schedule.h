/* Schedules of a chain: which states are stored, which steps run again. Private to the core. */
#include "actmem.h" /* outside of the guard: the workspace, which ends it, holds what stands here */
#include "proven.h"

#ifndef AM_SCHEDULE_H
#define AM_SCHEDULE_H

/* Steps 0 to l - 1 lead from state 0 to state l; step i takes state i to state i + 1. */
#define AM_MAX_CHAIN 1001 /* as many layers as a model may have, and the head */

typedef enum am_action_kind {
    AM_STORE,   /* the state `first`, which is at hand, stays until step `first` has been reversed */
    AM_ADVANCE, /* steps `first` to below `end` run without keeping anything; state `first` is at hand or stored */
    AM_TAKE,    /* step `first` runs and keeps what its backward needs */
    AM_BACK,    /* the backward of step `first`, which has been taken; its input goes then */
    AM_ACTION_COUNT
} am_action_kind;

typedef struct am_action {
    uint8_t kind;
    uint16_t first, end;
} am_action;

#define AM_MAX_ACTIONS (5 * AM_MAX_CHAIN)

struct am_schedule {
    int steps;
    int count;
    am_action action[AM_MAX_ACTIONS];
};

static inline void am_schedule_add(am_schedule *schedule, am_action_kind kind, int first, int end)
{
    if (AM_ALWAYS(schedule->count < AM_MAX_ACTIONS)) /* a step is taken and reversed once, and stored once at most; each take or store advances once at most */
        schedule->action[schedule->count++] = (am_action){(uint8_t)kind, (uint16_t)first, (uint16_t)end};
}

/* revolve.c: Griewank and Walther 2000 (ACM Algorithm 799). `slots` checkpoints at once, that of state 0 among them; each
 * step is taken just before it is reversed. */

/* The fewest times that steps are advanced over, those taken not counted. */
int64_t am_revolve_advances(int64_t steps, int64_t slots);
/* How often a step is advanced over at most. */
int64_t am_revolve_repetitions(int64_t steps, int64_t slots);
/* A schedule with so many advances. */
void am_revolve(am_schedule *schedule, int steps, int slots);

/* rotor.c: Beaumont et al. 2019 (hal-02352969), the optimal schedule of those that keep what is stored until it is used. */

/* A step of a chain of unlike ones, stage 0 being the chain's input. Bytes are those of its output, of its output with all
 * that its backward needs, and of the gradient of its output; overheads are what is alive beside these while it runs. */
typedef struct am_rotor_stage {
    int64_t forward_time, backward_time;
    int64_t output, saved, gradient;
    int64_t taking, advancing, backward; /* overheads: of a forward that keeps, of one that does not, of the backward */
} am_rotor_stage;

#define AM_ROTOR_CELLS 131072 /* of the table: one for each stretch of stages and each amount of memory */
#define AM_ROTOR_SLOTS 2048  /* amounts of memory at most */
#define AM_ROTOR_NEVER INT64_MAX

typedef struct am_rotor {
    int stages;        /* without the input */
    int64_t unit;      /* bytes of one slot: all sizes are rounded up to it, budgets down */
    int slots;         /* the budget in units */
    bool exact;        /* nothing was rounded but the budget */
    am_rotor_stage stage[AM_MAX_CHAIN + 1]; /* sizes in units */
    int64_t time_before[AM_MAX_CHAIN + 1]; /* of the forwards of the stages before */
    int period, first, last; /* stages first to last repeat after `period` of them: one row of the table for all alike */
    uint32_t row[AM_MAX_CHAIN + 1];
    int64_t cell[AM_ROTOR_CELLS];
    struct {
        uint16_t first, last;
        int32_t memory; /* -1: the backward of `first` alone */
        bool stored;    /* the input of `first` */
    } work[3 * AM_MAX_CHAIN];
} am_rotor;

/* Fills the table for budgets up to this one. stage[0] is the chain's input, which is there and not counted. False if the
 * chain is too long for the table. */
bool am_rotor_solve(am_rotor *rotor, int stages, const am_rotor_stage *stage, int64_t budget);
/* The least time within so many units of memory; AM_ROTOR_NEVER if there is no schedule. */
int64_t am_rotor_time(const am_rotor *rotor, int slots);
/* A schedule that takes this time. */
void am_rotor_schedule(am_rotor *rotor, int slots, am_schedule *schedule);

#endif
