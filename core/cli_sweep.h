/* What the files of `actmem sweep` share: the grid of its keys, and its rows as they are written. */
#ifndef AM_CLI_SWEEP_H
#define AM_CLI_SWEEP_H

#include "cli.h"
#include "writer.h"

/* Says on standard error what is wrong. Returns AM_EXIT_INPUT. */
int am_sweep_refuse(const char *message, ...) __attribute__((format(printf, 1, 2)));
/* realloc, which ends the program where there is no memory. */
void *am_sweep_allocate(void *old, size_t size);

/* ---- the grid (cli_sweep_grid.c) ---- */

/* Values of a key: one text, or numbers from first on in equal steps or by a factor. */
typedef struct am_sweep_values {
    const char *text; /* NULL: numbers */
    int64_t first, step, count;
    bool doubles; /* step is a factor */
} am_sweep_values;

/* One key of the grid. */
typedef struct am_sweep_axis {
    const am_field *field;
    int parts;
    am_sweep_values *part;
    int64_t count; /* of values */
} am_sweep_axis;

/* Every combination of the values of its keys; the last key changes from point to point. */
typedef struct am_sweep_grid {
    int axes;
    am_sweep_axis axis[AM_FIELD_COUNT];
    int64_t points;
} am_sweep_grid;

/* Adds key=a,b,c, which it takes apart, or key=first..last[:step | :xfactor]. Returns an exit status. */
int am_sweep_grid_add(am_sweep_grid *grid, char *pair);
/* Counts the points, 2^53 at most. Returns an exit status. */
int am_sweep_grid_count(am_sweep_grid *grid);
/* The value that a key has at a point, in the parser's own spelling; numbers are written to buffer. */
const char *am_sweep_grid_value(const am_sweep_grid *grid, int axis, int64_t point, char buffer[AM_TEXT_SIZE]);

/* ---- rows (cli_sweep_rows.c) ---- */

enum { AM_SWEEP_ROW_SIZE = 8 * AM_INPUT_SIZE }; /* longest row of the answer: JSON may write a character as six */

typedef enum am_sweep_format { AM_SWEEP_CSV, AM_SWEEP_JSON_LINES } am_sweep_format;

/* What all rows are made of, and how they are written. */
typedef struct am_sweep_form {
    am_sweep_grid grid;
    am_config base; /* what a config.json says */
    bool imported;  /* there is one */
    bool lines;     /* a row is a line of a file and a point of the grid, else a point alone */
    am_sweep_format format;
} am_sweep_form;

typedef struct am_sweep_row {
    int64_t number, line, point; /* line: from 1 */
    const char *input;           /* the line */
} am_sweep_row;

/* What a thread needs to evaluate a row. */
typedef struct am_sweep_worker {
    am_workspace workspace;
    am_totals totals;
    char text[AM_INPUT_SIZE + 2]; /* the row as the parser reads it; one character more than is read: the parser refuses that */
} am_sweep_worker;

/* The first line of CSV. */
void am_sweep_write_head(am_writer *out, const am_sweep_form *form);
/* The beginning of a row's line: what it is, before its figures. */
void am_sweep_write_row(am_writer *out, const am_sweep_form *form, const am_sweep_row *row);
/* Evaluates a row and writes its line. False where it is refused: status says why. */
bool am_sweep_answer(am_writer *out, const am_sweep_form *form, const am_sweep_row *row, am_sweep_worker *by, am_status *status);
/* The columns behind those of the keys, for --help. */
void am_sweep_print_columns(void);

#endif
