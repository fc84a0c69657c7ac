#include "layout.h"

int64_t am_layout_elements(int rank, const int64_t *shape)
{
    int64_t n = 1;
    for (int i = 0; i < rank; i++) {
        if (shape[i] > 0 && n > AM_MAX_BYTES / shape[i]) return AM_MAX_BYTES;
        n *= shape[i];
    }
    return n;
}

bool am_layout_same(int rank, const int64_t *x, const int64_t *y)
{
    for (int i = 0; i < rank; i++)
        if (x[i] != y[i]) return false;
    return true;
}

void am_layout_contiguous(int rank, const int64_t *shape, int64_t *stride)
{
    int64_t n = 1;
    for (int i = rank - 1; i >= 0; i--) {
        stride[i] = n;
        n *= shape[i];
    }
}

bool am_layout_dense(int rank, const int64_t *shape, const int64_t *stride)
{
    int order[AM_MAX_RANK], n = 0;
    for (int i = 0; i < rank; i++) {
        if (shape[i] == 1) continue;
        int j = n++;
        for (; j > 0 && stride[order[j - 1]] > stride[i]; j--) order[j] = order[j - 1];
        order[j] = i;
    }
    int64_t expected = 1;
    for (int i = 0; i < n; i++) {
        if (stride[order[i]] != expected) return false;
        expected *= shape[order[i]];
    }
    return true;
}

/* Walks both shapes from their last dimension: a run of source dimensions that lie behind each other in memory can be
 * cut anew. */
bool am_layout_view(am_layout from, int rank, const int64_t *shape, int64_t *stride)
{
    int to = rank - 1;
    int64_t base = from.rank > 0 ? from.stride[from.rank - 1] : 1, elements = 1, viewed = 1;
    for (int i = from.rank - 1; i >= 0; i--) {
        elements *= from.shape[i];
        bool run_ends = i == 0 || (from.shape[i - 1] != 1 && from.stride[i - 1] != elements * base);
        if (!run_ends) continue;
        for (; to >= 0 && (viewed < elements || shape[to] == 1); to--) {
            stride[to] = viewed * base;
            viewed *= shape[to];
        }
        if (viewed != elements) return false;
        if (i == 0) break;
        base = from.stride[i - 1];
        elements = viewed = 1;
    }
    for (; from.rank == 0 && to >= 0; to--) stride[to] = 1;
    return to < 0;
}

/* Stride of an operand along dimension i of the result: 0 where it is broadcast. */
static int64_t broadcast_stride(am_layout operand, int rank, const int64_t *shape, int i)
{
    int own = i - (rank - operand.rank);
    if (own < 0 || (operand.shape[own] == 1 && shape[i] != 1)) return 0;
    return operand.stride[own];
}

/* Should dimension x vary slower than y? Positive: yes; 0: no operand decides. */
static int compare_dimensions(int rank, const int64_t *shape, int operands, const am_layout *operand, int x, int y)
{
    for (int i = 0; i < operands; i++) {
        int64_t sx = broadcast_stride(operand[i], rank, shape, x), sy = broadcast_stride(operand[i], rank, shape, y);
        if (sx == 0 || sy == 0) continue;
        if (sx != sy) return sx > sy ? 1 : -1;
        if (shape[x] > shape[y]) return 1;
    }
    return 0;
}

static bool all_alike(int rank, const int64_t *shape, int operands, const am_layout *operand)
{
    for (int i = 0; i < operands; i++)
        if (operand[i].rank != rank || !am_layout_same(rank, operand[i].shape, shape) ||
            !am_layout_same(rank, operand[i].stride, operand[0].stride))
            return false;
    return true;
}

#ifdef AM_FIRST /* where what follows is enough */
#define decides(rank, shape, first) false
#else
/* Is a first operand of the full shape, each dimension of which varies slower than the next? Then it alone decides. */
static bool decides(int rank, const int64_t *shape, const am_layout *first)
{
    int64_t n = 1;
    if (first->rank != rank) return false;
    for (int i = rank - 1; i >= 0; i--) {
        if (first->shape[i] != shape[i] || first->stride[i] != n || (i > 0 && shape[i] == 1)) return false;
        n *= shape[i];
    }
    return true;
}
#endif

void am_layout_pointwise(int rank, const int64_t *shape, int operands, const am_layout *operand, int64_t *stride)
{
    bool alike = decides(rank, shape, operand) ||
                 (all_alike(rank, shape, operands, operand) && am_layout_dense(rank, shape, operand[0].stride));
    if (alike) {
        for (int i = 0; i < rank; i++) stride[i] = operand[0].stride[i];
        return;
    }
    int order[AM_MAX_RANK]; /* fastest dimension first */
    for (int i = 0; i < rank; i++) order[i] = rank - 1 - i;
    for (int i = 1; i < rank; i++)
        for (int high = i, low = i - 1; low >= 0; low--) {
            int slower = compare_dimensions(rank, shape, operands, operand, order[low], order[high]);
            if (slower < 0) break;
            if (slower == 0) continue; /* undecided: look further, keep the place */
            int swap = order[low];
            order[low] = order[high];
            order[high] = swap;
            high = low;
        }
    int64_t n = 1;
    for (int i = 0; i < rank; i++) {
        stride[order[i]] = n;
        n *= shape[order[i]];
    }
}
