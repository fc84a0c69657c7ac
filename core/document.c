/* Reads JSON that is not trusted: jsmn splits it into tokens; what it is lenient about is checked before and after. */
#include "document.h"

#include <string.h>

#define JSMN_STATIC
#define JSMN_STRICT
#define JSMN_PARENT_LINKS
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#include <jsmn.h>
#pragma GCC diagnostic pop

#include "input.h"

#define MOST_TOKENS 4096
#define MOST_DEPTH  32
#define QUOTE       48 /* bytes of a value in an error */

/* jsmn wants an array of tokens, too large for a stack, and am_config_import is given no memory for it. Nothing in it
 * outlives an import, but two threads must not import at once. */
static jsmntok_t tokens[MOST_TOKENS];

static bool is_text(const char *text, size_t length, const char *wanted)
{
    return length == strlen(wanted) && memcmp(text, wanted, length) == 0;
}

/* ---- before jsmn: commas, colons, the spelling of values, the depth */

/* A pass over the bytes. */
typedef struct scan {
    const char *json;
    size_t length, at;
    int depth;
    char before; /* the last byte that is no space: '"' for a string, '0' for a number or a literal; 0 at the start */
    const char *fault;
    size_t key, key_length;   /* the string read last: where a value stands, its key or the value before it */
    size_t word, word_length; /* what is no value; 0: something else is at fault */
} scan;

static bool is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static bool is_punctuation(char c)
{
    return c == ',' || c == ':' || c == '{' || c == '}' || c == '[' || c == ']';
}

static bool is_number_or_literal(const char *text, size_t length)
{
    int64_t value;
    return is_text(text, length, "true") || is_text(text, length, "false") || is_text(text, length, "null") ||
           am_read_millionths(text, length, &value);
}

/* Leaves `at` on the closing quote. */
static void scan_string(scan *file)
{
    size_t start = file->at + 1;
    for (file->at++; file->at < file->length; file->at++) {
        char c = file->json[file->at];
        file->key = start;
        file->key_length = file->at - start;
        if (c == '"') return;
        if ((unsigned char)c < ' ') break;
        if (c == '\\') file->at++;
    }
    file->fault = "a string that does not end";
}

/* Leaves `at` on the last byte. */
static void scan_number_or_literal(scan *file)
{
    const char *start = file->json + file->at;
    size_t left = file->length - file->at;
    size_t length = 1;
    while (length < left && !is_space(start[length]) && !is_punctuation(start[length])) length++;
    if (!is_number_or_literal(start, length)) {
        file->fault = "something that is no value";
        file->word = file->at;
        file->word_length = length;
    }
    file->at += length - 1;
}

static bool may_follow(char before, char c)
{
    switch (c) {
    case ':': return before == '"';
    case ',': return before == '"' || before == '0' || before == '}' || before == ']';
    case '}':
    case ']': return before != ',' && before != ':';
    default: return before == '{' || before == '[' || before == ',' || before == ':';
    }
}

static void scan_symbol(scan *file)
{
    char c = file->json[file->at];
    bool starts = file->before == '\0' && c == '{';
    if (!starts && file->depth == 0)
        file->fault = "something other than one object";
    else if (!starts && !may_follow(file->before, c))
        file->fault = "a comma or a colon too many or too few";
    else if (c == '{' || c == '[')
        file->depth++;
    else if (c == '}' || c == ']')
        file->depth--;
    else if (c == '"')
        scan_string(file);
    else if (!is_punctuation(c))
        scan_number_or_literal(file);
    if (file->depth > MOST_DEPTH) file->fault = "values nested more than 32 deep";
    file->before = is_punctuation(c) || c == '"' ? c : '0';
}

/* JSON's values are texts in quotes, numbers, true, false and null: Python's True, NaN and the like are none. */
static am_code refuse_word(const scan *file, am_status *status)
{
    char key[sizeof status->field], word[QUOTE];
    am_copy_text(word, sizeof word, file->json + file->word, file->word_length);
    am_copy_text(key, sizeof key, file->json + file->key, file->key_length);
    return am_fail(status, AM_BAD_CONFIG, key, "config.json has %s%s%s, which is no value in JSON, at byte %d", key,
                   *key ? ": " : "", word, (int64_t)file->at);
}

