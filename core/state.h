/* Bytes that parameters, gradients and the optimizer take. */
#ifndef AM_STATE_H
#define AM_STATE_H

#include "actmem.h"

/* By purpose, in bytes; -1 where a figure is too large. */
typedef struct am_state {
    int64_t weights, master, gradients, optimizer, bytes;
} am_state;

/* By a convention: every parameter has weights, only trainable ones have the rest. */
am_state am_state_of(const am_parameters *parameters, const am_convention *convention);
/* By the dtypes of this configuration, with AdamW: its two moments have the parameter's dtype. */
am_state am_state_configured(const am_parameters *parameters);

#endif
