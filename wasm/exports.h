/* The wasm boundary: text in, JSON text out, through one buffer. No struct and no 64-bit integer crosses it. */
#ifndef AM_EXPORTS_H
#define AM_EXPORTS_H

#include <stdint.h>

/* The one text buffer: callers write their input into it and read the answer from it. Valid for good, never moved. */
char *am_input(void);
/* Bytes that it holds. */
int32_t am_input_size(void);

/* Each of these reads the buffer's first length bytes, if it takes any, and leaves JSON in its first |n| bytes, n being what it returns:
 * above 0 the answer, below 0 an error document. */

/* key=value text to a report. */
int32_t am_wasm_evaluate(int32_t length);
/* A Hugging Face config.json to {"query":"family=…&layers=…"}, the keys that it sets. */
int32_t am_wasm_import(int32_t length);

#endif
