/* changes.c: each change, made by the text that it says, gives the figures that it says; none that was passed over is cheaper. */
#include <stdio.h>

#include "fit.h"
#include "wiring.h"
#include "writer.h"

#include "fixture.h"
#include "inputs.h"

static am_report now, changed;

/* Fills in a report with its answers and changes. */
static void search(const char *text)
{
    expect_fine(text, parse(text));
    ck_assert_msg(am_evaluate(&now, &fixture_workspace, &config, &status) == AM_OK, "%s: %s", text, status.message);
    am_fit_search(&now, &fixture_workspace, &config);
}

/* The report on a text with the inputs of a change set in it. */
static const am_report *report_with(const char *text, const char *set)
{
    expect_fine(text, parse(text));
    expect_fine(set, am_config_parse(&config, set, &status));
    ck_assert_msg(am_evaluate(&changed, &fixture_workspace, &config, &status) == AM_OK, "%s with %s: %s", text, set,
                  status.message);
    return &changed;
}

static const am_change *change_of(const char *id)
{
    for (int i = 0; i < now.changes; i++)
        if (strcmp(now.change[i].id, id) == 0) return &now.change[i];
    return NULL;
}

static const char *const runs[] = {
    "model=llama-3-8b seq=8192",
    "model=llama-3-8b seq=8192 batch=4 checkpoint=save:matmuls",
    "model=llama-3-8b seq=8192 checkpoint=every:4 reentrant=yes",
    "model=llama-3-8b seq=8192 device=rtx-4090",
    "model=qwen2.5-7b device=a100-40-sxm",
    "model=llama-3-8b checkpoint=full",
    "model=llama-3-8b",
    "model=llama-3-8b stack=megatron seq=8192",
    "model=llama-3-8b stack=megatron seq=8192 device=a100-40-sxm",
    "model=mixtral-8x7b stack=megatron",
    "model=mixtral-8x7b stack=megatron tp=2 sp=yes ep=4 zero=1 device=a100-40-sxm",
    "model=llama-3-8b stack=torch dp=2 zero=3 seq=8192 device=a100-40-sxm",
    "model=llama-3-8b layers=16 stack=torch pp=4 seq=4096 device_memory=20GiB",
    "model=gpt2-xl batch=16 stack=nanogpt device=rtx-4090",
    "model=llama-3-8b micro_batches=4 device=rtx-4090",
    "model=llama-3-8b trainable=lora seq=16384",
    "model=llama-3-8b seq=8192 optimizer=lion device=rtx-4090",
    "model=llama-3-8b stack=torch seq=128 device_memory=28GiB",
    "model=llama-3-8b dtype=fp32 autocast=bf16 checkpoint=full micro_batches=4 device_memory=130GiB",
    "model=llama-3.2-1b seq=65536",
    "model=llama-3.2-1b seq=65536 dtype=fp32 autocast=bf16",
};

START_TEST(each_is_as_it_says)
{
    const char *text = runs[_i];
    char with[256];
    snprintf(with, sizeof with, "%s fit=yes", text);
    search(with);
    int64_t last = 0;
    bool others = false;
    for (int i = 0; i < now.changes; i++) {
        const am_change *change = &now.change[i];
        const am_report *report = report_with(text, change->set);
        ck_assert(change->fits && am_fit_fits(&report->fit));
        ck_assert_msg(change->total == report->fit.total, "%s: %s", text, change->set);
        ck_assert_int_eq(change->free, report->fit.memory - report->fit.reserve - report->fit.total);
        ck_assert_msg(change->time == am_outcome_time(&report->outcome), "%s: %s", text, change->set);
        ck_assert_int_eq(change->recomputed_flops, report->outcome.recomputed_flops);
        ck_assert_int_eq(change->forward_flops, report->outcome.forward_flops);
        if (change->same) ck_assert_msg(!others && change->time >= last, "%s: %s is out of order", text, change->set);
        if (change->same) last = change->time;
        others |= !change->same;
    }
    ck_assert_msg(now.changes > 0, "%s: nothing was found", text);
}
END_TEST

