/* A model as a chain of layers: a schedule of it, played over the figures of its played layers. */
#include "reversal.h"

#include <string.h>

#include "bytes.h"
#include "plan.h"

/* ---- reading ---- */

/* Whether a node of this region has saved a tensor of this storage. */
static bool saves(const am_tape *tape, int region, uint16_t storage)
{
    for (int i = 1; i < tape->nodes; i++) {
        const am_node *node = &tape->node[i];
        if (tape->instruction[node->instruction].region != region) continue;
        for (int j = node->first_save; j < node->first_save + node->save_count; j++)
            if (tape->tensor[tape->save[j]].storage == storage) return true;
    }
    return false;
}

static void read_link(am_step_link *link, const am_tape *tape, const am_profile *plain, int unit, bool states)
{
    const am_region *region = &tape->region[unit + 1];
    uint16_t input = tape->tensor[tape->operand[region->first_input]].storage;
    int64_t left = plain->step.boundary[unit + 1] - plain->step.boundary[unit];
    link->input = states ? tape->storage[input].bytes : 0;
    link->output = states ? tape->storage[tape->tensor[region->output].storage].bytes : 0;
    link->keeps = saves(tape, unit + 1, input);
    uint16_t last = tape->storage[input].last;
    link->outlived = last == UINT16_MAX || tape->instruction[last].zone > unit + 1;
    link->tape = left - link->output + (link->keeps || link->outlived ? 0 : link->input);
}

am_code am_reversal_read(am_reversal *chain, const am_tape *tape, const am_pattern *pattern, const am_profile *plain,
                      const am_profile *checkpointed, int64_t layers, bool states)
{
    const am_run run[2] = {{checkpointed, layers, 1}, {plain, layers, 1}};
    chain->plain = plain;
    chain->checkpointed = checkpointed;
    chain->leader = NULL;
    chain->layers = (int)layers;
    am_code code = am_plan_compose(&chain->full, pattern, 1, &run[0]);
    if (code == AM_OK) code = am_plan_compose(&chain->none, pattern, 1, &run[1]);
    if (code) return code;
    for (int unit = 0; unit < plain->record.units; unit++) read_link(&chain->link[unit], tape, plain, unit, states);
    am_plan_stands(chain->as_plain, pattern, plain, layers);
    am_plan_stands(chain->again, pattern, checkpointed, layers);
    int64_t inputs = 0, tapes = 0;
    for (int i = 0; i < chain->layers; i++) {
        const am_step_link *link = &chain->link[chain->as_plain[i].unit];
        chain->inputs[i] = inputs += link->input;
        chain->tapes[i] = tapes += link->tape + (link->keeps ? link->input : 0);
    }
    return AM_OK;
}

static const am_step_link *link_of(const am_reversal *chain, int layer)
{
    return &chain->link[chain->as_plain[layer].unit];
}

int64_t am_reversal_state(const am_reversal *chain, int i)
{
    return link_of(chain, i)->input;
}

/* The forward of a layer above what is live when it begins, its input among that. */
static const am_peak *forward_of(const am_reversal *chain, int layer, bool taken, int64_t *rise)
{
    const am_profile *profile = taken ? chain->plain : chain->checkpointed;
    const am_stand_of *stand = taken ? &chain->as_plain[layer] : &chain->again[layer];
    const am_peak *peak = &profile->step.forward[stand->unit + 1];
    *rise = peak->bytes - am_forward_at(&profile->step, stand->unit) - profile->step.carried[stand->unit];
    return peak;
}

/* What a layer carries on into the next one's forward, or the head's. */
static int64_t carried_by(const am_reversal *chain, int layer, bool taken)
{
    const am_profile *profile = taken ? chain->plain : chain->checkpointed;
    const am_stand_of *stand = taken ? &chain->as_plain[layer] : &chain->again[layer];
    return profile->step.carried[stand->unit + 1];
}

