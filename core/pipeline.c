/* Pipelines: which layers a rank has, how many chunks of them it holds at once, and what that takes. The schedule is
 * played on what one micro-batch takes on each of the rank's chunks. */
#include <string.h>

#include "bytes.h"
#include "input.h"
#include "pipeline_schedule.h"
#include "proven.h"
#include "wiring.h"
#include "writer.h"

/* ---- layers of stages ---- */

/* So many stages of so many layers each, one behind another. */
typedef struct am_stages {
    int64_t count, layers;
} am_stages;

/* Reads the next of stage_layers ("20", or "4x20") and moves *list on, to NULL behind the last. False: it is not written as one. */
static bool next_stages(const char **list, am_stages *stages)
{
    size_t length = strcspn(*list, ",x");
    stages->count = 1;
    if ((*list)[length] == 'x') {
        if (!am_read_integer(*list, length, &stages->count) || stages->count == 0) return false;
        *list += length + 1;
        length = strcspn(*list, ",");
    }
    if (!am_read_integer(*list, length, &stages->layers)) return false;
    *list = (*list)[length] ? *list + length + 1 : NULL;
    return true;
}

/* The layers of a stage, and how many there are before it. */
static int64_t layers_of(const am_config *config, int64_t stage, int64_t *before)
{
    const char *list = config->stage_layers;
    am_stages next = {0};
    *before = stage * (config->layers / (config->pp * config->vpp));
    if (*list == '\0') return config->layers / (config->pp * config->vpp);
    *before = 0;
    next_stages(&list, &next);
    while (stage >= next.count && AM_ALWAYS(list)) { /* a resolved list has all */
        *before += next.count * next.layers;
        stage -= next.count;
        next_stages(&list, &next);
    }
    *before += stage * next.layers;
    return next.layers;
}

int64_t am_stage_layers(const am_config *config, int64_t stage)
{
    int64_t before;
    return layers_of(config, stage, &before);
}

int64_t am_stage_divisor(const am_config *config)
{
    int64_t divisor = 0;
    for (int64_t i = 0; i < config->pp * config->vpp; i++) divisor = am_common_divisor(divisor, am_stage_layers(config, i));
    return divisor;
}

/* How many of a stage's layers come before the first with experts. */
static int64_t dense_of(const am_config *config, int64_t layers, int64_t before)
{
    int64_t dense = config->experts > 0 ? config->dense_layers - before : 0;
    return dense < 0 ? 0 : am_smaller(dense, layers);
}

int am_rank_chunks(const am_config *config, int64_t rank, am_chunk chunk[AM_MAX_CHUNKS])
{
    const am_pipeline schedule = am_pipeline_of(config);
    int64_t stages = config->pp * config->vpp;
    am_flight flight;
    am_pipeline_fly(&flight, &schedule, rank);
    for (int i = 0; i < config->vpp; i++) {
        int64_t stage = am_pipeline_stage(&schedule, rank, i), before, layers = layers_of(config, stage, &before);
        chunk[i] = (am_chunk){.stage = (int16_t)stage,
                              .first_layer = (int16_t)before,
                              .layers = (int16_t)layers,
                              .dense = (int16_t)dense_of(config, layers, before),
                              .embedding = stage == 0,
                              .head = stage == stages - 1,
                              .alive = flight.alive[i]};
    }
    return (int)config->vpp;
}

static bool same_kind(const am_stage *x, const am_stage *y)
{
    return x->received == y->received && x->sent == y->sent && x->layers == y->layers && x->dense == y->dense;
}

static int find_kind(int kinds, const am_stage *stage, const am_stage *wanted)
{
    int i = 0;
    while (i < kinds && !same_kind(&stage[i], wanted)) i++;
    return i;
}

int am_stage_kind_of(int kinds, const am_stage *stage, const am_chunk *chunk)
{
    const am_stage wanted = {.received = !chunk->embedding, .sent = !chunk->head, .layers = chunk->layers, .dense = chunk->dense};
    return find_kind(kinds, stage, &wanted);
}

