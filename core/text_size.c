/* The report for people: figures as they stand in it. One unit of bytes throughout, exact bytes beside it. */
#include "report.h"

static const char *const unit_names[] = {[AM_GIB] = "GiB", [AM_GB] = "GB", [AM_BYTES] = "bytes"};

static int64_t unit_of(const am_report *report)
{
    return report->config.units == AM_GIB ? (int64_t)1 << 30 : report->config.units == AM_GB ? 1000000000 : 1;
}

/* 9995 / scale units, rounded up: where three digits begin to need a decimal less. */
static int64_t threshold(int64_t unit, int64_t scale)
{
    return (9995 * unit + scale - 1) / scale;
}

/* A size in three significant digits, or in four decimals where that is less. */
void am_text_size(am_writer *out, const am_report *report, int64_t bytes)
{
    int64_t unit = unit_of(report);
    if (unit == 1) {
        am_write_thousands(out, bytes);
    } else if (bytes >= threshold(unit, 100)) {
        am_write_thousands(out, (bytes + unit / 2) / unit);
    } else if (bytes > 0 && bytes < unit / 20000) {
        AM_WRITE(out, "<0.0001");
    } else {
        int decimals = 4;
        if (bytes >= threshold(unit, 1000))
            decimals = 1;
        else if (bytes >= threshold(unit, 10000))
            decimals = 2;
        else if (bytes >= threshold(unit, 100000))
            decimals = 3;
        am_write_ratio(out, bytes, unit, bytes == 0 ? 0 : decimals, false);
    }
}

/* "13.3 GiB" */
void am_text_size_with_unit(am_writer *out, const am_report *report, int64_t bytes)
{
    am_text_size(out, report, bytes);
    AM_WRITE(out, " ");
    am_write_text(out, unit_names[report->config.units]);
}

/* "13.3 GiB (14,281,106,188 bytes)" */
void am_text_size_in_full(am_writer *out, const am_report *report, int64_t bytes)
{
    am_text_size_with_unit(out, report, bytes);
    if (report->config.units == AM_BYTES) return;
    AM_WRITE(out, " (");
    am_write_thousands(out, bytes);
    AM_WRITE(out, " bytes)");
}

/* Per cent with one decimal: "27.1 %". */
void am_text_percent(am_writer *out, int64_t num, int64_t den)
{
    if (den <= 0 || num > INT64_MAX / 100) {
        AM_WRITE(out, "-");
        return;
    }
    am_write_ratio(out, num * 100, den, 1, false);
    AM_WRITE(out, " %");
}

/* The head of a column of sizes, and whether exact bytes need a column of their own. */
const char *am_text_size_head(const am_report *report)
{
    static const char *const heads[] = {[AM_GIB] = ">GiB", [AM_GB] = ">GB", [AM_BYTES] = ">bytes"};
    return heads[report->config.units];
}

bool am_text_has_exact(const am_report *report)
{
    return report->config.units != AM_BYTES;
}

void am_text_choice(am_writer *out, const am_config *config, am_field_id field)
{
    char text[AM_TEXT_SIZE];
    am_write_text(out, am_field_value(config, &am_fields[field], text, sizeof text));
}
