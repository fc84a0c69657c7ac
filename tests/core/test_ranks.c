/* What a micro-batch takes on a pipeline's stages: as it was measured, and together what the whole model keeps. */
#include <stdio.h>
#include <string.h>

#include "pipelines.h"
#include "fixture.h"

static const am_report *evaluate(const char *text)
{
    am_status status;
    am_config config = config_of(text);
    ck_assert_msg(am_evaluate(&fixture_report, &fixture_workspace, &config, &status) == AM_OK, "%s: %s", text, status.message);
    return &fixture_report;
}

/* ---- as measured: one micro-batch, so that the rank's figures are the stage's */

static void compare_figure(const char *text, json record, const char *key, int64_t bytes)
{
    if (json_is_null(json_get(record, key))) return;
    int64_t wanted = json_int(json_get(record, key));
    ck_assert_msg(bytes == wanted, "%s: %s is %lld, not %lld", text, key, (long long)bytes, (long long)wanted);
}

static void compare_rank(const char *text, json record, const am_rank *rank)
{
    compare_figure(text, record, "saved_bytes", rank->saved_bytes);
    compare_figure(text, record, "live_after_forward", rank->after_forward);
    compare_figure(text, record, "forward_peak", rank->forward_peak);
    compare_figure(text, record, "backward_peak", rank->backward_peak);
    compare_figure(text, record, "rank_parameters", rank->parameters);
}

/* Of the stage with these ends, whatever its rank has beside it. */
static void compare_kind(const char *text, json record, const am_report *report)
{
    char name[16];
    json_text(json_get(json_get(record, "case"), "stage"), name, sizeof name);
    bool received = strcmp(name, "first") != 0, sent = strcmp(name, "last") != 0;
    const am_stage *stage = fixture_workspace.stage;
    while (stage->received != received || stage->sent != sent) stage++;
    compare_figure(text, record, "live_after_forward", stage->kept + stage->lasting);
    compare_figure(text, record, "forward_peak", stage->forward + stage->lasting);
    compare_figure(text, record, "backward_peak", stage->backward + stage->lasting);
    if (report->config.schedule != AM_ZBV || !received) return;
    int64_t input = json_int(json_get(record, "input_peak")), norm = 2 * report->config.hidden;
    bool in_norm = input == stage->input + norm; /* whose stand-in makes its weight's gradient all the same */
    compare_figure(text, record, "input_peak", stage->input + (in_norm ? norm : 0));
    compare_figure(text, record, "waiting", stage->waiting);
    int64_t peak = json_int(json_get(record, "weights_peak")); /* its norm's backward is a stand-in that makes all gradients */
    ck_assert_msg(stage->weights >= stage->waiting && stage->weights < peak + peak / 8, "%s: weights %lld, not %lld", text,
                  (long long)stage->weights, (long long)peak);
}

static void compare_stage(json record, void *count)
{
    char text[1024];
    const am_report *report = evaluate(json_text(json_get(record, "text"), text, sizeof text));
    ++*(int *)count;
    compare_kind(text, record, report);
    if (report->config.vpp == 1) compare_rank(text, record, &report->rank[json_int(json_get(record, "rank"))]);
}

START_TEST(measured)
{
    int count = 0;
    json_each(json_load("stages.json"), compare_stage, &count);
    ck_assert_int_eq(count, 33 + 24 + 12 + 9 + 6);
}
END_TEST

/* ---- sums */

/* The stages of one micro-batch keep together what the whole model keeps. */
START_TEST(sums)
{
    char text[512];
    snprintf(text, sizeof text, "%s micro_batches=1", pipelines[_i]);
    const am_report *report = evaluate(text);
    int64_t saved = 0, parameters = 0, layers = 0;
    for (int i = 0; i < report->ranks; i++) {
        ck_assert_int_eq(report->rank[i].in_flight, report->config.vpp);
        saved += report->rank[i].saved_bytes;
        parameters += report->rank[i].parameters;
        layers += report->rank[i].layers;
    }
    bool tied = report->config.tie_word_embeddings;
    int64_t copy = report->config.vocab / report->config.tp * report->config.hidden;
    ck_assert_int_eq(saved, report->saved_bytes + (report->ranks - 1) * report->shared_bytes); /* each has its own tables */
    ck_assert_int_eq(parameters, report->parameters.total + (tied && report->config.vpp == 1 ? copy : 0));
    ck_assert_int_eq(layers, report->config.layers);
}
END_TEST

