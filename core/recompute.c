/* Checkpointed regions: what their forward keeps, and how they are played again in backward. */
#include "bytes.h"
#include "play.h"

#include <string.h>

uint16_t am_play_place(const am_play *play, uint16_t storage)
{
    uint16_t place = play->player->place[storage];
    bool restored = place && play->tape->region[play->tape->storage[storage].region].discards;
    return place && !restored ? place : storage;
}

void am_play_hold_saves(am_play *play, uint16_t index)
{
    const am_node *node = &play->tape->node[index];
    const int end = am_is_away(play->tape, AM_AWAY_SAVED) ? 0 : node->first_save + node->save_count;
    for (int i = node->first_save; i < end; i++) {
        uint16_t place = am_play_place(play, am_play_storage(play, play->tape->save[i]));
        am_play_retain(play, place);
        play->player->held[i] = place;
    }
    play->player->holding[index] = true;
}

void am_play_return_saves(am_play *play, uint16_t index)
{
    const am_node *node = &play->tape->node[index];
    for (int i = node->first_save; i < node->first_save + node->save_count; i++) {
        play->player->held[i] = 1; /* its copy is here */
        am_play_grow(play, am_play_counted(play, AM_LIVE_RETURNED, am_tape_copy_bytes(play->tape, i)));
    }
    if (node->save_count) am_play_note(play, 0);
}

void am_play_graph(am_play *play, const am_instruction *instruction)
{
    for (int i = 0; i < instruction->inputs; i++) {
        uint16_t slot = am_play_place(play, am_play_storage(play, am_play_operand(play, instruction, i)));
        if (instruction->kind == AM_I_GRAPH)
            am_play_retain(play, slot);
        else
            am_play_release(play, slot);
    }
}

static void count_again(am_play *play, const am_instruction *instruction, int index)
{
    if (!instruction->time && !instruction->flops) return; /* what executes any takes time, which is rounded up */
    int64_t executed = play->tape->executed[index];
    am_step *step = play->step;
    am_work *work = &step->zone_work[AM_IN_RECOMPUTE][instruction->zone];
    step->zone_recomputed[instruction->zone] += instruction->flops;
    step->zone_recomputed_time[instruction->zone] += instruction->time;
    work->flops += instruction->flops ? instruction->flops : executed;
    work->executed += executed;
    if (instruction->bound) work->bound += instruction->time;
}

#ifndef AM_FIRST
/* ---- outputs that are let go of, inputs that ranks share out ---- */

static uint16_t input_of(const am_play *play, const am_region *region)
{
    return am_play_storage(play, play->tape->operand[region->first_input]);
}

/* Its nodes keep the storage, emptied. A record that has such regions is only played with them checkpointed. */
void am_play_discard(am_play *play, uint16_t index)
{
    const am_region *region = &play->tape->region[index];
    am_play_resize(play, am_play_storage(play, region->output), 0);
    for (int i = 0; i < 2 && region->more[i]; i++) am_play_resize(play, am_play_storage(play, region->more[i]), 0);
}

/* What has been made again is copied into the storage that was emptied, and stays beside it until the region's backward has
 * run. A result that no node has saved, as a ring's own copy of keys and values stands for them, is filled too, and let go of with the
 * checkpoint's list of results (Megatron-Core's CheckpointWithoutOutput._recompute). */
void am_play_restore(am_play *play, uint16_t index)
{
    const am_region *region = &play->tape->region[index];
    const am_var results[] = {region->output, region->more[0], region->more[1]};
    am_play_recompute(play, index);
    for (int i = 0; i < 3 && results[i]; i++) {
        uint16_t storage = am_play_storage(play, results[i]);
        am_play_resize(play, storage, am_play_counted(play, AM_LIVE_RECOMPUTED, play->tape->storage[storage].bytes));
    }
    am_play_note(play, 0);
    for (int i = 0; i < 3 && results[i]; i++) {
        uint16_t storage = am_play_storage(play, results[i]);
        if (play->player->refs[storage] == 0) am_play_resize(play, storage, 0);
    }
}

static int64_t part_bytes(const am_play *play, const am_region *region)
{
    int dtype = play->tape->storage[input_of(play, region)].dtype;
    int64_t bytes = am_block_bytes(play->tape->extents->of[region->part].n * am_dtypes[dtype].size, play->tape->block);
    return am_play_sized(play, input_of(play, region), bytes);
}

