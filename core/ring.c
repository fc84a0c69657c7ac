/* Context parallelism: PyTorch's ring attention on rank 0, in the order of its loops. The keys and values of all ranks are
 * gathered once; what each of them adds to the output is merged in fp32. In backward the gradients of keys and values
 * go round the ring in fp32. Every rank but the first and the last is alike, so that few stand for any number. Source:
 * PyTorch 2.15, torch/distributed/tensor/experimental/_context_parallel/_attention.py. */
#include "build.h"
#include "compile.h"
#include "record.h"

/* Ranks whose turns are played: this one, the next, one between, the last. */
static int turns(const am_tape *tape)
{
    int64_t ranks = tape->extents->value[AM_CP];
    return ranks < 4 ? (int)ranks : 4;
}

/* Keys and values are views of [b, s, heads, d], made contiguous unless they are so. */
static bool turned(const am_tape *tape, am_var x)
{
    const int64_t *n = tape->tensor[x].shape;
    return n[1] > 1; /* and so many tokens: a rank has two at least (check_ring) */
}

/* ---- forward ---- */

typedef struct am_merge {
    am_var output, rows; /* so far, in fp32: of all rows, and their log-sum-exp */
    am_var block[4];     /* what the kernel has returned last */
} am_merge;

static const am_op op = AM_OP_RING_ATTENTION;

/* The kernel's results for these queries: output, log-sum-exp, random state. */
static void run_kernel(am_build *build, am_var q, am_shape shape, am_shape rows, am_var result[4])
{
    am_tape *tape = build->tape;
    result[0] = am_raw(tape, op, shape, tape->tensor[q].dtype, q, 0, 0, 0);
    result[1] = am_label(tape, am_raw(tape, op, rows, AM_FP32, q, 0, 0, 0), "log-sum-exp of each row");
    result[2] = am_label(tape, am_raw(tape, op, AM_SHAPE(am_number_dim(build, 2)), AM_U64, q, 0, 0, 0), "random state");
    result[3] = am_label(tape, am_raw(tape, op, AM_SCALAR, AM_U64, q, 0, 0, 0), "random state, unused half");
}

/* Merges a block of the late half of the queries: out - sigmoid(block_lse - lse) * (out - block_out). */
static void merge(am_build *build, am_merge *merged, am_var q, am_shape half, am_shape half_rows)
{
    am_tape *tape = build->tape;
    am_shape shape = am_shape_of(tape, q), rows = am_shape_of(tape, merged->rows);
    am_var out = merged->output, lse = merged->rows, last[4];
    for (int i = 0; i < 4; i++) last[i] = merged->block[i];
    run_kernel(build, q, half, half_rows, merged->block);
    am_hold(tape, last[0], last[1], last[2], last[3]);
    am_var block = am_raw(tape, op, half, AM_FP32, merged->block[0], 0, 0, 0), own = merged->block[1];
    am_var apart = am_raw(tape, op, half_rows, AM_FP32, own, lse, 0, 0);
    am_var weight = am_raw(tape, op, half_rows, AM_FP32, apart, 0, 0, 0);
    am_var difference = am_raw(tape, op, half, AM_FP32, out, block, 0, 0);
    am_var part = am_raw(tape, op, half, AM_FP32, weight, difference, 0, 0);
    am_var late = am_raw(tape, op, half, AM_FP32, out, part, 0, 0);
    apart = am_raw(tape, op, half_rows, AM_FP32, lse, own, 0, 0);
    am_var logarithm = am_raw(tape, op, half_rows, AM_FP32, apart, 0, 0, 0);
    am_var late_rows = am_raw(tape, op, half_rows, AM_FP32, lse, logarithm, 0, 0);
    merged->rows = am_label(tape, am_raw(tape, op, rows, AM_FP32, lse, late_rows, 0, 0), "log-sum-exp of each row");
    merged->output = am_raw(tape, op, shape, AM_FP32, out, late, 0, 0);
    am_hold(tape, out, block, late, late_rows);
}

