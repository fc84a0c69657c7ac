/* Rotor: the fastest schedule of a chain of unlike stages within a memory, by dynamic programming over its stretches. */
#include "schedule.h"

#include "bytes.h"

#include <string.h>

/* ---- memory in units ---- */

enum { SIZES = 6 };

static int64_t *size_of(am_rotor_stage *stage, int index)
{
    int64_t *const sizes[SIZES] = {&stage->output, &stage->saved,     &stage->gradient,
                                   &stage->taking, &stage->advancing, &stage->backward};
    return sizes[index];
}

/* The chain's own unit is the greatest common divisor of its sizes; if that makes too many amounts of memory, a larger one. */
static void choose_unit(am_rotor *rotor, int64_t budget, int most)
{
    rotor->unit = 0;
    for (int i = 0; i <= rotor->stages; i++)
        for (int j = 0; j < SIZES; j++) rotor->unit = am_common_divisor(*size_of(&rotor->stage[i], j), rotor->unit);
    if (rotor->unit == 0) rotor->unit = 1;
    rotor->exact = budget / rotor->unit < most;
    if (!rotor->exact) rotor->unit = budget / most + 1;
    rotor->slots = (int)(budget / rotor->unit);
    for (int i = 0; i <= rotor->stages; i++)
        for (int j = 0; j < SIZES; j++) {
            int64_t *size = size_of(&rotor->stage[i], j);
            *size = (*size + rotor->unit - 1) / rotor->unit;
        }
}

/* ---- rows of the table ---- */

static bool alike(const am_rotor *rotor, int i, int j)
{
    return memcmp(&rotor->stage[i], &rotor->stage[j], sizeof *rotor->stage) == 0;
}

/* The longest run of stages that repeat with a period of a few. Stretches in it that begin at the same place of the period
 * are equal, so that they share a row; the stage before counts too, whose gradient the backward of the first makes. */
static void find_period(am_rotor *rotor)
{
    const int longest = 8;
    rotor->period = rotor->stages;
    rotor->first = rotor->last = 0;
    for (int period = 1; period <= longest && period < rotor->stages; period++)
        for (int first = 1; first + period <= rotor->stages;) {
            int last = first + period - 1;
            while (last < rotor->stages && alike(rotor, last + 1, last + 1 - period)) last++;
            if (last - first - period > rotor->last - rotor->first - rotor->period && last - first >= 2 * period) {
                rotor->period = period;
                rotor->first = first;
                rotor->last = last;
            }
            first = last - period + 2;
        }
}

/* Where a stretch's row begins to be looked for: a stage that stands for `first`. */
static int stand_in(const am_rotor *rotor, int first, int last)
{
    int start = rotor->first + 1;
    if (first < start || last > rotor->last) return first;
    return start + (first - start) % rotor->period;
}

static bool has_own_rows(const am_rotor *rotor, int first)
{
    return stand_in(rotor, first, first) == first;
}

/* Rows of the stretches that begin with each stage. Returns how many there are. */
static uint32_t lay_rows(am_rotor *rotor)
{
    uint32_t rows = 0;
    for (int first = 1; first <= rotor->stages; first++) {
        int shortest = has_own_rows(rotor, first) ? first : rotor->last + 1;
        rotor->row[first] = rows - (uint32_t)shortest; /* plus the stretch's last stage; may wrap around below 0 */
        rows += (uint32_t)(rotor->stages + 1 - shortest);
    }
    return rows;
}

static int64_t *row_of(const am_rotor *rotor, int first, int last)
{
    int from = stand_in(rotor, first, last);
    uint32_t row = rotor->row[from] + (uint32_t)(last - first + from);
    return (int64_t *)&rotor->cell[(size_t)row * (size_t)(rotor->slots + 1)];
}

/* ---- the recurrence ---- */

/* What has to fit where stage `first` keeps what its backward needs; and where it only keeps its input. */
static int64_t taken_need(const am_rotor *rotor, int first, int last)
{
    const am_rotor_stage *stage = &rotor->stage[first];
    return am_larger(rotor->stage[last].gradient + stage->saved + stage->taking,
                  stage->gradient + stage[-1].gradient + stage->saved + stage->backward);
}

static int64_t passed_need(const am_rotor *rotor, int first, int last)
{
    const am_rotor_stage *stage = rotor->stage;
    int64_t most = stage[first].output + stage[first].advancing;
    for (int i = first + 1; i < last; i++) most = am_larger(most, stage[i - 1].output + stage[i].output + stage[i].advancing);
    return stage[last].gradient + most;
}

static int64_t sum(int64_t x, int64_t y)
{
    return x == AM_ROTOR_NEVER || y == AM_ROTOR_NEVER ? AM_ROTOR_NEVER : x + y;
}

static int64_t time_of(const am_rotor *rotor, int first, int last, int64_t memory)
{
    return row_of(rotor, first, last)[memory];
}

