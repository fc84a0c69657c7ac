/* What torch.compile's activation_memory_budget keeps of a layer. Private to the core. */
#ifndef ACTMEM_MEMORY_BUDGET_H
#define ACTMEM_MEMORY_BUDGET_H

#define AM_MAX_ITEMS  192   /* of a region */
#define AM_SACK_PARTS 10000 /* what weights are quantised to: as PyTorch's */

/* Results that may be kept, and PyTorch's search for those worth most that are no heavier than a budget. */
typedef struct am_knapsack {
    int items;
    uint16_t instruction[AM_MAX_ITEMS];
    int64_t bytes[AM_MAX_ITEMS];
    int weight[AM_MAX_ITEMS]; /* in parts */
    float value[AM_MAX_ITEMS];
    bool taken[AM_MAX_ITEMS];
    float best[AM_SACK_PARTS + 1];                         /* by weight */
    uint64_t better[AM_MAX_ITEMS][AM_SACK_PARTS / 64 + 1]; /* a bit for each weight: is it with this item? */
    bool needed[AM_MAX_STORAGES];                          /* by the backward of the region that is looked at */
} am_knapsack;

/* Says which items are taken for at most so many parts, 0 to AM_SACK_PARTS: dp_knapsack of
 * torch/_functorch/_activation_checkpointing/knapsack.py, its sums in fp32 among it. */
void am_knapsack_solve(am_knapsack *sack, int most);
/* Chooses what regions that keep AM_KEEP_CHOSEN keep for a budget in millionths; a region that would keep no less than a
 * plain layer becomes one. */
void am_memory_budget_keep(am_tape *tape, am_knapsack *sack, int64_t millionths);

#endif
