/* Autograd's engine: which nodes run and in which order, how gradients meet, what becomes of a leaf's. All tensors are
 * fp32 [4, 8] of 128 bytes unless a line says otherwise; slot 2 is the gradient of what the loss is of. */
#include "compiled.h"

static am_var w(void)
{
    return weight(SHAPE(4, 8), AM_FP32);
}

static am_var apply(am_op op, am_var x)
{
    return am_unary(tape, op, x);
}

static am_var add(am_var x, am_var y)
{
    return am_binary(tape, AM_OP_ADD, x, y);
}

static am_var add_two(void)
{
    am_var x = w();
    return add(x, w());
}

static am_var add_itself(void)
{
    am_var x = w();
    return add(x, x);
}

static am_var two_uses(void)
{
    am_var x = apply(AM_OP_NEG, w()), y = apply(AM_OP_TANH, x);
    return add(y, apply(AM_OP_RELU, x));
}

static am_var three_uses(void)
{
    am_var x = w(), y = apply(AM_OP_NEG, x), z = apply(AM_OP_NEG, x), sum = add(y, z);
    return add(sum, apply(AM_OP_NEG, x));
}

/* The embedding's table is the head's weight: [10, 8], 320 bytes; logits [4, 10]. */
static am_var tied(void)
{
    am_var table = weight(SHAPE(10, 8), AM_FP32);
    am_var x = am_embedding(tape, table, am_buffer(tape, SHAPE(4), AM_I64, "ids"));
    return am_linear(tape, x, table, 0);
}

static am_var unreached(void)
{
    am_var x = w(), y = apply(AM_OP_NEG, x);
    apply(AM_OP_TANH, x);
    apply(AM_OP_TANH, y);
    return apply(AM_OP_RELU, y);
}

static am_var order(void)
{
    am_var x = apply(AM_OP_NEG, w()), y = apply(AM_OP_TANH, w());
    return add(y, x);
}

static am_var leaf(void)
{
    return apply(AM_OP_NEG, learning(SHAPE(4, 8), AM_FP32));
}

static am_var leaf_and_parameter(void)
{
    am_var x = learning(SHAPE(4, 8), AM_FP32);
    return add(x, w());
}

static am_var turned(void)
{
    am_var x = weight(SHAPE(8, 4), AM_FP32);
    return apply(AM_OP_NEG, am_transpose(tape, x, 0, 1));
}

static am_var two_regions(void)
{
    am_var x = apply(AM_OP_NEG, w());
    for (int i = 0; i < 2; i++) {
        am_region_begin(tape, x, 0, NULL);
        x = apply(AM_OP_TANH, apply(AM_OP_NEG, x));
        am_region_end(tape, x);
    }
    return x;
}

static const compiled_case cases[] = {
    /* Both parameters get the one incoming gradient: the first copies what the second then takes as it is. */
    {add_two, "one gradient for two parameters", "Add copy2=128 steal2=128 -2"},
    {add_itself, "twice the same parameter", "Add +3=128 -2 steal3=128 -3"},
    /* ReLU's gradient waits in slot 3, tanh's comes in slot 4, their sum is slot 5. */
    {two_uses, "two gradients meet",
     "Relu +3=128 F Tanh +4=128 F -2 +5=128 -3 -4 Neg +6=128 -5 steal6=128 -6"},
    /* A leaf waits for all three; each sum takes the place of what waited: 5 = 3 + 4, 7 = 5 + 6. */
    {three_uses, "three gradients meet at a parameter",
     "Neg +3=128 Neg +4=128 +5=128 -3 -4 Neg +6=128 -2 +7=128 -5 -6 steal7=128 -7"},
    {tied, "a tied weight has one gradient",
     "Mm +3=320 +4=128 F -2 Embedding +5=320 F -4 +6=320 -3 -5 steal6=320 -6"},
    {unreached, "what the loss does not reach is not run", "Relu +3=128 F -2 Neg +4=128 -3 steal4=128 -4"},
    {order, "the latest node first", "Tanh +3=128 F steal3=128 -3 Neg +4=128 -2 steal4=128 -4"},
    {leaf, "an activation's gradient stays", "Neg +3=128 -2 leaf"},
    {leaf_and_parameter, "and is copied where another holds it", "Add leaf +3=128 steal2=128 -2"},
    {turned, "a gradient in another layout than its parameter's is copied",
     "Neg +3=128 -2 Transpose copy3=128 -3"},
    {two_regions, "a region is entered once, with the gradient of its result",
     "R2@2 Tanh +3=128 F -2 Neg +4=128 -3 R1@4 Tanh +5=128 F -4 Neg +6=128 -5 Neg +7=128 -6 steal7=128 -7"},
};

