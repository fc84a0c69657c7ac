/* Text, numbers and JSON, without stdio: it would outweigh the rest of the wasm. */
#include "proven.h"
#include "writer.h"

am_writer am_writer_of(char *buffer, size_t size)
{
    am_writer writer = {.text = buffer, .room = size > 0 ? size - 1 : 0, .full = size == 0};
    return writer;
}

size_t am_writer_end(am_writer *writer)
{
    if (writer->full) return 0;
    writer->text[writer->length] = '\0';
    return writer->length;
}

/* Eight bytes at a time, the last eight again where they are not a multiple: most pieces are so short that a call of
 * memcpy would cost more than the copy, above all in wasm. */
static void copy(char *to, const char *from, size_t length)
{
    const size_t word = sizeof(uint64_t);
#ifndef AM_FIRST
    if (length > 16 * word) {
        memcpy(to, from, length);
        return;
    }
#endif
    if (length < word) {
#ifndef AM_FIRST
        const size_t half = word / 2;
        if (length >= half) {
            memcpy(to, from, half);
            memcpy(to + length - half, from + length - half, half);
            return;
        }
#endif
        for (size_t i = 0; i < length; i++) to[i] = from[i];
        return;
    }
    for (size_t i = 0; i + word < length; i += word) memcpy(to + i, from + i, word);
    memcpy(to + length - word, from + length - word, word);
}

/* Where so many bytes are to stand; NULL: there is no room. */
static inline char *append(am_writer *writer, size_t length)
{
    if (length > writer->room - writer->length) {
        writer->full = true;
        writer->room = writer->length; /* and nothing after it, however short */
        return NULL;
    }
    writer->length += length;
    return writer->text + writer->length - length;
}

void am_write(am_writer *writer, const char *text, size_t length)
{
    char *to = append(writer, length);
    if (to) copy(to, text, length);
}

void am_write_text(am_writer *writer, const char *text)
{
    am_write(writer, text, strlen(text));
}

void am_write_again(am_writer *writer, am_span span)
{
    am_write(writer, writer->text + span.from, span.length);
}

void am_write_spaces(am_writer *writer, int count)
{
    for (; count > 0; count--) am_write_char(writer, ' ');
}

/* ---- numbers */

#define MOST_DIGITS 20

static const char pairs[] =
    "00010203040506070809101112131415161718192021222324252627282930313233343536373839404142434445464748"
    "4950515253545556575859606162636465666768697071727374757677787980818283848586878889909192939495969798"
    "99";

static uint64_t magnitude(int64_t value)
{
    return value < 0 ? (uint64_t)0 - (uint64_t)value : (uint64_t)value;
}

static const uint32_t tens[] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000};

#define GROUP 8 /* digits at a time, since 64-bit division is slow where there is no 128-bit product (wasm) */

/* Eight digits, zeros before them: in 2^48 parts of a million, the first two stand above the point, and the next ones, times a hundred.
 * Rounded up by less than one part, which eight digits multiply to less than half a unit of the last two. */
static void put_group(char *to, uint32_t value)
{
    const int point = 48;
    const uint64_t part = ((uint64_t)1 << point) / 1000000 + 1, below = ((uint64_t)1 << point) - 1;
    uint64_t left = value * part;
    memcpy(to, pairs + 2 * (left >> point), 2);
    left = (left & below) * 100;
    memcpy(to + 2, pairs + 2 * (left >> point), 2);
    left = (left & below) * 100;
    memcpy(to + 4, pairs + 2 * (left >> point), 2);
    left = (left & below) * 100;
    memcpy(to + 6, pairs + 2 * (left >> point), 2);
}

/* How many digits a number has, from 1 on. */
static size_t digit_count(uint32_t value)
{
    size_t guess = (size_t)(32 - __builtin_clz(value)) * 1233 >> 12; /* bits · log10(2) */
    return guess + (value >= tens[guess]);
}

static char *put_long(char *to, uint64_t value);

/* A number where it stands, which takes room for MOST_DIGITS. Returns where it ends. */
static inline char *put(char *to, uint64_t value)
{
    if (value >= 100) return put_long(to, value);
    if (value >= 10) {
        memcpy(to, pairs + 2 * value, 2);
        return to + 2;
    }
    *to = (char)('0' + value);
    return to + 1;
}

