#include "bench.h"

#include "timing.h"
#include "truth.h"

#include <string.h>

#define MIB           (1u << 20)
#define CHUNK         MIB /* that is read back at once */
#define MOST_SAMPLES  11
#define CLOCK_SAMPLES 7    /* which take four batches each */
#define LEAST_SAMPLES 3    /* of a race too */
#define MOST_RUNS     4096 /* in a batch, of one kernel */
#define MOST_FAILURES 6    /* of the clock, until it is given up */

/* Milliseconds. */
#define SLEEPY      15.0  /* an idle GPU that takes longer to answer is one that the browser looks at now and then */
#define BATCH       20.0  /* a sample's by timestamps, which are at most 65 µs off */
#define CLOCK_BATCH 30.0  /* one's by the clock */
#define WARM        300.0 /* of work before samples count: GPUs raise their clock */
#define RACE_WARM   30.0
#define PROBE_RUN   4.0 /* of the largest product of the probe, at least */
#define BLOCK_RUN   20.0
#define NO_TIME     300.0 /* with less left nothing is begun */

#define FAST 50.0 /* GFLOP/s: below it is no GPU, or one that needs smaller sizes */

typedef enum am_state {
    AM_IDLE,
    AM_OPENING,
    AM_LISTENING, /* how long the browser takes to say that nothing is done */
    AM_COMPILING, /* the kernels of a program, one after the other */
    AM_FILLING,
    AM_WALKING, /* pass by pass, with buffers made and freed as autograd would */
    AM_READING, /* results, to be checked */
    AM_WARMING, /* and finding how many runs make a batch */
    AM_SAMPLING,
    AM_TRIPLING, /* by the clock: three times the runs, so that what a batch takes beside them falls out */
} am_state;

/* A job has stages, of one program each: sizes of the probe, tiles and the winner of a race, a small program that is compared with C and
 * the block itself. */
typedef enum am_job { AM_PROBE, AM_TIME, AM_RACE, AM_BLOCK } am_job;

static const struct {
    am_job job;
    am_measure measure;
    double share; /* of the time that is left, at most */
} jobs[] = {
    {AM_PROBE, AM_M_MATMUL_F32, 0.15}, {AM_TIME, AM_M_COPY, 0.15},          {AM_TIME, AM_M_TOY, 0.6},
    {AM_RACE, AM_M_MATMUL_F32, 0.35},  {AM_RACE, AM_M_MATMUL_F16_F32, 0.3}, {AM_RACE, AM_M_MATMUL_F16, 0.3},
    {AM_BLOCK, AM_M_MLP, 0.4},         {AM_BLOCK, AM_M_ATTENTION, 0.6},     {AM_TIME, AM_M_SOFTMAX, 0.8},
};
#define JOBS ((int)(sizeof jobs / sizeof *jobs))

static struct {
    am_bench_options options;
    am_gpu_limits limits;
    am_state state;
    double start, latency;
    bool timestamps; /* are there, and hold so far */
    bool nudged;
    int heard; /* answers listened to */
    int32_t fill_kernel;
    double speed;                          /* GFLOP/s that the probe has come to */
    double gflops[AM_MEASURES], bandwidth; /* of valid results */

    int job, stage;
    double deadline; /* of the job */
    uint32_t width;  /* of square products: what the probe has found */
    uint8_t tile;    /* the fastest yet */
    double fastest;  /* its GFLOP/s */
    am_omission why; /* no tile has run */

    am_program program;
    am_subject subject;
    uint32_t size;
    bool timed, quick; /* quick: only to be compared */
    bool checked;      /* its results are right */
    bool exact;        /* filled with numbers for a check, to be filled anew before it is timed */
    int32_t buffer[AM_MOST_SLOTS], parameters[AM_MOST_SLOTS], fill_binding[AM_MOST_SLOTS];
    int32_t kernel[AM_MOST_STEPS], binding[AM_MOST_STEPS];
    uint32_t print[AM_MOST_STEPS]; /* a hash of the kernel's text */
    int pass, slot;
    uint32_t offset;
    am_variant variant;
    double base, walked; /* bytes before it; milliseconds of it */
    double saved[AM_VARIANTS], after[AM_VARIANTS], peak[AM_VARIANTS];
    uint64_t sum[AM_VARIANTS]; /* of the results' bits */