/* No listed policy that fits takes less time than the one that is named. */
START_TEST(cheapest_policy)
{
    static const int tried[] = {0, 1, 4, 7, 8};
    const char *text = runs[tried[_i]];
    char with[256], policy[AM_TEXT_SIZE];
    snprintf(with, sizeof with, "%s fit=yes", text);
    search(with);
    const am_change *change = change_of("policy");
    ck_assert(!am_fit_fits(&now.fit));
    for (int i = 0; i < now.plans; i++) {
        const am_plan *plan = &now.plan[i];
        bool megatron = am_wiring_of(&now.config)->any;
        if (plan->chosen || (plan->policy.reentrant && !megatron)) continue;
        if (change && am_outcome_time(&plan->outcome) >= change->time) continue;
        snprintf(with, sizeof with, "checkpoint=%s%s", am_policy_text(plan->policy, policy, sizeof policy),
                 megatron ? "" : " reentrant=no");
        ck_assert_msg(!am_fit_fits(&report_with(text, with)->fit), "%s: %s fits too", text, with);
    }
}
END_TEST

/* What of each stack is usual is taken by it, and then nothing more is. */
START_TEST(usual)
{
    static const struct {
        const char *text, *set, *basis;
    } table[] = {
        {"model=llama-3-8b stack=megatron", "master_weights=yes grad_dtype=fp32",
         "AdamW on bf16 parameters without fp32 master weights, gradients in bf16"},
        {"model=llama-3-8b stack=megatron-local attention=flash master_weights=yes",
         "master_weights=yes grad_dtype=fp32", "AdamW on bf16 parameters with fp32 master weights, gradients in bf16"},
        {"model=gpt3-175b stack=paper attention=eager", "master_weights=yes grad_dtype=fp32",
         "AdamW on bf16 parameters without"},
        {"model=llama-3-8b optimizer=lion", "dtype=fp32 autocast=bf16",
         "Lion on bf16 parameters without fp32 master weights, gradients in bf16"},
        {"model=llama-3-8b dtype=fp16", "dtype=fp32 autocast=fp16", "AdamW on fp16 parameters without"},
        {"model=llama-3-8b stack=liger", "dtype=fp32 autocast=bf16", "AdamW on bf16"},
        {"model=llama-3-8b attention=flash", "dtype=fp32 autocast=bf16", "AdamW on bf16"},
        {"model=llama-3-8b dp=8 zero=1", "master_weights=yes", "AdamW on bf16"},
        {"model=llama-3-8b dp=8 zero=3", "master_weights=yes grad_dtype=fp32", "AdamW on bf16"},
        {"model=llama-3-8b stack=torch", "master_weights=yes grad_dtype=fp32", "AdamW on bf16"},
        {"model=llama-3-8b stack=torch tp=2 dp=4 zero=2", "master_weights=yes", "AdamW on bf16"},
        {"model=llama-3-8b stack=torch pp=4", "master_weights=yes grad_dtype=fp32", "AdamW on bf16"},
        {"model=gpt2 stack=nanogpt", "dtype=fp32 autocast=bf16", "AdamW on bf16"},
        {"model=llama-3-8b trainable=lora", "lora_dtype=fp32",
         "AdamW on bf16 adapters without fp32 master weights, gradients in bf16"},
        {"model=llama-3-8b trainable=lora master_weights=yes", NULL,
         "AdamW on bf16 adapters with fp32 master weights, gradients in bf16"},
        {"model=llama-3-8b dtype=fp32", NULL, "AdamW on fp32 parameters, gradients in fp32"},
        {"model=llama-3-8b optimizer=none", NULL, "no optimizer"},
        {"model=llama-3-8b dtype=fp32 autocast=bf16 autocast_cache=no", NULL, "AdamW on fp32 parameters under bf16 autocast without its cache, gradients"},
        {"model=llama-3-8b trainable=none", NULL, "no optimizer"},
    };
    const char *set = table[_i].set;
    char text[160], with[256], basis[128];
    snprintf(text, sizeof text, "%s layers=4", table[_i].text); /* what is usual is so of any number of them */
    expect_fine(text, parse_and_resolve(text));
    const am_usual *found = am_fit_usual(&config);
    ck_assert_msg((found != NULL) == (set != NULL) && (!set || strcmp(found->set, set) == 0), "%s: %s", text,
                  found ? found->set : "none");
    am_writer out = am_writer_of(basis, sizeof basis);
    am_fit_write_basis(&out, &config);
    ck_assert_uint_gt(am_writer_end(&out), 0);
    ck_assert_msg(strstr(basis, table[_i].basis) == basis, "%s: %s", text, basis);
    snprintf(with, sizeof with, "%s fit=yes", text);
    search(with);
    ck_assert_int_eq(now.usual.id != NULL, set != NULL);
    if (!set) return;
    const am_report *report = report_with(text, set);
    ck_assert_int_eq(now.usual.total, report->fit.total);
    ck_assert_int_eq(now.usual.fits, am_fit_fits(&report->fit));
    ck_assert_msg(am_fit_usual(&report->config) == NULL, "%s: %s is not as usual", text, set);
}
END_TEST

