/* The lines of code, or the flags, that do a policy in each framework that can. */
#include "input.h"
#include "lines.h"
#include "proven.h"
#include "report.h"
#include "wiring.h"

#define EVERY_PRODUCT  "range(1, 1 << 20)" /* as far as anybody counts */
#define LISTED_PRODUCT "range(1, 65)"      /* as far as am_kept does */

/* ---- what selective checkpointing sees ---- */

/* ATen's names where ours are shorter. What PyTorch's dispatcher never sees as one operation has none. */
static const struct {
    am_op op;
    const char *name;
} renamed[] = {
    {AM_OP_SOFTMAX, "_softmax"},
    {AM_OP_LOG_SOFTMAX, "_log_softmax"},
    {AM_OP_RMS_NORM, "_fused_rms_norm"},
    {AM_OP_FLASH_ATTENTION, "_scaled_dot_product_flash_attention"},
    {AM_OP_EFFICIENT_ATTENTION, "_scaled_dot_product_efficient_attention"},
    {AM_OP_TO, "_to_copy"},
    {AM_OP_NLL_LOSS, "nll_loss_forward"},
};

const char *am_aten_name(am_op op)
{
    for (size_t i = 0; i < sizeof renamed / sizeof *renamed; i++)
        if (renamed[i].op == op) return renamed[i].name;
    bool aten = op <= AM_OP_CAT || op == AM_OP_PAD || (op >= AM_OP_SIGMOID && op <= AM_OP_GROUPED_MM);
    return aten && op != AM_OP_DIV_INPLACE ? am_ops[op].name : NULL;
}

/* ---- Python ---- */

#define IMPORTS                                                                                                        \
    "import torch\n"                                                                                                   \
    "from torch.utils.checkpoint import CheckpointPolicy, checkpoint, create_selective_checkpoint_contexts\n"

#define KEEP                                                                                                           \
    "\naten = torch.ops.aten\n\n\n"                                                                                    \
    "def keep(products, operations):\n"                                                                                \
    "    \"\"\"For context_fn: a region keeps these matrix products, by their place in it from 1, and what these\n"    \
    "    operations return.\"\"\"\n\n"                                                                                 \
    "    def contexts():\n"                                                                                            \
    "        place = {False: 0, True: 0}  # in the forward, and when it runs again\n\n"                                \
    "        def policy(context, operation, *args, **kwargs):\n"                                                       \
    "            product = operation in (aten.mm.default, aten.addmm.default, aten.bmm.default)\n"                     \
    "            place[context.is_recompute] += product\n"                                                             \
    "            kept = product and place[context.is_recompute] in products\n"                                         \
    "            kept = kept or getattr(operation, \"overloadpacket\", None) in operations\n"                          \
    "            return CheckpointPolicy.MUST_SAVE if kept else CheckpointPolicy.PREFER_RECOMPUTE\n\n"                 \
    "        return create_selective_checkpoint_contexts(policy)\n\n"                                                  \
    "    return contexts\n"

/* A run of layers, and what they do; end -1: all that follow. */
typedef struct run {
    int64_t first, end, span;
    int stage; /* of a pipeline; its layers count from its first */
    unsigned modules; /* of each layer that run again, a set of AM_MODULE_ */
    bool plain;
    const char *products; /* as Python has them where the places have no end; else NULL */
    am_kept kept;
} run;

static const char *python(bool value)
{
    return value ? "True" : "False";
}

static bool keeps_some(const run *each)
{
    return each->products || am_keeps_any(&each->kept);
}

static void write_products(am_writer *out, const run *each)
{
    const char *text = each->products                            ? each->products
                       : each->kept.products == UINT64_MAX       ? LISTED_PRODUCT
                       : each->kept.products == AM_HALF_PRODUCTS   ? "range(1, 65, 2)"
                       : each->kept.products == 0                ? "()"
                                                                 : NULL;
    if (text) {
        am_write_text(out, text);
        return;
    }
    bool first = true;
    for (int i = 0; i < 64; i++) {
        if (!(each->kept.products >> i & 1)) continue;
        am_write_text(out, first ? "{" : ", ");
        am_write_int(out, i + 1);
        first = false;
    }
    AM_WRITE(out, "}");
}

