/* Events of a program, and gradients as tensors in its slots: who counts, how many bytes, what shares a slot. */
#include "compile.h"
#include "tapes.h"

static am_compiler compiler;

static void setup_compiler(void)
{
    am_player *player = &fixture_workspace.player;
    setup();
    compiler = (am_compiler){.tape = tape, .player = player, .program = &player->program};
    player->program.events = player->program.slots = 0;
}

static int refs(uint16_t slot)
{
    return fixture_workspace.player.slot_refs[slot];
}

START_TEST(slots)
{
    ck_assert_int_eq(am_compile_allocate(&compiler, 64), 1);
    ck_assert_int_eq(am_compile_allocate(&compiler, 0), 2);
    ck_assert_int_eq(refs(1), 1);
    am_compile_retain(&compiler, 1);
    ck_assert_int_eq(refs(1), 2);
    am_compile_release(&compiler, 1);
    am_compile_release(&compiler, 1);
    ck_assert_int_eq(refs(1), 0);
    ck_assert_int_eq(am_compile_allocate(&compiler, 8), 3); /* a slot is never used twice */
    ck_assert_int_eq(fixture_workspace.player.slot_bytes[3], 8);
    ck_assert_int_eq(compiler.program->slots, 3);
    ck_assert_str_eq(events_text(compiler.program, 0), "+1=64 +2=0 -1 +3=8");
    ck_assert_int_eq(compiler.code, AM_OK);
}
END_TEST

/* What does not fit is left out and remembered. */
START_TEST(capacity)
{
    compiler.program->slots = AM_MAX_PROGRAM_SLOTS - 1;
    ck_assert_int_eq(am_compile_allocate(&compiler, 4), AM_MAX_PROGRAM_SLOTS);
    ck_assert_int_eq(compiler.code, AM_OK);
    ck_assert_int_eq(am_compile_allocate(&compiler, 4), 1); /* any that exists */
    ck_assert_int_eq(compiler.code, AM_CAPACITY);
    ck_assert_int_eq(compiler.program->slots, AM_MAX_PROGRAM_SLOTS);
    compiler.code = AM_OK;
    compiler.program->events = AM_MAX_EVENTS - 1;
    am_compile_event(&compiler, AM_E_NODE, 0, 0);
    ck_assert_int_eq(compiler.code, AM_OK);
    am_compile_event(&compiler, AM_E_NODE, 0, 0);
    ck_assert_int_eq(compiler.code, AM_CAPACITY);
    ck_assert_int_eq(compiler.program->events, AM_MAX_EVENTS);
}
END_TEST

START_TEST(bytes)
{
    static const struct {
        int dtype;
        int64_t bytes;
    } table[] = {{AM_FP32, 96}, {AM_BF16, 48}, {AM_BOOL, 24}, {AM_I64, 192}};
    am_var x = weight(SHAPE(2, 3, 4), AM_BF16), scalar = weight(AM_SCALAR, AM_FP32);
    for (int i = 0; i < COUNT(table); i++)
        ck_assert_int_eq(am_compile_bytes(&compiler, x, table[i].dtype), table[i].bytes);
    ck_assert_int_eq(am_compile_bytes(&compiler, scalar, AM_FP32), 4);
    /* a view has as many bytes as it has elements, however small its storage */
    ck_assert_int_eq(am_compile_bytes(&compiler, am_expand(tape, weight(SHAPE(1, 4), AM_FP32), SHAPE(5, 4)), AM_FP32),
                     80);
}
END_TEST

/* A gradient has the shape of what it is like, contiguous or with strides of its own. */
START_TEST(gradients)
{
    am_var x = am_transpose(tape, weight(SHAPE(3, 4), AM_BF16), 0, 1); /* [4, 3], strides 1, 4 */
    am_gradient plain = am_compile_gradient(&compiler, x, AM_FP32, NULL);
    am_gradient like = am_compile_gradient(&compiler, x, AM_BF16, tape->tensor[x].stride);
    ck_assert_int_eq(plain.slot, 1);
    ck_assert_int_eq(plain.like, x);
    ck_assert_int_eq(plain.dtype, AM_FP32);
    ck_assert_int_eq(plain.stride[0], 3);
    ck_assert_int_eq(plain.stride[1], 1);
    ck_assert_int_eq(like.stride[0], 1);
    ck_assert_int_eq(like.stride[1], 4);
    ck_assert_str_eq(events_text(compiler.program, 0), "+1=48 +2=24");
    am_layout layout = am_compile_layout_of_gradient(&compiler, &plain);
    ck_assert_int_eq(layout.rank, 2);
    ck_assert_int_eq(layout.shape[0], 4);
    ck_assert_int_eq(layout.stride[0], 3);
}
END_TEST

/* A view is held in the slot that it is a view of. */
START_TEST(views)
{
    am_var x = weight(SHAPE(3, 4), AM_FP32), y = weight(SHAPE(12), AM_FP32);
    am_gradient whole = am_compile_gradient(&compiler, x, AM_FP32, NULL);
    am_gradient view = am_compile_view(&compiler, &whole, y, (const int64_t[AM_MAX_RANK]){1});
    ck_assert_int_eq(view.slot, whole.slot);
    ck_assert_int_eq(refs(whole.slot), 2);
    ck_assert_int_eq(view.like, y);
    ck_assert_int_eq(view.dtype, AM_FP32);
    ck_assert_int_eq(view.stride[0], 1);
    ck_assert_int_eq(whole.stride[0], 4); /* as it was */
    ck_assert_str_eq(events_text(compiler.program, 0), "+1=48");
}
END_TEST

START_TEST(same_shape)
{
    am_var x = weight(SHAPE(3, 4), AM_FP32), alike = made(SHAPE(3, 4), AM_BF16);
    am_var turned = am_transpose(tape, x, 0, 1), flat = weight(SHAPE(12), AM_FP32),
           deep = weight(SHAPE(1, 3, 4), AM_FP32);
    ck_assert(am_compile_same_shape(&compiler, x, x));
    ck_assert(am_compile_same_shape(&compiler, x, alike));
    ck_assert(am_compile_same_shape(&compiler, x, am_transpose(tape, turned, 0, 1)));
    ck_assert(!am_compile_same_shape(&compiler, x, turned));
    ck_assert(!am_compile_same_shape(&compiler, x, flat));
    ck_assert(!am_compile_same_shape(&compiler, deep, x));
}
END_TEST

Suite *test_gradient_suite(void);
Suite *test_gradient_suite(void)
{
    Suite *suite = suite_create("gradient");
    TCase *tests = tcase_create("gradient");
    tcase_add_checked_fixture(tests, setup_compiler, NULL);
    tcase_add_test(tests, slots);
    tcase_add_test(tests, capacity);
    tcase_add_test(tests, bytes);
    tcase_add_test(tests, gradients);
    tcase_add_test(tests, views);
    tcase_add_test(tests, same_shape);
    suite_add_tcase(suite, tests);
    return suite;
}
