/* What the files that record operations share. Private to tape.c, operations.c and products.c. */
#ifndef ACTMEM_RECORD_H
#define ACTMEM_RECORD_H

#include "layout.h"
#include "tape.h"

am_layout am_tape_layout(const am_tape *tape, am_var x);
/* A new storage and the tensor that fills it, contiguous. It belongs to the instruction that is recorded next. */
am_var am_tape_fresh(am_tape *tape, am_shape shape, int dtype);
/* Another view of x's storage. */
am_var am_tape_alias(am_tape *tape, am_var x, am_shape shape, const int64_t *stride);
/* The result of an operation that rearranges x: another view of x's storage, as the operation's row says. */
am_var am_tape_rearranged(am_tape *tape, am_op op, am_var x, am_shape shape, const int64_t *stride);
/* Records one operation whose results exist already: its node if a gradient flows, and what that saves. Returns the
 * first result. */
am_var am_tape_emit(am_tape *tape, am_op op, int inputs, const am_var *input, int results, const am_var *result,
                    int64_t flops);
/* The same with one input and one result. */
am_var am_tape_emit1(am_tape *tape, am_op op, am_var x, am_var y);

/* An instruction without operands, named by an operation, of the open sharded unit. */
void am_tape_mark(am_tape *tape, am_instruction_kind kind, am_op op);

#endif
