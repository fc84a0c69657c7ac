/* The lines of code, or the flags, that do a report's policy in frameworks. Private to the core. */
#ifndef AM_LINES_H
#define AM_LINES_H

#include "writer.h"

#define AM_HALF_PRODUCTS (UINT64_MAX / 3) /* every second one from the first on */
/* What save:matmuls keeps and, as torchtitan, save:half-matmuls: all products or half of them, and the attention kernels' results. */
static inline am_kept am_kept_matmuls(bool half)
{
    const uint64_t attention = (uint64_t)1 << AM_OP_FLASH_ATTENTION | (uint64_t)1 << AM_OP_EFFICIENT_ATTENTION;
    return (am_kept){{attention, 0}, half ? AM_HALF_PRODUCTS : UINT64_MAX};
}

/* What PyTorch's dispatcher calls an operation (torch.ops.aten.NAME); NULL: it never sees it. */
const char *am_aten_name(am_op op);

/* The index-th framework that can do the policy; NULL: no more. */
const char *am_lines_framework(const am_report *report, int index);
/* Its lines, each with its end. */
void am_write_lines(am_writer *out, const am_report *report, int index);
/* Why there are none; NULL: there are, or the policy needs none. */
const char *am_lines_note(const am_report *report);
void am_json_lines(am_writer *json, const am_report *report);

/* The lines or flags that do report->switches.policy by the framework's own switches; nothing where it needs none. */
void am_write_switches(am_writer *out, const am_report *report);
/* "switches": nothing where none were looked for. */
void am_json_switches(am_writer *json, const am_report *report);

#endif
