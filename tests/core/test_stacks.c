/* Hugging Face's modules one by one: which storages each keeps, in the order in which autograd saves them. The bytes
 * are worked out by hand from the rules' formulas, with s = 8, b = 2, h = 32, a = 4, k = 2, d = 8, f = 48, v = 64, r =
 * 4 unless a text says otherwise: s·b·h is 512 elements, T = s·b is 16, s·b·f is 768, a·s²·b is 512. */
#include <stdio.h>
#include <string.h>

#include "build.h"
#include "fixture.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))
#define LLAMA        "family=llama layers=1 hidden=32 heads=4 kv_heads=2 ffn=48 vocab=64 seq=8 batch=2 "
#define MISTRAL      "family=mistral layers=1 hidden=32 heads=4 kv_heads=2 ffn=48 vocab=64 seq=8 batch=2 "
#define GPT2         "family=gpt2 layers=1 hidden=32 heads=4 ffn=48 vocab=64 seq=8 batch=2 "
#define LORA         LLAMA "trainable=lora lora_rank=4 lora_targets=q "

static am_tape *const tape = &fixture_workspace.tape;
static am_config config;
static am_build build;

/* An empty tape in its first layer, and what a builder is given for this configuration. */
static void start(const char *text)
{
    int64_t value[AM_SYMBOL_COUNT];
    config = config_of(text);
    am_model_symbols(&config, value);
    am_extents_init(&fixture_report.extents, value);
    am_build_begin(&build, tape, &fixture_report.extents, &config, (am_record){.units = 1, .inner = 1});
    build.embedding = am_weight(&build, AM_SHAPE(build.v, build.h), "embedding table");
    tape->zone = 1;
}

/* A tensor that came from code before, with or without a gradient to pass on. */
static am_var activation(am_shape shape, int dtype, bool grad, const char *name)
{
    am_var x = am_label(tape, am_raw(tape, AM_OP_FULL, shape, dtype, 0, 0, 0, 0), name);
    if (grad) am_require_grad(tape, x);
    return x;
}

/* The element type that activations of a linear layer have. */
static int low(void)
{
    return tape->autocast == AM_DTYPE_COUNT ? build.dtype : tape->autocast;
}

static am_var hidden_state(bool grad)
{
    return activation(AM_SHAPE(build.b, build.s, build.h), build.dtype, grad, "x");
}

/* [b, heads, s, d], with memory in the order b s heads d: as projections leave it. */
static am_var heads_of(am_dim heads, const char *name)
{
    am_var x = activation(AM_SHAPE(build.b, build.s, heads, build.d), low(), true, name);
    return am_transpose(tape, x, 1, 2);
}

/* ---- what is kept, as text: "name dtype bytes, …" ---- */

static const char *kept(char *text, size_t size)
{
    am_ledger *ledger = &fixture_workspace.plain;
    ck_assert_int_eq(tape->status.code, AM_OK);
    ck_assert_int_eq(am_tape_finish_sent(tape, (am_var)(tape->tensors - 1)), AM_OK);
    ck_assert_int_eq(am_ledger_read(ledger, tape, build.record), AM_OK);
    am_ledger_describe(ledger, tape);
    size_t length = 0;
    *text = 0;
    for (int i = 0; i < ledger->count; i++)
        length += (size_t)snprintf(text + length, size - length, "%s%s %s %lld", i ? ", " : "", ledger->row[i].name,
                                   am_dtypes[ledger->row[i].dtype].name, (long long)ledger->row[i].bytes);
    return text;
}

typedef am_var part(void);

typedef struct kept_case {
    const char *text;
    part *play;
    const char *rows;
} kept_case;

static void expect_kept(const kept_case *expected)
{
    char text[1024];
    start(expected->text);
    am_enter(tape, "module", AM_C_RESIDUAL);
    am_var y = expected->play();
    ck_assert_str_eq(tape->module.path, "module"); /* every part goes back to where it was called */
    ck_assert_int_ne(y, 0);
    ck_assert_msg(strcmp(kept(text, sizeof text), expected->rows) == 0, "%s\nkeeps     %s\ninstead of %s",
                  expected->text, text, expected->rows);
}

/* ---- norms ---- */

