/* Published formulas, each with the example that it is published with, and politely what does not hold of it. All of
 * them take the layers to be alike and leave out what stands outside them, unless they say otherwise. */
#include "bytes.h"

/* ---- what the formulas are made of */

/* Bytes a value of an activation: autocast's type where it is on. */
static int64_t value_bytes(const am_config *config)
{
    if (config->autocast != AM_AUTOCAST_OFF) return 2;
    return am_dtypes[config->dtype].size;
}

static int64_t product3(int64_t x, int64_t y, int64_t z)
{
    return am_mul_checked(am_mul_checked(x, y), z);
}

/* s·b·h */
static int64_t stream(const am_config *config)
{
    return product3(config->seq, config->batch, config->hidden);
}

/* a·s²·b */
static int64_t scores(const am_config *config)
{
    return am_mul_checked(product3(config->heads, config->seq, config->seq), config->batch);
}

static int64_t all_layers(const am_config *config, int64_t layer)
{
    return am_mul_checked(layer, config->layers);
}

/* ---- 1: the L·B·S·H·D·C explanation */

static int64_t stream_elements(const am_config *config)
{
    return stream(config);
}
static int64_t stream_bytes(const am_config *config)
{
    return am_mul_checked(stream(config), value_bytes(config));
}
static int64_t twelve_layer(const am_config *config)
{
    return am_mul_checked(stream_bytes(config), 12);
}
static int64_t twelve_model(const am_config *config)
{
    return all_layers(config, twelve_layer(config));
}
static int64_t one_model(const am_config *config)
{
    return all_layers(config, stream_bytes(config));
}
static int64_t two_model(const am_config *config)
{
    return am_mul_checked(one_model(config), 2);
}
static int64_t fourteen_model(const am_config *config)
{
    return am_mul_checked(one_model(config), 14);
}
static int64_t twelve_without_bytes(const am_config *config)
{
    return all_layers(config, am_mul_checked(stream(config), 12));
}
static int64_t twelve_square(const am_config *config)
{
    return all_layers(config, product3(config->hidden, config->hidden, 12));
}

/* ---- 2: the GPT-2 XL explanation */

/* L·(4h² + 3hf + 2h) + 2vh + h */
static int64_t gated_parameters(const am_config *config)
{
    int64_t attention = product3(4, config->hidden, config->hidden);
    int64_t mlp = product3(3, config->hidden, config->ffn);
    int64_t norms = am_mul_checked(2, config->hidden);
    int64_t layers = all_layers(config, am_add_checked(am_add_checked(attention, mlp), norms));
    int64_t tables = product3(2, config->vocab, config->hidden);
    return am_add_checked(am_add_checked(layers, tables), config->hidden);
}

static int64_t gated_states(const am_config *config)
{
    return am_mul_checked(gated_parameters(config), 16);
}

/* (15·s·h + a·s²)·b·L */
static int64_t fifteen_elements(const am_config *config)
{
    return all_layers(config, am_add_checked(am_mul_checked(stream(config), 15), scores(config)));
}

static int64_t fifteen_bytes(const am_config *config)
{
    return am_mul_checked(fifteen_elements(config), 4);
}
static int64_t fp32_scores(const am_config *config)
{
    return all_layers(config, am_mul_checked(scores(config), 4));
}

/* ---- 3: the public calculator page */

static int64_t thirty_four_layer(const am_config *config)
{
    return am_mul_checked(stream(config), 34);
}
static int64_t thirty_four_model(const am_config *config)
{
    return all_layers(config, thirty_four_layer(config));
}

#define MILLION 1000000

/* √x in millionths, rounded down: Newton's method on whole numbers. */
static int64_t root_millionths(int64_t x)
{
    if (x > 1000) return -1; /* the most layers there are */
    int64_t square = x * MILLION * MILLION;
    int64_t root = 32 * (int64_t)MILLION; /* above the greatest root */
    for (int64_t next = (root + square / root) / 2; next < root; next = (root + square / root) / 2) root = next;
    return root;
}

/* (√L + 1) of the layers' L, with √L to six decimals: x·√L taken apart so that nothing overflows. */
static int64_t root_checkpointing(const am_config *config)
{
    int64_t layer = thirty_four_layer(config);
    int64_t root = root_millionths(config->layers);
    if (layer < 0 || root < 0) return -1;
    int64_t millions = am_mul_checked(layer / MILLION, root);
    int64_t rest = layer % MILLION * root / MILLION;
    return am_add_checked(am_add_checked(millions, rest), layer);
}

static int64_t boundary_checkpointing(const am_config *config)
{
    int64_t boundaries = all_layers(config, am_mul_checked(stream(config), 2));
    return am_add_checked(boundaries, thirty_four_layer(config));
}

/* ---- 4: the memory-breakdown article, after Korthikanti et al. */

static int64_t paper_attention(const am_config *config)
{
    return am_add_checked(am_mul_checked(stream(config), 11), am_mul_checked(scores(config), 5));
}

