/* A published formula's own text, evaluated: what is shown is what is computed. */
#ifndef AM_EXPRESSION_H
#define AM_EXPRESSION_H

#include "actmem.h"

/* A number as a sum of the terms that it is made of, by what they grow with, each a numerator over one denominator.
 * den is 0 where there is no answer. */
typedef struct am_amount {
    int64_t part[AM_SHARE_COUNT];
    int64_t den;
} am_amount;

/* What an expression may name: one-letter symbols, and ℓ. */
typedef struct am_values {
    int64_t of[128];
    am_amount layer;
} am_values;

/* The value of a text such as "s·b·h·(10 + 24/t) + 5·a·s²·b": + - · / ² √ max(x, y), parentheses, decimal numbers, the
 * letters of values and ℓ. f and w begin terms of the FFN, k of keys and values, v of the vocabulary, s² of scores; two
 * of these are never multiplied. √ is taken to six decimals, rounded down. */
am_amount am_expression_value(const char *text, const am_values *values);

/* The whole of an amount, rounded down; -1 where there is no answer or it lies outside 0 to 2^53. */
int64_t am_amount_total(const am_amount *amount);
/* The same, and its parts as whole numbers that add up to that. */
int64_t am_amount_parts(const am_amount *amount, int64_t part[AM_SHARE_COUNT]);

#endif
