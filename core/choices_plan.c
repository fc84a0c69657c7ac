/* A plan of the frontier: its layers in order, the runs that it is made of, what it comes to. */
#include <string.h>

#include "bytes.h"
#include "evaluate.h"
#include "proven.h"

/* What a layer's moments stand above what it leaves. */
static int64_t headroom(const am_link *link)
{
    return am_larger(link->forward - link->cached, link->backward) - link->residue;
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

int am_choices_path(am_evaluation *evaluation, int index)
{
    am_choices *choices = &evaluation->workspace->choices;
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

am_code am_choices_take(am_evaluation *evaluation, int index)
{
    am_workspace *workspace = evaluation->workspace;
    am_choices *choices = &evaluation->workspace->choices;
    int units = am_choices_path(evaluation, index);
    workspace->parts = 0;
    for (int i = 0; i < units; i++) {
        const am_choice *choice = &choices->candidate[choices->chosen[choices->path[i]]];
        const am_part_plan next = {profile_for(evaluation, choice), 1, choice->span};
        workspace->parts = am_part_append(workspace->part, workspace->parts, next);
    }
    return evaluation->code;
}

int64_t am_choices_peak(am_evaluation *evaluation, int index, int64_t *renewed)
{
    const am_choices *choices = &evaluation->workspace->choices;
    int64_t left;
    int units = am_choices_path(evaluation, index), layer = 0;
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
    const am_choices *choices = &evaluation->workspace->choices;
    int units = am_choices_path(evaluation, index), layer = 0;
    int64_t flops = 0;
    for (int i = 0; i < units; i++) {
        int choice = choices->path[i];
        flops += choices->unit[choices->chosen[choice]][choices->class_of[layer]].recomputed_flops;
        layer += choices->span[choice];
    }
    return flops;
}