int am_stage_kinds(const am_config *config, am_stage stage[AM_MAX_STAGE_KINDS])
{
    int kinds = 0;
    int64_t stages = config->pp * config->vpp;
    for (int64_t i = 0; i < stages; i++) {
        int64_t before, layers = layers_of(config, i, &before);
        const am_stage wanted = {.received = i > 0, .sent = i < stages - 1, .layers = layers, .dense = dense_of(config, layers, before)};
        if (find_kind(kinds, stage, &wanted) < kinds || AM_NEVER(kinds == AM_MAX_STAGE_KINDS)) continue; /* stage_layers has no room for so many */
        stage[kinds] = wanted;
        stage[kinds++].first = (int)i;
    }
    return kinds;
}

/* ---- the schedule on a rank ---- */

typedef struct am_runner {
    am_rank *rank;
    int64_t saved, kept, gradients; /* now */
    const am_stage *stage[AM_MAX_CHUNKS];
    int64_t alive[AM_MAX_CHUNKS];
    bool learned[AM_MAX_CHUNKS]; /* its parameters have gradients */
    bool learns;                 /* one of them has */
    bool failed;                 /* beyond 2^53 bytes */
} am_runner;

static void lift(am_runner *runner, int64_t *highest, int64_t bytes)
{
    if (bytes < 0) runner->failed = true;
    if (bytes > *highest) *highest = bytes;
}

/* So many more of a chunk are alive, or fewer: of what each forward makes anew the last one's is there in any case. It counts whole from
 * the forward's first layer on and until the backward's last. */
static void count_alive(am_runner *runner, int chunk, int64_t more)
{
    int64_t before = am_larger(runner->alive[chunk] - 1, 0);
    runner->alive[chunk] += more;
    int64_t others = am_larger(runner->alive[chunk] - 1, 0) - before, renewed = runner->stage[chunk]->renewed;
    runner->kept =
        others < 0 ? runner->kept + others * renewed : am_add_checked(runner->kept, am_mul_checked(others, renewed));
}

/* All but the last of a run of forwards has only been left behind when the last one runs. */
static void run_forward(am_runner *runner, int chunk, int64_t times)
{
    am_rank *rank = runner->rank;
    const am_stage *stage = runner->stage[chunk];
    count_alive(runner, chunk, times);
    int64_t before = am_add_checked(runner->kept, am_mul_checked(times - 1, stage->kept));
    int64_t peak = am_add_checked(before, stage->forward);
    lift(runner, &rank->forward_peak, peak);
    lift(runner, &rank->peak_bytes, am_add_checked(peak, runner->gradients));
    if (runner->learns) lift(runner, &rank->learned_peak, peak);
    runner->kept = am_add_checked(before, stage->kept);
    runner->saved = am_add_checked(runner->saved, am_mul_checked(times, stage->saved));
    lift(runner, &rank->saved_bytes, runner->saved);
    lift(runner, &rank->after_forward, runner->kept);
}

/* A chunk's own peak has what it kept, `beneath`, among it. learns: its parameters get gradients, which the first time are `first`
 * high, and from the first of which on it is `learned` high. */
static void run_backward(am_runner *runner, int chunk, int64_t beneath, int64_t own, bool learns, int64_t first, int64_t learned)
{
    am_rank *rank = runner->rank;
    int64_t others = runner->kept - beneath;
    bool makes = learns && !runner->learned[chunk];
    lift(runner, &rank->backward_peak, am_add_checked(others, own));
    lift(runner, &rank->peak_bytes, am_add_checked(am_add_checked(others, makes ? first : own), runner->gradients));
    if (runner->learns || learns) lift(runner, &rank->learned_peak, am_add_checked(others, runner->learns ? own : learned));
    if (makes) runner->gradients = am_add_checked(runner->gradients, runner->stage[chunk]->gradients);
    runner->learned[chunk] |= learns;
    runner->learns |= learns;
}

