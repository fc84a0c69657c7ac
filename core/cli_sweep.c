/* actmem sweep: the figures of a grid of configurations, a row each, as CSV or JSON lines.
 *
 * Rows are numbered, and always written in that order, whatever the number of threads: so a file that a killed run has left is
 * a sweep's beginning, and is held to it line by line before the rest is added. Memory does not grow with the number of rows: what
 * is evaluated at once are some chunks of consecutive ones. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "bytes.h"
#include "cli.h"
#include "fit.h"
#include "input.h"
#include "writer.h"

enum {
    CHUNK_ROWS = 64,
    CHUNK_INPUT = 16 << 10, /* of the lines that its rows come from */
    ROW_SIZE = 8 * AM_INPUT_SIZE, /* longest row of the answer: JSON may write a character as six */
    MOST_JOBS = 256,
    MOST_SHARDS = 1000000,
    SHOWN_REFUSALS = 10, /* on standard error; all of them are in the answer */
};
#define MOST_ROWS ((int64_t)1 << 53)

/* ---- the grid ---- */

/* Values of a key: one text, or numbers from first on in equal steps or by a factor. */
typedef struct values {
    const char *text; /* NULL: numbers */
    int64_t first, step, count;
    bool doubles; /* step is a factor */
} values;

/* One key of the grid. */
typedef struct axis {
    const am_field *field;
    int parts;
    values *part;
    int64_t count; /* of values */
} axis;

typedef enum format { CSV, JSON_LINES } format;

typedef struct sweep {
    am_config base;
    const char *config, *rows, *output; /* paths; NULL: none */
    FILE *lines, *answer;
    format format;
    bool formatted; /* the format was named */
    long jobs;
    int64_t shard, shards; /* from 1 */
    int axes;
    axis axis[AM_FIELD_COUNT];
    int64_t grid;  /* rows for each line */
    int64_t total; /* of the shard; -1: not known */
} sweep;

static sweep asked = {.shard = 1, .shards = 1};

static int refuse(const char *message, ...) __attribute__((format(printf, 1, 2)));

static int refuse(const char *message, ...)
{
    va_list arguments;
    va_start(arguments, message);
    fprintf(stderr, "actmem sweep: ");
    vfprintf(stderr, message, arguments);
    fprintf(stderr, "\n");
    va_end(arguments);
    return AM_EXIT_INPUT;
}

static void *allocate(void *old, size_t size)
{
    void *memory = realloc(old, size);
    if (memory != NULL) return memory;
    fprintf(stderr, "actmem sweep: no memory\n");
    exit(AM_EXIT_IO);
}

/* A value as the answer shows it, "8192" for "8k". False where the parser refuses it. */
static bool canonical(const am_field *field, const char *value, char text[AM_TEXT_SIZE], am_status *status)
{
    static char pair[AM_INPUT_SIZE + 1];
    am_config config = am_default_config();
    snprintf(pair, sizeof pair, "%s=%s", field->key, value);
    if (am_config_parse(&config, pair, status) != AM_OK) return false;
    if (field == &am_fields[AM_F_model]) am_copy_text(text, AM_TEXT_SIZE, value, strlen(value));
    else am_field_value(&config, field, text, AM_TEXT_SIZE);
    return true;
}

static char *copy_of(const char *text)
{
    return strcpy(allocate(NULL, strlen(text) + 1), text);
}

/* A number, k standing for 1024. */
static bool read_number(const char *text, size_t length, int64_t *value)
{
    bool thousands = length > 1 && text[length - 1] == 'k';
    if (!am_read_integer(text, length - thousands, value)) return false;
    if (thousands && __builtin_mul_overflow(*value, 1024, value)) *value = INT64_MAX;
    return true;
}

/* first..last, first..last:step or first..last:xfactor. */
static int read_range(values *part, const am_field *field, const char *text)
{
    const char *dots = strstr(text, ".."), *colon = strchr(dots, ':');
    const char *end = colon ? colon : text + strlen(text);
    int64_t last;
    *part = (values){.step = 1, .doubles = colon && colon[1] == 'x'};
    const char *step = colon ? colon + 1 + part->doubles : "1";
    if (field->kind != AM_KIND_INT) return refuse("%s takes no range: give its values one by one, with commas", field->key);
    if (!read_number(text, (size_t)(dots - text), &part->first) || !read_number(dots + 2, (size_t)(end - dots - 2), &last) ||
        !read_number(step, strlen(step), &part->step))
        return refuse("%s=%s: a range is first..last, first..last:step or first..last:xfactor, as %s=1k..64k:x2", field->key, text,
                      field->key);
    if (part->first < field->least || last > field->most || part->first > last || part->step < 1 + part->doubles)
        return refuse("%s=%s: a range goes up within %lld to %lld, by a step of 1 or a factor of 2 at least", field->key, text,
                      (long long)field->least, (long long)field->most);
    if (part->doubles && part->first == 0) return refuse("%s=%s: 0 times a factor stays 0", field->key, text);
    if (!part->doubles) part->count = (last - part->first) / part->step + 1;
    else
        for (int64_t value = part->first; value <= last; part->count++)
            if (__builtin_mul_overflow(value, part->step, &value)) value = INT64_MAX;
    return AM_EXIT_ANSWER;
}

