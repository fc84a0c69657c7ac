/* What must hold of any configuration: drawn at random, from a fixed seed, so that a failure names its inputs. */
#include <stdio.h>
#include <string.h>

#include "fixture.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))

enum { PER_FAMILY = 8, MOST_DRAWS = 200 };

/* ---- drawing ---- */

static uint32_t state;

/* Marsaglia's xorshift: a number below n. */
static int below(int n)
{
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return (int)(state % (uint32_t)n);
}

#define ONE_OF(array) (array)[below(COUNT(array))]

/* The index-th value of a choice; NULL behind the last. */
static const char *choice(am_field_id field, int index)
{
    static char text[32];
    const char *start = am_fields[field].choices;
    for (; index > 0; index--) {
        start = strchr(start, '|');
        if (!start) return NULL;
        start++;
    }
    snprintf(text, sizeof text, "%.*s", (int)strcspn(start, "|"), start);
    return text;
}

static int choices(am_field_id field)
{
    int count = 0;
    while (choice(field, count)) count++;
    return count;
}

/* Hidden size, heads, and the keys that go with them: what one family needs another refuses, and is then
 * drawn again. */
static void draw_shape(char *text, size_t size)
{
    static const int group[] = {1, 1, 2, 3}, width[] = {8, 12, 16, 24}, ffn[] = {24, 40, 88};
    int kv_heads = 1 + below(2), heads = kv_heads * ONE_OF(group), head_dim = ONE_OF(width);
    int length = snprintf(text, size, "hidden=%d heads=%d", heads * head_dim, heads);
    text += length;
    size -= (size_t)length;
    switch (below(5)) {
    case 0: break;
    case 3:
        snprintf(text, size, " kv_heads=%d ffn=%d experts=4 experts_per_token=2 moe_ffn=%d shared_ffn=%d", kv_heads,
                 ONE_OF(ffn), ONE_OF(ffn), ONE_OF(ffn));
        break;
    case 1:
        snprintf(text, size, " kv_heads=%d head_dim=%d ffn=%d experts=4 experts_per_token=2 moe_ffn=%d", kv_heads,
                 head_dim, ONE_OF(ffn), ONE_OF(ffn));
        break;
    case 2:
        snprintf(text, size,
                 " head_dim=24 v_head_dim=16 rotary_dim=8 kv_rank=16 q_rank=%d ffn=%d experts=4 experts_per_token=2 "
                 "moe_ffn=24 shared_ffn=24 dense_layers=1",
                 24 * below(2), ONE_OF(ffn));
        break;
    default:
        snprintf(text, size, " kv_heads=%d head_dim=%d ffn=%d max_positions=64", kv_heads, head_dim, ONE_OF(ffn));
        break;
    }
}

/* Everything but batch, seq, what is trained and the policy. Odd sizes, so that nothing fits by chance. */
static void draw_model(int family, char *text, size_t size)
{
    static const int vocab[] = {17, 131, 640};
    static const char *const dtype[] = {"bf16", "bf16", "fp16", "fp32"};
    static const char *const attention[] = {"sdpa", "efficient", "flash", "eager"};
    char shape[256];
    draw_shape(shape, sizeof shape);
    snprintf(text, size, "family=%s layers=%d %s vocab=%d dtype=%s attention=%s", choice(AM_F_family, family),
             3 + below(3), shape, ONE_OF(vocab), ONE_OF(dtype), ONE_OF(attention));
}

/* ---- asking ---- */

typedef struct figures {
    int64_t saved, layer, after, forward, backward, step, gradients;
} figures;

static bool accepted(const char *text, am_config *config)
{
    am_status status;
    *config = am_default_config();
    if (am_config_parse(config, text, &status) != AM_OK) return false;
    return am_config_resolve(config, &status) == AM_OK;
}

/* The answer is in fixture_report, too. */
static bool ask(const char *text, figures *found)
{
    am_config config;
    am_status status;
    if (!accepted(text, &config)) return false;
    ck_assert_msg(am_evaluate(&fixture_report, &fixture_workspace, &config, &status) == AM_OK, "%s: %s", text,
                  status.message);
    const am_outcome *outcome = &fixture_report.outcome;
    *found = (figures){.saved = fixture_report.saved_bytes,
                       .layer = fixture_report.kind[fixture_report.kinds - 1].bytes,
                       .after = outcome->after_forward,
                       .forward = outcome->forward_peak,
                       .backward = outcome->backward_peak,
                       .step = outcome->step_peak,
                       .gradients = outcome->gradient_bytes};
    return true;
}

