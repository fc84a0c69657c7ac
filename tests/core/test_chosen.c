/* chosen.c: a report that has no room for what the chosen policy keeps is none. */
#include <stdio.h>
#include <string.h>

#include "evaluate.h"
#include "fixture.h"

static const am_config *resolved;

/* Reads a configuration's policy into a report that has something in it already. */
static am_code choose(int kinds, int rows)
{
    am_report *report = &fixture_report;
    int64_t value[AM_SYMBOL_COUNT];
    report->kinds = kinds, report->rows = rows, report->dropped_rows = 0;
    am_evaluation evaluation = {.report = report,
                                .workspace = &fixture_workspace,
                                .config = resolved,
                                .policy = &report->policy,
                                .extents = &report->extents,
                                .pattern = am_model_pattern(resolved)};
    am_model_symbols(resolved, value);
    am_extents_init(&report->extents, value);
    memset(fixture_workspace.played, 0, sizeof fixture_workspace.played);
    fixture_workspace.recorded = (am_record){0};
    am_evaluation_choose(&evaluation);
    return evaluation.code;
}

/* A table that is full is not told from one that is too small: one place is left. */
START_TEST(room)
{
    am_report *report = &fixture_report;
    am_config config = config_of("family=gpt2 layers=4 hidden=32 heads=4 vocab=64 seq=16 checkpoint=full");
    am_status status;
    ck_assert_int_eq(am_evaluate(report, &fixture_workspace, &config, &status), AM_OK);
    config = report->config;
    resolved = &config;
    const int kinds = report->kinds, rows = report->rows;
    ck_assert(kinds > 0 && rows > 0);
    const struct {
        int kinds, rows;
        am_code code;
    } table[] = {
        {0, 0, AM_OK},
        {AM_MAX_KINDS - kinds - 1, AM_MAX_REPORT_ROWS - rows - 1, AM_OK},
        {AM_MAX_KINDS - kinds, 0, AM_CAPACITY},
        {AM_MAX_KINDS, 0, AM_CAPACITY},
        {0, AM_MAX_REPORT_ROWS - rows, AM_CAPACITY},
        {0, AM_MAX_REPORT_ROWS - 1, AM_CAPACITY},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        ck_assert_msg(choose(table[i].kinds, table[i].rows) == table[i].code, "row %zu", i);
        ck_assert(report->kinds <= AM_MAX_KINDS && report->rows <= AM_MAX_REPORT_ROWS && report->dropped_rows <= AM_MAX_ROWS);
        if (table[i].code) continue;
        ck_assert_int_eq(report->kinds, table[i].kinds + kinds);
        ck_assert_int_eq(report->rows, table[i].rows + rows);
    }
}
END_TEST

/* A timeline by operations is longer than any that is held where a plan shows many unlike layers, or has many unlike regions; one by
 * modules, which the error names, is not. */
START_TEST(long_timeline)
{
    static const struct {
        int layers;
        const char *checkpoint;
    } plans[] = {
        {26, "budget:1700000"},
        {450, "regions:16,15,16,15,16,15,16,15,16,15,16,15,16,15,16,15,16,15,16,15,16,15,16,15,16,15,16,15,16"},
    };
    for (int i = 0; i < 2; i++)
        for (int modules = 0; modules < 2; modules++) {
            char text[640];
            am_status status;
            snprintf(text, sizeof text,
                     "family=gemma3_text layers=%d hidden=64 heads=4 ffn=64 vocab=100 seq=16 sliding_window=4 layer_period=2 attention=eager "
                     "dtype=fp32 autocast=bf16 trainable=lora lora_targets=q,k,v,o,gate,up,down lora_dropout=0.1 lora_dtype=fp32 "
                     "checkpoint=%s timeline=%s",
                     plans[i].layers, plans[i].checkpoint, modules ? "modules" : "operations");
            am_config config = config_of(text);
            ck_assert_int_eq(am_evaluate(&fixture_report, &fixture_workspace, &config, &status), modules ? AM_OK : AM_CAPACITY);
            ck_assert_str_eq(status.field, modules ? "" : "timeline");
        }
}
END_TEST

static bool alike(const am_row *x, const am_row *y)
{
    return x->bytes == y->bytes && strcmp(x->name, y->name) == 0;
}

/* How often a kind of layer of a report keeps a tensor of this name and size, and how often it no longer does. */
static int64_t times_kept(const am_report *report, int kind, const am_row *like)
{
    int64_t count = 0;
    for (int i = 0; i < report->rows; i++)
        if (report->row[i].kind == kind && alike(&report->row[i].row, like)) count += report->row[i].count;
    return count;
}

static int64_t times_dropped(const am_report *report, int kind, const am_row *like)
{
    int64_t count = 0;
    for (int i = 0; i < report->dropped_rows; i++)
        if (alike(&report->dropped[i].row, like)) count += report->dropped[i].count[kind];
    return count;
}

