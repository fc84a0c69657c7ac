/* What the tests of the compiled backward share: a record compiled behind its loss. */
#ifndef COMPILED_H
#define COMPILED_H

#include "compile.h"
#include "tapes.h"

/* Compiles the record that ends in y and returns its events behind those of the loss. Slot 1 is the loss's gradient, 4
 * bytes that backward() itself holds to the end; slot 2 is y's, contiguous, and held once. */
static inline const char *compiled(am_var y)
{
    am_program *program = &fixture_workspace.player.program;
    finish(y);
    ck_assert_int_eq(am_compile(program, &fixture_workspace.player, tape), AM_OK);
    const char *events = events_text(program, 0), *head = "+1=4 CrossEntropy +2=";
    ck_assert_msg(strncmp(events, head, strlen(head)) == 0, "%s", events);
    const char *rest = strstr(events, " F");
    ck_assert_ptr_nonnull(rest);
    rest += strlen(" F");
    return *rest ? rest + 1 : rest;
}

typedef struct compiled_case {
    am_var (*record)(void); /* returns what the loss is of */
    const char *name, *events;
} compiled_case;

static inline void expect_events(const compiled_case *row)
{
    setup();
    const char *events = compiled(row->record());
    ck_assert_msg(strcmp(events, row->events) == 0, "%s:\n  %s\n, not\n  %s", row->name, events, row->events);
}

#endif
