/* The report's JSON of costs: what parameters take, pipeline stages. */
#include "report.h"

#include "documents.h"
#include "fake_report.h"

START_TEST(state)
{
    expect_document(am_report_json(fake_report(), json, sizeof json));
    expect("\"gradient_bytes\":67108864,\"conventions\":[{\"id\":\"configured\",");
    expect("\"bytes_per_parameter\":16,\"weights\":2,\"master\":4,\"gradients\":2,\"optimizer\":8,\"weights_bytes\":"
           "16060522496,");
}
END_TEST

START_TEST(ranks)
{
    expect_document(am_report_json(fake_report(), json, sizeof json));
    expect("\"ranks\":[{\"rank\":0,\"layers\":32,\"in_flight\":1,\"in_flight_by_input_backward\":");
    expect("\"has_embedding\":true,\"has_head\":true,\"chunks\":[{\"stage\":0,\"first_layer\":0,\"layers\":32,\"in_flight\":1}],"
           "\"stages_alive\":{\"0\":1}}],\"worst_rank\":0,");
}
END_TEST

Suite *test_report_costs_suite(void);
Suite *test_report_costs_suite(void)
{
    Suite *suite = suite_create("report_costs");
    TCase *tests = tcase_create("report_costs");
    tcase_add_test(tests, state);
    tcase_add_test(tests, ranks);
    suite_add_tcase(suite, tests);
    return suite;
}
