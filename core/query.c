/* A query names what the preset and the defaults do not give: am_config_resolve is left to derive the rest again. */
#include "query.h"

#include "input.h"
#include "wiring.h"

static bool values_equal(const am_config *x, const am_config *y, const am_field *field)
{
    if (field->kind == AM_KIND_TEXT) return strcmp(am_field_text_of(x, field), am_field_text_of(y, field)) == 0;
    return am_field_number_of(x, field) == am_field_number_of(y, field);
}

static void copy_value(am_config *to, const am_config *from, const am_field *field)
{
    if (field->kind == AM_KIND_TEXT)
        memcpy(am_field_text(to, field), am_field_text_of(from, field), AM_TEXT_SIZE);
    else /* no call, as a copy of a size that is not known would be in wasm */
        *(int64_t *)(void *)am_field_text(to, field) = am_field_number_of(from, field);
}

/* The table's defaults with the preset's shape; without a preset, with no shape at all. The family is the first thing
 * that all the others of a shape are derived from. */
static am_config start_of(const am_preset *preset, int64_t stack)
{
    am_status status;
    am_config config = am_default_config();
    am_config_clear_model(&config);
    if (preset != NULL) am_preset_apply(&config, preset->name, &status);
    if (config.family == AM_AUTO) config.family = am_stacks[stack].family;
    return config;
}

/* Has no default and nothing to be derived from: a gated MLP's width, for one. */
static bool is_required(const am_config *config, int field)
{
    if (field == AM_F_ffn) return am_activation_is_gated(config->activation);
    return field == AM_F_layers || field == AM_F_hidden || field == AM_F_heads || field == AM_F_vocab;
}

/* What the start leaves to am_config_resolve. */
static void mark_derived(bool derived[AM_FIELD_COUNT], const am_config *start, const am_config *config)
{
    for (int i = 0; i < AM_FIELD_COUNT; i++) {
        const am_field *field = &am_fields[i];
        bool automatic = field->kind != AM_KIND_TEXT ? am_field_number_of(start, field) == AM_AUTO : i == AM_F_lora_targets;
        derived[i] = automatic && !is_required(config, i);
    }
}

/* Names the fields that the start gives outright and config has otherwise; those then stand in start as well. */
static void name_given(am_query *query, am_config *start, const am_config *config, const bool derived[AM_FIELD_COUNT])
{
    for (int i = 0; i < AM_FIELD_COUNT; i++) {
        if (i == AM_F_model || derived[i]) continue;
        query->names[i] = !values_equal(start, config, &am_fields[i]);
        copy_value(start, config, &am_fields[i]);
    }
}

#ifdef AM_FIRST /* where all that is to be named is looked for in one way */
enum { FIRST = true };
#define derived_equal(x, y, derived) false
#else
enum { FIRST = false };
static bool derived_equal(const am_config *x, const am_config *y, const bool derived[AM_FIELD_COUNT])
{
    for (int i = 0; i < AM_FIELD_COUNT; i++)
        if (derived[i] && !values_equal(x, y, &am_fields[i])) return false;
    return true;
}
#endif

/* Names the fields that would be derived otherwise, each with those before it in place; the model's last, since some
 * follow the run's (as many learned positions as tokens), and again, since some of the run's follow the model's (as many tokens as
 * positions). How many ranks share out is there from the start, since others are
 * refused without it, and named if it would be derived otherwise in the end. Mostly the start leads to all the rest as it is. */
__attribute__((noinline)) /* two configurations a frame */
static void name_derived(am_query *query, am_config *start, const am_config *config, const bool derived[AM_FIELD_COUNT])
{
    am_status status;
    am_config resolved = *start;
    bool as_given = !FIRST && am_config_resolve(&resolved, &status) == AM_OK && resolved.dp == config->dp;
    if (as_given && derived_equal(&resolved, config, derived)) return;
    start->dp = config->dp;
    if (!as_given) {
        resolved = *start;
        am_config_resolve(&resolved, &status); /* where that fails, the fields stay AM_AUTO and are all named */
    }
    for (int turns = 2, model = 0; turns > 0; turns--, model = !model)
        for (int i = 0; i < AM_FIELD_COUNT; i++) {
            bool turn = derived[i] && (am_fields[i].group == AM_MODEL) == model;
            if (!turn || values_equal(&resolved, config, &am_fields[i])) continue;
            turns = 3; /* both once more */
            query->names[i] = true;
            copy_value(start, config, &am_fields[i]);
            resolved = *start;
            am_config_resolve(&resolved, &status);
        }
    start->dp = AM_AUTO;
    query->names[AM_F_dp] = am_config_resolve(start, &status) != AM_OK || start->dp != config->dp;
}

__attribute__((noinline)) /* its frame stands beside no other */
am_query am_query_of(const am_config *config, const am_preset *preset)
{
    am_query query = {{false}};
    bool derived[AM_FIELD_COUNT];
    am_config start = start_of(preset, config->stack);
    mark_derived(derived, &start, config);
    name_given(&query, &start, config, derived);
    name_derived(&query, &start, config, derived);
    return query;
}

bool am_query_reshapes(const am_query *query)
{
    for (int i = 0; i < AM_FIELD_COUNT; i++) {
        bool counts = am_fields[i].group == AM_MODEL && am_fields[i].kind != AM_KIND_RATIO && i != AM_F_sliding_window;
        if (counts && query->names[i]) return true;
    }
    return false;
}

static bool is_plain(char c)
{
    bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    return letter || strchr("-._~:,", c) != NULL; /* it is no final 0 */
}

static void write_encoded(am_writer *writer, const char *text)
{
    static const char hex[] = "0123456789ABCDEF";
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        if (is_plain(*text)) {
            am_write_char(writer, *text);
        } else {
            char encoded[3] = {'%', hex[c >> 4], hex[c & 15]};
            am_write(writer, encoded, sizeof encoded);
        }
    }
}

void am_write_query(am_writer *writer, const am_query *query, const am_config *config, const am_preset *preset)
{
    char value[AM_TEXT_SIZE];
    bool first = preset == NULL;
    if (preset != NULL) {
        AM_WRITE(writer, "model=");
        write_encoded(writer, preset->name);
    }
    for (int i = 0; i < AM_FIELD_COUNT; i++) {
        if (!query->names[i]) continue;
        if (!first) AM_WRITE(writer, "&");
        am_write_text(writer, am_fields[i].key);
        AM_WRITE(writer, "=");
        write_encoded(writer, am_field_value(config, &am_fields[i], value, sizeof value));
        first = false;
    }
}
