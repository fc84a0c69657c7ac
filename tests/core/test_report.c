/* report*.c, tables.c, query.c: the JSON documents. Well-formed whatever they hold, with the figures where the contract
 * has them. */
#include "report.h"

#include <check.h>

#include "fake_report.h"
#include "query.h"

static char json[1 << 20];

/* ---- a strict reader of JSON: returns what follows a value, NULL if there is none */

static const char *read_value(const char *at);

static const char *read_string(const char *at)
{
    if (*at++ != '"') return NULL;
    for (; *at != '"'; at++) {
        if ((unsigned char)*at < 0x20) return NULL;
        if (*at == '\\' && strchr("\"\\/bfnrtu", *++at) == NULL) return NULL;
    }
    return at + 1;
}

static const char *read_number(const char *at)
{
    const char *start = at += *at == '-';
    at += strspn(at, "0123456789");
    if (at == start || (*start == '0' && at - start > 1)) return NULL;
    if (*at != '.') return at;
    start = ++at;
    at += strspn(at, "0123456789");
    return at == start ? NULL : at;
}

static const char *read_members(const char *at, char close)
{
    if (*at == close) return at + 1;
    for (;;) {
        if (close == '}') {
            at = read_string(at);
            if (at == NULL || *at++ != ':') return NULL;
        }
        at = read_value(at);
        if (at == NULL) return NULL;
        if (*at == close) return at + 1;
        if (*at++ != ',') return NULL;
    }
}

static const char *read_value(const char *at)
{
    static const char *const words[] = {"true", "false", "null"};
    if (*at == '{') return read_members(at + 1, '}');
    if (*at == '[') return read_members(at + 1, ']');
    if (*at == '"') return read_string(at);
    for (int i = 0; i < 3; i++)
        if (strncmp(at, words[i], strlen(words[i])) == 0) return at + strlen(words[i]);
    return read_number(at);
}

static void expect_document(size_t length)
{
    ck_assert_uint_gt(length, 0);
    ck_assert_uint_eq(strlen(json), length);
    const char *end = read_value(json);
    ck_assert_msg(end != NULL && *end == '\0', "not JSON: %.200s", json);
}

static void expect(const char *part)
{
    ck_assert_msg(strstr(json, part) != NULL, "no %s in %.1000s", part, json);
}

/* ---- the report */

START_TEST(document)
{
    const am_report *report = fake_report();
    expect_document(am_report_json(report, json, sizeof json));
    expect(
        "{\"version\":1,\"actmem\":\"0.1.0\",\"config\":{\"model\":\"llama-3-8b\",\"family\":\"llama\",\"layers\":32,");
    expect("\"reentrant\":\"no\"");
    expect("\"dropout\":0,");
    expect("\"query\":\"model=llama-3-8b\"");
    expect("\"model\":{\"name\":\"llama-3-8b\",\"label\":\"Llama 3 8B\",");
    expect(
        "\"parameters\":8030261248,\"trainable_parameters\":16777216,\"published_parameters\":8030261248,\"parts\":["
        "{\"component\":\"mlp\",\"adapter\":false,\"parameters\":8013484032,\"trainable\":0,\"bytes\":16026968064},");
}
END_TEST

START_TEST(symbols)
{
    const am_report *report = fake_report();
    expect_document(am_report_json(report, json, sizeof json));
    expect("\"symbols\":[{\"symbol\":\"s\",\"key\":\"seq\",\"name\":\"sequence "
           "length\",\"value\":2048},{\"symbol\":\"b\",");
    expect("\"symbol\":\"r\",");
    ck_assert_ptr_null(strstr(json, "\"symbol\":\"f\"")); /* no row uses it */
    ck_assert_ptr_null(strstr(json, "\"symbol\":\"(s+1)\""));
}
END_TEST

