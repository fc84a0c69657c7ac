/* The wasm boundary: text in, JSON text out, through two buffers. No struct and no 64-bit integer crosses it. */
#ifndef AM_EXPORTS_H
#define AM_EXPORTS_H

#include <stdint.h>

/* gcc and native clang know no export_name. */
#ifdef __wasm__
#define AM_EXPORT(name) __attribute__((export_name(#name), used))
#else
#define AM_EXPORT(name)
#endif

/* Each module has these three. */

/* Where callers write their input. Valid for good and never moved; what stands in it is gone after a call. */
char *am_input(void);
/* Bytes that it holds. */
int32_t am_input_size(void);
/* Where the answer stands until the next call. Valid for good, never moved. */
const char *am_output(void);

/* Each of these reads the input's first length bytes and leaves JSON in the output's first |n| bytes, n being what it returns: above 0
 * the answer, below 0 an error document. */

/* key=value text to a report; from core.wasm without the tables' words and without formulas, and the error "elsewhere" for whatever it
 * cannot answer: a rarer model, stack or loss head, or a text at fault, of which whole.wasm says what would be right. */
int32_t am_wasm_evaluate(int32_t length);
/* whole.wasm alone: a Hugging Face config.json to {"query":"family=…&layers=…"}, the keys that it sets. */
int32_t am_wasm_import(int32_t length);
/* Likewise: key=value text, in which batch and seq may be ranges (batch=1..64), to the totals over both. */
int32_t am_wasm_map(int32_t length);
/* Likewise: hidden and batch as key=value text to what Linear-ReLU-Linear keeps (core/toy.h). */
int32_t am_wasm_toy(int32_t length);
/* Likewise: the table of published formulas, whatever the input. */
int32_t am_wasm_formulas(int32_t length);

#endif
