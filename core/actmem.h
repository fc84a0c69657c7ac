/* actmem: what a transformer's training step keeps in memory, to the byte, and why.
 *
 * The one public header. Sections, each using only those above it:
 *   1 Status       2 Element types   3 Config        4 Extents       5 Operations
 *   6 Tape         7 Model           8 Ledger        9 Cost         10 Step
 *  11 Plan        12 State          13 Formulas     14 Report       15 Evaluation
 *  16 Fit
 *
 * The core allocates nothing and does no I/O: every function works in memory that its caller owns. All sizes are in
 * bytes and all arithmetic on them is in 64-bit integers; bytes above 2^53 are an error, since JSON readers hold
 * numbers as doubles. FLOPs may go beyond that; they are exact in the text of the report. */
#ifndef ACTMEM_H
#define ACTMEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AM_VERSION "1.0.0"
/* Version of the report's JSON. Fields are added without raising it; a changed meaning raises it. */
#define AM_REPORT_VERSION 1

/* core.wasm is small, so that a visitor's first answer comes soon: without the rarer models and stacks (wasm/first.c),
 * and (AM_FIRST) without published formulas and the text of the tables that is only read by people, which the page has
 * from a file that `actmem --tables` writes. whole.wasm has all of it. */
#ifdef AM_FIRST
#define AM_WORDS(text) ""
#else
#define AM_WORDS(text) text
#endif

/* ---------------------------------------------------------------- 1 Status */

typedef enum am_code {
#define AM_STATUS(id, code, meaning) AM_##id,
#include "status.def"
#undef AM_STATUS
    AM_CODE_COUNT
} am_code;

/* What went wrong, at which input, and what would be right. Zeroed (code AM_OK) when nothing did. */
typedef struct am_status {
    am_code code;
    char field[32];    /* the input at fault, as the user writes it; empty if none */
    char message[240]; /* one sentence for people */
} am_status;

/* The code's name in reports, "out_of_range" for example. */
const char *am_code_name(am_code code);
/* Fills in a status: message is a printf-like format that knows %s (const char *), %d (int64_t), %b (the same, 1,048,576) and %%; too
 * long is cut. Returns code. */
am_code am_fail(am_status *status, am_code code, const char *field, const char *message, ...);
/* said, a call that fails status, with the work that only its message needs. core.wasm does none of it: it leaves every error to
 * whole.wasm. */
#ifdef AM_FIRST
#define am_refuse(status, said) (0 ? (said) : am_leave(status))
#define am_fail(status, ...)    am_refuse(status, am_fail(status, __VA_ARGS__))
static inline am_code am_leave(am_status *status)
{
    return status->code = AM_ELSEWHERE;
}
#else
#define am_refuse(status, said) (said)
#endif

/* ---------------------------------------------------------------- 2 Element types */

typedef enum am_dtype {
#define AM_DTYPE(id, name, torch, size, floating) AM_##id,
#include "dtypes.def"
#undef AM_DTYPE
    AM_DTYPE_COUNT
} am_dtype;

typedef struct am_dtype_info {
    const char *name;  /* "bf16" */
    const char *torch; /* "bfloat16" */
    int size;          /* bytes an element */
    bool floating;
} am_dtype_info;

extern const am_dtype_info am_dtypes[AM_DTYPE_COUNT];

/* ---------------------------------------------------------------- 3 Config */

#define AM_AUTO            (-1)
#define AM_TEXT_SIZE       96        /* bytes of a text input, its final 0 included */
#define AM_INPUT_SIZE      4096      /* longest text that am_config_parse takes */
#define AM_JSON_INPUT_SIZE (1 << 20) /* longest config.json */

/* Every input of fields.def as a member of its key's name: numbers, flags (0, 1) and choices (an index) as int64_t,
 * ratios in millionths, texts as strings. AM_AUTO stands for "derive it" until am_config_resolve has run; then nothing
 * is AM_AUTO. */
typedef struct am_config {
#define AM_INT(key, ...)    int64_t key;
#define AM_FLAG(key, ...)   int64_t key;
#define AM_CHOICE(key, ...) int64_t key;
#define AM_RATIO(key, ...)  int64_t key;
#define AM_TEXT(key, ...)   char key[AM_TEXT_SIZE];
#include "fields.def"
#undef AM_INT
#undef AM_FLAG
#undef AM_CHOICE
#undef AM_RATIO
#undef AM_TEXT
} am_config;

typedef enum am_field_id {
#define AM_INT(key, ...)    AM_F_##key,
#define AM_FLAG(key, ...)   AM_F_##key,
#define AM_CHOICE(key, ...) AM_F_##key,
#define AM_RATIO(key, ...)  AM_F_##key,
#define AM_TEXT(key, ...)   AM_F_##key,
#include "fields.def"
#undef AM_INT
#undef AM_FLAG
#undef AM_CHOICE
#undef AM_RATIO
#undef AM_TEXT
    AM_FIELD_COUNT
} am_field_id;

typedef enum am_field_kind { AM_KIND_INT, AM_KIND_FLAG, AM_KIND_CHOICE, AM_KIND_RATIO, AM_KIND_TEXT } am_field_kind;
typedef enum am_group {
    AM_MODEL,
    AM_RUN,
    AM_PRECISION,
    AM_TRAINING,
    AM_CHECKPOINT,
    AM_PARALLEL,
    AM_HARDWARE,
    AM_OUTPUT,
    AM_GROUP_COUNT
} am_group;

/* One row of fields.def. */
typedef struct am_field {
    const char *key;
    am_field_kind kind;
    am_group group;
    const char *unit;    /* "" if none */
    const char *label;   /* for forms */
    const char *help;    /* one line */
    const char *choices; /* "a|b|c"; NULL if not a choice */
    const char *text;    /* default of a text; else NULL */
    int64_t value;       /* default of the others; AM_AUTO: derived */
    int64_t least, most; /* of AM_KIND_INT */
    size_t offset;       /* in am_config */
} am_field;

extern const am_field am_fields[AM_FIELD_COUNT];
extern const char *const am_group_names[AM_GROUP_COUNT]; /* "model", "run", … */

/* Values of the choices, in the order of fields.def. */
enum {
#define AM_FAMILY(id, name) AM_FAMILY_##id,
#include "families.def"
#undef AM_FAMILY
    AM_FAMILY_COUNT
};
enum { AM_RMSNORM, AM_LAYERNORM };
enum { AM_SWIGLU, AM_GEGLU, AM_GEGLU_TANH, AM_GELU, AM_GELU_NEW, AM_GELU_TANH, AM_RELU, AM_SILU, AM_GELU_FAST, AM_RELU2, AM_XIELU };
enum { AM_ROPE, AM_LEARNED, AM_ALIBI };
enum { AM_STACK_HF, AM_STACK_PAPER, AM_STACK_TORCH, AM_STACK_NANOGPT, AM_STACK_MEGATRON_LOCAL, AM_STACK_LIGER, AM_STACK_MEGATRON, AM_STACK_COUNT };
enum { AM_LOSS_HF, AM_LOSS_FP32, AM_LOSS_BF16, AM_LOSS_CHUNKED, AM_LOSS_VOCAB_PARALLEL, AM_LOSS_FUSED, AM_LOSS_CUT };
enum { AM_ALLOCATOR_EXACT, AM_ALLOCATOR_CUDA };
enum { AM_SDPA, AM_EFFICIENT, AM_FLASH, AM_EAGER };
enum { AM_AUTOCAST_OFF, AM_AUTOCAST_BF16, AM_AUTOCAST_FP16 };
enum { AM_TRAIN_ALL, AM_TRAIN_NONE, AM_TRAIN_LORA };
enum { AM_OPTIMIZER_NONE, AM_ADAMW, AM_ADAMW_8BIT, AM_ADAFACTOR, AM_LION, AM_MUON, AM_SGD, AM_SGD_MOMENTUM };
enum { AM_GPIPE, AM_1F1B, AM_INTERLEAVED, AM_LOOPED_BFS, AM_INTERLEAVED_ZERO_BUBBLE, AM_ZBV, AM_DUALPIPEV };
enum { AM_GIB, AM_GB, AM_BYTES };
enum { AM_TIMELINE_MODULES, AM_TIMELINE_OPERATIONS, AM_TIMELINE_NONE, AM_TIMELINE_COMPONENTS };

/* The table's defaults: the preset llama-3-8b, not yet resolved. */
am_config am_default_config(void);

/* Sets the inputs that text names: key=value pairs joined by '&' or white space, values percent-encoded or not ("+" is
 * a plus sign). `model` is applied first wherever it stands. If no preset is named but shapes are (layers, hidden, …),
 * those stand for a model of their own: what they leave out is derived or missing, never taken from another model.
 * config is changed only on success. */
am_code am_config_parse(am_config *config, const char *text, am_status *status);

/* Sets the MODEL group from a Hugging Face config.json of length bytes. Not NUL-terminated, not trusted. config is
 * changed only on success. */
am_code am_config_import(am_config *config, const char *json, size_t length, am_status *status);

/* Derives what is AM_AUTO and checks every value and every combination of values. config is changed only on success. */
am_code am_config_resolve(am_config *config, am_status *status);

/* Sets a MODEL group from the preset of that name. */
am_code am_preset_apply(am_config *config, const char *name, am_status *status);

#define AM_SHAPE_COUNT 7

/* A row of presets.def. */
typedef struct am_preset {
    const char *name;              /* "llama-3-8b" */
    const char *label;             /* "Llama 3 8B" */
    const char *source;            /* where the shape is published */
    const char *rest;              /* the keys beside the following, as am_config_parse reads them */
    int32_t shape[AM_SHAPE_COUNT]; /* layers, hidden, heads, kv_heads, head_dim, ffn, vocab; 0: left out */
    uint8_t family, activation;
    int64_t parameters; /* published exact parameter count; 0 where none is */
} am_preset;

/* The keys it sets, as am_config_parse reads them, into buffer. Returns the text's length, 0 if it does not fit. */
size_t am_preset_text(const am_preset *preset, char *buffer, size_t size);

extern const am_preset am_presets[];
extern const int am_preset_count;

/* The preset of that name; NULL if there is none. */
const am_preset *am_preset_find(const char *name);

/* The value of a field as the user would write it ("8192", "yes", "sdpa", "0.1"), into buffer of size bytes. Returns
 * buffer. */
const char *am_field_value(const am_config *config, const am_field *field, char *buffer, size_t size);

/* ---------------------------------------------------------------- 4 Extents */

