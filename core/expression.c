/* Exact in fractions: a coefficient may be 8.5 or 1.05, and a share 1/t. */
#include "expression.h"

#include <string.h>

#include "bytes.h"

static const am_amount no_answer = {{0}, 0};

static int64_t magnitude(int64_t x)
{
    return x < 0 ? -x : x;
}

static bool is_plain(const am_amount *x)
{
    for (int i = 1; i < AM_SHARE_COUNT; i++)
        if (x->part[i] != 0) return false;
    return true;
}

static am_amount plain(int64_t num, int64_t den)
{
    return (am_amount){{num}, den};
}

/* x·(num / den), den above 0, in lowest terms, in place: amounts are passed about much. */
static void scale(am_amount *x, int64_t num, int64_t den)
{
    if (x->den == 0) return;
    int64_t divisor = x->den > 1 ? am_common_divisor(magnitude(num), x->den) : 1;
    if (divisor > 1) num /= divisor, x->den /= divisor;
    divisor = den;
    for (int i = 0; i < AM_SHARE_COUNT && divisor > 1; i++) divisor = am_common_divisor(divisor, magnitude(x->part[i]));
    if (divisor > 1) den /= divisor;
    bool wraps = den > 1 && am_mul_wraps(x->den, den, &x->den);
    for (int i = 0; i < AM_SHARE_COUNT; i++) {
        if (x->part[i] == 0) continue;
        if (divisor > 1) x->part[i] /= divisor;
        wraps |= am_mul_wraps(x->part[i], num, &x->part[i]);
    }
    if (wraps) *x = no_answer;
}

static void multiply(am_amount *x, const am_amount *y)
{
    if (y->den != 0 && is_plain(y)) {
        scale(x, y->part[0], y->den);
    } else if (x->den != 0 && is_plain(x)) {
        int64_t num = x->part[0], den = x->den;
        *x = *y;
        scale(x, num, den);
    } else {
        *x = no_answer;
    }
}

static void divide(am_amount *x, const am_amount *y)
{
    if (y->den == 0 || y->part[0] <= 0 || !is_plain(y))
        *x = no_answer;
    else
        scale(x, y->den, y->part[0]);
}

/* Of one denominator, as most are. */
static void add_alike(am_amount *x, const am_amount *y, int64_t sign)
{
    bool wraps = false;
    for (int i = 0; i < AM_SHARE_COUNT; i++) {
        if (y->part[i] == 0) continue;
        wraps |= sign > 0 ? __builtin_add_overflow(x->part[i], y->part[i], &x->part[i])
                          : __builtin_sub_overflow(x->part[i], y->part[i], &x->part[i]);
    }
    if (wraps) *x = no_answer;
}

/* Adds sign·y. */
static void add(am_amount *x, const am_amount *y, int64_t sign)
{
    if (x->den == 0 || y->den == 0) {
        *x = no_answer;
        return;
    }
    if (x->den == y->den) {
        add_alike(x, y, sign);
        return;
    }
    int64_t divisor = am_common_divisor(x->den, y->den);
    int64_t x_times = y->den / divisor, y_times = sign * (x->den / divisor);
    bool wraps = am_mul_wraps(x->den, x_times, &x->den);
    for (int i = 0; i < AM_SHARE_COUNT; i++) {
        int64_t own, other;
        if (x->part[i] == 0 && y->part[i] == 0) continue;
        wraps |= am_mul_wraps(x->part[i], x_times, &own);
        wraps |= am_mul_wraps(y->part[i], y_times, &other);
        wraps |= __builtin_add_overflow(own, other, &x->part[i]);
    }
    if (wraps) *x = no_answer;
}

static int64_t numerator(const am_amount *x)
{
    int64_t total = 0;
    for (int i = 0; i < AM_SHARE_COUNT; i++)
        if (__builtin_add_overflow(total, x->part[i], &total)) return -1;
    return total;
}

static am_amount larger(am_amount x, am_amount y)
{
    if (x.den == 0 || y.den == 0) return no_answer;
    return numerator(&x) / x.den >= numerator(&y) / y.den ? x : y;
}

/* √x by Newton's method on whole numbers, in millionths. */
static am_amount root(am_amount x)
{
    const int64_t million = 1000000;
    if (x.den != 1 || !is_plain(&x) || x.part[0] < 0 || x.part[0] > 1000) return no_answer; /* the most layers there are */
    int64_t square = x.part[0] * million * million;
    int64_t found = 32 * million; /* above the greatest root */
    for (int64_t next = (found + square / found) / 2; next < found; next = (found + square / found) / 2) found = next;
    return plain(found, million);
}

/* ---- reading */

typedef struct reader {
    const char *at;
    const am_values *values;
} reader;

static char next(reader *text)
{
    while (*text->at == ' ') text->at++;
    return *text->at;
}

/* Its first character is looked at before all else: most texts go on otherwise. */
static inline bool take(reader *text, const char *sign)
{
    if (next(text) != *sign) return false;
    const char *at = text->at;
    for (; *sign != '\0'; sign++, at++)
        if (*at != *sign) return false;
    text->at = at;
    return true;
}

static am_amount read_sum(reader *text);

static am_amount read_number(reader *text)
{
    int64_t num = 0, den = 0; /* den: 0 before the point */
    for (; (*text->at >= '0' && *text->at <= '9') || *text->at == '.'; text->at++) {
        if (*text->at == '.') {
            den = 1;
            continue;
        }
        num = 10 * num + (*text->at - '0');
        den *= 10;
    }
    am_amount read = plain(num, 1);
    if (den > 1) scale(&read, 1, den);
    return read;
}

