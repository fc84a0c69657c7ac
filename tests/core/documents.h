/* What the tests of the JSON documents share: the text of one, whether it is JSON, what it must hold. */
#ifndef DOCUMENTS_H
#define DOCUMENTS_H

#include <check.h>
#include <string.h>

static char json[1 << 20];

/* A strict reader of JSON: each function returns what follows a value, NULL if there is none. */
static inline const char *read_value(const char *at);

static inline const char *read_string(const char *at)
{
    if (*at++ != '"') return NULL;
    for (; *at != '"'; at++) {
        if ((unsigned char)*at < 0x20) return NULL;
        if (*at == '\\' && strchr("\"\\/bfnrtu", *++at) == NULL) return NULL;
    }
    return at + 1;
}

static inline const char *read_number(const char *at)
{
    const char *start = at += *at == '-';
    at += strspn(at, "0123456789");
    if (at == start || (*start == '0' && at - start > 1)) return NULL;
    if (*at != '.') return at;
    start = ++at;
    at += strspn(at, "0123456789");
    return at == start ? NULL : at;
}

static inline const char *read_members(const char *at, char close)
{
    if (*at == close) return at + 1;
    for (;;) {
        if (close == '}') {
            at = read_string(at);
            if (at == NULL || *at++ != ':') return NULL;
        }
        at = read_value(at);
        if (at == NULL) return NULL;
        if (*at == close) return at + 1;
        if (*at++ != ',') return NULL;
    }
}

static inline const char *read_value(const char *at)
{
    static const char *const words[] = {"true", "false", "null"};
    if (*at == '{') return read_members(at + 1, '}');
    if (*at == '[') return read_members(at + 1, ']');
    if (*at == '"') return read_string(at);
    for (int i = 0; i < 3; i++)
        if (strncmp(at, words[i], strlen(words[i])) == 0) return at + strlen(words[i]);
    return read_number(at);
}

/* json holds a document of this length and nothing else. */
static inline void expect_document(size_t length)
{
    ck_assert_uint_gt(length, 0);
    ck_assert_uint_eq(strlen(json), length);
    const char *end = read_value(json);
    ck_assert_msg(end != NULL && *end == '\0', "not JSON: %.200s", json);
}

/* The document holds this part. */
static inline void expect(const char *part)
{
    ck_assert_msg(strstr(json, part) != NULL, "no %s in %.1000s", part, json);
}

#endif
