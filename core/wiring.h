/* What a family's code decides, or a stack of its own, and how each stack was verified: private to the core. */
#ifndef AM_WIRING_H
#define AM_WIRING_H

#include "actmem.h"
#include "bytes.h"

/* Whether linear layers have biases. */
typedef enum am_bias_rule {
    AM_BIAS_NEVER,
    AM_BIAS_ALWAYS,
    AM_BIAS_EITHER,
    AM_BIAS_USUALLY, /* either, and yes where nothing is said */
    AM_BIAS_AS_ALL,  /* as `bias` */
    AM_BIAS_AS_QKV
} am_bias_rule;

/* The linear layers that LoRA may adapt. */
enum {
    AM_TARGET_Q = 1,
    AM_TARGET_K = 2,
    AM_TARGET_V = 4,
    AM_TARGET_QKV = 8, /* one projection that makes all three */
    AM_TARGET_Q_A = 16, /* latent attention's: to the queries' latent, and from it; to that of keys and values, and from it */
    AM_TARGET_Q_B = 32,
    AM_TARGET_KV_A = 64,
    AM_TARGET_KV_B = 128,
    AM_TARGET_O = 256,
    AM_TARGET_GATE = 512,
    AM_TARGET_UP = 1024,
    AM_TARGET_GATE_UP = 2048, /* one that makes both */
    AM_TARGET_DOWN = 4096,
    AM_TARGET_ALL = 8192 /* peft's all-linear */
};
#define AM_TARGET_NAMES "q|k|v|qkv|q_a|q_b|kv_a|kv_b|o|gate|up|gate_up|down|all-linear" /* each 1 << its place */

/* How wide heads are, and how many of them keys and values have. */
typedef enum am_heads_rule {
    AM_HEADS_ANY,
    AM_HEADS_DIVIDED, /* hidden / heads elements */
    AM_HEADS_PLAIN,   /* the same, with as many key and value heads as query heads */
    AM_HEADS_ONE      /* likewise, or with one */
} am_heads_rule;

/* Where a family's code drops out. */
enum { AM_DROPS_RESIDUAL = 1, AM_DROPS_ATTENTION = 2, AM_DROPS_EMBEDDING = 4, AM_DROPS_ALL = 7 };

/* Which layers have the sliding window. */
typedef enum am_window_rule { AM_WINDOW_NEVER, AM_WINDOW_ALL, AM_WINDOW_FIRST_KIND } am_window_rule;

/* How llama.c's layers differ from Llama's own.
 * Norms: the weight is stored less one and multiplied in fp32; or stored as it is, and cast first;
 * Cohere's layer norm in Python; PyTorch's; the same without a weight, in fp32; PyTorch's with a weight stored less one. */
typedef enum am_norm_code { AM_NORM_LLAMA, AM_NORM_GEMMA, AM_NORM_OLMO, AM_NORM_HELIUM, AM_NORM_COHERE, AM_NORM_TORCH, AM_NORM_BARE, AM_NORM_NEMOTRON } am_norm_code;
/* When projections are turned into heads: each at once, its norm between; once all are there, norms on the whole of
 * them; each at once and then the norms; all are cut, then normed, then turned. */
typedef enum am_project_code {
    AM_PROJECT_EACH,
    AM_PROJECT_LATE,
    AM_PROJECT_THEN_NORM,
    AM_PROJECT_CUT
} am_project_code;
/* Rotary positions: halves of a head; a part of it, each of query and key by itself, both together in the attention's own
 * code, or in a function, or in one that returns both at once; pairs of a part; pairs in fp32; halves in fp32; halves by
 * tables of half a head; pairs by tables that each layer makes anew, and the same in fp32; pairs as complex numbers. */
