#include "fake_gpu.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "truth.h"

#define MOST_OBJECTS 1024

typedef enum object_kind { NOTHING, BUFFER, KERNEL, BINDING } object_kind;

typedef struct object {
    object_kind kind;
    void *memory;
    uint32_t bytes;
    am_kernel kernel;
    uint64_t print;
    int32_t of, operand[AM_MOST_OPERANDS];
    uint32_t operands;
    am_kernel told; /* of a binding: the kernel with its sizes */
    bool computed;  /* it would come to the same again */
} object;

fake_gpu fake;

static object objects[MOST_OBJECTS];
static double live;
static uint32_t batches, dice;
static am_gpu_status status; /* of the next event */
static int seen;             /* runs of the kernel that gets an element wrong */
static bool nudging;

/* An assertion that is asked thousands of times in a run: Check writes each of its own into a file, those that hold too. */
#define need(holds, ...) ((holds) ? (void)0 : ck_abort_msg(__VA_ARGS__))

static struct {
    bool waits;
    int32_t event;
    double wall, nanoseconds;
} pending;

void fake_gpu_reset(void)
{
    fake = (fake_gpu){.limits = {1, 1, 1u << 28, 16384, 256, 65535},
                      .memory = 1e9,
                      .gflops = 2000,
                      .gbs = 200,
                      .launch = 0.01,
                      .latency = 0.3,
                      .tick = 1,
                      .interruption = 50};
}

am_bench_options fake_gpu_options(void)
{
    am_bench_options options = am_bench_defaults();
    options.copy = 1 << 18;
    options.matmul = options.block = options.small = options.toy = options.trial = 64;
    return options;
}

static double by_clock(double ms)
{
    return fake.clock_step > 0 ? floor(ms / fake.clock_step) * fake.clock_step : ms;
}

double am_gpu_now(void)
{
    return by_clock(fake.now);
}

static void post(int32_t event, double wall, double nanoseconds)
{
    ck_assert_msg(!pending.waits, "two calls under way");
    pending.waits = true;
    pending.event = event;
    pending.wall = wall;
    pending.nanoseconds = nanoseconds;
}

/* ---- objects */

static int32_t make(object_kind kind)
{
    for (int32_t i = 1; i < MOST_OBJECTS; i++) {
        if (objects[i].kind != NOTHING) continue;
        objects[i] = (object){.kind = kind};
        fake.objects++;
        return i;
    }
    ck_abort_msg("more than %d objects", MOST_OBJECTS);
    return 0;
}

static object *find(int32_t handle, int kind)
{
    need(handle > 0 && handle < MOST_OBJECTS && (int)objects[handle].kind == kind, "object %d is no %d", (int)handle, kind);
    return &objects[handle];
}

void am_gpu_free(int32_t handle)
{
    if (handle == 0) return;
    ck_assert_msg(handle > 0 && handle < MOST_OBJECTS && objects[handle].kind != NOTHING, "object %d is freed twice",
                  (int)handle);
    if (objects[handle].kind == BUFFER) live -= objects[handle].bytes;
    free(objects[handle].memory);
    objects[handle] = (object){0};
    fake.objects--;
}

void am_gpu_open_async(am_gpu_limits *limits, int32_t timestamps)
{
    *limits = fake.limits;
    if (!timestamps) limits->timestamps = 0;
    status = fake.opens;
    fake.now += 5;
    post(AM_GPU_OPENED, 0, 0);
}

int32_t am_gpu_buffer(uint32_t bytes)
{
    int32_t handle = make(BUFFER);
    ck_assert_uint_gt(bytes, 0);
    ck_assert_uint_le(bytes, fake.limits.buffer_bytes);
    live += bytes;
    if (live > fake.most_bytes) fake.most_bytes = live;
    if (live > fake.memory) status = AM_GPU_OUT_OF_MEMORY;
    objects[handle].bytes = bytes;
    objects[handle].memory = calloc(1, bytes);
    return handle;
}

int32_t am_gpu_uniform(const void *from, uint32_t bytes)
{
    int32_t handle = am_gpu_buffer(bytes);
    ck_assert_uint_ge(bytes, 16);
    memcpy(objects[handle].memory, from, bytes);
    return handle;
}

static const char *const names[] = {"fill",    "copy",          "matmul", "relu",    "relu_backward",
                                    "gelu",    "gelu_backward", "add",    "softmax", "softmax_backward",
                                    "row_sum", "mean"};

/* The kernel of a title; its tile says how long its text is to compile, and no more. */
static am_kernel read_title(const char *wgsl)
{
    am_kernel kernel = {0};
    char name[32];
    unsigned precision, turned[2], bias, tile;
    int end = 0;
    ck_assert_int_eq(sscanf(wgsl, "// %31s %u%n", name, &precision, &end), 2);
    kernel.precision = (am_precision)precision;
    while (strcmp(names[kernel.kind], name) != 0) {
        kernel.kind++;
        need(kernel.kind < sizeof names / sizeof *names, "a kernel '%s'", name);
    }
    if (kernel.kind != AM_K_MATMUL) return kernel;
    ck_assert_int_eq(sscanf(wgsl + end, "%u%u%u%u", &turned[0], &turned[1], &bias, &tile), 4);
    kernel.layout = (am_layout){(uint8_t)tile, turned[0], turned[1], bias};
    return kernel;
}

