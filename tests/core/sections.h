/* What the tests of the text and of its sections share: the words of one, what must be among them. */
#ifndef SECTIONS_H
#define SECTIONS_H

#include "report.h"

#include "fixture.h"

typedef void section_writer(am_writer *out, const am_report *report);

static char text[1 << 17];

static inline void read_section_of(const am_report *report, section_writer *write)
{
    am_writer writer = am_writer_of(text, sizeof text);
    write(&writer, report);
    ck_assert_ptr_eq(writer.text, text);
    ck_assert(!writer.full);
    text[writer.length] = '\0';
}

/* The section of the report that was evaluated last. */
static inline void read_section(section_writer *write)
{
    read_section_of(&fixture_report, write);
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

static inline int characters(const char *line, size_t length)
{
    int count = 0;
    for (size_t i = 0; i < length; i++) count += ((unsigned char)line[i] & 0xc0) != 0x80;
    return count;
}

/* No line is wider than a terminal of 100 columns, or ends in blanks. */
static inline void expect_tidy(void)
{
    for (const char *line = text; *line != '\0';) {
        size_t length = strcspn(line, "\n");
        ck_assert_msg(characters(line, length) <= 100, "%d characters: %.*s", characters(line, length), (int)length,
                      line);
        ck_assert_msg(length == 0 || line[length - 1] != ' ', "ends in blanks: %.*s|", (int)length, line);
        line += length + (line[length] == '\n');
    }
}

/* What is said only under some inputs; a line's end counts as a blank. */
typedef struct saying {
    const char *inputs, *parts[4];
} saying;

#define SMALL "family=llama layers=4 hidden=64 heads=4 ffn=96 vocab=128 seq=32 "
#define LOCAL SMALL "stack=megatron-local "
#define BIG   "model=llama-3-8b "

/* Evaluated, with what else would fit. */
static inline void check_saying(const saying *said, section_writer *write)
{
    am_status status;
    am_config given = am_default_config();
    am_config_parse(&given, said->inputs, &status);
    evaluate_section(said->inputs, write);
    am_fit_search(&fixture_report, &fixture_workspace, &given);
    read_section(write);
    expect_tidy();
    for (char *at = text; *at != '\0'; at++)
        if (*at == '\n') *at = ' ';
    for (char *at = text, *end = text; *at != '\0'; at++) { /* blanks before a line are not what is said */
        if (*at == ' ' && at[1] == ' ') continue;
        *end++ = *at;
        if (at[1] == '\0') *end = '\0';
    }
    for (int i = 0; i < 4 && said->parts[i]; i++)
        ck_assert_msg(strstr(text, said->parts[i]) != NULL, "%s: no '%s' in %.1500s", said->inputs, said->parts[i], text);
}

#endif
