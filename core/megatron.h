/* What the layers of stack=megatron-local and stack=megatron share. Tensors are [s, b, …]. */
#ifndef ACTMEM_MEGATRON_H
#define ACTMEM_MEGATRON_H

#include "build.h"

/* ---- megatron.c ---- */

bool am_megatron_has_engine(const am_build *build); /* Transformer Engine */
/* A rank's share under tensor parallelism. */
am_dim am_megatron_share(am_build *build, am_dim x);
/* Tokens of the residual stream that one rank holds of each sequence. */
am_dim am_megatron_stream(am_build *build);

/* What stands for tensors of this shape in so many layers, one of each type: an allocator gives each blocks of its own. */
void am_megatron_in_blocks(am_build *build, am_var all, int64_t layers, am_shape shape, int types, const int *dtype);

am_var am_megatron_norm(am_build *build, am_var x, const char *path, am_dim width);
/* ColumnParallelLinear of the whole sequences, with Transformer Engine without a bias; *later: a bias that is left to the next
 * kernel. RowParallelLinear, whose bias always is. */
am_var am_megatron_column_linear(am_build *build, am_var x, const char *path, am_component component, am_dim out,
                                 bool bias, am_var *later);
am_var am_megatron_norm_linear(am_build *build, am_var x, const char *path, am_component component, am_dim out,
                               bool bias, am_var *later); /* Transformer Engine's of both */
am_var am_megatron_row_linear(am_build *build, am_var x, const char *path, am_component component, bool bias,
                              am_var *later);
/* Rotary positions: fused with Transformer Engine, but for latent attention. */
am_var am_megatron_rotate(am_build *build, am_var x);
/* core_attention, which may be played again; [s, b, a/t · d] */
am_var am_megatron_core_attention(am_build *build, am_var q, am_var k, am_var v);

/* An MLP of this inner width. normed: what it takes is, also where Transformer Engine has a norm in its first linear layer. */
typedef struct am_megatron_mlp_names {
    const char *module, *fc1, *fc2, *output;
    bool normed;
} am_megatron_mlp_names;
am_var am_megatron_mlp(am_build *build, am_var x, const am_megatron_mlp_names *names, am_dim width, am_var *bias);

/* ---- megatron_moe.c ---- */

/* In place of an MLP; and what all layers' dispatchers keep for the whole run. */
am_var am_megatron_moe(am_build *build, am_var normed);
void am_megatron_moe_kept(am_build *build);

/* ---- megatron_mla.c ---- */

/* Multi-head latent attention, in place of attention; *bias as am_megatron_row_linear's. */
am_var am_megatron_latent_attention(am_build *build, am_var normed, am_var *bias);
/* The rotary tables of all layers, each of which caches one of its own. */
void am_megatron_latent_kept(am_build *build);

#endif
