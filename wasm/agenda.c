#include "agenda.h"

#define MIB (1u << 20)

/* Milliseconds. */
#define PROBE_RUN 4.0 /* of the largest product of the probe, at least */
#define BLOCK_RUN 20.0
#define NO_TIME   300.0 /* with less left nothing is begun */

#define FAST         50.0 /* GFLOP/s: below it is no GPU, or one that needs smaller sizes */
#define PROBE_WIDTH  256u /* what the probe begins with */
#define LEAST_BLOCK  128u
#define BLOCK_FLOPS  48.0 /* of an MLP's forward and backward, of its width cubed; attention has a few less */
#define FORESIGHT    0.9  /* of the time that is left, for what is foretold */
#define COMPILATIONS 1.5  /* of the slowest yet, for one more tile */

typedef enum am_job { AM_PROBE, AM_TIME, AM_RACE, AM_BLOCK, AM_TOY } am_job;

static const struct {
    am_job job;
    am_measure measure;
    double share; /* of the time that is left, at most; the toy, which is as wide as it can be, has the rest */
} jobs[] = {
    {AM_PROBE, AM_M_MATMUL_F32, 0.10},    {AM_TIME, AM_M_COPY, 0.08},       {AM_RACE, AM_M_MATMUL_F32, 0.12},
    {AM_BLOCK, AM_M_MLP, 0.08},           {AM_BLOCK, AM_M_ATTENTION, 0.08}, {AM_TIME, AM_M_SOFTMAX, 0.06},
    {AM_RACE, AM_M_MATMUL_F16_F32, 0.20}, {AM_RACE, AM_M_MATMUL_F16, 0.20}, {AM_TOY, AM_M_TOY, 1.0},
};
#define JOBS ((int)(sizeof jobs / sizeof *jobs))

static am_job job_of(const am_agenda *agenda)
{
    return jobs[agenda->job].job;
}

am_measure am_agenda_measure(const am_agenda *agenda)
{
    return jobs[agenda->job].measure;
}

double am_agenda_share(const am_agenda *agenda)
{
    return (double)agenda->job / JOBS;
}

void am_agenda_begin(am_agenda *agenda, const am_bench_options *options, const am_gpu_limits *limits, double end)
{
    *agenda = (am_agenda){.options = options, .limits = limits, .end = end, .job = -1, .block_tile = AM_TILE_DIRECT};
}

/* ---- programs */

static uint32_t smaller(uint32_t x, uint32_t y)
{
    return x < y ? x : y;
}

static am_precision precision_of(am_measure measure)
{
    return measure == AM_M_MATMUL_F16 ? AM_F16 : measure == AM_M_MATMUL_F16_F32 ? AM_F16_F32 : AM_F32;
}

/* Whether the adapter and the limit of memory have room for the program. */
static bool fits(const am_agenda *agenda, const am_program *program)
{
    const am_gpu_limits *limits = agenda->limits;
    if (am_program_bytes(program) > agenda->options->memory || am_program_largest(program) > limits->buffer_bytes)
        return false;
    for (int i = 0; i < program->passes; i++) {
        const am_kernel *kernel = &program->pass[i].kernel;
        uint32_t grid[3];
        am_kernel_grid(kernel, grid);
        if (am_kernel_shared(kernel) > limits->workgroup_bytes || am_kernel_threads(kernel) > limits->workgroup_size)
            return false;
        for (int j = 0; j < 3; j++)
            if (grid[j] > limits->workgroups) return false;
    }
    return true;
}

static void set_program(const am_agenda *agenda, am_stage *stage, uint32_t size, uint8_t tile)
{
    am_program *program = &stage->program;
    am_measure measure = am_agenda_measure(agenda);
    stage->size = size;
    switch (measure) {
    case AM_M_COPY: am_program_copy(program, size); break;
    case AM_M_TOY: am_program_toy(program, size); break;
    case AM_M_MLP: am_program_mlp(program, size, size, tile); break;
    case AM_M_ATTENTION: am_program_attention(program, size, size, tile); break;
    case AM_M_SOFTMAX: am_program_softmax(program, size); break;
    default: am_program_matmul(program, size, precision_of(measure), tile, true);
    }
}

