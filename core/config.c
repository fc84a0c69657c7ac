/* The inputs: their table, their defaults, and the text that sets them. What they mean together is resolve.c's. */
#include <string.h>

#include "input.h"
#include "writer.h"

static const char family_names[] = ""
#define AM_FAMILY(id, name) "|" name
#include "families.def"
#undef AM_FAMILY
    ;
#define AM_FAMILY_NAMES (family_names + 1)

const am_field am_fields[AM_FIELD_COUNT] = {
#define ROW(key, kind, group, unit, label, help, choices, text, value, least, most)                                    \
    [AM_F_##key] = {#key,    kind, AM_##group, AM_WORDS(unit), AM_WORDS(label), AM_WORDS(help),                        \
                    choices, text, value,      least,          most,            offsetof(am_config, key)},
#define AM_INT(key, value, least, most, group, unit, label, help)                                                      \
    ROW(key, AM_KIND_INT, group, unit, label, help, NULL, NULL, value, least, most)
#define AM_FLAG(key, value, group, label, help) ROW(key, AM_KIND_FLAG, group, "", label, help, NULL, NULL, value, 0, 0)
#define AM_CHOICE(key, choices, value, group, label, help)                                                             \
    ROW(key, AM_KIND_CHOICE, group, "", label, help, choices, NULL, value, 0, 0)
#define AM_RATIO(key, value, group, label, help)                                                                       \
    ROW(key, AM_KIND_RATIO, group, "", label, help, NULL, NULL, value, 0, 0)
#define AM_TEXT(key, text, group, label, help) ROW(key, AM_KIND_TEXT, group, "", label, help, NULL, text, 0, 0, 0)
#include "fields.def"
#undef AM_INT
#undef AM_FLAG
#undef AM_CHOICE
#undef AM_RATIO
#undef AM_TEXT
#undef ROW
};

const char *const am_group_names[AM_GROUP_COUNT] = {
    [AM_MODEL] = "model",           [AM_RUN] = "run",
    [AM_PRECISION] = "precision",   [AM_TRAINING] = "training",
    [AM_CHECKPOINT] = "checkpoint", [AM_PARALLEL] = "parallel",
    [AM_HARDWARE] = "hardware",     [AM_OUTPUT] = "output",
};

/* ---- defaults */

static void set_default(am_config *config, const am_field *field)
{
    if (field->kind == AM_KIND_TEXT)
        am_copy_text(am_field_text(config, field), AM_TEXT_SIZE, field->text, strlen(field->text));
    else
        *am_field_number(config, field) = field->value;
}

void am_config_clear_model(am_config *config)
{
    for (int i = 0; i < AM_FIELD_COUNT; i++)
        if (am_fields[i].group == AM_MODEL) set_default(config, &am_fields[i]);
}

am_config am_default_config(void)
{
    am_config config = {0};
    for (int i = 0; i < AM_FIELD_COUNT; i++) set_default(&config, &am_fields[i]);
    am_status status;
    am_preset_apply(&config, "llama-3-8b", &status);
    return config;
}

/* ---- what is no choice, and what is near to it */

/* The choice that is nearest to what was written, into buffer. */
static void nearest_choice(const char *choices, const char *text, char *buffer, size_t size)
{
    int64_t count = am_choice_count(choices), best = 0;
    int least = 0;
    for (int64_t i = 0; i < count; i++) {
        int distance = am_name_distance(text, am_choice_text(choices, i, buffer, size));
        if (i > 0 && distance >= least) continue;
        least = distance;
        best = i;
    }
    am_choice_text(choices, best, buffer, size);
}

/* "a|b|c" as "a, b or c"; false if that is longer than a message. */
static bool list_choices(const char *choices, char *buffer, size_t size)
{
    int64_t count = am_choice_count(choices);
    am_writer writer = am_writer_of(buffer, size);
    for (int64_t i = 0; i < count; i++) {
        char name[32];
        if (i > 0) am_write_text(&writer, i == count - 1 ? " or " : ", ");
        am_write_text(&writer, am_choice_text(choices, i, name, sizeof name));
    }
    return am_writer_end(&writer) > 0;
}

static am_code refuse_choice(const am_field *field, const char *text, am_status *status)
{
    char list[128];
    if (list_choices(field->choices, list, sizeof list))
        return am_fail(status, AM_BAD_VALUE, field->key, "%s must be %s, not '%s'", field->key, list, text);
    nearest_choice(field->choices, text, list, sizeof list);
    return am_fail(status, AM_BAD_VALUE, field->key, "%s has no '%s'; the nearest is %s", field->key, text, list);
}

/* ---- text into pairs */

