/* What each layer may do, and the frontier of plans over it: every subset of a layer's dear operations is played, what no
 * other beats stays, and the chain of layers is searched exactly. */
#include <string.h>

#include "bytes.h"
#include "evaluate.h"
#include "lines.h"
#include "policies.h"
#include "proven.h"
#include "tape.h"
#include "wiring.h"

#define STEPS  4000000 /* plans looked at before a smaller choice is tried: some milliseconds */
#define NAMED  0xffffu
enum { PLAIN }; /* the first candidate */
#define COST(unit) ((unit)->recomputed_time)

static am_choices *choices_of(am_evaluation *evaluation)
{
    return &evaluation->workspace->choices;
}

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
    am_choices *choices = choices_of(evaluation);
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
    am_choices *choices = choices_of(evaluation);
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
    am_choices *choices = choices_of(evaluation);
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

/* ---- which of them the frontier is over ---- */

/* Is y at least as good as x for layers of every class? */
static bool as_good(const am_choices *choices, int x, int y)
{
    for (int i = 0; i < choices->classes; i++)
        if (!am_unit_as_good(&choices->unit[y][i], &choices->unit[x][i])) return false;
    return true;
}

static bool is_beaten(const am_choices *choices, int x)
{
    for (int y = 0; y < choices->candidates; y++) {
        if (x == y || choices->candidate[y].span != 1 || !as_good(choices, x, y)) continue;
        if (y < x || !as_good(choices, y, x)) return true; /* of equal ones the first stays */
    }
    return false;
}

/* Is x on the lower hull of bytes and cost, for the layers that are most? Others gain less than a layer's worth. */
static bool is_on_hull(const am_choices *choices, int class, int x)
{
    const am_plan_unit *at = &choices->unit[x][class];
    for (int y = 0; y < choices->candidates; y++) {
        const am_plan_unit *left = &choices->unit[y][class];
        if (choices->beaten[y] || choices->candidate[y].span != 1 || left->residue >= at->residue) continue;
        for (int z = 0; z < choices->candidates; z++) {
            const am_plan_unit *right = &choices->unit[z][class];
            if (choices->beaten[z] || choices->candidate[z].span != 1 || right->residue <= at->residue) continue;
            double share = (double)(at->residue - left->residue) / (double)(right->residue - left->residue);
            if ((double)COST(left) + share * (double)(COST(right) - COST(left)) < (double)COST(at)) return false;
        }
    }
    return true;
}

/* How many of what is on the hull are looked at, beside the named policies' choices, where all that is not beaten would be
 * too much. */
static const int breadths[] = {64, 32, 12, 6, 3, 1, 0};
enum { BREADTHS = sizeof breadths / sizeof *breadths };

static int most_common_class(const am_choices *choices)
{
    int class = 0;
    for (int i = 1; i < choices->classes; i++)
        if (choices->layers_of[i] > choices->layers_of[class]) class = i;
    return class;
}

/* What a layer costs by a candidate, with what it leaves at that price. */
static double value_of(const am_choices *choices, int class, int x)
{
    const am_plan_unit *unit = &choices->unit[x][class];
    return (double)COST(unit) + choices->price * (double)unit->residue;
}

/* Leaves those of a list that cost least at the price of a byte. */
static int leave_cheapest(const am_choices *choices, uint16_t *list, int count, int most)
{
    const int class = most_common_class(choices);
    for (; count > most; count--) {
        int worst = 0;
        for (int i = 1; i < count; i++)
            if (value_of(choices, class, list[i]) > value_of(choices, class, list[worst])) worst = i;
        memmove(&list[worst], &list[worst + 1], (size_t)(count - 1 - worst) * sizeof *list);
    }
    return count;
}

/* Leaves so many of a list, evenly. */
static int thin(uint16_t *list, int count, int most)
{
    if (count <= most) return count;
    for (int i = 0; i < most; i++) list[i] = list[(int)((int64_t)(2 * i + 1) * count / (2 * most))];
    return most;
}

/* The candidates of one layer that are not beaten, those on the hull alone unless all are wanted; in order of what they
 * keep. */