/* What it is told, or what the lengths of its buffers say. */
static void tell(object *binding, const void *words)
{
    am_kernel *kernel = &binding->told;
    uint32_t n = find(binding->operand[binding->operands - 1], BUFFER)->bytes / 4;
    uint32_t read = find(binding->operand[0], BUFFER)->bytes / 4;
    *kernel = find(binding->of, KERNEL)->kernel;
    switch (kernel->kind) {
    case AM_K_FILL:
        memcpy(&kernel->fill, words, sizeof kernel->fill);
        kernel->sizes.n = n;
        break;
    case AM_K_MATMUL:
    case AM_K_SOFTMAX:
    case AM_K_SOFTMAX_BACKWARD: memcpy(&kernel->sizes, words, sizeof kernel->sizes); break;
    case AM_K_ROW_SUM: kernel->sizes = (am_sizes){.n = read / n, .k = n}; break;
    case AM_K_MEAN: kernel->sizes.n = read; break;
    default: kernel->sizes.n = n;
    }
}

static uint64_t print_of(const char *text)
{
    uint64_t hash = 0;
    for (; *text; text++) hash = (hash ^ (uint8_t)*text) * 0x9e3779b97f4a7c15u;
    return hash;
}

int32_t am_gpu_compile_async(const char *wgsl, uint32_t length)
{
    int32_t handle = make(KERNEL);
    const uint64_t print = print_of(wgsl);
    ck_assert_uint_gt(length, 0);
    ck_assert_uint_eq(strlen(wgsl), length);
    objects[handle].kernel = read_title(wgsl);
    if (fake.refused && strcmp(names[objects[handle].kernel.kind], fake.refused) == 0) status = AM_GPU_INVALID;
    fake.compilations++;
    for (int i = 1; i < MOST_OBJECTS; i++)
        need(i == handle || objects[i].kind != KERNEL || objects[i].print != print, "compiled twice: %.60s", wgsl);
    objects[handle].print = print;
    fake.now += 1 + (strstr(wgsl, "var<workgroup> A") ? fake.shared_compilation : 0);
    post(AM_GPU_COMPILED, 0, 0);
    return handle;
}

int32_t am_gpu_bind(int32_t kernel, const int32_t *buffers, uint32_t count)
{
    int32_t handle = make(BINDING);
    find(kernel, KERNEL);
    object *binding = &objects[handle];
    uint32_t words[AM_MOST_TOLD], told = am_kernel_told(&find(kernel, KERNEL)->kernel, words) > 0;
    ck_assert_uint_le(count - told, AM_MOST_OPERANDS);
    binding->of = kernel;
    binding->operands = count - told;
    for (uint32_t i = 0; i < count; i++) {
        find(buffers[i], BUFFER);
        if (i < binding->operands) binding->operand[i] = buffers[i];
    }
    tell(binding, told ? find(buffers[count - 1], BUFFER)->memory : NULL);
    return handle;
}

double am_gpu_live_bytes(void)
{
    return live;
}

void am_gpu_nudge(int32_t on)
{
    nudging = on;
    fake.nudges++;
}

/* ---- work */

static double bytes_of(const object *binding)
{
    double bytes = 0;
    for (uint32_t i = 0; i < binding->operands; i++) bytes += find(binding->operand[i], BUFFER)->bytes;
    return bytes;
}

static double time_of(const object *binding)
{
    const am_kernel *kernel = &binding->told;
    const am_sizes *x = &kernel->sizes;
    double flops = kernel->kind == AM_K_MATMUL ? 2.0 * x->m * x->n * x->k * x->batch : 0;
    double rate = kernel->precision == AM_F32 ? fake.gflops : 2 * fake.gflops;
    return fake.launch + fmax(flops / rate / 1e6, bytes_of(binding) / fake.gbs / 1e6);
}

static void compute(object *binding)
{
    const am_kernel *kernel = &binding->told;
    object *last = find(binding->operand[binding->operands - 1], BUFFER);
    void *operand[AM_MOST_OPERANDS] = {0};
    if (binding->computed) return;
    binding->computed = true;
    for (uint32_t i = 0; i < binding->operands; i++) operand[i] = find(binding->operand[i], BUFFER)->memory;
    am_kernel_compute(kernel, operand);
    if (!fake.wrong || strcmp(names[kernel->kind], fake.wrong) != 0 || seen++ < fake.wrong_from) return;
    if (kernel->kind == AM_K_COPY)
        ((uint32_t *)last->memory)[last->bytes / 8] ^= 1;
    else if (kernel->precision == AM_F32)
        ((float *)last->memory)[last->bytes / 8] += 0.25f;
    else
        ((uint16_t *)last->memory)[last->bytes / 4] ^= 1 << 10;
}

