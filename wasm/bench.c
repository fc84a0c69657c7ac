#include "bench.h"

#include "agenda.h"
#include "proven.h"
#include "sampling.h"
#include "timing.h"

#include <string.h>

#define MIB          (1u << 20)
#define CHUNK        MIB   /* that is read back at once */
#define MOST_KERNELS 64    /* that are compiled: more than all programs have */
#define CLOSING      500.0 /* milliseconds of the budget, for what cannot be stopped */

typedef enum am_state {
    AM_IDLE,
    AM_OPENING,
    AM_LISTENING, /* how long the browser takes to say that nothing is done */
    AM_COMPILING, /* the kernels of a program that are not there yet, one after the other */
    AM_FILLING,
    AM_WALKING, /* pass by pass, with buffers made and freed as autograd would */
    AM_READING, /* results, to be checked */
    AM_TIMING,  /* batch by batch */
} am_state;

static struct {
    am_bench_options options;
    am_gpu_limits limits;
    am_state state;
    double start, end;
    bool nudged;
    int heard; /* answers listened to */
    struct {
        uint64_t print; /* a hash of its text */
        int32_t handle;
    } compiled[MOST_KERNELS]; /* the fill first, which serves every program */
    int kernels;
    double gflops[AM_MEASURES], bandwidth; /* of valid results */

    am_agenda agenda;
    am_stage stage;
    am_taken taken; /* by the stage so far */
    double since;   /* what is under way */

    bool checked; /* its results are right */
    int32_t buffer[AM_MOST_SLOTS], fill_told[AM_MOST_SLOTS], fill_binding[AM_MOST_SLOTS];
    int32_t kernel[AM_MOST_STEPS], told[AM_MOST_STEPS], binding[AM_MOST_STEPS];
    int pass, slot;
    uint32_t offset;
    am_variant variant;
    double base; /* bytes before it */
    double walked[AM_VARIANTS];
    double saved[AM_VARIANTS], after[AM_VARIANTS], peak[AM_VARIANTS];
    uint64_t sum[AM_VARIANTS]; /* of the results' bits */

    am_sampling sampling;
} bench;

static char text[AM_MOST_WGSL];
static uint32_t chunk[CHUNK / 4];

/* ---- small things */

static bool is_matmul(am_measure measure)
{
    return measure == AM_M_MATMUL_F32 || measure == AM_M_MATMUL_F16_F32 || measure == AM_M_MATMUL_F16;
}

/* Milliseconds since the last call. */
static double lap(void)
{
    double now = am_gpu_now(), took = now - bench.since;
    bench.since = now;
    return took;
}

static int variants(void)
{
    return bench.stage.program.recomputes ? AM_VARIANTS : 1;
}

static void release(int32_t *object)
{
    am_gpu_free(*object);
    *object = 0;
}

/* Buffers of one role, or of all that a pass makes. */
static void release_values(void)
{
    for (int i = 0; i < bench.stage.program.slots; i++)
        if (bench.stage.program.slot[i].role != AM_DATA) release(&bench.buffer[i]);
}

static void release_stage(void)
{
    for (int i = 0; i < bench.stage.program.passes; i++) {
        release(&bench.binding[i]);
        release(&bench.told[i]);
        bench.kernel[i] = 0;
    }
    for (int i = 0; i < bench.stage.program.slots; i++) {
        release(&bench.fill_binding[i]);
        release(&bench.fill_told[i]);
        release(&bench.buffer[i]);
    }
    bench.stage.program.passes = bench.stage.program.slots = 0;
}

static void end(am_ending ending)
{
    if (bench.state == AM_IDLE) return;
    bench.state = AM_IDLE;
    release_stage();
    while (bench.kernels > 0) am_gpu_free(bench.compiled[--bench.kernels].handle);
    am_told_end(ending, am_gpu_now() - bench.start);
}

/* ---- stages */

static void compile_next(void);

static void begin_stage(void)
{
    bench.taken = (am_taken){0};
    for (int i = 0; i < AM_VARIANTS; i++) bench.walked[i] = 0;
    bench.variant = AM_STORED;
    bench.checked = false;
    bench.pass = 0;
    lap();
    compile_next();
}

