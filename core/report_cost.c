/* The report's JSON: what a step costs on a GPU. */
#include "paper_cost.h"
#include "proven.h"
#include "report.h"
#include "wiring.h"

/* ---- what is read off the outcome */

int64_t am_model_flops(const am_outcome *outcome)
{
    return outcome->work[AM_IN_FORWARD].flops + outcome->work[AM_IN_BACKWARD].flops;
}

int64_t am_hardware_flops(const am_outcome *outcome)
{
    return am_model_flops(outcome) + outcome->work[AM_IN_RECOMPUTE].flops;
}

int64_t am_ideal_time(const am_report *report, int64_t flops)
{
    return am_compute_time(flops, report->rates.gflops[am_compute_dtype(&report->config)]);
}

int64_t am_bound_time(const am_outcome *outcome)
{
    int64_t time = 0;
    for (int i = 0; i < AM_PART_COUNT; i++) time += outcome->work[i].bound;
    return time;
}

int64_t am_layer_time(const am_report *report, const am_outcome *outcome)
{
    int64_t time = outcome->forward_time + outcome->backward_time;
    for (int i = 0; i < report->cost_rows; i++) {
        const am_cost_row *row = &report->cost_row[i];
        if (row->kind < 0) time -= row->time[AM_IN_FORWARD] + row->time[AM_IN_BACKWARD];
    }
    return time / report->config.layers;
}

/* ---- JSON */

void am_json_time(am_writer *json, int64_t time)
{
    const int64_t million = 1000000;
    am_write_int(json, time / million);
    am_write_decimals(json, (uint32_t)(time % million), 6, true);
    am_write_char(json, ',');
}

/* Of times, which may be longer than a ratio's 2^53 picoseconds: two hours and a half. */
static void write_share(am_writer *json, int64_t part, int64_t whole)
{
    while (part >= AM_MAX_BYTES || whole >= AM_MAX_BYTES) {
        part /= 2;
        whole /= 2;
    }
    am_json_ratio(json, part, whole);
}

#define PUT_SHARE(json, literal, part, whole) (AM_KEY(json, literal), write_share(json, part, whole))

static void write_device(am_writer *json, const am_report *report)
{
    const am_device *device = report->device;
    const am_config *config = &report->config;
    int dtype = am_compute_dtype(config);
    bool own_rate = !device || config->device_gflops > 0, own_bandwidth = !device || config->device_bandwidth > 0;
    AM_OPEN(json, "device", "{");
    AM_PUT_PLAIN(json, "id", device ? device->id : "mine");
    AM_PUT_PLAIN(json, "label", device ? device->label : "your own GPU");
    AM_PUT_FIGURE(json, "memory_bytes", device ? device->memory : -1);
    AM_PUT_PLAIN(json, "dtype", am_dtypes[dtype].name);
    AM_PUT_INT(json, "gflops", report->rates.gflops[dtype]);
    const char *own = dtype == AM_FP32 && config->device_fp32_gflops ? "device_fp32_gflops"
                      : own_rate                                     ? "device_gflops"
                                                                     : NULL;
    AM_PUT_PLAIN(json, "gflops_from", own ? own : device->source);
    AM_PUT_FIGURE(json, "fp32_gflops", report->rates.gflops[AM_FP32] ? report->rates.gflops[AM_FP32] : -1);
    AM_PUT_INT(json, "bandwidth_mbs", report->rates.bandwidth);
    AM_PUT_PLAIN(json, "bandwidth_from", own_bandwidth ? "device_bandwidth" : device->source);
    am_json_close(json, '}');
}