/* False: this model has no such training, or no such policy or budget. */
static bool evaluate(am_report *report, const char *model, const char *training, const char *policy)
{
    char text[320];
    am_status status;
    snprintf(text, sizeof text, "%s %s checkpoint=%s", model, training, policy);
    am_config config = am_default_config();
    ck_assert_int_eq(am_config_parse(&config, text, &status), AM_OK);
    am_code code = am_evaluate(report, &fixture_workspace, &config, &status);
    ck_assert_msg(code == AM_OK || ((code == AM_UNSUPPORTED || code == AM_OUT_OF_RANGE) && strstr("trainable lora_targets checkpoint", status.field)), "%s: %s", text, status.message);
    return code == AM_OK;
}

enum { LAYERS = 8, UNSAVED = -1 };

/* Of a policy, what each layer is in, from the first on: a region of so many, none (0), or a schedule's advance that leaves nothing of it. */
typedef struct layout {
    const char *policy;
    int region[LAYERS + 1]; /* 0 behind the last */
} layout;

static bool is_first(const am_kind *kind)
{
    return strncmp(kind->name, "first ", 6) == 0;
}

/* Is this layer, in a region of so many or none, of that kind of a report? */
static bool is_of_kind(const am_report *report, const am_kind *kind, int region, int layer)
{
    const am_pattern pattern = am_model_pattern(&report->config);
    const char *label = am_model_kind_name(&report->config, am_pattern_kind(&pattern, layer));
    for (int i = 0; i < report->kinds; i++)
        if (is_first(&report->kind[i]) && layer == 0 && kind != &report->kind[i]) return false;
    if (is_first(kind) && layer > 0) return false;
    if (region > 1 || kind->layers_each > 1) return region == kind->layers_each;
    return kind->label == label && (region == 1) == (strstr(kind->name, "checkpointed") != NULL) && (region == UNSAVED) == (strstr(kind->name, "unsaved") != NULL);
}

/* How often the layers of a kind keep a tensor without checkpointing; *layers: how many those are. */
static int64_t times_plain(const am_report *plain, const am_report *report, int kind, const int region[LAYERS + 1], const am_row *like, int *layers)
{
    int64_t count = 0;
    *layers = 0;
    for (int layer = 0, i = 0, left = region[0]; layer < LAYERS; layer++) {
        if (is_of_kind(report, &report->kind[kind], region[i], layer)) {
            for (int j = 0; j < plain->kinds; j++)
                if (is_of_kind(plain, &plain->kind[j], 0, layer)) count += times_kept(plain, j, like) / plain->kind[j].count;
            ++*layers;
        }
        if (--left <= 0) left = region[++i];
    }
    return count;
}

/* What each kind of a policy's layers keeps and no longer keeps is what its layers keep without checkpointing, tensor by tensor. No two kinds
 * have the same name: a page that sorts rows by it would mix them. */
static void check_kinds(const am_report *plain, const am_report *report, const int region[LAYERS + 1], const char *what)
{
    int64_t all = 0;
    for (int kind = 0; kind < report->kinds; kind++) {
        const am_kind *own = &report->kind[kind];
        all += own->count * own->layers_each;
        for (int row = 0; row < report->dropped_rows; row++)
            ck_assert_msg(report->dropped[row].count[kind] <= own->count * own->layers_each, "%s: %s", what, report->dropped[row].row.name);
        for (int row = 0; row < plain->rows && region; row++) {
            int layers;
            const am_row *like = &plain->row[row].row;
            if (plain->row[row].kind < 0) continue;
            int64_t before = times_plain(plain, report, kind, region, like, &layers), kept = times_kept(report, kind, like);
            ck_assert_msg(layers == own->count * own->layers_each, "%s: %s from %d", what, own->name, (int)own->first);
            ck_assert_msg(times_dropped(report, kind, like) == (kept < before ? before - kept : 0), "%s: %s of %s", what, like->name, own->name);
        }
        for (int other = 0; other < kind; other++) {
            const am_kind *y = &report->kind[other];
            bool same = own->name == y->name && own->label == y->label && own->layers_each == y->layers_each;
            ck_assert_msg(!same || (own->numbered && y->numbered && own->first != y->first), "%s", what);
        }
    }
    ck_assert_msg(all == LAYERS, "%s: %d layers", what, (int)all);
}

/* And so are those of all kinds together. With adapters the first layer's region keeps an input that the layer alone did not: then one more may
 * be let go than fewer are kept. */
static void check_total(const am_report *plain, const am_report *report, const char *what)
{
    for (int row = 0; row < plain->rows; row++) {
        const am_row *like = &plain->row[row].row;
        int64_t before = 0, kept = 0, dropped = 0;
        if (plain->row[row].kind < 0) continue;
        for (int kind = 0; kind < plain->kinds; kind++) before += times_kept(plain, kind, like);
        for (int kind = 0; kind < report->kinds; kind++) kept += times_kept(report, kind, like);
        for (int kind = 0; kind < report->kinds; kind++) dropped += times_dropped(report, kind, like);
        bool more = plain->config.trainable == AM_TRAIN_LORA && strcmp(like->name, "hidden state") == 0;
        ck_assert_msg(dropped == (kept < before ? before - kept : 0) || (more && dropped == before - kept + 1), "%s: %s", what, like->name);
    }
}

