/* Runs every suite of tests/core: test_NAME.c defines test_NAME_suite. CK_RUN_SUITE=NAME runs one. */
#include <check.h>
#include <stdlib.h>

#define SUITE(name) Suite *test_##name##_suite(void);
#include "suites.def"
#undef SUITE

static Suite *(*const suites[])(void) = {
#define SUITE(name) test_##name##_suite,
#include "suites.def"
#undef SUITE
};

int main(void)
{
    SRunner *runner = srunner_create(NULL);
    for (size_t i = 0; i < sizeof suites / sizeof *suites; i++) srunner_add_suite(runner, suites[i]());
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
