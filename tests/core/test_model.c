/* From a configuration to a record: the values of the symbols, the names of layers, and the zones that a record of each
 * family has. */
#include <stdio.h>
#include <string.h>

#include "fixture.h"
#include "tape.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))

static am_tape *const tape = &fixture_workspace.tape;

START_TEST(symbols)
{
    static const struct {
        const char *text;
        int64_t value[AM_SYMBOL_COUNT];
    } table[] = {
        {"family=qwen3 layers=3 hidden=48 heads=6 kv_heads=2 head_dim=20 ffn=40 vocab=64 seq=33 batch=3 trainable=lora "
         "lora_rank=5",
         {[AM_S] = 33,
          [AM_B] = 3,
          [AM_A] = 6,
          [AM_K] = 2,
          [AM_QKV] = 10,
          [AM_H] = 48,
          [AM_D] = 20,
          [AM_F] = 40,
          [AM_V] = 64,
          [AM_R] = 5,
          [AM_P] = 33,
          [AM_W] = 48,
          [AM_RD] = 20,
          [AM_REST] = 0,
          [AM_S_LESS] = 32,
          [AM_S1] = 34,
          [AM_S8] = 5,
          [AM_S_REST] = 3,
          [AM_S32] = 64,
          [AM_D8] = 24,
          [AM_G] = 1,
          [AM_TG] = 1,
          [AM_TP] = 1, [AM_CP] = 1, [AM_EP] = 1, [AM_ETP] = 1}},
        {"family=gpt2 layers=2 hidden=96 heads=4 vocab=100 seq=32 max_positions=50",
         {[AM_S] = 32,
          [AM_B] = 1,
          [AM_A] = 4,
          [AM_K] = 4,
          [AM_QKV] = 12,
          [AM_H] = 96,
          [AM_D] = 24,
          [AM_F] = 384,
          [AM_V] = 100,
          [AM_R] = 16,
          [AM_P] = 50,
          [AM_W] = 96,
          [AM_RD] = 0,
          [AM_REST] = 24,
          [AM_S_LESS] = 31,
          [AM_S1] = 33,
          [AM_S8] = 4,
          [AM_S_REST] = 0,
          [AM_S32] = 32,
          [AM_D8] = 24,
          [AM_G] = 1,
          [AM_TG] = 1,
          [AM_TP] = 1, [AM_CP] = 1, [AM_EP] = 1, [AM_ETP] = 1}},
        {"family=gpt2 stack=paper layers=2 hidden=96 heads=4 vocab=100 seq=1 tp=4",
         {[AM_S] = 1,
          [AM_B] = 1,
          [AM_A] = 4,
          [AM_K] = 4,
          [AM_QKV] = 12,
          [AM_H] = 96,
          [AM_D] = 24,
          [AM_F] = 384,
          [AM_V] = 100,
          [AM_R] = 16,
          [AM_P] = 1,
          [AM_W] = 96,
          [AM_RD] = 0,
          [AM_REST] = 24,
          [AM_S_LESS] = 0,
          [AM_S1] = 2,
          [AM_S8] = 1,
          [AM_S_REST] = 0,
          [AM_S32] = 32,
          [AM_D8] = 24,
          [AM_G] = 1,
          [AM_TG] = 1,
          [AM_TP] = 4, [AM_CP] = 1, [AM_EP] = 1, [AM_ETP] = 4}},
        {"family=opt layers=2 hidden=96 heads=4 vocab=100 seq=32 max_positions=50 embedding_dim=40",
         {[AM_S] = 32,
          [AM_B] = 1,
          [AM_A] = 4,
          [AM_K] = 4,
          [AM_QKV] = 12,
          [AM_H] = 96,
          [AM_D] = 24,
          [AM_F] = 384,
          [AM_V] = 100,
          [AM_R] = 16,
          [AM_P] = 52,
          [AM_W] = 40,
          [AM_RD] = 0,
          [AM_REST] = 24,
          [AM_S_LESS] = 31,
          [AM_S1] = 33,
          [AM_S8] = 4,
          [AM_S_REST] = 0,
          [AM_S32] = 32,
          [AM_D8] = 24,
          [AM_G] = 1,
          [AM_TG] = 1,
          [AM_TP] = 1, [AM_CP] = 1, [AM_EP] = 1, [AM_ETP] = 1}},
        {"family=gpt_neox layers=2 hidden=96 heads=4 ffn=100 vocab=100 seq=32",
         {[AM_S] = 32,
          [AM_B] = 1,
          [AM_A] = 4,
          [AM_K] = 4,
          [AM_QKV] = 12,
          [AM_H] = 96,
          [AM_D] = 24,
          [AM_F] = 100,
          [AM_V] = 100,
          [AM_R] = 16,
          [AM_P] = 32,
          [AM_W] = 96,
          [AM_RD] = 6,
          [AM_REST] = 18,
          [AM_S_LESS] = 31,
          [AM_S1] = 33,
          [AM_S8] = 4,
          [AM_S_REST] = 0,
          [AM_S32] = 32,
          [AM_D8] = 24,
          [AM_G] = 1,
          [AM_TG] = 1,
          [AM_TP] = 1, [AM_CP] = 1, [AM_EP] = 1, [AM_ETP] = 1}},
        {"family=deepseek_v3 layers=2 hidden=64 heads=2 head_dim=24 rotary_dim=8 v_head_dim=12 kv_rank=20 q_rank=10 "
         "experts=8 experts_per_token=3 moe_ffn=16 shared_ffn=32 expert_groups=4 groups_per_token=2 vocab=100 seq=32",
         {[AM_S] = 32,
          [AM_B] = 1,
          [AM_A] = 2,
          [AM_K] = 2,
          [AM_H] = 64,
          [AM_D] = 24,
          [AM_F] = 16,
          [AM_V] = 100,
          [AM_R] = 16,
          [AM_P] = 32,
          [AM_W] = 64,
          [AM_RD] = 8,
          [AM_REST] = 16,
          [AM_S1] = 33,
          [AM_S8] = 4,
          [AM_S_REST] = 0,
          [AM_S32] = 32,
          [AM_D8] = 24,
          [AM_QKV] = 6,
          [AM_S_LESS] = 31,
          [AM_E] = 8,
          [AM_T] = 3,
          [AM_M] = 16,
          [AM_SF] = 32,
          [AM_Q] = 10,
          [AM_C] = 20,
          [AM_U] = 12,
          [AM_CR] = 28,
          [AM_RU] = 28, [AM_DU] = 36,
          [AM_G] = 4,
          [AM_TG] = 2,
          [AM_TP] = 1, [AM_CP] = 1, [AM_EP] = 1, [AM_ETP] = 1}},
        {"model=llama-3-8b seq=8192 batch=2",
         {[AM_S] = 8192,
          [AM_B] = 2,
          [AM_A] = 32,
          [AM_K] = 8,
          [AM_QKV] = 48,
          [AM_H] = 4096,
          [AM_D] = 128,
          [AM_F] = 14336,
          [AM_V] = 128256,
          [AM_R] = 16,
          [AM_P] = 8192,
          [AM_W] = 4096,
          [AM_RD] = 128,
          [AM_REST] = 0,
          [AM_S_LESS] = 8191,
          [AM_S1] = 8193,
          [AM_S8] = 1024,
          [AM_S_REST] = 0,
          [AM_S32] = 8192,
          [AM_D8] = 128,
          [AM_G] = 1,
          [AM_TG] = 1,
          [AM_TP] = 1, [AM_CP] = 1, [AM_EP] = 1, [AM_ETP] = 1}},
    };
    for (int i = 0; i < COUNT(table); i++) {
        int64_t value[AM_SYMBOL_COUNT];
        am_config config = config_of(table[i].text);
        am_model_symbols(&config, value);
        for (int j = 0; j < AM_SYMBOL_COUNT; j++)
            ck_assert_msg(value[j] == table[i].value[j], "%s: %s is %lld, not %lld", table[i].text, am_symbols[j].text,
                          (long long)value[j], (long long)table[i].value[j]);
    }
}
END_TEST