START_TEST(kept_or_dropped)
{
    static am_report plain;
    static const char *const models[] = {
        "family=llama layers=8 hidden=64 heads=4 ffn=96 vocab=100 seq=16",
        "family=gemma2 layers=8 hidden=64 heads=4 ffn=96 vocab=100 seq=16 sliding_window=4",
        "family=gpt2 layers=8 hidden=64 heads=4 vocab=100 seq=16 attention=eager dropout=0.1",
        "family=gptj layers=8 hidden=64 heads=4 vocab=100 seq=16 rotary_dim=8",
        "family=gpt_neox layers=8 hidden=64 heads=4 vocab=100 seq=16 rotary_dim=4",
        "model=deepseek-v3 layers=8 seq=16", /* three dense layers before those with experts */
    };
    static const char *const trainings[] = {"", "trainable=lora lora_targets=q,k,v,o lora_dropout=0.1", "trainable=none", "dtype=fp32 autocast=bf16"};
    static const layout layouts[] = {
        {"full", {1, 1, 1, 1, 1, 1, 1, 1}},
        {"every:4", {4, 4}},
        {"every:3", {3, 3, 2}},
        {"block:3", {1, 1, 1}},
        {"save:matmuls", {1, 1, 1, 1, 1, 1, 1, 1}},
        {"save:half-matmuls", {1, 1, 1, 1, 1, 1, 1, 1}},
        {"save:mm,silu", {1, 1, 1, 1, 1, 1, 1, 1}},
        {"memory-budget:0.5", {1, 1, 1, 1, 1, 1, 1, 1}},
        {"offload", {1, 1, 1, 1, 1, 1, 1, 1}},
        {"offload:saved", {0}},
        {"regions:2x0,1x1,1x0,1x2,2x1", {0, 0, 1, 0, 2, 1, 1}},
        {"regions:1,2,5", {1, 2, 5}},
        {"regions:3,1,4", {3, 1, 4}},
        {"regions:2,3,1x0,2", {2, 3, 0, 2}},
        {"revolve:2", {1, UNSAVED, UNSAVED, UNSAVED, UNSAVED, 1, UNSAVED, 0}}, /* S0 A0:5 S5 A5:7 T7 */
    };
    for (size_t i = 0; i < sizeof models / sizeof *models; i++)
        for (size_t j = 0; j < sizeof trainings / sizeof *trainings; j++) {
            if (!evaluate(&plain, models[i], trainings[j], "none")) continue;
            for (size_t k = 0; k < sizeof layouts / sizeof *layouts + 3; k++) {
                const layout *laid = k < sizeof layouts / sizeof *layouts ? &layouts[k] : NULL;
                char policy[64], what[320];
                snprintf(policy, sizeof policy, "budget:%lld", (long long)plain.outcome.backward_peak * (int)(k % 3 + 2) / 5);
                if (laid) snprintf(policy, sizeof policy, "%s", laid->policy);
                if (!evaluate(&fixture_report, models[i], trainings[j], policy)) continue;
                snprintf(what, sizeof what, "%s %s %s", models[i], trainings[j], policy);
                check_kinds(&plain, &fixture_report, laid ? laid->region : NULL, what);
                check_total(&plain, &fixture_report, what);
            }
        }
}
END_TEST

/* A region's input is held by it, what selective checkpointing keeps by that. */
START_TEST(savers)
{
    const struct {
        const char *policy;
        bool input, kept;
    } table[] = {{"none", false, false}, {"full", true, false}, {"save:matmuls", true, true}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        bool input = false, kept = false;
        ck_assert(evaluate(&fixture_report, "family=llama layers=2 hidden=64 heads=4 ffn=96 vocab=100 seq=16", "", table[i].policy));
        for (int row = 0; row < fixture_report.rows; row++)
            for (int saver = 0; saver < fixture_report.row[row].row.savers; saver++) {
                input |= fixture_report.row[row].row.saved_by[saver].rule == AM_BY_CHECKPOINT;
                kept |= fixture_report.row[row].row.saved_by[saver].rule == AM_BY_SELECTIVE;
            }
        ck_assert_msg(input == table[i].input && kept == table[i].kept, "%s", table[i].policy);
    }
}
END_TEST

Suite *test_chosen_suite(void);
Suite *test_chosen_suite(void)
{
    Suite *suite = suite_create("chosen");
    TCase *tests = tcase_create("chosen");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, room);
    tcase_add_test(tests, long_timeline);
    tcase_add_test(tests, kept_or_dropped);
    tcase_add_test(tests, savers);
    suite_add_tcase(suite, tests);
    return suite;
}
