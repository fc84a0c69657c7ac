/* The ledger, row by row, against the measured ones: module, bytes, dtype and every autograd node that holds the
 * storage. */
#include "rows.h"
#include "tapes.h"

static json cases;

typedef struct search {
    const char *name, *prefix;
    int kind;
    int found;
    bool taken[AM_MAX_ROWS];
} search;

static void find_row(json measured, void *data)
{
    search *at = data;
    char module[160];
    if (json_get(measured, "input").index >= 0) return; /* token ids: an input, not counted */
    for (int i = 0; i < fixture_report.rows; i++) {
        if (at->taken[i] || fixture_report.row[i].kind != at->kind) continue;
        if (!same_row(&fixture_report.row[i].row, measured, at->prefix)) continue;
        at->taken[i] = true;
        at->found++;
        return;
    }
    ck_abort_msg("%s: no row like the measured one of %s, %lld bytes", at->name,
                 json_text(json_get(measured, "module"), module, sizeof module),
                 (long long)json_int(json_get(measured, "bytes")));
}

static void expect_rows(const char *name, const char *prefix, json measured, int kind)
{
    search at = {.name = name, .prefix = prefix, .kind = kind};
    json_each(measured, find_row, &at);
    int rows = 0;
    for (int i = 0; i < fixture_report.rows; i++) rows += fixture_report.row[i].kind == kind;
    ck_assert_msg(rows == at.found, "%s: %d rows, measured %d", name, rows, at.found);
}

START_TEST(measured_rows)
{
    char name[128], prefix[64];
    json record = json_at(cases, _i);
    json_text(json_get(record, "name"), name, sizeof name);
    json rows = json_get(record, "rows");
    if (rows.index < 0) return; /* a checkpointed case has no ledger */
    am_config config = fixture_config(name);
    am_status status;
    ck_assert_int_eq(am_evaluate(&fixture_report, &fixture_workspace, &config, &status), AM_OK);
    snprintf(prefix, sizeof prefix, "%s1.", am_model_layer_prefix(&fixture_report.config));
    expect_rows(name, prefix, json_get(rows, "layer_1"), fixture_report.kinds - 1);
    expect_rows(name, "", json_get(rows, "outside"), AM_KIND_OUTSIDE);
}
END_TEST

/* Sums of the ledger of a record: what is shared is charged once, and to no layer. */
START_TEST(sums)
{
    static const struct {
        const char *text;
        int64_t first, layer, shared;
    } table[] = {
        /* 16sbh + 4sb·ad + 4sb·kd + 8sbf + 4asb + 8sb + 24 with s = 4, h = 16, a = k = 2, d = 8, f = 16 */
        {"family=llama layers=3 hidden=16 heads=2 ffn=16 vocab=32 seq=4", 2136, 2136, 128},
        /* frozen: less the norms' outputs and normalised inputs, 8sbh, and the MLP's product, 2sbf */
        {"family=llama layers=3 hidden=16 heads=2 ffn=16 vocab=32 seq=4 trainable=none", 1496, 1496, 128},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        am_config config = config_of(table[i].text);
        am_workspace *workspace = &fixture_workspace;
        int64_t value[AM_SYMBOL_COUNT];
        am_model_symbols(&config, value);
        am_extents_init(&fixture_report.extents, value);
        am_record record = {.units = 3, .inner = 1};
        ck_assert_int_eq(am_model_record(&workspace->tape, &fixture_report.extents, &config, record), AM_OK);
        ck_assert_int_eq(am_ledger_read(&workspace->plain, &workspace->tape, record), AM_OK);
        am_ledger_describe(&workspace->plain, &workspace->tape);
        ck_assert_int_eq(workspace->plain.unit_bytes[0], table[i].first);
        ck_assert_int_eq(workspace->plain.unit_bytes[1], table[i].layer);
        ck_assert_int_eq(workspace->plain.unit_bytes[2], 0); /* repeats the second */
        ck_assert_int_eq(workspace->plain.shared_bytes, table[i].shared);
    }
}
END_TEST

