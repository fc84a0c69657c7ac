/* What must hold whatever a fuzzer gives: of a status, of a configuration, of an evaluation. What does not hold ends the process
 * with a sentence. */
#ifndef INVARIANTS_H
#define INVARIANTS_H

#include "actmem.h"

/* Ends the process unless `holds`; the rest is a printf format. */
__attribute__((format(printf, 2, 3))) void must(bool holds, const char *format, ...);

/* A failure has a sentence that fits, a success says nothing. */
void expect_status(am_code code, const am_status *status);
/* What a parser set lies in its field's range, and its text gives it again. */
void expect_values(const am_config *config);
/* An error leaves the configuration as it was. */
void expect_unchanged(am_code code, const am_config *before, const am_config *after);
/* Evaluates and holds the answer to what must hold of any. */
void expect_evaluation(const am_config *config);

#endif
