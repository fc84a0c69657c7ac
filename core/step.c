/* Plays one training step on a record: forward, loss, backward, and the recomputation of checkpointed regions in it.
 * Only sizes and lifetimes move: a storage is a slot with a count of who holds it. */
#include "play.h"

#include <string.h>

#include "compile.h"

/* Makes the storages that an operation's results fill. All of one operation appear together. */
static void make_results(am_play *play, const am_instruction *instruction, int index)
{
    /* the forward of a reentrant region wants no gradient */
    const am_region *region = &play->tape->region[am_checkpointed_region(play->tape, instruction)];
    if (instruction->op == AM_OP_OLD_VALUE && region->kind == AM_REENTRANT && region->keep != AM_KEEP_EVERYTHING) {
        play->player->refs[instruction->made] = 2; /* nothing to let go of */
        return;
    }
    bool any = false;
    for (int i = instruction->made; am_play_makes(play, i, index); i++) {
        if (play->tape->storage[i].fixed) continue;
        play->player->refs[i] = 1;
        am_play_grow(play, play->player->bytes[i]);
        any = true;
    }
    if (any) am_play_note(play, 0);
}

/* What selective checkpointing keeps stays alive until its region is done. */
static void keep_results(am_play *play, const am_instruction *instruction, int index)
{
    for (int i = instruction->made; am_play_makes(play, i, index); i++) {
        play->player->cached[i] = true;
        am_play_retain(play, (uint16_t)i);
    }
}

static void note_carried(am_play *play)
{
    uint16_t storage = am_play_storage(play, play->tape->beside);
    if (play->tape->beside && play->player->refs[storage] == 1) play->step->carried = play->player->bytes[storage];
}

static void play_forward(am_play *play)
{
    const am_tape *tape = play->tape;
    am_play_go(play, AM_FORWARD, 0);
    for (int active = 0; active < tape->actives; active++) {
        uint16_t i = tape->active[active];
        const am_instruction *instruction = &tape->instruction[i];
        if (play->zone != instruction->zone) {
            if (play->zone == 1) note_carried(play);
            am_play_go(play, AM_FORWARD, instruction->zone);
        }
        play->instruction = i;
        uint16_t region = am_checkpointed_region(tape, instruction);
        if (instruction->kind == AM_I_BEGIN && region)
            for (int j = 0; j < instruction->inputs; j++)
                am_play_retain(play, am_play_storage(play, am_play_operand(play, instruction, j)));
        if (instruction->kind == AM_I_OP) {
            make_results(play, instruction, i);
            if (am_play_keeps(play, instruction)) keep_results(play, instruction, i);
            if (instruction->node && !region) am_play_hold_saves(play, instruction->node);
        }
        if (instruction->kind >= AM_I_GRAPH && !region) am_play_graph(play, instruction);
        for (uint16_t dying = instruction->dying; dying; dying = tape->storage[dying].next_dying)
            am_play_release(play, dying);
        play->step->boundary[play->zone] = play->live;
    }
    for (int i = 1; i <= play->step->layers; i++) play->step->boundary[i] -= play->step->carried;
}

/* ---- backward ---- */

/* Its arguments are saved tensors of that node; what its closure holds stays until the graph is gone. */
static void close_region(am_play *play)
{
    const am_region *region = &play->tape->region[play->open];
    if (!play->open) return;
    play->open = 0;
    am_play_release_left(play, region);
    play->live -= play->open_bytes;
    for (int i = 0; i < region->arguments; i++)
        am_play_release(play, am_play_storage(play, play->tape->operand[region->first_input + i]));
}

/* autograd.Function gives zeros as the gradient of a result that got none. */
static int64_t bytes_beside(const am_play *play, const am_region *region)
{
    const am_tensor *tensor = &play->tape->tensor[region->beside];
    if (!region->beside) return 0;
    return am_layout_elements(tensor->rank, tensor->shape) * am_dtypes[tensor->dtype].size;
}

