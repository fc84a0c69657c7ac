/* Checked arithmetic on bytes, elements and FLOPs. A figure is never negative; -1 is "no answer" and stays so through a
 * chain of these, so that only its end needs a test. */
#ifndef AM_BYTES_H
#define AM_BYTES_H

#include "actmem.h"
#include "proven.h"

#include <string.h>

/* x·y, or -1 if either is negative or the product is above AM_MAX_BYTES. */
static inline int64_t am_mul_checked(int64_t x, int64_t y)
{
    if (x < 0 || y < 0) return -1;
    /* Numbers of n and m bits have a product of at least 2^(n+m-2) and below 2^(n+m): no division is needed to know. */
    int zeros = __builtin_clzll((unsigned long long)x | 1) + __builtin_clzll((unsigned long long)y | 1);
    if (zeros < 65 && x != 0 && y != 0) return -1;
    int64_t product = x * y;
    return product <= AM_MAX_BYTES ? product : -1;
}

/* Whether x·y is beyond 64 bits; the product, where it is not. Mostly the bits of both say so: a product of 128 bits, which
 * is a call in wasm, is rarely needed. */
static inline bool am_mul_wraps(int64_t x, int64_t y, int64_t *product)
{
    int zeros = __builtin_clzll((unsigned long long)(x < 0 ? ~x : x) | 1) + __builtin_clzll((unsigned long long)(y < 0 ? ~y : y) | 1);
    if (zeros < 66) return __builtin_mul_overflow(x, y, product);
    *product = x * y;
    return false;
}

/* x + y, or -1 if either is negative or the sum is above AM_MAX_BYTES. */
static inline int64_t am_add_checked(int64_t x, int64_t y)
{
    if (x < 0 || y < 0 || x > AM_MAX_BYTES || y > AM_MAX_BYTES - x) return -1;
    return x + y;
}

static inline int64_t am_larger(int64_t x, int64_t y)
{
    return x > y ? x : y;
}

static inline int64_t am_smaller(int64_t x, int64_t y)
{
    return x < y ? x : y;
}

/* n / by, rounded up; neither is negative. */
static inline int64_t am_divide_up(int64_t n, int64_t by)
{
    return (n + by - 1) / by;
}

/* Greatest common divisor of numbers that are not negative. */
static inline int64_t am_common_divisor(int64_t x, int64_t y)
{
    while (y != 0) {
        int64_t rest = x % y;
        x = y;
        y = rest;
    }
    return x;
}

/* Powers of eight symbols, from this one on, as they stand in memory; most are zeros. */
static inline uint64_t am_powers_at(const int8_t power[AM_POWERS], int symbol)
{
    uint64_t eight;
    memcpy(&eight, power + symbol, sizeof eight);
    return eight;
}

/* Which of the eight is the first that is not 0; takes it out of them, of which there is one at least. */
static inline int am_powers_next(uint64_t *powers)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    int first = __builtin_clzll(*powers) / 8;
    *powers &= ~((uint64_t)0xff << (56 - 8 * first));
#else
    int first = __builtin_ctzll(*powers) / 8;
    *powers &= ~((uint64_t)0xff << 8 * first);
#endif
    return first;
}

static inline bool am_powers_equal(const am_term *x, const am_term *y)
{
    for (int i = 0; i < AM_POWERS; i += 8)
        if (am_powers_at(x->power, i) != am_powers_at(y->power, i)) return false;
    return true;
}

static inline bool am_terms_equal(const am_term *x, const am_term *y)
{
    return x->num == y->num && x->den == y->den && am_powers_equal(x, y);
}

/* Sums of eight powers each: none carries into the next. */
static inline uint64_t am_powers_sum(uint64_t x, uint64_t y)
{
    const uint64_t signs = 0x8080808080808080;
    return ((x & ~signs) + (y & ~signs)) ^ ((x ^ y) & signs);
}

/* What an allocator that gives out memory in multiples of `block` takes for so many bytes: none for none. */
static inline int64_t am_block_bytes(int64_t bytes, int64_t block)
{
    return block > 1 ? am_divide_up(bytes, block) * block : bytes;
}

/* The most sequences up to which blocks for so many bytes of each are affine in their number: what is beyond whole blocks fills
 * less than one more, or whole blocks less than one fewer. */
static inline int64_t am_block_even_to(int64_t each, int64_t block)
{
    int64_t rest = each % block;
    return rest ? am_larger(block / rest, (block - 1) / (block - rest)) : INT64_MAX;
}

#endif