/* clang-format off */
static am_var rms_norm(void) { return am_hf_rms_norm(&build, hidden_state(true), "norm", false); }
static am_var gemma_norm(void) { return am_hf_rms_norm(&build, hidden_state(true), "norm", true); }
static am_var first_norm(void) { return am_hf_rms_norm(&build, hidden_state(false), "norm", false); }
static am_var layer_norm(void) { return am_hf_layer_norm(&build, hidden_state(true), "norm"); }
/* clang-format on */

/* 4sbh + 4T + 2sbh in 16 bits; in fp32 the input itself and nothing is cast. Gemma multiplies before the cast back, by
 * 1 + weight. */
static const kept_case norms[] = {
    {LLAMA, rms_norm, "input in fp32 fp32 2048, 1 / root mean square fp32 64, normalised input bf16 1024"},
    {LLAMA "dtype=fp16", rms_norm, "input in fp32 fp32 2048, 1 / root mean square fp32 64, normalised input fp16 1024"},
    {LLAMA "dtype=fp32", rms_norm, "x fp32 2048, 1 / root mean square fp32 64, normalised input fp32 2048"},
    {LLAMA "dtype=fp32 autocast=bf16", rms_norm,
     "x fp32 2048, 1 / root mean square fp32 64, normalised input fp32 2048"},
    {LLAMA "trainable=none", rms_norm, "input in fp32 fp32 2048, 1 / root mean square fp32 64"},
    {LLAMA "trainable=none", first_norm, ""},
    {LLAMA, first_norm, "normalised input bf16 1024"},
    {LLAMA, gemma_norm,
     "input in fp32 fp32 2048, 1 / root mean square fp32 64, 1 + weight fp32 128, normalised input fp32 2048"},
    {LLAMA "trainable=none", gemma_norm, "input in fp32 fp32 2048, 1 / root mean square fp32 64, 1 + weight fp32 128"},
    {GPT2, layer_norm, "x bf16 1024, mean fp32 64, reciprocal standard deviation fp32 64"},
    {GPT2 "dtype=fp32", layer_norm, "x fp32 2048, mean fp32 64, reciprocal standard deviation fp32 64"},
    {GPT2 "trainable=none", layer_norm, "x bf16 1024, mean fp32 64, reciprocal standard deviation fp32 64"},
};

START_TEST(norm)
{
    expect_kept(&norms[_i]);
}
END_TEST

/* ---- activations ---- */

static am_var activated(void)
{
    am_var x = activation(AM_SHAPE(build.b, build.s, build.f), low(), true, "x");
    return am_hf_activation(&build, x, config.activation);
}

/* Python's gelu_new keeps four tensors of f, the fused ones their input, ReLU its result. Under autocast pow, and all
 * that follows it, is in fp32. */
static const kept_case activations[] = {
    {GPT2 "activation=gelu_new", activated,
     "x bf16 1536, tanh bf16 1536, 1 + tanh bf16 1536, half the input bf16 1536"},
    {GPT2 "activation=gelu_new dtype=fp32", activated,
     "x fp32 3072, tanh fp32 3072, 1 + tanh fp32 3072, half the input fp32 3072"},
    {GPT2 "activation=gelu_new dtype=fp32 autocast=bf16", activated,
     "x fp32 3072, tanh fp32 3072, 1 + tanh fp32 3072, half the input bf16 1536"},
    {GPT2 "activation=gelu", activated, "x bf16 1536"},
    {GPT2 "activation=gelu_pytorch_tanh", activated, "x bf16 1536"},
    {GPT2 "activation=silu", activated, "x bf16 1536"},
    {GPT2 "activation=relu", activated, "activated bf16 1536"},
    {LLAMA "activation=swiglu", activated, "x bf16 1536"},
    {LLAMA "activation=geglu", activated, "x bf16 1536"},
    {LLAMA "activation=geglu_tanh", activated, "x bf16 1536"},
};

START_TEST(activation_function)
{
    expect_kept(&activations[_i]);
}
END_TEST

/* ---- linear layers and adapters ---- */

static am_var project(bool grad)
{
    return am_hf_linear(&build, hidden_state(grad), "q_proj", AM_C_ATTENTION, build.ad, false, AM_TARGET_Q);
}
static am_var linear(void)
{
    return project(true);
}
static am_var first_linear(void)
{
    return project(false);
}
static am_var linear_with_bias(void)
{
    return am_hf_linear(&build, hidden_state(true), "q_proj", AM_C_ATTENTION, build.ad, true, AM_TARGET_Q);
}
static am_var conv1d(void)
{
    return am_hf_conv1d(&build, hidden_state(true), "c_attn", AM_C_ATTENTION, build.f, AM_TARGET_QKV);
}
static am_var dropout(void)
{
    return am_hf_dropout(&build, hidden_state(true), "dropout", AM_C_ATTENTION, config.dropout);
}

