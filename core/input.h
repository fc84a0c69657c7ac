/* What reading an input takes: numbers in text, choices, near names, and a field's place in am_config. Private to the
 * core. */
#ifndef AM_INPUT_H
#define AM_INPUT_H

#include "actmem.h"

#define AM_MILLION 1000000

/* Plain digits as a number; INT64_MAX if it is larger than that. False if text is anything else. */
bool am_read_integer(const char *text, size_t length, int64_t *value);
/* The same in any of JSON's spellings of it: 4096, 4096.0, 4.096e3. */
bool am_read_whole(const char *text, size_t length, int64_t *value);
/* Plain digits, a k or K behind them standing for 1024, likewise. */
bool am_read_thousands(const char *text, size_t length, int64_t *value);
/* A number as JSON writes it ("0.1", "1e-06") in millionths, rounded, but never to 0 or to 1 from a number that is not;
 * -1 if it is negative, INT64_MAX if it is larger than that. False if text is no number. */
bool am_read_millionths(const char *text, size_t length, int64_t *value);

/* A size with its unit ("80GiB", "24GB", "1.5GiB", "512MiB", "4096"; no unit: bytes) in bytes, rounded down; INT64_MAX if
 * it is larger than that. False if text is no such size. */
bool am_read_bytes(const char *text, size_t length, int64_t *value);

/* The same of what follows `before` in key=before…. Fewer bytes than `plain` without a unit are meant as GiB or MiB, as people and
 * nvidia-smi say them. Error: BAD_VALUE. */
am_code am_read_size(const char *key, const char *before, const char *text, int64_t plain, int64_t *bytes, am_status *status);

/* Whether it is this name, in capitals or not. */
bool am_name_is(const char *written, const char *name);
/* How far what a user wrote lies from a name; the smallest is the name to suggest. */
int am_name_distance(const char *written, const char *name);
/* names.c: refuses what is no input, and says what is meant: which input others call so, or is near to it. Error: UNKNOWN_KEY. */
am_code am_refuse_key(const char *name, am_status *status);
/* Copies what fits of length bytes and ends it with a 0. */
void am_copy_text(char *buffer, size_t size, const char *text, size_t length);

/* "a|b|c": how many there are, the index of one (-1 if it is none of them), and the one at an index, into buffer. */
int64_t am_choice_count(const char *choices);
bool am_choice_exists(const char *choices, int64_t index);
int64_t am_choice_index(const char *choices, const char *text);
int64_t am_choice_of(const char *choices, const char *text, size_t length); /* of a part of a text */
const char *am_choice_text(const char *choices, int64_t index, char *buffer, size_t size);

/* Where a field's value lives: a number (flags, choices and ratios too), or a text of AM_TEXT_SIZE bytes. */
static inline int64_t *am_field_number(am_config *config, const am_field *field)
{
    return (int64_t *)(void *)((char *)config + field->offset);
}

static inline int64_t am_field_number_of(const am_config *config, const am_field *field)
{
    return *(const int64_t *)(const void *)((const char *)config + field->offset);
}

static inline char *am_field_text(am_config *config, const am_field *field)
{
    return (char *)config + field->offset;
}

static inline const char *am_field_text_of(const am_config *config, const am_field *field)
{
    return (const char *)config + field->offset;
}

/* Sets the MODEL group to the table's defaults: no model at all. */
void am_config_clear_model(am_config *config);

#endif
