/* The report for people. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "fake_report.h"
#include "fixture.h"

static char text[1 << 17];

static void read_report(const am_report *report)
{
    size_t length = am_report_text(report, text, sizeof text);
    ck_assert_uint_gt(length, 0);
    ck_assert_uint_eq(strlen(text), length);
}

static void expect(const char *part)
{
    ck_assert_msg(strstr(text, part) != NULL, "no\n%s\nin\n%.1500s", part, text);
}

static int characters(const char *line, size_t length)
{
    int count = 0;
    for (size_t i = 0; i < length; i++) count += ((unsigned char)line[i] & 0xc0) != 0x80;
    return count;
}

/* No line is wider than a terminal of 100 columns, or ends in blanks. */
static void expect_tidy(void)
{
    for (const char *line = text; *line != '\0';) {
        size_t length = strcspn(line, "\n");
        ck_assert_msg(characters(line, length) <= 100, "%d characters: %.*s", characters(line, length), (int)length,
                      line);
        ck_assert_msg(length == 0 || line[length - 1] != ' ', "ends in blanks: %.*s|", (int)length, line);
        line += length + (line[length] == '\n');
    }
}

START_TEST(answer)
{
    read_report(fake_report());
    expect_tidy();
    ck_assert_ptr_eq(strstr(text, "Llama 3 8B, 2,048 tokens × 1, bf16, Hugging Face with SDPA: keeps 2.45 GiB"), text);
    expect("(2,630,303,744 bytes)");
    expect("in the recomputation of layer 31,\nmlp.act_fn (silu), whether gradients of parameters are counted or not.\n");
}
END_TEST

START_TEST(tables)
{
    read_report(fake_report());
    expect("\nWhere the bytes are\n"
           "  component    GiB          bytes    share\n"
           "  attention  0.502    539,426,816   20.5 %\n"
           "  norm       0.969  1,040,187,392   39.5 %\n"
           "  loss       0.979  1,050,689,536   39.9 %\n"
           "  total       2.45  2,630,303,744  100.0 %\n");
    expect("\nThe head (loss=hf) keeps 0.979 GiB (1,050,689,536 bytes). Last norm, head and loss stand up to\n"
           "<0.0001 GiB (3,000 bytes) above the layers in forward, <0.0001 GiB (5,000 bytes) in backward.\n");
    expect("\nThe first layer keeps 0.0156 GiB (16,777,216 bytes)\n");
    expect("\nOne layer keeps 0.0469 GiB (50,397,184 bytes); there are 31\n");
    expect("  input in fp32        input_layernorm                  [s·b·h]  fp32   4·s·b·h  0.0313  33,554,432\n");
    expect("  low-rank activation  self_attn.q_proj.lora_A.default  [s·b·r]  bf16   2·s·b·r  0.0001      65,536\n");
    expect("\nShared by the layers: 0.0005 GiB (524,288 bytes)\n");
    expect("(loss)");
    expect("  with s=2048, b=1, h=4096, d=128, v=128256, r=16\n");
    expect("  > none ");
    expect("    every:4, reentrant");
    expect("27.1 %");
    expect("8,030,261,248 parameters, 16,777,216 of them trainable;");
}
END_TEST

START_TEST(units)
{
    const am_report *report = fake_report();
    fake.config.units = AM_GB;
    read_report(report);
    expect_tidy();
    expect("keeps 2.63 GB (2,630,303,744 bytes)");
    ck_assert_ptr_null(strstr(text, "GiB"));
    fake.config.units = AM_BYTES;
    read_report(report);
    expect_tidy();
    expect("keeps 2,630,303,744 bytes for");
    ck_assert_ptr_null(strstr(text, "GiB"));
    ck_assert_ptr_null(strstr(text, "GB"));
}
END_TEST

