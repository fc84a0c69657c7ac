/* What a plan of a chain comes to, by the chain's definition; and what none costs less than, by the price of a byte. */
#include "bytes.h"
#include "chain.h"

#include <float.h>

/* What one unit of a plan leaves for good. */
static int64_t outlived_by(const am_chain *chain, int count, const uint8_t *choice, int index, int layer)
{
    const am_link *link = am_chain_link(chain, layer, choice[index]);
    if (index + 1 == count) return link->outlived;
    return link->outlived + am_chain_link(chain, layer + chain->span[choice[index]], choice[index + 1])->passed;
}

am_frontier_point am_chain_play(const am_chain *chain, int count, const uint8_t *choice, int64_t *left)
{
    am_frontier_point point = {.index = -1};
    int64_t behind = 0, carried = 0, cached = 0;
    unsigned held = 0;
    for (int i = 0, layer = 0; i < count; layer += chain->span[choice[i]], i++)
        behind += outlived_by(chain, count, choice, i, layer);
    point.peak = chain->before + behind + am_chain_link(chain, 0, choice[0])->passed;
    *left = 0;
    for (int i = 0, layer = 0; i < count; layer += chain->span[choice[i]], i++) {
        const am_link *link = am_chain_link(chain, layer, choice[i]);
        held |= link->given;
        behind -= outlived_by(chain, count, choice, i, layer);
        point.peak = am_larger(point.peak, *left + cached + carried + link->forward);
        point.peak = am_larger(point.peak, *left + am_chain_given(chain, held) + link->backward + behind);
        *left += link->residue;
        cached += link->cached;
        carried = link->carried;
        point.cost += link->cost;
    }
    point.peak = am_larger(point.peak, *left + cached + am_chain_framed(chain, held, carried));
    *left += am_chain_given(chain, held);
    point.peak = am_larger(point.peak, *left + am_larger(cached + chain->after_forward, chain->after));
    return point;
}

/* ---- what none costs less than ---- */

static double smaller(double x, double y)
{
    return x < y ? x : y;
}

/* The least that a layer of each class costs by any choice, with what it leaves at this price, and has cached until the forward's end. Of a
 * region of several layers each has its share, and the others may be of any class. */
static void find_rates(const am_chain *chain, bool forward, double price, double rate[256])
{
    double shared = DBL_MAX;
    bool seen[256] = {false};
    for (int class = 0; class < 256; class++) rate[class] = DBL_MAX;
    for (int layer = 0; layer < chain->layers; layer++) {
        const int class = chain->class_of[layer];
        if (seen[class]) continue;
        seen[class] = true;
        for (int choice = 0; choice < chain->choices; choice++) {
            const am_link *link = am_chain_link(chain, layer, choice);
            if (link->cost < 0) continue;
            double *least = chain->span[choice] > 1 ? &shared : &rate[class];
            const int64_t left = forward ? link->residue + link->cached : link->residue;
            *least = smaller(*least, ((double)link->cost + price * (double)left) / chain->span[choice]);
        }
    }
    for (int class = 0; class < 256; class++) rate[class] = smaller(rate[class], shared);
}

/* What all layers cost at least where so many bytes may be left at the forward's end or behind it, each at this price. Its table stands in
 * no frame of its caller's. */
__attribute__((noinline)) static double bound_at(const am_chain *chain, bool forward, int64_t left, double price)
{
    double rate[256], least = 0;
    find_rates(chain, forward, price, rate);
    for (int layer = 0; layer < chain->layers; layer++) least += rate[chain->class_of[layer]];
    return (least - price * (double)left) * (1 - 1e-9); /* rounding makes it no higher */
}

/* The bound rises with the price up to the best one, and falls behind it. */
static double best_bound(const am_chain *chain, bool forward, int64_t left, double *price)
{
    double low = 0, high = 1;
    while (high < 1e15 && bound_at(chain, forward, left, 2 * high) > bound_at(chain, forward, left, high)) high *= 2;
    high *= 2;
    for (int i = 0; i < 50; i++) {
        const double third = (high - low) / 3;
        if (bound_at(chain, forward, left, low + third) < bound_at(chain, forward, left, high - third))
            low += third;
        else
            high -= third;
    }
    *price = low;
    return bound_at(chain, forward, left, low);
}

int64_t am_chain_bound(const am_chain *chain, int64_t peak, double *price)
{
    double other, bound = best_bound(chain, false, peak - chain->after, price);
    const double forward = best_bound(chain, true, peak - chain->after_forward, &other);
    if (forward > bound) {
        bound = forward;
        *price = other;
    }
    return bound > 0 ? (int64_t)bound : 0;
}
