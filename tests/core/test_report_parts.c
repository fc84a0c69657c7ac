/* The report's JSON of what live bytes are of. */
#include "report.h"

#include "documents.h"
#define json fixture_json /* documents.h has a text of that name */
#include "fixture.h"
#undef json

static void evaluate(const char *inputs)
{
    am_status status;
    am_config config = config_of(inputs);
    ck_assert_int_eq(am_evaluate(&fixture_report, &fixture_workspace, &config, &status), AM_OK);
    expect_document(am_report_json(&fixture_report, json, sizeof json));
}

static int count(const char *part)
{
    int found = 0;
    for (const char *at = json; (at = strstr(at, part)); at += strlen(part)) found++;
    return found;
}

/* Each part that there is, in columns; the stations with their places; the step without checkpointing likewise. */
START_TEST(parts)
{
    evaluate("model=llama-3-8b checkpoint=full timeline=components");
    expect("\"timeline_parts\":[{\"part\":\"attention\",\"saved\":true,\"bytes\":[0,");
    expect("{\"part\":\"recomputed\",\"saved\":false,\"bytes\":[0,");
    expect("\"stations\":[{\"station\":\"forward_peak\",\"point\":");
    expect(
        "\"at\":{\"phase\":\"forward\",\"layer\":null,\"module\":\"\",\"component\":\"loss\",\"op\":\"nll_loss\"},\"bytes\":3231752208,\"parts\":[{\"part\":\"norm\",\"bytes\":50339840},"
        "{\"part\":\"residual\",\"bytes\":536870912},");
    expect("{\"station\":\"after_forward\",\"bytes\":");
    expect("\"without_checkpointing\":{\"after_forward_bytes\":");
    ck_assert_int_eq(count("\"timeline_parts\":["), 2);
    ck_assert_int_eq(count("\"stations\":["), 2);
    ck_assert_int_eq(count("\"part\":\"gathered\""), 0);
}
END_TEST

START_TEST(alone)
{
    evaluate("model=gpt2 timeline=components");
    ck_assert_int_eq(count("\"timeline_parts\":["), 1);
    ck_assert_int_eq(count("without_checkpointing"), 0);
    evaluate("model=gpt2 checkpoint=full");
    ck_assert_int_eq(count("timeline_parts"), 0);
    ck_assert_int_eq(count("stations"), 0);
}
END_TEST

Suite *test_report_parts_suite(void);
Suite *test_report_parts_suite(void)
{
    Suite *suite = suite_create("report_parts");
    TCase *tests = tcase_create("report_parts");
    tcase_add_test(tests, parts);
    tcase_add_test(tests, alone);
    suite_add_tcase(suite, tests);
    return suite;
}