/* A frozen weight keeps nothing of its input; an adapter keeps its input and u = A·x, 2Tr. In another type than the
 * input's it works on a copy; with dropout on what that returns, and the mask of one byte an element. Where no gradient
 * goes back, no mask is wanted. */
static const kept_case linears[] = {
    {LLAMA, linear, "x bf16 1024"},
    {LLAMA, first_linear, "x bf16 1024"},
    {LLAMA, linear_with_bias, "x bf16 1024"},
    {LLAMA "trainable=none", linear, ""},
    {LLAMA "trainable=none", linear_with_bias, ""},
    {LLAMA "dtype=fp32 autocast=bf16", linear, "x bf16 1024, autocast copy of a weight bf16 2048"},
    {GPT2, conv1d, "x bf16 1024"},
    {GPT2 "trainable=none", conv1d, ""},
    {GPT2 "trainable=lora lora_rank=4", conv1d, "x bf16 1024, low-rank activation bf16 128"},
    {GPT2 "trainable=lora lora_rank=4 lora_targets=o", conv1d, ""},
    {GPT2 "dropout=0.1", dropout, "dropout mask bool 512"},
    {GPT2 "dropout=0", dropout, ""},
    {LORA, linear, "x bf16 1024, low-rank activation bf16 128"},
    {LORA, first_linear, "x bf16 1024, low-rank activation bf16 128"},
    {LORA, linear_with_bias, "x bf16 1024, low-rank activation bf16 128"},
    {LORA "lora_dtype=fp32", linear, "x fp32 2048, low-rank activation fp32 256"},
    {LORA "lora_dropout=0.1", linear, "dropout mask bool 512, x bf16 1024, low-rank activation bf16 128"},
    {LORA "lora_dropout=0.1", first_linear, "x bf16 1024, low-rank activation bf16 128"},
    {LORA "lora_dtype=fp32 lora_dropout=0.1", linear,
     "dropout mask bool 512, x fp32 2048, low-rank activation fp32 256"},
    {LLAMA "trainable=lora lora_targets=v,o lora_rank=4", linear, ""},
};

START_TEST(linear_layer)
{
    expect_kept(&linears[_i]);
}
END_TEST

/* The adapter's parts are modules of their own, and the result has the base layer's type again. */
START_TEST(adapter_modules)
{
    static const char *const leaves[] = {".lora_dropout.default", ".lora_A.default", ".lora_B.default"};
    start(LORA "lora_dtype=fp32 lora_dropout=0.1");
    am_var y = linear();
    ck_assert_int_eq(tape->tensor[y].dtype, AM_BF16);
    const am_ledger *ledger = &fixture_workspace.plain;
    char text[512];
    kept(text, sizeof text);
    ck_assert_int_eq(ledger->count, COUNT(leaves));
    for (int i = 0; i < ledger->count; i++) {
        ck_assert_str_eq(ledger->row[i].module.path, "q_proj");
        ck_assert_str_eq(ledger->row[i].module.leaf, leaves[i]);
    }
    int trainable = 0, frozen = 0;
    for (int i = 1; i < tape->tensors; i++)
        if (tape->tensor[i].parameter) *(tape->tensor[i].grad ? &trainable : &frozen) += 1;
    ck_assert_int_eq(trainable, 2); /* A and B */
    ck_assert_int_eq(frozen, 2);    /* the embedding and the base layer */
}
END_TEST

START_TEST(targets)
{
    static const struct {
        const char *text;
        unsigned set;
    } table[] = {
        {"q", AM_TARGET_Q},
        {"q,v", AM_TARGET_Q | AM_TARGET_V},
        {"v,q", AM_TARGET_Q | AM_TARGET_V},
        {"k,o", AM_TARGET_K | AM_TARGET_O},
        {"q,k,v,qkv,q_a,q_b,kv_a,kv_b,o,gate,up,gate_up,down", AM_TARGET_ALL - 1},
        {"all-linear", AM_TARGET_ALL},
        {"qkv,gate_up", AM_TARGET_QKV | AM_TARGET_GATE_UP},
        {"gate,up,down", AM_TARGET_GATE | AM_TARGET_UP | AM_TARGET_DOWN},
        {"", 0},
        {"x", 0},
        {"q,x", 0},
        {"gat", 0},
        {"gates", 0},
        {"q,,v", 0},
        {"q v", 0},
    };
    for (int i = 0; i < COUNT(table); i++)
        ck_assert_msg(am_targets_parse(table[i].text) == table[i].set, "'%s' is %u", table[i].text,
                      am_targets_parse(table[i].text));
}
END_TEST