/* Copies of weights that a cache alone holds when a layer has run. */
static int64_t cached_by(const am_reversal *chain, int layer, bool taken)
{
    const am_profile *profile = taken ? chain->plain : chain->checkpointed;
    return am_cached_in(&profile->step, (taken ? chain->as_plain[layer].unit : chain->again[layer].unit) + 1);
}

/* Live bytes of the forward beside the chain's states. */
static int64_t beside(const am_reversal *chain)
{
    return chain->checkpointed->step.boundary[0] - am_reversal_state(chain, 0);
}

/* Those of the backward of a layer when it begins, or when the layer begins to run again. Regions hold tables and masks that
 * no layer saves, until the first region is done: the one at layer `first`. */
static int64_t beside_regions(const am_reversal *chain, int layer)
{
    return chain->again[layer].backward - chain->inputs[layer];
}

static int64_t beside_backward(const am_reversal *chain, int layer, int first)
{
    if (layer >= first) return beside_regions(chain, layer);
    return chain->as_plain[layer].backward - chain->tapes[layer];
}

static int64_t beside_recompute(const am_reversal *chain, int layer)
{
    const am_step *step = &chain->checkpointed->step;
    int zone = chain->again[layer].unit + 1;
    return beside_regions(chain, layer) + step->recompute_start[zone] - step->backward_start[zone];
}

/* ---- a play ---- */

enum { NOT_TAKEN, TAKEN, TAKEN_AGAIN }; /* a layer: in the forward, in the backward */

typedef struct am_reversal_player {
    const am_reversal *chain;
    am_outcome *outcome;
    am_left *left;
    am_point *point;
    int points, capacity;
    bool brief;     /* one point for a stretch that is advanced over */
    int64_t held;   /* states and tapes */
    int64_t saved;  /* the same as the ledgers have it */
    int64_t carried; /* what the layer that ran last returned beside its result */
    int64_t cached;  /* copies of weights, until the forward has ended, or what runs again before a backward */
    int at_hand;    /* the state that is there without being held; -1: none */
    int pending;    /* layers that are not reversed yet */
    int first;      /* the first layer that is advanced over; all of them: none is */
    bool head;      /* it has run */
    uint8_t stored[AM_MAX_CHAIN + 1], taken[AM_MAX_CHAIN + 1];
} am_reversal_player;

static bool is_held(const am_reversal_player *player, int state)
{
    return player->stored[state] || (player->taken[state] && link_of(player->chain, state)->keeps);
}

static void note(int64_t *highest, am_place *at, int64_t bytes, const am_peak *peak, am_phase phase, int64_t layer)
{
    if (bytes <= *highest) return;
    *highest = bytes;
    *at = (am_place){phase, layer, peak->module, peak->op};
}

static void add_point(am_reversal_player *player, int64_t bytes, const am_peak *peak, am_phase phase, int64_t layer)
{
    if (player->points < player->capacity)
        player->point[player->points] = (am_point){phase, layer, peak->module, peak->op, bytes};
    player->points++;
}

/* gradients: those of parameters that exist. */
static void note_forward(am_reversal_player *player, int64_t bytes, const am_peak *peak, int64_t layer)
{
    am_outcome *outcome = player->outcome;
    note(&outcome->forward_peak, &outcome->forward_at, bytes, peak, AM_FORWARD, layer);
    add_point(player, bytes, peak, AM_FORWARD, layer);
}

static void note_backward(am_reversal_player *player, int way, int64_t bytes, const am_peak *peak, am_phase phase,
                          int64_t layer)
{
    am_outcome *outcome = player->outcome;
    if (!peak->seen) return;
    if (way) {
        note(&outcome->step_peak, &outcome->step_at, bytes, peak, phase, layer);
        return;
    }
    note(&outcome->backward_peak, &outcome->backward_at, bytes, peak, phase, layer);
    add_point(player, bytes, peak, phase, layer);
}

