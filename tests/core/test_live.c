/* Live bytes of a play: peaks by zone and phase, with and without gradients; what a trace writes down; slots. */
#include "play.h"
#include "tapes.h"

static am_allocation allocation[4];
static am_sample sample[8];
static am_trace trace;
static am_play play;

/* Three operations in two modules; the play stands at the first, in zone 1 of the forward. */
static void setup_play(void)
{
    setup();
    am_enter(tape, "first", AM_C_ATTENTION);
    am_var x = made(SHAPE(4), AM_FP32);
    am_unary(tape, AM_OP_NEG, x);
    am_enter(tape, "second", AM_C_MLP);
    am_unary(tape, AM_OP_TANH, x);
    am_step *step = &fixture_workspace.step;
    memset(step, 0, sizeof *step);
    memset(allocation, 0, sizeof allocation);
    memset(sample, 0, sizeof sample);
    trace = (am_trace){
        .allocation = allocation, .sample = sample, .allocation_capacity = 2, .sample_capacity = COUNT(sample)};
    step->layers = 1;
    play = (am_play){.tape = tape, .player = &fixture_workspace.player, .step = step};
    am_play_go(&play, AM_FORWARD, 1);
}

static void note(uint16_t instruction, int64_t live)
{
    play.instruction = instruction;
    play.live = live;
    am_play_note(&play, 0);
}

/* The highest, and where it stood first; each zone its own. */
START_TEST(forward_peaks)
{
    am_step *step = play.step;
    note(0, 10);
    note(1, 30);
    note(2, 30);
    note(0, 20);
    ck_assert(!step->forward[2].seen);
    am_play_go(&play, AM_FORWARD, 2);
    note(2, 0);
    am_play_end(&play);
    ck_assert_int_eq(step->forward[1].bytes, 30);
    ck_assert_int_eq(step->forward[1].op, AM_OP_NEG);
    ck_assert_str_eq(step->forward[1].module.path, "first");
    ck_assert(step->forward[2].seen);
    ck_assert_int_eq(step->forward[2].bytes, 0);
    ck_assert_str_eq(step->forward[2].module.path, "second");
    ck_assert(!step->backward[0][AM_BACKWARD][1].seen);
}
END_TEST

/* Twice: without parameters' gradients, and with those that exist and `extra`. Each phase its own. */
START_TEST(backward_peaks)
{
    const am_step *step = play.step;
    am_play_go(&play, AM_BACKWARD, 1);
    note(0, 100);
    play.gradients = 7;
    play.live = 90;
    am_play_note(&play, 5);
    ck_assert_int_eq(step->backward[0][AM_BACKWARD][1].bytes, 100);
    ck_assert_int_eq(step->backward[1][AM_BACKWARD][1].bytes, 102); /* 90 + 7 + 5 */
    am_play_go(&play, AM_RECOMPUTE, 1);
    note(2, 94);
    am_play_end(&play);
    ck_assert_int_eq(step->backward[0][AM_RECOMPUTE][1].bytes, 94);
    ck_assert_int_eq(step->backward[1][AM_RECOMPUTE][1].bytes, 101);
    ck_assert_int_eq(step->backward[1][AM_RECOMPUTE][1].op, AM_OP_TANH);
    ck_assert_int_eq(step->backward_peak, 100);
    ck_assert_int_eq(step->step_peak, 102);
    ck_assert(!step->forward[1].seen);
}
END_TEST

/* Allocations of a byte or more, with what is live after each; the count goes on where the room has ended. */
START_TEST(allocations)
{
    am_play_grow(&play, 8); /* nobody writes it down */
    play.trace = &trace;
    am_play_grow(&play, 16);
    am_play_grow(&play, 0);
    play.phase = AM_RECOMPUTE;
    am_play_grow(&play, 4);
    am_play_grow(&play, 2);
    ck_assert_int_eq(play.live, 30);
    ck_assert_int_eq(trace.allocations, 3);
    ck_assert_int_eq(allocation[0].bytes, 16);
    ck_assert_int_eq(allocation[0].live, 24);
    ck_assert_int_eq(allocation[0].phase, AM_FORWARD);
    ck_assert_int_eq(allocation[1].live, 28);
    ck_assert_int_eq(allocation[1].phase, AM_RECOMPUTE);
    ck_assert_int_eq(allocation[2].bytes, 0);
    trace.allocation = NULL;
    am_play_grow(&play, 1);
    ck_assert_int_eq(trace.allocations, 3);
}
END_TEST

