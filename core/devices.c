/* GPUs by name, and the rates that a configuration's times are computed with. */
#include <string.h>

#include "bytes.h"
#include "input.h"

#define GIB ((int64_t)1 << 30)

const am_device am_devices[] = {
#define AM_DEVICE(id, label, memory, ...) {id, label, memory * GIB, __VA_ARGS__},
#include "devices.def"
#undef AM_DEVICE
};
const int am_device_count = sizeof am_devices / sizeof *am_devices;

const am_device *am_device_find(const char *id)
{
    for (int i = 0; i < am_device_count; i++)
        if (strcmp(am_devices[i].id, id) == 0) return &am_devices[i];
    return NULL;
}

/* The one that is nearest to what was written and neither of the other two. */
static const char *nearest(const char *id, const char *not_this, const char *nor_this)
{
    const char *found = NULL;
    for (int i = 0; i < am_device_count; i++) {
        const char *own = am_devices[i].id;
        if (own == not_this || own == nor_this) continue;
        if (!found || am_name_distance(id, own) < am_name_distance(id, found)) found = own;
    }
    return found;
}

static bool is_mine(const am_config *config)
{
    return strcmp(config->device, "mine") == 0;
}

static am_code find_rates(const am_config *config, am_rates *rates, am_status *status)
{
    const am_device *device = am_device_find(config->device);
    if (device) {
        *rates = (am_rates){.gflops = {[AM_FP32] = device->fp32, [AM_FP16] = device->fp16, [AM_BF16] = device->bf16},
                            .bandwidth = device->bandwidth};
        return AM_OK;
    }
    if (!is_mine(config)) {
        const char *first = nearest(config->device, NULL, NULL), *second = nearest(config->device, first, NULL);
        return am_fail(
            status, AM_BAD_VALUE, "device",
            "there is no device '%s' in the table; the nearest are %s, %s and %s, and device=mine is one of your own",
            config->device, first, second, nearest(config->device, first, second));
    }
    const char *missing = config->device_gflops == 0      ? "device_gflops"
                          : config->device_bandwidth == 0 ? "device_bandwidth"
                                                          : NULL;
    if (missing)
        return am_fail(status, AM_MISSING, missing, "device=mine needs device_gflops and device_bandwidth: give %s",
                       missing);
    for (int i = 0; i < AM_DTYPE_COUNT; i++) rates->gflops[i] = am_dtypes[i].floating ? config->device_gflops : 0;
    return AM_OK;
}

int am_compute_dtype(const am_config *config)
{
    static const int dtypes[] = {AM_FP32, AM_BF16, AM_FP16};
    if (config->autocast == AM_AUTOCAST_OFF) return dtypes[config->dtype];
    return config->autocast == AM_AUTOCAST_BF16 ? AM_BF16 : AM_FP16;
}

am_code am_rates_of(const am_config *config, am_rates *rates, am_status *status)
{
    int dtype = am_compute_dtype(config);
    *rates = (am_rates){{0}, 0};
    am_code code = find_rates(config, rates, status);
    if (code) return code;
    if (config->device_gflops) {
        rates->gflops[dtype] = config->device_gflops;
        rates->gflops[AM_FP32] = am_smaller(rates->gflops[AM_FP32], config->device_gflops); /* no product in 16 bits is slower */
    }
    if (config->device_fp32_gflops) rates->gflops[AM_FP32] = config->device_fp32_gflops;
    if (config->device_bandwidth) rates->bandwidth = config->device_bandwidth;
    if (rates->gflops[dtype]) return AM_OK;
    const char *other = rates->gflops[AM_FP16] ? "fp16" : "bf16";
    return am_fail(status, AM_UNSUPPORTED, "device",
                   "%s has no matrix products in %s: dtype=%s, another device, or its rate as device_gflops",
                   config->device, am_dtypes[dtype].name, other);
}