START_TEST(events)
{
    expect_events(&cases[_i]);
}
END_TEST

static am_var used_outside(bool unused)
{
    am_var x = apply(AM_OP_NEG, w());
    if (unused) apply(AM_OP_NEG, w());
    am_region_begin(tape, x, 0, NULL);
    am_var y = apply(AM_OP_TANH, x);
    am_region_end(tape, y);
    return add(y, x);
}

/* A region's input that has a gradient from outside: the region leaves before its own is added. What no gradient reaches, and stands
 * between the two, is no part of it. */
START_TEST(leaves)
{
    for (int unused = 0; unused < 2; unused++) {
        setup();
        ck_assert_str_eq(compiled(used_outside(unused)), "Add R1@2 Tanh +3=128 F L1 +4=128 -2 -3 Neg +5=128 -4 steal5=128 -5");
    }
}
END_TEST

/* A rank's part of a table, [5, 8] of [10, 8]: its gradient stays whole, 320 bytes, but for FSDP2, which keeps the part. */
START_TEST(part_of_table)
{
    static const struct {
        int units;
        const char *events;
    } table[] = {{0, "Embedding +3=320 -2 part4=160 -3 steal4=320 -4"}, {1, "Embedding +3=320 -2 part4=160 -3 steal0=160 -4"}};
    setup();
    am_var part = weight(SHAPE(5, 8), AM_FP32), whole = am_buffer(tape, SHAPE(10, 8), AM_FP32, "table");
    am_var y = am_sharded_embedding(tape, part, am_buffer(tape, SHAPE(4), AM_I64, "ids"), whole);
    tape->units = (uint8_t)table[_i].units;
    ck_assert_str_eq(compiled(y), table[_i].events);
}
END_TEST

/* A program that is compiled again is the same, whatever was compiled in between. */
START_TEST(repeated)
{
    static char first[sizeof text];
    setup();
    strcpy(first, compiled(tied()));
    setup();
    compiled(three_uses());
    setup();
    ck_assert_str_eq(compiled(tied()), first);
}
END_TEST

/* More events (x·x has 8), or more slots (xⁿ has 3), than a program holds: an error, from a play as well. */
START_TEST(too_long)
{
    static const struct {
        am_op op;
        int nodes;
    } table[] = {{AM_OP_MUL, AM_MAX_EVENTS / 8 + 1}, {AM_OP_POW, AM_MAX_PROGRAM_SLOTS / 3 + 1}};
    for (int i = 0; i < COUNT(table); i++) {
        setup();
        am_var x = w();
        for (int j = 0; j < table[i].nodes; j++) x = table[i].op == AM_OP_MUL ? am_binary(tape, AM_OP_MUL, x, x) : apply(AM_OP_POW, x);
        finish(x);
        am_player *player = &fixture_workspace.player;
        ck_assert_int_eq(am_compile(&player->program, player, tape), AM_CAPACITY);
        ck_assert_int_eq(am_step_play(&fixture_workspace.step, player, tape, NULL), AM_CAPACITY);
        ck_assert_int_eq(am_step_play(&fixture_workspace.step, player, tape, NULL), AM_CAPACITY);
    }
}
END_TEST

Suite *test_engine_suite(void);
Suite *test_engine_suite(void)
{
    Suite *suite = suite_create("engine");
    TCase *tests = tcase_create("engine");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, events, 0, COUNT(cases));
    tcase_add_loop_test(tests, part_of_table, 0, 2);
    tcase_add_test(tests, repeated);
    tcase_add_test(tests, leaves);
    tcase_add_test(tests, too_long);
    suite_add_tcase(suite, tests);
    return suite;
}
