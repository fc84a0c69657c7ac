/* What else would fit: the largest micro-batch, the longest sequence, the smallest number of GPUs. Found by evaluating
 * configurations, none of it by a formula: a total grows with the batch and the sequence, and falls with the GPUs that
 * share it out, so that bisection finds where it crosses the memory. What is not monotone (kernels that want multiples of
 * four or eight) is looked at one by one around it. */
#include "bytes.h"
#include "fit.h"
#include "input.h"
#include "policies.h"
#include "proven.h"
#include "wiring.h"
#include "writer.h"

#include <string.h>

typedef struct am_search {
    am_workspace *workspace;
    am_config config; /* as it was given; what is searched for is changed in it */
    int64_t *value;   /* the number in it that is */
    int64_t most;
    am_status status; /* of the last evaluation */
} am_search;

/* Evaluates the configuration with this number. Returns its total; -1 where it is refused or too large. */
static int64_t total_of(am_search *search, int64_t value)
{
    am_totals *totals = &search->workspace->totals;
    *search->value = value;
    return am_evaluate_totals(totals, search->workspace, &search->config, &search->status) ? -1 : totals->fit.total;
}

static bool fits(am_search *search, int64_t value)
{
    return total_of(search, value) >= 0 && am_fit_fits(&search->workspace->totals.fit);
}

/* The largest multiple of `unit` from first to last that fits, where those below it do; 0 if the first does not. */
static int64_t largest_between(am_search *search, int64_t unit, int64_t first, int64_t last)
{
    int64_t low = 0, high = 1, end = (last - first) / unit + 1; /* units above the first */
    if (first > last || !fits(search, first)) return 0;
    while (high < end && fits(search, first + high * unit)) {
        low = high;
        high *= 2;
    }
    if (high > end) high = end;
    while (high - low > 1) {
        int64_t middle = low + (high - low) / 2;
        if (fits(search, first + middle * unit))
            low = middle;
        else
            high = middle;
    }
    return first + low * unit;
}

/* Megatron's fused softmax is for other shapes in each of these ranges of lengths (core/megatron.c), and unfused takes
 * more: within one a total grows, between two it may fall. */
static int64_t largest(am_search *search, int64_t unit, bool lengths)
{
    const int64_t bound[] = {0, 16, 128, 4096, search->most};
    int count = sizeof bound / sizeof *bound;
    if (AM_NEVER(unit <= 0)) return 0; /* a common multiple of numbers above 0 */
    if (!lengths) return largest_between(search, unit, unit, search->most);
    for (int i = count - 2; i >= 0; i--) {
        int64_t value = largest_between(search, unit, (bound[i] / unit + 1) * unit, bound[i + 1] / unit * unit);
        if (value) return value;
    }
    return 0;
}

/* The largest that fits from this one on, as long as another does within `reach`. */
static int64_t furthest(am_search *search, int64_t value, int64_t reach)
{
    for (int64_t i = 1; i <= reach; i++)
        if (fits(search, value + i)) {
            value += i;
            i = 0;
        }
    return value;
}

/* Of what was evaluated last. */
static void write_answer(const am_search *search, am_answer *answer, bool found, int64_t value, int64_t total)
{
    answer->found = found;
    answer->value = value;
    answer->total = total;
    answer->config = search->workspace->totals.config;
    answer->next = 0;
    answer->next_total = -1;
    answer->why[0] = '\0';
}

/* The next larger one that is no refusal, within `reach`, and what it would take; else why there is none. */
static void write_next(am_search *search, am_answer *answer, int64_t reach)
{
    if (!answer->found) return;
    for (int64_t i = 1; i <= reach; i++) {
        answer->next = answer->value + i;
        answer->next_total = total_of(search, answer->next);
        if (answer->next_total >= 0) return;
    }
    answer->next = answer->value + 1;
    total_of(search, answer->next);
    am_copy_text(answer->why, sizeof answer->why, search->status.message, strlen(search->status.message));
}

static int64_t common_multiple(int64_t x, int64_t y)
{
    int64_t divisor = am_common_divisor(x, y);
    return AM_NEVER(divisor <= 0) ? 1 : x / divisor * y; /* of numbers above 0 */
}

/* unit: what is bisected, since multiples of it suit every kernel alike; step: what the stack takes. */
static void search_up(am_search *search, am_answer *answer, am_field_id id, int64_t unit, int64_t step)
{
    search->value = am_field_number(&search->config, &am_fields[id]);
    search->most = am_fields[id].most;
    int64_t own = *search->value;
    int64_t value = furthest(search, largest(search, unit, id == AM_F_seq), 2 * unit);
    answer->id = am_fields[id].key;
    int64_t total = total_of(search, value ? value : step);
    write_answer(search, answer, value > 0, value ? value : step, total);
    write_next(search, answer, step);
    *search->value = own;
}

/* ---- GPUs ---- */

