/* What must hold of any configuration: drawn at random, from a fixed seed, so that a failure names its inputs. */
#include <stdio.h>
#include <string.h>

#include "fixture.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))

enum { PER_FAMILY = 8, MOST_DRAWS = 200 };

/* ---- drawing ---- */

static uint32_t state;

/* Marsaglia's xorshift: a number below n. */
static int below(int n)
{
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return (int)(state % (uint32_t)n);
}

#define ONE_OF(array) (array)[below(COUNT(array))]

/* The index-th value of a choice; NULL behind the last. */
static const char *choice(am_field_id field, int index)
{
    static char text[32];
    const char *start = am_fields[field].choices;
    for (; index > 0; index--) {
        start = strchr(start, '|');
        if (!start) return NULL;
        start++;
    }
    snprintf(text, sizeof text, "%.*s", (int)strcspn(start, "|"), start);
    return text;
}

static int choices(am_field_id field)
{
    int count = 0;
    while (choice(field, count)) count++;
    return count;
}

/* Hidden size, heads, and the keys that go with them: what one family needs another refuses, and is then
 * drawn again. */
static void draw_shape(char *text, size_t size)
{
    static const int group[] = {1, 1, 2, 3}, width[] = {8, 12, 16, 24}, ffn[] = {24, 40, 88};
    int kv_heads = 1 + below(2), heads = kv_heads * ONE_OF(group), head_dim = ONE_OF(width);
    int length = snprintf(text, size, "hidden=%d heads=%d", heads * head_dim, heads);
    text += length;
    size -= (size_t)length;
    switch (below(5)) {
    case 0: break;
    case 3:
        snprintf(text, size, " kv_heads=%d ffn=%d experts=4 experts_per_token=2 moe_ffn=%d shared_ffn=%d", kv_heads,
                 ONE_OF(ffn), ONE_OF(ffn), ONE_OF(ffn));
        break;
    case 1:
        snprintf(text, size, " kv_heads=%d head_dim=%d ffn=%d experts=4 experts_per_token=2 moe_ffn=%d", kv_heads,
                 head_dim, ONE_OF(ffn), ONE_OF(ffn));
        break;
    case 2:
        snprintf(text, size,
                 " head_dim=24 v_head_dim=16 rotary_dim=8 kv_rank=16 q_rank=%d ffn=%d experts=4 experts_per_token=2 "
                 "moe_ffn=24 shared_ffn=24 dense_layers=1",
                 24 * below(2), ONE_OF(ffn));
        break;
    default:
        snprintf(text, size, " kv_heads=%d head_dim=%d ffn=%d max_positions=64", kv_heads, head_dim, ONE_OF(ffn));
        break;
    }
}

/* Everything but batch, seq, what is trained and the policy. Odd sizes, so that nothing fits by chance. */
static void draw_model(int family, char *text, size_t size)
{
    static const int vocab[] = {17, 131, 640};
    static const char *const dtype[] = {"bf16", "bf16", "fp16", "fp32"};
    static const char *const attention[] = {"sdpa", "efficient", "flash", "eager"};
    char shape[256];
    draw_shape(shape, sizeof shape);
    snprintf(text, size, "family=%s layers=%d %s vocab=%d dtype=%s attention=%s", choice(AM_F_family, family),
             3 + below(3), shape, ONE_OF(vocab), ONE_OF(dtype), ONE_OF(attention));
}

/* ---- asking ---- */

typedef struct figures {
    int64_t saved, layer, after, forward, backward, step, gradients;
} figures;

static bool accepted(const char *text, am_config *config)
{
    am_status status;
    *config = am_default_config();
    if (am_config_parse(config, text, &status) != AM_OK) return false;
    return am_config_resolve(config, &status) == AM_OK;
}

/* The answer is in fixture_report, too. */
static bool ask(const char *text, figures *found)
{
    am_config config;
    am_status status;
    if (!accepted(text, &config)) return false;
    ck_assert_msg(am_evaluate(&fixture_report, &fixture_workspace, &config, &status) == AM_OK, "%s: %s", text,
                  status.message);
    const am_outcome *outcome = &fixture_report.outcome;
    *found = (figures){.saved = fixture_report.saved_bytes,
                       .layer = fixture_report.kind[fixture_report.kinds - 1].bytes,
                       .after = outcome->after_forward,
                       .forward = outcome->forward_peak,
                       .backward = outcome->backward_peak,
                       .step = outcome->step_peak,
                       .gradients = outcome->gradient_bytes};
    return true;
}