static void run_whole(am_runner *runner, int chunk)
{
    const am_stage *stage = runner->stage[chunk];
    run_backward(runner, chunk, stage->kept, stage->backward, true, stage->step, stage->learned);
    runner->kept -= stage->kept;
    runner->saved -= stage->saved;
    count_alive(runner, chunk, -1);
}

/* Its saved tensors stay until the weights' part, and beside them the gradients that this part begins with. */
static void run_input(am_runner *runner, int chunk)
{
    const am_stage *stage = runner->stage[chunk];
    run_backward(runner, chunk, stage->kept, stage->input, false, 0, 0);
    runner->kept = am_add_checked(runner->kept - stage->kept, stage->waiting);
    lift(runner, &runner->rank->after_forward, runner->kept);
}

static void run_weights(am_runner *runner, int chunk)
{
    const am_stage *stage = runner->stage[chunk];
    int64_t first = stage->received ? am_add_checked(stage->weights, stage->gradients) : stage->step;
    run_backward(runner, chunk, stage->waiting, stage->weights, true, first, stage->weights);
    runner->kept -= stage->waiting;
    runner->saved -= stage->saved;
    count_alive(runner, chunk, -1);
}

/* Of a run of backwards the first has most beneath it; the second the gradients that the first made too. */
static void run(void *context, am_pipeline_action action, int chunk, int64_t times)
{
    am_runner *runner = context;
    const am_stage *stage = runner->stage[chunk];
    for (int64_t i = 0; i < times && i < 2 && !runner->failed; i++) {
        if (action == AM_ACT_BACKWARD) run_whole(runner, chunk);
        if (action == AM_ACT_INPUT) run_input(runner, chunk);
        if (action == AM_ACT_WEIGHT) run_weights(runner, chunk);
    }
    if (runner->failed) return;
    if (action == AM_ACT_FORWARD) run_forward(runner, chunk, times);
    if (action == AM_ACT_FORWARD || times <= 2) return;
    runner->kept -= (times - 2) * stage->kept;
    runner->saved -= (times - 2) * stage->saved;
    count_alive(runner, chunk, 2 - times);
}

/* What is there before the first action: once for each chunk, but scratch memory, which they share. */
static void begin(am_runner *runner, int64_t chunks)
{
    int64_t scratch = 0;
    for (int i = 0; i < chunks; i++) {
        const am_stage *stage = runner->stage[i];
        runner->kept += stage->lasting - stage->scratch;
        runner->saved += stage->saved_lasting;
        if (stage->scratch > scratch) scratch = stage->scratch;
        runner->rank->parameters += stage->parameters;
        runner->rank->layers += stage->layers;
    }
    runner->kept += scratch;
}

am_code am_rank_play(am_rank *rank, const am_config *config, const am_stage *const *stage)
{
    const am_pipeline schedule = am_pipeline_of(config);
    am_runner runner = {.rank = rank};
    am_chunk chunk[AM_MAX_CHUNKS];
    int chunks = am_rank_chunks(config, rank->rank, chunk);
    am_flight flight;
    am_pipeline_fly(&flight, &schedule, rank->rank);
    rank->in_flight = flight.most;
    rank->in_flight_by_input = flight.most_by_input;
    rank->layers = rank->deallocated = rank->parameters = 0;
    rank->saved_bytes = rank->after_forward = rank->forward_peak = rank->backward_peak = rank->peak_bytes = rank->learned_peak = 0;
    for (int i = 0; i < chunks; i++) {
        runner.stage[i] = stage[i];
        int64_t let_go = am_mul_checked(chunk[i].alive, stage[i]->output);
        rank->deallocated = am_add_checked(rank->deallocated, let_go);
    }
    begin(&runner, chunks);
    am_pipeline_play(&schedule, rank->rank, run, &runner);
    return runner.failed || rank->deallocated < 0 ? AM_TOO_LARGE : AM_OK;
}

/* ---- what is refused ---- */