/* ---- rotary embeddings ---- */

static void make_tables(void)
{
    am_hf_positions(&build);
    am_hf_rotary_tables(&build);
}

static am_var rotate(void)
{
    make_tables();
    return am_hf_rotate(&build, heads_of(build.a, "q"));
}

/* Only the tables, 2sd each: neither the input nor its two halves. */
static const kept_case rotations[] = {
    {LLAMA, rotate, "rotary cosines bf16 128, rotary sines bf16 128"},
    {LLAMA "dtype=fp32", rotate, "rotary cosines fp32 256, rotary sines fp32 256"},
    {LLAMA "dtype=fp32 autocast=bf16", rotate, "rotary cosines fp32 256, rotary sines fp32 256"},
    {LLAMA "trainable=none", rotate, "rotary cosines bf16 128, rotary sines bf16 128"},
};

START_TEST(rotation)
{
    expect_kept(&rotations[_i]);
}
END_TEST

START_TEST(rotary_tables)
{
    start(LLAMA "dtype=fp16");
    make_tables();
    am_var table[] = {build.cos, build.sin};
    for (int i = 0; i < 2; i++) {
        const am_tensor *tensor = &tape->tensor[table[i]];
        static const int64_t shape[] = {1, 1, 8, 8};
        ck_assert_int_eq(tensor->rank, 4);
        for (int j = 0; j < 4; j++) ck_assert_int_eq(tensor->shape[j], shape[j]);
        ck_assert_int_eq(tensor->dtype, AM_FP16);
        ck_assert(!tensor->grad);
        ck_assert(!tape->storage[tensor->storage].fixed);
    }
    ck_assert_int_eq(tape->tensor[build.position_ids].dtype, AM_I64);
    ck_assert_int_eq(tape->storage[tape->tensor[build.position_ids].storage].bytes, 64);
}
END_TEST

/* The rotated query has the input's order of dimensions in memory, and the same type. */
START_TEST(rotated_layout)
{
    start(LLAMA);
    make_tables();
    am_var x = heads_of(build.a, "q"), y = am_hf_rotate(&build, x);
    for (int i = 0; i < 4; i++) ck_assert_int_eq(tape->tensor[y].stride[i], tape->tensor[x].stride[i]);
    ck_assert_int_eq(tape->tensor[y].dtype, AM_BF16);
    start(LLAMA "dtype=fp32 autocast=bf16"); /* tables in fp32 make it so */
    make_tables();
    ck_assert_int_eq(tape->tensor[am_hf_rotate(&build, heads_of(build.a, "q"))].dtype, AM_FP32);
}
END_TEST

/* ---- keys and values of several heads ---- */

START_TEST(repeat_kv)
{
    static const struct {
        const char *text;
        bool same, copy; /* the same tensor; another storage */
        int64_t bytes;
    } table[] = {
        {LLAMA, false, true, 1024}, /* 2s·b·a·d */
        {"family=llama layers=1 hidden=32 heads=4 ffn=48 vocab=64 seq=8 batch=2", true, false,
         1024}, /* as many as queries */
        {"family=llama layers=1 hidden=32 heads=4 kv_heads=1 ffn=48 vocab=64 seq=8 batch=2", false, false, 256},
        {"family=llama layers=1 hidden=32 heads=4 kv_heads=1 ffn=48 vocab=64 seq=8 batch=1", false, false, 128},
        {"family=llama layers=1 hidden=32 heads=4 kv_heads=2 ffn=48 vocab=64 seq=8 batch=1", false, true, 512},
    };
    for (int i = 0; i < COUNT(table); i++) {
        start(table[i].text);
        am_var x = heads_of(build.k, "key"), y = am_hf_repeat_kv(&build, x);
        const am_tensor *from = &tape->tensor[x], *to = &tape->tensor[y];
        ck_assert_int_eq(y == x, table[i].same);
        ck_assert_int_eq(to->storage != from->storage, table[i].copy);
        ck_assert_int_eq(to->shape[1], config.heads);
        ck_assert_int_eq(to->shape[3], config.head_dim);
        ck_assert_int_eq(tape->storage[to->storage].bytes, table[i].bytes);
        ck_assert_str_eq(tape->storage[to->storage].name, "key");
    }
}
END_TEST