static char asked[512]; /* last */

static bool ask_with(const char *model, const char *more, figures *found)
{
    snprintf(asked, sizeof asked, "%s %s", model, more);
    return ask(asked, found);
}

static void at_most(const char *what, int64_t x, int64_t y)
{
    ck_assert_msg(x <= y, "%s: %s: %lld, %lld", asked, what, (long long)x, (long long)y);
}

static void equal(const char *what, int64_t x, int64_t y)
{
    ck_assert_msg(x == y, "%s: %s: %lld, %lld", asked, what, (long long)x, (long long)y);
}

/* ---- what must hold ---- */

static int64_t value_of(am_sum sum)
{
    int64_t value = 0;
    for (int i = 0; i < sum.count; i++) value += am_term_value(&sum.term[i], fixture_report.extents.value);
    return value;
}

/* Rows, kinds of layers and total say the same, and so do the closed forms. */
static void expect_sums(void)
{
    const am_report *report = &fixture_report;
    int64_t rows = 0, kinds = 0;
    for (int i = 0; i < report->rows; i++) rows += report->row[i].row.bytes * report->row[i].count;
    for (int i = 0; i < report->kinds; i++) {
        kinds += report->kind[i].bytes * report->kind[i].count;
        equal("closed form of a layer", value_of(am_report_formula(report, i)), report->kind[i].bytes);
    }
    equal("rows", rows, report->saved_bytes);
    equal("layers and what is outside", kinds + report->shared_bytes + report->outside_bytes,
          report->saved_bytes);
    equal("closed form outside", value_of(am_report_formula(report, AM_KIND_OUTSIDE)), report->outside_bytes);
    equal("closed form of what is shared", value_of(am_report_formula(report, AM_KIND_SHARED)),
          report->shared_bytes);
}

static void expect_peaks(const figures *found)
{
    at_most("kept, alive after the forward", found->saved, found->after);
    at_most("alive after the forward, forward peak", found->after, found->forward);
    at_most("forward peak, step peak", found->forward, found->step);
    at_most("backward peak, step peak", found->backward, found->step);
    at_most("gradients, step peak", found->gradients, found->step);
}

static void expect_growth(const char *model, const figures *own, const char *more)
{
    figures grown;
    if (!ask_with(model, more, &grown)) return;
    expect_sums();
    at_most("kept, with a longer or larger batch", own->saved + 1, grown.saved);
    at_most("alive, with a longer or larger batch", own->after + 1, grown.after);
    at_most("forward peak, with a longer or larger batch", own->forward, grown.forward);
    at_most("backward peak, with a longer or larger batch", own->backward, grown.backward);
}

/* A policy keeps no more than none, and runs nothing again for nothing. */
static void expect_policy(const char *model, const figures *own, const char *run, const char *policy)
{
    char more[128];
    figures found;
    snprintf(more, sizeof more, "%s checkpoint=%s", run, policy);
    if (!ask_with(model, more, &found)) return;
    expect_sums();
    expect_peaks(&found);
    at_most(policy, found.saved, own->saved);
    equal("gradients under a policy", found.gradients, own->gradients);
}

/* What is frozen keeps no more than what is trained. LoRA's first layers differ, since nothing before them is trained:
 * layers in the middle are compared. */
static void expect_training(const char *model, const figures *own, const char *run)
{
    char more[128];
    figures frozen, lora;
    snprintf(more, sizeof more, "%s trainable=none", run);
    if (!ask_with(model, more, &frozen)) return;
    expect_sums();
    expect_peaks(&frozen);
    at_most("a frozen layer, a trained one", frozen.layer, own->layer);
    equal("gradients of a frozen model", frozen.gradients, 0);
    snprintf(more, sizeof more, "%s trainable=lora lora_rank=1 lora_targets=down", run);
    if (!ask_with(model, more, &lora)) return;
    expect_sums();
    expect_peaks(&lora);
    at_most("a frozen layer, an adapted one", frozen.layer, lora.layer);
    at_most("an adapted layer, a trained one", lora.layer, own->layer);
    at_most("gradients of adapters, of all", lora.gradients, own->gradients);
}

