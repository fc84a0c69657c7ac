/* The lines of code, or the flags, that do a report's policy in frameworks. Private to the core. */
#ifndef AM_LINES_H
#define AM_LINES_H

#include "writer.h"

/* What PyTorch's dispatcher calls an operation (torch.ops.aten.NAME); NULL: it never sees it. */
const char *am_aten_name(am_op op);

/* The index-th framework that can do the policy; NULL: no more. */
const char *am_lines_framework(const am_report *report, int index);
/* Its lines, each with its end. */
void am_write_lines(am_writer *out, const am_report *report, int index);
/* Why there are none; NULL: there are, or the policy needs none. */
const char *am_lines_note(const am_report *report);
void am_json_lines(am_writer *json, const am_report *report);

#endif
