/* Tables and paragraphs in characters, of which UTF-8 makes one to four bytes each. */
#include "grid.h"
#include "proven.h"

#define WIDTH    100
#define MAX_CELL 256

/* ---- characters, lines */

static bool starts_character(char c)
{
    return ((unsigned char)c & 0xc0) != 0x80;
}

static int characters(const char *text, size_t length)
{
    int count = 0;
    for (size_t i = 0; i < length; i++) count += starts_character(text[i]);
    return count;
}

/* Bytes of the first `count` characters. */
static size_t prefix_length(const char *text, int count)
{
    size_t i = 0;
    for (; AM_ALWAYS(text[i] != '\0'); i++) /* there are more */
        if (starts_character(text[i]) && count-- == 0) break;
    return i;
}

void am_write_wrapped(am_writer *out, const char *text, int indent)
{
    int column = 0;
    while (*text != '\0') {
        size_t length = strcspn(text, " ");
        int width = characters(text, length);
        if (column > 0 && column + 1 + width > WIDTH) {
            AM_WRITE(out, "\n");
            column = 0;
        }
        int before = column == 0 ? indent : 1;
        am_write_spaces(out, before);
        am_write(out, text, length);
        column += before + width;
        text += length;
        while (*text == ' ') text++;
    }
    AM_WRITE(out, "\n");
}

void am_write_line(am_writer *out, am_writer *line, int indent)
{
    if (am_writer_end(line) > 0) am_write_wrapped(out, line->text, indent);
}

/* ---- tables */

static bool is_right(const am_grid *grid, int column)
{
    return grid->head[column][0] == '>';
}
static const char *head_of(const am_grid *grid, int column)
{
    return grid->head[column] + is_right(grid, column);
}

/* A cell's text into buffer; row -1 is the head. Returns its characters. */
static int read_cell(const am_grid *grid, int row, int column, char buffer[MAX_CELL])
{
    am_writer cell = am_writer_of(buffer, MAX_CELL);
    if (row < 0)
        am_write_text(&cell, head_of(grid, column));
    else
        grid->cell(&cell, grid, row, column);
    size_t length = cell.length;
    buffer[length] = '\0';
    return characters(buffer, length);
}

/* Narrows the widest column of text until the table fits. */
static void fit_columns(const am_grid *grid, int width[AM_GRID_COLUMNS])
{
    for (;;) {
        int sum = 0;
        int widest = -1;
        for (int i = 0; i < grid->columns; i++) {
            sum += 2 + width[i];
            if (!is_right(grid, i) && (widest < 0 || width[i] > width[widest])) widest = i;
        }
        if (sum <= WIDTH || widest < 0 || width[widest] <= 1) return;
        width[widest]--;
    }
}

static void measure_columns(const am_grid *grid, int width[AM_GRID_COLUMNS])
{
    char text[MAX_CELL];
    for (int column = 0; column < grid->columns; column++) {
        width[column] = 0;
        for (int row = -1; row < grid->rows; row++) {
            int needed = read_cell(grid, row, column, text);
            if (needed > width[column]) width[column] = needed;
        }
    }
    fit_columns(grid, width);
}

static void write_cell(am_writer *out, const am_grid *grid, int row, int column, int width)
{
    char text[MAX_CELL];
    int count = read_cell(grid, row, column, text);
    bool cut = count > width;
    am_write_spaces(out, 2);
    if (is_right(grid, column)) am_write_spaces(out, width - count);
    am_write(out, text, cut ? prefix_length(text, width - 1) : strlen(text));
    if (cut)
        AM_WRITE(out, "…");
    else if (!is_right(grid, column) && column + 1 < grid->columns)
        am_write_spaces(out, width - count);
}

void am_write_grid(am_writer *out, const am_grid *grid)
{
    int width[AM_GRID_COLUMNS];
    measure_columns(grid, width);
    for (int row = -1; row < grid->rows; row++) {
        for (int column = 0; column < grid->columns; column++) write_cell(out, grid, row, column, width[column]);
        AM_WRITE(out, "\n");
    }
}
