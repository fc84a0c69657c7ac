/* The report's JSON of published formulas. */
#include "report.h"

#include "documents.h"
#include "fake_report.h"

START_TEST(formulas)
{
    expect_document(am_report_json(fake_report(), json, sizeof json));
    for (int i = 0; i < am_formula_count; i++) expect(am_formulas[i].id);
    expect("\"value\":36507222016,\"of\":\"all\"}");
    expect("\"bytes\":8388608,\"layer_bytes\":null,\"ratio\":null,\"parts\":{\"hidden\":8388608},\"layer_parts\":{}}");
    expect("\"layer_expression\":\"s·b·h·(18 + 4·f/h)/t\",\"full_expression\":null,");
    expect("\"layer_parts\":{\"hidden\":150994944,\"ffn\":117440512}}");
}
END_TEST

/* Where the true figure is not known, no ratio. */
START_TEST(without_ratio)
{
    am_writer writer = am_writer_of(json, sizeof json);
    am_json_open(&writer, '{');
    am_json_formulas(&writer, &fake_report()->config, 0);
    expect_document(am_json_end(&writer, '}'));
    expect("\"ratio\":null,");
    ck_assert_ptr_null(strstr(json, "\"ratio\":0"));
}
END_TEST

Suite *test_report_formulas_suite(void);
Suite *test_report_formulas_suite(void)
{
    Suite *suite = suite_create("report_formulas");
    TCase *tests = tcase_create("report_formulas");
    tcase_add_test(tests, formulas);
    tcase_add_test(tests, without_ratio);
    suite_add_tcase(suite, tests);
    return suite;
}
