/* Closed forms as text, for the report's JSON and text alike. values: NULL for symbols, else their values put in. */
#ifndef AM_EXPLAIN_H
#define AM_EXPLAIN_H

#include "writer.h"

void am_write_term(am_writer *writer, const am_term *term, const int64_t *values);
void am_write_sum(am_writer *writer, const am_sum *sum, const int64_t *values);
/* The whole model: "32·(12·s·b·h + 24) + 8·s·b". Notes where its sums stand, of each kind and of what lies outside them:
 * am_sum_of; those that are written already (length not 0) are not made again. */
typedef struct am_sum_spans {
    am_span of[AM_MAX_KINDS + 2]; /* length 0: a sum of nothing */
} am_sum_spans;

static inline am_span *am_sum_of(am_sum_spans *spans, int kind)
{
    return &spans->of[kind < 0 ? AM_MAX_KINDS - 1 - kind : kind];
}

void am_write_total(am_writer *writer, const am_report *report, const int64_t *values, am_sum_spans *spans);
/* "[s·b, h]" */
void am_write_shape(am_writer *writer, const am_row *row);
/* "2·s·b·h": the bytes of a row; with what the allocator adds, "4·s·b + 384". */
void am_write_bytes(am_writer *writer, const am_row *row, const int64_t *values);
void am_add_row(am_sum *sum, const am_row *row, int64_t times);
/* What one of a row's savers needs it for. */
const char *am_saver_why(const am_row *row, int saver);
/* Why a row is kept, as a sentence: what each of its savers needs it for, said once. */
void am_write_why(am_writer *writer, const am_row *row);
/* "MmBackward0.self", or "checkpoint" */
void am_write_saver(am_writer *writer, const am_row *row, int saver);
/* "checkpointed segment of 4 layers" */
void am_write_kind(am_writer *writer, const am_kind *kind);

#endif
