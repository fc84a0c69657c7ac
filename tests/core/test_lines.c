/* The lines that do a policy: those that were measured, with their figures, and those of other frameworks. */
#include "lines.h"

#include <stdio.h>

#include "fixture.h"

static char text[1 << 18], raw[1 << 14];

static const am_report *evaluate(const char *inputs)
{
    am_status status;
    am_config config = config_of(inputs);
    am_code code = am_evaluate(&fixture_report, &fixture_workspace, &config, &status);
    ck_assert_msg(code == AM_OK, "%s: %s", inputs, status.message);
    return &fixture_report;
}

/* The lines as JSON has them. */
static void write_json(const am_report *report)
{
    am_writer writer = am_writer_of(text, sizeof text);
    am_json_lines(&writer, report);
    ck_assert_uint_gt(am_writer_end(&writer), 0);
}

static void expect_figure(json record, const char *key, int64_t found, const char *inputs)
{
    ck_assert_msg(json_int(json_get(record, key)) == found, "%s: %s is %ld, measured %ld", inputs, key, (long)found,
                  (long)json_int(json_get(record, key)));
}

static void check_record(json record, void *data)
{
    char inputs[512];
    int *count = data;
    json_text(json_get(record, "text"), inputs, sizeof inputs);
    const am_report *report = evaluate(inputs);
    const am_outcome *outcome = &report->outcome;
    expect_figure(record, "live_after_forward", outcome->after_forward, inputs);
    expect_figure(record, "forward_peak", outcome->forward_peak, inputs);
    expect_figure(record, "backward_peak", outcome->backward_peak, inputs);
    expect_figure(record, "step_peak", outcome->step_peak, inputs);
    expect_figure(record, "recomputed_flops", outcome->recomputed_flops, inputs);
    write_json(report);
    json_text(json_get(record, "lines"), raw, sizeof raw);
    ck_assert_msg(strstr(text, raw), "%s: %s", inputs, text);
    ck_assert_int_eq(am_lines_framework(report, 0) != NULL, raw[0] != '\0');
    (*count)++;
}

/* What was measured with these very lines applied to the model is what the report says. */
START_TEST(measured)
{
    int count = 0;
    json_each(json_load("plans.json"), check_record, &count);
    ck_assert_int_ge(count, 60);
}
END_TEST

#define SMALL "family=llama layers=4 hidden=64 heads=4 ffn=160 vocab=96 seq=64"

