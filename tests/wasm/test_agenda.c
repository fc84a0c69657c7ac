/* What is measured, in which order and at which sizes, of adapters that take a given time. */
#include <check.h>
#include <string.h>

#include "agenda.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))

static am_agenda agenda;
static am_stage stage;
static am_bench_options options;
static am_gpu_limits limits;

static void begin(void)
{
    options = am_bench_defaults();
    limits = (am_gpu_limits){1, 1, 1u << 30, 16384, 256, 65535};
    am_agenda_begin(&agenda, &options, &limits, options.budget);
}

/* A virtual adapter: what each stage takes. */
typedef struct adapter {
    double gflops, compilation, shared_compilation; /* milliseconds of a kernel */
} adapter;

typedef struct history {
    int tiles[AM_MEASURES]; /* that raced */
    uint32_t size[AM_MEASURES];
    am_omission omitted[AM_MEASURES];
    am_measure order[AM_MEASURES + 1];
    int measures;
    double took;
} history;

static history play(adapter x)
{
    history seen = {0};
    double now = 0;
    am_omission why;
    for (int turns = 0; turns < 200; turns++) {
        am_turn turn = am_agenda_next(&agenda, now, &stage, &why);
        am_measure measure = am_agenda_measure(&agenda);
        if (turn == AM_T_END) {
            seen.took = now;
            return seen;
        }
        if (turn == AM_T_MEASURE) {
            ck_assert_int_lt(seen.measures, COUNT(seen.order));
            seen.order[seen.measures++] = measure;
        }
        if (turn == AM_T_OMITTED) seen.omitted[measure] = why;
        if (turn != AM_T_STAGE) continue;
        const am_layout *layout = &stage.program.pass[0].kernel.layout;
        double flops = am_program_flops(&stage.program, AM_STORED), run = flops / x.gflops / 1e6 + 0.1;
        am_taken taken = {.gflops = flops / run / 1e6, .filled = run / 4, .walked = run * 2, .checked = run / 2};
        taken.compiled = layout->tile != AM_TILE_DIRECT && flops > 0 ? x.shared_compilation : x.compilation;
        if (layout->tile == AM_TILES - 1) taken.gflops *= 1.5; /* the largest is the fastest */
        seen.tiles[measure] += stage.quick;
        if (stage.timed && !stage.quick) seen.size[measure] = stage.size;
        now += taken.compiled + taken.filled + taken.walked + taken.checked + (stage.timed ? 3 * run : 0);
        am_agenda_took(&agenda, &stage, &taken);
    }
    ck_abort_msg("no end");
    return seen;
}

START_TEST(order)
{
    static const am_measure wanted[] = {AM_M_MATMUL_F32, AM_M_COPY,           AM_M_MATMUL_F32, AM_M_MLP, AM_M_ATTENTION,
                                        AM_M_SOFTMAX,    AM_M_MATMUL_F16_F32, AM_M_MATMUL_F16, AM_M_TOY};
    begin();
    history seen = play((adapter){2000, 10, 10});
    ck_assert_int_eq(seen.measures, COUNT(wanted));
    ck_assert_mem_eq(seen.order, wanted, sizeof wanted);
    for (int i = 0; i < AM_MEASURES; i++) ck_assert_msg(!seen.omitted[i] && seen.size[i] > 0, "measure %d", i);
}
END_TEST

START_TEST(sizes)
{
    static const struct {
        adapter adapter;
        uint32_t copy, matmul, block, toy; /* wanted */
        int tiles;                         /* in f32, at least, beside the probe's */
    } cases[] = {
        {{20000, 10, 10}, 128u << 20, 4096, 1024, 4096, AM_TILES},
        {{2000, 10, 10}, 128u << 20, 2048, 512, 4096, AM_TILES},
        {{3, 40, 800}, 32u << 20, 256, 128, 4096, 2},
        {{0.5, 40, 800}, 32u << 20, 256, 128, 2048, 1},
        {{0.05, 40, 800}, 32u << 20, 256, 128, 0, 1},
    };
    begin();
    history seen = play(cases[_i].adapter);
    ck_assert_uint_eq(seen.size[AM_M_COPY], cases[_i].copy);
    ck_assert_uint_eq(seen.size[AM_M_MATMUL_F32], cases[_i].matmul);
    if (cases[_i].toy) ck_assert_uint_eq(seen.size[AM_M_MLP], cases[_i].block);
    ck_assert_uint_eq(seen.size[AM_M_TOY], cases[_i].toy);
    if (!cases[_i].toy) ck_assert_int_eq(seen.omitted[AM_M_TOY], AM_O_TIME);
    ck_assert_int_ge(seen.tiles[AM_M_MATMUL_F32], cases[_i].tiles);
    if (cases[_i].toy) ck_assert_double_le(seen.took, options.budget);
}
END_TEST