/* Of one configuration; false if the core refuses it. */
static bool expect_properties(int family)
{
    static const char *const policies[] = {"full", "every:2", "block:1", "uniform:2"};
    char model[384], run[64], more[64];
    figures own;
    draw_model(family, model, sizeof model);
    int batch = 1 + below(3), seq = 2 + below(40);
    snprintf(run, sizeof run, "batch=%d seq=%d", batch, seq);
    if (!ask_with(model, run, &own)) return false;
    expect_sums();
    expect_peaks(&own);
    snprintf(more, sizeof more, "batch=%d seq=%d", batch + 1, seq);
    expect_growth(model, &own, more);
    snprintf(more, sizeof more, "batch=%d seq=%d", batch, seq + 1 + below(8));
    expect_growth(model, &own, more);
    expect_policy(model, &own, run, ONE_OF(policies));
    expect_training(model, &own, run);
    return true;
}

START_TEST(any_model)
{
    int families = choices(AM_F_family), reached = 0;
    for (int family = 0; family < families; family++) {
        int played = 0;
        state = 2026 + (uint32_t)family;
        for (int i = 0; i < MOST_DRAWS && played < PER_FAMILY; i++) played += expect_properties(family);
        reached += played == PER_FAMILY;
    }
    ck_assert_msg(reached >= families * 3 / 4, "draw_shape fits %d of %d families only", reached, families);
}
END_TEST

/* Runs of layers of two kinds, wherever a policy cuts them: the total is what the rows add up to. */
START_TEST(any_split)
{
    int patterned = 0;
    for (int i = 0; i < am_preset_count; i++) {
        am_config config;
        figures found;
        char text[128];
        snprintf(text, sizeof text, "model=%s seq=64", am_presets[i].name);
        if (!accepted(text, &config)) continue;
        am_pattern pattern = am_model_pattern(&config);
        if (pattern.period == 1 && pattern.prefix == 0) continue;
        patterned++;
        ask_with(text, "checkpoint=best", &found);
        expect_sums();
        for (int k = 1; k <= 9; k++) {
            char policy[32];
            snprintf(policy, sizeof policy, "checkpoint=block:%d", k);
            if (ask_with(text, policy, &found)) expect_sums();
            snprintf(policy, sizeof policy, "checkpoint=every:%d", k);
            if (ask_with(text, policy, &found)) expect_sums();
        }
    }
    ck_assert_int_ge(patterned, 5);
}
END_TEST

/* One rank of a tensor-parallel group holds at least its share of what one GPU would. */
START_TEST(any_share)
{
    state = 175;
    for (int i = 0; i < 40; i++) {
        static const int ranks[] = {2, 4, 8};
        static const char *const policies[] = {"none", "full", "modules:core_attn"};
        char model[256], more[96];
        figures whole, share;
        int tp = ONE_OF(ranks);
        snprintf(model, sizeof model,
                 "stack=paper family=gpt2 layers=%d hidden=%d heads=8 vocab=%d seq=%d batch=%d checkpoint=%s",
                 2 + below(4), 64 * (1 + below(4)), 64 * (1 + below(9)), 8 * (1 + below(9)), 1 + below(3),
                 ONE_OF(policies));
        ck_assert_msg(ask(model, &whole), "%s is refused", model);
        expect_sums();
        for (int sp = 0; sp < 2; sp++) {
            snprintf(more, sizeof more, "tp=%d sp=%s", tp, sp ? "yes" : "no");
            ck_assert_msg(ask_with(model, more, &share), "%s %s is refused", model, more);
            expect_sums();
            at_most("one GPU, all ranks", whole.saved, share.saved * tp);
            at_most("a rank, one GPU", share.saved, whole.saved);
        }
    }
}
END_TEST

Suite *test_properties_suite(void);
Suite *test_properties_suite(void)
{
    Suite *suite = suite_create("properties");
    TCase *tests = tcase_create("properties");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, any_model);
    tcase_add_test(tests, any_share);
    tcase_add_test(tests, any_split);
    suite_add_tcase(suite, tests);
    return suite;
}