static axis *axis_of(const am_field *field)
{
    for (int i = 0; i < asked.axes; i++)
        if (asked.axis[i].field == field) return &asked.axis[i];
    asked.axis[asked.axes] = (axis){.field = field};
    return &asked.axis[asked.axes++];
}

static int64_t number_at(const values *part, int64_t index)
{
    int64_t value = part->first;
    if (!part->doubles) return value + part->step * index;
    for (; index > 0; index--) value *= part->step;
    return value;
}

static bool has_number(const values *part, int64_t value)
{
    int64_t distance = value - part->first;
    if (!part->doubles) return distance >= 0 && distance % part->step == 0 && distance / part->step < part->count;
    int64_t i = 0;
    while (i < part->count && number_at(part, i) != value) i++;
    return i < part->count;
}

/* The first number of x that y has too; -1: none. The steps of the sparser one meet the other's within as many as that has units. */
static int64_t shared_number(const values *x, const values *y)
{
    const values *sparse = x->doubles || (!y->doubles && x->step > y->step) ? x : y, *other = sparse == x ? y : x;
    int64_t i = 0, end = sparse->count;
    if (!sparse->doubles) {
        if (other->first > sparse->first) i = (other->first - sparse->first + sparse->step - 1) / sparse->step;
        if (other->step < end - i) end = i + other->step;
    }
    for (; i < end; i++)
        if (has_number(other, number_at(sparse, i))) return number_at(sparse, i);
    return -1;
}

/* No value twice, whichever way it is written: rows would be. */
static int check_values(const axis *own)
{
    const values *last = &own->part[own->parts - 1];
    for (const values *part = own->part; part < last; part++) {
        int64_t number = last->text == NULL ? shared_number(part, last) : -1;
        if (last->text != NULL && strcmp(part->text, last->text) == 0) return refuse("%s=%s is given twice", own->field->key, last->text);
        if (number >= 0) return refuse("%s=%lld is given twice", own->field->key, (long long)number);
    }
    return AM_EXIT_ANSWER;
}

static int add_value(const am_field *field, const char *text)
{
    am_status status;
    char value[AM_TEXT_SIZE];
    axis *own = axis_of(field);
    values part = {.step = 1, .count = 1};
    bool range = field->kind != AM_KIND_TEXT && strstr(text, "..") != NULL, number = range || field->kind == AM_KIND_INT;
    int code = range ? read_range(&part, field, text) : AM_EXIT_ANSWER;
    if (code != AM_EXIT_ANSWER) return code;
    if (!range && !canonical(field, text, value, &status)) return refuse("%s", status.message);
    if (!range && number) am_read_integer(value, strlen(value), &part.first);
    own->part = allocate(own->part, (size_t)(own->parts + 1) * sizeof *own->part);
    if (!number) part.text = copy_of(value);
    own->part[own->parts++] = part;
    own->count += part.count;
    return check_values(own);
}

/* Keys whose values hold commas themselves: these are given once for each value. */
static bool has_commas(const am_field *field)
{
    return field == &am_fields[AM_F_checkpoint] || field == &am_fields[AM_F_lora_targets] || field == &am_fields[AM_F_stage_layers];
}

static int check_policy(const char *text)
{
    am_status status;
    am_policy policy;
    am_config config = am_default_config();
    am_copy_text(config.checkpoint, sizeof config.checkpoint, text, strlen(text));
    if (strchr(text, ',') == NULL || am_policy_parse(&policy, &config, &status) == AM_OK) return AM_EXIT_ANSWER;
    return refuse("checkpoint=%s is one policy, since lists of operations have commas: for several give the key several times, "
                  "checkpoint=none checkpoint=full", text);
}

/* key=a,b,c */
static int add_pair(char *pair)
{
    char *equals = strchr(pair, '=');
    if (equals == NULL) return refuse("'%s' is not key=value", pair);
    *equals = '\0';
    const am_field *field = NULL;
    for (int i = 0; i < AM_FIELD_COUNT; i++)
        if (strcmp(am_fields[i].key, pair) == 0) field = &am_fields[i];
    am_status status;
    am_config config = am_default_config();
    *equals = '=';
    if (field == NULL) { /* the parser says it */
        am_config_parse(&config, pair, &status);
        return refuse("%s", status.message);
    }
    char *value = equals + 1;
    if (field == &am_fields[AM_F_checkpoint] && check_policy(value) != AM_EXIT_ANSWER) return AM_EXIT_INPUT;
    for (;;) {
        char *comma = has_commas(field) ? NULL : strchr(value, ',');
        if (comma != NULL) *comma = '\0';
        int code = add_value(field, value);
        if (code != AM_EXIT_ANSWER || comma == NULL) return code;
        value = comma + 1;
    }
}

