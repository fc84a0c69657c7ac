/* What the builders of stacks.c and families.c share: the tape, the configuration, its dimensions. */
#ifndef ACTMEM_BUILD_H
#define ACTMEM_BUILD_H

#include "tape.h"
#include "wiring.h"

#define AM_MAX_MASKS 8 /* of the layers of one region as they are recorded */

typedef struct am_build {
    am_tape *tape;
    const am_config *config;
    am_record record;
    int dtype;      /* of the parameters */
    bool trainable; /* the base model's parameters */
    int kind;       /* of the layer that is being played (am_pattern) */
    int adapter_dtype;
    unsigned adapted; /* LoRA's targets, a set of AM_TARGET_ */
    am_dim s, b, h, a, k, d, f, v, r, p, w, one;
    am_dim rotary, half; /* rotated elements of a head, half of them */
    am_dim ad, kd, bs;   /* a·d, k·d, b·s */
    bool by_kind;        /* own is used */
    /* From here to the end all that a layer finds and leaves, of one type and so without gaps (repeat.c): values that the whole model
     * shares */
    am_var mask, position_ids, cos, sin, alibi;
    am_var lengths[3]; /* of Megatron: where sequences begin, of all, of a rank and of half of it */
    struct {
        am_var mask, cos, sin;
    } own[2]; /* by kind of layer, where it has some of its own: the layer that is being played then has these */
    am_var scratch; /* Megatron's global memory buffer */
    /* dropout masks that a region's hidden state keeps (megatron.c) */
    am_var kept_mask[AM_MAX_MASKS];
    uint16_t masks, mask_region;
    am_var embedding; /* the table, for a tied head */
    am_var head_bias; /* 0: none */
    am_var scores;    /* what a layer's MLP returns beside its output; 0: nothing */
    am_var weights;   /* what a layer's attention returns beside its output; 0: nothing */
    am_var returned;  /* what a layer returns beside its result: the model's loop holds it until the next one returns */
} am_build;

/* repeat.c: sets layers of what is on the tape aside, for the record that follows. */
void am_aside_keep(am_tape *tape);
/* model.c: an empty tape, and the dimensions of config, which must be resolved. */
void am_build_begin(am_build *build, am_tape *tape, am_extents *extents, const am_config *config, am_record record);

/* How many chunks torchtune cuts a sequence into for its loss. */
#define AM_LOSS_CHUNKS 8

/* The widest head that the flash kernels take, and for which scaled_dot_product_attention is given grouped heads. */
#define AM_WIDEST_HEAD 256

am_dim am_dim_for(am_build *build, int64_t num, int64_t den, am_symbol x,
                  am_symbol y); /* y: AM_SYMBOL_COUNT for none */

/* A dimension of this symbol alone, and of a number alone. */
static inline am_dim am_symbol_dim(am_build *build, am_symbol x)
{
    return am_dim_for(build, 1, 1, x, AM_SYMBOL_COUNT);
}

static inline am_dim am_number_dim(am_build *build, int64_t n)
{
    return am_dim_for(build, n, 1, AM_SYMBOL_COUNT, AM_SYMBOL_COUNT);
}

/* Parts of stacks: whose code runs. The tensors are [b, s, …]; every function leaves the tape in the module that it
 * found. */
am_var am_weight(am_build *build, am_shape shape, const char *name);
/* torch.nn.Linear of `path`, or peft's lora.Linear around it if `target` is adapted. */
am_var am_hf_linear(am_build *build, am_var x, const char *path, am_component component, am_dim out, bool bias,
                    unsigned target);