typedef enum am_rotary_code {
    AM_ROTARY_HALVES,
    AM_ROTARY_PART_EACH,
    AM_ROTARY_PART,
    AM_ROTARY_PART_BOTH,
    AM_ROTARY_PART_AT_ONCE,
    AM_ROTARY_PAIRS_PART,
    AM_ROTARY_PAIRS_FP32,
    AM_ROTARY_FP32,
    AM_ROTARY_CHUNKS,
    AM_ROTARY_PAIRS_EACH,
    AM_ROTARY_PAIRS_WIDE,
    AM_ROTARY_COMPLEX
} am_rotary_code;
/* How experts are chosen: there are none; by softmax in fp32, weights in fp32; the same, weights cast back; by sigmoids
 * of logits in fp32, in groups; by softmax of these, in groups if there are some; by softmax of logits in their own type, in groups; by sigmoids of all; by softmax in fp32 of logits that a weight in fp32 makes; the largest logits in fp32, and
 * softmax of these, cast back; the same with a bias and without casts: its experts have biases too and a clamped gate. */
typedef enum am_router {
    AM_ROUTER_NONE,
    AM_ROUTER_SOFTMAX,
    AM_ROUTER_CAST,
    AM_ROUTER_SIGMOID,
    AM_ROUTER_GROUPS,
    AM_ROUTER_SOFTMAX_GROUPS,
    AM_ROUTER_SIGMOID_ALL,
    AM_ROUTER_FP32,
    AM_ROUTER_TOP_FP32,
    AM_ROUTER_TOP
} am_router;
/* The expert of every token: there is none; added to the others; before them; before them, and by a gate of its own. */
typedef enum am_shared { AM_SHARED_NONE, AM_SHARED_ADDED, AM_SHARED_FIRST, AM_SHARED_GATED } am_shared;
enum {
    AM_T_FUSED_QKV = 1,      /* one projection, cut by slices */
    AM_T_FUSED_GATE = 2,     /* one projection makes gate and up */
    AM_T_NO_POSITIONS = 4,   /* layers of the second kind have no rotary positions */
    AM_T_SCALED = 8,         /* embeddings and branches multiplied by a number */
    AM_T_SCALED_LOGITS = 16, /* logits too */
    AM_T_TWO_TABLES = 32,    /* rotary tables for each kind of layers */
    AM_T_EVEN_HEADS = 64,    /* heads divide the hidden size */
    AM_T_DROPS_INSIDE = 128, /* dropout before the attention module returns, and the MLP */
    AM_T_KEEPS_BRANCHES = 256, /* the layer's code has names of their own for what its branches take and return */
    AM_T_SPARE_MASK = 512,   /* the model's code makes a window's mask too, for layers that it does not have */
    AM_T_SINKS = 1024,       /* each head may attend to nothing, by a parameter beside its scores */
    AM_T_NORMS_TURNED = 2048, /* query and key heads are normed once they are rotated */
    AM_T_MAY_BE_FULL = 4096, /* without a window all layers are alike */
    AM_T_DIVIDED_LOGITS = 8192, /* where AM_T_SCALED_LOGITS: divided, not multiplied */
    AM_T_SCALED_QUERY = 16384, /* queries multiplied by a number of each position */
    AM_T_RETURNS_PAIR = 32768 /* a layer returns attention's weights beside its result, even where there are none */
};

/* What none of core.wasm's families has, which leaves its code out there. */
#ifdef AM_FIRST
#define AM_LATER(x) (false && (x))
#else
#define AM_LATER(x) (x)
#endif

