/* Parameters that are shared out: what the buffers of a unit are, in which order they come and go, and what stays as it is.
 * Its peaks are held to measured ones in test_torch_rank.c. */
#include <stdio.h>

#include "measured.h"

#include "tape.h"

#define SMALL "hidden=32 heads=4 kv_heads=2 ffn=48 vocab=64 seq=16 "

static am_outcome outcome_of(const char *text)
{
    am_status status;
    am_config config = config_of(text);
    ck_assert_msg(am_evaluate(&fixture_report, &fixture_workspace, &config, &status) == AM_OK, "%s: %s", text,
                  status.message);
    return fixture_report.outcome;
}

/* Sharing parameters out changes no saved byte, whoever writes the layers; its peaks are higher, and gradients are shared. */
START_TEST(sharded)
{
    static const char *const texts[] = {
        "layers=5 " SMALL, "stack=liger layers=5 " SMALL, "family=gpt2 layers=3 hidden=32 heads=4 vocab=64 seq=16 ",
        "layers=5 checkpoint=full " SMALL, "family=mixtral experts=4 experts_per_token=2 layers=3 " SMALL};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        char text[256];
        snprintf(text, sizeof text, "%s zero=3 dp=2", texts[i]);
        am_outcome whole = outcome_of(texts[i]), part = outcome_of(text);
        int64_t gathered = fixture_report.gathered;
        ck_assert_int_eq(part.saved_bytes, whole.saved_bytes);
        ck_assert_int_eq(part.after_forward, whole.after_forward);
        ck_assert_int_eq(2 * part.gradient_bytes, whole.gradient_bytes);
        ck_assert_int_gt(gathered, 0);
        ck_assert_int_ge(part.backward_peak, whole.backward_peak);
        ck_assert_int_gt(part.forward_peak, whole.forward_peak);
        snprintf(text, sizeof text, "%s zero=3 dp=2 reshard=no", texts[i]);
        am_outcome kept = outcome_of(text);
        ck_assert_int_eq(kept.after_forward, part.after_forward + fixture_report.gathered);
        ck_assert_int_eq(fixture_report.gathered, fixture_report.gathered_after);
        ck_assert_int_eq(fixture_report.gathered, whole.gradient_bytes); /* bf16, as the gradients are */
        ck_assert_int_gt(fixture_report.gathered, gathered);
    }
}
END_TEST

/* The ends of block:N are none and full; between them each layer that runs again lowers what is kept. */
START_TEST(blocks_of_layers)
{
    int64_t kept = INT64_MAX;
    for (int n = 0; n <= 6; n++) {
        char text[160];
        snprintf(text, sizeof text, "stack=torch layers=6 zero=3 dp=2 checkpoint=block:%d " SMALL, n);
        am_outcome block = outcome_of(text);
        ck_assert_int_lt(block.after_forward, kept);
        kept = block.after_forward;
        if (n > 0 && n < 6) continue;
        snprintf(text, sizeof text, "stack=torch layers=6 zero=3 dp=2 checkpoint=%s " SMALL, n ? "full" : "none");
        am_outcome end = outcome_of(text);
        ck_assert_int_eq(block.after_forward, end.after_forward);
        ck_assert_int_eq(block.forward_peak, end.forward_peak);
        ck_assert_int_eq(block.backward_peak, end.backward_peak);
        ck_assert_int_eq(block.step_peak, end.step_peak);
    }
}
END_TEST

/* Without ranks that share parameters out, nothing is gathered; data parallelism alone changes nothing. */
START_TEST(data_parallel)
{
    am_outcome alone = outcome_of("layers=2 " SMALL);
    ck_assert_int_eq(fixture_report.gathered, 0);
    static const char *const texts[] = {"dp=8 ", "dp=8 zero=1 ", "dp=8 zero=2 "};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        char text[256];
        snprintf(text, sizeof text, "layers=2 " SMALL "%s", texts[i]);
        am_outcome ranks = outcome_of(text);
        ck_assert_int_eq(ranks.saved_bytes, alone.saved_bytes);
        ck_assert_int_eq(ranks.backward_peak, alone.backward_peak);
        ck_assert_int_eq(fixture_report.gathered, 0);
    }
}
END_TEST

