/* What to change so that a step fits, or what one that fits leaves room for: each change evaluated, with what it costs. */
#include <string.h>

#include "bytes.h"
#include "fit.h"
#include "input.h"
#include "policies.h"
#include "proven.h"
#include "state.h"
#include "wiring.h"
#include "writer.h"

/* ---- what is usual ---- */

/* With what a stack's users train in 16 bits. Megatron-LM's --bf16 sets accumulate_allreduce_grads_in_fp32 and its optimizer keeps
 * fp32 main parameters (training/arguments.py, core/optimizer/optimizer.py); Trainer(bf16=True) and nanoGPT's train.py are
 * torch.autocast over fp32 parameters; DeepSpeed's bf16 and fp16 keep an fp32 copy of a rank's part (runtime/zero/stage_1_and_2.py);
 * torchtitan shards fp32 parameters and reduces in fp32 (MixedPrecisionPolicy); peft makes adapters fp32 (autocast_adapter_dtype). */
static const am_usual megatrons = {"master_weights=yes grad_dtype=fp32", "Megatron-LM trains"},
                      torchtitans = {"master_weights=yes grad_dtype=fp32", "torchtitan trains"},
                      deepspeeds = {"master_weights=yes", "DeepSpeed's bf16 and fp16 train"},
                      autocasts[] = {{"dtype=fp32 autocast=bf16", "Trainer(bf16=True) trains"},
                                     {"dtype=fp32 autocast=fp16", "Trainer(fp16=True) trains"}},
                      nanogpts[] = {{"dtype=fp32 autocast=bf16", "nanoGPT trains"},
                                    {"dtype=fp32 autocast=fp16", "nanoGPT trains"}},
                      pefts = {"lora_dtype=fp32", "peft trains"};

static bool is_wide(const am_config *config)
{
    return am_trainable_dtype(config) == AM_FP32;
}

const am_usual *am_fit_usual(const am_config *config)
{
    int fp16 = config->dtype == AM_FP16;
    bool gradients = config->grad_dtype == AM_FP32,
         megatron = am_wiring_of(config)->any || config->stack == AM_STACK_PAPER;
    bool plain = config->stack == AM_STACK_HF || config->stack == AM_STACK_LIGER || config->stack == AM_STACK_NANOGPT;
    if (config->optimizer == AM_OPTIMIZER_NONE || config->trainable == AM_TRAIN_NONE || is_wide(config)) return NULL;
    if (config->trainable == AM_TRAIN_LORA) return config->master_weights ? NULL : &pefts;
    if (megatron) return config->master_weights && gradients ? NULL : &megatrons;
    if (config->master_weights) return NULL;
    if (config->zero == 3 || (config->stack == AM_STACK_TORCH && config->zero == 0)) return &torchtitans;
    if (!plain || config->zero > 0) return &deepspeeds;
    return config->stack == AM_STACK_NANOGPT ? &nanogpts[fp16] : &autocasts[fp16];
}

void am_fit_write_basis(am_writer *out, const am_config *config)
{
    char type[8];
    bool adapters = config->trainable == AM_TRAIN_LORA;
    const am_field *field = &am_fields[adapters ? AM_F_lora_dtype : AM_F_dtype];
    if (config->optimizer == AM_OPTIMIZER_NONE || config->trainable == AM_TRAIN_NONE) {
        AM_WRITE(out, "no optimizer");
        return;
    }
    am_write_text(out, am_optimizer_text(config));
    AM_WRITE(out, " on ");
    am_write_text(out, am_field_value(config, field, type, sizeof type));
    am_write_text(out, adapters ? " adapters" : " parameters");
    if (config->autocast != AM_AUTOCAST_OFF) {
        AM_WRITE(out, " under ");
        am_write_text(out, am_field_value(config, &am_fields[AM_F_autocast], type, sizeof type));
        am_write_text(out, config->autocast_cache ? " autocast" : " autocast without its cache");
    }
    if (!is_wide(config))
        am_write_text(out, config->master_weights ? " with fp32 master weights" : " without fp32 master weights");
    AM_WRITE(out, ", gradients in ");
    am_write_text(out, am_field_value(config, &am_fields[AM_F_grad_dtype], type, sizeof type));
}

void am_fit_write_usual(am_writer *out, const am_config *config)
{
    const am_usual *usual = am_fit_usual(config);
    if (!usual) return;
    AM_WRITE(out, "; ");
    am_write_text(out, usual->who);
    AM_WRITE(out, " with ");
    am_write_text(out, usual->set);
}

/* ---- changes ---- */

typedef struct am_changer {
    am_report *report;
    am_workspace *workspace;
    am_config config; /* what is tried */
    am_status status;
} am_changer;

/* Sets the inputs of `set`, which are written as they are read, in a configuration as it was given. A policy is run as its stack
 * runs it. */
