#define JSMN_STATIC
#include "fixture.h"

#include <jsmn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Tokens in document order. Documents are kept, each once, until the process ends. */
struct json_document {
    char name[64];
    json_document *next;
    char *text;
    jsmntok_t *token;
    int tokens;
};

am_workspace fixture_workspace;
am_report fixture_report;

/* Suites read fixtures while they are put together, where Check's assertions don't work yet. */
static void need(bool holds, const char *what, const char *name)
{
    if (holds) return;
    fprintf(stderr, "tests/core: %s: %s\n", name, what);
    exit(EXIT_FAILURE);
}

static char *read_file(const char *path, size_t *length)
{
    FILE *file = fopen(path, "rb");
    need(file != NULL, "can't be opened: run from the repository's root", path);
    fseek(file, 0, SEEK_END);
    *length = (size_t)ftell(file);
    rewind(file);
    char *text = malloc(*length + 1);
    need(fread(text, 1, *length, file) == *length, "can't be read", path);
    text[*length] = 0;
    fclose(file);
    return text;
}

bool json_exists(const char *name)
{
    char path[256];
    snprintf(path, sizeof path, "tests/fixtures/%s", name);
    FILE *file = fopen(path, "rb");
    if (file) fclose(file);
    return file != NULL;
}

json json_load(const char *name)
{
    char path[256];
    snprintf(path, sizeof path, "tests/fixtures/%s", name);
    static json_document *loaded;
    for (const json_document *each = loaded; each; each = each->next)
        if (strcmp(each->name, name) == 0) return (json){each, 0};
    json_document *document = malloc(sizeof *document);
    snprintf(document->name, sizeof document->name, "%s", name);
    document->next = loaded;
    loaded = document;
    size_t length;
    document->text = read_file(path, &length);
    jsmn_parser parser;
    jsmn_init(&parser);
    int count = jsmn_parse(&parser, document->text, length, NULL, 0);
    need(count > 0, "is not JSON", path);
    document->token = malloc((size_t)count * sizeof *document->token);
    jsmn_init(&parser);
    document->tokens = jsmn_parse(&parser, document->text, length, document->token, (unsigned)count);
    return (json){document, 0};
}

static const jsmntok_t *token_of(json value)
{
    need(value.index >= 0, "a member is missing", "fixture");
    return &value.document->token[value.index];
}

/* The token behind a value and all that is in it. */
static int skip(json value)
{
    int end = token_of(value)->end, index = value.index + 1;
    while (index < value.document->tokens && value.document->token[index].start < end) index++;
    return index;
}

int json_size(json value)
{
    return token_of(value)->size;
}

json json_at(json array, int index)
{
    json element = {array.document, array.index + 1};
    for (int i = 0; i < index; i++) element.index = skip(element);
    return element;
}

json json_get(json object, const char *key)
{
    json name = {object.document, object.index + 1};
    for (int i = 0; i < json_size(object); i++) {
        const jsmntok_t *token = token_of(name);
        json value = {object.document, name.index + 1};
        size_t length = (size_t)(token->end - token->start);
        if (strlen(key) == length && strncmp(object.document->text + token->start, key, length) == 0) return value;
        name.index = skip(value);
    }
    return (json){object.document, -1};
}

bool json_is_null(json value)
{
    if (value.index < 0) return true;
    char first = value.document->text[token_of(value)->start];
    return token_of(value)->type == JSMN_PRIMITIVE && (first == 'n' || first == 'f');
}

int64_t json_int(json value)
{
    return strtoll(value.document->text + token_of(value)->start, NULL, 10);
}

double json_real(json value)
{
    return strtod(value.document->text + token_of(value)->start, NULL);
}

const char *json_text(json value, char *buffer, size_t size)
{
    const jsmntok_t *token = token_of(value);
    snprintf(buffer, size, "%.*s", token->end - token->start, value.document->text + token->start);
    return buffer;
}

void json_each(json array, void (*visit)(json element, void *data), void *data)
{
    json element = {array.document, array.index + 1};
    for (int i = 0; i < json_size(array); i++) {
        visit(element, data);
        element.index = skip(element);
    }
}

am_config config_of(const char *text)
{
    am_status status;
    am_config config = am_default_config();
    ck_assert_msg(am_config_parse(&config, text, &status) == AM_OK, "%s: %s", text, status.message);
    ck_assert_msg(am_config_resolve(&config, &status) == AM_OK, "%s: %s", text, status.message);
    return config;
}

static void import_config(am_config *config, const char *file)
{
    char path[256];
    size_t length;
    am_status status;
    snprintf(path, sizeof path, "tests/fixtures/configs/%s", file);
    char *text = read_file(path, &length);
    ck_assert_msg(am_config_import(config, text, length, &status) == AM_OK, "%s: %s", file, status.message);
    free(text);
}

am_config fixture_config(const char *name)
{
    static json root = {NULL, 0};
    if (!root.document) root = json_load("arguments.json");
    char text[512];
    for (int i = 0; i < json_size(root); i++) {
        json entry = json_at(root, i);
        if (strcmp(json_text(json_get(entry, "name"), text, sizeof text), name) != 0) continue;
        am_status status;
        am_config config = am_default_config();
        json file = json_get(entry, "config"); /* null: the arguments say all of it */
        if (!json_is_null(file)) import_config(&config, json_text(file, text, sizeof text));
        json_text(json_get(entry, "arguments"), text, sizeof text);
        ck_assert_msg(am_config_parse(&config, text, &status) == AM_OK, "%s: %s", name, status.message);
        ck_assert_msg(am_config_resolve(&config, &status) == AM_OK, "%s: %s", name, status.message);
        return config;
    }
    ck_abort_msg("arguments.json has no case '%s'", name);
    return am_default_config();
}