#define LATENT                                                                                                                      \
    "stack=megatron family=deepseek_v3 hidden=64 heads=4 head_dim=24 rotary_dim=8 v_head_dim=16 kv_rank=16 ffn=96 vocab=64 seq=64 " \
    "experts=4 experts_per_token=2 moe_ffn=48 "

/* So under a policy, which is of each stage's own layers: so many of its first, so many segments. */
START_TEST(policies_of_stages)
{
    static const char *const table[][2] = {
        {"stack=torch layers=12 hidden=64 heads=4 kv_heads=2 ffn=160 vocab=96 seq=32 pp=3 stage_layers=2,7,3", "block:2"},
        {"stack=torch layers=12 hidden=64 heads=4 kv_heads=2 ffn=160 vocab=96 seq=32 pp=3 stage_layers=2,7,3", "every:2"},
        {"stack=torch layers=12 hidden=64 heads=4 kv_heads=2 ffn=160 vocab=96 seq=32 pp=3 stage_layers=2,7,3", "sqrt"},
        {"stack=torch layers=12 hidden=64 heads=4 kv_heads=2 ffn=160 vocab=96 seq=32 pp=3 stage_layers=2,7,3", "best"},
        {"stack=torch layers=12 hidden=64 heads=4 kv_heads=2 ffn=160 vocab=96 seq=32 pp=2 vpp=2 stage_layers=1,5,2,4", "save:matmuls"},
        {"stack=megatron layers=12 hidden=64 heads=4 vocab=96 seq=32 ffn=128 pp=2 vpp=2 stage_layers=1,5,2,4", "block:3"},
        {"stack=megatron layers=12 hidden=64 heads=4 vocab=96 seq=32 ffn=128 pp=3 stage_layers=2,6,4", "uniform:2"},
        {"stack=megatron layers=12 hidden=64 heads=4 vocab=96 seq=32 ffn=128 pp=3 stage_layers=2,7,3", "modules:core_attn"},
        /* what the first, dense layers share with the others is kept by these alone */
        {LATENT "layers=9 pp=3 batch=3 dense_layers=2 cp=2", "block:2"},
        {LATENT "layers=20 pp=4 shared_ffn=32 dense_layers=1 cp=2", "block:3"},
        /* segments, and layers that are all dense, have no name of their kind */
        {LATENT "layers=8 pp=4 dense_layers=7", "uniform:2"},
        {LATENT "layers=6 pp=2 dense_layers=6", "none"},
    };
    char text[512];
    snprintf(text, sizeof text, "%s checkpoint=%s", table[_i][0], table[_i][1]);
    const am_report *report = evaluate(text);
    int64_t saved = 0, time = 0;
    for (int64_t rank = 0; rank < report->config.pp; rank++) {
        am_chunk chunk[AM_MAX_CHUNKS];
        int chunks = am_rank_chunks(&report->config, rank, chunk);
        for (int i = 0; i < chunks; i++) {
            bool own = report->policy.kind == AM_POLICY_BEST_SEGMENTS;
            const am_stage *stage = own ? &fixture_workspace.rank_plans.stage[chunk[i].stage]
                                        : &fixture_workspace.stage[am_stage_kind_of(AM_MAX_STAGE_KINDS, fixture_workspace.stage, &chunk[i])];
            saved += stage->saved + stage->saved_lasting;
            time += stage->recomputed_time;
        }
    }
    int64_t chunks = report->config.pp * report->config.vpp;
    ck_assert_msg(saved == report->saved_bytes + (chunks - 1) * report->shared_bytes, "%s: %lld, not %lld", text, (long long)saved,
                  (long long)report->saved_bytes);
    ck_assert_msg(time == report->outcome.recomputed_time, "%s: %lld, not %lld", text, (long long)time,
                  (long long)report->outcome.recomputed_time);
}
END_TEST

/* Without a pipeline the one rank's figures are the step's. */
START_TEST(alone)
{
    const am_report *report = evaluate("model=llama-3-8b stack=torch layers=5 seq=512");
    const am_rank *rank = report->rank;
    ck_assert_int_eq(report->ranks, 1);
    ck_assert_int_eq(report->worst_rank, 0);
    ck_assert_int_eq(rank->layers, 5);
    ck_assert_int_eq(rank->in_flight, 1);
    ck_assert_int_eq(rank->saved_bytes, report->saved_bytes);
    ck_assert_int_eq(rank->after_forward, report->outcome.after_forward);
    ck_assert_int_eq(rank->forward_peak, report->outcome.forward_peak);
    ck_assert_int_eq(rank->backward_peak, report->outcome.backward_peak);
    ck_assert_int_eq(rank->peak_bytes, report->outcome.step_peak);
    ck_assert_int_eq(rank->parameters, report->parameters.total);
    ck_assert_int_eq(report->chunk[0].alive, 1);
}
END_TEST

