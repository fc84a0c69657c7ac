/* The frontier of plans over what each layer may do: of the candidates what no other beats stays, and the chain of layers is searched
 * exactly. */
#include <string.h>

#include "bytes.h"
#include "evaluate.h"
#include "policies.h"
#include "proven.h"

#define STEPS 4000000 /* plans looked at before a smaller choice is tried: some milliseconds */
#define COST(unit) ((unit)->recomputed_time)
#define LEFT(unit) ((unit)->residue + (unit)->cached) /* at the forward's end */

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
        if (choices->beaten[y] || choices->candidate[y].span != 1 || LEFT(left) >= LEFT(at)) continue;
        for (int z = 0; z < choices->candidates; z++) {
            const am_plan_unit *right = &choices->unit[z][class];
            if (choices->beaten[z] || choices->candidate[z].span != 1 || LEFT(right) <= LEFT(at)) continue;
            double share = (double)(LEFT(at) - LEFT(left)) / (double)(LEFT(right) - LEFT(left));
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
    return (double)COST(unit) + choices->price * (double)LEFT(unit);
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
        while (at > 0 && LEFT(&choices->unit[list[at - 1]][class]) > LEFT(&choices->unit[x][class])) {
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
    am_link link = {unit->residue,  unit->forward, unit->backward + start, COST(unit),  0,
                    unit->outlived, unit->passed,  unit->carried,          unit->cached};
    for (int i = 0; i < groups; i++)
        if (unit->given & group[i]) link.given |= (uint8_t)(1 << i);
    return link;
}

static void lay_chain(am_evaluation *evaluation, bool several)
{
    am_choices *choices = &evaluation->workspace->choices;
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
                                .after_forward = ends->after_forward,
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

static bool try_choices(am_evaluation *evaluation, int step, bool several)
{
    am_choices *choices = &evaluation->workspace->choices;
    if (!choose(choices, step, breadths[0], !choices->apart)) return false;
    lay_chain(evaluation, several);
    return choices->found = am_frontier_solve(&evaluation->workspace->frontier, &choices->chain, STEPS) == AM_OK;
}

/* Of experts what regions leave for good makes many more plans: all choices for single layers are combined rather than few for single
 * layers and for several; of a pipeline, whose lowest plans are wanted, only where not even the lower hull can be. */
static void solve(am_evaluation *evaluation, bool several)
{
    am_choices *choices = &evaluation->workspace->choices;
    choices->several = several;
    choices->found = false;
    for (int i = 0; i < BREADTHS && !choices->found; i++) {
        choices->step = i;
        choices->hull = i > 0;
        choices->apart = false;
        if (try_choices(evaluation, i, several) || i != several || evaluation->config->experts == 0 || choices->together) continue;
        choices->apart = true;
        choices->step = 0;
        choices->hull = false;
        try_choices(evaluation, 0, several);
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
    am_choices *choices = &evaluation->workspace->choices;
    if (choices->searched && choices->several == several) return evaluation->code;
    if (!choices->searched) {
        choices->searched = true;
        choices->together = false;
        am_candidates_find(evaluation);
        find_beaten(choices);
    }
    if (!evaluation->code) solve(evaluation, several);
    return evaluation->code;
}

/* ---- the plan below a budget ---- */

/* The dearest plan within the budget has the lowest cost: costs fall as peaks rise. -1: none fits. */
static int point_below(const am_evaluation *evaluation, int64_t bytes)
{
    const am_frontier *frontier = &evaluation->workspace->frontier;
    int point = frontier->points - 1;
    while (point >= 0 && am_frontier_peak(&evaluation->workspace->choices, &frontier->point[point]) > bytes) point--;
    return point;
}

/* Says that no plan of the frontier peaks so low. */
static void refuse(am_evaluation *evaluation, int64_t bytes)
{
    am_workspace *workspace = evaluation->workspace;
    char text[32];
    int64_t smallest = am_frontier_peak(&workspace->choices, &workspace->frontier.point[0]);
    am_fail(&workspace->tape.status, AM_OUT_OF_RANGE, "checkpoint",
            "no plan stays below %b bytes; the smallest peaks at %b bytes: checkpoint=budget:%s", bytes, smallest,
            am_size_text_near(smallest, text, sizeof text));
    evaluation->code = AM_OUT_OF_RANGE;
}

/* Composes a plan of the frontier that peaks no higher. */
static void compose(am_evaluation *evaluation, int point, int64_t bytes)
{
    am_workspace *workspace = evaluation->workspace;
    am_outcome outcome;
    workspace->listeds = 0;
    am_choices_take(evaluation, workspace->frontier.point[point].index);
    am_evaluation_compose(evaluation, (am_policy){.kind = AM_POLICY_BUDGET}, &outcome);
    if (AM_NEVER(!evaluation->code && am_outcome_peak(&outcome) > bytes)) refuse(evaluation, bytes); /* the frontier says no less of a plan */
}

/* Where the frontier is over some choices: combines those that cost little at the price that a byte has there. Does it find a cheaper
 * plan than this? Then it is composed. The frontier is as it was. *least: what a plan of all choices costs at least; 0: not known. */
static bool find_cheaper(am_evaluation *evaluation, int64_t bytes, int64_t cost, int64_t *least)
{
    am_choices *choices = &evaluation->workspace->choices;
    const am_frontier *frontier = &evaluation->workspace->frontier;
    const int step = choices->step;
    const bool apart = choices->apart;
    if (!choices->hull && !apart) return false;
    const bool all = choose(choices, 0, AM_MAX_CHOICES, true); /* of too many those that the frontier is over say the price */
    if (all) lay_chain(evaluation, false);
    const int64_t bound = am_chain_bound(&choices->chain, bytes - choices->ends.forward, &choices->price);
    if (all) *least = bound;
    choices->found = choices->apart = false;
    for (int i = 1; i < BREADTHS && !choices->found; i++) try_choices(evaluation, i, false);
    const int point = point_below(evaluation, bytes); /* of those that were tried last, if they have a frontier */
    const bool cheaper = point >= 0 && frontier->point[point].cost < cost;
    if (cheaper) compose(evaluation, point, bytes);
    choices->price = 0;
    choices->apart = apart;
    try_choices(evaluation, step, false);
    return cheaper;
}

am_code am_choices_keep_below(am_evaluation *evaluation, int64_t bytes)
{
    am_workspace *workspace = evaluation->workspace;
    const am_frontier *frontier = &workspace->frontier;
    am_choices *choices = &evaluation->workspace->choices;
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
    workspace->doubt = (am_doubt){.hull = choices->hull, .apart = choices->apart};
    if (point < 0)
        refuse(evaluation, bytes);
    else if (!find_cheaper(evaluation, bytes, frontier->point[point].cost, &workspace->doubt.least))
        compose(evaluation, point, bytes);
    return evaluation->code;
}
