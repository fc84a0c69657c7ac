/* Errors as data, and the element types. */
#include "actmem.h"

#include <stdarg.h>

#include "writer.h"

const am_dtype_info am_dtypes[AM_DTYPE_COUNT] = {
#define AM_DTYPE(id, name, torch, size, floating) [AM_##id] = {name, torch, size, floating},
#include "dtypes.def"
#undef AM_DTYPE
};

const char *am_code_name(am_code code)
{
    static const char *const names[AM_CODE_COUNT] = {
#define AM_STATUS(id, code, meaning) [AM_##id] = code,
#include "status.def"
#undef AM_STATUS
    };
    return (unsigned)code < AM_CODE_COUNT ? names[code] : "unknown";
}

/* Text into a buffer that keeps what fits. */
typedef struct line {
    char *text;
    size_t length, size;
} line;

static void put(line *to, char c)
{
    if (to->length + 1 < to->size) to->text[to->length++] = c;
}

/* What a user wrote may hold anything: control characters must not reach a terminal. */
static void put_shown(line *to, const char *text)
{
    for (; *text; text++) put(to, (unsigned char)*text < ' ' || *text == 127 ? '?' : *text);
}

static void put_number(line *to, int64_t value, void (*write)(am_writer *, int64_t))
{
    char digits[32];
    am_writer writer = am_writer_of(digits, sizeof digits);
    write(&writer, value);
    am_writer_end(&writer);
    put_shown(to, digits);
}

static void put_message(line *to, const char *message, va_list arguments)
{
    for (; *message; message++) {
        if (*message != '%') {
            put(to, *message);
            continue;
        }
        switch (*++message) {
        case 's': put_shown(to, va_arg(arguments, const char *)); break;
        case 'd': put_number(to, va_arg(arguments, int64_t), am_write_int); break;
        case 'b': put_number(to, va_arg(arguments, int64_t), am_write_thousands); break;
        case '%': put(to, '%'); break;
        default: return; /* a format that does not exist: stop before an argument is misread */
        }
    }
}

am_code(am_fail)(am_status *status, am_code code, const char *field, const char *message, ...)
{
    *status = (am_status){.code = code};
    line name = {status->field, 0, sizeof status->field};
    if (field) put_shown(&name, field);
    line text = {status->message, 0, sizeof status->message};
    va_list arguments;
    va_start(arguments, message);
    put_message(&text, message, arguments);
    va_end(arguments);
    return code;
}
