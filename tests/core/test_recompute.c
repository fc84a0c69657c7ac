/* A checkpointed region run again: where it stops, what of it was kept, how long its inputs live. A step's allocations
 * as text: phase ("f" forward, "p" backward before the region runs again, "r" running again, "b" backward), bytes,
 * live bytes after it. All tensors are fp32 [4, 8] of 128 bytes; the loss and its gradient have 4. */
#include <stdlib.h>

#include "tapes.h"

static const char *played(const am_tape *record)
{
    static am_allocation allocation[64];
    am_trace trace = {.allocation = allocation, .allocation_capacity = COUNT(allocation)};
    ck_assert_int_eq(am_step_play(&fixture_workspace.step, &fixture_workspace.player, record, &trace), AM_OK);
    ck_assert_int_le(trace.allocations, COUNT(allocation));
    text[0] = '\0';
    for (int i = 0; i < trace.allocations; i++)
        say("%c%lld/%lld ", "fprb"[allocation[i].phase], (long long)allocation[i].bytes, (long long)allocation[i].live);
    return said();
}

static am_var w(void)
{
    return weight(SHAPE(4, 8), AM_FP32);
}

static am_var apply(am_op op, am_var x)
{
    return am_unary(tape, op, x);
}

/* -w, then up to three operations in a region. */
static am_var region(const am_op op[3])
{
    am_var x = apply(AM_OP_NEG, w());
    am_region_begin(tape, x, 0, NULL);
    for (int i = 0; i < 3 && op[i]; i++) x = apply(op[i], x);
    am_region_end(tape, x);
    return x;
}

static const struct {
    const char *name;
    am_op op[3];
    am_recompute kind;
    am_keep keep;
    const char *allocations;
} steps[] = {
    /* GELU saves its input alone, so what runs again stops before it. Its node and tanh's hold the copy, x dies with
     * the region: 264 live before -w's backward are x's gradient's 128, its own 128, the loss and its gradient. */
    {"stops before the last that saves its input",
     {AM_OP_TANH, AM_OP_GELU},
     AM_NON_REENTRANT,
     AM_KEEP_NOTHING,
     "f128/128 f128/256 f128/384 f4/260 b4/264 b128/392 r128/392 b128/520 b128/520 b128/264"},
    /* Tanh saves its result, so it runs again too: GELU's result dies when tanh's is there. */
    {"stops behind the last that saves its result",
     {AM_OP_GELU, AM_OP_TANH},
     AM_NON_REENTRANT,
     AM_KEEP_NOTHING,
     "f128/128 f128/256 f128/384 f4/260 b4/264 b128/392 r128/392 r128/520 b128/520 b128/392 b128/264"},
    /* Nothing behind the last that saves runs again; its backward comes before that. */
    {"what saves nothing does not run again",
     {AM_OP_TANH, AM_OP_NEG},
     AM_NON_REENTRANT,
     AM_KEEP_NOTHING,
     "f128/128 f128/256 f128/384 f4/260 b4/264 b128/392 p128/392 r128/392 b128/520 b128/264"},
    /* Both results are there at once with the gradient that the node was entered with; the input dies with the last. */
    {"a reentrant region runs whole",
     {AM_OP_TANH, AM_OP_GELU},
     AM_REENTRANT,
     AM_KEEP_NOTHING,
     "f128/128 f128/256 f128/384 f4/260 b4/264 b128/392 r128/392 r128/520 b128/648 b128/776 b128/264"},
    {"even where nothing is saved",
     {AM_OP_NEG, AM_OP_NEG},
     AM_REENTRANT,
     AM_KEEP_NOTHING,
     "f128/128 f128/256 f128/384 f4/260 b4/264 b128/392 r128/392 r128/520 b128/520 b128/648 b128/264"},
    /* Not a checkpoint at all: x dies in the forward, and tanh's result serves both nodes. */
    {"a region that keeps everything",
     {AM_OP_TANH, AM_OP_GELU},
     AM_NON_REENTRANT,
     AM_KEEP_EVERYTHING,
     "f128/128 f128/256 f128/256 f4/260 b4/264 b128/392 b128/392 b128/392 b128/264"},
};

START_TEST(allocations)
{
    setup();
    finish(region(steps[_i].op));
    am_tape_checkpoint(tape, steps[_i].kind, steps[_i].keep);
    const char *got = played(tape);
    ck_assert_msg(strcmp(got, steps[_i].allocations) == 0, "%s:\n  %s\n, not\n  %s", steps[_i].name, got,
                  steps[_i].allocations);
}
END_TEST

/* -w; in the region a product to [4, 6], 96 bytes, tanh of it and a product back; its weights have 192 bytes. A product
 * has 2·4·8·6 = 384 FLOPs. The second only saves its inputs, so a non-reentrant region never runs it again. */
static am_var products(void)
{
    am_var x = apply(AM_OP_NEG, w()), up = weight(SHAPE(6, 8), AM_FP32), down = weight(SHAPE(8, 6), AM_FP32);
    am_region_begin(tape, x, 0, NULL);
    x = am_linear(tape, apply(AM_OP_TANH, am_linear(tape, x, up, 0)), down, 0);
    am_region_end(tape, x);
    return x;
}

