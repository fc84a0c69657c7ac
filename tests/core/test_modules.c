/* modules.c: modules by their text, whatever constants hold it. */
#include "modules.h"

#include <check.h>
#include <string.h>

static am_module_list list;

static void begin(void)
{
    am_modules_begin(&list);
}

/* Each once, in the order of their coming; what they are of plays no part. */
START_TEST(each_once)
{
    static const char other_path[] = "mlp.up_proj", other_leaf[] = ".lora_A.default";
    static const struct {
        am_module module;
        int index;
    } table[] = {
        {{"mlp.up_proj", "", AM_C_MLP}, 0},
        {{"mlp.up_proj", ".lora_A.default", AM_C_MLP}, 1},
        {{"mlp.down_proj", "", AM_C_MLP}, 2},
        {{"mlp.up_proj", "", AM_C_RESIDUAL}, 0},
        {{"", "", AM_C_RESIDUAL}, 3},
        {{other_path, "", AM_C_MLP}, 0},
        {{other_path, other_leaf, AM_C_MLP}, 1},
        {{other_path, other_leaf, AM_C_MLP}, 1},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        ck_assert_int_eq(am_module_index(&list, &table[i].module), table[i].index);
    ck_assert_int_eq(list.count, 4);
}
END_TEST

/* More than there is room for are taken for the last one, and those that are there are found still. */
START_TEST(full)
{
    static char paths[2 * AM_LISTED_MODULES][4];
    static am_module module[2 * AM_LISTED_MODULES];
    const int count = 2 * AM_LISTED_MODULES, last = AM_LISTED_MODULES - 1;
    for (int i = 0; i < count; i++) {
        memcpy(paths[i], (char[]){(char)('a' + i / 26), (char)('a' + i % 26), '\0'}, 3);
        module[i] = (am_module){paths[i], "", AM_C_MLP};
    }
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < count; i++) ck_assert_int_eq(am_module_index(&list, &module[i]), i < last ? i : last);
    ck_assert_int_eq(list.count, AM_LISTED_MODULES);
}
END_TEST

/* Of one path, whose leaves share slots of the table. */
START_TEST(leaves)
{
    static char leaf[AM_LISTED_MODULES][4];
    static am_module module[AM_LISTED_MODULES];
    for (int i = 0; i < AM_LISTED_MODULES; i++) {
        memcpy(leaf[i], (char[]){'.', (char)('a' + i / 26), (char)('a' + i % 26), '\0'}, 4);
        module[i] = (am_module){"mlp", leaf[i], AM_C_MLP};
    }
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < AM_LISTED_MODULES; i++) ck_assert_int_eq(am_module_index(&list, &module[i]), i);
}
END_TEST

Suite *test_modules_suite(void);
Suite *test_modules_suite(void)
{
    Suite *suite = suite_create("modules");
    TCase *tests = tcase_create("modules");
    tcase_add_checked_fixture(tests, begin, NULL);
    tcase_add_test(tests, each_once);
    tcase_add_test(tests, full);
    tcase_add_test(tests, leaves);
    suite_add_tcase(suite, tests);
    return suite;
}
