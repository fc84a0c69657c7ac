/* What a family's code decides, or the paper's layer: private to the core. */
#ifndef AM_WIRING_H
#define AM_WIRING_H

#include "actmem.h"

/* Whether linear layers have biases. */
typedef enum am_bias_rule { AM_BIAS_NEVER, AM_BIAS_ALWAYS, AM_BIAS_EITHER, AM_BIAS_AS_QKV } am_bias_rule;

typedef struct am_wiring {
    int64_t norm, activation, positions, qk_norm, tie_word_embeddings; /* the usual ones, as in am_config */
    am_bias_rule bias, qkv_bias, o_bias, mlp_bias;
    bool fused_heads; /* one projection of three times the hidden size makes query, key and value */
} am_wiring;

/* The wiring of a family in transformers; and of a config: that of its family, or the paper's for stack=paper. */
const am_wiring *am_wiring_of_family(int64_t family);
const am_wiring *am_wiring_of(const am_config *config);
/* Fills in what the wiring decides and is still AM_AUTO. */
void am_wiring_fill(am_config *config, const am_wiring *wiring);
/* Checks a config in which nothing is AM_AUTO against its wiring. */
am_code am_wiring_check(const am_config *config, am_status *status);

bool am_activation_is_gated(int64_t activation);

#endif
