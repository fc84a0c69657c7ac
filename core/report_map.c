/* A map's JSON, and its text for people. */
#include "fit.h"
#include "grid.h"
#include "query.h"

/* ---- JSON */

size_t am_map_json(const am_map *map, char *buffer, size_t size)
{
    am_writer json = am_writer_of(buffer, size);
    const am_preset *preset = am_preset_find(map->config.model);
    am_query query = am_query_of(&map->config, preset);
    am_json_open(&json, '{');
    AM_PUT_INT(&json, "version", AM_REPORT_VERSION);
    AM_PUT_PLAIN(&json, "actmem", AM_VERSION);
    AM_KEY(&json, "query");
    am_json_quote(&json);
    am_write_query(&json, &query, &map->config, preset);
    am_json_unquote(&json);
    AM_PUT_FIGURE(&json, "memory_bytes", map->memory);
    AM_PUT_INT(&json, "reserve_bytes", map->reserve);
    am_json_basis(&json, &map->config);
    AM_KEY(&json, "batch");
    am_json_ints(&json, map->batches, map->batch);
    AM_KEY(&json, "seq");
    am_json_ints(&json, map->seqs, map->seq);
    AM_OPEN(&json, "total_bytes", "[");
    for (int i = 0; i < map->seqs; i++) {
        am_json_open(&json, '[');
        for (int k = 0; k < map->batches; k++) am_json_figure(&json, map->total[i][k]);
        am_json_close(&json, ']');
    }
    am_json_close(&json, ']');
    AM_PUT_INT(&json, "evaluations", map->evaluations);
    return am_json_end(&json, '}');
}

/* ---- text */

enum { COLUMNS = 6, ROWS = 16 };

/* The grid is the first member, so that its cells find the rest. */
typedef struct am_map_grid {
    am_grid grid;
    const am_map *map;
    int column[COLUMNS], row[ROWS]; /* what is shown of the axes */
    char head[COLUMNS][24];
} am_map_grid;

static bool fits(const am_map *map, int64_t total)
{
    return total >= 0 && total <= map->memory - map->reserve;
}

static void write_total(am_writer *out, const am_map *map, int64_t total)
{
    static const int64_t units[] = {[AM_GIB] = (int64_t)1 << 30, [AM_GB] = 1000000000, [AM_BYTES] = 1};
    int64_t unit = units[map->config.units];
    if (total < 0)
        AM_WRITE(out, "-");
    else if (unit == 1)
        am_write_thousands(out, total);
    else
        am_write_ratio(out, total, unit, total < 10 * unit ? 2 : 1, false);
    if (map->memory >= 0) am_write_text(out, fits(map, total) ? " " : "!");
}

/* The largest micro-batch of a row that fits. */
static void write_largest(am_writer *out, const am_map *map, int row)
{
    int64_t largest = 0;
    for (int i = 0; i < map->batches; i++)
        if (fits(map, map->total[row][i])) largest = map->batch[i];
    if (largest)
        am_write_thousands(out, largest);
    else
        AM_WRITE(out, "none");
}

static void map_cell(am_writer *out, const am_grid *grid, int row, int column)
{
    const am_map_grid *own = (const am_map_grid *)(const void *)grid;
    int at = own->row[row];
    if (column == 0)
        am_write_thousands(out, own->map->seq[at]);
    else if (column <= COLUMNS && column - 1 < grid->columns - 1 - (own->map->memory >= 0))
        write_total(out, own->map, own->map->total[at][own->column[column - 1]]);
    else
        write_largest(out, own->map, at);
}

/* Of so many places at most `most`: all, or every second, third … one, so that lengths in equal steps stay round, and where there is
 * room the last. */
static int choose(int *place, int most, int count)
{
    int stride = (count + most - 1) / most, chosen = 0;
    for (int at = stride - 1; at < count; at += stride) place[chosen++] = at;
    if (chosen < most && place[chosen - 1] != count - 1) place[chosen++] = count - 1;
    return chosen;
}

/* Few micro-batches: the first, each twice as far behind it, the last. */
static int choose_doubling(int *place, int most, int count)
{
    if (count <= most) return choose(place, most, count);
    int chosen = 0;
    for (int at = 0; at < count - 1 && chosen < most - 1; at = 2 * at + 1) place[chosen++] = at;
    place[chosen++] = count - 1;
    return chosen;
}

static void write_basis(am_writer *out, const am_map *map)
{
    char text[256];
    am_writer line = am_writer_of(text, sizeof text);
    AM_WRITE(&line, "Counted is ");
    am_fit_write_basis(&line, &map->config);
    am_fit_write_usual(&line, &map->config);
    AM_WRITE(&line, ".");
    am_writer_end(&line);
    am_write_wrapped(out, text, 0);
}

size_t am_map_text(const am_map *map, char *buffer, size_t size)
{
    static const char *const units[] = {[AM_GIB] = "GiB", [AM_GB] = "GB", [AM_BYTES] = "bytes"};
    am_writer out = am_writer_of(buffer, size);
    am_map_grid own = {.map = map};
    int columns = choose_doubling(own.column, COLUMNS, map->batches);
    own.grid.cell = map_cell;
    own.grid.rows = choose(own.row, ROWS, map->seqs);
    own.grid.columns = 1 + columns + (map->memory >= 0);
    own.grid.head[0] = ">seq";
    for (int i = 0; i < columns; i++) {
        am_writer head = am_writer_of(own.head[i], sizeof own.head[i]);
        AM_WRITE(&head, ">batch=");
        am_write_int(&head, map->batch[own.column[i]]);
        am_writer_end(&head);
        own.grid.head[1 + i] = own.head[i];
    }
    if (map->memory >= 0) own.grid.head[1 + columns] = ">largest";
    AM_WRITE(&out, "In all, in ");
    am_write_text(&out, units[map->config.units]);
    am_write_text(&out, map->memory >= 0 ? ", by tokens and micro-batch; !: does not fit; largest: micro-batch that does\n"
                                         : ", by tokens and micro-batch\n");
    am_write_grid(&out, &own.grid);
    write_basis(&out, map);
    return am_writer_end(&out);
}