/* What experts' dispatchers keep is there once, and what each chunk in flight keeps is alive: every further one as much as the one
 * before it, with an order of tokens of its own, which its graph holds when the dispatchers have that of the chunk behind it. */
START_TEST(in_flight)
{
    static const char *const table[] = {
        "stack=megatron layers=8 hidden=64 heads=4 kv_heads=2 vocab=96 seq=32 ffn=128 family=mixtral experts=4 experts_per_token=2 pp=4",
        "stack=megatron layers=24 hidden=64 heads=4 kv_heads=2 vocab=96 seq=32 ffn=128 family=mixtral experts=4 experts_per_token=2 pp=4",
        "stack=megatron-local layers=8 hidden=64 heads=4 kv_heads=2 vocab=96 seq=32 ffn=128 family=mixtral experts=4 experts_per_token=2 pp=4 checkpoint=full",
        "stack=torch layers=8 hidden=64 heads=4 kv_heads=2 vocab=96 seq=32 ffn=160 pp=4",
    };
    const am_report *report = evaluate(table[_i]);
    const am_rank *rank = report->rank;
    for (int i = 0; i < report->ranks; i++) ck_assert_msg(rank[i].saved_bytes <= rank[i].after_forward, "%s: rank %d", table[_i], i);
    for (int i = 1; i < 3; i++) { /* middle ranks hold 3 and 2 chunks of the same stage */
        ck_assert_int_eq(rank[i].in_flight, 4 - i);
        const am_stage *stage = &fixture_workspace.stage[1];
        int64_t orders = _i < 2 ? 8 * 2 * 32 * report->config.layers / 4 : 0; /* int64, of two experts a token */
        ck_assert_int_eq(stage->renewed, orders);
        ck_assert_int_eq(rank[i].after_forward,
                         stage->lasting + rank[i].in_flight * stage->kept + (rank[i].in_flight - 1) * orders);
        ck_assert_int_eq(rank[i].saved_bytes, stage->saved_lasting + rank[i].in_flight * stage->saved);
        ck_assert_int_ge(stage->kept + orders, stage->saved);
    }
}
END_TEST

/* What the layers of a chunk keep by the report's rows; once: thereof what each layer has for the whole run, its rotary table. */
static int64_t bytes_of_chunk(const am_report *report, const am_chunk *chunk, int64_t *once)
{
    int64_t bytes = 0;
    *once = 0;
    for (int i = 0; i < report->rows; i++) {
        const am_report_row *own = &report->row[i];
        bool outside = own->kind == AM_KIND_OUTSIDE,
             dense = own->kind >= 0 && report->kinds > 1 && report->kind[own->kind].first == 0;
        int64_t count = dense ? chunk->dense : chunk->layers - chunk->dense;
        if (outside) count = own->row.zone == 0 ? chunk->embedding : chunk->head;
        if (own->kind == AM_KIND_SHARED) count = 1;
        bytes += count * own->row.bytes;
        if (own->kind == AM_KIND_SHARED || (own->row.permanent && strcmp(own->row.name, "order by expert") != 0))
            *once += count * own->row.bytes;
    }
    return bytes;
}

/* Each rank keeps what the rows of the whole model add up to for its layers, and no more than is alive. */
#define EXPERTS                                                                                                        \
    "stack=megatron family=mixtral hidden=64 heads=4 kv_heads=2 vocab=96 seq=32 ffn=128 experts=4 experts_per_token=2 layers=24 "
