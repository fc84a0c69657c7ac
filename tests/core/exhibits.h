/* What the core is held to, as one list: the fixtures, the operations that PyTorch played alone, and the paper's
 * totals. An exhibit's signature sums up all that is compared with its measurement. The suites of evaluate, ledger,
 * step, families, ops and paper show that the core as it is says what was measured; so a change of the core that
 * changes a signature contradicts a measurement. */
#ifndef EXHIBITS_H
#define EXHIBITS_H

#include "fixture.h"

typedef enum exhibit_kind {
    EXHIBIT_SEQUENCE,  /* each allocation of a step */
    EXHIBIT_SHAPE,     /* figures */
    EXHIBIT_CASE,      /* figures and rows */
    EXHIBIT_RANK,      /* the same, without step_peak */
    EXHIBIT_OPERATION, /* what PyTorch keeps and allocates when it plays a few operations alone */
    EXHIBIT_AUTOCAST,  /* the type of an operation's result */
    EXHIBIT_PAPER,     /* published totals */
} exhibit_kind;

typedef struct exhibit {
    char name[112];
    exhibit_kind kind;
    bool held[AM_OP_COUNT]; /* operations of its record */
    am_config config;
    int index; /* of an operation, alone or under autocast */
    uint64_t signature; /* by the core as it is */
} exhibit;

enum { MAX_EXHIBITS = 2048 };
extern exhibit exhibits[MAX_EXHIBITS];
extern int exhibit_count;

/* Reads the fixtures and takes every signature; a second call does nothing. */
void exhibits_load(void);
/* By the core as it is now. */
uint64_t exhibit_signature(const exhibit *from);

/* What an operation alone keeps and allocates, by the core as it is now; NULL behind the last. In test_ops.c. */
const char *operation_alone(int index);

/* The type of an operation's result under autocast, by the core as it is now; AM_DTYPE_COUNT behind the last. *op is
 * AM_OP_COUNT for an operation that the core does not have. In test_ops.c. */
int result_under_autocast(int index, am_op *op);

#endif
