/* fit.c: the total of a step and what it is made of, by hand from the figures it consists of. */
#include "fit.h"

#include <stdio.h>

#include "fixture.h"
#include "inputs.h"

#define LITTLE "family=llama layers=3 hidden=64 heads=4 kv_heads=2 ffn=176 vocab=1000 seq=64 batch=2 "

static void evaluate(const char *text)
{
    am_config own = config_of(text);
    ck_assert_msg(am_evaluate(&fixture_report, &fixture_workspace, &own, &status) == AM_OK, "%s: %s", text, status.message);
}

/* Whether gradients are beside the activations or in their peak. */
START_TEST(once)
{
    static const struct {
        const char *text;
        bool stay;
    } table[] = {
        {LITTLE, false},
        {LITTLE "checkpoint=full", false},
        {LITTLE "optimizer=lion master_weights=yes", false},
        {LITTLE "micro_batches=4", true},
        {LITTLE "grad_dtype=fp32", true},
        {LITTLE "dtype=fp32 grad_dtype=fp32", false},
        {LITTLE "dp=4 zero=1", false},
        {LITTLE "dp=4 zero=2 micro_batches=2", true},
        {LITTLE "dp=1 zero=2", false},
        {LITTLE "dp=4 zero=3", false},
        {LITTLE "dp=4 zero=3 master_weights=yes grad_dtype=fp32", false},
        {LITTLE "dp=4 zero=3 micro_batches=2", true},
        {LITTLE "trainable=lora", false},
        {LITTLE "trainable=lora lora_dtype=fp32", false},
        {LITTLE "trainable=none optimizer=none", false},
    };
    for (size_t i = 0; i < COUNT(table); i++) {
        evaluate(table[i].text);
        const am_fit *fit = &fixture_report.fit;
        const am_outcome *outcome = &fixture_report.outcome;
        int64_t held = fit->state.weights + fit->state.master + fit->state.optimizer, sum = 0, bytes;
        ck_assert_msg(fit->gradients_stay == table[i].stay, "%s", table[i].text);
        int64_t wanted = table[i].stay ? held + fit->state.gradients + am_outcome_peak(outcome) : held + outcome->step_peak;
        ck_assert_msg(fit->total == wanted, "%s: %lld", table[i].text, (long long)fit->total);
        for (int k = 0; am_fit_part(fit, k, &bytes); k++) sum += bytes;
        ck_assert_int_eq(sum, wanted);
        if (outcome->gradient_bytes > 0 && !table[i].stay && fixture_report.config.zero < 3) ck_assert_int_eq(outcome->gradient_bytes, fit->state.gradients);
    }
}
END_TEST

/* 2^53 bytes are the most that a total has. */
START_TEST(too_large)
{
    evaluate(LITTLE);
    am_outcome outcome = fixture_report.outcome;
    int64_t held = fixture_report.fit.total - outcome.step_peak;
    for (int more = 0; more < 2; more++) {
        am_fit fit;
        outcome.step_peak = AM_MAX_BYTES - held + more;
        ck_assert_int_eq(am_fit_read(&fit, &fixture_report.config, &fixture_report.parameters, &outcome), more ? AM_TOO_LARGE : AM_OK);
        ck_assert_int_eq(fit.total, more ? -1 : AM_MAX_BYTES);
    }
}
END_TEST

/* ZeRO 2's step on the rank that has the model's end: PyTorch's own peak with hooks that do to each gradient what DeepSpeed does, the
 * first allocating the rank's whole part, each letting its gradient go (meta tensors, post-accumulate-grad hooks). */
