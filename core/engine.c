/* Autograd's engine: which node runs next, where its gradients go, when a parameter gets its own. */
#include "compile.h"
#include "proven.h"

#include <string.h>

#ifdef AM_FIRST /* none of its units are sharded */
#define upcast(compiler, tensor, x, g) ((void)0)
#else
/* Gives a parameter's gradient the type that it is reduced in, where autograd casts it itself (FSDP2's may_reduce_grad_outside_dp). */
static void upcast(am_compiler *compiler, const am_tensor *tensor, am_var x, am_gradient *g)
{
    const am_tape *tape = compiler->tape;
    if (!tape->units || !tape->upcast_vectors || tensor->rank != 1) return; /* an activation that is a leaf is no vector */
    uint16_t wide = am_compile_allocate(compiler, am_compile_bytes(compiler, x, tape->reduce_dtype));
    am_compile_release(compiler, g->slot);
    g->slot = wide;
}
#endif

void am_compile_accumulate(am_compiler *compiler, am_var x)
{
    am_gradient *buffer = am_compile_buffer(compiler, x), g = *buffer;
    const am_tensor *tensor = am_compile_tensor(compiler, x);
    buffer->slot = 0;
    int64_t bytes = am_compile_bytes(compiler, x, tensor->dtype);
    upcast(compiler, tensor, x, &g);
    bool stolen = compiler->player->slot_refs[g.slot] == 1 && am_layout_same(tensor->rank, g.stride, tensor->stride);
    if (tensor->parameter) {
        int64_t kept = stolen ? compiler->player->slot_bytes[g.slot] : bytes;
        if (tensor->whole && !compiler->tape->units) /* FSDP2 lets go of the whole one as soon as its part is cut out */
            kept = bytes = am_compile_bytes(compiler, tensor->whole, tensor->dtype);
        am_compile_event(compiler, stolen ? AM_E_STEAL : AM_E_COPY, compiler->tape->units ? tensor->unit : g.slot,
                         kept);
        am_compile_release(compiler, g.slot);
        compiler->program->gradient_bytes += bytes;
        return;
    }
    am_compile_event(compiler, AM_E_LEAF, x, 0);
    if (stolen) return; /* an activation that is a leaf: its gradient counts either way, and stays */
    am_compile_allocate(compiler, bytes);
    am_compile_release(compiler, g.slot);
}

/* Adds a gradient to what waits at x. summed: released when the node's loop over its outputs has ended. */
static bool add_gradient(am_compiler *compiler, am_var x, am_gradient gradient, uint16_t *summed)
{
    am_gradient *buffer = am_compile_buffer(compiler, x);
    if (!buffer->slot) {
        *buffer = gradient;
        return false;
    }
    am_layout layout[2] = {am_compile_layout_of_gradient(compiler, buffer),
                           am_compile_layout_of_gradient(compiler, &gradient)};
    int64_t stride[AM_MAX_RANK] = {0};
    am_layout_pointwise(layout[0].rank, layout[0].shape, 2, layout, stride);
    am_gradient sum = am_compile_gradient(compiler, buffer->like, buffer->dtype, stride);
    am_compile_release(compiler, buffer->slot);
    *buffer = sum;
    *summed = gradient.slot;
    return true;
}

/* Finds what the backward from root reaches, and how many gradients each leaf waits for. */
static void count_waiting(am_compiler *compiler, uint16_t root)
{
    const am_tape *tape = compiler->tape;
    am_player *player = compiler->player;
    player->reached[root] = true;
    for (uint16_t index = root; index > 0; index--) {
        if (!player->reached[index]) continue;
        const am_instruction *instruction = &tape->instruction[tape->node[index].instruction];
        for (int k = 0; k < instruction->inputs; k++) {
            am_var x = am_compile_operand(compiler, instruction, k);
            const am_tensor *tensor = am_compile_tensor(compiler, x);
            if (!am_compile_wanted(compiler, x)) continue;
            if (tensor->node)
                player->reached[tensor->node] = true;
            else
                player->waiting[tensor->leaf]++;
        }
    }
}

/* Which nodes lead to an input that wants its gradient. */
static void find_leads(am_compiler *compiler)
{
    const am_tape *tape = compiler->tape;
    for (int index = 1; index < tape->nodes; index++) {
        const am_instruction *instruction = &tape->instruction[tape->node[index].instruction];
        compiler->player->leads[index] = false;
        for (int k = 0; k < instruction->inputs; k++)
            compiler->player->leads[index] |= am_compile_wanted(compiler, am_compile_operand(compiler, instruction, k));
    }
}