/* What is live before a layer runs, with the state at hand. */
static int64_t live_now(const am_reversal_player *player)
{
    int64_t at_hand = is_held(player, player->at_hand) ? 0 : am_reversal_state(player->chain, player->at_hand);
    if (player->head) return beside_recompute(player->chain, player->pending - 1) + player->held + at_hand;
    bool outlived = link_of(player->chain, 0)->outlived && player->at_hand != 0 && !is_held(player, 0);
    return beside(player->chain) + player->held + at_hand + (outlived ? am_reversal_state(player->chain, 0) : 0);
}

/* INT64_MAX, which stays so, where it would be beyond that. */
static void add_to(int64_t *sum, int64_t x)
{
    if (__builtin_add_overflow(*sum, x, sum)) *sum = INT64_MAX;
}

/* What runs again. */
static void count_again(am_outcome *outcome, int64_t flops, int64_t time, const am_work *work)
{
    am_work *sum = &outcome->work[AM_IN_RECOMPUTE];
    add_to(&outcome->recomputed_flops, flops);
    add_to(&outcome->recomputed_time, time);
    add_to(&sum->flops, work->flops);
    add_to(&sum->executed, work->executed);
    add_to(&sum->bound, work->bound);
}

/* A layer runs forward, in the forward pass or again; its input is at hand, or held. alone: by the model's own loop, which
 * holds what the layer returns beside its result; a script that runs several drops it. */
static void run_layer(am_reversal_player *player, int layer, bool taken, bool alone)
{
    const am_reversal *chain = player->chain;
    int64_t rise;
    const am_peak *peak = forward_of(chain, layer, taken, &rise);
    int64_t bytes = live_now(player) + rise + player->carried + player->cached;
    player->cached += cached_by(chain, layer, taken);
    player->carried = alone ? carried_by(chain, layer, taken) : 0;
    if (!player->head) {
        note_forward(player, bytes, peak, layer);
        return;
    }
    int zone = chain->again[layer].unit + 1;
    const am_step *step = &chain->checkpointed->step;
    count_again(player->outcome, step->zone_flops[zone], step->zone_time[zone], &step->zone_work[AM_IN_FORWARD][zone]);
    note_backward(player, 0, bytes, peak, AM_RECOMPUTE, layer);
    note_backward(player, 1, bytes + chain->again[player->pending - 1].gradients, peak, AM_RECOMPUTE, layer);
}

/* Of two points the higher, or the one that is the higher in all of the live bytes. */
static void keep_one(am_reversal_player *player, int first)
{
    am_point *point = &player->point[first];
    const am_point *leader = player->chain->leader;
    bool second = leader ? leader[first].layer == point[1].layer : point[1].live > point->live;
    if (second) *point = point[1];
    player->points--;
}

static void play_advance(am_reversal_player *player, const am_action *action)
{
    int first = player->points;
    if (player->at_hand != action->first) player->carried = 0;
    player->at_hand = action->first;
    for (int layer = action->first; layer < action->end; layer++) {
        run_layer(player, layer, false, action->end == action->first + 1);
        player->at_hand = layer + 1;
        if (player->brief && player->points == first + 2 && first + 1 < player->capacity) keep_one(player, first);
    }
}

/* What a layer that was taken holds from now on, or no longer. */
static void hold_tape(am_reversal_player *player, int layer, uint8_t taken)
{
    const am_step_link *link = link_of(player->chain, layer);
    int64_t bytes = link->tape + (link->keeps && !player->stored[layer] ? link->input : 0);
    player->taken[layer] = taken;
    player->held += taken ? bytes : -bytes;
}

static void play_take(am_reversal_player *player, int layer)
{
    if (player->at_hand != layer) player->carried = 0;
    player->at_hand = layer;
    run_layer(player, layer, true, true);
    hold_tape(player, layer, player->head ? TAKEN_AGAIN : TAKEN);
    player->at_hand = layer + 1;
}

static void let_go(am_reversal_player *player, int layer)
{
    if (player->stored[layer]) player->held -= am_reversal_state(player->chain, layer);
    player->stored[layer] = false;
    player->cached = 0;
    player->at_hand = -1;
    player->pending = layer;
}