/* Three significant digits, and never a unit's worth of digits by rounding. */
START_TEST(sizes)
{
    static const struct {
        int64_t units, bytes;
        const char *shown;
    } cases[] = {
        {AM_GB, 0, "keeps 0 GB ("},
        {AM_GB, 1, "keeps <0.0001 GB ("},
        {AM_GB, 50000, "keeps 0.0001 GB ("},
        {AM_GB, 12300000, "keeps 0.0123 GB ("},
        {AM_GB, 99949999, "keeps 0.0999 GB ("},
        {AM_GB, 99950000, "keeps 0.100 GB ("},
        {AM_GB, 999499999, "keeps 0.999 GB ("},
        {AM_GB, 999500000, "keeps 1.00 GB ("},
        {AM_GB, 9994999999, "keeps 9.99 GB ("},
        {AM_GB, 9995000000, "keeps 10.0 GB ("},
        {AM_GB, 99949999999, "keeps 99.9 GB ("},
        {AM_GB, 99950000000, "keeps 100 GB ("},
        {AM_GB, 1234567890123, "keeps 1,235 GB ("},
        {AM_GIB, (int64_t)1 << 30, "keeps 1.00 GiB ("},
        {AM_GIB, AM_MAX_BYTES, "keeps 8,388,608 GiB\n("},
        {AM_BYTES, AM_MAX_BYTES, "keeps 9,007,199,254,740,992 bytes"},
    };
    const am_report *report = fake_report();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fake.config.units = cases[i].units;
        fake.saved_bytes = cases[i].bytes;
        read_report(report);
        expect(cases[i].shown);
    }
}
END_TEST

START_TEST(settings)
{
    const am_report *report = fake_report();
    am_status status;
    am_config *config = &fake.config;
    ck_assert_int_eq(am_config_parse(config,
                                     "dtype=fp32 autocast=bf16 attention=flash checkpoint=every:4 reentrant=yes "
                                     "trainable=lora lora_targets=q,v family=llama layers=16",
                                     &status),
                     AM_OK);
    read_report(report);
    expect_tidy();
    fake.preset = NULL; /* names change on the way into a custom model */
    read_report(report);
    expect("A custom llama model of");
    expect("fp32 under bf16 autocast");
    expect("FlashAttention-2");
    expect("LoRA of rank 16 on q,v");
    expect("checkpoint=every:4");
    expect("(reentrant)");
}
END_TEST

START_TEST(stages)
{
    const am_report *report = fake_report();
    fake.config.stack = AM_STACK_PAPER;
    fake.config.tp = fake.config.etp = 8;
    fake.config.pp = fake.ranks = 40;
    for (int i = 0; i < 40; i++) {
        int64_t bytes = (int64_t)(40 - i) << 20;
        fake.rank[i] = (am_rank){.rank = i, .layers = 1, .in_flight = 40 - i, .saved_bytes = bytes,
                                 .forward_peak = bytes + 1, .backward_peak = bytes + 2, .first_chunk = i, .chunks = 1};
        fake.chunk[i] = (am_chunk){.stage = (int16_t)i, .layers = 1, .embedding = i == 0, .head = i == 39};
    }
    read_report(report);
    expect_tidy();
    expect("the first of 40 pipeline ranks keeps");
    expect("(41,943,040");
    expect("What each pipeline rank keeps and peaks at");
    expect("→ 0 ");
    expect("41,943,042\n");
    expect("embedding");
    expect("  … and 8 more\n");
    expect("tp=8, pp=40");
    fake.worst_rank = 39; /* shown though it is beyond those that are */
    fake.rank[39].backward_peak = (int64_t)1 << 30;
    read_report(report);
    expect_tidy();
    expect("the last of 40 pipeline ranks keeps");
    expect("→ 39 ");
    expect("1,073,741,824\n");
    expect("  … and 7 more\n");
}
END_TEST

/* However long the names: lines stay within the width. */
START_TEST(long_names)
{
    const am_report *report = fake_report();
    for (int i = 0; i < fake.rows; i++) {
        fake.row[i].row.name = "a name longer than anybody should give to a tensor, ⌈and not in ASCII⌉";
        fake.row[i].row.module.path = "a.module.deep.in.the.model.whose.path.is.as.long.as.its.name";
    }
    read_report(report);
    expect_tidy();
    expect("…");
}
END_TEST

