/* What is alive over the step, as people read it. */
#include "sections.h"

static void evaluate(const char *inputs)
{
    evaluate_section(inputs, am_text_parts);
}

START_TEST(both)
{
    evaluate("model=llama-3-8b checkpoint=full timeline=components");
    expect("\nWhat is alive over the step, in GiB, and without checkpointing (plain)\n");
    expect("  part       forward peak  after it  backward peak  plain: forward  after it  backward\n");
    expect("  residual          0.500     0.500          0.500               –         –         –\n");
    expect("  mlp                   –         –              –            7.50      7.50      7.50\n");
    expect("  alive              3.01      2.03           3.50            14.8      13.8      15.3\n");
    expect(
        "The peaks stand in the forward of the loss (nll_loss) and in the backward of the\nloss (log_softmax); without checkpointing in the forward");
}
END_TEST

/* Figures in bytes are too wide for six columns. */
START_TEST(in_bytes)
{
    evaluate("model=llama-3-8b checkpoint=full timeline=components units=bytes");
    expect("\nWhat is alive over the step, in bytes\n  part        forward peak");
    expect("\nwithout checkpointing\n  part         forward peak");
    expect("  residual     536,870,912");
}
END_TEST

START_TEST(alone)
{
    evaluate("model=gpt2 timeline=components");
    expect("\nWhat is alive over the step, in GiB\n  part       forward peak  after it  backward peak\n");
    expect("; logits: what the caller holds of them; temporary: what the forward makes");
    ck_assert_ptr_null(strstr(text, "made again: "));
    ck_assert_ptr_null(strstr(text, "plain"));
    ck_assert_ptr_null(strstr(text, "without checkpointing"));
    evaluate("model=gpt2 timeline=modules");
    ck_assert_str_eq(text, "");
}
END_TEST

/* What is alive beside saved tensors, in words; of a pipeline as its whole. */
START_TEST(words)
{
    evaluate("model=llama-3-8b stack=torch dp=8 zero=3 checkpoint=full timeline=components");
    expect("\n  gathered ");
    expect("\n  to be reduced ");
    expect("gathered: whole parameters that ranks share out, and their\nbuffers; to be reduced: ");
    evaluate("model=llama-3-8b checkpoint=offload:saved loss=cut seq=8192 timeline=components");
    expect("\n  brought back ");
    expect("brought back:");
    ck_assert_ptr_null(strstr(text, "logits")); /* a loss that makes them itself */
    evaluate("model=llama-3-8b attention=eager loss=cut seq=8192 checkpoint=full timeline=components");
    expect("\n  made again ");
    expect("made again:");
    evaluate("model=llama-3-8b stack=megatron tp=2 sp=yes pp=2 timeline=components");
    expect("of one micro-batch on all stages together\n");
    expect("\n  lasting ");
    expect("lasting:");
}
END_TEST

Suite *test_text_parts_suite(void);
Suite *test_text_parts_suite(void)
{
    Suite *suite = suite_create("text_parts");
    TCase *tests = tcase_create("text_parts");
    tcase_add_test(tests, both);
    tcase_add_test(tests, in_bytes);
    tcase_add_test(tests, alone);
    tcase_add_test(tests, words);
    suite_add_tcase(suite, tests);
    return suite;
}