static const struct {
    const char *inputs, *framework, *lines;
} written[] = {
    {"model=gpt3-175b stack=megatron-local attention=eager layers=8 seq=64 checkpoint=full", "Megatron-LM",
     "--recompute-granularity full --recompute-method uniform --recompute-num-layers 1\n"},
    {"model=gpt3-175b stack=megatron-local attention=eager layers=8 seq=64 checkpoint=uniform:4 tp=2 distribute_saved=yes",
     "Megatron-LM",
     "--recompute-granularity full --recompute-method uniform --recompute-num-layers 4 --distribute-saved-activations\n"},
    {"model=gpt3-175b stack=megatron-local attention=eager layers=8 seq=64 checkpoint=block:3", "Megatron-LM",
     "--recompute-granularity full --recompute-method block --recompute-num-layers 3\n"},
    {SMALL " stack=megatron-local checkpoint=budget:330KB", "Megatron-LM",
     "--recompute-granularity full --recompute-method block --recompute-num-layers 3\n"},
    {SMALL " stack=megatron-local checkpoint=modules:core_attn,mlp", "Megatron-LM",
     "--recompute-granularity selective --recompute-modules core_attn mlp\n"},
    {SMALL " stack=megatron-local tp=2 checkpoint=partition", "DeepSpeed",
     "import deepspeed\n\ndeepspeed.checkpointing.configure(mpu, partition_activations=True, checkpoint_in_cpu=False)\n# and in the model, for each layer:\nx = deepspeed.checkpointing.checkpoint(layer, x)\n"},
    {SMALL " stack=megatron-local tp=2 checkpoint=partition:cpu", "DeepSpeed",
     "import deepspeed\n\ndeepspeed.checkpointing.configure(mpu, partition_activations=True, checkpoint_in_cpu=True)\n# and in the model, for each layer:\nx = deepspeed.checkpointing.checkpoint(layer, x)\n"},
    {"model=gpt3-175b stack=paper attention=eager checkpoint=modules:core_attn", "Megatron-LM",
     "--recompute-granularity selective --recompute-modules core_attn\n"},
    {"model=gpt2 checkpoint=full reentrant=yes", "transformers",
     "model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={\"use_reentrant\": True})\n"},
    {"model=gpt2 checkpoint=block:5", "transformers",
     "model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={\"use_reentrant\": False})\n"
     "model.config.use_cache = False\n"
     "for layer in model.transformer.h[5:]:\n"
     "    layer.gradient_checkpointing = False\n"},
    {"family=opt layers=4 hidden=32 heads=4 ffn=64 vocab=64 seq=8 checkpoint=block:3", "transformers",
     "model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={\"use_reentrant\": False})\n"
     "model.config.use_cache = False\n"
     "for layer in model.model.decoder.layers[3:]:\n"
     "    layer.gradient_checkpointing = False\n"},
    {"model=llama-3-8b stack=torch checkpoint=every:5", "torch.utils.checkpoint",
     "from torch.utils.checkpoint import checkpoint\n\n\n"
     "def several(layers):\n"
     "    def run(x, *rest):\n"
     "        for layer in layers:\n"
     "            x = layer(x, *rest)\n"
     "        return x\n\n"
     "    return run\n\n\n"
     "def run_layers(layers, x, *rest):\n"
     "    \"\"\"In place of the model's own loop over its layers.\"\"\"\n"
     "    for first in range(0, len(layers), 5):\n"
     "        x = checkpoint(several(layers[first : first + 5]), x, *rest, use_reentrant=False)\n"
     "    return x\n"},
    {"model=falcon-7b layers=4 seq=64 checkpoint=every:2", "transformers", /* whose layers return attention's weights, too */
     "from functools import partial\n\n"
     "from torch.utils.checkpoint import checkpoint\n\n\n"
     "def segment(layers):\n"
     "    \"\"\"One region: the last of these layers runs them all when the model calls it.\"\"\"\n"
     "    calls = []\n\n"
     "    def defer(own, last):\n"
     "        def forward(x, *rest, **options):\n"
     "            calls.append(partial(own, **options))\n"
     "            if not last:\n"
     "                return x, None\n"
     "            layers, calls[:] = list(calls), []\n\n"
     "            def run(x, *rest):\n"
     "                for layer in layers:\n"
     "                    x = layer(x, *rest)[0]\n"
     "                return x\n\n"
     "            return checkpoint(run, x, *rest, use_reentrant=False), None\n\n"
     "        return forward\n\n"
     "    for i, layer in enumerate(layers):\n"
     "        layer.forward = defer(layer.forward, i == len(layers) - 1)\n\n\n"
     "model.config.use_cache = False\n"
     "layers = model.transformer.h\n"
     "for first in range(0, len(layers), 2):\n"
     "    segment(layers[first : first + 2])\n"},
    {"model=gpt2 checkpoint=memory-budget:0.25", "torch.compile",
     "import torch\nimport torch._functorch.config\n\ntorch._functorch.config.activation_memory_budget = 0.25\n"
     "for layer in layers:  # a graph, and so a budget, for each\n    layer.compile()\n"},
    {"model=gpt2 checkpoint=offload:saved", "torch.autograd.graph",
     "from torch.autograd.graph import save_on_cpu\n\n"
     "with save_on_cpu(pin_memory=True):\n"
     "    loss = model(input_ids, labels=labels).loss  # the forward, as it is\n"
     "loss.backward()\n"},
    {"model=gpt2 checkpoint=offload", "Unsloth",
     "from unsloth import FastLanguageModel\n\n"
     "model, tokenizer = FastLanguageModel.from_pretrained(name, use_gradient_checkpointing=\"unsloth\")\n"},
};

START_TEST(other_frameworks)
{
    const am_report *report = evaluate(written[_i].inputs);
    am_writer writer = am_writer_of(text, sizeof text);
    am_write_lines(&writer, report, 0);
    am_writer_end(&writer);
    ck_assert_str_eq(am_lines_framework(report, 0), written[_i].framework);
    ck_assert_str_eq(text, written[_i].lines);
    ck_assert_ptr_null(am_lines_note(report));
}
END_TEST