/* GPT-2's Conv1D, a linear layer whose weight lies the other way round, likewise; and dropout as a module. */
am_var am_hf_conv1d(am_build *build, am_var x, const char *path, am_component component, am_dim out, unsigned target);
am_var am_hf_dropout(am_build *build, am_var x, const char *path, am_component component, int64_t p);
am_var am_hf_rms_norm(am_build *build, am_var x, const char *path, am_norm_code code);
am_var am_hf_cohere_norm(am_build *build, am_var x, const char *path);
am_var am_hf_bare_norm(am_build *build, am_var x, const char *path);
am_var am_hf_nemotron_norm(am_build *build, am_var x, const char *path);
am_var am_hf_layer_norm(am_build *build, am_var x, const char *path);
/* A plain MLP: up, activation, down. module NULL: its lines stand in the layer's own code. conv: of GPT-2's Conv1D. */
typedef struct am_mlp {
    const char *module, *up, *act, *down;
    bool conv;
} am_mlp;
am_var am_hf_mlp(am_build *build, am_var x, const am_mlp *mlp);
/* llama.c: act(gate(x)) * up(x), then down, of this inner width. */
typedef struct am_gated_mlp {
    const char *module, *gate, *act, *up, *down;
} am_gated_mlp;
am_var am_hf_gated_mlp(am_build *build, am_var x, const am_gated_mlp *mlp, am_dim width);
/* moe.c: the family's router, its experts, and the shared one, in place of an MLP. */
am_var am_hf_moe(am_build *build, am_var x);
/* gpt-oss's eager attention: a column more, of a parameter for each head, in the softmax; [b, s, a, d]. */
am_var am_hf_attend_with_sinks(am_build *build, am_var q, am_var k, am_var v, am_var *weights);
/* mla.c: multi-head latent attention, in place of attention; *weights as am_hf_eager's. */
am_var am_hf_latent_attention(am_build *build, am_var x, am_var *weights);
/* transformers' apply_rotary_pos_emb on one tensor [b, heads, s, d]; of pairs of neighbours instead of halves. */
am_var am_hf_rotate(am_build *build, am_var x);
am_var am_hf_rotate_pairs(am_build *build, am_var x);
/* Query and key, rotated in their first elements, which are cut and put together again: of pairs, or one of the two after
 * the other, as the wiring says. kept: the rotated parts and the others, as locals of its caller. */
void am_hf_rotate_part(am_build *build, am_var *q, am_var *k, am_var kept[4]);
/* A rotary table in which each angle stands twice, side by side. */
am_var am_hf_interleave(am_build *build, am_var table);
/* llama.c: queries times 1 + β log(1 + ⌊position / length⌋), which each layer computes anew. */
void am_hf_scale_query(am_build *build, am_var *q);
void am_hf_rotary_tables(am_build *build);
void am_hf_positions(am_build *build);
am_var am_hf_causal_mask(am_build *build);
am_var am_hf_window_mask(am_build *build, int64_t window);
am_var am_hf_repeat_kv(am_build *build, am_var x);
/* eager_attention_forward; *weights is what it returns beside the output. upcast: softmax in fp32 whatever the
 * dtype. */
am_var am_hf_eager(am_build *build, am_var q, am_var k, am_var v, bool upcast, am_var *weights);
/* scaled_dot_product_attention as a GPU runs it, and FlashAttention-2, on tensors [b, heads, s, d]; mask is boolean, 0
 * for a causal one. Grouped keys and values are taken as they are. */
am_var am_sdpa(am_build *build, am_var q, am_var k, am_var v, am_var mask);
am_var am_flash_attention(am_build *build, am_var q, am_var k, am_var v); /* of PyTorch, whatever the width of its heads */
am_var am_sdpa_mask(am_build *build, am_var mask, int dtype); /* as it makes of a boolean one */
/* The same as transformers calls it. */
am_var am_hf_attend(am_build *build, am_var q, am_var k, am_var v);
/* Either of them on q, k, v [b, heads, s, d], with keys and values repeated: [b, s, heads, d]. */
am_var am_hf_core(am_build *build, am_var q, am_var k, am_var v, am_var *weights);
/* tanh(x / c) · c with a number c. */
am_var am_hf_soft_cap(am_build *build, am_var x, const char *name);
am_var am_hf_activation(am_build *build, am_var x, int64_t activation);

