/* The working memory's layout: for its size only. */
#ifndef ACTMEM_WORKSPACE_H
#define ACTMEM_WORKSPACE_H

#include "reversal.h"
#include "memory_budget.h"

/* What happens in a backward, in order. index: a slot, a node, a leaf. Who holds a gradient, and until when, is known
 * when the backward is compiled: only the first and the last moment of a slot are events. */
typedef enum am_event_kind {
    AM_E_NODE,              /* a node begins; one that changes nothing is left out */
    AM_E_ALLOCATE,          /* a slot of so many bytes */
    AM_E_TAKE,              /* one in the memory that a node holds as this one of tape->save */
    AM_E_FREE,              /* its end */
    AM_E_FORGET,            /* the node lets go of what it saved; where gradients are summed or cast at its end: */
    AM_E_FORGET_RECOMPUTED, /* before that, if what it saved was made again */
    AM_E_FORGET_KEPT,       /* after it, if not */
    AM_E_REGION,            /* the region `bytes` is entered with the gradient in this slot */
    AM_E_ENTERED,           /* and its result of this number, from 1, with this one */
    AM_E_LEAVE,             /* it has run, and what was waiting for that follows */
    AM_E_RESTORE,           /* the output that this region has discarded is made again */
    AM_E_BESIDE,            /* what a region returned beside its result, of so many bytes, gets its gradient */
    AM_E_LEAF,              /* an activation that is a leaf gets its gradient */
    AM_E_STEAL, /* a slot of so many bytes becomes a parameter's .grad as it is; where units are sharded, index is its unit */
    AM_E_COPY,    /* or a copy of so many bytes does; likewise */
    AM_E_PART,              /* a slot that is made only where gradients exist beforehand, or units are sharded */
    AM_E_UNSHARD, /* FSDP2, before a unit's backward, which ends at this instruction */
    AM_E_REDUCE,  /* and behind it */
} am_event_kind;

typedef struct am_event {
    int64_t bytes;
    uint16_t index;
    uint8_t kind;
} am_event;

#define AM_MAX_EVENTS        16384
#define AM_MAX_PROGRAM_SLOTS 8191

typedef struct am_program {
    int events, slots;
    int64_t gradient_bytes; /* of all parameters */
    int64_t waiting[AM_MAX_UNITS + 2], weights[AM_MAX_UNITS + 2]; /* as am_step */
    am_event event[AM_MAX_EVENTS];
} am_program;

#define AM_MAX_GRADIENTS 5120

typedef struct am_gradient {
    int64_t stride[AM_MAX_RANK];
    am_var like;   /* its shape is this tensor's */
    uint16_t slot; /* 0: none */
    uint8_t dtype;
} am_gradient;

/* A storage's place in a play is its index, that of the copy which a region makes when it runs again lies behind. */
#define AM_MAX_PLACES (2 * AM_MAX_STORAGES)

struct am_player {
    /* of a play */
    int64_t bytes[AM_MAX_PLACES]; /* 0 of what is not counted */
    uint16_t refs[AM_MAX_PLACES];
    uint16_t place[AM_MAX_STORAGES]; /* where a storage of a recomputed region lives now; 0: nowhere yet */
    bool gone[AM_MAX_STORAGES];      /* of a recomputed region: the code itself has let go of it */
    bool kept[AM_MAX_STORAGES];      /* by selective checkpointing */
    uint16_t held[AM_MAX_NODES * 3]; /* places that nodes hold, as tape->save */
    bool holding[AM_MAX_NODES];
#ifndef AM_FIRST
    uint8_t part[AM_MAX_PLACES]; /* what each place is of (am_live), of a play that counts one part alone */
#endif
    /* of a compilation */
    uint16_t slot_refs[AM_MAX_PROGRAM_SLOTS + 1];
    int64_t slot_bytes[AM_MAX_PROGRAM_SLOTS + 1];
    uint8_t slot_region[AM_MAX_PROGRAM_SLOTS + 1]; /* the gradient of this region's input is in it; 0: of none */
    am_gradient gradient[AM_MAX_GRADIENTS];
    am_gradient leaf[AM_MAX_NODES];
    uint16_t waiting[AM_MAX_NODES]; /* gradients that a leaf still waits for */
    bool reached[AM_MAX_NODES];
    bool leads[AM_MAX_NODES]; /* to an input: the others lead to weights alone */
    uint32_t compiled; /* which record program is of: am_tape.records */
    bool compiled_inputs; /* and whether of its backward to the inputs alone */
    am_program program;
};

#ifdef AM_FIRST
#define AM_MAX_LISTED 1
#else
#define AM_MAX_LISTED 64 /* lists of what is kept, among the profiles of one evaluation */
#endif

