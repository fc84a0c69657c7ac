/* FLOPs, bytes and times: FLOPs against those that PyTorch's FlopCounterMode counts, the roofline against sums by hand, and
 * what must hold of any step. */
#include "bytes.h"
#include "tapes.h"

#define MILLION 1000000

static const am_rates some = {{[AM_FP32] = 100, [AM_BF16] = 1000, [AM_FP16] = 1000}, 2000};

static int64_t moved(int64_t bytes)
{
    return am_divide_up(bytes * MILLION, some.bandwidth);
}

static int64_t computed(int64_t flops, int dtype)
{
    return am_divide_up(flops * 1000, some.gflops[dtype]);
}

static const am_outcome *evaluate(const char *inputs)
{
    am_status status;
    am_config config = config_of(inputs);
    ck_assert_msg(am_evaluate(&fixture_report, &fixture_workspace, &config, &status) == AM_OK, "%s: %s", inputs,
                  status.message);
    return &fixture_report.outcome;
}

static const am_outcome *evaluate_with(const char *inputs, const char *more)
{
    static char both[512];
    snprintf(both, sizeof both, "%s %s", inputs, more);
    return evaluate(both);
}

/* ---- FLOPs ---- */

#define SHAPES  "family=llama hidden=64 heads=4 kv_heads=2 ffn=96 vocab=128 seq=64"
#define LLAMA   SHAPES " layers=3 batch=2"
#define MIXTRAL "model=mixtral-8x7b layers=4 vocab=1024 seq=128"
#define DEEPSEEK                                                                                                       \
    "family=deepseek_v3 layers=4 hidden=7168 heads=128 head_dim=192 ffn=18432 experts=256"                             \
    " "                                                                                                                \
    "experts_per_token=8 moe_ffn=2048 shared_ffn=2048 dense_layers=1 expert_groups=8 groups_per_token=4"               \
    " "                                                                                                                \
    "q_rank=1536 kv_rank=512 v_head_dim=128 vocab=1024 seq=64 batch=2"

/* Counted by torch.utils.flop_counter of PyTorch 2.15 on transformers' models (peft 0.21 for adapters), on the meta device:
 * forward, backward, recomputed. It has no formula for experts' grouped products. */
static const struct {
    const char *inputs;
    int64_t forward, backward, recomputed;
} counted[] = {
    {LLAMA, 31981568, 67108864, 0},
    {LLAMA " attention=eager", 31981568, 63963136, 0},
    {LLAMA " attention=efficient", 31981568, 67108864, 0},
    {LLAMA " checkpoint=full", 31981568, 67108864, 25165824},
    {LLAMA " checkpoint=full reentrant=yes", 31981568, 67108864, 29884416},
    {LLAMA " checkpoint=save:half-matmuls", 31981568, 67108864, 9437184},
    {LLAMA " checkpoint=save:matmuls", 31981568, 67108864, 0},
    {SHAPES " layers=3 trainable=none", 15990784, 20709376, 0},
    {LLAMA " trainable=lora", 34734080, 44302336, 0},
    {LLAMA " trainable=lora lora_targets=q,k,v,o,gate,up,down", 43384832, 61341696, 0},
    {LLAMA " trainable=lora lora_targets=q,k,v,o,gate,up,down checkpoint=full", 43384832, 64225280, 40501248},
    {SHAPES " layers=2 batch=2 loss=chunked", 22020096, 46137344, 0},
    {SHAPES " layers=2 batch=2 stack=torch", 22020096, 46137344, 0},
    {"stack=nanogpt family=gpt2 layers=2 hidden=64 heads=4 vocab=128 seq=64 batch=2", 31457280, 65011712, 0},
    {"family=gpt_neox layers=2 hidden=64 heads=4 ffn=256 vocab=128 seq=32 batch=2", 14680064, 29884416, 0},
    {"family=opt layers=2 hidden=64 heads=4 ffn=256 vocab=128 seq=32 batch=2", 14680064, 29884416, 0},
    {"family=phi layers=2 hidden=64 heads=4 ffn=256 vocab=128 seq=32 batch=2", 14680064, 29884416, 0},
    {"family=falcon layers=2 hidden=64 heads=4 vocab=128 seq=32 batch=2", 14680064, 29884416, 0},
    {"family=bloom layers=2 hidden=64 heads=4 vocab=128 seq=32 batch=2 attention=eager", 14680064, 29360128, 0},
    {"family=mpt layers=2 hidden=64 heads=4 vocab=128 seq=32 batch=2 attention=eager", 14680064, 29360128, 0},
    {"family=gemma2 layers=2 hidden=64 heads=4 kv_heads=2 ffn=96 vocab=128 seq=32 batch=2 attention=eager", 9961472,
     19922944, 0},
    {"family=qwen3 layers=2 hidden=64 heads=4 kv_heads=2 ffn=96 vocab=128 seq=32 batch=2", 9961472, 20447232, 0},
};