/* All but which layers a row is of. */
static void write_figures(am_writer *json, const am_cost_row *row)
{
    int64_t time = row->time[AM_IN_FORWARD] + row->time[AM_IN_BACKWARD];
    AM_KEY(json, "module");
    am_json_joined(json, row->module.path, row->module.leaf);
    AM_PUT_PLAIN(json, "component", am_component_names[row->module.component]);
    AM_PUT_PLAIN(json, "labour", am_labour_names[row->labour]);
    AM_PUT_INT(json, "forward_flops", row->flops[AM_IN_FORWARD]);
    AM_PUT_INT(json, "backward_flops", row->flops[AM_IN_BACKWARD]);
    AM_PUT_INT(json, "forward_bytes", row->bytes[AM_IN_FORWARD]);
    AM_PUT_INT(json, "backward_bytes", row->bytes[AM_IN_BACKWARD]);
    AM_PUT_TIME(json, "forward_time_us", row->time[AM_IN_FORWARD]);
    AM_PUT_TIME(json, "backward_time_us", row->time[AM_IN_BACKWARD]);
    PUT_SHARE(json, "memory_bound", row->bound[AM_IN_FORWARD] + row->bound[AM_IN_BACKWARD], time);
    am_json_close(json, '}');
}

static bool same_figures(const am_cost_row *x, const am_cost_row *y)
{
    if (x->module.path != y->module.path || x->module.leaf != y->module.leaf) return false; /* one module is of one component */
    bool same = x->labour == y->labour;
    for (int part = 0; part < AM_IN_RECOMPUTE; part++) /* times follow, of one kind of layer */
        same = same && x->flops[part] == y->flops[part] && x->bytes[part] == y->bytes[part] &&
               AM_ALWAYS(x->time[part] == y->time[part] && x->bound[part] == y->bound[part]);
    return same;
}

/* Rows as they stand in the document. The first layer's come before those of its kind, in the same order, and most have the same
 * figures: which are written once. */
typedef struct am_written_costs {
    am_span figures[AM_MAX_COST_ROWS]; /* of the first layer's rows */
    int next, end;                     /* of these, those that are left to be found */
} am_written_costs;

/* The figures of one of them that has the same; NULL: none of those that are left has. */
static const am_span *figures_like(am_written_costs *written, const am_report *report, const am_cost_row *row)
{
    for (int i = written->next; i < written->end; i++) {
        if (!same_figures(&report->cost_row[i], row)) continue;
        written->next = i + 1;
        return &written->figures[i];
    }
    return NULL;
}

static void note_figures(am_written_costs *written, int index, am_span figures)
{
    if (written->end == 0) written->next = index;
    written->figures[index] = figures;
    written->end = index + 1;
}

static void write_row(am_writer *json, const am_report *report, int index, am_written_costs *written)
{
    const am_cost_row *row = &report->cost_row[index];
    const char *kind = row->kind < 0 ? NULL : am_model_kind_name(&report->config, row->kind);
    if (row->kind < 0)
        AM_WRITE(json, "{\"scope\":\"outside\",");
    else
        AM_WRITE(json, "{\"scope\":\"layer\",");
    if (kind) AM_PUT_PLAIN(json, "kind", kind);
    if (row->first) AM_PUT_BOOL(json, "first", true);
    AM_PUT_INT(json, "count", row->count);
    const am_span *like = row->first ? NULL : figures_like(written, report, row);
    const size_t from = json->length;
    if (like)
        am_write_again(json, *like);
    else
        write_figures(json, row);
    if (row->first) note_figures(written, index, am_span_since(json, from));
}

/* ---- stack=paper */

/* Picoseconds of recomputation in a layer under a policy that is among the plans. */
static int64_t recomputed_in_layer(const am_report *report, am_policy_kind kind)
{
    int i = 0;
    while (report->plan[i].policy.kind != kind) i++;
    return report->plan[i].outcome.recomputed_time / report->config.layers;
}

/* The paper's own figures: FLOPs of its appendix A for this configuration, and table 4's measured times of one layer of the
 * 22B model beside what the roofline says of this configuration's layer. */