static const struct {
    am_recompute kind;
    am_keep keep;
    int64_t after_forward, flops;
    const char *allocations;
} kept[] = {
    {AM_NON_REENTRANT, AM_KEEP_NOTHING, 128 + 128 + 4, 384,
     "f128/128 f96/224 f96/320 f128/352 f4/260 b4/264 b128/392 r96/360 r96/456 "
     "b192/552 b96/648 b96/424 b192/424 b128/552 b128/264"},
    /* The first product's result goes from the cache to tanh and dies there; the second's, which nobody asks for,
     * stays until the region is done. */
    {AM_NON_REENTRANT, AM_KEEP_MATMULS, 128 + 96 + 128 + 4, 0,
     "f128/128 f96/224 f96/320 f128/448 f4/356 b4/360 b128/488 r96/584 "
     "b192/680 b96/776 b96/552 b192/552 b128/680 b128/264"},
    {AM_NON_REENTRANT, AM_KEEP_HALF_MATMULS, 128 + 96 + 128 + 4, 0,
     "f128/128 f96/224 f96/320 f128/448 f4/356 b4/360 b128/488 r96/456 "
     "b192/552 b96/648 b96/424 b192/424 b128/552 b128/264"},
    {AM_REENTRANT, AM_KEEP_NOTHING, 128 + 128 + 4, 2 * 384, NULL},
};

START_TEST(selective)
{
    setup();
    finish(products());
    for (int i = 0; i < COUNT(kept); i++) { /* one record, whatever was played before */
        am_tape_checkpoint(tape, kept[i].kind, kept[i].keep);
        const char *got = played(tape);
        if (kept[i].allocations) ck_assert_str_eq(got, kept[i].allocations);
        ck_assert_int_eq(fixture_workspace.step.after_forward, kept[i].after_forward);
        ck_assert_int_eq(fixture_workspace.step.recomputed_flops, kept[i].flops);
        ck_assert_int_eq(fixture_workspace.step.forward_flops, 2 * 384);
    }
}
END_TEST

/* What the region's closure holds lives as long as its input: 64 bytes [2, 8]. A reentrant one's stays to the end. */
START_TEST(closure)
{
    static const struct {
        am_recompute kind;
        int64_t last;
    } table[] = {{AM_NON_REENTRANT, 264}, {AM_REENTRANT, 264 + 64}};
    for (int i = 0; i < COUNT(table); i++) {
        setup();
        am_var held = made(SHAPE(2, 8), AM_FP32), x = apply(AM_OP_NEG, w());
        am_region_begin(tape, x, 1, &held);
        am_var y = apply(AM_OP_TANH, x);
        am_region_end(tape, y);
        finish(y);
        am_tape_checkpoint(tape, table[i].kind, AM_KEEP_NOTHING);
        const char *got = played(tape), *last = strrchr(got, '/');
        ck_assert_int_eq(fixture_workspace.step.after_forward, 64 + 128 + 128 + 4);
        ck_assert_msg(atoll(last + 1) == table[i].last, "%s", got);
    }
}
END_TEST

/* ---- regions in regions, as torch.utils.checkpoint(use_reentrant=True) plays them in PyTorch 2.15: measured on meta tensors */

static am_var inside(am_op op, am_var x)
{
    am_region_begin(tape, x, 0, NULL);
    am_var y = apply(op, x);
    am_region_end(tape, y);
    return y;
}

/* A region between two others of the outer one's operations. */
static am_var in_the_middle(void)
{
    am_var x = apply(AM_OP_NEG, w());
    am_region_begin(tape, x, 0, NULL);
    am_var a = apply(AM_OP_TANH, x), b = inside(AM_OP_TANH, a), c = apply(AM_OP_TANH, b);
    am_hold(tape, a, b);
    am_region_end(tape, c);
    return c;
}

/* One that runs backward last, and whose input is the outer one's: the sum of its gradients is made outside the inner one. */
static am_var at_the_start(void)
{
    am_var x = apply(AM_OP_NEG, w());
    am_region_begin(tape, x, 0, NULL);
    am_var a = inside(AM_OP_GELU, x), b = apply(AM_OP_TANH, x), c = am_binary(tape, AM_OP_ADD, b, a);
    am_hold(tape, a);
    am_region_end(tape, c);
    return c;
}

/* One alone, whose input has another use: the gradients are added when it has let go of what it holds. */
static am_var beside_another_use(void)
{
    am_var x = apply(AM_OP_NEG, w()), a = inside(AM_OP_TANH, x);
    return am_binary(tape, AM_OP_ADD, x, a);
}