static am_code check_symbols(const char *json, size_t length, am_status *status)
{
    scan file = {.json = json, .length = length};
    for (; file.at < length && !file.fault; file.at++)
        if (!is_space(json[file.at])) scan_symbol(&file);
    if (file.word_length > 0) return refuse_word(&file, status);
    if (file.fault)
        return am_fail(status, AM_BAD_CONFIG, "", "config.json has %s, at byte %d", file.fault, (int64_t)file.at);
    if (file.before == '\0') return am_fail(status, AM_BAD_CONFIG, "", "config.json is empty");
    if (file.depth > 0) return am_fail(status, AM_BAD_CONFIG, "", "config.json ends before its object does");
    return AM_OK;
}

/* ---- after jsmn: token 0 is the object; a key's parent is its object, and the key is its value's parent */

static size_t length_of(int token)
{
    return (size_t)(tokens[token].end - tokens[token].start);
}

static const char *text_of(const am_document *document, int token)
{
    return document->json + tokens[token].start;
}

static bool token_is(const am_document *document, int token, const char *text)
{
    return is_text(text_of(document, token), length_of(token), text);
}

/* A key, which is a string wherever a colon follows it, has one value; no other string has any. */
static bool is_well_formed(const am_document *document)
{
    for (int i = 1; i < document->count; i++) {
        bool key = tokens[tokens[i].parent].type == JSMN_OBJECT;
        if (key && tokens[i].size != 1) return false;
        if (!key && tokens[i].type == JSMN_STRING && tokens[i].size != 0) return false;
    }
    return true;
}

static bool is_repeated(const am_document *document, int key)
{
    for (int i = 1; i < key; i++)
        if (tokens[i].parent == document->root && length_of(i) == length_of(key) &&
            memcmp(text_of(document, i), text_of(document, key), length_of(key)) == 0)
            return true;
    return false;
}

/* A key that is written twice, or so that it is not recognised, would pass for one that is left out. */
static am_code check_keys(const am_document *document, am_status *status)
{
    for (int i = 1; i < document->count; i++) {
        if (tokens[i].parent != document->root) continue;
        char name[sizeof status->field];
        am_copy_text(name, sizeof name, text_of(document, i), length_of(i));
        if (memchr(text_of(document, i), '\\', length_of(i)))
            return am_fail(status, AM_BAD_CONFIG, name, "config.json has a key with a backslash in it: '%s'", name);
        if (is_repeated(document, i))
            return am_fail(status, AM_BAD_CONFIG, name, "config.json has the key %s twice", name);
    }
    return AM_OK;
}

am_code am_document_read(am_document *document, const char *json, size_t length, am_status *status)
{
    if (length > AM_JSON_INPUT_SIZE) return am_fail(status, AM_BAD_CONFIG, "", "config.json is larger than 1 MiB");
    static const char mark[] = "\xef\xbb\xbf"; /* of UTF-8, as editors on Windows write it */
    if (length >= 3 && memcmp(json, mark, 3) == 0) {
        json += 3;
        length -= 3;
    }
    am_code code = check_symbols(json, length, status);
    if (code != AM_OK) return code;
    jsmn_parser parser;
    jsmn_init(&parser);
    *document = (am_document){json, jsmn_parse(&parser, json, length, tokens, MOST_TOKENS), 0};
    if (document->count == JSMN_ERROR_NOMEM)
        return am_fail(status, AM_BAD_CONFIG, "", "config.json has more than %d values", (int64_t)MOST_TOKENS);
    if (document->count < 1 || !is_well_formed(document))
        return am_fail(status, AM_BAD_CONFIG, "", "config.json is no well-formed JSON");
    return check_keys(document, status);
}

/* ---- values */

am_json_value am_document_member(const am_document *document, am_json_value object, const char *key)
{
    if (tokens[object].type != JSMN_OBJECT) return 0;
    for (int i = object + 1; i < document->count && tokens[i].start < tokens[object].end; i++)
        if (tokens[i].parent == object && token_is(document, i, key)) return i + 1;
    return 0;
}

am_json_value am_document_find(const am_document *document, const char *key)
{
    return am_document_member(document, document->root, key);
}

