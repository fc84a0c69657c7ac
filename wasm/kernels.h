/* The kernels of the benchmark, as WGSL text. Sizes are no part of it: compiled once, a kernel serves programs of every size. */
#ifndef AM_KERNELS_H
#define AM_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Of operands and sums. */
typedef enum am_precision { AM_F32, AM_F16_F32, AM_F16 } am_precision;

typedef enum am_kernel_kind {
    AM_K_FILL,             /* (o) of n words, which 4 divides */
    AM_K_COPY,             /* (x, o) of `n` words */
    AM_K_MATMUL,           /* (a, b[, bias], o) */
    AM_K_RELU,             /* (x, o): max(x, 0), of `n` elements as all below */
    AM_K_RELU_BACKWARD,    /* (g, y, o): g where y > 0 */
    AM_K_GELU,             /* (x, o): x/2 (1 + tanh(√(2/π) (x + 0.044715 x³))) */
    AM_K_GELU_BACKWARD,    /* (g, x, o) */
    AM_K_ADD,              /* (x, y, o) */
    AM_K_SOFTMAX,          /* (x, o): of each of n rows of k elements */
    AM_K_SOFTMAX_BACKWARD, /* (g, y, o): y (g − Σ g y) */
    AM_K_ROW_SUM,          /* (x, o): over n rows of k elements, what a bias gets as its gradient */
    AM_K_MEAN,             /* (x, o): of n elements, one number */
} am_kernel_kind;

/* How a matrix product is cut: a workgroup of across × down threads, each of which computes rows × columns elements. Along k it goes in
 * steps of depth, through memory that the workgroup shares; depth 0: every thread reads the operands for itself. */
typedef struct am_tile {
    uint32_t across, down, rows, columns, depth;
} am_tile;

/* The tiles race in their order. DIRECT is the first, being compiled soonest: WGSL clears shared memory, which some compilers unroll. LOW is
 * none of them: for 8 rows of an a that is not turned, it splits the sums among the threads of a workgroup. */
enum { AM_TILE_DIRECT, AM_TILE_SHARED, AM_TILES = 5, AM_TILE_LOW = AM_TILES };
extern const am_tile am_tiles[AM_TILES];

/* What the text of a matrix product depends on. A turned a is stored k × m, a turned b n × k; not both. A bias is the
 * low tile's alone. */
typedef struct am_layout {
    uint8_t tile;
    bool a_turned, b_turned;
    bool bias; /* n elements, added to every row */
} am_layout;

/* What a kernel is told when it runs, in this order: its struct Sizes. A matrix product is of m × k by k × n elements, scaled. A matrix's
 * neighbouring rows, as it is stored, are `pitch` elements apart; `batch` such products lie `apart` elements from each other. */
typedef struct am_sizes {
    uint32_t n, k, m, batch;
    float scale;
    uint32_t a_pitch, a_apart, b_pitch, b_apart, o_pitch, o_apart, none;
} am_sizes;

/* What AM_K_FILL writes, word i being made of a hash of seed and i. f32: (a number from −range to range) · scale. */
typedef struct am_fill {
    uint32_t seed;
    enum { AM_FILL_F32, AM_FILL_F16, AM_FILL_WORDS } form; /* f16: two to a word; words: the hash itself */
    uint32_t range;                                        /* 0: every element is scale */
    float scale;
} am_fill;

typedef struct am_kernel {
    am_kernel_kind kind;
    am_precision precision;
    am_layout layout;
    am_sizes sizes;
    am_fill fill; /* of AM_K_FILL */
} am_kernel;

#define AM_MOST_WGSL (64 << 10)
#define AM_MOST_TOLD 12

/* The text; its first line says what the kernel is, for people and for the fake GPU. Returns its length, 0 if it does not fit. */
size_t am_kernel_text(const am_kernel *kernel, char *text, size_t size);
/* The words of a uniform buffer that is its last binding; their number, 0 if its buffers' lengths say all. */
uint32_t am_kernel_told(const am_kernel *kernel, uint32_t words[AM_MOST_TOLD]);
/* The workgroups that do all of it. */
void am_kernel_grid(const am_kernel *kernel, uint32_t grid[3]);
/* Bytes that a workgroup shares, and its threads. */
uint32_t am_kernel_shared(const am_kernel *kernel);
uint32_t am_kernel_threads(const am_kernel *kernel);
/* Whether a tile divides a square product of n. */
bool am_tile_fits(uint32_t tile, uint32_t n);

/* Element i of a buffer that AM_K_FILL has filled with numbers, and word i of one with words. */
float am_fill_number(const am_fill *fill, uint32_t i);
uint32_t am_fill_word(const am_fill *fill, uint32_t i);

#endif