/* What is usual, and not covered with the inputs that are given, is not said; nor is a loss head that is there already. */
START_TEST(not_covered)
{
    search("model=llama-3-8b seq=8192 loss=cut device=rtx-4090 fit=yes");
    ck_assert_ptr_nonnull(am_fit_usual(&now.config));
    ck_assert_ptr_null(now.usual.id);
    ck_assert(!am_fit_fits(&now.fit));
    ck_assert_ptr_null(change_of("loss"));
}
END_TEST

/* While a step fits, a plan is said where it is faster. */
START_TEST(faster_plan)
{
    search("model=llama-3-8b layers=16 batch=2 seq=8192 checkpoint=every:4 reentrant=yes fit=yes");
    ck_assert(am_fit_fits(&now.fit));
    ck_assert_str_eq(now.change[0].id, "plan");
    ck_assert_int_lt(now.change[0].time, am_outcome_time(&now.outcome));
    search("model=llama-3-8b layers=16 checkpoint=budget:30GiB fit=yes");
    ck_assert_ptr_null(change_of("plan"));
    /* the plan itself is none, as it is written and for a byte more */
    char with[AM_TEXT_SIZE + 64];
    search("model=llama-3-8b layers=16 batch=2 seq=8192 checkpoint=full fit=yes");
    int64_t bytes = now.answer[now.answers - 1].value;
    snprintf(with, sizeof with, "model=llama-3-8b layers=16 batch=2 seq=8192 %s fit=yes", change_of("plan")->set);
    search(with);
    ck_assert_ptr_null(change_of("plan"));
    snprintf(with, sizeof with, "model=llama-3-8b layers=16 batch=2 seq=8192 checkpoint=budget:%ld fit=yes", (long)bytes + 1);
    search(with);
    ck_assert_ptr_null(change_of("plan"));
    ck_assert_str_ne(now.answer[now.answers - 1].config.checkpoint, now.config.checkpoint);
}
END_TEST

/* Regions and another loss head together, where neither alone does; Liger-Kernel's under autocast. */
START_TEST(without_logits)
{
    static const char *const table[][2] = {
        {"model=llama-3.2-1b seq=65536 fit=yes", "checkpoint=full loss=cut"},
        {"model=llama-3.2-1b seq=65536 dtype=fp32 autocast=bf16 fit=yes", "checkpoint=full stack=liger"},
        {"model=llama-3.2-1b seq=16384 fit=yes", NULL}, /* another alone does */
        {"model=llama-3.2-1b seq=65536 stack=liger fit=yes", NULL},
    };
    search(table[_i][0]);
    const am_change *change = change_of("together");
    ck_assert((change != NULL) == (table[_i][1] != NULL));
    if (change) ck_assert_str_eq(change->set, table[_i][1]);
}
END_TEST

