/* Published formulas for a configuration. */
#ifndef AM_FORMULAS_H
#define AM_FORMULAS_H

#include "expression.h"

/* What a formula gives, in its unit, and for one layer; den 0 where it has no answer. */
typedef struct am_formula_answer {
    am_amount all, layer;
} am_formula_answer;

/* What every formula reads of a configuration, which must be resolved. */
typedef struct am_formula_reading {
    am_values values;
    am_policy policy;
} am_formula_reading;

void am_formula_read(am_formula_reading *reading, const am_config *config);
am_formula_answer am_formula_evaluate(const am_formula *formula, am_formula_reading *reading);

#endif
