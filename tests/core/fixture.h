/* Reads the measured cases of tests/fixtures for the suites that are held to them. */
#ifndef FIXTURE_H
#define FIXTURE_H

#include <check.h>
#include <stdbool.h>
#include <stdint.h>

#include "actmem.h"

/* A JSON document, read whole. Lives until the process ends. */
typedef struct json_document json_document;

typedef struct json {
    const json_document *document;
    int index; /* of a token; -1: absent */
} json;

/* The root of a file of tests/fixtures; fails the test if it can't be read. Run from the repository's root. */
json json_load(const char *name);
bool json_exists(const char *name);
int json_size(json value);           /* members of an array or object */
json json_at(json array, int index); /* slow: from the start each time */
json json_get(json object, const char *key);
bool json_is_null(json value); /* absent, null or false */
int64_t json_int(json value);
double json_real(json value);
/* The text of a string or number, as it stands, into buffer of size bytes. Returns buffer. */
const char *json_text(json value, char *buffer, size_t size);
/* Calls visit with each element of an array. */
void json_each(json array, void (*visit)(json element, void *data), void *data);

/* The configuration, resolved, that asks actmem for the case of this name in arguments.json. */
am_config fixture_config(const char *name);

/* One workspace and report for all tests; some megabytes. */
extern am_workspace fixture_workspace;
extern am_report fixture_report;

/* A configuration read and resolved; fails the test with the message if it can't be. */
am_config config_of(const char *text);

#endif