static int list_single(const am_choices *choices, bool all, uint16_t list[AM_MAX_CANDIDATES])
{
    int count = 0, class = most_common_class(choices);
    for (int x = 0; x < choices->candidates; x++) {
        const am_choice *candidate = &choices->candidate[x];
        if (candidate->span > 1 || candidate->named || choices->beaten[x]) continue;
        if (!all && !is_on_hull(choices, class, x)) continue;
        int at = count++;
        while (at > 0 && choices->unit[list[at - 1]][class].residue > choices->unit[x][class].residue) {
            list[at] = list[at - 1];
            at--;
        }
        list[at] = (uint16_t)x;
    }
    return count;
}

/* What layers are given, in groups: what all choices hold together or not at all is one, of what the model's code holds, too, and of the
 * rest. Of too many groups some are not told
 * apart: all of such a one counts as held where any of it is. Returns how many there are. */
static int find_held(const am_choices *choices, uint64_t group[AM_MAX_HELD])
{
    int groups = 1;
    group[0] = ~choices->framed;
    if (choices->framed) group[groups++] = choices->framed;
    for (int i = 0; i < choices->used; i++)
        for (int class = 0; class < choices->classes; class++) {
            uint64_t set = choices->unit[choices->chosen[i]][class].given;
            if (COST(&choices->unit[choices->chosen[i]][class]) < 0) continue;
            for (int j = groups - 1; j >= 0 && groups < AM_MAX_HELD; j--) {
                uint64_t held = group[j] & set;
                if (held == 0 || held == group[j]) continue;
                group[groups++] = group[j] & ~held;
                group[j] = held;
            }
        }
    return groups;
}

static am_link link_of(const am_plan_unit *unit, int64_t start, int groups, const uint64_t group[AM_MAX_HELD])
{
    am_link link = {unit->residue,  unit->forward, unit->backward + start, COST(unit), 0,
                    unit->outlived, unit->passed,  unit->carried};
    for (int i = 0; i < groups; i++)
        if (unit->given & group[i]) link.given |= (uint8_t)(1 << i);
    return link;
}

static void lay_chain(am_evaluation *evaluation, bool several)
{
    am_choices *choices = choices_of(evaluation);
    const am_plan_ends *ends = &choices->ends;
    uint64_t group[AM_MAX_HELD];
    int groups = find_held(choices, group);
    int64_t start = ends->backward;
    for (int i = 0; i < choices->used; i++) start = am_larger(start, choices->start[choices->chosen[i]]);
    for (int class = 0; class < choices->classes; class++)
        for (int i = 0; i < choices->used; i++)
            choices->link[class * choices->used + i] =
                link_of(&choices->unit[choices->chosen[i]][class], start - ends->forward, groups, group);
    for (int i = 0; i < choices->used; i++) choices->span[i] = (uint8_t)choices->candidate[choices->chosen[i]].span;
    choices->chain = (am_chain){.layers = (int)evaluation->config->layers,
                                .choices = choices->used,
                                .in_flight = several ? 2 : 1,
                                .before = ends->before - ends->forward,
                                .after = ends->after,
                                .class_of = choices->class_of,
                                .link = choices->link,
                                .span = choices->span,
                                .framed = ends->framed};
    for (int i = 0; i < groups; i++)
        if (group[i] & choices->framed) choices->chain.frame |= (uint8_t)(1 << i);
    for (int i = 0; i < groups; i++)
        for (int j = 0; j < AM_MAX_GIVEN; j++)
            if (group[i] >> j & 1) choices->chain.given[i] += choices->given[j];
}

static void find_beaten(am_choices *choices)
{
    choices->undominated = 0;
    for (int i = 0; i < choices->candidates; i++) {
        choices->beaten[i] = choices->candidate[i].span == 1 && is_beaten(choices, i);
        choices->undominated += !choices->beaten[i];
    }
}

/* Chooses what the frontier is over, `most` choices at most; together: regions of several layers, too. False if that is more: what was
 * chosen stays, for the frontier that is there. */