#define AM_MAX_RANK    5
#define AM_MAX_EXTENTS 96
#define AM_MAX_BYTES   ((int64_t)1 << 53)

/* The symbols that shapes are products of, in the order in which formulas print them. */
typedef enum am_symbol {
    AM_S,   /* s      sequence length */
    AM_B,   /* b      micro-batch */
    AM_A,   /* a      query heads */
    AM_QKV, /* (a+2k) heads of query, key and value together */
    AM_K,   /* k      KV heads */
    AM_H,   /* h      hidden size */
    AM_D,   /* d      head dimension */
    AM_F,   /* f      FFN width */
    AM_V,   /* v      vocabulary */
    AM_R,   /* r      LoRA rank */
    AM_P,   /* p      rows of the position table */
    AM_W,   /* w      width of the token embeddings */
    AM_RD,  /* ρ      rotated elements of a head */
    AM_REST, /* (d-ρ)  the others */
    AM_S1,  /* (s+1)  padded labels */
    AM_S32, /* ⌈s/32⌉·32  memory-efficient attention's padded rows */
    AM_D8,  /* ⌈d/8⌉·8  head dimension as flash attention pads it */
    AM_S_LESS, /* (s-1)  tokens that have a next one */
    AM_S8,     /* ⌈s/8⌉  tokens of a chunk of the sequence */
    AM_S_REST, /* s mod ⌈s/8⌉  and of the last one, where they are not equal */
    AM_E,   /* E      experts */
    AM_T,   /* e      experts of a token */
    AM_M,   /* m      inner width of an expert */
    AM_SF,  /* n      inner width of the shared expert */
    AM_G,   /* g      groups of experts */
    AM_TG,  /* j      groups of a token */
    AM_Q,   /* q      width of latent queries */
    AM_C,   /* c      width of latent keys and values */
    AM_U,   /* u      value dimension */
    AM_CR,  /* (c+ρ)  latent and shared key */
    AM_RU,  /* (d-ρ+u)  a head's own key and value */
    AM_DU,  /* (d+u)  a head's key and value */
    AM_TP,  /* t      tensor-parallel size (negative powers: divides) */
    AM_CP,  /* cp     context-parallel size, likewise */
    AM_EP,  /* ep     expert-parallel size, likewise */
    AM_ETP, /* etp    tensor-parallel size of the experts, likewise */
    AM_ROWS, /* τ     tokens, each for one expert, that this rank's experts get, where that is not its share */
    AM_SYMBOL_COUNT
} am_symbol;

typedef struct am_symbol_info {
    const char *text; /* "s" */
    const char *key;  /* the input that sets it, "seq" */
    const char *name; /* "sequence length" */
} am_symbol_info;

extern const am_symbol_info am_symbols[AM_SYMBOL_COUNT];

#define AM_POWERS ((AM_SYMBOL_COUNT + 7) / 8 * 8)

/* A product of symbols with a rational coefficient: num / den · Π symbol^power. */
typedef struct am_term {
    int64_t num, den;
    int8_t power[AM_POWERS]; /* of symbols, and zeros up to a multiple of eight, as many as are looked at together */
} am_term;

/* One dimension of a shape: its length, and that length as a term. */
typedef struct am_extent {
    int64_t n;
    am_term term;
} am_extent;

/* The extents in use, each once; a tensor holds indices into it. Index 0 is the extent 1. */
typedef struct am_extents {
    int64_t value[AM_SYMBOL_COUNT];
    am_extent of[AM_MAX_EXTENTS];
    int count;
    bool full; /* more were asked for than fit */
#ifndef AM_FIRST
    int64_t even_to; /* up to so many sequences every block of memory is affine in their number */
    bool recorded;   /* layers have been, whose dimensions are among these */
#endif
} am_extents;

typedef uint8_t am_dim; /* index into am_extents */

void am_extents_init(am_extents *extents, const int64_t value[AM_SYMBOL_COUNT]);
/* num/den · symbols; end the list of symbols with AM_SYMBOL_COUNT. */
am_dim am_dim_of(am_extents *extents, int64_t num, int64_t den, const am_symbol *symbols);
am_dim am_dim_product(am_extents *extents, am_dim x, am_dim y);
/* x divided by a symbol's value, which must divide it: one rank's share. */
am_dim am_dim_quotient(am_extents *extents, am_dim x, am_symbol divisor);

/* Value of a term; exact, or -1 if it is no whole number below 2^53. */
int64_t am_term_value(const am_term *term, const int64_t value[AM_SYMBOL_COUNT]);
am_term am_term_product(const am_term *x, const am_term *y);

/* ---------------------------------------------------------------- 5 Operations */

typedef enum am_op {
#define AM_OP(id, ...) AM_OP_##id,
#include "ops.def"
#undef AM_OP
    AM_OP_COUNT
} am_op;

#define AM_MAX_SAVES 8
#define AM_MAX_STEPS 12
#define AM_MAX_INPUTS 5 /* of an operation that gradients may reach */

/* A save rule: input or result `index` is kept for backward, if input `needs` (unless -1) requires a gradient. */
typedef struct am_save_rule {
    bool result;
    int8_t index, needs;
    const char *attribute; /* autograd's name of it, "mat2" */
    const char *why;       /* what backward needs it for */
} am_save_rule;

/* One step of a backward: what it allocates, in order. */
typedef enum am_backward_kind {
    AM_END,
    AM_AT_OUTPUT, /* gradient of an input, computed at the output's shape, then summed to the input's */
    AM_OF_ALL,    /* the same by an expression in which the input stands, too */
    AM_AT_INPUT,  /* gradient of an input at its own shape */
    AM_KERNEL,    /* likewise, by an attention kernel that writes it whether or not it is asked for */
    AM_PASS,      /* the incoming gradient itself */
    AM_SAME,      /* the gradient of input 0 once more, summed to this input's shape */
    AM_TEMPORARY, /* a temporary of the incoming gradient's shape, gone when the node has run */
    AM_WIDE,      /* one in the type that the operands have together */
    AM_ZEROS,     /* one of the input's shape */
    AM_NUMBER,    /* one of one element; these four only where the input's gradient is wanted */
    AM_BOOLEANS,  /* one of the incoming gradient's shape, of booleans */
    AM_SCRATCH,   /* one of an input's shape and type, if the operation was given it */
    AM_FREE,      /* the end of the temporaries made so far */
    AM_DROP,      /* the end of the k-th of them */
    AM_EMPTY,     /* what save rule k kept goes */
    AM_TAKEN,     /* gradient of input k in the memory of what save rule k kept */
    AM_TURNED,    /* of input k [b, heads, s, d], the gradient of result k, copied if its memory is not b s h d */
    AM_PART,      /* this rank's part of a whole gradient, where gradients exist beforehand or units are sharded; else the whole one stays */
    AM_LET_GO,    /* a Python function's frame: its incoming gradient goes before its results are summed and cast */
    AM_TURNS,     /* ring attention with Transformer Engine */
    AM_VIEW,      /* the routines below allocate only if a copy is needed */
    AM_DENSE,     /* the gradient as it is, if it is contiguous */
    AM_TRANSPOSE,
    AM_EXPAND,
    AM_SUM,   /* the gradient, repeated */
    AM_PARTS, /* cat: views of the gradient */
    AM_COPY,  /* of a copy into a part of a tensor */
    AM_RING,  /* ring attention */
} am_backward_kind;

typedef struct am_backward_step {
    uint8_t kind;
    int8_t input;
} am_backward_step;

/* AM_CAST_RESULT: reads what it is given as it is, and gives fp32. */
typedef enum am_cast_class { AM_CAST_PROMOTE, AM_CAST_LOW, AM_CAST_FP32, AM_CAST_RESULT } am_cast_class;

/* One row of ops.def. */
typedef struct am_op_info {
    const char *name; /* ATen's */
    const char *node; /* autograd's, without "Backward0"; whole where it has another number */
    am_cast_class cast;
    am_save_rule saves[AM_MAX_SAVES]; /* ends with attribute NULL */
    am_backward_step backward[AM_MAX_STEPS];
    bool alias; /* its result is a view of its input's storage */
} am_op_info;

extern const am_op_info am_ops[AM_OP_COUNT];

/* ---------------------------------------------------------------- 6 Tape */

#define AM_MAX_TENSORS      5120
#define AM_MAX_STORAGES     4096
#define AM_MAX_INSTRUCTIONS 4096
#define AM_MAX_NODES        4096
#define AM_MAX_OPERANDS     32768
#define AM_MAX_REGIONS      48
#define AM_MAX_UNITS        16 /* layers on one tape */
#define AM_MAX_SHARDED      18 /* units of FSDP2: none, the whole model's, one for each layer */

/* What a tensor belongs to, for colours and sums. */
typedef enum am_component {
    AM_C_ATTENTION,
    AM_C_MLP,
    AM_C_NORM,
    AM_C_RESIDUAL,
    AM_C_EMBEDDING,
    AM_C_HEAD,
    AM_C_LOSS,
    AM_C_CHECKPOINT,
    AM_COMPONENT_COUNT
} am_component;
extern const char *const am_component_names[AM_COMPONENT_COUNT]; /* "attention", … */

/* The module whose code runs: path is relative to its layer ("self_attn.q_proj"), leaf is appended (".lora_A.default"
 * or ""). */
typedef struct am_module {
    const char *path, *leaf;
    am_component component;
} am_module;

typedef uint16_t am_var; /* a tensor of the tape; 0 is none */

typedef struct am_tensor {
    int64_t shape[AM_MAX_RANK], stride[AM_MAX_RANK]; /* strides in elements; they decide where a copy is made */
    am_dim dim[AM_MAX_RANK];
    uint8_t rank, dtype;
    uint8_t output; /* which result of its node */
    bool grad;      /* requires a gradient */
    bool parameter; /* a weight or an adapter */
    uint16_t storage;
    uint16_t node; /* the node that made it; 0 if none did: a leaf */
    uint16_t leaf; /* index of a leaf that requires a gradient, from 1; else 0 */
    uint16_t cast; /* autocast's copy of a leaf that learns, made once; 0: none yet */
    uint8_t unit;  /* of a sharded parameter */
    uint16_t whole; /* of a rank's part of a parameter whose gradient is made whole: a tensor of that shape; else 0 */
} am_tensor;