START_TEST(counter)
{
    const am_outcome *outcome = evaluate(counted[_i].inputs);
    const am_work *work = outcome->work;
    ck_assert_int_eq(work[AM_IN_FORWARD].flops, counted[_i].forward);
    ck_assert_int_eq(work[AM_IN_BACKWARD].flops, counted[_i].backward);
    ck_assert_int_eq(work[AM_IN_RECOMPUTE].flops, counted[_i].recomputed);
    ck_assert_int_eq(outcome->forward_flops, counted[_i].forward);
    ck_assert_int_eq(outcome->recomputed_flops, counted[_i].recomputed);
}
END_TEST

/* Beside what is counted: three products of each token's experts, each with two gradients. */
START_TEST(experts)
{
    static const struct {
        const char *inputs;
        int64_t forward, backward, tokens, experts, hidden, width, layers;
    } table[] = {
        {MIXTRAL, 45130711040, 90798292992, 128, 2, 4096, 14336, 4},
        {DEEPSEEK, 332859965440, 667330543616, 128, 8, 7168, 2048, 3},
    };
    const am_outcome *outcome = evaluate(table[_i].inputs);
    int64_t own = 6 * table[_i].tokens * table[_i].experts * table[_i].hidden * table[_i].width * table[_i].layers;
    ck_assert_int_eq(outcome->forward_flops, table[_i].forward);
    ck_assert_int_eq(outcome->work[AM_IN_FORWARD].flops, table[_i].forward + own);
    ck_assert_int_eq(outcome->work[AM_IN_BACKWARD].flops, table[_i].backward + 2 * own);
}
END_TEST

/* What ranks gather and scatter along the sequence is multiplied as a whole: no product is missing in backward or divided. */
START_TEST(sequence_parallel)
{
    static const char *const stacks[] = {"stack=torch loss=fp32", "stack=megatron-local", "stack=megatron", "stack=megatron-local checkpoint=full",
                                         "stack=megatron checkpoint=modules:mlp"};
    for (size_t i = 0; i < COUNT(stacks); i++) {
        am_work without[AM_PART_COUNT];
        memcpy(without, evaluate_with(LLAMA " tp=2", stacks[i])->work, sizeof without);
        const am_work *with = evaluate_with(LLAMA " tp=2 sp=yes", stacks[i])->work;
        for (int j = 0; j < AM_PART_COUNT; j++) {
            ck_assert_msg(with[j].flops == without[j].flops, "%s: part %d", stacks[i], j);
            ck_assert_msg(with[j].executed == without[j].executed, "%s: part %d", stacks[i], j);
        }
    }
}
END_TEST

/* A rank's s queries, of n times as many keys, in two halves: of its own pairs s(s+1)/2 are computed, and with each other rank's
 * keys the s·s/2 of a half. Its backward has five products to the forward's two. */
START_TEST(ring)
{
    static const char *const stacks[] = {"torch", "megatron", "megatron-local attention=flash"};
    for (int64_t i = 0, ranks = 2; i < 9; i++, ranks = ranks == 8 ? 2 : 2 * ranks) {
        char more[64];
        const int64_t layers = 3, b = 2, heads = 4, d = 16, s = 64 / ranks;
        const int64_t all = s * s / 2 * (ranks + 1), executed = s * (s + 1) / 2 + s * s / 2 * (ranks - 1);
        snprintf(more, sizeof more, "stack=%s cp=%lld", stacks[i / 3], (long long)ranks);
        const am_work *work = evaluate_with(LLAMA, more)->work;
        const int64_t pair = 2 * b * heads * d * layers;
        ck_assert_int_eq(work[AM_IN_FORWARD].flops - work[AM_IN_FORWARD].executed, 2 * pair * (all - executed));
        ck_assert_int_eq(work[AM_IN_BACKWARD].flops - work[AM_IN_BACKWARD].executed, 5 * pair * (all - executed));
        ck_assert_int_eq(2 * work[AM_IN_FORWARD].flops + pair * all, work[AM_IN_BACKWARD].flops);
    }
}
END_TEST

/* Of a pipeline, however it is cut, one micro-batch on all stages: the model's products counted by hand, and again those of the layers that
 * run again on each stage. */
