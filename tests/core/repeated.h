/* What the tests of repeated layers share: a model of four to six layers, which are copied or built one by one. */
#ifndef REPEATED_H
#define REPEATED_H

#include "repeat.h"
#include "tapes.h"

static am_config config;
static bool toggles, labels, still;
static am_aside aside;
static bool follows; /* the record before is of the same model, whose layers are set aside */

/* A norm, an MLP and a residual sum; the mask is the model's. toggles: it leaves another state each time; still: nothing in it learns. */
static am_var layer(am_build *build, am_var x)
{
    am_enter(tape, "", AM_C_RESIDUAL);
    am_dim h = build->h, f = build->f;
    am_var norm = am_rms_norm(tape, x, am_parameter(tape, AM_SHAPE(h), build->dtype, build->trainable, "norm"));
    am_var up = am_linear(tape, norm, am_parameter(tape, AM_SHAPE(f, h), build->dtype, build->trainable, "up"), 0);
    am_var active = am_label(tape, am_unary(tape, AM_OP_GELU, up), "active");
    am_var down = am_linear(tape, active, am_parameter(tape, AM_SHAPE(h, f), build->dtype, !still, "down"), 0);
    am_var masked = am_binary(tape, AM_OP_MUL, down, build->mask);
    am_var y = am_label(tape, am_binary(tape, AM_OP_ADD, x, masked), "hidden state");
    am_hold(tape, norm, active, build->mask);
    if (toggles) build->scores = !build->scores;
    if (labels) am_label(tape, x, "input");
    return y;
}

static void setup_config(void)
{
    config = am_default_config();
    config.layers = 6, config.hidden = 24, config.heads = config.kv_heads = 2, config.head_dim = 12, config.ffn = 40, config.seq = 8;
    config.batch = 2, config.vocab = 17, config.tp = config.cp = 1;
    config.lora_dtype = 1;
}

static void record(bool autocast, bool learns, am_record of)
{
    am_build build;
    int64_t value[AM_SYMBOL_COUNT];
    if (!follows) start(AM_DTYPE_COUNT);
    am_model_symbols(&config, value);
    if (!follows) am_extents_init(&extents, value);
    am_build_begin(&build, tape, &extents, &config, of);
    if (autocast) tape->autocast = AM_BF16;
    am_var x = am_label(tape, made(AM_SHAPE(build.b, build.s, build.h), build.dtype), "hidden state");
    if (learns) am_require_grad(tape, x);
    build.mask = made(AM_SHAPE(build.s, build.h), build.dtype);
    x = am_layers(&build, layer, x, 1, &build.mask);
    tape->zone++;
    am_tape_finish(tape, am_sum_all(tape, x), 0);
    ck_assert_int_eq(tape->status.code, AM_OK);
}

/* Layers in regions of one and of three, the first with an input that learns or not; how many of them are copies. */
static const struct {
    am_record record;
    bool autocast, learns;
    int copies;
} repeated[] = {
    {{.units = 4, .inner = 1}, false, true, 3},
    {{.units = 4, .inner = 1, .regions = true}, false, true, 3},
    {{.units = 4, .inner = 1, .regions = true}, false, false, 2},
    {{.units = 2, .inner = 3, .regions = true}, false, true, 5},
    {{.units = 2, .inner = 3, .regions = true}, true, false, 4},
    {{.units = 3, .inner = 1, .regions = true, .kind = {0, 1, 1}}, false, true, 1},
};

/* Records one of them, copied or not. */
static void record_one(int i, bool copied)
{
    setup_config();
    config.dtype = repeated[i].autocast ? 0 : 1;
    labels = false;
    toggles = !copied;
    record(repeated[i].autocast, repeated[i].learns, repeated[i].record);
    ck_assert_int_ge(tape->repeats, copied ? repeated[i].copies : 0);
    if (!follows) ck_assert_int_le(tape->repeats, copied ? repeated[i].copies : 0);
}

/* Two records of one model, one after the other; whether the layers of the first are set aside for the second. */
static void record_two(int first, int second, bool aside_too)
{
    tape->aside = aside_too ? &aside : NULL;
    am_aside_clear(&aside);
    record_one(first, true);
    follows = true;
    record_one(second, true);
    follows = false;
    tape->aside = NULL;
}

/* How many layers of what is on the tape are copies of one that was set aside. */
static int recalled(void)
{
    int count = 0;
    for (int i = 0; i < tape->repeats; i++) count += tape->repeated[i].aside != 0;
    return count;
}

#endif
