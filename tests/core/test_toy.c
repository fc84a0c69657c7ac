/* The block of many notebooks, Linear-ReLU-Linear on rows, whose input learns too. */
#include "recorded.h"
#include "toy.h"

static const recorded cases[] = {
    {"toy-4096 fp32 b8", "family=gpt2 layers=1 hidden=4096 heads=1 vocab=2 batch=8 seq=1 dtype=fp32", 0,
     AM_NON_REENTRANT, AM_KEEP_EVERYTHING},
    {"toy-4096 fp32 b8 ckpt", "family=gpt2 layers=1 hidden=4096 heads=1 vocab=2 batch=8 seq=1 dtype=fp32", 0,
     AM_NON_REENTRANT, AM_KEEP_NOTHING},
    {"toy-4096 fp32 b8 ckpt reentrant", "family=gpt2 layers=1 hidden=4096 heads=1 vocab=2 batch=8 seq=1 dtype=fp32", 0,
     AM_REENTRANT, AM_KEEP_NOTHING},
};

START_TEST(measured)
{
    const recorded *one = &cases[_i];
    begin(one);
    ck_assert_int_eq(am_toy_record(&build), AM_OK);
    expect_measured(one, "");
}
END_TEST

/* The same by am_toy_play, and what it says of other sizes. */
START_TEST(played)
{
    static am_toy toy;
    am_status status = {0};
    ck_assert_int_eq(am_toy_play(&toy, &fixture_workspace, &fixture_report.extents, "", &status), AM_OK);
    for (int i = 0; i < 2; i++) {
        json record = case_named(cases[i].name);
        const am_toy_figures *figures = i == 0 ? &toy.stored : &toy.recomputed;
        ck_assert_int_eq(figures->saved, i == 0 ? json_int(json_get(record, "saved_bytes")) : 0);
        ck_assert_int_eq(figures->after_forward, json_int(json_get(record, "live_after_forward")));
        ck_assert_int_eq(figures->forward_peak, json_int(json_get(record, "forward_peak")));
        ck_assert_int_eq(figures->backward_peak, json_int(json_get(record, "backward_peak")));
        ck_assert_int_eq(figures->step_peak, json_int(json_get(record, "step_peak")));
    }
    ck_assert_int_eq(toy.stored.forward_flops, 4LL * 8 * 4096 * 4096);
    ck_assert_int_eq(toy.recomputed.recomputed_flops, 2LL * 8 * 4096 * 4096);
    ck_assert_int_eq(am_toy_play(&toy, &fixture_workspace, &fixture_report.extents, "hidden=512&batch=4", &status),
                     AM_OK);
    ck_assert_int_eq(toy.stored.saved, 4 * 512 * 4);
}
END_TEST

START_TEST(refused)
{
    static const struct {
        const char *text, *field;
        am_code code;
    } texts[] = {
        {"hidden=0", "hidden", AM_OUT_OF_RANGE},
        {"hidden=65537", "hidden", AM_OUT_OF_RANGE},
        {"seq=2", "seq", AM_CONFLICT},
        {"dtype=bf16", "dtype", AM_CONFLICT},
        {"nothing=1", "nothing", AM_UNKNOWN_KEY},
    };
    static am_toy toy;
    am_status status = {0};
    ck_assert_int_eq(am_toy_play(&toy, &fixture_workspace, &fixture_report.extents, texts[_i].text, &status),
                     texts[_i].code);
    ck_assert_str_eq(status.field, texts[_i].field);
}
END_TEST

START_TEST(written)
{
    static am_toy toy;
    am_status status = {0};
    char text[1024], cut[100];
    ck_assert_int_eq(am_toy_play(&toy, &fixture_workspace, &fixture_report.extents, "", &status), AM_OK);
    ck_assert_uint_eq(am_toy_json(&toy, text, sizeof text), strlen(text));
    ck_assert_str_eq(
        text,
        "{\"hidden\":4096,\"batch\":8,\"dtype\":\"fp32\","
        "\"stored\":{\"saved_bytes\":131072,\"after_forward_bytes\":131076,\"forward_peak_bytes\":262148,"
        "\"backward_peak_bytes\":67518472,\"peak_bytes\":134512648,\"forward_flops\":536870912,\"recomputed_flops\":0},"
        "\"recomputed\":{\"saved_bytes\":0,\"after_forward_bytes\":4,\"forward_peak_bytes\":262144,"
        "\"backward_peak_bytes\":67518472,\"peak_bytes\":134512648,\"forward_flops\":536870912,\"recomputed_flops\":268435456}}");
    ck_assert_uint_eq(am_toy_json(&toy, cut, sizeof cut), 0);
}
END_TEST

Suite *test_toy_suite(void);
Suite *test_toy_suite(void)
{
    Suite *suite = suite_create("toy");
    TCase *tests = tcase_create("toy");
    tcase_add_loop_test(tests, measured, 0, COUNT(cases));
    tcase_add_test(tests, played);
    tcase_add_loop_test(tests, refused, 0, 4);
    tcase_add_test(tests, written);
    suite_add_tcase(suite, tests);
    return suite;
}