START_TEST(pipelines)
{
    enum { L = 12, H = 64, A = 4, K = 2, D = 16, F = 96, V = 128, S = 64, B = 2 };
    const int64_t layer = 2 * B * S * (H * (A + 2 * K) * D + A * D * H + 3 * H * F), attention = 4 * B * A * S * S * D, head = 2 * B * S * H * V;
    static const struct {
        const char *text;
        int64_t again; /* layers */
    } table[] = {
        {"stack=torch pp=3", 0},
        {"stack=torch pp=4 vpp=3 schedule=interleaved checkpoint=full reentrant=yes", 12},
        {"stack=megatron pp=3 stage_layers=2,7,3", 0},
        {"stack=megatron pp=3 stage_layers=2,7,3 checkpoint=full", 12},
        {"stack=megatron pp=3 stage_layers=2,7,3 checkpoint=block:3", 8},
        {"stack=megatron pp=2 vpp=2 stage_layers=1,5,2,4 checkpoint=block:2", 7},
        {"stack=megatron pp=4 vpp=3 checkpoint=block:1", 12},
        {"stack=megatron pp=2 vpp=2 stage_layers=2,4,2,4 checkpoint=uniform:2", 12},
        {"stack=megatron-local attention=flash pp=6 checkpoint=block:1", 6},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const am_outcome *outcome = evaluate_with(SHAPES " layers=12 batch=2 head_dim=16 tie_word_embeddings=no", table[i].text);
        ck_assert_msg(outcome->work[AM_IN_FORWARD].flops == L * (layer + attention) + head, "%s", table[i].text);
        ck_assert_msg(outcome->work[AM_IN_BACKWARD].flops == 2 * (L * layer + head) + L * attention / 2 * 5, "%s", table[i].text);
        ck_assert_msg(outcome->work[AM_IN_RECOMPUTE].flops == table[i].again * (layer + attention), "%s: %lld", table[i].text,
                      (long long)outcome->work[AM_IN_RECOMPUTE].flops);
    }
}
END_TEST

/* A causal kernel computes s(s+1)/2 of s² scores; materialised ones are all there. */
START_TEST(causal)
{
    const int64_t layers = 3, b = 2, heads = 4, d = 16, s = 64, pair = 2 * b * heads * s * d * layers;
    am_work flash[AM_PART_COUNT], eager[AM_PART_COUNT];
    memcpy(flash, evaluate(LLAMA " checkpoint=full reentrant=yes")->work, sizeof flash);
    memcpy(eager, evaluate(LLAMA " attention=eager checkpoint=full reentrant=yes")->work, sizeof eager);
    ck_assert_int_eq(flash[AM_IN_FORWARD].flops - flash[AM_IN_FORWARD].executed, 2 * pair * (s - 1) / 2);
    ck_assert_int_eq(flash[AM_IN_RECOMPUTE].flops - flash[AM_IN_RECOMPUTE].executed, 2 * pair * (s - 1) / 2);
    ck_assert_int_eq(flash[AM_IN_BACKWARD].flops - flash[AM_IN_BACKWARD].executed, 5 * pair * (s - 1) / 2);
    for (int i = 0; i < AM_PART_COUNT; i++) ck_assert_int_eq(eager[i].flops, eager[i].executed);
}
END_TEST

/* FlashAttention-2 passes over keys before the window too, in the layers that have one; a kernel with a mask over none. */
START_TEST(window)
{
    static const struct {
        const char *inputs;
        int64_t s, w, layers; /* with a window */
    } cases[] = {
        {"family=mistral layers=4 sliding_window=24 attention=flash", 64, 24, 4},
        {"family=mistral layers=4 sliding_window=64 attention=flash", 64, 64, 4},
        {"family=gemma2 layers=4 sliding_window=24 attention=flash", 64, 24, 2},
    };
    const int64_t heads = 4, d = 16, pair = 4 * heads * d, s = cases[_i].s, w = cases[_i].w, all = s * (s + 1) / 2;
    const am_work *work =
        evaluate_with("hidden=64 heads=4 head_dim=16 kv_heads=2 ffn=96 vocab=128 seq=64", cases[_i].inputs)->work;
    int64_t full = 4 - cases[_i].layers, pairs = cases[_i].layers * (w * (w + 1) / 2 + (s - w) * w) + full * all;
    ck_assert_int_eq(work[AM_IN_FORWARD].flops - work[AM_IN_FORWARD].executed, pair * (4 * s * s - pairs));
    work = evaluate_with("hidden=64 heads=4 head_dim=16 kv_heads=2 ffn=96 vocab=128 seq=64",
                         "family=mistral layers=4 sliding_window=24")
               ->work;
    ck_assert_int_eq(work[AM_IN_FORWARD].flops, work[AM_IN_FORWARD].executed);
}
END_TEST

/* ---- the roofline, by hand ---- */

