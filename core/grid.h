/* Text set for a terminal: wrapped paragraphs, and tables with columns as wide as their cells. Widths are in
 * characters, not bytes. */
#ifndef AM_GRID_H
#define AM_GRID_H

#include "writer.h"

#define AM_GRID_COLUMNS 8

/* A table whose cells are written twice: once to know the columns' widths, once for good. */
typedef struct am_grid {
    const am_report *report;
    int columns, rows;
    const char *head[AM_GRID_COLUMNS]; /* starts with '>' where the column is aligned to the right */
    void (*cell)(am_writer *out, const struct am_grid *grid, int row, int column);
    uint16_t index[AM_MAX_REPORT_ROWS]; /* for cell: what a row of the table shows */
} am_grid;

void am_write_grid(am_writer *writer, const am_grid *grid);
/* The words of text in lines of at most 100 characters, each after `indent` spaces. */
void am_write_wrapped(am_writer *writer, const char *text, int indent);
/* The same of what was written to a line of its own: nothing of what was too long for that. */
void am_write_line(am_writer *writer, am_writer *line, int indent);

#endif
