/* Plays one training step on a record: forward, loss, backward, and the recomputation of checkpointed regions in it.
 * Only sizes and lifetimes move: a storage is a slot with a count of who holds it. */
#include "play.h"

#include <string.h>

/* Makes the storages that an operation's results fill. All of one operation appear together. */
static void make_results(am_play *play, const am_instruction *instruction, int index)
{
    bool any = false;
    for (int i = 0; i < instruction->results; i++) {
        uint16_t slot = am_play_storage(play, am_play_result(play, instruction, i));
        const am_storage *storage = &play->tape->storage[slot];
        if (storage->fixed || storage->born != index || play->player->refs[slot]) continue;
        play->player->refs[slot] = 1;
        am_play_grow(play, storage->bytes);
        any = true;
    }
    if (any) am_play_note(play, 0);
}

/* What selective checkpointing keeps stays alive until its region is done. */
static void keep_results(am_play *play, const am_instruction *instruction)
{
    for (int i = 0; i < instruction->results; i++) {
        uint16_t storage = am_play_storage(play, am_play_result(play, instruction, i));
        if (play->player->cached[storage]) continue;
        play->player->cached[storage] = true;
        am_play_retain(play, storage);
    }
}

static void play_forward(am_play *play)
{
    const am_tape *tape = play->tape;
    for (int i = 0; i < tape->instructions; i++) {
        const am_instruction *instruction = &tape->instruction[i];
        play->zone = instruction->zone;
        play->instruction = (uint16_t)i;
        uint16_t region = am_checkpointed_region(tape, instruction);
        if (instruction->kind == AM_I_BEGIN && region)
            for (int j = 0; j < instruction->inputs; j++)
                am_play_retain(play, am_play_storage(play, am_play_operand(play, instruction, j)));
        if (instruction->kind == AM_I_OP) {
            make_results(play, instruction, i);
            if (am_play_keeps(play, instruction)) keep_results(play, instruction);
            if (instruction->node && !region) am_play_hold_saves(play, instruction->node);
        }
        for (uint16_t dying = instruction->dying; dying; dying = tape->storage[dying].next_dying)
            am_play_release(play, dying);
        play->step->boundary[play->zone] = play->live;
    }
}

/* ---- the step ---- */

static void reset(am_play *play)
{
    const am_tape *tape = play->tape;
    am_player *player = play->player;
    size_t storages = (size_t)tape->storages;
    for (size_t i = 0; i < storages; i++) player->bytes[i] = tape->storage[i].bytes;
    memset(player->refs, 0, storages * sizeof *player->refs);
    memset(player->copy, 0, storages * sizeof *player->copy);
    memset(player->cached, 0, storages * sizeof *player->cached);
    memset(player->holding, 0, (size_t)tape->nodes * sizeof *player->holding);
    memset(player->reached, 0, (size_t)tape->nodes * sizeof *player->reached);
    memset(player->waiting, 0, (size_t)tape->leaves * sizeof *player->waiting);
    for (int i = 0; i < tape->gradients; i++) player->gradient[i].slot = 0;
    for (int i = 0; i < tape->leaves; i++) player->leaf[i].slot = 0;
    for (int i = 0; i < tape->regions; i++) play->pending[i] = tape->regions_[i].savers;
    for (int i = 1; i < tape->storages; i++)
        if (tape->storage[i].fixed) player->refs[i] = 1;
    play->slots = tape->storages;
}

/* FLOPs of the forward, and of the second layer alone (of the only one if there is one). */
static void count_flops(am_play *play)
{
    const am_tape *tape = play->tape;
    am_step *step = play->step;
    uint16_t layer = step->layers > 1 ? 2 : 1;
    for (int i = 0; i < tape->instructions; i++) {
        step->forward_flops += tape->instruction[i].flops;
        if (tape->instruction[i].zone == layer) step->layer_flops += tape->instruction[i].flops;
    }
}

am_code am_step_play(am_step *step, am_player *player, const am_tape *tape, am_trace *trace)
{
    if (tape->status.code) return tape->status.code;
    am_play play = {.tape = tape, .player = player, .step = step, .trace = trace};
    memset(step, 0, sizeof *step);
    step->layers = tape->instruction[tape->instructions - 1].zone - 1;
    reset(&play);
    play_forward(&play);
    step->after_forward = play.live;
    for (int i = 0; i <= step->layers + 1; i++)
        if (step->forward[i].seen && step->forward[i].bytes > step->forward_peak)
            step->forward_peak = step->forward[i].bytes;
    am_play_release(&play,
                    am_play_storage(&play, tape->logits)); /* the caller drops the model's output and keeps the loss */
    step->after_drop = play.live;
    play.peak[0] = play.peak[1] = play.live;
    play.phase = AM_BACKWARD;
    play.zone = (uint16_t)(step->layers + 1);
    play.instruction = tape->node[am_play_tensor(&play, tape->loss)->node].instruction;
    am_gradient g = am_play_gradient(&play, tape->loss, am_play_tensor(&play, tape->loss)->dtype, NULL);
    am_play_retain(&play, g.slot); /* backward() itself holds it throughout */
    am_play_engine(&play, tape->loss, g);
    step->backward_peak = play.peak[0];
    step->step_peak = play.peak[1] > step->forward_peak ? play.peak[1] : step->forward_peak;
    count_flops(&play);
    return play.code;
}
