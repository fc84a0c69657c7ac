/* The modules of a layer, as a record has them. */
#ifndef LAYERS_H
#define LAYERS_H

#include <string.h>

#include "fixture.h"
#include "tape.h"

/* The modules of a model's first layer in the order in which they first run, each with a blank behind it: their paths, relative to
 * the layer. */
static inline const char *modules_of_layer(const char *text)
{
    static char modules[1024];
    const char *path[64];
    int count = 0;
    int64_t value[AM_SYMBOL_COUNT];
    am_config config = config_of(text);
    am_tape *tape = &fixture_workspace.tape;
    am_model_symbols(&config, value);
    am_extents_init(&fixture_report.extents, value);
    am_record record = {.units = 1, .inner = 1};
    am_pattern pattern = am_model_pattern(&config);
    record.kind[0] = (uint8_t)am_pattern_kind(&pattern, 0);
    ck_assert_int_eq(am_model_record(tape, &fixture_report.extents, &config, record), AM_OK);
    modules[0] = '\0';
    for (int i = 0; i < tape->instructions; i++) {
        const am_instruction *instruction = &tape->instruction[i];
        if (instruction->zone != 1 || instruction->kind != AM_I_OP) continue;
        bool seen = false;
        for (int j = 0; j < count; j++) seen |= strcmp(path[j], instruction->module.path) == 0;
        if (seen) continue;
        path[count++] = instruction->module.path;
        strcat(strcat(modules, instruction->module.path), " ");
    }
    return modules;
}

#endif
