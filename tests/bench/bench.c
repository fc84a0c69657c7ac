/* bench TEXT…: times the core natively as core.wasm runs it, text in, JSON out. Prints the median of each text in nanoseconds.
 * bench --repeat N TEXT runs it so many times and prints nothing, for counters of instructions. */
#define _POSIX_C_SOURCE 199309L

#include "exports.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define RUNS    1001
#define WARM_UP 200

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

int main(int count, char **texts)
{
    static int64_t times[RUNS];
    if (count == 4 && strcmp(texts[1], "--repeat") == 0) {
        for (long i = strtol(texts[2], NULL, 10); i > 0; i--) run(texts[3]);
        return EXIT_SUCCESS;
    }
    for (int i = 1; i < count; i++) {
        for (int k = 0; k < WARM_UP; k++) run(texts[i]);
        for (int k = 0; k < RUNS; k++) times[k] = run(texts[i]);
        qsort(times, RUNS, sizeof *times, by_value);
        printf("%" PRId64 "\n", times[RUNS / 2]);
    }
    return EXIT_SUCCESS;
}
