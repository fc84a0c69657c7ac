/* Plays one training step on a record: forward, loss, backward, and the recomputation of checkpointed regions in it.
 * Only sizes and lifetimes move: a storage is a slot with a count of who holds it. */
#include "play.h"

#include "bytes.h"

#include <string.h>

#include "compile.h"

/* Makes the storages that an operation's results fill. All of one operation appear together. */
static void make_results(am_play *play, const am_instruction *instruction)
{
    const int end = instruction->made_end;
    bool left_out = false; /* the forward of a reentrant region wants no gradient */
    if (instruction->graph_only)
        left_out = play->tape->region[am_checkpointed_region(play->tape, instruction)].kind == AM_REENTRANT;
    for (int i = instruction->made; i < end; i++) {
        play->player->refs[i] = left_out ? 2 : 1; /* 2: nothing to let go of */
        am_play_cache(play, (uint16_t)i, (uint16_t)i);
        if (!left_out) am_play_grow(play, play->player->bytes[i]);
    }
    if (!left_out) am_play_note(play, 0);
}

/* What selective checkpointing keeps stays alive until its region is done. */
static void keep_results(am_play *play, const am_instruction *instruction)
{
    for (int i = instruction->made, end = instruction->made_end; i < end; i++) {
        play->player->kept[i] = true;
        am_play_retain(play, (uint16_t)i);
    }
}

/* A part of this rank's stays of an input that is shared out. */
static int64_t part_bytes(const am_play *play, const am_region *region)
{
    uint16_t input = am_play_storage(play, play->tape->operand[region->first_input]);
    if (!am_is_away(play->tape, AM_AWAY_PARTS)) return 0;
    return am_play_sized(play, input, am_block_bytes(play->tape->storage[input].bytes / play->tape->parts, play->tape->block));
}

/* What a region holds until its backward. */
static void hold_inputs(am_play *play, const am_instruction *instruction, uint16_t region)
{
    bool away = am_inputs_away(play->tape);
    if (away) am_play_grow(play, part_bytes(play, &play->tape->region[region]));
    if (away) am_play_note(play, 0);
    for (int j = away; j < instruction->inputs; j++)
        am_play_retain(play, am_play_storage(play, am_play_operand(play, instruction, j)));
}

#ifdef AM_FIRST
#define note_carried(play) ((void)0)
#define carry(play)        ((void)0)
#define clear_cache(play)  ((void)0)
#else
static void note_carried(am_play *play)
{
    if (play->zone == 0 || play->zone >= play->tape->regions) return;
    am_var returned = play->tape->region[play->zone].beside; /* of regions of one layer: other code returns nothing else */
    uint16_t storage = am_play_storage(play, returned);
    if (returned && play->player->refs[storage] == 1) play->step->carried[play->zone] = play->player->bytes[storage];
}

/* What is carried on counts where it is, not with what its layer leaves. */
static void carry(am_play *play)
{
    for (int i = 1; i <= play->step->layers; i++) play->step->boundary[i] -= play->step->carried[i];
}

/* The forward's autocast has ended. */
static void clear_cache(am_play *play)
{
    am_step *step = play->step;
    am_play_clear_cache(play, 0, (uint16_t)play->tape->storages, step->cached);
    for (int zone = 0; zone <= step->layers; zone++) {
        step->boundary[zone] -= step->cached[zone];
        step->cached[zone + 1] += step->cached[zone];
    }
}
#endif

/* Behind the layers the model's code lets go of what it made before them, as it returns. */
static void note_return(am_play *play, const am_instruction *instruction)
{
    am_peak *head = play->step->head;
    bool returns = false;
    for (uint16_t dying = instruction->dying; dying; dying = play->tape->storage[dying].next_dying)
        returns |= play->tape->instruction[play->tape->storage[dying].born].zone == 0;
    if (!returns) return;
    head[0] = play->step->forward[play->zone]; /* all until here: some go an operation or two before the others */
    head[1] = (am_peak){0};
    play->returned = true;
}

/* What a zone leaves when its forward has ended. */
static void end_zone(am_play *play)
{
    play->step->boundary[play->zone] = play->live - play->sharded.flight;
}