static void go_on(void)
{
    for (;;) {
        am_omission why;
        switch (am_agenda_next(&bench.agenda, am_gpu_now(), &bench.stage, &why)) {
        case AM_T_MEASURE: am_told_progress(am_agenda_measure(&bench.agenda), am_agenda_share(&bench.agenda)); break;
        case AM_T_STAGE: begin_stage(); return;
        case AM_T_OMITTED: am_told_omitted(am_agenda_measure(&bench.agenda), why); break;
        default: end(bench.agenda.late ? AM_E_TIME : AM_E_DONE); return;
        }
    }
}

static void end_stage(am_omission why)
{
    bench.taken.why = why;
    for (int i = 0; i < variants(); i++) bench.taken.walked += bench.walked[i];
    am_agenda_took(&bench.agenda, &bench.stage, &bench.taken);
    release_stage();
    go_on();
}

/* ---- opening */

static void listen(void)
{
    bench.state = AM_LISTENING;
    am_gpu_run_async(NULL, 0, 1, 0);
}

#define ANSWERS 3

static void on_opened(am_gpu_status status)
{
    if (status != AM_GPU_OK) {
        end(status == AM_GPU_ABSENT ? AM_E_ABSENT : status == AM_GPU_NO_ADAPTER ? AM_E_NO_ADAPTER : AM_E_REFUSED);
        return;
    }
    bench.sampling.timestamps = bench.limits.timestamps; /* 0 where none were asked for */
    am_agenda_begin(&bench.agenda, &bench.options, &bench.limits, bench.end);
    bench.sampling.latency = bench.options.budget;
    bench.heard = 0;
    listen();
}

static void on_heard(double wall)
{
    if (wall < bench.sampling.latency) bench.sampling.latency = wall;
    if (++bench.heard % ANSWERS) {
        listen();
    } else if (bench.sampling.latency > AM_SLEEPY && !bench.nudged) {
        bench.nudged = true;
        bench.sampling.latency = bench.options.budget;
        am_gpu_nudge(1);
        listen();
    } else {
        go_on();
    }
}

/* ---- compiling and filling */

static uint64_t print_of(const char *wgsl, size_t length)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < length; i++) hash = (hash ^ (uint8_t)wgsl[i]) * 0x100000001b3u;
    return hash;
}

static void fill_data(void)
{
    static am_gpu_dispatch list[AM_MOST_SLOTS];
    uint32_t count = 0, words[AM_MOST_TOLD];
    int32_t fill = bench.compiled[0].handle;
    for (int i = 0; i < bench.stage.program.slots; i++) {
        const am_slot *slot = &bench.stage.program.slot[i];
        const am_kernel kernel = {.kind = AM_K_FILL, .sizes.n = slot->bytes / 4, .fill = slot->fill};
        if (slot->role != AM_DATA) continue;
        if (!bench.buffer[i]) bench.buffer[i] = am_gpu_buffer(slot->bytes);
        release(&bench.fill_told[i]);
        release(&bench.fill_binding[i]);
        bench.fill_told[i] = am_gpu_uniform(words, am_kernel_told(&kernel, words) * 4);
        bench.fill_binding[i] = am_gpu_bind(fill, (const int32_t[]){bench.buffer[i], bench.fill_told[i]}, 2);
        list[count] = (am_gpu_dispatch){fill, bench.fill_binding[i], {0}};
        am_kernel_grid(&kernel, list[count++].grid);
    }
    bench.state = AM_FILLING;
    lap();
    am_gpu_run_async(list, count, 1, 0);
}

/* A kernel by its text; 0: it is not there, and is being compiled. */
static int32_t kernel_of(const am_kernel *kernel)
{
    size_t length = am_kernel_text(kernel, text, sizeof text);
    uint64_t print = print_of(text, length);
    for (int i = 0; i < bench.kernels; i++)
        if (bench.compiled[i].print == print) return bench.compiled[i].handle;
    bench.state = AM_COMPILING;
    bench.compiled[bench.kernels].print = print;
    bench.compiled[bench.kernels++].handle = am_gpu_compile_async(text, (uint32_t)length);
    return 0;
}