static const char *value_at(const axis *own, int64_t index, char buffer[AM_TEXT_SIZE])
{
    int i = 0;
    while (index >= own->part[i].count) index -= own->part[i++].count;
    const values *part = &own->part[i];
    if (part->text != NULL) return part->text;
    snprintf(buffer, AM_TEXT_SIZE, "%lld", (long long)number_at(part, index));
    return buffer;
}

/* ---- rows ---- */

/* A row of the sweep: a line of the file of rows, if there is one, and a point of the grid. */
typedef struct row {
    int64_t number, line, point; /* line: from 1 */
    const char *input;
} row;

/* Which value an axis has at a point; the last axis changes from row to row. */
static int64_t index_at(int64_t point, int which)
{
    for (int i = asked.axes - 1; i > which; i--) point /= asked.axis[i].count;
    return point % asked.axis[which].count;
}

/* The row as the parser reads it. */
static size_t row_text(const row *own, char *text, size_t size)
{
    char buffer[AM_TEXT_SIZE];
    am_writer writer = am_writer_of(text, size);
    am_write_text(&writer, own->input);
    for (int i = 0; i < asked.axes; i++) {
        AM_WRITE(&writer, "&");
        am_write_text(&writer, asked.axis[i].field->key);
        AM_WRITE(&writer, "=");
        am_write_text(&writer, value_at(&asked.axis[i], index_at(own->point, i), buffer));
    }
    return am_writer_end(&writer);
}

/* The name of a member of JSON's. */
static void write_name(am_writer *out, const char *name)
{
    AM_WRITE(out, "\"");
    am_write_text(out, name);
    AM_WRITE(out, "\":");
}

/* A text of CSV (RFC 4180): in quotes where it has to be. */
static void write_quoted(am_writer *out, const char *text)
{
    if (strpbrk(text, ",\"\r\n") == NULL) {
        am_write_text(out, text);
        return;
    }
    AM_WRITE(out, "\"");
    for (; *text != '\0'; text++) {
        if (*text == '"') AM_WRITE(out, "\"");
        am_write_char(out, *text);
    }
    AM_WRITE(out, "\"");
}

/* A text, or none where it is NULL. */
static void put_text(am_writer *out, const char *name, const char *text)
{
    if (asked.format == JSON_LINES) {
        write_name(out, name);
        if (text != NULL) am_json_string(out, text);
        else am_json_null(out);
        return;
    }
    if (text != NULL) write_quoted(out, text);
    AM_WRITE(out, ",");
}

/* A number, or none where it is negative. */
static void put_figure(am_writer *out, const char *name, int64_t value)
{
    if (asked.format == JSON_LINES) {
        write_name(out, name);
        am_json_figure(out, value);
        return;
    }
    if (value >= 0) am_write_int(out, value);
    AM_WRITE(out, ",");
}

/* A flag, or none where it is negative. */
static void put_flag(am_writer *out, const char *name, int value)
{
    if (asked.format == JSON_LINES) write_name(out, name);
    if (asked.format == JSON_LINES && value < 0) AM_WRITE(out, "null");
    if (value >= 0) am_write_text(out, value ? "true" : "false");
    AM_WRITE(out, ",");
}

/* What a row is: what comes before its figures. */
static void write_row(am_writer *out, const row *own)
{
    char buffer[AM_TEXT_SIZE];
    put_figure(out, "row", own->number);
    if (asked.rows != NULL) put_figure(out, "line", own->line);
    if (asked.rows != NULL) put_text(out, "input", own->input);
    for (int i = 0; i < asked.axes; i++) {
        const am_field *field = asked.axis[i].field;
        const char *value = value_at(&asked.axis[i], index_at(own->point, i), buffer);
        bool number = field->kind == AM_KIND_INT || field->kind == AM_KIND_RATIO;
        if (asked.format == JSON_LINES && number) {
            write_name(out, field->key);
            am_json_number(out, value);
        } else {
            put_text(out, field->key, value);
        }
    }
}

/* The figures of a row, by the names that the report has for them. */
static const struct {
    const char *name, *help;
} figures[] = {
    {"parameters", "of the whole model"},
    {"trainable_parameters", "thereof trained"},
    {"saved_bytes", "kept by autograd and by checkpoints between forward and backward"},
    {"after_forward_bytes", "live then"},
    {"forward_peak_bytes", "highest of the forward"},
    {"backward_peak_bytes", "highest of the backward, gradients of parameters apart"},
    {"peak_bytes", "highest of the step, gradients among it"},
    {"forward_flops", "of matrix products and attention"},
    {"recomputed_flops", "of what checkpointing runs again"},
    {"weights_bytes", "parameters of the GPU"},
    {"master_bytes", "their fp32 copies"},
    {"gradients_bytes", "gradients of the GPU"},
    {"optimizer_bytes", "states of the optimizer"},
    {"activation_peak_bytes", "what the total counts of the step"},
    {"total_bytes", "all that the step takes on the GPU; of a pipeline on the rank that takes most"},
    {"memory_bytes", "of the GPU"},
    {"rank", "of a pipeline, to which the figures from weights_bytes on belong"},
};
enum { FIGURES = sizeof figures / sizeof *figures };