/* The most of one phase of a layer's backward; `base` is added to what was played. as: the phase that it is then. */
static void note_phase(am_reversal_player *player, const am_profile *profile, int unit, am_phase phase, am_phase as,
                       int64_t base)
{
    const am_step *step = &profile->step;
    int layer = player->pending - 1, zone = unit + 1;
    for (int way = 0; way < 2; way++) {
        const am_peak *peak = &step->backward[way][phase][zone];
        int64_t gradients = way ? player->chain->again[layer].gradients - step->gradients_above[zone] : 0;
        int64_t bytes = base - step->backward_start[zone] + gradients + peak->bytes;
        note_backward(player, way, bytes, peak, as, layer);
    }
}

/* Taken and reversed at once in the backward: it runs again, with its input, until its last saved tensor. Then the input is
 * there if it is stored, or kept. */
static void play_region(am_reversal_player *player, int layer)
{
    const am_reversal *chain = player->chain;
    const am_step_link *link = link_of(chain, layer);
    int unit = chain->again[layer].unit;
    int64_t base = beside_backward(chain, layer, player->first) + player->held;
    int64_t input = player->stored[layer] ? 0 : link->input;
    note_phase(player, chain->checkpointed, unit, AM_BEFORE_RECOMPUTE, AM_BEFORE_RECOMPUTE, base);
    note_phase(player, chain->checkpointed, unit, AM_RECOMPUTE, AM_RECOMPUTE, base + input);
    note_phase(player, chain->checkpointed, unit, AM_BACKWARD, AM_BACKWARD, base + (link->keeps ? input : 0));
    const am_step *step = &chain->checkpointed->step;
    count_again(player->outcome, step->zone_recomputed[unit + 1], step->zone_recomputed_time[unit + 1],
                &step->zone_work[AM_IN_RECOMPUTE][unit + 1]);
    let_go(player, layer);
}

/* The backward of a layer whose tape is there. What was made again is let go of earlier in each node, as in a region; whose
 * own play had no tape before it ran again. */
static void play_back(am_reversal_player *player, int layer)
{
    const am_reversal *chain = player->chain;
    int64_t base = beside_backward(chain, layer, player->first) + player->held;
    if (player->taken[layer] == TAKEN_AGAIN) {
        int unit = chain->again[layer].unit;
        note_phase(player, chain->checkpointed, unit, AM_BEFORE_RECOMPUTE, AM_BACKWARD, base);
        note_phase(player, chain->checkpointed, unit, AM_BACKWARD, AM_BACKWARD, base - link_of(chain, layer)->tape);
    } else {
        note_phase(player, chain->plain, chain->as_plain[layer].unit, AM_BACKWARD, AM_BACKWARD, base);
    }
    hold_tape(player, layer, NOT_TAKEN);
    let_go(player, layer);
}

/* ---- the head ---- */

static int ledger_unit(const am_profile *profile, int unit)
{
    return unit == 0 ? 0 : profile->steady[profile->record.kind[unit]];
}

/* Bytes that the ledger has for a layer of this profile. */
static int64_t ledger_bytes(const am_profile *profile, int unit)
{
    return profile->unit_bytes[ledger_unit(profile, unit)];
}

/* Of these, tables that no other plain layer keeps, and that regions hold anyway. */
static int64_t held_anyway(const am_reversal *chain, int unit)
{
    const am_given *plain = &chain->plain->given, *regions = &chain->checkpointed->given;
    int shown = ledger_unit(chain->plain, unit);
    uint64_t others = 0, held = 0;
    for (int i = 0; i < AM_MAX_UNITS; i++) {
        if (i != shown && i < chain->plain->record.units) others |= plain->held[i];
        if (i < chain->checkpointed->record.units) held |= regions->held[i];
    }
    return am_given_bytes(plain, plain->held[shown] & held & ~others & ~regions->input);
}

