/* What the files that play a step share: where the play stands, and the memory that it moves. Private to step.c and its
 * parts (live.c, recompute.c, backward.c, engine.c). */
#ifndef ACTMEM_PLAY_H
#define ACTMEM_PLAY_H

#include "tape.h"

/* Where the play stands. */
typedef struct am_play {
    const am_tape *tape;
    am_player *player;
    am_step *step;
    am_trace *trace;
    int64_t live;      /* with gradients of parameters there beforehand and not counted */
    int64_t gradients; /* what counts beside it where they start as None */
    int64_t peak[2];   /* of the backward, either way */
    am_phase phase;
    uint16_t zone, instruction, sampled;
    uint16_t first_slot; /* of the program's slots: the one before its slot 1 */
    uint16_t free_slot;  /* head of the list of free slots */
    int slots;
    uint16_t pending[AM_MAX_REGIONS]; /* nodes of a region that still hold something */
    bool done[AM_MAX_REGIONS];        /* recomputed */
    uint16_t open;                    /* the reentrant region whose backward runs; 0: none */
    uint16_t open_gradient;           /* the gradient that it was entered with */
    am_code code;
} am_play;

static inline am_var am_play_operand(const am_play *play, const am_instruction *instruction, int i)
{
    return play->tape->operand[instruction->first + i];
}

static inline am_var am_play_result(const am_play *play, const am_instruction *instruction, int i)
{
    return am_play_operand(play, instruction, instruction->inputs + i);
}

static inline uint16_t am_play_storage(const am_play *play, am_var x)
{
    return play->tape->tensor[x].storage;
}

static inline void am_play_retain(am_play *play, uint16_t slot)
{
    play->player->refs[slot]++;
}

static inline void am_play_release(am_play *play, uint16_t slot)
{
    am_player *player = play->player;
    if (--player->refs[slot] != 0) return;
    if (slot < play->tape->storages) {
        if (!play->tape->storage[slot].fixed) play->live -= player->bytes[slot];
        return;
    }
    play->live -= player->bytes[slot];
    player->next_free[slot] = play->free_slot;
    play->free_slot = slot;
}

/* Lets go of a slot of the program, which is not used again. */
static inline void am_play_drop(am_play *play, uint16_t slot)
{
    if (--play->player->refs[slot] == 0) play->live -= play->player->bytes[slot];
}

/* The non-reentrant region that an instruction is checkpointed in; else 0. */
static inline uint16_t am_play_region(const am_play *play, const am_instruction *instruction)
{
    uint16_t region = am_checkpointed_region(play->tape, instruction);
    return play->tape->region[region].kind == AM_NON_REENTRANT ? region : 0;
}

/* live.c */
/* extra: bytes that exist only where gradients start as None. */
void am_play_note(am_play *play, int64_t extra);
void am_play_grow(am_play *play, int64_t bytes);
/* A slot for bytes that are not on the tape: held once, not yet counted. */
uint16_t am_play_slot(am_play *play, int64_t bytes);
uint16_t am_play_allocate(am_play *play, int64_t bytes);

/* recompute.c */
/* Does selective checkpointing keep this operation's results? */
bool am_play_keeps(const am_play *play, const am_instruction *instruction);
void am_play_hold_saves(am_play *play, uint16_t index);
/* Plays a region again, this time saving. A non-reentrant one stops at its last saved tensor: before the operation if
 * that only saves inputs, since they exist by then. */
void am_play_recompute(am_play *play, uint16_t index);
/* What was made again and is still held by the code itself dies when it stops. */
void am_play_release_left(am_play *play, const am_region *region);
void am_play_forget(am_play *play, uint16_t index);

#endif
