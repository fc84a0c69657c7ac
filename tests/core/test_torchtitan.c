/* torchtitan's Llama 3 (torchtitan 0.3, models/llama3): one projection for query, key and value, grouped by key head and
 * cut into three copies; rotary positions in complex fp32, here twice as many real numbers; checkpoints that do not stop
 * early. */
#include "recorded.h"

#define LLAMA_3_8B                                                                                                     \
    "stack=torch layers=4 hidden=4096 heads=32 kv_heads=8 ffn=14336 vocab=128256 batch=1 seq=2048 attention=sdpa"

static const recorded cases[] = {
    {"torchtitan-llama-3-8b-4l bf16 flash b1 s2048", LLAMA_3_8B, 4, AM_NON_REENTRANT, AM_KEEP_EVERYTHING},
    {"torchtitan-llama-3-8b-4l bf16 flash b1 s2048 ckpt", LLAMA_3_8B, 4, AM_NON_REENTRANT, AM_KEEP_NOTHING},
    {"torchtitan-llama-3-8b-4l bf16 flash b1 s2048 save-half-matmuls", LLAMA_3_8B, 4, AM_NON_REENTRANT,
     AM_KEEP_HALF_MATMULS},
};

static am_var table; /* of the rotary positions, complex: [1, s, 1, d] in fp32 */

static am_var linear(am_var x, const char *path, am_dim out)
{
    return am_hf_linear(&build, x, path, AM_C_MLP, out, false, 0);
}

static am_var norm(am_var x, const char *path)
{
    am_module module = inside(path);
    am_var y = am_rms_norm(tape, x, am_weight(&build, AM_SHAPE(build.h), "weight"));
    tape->module = module;
    return y;
}

/* [b, s, k, a/k + 2, d] cut along its fourth dimension, each part as heads in memory of its own. */
static void cut(am_var fused, am_var part[3])
{
    am_dim groups = am_dim_quotient(tape->extents, build.a, AM_K);
    const am_dim size[] = {groups, build.one, build.one}, heads[] = {build.a, build.k, build.k};
    am_split_along(tape, fused, 3, 3, size, part);
    for (int i = 0; i < 3; i++) {
        part[i] = am_reshape(tape, part[i], AM_SHAPE(build.b, build.s, heads[i], build.d));
        part[i] = am_contiguous(tape, part[i]);
    }
    am_hold(tape, fused);
}

static void rotate(am_var part[3])
{
    am_var wide[2], turned[2], back[2];
    inside("attention.rope");
    for (int i = 0; i < 2; i++) wide[i] = am_to(tape, part[i], AM_FP32);
    for (int i = 0; i < 2; i++) turned[i] = am_binary(tape, AM_OP_MUL, wide[i], table);
    for (int i = 0; i < 2; i++) back[i] = am_to(tape, turned[i], build.dtype);
    am_hold(tape, wide[0], wide[1], turned[0], turned[1], part[0], part[1]);
    part[0] = back[0];
    part[1] = back[1];
}

static am_var attention(am_var normed)
{
    am_var part[3], heads[3];
    am_dim groups = am_dim_quotient(tape->extents, build.a, AM_K);
    am_dim wide = number(groups ? build.config->heads / build.config->kv_heads + 2 : 3);
    inside("attention.qkv_linear");
    am_var fused = linear(normed, "attention.qkv_linear.wqkv", am_times(tape, build.k, am_times(tape, wide, build.d)));
    cut(am_view(tape, fused, AM_SHAPE(build.b, build.s, build.k, wide, build.d)), part);
    rotate(part);
    inside("attention.inner_attention");
    for (int i = 0; i < 3; i++) heads[i] = am_transpose(tape, part[i], 1, 2);
    am_var y = am_contiguous(tape, am_transpose(tape, am_sdpa(&build, heads[0], heads[1], heads[2], 0), 1, 2));
    inside("attention");
    am_var out = linear(am_view(tape, y, AM_SHAPE(build.b, build.s, build.h)), "attention.wo", build.h);
    am_hold(tape, part[0], part[1], part[2], y, normed);
    return out;
}

static am_var layer(am_build *unused, am_var x)
{
    (void)unused;
    am_var attended = attention(norm(x, "attention_norm"));
    inside("");
    am_var middle = am_binary(tape, AM_OP_ADD, x, attended), normed = norm(middle, "ffn_norm");
    inside("feed_forward");
    am_var gate = am_unary(tape, AM_OP_SILU, linear(normed, "feed_forward.w1", build.f));
    am_var product = am_binary(tape, AM_OP_MUL, gate, linear(normed, "feed_forward.w3", build.f));
    am_var down = linear(product, "feed_forward.w2", build.h);
    am_hold(tape, product, normed);
    inside("");
    am_var out = am_binary(tape, AM_OP_ADD, middle, down);
    am_hold(tape, x, middle, down);
    return out;
}

START_TEST(measured)
{
    const recorded *one = &cases[_i];
    begin(one);
    am_var x = am_hf_token_embedding(&build, "tok_embeddings");
    table = am_buffer(tape, AM_SHAPE(build.one, build.s, build.one, build.d), AM_FP32, "rotary table");
    x = am_layers(&build, layer, x, 0, NULL);
    tape->zone++;
    am_var normed = norm(x, "norm");
    am_hold(tape, x);
    inside("lm_head");
    am_var logits = am_linear(tape, normed, am_weight(&build, AM_SHAPE(build.v, build.h), "weight"), 0);
    am_hold(tape, normed);
    inside("");
    am_var wide = am_to(tape, am_view(tape, logits, AM_SHAPE(build.bs, build.v)), AM_FP32);
    am_var loss = am_cross_entropy(tape, wide, am_buffer(tape, AM_SHAPE(build.bs), AM_I64, "labels"));
    am_hold(tape, wide);
    am_hold(tape, loss, logits);
    ck_assert_int_eq(am_tape_finish(tape, loss, logits), AM_OK);
    for (int i = 1; i < tape->regions; i++) tape->region[i].stop = tape->region[i].end; /* early_stop=False */
    expect_measured(one, "layers.1.");
}
END_TEST

Suite *test_torchtitan_suite(void);
Suite *test_torchtitan_suite(void)
{
    Suite *suite = suite_create("torchtitan");
    TCase *tests = tcase_create("torchtitan");
    tcase_add_loop_test(tests, measured, 0, COUNT(cases));
    suite_add_tcase(suite, tests);
    return suite;
}
