/* The table of operations. */
#include "actmem.h"

#define IN(index, attribute, why)                                                                                      \
    {                                                                                                                  \
        false, index, -1, attribute, AM_WORDS(why)                                                                     \
    }
#define IN_IF(index, needs, attribute, why)                                                                            \
    {                                                                                                                  \
        false, index, needs, attribute, AM_WORDS(why)                                                                  \
    }
#define OUT(index, attribute, why)                                                                                     \
    {                                                                                                                  \
        true, index, -1, attribute, AM_WORDS(why)                                                                      \
    }
#define E(input)                                                                                                       \
    {                                                                                                                  \
        AM_AT_OUTPUT, input                                                                                            \
    }
#define A(input)                                                                                                       \
    {                                                                                                                  \
        AM_OF_ALL, input                                                                                               \
    }
#define G(input)                                                                                                       \
    {                                                                                                                  \
        AM_AT_INPUT, input                                                                                             \
    }
#define K(input)                                                                                                       \
    {                                                                                                                  \
        AM_KERNEL, input                                                                                               \
    }
#define P(input)                                                                                                       \
    {                                                                                                                  \
        AM_PASS, input                                                                                                 \
    }
#define SAME(input)                                                                                                    \
    {                                                                                                                  \
        AM_SAME, input                                                                                                 \
    }
#define EMPTY(input)                                                                                                   \
    {                                                                                                                  \
        AM_EMPTY, input                                                                                                \
    }
#define LET_GO                                                                                                         \
    {                                                                                                                  \
        AM_LET_GO, 0                                                                                                   \
    }
#define T(input)                                                                                                       \
    {                                                                                                                  \
        AM_TEMPORARY, input                                                                                            \
    }
#define W(input)                                                                                                       \
    {                                                                                                                  \
        AM_WIDE, input                                                                                                 \
    }
#define Z(input)                                                                                                       \
    {                                                                                                                  \
        AM_ZEROS, input                                                                                                \
    }
#define NUMBER(input)                                                                                                  \
    {                                                                                                                  \
        AM_NUMBER, input                                                                                               \
    }
#define BOOLEANS                                                                                                       \
    {                                                                                                                  \
        AM_BOOLEANS, 0                                                                                                 \
    }
#define SCRATCH(input)                                                                                                 \
    {                                                                                                                  \
        AM_SCRATCH, input                                                                                              \
    }
#define FREE                                                                                                           \
    {                                                                                                                  \
        AM_FREE, 0                                                                                                     \
    }
#define DROP(index)                                                                                                    \
    {                                                                                                                  \
        AM_DROP, index                                                                                                 \
    }
#define TAKEN(input)                                                                                                   \
    {                                                                                                                  \
        AM_TAKEN, input                                                                                                \
    }
#define TURNED(input)                                                                                                  \
    {                                                                                                                  \
        AM_TURNED, input                                                                                               \
    }
#define PART(input)                                                                                                    \
    {                                                                                                                  \
        AM_PART, input                                                                                                 \
    }
#define VIEW                                                                                                           \
    {                                                                                                                  \
        AM_VIEW, 0                                                                                                     \
    }
#define DENSE                                                                                                          \
    {                                                                                                                  \
        AM_DENSE, 0                                                                                                    \
    }
#define TRANSPOSE                                                                                                      \
    {                                                                                                                  \
        AM_TRANSPOSE, 0                                                                                                \
    }
#define EXPAND                                                                                                         \
    {                                                                                                                  \
        AM_EXPAND, 0                                                                                                   \
    }
#define SUM                                                                                                            \
    {                                                                                                                  \
        AM_SUM, 0                                                                                                      \
    }
#define COPY                                                                                                           \
    {                                                                                                                  \
        AM_COPY, 0                                                                                                     \
    }
#define RING                                                                                                           \
    {                                                                                                                  \
        AM_RING, 0                                                                                                     \
    }
#define TURNS                                                                                                          \
    {                                                                                                                  \
        AM_TURNS, 0                                                                                                    \
    }
#define PARTS                                                                                                          \
    {                                                                                                                  \
        AM_PARTS, 0                                                                                                    \
    }

#define ALIAS true

const am_op_info am_ops[AM_OP_COUNT] = {
#define AM_OP(id, aten, autograd, class, ...) {.name = aten, .node = autograd, .cast = class, .saves = __VA_ARGS__},
#ifdef AM_FIRST
#define AM_OP_LATER(id, ...) {.name = "", .node = ""},
#endif
#include "ops.def"
#undef AM_OP
};

const char *const am_component_names[AM_COMPONENT_COUNT] = {
    "attention", "mlp", "norm", "residual", "embedding", "head", "loss", "checkpoint",
};
