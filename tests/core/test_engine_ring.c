/* Context parallelism with Transformer Engine, against its own AttnFuncWithCPAndKVP2P (2.20) run as the last of so many ranks with
 * kernels and sends left out: the most bytes alive in forward and, with the output's gradient, in backward. What it allocates one by
 * one stands in test_ops.c. */
#include "tapes.h"

#include "bytes.h"

typedef struct am_ring_case {
    int64_t b, s, heads, keys, d; /* s: of a rank */
    int64_t ranks, block, forward, backward, saved, after;
} am_ring_case;

static const am_ring_case cases[] = {
    {2, 32, 8, 2, 16, 2, 1, 71712, 116768, 43040, 26656},   {2, 32, 8, 2, 16, 3, 1, 98352, 116784, 43056, 26672},
    {2, 32, 8, 2, 16, 4, 1, 124992, 116800, 43072, 26688},  {2, 32, 8, 2, 16, 8, 1, 231552, 116864, 43136, 26752},
    {2, 32, 8, 2, 16, 17, 1, 471312, 117008, 43280, 26896}, {1, 6, 3, 1, 8, 2, 1, 1496, 2408, 872, 584},
    {1, 6, 3, 1, 8, 17, 1, 10016, 2648, 1112, 824},         {2, 32, 8, 2, 16, 2, 512, 72704, 117760, 0, 27648},
    {2, 32, 8, 2, 16, 4, 512, 126976, 118784, 0, 28672},    {2, 32, 8, 2, 16, 17, 512, 479744, 125440, 0, 35328},
    {1, 6, 3, 1, 8, 2, 512, 5120, 6144, 0, 2560},           {1, 6, 3, 1, 8, 4, 512, 9216, 7168, 0, 3584},
    {1, 6, 3, 1, 8, 17, 512, 35840, 13824, 0, 10240},
};

static am_var heads(int64_t b, int64_t s, int64_t count, int64_t d)
{
    return am_transpose(tape, weight(SHAPE(b, s, count, d), AM_BF16), 1, 2);
}

/* What nodes keep beside parameters and the tables, and live after the forward, the loss apart. */
static int64_t kept(void)
{
    int64_t bytes = 0;
    for (int i = 1; i < tape->nodes; i++) {
        const am_node *node = &tape->node[i];
        if (tape->instruction[node->instruction].op != AM_OP_ENGINE_RING) continue;
        for (int j = node->first_save; j < node->first_save + node->save_count; j++) {
            const am_storage *storage = &tape->storage[tape->tensor[tape->save[j]].storage];
            if (!storage->fixed) bytes += storage->bytes;
        }
    }
    return bytes;
}

START_TEST(peaks)
{
    const am_ring_case *given = &cases[_i];
    static am_allocation event[256];
    am_trace trace = {.allocation = event, .allocation_capacity = COUNT(event)};
    setup();
    tape->block = given->block;
    am_var q = heads(given->b, given->s, given->heads, given->d), k = heads(given->b, given->s, given->keys, given->d);
    am_var v = heads(given->b, given->s, given->keys, given->d);
    am_var lengths = am_buffer(tape, SHAPE(given->b + 1), AM_I32, "lengths");
    finish(am_engine_ring(tape, &(am_ring_input){q, k, v, {lengths}, number(given->ranks)}, number(2 * given->d)));
    ck_assert_int_eq(am_step_play(&fixture_workspace.step, &fixture_workspace.player, tape, &trace), AM_OK);
    int64_t most[2] = {0}, loss = am_block_bytes(4, given->block),
            query = 2 * given->b * given->s * given->heads * given->d;
    for (int i = 0; i < trace.allocations; i++) {
        int64_t *peak = &most[event[i].phase != AM_FORWARD];
        if (event[i].live > *peak) *peak = event[i].live;
    }
    ck_assert_int_eq(most[0], given->forward);
    ck_assert_int_eq(most[1], given->backward + 2 * loss); /* and its gradient */
    ck_assert_int_eq(kept(), given->after);
    if (given->saved) ck_assert_int_eq(kept() + query, given->saved);
}
END_TEST

/* Both the output and the gradients lie in memory as the query does. */
START_TEST(layouts)
{
    for (int first = 0; first < 2; first++) {
        setup();
        am_var x[3];
        for (int i = 0; i < 3; i++) {
            am_var whole = weight(first ? SHAPE(6, 2, 4, 8) : SHAPE(2, 6, 4, 8), AM_BF16);
            x[i] = am_transpose(tape, first ? am_transpose(tape, whole, 0, 1) : whole, 1, 2);
        }
        am_var y = am_engine_ring(tape, &(am_ring_input){x[0], x[1], x[2], {0}, number(2)}, number(16));
        ck_assert_str_eq(tensor_text(y), first ? "bf16 2,4,6,8 / 32,8,64,1" : "bf16 2,4,6,8 / 192,8,32,1");
    }
}
END_TEST

/* What is too large for a tensor is an error, as several of it are that stand as one. */
START_TEST(too_large)
{
    setup();
    am_var x = heads(1 << 20, 1 << 22, 16, 128);
    am_engine_ring(tape, &(am_ring_input){x, x, x, {0}, number(4)}, number(256));
    ck_assert_int_eq(tape->status.code, AM_TOO_LARGE);
}
END_TEST

Suite *test_engine_ring_suite(void);
Suite *test_engine_ring_suite(void)
{
    Suite *suite = suite_create("engine_ring");
    TCase *tests = tcase_create("engine_ring");
    tcase_add_loop_test(tests, peaks, 0, COUNT(cases));
    tcase_add_test(tests, too_large);
    tcase_add_test(tests, layouts);
    suite_add_tcase(suite, tests);
    return suite;
}
