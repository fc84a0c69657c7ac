/* A row of the ledger against a measured one: module, bytes, dtype and every autograd node that holds the storage. */
#ifndef ROWS_H
#define ROWS_H

#include <stdio.h>
#include <string.h>

#include "fixture.h"

/* "MmBackward0.self", as the record has it. */
static inline bool measured_saver(const am_row *row, int saver, json savers)
{
    char wanted[96], text[96];
    const am_op_info *op = &am_ops[row->saved_by[saver].op];
    snprintf(wanted, sizeof wanted, "%sBackward0.%s", op->node, op->saves[row->saved_by[saver].rule].attribute);
    for (int i = 0; i < json_size(savers); i++)
        if (strcmp(json_text(json_at(savers, i), text, sizeof text), wanted) == 0) return true;
    return false;
}

/* The parameters that autograd holds beside activations have no bytes and are in no record. */
static inline bool same_savers(const am_row *row, json savers)
{
    for (int i = 0; i < row->savers; i++)
        if (!measured_saver(row, i, savers)) return false;
    return row->savers == json_size(savers);
}

/* prefix: what the measured module's path begins with, before the row's own ("model.layers.1."). */
static inline bool same_row(const am_row *row, json measured, const char *prefix)
{
    char wanted[160], got[160], dtype[16];
    json_text(json_get(measured, "module"), wanted, sizeof wanted);
    const char *path = wanted;
    if (strncmp(path, "base_model.model", 16) == 0) path += 16; /* peft's wrapper */
    if (*path == '.') path++;
    snprintf(got, sizeof got, "%s%s%s", prefix, row->module.path, row->module.leaf);
    size_t length = strlen(got);
    if (length > 0 && got[length - 1] == '.') got[length - 1] = '\0'; /* the layer's own lines */
    return strcmp(got, path) == 0 && row->bytes == json_int(json_get(measured, "bytes")) &&
           strcmp(am_dtypes[row->dtype].torch, json_text(json_get(measured, "dtype"), dtype, sizeof dtype)) == 0 &&
           same_savers(row, json_get(measured, "saved_by"));
}

#endif