/* Rows padded to 32 and heads padded to 8, on both sides of a multiple. */
/* What the experts of one rank get of its tokens, each for two of them, half as many again: 3/2 · 2 · 2 · 33/1, and of a rank with a
 * part of the sequence 3/2 · 2 · 2 · 34/2. Where that is too large it is no smaller number. */
START_TEST(rows_of_experts)
{
    static const struct {
        const char *text;
        int64_t rows;
    } table[] = {
        {"seq=33 batch=2 ep=2 expert_imbalance=150", 198},
        {"seq=34 batch=2 ep=2 tp=2 sp=yes expert_imbalance=150", 102},
        {"seq=33 batch=1 ep=2 expert_imbalance=101", 67}, /* 66.66 */
    };
    int64_t value[AM_SYMBOL_COUNT];
    am_config config;
    for (int i = 0; i < COUNT(table); i++) {
        char text[256];
        snprintf(text, sizeof text, "stack=megatron-local family=mixtral layers=2 hidden=64 heads=4 kv_heads=2 moe_ffn=64 experts=4 experts_per_token=2 vocab=100 %s",
                 table[i].text);
        config = config_of(text);
        am_model_symbols(&config, value);
        ck_assert_msg(value[AM_ROWS] == table[i].rows, "%s: %lld", table[i].text, (long long)value[AM_ROWS]);
    }
    config.seq = 1 << 24, config.batch = 1 << 20, config.experts_per_token = 1 << 16;
    am_model_symbols(&config, value);
    ck_assert_int_eq(value[AM_ROWS], AM_MAX_BYTES);
}
END_TEST