/* Products in bf16: x [n, k] · w [k, m], in forward one and in backward two of the same size. */
static void expect_product(int64_t n, int64_t k, int64_t m)
{
    start(AM_DTYPE_COUNT);
    am_var x = learning(SHAPE(n, k), AM_BF16);
    am_var y = am_linear(tape, x, weight(SHAPE(m, k), AM_BF16), 0);
    finish(y);
    ck_assert_int_eq(am_cost_tape(tape, &some), AM_OK);
    int64_t flops = 2 * n * k * m, bytes = 2 * (n * k + k * m + n * m), own = 0;
    for (int i = 0; i < tape->instructions; i++)
        if (tape->instruction[i].op == AM_OP_MM) own += tape->instruction[i].time;
    int64_t expected = am_larger(computed(flops, AM_BF16), moved(bytes));
    ck_assert_int_eq(own, expected);
    int64_t loss = moved(4 + 2 * (2 * n * m)); /* its gradient, the saved logits, theirs */
    ck_assert_int_eq(tape->zone_backward_time[0], loss + 2 * expected);
    ck_assert_int_eq(tape->zone_work[AM_IN_BACKWARD][0].flops, 2 * flops);
}

START_TEST(product)
{
    expect_product(4, 8, 16);       /* waits for memory */
    expect_product(512, 512, 1024); /* computes */
    expect_product(1, 4096, 1);
}
END_TEST

/* Views move nothing; what is expanded is read once; a gradient that meets another is added to it. */
START_TEST(traffic)
{
    start(AM_DTYPE_COUNT);
    am_var x = learning(SHAPE(4, 1, 8), AM_BF16);
    int first = tape->instructions;
    am_var wide = am_expand(tape, x, SHAPE(4, 3, 8));
    am_var turned = am_transpose(tape, wide, 1, 2);
    am_var active = am_unary(tape, AM_OP_SILU, turned);
    am_var sum = am_binary(tape, AM_OP_ADD, active, active);
    finish(sum);
    ck_assert_int_eq(am_cost_tape(tape, &some), AM_OK);
    const am_instruction *instruction = &tape->instruction[first];
    const int64_t small = 2 * 4 * 8, large = 3 * small;
    ck_assert_int_eq(instruction[0].time, 0);
    ck_assert_int_eq(instruction[1].time, 0);
    ck_assert_int_eq(instruction[2].time, moved(small + large));
    ck_assert_int_eq(instruction[3].time, moved(3 * large));
    ck_assert(instruction[2].bound && instruction[3].bound);
    int64_t loss = moved(4 + 2 * large), meet = moved(3 * large), silu = moved(large + small + large),
            fold = moved(large + small);
    ck_assert_int_eq(tape->zone_backward_time[0], loss + meet + silu + fold);
    ck_assert_int_eq(tape->zone_work[AM_IN_BACKWARD][0].bound, tape->zone_backward_time[0]);
}
END_TEST

/* What lives inside a fused kernel moves nothing, nor does its gradient: softmax of scaled scores reads them and writes one
 * result, and backward reads the gradient and the result and writes one. */
START_TEST(fused)
{
    start(AM_DTYPE_COUNT);
    am_var x = learning(SHAPE(2, 4, 4), AM_BF16);
    int first = tape->instructions;
    am_var y = am_softmax(tape, AM_OP_SOFTMAX, am_transient(tape, am_unary(tape, AM_OP_MUL_SCALAR, x)));
    finish(y);
    ck_assert_int_eq(am_cost_tape(tape, &some), AM_OK);
    const int64_t one = 2 * 2 * 4 * 4;
    ck_assert_int_eq(tape->instruction[first].time + tape->instruction[first + 1].time, moved(2 * one));
    ck_assert_int_eq(tape->zone_backward_time[0], moved(4 + 2 * one) + moved(3 * one));
}
END_TEST

/* Rows of a table are read, not the table; backward writes all of it. What no gradient reaches has no backward. */
START_TEST(embedding)
{
    start(AM_DTYPE_COUNT);
    am_var table = weight(SHAPE(1000, 8), AM_BF16), indices = made(SHAPE(2, 4), AM_I64);
    int first = tape->instructions;
    am_var y = am_embedding(tape, table, indices);
    am_var aside = am_unary(tape, AM_OP_SILU, y);
    finish(y);
    am_hold(tape, aside);
    ck_assert_int_eq(am_cost_tape(tape, &some), AM_OK);
    const int64_t out = 2 * 8 * 8;
    ck_assert_int_eq(tape->instruction[first].time, moved(out + out + 8 * 8));
    ck_assert_int_eq(tape->zone_backward_time[0], moved(4 + 2 * out) + moved(out + 8 * 8 + 2 * 1000 * 8));
}
END_TEST

/* Query, key and value once each, the output and 4 bytes for each row's statistics; two products of s² · d and half of
 * them. */