/* Of three ranks, rows are padded to a multiple of three: 33 of 32, 48 of 48, 66 of 64; a norm's 32 elements to 33. */
START_TEST(padded)
{
    outcome_of("stack=torch layers=2 zero=3 dp=3 " SMALL);
    const am_tape *tape = &fixture_workspace.tape;
    int64_t own = 2 * (66 * 32 * 2 + 33); /* bf16: table, head, norm */
    int64_t layer = 2 * (33 * 32 + 2 * 18 * 32 + 33 * 32 + 2 * 48 * 32 + 33 * 48 + 2 * 33);
    ck_assert_int_eq(tape->sharded[1].gathered, own);
    ck_assert_int_eq(tape->sharded[2].gathered, layer);
    ck_assert_int_eq(tape->sharded[2].reduced, layer);
    ck_assert_int_eq(tape->sharded[2].part, layer / 3);
    ck_assert_int_eq(tape->sharded[2].cast, 0);
    ck_assert_int_eq(fixture_report.gathered, own + layer);
    outcome_of("stack=torch layers=2 zero=3 dp=3 master_weights=yes grad_dtype=fp32 " SMALL);
    ck_assert_int_eq(tape->sharded[2].gathered, layer);
    ck_assert_int_eq(tape->sharded[2].reduced, 2 * layer);
    ck_assert_int_eq(tape->sharded[2].part, 2 * layer / 3);
    ck_assert_int_eq(tape->sharded[2].cast, layer / 3);
}
END_TEST

/* Blocks of 512 bytes: each parameter has its own, the collective's buffer is one. */
START_TEST(blocks)
{
    outcome_of("stack=torch layers=1 zero=3 dp=2 allocator=cuda " SMALL);
    const am_tape *tape = &fixture_workspace.tape;
    ck_assert_int_eq(tape->sharded[2].copied, tape->sharded[2].gathered + 2 * (512 - 64)); /* two norms of 64 bytes */
    ck_assert_int_eq(tape->sharded[1].copied, tape->sharded[1].gathered + 512 - 64);
}
END_TEST

/* Gathered, then copied out: nothing of the forward before that. In backward the model's own parameters again, then ahead
 * the layer's, which is copied out before the model's next is gathered; a unit's gradients go together into one buffer. */
START_TEST(order)
{
    am_status status;
    am_config config = config_of("stack=torch layers=1 zero=3 dp=2 " SMALL);
    ck_assert_int_eq(am_config_resolve(&config, &status), AM_OK);
    int count = play_allocations(&config), at = 0;
    const am_tape *tape = &fixture_workspace.tape;
    const struct {
        am_phase phase;
        int64_t bytes;
    } wanted[] = {
        {AM_FORWARD, tape->sharded[1].gathered},  {AM_FORWARD, tape->sharded[1].copied},
        {AM_FORWARD, tape->sharded[2].gathered},  {AM_FORWARD, tape->sharded[2].copied},
        {AM_BACKWARD, tape->sharded[1].gathered}, {AM_BACKWARD, tape->sharded[1].copied},
        {AM_BACKWARD, tape->sharded[2].gathered}, {AM_BACKWARD, tape->sharded[2].copied},
        {AM_BACKWARD, tape->sharded[2].reduced},  {AM_BACKWARD, tape->sharded[2].part},
        {AM_BACKWARD, tape->sharded[1].reduced},  {AM_BACKWARD, tape->sharded[1].part},
    };
    for (int i = 0; i < count && at < (int)(sizeof wanted / sizeof *wanted); i++)
        at += measured_events[i].phase == wanted[at].phase && measured_events[i].bytes == wanted[at].bytes;
    ck_assert_int_eq(at, sizeof wanted / sizeof *wanted);
    ck_assert_int_eq(measured_events[0].bytes, tape->sharded[1].gathered);
    ck_assert_int_eq(measured_events[count - 1].bytes, tape->sharded[1].part);
    ck_assert_int_eq(tape->units, 2);
}
END_TEST

Suite *test_fsdp_suite(void);
Suite *test_fsdp_suite(void)
{
    Suite *suite = suite_create("fsdp");
    TCase *tests = tcase_create("fsdp");
    tcase_add_test(tests, sharded);
    tcase_add_test(tests, blocks_of_layers);
    tcase_add_test(tests, data_parallel);
    tcase_add_test(tests, padded);
    tcase_add_test(tests, blocks);
    tcase_add_test(tests, order);
    suite_add_tcase(suite, tests);
    return suite;
}
