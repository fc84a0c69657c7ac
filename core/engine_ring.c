/* Context parallelism with Transformer Engine: keys and values go round a ring of ranks, of which the last one is played here. It
 * holds the most: each of its turns has all of its queries, where an earlier rank's later turns have their late half; all ranks
 * keep the same. In forward the keys and values that were received, and each turn's results, stay until the last turn has been
 * merged; in backward turns before the last one are alike. Merging is compiled, so that it leaves its result alone. Source:
 * Transformer Engine 2.20, pytorch/attention/dot_product_attention/context_parallel.py, AttnFuncWithCPAndKVP2P
 * (cp_comm_type="p2p", the default), and backends.py. */
#include "bytes.h"
#include "compile.h"
#include "record.h"

static const am_op op = AM_OP_ENGINE_RING;

static am_dim number(am_tape *tape, int64_t n)
{
    return am_dim_of(tape->extents, n, 1, (const am_symbol[]){AM_SYMBOL_COUNT});
}

static int64_t elements(const am_tape *tape, am_var x)
{
    return am_layout_elements(tape->tensor[x].rank, tape->tensor[x].shape);
}

/* count tensors of this size, which are all let go of together, as one of the bytes that the allocator gives them. */
static am_var several(am_tape *tape, int64_t count, int64_t size, int dtype)
{
    int64_t bytes = am_mul_checked(size, am_dtypes[dtype].size); /* too large: so is one that is recorded too, which is an error */
    int64_t each = am_block_bytes(bytes, tape->block) / am_dtypes[dtype].size;
    return am_raw(tape, op, AM_SHAPE(number(tape, count), number(tape, each)), dtype, 0, 0, 0, 0);
}

/* The tensor that the kernel writes, in q's order of dimensions and v's width, seen as [b, heads, s, width]. */
static am_var output_like(am_tape *tape, am_var q, am_var v)
{
    const am_tensor *query = &tape->tensor[q];
    bool first = query->stride[2] > query->stride[0]; /* [s, b, heads, d] */
    am_dim b = query->dim[0], heads = query->dim[1], s = query->dim[2], width = tape->tensor[v].dim[3];
    am_var y = am_tape_fresh(tape, first ? AM_SHAPE(s, b, heads, width) : AM_SHAPE(b, s, heads, width), query->dtype);
    const int64_t *own = tape->tensor[y].stride;
    const int64_t stride[AM_MAX_RANK] = {own[first], own[2], own[!first], own[3]};
    return am_label(tape, am_tape_alias(tape, y, AM_SHAPE(b, heads, s, width), stride), "attention output");
}

am_var am_engine_ring(am_tape *tape, const am_ring_input *x, am_dim pair)
{
    const am_tensor query = tape->tensor[x->q];
    int64_t ranks = tape->extents->of[x->ranks].n,
            out = elements(tape, x->q) / query.shape[3] * tape->tensor[x->v].shape[3];
    int64_t rows = query.shape[0] * query.shape[1] * query.shape[2];
    am_shape both = AM_SHAPE(query.dim[0], query.dim[2], tape->tensor[x->k].dim[1], pair);
    am_var sent = am_raw(tape, op, both, query.dtype, x->k, x->v, 0, 0);
    am_var between = ranks > 2 ? several(tape, ranks - 2, elements(tape, sent), query.dtype) : 0;
    am_var kept = am_label(tape, am_raw(tape, op, both, query.dtype, sent, 0, 0, 0), "key and value of the next rank");
    am_var results[] = {several(tape, 1, out, query.dtype), several(tape, 1, rows, AM_FP32),
                        several(tape, ranks - 1, out, query.dtype), several(tape, ranks - 1, rows, AM_FP32)};
    /* a state of two numbers for each turn; a block of the allocator holds one */
    am_var states =
        am_raw(tape, op, AM_SHAPE(x->ranks, number(tape, tape->block > 16 ? tape->block / 8 : 2)), AM_U64, 0, 0, 0, 0);
    am_label(tape, states, "random state of each turn");
    am_var lse =
        am_raw(tape, op, AM_SHAPE(query.dim[0], query.dim[1], query.dim[2]), AM_FP32, results[1], results[3], 0, 0);
    am_label(tape, lse, "log-sum-exp of each row");
    const am_var input[] = {x->q, x->k, x->v, x->lengths[0], x->lengths[1]};
    am_var y = am_ring(tape, op, x->lengths[1] ? 5 : 4, input, output_like(tape, x->q, x->v),
                       (const am_var[]){lse, states, kept});
    am_hold(tape, sent, between, results[0], results[1], results[2], results[3]);
    return y;
}

/* ---- backward ---- */

static int64_t bytes_of(const am_compiler *compiler, am_var x)
{
    return elements(compiler->tape, x) * am_dtypes[am_compile_tensor(compiler, x)->dtype].size;
}

/* Gradients of one turn, which are added to what there is: of all queries, and of the keys and values of one chunk or of both. */
static void turn(am_compiler *compiler, const int64_t bytes[3], int64_t chunks)
{
    uint16_t slot[3];
    for (int i = 0; i < 3; i++) slot[i] = am_compile_allocate(compiler, i ? bytes[i] / 2 * chunks : bytes[i]);
    for (int i = 0; i < 3; i++) am_compile_release(compiler, slot[i]);
}

void am_compile_engine_ring(am_compiler *compiler, const am_instruction *instruction, am_outputs *out)
{
    am_var x[3];
    int64_t bytes[3];
    for (int i = 0; i < 3; i++) {
        x[i] = am_compile_operand(compiler, instruction, i);
        bytes[i] = bytes_of(compiler, x[i]);
        out->made[i] = am_compile_tensor(compiler, x[i])->grad;
    }
    const am_tensor *key = am_compile_tensor(compiler, x[1]);
    out->gradient[0] = am_compile_gradient(compiler, x[0], key->dtype, am_compile_tensor(compiler, x[0])->stride);
    uint16_t buffer[2]; /* keys and values, and their gradients, received and sent on by turns */
    for (int i = 0; i < 2; i++) buffer[i] = am_compile_allocate(compiler, 2 * (bytes[1] + bytes[2]));
    turn(compiler, bytes, 1);
    turn(compiler, bytes, 2);
    am_gradient *keys = &out->gradient[1];
    *keys = (am_gradient){.like = x[1], .dtype = key->dtype, .slot = buffer[1]};
    for (int i = 0; i < AM_MAX_RANK; i++) keys->stride[i] = key->stride[i];
    out->gradient[2] = am_compile_view(compiler, keys, x[2], am_compile_tensor(compiler, x[2])->stride);
    am_compile_release(compiler, buffer[0]);
}
