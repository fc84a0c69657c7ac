/* Text into a caller's buffer: plain text, numbers and JSON. What does not fit is left out and remembered, so callers
 * test once, at the end. */
#ifndef AM_WRITER_H
#define AM_WRITER_H

#include "actmem.h"

#include <string.h>

typedef struct am_writer {
    char *text;
    size_t length; /* written so far */
    size_t room;   /* bytes that text may hold before its final 0 */
    bool full;     /* something did not fit */
} am_writer;

/* A writer of size bytes, the final 0 included. */
am_writer am_writer_of(char *buffer, size_t size);
/* Ends the text with a 0. Returns its length, or 0 if it did not fit. */
size_t am_writer_end(am_writer *writer);

/* length bytes as they stand. */
__attribute__((noinline)) void am_write(am_writer *writer, const char *text, size_t length);

/* A stretch of what has been written. */
typedef struct am_span {
    uint32_t from, length;
} am_span;

static inline am_span am_span_since(const am_writer *writer, size_t from)
{
    return (am_span){(uint32_t)from, (uint32_t)(writer->length - from)};
}

/* Writes it again. */
void am_write_again(am_writer *writer, am_span span);

static inline void am_write_char(am_writer *writer, char c)
{
    if (writer->length == writer->room)
        writer->full = true;
    else
        writer->text[writer->length++] = c;
}

/* A literal, whose length is known: a few moves where there is room and it is short, but in core.wasm, where a call is
 * smaller. */
#ifdef AM_FIRST
#define AM_WRITE(writer, literal) am_write(writer, "" literal, sizeof literal - 1)
#else
static inline void am_write_literal(am_writer *writer, const char *text, size_t length)
{
    if (length > 32 || length > writer->room - writer->length) {
        am_write(writer, text, length);
        return;
    }
    memcpy(writer->text + writer->length, text, length);
    writer->length += length;
}
#define AM_WRITE(writer, literal) am_write_literal(writer, "" literal, sizeof literal - 1)
#endif

void am_write_text(am_writer *writer, const char *text);
void am_write_spaces(am_writer *writer, int count);
/* A number in decimal digits; the second with a comma between thousands. */
void am_write_int(am_writer *writer, int64_t value);
void am_write_thousands(am_writer *writer, int64_t value);
/* num / den rounded half up to so many decimals, eight at most, both from 0 to 2^53, den not 0; trailing zeros are left out if trim.
 */
void am_write_ratio(am_writer *writer, int64_t num, int64_t den, int decimals, bool trim);
/* "." and so many decimals, eight at most, of a number, which is below ten to that power; trim: as above, and of 0 nothing at all. */
void am_write_decimals(am_writer *writer, uint32_t part, int decimals, bool trim);

/* JSON. Every value, and every closing bracket, leaves a comma behind, which the next closing bracket or am_json_end
 * takes back: so none of them asks what stood before. */
static inline void am_json_open(am_writer *writer, char bracket)
{
    am_write_char(writer, bracket);
}

void am_json_close(am_writer *writer, char bracket);
/* Closes a document and ends it, as am_writer_end does a text. */
size_t am_json_end(am_writer *writer, char bracket);

/* Keys are literals that need no escapes: quoted by the preprocessor. */
#define AM_KEY(writer, literal)           AM_WRITE(writer, "\"" literal "\":")
#define AM_OPEN(writer, literal, bracket) AM_WRITE(writer, "\"" literal "\":" bracket)

void am_json_string(am_writer *writer, const char *text);
/* A string of the core's own tables, which hold nothing that JSON escapes (tests/core/test_report.c sees to that). */
void am_json_plain(am_writer *writer, const char *text);
/* Two parts of a plain string, such as a module's path and leaf. */
void am_json_joined(am_writer *writer, const char *first, const char *second);
void am_json_int(am_writer *writer, int64_t value);
/* An array of some. */
void am_json_ints(am_writer *writer, int count, const int64_t *value);
/* A number that is text already. */
void am_json_number(am_writer *writer, const char *digits);
/* A figure, or null where a negative one stands for "none". */
void am_json_figure(am_writer *writer, int64_t value);
/* num / den to four decimals, or null where num is negative or den is 0. */
void am_json_ratio(am_writer *writer, int64_t num, int64_t den);
void am_json_bool(am_writer *writer, bool value);
void am_json_null(am_writer *writer);
/* A string whose text follows by am_write…, free of characters that JSON escapes; end it with am_json_unquote. */
static inline void am_json_quote(am_writer *writer)
{
    am_write_char(writer, '"');
}

static inline void am_json_unquote(am_writer *writer)
{
    AM_WRITE(writer, "\",");
}

#define AM_PUT_INT(writer, literal, value)      (AM_KEY(writer, literal), am_json_int(writer, value))
#define AM_PUT_FIGURE(writer, literal, value)   (AM_KEY(writer, literal), am_json_figure(writer, value))
#define AM_PUT_RATIO(writer, literal, num, den) (AM_KEY(writer, literal), am_json_ratio(writer, num, den))
#define AM_PUT_BOOL(writer, literal, value)     (AM_KEY(writer, literal), am_json_bool(writer, value))
#define AM_PUT_PLAIN(writer, literal, value)    (AM_KEY(writer, literal), am_json_plain(writer, value))
#define AM_PUT_TEXT(writer, literal, value)     (AM_KEY(writer, literal), am_json_string(writer, value))
/* A plain string of AM_WORDS. */
#ifdef AM_FIRST
#define AM_PUT_WORDS(writer, literal, value) ((void)(writer), (void)(value))
#else
#define AM_PUT_WORDS(writer, literal, value) AM_PUT_PLAIN(writer, literal, value)
#endif

#endif