/* The records that plans are composed of. */
typedef enum am_profile_id {
    AM_PROFILE_PLAIN,         /* nothing checkpointed */
    AM_PROFILE_LAYER,         /* a region for each layer, as gradient_checkpointing_enable() makes them */
    AM_PROFILE_LAYER_BY_HAND, /* the same by a wrapper of one's own: differs with adapters only */
    AM_PROFILE_SEGMENT,       /* a region for three layers, which stand for any number */
    AM_PROFILE_LAYER_REENTRANT,
    AM_PROFILE_SEGMENT_REENTRANT,
    AM_PROFILE_SAVE_MATMULS,
    AM_PROFILE_SAVE_HALF_MATMULS,
    AM_PROFILE_CORE_ATTENTION,
    AM_PROFILE_HOST_INPUTS,   /* reentrant, the layers' inputs on the host */
    AM_PROFILE_PARTED_INPUTS, /* or shared out over the tensor-parallel group */
    AM_PROFILE_HOST_SAVED,    /* nothing checkpointed, every saved tensor on the host */
#ifndef AM_FIRST
    AM_PROFILE_MEMORY_BUDGET,
    AM_PROFILE_SEGMENT_MIXED, /* Megatron's, longer than the layers before those with experts */
#endif
    AM_PROFILE_MODULES, /* of a policy that plays other modules again */
    AM_PROFILE_TRIED,  /* whatever is looked at, by the search for plans */
    AM_PROFILE_LISTED, /* layers that keep what is listed: for each list of workspace.kept */
    AM_PROFILE_COUNT = AM_PROFILE_LISTED + AM_MAX_LISTED
} am_profile_id;

#define AM_MAX_SAMPLES 8192

#ifdef AM_FIRST
#define AM_MAX_RUNS 2
#else
#define AM_MAX_RUNS 1000 /* as many as layers */
#endif

/* What layers of a profile that a plan made keep, or which of their modules run again. */
typedef struct am_listed {
    am_kept kept;
    uint8_t modules; /* a set of AM_MODULE_; 0: none */
} am_listed;

static inline bool am_listed_same(const am_listed *x, const am_listed *y)
{
    return x->kept.products == y->kept.products && x->kept.ops[0] == y->kept.ops[0] && x->kept.ops[1] == y->kept.ops[1] && x->modules == y->modules;
}

/* A run of a plan before its profile has been played. */
typedef struct am_part_plan {
    am_profile_id id;
    int64_t units, inner;
} am_part_plan;

#include "aside.h"
#ifndef AM_FIRST
#include "choices.h"
#include "frontier.h"
#include "rank_plans.h"
#endif

struct am_workspace {
    am_tape tape;
    am_record recorded; /* what is on the tape */
    am_step step;
    am_player player;
    am_ledger plain, shown, scratch; /* without checkpointing, of a profile of the chosen policy, of any other */
    am_profile profile[AM_PROFILE_COUNT];
    bool played[AM_PROFILE_COUNT];
    am_extents extents; /* of am_evaluate_totals, and */
    am_totals totals;   /* what searches evaluate into */
    int32_t stage_tensors[AM_MAX_STAGE_KINDS][AM_MAX_ALIKE]; /* of each kind of tensor, as rank_parameters lists them */
    am_parameters stage_parameters, rank_parameters;         /* of one stage, of one rank */
    int listeds;                       /* in use, and */
    am_listed listed[AM_MAX_LISTED];   /* what the profiles from AM_PROFILE_LISTED on are */
    am_sample sample[AM_MAX_SAMPLES];  /* of the chosen policy's profiles, one behind another */
    int parts;                         /* of the plan that a budget led to */
    am_part_plan part[AM_MAX_RUNS];
    am_part_plan planned[AM_MAX_RUNS]; /* of the policy that is looked at, and its runs */
    am_run run[AM_MAX_RUNS];
#ifndef AM_FIRST
    am_aside aside;
    am_choices choices;
    am_frontier frontier;
    am_knapsack knapsack;
    am_rank_plans rank_plans;
    am_planner planner;
    am_doubt doubt; /* of the last plan that a budget led to */
    am_answer gpus; /* of a search beside the report's, and what it was over */
    am_gpu_space gpu_space;
    am_rank switch_rank[AM_MAX_RANKS]; /* of the policy that a framework's switches are tried with */
#endif
#ifndef AM_FIRST
    /* of one part of the live bytes (am_live): profiles of it alone, what they wrote down, and what is composed of them */
    am_profile parted[AM_PROFILE_COUNT];
    am_sample parted_sample[AM_MAX_SAMPLES];
    am_run parted_run[AM_MAX_RUNS];
    am_point parted_point[AM_MAX_POINTS];
#endif
    am_stage stage[AM_MAX_STAGE_KINDS];
    int16_t best_segment[AM_MAX_STAGES]; /* layers of each stage's segments, for checkpoint=best */
};

#endif