/* What stood between the last weights and the loss is not needed for the weights' part. */
static void forget_end(am_compiler *compiler)
{
    const am_tape *tape = compiler->tape;
    for (int index = tape->nodes - 1; AM_ALWAYS(index > 0); index--) { /* to one that has weights */
        const am_instruction *instruction = &tape->instruction[tape->node[index].instruction];
        if (AM_NEVER(!compiler->player->reached[index])) continue; /* nothing stands beside the end */
        for (int k = 0; k < instruction->inputs; k++) {
            am_var x = am_compile_operand(compiler, instruction, k);
            if (am_compile_tensor(compiler, x)->grad && !am_compile_wanted(compiler, x)) return;
        }
        if (tape->node[index].save_count) am_compile_event(compiler, AM_E_FORGET, (uint16_t)index, 0);
    }
}

/* Is a node the last of its region that runs, and x the region's input, which has a gradient from outside? A reentrant region is
 * a graph of its own: what it gives its input is added to that once it has run. */
static bool is_added_outside(const am_compiler *compiler, uint16_t node, am_var x)
{
#ifdef AM_FIRST /* only what Megatron plays again is used beside its region */
    (void)compiler, (void)node, (void)x;
    return false;
#else
    const am_tape *tape = compiler->tape;
    uint16_t region = tape->instruction[tape->node[node].instruction].region, next = node;
    if (!compiler->given[region] || x != tape->operand[tape->region[region].first_input]) return false;
    while (next-- > 1 && !compiler->player->reached[next]) {}
    return !am_region_is_in(tape, tape->instruction[tape->node[next].instruction].region, region);
#endif
}

/* Passes a node's gradients on, then accumulates those of leaves that wait for no more. */
static void pass_on(am_compiler *compiler, uint16_t node, const am_outputs *out)
{
    const am_instruction *instruction = &compiler->tape->instruction[compiler->tape->node[node].instruction];
    uint16_t summed[AM_MAX_INPUTS];
    am_var ready[AM_MAX_INPUTS];
    int sums = 0, leaves = 0, outside = -1;
    for (int k = 0; k < instruction->inputs && k < AM_MAX_INPUTS; k++) {
        if (!out->made[k]) continue;
        am_var x = am_compile_operand(compiler, instruction, k);
        if (is_added_outside(compiler, node, x)) {
            outside = k;
            continue;
        }
        bool added = add_gradient(compiler, x, out->gradient[k], &summed[sums]);
        sums += added;
        if (!added && instruction->region && x == compiler->tape->region[instruction->region].beside)
            am_compile_event(compiler, AM_E_BESIDE, 0,
                             am_compile_bytes(compiler, x, am_compile_tensor(compiler, x)->dtype));
        const am_tensor *tensor = am_compile_tensor(compiler, x);
        if (!tensor->node && --compiler->player->waiting[tensor->leaf] == 0) ready[leaves++] = x;
    }
    for (int i = 0; i < sums; i++) am_compile_release(compiler, summed[i]);
    for (int i = 0; i < leaves; i++) am_compile_accumulate(compiler, ready[i]);
    if (outside < 0) return;
    am_compile_event(compiler, AM_E_LEAVE, instruction->region, 0);
    bool added = add_gradient(compiler, am_compile_operand(compiler, instruction, outside), out->gradient[outside], summed);
    if (AM_ALWAYS(added)) am_compile_release(compiler, summed[0]); /* to the one that is_added_outside found */
}

/* A region that is entered: with the gradient of its result, which a reentrant one holds. */
static void enter_region(am_compiler *compiler, uint16_t region)
{
    if (!region || compiler->entered[region]) return;
    compiler->entered[region] = true;
    const am_region *entered = &compiler->tape->region[region];
    enter_region(compiler, entered->around);
    compiler->given[region] = am_compile_buffer(compiler, compiler->tape->operand[entered->first_input])->slot != 0;
    am_compile_event(compiler, AM_E_REGION, am_compile_buffer(compiler, entered->output)->slot, region);
    for (int i = 0; i < 2 && entered->more[i]; i++)
        am_compile_event(compiler, AM_E_ENTERED, am_compile_buffer(compiler, entered->more[i])->slot, i + 1);
}