/* Equal layers for each stage, one more for the first ones, as stage_layers would say it: one by one where they are few. */
void am_stages_even(const am_config *config, char text[AM_TEXT_SIZE])
{
    int64_t stages = config->pp * config->vpp, each = config->layers / stages, more = config->layers % stages;
    am_writer writer = am_writer_of(text, AM_TEXT_SIZE);
    const am_stages run[] = {{more, each + 1}, {stages - more, each}};
    for (int i = 0; i < 2; i++) {
        const int64_t times = stages <= 8 ? run[i].count : run[i].count > 0;
        for (int64_t j = 0; j < times; j++) {
            if (writer.length > 0) am_write_char(&writer, ',');
            if (stages > 8) am_write_int(&writer, run[i].count);
            if (stages > 8) am_write_char(&writer, 'x');
            am_write_int(&writer, run[i].layers);
        }
    }
    am_writer_end(&writer); /* two runs, or eight numbers: it has room for them */
}

static am_code refuse_uneven(const am_config *config, am_status *status)
{
    char even[AM_TEXT_SIZE];
    int64_t layers = config->layers;
    if (config->pp * config->vpp > layers) {
        bool some = config->pp > layers;
        return am_fail(status, AM_CONFLICT, some ? "pp" : "vpp",
                       "pp=%d with vpp=%d leaves stages without layers: of %d layers at most %s=%d", config->pp,
                       config->vpp, layers, some ? "pp" : "vpp", some ? layers / config->vpp : layers / config->pp);
    }
    am_stages_even(config, even);
    if (layers % config->pp != 0)
        return am_fail(status, AM_CONFLICT, "pp", "pp=%d does not divide layers=%d; the nearest that does is pp=%d, or uneven stages, such as stage_layers=%s",
                       config->pp, layers, am_nearest_divisor(layers, config->pp), even);
    return am_fail(status, AM_CONFLICT, "vpp",
                   "vpp=%d does not divide the %d layers of a stage; the nearest that does is vpp=%d, or uneven stages, such as stage_layers=%s",
                   config->vpp, layers / config->pp, am_nearest_divisor(layers / config->pp, config->vpp), even);
}

static am_code check_stage_layers(const am_config *config, am_status *status)
{
    int64_t count = 0, sum = 0, stages = config->pp * config->vpp;
    const char *text = config->stage_layers, *list = text;
    if (*text == '\0') {
        bool even = config->layers % config->pp == 0 && config->layers / config->pp % config->vpp == 0;
        return even ? AM_OK : refuse_uneven(config, status);
    }
    char right[AM_TEXT_SIZE];
    am_stages_even(config, right);
    for (am_stages next; list;) {
        if (!next_stages(&list, &next))
            return am_fail(status, AM_BAD_VALUE, "stage_layers",
                           "stage_layers must be numbers of layers, such as %s (Nx for N stages: 4x20), not '%s'", right, text);
        if (next.layers == 0)
            return am_fail(status, AM_OUT_OF_RANGE, "stage_layers",
                           "stage %d has no layers: each has one or more, as in stage_layers=%s", count, right);
        count = am_add_checked(count, next.count);
        sum = am_add_checked(sum, am_mul_checked(next.count, next.layers));
    }
    if (count != stages)
        return am_fail(status, AM_CONFLICT, "stage_layers",
                       "stage_layers has %d numbers for pp=%d with vpp=%d, which has %d stages, such as %s",
                       count < 0 ? AM_MAX_BYTES : count,
                       config->pp, config->vpp, stages, right);
    if (sum == config->layers) return AM_OK;
    return am_fail(status, AM_CONFLICT, "stage_layers", "stage_layers=%s does not sum to layers=%d, as %s does", text,
                   config->layers, right);
}

am_code am_pipeline_check(const am_config *config, am_status *status)
{
    if (config->pp * config->vpp > config->layers) return refuse_uneven(config, status);
    am_code code = am_pipeline_schedule_check(config, status);
    return code == AM_OK ? check_stage_layers(config, status) : code;
}
