/* The total over micro-batch and sequence length, exact in every cell, from few evaluations.
 *
 * Of one sequence length, and from two sequences on, the record is the same whatever the micro-batch: the same operations
 * on tensors whose bytes are affine in it. So live bytes are affine at each moment, and a peak, the highest of them, is a
 * convex, piecewise linear function. Where such a function meets a straight line in three points, it is that line between
 * the outer two. What breaks this is known (is_affine), and evaluated cell by cell. */
#include "bytes.h"
#include "fit.h"
#include "input.h"
#include "proven.h"
#include "wiring.h"

#include <string.h>

/* ---- axes ---- */

/* The smallest step, a power of two as lengths are multiples of, by which at most `most` of them lead so far. */
static int64_t round_step(int64_t distance, int64_t most)
{
    int64_t step = 1;
    while (step * most < distance) step *= 2;
    return step;
}

/* From first to last in at most AM_MAP_MOST values, in equal steps but for the last one. Returns how many. */
static int spread(int64_t axis[AM_MAP_MOST], int64_t first, int64_t last)
{
    int count = 0;
    int64_t step = round_step(last - first, AM_MAP_MOST - 1);
    for (int64_t value = first; value < last; value += step) axis[count++] = value;
    axis[count++] = last;
    return count;
}

/* The value of key=first..last in the text; NULL if it is not given so. */
static char *find_range(char *text, const char *key)
{
    size_t length = strlen(key);
    for (char *at = strstr(text, key); at; at = strstr(at + 1, key)) {
        bool starts = at == text || at[-1] == '&' || (unsigned char)at[-1] <= ' ';
        if (!starts || at[length] != '=') continue;
        char *value = at + length + 1, *end = value + strcspn(value, "& \t\n\r"), *dots = strstr(value, "..");
        if (dots && dots < end) return value;
    }
    return NULL;
}

static am_code read_axis(int64_t axis[AM_MAP_MOST], int *count, char *text, am_field_id id, am_status *status)
{
    const am_field *field = &am_fields[id];
    char *value = find_range(text, field->key);
    *count = 0;
    if (!value) return AM_OK;
    int64_t first, last;
    char *dots = strstr(value, "..");
    size_t length = strcspn(dots + 2, "& \t\n\r");
    if (!am_read_integer(value, (size_t)(dots - value), &first) || !am_read_integer(dots + 2, length, &last))
        return am_fail(status, AM_BAD_VALUE, field->key, "%s of a map must be a number or a range, as %s=1..64", field->key, field->key);
    if (first < field->least || last > field->most || first > last)
        return am_fail(status, AM_OUT_OF_RANGE, field->key, "%s of a map must be a range from %d up to %d, smaller number first",
                       field->key, field->least, field->most);
    *count = spread(axis, first, last);
    memset(dots, ' ', length + 2);
    return AM_OK;
}

am_code am_map_axes(am_map *map, char *text, am_status *status)
{
    *status = (am_status){0};
    map->batches = map->seqs = 0;
    am_code code = read_axis(map->batch, &map->batches, text, AM_F_batch, status);
    return code == AM_OK ? read_axis(map->seq, &map->seqs, text, AM_F_seq, status) : code;
}

/* At most 64 equal steps up to four times the length, or to the last position: of a power of two, as lengths are, and a
 * multiple of what the ranks share out. */
static void usual_axes(am_map *map)
{
    const am_config *config = &map->config;
    bool table = config->positions == AM_LEARNED || am_wiring_of(config)->table;
    int64_t last = 4 * config->seq, parts = (config->sp ? config->tp : 1) * (config->cp > 1 ? 2 * config->cp : 1);
    if (last > am_fields[AM_F_seq].most) last = am_fields[AM_F_seq].most;
    if (table && last > config->max_positions) last = config->max_positions;
    int64_t step = am_divide_up(round_step(last, AM_MAP_MOST), parts) * parts;
    if (map->batches == 0) map->batches = spread(map->batch, 1, AM_MAP_MOST);
    if (map->seqs > 0) return;
    for (int64_t seq = step; seq <= last; seq += step) map->seq[map->seqs++] = seq;
}

/* ---- cells ---- */

enum { UNKNOWN = -2 };

typedef struct am_row_search {
    am_map *map;
    am_workspace *workspace;
    am_config config; /* as it was given, with this row's length */
    int64_t *total;   /* of the row */
} am_row_search;

static int64_t cell(am_row_search *row, int i)
{
    am_status status;
    am_totals *totals = &row->workspace->totals;
    if (row->total[i] != UNKNOWN) return row->total[i];
    row->config.batch = row->map->batch[i];
    row->map->evaluations++;
    bool refused = am_evaluate_totals(totals, row->workspace, &row->config, &status) != AM_OK;
    return row->total[i] = refused ? -1 : totals->fit.total;
}

/* Bytes a sequence between two known cells; false where they are not a whole number: then no straight line joins them. */
static bool slope(const am_row_search *row, int i, int j, int64_t *bytes)
{
    int64_t rise = row->total[j] - row->total[i], run = row->map->batch[j] - row->map->batch[i];
    *bytes = rise / run;
    return rise % run == 0;
}

