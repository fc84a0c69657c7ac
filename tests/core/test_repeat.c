/* repeat.c: a copied layer is, number for number, what its builder would have recorded. */
#include "repeat.h"
#include "repeated.h"

static am_tape built;

#define EQUAL(array, from, count)                                                                                      \
    for (int i = from; i < built.count; i++)                                                                           \
    ck_assert_msg(memcmp(&tape->array[i], &built.array[i], sizeof *tape->array) == 0, #array " %d", i)

static void expect_same(void)
{
    ck_assert_int_eq(tape->instructions, built.instructions);
    ck_assert_int_eq(tape->gradients, built.gradients);
    ck_assert_int_eq(tape->flops, built.flops);
    EQUAL(instruction, 0, instructions);
    EQUAL(operand, 0, operands);
    EQUAL(tensor, 1, tensors);
    EQUAL(storage, 1, storages);
    EQUAL(node, 1, nodes);
    EQUAL(region, 1, regions);
    EQUAL(leaf, 1, leaves);
    EQUAL(save, 0, saves);
    EQUAL(active, 0, actives);
}

START_TEST(same)
{
    record_one(_i, false);
    built = *tape;
    record_one(_i, true);
    expect_same();
}
END_TEST

/* A region in which nothing is saved stops nowhere. */
START_TEST(nothing_saved)
{
    still = true;
    for (int copied = 0; copied < 2; copied++) {
        setup_config();
        config.trainable = AM_TRAIN_NONE;
        labels = false;
        toggles = !copied;
        record(false, false, (am_record){.units = 1, .inner = 3, .regions = true});
        ck_assert_int_eq(tape->repeats, copied ? 2 : 0);
        ck_assert_int_eq(tape->region[1].savers + tape->region[1].stop, 0);
        if (!copied) built = *tape;
    }
    expect_same();
    still = false;
}
END_TEST

/* A layer that gives its input another name is not alike to the one before it, whose input had its first. */
START_TEST(apart)
{
    setup_config();
    labels = true;
    toggles = false;
    record(false, true, (am_record){.units = 3, .inner = 1});
    ck_assert_int_eq(tape->repeats, 0);
}
END_TEST

/* A layer from another tensor or to one that is not its own, in another region, without room, or that touches what was there before
 * is built. */
START_TEST(conditions)
{
    enum { REPEATS, EARLIER, REGION, INNER, VALUE, KIND, TYPE, NAME, FULL, FLOPS, MOST, FAILED, RANKS, UNMADE, OUTLIVED, CAST, LEARNED, SHARED, CASES };
    for (int what = 0; what < CASES; what++) {
        am_build build;
        am_repeat last = {0};
        int64_t value[AM_SYMBOL_COUNT];
        setup_config();
        toggles = labels = false;
        start(AM_DTYPE_COUNT);
        am_model_symbols(&config, value);
        am_extents_init(&extents, value);
        am_build_begin(&build, tape, &extents, &config, (am_record){.units = 2, .inner = 1});
        am_var table = am_parameter(tape, AM_SHAPE(build.s, build.h), build.dtype, true, "table");
        am_var x = am_label(tape, made(AM_SHAPE(build.b, build.s, build.h), build.dtype), "hidden state");
        am_require_grad(tape, x);
        am_var other = am_view(tape, x, am_shape_of(tape, x));
        tape->tensor[other].grad = false; /* detached */
        build.mask = what == LEARNED ? table : made(AM_SHAPE(build.s, build.h), build.dtype);
        if (what == OUTLIVED) am_region_begin(tape, x, 0, NULL), tape->region[tape->open_region].outlives = true;
        am_repeat_begin(&last, &build, x);
        if (what == INNER) am_region_begin(tape, x, 0, NULL);
        am_var y = layer(&build, x);
        if (what == INNER) am_region_end(tape, y);
        if (what == SHARED) am_hold(tape, other);
        if (what == CAST) tape->tensor[table].cast = y;
        am_repeat_end(&last, &build, what == EARLIER ? x : y);
        am_var next = what == TYPE ? made(AM_SHAPE(build.b, build.s, build.h), AM_FP16) : y;
        if (what == NAME) next = am_label(tape, am_clone(tape, y), "another");
        if (what == REGION) am_region_begin(tape, y, 0, NULL);
        if (what == VALUE) build.scores = 1;
        if (what == KIND) build.kind = 1;
        if (what == FULL) tape->leaves = AM_MAX_NODES - 1;
        if (what == FLOPS) tape->flops = AM_MAX_FLOPS;
        if (what == MOST) tape->repeats = AM_MAX_UNITS;
        if (what == FAILED) tape->status.code = AM_CAPACITY;
        if (what == RANKS) tape->ranks = 2;
        if (what == UNMADE) last.output = 0;
        ck_assert_msg(am_repeats(&last, &build, next) == (what == REPEATS), "case %d", what);
    }
}
END_TEST

/* ---- from one record to the next */

/* Whichever record of a model comes before, the next one is what its builder would have made of it. */
START_TEST(set_aside)
{
    for (int second = 0; second < COUNT(repeated); second++) {
        if (repeated[_i].autocast != repeated[second].autocast) continue; /* another model */
        record_two(_i, second, false);
        built = *tape;
        record_two(_i, second, true);
        expect_same();
        ck_assert(recalled() > 0 || second != _i);
    }
}
END_TEST

/* And a third is, of layers that no record has built since the first. */
START_TEST(third)
{
    record_two(1, 2, false);
    built = *tape;
    tape->aside = &aside;
    am_aside_clear(&aside);
    setup_config();
    for (int i = 0; i < 3; i++, follows = true) record_one((int[]){2, 1, 2}[i], true);
    follows = false;
    tape->aside = NULL;
    expect_same();
    ck_assert_int_eq(recalled(), 2);
}
END_TEST

/* What a record that is found to follow another has of it, and what keeps it from having any: the first layer's input learns in neither,
 * so that one layer of two is built. */
START_TEST(forgotten)
{
    enum { KEPT, MODEL, CONFIG, BEGINNING, FAILED, GROWN, NO_ROOM, CAST, EARLIER, MODULES, LEFT, REGIONS, CASES };
    static const int wanted[CASES] = {[KEPT] = 2, [NO_ROOM] = 0, [CAST] = 1, [EARLIER] = 1};
    for (int what = 0; what < CASES; what++) {
        am_config other;
        am_repeat mark;
        tape->aside = &aside;
        am_aside_clear(&aside);
        record_one(2, true);
        ck_assert_int_eq(aside.layers, 2);
        follows = true;
        if (what == MODEL) extents.recorded = false;
        const am_repeat *second = &aside.layer[1];
        if (what == FAILED) tape->status.code = AM_CAPACITY;
        if (what == GROWN) aside.top.saves = 1;
        if (what == NO_ROOM) aside.top.leaves = tape->leaves;
        if (what == CAST) tape->tensor[second->output].cast = (am_var)(tape->tensors - 1);
        if (what == EARLIER) tape->operand[second->from.operands] = aside.layer[0].output - 1;
        if (what == MODULES || what == LEFT || what == REGIONS) {
            am_build build = {.tape = tape, .config = &config};
            build.record.modules = what == MODULES ? 0 : 1;
            am_aside_keep(tape);
            ck_assert_int_eq(aside.layers, 2);
            ck_assert_ptr_null(am_aside_find(&build, 1)); /* of another layer's input */
            mark = aside.layer[0];
            mark.output = what == LEFT ? 0 : mark.output;
            mark.to.regions += what == REGIONS;
            am_aside_note(&mark, &build);
            ck_assert_int_eq(aside.layers, 2);
            continue;
        }
        other = config;
        if (what == CONFIG) aside.config = &other;
        if (what == BEGINNING) aside.outside++;
        record_one(2, true);
        follows = false;
        ck_assert_msg(recalled() == wanted[what], "case %d: %d", what, recalled());
    }
    follows = false;
    tape->aside = NULL;
}
END_TEST

/* As many layers of different kinds as there is a place for. */
START_TEST(full)
{
    am_build build = {.tape = tape, .config = &config};
    am_repeat layer = {.output = 1};
    setup_config();
    tape->aside = &aside;
    am_aside_clear(&aside);
    for (int i = 0; i <= AM_MAX_ASIDE; i++) am_aside_note(&layer, &build);
    ck_assert_int_eq(aside.layers, AM_MAX_ASIDE);
    tape->aside = NULL;
}
END_TEST

Suite *test_repeat_suite(void);
Suite *test_repeat_suite(void)
{
    Suite *suite = suite_create("repeat");
    TCase *tests = tcase_create("repeat");
    tcase_add_loop_test(tests, same, 0, COUNT(repeated));
    tcase_add_test(tests, nothing_saved);
    tcase_add_test(tests, apart);
    tcase_add_test(tests, conditions);
    tcase_add_loop_test(tests, set_aside, 0, COUNT(repeated));
    tcase_add_test(tests, third);
    tcase_add_test(tests, forgotten);
    tcase_add_test(tests, full);
    suite_add_tcase(suite, tests);
    return suite;
}