static bool choose(am_choices *choices, int step, int most, bool together)
{
    uint16_t list[AM_MAX_CANDIDATES], named[AM_MAX_CANDIDATES];
    int names = 0;
    for (int i = 0; i < choices->candidates; i++)
        if (choices->candidate[i].named && (together || choices->candidate[i].span == 1)) named[names++] = (uint16_t)i;
    const bool priced = choices->price > 0;
    int count = list_single(choices, step == 0 || priced, list);
    if (step > 0) count = priced ? leave_cheapest(choices, list, count, breadths[step]) : thin(list, count, breadths[step]);
    if (names + count > most) return false;
    memcpy(choices->chosen, named, (size_t)names * sizeof *named);
    memcpy(&choices->chosen[names], list, (size_t)count * sizeof *list);
    choices->used = names + count;
    return true;
}

/* What lasts for the run is there once, however many micro-batches are in flight. */
static int64_t lasting_of(const am_tape *tape)
{
    int64_t bytes = 0;
    for (int i = 1; i < tape->storages; i++)
        if (am_lasts_once(tape, i)) bytes += tape->storage[i].bytes;
    return bytes;
}

static bool try_choices(am_evaluation *evaluation, int step, bool several)
{
    am_choices *choices = choices_of(evaluation);
    if (!choose(choices, step, breadths[0], !choices->apart)) return false;
    lay_chain(evaluation, several);
    return choices->found = am_frontier_solve(&evaluation->workspace->frontier, &choices->chain, STEPS) == AM_OK;
}

/* Of experts what regions leave for good makes many more plans, and regions of several layers lower a peak by little: all choices
 * for single layers are combined rather than some for single layers and for several. */
static void solve(am_evaluation *evaluation, bool several)
{
    am_choices *choices = choices_of(evaluation);
    choices->several = several;
    choices->found = false;
    for (int i = 0; i < BREADTHS && !choices->found; i++) {
        choices->step = i;
        choices->hull = i > 0;
        choices->apart = false;
        if (try_choices(evaluation, i, several) || i > 0 || evaluation->config->experts == 0 || choices->together) continue;
        choices->apart = true;
        try_choices(evaluation, i, several);
    }
}

uint32_t am_choices_spans(const am_choices *choices)
{
    uint32_t spans = 0;
    for (int i = 0; i < choices->used; i++) spans |= (uint32_t)1 << choices->span[i];
    return spans;
}

am_code am_choices_search(am_evaluation *evaluation, bool several)
{
    am_choices *choices = choices_of(evaluation);
    if (choices->searched && choices->several == several) return evaluation->code;
    if (!choices->searched) {
        choices->searched = true;
        choices->together = false;
        const am_profile *plain = am_evaluation_profile(evaluation, AM_PROFILE_PLAIN);
        sort_layers(evaluation);
        choices->ends = am_plan_ends_of(plain);
        memcpy(choices->given, plain->given.bytes, sizeof choices->given);
        choices->framed = plain->given.framed;
        choices->kept = choices->ends.kept - lasting_of(&evaluation->workspace->tape);
        gather(evaluation);
        find_beaten(choices);
    }
    if (!evaluation->code) solve(evaluation, several);
    return evaluation->code;
}

/* ---- a plan of it ---- */

static int64_t peak_of(const am_choices *choices, const am_frontier_point *point)
{
    return choices->ends.forward + point->peak;
}

/* What a layer's moments stand above what it leaves. */
static int64_t headroom(const am_link *link)
{
    return am_larger(link->forward, link->backward) - link->residue;
}

static const am_link *link_at(const am_choices *choices, int layer, int choice)
{
    return &choices->link[choices->class_of[layer] * choices->used + choice];
}

/* May the unit at this layer and the next one change places, each meaning there what it means here? */
static bool may_change(const am_choices *choices, int layer, int first, int second)
{
    int next = layer + choices->span[first], other = layer + choices->span[second];
    return am_link_same(link_at(choices, layer, second), link_at(choices, next, second)) &&
           am_link_same(link_at(choices, other, first), link_at(choices, layer, first));
}