/* ---- masks ---- */

START_TEST(masks)
{
    static const struct {
        const char *text;
        int64_t batch; /* of the mask's shape [batch, 1, s, s]; 0: there is none */
        int dtype;
        int64_t bytes;
    } table[] = {
        {LLAMA "attention=eager", 2, AM_BF16, 256}, /* 2·b·s² */
        {LLAMA "attention=eager dtype=fp32", 2, AM_FP32, 512},
        {LLAMA "attention=eager dtype=fp32 autocast=bf16", 2, AM_FP32, 512},
        {GPT2 "attention=eager dtype=fp16", 2, AM_FP16, 256},
        {MISTRAL "attention=eager sliding_window=4", 2, AM_BF16, 256},
        {LLAMA "attention=sdpa", 0, 0, 0},
        {LLAMA "attention=efficient", 0, 0, 0},
        {LLAMA "attention=flash", 0, 0, 0},
        {MISTRAL "attention=sdpa sliding_window=9", 0, 0, 0}, /* the sequence does not reach it */
        {MISTRAL "attention=sdpa sliding_window=8", 1, AM_BOOL, 64},
        {MISTRAL "attention=sdpa sliding_window=7", 1, AM_BOOL, 64},
        {MISTRAL "attention=efficient sliding_window=1", 1, AM_BOOL, 64},
        {MISTRAL "attention=flash sliding_window=4", 0, 0, 0},
    };
    for (int i = 0; i < COUNT(table); i++) {
        start(table[i].text);
        am_var mask = am_hf_causal_mask(&build);
        ck_assert_msg((mask != 0) == (table[i].batch != 0), "%s: a mask: %d", table[i].text, mask != 0);
        if (!mask) continue;
        const am_tensor *tensor = &tape->tensor[mask];
        const int64_t shape[] = {table[i].batch, 1, 8, 8};
        ck_assert_int_eq(tensor->rank, 4);
        for (int j = 0; j < 4; j++) ck_assert_int_eq(tensor->shape[j], shape[j]);
        ck_assert_int_eq(tensor->dtype, table[i].dtype);
        ck_assert_int_eq(tape->storage[tensor->storage].bytes, table[i].bytes);
        ck_assert(!tensor->grad);
    }
}
END_TEST

/* ---- attention ---- */

static am_var attend(void)
{
    am_var q = heads_of(build.a, "query"), k = heads_of(build.k, "key"), v = heads_of(build.k, "value");
    build.mask = am_hf_causal_mask(&build);
    return am_hf_attend(&build, q, k, v);
}

#define FLASH_REST     "random state u64 16, random state, unused half u64 8"
#define EFFICIENT_REST "random seed i64 8, random offset i64 8"

/* Flash: q, k, v, out, 4T·a of log-sum-exp in fp32 and 24 bytes; efficient: rows padded to 32, 16 bytes. A mask brings
 * keys and values for every query head, and an additive mask of its own for each sequence. Heads of d = 20 are padded
 * to 24 for flash alone. */