static int64_t taken_time(const am_rotor *rotor, int first, int last, int64_t memory)
{
    const am_rotor_stage *stage = &rotor->stage[first];
    int64_t own = stage->forward_time + stage->backward_time;
    if (memory < taken_need(rotor, first, last)) return AM_ROTOR_NEVER;
    return first == last ? own : sum(own, time_of(rotor, first + 1, last, memory - stage->saved));
}

/* With the input of stage `next` stored, for which there is room: the stages up to it are advanced over, then reversed last. */
static int64_t passed_time(const am_rotor *rotor, int first, int last, int next, int64_t memory)
{
    int64_t behind = time_of(rotor, next, last, memory - rotor->stage[next - 1].output);
    int64_t advance = rotor->time_before[next] - rotor->time_before[first];
    return sum(sum(behind, advance), time_of(rotor, first, next - 1, memory));
}

static void fill_row(am_rotor *rotor, int first, int last)
{
    int64_t *row = row_of(rotor, first, last), need = passed_need(rotor, first, last);
    for (int memory = 0; memory <= rotor->slots; memory++) row[memory] = taken_time(rotor, first, last, memory);
    for (int next = first + 1; next <= last; next++) {
        const int64_t *behind = row_of(rotor, next, last), *before = row_of(rotor, first, next - 1);
        int64_t stored = rotor->stage[next - 1].output, advance = rotor->time_before[next] - rotor->time_before[first];
        for (int64_t memory = am_larger(need, stored); memory <= rotor->slots; memory++) {
            int64_t time = sum(sum(behind[memory - stored], advance), before[memory]);
            if (time < row[memory]) row[memory] = time;
        }
    }
}

bool am_rotor_solve(am_rotor *rotor, int stages, const am_rotor_stage *stage, int64_t budget)
{
    if (stages < 1 || stages > AM_MAX_CHAIN) return false;
    rotor->stages = stages;
    memcpy(rotor->stage, stage, (size_t)(stages + 1) * sizeof *stage);
    find_period(rotor);
    uint32_t rows = lay_rows(rotor);
    if (AM_NEVER(rows == 0)) return false; /* a stage has a row */
    int most = (int)(AM_ROTOR_CELLS / rows);
    if (most < 2) return false;
    choose_unit(rotor, budget < 0 ? 0 : budget, (most < AM_ROTOR_SLOTS ? most : AM_ROTOR_SLOTS) - 1);
    rotor->time_before[1] = 0;
    for (int i = 1; i < stages; i++)
        rotor->time_before[i + 1] = rotor->time_before[i] + rotor->stage[i].forward_time;
    for (int length = 0; length < stages; length++)
        for (int first = 1; first + length <= stages; first++)
            if (stand_in(rotor, first, first + length) == first) fill_row(rotor, first, first + length);
    return true;
}

int64_t am_rotor_time(const am_rotor *rotor, int slots)
{
    return time_of(rotor, 1, rotor->stages, slots > rotor->slots ? rotor->slots : slots);
}

/* ---- the schedule ---- */

static void push(am_rotor *rotor, int *depth, int first, int last, int64_t memory, bool stored)
{
    rotor->work[*depth].first = (uint16_t)first;
    rotor->work[*depth].last = (uint16_t)last;
    rotor->work[*depth].stored = stored;
    rotor->work[(*depth)++].memory = (int32_t)memory;
}

/* The stage that is stored before in a schedule of this time; 0: the first stage is taken. */
static int next_stored(const am_rotor *rotor, int first, int last, int64_t memory)
{
    int64_t time = time_of(rotor, first, last, memory);
    if (taken_time(rotor, first, last, memory) == time) return 0;
    int next = first + 1;
    while (passed_time(rotor, first, last, next, memory) != time) next++;
    return next;
}

void am_rotor_schedule(am_rotor *rotor, int slots, am_schedule *schedule)
{
    int depth = 0;
    schedule->steps = rotor->stages;
    schedule->count = 0;
    if (slots > rotor->slots) slots = rotor->slots;
    if (am_rotor_time(rotor, slots) == AM_ROTOR_NEVER) return;
    push(rotor, &depth, 1, rotor->stages, slots, false);
    while (depth > 0) {
        int first = rotor->work[--depth].first, last = rotor->work[depth].last;
        int64_t memory = rotor->work[depth].memory;
        bool stored = rotor->work[depth].stored;
        if (memory < 0) {
            am_schedule_add(schedule, AM_BACK, first - 1, first);
            continue;
        }
        int next = next_stored(rotor, first, last, memory);
        if (next == 0) {
            am_schedule_add(schedule, AM_TAKE, first - 1, first);
            push(rotor, &depth, first, first, -1, false);
            if (last > first) push(rotor, &depth, first + 1, last, memory - rotor->stage[first].saved, false);
            continue;
        }
        if (!stored) am_schedule_add(schedule, AM_STORE, first - 1, first - 1);
        am_schedule_add(schedule, AM_ADVANCE, first - 1, next - 1);
        push(rotor, &depth, first, next - 1, memory, true);
        push(rotor, &depth, next, last, memory - rotor->stage[next - 1].output, false);
    }
}