    uint32_t runs;
    double warmed, single; /* by the clock: the batch before the threefold one */
    int samples[AM_VARIANTS], failures;
    double sample[AM_VARIANTS][MOST_SAMPLES];
} bench;

static char text[AM_MOST_WGSL];
static uint32_t chunk[CHUNK / 4];

/* ---- small things */

static double left(void)
{
    return bench.start + bench.options.budget - am_gpu_now();
}

static am_measure measure(void)
{
    return jobs[bench.job].measure;
}

static bool is_matmul(am_measure measure)
{
    return measure == AM_M_MATMUL_F32 || measure == AM_M_MATMUL_F16_F32 || measure == AM_M_MATMUL_F16;
}

static am_precision precision_of(am_measure measure)
{
    return measure == AM_M_MATMUL_F16 ? AM_F16 : measure == AM_M_MATMUL_F16_F32 ? AM_F16_F32 : AM_F32;
}

static int variants(void)
{
    return bench.program.recomputes ? AM_VARIANTS : 1;
}

static double batch(void)
{
    return bench.timestamps ? BATCH : CLOCK_BATCH;
}

static void release(int32_t *object)
{
    am_gpu_free(*object);
    *object = 0;
}

/* Buffers of one role, or of all that a pass makes. */
static void release_values(void)
{
    for (int i = 0; i < bench.program.slots; i++)
        if (bench.program.slot[i].role != AM_DATA) release(&bench.buffer[i]);
}

static void release_program(void)
{
    for (int i = 0; i < bench.program.passes; i++) {
        release(&bench.binding[i]);
        bool shared = false;
        for (int j = 0; j < i; j++) shared = shared || bench.kernel[j] == bench.kernel[i];
        if (!shared) am_gpu_free(bench.kernel[i]);
    }
    for (int i = 0; i < bench.program.passes; i++) bench.kernel[i] = 0;
    for (int i = 0; i < bench.program.slots; i++) {
        release(&bench.fill_binding[i]);
        release(&bench.parameters[i]);
        release(&bench.buffer[i]);
    }
}

static void end(am_ending ending)
{
    if (bench.state == AM_IDLE) return;
    bench.state = AM_IDLE;
    release_program();
    release(&bench.fill_kernel);
    double fp32 = bench.gflops[AM_M_MATMUL_F32], half = bench.gflops[AM_M_MATMUL_F16_F32];
    if (fp32 > 0 && bench.bandwidth > 0) am_told_rates(half > 0 ? half : fp32, fp32, bench.bandwidth);
    am_told_end(ending, am_gpu_now() - bench.start);
}

/* ---- choosing programs */

static void next_job(void);
static void next_stage(void);
static void compile_next(void);

/* Whether the adapter and the limit of memory have room for the program. */
static bool fits(void)
{
    const am_program *program = &bench.program;
    if (am_program_bytes(program) > bench.options.memory || am_program_largest(program) > bench.limits.buffer_bytes)
        return false;
    for (int i = 0; i < program->passes; i++) {
        const am_kernel *kernel = &program->pass[i].kernel;
        uint32_t grid[3];
        am_kernel_grid(kernel, grid);
        if (am_kernel_shared(kernel) > bench.limits.workgroup_bytes ||
            am_kernel_threads(kernel) > bench.limits.workgroup_size)
            return false;
        for (int j = 0; j < 3; j++)
            if (grid[j] > bench.limits.workgroups) return false;
    }
    return true;
}