typedef struct am_storage {
    int64_t bytes;
    const char *name; /* what people call it */
    am_dim dim[AM_MAX_RANK];
    uint8_t rank, dtype;
    bool fixed;          /* a parameter, a buffer or an input of the step: not counted */
    bool permanent;      /* made once and never let go; what a layer makes so counts in one of_layers before them */
    bool of_layers;      /* permanent ones of all layers, some of which a graph may keep: those have rows in the ledger */
    bool renewed;        /* permanent, but of the last forward: graphs of earlier ones keep theirs */
    bool cached;         /* autocast's copy of a leaf that learns: its cache holds it, too, until the forward has ended */
    uint16_t born, last; /* instructions: made, and last used by the forward's code */
    uint16_t next_dying; /* next storage whose last use is the same instruction */
    uint8_t region;      /* whose output it is and which discards it, or which keeps a part of it only; 0: none */
} am_storage;

typedef enum am_instruction_kind {
    AM_I_OP,
    AM_I_HOLD,
    AM_I_BEGIN,
    AM_I_END,
    AM_I_REDUCE,    /* before a unit whose parameters are sharded: where its gradients are reduced in backward */
    AM_I_UNSHARD,   /* its parameters are gathered */
    AM_I_RESHARD,   /* it has returned */
    AM_I_GRAPH,     /* a graph that a local keeps alive has saved these: not in a checkpointed region's forward */
    AM_I_GRAPH_END, /* that local is gone */
    AM_I_DISCARD    /* the output of the region in dims[0] is let go of */
} am_instruction_kind;

typedef struct am_instruction {
    am_module module;
    int64_t flops;  /* of matrix products and attention */
    int64_t time;   /* of its forward, in picoseconds; 0 before am_cost_tape */
    uint16_t first; /* of its operands: inputs, then results */
    uint8_t inputs, results;
    uint8_t kind, op;
    bool bound; /* its time is that of its bytes, not of its FLOPs */
    bool windowed; /* an attention kernel that passes over keys behind am_tape.window */
    bool graph_only; /* its code runs where gradients are enabled alone: not in a reentrant region's forward */
    uint8_t dims[2]; /* of a transpose; of a sum: which, and whether it stays, with length 1 */
    uint16_t node;   /* 0 if no gradient flows */
    uint16_t region; /* 0 if in none */
    uint16_t zone;   /* 0 before the layers, 1.. layer, then after them */
    uint16_t match;  /* the how-manieth matrix product of its region */
    uint16_t made, made_end; /* storages that are born here, and fixed ones between them, which take no bytes: made <= storage < made_end */
    uint16_t dying;  /* first storage whose last use is this; 0 if none */
    bool saves;      /* its node has saved tensors */
    bool chosen, idle; /* of a region that keeps AM_KEEP_CHOSEN: its results are kept; or it need not run again */
    bool inside;     /* a step of the kernel behind it: no operation of its own to a region that keeps some */
} am_instruction;

typedef struct am_node {
    uint16_t instruction;
    uint16_t first_save;     /* into saves */
    uint16_t first_gradient; /* slot of its first result's incoming gradient */
    uint8_t save_count;
    bool saves_result; /* else early stop ends before the operation */
    uint8_t restores;  /* a region whose output is made again before this node runs; 0: none */
} am_node;

/* What is not on the GPU between forward and backward: nothing; the inputs of checkpointed regions, which are reentrant, on
 * the host or but for this rank's part of them; every saved tensor, copied by itself. */
typedef enum am_away { AM_AWAY_NOTHING, AM_AWAY_INPUTS, AM_AWAY_PARTS, AM_AWAY_SAVED } am_away;

/* How a checkpointed region runs again. */
typedef enum am_recompute { AM_NON_REENTRANT, AM_REENTRANT } am_recompute;
/* What a checkpoint keeps of its region beside its input. Everything: the region is not checkpointed at all. */
typedef enum am_keep {
    AM_KEEP_NOTHING,
    AM_KEEP_MATMULS,
    AM_KEEP_HALF_MATMULS,
    AM_KEEP_EVERYTHING,
    AM_KEEP_LISTED,
    AM_KEEP_CHOSEN /* the results of the instructions that are marked so */
} am_keep;

/* What AM_KEEP_LISTED keeps: the results of operations, as a set of 1 << am_op, and of matrix products by their place in
 * the region: bit 0 is the first. */
typedef struct am_kept {
    uint64_t ops[2], products;
} am_kept;

/* Of a set of 1 << am_op. */
static inline bool am_ops_has(const uint64_t set[2], int op)
{
    return set[op / 64] >> op % 64 & 1;
}

static inline void am_ops_add(uint64_t set[2], int op)
{
    set[op / 64] |= (uint64_t)1 << op % 64;
}

static inline bool am_keeps_any(const am_kept *kept)
{
    return kept->products || kept->ops[0] || kept->ops[1];
}

typedef struct am_region {
    uint8_t kind, keep;
    uint16_t around;                      /* the region that it is in; 0: none */
    uint16_t checkpointed;                /* the innermost of it and those around it that is checkpointed; 0: none is */
    uint16_t first_input, inputs;         /* operands that it holds: its arguments, then what its closure holds */
    uint16_t arguments;                   /* the first of them: saved tensors of a reentrant region's node */
    uint16_t start, end;                  /* instructions */
    uint16_t first_storage, last_storage; /* made inside: first <= storage < last */
    uint16_t matmuls;
    uint16_t savers; /* nodes with saves */
    uint16_t stop;   /* last instruction with saves; 0 if none */
    uint16_t active, active_end; /* places in am_tape.active: of its first instruction there, and of the first behind it */
    am_var output;
    am_var more[2]; /* other results, each needed as it is; 0: none */
    am_var beside; /* what its code returns beside its output; 0: nothing */
    am_kept kept;  /* for AM_KEEP_LISTED */
    bool discards; /* its output is let go of once it has been used, and made again before it is needed */
    bool distributes; /* of its input it keeps this rank's part alone, of this length */
    bool outlives;    /* something keeps its graph beyond its backward: where that begins at the region, input and gradient */
    am_dim part;
} am_region;

/* Does selective checkpointing keep the results of this operation, the match-th matrix product of its region? */
bool am_region_keeps(const am_region *region, am_op op, int match);
/* Is it a matrix product that selective checkpointing counts? */
bool am_op_is_product(am_op op);

/* Parts of a step, by what its time is spent on. */
typedef enum am_part_of_step { AM_IN_FORWARD, AM_IN_BACKWARD, AM_IN_RECOMPUTE, AM_PART_COUNT } am_part_of_step;

/* What a part of a step computes and how long it takes (section 9). */
typedef struct am_work {
    int64_t flops;    /* of products and attention, those of experts among them: every one in full */
    int64_t executed; /* the same without what a causal attention kernel skips */
    int64_t bound;    /* picoseconds of the operations that wait for memory, among those of all */
} am_work;

/* A unit of FSDP2 (fully_shard), whose parameters are gathered together: bytes of buffers. */
typedef struct am_sharded {
    int64_t gathered; /* its parameters, padded: the buffer that they are gathered into */
    int64_t copied;   /* and the parameters themselves, each in memory of its own */
    int64_t cast;     /* this rank's part in the type that is gathered, where it is sharded in another */
    int64_t reduced;  /* all of its gradients, in the type that is reduced */
    int64_t part;     /* this rank's part of these */
} am_sharded;

/* A record of one forward pass. */
/* A layer that was copied from another: its instructions, how far behind the other's they stand, nodes, saves and tensors
 * likewise, and the zones of both. */
typedef struct am_repeated {
    uint16_t first, end, shift;
    uint16_t nodes, saves, tensors;
    uint16_t zone, of;
    am_var input, output;
    am_var from; /* the input of the layer that it was copied from */
    uint8_t aside; /* of another record, whose zone and indices these then are: 1 + its place in am_aside; 0: of this one */
} am_repeated;

typedef struct am_tape {
    uint32_t records; /* how often this tape has been recorded anew; never 0 once it has been */
    am_extents *extents;
    am_status status;
    uint8_t autocast;           /* am_dtype, or AM_DTYPE_COUNT if off */
    bool caches;                /* autocast copies of leaves that learn */
    int64_t block;              /* memory is given out in multiples of so many bytes: 1 in tensors' own bytes */
    am_module module;           /* now */
    uint16_t open_region, zone; /* now */
    bool graph_only;            /* now */
    int tensors, storages, instructions, nodes, operands, regions, saves, gradients, leaves;
    am_tensor tensor[AM_MAX_TENSORS];
    am_storage storage[AM_MAX_STORAGES];
    am_instruction instruction[AM_MAX_INSTRUCTIONS];
    am_node node[AM_MAX_NODES];
    am_region region[AM_MAX_REGIONS];
    am_var operand[AM_MAX_OPERANDS];
    uint16_t save[AM_MAX_NODES * 3]; /* tensors */
    uint8_t save_rule[AM_MAX_NODES * 3];
    am_var leaf[AM_MAX_NODES];
    am_var loss, logits;
    uint8_t away;  /* am_away */
    int64_t parts; /* of AM_AWAY_PARTS */
    am_var scratch; /* memory that lasts and that every model of the process uses; 0: none */
    bool logits_stay; /* the caller holds them until the backward has ended */
    bool inputs_alone; /* played is a split backward's first part, to the inputs: what the weights' part needs stays */
    int64_t ranks; /* that share parameters out; 1: none does */
    int reduce_dtype;    /* of gradients, if they do */
    bool cast_shards;    /* shards are of that type too */
    bool upcast_vectors; /* and gradients of vectors, which tensor-parallel ranks have whole, before they are reduced */
    bool keeps_gathered; /* parameters stay gathered behind the forward */
    uint8_t units, unit; /* sharded ones: how many, from 1; now */
    am_sharded sharded[AM_MAX_SHARDED];
    int64_t flops, zone_flops[AM_MAX_UNITS + 2]; /* of all instructions, and of those of a zone */
    /* what am_cost_tape found: picoseconds by zone, forward and backward, and the work; zeros before it */
    int64_t zone_time[AM_MAX_UNITS + 2], zone_backward_time[AM_MAX_UNITS + 2];
    am_work zone_work[AM_IN_RECOMPUTE][AM_MAX_UNITS + 2];
    int64_t window;                        /* keys that a query of a windowed attention sees */
    int64_t executed[AM_MAX_INSTRUCTIONS]; /* FLOPs of a forward, without what a causal kernel skips */
    bool reached[AM_MAX_TENSORS];          /* by a gradient */
    int actives;
#ifndef AM_FIRST
    int repeats;
    am_repeated repeated[AM_MAX_UNITS]; /* in order */
    struct am_aside *aside; /* NULL: nothing is kept of one record for the next */
#endif
    uint16_t active[AM_MAX_INSTRUCTIONS + 1]; /* those that make, save or let go of something, in order; UINT16_MAX */
} am_tape;