/* One key=value of a text, decoded. */
typedef struct pair {
    const am_field *field;
    char value[AM_TEXT_SIZE];
} pair;

static bool is_separator(char c)
{
    return c == '&' || c == ' ' || (c >= '\t' && c <= '\r');
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The character at *at, percent-decoded; 0 if that is no character. */
static char decode(const char **at)
{
    char c = *(*at)++;
    if (c != '%') return c;
    int high = hex_digit((*at)[0]);
    int low = high < 0 ? -1 : hex_digit((*at)[1]);
    if (low < 0) return '\0';
    *at += 2;
    return (char)(high * 16 + low);
}

/* Decodes up to a separator or `stop`, and cuts to size bytes; *length is the whole word's. False at a bad escape. */
static bool read_word(const char **at, char stop, char *word, size_t size, size_t *length)
{
    *length = 0;
    while (**at && **at != stop && !is_separator(**at)) {
        char c = decode(at);
        if (c == '\0') return false;
        if (*length + 1 < size) word[*length] = c;
        ++*length;
    }
    word[*length < size ? *length : size - 1] = '\0';
    return true;
}

static const am_field *find_field(const char *key)
{
    for (int i = 0; i < AM_FIELD_COUNT; i++)
        if (am_fields[i].key[0] == key[0] && strcmp(am_fields[i].key, key) == 0) return &am_fields[i];
    return NULL;
}

static const char *skip_separators(const char *text)
{
    while (is_separator(*text)) text++;
    return text;
}

static const char *skip_start(const char *text)
{
    text = skip_separators(text);
    return *text == '#' || *text == '?' ? text + 1 : text;
}

/* Reads the pair at *at, where one is. */
static am_code read_pair(const char **at, pair *next, am_status *status)
{
    char key[sizeof status->field];
    size_t length;
    const char *const bad_escape = "a percent sign must be followed by two hexadecimal digits, and not by 00";
    if (!read_word(at, '=', key, sizeof key, &length)) return am_fail(status, AM_SYNTAX, "", bad_escape);
    if (**at != '=') return am_fail(status, AM_SYNTAX, key, "'%s' is not key=value", key);
    if (length == 0) return am_fail(status, AM_SYNTAX, "", "a key is missing before '='");
    ++*at;
    next->field = find_field(key);
    if (!next->field) return am_refuse(status, am_refuse_key(key, status));
    if (!read_word(at, '\0', next->value, sizeof next->value, &length))
        return am_fail(status, AM_SYNTAX, key, bad_escape);
    if (length >= sizeof next->value)
        return am_fail(status, AM_BAD_VALUE, key, "%s must be shorter than %d characters", key, (int64_t)AM_TEXT_SIZE);
    return AM_OK;
}

/* ---- values */

static am_code set_int(am_config *config, const am_field *field, const char *text, am_status *status)
{
    const char *unit = strcmp(field->unit, field->key) == 0 || !*field->unit ? NULL : field->unit; /* "layers" says it itself */
    int64_t value;
    if (strpbrk(text, "_,"))
        return am_fail(status, AM_BAD_VALUE, field->key, "%s must be plain digits, without '_' or ',', not '%s'",
                       field->key, text);
    if (!am_read_thousands(text, strlen(text), &value))
        return am_fail(status, AM_BAD_VALUE, field->key, "%s must be a whole number from %d to %d%s%s, not '%s'",
                       field->key, field->least, field->most, unit ? " " : "", unit ? unit : "", text);
    if (value < field->least || value > field->most)
        return am_fail(status, AM_OUT_OF_RANGE, field->key, "%s must be from %d to %d%s%s, not %s", field->key,
                       field->least, field->most, unit ? " " : "", unit ? unit : "", text);
    *am_field_number(config, field) = value;
    return AM_OK;
}

static am_code set_flag(am_config *config, const am_field *field, const char *text, am_status *status)
{
    int64_t value = am_choice_index("no|yes", text);
    if (value < 0) return am_fail(status, AM_BAD_VALUE, field->key, "%s must be yes or no, not '%s'", field->key, text);
    *am_field_number(config, field) = value;
    return AM_OK;
}

static am_code set_choice(am_config *config, const am_field *field, const char *text, am_status *status)
{
    int64_t value = am_choice_index(field->choices, text);
    if (value < 0) return am_refuse(status, refuse_choice(field, text, status));
    *am_field_number(config, field) = value;
    return AM_OK;
}

static am_code set_ratio(am_config *config, const am_field *field, const char *text, am_status *status)
{
    int64_t value;
    const char *const message = "%s must be a probability from 0 to below 1, such as 0.1, not '%s'";
    if (!am_read_millionths(text, strlen(text), &value))
        return am_fail(status, AM_BAD_VALUE, field->key, message, field->key, text);
    if (value < 0 || value >= AM_MILLION)
        return am_fail(status, AM_OUT_OF_RANGE, field->key, message, field->key, text);
    *am_field_number(config, field) = value;
    return AM_OK;
}

static am_code set_value(am_config *config, const am_field *field, const char *text, am_status *status)
{
    switch (field->kind) {
    case AM_KIND_INT: return set_int(config, field, text, status);
    case AM_KIND_FLAG: return set_flag(config, field, text, status);
    case AM_KIND_CHOICE: return set_choice(config, field, text, status);
    case AM_KIND_RATIO: return set_ratio(config, field, text, status);
    default: break; /* a text */
    }
    am_copy_text(am_field_text(config, field), AM_TEXT_SIZE, text, strlen(text));
    return AM_OK;
}

/* ---- a whole text */

/* What a text names. */
typedef struct survey {
    bool seen[AM_FIELD_COUNT];
    char model[AM_TEXT_SIZE];
} survey;

static am_code survey_text(const char *text, survey *found, am_status *status)
{
    *found = (survey){0};
    const char *at = skip_separators(text);
    for (; *at; at = skip_separators(at)) {
        pair next = {am_fields, ""};
        am_code code = read_pair(&at, &next, status);
        if (code != AM_OK) return code;
        ptrdiff_t id = next.field - am_fields;
        if (found->seen[id])
            return am_fail(status, AM_DUPLICATE_KEY, next.field->key, "%s is given twice", next.field->key);
        found->seen[id] = true;
        if (id == AM_F_model) memcpy(found->model, next.value, sizeof found->model);
    }
    return AM_OK;
}

/* Keys that say which model it is, rather than change a detail of one. */
static bool names_shape(const survey *found)
{
    static const am_field_id shapes[] = {AM_F_family,   AM_F_layers,   AM_F_hidden, AM_F_heads,
                                         AM_F_kv_heads, AM_F_head_dim, AM_F_ffn,    AM_F_vocab};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        if (found->seen[shapes[i]]) return true;
    return false;
}

/* The model that the text's keys change: the one that it names ("model=" names none), or one of its own where it gives
 * shapes and those would otherwise be mixed with a preset's. */
static am_code start_model(am_config *config, const survey *found, am_status *status)
{
    if (found->model[0]) return am_preset_apply(config, found->model, status);
    if (found->seen[AM_F_model] || (config->model[0] && names_shape(found))) am_config_clear_model(config);
    return AM_OK;
}

static am_code set_pairs(am_config *config, const char *text, am_status *status)
{
    const char *at = skip_separators(text);
    for (; *at; at = skip_separators(at)) {
        pair next = {am_fields, ""};
        read_pair(&at, &next, status); /* as survey_text has */
        if (next.field == &am_fields[AM_F_model]) continue;
        am_code code = set_value(config, next.field, next.value, status);
        if (code != AM_OK) return code;
    }
    return AM_OK;
}

am_code am_config_parse(am_config *config, const char *text, am_status *status)
{
    *status = (am_status){0};
    if (strlen(text) > AM_INPUT_SIZE)
        return am_fail(status, AM_SYNTAX, "", "the text is longer than %d characters", (int64_t)AM_INPUT_SIZE);
    text = skip_start(text);
    survey found;
    am_config next = *config;
    am_code code = survey_text(text, &found, status);
    if (code == AM_OK) code = start_model(&next, &found, status);
    if (code == AM_OK) code = set_pairs(&next, text, status);
    if (code == AM_OK) *config = next;
    return code;
}

/* ---- values as text */

const char *am_field_value(const am_config *config, const am_field *field, char *buffer, size_t size)
{
    am_writer writer = am_writer_of(buffer, size);
    int64_t value = field->kind == AM_KIND_TEXT ? 0 : am_field_number_of(config, field);
    char choice[32];
    if (value != AM_AUTO) { /* what is still to be derived has no text */
        switch (field->kind) {
        case AM_KIND_INT: am_write_int(&writer, value); break;
        case AM_KIND_FLAG: am_write_text(&writer, value ? "yes" : "no"); break;
        case AM_KIND_CHOICE:
            am_write_text(&writer, am_choice_text(field->choices, value, choice, sizeof choice));
            break;
        case AM_KIND_RATIO: am_write_ratio(&writer, value, AM_MILLION, 6, true); break;
        default: am_write_text(&writer, am_field_text_of(config, field)); break;
        }
    }
    if (am_writer_end(&writer) == 0 && size > 0) buffer[0] = '\0';
    return buffer;
}