static void set_program(uint32_t size, uint8_t tile)
{
    am_program *program = &bench.program;
    bench.size = size;
    switch (measure()) {
    case AM_M_COPY: am_program_copy(program, size); break;
    case AM_M_TOY: am_program_toy(program, size); break;
    case AM_M_MLP: am_program_mlp(program, size, size, tile); break;
    case AM_M_ATTENTION: am_program_attention(program, size, size, tile); break;
    case AM_M_SOFTMAX: am_program_softmax(program, size); break;
    default: am_program_matmul(program, size, precision_of(measure()), tile, true);
    }
}

/* Halves the size until it fits. False: nothing does. */
static bool choose(uint32_t size, uint32_t least, uint8_t tile, am_subject subject)
{
    bench.subject = subject;
    for (; size >= least; size /= 2) {
        set_program(size, tile);
        if (fits()) return true;
    }
    return false;
}

/* The largest power of two from `least` to `most` whose FLOPs, so many times its cube, take no longer than so many milliseconds. */
static uint32_t width_for(double flops_per_cube, double milliseconds, uint32_t least, uint32_t most)
{
    uint32_t width = least;
    while (width * 2 <= most && flops_per_cube * 8.0 * width * width * width <= bench.speed * 1e6 * milliseconds)
        width *= 2;
    return width;
}

static uint32_t smaller(uint32_t x, uint32_t y)
{
    return x < y ? x : y;
}

#define BLOCK_TILE  2    /* divides every size of the blocks, and a head */
#define PROBE_WIDTH 256u /* what it begins with */
#define BLOCK_FLOPS 48.0 /* of an MLP's forward and backward, of its width cubed; attention has a few less */

/* Sets up the job's next program. False: it has none. Without room *why says so. */
static bool choose_stage(am_omission *why)
{
    const am_bench_options *most = &bench.options;
    bool fast = bench.speed > FAST;
    int stage = bench.stage++;
    *why = AM_O_LIMITS;
    bench.timed = true;
    bench.quick = false;
    bench.exact = false;
    switch (jobs[bench.job].job) {
    case AM_PROBE:
        if (stage == 0)
            bench.width = smaller(PROBE_WIDTH, most->matmul);
        else if (bench.fastest > 0 && bench.width * 2 <= most->matmul &&
                 2.0 * bench.width * bench.width * bench.width < bench.fastest * 1e6 * PROBE_RUN)
            bench.width *= 2;
        else
            return false;
        bench.quick = true;
        if (choose(bench.width, bench.width, BLOCK_TILE, AM_OF_MATMUL)) return true;
        if (bench.width > PROBE_WIDTH) bench.width /= 2;
        return false;
    case AM_RACE: {
        if (measure() != AM_M_MATMUL_F32 && !bench.limits.f16) {
            *why = AM_O_UNSUPPORTED;
            return false;
        }
        if (stage > AM_RACING_TILES || (stage == AM_RACING_TILES && bench.fastest == 0)) {
            *why = bench.why ? bench.why : AM_O_LIMITS;
            return false;
        }
        bench.quick = stage < AM_RACING_TILES;
        bench.exact = measure() != AM_M_MATMUL_F32;
        uint8_t tile = bench.quick ? (uint8_t)stage : bench.tile;
        if (am_tile_fits(tile, bench.width) && choose(bench.width, bench.width, tile, AM_OF_MATMUL)) return true;
        return choose_stage(why);
    }
    case AM_BLOCK: {
        uint32_t least = smaller(128, most->block);
        if (stage > 1) return false;
        bench.timed = stage == 1;
        if (stage == 0) return choose(most->small, most->small, BLOCK_TILE, AM_OF_SMALL);
        return choose(width_for(BLOCK_FLOPS, BLOCK_RUN, least, most->block), least, BLOCK_TILE, AM_OF_NUMBERS);
    }
    case AM_TIME:
        if (stage > 0) return false;
        if (measure() == AM_M_COPY)
            return choose(fast ? most->copy : smaller(most->copy, 32 * MIB), 4096, 0, AM_OF_COPY);
        if (measure() == AM_M_TOY) return choose(most->toy, 64, 0, AM_OF_TOY);
        return choose(smaller(fast ? 16384 : 512, most->copy / 4096), 64, 0, AM_OF_SOFTMAX);
    }
    return false;
}