/* What layers are given and their graphs hold: the first one's input, cosines and sines, position ids, masks. */
START_TEST(given)
{
    enum { INPUT = 128, TABLES = 2 * 64, IDS = 32, MASK = 2 * 4 * 4 };
    static const struct {
        const char *text;
        am_keep keep;
        int64_t first, second, third;
    } table[] = {
        {"family=llama layers=3 hidden=16 heads=2 ffn=16 vocab=32 seq=4", AM_KEEP_EVERYTHING, TABLES, TABLES, TABLES},
        {"family=llama layers=3 hidden=16 heads=2 ffn=16 vocab=32 seq=4", AM_KEEP_NOTHING, INPUT + TABLES + IDS, TABLES + IDS,
         TABLES + IDS},
        {"family=gemma2 layer_period=2 layers=3 hidden=16 heads=2 ffn=16 vocab=32 seq=4 sliding_window=2", AM_KEEP_NOTHING,
         INPUT + TABLES + IDS + MASK, TABLES + IDS + MASK, TABLES + IDS + MASK},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        am_config config = config_of(table[i].text);
        am_workspace *workspace = &fixture_workspace;
        int64_t value[AM_SYMBOL_COUNT], bytes[3] = {0};
        am_given own;
        am_model_symbols(&config, value);
        am_extents_init(&fixture_report.extents, value);
        am_pattern pattern = am_model_pattern(&config);
        am_record record = {.units = 3, .inner = 1, .regions = true};
        for (int j = 0; j < 3; j++) record.kind[j] = (uint8_t)am_pattern_kind(&pattern, j);
        ck_assert_int_eq(am_model_record(&workspace->tape, &fixture_report.extents, &config, record), AM_OK);
        am_tape_checkpoint(&workspace->tape, AM_NON_REENTRANT, table[i].keep);
        am_given_read(&own, &workspace->tape, record);
        for (int unit = 0; unit < 3; unit++)
            for (int j = 0; j < AM_MAX_GIVEN; j++)
                if (own.held[unit] >> j & 1) bytes[unit] += own.bytes[j];
        ck_assert_int_eq(bytes[0], table[i].first);
        ck_assert_int_eq(bytes[1], table[i].second);
        ck_assert_int_eq(bytes[2], table[i].third);
    }
}
END_TEST

/* A row for each tensor that is kept, of which a ledger has so many. */
START_TEST(rows)
{
    for (int more = 0; more < 3; more++) { /* one is one too many; what is behind it is not read */
        setup();
        am_var x = weight(SHAPE(4), AM_FP32);
        for (int i = 0; i < AM_MAX_ROWS + more; i++) x = am_unary(tape, AM_OP_TANH, x); /* each keeps its result */
        ck_assert_int_eq(am_tape_finish_sent(tape, x), AM_OK);
        am_ledger *ledger = &fixture_workspace.plain;
        ck_assert_int_eq(am_ledger_read(ledger, tape, (am_record){.units = 1, .inner = 1}), more ? AM_CAPACITY : AM_OK);
        ck_assert_int_eq(ledger->count, AM_MAX_ROWS);
        if (!more) ck_assert_int_eq(ledger->outside_bytes, AM_MAX_ROWS * 16);
    }
}
END_TEST

/* Of those who keep a tensor a row names the first ones, each kind once; one that layers keep and what is behind them, too, is the
 * layer's. */
START_TEST(savers)
{
    static const am_op unary[] = {AM_OP_GELU, AM_OP_SILU, AM_OP_POW, AM_OP_GELU}, binary[] = {AM_OP_MUL, AM_OP_DIV};
    setup();
    am_var x = learning(SHAPE(4, 8), AM_FP32);
    tape->zone = 1;
    for (int i = 0; i < COUNT(unary); i++) am_unary(tape, unary[i], x);
    for (int i = 0; i < COUNT(binary); i++) {
        am_binary(tape, binary[i], x, weight(SHAPE(4, 8), AM_FP32));
        am_binary(tape, binary[i], weight(SHAPE(4, 8), AM_FP32), x);
    }
    am_linear(tape, x, weight(SHAPE(6, 8), AM_FP32), 0);
    am_layer_norm(tape, x, weight(SHAPE(8), AM_FP32), weight(SHAPE(8), AM_FP32));
    tape->zone = 2;
    ck_assert_int_eq(am_tape_finish_sent(tape, am_unary(tape, AM_OP_GELU, x)), AM_OK);
    am_ledger *ledger = &fixture_workspace.plain;
    ck_assert_int_eq(am_ledger_read(ledger, tape, (am_record){.units = 1, .inner = 1}), AM_OK);
    static const uint8_t saved_by[AM_MAX_SAVERS] = {AM_OP_GELU, AM_OP_SILU, AM_OP_POW, AM_OP_MUL, AM_OP_MUL, AM_OP_DIV, AM_OP_DIV, AM_OP_MM};
    ck_assert_int_eq(ledger->count, 3); /* and the norm's mean and deviation */
    ck_assert_int_eq(ledger->row[0].savers, AM_MAX_SAVERS);
    for (int i = 0; i < AM_MAX_SAVERS; i++) ck_assert_int_eq(ledger->row[0].saved_by[i].op, saved_by[i]);
    ck_assert_int_eq(ledger->unit_bytes[0], 4 * 8 * 4 + 2 * 4 * 4);
    ck_assert_int_eq(ledger->shared_bytes + ledger->outside_bytes, 0);
}
END_TEST

Suite *test_ledger_suite(void)
{
    if (!cases.document) cases = json_load("cases.json");
    Suite *suite = suite_create("ledger");
    TCase *tests = tcase_create("ledger");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, measured_rows, 0, json_size(cases));
    tcase_add_test(tests, sums);
    tcase_add_test(tests, given);
    tcase_add_test(tests, rows);
    tcase_add_test(tests, savers);
    suite_add_tcase(suite, tests);
    return suite;
}
