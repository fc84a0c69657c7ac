/* What the tests of recording and playing share: a tape for a few operations, shapes in plain numbers, and what was
 * recorded or compiled as text. */
#ifndef TAPES_H
#define TAPES_H

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "fixture.h"
#include "tape.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))
#define SHAPE(...)   shape_of((int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), (const int64_t[]){__VA_ARGS__})

static am_tape *const tape = &fixture_workspace.tape;
static am_extents extents;

/* An empty tape; autocast AM_DTYPE_COUNT: off. */
static inline void start(int autocast)
{
    static const int64_t values[AM_SYMBOL_COUNT] = {[AM_S] = 4, [AM_S32] = 32, [AM_TP] = 1};
    am_extents_init(&extents, values);
    am_tape_reset(tape, &extents, autocast);
}

static inline void setup(void)
{
    start(AM_DTYPE_COUNT);
}

static inline am_dim number(int64_t n)
{
    return am_dim_of(&extents, n, 1, (const am_symbol[]){AM_SYMBOL_COUNT});
}

static inline am_shape shape_of(int rank, const int64_t *n)
{
    am_shape shape = {rank, {0}};
    for (int i = 0; i < rank; i++) shape.dim[i] = number(n[i]);
    return shape;
}

/* A trainable and a frozen weight, an activation that needs no gradient, one that is a leaf. */
static inline am_var weight(am_shape shape, int dtype)
{
    return am_parameter(tape, shape, dtype, true, "weight");
}

static inline am_var frozen(am_shape shape, int dtype)
{
    return am_parameter(tape, shape, dtype, false, "frozen");
}

static inline am_var made(am_shape shape, int dtype)
{
    return am_raw(tape, AM_OP_FULL, shape, dtype, 0, 0, 0, 0);
}

static inline am_var learning(am_shape shape, int dtype)
{
    am_var x = made(shape, dtype);
    am_require_grad(tape, x);
    return x;
}

/* Closes the record with a loss on y: it keeps y. The caller holds nothing but the loss. */
static inline void finish(am_var y)
{
    am_var loss = am_paper_loss(tape, y), nothing = am_buffer(tape, AM_SCALAR, AM_FP32, "no logits");
    tape->zone = 1;
    am_hold(tape, loss);
    ck_assert_int_eq(am_tape_finish(tape, loss, nothing), AM_OK);
}

/* Text of at most 4 KB, piece by piece. */
static char text[4096];

__attribute__((format(printf, 1, 2))) static inline void say(const char *format, ...)
{
    va_list arguments;
    size_t length = strlen(text);
    va_start(arguments, format);
    ck_assert_int_lt(vsnprintf(text + length, sizeof text - length, format, arguments), (int)(sizeof text - length));
    va_end(arguments);
}

/* Takes back the blank behind the last piece. */
static inline const char *said(void)
{
    size_t length = strlen(text);
    if (length > 0 && text[length - 1] == ' ') text[length - 1] = '\0';
    return text;
}

/* "bf16 2,3,4 / 12,4,1": type, shape, strides. */
static inline const char *tensor_text(am_var x)
{
    const am_tensor *tensor = &tape->tensor[x];
    text[0] = '\0';
    say("%s ", am_dtypes[tensor->dtype].name);
    for (int i = 0; i < tensor->rank; i++) say("%s%lld", i ? "," : "", (long long)tensor->shape[i]);
    say(" / ");
    for (int i = 0; i < tensor->rank; i++) say("%s%lld", i ? "," : "", (long long)tensor->stride[i]);
    return said();
}

/* The names of the operations recorded from this instruction on. */
static inline const char *operations_text(int first)
{
    text[0] = '\0';
    for (int i = first; i < tape->instructions; i++)
        if (tape->instruction[i].kind == AM_I_OP) say("%s ", am_ops[tape->instruction[i].op].name);
    return said();
}

/* Events of a program from this one on. A node is its name, a slot its number: "+2=64" allocated with so many bytes,
 * "part2=64" too, unless gradients start as None, "-2" freed; "steal2=64" and "copy2=64" end at a parameter, "leaf" at an activation; "R1@2": region 1 entered with the
 * gradient in slot 2, and "L1" left; "F" lets go of what the node saved, or "f" does if that was made again, and "k" if not. */
static inline const char *events_text(const am_program *program, int first)
{
    text[0] = '\0';
    for (int i = first; i < program->events; i++) {
        const am_event *event = &program->event[i];
        long long bytes = (long long)event->bytes;
        int index = event->index;
        switch (event->kind) {
        case AM_E_NODE: say("%s ", am_ops[tape->instruction[tape->node[index].instruction].op].node); break;
        case AM_E_ALLOCATE: say("+%d=%lld ", index, bytes); break;
        case AM_E_PART: say("part%d=%lld ", index, bytes); break;
        case AM_E_TAKE: say("take%d=%lld ", index, bytes); break;
        case AM_E_FREE: say("-%d ", index); break;
        case AM_E_FORGET: say("F "); break;
        case AM_E_FORGET_RECOMPUTED: say("f "); break;
        case AM_E_FORGET_KEPT: say("k "); break;
        case AM_E_REGION: say("R%lld@%d ", bytes, index); break;
        case AM_E_LEAVE: say("L%d ", index); break;
        case AM_E_BESIDE: say("beside=%lld ", bytes); break;
        case AM_E_LEAF: say("leaf "); break;
        case AM_E_STEAL: say("steal%d=%lld ", index, bytes); break;
        case AM_E_COPY: say("copy%d=%lld ", index, bytes); break;
        default: ck_abort_msg("event %d is of no kind", i);
        }
    }
    return said();
}

#endif