static void omit(am_omission why)
{
    bool race = jobs[bench.job].job == AM_RACE && bench.quick;
    release_program();
    if (jobs[bench.job].job == AM_PROBE) {
        if (bench.width > PROBE_WIDTH) bench.width /= 2;
        next_job(); /* what is measured will say it */
        return;
    }
    if (race) {
        if (!bench.why || why == AM_O_WRONG) bench.why = why; /* the worst of them is told if no tile is left */
        next_stage();
        return;
    }
    am_told_omitted(measure(), why);
    next_job();
}

static void next_stage(void)
{
    am_omission why = AM_O_LIMITS;
    bool first = bench.stage == 0;
    if (!choose_stage(&why)) {
        bool without = first || (jobs[bench.job].job == AM_RACE && bench.fastest == 0);
        if (without && jobs[bench.job].job != AM_PROBE) am_told_omitted(measure(), why);
        next_job();
        return;
    }
    for (int i = 0; i < AM_VARIANTS; i++) bench.samples[i] = 0;
    bench.failures = 0;
    bench.variant = AM_STORED;
    bench.checked = false;
    bench.walked = 0;
    bench.pass = 0;
    compile_next();
}

static void next_job(void)
{
    if (bench.job >= 0 && jobs[bench.job].job == AM_PROBE) bench.speed = bench.fastest;
    while (++bench.job < JOBS && left() < NO_TIME)
        if (jobs[bench.job].job != AM_PROBE) am_told_omitted(measure(), AM_O_TIME);
    if (bench.job >= JOBS) {
        end(AM_E_DONE);
        return;
    }
    bench.stage = 0;
    bench.fastest = 0;
    bench.why = 0;
    bench.deadline = am_gpu_now() + jobs[bench.job].share * left();
    am_told_progress(measure(), (double)bench.job / JOBS);
    next_stage();
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
    bench.timestamps = bench.options.timestamps && bench.limits.timestamps;
    bench.latency = bench.options.budget;
    bench.heard = 0;
    listen();
}

static void on_heard(double wall)
{
    if (wall < bench.latency) bench.latency = wall;
    if (++bench.heard % ANSWERS) {
        listen();
    } else if (bench.latency > SLEEPY && !bench.nudged) {
        bench.nudged = true;
        bench.latency = bench.options.budget;
        am_gpu_nudge(1);
        listen();
    } else {
        next_job();
    }
}

/* ---- compiling and filling */

static uint32_t print_of(const char *wgsl, size_t length)
{
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < length; i++) hash = (hash ^ (uint8_t)wgsl[i]) * 16777619u;
    return hash;
}

static void fill_data(void)
{
    static am_gpu_dispatch list[AM_MOST_SLOTS];
    uint32_t count = 0;
    for (int i = 0; i < bench.program.slots; i++) {
        const am_slot *slot = &bench.program.slot[i];
        am_kernel kernel = {.kind = AM_K_FILL, .n = slot->bytes / 4};
        if (slot->role != AM_DATA) continue;
        if (!bench.buffer[i]) bench.buffer[i] = am_gpu_buffer(slot->bytes);
        release(&bench.parameters[i]);
        release(&bench.fill_binding[i]);
        bench.parameters[i] = am_gpu_buffer(sizeof slot->fill);
        am_gpu_write(bench.parameters[i], &slot->fill, sizeof slot->fill);
        bench.fill_binding[i] =
            am_gpu_bind(bench.fill_kernel, (const int32_t[]){bench.parameters[i], bench.buffer[i]}, 2);
        list[count] = (am_gpu_dispatch){bench.fill_kernel, bench.fill_binding[i], {0}};
        am_kernel_grid(&kernel, list[count++].grid);
    }
    bench.state = AM_FILLING;
    am_gpu_run_async(list, count, 1, 0);
}

