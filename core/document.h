/* A config.json as data: one object, its keys and their values. Private to the core. */
#ifndef AM_DOCUMENT_H
#define AM_DOCUMENT_H

#include "actmem.h"

/* Valid until the next am_document_read, and as long as its json. */
typedef struct am_document {
    const char *json;
    int count; /* tokens */
} am_document;

typedef int am_json_value; /* 0 is none */

/* Error: BAD_CONFIG, with the key at fault where there is one. */
am_code am_document_read(am_document *document, const char *json, size_t length, am_status *status);

/* The value of a key of an object, not of an object within it; 0 if there is none, or no object. */
am_json_value am_document_member(const am_document *document, am_json_value object, const char *key);
/* The same of the document itself. */
am_json_value am_document_find(const am_document *document, const char *key);
bool am_document_is_null(const am_document *document, am_json_value value);
/* Whether a value is a list in which nothing but this text occurs. */
bool am_document_is_list_of(const am_document *document, am_json_value value, const char *text);

/* A value of the kind that is wanted; key is its key, for the error. */
am_code am_document_integer(const am_document *document, am_json_value value, const char *key, int64_t *number,
                            am_status *status);
am_code am_document_flag(const am_document *document, am_json_value value, const char *key, int64_t *flag,
                         am_status *status);
/* In millionths, as am_read_millionths. */
am_code am_document_ratio(const am_document *document, am_json_value value, const char *key, int64_t *ratio,
                          am_status *status);
/* Cut to size bytes. */
am_code am_document_text(const am_document *document, am_json_value value, const char *key, char *text, size_t size,
                         am_status *status);

#endif
