/* Strides: where a reshape is a view, which layout a pointwise result takes. As PyTorch's TensorIterator and view rules
 * have it. */
#ifndef ACTMEM_LAYOUT_H
#define ACTMEM_LAYOUT_H

#include "actmem.h"

/* A shape with strides, both in elements. */
typedef struct am_layout {
    int rank;
    const int64_t *shape, *stride;
} am_layout;

/* Elements of a shape; saturates at AM_MAX_BYTES. */
int64_t am_layout_elements(int rank, const int64_t *shape);
bool am_layout_same(int rank, const int64_t *x, const int64_t *y);
void am_layout_contiguous(int rank, const int64_t *shape, int64_t *stride);
/* Do the elements fill their storage without gaps or overlap, in whatever order? */
bool am_layout_dense(int rank, const int64_t *shape, const int64_t *stride);
/* Strides of a view of the same elements with another shape; false where that needs a copy. */
bool am_layout_view(am_layout from, int rank, const int64_t *shape, int64_t *stride);
/* Strides of the result of an operation on operands that broadcast to shape: dense, in the order of the first operand
 * that decides. */
void am_layout_pointwise(int rank, const int64_t *shape, int operands, const am_layout *operand, int64_t *stride);

#endif