/* The fill first, which serves every program; a kernel that an earlier pass has is not compiled again. */
static void compile_next(void)
{
    const am_kernel fill = {.kind = AM_K_FILL};
    bench.state = AM_COMPILING;
    if (!bench.fill_kernel) {
        bench.fill_kernel = am_gpu_compile_async(text, (uint32_t)am_kernel_text(&fill, text, sizeof text));
        return;
    }
    for (; bench.pass < bench.program.passes; bench.pass++) {
        int pass = bench.pass;
        size_t length = am_kernel_text(&bench.program.pass[pass].kernel, text, sizeof text);
        bench.print[pass] = print_of(text, length);
        for (int i = 0; i < pass && !bench.kernel[pass]; i++)
            if (bench.print[i] == bench.print[pass]) bench.kernel[pass] = bench.kernel[i];
        if (bench.kernel[pass]) continue;
        bench.kernel[pass] = am_gpu_compile_async(text, (uint32_t)length);
        return;
    }
    fill_data();
}

/* ---- walking: the passes as autograd would run them */

static am_gpu_dispatch dispatch_of(int pass)
{
    const am_pass *which = &bench.program.pass[pass];
    am_gpu_dispatch dispatch = {bench.kernel[pass], bench.binding[pass], {0}};
    am_kernel_grid(&which->kernel, dispatch.grid);
    return dispatch;
}

static void bind_pass(int pass)
{
    const am_pass *which = &bench.program.pass[pass];
    int32_t buffers[AM_MOST_OPERANDS];
    for (int i = 0; i < which->slots; i++) {
        int slot = which->slot[i];
        if (!bench.buffer[slot]) bench.buffer[slot] = am_gpu_buffer(bench.program.slot[slot].bytes);
        buffers[i] = bench.buffer[slot];
    }
    bench.binding[pass] = am_gpu_bind(bench.kernel[pass], buffers, which->slots);
}

static double live(void)
{
    return am_gpu_live_bytes() - bench.base;
}

static void walk(void)
{
    static am_gpu_dispatch dispatch;
    while (!am_pass_runs(&bench.program.pass[bench.pass], bench.variant)) bench.pass++;
    bind_pass(bench.pass);
    bool forward = bench.program.pass[bench.pass].part == AM_FORWARD;
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
    for (int i = 0; i < bench.program.slots; i++)
        if (bench.program.slot[i].role == AM_RESULT && bench.buffer[i]) results += bench.program.slot[i].bytes;
    bench.after[bench.variant] = live();
    bench.saved[bench.variant] = live() - results;
}

static void read_next(void);

static void on_walked(double wall)
{
    const am_program *program = &bench.program;
    const am_pass *pass = &program->pass[bench.pass];
    bench.walked += wall - bench.latency;
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
    if (bench.variant == AM_STORED) am_truth_begin(bench.subject, program);
    bench.slot = 0;
    bench.offset = 0;
    read_next();
}

/* ---- reading results */

static void begin_timing(void);
static void take_results(void);

static void on_checked(void)
{
    release_values();
    if (bench.variant + 1 < (am_variant)variants()) {
        bench.variant++;
        begin_walk();
        return;
    }
    bench.checked = true;
    if (!bench.timed) {
        release_program();
        next_stage();
    } else if (bench.exact) {
        bench.exact = false;
        am_program_matmul(&bench.program, bench.size, precision_of(measure()), bench.program.pass[0].kernel.matmul.tile,
                          false);
        fill_data();
    } else {
        begin_timing();
    }
}

static uint32_t chunk_size(void)
{
    return smaller(bench.program.slot[bench.slot].bytes - bench.offset, CHUNK);
}

static void read_next(void)
{
    while (bench.slot < bench.program.slots && bench.program.slot[bench.slot].role != AM_RESULT) bench.slot++;
    if (bench.slot == bench.program.slots) {
        if (bench.variant == AM_RECOMPUTED && bench.sum[AM_RECOMPUTED] != bench.sum[AM_STORED])
            omit(AM_O_WRONG);
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
        omit(AM_O_WRONG);
        return;
    }
    bench.offset += size;
    if (bench.offset == bench.program.slot[bench.slot].bytes) {
        bench.offset = 0;
        bench.slot++;
    }
    read_next();
}

