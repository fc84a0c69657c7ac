/* Numbers, names and choices as users and files write them. Without floating point: its parsing would outweigh the rest
 * of the wasm. */
#include "input.h"

#include <string.h>

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool am_read_integer(const char *text, size_t length, int64_t *value)
{
    int64_t sum = 0;
    for (size_t i = 0; i < length; i++) {
        if (!is_digit(text[i])) return false;
        if (__builtin_mul_overflow(sum, 10, &sum) || __builtin_add_overflow(sum, text[i] - '0', &sum)) sum = INT64_MAX;
    }
    *value = sum;
    return length > 0;
}

bool am_read_thousands(const char *text, size_t length, int64_t *value)
{
    bool thousands = length > 1 && (text[length - 1] | 32) == 'k';
    if (!am_read_integer(text, length - thousands, value)) return false;
    if (thousands && __builtin_mul_overflow(*value, 1024, value)) *value = INT64_MAX;
    return true;
}

/* ---- decimal numbers */

/* digits · 10^exponent. Digits that no longer fit are dropped: they lie far below a millionth of what is kept. */
typedef struct decimal {
    int64_t digits, exponent;
    bool negative;
} decimal;

#define MOST_DIGITS   1000000000000000 /* one more digit still fits */
#define MOST_EXPONENT 1000000000

typedef struct reader {
    const char *at, *end;
} reader;

static bool accept(reader *from, char c)
{
    if (from->at == from->end || lower(*from->at) != c) return false;
    from->at++;
    return true;
}

/* One digit or more. shift: what each of them adds to the exponent, -1 after the point. */
static bool read_digits(reader *from, decimal *number, int shift)
{
    const char *start = from->at;
    for (; from->at < from->end && is_digit(*from->at); from->at++) {
        if (number->digits < MOST_DIGITS)
            number->digits = number->digits * 10 + (*from->at - '0');
        else
            number->exponent++;
        number->exponent += shift;
    }
    return from->at > start;
}

static bool read_exponent(reader *from, decimal *number)
{
    bool negative = accept(from, '-');
    if (!negative) accept(from, '+');
    decimal exponent = {0};
    if (!read_digits(from, &exponent, 0)) return false;
    int64_t size = exponent.exponent > 0 || exponent.digits > MOST_EXPONENT ? MOST_EXPONENT : exponent.digits;
    number->exponent += negative ? -size : size;
    return true;
}

/* JSON's grammar of a number. */
static bool read_decimal(const char *text, size_t length, decimal *number)
{
    reader from = {text, text + length};
    *number = (decimal){.negative = accept(&from, '-')};
    const char *first = from.at;
    if (!read_digits(&from, number, 0)) return false;
    if (*first == '0' && from.at - first > 1) return false;
    if (accept(&from, '.') && !read_digits(&from, number, -1)) return false;
    if (accept(&from, 'e') && !read_exponent(&from, number)) return false;
    return from.at == from.end;
}

/* digits · 10^exponent, rounded down, and the first digit that is dropped. */
static int64_t scale(int64_t digits, int64_t exponent, int64_t *dropped)
{
    for (; exponent > 0 && digits != 0 && digits != INT64_MAX; exponent--)
        if (__builtin_mul_overflow(digits, 10, &digits)) digits = INT64_MAX;
    *dropped = 0;
    for (; exponent < 0 && (digits != 0 || *dropped != 0); exponent++) {
        *dropped = digits % 10;
        digits /= 10;
    }
    return digits;
}

#ifndef AM_FIRST
bool am_read_whole(const char *text, size_t length, int64_t *value)
{
    decimal number;
    int64_t dropped;
    if (!read_decimal(text, length, &number) || number.negative) return false;
    for (; number.exponent < 0 && number.digits % 10 == 0 && number.digits != 0; number.exponent++) number.digits /= 10;
    *value = scale(number.digits, number.exponent, &dropped);
    return number.exponent >= 0 || number.digits == 0;
}
#endif

bool am_read_millionths(const char *text, size_t length, int64_t *value)
{
    decimal number;
    if (!read_decimal(text, length, &number)) return false;
    int64_t dropped;
    int64_t millionths = scale(number.digits, number.exponent + 6, &dropped);
    if (dropped >= 5) millionths++;
    if (millionths == 0 && number.digits != 0) millionths = 1;
    if (millionths == AM_MILLION && scale(number.digits, number.exponent, &dropped) == 0) millionths--;
    *value = number.negative && millionths > 0 ? -1 : millionths;
    return true;
}

bool am_read_bytes(const char *text, size_t length, int64_t *value)
{
    static const struct {
        const char *name;
        int64_t bytes;
    } units[] = {
        {"kib", 1 << 10},          {"mib", 1 << 20},      {"gib", 1 << 30},
        {"tib", (int64_t)1 << 40}, {"kb", 1000},          {"mb", 1000000},
        {"gb", 1000000000},        {"tb", 1000000000000}, {"b", 1},
    };
    size_t digits = 0;
    int64_t unit = 1, whole, dropped;
    while (digits < length && (is_digit(text[digits]) || text[digits] == '.')) digits++;
    if (digits < length) {
        unit = 0;
        for (size_t i = 0; i < sizeof units / sizeof *units && !unit; i++) {
            size_t same = 0;
            while (digits + same < length && units[i].name[same] && lower(text[digits + same]) == units[i].name[same])
                same++;
            if (digits + same == length && !units[i].name[same]) unit = units[i].bytes;
        }
    }
    decimal number;
    if (!unit || !read_decimal(text, digits, &number)) return false;
    whole = number.digits;
    for (; whole >= INT64_MAX / unit && number.exponent < 0; number.exponent++) whole /= 10;
    if (__builtin_mul_overflow(whole, unit, &whole)) whole = INT64_MAX;
    *value = scale(whole, number.exponent, &dropped);
    return true;
}