/* torchtitan has a switch for two of the policies, beside the loop of one's own. */
START_TEST(torchtitan)
{
    ck_assert_str_eq(am_lines_framework(evaluate("model=llama-3-8b stack=torch checkpoint=full"), 1), "torchtitan");
    write_json(&fixture_report);
    ck_assert_ptr_nonnull(strstr(text, "activation_checkpoint=FullAC.Config()"));
    evaluate("model=llama-3-8b stack=torch checkpoint=save:half-matmuls");
    write_json(&fixture_report);
    ck_assert_ptr_nonnull(strstr(text, "activation_checkpoint=SelectiveAC.Config(force_recompute_mm_shapes_by_fqns=[])"));
    ck_assert_ptr_null(am_lines_framework(evaluate("model=llama-3-8b stack=torch checkpoint=save:matmuls"), 1));
    ck_assert_ptr_null(am_lines_framework(evaluate("model=llama-3-8b stack=torch checkpoint=full reentrant=yes"), 1));
}
END_TEST

static const struct {
    const char *inputs, *note; /* NULL: none */
} notes[] = {
    {"model=gpt2", NULL},
    {"model=gpt2 checkpoint=full", NULL},
    {"model=gpt2 checkpoint=revolve:3", "no framework runs such a schedule"},
    {"model=gpt2 checkpoint=budget:100GiB", "no layer is checkpointed"},
    {"model=llama-3-8b stack=liger checkpoint=offload", "no framework has a switch for it"},
    {"model=llama-3-8b stack=torch pp=4 checkpoint=sqrt", "no framework has a switch for it"},
    {SMALL " stack=megatron-local checkpoint=budget:500KB", "Megatron-LM's flags are the same for all layers"},
};

START_TEST(without)
{
    const char *note = am_lines_note(evaluate(notes[_i].inputs));
    ck_assert_msg(!note == !notes[_i].note, "%s", notes[_i].inputs);
    if (note) ck_assert_ptr_eq(strstr(note, notes[_i].note), note);
    write_json(&fixture_report);
    ck_assert_int_eq(strstr(text, "\"lines_note\":\"") != NULL, note != NULL);
}
END_TEST

static void expect(const char *part)
{
    ck_assert_msg(strstr(text, part), "no %s in %s", part, text);
}

/* The report says what each run of a budget's plan keeps. */
START_TEST(runs)
{
    evaluate("model=llama-3-8b checkpoint=budget:8GiB timeline=none");
    ck_assert_uint_gt(am_report_json(&fixture_report, text, sizeof text), 0);
    expect("\"runs\":[{\"first_layer\":0,\"layers\":1,\"kind\":\"save\",\"span\":1,\"keeps\":[{\"module\":\"self_attn.");
    expect("\"lines\":[{\"framework\":\"transformers\",\"text\":\"from functools import partial\\n\\nimport torch\\n");
    int64_t layers = 0;
    const am_plan_runs *plan = &fixture_report.plan_runs;
    for (int i = 0; i < plan->runs; i++) {
        ck_assert_int_eq(plan->run[i].first, layers);
        layers += plan->run[i].layers;
    }
    ck_assert_int_eq(layers, fixture_report.config.layers);
    evaluate("model=llama-3-8b checkpoint=full timeline=none");
    ck_assert_int_eq(fixture_report.plan_runs.runs, 0);
}
END_TEST

/* Stages have plans of their own, whose layers count from their first. */
START_TEST(stages)
{
    evaluate("model=llama-3-8b stack=torch pp=4 checkpoint=budget:9GiB timeline=none");
    am_writer writer = am_writer_of(text, sizeof text);
    am_write_lines(&writer, &fixture_report, 0);
    am_writer_end(&writer);
    expect("def run_layers(stage, layers, x, *rest):\n");
    expect("    if stage == 0:\n        for layer in layers[:");
    expect("    if stage == 3:\n        for layer in layers[:8]:\n            x = layer(x, *rest)\n    return x\n");
    ck_assert_uint_gt(am_report_json(&fixture_report, text, sizeof text), 0);
    expect("\"runs\":[{\"stage\":0,\"first_layer\":0,");
    expect("{\"stage\":3,\"first_layer\":24,\"layers\":8,\"kind\":\"none\",\"span\":1,\"keeps\":[]}");
}
END_TEST

/* Plans that Megatron's flags have, being the same for all layers and all ranks; and their neighbours, which they have not. */
typedef struct one_run {
    int stage, first, layers, choice;
} one_run;

enum { PLAIN, WHOLE, PAIRS, TRIPLE, ATTENTION, NORMS };

