/* presets.c: the models by name. */
#include "inputs.h"

static am_report report;
static am_workspace workspace;

/* Parameters, written down once more from the shapes: not the way the tape counts them. */
static int64_t count_gpt2(void)
{
    int64_t h = config.hidden, f = config.ffn;
    int64_t layer = (3 * h * h + 3 * h) + (h * h + h) + (h * f + f) + (f * h + h) + 4 * h;
    return config.vocab * h + config.max_positions * h + config.layers * layer + 2 * h;
}

static int64_t count_llama(void)
{
    int64_t h = config.hidden, query = config.heads * config.head_dim, key = config.kv_heads * config.head_dim;
    int64_t layer = 2 * h * query + 2 * h * key + 3 * h * config.ffn + 2 * h;
    if (config.qkv_bias) layer += query + 2 * key;
    if (config.qk_norm) layer += 2 * config.head_dim;
    return config.vocab * h * (config.tie_word_embeddings ? 1 : 2) + config.layers * layer + h;
}

/* Attention with keys and values of all heads, or through latents; without the MLP. */
static int64_t count_attention(void)
{
    int64_t h = config.hidden, a = config.heads, d = config.head_dim, u = config.v_head_dim, q = config.q_rank;
    int64_t c = config.kv_rank, key = config.kv_heads * d;
    int64_t biases = (config.qkv_bias ? a * d + 2 * key : 0) + (config.o_bias ? h : 0);
    int64_t norms = !config.qk_norm ? 0 : config.family == AM_FAMILY_OLMOE ? a * d + key : 2 * d;
    if (c == 0) return 2 * h * a * d + 2 * h * key + biases + norms;
    int64_t query = q ? h * q + q + q * a * d : h * a * d;
    return query + h * (c + config.rotary_dim) + c + c * a * (d - config.rotary_dim + u) + a * u * h;
}

static int64_t count_experts(void)
{
    int64_t h = config.hidden, each = 3 * h * config.moe_ffn, dense = 3 * h * config.ffn;
    int64_t experts = config.experts * each + h * config.experts + 3 * h * config.shared_ffn;
    if (config.family == AM_FAMILY_QWEN2_MOE) experts += h;
    if (config.family == AM_FAMILY_GPT_OSS) experts += config.experts * (2 * config.moe_ffn + h + 1) + config.heads;
    int64_t feed_forward = config.dense_layers * dense + (config.layers - config.dense_layers) * experts;
    return 2 * config.vocab * h + config.layers * (count_attention() + 2 * h) + feed_forward + h;
}

START_TEST(resolves)
{
    const am_preset *preset = &am_presets[_i];
    config = am_default_config();
    config.seq = 1024;
    expect_fine(preset->name, am_preset_apply(&config, preset->name, &status));
    ck_assert_str_eq(config.model, preset->name);
    ck_assert_int_eq(config.seq, 1024);
    expect_fine(preset->name, am_config_resolve(&config, &status));
    ck_assert_uint_gt(strlen(preset->label), 0);
    ck_assert_uint_gt(strlen(preset->source), 0);
    ck_assert_uint_lt(strlen(preset->name), AM_TEXT_SIZE);
    for (int i = 0; i < _i; i++) ck_assert_str_ne(am_presets[i].name, preset->name);
}
END_TEST

START_TEST(published_parameters)
{
    const am_preset *preset = &am_presets[_i];
    config = am_default_config();
    config.seq = 1024;
    expect_fine(preset->name, am_preset_apply(&config, preset->name, &status));
    expect_fine(preset->name, am_config_resolve(&config, &status));
    if (preset->parameters == 0) return;
    expect_fine(preset->name, am_evaluate(&report, &workspace, &config, &status));
    ck_assert_msg(report.parameters.total == preset->parameters, "%s: %lld on the tape, %lld published", preset->name,
                  (long long)report.parameters.total, (long long)preset->parameters);
    if (config.family == AM_FAMILY_GPT2) ck_assert_int_eq(count_gpt2(), preset->parameters);
    if (config.family <= AM_FAMILY_GEMMA) ck_assert_int_eq(count_llama(), preset->parameters);
    if (config.experts > 0) ck_assert_int_eq(count_experts(), preset->parameters);
}
END_TEST

/* What a link or a form writes for a preset is the preset. */
START_TEST(text)
{
    char written[512];
    const am_preset *preset = &am_presets[_i];
    ck_assert_uint_gt(am_preset_text(preset, written, sizeof written), 0);
    am_config by_name = am_default_config();
    expect_fine(preset->name, am_preset_apply(&by_name, preset->name, &status));
    expect_fine(written, parse(written));
    memset(by_name.model, 0, sizeof by_name.model);
    memset(config.model, 0, sizeof config.model);
    ck_assert_mem_eq(&config, &by_name, sizeof config);
    ck_assert_uint_eq(am_preset_text(preset, written, 20), 0);
}
END_TEST