static int64_t paper_mlp(const am_config *config)
{
    return am_mul_checked(stream(config), 19);
}
static int64_t paper_norms(const am_config *config)
{
    return am_mul_checked(stream(config), 4);
}

static int64_t paper_layer(const am_config *config)
{
    return am_add_checked(am_add_checked(paper_attention(config), paper_mlp(config)), paper_norms(config));
}

static int64_t paper_model(const am_config *config)
{
    return all_layers(config, paper_layer(config));
}

/* ---- 5: the notebook */

static int64_t notebook(const am_config *config)
{
    return all_layers(config, am_mul_checked(stream(config), 4));
}

/* ---- the table */

#define LBSHDC     "the L·B·S·H·D·C explanation"
#define GPT2_XL    "the GPT-2 XL explanation"
#define CALCULATOR "the 34-byte calculator page"
#define ARTICLE    "the memory-breakdown article; Korthikanti et al. 2022, arXiv 2205.05198"
#define NOTEBOOK   "the measure-it-yourself notebook"

#define LBSHDC_EXAMPLE     "layers=32&hidden=4096&heads=32&ffn=16384&vocab=32000&seq=1024&batch=1&dtype=fp32"
#define GPT2_XL_EXAMPLE    "layers=48&hidden=1600&heads=25&ffn=6400&vocab=50257&seq=1024&batch=1&dtype=fp32"
#define CALCULATOR_EXAMPLE "layers=32&hidden=4096&heads=32&ffn=16384&vocab=32000&seq=4096&batch=2"
#define GPT3_EXAMPLE       "layers=96&hidden=12288&heads=96&ffn=49152&vocab=51200&seq=2048&batch=1"
#define NOTEBOOK_512       "layers=24&hidden=4096&heads=32&ffn=16384&vocab=32000&seq=512&batch=1"
#define NOTEBOOK_8192      "layers=24&hidden=4096&heads=32&ffn=16384&vocab=32000&seq=8192&batch=1"

#define BYTES       "bytes"
#define LAYER_BYTES "bytes per layer"
#define ELEMENTS    "elements"
#define PARAMETERS  "parameters"

#define ROW(id, name, source, expression, caveat, evaluate, unit, example, published)                                  \
    {                                                                                                                  \
        id,       AM_WORDS(name), AM_WORDS(source),  AM_WORDS(expression), AM_WORDS(caveat),                           \
        evaluate, unit,           AM_WORDS(example), published                                                         \
    }

