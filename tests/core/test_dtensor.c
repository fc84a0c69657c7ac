/* DTensor's tensor parallelism: what it divides, and which collectives stand where. Bytes and peaks are held to measured ones
 * in test_torch_rank.c. */
#include <stdio.h>

#include "layers.h"
#include "tape.h"

#define SMALL "stack=torch layers=1 hidden=32 heads=4 kv_heads=2 ffn=48 vocab=64 seq=16 tp=2 "

static int count_of(am_op op)
{
    const am_tape *tape = &fixture_workspace.tape;
    int count = 0;
    for (int i = 0; i < tape->instructions; i++)
        count += tape->instruction[i].kind == AM_I_OP && tape->instruction[i].op == op && tape->instruction[i].node;
    return count;
}

/* Of one layer, embedding and head: with sequence parallelism a gathering before attention, MLP and head, a scattering behind
 * embedding, attention and MLP; else a sum there, and a replica for each linear layer that takes whole rows. */
START_TEST(collectives)
{
    static const struct {
        const char *text;
        int gathers, scatters, sums, replicas, logits;
    } table[] = {
        {SMALL "sp=yes", 3, 3, 0, 0, 0},
        {SMALL "sp=yes loss=fp32", 3, 3, 0, 0, 1},
        {SMALL "", 0, 0, 3, 6, 0},
        {SMALL "loss=bf16", 0, 0, 3, 6, 1},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        modules_of_layer(table[i].text);
        ck_assert_int_eq(count_of(AM_OP_GATHER_SHARDS), table[i].gathers);
        ck_assert_int_eq(count_of(AM_OP_SCATTER_SUM), table[i].scatters);
        ck_assert_int_eq(count_of(AM_OP_ALL_REDUCE), table[i].sums);
        ck_assert_int_eq(count_of(AM_OP_REPLICATE), table[i].replicas);
        ck_assert_int_eq(count_of(AM_OP_GATHER_LAST), table[i].logits);
        ck_assert_int_eq(count_of(AM_OP_SHARDED_EMBEDDING), 1);
        ck_assert_int_eq(count_of(AM_OP_SHARDED_NLL_LOSS), !table[i].logits);
        ck_assert_int_eq(count_of(AM_OP_NLL_LOSS), table[i].logits);
    }
}
END_TEST

START_TEST(order_of_modules)
{
    ck_assert_str_eq(modules_of_layer(SMALL "sp=yes"),
                     "n1 attention attention.q attention.k attention.v attention.o  n2 mlp "
                     "mlp.w1 mlp.w3 mlp.w2 ");
}
END_TEST

/* Every weight is divided but the norms'. */
START_TEST(parameters)
{
    am_status status;
    am_config config = config_of(SMALL);
    ck_assert_int_eq(am_evaluate(&fixture_report, &fixture_workspace, &config, &status), AM_OK);
    ck_assert_int_eq(fixture_report.parameters.total, (2 * 64 * 32 + 3 * 32 * 32 + 3 * 32 * 48) / 2 + 3 * 32);
}
END_TEST

/* Of one token the gathered logits are seen as the parts were gathered, without a copy: measured with PyTorch 2.15 on two ranks. */
START_TEST(one_token)
{
    static const struct {
        const char *loss;
        int64_t saved, after_forward, forward_peak, backward_peak, step_peak;
    } table[] = {
        {"", 2904, 2908, 3424, 24584, 94984},
        {"loss=fp32", 3160, 3164, 3676, 24584, 94984},
    };
    char text[160];
    am_status status;
    snprintf(text, sizeof text, "stack=torch tp=2 batch=1 seq=1 layers=2 hidden=64 heads=4 kv_heads=4 ffn=96 vocab=128 %s", table[_i].loss);
    am_config config = config_of(text);
    ck_assert_int_eq(am_evaluate(&fixture_report, &fixture_workspace, &config, &status), AM_OK);
    const am_outcome *outcome = &fixture_report.outcome;
    ck_assert_int_eq(outcome->saved_bytes, table[_i].saved);
    ck_assert_int_eq(outcome->after_forward, table[_i].after_forward);
    ck_assert_int_eq(outcome->forward_peak, table[_i].forward_peak);
    ck_assert_int_eq(outcome->backward_peak, table[_i].backward_peak);
    ck_assert_int_eq(outcome->step_peak, table[_i].step_peak);
    ck_assert_int_eq(outcome->gradient_bytes, 94848);
}
END_TEST

Suite *test_dtensor_suite(void);
Suite *test_dtensor_suite(void)
{
    Suite *suite = suite_create("dtensor");
    TCase *tests = tcase_create("dtensor");
    tcase_add_test(tests, collectives);
    tcase_add_test(tests, order_of_modules);
    tcase_add_test(tests, parameters);
    tcase_add_loop_test(tests, one_token, 0, 2);
    suite_add_tcase(suite, tests);
    return suite;
}