static void read_figures(const am_totals *totals, int64_t figure[FIGURES])
{
    const am_outcome *outcome = &totals->outcome;
    const am_fit *fit = &totals->fit;
    const int64_t own[FIGURES] = {totals->parameters.total, totals->parameters.trainable, outcome->saved_bytes, outcome->after_forward,
                                  outcome->forward_peak, outcome->backward_peak, outcome->step_peak, outcome->forward_flops,
                                  outcome->recomputed_flops, fit->state.weights, fit->state.master, fit->state.gradients,
                                  fit->state.optimizer, fit->activations, fit->total, fit->memory, fit->rank};
    memcpy(figure, own, sizeof own);
}

/* What the total counts beside the activations. */
static const char *basis_of(const am_config *config, char *text, size_t size)
{
    am_writer writer = am_writer_of(text, size);
    am_fit_write_basis(&writer, config);
    am_writer_end(&writer);
    return text;
}

/* Ends a row: its last comma goes, as that of JSON's object does. */
static void end_row(am_writer *out)
{
    if (asked.format == JSON_LINES) am_json_close(out, '}');
    out->length--;
    AM_WRITE(out, "\n");
}

/* What a thread needs to evaluate a row. */
typedef struct worker {
    am_workspace workspace;
    am_totals totals;
    char text[AM_INPUT_SIZE + 2]; /* one character more than is read: the parser refuses that */
} worker;

static am_code evaluate_row(worker *by, const row *own, am_status *status)
{
    am_config config = asked.base;
    if (row_text(own, by->text, sizeof by->text) == 0)
        return am_fail(status, AM_SYNTAX, "", "the row is longer than %d characters", (int64_t)AM_INPUT_SIZE);
    if (am_config_parse(&config, by->text, status) != AM_OK) return status->code;
    if (asked.config != NULL && config.model[0])
        return am_fail(status, AM_CONFLICT, "model", "--config and model=%s are two models: give one", config.model);
    return am_evaluate_totals(&by->totals, &by->workspace, &config, status);
}

/* Evaluates a row and writes its line. False where it is refused: status says why. */
static bool answer_row(am_writer *out, const row *own, worker *by, am_status *status)
{
    int64_t figure[FIGURES];
    char basis[128];
    bool answered = evaluate_row(by, own, status) == AM_OK;
    const am_fit *fit = &by->totals.fit;
    for (int i = 0; i < FIGURES; i++) figure[i] = -1;
    if (answered) read_figures(&by->totals, figure);
    if (asked.format == JSON_LINES) am_json_open(out, '{');
    write_row(out, own);
    for (int i = 0; i < FIGURES; i++) put_figure(out, figures[i].name, figure[i]);
    put_text(out, "basis", answered ? basis_of(&by->totals.config, basis, sizeof basis) : NULL);
    put_flag(out, "fits", !answered || fit->memory < 0 ? -1 : fit->total <= fit->memory - fit->reserve);
    put_text(out, "error_code", answered ? NULL : am_code_name(status->code));
    put_text(out, "error_field", answered ? NULL : status->field);
    put_text(out, "error", answered ? NULL : status->message);
    end_row(out);
    return answered;
}

static void write_head(am_writer *out)
{
    AM_WRITE(out, "row,");
    if (asked.rows != NULL) AM_WRITE(out, "line,input,");
    for (int i = 0; i < asked.axes; i++) {
        am_write_text(out, asked.axis[i].field->key);
        AM_WRITE(out, ",");
    }
    for (int i = 0; i < FIGURES; i++) {
        am_write_text(out, figures[i].name);
        AM_WRITE(out, ",");
    }
    AM_WRITE(out, "basis,fits,error_code,error_field,error\n");
}

/* ---- giving out rows in order ---- */

/* Where the next row comes from. */
static struct {
    int64_t number, line, point; /* of the next row of the whole sweep */
    char *input;                 /* the line at hand */
    size_t size;
    bool ended;
    int error; /* errno of what ended it */
} source;

/* The next line that is not empty and no comment, without its end. */
static bool read_line(void)
{
    for (;;) {
        errno = 0;
        ssize_t length = getline(&source.input, &source.size, asked.lines);
        source.error = errno; /* of this thread: 0 at the end */
        if (length < 0) return false;
        source.line++;
        while (length > 0 && (source.input[length - 1] == '\n' || source.input[length - 1] == '\r')) source.input[--length] = '\0';
        const char *start = source.input + strspn(source.input, " \t");
        if (*start != '\0' && *start != '#') return true;
    }
}

/* The next row of this shard; false behind the last. Its input lasts until the next call. */
static bool next_row(row *own)
{
    for (;;) {
        if (source.ended) return false;
        bool starts = source.point == 0;
        if (starts && asked.lines != NULL) source.ended = !read_line();
        if (source.ended) return false;
        *own = (row){source.number++, source.line, source.point, asked.lines != NULL ? source.input : ""};
        source.point = source.point + 1 < asked.grid ? source.point + 1 : 0;
        source.ended = asked.lines == NULL && source.point == 0;
        if (own->number % asked.shards == asked.shard - 1) return true;
    }
}

