/* formulas.c: every published number, from the example that it is published with. */
#include <check.h>
#include <string.h>

#include "actmem.h"

static const am_formula *formula_of(const char *id)
{
    for (int i = 0; i < am_formula_count; i++)
        if (strcmp(am_formulas[i].id, id) == 0) return &am_formulas[i];
    ck_abort_msg("no formula %s", id);
}

static am_config config_of(const char *text)
{
    am_status status;
    am_config config = am_default_config();
    ck_assert_msg(am_config_parse(&config, text, &status) == AM_OK, "%s: %s", text, status.message);
    ck_assert_msg(am_config_resolve(&config, &status) == AM_OK, "%s: %s", text, status.message);
    return config;
}

/* explanations.md's numbers, once more and apart from the table. */
static const struct {
    const char *id;
    int64_t published;
} numbers[] = {
    {"lbshdc-elements", 4194304},
    {"lbshdc-unit", 16777216},
    {"lbshdc-layer", 201326592},
    {"lbshdc", 6442450944},
    {"lbshdc-1", 536870912},
    {"lbshdc-2", 1073741824},
    {"lbshdc-14", 7516192768},
    {"sbhl12", 1610612736},
    {"12lh2", 6442450944},
    {"gpt2-xl-parameters", 2127057600},
    {"gpt2-xl-states", 34032921600},
    {"gpt2-xl-elements", 2437939200},
    {"gpt2-xl-bytes", 9751756800},
    {"gpt2-xl-scores", 5033164800},
    {"34sbhl", 36507222016},
    {"34sbh-root", 7594476465}, /* 34·2^25·(5.656854 + 1), rounded down */
    {"34sbh-boundaries", 3288334336},
    {"paper-attention", 2290089984},
    {"paper-mlp", 478150656},
    {"paper-norms", 100663296},
    {"paper-layer", 2868903936},
    {"paper-model", 275414777856},
    {"notebook-512", 201326592},
    {"notebook-8192", 3221225472},
};

START_TEST(published)
{
    const am_formula *formula = formula_of(numbers[_i].id);
    am_config config = config_of(formula->example);
    ck_assert_int_eq(formula->published, numbers[_i].published);
    ck_assert_int_eq(formula->evaluate(&config), numbers[_i].published);
}
END_TEST

START_TEST(table)
{
    ck_assert_int_eq(am_formula_count, sizeof numbers / sizeof *numbers);
    for (int i = 0; i < am_formula_count; i++) {
        const am_formula *formula = &am_formulas[i];
        ck_assert_int_gt((int)strlen(formula->name), 0);
        ck_assert_int_gt((int)strlen(formula->source), 0);
        ck_assert_int_gt((int)strlen(formula->expression), 0);
        ck_assert_int_gt((int)strlen(formula->caveat), 0);
        ck_assert_int_eq(formula->caveat[strlen(formula->caveat) - 1], '.');
        for (int j = 0; j < i; j++) ck_assert_str_ne(formula->id, am_formulas[j].id);
    }
}
END_TEST

/* Whatever can be asked for: a figure below 2^53 or none, never a wrapped one. */
START_TEST(extremes)
{
    am_config config = am_default_config();
    config.layers = 1000;
    config.seq = config.vocab = 16777216;
    config.batch = config.hidden = 1048576;
    config.heads = 65536;
    config.ffn = 4194304;
    for (int i = 0; i < am_formula_count; i++) {
        int64_t value = am_formulas[i].evaluate(&config);
        ck_assert_int_ge(value, -1);
        ck_assert_int_le(value, AM_MAX_BYTES);
    }
    ck_assert_int_eq(formula_of("34sbhl")->evaluate(&config), -1);
    ck_assert_int_eq(formula_of("34sbh-root")->evaluate(&config), -1);
}
END_TEST

/* √L is exact for squares, and never above its value. */
START_TEST(roots)
{
    am_config config = config_of("layers=1&hidden=64&heads=4&ffn=256&vocab=100&seq=100&batch=1");
    int64_t layer = 34 * 64 * 100;
    for (int64_t root = 1; root <= 31; root++) {
        config.layers = root * root;
        ck_assert_int_eq(formula_of("34sbh-root")->evaluate(&config), layer * (root + 1));
    }
    config.layers = 2;
    ck_assert_int_eq(formula_of("34sbh-root")->evaluate(&config), layer + layer * 1414213 / 1000000);
}
END_TEST

START_TEST(value_size)
{
    am_config config = config_of("layers=32&hidden=4096&heads=32&ffn=16384&vocab=32000&seq=1024&batch=1&dtype=bf16");
    ck_assert_int_eq(formula_of("lbshdc")->evaluate(&config), 6442450944 / 2);
    config.dtype = AM_FP32;
    config.autocast = AM_AUTOCAST_BF16;
    ck_assert_int_eq(formula_of("lbshdc")->evaluate(&config), 6442450944 / 2);
}
END_TEST

Suite *test_formulas_suite(void);
Suite *test_formulas_suite(void)
{
    Suite *suite = suite_create("formulas");
    TCase *tests = tcase_create("formulas");
    tcase_add_loop_test(tests, published, 0, sizeof numbers / sizeof *numbers);
    tcase_add_test(tests, table);
    tcase_add_test(tests, extremes);
    tcase_add_test(tests, roots);
    tcase_add_test(tests, value_size);
    suite_add_tcase(suite, tests);
    return suite;
}