static char asked[512]; /* last */

static bool ask_with(const char *model, const char *more, figures *found)
{
    snprintf(asked, sizeof asked, "%s %s", model, more);
    return ask(asked, found);
}

static void at_most(const char *what, int64_t x, int64_t y)
{
    ck_assert_msg(x <= y, "%s: %s: %lld, %lld", asked, what, (long long)x, (long long)y);
}

static void equal(const char *what, int64_t x, int64_t y)
{
    ck_assert_msg(x == y, "%s: %s: %lld, %lld", asked, what, (long long)x, (long long)y);
}

/* ---- what must hold ---- */

static int64_t value_of(am_sum sum)
{
    int64_t value = 0;
    for (int i = 0; i < sum.count; i++) value += am_term_value(&sum.term[i], fixture_report.extents.value);
    return value;
}

/* Rows, kinds of layers and total say the same, and so do the closed forms. */
static void expect_sums(void)
{
    const am_report *report = &fixture_report;
    int64_t rows = 0, kinds = 0;
    for (int i = 0; i < report->rows; i++) rows += report->row[i].row.bytes * report->row[i].count;
    for (int i = 0; i < report->kinds; i++) {
        kinds += report->kind[i].bytes * report->kind[i].count;
        equal("closed form of a layer", value_of(am_report_formula(report, i)), report->kind[i].bytes);
    }
    equal("rows", rows, report->saved_bytes);
    equal("layers and what is outside", kinds + report->shared_bytes + report->outside_bytes,
          report->saved_bytes);
    equal("closed form outside", value_of(am_report_formula(report, AM_KIND_OUTSIDE)), report->outside_bytes);
    equal("closed form of what is shared", value_of(am_report_formula(report, AM_KIND_SHARED)),
          report->shared_bytes);
}

static void expect_peaks(const figures *found)
{
    at_most("kept, alive after the forward", found->saved, found->after);
    at_most("alive after the forward, forward peak", found->after, found->forward);
    at_most("forward peak, step peak", found->forward, found->step);
    at_most("backward peak, step peak", found->backward, found->step);
    at_most("gradients, step peak", found->gradients, found->step);
}

static void expect_growth(const char *model, const figures *own, const char *more)
{
    figures grown;
    if (!ask_with(model, more, &grown)) return;
    expect_sums();
    at_most("kept, with a longer or larger batch", own->saved + 1, grown.saved);
    at_most("alive, with a longer or larger batch", own->after + 1, grown.after);
    at_most("forward peak, with a longer or larger batch", own->forward, grown.forward);
    at_most("backward peak, with a longer or larger batch", own->backward, grown.backward);
}

/* A policy keeps no more than none, and runs nothing again for nothing. */
static void expect_policy(const char *model, const figures *own, const char *run, const char *policy)
{
    char more[128];
    figures found;
    snprintf(more, sizeof more, "%s checkpoint=%s", run, policy);
    if (!ask_with(model, more, &found)) return;
    expect_sums();
    expect_peaks(&found);
    at_most(policy, found.saved, own->saved);
    equal("gradients under a policy", found.gradients, own->gradients);
}

/* What is frozen keeps no more than what is trained. LoRA's first layers differ, since nothing before them is trained:
 * layers in the middle are compared. */
static void expect_training(const char *model, const figures *own, const char *run)
{
    char more[128];
    figures frozen, lora;
    snprintf(more, sizeof more, "%s trainable=none", run);
    if (!ask_with(model, more, &frozen)) return;
    expect_sums();
    expect_peaks(&frozen);
    at_most("a frozen layer, a trained one", frozen.layer, own->layer);
    equal("gradients of a frozen model", frozen.gradients, 0);
    snprintf(more, sizeof more, "%s trainable=lora lora_rank=1 lora_targets=down", run);
    if (!ask_with(model, more, &lora)) return;
    expect_sums();
    expect_peaks(&lora);
    at_most("a frozen layer, an adapted one", frozen.layer, lora.layer);
    at_most("an adapted layer, a trained one", lora.layer, own->layer);
    at_most("gradients of adapters, of all", lora.gradients, own->gradients);
}

