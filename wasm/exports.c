#include "exports.h"

#include "actmem.h"

#include <string.h>

/* Room for the longest report, which with every operation in its timeline takes some 140 KB, and for any input of use. */
#define TEXT_SIZE (512 << 10)

static char text[TEXT_SIZE + 1]; /* and a final 0 */
static am_report report;
static am_workspace workspace;

static int32_t answer_error(const am_status *status)
{
    return -(int32_t)am_error_json(status, text, sizeof text);
}

/* length bytes of JSON, or an error document if it did not fit. */
static int32_t answer(size_t length)
{
    if (length > 0) return (int32_t)length;
    am_status status = {0};
    am_fail(&status, AM_CAPACITY, "timeline", "the answer does not fit into %d bytes", (int64_t)TEXT_SIZE);
    return answer_error(&status);
}

/* A caller's length, held to the buffer. */
static size_t used_of(int32_t length)
{
    if (length < 0) return 0;
    return length < TEXT_SIZE ? (size_t)length : (size_t)TEXT_SIZE;
}

AM_EXPORT(am_input)
char *am_input(void)
{
    return text;
}

AM_EXPORT(am_input_size)
int32_t am_input_size(void)
{
    return TEXT_SIZE;
}

AM_EXPORT(am_output)
const char *am_output(void)
{
    return text;
}

AM_EXPORT(am_wasm_evaluate)
int32_t am_wasm_evaluate(int32_t length)
{
    am_status status = {0};
    am_config config = am_default_config();
    size_t used = used_of(length);
    text[used] = '\0';
    if (memchr(text, '\0', used) != NULL) {
        am_fail(&status, AM_SYNTAX, "", "the text holds a zero byte");
        return answer_error(&status);
    }
    if (am_config_parse(&config, text, &status) != AM_OK) return answer_error(&status);
    if (am_evaluate(&report, &workspace, &config, &status) != AM_OK) return answer_error(&status);
    return answer(am_report_json(&report, text, sizeof text));
}