/* Halves the size until it fits. False: nothing does. */
static bool choose(const am_agenda *agenda, am_stage *stage, uint32_t size, uint32_t least, uint8_t tile,
                   am_subject subject)
{
    stage->subject = subject;
    for (; size >= least; size /= 2) {
        set_program(agenda, stage, size, tile);
        if (fits(agenda, &stage->program)) return true;
    }
    return false;
}

/* ---- stages */

/* Widths of a direct product, doubled until it takes long enough to say how fast the GPU is. */
static bool choose_probe(am_agenda *agenda, am_stage *stage)
{
    uint32_t most = agenda->options->matmul;
    double flops = 2.0 * agenda->width * agenda->width * agenda->width;
    stage->quick = true;
    if (agenda->stage == 0)
        agenda->width = smaller(PROBE_WIDTH, most);
    else if (agenda->width * 2 <= most && flops < agenda->fastest * 1e6 * PROBE_RUN)
        agenda->width *= 2;
    else
        return false;
    if (choose(agenda, stage, agenda->width, agenda->width, AM_TILE_DIRECT, AM_OF_MATMUL)) return true;
    if (agenda->stage > 0) agenda->width /= 2;
    return false;
}

/* Tiles, as long as there is time to compile one more; then the fastest, by all samples. */
static bool choose_tile(am_agenda *agenda, double now, am_stage *stage, am_omission *why)
{
    am_measure measure = am_agenda_measure(agenda);
    stage->exact = measure != AM_M_MATMUL_F32;
    if (stage->exact && !agenda->limits->f16) {
        *why = AM_O_UNSUPPORTED;
        return false;
    }
    for (; agenda->stage < AM_TILES; agenda->stage++) {
        uint8_t tile = (uint8_t)agenda->stage;
        if (agenda->fastest > 0 && now + COMPILATIONS * agenda->compiled > agenda->deadline) break;
        stage->quick = true;
        if (am_tile_fits(tile, agenda->width) &&
            choose(agenda, stage, agenda->width, agenda->width, tile, AM_OF_MATMUL))
            return true;
    }
    if (agenda->stage > AM_TILES) return false;
    agenda->stage = AM_TILES;
    stage->quick = false;
    if (agenda->fastest <= 0) return false;
    return choose(agenda, stage, agenda->width, agenda->width, agenda->tile, AM_OF_MATMUL);
}

/* The largest power of two whose FLOPs, so many times its cube, take no longer than so many milliseconds. */
static uint32_t width_for(const am_agenda *agenda, double flops, double milliseconds, uint32_t least, uint32_t most)
{
    uint32_t width = least;
    while (width * 2 <= most && flops * 8.0 * width * width * width <= agenda->speed * 1e6 * milliseconds) width *= 2;
    return width;
}

/* First a small one that C runs too. On a slow GPU there is no other. */
static bool choose_block(am_agenda *agenda, am_stage *stage)
{
    const am_bench_options *most = agenda->options;
    uint32_t small = most->small,
             width = width_for(agenda, BLOCK_FLOPS, BLOCK_RUN, smaller(LEAST_BLOCK, most->block), most->block);
    uint8_t tile = agenda->block_tile;
    stage->timed = agenda->stage == 1 || width <= small;
    if (agenda->stage == 0) return choose(agenda, stage, small, small, tile, AM_OF_SMALL);
    if (agenda->stage > 1 || width <= small) return false;
    return choose(agenda, stage, width, small, tile, AM_OF_NUMBERS);
}

/* Its weights, and all that is done with them, grow with the square of its width. */
static uint32_t toy_width(const am_agenda *agenda, double now)
{
    const am_taken *taken = &agenda->taken;
    double left = (agenda->deadline - now) * FORESIGHT;
    double takes = taken->filled + taken->checked + (1 + AM_LEAST_SAMPLES) * taken->walked;
    uint32_t width = smaller(agenda->options->trial, agenda->options->toy);
    while (width * 2 <= agenda->options->toy && takes * 4 <= left) {
        width *= 2;
        takes *= 4;
    }
    return width;
}

static bool choose_toy(am_agenda *agenda, double now, am_stage *stage)
{
    uint32_t trial = smaller(agenda->options->trial, agenda->options->toy);
    stage->timed = agenda->stage == 1 || trial == agenda->options->toy;
    if (agenda->stage == 0) return choose(agenda, stage, trial, 64, 0, AM_OF_TOY);
    if (agenda->stage > 1 || trial == agenda->options->toy) return false;
    return choose(agenda, stage, toy_width(agenda, now), 64, 0, AM_OF_TOY);
}

