/* The tables' JSON: every field, preset, symbol and name, and each formula's published example. */
#include "writer.h"

#include "documents.h"

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

Suite *test_tables_suite(void);
Suite *test_tables_suite(void)
{
    Suite *suite = suite_create("tables");
    TCase *tests = tcase_create("tables");
    tcase_add_test(tests, tables);
    suite_add_tcase(suite, tests);
    return suite;
}
