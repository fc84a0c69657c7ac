/* Megatron-Core's layers against what its own code keeps on one rank: figures, peaks, and row by row which module keeps
 * what by which of autograd's nodes (tests/fixtures/parallel.json). */
#include "ranks.h"

START_TEST(figures)
{
    json record = rank_at(_i), layers = json_get(record, "layer_bytes");
    evaluate_rank(record);
    expect_figures(record);
    expect_figure(record, "rank_parameters", fixture_report.parameters.total);
    if (json_size(layers) >= 2 && json_get(record, "recomputed_layers_bytes").index < 0) expect_layers(record);
}
END_TEST

START_TEST(rows)
{
    json record = rank_at(_i);
    evaluate_rank(record);
    if (json_get(record, "recomputed_layers_bytes").index >= 0) return; /* inputs of regions count as outside there */
    expect_rank_rows(record, fixture_report.config.layers > 1 ? "decoder.layers.1" : "decoder.layers.0");
}
END_TEST

/* ---- with Transformer Engine: read from source, against what two other readers counted ---- */

/* Bytes of a layer of b sequences: GPT 34·s·b·h with f = 4h, Llama 12·s·b·h + 4·s·b·k·d + 6·s·b·f with a·d = h; both and
 * 4·a·s·b of log-sum-exp, 16 of random state, and the norms' statistics. */
START_TEST(engine_layers)
{
    enum { S = 64, H = 96, A = 4, K = 2, D = H / A, F = 160 };
    static const struct {
        const char *text;
        int64_t batch, bytes; /* a token, without the log-sum-exp */
    } table[] = {
        {"norm=layernorm activation=gelu bias=yes positions=learned ffn=384 dropout=0.1", 1, 34 * H + 16},
        {"norm=layernorm activation=gelu bias=yes positions=learned ffn=384", 1, 32 * H + 16},
        {"kv_heads=2 ffn=160", 1, 12 * H + 4 * K * D + 6 * F + 8},
        {"ffn=160", 1, 16 * H + 6 * F + 8},
        /* of more sequences the kernel's output is turned back by a copy, which the projection keeps */
        {"kv_heads=2 ffn=160", 3, 14 * H + 4 * K * D + 6 * F + 8},
        {"norm=layernorm activation=gelu bias=yes positions=learned ffn=384 dropout=0.1", 3, 36 * H + 16},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        char text[256];
        am_status status;
        int64_t tokens = S * table[i].batch;
        snprintf(text, sizeof text, "stack=megatron layers=3 hidden=96 heads=4 vocab=64 seq=64 batch=%lld %s",
                 (long long)table[i].batch, table[i].text);
        am_config config = config_of(text);
        ck_assert_int_eq(am_evaluate(&fixture_report, &fixture_workspace, &config, &status), AM_OK);
        const am_kind *kind = &fixture_report.kind[fixture_report.kinds - 1];
        ck_assert_msg(kind->bytes == tokens * (table[i].bytes + 4 * A) + 16, "%s: %lld", text, (long long)kind->bytes);
    }
}
END_TEST

/* Llama-3-8B as autograd-minded readers of the code have it: 34.03·s·b·h a layer. */
START_TEST(engine_llama_3_8b)
{
    am_status status;
    am_config config = config_of("stack=megatron model=llama-3-8b seq=8192");
    ck_assert_int_eq(am_evaluate(&fixture_report, &fixture_workspace, &config, &status), AM_OK);
    const am_kind *kind = &fixture_report.kind[fixture_report.kinds - 1];
    ck_assert_double_eq_tol((double)kind->bytes / (8192.0 * 4096.0), 34.03, 0.005);
    ck_assert_int_eq(fixture_report.shared_bytes, 4 * 8192 * 128); /* rotary angles, once */
}
END_TEST

/* Under sequence parallelism all that a layer keeps is divided; without it, what norms and linear layers take is not. */
START_TEST(engine_ranks)
{
    enum { S = 64, H = 96, A = 4, F = 160, T = 2 };
    static const struct {
        const char *text;
        int64_t bytes; /* a token */
    } table[] = {
        {"ffn=160 tp=2", 8 * H + 8 + (8 * H + 6 * F + 4 * A) / T},
        {"ffn=160 tp=2 sp=yes", (16 * H + 6 * F + 8 + 4 * A) / T},
        {"norm=layernorm activation=gelu bias=yes positions=learned ffn=384 tp=2 sp=yes dropout=0.1", (34 * H + 16 + 4 * A) / T},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        char text[256];
        am_status status;
        snprintf(text, sizeof text, "stack=megatron layers=3 hidden=96 heads=4 vocab=64 seq=64 %s", table[i].text);
        am_config config = config_of(text);
        ck_assert_int_eq(am_evaluate(&fixture_report, &fixture_workspace, &config, &status), AM_OK);
        const am_kind *kind = &fixture_report.kind[fixture_report.kinds - 1];
        ck_assert_msg(kind->bytes == S * table[i].bytes + 16, "%s: %lld", text, (long long)kind->bytes);
    }
}
END_TEST

