/* Bytes that parameters, gradients and the optimizer take. */
#ifndef AM_STATE_H
#define AM_STATE_H

#include "actmem.h"

am_state am_state_sum(am_state state);
/* By a convention: every parameter has weights, only trainable ones have the rest. */
am_state am_state_of(const am_parameters *parameters, const am_convention *convention);

/* optimizer.c: of one rank of a resolved configuration, by its optimizer, dtypes and sharding. */
am_state am_state_configured(const am_parameters *parameters, const am_config *config);
/* Checks the keys that decide it. */
am_code am_state_check(const am_config *config, am_status *status);
/* The dtype of trainable parameters: the adapters', where there are some. */
int am_trainable_dtype(const am_config *config);
/* "AdamW" */
const char *am_optimizer_text(const am_config *config);

#endif