/* All have a name; those of one are one. */
static void write_operations(am_writer *out, const am_kept *kept)
{
    bool any = false;
    for (int op = 0; op < AM_OP_COUNT; op++) {
        const char *name = am_ops_has(kept->ops, op) ? am_aten_name((am_op)op) : NULL;
        for (int i = 0; i < op && name; i++)
            if (am_ops_has(kept->ops, i) && strcmp(am_aten_name((am_op)i), name) == 0) name = NULL;
        if (!name) continue;
        am_write_text(out, any ? ", aten." : "{aten.");
        am_write_text(out, name);
        any = true;
    }
    am_write_text(out, any ? "}" : "()");
}

/* "keep({1, 4}, {aten.silu})" */
static void write_keep(am_writer *out, const run *each)
{
    AM_WRITE(out, "keep(");
    write_products(out, each);
    AM_WRITE(out, ", ");
    write_operations(out, &each->kept);
    AM_WRITE(out, ")");
}

static void write_bounds(am_writer *out, const run *each)
{
    AM_WRITE(out, "[");
    if (each->first > 0) am_write_int(out, each->first);
    AM_WRITE(out, ":");
    if (each->end >= 0) am_write_int(out, each->end);
    AM_WRITE(out, "]");
}

/* "for layer in layers[2:6]:", or a loop over segments. */
static void write_loop(am_writer *out, const run *each, int indent)
{
    am_write_spaces(out, indent);
    if (each->span == 1) {
        AM_WRITE(out, "for layer in layers");
        if (each->first > 0 || each->end >= 0) write_bounds(out, each);
        AM_WRITE(out, ":\n");
    } else {
        AM_WRITE(out, "for first in range(");
        am_write_int(out, each->first);
        AM_WRITE(out, ", ");
        if (each->end >= 0)
            am_write_int(out, each->end);
        else
            AM_WRITE(out, "len(layers)");
        AM_WRITE(out, ", ");
        am_write_int(out, each->span);
        AM_WRITE(out, "):\n");
    }
    am_write_spaces(out, indent + 4);
}

static void write_segment(am_writer *out, const run *each)
{
    AM_WRITE(out, "layers[first : first + ");
    am_write_int(out, each->span);
    AM_WRITE(out, "]");
}

/* ---- the policy by runs ---- */

static int64_t stage_start(const am_plan_runs *plan, int stage)
{
    int i = 0;
    while (plan->run[i].stage != stage) i++;
    return plan->run[i].first;
}

/* The index-th run of the policy; false: there are no more. */
static bool run_of(const am_report *report, int index, run *each)
{
    const am_policy *policy = &report->policy;
    const am_plan_runs *plan = &report->plan_runs;
    *each = (run){.end = -1, .span = 1};
    switch (policy->kind) {
    case AM_POLICY_FULL: return index == 0;
    case AM_POLICY_BLOCK:
        each->first = index == 0 ? 0 : policy->count;
        if (index == 0) each->end = policy->count;
        each->plain = index == 1;
        return index < 1 + (policy->count < report->config.layers);
    case AM_POLICY_SAVE_MATMULS:
    case AM_POLICY_SAVE_HALF_MATMULS:
        each->products = policy->kind == AM_POLICY_SAVE_MATMULS ? EVERY_PRODUCT : "range(1, 1 << 20, 2)";
        each->kept = am_kept_matmuls(policy->kind == AM_POLICY_SAVE_HALF_MATMULS);
        return index == 0;
    case AM_POLICY_SAVE_LIST:
        each->kept = (am_kept){{policy->ops[0], policy->ops[1]}, 0};
        return index == 0;
    case AM_POLICY_BUDGET:
    case AM_POLICY_REGIONS:
        if (index >= plan->runs) return false;
        each->stage = plan->run[index].stage;
        each->first = plan->run[index].first - stage_start(plan, each->stage);
        each->end = each->first + plan->run[index].layers;
        each->span = plan->choice[plan->run[index].choice].span;
        each->modules = plan->choice[plan->run[index].choice].modules;
        each->kept = plan->choice[plan->run[index].choice].kept;
        each->plain = strcmp(plan->choice[plan->run[index].choice].kind, "none") == 0;
        return true;
    default: each->span = am_policy_segment(*policy); return index == 0 && each->span > 0;
    }
}

/* Which parts of the code its runs need. */
typedef struct needs {
    bool runs, regions, selects, segments;
} needs;