START_TEST(padded)
{
    for (int64_t n = 1; n <= 100; n++) {
        int64_t value[AM_SYMBOL_COUNT], rows = 0, width = 0;
        while (rows < n) rows += 32;
        while (width < n) width += 8;
        am_config config = config_of("family=gpt2 layers=1 hidden=8 heads=1 vocab=8 seq=8");
        config.seq = config.head_dim = n;
        am_model_symbols(&config, value);
        ck_assert_int_eq(value[AM_S32], rows);
        ck_assert_int_eq(value[AM_D8], width);
        ck_assert_int_eq(value[AM_S1], n + 1);
    }
}
END_TEST

static const struct {
    const char *text, *prefix;
    bool core; /* the paper's region is each layer's attention core */
} families[] = {
    {"family=llama layers=7 hidden=32 heads=4 kv_heads=2 ffn=48 vocab=64 seq=16", "model.layers.", false},
    {"family=mistral layers=7 hidden=32 heads=4 kv_heads=2 ffn=48 vocab=64 seq=16 sliding_window=8", "model.layers.",
     false},
    {"family=qwen2 layers=7 hidden=32 heads=4 kv_heads=2 ffn=48 vocab=64 seq=16 attention=eager", "model.layers.",
     false},
    {"family=qwen3 layers=7 hidden=32 heads=4 kv_heads=2 head_dim=20 ffn=48 vocab=64 seq=16", "model.layers.", false},
    {"family=gemma layers=7 hidden=32 heads=4 kv_heads=1 ffn=48 vocab=64 seq=16", "model.layers.", false},
    {"family=gpt2 layers=7 hidden=32 heads=4 vocab=64 seq=16 dropout=0.1", "transformer.h.", false},
    {"family=gpt2 layers=7 hidden=32 heads=4 vocab=64 seq=16 stack=paper", "layer.", true},
    {"layers=7 hidden=32 heads=4 kv_heads=2 ffn=48 vocab=64 seq=16 stack=torch", "layers.", false},
};

START_TEST(layer_prefix)
{
    am_config config = config_of(families[_i].text);
    ck_assert_str_eq(am_model_layer_prefix(&config), families[_i].prefix);
}
END_TEST

static void record_model(const char *text, am_record record)
{
    int64_t value[AM_SYMBOL_COUNT];
    am_config config = config_of(text);
    am_model_symbols(&config, value);
    am_extents_init(&fixture_report.extents, value);
    am_code code = am_model_record(tape, &fixture_report.extents, &config, record);
    ck_assert_msg(code == AM_OK, "%s: %s", text, tape->status.message);
}