/* Copies of weights are let go of where that helps: with regions, and gradients that are there beforehand. */
START_TEST(cache)
{
    static const struct {
        const char *text;
        bool found;
    } table[] = {
        {"model=llama-3-8b dtype=fp32 autocast=bf16 checkpoint=full micro_batches=4 device_memory=130GiB fit=yes", true},
        {"model=llama-3-8b dtype=fp32 autocast=bf16 checkpoint=full micro_batches=4 device_memory=124GiB fit=yes", false},
        {"model=llama-3-8b dtype=fp32 autocast=bf16 autocast_cache=no checkpoint=full micro_batches=4 device_memory=124GiB fit=yes", false},
        {"model=llama-3-8b dtype=fp32 autocast=bf16 micro_batches=4 device_memory=130GiB fit=yes", false},
        {"model=llama-3-8b dtype=fp32 checkpoint=full micro_batches=4 device_memory=120GiB fit=yes", false},
    };
    search(table[_i].text);
    const am_change *change = change_of("autocast_cache");
    ck_assert((change != NULL) == table[_i].found);
    if (change) ck_assert_str_eq(change->set, "autocast_cache=no");
}
END_TEST

/* Fewer GPUs hold a step that is shared out: of the parameters with their gradients and states each of three has a third, where by
 * tensor parallelism each of two has half, which is too much. */
START_TEST(fewer_gpus)
{
    search("model=llama-3-8b stack=torch seq=128 device_memory=28GiB fit=yes");
    ck_assert_str_eq(change_of("gpus")->set, "dp=3 zero=3");
    for (int i = 0; i < now.answers; i++)
        if (strcmp(now.answer[i].id, "gpus") == 0) ck_assert_int_eq(now.answer[i].value, 3);
    ck_assert(!am_fit_fits(&report_with("model=llama-3-8b stack=torch seq=128 device_memory=28GiB", "tp=2")->fit));
}
END_TEST

/* Nothing makes 140 GB of weights fit that ZeRO 1 leaves whole. */
START_TEST(nothing)
{
    search("model=llama-3-70b dp=2 zero=1 fit=yes");
    ck_assert_int_eq(now.changes, 0);
}
END_TEST

/* Megatron's 18 bytes of each of Llama 3 8B's parameters: 2 of weights, 4 of their copy, 4 of gradients, 8 of moments. */
START_TEST(by_hand)
{
    const int64_t n = 8030261248;
    search("model=llama-3-8b stack=megatron fit=yes");
    ck_assert_int_eq(now.usual.total, 18 * n + am_outcome_peak(&now.outcome));
    ck_assert(!now.usual.fits);
    ck_assert(am_fit_fits(&now.fit));
}
END_TEST

Suite *test_changes_suite(void);
Suite *test_changes_suite(void)
{
    Suite *suite = suite_create("changes");
    TCase *tests = tcase_create("changes");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, each_is_as_it_says, 0, (int)COUNT(runs));
    tcase_add_loop_test(tests, cheapest_policy, 0, 5);
    tcase_add_loop_test(tests, usual, 0, 19);
    tcase_add_test(tests, not_covered);
    tcase_add_test(tests, faster_plan);
    tcase_add_loop_test(tests, without_logits, 0, 4);
    tcase_add_loop_test(tests, cache, 0, 5);
    tcase_add_test(tests, fewer_gpus);
    tcase_add_test(tests, nothing);
    tcase_add_test(tests, by_hand);
    suite_add_tcase(suite, tests);
    return suite;
}