/* ---------------------------------------------------------------- 7 Model */

/* Layers of one kind are alike: dense and expert layers, layers with a window and without. */
#define AM_MAX_LAYER_KINDS 4
#define AM_MAX_PERIOD      8

/* Which kind each layer of a model is of: the first `prefix` layers are of kind 0, those behind them follow a cycle. */
typedef struct am_pattern {
    int64_t prefix;
    int period; /* kinds in the cycle; 1 where all of its layers are alike */
    bool own;   /* layers of each kind save tables of their own */
    uint8_t cycle[AM_MAX_PERIOD];
} am_pattern;

/* The pattern of a resolved configuration's model, the kind of a layer (from 0), and what people call layers of a kind
 * ("dense"); NULL where all are alike. */
am_pattern am_model_pattern(const am_config *config);
int am_pattern_kind(const am_pattern *pattern, int64_t layer);
const char *am_model_kind_name(const am_config *config, int kind);

/* Modules of a layer that Megatron plays again apart (--recompute-modules), as bits of a set. Of those in AM_DISCARDING the
 * output goes too, once it has been used. */
enum {
    AM_MODULE_CORE_ATTN = 1,
    AM_MODULE_LAYERNORM = 2,
    AM_MODULE_MLP = 4,
    AM_MODULE_MOE = 8,
    AM_MODULE_MOE_ACT = 16,
    AM_MODULE_MLA_UP_PROJ = 32,
    AM_MODULE_SHARED_EXPERTS = 64,
    AM_MODULES_ALL = 127,
    AM_DISCARDING = AM_MODULE_LAYERNORM | AM_MODULE_MOE_ACT | AM_MODULE_MLA_UP_PROJ
};

/* How many layers a record holds and what is checkpointed in it: `units` regions of `inner` layers each, or without
 * regions `units` layers. A few stand for any number (see am_plan_compose). */
typedef struct am_record {
    int units, inner;           /* units of so many layers each, */
    int lacks;                  /* but for the first, which has so many fewer */
    uint8_t kind[AM_MAX_UNITS]; /* of each layer */
    bool regions;
    bool last;   /* the last unit shows the model's last layer alone, or its last segment */
    bool hooked; /* gradient_checkpointing_enable() was called: the embedding's output then requires a gradient */
    uint8_t modules; /* regions around these modules of each layer, a set of AM_MODULE_, and none around layers */
    bool received; /* of a pipeline stage behind the first: its input comes from the one before, there is no embedding */
    bool sent;     /* of one before the last: its output goes to the next one, there is no head */
    bool mixed;    /* the first unit's region has layers of other kinds, too, among them such as keep its graph (am_region.outlives) */
} am_record;

static inline int am_record_layers(const am_record *record)
{
    return record->units * record->inner - record->lacks;
}

/* The zone of a unit's first layer; behind the last unit that of the head. */
static inline int am_unit_zone(const am_record *record, int unit)
{
    return unit == 0 ? 1 : unit * record->inner - record->lacks + 1;
}

/* The unit that a layer is in, by its zone. */
static inline int am_zone_unit(const am_record *record, int zone)
{
    return record->inner == 1 ? zone - 1 : (zone - 1 + record->lacks) / record->inner; /* most are so, and a division is slow */
}

/* The kind of a unit's first layer. */
static inline int am_unit_kind(const am_record *record, int unit)
{
    return record->kind[am_unit_zone(record, unit) - 1];
}

/* Plays the forward pass of config's model, as config's stack writes it, on the tape. config must be resolved. */
am_code am_model_record(am_tape *tape, am_extents *extents, const am_config *config, am_record record);

/* The values of the symbols for a resolved configuration. */
void am_model_symbols(const am_config *config, int64_t value[AM_SYMBOL_COUNT]);

/* Says how the regions of a record run again and what they keep, so that one record can be played under several
 * policies. A new record's are non-reentrant and keep nothing. */
void am_tape_checkpoint(am_tape *tape, am_recompute kind, am_keep keep);
/* The same for one region, from 1. */
void am_tape_checkpoint_region(am_tape *tape, int region, am_recompute kind, am_keep keep);
/* What AM_KEEP_LISTED keeps, in all regions. */
void am_tape_keep(am_tape *tape, am_kept kept);

/* Says what of a record is away between forward and backward: nothing after am_tape_checkpoint. */
void am_tape_send_away(am_tape *tape, am_away away, int64_t parts);
/* Bytes of the copy of a saved tensor, tape->save[i]. */
int64_t am_tape_copy_bytes(const am_tape *tape, int i);

/* The model's own prefix of a module's path: "model.layers." before a layer's index, "" before modules outside. */
const char *am_model_layer_prefix(const am_config *config);

/* ---------------------------------------------------------------- 8 Ledger */

#define AM_MAX_ROWS   256
#define AM_MAX_SAVERS 8

/* What saves a tensor where no operation does, in place of a rule: a region, of its inputs; selective checkpointing, of what its operations make. */
enum { AM_BY_CHECKPOINT = 255, AM_BY_SELECTIVE = 254 };

/* One storage that autograd keeps. */
typedef struct am_row {
    const char *name; /* what people call it: "query, rotated" */
    am_module module; /* whose code saved it first */
    am_op op;         /* the operation that saved it first */
    uint8_t dtype;
    uint8_t rank; /* of the tensor that was saved, which may be a part of the storage */
    int64_t shape[AM_MAX_RANK];
    am_term extent[AM_MAX_RANK]; /* the same in symbols */
    am_term elements;            /* of the whole storage */
    int64_t bytes;               /* of the whole storage: elements × the dtype's size, and */
    int64_t padding;             /* what the allocator rounds up, among them */
    uint8_t savers;
    struct {
        uint8_t op, rule;
    } saved_by[AM_MAX_SAVERS]; /* rule: index into am_ops[op].saves, or one of those two */
    uint16_t zone;             /* as am_instruction */
    am_var tensor;             /* on the tape: the one that was saved first */
    uint16_t given;            /* its storage, if it was made before the layers: the same in each record of a model; else 0 */
    bool shared;               /* kept by more than one layer, charged once */
    uint8_t kinds;             /* of layers that keep it, as a set */
    bool permanent;            /* stays when its layer no longer keeps it */
    bool cached;               /* autocast's cache holds it, too, until the forward has ended */
} am_row;

#ifndef AM_FIRST
/* Of what a unit keeps: what it made for the whole run, and what each forward of it makes anew in place of the last one's. Bytes. */
typedef struct am_unit_lasting {
    int64_t once, renewed;
} am_unit_lasting;
#endif

typedef struct am_ledger {
    int count;
    am_row row[AM_MAX_ROWS];          /* in order of first saving; not of units that repeat one behind the first */
    int64_t unit_bytes[AM_MAX_UNITS]; /* of each unit, without what is shared; 0 for those that repeat one */
    int64_t unit_given[AM_MAX_UNITS]; /* thereof made before the layers: it alone keeps that */
    int64_t own_input;                /* and thereof the first unit's input */
#ifndef AM_FIRST
    am_unit_lasting lasting[AM_MAX_UNITS];
#endif
    int64_t shared_bytes, outside_bytes;
    int16_t row_of[AM_MAX_STORAGES]; /* while reading: 1 + the row of a storage; 0: none yet */
} am_ledger;

/* What is made before the layers (the first one's input, tables, masks) and given to them: which of it each unit's graph holds,
 * until the unit's backward has run. Sets of storages by their index, which is the same in all records of a model. */
#define AM_MAX_GIVEN 64
typedef struct am_given {
    uint64_t held[AM_MAX_UNITS];
    uint64_t stays; /* thereof what closures of reentrant regions hold: until the whole backward has run */
    uint64_t input; /* the first unit's */
    uint64_t framed; /* what the model's code holds, too, until it returns behind the layers */
#ifndef AM_FIRST
    uint64_t lasting; /* and of what nothing lets go of, which no unit frees: what their graphs keep */
#endif
    int64_t bytes[AM_MAX_GIVEN];
} am_given;

void am_given_read(am_given *given, const am_tape *tape, am_record record);

/* Reads off a record what is kept when the forward has returned: its bytes, and who keeps them. */
am_code am_ledger_read(am_ledger *ledger, const am_tape *tape, am_record record);
#ifndef AM_FIRST
/* By storage: 1 + the component of its row, in all units, those that repeat one too; 0: none keeps it. */
void am_ledger_components(uint8_t component[AM_MAX_STORAGES], const am_tape *tape, am_record record);
#endif
/* Fills in the shapes, dtypes and names of the rows of a ledger that was read off this tape. */
void am_ledger_describe(am_ledger *ledger, const am_tape *tape);

/* ---------------------------------------------------------------- 9 Cost */

/* A row of devices.def, which says what the figures mean. */
typedef struct am_device {
    const char *id, *label; /* "h100-sxm", "NVIDIA H100 SXM" */
    int64_t memory;         /* bytes */
    int64_t fp32, tf32, fp16, bf16, fp8; /* GFLOP/s of dense products with sums in fp32; 0: none */
    int64_t bandwidth;                   /* MB/s */
    const char *source;  /* the vendor's document */
    const char *checked; /* which figures were found equal elsewhere: "all", a list, or "" */
} am_device;

extern const am_device am_devices[];
extern const int am_device_count;

/* The device of that id; NULL if there is none, and for "mine". */
const am_device *am_device_find(const char *id);

/* How fast a GPU computes and reads its memory. */
typedef struct am_rates {
    int64_t gflops[AM_DTYPE_COUNT]; /* GFLOP/s of dense matrix products of this type */
    int64_t bandwidth;              /* MB/s */
} am_rates;

/* The type of a configuration's matrix products (am_dtype). */
int am_compute_dtype(const am_config *config);
/* The rates of its device, with device_gflops and device_bandwidth in place of the table's. Error: what the device lacks. */
am_code am_rates_of(const am_config *config, am_rates *rates, am_status *status);

/* Says of a finished record how long each operation takes by a roofline: as long as its FLOPs take at the rate of its
 * type, or its bytes at the memory's bandwidth, whichever is longer. An operation is a kernel of its own: it reads its
 * operands and writes its results, each element once; views move nothing. The backward's are the products and attention of
 * each wanted gradient, what the node saved, its gradients and temporaries, and the sums of gradients that meet. Fills in
 * instruction.time and the tape's zone_time, zone_backward_time and zone_work; am_step_play passes them on. */