/* With context parallelism the ring keeps the query and, of the rank after, keys and values, as many bytes as the kernel's own; a
 * random state for each turn, and for all layers where sequences begin. A kernel that turns packed heads of 128 together makes the
 * query a part of one tensor, all of which stays. */
START_TEST(engine_context)
{
    enum { S = 64, H = 96, A = 4, K = 2, D = H / A, F = 160 };
    static const struct {
        const char *text;
        int64_t batch, cp, bytes; /* a token of the rank */
        int64_t shared;
    } table[] = {
        {"kv_heads=2 ffn=160", 1, 2, 12 * H + 4 * K * D + 6 * F + 8 + 4 * A, 4 * S * D + 8},
        {"kv_heads=2 ffn=160", 3, 4, 14 * H + 4 * K * D + 6 * F + 8 + 4 * A, 4 * S * D + 16},
        {"kv_heads=2 ffn=160 tp=2 sp=yes", 1, 2, (12 * H + 4 * K * D + 6 * F + 8 + 4 * A) / 2, 4 * S * D + 8},
        {"norm=layernorm activation=gelu bias=yes positions=learned ffn=384 dropout=0.1", 1, 2, 34 * H + 16 + 4 * A, 8},
        {"norm=layernorm activation=gelu bias=yes positions=learned ffn=384 head_dim=128", 1, 16,
         24 * H + 8 * 512 + 16 + 4 * A, 8},
        {"norm=layernorm activation=gelu bias=yes positions=learned ffn=384 head_dim=128", 7, 2, 24 * H + 10 * 512 + 16 + 4 * A, 32},
        {"norm=layernorm activation=gelu bias=yes positions=learned ffn=384 head_dim=128", 8, 2, 24 * H + 14 * 512 + 16 + 4 * A, 36},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        char text[256];
        am_status status;
        snprintf(text, sizeof text, "stack=megatron layers=3 hidden=96 heads=4 vocab=64 seq=%lld batch=%lld cp=%lld %s",
                 (long long)(S * table[i].cp), (long long)table[i].batch, (long long)table[i].cp, table[i].text);
        am_config config = config_of(text);
        ck_assert_int_eq(am_evaluate(&fixture_report, &fixture_workspace, &config, &status), AM_OK);
        const am_kind *kind = &fixture_report.kind[fixture_report.kinds - 1];
        int64_t wanted = S * table[i].batch * table[i].bytes + 16 * table[i].cp;
        ck_assert_msg(kind->bytes == wanted, "%s: %lld, not %lld", text, (long long)kind->bytes, (long long)wanted);
        ck_assert_msg(fixture_report.shared_bytes == table[i].shared, "%s shares %lld", text,
                      (long long)fixture_report.shared_bytes);
    }
}
END_TEST

/* Latent attention: of a token the norm apart keeps 2·h and 4, the down projections 2·h; each latent with its norm's result and
 * statistics 4 and 4 bytes an element and a token; the unfused rotations of queries and of the shared key cosines and sines of all
 * tokens each; the kernel what it takes and gives. With mla_up_proj latents, the shared key and the angles are what is kept of
 * queries, keys and values. */