/* Of one configuration; false if the core refuses it. */
static bool expect_properties(int family)
{
    static const char *const policies[] = {"full", "every:2", "block:1", "uniform:2"};
    char model[384], run[64], more[64];
    figures own;
    draw_model(family, model, sizeof model);
    int batch = 1 + below(3), seq = 2 + below(40);
    snprintf(run, sizeof run, "batch=%d seq=%d", batch, seq);
    if (!ask_with(model, run, &own)) return false;
    expect_sums();
    expect_peaks(&own);
    snprintf(more, sizeof more, "batch=%d seq=%d", batch + 1, seq);
    expect_growth(model, &own, more);
    snprintf(more, sizeof more, "batch=%d seq=%d", batch, seq + 1 + below(8));
    expect_growth(model, &own, more);
    expect_policy(model, &own, run, ONE_OF(policies));
    expect_training(model, &own, run);
    return true;
}

START_TEST(any_model)
{
    int families = choices(AM_F_family), reached = 0;
    for (int family = 0; family < families; family++) {
        int played = 0;
        state = 2026 + (uint32_t)family;
        for (int i = 0; i < MOST_DRAWS && played < PER_FAMILY; i++) played += expect_properties(family);
        reached += played == PER_FAMILY;
    }
    ck_assert_msg(reached >= families * 3 / 4, "draw_shape fits %d of %d families only", reached, families);
}
END_TEST

/* Runs of layers of two kinds, wherever a policy cuts them: the total is what the rows add up to. */
START_TEST(any_split)
{
    int patterned = 0;
    for (int i = 0; i < am_preset_count; i++) {
        am_config config;
        figures found;
        char text[128];
        snprintf(text, sizeof text, "model=%s seq=64", am_presets[i].name);
        if (!accepted(text, &config)) continue;
        am_pattern pattern = am_model_pattern(&config);
        if (pattern.period == 1 && pattern.prefix == 0) continue;
        patterned++;
        ask_with(text, "checkpoint=best", &found);
        expect_sums();
        for (int k = 1; k <= 9; k++) {
            char policy[32];
            snprintf(policy, sizeof policy, "checkpoint=block:%d", k);
            if (ask_with(text, policy, &found)) expect_sums();
            snprintf(policy, sizeof policy, "checkpoint=every:%d", k);
            if (ask_with(text, policy, &found)) expect_sums();
        }
    }
    ck_assert_int_ge(patterned, 5);
}
END_TEST

/* One rank of a tensor-parallel group holds at least its share of what one GPU would. */
START_TEST(any_share)
{
    state = 175;
    for (int i = 0; i < 40; i++) {
        static const int ranks[] = {2, 4, 8};
        static const char *const policies[] = {"none", "full", "modules:core_attn"};
        char model[256], more[96];
        figures whole, share;
        int tp = ONE_OF(ranks);
        snprintf(model, sizeof model,
                 "stack=paper family=gpt2 layers=%d hidden=%d heads=8 vocab=%d seq=%d batch=%d checkpoint=%s",
                 2 + below(4), 64 * (1 + below(4)), 64 * (1 + below(9)), 8 * (1 + below(9)), 1 + below(3),
                 ONE_OF(policies));
        ck_assert_msg(ask(model, &whole), "%s is refused", model);
        expect_sums();
        for (int sp = 0; sp < 2; sp++) {
            snprintf(more, sizeof more, "tp=%d sp=%s", tp, sp ? "yes" : "no");
            ck_assert_msg(ask_with(model, more, &share), "%s %s is refused", model, more);
            expect_sums();
            at_most("one GPU, all ranks", whole.saved, share.saved * tp);
            at_most("a rank, one GPU", share.saved, whole.saved);
        }
    }
}
END_TEST

/* ---- what is rarely asked together ---- */

