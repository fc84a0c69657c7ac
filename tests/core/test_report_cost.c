/* The report's JSON of what a step costs. */
#include "report.h"

#include <stdio.h>

#include "documents.h"
/* fixture.h has another `json` */
extern am_workspace fixture_workspace;
extern am_report fixture_report;

static void evaluate(const char *text)
{
    am_status status;
    am_config config = am_default_config();
    ck_assert_int_eq(am_config_parse(&config, text, &status), AM_OK);
    ck_assert_msg(am_evaluate(&fixture_report, &fixture_workspace, &config, &status) == AM_OK, "%s: %s", text,
                  status.message);
    expect_document(am_report_json(&fixture_report, json, sizeof json));
}

START_TEST(time)
{
    static const struct {
        int64_t time;
        const char *text;
    } cases[] = {
        {0, "0,"}, {1, "0.000001,"}, {1000000, "1,"}, {1500000, "1.5,"}, {123456789012345678, "123456789012.345678,"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        am_writer writer = am_writer_of(json, sizeof json);
        am_json_time(&writer, cases[i].time);
        am_writer_end(&writer);
        ck_assert_str_eq(json, cases[i].text);
    }
}
END_TEST

START_TEST(device)
{
    evaluate("model=gpt2 seq=64");
    expect(
        "\"cost\":{\"device\":{\"id\":\"h100-sxm\",\"label\":\"NVIDIA H100 SXM\",\"memory_bytes\":85899345920,\"dtype\":\"bf16\","
        "\"gflops\":989400,\"gflops_from\":\"NVIDIA H100");
    expect("\"fp32_gflops\":66900,\"bandwidth_mbs\":3350000,\"bandwidth_from\":\"NVIDIA H100");
    evaluate("model=gpt2 seq=64 dtype=fp16 device=a30 device_gflops=1000");
    expect(
        "\"dtype\":\"fp16\",\"gflops\":1000,\"gflops_from\":\"device_gflops\",\"fp32_gflops\":1000,\"bandwidth_mbs\":933000,"
        "\"bandwidth_from\":\"NVIDIA A30 datasheet\"");
    evaluate("model=gpt2 seq=64 device=mine device_gflops=2000 device_bandwidth=3000");
    expect(
        "\"id\":\"mine\",\"label\":\"your own GPU\",\"memory_bytes\":null,\"dtype\":\"bf16\",\"gflops\":2000,\"gflops_from\":"
        "\"device_gflops\",\"fp32_gflops\":2000,\"bandwidth_mbs\":3000,\"bandwidth_from\":\"device_bandwidth\"}");
}
END_TEST

/* FLOPs by the counter of PyTorch (test_cost.c); utilisations are theirs by the rate and the step's time. */
START_TEST(figures)
{
    char text[128];
    evaluate("family=llama hidden=64 heads=4 kv_heads=2 ffn=96 vocab=128 seq=64 layers=3 batch=2 checkpoint=full");
    expect(
        "\"forward_flops\":31981568,\"backward_flops\":67108864,\"recomputed_flops\":25165824,\"model_flops\":99090432,"
        "\"hardware_flops\":124256256,\"executed_flops\":");
    const am_outcome *outcome = &fixture_report.outcome;
    double mfu = 99090432 / 989.4e12 / ((double)am_outcome_time(outcome) / 1e12);
    snprintf(text, sizeof text, "\"mfu\":%.4f,", mfu);
    expect(text);
    ck_assert_double_lt(mfu, 1);
    snprintf(text, sizeof text, "\"recomputed_time_us\":%.6g", (double)outcome->recomputed_time / 1e6);
    expect(text);
    expect(
        "\"rows\":[{\"scope\":\"outside\",\"count\":1,\"module\":\"model.embed_tokens\",\"component\":\"embedding\",\"labour\":\"others\",");
    expect(
        "{\"scope\":\"layer\",\"count\":3,\"module\":\"self_attn\",\"component\":\"attention\",\"labour\":\"attention\",");
}
END_TEST

/* A utilisation may be above 100 %, since causal attention counts in full and half of it is skipped: then it is said. So it is where
 * fp32 is the faster dtype. */
START_TEST(above_100)
{
    static const struct {
        const char *text, *note;
    } cases[] = {
        {"model=llama-3-8b device_gflops=1", "\"utilisation_note\":\"Above 100 %: FLOPs are counted in full"},
        {"model=llama-3-8b attention=eager device_gflops=1", NULL},
        {"model=llama-3-8b", NULL},
        {"model=deepseek-v3 seq=64 attention=eager device_gflops=1", NULL},
        {"model=deepseek-v3 seq=64 attention=eager device_gflops=1 device_fp32_gflops=1000", "\"utilisation_note\":\"Above 100 %: by the rate of the run's dtype"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        evaluate(cases[i].text);
        if (cases[i].note) expect(cases[i].note);
        else ck_assert_msg(strstr(json, "utilisation_note") == NULL, "%s", cases[i].text);
    }
}
END_TEST

/* Kinds of layers are named; only stack=paper has the paper's figures. */
START_TEST(paper)
{
    evaluate("model=gemma-2-9b seq=128");
    expect("\"scope\":\"layer\",\"kind\":\"");
    ck_assert_ptr_null(strstr(json, "\"paper\":{"));
    evaluate("model=megatron-22b batch=4 tp=8 device=a100-80-sxm");
    expect(
        "\"paper\":{\"model_flops\":1143560812363776,\"selective_flops\":1202934440263680,\"selective_flops_exact\":1163352021663744,"
        "\"full_flops\":1519593789063168,");
    expect("\"selective_overhead\":0.0665,\"full_overhead\":0.3507,\"measured\":{");
    expect("\"selective_overhead\":0.07,\"selective_and_sp_overhead\":0.04,\"full_overhead\":0.39}");
}
END_TEST

Suite *test_report_cost_suite(void);
Suite *test_report_cost_suite(void)
{
    Suite *suite = suite_create("report_cost");
    TCase *tests = tcase_create("report_cost");
    tcase_add_test(tests, time);
    tcase_add_test(tests, device);
    tcase_add_test(tests, figures);
    tcase_add_test(tests, above_100);
    tcase_add_test(tests, paper);
    suite_add_tcase(suite, tests);
    return suite;
}
