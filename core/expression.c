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

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static char next(reader *text)
{
    while (*text->at == ' ') text->at++;
    return *text->at;
}

/* Signs of up to four bytes. */
static inline bool take(reader *text, const char *sign)
{
    const char *at = text->at;
    if (*at++ != sign[0]) return false;
    if (sign[1] && (*at++ != sign[1] || (sign[2] && (*at++ != sign[2] || (sign[3] && *at++ != sign[3]))))) return false;
    text->at = at;
    return true;
}

/* What has been read of a product: a fraction of one share, and what that multiplies beside, where a factor is more than that. Most are
 * numbers and symbols, and need no amount of their own. */
typedef struct product {
    int64_t num, den; /* not negative; den 0: no answer */
    am_share share;
    bool has_sum;
    am_amount sum;
} product;

static inline void times(product *of, int64_t value, am_share share)
{
    bool small = (uint64_t)(of->num | value) >> 31 == 0; /* as most are */
    if (share != AM_SHARE_HIDDEN) {
        if (of->share != AM_SHARE_HIDDEN) of->den = 0; /* two of them */
        of->share = share;
    }
    if (small)
        of->num *= value;
    else if (value < 0 || am_mul_wraps(of->num, value, &of->num))
        of->den = 0;
}

static void over(product *of, int64_t value, am_share share)
{
    if (value <= 0 || share != AM_SHARE_HIDDEN) of->den = 0;
    if (value <= 1) return;
    int64_t divisor = am_common_divisor(of->num, value);
    of->num /= divisor;
    if (am_mul_wraps(of->den, value / divisor, &of->den)) of->den = 0;
}

static void times_sum(product *of, const am_amount *sum)
{
    if (of->has_sum)
        multiply(&of->sum, sum);
    else
        of->sum = *sum;
    of->has_sum = true;
}

static void over_sum(product *of, const am_amount *sum)
{
    if (sum->den == 0 || !is_plain(sum)) of->den = 0;
    over(of, sum->part[0], AM_SHARE_HIDDEN);
    times(of, sum->den, AM_SHARE_HIDDEN);
}

static void amount_of(const product *of, am_amount *read)
{
    *read = (am_amount){{0}, of->den};
    read->part[of->share] = of->num;
    if (of->has_sum) multiply(read, &of->sum);
}

static void read_sum(reader *text, am_amount *read);
static void read_product(reader *text, product *of, bool alone);

static inline void read_number(reader *text, product *of, bool divides)
{
    int64_t num = 0, den = 0; /* den: 0 before the point */
    for (; is_digit(*text->at) || *text->at == '.'; text->at++) {
        if (*text->at == '.') {
            den = 1;
            continue;
        }
        num = 10 * num + (*text->at - '0');
        den *= 10;
    }
    if (divides) {
        over(of, num, AM_SHARE_HIDDEN);
        if (den > 1) times(of, den, AM_SHARE_HIDDEN);
        return;
    }
    times(of, num, AM_SHARE_HIDDEN);
    if (den > 1) over(of, den, AM_SHARE_HIDDEN);
}

static inline void read_symbol(reader *text, product *of, bool divides)
{
    static const uint8_t shares[128] = {
        ['k'] = AM_SHARE_KV, ['f'] = AM_SHARE_FFN, ['w'] = AM_SHARE_FFN, ['v'] = AM_SHARE_VOCAB};
    const unsigned char symbol = (unsigned char)*text->at;
    const bool known = symbol > 0 && symbol < 128;
    int64_t value = known ? text->values->of[symbol] : -1;
    am_share share = known ? (am_share)shares[symbol] : AM_SHARE_HIDDEN;
    if (symbol != '\0') text->at++;
    if (take(text, "²")) {
        if (symbol == 's') share = AM_SHARE_SCORES;
        if (am_mul_wraps(value, value, &value)) value = -1;
    }
    if (divides)
        over(of, value, share);
    else
        times(of, value, share);
}

static void read_larger(reader *text, am_amount *read)
{
    am_amount second = no_answer;
    read_sum(text, read);
    if (take(text, ",")) read_sum(text, &second);
    *read = take(text, ")") ? larger(*read, second) : no_answer;
}

static am_amount read_root(reader *text)
{
    product of;
    am_amount read;
    read_product(text, &of, true);
    amount_of(&of, &read);
    return root(read);
}

/* A factor that is an amount; false: it is none. */
static bool read_amount(reader *text, am_amount *read)
{
    if (take(text, "(")) {
        read_sum(text, read);
        if (!take(text, ")")) *read = no_answer;
        return true;
    }
    if (take(text, "max("))
        read_larger(text, read);
    else if (take(text, "√"))
        *read = read_root(text);
    else if (take(text, "ℓ"))
        *read = text->values->layer;
    else
        return false;
    return true;
}

/* Neither a number nor a letter, but for the one that "max(" begins with. */
static void read_other(reader *text, product *of, bool divides)
{
    am_amount sum;
    if (!read_amount(text, &sum))
        read_symbol(text, of, divides);
    else if (divides)
        over_sum(of, &sum);
    else
        times_sum(of, &sum);
}

/* Is there another factor, and does it divide? */
static inline bool goes_on(reader *text, bool *divides)
{
    const char sign = next(text);
    *divides = sign == '/';
    if (!*divides) return take(text, "·");
    text->at++;
    return true;
}

/* alone: of one factor. */
static void read_product(reader *text, product *of, bool alone)
{
    bool divides = false;
    of->num = of->den = 1;
    of->share = AM_SHARE_HIDDEN;
    of->has_sum = false;
    do {
        const char first = next(text);
        if (is_letter(first) && first != 'm')
            read_symbol(text, of, divides);
        else if (is_digit(first))
            read_number(text, of, divides);
        else
            read_other(text, of, divides);
    } while (!alone && goes_on(text, &divides));
}

/* Adds sign·of; most are of one denominator. */
static void add_product(am_amount *x, const product *of, int64_t sign)
{
    if (of->has_sum || x->den != of->den) {
        am_amount amount;
        amount_of(of, &amount);
        add(x, &amount, sign);
    } else if (__builtin_add_overflow(x->part[of->share], sign * of->num, &x->part[of->share])) {
        *x = no_answer;
    }
}

static void read_sum(reader *text, am_amount *read)
{
    product of;
    read_product(text, &of, false);
    amount_of(&of, read);
    for (;;) {
        bool plus = take(text, "+");
        if (!plus && !take(text, "-")) return;
        read_product(text, &of, false);
        add_product(read, &of, plus ? 1 : -1);
    }
}

am_amount am_expression_value(const char *text, const am_values *values)
{
    reader from = {text, values};
    am_amount value;
    read_sum(&from, &value);
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

int64_t am_amount_parts(const am_amount *amount, int64_t part[AM_SHARE_COUNT])
{
    const int64_t total = am_amount_total(amount);
    if (total < 0) return -1;
    part[AM_SHARE_HIDDEN] = total;
    for (int i = 1; i < AM_SHARE_COUNT; i++) {
        part[i] = amount->part[i] ? whole_of(amount->part[i], amount->den) : 0;
        part[AM_SHARE_HIDDEN] -= part[i];
    }
    return total;
}
