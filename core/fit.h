/* Whether a training step fits: the total, and the keys that say what it has to fit into. */
#ifndef AM_FIT_H
#define AM_FIT_H

#include "actmem.h"
#include "writer.h"

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

/* With what 16-bit training of such a stack usually holds, where the configuration does not; NULL: it does. */
typedef struct am_usual {
    const char *set; /* the inputs that make it */
    const char *who; /* "Megatron-LM trains" */
} am_usual;
const am_usual *am_fit_usual(const am_config *config);
/* What the total counts beside the activations: "AdamW on bf16 parameters without fp32 master weights, gradients in bf16". */
void am_fit_write_basis(am_writer *out, const am_config *config);
/* "; Megatron-LM trains with master_weights=yes grad_dtype=fp32"; nothing where that is what is counted. */
void am_fit_write_usual(am_writer *out, const am_config *config);
/* Both as members of JSON's: "basis" and "usual". */
void am_json_basis(am_writer *json, const am_config *config);

/* search.c: the fewest GPUs that hold the configuration as it is given, and what was looked at; resolved: the same, as am_config_resolve
 * left it. */
void am_fit_gpus(am_answer *answer, am_gpu_space *space, am_workspace *workspace, const am_config *given, const am_config *resolved);
/* The inputs of an answer's arrangement of GPUs, "tp=2 sp=yes dp=4 zero=1": those that differ from what is configured, or with NULL from
 * one GPU's, and dp. */
void am_fit_write_groups(am_writer *out, const am_config *found, const am_config *now);
/* The smallest value of an axis that the stack took, above this one; -1: there is none. */
int64_t am_gpu_axis_next(const am_gpu_axis *axis, int64_t value);
/* switches.c: fills in the report's switches, of a budget's plan. */
void am_switches_search(am_report *report, am_workspace *workspace, const am_config *given);
/* Fills in the report's changes and what is usual, once its answers are found. */
void am_fit_changes(am_report *report, am_workspace *workspace, const am_config *given);

/* What the total is made of, by name: NULL behind the last. Their bytes add up to it. */
const char *am_fit_part(const am_fit *fit, int index, int64_t *bytes);

#endif