/* core.wasm has the names of the models that it answers for, and no others. */
START_TEST(later_where_its_family_is)
{
    static const bool later[AM_FAMILY_COUNT] = {
#define AM_FAMILY(id, name)
#define AM_FAMILY_LATER(id, name) [AM_FAMILY_##id] = true,
#include "families.def"
#undef AM_FAMILY
    };
    static const struct {
        const char *name;
        int family;
        bool later;
    } rows[] = {
#define AM_PRESET(name, label, source, family, ...)       {name, AM_FAMILY_##family, false},
#define AM_PRESET_LATER(name, label, source, family, ...) {name, AM_FAMILY_##family, true},
#include "presets.def"
#undef AM_PRESET
    };
    ck_assert_int_eq((int)COUNT(rows), am_preset_count);
    for (size_t i = 0; i < COUNT(rows); i++)
        ck_assert_msg(later[rows[i].family] == rows[i].later, "%s: its family is %s", rows[i].name,
                      rows[i].later ? "no AM_FAMILY_LATER" : "an AM_FAMILY_LATER: AM_PRESET_LATER");
}
END_TEST

START_TEST(enough)
{
    int counted = 0;
    for (int i = 0; i < am_preset_count; i++) counted += am_presets[i].parameters > 0;
    ck_assert_int_ge(am_preset_count, 80);
    ck_assert_int_ge(counted, 75);
}
END_TEST

/* What is known of a shape must not hang on a preset's text alone. */
START_TEST(shapes)
{
    static const struct {
        const char *name;
        int64_t layers, hidden, heads, kv_heads, head_dim, ffn, vocab, tied;
    } rows[] = {
        {"gpt2", 12, 768, 12, 12, 64, 3072, 50257, 1},
        {"gpt2-xl", 48, 1600, 25, 25, 64, 6400, 50257, 1},
        {"llama-2-7b", 32, 4096, 32, 32, 128, 11008, 32000, 0},
        {"llama-3-8b", 32, 4096, 32, 8, 128, 14336, 128256, 0},
        {"llama-3-70b", 80, 8192, 64, 8, 128, 28672, 128256, 0},
        {"qwen2.5-7b", 28, 3584, 28, 4, 128, 18944, 152064, 0},
        {"qwen3-4b", 36, 2560, 32, 8, 128, 9728, 151936, 1},
        {"mistral-7b", 32, 4096, 32, 8, 128, 14336, 32000, 0},
        {"mixtral-8x7b", 32, 4096, 32, 8, 128, 14336, 32000, 0},
        {"deepseek-v3", 61, 7168, 128, 128, 192, 18432, 129280, 0},
        {"gemma-2b", 18, 2048, 8, 1, 256, 16384, 256000, 1},
        {"smollm2-360m", 32, 960, 15, 5, 64, 2560, 49152, 1},
        {"gpt3-175b", 96, 12288, 96, 96, 128, 49152, 51200, 1},
        {"megatron-22b", 48, 6144, 64, 64, 96, 24576, 51200, 1},
        {"mt-nlg-530b", 105, 20480, 128, 128, 160, 81920, 51200, 1},
        {"megatron-1t", 128, 25600, 160, 160, 160, 102400, 51200, 1},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        config = am_default_config();
        config.seq = 1024;
        expect_fine(rows[i].name, am_preset_apply(&config, rows[i].name, &status));
        expect_fine(rows[i].name, am_config_resolve(&config, &status));
        ck_assert_int_eq(config.layers, rows[i].layers);
        ck_assert_int_eq(config.hidden, rows[i].hidden);
        ck_assert_int_eq(config.heads, rows[i].heads);
        ck_assert_int_eq(config.kv_heads, rows[i].kv_heads);
        ck_assert_int_eq(config.head_dim, rows[i].head_dim);
        ck_assert_int_eq(config.ffn, rows[i].ffn);
        ck_assert_int_eq(config.vocab, rows[i].vocab);
        ck_assert_int_eq(config.tie_word_embeddings, rows[i].tied);
    }
}
END_TEST

START_TEST(leaves_no_trace_of_another)
{
    config = am_default_config();
    expect_fine("", am_preset_apply(&config, "mistral-7b", &status));
    ck_assert_int_eq(config.sliding_window, 4096);
    expect_fine("", am_preset_apply(&config, "gpt2", &status));
    am_config direct = am_default_config();
    expect_fine("", am_preset_apply(&direct, "gpt2", &status));
    ck_assert_int_eq(config.sliding_window, AM_AUTO);
    ck_assert_int_eq(config.kv_heads, AM_AUTO);
    ck_assert_int_eq(config.layers, direct.layers);
}
END_TEST

