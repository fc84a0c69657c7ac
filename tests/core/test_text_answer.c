/* The answer in a sentence or two. */
#include "fake_report.h"
#include "sections.h"

START_TEST(answer)
{
    read_section_of(fake_report(), am_text_answer);
    expect_tidy();
    ck_assert_ptr_eq(strstr(text, "Llama 3 8B, 2,048 tokens × 1, bf16, Hugging Face with SDPA: keeps 2.45 GiB"), text);
    expect("(2,630,303,744 bytes)");
    expect("in the recomputation of layer 31,\nmlp.act_fn (silu), whether gradients of parameters are counted or not.\n");
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
    read_section_of(report, am_text_answer);
    expect_tidy();
    fake.preset = NULL; /* names change on the way into a custom model */
    read_section_of(report, am_text_answer);
    expect("A custom llama model of");
    expect("fp32 under bf16 autocast,\n");
    config->autocast_cache = false;
    read_section_of(report, am_text_answer);
    expect("fp32 under bf16 autocast\nwithout its cache, ");
    expect("FlashAttention-2");
    expect("LoRA of rank 16 on q,v");
    expect("checkpoint=every:4");
    expect("(reentrant)");
}
END_TEST

/* The rank with the highest peak stands for a pipeline. */
START_TEST(pipeline)
{
    const am_report *report = fake_report();
    fake.config.tp = fake.config.etp = 8;
    fake.config.pp = fake.ranks = 40;
    for (int i = 0; i < 40; i++) fake.rank[i] = (am_rank){.rank = i, .in_flight = 40 - i, .saved_bytes = (int64_t)(40 - i) << 20};
    read_section_of(report, am_text_answer);
    expect_tidy();
    expect("the first of 40 pipeline ranks keeps");
    expect("(41,943,040");
    expect("tp=8, pp=40");
    fake.worst_rank = 39;
    read_section_of(report, am_text_answer);
    expect("the last of 40 pipeline ranks keeps");
    fake.worst_rank = 7;
    read_section_of(report, am_text_answer);
    expect("rank 7 of 40 pipeline ranks keeps");
}
END_TEST

static const saying said[] = {
    {"family=gpt2 layers=1 hidden=64 heads=4 ffn=96 vocab=128 seq=1", {"of 1 layer, hidden size 64, 1 token × 1"}},
    {SMALL "allocator=cuda trainable=none", {", frozen, in blocks of 512 bytes:"}},
    {SMALL "stack=torch dp=4 zero=3", {"dp=4, zero=3:", " Gathered parameters are at most 0.0001 GiB (102,784 bytes) of the live bytes."}},
    {LOCAL "tp=2 sp=yes", {"tp=2, sequence parallel:", " Beside what is kept stay for the whole run: rotary angles, cached <0.0001 GiB (2,048 bytes), global memory buffer"}},
    {BIG "micro_batches=4", {"(log_softmax), beside gradients of parameters, which are there throughout the step."}},
    {BIG "loss=cut", {"gradients of parameters apart. With those it peaks at "}},
    {LOCAL "experts=4 experts_per_token=2 ep=2 expert_imbalance=150", {", ep=2, dp=2:"}},
    {LOCAL "experts=4 experts_per_token=2 tp=2 sp=yes etp=1 ep=4 pp=2 micro_batches=2", {", tp=2, ep=4, etp=1, pp=2, dp=2, sequence parallel, 2 micro-batches:"}},
    {BIG "loss=cut zero=2 dp=8", {"gradients of parameters apart. With this rank's part of those it peaks at 15.2 GiB (16,288,671,488 bytes)."}},
};

START_TEST(sayings)
{
    check_saying(&said[_i], am_text_answer);
}
END_TEST

Suite *test_text_answer_suite(void);
Suite *test_text_answer_suite(void)
{
    Suite *suite = suite_create("text_answer");
    TCase *tests = tcase_create("text_answer");
    tcase_add_test(tests, answer);
    tcase_add_test(tests, settings);
    tcase_add_test(tests, pipeline);
    tcase_add_loop_test(tests, sayings, 0, sizeof said / sizeof *said);
    suite_add_tcase(suite, tests);
    return suite;
}
