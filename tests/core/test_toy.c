/* The block of many notebooks, Linear-ReLU-Linear on rows, whose input learns too. */
#include "recorded.h"

static const recorded cases[] = {
    {"toy-4096 fp32 b8", "family=gpt2 layers=1 hidden=4096 heads=1 vocab=2 batch=8 seq=1 dtype=fp32", 0,
     AM_NON_REENTRANT, AM_KEEP_EVERYTHING},
    {"toy-4096 fp32 b8 ckpt", "family=gpt2 layers=1 hidden=4096 heads=1 vocab=2 batch=8 seq=1 dtype=fp32", 0,
     AM_NON_REENTRANT, AM_KEEP_NOTHING},
    {"toy-4096 fp32 b8 ckpt reentrant", "family=gpt2 layers=1 hidden=4096 heads=1 vocab=2 batch=8 seq=1 dtype=fp32", 0,
     AM_REENTRANT, AM_KEEP_NOTHING},
};

static am_var block(am_var x)
{
    am_var up = am_hf_linear(&build, x, "0", AM_C_MLP, build.h, true, 0);
    inside("1");
    am_var active = am_unary(tape, AM_OP_RELU, up);
    am_hold(tape, up);
    am_var y = am_hf_linear(&build, active, "2", AM_C_MLP, build.h, true, 0);
    am_hold(tape, active);
    return y;
}

START_TEST(measured)
{
    const recorded *one = &cases[_i];
    begin(one);
    inside("");
    am_var x = am_buffer(tape, AM_SHAPE(build.b, build.h), AM_FP32, "input");
    am_require_grad(tape, x);
    if (build.record.regions) am_region_begin(tape, x, 0, NULL);
    am_var y = block(x);
    if (build.record.regions) am_region_end(tape, y);
    am_var loss = am_tape_emit1(tape, AM_OP_MEAN, y, am_tape_fresh(tape, AM_SCALAR, AM_FP32));
    am_hold(tape, y);
    tape->zone = 1; /* layers, of which there are none, are between 0 and the last zone */
    am_hold(tape, loss);
    ck_assert_int_eq(am_tape_finish(tape, loss, 0), AM_OK);
    expect_measured(one, "");
}
END_TEST

Suite *test_toy_suite(void);
Suite *test_toy_suite(void)
{
    Suite *suite = suite_create("toy");
    TCase *tests = tcase_create("toy");
    tcase_add_loop_test(tests, measured, 0, COUNT(cases));
    suite_add_tcase(suite, tests);
    return suite;
}