static void play_forward(am_play *play)
{
    const am_tape *tape = play->tape;
    const int head = play->step->layers + 1;
    am_play_go(play, AM_FORWARD, 0);
    for (int active = 0; active < tape->actives; active++) {
        uint16_t i = tape->active[active];
        const am_instruction *instruction = &tape->instruction[i];
        if (play->zone != instruction->zone) {
            end_zone(play);
            note_carried(play);
            am_play_go(play, AM_FORWARD, instruction->zone);
        }
        play->instruction = i;
        uint16_t region = am_checkpointed_region(tape, instruction);
        switch (instruction->kind) {
        case AM_I_OP:
            if (instruction->made < instruction->made_end) make_results(play, instruction);
            if (region && am_instruction_kept(&tape->region[region], instruction)) keep_results(play, instruction);
            if (instruction->saves && !region) am_play_hold_saves(play, instruction->node);
            break;
        case AM_I_BEGIN:
            if (am_region_begun(tape, instruction)) hold_inputs(play, instruction, region);
            break;
        case AM_I_UNSHARD: am_play_unshard(play, instruction); break;
        case AM_I_RESHARD: am_play_reshard(play, instruction); break;
        case AM_I_GRAPH:
        case AM_I_GRAPH_END:
            if (!region) am_play_graph(play, instruction);
            break;
        case AM_I_DISCARD: am_play_discard(play, instruction->dims[0]); break;
        case AM_I_END:
            if (region) am_play_distribute(play, region);
            break;
        default: break;
        }
        if (instruction->zone == head) note_return(play, instruction);
        for (uint16_t dying = instruction->dying; dying; dying = tape->storage[dying].next_dying)
            am_play_release(play, dying);
    }
    end_zone(play);
    carry(play);
    clear_cache(play);
}

/* ---- backward ---- */

/* The input of a reentrant region that was away comes back as a tensor of its own, as its first zone begins. */
static void return_input(am_play *play)
{
    if (!play->returning) return;
    const am_region *region = &play->tape->region[am_play_innermost(play)];
    uint16_t input = am_play_storage(play, play->tape->operand[region->first_input]);
    play->returning = false;
    play->player->place[input] = (uint16_t)(input + AM_MAX_STORAGES);
    play->player->refs[input + AM_MAX_STORAGES] = 1;
    am_play_grow(play, play->player->bytes[input + AM_MAX_STORAGES]);
    am_play_note(play, 0);
}

static void let_input_go(am_play *play, const am_region *region)
{
    uint16_t input = am_play_storage(play, play->tape->operand[region->first_input]);
    am_play_release(play, play->player->place[input]);
    play->player->place[input] = 0;
    play->live -= part_bytes(play, region);
}

/* Its arguments are saved tensors of that node; what its closure holds stays until the graph is gone. */
static void close_region(am_play *play)
{
    const am_opened *opened = &play->open[--play->opened];
    const am_region *region = &play->tape->region[opened->region];
    am_play_release_left(play, region);
    play->live -= opened->bytes;
    bool away = am_inputs_away(play->tape), stays = am_play_outlives(play, region);
    if (away) let_input_go(play, region);
    uint16_t input = am_play_storage(play, play->tape->operand[region->first_input]);
    if (stays) play->outlived += play->player->bytes[input];
    for (int i = away || stays; i < region->arguments; i++)
        am_play_release(play, am_play_place(play, am_play_storage(play, play->tape->operand[region->first_input + i])));
}

/* Closes those that this one, where the backward goes on, is not in. */
static void close_others(am_play *play, uint16_t region)
{
    while (play->opened && !am_region_is_in(play->tape, region, am_play_innermost(play))) close_region(play);
}

/* autograd.Function gives zeros as the gradient of a result that got none. */
static int64_t bytes_beside(const am_play *play, const am_region *region)
{
    const am_tensor *tensor = &play->tape->tensor[region->beside];
    if (!region->beside) return 0;
    return am_play_counted(play, AM_LIVE_GRADIENT, am_layout_elements(tensor->rank, tensor->shape) * am_dtypes[tensor->dtype].size);
}