/* ---- evaluating: threads take chunks of rows, the main one writes them in order ---- */

typedef struct chunk {
    int rows;
    row row[CHUNK_ROWS];
    char input[CHUNK_INPUT];
    bool done;
    int refused;
    size_t length, size; /* of the answer */
    char *answer;
} chunk;

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    chunk *slot;
    int64_t slots, taken, written; /* chunks */
    bool ended;
    int64_t rows, refused; /* written */
    int shown;
} work = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static row pending; /* read, and not yet in a chunk: its line no longer fitted */
static bool is_pending;

/* Fills a chunk with the next rows. Rows of one line share its text. */
static void fill_chunk(chunk *own)
{
    size_t used = 0;
    int64_t line = -1;
    const char *input = "";
    own->rows = own->refused = 0;
    own->done = false;
    while (own->rows < CHUNK_ROWS && (is_pending || next_row(&pending))) {
        is_pending = true;
        if (asked.lines != NULL && pending.line != line) {
            size_t length = strlen(pending.input);
            if (length > AM_INPUT_SIZE) length = AM_INPUT_SIZE + 1; /* which the parser refuses */
            if (used + length + 1 > sizeof own->input) return;
            am_copy_text(own->input + used, length + 1, pending.input, length);
            input = own->input + used;
            used += length + 1;
            line = pending.line;
        }
        own->row[own->rows] = pending;
        own->row[own->rows++].input = input;
        is_pending = false;
    }
}

/* Says why a row is refused, of the first ones. */
static void show_refusal(const row *own, const char *text, const am_status *status)
{
    if (work.shown++ >= SHOWN_REFUSALS) return;
    if (isatty(STDERR_FILENO)) fprintf(stderr, "\r\033[K");
    if (asked.rows != NULL) fprintf(stderr, "%s:%lld: ", asked.rows, (long long)own->line);
    fprintf(stderr, "row %lld (%.200s): %s\n", (long long)own->number, text + (text[0] == '&'), status->message);
    if (work.shown == SHOWN_REFUSALS) fprintf(stderr, "what else is refused is said in the answer alone, in its column error\n");
}

static void evaluate_chunk(chunk *own, worker *by)
{
    own->length = 0;
    for (int i = 0; i < own->rows; i++) {
        am_status status;
        if (own->size - own->length < ROW_SIZE) own->answer = allocate(own->answer, own->size += 2 * ROW_SIZE);
        am_writer out = am_writer_of(own->answer + own->length, own->size - own->length);
        bool answered = answer_row(&out, &own->row[i], by, &status);
        own->length += am_writer_end(&out);
        if (answered) continue;
        own->refused++;
        pthread_mutex_lock(&work.lock);
        show_refusal(&own->row[i], by->text, &status);
        pthread_mutex_unlock(&work.lock);
    }
}

static void *run_thread(void *memory)
{
    worker *by = memory;
    pthread_mutex_lock(&work.lock);
    while (!work.ended) {
        if (work.taken >= work.written + work.slots) {
            pthread_cond_wait(&work.changed, &work.lock);
            continue;
        }
        chunk *own = &work.slot[work.taken % work.slots];
        fill_chunk(own);
        if (own->rows == 0) {
            work.ended = true;
            break;
        }
        work.taken++;
        pthread_mutex_unlock(&work.lock);
        evaluate_chunk(own, by);
        pthread_mutex_lock(&work.lock);
        own->done = true;
        pthread_cond_broadcast(&work.changed);
    }
    pthread_cond_broadcast(&work.changed);
    pthread_mutex_unlock(&work.lock);
    free(by);
    return NULL;
}

/* As many as there is memory for, which each is given before it starts: none ends a sweep that the others would finish. */
static int start_threads(pthread_t *thread, long jobs)
{
    for (int i = 0; i < jobs; i++) {
        worker *by = malloc(sizeof *by);
        if (by != NULL && pthread_create(&thread[i], NULL, run_thread, by) == 0) continue;
        free(by);
        return i;
    }
    return (int)jobs;
}

/* ---- progress ---- */

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static const char *thousands(int64_t value, char buffer[32])
{
    am_writer writer = am_writer_of(buffer, 32);
    am_write_thousands(&writer, value);
    am_writer_end(&writer);
    return buffer;
}

