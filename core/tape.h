/* Recording: PyTorch's operations as functions on a tape. Nothing is computed; shapes, layouts, dtypes, storages and
 * what requires a gradient follow PyTorch's rules. A tensor is an am_var; 0 is "no tensor". After an error
 * (tape->status) every call is harmless. */
#ifndef ACTMEM_TAPE_H
#define ACTMEM_TAPE_H

#include <string.h>

#include "actmem.h"

typedef struct am_shape {
    int rank;
    am_dim dim[AM_MAX_RANK];
} am_shape;

#define AM_SHAPE(...) ((am_shape){(int)(sizeof((am_dim[]){__VA_ARGS__}) / sizeof(am_dim)), {__VA_ARGS__}})
#define AM_SCALAR     ((am_shape){0, {0}})

/* What the allocator takes for so many bytes of a tensor of these dimensions. Notes, for maps, up to how many sequences blocks
 * like it are affine in their number. */
#ifdef AM_FIRST
#define am_tape_block_bytes(tape, bytes, rank, dim) am_block_bytes(bytes, (tape)->block)
#else
int64_t am_tape_block_bytes(const am_tape *tape, int64_t bytes, int rank, const am_dim *dim);
#endif

/* What a record's forward has at most, so that sums of a few of these stay below 2^63. */
#define AM_MAX_FLOPS (INT64_MAX / 4)

void am_tape_reset(am_tape *tape, am_extents *extents, int autocast);
am_shape am_shape_of(const am_tape *tape, am_var x);
am_dim am_times(am_tape *tape, am_dim x, am_dim y);

/* Enters a module and returns the one that was left, to go back to by assigning tape->module. */
am_module am_enter(am_tape *tape, const char *path, am_component component);
/* Names the storage of a tensor, as a row of the ledger will call it. Returns x. */
am_var am_label(am_tape *tape, am_var x, const char *name);

/* Tensors that are there before the step: parameters (adapters too), buffers, inputs. */
am_var am_parameter(am_tape *tape, am_shape shape, int dtype, bool trainable, const char *name);
am_var am_buffer(am_tape *tape, am_shape shape, int dtype, const char *name);
/* Makes an activation a leaf that requires a gradient, as enable_input_require_grads does to the embedding's output. */
void am_require_grad(am_tape *tape, am_var x);

/* The model's code keeps these alive until here (a local, an argument, an attribute). Zeros are skipped. */
void am_hold_list(am_tape *tape, int count, const am_var *x);
#define am_hold(tape, ...)                                                                                             \
    am_hold_list(tape, (int)(sizeof((am_var[]){__VA_ARGS__}) / sizeof(am_var)), (am_var[]){__VA_ARGS__})
/* A function's arguments, and the copies that autocast makes of them, are there until it returns. */
#ifdef AM_FIRST
#define am_hold_cast(tape, count, given, copy) ((void)(given), (void)(copy))
#else
void am_hold_cast(am_tape *tape, int count, const am_var *given, const am_var *copy);
#endif

/* A graph that leads to no loss, and that a local keeps alive, has saved these: until the call with end. */
void am_hold_graph(am_tape *tape, bool end, am_var x, am_var y);

/* What follows, until the call with false, runs only where gradients are enabled. */
static inline void am_gradients_only(am_tape *tape, bool begin)
{
    tape->graph_only = begin;
}

/* An operation that no gradient reaches: a new tensor from up to four others. */
am_var am_raw(am_tape *tape, am_op op, am_shape shape, int dtype, am_var a, am_var b, am_var c, am_var d);
/* The same with one input and two results of these types. */
void am_raw_pair(am_tape *tape, am_op op, am_shape shape, int first, int second, am_var x, am_var result[2]);

/* Views. */
am_var am_view(am_tape *tape, am_var x, am_shape shape);
am_var am_transpose(am_tape *tape, am_var x, int first, int second);
am_var am_slice(am_tape *tape, am_var x, am_dim last);
am_var am_slice_every(am_tape *tape, am_var x, am_dim last, int64_t step); /* x[..., ::step] */
am_var am_slice_along(am_tape *tape, am_var x, int dimension, am_dim length); /* a part of a dimension */
am_var am_select(am_tape *tape, am_var x, int dimension); /* one place along a dimension, which is gone then */
void am_split(am_tape *tape, am_var x, int parts, const am_dim *last, am_var *part);
void am_split_along(am_tape *tape, am_var x, int dimension, int parts, const am_dim *size, am_var *part);
am_var am_expand(am_tape *tape, am_var x, am_shape shape);
am_var am_reshape(am_tape *tape, am_var x, am_shape shape); /* a view, or a copy where none is possible */
am_var am_contiguous(am_tape *tape, am_var x);
am_var am_clone(am_tape *tape, am_var x);

