/* formulas.c: every published number, from the example that it is published with; every calculator against a second
 * implementation. */
#include "formulas.h"

#include <check.h>
#include <string.h>

static am_formula_answer evaluate(const am_formula *formula, const am_config *config)
{
    am_formula_reading reading;
    am_formula_read(&reading, config);
    return am_formula_evaluate(formula, &reading);
}

static const am_formula *formula_of(const char *id)
{
    for (int i = 0; i < am_formula_count; i++)
        if (strcmp(am_formulas[i].id, id) == 0) return &am_formulas[i];
    ck_abort_msg("no formula %s", id);
}

static am_config config_of(const char *text)
{
    am_status status;
    am_config config = am_default_config();
    ck_assert_msg(am_config_parse(&config, text, &status) == AM_OK, "%s: %s", text, status.message);
    ck_assert_msg(am_config_resolve(&config, &status) == AM_OK, "%s: %s", text, status.message);
    return config;
}

static int64_t all_of(const char *id, const am_config *config)
{
    am_formula_answer answer = evaluate(formula_of(id), config);
    return am_amount_total(&answer.all);
}

static int64_t layer_of(const char *id, const am_config *config)
{
    am_formula_answer answer = evaluate(formula_of(id), config);
    return am_amount_total(&answer.layer);
}

/* The explanations' numbers, once more and apart from the table. */
static const struct {
    const char *id;
    int64_t published;
} numbers[] = {
    {"lbshdc-elements", 4194304},
    {"lbshdc-unit", 16777216},
    {"lbshdc-layer", 201326592},
    {"lbshdc", 6442450944},
    {"lbshdc-1", 536870912},
    {"lbshdc-2", 1073741824},
    {"lbshdc-14", 7516192768},
    {"sbhl12", 1610612736},
    {"12lh2", 6442450944},
    {"gpt2-xl-parameters", 2127057600},
    {"gpt2-xl-states", 34032921600},
    {"gpt2-xl-elements", 2437939200},
    {"gpt2-xl-bytes", 9751756800},
    {"gpt2-xl-scores", 5033164800},
    {"34sbhl", 36507222016},
    {"34sbh-root", 7594476465}, /* 34·2^25·(5.656854 + 1), rounded down */
    {"34sbh-boundaries", 3288334336},
    {"paper-attention", 2290089984},
    {"paper-mlp", 478150656},
    {"paper-norms", 100663296},
    {"paper-layer", 2868903936},
    {"paper-model", 275414777856},
    {"notebook-512", 201326592},
    {"notebook-8192", 3221225472},
};

START_TEST(published)
{
    const am_formula *formula = formula_of(numbers[_i].id);
    am_config config = config_of(formula->example);
    ck_assert_int_eq(formula->published, numbers[_i].published);
    ck_assert_int_eq(all_of(formula->id, &config), numbers[_i].published);
    ck_assert_int_eq(layer_of(formula->id, &config), -1);
}
END_TEST

/* Bytes of one layer by formulas written in another language from the calculators' sources, rounded down. */
static const char *const shapes[] = {
    "model=llama-3-8b&seq=8192",
    "model=qwen3-4b&seq=1024&batch=2&attention=eager",
    "model=gpt2&seq=1024&batch=8&attention=eager",
    "model=gpt3-175b&seq=2048&batch=1&tp=8&sp=yes",
    "model=gpt3-175b&seq=2048&batch=1&tp=8",
};
enum { SHAPES = sizeof shapes / sizeof *shapes };
static const struct {
    const char *id;
    int64_t layer[SHAPES];
} calculators[] = {
    {"megatron", {1197893222, 187170816, 224604979, 343513497, 343513497}},
    {"megatron-sp", {1073741824, 174063616, 213909504, 106954752, 106954752}},
    {"megatron-bridge", {1073741824, 174063616, 213909504, 106954752, 106954752}},
    {"eleuther", {11878268928, 513802240, 717225984, 2868903936, 2868903936}},
    {"llm-analysis", {1310720000, 458227712, 635437056, 317718528, 603979776}},
    {"gpu-poor", {19662962688, 943734784, 1308688384, 5234507776, 5234507776}},
    {"ultra-scale", {12280922112, 589299712, 717225984, 2120220672, 578813952}},
    {"predict-memory", {1509949440, 248512512, 327155712, 163577856, 163577856}},
    {"asmirnov", {11710496768, 493879296, 717225984, 2868903936, 2868903936}},
    {"fujii", {1375731712, 227540992, 301989888, 150994944, 150994944}},
    {"mbridge", {1275068416, 211812352, 276824064, 314572800, 490733568}},
    {"simumax", {1141374976, 337641472, 452984832, 226492416, 402653184}},
    {"flagscale", {1207959552, 549453824, 717225984, 358612992, 578813952}},
    {"xtuner", {1124597760, 360710144, 452984832, 226492416, 226492416}},
    {"pith-train", {1544552448, 272891904, 327548928, 1309409280, 1309409280}},
    {"fsdp-estimator", {1040187392, 303038464, 408944640, 204472320, 204472320}},
    {"tyfan", {1308622848, 207618048, 251658240, 301989888, 301989888}},
    {"unsloth", {713072640, 123217920, 173056000, 692070400, 692070400}},
    {"agentic-rl", {369098752, 60817408, 75497472, 301989888, 301989888}},
    {"gpu-mem", {536870912, 83886080, 100663296, 50331648, 50331648}},
    {"kimphys", {134217728, 20971520, 25165824, 100663296, 100663296}},
    {"training-hub", {134217728, 20971520, 25165824, 100663296, 100663296}},
    {"deepspeed", {4831838208, 218103808, 301989888, 1207959552, 1207959552}},
    {"zero", {805306368, 125829120, 150994944, 603979776, 603979776}},
    {"llm-tools", {47513075712, 2055208960, 2868903936, 11475615744, 11475615744}},
    {"personal-copilot", {11748245504, 493486080, 694157312, 2769289216, 2769289216}},
    {"agentcalc", {134217728, 20971520, 25165824, 100663296, 100663296}},
    {"stas00", {1879048192, 293601280, 352321536, 1409286144, 1409286144}},
};