/* Puts units in order, those first whose moments stand highest above what they leave: by exchange of neighbours that are alike
 * no order has a lower peak, but for what they hold of what they are given, and equal choices come together. */
static void order(const am_choices *choices, int units, uint8_t *path)
{
    bool moved = true;
    for (int end = units; end > 1 && moved; end--) {
        moved = false;
        for (int i = 0, layer = 0; i + 1 < end; layer += choices->span[path[i]], i++) {
            if (path[i] == path[i + 1] || !may_change(choices, layer, path[i], path[i + 1])) continue;
            int64_t here = headroom(link_at(choices, layer, path[i]));
            int64_t there = headroom(link_at(choices, layer, path[i + 1]));
            if (there <= here) continue;
            uint8_t other = path[i];
            path[i] = path[i + 1];
            path[i + 1] = other;
            moved = true;
        }
    }
}

/* The units of a plan of the frontier, ordered where that is as good. */
static int path_of(am_evaluation *evaluation, int index)
{
    am_choices *choices = choices_of(evaluation);
    const am_chain *chain = &choices->chain;
    int64_t left, others;
    int units = am_frontier_plan(&evaluation->workspace->frontier, chain, index, choices->path);
    int64_t peak = am_chain_play(chain, units, choices->path, &left).peak;
    memcpy(choices->ordered, choices->path, (size_t)units);
    order(choices, units, choices->ordered);
    if (am_chain_play(chain, units, choices->ordered, &others).peak <= peak && AM_ALWAYS(others == left)) /* of the same links */
        memcpy(choices->path, choices->ordered, (size_t)units);
    return units;
}

/* The profile of a choice: one of the table, or of those that are listed. */
static am_profile_id profile_for(am_evaluation *evaluation, const am_choice *choice)
{
    am_workspace *workspace = evaluation->workspace;
    if (choice->plain) return AM_PROFILE_PLAIN;
    if (choice->span > 1) return am_profile_of_segment(evaluation, choice->span, false);
    if (choice->whole) return AM_PROFILE_LAYER;
    for (int i = 0; i < workspace->listeds; i++)
        if (am_listed_same(&workspace->listed[i], &choice->listed))
            return (am_profile_id)(AM_PROFILE_LISTED + i);
    if (workspace->listeds == AM_MAX_LISTED) {
        evaluation->code = AM_CAPACITY;
        return AM_PROFILE_PLAIN;
    }
    workspace->listed[workspace->listeds] = choice->listed;
    workspace->played[AM_PROFILE_LISTED + workspace->listeds] = false;
    return (am_profile_id)(AM_PROFILE_LISTED + workspace->listeds++);
}

static void plan_runs(am_evaluation *evaluation, int index)
{
    am_workspace *workspace = evaluation->workspace;
    am_choices *choices = choices_of(evaluation);
    int units = path_of(evaluation, index);
    workspace->parts = 0;
    for (int i = 0; i < units; i++) {
        const am_choice *choice = &choices->candidate[choices->chosen[choices->path[i]]];
        const am_part_plan next = {profile_for(evaluation, choice), 1, choice->span};
        workspace->parts = am_part_append(workspace->part, workspace->parts, next);
    }
}

/* The dearest plan within the budget has the lowest cost: costs fall as peaks rise. -1: none fits. */
static int point_below(const am_evaluation *evaluation, int64_t bytes)
{
    const am_frontier *frontier = &evaluation->workspace->frontier;
    int point = frontier->points - 1;
    while (point >= 0 && peak_of(&evaluation->workspace->choices, &frontier->point[point]) > bytes) point--;
    return point;
}

/* Says that no plan of the frontier peaks so low. */
static void refuse(am_evaluation *evaluation, int64_t bytes)
{
    am_workspace *workspace = evaluation->workspace;
    char text[32];
    int64_t smallest = peak_of(&workspace->choices, &workspace->frontier.point[0]);
    am_fail(&workspace->tape.status, AM_OUT_OF_RANGE, "checkpoint",
            "no plan stays below %d bytes; the smallest peaks at %d bytes: checkpoint=budget:%s", bytes, smallest,
            am_size_text_near(smallest, text, sizeof text));
    evaluation->code = AM_OUT_OF_RANGE;
}