const char *am_document_quote(const am_document *document, am_json_value value, char *buffer, size_t size)
{
    bool text = tokens[value].type == JSMN_STRING; /* jsmn leaves its quotes out */
    size_t length = length_of(value) + (text ? 2 : 0);
    am_copy_text(buffer, size, text_of(document, value) - (text ? 1 : 0), length);
    if (length >= size) memcpy(buffer + size - sizeof "…", "…", sizeof "…");
    return buffer;
}

static am_code wrong_kind(const am_document *document, am_json_value value, const char *key, const char *wanted,
                          am_status *status)
{
    char quote[QUOTE];
    return am_fail(status, AM_BAD_CONFIG, key, "%s must be %s in config.json, not %s", key, wanted,
                   am_document_quote(document, value, quote, sizeof quote));
}

am_code am_document_enter(am_document *document, am_json_value object, const char *key, am_status *status)
{
    if (tokens[object].type != JSMN_OBJECT) return wrong_kind(document, object, key, "an object", status);
    document->root = object;
    return check_keys(document, status);
}

static bool is_primitive(am_json_value value)
{
    return tokens[value].type == JSMN_PRIMITIVE;
}

bool am_document_is_null(const am_document *document, am_json_value value)
{
    return is_primitive(value) && token_is(document, value, "null");
}

bool am_document_is_list_of(const am_document *document, am_json_value value, const char *text)
{
    if (tokens[value].type != JSMN_ARRAY) return false;
    for (int i = value + 1; i < document->count && tokens[i].start < tokens[value].end; i++)
        if (!token_is(document, i, text)) return false;
    return true;
}

int64_t am_document_period(const am_document *document, am_json_value value, const char *marked, const char *other, bool first)
{
    int64_t period = 0, count = 0;
    if (tokens[value].type != JSMN_ARRAY) return 0;
    for (int i = value + 1; i < document->count && tokens[i].start < tokens[value].end; i++) {
        bool mark = token_is(document, i, marked);
        if ((!mark && !token_is(document, i, other)) || (first && !count && !mark)) return 0;
        int64_t behind = first ? count : count + 1; /* how many of them make a period if this one ends it, or begins the next */
        count++;
        if (mark && !period) period = behind;
        if (period && mark != (behind % period == 0)) return 0;
    }
    return period ? period : first ? count : count + 1;
}

int64_t am_document_first(const am_document *document, am_json_value value, const char *first, const char *other)
{
    int64_t count = 0;
    bool others = false;
    if (tokens[value].type != JSMN_ARRAY) return -1;
    for (int i = value + 1; i < document->count && tokens[i].start < tokens[value].end; i++) {
        bool is_first = token_is(document, i, first);
        if (is_first ? others : !token_is(document, i, other)) return -1;
        others |= !is_first;
        count += is_first;
    }
    return count;
}

am_code am_document_integer(const am_document *document, am_json_value value, const char *key, int64_t *number,
                            am_status *status)
{
    bool read = is_primitive(value) && am_read_whole(text_of(document, value), length_of(value), number);
    return read ? AM_OK : wrong_kind(document, value, key, "a whole number", status);
}

am_code am_document_flag(const am_document *document, am_json_value value, const char *key, int64_t *flag,
                         am_status *status)
{
    *flag = token_is(document, value, "true");
    bool read = is_primitive(value) && (*flag || token_is(document, value, "false"));
    return read ? AM_OK : wrong_kind(document, value, key, "true or false", status);
}

am_code am_document_ratio(const am_document *document, am_json_value value, const char *key, int64_t *ratio,
                          am_status *status)
{
    bool read = is_primitive(value) && am_read_millionths(text_of(document, value), length_of(value), ratio);
    return read ? AM_OK : wrong_kind(document, value, key, "a number", status);
}

am_code am_document_text(const am_document *document, am_json_value value, const char *key, char *text, size_t size,
                         am_status *status)
{
    if (tokens[value].type != JSMN_STRING) return wrong_kind(document, value, key, "a text", status);
    am_copy_text(text, size, text_of(document, value), length_of(value));
    return AM_OK;
}

am_code am_document_name(const am_document *document, const char *key, char *name, size_t size, am_status *status)
{
    am_json_value value = am_document_find(document, key);
    name[0] = '\0';
    if (!value || am_document_is_null(document, value)) return AM_OK;
    return am_document_text(document, value, key, name, size, status);
}