/* One GPU shares nothing out, and a stack may refuse to call that ZeRO. Returns the total. */
static int64_t total_of_ranks(am_search *search, int64_t dp)
{
    int64_t zero = search->config.zero;
    if (dp * search->config.cp == 1 && (zero == 3 || search->config.tp == 1)) search->config.zero = 0;
    int64_t total = total_of(search, dp);
    search->config.zero = zero;
    return total;
}

static bool ranks_fit(am_search *search, int64_t dp)
{
    return total_of_ranks(search, dp) >= 0 && am_fit_fits(&search->workspace->totals.fit);
}

/* The number of GPUs of what was evaluated last. */
static int64_t gpus_of(const am_search *search)
{
    const am_config *config = &search->workspace->totals.config;
    return config->tp * config->cp * config->pp * config->dp;
}

/* Sizes of the groups of GPUs that share a model out: tensor-parallel ones, and of experts expert-parallel ones. */
typedef struct am_team {
    int64_t tp, ep;
    int64_t ranks; /* data-parallel ones come in multiples of so many: the groups of experts lie across them */
} am_team;

static void use_team(am_search *search, const am_team *team)
{
    search->config.tp = team->tp;
    search->config.ep = team->ep;
}

/* The group behind this one that the stack has for this model; false: there are no more. Begins with a group of zeros. */
static bool next_team(am_search *search, const am_config *resolved, am_team *team)
{
    bool experts = resolved->experts > 0 && am_wiring_of(resolved)->any;
    if (team->tp == 0) team->tp = 1;
    for (;;) {
        team->ep++;
        if (team->ep > (experts ? resolved->experts : 1)) {
            team->tp++;
            team->ep = 1;
        }
        if (team->tp > resolved->heads) return false;
        if (resolved->heads % team->tp != 0 || (experts && resolved->experts % team->ep != 0)) continue;
        use_team(search, team);
        int64_t groups = experts ? (search->config.etp == AM_AUTO ? team->tp : search->config.etp) * team->ep : 1;
        team->ranks = groups / am_common_divisor(groups, team->tp * search->config.cp);
        if (total_of_ranks(search, team->ranks) >= 0) return true; /* of as few ranks as its groups take */
    }
}

/* The smallest number of data-parallel ranks with which it fits; 0 if none does. Only what is shared out shrinks. */
static int64_t smallest_ranks(am_search *search, const am_team *team, int64_t most)
{
    int64_t unit = team->ranks, low = 1, high = 2, end = most / unit;
    use_team(search, team);
    if (ranks_fit(search, unit)) return unit;
    if (search->config.zero == 0) return 0;
    while (high < end && !ranks_fit(search, high * unit)) {
        low = high;
        high *= 2;
    }
    if (high > end) high = end;
    if (!ranks_fit(search, high * unit)) return 0;
    while (high - low > 1) {
        int64_t middle = low + (high - low) / 2;
        if (ranks_fit(search, middle * unit))
            high = middle;
        else
            low = middle;
    }
    return high * unit;
}

/* The most GPUs below those of the answer, in whatever groups, and the least that they would take. */
static void write_fewer(am_search *search, am_answer *answer, const am_config *resolved)
{
    int64_t others = resolved->cp * resolved->pp, most = 0;
    if (AM_NEVER(others <= 0)) return; /* of a configuration that is resolved */
    int64_t best = answer->value / others;
    for (am_team team = {0}; next_team(search, resolved, &team);) {
        int64_t each = team.tp * team.ranks, times = search->config.zero == 0 ? each < best : (best - 1) / each;
        if (times == 0 || times * each < most) continue;
        int64_t total = total_of_ranks(search, times * team.ranks);
        if (total < 0 || (times * each == most && total >= answer->next_total)) continue;
        most = times * each;
        answer->next = most * others;
        answer->next_total = total;
    }
}

/* Over the groups that the stack has for this model, the fewest data-parallel ranks with each. */
static void search_gpus(am_search *search, am_answer *answer, const am_config *resolved)
{
    const int64_t own_tp = search->config.tp, own_ep = search->config.ep, own_dp = search->config.dp;
    am_team best = {own_tp, own_ep, 0};
    int64_t fewest = 0, dp = resolved->dp, most = am_fields[AM_F_dp].most;
    search->value = &search->config.dp;
    for (am_team team = {0}; next_team(search, resolved, &team);) {
        if (fewest && team.tp * team.ranks >= fewest) continue;
        int64_t ranks = smallest_ranks(search, &team, most);
        if (ranks == 0 || (fewest && team.tp * ranks >= fewest)) continue;
        fewest = team.tp * ranks;
        best = team;
        dp = ranks;
    }
    use_team(search, &best);
    answer->id = "gpus";
    int64_t total = total_of_ranks(search, dp);
    write_answer(search, answer, fewest > 0, gpus_of(search), total);
    if (fewest) write_fewer(search, answer, resolved);
    search->config.tp = own_tp;
    search->config.ep = own_ep;
    search->config.dp = own_dp;
}

