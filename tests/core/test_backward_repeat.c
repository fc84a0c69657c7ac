/* backward_repeat.c: the compiled backward of copied layers is, event for event, that of layers built one by one. */
#include "repeated.h"
#include "compile.h"
#include "workspace.h"

static am_program built;

START_TEST(same)
{
    am_player *player = &fixture_workspace.player;
    record_one(_i, false);
    ck_assert_int_eq(am_compile(&player->program, player, tape), AM_OK);
    built = player->program;
    record_one(_i, true);
    ck_assert_int_eq(am_compile(&player->program, player, tape), AM_OK);
    ck_assert_int_eq(player->program.slots, built.slots);
    ck_assert_int_eq(player->program.gradient_bytes, built.gradient_bytes);
    ck_assert_int_eq(player->program.events, built.events);
    for (int i = 0; i < built.events; i++) {
        const am_event *event = &player->program.event[i], *wanted = &built.event[i];
        ck_assert_msg(event->kind == wanted->kind && event->index == wanted->index && event->bytes == wanted->bytes,
                      "event %d: kind %d, index %d, not %d, %d", i, event->kind, event->index, wanted->kind, wanted->index);
    }
}
END_TEST

/* What it saves: of layers that are all alike the last alone is gone through. */
START_TEST(copied)
{
    am_player *player = &fixture_workspace.player;
    am_compiler compiler = {.tape = tape, .player = player, .program = &player->program};
    record_one(1, true);
    ck_assert_int_eq(am_compile(&player->program, player, tape), AM_OK);
    am_compile_layer(&compiler, 1, 1); /* the first layer repeats none */
    ck_assert_ptr_null(compiler.layer.repeated);
    uint16_t node = 1;
    ck_assert(!am_compile_repeat(&compiler, 1, &node));
    am_compile_layer(&compiler, 4, 1);
    ck_assert_ptr_nonnull(compiler.layer.repeated);
}
END_TEST

Suite *test_backward_repeat_suite(void);
Suite *test_backward_repeat_suite(void)
{
    Suite *suite = suite_create("backward_repeat");
    TCase *tests = tcase_create("backward_repeat");
    tcase_add_loop_test(tests, same, 0, COUNT(repeated));
    tcase_add_test(tests, copied);
    suite_add_tcase(suite, tests);
    return suite;
}