/* A new tensor for the part, then the whole goes. The end of another region is no active instruction. */
void am_play_distribute(am_play *play, uint16_t index)
{
    const am_region *region = &play->tape->region[index];
    int64_t part = part_bytes(play, region);
    am_play_grow(play, part);
    am_play_note(play, 0);
    play->live -= part;
    am_play_resize(play, input_of(play, region), part);
}

void am_play_gather(am_play *play, uint16_t index)
{
    const am_region *region = &play->tape->region[index];
    if (!region->distributes) return;
    uint16_t storage = input_of(play, region);
    int64_t whole = am_play_sized(play, storage, play->tape->storage[storage].bytes);
    am_play_grow(play, whole);
    am_play_note(play, 0);
    play->live -= whole;
    am_play_resize(play, storage, whole);
}
#endif

/* Makes an operation's results anew, each so far behind its own place. */
static void recompute_results(am_play *play, const am_instruction *instruction, int index, int behind)
{
    am_player *player = play->player;
    const int end = instruction->made_end;
    for (int i = instruction->made; i < end; i++) {
        int64_t bytes = player->bytes[i + AM_MAX_STORAGES];
        player->place[i] = (uint16_t)(i + behind);
        player->refs[i + behind] = 1;
        player->bytes[i + behind] = bytes;
        am_play_cache(play, (uint16_t)i, (uint16_t)(i + behind));
        am_play_grow(play, bytes);
    }
    if (instruction->made < end) am_play_note(play, 0);
    count_again(play, instruction, index);
}

/* A kept result passes from the region's cache to the code that runs again. */
static void take_results(am_play *play, const am_instruction *instruction)
{
    for (int i = instruction->made, end = instruction->made_end; i < end; i++) {
        play->player->kept[i] = false;
        play->player->place[i] = (uint16_t)i;
        am_play_cache(play, (uint16_t)i, (uint16_t)i);
    }
}

/* A graph has no use for what nothing behind it needs; code that runs again makes it all the same. */
static bool is_idle(const am_region *region, const am_instruction *instruction)
{
#ifdef AM_FIRST
    (void)region;
    (void)instruction;
    return false;
#else
    return region->keep == AM_KEEP_CHOSEN && instruction->idle;
#endif
}

/* Storages whose last use in the region's own code this was. */
static void release_dying(am_play *play, const am_region *region, const am_instruction *instruction)
{
    const am_tape *tape = play->tape;
    for (uint16_t dying = instruction->dying; dying; dying = tape->storage[dying].next_dying) {
        if (dying < region->first_storage || !play->player->place[dying]) continue;
        am_play_release(play, play->player->place[dying]);
        play->player->gone[dying] = true;
    }
}

/* What was made again and is still held by the code itself dies when it stops. */
void am_play_release_left(am_play *play, const am_region *region)
{
    for (uint16_t storage = region->first_storage; storage < region->last_storage; storage++) {
        if (!play->player->place[storage] || play->player->gone[storage]) continue;
        am_play_release(play, play->player->place[storage]);
        play->player->gone[storage] = true;
    }
}

/* An operation of a region that runs again: what its results were kept for, or made anew. */
static void run_again(am_play *play, const am_region *region, const am_instruction *instruction, int index)
{
    if (am_instruction_kept(region, instruction))
        take_results(play, instruction);
    else if (!is_idle(region, instruction))
        recompute_results(play, instruction, index, AM_MAX_STORAGES);
    if (instruction->saves) am_play_hold_saves(play, instruction->node);
}

#ifdef AM_FIRST /* only Megatron's have others in them */
#define run_inner(play, instruction, index) ((void)0)
#else
/* The forward of a region in one that runs again, without gradients: in places of the forward, in which nothing of it is left. */
static void run_inner(am_play *play, const am_instruction *instruction, int index)
{
    if (instruction->kind == AM_I_OP) recompute_results(play, instruction, index, 0);
    for (int i = 0; instruction->kind == AM_I_BEGIN && i < instruction->inputs; i++)
        am_play_retain(play, am_play_place(play, am_play_storage(play, am_play_operand(play, instruction, i))));
}
#endif

