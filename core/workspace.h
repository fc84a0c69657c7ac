/* The working memory's layout: for its size only. */
#ifndef ACTMEM_WORKSPACE_H
#define ACTMEM_WORKSPACE_H

/* Storages while a step is played: those of the tape, then gradients, temporaries and recomputed copies. */
#define AM_MAX_SLOTS 12288
#define AM_MAX_GRADIENTS 8192

typedef struct am_gradient {
    int64_t stride[AM_MAX_RANK];
    am_var like;    /* its shape is this tensor's */
    uint16_t slot;  /* 0: none */
    uint8_t dtype;
    bool view;
} am_gradient;

struct am_player {
    int64_t bytes[AM_MAX_SLOTS];
    uint16_t refs[AM_MAX_SLOTS];
    uint16_t next_free[AM_MAX_SLOTS];
    uint16_t copy[AM_MAX_STORAGES];  /* the slot of a recomputed storage; 0: the storage itself */
    uint16_t held[AM_MAX_NODES * 3]; /* slots that nodes hold, as tape->save */
    bool holding[AM_MAX_NODES];
    am_gradient gradient[AM_MAX_GRADIENTS];
    am_gradient leaf[AM_MAX_NODES];
    uint16_t waiting[AM_MAX_NODES];  /* gradients that a leaf still waits for */
    bool reached[AM_MAX_NODES];
};

struct am_workspace {
    am_tape tape;
    am_extents extents;
    am_ledger ledger;
    am_step step;
    am_player player;
};

#endif