START_TEST(attention)
{
    const int64_t b = 2, heads = 4, s = 4, d = 64;
    start(AM_DTYPE_COUNT);
    am_var part[3];
    for (int i = 0; i < 3; i++) part[i] = learning(SHAPE(b, heads, s, d), AM_BF16);
    int first = tape->instructions;
    am_var y = am_attention(tape, AM_OP_FLASH_ATTENTION, part[0], part[1], part[2], 0);
    finish(y);
    ck_assert_int_eq(am_cost_tape(tape, &some), AM_OK);
    const int64_t one = 2 * b * heads * s * d, rest = 4 * b * heads * s + 2 * 8 + 8,
                  pairs = b * heads * s * (s + 1) / 2;
    ck_assert_int_eq(tape->instruction[first].flops, 4 * b * heads * s * s * d);
    ck_assert_int_eq(tape->executed[first], 4 * pairs * d);
    ck_assert_int_eq(tape->instruction[first].time, am_larger(moved(4 * one + rest), computed(4 * pairs * d, AM_BF16)));
    ck_assert_int_eq(tape->zone_work[AM_IN_BACKWARD][0].executed, 10 * pairs * d);
    ck_assert_int_eq(tape->zone_work[AM_IN_BACKWARD][0].flops, 10 * b * heads * s * s * d);
}
END_TEST

/* Figures beyond 2^63 are an error, not a number; a type without a rate names the device. */
START_TEST(refused)
{
    static const am_rates slow = {{1, 1, 1}, 1}, none = {{[AM_BF16] = 1}, 1};
    start(AM_DTYPE_COUNT);
    finish(am_linear(tape, learning(SHAPE(1 << 18, 1 << 18), AM_BF16), weight(SHAPE(1 << 18, 1 << 18), AM_BF16), 0));
    ck_assert_int_eq(am_cost_tape(tape, &some), AM_OK);
    ck_assert_int_eq(am_cost_tape(tape, &slow), AM_TOO_LARGE);
    start(AM_DTYPE_COUNT);
    finish(am_linear(tape, learning(SHAPE(4, 4), AM_FP32), weight(SHAPE(4, 4), AM_FP32), 0));
    ck_assert_int_eq(am_cost_tape(tape, &none), AM_UNSUPPORTED);
    ck_assert_str_eq(tape->status.field, "device");
    ck_assert_int_eq(am_compute_time(0, 5), 0);
    ck_assert_int_eq(am_compute_time(7, 1000), 7);
    ck_assert_int_eq(am_compute_time(1, 3000), 1);
    for (int64_t i = 1; i < 4000; i++) { /* by a reciprocal, and yet exact */
        int64_t rate = i * i + 7, n = rate * (((int64_t)1 << 48) / rate / 1000 * 2 + i);
        ck_assert_int_eq(am_compute_time(n, rate), n / rate * 1000);
        ck_assert_int_eq(am_compute_time(n + 1, rate), n / rate * 1000 + (1000 + rate - 1) / rate);
        ck_assert_int_eq(am_compute_time(n - 1, rate), n / rate * 1000 - 1000 / rate);
    }
    for (int64_t i = 1; i < 100; i++) { /* the nearest double is above the amount, or below it */
        int64_t n = ((int64_t)1 << 62) / 1000 - i;
        ck_assert_int_eq(am_compute_time(n, 1), n * 1000);
    }
    ck_assert_int_eq(am_compute_time(0, 0), 0);
    ck_assert_int_eq(am_compute_time(1, 0), INT64_MAX);
    ck_assert_int_eq(am_compute_time(INT64_MAX, 1), INT64_MAX);
    ck_assert_int_eq(am_compute_time((int64_t)1 << 60, 1 << 20), 1000LL << 40);
}
END_TEST

/* Rates that no time is long by, and so many operations that they alone are too many: two products of s² · d, of which backward
 * has two and a half times as many, are below 2^62 and its are above 2^63; a grouped product of 2^71. */
START_TEST(too_many)
{
    static const am_rates fast = {{INT32_MAX, INT32_MAX, INT32_MAX}, INT32_MAX};
    start(AM_DTYPE_COUNT);
    am_var part[3];
    for (int i = 0; i < 3; i++) part[i] = learning(SHAPE(1, 1, 1 << 25, 210), AM_BF16);
    finish(am_attention(tape, AM_OP_FLASH_ATTENTION, part[0], part[1], part[2], 0));
    ck_assert_int_eq(am_cost_tape(tape, &fast), AM_TOO_LARGE);
    start(AM_DTYPE_COUNT);
    am_var x = learning(SHAPE(1 << 19, 1 << 20), AM_BF16), offsets = am_buffer(tape, SHAPE(4), AM_I32, "offsets");
    finish(am_grouped_mm(tape, x, weight(SHAPE(4, 1 << 20, 1 << 20), AM_BF16), offsets));
    ck_assert_int_eq(am_cost_tape(tape, &fast), AM_TOO_LARGE);
    /* which stays so */
    tape->status.field[0] = 0;
    ck_assert_int_eq(am_cost_tape(tape, &some), AM_TOO_LARGE);
    ck_assert_str_eq(tape->status.field, "");
}
END_TEST

