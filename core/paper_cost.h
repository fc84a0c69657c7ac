/* FLOPs as Korthikanti et al. 2022 count them (arXiv 2205.05198, appendix A). */
#ifndef AM_PAPER_COST_H
#define AM_PAPER_COST_H

#include "actmem.h"

/* Of a step of `batch` sequences on all tensor-parallel ranks together: products alone, a backward twice a forward. */
typedef struct am_paper_flops {
    int64_t model;     /* equation 7: 72BLsh²(1 + s/6h + v/12hL) */
    int64_t selective; /* equation 8, hardware FLOPs with selective recomputation: 72BLsh²(1 + s/3h + v/12hL) */
    int64_t exact;     /* what selective recomputation adds: 4Bs²hL once, a third of what equation 8 adds */
    int64_t full;      /* every layer's forward once more */
} am_paper_flops;

/* False where the paper's layer (an MLP of four times the hidden size, as many key heads as query heads of hidden / heads)
 * is not this one, or a figure is above 2^63. */
bool am_paper_flops_of(am_paper_flops *flops, const am_config *config, int64_t batch);

#endif
