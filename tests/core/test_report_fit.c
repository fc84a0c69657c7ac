/* The report's JSON of what fits. */
#include "documents.h"
#include "inputs.h"

#define LITTLE "family=llama layers=3 hidden=64 heads=4 kv_heads=2 ffn=176 vocab=1000 seq=64 batch=2 "

static am_report report;
static am_workspace workspace;

static void report_of(const char *text)
{
    expect_fine(text, parse(text));
    expect_fine(text, am_evaluate(&report, &workspace, &config, &status));
    am_fit_search(&report, &workspace, &config);
    expect_document(am_report_json(&report, json, sizeof json));
}

START_TEST(document)
{
    report_of(LITTLE "device=mine device_gflops=1000 device_bandwidth=1000");
    expect("\"fit\":{\"device\":\"mine\",\"rank\":0,\"memory_bytes\":null,\"reserve_bytes\":0,");
    expect("\"free_bytes\":null,\"fits\":null,\"by\":[{\"name\":\"parameters\",\"bytes\":");
    report_of(LITTLE "device_memory=1MiB reserve=1KiB fit=yes");
    expect("\"memory_bytes\":1048576,\"reserve_bytes\":1024,");
    expect("\"fits\":false,");
    expect("\"answers\":{\"batch\":{\"value\":null,\"tried\":1,");
    report_of(LITTLE "device_memory=1GiB fit=yes");
    expect("\"fits\":true,");
    expect("\"refused\":\"\"}");
    expect("\"basis\":\"AdamW on bf16 parameters without fp32 master weights, gradients in bf16\",\"usual\":{\"set\":\"dtype=fp32 autocast=bf16\",\"who\":");
    expect("\"changes\":[{\"id\":\"batch\",\"what\":\"largest micro-batch\",\"set\":\"batch=");
    expect("\"as_usual\":{\"id\":\"usual\",\"what\":\"Trainer(bf16=True) trains\",\"set\":\"dtype=fp32 autocast=bf16\",\"query\":\"layers=3&");
    expect("\"same_training\":false,\"total_bytes\":");
    expect("\"searched\":{\"dp\":\"any\"},\"held\":[\"zero\",\"cp\",\"pp\",\"ep\",\"sp\",\"tp\",\"etp\",\"vpp\",\"micro_batches\",\"batch\",\"seq\",\"checkpoint\",\"optimizer\"],\"complete\":true");
    report_of("model=llama-3-70b seq=8192 device_memory=600GiB fit=yes");
    expect("\"searched\":{\"zero\":[0,3],\"dp\":\"any\"}");
    expect("\"refused\":\"\"},\"proven\":false,\"proven_note\":\"of a layer's choices");
    expect("\"recompute_ratio\":0,\"proven\":false,\"proven_note\":\"of a layer's choices");
    expect("\"recomputed_time_us_at_least\":");
    report_of(LITTLE "dtype=fp32 fit=yes");
    expect("gradients in fp32\",\"usual\":null,");
    expect("\"as_usual\":null");
}
END_TEST

/* Of the rank whose total is the highest. */
START_TEST(pipeline)
{
    report_of("model=llama-3-8b stack=megatron seq=2048 tp=1 pp=4 micro_batches=8 zero=1 dp=4");
    expect("\"fit\":{\"device\":\"h100-sxm\",\"rank\":0,");
    expect("\"gradients_stay\":true,");
}
END_TEST

Suite *test_report_fit_suite(void);
Suite *test_report_fit_suite(void)
{
    Suite *suite = suite_create("report_fit");
    TCase *tests = tcase_create("report_fit");
    tcase_add_test(tests, document);
    tcase_add_test(tests, pipeline);
    suite_add_tcase(suite, tests);
    return suite;
}