START_TEST(engine_latents)
{
    enum { S = 64, H = 96, A = 4, D = 24, R = 8, U = 16, Q = 40, C = 32, F = 160, T = 2 };
    enum { WIDE = 4 * A * (D + U + 1) + 6 * F, OWN = 8 * H + 16 + 4 * Q + 4 * C + 2 * R };
    static const struct {
        const char *text;
        int64_t bytes; /* a token */
    } table[] = {
        {"", OWN + 8 * R + WIDE},
        {"tp=2", OWN + 8 * R + WIDE / T},
        {"tp=2 sp=yes", 8 * R + (OWN + WIDE) / T},
        {"checkpoint=modules:mla_up_proj", 8 * H + 8 + 2 * Q + 2 * (C + R) + 4 * R + 2 * A * U + 4 * A + 6 * F},
        /* the gathered key is another tensor */
        {"tp=2 sp=yes checkpoint=modules:mla_up_proj",
         (8 * H + 8 + 2 * Q + 2 * (C + R) + 2 * A * U + 4 * A + 6 * F) / T + 2 * R + 4 * R},
        {"checkpoint=modules:layernorm", OWN + 8 * R + WIDE - 2 * H - 4}, /* nor its statistics */
        {"seq=128 cp=2", OWN + 8 * R + WIDE}, /* the ring as many bytes as the kernel, and two states of the generator */
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        char text[256];
        am_status status;
        snprintf(text, sizeof text,
                 "stack=megatron family=deepseek_v3 layers=3 hidden=96 heads=4 head_dim=24 rotary_dim=8 v_head_dim=16 q_rank=40 "
                 "kv_rank=32 ffn=160 vocab=64 %s%s",
                 strstr(table[i].text, "seq=") ? "" : "seq=64 ", table[i].text);
        am_config config = config_of(text);
        ck_assert_int_eq(am_evaluate(&fixture_report, &fixture_workspace, &config, &status), AM_OK);
        const am_kind *kind = &fixture_report.kind[fixture_report.kinds - 1];
        int64_t wanted = S * table[i].bytes + 16 * config.cp;
        ck_assert_msg(kind->bytes == wanted, "%s: %lld, not %lld", text, (long long)kind->bytes, (long long)wanted);
    }
}
END_TEST

/* Without the engine the input of a linear layer is gathered into a buffer, the widest of them a latent's where that is wider than
 * the hidden state. */
START_TEST(buffer_of_latents)
{
    static const struct {
        const char *text;
        int64_t width;
    } table[] = {{"q_rank=40", 96}, {"q_rank=128", 128}, {"q_rank=0", 96}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        char text[256];
        am_status status;
        int64_t bytes = 0;
        snprintf(text, sizeof text,
                 "stack=megatron-local attention=flash family=deepseek_v3 layers=3 hidden=96 heads=4 head_dim=24 rotary_dim=8 "
                 "v_head_dim=16 kv_rank=32 ffn=160 vocab=64 seq=64 batch=3 tp=2 sp=yes %s",
                 table[i].text);
        am_config config = config_of(text);
        ck_assert_int_eq(am_evaluate(&fixture_report, &fixture_workspace, &config, &status), AM_OK);
        for (int k = 0; k < fixture_report.lastings; k++)
            if (strcmp(fixture_report.lasting[k].name, "global memory buffer") == 0) bytes += fixture_report.lasting[k].bytes;
        ck_assert_msg(bytes == 2 * 64 * 3 * table[i].width, "%s: %lld", text, (long long)bytes);
    }
}
END_TEST

/* Experts are those measured without the engine, a shared one too. */
START_TEST(engine_experts)
{
    static const char *const table[] = {
        "family=mixtral", "family=mixtral shared_ffn=32 tp=2 sp=yes ep=2",
        "family=deepseek_v3 head_dim=24 rotary_dim=8 kv_rank=32 dense_layers=0 expert_groups=2 groups_per_token=1 shared_ffn=32 ep=2",
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        int64_t bytes[2];
        for (int engine = 0; engine < 2; engine++) {
            char text[320];
            am_status status;
            snprintf(text, sizeof text,
                     "stack=megatron%s attention=flash layers=3 hidden=64 heads=4 ffn=96 vocab=64 seq=32 experts=4 "
                     "experts_per_token=2 moe_ffn=48 %s",
                     engine ? "" : "-local", table[i]);
            am_config config = config_of(text);
            ck_assert_int_eq(am_evaluate(&fixture_report, &fixture_workspace, &config, &status), AM_OK);
            bytes[engine] = 0;
            for (int j = 0; j < fixture_report.rows; j++) {
                const am_row *row = &fixture_report.row[j].row;
                if (row->module.component == AM_C_MLP) bytes[engine] += row->bytes;
            }
        }
        ck_assert_msg(bytes[0] == bytes[1] && bytes[0] > 0, "%s: %lld, %lld", table[i], (long long)bytes[0], (long long)bytes[1]);
    }
}
END_TEST

/* More dense layers than there are layers: all are, and no dispatcher keeps anything. */
START_TEST(all_dense)
{
    int64_t peak[2];
    for (int more = 0; more < 2; more++) {
        char text[320];
        am_status status;
        snprintf(text, sizeof text,
                 "stack=megatron family=deepseek_v3 layers=3 hidden=64 heads=4 head_dim=24 rotary_dim=8 kv_rank=32 ffn=96 vocab=64 seq=32 "
                 "experts=4 experts_per_token=2 moe_ffn=48 expert_groups=2 groups_per_token=1 dense_layers=%d",
                 more ? 60 : 3);
        am_config config = config_of(text);
        am_code code = am_evaluate(&fixture_report, &fixture_workspace, &config, &status);
        ck_assert_msg(code == AM_OK, "%s: %s", text, status.message);
        peak[more] = fixture_report.outcome.step_peak;
    }
    ck_assert_int_eq(peak[0], peak[1]);
}
END_TEST