/* Pointwise and reductions. */
am_var am_unary(am_tape *tape, am_op op, am_var x);
am_var am_binary(am_tape *tape, am_op op, am_var x, am_var y);
am_var am_complex_product(am_tape *tape, am_var x, am_var table); /* x: real, pairs of neighbours being one number of the table's */
am_var am_pick(am_tape *tape, am_var x, int dimension); /* x[…, [i], …], by a list: a copy of one place along it */
am_var am_scale_into(am_tape *tape, am_var x);          /* x *= a number */
am_var am_add_into(am_tape *tape, am_var x, am_var y); /* x += y */
am_var am_to(am_tape *tape, am_var x, int dtype); /* x itself if it has that dtype */
am_var am_mean_last(am_tape *tape, am_var x);
am_var am_cat(am_tape *tape, am_var x, am_var y, am_dim last);
am_var am_stack_last(am_tape *tape, am_var x, am_var y, am_dim two); /* x, y: as they stand in the result, with a last dimension of 1 */
am_var am_sum_over(am_tape *tape, am_var x, int dim, bool keep);
/* base[..., part].copy_(x): a new version of base. */
am_var am_copy_into(am_tape *tape, am_var base, am_var x);
am_var am_pad(am_tape *tape, am_var x, am_dim last);
am_var am_softmax(am_tape *tape, am_op op, am_var x);
am_var am_dropout(am_tape *tape, am_var x, int64_t p); /* p in millionths; 0: x itself */
am_var am_layer_norm(am_tape *tape, am_var x, am_var weight, am_var bias);
am_var am_rms_norm(am_tape *tape, am_var x, am_var weight); /* torch.nn.functional.rms_norm, fused */
/* where(condition, x, y): x where a boolean tensor that needs no gradient says so, else y, which needs none either. */
am_var am_choose(am_tape *tape, am_var condition, am_var x, am_var y);
am_var am_either(am_tape *tape, am_var condition, am_var x, am_var y); /* the same where both may need gradients */
am_var am_masked_fill(am_tape *tape, am_var x, am_var mask); /* by a number */
am_var am_minimum(am_tape *tape, am_var x, am_var most); /* of x and a tensor of one element, in x's type */
am_var am_bloom_gelu(am_tape *tape, am_var x);               /* modeling_bloom's GeLUFunction */
/* A norm over the last dimension by one function: x, weight, and what its backward makes beside the gradients. */
am_var am_row_norm(am_tape *tape, am_op op, int inputs, const am_var *input);
/* Query and key [b, heads, s, d] rotated where they stand, with cosines and sines. */
void am_rotate_in_place(am_tape *tape, const am_var input[4], am_var result[2]);
am_var am_embedding(am_tape *tape, am_var table, am_var indices);

/* Choosing and sorting. topk: the `last` largest along the last dimension, and their indices. */
am_var am_max(am_tape *tape, am_var x, am_dim one, am_var *indices); /* of the last dimension, which stays as one */
am_var am_topk(am_tape *tape, am_var x, am_dim last, am_var *indices);
am_var am_gather(am_tape *tape, am_var x, am_var index); /* along the last dimension */
am_var am_index(am_tape *tape, am_var x, am_var index);  /* rows of x; index has one dimension */
am_var am_add_in_place(am_tape *tape, am_var x, am_var y);
am_var am_divide_in_place(am_tape *tape, am_var x, am_var y);

/* Products. linear: x · weightᵀ + bias with weight [out, in]; conv1d: GPT-2's, with weight [in, out]. */
am_var am_linear(am_tape *tape, am_var x, am_var weight, am_var bias);
/* x @ weight.T: what autocast casts is a view of the weight, of which its cache keeps nothing. */
am_var am_linear_by_view(am_tape *tape, am_var x, am_var weight);
am_var am_conv1d(am_tape *tape, am_var x, am_var weight, am_var bias);
am_var am_matmul(am_tape *tape, am_var x, am_var y); /* [b, heads, n, m]; y may have one head for all */
am_var am_bmm(am_tape *tape, am_var x, am_var y);    /* [b, n, m] */
am_var am_baddbmm(am_tape *tape, am_var bias, am_var x, am_var y); /* likewise, scaled; bias needs no gradient */
/* [n, k] · [E, k, m] with the rows of each expert behind one another, up to its entry of offsets. */
am_var am_grouped_mm(am_tape *tape, am_var x, am_var weight, am_var offsets);
/* The fused attention kernels on q, k, v [b, heads, s, d]; mask 0: causal without one. */
am_var am_attention(am_tape *tape, am_op kernel, am_var q, am_var k, am_var v, am_var mask);
am_var am_nll_loss(am_tape *tape, am_var log_probabilities, am_var target);
/* F.cross_entropy of [n, v], in x's own type even under autocast: the log-probabilities, then nll_loss. */
am_var am_cross_entropy(am_tape *tape, am_var x, am_var target);

