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
#include "cli_sweep.h"
#include "input.h"

enum {
    CHUNK_ROWS = 64,
    CHUNK_INPUT = 16 << 10, /* of the lines that its rows come from */
    MOST_JOBS = 256,
    MOST_SHARDS = 1000000,
    SHOWN_REFUSALS = 10, /* on standard error; all of them are in the answer */
};

typedef struct sweep {
    am_sweep_form form;
    const char *config, *rows, *output; /* paths; NULL: none */
    FILE *lines, *answer;
    bool formatted; /* the format was named */
    long jobs;
    int64_t shard, shards; /* from 1 */
    int64_t total;         /* rows of the shard; -1: not known */
} sweep;

static sweep asked = {.shard = 1, .shards = 1};

int am_sweep_refuse(const char *message, ...)
{
    va_list arguments;
    va_start(arguments, message);
    fprintf(stderr, "actmem sweep: ");
    vfprintf(stderr, message, arguments);
    fprintf(stderr, "\n");
    va_end(arguments);
    return AM_EXIT_INPUT;
}

void *am_sweep_allocate(void *old, size_t size)
{
    void *memory = realloc(old, size);
    if (memory != NULL) return memory;
    fprintf(stderr, "actmem sweep: no memory\n");
    exit(AM_EXIT_IO);
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
static bool next_row(am_sweep_row *own)
{
    for (;;) {
        if (source.ended) return false;
        bool starts = source.point == 0;
        if (starts && asked.lines != NULL) source.ended = !read_line();
        if (source.ended) return false;
        *own = (am_sweep_row){source.number++, source.line, source.point, asked.lines != NULL ? source.input : ""};
        source.point = source.point + 1 < asked.form.grid.points ? source.point + 1 : 0;
        source.ended = asked.lines == NULL && source.point == 0;
        if (own->number % asked.shards == asked.shard - 1) return true;
    }
}

/* ---- evaluating: threads take chunks of rows, the main one writes them in order ---- */

typedef struct chunk {
    int rows;
    am_sweep_row row[CHUNK_ROWS];
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

static am_sweep_row pending; /* read, and not yet in a chunk: its line no longer fitted */
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
static void show_refusal(const am_sweep_row *own, const char *text, const am_status *status)
{
    if (work.shown++ >= SHOWN_REFUSALS) return;
    if (isatty(STDERR_FILENO)) fprintf(stderr, "\r\033[K");
    if (asked.rows != NULL) fprintf(stderr, "%s:%lld: ", asked.rows, (long long)own->line);
    fprintf(stderr, "row %lld (%.200s): %s\n", (long long)own->number, text + (text[0] == '&'), status->message);
    if (work.shown == SHOWN_REFUSALS) fprintf(stderr, "what else is refused is said in the answer alone, in its column error\n");
}

static void evaluate_chunk(chunk *own, am_sweep_worker *by)
{
    own->length = 0;
    for (int i = 0; i < own->rows; i++) {
        am_status status;
        if (own->size - own->length < AM_SWEEP_ROW_SIZE) own->answer = am_sweep_allocate(own->answer, own->size += 2 * AM_SWEEP_ROW_SIZE);
        am_writer out = am_writer_of(own->answer + own->length, own->size - own->length);
        bool answered = am_sweep_answer(&out, &asked.form, &own->row[i], by, &status);
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
    am_sweep_worker *by = memory;
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
        am_sweep_worker *by = malloc(sizeof *by);
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
    return am_sweep_refuse("line %lld of %s is not of this sweep, where it would begin with %.120s; give another --output, or the arguments that the "
                           "file was made with", (long long)line, asked.output, expected);
}

/* Holds the whole lines of the answer to the rows of this sweep, and cuts off what stands behind them. *rows: how many there are. */
static int resume(int64_t *rows)
{
    static char expected[AM_SWEEP_ROW_SIZE];
    char *line = NULL;
    size_t size = 0;
    ssize_t length;
    off_t end = 0;
    bool head = asked.form.format == AM_SWEEP_JSON_LINES; /* read */
    am_sweep_row own = {0}, last = {0};
    char *last_line = NULL, *last_input = NULL;
    int code = AM_EXIT_ANSWER;
    for (*rows = 0; code == AM_EXIT_ANSWER && (length = getline(&line, &size, asked.answer)) > 0 && line[length - 1] == '\n';) {
        am_writer writer = am_writer_of(expected, sizeof expected);
        if (!head) {
            am_sweep_write_head(&writer, &asked.form);
        } else {
            if (!next_row(&own)) code = am_sweep_refuse("%s has more rows than this sweep", asked.output);
            if (asked.form.format == AM_SWEEP_JSON_LINES) am_json_open(&writer, '{');
            am_sweep_write_row(&writer, &asked.form, &own);
            ++*rows;
        }
        size_t expected_length = am_writer_end(&writer);
        if (code == AM_EXIT_ANSWER && ((size_t)length < expected_length || memcmp(line, expected, expected_length) != 0))
            code = refuse_file(*rows + (asked.form.format == AM_SWEEP_CSV), expected);
        if (head && code == AM_EXIT_ANSWER && AM_ALWAYS(own.input != NULL) /* of a row that there is */) {
            last = own;
            last_line = am_sweep_allocate(last_line, (size_t)length + 1);
            memcpy(last_line, line, (size_t)length + 1);
            last_input = am_sweep_allocate(last_input, strlen(own.input) + 1);
            strcpy(last_input, own.input);
        }
        head = true;
        end += length;
    }
    if (code == AM_EXIT_ANSWER && last_line != NULL) { /* its figures, too: of another version or config.json they are others */
        am_status status;
        am_sweep_worker *by = am_sweep_allocate(NULL, sizeof *by);
        am_writer writer = am_writer_of(expected, sizeof expected);
        last.input = last_input;
        am_sweep_answer(&writer, &asked.form, &last, by, &status);
        am_writer_end(&writer);
        if (strcmp(expected, last_line) != 0)
            code = am_sweep_refuse("%s has other figures for row %lld: it was made by another version or from another config.json; give another "
                                   "--output", asked.output, (long long)last.number);
        free(by);
    }
    free(line);
    free(last_line);
    free(last_input);
    bool failed = code == AM_EXIT_ANSWER && ferror(asked.answer);
    if (code == AM_EXIT_ANSWER && !failed) failed = (ftruncate(fileno(asked.answer), end) | fseeko(asked.answer, end, SEEK_SET)) != 0;
    if (failed)
        code = fail_io("go on with", asked.output);
    return code;
}

static int begin_answer(void)
{
    static char text[AM_SWEEP_ROW_SIZE];
    am_writer writer = am_writer_of(text, sizeof text);
    if (asked.form.format == AM_SWEEP_CSV) am_sweep_write_head(&writer, &asked.form);
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
            return am_sweep_refuse("another sweep is writing %s, or its folder has no locks", asked.output);
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
    am_sweep_print_columns();
    return fflush(stdout) == 0 ? AM_EXIT_ANSWER : AM_EXIT_IO;
}

static int read_shard(const char *text)
{
    const char *slash = strchr(text, '/');
    if (slash != NULL && am_read_integer(text, (size_t)(slash - text), &asked.shard) &&
        am_read_integer(slash + 1, strlen(slash + 1), &asked.shards) && asked.shard >= 1 && asked.shard <= asked.shards &&
        asked.shards <= MOST_SHARDS)
        return AM_EXIT_ANSWER;
    return am_sweep_refuse("--shard must be I/N with I from 1 to N, as 1/8, not '%s'", text);
}

static int read_jobs(const char *text)
{
    int64_t jobs;
    if (!am_read_integer(text, strlen(text), &jobs) || jobs < 1 || jobs > MOST_JOBS)
        return am_sweep_refuse("--jobs must be from 1 to %d, not '%s'", MOST_JOBS, text);
    asked.jobs = (long)jobs;
    return AM_EXIT_ANSWER;
}

static int read_format(const char *text)
{
    asked.formatted = true;
    asked.form.format = strcmp(text, "jsonl") == 0 ? AM_SWEEP_JSON_LINES : AM_SWEEP_CSV;
    if (asked.form.format == AM_SWEEP_JSON_LINES || strcmp(text, "csv") == 0) return AM_EXIT_ANSWER;
    return am_sweep_refuse("--format must be csv or jsonl, not '%s'", text);
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
        if (*i + 1 == count) return am_sweep_refuse("%s must be followed by its value", names[k]);
        return read_option(names[k], text[++*i]);
    }
    return am_sweep_refuse("unknown option '%s'; there are --rows, --config, --output, --format, --shard, --jobs and --help", text[*i]);
}

static int read_sweep(int count, char **text)
{
    int code = AM_EXIT_ANSWER;
    for (int i = 0; i < count && code == AM_EXIT_ANSWER; i++) {
        if (text[i][0] == '-') code = read_option_at(count, text, &i);
        else
            for (char *rest = NULL, *pair = strtok_r(text[i], "& \t\n", &rest); pair != NULL && code == AM_EXIT_ANSWER;
                 pair = strtok_r(NULL, "& \t\n", &rest))
                code = am_sweep_grid_add(&asked.form.grid, pair);
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
    int code = am_sweep_grid_count(&asked.form.grid);
    int64_t points = asked.form.grid.points;
    asked.total = asked.rows != NULL ? -1 : points / asked.shards + (asked.shard - 1 < points % asked.shards);
    return code;
}

static int open_sources(void)
{
    am_status status;
    asked.form.base = am_default_config();
    asked.form.imported = asked.config != NULL;
    asked.form.lines = asked.rows != NULL;
    if (asked.config != NULL) {
        int code = am_cli_import(&asked.form.base, asked.config, &status);
        if (code != AM_EXIT_ANSWER) return am_sweep_refuse("%s", status.message), code;
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
    work.slot = am_sweep_allocate(NULL, (size_t)work.slots * sizeof *work.slot);
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
        asked.form.format = AM_SWEEP_JSON_LINES;
    if (code == AM_EXIT_ANSWER && asked.form.grid.axes == 0 && asked.rows == NULL)
        code = am_sweep_refuse("give keys with several values, as seq=1k..64k:x2 batch=1,2,4, or --rows FILE; --help says more");
    if (code == AM_EXIT_ANSWER) code = count_rows();
    if (code == AM_EXIT_ANSWER) code = open_sources();
    if (code == AM_EXIT_ANSWER) code = open_answer(&before);
    return code == AM_EXIT_ANSWER ? run_sweep(before) : code;
}