START_TEST(too_small)
{
    const am_report *report = fake_report();
    size_t length = am_report_text(report, text, sizeof text);
    for (size_t size = 0; size <= length; size += 97) ck_assert_uint_eq(am_report_text(report, text, size), 0);
    ck_assert_uint_eq(am_report_text(report, text, length + 1), length);
}
END_TEST

/* ---- of real evaluations */

#define SMALL "family=llama layers=4 hidden=64 heads=4 ffn=96 vocab=128 seq=32 "
#define LOCAL SMALL "stack=megatron-local "
#define BIG   "model=llama-3-8b "

/* What is said only under some inputs; a line's end counts as a blank. */
static const struct {
    const char *inputs, *parts[4];
} said[] = {
    {"family=gpt2 layers=1 hidden=64 heads=4 ffn=96 vocab=128 seq=1", {"of 1 layer, hidden size 64, 1 token × 1"}},
    {SMALL "allocator=cuda trainable=none", {", frozen, in blocks of 512 bytes:"}},
    {SMALL "stack=torch dp=4 zero=3", {"dp=4, zero=3:", " Gathered parameters are at most 0.0001 GiB (102,784 bytes) of the live bytes."}},
    {LOCAL "tp=2 sp=yes", {"tp=2, sequence parallel:", " Beside what is kept stay for the whole run: rotary angles, cached <0.0001 GiB (2,048 bytes), global memory buffer"}},
    {LOCAL "experts=4 experts_per_token=2 ep=2 expert_imbalance=150", {"experts with more than their share of tokens: measured was a perfect balance", ", ep=2, dp=2:", " parameters on each of the 2 GPUs; what"}},
    {LOCAL "experts=4 experts_per_token=2 tp=2 sp=yes etp=1 ep=4 pp=2 micro_batches=2", {", tp=2, ep=4, etp=1, pp=2, dp=2, sequence parallel, 2 micro-batches:", " parameters on each of the 4 GPUs of a stage, all stages together; what"}},
    {BIG "pp=4 stack=megatron-local checkpoint=budget:8GiB", {"The cheapest plan of each rank below the budget, by layers 0: ", " 3: 24-31 none"}},
    {BIG "pp=4 stack=megatron-local", {"rank 0 takes most, "}},
    {BIG "optimizer=sgd reserve=2GiB fit=yes", {"80.0 GiB less a reserve of 2.00 GiB, ", "Fewest GPUs: 1 (", "Cheapest checkpointing: none is needed."}},
    {"model=llama-3-70b fit=yes", {"Does not fit: ", "Largest micro-batch: none; 1 would take ", "No checkpointing plan fits."}},
    {"model=llama-3-70b seq=8192 device_memory=600GiB fit=yes", {"too many. Not proven to be the cheapest: of a layer's choices those on the lower hull", " ms again at least."}},
    {"model=llama-3-8b stack=megatron seq=8192 checkpoint=modules:core_attn", {"This policy keeps 2.47 GiB more than none does: attention's kernel saves no scores"}},
    {"model=llama-3-8b zero=1", {"zero=1 shares out nothing here, of one data-parallel rank: dp=2 or more."}},
    {"model=llama-3-70b fit=yes", {"Fewest GPUs: 49 (dp=49 zero=3: 79.9 GiB, ", "; 48 would take ", "Looked at: zero=0,1,2,3 and any dp; all else is as given, micro-batch, sequence and checkpointing too."}},
    /* what is counted, beside the verdict, and what else would be usual */
    {BIG, {" Counted is AdamW on bf16 parameters without fp32 master weights, gradients in bf16; Trainer(bf16=True) trains with dtype=fp32 autocast=bf16."}},
    {BIG "stack=megatron fit=yes", {"Fits: 59.8 GiB", "Megatron-LM trains with master_weights=yes grad_dtype=fp32: 145 GiB in all, does not fit."}},
    {BIG "stack=megatron master_weights=yes grad_dtype=fp32", {" Counted is AdamW on bf16 parameters with fp32 master weights, gradients in fp32. "}},
    /* neighbours that print alike differ in what is left */
    {BIG "seq=8192 fit=yes", {"Longest sequence: 4,715 (80.0 GiB, 0.0013 GiB left); 4,716 would take 80.0 GiB, 0.0062 GiB too many.",
     "checkpoint=budget:35.1GiB (79.9 GiB, 0.100 GiB left)", " checkpoint=budget:35.1GiB fastest plan that fits 79.9 0.100 +7.5 % 0.0 % ", " dp=3 zero=3 as few GPUs as hold it "}},
    {BIG "fit=yes", {"What it leaves room for (time: of a step; again: of the forward's FLOPs) inputs", " batch=2 largest micro-batch 75.4 4.61 0.0 % "}},
    {BIG "seq=8192 device=rtx-4090 fit=yes", {"No single change makes it fit; together"}},
    {"model=llama-3-70b seq=131072 device=rtx-3090 fit=yes", {"Nothing that was tried makes it fit: "}},
    {BIG "batch=2 seq=2048 device_memory=75.5GiB fit=yes", {"Longest sequence: 2,"}},
    /* one peak with gradients: that of the run as it is configured */
    {BIG "micro_batches=4", {"(log_softmax), beside gradients of parameters, which are there throughout the step."}},
    {BIG "loss=cut zero=2 dp=8", {"gradients of parameters apart. With this rank's part of those it peaks at 15.2 GiB (16,288,671,488 bytes).", "activations and gradients 15.2 GiB."}},
    {BIG "loss=cut", {"gradients of parameters apart. With those it peaks at "}},
    {"family=llama layers=16 hidden=64 heads=4 ffn=96 vocab=64 seq=32 batch=8 device_memory=7MiB fit=yes",
     {"Does not fit: ", "Largest micro-batch: 3 (", "Cheapest checkpointing: checkpoint=budget:", "; the next cheaper plan takes "}},
    {LOCAL "experts=4 experts_per_token=2 tp=2 sp=yes dp=2 ep=2 device_memory=1MiB fit=yes", {"Fewest GPUs: 4 (tp=2 sp=yes ep=2 dp=2: ", "; 3 would take ", "Looked at: tp=1,2 sp=no,yes ep=1,2 pp=1,2 zero=0,1 and any dp"}},
    {"model=llama-3-8b stack=megatron fit=yes checkpoint=budget:2GiB device_memory=4GiB", {"The search ended before all of these were looked at: fewer may do."}},
    {LOCAL "attention=flash pp=2 cp=2 tp=2 sp=yes dp=2 zero=1 fit=yes", {"Fewest GPUs: 1 ("}},
    {LOCAL "experts=3 experts_per_token=2 dp=3 zero=1 device_memory=100KiB fit=yes", {"Fewest GPUs: none do; each takes at least 0.0002 GiB, 0.0001 GiB too many, with tp=4 sp=yes pp=4 ep=3 dp=6 zero=1. Looked at: "}},
    {LOCAL "experts=4 experts_per_token=2 etp=2 dp=2", {" parameters on each of the 2 GPUs; what"}},
    {"model=gpt2 trainable=none device_memory=1MiB fit=yes", {"Fewest GPUs: none do; each takes at least 1.22 GiB, 1.21 GiB too many. Looked at: zero=0,1,2 and any dp; "}},
    {"model=gpt2 seq=1024 device_memory=2GiB fit=yes", {"Longest sequence: 1,024 (", "No longer sequence, larger micro-batch or faster plan fits."}},
    {"model=gpt2 seq=1024 batch=64 checkpoint=full device_memory=40GiB fit=yes", {" fastest plan that fits 40.0 0.0104 -1.7 % 53.0 % "}},
    {SMALL "checkpoint=offload", {"Moved in each step <0.0001 GiB (16,384 bytes) to the host, and back: ", "The way there may overlap"}},
    {SMALL "checkpoint=offload:saved", {"(800,740 bytes) to the host, 0.0003 of it copies of weights, and back: ", "The copies are waited for."}},
    {LOCAL "tp=2 checkpoint=partition", {"Moved in each step <0.0001 GiB (8,192 bytes) gathered from the other ranks."}},
    {LOCAL "tp=2 checkpoint=partition:cpu", {"to the host, and back: ", "waited for. <0.0001 GiB (8,192 bytes) gathered from the other ranks."}},
    {SMALL "checkpoint=revolve:2", {"The schedule: S stores a layer's input, ", "count from 0 S0 "}},
    {BIG "checkpoint=rotor:8GiB", {" S12 A12:13 S13 ", " sizes rounded up to 10,317,206 bytes where it was sought, not where it was played"}},
    {BIG "stack=megatron-local pp=4 frontier=yes", {"Pareto-optimal plans of all ranks, evenly picked", "GiB, 0 ms again: ranks at "}},
    {"model=mixtral-8x7b stack=megatron-local tp=2 sp=yes frontier=yes", {"keeping all but what core_attn,layernorm,moe_act makes again"}},
    {"model=gpt3-175b stack=paper frontier=yes", {"No frontier was searched for: the paper's equations know three policies, "}},
    {SMALL "stack=torch schedule=zbv pp=2 frontier=yes", {"No frontier was searched for: each part of a backward in two parts "}},
};