#ifndef AM_FIRST
am_code am_read_size(const char *key, const char *before, const char *text, int64_t plain, int64_t *bytes,
                     am_status *status)
{
    if (!am_read_bytes(text, strlen(text), bytes) || *bytes > AM_MAX_BYTES)
        return am_fail(status, AM_BAD_VALUE, key,
                       *before ? "%s=%s must be followed by a size such as 80GiB, 24GB or 512MiB, not '%s'"
                               : "%s%s must be a size such as 80GiB, 24GB or 512MiB, not '%s'",
                       key, before, text);
    bool bare = strspn(text, "0123456789.") == strlen(text);
    if (bare && *bytes > 0 && *bytes < plain)
        return am_fail(status, AM_BAD_VALUE, key,
                       "%s=%s%s has no unit and would be %d bytes: %s=%s%s%s, or %sB if bytes are meant", key, before,
                       text, *bytes, key, before, text, *bytes < 1000 ? "GiB" : "MiB", text);
    return AM_OK;
}
#endif

/* ---- names */

#define LONGEST_NAME 40

static int least(int x, int y)
{
    return x < y ? x : y;
}

/* A letter or a digit. */
static bool is_plain(char c)
{
    return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'z');
}

/* The next letter or digit of a name, in lower case; 0 at its end. */
static char next_plain(const char **at)
{
    while (**at && !is_plain(**at)) ++*at;
    return **at ? lower(*(*at)++) : '\0';
}

/* Whether a name begins with what was written, signs between letters and digits apart and numbers whole: llama3 as
 * llama-3-8b does, but llama-30b does not. */
static bool begins_with(const char *name, const char *written)
{
    for (char last = '\0';;) {
        char c = next_plain(&written);
        if (c == '\0') return !is_digit(last) || !is_digit(*name);
        if (c != next_plain(&name)) return false;
        last = c;
    }
}

bool am_name_is(const char *written, const char *name)
{
    while (*name && lower(*written) == lower(*name)) written++, name++;
    return *written == *name;
}

/* The same of one of its parts, between signs: 4090 as rtx-4090 does. */
static bool has_part(const char *name, const char *written)
{
    for (const char *part = name; *part; part++) {
        bool starts = part > name && !is_plain(part[-1]);
        if (starts && begins_with(part, written)) return true;
    }
    return false;
}

/* Edit distance without regard to case, lenient to what is too much, since people write seq_len for seq and hidden_size
 * for hidden; names that begin alike are nearer, and nearest those that begin with all of it, or one of whose parts does. */
int am_name_distance(const char *written, const char *name)
{
    enum { TOO_MUCH = 1, MISSING = 2, WRONG = 2, SAME_START = 3, A_PART = 1000, ALL_OF_IT = 2000 };
    int row[LONGEST_NAME + 1];
    int length = least((int)strlen(name), LONGEST_NAME);
    for (int j = 0; j <= length; j++) row[j] = j * MISSING;
    for (const char *c = written; *c; c++) {
        int diagonal = row[0];
        row[0] += TOO_MUCH;
        for (int j = 1; j <= length; j++) {
            int replaced = diagonal + (lower(*c) == lower(name[j - 1]) ? 0 : WRONG);
            diagonal = row[j];
            row[j] = least(replaced, least(diagonal + TOO_MUCH, row[j - 1] + MISSING));
        }
    }
    int start = 0;
    while (start < length && start < 4 && lower(written[start]) == lower(name[start])) start++;
    return row[length] - start * SAME_START -
           (begins_with(name, written) ? ALL_OF_IT
            : has_part(name, written)  ? A_PART
                                       : 0);
}

void am_copy_text(char *buffer, size_t size, const char *text, size_t length)
{
    if (size == 0) return;
    if (length > size - 1) length = size - 1;
    memcpy(buffer, text, length);
    buffer[length] = '\0';
}

/* ---- choices */

int64_t am_choice_count(const char *choices)
{
    int64_t count = 1;
    for (; *choices; choices++) count += *choices == '|';
    return count;
}

/* Looks no further than that one: most are among the first. */
bool am_choice_exists(const char *choices, int64_t index)
{
    if (index < 0) return false;
    for (; *choices && index > 0; choices++) index -= *choices == '|';
    return index == 0;
}

int64_t am_choice_index(const char *choices, const char *text)
{
    return am_choice_of(choices, text, strlen(text));
}

int64_t am_choice_of(const char *choices, const char *text, size_t length)
{
    for (int64_t index = 0;; index++) {
        size_t own = strcspn(choices, "|");
        if (own == length && memcmp(choices, text, length) == 0) return index;
        if (choices[own] == '\0') return -1;
        choices += own + 1;
    }
}

const char *am_choice_text(const char *choices, int64_t index, char *buffer, size_t size)
{
    for (; index > 0; index--) {
        choices += strcspn(choices, "|");
        if (*choices == '|') choices++;
    }
    am_copy_text(buffer, size, choices, strcspn(choices, "|"));
    return buffer;
}