am_var am_ring_attention(am_build *build, am_var q, am_var k, am_var v)
{
    am_tape *tape = build->tape;
    int dtype = tape->tensor[k].dtype, ranks = turns(tape);
    am_shape key = am_shape_of(tape, k), half = am_shape_of(tape, q);
    am_shape rows = AM_SHAPE(half.dim[0], half.dim[1], half.dim[2]), half_rows = rows;
    half.dim[2] = half_rows.dim[2] =
        am_dim_quotient(tape->extents, am_dim_for(build, 1, 2, AM_S, AM_SYMBOL_COUNT), AM_CP);
    am_shape both = AM_SHAPE(am_number_dim(build, 2), key.dim[0], key.dim[1], key.dim[2], key.dim[3]), all = both;
    all.dim[0] = am_dim_for(build, 2, 1, AM_CP, AM_SYMBOL_COUNT);
    am_var keys = turned(tape, k) ? am_raw(tape, op, key, dtype, k, 0, 0, 0) : 0;
    am_var values = turned(tape, k) ? am_raw(tape, op, key, dtype, v, 0, 0, 0) : 0;
    am_var gathered = am_raw(tape, op, all, dtype, am_raw(tape, op, both, dtype, k, v, 0, 0), 0, 0, 0);
    am_merge merged = {0};
    run_kernel(build, q, am_shape_of(tape, q), rows, merged.block);
    am_var state = merged.block[2], unused = merged.block[3]; /* the first ones are kept */
    merged.output = am_raw(tape, op, am_shape_of(tape, q), AM_FP32, merged.block[0], 0, 0, 0);
    merged.rows = merged.block[1];
    for (int i = 1; i < ranks; i++) {
        if (i < ranks - 1) am_raw(tape, op, both, dtype, gathered, 0, 0, 0);
        if (i == 1) am_hold(tape, keys, values);
        merge(build, &merged, q, half, half_rows);
    }
    am_var out = am_tape_fresh(tape, am_shape_of(tape, q), tape->tensor[q].dtype);
    am_var y = am_ring(tape, op, 3, (const am_var[]){q, k, v}, out, (const am_var[]){merged.rows, state, unused});
    am_hold(tape, gathered, merged.output);
    am_hold_list(tape, 4, merged.block);
    return y;
}

/* The context manager keeps each buffer whole beside this rank's part of it, and a copy of the last part. */
void am_ring_buffers(am_build *build)
{
    am_tape *tape = build->tape;
    am_dim two = am_number_dim(build, 2), whole = am_symbol_dim(build, AM_S), own = build->s, d = build->d;
    am_enter(tape, "", AM_C_EMBEDDING);
    const struct {
        const char *name;
        am_shape shape;
        int dtype;
    } buffers[] = {
        {"token ids and labels, whole", AM_SHAPE(two, build->b, whole), AM_I64},
        {"rotary tables, whole", AM_SHAPE(two, whole, d), build->dtype},
        {"token ids and labels, this rank's", AM_SHAPE(two, build->b, own), AM_I64},
        {"rotary tables, this rank's", AM_SHAPE(two, own, d), build->dtype},
        {"rotary sines, a copy", AM_SHAPE(own, d), build->dtype},
    };
    for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++) {
        am_var x = am_raw(tape, AM_OP_CLONE, buffers[i].shape, buffers[i].dtype, 0, 0, 0, 0);
        am_permanent(tape, am_label(tape, x, buffers[i].name));
    }
}

/* ---- backward ---- */

typedef struct am_turn {
    uint16_t gradient[3];    /* of this turn's queries, keys and values */
    uint16_t rows;           /* the late half of the log-sum-exp */
    uint16_t sent, received; /* gradients of keys and values, in fp32 */
    uint16_t pair;           /* the keys and values that were sent on */
    uint16_t query;          /* the queries' gradient so far */
} am_turn;

static void release(am_compiler *compiler, uint16_t slot)
{
    if (slot) am_compile_release(compiler, slot);
}

/* Gradients of the kernel, each in its own memory; the last turn's go then. */
static void run_kernel_backward(am_compiler *compiler, am_turn *turn, int64_t query, int64_t key)
{
    uint16_t next[3];
    for (int i = 0; i < 3; i++) next[i] = am_compile_allocate(compiler, i ? key : query);
    for (int i = 0; i < 3; i++) {
        release(compiler, turn->gradient[i]);
        turn->gradient[i] = next[i];
    }
}