/* First and last instruction of a zone; false if it has none. */
static bool bounds_of(int zone, int *first, int *last)
{
    *first = *last = -1;
    for (int i = 0; i < tape->instructions; i++)
        if (tape->instruction[i].zone == zone) {
            if (*first < 0) *first = i;
            *last = i;
        }
    return *first >= 0;
}

static bool same_instruction(const am_instruction *x, const am_instruction *y)
{
    return x->kind == y->kind && x->op == y->op && x->inputs == y->inputs && x->results == y->results &&
           x->flops == y->flops && x->module.path == y->module.path && x->module.leaf == y->module.leaf &&
           x->module.component == y->module.component;
}

static const am_record records[] = {
    {.units = 1, .inner = 1},
    {.units = 3, .inner = 1},
    {.units = 7, .inner = 1},
    {.units = 2, .inner = 1, .regions = true},
    {.units = 2, .inner = 3, .regions = true, .hooked = true},
};

/* A zone before the layers, one for each layer, one after them, in this order; the layers' code is the same. */
START_TEST(zones)
{
    for (int k = 0; k < COUNT(records); k++) {
        record_model(families[_i].text, records[k]);
        int layers = records[k].units * records[k].inner, first, last, behind = 0, length = 0, one = 0;
        ck_assert_int_eq(tape->zone, layers + 1);
        for (int zone = 0; zone <= layers + 1; zone++) {
            ck_assert_msg(bounds_of(zone, &first, &last), "%s: zone %d is empty", families[_i].text, zone);
            ck_assert_int_eq(first, behind);
            behind = last + 1;
            if (records[k].regions) continue; /* bounds of regions lie in their first and last layers only */
            if (zone == 1) {
                one = first;
                length = last - first + 1;
            } else if (zone > 1 && zone <= layers) {
                ck_assert_int_eq(last - first + 1, length);
                for (int i = 0; i < length; i++)
                    ck_assert(same_instruction(&tape->instruction[first + i], &tape->instruction[one + i]));
            }
        }
        ck_assert_int_eq(behind, tape->instructions);
        ck_assert_int_eq(am_step_play(&fixture_workspace.step, &fixture_workspace.player, tape, NULL), AM_OK);
        ck_assert_int_eq(fixture_workspace.step.layers, layers);
    }
}
END_TEST

/* As many regions as units, each around its own layers, and none where none are asked for. */
START_TEST(regions)
{
    for (int k = 0; k < COUNT(records); k++) {
        record_model(families[_i].text, records[k]);
        ck_assert_int_eq(tape->regions - 1, records[k].regions ? records[k].units : 0);
        for (int i = 1; i < tape->regions; i++) {
            const am_region *region = &tape->region[i];
            int first = (i - 1) * records[k].inner + 1, last = i * records[k].inner;
            ck_assert_int_eq(tape->instruction[region->start - 1].kind, AM_I_BEGIN);
            ck_assert_int_eq(tape->instruction[region->start - 1].zone, first);
            ck_assert_int_eq(tape->instruction[region->end].kind, AM_I_END);
            ck_assert_int_eq(tape->instruction[region->end].zone, last);
            for (int j = region->start; j < region->end; j++) {
                ck_assert_int_ge(tape->instruction[j].zone, first);
                ck_assert_int_le(tape->instruction[j].zone, last);
                ck_assert_int_eq(tape->instruction[j].region, i);
            }
        }
    }
}
END_TEST

/* The paper's selective recomputation: a region in each layer, from the scores to the weighted sum of the values. */
START_TEST(core_attention)
{
    record_model(families[_i].text, (am_record){.units = 3, .inner = 1, .modules = AM_MODULE_CORE_ATTN});
    ck_assert_int_eq(tape->regions - 1, families[_i].core ? 3 : 0);
    for (int i = 1; i < tape->regions; i++) {
        const am_region *region = &tape->region[i];
        ck_assert_int_eq(tape->instruction[region->start].zone, i);
        ck_assert_int_eq(region->matmuls, 2);
        for (int j = region->start; j < region->end; j++)
            ck_assert_str_eq(tape->instruction[j].module.path, "attention.core");
    }
}
END_TEST

