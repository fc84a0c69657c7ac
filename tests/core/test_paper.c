/* Korthikanti et al. 2022, arXiv 2205.05198: the ledger row by row, table 2, the terms outside the layers (section
 * 4.3), and figure 7's configurations (table 3), all from the tape of stack=paper. Bytes in GiB as the reference gives
 * them, to two decimals. */
#include <stdio.h>
#include <string.h>

#include "fixture.h"

static void evaluate(const char *text)
{
    am_status status;
    am_config config = config_of(text);
    ck_assert_msg(am_evaluate(&fixture_report, &fixture_workspace, &config, &status) == AM_OK, "%s: %s", text,
                  status.message);
}

static const char *text_of(const char *format, const char *more)
{
    static char text[512];
    snprintf(text, sizeof text, format, more);
    return text;
}

#define SMALL                                                                                                          \
    "stack=paper attention=eager layers=4 hidden=64 heads=4 vocab=256 activation=gelu family=gpt2 seq=32 batch=2 %s"
enum { S = 32, B = 2, H = 64, A = 4, V = 256, SBH = S * B * H, AS2B = A * S * S * B };

/* Section 4.1: 34sbh + 5as²b, tensor by tensor. */
START_TEST(ledger)
{
    static const struct {
        const char *name;
        int64_t bytes;
    } rows[] = {
        {"hidden state", 2 * SBH},
        {"normed input", 2 * SBH},
        {"query", 2 * SBH},
        {"key", 2 * SBH},
        {"softmax output", 2 * AS2B},
        {"dropout mask", AS2B},
        {"dropout output", 2 * AS2B},
        {"value", 2 * SBH},
        {"attention output", 2 * SBH},
        {"dropout mask", SBH},
        {"hidden state", 2 * SBH},
        {"normed input", 2 * SBH},
        {"GELU input", 8 * SBH},
        {"GELU output", 8 * SBH},
        {"dropout mask", SBH},
    };
    evaluate(text_of(SMALL, ""));
    int row = 0;
    bool seen[AM_MAX_ROWS] = {false};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (row = 0; row < fixture_report.rows; row++) {
            const am_report_row *found = &fixture_report.row[row];
            if (!seen[row] && found->kind == 0 && strcmp(found->row.name, rows[i].name) == 0 &&
                found->row.bytes == rows[i].bytes)
                break;
        }
        ck_assert_msg(row < fixture_report.rows, "no row '%s' of %lld bytes", rows[i].name, (long long)rows[i].bytes);
        seen[row] = true;
    }
    int count = 0;
    for (row = 0; row < fixture_report.rows; row++) count += fixture_report.row[row].kind == 0;
    ck_assert_int_eq(count, (int)(sizeof rows / sizeof *rows));
    ck_assert_int_eq(fixture_report.kind[0].bytes, 34 * SBH + 5 * AS2B);
}
END_TEST

/* Table 2, with t = 4. */
START_TEST(table_2)
{
    static const struct {
        const char *text;
        int64_t bytes;
    } table[] = {
        {"", 34 * SBH + 5 * AS2B},
        {"tp=4", 10 * SBH + 24 * SBH / 4 + 5 * AS2B / 4},
        {"tp=4 sp=yes", 34 * SBH / 4 + 5 * AS2B / 4},
        {"tp=4 checkpoint=modules:core_attn", 10 * SBH + 24 * SBH / 4},
        {"tp=4 sp=yes checkpoint=modules:core_attn", 34 * SBH / 4},
        {"checkpoint=modules:core_attn", 34 * SBH},
        {"tp=4 checkpoint=full", 2 * SBH},
        {"checkpoint=full", 2 * SBH},
        {"tp=4 sp=yes checkpoint=full", 2 * SBH / 4}, /* the shard is kept: no extra all-gather */
    };
    evaluate(text_of(SMALL, table[_i].text));
    ck_assert_int_eq(fixture_report.kind[0].bytes, table[_i].bytes);
    ck_assert_int_eq(fixture_report.kind[0].count * fixture_report.kind[0].bytes + fixture_report.outside_bytes,
                     fixture_report.saved_bytes);
}
END_TEST
enum { TABLE_2 = 9 };

/* Megatron scales the scores in the softmax's kernel: no product by itself, which a policy could keep. */
START_TEST(scaling_is_inside)
{
    static const struct {
        const char *text;
        int64_t bytes;
        int rows; /* of the layers */
    } table[] = {
        {"checkpoint=save:mul", 2 * SBH, 1},
        {"checkpoint=save:bmm", 2 * SBH + 2 * AS2B + 2 * SBH, 3},
        {"checkpoint=save:bmm,mul", 2 * SBH + 2 * AS2B + 2 * SBH, 3},
        {"checkpoint=save:mul,softmax", 2 * SBH + 2 * AS2B, 2},
    };
    evaluate(text_of(SMALL, table[_i].text));
    int rows = 0;
    for (int i = 0; i < fixture_report.rows; i++) rows += fixture_report.row[i].kind == 0;
    ck_assert_int_eq(fixture_report.kind[0].bytes, table[_i].bytes);
    ck_assert_int_eq(rows, table[_i].rows);
}
END_TEST
enum { SCALINGS = 4 };

