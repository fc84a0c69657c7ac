/* What the tests of the inputs share: a config made from text, and an error held to its code, field and message. */
#ifndef INPUTS_H
#define INPUTS_H

#include "actmem.h"

#include <check.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static am_config config;
static am_status status;

/* Sets config to the default, then to what the text says. */
static inline am_code parse(const char *text)
{
    config = am_default_config();
    return am_config_parse(&config, text, &status);
}

static inline am_code parse_and_resolve(const char *text)
{
    am_code code = parse(text);
    return code == AM_OK ? am_config_resolve(&config, &status) : code;
}

static inline void expect_fine(const char *about, am_code code)
{
    ck_assert_msg(code == AM_OK, "%s: %s: %s: %s", about, am_code_name(code), status.field, status.message);
    ck_assert_int_eq(status.code, AM_OK);
    ck_assert_str_eq(status.field, "");
    ck_assert_str_eq(status.message, "");
}

/* The message must contain `part`. */
static inline void expect_error(const char *about, am_code code, am_code wanted, const char *field, const char *part)
{
    ck_assert_msg(code == wanted, "%s: %s, not %s: %s: %s", about, am_code_name(code), am_code_name(wanted),
                  status.field, status.message);
    ck_assert_int_eq(status.code, wanted);
    ck_assert_msg(strcmp(status.field, field) == 0, "%s: field %s, not %s: %s", about, status.field, field,
                  status.message);
    ck_assert_msg(strstr(status.message, part) != NULL, "%s: \"%s\" does not say \"%s\"", about, status.message, part);
}

#endif
