/* The plans of a pipeline's stages for a budget: which plan of each chunk keeps a rank, with all the chunks that it holds at
 * once, below it. Private to the core. */
#ifndef ACTMEM_RANK_PLANS_H
#define ACTMEM_RANK_PLANS_H

/* Part of workspace.h, whose am_part_plan it has. */

#define AM_MOST_RANK_STEPS 8000000 /* moments of plans that are looked at for one rank: so a search takes as long however many chunks it has */

#define AM_MAX_STAGE_PARTS 2000
#define AM_MAX_STAGE_PLANS 114688
#define AM_MAX_MOMENTS     512

/* A plan of one kind of stage, for one micro-batch: bytes without what lasts for the run, and picoseconds that run again. */
typedef struct am_stage_plan {
    int64_t peak; /* the highest live bytes of its forward and backward */
    int64_t bare; /* the same without what regions leave for good */
    int64_t kept; /* live between both */
    int64_t cost;
    int32_t index;   /* in the front of the kind's chain */
    int32_t renewed; /* layers that keep what each forward makes anew */
} am_stage_plan;

/* A moment of a rank's schedule: a chunk runs, forward or backward, beside so many others that are between theirs. */
typedef struct am_moment {
    int chunk;
    int32_t beside[AM_MAX_CHUNKS];
} am_moment;

/* The chunks of a rank, and what they may do. */
typedef struct am_rank_chain {
    int chunks, moments;
    int64_t base; /* bytes that last for the run */
    int64_t renewed[AM_MAX_CHUNKS]; /* bytes that a layer's forward makes anew, in place of the last one's */
    const am_stage_plan *plan[AM_MAX_CHUNKS]; /* sorted by cost */
    int plans[AM_MAX_CHUNKS];
    am_moment moment[AM_MAX_MOMENTS]; /* those that no other moment of the same chunk stands above */
    int64_t limit;                    /* moments of plans that may be looked at; 0: AM_MOST_RANK_STEPS */
    int64_t steps;                    /* of these, still */
    /* while it is searched */
    int64_t low_peak[AM_MAX_CHUNKS], low_kept[AM_MAX_CHUNKS], low_renewed[AM_MAX_CHUNKS];
    int64_t low_cost[AM_MAX_CHUNKS + 1]; /* of this chunk and those behind */
    int64_t load[AM_MAX_MOMENTS];
    int taken[AM_MAX_CHUNKS];
    /* what was found */
    int64_t cost;
    int best[AM_MAX_CHUNKS]; /* plans */
    bool complete;           /* all plans were looked at, or need not be */
    bool lowered;            /* and all that cost the same, for the lowest peak */
} am_rank_chain;

/* rank_moments.c: reads the moments off a rank's schedule. False: they are too many. */
bool am_rank_moments(am_rank_chain *chain, const am_config *config, int64_t rank);
/* rank_search.c: finds the cheapest plans of the chunks that keep the rank at or below so many bytes. False: there are none, or none was found
 * before the steps ended. */
bool am_rank_search(am_rank_chain *chain, int64_t bytes);
/* Of all plans that cost as much as those found, or less, takes those with the lowest peak. */
void am_rank_lower(am_rank_chain *chain);
/* The rank's peak by the plans of its chunks. */
int64_t am_rank_chain_peak(const am_rank_chain *chain, const int *plan);
/* The lowest peak that any plans have, and these in chain->best. */
int64_t am_rank_lowest(am_rank_chain *chain);

typedef struct am_rank_plans {
    am_doubt doubt;
    uint32_t spans; /* as am_frontier_report's */
    bool outlives;  /* a choice of a layer leaves something for good, which the search of a stage's plans leaves out */
    int kinds;      /* of stages */
    int kind;       /* that am_choices holds; -1: none */
    int plans;
    am_stage_plan plan[AM_MAX_STAGE_PLANS];
    int first[AM_MAX_STAGE_KINDS + 1]; /* by kind: its plans' */
    int64_t renewed[AM_MAX_STAGE_KINDS]; /* as am_rank_chain's */
    int32_t chosen[AM_MAX_STAGES];     /* by stage: am_stage_plan.index */
    int32_t row[AM_MAX_FRONTIER_ROWS][AM_MAX_STAGES]; /* the same of a row of the frontier */
    int64_t target[AM_MAX_RANKS];      /* bytes that a rank's search keeps below */
    am_rank_chain chain;
    int parts; /* of the plans of the stages */
    am_part_plan part[AM_MAX_STAGE_PARTS];
    struct {
        int16_t first, count;
    } plan_of[AM_MAX_STAGES];
    am_stage stage[AM_MAX_STAGES]; /* by its plan */
} am_rank_plans;

/* stage_plans.c: in order of cost. */
void am_stage_plans_sort(am_stage_plan *plan, int count);
/* Peaks without what regions leave for good in place of those with it, and back. */
void am_stage_plans_swap(am_rank_plans *plans);

#endif