/* Section 4.3: embedding dropout, final norm, head input, fp32 logits: (4sbh/t)(1 + v/h) + sbh/t. */
START_TEST(outside_layers)
{
    evaluate(text_of(SMALL, "tp=4 sp=yes"));
    ck_assert_int_eq(fixture_report.outside_bytes, SBH / 4 + 4 * SBH / 4 + 4 * S * B * V / 4);
}
END_TEST

/* Table 3 and figure 7: bytes of the first stage's layers in GiB without parallelism in the tensors, with TP, TP + SP,
 * TP + selective, TP + SP + selective, and full recomputation. Stages hold p micro-batches, interleaved ones a factor 1
 * + (p - 1)/(p v) more. */
static const struct {
    const char *model, *pipeline;
    const char *gib[6];
    const char *parameters; /* 10^9, one decimal */
} configurations[] = {
    {"model=megatron-22b batch=4", "", {"316.50", "59.25", "39.56", "29.25", "9.56", "4.50"}, "22.1"},
    {"model=gpt3-175b batch=1", "pp=8 vpp=3", {"331.31", "66.84", "41.41", "37.78", "12.35", "5.81"}, "174.6"},
    {"model=mt-nlg-530b batch=1", "pp=35 vpp=3", {"532.11", "114.02", "66.51", "70.59", "23.08", "10.86"}, "529.6"},
    {"model=megatron-1t batch=1", "pp=64", {"612.50", "131.25", "76.56", "81.25", "26.56", "12.50"}, "1008.0"},
};
static const char *const techniques[] = {"",
                                         "tp=8",
                                         "tp=8 sp=yes",
                                         "tp=8 checkpoint=modules:core_attn",
                                         "tp=8 sp=yes checkpoint=modules:core_attn",
                                         "tp=8 checkpoint=full"};

START_TEST(figure_7)
{
    int configuration = _i / 6, technique = _i % 6;
    char text[256], gib[32];
    snprintf(text, sizeof text, "stack=paper attention=eager seq=2048 vocab=51200 %s %s %s",
             configurations[configuration].model, configurations[configuration].pipeline, techniques[technique]);
    evaluate(text);
    /* the figure's bars are layers alone: without what stands outside them on the first stage */
    const am_rank *rank = &fixture_report.rank[0];
    int64_t outside = 0;
    for (int i = 0; i < fixture_report.rows; i++) {
        const am_report_row *row = &fixture_report.row[i];
        if (row->kind == AM_KIND_OUTSIDE && (row->row.zone == 0 || fixture_report.config.pp == 1)) outside += row->row.bytes;
    }
    int64_t layers = rank->in_flight * rank->layers / fixture_report.config.vpp * rank->layer_bytes;
    ck_assert_int_ge(rank->saved_bytes, layers + fixture_report.chunk[0].alive * outside);
    if (fixture_report.config.vpp == 1) ck_assert_int_eq(rank->saved_bytes, layers + rank->in_flight * outside);
    snprintf(gib, sizeof gib, "%.2f", (double)layers / 1073741824.0);
    ck_assert_str_eq(gib, configurations[configuration].gib[technique]);
}
END_TEST

START_TEST(parameters)
{
    char text[256], billions[32];
    snprintf(text, sizeof text, "stack=paper attention=eager seq=2048 vocab=51200 %s", configurations[_i].model);
    evaluate(text);
    snprintf(billions, sizeof billions, "%.1f", (double)fixture_report.parameters.total / 1e9);
    ck_assert_str_eq(billions, configurations[_i].parameters);
}
END_TEST

/* A head of its own has a table of its own; the last stage has one in any case. */
START_TEST(head_of_its_own)
{
    int64_t total[2], last[2];
    for (int tied = 0; tied < 2; tied++) {
        evaluate(text_of(SMALL, tied ? "tie_word_embeddings=yes" : "tie_word_embeddings=no"));
        total[tied] = fixture_report.parameters.total;
        evaluate(text_of(SMALL, tied ? "tie_word_embeddings=yes pp=2" : "tie_word_embeddings=no pp=2"));
        last[tied] = fixture_report.rank[1].parameters;
    }
    ck_assert_int_eq(total[0], total[1] + V * H);
    ck_assert_int_eq(last[0], last[1]);
}
END_TEST

Suite *test_paper_suite(void)
{
    Suite *suite = suite_create("paper");
    TCase *tests = tcase_create("paper");
    tcase_add_test(tests, ledger);
    tcase_add_loop_test(tests, table_2, 0, TABLE_2);
    tcase_add_loop_test(tests, scaling_is_inside, 0, SCALINGS);
    tcase_add_test(tests, outside_layers);
    tcase_add_loop_test(tests, figure_7, 0, 24);
    tcase_add_loop_test(tests, parameters, 0, 4);
    tcase_add_test(tests, head_of_its_own);
    suite_add_tcase(suite, tests);
    return suite;
}
