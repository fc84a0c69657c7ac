/* Layers that are recorded as another one was. Private to families.c. */
#ifndef ACTMEM_REPEAT_H
#define ACTMEM_REPEAT_H

#include "build.h"

/* Notes a layer that is about to be built from x, and that has been built to y. */
void am_repeat_begin(am_repeat *repeat, const am_build *build, am_var x);
void am_repeat_end(am_repeat *repeat, const am_build *build, am_var y);
/* Would its builder record the same from x on? */
bool am_repeats(const am_repeat *repeat, const am_build *build, am_var x);
/* Records it once more, from x on. Returns its result. */
am_var am_repeat_layer(const am_repeat *repeat, am_tape *tape, am_var x);

/* None is set aside yet; where there is none, NULL, layers of one record alone repeat one another. */
void am_aside_clear(am_aside *aside);
/* The layers of a record follow: what was set aside is forgotten where that was of another model, or one that began otherwise. */
void am_aside_begin(const am_build *build);
/* Notes a layer that has just been built, to set it aside when another record follows. */
void am_aside_note(const am_repeat *repeat, const am_build *build);
/* One that its builder would record from x on; NULL: none. */
const am_repeat *am_aside_find(const am_build *build, am_var x);

#endif
