/* Published formulas for a configuration. */
#ifndef AM_FORMULAS_H
#define AM_FORMULAS_H

#include "expression.h"

/* What a formula gives, in its unit, and for one layer; den 0 where it has no answer. */
typedef struct am_formula_answer {
    am_amount all, layer;
} am_formula_answer;

/* config must be resolved. */
am_formula_answer am_formula_evaluate(const am_formula *formula, const am_config *config);

#endif