typedef struct am_wiring {
    int64_t norm, activation, positions, qk_norm, tie_word_embeddings; /* the usual ones, as in am_config */
    am_bias_rule bias, qkv_bias, o_bias, mlp_bias;
    am_bias_rule parallel_residual; /* likewise */
    am_bias_rule head_bias; /* whether the head has one */
    uint8_t rotary_quarters; /* of a head, where not all of it is rotated */
    uint8_t router;     /* am_router: how a mixture chooses experts, in every layer but dense ones */
    bool may_mix;       /* has one, if experts are asked for */
    uint8_t shared;     /* am_shared: an expert that every token takes */
    bool dense_layers;  /* the first layers may have an MLP in place of experts */
    am_bias_rule norm_topk; /* their weights are divided by their sum */
    bool latent;        /* multi-head latent attention */
    bool post_norm;     /* norms may stand behind the sums */
    bool wide;          /* embeddings may have a width of their own */
    am_heads_rule heads;
    bool qk_norm_either; /* whether query and key heads are normed */
    am_bias_rule new_decoder; /* likewise */
    bool masked;        /* a mask is made even where attention is causal without one */
    bool by_view;       /* linear layers are written as a product with a view of their weight, to which they add their bias */
    bool bare_norm;     /* layer norms have none */
    bool four;          /* the MLP is four times as wide as the hidden state */
    bool table;         /* sequences are no longer than max_positions, though positions are not learned */
    uint8_t attentions; /* a set of 1 << AM_EAGER and so on: what its code has; 0: all */
    bool mask_argument; /* the mask is an argument of a layer by its place, so a reentrant region's node saves it */
    uint8_t dropouts;   /* a set of AM_DROPS_ */
    uint16_t targets;   /* of LoRA; all at once where these are all linear layers that there are */
    uint8_t window;     /* am_window_rule */
    uint8_t period;     /* the usual layer_period of families with layers of two kinds; 0: all layers are alike */
    bool other_first;   /* of layer_period layers the first is of the other kind, not the last */
    uint8_t norm_code, project_code, rotary_code;
    am_bias_rule attention_softcap, logit_softcap; /* likewise whether they are capped */
    uint16_t traits;    /* a set of AM_T_ */
    int16_t usual_window;
    const char *kinds[2]; /* what the two kinds of layers are called */
    const char *norms[4]; /* llama.c: before and behind attention, before and behind the MLP; NULL: none */
    const char *drops[2]; /* dropout modules behind attention and MLP; NULL: none */
    unsigned activations; /* a set of 1 << AM_GELU and so on; 0: all that are gated as the usual one is */
    bool megatron;      /* Megatron's layers are covered for blocks like its */
    bool liger;         /* Liger-Kernel patches it, and cut cross-entropy's patches go with it */
    bool any;           /* norm, positions and biases are arguments of its code; the family's are usual */
    const char *prefix; /* of the modules of a layer, before its index */
} am_wiring;

/* Whose code runs, and how that was verified. */
typedef struct am_stack {
    const char *text;        /* in a sentence: "Hugging Face" */
    const char *verified_by; /* "measured", "source" or "paper" */
    const char *detail;      /* with what */
    const char *derived;     /* which figures follow from that without having been measured */
    int64_t family;          /* the one that it is written for, or the usual one; AM_AUTO: by the kind of positions */
    int64_t loss;            /* its own loss head */
    unsigned losses;         /* all that its code is used with, a set of 1 << AM_LOSS_HF and so on */
    const am_wiring *wiring; /* NULL: the family's */
    const am_wiring *latent; /* of families with latent attention, if it has that */
} am_stack;

extern const am_stack am_stacks[]; /* by AM_STACK_ */

/* The wiring of a family in transformers; and of a config: that of its family, or its stack's own. */
const am_wiring *am_wiring_of_family(int64_t family);
#ifdef AM_FIRST
bool am_family_is_later(int64_t family); /* whole.wasm has it */
#endif
const am_wiring *am_wiring_of(const am_config *config);
/* Whether layers of two kinds take turns. */
bool am_wiring_takes_turns(const am_config *config);
/* Fills in what the wiring decides and is still AM_AUTO. */
void am_wiring_fill(am_config *config, const am_wiring *wiring);
/* Likewise, once head_dim is known. */
void am_wiring_fill_rotary(am_config *config, const am_wiring *wiring);
bool am_wiring_has_head_bias(const am_config *config);
/* Rotary positions turn pairs: an odd number of elements is one more. */
static inline int64_t am_even(int64_t n)
{
    return n + n % 2;
}
/* Whether it has a way to compute attention (AM_EAGER and so on). */
bool am_wiring_attends(const am_wiring *wiring, int64_t attention);
/* Whether kernels take query and key heads as the model gives them to scaled_dot_product_attention. */
bool am_kernels_take(const am_config *config);
/* Who decides: "family=llama", or "stack=paper" where the stack has a wiring of its own. */
const char *am_wiring_who(const am_config *config, char *buffer, size_t size);
/* Refuses a value that is not the only one that `who` has. */
am_code am_wiring_check_value(const am_config *config, am_field_id id, int64_t wanted, const char *who,
                              am_status *status);
