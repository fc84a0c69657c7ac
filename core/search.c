/* What else would fit: the largest micro-batch, the longest sequence, the smallest number of GPUs. Found by evaluating
 * configurations, none of it by a formula: a total grows with the batch and the sequence, and falls with the GPUs that
 * share it out, so that bisection finds where it crosses the memory. What is not monotone (kernels that want multiples of
 * four or eight) is looked at one by one around it. */
#include "bytes.h"
#include "evaluate.h"
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
    int64_t distance; /* of a pipeline's budgets */
    am_status status; /* of the last evaluation */
    /* of the search for GPUs */
    am_gpu_space *space;
    const am_config *resolved;
    int64_t experts; /* that the stack shares out; 1: none */
    bool even;       /* stages may be as even as they go */
    int weight;      /* of an evaluation */
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
    answer->doubt = (am_doubt){0};
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

/* From what is changed last to what is changed first. */
enum { ZERO, CP, PP, EP, SP, TP };
static const am_field_id axes[AM_GPU_AXES] = {AM_F_zero, AM_F_cp, AM_F_pp, AM_F_ep, AM_F_sp, AM_F_tp};

/* How far beyond what is given: tensor parallelism speaks at every layer and stays on one server of eight GPUs. */
enum { MOST_TP = 8, MOST_CP = 16, MOST_PP = 64, MOST_EP = 64 };

/* Evaluations before a search ends early, of which a policy that is itself searched for counts as many. */
enum { MOST_TRIED = 4096, SEARCHED = 64 };

/* How the GPUs share a model out: the values of the axes, and how many data-parallel ranks come together, since the groups of
 * experts lie across them. */
typedef struct am_arrangement {
    int at[AM_GPU_AXES]; /* in the space */
    int64_t each;        /* GPUs of one data-parallel rank */
    int64_t ranks;
} am_arrangement;

static void add_value(am_gpu_axis *axis, int64_t value)
{
    for (int i = 0; i < axis->count; i++)
        if (axis->value[i] == value) return;
    if (AM_NEVER(axis->count == AM_GPU_VALUES)) return; /* at most 22 numbers up to 64 divide one up to 1000, and seven are powers of two */
    axis->value[axis->count++] = (int32_t)value;
}

/* Numbers that divide n, up to `most`. */
static void add_divisors(am_gpu_axis *axis, int64_t n, int64_t most)
{
    for (int64_t i = 1; i <= most && i <= n; i++)
        if (n % i == 0) add_value(axis, i);
}

static void add_powers(am_gpu_axis *axis, int64_t most)
{
    for (int64_t i = 1; i <= most; i *= 2) add_value(axis, i);
}

/* What is looked at: as given, which comes first, and beside it what the stack has. Stages divide the layers, or are a power of two of
 * them, as even as they go; groups of experts divide these. */
static void list_space(am_search *search, const am_config *resolved)
{
    am_gpu_axis *axis = search->space->axis;
    memset(search->space, 0, sizeof *search->space);
    for (int i = 0; i < AM_GPU_AXES; i++) {
        axis[i].id = axes[i];
        add_value(&axis[i], am_field_number_of(&search->config, &am_fields[axes[i]]));
    }
    const int64_t most = am_wiring_of(resolved)->any ? 1 : 3; /* Megatron's distributed optimizer, FSDP2 */
    for (int64_t zero = most; zero > 0 && search->config.zero == 0; zero--) add_value(&axis[ZERO], zero);
    add_powers(&axis[CP], MOST_CP);
    if (search->even) add_divisors(&axis[PP], resolved->layers, MOST_PP);
    if (search->even) add_powers(&axis[PP], am_smaller(resolved->layers, MOST_PP));
    add_divisors(&axis[TP], resolved->heads, MOST_TP);
    add_divisors(&axis[EP], search->experts, MOST_TP);
    add_powers(&axis[EP], am_smaller(search->experts, MOST_EP));
    add_value(&axis[SP], 0);
    add_value(&axis[SP], 1);
}

/* Stages that do not divide the layers are as even as they go. */
static void lay_stages(am_config *config, const am_config *resolved)
{
    am_config stages = *config;
    stages.layers = resolved->layers;
    stages.vpp = config->vpp == AM_AUTO ? 1 : config->vpp;
    config->stage_layers[0] = '\0';
    if (stages.layers % (stages.pp * stages.vpp) != 0 && stages.pp * stages.vpp < stages.layers) am_stages_even(&stages, config->stage_layers);
}