/* The node of a loss that makes the logits itself, with hidden state [n, h] and weight [v, h] as its first inputs. Its
 * result is in the memory of loss, which was made before; products: of the size of the logits' in forward. */
am_var am_linear_loss(am_tape *tape, am_op op, int inputs, const am_var *input, am_var loss, int products);

/* Megatron-Core's: a linear layer as a Python function; a causal softmax in one kernel;
 * the MLP's activation with its bias (0: none) in one kernel, its result of this shape. */
am_var am_parallel_linear(am_tape *tape, am_op op, am_var x, am_var weight, am_var bias);
am_var am_wide_linear(am_tape *tape, am_var x, am_var weight); /* a router's product in fp32 */
/* The same of x gathered along its first dimension, to that length, in the buffer. */
am_var am_sequence_linear(am_tape *tape, am_var x, am_dim length, am_var buffer, am_var weight, am_var bias);
am_var am_reduce_scatter(am_tape *tape, am_var x, am_dim length); /* along the first dimension; so, too: */
am_var am_scatter_sequence(am_tape *tape, am_var x, am_dim length);
am_var am_norm_linear(am_tape *tape, am_var x, am_dim length, am_var weight, am_var norm_weight, am_var norm_bias, am_var bias);
am_var am_gather_linear(am_tape *tape, am_var x, am_dim length, am_var weight); /* of sequences of this length, gathered */
am_var am_scatter_linear(am_tape *tape, am_var x, am_dim length, am_var weight); /* its sums over ranks, scattered */
am_var am_fused_rope(am_tape *tape, am_var x, am_var angles);
am_var am_masked_softmax(am_tape *tape, am_var x);
am_var am_fill(am_tape *tape, am_op op, am_var x, am_var mask); /* masked_fill_, in place; FILL: on a view */
/* An operation of x and, if it is given, another tensor, with a result of x's type. */
am_var am_activation(am_tape *tape, am_op op, am_var x, am_var bias, am_shape shape);
am_var am_scatter_add(am_tape *tape, am_var base, am_var x, am_var index); /* in place */
am_var am_sum_all(am_tape *tape, am_var x);
/* The loss of each token; softmax, mask and target are there already and are kept. */
am_var am_vocab_loss(am_tape *tape, am_var logits, am_var softmax, am_var mask, am_var target);
/* DTensor's: x as it is, while its gradient is summed over ranks; a rank's rows of an embedding table, `whole` standing
 * for all of it; the log-probabilities of a rank's part of the vocabulary, and their loss, with another tensor of a
 * number for each token and the mask of targets elsewhere. */
am_var am_replicate(am_tape *tape, am_var x);
am_var am_sharded_embedding(am_tape *tape, am_var table, am_var indices, am_var whole);
am_var am_sharded_nll_loss(am_tape *tape, am_var log_probabilities, am_var target, am_var picked, am_var mask);
/* Ring attention's result, in a tensor that is new; what is kept beside it is there already. */
am_var am_ring(am_tape *tape, am_op op, int inputs, const am_var *input, am_var output, const am_var beside[3]);
/* engine_ring.c: Transformer Engine's of q, k and v as [b, heads, s, d] in memory of their own, each rank's lengths of sequences
 * and, where a kernel takes them (else 0), those of their halves. pair: the width of a key and a value together. */
typedef struct am_ring_input {
    am_var q, k, v, lengths[2];
    am_dim ranks;
} am_ring_input;
am_var am_engine_ring(am_tape *tape, const am_ring_input *x, am_dim pair);
/* Lives inside one fused kernel only, so that it takes no memory. Returns x. */
am_var am_transient(am_tape *tape, am_var x);
/* Made once for the whole run and never let go: a cache, a scratch buffer. Returns x. */
am_var am_permanent(am_tape *tape, am_var x);
/* Is a storage there for the whole run, and counted by itself? What a layer makes so counts in one that stands before the layers. */
static inline bool am_lasts_once(const am_tape *tape, int storage)
{
    return tape->storage[storage].permanent && tape->instruction[tape->storage[storage].born].zone == 0;
}

/* The paper's (stack=paper): an embedding without its indices; a change of shape that costs nothing, be it a view or a
 * collective that backward repeats; a norm that keeps its input alone; a loss that keeps the logits. */
