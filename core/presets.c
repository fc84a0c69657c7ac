/* Models by name. Each is a set of keys; what it leaves out, its family decides. */
#include <string.h>

#include "input.h"
#include "proven.h"
#include "writer.h"

#define HUB(repository) "huggingface.co/" repository " config.json"
#define DEFAULTS(class)  "transformers 5.23, the defaults of " class
#define TABLE_3         "Korthikanti et al. 2022, arXiv 2205.05198, table 3"
#define GPT_3                                                                                                          \
    "Brown et al. 2020, arXiv 2005.14165, table 2.1; vocabulary of 51200 as in Korthikanti et al. 2022, "              \
    "arXiv 2205.05198 (the original has 50257)"

/* core.wasm knows only whether a count is published: the loader has it from the tables. */
#ifdef AM_FIRST
#define PUBLISHED(parameters) ((parameters) > 0)
#else
#define PUBLISHED(parameters) parameters
#endif

const am_preset am_presets[] = {
#ifdef AM_FIRST
#define AM_PRESET_LATER(...)
#endif
#define AM_PRESET(name, label, source, family, layers, hidden, heads, kv_heads, head_dim, ffn, vocab, activation,      \
                  rest, parameters)                                                                                    \
    {name,       AM_WORDS(label),                                         AM_WORDS(source),                            \
     rest,       {layers, hidden, heads, kv_heads, head_dim, ffn, vocab}, AM_FAMILY_##family,                          \
     AM_##activation, PUBLISHED(parameters)},
#include "presets.def"
#undef AM_PRESET
};
const int am_preset_count = sizeof am_presets / sizeof *am_presets;

const am_preset *am_preset_find(const char *name)
{
    for (int i = 0; i < am_preset_count; i++)
        if (am_name_is(name, am_presets[i].name)) return &am_presets[i];
    return NULL;
}

#ifdef AM_FIRST /* which leaves it to whole.wasm */
#define find_repository(written) NULL
#else
/* The preset whose source is this repository of the Hub, with or without its owner or the Hub's address; NULL if none is. */
static const am_preset *find_repository(const char *written)
{
    static const char scheme[] = "https://", hub[] = HUB("");
    if (strncmp(written, scheme, strlen(scheme)) == 0) written += strlen(scheme);
    for (int i = 0; i < am_preset_count; i++) {
        const char *source = am_presets[i].source;
        char address[AM_TEXT_SIZE];
        if (strncmp(source, hub, strcspn(hub, " ")) != 0) continue;
        am_copy_text(address, sizeof address, source, strcspn(source, " "));
        const char *repository = strchr(address, '/') + 1;
        if (am_name_is(written, address) || am_name_is(written, repository) || am_name_is(written, strchr(repository, '/') + 1)) return &am_presets[i];
    }
    return NULL;
}
#endif

/* The name that is nearest to what was written and not one of the other two. */
static const char *nearest_name(const char *written, const char *not_this, const char *nor_this)
{
    const char *nearest = NULL;
    for (int i = 0; i < am_preset_count; i++) {
        const char *name = am_presets[i].name;
        if (name == not_this || name == nor_this) continue;
        if (!nearest || am_name_distance(written, name) < am_name_distance(written, nearest)) nearest = name;
    }
    return nearest;
}

static am_code refuse_name(const char *written, am_status *status)
{
    const char *owner = strrchr(written, '/'), *name = owner && owner[1] ? owner + 1 : written;
    const char *first = nearest_name(name, NULL, NULL);
    const char *second = nearest_name(name, first, NULL);
    if (am_name_distance(name, first) >= 0)
        return am_fail(status, AM_UNKNOWN_MODEL, "model",
                       "there is no model '%s', nor one with such a name: layers, hidden, heads, ffn and vocab say a model's shape, as its config.json does", written);
    return am_fail(status, AM_UNKNOWN_MODEL, "model", "there is no model '%s'; the nearest are %s, %s and %s", written, first,
                   second, nearest_name(name, first, second));
}

/* The inputs that a shape sets, in its order. */
static const uint8_t shape_fields[AM_SHAPE_COUNT] = {
    AM_F_layers, AM_F_hidden, AM_F_heads, AM_F_kv_heads, AM_F_head_dim, AM_F_ffn, AM_F_vocab,
};

am_code am_preset_apply(am_config *config, const char *name, am_status *status)
{
    *status = (am_status){0};
    const am_preset *preset = am_preset_find(name);
    if (!preset) preset = find_repository(name);
    if (!preset) return am_refuse(status, refuse_name(name, status));
    am_config next = *config;
    am_config_clear_model(&next);
    am_code code = am_config_parse(&next, preset->rest, status);
    if (AM_NEVER(code != AM_OK)) return code; /* what the table has is read */
    next.family = preset->family;
    next.activation = preset->activation;
    for (int i = 0; i < AM_SHAPE_COUNT; i++)
        if (preset->shape[i] != 0) *am_field_number(&next, &am_fields[shape_fields[i]]) = preset->shape[i];
    am_copy_text(next.model, sizeof next.model, preset->name, strlen(preset->name));
    *config = next;
    return AM_OK;
}

size_t am_preset_text(const am_preset *preset, char *buffer, size_t size)
{
    char value[AM_TEXT_SIZE];
    am_config config = {.family = preset->family, .activation = preset->activation};
    am_writer text = am_writer_of(buffer, size);
    AM_WRITE(&text, "family=");
    am_write_text(&text, am_field_value(&config, &am_fields[AM_F_family], value, sizeof value));
    for (int i = 0; i < AM_SHAPE_COUNT; i++) {
        if (preset->shape[i] == 0) continue;
        AM_WRITE(&text, " ");
        am_write_text(&text, am_fields[shape_fields[i]].key);
        AM_WRITE(&text, "=");
        am_write_int(&text, preset->shape[i]);
    }
    AM_WRITE(&text, " activation=");
    am_write_text(&text, am_field_value(&config, &am_fields[AM_F_activation], value, sizeof value));
    if (preset->rest[0] != '\0') AM_WRITE(&text, " ");
    am_write_text(&text, preset->rest);
    return am_writer_end(&text);
}
