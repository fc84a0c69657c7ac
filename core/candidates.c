/* What each layer may do: every subset of its dear operations is kept, and the rest of it run again; or nothing is, or all of it, or several
 * layers together. Each candidate is played once, and noted for each class of layers. */
#include <string.h>

#include "evaluate.h"
#include "lines.h"
#include "proven.h"
#include "tape.h"
#include "wiring.h"

#define NAMED 0xffffu

/* ---- dear operations ---- */

static bool computes(const am_instruction *instruction)
{
    return instruction->kind == AM_I_OP && instruction->region && instruction->time > 0 &&
           instruction->made < instruction->made_end;
}

/* Do PyTorch's checkpoints see both as one? x has a name there. They keep all operations of a name, or none. */
static bool of_one_name(am_op x, am_op y)
{
    const char *other = am_aten_name(y);
    return x == y || (other && strcmp(am_aten_name(x), other) == 0);
}

/* A before B: products first, then what takes longer. */
static bool dearer(const am_dear *a, const am_dear *b)
{
    if (a->product != b->product) return a->product;
    return a->time > b->time;
}

/* All that a layer computes, the dearest first. A product of several regions is as dear as in the first of them; operations
 * of a kind are as dear as all of them. */
#define MOST_FOUND 64
typedef struct found {
    int count;
    am_dear dear[MOST_FOUND];
    uint16_t region[MOST_FOUND];
} found;

static void find_one(found *list, const am_instruction *instruction)
{
    bool product = am_op_is_product((am_op)instruction->op);
    int place = product ? instruction->match : 0;
    for (int i = 0; i < list->count; i++) {
        am_dear *dear = &list->dear[i];
        if (product ? dear->place != place : dear->place || !of_one_name(dear->op, (am_op)instruction->op)) continue;
        if (!product && list->region[i] == instruction->region) dear->time += instruction->time;
        return;
    }
    if (AM_NEVER(list->count == MOST_FOUND || place > 64)) return; /* no layer has so many */
    list->region[list->count] = instruction->region;
    list->dear[list->count++] = (am_dear){(am_op)instruction->op, place, instruction->module, instruction->time,
                                          product || instruction->flops > 0};
}

/* Does this kind of operation make a region's output? The next region holds that too: layers would no longer add up. */
static bool makes_output(const am_tape *tape, am_op op)
{
    for (int i = 1; i < tape->regions; i++) {
        uint16_t born = tape->storage[tape->tensor[tape->region[i].output].storage].born;
        if (of_one_name(op, (am_op)tape->instruction[born].op)) return true;
    }
    return false;
}

static void find_dear(am_choices *choices, const am_tape *tape)
{
    found list = {0};
    for (int i = 0; i < tape->instructions; i++) {
        const am_instruction *instruction = &tape->instruction[i];
        bool product = am_op_is_product((am_op)instruction->op);
        if (!computes(instruction) || !am_aten_name((am_op)instruction->op)) continue;
        if (!product && makes_output(tape, (am_op)instruction->op)) continue;
        find_one(&list, instruction);
    }
    choices->dears = 0;
    while (choices->dears < AM_MAX_DEAR && list.count > 0) {
        int first = 0;
        for (int i = 1; i < list.count; i++)
            if (dearer(&list.dear[i], &list.dear[first])) first = i;
        choices->dear[choices->dears++] = list.dear[first];
        list.count--;
        memmove(&list.dear[first], &list.dear[first + 1], (size_t)(list.count - first) * sizeof *list.dear);
    }
}

static am_kept kept_of(const am_choices *choices, unsigned set)
{
    am_kept kept = {{0}, 0};
    for (int i = 0; i < choices->dears; i++) {
        const am_dear *dear = &choices->dear[i];
        if (!(set >> i & 1)) continue;
        if (dear->place) kept.products |= (uint64_t)1 << (dear->place - 1);
        for (int op = 0; op < AM_OP_COUNT && !dear->place; op++)
            if (of_one_name(dear->op, (am_op)op)) am_ops_add(kept.ops, op);
    }
    return kept;
}

/* ---- classes of layers ---- */

/* Layers that differ in what stands before or behind them are of classes of their own: the first, those that a segment
 * may begin at before the kind of layers changes, the first period of a cycle, and where the last layer is like no other those
 * that a segment of it may begin at. */
enum { LASTS = 2 + AM_MAX_SPAN + 2 * AM_MAX_PERIOD, CLASS_NUMBERS = LASTS + AM_MAX_SPAN };

static int class_number(const am_evaluation *evaluation, int64_t layer)
{
    const am_pattern *pattern = &evaluation->pattern;
    int64_t prefix = pattern->prefix, left = evaluation->config->layers - layer;
    bool own = evaluation->workspace->profile[AM_PROFILE_PLAIN].record.last;
    if (layer == 0) return 0;
    if (own && left <= AM_MAX_SPAN) return LASTS + (int)left - 1;
    if (layer < prefix) return prefix - layer > AM_MAX_SPAN ? 1 : 2 + (int)(AM_MAX_SPAN - (prefix - layer));
    int phase = (int)((layer - prefix) % pattern->period);
    return 2 + AM_MAX_SPAN + phase + (layer < prefix + pattern->period ? 0 : AM_MAX_PERIOD);
}