static void write_paper(am_writer *json, const am_report *report)
{
    am_paper_flops flops;
    if (report->config.stack != AM_STACK_PAPER || !am_paper_flops_of(&flops, &report->config, report->config.batch))
        return;
    int64_t layer = am_layer_time(report, &report->outcome);
    AM_OPEN(json, "paper", "{");
    AM_PUT_INT(json, "model_flops", flops.model);
    AM_PUT_INT(json, "selective_flops", flops.selective);
    AM_PUT_INT(json, "selective_flops_exact", flops.exact);
    AM_PUT_INT(json, "full_flops", flops.full);
    AM_PUT_PLAIN(json, "flops_of",
                 "one micro-batch on all tensor-parallel ranks: equations 7 and 8; equation 8 adds 12Bs²hL for "
                 "scores and their product with the values, of which recomputing them once takes 4Bs²hL");
    AM_PUT_TIME(json, "layer_time_us", layer);
    PUT_SHARE(json, "selective_overhead", recomputed_in_layer(report, AM_POLICY_MODULES), layer);
    PUT_SHARE(json, "full_overhead", recomputed_in_layer(report, AM_POLICY_FULL), layer);
    AM_OPEN(json, "measured", "{");
    AM_PUT_PLAIN(json, "of",
                 "a layer of the 22B model, tp=8, batch=4, on A100 80GB SXM, against tp=8 without sp: table 4");
    AM_KEY(json, "selective_overhead");
    am_json_number(json, "0.07");
    AM_KEY(json, "selective_and_sp_overhead");
    am_json_number(json, "0.04");
    AM_KEY(json, "full_overhead");
    am_json_number(json, "0.39");
    am_json_close(json, '}');
    am_json_close(json, '}');
}

/* ---- utilisations */

/* By the papers' convention the numerator has products in full; the time has what kernels execute, each at its dtype's rate. */
const char *am_utilisation_note(const am_report *report)
{
    const am_outcome *outcome = &report->outcome;
    int64_t skipped = 0;
    if (am_ideal_time(report, am_hardware_flops(outcome)) <= am_outcome_time(outcome)) return NULL;
    for (int part = 0; part < AM_PART_COUNT; part++) skipped += outcome->work[part].flops - outcome->work[part].executed;
    if (skipped > 0)
        return "Above 100 %: FLOPs are counted in full, as papers count them for utilisations, and a causal kernel skips half of attention's.";
    return "Above 100 %: by the rate of the run's dtype, and what is multiplied in fp32 has a higher one.";
}

/* ---- the section */

__attribute__((noinline)) /* its frame stands beside no other */
void am_json_cost(am_writer *json, const am_report *report)
{
    const am_outcome *outcome = &report->outcome;
    const am_work *work = outcome->work;
    int64_t step = am_outcome_time(outcome);
    AM_OPEN(json, "cost", "{");
    write_device(json, report);
    AM_PUT_INT(json, "forward_flops", work[AM_IN_FORWARD].flops);
    AM_PUT_INT(json, "backward_flops", work[AM_IN_BACKWARD].flops);
    AM_PUT_INT(json, "recomputed_flops", work[AM_IN_RECOMPUTE].flops);
    AM_PUT_INT(json, "model_flops", am_model_flops(outcome));
    AM_PUT_INT(json, "hardware_flops", am_hardware_flops(outcome));
    AM_PUT_INT(json, "executed_flops",
               work[AM_IN_FORWARD].executed + work[AM_IN_BACKWARD].executed + work[AM_IN_RECOMPUTE].executed);
    AM_PUT_TIME(json, "forward_time_us", outcome->forward_time);
    AM_PUT_TIME(json, "backward_time_us", outcome->backward_time);
    AM_PUT_TIME(json, "recomputed_time_us", outcome->recomputed_time);
    AM_PUT_TIME(json, "step_time_us", step);
    PUT_SHARE(json, "memory_bound", am_bound_time(outcome), step);
    PUT_SHARE(json, "mfu", am_ideal_time(report, am_model_flops(outcome)), step);
    PUT_SHARE(json, "hfu", am_ideal_time(report, am_hardware_flops(outcome)), step);
    const char *note = am_utilisation_note(report);
    if (note) AM_PUT_PLAIN(json, "utilisation_note", note);
    am_written_costs written;
    written.next = written.end = 0;
    AM_OPEN(json, "rows", "[");
    for (int i = 0; i < report->cost_rows; i++) write_row(json, report, i, &written);
    am_json_close(json, ']');
    write_paper(json, report);
    am_json_close(json, '}');
}
