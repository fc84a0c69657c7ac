/* A config.json as data: one object, its keys and their values. Private to the core. */
#ifndef AM_DOCUMENT_H
#define AM_DOCUMENT_H

#include "actmem.h"

/* Valid until the next am_document_read, and as long as its json. */
typedef struct am_document {
    const char *json;
    int count; /* tokens */
    int root;  /* the object whose keys am_document_find looks for */
} am_document;

typedef int am_json_value; /* 0 is none */

/* Error: BAD_CONFIG, with the key at fault where there is one. */
am_code am_document_read(am_document *document, const char *json, size_t length, am_status *status);

/* The value of a key of an object, not of an object within it; 0 if there is none, or no object. */
am_json_value am_document_member(const am_document *document, am_json_value object, const char *key);
/* The same of the document itself. */
am_json_value am_document_find(const am_document *document, const char *key);
bool am_document_is_null(const am_document *document, am_json_value value);
/* Goes on with the object that is the value of this key. Error: BAD_CONFIG. */
am_code am_document_enter(am_document *document, am_json_value object, const char *key, am_status *status);
/* In a list of nothing but two values, every how-manieth is the marked one: its length and one if none is; 0 if it is no
 * such list. first: of so many each first one is marked, not each last: its length if no other is. */
int64_t am_document_period(const am_document *document, am_json_value value, const char *marked, const char *other, bool first);
/* In a list of nothing but two values, how many of the first there are before all of the other; -1 if it is no such list. */
int64_t am_document_first(const am_document *document, am_json_value value, const char *first, const char *other);
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
/* The value as the file has it, cut where it is long, for an error. */
const char *am_document_quote(const am_document *document, am_json_value value, char *buffer, size_t size);
/* Cut to size bytes. */
am_code am_document_text(const am_document *document, am_json_value value, const char *key, char *text, size_t size,
                         am_status *status);
/* The text of a key of the document; "" if it is not given, or null. */
am_code am_document_name(const am_document *document, const char *key, char *name, size_t size, am_status *status);

#endif
