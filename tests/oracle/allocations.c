/* allocations TEXT: the allocations of a step of which every layer is recorded, gradients of parameters preallocated, in the form of
 * watch.Memory's trace: a line each of f or b, bytes, and live bytes after it. Ends with status 2 where regions would be others than one a
 * layer. For random_cases.py, which compares them with PyTorch's. */
#include "every_layer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define MOST 65536

int main(int count, char **texts)
{
    static am_workspace workspace;
    static am_extents extents;
    static am_allocation allocation[MOST];
    am_trace trace = {.allocation = allocation, .allocation_capacity = MOST};
    am_status status;
    am_config config = am_default_config();
    if (count != 2 || am_config_parse(&config, texts[1], &status) || am_config_resolve(&config, &status)) return EXIT_FAILURE;
    am_code code = play_every_layer(&trace, &workspace, &extents, &config);
    if (code) return code == AM_UNSUPPORTED ? 2 : EXIT_FAILURE;
    for (int i = 0; i < trace.allocations; i++)
        printf("%c %" PRId64 " %" PRId64 "\n", allocation[i].phase == AM_FORWARD ? 'f' : 'b', allocation[i].bytes, allocation[i].live);
}