/* A frame of its own: it holds a configuration. */
__attribute__((noinline)) void am_fit_gpus(am_answer *answer, am_workspace *workspace, const am_config *given, const am_config *resolved)
{
    am_search search = {.workspace = workspace, .config = *given};
    search_gpus(&search, answer, resolved);
}

/* ---- the cheapest checkpointing plan ---- */

/* The total with the cheapest plan that peaks at no more than so many bytes; -1 where there is none. below: above which a larger size
 * has another plan. */
static int64_t total_of_budget(am_search *search, int64_t bytes, int64_t below)
{
    am_totals *totals = &search->workspace->totals;
    char size[32];
    am_writer text = am_writer_of(search->config.checkpoint, sizeof search->config.checkpoint);
    AM_WRITE(&text, "budget:");
    am_write_text(&text, am_size_text(bytes, below, size, sizeof size));
    am_writer_end(&text);
    return am_evaluate_totals(totals, search->workspace, &search->config, &search->status) ? -1 : totals->fit.total;
}

/* The peaks that are worth asking for: those of the frontier, from the last evaluation; of a pipeline every MiB. */
static int64_t budget_at(const am_search *search, int64_t index)
{
    const am_workspace *workspace = search->workspace;
    if (workspace->totals.config.pp > 1) return (index + 1) << 20;
    return workspace->choices.ends.forward + workspace->frontier.point[index].peak;
}

/* Of the budget at an index, as round as the next one allows where no plan is between them. */
static int64_t total_at(am_search *search, int64_t index, int64_t points)
{
    const bool between = search->workspace->totals.config.pp > 1 || search->workspace->choices.hull;
    const int64_t bytes = budget_at(search, index);
    return total_of_budget(search, bytes, index + 1 < points && !between ? budget_at(search, index + 1) : bytes + 1);
}

/* Does a budget fit, or is it too small for any plan? */
static bool is_low(am_search *search, int64_t index, int64_t points)
{
    return total_at(search, index, points) < 0 || am_fit_fits(&search->workspace->totals.fit);
}

/* A larger budget has a cheaper plan and, mostly, a larger total; in another plan the gradients of parameters may stand elsewhere. */
static bool search_plan(am_search *search, am_answer *answer, int64_t memory)
{
    if (total_of_budget(search, memory, memory + 1) < 0 && search->status.code == AM_UNSUPPORTED) return false;
    const bool ranks = search->workspace->totals.config.pp > 1;
    const int64_t points = ranks ? memory >> 20 : search->workspace->frontier.points;
    int64_t low = -1, high = points;
    while (high - low > 1) {
        int64_t middle = low + (high - low) / 2;
        if (is_low(search, middle, points))
            low = middle;
        else
            high = middle;
    }
    for (int64_t ahead = 1; low + ahead < points && !ranks; ahead += ahead < 8 ? 1 : ahead)
        if (is_low(search, low + ahead, points)) {
            low += ahead;
            ahead = 0;
        }
    int64_t total = total_at(search, low < 0 ? 0 : low, points), budget;
    const char *size = search->config.checkpoint + strlen("budget:");
    bool found = low >= 0 && total >= 0;
    am_read_bytes(size, strlen(size), &budget);
    answer->id = "plan";
    write_answer(search, answer, found, budget, total);
    if (!found || low + 1 == points) return true;
    answer->next = budget_at(search, low + 1);
    answer->next_total = total_of_budget(search, answer->next, answer->next + 1);
    return true;
}

/* What ranks cut a sequence into: context-parallel ones into two chunks each, sequence-parallel ones each rank's tokens, or with
 * PyTorch's ring each chunk. */
static int64_t parts_of_sequence(const am_config *config)
{
    int64_t chunks = config->cp > 1 ? 2 * config->cp : 1, own = config->sp ? config->tp : 1;
    return common_multiple(chunks, own * (config->stack == AM_STACK_TORCH ? chunks : config->cp));
}

/* A frame of its own: it holds a configuration. */
__attribute__((noinline)) static void search_all(am_report *report, am_workspace *workspace, const am_config *config)
{
    const am_config *resolved = &report->config;
    am_search search = {.workspace = workspace, .config = *config};
    int64_t parts = parts_of_sequence(resolved);
    search_up(&search, &report->answer[report->answers++], AM_F_batch, 8, 1);
    search_up(&search, &report->answer[report->answers++], AM_F_seq, common_multiple(8, parts), parts);
    search_gpus(&search, &report->answer[report->answers++], resolved);
    search.config.reentrant = AM_AUTO; /* a plan's regions are run again by the stack's own function */
    if (search_plan(&search, &report->answer[report->answers], report->fit.memory)) report->answers++;
}

__attribute__((noinline)) /* its configurations stand in no frame of its caller's */
void am_fit_search(am_report *report, am_workspace *workspace, const am_config *config)
{
    report->answers = report->changes = 0;
    am_switches_search(report, workspace, config);
    if (!report->config.fit) return;
    search_all(report, workspace, config);
    am_fit_changes(report, workspace, config);
}