/* Element types and what learns come from the configuration. */
START_TEST(precision_and_training)
{
    static const struct {
        const char *text;
        int dtype, autocast, adapter_dtype; /* adapter_dtype: AM_DTYPE_COUNT where there are none */
        bool trainable;
    } table[] = {
        {"", AM_BF16, AM_DTYPE_COUNT, AM_DTYPE_COUNT, true},
        {"dtype=fp16", AM_FP16, AM_DTYPE_COUNT, AM_DTYPE_COUNT, true},
        {"dtype=fp32", AM_FP32, AM_DTYPE_COUNT, AM_DTYPE_COUNT, true},
        {"dtype=fp32 autocast=bf16", AM_FP32, AM_BF16, AM_DTYPE_COUNT, true},
        {"dtype=fp32 autocast=fp16", AM_FP32, AM_FP16, AM_DTYPE_COUNT, true},
        {"trainable=none", AM_BF16, AM_DTYPE_COUNT, AM_DTYPE_COUNT, false},
        {"trainable=lora", AM_BF16, AM_DTYPE_COUNT, AM_BF16, false},
        {"trainable=lora lora_dtype=fp32 dtype=fp16", AM_FP16, AM_DTYPE_COUNT, AM_FP32, false},
    };
    for (int i = 0; i < COUNT(table); i++) {
        char text[256] = "family=llama layers=2 hidden=32 heads=4 ffn=48 vocab=64 seq=16 ";
        int adapters = 0;
        strcat(text, table[i].text);
        record_model(text, (am_record){.units = 2, .inner = 1});
        ck_assert_int_eq(tape->autocast, table[i].autocast);
        for (int j = 1; j < tape->tensors; j++) {
            const am_tensor *tensor = &tape->tensor[j];
            if (!tensor->parameter) continue;
            bool adapter = strncmp(tape->storage[tensor->storage].name, "LoRA", 4) == 0;
            adapters += adapter;
            ck_assert_int_eq(tensor->dtype, adapter ? table[i].adapter_dtype : table[i].dtype);
            ck_assert_int_eq(tensor->grad, adapter || table[i].trainable);
        }
        ck_assert_int_eq(
            adapters, table[i].adapter_dtype == AM_DTYPE_COUNT ? 0 : 2 * 2 * 2); /* A and B of q and v in two layers */
    }
}
END_TEST

/* The step ends with a scalar in fp32 and with logits [b, s, v] that the caller holds. */
START_TEST(loss_and_logits)
{
    record_model(families[_i].text, (am_record){.units = 3, .inner = 1});
    const am_tensor *loss = &tape->tensor[tape->loss], *logits = &tape->tensor[tape->logits];
    ck_assert_int_eq(loss->rank, 0);
    ck_assert_int_eq(loss->dtype, AM_FP32);
    ck_assert_int_ne(loss->node, 0);
    ck_assert_int_eq(logits->shape[logits->rank - 1], 64);
    ck_assert_int_eq(tape->storage[logits->storage].bytes, 2 * 16 * 64);
    ck_assert_str_eq(tape->storage[logits->storage].name, "logits");
}
END_TEST

Suite *test_model_suite(void);
Suite *test_model_suite(void)
{
    Suite *suite = suite_create("model");
    TCase *tests = tcase_create("model");
    tcase_add_test(tests, symbols);
    tcase_add_test(tests, rows_of_experts);
    tcase_add_test(tests, padded);
    tcase_add_loop_test(tests, layer_prefix, 0, COUNT(families));
    tcase_add_loop_test(tests, zones, 0, COUNT(families));
    tcase_add_loop_test(tests, regions, 0, COUNT(families));
    tcase_add_loop_test(tests, core_attention, 0, COUNT(families));
    tcase_add_test(tests, precision_and_training);
    tcase_add_loop_test(tests, loss_and_logits, 0, COUNT(families));
    suite_add_tcase(suite, tests);
    return suite;
}