static void send(am_compiler *compiler, am_turn *turn, int64_t pair)
{
    turn->sent = am_compile_allocate(compiler, pair);
    turn->received = am_compile_allocate(compiler, pair);
}

void am_compile_ring(am_compiler *compiler, const am_instruction *instruction, am_outputs *out)
{
    const am_tape *tape = compiler->tape;
    am_var q = am_compile_operand(compiler, instruction, 0), k = am_compile_operand(compiler, instruction, 1);
    am_var lse = am_compile_operand(compiler, instruction, 4);
    int dtype = am_compile_tensor(compiler, k)->dtype, ranks = turns(tape);
    int64_t query = am_compile_bytes(compiler, q, dtype), key = am_compile_bytes(compiler, k, dtype);
    int64_t query32 = am_compile_bytes(compiler, q, AM_FP32), key32 = am_compile_bytes(compiler, k, AM_FP32);
    int64_t rows = am_compile_bytes(compiler, lse, AM_FP32);
    bool copy = turned(tape, k),
         cut = am_compile_tensor(compiler, q)->shape[0] * am_compile_tensor(compiler, q)->shape[1] > 1;
    am_turn turn = {.query = am_compile_allocate(compiler, query32)};
    uint16_t sums[2], own[2] = {0}, flat[2] = {0};
    for (int i = 0; i < 2; i++) sums[i] = am_compile_allocate(compiler, key32);
    for (int i = 0; i < 2 && copy; i++) own[i] = am_compile_allocate(compiler, key);
    turn.pair = am_compile_allocate(compiler, 2 * key);
    uint16_t gathered = am_compile_allocate(compiler, 2 * key * tape->extents->value[AM_CP]);
    run_kernel_backward(compiler, &turn, query, key);
    for (int i = 0; i < 2 && copy; i++) flat[i] = am_compile_allocate(compiler, key32);
    turn.sent = am_compile_allocate(compiler, 2 * key32);
    for (int i = 0; i < 2; i++) release(compiler, flat[i]);
    turn.received = am_compile_allocate(compiler, 2 * key32);
    uint16_t held = 0; /* the memory that sums of keys' and values' gradients are views of */
    for (int i = 1; i < ranks; i++) {
        if (i < ranks - 1) {
            uint16_t pair = am_compile_allocate(compiler, 2 * key);
            release(compiler, turn.pair);
            turn.pair = pair;
        }
        uint16_t late = cut ? am_compile_allocate(compiler, rows / 2) : 0; /* else its half lies in one piece */
        release(compiler, turn.rows);
        turn.rows = late;
        for (int j = 0; j < 2 && i == 1; j++) release(compiler, own[j]);
        run_kernel_backward(compiler, &turn, query / 2, key);
        release(compiler, turn.sent);
        for (int j = 0; j < 2 && i == 1; j++) release(compiler, sums[j]);
        release(compiler, held);
        held = turn.received;
        send(compiler, &turn, 2 * key32);
        uint16_t sum = am_compile_allocate(compiler, query32);
        release(compiler, turn.query);
        turn.query = sum;
    }
    out->gradient[0] = am_compile_gradient(compiler, q, dtype, NULL);
    release(compiler, turn.query);
    am_gradient *keys = &out->gradient[1], *values = &out->gradient[2];
    *keys = (am_gradient){.like = k, .dtype = (uint8_t)dtype, .slot = am_compile_allocate(compiler, 2 * key)};
    const am_tensor *tensor = am_compile_tensor(compiler, k);
    am_layout_contiguous(tensor->rank, tensor->shape, keys->stride);
    *values = am_compile_view(compiler, keys, am_compile_operand(compiler, instruction, 2), keys->stride);
    const uint16_t rest[] = {turn.gradient[0], turn.gradient[1], turn.gradient[2], turn.rows,
                             turn.sent,        turn.received,    turn.pair,        held,
                             gathered};
    for (size_t i = 0; i < sizeof rest / sizeof *rest; i++) release(compiler, rest[i]);
    for (int i = 0; i < 3; i++)
        out->made[i] = am_compile_tensor(compiler, am_compile_operand(compiler, instruction, i))->grad;
}
