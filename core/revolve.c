/* Revolve: the fewest steps that run again where a chain is reversed with a number of checkpoints. */
#include "schedule.h"

/* n over k, which stays below 2^21: chains are no longer than AM_MAX_CHAIN, and what reaches them is sought from below. */
static int64_t binomial(int64_t n, int64_t k)
{
    int64_t value = 1;
    if (k > n - k) k = n - k;
    for (int64_t i = 1; i <= k; i++) value = value * (n - k + i) / i;
    return value;
}

/* The longest chain that `slots` checkpoints reverse with each step advanced over at most `times` times. */
static int64_t reach(int64_t slots, int64_t times)
{
    return binomial(slots + times, slots);
}

int64_t am_revolve_repetitions(int64_t steps, int64_t slots)
{
    int64_t times = 0;
    while (reach(slots, times) < steps) times++;
    return times;
}

int64_t am_revolve_advances(int64_t steps, int64_t slots)
{
    if (slots > steps) slots = steps;
    int64_t times = am_revolve_repetitions(steps, slots);
    return times == 0 ? 0 : times * steps - reach(slots + 1, times - 1);
}

/* How far to advance from a stored state, with `slots` for the steps from it on. Any number is optimal that leaves both
 * parts within reach of as many repetitions as they have. */
static int64_t stride(int64_t steps, int64_t slots)
{
    int64_t times = am_revolve_repetitions(steps, slots);
    int64_t before = reach(slots, times - 1), behind = steps - reach(slots - 1, times - 1);
    return before < behind ? before : behind;
}

void am_revolve(am_schedule *schedule, int steps, int slots)
{
    uint16_t stored[AM_MAX_CHAIN];
    int depth = 0, end = steps;
    if (slots > steps) slots = steps;
    schedule->steps = steps;
    schedule->count = 0;
    am_schedule_add(schedule, AM_STORE, 0, 0);
    stored[depth++] = 0;
    while (depth > 0) {
        int first = stored[depth - 1], at = first;
        if (end - first > 1) {
            at += (int)stride(end - first, slots - depth + 1);
            am_schedule_add(schedule, AM_ADVANCE, first, at);
        }
        if (end - at > 1) {
            am_schedule_add(schedule, AM_STORE, at, at);
            stored[depth++] = (uint16_t)at;
            continue;
        }
        am_schedule_add(schedule, AM_TAKE, at, at + 1);
        am_schedule_add(schedule, AM_BACK, at, at + 1);
        end = at;
        if (at == first) depth--;
    }
}