/* stage.c: the ends of a pipeline stage's record. The input from the stage before, a leaf whose gradient goes back there;
 * and the end of the record at the result that goes to the next stage and is let go: stub, one element stays in its place, as
 * Megatron's deallocate_output_tensor leaves it. */
am_var am_stage_input(am_build *build, am_shape shape);
am_code am_stage_output(am_build *build, am_var y, bool stub);

/* families.c: what whole models share. */
am_var am_hf_token_embedding(am_build *build, const char *path);
/* A frozen model learns its input; peft asks for the embedding's gradient once checkpointing is enabled on the
 * model. */
bool am_input_requires_grad(const am_build *build);
/* The token embedding, and in the model's own module the position ids and the mask. */
am_var am_hf_begin(am_build *build, const char *table, const char *model);

/* liger.c: what Liger-Kernel puts in place of transformers' norms, rotation and gated MLP. */
am_var am_liger_rms_norm(am_build *build, am_var x, const char *path);
void am_liger_rotate(am_build *build, am_var *q, am_var *k);
am_var am_liger_mlp(am_build *build, am_var normed);

/* torch.c: the fused norm, and rotary positions. torch_rank.c: the same model on one rank of several. dtensor.c: what is
 * divided by tensor parallelism, its collectives, embedding and loss. ring.c: attention over parts of a sequence. */
am_var am_torch_norm(am_build *build, am_var x, const char *path);
am_var am_torch_rotate(am_build *build, am_var x, const char *name);
am_code am_torch_rank(am_build *build);
am_dim am_rank_share(am_build *build, am_dim x);
am_var am_gather_rows(am_build *build, am_var x); /* what the part between norm and linear layer takes and returns */
am_var am_column_input(am_build *build, am_var x);
am_var am_row_output(am_build *build, am_var x);
am_var am_sharded_tokens(am_build *build, const char *path);
am_var am_gather_logits(am_build *build, am_var logits);
am_var am_sharded_loss(am_build *build, am_var logits, am_var labels);
am_var am_ring_attention(am_build *build, am_var q, am_var k, am_var v);
void am_ring_buffers(am_build *build);

/* loss.c: the head on the last norm's output [b, s, h] and the loss, as config->loss says, with am_tape_finish: of a model
 * of transformers, and of a plain one that has its last hidden state x as a local until it returns. */
am_code am_hf_head(am_build *build, am_var normed);
am_code am_plain_head(am_build *build, am_var x, am_var normed);

/* loss.c: labels padded by one; *target: shifted, for one sequence a view, so that all s + 1 are kept. Returns the padded
 * ones. linear_loss.c: heads from the last norm's output on, with am_tape_finish. */
am_var am_pad_labels(am_build *build, am_var *target);
am_code am_chunked_head(am_build *build, am_var normed, am_var weight);
am_code am_fused_head(am_build *build, am_var normed, am_var weight);
am_code am_cut_head(am_build *build, am_var normed, am_var weight);

/* Whole models, one file each. Each ends with am_tape_finish. */
am_code am_hf_llama(am_build *build);
am_code am_hf_gpt2(am_build *build);
am_code am_hf_neox(am_build *build);
am_code am_hf_opt(am_build *build);
am_code am_hf_phi(am_build *build);
am_code am_hf_bloom(am_build *build);
am_code am_hf_mpt(am_build *build);
am_code am_hf_falcon(am_build *build);
/* gptj.c: the attention of GPT-J and of GPT-Neo, for their layers in gpt2.c. */
am_var am_hf_gptj_attention(am_build *build, am_var normed);
am_var am_hf_gpt_neo_attention(am_build *build, am_var normed);
am_code am_paper(am_build *build);
am_code am_torch(am_build *build);
am_code am_nanogpt(am_build *build);
am_code am_megatron(am_build *build);

/* Plays the layers as the record asks: in regions or not, `layer` once for each. held: what a region's closure
 * keeps. */
typedef am_var am_layer_builder(am_build *build, am_var x);
am_var am_layers(am_build *build, am_layer_builder *layer, am_var x, int held, const am_var *hold);

#endif