static const struct {
    const char *text;
    am_code code;
    const char *said; /* in the report or, where it is refused, in the error */
} rarely[] = {
    {"model=llama-3-8b seq=8192 batch=64 stack=torch schedule=gpipe pp=2 micro_batches=1048576", AM_TOO_LARGE, "bytes would exceed 2^53"},
    {"model=llama-3-8b seq=8192 batch=64 stack=torch schedule=gpipe pp=2 micro_batches=1048576 checkpoint=budget:100GiB", AM_TOO_LARGE, "bytes would exceed 2^53"},
    {"model=llama-3-8b seq=8192 batch=64 stack=torch schedule=gpipe pp=2 micro_batches=1048576 frontier=yes checkpoint=full", AM_TOO_LARGE, "bytes would exceed 2^53"},
    {"model=llama-3-8b layers=1000", AM_OK, "Llama 3 8B with layers=1000"},
    {"model=llama-3-8b layers=1001", AM_OUT_OF_RANGE, "layers must be from 1 to 1000, not 1001"},
    {"model=llama-3-8b layers=2 stack=torch zero=3 dp=2 master_weights=yes trainable=lora", AM_UNSUPPORTED, "where every parameter learns"},
    {"model=llama-3-8b layers=2 trainable=lora lora_dtype=fp32 master_weights=yes", AM_CONFLICT, "is its own master copy"},
    {"model=llama-3-8b layers=2 trainable=lora optimizer=adamw_8bit", AM_OK, "LoRA"},
    {"model=llama-3-8b layers=2 trainable=none optimizer=adamw_8bit", AM_OK, "optimizer"},
    {"model=llama-3-8b layers=2 stack=torch zero=3 dp=2 optimizer=muon", AM_OK, "zero=3"},
    {"model=llama-3-8b stack=torch schedule=interleaved pp=4 vpp=2 micro_batches=14", AM_CONFLICT, "the nearest that are is micro_batches=15"},
    {"model=llama-3-8b layers=1000 stack=megatron pp=33", AM_CONFLICT, "pp=33 does not divide layers=1000; the nearest that does is pp="},
    {"model=llama-3-8b layers=4 stack=megatron pp=2 stage_layers=99,1", AM_CONFLICT, "does not sum to layers=4"},
    {"family=llama layers=2 hidden=64 heads=4 ffn=96 vocab=64 seq=32 stack=torch cp=2 tie_word_embeddings=yes", AM_OK, "cp=2"},
    {"family=starcoder2 layers=1 hidden=32 heads=2 kv_heads=2 head_dim=40 ffn=40 vocab=50 seq=2 checkpoint=regions:1x2", AM_OUT_OF_RANGE, "is of more than the model's 1 layers"},
    {"family=llama layers=2 hidden=64 heads=4 ffn=96 vocab=64 seq=1 stack=torch tp=2", AM_OK, "tp=2"},
    {"family=llama layers=4 hidden=64 heads=4 ffn=96 vocab=64 seq=32 stack=megatron activation=swiglu bias=no positions=rope norm=rmsnorm pp=2 micro_batches=2 tie_word_embeddings=yes", AM_OK, "pp=2"},
    {"family=llama layers=2 hidden=64 heads=2 ffn=96 vocab=64 seq=4 stack=torch cp=2", AM_OK, "cp=2"},
    {"family=llama layers=2 hidden=64 heads=1 head_dim=64 ffn=96 vocab=64 seq=8 batch=2 stack=torch cp=2", AM_OK, "cp=2"},
    {"family=cohere layers=5 hidden=24 heads=3 kv_heads=3 head_dim=8 ffn=24 vocab=17 qk_norm=yes batch=2 seq=33 trainable=lora lora_rank=8 lora_targets=k checkpoint=budget:10GiB", AM_OK, "checkpoint=budget:10GiB"},
    {"family=qwen3 layers=4 hidden=48 heads=6 kv_heads=3 head_dim=20 ffn=264 vocab=17 batch=2 seq=16 attention=eager trainable=lora lora_rank=1 lora_targets=down checkpoint=save:half-matmuls frontier=yes", AM_OK, "2 layers keeping base_layer;"},
    {"model=llama-3-8b seq=1500001 stack=megatron pp=2 micro_batches=2", AM_TOO_LARGE, "bytes would exceed 2^53"},
    {"model=llama-3-8b seq=1500001 batch=4 stack=megatron pp=32 micro_batches=32", AM_TOO_LARGE, "bytes would exceed 2^53"},
    {"model=llama-3-8b seq=1500001 batch=8 stack=megatron pp=32 micro_batches=32 frontier=yes", AM_TOO_LARGE, "bytes would exceed 2^53"},
    {"model=llama-3-8b seq=1500001 batch=20 stack=megatron pp=32 micro_batches=32 frontier=yes", AM_TOO_LARGE, "more than 2^61 floating-point operations"},
    {"model=llama-3-8b seq=16777216", AM_TOO_LARGE, "the layers played have more than 2^61"}, /* each product is below 2^63, their sum is not */
    {"model=gemma-2-9b trainable=lora lora_targets=down checkpoint=budget:20GiB", AM_OK, "checkpoint=budget:20GiB"}, /* other kinds of layers save the tables first */
    {"model=gemma-2-9b seq=512 trainable=lora lora_targets=q checkpoint=block:20", AM_OK, "checkpoint=block:20"},
    {"family=jais2 layers=2 hidden=48 heads=3 ffn=88 vocab=17 seq=16 trainable=lora lora_targets=down checkpoint=block:1", AM_OK, "checkpoint=block:1"}, /* a table that one plain layer keeps alone, and the region before it */
    {"family=gpt_oss layers=2 hidden=48 heads=2 ffn=88 vocab=640 experts=8 experts_per_token=2 moe_ffn=24 seq=1 dp=8 zero=3", AM_OK, "zero=3"}, /* of one token a sink's gradient is a part of another */
    {"family=olmo3 layers=4 hidden=72 heads=6 kv_heads=2 ffn=24 vocab=8 batch=2 seq=32 trainable=none checkpoint=revolve:2", AM_OK, "checkpoint=revolve:2"}, /* the one layer of full attention is taken in the forward */
    {"stack=megatron-local family=llama layers=12 hidden=64 heads=4 ffn=80 vocab=1280 dropout=0.1 batch=3 seq=2048 attention=eager pp=3 micro_batches=1 frontier=yes", AM_OK, "pp=3"}, /* block:2 peaks between two budgets */
    {"model=llama-3-8b seq=8388609 checkpoint=budget:80GiB", AM_TOO_LARGE, "the layers played have more than 2^61"},
    {"model=llama-3-8b seq=8388609 stack=megatron pp=2 micro_batches=2 checkpoint=budget:80GiB", AM_TOO_LARGE, "the layers played have more than 2^61"},
    {"family=gemma2 layers=60 hidden=32 heads=4 kv_heads=2 ffn=48 vocab=64 seq=64 sliding_window=4 layer_period=2 attention=eager checkpoint=budget:3MiB", AM_CAPACITY, "more plans than this build can hold"},
    {"stack=torch family=llama layers=400 pp=2 hidden=4096 heads=32 kv_heads=8 ffn=14336 vocab=32000 seq=512 checkpoint=budget:300GiB", AM_CAPACITY, "a smaller vpp, or another policy by name"},
    {"stack=torch family=llama layers=400 pp=2 hidden=4096 heads=32 kv_heads=8 ffn=14336 vocab=32000 seq=512 frontier=yes", AM_OK, "plain PyTorch"},
    {"family=gemma2 layers=30 hidden=32 heads=4 kv_heads=2 ffn=48 vocab=64 seq=64 sliding_window=4 layer_period=2 frontier=yes", AM_OK, "again: more than a line can say"},
    {"family=gemma2 layers=30 hidden=32 heads=4 kv_heads=2 ffn=48 vocab=64 seq=64 sliding_window=4 layer_period=2 checkpoint=budget:4124529B units=bytes", AM_OK, "more runs of layers"},
    {"layers=1000 hidden=64 heads=1 ffn=64 vocab=1048576 seq=1024 batch=16384", AM_TOO_LARGE, "bytes would exceed 2^53"},
    {"model=llama-3-8b seq=1048576", AM_OK, "1,048,576 tokens × 1"}, /* 2^61 FLOPs and more, none beyond what can be counted */
    {"model=qwen3-14b batch=110 seq=512 trainable=lora checkpoint=revolve:1 device_bandwidth=4", AM_TOO_LARGE, "bytes would exceed 2^53"}, /* times would */
    {"model=llama-3-8b seq=1048576 checkpoint=revolve:1", AM_TOO_LARGE, "bytes would exceed 2^53"}, /* FLOPs would */
    {"model=llama-3-8b seq=1500001 checkpoint=memory-budget:0.5", AM_TOO_LARGE, "bytes would exceed 2^53"},
    {"model=llama-3-8b seq=1500001 checkpoint=revolve:3", AM_TOO_LARGE, "bytes would exceed 2^53"},
    {"model=llama-3-8b seq=1500001 checkpoint=offload", AM_TOO_LARGE, "bytes would exceed 2^53"},
    {"model=llama-3-8b seq=1500001 checkpoint=offload:saved", AM_TOO_LARGE, "bytes would exceed 2^53"},
    {"model=llama-3-8b seq=1500001 checkpoint=best", AM_TOO_LARGE, "bytes would exceed 2^53"},
    {"model=llama-3-8b seq=1500001 layers=100 stack=torch pp=3 stage_layers=3,95,2 micro_batches=3 checkpoint=best", AM_TOO_LARGE, "bytes would exceed 2^53"},
    {"model=llama-3-70b layers=200 seq=30000 device=mine device_memory=80GiB device_gflops=1 device_bandwidth=1000 checkpoint=budget:9000GiB", AM_TOO_LARGE, "bytes would exceed 2^53"}, /* of which a frontier's sums would overflow */
    {"stack=torch family=llama hidden=64 heads=8 kv_heads=2 ffn=96 vocab=64 seq=32 layers=705 stage_layers=2,703x1 pp=11 vpp=64 schedule=interleaved micro_batches=22 checkpoint=best", AM_CAPACITY, "a smaller vpp, or another policy by name"},
    {"model=llama-3-8b seq=1500001 stack=torch zero=3 dp=2", AM_TOO_LARGE, "bytes would exceed 2^53"},
    {"stack=megatron family=llama activation=swiglu bias=no positions=rope norm=rmsnorm hidden=64 heads=8 kv_heads=2 ffn=96 vocab=64 seq=32 layers=704 pp=11 vpp=64 micro_batches=22 checkpoint=budget:1GiB", AM_CAPACITY, "a smaller vpp, or another policy by name"},
    {"stack=torch family=llama hidden=64 heads=8 kv_heads=2 ffn=96 vocab=64 seq=32 layers=704 pp=11 vpp=64 schedule=interleaved micro_batches=22 checkpoint=best", AM_OK, "pp=11"},
    {"stack=megatron family=llama activation=swiglu bias=no positions=rope norm=rmsnorm hidden=64 heads=8 kv_heads=2 ffn=96 vocab=64 seq=32 layers=704 pp=11 vpp=64 micro_batches=22 frontier=yes", AM_OK, "pp=11"},
    {"family=llama layers=3 hidden=64 heads=4 kv_heads=2 ffn=160 vocab=96 batch=2 seq=32 checkpoint=every:2 stack=liger frontier=yes", AM_OK, "1 layer keeping k_proj;"},
    {"stack=torch vocab=96 hidden=64 layers=3 heads=4 kv_heads=2 head_dim=16 ffn=160 batch=2 seq=32 reentrant=yes frontier=yes checkpoint=every:2", AM_OK, "1 layer keeping k and v;"},
    {"family=gemma3_text layers=3 hidden=64 heads=4 kv_heads=2 head_dim=16 ffn=160 vocab=96 batch=2 seq=32 sliding_window=16 layer_period=3 checkpoint=full frontier=yes", AM_OK, "1 keeping all products and attention"},
    {"family=qwen3 layers=3 hidden=64 heads=4 kv_heads=2 head_dim=16 ffn=160 vocab=96 batch=2 seq=32 attention=eager stack=liger frontier=yes checkpoint=revolve:3", AM_OK, "keeping self_attn's bmm"},
    {"stack=megatron-local layers=2 hidden=4096 heads=32 kv_heads=8 head_dim=128 ffn=14336 vocab=128256 seq=8192 norm=rmsnorm activation=swiglu bias=no positions=rope dropout=0 attention=flash tp=2 checkpoint=modules:layernorm frontier=yes", AM_OK, "Megatron-Core 0.16.1"},
    {"family=deepseek_v3 layers=1 hidden=32 heads=1 kv_heads=1 head_dim=20 ffn=24 vocab=17 rotary_dim=4 v_head_dim=12 kv_rank=8 q_rank=8 expert_groups=2 groups_per_token=1 experts=8 experts_per_token=1 moe_ffn=8 shared_ffn=16 dense_layers=1 seq=33 checkpoint=full reentrant=yes frontier=yes", AM_OK, "1 layer keeping everything"},
    {"family=gpt_neo layers=3 hidden=80 heads=4 ffn=320 vocab=1001 max_positions=128 batch=3 seq=33 attention=eager dtype=fp32 trainable=none device=mine device_gflops=100 device_fp32_gflops=50 device_bandwidth=10", AM_OK, "(0.1 TFLOP/s in fp32, 0 TB/s)"},
    {"model=codellama-13b seq=512 frontier=yes checkpoint=revolve:3", AM_OK, "Regions were of up to 16 layers"},
    {"stack=torch layers=4 hidden=4096 heads=32 kv_heads=8 head_dim=128 ffn=14336 vocab=1024 seq=4096 zero=3 dp=8 reshard=no frontier=yes checkpoint=full", AM_OK, "behind the forward too"},
    {"model=llama-3-8b max_positions=32 seq=64 device_bandwidth=1024 frontier=yes checkpoint=block:1", AM_OK, "(989.4 TFLOP/s in bf16, 0.001 TB/s)"},
    {"model=gpt2 seq=64 checkpoint=rotor:2GiB frontier=yes", AM_OK, "12 layers keeping everything"},
    {"model=gemma-3-12b seq=512 frontier=yes checkpoint=save:matmuls", AM_OK, "2 keeping all products and attention; 3 keeping everything"},
    {"model=gpt-oss-20b device_gflops=4096 checkpoint=budget:1GiB", AM_OUT_OF_RANGE, "no plan stays below 1,073,741,824 bytes"},
    {"model=llama-3-8b dp=2 checkpoint=rotor:12GiB master_weights=yes", AM_OK, "> rotor:12GiB"},
    {"model=llama-3-8b grad_dtype=fp32 device_gflops=1 loss=fused", AM_OK, "(0 TFLOP/s in bf16, 3.35 TB/s)"},
    {"family=llama layers=3 hidden=64 heads=4 kv_heads=2 ffn=160 vocab=5000 loss=fused batch=3 seq=200 frontier=yes checkpoint=offload:saved", AM_OK, "to the host"},
    {"stack=torch layers=2 heads=1 vocab=3 kv_heads=1 head_dim=8 hidden=40 ffn=36 tie_word_embeddings=yes loss=fp32 checkpoint=block:2 seq=100", AM_OK, "This policy in torch.utils.checkpoint"},
    {"stack=torch layers=4 hidden=4096 heads=32 kv_heads=8 head_dim=128 ffn=14336 vocab=1024 seq=4096 zero=3 dp=8 checkpoint=budget:1GiB", AM_OUT_OF_RANGE, "no plan stays below 1,073,741,824 bytes"},
    {"model=llama-3-8b expert_imbalance=100 checkpoint=offload frontier=yes", AM_OK, "at 25,000 MB/s"},
    {"family=smollm3 layers=5 hidden=72 heads=6 kv_heads=3 head_dim=16 ffn=264 vocab=8 qkv_bias=yes o_bias=yes mlp_bias=yes layer_period=4 seq=8 attention=eager dtype=fp32 frontier=yes", AM_OK, "Pareto-optimal plans"},
    {"family=starcoder2 layers=3 hidden=48 heads=6 kv_heads=2 head_dim=8 ffn=264 vocab=17 bias=no dropout=0.1 batch=3 seq=77 attention=eager trainable=lora lora_rank=8 lora_targets=q,v,o,up,down checkpoint=offload:saved", AM_OK, "keeps 0 GiB (0 bytes) for its backward pass"},
    {"stack=megatron-local layers=2 hidden=1024 heads=8 kv_heads=8 ffn=4096 vocab=512 seq=256 norm=layernorm activation=gelu bias=yes positions=learned dropout=0.1 attention=eager tp=8 distribute_saved=yes checkpoint=uniform:1 frontier=yes", AM_OK, "checkpoint=uniform:1, tp=8"},
    {"model=gpt3-175b stack=paper seq=512 checkpoint=every:2", AM_OK, "> every:2"},
    {"family=gpt_neo layers=4 hidden=128 heads=4 ffn=40 vocab=50 max_positions=128 dropout=0.1 attention_dropout=0.2 embedding_dropout=0.2 activation=gelu_new seq=77 frontier=yes", AM_OK, "Pareto-optimal plans"},
    {"model=llama-3-8b seq=1500001 frontier=yes", AM_TOO_LARGE, "bytes would exceed 2^53"},
    {"model=llama-3-8b checkpoint=rotor:1GiB frontier=yes", AM_OUT_OF_RANGE, "no schedule found stays below 1,073,741,824 bytes"},
    {"model=deepseek-v3 seq=512 frontier=yes", AM_OK, "H100"},
    {"model=mixtral-8x7b stack=megatron-local layers=8 checkpoint=budget:4GiB", AM_OK, "full"}, /* whose regions alone keep the rotary table, and run last */
    {"model=mixtral-8x7b stack=megatron-local layers=8 checkpoint=budget:4GiB pp=2", AM_OK, "4 full"},
    {"stack=megatron layers=2 hidden=64 heads=4 kv_heads=2 ffn=96 vocab=64 seq=32 norm=layernorm activation=gelu bias=yes positions=learned attention=flash", AM_OK, "Transformer Engine"},
    {"family=mixtral layers=1 hidden=524288 heads=1 head_dim=2 kv_heads=1 ffn=2 experts=2 experts_per_token=2 moe_ffn=65536 vocab=2 seq=32 batch=1048576", AM_TOO_LARGE, "more than 2^61"}, /* a grouped product's alone */
    {"model=llama-3-8b layers=4 seq=128 checkpoint=save:add", AM_OK, "save:add"},
    {"stack=megatron-local attention=flash family=mixtral layers=1 hidden=8 heads=1 kv_heads=1 head_dim=8 ffn=2 moe_ffn=2 experts=65536 experts_per_token=2 vocab=2 seq=65536 batch=1048576", AM_TOO_LARGE, "2^53"}, /* what dispatchers keep */
    {"model=llama-3-8b seq=512 checkpoint=budget:1MiB timeline=components", AM_OUT_OF_RANGE, "no plan stays below 1,048,576 bytes"},
};

