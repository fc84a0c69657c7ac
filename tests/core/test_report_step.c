/* The report's JSON of the step and of checkpointing: peaks and where they stand, the timeline, plans. */
#include "report.h"

#include "documents.h"
#include "fake_report.h"
#define json fixture_json /* documents.h has a text of that name */
#include "fixture.h"
#undef json

START_TEST(step)
{
    const am_report *report = fake_report();
    expect_document(am_report_json(report, json, sizeof json));
    expect("\"forward_peak_at\":{\"phase\":\"forward\",\"layer\":null,\"module\":\"\",\"component\":\"loss\",\"op\":"
           "\"log_softmax\"}");
    expect("\"peak_at\":{\"phase\":\"recompute\",\"layer\":31,\"module\":\"mlp.act_fn\",\"component\":\"mlp\",\"op\":"
           "\"silu\"}");
    expect("\"gradient_bytes\":0,\"head\":{\"loss\":\"hf\",\"saved_bytes\":1050689536,\"forward_bytes\":3000,\"backward_bytes\":5000},");
    expect("\"timeline\":[[0,-1,0,0,100],[0,7,1,0,101],[0,-1,2,0,102],[3,-1,2,0,103],[3,7,1,0,104],[3,-1,0,0,105]],"
           "\"timeline_modules\":[\"embed_tokens\",\"mlp\",\"lm_head\"],\"timeline_ops\":[\"mm\"]");
}
END_TEST

/* Operations of one name share an entry; more modules than the list holds do not break the document. */
START_TEST(long_timeline)
{
    static char paths[300][8];
    const am_report *report = fake_report();
    for (int i = 0; i < 300; i++) {
        paths[i][0] = (char)('a' + i / 26);
        paths[i][1] = (char)('a' + i % 26);
        fake.point[i] = (am_point){AM_FORWARD, 0, {paths[i], "", AM_C_MLP}, i % 2 ? AM_OP_MUL : AM_OP_MUL_SCALAR, i};
    }
    fake.points = 300;
    expect_document(am_report_json(report, json, sizeof json));
    expect("\"timeline_ops\":[\"mul\"]");
}
END_TEST

START_TEST(pareto)
{
    const am_report *report = fake_report();
    ck_assert(am_plan_is_pareto(report, 0));
    ck_assert(am_plan_is_pareto(report, 1));
    ck_assert(!am_plan_is_pareto(report, 2));
    fake.plan[2].outcome = fake.plan[1].outcome; /* as good is not better */
    ck_assert(am_plan_is_pareto(report, 1));
    ck_assert(am_plan_is_pareto(report, 2));
    fake.plan[2].outcome.recomputed_flops--;
    ck_assert(!am_plan_is_pareto(report, 1));
}
END_TEST

START_TEST(checkpoint)
{
    expect_document(am_report_json(fake_report(), json, sizeof json));
    expect("\"checkpoint\":{\"policy\":\"none\",\"reentrant\":false,\"forward_flops\":4000,\"recomputed_flops\":0,"
           "\"plans\":[");
    expect(
        "{\"policy\":\"full\",\"reentrant\":false,\"label\":\"every layer\",\"note\":\"keeps inputs\",\"chosen\":false,"
        "\"pareto\":true,\"saved_bytes\":100,");
    expect("\"recompute_ratio\":0.2708,\"recomputed_time_us\":0,\"step_time_us\":0}");
    expect("{\"policy\":\"every:4\",\"reentrant\":true,");
}
END_TEST

/* What people paste is text of many lines and quotes, and still a string of the document. */
START_TEST(lines)
{
    fake_report();
    fake.policy = (am_policy){.kind = AM_POLICY_SAVE_MATMULS};
    expect_document(am_report_json(&fake, json, sizeof json));
    expect("\"lines\":[{\"framework\":\"transformers\",\"text\":\"import torch\\nfrom torch.utils.checkpoint import ");
    expect("    \\\"\\\"\\\"For context_fn: ");
    expect("\\\"context_fn\\\": keep(range(1, 1 << 20), {aten._scaled_dot_product_flash_attention, "
           "aten._scaled_dot_product_efficient_attention})})\\n\"}]}");
    fake.policy = (am_policy){.kind = AM_POLICY_REVOLVE, .count = 3};
    expect_document(am_report_json(&fake, json, sizeof json));
    expect("\"lines\":[],\"lines_note\":\"no framework runs such a schedule");
}
END_TEST

/* The exact frontier: its plans, what they are made of, and how far above it a plan of the list is. */
START_TEST(frontier)
{
    fake_report();
    fake.frontier.found = true;
    fake.frontier.points = fake.frontier.rows = fake.frontier.choices = 1;
    fake.frontier.choice[0] = (am_choice_row){.kind = "full", .span = 1};
    fake.frontier.row[0] = (am_frontier_row){.peak_bytes = 7, .recomputed_time = 1500000, .runs = 1};
    fake.frontier.row[0].run[0].units = 32;
    fake.plan[1].excess_bytes = 8;
    fake.plan[1].excess_time = 2000001;
    expect_document(am_report_json(&fake, json, sizeof json));
    expect("\"frontier\":[{\"peak_bytes\":7,\"recomputed_time_us\":1.5,\"recomputed_flops\":0,\"plan\":[[0,32]]}]");
    expect("\"frontier_of\":\"searched\",\"frontier_by\":\"recomputed_time_us\"");
    expect("\"frontier_choices\":[{\"kind\":\"full\",\"span\":1,\"keeps\":[]}]");
    expect("\"excess_bytes\":8,\"excess_time_us\":2.000001}");
}
END_TEST