static bool choose_stage(am_agenda *agenda, double now, am_stage *stage, am_omission *why)
{
    const am_bench_options *most = agenda->options;
    bool fast = agenda->speed > FAST;
    *stage = (am_stage){.timed = true};
    *why = AM_O_LIMITS;
    switch (job_of(agenda)) {
    case AM_PROBE: return choose_probe(agenda, stage);
    case AM_RACE: return choose_tile(agenda, now, stage, why);
    case AM_BLOCK: return choose_block(agenda, stage);
    case AM_TOY: return choose_toy(agenda, now, stage);
    default: break; /* AM_TIME */
    }
    if (agenda->stage > 0) return false;
    if (am_agenda_measure(agenda) == AM_M_COPY)
        return choose(agenda, stage, fast ? most->copy : smaller(most->copy, 32 * MIB), 4096, 0, AM_OF_COPY);
    return choose(agenda, stage, smaller(fast ? 16384 : 512, most->copy / 4096), 64, 0, AM_OF_SOFTMAX);
}

/* ---- turns */

static bool begin_job(am_agenda *agenda, double now, am_omission *why)
{
    if (job_of(agenda) != AM_PROBE && agenda->end - now < NO_TIME) {
        *why = AM_O_TIME;
        agenda->late = true;
        return false;
    }
    agenda->active = true;
    agenda->over = agenda->has_result = false;
    agenda->failed = 0;
    agenda->stage = 0;
    agenda->fastest = 0;
    agenda->deadline = now + jobs[agenda->job].share * (agenda->end - now);
    return true;
}

/* False: it has the result that it was for, or needs none. */
static bool ends_without(am_agenda *agenda, am_omission *why)
{
    agenda->active = false;
    if (job_of(agenda) == AM_PROBE) agenda->speed = agenda->fastest;
    if (job_of(agenda) == AM_PROBE || agenda->has_result) return false;
    if (agenda->failed) *why = agenda->failed;
    agenda->late |= *why == AM_O_TIME;
    return true;
}

am_turn am_agenda_next(am_agenda *agenda, double now, am_stage *stage, am_omission *why)
{
    *why = 0;
    if (agenda->active) {
        if (!agenda->over && choose_stage(agenda, now, stage, why)) return AM_T_STAGE;
        if (ends_without(agenda, why)) return AM_T_OMITTED;
    }
    if (agenda->job + 1 == JOBS) return AM_T_END;
    agenda->job++;
    return begin_job(agenda, now, why) ? AM_T_MEASURE : AM_T_OMITTED;
}

void am_agenda_took(am_agenda *agenda, const am_stage *stage, const am_taken *taken)
{
    bool race = job_of(agenda) == AM_RACE && stage->quick;
    agenda->taken = *taken;
    agenda->stage++;
    if (taken->compiled > agenda->compiled) agenda->compiled = taken->compiled;
    if (taken->why) {
        if (!agenda->failed || taken->why == AM_O_WRONG) agenda->failed = taken->why;
        agenda->over = !race; /* another tile may do */
        if (job_of(agenda) == AM_PROBE && agenda->width > PROBE_WIDTH) agenda->width /= 2;
        return;
    }
    agenda->has_result = stage->timed && !stage->quick;
    if (!stage->quick || taken->gflops <= agenda->fastest) return;
    agenda->fastest = taken->gflops;
    agenda->tile = stage->program.pass[0].kernel.layout.tile;
    if (am_agenda_measure(agenda) == AM_M_MATMUL_F32 && agenda->tile <= AM_TILE_SHARED)
        agenda->block_tile = agenda->tile;
}

void am_agenda_abandon(am_agenda *agenda, bool told, void (*omitted)(am_measure measure, am_omission why))
{
    bool active = agenda->active && !told && job_of(agenda) != AM_PROBE;
    if (active) omitted(am_agenda_measure(agenda), AM_O_TIME);
    while (++agenda->job < JOBS)
        if (job_of(agenda) != AM_PROBE) omitted(am_agenda_measure(agenda), AM_O_TIME);
    agenda->active = false;
}