/* Composes a plan of the frontier that peaks no higher. */
static void compose(am_evaluation *evaluation, int point, int64_t bytes)
{
    am_workspace *workspace = evaluation->workspace;
    am_outcome outcome;
    workspace->listeds = 0;
    plan_runs(evaluation, workspace->frontier.point[point].index);
    am_evaluation_compose(evaluation, (am_policy){.kind = AM_POLICY_BUDGET}, &outcome);
    if (AM_NEVER(!evaluation->code && am_outcome_peak(&outcome) > bytes)) refuse(evaluation, bytes); /* the frontier says no less of a plan */
}

/* Where the frontier is over some choices: combines those that cost little at the price that a byte has there. Does it find a cheaper
 * plan than this? Then it is composed. The frontier is as it was. *least: what a plan of all choices costs at least; 0: not known. */
static bool find_cheaper(am_evaluation *evaluation, int64_t bytes, int64_t cost, int64_t *least)
{
    am_choices *choices = choices_of(evaluation);
    const am_frontier *frontier = &evaluation->workspace->frontier;
    const int step = choices->step;
    if (!choices->hull || !choose(choices, 0, AM_MAX_CHOICES, true)) return false;
    lay_chain(evaluation, false);
    *least = am_frontier_bound(&choices->chain, bytes - choices->ends.forward, &choices->price);
    choices->found = false;
    for (int i = 1; i < BREADTHS && !choices->found; i++) try_choices(evaluation, i, false);
    const int point = point_below(evaluation, bytes); /* of those that were tried last, if they have a frontier */
    const bool cheaper = point >= 0 && frontier->point[point].cost < cost;
    if (cheaper) compose(evaluation, point, bytes);
    choices->price = 0;
    try_choices(evaluation, step, false);
    return cheaper;
}

am_code am_choices_keep_below(am_evaluation *evaluation, int64_t bytes)
{
    am_workspace *workspace = evaluation->workspace;
    const am_frontier *frontier = &workspace->frontier;
    am_choices *choices = choices_of(evaluation);
    if (am_choices_search(evaluation, false)) return evaluation->code;
    int point = point_below(evaluation, bytes);
    if (choices->apart && point < 0) { /* regions of several layers may */
        choices->together = true;
        solve(evaluation, false);
        point = point_below(evaluation, bytes);
    }
    if (!choices->found)
        return evaluation->code = am_fail(&workspace->tape.status, AM_CAPACITY, "checkpoint",
                                          "this model has more plans than this build can hold: a policy by name in place of the budget");
    workspace->doubt = (am_doubt){.hull = choices->hull};
    if (point < 0)
        refuse(evaluation, bytes);
    else if (!find_cheaper(evaluation, bytes, frontier->point[point].cost, &workspace->doubt.least))
        compose(evaluation, point, bytes);
    return evaluation->code;
}

int64_t am_choices_peak(am_evaluation *evaluation, int index, int64_t *renewed)
{
    const am_choices *choices = choices_of(evaluation);
    int64_t left;
    int units = path_of(evaluation, index), layer = 0;
    *renewed = 0;
    for (int i = 0; i < units; i++) {
        int choice = choices->path[i];
        *renewed += choices->unit[choices->chosen[choice]][choices->class_of[layer]].renewed;
        layer += choices->span[choice];
    }
    return am_chain_play(&choices->chain, units, choices->path, &left).peak;
}

int64_t am_choices_flops(am_evaluation *evaluation, int index)
{
    const am_choices *choices = choices_of(evaluation);
    int units = path_of(evaluation, index), layer = 0;
    int64_t flops = 0;
    for (int i = 0; i < units; i++) {
        int choice = choices->path[i];
        flops += choices->unit[choices->chosen[choice]][choices->class_of[layer]].recomputed_flops;
        layer += choices->span[choice];
    }
    return flops;
}

am_code am_choices_take(am_evaluation *evaluation, int index)
{
    plan_runs(evaluation, index);
    return evaluation->code;
}

/* ---- what the report says ---- */