/* A reentrant region is one node of the graph outside: the whole of it runs again at once, and an inner backward goes
 * through it while the node holds the gradient that it was entered with. */
static void open_region(am_play *play, uint16_t index, uint16_t gradient)
{
    const am_region *region = &play->tape->region[index];
    if (region->kind != AM_REENTRANT || region->keep == AM_KEEP_EVERYTHING) return;
    close_others(play, index); /* those behind it */
    play->open[play->opened++] = (am_opened){.region = index, .gradient = {gradient}};
    play->zeros = bytes_beside(play, region);
    play->returning = am_inputs_away(play->tape);
#ifndef AM_FIRST
    play->settled = false;
#endif
}

/* Once the region's first zone has begun. */
static void make_zeros(am_play *play)
{
    if (play->zeros == 0) return;
    am_play_grow(play, play->zeros);
    play->open[play->opened - 1].bytes += play->zeros;
    play->zeros = 0;
}

/* The inner backward begins with zeros for what was returned beside: its gradient is added to them, in a new tensor. */
static void add_to_zeros(am_play *play, int64_t bytes)
{
    if (!play->opened) return;
    am_play_grow(play, bytes);
    am_play_note(play, 0);
    play->live -= bytes;
}

/* The outermost region whose node holds the gradient in this slot; NULL: none does. */
static am_opened *holder_of(am_play *play, uint16_t slot)
{
    for (int i = 0; i < play->opened; i++)
        for (int j = 0; j < 3; j++)
            if (play->open[i].gradient[j] == slot) return &play->open[i];
    return NULL;
}

/* The gradient of a region's input, which outlives its backward. */
static void leave_behind(am_play *play, const am_region *region, int64_t bytes)
{
    uint16_t zone = play->tape->instruction[region->start].zone;
    play->outlived += bytes;
    if (zone != play->zone) play->step->passed[zone] += bytes;
}

static void free_slot(am_play *play, const am_event *event)
{
#ifndef AM_FIRST
    if (!play->opened && !play->outliving) {
        play->live -= event->bytes;
        return;
    }
#endif
    am_opened *holder = holder_of(play, event->index);
    const am_region *region = &play->tape->region[play->player->slot_region[event->index]];
    if (am_play_outlives(play, region))
        leave_behind(play, region, event->bytes);
    else if (holder)
        holder->bytes += event->bytes;
    else
        play->live -= event->bytes;
}

/* A gradient takes over what a node saved: the same memory, unless something else holds that too. */
static void take(am_play *play, const am_event *event)
{
    uint16_t *held = &play->player->held[event->index];
    if (am_is_away(play->tape, AM_AWAY_SAVED)) {
        play->live += event->bytes; /* a copy may be of a part alone */
        play->live -= am_play_counted(play, AM_LIVE_RETURNED, am_tape_copy_bytes(play->tape, event->index));
        *held = 0;
        return;
    }
    am_play_release(play, *held);
    play->live += event->bytes;
    *held = 0;
}

static void begin_zone(am_play *play, uint16_t zone)
{
    play->step->gradients_above[zone] = play->gradients;
    play->step->outlived[zone] = play->outlived;
    play->step->backward_start[zone] = play->live - play->sharded.flight - play->outlived;
}

#ifdef AM_FIRST /* where looking again is smaller */
#define is_settled(play, instruction)    false
#define settle(play, instruction, again) ((void)(again))
#else
/* Does a node bring about nothing of its own, being of the region and zone of the last one, which the backward has entered? */
static bool is_settled(const am_play *play, const am_instruction *instruction)
{
    return play->settled && play->entered == instruction->region && play->zone == instruction->zone;
}

/* Those that follow this one do not, or have to be looked at again. */
static void settle(am_play *play, const am_instruction *instruction, bool again)
{
    play->entered = instruction->region;
    play->settled = !again && !am_is_away(play->tape, AM_AWAY_SAVED);
}
#endif

/* Says which part of the step now runs. The first node that has saves makes its region run again; a reentrant one does
 * with its first node. */