static double roll(void)
{
    dice = dice * 1664525u + 1013904223u;
    return (double)(dice >> 8) / (1 << 24) - 0.5;
}

static double stamp(double from, double to)
{
    double a = from * 1e6 / fake.tick, b = to * 1e6 / fake.tick;
    if (fake.quantum > 0) a = floor(a / fake.quantum) * fake.quantum, b = floor(b / fake.quantum) * fake.quantum;
    if (fake.stamps == STAMPS_ZERO || (fake.stamps == STAMPS_BREAK_LATE && batches > 250)) return 0;
    if (fake.stamps == STAMPS_MISSING) return NAN;
    return fake.stamps == STAMPS_BACKWARD ? a - b : b - a;
}

void am_gpu_run_async(const am_gpu_dispatch *list, uint32_t count, uint32_t times, int32_t timestamps)
{
    double start = fake.now, work = 0;
    for (uint32_t i = 0; i < count; i++) {
        object *binding = find(list[i].binding, BINDING);
        need(binding->of == list[i].kernel, "a binding of kernel %d runs in %d", (int)binding->of, (int)list[i].kernel);
        for (int j = 0; j < 3; j++)
            need(list[i].grid[j] <= fake.limits.workgroups, "a grid of %u workgroups", (unsigned)list[i].grid[j]);
        compute(binding);
        work += time_of(binding) * times;
    }
    if (start < fake.slow_until) work *= 2;
    work *= 1 + fake.jitter * roll();
    batches++;
    double begin = start + fake.latency / 2, end = begin + work;
    fake.now = end + fake.latency / 2;
    if (fake.interrupt && batches % (uint32_t)fake.interrupt == 0) fake.now += fake.interruption;
    if (fake.poll > 0 && (!nudging || fake.deaf)) fake.now = ceil(fake.now / fake.poll) * fake.poll;
    if (times > 0 && work > fake.longest_batch) fake.longest_batch = work;
    if (count > 0 && !timestamps) fake.clock_batches++;
    post(AM_GPU_RAN, by_clock(fake.now) - by_clock(start), timestamps ? stamp(begin, end) : NAN);
}

void am_gpu_read_async(int32_t buffer, uint32_t offset, void *to, uint32_t bytes)
{
    const object *from = find(buffer, BUFFER);
    ck_assert_msg(offset % 4 == 0 && bytes % 4 == 0 && offset + bytes <= from->bytes, "reads %u bytes at %u", bytes,
                  offset);
    memcpy(to, (const char *)from->memory + offset, bytes);
    fake.now += 1 + bytes / 1e6;
    post(AM_GPU_READ, 0, 0);
}

/* ---- what is told */

void am_told_progress(am_measure measure, double share)
{
    ck_assert_msg(measure < AM_MEASURES && share >= fake.share && share <= 1, "progress %g", share);
    fake.share = share;
    fake.progress++;
}

void am_told_result(am_measure measure, am_variant variant, const am_measured *measured)
{
    ck_assert_msg(!fake.told[measure][variant] && !fake.omitted[measure], "measure %d is told twice", measure);
    fake.told[measure][variant] = true;
    fake.measured[measure][variant] = *measured;
    fake.results++;
}

void am_told_omitted(am_measure measure, am_omission omission)
{
    ck_assert_msg(!fake.told[measure][0] && !fake.omitted[measure], "measure %d is told twice", measure);
    fake.omitted[measure] = omission;
}

void am_told_rates(double gflops, double fp32_gflops, double bandwidth)
{
    fake.has_rates = true;
    memcpy(fake.rates, (const double[]){gflops, fp32_gflops, bandwidth}, sizeof fake.rates);
}

void am_told_end(am_ending ending, double milliseconds)
{
    fake.ends++;
    fake.ending = ending;
    fake.took = milliseconds;
}

void fake_gpu_run(const am_bench_options *options)
{
    batches = 0;
    dice = 1;
    seen = 0;
    nudging = false;
    status = AM_GPU_OK;
    pending.waits = false;
    am_bench_begin(options);
    for (int i = 0; pending.waits; i++) {
        need(i < 100000, "no end after %d events", i);
        am_gpu_status with = status;
        pending.waits = false;
        status = AM_GPU_OK;
        if (fake.lost_at > 0 && fake.now >= fake.lost_at) {
            am_bench_event(AM_GPU_LOST, 0, 0, 0);
            continue;
        }
        if (fake.stopped_at > 0 && fake.now >= fake.stopped_at) am_bench_stop((int32_t)fake.stopped_as);
        am_bench_event(pending.event, (int32_t)with, pending.wall, pending.nanoseconds); /* to an ended one too */
    }
}
