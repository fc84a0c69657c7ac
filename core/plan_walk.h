/* A walk over the model's layers, by the played units that stand for them: what a plan is composed along. Private to the plan's files. */
#ifndef AM_PLAN_WALK_H
#define AM_PLAN_WALK_H

#include "bytes.h"

/* The layers of a model: its runs, in order from the embedding. */
typedef struct am_sequence {
    const am_pattern *pattern;
    int runs;
    const am_run *run;
    int64_t last;  /* layer */
    bool outlives; /* backwards leave something for good */
} am_sequence;

am_sequence am_sequence_of(const am_pattern *pattern, int runs, const am_run *run);

/* ---- the played layers that stand for the model's ---- */

/* A stretch of equal units one behind another: `count` units of `inner` layers from layer `start` on. */
typedef struct am_walk {
    const am_sequence *model;
    int begun; /* runs, the one that it is in among them */
    const am_profile *profile;
    int64_t run_start, left; /* first layer of the run, units of it from this stretch on */
    uint8_t last[AM_MAX_LAYER_KINDS];     /* by kind, in this run: the played unit for layers from `settled` on */
    uint16_t settled[AM_MAX_LAYER_KINDS]; /* of regions: for those that begin there or behind */
    int64_t start, count, inner;
    int unit;          /* the played one for the layer at start */
    bool last_of_kind; /* which stands for all later ones of its kind */
    int64_t cached;    /* copies of weights of one of its units, bytes that a cache alone holds until the forward has ended */
    int64_t gradients; /* of those that the parameters of one get, and */
    uint64_t given;    /* what that holds of what is given to the layers: see am_given */
} am_walk;

/* On to the next stretch; false at the end of the model. Begins with a walk of the model alone. */
bool am_walk_on(am_walk *walk);
/* One unit from a layer on, as if it were a run of its own behind others. */
am_walk am_walk_of_one(const am_sequence *model, int64_t layer);
/* The played unit that stands for those of the stretch. */
int am_walk_unit(const am_walk *walk);

/* Is the model's last unit played by itself? Not of what core.wasm has. */
static inline bool am_has_own_last(const am_profile *profile)
{
#ifdef AM_FIRST
    (void)profile;
    return false;
#else
    return profile->record.last;
#endif
}

static inline int am_first_zone(const am_profile *profile, int unit)
{
    return am_unit_zone(&profile->record, unit);
}

static inline int am_last_zone(const am_profile *profile, int unit)
{
    return am_unit_zone(&profile->record, unit + 1) - 1;
}

static inline int am_unit_of(const am_profile *profile, int zone)
{
    return am_zone_unit(&profile->record, zone);
}

/* Layers of one unit that have the same zone: `n` of them from `layer` on. */
typedef struct am_climb {
    int zone;
    int64_t start, layer, n;
    int64_t below; /* what the layers before them in their region left when it was played again */
    int64_t again; /* beside it what a cache alone held of theirs until their region had run again */
    int64_t ahead; /* and what they left in the forward */
    int64_t above; /* gradients of the layers behind them in their unit; counted down from those of all */
} am_climb;

bool am_climb_on(const am_walk *walk, am_climb *climb);

static inline am_climb am_climb_of(int64_t start, int64_t gradients)
{
    return (am_climb){.start = start, .layer = start, .above = gradients};
}

/* ---- what a played unit leaves ---- */

static inline int64_t am_residue_of(const am_profile *profile, int unit)
{
    const am_step *step = &profile->step;
    return step->boundary[am_last_zone(profile, unit)] - step->boundary[am_first_zone(profile, unit) - 1];
}

/* What it carries on into the next unit's forward, and what the one before it does. Copies of weights that a cache alone holds: behind a
 * zone's forward, thereof of this zone, and of a zone whose region runs again. */
#ifdef AM_FIRST
#define am_carried_by(profile, unit)   0
#define am_carried_into(profile, unit) 0
#define am_cached_at(step, zone)       0
#define am_cached_in(step, zone)       0
#define am_cached_again(step, zone)    0
#else
static inline int64_t am_cached_at(const am_step *step, int zone)
{
    return step->cached[zone];
}

static inline int64_t am_cached_in(const am_step *step, int zone)
{
    return step->cached[zone] - step->cached[zone - 1];
}

static inline int64_t am_cached_again(const am_step *step, int zone)
{
    return step->cached_again[zone];
}

static inline int64_t am_carried_by(const am_profile *profile, int unit)
{
    return profile->step.carried[am_last_zone(profile, unit)];
}

static inline int64_t am_carried_into(const am_profile *profile, int unit)
{
    return profile->step.carried[am_first_zone(profile, unit) - 1];
}
#endif

/* What the backward of the unit before one leaves, for the graph of its region, which something keeps: the gradient of its input. */
static inline int64_t am_passed_by(const am_profile *profile, int unit)
{
    return profile->step.passed[am_first_zone(profile, unit)];
}

/* What its own backward leaves so. */
static inline int64_t am_outlived_by(const am_profile *profile, int unit)
{
    const am_step *step = &profile->step;
    int64_t bytes = step->outlived[am_first_zone(profile, unit) - 1] - step->outlived[am_last_zone(profile, unit)];
    return unit + 1 < profile->record.units ? bytes - am_passed_by(profile, unit + 1) : bytes;
}

/* Bytes of gradients that a zone's parameters get. */
static inline int64_t am_zone_gradients(const am_step *step, int zone)
{
    return step->gradients_above[zone - 1] - step->gradients_above[zone];
}

/* What a layer leaves when its region is played again, for the layers behind it in the region. */
static inline int64_t am_inner_residue(const am_step *step, int zone)
{
    return step->recompute_start[zone + 1] - step->recompute_start[zone];
}

/* Live when a zone's forward has ended. */
static inline int64_t am_forward_at(const am_step *step, int zone)
{
    return step->boundary[zone] + am_cached_at(step, zone);
}

/* What a layer leaves in the forward: its result, and what a region's code holds on to until its end. */
static inline int64_t am_inner_leavings(const am_step *step, int zone)
{
    return am_forward_at(step, zone) - am_forward_at(step, zone - 1);
}

/* Of a unit that a walk has come to: one layer of several whose graph is kept keeps that of all. */
static inline int64_t am_walk_most(const am_walk *walk, int64_t (*left_by)(const am_profile *, int unit))
{
    int64_t most = 0;
    for (am_climb climb = am_climb_of(walk->start, 0); am_climb_on(walk, &climb);)
        most = am_larger(most, left_by(walk->profile, am_unit_of(walk->profile, climb.zone)));
    return most;
}
#endif
