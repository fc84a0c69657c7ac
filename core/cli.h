/* What the command line's files share. They are no part of the core: they alone do input and output. */
#ifndef AM_CLI_H
#define AM_CLI_H

#include "actmem.h"

enum { AM_EXIT_ANSWER = 0, AM_EXIT_IO = 1, AM_EXIT_INPUT = 2 };

/* Reads a config.json from a path, - for standard input. Returns an exit status; else status says what is wrong. */
int am_cli_import(am_config *config, const char *path, am_status *status);

/* actmem sweep …, of which text[0] is the first argument behind "sweep". Returns an exit status. */
int am_cli_sweep(int count, char **text);

/* For other programs and for reading, from the tables, on standard output: a page for man, completion for a shell (bash, zsh,
 * fish), Markdown. Each returns an exit status. */
int am_cli_manual(void);
int am_cli_completion(const char *shell);
int am_cli_reference(void);

#endif
