/* stack=paper: the layer of Korthikanti et al. 2022 (arXiv 2205.05198, section 4), operation by operation, with the
 * paper's accounting: two bytes an element, one for a dropout mask; statistics and other terms of order s·b are left
 * out. One rank of tensor and sequence parallelism: what each divides is the shape of the tensors here. */
#include "build.h"

/* The paper's dropout is always on; its rate changes no byte. */
#define PAPER_DROPOUT 100000

/* A rank's share under tensor parallelism. */
static am_dim shard(am_build *build, am_dim x)
{
    return build->config->tp > 1 ? am_dim_quotient(build->tape->extents, x, AM_TP) : x;
}

/* Rows of tensors outside the tensor-parallel parts: divided by sequence parallelism only. */
static am_dim outer_rows(am_build *build)
{
    return build->config->sp ? shard(build, build->bs) : build->bs;
}

static am_var norm(am_build *build, am_var x, const char *path)
{
    am_module module = am_enter(build->tape, path, AM_C_NORM);
    am_var weight = am_weight(build, AM_SHAPE(build->h), "weight"), bias = am_weight(build, AM_SHAPE(build->h), "bias");
    am_var y = am_label(build->tape, am_paper_norm(build->tape, x, weight, bias), "normed input");
    build->tape->module = module;
    return y;
}

/* A linear layer on flat rows. gathered: its input is whole along the sequence while the shard before it is what is
 * kept. */
static am_var linear(am_build *build, am_var x, const char *path, am_component component, am_dim out)
{
    am_module module = am_enter(build->tape, path, component);
    am_var weight = am_weight(build, AM_SHAPE(out, am_shape_of(build->tape, x).dim[1]), "weight");
    am_var y = am_linear(build->tape, x, weight, am_weight(build, AM_SHAPE(out), "bias"));
    build->tape->module = module;
    return y;
}

/* The all-gather before a tensor-parallel part, and the reduce-scatter behind it: views as far as the ledger is
 * concerned, since the shard is kept and gathered again in backward (section 4.2.2). */
static am_var turn_rows(am_build *build, am_var x, am_dim rows)
{
    if (am_shape_of(build->tape, x).dim[0] == rows) return x;
    return am_regroup(build->tape, x, AM_SHAPE(rows, am_shape_of(build->tape, x).dim[1]));
}

/* Scores, softmax, dropout, weighted sum: what selective recomputation plays again. */
static am_var core_attention(am_build *build, am_var q, am_var k, am_var v)
{
    am_tape *tape = build->tape;
    am_module module = am_enter(tape, "attention.core", AM_C_ATTENTION);
    am_var held[] = {k, v};
    if (build->record.modules & AM_MODULE_CORE_ATTN) am_region_begin(tape, q, 2, held);
    am_var scores = am_bmm(tape, q, am_transpose(tape, k, 1, 2));
    am_var scaled = am_transient(tape, am_unary(tape, AM_OP_MUL_SCALAR, scores)); /* in Megatron's softmax kernel */
    am_var weights = am_label(tape, am_softmax(tape, AM_OP_SOFTMAX, scaled), "softmax output");
    am_var dropped = am_label(tape, am_dropout(tape, weights, PAPER_DROPOUT), "dropout output");
    am_var y = am_label(tape, am_bmm(tape, dropped, v), "attention output");
    if (build->record.modules & AM_MODULE_CORE_ATTN) {
        tape->region[tape->open_region].arguments = 3; /* q, k and v go when it has run backward, as Megatron's do */
        am_region_end(tape, y);
    }
    tape->module = module;
    return y;
}