/* ---- timing */

static void run_batch(am_state state, uint32_t runs)
{
    static am_gpu_dispatch list[AM_MOST_STEPS];
    uint32_t count = 0;
    for (int i = 0; i < bench.program.passes; i++)
        if (am_pass_runs(&bench.program.pass[i], bench.variant)) list[count++] = dispatch_of(i);
    bench.state = state;
    am_gpu_run_async(list, count, runs, bench.timestamps);
}

static void begin_timing(void)
{
    if (!bench.timestamps && bench.latency > SLEEPY) {
        omit(AM_O_CLOCK);
        return;
    }
    for (int i = 0; i < bench.program.passes; i++)
        if (!bench.binding[i]) bind_pass(i);
    bench.variant = AM_STORED;
    bench.runs = 1;
    bench.warmed = bench.walked;
    run_batch(AM_WARMING, 1);
}

/* Samples that there will be, unless the time is up. */
static int wanted(void)
{
    return bench.quick ? LEAST_SAMPLES : bench.timestamps ? MOST_SAMPLES : CLOCK_SAMPLES;
}

static void next_sample(void)
{
    int last = variants() - 1;
    bool enough =
        bench.samples[last] >= wanted() || (bench.samples[last] >= LEAST_SAMPLES && am_gpu_now() > bench.deadline);
    if (bench.samples[last] == bench.samples[AM_STORED] && enough) {
        take_results();
        return;
    }
    bench.variant = bench.samples[last] < bench.samples[AM_STORED] ? AM_RECOMPUTED
                                                                   : AM_STORED; /* in turn, under the same conditions */
    run_batch(AM_SAMPLING, bench.runs);
}

/* Everything of this program by the clock, and all that follows. */
static void distrust_timestamps(void)
{
    bench.timestamps = false;
    for (int i = 0; i < AM_VARIANTS; i++) bench.samples[i] = 0;
    begin_timing();
}

static double nothing_below(double x)
{
    return x > 0 ? x : 0;
}

static uint32_t most_runs(void)
{
    return MOST_RUNS / bench.program.passes;
}

static void on_warmed(double wall, double nanoseconds)
{
    double took = bench.timestamps ? nanoseconds / 1e6 : nothing_below(wall - bench.latency);
    bool judged = wall - bench.latency > BATCH / 2;
    if (bench.timestamps && judged && !am_timestamps_hold(nanoseconds, wall, bench.latency)) {
        distrust_timestamps();
        return;
    }
    bench.warmed += wall;
    bool long_enough = took >= batch() * 0.5 || bench.runs == most_runs();
    if (long_enough && (bench.warmed >= (bench.quick ? RACE_WARM : WARM) || am_gpu_now() > bench.deadline)) {
        next_sample();
        return;
    }
    if (!long_enough) {
        double factor = took > batch() / 64 ? batch() / took : 8;
        double runs = bench.runs * (factor > 8 ? 8 : factor < 1.3 ? 1.3 : factor) + 1;
        bench.runs = runs < most_runs() ? (uint32_t)runs : most_runs();
    }
    run_batch(AM_WARMING, bench.runs);
}

static void add_sample(double milliseconds)
{
    bench.sample[bench.variant][bench.samples[bench.variant]++] = milliseconds;
    next_sample();
}

static void on_sampled(double wall, double nanoseconds)
{
    if (bench.timestamps && am_timestamps_hold(nanoseconds, wall, bench.latency)) {
        add_sample(nanoseconds / 1e6 / bench.runs);
    } else if (bench.timestamps) {
        distrust_timestamps();
    } else if (wall > 1000 || wall > 100 * bench.latency + 100) {
        add_sample((wall - bench.latency) /
                   bench.runs); /* what a batch takes beside its runs is less than a hundredth */
    } else {
        bench.single = wall;
        run_batch(AM_TRIPLING, 3 * bench.runs);
    }
}