static void compile_next(void)
{
    static const am_kernel fill = {.kind = AM_K_FILL};
    uint32_t words[AM_MOST_TOLD];
    if (!kernel_of(&fill)) return;
    for (; bench.pass < bench.stage.program.passes; bench.pass++) {
        const am_kernel *kernel = &bench.stage.program.pass[bench.pass].kernel;
        uint32_t told = am_kernel_told(kernel, words);
        bench.kernel[bench.pass] = kernel_of(kernel);
        if (!bench.kernel[bench.pass]) return;
        if (told) bench.told[bench.pass] = am_gpu_uniform(words, told * 4);
    }
    fill_data();
}

static void on_compiled(void)
{
    double took = lap();
    if (took > bench.taken.compiled) bench.taken.compiled = took;
    compile_next();
}

/* ---- walking: the passes as autograd would run them */

static am_gpu_dispatch dispatch_of(int pass)
{
    const am_pass *which = &bench.stage.program.pass[pass];
    am_gpu_dispatch dispatch = {bench.kernel[pass], bench.binding[pass], {0}};
    am_kernel_grid(&which->kernel, dispatch.grid);
    return dispatch;
}

static void bind_pass(int pass)
{
    const am_pass *which = &bench.stage.program.pass[pass];
    int32_t buffers[AM_MOST_OPERANDS + 1];
    uint32_t count = which->slots;
    for (int i = 0; i < which->slots; i++) {
        int slot = which->slot[i];
        if (!bench.buffer[slot]) bench.buffer[slot] = am_gpu_buffer(bench.stage.program.slot[slot].bytes);
        buffers[i] = bench.buffer[slot];
    }
    if (bench.told[pass]) buffers[count++] = bench.told[pass];
    bench.binding[pass] = am_gpu_bind(bench.kernel[pass], buffers, count);
}

static double live(void)
{
    return am_gpu_live_bytes() - bench.base;
}

static void walk(void)
{
    static am_gpu_dispatch dispatch;
    while (!am_pass_runs(&bench.stage.program.pass[bench.pass], bench.variant)) bench.pass++;
    bind_pass(bench.pass);
    bool forward = bench.stage.program.pass[bench.pass].part == AM_FORWARD;
    if (forward && live() > bench.peak[bench.variant]) bench.peak[bench.variant] = live();
    dispatch = dispatch_of(bench.pass);
    bench.state = AM_WALKING;
    am_gpu_run_async(&dispatch, 1, 1, 0);
}

static void begin_walk(void)
{
    am_variant variant = bench.variant;
    bench.base = am_gpu_live_bytes();
    bench.peak[variant] = bench.after[variant] = bench.saved[variant] = 0;
    bench.sum[variant] = 0;
    bench.pass = 0;
    walk();
}

/* What is there between forward and backward; without the results it is what is saved. */
static void note_saved(void)
{
    double results = 0;
    for (int i = 0; i < bench.stage.program.slots; i++)
        if (bench.stage.program.slot[i].role == AM_RESULT && bench.buffer[i])
            results += bench.stage.program.slot[i].bytes;
    bench.after[bench.variant] = live();
    bench.saved[bench.variant] = live() - results;
}

static void read_next(void);

static void on_walked(double wall)
{
    const am_program *program = &bench.stage.program;
    const am_pass *pass = &program->pass[bench.pass];
    bench.walked[bench.variant] += am_sampling_net(&bench.sampling, wall);
    release(&bench.binding[bench.pass]);
    for (int i = 0; i < pass->slots; i++)
        if (am_slot_ends(program, bench.variant, bench.pass, pass->slot[i])) release(&bench.buffer[pass->slot[i]]);
    bench.pass++;
    if (pass->part == AM_FORWARD && (bench.pass == program->passes || program->pass[bench.pass].part != AM_FORWARD))
        note_saved();
    if (bench.pass < program->passes) {
        walk();
        return;
    }
    lap();
    if (bench.variant == AM_STORED) am_truth_begin(bench.stage.subject, program);
    bench.slot = 0;
    bench.offset = 0;
    read_next();
}

/* ---- reading results */

static void begin_timing(void);
static void take_results(void);

static void on_checked(void)
{
    bench.taken.checked += lap();
    release_values();
    if (bench.variant + 1 < (am_variant)variants()) {
        bench.variant++;
        begin_walk();
        return;
    }
    bench.checked = true;
    if (!bench.stage.timed) {
        end_stage(0);
    } else if (bench.stage.exact) {
        const am_kernel *kernel = &bench.stage.program.pass[0].kernel;
        am_program_matmul(&bench.stage.program, bench.stage.size, kernel->precision, kernel->layout.tile, false);
        fill_data();
    } else {
        begin_timing();
    }
}

