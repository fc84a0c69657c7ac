/* Ranks of a pipeline: what one micro-batch takes on each kind of stage, and each rank's schedule played on that. */
#include <string.h>

#include "bytes.h"
#include "evaluate.h"
#include "fit.h"
#include "input.h"
#include "tape.h"
#include "writer.h"

/* ---- stages ---- */

/* ---- a policy on stages */

am_policy am_stage_policy(const am_evaluation *evaluation, am_policy policy, int64_t stage)
{
    int64_t layers = am_stage_layers(evaluation->config, stage);
    if (policy.kind == AM_POLICY_SQRT) policy.count = am_root_segment(layers);
    if (policy.kind == AM_POLICY_BLOCK) policy.count = am_smaller(policy.count, layers);
    if (policy.kind == AM_POLICY_BEST_SEGMENTS) policy.count = evaluation->workspace->best_segment[stage];
    return policy;
}

void am_stages_settle(am_evaluation *evaluation, am_policy *policy)
{
    am_workspace *workspace = evaluation->workspace;
    if (policy->kind == AM_POLICY_BEST_SEGMENTS) am_ranks_best_segments(evaluation, *policy);
    memset(workspace->played, 0, sizeof workspace->played);
    workspace->recorded = (am_record){0};
    if (policy->kind != AM_POLICY_BLOCK) *policy = am_stage_policy(evaluation, *policy, 0);
}

/* Stages of a kind may have plans of their own. */
const am_stage *am_stage_of(const am_evaluation *evaluation, int kinds, const am_chunk *chunk)
{
    const am_workspace *workspace = evaluation->workspace;
    const am_policy_kind kind = evaluation->policy->kind;
    if (kind == AM_POLICY_BUDGET || kind == AM_POLICY_BEST_SEGMENTS) return &workspace->rank_plans.stage[chunk->stage];
    return &workspace->stage[am_stage_kind_of(kinds, workspace->stage, chunk)];
}

/* What is on the stage's tape for the whole run. */
static void add_stage_lasting(const am_tape *tape, am_stage *load)
{
    for (int i = 1; i < tape->storages; i++) {
        if (!am_lasts_once(tape, i)) continue;
        load->lasting += tape->storage[i].bytes;
        if (tape->tensor[tape->scratch].storage == i) load->scratch += tape->storage[i].bytes;
    }
}

/* A backward in two parts, from the stage's plain record: the layers that it leaves out keep as much as its last one, and their
 * gradients wait beside those of the others. */
static am_code split_stage(const am_evaluation *stage, am_stage *load)
{
    am_workspace *workspace = stage->workspace;
    load->input = load->waiting = load->kept; /* the first stage has no input that learns: all with the weights */
    load->weights = load->backward;
    if (!load->received) return AM_OK;
    am_step *step = &workspace->step;
    workspace->tape.inputs_alone = true;
    am_code code = am_step_play(step, &workspace->player, &workspace->tape, NULL);
    workspace->tape.inputs_alone = false;
    if (AM_NEVER(code)) return code; /* the whole backward has been played */
    int last = step->layers;
    int64_t others = load->layers - last, each = step->boundary[last] - step->boundary[last - 1];
    int64_t beneath = others * (each + step->waiting[last]);
    load->input = step->backward[0][AM_BACKWARD][last + 1].bytes + others * each - load->lasting;
    for (int zone = 0; zone <= last; zone++)
        load->input = am_larger(load->input, step->backward[0][AM_BACKWARD][zone].bytes + beneath - load->lasting);
    load->waiting = step->after_backward + beneath - load->lasting;
    int64_t weights = step->weights[last + 1]; /* the first layers come first, the head last */
    for (int64_t i = load->layers; i > 0; i--) {
        int zone = i < last ? (int)i : last;
        weights = am_larger(step->weights[zone], weights - step->waiting[zone]);
    }
    load->weights = load->waiting + am_larger(weights, 0);
    return AM_OK;
}

am_evaluation am_stage_evaluation(const am_evaluation *evaluation, const am_stage *load, am_config *config)
{
    am_evaluation own = *evaluation;
    am_workspace *workspace = own.workspace;
    *config = *evaluation->config;
    config->layers = load->layers;
    config->dense_layers = load->dense;
    own.pattern = am_model_pattern(config);
    own.config = config;
    own.received = load->received;
    own.sent = load->sent;
    memset(workspace->played, 0, sizeof workspace->played);
    workspace->recorded = (am_record){0};
    return own;
}

am_code am_stage_load(am_evaluation *stage, am_policy policy, am_stage *load)
{
    am_workspace *workspace = stage->workspace;
    am_outcome outcome;
    int runs = am_evaluation_runs(stage, policy);
    if (!stage->code) stage->code = am_plan_compose(&outcome, &stage->pattern, runs, workspace->run);
    if (!stage->code) stage->code = am_evaluation_parameters(stage, &workspace->stage_parameters);
    if (stage->code) return stage->code;
    *load = (am_stage){.received = load->received, .sent = load->sent, .layers = load->layers, .dense = load->dense, .first = load->first}; /* it may have been loaded before */
    add_stage_lasting(&workspace->tape, load);
    load->saved_lasting = outcome.saved_lasting;
    load->saved = outcome.saved_bytes - outcome.saved_lasting;
    load->renewed = outcome.saved_renewed;
    load->kept = outcome.after_forward - load->lasting;
    load->forward = outcome.forward_peak - load->lasting;
    load->backward = outcome.backward_peak - load->lasting;
    load->step = outcome.step_peak - load->lasting;
    load->learned = outcome.learned_peak - load->lasting;
    load->gradients = outcome.gradient_bytes;
    load->recomputed_time = outcome.recomputed_time;
    load->parameters = workspace->stage_parameters.total;
    if (stage->config->schedule >= AM_INTERLEAVED_ZERO_BUBBLE) stage->code = split_stage(stage, load);
    const am_tape *tape = &workspace->tape;
    load->output = load->sent ? tape->storage[tape->tensor[tape->loss].storage].bytes : 0;
    return stage->code;
}