am_code am_cost_tape(am_tape *tape, const am_rates *rates);

/* Picoseconds of so many FLOPs at a rate, rounded up; INT64_MAX where that is more. */
int64_t am_compute_time(int64_t flops, int64_t gflops);

/* What the operations of a row compute. */
typedef enum am_labour { AM_PRODUCTS, AM_ATTENTION, AM_OTHERS, AM_LABOUR_COUNT } am_labour;
extern const char *const am_labour_names[AM_LABOUR_COUNT]; /* "products", … */

/* What the operations of one module cost in one layer of a kind, or outside the layers. Sums of gradients count where they
 * meet: at the operation whose input got its second one. */
typedef struct am_cost_row {
    int kind; /* of layer; -1: outside */
    bool first;    /* of the model's first layer, where that differs from others of its kind: adapters alone learn there, and no input does */
    int64_t count; /* layers like it */
    am_module module;
    am_labour labour;
    int64_t flops[AM_IN_RECOMPUTE], bytes[AM_IN_RECOMPUTE], time[AM_IN_RECOMPUTE], bound[AM_IN_RECOMPUTE];
} am_cost_row;
#define AM_MAX_COST_ROWS 192

/* The same, and gathers the rows of one layer of each kind, of the zone that stands for it (0: none does), of the model's first layer,
 * which is of the kind `first`, where it differs from that, and of what is outside the layers: at most AM_MAX_COST_ROWS, what would be
 * more is added to the first one. layers: how many there are, by kind. Rows by their counts add up to the whole model. */
am_code am_cost_rows(am_cost_row rows[AM_MAX_COST_ROWS], int *count, am_tape *tape, const am_rates *rates,
                     const uint16_t zone[AM_MAX_LAYER_KINDS], const int64_t layers[AM_MAX_LAYER_KINDS], int first);

/* ---------------------------------------------------------------- 10 Step */

typedef enum am_phase { AM_FORWARD, AM_BEFORE_RECOMPUTE, AM_RECOMPUTE, AM_BACKWARD, AM_PHASE_COUNT } am_phase;

/* A highest number of live bytes, and the operation at which it stood. */
typedef struct am_peak {
    int64_t bytes;
    am_module module;
    am_op op;
    uint16_t instruction; /* while playing */
    bool seen;
} am_peak;

/* One allocation, for tests of the order of events. */
typedef struct am_allocation {
    uint8_t phase;
    int64_t bytes, live; /* live: after it */
} am_allocation;

/* The highest live bytes while one operation, or one module, runs. */
typedef struct am_sample {
    int64_t live;
    am_module module;
    uint16_t zone;
    uint8_t phase, op;
    bool returned; /* the model's code has */
#ifndef AM_FIRST
    int32_t moment; /* the how-manieth that was noted */
#endif
} am_sample;

#ifndef AM_FIRST
/* What live bytes are of: every allocation is of one part. The first are saved tensors, by the component that the ledger has them
 * under, from the moment they are made. */
typedef enum am_live {
    AM_LIVE_OUTPUT = AM_COMPONENT_COUNT, /* the logits, which the caller holds, where nothing has saved them */
    AM_LIVE_TEMPORARY,                   /* what the forward's code holds and nothing saves */
    AM_LIVE_CACHED,                      /* copies of weights that autocast's cache holds and nothing saves */
    AM_LIVE_RECOMPUTED,                  /* what a checkpointed region makes again */
    AM_LIVE_RETURNED,                    /* copies of what was on the host */
    AM_LIVE_GRADIENT,                    /* gradients of activations, and temporaries of the backward */
    AM_LIVE_GATHERED,                    /* parameters that ranks share out, whole, and their buffers */
    AM_LIVE_REDUCED,                     /* whole gradients of such parameters, and their buffers */
    AM_LIVE_LASTING,                     /* what stays for the whole run without being saved */
    AM_LIVE_COUNT
} am_live;
/* Its name: "attention", …, "gradients". */
const char *am_live_name(am_live part);
#endif

#ifndef AM_FIRST
/* When the peaks of zones stood, as am_sample says it. */
typedef struct am_moments {
    int32_t forward[AM_MAX_UNITS + 2], backward[AM_PHASE_COUNT][AM_MAX_UNITS + 2];
} am_moments;
#endif

/* What a play may write down, into memory of its caller's; a NULL array is not wanted. Counts go on where the room has
 * ended. */
typedef struct am_trace {
    am_allocation *allocation;
    am_sample *sample;
    bool by_module; /* one sample for each run of a module, not for each operation */
    int allocations, allocation_capacity, samples, sample_capacity;
#ifndef AM_FIRST
    am_moments *moments; /* beside samples */
    /* Another play's step, which wrote these samples and moments down: then this one is of one part alone, all else being of no size,
     * and says what is live of it at those moments. */
    const struct am_step *leader;
    am_live part;
#endif
} am_trace;

/* Live bytes of one played step, by zone (0 before the layers, 1.. layers, units·inner + 1 after them). Twice: [0]
 * where gradients of parameters exist beforehand and are not counted, [1] where they start as None and count. */
typedef struct am_step {
    int layers;                         /* played */
    int64_t boundary[AM_MAX_UNITS + 2]; /* forward: live at the end of a zone, without what is carried on or cached */
#ifndef AM_FIRST /* no model of core.wasm does */
    int64_t carried[AM_MAX_UNITS + 2]; /* by zone: what a layer returns beside its result, if nothing saved it: gone when the next one returns */
    /* by zone: copies of weights, of this one and those before, that nothing but autocast's cache holds until the forward has ended; and of
     * those that a region makes in a zone when it runs again, until it has. Neither is in a boundary or a start. */
    int64_t cached[AM_MAX_UNITS + 2], cached_again[AM_MAX_UNITS + 2];
#endif
    am_peak forward[AM_MAX_UNITS + 2];
    am_peak head[2]; /* of the forward behind the layers: while the model's code holds what it gave them, and when it has returned */
    am_peak backward[2][AM_PHASE_COUNT][AM_MAX_UNITS + 2];
    int64_t gradients_above[AM_MAX_UNITS + 2]; /* gradient bytes that exist when the backward of a zone begins */
    int64_t backward_start[AM_MAX_UNITS + 2];  /* live then, gradients of parameters and what is outlived apart */
    int64_t outlived[AM_MAX_UNITS + 2];        /* and what backwards of regions have left, whose graphs something keeps */
    int64_t passed[AM_MAX_UNITS + 2];          /* thereof the gradient of a region's input, by the zone that this begins: the zone before left it */
    int64_t all_outlived;                      /* at the end */
    int64_t recompute_start[AM_MAX_UNITS + 2]; /* live when a layer's recomputation begins */
    /* of a backward to the inputs alone: live at its end; by zone, gradients that wait for the weights' part, and the most that
     * this part is above what waits when it comes to the zone */
    int64_t after_backward, waiting[AM_MAX_UNITS + 2], weights[AM_MAX_UNITS + 2];
    int64_t head_learned; /* the highest of the head's backward from its first gradient of a parameter on, such gradients apart; 0: it has none */
    int64_t after_forward, after_drop; /* live when the forward has returned; when the caller has dropped the logits */
    int64_t gradient_bytes;
    int64_t forward_flops, recomputed_flops;
    int64_t zone_flops[AM_MAX_UNITS + 2], zone_recomputed[AM_MAX_UNITS + 2]; /* the same by zone */
    /* picoseconds by zone, and the work: zeros on a tape without am_cost_tape */
    int64_t zone_time[AM_MAX_UNITS + 2], zone_backward_time[AM_MAX_UNITS + 2], zone_recomputed_time[AM_MAX_UNITS + 2];
    am_work zone_work[AM_PART_COUNT][AM_MAX_UNITS + 2];
    /* the whole step as played */
    int64_t forward_peak, backward_peak, step_peak;
} am_step;

typedef struct am_player am_player; /* working memory of am_step_play */

am_code am_step_play(am_step *step, am_player *player, const am_tape *tape, am_trace *trace);

/* ---------------------------------------------------------------- 11 Plan */

/* Where a peak stands. */
typedef struct am_place {
    am_phase phase;
    int64_t layer; /* -1 outside the layers */
    am_module module;
    am_op op;
} am_place;

/* What a step of the whole model keeps and peaks at under one policy. */
typedef struct am_outcome {
    int64_t saved_bytes; /* kept by autograd and by checkpoints when the forward has returned */
#ifndef AM_FIRST
    int64_t saved_lasting, saved_renewed; /* thereof: there for the whole run; and of the last forward's, which stays beyond its backward */
#endif
    int64_t after_forward, forward_peak, backward_peak, step_peak;
    int64_t learned_peak; /* the highest from the first gradient of a parameter on, such gradients apart */
    int64_t gradient_bytes;
    int64_t head_forward, head_backward; /* the most above what the layers leave: last norm, head and loss */
    int64_t forward_flops, recomputed_flops;
    int64_t forward_time, backward_time, recomputed_time; /* picoseconds of the roofline */
    am_work work[AM_PART_COUNT];
    am_place forward_at, backward_at, step_at;
} am_outcome;

/* The highest of forward and backward, gradients of parameters apart, and where it stands: what checkpointing lowers. */
int64_t am_outcome_peak(const am_outcome *outcome);
const am_place *am_outcome_peak_at(const am_outcome *outcome);

/* Picoseconds of forward, backward and recomputation. */
int64_t am_outcome_time(const am_outcome *outcome);

/* Live bytes at one moment of the step; layer is -1 outside the layers. */
typedef struct am_point {
    am_phase phase;
    int64_t layer;
    am_module module;
    am_op op;
    int64_t live;
} am_point;

typedef enum am_policy_kind {
    AM_POLICY_NONE,
    AM_POLICY_FULL,
    AM_POLICY_EVERY,
    AM_POLICY_UNIFORM,
    AM_POLICY_BLOCK,
    AM_POLICY_SQRT,
    AM_POLICY_BEST_SEGMENTS,
    AM_POLICY_SAVE_MATMULS,
    AM_POLICY_SAVE_HALF_MATMULS,
    AM_POLICY_MODULES,
    AM_POLICY_SAVE_LIST,
    AM_POLICY_BUDGET,
    AM_POLICY_REGIONS,
    AM_POLICY_MEMORY_BUDGET,
    AM_POLICY_REVOLVE,
    AM_POLICY_ROTOR,
    AM_POLICY_OFFLOAD,
    AM_POLICY_OFFLOAD_SAVED,
    AM_POLICY_PARTITION,
    AM_POLICY_PARTITION_HOST
} am_policy_kind;

