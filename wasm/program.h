/* What the benchmark runs: a list of kernels on buffers, as autograd would run it, with everything kept or with a part computed
 * again in the backward. */
#ifndef AM_PROGRAM_H
#define AM_PROGRAM_H

#include "kernels.h"

typedef enum am_variant { AM_STORED, AM_RECOMPUTED, AM_VARIANTS } am_variant;
typedef enum am_part { AM_FORWARD, AM_RECOMPUTE, AM_BACKWARD } am_part;

typedef enum am_role {
    AM_DATA,   /* filled beforehand: inputs, weights, the gradient that comes from outside */
    AM_VALUE,  /* made by one step and there until the last that reads it */
    AM_RESULT, /* made by a step, kept and checked */
} am_role;

typedef struct am_slot {
    uint32_t bytes;
    am_role role;
    am_fill fill; /* of AM_DATA */
} am_slot;

#define AM_MOST_SLOTS    32
#define AM_MOST_STEPS    40
#define AM_MOST_OPERANDS 4

typedef struct am_pass {
    am_kernel kernel;
    am_part part;
    uint8_t slot[AM_MOST_OPERANDS]; /* the last is written */
    uint8_t slots;
} am_pass;

typedef struct am_program {
    am_slot slot[AM_MOST_SLOTS];
    am_pass pass[AM_MOST_STEPS];
    uint8_t slots, passes;
    bool recomputes; /* has two variants */
} am_program;

/* o = x, of so many bytes. */
void am_program_copy(am_program *program, uint32_t bytes);
/* Square matrices of n × n numbers. exact: of such numbers that every sum is exact in its precision; else of ones that cost a GPU as
 * much power as a model's. */
void am_program_matmul(am_program *program, uint32_t n, am_precision precision, uint8_t tile, bool exact);
/* Softmax of rows of AM_SOFTMAX_COLUMNS. */
void am_program_softmax(am_program *program, uint32_t rows);
/* Linear(width, width)-ReLU-Linear(width, width) on AM_TOY_ROWS rows that learn too, and the mean as the loss: what core/toy.c plays. Its
 * numbers are such that every sum is exact in f32. */
void am_program_toy(am_program *program, uint32_t width);
/* Of tiles as wide as a head (DIRECT, SHARED): Linear(width, 4 width)-GELU-Linear(4 width, width) on so many tokens, without biases. */
void am_program_mlp(am_program *program, uint32_t tokens, uint32_t width, uint8_t tile);
/* Self-attention with heads of AM_HEAD_WIDTH, eager, without a mask or biases. */
void am_program_attention(am_program *program, uint32_t tokens, uint32_t width, uint8_t tile);

enum { AM_SOFTMAX_COLUMNS = 1024, AM_TOY_ROWS = 8, AM_HEAD_WIDTH = 64 };
/* The slots of the toy's results. */
enum {
    AM_TOY_X,
    AM_TOY_W1,
    AM_TOY_B1,
    AM_TOY_W2,
    AM_TOY_B2,
    AM_TOY_DY,
    AM_TOY_LOSS,
    AM_TOY_DX,
    AM_TOY_DW1,
    AM_TOY_DB1,
    AM_TOY_DW2,
    AM_TOY_DB2
};

/* Whether a pass belongs to a variant. */
bool am_pass_runs(const am_pass *pass, am_variant variant);
/* Whether nothing reads what is in a slot any more once this pass of a variant has run. */
bool am_slot_ends(const am_program *program, am_variant variant, int pass, int slot);
/* FLOPs of the matrix products of a variant, two to a multiplication and addition, and bytes that its kernels read and write, each of
 * their buffers once. */
double am_program_flops(const am_program *program, am_variant variant);
double am_program_traffic(const am_program *program, am_variant variant);
/* Bytes of all buffers, if none were freed, and of the largest. */
double am_program_bytes(const am_program *program);
uint32_t am_program_largest(const am_program *program);

#endif
