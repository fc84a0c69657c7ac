/* The modules of a record that something lists, each once. Private to the core. */
#ifndef AM_MODULES_H
#define AM_MODULES_H

#include "actmem.h"

#define AM_LISTED_MODULES 240

typedef struct am_module_list {
    int count;
    uint8_t slot[256]; /* a table of them by the addresses of their constants: 1 + index; 0: free */
    const am_module *module[AM_LISTED_MODULES];
    uint16_t length[AM_LISTED_MODULES]; /* of its text */
} am_module_list;

void am_modules_begin(am_module_list *list);
/* The index of a module, which is added where it is new, and stays where it is; that of the last one where the list is full. */
int am_module_index(am_module_list *list, const am_module *module);

#endif
