/* What live bytes are of: the parts' sums, what is known of them from elsewhere, and a replay of every layer by the rules of a
 * step's lifetimes alone. */
#include <string.h>

#include "evaluate.h"
#include "fixture.h"
#include "report.h"

static const char *const models[] = {
    "family=llama layers=7 hidden=32 heads=4 kv_heads=2 ffn=48 vocab=64 seq=16 batch=2",
    "family=gpt2 layers=6 hidden=32 heads=4 vocab=64 seq=16 dropout=0.1 attention=eager dtype=fp32 autocast=bf16",
    "family=gemma2 layers=8 hidden=32 heads=4 kv_heads=2 ffn=48 vocab=64 seq=16 batch=2 sliding_window=4 layer_period=2 attention=eager",
    "family=mixtral layers=5 hidden=32 heads=4 kv_heads=2 ffn=24 vocab=64 seq=16 experts=4 experts_per_token=2",
    "family=deepseek_v3 layers=6 dense_layers=2 hidden=32 heads=2 head_dim=12 rotary_dim=4 kv_rank=16 ffn=300 moe_ffn=8 "
    "experts=4 experts_per_token=1 vocab=64 seq=16",
    "family=llama layers=6 hidden=32 heads=4 ffn=48 vocab=64 seq=16 trainable=lora lora_targets=v,down lora_dropout=0.1",
    "family=llama layers=6 hidden=32 heads=4 kv_heads=2 ffn=48 vocab=64 seq=16 stack=torch zero=3 dp=4",
    "family=llama layers=1 hidden=32 heads=4 ffn=48 vocab=64 seq=16",
    "stack=megatron layers=8 hidden=64 ffn=96 heads=4 vocab=64 seq=32 norm=rmsnorm activation=swiglu tp=2 sp=yes",
    "stack=megatron-local layers=6 attention=flash hidden=64 ffn=96 vocab=64 seq=32 family=llama heads=4 kv_heads=2 activation=swiglu "
    "bias=no positions=rope norm=rmsnorm experts=4 experts_per_token=2 moe_ffn=96 shared_ffn=192 tp=2 sp=yes ep=2",
    "stack=paper family=gpt2 layers=6 hidden=64 heads=4 vocab=8192 seq=8", /* the embedding's backward is its peak */
    "stack=megatron layers=8 hidden=64 ffn=96 heads=4 vocab=64 seq=32 norm=rmsnorm activation=swiglu pp=2",
    "stack=paper family=gpt2 layers=1 hidden=64 heads=4 vocab=64 seq=8", /* fewer storages than sets of them have room for */
};
/* uniform: all layers do the same. */
static const struct {
    const char *text;
    bool uniform;
} policies[] = {
    {"none", true},
    {"full", true},
    {"full reentrant=yes", true},
    {"every:2", true},
    {"every:3", false},
    {"every:6", true},
    {"sqrt", false},
    {"block:2", false},
    {"save:matmuls", true},
    {"offload", true},
    {"offload:saved", true},
    {"partition", true},
    {"modules:core_attn", true},
    {"modules:moe,layernorm", true},
    {"modules:layernorm,mlp", true},
    {"revolve:2", false},
    {"memory-budget:0.4", true},
    {"regions:2x1,1x0,1x3", false},
    {"regions:2x2,4x1", false},
    {"rotor:1GiB", true}, /* has room for all: nothing runs again */
};
enum { MODELS = sizeof models / sizeof *models, POLICIES = sizeof policies / sizeof *policies };

/* False where the model has no such policy. */
static bool evaluate(const char *model, const char *policy, const char *timeline)
{
    char text[640];
    am_status status;
    am_config config = am_default_config();
    strcat(strcat(strcat(strcat(strcpy(text, model), " checkpoint="), policy), " timeline="), timeline);
    return am_config_parse(&config, text, &status) == AM_OK &&
           am_evaluate(&fixture_report, &fixture_workspace, &config, &status) == AM_OK;
}

static void expect_sums(const am_live_parts *parts, int points, const am_point *point, int64_t after_forward)
{
    ck_assert_int_gt(points, 0);
    for (int i = 0; i < AM_LIVE_COUNT; i++) after_forward -= parts->after_forward[i];
    ck_assert_int_eq(after_forward, 0);
    for (int j = 0; j < points; j++) {
        int64_t sum = 0;
        for (int i = 0; i < AM_LIVE_COUNT; i++) {
            ck_assert_msg(parts->live[i][j] >= 0, "%s: %lld at %d", am_live_name((am_live)i),
                          (long long)parts->live[i][j], j);
            sum += parts->live[i][j];
        }
        ck_assert_int_eq(sum, point[j].live);
    }
}