START_TEST(gradients_that_go)
{
    static const struct {
        const char *text;
        int64_t peak[3]; /* of 2, 4 and 8 ranks */
    } table[] = {
        {"family=llama layers=3 hidden=64 heads=4 kv_heads=2 ffn=176 vocab=1000 seq=64 batch=2", {2696784, 2696784, 2696784}},
        {"family=llama layers=3 hidden=64 heads=4 kv_heads=2 ffn=176 vocab=100 seq=64 batch=2", {1442832, 1367088, 1329216}},
        {"family=llama layers=3 hidden=64 heads=4 kv_heads=2 ffn=176 vocab=100 seq=8", {246608, 170864, 132992}},
        {"family=llama layers=3 hidden=64 heads=4 kv_heads=2 ffn=176 vocab=100 seq=64 batch=2 checkpoint=full", {675296, 599552, 561680}},
        {"family=llama layers=3 hidden=64 heads=4 kv_heads=2 ffn=176 vocab=4096 seq=4 tie_word_embeddings=yes", {1973704, 1773288, 1673080}},
        {"family=llama layers=3 hidden=64 heads=4 kv_heads=2 ffn=176 vocab=20000 seq=2", {5276968, 3927624, 3252952}},
        {"family=llama layers=3 hidden=64 heads=4 kv_heads=2 ffn=176 vocab=2000 seq=64", {2118480, 2118480, 2118480}},
        {"family=gpt2 layers=4 hidden=64 heads=4 vocab=300 seq=16", {533480, 423336, 368264}},
    };
    for (size_t i = 0; i < COUNT(table); i++)
        for (int j = 0; j < 3; j++) {
            char text[256];
            snprintf(text, sizeof text, "%s dp=%d zero=2", table[i].text, 2 << j);
            evaluate(text);
            ck_assert_msg(fixture_report.fit.activations == table[i].peak[j], "%s: %lld", text, (long long)fixture_report.fit.activations);
            ck_assert(!fixture_report.fit.gradients_stay);
        }
}
END_TEST

/* The same of a pipeline's last stage with one micro-batch: where the loss is what peaks, it does so before any gradient is there, so
 * that a rank's part of them stands under no peak; where nothing of the head is high, it stands under the layers' backward. */
START_TEST(gradients_that_go_on_stages)
{
    static const struct {
        const char *text;
        bool before; /* the peak is before the first gradient */
    } table[] = {
        {"vocab=2000 seq=64 batch=2", true},
        {"vocab=2000 seq=64 batch=2 optimizer=lion", true},
        {"vocab=2000 seq=64 batch=2 checkpoint=full", true},
        {"vocab=8 seq=64 batch=2", false},
    };
    for (size_t i = 0; i < COUNT(table); i++)
        for (int dp = 2; dp <= 8; dp *= 2) {
            char text[256];
            snprintf(text, sizeof text, "family=llama layers=4 hidden=64 heads=4 kv_heads=2 ffn=176 stack=megatron activation=swiglu bias=no pp=2 micro_batches=1 %s dp=%d zero=2", table[i].text, dp);
            evaluate(text);
            const am_fit *fit = &fixture_report.fit;
            const am_rank *last = &fixture_report.rank[fixture_report.ranks - 1];
            ck_assert_int_eq(fit->rank, last->rank);
            ck_assert(!fit->gradients_stay);
            int64_t part = fit->state.gradients;
            ck_assert_int_gt(part, 0);
            ck_assert_msg(fit->activations == am_rank_peak(last) + (table[i].before ? 0 : part), "%s: %lld, peak %lld, part %lld", text,
                          (long long)fit->activations, (long long)am_rank_peak(last), (long long)part);
        }
}
END_TEST

/* What shares out more never takes more: of Llama 3 8B on eight GPUs no stage of ZeRO above the one before it. */
START_TEST(stages_of_zero)
{
    int64_t before = INT64_MAX;
    for (int zero = 0; zero <= 2; zero++) {
        char text[64];
        snprintf(text, sizeof text, "model=llama-3-8b dp=8 zero=%d", zero);
        evaluate(text);
        ck_assert_int_le(fixture_report.fit.total, before);
        before = fixture_report.fit.total;
    }
}
END_TEST