START_TEST(calculator)
{
    const am_formula *formula = formula_of(calculators[_i].id);
    ck_assert_int_eq(formula->published, calculators[_i].layer[0]);
    for (int i = 0; i < SHAPES; i++) {
        am_config config = config_of(shapes[i]);
        int64_t layer = layer_of(formula->id, &config);
        ck_assert_msg(layer == calculators[_i].layer[i], "%s, %s: %lld", formula->id, shapes[i], (long long)layer);
    }
}
END_TEST

/* With what stands outside the layers, and where every layer is checkpointed: by hand from the same sources. */
static const struct {
    const char *id, *text;
    int64_t bytes;
} wholes[] = {
    {"megatron-sp", "model=gpt3-175b&seq=2048&batch=1&tp=8&sp=yes&pp=8",
     96LL * 106954752 + (8LL * 2048 * 8 + 2048LL * 12288 * 8) / 8},
    {"megatron-sp", "model=gpt3-175b&seq=2048&batch=1&tp=8&sp=yes&pp=8&vpp=3",
     (96LL * 106954752 + (8LL * 2048 * 8 + 2048LL * 12288 * 8) / 8) * (3 * 8 + 7) / (3 * 8)},
    {"megatron-sp", "model=gpt3-175b&seq=2048&batch=1&tp=8&sp=yes",
     96LL * 106954752 + (8LL * 2048 + 2048LL * 12288) / 8 + 4LL * 2048 * (12288 + 51200) / 8},
    {"megatron-sp", "model=gpt3-175b&checkpoint=full", -1},
    {"eleuther", "model=llama-3-8b&seq=8192&checkpoint=full", 34LL * 8192 * 4096 * 32},
    {"gpu-poor", "model=llama-3-8b&seq=8192&checkpoint=full", 32LL * 19662962688 * 15 / 100},
    {"ultra-scale", "model=llama-3-8b&seq=8192&checkpoint=full", 8192LL * (2 * 4096 * 32 + 5 * 4096 + 4 * 128256)},
    {"predict-memory", "model=llama-3-8b&seq=8192", 32LL * 1509949440 + 8LL * 8192 * 128256},
    {"mbridge", "model=llama-3-8b&seq=8192&checkpoint=full", 2LL * 8192 * 4096 * 32 + 6LL * 8192 * 128256},
    {"fsdp-estimator", "model=llama-3-8b&seq=8192&checkpoint=full",
     32LL * 67108864 + 1040187392 + 8192LL * (2 * 4096 + 6 * 128256)},
    {"unsloth", "model=llama-3-8b&seq=8192&checkpoint=full", 2LL * 713072640},
    {"agentic-rl", "model=llama-3-8b&seq=8192", 32LL * 369098752 + 8LL * 8192 * 4096},
    {"stas00", "model=llama-3-8b&seq=8192&checkpoint=full", 32LL * 67108864 + 1879048192 + 6LL * 8192 * 128256},
    {"ultra-scale", "model=gpt3-175b&seq=2048&checkpoint=modules:core_attn",
     96LL * 2048 * (18 * 12288 + 4 * 49152) + 2048LL * (5 * 12288 + 4 * 51200)},
    {"llm-analysis", "model=llama-3-8b&checkpoint=every:2", -1},
    {"34sbhl", "model=llama-3-8b&seq=8192&checkpoint=every:2", 34LL * 8192 * 4096 * 32},
};

START_TEST(whole)
{
    am_config config = config_of(wholes[_i].text);
    ck_assert_int_eq(all_of(wholes[_i].id, &config), wholes[_i].bytes);
}
END_TEST