/* The parts are the whole at every point; the stations are the report's own figures; what is saved is what the ledger says. */
START_TEST(sums)
{
    const char *model = models[_i % MODELS], *policy = policies[_i / MODELS].text;
    const am_report *report = &fixture_report;
    if (!evaluate(model, policy, "components")) return;
    ck_assert_msg(report->parted, "%s %s", model, policy);
    expect_sums(&report->parts, report->points, report->point, report->outcome.after_forward);
    am_station station[AM_STATIONS];
    am_live_stations(station, report->points, report->point, &report->parts, report->outcome.after_forward);
    ck_assert_int_eq(station[0].bytes, report->outcome.forward_peak);
    ck_assert_int_eq(station[1].bytes, report->outcome.after_forward);
    ck_assert_int_eq(station[2].bytes, report->outcome.backward_peak);
    int64_t saved[AM_COMPONENT_COUNT], rest = 0;
    am_report_components(report, saved);
    for (int i = 0; i < report->lastings; i++) rest += report->lasting[i].bytes;
    rest -= report->parts.after_forward[AM_LIVE_LASTING]; /* of what lasts, a layer's graph may keep some */
    for (int i = 0; i < AM_COMPONENT_COUNT && policies[_i / MODELS].uniform; i++) {
        if (report->lastings == 0) ck_assert_int_eq(report->parts.after_forward[i], saved[i]);
        rest += saved[i] - report->parts.after_forward[i];
    }
    if (policies[_i / MODELS].uniform) ck_assert_int_eq(rest, 0);
}
END_TEST

/* Asking for parts changes nothing else of a report, and shows the other timeline's peaks. */
START_TEST(nothing_else)
{
    static char usual[1 << 20], parted[1 << 20];
    const char *model = models[_i % MODELS], *policy = policies[_i / MODELS].text;
    if (!evaluate(model, policy, "none")) return;
    am_report_text(&fixture_report, usual, sizeof usual);
    am_outcome outcome = fixture_report.outcome;
    ck_assert(evaluate(model, policy, "components"));
    fixture_report.parted = false;
    am_report_text(&fixture_report, parted, sizeof parted);
    ck_assert_str_eq(usual, parted);
    ck_assert_mem_eq(&outcome, &fixture_report.outcome, sizeof outcome);
}
END_TEST

/* Beside a policy stands the step that has none. */
START_TEST(without_checkpointing)
{
    static am_plain_step plain;
    const am_report *report = &fixture_report;
    ck_assert(evaluate(models[_i], _i == 6 || _i == 7 ? "full" : "every:2", "components"));
    plain = report->plain;
    expect_sums(&plain.parts, plain.points, plain.point, plain.outcome.after_forward);
    ck_assert(evaluate(models[_i], "none", "components"));
    ck_assert_int_eq(report->plain.points, 0);
    ck_assert_int_eq(report->points, plain.points);
    ck_assert_int_eq(report->outcome.step_peak, plain.outcome.step_peak);
    for (int i = 0; i < AM_LIVE_COUNT; i++) {
        ck_assert_int_eq(report->parts.after_forward[i], plain.parts.after_forward[i]);
        ck_assert_mem_eq(report->parts.live[i], plain.parts.live[i], (size_t)plain.points * sizeof(int64_t));
    }
}
END_TEST

/* ---- a replay ---- */

enum { LAYERS = 6 };

/* A storage is live from the operation that makes it to the last one of the code that uses it, and while a node that saved it has not
 * run; it is of the component of who saved it first. No checkpoints, nothing shared out, nothing that lasts. */
typedef struct replay {
    const am_tape *tape;
    int first_saver[AM_MAX_STORAGES], last_saver[AM_MAX_STORAGES]; /* instructions; -1: none */
} replay;

static replay played;