static void set_inputs(am_changer *changer, const am_config *given, const char *set)
{
    changer->config = *given;
    changer->config.fit = changer->config.frontier = 0;
    am_config_parse(&changer->config, set, &changer->status);
}

static bool is_evaluated(am_changer *changer)
{
    return am_evaluate_costs(&changer->workspace->totals, changer->workspace, &changer->config, &changer->status) ==
           AM_OK;
}

/* Of what was evaluated last. */
static void write_change(const am_changer *changer, am_change *change, const char *set)
{
    const am_totals *totals = &changer->workspace->totals;
    am_copy_text(change->set, sizeof change->set, set, strlen(set));
    change->config = totals->config;
    change->total = totals->fit.total;
    change->fits = am_fit_fits(&totals->fit);
    change->free = am_fit_free(&totals->fit);
    change->time = am_outcome_time(&totals->outcome);
    change->recomputed_flops = totals->outcome.recomputed_flops;
    change->forward_flops = totals->outcome.forward_flops;
}

/* Evaluates a change. Adds it to the report's where it fits, those that train the same, which are tried first, by their time. */
static bool try_change(am_changer *changer, const am_config *given, const char *id, const char *what, bool same,
                       const char *set)
{
    am_report *report = changer->report;
    if (AM_NEVER(report->changes == AM_MAX_CHANGES)) return false; /* it has room for every one that is tried */
    set_inputs(changer, given, set);
    if (!is_evaluated(changer)) return false;
    if (!am_fit_fits(&changer->workspace->totals.fit)) return false;
    int64_t time = am_outcome_time(&changer->workspace->totals.outcome);
    int at = report->changes++;
    for (; same && at > 0 && report->change[at - 1].time > time; at--)
        report->change[at] = report->change[at - 1];
    report->change[at] = (am_change){.id = id, .what = what, .same = same};
    write_change(changer, &report->change[at], set);
    return true;
}

/* Checkpoints run again by the stack's own function, whatever the given policy asked for. */
static const char *policy_set(const am_report *report, const char *policy, char *buffer, size_t size)
{
    am_writer set = am_writer_of(buffer, size);
    AM_WRITE(&set, "checkpoint=");
    am_write_text(&set, policy);
    if (report->config.reentrant && !am_wiring_of(&report->config)->any) AM_WRITE(&set, " reentrant=no");
    am_writer_end(&set);
    return buffer;
}

static const am_answer *answer_of(const am_report *report, const char *id)
{
    for (int i = 0; i < report->answers; i++)
        if (strcmp(report->answer[i].id, id) == 0) return report->answer[i].found ? &report->answer[i] : NULL;
    return NULL;
}

/* The plan of the search; while the step fits, only where it is faster. */
static void try_plan(am_changer *changer, const am_config *given)
{
    am_report *report = changer->report;
    char set[AM_TEXT_SIZE + 32];
    const am_answer *plan = answer_of(report, "plan");
    if (!plan || plan->next == 0) return; /* none is needed */
    if (strcmp(plan->config.checkpoint, report->config.checkpoint) == 0) return;
    bool fits = try_change(changer, given, "plan", "fastest plan that fits", true,
                           policy_set(report, plan->config.checkpoint, set, sizeof set));
    /* as it did when it was searched for */
    if (AM_ALWAYS(fits) && am_fit_fits(&report->fit) && report->change[0].time >= am_outcome_time(&report->outcome)) report->changes = 0;
}

static bool is_dearer(const am_plan *plan, const am_plan *than)
{
    int64_t time = am_outcome_time(&plan->outcome), other = am_outcome_time(&than->outcome);
    if (time != other) return time > other;
    int64_t peak = am_outcome_peak(&plan->outcome), lower = am_outcome_peak(&than->outcome);
    return peak != lower ? peak > lower : plan > than;
}

/* Of the listed policies the one that costs least. */
static void try_policies(am_changer *changer, const am_config *given)
{
    const am_report *report = changer->report;
    bool megatron = am_wiring_of(&report->config)->any;
    char policy[AM_TEXT_SIZE], set[AM_TEXT_SIZE + 32];
    const am_plan *last = NULL;
    for (;;) {
        const am_plan *next = NULL;
        for (int i = 0; i < report->plans; i++) {
            const am_plan *plan = &report->plan[i];
            if (plan->chosen || (plan->policy.reentrant && !megatron) || (last && !is_dearer(plan, last))) continue;
            if (!next || is_dearer(next, plan)) next = plan;
        }
        if (!next) return;
        am_policy_text(next->policy, policy, sizeof policy);
        if (try_change(changer, given, "policy", "fastest named policy that fits", true,
                       policy_set(report, policy, set, sizeof set)))
            return;
        last = next;
    }
}

