/* Programs: that their backward is the forward's derivative, what stays for it, what they cost. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "truth.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))

static am_program program;
static float *memory[AM_MOST_SLOTS];

static void begin(void)
{
    for (int i = 0; i < program.slots; i++) {
        const am_slot *slot = &program.slot[i];
        am_kernel fill = {.kind = AM_K_FILL, .sizes.n = slot->bytes / 4, .fill = slot->fill};
        memory[i] = calloc(1, slot->bytes);
        if (slot->role == AM_DATA) am_kernel_compute(&fill, (void *const[AM_MOST_OPERANDS]){memory[i]});
    }
}

static void play(am_variant variant)
{
    for (int i = 0; i < program.passes; i++) {
        const am_pass *pass = &program.pass[i];
        void *operand[AM_MOST_OPERANDS] = {0};
        for (int j = 0; j < pass->slots; j++) operand[j] = memory[pass->slot[j]];
        if (am_pass_runs(pass, variant)) am_kernel_compute(&pass->kernel, operand);
    }
}

static void finish(void)
{
    for (int i = 0; i < program.slots; i++) free(memory[i]);
}

/* Σ y dy, whose gradient the backward computes: of the toy's dy it is the mean. */
static double loss(int y, int dy)
{
    double sum = 0;
    for (uint32_t i = 0; i < program.slot[y].bytes / 4; i++) sum += (double)memory[y][i] * memory[dy][i];
    return sum;
}

typedef enum kind { TOY, MLP, ATTENTION } kind;

/* Along a random direction of each of a program's inputs: the gradient's slope and that of two forwards. */
static const struct {
    kind which;
    int input, gradient, y, dy;
} slopes[] = {
    {TOY, AM_TOY_X, AM_TOY_DX, 14, AM_TOY_DY},
    {TOY, AM_TOY_W1, AM_TOY_DW1, 14, AM_TOY_DY},
    {TOY, AM_TOY_B1, AM_TOY_DB1, 14, AM_TOY_DY},
    {TOY, AM_TOY_W2, AM_TOY_DW2, 14, AM_TOY_DY},
    {TOY, AM_TOY_B2, AM_TOY_DB2, 14, AM_TOY_DY},
    {MLP, 0, 5, 4, 1},
    {MLP, 2, 6, 4, 1},
    {MLP, 3, 7, 4, 1},
    {ATTENTION, 0, 7, 6, 1},
    {ATTENTION, 2, 8, 6, 1},
    {ATTENTION, 3, 9, 6, 1},
    {ATTENTION, 4, 10, 6, 1},
    {ATTENTION, 5, 11, 6, 1},
};

static void choose(kind which)
{
    if (which == TOY) am_program_toy(&program, 64);
    if (which == MLP) am_program_mlp(&program, 64, 64, 2);
    if (which == ATTENTION) am_program_attention(&program, 64, 128, 2);
}

START_TEST(derivative)
{
    choose(slopes[_i].which);
    begin();
    int input = slopes[_i].input;
    uint32_t n = program.slot[input].bytes / 4;
    const am_fill direction = {77, AM_FILL_F32, 64, 1.0f / 64};
    double step = slopes[_i].which == TOY ? 1.0 / 16384 : 1.0 / 64, slope = 0;
    /* Its numbers are round, so that some of what ReLU gets would be 0, where it has no slope. */
    for (uint32_t i = 0; slopes[_i].which == TOY && i < 64; i++) memory[AM_TOY_B1][i] += 0.01f;
    play(AM_STORED);
    ck_assert_uint_eq(program.slot[slopes[_i].gradient].bytes, program.slot[input].bytes);
    for (uint32_t i = 0; i < n; i++) slope += (double)memory[slopes[_i].gradient][i] * am_fill_number(&direction, i);
    float *before = malloc(n * sizeof *before);
    memcpy(before, memory[input], n * sizeof *before);
    double at[2];
    for (int side = 0; side < 2; side++) {
        for (uint32_t i = 0; i < n; i++)
            memory[input][i] = before[i] + (float)((side ? step : -step) * am_fill_number(&direction, i));
        play(AM_STORED);
        at[side] = loss(slopes[_i].y, slopes[_i].dy);
    }
    free(before);
    double measured = (at[1] - at[0]) / (2 * step);
    ck_assert_msg(fabs(slope) > 1e-6 && fabs(measured / slope - 1) < 0.02, "%d: slope %g, measured %g", _i, slope,
                  measured);
    finish();
}
END_TEST

