/* What a plan's outcome, its timeline and a chain's links are composed of. Private to the plan's files. */
#ifndef AM_PLAN_H
#define AM_PLAN_H

#include "plan_walk.h"

/* ---- plan_sums.c ---- */

typedef struct am_composer {
    const am_sequence *model;
    const am_given *given; /* the bytes are the same in all */
    uint64_t stays;        /* of what is given to the layers: held throughout the backward, and */
    uint64_t held;         /* by the units so far */
    int64_t end;           /* live bytes of the forward behind the last layer, and */
    int64_t cached;        /* beside them what a cache alone holds */
    int64_t released;      /* of what is given: held by the model's units, beyond what the record of the first run has */
    int64_t staying;       /* and held throughout the backward, likewise */
    int64_t framed;        /* more than that behind the layers, while the model's code holds what it gave them */
    int64_t gradients;     /* of all layers */
    int64_t outlived;      /* by all units */
    int64_t start;         /* live bytes when the first layer's backward begins, less what that layer left and holds of what is given */
    int64_t head;          /* gradients that exist when the layers' backward begins */
    am_outcome *outcome;
} am_composer;

/* What is the sum of all units, and costs. */
void am_compose_sums(am_composer *composer);
void am_add_costs(am_outcome *outcome, const am_walk *walk);
/* How much less there is when the backward of the model's last unit begins, if that is played by itself, than its place says. */
int64_t am_less_at_last(const am_profile *profile, int unit);
/* What so many units at the end of a stretch leave for good: of what follows it depends what the last one leaves of a gradient. */
int64_t am_outlived_at_end(const am_walk *walk, int64_t count);
/* Live bytes when the first layer's backward begins, less what that layer left and what is held of what is given. */
int64_t am_start_of(const am_profile *profile);

static inline int64_t am_given_bytes(const am_given *given, uint64_t set)
{
    int64_t bytes = 0;
    for (; set; set &= set - 1) bytes += given->bytes[__builtin_ctzll(set)];
    return bytes;
}

/* The unit that the ledger shows in place of one: it has no rows of those that repeat another. */
static inline int am_shown_for(const am_walk *walk, int unit)
{
    const am_profile *profile = walk->profile;
    int kind = am_unit_kind(&profile->record, unit);
    return unit == 0 || walk->start == 0 ? 0 : profile->steady[kind]; /* a stage's only segment is both its first and its last */
}

/* ---- plan.c ---- */

/* Where a unit of the model stands. */
typedef struct am_stand {
    int64_t start;     /* its first layer */
    int64_t forward;   /* live bytes when its forward begins */
    int64_t carried;   /* what the unit before it carries on into it, in a model's beyond what the played one's does */
    int64_t backward;  /* and its backward */
    int64_t gradients; /* that exist then */
    int64_t outlived;  /* by the units behind it */
} am_stand;

am_stand am_first_stand(am_composer *composer);
/* The first and the last unit of the stretch that a walk has come to; `stand` is left behind it. */
int am_stretch_ends(am_composer *composer, const am_walk *walk, am_stand *stand, am_stand ends[2]);
/* The layers of one unit, those that are alike at their ends: each moment is affine in the index. */
void am_compose_unit(am_outcome *outcome, const am_walk *walk, const am_stand *stand, int64_t gradients);
/* How much more there is when its backward begins than in the played unit's, gradients apart. */
int64_t am_base_of(const am_stand *stand, const am_step *step, int last);
/* How much more there is than in the played unit, at a moment of the `index`-th of these layers. */
int64_t am_excess_at(const am_walk *walk, const am_climb *climb, int64_t index, am_phase phase, int way);

#endif