static const struct {
    const char *flags; /* NULL: they can't */
    one_run run[6];
} plans[] = {
    {"full --recompute-method uniform --recompute-num-layers 1", {{0, 0, 8, WHOLE}}},
    {"full --recompute-method uniform --recompute-num-layers 2", {{0, 0, 8, PAIRS}}},
    {"full --recompute-method uniform --recompute-num-layers 3", {{0, 0, 6, TRIPLE}, {0, 6, 2, PAIRS}}}, /* the rest */
    {NULL, {{0, 0, 4, PAIRS}, {0, 4, 3, TRIPLE}}},
    {NULL, {{0, 0, 6, TRIPLE}, {0, 6, 4, PAIRS}}},
    {NULL, {{0, 0, 6, TRIPLE}, {0, 6, 2, ATTENTION}}},
    {NULL, {{0, 0, 6, PAIRS}, {0, 6, 1, PLAIN}}},
    {NULL, {{0, 0, 6, PAIRS}, {0, 6, 1, ATTENTION}}},
    {"full --recompute-method block --recompute-num-layers 3", {{0, 0, 3, WHOLE}, {0, 3, 5, PLAIN}}},
    {NULL, {{0, 0, 3, WHOLE}, {0, 3, 2, PLAIN}, {0, 5, 3, WHOLE}}},
    {NULL, {{0, 0, 3, WHOLE}, {0, 3, 5, ATTENTION}}},
    {"selective --recompute-modules core_attn", {{0, 0, 8, ATTENTION}}},
    {NULL, {{0, 0, 4, ATTENTION}, {0, 4, 4, PLAIN}}},
    {NULL, {{0, 0, 8, PLAIN}}},
    {"full --recompute-method uniform --recompute-num-layers 1", {{0, 0, 4, WHOLE}, {1, 4, 4, WHOLE}}},
    {"full --recompute-method block --recompute-num-layers 2", {{0, 0, 2, WHOLE}, {0, 2, 2, PLAIN}, {1, 4, 2, WHOLE}, {1, 6, 2, PLAIN}}},
    {NULL, {{0, 0, 2, WHOLE}, {0, 2, 2, PLAIN}, {1, 4, 3, WHOLE}, {1, 7, 1, PLAIN}}},
    {NULL, {{0, 0, 4, WHOLE}, {1, 4, 4, PLAIN}}},
    {NULL, {{0, 0, 4, ATTENTION}, {1, 4, 4, NORMS}}},
    {NULL, {{0, 0, 4, WHOLE}, {1, 4, 2, ATTENTION}, {1, 6, 2, PLAIN}}},
    {"selective --recompute-modules core_attn", {{0, 0, 4, ATTENTION}, {1, 4, 4, ATTENTION}}},
};

START_TEST(flags)
{
    evaluate(SMALL " stack=megatron-local checkpoint=budget:500KB timeline=none");
    am_plan_runs *own = &fixture_report.plan_runs;
    own->choices = NORMS + 1;
    own->choice[PLAIN] = (am_choice_row){.kind = "none", .span = 1};
    own->choice[WHOLE] = (am_choice_row){.kind = "full", .span = 1};
    own->choice[PAIRS] = (am_choice_row){.kind = "segment", .span = 2};
    own->choice[TRIPLE] = (am_choice_row){.kind = "segment", .span = 3};
    own->choice[ATTENTION] = (am_choice_row){.kind = "modules", .span = 1, .modules = AM_MODULE_CORE_ATTN};
    own->choice[NORMS] = (am_choice_row){.kind = "modules", .span = 1, .modules = AM_MODULE_LAYERNORM};
    own->runs = 0;
    for (const one_run *run = plans[_i].run; run < plans[_i].run + 6 && run->layers > 0; run++, own->runs++) {
        own->run[own->runs].stage = (int16_t)run->stage;
        own->run[own->runs].first = (int16_t)run->first;
        own->run[own->runs].layers = (int16_t)run->layers;
        own->run[own->runs].choice = (uint8_t)run->choice;
    }
    const char *framework = am_lines_framework(&fixture_report, 0);
    ck_assert_int_eq(framework != NULL, plans[_i].flags != NULL);
    ck_assert_int_eq(am_lines_note(&fixture_report) != NULL, plans[_i].flags == NULL);
    am_writer writer = am_writer_of(text, sizeof text);
    am_write_lines(&writer, &fixture_report, 0); /* nothing where there is no framework */
    ck_assert_int_eq(writer.length > 0, plans[_i].flags != NULL);
    if (!plans[_i].flags) return;
    am_writer_end(&writer);
    expect(plans[_i].flags);
}
END_TEST