/* Makes the configuration this arrangement. False: there is none such. */
static bool use(am_search *search, am_arrangement *team)
{
    am_config *config = &search->config;
    for (int i = 0; i < AM_GPU_AXES; i++)
        *am_field_number(config, &am_fields[axes[i]]) = search->space->axis[i].value[team->at[i]];
    const int64_t etp = config->etp == AM_AUTO ? config->tp : config->etp, groups = search->experts > 1 ? etp * config->ep : 1;
    team->each = config->tp * config->cp * config->pp;
    team->ranks = groups / am_common_divisor(groups, config->tp * config->cp);
    if (search->even) lay_stages(config, search->resolved);
    return (config->tp > 1 || !config->sp) && search->experts % config->ep == 0;
}

/* The arrangement behind this one, the last axis first. False: there is none. */
static bool step(const am_gpu_space *space, am_arrangement *team)
{
    for (int i = AM_GPU_AXES - 1; i >= 0; i--) {
        if (++team->at[i] < space->axis[i].count) return true;
        team->at[i] = 0;
    }
    return false;
}

/* As many times the ranks that come together as are fewer GPUs than `most`; ranks that share nothing out do not help. */
static int64_t times_below(const am_search *search, const am_arrangement *team, int64_t most)
{
    const int64_t times = am_smaller((most - 1) / (team->each * team->ranks), am_fields[AM_F_dp].most / team->ranks);
    return search->config.zero == 0 ? am_smaller(times, 1) : times;
}

/* The total of an arrangement with so many ranks, and whether it fits; -1: it is refused, or the search has ended. */
static int64_t total_of_team(am_search *search, const am_arrangement *team, int64_t ranks, bool *fits)
{
    am_gpu_space *space = search->space;
    space->tried += search->weight;
    space->stopped |= space->tried > MOST_TRIED;
    *fits = false;
    if (space->stopped) return -1;
    const int64_t total = total_of_ranks(search, ranks);
    *fits = total >= 0 && am_fit_fits(&search->workspace->totals.fit);
    const bool zero = search->workspace->totals.config.zero == search->config.zero; /* one GPU has none */
    for (int i = zero ? ZERO : CP; i < AM_GPU_AXES && total >= 0; i++) space->axis[i].taken |= (uint32_t)1 << team->at[i];
    return total;
}

/* What was found for GPUs: an arrangement, and its ranks. */
typedef struct am_found {
    am_arrangement team;
    int64_t dp, gpus; /* gpus: INT64_MAX where none fits, and the arrangement is that which takes least */
    int64_t least;
} am_found;

static void note_found(am_found *found, const am_arrangement *team, int64_t times, int64_t total, bool fits)
{
    if (!fits && (found->gpus < INT64_MAX || total >= found->least)) return;
    found->least = total;
    found->team = *team;
    found->dp = times * team->ranks;
    if (fits) found->gpus = found->dp * team->each;
}

/* Bounds of the smallest number of times the ranks that come together that fits: *low does not, *high does. Each time they are twice as
 * many, what they share out is halved, so that all further steps save no more than the last: where twice that would not do, none fits,
 * and this is false. The step from one rank, which shares nothing out, says nothing of them. */
static bool find_bounds(am_search *search, const am_arrangement *team, am_found *found, int64_t *low, int64_t *high)
{
    const am_fit *fit = &search->workspace->totals.fit;
    int64_t last = INT64_MAX;
    bool fits;
    *low = 0;
    for (int64_t times = 1;; times = am_smaller(2 * times, *high)) {
        const int64_t total = total_of_team(search, team, times * team->ranks, &fits);
        if (total < 0) return false;
        const int64_t saved = last - total;
        note_found(found, team, times, total, fits);
        if (fits) {
            *high = times;
            return true;
        }
        if (times == *high || (last < INT64_MAX && (saved <= 0 || am_fit_free(fit) + 2 * saved < 0))) return false;
        *low = times;
        if (am_data_ranks(&search->workspace->totals.config) > 1) last = total;
    }
}

