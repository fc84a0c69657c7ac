/* Events of a compiled backward, and gradients as tensors in its slots. */
#include "compile.h"

#include "bytes.h"

#include <string.h>

void am_compile_event(am_compiler *compiler, am_event_kind kind, uint16_t index, int64_t bytes)
{
    am_program *program = compiler->program;
    if (program->events == AM_MAX_EVENTS) {
        compiler->code = AM_CAPACITY;
        return;
    }
    program->event[program->events++] = (am_event){bytes, index, (uint8_t)kind};
}

static uint16_t new_slot(am_compiler *compiler, int64_t bytes)
{
    am_program *program = compiler->program;
    if (program->slots == AM_MAX_PROGRAM_SLOTS) {
        compiler->code = AM_CAPACITY;
        return 1;
    }
    uint16_t slot = (uint16_t)++program->slots;
    compiler->player->slot_refs[slot] = 1;
    compiler->player->slot_bytes[slot] = bytes;
#ifndef AM_FIRST
    compiler->player->slot_region[slot] = 0;
#endif
    return slot;
}

uint16_t am_compile_allocate(am_compiler *compiler, int64_t bytes)
{
    bytes = am_block_bytes(bytes, compiler->tape->block);
    uint16_t slot = new_slot(compiler, bytes);
    am_compile_event(compiler, AM_E_ALLOCATE, slot, bytes);
    return slot;
}

uint16_t am_compile_take(am_compiler *compiler, uint16_t save)
{
    const am_tape *tape = compiler->tape;
    int64_t bytes = tape->storage[tape->tensor[tape->save[save]].storage].bytes;
    am_compile_event(compiler, AM_E_TAKE, save, bytes);
    return new_slot(compiler, bytes);
}

void am_compile_retain(am_compiler *compiler, uint16_t slot)
{
    compiler->player->slot_refs[slot]++;
}

void am_compile_release(am_compiler *compiler, uint16_t slot)
{
    am_player *player = compiler->player;
    if (--player->slot_refs[slot] == 0) am_compile_event(compiler, AM_E_FREE, slot, player->slot_bytes[slot]);
}

int64_t am_compile_bytes(const am_compiler *compiler, am_var like, int dtype)
{
    const am_tensor *tensor = am_compile_tensor(compiler, like);
    int64_t n = am_dtypes[dtype].size;
    for (int i = 0; i < tensor->rank; i++)
        n *= tensor->shape[i]; /* the record checked it in at least this size's fp32 form */
    return am_tape_block_bytes(compiler->tape, n, tensor->rank, tensor->dim);
}

/* A new gradient of x's shape; stride NULL: contiguous. */
am_gradient am_compile_gradient(am_compiler *compiler, am_var like, int dtype, const int64_t *stride)
{
    am_gradient gradient = {.like = like, .dtype = (uint8_t)dtype};
    const am_tensor *tensor = am_compile_tensor(compiler, like);
    if (stride)
        memcpy(gradient.stride, stride, sizeof gradient.stride);
    else
        am_layout_contiguous(tensor->rank, tensor->shape, gradient.stride);
    gradient.slot = am_compile_allocate(compiler, am_compile_bytes(compiler, like, dtype));
    return gradient;
}

/* The same storage seen as x's shape. */
am_gradient am_compile_view(am_compiler *compiler, const am_gradient *gradient, am_var like, const int64_t *stride)
{
    am_gradient view = *gradient;
    view.like = like;
    memcpy(view.stride, stride, sizeof view.stride);
    am_compile_retain(compiler, gradient->slot);
    return view;
}

bool am_compile_same_shape(const am_compiler *compiler, am_var x, am_var y)
{
    if (x == y) return true;
    const am_tensor *a = am_compile_tensor(compiler, x), *b = am_compile_tensor(compiler, y);
    return a->rank == b->rank && am_layout_same(a->rank, a->shape, b->shape);
}
