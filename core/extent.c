/* Dimensions as products of symbols, each kept once; and the exact arithmetic of such products. */
#include "bytes.h"

#include <string.h>

const am_symbol_info am_symbols[AM_SYMBOL_COUNT] = {
    [AM_S] = {"s", "seq", "sequence length"},
    [AM_B] = {"b", "batch", "micro-batch"},
    [AM_A] = {"a", "heads", "attention heads"},
    [AM_QKV] = {"(a+2k)", "heads", "heads of query, key and value together"},
    [AM_K] = {"k", "kv_heads", "KV heads"},
    [AM_H] = {"h", "hidden", "hidden size"},
    [AM_D] = {"d", "head_dim", "head dimension"},
    [AM_F] = {"f", "ffn", "FFN width"},
    [AM_V] = {"v", "vocab", "vocabulary"},
    [AM_R] = {"r", "lora_rank", "LoRA rank"},
    [AM_P] = {"p", "max_positions", "learned positions"},
    [AM_W] = {"w", "embedding_dim", "embedding width"},
    [AM_RD] = {"ρ", "rotary_dim", "rotated elements of a head"},
    [AM_REST] = {"(d-ρ)", "rotary_dim", "elements of a head that are not rotated"},
    [AM_S1] = {"(s+1)", "seq", "sequence length plus one"},
    [AM_S32] = {"⌈s/32⌉·32", "seq", "sequence length padded to 32 rows"},
    [AM_D8] = {"⌈d/8⌉·8", "head_dim", "head dimension padded to a multiple of 8"},
    [AM_S_LESS] = {"(s-1)", "seq", "tokens that have a next one"},
    [AM_S8] = {"⌈s/8⌉", "seq", "tokens of a chunk of the sequence"},
    [AM_S_REST] = {"(s mod ⌈s/8⌉)", "seq", "tokens of the last chunk of the sequence"},
    [AM_E] = {"E", "experts", "experts"},
    [AM_T] = {"e", "experts_per_token", "experts per token"},
    [AM_M] = {"m", "moe_ffn", "expert width"},
    [AM_SF] = {"n", "shared_ffn", "shared expert width"},
    [AM_G] = {"g", "expert_groups", "expert groups"},
    [AM_TG] = {"j", "groups_per_token", "groups per token"},
    [AM_Q] = {"q", "q_rank", "query latent"},
    [AM_C] = {"c", "kv_rank", "KV latent"},
    [AM_U] = {"u", "v_head_dim", "value dimension"},
    [AM_CR] = {"(c+ρ)", "kv_rank", "KV latent and shared key"},
    [AM_RU] = {"(d-ρ+u)", "v_head_dim", "a head's own key and its value"},
    [AM_DU] = {"(d+u)", "v_head_dim", "a head's key and value"},
    [AM_TP] = {"t", "tp", "tensor-parallel size"},
    [AM_CP] = {"cp", "cp", "context-parallel size"},
    [AM_EP] = {"ep", "ep", "expert-parallel size"},
    [AM_ROWS] = {"τ", "expert_imbalance", "tokens, each for one expert, that this rank's experts get"},
    [AM_ETP] = {"etp", "etp", "tensor-parallel size of the experts"},
};

/* Makes num / den the coefficient of a term, in lowest terms. */
static void set_coefficient(am_term *term, int64_t num, int64_t den)
{
    int64_t divisor = den > 1 ? am_common_divisor(num, den) : 1;
    term->num = divisor > 1 ? num / divisor : num;
    term->den = divisor > 1 ? den / divisor : den;
}

/* Multiplies *num by a factor, cancelling what *den has in common with it. False if the product is too large. */
static bool multiply(int64_t *num, int64_t *den, int64_t factor)
{
    if (*den > 1) {
        int64_t divisor = am_common_divisor(factor, *den);
        if (divisor > 1) {
            factor /= divisor;
            *den /= divisor;
        }
    }
    *num = am_mul_checked(*num, factor);
    return *num >= 0;
}