START_TEST(table)
{
    ck_assert_int_eq(am_formula_count, sizeof numbers / sizeof *numbers + sizeof calculators / sizeof *calculators);
    ck_assert_int_ge((int)(sizeof calculators / sizeof *calculators), 20);
    for (int i = 0; i < am_formula_count; i++) {
        const am_formula *formula = &am_formulas[i];
        ck_assert_int_gt((int)strlen(formula->name), 0);
        ck_assert_int_gt((int)strlen(formula->source), 0);
        ck_assert_int_gt((int)strlen(formula->expression), 0);
        ck_assert_int_gt((int)strlen(formula->caveat), 0);
        ck_assert_int_eq(formula->caveat[strlen(formula->caveat) - 1], '.');
        for (int j = 0; j < i; j++) ck_assert_str_ne(formula->id, am_formulas[j].id);
    }
}
END_TEST

/* Whatever can be asked for: a figure below 2^53 or none, never a wrapped one. */
START_TEST(extremes)
{
    am_config config = am_default_config();
    config.layers = 1000;
    config.seq = config.vocab = 16777216;
    config.batch = config.hidden = 1048576;
    config.heads = 65536;
    config.ffn = 4194304;
    for (int i = 0; i < am_formula_count; i++) {
        am_formula_answer answer = evaluate(&am_formulas[i], &config);
        int64_t value = am_amount_total(&answer.all);
        ck_assert_int_ge(value, -1);
        ck_assert_int_le(value, AM_MAX_BYTES);
    }
    ck_assert_int_eq(all_of("34sbhl", &config), -1);
    ck_assert_int_eq(all_of("34sbh-root", &config), -1);
}
END_TEST

/* √L is exact for squares, and never above its value. */
START_TEST(roots)
{
    am_config config = config_of("layers=1&hidden=64&heads=4&ffn=256&vocab=100&seq=100&batch=1");
    int64_t layer = 34 * 64 * 100;
    for (int64_t root = 1; root <= 31; root++) {
        config.layers = root * root;
        ck_assert_int_eq(all_of("34sbh-root", &config), layer * (root + 1));
    }
    config.layers = 2;
    ck_assert_int_eq(all_of("34sbh-root", &config), layer + layer * 1414213 / 1000000);
}
END_TEST

START_TEST(value_size)
{
    am_config config = config_of("layers=32&hidden=4096&heads=32&ffn=16384&vocab=32000&seq=1024&batch=1&dtype=bf16");
    ck_assert_int_eq(all_of("lbshdc", &config), 6442450944 / 2);
    config.dtype = AM_FP32;
    config.autocast = AM_AUTOCAST_BF16;
    ck_assert_int_eq(all_of("lbshdc", &config), 6442450944 / 2);
}
END_TEST

/* What a term grows with, and nothing lost. */
START_TEST(parts)
{
    am_config config = config_of("model=llama-3-8b&seq=8192&attention=eager");
    int64_t sbh = 8192 * 4096, part[AM_SHARE_COUNT];
    am_formula_answer answer = evaluate(formula_of("ultra-scale"), &config);
    ck_assert_int_ge(am_amount_parts(&answer.layer, part), 0);
    ck_assert_int_eq(part[AM_SHARE_HIDDEN], 18 * sbh);
    ck_assert_int_eq(part[AM_SHARE_KV], 0);
    ck_assert_int_eq(part[AM_SHARE_FFN], 8LL * 8192 * 14336);
    ck_assert_int_eq(part[AM_SHARE_SCORES], 5LL * 32 * 8192 * 8192);
    ck_assert_int_ge(am_amount_parts(&answer.all, part), 0);
    ck_assert_int_eq(part[AM_SHARE_VOCAB], 4LL * 8192 * 128256);
    for (int i = 0; i < am_formula_count; i++) {
        am_formula_answer any = evaluate(&am_formulas[i], &config);
        int64_t total = 0;
        if (am_amount_parts(&any.all, part) < 0) continue;
        for (int j = 0; j < AM_SHARE_COUNT; j++) total += part[j];
        ck_assert_int_eq(total, am_amount_total(&any.all));
    }
}
END_TEST

Suite *test_formulas_suite(void);
Suite *test_formulas_suite(void)
{
    Suite *suite = suite_create("formulas");
    TCase *tests = tcase_create("formulas");
    tcase_add_loop_test(tests, published, 0, sizeof numbers / sizeof *numbers);
    tcase_add_loop_test(tests, calculator, 0, sizeof calculators / sizeof *calculators);
    tcase_add_loop_test(tests, whole, 0, sizeof wholes / sizeof *wholes);
    tcase_add_test(tests, parts);
    tcase_add_test(tests, table);
    tcase_add_test(tests, extremes);
    tcase_add_test(tests, roots);
    tcase_add_test(tests, value_size);
    suite_add_tcase(suite, tests);
    return suite;
}