START_TEST(rows_of_ranks)
{
    static const char *const table[] = {
        "model=mixtral-8x7b tie_word_embeddings=yes seq=256 stack=megatron checkpoint=modules:core_attn pp=4",
        EXPERTS "pp=4",
        EXPERTS "pp=4 ep=2",
        EXPERTS "pp=4 ep=2 etp=2 tp=2 sp=yes checkpoint=modules:moe_act",
        EXPERTS "pp=4 tie_word_embeddings=yes checkpoint=modules:layernorm",
        EXPERTS "pp=4 tie_word_embeddings=yes checkpoint=modules:moe",
        EXPERTS "pp=4 checkpoint=modules:core_attn,layernorm,moe_act",
        EXPERTS "pp=2 vpp=2 micro_batches=2 checkpoint=modules:core_attn",
        EXPERTS "pp=3 micro_batches=2 checkpoint=modules:core_attn",
        EXPERTS "pp=4 checkpoint=full",
        LATENT "layers=24 pp=4 checkpoint=modules:core_attn",
        LATENT "layers=24 pp=4 dense_layers=3 checkpoint=modules:mla_up_proj",
        LATENT "layers=24 pp=4 dense_layers=3 shared_ffn=32 checkpoint=modules:shared_experts,layernorm",
        LATENT "layers=24 pp=4 dense_layers=1 shared_ffn=32 tie_word_embeddings=yes ep=2 checkpoint=modules:moe,mlp",
        LATENT "layers=24 pp=4 q_rank=24 dense_layers=8 checkpoint=modules:moe_act,mla_up_proj",
        LATENT "layers=24 pp=2 vpp=2 dense_layers=2 micro_batches=2",
    };
    const am_report *report = evaluate(table[_i]);
    for (int i = 0; i < report->ranks; i++) {
        const am_rank *rank = &report->rank[i];
        int64_t saved = 0;
        for (int j = 0; j < rank->chunks; j++) {
            const am_chunk *chunk = &report->chunk[rank->first_chunk + j];
            int64_t once, bytes = bytes_of_chunk(report, chunk, &once);
            saved += chunk->alive * (bytes - once) + once;
        }
        ck_assert_msg(rank->saved_bytes == saved, "%s: rank %d keeps %lld, not %lld", table[_i], i,
                      (long long)rank->saved_bytes, (long long)saved);
        ck_assert_msg(rank->saved_bytes <= rank->after_forward, "%s: rank %d: %lld of %lld", table[_i], i,
                      (long long)rank->saved_bytes, (long long)rank->after_forward);
    }
}
END_TEST

/* A budget whose plans run nothing again keeps what no checkpointing does: a table that lasts once, however many chunks are in flight. */
START_TEST(generous_budget)
{
    static const char *const table[] = {
        "stack=megatron layers=6 pp=3 hidden=64 heads=4 kv_heads=2 ffn=128 vocab=96 seq=32",
        "stack=megatron-local layers=8 pp=2 vpp=2 hidden=64 heads=4 kv_heads=2 ffn=128 vocab=96 seq=32",
        LATENT "layers=8 pp=2 dense_layers=1",
    };
    static am_rank none[AM_MAX_RANKS];
    char text[512];
    const am_report *report = evaluate(table[_i]);
    memcpy(none, report->rank, sizeof none);
    snprintf(text, sizeof text, "%s checkpoint=budget:1GiB", table[_i]);
    report = evaluate(text);
    ck_assert_int_eq(report->outcome.recomputed_time, 0);
    for (int i = 0; i < report->ranks; i++) {
        ck_assert_int_eq(report->rank[i].saved_bytes, none[i].saved_bytes);
        ck_assert_int_eq(report->rank[i].after_forward, none[i].after_forward);
        ck_assert_int_eq(report->rank[i].peak_bytes, none[i].peak_bytes);
    }
}
END_TEST

/* Checkpointing is of a stage's own layers: block:N of each. */
START_TEST(checkpointed)
{
    const am_report *report = evaluate("stack=megatron-local layers=8 hidden=64 heads=4 vocab=96 seq=32 ffn=256 pp=2 positions=learned "
                                       "activation=gelu checkpoint=block:3 micro_batches=1");
    int64_t input = 2 * 32 * 64, layer = report->kind[report->kinds - 1].bytes;
    int64_t outside[2] = {0};
    for (int i = 0; i < report->rows; i++)
        if (report->row[i].kind == AM_KIND_OUTSIDE) outside[report->row[i].row.zone > 0] += report->row[i].row.bytes;
    for (int i = 0; i < 2; i++) ck_assert_int_eq(report->rank[i].saved_bytes, 3 * input + layer + outside[i]);
}
END_TEST

Suite *test_ranks_suite(void)
{
    Suite *suite = suite_create("ranks");
    TCase *tests = tcase_create("ranks");
    tcase_add_test(tests, measured);
    tcase_add_loop_test(tests, sums, 0, 5);
    tcase_add_loop_test(tests, policies_of_stages, 0, 12);
    tcase_add_test(tests, alone);
    tcase_add_loop_test(tests, in_flight, 0, 4);
    tcase_add_loop_test(tests, rows_of_ranks, 0, 16);
    tcase_add_loop_test(tests, generous_budget, 0, 3);
    tcase_add_test(tests, checkpointed);
    suite_add_tcase(suite, tests);
    return suite;
}