static needs needs_of(const am_report *report)
{
    run each;
    needs need = {0};
    for (int i = 0; run_of(report, i, &each); i++) {
        need.runs = true;
        need.segments |= each.span > 1;
        need.regions |= each.span == 1 && !each.plain;
        need.selects |= keeps_some(&each);
    }
    return need;
}

/* Segments of an equal number of parts differ between stages. */
static bool has_runs(const am_report *report)
{
    bool by_stage = report->policy.kind == AM_POLICY_SQRT || report->policy.kind == AM_POLICY_BEST_SEGMENTS;
    needs need = needs_of(report);
    return need.runs && (need.regions || need.segments) && !(report->config.pp > 1 && by_stage);
}

/* ---- transformers ---- */

static bool can_transformers(const am_report *report)
{
    return (report->config.stack == AM_STACK_HF || report->config.stack == AM_STACK_LIGER) && has_runs(report);
}

/* "model.model.layers" */
static void write_layers(am_writer *out, const am_report *report)
{
    const char *prefix = am_model_layer_prefix(&report->config);
    am_write_text(out, report->config.trainable == AM_TRAIN_LORA ? "model.get_base_model()." : "model.");
    am_write(out, prefix, strlen(prefix) - 1);
}

/* As the model's own switch has it: the embedding's output requires a gradient then, which matters to adapters. */
static bool has_switch(const am_report *report)
{
    switch (report->policy.kind) {
    case AM_POLICY_FULL:
    case AM_POLICY_SAVE_MATMULS:
    case AM_POLICY_SAVE_HALF_MATMULS: return true;
    case AM_POLICY_BLOCK: return report->config.trainable != AM_TRAIN_LORA;
    default: return false;
    }
}

static void write_switch(am_writer *out, const am_report *report)
{
    run each;
    bool selects = needs_of(report).selects;
    if (selects) AM_WRITE(out, IMPORTS KEEP "\n\n");
    AM_WRITE(out, "model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={\"use_reentrant\": ");
    am_write_text(out, python(report->policy.reentrant));
    run_of(report, 0, &each);
    if (selects) {
        AM_WRITE(out, ", \"context_fn\": ");
        write_keep(out, &each);
    }
    AM_WRITE(out, "})\n");
    if (!run_of(report, 1, &each)) return;
    AM_WRITE(out, "model.config.use_cache = False\nfor layer in ");
    write_layers(out, report);
    write_bounds(out, &each);
    AM_WRITE(out, ":\n    layer.gradient_checkpointing = False\n");
}

/* Layers that are regions, and segments, without another loop than the model's own. */
#define REGION_HEAD                                                                                                    \
    "\n\ndef region(layer, **how):\n"                                                                                  \
    "    layer.gradient_checkpointing = True\n"                                                                        \
    "    layer._gradient_checkpointing_func = partial(checkpoint, use_reentrant="

static bool returns_pair(const am_report *report)
{
    return am_wiring_of(&report->config)->traits & AM_T_RETURNS_PAIR;
}

#define SEGMENT_HEAD                                                                                                   \
    "\n\ndef segment(layers):\n"                                                                                       \
    "    \"\"\"One region: the last of these layers runs them all when the model calls it.\"\"\"\n"                    \
    "    calls = []\n\n"                                                                                               \
    "    def defer(own, last):\n"                                                                                      \
    "        def forward(x, *rest, **options):\n"                                                                      \
    "            calls.append(partial(own, **options))\n"                                                              \
    "            if not last:\n"                                                                                       \
    "                return x"
#define SEGMENT_RUN                                                                                                    \
    "\n            layers, calls[:] = list(calls), []\n\n"                                                             \
    "            def run(x, *rest):\n"                                                                                 \
    "                for layer in layers:\n"                                                                           \
    "                    x = layer(x, *rest)"
#define SEGMENT_CALL                                                                                                   \
    "\n                return x\n\n"                                                                                   \
    "            return checkpoint(run, x, *rest, use_reentrant="
#define SEGMENT_TAIL                                                                                                   \
    "\n\n        return forward\n\n"                                                                                       \
    "    for i, layer in enumerate(layers):\n"                                                                         \
    "        layer.forward = defer(layer.forward, i == len(layers) - 1)\n"