static void record_all(const char *text)
{
    int64_t value[AM_SYMBOL_COUNT];
    am_config config = config_of(text);
    am_pattern pattern = am_model_pattern(&config);
    am_record record = {.units = LAYERS, .inner = 1};
    am_tape *tape = &fixture_workspace.tape;
    for (int i = 0; i < LAYERS; i++) record.kind[i] = (uint8_t)am_pattern_kind(&pattern, i);
    am_model_symbols(&config, value);
    static am_extents extents;
    am_extents_init(&extents, value);
    ck_assert_int_eq(am_model_record(tape, &extents, &config, record), AM_OK);
    fixture_workspace.recorded = (am_record){0};
    played.tape = tape;
    memset(played.first_saver, -1, sizeof played.first_saver);
    memset(played.last_saver, -1, sizeof played.last_saver);
    for (int i = 0; i < tape->instructions; i++) {
        const am_instruction *instruction = &tape->instruction[i];
        const am_node *node = &tape->node[instruction->node];
        for (int j = 0; instruction->kind == AM_I_OP && instruction->node && j < node->save_count; j++) {
            int storage = tape->tensor[tape->save[node->first_save + j]].storage;
            if (played.first_saver[storage] < 0) played.first_saver[storage] = i;
            played.last_saver[storage] = i;
        }
    }
}

/* What is saved and alive while an operation runs in the forward, or its node in the backward. */
static void parts_at(int at, bool forward, int64_t part[AM_LIVE_COUNT])
{
    const am_tape *tape = played.tape;
    memset(part, 0, AM_LIVE_COUNT * sizeof *part);
    for (int i = 1; i < tape->storages; i++) {
        const am_storage *storage = &tape->storage[i];
        int saver = played.first_saver[i];
        bool logits = i == tape->tensor[tape->logits].storage;
        bool used = storage->born <= at && storage->last >= at, held = saver >= 0 && saver < at;
        if (storage->fixed || (forward ? !used && !held : saver < 0 || saver > at)) continue;
        int own = saver >= 0 ? (int)tape->instruction[saver].module.component
                  : logits   ? AM_LIVE_OUTPUT
                             : AM_LIVE_TEMPORARY;
        part[own] += storage->bytes;
    }
}

/* Do the parts of a point equal those at an operation of its module and layer? */
static bool is_replayed(const am_report *report, int index)
{
    const am_point *point = &report->point[index];
    bool forward = point->phase == AM_FORWARD;
    for (int i = 0; i < played.tape->instructions; i++) {
        const am_instruction *instruction = &played.tape->instruction[i];
        int64_t part[AM_LIVE_COUNT];
        if (instruction->kind != AM_I_OP || instruction->op != point->op || instruction->zone != point->layer + 1 ||
            strcmp(instruction->module.path, point->module.path) != 0)
            continue;
        parts_at(i, forward, part);
        bool equal = true;
        for (int j = 0; j < (forward ? AM_LIVE_COUNT : AM_COMPONENT_COUNT); j++)
            equal = equal && part[j] == report->parts.live[j][index];
        if (equal) return true;
    }
    return false;
}

START_TEST(as_replayed)
{
    static const char *const texts[] = {
        "family=llama layers=6 hidden=32 heads=4 kv_heads=2 ffn=48 vocab=64 seq=16 batch=2",
        "family=llama layers=6 hidden=32 heads=4 kv_heads=2 ffn=48 vocab=64 seq=16 attention=eager dtype=fp32",
        "family=gpt2 layers=6 hidden=32 heads=4 vocab=64 seq=16 dropout=0.1",
        "family=mixtral layers=6 hidden=32 heads=4 kv_heads=2 ffn=24 vocab=64 seq=16 experts=4 experts_per_token=2",
    };
    am_report *report = &fixture_report;
    int compared[2] = {0};
    ck_assert(evaluate(texts[_i], "none", "components"));
    record_all(texts[_i]);
    for (int i = 0; i < report->points; i++) {
        const am_point *point = &report->point[i];
        if (point->layer < 0) continue;
        ck_assert_msg(is_replayed(report, i), "point %d: phase %d, layer %lld, %s (%s)", i, point->phase,
                      (long long)point->layer, point->module.path, am_ops[point->op].name);
        compared[point->phase != AM_FORWARD]++;
    }
    ck_assert_int_gt(compared[0], 20);
    ck_assert_int_gt(compared[1], 20);
}
END_TEST

/* Of checkpointed layers the inputs alone are kept: as many as there are layers up to the one that runs again. */
START_TEST(checkpointed)
{
    am_report *report = &fixture_report;
    int again = 0;
    ck_assert(evaluate("family=llama layers=40 hidden=32 heads=4 kv_heads=2 ffn=48 vocab=64 seq=16 batch=2", "full",
                       "components"));
    for (int i = 0; i < report->points; i++) {
        const am_point *point = &report->point[i];
        if (point->phase != AM_RECOMPUTE) continue;
        ck_assert_int_eq(report->parts.live[AM_C_RESIDUAL][i], (point->layer + 1) * 2 * 16 * 2 * 32);
        ck_assert_int_eq(report->parts.live[AM_C_ATTENTION][i], 0);
        ck_assert_int_eq(report->parts.live[AM_C_MLP][i], 0);
        ck_assert_int_gt(report->parts.live[AM_LIVE_RECOMPUTED][i], 0);
        ck_assert_int_gt(report->parts.live[AM_LIVE_GRADIENT][i], 0);
        again++;
    }
    ck_assert_int_gt(again, 20);
}
END_TEST

