/* Text set for a terminal: columns as wide as their characters, aligned and cut; paragraphs in lines of 100. */
#include "grid.h"

#include <check.h>

#define W20  "wwwwwwwwwwwwwwwwwwww"
#define B20  "                    "
#define W100 W20 W20 W20 W20 W20

static char text[4096];
static const char *cells[2][3];

static void write_cell(am_writer *out, const am_grid *grid, int row, int column)
{
    am_write_text(out, cells[grid->index[row]][column]);
}

static const struct {
    const char *name, *head[3], *cells[2][3], *text;
    int columns, rows;
} grids[] = {
    {"left and right",
     {"name", ">bytes", "kind"},
     {{"a", "1,024", "x"}, {"weight", "8", "yyyy"}},
     "  name    bytes  kind\n"
     "  a       1,024  x\n"
     "  weight      8  yyyy\n",
     3,
     2},
    {"the head may be the widest; nothing is padded at the end",
     {"a name", ">of bytes", "kind"},
     {{"a", "1", ""}},
     "  a name  of bytes  kind\n"
     "  a              1  \n",
     3,
     1},
    /* · has 2 bytes, ⌈ and … 3, 𝄞 4: one character each */
    {"characters, not bytes",
     {"⌈a⌉", ">é"},
     {{"s·b·h", "10"}, {"𝄞", "…"}},
     "  ⌈a⌉     é\n"
     "  s·b·h  10\n"
     "  𝄞       …\n",
     2,
     2},
    {"no rows", {"a", ">b"}, {{NULL}}, "  a  b\n", 2, 0},
    /* 100 = 2 + 91 + 2 + 5: the text loses 9 of its 100 and a tenth for the mark */
    {"the widest text is cut",
     {"text", ">bytes"},
     {{W100, "1"}},
     "  text" B20 B20 B20 B20 "         bytes\n"
     "  " W20 W20 W20 W20 "wwwwwwwwww…      1\n",
     2,
     1},
    {"numbers are never cut",
     {">a", ">b"},
     {{W20 W20 W20, W20 W20 W20}},
     "  " B20 B20 "                   a  " B20 B20 "                   b\n"
     "  " W20 W20 W20 "  " W20 W20 W20 "\n",
     2,
     1},
    {"a mark is left of a text that has no room beside them",
     {"t", ">a", ">b"},
     {{"text", W20 W20 W20, W20 W20 W20}},
     "  t  " B20 B20 "                   a  " B20 B20 "                   b\n"
     "  …  " W20 W20 W20 "  " W20 W20 W20 "\n",
     3,
     1},
};

static void write_grid(int i)
{
    am_grid grid = {.columns = grids[i].columns, .rows = grids[i].rows, .cell = write_cell, .index = {0, 1}};
    memcpy(grid.head, grids[i].head, sizeof grids[i].head);
    memcpy(cells, grids[i].cells, sizeof cells);
    am_writer writer = am_writer_of(text, sizeof text);
    am_write_grid(&writer, &grid);
    ck_assert_uint_gt(am_writer_end(&writer), 0);
}

START_TEST(tables)
{
    write_grid(_i);
    ck_assert_msg(strcmp(text, grids[_i].text) == 0, "%s:\n%s, not\n%s", grids[_i].name, text, grids[_i].text);
}
END_TEST

static void write_wrapped(const char *words, int indent)
{
    am_writer writer = am_writer_of(text, sizeof text);
    am_write_wrapped(&writer, words, indent);
    am_writer_end(&writer);
}

START_TEST(wrapped)
{
    write_wrapped("aa  bb ccc", 2);
    ck_assert_str_eq(text, "  aa bb ccc\n");
    char word[151];
    memset(word, 'w', 150);
    word[150] = '\0';
    write_wrapped(word, 0); /* a word is never cut */
    ck_assert_uint_eq(strlen(text), 151);
}
END_TEST

/* A line of its own is written as it is, or not at all where it was too long for its text. */
START_TEST(lines)
{
    char own[8];
    am_writer writer = am_writer_of(text, sizeof text), line = am_writer_of(own, sizeof own);
    am_write_text(&line, "a  bcd");
    am_write_line(&writer, &line, 2);
    am_write_text(&line, "efg");
    am_write_line(&writer, &line, 2);
    am_writer_end(&writer);
    ck_assert_str_eq(text, "  a bcd\n");
}
END_TEST

/* A line is full at 100 characters, its indentation included; each line is indented. */
START_TEST(full_lines)
{
    write_wrapped(W20 W20 W20 W20 " " W20, 0); /* 101 */
    ck_assert_str_eq(text, W20 W20 W20 W20 "\n" W20 "\n");
    write_wrapped(W20 W20 W20 W20 " 1234567890123456789", 0); /* 100 */
    ck_assert_str_eq(text, W20 W20 W20 W20 " 1234567890123456789\n");
    write_wrapped(W20 W20 W20 W20 " 1234567890123456789", 1);
    ck_assert_str_eq(text, " " W20 W20 W20 W20 "\n 1234567890123456789\n");
    write_wrapped(W20 W20 W20 W20 " ·⌈·⌉·⌈·⌉·⌈·⌉·⌈·⌉·⌈·", 0); /* 19 characters of more bytes */
    ck_assert_ptr_eq(strchr(text, '\n'), text + strlen(text) - 1);
    write_wrapped("", 4);
    ck_assert_str_eq(text, "\n");
}
END_TEST

Suite *test_grid_suite(void);
Suite *test_grid_suite(void)
{
    Suite *suite = suite_create("grid");
    TCase *tests = tcase_create("grid");
    tcase_add_loop_test(tests, tables, 0, sizeof grids / sizeof *grids);
    tcase_add_test(tests, wrapped);
    tcase_add_test(tests, full_lines);
    tcase_add_test(tests, lines);
    suite_add_tcase(suite, tests);
    return suite;
}