static void begin_trace(void)
{
    play.trace = &trace;
    am_play_go(&play, AM_FORWARD, 1);
}

/* Notes at one operation are one sample, of the highest; by module, those of a run of operations are. */
static void note_all(void)
{
    note(0, 10);
    note(0, 12);
    note(0, 11);
    note(1, 9);
    note(2, 20);
    note(0, 5); /* the first module again */
    am_play_go(&play, AM_FORWARD, 2);
    note(0, 6);
    am_play_go(&play, AM_BACKWARD, 2);
    note(0, 4);
}

static const char *samples_text(void)
{
    text[0] = '\0';
    for (int i = 0; i < trace.samples; i++)
        say("%s%d:%s=%lld ", sample[i].module.path, sample[i].zone, am_ops[sample[i].op].name,
            (long long)sample[i].live);
    return said();
}

START_TEST(samples)
{
    begin_trace();
    note_all();
    ck_assert_str_eq(samples_text(),
                     "first1:full=12 first1:neg=9 second1:tanh=20 first1:full=5 first2:full=6 first2:full=4");
    ck_assert_int_eq(sample[4].phase, AM_FORWARD);
    ck_assert_int_eq(sample[5].phase, AM_BACKWARD);
}
END_TEST

START_TEST(samples_by_module)
{
    begin_trace();
    trace.by_module = true;
    note_all();
    ck_assert_str_eq(samples_text(), "first1:full=12 second1:tanh=20 first1:full=5 first2:full=6 first2:full=4");
    note(1, 8); /* higher in the same run: its operation is the one that stood there */
    ck_assert_int_eq(sample[4].live, 8);
    ck_assert_int_eq(sample[4].op, AM_OP_NEG);
}
END_TEST

START_TEST(too_many_samples)
{
    begin_trace();
    trace.sample_capacity = 2;
    note(0, 1);
    note(1, 2);
    note(2, 3);
    note(2, 4);
    ck_assert_int_ge(trace.samples, 3);
    ck_assert_int_eq(sample[1].live, 2);
    ck_assert_int_eq(sample[2].live, 0);
}
END_TEST

/* The highest of all phases and zones; at least what is live when the backward begins. */
START_TEST(whole_step)
{
    am_step *step = play.step;
    note(0, 40);
    step->after_drop = 30;
    am_play_go(&play, AM_BACKWARD, 2);
    note(1, 25);
    am_play_end(&play);
    ck_assert_int_eq(step->forward_peak, 40);
    ck_assert_int_eq(step->backward_peak, 30);
    ck_assert_int_eq(step->step_peak, 40);
    am_play_go(&play, AM_RECOMPUTE, 1);
    play.gradients = 6;
    note(2, 35);
    am_play_end(&play);
    ck_assert_int_eq(step->backward_peak, 35);
    ck_assert_int_eq(step->step_peak, 41);
}
END_TEST

/* A place is free when the last that held it lets go. */
START_TEST(places)
{
    am_player *player = play.player;
    player->refs[2] = 1;
    player->bytes[2] = 64;
    am_play_grow(&play, 64);
    am_play_retain(&play, 2);
    am_play_release(&play, 2);
    ck_assert_int_eq(play.live, 64);
    am_play_release(&play, 2);
    ck_assert_int_eq(play.live, 0);
}
END_TEST

Suite *test_live_suite(void);
Suite *test_live_suite(void)
{
    Suite *suite = suite_create("live");
    TCase *tests = tcase_create("live");
    tcase_add_checked_fixture(tests, setup_play, NULL);
    tcase_add_test(tests, forward_peaks);
    tcase_add_test(tests, backward_peaks);
    tcase_add_test(tests, allocations);
    tcase_add_test(tests, samples);
    tcase_add_test(tests, samples_by_module);
    tcase_add_test(tests, too_many_samples);
    tcase_add_test(tests, places);
    tcase_add_test(tests, whole_step);
    suite_add_tcase(suite, tests);
    return suite;
}
