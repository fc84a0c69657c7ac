/* The report's document as a whole, and that of an error: well-formed whatever they hold, with the figures where the
 * contract has them. */
#include "report.h"

#include "documents.h"
#include "fake_report.h"
#include "workspace.h"

START_TEST(document)
{
    const am_report *report = fake_report();
    expect_document(am_report_json(report, json, sizeof json));
    expect(
        "{\"version\":1,\"actmem\":\"" AM_VERSION "\",\"config\":{\"model\":\"llama-3-8b\",\"family\":\"llama\",\"layers\":32,");
    expect("\"reentrant\":\"no\"");
    expect("\"dropout\":0,");
    expect("\"query\":\"model=llama-3-8b\"");
    expect("\"model\":{\"name\":\"llama-3-8b\",\"label\":\"Llama 3 8B\",");
    expect(
        "\"parameters\":8030261248,\"trainable_parameters\":16777216,\"published_parameters\":8030261248,\"parts\":["
        "{\"component\":\"mlp\",\"adapter\":false,\"parameters\":8013484032,\"trainable\":0,\"bytes\":16026968064},");
}
END_TEST

START_TEST(provenance)
{
    const am_report *report = fake_report();
    expect_document(am_report_json(report, json, sizeof json));
    expect("\"provenance\":{\"stack\":\"hf\",\"verified_by\":\"measured\",\"detail\":\"PyTorch 2.15.0, transformers "
           "5.23.0");
    fake.config.stack = AM_STACK_TORCH;
    expect_document(am_report_json(report, json, sizeof json));
    expect("\"provenance\":{\"stack\":\"torch\",\"verified_by\":\"measured\",\"detail\":\"PyTorch 2.15.0, a "
           "plain Llama on fake CUDA tensors");
    fake.config.stack = AM_STACK_PAPER;
    fake.config.pp = 2;
    expect_document(am_report_json(report, json, sizeof json));
    expect("\"verified_by\":\"paper\",\"detail\":\"Korthikanti et al. 2022, arXiv 2205.05198\"");
    fake.config.expert_imbalance = 150;
    expect_document(am_report_json(report, json, sizeof json));
    expect("experts with more than their share of tokens");
    ck_assert_ptr_null(am_report_note(report, 1));
}
END_TEST

/* What is derived under autocast: copies of inputs, where a reentrant region begins with products and not with a norm; pipelines. */
START_TEST(notes_under_autocast)
{
    static const struct {
        const char *text;
        bool noted;
    } table[] = {
        {"model=olmo-2-7b dtype=fp32 autocast=bf16 checkpoint=full reentrant=yes", true},
        {"model=olmo-2-7b dtype=fp32 autocast=bf16 checkpoint=full", false},
        {"model=olmo-2-7b dtype=fp32 autocast=bf16 autocast_cache=no checkpoint=full reentrant=yes", false},
        {"model=olmo-2-7b dtype=fp32 checkpoint=full reentrant=yes", false},
        {"model=llama-3-8b dtype=fp32 autocast=bf16 checkpoint=full reentrant=yes", false},
        {"family=llama stack=torch hidden=64 heads=4 layers=2 vocab=64 ffn=96 seq=16 dtype=fp32 autocast=bf16 pp=2", true},
        {"family=llama stack=torch hidden=64 heads=4 layers=2 vocab=64 ffn=96 seq=16 dtype=fp32 autocast=bf16 autocast_cache=no pp=2", false},
        {"family=llama stack=torch hidden=64 heads=4 layers=2 vocab=64 ffn=96 seq=16 dtype=fp32 pp=2", false},
        {"family=llama stack=torch hidden=64 heads=4 layers=2 vocab=64 ffn=96 seq=16 dtype=fp32 autocast=bf16 checkpoint=full reentrant=yes", false},
    };
    static am_report report;
    static am_workspace workspace;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        am_status status;
        am_config config = am_default_config();
        ck_assert_int_eq(am_config_parse(&config, table[i].text, &status), AM_OK);
        ck_assert_int_eq(am_evaluate(&report, &workspace, &config, &status), AM_OK);
        ck_assert_msg((am_report_note(&report, 0) != NULL) == table[i].noted, "%s", table[i].text);
    }
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

Suite *test_report_suite(void);
Suite *test_report_suite(void)
{
    Suite *suite = suite_create("report");
    TCase *tests = tcase_create("report");
    tcase_add_test(tests, document);
    tcase_add_test(tests, provenance);
    tcase_add_test(tests, notes_under_autocast);
    tcase_add_test(tests, hostile_text);
    tcase_add_test(tests, too_small);
    tcase_add_test(tests, error);
    suite_add_tcase(suite, tests);
    return suite;
}