/* The product of the denominator and of every symbol that divides; -1 if it is too large or 0. */
static int64_t divisor_value(const am_term *term, const int64_t value[AM_SYMBOL_COUNT])
{
    int64_t den = term->den > 0 ? term->den : -1;
    for (int i = 0; i < AM_SYMBOL_COUNT && den > 0; i++)
        for (int power = term->power[i]; power < 0 && den > 0; power++) den = am_mul_checked(den, value[i]);
    return den > 0 ? den : -1;
}

int64_t am_term_value(const am_term *term, const int64_t value[AM_SYMBOL_COUNT])
{
    int64_t num = 1;
    int64_t den = divisor_value(term, value);
    if (den < 0 || term->num < 0 || !multiply(&num, &den, term->num)) return -1;
    for (int i = 0; i < AM_SYMBOL_COUNT; i++)
        for (int power = term->power[i]; power > 0; power--)
            if (!multiply(&num, &den, value[i])) return -1;
    return den == 1 ? num : -1;
}

am_term am_term_product(const am_term *x, const am_term *y)
{
    am_term product;
    int64_t den = am_mul_checked(x->den, y->den);
    int64_t num = am_mul_checked(x->num, y->num);
    bool answered = den > 0 && num >= 0;
    set_coefficient(&product, answered ? num : 0, answered ? den : 0); /* den 0: a term without a value */
    for (int i = 0; i < AM_POWERS; i += 8) {
        uint64_t sums = am_powers_sum(am_powers_at(x->power, i), am_powers_at(y->power, i));
        memcpy(product.power + i, &sums, sizeof sums);
    }
    return product;
}

void am_extents_init(am_extents *extents, const int64_t value[AM_SYMBOL_COUNT])
{
    memcpy(extents->value, value, sizeof extents->value);
    extents->of[0] = (am_extent){1, {1, 1, {0}}};
    extents->count = 1;
    extents->full = false;
#ifndef AM_FIRST
    extents->even_to = INT64_MAX;
    extents->recorded = false;
#endif
}

/* The index of the extent of length n that reads as term; a new one if there is none. A length that is too large is
 * kept as one above AM_MAX_BYTES, so that every figure made of it is too large as well and nothing overflows unseen. */
static am_dim intern(am_extents *extents, int64_t n, const am_term *term)
{
    if (n < 0) n = AM_MAX_BYTES + 1;
    for (int i = 0; i < extents->count; i++)
        if (extents->of[i].n == n && am_terms_equal(&extents->of[i].term, term)) return (am_dim)i;
    if (extents->count == AM_MAX_EXTENTS) {
        extents->full = true;
        return 0;
    }
    extents->of[extents->count] = (am_extent){n, *term};
    return (am_dim)extents->count++;
}

am_dim am_dim_of(am_extents *extents, int64_t num, int64_t den, const am_symbol *symbols)
{
    am_term term = {0};
    set_coefficient(&term, num, den);
    int64_t n = 1;
    int64_t rest = term.den;
    bool small = multiply(&n, &rest, term.num);
    for (; *symbols != AM_SYMBOL_COUNT; symbols++) {
        term.power[*symbols]++;
        small = small && multiply(&n, &rest, extents->value[*symbols]);
    }
    return intern(extents, small && rest == 1 ? n : -1, &term);
}

am_dim am_dim_product(am_extents *extents, am_dim x, am_dim y)
{
    if (x == 0) return y;
    if (y == 0) return x;
    am_term term = am_term_product(&extents->of[x].term, &extents->of[y].term);
    return intern(extents, am_mul_checked(extents->of[x].n, extents->of[y].n), &term);
}

am_dim am_dim_quotient(am_extents *extents, am_dim x, am_symbol divisor)
{
    am_term term = extents->of[x].term;
    term.power[divisor]--;
    int64_t n = extents->of[x].n, by = extents->value[divisor];
    return intern(extents, n <= AM_MAX_BYTES && n % by == 0 ? n / by : -1, &term);
}