static am_var attention(am_build *build, am_var x)
{
    am_tape *tape = build->tape;
    am_dim width = shard(build, build->h), batch = am_times(tape, build->b, shard(build, build->a));
    am_shape heads = AM_SHAPE(batch, build->s, build->d);
    static const char *const names[] = {"query", "key", "value"}, *const paths[] = {"attention.query", "attention.key",
                                                                                    "attention.value"};
    am_var part[3];
    for (int i = 0; i < 3; i++) {
        part[i] = am_label(tape, linear(build, x, paths[i], AM_C_ATTENTION, width), names[i]);
        part[i] = am_regroup(tape, part[i], heads);
    }
    am_var y = am_regroup(tape, core_attention(build, part[0], part[1], part[2]), AM_SHAPE(build->bs, width));
    return linear(build, y, "attention.projection", AM_C_ATTENTION, build->h);
}

static am_var mlp(am_build *build, am_var x)
{
    am_tape *tape = build->tape;
    am_var up = am_label(tape, linear(build, x, "mlp.h_to_4h", AM_C_MLP, shard(build, build->f)), "GELU input");
    am_module module = am_enter(tape, "mlp.gelu", AM_C_MLP);
    am_var active = am_label(tape, am_unary(tape, AM_OP_GELU, up), "GELU output");
    tape->module = module;
    return linear(build, active, "mlp.4h_to_h", AM_C_MLP, build->h);
}

/* Norm, a tensor-parallel part, dropout, residual. */
static am_var block(am_build *build, am_var x, const char *norm_path, const char *dropout_path, am_component component,
                    am_var (*part)(am_build *, am_var))
{
    am_tape *tape = build->tape;
    am_var y = part(build, turn_rows(build, norm(build, x, norm_path), build->bs));
    y = am_hf_dropout(build, turn_rows(build, y, outer_rows(build)), dropout_path, component, PAPER_DROPOUT);
    return am_label(tape, am_binary(tape, AM_OP_ADD, x, y), "hidden state");
}

static am_var layer(am_build *build, am_var x)
{
    am_enter(build->tape, "", AM_C_RESIDUAL);
    am_var middle = block(build, x, "input_layernorm", "attention.dropout", AM_C_ATTENTION, attention);
    return block(build, middle, "post_attention_layernorm", "mlp.dropout", AM_C_MLP, mlp);
}

static am_var embedding(am_build *build)
{
    am_tape *tape = build->tape;
    am_shape shape = AM_SHAPE(outer_rows(build), build->h);
    if (build->record.received) return am_stage_input(build, shape);
    am_enter(tape, "embedding", AM_C_EMBEDDING);
    build->embedding = am_weight(build, AM_SHAPE(shard(build, build->v), build->h), "embedding table");
    am_var positions = am_weight(build, AM_SHAPE(build->p, build->h), "position table");
    am_var tokens = am_paper_embedding(tape, build->embedding, shape), places = am_paper_embedding(tape, positions, shape);
    am_var x = am_binary(tape, AM_OP_ADD, tokens, places);
    am_label(tape, x, "hidden state");
    return am_hf_dropout(build, x, "embedding.dropout", AM_C_EMBEDDING, PAPER_DROPOUT);
}

/* The head's table is the embedding's, of which the last stage has a copy; or one of its own. */
am_code am_paper(am_build *build)
{
    am_tape *tape = build->tape;
    bool received = build->record.received;
    am_var x = embedding(build);
    x = am_layers(build, layer, x, 0, 0);
    tape->zone++;
    if (build->record.sent) return am_stage_output(build, x, false);
    am_var normed = turn_rows(build, norm(build, x, "final_layernorm"), build->bs);
    am_enter(tape, "head", AM_C_HEAD);
    if (received || !build->config->tie_word_embeddings) build->embedding = am_weight(build, AM_SHAPE(shard(build, build->v), build->h), "embedding table");
    am_var logits = am_label(tape, am_linear(tape, normed, build->embedding, 0), "logits");
    am_enter(tape, "loss", AM_C_LOSS);
    am_var wide = am_label(tape, am_to(tape, logits, AM_FP32), "logits in fp32");
    am_var loss = am_paper_loss(tape, wide);
    am_hold(tape, loss, logits);
    return am_tape_finish(tape, loss, received ? 0 : logits);
}
