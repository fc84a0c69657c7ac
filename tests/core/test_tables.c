/* The tables' JSON: every field, preset, symbol and name, and each formula's published example. */
#include "writer.h"

#include "documents.h"

START_TEST(tables)
{
    size_t length = am_tables_json(AM_TABLES_ALL, json, sizeof json);
    expect_document(length);
    expect("{\"version\":1,\"actmem\":\"" AM_VERSION "\",\"groups\":[\"model\",\"run\",");
    expect("\"value\":36507222016,\"of\":\"all\"},\"computed\":36507222016}");
    expect("{\"key\":\"seq\",\"kind\":\"int\",\"group\":\"run\",\"unit\":\"tokens\",\"label\":\"Sequence length\",");
    expect("\"default\":null,\"least\":1,\"most\":16777216}");
    expect("\"choices\":[\"fp32\",\"bf16\",\"fp16\"],\"default\":\"bf16\"}");
    expect("\"default\":null");
    expect("\"default\":\"none\"}");
    expect("\"symbols\":[{\"symbol\":\"s\",\"key\":\"seq\",");
    expect("\"components\":[\"attention\",");
    expect("{\"name\":\"bf16\",\"torch\":\"bfloat16\",\"size\":2,\"floating\":true}");
    expect("{\"saved_by\":\"checkpoint\",\"why\":\"the checkpointed region starts from it when it is recomputed\"}]");
    expect("\"conventions\":[{\"id\":\"configured\",");
    expect("\"stacks\":[{\"stack\":\"hf\",\"text\":\"Hugging Face\",\"detail\":\"PyTorch 2.15.0, transformers 5.23.0, on ");
    expect("{\"stack\":\"paper\",\"text\":\"the paper's accounting\",");
    for (int i = 0; i < am_formula_count; i++) expect(am_formulas[i].caveat);
    for (int i = 0; i < am_convention_count; i++) expect(am_conventions[i].source);
    for (int i = 0; i < AM_FIELD_COUNT; i++) expect(am_fields[i].key);
    for (int i = 0; i < am_preset_count; i++) expect(am_presets[i].name);
    ck_assert_uint_eq(am_tables_json(AM_TABLES_ALL, json, length), 0);
}
END_TEST

START_TEST(parts)
{
    expect_document(am_tables_json(AM_TABLES_INPUTS, json, sizeof json));
    expect("\"presets\":[");
    ck_assert_ptr_null(strstr(json, "\"formulas\":"));
    expect_document(am_tables_json(AM_TABLES_FORMULAS, json, sizeof json));
    expect("{\"version\":1,\"actmem\":\"" AM_VERSION "\",\"formulas\":[{\"id\":\"lbshdc-elements\",");
    ck_assert_ptr_null(strstr(json, "\"presets\":"));
}
END_TEST

/* Reports without words name what saved a row, and the reason is looked up by that name: it must stand for one. */
START_TEST(savers)
{
    for (int i = 0; i < AM_OP_COUNT; i++)
        for (const am_save_rule *x = am_ops[i].saves; x->attribute != NULL; x++)
            for (int j = 0; j < i; j++)
                for (const am_save_rule *y = am_ops[j].saves; y->attribute != NULL; y++) {
                    bool same = strcmp(am_ops[i].node, am_ops[j].node) == 0 && strcmp(x->attribute, y->attribute) == 0;
                    if (same) ck_assert_str_eq(x->why, y->why);
                }
}
END_TEST

Suite *test_tables_suite(void);
Suite *test_tables_suite(void)
{
    Suite *suite = suite_create("tables");
    TCase *tests = tcase_create("tables");
    tcase_add_test(tests, tables);
    tcase_add_test(tests, parts);
    tcase_add_test(tests, savers);
    suite_add_tcase(suite, tests);
    return suite;
}
