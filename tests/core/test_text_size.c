/* Figures as they stand in the text. */
#include "fake_report.h"
#include "sections.h"

static void write_saved(am_writer *out, const am_report *report)
{
    am_text_size_in_full(out, report, report->saved_bytes);
}

/* Three significant digits, and never a unit's worth of digits by rounding. */
START_TEST(sizes)
{
    static const struct {
        int64_t units, bytes;
        const char *shown;
    } cases[] = {
        {AM_GB, 0, "0 GB ("},
        {AM_GB, 1, "<0.0001 GB ("},
        {AM_GB, 50000, "0.0001 GB ("},
        {AM_GB, 12300000, "0.0123 GB ("},
        {AM_GB, 99949999, "0.0999 GB ("},
        {AM_GB, 99950000, "0.100 GB ("},
        {AM_GB, 999499999, "0.999 GB ("},
        {AM_GB, 999500000, "1.00 GB ("},
        {AM_GB, 9994999999, "9.99 GB ("},
        {AM_GB, 9995000000, "10.0 GB ("},
        {AM_GB, 99949999999, "99.9 GB ("},
        {AM_GB, 99950000000, "100 GB ("},
        {AM_GB, 1234567890123, "1,235 GB ("},
        {AM_GIB, (int64_t)1 << 30, "1.00 GiB ("},
        {AM_GIB, AM_MAX_BYTES, "8,388,608 GiB ("},
        {AM_BYTES, AM_MAX_BYTES, "9,007,199,254,740,992 bytes"},
    };
    const am_report *report = fake_report();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fake.config.units = cases[i].units;
        fake.saved_bytes = cases[i].bytes;
        read_section_of(report, write_saved);
        ck_assert_msg(strncmp(text, cases[i].shown, strlen(cases[i].shown)) == 0, "%s is not %s", text, cases[i].shown);
    }
}
END_TEST

/* One decimal; of what is no share, and of what would overflow, none. */
START_TEST(percents)
{
    static const struct {
        int64_t num, den;
        const char *shown;
    } cases[] = {{271, 1000, "27.1 %"}, {0, 7, "0.0 %"}, {1, 1, "100.0 %"}, {3, 2, "150.0 %"}, {1, 0, "-"}, {INT64_MAX, 2, "-"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        am_writer writer = am_writer_of(text, sizeof text);
        am_text_percent(&writer, cases[i].num, cases[i].den);
        am_writer_end(&writer);
        ck_assert_str_eq(text, cases[i].shown);
    }
}
END_TEST

Suite *test_text_size_suite(void);
Suite *test_text_size_suite(void)
{
    Suite *suite = suite_create("text_size");
    TCase *tests = tcase_create("text_size");
    tcase_add_test(tests, sizes);
    tcase_add_test(tests, percents);
    suite_add_tcase(suite, tests);
    return suite;
}