static void write_kept(am_writer *out, const am_kept *kept)
{
    int count = 0;
    AM_WRITE(out, "save:");
    for (int i = 0; i < 64; i++) {
        if (!(kept->products >> i & 1)) continue;
        am_write_text(out, count++ ? "," : "products ");
        am_write_int(out, i + 1);
    }
    for (int op = 0; op < AM_OP_COUNT; op++) {
        if (!am_ops_has(kept->ops, op)) continue;
        if (count++) AM_WRITE(out, "+");
        am_write_text(out, am_ops[op].name);
    }
}

static void write_run(am_writer *out, const am_workspace *workspace, const am_part_plan *part)
{
    char text[AM_TEXT_SIZE];
    const am_listed *listed = part->id >= AM_PROFILE_LISTED ? &workspace->listed[part->id - AM_PROFILE_LISTED] : NULL;
    am_policy policy = {.kind = AM_POLICY_FULL};
    if (part->id == AM_PROFILE_PLAIN) policy.kind = AM_POLICY_NONE;
    if (part->inner > 1) policy = (am_policy){.kind = AM_POLICY_EVERY, .count = part->inner};
    if (listed && listed->modules) policy = (am_policy){.kind = AM_POLICY_MODULES, .modules = listed->modules};
    bool kept = listed && !listed->modules && am_keeps_any(&listed->kept);
    if (kept)
        write_kept(out, &listed->kept);
    else
        am_write_text(out, am_policy_text(policy, text, sizeof text));
}

void am_choices_write_plan(am_writer *out, const am_workspace *workspace, int64_t first)
{
    for (int i = 0; i < workspace->parts; i++) {
        const am_part_plan *part = &workspace->part[i];
        int64_t layers = part->units * part->inner;
        if (i > 0) AM_WRITE(out, ", ");
        am_write_int(out, first);
        if (layers > 1) AM_WRITE(out, "-");
        if (layers > 1) am_write_int(out, first + layers - 1);
        AM_WRITE(out, " ");
        write_run(out, workspace, part);
        first += layers;
    }
}

static void describe_choice(am_choice_row *row, const am_choices *choices, const am_choice *choice)
{
    *row = (am_choice_row){.span = choice->span, .kept = choice->listed.kept};
    const am_kept *kept = &choice->listed.kept;
    bool nothing = choice->whole || (!choice->listed.modules && !am_keeps_any(kept));
    row->modules = choice->listed.modules;
    row->kind = choice->plain            ? "none"
                : choice->span > 1       ? "segment"
                : choice->listed.modules ? "modules"
                : nothing                ? "full"
                                         : "save";
    for (int i = 0; i < choices->dears && !choice->plain; i++) {
        const am_dear *dear = &choices->dear[i];
        bool keeps = dear->place ? kept->products >> (dear->place - 1) & 1 : am_ops_has(kept->ops, (int)dear->op);
        if (!keeps) continue;
        row->keeps[row->names].module = dear->module;
        row->keeps[row->names].op = dear->op;
        row->keeps[row->names++].all = dear->place == 0;
    }
}

static void describe_plan(am_evaluation *evaluation, am_frontier_row *row, int point)
{
    am_choices *choices = choices_of(evaluation);
    const am_frontier_point *from = &evaluation->workspace->frontier.point[point];
    int units = path_of(evaluation, from->index), layer = 0;
    *row = (am_frontier_row){.peak_bytes = peak_of(choices, from), .recomputed_time = from->cost};
    for (int i = 0; i < units; i++) {
        int choice = choices->path[i];
        row->recomputed_flops += choices->unit[choices->chosen[choice]][choices->class_of[layer]].recomputed_flops;
        layer += choices->span[choice];
        bool same = row->runs > 0 && row->runs <= AM_MAX_FRONTIER_RUNS && row->run[row->runs - 1].choice == choice;
        if (row->runs > AM_MAX_FRONTIER_RUNS) continue;
        if (same)
            row->run[row->runs - 1].units++;
        else if (row->runs++ < AM_MAX_FRONTIER_RUNS) {
            row->run[row->runs - 1].choice = (uint8_t)choice;
            row->run[row->runs - 1].units = 1;
        }
    }
}

