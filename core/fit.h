/* Whether a training step fits: the total, and the keys that say what it has to fit into. */
#ifndef AM_FIT_H
#define AM_FIT_H

#include "actmem.h"

/* Fills in the total of one GPU. */
am_code am_fit_read(am_fit *fit, const am_config *config, const am_parameters *parameters, const am_outcome *outcome);
/* The same of a rank of a pipeline, once each kind of stage has been counted (into workspace->stage_parameters) and noted. */
am_code am_fit_stage(am_workspace *workspace, int kind);
am_code am_fit_rank(am_fit *fit, am_workspace *workspace, const am_config *config, const am_rank *rank, const am_chunk *chunk,
                    int kinds);
/* Checks device_memory, reserve and fit. */
am_code am_fit_check(const am_config *config, am_status *status);
/* Bytes that are left, reserve apart; below 0: too few. The memory must be known. */
static inline int64_t am_fit_free(const am_fit *fit)
{
    return fit->memory - fit->reserve - fit->total;
}

static inline bool am_fit_fits(const am_fit *fit)
{
    return am_fit_free(fit) >= 0;
}

/* What the total is made of, by name: NULL behind the last. Their bytes add up to it. */
const char *am_fit_part(const am_fit *fit, int index, int64_t *bytes);

#endif