am_var am_paper_embedding(am_tape *tape, am_var table, am_shape shape);
am_var am_regroup(am_tape *tape, am_var x, am_shape shape);
am_var am_paper_loss(am_tape *tape, am_var logits);
am_var am_paper_norm(am_tape *tape, am_var x, am_var weight, am_var bias);

/* Autocast: x as the operation takes it, cast if its class asks for it; and all arguments of an operation, the last first, as the code that
 * PyTorch is built to evaluates them. core.wasm leaves autocast to whole.wasm. */
#ifdef AM_FIRST
#define am_cast(tape, op, x)            (x)
#define am_cast_all(tape, op, count, x) ((void)(x))
#else
am_var am_cast(am_tape *tape, am_op op, am_var x);
void am_cast_all(am_tape *tape, am_op op, int count, am_var *x);
#endif

/* The bounds of a region that may be checkpointed: its input, and what its closure keeps besides (masks, tables; zeros
 * are skipped); its result. One may be in another if both are reentrant, to a depth of two: the code around it then lets go of
 * its result before the outer one ends, and none of its own is for gradients only. */
void am_region_begin(am_tape *tape, am_var x, int held, const am_var *hold);
void am_region_end(am_tape *tape, am_var y);
void am_region_end_with(am_tape *tape, am_var y, am_var second, am_var third); /* of three results */
/* The output of this region, which has ended, is no longer needed in the forward: it is let go of, and made again when the
 * gradient of `hook` is there. */
void am_region_discard(am_tape *tape, uint16_t region, am_var hook);
/* The open region keeps but a share of its input for each of so many ranks, and gathers it again. */
void am_region_distribute(am_tape *tape, am_symbol ranks);

/* Is something of this kind away between forward and backward? core.wasm leaves that to whole.wasm. */
static inline bool am_is_away(const am_tape *tape, am_away away)
{
#ifdef AM_FIRST
    (void)tape;
    (void)away;
    return false;
#else
    return tape->away == away;
#endif
}

/* Are the inputs of reentrant regions, or all but this rank's part of each? */
static inline bool am_inputs_away(const am_tape *tape)
{
    return am_is_away(tape, AM_AWAY_INPUTS) || am_is_away(tape, AM_AWAY_PARTS);
}

/* The innermost checkpointed region that an instruction is in; else 0. */
static inline uint16_t am_checkpointed_region(const am_tape *tape, const am_instruction *instruction)
{
    return tape->region[instruction->region].checkpointed;
}

/* The checkpointed region that begins here, if it is in no other: its forward holds its input; else 0. */
static inline uint16_t am_region_begun(const am_tape *tape, const am_instruction *instruction)
{
    if (instruction->kind != AM_I_BEGIN) return 0;
    const am_region *region = &tape->region[instruction->region];
    if (region->checkpointed != instruction->region) return 0;
    return tape->region[region->around].checkpointed ? 0 : instruction->region;
}

/* Is a region another one, or in it? */
static inline bool am_region_is_in(const am_tape *tape, uint16_t region, uint16_t outer)
{
    while (region && region != outer) region = tape->region[region].around;
    return region == outer;
}

/* Are they of one module of the model? Names are constants, which a compiler may hold once or more often. */
static inline bool am_module_same(am_module x, am_module y)
{
    return (x.path == y.path || (*x.path == *y.path && strcmp(x.path, y.path) == 0)) &&
           (x.leaf == y.leaf || (*x.leaf == *y.leaf && strcmp(x.leaf, y.leaf) == 0));
}

/* Does the region of an instruction keep its results? */
static inline bool am_instruction_kept(const am_region *region, const am_instruction *instruction)
{
    if (region->keep == AM_KEEP_NOTHING) return false;
#ifndef AM_FIRST
    if (region->keep == AM_KEEP_CHOSEN) return instruction->chosen;
    if (instruction->inside) return false;
#endif
    return am_region_keeps(region, (am_op)instruction->op, instruction->match);
}

/* The caller holds it until the backward has ended. No other use of it may follow. */
void am_stays(am_tape *tape, am_var x);

/* fsdp.c: the bounds of a unit of FSDP2, the whole model first and then its layers; nothing where parameters are whole. */
void am_shard_begin(am_tape *tape);
void am_shard_end(am_tape *tape);
/* Counts a parameter of the open unit. */
void am_shard_parameter(am_tape *tape, am_var x);

/* Closes the record: the caller holds loss and logits. Finds each storage's last use. */
am_code am_tape_finish(am_tape *tape, am_var loss, am_var logits);
/* The same where no loss ends it: y's gradient will come from elsewhere, and nobody need hold y itself. */
am_code am_tape_finish_sent(am_tape *tape, am_var y);

#endif