/* A checkpointing policy: kind, its number, and whether regions are reentrant. */
typedef struct am_policy {
    am_policy_kind kind;
    int64_t count; /* layers a region (every, uniform, sqrt, best), layers that are checkpointed (block), checkpoints at
                      once (revolve), bytes (budget, rotor), millionths (memory-budget) */
    bool reentrant;
    uint64_t ops[2];     /* what is kept (save:OP,OP): a set of 1 << am_op */
    uint8_t modules;     /* of AM_POLICY_MODULES: a set of AM_MODULE_ */
    const char *regions; /* of AM_POLICY_REGIONS: the list, in the config that it was read from */
} am_policy;

/* So many regions of so many layers each, one behind another; 0 layers: so many layers in no region. */
typedef struct am_regions {
    int64_t count, layers;
} am_regions;

/* One played record: its figures, and what the ledger says of it. The runs of a plan are composed of these. */
typedef struct am_profile {
    am_record record;
    bool checkpointed; /* its units are regions that run again */
    int64_t like[AM_MAX_UNITS];     /* by unit: the layer of the model that it shows; of segments nothing */
    int steady[AM_MAX_LAYER_KINDS]; /* the recorded unit that stands for layers of a kind; unit 0 for the model's first */
    am_step step;
    int64_t unit_bytes[AM_MAX_UNITS], unit_given[AM_MAX_UNITS], own_input, shared_bytes, outside_bytes;
#ifndef AM_FIRST
    am_unit_lasting lasting[AM_MAX_UNITS];
#endif
    am_given given;
    int64_t input_bytes; /* of the first region; 0 without regions */
#ifndef AM_FIRST
    bool keeps_input; /* some unit's graph does */
    bool holds_input; /* the model's code holds the first one's beyond that unit */
#endif
    const am_sample *sample; /* what its play wrote down, if it was asked to; in the workspace */
    int samples;
#ifndef AM_FIRST
    am_moments moments; /* likewise */
#endif
} am_profile;

/* A run of units of `inner` layers each, as `profile` shows them. */
typedef struct am_run {
    const am_profile *profile;
    int64_t units, inner;
} am_run;

/* Bytes, peaks and FLOPs of the model made of these runs, in order from the embedding. Exact: what a unit leaves and
 * what its gradients take depend on its layers' kinds alone from the second unit on, so along equal periods of the
 * pattern every moment is affine in the index, and its maximum stands in the first or the last of them. */
am_code am_plan_compose(am_outcome *outcome, const am_pattern *pattern, int runs, const am_run *run);

/* The step's live bytes in order, gradients of parameters not counted, from the samples of the runs' profiles: what is
 * outside the layers, and the layers at both ends of each stretch of equal ones; of many stretches some, with those where `peaks`, the
 * step's outcome, has its peaks. Writes at most `capacity` points and returns how many there are. */
int am_plan_timeline(am_point *point, int capacity, const am_pattern *pattern, int runs, const am_run *run, const am_outcome *peaks);

/* One unit of `inner` layers by itself, from a layer on, of so many layers in all, as a profile shows it: what its forward
 * leaves; what it holds of what is given to the layers (am_given); the highest live bytes of its forward above those before it
 * and what the unit before it carries on; what it carries on itself, beside what it leaves, while the next unit's forward runs;
 * and the highest of its backward and recomputation above what the units before it left and what all of them hold of what is given; what
 * runs again. cached: what it leaves beside the residue until the whole forward has run. */
typedef struct am_plan_unit {
    int64_t residue, cached;
    uint64_t given;
    int64_t forward, backward, recomputed_flops, recomputed_time;
    int64_t outlived, passed; /* left for good behind its backward, and by the backward of the unit before it */
    int64_t carried;
#ifndef AM_FIRST
    int64_t renewed; /* as am_unit_lasting's */
#endif
} am_plan_unit;

void am_plan_link(am_plan_unit *unit, const am_pattern *pattern, const am_profile *profile, int64_t layers,
                  int64_t layer, int64_t inner);

/* What is outside the layers: live bytes when the first layer's forward begins, and when its backward has ended; the
 * highest before them, and behind them above what they leave and hold, of the forward (above what is cached, too) and of the backward;
 * live when the forward has returned, above that; framed: the highest of the forward behind them while the model's code holds what it gave
 * them, above what they leave, hold beside that, and the last carries. */
typedef struct am_plan_ends {
    int64_t forward, backward, before, after_forward, after, kept, framed;
} am_plan_ends;

am_plan_ends am_plan_ends_of(const am_profile *profile);

/* Reads config->checkpoint and config->reentrant. Error: field checkpoint. */
am_code am_policy_parse(am_policy *policy, const am_config *config, am_status *status);
/* Reads the next of checkpoint=regions:LIST and moves *list on, to NULL behind the last. False: it is not written as one. */
bool am_policy_next_regions(const char **list, am_regions *regions);
/* Is it a schedule of actions (revolve, rotor)? Does it move anything off the GPU? */
bool am_policy_is_schedule(am_policy policy);
bool am_policy_moves(am_policy policy);
/* Layers in each region of equal segments (every, uniform, sqrt, best); 0 for other policies. */
int64_t am_policy_segment(am_policy policy);
/* Chen et al. 2016: layers in each of as many segments as the root of the number of layers, rounded; itself rounded up. */
int64_t am_root_segment(int64_t layers);
/* Does it run whole layers again? */
bool am_policy_runs_layers_again(am_policy_kind kind);
/* The policy as config->checkpoint would say it ("every:4"), into buffer. Returns buffer. */
const char *am_policy_text(am_policy policy, char *buffer, size_t size);

/* What a policy moves off the GPU and back in one step. */
typedef struct am_traffic {
    int64_t host_bytes;    /* on the host between forward and backward */
    int64_t weight_bytes;  /* thereof copies of parameters */
    int64_t to_host, from_host;
    int64_t gathered;      /* from the other ranks of a tensor-parallel group */
    int64_t forward_flops, recomputed_flops; /* that run beside the way there and the way back, and */
    int64_t forward_time, backward_time;     /* picoseconds of the roofline: recomputation is part of the way back */
} am_traffic;

typedef struct am_schedule am_schedule; /* schedule.h */

#define AM_MAX_PLANS 20
typedef struct am_plan {
    am_policy policy;
    const char *label; /* "every layer, reentrant" */
    const char *note;  /* one line: what it does */
    bool chosen;
    am_outcome outcome;
    am_traffic traffic;
    int64_t excess_bytes, excess_time; /* above the frontier: peak at no more recomputation, and the reverse; -1: not known */
    int64_t rank_peak; /* of a pipeline with a frontier: the highest of all ranks with this policy on each stage's layers; else -1 */
} am_plan;

/* ---------------------------------------------------------------- 12 State */

/* Parameters of one part of the model, over all layers. */
typedef struct am_part {
    am_component component;
    bool adapter;
    int64_t parameters, trainable;
    int64_t bytes; /* in their own dtypes */
} am_part;

/* Equal parameter tensors of the model: optimizers keep other states for matrices than for vectors. */
typedef struct am_alike {
    am_component component;
    bool trainable;
    uint8_t dtype, rank;
    int64_t shape[AM_MAX_RANK];
    int64_t count;
} am_alike;

#define AM_MAX_PARTS 16
#define AM_MAX_ALIKE 64
typedef struct am_parameters {
    int64_t total, trainable, bytes;
    int count;
    am_part part[AM_MAX_PARTS];
    int kinds; /* core.wasm leaves them out */
    am_alike alike[AM_MAX_ALIKE];
} am_parameters;

/* Makes room in a table for the kinds of tensors of a part of the model, and says how many of each of the table's there
 * are in it. The table's own counts stay. */
am_code am_parameters_list(am_parameters *table, const am_parameters *part, int32_t count[AM_MAX_ALIKE]);
/* Counts the parameters on a record; layers: how many of the model's each recorded layer stands for. */
am_code am_parameters_count(am_parameters *parameters, const am_tape *tape, const int64_t layers[AM_MAX_UNITS]);

/* A convention for what a parameter costs before any activation. Bytes a parameter, by purpose. */
typedef struct am_convention {
    const char *id, *name, *source;
    int weights, master, gradients, optimizer;
} am_convention;

extern const am_convention am_conventions[];
extern const am_convention am_configured[]; /* by optimizer: what the configuration itself costs; no bytes of its own */
extern const int am_convention_count;

/* What parameters cost by purpose, in bytes; -1 where a figure is too large. */
typedef struct am_state {
    int64_t weights, master, gradients, optimizer, bytes;
} am_state;

/* What a training step takes on one GPU, against the GPU's memory. Gradients are counted once: beside the activations
 * where they stay throughout, else in the activations' peak, as backward makes them. */
typedef struct am_fit {
    int64_t memory, reserve; /* memory: -1 where none is named */
    am_state state;
    bool gradients_stay;
    int64_t activations; /* their peak; the step's peak, gradients among it, where those don't stay */
    int64_t total;
    int64_t rank; /* of a pipeline */
} am_fit;

/* What leaves it open whether a plan that was searched for is the best there is. */
typedef struct am_doubt {
    int stopped;   /* searches of a pipeline's ranks that ended before every plan was looked at; a budget has one for each rank */
    bool hull;     /* of a layer's choices those on the lower hull were combined, not all that none beats */
    bool apart;    /* not all choices for single layers were combined with regions of several */
    int64_t least; /* of these all plans below the budget run so long again at least, in picoseconds; 0: not known */
    bool outlived; /* but for what regions with experts leave for good, plans of a pipeline that cost less would fit; others might leave less */
    bool cached;   /* a pipeline's plans were compared as if what is cached stood below backwards, too */
} am_doubt;

static inline bool am_doubted(const am_doubt *doubt)
{
    return doubt->stopped || doubt->hull || doubt->apart || doubt->outlived || doubt->cached;
}

/* The largest micro-batch, the longest sequence, the smallest number of GPUs or the budget of the cheapest checkpointing
 * plan that fits, and what stops the next. */
