/* Live bytes of a play: who holds what, and how high it gets. */
#include "play.h"

#include <string.h>

static void note_peak(const am_play *play, am_peak *peak, int64_t bytes)
{
    if (peak->seen && bytes <= peak->bytes) return;
    const am_instruction *instruction = &play->tape->instruction[play->instruction];
    *peak = (am_peak){bytes, instruction->module, (am_op)instruction->op, true};
}

static bool same_module(am_module x, am_module y)
{
    return x.path == y.path && x.leaf == y.leaf;
}

/* The trace keeps the highest number of live bytes of each operation, or of each run of a module. */
static void note_sample(am_play *play)
{
    am_trace *trace = play->trace;
    const am_instruction *instruction = &play->tape->instruction[play->instruction];
    if (trace->samples > 0 && trace->samples <= trace->sample_capacity) {
        am_sample *last = &trace->sample[trace->samples - 1];
        bool same = last->phase == play->phase && last->zone == play->zone &&
                    same_module(last->module, instruction->module) &&
                    (trace->by_module || play->sampled == play->instruction);
        if (same) {
            if (play->live > last->live) {
                last->live = play->live;
                last->op = instruction->op;
            }
            return;
        }
    }
    if (trace->samples < trace->sample_capacity)
        trace->sample[trace->samples] =
            (am_sample){play->live, instruction->module, play->zone, (uint8_t)play->phase, instruction->op};
    trace->samples++;
    play->sampled = play->instruction;
}

/* extra: bytes that exist only where gradients start as None. */
void am_play_note(am_play *play, int64_t extra)
{
    am_step *step = play->step;
    if (play->trace && play->trace->sample) note_sample(play);
    if (play->phase == AM_FORWARD) {
        note_peak(play, &step->forward[play->zone], play->live);
        return;
    }
    int64_t live[2] = {play->live, play->live + play->gradients + extra};
    for (int i = 0; i < 2; i++) {
        note_peak(play, &step->backward[i][play->phase][play->zone], live[i]);
        if (live[i] > play->peak[i]) play->peak[i] = live[i];
    }
}

void am_play_grow(am_play *play, int64_t bytes)
{
    play->live += bytes;
    am_trace *trace = play->trace;
    if (!trace || !trace->allocation || bytes == 0) return;
    if (trace->allocations < trace->allocation_capacity)
        trace->allocation[trace->allocations] = (am_allocation){(uint8_t)play->phase, bytes, play->live};
    trace->allocations++;
}

/* A slot for bytes that are not on the tape: held once, not yet counted. */
uint16_t am_play_slot(am_play *play, int64_t bytes)
{
    am_player *player = play->player;
    uint16_t slot = play->free_slot;
    if (slot) {
        play->free_slot = player->next_free[slot];
    } else if (play->slots < AM_MAX_SLOTS) {
        slot = (uint16_t)play->slots++;
    } else {
        play->code = AM_CAPACITY;
        return 0;
    }
    player->bytes[slot] = bytes;
    player->refs[slot] = 1;
    return slot;
}

uint16_t am_play_allocate(am_play *play, int64_t bytes)
{
    uint16_t slot = am_play_slot(play, bytes);
    am_play_grow(play, bytes);
    am_play_note(play, 0);
    return slot;
}