/* What a part of the budget's plan is made of. */
static am_choice choice_of(const am_workspace *workspace, const am_part_plan *part)
{
    am_choice choice = {.plain = part->id == AM_PROFILE_PLAIN, .span = (uint16_t)part->inner, .whole = true};
    if (part->id < AM_PROFILE_LISTED) return choice;
    choice.listed = workspace->listed[part->id - AM_PROFILE_LISTED];
    choice.whole = false;
    return choice;
}

static bool same_choice(const am_choice_row *x, const am_choice_row *y)
{
    return x->kind == y->kind && x->span == y->span && x->modules == y->modules && memcmp(&x->kept, &y->kept, sizeof x->kept) == 0;
}

void am_choices_report_plan(const am_evaluation *evaluation, int stage, int64_t first_layer)
{
    const am_workspace *workspace = evaluation->workspace;
    am_plan_runs *plan = &evaluation->report->plan_runs;
    for (int i = 0; i < workspace->parts; i++) {
        const am_part_plan *part = &workspace->part[i];
        if (AM_NEVER(plan->choices == AM_MAX_PLAN_CHOICES || plan->runs == AM_MAX_PLAN_RUNS)) return; /* as many as profiles, and as layers */
        am_choice_row *row = &plan->choice[plan->choices];
        const am_choice what = choice_of(workspace, part);
        int choice = 0;
        describe_choice(row, &workspace->choices, &what);
        while (!same_choice(&plan->choice[choice], row)) choice++;
        if (choice == plan->choices) plan->choices++;
        plan->run[plan->runs].stage = (int16_t)stage;
        plan->run[plan->runs].first = (int16_t)first_layer;
        plan->run[plan->runs].layers = (int16_t)(part->units * part->inner);
        plan->run[plan->runs++].choice = (uint8_t)choice;
        first_layer += part->units * part->inner;
    }
}

/* How far a plan of the list is from the frontier; a budget's own may have choices that the frontier is without. */
static void measure(am_evaluation *evaluation, am_plan *plan)
{
    const am_choices *choices = choices_of(evaluation);
    const am_frontier *frontier = &evaluation->workspace->frontier;
    if (am_policy_moves(plan->policy)) return; /* for a price that the frontier does not know */
    int64_t peak = am_outcome_peak(&plan->outcome), cost = plan->outcome.recomputed_time;
    for (int i = 0; i < frontier->points; i++)
        if (peak_of(choices, &frontier->point[i]) <= peak) plan->excess_time = am_larger(0, cost - frontier->point[i].cost);
    for (int i = frontier->points; i-- > 0;)
        if (frontier->point[i].cost <= cost) plan->excess_bytes = am_larger(0, peak - peak_of(choices, &frontier->point[i]));
}

void am_choices_report(am_evaluation *evaluation)
{
    am_report *report = evaluation->report;
    am_frontier_report *out = &report->frontier;
    am_choices *choices = choices_of(evaluation);
    const am_frontier *frontier = &evaluation->workspace->frontier;
    if (am_choices_search(evaluation, false) || !choices->found) return;
    out->found = true;
    out->ranks = 0;
    out->points = frontier->points;
    out->candidates = choices->candidates;
    out->undominated = choices->undominated;
    out->choices = choices->used;
    out->doubt = (am_doubt){.hull = choices->hull};
    out->spans = am_choices_spans(choices);
    for (int i = 0; i < choices->used; i++)
        describe_choice(&out->choice[i], choices, &choices->candidate[choices->chosen[i]]);
    out->rows = frontier->points < AM_MAX_FRONTIER_ROWS ? frontier->points : AM_MAX_FRONTIER_ROWS;
    for (int i = 0; i < out->rows; i++) {
        int last = out->rows - 1;
        describe_plan(evaluation, &out->row[i], last > 0 ? (int)((int64_t)i * (frontier->points - 1) / last) : 0);
    }
    for (int i = 0; i < report->plans; i++) measure(evaluation, &report->plan[i]);
}