const am_formula am_formulas[] = {
    ROW("lbshdc-elements", "One hidden state", LBSHDC, "B·S·H",
        "Holds: it is the residual stream's size, the unit of everything else.", stream_elements, ELEMENTS, LBSHDC_EXAMPLE,
        4194304),
    ROW("lbshdc-unit", "One hidden state in bytes", LBSHDC, "B·S·H·D",
        "Holds. What a layer keeps is a number of these, and that number is the question.", stream_bytes, LAYER_BYTES,
        LBSHDC_EXAMPLE, 16777216),
    ROW("lbshdc-layer", "One layer, C = 12", LBSHDC, "B·S·H·D·12",
        "C is a guess: what one layer keeps depends on whose code runs, on heads and on the FFN's width.", twelve_layer,
        LAYER_BYTES, LBSHDC_EXAMPLE, 201326592),
    ROW("lbshdc", "L·B·S·H·D·C with C = 12", LBSHDC, "L·B·S·H·D·12",
        "C is a guess from 2 to 14: a seven-fold range. The embedding, the head and the loss are not in it.", twelve_model,
        BYTES, LBSHDC_EXAMPLE, 6442450944),
    ROW("lbshdc-1", "L·B·S·H·D·C with C = 1", LBSHDC, "L·B·S·H·D",
        "The 0.54 GB that the page gives for C = 2 is this value, for C = 1.", one_model, BYTES, LBSHDC_EXAMPLE,
        536870912),
    ROW("lbshdc-2", "L·B·S·H·D·C with C = 2", LBSHDC, "L·B·S·H·D·2", "1.07 GB: twice what the page gives for C = 2.",
        two_model, BYTES, LBSHDC_EXAMPLE, 1073741824),
    ROW("lbshdc-14", "L·B·S·H·D·C with C = 14", LBSHDC, "L·B·S·H·D·14",
        "The upper end of the page's range for C; eager implementations keep more.", fourteen_model, BYTES, LBSHDC_EXAMPLE,
        7516192768),
    ROW("sbhl12", "S·B·H·L·12", LBSHDC, "S·B·H·L·12",
        "Leaves out D, so it counts values and calls them bytes: the 6.4 GB that the page gives are 1.61 GB by this "
        "line.",
        twelve_without_bytes, BYTES, LBSHDC_EXAMPLE, 1610612736),
    ROW("12lh2", "Parameters by 12·L·H²", LBSHDC, "12·L·H²",
        "The page calls this shape a model of 1 billion parameters: it has 6.44 billion, embeddings not counted.",
        twelve_square, PARAMETERS, LBSHDC_EXAMPLE, 6442450944),
    ROW("gpt2-xl-parameters", "Parameters, gated MLP, untied", GPT2_XL, "L·(4·h² + 3·h·f + 2·h) + 2·v·h + h",
        "Holds for the shape that the page describes. GPT-2 XL itself has a plain MLP and a tied head: 1,557,611,200.",
        gated_parameters, PARAMETERS, GPT2_XL_EXAMPLE, 2127057600),
    ROW("gpt2-xl-states", "Weights, gradients and AdamW in fp32", GPT2_XL, "16·parameters",
        "Holds. The page's 31.70 GB are GiB: 34.03 GB.", gated_states, "bytes of state", GPT2_XL_EXAMPLE, 34032921600),
    ROW("gpt2-xl-elements", "Activations, counted in values", GPT2_XL, "(15·s·h + a·s²)·b·L",
        "2.27 × 2³⁰ values, which the page takes for 2.27 GB: in fp32 it is four times that.", fifteen_elements, ELEMENTS,
        GPT2_XL_EXAMPLE, 2437939200),
    ROW("gpt2-xl-bytes", "The same in fp32 bytes", GPT2_XL, "4·(15·s·h + a·s²)·b·L",
        "9.08 GiB a sequence: batch 21 does not fit in 80 GB without checkpointing or flash attention.", fifteen_bytes,
        BYTES, GPT2_XL_EXAMPLE, 9751756800),
    ROW("gpt2-xl-scores", "One fp32 score tensor in every layer", GPT2_XL, "4·a·s²·b·L",
        "4.69 GiB for one such tensor, where the page lists two (scores and probabilities). Flash attention keeps none.",
        fp32_scores, BYTES, GPT2_XL_EXAMPLE, 5033164800),
    ROW("34sbhl", "34 bytes per token, width and layer", CALCULATOR, "34·s·b·h·L",
        "34 is two LayerNorms, GELU at 4h and dropout masks: no SwiGLU, no grouped heads, no logits; and where scores "
        "are materialised, 5·a·s²·b more.",
        thirty_four_model, BYTES, CALCULATOR_EXAMPLE, 36507222016),
    ROW("34sbh-root", "√L checkpointing", CALCULATOR, "34·s·b·h·L·(√L + 1)/L",
        "√L is taken to six decimals, rounded down. Overstates checkpointing of every layer, which keeps L inputs and "
        "holds one layer at a time.",
        root_checkpointing, BYTES, CALCULATOR_EXAMPLE, 7594476465),
    ROW("34sbh-boundaries", "Every layer checkpointed", CALCULATOR, "2·s·b·h·L + 34·s·b·h",
        "What the page's own 34 gives for checkpointing each layer: 98·s·b·h at 32 layers, against its 226.",
        boundary_checkpointing, BYTES, CALCULATOR_EXAMPLE, 3288334336),
    ROW("paper-attention", "Attention of one layer", ARTICLE, "11·s·b·h + 5·a·s²·b",
        "The article lists the softmax's input as kept; it is the output. 5·a·s²·b is output 2, mask 1, dropout's "
        "output 2.",
        paper_attention, LAYER_BYTES, GPT3_EXAMPLE, 2290089984),
    ROW("paper-mlp", "MLP of one layer", ARTICLE, "19·s·b·h", "For GELU at 4h in 16 bits with a dropout mask.", paper_mlp,
        LAYER_BYTES, GPT3_EXAMPLE, 478150656),
    ROW("paper-norms", "Two LayerNorms", ARTICLE, "4·s·b·h",
        "Their inputs in 16 bits; the fp32 statistics, 16·s·b, are left out.", paper_norms, LAYER_BYTES, GPT3_EXAMPLE,
        100663296),
    ROW("paper-layer", "One layer", ARTICLE, "34·s·b·h + 5·a·s²·b",
        "For GPT-2-like layers in 16 bits with dropout and materialised scores. With flash attention the second term "
        "goes.",
        paper_layer, LAYER_BYTES, GPT3_EXAMPLE, 2868903936),
    ROW("paper-model", "All layers", ARTICLE, "(34·s·b·h + 5·a·s²·b)·L",
        "Without the embedding's dropout mask and the head; GPT-3's 96 layers on one GPU.", paper_model, BYTES,
        GPT3_EXAMPLE, 275414777856),
    ROW("notebook-512", "4·h bytes a token and layer, first point", NOTEBOOK, "4·h·s·b·L",
        "One fp32 hidden state for each layer: about a checkpoint's boundary, not what a layer keeps.", notebook, BYTES,
        NOTEBOOK_512, 201326592),
    ROW("notebook-8192", "4·h bytes a token and layer, last point", NOTEBOOK, "4·h·s·b·L",
        "The same line at 8,192 tokens. Linear in the sequence only where scores are not materialised.", notebook, BYTES,
        NOTEBOOK_8192, 3221225472),
};
const int am_formula_count = sizeof am_formulas / sizeof am_formulas[0];