/* Nothing wider than what there is room for. */
START_TEST(room)
{
    begin();
    options.memory = 100e6;
    limits.buffer_bytes = 16u << 20;
    limits.workgroup_bytes = 8192;
    history seen = play((adapter){20000, 10, 10});
    ck_assert_uint_eq(seen.size[AM_M_COPY], 16u << 20);
    ck_assert_uint_eq(seen.size[AM_M_TOY], 2048);
    ck_assert_uint_le(seen.size[AM_M_MATMUL_F32], 2048);
    limits.f16 = 0;
    am_agenda_begin(&agenda, &options, &limits, options.budget);
    seen = play((adapter){2000, 10, 10});
    ck_assert_int_eq(seen.omitted[AM_M_MATMUL_F16], AM_O_UNSUPPORTED);
    ck_assert_int_eq(seen.omitted[AM_M_MATMUL_F16_F32], AM_O_UNSUPPORTED);
}
END_TEST

/* One tile that fails is passed over; all of them, and the worst reason is told. */
START_TEST(failing_tiles)
{
    am_omission why;
    am_turn turn;
    for (int wrong = 0; wrong < 2; wrong++) {
        begin();
        int failed = 0;
        while ((turn = am_agenda_next(&agenda, 0, &stage, &why)) != AM_T_OMITTED) {
            ck_assert_int_ne(turn, AM_T_END);
            if (turn != AM_T_STAGE) continue;
            am_taken taken = {.gflops = 100};
            bool race = stage.quick && agenda.job > 0;
            if (race) taken.why = wrong && failed == 1 ? AM_O_WRONG : AM_O_REFUSED;
            failed += race;
            am_agenda_took(&agenda, &stage, &taken);
        }
        ck_assert_int_eq(failed, AM_TILES);
        ck_assert_int_eq(am_agenda_measure(&agenda), AM_M_MATMUL_F32);
        ck_assert_int_eq(why, wrong ? AM_O_WRONG : AM_O_REFUSED);
    }
}
END_TEST

static int told[AM_MEASURES];

static void tell(am_measure measure, am_omission why)
{
    ck_assert_int_eq(why, AM_O_TIME);
    told[measure]++;
}

/* From any point on, each measure that has no result is omitted once. */
START_TEST(abandoned)
{
    for (int after = 0; after < 30; after++) {
        am_omission why;
        bool results[AM_MEASURES] = {false};
        memset(told, 0, sizeof told);
        begin();
        bool over = false;
        for (int i = 0; i < after && !over; i++) {
            am_turn turn = am_agenda_next(&agenda, 0, &stage, &why);
            over = turn == AM_T_END;
            if (turn != AM_T_STAGE) continue;
            am_agenda_took(&agenda, &stage, &(am_taken){.gflops = 1e5});
            if (stage.timed && !stage.quick) results[am_agenda_measure(&agenda)] = true;
        }
        am_agenda_abandon(&agenda, agenda.job >= 0 && results[am_agenda_measure(&agenda)], tell);
        for (int i = 0; i < AM_MEASURES; i++)
            ck_assert_msg(told[i] + results[i] == 1, "after %d turns: measure %d", after, i);
    }
}
END_TEST

Suite *test_agenda_suite(void);
Suite *test_agenda_suite(void)
{
    Suite *suite = suite_create("agenda");
    TCase *tests = tcase_create("agenda");
    tcase_add_test(tests, order);
    tcase_add_loop_test(tests, sizes, 0, 5);
    tcase_add_test(tests, room);
    tcase_add_test(tests, failing_tiles);
    tcase_add_test(tests, abandoned);
    suite_add_tcase(suite, tests);
    return suite;
}
