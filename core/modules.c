/* Modules by the addresses of their names, which are constants: most that are equal are the same, and the others are told by their text. */
#include "modules.h"

#include <string.h>

#include "tape.h"

_Static_assert(AM_LISTED_MODULES < 256, "a slot is free always");

void am_modules_begin(am_module_list *list)
{
    list->count = 0;
    memset(list->slot, 0, sizeof list->slot);
}

/* Where the table has a module of these very constants, or room for it. */
static uint8_t *slot_of(am_module_list *list, const am_module *module)
{
    uint32_t address = (uint32_t)(uintptr_t)module->path + (uint32_t)(uintptr_t)module->leaf;
    for (uint8_t i = (uint8_t)(address * 2654435769u >> 24);; i++) { /* Fibonacci hashing; behind the last one comes the first */
        if (list->slot[i] == 0) return &list->slot[i];
        const am_module *other = list->module[list->slot[i] - 1];
        if (other->path == module->path && other->leaf == module->leaf) return &list->slot[i];
    }
}

/* One whose constants are new: as its text says, it may be there by others. Lengths tell most apart. */
__attribute__((noinline)) static int add(am_module_list *list, uint8_t *slot, const am_module *module)
{
    const uint16_t length = (uint16_t)(strlen(module->path) + strlen(module->leaf));
    int i = 0;
    while (i < list->count && (list->length[i] != length || !am_module_same(*list->module[i], *module))) i++;
    if (i == AM_LISTED_MODULES) return AM_LISTED_MODULES - 1;
    if (i < list->count) return i;
    list->length[i] = length;
    list->module[list->count++] = module;
    return (*slot = (uint8_t)list->count) - 1;
}

int am_module_index(am_module_list *list, const am_module *module)
{
    uint8_t *slot = slot_of(list, module);
    return *slot ? *slot - 1 : add(list, slot, module);
}
