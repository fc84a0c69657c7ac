/* The shortest text that gives a configuration again: a link, a bug report, a command line. */
#ifndef AM_QUERY_H
#define AM_QUERY_H

#include "writer.h"

/* Which fields a query must name: those whose value is not what the preset (NULL: none) and the defaults lead to. */
typedef struct am_query {
    bool names[AM_FIELD_COUNT];
} am_query;

am_query am_query_of(const am_config *config, const am_preset *preset);
/* Does the query change the preset's shape, so that its published parameter count is of another model? */
bool am_query_reshapes(const am_query *query);
/* "model=llama-3-8b&seq=8192" */
void am_write_query(am_writer *writer, const am_query *query, const am_config *config, const am_preset *preset);

#endif
