/* The device table, and whose rates a configuration's times are computed with. */
#include <string.h>

#include "fixture.h"

static am_rates rates;
static am_status status;

static am_code read_rates(const char *text)
{
    am_config config = am_default_config();
    ck_assert_msg(am_config_parse(&config, text, &status) == AM_OK, "%s: %s", text, status.message);
    am_code code = am_config_resolve(&config, &status);
    return code ? code : am_rates_of(&config, &rates, &status);
}

START_TEST(table)
{
    ck_assert_int_ge(am_device_count, 20);
    for (int i = 0; i < am_device_count; i++) {
        const am_device *device = &am_devices[i];
        ck_assert_ptr_eq(am_device_find(device->id), device); /* so each id once */
        ck_assert_msg(*device->label && strlen(device->source) > 10, "%s", device->id);
        ck_assert_msg(device->memory >= 16LL << 30 && device->memory <= 288LL << 30, "%s", device->id);
        ck_assert_msg(device->bandwidth >= 300000 && device->bandwidth <= 8000000, "%s", device->id);
        int64_t half = device->bf16 ? device->bf16 : device->fp16;
        ck_assert_msg(half > 0 && device->fp32 < half && device->tf32 <= half, "%s", device->id);
        if (device->bf16 && device->fp16) ck_assert_msg(device->bf16 == device->fp16, "%s", device->id);
        /* a datasheet's figure with sparsity would be twice as high */
        if (device->fp8) ck_assert_msg(device->fp8 <= 2 * half + half / 20, "%s", device->id);
        if (device->tf32) ck_assert_msg(device->tf32 <= half / 2 + half / 100, "%s", device->id);
    }
    ck_assert_ptr_null(am_device_find("mine"));
    ck_assert_ptr_null(am_device_find(""));
    ck_assert_int_eq(am_device_find("h100-sxm")->memory, 80LL << 30);
}
END_TEST

START_TEST(found)
{
    static const struct {
        const char *text;
        int dtype;
        int64_t gflops, bandwidth;
    } cases[] = {
        {"model=gpt2", AM_BF16, 989400, 3350000},
        {"model=gpt2 device=a100-80-sxm", AM_BF16, 312000, 2039000},
        {"model=gpt2 device=a100-80-sxm dtype=fp32", AM_FP32, 19500, 2039000},
        {"model=gpt2 device=a100-80-sxm dtype=fp32 autocast=fp16", AM_FP16, 312000, 2039000},
        {"model=gpt2 device=a100-80-sxm device_gflops=250000", AM_BF16, 250000, 2039000},
        {"model=gpt2 device=a100-80-sxm device_gflops=250000", AM_FP32, 19500, 2039000},
        {"model=gpt2 device=a100-80-sxm device_gflops=9000", AM_FP32, 9000, 2039000},
        {"model=gpt2 device=a100-80-sxm device_gflops=9000 device_fp32_gflops=9500", AM_FP32, 9500, 2039000},
        {"model=gpt2 device=a100-80-sxm device_bandwidth=1800000", AM_BF16, 312000, 1800000},
        {"model=gpt2 device=t4 dtype=fp16", AM_FP16, 65000, 300000},
        {"model=gpt2 device=t4 device_gflops=2000", AM_BF16, 2000, 300000},
        {"model=gpt2 device=mine device_gflops=7 device_bandwidth=8", AM_BF16, 7, 8},
        {"model=gpt2 device=mine device_gflops=7 device_bandwidth=8", AM_FP32, 7, 8},
        {"model=gpt2 device=mine device_gflops=7 device_fp32_gflops=5 device_bandwidth=8", AM_BF16, 7, 8},
        {"model=gpt2 device=mine device_gflops=7 device_fp32_gflops=5 device_bandwidth=8", AM_FP32, 5, 8},
        {"model=gpt2 device=mine device_gflops=7 device_fp32_gflops=5 device_bandwidth=8 dtype=fp32", AM_FP32, 5, 8},
        {"model=gpt2 device=a100-80-sxm device_fp32_gflops=9000", AM_FP32, 9000, 2039000},
        {"model=gpt2 device=a100-80-sxm device_fp32_gflops=9000", AM_BF16, 312000, 2039000},
        {"model=gpt2 device=tpu-v5p", AM_BF16, 459000, 2765000},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ck_assert_msg(read_rates(cases[i].text) == AM_OK, "%s: %s", cases[i].text, status.message);
        ck_assert_msg(rates.gflops[cases[i].dtype] == cases[i].gflops, "%s", cases[i].text);
        ck_assert_msg(rates.bandwidth == cases[i].bandwidth, "%s", cases[i].text);
    }
}
END_TEST

START_TEST(refused)
{
    static const struct {
        const char *text;
        am_code code;
        const char *field, *says;
    } cases[] = {
        {"device=a100-80", AM_BAD_VALUE, "device", "a100-80-"},
        {"device=a100", AM_BAD_VALUE, "device", "a100-40-sxm, a100-80-sxm and a100-40-pcie, and device=mine"},
        {"device=H100", AM_BAD_VALUE, "device", "the nearest are h100-sxm, h100-nvl and h100-pcie"},
        {"device=4090", AM_BAD_VALUE, "device", "the nearest are rtx-4090, "},
        {"device=mi300", AM_BAD_VALUE, "device", "the nearest are mi300x, "},
        {"device=rtx4090", AM_BAD_VALUE, "device", "rtx-4090"},
        {"device=mine", AM_MISSING, "device_gflops", "device_bandwidth"},
        {"device=mine device_bandwidth=1", AM_MISSING, "device_gflops", "device_gflops"},
        {"device=mine device_gflops=1", AM_MISSING, "device_bandwidth", "give device_bandwidth"},
        {"device=v100-32", AM_UNSUPPORTED, "device", "dtype=fp16"},
        {"device=tpu-v4 dtype=fp32", AM_UNSUPPORTED, "device", "dtype=bf16"},
        {"device=gaudi3 dtype=fp16", AM_UNSUPPORTED, "device", "dtype=bf16"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ck_assert_msg(read_rates(cases[i].text) == cases[i].code, "%s: %s", cases[i].text, status.message);
        ck_assert_msg(strcmp(status.field, cases[i].field) == 0, "%s: %s", cases[i].text, status.field);
        ck_assert_msg(strstr(status.message, cases[i].says), "%s: %s", cases[i].text, status.message);
    }
}
END_TEST

Suite *test_devices_suite(void);
Suite *test_devices_suite(void)
{
    Suite *suite = suite_create("devices");
    TCase *tests = tcase_create("devices");
    tcase_add_test(tests, table);
    tcase_add_test(tests, found);
    tcase_add_test(tests, refused);
    suite_add_tcase(suite, tests);
    return suite;
}
