/* A module of its own beside core.wasm, for what is asked for later than the first answer: what others have written, read. A Hugging Face
 * config.json as inputs; published formulas for a configuration. */
#include "exports.h"

#include "input.h"
#include "report.h"

#define INPUT_SIZE AM_JSON_INPUT_SIZE
#define TEXT_SIZE  (64 << 10)

static char input[INPUT_SIZE + 1]; /* and a final 0 */
static char text[TEXT_SIZE + 1];

static int32_t answer_error(const am_status *status)
{
    return -(int32_t)am_error_json(status, text, sizeof text);
}

static size_t used_of(int32_t length)
{
    if (length < 0) return 0;
    return length < INPUT_SIZE ? (size_t)length : (size_t)INPUT_SIZE;
}

AM_EXPORT(am_input)
char *am_input(void)
{
    return input;
}

AM_EXPORT(am_input_size)
int32_t am_input_size(void)
{
    return INPUT_SIZE;
}

AM_EXPORT(am_output)
const char *am_output(void)
{
    return text;
}

/* Whether a key says more than its default. The family is always said: without it the shape would not stand for a model of its own. */
static bool is_set(const am_config *config, const am_field *field)
{
    if (field->group != AM_MODEL || field->kind == AM_KIND_TEXT) return false;
    return field == &am_fields[AM_F_family] || am_field_number_of(config, field) != field->value;
}

AM_EXPORT(am_wasm_import)
int32_t am_wasm_import(int32_t length)
{
    am_status status = {0};
    am_config config = am_default_config();
    if (am_config_import(&config, input, used_of(length), &status) != AM_OK) return answer_error(&status);
    am_writer writer = am_writer_of(text, sizeof text);
    const char *separator = "{\"query\":\"";
    for (int i = 0; i < AM_FIELD_COUNT; i++) {
        const am_field *field = &am_fields[i];
        char value[AM_TEXT_SIZE];
        if (!is_set(&config, field)) continue;
        am_write_text(&writer, separator);
        am_write_text(&writer, field->key);
        am_write_text(&writer, "=");
        am_write_text(&writer, am_field_value(&config, field, value, sizeof value));
        separator = "&";
    }
    am_write_text(&writer, "\"}");
    return (int32_t)am_writer_end(&writer);
}

AM_EXPORT(am_wasm_formulas)
int32_t am_wasm_formulas(int32_t length)
{
    am_status status = {0};
    am_config config = am_default_config();
    input[used_of(length)] = '\0';
    if (am_config_parse(&config, input, &status) != AM_OK) return answer_error(&status);
    if (am_config_resolve(&config, &status) != AM_OK) return answer_error(&status);
    am_writer json = am_writer_of(text, sizeof text);
    am_json_open(&json, '{');
    am_json_formulas(&json, &config, 0);
    return (int32_t)am_json_end(&json, '}');
}