/* pair: a layer returns more than its result, and the model's loop takes the first of it. */
static void write_segment_function(am_writer *out, const char *reentrant, bool pair)
{
    AM_WRITE(out, SEGMENT_HEAD);
    if (pair) AM_WRITE(out, ", None");
    AM_WRITE(out, SEGMENT_RUN);
    if (pair) AM_WRITE(out, "[0]");
    AM_WRITE(out, SEGMENT_CALL);
    am_write_text(out, reentrant);
    AM_WRITE(out, ")");
    if (pair) AM_WRITE(out, ", None");
    AM_WRITE(out, SEGMENT_TAIL);
}

static void write_transformers_run(am_writer *out, const run *each)
{
    if (each->plain) {
        AM_WRITE(out, "# layers");
        write_bounds(out, each);
        AM_WRITE(out, " keep everything\n");
        return;
    }
    write_loop(out, each, 0);
    if (each->span > 1) {
        AM_WRITE(out, "segment(");
        write_segment(out, each);
        AM_WRITE(out, ")\n");
        return;
    }
    AM_WRITE(out, "region(layer");
    if (keeps_some(each)) {
        AM_WRITE(out, ", context_fn=");
        write_keep(out, each);
    }
    AM_WRITE(out, ")\n");
}

static void write_transformers(am_writer *out, const am_report *report)
{
    run each;
    needs need = needs_of(report);
    if (has_switch(report)) {
        write_switch(out, report);
        return;
    }
    AM_WRITE(out, "from functools import partial\n\n");
    if (need.selects)
        AM_WRITE(out, IMPORTS KEEP);
    else
        AM_WRITE(out, "from torch.utils.checkpoint import checkpoint\n");
    if (need.regions) AM_WRITE(out, REGION_HEAD);
    if (need.regions) am_write_text(out, python(report->policy.reentrant));
    if (need.regions) AM_WRITE(out, ", **how)\n");
    if (need.segments) write_segment_function(out, python(report->policy.reentrant), returns_pair(report));
    AM_WRITE(out, "\n\nmodel.config.use_cache = False\nlayers = ");
    write_layers(out, report);
    AM_WRITE(out, "\n");
    for (int i = 0; run_of(report, i, &each); i++) write_transformers_run(out, &each);
}

/* ---- a loop of one's own ---- */

static bool can_torch(const am_report *report)
{
    return (report->config.stack == AM_STACK_TORCH || report->config.stack == AM_STACK_NANOGPT) && has_runs(report);
}

#define SEVERAL                                                                                                        \
    "\n\ndef several(layers):\n"                                                                                       \
    "    def run(x, *rest):\n"                                                                                         \
    "        for layer in layers:\n"                                                                                   \
    "            x = layer(x, *rest)\n"                                                                                \
    "        return x\n\n"                                                                                             \
    "    return run\n"

static void write_torch_run(am_writer *out, const am_report *report, const run *each, int indent)
{
    write_loop(out, each, indent);
    if (each->plain) {
        AM_WRITE(out, "x = layer(x, *rest)\n");
        return;
    }
    AM_WRITE(out, "x = checkpoint(");
    if (each->span > 1) {
        AM_WRITE(out, "several(");
        write_segment(out, each);
        AM_WRITE(out, ")");
    } else {
        AM_WRITE(out, "layer");
    }
    AM_WRITE(out, ", x, *rest, use_reentrant=");
    am_write_text(out, python(report->policy.reentrant));
    if (keeps_some(each)) {
        AM_WRITE(out, ", context_fn=");
        write_keep(out, each);
    }
    AM_WRITE(out, ")\n");
}

static void write_torch(am_writer *out, const am_report *report)
{
    run each;
    needs need = needs_of(report);
    if (need.selects)
        AM_WRITE(out, IMPORTS KEEP);
    else
        AM_WRITE(out, "from torch.utils.checkpoint import checkpoint\n");
    if (need.segments) AM_WRITE(out, SEVERAL);
    bool staged = report->policy.kind == AM_POLICY_BUDGET && report->config.pp > 1;
    AM_WRITE(out, "\n\ndef run_layers(");
    if (staged) AM_WRITE(out, "stage, ");
    AM_WRITE(out, "layers, x, *rest):\n    \"\"\"In place of the model's own loop over its layers.\"\"\"\n");
    for (int i = 0, stage = -1; run_of(report, i, &each); i++) {
        if (staged && each.stage != stage) {
            AM_WRITE(out, "    if stage == ");
            am_write_int(out, each.stage);
            AM_WRITE(out, ":\n");
        }
        stage = each.stage;
        write_torch_run(out, report, &each, staged ? 8 : 4);
    }
    AM_WRITE(out, "    return x\n");
}

