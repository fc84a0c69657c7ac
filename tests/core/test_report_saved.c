/* The report's JSON of what is saved: symbols, kinds of layers, components, rows, the worked example. */
#include "report.h"

#include "documents.h"
#include "fake_report.h"

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
    fake.dropped[fake.dropped_rows++] = (am_dropped_row){fake.row[1].row, {0, 31}};
    fake.dropped[fake.dropped_rows++] = (am_dropped_row){fake.row[3].row, {1, 30}};
    expect_document(am_report_json(report, json, sizeof json));
    expect(
        "{\"scope\":\"layer\",\"module\":\"self_attn.q_proj.lora_A.default\",\"component\":\"attention\",\"op\":\"mm\","
        "\"name\":\"low-rank "
        "activation\",\"shape\":\"[s·b·r]\",\"shape_values\":[32768],\"dtype\":\"bf16\",\"bytes\":65536,"
        "\"count\":31,\"formula\":\"2·s·b·r\",\"substituted\":\"2·2048·1·16\",\"why\":\"The weight's gradient is the "
        "transposed input times the output's gradient.\",\"saved_by\":[\"MmBackward0.self\"]}");
    expect("\"scope\":\"shared\"");
    expect("\"scope\":\"outside\"");
    expect("\"dropped\":[{\"scope\":\"first layer\",\"module\":\"self_attn.q_proj.lora_A.default\""); /* kind by kind */
    expect("},{\"scope\":\"layer\",\"module\":\"input_layernorm\"");
    fake.dropped[1].row.cached = true;
    expect_document(am_report_json(report, json, sizeof json));
    expect(",\"cached\":true,\"formula\"");
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

Suite *test_report_saved_suite(void);
Suite *test_report_saved_suite(void)
{
    Suite *suite = suite_create("report_saved");
    TCase *tests = tcase_create("report_saved");
    tcase_add_test(tests, symbols);
    tcase_add_test(tests, saved);
    tcase_add_test(tests, components);
    tcase_add_test(tests, rows);
    tcase_add_test(tests, example);
    suite_add_tcase(suite, tests);
    return suite;
}