static void enter_node(am_play *play, const am_node *node)
{
    const am_instruction *instruction = &play->tape->instruction[node->instruction];
    play->instruction = node->instruction;
    if (is_settled(play, instruction)) return;
    uint16_t region = am_checkpointed_region(play->tape, instruction);
    close_others(play, region);
    bool waiting = region && !play->done[region];
    bool before = waiting && am_play_innermost(play) != region && node->save_count == 0;
    am_phase phase = before ? AM_BEFORE_RECOMPUTE : AM_BACKWARD;
    if (play->zone != instruction->zone) begin_zone(play, instruction->zone);
    if (play->zone != instruction->zone || play->phase != phase) am_play_go(play, phase, instruction->zone);
    return_input(play);
    make_zeros(play);
    if (am_is_away(play->tape, AM_AWAY_SAVED)) am_play_return_saves(play, (uint16_t)(node - play->tape->node));
    settle(play, instruction, before);
    if (!waiting || before) return;
    am_play_gather(play, region);
    am_play_recompute(play, region);
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

/* What something else holds too is copied. */
static void copy_gradient(am_play *play, int64_t bytes)
{
    am_play_grow(play, bytes);
    am_play_note(play, 0);
    play->step->all_outlived += bytes;
}

/* A leaf that is no parameter; a region whose input it is ends before it takes its gradient. */
static void reach_leaf(am_play *play, am_var x)
{
    const am_region *region = &play->tape->region[am_play_innermost(play)];
    if (!play->opened || AM_NEVER(x != play->tape->operand[region->first_input])) return; /* others were closed by nodes before it */
    close_region(play);
    if (am_play_outlives(play, region))
        copy_gradient(play, am_play_counted(play, AM_LIVE_GRADIENT, play->tape->storage[am_play_storage(play, x)].bytes));
}

#ifndef AM_FIRST /* no model of its has these */
/* A hook of FSDP2 belongs to its unit's layer. */
static const am_instruction *enter_unit(am_play *play, uint16_t index)
{
    const am_instruction *instruction = &play->tape->instruction[index];
    if (play->zone != instruction->zone) begin_zone(play, instruction->zone);
    am_play_go(play, AM_BACKWARD, instruction->zone);
    play->instruction = index;
    return instruction;
}
#endif

/* A parameter has got its gradient. copied: beside the one that it was made of. */
static void take_gradient(am_play *play, const am_event *event, bool copied)
{
#ifndef AM_FIRST
    if (play->tape->units) {
        am_play_keep_gradient(play, event->index, event->bytes);
        if (copied) am_play_note(play, 0);
        return;
    }
    am_play_learn(play);
#endif
    if (copied) am_play_note(play, event->bytes); /* both exist for a moment */
    play->gradients += event->bytes;
}

#ifndef AM_FIRST
/* The region that was opened last has another result, whose gradient it holds, too. */
static void note_entered(am_play *play, const am_event *event)
{
    if (AM_ALWAYS(play->opened)) /* those with several results are Megatron's, which are reentrant and played again */
        play->open[play->opened - 1].gradient[event->bytes] = event->index;
}

/* A region that has run. Only what Megatron plays again is used beside its region. */
static void leave_region(am_play *play, uint16_t region)
{
    if (AM_ALWAYS(am_play_innermost(play) == region)) close_region(play);
}
#endif

static void play_event(am_play *play, const am_event *event)
{
    switch (event->kind) {
    case AM_E_NODE: enter_node(play, &play->tape->node[event->index]); break;
    case AM_E_ALLOCATE:
        am_play_grow(play, event->bytes);
        am_play_note(play, 0);
        break;
    case AM_E_PART:
        am_play_grow(play, event->bytes);
        am_play_note(play, play->tape->units ? 0 : -event->bytes); /* FSDP2 gives a gradient its parameter's layout before it is reduced */
        break;
    case AM_E_TAKE: take(play, event); break;
    case AM_E_FREE: free_slot(play, event); break;
    case AM_E_FORGET: forget(play, event->index); break;
    case AM_E_FORGET_RECOMPUTED: forget_in_two(play, event->index, true); break;
    case AM_E_FORGET_KEPT: forget_in_two(play, event->index, false); break;
    case AM_E_REGION: open_region(play, (uint16_t)event->bytes, event->index); break;
    case AM_E_BESIDE: add_to_zeros(play, event->bytes); break;
    case AM_E_LEAF: reach_leaf(play, event->index); break;
    case AM_E_COPY: take_gradient(play, event, true); break;
    case AM_E_STEAL: take_gradient(play, event, false); break;
#ifndef AM_FIRST
    case AM_E_ENTERED: note_entered(play, event); break;
    case AM_E_LEAVE: leave_region(play, event->index); break;
    case AM_E_RESTORE: am_play_restore(play, event->index); break;
    case AM_E_UNSHARD: am_play_unshard_again(play, enter_unit(play, event->index)); break;
    default: am_play_reduce(play, enter_unit(play, event->index)); /* AM_E_REDUCE */
#endif
    }
}

static void play_backward(am_play *play)
{
    const am_program *program = &play->player->program;
    am_play_go(play, AM_BACKWARD, (uint16_t)(play->step->layers + 1));
    play->instruction = play->tape->node[play->tape->tensor[play->tape->loss].node].instruction;
    for (int i = 0; i < program->events; i++) play_event(play, &program->event[i]);
    close_others(play, 0);
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
    memset(player->kept, 0, storages * sizeof *player->kept);
    memset(player->holding, 0, (size_t)tape->nodes * sizeof *player->holding);
    for (int i = 1; i < tape->regions; i++) {
        const am_region *region = &tape->region[i];
        play->pending[i] = region->savers;
#ifndef AM_FIRST
        play->outliving |= am_play_outlives(play, region);
#endif
        uint16_t resized = am_play_storage(play, region->discards ? region->output : tape->operand[region->first_input]);
        if (region->discards || region->distributes) player->bytes[resized] = am_play_sized(play, resized, tape->storage[resized].bytes);
        for (int j = 0; j < 2 && region->discards && region->more[j]; j++) {
            resized = am_play_storage(play, region->more[j]);
            player->bytes[resized] = am_play_sized(play, resized, tape->storage[resized].bytes);
        }
    }
}

/* The backward is compiled once for each record. */
am_code am_step_compile(am_player *player, const am_tape *tape)
{
    if (player->compiled == tape->records && player->compiled_inputs == tape->inputs_alone) return AM_OK;
    am_code code = am_compile(&player->program, player, tape);
    player->compiled = code ? 0 : tape->records;
    player->compiled_inputs = tape->inputs_alone;
    for (int i = 0; i < tape->storages; i++)
        player->bytes[i] = player->bytes[i + AM_MAX_STORAGES] = am_play_size(tape, i);
    return code;
}

am_code am_step_play(am_step *step, am_player *player, const am_tape *tape, am_trace *trace)
{
    am_code code = tape->status.code ? tape->status.code : am_step_compile(player, tape);
    if (code) return code;
    am_play play = {.tape = tape, .player = player, .step = step, .trace = trace};
#ifndef AM_FIRST
    if (trace && trace->leader) play.only = 1 + (int)trace->part;
#endif
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
    step->all_outlived += play.outlived;
    memcpy(step->waiting, player->program.waiting, sizeof step->waiting);
    memcpy(step->weights, player->program.weights, sizeof step->weights);
    step->gradient_bytes = tape->units ? am_shard_gradients(tape) : player->program.gradient_bytes;
    step->forward_flops = tape->flops;
    memcpy(step->zone_flops, tape->zone_flops, sizeof step->zone_flops);
    memcpy(step->zone_time, tape->zone_time, sizeof step->zone_time);
    memcpy(step->zone_backward_time, tape->zone_backward_time, sizeof step->zone_backward_time);
    memcpy(step->zone_work, tape->zone_work, sizeof tape->zone_work);
    for (int i = 0; i <= step->layers + 1; i++) step->recomputed_flops += step->zone_recomputed[i];
    am_play_end(&play);
    return AM_OK;
}