START_TEST(saved)
{
    const am_report *report = fake_report();
    expect_document(am_report_json(report, json, sizeof json));
    expect("\"formula\":\"(2·s·b·h) + 31·(6·s·b·h + 2·s·b·r) + 4·s·b·v + 8·s·b + 2·s·d\",\"layers\":["
           "{\"kind\":\"first layer\",\"count\":1,\"layers_each\":1,\"bytes\":16777216,\"formula\":\"2·s·b·h\"},"
           "{\"kind\":\"layer\",\"count\":31,\"layers_each\":1,\"bytes\":50397184,\"formula\":\"6·s·b·h + 2·s·b·r\"}],"
           "\"shared_bytes\":524288,\"shared_formula\":\"2·s·d\",\"outside\":["
           "{\"name\":\"loss\",\"component\":\"loss\",\"bytes\":1050689536,\"formula\":\"4·s·b·v + 8·s·b\"}],"
           "\"outside_bytes\":1050689536}");
}
END_TEST

/* Components add up to what is saved. */
START_TEST(components)
{
    int64_t bytes[AM_COMPONENT_COUNT];
    int64_t sum = 0;
    const am_report *report = fake_report();
    am_report_components(report, bytes);
    for (int i = 0; i < AM_COMPONENT_COUNT; i++) sum += bytes[i];
    ck_assert_int_eq(sum, report->saved_bytes);
    ck_assert_int_eq(bytes[AM_C_LOSS], report->outside_bytes);
    expect_document(am_report_json(report, json, sizeof json));
    expect("\"components\":[{\"component\":\"attention\",");
    ck_assert_ptr_null(strstr(json, "{\"component\":\"residual\",\"bytes\""));
}
END_TEST

START_TEST(rows)
{
    const am_report *report = fake_report();
    fake.dropped[fake.dropped_rows++] = fake.row[1];
    expect_document(am_report_json(report, json, sizeof json));
    expect(
        "{\"scope\":\"layer\",\"module\":\"self_attn.q_proj.lora_A.default\",\"component\":\"attention\",\"op\":\"mm\","
        "\"name\":\"low-rank "
        "activation\",\"shape\":\"[s·b·r]\",\"shape_values\":[32768],\"dtype\":\"bf16\",\"bytes\":65536,"
        "\"count\":31,\"formula\":\"2·s·b·r\",\"substituted\":\"2·2048·1·16\",\"why\":\"The weight's gradient is the "
        "transposed input times the output's gradient.\",\"saved_by\":[\"MmBackward0.self\"]}");
    expect("\"scope\":\"shared\"");
    expect("\"scope\":\"outside\"");
    expect("\"dropped\":[{\"scope\":\"layer\",\"module\":\"input_layernorm\"");
}
END_TEST

START_TEST(step)
{
    const am_report *report = fake_report();
    expect_document(am_report_json(report, json, sizeof json));
    expect("\"forward_peak_at\":{\"phase\":\"forward\",\"layer\":null,\"module\":\"\",\"component\":\"loss\",\"op\":"
           "\"log_softmax\"}");
    expect("\"peak_at\":{\"phase\":\"recompute\",\"layer\":31,\"module\":\"mlp.act_fn\",\"component\":\"mlp\",\"op\":"
           "\"silu\"}");
    expect("\"timeline\":[[0,-1,0,0,100],[0,7,1,0,101],[0,-1,2,0,102],[3,-1,2,0,103],[3,7,1,0,104],[3,-1,0,0,105]],"
           "\"timeline_modules\":[\"embed_tokens\",\"mlp\",\"lm_head\"],\"timeline_ops\":[\"mm\"]");
}
END_TEST

/* Operations of one name share an entry; more modules than the list holds do not break the document. */
START_TEST(long_timeline)
{
    static char paths[300][8];
    const am_report *report = fake_report();
    for (int i = 0; i < 300; i++) {
        paths[i][0] = (char)('a' + i / 26);
        paths[i][1] = (char)('a' + i % 26);
        fake.point[i] = (am_point){AM_FORWARD, 0, {paths[i], "", AM_C_MLP}, i % 2 ? AM_OP_MUL : AM_OP_MUL_SCALAR, i};
    }
    fake.points = 300;
    expect_document(am_report_json(report, json, sizeof json));
    expect("\"timeline_ops\":[\"mul\"]");
}
END_TEST