typedef struct am_answer {
    const char *id; /* "batch", "seq", "gpus" or "plan" */
    bool found;     /* else none fits, and the rest is of the one that comes nearest */
    int64_t value, total;
    am_config config;         /* resolved: what gives it */
    int64_t next, next_total; /* the one after it; next 0: there is none; next_total -1: it is refused */
    char why[224];            /* the refusal */
    am_doubt doubt; /* of a plan: whether there is none that fits and runs less again */
} am_answer;
#define AM_MAX_ANSWERS 4

/* What the smallest number of GPUs was looked for over: of each input the values, as given first, and the set of those that the stack
 * took; data-parallel ranks in whatever number beside them. */
#define AM_GPU_AXES   6
#define AM_GPU_VALUES 31
typedef struct am_gpu_axis {
    am_field_id id;
    int count;
    int32_t value[AM_GPU_VALUES];
    uint32_t taken;
} am_gpu_axis;

typedef struct am_gpu_space {
    am_gpu_axis axis[AM_GPU_AXES];
    int tried; /* evaluations, those of a policy that is searched for counted as several */
    bool stopped; /* before all were looked at */
} am_gpu_space;

/* A change of the configuration, evaluated: what makes a step fit, or what one that fits leaves room for. */
typedef struct am_change {
    const char *id;         /* "plan", "policy", "liger", "loss", "gpus", "batch", "seq", "optimizer", "lora", "together", "usual"; NULL: none */
    const char *what;       /* in words */
    char set[AM_TEXT_SIZE]; /* the inputs that make it: "checkpoint=budget:35.1GiB" */
    bool same;              /* the same training of the same tokens on the same GPU: its time is what it costs */
    bool fits;
    am_config config; /* resolved */
    int64_t total, free;
    int64_t time, recomputed_flops, forward_flops; /* of the step, as its outcome's */
} am_change;
#define AM_MAX_CHANGES 12

/* ---------------------------------------------------------------- 13 Formulas */

/* What a formula's figure may be held against: nothing, what the whole model keeps, what one layer keeps. */
typedef enum am_compares { AM_COMPARES_NOTHING, AM_COMPARES_MODEL, AM_COMPARES_LAYER } am_compares;

/* What the terms of a formula grow with: the width of the stream and the heads, keys and values, the FFN's width, the
 * scores of attention, the vocabulary. */
typedef enum am_share {
    AM_SHARE_HIDDEN,
    AM_SHARE_KV,
    AM_SHARE_FFN,
    AM_SHARE_SCORES,
    AM_SHARE_VOCAB,
    AM_SHARE_COUNT
} am_share;

/* A row of formulas.def. The texts of the formula are what is evaluated. */
typedef struct am_formula {
    const char *id;
    const char *name, *source, *caveat; /* caveat: what does not hold */
    const char *layer;                  /* a calculator's formula for one layer; NULL: an explanation's figure */
    const char *expression;             /* all that it counts */
    const char *full;                   /* the same where every layer is checkpointed; NULL: it has no such case */
    const char *unit;                   /* "bytes", "bytes per layer", "elements", "parameters" */
    const char *example;                /* a configuration as am_config_parse reads it */
    int64_t published;                  /* the figure for it, exact: of one layer for a calculator, else of all */
    am_compares compares;
    const char *json;                   /* all of these as reports and tables begin with them, and its length */
    uint16_t json_length;
} am_formula;

extern const am_formula am_formulas[];
extern const int am_formula_count;

/* ---------------------------------------------------------------- 14 Report */

/* A kind of layer: layers (or checkpointed segments) that keep the same bytes. A schedule's unsaved layers keep none. */
typedef struct am_kind {
    const char *name; /* "layer", "first layer", "checkpointed layer", "checkpointed segment", "unsaved layer" */
    int64_t count, layers_each;
    int64_t bytes;     /* of one, without what all share */
    const char *label; /* "dense"; NULL where all layers are of one kind */
    int64_t first;     /* layer of it */
    bool numbered;     /* another kind has the same name: this one says its first layer, too */
} am_kind;

/* A row of the report's ledger: kind is an index into am_report.kind, or one of these. */
enum { AM_KIND_OUTSIDE = -1, AM_KIND_SHARED = -2 };
typedef struct am_report_row {
    am_row row;
    int kind;
    int64_t count;
} am_report_row;

#ifdef AM_FIRST
#define AM_MAX_KINDS       8
#define AM_MAX_REPORT_ROWS AM_MAX_ROWS
#else
#define AM_MAX_KINDS       64 /* a budget's plan of a pipeline has several for each rank */
#define AM_MAX_REPORT_ROWS 1024
#endif
#define AM_MAX_POINTS 4096

/* What layers keep without checkpointing, and how many layers of each of the report's kinds no longer keep it. */
typedef struct am_dropped_row {
    am_row row;
    int16_t count[AM_MAX_KINDS];
} am_dropped_row;

/* A chunk of layers of a pipeline, as its rank holds it. */
typedef struct am_chunk {
    int16_t stage; /* its place in the model, from 0 */
    int16_t first_layer, layers;
    int16_t dense; /* of its layers, the first ones, that have an MLP in place of experts */
    bool embedding, head;
    int32_t alive; /* micro-batches of it that are between forward and backward when the rank holds most chunks */
} am_chunk;
#define AM_MAX_CHUNKS 64   /* of a rank */
#define AM_MAX_STAGES 1000 /* of a pipeline: each has a layer */

/* The chunks of a rank of a resolved configuration, in the order in which the rank comes to them. Returns how many. */
/* How many layers a stage of a resolved configuration has, and the greatest number that divides those of all stages. */
int64_t am_stage_layers(const am_config *config, int64_t stage);
int64_t am_stage_divisor(const am_config *config);
int am_rank_chunks(const am_config *config, int64_t rank, am_chunk chunk[AM_MAX_CHUNKS]);

/* What one micro-batch takes on a chunk, without what lasts for the whole run. Chunks with as many layers and the same
 * ends are alike. Bytes. */
typedef struct am_stage {
    bool received, sent; /* as am_record */
    int64_t layers, dense;     /* dense: as am_chunk's */
    int first;                 /* stage of this kind, in the model's order */
    int64_t saved;             /* kept by autograd and by checkpoints between its forward and its backward */
    int64_t kept;              /* live then */
    int64_t forward, backward; /* the highest of each, gradients of parameters apart */
    int64_t step;              /* where they start as None and count */
    int64_t learned;           /* the highest from the first of them on, they apart */
    int64_t input, waiting, weights; /* of a backward in two parts: the highest of the first, live between both, and the most
                                      * that the second may come to */
    int64_t lasting, scratch;  /* what lasts for the run; thereof what all chunks of a rank use */
    int64_t saved_lasting;     /* what of it is saved too */
    int64_t renewed;           /* made anew by each forward: the last one's is among what lasts, and each other chunk in flight keeps its own */
    int64_t output;            /* that is let go once it has been sent */
    int64_t gradients, parameters; /* gradients: bytes; parameters: how many */
    int64_t recomputed_time;       /* picoseconds that run again */
} am_stage;

/* One rank of a pipeline; without a pipeline there is one. Bytes. */
typedef struct am_rank {
    int64_t rank, layers, in_flight; /* in_flight: the most chunks of layers that it holds, each of one micro-batch */
    int64_t in_flight_by_input;      /* likewise, of those whose backward has not come to their input */
    int64_t layer_bytes;
    int64_t saved_bytes;  /* the most that autograd and checkpoints keep */
    int64_t after_forward; /* the most that is live between two chunks' forward and backward */
    int64_t forward_peak, backward_peak; /* gradients of parameters apart */
    int64_t peak_bytes;                  /* where they start as None and count */
    int64_t learned_peak;                /* the highest from the first of them on, they apart */
    int64_t deallocated;                 /* outputs of the chunks in flight, let go since they have been sent */
#ifndef AM_FIRST
    int64_t recomputed_time;             /* picoseconds that run again on its chunks, of one micro-batch */
#endif
    int64_t parameters;
    int first_chunk, chunks; /* in am_report.chunk */
} am_rank;
#ifdef AM_FIRST
#define AM_MAX_RANKS 1
#else
#define AM_MAX_RANKS 1000 /* as many as layers */
#endif
#define AM_PLAN_TEXT 192

/* The highest of forward and backward, gradients of parameters apart: what checkpointing lowers. */
int64_t am_rank_peak(const am_rank *rank);

/* The kinds of stages of a resolved configuration's pipeline. Returns how many; of a stage only its ends and its layers are
 * filled in. */
#define AM_MAX_STAGE_KINDS 64
int am_stage_kinds(const am_config *config, am_stage stage[AM_MAX_STAGE_KINDS]);
/* The one of these kinds that a chunk is of; `kinds` if it is of none. */
int am_stage_kind_of(int kinds, const am_stage *stage, const am_chunk *chunk);
/* Plays the schedule on a rank, by what each of its chunks takes. */
am_code am_rank_play(am_rank *rank, const am_config *config, const am_stage *const *stage);

/* A choice that plans of the frontier make for layers, as the report lists it. */
#define AM_MAX_KEPT_NAMES 10
typedef struct am_choice_row {
    const char *kind; /* "none", "full", "save", "segment", "modules" */
    int64_t span;     /* layers of one region; 1 but for segments */
    uint8_t modules;  /* that run again, a set of AM_MODULE_ */
    int names;
    struct {
        am_module module;
        am_op op;
        bool all; /* every operation of this kind */
    } keeps[AM_MAX_KEPT_NAMES];
    am_kept kept; /* all of it: products beyond those that are named */
} am_choice_row;

/* A plan of the frontier: what consecutive layers do, from the embedding on. */
#define AM_MAX_FRONTIER_RUNS 12
typedef struct am_frontier_row {
    int64_t peak_bytes, recomputed_time, recomputed_flops;
    int runs; /* AM_MAX_FRONTIER_RUNS + 1: more than are written down */
    struct {
        uint8_t choice; /* index of am_choice_row */
        uint16_t units;
    } run[AM_MAX_FRONTIER_RUNS];
} am_frontier_row;

#ifdef AM_FIRST
#define AM_MAX_FRONTIER_ROWS 1
#else
#define AM_MAX_FRONTIER_ROWS 96 /* of more plans, evenly picked ones are written down */
#endif

/* Of a pipeline's ranks, so many are listed by a row. */
#ifdef AM_FIRST
#define AM_MAX_FRONTIER_RANKS 1
#else
#define AM_MAX_FRONTIER_RANKS 32
#endif

