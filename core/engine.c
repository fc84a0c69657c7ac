/* Autograd's engine: which node runs next, where its gradients go, when a parameter gets its own. */
#include "play.h"

#include <string.h>

static am_gradient *buffer_of(const am_play *play, am_var x)
{
    const am_tensor *tensor = am_play_tensor(play, x);
    am_player *player = play->player;
    return tensor->node ? &player->gradient[play->tape->node[tensor->node].first_gradient + tensor->output]
                        : &player->leaf[tensor->leaf];
}

/* AccumulateGrad. Where gradients exist beforehand the new one dies; else it becomes .grad, without a copy where it
 * can. */
static void accumulate(am_play *play, am_var x)
{
    am_gradient *buffer = buffer_of(play, x), g = *buffer;
    const am_tensor *tensor = am_play_tensor(play, x);
    buffer->slot = 0;
    int64_t bytes = am_play_bytes(play, x, tensor->dtype);
    bool stolen = play->player->refs[g.slot] == 1 && am_layout_same(tensor->rank, g.stride, tensor->stride);
    if (!tensor->parameter) { /* an activation that is a leaf: its gradient counts either way, and stays */
        if (stolen) return;
        am_play_allocate(play, bytes);
        am_play_release(play, g.slot);
        return;
    }
    play->step->gradient_bytes += bytes;
    if (stolen) {
        play->gradients += play->player->bytes[g.slot];
    } else {
        am_play_note(play, bytes);
        play->gradients += bytes;
    }
    am_play_release(play, g.slot);
}

/* Adds a gradient to what waits at x. summed: released when the node's loop over its outputs has ended. */
static bool add_gradient(am_play *play, am_var x, am_gradient gradient, uint16_t *summed)
{
    am_gradient *buffer = buffer_of(play, x);
    if (!buffer->slot) {
        *buffer = gradient;
        return false;
    }
    am_layout layout[2] = {am_play_layout_of_gradient(play, buffer), am_play_layout_of_gradient(play, &gradient)};
    int64_t stride[AM_MAX_RANK] = {0};
    am_layout_pointwise(layout[0].rank, layout[0].shape, 2, layout, stride);
    am_gradient sum = am_play_gradient(play, buffer->like, buffer->dtype, stride);
    am_play_release(play, buffer->slot);
    *buffer = sum;
    *summed = gradient.slot;
    return true;
}

/* A reentrant region is one node of the graph outside: the whole of it runs again at once, and an inner backward goes
 * through it while the node holds the gradient that it was entered with. */
static void open_region(am_play *play, uint16_t index)
{
    play->open = index;
    play->open_gradient = buffer_of(play, play->tape->regions_[index].output)->slot;
    am_play_retain(play, play->open_gradient);
    am_play_recompute(play, index);
}

/* Its input is a saved tensor of that node; what its closure holds stays until the graph is gone. */
static void close_region(am_play *play)
{
    const am_region *region = &play->tape->regions_[play->open];
    if (!play->open) return;
    play->open = 0;
    am_play_release_left(play, region);
    am_play_release(play, play->open_gradient);
    am_play_release(play, am_play_storage(play, play->tape->operand[region->first_input]));
}

/* Finds what the backward from root reaches, and how many gradients each leaf waits for. */
static void count_waiting(am_play *play, uint16_t root)
{
    const am_tape *tape = play->tape;
    am_player *player = play->player;
    player->reached[root] = true;
    for (uint16_t index = root; index > 0; index--) {
        if (!player->reached[index]) continue;
        const am_instruction *instruction = &tape->instruction[tape->node[index].instruction];
        for (int k = 0; k < instruction->inputs; k++) {
            const am_tensor *tensor = am_play_tensor(play, am_play_operand(play, instruction, k));
            if (!tensor->grad) continue;
            if (tensor->node)
                player->reached[tensor->node] = true;
            else
                player->waiting[tensor->leaf]++;
        }
    }
}

/* Passes a node's gradients on, then accumulates those of leaves that wait for no more. */
static void pass_on(am_play *play, const am_instruction *instruction, const am_outputs *out)
{
    uint16_t summed[4];
    am_var ready[4];
    int sums = 0, leaves = 0;
    for (int k = 0; k < instruction->inputs && k < 4; k++) {
        if (!out->made[k]) continue;
        am_var x = am_play_operand(play, instruction, k);
        sums += add_gradient(play, x, out->gradient[k], &summed[sums]);
        const am_tensor *tensor = am_play_tensor(play, x);
        if (!tensor->node && --play->player->waiting[tensor->leaf] == 0) ready[leaves++] = x;
    }
    for (int i = 0; i < sums; i++) am_play_release(play, summed[i]);
    for (int i = 0; i < leaves; i++) {
        if (play->open && ready[i] == play->tape->operand[play->tape->regions_[play->open].first_input])
            close_region(play);
        accumulate(play, ready[i]);
    }
}

/* Leaves and enters regions, and says which part of the step now runs. */
static void enter_node(am_play *play, const am_instruction *instruction)
{
    uint16_t region = am_checkpointed_region(play->tape, instruction);
    if (play->zone != instruction->zone) play->step->gradients_above[instruction->zone] = play->gradients;
    if (play->open && play->open != region) close_region(play);
    play->zone = instruction->zone;
    play->instruction = (uint16_t)(instruction - play->tape->instruction);
    play->phase = AM_BACKWARD;
    if (!region || play->done[region]) return;
    if (play->tape->regions_[region].kind == AM_REENTRANT)
        open_region(play, region);
    else
        play->phase = AM_BEFORE_RECOMPUTE;
}

/* Autograd's engine. Ready nodes run by highest sequence number; since a node is created after all that it depends on,
 * that is the order of creation reversed. */
void am_play_engine(am_play *play, am_var root, am_gradient g)
{
    const am_tape *tape = play->tape;
    uint16_t first = am_play_tensor(play, root)->node;
    count_waiting(play, first);
    *buffer_of(play, root) = g;
    for (uint16_t index = first; index > 0 && play->code == AM_OK; index--) {
        if (!play->player->reached[index]) continue;
        const am_instruction *instruction = &tape->instruction[tape->node[index].instruction];
        enter_node(play, instruction);
        am_outputs out;
        memset(out.made, 0, sizeof out.made);
        am_play_node(play, index, &out);
        pass_on(play, instruction, &out);
    }
    close_region(play);
}