static char *put_long(char *to, uint64_t value)
{
    if (value < tens[GROUP]) {
        size_t count = digit_count((uint32_t)value);
        put_group(to, (uint32_t)value * tens[GROUP - count]); /* and zeros behind it */
        return to + count;
    }
    uint64_t high = value / tens[GROUP];
    to = put(to, high);
    put_group(to, (uint32_t)(value - high * tens[GROUP]));
    return to + GROUP;
}

void am_write_int(am_writer *writer, int64_t value)
{
    char text[MOST_DIGITS];
    if (value < 0) am_write_char(writer, '-');
    if (MOST_DIGITS <= writer->room - writer->length)
        writer->length = (size_t)(put(writer->text + writer->length, magnitude(value)) - writer->text);
    else
        am_write(writer, text, (size_t)(put(text, magnitude(value)) - text));
}

void am_write_thousands(am_writer *writer, int64_t value)
{
    char text[MOST_DIGITS];
    const char *start = text;
    size_t left = (size_t)(put(text, magnitude(value)) - text);
    if (value < 0) am_write_char(writer, '-');
    while (left > 0) {
        size_t length = (left - 1) % 3 + 1;
        am_write(writer, start, length);
        start += length;
        left -= length;
        if (left > 0) AM_WRITE(writer, ",");
    }
}

/* rest / den in ten^decimals-ths, which is one, rounded half up: at most one. */
static int64_t fraction(int64_t rest, int64_t den, int decimals, int64_t one)
{
    int64_t value = 0;
#ifndef AM_FIRST
    if (decimals <= 4 && rest <= INT64_MAX / 10000) { /* at once: divisions are slow */
        value = rest * one / den;
        rest = rest * one - value * den;
        return value + (rest >= den - rest);
    }
#else
    (void)one;
#endif
    for (int i = 0; i < decimals; i++) {
        rest *= 10;
        value = value * 10 + rest / den;
        rest %= den;
    }
    return value + (rest >= den - rest);
}

void am_write_ratio(am_writer *writer, int64_t num, int64_t den, int decimals, bool trim)
{
    const int64_t one = tens[decimals];
    int64_t whole = num / den;
    int64_t part = fraction(num - whole * den, den, decimals, one);
    if (part == one) {
        part = 0;
        whole++;
    }
    am_write_int(writer, whole);
    if (decimals > 0) am_write_decimals(writer, (uint32_t)part, decimals, trim);
}

void am_write_decimals(am_writer *writer, uint32_t part, int decimals, bool trim)
{
    char text[1 + GROUP] = ".";
    if (trim && part == 0) return;
    put_group(text + 1, part * tens[GROUP - decimals]);
    size_t length = 1 + (size_t)decimals;
    while (trim && AM_ALWAYS(length > 1) /* part is not 0 */ && text[length - 1] == '0') length--;
    am_write(writer, text, length);
}

/* ---- JSON */

/* What can't stand in a JSON string as it is, or must be looked at: the parts of a character outside ASCII. */
static bool needs_care(char c)
{
    return (unsigned char)c < 0x20 || (unsigned char)c >= 0x80 || c == '"' || c == '\\';
}

/* Bytes of the well-formed UTF-8 character at text; 0 if it is none: cut short, overlong, a surrogate or above
 * U+10FFFF. */
static size_t character_length(const char *text)
{
    const unsigned char *c = (const unsigned char *)text;
    size_t length = c[0] < 0x80 ? 1 : c[0] < 0xc2 ? 0 : c[0] < 0xe0 ? 2 : c[0] < 0xf0 ? 3 : c[0] < 0xf5 ? 4 : 0;
    for (size_t i = 1; i < length; i++)
        if ((c[i] & 0xc0) != 0x80) return 0;
    bool overlong = (c[0] == 0xe0 && c[1] < 0xa0) || (c[0] == 0xf0 && c[1] < 0x90);
    bool no_character = (c[0] == 0xed && c[1] >= 0xa0) || (c[0] == 0xf4 && c[1] >= 0x90);
    return overlong || no_character ? 0 : length;
}

static void write_escape(am_writer *writer, char c)
{
    static const char hex[] = "0123456789abcdef";
    switch (c) {
    case '"': AM_WRITE(writer, "\\\""); break;
    case '\\': AM_WRITE(writer, "\\\\"); break;
    case '\n': AM_WRITE(writer, "\\n"); break;
    case '\t': AM_WRITE(writer, "\\t"); break;
    case '\r': AM_WRITE(writer, "\\r"); break;
    default: {
        char text[6] = {'\\', 'u', '0', '0', hex[(c >> 4) & 15], hex[c & 15]};
        am_write(writer, text, sizeof text);
    }
    }
}