/* What is left of the layers, and by how much that is less than where all are checkpointed. */
static void count_left(am_reversal_player *player)
{
    const am_reversal *chain = player->chain;
    player->saved = chain->full.saved_bytes;
    for (int i = 0; i < chain->layers; i++) {
        const am_step_link *link = link_of(chain, i);
        bool stored = player->stored[i];
        if (player->taken[i])
            player->saved += ledger_bytes(chain->plain, chain->as_plain[i].unit) - held_anyway(chain, chain->as_plain[i].unit) -
                             ledger_bytes(chain->checkpointed, chain->again[i].unit);
        else if (!stored)
            player->saved -= link->input;
        if (player->left) player->left[i] = player->taken[i] ? AM_LEFT_TAPE : stored ? AM_LEFT_INPUT : AM_LEFT_NOTHING;
    }
}

static void play_head(am_reversal_player *player)
{
    const am_reversal *chain = player->chain;
    const am_step *step = &chain->checkpointed->step;
    am_outcome *outcome = player->outcome;
    int zone = step->layers + 1;
    int64_t whole = chain->inputs[chain->layers - 1]; /* that full has beside the last layer's result */
    int64_t less = whole - player->held;
    count_left(player);
    bool regions = player->first < chain->layers;
    outcome->saved_bytes = regions ? player->saved : chain->none.saved_bytes;
    outcome->after_forward = regions ? chain->full.after_forward - less : chain->none.after_forward;
    int64_t above = outcome->after_forward - step->after_forward;
    outcome->backward_peak = step->after_drop + above;
    outcome->backward_at = (am_place){AM_BACKWARD, -1, {"", "", AM_C_LOSS}, AM_OP_NLL_LOSS};
    const int64_t cached = player->cached - am_cached_at(step, step->layers);
    note_forward(player, step->forward[zone].bytes + above + cached, &step->forward[zone], -1);
    for (int way = 0; way < 2; way++) {
        const am_peak *peak = &step->backward[way][AM_BACKWARD][zone];
        note_backward(player, way, peak->bytes + above, peak, AM_BACKWARD, -1);
    }
    player->head = true;
    player->at_hand = -1;
    player->carried = player->cached = 0;
}

static void play_embedding(am_reversal_player *player)
{
    const am_step *step = &player->chain->checkpointed->step;
    for (int way = 0; way < 2; way++) {
        const am_peak *peak = &step->backward[way][AM_BACKWARD][0];
        int64_t gradients = way ? player->chain->full.gradient_bytes - step->gradient_bytes : 0;
        note_backward(player, way, peak->bytes + gradients, peak, AM_BACKWARD, -1);
    }
}

/* ---- the whole ---- */

/* Behind an action that takes a layer there is always another. */
static void play_action(am_reversal_player *player, const am_action *action)
{
    int layers = player->chain->layers, first = action->first;
    switch (action->kind) {
    case AM_STORE:
        player->held += am_reversal_state(player->chain, first);
        player->stored[first] = true;
        break;
    case AM_ADVANCE: play_advance(player, action); break;
    case AM_TAKE:
        if (first == layers)
            play_head(player);
        else if (player->head && action[1].kind == AM_BACK)
            play_region(player, first);
        else
            play_take(player, first);
        break;
    default:
        if (first == layers || player->pending == first) break; /* the head's, or done as a region's */
        if (!player->head) play_head(player);
        play_back(player, first);
    }
}

static int first_region(const am_reversal *chain, const am_schedule *schedule)
{
    int first = chain->layers;
    for (int i = 0; i < schedule->count; i++)
        if (schedule->action[i].kind == AM_ADVANCE && schedule->action[i].first < first) first = schedule->action[i].first;
    return first;
}

/* So that there is room for the points. */
static bool is_long(const am_reversal *chain, const am_schedule *schedule, int capacity)
{
    int64_t runs = 4 * chain->layers;
    for (int i = 0; i < schedule->count; i++) runs += schedule->action[i].end - schedule->action[i].first;
    return runs > capacity;
}