static const kept_case attentions[] = {
    {LLAMA, attend,
     "query bf16 1024, key bf16 512, value bf16 512, attention output bf16 1024, log-sum-exp of each row fp32 "
     "256, " FLASH_REST},
    {LLAMA "attention=flash dtype=fp16", attend,
     "query fp16 1024, key fp16 512, value fp16 512, attention output fp16 1024, log-sum-exp of each row fp32 "
     "256, " FLASH_REST},
    {LLAMA "attention=efficient", attend,
     "query bf16 1024, key bf16 512, value bf16 512, attention output bf16 1024, log-sum-exp of each row fp32 "
     "1024, " EFFICIENT_REST},
    {LLAMA "dtype=fp32", attend,
     "query fp32 2048, key fp32 1024, value fp32 1024, attention output fp32 2048, log-sum-exp of each row fp32 "
     "1024, " EFFICIENT_REST},
    {LLAMA "dtype=fp32 autocast=bf16", attend,
     "query bf16 1024, key bf16 512, value bf16 512, attention output bf16 1024, log-sum-exp of each row fp32 "
     "256, " FLASH_REST},
    {MISTRAL "sliding_window=8", attend,
     "query bf16 1024, key bf16 1024, value bf16 1024, attention mask, made additive bf16 256, attention output bf16 "
     "1024, "
     "log-sum-exp of each row fp32 1024, " EFFICIENT_REST},
    {MISTRAL "sliding_window=9", attend,
     "query bf16 1024, key bf16 512, value bf16 512, attention output bf16 1024, log-sum-exp of each row fp32 "
     "256, " FLASH_REST},
    {MISTRAL "head_dim=20", attend,
     "query bf16 3072, key bf16 1536, value bf16 1536, attention output bf16 3072, log-sum-exp of each row fp32 "
     "256, " FLASH_REST},
    {MISTRAL "head_dim=20 attention=efficient", attend,
     "query bf16 2560, key bf16 1280, value bf16 1280, attention output bf16 2560, log-sum-exp of each row fp32 "
     "1024, " EFFICIENT_REST},
    {MISTRAL "head_dim=256", attend,
     "query bf16 32768, key bf16 16384, value bf16 16384, attention output bf16 32768, log-sum-exp of each row fp32 "
     "256, " FLASH_REST},
    {MISTRAL "head_dim=264", attend,
     "query bf16 33792, key bf16 33792, value bf16 33792, attention output bf16 33792, log-sum-exp of each row fp32 "
     "1024, " EFFICIENT_REST},
    {"family=mistral layers=1 hidden=32 heads=4 head_dim=264 ffn=48 vocab=64 seq=8 batch=2", attend,
     "query bf16 33792, key bf16 33792, value bf16 33792, attention output bf16 33792, log-sum-exp of each row fp32 "
     "1024, " EFFICIENT_REST},
    {"family=llama layers=1 hidden=32 heads=4 kv_heads=2 ffn=48 vocab=64 seq=33 batch=1 attention=efficient", attend,
     "query bf16 2112, key bf16 1056, value bf16 1056, attention output bf16 2112, log-sum-exp of each row fp32 "
     "1024, " EFFICIENT_REST},
};

START_TEST(attention_kernel)
{
    expect_kept(&attentions[_i]);
}
END_TEST

static int operations(am_op op)
{
    int count = 0;
    for (int i = 0; i < tape->instructions; i++)
        count += tape->instruction[i].kind == AM_I_OP && tape->instruction[i].op == op;
    return count;
}

START_TEST(chosen_kernel)
{
    static const struct {
        const char *text;
        bool flash;
        int pads, casts;
    } table[] = {
        {LLAMA "attention=sdpa", true, 0, 0},
        {LLAMA "attention=sdpa dtype=fp16", true, 0, 0},
        {LLAMA "attention=sdpa dtype=fp32", false, 0, 0},
        {LLAMA "attention=flash", true, 0, 0},
        {LLAMA "attention=efficient", false, 0, 0},
        {MISTRAL "attention=sdpa sliding_window=8", false, 0, 0},
        {MISTRAL "attention=flash sliding_window=8", true, 0, 0},
        {MISTRAL "attention=sdpa head_dim=12", true, 3, 0},
        {MISTRAL "attention=flash head_dim=12", true, 3, 0},
        {MISTRAL "attention=efficient head_dim=12", false, 0, 0},
        {MISTRAL "attention=sdpa head_dim=256", true, 0, 0},
        {MISTRAL "attention=sdpa head_dim=258", false, 0, 0},
    };
    for (int i = 0; i < COUNT(table); i++) {
        start(table[i].text);
        am_var y = attend();
        ck_assert_msg(operations(AM_OP_FLASH_ATTENTION) == table[i].flash, "%s: flash", table[i].text);
        ck_assert_msg(operations(AM_OP_EFFICIENT_ATTENTION) == !table[i].flash, "%s: efficient", table[i].text);
        ck_assert_msg(operations(AM_OP_PAD) == table[i].pads, "%s: %d pads", table[i].text, operations(AM_OP_PAD));
        ck_assert_int_eq(operations(AM_OP_TO), table[i].casts);
        const am_tensor *tensor = &tape->tensor[y];
        const int64_t shape[] = {2, 4, 8, config.head_dim};
        for (int j = 0; j < 4; j++) ck_assert_int_eq(tensor->shape[j], shape[j]);
        /* memory in q's order, b s h d; padding has made q contiguous */
        ck_assert_int_eq(tensor->stride[2], table[i].pads ? config.head_dim + 4 : 4 * config.head_dim);
    }
}
END_TEST