/* A row for each module, of which there are so many; what has none of its own is in the last, so that sums are whole. */
START_TEST(most_rows)
{
    enum { MODULES = AM_MAX_COST_ROWS + 5 };
    static char path[MODULES][4];
    static am_cost_row rows[AM_MAX_COST_ROWS];
    const uint16_t zone[AM_MAX_LAYER_KINDS] = {0};
    const int64_t layers[AM_MAX_LAYER_KINDS] = {0};
    int count;
    start(AM_DTYPE_COUNT);
    am_var x = learning(SHAPE(4, 8), AM_FP32);
    for (int i = 0; i < MODULES; i++) {
        snprintf(path[i], sizeof path[i], "%d", i);
        am_enter(tape, path[i], AM_C_MLP);
        x = am_unary(tape, AM_OP_TANH, x);
    }
    finish(x);
    ck_assert_int_eq(am_cost_rows(rows, &count, tape, &some, zone, layers, 0), AM_OK);
    ck_assert_int_eq(count, AM_MAX_COST_ROWS);
    int64_t time = 0, all = 0;
    for (int i = 0; i < count; i++) time += rows[i].time[AM_IN_FORWARD];
    for (int i = 0; i < AM_MAX_UNITS + 2; i++) all += tape->zone_time[i];
    ck_assert_int_eq(time, all);
}
END_TEST

/* ---- what must hold ---- */

static const char *const kinds[] = {
    "family=llama hidden=64 heads=4 kv_heads=2 ffn=96 vocab=128 seq=64 batch=2",
    "family=gpt2 hidden=64 heads=4 vocab=128 seq=64 batch=3 attention=eager dropout=0.1 checkpoint=full",
    "family=llama hidden=64 heads=4 ffn=96 vocab=128 seq=64 checkpoint=full reentrant=yes",
    "family=llama hidden=64 heads=4 ffn=96 vocab=128 seq=64 checkpoint=save:half-matmuls",
    "family=mixtral hidden=64 heads=4 kv_heads=2 ffn=96 vocab=128 seq=64 experts=4 experts_per_token=2",
    "stack=paper family=gpt2 hidden=64 heads=4 vocab=128 seq=64 batch=2 tp=4 sp=yes checkpoint=modules:core_attn",
    "stack=megatron hidden=64 heads=4 ffn=256 vocab=128 seq=64 batch=2 checkpoint=full",
};

/* One layer more costs as much as the one before it did. */
START_TEST(additive)
{
    am_outcome outcome[3];
    static const char *const layers[] = {"layers=4", "layers=5", "layers=6"};
    for (int i = 0; i < 3; i++) outcome[i] = *evaluate_with(kinds[_i], layers[i]);
    ck_assert_int_eq(outcome[2].forward_time - outcome[1].forward_time,
                     outcome[1].forward_time - outcome[0].forward_time);
    ck_assert_int_eq(outcome[2].backward_time - outcome[1].backward_time,
                     outcome[1].backward_time - outcome[0].backward_time);
    ck_assert_int_eq(outcome[2].recomputed_time - outcome[1].recomputed_time,
                     outcome[1].recomputed_time - outcome[0].recomputed_time);
    ck_assert_int_gt(outcome[1].backward_time, outcome[0].backward_time);
}
END_TEST

/* Played with every layer on the tape, the same. */
START_TEST(every_layer)
{
    am_rates rates;
    am_status status;
    am_record record = {.units = 6, .inner = 1, .regions = true};
    am_config config = config_of(strcat(strcpy(text, kinds[_i]), " layers=6"));
    ck_assert_int_eq(am_evaluate(&fixture_report, &fixture_workspace, &config, &status), AM_OK);
    ck_assert_int_eq(am_rates_of(&config, &rates, &status), AM_OK);
    int64_t value[AM_SYMBOL_COUNT];
    am_model_symbols(&config, value);
    am_extents_init(&extents, value);
    ck_assert_int_eq(am_model_record(tape, &extents, &config, record), AM_OK);
    ck_assert_int_eq(am_cost_tape(tape, &rates), AM_OK);
    int64_t forward = 0, backward = 0, flops = 0;
    for (int zone = 0; zone <= 7; zone++) {
        forward += tape->zone_time[zone];
        backward += tape->zone_backward_time[zone];
        flops += tape->zone_work[AM_IN_BACKWARD][zone].flops;
    }
    const am_outcome *outcome = &fixture_report.outcome;
    ck_assert_int_eq(outcome->forward_time, forward);
    ck_assert_int_eq(outcome->backward_time, backward);
    ck_assert_int_eq(outcome->work[AM_IN_BACKWARD].flops, flops);
}
END_TEST

