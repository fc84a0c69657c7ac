/* nanoGPT's block: its modules, where dropout and biases stand. What it keeps in whole is measured: tests/fixtures. */
#include "layers.h"

#define SMALL "stack=nanogpt layers=1 hidden=32 heads=4 vocab=64 seq=16 "

START_TEST(order_of_modules)
{
    ck_assert_str_eq(modules_of_layer(SMALL), "n1 qkv  o n2 up down ");
    ck_assert_str_eq(modules_of_layer(SMALL "dropout=0.1"), "n1 qkv  o drop n2 up down ");
}
END_TEST

/* Biases of linear layers and norms come and go together: 4h·h projections, an MLP of 4h, the tables, the norms. */
START_TEST(parameters)
{
    static const struct {
        const char *text;
        int64_t total;
    } table[] = {
        {SMALL "bias=no", 64 * 32 + 16 * 32 + 12 * 32 * 32 + 3 * 32},
        {SMALL "bias=yes", 64 * 32 + 16 * 32 + 12 * 32 * 32 + 3 * 32 + 9 * 32 + 3 * 32},
        {SMALL, 64 * 32 + 16 * 32 + 12 * 32 * 32 + 3 * 32 + 9 * 32 + 3 * 32},
        {SMALL "max_positions=20", 64 * 32 + 20 * 32 + 12 * 32 * 32 + 3 * 32 + 9 * 32 + 3 * 32},
        {"model=gpt2 stack=nanogpt", 124439808},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        am_status status;
        am_config config = config_of(table[i].text);
        ck_assert_int_eq(am_evaluate(&fixture_report, &fixture_workspace, &config, &status), AM_OK);
        ck_assert_msg(fixture_report.parameters.total == table[i].total, "%s: %lld", table[i].text,
                      (long long)fixture_report.parameters.total);
    }
}
END_TEST

Suite *test_nanogpt_suite(void);
Suite *test_nanogpt_suite(void)
{
    Suite *suite = suite_create("nanogpt");
    TCase *tests = tcase_create("nanogpt");
    tcase_add_test(tests, order_of_modules);
    tcase_add_test(tests, parameters);
    suite_add_tcase(suite, tests);
    return suite;
}