static int64_t line(const am_row_search *row, int i, int64_t bytes, int j)
{
    return row->total[i] + bytes * (row->map->batch[j] - row->map->batch[i]);
}

/* Cells between two known ones on one straight line. */
static void fill_line(am_row_search *row, int i, int j, int64_t bytes)
{
    for (int k = i + 1; k < j; k++) row->total[k] = line(row, i, bytes, k);
}

/* The last cell, from `first` to before `last`, at which the line through cell i is not below that through cell j. */
static int crossing(const am_row_search *row, int i, int64_t left, int j, int64_t right, int first, int last)
{
    int k = first;
    while (k + 1 < last && line(row, i, left, k + 1) >= line(row, j, right, k + 1)) k++;
    return k;
}

static void fill(am_row_search *row, int i, int j);

/* From its end at i, or at j, to the cell k: on the line that the end's neighbour shows, or to be searched. */
static void fill_side(am_row_search *row, int end, int64_t bytes, int k)
{
    bool straight = cell(row, k) == line(row, end, bytes, k);
    int first = end < k ? end : k, last = end < k ? k : end;
    if (straight)
        fill_line(row, first, last, bytes);
    else
        fill(row, first, last);
}

/* Cells between two known ones of a convex function: from both ends the lines that their neighbours show, and what is at
 * their crossing. */
static void fill(am_row_search *row, int i, int j)
{
    int64_t left, right;
    if (j - i < 2) return;
    cell(row, i + 1);
    cell(row, j - 1);
    if (j - i < 4) return;
    bool whole = slope(row, i, i + 1, &left) && slope(row, j - 1, j, &right);
    /* a convex function that leaves and arrives alike is one line */
    if (whole && left == right && AM_ALWAYS(line(row, i, left, j) == row->total[j])) return fill_line(row, i, j, left);
    int k = whole ? crossing(row, i, left, j, right, i + 1, j - 1) : i + (j - i) / 2;
    if (!whole) {
        cell(row, k);
        fill(row, i, k);
        return fill(row, k, j);
    }
    fill_side(row, i, left, k);
    fill_side(row, j, right, k + 1);
}

/* Whether every tensor's bytes are affine in the micro-batch, from two sequences on, and peaks convex; where blocks are rounded
 * up as far as am_extents.even_to says, which knows whole tensors alone. Not so where rows are taken in powers of two, where a kernel wants multiples of four matrices, where experts'
 * shares are rounded, and where the policy itself is chosen by the totals. */
static bool is_affine(const am_config *config, am_policy policy)
{
    bool parts = config->cp > 1 || config->distribute_saved;
    bool rounded = (config->allocator != AM_ALLOCATOR_EXACT && parts) || config->loss == AM_LOSS_FUSED || config->loss == AM_LOSS_CUT;
    bool fused = config->stack == AM_STACK_MEGATRON_LOCAL && config->attention == AM_EAGER;
    if (rounded || fused || config->expert_imbalance != am_fields[AM_F_expert_imbalance].value) return false;
    switch (policy.kind) {
    case AM_POLICY_NONE:
    case AM_POLICY_FULL:
    case AM_POLICY_EVERY:
    case AM_POLICY_UNIFORM:
    case AM_POLICY_BLOCK:
    case AM_POLICY_SQRT:
    case AM_POLICY_REGIONS:
    case AM_POLICY_SAVE_MATMULS:
    case AM_POLICY_SAVE_HALF_MATMULS:
    case AM_POLICY_MODULES:
    case AM_POLICY_SAVE_LIST: return true;
    default: return false;
    }
}

static void fill_row(am_row_search *row, bool affine)
{
    int first = 0, count = row->map->batches, last = count - 1;
    while (first < last && row->map->batch[first] < 2) first++; /* one sequence: copies that more need are none */
    if (affine && cell(row, first) >= 0)
        while (last > first && row->map->batch[last] > row->workspace->extents.even_to) last--;
    if (affine && row->total[first] >= 0 && cell(row, last) >= 0) fill(row, first, last);
    for (int i = 0; i < count; i++) cell(row, i);
}

__attribute__((noinline)) am_code am_fit_map(am_map *map, am_workspace *workspace, const am_config *config, am_status *status)
{
    am_row_search row = {.map = map, .workspace = workspace, .config = *config};
    if (map->batches > 0) row.config.batch = map->batch[0];
    if (map->seqs > 0) row.config.seq = map->seq[0];
    if (am_evaluate_totals(&workspace->totals, workspace, &row.config, status)) return status->code;
    map->config = workspace->totals.config;
    map->memory = workspace->totals.fit.memory;
    map->reserve = workspace->totals.fit.reserve;
    map->evaluations = 0;
    bool affine = is_affine(&map->config, workspace->totals.policy);
    usual_axes(map);
    for (int i = 0; i < map->seqs; i++) {
        row.config.seq = map->seq[i];
        row.total = map->total[i];
        for (int k = 0; k < map->batches; k++) row.total[k] = UNKNOWN;
        fill_row(&row, affine);
    }
    return AM_OK;
}