void am_fit_write_groups(am_writer *out, const am_config *found, const am_config *now)
{
    static const am_field_id inputs[] = {AM_F_tp, AM_F_sp, AM_F_cp, AM_F_pp, AM_F_stage_layers, AM_F_ep, AM_F_dp, AM_F_zero};
    static const am_config one = {.tp = 1, .cp = 1, .pp = 1, .ep = 1, .dp = 1};
    char text[AM_TEXT_SIZE], other[AM_TEXT_SIZE];
    for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++) {
        const am_field *field = &am_fields[inputs[i]];
        am_field_value(found, field, text, sizeof text);
        if (!(now && inputs[i] == AM_F_dp) && strcmp(text, am_field_value(now ? now : &one, field, other, sizeof other)) == 0) continue;
        if (out->length > 0) AM_WRITE(out, " ");
        am_write_text(out, field->key);
        AM_WRITE(out, "=");
        am_write_text(out, text);
    }
}

/* The fewest GPUs that hold it. before: what else is changed. */
static void try_gpus(am_changer *changer, const am_config *given, const char *id, const char *what, const char *before)
{
    const am_report *report = changer->report;
    const am_answer *answer = answer_of(report, "gpus");
    char text[AM_TEXT_SIZE];
    if (*before) {
        answer = &changer->workspace->gpus;
        set_inputs(changer, given, before);
        am_fit_gpus(&changer->workspace->gpus, &changer->workspace->gpu_space, changer->workspace, &changer->config, &report->config);
    }
    if (!answer || !answer->found) return;
    am_writer set = am_writer_of(text, sizeof text);
    am_write_text(&set, before);
    am_fit_write_groups(&set, &answer->config, &report->config);
    am_writer_end(&set);
    try_change(changer, given, id, what, false, text);
}

static void try_number(am_changer *changer, const am_config *given, const char *id, int64_t now, const char *what)
{
    const am_answer *answer = answer_of(changer->report, id);
    char text[AM_TEXT_SIZE];
    if (!answer || answer->value == now) return;
    am_writer set = am_writer_of(text, sizeof text);
    am_write_text(&set, id);
    AM_WRITE(&set, "=");
    am_write_int(&set, answer->value);
    am_writer_end(&set);
    try_change(changer, given, id, what, false, text);
}

/* Where nothing alone, as layers that run again or another loss head, makes it fit. */
static void try_without_logits(am_changer *changer, const am_config *given)
{
    static const char *const sets[] = {"checkpoint=full loss=cut", "checkpoint=full stack=liger"};
    for (size_t i = 0; i < sizeof sets / sizeof *sets && changer->report->changes == 0; i++)
        try_change(changer, given, "together", "layers run again, no whole logits", true, sets[i]);
}

/* Where no change alone makes it fit. */
static void try_together(am_changer *changer, const am_config *given)
{
    try_change(changer, given, "together", "layers run again, 8-bit states", false,
               "checkpoint=full optimizer=adamw_8bit");
    try_change(changer, given, "together", "layers run again, adapters", false, "checkpoint=full trainable=lora");
    try_gpus(changer, given, "together", "layers run again, fewest GPUs", "checkpoint=full");
}

void am_fit_changes(am_report *report, am_workspace *workspace, const am_config *given)
{
    am_changer changer = {.report = report, .workspace = workspace};
    const am_config *now = &report->config;
    const am_usual *usual = am_fit_usual(now);
    report->usual.id = NULL;
    if (usual) set_inputs(&changer, given, usual->set);
    if (usual && is_evaluated(&changer)) {
        report->usual = (am_change){.id = "usual", .what = usual->who};
        write_change(&changer, &report->usual, usual->set);
    }
    bool fits = am_fit_fits(&report->fit);
    try_plan(&changer, given);
    if (!fits) {
        try_policies(&changer, given);
        if (now->stack == AM_STACK_HF)
            try_change(&changer, given, "liger", "Liger-Kernel's fused kernels", true, "stack=liger");
        if (now->stack == AM_STACK_HF && now->loss == AM_LOSS_HF)
            try_change(&changer, given, "loss", "cut cross-entropy, no whole logits", true, "loss=cut");
        if (am_autocast_caches(now) && report->policy.kind != AM_POLICY_NONE)
            try_change(&changer, given, "autocast_cache", "weights' copies let go of", true, "autocast_cache=no");
        if (now->stack == AM_STACK_HF) try_without_logits(&changer, given);
        try_gpus(&changer, given, "gpus", "as few GPUs as hold it", "");
    }
    try_number(&changer, given, "batch", now->batch, "largest micro-batch");
    try_number(&changer, given, "seq", now->seq, "longest sequence");
    if (fits) return;
    if (now->optimizer == AM_ADAMW)
        try_change(&changer, given, "optimizer", "8-bit optimizer states", false, "optimizer=adamw_8bit");
    if (now->trainable == AM_TRAIN_ALL)
        try_change(&changer, given, "lora", "adapters, weights frozen", false, "trainable=lora");
    if (report->changes == 0) try_together(&changer, given);
}
