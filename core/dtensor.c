/* Tensor parallelism as PyTorch's DTensor does it, for one rank: what each layer of a plan divides, the collectives between
 * them with what they allocate, the embedding and the loss of a part of the vocabulary. A collective along the sequence
 * goes through a copy, since ranks' parts lie behind one another; gathering one sequence needs none. Source: PyTorch
 * 2.15, torch/distributed/_functional_collectives.py, tensor/placement_types.py and tensor/parallel/loss.py. */
#include "build.h"

am_dim am_rank_share(am_build *build, am_dim x)
{
    return build->config->tp > 1 ? am_dim_quotient(build->tape->extents, x, AM_TP) : x;
}

/* [b, s, h], and a rank's part of its rows. */
static am_shape rows(am_build *build, bool part)
{
    return AM_SHAPE(build->b, part ? am_rank_share(build, build->s) : build->s, build->h);
}

static bool several(const am_build *build)
{
    return build->config->batch > 1;
}

am_var am_gather_rows(am_build *build, am_var x)
{
    am_tape *tape = build->tape;
    if (!build->config->sp) return x;
    const char *name = tape->storage[tape->tensor[x].storage].name;
    am_shape whole = rows(build, false);
    am_var parts = several(build) ? am_raw(tape, AM_OP_GATHER_SHARDS, whole, tape->tensor[x].dtype, x, 0, 0, 0) : 0;
    am_var y = am_label(tape, am_activation(tape, AM_OP_GATHER_SHARDS, x, 0, whole), name);
    am_hold(tape, parts);
    return y;
}

/* Without sequence parallelism each linear layer's input is its own replica: so its gradient is summed over ranks. */
am_var am_column_input(am_build *build, am_var x)
{
    bool replica = build->config->tp > 1 && !build->config->sp;
    return replica ? am_replicate(build->tape, x) : x;
}

am_var am_row_output(am_build *build, am_var x)
{
    am_tape *tape = build->tape;
    if (build->config->tp == 1) return x;
    const char *name = tape->storage[tape->tensor[x].storage].name;
    am_var parts = 0, y;
    if (build->config->sp) {
        parts = am_raw(tape, AM_OP_SCATTER_SUM, rows(build, false), tape->tensor[x].dtype, x, 0, 0, 0);
        y = am_activation(tape, AM_OP_SCATTER_SUM, x, several(build) ? parts : 0, rows(build, true));
    } else {
        y = am_activation(tape, AM_OP_ALL_REDUCE, x, 0, rows(build, false));
    }
    am_hold(tape, parts, x);
    return am_label(tape, y, name);
}

/* ---- a part of the vocabulary ---- */

/* Which of these indices lie in another rank's part, and their places in this rank's own. */
static am_var places(am_build *build, am_op op, am_var index, am_shape shape, am_var *elsewhere)
{
    am_tape *tape = build->tape;
    am_var below = am_raw(tape, op, shape, AM_BOOL, index, 0, 0, 0),
           above = am_raw(tape, op, shape, AM_BOOL, index, 0, 0, 0);
    *elsewhere = am_raw(tape, op, shape, AM_BOOL, below, above, 0, 0);
    am_var copy = am_raw(tape, op, shape, AM_I64, index, 0, 0, 0);
    return am_raw(tape, op, shape, AM_I64, copy, 0, 0, 0);
}

/* The indices are kept as they came. The gradient is of the whole table before this rank's part is cut out. */
am_var am_sharded_tokens(am_build *build, const char *path)
{
    am_tape *tape = build->tape;
    if (build->config->tp == 1) return am_hf_token_embedding(build, path);
    am_enter(tape, path, AM_C_EMBEDDING);
    am_shape shape = AM_SHAPE(build->b, build->s);
    am_var ids = am_buffer(tape, shape, AM_I64, "token ids"), elsewhere;
    build->embedding = am_weight(build, AM_SHAPE(am_rank_share(build, build->v), build->h), "embedding table");
    am_var whole = am_buffer(tape, AM_SHAPE(build->v, build->h), build->dtype, "embedding table");
    am_var own = places(build, AM_OP_SHARDED_EMBEDDING, ids, shape, &elsewhere);
    am_var y = am_label(tape, am_sharded_embedding(tape, build->embedding, ids, whole), "hidden state");
    am_hold(tape, own);
    am_hold(tape, elsewhere);
    return am_row_output(build, y);
}

am_var am_gather_logits(am_build *build, am_var logits)
{
    am_tape *tape = build->tape;
    if (build->config->tp == 1) return logits;
    am_shape whole = AM_SHAPE(build->b, build->s, build->v);
    bool view = build->config->batch == 1 && build->tape->extents->of[build->s].n == 1;
    am_var parts = view ? 0 : am_raw(tape, AM_OP_GATHER_LAST, whole, tape->tensor[logits].dtype, logits, 0, 0, 0);
    am_var y = am_activation(tape, AM_OP_GATHER_LAST, logits, 0, whole);
    am_hold(tape, parts);
    return am_label(tape, y, "logits");
}

/* Maxima and sums go over all ranks, a number for each token. */
static am_var log_softmax(am_build *build, am_var x)
{
    am_tape *tape = build->tape;
    const am_op op = AM_OP_SHARDED_LOG_SOFTMAX;
    am_shape shape = am_shape_of(tape, x), column = AM_SHAPE(build->bs, build->one);
    am_var own = am_raw(tape, op, column, AM_FP32, x, 0, 0, 0);
    am_var highest = am_raw(tape, op, column, AM_FP32, own, 0, 0, 0);
    am_var shifted = am_raw(tape, op, shape, AM_FP32, x, highest, 0, 0);
    am_var powers = am_raw(tape, op, shape, AM_FP32, shifted, 0, 0, 0);
    am_var sum = am_raw(tape, op, column, AM_FP32, powers, 0, 0, 0);
    am_var sums = am_raw(tape, op, column, AM_FP32, sum, 0, 0, 0);
    am_var logarithms = am_raw(tape, op, column, AM_FP32, sums, 0, 0, 0);
    am_var y = am_label(tape, am_activation(tape, op, x, 0, shape), "log-probabilities");
    am_hold(tape, highest, shifted, sums, logarithms);
    return y;
}

am_var am_sharded_loss(am_build *build, am_var logits, am_var labels)
{
    am_tape *tape = build->tape;
    const am_op op = AM_OP_SHARDED_NLL_LOSS;
    am_var x = am_view(tape, am_to(tape, logits, AM_FP32), AM_SHAPE(build->bs, am_rank_share(build, build->v)));
    am_var y = log_softmax(build, x);
    am_shape row = AM_SHAPE(build->bs), column = AM_SHAPE(build->bs, build->one);
    am_var counts = am_raw(tape, op, row, AM_BOOL, labels, 0, 0, 0), elsewhere;
    am_var target = am_raw(tape, op, row, AM_I64, counts, labels, 0, 0);
    am_var own = places(build, op, target, row, &elsewhere);
    am_var picked = am_raw(tape, op, column, AM_FP32, y, own, 0, 0);
    am_var reduced = am_raw(tape, op, column, AM_FP32, picked, elsewhere, 0, 0);
    am_var negative = am_raw(tape, op, row, AM_FP32, reduced, 0, 0, 0);
    am_var losses = am_raw(tape, op, row, AM_FP32, negative, 0, 0, 0);
    am_var loss = am_sharded_nll_loss(tape, y, labels, picked, elsewhere);
    am_hold(tape, target, own, losses, reduced);
    am_hold(tape, x);
    return loss;
}