/* ---- torchtitan ---- */

/* Its two policies, which play their regions again to the end (early_stop=False). */
static bool can_torchtitan(const am_report *report)
{
    am_policy_kind kind = report->policy.kind;
    bool own = kind == AM_POLICY_FULL || kind == AM_POLICY_SAVE_HALF_MATMULS;
    return report->config.stack == AM_STACK_TORCH && own && !report->policy.reentrant;
}

static void write_titan_config(am_writer *out, am_policy policy)
{
    bool full = policy.kind == AM_POLICY_FULL;
    AM_WRITE(out, "# of the Trainer.Config; its regions run again to their end (early_stop=False)\n"
                  "from torchtitan.distributed.activation_checkpoint import ");
    am_write_text(out, full ? "FullAC\n" : "SelectiveAC\n");
    AM_WRITE(out, "\nactivation_checkpoint=");
    am_write_text(out, full ? "FullAC.Config()\n" : "SelectiveAC.Config(force_recompute_mm_shapes_by_fqns=[])\n");
}

static void write_torchtitan(am_writer *out, const am_report *report)
{
    write_titan_config(out, report->policy);
}

/* ---- Megatron ---- */

/* The policy of one stage's runs from `index` on, as flags have it; *index: behind them. False: no flags have it. */
static bool stage_policy(const am_report *report, int *index, am_policy *policy)
{
    run each, next;
    bool there = run_of(report, *index, &each);
    if (AM_NEVER(!there)) return false; /* a plan has one, and it is asked for more while there are */
    int stage = each.stage;
    *policy = (am_policy){.kind = AM_POLICY_FULL, .count = each.span};
    if (each.span > 1) policy->kind = AM_POLICY_UNIFORM;
    if (each.modules) *policy = (am_policy){.kind = AM_POLICY_MODULES, .modules = (uint8_t)each.modules};
    if (each.plain) policy->kind = AM_POLICY_NONE;
    ++*index;
    if (!run_of(report, *index, &next) || next.stage != stage) return true;
    ++*index;
    bool rest = policy->kind == AM_POLICY_UNIFORM && next.span == next.end - next.first && next.span < each.span;
    if (policy->kind == AM_POLICY_FULL && next.plain)
        *policy = (am_policy){.kind = AM_POLICY_BLOCK, .count = each.end};
    else if (!rest || next.plain || next.modules)
        return false;
    return !run_of(report, *index, &next) || next.stage != stage;
}

/* Flags are the same for all layers and all ranks: a budget's plan is like that, or they can't say it. */
static bool plan_policy(const am_report *report, am_policy *policy)
{
    am_policy next;
    int index = 0;
    if (!stage_policy(report, &index, policy) || policy->kind == AM_POLICY_NONE) return false;
    while (index < report->plan_runs.runs)
        if (!stage_policy(report, &index, &next) || next.kind != policy->kind || next.count != policy->count ||
            next.modules != policy->modules)
            return false;
    return true;
}

static bool is_megatron(const am_report *report)
{
    return am_is_megatron(&report->config) || am_is_paper(&report->config);
}

static bool can_megatron(const am_report *report)
{
    am_policy policy;
    switch (report->policy.kind) {
    case AM_POLICY_FULL:
    case AM_POLICY_EVERY:
    case AM_POLICY_UNIFORM:
    case AM_POLICY_BLOCK:
    case AM_POLICY_MODULES: return is_megatron(report);
    case AM_POLICY_BUDGET: return is_megatron(report) && plan_policy(report, &policy);
    default: return false;
    }
}

static void write_flags(am_writer *out, am_policy policy, bool distributes)
{
    char text[AM_TEXT_SIZE];
    if (policy.kind == AM_POLICY_MODULES) {
        const char *modules = strchr(am_policy_text(policy, text, sizeof text), ':') + 1;
        AM_WRITE(out, "--recompute-granularity selective --recompute-modules ");
        for (; *modules; modules++) am_write_char(out, *modules == ',' ? ' ' : *modules);
    } else {
        AM_WRITE(out, "--recompute-granularity full --recompute-method ");
        am_write_text(out, policy.kind == AM_POLICY_BLOCK ? "block" : "uniform");
        AM_WRITE(out, " --recompute-num-layers ");
        am_write_int(out, policy.kind == AM_POLICY_FULL ? 1 : policy.count);
    }
    if (distributes) AM_WRITE(out, " --distribute-saved-activations");
    AM_WRITE(out, "\n");
}

