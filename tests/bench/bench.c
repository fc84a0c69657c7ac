/* bench TEXT…: times the core natively as core.wasm runs it, text in, JSON out. Prints the median of each text in nanoseconds.
 * bench --stages TEXT: those of reading the text, of evaluating it, of searching what fits and of writing the report, on one line.
 * bench --repeat N TEXT runs it so many times and prints nothing, for counters of instructions. */
#define _POSIX_C_SOURCE 199309L

#include "actmem.h"
#include "exports.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define RUNS    1001
#define WARM_UP 200
#define STAGES  4

static int64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static int by_value(const void *x, const void *y)
{
    int64_t a = *(const int64_t *)x, b = *(const int64_t *)y;
    return (a > b) - (a < b);
}

static int64_t run(const char *text)
{
    size_t length = strlen(text);
    memcpy(am_input(), text, length);
    int64_t start = now();
    int32_t answer = am_wasm_evaluate((int32_t)length);
    int64_t end = now();
    if (answer <= 0) {
        fprintf(stderr, "%s: %.*s\n", text, (int)-answer, am_output());
        exit(EXIT_FAILURE);
    }
    return end - start;
}

static int64_t median(int64_t *times)
{
    qsort(times, RUNS, sizeof *times, by_value);
    return times[RUNS / 2];
}

static _Noreturn void fail(const char *text, const am_status *status)
{
    fprintf(stderr, "%s: %s: %s\n", text, status->field, status->message);
    exit(EXIT_FAILURE);
}

static void time_stages(const char *text)
{
    static am_workspace workspace;
    static am_report report;
    static char json[512 << 10];
    static int64_t times[STAGES][RUNS];
    for (int i = -WARM_UP; i < RUNS; i++) {
        int64_t at[STAGES + 1] = {now()};
        am_status status = {0};
        am_config config = am_default_config();
        if (am_config_parse(&config, text, &status) != AM_OK) fail(text, &status);
        at[1] = now();
        if (am_evaluate(&report, &workspace, &config, &status) != AM_OK) fail(text, &status);
        at[2] = now();
        am_fit_search(&report, &workspace, &config);
        at[3] = now();
        am_report_json(&report, json, sizeof json);
        at[4] = now();
        for (int stage = 0; stage < STAGES && i >= 0; stage++) times[stage][i] = at[stage + 1] - at[stage];
    }
    for (int stage = 0; stage < STAGES; stage++) printf("%" PRId64 "%c", median(times[stage]), stage == STAGES - 1 ? '\n' : ' ');
}

int main(int count, char **texts)
{
    static int64_t times[RUNS];
    if (count == 4 && strcmp(texts[1], "--repeat") == 0) {
        for (long i = strtol(texts[2], NULL, 10); i > 0; i--) run(texts[3]);
        return EXIT_SUCCESS;
    }
    if (count == 3 && strcmp(texts[1], "--stages") == 0) {
        time_stages(texts[2]);
        return EXIT_SUCCESS;
    }
    for (int i = 1; i < count; i++) {
        for (int k = 0; k < WARM_UP; k++) run(texts[i]);
        for (int k = 0; k < RUNS; k++) times[k] = run(texts[i]);
        printf("%" PRId64 "\n", median(times));
    }
    return EXIT_SUCCESS;
}
