/* What fits, as people read it. */
#include "sections.h"

#include <stdio.h>

static const saying said[] = {
    {BIG "loss=cut zero=2 dp=8", {"activations and gradients 15.2 GiB."}},
    {BIG "pp=4 stack=megatron-local", {"rank 0 takes most, "}},
    {BIG "optimizer=sgd reserve=2GiB fit=yes", {"80.0 GiB less a reserve of 2.00 GiB, ", "Fewest GPUs: 1 (", "Cheapest checkpointing: none is needed."}},
    {"model=llama-3-70b fit=yes", {"Does not fit: ", "Largest micro-batch: none; 1 would take ", "No checkpointing plan fits."}},
    {"model=llama-3-70b seq=8192 device_memory=600GiB fit=yes", {"too many. Not proven to be the cheapest: of a layer's choices those on the lower hull", " ms again at least."}},
    {"model=llama-3-8b zero=1", {"zero=1 shares out nothing here, of one data-parallel rank: dp=2 or more."}},
    {"model=llama-3-70b fit=yes", {"Fewest GPUs: 49 (dp=49 zero=3: 79.9 GiB, ", "; 48 would take ", "Looked at: zero=0,1,2,3 and any dp; all else is as given, micro-batch, sequence and checkpointing too."}},
    /* what is counted, beside the verdict, and what else would be usual */
    {BIG, {" Counted is AdamW on bf16 parameters without fp32 master weights, gradients in bf16; Trainer(bf16=True) trains with dtype=fp32 autocast=bf16."}},
    {BIG "stack=megatron fit=yes", {"Fits: 59.8 GiB", "Megatron-LM trains with master_weights=yes grad_dtype=fp32: 145 GiB in all, does not fit."}},
    {BIG "stack=megatron master_weights=yes grad_dtype=fp32", {" Counted is AdamW on bf16 parameters with fp32 master weights, gradients in fp32. "}},
    /* neighbours that print alike differ in what is left */
    {BIG "seq=8192 fit=yes", {"Longest sequence: 4,715 (80.0 GiB, 0.0013 GiB left); 4,716 would take 80.0 GiB, 0.0062 GiB too many.",
     "checkpoint=budget:35.1GiB (79.9 GiB, 0.100 GiB left)"}},
    {BIG "batch=2 seq=2048 device_memory=75.5GiB fit=yes", {"Longest sequence: 2,"}},
    {"family=llama layers=16 hidden=64 heads=4 ffn=96 vocab=64 seq=32 batch=8 device_memory=7MiB fit=yes",
     {"Does not fit: ", "Largest micro-batch: 3 (", "Cheapest checkpointing: checkpoint=budget:", "; the next cheaper plan takes "}},
    {LOCAL "experts=4 experts_per_token=2 tp=2 sp=yes dp=2 ep=2 device_memory=1MiB fit=yes", {"Fewest GPUs: 4 (tp=2 sp=yes ep=2 dp=2: ", "; 3 would take ", "Looked at: tp=1,2 sp=no,yes ep=1,2 pp=1,2 zero=0,1 and any dp"}},
    {"model=llama-3-8b stack=megatron fit=yes checkpoint=budget:2GiB device_memory=4GiB", {"The search ended before all of these were looked at: fewer may do."}},
    {LOCAL "attention=flash pp=2 cp=2 tp=2 sp=yes dp=2 zero=1 fit=yes", {"Fewest GPUs: 1 ("}},
    {LOCAL "experts=3 experts_per_token=2 dp=3 zero=1 device_memory=100KiB fit=yes", {"Fewest GPUs: none was found; the least that was looked at takes 0.0002 GiB, 0.0001 GiB too many, with tp=4 sp=yes pp=4 ep=3 dp=6 zero=1. Looked at: "}},
    {"model=gpt2 trainable=none device_memory=1MiB fit=yes", {"Fewest GPUs: none was found; the least that was looked at takes 1.22 GiB, 1.21 GiB too many. Looked at: zero=0,1,2 and any dp; "}},
    {"model=gpt2 seq=1024 device_memory=2GiB fit=yes", {"Longest sequence: 1,024 ("}},
};

START_TEST(sayings)
{
    check_saying(&said[_i], am_text_fit);
}
END_TEST

/* One data-parallel rank shares nothing out, unless its experts' tensor-parallel group is smaller than the others', which makes several
 * of these: then that is not said. */
START_TEST(shared_out)
{
    static const char *const others[] = {"", "tp=2 sp=yes etp=2 zero=1", "tp=2 sp=yes etp=1 zero=1"};
    for (int i = 0; i < 3; i++) {
        char inputs[256];
        snprintf(inputs, sizeof inputs, LOCAL "experts=4 experts_per_token=2 %s", others[i]);
        evaluate_section(inputs, am_text_fit);
        ck_assert_msg((strstr(text, "shares out nothing here") != NULL) == (i == 1), "%s", inputs);
    }
}
END_TEST

Suite *test_text_fit_suite(void);
Suite *test_text_fit_suite(void)
{
    Suite *suite = suite_create("text_fit");
    TCase *tests = tcase_create("text_fit");
    tcase_add_test(tests, shared_out);
    tcase_add_loop_test(tests, sayings, 0, sizeof said / sizeof *said);
    suite_add_tcase(suite, tests);
    return suite;
}
