/* What the builders of whole models share: the layers in checkpointed regions or not, the token embedding. */
#include "repeat.h"

/* ---- layers, in checkpointed regions or not ---- */

static void take_kind(am_build *build, int kind)
{
    build->kind = kind;
    if (!build->by_kind) return;
    build->mask = build->own[kind].mask;
    build->cos = build->own[kind].cos;
    build->sin = build->own[kind].sin;
}

/* What a region's closure keeps for its layers, beside what all keep: for each kind that is among them. */
static int hold_kinds(const am_build *build, int layers, am_var hold[6])
{
    int count = 0, first = build->tape->zone;
    bool among[2] = {false};
    for (int i = first; i < first + layers && i < AM_MAX_UNITS; i++) among[build->record.kind[i]] = true;
    for (int kind = 0; kind < 2 && build->by_kind; kind++) {
        if (!among[kind]) continue;
        hold[count++] = build->own[kind].mask;
        hold[count++] = build->own[kind].cos;
        hold[count++] = build->own[kind].sin;
    }
    return count;
}

/* One layer, as its builder writes it: copied where that would write the same as it did last, or for the record before. core.wasm
 * always builds. */
static am_var one_layer(am_build *build, am_layer_builder *layer, am_var x, am_repeat *last)
{
#ifdef AM_FIRST
    (void)last;
    return layer(build, x);
#else
    if (am_repeats(last, build, x)) return am_repeat_layer(last, build->tape, x);
    const am_repeat *aside = am_aside_find(build, x);
    am_repeat_begin(last, build, x);
    if (aside) {
        am_var copy = am_repeat_layer(aside, build->tape, x);
        am_repeat_end(last, build, copy);
        return copy;
    }
    if (build->tape->ranks > 1) am_shard_begin(build->tape);
    am_var y = layer(build, x);
    if (build->tape->ranks > 1) am_shard_end(build->tape);
    am_repeat_end(last, build, y);
    am_aside_note(last, build);
    return y;
#endif
}

/* One layer after another; inside a region the loop over its layers holds each hidden state until the next layer
 * returns. */
static am_var layer_run(am_build *build, am_layer_builder *layer, int layers, am_var x, am_repeat *last)
{
    for (int i = 0; i < layers; i++) {
        int played = build->tape->zone++;
        take_kind(build, played < AM_MAX_UNITS ? build->record.kind[played] : 0); /* more do not fit anyway */
        am_var y = one_layer(build, layer, x, last);
        am_hold(build->tape, x);
        x = y;
    }
    if (build->record.inner > 1) build->returned = 0; /* a script that wraps layers by hand drops it */
    return x;
}

am_var am_layers(am_build *build, am_layer_builder *layer, am_var x, int held, const am_var *hold)
{
    am_tape *tape = build->tape;
    const am_record *record = &build->record;
    am_repeat last = {0};
#ifndef AM_FIRST
    am_aside_begin(build);
#endif
    for (int i = 0; i < record->units; i++) {
        const int layers = am_unit_zone(record, i + 1) - am_unit_zone(record, i);
        am_var y, returned = build->returned;
        if (record->regions) {
            am_var all[16];
            int own = hold_kinds(build, layers, all);
            for (int j = 0; j < held; j++) all[own + j] = hold[j];
            tape->zone++; /* the region's bounds belong to its first and last layer */
            am_region_begin(tape, x, own + held, all);
            if (held > 0 && hold[0] && am_wiring_of(build->config)->mask_argument)
                tape->region[tape->open_region].arguments = 2;
            if (build->config->distribute_saved) am_region_distribute(tape, AM_TP);
#ifndef AM_FIRST
            tape->region[tape->open_region].outlives = record->mixed && i == 0;
#endif
            tape->zone--;
            y = layer_run(build, layer, layers, x, &last);
            tape->region[tape->open_region].beside = build->returned;
            am_region_end(tape, y);
        } else {
            y = layer_run(build, layer, layers, x, &last);
        }
        am_hold(tape, x, returned);
        x = y;
    }
    return x;
}

/* ---- before the layers ---- */

am_var am_hf_token_embedding(am_build *build, const char *path)
{
    am_tape *tape = build->tape;
    am_enter(tape, path, AM_C_EMBEDDING);
    am_var ids = am_buffer(tape, AM_SHAPE(build->b, build->s), AM_I64, "token ids");
    build->embedding = am_weight(build, AM_SHAPE(build->v, build->w), "embedding table");
    return am_label(tape, am_embedding(tape, build->embedding, ids), "hidden state");
}

bool am_input_requires_grad(const am_build *build)
{
    return build->config->trainable == AM_TRAIN_NONE ||
           (build->config->trainable == AM_TRAIN_LORA && build->record.hooked);
}

am_var am_hf_begin(am_build *build, const char *table, const char *model)
{
    am_var tokens = am_hf_token_embedding(build, table);
    if (am_input_requires_grad(build)) am_require_grad(build->tape, tokens);
    am_enter(build->tape, model, AM_C_EMBEDDING);
    am_hf_positions(build);
    build->mask = am_hf_causal_mask(build);
    return tokens;
}