/* Llama 3 8B: 8,030,261,248 parameters of two bytes, as many in fp32 for the master copy and each moment. */
START_TEST(by_hand)
{
    const int64_t n = 8030261248;
    evaluate("model=llama-3-8b seq=2048 master_weights=yes grad_dtype=fp32 device_memory=141GB reserve=1GB");
    const am_fit *fit = &fixture_report.fit;
    ck_assert_int_eq(fit->state.weights, 2 * n);
    ck_assert_int_eq(fit->state.master, 4 * n);
    ck_assert_int_eq(fit->state.optimizer, 8 * n);
    ck_assert_int_eq(fit->state.gradients, 4 * n);
    ck_assert_int_eq(fit->total, 18 * n + am_outcome_peak(&fixture_report.outcome));
    ck_assert_int_eq(am_fit_free(fit), 140000000000 - fit->total);
    ck_assert(!am_fit_fits(fit));
    evaluate("model=llama-3-8b seq=2048 dp=8 zero=1 master_weights=yes");
    ck_assert_int_eq(fit->state.optimizer, n);
    ck_assert_int_eq(fit->state.master, n / 2);
    ck_assert_int_eq(fit->memory, (int64_t)80 << 30); /* the default device's */
    evaluate("model=gpt2 device=rtx-4090");
    ck_assert_int_eq(fit->memory, (int64_t)24 << 30);
    evaluate("model=gpt2 device=mine device_gflops=1000 device_bandwidth=1000");
    ck_assert_int_eq(fit->memory, -1);
}
END_TEST

/* What am_evaluate_totals finds is what am_evaluate does. */
START_TEST(totals)
{
    static const char *const table[] = {LITTLE,
                                        LITTLE "checkpoint=full",
                                        LITTLE "checkpoint=full reentrant=yes",
                                        LITTLE "checkpoint=every:2",
                                        LITTLE "checkpoint=block:1",
                                        LITTLE "checkpoint=best",
                                        LITTLE "checkpoint=save:half-matmuls",
                                        LITTLE "checkpoint=memory-budget:0.4",
                                        LITTLE "checkpoint=revolve:2",
                                        LITTLE "checkpoint=rotor:3MiB",
                                        "model=llama-3-8b layers=8 loss=cut checkpoint=rotor:8GiB",
                                        LITTLE "trainable=lora lora_targets=q,down checkpoint=full",
                                        LITTLE "attention=eager micro_batches=2",
                                        "model=gemma-2-2b layers=5 seq=128",
                                        "model=gpt3-175b stack=paper attention=eager tp=8 sp=yes checkpoint=modules:core_attn",
                                        "model=deepseek-v3 layers=5 seq=64",
                                        "model=gpt2 stack=nanogpt checkpoint=sqrt"};
    for (size_t i = 0; i < COUNT(table); i++) {
        evaluate(table[i]);
        am_config own = config_of(table[i]);
        am_totals *found = &fixture_workspace.totals;
        ck_assert_msg(am_evaluate_totals(found, &fixture_workspace, &own, &status) == AM_OK, "%s: %s", table[i], status.message);
        const am_outcome *x = &found->outcome, *y = &fixture_report.outcome;
        ck_assert_msg(x->saved_bytes == y->saved_bytes && x->after_forward == y->after_forward &&
                          x->forward_peak == y->forward_peak && x->backward_peak == y->backward_peak &&
                          x->step_peak == y->step_peak && x->recomputed_flops == y->recomputed_flops,
                      "%s", table[i]);
        ck_assert_int_eq(found->parameters.total, fixture_report.parameters.total);
        ck_assert_int_eq(found->fit.total, fixture_report.fit.total);
    }
}
END_TEST

/* bf16 and AdamW: 6 bytes of each parameter of a rank beside 2 of its gradient, which stays where there are several
 * micro-batches. The rank with most is not always the one with the highest peak. */