/* A frame of its own: it holds a configuration. */
__attribute__((noinline)) static am_code load_kind(const am_evaluation *evaluation, int kind)
{
    am_config config;
    am_workspace *workspace = evaluation->workspace;
    am_evaluation stage = am_stage_evaluation(evaluation, &workspace->stage[kind], &config);
    am_policy policy = am_stage_policy(evaluation, *stage.policy, workspace->stage[kind].first);
    if (policy.kind == AM_POLICY_BUDGET) policy = (am_policy){.kind = AM_POLICY_NONE}; /* until it is planned */
    am_code code = am_stage_load(&stage, policy, &workspace->stage[kind]);
    return code ? code : am_fit_stage(workspace, kind);
}

am_code am_stages_load(const am_evaluation *evaluation, int *kinds)
{
    am_workspace *workspace = evaluation->workspace;
    am_code code = AM_OK;
    *kinds = am_stage_kinds(evaluation->config, workspace->stage);
    workspace->rank_parameters.kinds = 0;
    for (int i = 0; i < *kinds && code == AM_OK; i++) code = load_kind(evaluation, i);
    return code;
}

/* ---- ranks ---- */

/* The plans of a rank's chunks in words, if there is room for them. */
static void write_rank_plan(const am_evaluation *evaluation, const am_chunk *chunk, int chunks, char text[AM_PLAN_TEXT])
{
    am_workspace *workspace = evaluation->workspace;
    am_writer out = am_writer_of(text, AM_PLAN_TEXT);
    for (int i = 0; i < chunks; i++) {
        am_rank_plans_recall(workspace, chunk[i].stage);
        if (i > 0) AM_WRITE(&out, "; ");
        am_choices_write_plan(&out, workspace, chunk[i].first_layer);
        am_choices_report_plan(evaluation, chunk[i].stage, chunk[i].first_layer);
    }
    if (am_writer_end(&out) == 0) am_copy_text(text, AM_PLAN_TEXT, "of more runs than fit here", 26);
}

/* What a usual layer of the rank keeps: one with experts, if it has such. */
static int64_t bytes_of_layer(const am_report *report, const am_chunk *chunk, int chunks)
{
    const am_kind *kind = &report->kind[report->kinds - 1];
    int64_t layers = 0, dense = 0;
    for (int i = 0; i < chunks; i++) {
        layers += chunk[i].layers;
        dense += chunk[i].dense;
    }
    for (int i = report->kinds - 1; i >= 0 && dense == layers; i--) { /* where all layers are of one kind, and in segments, none has a name */
        const char *label = report->kind[i].label;
        if (!label || strcmp(label, am_model_kind_name(&report->config, 0)) != 0) continue;
        kind = &report->kind[i];
        break;
    }
    return kind->bytes / kind->layers_each;
}

/* One rank of a report, or only its total; *worst: of the ranks before it and of this one. */
__attribute__((noinline)) static am_code read_rank(const am_evaluation *evaluation, int64_t index, int kinds, int first,
                                                   am_fit *worst)
{
    am_report *report = evaluation->report;
    am_workspace *workspace = evaluation->workspace;
    const am_config *config = evaluation->config;
    const am_stage *stage[AM_MAX_CHUNKS];
    am_chunk chunk[AM_MAX_CHUNKS];
    am_fit fit;
    bool planned = evaluation->policy->kind == AM_POLICY_BUDGET;
    am_rank rank = {.rank = index, .first_chunk = first, .chunks = am_rank_chunks(config, index, chunk)};
    for (int i = 0; i < rank.chunks; i++) stage[i] = am_stage_of(evaluation, kinds, &chunk[i]);
    for (int i = 0; i < rank.chunks; i++) rank.recomputed_time += stage[i]->recomputed_time;
    am_code code = am_rank_play(&rank, config, stage);
    if (!code) code = am_fit_rank(&fit, workspace, config, &rank, chunk, kinds);
    if (code) return code;
    if (index == 0 || fit.total > worst->total) *worst = fit;
    if (evaluation->rank) evaluation->rank[index] = rank;
    if (!report) return AM_OK;
    rank.layer_bytes = bytes_of_layer(report, chunk, rank.chunks);
    memcpy(&report->chunk[first], chunk, (size_t)rank.chunks * sizeof *chunk);
    report->rank[index] = rank;
    report->rank_plan[index][0] = '\0';
    if (planned) write_rank_plan(evaluation, chunk, rank.chunks, report->rank_plan[index]);
    if (am_rank_peak(&rank) > am_rank_peak(&report->rank[report->worst_rank])) report->worst_rank = (int)index;
    report->ranks++;
    return AM_OK;
}

am_code am_ranks_read(const am_evaluation *evaluation, am_fit *worst)
{
    const am_config *config = evaluation->config;
    int kinds = evaluation->workspace->rank_plans.kinds; /* a budget's plans are loaded */
    am_code code = evaluation->policy->kind == AM_POLICY_BUDGET ? AM_OK : am_stages_load(evaluation, &kinds);
    for (int64_t i = 0; i < config->pp && code == AM_OK; i++) code = read_rank(evaluation, i, kinds, (int)(i * config->vpp), worst);
    return code;
}