/* A reentrant region is one node of the graph outside: the whole of it runs again at once, and an inner backward goes
 * through it while the node holds the gradient that it was entered with. */
static void open_region(am_play *play, uint16_t index, uint16_t gradient)
{
    const am_region *region = &play->tape->region[index];
    if (region->kind != AM_REENTRANT || region->keep == AM_KEEP_EVERYTHING) return;
    close_region(play); /* the one behind it */
    play->open = index;
    play->open_gradient = gradient;
    play->open_bytes = 0;
    play->zeros = bytes_beside(play, region);
}

/* Once the region's first zone has begun. */
static void make_zeros(am_play *play)
{
    am_play_grow(play, play->zeros);
    play->open_bytes += play->zeros;
    play->zeros = 0;
}

/* The inner backward begins with zeros for what was returned beside: its gradient is added to them, in a new tensor. */
static void add_to_zeros(am_play *play, int64_t bytes)
{
    if (!play->open) return;
    am_play_grow(play, bytes);
    am_play_note(play, 0);
    play->live -= bytes;
}

static void free_slot(am_play *play, const am_event *event)
{
    if (play->open && event->index == play->open_gradient)
        play->open_bytes += event->bytes; /* the region's node still holds it */
    else
        play->live -= event->bytes;
}

/* A gradient takes over what a node saved: the same memory, unless something else holds that too. */
static void take(am_play *play, const am_event *event)
{
    uint16_t *held = &play->player->held[event->index];
    if (--play->player->refs[*held] != 0) play->live += event->bytes;
    *held = 0;
}

static void begin_zone(am_play *play, uint16_t zone)
{
    play->step->gradients_above[zone] = play->gradients;
    play->step->backward_start[zone] = play->live;
}

/* Says which part of the step now runs. The first node that has saves makes its region run again; a reentrant one does
 * with its first node. */
static void enter_node(am_play *play, const am_node *node)
{
    const am_instruction *instruction = &play->tape->instruction[node->instruction];
    uint16_t region = am_checkpointed_region(play->tape, instruction);
    if (play->open && play->open != region) close_region(play);
    bool waiting = region && !play->done[region], before = waiting && play->open != region && node->save_count == 0;
    am_phase phase = before ? AM_BEFORE_RECOMPUTE : AM_BACKWARD;
    if (play->zone != instruction->zone) begin_zone(play, instruction->zone);
    if (play->zone != instruction->zone || play->phase != phase) am_play_go(play, phase, instruction->zone);
    play->instruction = node->instruction;
    make_zeros(play);
    if (waiting && !before) am_play_recompute(play, region);
}

static void forget(am_play *play, uint16_t node)
{
    am_play_forget_saves(play, node);
    am_play_leave_region(play, node);
}

/* A node whose saves were made again lets go of them before its gradients are summed or cast, and of its region's inputs
 * after; another of its saves after. */
static void forget_in_two(am_play *play, uint16_t node, bool before)
{
    bool again = am_play_region(play, &play->tape->instruction[play->tape->node[node].instruction]) != 0;
    if (before && again) am_play_forget_saves(play, node);
    if (!before) forget(play, node);
}

/* A leaf that is no parameter; a region whose input it is ends before it takes its gradient. */
static void reach_leaf(am_play *play, am_var x)
{
    if (play->open && x == play->tape->operand[play->tape->region[play->open].first_input]) close_region(play);
}

static void play_event(am_play *play, const am_event *event)
{
    switch (event->kind) {
    case AM_E_NODE: enter_node(play, &play->tape->node[event->index]); break;
    case AM_E_ALLOCATE:
        am_play_grow(play, event->bytes);
        am_play_note(play, 0);
        break;
    case AM_E_TAKE: take(play, event); break;
    case AM_E_FREE: free_slot(play, event); break;
    case AM_E_FORGET: forget(play, event->index); break;
    case AM_E_FORGET_RECOMPUTED: forget_in_two(play, event->index, true); break;
    case AM_E_FORGET_KEPT: forget_in_two(play, event->index, false); break;
    case AM_E_REGION: open_region(play, (uint16_t)event->bytes, event->index); break;
    case AM_E_BESIDE: add_to_zeros(play, event->bytes); break;
    case AM_E_LEAF: reach_leaf(play, event->index); break;
    case AM_E_COPY: am_play_note(play, event->bytes); /* both exist for a moment */ __attribute__((fallthrough));
    case AM_E_STEAL: play->gradients += event->bytes; break;
    }
}