START_TEST(ranks)
{
    static const char *const table[] = {
        "stack=torch pp=4 layers=8",
        "stack=megatron pp=4 layers=8 micro_batches=1",
        "stack=torch pp=2 vpp=2 layers=8 micro_batches=4 stage_layers=1,1,1,5",
        "stack=torch pp=2 layers=8 schedule=zbv vocab=60000",
        "stack=megatron pp=3 layers=3 checkpoint=full vocab=30000",
    };
    for (size_t i = 0; i < COUNT(table); i++) {
        char text[256];
        snprintf(text, sizeof text, "family=llama hidden=64 heads=4 kv_heads=2 ffn=176 seq=64 batch=2 %s %s",
                 strstr(table[i], "vocab") ? "" : "vocab=1000", table[i]);
        evaluate(text);
        int64_t most = 0, rank = -1;
        ck_assert_int_gt(fixture_report.ranks, 1);
        for (int k = 0; k < fixture_report.ranks; k++) {
            const am_rank *own = &fixture_report.rank[k];
            bool several = fixture_report.config.micro_batches > 1;
            int64_t total = own->parameters * (several ? 8 : 6) + (several ? am_rank_peak(own) : own->peak_bytes);
            if (total > most) rank = k;
            if (total > most) most = total;
        }
        ck_assert_msg(fixture_report.fit.total == most, "%s: %lld, not %lld", text, (long long)fixture_report.fit.total, (long long)most);
        ck_assert_int_eq(fixture_report.fit.rank, rank);
        am_config own = config_of(text);
        ck_assert_int_eq(am_evaluate_totals(&fixture_workspace.totals, &fixture_workspace, &own, &status), AM_OK);
        ck_assert_int_eq(fixture_workspace.totals.fit.total, most);
    }
}
END_TEST

/* Vectors are laid out per rank, all its chunks one behind another: padding stands once. */
START_TEST(flat_ranks)
{
    evaluate("family=llama layers=4 hidden=64 heads=4 kv_heads=2 ffn=176 vocab=1000 seq=64 stack=torch pp=2 vpp=2 dp=4096 zero=1");
    const am_fit *fit = &fixture_report.fit;
    int64_t parameters = fixture_report.rank[fit->rank].parameters;
    ck_assert_int_eq(fit->state.weights, 2 * parameters);
    ck_assert_int_eq(fit->state.optimizer, 2 * 2 * 2 * ((parameters + 8191) / 8192));
}
END_TEST

START_TEST(refused)
{
    static const struct {
        const char *text, *field, *part;
        am_code code;
    } table[] = {
        {"device_memory=80", "device_memory", "80 bytes: device_memory=80GiB, or 80B", AM_BAD_VALUE},
        {"device_memory=81559", "device_memory", "device_memory=81559MiB, or 81559B", AM_BAD_VALUE},
        {"device_memory=149999", "device_memory", "MiB", AM_BAD_VALUE},
        {"device_memory=150000", "", "", AM_OK},
        {"device_memory=80B", "", "", AM_OK},
        {"reserve=2", "reserve", "reserve=2GiB", AM_BAD_VALUE},
        {"reserve=0", "", "", AM_OK},
        {"device_memory=big", "device_memory", "80GiB", AM_BAD_VALUE},
        {"device_memory=0GiB", "device_memory", "above 0", AM_OUT_OF_RANGE},
        {"reserve=-1GiB", "reserve", "80GiB", AM_BAD_VALUE},
        {"device_memory=80GiB reserve=80GiB", "reserve", "leaves nothing", AM_CONFLICT},
        {"reserve=2GiB", "", "", AM_OK},
        {"fit=yes", "", "", AM_OK}, /* into the default device */
        {"device=mine device_gflops=1000 device_bandwidth=1000 fit=yes", "device_memory", "device_memory=80GiB", AM_MISSING},
    };
    for (size_t i = 0; i < COUNT(table); i++) {
        am_code code = parse_and_resolve(table[i].text);
        expect_error(table[i].text, code, table[i].code, table[i].field, table[i].part);
    }
}
END_TEST

Suite *test_fit_suite(void);
Suite *test_fit_suite(void)
{
    Suite *suite = suite_create("fit");
    TCase *tests = tcase_create("fit");
    tcase_add_test(tests, once);
    tcase_add_test(tests, too_large);
    tcase_add_test(tests, gradients_that_go);
    tcase_add_test(tests, gradients_that_go_on_stages);
    tcase_add_test(tests, stages_of_zero);
    tcase_add_test(tests, by_hand);
    tcase_add_test(tests, totals);
    tcase_add_test(tests, ranks);
    tcase_add_test(tests, flat_ranks);
    tcase_add_test(tests, refused);
    suite_add_tcase(suite, tests);
    return suite;
}