/* A faster device is never slower; with compute or memory without end the other one's time is left. */
START_TEST(monotone)
{
    static const char *const devices[] = {
        "layers=4 device=mine device_gflops=1 device_bandwidth=1000",
        "layers=4 device=mine device_gflops=10 device_bandwidth=1000",
        "layers=4 device=mine device_gflops=10 device_bandwidth=5000",
        "layers=4 device=mine device_gflops=1000000000 device_bandwidth=5000",
    };
    int64_t before = INT64_MAX;
    for (int i = 0; i < COUNT(devices); i++) {
        const am_outcome *outcome = evaluate_with(kinds[_i], devices[i]);
        ck_assert_int_lt(am_outcome_time(outcome), before);
        before = am_outcome_time(outcome);
        int64_t bound = 0;
        for (int part = 0; part < AM_PART_COUNT; part++) bound += outcome->work[part].bound;
        ck_assert_int_le(bound, before);
        if (i == COUNT(devices) - 1) ck_assert_int_eq(bound, before);
    }
    const am_outcome *outcome =
        evaluate_with(kinds[_i], "layers=4 device=mine device_gflops=1000 device_bandwidth=1000000000");
    int64_t executed = 0, bound = 0;
    for (int part = 0; part < AM_PART_COUNT; part++) {
        executed += outcome->work[part].executed;
        bound += outcome->work[part].bound;
    }
    int64_t computing = am_outcome_time(outcome) - bound; /* a FLOP takes a picosecond */
    ck_assert_int_le(computing, executed);
    ck_assert_int_gt(computing * 10, executed * 9);
}
END_TEST

/* Rows of a layer of each kind, of the first one where it differs, and outside add up to the step. */
enum { LORA = 6 };
static const char *const summed[] = {
    "family=llama hidden=64 heads=4 kv_heads=2 ffn=96 vocab=128 seq=64 batch=2",
    "family=gpt2 hidden=64 heads=4 vocab=128 seq=64 batch=3 attention=eager dropout=0.1 checkpoint=full",
    "family=mixtral hidden=64 heads=4 kv_heads=2 ffn=96 vocab=128 seq=64 experts=4 experts_per_token=2",
    "stack=paper family=gpt2 hidden=64 heads=4 vocab=128 seq=64 batch=2 tp=4 sp=yes checkpoint=modules:core_attn",
    "stack=megatron hidden=64 heads=4 ffn=256 vocab=128 seq=64 batch=2 checkpoint=full",
    "family=llama hidden=64 heads=4 ffn=96 vocab=128 seq=64 trainable=none",
    [LORA] = "family=llama hidden=64 heads=4 ffn=96 vocab=128 seq=64 trainable=lora",
    "family=llama hidden=64 heads=4 ffn=96 vocab=128 seq=64 trainable=lora lora_targets=q,k,v,o,gate,up,down lora_dropout=0.1 dtype=fp32 autocast=bf16",
    "family=llama hidden=64 heads=4 ffn=96 vocab=128 seq=64 trainable=lora checkpoint=every:2",
    "family=llama hidden=64 heads=4 ffn=96 vocab=128 seq=64 trainable=lora lora_targets=down checkpoint=full attention=eager",
    "family=gemma2 hidden=64 heads=4 kv_heads=2 ffn=96 vocab=128 seq=64 sliding_window=16 trainable=lora",
    "family=gptj hidden=64 heads=4 vocab=128 seq=64 trainable=lora",
    "stack=liger family=llama hidden=64 heads=4 ffn=96 vocab=128 seq=64 trainable=lora",
    "family=llama hidden=64 heads=4 ffn=96 vocab=128 seq=64 trainable=lora checkpoint=save:matmuls",
    "family=llama hidden=64 heads=4 ffn=96 vocab=128 seq=64 trainable=lora checkpoint=block:1",
};

START_TEST(rows)
{
    static const char *const layers[] = {"layers=5", "layers=2", "layers=1"};
    const char *run = summed[_i / 3];
    if (strstr(run, "every:2") && _i % 3 == 2) return; /* two in one region */
    const am_outcome *outcome = evaluate_with(run, layers[_i % 3]);
    bool first = false;
    int64_t time[2] = {0}, flops[2] = {0}, bound[2] = {0};
    for (int i = 0; i < fixture_report.cost_rows; i++) {
        const am_cost_row *row = &fixture_report.cost_row[i];
        int64_t count = row->count;
        first |= row->first;
        ck_assert_int_gt(count, 0);
        for (int part = 0; part < 2; part++) {
            time[part] += count * row->time[part];
            flops[part] += count * row->flops[part];
            bound[part] += count * row->bound[part];
        }
    }
    if (run == summed[LORA]) ck_assert_int_eq(first, _i % 3 < 2);
    if (!strstr(run, "trainable=lora")) ck_assert(!first);
    ck_assert_int_eq(time[AM_IN_FORWARD], outcome->forward_time);
    ck_assert_int_eq(time[AM_IN_BACKWARD], outcome->backward_time);
    for (int part = 0; part < 2; part++) {
        ck_assert_int_eq(flops[part], outcome->work[part].flops);
        ck_assert_int_eq(bound[part], outcome->work[part].bound);
    }
}
END_TEST