static am_var eager(bool upcast)
{
    am_var q = heads_of(build.a, "query"), k = heads_of(build.a, "key"), v = heads_of(build.a, "value"), weights = 0;
    build.mask = am_hf_causal_mask(&build);
    am_var y = am_hf_eager(&build, q, k, v, upcast, &weights);
    ck_assert_int_eq(tape->tensor[weights].shape[3], 8);
    return y;
}
static am_var llama_eager(void)
{
    return eager(true);
}
static am_var gpt2_eager(void)
{
    return eager(false);
}

#define ONE "family=llama layers=1 hidden=32 heads=4 ffn=48 vocab=64 seq=8 batch=1 attention=eager"

/* Copies of q, k and v for the batched products, 2sbh each; Llama's softmax in fp32 with a copy back, 4as²b + 2as²b,
 * GPT-2's in the model's type, 2as²b, with the mask and the result of dropout, as²b + 2as²b. */
static const kept_case eagers[] = {
    {LLAMA "attention=eager", llama_eager,
     "query bf16 1024, key bf16 1024, attention weights fp32 2048, attention weights, cast back bf16 1024, value bf16 "
     "1024"},
    {LLAMA "attention=eager dtype=fp32", llama_eager,
     "query fp32 2048, key fp32 2048, attention weights fp32 2048, value fp32 2048"},
    {ONE, llama_eager,
     "query bf16 512, key bf16 512, attention weights fp32 1024, attention weights, cast back bf16 512, value bf16 "
     "512"},
    {GPT2 "attention=eager", gpt2_eager,
     "query bf16 1024, key bf16 1024, attention weights bf16 1024, value bf16 1024"},
    {GPT2 "attention=eager attention_dropout=0.1", gpt2_eager,
     "query bf16 1024, key bf16 1024, attention weights bf16 1024, dropout mask bool 512, attention weights after "
     "dropout bf16 1024, "
     "value bf16 1024"},
    {GPT2 "attention=eager dtype=fp32 autocast=bf16", gpt2_eager,
     "query bf16 1024, key bf16 1024, attention weights fp32 2048, attention weights, cast back bf16 1024, value bf16 "
     "1024"},
};

START_TEST(eager_attention)
{
    expect_kept(&eagers[_i]);
}
END_TEST

/* bmm takes copies of what lies in memory as b s h d, but for one sequence or one head it takes it as it is. */
START_TEST(eager_copies)
{
    static const struct {
        const char *text;
        int copies;
    } table[] = {
        {LLAMA "attention=eager", 3},
        {ONE, 0},
        {"family=llama layers=1 hidden=32 heads=1 ffn=48 vocab=64 seq=8 batch=3 attention=eager", 0},
    };
    for (int i = 0; i < COUNT(table); i++) {
        start(table[i].text);
        llama_eager();
        ck_assert_msg(operations(AM_OP_CLONE) == table[i].copies, "%s: %d copies", table[i].text,
                      operations(AM_OP_CLONE));
    }
}
END_TEST

Suite *test_stacks_suite(void);
Suite *test_stacks_suite(void)
{
    Suite *suite = suite_create("stacks");
    TCase *tests = tcase_create("stacks");
    tcase_add_loop_test(tests, norm, 0, COUNT(norms));
    tcase_add_loop_test(tests, activation_function, 0, COUNT(activations));
    tcase_add_loop_test(tests, linear_layer, 0, COUNT(linears));
    tcase_add_test(tests, adapter_modules);
    tcase_add_test(tests, targets);
    tcase_add_loop_test(tests, rotation, 0, COUNT(rotations));
    tcase_add_test(tests, rotary_tables);
    tcase_add_test(tests, rotated_layout);
    tcase_add_test(tests, repeat_kv);
    tcase_add_test(tests, masks);
    tcase_add_loop_test(tests, attention_kernel, 0, COUNT(attentions));
    tcase_add_test(tests, chosen_kernel);
    tcase_add_loop_test(tests, eager_attention, 0, COUNT(eagers));
    tcase_add_test(tests, eager_copies);
    suite_add_tcase(suite, tests);
    return suite;
}