static void write_megatron(am_writer *out, const am_report *report)
{
    am_policy plan = report->policy;
    if (plan.kind == AM_POLICY_BUDGET) plan_policy(report, &plan);
    write_flags(out, plan, report->config.distribute_saved);
}

/* ---- what is moved away ---- */

static bool can_save_on_cpu(const am_report *report)
{
    return report->policy.kind == AM_POLICY_OFFLOAD_SAVED;
}

static void write_save_on_cpu(am_writer *out, const am_report *report)
{
    (void)report;
    AM_WRITE(out, "from torch.autograd.graph import save_on_cpu\n\n"
                  "with save_on_cpu(pin_memory=True):\n"
                  "    loss = model(input_ids, labels=labels).loss  # the forward, as it is\n"
                  "loss.backward()\n");
}

static bool can_unsloth(const am_report *report)
{
    return report->policy.kind == AM_POLICY_OFFLOAD && report->config.stack == AM_STACK_HF;
}

static void write_unsloth(am_writer *out, const am_report *report)
{
    (void)report;
    AM_WRITE(out, "from unsloth import FastLanguageModel\n\n"
                  "model, tokenizer = FastLanguageModel.from_pretrained(name, use_gradient_checkpointing=\"unsloth\")\n");
}

static bool can_deepspeed(const am_report *report)
{
    return report->policy.kind == AM_POLICY_PARTITION || report->policy.kind == AM_POLICY_PARTITION_HOST;
}

static void write_deepspeed(am_writer *out, const am_report *report)
{
    AM_WRITE(out, "import deepspeed\n\ndeepspeed.checkpointing.configure(mpu, partition_activations=True, checkpoint_in_cpu=");
    am_write_text(out, python(report->policy.kind == AM_POLICY_PARTITION_HOST));
    AM_WRITE(out, ")\n# and in the model, for each layer:\nx = deepspeed.checkpointing.checkpoint(layer, x)\n");
}

/* ---- what a compiler chooses ---- */

static bool can_compile(const am_report *report)
{
    return report->policy.kind == AM_POLICY_MEMORY_BUDGET;
}

static void write_compile(am_writer *out, const am_report *report)
{
    AM_WRITE(out, "import torch\nimport torch._functorch.config\n\ntorch._functorch.config.activation_memory_budget = ");
    am_write_ratio(out, report->policy.count, AM_MILLION, 6, true);
    AM_WRITE(out, "\nfor layer in layers:  # a graph, and so a budget, for each\n    layer.compile()\n");
}

/* ---- switches ---- */

void am_write_switches(am_writer *out, const am_report *report)
{
    am_policy policy = report->switches.policy;
    if (policy.kind == AM_POLICY_NONE) return;
    if (is_megatron(report)) {
        write_flags(out, policy, report->config.distribute_saved);
    } else if (report->config.stack == AM_STACK_TORCH) {
        write_titan_config(out, policy);
    } else {
        AM_WRITE(out, "model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={\"use_reentrant\": ");
        am_write_text(out, python(policy.reentrant));
        AM_WRITE(out, "})\n");
    }
}

/* ---- all of them ---- */

static const struct {
    const char *name;
    bool (*can)(const am_report *report);
    void (*write)(am_writer *out, const am_report *report);
} frameworks[] = {
    {"transformers", can_transformers, write_transformers},
    {"torch.utils.checkpoint", can_torch, write_torch},
    {"torchtitan", can_torchtitan, write_torchtitan},
    {"Megatron-LM", can_megatron, write_megatron},
    {"torch.autograd.graph", can_save_on_cpu, write_save_on_cpu},
    {"Unsloth", can_unsloth, write_unsloth},
    {"DeepSpeed", can_deepspeed, write_deepspeed},
    {"torch.compile", can_compile, write_compile},
};

/* The index-th framework that can; -1: no more. */
static int framework_of(const am_report *report, int index)
{
    for (int i = 0; i < (int)(sizeof frameworks / sizeof *frameworks); i++)
        if (frameworks[i].can(report) && index-- == 0) return i;
    return -1;
}

