/* The text of each tile's product of n × n matrices in f32, its grid and what it is told, as JSON: kernels N… */
#include <stdio.h>
#include <stdlib.h>

#include "program.h"

static void print_text(const char *text)
{
    for (; *text; text++) printf(*text == '\n' ? "\\n" : *text == '"' ? "\\\"" : "%c", *text);
}

static void print_kernel(uint32_t n, uint8_t tile)
{
    static char text[AM_MOST_WGSL];
    static am_program program;
    const am_kernel *kernel = &program.pass[0].kernel;
    uint32_t grid[3], words[AM_MOST_TOLD];
    am_program_matmul(&program, n, AM_F32, tile, false);
    am_kernel_text(kernel, text, sizeof text);
    am_kernel_grid(kernel, grid);
    uint32_t told = am_kernel_told(kernel, words);
    printf("{\"n\":%u,\"tile\":%u,\"grid\":[%u,%u,%u],\"told\":[", n, tile, grid[0], grid[1], grid[2]);
    for (uint32_t i = 0; i < told; i++) printf(i ? ",%u" : "%u", words[i]);
    printf("],\"text\":\"");
    print_text(text);
    printf("\"}");
}

int main(int count, char **arguments)
{
    printf("[");
    for (int i = 1, printed = 0; i < count; i++) {
        uint32_t n = (uint32_t)strtoul(arguments[i], NULL, 10);
        for (uint8_t tile = 0; tile < AM_TILES; tile++) {
            if (!am_tile_fits(tile, n)) continue;
            if (printed++) printf(",\n");
            print_kernel(n, tile);
        }
    }
    printf("]\n");
    return 0;
}