/* Writes the one character at text, which may be half of one where a message was cut. Returns its bytes. */
static size_t write_care(am_writer *writer, const char *text)
{
    size_t length = character_length(text);
    if (length > 1) {
        am_write(writer, text, length);
        return length;
    }
    if (length == 0)
        AM_WRITE(writer, "\xef\xbf\xbd"); /* U+FFFD, the replacement character */
    else
        write_escape(writer, *text);
    return 1;
}

static void write_escaped(am_writer *writer, const char *text)
{
    for (;;) {
        size_t plain = 0;
        while (!needs_care(text[plain])) plain++;
        am_write(writer, text, plain);
        text += plain;
        if (*text == '\0') return;
        text += write_care(writer, text);
    }
}

void am_json_string(am_writer *writer, const char *text)
{
    am_json_quote(writer);
    write_escaped(writer, text);
    am_json_unquote(writer);
}

/* Quotes around so many bytes, which are to be written there; NULL: there is no room. */
static inline char *quotes(am_writer *writer, size_t length)
{
    char *to = append(writer, length + 3);
    if (!to) return NULL;
    *to = '"';
    to[1 + length] = '"';
    to[2 + length] = ',';
    return to + 1;
}

void am_json_plain(am_writer *writer, const char *text)
{
    const size_t length = strlen(text);
    char *to = quotes(writer, length);
    if (to) copy(to, text, length);
}

void am_json_joined(am_writer *writer, const char *first, const char *second)
{
    const size_t length = strlen(first), more = *second ? strlen(second) : 0;
    char *to = quotes(writer, length + more);
    if (!to) return;
    copy(to, first, length);
    if (more) copy(to + length, second, more);
}

void am_json_int(am_writer *writer, int64_t value)
{
#ifndef AM_FIRST
    if (value >= 0 && MOST_DIGITS < writer->room - writer->length) {
        char *to = put(writer->text + writer->length, (uint64_t)value);
        *to++ = ',';
        writer->length = (size_t)(to - writer->text);
        return;
    }
#endif
    am_write_int(writer, value);
    am_write_char(writer, ',');
}

void am_json_ints(am_writer *writer, int count, const int64_t *value)
{
#ifndef AM_FIRST
    if (writer->room - writer->length > (size_t)count * (MOST_DIGITS + 2) + 3) {
        char *to = writer->text + writer->length;
        *to++ = '[';
        for (int i = 0; i < count; i++) {
            if (value[i] < 0) *to++ = '-';
            to = put(to, magnitude(value[i]));
            *to++ = ',';
        }
        if (count > 0) to--;
        *to++ = ']';
        *to++ = ',';
        writer->length = (size_t)(to - writer->text);
        return;
    }
#endif
    am_json_open(writer, '[');
    for (int i = 0; i < count; i++) am_json_int(writer, value[i]);
    am_json_close(writer, ']');
}

void am_json_number(am_writer *writer, const char *number)
{
    am_write_text(writer, number);
    AM_WRITE(writer, ",");
}

void am_json_figure(am_writer *writer, int64_t value)
{
    if (value < 0)
        am_json_null(writer);
    else
        am_json_int(writer, value);
}

void am_json_ratio(am_writer *writer, int64_t num, int64_t den)
{
    if (num < 0 || den <= 0) {
        am_json_null(writer);
        return;
    }
    am_write_ratio(writer, num, den, 4, true);
    AM_WRITE(writer, ",");
}

void am_json_bool(am_writer *writer, bool value)
{
    if (value)
        AM_WRITE(writer, "true,");
    else
        AM_WRITE(writer, "false,");
}

void am_json_null(am_writer *writer)
{
    AM_WRITE(writer, "null,");
}

static void take_comma(am_writer *writer)
{
    if (!writer->full && writer->text[writer->length - 1] == ',') writer->length--; /* a bracket stands first */
}

void am_json_close(am_writer *writer, char bracket)
{
    take_comma(writer);
    am_write_char(writer, bracket);
    AM_WRITE(writer, ",");
}

size_t am_json_end(am_writer *writer, char bracket)
{
    take_comma(writer);
    am_write_char(writer, bracket);
    return am_writer_end(writer);
}