static void play_backward(am_play *play)
{
    const am_program *program = &play->player->program;
    am_play_go(play, AM_BACKWARD, (uint16_t)(play->step->layers + 1));
    play->instruction = play->tape->node[play->tape->tensor[play->tape->loss].node].instruction;
    for (int i = 0; i < program->events && play->code == AM_OK; i++) play_event(play, &program->event[i]);
    close_region(play);
    if (play->zone != 0) begin_zone(play, 0); /* where nothing outside the layers learns */
}

/* ---- the step ---- */

static void reset(am_play *play)
{
    const am_tape *tape = play->tape;
    am_player *player = play->player;
    size_t storages = (size_t)tape->storages;
    memset(player->refs, 0, storages * sizeof *player->refs);
    memset(player->place, 0, storages * sizeof *player->place);
    memset(player->cached, 0, storages * sizeof *player->cached);
    memset(player->holding, 0, (size_t)tape->nodes * sizeof *player->holding);
    for (int i = 0; i < tape->regions; i++) play->pending[i] = tape->region[i].savers;
}

/* The backward is compiled once for each record. */
static am_code compile_once(am_player *player, const am_tape *tape)
{
    if (player->compiled == tape->records && player->compiled_inputs == tape->inputs_alone) return AM_OK;
    am_code code = am_compile(&player->program, player, tape);
    player->compiled = code ? 0 : tape->records;
    player->compiled_inputs = tape->inputs_alone;
    for (int i = 0; i < tape->storages; i++)
        player->bytes[i] = player->bytes[i + AM_MAX_STORAGES] = tape->storage[i].fixed ? 0 : tape->storage[i].bytes;
    return code;
}

am_code am_step_play(am_step *step, am_player *player, const am_tape *tape, am_trace *trace)
{
    am_code code = tape->status.code ? tape->status.code : compile_once(player, tape);
    if (code) return code;
    if (tape->instruction[tape->instructions - 1].zone > AM_MAX_UNITS + 1) return AM_CAPACITY;
    am_play play = {.tape = tape, .player = player, .step = step, .trace = trace};
    memset(step, 0, sizeof *step);
    step->layers = tape->instruction[tape->instructions - 1].zone - 1;
    reset(&play);
    play_forward(&play);
    step->after_forward = play.live;
    uint16_t logits = am_play_storage(&play, tape->logits);
    if (tape->logits && !tape->logits_stay) am_play_release(&play, logits); /* the caller keeps the loss alone */
    step->after_drop = play.live;
    play_backward(&play);
    if (tape->logits && tape->logits_stay) am_play_release(&play, logits);
    step->after_backward = play.live;
    memcpy(step->waiting, player->program.waiting, sizeof step->waiting);
    memcpy(step->weights, player->program.weights, sizeof step->weights);
    step->gradient_bytes = player->program.gradient_bytes;
    step->forward_flops = tape->flops;
    memcpy(step->zone_flops, tape->zone_flops, sizeof step->zone_flops);
    memcpy(step->zone_time, tape->zone_time, sizeof step->zone_time);
    memcpy(step->zone_backward_time, tape->zone_backward_time, sizeof step->zone_backward_time);
    memcpy(step->zone_work, tape->zone_work, sizeof tape->zone_work);
    for (int i = 0; i <= step->layers + 1; i++) step->recomputed_flops += step->zone_recomputed[i];
    am_play_end(&play);
    return play.code;
}