START_TEST(recomputed)
{
    static float *stored[AM_MOST_SLOTS];
    choose((kind)_i);
    begin();
    play(AM_STORED);
    for (int i = 0; i < program.slots; i++) {
        stored[i] = malloc(program.slot[i].bytes);
        memcpy(stored[i], memory[i], program.slot[i].bytes);
        if (program.slot[i].role != AM_DATA) memset(memory[i], 0, program.slot[i].bytes);
    }
    play(AM_RECOMPUTED);
    for (int i = 0; i < program.slots; i++) {
        if (program.slot[i].role == AM_RESULT) ck_assert_mem_eq(stored[i], memory[i], program.slot[i].bytes);
        free(stored[i]);
    }
    finish();
}
END_TEST

/* Between forward and backward nothing is kept but data and results, when all of it is computed again. */
START_TEST(lifetimes)
{
    choose((kind)_i);
    for (int variant = 0; variant < AM_VARIANTS; variant++) {
        int64_t live = 0;
        bool there[AM_MOST_SLOTS] = {false};
        for (int i = 0; i < program.passes; i++) {
            const am_pass *pass = &program.pass[i];
            if (!am_pass_runs(pass, (am_variant)variant)) continue;
            if (pass->part != AM_FORWARD && i > 0 && program.pass[i - 1].part == AM_FORWARD)
                ck_assert_int_eq(live > 0, variant == AM_STORED);
            for (int j = 0; j < pass->slots; j++) {
                int slot = pass->slot[j];
                bool written = j == pass->slots - 1, value = program.slot[slot].role == AM_VALUE;
                ck_assert_msg(!value || written || there[slot], "pass %d reads slot %d, which is gone", i, slot);
                if (value && !there[slot]) live += program.slot[slot].bytes;
                if (value) there[slot] = true;
            }
            for (int j = 0; j < pass->slots; j++) {
                int slot = pass->slot[j];
                if (!am_slot_ends(&program, (am_variant)variant, i, slot) || !there[slot]) continue;
                there[slot] = false;
                live -= program.slot[slot].bytes;
            }
        }
        ck_assert_int_eq(live, 0);
    }
}
END_TEST

START_TEST(costs)
{
    am_program_toy(&program, 4096);
    ck_assert_double_eq(am_program_flops(&program, AM_STORED), 6 * 2.0 * 8 * 4096 * 4096);
    ck_assert_double_eq(am_program_flops(&program, AM_RECOMPUTED), 7 * 2.0 * 8 * 4096 * 4096);
    ck_assert_uint_eq(am_program_largest(&program), 64u << 20);
    ck_assert_double_le(am_program_bytes(&program), 512e6);
    am_program_copy(&program, 1 << 20);
    ck_assert_double_eq(am_program_traffic(&program, AM_STORED), 2 << 20);
    am_program_matmul(&program, 512, AM_F16, 2, false);
    ck_assert_double_eq(am_program_flops(&program, AM_STORED), 2.0 * 512 * 512 * 512);
    ck_assert_double_eq(am_program_traffic(&program, AM_STORED), 3 * 2.0 * 512 * 512);
    am_program_mlp(&program, 128, 64, 2);
    ck_assert_double_eq(am_program_flops(&program, AM_STORED), 6 * 2.0 * 128 * 64 * 256);
}
END_TEST

/* A tile takes the widths that its workgroups, and the strips that they share, cut without a rest. */
START_TEST(tiles)
{
    for (uint32_t tile = 0; tile < AM_TILES; tile++)
        for (uint32_t n = 1; n <= 512; n++) {
            const am_tile *x = &am_tiles[tile];
            uint32_t cuts[] = {x->across * x->columns, x->down * x->rows, x->depth ? x->depth : 1};
            bool fits = true;
            for (int i = 0; i < 3; i++) fits &= n / cuts[i] * cuts[i] == n;
            ck_assert_msg(am_tile_fits(tile, n) == fits, "tile %u, width %u", tile, n);
        }
}
END_TEST

Suite *test_program_suite(void);
Suite *test_program_suite(void)
{
    Suite *suite = suite_create("program");
    TCase *tests = tcase_create("program");
    tcase_add_loop_test(tests, derivative, 0, COUNT(slopes));
    tcase_add_loop_test(tests, recomputed, 0, 3);
    tcase_add_loop_test(tests, lifetimes, 0, 3);
    tcase_add_test(tests, costs);
    tcase_add_test(tests, tiles);
    suite_add_tcase(suite, tests);
    return suite;
}
