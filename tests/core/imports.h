/* What the tests of config.json files share. */
#ifndef IMPORTS_H
#define IMPORTS_H

#include "inputs.h"

static inline am_code import(const char *json)
{
    config = am_default_config();
    return am_config_import(&config, json, strlen(json), &status);
}

/* A file, and the same model in actmem's keys. */
typedef struct same {
    const char *json, *text;
} same;

static inline void expect_model(const same *row)
{
    expect_fine(row->json, import(row->json));
    config.seq = 512;
    expect_fine(row->json, am_config_resolve(&config, &status));
    am_config own = config;
    expect_fine(row->text, parse(row->text));
    config.seq = 512;
    expect_fine(row->text, am_config_resolve(&config, &status));
    for (int i = 0; i < AM_FIELD_COUNT; i++) {
        char one[AM_TEXT_SIZE], other[AM_TEXT_SIZE];
        if (i == AM_F_model) continue;
        am_field_value(&own, &am_fields[i], one, sizeof one);
        am_field_value(&config, &am_fields[i], other, sizeof other);
        ck_assert_msg(strcmp(one, other) == 0, "%s: %s=%s, not %s", row->json, am_fields[i].key, one, other);
    }
}

/* A file that is refused, and config is as it was. */
typedef struct refusal {
    const char *json;
    am_code code;
    const char *field, *part;
} refusal;

static inline void expect_refused(const refusal *row)
{
    expect_error(row->json, import(row->json), row->code, row->field, row->part);
    am_config untouched = am_default_config();
    ck_assert_mem_eq(&config, &untouched, sizeof config);
}

#endif