static const struct {
    const char *written, *nearest;
} unknown[] = {
    {"llama3-8b", "nearest are llama-3-8b"},
    {"LLAMA3-8B", "nearest are llama-3-8b"},
    {"llama-4.1-8b", "llama-3.1-8b"},
    {"llama3", "nearest are llama-3-8b"},
    {"Llama-3", "nearest are llama-3-8b"},
    {"gpt-2", "nearest are gpt2"},
    {"mistral", "nearest are mistral-7b"},
    {"qwen3", "nearest are qwen3-4b"},
    {"gpt3", "gpt3-175b"},
    {"somebody/Llama-3-8B-tuned", "the nearest are llama-3-8b, "},
    {"somebody/", "there is no model 'somebody/'"},
    {"", "there is no model ''"},
    {"somebody/nosuch", "there is no model 'somebody/nosuch', nor one with such a name: layers, hidden,"},
    {"something-else-altogether", "there is no model 'something-else-altogether'"},
    {"Korthikanti", "there is no model 'Korthikanti'"}, /* a source, but no repository */
    {"nosuch", "there is no model 'nosuch', nor one with such a name: layers, hidden, heads, ffn and vocab"},
};

/* As the Hub writes them. */
START_TEST(capitals)
{
    static const char *const written[] = {"Llama-3-8B", "QWEN2.5-7B", "GPT2"};
    for (size_t i = 0; i < COUNT(written); i++) {
        char small[32];
        size_t length = 0;
        for (; written[i][length]; length++) small[length] = (char)(written[i][length] | (written[i][length] >= 'A' ? 32 : 0));
        small[length] = '\0';
        am_config by_name = am_default_config();
        config = by_name;
        expect_fine(written[i], am_preset_apply(&config, written[i], &status));
        expect_fine(small, am_preset_apply(&by_name, small, &status));
        ck_assert_mem_eq(&config, &by_name, sizeof config);
    }
}
END_TEST

START_TEST(unknown_name)
{
    config = am_default_config();
    am_code code = am_preset_apply(&config, unknown[_i].written, &status);
    expect_error(unknown[_i].written, code, AM_UNKNOWN_MODEL, "model", unknown[_i].nearest);
    am_config untouched = am_default_config();
    ck_assert_mem_eq(&config, &untouched, sizeof config);
}
END_TEST

/* A repository of the Hub, as people copy it, is the preset that was read from it. */
START_TEST(repository)
{
    static const char hub[] = "huggingface.co/";
    const am_preset *preset = &am_presets[_i];
    if (strncmp(preset->source, hub, sizeof hub - 1) != 0) return;
    char address[128] = "https://";
    strncat(address, preset->source, strcspn(preset->source, " "));
    am_config by_name = am_default_config();
    expect_fine(preset->name, am_preset_apply(&by_name, preset->name, &status));
    const char *const forms[] = {address, strstr(address, hub), strstr(address, hub) + strlen(hub), strrchr(address, '/') + 1};
    for (size_t i = 0; i < COUNT(forms); i++) {
        config = am_default_config();
        expect_fine(forms[i], am_preset_apply(&config, forms[i], &status));
        if (i == 3 && am_preset_find(forms[i])) continue; /* a preset's own name comes first */
        ck_assert_msg(memcmp(&config, &by_name, sizeof config) == 0, "%s is %s", forms[i], config.model);
    }
}
END_TEST

/* The paper's models on the paper's stack, laid out as in its table 3. */
START_TEST(paper_models)
{
    static const char *const texts[] = {
        "model=megatron-22b stack=paper attention=eager tp=8 sp=yes",
        "model=gpt3-175b stack=paper attention=eager tp=8 sp=yes pp=8 vpp=3",
        "model=mt-nlg-530b stack=paper attention=eager tp=8 sp=yes pp=35 vpp=3",
        "model=megatron-1t stack=paper attention=eager tp=8 sp=yes pp=64",
    };
    expect_fine(texts[_i], parse_and_resolve(texts[_i]));
}
END_TEST

Suite *test_presets_suite(void)
{
    Suite *suite = suite_create("presets");
    TCase *tests = tcase_create("presets");
    tcase_add_loop_test(tests, resolves, 0, am_preset_count);
    tcase_add_loop_test(tests, published_parameters, 0, am_preset_count);
    tcase_add_loop_test(tests, text, 0, am_preset_count);
    tcase_add_test(tests, later_where_its_family_is);
    tcase_add_test(tests, enough);
    tcase_add_test(tests, shapes);
    tcase_add_test(tests, leaves_no_trace_of_another);
    tcase_add_test(tests, capitals);
    tcase_add_loop_test(tests, repository, 0, am_preset_count);
    tcase_add_loop_test(tests, unknown_name, 0, (int)COUNT(unknown));
    tcase_add_loop_test(tests, paper_models, 0, 4);
    suite_add_tcase(suite, tests);
    return suite;
}