/* A reentrant region plays its whole forward again, each layer once; another stops before its last product. */
START_TEST(recomputed)
{
    int64_t outside = 0;
    am_outcome whole = *evaluate(LLAMA " checkpoint=full reentrant=yes"), early;
    for (int i = 0; i < fixture_report.cost_rows; i++)
        if (fixture_report.cost_row[i].kind < 0) outside += fixture_report.cost_row[i].time[AM_IN_FORWARD];
    ck_assert_int_eq(whole.recomputed_time, whole.forward_time - outside);
    early = *evaluate(LLAMA " checkpoint=full");
    ck_assert_int_lt(early.recomputed_time, whole.recomputed_time);
    ck_assert_int_eq(early.forward_time, whole.forward_time);
    ck_assert_int_eq(early.backward_time, whole.backward_time);
    ck_assert_int_gt(evaluate(LLAMA " checkpoint=save:matmuls")->recomputed_time, 0); /* no FLOPs, but bytes */
}
END_TEST

/* ---- Korthikanti et al. 2022, table 4 ---- */

/* One layer of the 22B model on an A100: the roofline's overheads beside the measured ones. It knows neither collectives nor
 * what kernels miss of the datasheet's rates, so its layer takes 13.2 ms and not 19.6. Where the same kernels run twice the
 * ratios are alike: full recomputation 35.1 % against 39 %, since the second forward shows its all-reduces, which the
 * backward hides behind the weights' gradients; selective 6.6 % against 7 %; selective with sequence parallelism, of that
 * layer itself, 7.4 % against 6.8 % (20.3 / 19.0). Against the layer without sequence parallelism that is -3.8 %, measured
 * +4 %: it takes norms and dropout apart, which are 10.4 % of the roofline's layer, measured 3 %, since its collectives take
 * as long as those it replaces and the products of a real layer take longer. */
static double overhead(const char *base, const char *with)
{
    const char *layers[] = {"model=megatron-22b batch=4 device=a100-80-sxm layers=2 ",
                            "model=megatron-22b batch=4 device=a100-80-sxm layers=3 "};
    double time[2];
    for (int i = 0; i < 2; i++) {
        int64_t one = am_outcome_time(evaluate_with(layers[0], i ? with : base));
        time[i] = (double)(am_outcome_time(evaluate_with(layers[1], i ? with : base)) - one);
    }
    return 100 * (time[1] / time[0] - 1);
}

START_TEST(table_4)
{
    ck_assert_double_eq_tol(overhead("tp=8", "tp=8 checkpoint=full"), 35.07, 0.005);
    ck_assert_double_eq_tol(overhead("tp=8", "tp=8 checkpoint=modules:core_attn"), 6.65, 0.005);
    ck_assert_double_eq_tol(overhead("tp=8 sp=yes", "tp=8 sp=yes checkpoint=modules:core_attn"), 7.42, 0.005);
    ck_assert_double_eq_tol(overhead("tp=8", "tp=8 sp=yes"), -10.44, 0.005);
    ck_assert_double_eq_tol(overhead("tp=8", "tp=8 sp=yes checkpoint=modules:core_attn"), -3.79, 0.005);
}
END_TEST

Suite *test_cost_suite(void);
Suite *test_cost_suite(void)
{
    Suite *suite = suite_create("cost");
    TCase *tests = tcase_create("cost");
    tcase_add_loop_test(tests, counter, 0, COUNT(counted));
    tcase_add_loop_test(tests, experts, 0, 2);
    tcase_add_test(tests, sequence_parallel);
    tcase_add_test(tests, ring);
    tcase_add_test(tests, pipelines);
    tcase_add_test(tests, causal);
    tcase_add_loop_test(tests, window, 0, 3);
    tcase_add_test(tests, product);
    tcase_add_test(tests, traffic);
    tcase_add_test(tests, fused);
    tcase_add_test(tests, embedding);
    tcase_add_test(tests, attention);
    tcase_add_test(tests, refused);
    tcase_add_test(tests, too_many);
    tcase_add_test(tests, most_rows);
    tcase_add_loop_test(tests, additive, 0, COUNT(kinds));
    tcase_add_loop_test(tests, every_layer, 0, COUNT(kinds));
    tcase_add_loop_test(tests, monotone, 0, COUNT(kinds));
    tcase_add_loop_test(tests, rows, 0, 3 * COUNT(summed));
    tcase_add_test(tests, recomputed);
    tcase_add_test(tests, table_4);
    suite_add_tcase(suite, tests);
    return suite;
}
