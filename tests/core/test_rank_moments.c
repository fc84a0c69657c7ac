/* The moments of a rank's chain, against the schedule played. */
#include "pipeline_schedule.h"
#include "rank_draws.h"

static am_rank_chain chain;

typedef struct naive {
    int64_t alive[AM_MAX_CHUNKS], kept[AM_MAX_CHUNKS], renewed[AM_MAX_CHUNKS], peak[AM_MAX_CHUNKS], forward, backward;
} naive;

/* The highest of a schedule's moments, one action at a time. */
static void act(void *context, am_pipeline_action action, int chunk, int64_t times)
{
    naive *own = context;
    for (int64_t i = 0; i < times; i++) {
        int64_t bytes = own->peak[chunk];
        if (action == AM_ACT_FORWARD) own->alive[chunk]++;
        for (int j = 0; j < AM_MAX_CHUNKS; j++) {
            bytes += (own->alive[j] - (j == chunk)) * own->kept[j];
            if (own->alive[j] > 0) bytes += (own->alive[j] - 1) * own->renewed[j]; /* the last one's lasts */
        }
        if (action != AM_ACT_FORWARD) own->alive[chunk]--;
        int64_t *highest = action == AM_ACT_FORWARD ? &own->forward : &own->backward;
        if (bytes > *highest) *highest = bytes;
    }
}

/* The moments of a chain are those of the schedule; whatever a chunk keeps and peaks at, forwards stand as high as backwards: so
 * the highest of both is all that a chunk's plan is told by. */
START_TEST(moments)
{
    static const int64_t schedules[] = {AM_GPIPE, AM_1F1B, AM_INTERLEAVED, AM_LOOPED_BFS};
    state = (uint64_t)_i + 1;
    for (int round = 0; round < 60; round++) {
        am_config config = draw_schedule(schedules[_i]);
        const am_pipeline schedule = {config.schedule, config.pp, config.vpp, config.micro_batches};
        for (int64_t rank = 0; rank < config.pp; rank++) {
            naive own = {.forward = 0};
            am_stage_plan plan[AM_MAX_CHUNKS];
            int first[AM_MAX_CHUNKS] = {0};
            ck_assert(am_rank_moments(&chain, &config, rank));
            chain.base = 0;
            for (int i = 0; i < config.vpp; i++) {
                own.kept[i] = draw(1000);
                own.peak[i] = own.kept[i] + draw(3000);
                chain.renewed[i] = draw(60);
                plan[i] = (am_stage_plan){.peak = own.peak[i], .kept = own.kept[i], .renewed = (int32_t)draw(4)};
                own.renewed[i] = plan[i].renewed * chain.renewed[i];
                chain.plan[i] = &plan[i];
            }
            am_pipeline_play(&schedule, rank, act, &own);
            ck_assert_int_eq(own.forward, own.backward);
            ck_assert_int_eq(am_rank_chain_peak(&chain, first), own.backward);
        }
    }
}
END_TEST

Suite *test_rank_moments_suite(void)
{
    Suite *suite = suite_create("rank_moments");
    TCase *tests = tcase_create("rank_moments");
    tcase_add_loop_test(tests, moments, 0, 4);
    suite_add_tcase(suite, tests);
    return suite;
}