START_TEST(sayings)
{
    am_status status;
    am_config config = config_of(said[_i].inputs);
    am_code code = am_evaluate(&fixture_report, &fixture_workspace, &config, &status);
    am_config given = am_default_config();
    am_config_parse(&given, said[_i].inputs, &status);
    if (code == AM_OK) am_fit_search(&fixture_report, &fixture_workspace, &given);
    ck_assert_msg(code == AM_OK, "%s: %s", said[_i].inputs, status.message);
    read_report(&fixture_report);
    expect_tidy();
    for (char *at = text; *at != '\0'; at++)
        if (*at == '\n') *at = ' ';
    for (char *at = text, *end = text; *at != '\0'; at++) { /* blanks before a line are not what is said */
        if (*at == ' ' && at[1] == ' ') continue;
        *end++ = *at;
        if (at[1] == '\0') *end = '\0';
    }
    for (int i = 0; i < 4 && said[_i].parts[i]; i++)
        ck_assert_msg(strstr(text, said[_i].parts[i]) != NULL, "%s: no '%s' in %.1500s", said[_i].inputs, said[_i].parts[i], text);
}
END_TEST

/* One data-parallel rank shares nothing out, unless its experts' tensor-parallel group is smaller than the others', which makes several
 * of these: then that is not said. */