static void on_tripled(double wall)
{
    double slope = (wall - bench.single) / (2.0 * bench.runs);
    /* A batch that something came between: three times the runs take from twice to four times as long. */
    bool holds = slope > 0 && wall > 2 * (bench.single - bench.latency) && wall < 4 * bench.single + bench.latency;
    if (holds) {
        add_sample(slope);
    } else if (++bench.failures > MOST_FAILURES) {
        omit(AM_O_CLOCK);
    } else {
        next_sample();
    }
}

/* ---- results */

static am_measured measured_of(am_variant variant)
{
    const am_program *program = &bench.program;
    int count = bench.samples[variant];
    am_measured measured = {.size = bench.size, .samples = count, .runs = bench.runs, .timestamps = bench.timestamps};
    am_spread spread = count ? am_spread_of(bench.sample[variant], count) : (am_spread){0};
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
    measured.check = bench.subject == AM_OF_NUMBERS ? 0.5 : 1;
    return measured;
}

static void tell_results(void)
{
    for (int i = 0; i < variants(); i++) {
        am_measured measured = measured_of((am_variant)i);
        am_told_result(measure(), (am_variant)i, &measured);
    }
}

static void take_results(void)
{
    am_measured measured = measured_of(AM_STORED);
    if (!bench.quick) {
        if (is_matmul(measure())) bench.gflops[measure()] = measured.gflops;
        if (measure() == AM_M_COPY) bench.bandwidth = measured.mbs;
        tell_results();
    } else if (measured.gflops > bench.fastest) {
        bench.fastest = measured.gflops;
        bench.tile = bench.program.pass[0].kernel.matmul.tile;
    }
    release_program();
    next_stage();
}

/* The time is up. Of a block whose values are right, what it keeps is told without times. */
static void run_out(void)
{
    if (bench.job >= 0 && bench.state >= AM_WARMING && bench.program.recomputes) {
        for (int i = 0; i < variants(); i++) bench.samples[i] = 0;
        tell_results();
        bench.job++;
    }
    for (bench.job += bench.job < 0; bench.job < JOBS; bench.job++)
        if (jobs[bench.job].job != AM_PROBE) am_told_omitted(measure(), AM_O_TIME);
    end(AM_E_TIME);
}

/* ---- what the host calls */

static void on_failure(am_gpu_status status)
{
    if (bench.state == AM_COMPILING && bench.pass == 0 && !bench.kernel[0])
        end(AM_E_REFUSED); /* the fill, which all need */
    else
        omit(status == AM_GPU_OUT_OF_MEMORY ? AM_O_MEMORY : AM_O_REFUSED);
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
                              .small = 128};
}

void am_bench_begin(const am_bench_options *options)
{
    if (bench.state != AM_IDLE) am_bench_stop(AM_E_CANCELLED);
    memset(&bench, 0, sizeof bench);
    bench.options = *options;
    bench.start = am_gpu_now();
    bench.job = -1;
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
        [AM_WARMING] = AM_GPU_RAN,
        [AM_SAMPLING] = AM_GPU_RAN,
        [AM_TRIPLING] = AM_GPU_RAN,
    };
    if (event == AM_GPU_LOST) {
        end(AM_E_LOST);
        return;
    }
    if (event != awaited[bench.state]) return;
    if (bench.state > AM_OPENING && left() < 0) {
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
    case AM_COMPILING: compile_next(); break;
    case AM_FILLING:
        if (bench.checked)
            begin_timing();
        else
            begin_walk();
        break;
    case AM_WALKING: on_walked(wall); break;
    case AM_READING: on_read(); break;
    case AM_WARMING: on_warmed(wall, nanoseconds); break;
    case AM_SAMPLING: on_sampled(wall, nanoseconds); break;
    case AM_TRIPLING: on_tripled(wall); break;
    }
}

AM_EXPORT(am_bench_stop)
void am_bench_stop(int32_t ending)
{
    if (bench.state != AM_IDLE && ending == AM_E_TIME) run_out();
    else end((am_ending)ending);
}