/* On a terminal one line, written over; in a log a line a minute. */
static void show_progress(int64_t before, double start, bool last)
{
    static double shown;
    char rows[32], total[32], rate[32];
    bool terminal = isatty(STDERR_FILENO);
    double time = now(), seconds = time - start + 1e-9; /* never 0 */
    if (shown == 0) shown = start;
    if (!last && time - shown < (terminal ? 0.2 : 60)) return;
    shown = time;
    double speed = (double)work.rows / seconds;
    if (terminal) fprintf(stderr, "\r\033[K");
    if (last && terminal) return;
    fprintf(stderr, "%s rows", thousands(before + work.rows, rows));
    if (asked.total >= 0)
        fprintf(stderr, " of %s (%d %%)", thousands(asked.total, total), (int)((double)(before + work.rows) * 100 / (double)(asked.total | !asked.total)));
    fprintf(stderr, ", %s a second", thousands((int64_t)speed, rate));
    if (asked.total >= 0 && speed > 0) fprintf(stderr, ", %d s left", (int)((double)(asked.total - before - work.rows) / speed));
    if (work.refused > 0) fprintf(stderr, ", %s refused", thousands(work.refused, rate));
    fprintf(stderr, terminal ? "" : "\n");
}

/* Writes chunks in order while threads evaluate the next ones. False: output failed. */
static bool write_chunks(int64_t before, double start)
{
    pthread_mutex_lock(&work.lock);
    bool good = true;
    for (;;) {
        chunk *own = &work.slot[work.written % work.slots];
        if (work.written == work.taken && work.ended) break;
        if (work.written == work.taken || !own->done) {
            pthread_cond_wait(&work.changed, &work.lock);
            continue;
        }
        pthread_mutex_unlock(&work.lock);
        good = fwrite(own->answer, 1, own->length, asked.answer) == own->length && fflush(asked.answer) == 0;
        pthread_mutex_lock(&work.lock);
        work.written++;
        work.rows += own->rows;
        work.refused += own->refused;
        if (!good) work.ended = true;
        pthread_cond_broadcast(&work.changed);
        if (!good) break;
        show_progress(before, start, false);
    }
    pthread_mutex_unlock(&work.lock);
    return good;
}

/* ---- going on with a file that another run has left ---- */

static int fail_io(const char *verb, const char *path)
{
    fprintf(stderr, "actmem sweep: can't %s %s: %s\n", verb, path, strerror(errno));
    return AM_EXIT_IO;
}

static int refuse_file(int64_t line, const char *expected)
{
    return refuse("line %lld of %s is not of this sweep, where it would begin with %.120s; give another --output, or the arguments that the "
                  "file was made with", (long long)line, asked.output, expected);
}

/* Holds the whole lines of the answer to the rows of this sweep, and cuts off what stands behind them. *rows: how many there are. */
static int resume(int64_t *rows)
{
    static char expected[ROW_SIZE];
    char *line = NULL;
    size_t size = 0;
    ssize_t length;
    off_t end = 0;
    bool head = asked.format == JSON_LINES; /* read */
    row own = {0}, last = {0};
    char *last_line = NULL, *last_input = NULL;
    int code = AM_EXIT_ANSWER;
    for (*rows = 0; code == AM_EXIT_ANSWER && (length = getline(&line, &size, asked.answer)) > 0 && line[length - 1] == '\n';) {
        am_writer writer = am_writer_of(expected, sizeof expected);
        if (!head) {
            write_head(&writer);
        } else {
            if (!next_row(&own)) code = refuse("%s has more rows than this sweep", asked.output);
            if (asked.format == JSON_LINES) am_json_open(&writer, '{');
            write_row(&writer, &own);
            ++*rows;
        }
        size_t expected_length = am_writer_end(&writer);
        if (code == AM_EXIT_ANSWER && ((size_t)length < expected_length || memcmp(line, expected, expected_length) != 0))
            code = refuse_file(*rows + (asked.format == CSV), expected);
        if (head && code == AM_EXIT_ANSWER) {
            last = own;
            last_line = allocate(last_line, (size_t)length + 1);
            memcpy(last_line, line, (size_t)length + 1);
            last_input = allocate(last_input, strlen(own.input) + 1);
            strcpy(last_input, own.input);
        }
        head = true;
        end += length;
    }
    if (code == AM_EXIT_ANSWER && last_line != NULL) { /* its figures, too: of another version or config.json they are others */
        am_status status;
        worker *by = allocate(NULL, sizeof *by);
        am_writer writer = am_writer_of(expected, sizeof expected);
        last.input = last_input;
        answer_row(&writer, &last, by, &status);
        am_writer_end(&writer);
        if (strcmp(expected, last_line) != 0)
            code = refuse("%s has other figures for row %lld: it was made by another version or from another config.json; give another "
                          "--output", asked.output, (long long)last.number);
        free(by);
    }
    free(line);
    free(last_line);
    free(last_input);
    if (code == AM_EXIT_ANSWER && (ferror(asked.answer) || (ftruncate(fileno(asked.answer), end) | fseeko(asked.answer, end, SEEK_SET)) != 0))
        code = fail_io("go on with", asked.output);
    return code;
}

static int begin_answer(void)
{
    static char text[ROW_SIZE];
    am_writer writer = am_writer_of(text, sizeof text);
    if (asked.format == CSV) write_head(&writer);
    fwrite(text, 1, am_writer_end(&writer), asked.answer); /* into the buffer: the rows behind it tell if it goes no further */
    return AM_EXIT_ANSWER;
}

