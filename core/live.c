/* Live bytes of a play: who holds what, and how high it gets. */
#include "play.h"
#include "proven.h"

#include <string.h>

#ifdef AM_FIRST
#define set_ceilings(play) ((void)0)

void am_play_grow(am_play *play, int64_t bytes)
{
    play->live += bytes;
    if (play->trace) am_play_trace(play, bytes);
}
#else
/* Is each moment noted here, be it a peak or not? */
static bool notes_each(const am_play *play)
{
    bool head = play->zone == play->step->layers + 1;
    return (play->trace && play->trace->sample) || (head && (play->learns || play->phase == AM_FORWARD));
}

static void set_ceilings(am_play *play)
{
    play->each = notes_each(play);
    for (int way = 0; way < 2; way++) play->ceiling[way] = play->top[way]->seen && !play->each ? play->top[way]->bytes : INT64_MIN;
}
#endif

void am_play_go(am_play *play, am_phase phase, uint16_t zone)
{
    am_step *step = play->step;
    play->phase = phase;
    play->zone = zone;
    bool forward = phase == AM_FORWARD;
    play->top[0] = forward ? &step->forward[zone] : &step->backward[0][phase][zone];
    play->top[1] = forward ? play->top[0] : &step->backward[1][phase][zone];
    set_ceilings(play);
}

static void note_peak(const am_play *play, am_peak *peak, int64_t bytes)
{
    if (bytes <= peak->bytes && peak->seen) return;
    peak->bytes = bytes;
    peak->instruction = play->instruction;
    peak->seen = true;
}

static void name_peak(const am_play *play, am_peak *peak)
{
    const am_instruction *instruction = &play->tape->instruction[peak->instruction];
    peak->module = instruction->module;
    peak->op = (am_op)instruction->op;
}

/* Says of each zone's peak at which operation it stood. Returns the highest, or `highest`. */
static int64_t name_peaks(const am_play *play, am_peak *peak, int64_t highest)
{
    for (int zone = 0; zone <= play->step->layers + 1; zone++) {
        if (!peak[zone].seen) continue;
        name_peak(play, &peak[zone]);
        if (peak[zone].bytes > highest) highest = peak[zone].bytes;
    }
    return highest;
}

void am_play_end(const am_play *play)
{
    am_step *step = play->step;
    int64_t backward[2] = {step->after_drop, step->after_drop};
    for (int i = 0; i < 2; i++) name_peak(play, &step->head[i]);
    for (int way = 0; way < 2; way++)
        for (int phase = AM_BEFORE_RECOMPUTE; phase < AM_PHASE_COUNT; phase++)
            backward[way] = name_peaks(play, step->backward[way][phase], backward[way]);
    step->forward_peak = name_peaks(play, step->forward, 0);
    step->backward_peak = backward[0];
    step->step_peak = backward[1] > step->forward_peak ? backward[1] : step->forward_peak;
}

#ifdef AM_FIRST /* no play follows another */
#define NEXT_MOMENT(play)         ((void)0)
#define NOTE_MOMENT(sample, play) ((void)0)
#else
#define NOTE_MOMENT(sample, play) ((sample)->moment = (play)->moment)

static int32_t *moment_of_top(const am_play *play)
{
    am_moments *moments = play->trace->moments;
    return play->phase == AM_FORWARD ? &moments->forward[play->zone] : &moments->backward[play->phase][play->zone];
}

/* Before a peak is noted. */
static void next_moment(am_play *play)
{
    const am_peak *top = play->top[0];
    play->moment++;
    if (play->trace->moments && (play->live > top->bytes || !top->seen)) *moment_of_top(play) = play->moment;
}
#define NEXT_MOMENT(play) next_moment(play)
#endif

/* The trace keeps the highest number of live bytes of each operation, or of each run of a module. */
static void note_sample(am_play *play)
{
    am_trace *trace = play->trace;
    NEXT_MOMENT(play);
    const am_instruction *instruction = &play->tape->instruction[play->instruction];
    if (trace->samples > 0 && trace->samples <= trace->sample_capacity) {
        am_sample *last = &trace->sample[trace->samples - 1];
        bool same = last->phase == play->phase && last->zone == play->zone &&
                    am_module_same(last->module, instruction->module) &&
                    (trace->by_module || play->sampled == play->instruction);
        if (same) {
            if (play->live > last->live) {
                last->live = play->live;
                last->op = instruction->op;
                NOTE_MOMENT(last, play);
            }
            return;
        }
    }
    if (trace->samples < trace->sample_capacity) {
        am_sample *next = &trace->sample[trace->samples];
        *next = (am_sample){.live = play->live, .module = instruction->module, .zone = play->zone,
                            .phase = (uint8_t)play->phase, .op = instruction->op, .returned = play->returned};
        NOTE_MOMENT(next, play);
    }
    trace->samples++;
    play->sampled = play->instruction;
}

#ifndef AM_FIRST
/* What is live of one part where the play that is followed had its samples and peaks. */
static void follow(am_play *play)
{
    am_trace *trace = play->trace;
    const am_step *leader = trace->leader;
    const am_peak *peak = play->phase == AM_FORWARD ? &leader->forward[play->zone] : &leader->backward[0][play->phase][play->zone];
    am_sample *next = &trace->sample[trace->samples];
    play->moment++;
    if (trace->samples < trace->sample_capacity && next->moment == play->moment) {
        next->live = play->live;
        trace->samples++;
    }
    if (AM_NEVER(!peak->seen) /* the leader noted this moment too */ || *moment_of_top(play) != play->moment) return;
    *play->top[0] = *peak;
    play->top[0]->bytes = play->live;
}

static void note_learned(am_play *play)
{
    bool head = play->zone == play->step->layers + 1;
    if (play->learns && head && play->live > play->step->head_learned) play->step->head_learned = play->live;
}

void am_play_learn(am_play *play)
{
    play->learns = true;
    note_learned(play); /* the gradient is there until what takes it has */
    set_ceilings(play);
}
#endif

static inline void note_peaks(const am_play *play, int64_t extra)
{
    note_peak(play, play->top[0], play->live);
    note_peak(play, play->top[1], play->live + play->gradients + extra); /* in the forward there are none */
}

#ifndef AM_FIRST
void am_play_note_peaks(am_play *play, int64_t extra)
{
    note_peaks(play, extra);
    for (int way = 0; way < 2; way++) play->ceiling[way] = play->top[way]->bytes;
}
#endif

void am_play_note_news(am_play *play, int64_t extra)
{
#ifndef AM_FIRST
    note_learned(play);
#endif
    if (play->trace && play->trace->sample) {
#ifndef AM_FIRST
        if (play->only) {
            follow(play);
            return;
        }
#endif
        note_sample(play);
    }
    if (play->phase == AM_FORWARD && play->zone == play->step->layers + 1)
        note_peak(play, &play->step->head[play->returned], play->live);
    note_peaks(play, extra);
}

void am_play_trace(am_play *play, int64_t bytes)
{
    am_trace *trace = play->trace;
    if (!trace->allocation || bytes == 0) return;
    if (trace->allocations < trace->allocation_capacity)
        trace->allocation[trace->allocations] = (am_allocation){(uint8_t)play->phase, bytes, play->live};
    trace->allocations++;
}

void am_play_resize(am_play *play, uint16_t storage, int64_t bytes)
{
    play->live += bytes - play->player->bytes[storage];
    play->player->bytes[storage] = bytes;
}