START_TEST(pareto)
{
    const am_report *report = fake_report();
    ck_assert(am_plan_is_pareto(report, 0));
    ck_assert(am_plan_is_pareto(report, 1));
    ck_assert(!am_plan_is_pareto(report, 2));
    fake.plan[2].outcome = fake.plan[1].outcome; /* as good is not better */
    ck_assert(am_plan_is_pareto(report, 1));
    ck_assert(am_plan_is_pareto(report, 2));
    fake.plan[2].outcome.recomputed_flops--;
    ck_assert(!am_plan_is_pareto(report, 1));
}
END_TEST

START_TEST(checkpoint)
{
    expect_document(am_report_json(fake_report(), json, sizeof json));
    expect("\"checkpoint\":{\"policy\":\"none\",\"reentrant\":false,\"forward_flops\":4000,\"recomputed_flops\":0,"
           "\"plans\":[");
    expect(
        "{\"policy\":\"full\",\"reentrant\":false,\"label\":\"every layer\",\"note\":\"keeps inputs\",\"chosen\":false,"
        "\"pareto\":true,\"saved_bytes\":100,");
    expect("\"recompute_ratio\":0.2708}");
    expect("{\"policy\":\"every:4\",\"reentrant\":true,");
}
END_TEST

START_TEST(state)
{
    expect_document(am_report_json(fake_report(), json, sizeof json));
    expect("\"gradient_bytes\":67108864,\"conventions\":[{\"id\":\"configured\",");
    expect("\"bytes_per_parameter\":16,\"weights\":2,\"master\":4,\"gradients\":2,\"optimizer\":8,\"weights_bytes\":"
           "16060522496,");
}
END_TEST

START_TEST(ranks_and_formulas)
{
    expect_document(am_report_json(fake_report(), json, sizeof json));
    expect("\"ranks\":[{\"rank\":0,\"layers\":32,\"in_flight\":1,");
    expect("\"peak_bytes\":null}]");
    for (int i = 0; i < am_formula_count; i++) expect(am_formulas[i].id);
    expect("\"value\":36507222016}");
    expect("\"unit\":\"elements\",\"bytes\":8388608,\"ratio\":null,");
}
END_TEST

/* The worked example ends with the total, whose text is that of saved. */
START_TEST(example)
{
    expect_document(am_report_json(fake_report(), json, sizeof json));
    expect("\"example\":[{\"scope\":\"first layer\",\"name\":\"normed "
           "input\",\"component\":\"attention\",\"formula\":\"2·s·b·h\","
           "\"substituted\":\"2·2048·1·4096\",\"bytes\":16777216,\"count\":1},");
    expect("{\"scope\":\"layer\",\"name\":\"sum of the rows\",\"formula\":\"6·s·b·h + 2·s·b·r\",");
    expect("{\"scope\":\"total\",\"name\":\"the whole model\",\"formula\":\"(2·s·b·h) + 31·");
}
END_TEST

START_TEST(provenance)
{
    const am_report *report = fake_report();
    expect_document(am_report_json(report, json, sizeof json));
    expect("\"provenance\":{\"stack\":\"hf\",\"verified_by\":\"measured\",\"detail\":\"PyTorch 2.15.0, transformers "
           "5.23.0");
    fake.config.stack = AM_STACK_PAPER;
    fake.config.pp = 2;
    fake.config.autocast = AM_AUTOCAST_BF16;
    expect_document(am_report_json(report, json, sizeof json));
    expect("\"verified_by\":\"paper\",\"detail\":\"Korthikanti et al. 2022, arXiv 2205.05198\"");
    expect("autocast");
}
END_TEST