/* Opens the answer, for this process alone. *rows: what stands there already. */
static int open_answer(int64_t *rows)
{
    *rows = 0;
    asked.answer = stdout;
    if (asked.output != NULL) {
        struct stat at;
        bool file = stat(asked.output, &at) != 0 || S_ISREG(at.st_mode); /* of a pipe or a device nothing is read: it would not end */
        int descriptor = open(asked.output, (file ? O_RDWR | O_CREAT : O_WRONLY) | O_CLOEXEC, 0666);
        asked.answer = descriptor < 0 ? NULL : fdopen(descriptor, file ? "r+" : "w");
        if (asked.answer == NULL) return fail_io("open", asked.output);
        if (!file) return begin_answer();
        struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
        if (fcntl(descriptor, F_SETLK, &lock) != 0)
            return refuse("another sweep is writing %s, or its folder has no locks", asked.output);
        int code = resume(rows);
        if (code != AM_EXIT_ANSWER) return code;
        if (ftello(asked.answer) > 0) return AM_EXIT_ANSWER;
    }
    return begin_answer();
}

/* ---- arguments ---- */

static int print_sweep_help(void)
{
    printf("The figures of many configurations, a row each.\n\n"
           "usage: actmem sweep [options] [key=value[,value...] | key=first..last[:step | :xfactor] ...]\n\n"
           "Every combination of the keys' values is a row; the last key changes from row to row. A key may be given several\n"
           "times: it takes each value. That is how checkpoint, lora_targets and stage_layers take several, whose values have\n"
           "commas themselves; a shell's braces write it: checkpoint={none,full,every:4}. `actmem --help` lists the keys.\n\n"
           "  --rows FILE         each line of it is a configuration (key=value ..., as `actmem` takes them), which the keys\n"
           "                      given here are combined with; - is standard input; empty lines and those with # are none\n"
           "  --config FILE       a Hugging Face config.json, of which all rows are\n"
           "  --format csv|jsonl  default: csv, or jsonl for an --output that ends so\n"
           "  --output FILE       default: standard output. A FILE that an ended run has left is gone on with: its rows are held\n"
           "                      to this sweep's, and the rest is added\n"
           "  --shard I/N         every N-th row from the I-th on: the same for I from 1 to N is all of them\n"
           "  --jobs N            threads; default: the cores\n\n"
           "A row that is refused has no figures: error_code, error_field and error say why. It is counted on standard error, the\n"
           "first ones are named there. Exit status: 0 all rows are written; 1 input or output failed; 2 an argument is wrong, or\n"
           "every row was refused.\n\n"
           "examples\n"
           "  actmem sweep model=llama-3-8b seq=1k..64k:x2 batch=1..16 checkpoint={none,full} --output sweep.csv\n"
           "  actmem sweep --rows mine.txt device=h100-sxm,a100-80-sxm --output sweep.jsonl\n"
           "  parallel actmem sweep model=llama-3-8b seq=1k..64k:x2 batch=1..16 --shard {}/8 --output part-{}.csv ::: {1..8}\n\n"
           "columns, behind row and the keys\n");
    for (int i = 0; i < FIGURES; i++) printf("  %-22s%s\n", figures[i].name, figures[i].help);
    printf("  %-22s%s\n", "basis", "what total_bytes counts beside the activations");
    printf("  %-22s%s\n", "fits", "whether total_bytes leaves the reserve of memory_bytes");
    return fflush(stdout) == 0 ? AM_EXIT_ANSWER : AM_EXIT_IO;
}

static int read_shard(const char *text)
{
    const char *slash = strchr(text, '/');
    if (slash != NULL && am_read_integer(text, (size_t)(slash - text), &asked.shard) &&
        am_read_integer(slash + 1, strlen(slash + 1), &asked.shards) && asked.shard >= 1 && asked.shard <= asked.shards &&
        asked.shards <= MOST_SHARDS)
        return AM_EXIT_ANSWER;
    return refuse("--shard must be I/N with I from 1 to N, as 1/8, not '%s'", text);
}

static int read_jobs(const char *text)
{
    int64_t jobs;
    if (!am_read_integer(text, strlen(text), &jobs) || jobs < 1 || jobs > MOST_JOBS)
        return refuse("--jobs must be from 1 to %d, not '%s'", MOST_JOBS, text);
    asked.jobs = (long)jobs;
    return AM_EXIT_ANSWER;
}

static int read_format(const char *text)
{
    asked.formatted = true;
    asked.format = strcmp(text, "jsonl") == 0 ? JSON_LINES : CSV;
    if (asked.format == JSON_LINES || strcmp(text, "csv") == 0) return AM_EXIT_ANSWER;
    return refuse("--format must be csv or jsonl, not '%s'", text);
}

static int read_option(const char *name, const char *value)
{
    if (strcmp(name, "--rows") == 0) return asked.rows = value, AM_EXIT_ANSWER;
    if (strcmp(name, "--config") == 0) return asked.config = value, AM_EXIT_ANSWER;
    if (strcmp(name, "--output") == 0) return asked.output = value, AM_EXIT_ANSWER;
    if (strcmp(name, "--format") == 0) return read_format(value);
    if (strcmp(name, "--shard") == 0) return read_shard(value);
    return read_jobs(value);
}