int am_reversal_play(const am_reversal *chain, const am_schedule *schedule, am_outcome *outcome, am_left *left,
                  am_point *point, int capacity)
{
    am_reversal_player player = {.chain = chain, .outcome = outcome, .left = left, .point = point, .capacity = capacity};
    const am_step *step = &chain->checkpointed->step;
    player.brief = is_long(chain, schedule, capacity);
    player.pending = chain->layers;
    player.cached = am_cached_at(step, 0);
    player.first = first_region(chain, schedule);
    *outcome = chain->full;
    outcome->forward_peak = outcome->backward_peak = outcome->step_peak = 0;
    outcome->recomputed_flops = outcome->recomputed_time = 0;
    outcome->work[AM_IN_RECOMPUTE] = (am_work){0};
    note_forward(&player, step->forward[0].bytes, &step->forward[0], -1);
    for (int i = 0; i < schedule->count; i++) play_action(&player, &schedule->action[i]);
    play_embedding(&player);
    outcome->learned_peak = outcome->backward_peak; /* at most */
    if (outcome->forward_peak >= outcome->step_peak) {
        outcome->step_peak = outcome->forward_peak;
        outcome->step_at = outcome->forward_at;
    }
    return player.points;
}

/* ---- as stages of Rotor's ---- */

/* The most of a layer's backward above what is beside the chain in the forward and above its input: played as a region,
 * and with its tape there from the start. */
static int64_t backward_need(const am_reversal *chain, int layer)
{
    const am_step *region = &chain->checkpointed->step, *plain = &chain->plain->step;
    const am_step_link *link = link_of(chain, layer);
    int zone = chain->again[layer].unit + 1, plain_zone = chain->as_plain[layer].unit + 1;
    int64_t base = beside_regions(chain, layer) - beside(chain), most = 0;
    for (int phase = AM_BEFORE_RECOMPUTE; phase < AM_PHASE_COUNT; phase++) {
        const am_peak *peak = &region->backward[0][phase][zone];
        int64_t tape = phase == AM_BEFORE_RECOMPUTE ? link->tape : 0;
        if (peak->seen) most = am_larger(most, peak->bytes - region->backward_start[zone] + base + tape);
    }
    const am_peak *peak = &plain->backward[0][AM_BACKWARD][plain_zone];
    return am_larger(most, peak->bytes - plain->backward_start[plain_zone] + base + link->tape);
}

static void read_stage(const am_reversal *chain, am_rotor_stage *stage, int layer)
{
    const am_step_link *link = link_of(chain, layer);
    const int before = layer > 0 ? layer - 1 : 0;
    int64_t taking, advancing, carried = am_larger(carried_by(chain, before, true), carried_by(chain, before, false));
    forward_of(chain, layer, true, &taking);
    forward_of(chain, layer, false, &advancing);
    *stage = (am_rotor_stage){.output = link->output, .saved = link->tape + link->output};
    stage->forward_time = chain->checkpointed->step.zone_time[chain->again[layer].unit + 1];
    stage->taking = am_larger(0, taking + carried - stage->saved);
    stage->advancing = am_larger(0, advancing + carried - stage->output);
    stage->gradient = am_larger(0, am_larger(beside_regions(chain, layer), beside_recompute(chain, layer)) - beside(chain));
}

int64_t am_reversal_stages(const am_reversal *chain, am_rotor_stage *stage)
{
    const am_step *step = &chain->checkpointed->step;
    int head = chain->layers + 1;
    stage[0] = (am_rotor_stage){.output = am_reversal_state(chain, 0)};
    for (int i = 0; i < chain->layers; i++) read_stage(chain, &stage[i + 1], i);
    for (int i = 0; i < chain->layers; i++)
        stage[i + 1].backward = am_larger(0, backward_need(chain, i) - stage[i + 1].gradient - stage[i].gradient - stage[i + 1].saved);
    int64_t before = step->boundary[step->layers];
    stage[head] = (am_rotor_stage){.forward_time = step->zone_time[step->layers + 1]};
    stage[head].taking = am_larger(0, step->forward[step->layers + 1].bytes - am_cached_at(step, step->layers) - before);
    stage[head].backward = am_larger(0, step->backward[0][AM_BACKWARD][step->layers + 1].bytes - before - stage[head - 1].gradient);
    return step->boundary[0];
}