/* The rotary embedding's cache has 32 tables for the whole class, whatever the layers. */
START_TEST(latent_tables)
{
    enum { S = 32, R = 8 };
    for (int layers = 30; layers <= 40; layers += 5) {
        char text[256];
        am_status status;
        snprintf(text, sizeof text,
                 "stack=megatron-local family=deepseek_v3 layers=%d hidden=64 heads=4 head_dim=24 rotary_dim=8 kv_rank=32 ffn=96 "
                 "vocab=64 seq=32",
                 layers);
        am_config config = config_of(text);
        ck_assert_int_eq(am_evaluate(&fixture_report, &fixture_workspace, &config, &status), AM_OK);
        ck_assert_int_eq(fixture_report.lastings, 1);
        ck_assert_int_eq(fixture_report.lasting[0].bytes, 4 * S * R * (layers < 32 ? layers : 32));
    }
}
END_TEST

/* An allocator gives each layer's tensors blocks of their own: of the rows' too, so that no more is kept than is alive. */
START_TEST(blocks_of_layers)
{
    enum { LAYERS = 12, BLOCK = 512, TOKENS = 4, ORDER = 1, MAP_AND_PROBABILITIES = 2 };
    static const char *const policies[] = {"none", "full"};
    for (int full = 0; full < 2; full++) {
        char text[256];
        am_status status;
        int64_t lasting = 0;
        snprintf(text, sizeof text,
                 "stack=megatron family=mixtral layers=%d hidden=48 heads=2 ffn=264 vocab=8 experts=4 experts_per_token=2 moe_ffn=24 seq=%d "
                 "allocator=cuda checkpoint=%s",
                 LAYERS, TOKENS, policies[full]);
        am_config config = config_of(text);
        ck_assert_int_eq(am_evaluate(&fixture_report, &fixture_workspace, &config, &status), AM_OK);
        for (int i = 0; i < fixture_report.lastings; i++) lasting += fixture_report.lasting[i].bytes;
        ck_assert_int_eq(lasting, LAYERS * BLOCK * (MAP_AND_PROBABILITIES + (full ? ORDER : 0)));
        ck_assert_int_le(fixture_report.saved_bytes, fixture_report.outcome.after_forward);
    }
}
END_TEST

/* A rank whose experts get 150 per cent of its share keeps as many rows more, in whole tokens, and the report's rows say it. */
START_TEST(imbalance)
{
    enum { TOKENS = 31, H = 64, M = 96, PER_ROW = 2 * H + 6 * M + 2 };
    static const struct {
        int percent;
        int64_t rows;
    } table[] = {{100, 62}, {101, 63}, {150, 93}, {200, 124}};
    int64_t balanced = 0;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        char text[256];
        am_status status;
        snprintf(text, sizeof text,
                 "stack=megatron-local layers=3 hidden=64 heads=4 vocab=64 seq=31 ffn=96 attention=flash experts=4 "
                 "experts_per_token=2 ep=2 expert_imbalance=%d",
                 table[i].percent);
        am_config config = config_of(text);
        ck_assert_int_eq(am_evaluate(&fixture_report, &fixture_workspace, &config, &status), AM_OK);
        const am_kind *kind = &fixture_report.kind[fixture_report.kinds - 1];
        if (i == 0) balanced = kind->bytes;
        ck_assert_int_eq(kind->bytes - balanced, (table[i].rows - 2 * TOKENS) * PER_ROW);
    }
}
END_TEST

Suite *test_megatron_suite(void);
Suite *test_megatron_suite(void)
{
    load_ranks(true);
    Suite *suite = suite_create("megatron");
    TCase *tests = tcase_create("megatron");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, figures, 0, rank_count);
    tcase_add_loop_test(tests, rows, 0, rank_count);
    tcase_add_test(tests, engine_layers);
    tcase_add_test(tests, engine_llama_3_8b);
    tcase_add_test(tests, engine_ranks);
    tcase_add_test(tests, engine_context);
    tcase_add_test(tests, engine_latents);
    tcase_add_test(tests, buffer_of_latents);
    tcase_add_test(tests, engine_experts);
    tcase_add_test(tests, all_dense);
    tcase_add_test(tests, latent_tables);
    tcase_add_test(tests, blocks_of_layers);
    tcase_add_test(tests, imbalance);
    suite_add_tcase(suite, tests);
    return suite;
}
