/* What the files that play a step share: where the play stands, and the memory that it moves. Private to step.c and its
 * parts (live.c, recompute.c, backward.c, engine.c). */
#ifndef ACTMEM_PLAY_H
#define ACTMEM_PLAY_H

#include "tape.h"

/* Regions of which each is in the one before. */
#ifdef AM_FIRST /* only Megatron's are */
#define AM_MAX_NESTED 1
#else
#define AM_MAX_NESTED 2
#endif

/* A reentrant region whose backward runs. */
typedef struct am_opened {
    uint16_t region;
    uint16_t gradient[3]; /* the slots of the gradients that it was entered with, and */
    int64_t bytes;        /* their bytes, once nobody else holds them */
} am_opened;

/* Where the play stands. */
typedef struct am_play {
    const am_tape *tape;
    am_player *player;
    am_step *step;
    am_trace *trace;
    int64_t live; /* with gradients of parameters there beforehand and not counted */
#ifndef AM_FIRST
    int only;       /* 1 + the part of the live bytes that is counted (am_live); 0: all of it */
    int32_t moment; /* how often live bytes have been noted, of a play that writes samples down */
#endif
    int64_t gradients;  /* what counts beside it where they start as None */
    bool learns;        /* a parameter has got one */
    bool returned;      /* the model's code has, and holds no more what it gave to layers */
    am_peak *top[2];    /* the peaks of this phase and zone, either way; of the forward the first alone */
    int64_t ceiling[2]; /* as many live bytes are no news there; INT64_MIN where every moment is */
#ifndef AM_FIRST
    bool each; /* which is so */
#endif
    am_phase phase;
    uint16_t zone, instruction, sampled;
    uint16_t pending[AM_MAX_REGIONS]; /* nodes of a region that still hold something */
    bool done[AM_MAX_REGIONS];        /* recomputed */
    int opened;                       /* reentrant regions whose backward runs, each in the one before */
    am_opened open[AM_MAX_NESTED];
    int64_t zeros;    /* bytes of a gradient of zeros that the innermost is about to make */
    bool returning;   /* its input is about to be brought back */
    int64_t outlived; /* what regions that have run backward leave, since something keeps their graphs */
#ifndef AM_FIRST
    bool outliving;   /* whether any does */
    bool settled;     /* a node of the region and zone of the last one brings about nothing of its own */
    uint16_t entered; /* the region of the last node */
#endif
    struct {
        int64_t flight;   /* buffers that outlive a unit's forward or backward: in live, not in what layers leave */
        int64_t retained; /* thereof what the unit before was gathered into */
        int64_t fetched;  /* what the next one is */
        int64_t reducing; /* gradients that are being reduced */
        int64_t gradients[AM_MAX_SHARDED];
        bool gathered[AM_MAX_SHARDED], waits[AM_MAX_SHARDED]; /* waits: gathered into a buffer, not yet copied out */
    } sharded;
} am_play;

static inline am_var am_play_operand(const am_play *play, const am_instruction *instruction, int i)
{
    return play->tape->operand[instruction->first + i];
}

static inline uint16_t am_play_storage(const am_play *play, am_var x)
{
    return play->tape->tensor[x].storage;
}

static inline void am_play_retain(am_play *play, uint16_t place)
{
    play->player->refs[place]++;
}

static inline void am_play_release(am_play *play, uint16_t place)
{
    if (--play->player->refs[place] == 0) play->live -= play->player->bytes[place];
}

/* So many bytes of a part of what is live, or of what a storage is of, where that is counted; else 0. Those of player->bytes
 * and of slots are so already. */
#ifdef AM_FIRST
#define am_play_counted(play, part, bytes)  (bytes)
#define am_play_sized(play, storage, bytes) (bytes)
#else
static inline int64_t am_play_counted(const am_play *play, am_live part, int64_t bytes)
{
    return play->only == 0 || play->only == (int)part + 1 ? bytes : 0;
}

static inline int64_t am_play_sized(const am_play *play, uint16_t storage, int64_t bytes)
{
    return am_play_counted(play, (am_live)play->player->part[storage], bytes);
}
#endif

/* The non-reentrant region that an instruction is checkpointed in; else 0. */
static inline uint16_t am_play_region(const am_play *play, const am_instruction *instruction)
{
    uint16_t region = am_checkpointed_region(play->tape, instruction);
    return play->tape->region[region].kind == AM_NON_REENTRANT ? region : 0;
}

/* Does a region leave its input and the gradient of it when its backward has run? A reentrant one is a graph of its own,
 * which begins there. */
static inline bool am_play_outlives(const am_play *play, const am_region *region)
{
#ifdef AM_FIRST /* only Megatron's experts do */
    (void)play;
    (void)region;
    return false;
#else
    (void)play;
    return region->outlives && region->keep != AM_KEEP_EVERYTHING; /* they are Megatron's, which are reentrant */
#endif
}

