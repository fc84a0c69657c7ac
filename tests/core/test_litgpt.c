/* LitGPT's GPT (litgpt 0.5, model.py) as Llama 3 and as Pythia: one projection for query, key and value, RMSNorm by hand
 * in fp32, rotary tables in fp32, grouped keys and values repeated by copies, and its chunked cross-entropy. */
#include "recorded.h"

#define LLAMA_3_8B "stack=torch layers=4 hidden=4096 heads=32 kv_heads=8 ffn=14336 vocab=128256 batch=1 seq=2048"
#define PYTHIA     "family=gpt_neox layers=4 hidden=2048 heads=16 ffn=8192 vocab=50304 batch=4 seq=2048 rotary_dim=32"

static const struct {
    recorded one;
    int chunk; /* tokens; 0: all at once */
} cases[] = {
    {{"litgpt-llama-3-8b-4l bf16 flash b1 s2048", LLAMA_3_8B, 4, AM_NON_REENTRANT, AM_KEEP_EVERYTHING}, 0},
    {{"litgpt-llama-3-8b-4l bf16 flash b1 s2048 chunk128", LLAMA_3_8B, 4, AM_NON_REENTRANT, AM_KEEP_EVERYTHING}, 128},
    {{"litgpt-pythia-1.4b-4l bf16 flash b4 s2048 chunk128", PYTHIA, 4, AM_NON_REENTRANT, AM_KEEP_EVERYTHING}, 128},
};

#define MOST_CHUNKS 64

static am_var cosines, sines; /* [1, 1, s, r] in fp32 */
static bool pythia;           /* LayerNorm, biases, a parallel residual and a plain MLP */

static am_var linear(am_var x, const char *path, am_dim out)
{
    return am_hf_linear(&build, x, path, AM_C_MLP, out, pythia, 0);
}

/* ---- norms ---- */

static am_var rms_norm(am_var x)
{
    am_var weight = am_weight(&build, AM_SHAPE(build.h), "weight");
    am_var wide = am_to(tape, x, AM_FP32), mean = am_mean_last(tape, am_binary(tape, AM_OP_MUL, wide, wide));
    am_var scale = am_unary(tape, AM_OP_RSQRT, am_unary(tape, AM_OP_ADD_SCALAR, mean));
    am_var normal = am_binary(tape, AM_OP_MUL, wide, scale);
    am_var product = am_binary(tape, AM_OP_MUL, normal, am_to(tape, weight, AM_FP32));
    am_var y = am_to(tape, product, build.dtype);
    am_hold(tape, wide, mean, normal, product, x);
    return y;
}

static am_var norm(am_var x, const char *path)
{
    am_module module = inside(path);
    am_var y = pythia ? am_layer_norm(tape, x, am_weight(&build, AM_SHAPE(build.h), "weight"),
                                      am_weight(&build, AM_SHAPE(build.h), "bias"))
                      : rms_norm(x);
    tape->module = module;
    return y;
}

/* ---- attention ---- */

/* The first r elements of each head turned, in fp32 and back; then the rest, of which there may be none. */
static am_var turn(am_var x, am_var *turned)
{
    am_var part = am_slice(tape, x, build.rotary);
    am_var left = am_slice(tape, part, build.half), right = am_slice(tape, part, build.half);
    am_var crossed = am_cat(tape, am_unary(tape, AM_OP_NEG, right), left, build.rotary);
    am_var straight = am_binary(tape, AM_OP_MUL, part, cosines);
    am_var sum = am_binary(tape, AM_OP_ADD, straight, am_binary(tape, AM_OP_MUL, crossed, sines));
    *turned = am_to(tape, sum, build.dtype);
    am_hold(tape, crossed, sum);
    return *turned;
}

static am_var rejoin(am_var x, am_var turned)
{
    am_dim rest = number(build.config->head_dim - build.config->rotary_dim);
    return am_cat(tape, turned, am_slice(tape, x, rest), build.d);
}

/* repeat_interleave: a copy always. */
static am_var repeat(am_var x)
{
    am_dim groups = am_dim_quotient(tape->extents, build.a, AM_K), b = build.b, k = build.k, s = build.s, d = build.d;
    am_var spread = am_expand(tape, am_view(tape, x, AM_SHAPE(b, k, build.one, s, d)), AM_SHAPE(b, k, groups, s, d));
    return am_view(tape, am_clone(tape, spread), AM_SHAPE(b, build.a, s, d));
}

static am_var attention(am_var normed)
{
    const am_dim count[] = {build.a, build.k, build.k}, width[] = {build.ad, build.kd, build.kd};
    int64_t heads = build.config->heads + 2 * build.config->kv_heads;
    am_var part[3], turned[2];
    am_var fused = linear(normed, "attn.qkv", number(heads * build.config->head_dim));
    am_split(tape, fused, 3, width, part);
    for (int i = 0; i < 3; i++) {
        part[i] = am_view(tape, part[i], AM_SHAPE(build.b, build.s, count[i], build.d));
        part[i] = am_transpose(tape, part[i], 1, 2);
    }
    for (int i = 0; i < 2; i++) turn(part[i], &turned[i]);
    for (int i = 0; i < 2; i++) part[i] = rejoin(part[i], turned[i]);
    for (int i = 1; i < 3 && build.config->kv_heads != build.config->heads; i++) part[i] = repeat(part[i]);
    am_var y = am_transpose(tape, am_sdpa(&build, part[0], part[1], part[2], 0), 1, 2);
    y = am_reshape(tape, y, AM_SHAPE(build.b, build.s, build.ad));
    am_var out = linear(y, "attn.proj", build.h);
    am_hold(tape, normed, fused, turned[0], turned[1], part[0], part[1], part[2], y);
    return out;
}

