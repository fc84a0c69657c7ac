/* What kernels have to have computed, by C. */
#ifndef AM_TRUTH_H
#define AM_TRUTH_H

#include "program.h"

typedef enum am_subject {
    AM_OF_COPY,    /* equal */
    AM_OF_MATMUL,  /* equal, by Freivalds' test: rows of the result times a vector of random signs, against a (b v) */
    AM_OF_SOFTMAX, /* every 37th row, to AM_SOFTMAX_ERROR */
    AM_OF_TOY,     /* every gradient equal, the loss to a part in 10^5 */
    AM_OF_SMALL,   /* a program of at most AM_SMALL_BYTES, run by C: every element, to AM_SMALL_ERROR of the largest */
    AM_OF_NUMBERS, /* finite, and not all zero */
} am_subject;

/* WGSL lets exp be wrong by 3 + 2|x| units in the last place, 19 of them (2.3e-6) at the 8 between a row's extremes. */
#define AM_SOFTMAX_ERROR 1e-5
/* And tanh by 1e-5; the rest are sums of some hundred products. Of the largest element: a wrong one is off by far more. */
#define AM_SMALL_ERROR 1e-3
#define AM_SMALL_BYTES (3 << 20)

/* Prepares; may take as long as a hundred million multiplications do. */
void am_truth_begin(am_subject subject, const am_program *program);
/* Whether bytes of a result, from an offset on, are right. Bytes come in order and, of a matrix product, in whole rows. */
bool am_truth_holds(int slot, uint32_t offset, const void *bytes, uint32_t count);

/* Runs one kernel in C: buffers in the order of its bindings. For the fake GPU too. */
void am_kernel_compute(const am_kernel *kernel, void *const buffers[AM_MOST_OPERANDS]);
/* An IEEE half as a number, and the half that is nearest to one within half's normal range. */
float am_from_half(uint16_t half);
uint16_t am_to_half(float number);

#endif