typedef struct am_frontier_report {
    bool found;
    const char *why_not; /* why none was searched for, though it was asked for; NULL */
    int points; /* of the exact frontier; of a pipeline those that are written down */
    int candidates, undominated, choices, rows;
    am_doubt doubt;
    uint32_t spans; /* bit n: a region may be of n layers */
    am_choice_row choice[64];
    am_frontier_row row[AM_MAX_FRONTIER_ROWS]; /* of a pipeline: the highest peak of all ranks, times of all ranks together */
    int ranks;                                 /* 0: no pipeline */
    int64_t rank_peak[AM_MAX_FRONTIER_ROWS][AM_MAX_FRONTIER_RANKS], rank_time[AM_MAX_FRONTIER_ROWS][AM_MAX_FRONTIER_RANKS];
} am_frontier_report;

#ifndef AM_FIRST
/* The plan that a budget led to: what consecutive layers do, from the embedding on. */
#define AM_MAX_PLAN_CHOICES 100
#define AM_MAX_PLAN_RUNS    1000 /* as many as layers */
typedef struct am_plan_runs {
    int runs, choices;
    am_choice_row choice[AM_MAX_PLAN_CHOICES];
    struct {
        int16_t stage, first, layers; /* stage: of a pipeline, in the model's order */
        uint8_t choice;
    } run[AM_MAX_PLAN_RUNS];
} am_plan_runs;
#endif

#ifndef AM_FIRST
/* Beside a budget's plan, which a framework may need a loop of one's own for: the cheapest plan below the budget that its own switches
 * can say. */
typedef struct am_switches {
    const char *framework; /* NULL: none was looked for, since there is no budget, or the stack has no switches */
    bool found;            /* else the next are of the one with the lowest peak */
    int tried;             /* plans that were evaluated: all that the switches can say and the stack takes, but dearer ones than one found */
    am_policy policy;
    int64_t saved_bytes, peak_bytes; /* peak_bytes: the highest of all ranks, gradients of parameters apart */
    int64_t recomputed_flops, recomputed_time; /* of all ranks */
    int ranks;                                 /* of a pipeline; else 0 */
    am_rank rank[AM_MAX_RANKS];
} am_switches;
#endif

/* A tensor that stays for the whole run without being saved: in the live bytes of a step, in no row. */
typedef struct am_lasting {
    const char *name;
    int64_t bytes;
    int component; /* of what layers have, and in which of their parts; -1: of the whole model */
} am_lasting;
#define AM_MAX_LASTING 8

#ifndef AM_FIRST
/* A step's live bytes by what they are of (am_live): at each point of its timeline, whose bytes are their sum, and when the forward
 * has returned. */
typedef struct am_live_parts {
    int64_t live[AM_LIVE_COUNT][AM_MAX_POINTS], after_forward[AM_LIVE_COUNT];
} am_live_parts;

/* The step without checkpointing. */
typedef struct am_plain_step {
    int points; /* 0: it is the report's own */
    am_outcome outcome;
    am_point point[AM_MAX_POINTS];
    am_live_parts parts;
} am_plain_step;
#endif

/* Everything that one evaluation finds. Owns all it holds but the strings of the tables. */
typedef struct am_report {
    am_config config;        /* resolved */
    const am_preset *preset; /* named in the text; NULL if none */
    am_extents extents;
    am_parameters parameters;
    am_policy policy;
    int kinds, rows, dropped_rows, plans, points, ranks;
    am_kind kind[AM_MAX_KINDS];
    am_report_row row[AM_MAX_REPORT_ROWS];
    am_dropped_row dropped[AM_MAX_ROWS]; /* what the policy does not keep */
    int64_t saved_bytes, shared_bytes, outside_bytes;
    const am_device *device; /* NULL: the visitor's own */
    am_rates rates;
    int cost_rows;
    am_cost_row cost_row[AM_MAX_COST_ROWS];
    int64_t kind_layers[AM_MAX_LAYER_KINDS]; /* of the model, by kind */
    int64_t gathered, gathered_after; /* whole parameters beside their shards, among the live bytes: at most, and behind
                                         the forward */
    am_outcome outcome;
    am_traffic traffic;
    const am_schedule *schedule; /* the policy's actions, in the workspace; NULL if it has none */
    int64_t schedule_unit;       /* bytes that Rotor's sizes were rounded up to; 1: exact, 0: not Rotor's */
    am_plan plan[AM_MAX_PLANS];
    am_point point[AM_MAX_POINTS];
    am_rank rank[AM_MAX_RANKS];
#ifndef AM_FIRST
    char rank_plan[AM_MAX_RANKS][AM_PLAN_TEXT]; /* what a budget's plan does with a rank's layers; "" for other policies */
#endif
    am_chunk chunk[AM_MAX_STAGES]; /* of all ranks, one rank behind the other */
    int worst_rank; /* the one with the highest peak, gradients of parameters apart */
    int lastings;
    am_lasting lasting[AM_MAX_LASTING];
    am_fit fit; /* of a pipeline the rank's whose total is the highest; not of core.wasm */
    int answers;
    am_answer answer[AM_MAX_ANSWERS];
    am_gpu_space gpu_space; /* with fit=yes */
    int changes; /* those that train the same first, the fastest of them before the others */
    am_change change[AM_MAX_CHANGES];
    am_change usual; /* as am_fit_usual, with fit=yes */
    am_frontier_report frontier;
#ifndef AM_FIRST
    am_plan_runs plan_runs; /* of other policies none */
    am_doubt doubt;         /* of a budget's plan */
    am_switches switches;   /* filled in by am_fit_search */
    bool parted;            /* with timeline=components; else the next are not filled in */
    am_live_parts parts;
    am_plain_step plain;
#endif
} am_report;

#ifndef AM_FIRST
/* A moment of the step at which one wants to know what its live bytes are of. */
typedef struct am_station {
    const char *name; /* "forward_peak", "after_forward", "backward_peak" */
    int point;        /* of the timeline; -1: none stands for it */
    int64_t bytes, part[AM_LIVE_COUNT];
} am_station;
#define AM_STATIONS 3

/* The highest points of a timeline's forward and backward, and what is left between them, in this order. */
void am_live_stations(am_station station[AM_STATIONS], int points, const am_point *point, const am_live_parts *parts,
                      int64_t after_forward);
#endif

/* Sums of terms: a closed form. */
#define AM_MAX_TERMS 24
typedef struct am_sum {
    int count;
    uint8_t degree[AM_MAX_TERMS]; /* of each term, which they are in order of */
    am_term term[AM_MAX_TERMS];
} am_sum;

/* Adds term·times, gathering equal products of symbols. */
void am_sum_add(am_sum *sum, am_term term, int64_t times);
/* The closed form of a kind of layer, of AM_KIND_OUTSIDE or of AM_KIND_SHARED: its rows gathered, in bytes. */
am_sum am_report_formula(const am_report *report, int kind);

/* Text of a term or a sum: "2·s·b·h", or with the values put in: "2·8192·1·4096". Returns its length without the final
 * 0. */
size_t am_term_text(const am_term *term, const int64_t *values, char *buffer, size_t size);
size_t am_sum_text(const am_sum *sum, const int64_t *values, char *buffer, size_t size);

/* Which tables: those of the formulas apart, since they are needed later than the others. */
typedef enum am_tables { AM_TABLES_ALL, AM_TABLES_INPUTS, AM_TABLES_FORMULAS } am_tables;

/* JSON text of a report, of an error, or of the tables (fields, presets, symbols, formulas, …). Each returns its length
 * without the final 0, or 0 if it does not fit into size bytes. */
size_t am_report_json(const am_report *report, char *buffer, size_t size);
size_t am_error_json(const am_status *status, char *buffer, size_t size);
size_t am_tables_json(am_tables tables, char *buffer, size_t size);
/* The same for people: the answer first, then tables, in config.units. */
size_t am_report_text(const am_report *report, char *buffer, size_t size);

/* ---------------------------------------------------------------- 15 Evaluation */

/* Working memory of an evaluation; some megabytes, so static or allocated by the caller, never on a stack. Needs no
 * initialisation. */
typedef struct am_workspace am_workspace;

/* Answers for a configuration that has been parsed or imported but need not be resolved. */
am_code am_evaluate(am_report *report, am_workspace *workspace, const am_config *config, am_status *status);

/* The figures of one configuration and no more, at a fraction of am_evaluate's cost: its own policy alone is played. */
typedef struct am_totals {
    am_config config; /* resolved */
    am_parameters parameters;
    am_policy policy;
    am_outcome outcome;
    am_fit fit;
#ifndef AM_FIRST
    am_rank *rank; /* of a pipeline: every rank is written there; NULL: none is */
#endif
} am_totals;

am_code am_evaluate_totals(am_totals *totals, am_workspace *workspace, const am_config *config, am_status *status);
/* The same with the outcome's times. */
am_code am_evaluate_costs(am_totals *totals, am_workspace *workspace, const am_config *config, am_status *status);

/* ---------------------------------------------------------------- 16 Fit */

/* Fills in the answers, changes and switches of a report that am_evaluate made of this configuration, by evaluating others: exact. */
void am_fit_search(am_report *report, am_workspace *workspace, const am_config *config);

#define AM_MAP_MOST 64

/* Totals over micro-batches and sequence lengths, each ascending. */
typedef struct am_map {
    am_config config; /* resolved, of the first micro-batch and length that the text asks for */
    int64_t memory, reserve;
    int batches, seqs;
    int64_t batch[AM_MAP_MOST], seq[AM_MAP_MOST];
    int64_t total[AM_MAP_MOST][AM_MAP_MOST]; /* by length, then micro-batch; -1 where the run is refused */
    int evaluations;                         /* that it took */
} am_map;

/* Reads the axes off a text of inputs: batch=1..64, seq=512..32768, each from first to last in at most 64 steps, of a
 * power of two. The text is left with the first of each. An axis that the text does not give so is empty, for am_fit_map to choose. */
am_code am_map_axes(am_map *map, char *text, am_status *status);
/* Fills in a map of this configuration. Empty axes: micro-batches from 1 to 64; at most 64 lengths in equal steps of a
 * power of two up to four times the configuration's, or to as many as the model has positions. Every cell is what am_evaluate_totals finds. */
am_code am_fit_map(am_map *map, am_workspace *workspace, const am_config *config, am_status *status);
/* Texts of a map, as am_report_json and am_report_text. */
size_t am_map_json(const am_map *map, char *buffer, size_t size);
size_t am_map_text(const am_map *map, char *buffer, size_t size);

#include "workspace.h"

#endif
