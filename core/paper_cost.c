#include "paper_cost.h"
#include "proven.h"

/* Adds times · a · b · c · d; false above 2^63. */
static bool add(int64_t *sum, int64_t times, int64_t a, int64_t b, int64_t c, int64_t d)
{
    const int64_t factor[] = {a, b, c, d};
    for (int i = 0; i < 4; i++)
        if (__builtin_mul_overflow(times, factor[i], &times)) return false;
    return !__builtin_add_overflow(*sum, times, sum);
}

bool am_paper_flops_of(am_paper_flops *flops, const am_config *config, int64_t batch)
{
    int64_t h = config->hidden, s = config->seq, layers = config->layers, tokens, scores, layer = 0;
    bool own = config->ffn == 4 * h && config->kv_heads == config->heads && config->heads * config->head_dim == h;
    if (!own || __builtin_mul_overflow(batch, s, &tokens) || __builtin_mul_overflow(tokens, s, &scores)) return false;
    *flops = (am_paper_flops){0};
    if (!add(&layer, 24, tokens, h, h, layers) || !add(&layer, 4, scores, h, layers, 1)) return false;
    if (!add(&flops->model, 3, layer, 1, 1, 1) || !add(&flops->model, 6, tokens, h, config->vocab, 1)) return false;
    flops->selective = flops->exact = flops->full = flops->model;
    bool exact = add(&flops->exact, 4, scores, h, layers, 1);
    return add(&flops->selective, 12, scores, h, layers, 1) && AM_ALWAYS(exact) /* which is less */ && add(&flops->full, 1, layer, 1, 1, 1);
}
