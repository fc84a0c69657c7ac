/* backward_repeat.c: the compiled backward of copied layers is, event for event, that of layers built one by one. */
#include "repeated.h"
#include "compile.h"
#include "workspace.h"

static am_program built;

static void compile_built(void)
{
    am_player *player = &fixture_workspace.player;
    ck_assert_int_eq(am_compile(&player->program, player, tape), AM_OK);
    built = player->program;
}

static void expect_same(void)
{
    am_player *player = &fixture_workspace.player;
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

START_TEST(same)
{
    record_one(_i, false);
    compile_built();
    record_one(_i, true);
    expect_same();
}
END_TEST

/* So is that of layers which the record before had. */
START_TEST(set_aside)
{
    am_player *player = &fixture_workspace.player;
    for (int second = 0; second < COUNT(repeated); second++) {
        if (repeated[_i].autocast != repeated[second].autocast) continue; /* another model */
        record_two(_i, second, false);
        compile_built();
        tape->aside = &aside;
        am_aside_clear(&aside);
        record_one(_i, true);
        ck_assert_int_eq(am_compile(&player->program, player, tape), AM_OK);
        follows = true;
        record_one(second, true);
        follows = false;
        expect_same();
        ck_assert(recalled() > 0 || second != _i);
        tape->aside = NULL;
    }
}
END_TEST

/* Without the backward of a layer: where another program grew into it, where it has no room, where its record is played again before
 * another one follows. */
START_TEST(forgotten)
{
    enum { KEPT, GROWN, NO_ROOM, AGAIN, CASES };
    am_player *player = &fixture_workspace.player;
    for (int what = 0; what < CASES; what++) {
        tape->aside = &aside;
        am_aside_clear(&aside);
        record_one(1, true);
        ck_assert_int_eq(am_compile(&player->program, player, tape), AM_OK);
        ck_assert_int_gt(aside.layer[0].backward.events, 0);
        if (what == NO_ROOM) aside.events = player->program.events;
        if (what != AGAIN) am_aside_keep(tape);
        am_compile_keep(player, tape);
        ck_assert_int_eq(aside.layer[0].backward.events > 0, what == KEPT || what == GROWN);
        if (what == GROWN) player->program.events = aside.events + 1;
        am_compile_keep(player, tape);
        ck_assert_int_eq(aside.layer[0].backward.events > 0, what == KEPT);
        tape->aside = NULL;
    }
}
END_TEST

/* What else than the next layer may take of a layer: its input, what stands in it, what is made for others alone, before its
 * result and behind it. */
typedef enum part { NOTHING, INPUT, ACTIVE, EARLY, LATE, PARTS } part;
static am_var seen[AM_MAX_UNITS + 1][PARTS]; /* of layers that were built, whose numbers copied ones have */
static int layers_seen;

static void see(am_var input, am_var active, am_var early, am_var late)
{
    if (!toggles) return;
    am_var *of = seen[++layers_seen];
    of[INPUT] = input, of[ACTIVE] = active, of[EARLY] = early, of[LATE] = late;
}

static am_var open_layer(am_build *build, am_var x)
{
    am_dim h = build->h, f = build->f;
    am_enter(tape, "", AM_C_RESIDUAL);
    am_var up = am_linear(tape, x, am_parameter(tape, AM_SHAPE(f, h), build->dtype, true, "up"), 0);
    am_var active = am_unary(tape, AM_OP_GELU, up), early = am_unary(tape, AM_OP_NEG, active);
    am_var down = am_linear(tape, active, am_parameter(tape, AM_SHAPE(h, f), build->dtype, true, "down"), 0);
    am_var y = am_label(tape, am_binary(tape, AM_OP_ADD, x, down), "hidden state");
    see(x, active, early, am_unary(tape, AM_OP_NEG, active));
    if (toggles) build->scores = !build->scores;
    return y;
}

/* Its result knows nothing of its input, which others alone take: a view has the gradient that it is given. */
static am_var cut_layer(am_build *build, am_var x)
{
    am_enter(tape, "", AM_C_RESIDUAL);
    am_var view = am_view(tape, x, AM_SHAPE(am_dim_product(&extents, build->b, build->s), build->h));
    am_var weight = am_parameter(tape, AM_SHAPE(build->b, build->s, build->h), build->dtype, true, "weight");
    am_var y = am_label(tape, am_unary(tape, AM_OP_NEG, weight), "hidden state");
    see(x, view, 0, 0);
    if (toggles) build->scores = !build->scores;
    return y;
}

/* Its first operation takes its input, which is a leaf of the first layer. */
static am_var leaf_layer(am_build *build, am_var x)
{
    am_dim h = build->h;
    am_enter(tape, "", AM_C_RESIDUAL);
    am_var active = am_unary(tape, AM_OP_TANH, x);
    am_var up = am_linear(tape, active, am_parameter(tape, AM_SHAPE(h, h), build->dtype, true, "up"), 0);
    am_var y = am_label(tape, am_binary(tape, AM_OP_ADD, x, up), "hidden state");
    see(x, active, 0, 0);
    if (toggles) build->scores = !build->scores;
    return y;
}

/* Behind layers of which others take something too. before: the sum behind them has an operand from before them, whose gradient
 * is the last layer's own; alone: the last layer's result is not used. */
static const struct {
    const char *name;
    am_layer_builder *layer;
    bool before, alone;
    struct {
        int layer;
        part part;
    } taken[4];
} openings[] = {
    {"the last layer's input", open_layer, false, false, {{5, INPUT}}},
    {"another's input", open_layer, false, false, {{3, INPUT}}},
    {"what stands in the last layer", open_layer, false, false, {{5, ACTIVE}}},
    {"what stands in another", open_layer, false, false, {{3, ACTIVE}}},
    {"what the last makes for others, behind its result", open_layer, false, false, {{5, LATE}}},
    {"what another does", open_layer, false, false, {{3, LATE}}},
    {"what the last makes before its result", open_layer, false, false, {{5, EARLY}}},
    {"the same of all", open_layer, false, false, {{5, EARLY}, {4, EARLY}, {3, EARLY}, {2, EARLY}}},
    {"a gradient with two holders", open_layer, true, false, {{0}}},
    {"no result, but what two make for others", open_layer, false, true, {{5, LATE}, {4, LATE}}},
    {"layers that pass on what others give", cut_layer, false, false, {{5, ACTIVE}, {4, ACTIVE}, {3, ACTIVE}}},
    {"nothing, and a leaf begins", leaf_layer, false, false, {{0}}},
    {"the leaf that begins", leaf_layer, false, false, {{1, INPUT}}},
    {"the first that is made in the layer of the leaf", leaf_layer, false, false, {{1, ACTIVE}}},
    {"the first that is made in another", leaf_layer, false, false, {{3, ACTIVE}}},
};

static void record_opening(int i, bool copied)
{
    am_build build;
    int64_t value[AM_SYMBOL_COUNT];
    setup_config();
    start(AM_DTYPE_COUNT);
    toggles = !copied;
    if (toggles) layers_seen = 0;
    am_model_symbols(&config, value);
    am_extents_init(&extents, value);
    am_build_begin(&build, tape, &extents, &config, (am_record){.units = 5, .inner = 1});
    am_shape shape = AM_SHAPE(build.b, build.s, build.h);
    am_var x = am_label(tape, made(shape, build.dtype), "hidden state"), own = 0;
    am_require_grad(tape, x);
    if (openings[i].before) own = am_unary(tape, AM_OP_NEG, am_parameter(tape, shape, build.dtype, true, "own"));
    build.mask = made(AM_SHAPE(build.s, build.h), build.dtype);
    x = am_layers(&build, openings[i].layer, x, 1, &build.mask);
    tape->zone++;
    if (own) x = am_binary(tape, AM_OP_ADD, x, own);
    am_var sum = openings[i].alone ? 0 : am_sum_all(tape, am_binary(tape, AM_OP_MUL, x, build.mask));
    for (int k = 0; k < COUNT(openings[i].taken) && openings[i].taken[k].layer; k++) {
        am_var taken = am_unary(tape, AM_OP_TANH, seen[openings[i].taken[k].layer][openings[i].taken[k].part]);
        am_var other = am_sum_all(tape, taken);
        sum = sum ? am_binary(tape, AM_OP_ADD, sum, other) : other;
    }
    am_tape_finish(tape, sum, 0);
    ck_assert_int_eq(tape->status.code, AM_OK);
    ck_assert_int_eq(tape->repeats, copied ? 4 : 0);
}

START_TEST(opened)
{
    record_opening(_i, false);
    compile_built();
    record_opening(_i, true);
    expect_same();
}
END_TEST

/* A layer that the program of a backward has no room for sixteen times. */
static am_var long_layer(am_build *build, am_var x)
{
    am_enter(tape, "", AM_C_RESIDUAL);
    am_var weight = am_parameter(tape, AM_SHAPE(build->h), build->dtype, true, "weight");
    for (int i = 0; i < 200; i++) x = am_label(tape, am_binary(tape, AM_OP_MUL, x, weight), "hidden state");
    if (toggles) build->scores = !build->scores;
    return x;
}

START_TEST(too_long)
{
    am_player *player = &fixture_workspace.player;
    for (int copied = 0; copied < 2; copied++) {
        am_build build;
        int64_t value[AM_SYMBOL_COUNT];
        setup_config();
        start(AM_DTYPE_COUNT);
        toggles = !copied;
        am_model_symbols(&config, value);
        am_extents_init(&extents, value);
        am_build_begin(&build, tape, &extents, &config, (am_record){.units = 16, .inner = 1});
        am_var x = am_label(tape, made(AM_SHAPE(build.b, build.s, build.h), build.dtype), "hidden state");
        am_require_grad(tape, x);
        x = am_layers(&build, long_layer, x, 0, 0);
        tape->zone++;
        am_tape_finish(tape, am_sum_all(tape, x), 0);
        ck_assert_int_eq(tape->status.code, AM_OK);
        ck_assert_int_eq(tape->repeats, copied ? 15 : 0);
        ck_assert_int_eq(am_compile(&player->program, player, tape), AM_CAPACITY);
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
    ck_assert(!compiler.layer.noted);
    uint16_t node = 1;
    ck_assert(!am_compile_repeat(&compiler, 1, &node));
    am_compile_layer(&compiler, 4, 1);
    ck_assert(compiler.layer.noted);
}
END_TEST

Suite *test_backward_repeat_suite(void);
Suite *test_backward_repeat_suite(void)
{
    Suite *suite = suite_create("backward_repeat");
    TCase *tests = tcase_create("backward_repeat");
    tcase_add_loop_test(tests, same, 0, COUNT(repeated));
    tcase_add_loop_test(tests, set_aside, 0, COUNT(repeated));
    tcase_add_test(tests, forgotten);
    tcase_add_loop_test(tests, opened, 0, COUNT(openings));
    tcase_add_test(tests, copied);
    tcase_add_test(tests, too_long);
    suite_add_tcase(suite, tests);
    return suite;
}