static void sort_layers(am_evaluation *evaluation)
{
    am_choices *choices = &evaluation->workspace->choices;
    int index[CLASS_NUMBERS] = {0};
    choices->classes = 0;
    for (int64_t layer = 0; layer < evaluation->config->layers; layer++) {
        int *known = &index[class_number(evaluation, layer)];
        if (!*known) {
            choices->layer_of[choices->classes] = layer;
            choices->layers_of[choices->classes] = 0;
            *known = ++choices->classes;
        }
        choices->class_of[layer] = (uint8_t)(*known - 1);
        choices->layers_of[*known - 1]++;
    }
}

/* ---- candidates ---- */

/* Notes what a candidate means for each class of layers, as a played profile shows it. */
static void note(am_evaluation *evaluation, am_choice candidate, const am_profile *profile)
{
    am_choices *choices = &evaluation->workspace->choices;
    if (evaluation->code || AM_NEVER(choices->candidates == AM_MAX_CANDIDATES)) return; /* it has room for every set of the dear, and the rest */
    am_plan_unit *unit = choices->unit[choices->candidates];
    for (int i = 0; i < choices->classes; i++) {
        unit[i].recomputed_time = -1; /* there is no such choice here */
        if (choices->layer_of[i] + candidate.span <= evaluation->config->layers)
            am_plan_link(&unit[i], &evaluation->pattern, profile, evaluation->config->layers, choices->layer_of[i],
                         candidate.span);
    }
    choices->start[choices->candidates] = am_plan_ends_of(profile).backward;
    choices->candidate[choices->candidates++] = candidate;
}

static void note_listed(am_evaluation *evaluation, am_kept kept, unsigned set, bool named)
{
    const am_choice candidate = {.span = 1, .set = (uint16_t)set, .listed.kept = kept, .named = named};
    note(evaluation, candidate, am_evaluation_try(evaluation, candidate.listed));
}

static void note_segments(am_evaluation *evaluation)
{
    for (int64_t span = 2; span <= AM_MAX_SPAN && span <= evaluation->config->layers; span++)
        note(evaluation, (am_choice){.span = (uint8_t)span, .named = true, .set = NAMED},
             am_evaluation_profile(evaluation, AM_PROFILE_SEGMENT));
}

/* Megatron's checkpoint: whole layers, several together, or every set of modules that it plays again in such a layer. */
static void gather_modules(am_evaluation *evaluation)
{
    const am_config *config = evaluation->config;
    note(evaluation, (am_choice){.whole = true, .named = true, .span = 1, .set = NAMED},
         am_evaluation_profile(evaluation, AM_PROFILE_LAYER));
    for (int modules = 1; modules <= AM_MODULES_ALL; modules++) {
        am_choice candidate = {.span = 1, .set = NAMED, .listed.modules = (uint8_t)modules};
        if (am_modules_wrong(config, (unsigned)modules)) continue;
        note(evaluation, candidate, am_evaluation_try(evaluation, candidate.listed));
    }
    if (!config->distribute_saved) note_segments(evaluation);
}

/* What selective checkpointing sees of DTensor's operations and of ring attention's is not known: layers run again whole. */
static bool runs_whole(const am_config *config)
{
    return config->stack == AM_STACK_TORCH && (config->tp > 1 || config->cp > 1);
}

/* Can what layers take be summed over all of them? The plain plan says so: no other runs more again than its forward takes. */
static bool adds_up(am_evaluation *evaluation)
{
    am_outcome outcome;
    am_evaluation_compose(evaluation, (am_policy){.kind = AM_POLICY_NONE}, &outcome);
    return !evaluation->code;
}

static void gather(am_evaluation *evaluation)
{
    am_choices *choices = &evaluation->workspace->choices;
    const am_kept nothing = {{0}, 0};
    choices->candidates = choices->dears = 0;
    if (!adds_up(evaluation)) return;
    note(evaluation, (am_choice){.plain = true, .named = true, .span = 1, .set = NAMED},
         am_evaluation_profile(evaluation, AM_PROFILE_PLAIN));
    if (am_wiring_of(evaluation->config)->any) {
        gather_modules(evaluation);
        return;
    }
    note_listed(evaluation, nothing, 0, true);
    find_dear(choices, &evaluation->workspace->tape); /* which has its regions now */
    if (runs_whole(evaluation->config)) choices->dears = 0;
    if (!runs_whole(evaluation->config)) {
        note_listed(evaluation, am_kept_matmuls(false), NAMED, true);
        note_listed(evaluation, am_kept_matmuls(true), NAMED, true);
    }
    for (unsigned set = 1; set < 1u << choices->dears; set++)
        note_listed(evaluation, kept_of(choices, set), set, false);
    if (evaluation->config->zero < 3) note_segments(evaluation); /* whose layers would be gathered again one by one */
}

/* What lasts for the run is there once, however many micro-batches are in flight. */
static int64_t lasting_of(const am_tape *tape)
{
    int64_t bytes = 0;
    for (int i = 1; i < tape->storages; i++)
        if (am_lasts_once(tape, i)) bytes += tape->storage[i].bytes;
    return bytes;
}

void am_candidates_find(am_evaluation *evaluation)
{
    am_choices *choices = &evaluation->workspace->choices;
    const am_profile *plain = am_evaluation_profile(evaluation, AM_PROFILE_PLAIN);
    sort_layers(evaluation);
    choices->ends = am_plan_ends_of(plain);
    memcpy(choices->given, plain->given.bytes, sizeof choices->given);
    choices->framed = plain->given.framed;
    choices->kept = choices->ends.kept - lasting_of(&evaluation->workspace->tape);
    gather(evaluation);
}