/* Texts that a user gives reach the JSON escaped. */
START_TEST(hostile_text)
{
    const am_report *report = fake_report();
    memcpy(fake.config.lora_targets, "q\",\x01\xff", sizeof "q\",\x01\xff");
    expect_document(am_report_json(report, json, sizeof json));
    expect("\"lora_targets\":\"q\\\",\\u0001\xef\xbf\xbd\"");
    expect("lora_targets=q%22,%01%FF");
}
END_TEST

START_TEST(too_small)
{
    const am_report *report = fake_report();
    size_t length = am_report_json(report, json, sizeof json);
    for (size_t size = 0; size <= length; size += 1 + size / 16)
        ck_assert_uint_eq(am_report_json(report, json, size), 0);
    ck_assert_uint_eq(am_report_json(report, json, length), 0);
    ck_assert_uint_eq(am_report_json(report, json, length + 1), length);
}
END_TEST

/* ---- queries */

static const struct {
    const char *text, *query;
} queries[] = {
    {"", "model=llama-3-8b"},
    {"model=llama-3-8b", "model=llama-3-8b"},
    {"seq=2048 batch=1", "model=llama-3-8b"},
    {"seq=8192", "model=llama-3-8b&seq=8192"},
    {"seq=8192 batch=2 checkpoint=every:4 reentrant=yes",
     "model=llama-3-8b&batch=2&seq=8192&checkpoint=every:4&reentrant=yes"},
    {"model=gpt2 positions=learned seq=1024", "model=gpt2"},
    {"model=gpt2 seq=512 dropout=0", "model=gpt2&dropout=0&seq=512"},
    {"model=gpt2 attention_dropout=0.25 seq=64", "model=gpt2&attention_dropout=0.25&seq=64"},
    {"model=llama-3-8b layers=16", "model=llama-3-8b&layers=16"},
    {"model=llama-3-8b trainable=lora lora_targets=q,v,down lora_dtype=fp32",
     "model=llama-3-8b&trainable=lora&lora_targets=q,v,down&lora_dtype=fp32"},
    {"layers=2 hidden=64 heads=4 vocab=100 ffn=256", "layers=2&hidden=64&heads=4&ffn=256&vocab=100"},
    {"layers=2 hidden=64 heads=4 vocab=100 family=gpt2 seq=32",
     "family=gpt2&layers=2&hidden=64&heads=4&vocab=100&seq=32"},
    {"layers=2 hidden=64 heads=4 kv_heads=2 head_dim=32 vocab=100 ffn=300",
     "layers=2&hidden=64&heads=4&kv_heads=2&head_dim=32&ffn=300&vocab=100"},
};

static am_config config_of(const char *text)
{
    am_status status;
    am_config config = am_default_config();
    ck_assert_msg(am_config_parse(&config, text, &status) == AM_OK, "%s: %s", text, status.message);
    ck_assert_msg(am_config_resolve(&config, &status) == AM_OK, "%s: %s", text, status.message);
    return config;
}

static const am_preset *preset_of(const am_config *config)
{
    for (int i = 0; i < am_preset_count; i++)
        if (strcmp(am_presets[i].name, config->model) == 0) return &am_presets[i];
    return NULL;
}

static void write_query(const am_config *config)
{
    am_writer writer = am_writer_of(json, sizeof json);
    am_query query = am_query_of(config, preset_of(config));
    am_write_query(&writer, &query, config, preset_of(config));
    am_writer_end(&writer);
}

START_TEST(query)
{
    am_config config = config_of(queries[_i].text);
    write_query(&config);
    ck_assert_str_eq(json, queries[_i].query);
    am_config again = config_of(json);
    ck_assert_mem_eq(&again, &config, sizeof config);
}
END_TEST

START_TEST(query_of_presets)
{
    char text[64] = "model=";
    strcat(text, am_presets[_i].name);
    strcat(text, "&seq=1000");
    am_config config = config_of(text);
    write_query(&config);
    ck_assert_str_eq(json, text);
}
END_TEST