START_TEST(shared_out)
{
    static const char *const others[] = {"", "tp=2 sp=yes etp=2 zero=1", "tp=2 sp=yes etp=1 zero=1"};
    for (int i = 0; i < 3; i++) {
        char inputs[256];
        am_status status;
        snprintf(inputs, sizeof inputs, LOCAL "experts=4 experts_per_token=2 %s", others[i]);
        am_config config = config_of(inputs);
        ck_assert_msg(am_evaluate(&fixture_report, &fixture_workspace, &config, &status) == AM_OK, "%s: %s", inputs, status.message);
        read_report(&fixture_report);
        ck_assert_msg((strstr(text, "shares out nothing here") != NULL) == (i == 1), "%s", inputs);
    }
}
END_TEST

Suite *test_text_suite(void);
Suite *test_text_suite(void)
{
    Suite *suite = suite_create("text");
    TCase *tests = tcase_create("text");
    tcase_add_test(tests, answer);
    tcase_add_test(tests, tables);
    tcase_add_test(tests, units);
    tcase_add_test(tests, sizes);
    tcase_add_test(tests, settings);
    tcase_add_test(tests, stages);
    tcase_add_test(tests, long_names);
    tcase_add_test(tests, too_small);
    tcase_add_test(tests, shared_out);
    tcase_add_loop_test(tests, sayings, 0, sizeof said / sizeof *said);
    suite_add_tcase(suite, tests);
    return suite;
}