/* ---- layers ---- */

static am_var mlp(am_var x)
{
    am_var y, up, gate = 0;
    if (pythia) {
        up = am_unary(tape, AM_OP_GELU, linear(x, "mlp.fc", build.f));
    } else {
        gate = linear(x, "mlp.fc_1", build.f);
        y = linear(x, "mlp.fc_2", build.f);
        up = am_binary(tape, AM_OP_MUL, am_unary(tape, AM_OP_SILU, gate), y);
        am_var down = linear(up, "mlp.proj", build.h);
        am_hold(tape, gate, y, up);
        return down;
    }
    y = linear(up, "mlp.proj", build.h);
    am_hold(tape, up);
    return y;
}

static am_var layer(am_build *unused, am_var x)
{
    (void)unused;
    am_var normed = norm(x, "norm_1"), normed2 = 0, middle = 0;
    inside("attn");
    am_var attended = attention(normed);
    inside("");
    if (pythia) normed2 = norm(x, "norm_2");
    if (pythia) am_hold(tape, normed);
    middle = am_binary(tape, AM_OP_ADD, attended, x);
    if (!pythia) normed2 = norm(middle, "norm_2");
    if (!pythia) am_hold(tape, normed);
    inside("mlp");
    am_var y = mlp(normed2);
    inside("");
    am_var out = am_binary(tape, AM_OP_ADD, y, middle);
    am_hold(tape, x, middle, normed2, attended, y);
    return out;
}

/* ---- the loss ---- */

/* Parts put together one after another in the memory of the whole, which appears with the first. */
static am_var cat(int parts, const am_var *part, int64_t each)
{
    am_var whole = am_tape_fresh(tape, AM_SHAPE(number(parts * each)), build.dtype), y = part[0];
    for (int i = 1; i < parts; i++) {
        am_var pair[] = {y, part[i]}, next;
        next = i == parts - 1 ? whole
                              : am_tape_alias(tape, whole, AM_SHAPE(number((i + 1) * each)), (int64_t[AM_MAX_RANK]){1});
        y = am_tape_emit(tape, AM_OP_CAT, 2, pair, 1, &next, 0);
    }
    return y;
}

/* cross_entropy(reduction="none") of each chunk, their sum over the number of targets. */
static am_var chunked_loss(am_var logits, am_var labels, int chunk)
{
    int rows = (int)tape->tensor[logits].shape[0], chunks = rows / chunk;
    am_dim size[MOST_CHUNKS];
    am_var part[MOST_CHUNKS], each[MOST_CHUNKS];
    for (int i = 0; i < chunks; i++) size[i] = number(chunk);
    am_split_along(tape, logits, 0, chunks, size, part);
    for (int i = 0; i < chunks; i++) {
        am_var pair[] = {am_softmax(tape, AM_OP_LOG_SOFTMAX, part[i]), labels};
        am_var result[] = {am_tape_fresh(tape, AM_SHAPE(size[i]), build.dtype),
                           am_tape_fresh(tape, AM_SCALAR, build.dtype)};
        each[i] = am_tape_emit(tape, AM_OP_NLL_LOSS, 2, pair, 2, result, 0);
    }
    am_var counted = am_raw(tape, AM_OP_COMPARE, AM_SHAPE(build.bs), AM_BOOL, labels, 0, 0, 0);
    am_var count = am_raw(tape, AM_OP_SUM, AM_SCALAR, AM_I64, counted, 0, 0, 0);
    am_var total = am_sum_over(tape, cat(chunks, each, chunk), 0, false);
    am_var one = am_raw(tape, AM_OP_FULL, AM_SCALAR, AM_I64, 0, 0, 0, 0);
    am_var divisor = am_raw(tape, AM_OP_WHERE, AM_SCALAR, AM_I64, count, one, 0, 0);
    am_var loss = am_binary(tape, AM_OP_DIV, total, divisor);
    am_hold(tape, count);
    am_hold_list(tape, chunks, each);
    return loss;
}

START_TEST(measured)
{
    const recorded *one = &cases[_i].one;
    begin(one);
    pythia = build.config->norm == AM_LAYERNORM;
    am_var x = am_hf_token_embedding(&build, "transformer.wte");
    cosines = am_buffer(tape, AM_SHAPE(build.one, build.one, build.s, build.rotary), AM_FP32, "cosines");
    sines = am_buffer(tape, AM_SHAPE(build.one, build.one, build.s, build.rotary), AM_FP32, "sines");
    x = am_layers(&build, layer, x, 0, NULL);
    tape->zone++;
    am_var normed = norm(x, "transformer.ln_f");
    am_hold(tape, x);
    inside("lm_head");
    am_var logits = am_linear(tape, normed, am_weight(&build, AM_SHAPE(build.v, build.h), "weight"), 0);
    am_hold(tape, normed);
    inside("");
    am_var flat = am_view(tape, logits, AM_SHAPE(build.bs, build.v));
    am_var labels = am_buffer(tape, AM_SHAPE(build.bs), AM_I64, "labels");
    am_var loss = cases[_i].chunk ? chunked_loss(flat, labels, cases[_i].chunk) : am_cross_entropy(tape, flat, labels);
    am_hold(tape, loss, logits);
    ck_assert_int_eq(am_tape_finish(tape, loss, logits), AM_OK);
    expect_measured(one, "transformer.h.1.");
}
END_TEST

Suite *test_litgpt_suite(void);
Suite *test_litgpt_suite(void)
{
    Suite *suite = suite_create("litgpt");
    TCase *tests = tcase_create("litgpt");
    tcase_add_loop_test(tests, measured, 0, COUNT(cases));
    suite_add_tcase(suite, tests);
    return suite;
}
