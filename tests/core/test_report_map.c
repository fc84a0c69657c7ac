/* A map's JSON and its text. */
#include "documents.h"
#include "inputs.h"
#include "writer.h"

static am_map map;
static am_workspace workspace;

static void draw(const char *given)
{
    char text[128];
    strcpy(text, given);
    expect_fine(text, am_map_axes(&map, text, &status));
    expect_fine(text, parse(text));
    expect_fine(text, am_fit_map(&map, &workspace, &config, &status));
}

START_TEST(document)
{
    draw("model=gpt2 batch=1..3 seq=64..65 device_memory=2GiB reserve=1MiB");
    expect_document(am_map_json(&map, json, sizeof json));
    expect("\"query\":\"model=gpt2&seq=64&device_memory=2GiB&reserve=1MiB\",\"memory_bytes\":2147483648,\"reserve_bytes\":1048576,"
           "\"basis\":\"AdamW on bf16 parameters without fp32 master weights, gradients in bf16\",\"usual\":{\"set\":\"dtype=fp32 autocast=bf16\",\"who\":\"Trainer(bf16=True) trains\"},"
           "\"batch\":[1,2,3],\"seq\":[64,65],\"total_bytes\":[[");
    ck_assert_uint_eq(am_map_json(&map, json, 100), 0);
    draw("model=gpt2 batch=1..2 seq=64..64 device=mine device_gflops=1000 device_bandwidth=1000");
    expect_document(am_map_json(&map, json, sizeof json));
    expect("\"memory_bytes\":null,");
    draw("model=gpt2 batch=1..1 seq=64..64 dtype=fp32");
    expect_document(am_map_json(&map, json, sizeof json));
    expect("\"basis\":\"AdamW on fp32 parameters, gradients in fp32\",\"usual\":null,");
}
END_TEST

/* What is refused has no total; no micro-batch may fit, or some; bytes are whole. */
START_TEST(refused)
{
    draw("model=gpt2 batch=1..2 seq=128..1056 device_memory=1MiB units=bytes");
    ck_assert_uint_gt(am_map_text(&map, json, sizeof json), 0);
    ck_assert_int_eq(map.total[map.seqs - 1][0], -1);
    ck_assert_ptr_nonnull(strstr(json, "none\n"));
    ck_assert_ptr_nonnull(strstr(json, " -!"));
    char total[32];
    am_writer writer = am_writer_of(total, sizeof total);
    am_write_thousands(&writer, map.total[3][0]);
    am_writer_end(&writer);
    ck_assert_msg(strstr(json, total) != NULL, "%s is not in %s", total, json);
}
END_TEST

/* Marks what does not fit, and says which micro-batch is the largest that does. */
START_TEST(text)
{
    draw("model=gpt2 batch=1..64 seq=128..1024 device_memory=4GiB");
    ck_assert_uint_gt(am_map_text(&map, json, sizeof json), 0);
    int rows = 0;
    for (const char *at = json; (at = strchr(at, '\n')); at++) rows++;
    ck_assert_int_eq(rows, 2 + 15 + 2); /* every fourth of 57 lengths, and the last; what is counted in two lines */
    ck_assert_ptr_nonnull(strstr(json, "\nCounted is AdamW on bf16 parameters without fp32 master weights, gradients in bf16;\nTrainer(bf16=True) trains with dtype=fp32 autocast=bf16.\n"));
    ck_assert_ptr_nonnull(strstr(json, "batch=1  batch=2  batch=4  batch=8  batch=16  batch=64  largest\n"));
    ck_assert_ptr_nonnull(strstr(json, "!"));
    for (int i = 3; i < map.seqs; i += map.seqs - 4) {
        int64_t largest = 0;
        for (int k = 0; k < 64; k++)
            if (map.total[i][k] <= (int64_t)4 << 30) largest = map.batch[k];
        char row[32];
        const char *line = strstr(json, i > 3 ? "1,024 " : "  176 ");
        ck_assert_ptr_nonnull(line);
        am_fail(&status, AM_OK, "", " %d\n", largest);
        strcpy(row, status.message);
        ck_assert_ptr_nonnull(strstr(line, row));
        ck_assert_ptr_eq(strchr(line, '\n') + 1, strstr(line, row) + strlen(row));
    }
    draw("model=gpt2 batch=1..2 seq=64..64 device=mine device_gflops=1000 device_bandwidth=1000");
    ck_assert_uint_gt(am_map_text(&map, json, sizeof json), 0);
    ck_assert_ptr_null(strstr(json, "largest"));
}
END_TEST

Suite *test_report_map_suite(void);
Suite *test_report_map_suite(void)
{
    Suite *suite = suite_create("report_map");
    TCase *tests = tcase_create("report_map");
    tcase_add_test(tests, document);
    tcase_add_test(tests, refused);
    tcase_add_test(tests, text);
    suite_add_tcase(suite, tests);
    return suite;
}