#ifdef AM_FIRST /* no region of its models outlives its backward */
#define leave_regions(compiler, region, next) ((void)0)
#else
/* Regions whose last node has run, the next one being in this one: the gradients of their inputs are there. */
static void leave_regions(am_compiler *compiler, uint16_t region, uint16_t next)
{
    const am_tape *tape = compiler->tape;
    for (; region && !am_region_is_in(tape, next, region); region = tape->region[region].around) {
        if (!tape->region[region].outlives) continue;
        uint16_t slot = am_compile_buffer(compiler, tape->operand[tape->region[region].first_input])->slot;
        compiler->player->slot_region[slot] = (uint8_t)region; /* 0: none has a gradient, and nobody asks */
    }
}
#endif

/* FSDP2's hooks between two nodes: they stand where a unit's forward began and ended. */
static void pass_units(am_compiler *compiler, int from, int to)
{
    const am_tape *tape = compiler->tape;
    for (int i = from - 1; i > to && tape->units; i--) {
        if (tape->instruction[i].kind == AM_I_RESHARD) am_compile_event(compiler, AM_E_UNSHARD, (uint16_t)i, 0);
        if (tape->instruction[i].kind == AM_I_REDUCE) am_compile_event(compiler, AM_E_REDUCE, (uint16_t)i, 0);
    }
}

static void reset(am_compiler *compiler)
{
    const am_tape *tape = compiler->tape;
    am_player *player = compiler->player;
    memset(player->reached, 0, (size_t)tape->nodes * sizeof *player->reached);
    memset(player->waiting, 0, (size_t)tape->leaves * sizeof *player->waiting);
    for (int i = 0; i < tape->gradients; i++) player->gradient[i].slot = 0;
    for (int i = 0; i < tape->leaves; i++) player->leaf[i].slot = 0;
    compiler->program->events = compiler->program->slots = 0;
    compiler->program->gradient_bytes = 0;
    memset(compiler->program->waiting, 0, sizeof compiler->program->waiting);
    memset(compiler->program->weights, 0, sizeof compiler->program->weights);
    if (am_compile_inputs_alone(compiler)) find_leads(compiler);
}

/* Is it the last node of a layer, all of which repeats the one behind it: goes on to its first. */
static bool begins_layer(am_compiler *compiler, uint16_t *node)
{
#ifdef AM_FIRST /* repeats none */
    (void)compiler, (void)node;
    return false;
#else
    const am_tape *tape = compiler->tape;
    uint16_t zone = tape->instruction[tape->node[*node].instruction].zone;
    if ((tape->repeats == 0 && !tape->aside) || zone == tape->instruction[tape->node[compiler->node].instruction].zone) return false;
    am_compile_end_layer(compiler);
    if (am_compile_repeat(compiler, zone, node)) return true;
    am_compile_layer(compiler, zone, *node);
    return false;
#endif
}

/* Autograd's engine. Ready nodes run by highest sequence number; since a node is created after all that it depends on,
 * that is the order of creation reversed. */
am_code am_compile(am_program *program, am_player *player, const am_tape *tape)
{
    am_compiler compiler = {.tape = tape, .player = player, .program = program};
#ifndef AM_FIRST
    am_compile_keep(player, tape);
#endif
    reset(&compiler);
    uint16_t first = tape->tensor[tape->loss].node;
    count_waiting(&compiler, first);
    am_gradient g = am_compile_gradient(&compiler, tape->loss, tape->tensor[tape->loss].dtype, NULL);
    am_compile_retain(&compiler, g.slot); /* backward() itself holds it throughout */
    *am_compile_buffer(&compiler, tape->loss) = g;
    int at = tape->instructions;
    uint16_t region = 0;
    for (uint16_t index = first; index > 0 && compiler.code == AM_OK; index--) {
        if (!player->reached[index]) continue;
        const am_instruction *instruction = &tape->instruction[tape->node[index].instruction];
        pass_units(&compiler, at, tape->node[index].instruction);
        at = tape->node[index].instruction;
        if (tape->node[index].restores) am_compile_event(&compiler, AM_E_RESTORE, tape->node[index].restores, 0);
        if (instruction->region != region) leave_regions(&compiler, region, instruction->region);
        region = instruction->region;
        enter_region(&compiler, region);
        if (begins_layer(&compiler, &index)) continue;
        am_outputs out;
        memset(out.made, 0, sizeof out.made);
        am_compile_node(&compiler, index, &out);
        pass_on(&compiler, index, &out);
        compiler.node = index;
        compiler.events = program->events;
    }
#ifndef AM_FIRST
    am_compile_end_layer(&compiler);
#endif
    if (am_compile_inputs_alone(&compiler)) forget_end(&compiler);
    if (am_compile_inputs_alone(&compiler) && tape->logits) am_compile_release(&compiler, g.slot); /* what was sent back stays */
    pass_units(&compiler, at, -1);
    return compiler.code;
}