/* What experts and latent attention leave open, once the widths of heads and of the MLP are known. */
void am_wiring_fill_experts(am_config *config, const am_wiring *wiring);
/* Checks a config in which nothing is AM_AUTO against its wiring. */
am_code am_wiring_check(const am_config *config, am_status *status);

/* pipeline.c: refuses stages, chunks, micro-batches and schedules that a stack with pipelines does not have. */
/* As equal layers for all stages as there are, as stage_layers says it. */
void am_stages_even(const am_config *config, char text[AM_TEXT_SIZE]);
am_code am_pipeline_check(const am_config *config, am_status *status);

/* Whether tensors or parameters of a plain PyTorch model are divided between ranks: its code is another then. */
static inline bool am_is_rank(const am_config *config)
{
    return config->tp > 1 || config->cp > 1 || config->zero == 3;
}

static inline bool am_is_paper(const am_config *config)
{
    return config->stack == AM_STACK_PAPER;
}

/* Of both of Megatron's stacks. */
static inline bool am_is_megatron(const am_config *config)
{
    return am_wiring_of(config)->any;
}

/* Does torch.autocast keep copies of weights until a forward has ended? */
static inline bool am_autocast_caches(const am_config *config)
{
    return config->autocast != AM_AUTOCAST_OFF && config->autocast_cache;
}

/* Data-parallel ranks come in multiples of so many: experts' groups lie across those of tp, cp and dp. */
static inline int64_t am_ranks_of_experts(const am_config *config)
{
    int64_t groups = config->etp * config->ep;
    return groups / am_common_divisor(groups, config->tp * config->cp);
}

/* Ranks that have the same parameters, experts apart: those that share out what ZeRO shares out. Context-parallel ones are
 * among them (Megatron-Core's get_data_parallel_group(with_context_parallel=True); torchtitan's mesh of dp_shard and cp). */
static inline int64_t am_data_ranks(const am_config *config)
{
    return config->dp * config->cp;
}

/* The same of Megatron's experts: ranks that expert parallelism leaves with the same ones (the expert data-parallel group of
 * Megatron-Core's parallel_state.py). */
static inline int64_t am_expert_ranks(const am_config *config)
{
    return config->tp * config->cp * config->dp / (config->ep * config->etp);
}

/* Whether ZeRO 1 or 2 has anything to share out. */
static inline bool am_is_shared_out(const am_config *config)
{
    bool experts = config->experts > 0 && am_wiring_of(config)->any;
    return config->zero > 0 && config->zero < 3 && (am_data_ranks(config) > 1 || (experts && am_expert_ranks(config) > 1));
}

/* resolve_stacks.c: refuses keys, sizes and blocks that the stack of a config does not have. */
am_code am_stack_check(const am_config *config, am_status *status);
/* Sequence parallelism cuts each rank's tokens into parts: a whole number of them. */
am_code am_check_divided_tokens(const am_config *config, int64_t parts, am_status *status);
/* resolve_megatron.c: the same of Megatron's. */
am_code am_megatron_check(const am_config *config, am_status *status);
/* resolve_policies.c: refuses a policy that the stack of a config does not have. */
am_code am_stack_check_policy(const am_config *config, am_policy policy, am_status *status);
/* Why Megatron does not play these modules (a set of AM_MODULE_) again; NULL where it does. */
const char *am_modules_wrong(const am_config *config, unsigned modules);
/* resolve.c: refuses a policy that is not covered with a resolved config, whose own may be another. */
am_code am_policy_check(const am_config *config, am_policy policy, am_status *status);

bool am_activation_is_gated(int64_t activation);
/* The divisor of n that is nearest to x; the smaller of two. */
int64_t am_nearest_divisor(int64_t n, int64_t x);
/* The multiple of n that is nearest to x, at least n. */
int64_t am_nearest_multiple(int64_t n, int64_t x);

/* lora_targets as a set of AM_TARGET_; 0 if it names none, one twice or anything else. */
unsigned am_targets_parse(const char *text);
/* Such a set as a list; returns it. */
const char *am_targets_text(unsigned set, char text[AM_TEXT_SIZE]);

#endif