const char *am_lines_framework(const am_report *report, int index)
{
    int i = framework_of(report, index);
    return i < 0 ? NULL : frameworks[i].name;
}

void am_write_lines(am_writer *out, const am_report *report, int index)
{
    int i = framework_of(report, index);
    if (i >= 0) frameworks[i].write(out, report);
}

/* A plan without regions needs no lines. */
const char *am_lines_note(const am_report *report)
{
    needs need = needs_of(report);
    if (report->policy.kind == AM_POLICY_NONE || framework_of(report, 0) >= 0) return NULL;
    if (need.runs && !need.regions && !need.segments) return "no layer is checkpointed: the code stays as it is";
    if (am_policy_is_schedule(report->policy))
        return "no framework runs such a schedule: its actions, in order, are what a loop of one's own would do";
    if (report->policy.kind == AM_POLICY_BUDGET && is_megatron(report))
        return "Megatron-LM's flags are the same for all layers and ranks, and can't say this plan: its blocks would need a loop of "
               "their own over tensor_parallel.checkpoint";
    return "no framework has a switch for it";
}

/* ---- JSON ---- */

/* Escapes what has been written since `start`: line ends and quotes. */
static void escape_from(am_writer *json, size_t start)
{
    size_t more = 0, end = json->length;
    for (size_t i = start; i < end; i++) more += json->text[i] == '\n' || json->text[i] == '"';
    if (json->full || end + more > json->room) {
        json->full = true;
        return;
    }
    json->length = end + more;
    for (size_t to = json->length; end > start;) {
        char c = json->text[--end];
        json->text[--to] = c == '\n' ? 'n' : c;
        if (c == '\n' || c == '"') json->text[--to] = '\\';
    }
}

/* "text": begins what is written as it stands; returns where. */
static size_t begin_text(am_writer *json)
{
    AM_KEY(json, "text");
    am_json_quote(json);
    return json->length;
}

static void end_text(am_writer *json, size_t start)
{
    escape_from(json, start);
    am_json_unquote(json);
}

void am_json_switches(am_writer *json, const am_report *report)
{
    char text[AM_TEXT_SIZE];
    const am_switches *switches = &report->switches;
    if (!switches->framework) return;
    AM_OPEN(json, "switches", "{");
    AM_PUT_PLAIN(json, "framework", switches->framework);
    AM_PUT_BOOL(json, "found", switches->found);
    AM_PUT_INT(json, "tried", switches->tried);
    AM_PUT_PLAIN(json, "policy", am_policy_text(switches->policy, text, sizeof text));
    AM_PUT_INT(json, "saved_bytes", switches->saved_bytes);
    AM_PUT_INT(json, "peak_bytes", switches->peak_bytes);
    AM_PUT_INT(json, "recomputed_flops", switches->recomputed_flops);
    AM_PUT_TIME(json, "recomputed_time_us", switches->recomputed_time);
    size_t start = begin_text(json);
    am_write_switches(json, report);
    end_text(json, start);
    if (switches->ranks > 0) AM_OPEN(json, "ranks", "[");
    for (int i = 0; i < switches->ranks; i++) {
        const am_rank *rank = &switches->rank[i];
        am_json_open(json, '{');
        AM_PUT_INT(json, "rank", rank->rank);
        AM_PUT_INT(json, "saved_bytes", rank->saved_bytes);
        AM_PUT_INT(json, "peak_bytes", am_rank_peak(rank));
        AM_PUT_TIME(json, "recomputed_time_us", rank->recomputed_time);
        am_json_close(json, '}');
    }
    if (switches->ranks > 0) am_json_close(json, ']');
    am_json_close(json, '}');
}

void am_json_lines(am_writer *json, const am_report *report)
{
    AM_OPEN(json, "lines", "[");
    for (int i = 0; am_lines_framework(report, i); i++) {
        am_json_open(json, '{');
        AM_PUT_PLAIN(json, "framework", am_lines_framework(report, i));
        size_t start = begin_text(json);
        am_write_lines(json, report, i);
        end_text(json, start);
        am_json_close(json, '}');
    }
    am_json_close(json, ']');
    if (am_lines_note(report)) AM_PUT_PLAIN(json, "lines_note", am_lines_note(report));
}