/* Looks at an arrangement, of as few ranks as hold it, with fewer GPUs than those that were found. */
static void try_team(am_search *search, am_arrangement *team, am_found *found)
{
    int64_t high = use(search, team) ? times_below(search, team, found->gpus) : 0, low;
    if (high == 0 || !find_bounds(search, team, found, &low, &high)) return;
    while (high - low > 1) {
        bool fits;
        const int64_t middle = low + (high - low) / 2, total = total_of_team(search, team, middle * team->ranks, &fits);
        if (fits) note_found(found, team, middle, total, true);
        if (fits)
            high = middle;
        else
            low = middle;
    }
}

/* The most GPUs below those of the answer, in whatever arrangement, and the least that they would take. */
static void write_fewer(am_search *search, am_answer *answer)
{
    am_arrangement team = {{0}, 0, 0};
    int64_t most = 0;
    bool fits; /* is not asked */
    do {
        if (!use(search, &team)) continue;
        const int64_t times = times_below(search, &team, answer->value), gpus = times * team.ranks * team.each;
        if (times == 0 || gpus < most) continue;
        const int64_t total = total_of_team(search, &team, times * team.ranks, &fits);
        if (total < 0 || (gpus == most && total >= answer->next_total)) continue;
        answer->next = most = gpus;
        answer->next_total = total;
    } while (step(search->space, &team));
}

/* Over all arrangements that the stack has for this model, the fewest data-parallel ranks with each; the first of as few GPUs. */
static void search_gpus(am_search *search, am_answer *answer)
{
    const am_config *config = &search->workspace->totals.config;
    am_arrangement team = {{0}, 0, 0};
    am_found found = {.gpus = INT64_MAX, .least = INT64_MAX, .dp = search->resolved->dp};
    search->value = &search->config.dp;
    list_space(search, search->resolved);
    do try_team(search, &team, &found);
    while (step(search->space, &team));
    answer->id = "gpus";
    use(search, &found.team);
    const int64_t total = total_of_ranks(search, found.dp);
    write_answer(search, answer, found.gpus < INT64_MAX, config->tp * config->cp * config->pp * config->dp, total);
    if (answer->found) write_fewer(search, answer);
}

/* A frame of its own: it holds a configuration. */
__attribute__((noinline)) void am_fit_gpus(am_answer *answer, am_gpu_space *space, am_workspace *workspace, const am_config *given,
                                           const am_config *resolved)
{
    am_policy policy = {0};
    am_status status;
    am_policy_parse(&policy, given, &status); /* which has been resolved */
    const bool searched = policy.kind == AM_POLICY_BUDGET || policy.kind == AM_POLICY_BEST_SEGMENTS || policy.kind == AM_POLICY_MEMORY_BUDGET ||
                          am_policy_is_schedule(policy);
    am_search search = {.workspace = workspace,
                        .config = *given,
                        .space = space,
                        .resolved = resolved,
                        .experts = resolved->experts > 0 && am_wiring_of(resolved)->any ? resolved->experts : 1,
                        .even = *given->stage_layers == '\0',
                        .weight = searched ? SEARCHED : 1};
    search_gpus(&search, answer);
}

int64_t am_gpu_axis_next(const am_gpu_axis *axis, int64_t value)
{
    int64_t next = -1;
    for (int i = 0; i < axis->count; i++)
        if (axis->taken >> i & 1 && axis->value[i] > value && (next < 0 || axis->value[i] < next)) next = axis->value[i];
    return next;
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

/* A pipeline's budgets are so far apart: a MiB, or where there is less than 16 GiB of memory a part of one. */
static int64_t distance_of(int64_t memory)
{
    int64_t distance = 1 << 20;
    while (distance > 1 && memory / distance < 1 << 14) distance /= 2;
    return distance;
}

/* The peaks that are worth asking for: those of the frontier, from the last evaluation; of a pipeline all at a distance. */
static int64_t budget_at(const am_search *search, int64_t index)
{
    const am_workspace *workspace = search->workspace;
    if (workspace->totals.config.pp > 1) return (index + 1) * search->distance;
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
    search->distance = distance_of(memory);
    const int64_t points = ranks ? memory / search->distance : search->workspace->frontier.points;
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
    answer->doubt = am_budget_doubt(search->workspace, search->workspace->totals.policy, &search->workspace->totals.outcome);
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
    am_fit_gpus(&report->answer[report->answers++], &report->gpu_space, workspace, config, resolved);
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