#ifdef AM_FIRST
#define clear_cache(play, region) ((void)0)
#else
void am_play_clear_cache(am_play *play, uint16_t first, uint16_t end, int64_t *alone)
{
    const am_tape *tape = play->tape;
    if (tape->autocast == AM_DTYPE_COUNT) return;
    for (uint16_t storage = first; storage < end; storage++) {
        const uint16_t place = play->phase == AM_FORWARD ? storage : play->player->place[storage];
        if (!tape->storage[storage].cached || !place) continue;
        if (play->player->refs[place] == 1) alone[tape->instruction[tape->storage[storage].born].zone] += play->player->bytes[place];
        am_play_release(play, place);
    }
}

/* The autocast in which a region ran again has ended. */
static void clear_cache(am_play *play, const am_region *region)
{
    am_step *step = play->step;
    int64_t cached = 0;
    am_play_clear_cache(play, region->first_storage, region->last_storage, step->cached_again);
    for (int zone = play->tape->instruction[region->start].zone; zone < play->zone; zone++)
        step->recompute_start[zone + 1] -= cached += step->cached_again[zone];
}
#endif

/* Plays a region again, this time saving. A non-reentrant one stops at its last saved tensor: before the operation if
 * that only saves inputs, since they exist by then. */
void am_play_recompute(am_play *play, uint16_t index)
{
    const am_tape *tape = play->tape;
    const am_region *region = &tape->region[index];
    am_phase phase = play->phase;
    uint16_t zone = play->zone, at = play->instruction;
    play->done[index] = true;
    play->zone = UINT16_MAX;
    bool early = region->kind == AM_NON_REENTRANT; /* which a node that has saved something plays again */
    const int stop = early ? region->stop : region->end, end = stop < region->end ? stop + 1 : region->end;
    size_t made = (size_t)(region->last_storage - region->first_storage);
    memset(&play->player->place[region->first_storage], 0, made * sizeof *play->player->place);
    memset(&play->player->gone[region->first_storage], 0, made * sizeof *play->player->gone);
    for (const uint16_t *active = &tape->active[region->active]; *active < end; active++) {
        const int i = *active;
        const am_instruction *instruction = &tape->instruction[i];
        if (play->zone != instruction->zone) {
            play->step->recompute_start[instruction->zone] = play->live;
            am_play_go(play, AM_RECOMPUTE, instruction->zone);
        }
        play->instruction = (uint16_t)i;
        if (early && i == stop && !tape->node[instruction->node].saves_result) {
            am_play_hold_saves(play, instruction->node);
            break;
        }
        if (am_checkpointed_region(tape, instruction) != index)
            run_inner(play, instruction, i);
        else if (instruction->kind == AM_I_OP)
            run_again(play, region, instruction, i);
        switch (instruction->kind) {
        case AM_I_GRAPH:
        case AM_I_GRAPH_END: am_play_graph(play, instruction); break;
        case AM_I_DISCARD: am_play_discard(play, instruction->dims[0]); break;
        default: break;
        }
        if (instruction->dying) release_dying(play, region, instruction);
    }
    clear_cache(play, region);
    am_play_go(play, phase, zone);
    play->instruction = at;
    if (region->kind == AM_NON_REENTRANT) am_play_release_left(play, region);
}

/* A region whose last saving node has run lets go of its inputs and of what it kept. */
static void finish_region(am_play *play, const am_region *region)
{
    for (uint16_t storage = region->first_storage; region->keep && storage < region->last_storage; storage++)
        if (play->player->kept[storage]) am_play_release(play, storage);
    for (int i = 0; i < region->inputs; i++)
        am_play_release(play, am_play_storage(play, play->tape->operand[region->first_input + i]));
}

void am_play_forget_saves(am_play *play, uint16_t index)
{
    const am_node *node = &play->tape->node[index];
    if (!play->player->holding[index]) return;
    play->player->holding[index] = false;
    for (int i = node->first_save; i < node->first_save + node->save_count; i++)
        if (!am_is_away(play->tape, AM_AWAY_SAVED))
            am_play_release(play, play->player->held[i]);
        else if (play->player->held[i])
            play->live -= am_play_counted(play, AM_LIVE_RETURNED, am_tape_copy_bytes(play->tape, i));
}

void am_play_leave_region(am_play *play, uint16_t index)
{
    uint16_t region = am_play_region(play, &play->tape->instruction[play->tape->node[index].instruction]);
    if (!region) return;
    if (--play->pending[region] == 0) finish_region(play, &play->tape->region[region]);
}