/* A buffer that is too small is full, and nothing is written beyond it. */
START_TEST(small_buffer)
{
    char small[200];
    evaluate("model=gpt2 checkpoint=save:matmuls");
    for (size_t size = 1; size < sizeof small; size += 7) {
        am_writer writer = am_writer_of(small, size);
        am_json_lines(&writer, &fixture_report);
        ck_assert_uint_eq(am_writer_end(&writer), 0);
    }
    am_writer whole = am_writer_of(text, sizeof text);
    am_json_lines(&whole, &fixture_report);
    size_t length = am_writer_end(&whole);
    for (size_t size = length - 500; size <= length + 1; size++) { /* that of the lines, but not of what escapes them, among them */
        am_writer writer = am_writer_of(text, size);
        am_json_lines(&writer, &fixture_report);
        ck_assert_uint_eq(am_writer_end(&writer), size > length ? length : 0);
    }
}
END_TEST

START_TEST(aten_names)
{
    ck_assert_str_eq(am_aten_name(AM_OP_MM), "mm");
    ck_assert_str_eq(am_aten_name(AM_OP_TO), "_to_copy");
    ck_assert_str_eq(am_aten_name(AM_OP_EFFICIENT_ATTENTION), "_scaled_dot_product_efficient_attention");
    ck_assert_str_eq(am_aten_name(AM_OP_CAT), "cat");
    ck_assert_str_eq(am_aten_name(AM_OP_PAD), "constant_pad_nd");
    ck_assert_ptr_null(am_aten_name(AM_OP_VIEW));
    ck_assert_ptr_null(am_aten_name(AM_OP_LIGER_SILU_MUL));
    ck_assert_ptr_null(am_aten_name(AM_OP_RING_ATTENTION));
}
END_TEST

/* By a framework's own switches, beside a budget's plan. */
START_TEST(switches)
{
    static const struct {
        const char *inputs, *json;
    } rows[] = {
        {"model=llama-3-8b seq=8192 stack=megatron tp=2 checkpoint=budget:6GiB",
         "\"switches\":{\"framework\":\"Megatron-LM\",\"found\":true,\"tried\":35,\"policy\":\"block:31\","},
        {"model=llama-3-8b seq=8192 stack=megatron tp=2 checkpoint=budget:6GiB",
         "\"text\":\"--recompute-granularity full --recompute-method block --recompute-num-layers 31\\n\"}"},
        {"model=llama-3-8b seq=8192 stack=torch checkpoint=budget:30GiB",
         "\"text\":\"# of the Trainer.Config; its regions run again to their end (early_stop=False)\\nfrom "
         "torchtitan.distributed.activation_checkpoint import SelectiveAC\\n"},
        {"model=llama-3-8b seq=8192 checkpoint=budget:20GiB",
         "\"text\":\"model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={\\\"use_reentrant\\\": False})\\n\"}"},
        {"model=llama-3-70b stack=megatron seq=8192 tp=8 pp=4 checkpoint=budget:20GiB", "\"ranks\":[{\"rank\":0,\"saved_bytes\":"},
        {"model=llama-3-8b checkpoint=budget:80GiB", "\"policy\":\"none\","},
        {"model=llama-3-8b checkpoint=full", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        am_status status;
        am_config config = config_of(rows[i].inputs);
        ck_assert_int_eq(am_evaluate(&fixture_report, &fixture_workspace, &config, &status), AM_OK);
        am_fit_search(&fixture_report, &fixture_workspace, &config);
        am_writer writer = am_writer_of(text, sizeof text);
        am_json_switches(&writer, &fixture_report);
        text[writer.length] = '\0';
        ck_assert_msg(strstr(text, rows[i].json) && (*rows[i].json || !*text), "%s: %s", rows[i].inputs, text);
    }
}
END_TEST

Suite *test_lines_suite(void);
Suite *test_lines_suite(void)
{
    Suite *suite = suite_create("lines");
    TCase *tests = tcase_create("lines");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, measured);
    tcase_add_loop_test(tests, other_frameworks, 0, sizeof written / sizeof *written);
    tcase_add_test(tests, torchtitan);
    tcase_add_loop_test(tests, without, 0, sizeof notes / sizeof *notes);
    tcase_add_test(tests, runs);
    tcase_add_test(tests, stages);
    tcase_add_loop_test(tests, flags, 0, sizeof plans / sizeof *plans);
    tcase_add_test(tests, small_buffer);
    tcase_add_test(tests, aten_names);
    tcase_add_test(tests, switches);
    suite_add_tcase(suite, tests);
    return suite;
}