/* What is not of the layers' own: gathered parameters, copies on their way back. */
START_TEST(other_parts)
{
    const am_report *report = &fixture_report;
    static const struct {
        int model;
        const char *policy;
        am_live part;
    } rows[] = {
        {6, "none", AM_LIVE_GATHERED},    {6, "none", AM_LIVE_REDUCED},
        {0, "offload", AM_LIVE_RETURNED}, {0, "offload:saved", AM_LIVE_RETURNED},
        {0, "full", AM_LIVE_OUTPUT},      {0, "none", AM_LIVE_TEMPORARY},
        {9, "none", AM_LIVE_LASTING},     {9, "modules:layernorm", AM_LIVE_RECOMPUTED},
        {1, "full", AM_LIVE_CACHED},
    };
    int64_t most = 0;
    ck_assert(evaluate(models[rows[_i].model], rows[_i].policy, "components"));
    for (int i = 0; i < report->points; i++)
        if (report->parts.live[rows[_i].part][i] > most) most = report->parts.live[rows[_i].part][i];
    ck_assert_int_gt(most, 0);
}
END_TEST

START_TEST(names)
{
    ck_assert_str_eq(am_live_name((am_live)AM_C_NORM), "norm");
    ck_assert_str_eq(am_live_name(AM_LIVE_OUTPUT), "output");
    ck_assert_str_eq(am_live_name(AM_LIVE_LASTING), "lasting");
}
END_TEST

/* A schedule with more runs than there are points: of each stretch the highest, the same in all parts. */
START_TEST(long_schedule)
{
    const am_report *report = &fixture_report;
    ck_assert(evaluate("family=llama layers=800 hidden=32 heads=4 ffn=48 vocab=64 seq=16", "revolve:6", "components"));
    ck_assert(report->parted);
    expect_sums(&report->parts, report->points, report->point, report->outcome.after_forward);
}
END_TEST

/* What failed before has no parts. */
START_TEST(none)
{
    const am_code before[] = {AM_OK, AM_TOO_LARGE};
    am_report *report = &fixture_report;
    int64_t value[AM_SYMBOL_COUNT];
    ck_assert(evaluate("family=llama layers=8 hidden=32 heads=4 ffn=48 vocab=64 seq=16", "none", "components"));
    const am_config config = report->config;
    report->policy = (am_policy){.kind = AM_POLICY_BLOCK, .count = 3};
    am_evaluation evaluation = {.report = report,
                                .workspace = &fixture_workspace,
                                .config = &config,
                                .policy = &report->policy,
                                .extents = &report->extents,
                                .pattern = am_model_pattern(&config),
                                .code = before[_i]};
    am_model_symbols(&config, value);
    am_extents_init(&report->extents, value);
    memset(fixture_workspace.played, 0, sizeof fixture_workspace.played);
    fixture_workspace.recorded = (am_record){0};
    am_evaluation_read_parts(&evaluation);
    ck_assert_int_eq(evaluation.code, before[_i]);
    ck_assert_int_eq(report->parted, before[_i] == AM_OK);
    ck_assert_int_eq(report->points > 0, before[_i] == AM_OK);
    ck_assert_int_eq(report->plain.points > 0, before[_i] == AM_OK);
}
END_TEST

Suite *test_live_parts_suite(void);
Suite *test_live_parts_suite(void)
{
    Suite *suite = suite_create("live_parts");
    TCase *tests = tcase_create("live_parts");
    tcase_add_loop_test(tests, sums, 0, MODELS * POLICIES);
    tcase_add_loop_test(tests, nothing_else, 0, MODELS * POLICIES);
    tcase_add_loop_test(tests, without_checkpointing, 0, 8);
    tcase_add_loop_test(tests, as_replayed, 0, 4);
    tcase_add_test(tests, checkpointed);
    tcase_add_loop_test(tests, other_parts, 0, 9);
    tcase_add_test(tests, names);
    tcase_add_test(tests, long_schedule);
    tcase_add_loop_test(tests, none, 0, 2);
    suite_add_tcase(suite, tests);
    return suite;
}