START_TEST(reshaped)
{
    static const struct {
        const char *text;
        bool reshapes;
    } cases[] = {
        {"model=gpt2 seq=9", false},
        {"model=gpt2 seq=10", false},
        {"model=gpt2 dropout=0 seq=9", false},
        {"model=gpt2 layers=3 seq=9", true},
        {"model=mistral-7b sliding_window=128 seq=4", false},
        {"model=llama-3-8b tie_word_embeddings=yes", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        am_config config = config_of(cases[i].text);
        am_query names = am_query_of(&config, preset_of(&config));
        ck_assert_msg(am_query_reshapes(&names) == cases[i].reshapes, "%s", cases[i].text);
    }
}
END_TEST

/* ---- errors and tables */

START_TEST(error)
{
    am_status status = {AM_OUT_OF_RANGE, "seq", "seq must be \"at least\" 1"};
    expect_document(am_error_json(&status, json, sizeof json));
    ck_assert_str_eq(
        json,
        "{\"error\":{\"code\":\"out_of_range\",\"field\":\"seq\",\"message\":\"seq must be \\\"at least\\\" 1\"}}");
    memset(status.message, 0xe2, sizeof status.message - 1); /* cut in the middle of a character */
    expect_document(am_error_json(&status, json, sizeof json));
    ck_assert_uint_eq(am_error_json(&status, json, 10), 0);
}
END_TEST

START_TEST(tables)
{
    size_t length = am_tables_json(json, sizeof json);
    expect_document(length);
    expect("{\"version\":1,\"actmem\":\"0.1.0\",\"groups\":[\"model\",\"run\",");
    expect("\"published\":36507222016,\"computed\":36507222016}");
    expect("{\"key\":\"seq\",\"kind\":\"int\",\"group\":\"run\",\"unit\":\"tokens\",\"label\":\"Sequence length\",");
    expect("\"default\":null,\"least\":1,\"most\":16777216}");
    expect("\"choices\":[\"fp32\",\"bf16\",\"fp16\"],\"default\":\"bf16\"}");
    expect("\"default\":null");
    expect("\"default\":\"none\"}");
    expect("\"symbols\":[{\"symbol\":\"s\",\"key\":\"seq\",");
    expect("\"components\":[\"attention\",");
    expect("{\"name\":\"bf16\",\"torch\":\"bfloat16\",\"size\":2,\"floating\":true}");
    for (int i = 0; i < AM_FIELD_COUNT; i++) expect(am_fields[i].key);
    for (int i = 0; i < am_preset_count; i++) expect(am_presets[i].name);
    ck_assert_uint_eq(am_tables_json(json, length), 0);
}
END_TEST

Suite *test_report_suite(void);
Suite *test_report_suite(void)
{
    Suite *suite = suite_create("report");
    TCase *tests = tcase_create("report");
    tcase_add_test(tests, document);
    tcase_add_test(tests, symbols);
    tcase_add_test(tests, saved);
    tcase_add_test(tests, components);
    tcase_add_test(tests, rows);
    tcase_add_test(tests, step);
    tcase_add_test(tests, long_timeline);
    tcase_add_test(tests, pareto);
    tcase_add_test(tests, checkpoint);
    tcase_add_test(tests, state);
    tcase_add_test(tests, ranks_and_formulas);
    tcase_add_test(tests, example);
    tcase_add_test(tests, provenance);
    tcase_add_test(tests, hostile_text);
    tcase_add_test(tests, too_small);
    tcase_add_loop_test(tests, query, 0, sizeof queries / sizeof *queries);
    tcase_add_loop_test(tests, query_of_presets, 0, am_preset_count);
    tcase_add_test(tests, reshaped);
    tcase_add_test(tests, error);
    tcase_add_test(tests, tables);
    suite_add_tcase(suite, tests);
    return suite;
}