/* All white space is one space, wherever a line ends. */
static void join_lines(char *text)
{
    char *to = text;
    for (const char *from = text; *from; from++)
        if (*from > ' ' || *from < 0 || (to > text && to[-1] != ' ')) *to++ = (char)(*from == '\n' ? ' ' : *from);
    *to = '\0';
}

/* The rows add up to what is kept, which is alive, no plan of the list beats the frontier, and its time falls as its peak rises; JSON fits into its own length and no less. */
START_TEST(rarely_asked)
{
    static char text[1 << 20];
    am_config config = am_default_config();
    am_status status;
    am_code code = am_config_parse(&config, rarely[_i].text, &status);
    if (code == AM_OK) code = am_evaluate(&fixture_report, &fixture_workspace, &config, &status);
    ck_assert_msg(code == rarely[_i].code, "%s: %s", rarely[_i].text, status.message);
    if (code != AM_OK) {
        ck_assert_msg(strstr(status.message, rarely[_i].said) != NULL, "%s", status.message);
        return;
    }
    int64_t kept = 0;
    const am_report *report = &fixture_report;
    for (int i = 0; i < report->rows; i++) kept += report->row[i].row.bytes * report->row[i].count;
    ck_assert_int_eq(kept, report->saved_bytes);
    ck_assert_int_le(kept, report->outcome.after_forward);
    ck_assert_int_ge(am_outcome_peak(&report->outcome), report->outcome.after_forward);
    const am_frontier_report *frontier = &report->frontier;
    for (int i = 1; frontier->found && i < frontier->rows; i++) {
        ck_assert_int_gt(frontier->row[i].peak_bytes, frontier->row[i - 1].peak_bytes);
        ck_assert_int_lt(frontier->row[i].recomputed_time, frontier->row[i - 1].recomputed_time);
    }
    if (report->ranks > 1 && frontier->found)
        for (int i = 0; i < report->plans; i++) ck_assert_int_ge(report->plan[i].excess_time, -1);
    size_t length = am_report_json(report, text, sizeof text);
    ck_assert_uint_gt(length, 0);
    ck_assert_uint_lt(length, 512 << 10);
    ck_assert_uint_eq(am_report_json(report, text, length), 0); /* one byte more is the final 0 */
    ck_assert_uint_eq(am_report_json(report, text, length + 1), length);
    ck_assert_uint_gt(am_report_text(report, text, sizeof text), 0);
    join_lines(text);
    ck_assert_msg(strstr(text, rarely[_i].said) != NULL, "%s: '%s' is not in %.2000s", rarely[_i].text, rarely[_i].said, text);
}
END_TEST

Suite *test_properties_suite(void);
Suite *test_properties_suite(void)
{
    Suite *suite = suite_create("properties");
    TCase *tests = tcase_create("properties");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, any_model);
    tcase_add_test(tests, any_share);
    tcase_add_test(tests, any_split);
    tcase_add_loop_test(tests, rarely_asked, 0, COUNT(rarely));
    suite_add_tcase(suite, tests);
    return suite;
}
