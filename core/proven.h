/* Conditions that the code around them makes certain, said for the reader and for analysers: AM_ALWAYS(x) and AM_NEVER(x), as
 * SQLite has them. Where sanitizers and fuzzers run (AM_PROVE) one that is wrong ends the program; for `make coverage` (AM_COVERAGE)
 * it is a constant, since no test could take the other branch; everywhere else it is the plain condition, so that a wrong proof is
 * still handled. A condition has no effects of its own, since it may not be asked. Beside each stands why it holds. */
#ifndef AM_PROVEN_H
#define AM_PROVEN_H

#if defined AM_COVERAGE
#define AM_ALWAYS(x) ((void)sizeof(x), 1)
#define AM_NEVER(x)  ((void)sizeof(x), 0)
#elif defined AM_PROVE
#define AM_ALWAYS(x) ((x) || (__builtin_trap(), 0))
#define AM_NEVER(x)  ((x) && (__builtin_trap(), 1))
#else
#define AM_ALWAYS(x) (x)
#define AM_NEVER(x)  (x)
#endif

#endif
