#include "exports.h"

#include "actmem.h"
#include "input.h"
#include "proven.h"
#include "toy.h"
#include "writer.h"

#include <string.h>

/* Room for any config.json and for the longest report. With every operation in its timeline one takes some 140 KB; a plan of many unlike
 * regions says of each what it no longer keeps: 1 MB of 25, and there are AM_MAX_KINDS. */
#ifdef AM_FIRST
#define TEXT_SIZE (512 << 10)
#else
#define TEXT_SIZE (4 << 20)
#endif
#define INPUT_SIZE AM_JSON_INPUT_SIZE

/* An input has been read before its answer is begun: so both may stand in one place. Texts have room for a final 0. */
static union {
    char input[INPUT_SIZE + 1];
    struct {
        am_report report;
        char text[TEXT_SIZE + 1];
    } answer;
} memory;
static am_workspace workspace;

static int32_t answer_error(const am_status *status)
{
#ifdef AM_FIRST /* which is all that it says of an error */
    static const char error[] = "{\"error\":{\"code\":\"elsewhere\",\"field\":\"\",\"message\":\"\"}}";
    (void)status;
    memcpy(memory.answer.text, error, sizeof error);
    return 1 - (int32_t)sizeof error;
#else
    return -(int32_t)am_error_json(status, memory.answer.text, sizeof memory.answer.text);
#endif
}

/* length bytes of JSON, or an error document if it did not fit. */
static int32_t answer(size_t length)
{
    if (AM_ALWAYS(length > 0)) return (int32_t)length;
    am_status status = {0};
    am_fail(&status, AM_CAPACITY, "checkpoint", "the answer does not fit into %d bytes", (int64_t)TEXT_SIZE);
    return answer_error(&status);
}

/* A caller's length, held to the buffer. */
static size_t used_of(int32_t length)
{
    if (length < 0) return 0;
    return length < INPUT_SIZE ? (size_t)length : (size_t)INPUT_SIZE;
}

AM_EXPORT(am_input)
char *am_input(void)
{
    return memory.input;
}

AM_EXPORT(am_input_size)
int32_t am_input_size(void)
{
    return INPUT_SIZE;
}

AM_EXPORT(am_output)
const char *am_output(void)
{
    return memory.answer.text;
}

/* The input as a text that ends with a 0. */
static bool is_text(int32_t length, am_status *status)
{
    size_t used = used_of(length);
    memory.input[used] = '\0';
    if (memchr(memory.input, '\0', used) == NULL) return true;
    am_fail(status, AM_SYNTAX, "", "the text holds a zero byte");
    return false;
}

AM_EXPORT(am_wasm_evaluate)
int32_t am_wasm_evaluate(int32_t length)
{
    am_status status = {0};
    am_config config = am_default_config();
    am_report *report = &memory.answer.report;
    if (!is_text(length, &status)) return answer_error(&status);
    if (am_config_parse(&config, memory.input, &status) != AM_OK) return answer_error(&status);
    if (am_evaluate(report, &workspace, &config, &status) != AM_OK) return answer_error(&status);
#ifndef AM_FIRST
    am_fit_search(report, &workspace, &config);
#endif
    return answer(am_report_json(report, memory.answer.text, sizeof memory.answer.text));
}

#ifndef AM_FIRST

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
    if (am_config_import(&config, memory.input, used_of(length), &status) != AM_OK) return answer_error(&status);
    am_writer writer = am_writer_of(memory.answer.text, sizeof memory.answer.text);
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
    return answer(am_writer_end(&writer));
}

AM_EXPORT(am_wasm_map)
int32_t am_wasm_map(int32_t length)
{
    static am_map map;
    am_status status = {0};
    am_config config = am_default_config();
    if (!is_text(length, &status) || am_map_axes(&map, memory.input, &status) != AM_OK) return answer_error(&status);
    if (am_config_parse(&config, memory.input, &status) != AM_OK) return answer_error(&status);
    if (am_fit_map(&map, &workspace, &config, &status) != AM_OK) return answer_error(&status);
    return answer(am_map_json(&map, memory.answer.text, sizeof memory.answer.text));
}

AM_EXPORT(am_wasm_toy)
int32_t am_wasm_toy(int32_t length)
{
    am_status status = {0};
    am_toy toy;
    if (!is_text(length, &status)) return answer_error(&status);
    if (am_toy_play(&toy, &workspace, &memory.answer.report.extents, memory.input, &status) != AM_OK)
        return answer_error(&status);
    return answer(am_toy_json(&toy, memory.answer.text, sizeof memory.answer.text));
}

AM_EXPORT(am_wasm_formulas)
int32_t am_wasm_formulas(int32_t length)
{
    (void)length; /* every call takes one */
    return answer(am_tables_json(AM_TABLES_FORMULAS, memory.answer.text, sizeof memory.answer.text));
}

#endif