static const struct {
    am_var (*record)(void);
    am_keep outer, inner;
    const char *allocations;
} nested[] = {
    {in_the_middle, AM_KEEP_NOTHING, AM_KEEP_NOTHING,
     "f128/128 f128/256 f128/384 f128/512 f4/260 b4/264 b128/392 r128/392 r128/520 r128/648 b128/648 r128/776 b128/904 b128/776 b128/264"},
    {in_the_middle, AM_KEEP_EVERYTHING, AM_KEEP_NOTHING,
     "f128/128 f128/256 f128/256 f128/384 f4/260 b4/264 b128/392 b128/520 r128/392 b128/520 b128/392 b128/264"},
    {in_the_middle, AM_KEEP_NOTHING, AM_KEEP_EVERYTHING,
     "f128/128 f128/256 f128/384 f128/512 f4/260 b4/264 b128/392 r128/392 r128/520 r128/648 b128/776 b128/904 b128/776 b128/264"},
    {at_the_start, AM_KEEP_NOTHING, AM_KEEP_NOTHING,
     "f128/128 f128/256 f128/384 f128/512 f4/260 b4/264 b128/392 r128/392 r128/520 r128/648 b128/648 r128/648 b128/776 b128/776 b128/264"},
    {beside_another_use, AM_KEEP_NOTHING, AM_KEEP_NOTHING,
     "f128/128 f128/256 f128/384 f4/260 b4/264 b128/392 r128/392 b128/520 b128/392 b128/264"},
};

START_TEST(regions_in_regions)
{
    setup();
    finish(nested[_i].record());
    am_tape_checkpoint(tape, AM_REENTRANT, nested[_i].inner);
    am_tape_checkpoint_region(tape, 1, AM_REENTRANT, nested[_i].outer);
    const char *got = played(tape);
    ck_assert_msg(strcmp(got, nested[_i].allocations) == 0, "%d: %s\n, not\n  %s", _i, got, nested[_i].allocations);
}
END_TEST

/* -w, GELU of it in a region whose result is discarded, and what uses that: negated, no node has saved it, and it goes again as soon as
 * it has been filled, before the 128 bytes of the next gradient; GELU of it keeps it until its own backward. Then all is gone. */
static const struct {
    am_op use;
    const char *allocations;
} discarded[] = {
    {AM_OP_NEG, "f128/128 f128/256 f128/384 f128/512 f4/260 b4/264 b128/392 r128/392 b128/520 b128/520 b128/520 b128/264"},
    {AM_OP_GELU, "f128/128 f128/256 f128/384 f128/512 f4/260 b4/264 b128/392 r128/392 b128/648 b128/648 b128/520 b128/264"},
};

START_TEST(discards)
{
    setup();
    am_var x = apply(AM_OP_NEG, w());
    am_region_begin(tape, x, 0, NULL);
    am_var y = apply(AM_OP_GELU, x);
    uint16_t region = tape->open_region;
    am_region_end(tape, y);
    am_var used = apply(discarded[_i].use, y), hook = apply(AM_OP_NEG, used);
    am_region_discard(tape, region, hook);
    finish(hook);
    am_tape_checkpoint(tape, AM_REENTRANT, AM_KEEP_NOTHING);
    const char *got = played(tape);
    ck_assert_msg(strcmp(got, discarded[_i].allocations) == 0, "%d: %s\n, not\n  %s", _i, got, discarded[_i].allocations);
}
END_TEST

/* With latent attention's projections played again, and on a ring, whose own buffer is all that keeps keys and values: backwards of
 * layers leave nothing. */
START_TEST(nothing_left)
{
    static const char *const runs[] = {"stack=megatron", "stack=megatron cp=2", "stack=megatron-local attention=flash cp=2"};
    for (int i = 0; i < COUNT(runs); i++)
        for (int dense = 0; dense < 2; dense++) {
            char run[400];
            snprintf(run, sizeof run,
                     "%s family=deepseek_v3 hidden=64 heads=4 head_dim=24 rotary_dim=8 v_head_dim=16 kv_rank=16 ffn=96 vocab=64 seq=64 "
                     "experts=4 experts_per_token=2 moe_ffn=48 layers=5 dense_layers=%d checkpoint=modules:mla_up_proj",
                     runs[i], dense);
            am_config config = config_of(run);
            am_status status;
            ck_assert_int_eq(am_evaluate_totals(&fixture_workspace.totals, &fixture_workspace, &config, &status), AM_OK);
            const am_step *step = &fixture_workspace.profile[AM_PROFILE_MODULES].step;
            for (int zone = 0; zone < step->layers; zone++)
                ck_assert_msg(step->backward_start[zone] - step->boundary[zone] == step->backward_start[step->layers] - step->boundary[step->layers],
                              "%s: layer %d", run, zone);
        }
}
END_TEST

Suite *test_recompute_suite(void);
Suite *test_recompute_suite(void)
{
    Suite *suite = suite_create("recompute");
    TCase *tests = tcase_create("recompute");
    tcase_add_loop_test(tests, allocations, 0, COUNT(steps));
    tcase_add_test(tests, selective);
    tcase_add_test(tests, closure);
    tcase_add_loop_test(tests, discards, 0, COUNT(discarded));
    tcase_add_test(tests, nothing_left);
    tcase_add_loop_test(tests, regions_in_regions, 0, COUNT(nested));
    suite_add_tcase(suite, tests);
    return suite;
}