/* Of a pipeline: its ranks beside each plan, and each policy's highest. */
START_TEST(frontier_of_ranks)
{
    fake_report();
    fake.frontier.found = true;
    fake.frontier.points = fake.frontier.rows = 1;
    fake.frontier.ranks = 2;
    fake.frontier.row[0] = (am_frontier_row){.peak_bytes = 7, .recomputed_time = 1500000, .runs = AM_MAX_FRONTIER_RUNS + 1};
    fake.frontier.rank_peak[0][0] = 7;
    fake.frontier.rank_peak[0][1] = 5;
    fake.frontier.rank_time[0][1] = 1500000;
    fake.plan[0].rank_peak = 9;
    expect_document(am_report_json(&fake, json, sizeof json));
    expect("\"plan\":[],\"ranks\":[{\"peak_bytes\":7,\"recomputed_time_us\":0},{\"peak_bytes\":5,\"recomputed_time_us\":1.5}]}]");
    expect("\"worst_rank_peak_bytes\":9");
}
END_TEST

/* Where none was searched for the listed policies are held against FLOPs, and it says why. */
START_TEST(no_frontier)
{
    fake_report();
    expect_document(am_report_json(&fake, json, sizeof json));
    expect("\"frontier_of\":\"listed\",\"frontier_by\":\"recomputed_flops\"");
    fake.frontier.why_not = "it is like that";
    expect_document(am_report_json(&fake, json, sizeof json));
    expect("\"frontier_note\":\"it is like that\"");
}
END_TEST

/* A budget's plan and a searched frontier say whether they are proven, and why not. */
START_TEST(proofs)
{
    fake_report();
    fake.policy = (am_policy){.kind = AM_POLICY_BUDGET, .count = 1 << 30};
    fake.doubt = (am_doubt){0};
    expect_document(am_report_json(&fake, json, sizeof json));
    expect("\"proven\":true");
    ck_assert_ptr_null(strstr(json, "proven_note"));
    fake.doubt.stopped = 2;
    expect_document(am_report_json(&fake, json, sizeof json));
    expect("\"proven\":false,\"proven_note\":\"2 searches of ranks' plans ended at 8,000,000 of their moments\"");
    fake.policy = (am_policy){.kind = AM_POLICY_NONE};
    fake.doubt = (am_doubt){0};
    fake.frontier.found = true;
    fake.frontier.spans = 1 << 1 | 1 << 2 | 1 << 16;
    fake.frontier.doubt = (am_doubt){.hull = true};
    expect_document(am_report_json(&fake, json, sizeof json));
    expect("\"spans\":[1,2,16],\"proven\":false,\"proven_note\":\"of a layer's choices ");
    fake.frontier.found = false;
    fake.frontier.doubt = (am_doubt){0};
}
END_TEST

/* Of real evaluations: what only some inputs bring about. */
#define SMALL "family=llama layers=4 hidden=64 heads=4 ffn=96 vocab=128 seq=32 "

static const struct {
    const char *inputs, *part;
} real[] = {
    {SMALL "stack=torch dp=4 zero=3", "\"gathered\":{\"after_forward_bytes\":0,\"peak_bytes\":102784}"},
    {SMALL "stack=megatron-local tp=2 sp=yes", "\"lasting\":[{\"name\":\"rotary angles, cached\",\"bytes\":2048},{\"name\":\"global memory buffer\",\"bytes\":4096}]"},
    {SMALL "stack=megatron-local experts=4 experts_per_token=2 frontier=yes", "\"modules\":\"layernorm,moe_act\""},
    {SMALL "loss=cut", "the loss head as its own code allocates and keeps"},
    {SMALL "stack=torch schedule=zbv pp=2", "a split backward keeps its chunk"},
};

START_TEST(evaluated)
{
    am_status why;
    am_config config = config_of(real[_i].inputs);
    ck_assert_msg(am_evaluate(&fixture_report, &fixture_workspace, &config, &why) == AM_OK, "%s: %s", real[_i].inputs, why.message);
    expect_document(am_report_json(&fixture_report, json, sizeof json));
    ck_assert_msg(strstr(json, real[_i].part) != NULL, "%s: no %s", real[_i].inputs, real[_i].part);
}
END_TEST

Suite *test_report_step_suite(void);
Suite *test_report_step_suite(void)
{
    Suite *suite = suite_create("report_step");
    TCase *tests = tcase_create("report_step");
    tcase_add_test(tests, step);
    tcase_add_test(tests, long_timeline);
    tcase_add_test(tests, pareto);
    tcase_add_test(tests, proofs);
    tcase_add_test(tests, checkpoint);
    tcase_add_test(tests, lines);
    tcase_add_test(tests, frontier);
    tcase_add_test(tests, frontier_of_ranks);
    tcase_add_loop_test(tests, evaluated, 0, sizeof real / sizeof *real);
    tcase_add_test(tests, no_frontier);
    suite_add_tcase(suite, tests);
    return suite;
}