/* An option with its value in the same argument or in the next one. */
static int read_option_at(int count, char **text, int *i)
{
    static const char *const names[] = {"--rows", "--config", "--output", "--format", "--shard", "--jobs"};
    for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
        size_t length = strlen(names[k]);
        if (strncmp(text[*i], names[k], length) != 0) continue;
        if (text[*i][length] == '=') return read_option(names[k], text[*i] + length + 1);
        if (text[*i][length] != '\0') continue;
        if (*i + 1 == count) return refuse("%s must be followed by its value", names[k]);
        return read_option(names[k], text[++*i]);
    }
    return refuse("unknown option '%s'; there are --rows, --config, --output, --format, --shard, --jobs and --help", text[*i]);
}

static int read_sweep(int count, char **text)
{
    int code = AM_EXIT_ANSWER;
    for (int i = 0; i < count && code == AM_EXIT_ANSWER; i++) {
        if (text[i][0] == '-') code = read_option_at(count, text, &i);
        else
            for (char *rest = NULL, *pair = strtok_r(text[i], "& \t\n", &rest); pair != NULL && code == AM_EXIT_ANSWER;
                 pair = strtok_r(NULL, "& \t\n", &rest))
                code = add_pair(pair);
    }
    return code;
}

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), own = strlen(end);
    return length >= own && strcmp(text + length - own, end) == 0;
}

static int count_rows(void)
{
    asked.grid = 1;
    for (int i = 0; i < asked.axes; i++)
        if (__builtin_mul_overflow(asked.grid, asked.axis[i].count, &asked.grid) || asked.grid > MOST_ROWS)
            return refuse("the grid has more than 2^53 rows");
    asked.total = asked.rows != NULL ? -1 : asked.grid / asked.shards + (asked.shard - 1 < asked.grid % asked.shards);
    return AM_EXIT_ANSWER;
}

static int open_sources(void)
{
    am_status status;
    asked.base = am_default_config();
    if (asked.config != NULL) {
        int code = am_cli_import(&asked.base, asked.config, &status);
        if (code != AM_EXIT_ANSWER) return refuse("%s", status.message), code;
    }
    if (asked.rows == NULL) return AM_EXIT_ANSWER;
    asked.lines = strcmp(asked.rows, "-") == 0 ? stdin : fopen(asked.rows, "rb");
    return asked.lines != NULL ? AM_EXIT_ANSWER : fail_io("read", asked.rows);
}

__attribute__((noinline)) /* its threads stand in no frame of its caller's */
static int run_sweep(int64_t before)
{
    pthread_t thread[MOST_JOBS];
    double start = now();
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    long most = cores < MOST_JOBS ? cores : MOST_JOBS, usual = most > 1 ? most : 1;
    long jobs = asked.jobs ? asked.jobs : usual;
    work.slots = 4 * jobs;
    work.slot = allocate(NULL, (size_t)work.slots * sizeof *work.slot);
    memset(work.slot, 0, (size_t)work.slots * sizeof *work.slot);
    int started = start_threads(thread, jobs);
    if (started == 0) return fail_io("start", "a thread");
    bool good = write_chunks(before, start);
    int error = errno;
    for (int i = 0; i < started; i++) pthread_join(thread[i], NULL);
    show_progress(before, start, true);
    errno = error;
    if (!good || fflush(asked.answer) != 0) return fail_io("write", asked.output ? asked.output : "standard output");
    if (source.error) return errno = source.error, fail_io("read", asked.rows);
    char rows[32], refused[32], earlier[32];
    fprintf(stderr, "%s rows", thousands(work.rows, rows));
    if (before > 0) fprintf(stderr, " behind %s that were there", thousands(before, earlier));
    fprintf(stderr, " in %.1f s, %s refused\n", now() - start, thousands(work.refused, refused));
    return work.rows > 0 && before == 0 && work.refused == work.rows ? AM_EXIT_INPUT : AM_EXIT_ANSWER;
}

int am_cli_sweep(int count, char **text)
{
    int64_t before;
    for (int i = 0; i < count; i++)
        if (strcmp(text[i], "--help") == 0 || strcmp(text[i], "-h") == 0) return print_sweep_help();
    int code = read_sweep(count, text);
    if (!asked.formatted && asked.output != NULL && (ends_with(asked.output, ".jsonl") || ends_with(asked.output, ".ndjson")))
        asked.format = JSON_LINES;
    if (code == AM_EXIT_ANSWER && asked.axes == 0 && asked.rows == NULL)
        code = refuse("give keys with several values, as seq=1k..64k:x2 batch=1,2,4, or --rows FILE; --help says more");
    if (code == AM_EXIT_ANSWER) code = count_rows();
    if (code == AM_EXIT_ANSWER) code = open_sources();
    if (code == AM_EXIT_ANSWER) code = open_answer(&before);
    return code == AM_EXIT_ANSWER ? run_sweep(before) : code;
}
