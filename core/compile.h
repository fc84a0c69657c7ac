/* The backward of a record, compiled: what is allocated, held and let go, node by node, whatever the checkpointing
 * policy. Layouts, types and the order of events depend on the record alone, so that one program is played under many
 * policies. Private to engine.c, backward.c, gradient.c (which make it) and step.c (which plays it). */
#ifndef ACTMEM_COMPILE_H
#define ACTMEM_COMPILE_H

#include "layout.h"
#include "tape.h"

/* Where a layer stands that is a copy, or that others are copies of: how far its nodes and saves are behind those of the one that was built,
 * in this record or, of one that was set aside, in its own. */
typedef struct am_copy {
    uint16_t nodes, saves;
    uint16_t root; /* the zone in this record that it is like, or its own */
    am_var input, output, from; /* from: the input of the one that it was copied from; 0: not known */
    struct am_repeat *aside;
} am_copy;

/* What the backward of a layer began with, if that was noted. */
typedef struct am_layer_backward {
    bool noted;
    am_copy place;
    uint16_t zone, last, refs; /* last: node; refs: so many hold the gradient */
    int events, slots;
    int64_t gradient_bytes;
    am_gradient gradient; /* of its result */
} am_layer_backward;

/* A program in the making. Its slots are numbered from 1 and never used twice. */
typedef struct am_compiler {
    const am_tape *tape;
    am_player *player;
    am_program *program;
    bool entered[AM_MAX_REGIONS]; /* a node of the region has been seen, */
    bool given[AM_MAX_REGIONS];   /* when its input had a gradient already */
    am_layer_backward layer;
    uint16_t node; /* that has run last, */
    int events;    /* and how many there were then */
    am_code code;
} am_compiler;

/* A node's gradients on their way to its inputs; made[k]: input k gets one. */
typedef struct am_outputs {
    bool made[AM_MAX_INPUTS];
    am_gradient gradient[AM_MAX_INPUTS];
} am_outputs;

static inline const am_tensor *am_compile_tensor(const am_compiler *compiler, am_var x)
{
    return &compiler->tape->tensor[x];
}

static inline am_var am_compile_operand(const am_compiler *compiler, const am_instruction *instruction, int i)
{
    return compiler->tape->operand[instruction->first + i];
}

/* Where gradients of a tensor that needs them wait. */
static inline am_gradient *am_compile_buffer(const am_compiler *compiler, am_var x)
{
    const am_tensor *tensor = am_compile_tensor(compiler, x);
    am_player *player = compiler->player;
    return tensor->node ? &player->gradient[compiler->tape->node[tensor->node].first_gradient + tensor->output]
                        : &player->leaf[tensor->leaf];
}

/* Do weights get their gradients later, in a part of their own? In pipelines, of which core.wasm has none. */
static inline bool am_compile_inputs_alone(const am_compiler *compiler)
{
#ifdef AM_FIRST
    (void)compiler;
    return false;
#else
    return compiler->tape->inputs_alone;
#endif
}

/* Does a gradient flow to it: to a weight only where weights get theirs. */
static inline bool am_compile_wanted(const am_compiler *compiler, am_var x)
{
    const am_tensor *tensor = am_compile_tensor(compiler, x);
    if (!tensor->grad || !am_compile_inputs_alone(compiler)) return tensor->grad;
    return tensor->node ? compiler->player->leads[tensor->node] : !tensor->parameter;
}

static inline am_layout am_compile_layout(const am_compiler *compiler, am_var x)
{
    const am_tensor *tensor = am_compile_tensor(compiler, x);
    return (am_layout){tensor->rank, tensor->shape, tensor->stride};
}

static inline am_layout am_compile_layout_of_gradient(const am_compiler *compiler, const am_gradient *gradient)
{
    const am_tensor *like = am_compile_tensor(compiler, gradient->like);
    return (am_layout){like->rank, like->shape, gradient->stride};
}

/* gradient.c: events, and gradients as tensors in slots. */
void am_compile_event(am_compiler *compiler, am_event_kind kind, uint16_t index, int64_t bytes);
uint16_t am_compile_allocate(am_compiler *compiler, int64_t bytes);
/* A slot in the memory that a node holds as this one of tape->save. */
uint16_t am_compile_take(am_compiler *compiler, uint16_t save);
void am_compile_retain(am_compiler *compiler, uint16_t slot);
void am_compile_release(am_compiler *compiler, uint16_t slot);
int64_t am_compile_bytes(const am_compiler *compiler, am_var like, int dtype);
/* A new gradient of x's shape; stride NULL: contiguous. */
am_gradient am_compile_gradient(am_compiler *compiler, am_var like, int dtype, const int64_t *stride);
/* The same storage seen as x's shape. */
am_gradient am_compile_view(am_compiler *compiler, const am_gradient *gradient, am_var like, const int64_t *stride);
bool am_compile_same_shape(const am_compiler *compiler, am_var x, am_var y);

/* backward.c: one node, from its incoming gradients to its outgoing ones. */
void am_compile_node(am_compiler *compiler, uint16_t index, am_outputs *out);

/* backward_repeat.c: at the last node of a layer, its region entered: notes where its backward begins; or makes all of it, where
 * the layer repeats the one behind it or one of another record, and goes on to its first node. */
void am_compile_layer(am_compiler *compiler, uint16_t zone, uint16_t node);
bool am_compile_repeat(am_compiler *compiler, uint16_t zone, uint16_t *node);
/* When its first node has run: notes the backward of a layer that will be set aside; before another program is made: sets it aside. */
void am_compile_end_layer(const am_compiler *compiler);
void am_compile_keep(am_player *player, const am_tape *tape);

/* ring.c, engine_ring.c: the gradients of ring attention. */
void am_compile_ring(am_compiler *compiler, const am_instruction *instruction, am_outputs *out);
void am_compile_engine_ring(am_compiler *compiler, const am_instruction *instruction, am_outputs *out);

/* engine.c: AccumulateGrad. Where gradients exist beforehand the new one dies; else it becomes .grad, without a copy where it
 * can. */
void am_compile_accumulate(am_compiler *compiler, am_var x);
/* The whole backward from the record's loss. */
am_code am_compile(am_program *program, am_player *player, const am_tape *tape);

#endif