static uint32_t chunk_size(void)
{
    uint32_t rest = bench.stage.program.slot[bench.slot].bytes - bench.offset;
    return rest < CHUNK ? rest : CHUNK;
}

static void read_next(void)
{
    while (bench.slot < bench.stage.program.slots && bench.stage.program.slot[bench.slot].role != AM_RESULT)
        bench.slot++;
    if (bench.slot == bench.stage.program.slots) {
        if (bench.variant == AM_RECOMPUTED && bench.sum[AM_RECOMPUTED] != bench.sum[AM_STORED])
            end_stage(AM_O_WRONG);
        else
            on_checked();
        return;
    }
    bench.state = AM_READING;
    am_gpu_read_async(bench.buffer[bench.slot], bench.offset, chunk, chunk_size());
}

static void on_read(void)
{
    uint32_t size = chunk_size();
    uint64_t sum = bench.sum[bench.variant];
    for (uint32_t i = 0; i < size / 4; i++) sum = (sum ^ chunk[i]) * 0x9e3779b97f4a7c15u;
    bench.sum[bench.variant] = sum;
    if (bench.variant == AM_STORED && !am_truth_holds(bench.slot, bench.offset, chunk, size)) {
        end_stage(AM_O_WRONG);
        return;
    }
    bench.offset += size;
    if (bench.offset == bench.stage.program.slot[bench.slot].bytes) {
        bench.offset = 0;
        bench.slot++;
    }
    read_next();
}

/* ---- timing */

static void run_out(void);

static void run_batch(void)
{
    static am_gpu_dispatch list[AM_MOST_STEPS];
    uint32_t count = 0;
    for (int i = 0; i < bench.stage.program.passes; i++) {
        if (!bench.binding[i]) bind_pass(i);
        if (am_pass_runs(&bench.stage.program.pass[i], bench.sampling.variant)) list[count++] = dispatch_of(i);
    }
    bench.state = AM_TIMING;
    am_gpu_run_async(list, count, bench.sampling.batch_runs, bench.sampling.timestamps);
}

static void go_on_timing(am_next next)
{
    switch (next) {
    case AM_N_BATCH: run_batch(); break;
    case AM_N_DONE: take_results(); break;
    case AM_N_CLOCK: end_stage(AM_O_CLOCK); break;
    default: run_out();
    }
}

static void begin_timing(void)
{
    const am_timed timed = {variants(), bench.stage.program.passes, bench.stage.quick, {bench.walked[AM_STORED], bench.walked[AM_RECOMPUTED]},
                            bench.agenda.deadline, bench.end};
    go_on_timing(am_sampling_begin(&bench.sampling, &timed, am_gpu_now()));
}

/* ---- results */

static am_measured measured_of(am_variant variant)
{
    const am_program *program = &bench.stage.program;
    int count = bench.sampling.samples[variant];
    am_measured measured = {
        .size = bench.stage.size, .samples = count, .runs = bench.sampling.runs, .timestamps = bench.sampling.timestamps};
    am_spread spread = count ? am_spread_of(bench.sampling.sample[variant], count) : (am_spread){0};
    measured.median = spread.median;
    measured.p10 = spread.p10;
    measured.p90 = spread.p90;
    measured.flops = am_program_flops(program, variant);
    measured.bytes = am_program_traffic(program, variant);
    measured.gflops = count ? measured.flops / spread.median / 1e6 : 0;
    measured.mbs = count ? measured.bytes / spread.median / 1e3 : 0;
    measured.saved = bench.saved[variant];
    measured.after = bench.after[variant];
    measured.peak = bench.peak[variant];
    measured.check = bench.stage.subject == AM_OF_NUMBERS ? 0.5 : 1;
    return measured;
}

static void tell_results(void)
{
    for (int i = 0; i < variants(); i++) {
        am_measured measured = measured_of((am_variant)i);
        am_told_result(am_agenda_measure(&bench.agenda), (am_variant)i, &measured);
    }
}

static void tell_rates(void)
{
    double fp32 = bench.gflops[AM_M_MATMUL_F32], half = bench.gflops[AM_M_MATMUL_F16_F32];
    if (fp32 > 0 && bench.bandwidth > 0) am_told_rates(half > 0 ? half : fp32, fp32, bench.bandwidth);
}

