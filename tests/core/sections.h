/* What the tests of the text's sections share: the words of one, what must be among them. */
#ifndef SECTIONS_H
#define SECTIONS_H

#include "report.h"

#include "fixture.h"

typedef void section_writer(am_writer *out, const am_report *report);

static char text[1 << 17];

/* The section of the report that was evaluated last. */
static inline void read_section(section_writer *write)
{
    am_writer writer = am_writer_of(text, sizeof text);
    write(&writer, &fixture_report);
    ck_assert_ptr_eq(writer.text, text);
    ck_assert(!writer.full);
    text[writer.length] = '\0';
}

static inline void evaluate_section(const char *inputs, section_writer *write)
{
    am_status status;
    am_config config = config_of(inputs);
    am_code code = am_evaluate(&fixture_report, &fixture_workspace, &config, &status);
    ck_assert_msg(code == AM_OK, "%s: %s", inputs, status.message);
    read_section(write);
}

static inline void expect(const char *part)
{
    ck_assert_msg(strstr(text, part) != NULL, "no '%s' in %s", part, text);
}

static inline int count(const char *part)
{
    int found = 0;
    for (const char *at = text; (at = strstr(at, part)); at += strlen(part)) found++;
    return found;
}

#endif