static am_share share_of(char symbol)
{
    switch (symbol) {
    case 'k': return AM_SHARE_KV;
    case 'f':
    case 'w': return AM_SHARE_FFN;
    case 'v': return AM_SHARE_VOCAB;
    default: return AM_SHARE_HIDDEN;
    }
}

static am_amount read_symbol(reader *text)
{
    if (*text->at == '\0') return no_answer;
    char symbol = *text->at++;
    int64_t value = symbol > 0 ? text->values->of[(unsigned char)symbol] : -1;
    if (value < 0) return no_answer;
    bool square = take(text, "²");
    am_share share = square && symbol == 's' ? AM_SHARE_SCORES : share_of(symbol);
    am_amount read = {{0}, 1};
    read.part[share] = value;
    if (square) scale(&read, value, 1);
    return read;
}

static am_amount read_larger(reader *text)
{
    am_amount first = read_sum(text);
    am_amount second = take(text, ",") ? read_sum(text) : no_answer;
    return take(text, ")") ? larger(first, second) : no_answer;
}

static am_amount read_factor(reader *text)
{
    char first = next(text);
    if (first >= '0' && first <= '9') return read_number(text);
    if (take(text, "(")) {
        am_amount inner = read_sum(text);
        return take(text, ")") ? inner : no_answer;
    }
    if (take(text, "max(")) return read_larger(text);
    if (take(text, "√")) return root(read_factor(text));
    if (take(text, "ℓ")) return text->values->layer;
    return read_symbol(text);
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* A factor that is a whole number, a symbol or its square: most are, and need no amount of their own. */
static bool take_simple(reader *text, int64_t *value, am_share *share)
{
    int64_t read = 0;
    next(text);
    const char *at = text->at;
    *share = AM_SHARE_HIDDEN;
    if (*at >= '0' && *at <= '9') {
        for (; *at >= '0' && *at <= '9'; at++) read = 10 * read + (*at - '0');
        if (*at == '.') return false;
    } else if (is_letter(*at)) {
        char symbol = *at++;
        read = text->values->of[(unsigned char)symbol];
        bool square = at[0] == "²"[0] && at[1] == "²"[1];
        *share = square && symbol == 's' ? AM_SHARE_SCORES : share_of(symbol);
        if (read < 0 || *at == ' ' || (*at >= 'a' && *at <= 'z')) return false;
        if (square && am_mul_wraps(read, read, &read)) return false;
        if (square) at += 2;
    } else {
        return false;
    }
    *value = read;
    text->at = at;
    return true;
}

/* Times one more of them; false, and nothing taken, where that is none, or the product is none that stays so. */
static bool times_simple(reader *text, int64_t *value, am_share *share)
{
    const char *at = text->at;
    int64_t factor;
    am_share own;
    if (*at != "·"[0]) return false;
    bool simple = take(text, "·") && take_simple(text, &factor, &own) && (own == AM_SHARE_HIDDEN || *share == AM_SHARE_HIDDEN);
    if (simple && !am_mul_wraps(*value, factor, &factor)) {
        *value = factor;
        if (own != AM_SHARE_HIDDEN) *share = own;
        return true;
    }
    text->at = at;
    return false;
}

static am_amount read_first(reader *text)
{
    int64_t value;
    am_share share;
    if (!take_simple(text, &value, &share)) return read_factor(text);
    while (times_simple(text, &value, &share)) {}
    am_amount read = {{0}, 1};
    read.part[share] = value;
    return read;
}

static am_amount read_product(reader *text)
{
    am_amount read = read_first(text);
    for (;;) {
        bool times = take(text, "·");
        if (!times && !take(text, "/")) return read;
        int64_t value;
        am_share share;
        if (!times && take_simple(text, &value, &share)) {
            if (share != AM_SHARE_HIDDEN || value <= 0) read = no_answer;
            if (value > 1) scale(&read, 1, value);
            continue;
        }
        am_amount factor = times ? read_first(text) : read_factor(text);
        if (times)
            multiply(&read, &factor);
        else
            divide(&read, &factor);
    }
}

static am_amount read_sum(reader *text)
{
    am_amount read = read_product(text);
    for (;;) {
        bool plus = take(text, "+");
        if (!plus && !take(text, "-")) return read;
        am_amount term = read_product(text);
        add(&read, &term, plus ? 1 : -1);
    }
}

am_amount am_expression_value(const char *text, const am_values *values)
{
    reader from = {text, values};
    am_amount value = read_sum(&from);
    return *from.at == '\0' ? value : no_answer;
}

/* Most are whole, and a division is slow. */
static int64_t whole_of(int64_t num, int64_t den)
{
    return den == 1 ? num : num / den;
}

int64_t am_amount_total(const am_amount *amount)
{
    int64_t total = amount->den == 0 ? -1 : numerator(amount);
    if (total < 0) return -1;
    total = whole_of(total, amount->den);
    return total <= AM_MAX_BYTES ? total : -1;
}

bool am_amount_parts(const am_amount *amount, int64_t part[AM_SHARE_COUNT])
{
    int64_t rest = am_amount_total(amount);
    if (rest < 0) return false;
    for (int i = 1; i < AM_SHARE_COUNT; i++) rest -= part[i] = whole_of(amount->part[i], amount->den);
    part[AM_SHARE_HIDDEN] = rest;
    return true;
}