static void take_results(void)
{
    am_measured measured = measured_of(AM_STORED);
    am_measure measure = am_agenda_measure(&bench.agenda);
    bench.taken.gflops = measured.gflops;
    if (!bench.stage.quick) {
        if (is_matmul(measure)) bench.gflops[measure] = measured.gflops;
        if (measure == AM_M_COPY) bench.bandwidth = measured.mbs;
        tell_results();
        tell_rates();
    }
    end_stage(0);
}

/* The time is up. Of a block whose values are right, what it keeps is told without times. */
static void run_out(void)
{
    bool told = bench.checked && AM_ALWAYS(bench.stage.timed) /* no other goes on behind its check */ && bench.stage.program.recomputes;
    if (told) {
        for (int i = 0; i < variants(); i++) bench.sampling.samples[i] = 0;
        tell_results();
    }
    am_agenda_abandon(&bench.agenda, told, am_told_omitted);
    end(AM_E_TIME);
}

/* ---- what the host calls */

static void on_failure(am_gpu_status status)
{
    if (bench.state == AM_COMPILING) am_gpu_free(bench.compiled[--bench.kernels].handle);
    if (bench.kernels == 0)
        end(AM_E_REFUSED); /* the fill, which all need */
    else
        end_stage(status == AM_GPU_OUT_OF_MEMORY ? AM_O_MEMORY : AM_O_REFUSED);
}

am_bench_options am_bench_defaults(void)
{
    return (am_bench_options){.budget = 20000,
                              .memory = 512.0 * MIB,
                              .timestamps = 1,
                              .copy = 128 * MIB,
                              .matmul = 4096,
                              .block = 1024,
                              .toy = 4096,
                              .small = 128,
                              .trial = 1024};
}

void am_bench_begin(const am_bench_options *options)
{
    memset(&bench, 0, sizeof bench);
    bench.options = *options;
    bench.start = am_gpu_now();
    bench.end = bench.start + options->budget - CLOSING;
    bench.state = AM_OPENING;
    am_gpu_open_async(&bench.limits, options->timestamps);
}

AM_EXPORT(am_bench_start)
void am_bench_start(int32_t budget, int32_t timestamps)
{
    am_bench_options options = am_bench_defaults();
    options.budget = budget;
    options.timestamps = timestamps;
    am_bench_begin(&options);
}

AM_EXPORT(am_bench_event)
void am_bench_event(int32_t event, int32_t status, double wall, double nanoseconds)
{
    static const uint8_t awaited[] = {
        [AM_IDLE] = 0,
        [AM_OPENING] = AM_GPU_OPENED,
        [AM_LISTENING] = AM_GPU_RAN,
        [AM_COMPILING] = AM_GPU_COMPILED,
        [AM_FILLING] = AM_GPU_RAN,
        [AM_WALKING] = AM_GPU_RAN,
        [AM_READING] = AM_GPU_READ,
        [AM_TIMING] = AM_GPU_RAN,
    };
    if (event == AM_GPU_LOST) {
        end(AM_E_LOST);
        return;
    }
    if (event != awaited[bench.state]) return;
    if (bench.state > AM_OPENING && am_gpu_now() > bench.end) {
        run_out();
        return;
    }
    if (bench.state > AM_LISTENING && status != AM_GPU_OK) {
        on_failure((am_gpu_status)status);
        return;
    }
    switch (bench.state) {
    case AM_IDLE: break;
    case AM_OPENING: on_opened((am_gpu_status)status); break;
    case AM_LISTENING: on_heard(wall); break;
    case AM_COMPILING: on_compiled(); break;
    case AM_FILLING:
        bench.taken.filled += lap();
        if (bench.checked)
            begin_timing();
        else
            begin_walk();
        break;
    case AM_WALKING: on_walked(wall); break;
    case AM_READING: on_read(); break;
    default: go_on_timing(am_sampling_took(&bench.sampling, am_gpu_now(), wall, nanoseconds));
    }
}

AM_EXPORT(am_bench_stop)
void am_bench_stop(int32_t ending)
{
    if (bench.state != AM_IDLE && ending == AM_E_TIME)
        run_out();
    else
        end((am_ending)ending);
}