/* The bytes that a storage takes in a play. What is made once for all layers counts before them. */
static inline int64_t am_play_size(const am_tape *tape, int storage)
{
    const am_storage *own = &tape->storage[storage];
    bool elsewhere = own->permanent && tape->instruction[own->born].zone > 0;
    return own->fixed || elsewhere ? 0 : own->bytes;
}

/* step.c: compiles the backward of what is on the tape, once, and says how large places are. */
am_code am_step_compile(am_player *player, const am_tape *tape);

/* live.c */
/* Goes to a phase of the step and a zone of the record. */
void am_play_go(am_play *play, am_phase phase, uint16_t zone);
/* A parameter has its gradient: from now on what is live in the head's backward is noted by itself, too. */
void am_play_learn(am_play *play);
/* Notes what is live now: where each moment is noted, and where only peaks are. */
void am_play_note_news(am_play *play, int64_t extra);
void am_play_note_peaks(am_play *play, int64_t extra);
/* Writes an allocation down. */
void am_play_trace(am_play *play, int64_t bytes);
/* The storage is of so many bytes from now on. */
void am_play_resize(am_play *play, uint16_t storage, int64_t bytes);
/* The peaks of the whole step, and at which operations they stood. */
void am_play_end(const am_play *play);

/* fsdp.c: what stands at an instruction of a sharded unit. Forward, and backward before and behind it. */
void am_play_unshard(am_play *play, const am_instruction *instruction);
void am_play_reshard(am_play *play, const am_instruction *instruction);
void am_play_unshard_again(am_play *play, const am_instruction *instruction);
void am_play_reduce(am_play *play, const am_instruction *instruction);
/* A parameter's gradient waits, whole, for its unit's end. */
void am_play_keep_gradient(am_play *play, uint16_t unit, int64_t bytes);
int64_t am_shard_gradients(const am_tape *tape); /* of all units, this rank's parts */

#ifdef AM_FIRST /* where a call is smaller */
#define am_play_note(play, extra) am_play_note_news(play, extra)
void am_play_grow(am_play *play, int64_t bytes);
#else
/* Notes what is live now; most moments are far below a peak. extra: bytes that exist only where gradients start as None. */
static inline void am_play_note(am_play *play, int64_t extra)
{
    if (play->live <= play->ceiling[0] && play->live + play->gradients + extra <= play->ceiling[1]) return;
    if (play->each)
        am_play_note_news(play, extra);
    else
        am_play_note_peaks(play, extra);
}

/* One allocation, not yet noted. */
static inline void am_play_grow(am_play *play, int64_t bytes)
{
    play->live += bytes;
    if (play->trace) am_play_trace(play, bytes);
}
#endif

/* The innermost reentrant region whose backward runs; 0: none. */
static inline uint16_t am_play_innermost(const am_play *play)
{
    return play->opened ? play->open[play->opened - 1].region : 0;
}

/* recompute.c */
/* Where a storage lives now: in its copy where its region has been recomputed. */
uint16_t am_play_place(const am_play *play, uint16_t storage);
void am_play_hold_saves(am_play *play, uint16_t index);
/* Brings back what a node has saved, where every saved tensor is away. */
void am_play_return_saves(am_play *play, uint16_t index);
/* What a region does to its output once that has been used, to its input when it has run, and before its backward; each if
 * it does so at all. */
#ifdef AM_FIRST /* only Megatron's do */
#define am_play_discard(play, region)    ((void)0)
#define am_play_restore(play, region)    ((void)0)
#define am_play_distribute(play, region) ((void)0)
#define am_play_gather(play, region)     ((void)0)
#else
void am_play_discard(am_play *play, uint16_t region);
void am_play_restore(am_play *play, uint16_t region);
void am_play_distribute(am_play *play, uint16_t region);
void am_play_gather(am_play *play, uint16_t region);
#endif
#ifdef AM_FIRST /* which has no autocast */
#define am_play_cache(play, storage, place) ((void)0)
#else
/* Autocast's cache holds a copy of a weight, which is in this place. */
static inline void am_play_cache(am_play *play, uint16_t storage, uint16_t place)
{
    if (play->tape->storage[storage].cached) am_play_retain(play, place);
}
/* It lets go of those from `first` to below `end`. alone: by zone, bytes of those that it alone held. */
void am_play_clear_cache(am_play *play, uint16_t first, uint16_t end, int64_t *alone);
#endif
/* A graph of the code's own: holds what it has saved, or lets go of it. */
void am_play_graph(am_play *play, const am_instruction *instruction);
/* Plays a region again, this time saving. A non-reentrant one stops at its last saved tensor: before the operation if
 * that only saves inputs, since they exist by then. */
void am_play_recompute(am_play *play, uint16_t index);
/* What was made again and is still held by the code itself dies when it stops. */
void am_play_release_left(am_play *play, const am_region *region);
/* What a node does when it has run: lets go of what it saved; if it is the last of its region that saved anything, of what
 * the region holds. */
void am_play_forget_saves(am_play *play, uint16_t index);
void am_play_leave_region(am_play *play, uint16_t index);

#endif
