/* Strides against PyTorch's: the tables below were made by torch 2.15 on its meta device, the first rows of each by
 * hand-picked layouts of the models' code, the others at random (permuted, expanded, sliced, with dimensions of one
 * element of any stride). A layout is written "shape/strides"; a scalar is "/". */
#include <stdio.h>
#include <string.h>

#include "fixture.h"
#include "layout.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))

typedef struct dims {
    int count;
    int64_t n[AM_MAX_RANK];
} dims;

typedef struct strided {
    dims shape, stride;
} strided;

/* Numbers with commas between them, up to anything else. */
static dims read_dims(const char **text)
{
    dims list = {0};
    for (; **text >= '0' && **text <= '9'; *text += **text == ',') {
        int64_t n = 0;
        for (; **text >= '0' && **text <= '9'; ++*text) n = 10 * n + **text - '0';
        ck_assert_int_lt(list.count, AM_MAX_RANK);
        list.n[list.count++] = n;
    }
    return list;
}

static strided read_strided(const char **text)
{
    strided layout = {.shape = read_dims(text)};
    ck_assert_int_eq(**text, '/');
    ++*text;
    layout.stride = read_dims(text);
    ck_assert_int_eq(layout.stride.count, layout.shape.count);
    return layout;
}

static am_layout layout_of(const strided *from)
{
    return (am_layout){from->shape.count, from->shape.n, from->stride.n};
}

static const char *dims_text(int count, const int64_t *n, char *buffer, size_t size)
{
    size_t length = 0;
    *buffer = 0;
    for (int i = 0; i < count; i++)
        length += (size_t)snprintf(buffer + length, size - length, i ? ",%lld" : "%lld", (long long)n[i]);
    return buffer;
}

/* clang-format off */
static const struct {
    const char *from, *to, *strides; /* strides: of the view; NULL where PyTorch refuses it: a copy is needed */
} views[] = {
    {"2,3,4/12,4,1", "6,4", "4,1"}, {"2,3,4/12,4,1", "24", "1"}, {"2,3,4/12,4,1", "2,12", "12,1"},
    {"3,2,4/4,12,1", "6,4", NULL}, {"3,2,4/4,12,1", "3,2,2,2", "4,12,2,1"}, {"2,3,4,8/96,8,24,1", "6,4,8", NULL},
    {"1,3,4,8/96,8,24,1", "3,4,8", "8,24,1"}, {"2,1,4,8/32,8,8,1", "2,4,8", "32,8,1"},
    {"2,4,3,8/96,24,8,1", "2,4,24", "96,24,1"}, {"2,4,3,8/96,24,8,1", "8,24", "24,1"},
    {"2,1,3,4,8/32,32,0,8,1", "2,3,4,8", "32,0,8,1"}, {"2,2,3,4,8/64,32,0,8,1", "2,6,4,8", NULL},
    {"2,1,4,4/0,16,4,1", "2,4,4", "0,4,1"}, {"2,3,4,4/0,0,4,1", "6,4,4", "0,4,1"}, {"6/0", "2,3", "0,0"},
    {"3,4/0,1", "12", NULL}, {"/", "", ""}, {"/", "1", "1"}, {"/", "1,1,1", "1,1,1"}, {"1/1", "", ""},
    {"1,1/1,1", "", ""}, {"1,1/1,1", "1", "1"}, {"4,3/6,1", "4,3,1", "6,1,1"}, {"4,3/6,1", "12", NULL},
    {"2,6/6,1", "12", "1"}, {"4,3/6,1", "2,2,3", "12,6,1"}, {"2,5,4/60,12,1", "10,4", "12,1"},
    {"2,5,4/60,12,1", "2,5,2,2", "60,12,2,1"}, {"2,5,4/60,12,1", "40", NULL}, {"1,4/5,1", "4", "1"},
    {"2,4/5,1", "8", NULL}, {"4,3/1,4", "12", NULL}, {"4,3/1,4", "4,3,1", "1,4,4"}, {"4,1/1,4", "4", "1"},
    {"1,3/1,1", "3", "1"}, {"1,2/1,1", "1,1,2", "2,2,1"}, {"1,2/4,1", "1,1,1,2", "2,2,2,1"}, {"1/1", "1", "1"},
    {"1,1,4/4,4,1", "1,4,1", "4,1,1"}, {"3,4,1/1,3,1", "12,1", NULL}, {"1,3,1,1/3,1,1,1", "3,1,1,1", "1,1,1,1"},
    {"1,3/3,1", "3", "1"}, {"1,2,1,3/6,3,3,1", "1,1,2,1,3", "6,6,3,3,1"}, {"3,1,4/1,12,3", "3,4", "1,3"},
    {"2/1", "2", "1"}, {"2,3,3/9,3,1", "18", "1"}, {"2,4,1/4,1,1", "1,2,4,1", "8,4,1,1"},
    {"3,1,1/1,1,1", "1,1,3,1,1", "3,3,1,1,1"}, {"1,2/5,1", "2", "1"}, {"2,4,1/4,1,1", "2,4,1,1", "4,1,1,1"},
    {"4,2,4,4/32,16,4,1", "4,2,4,1,4", "32,16,4,4,1"}, {"1,2,2,4/16,4,8,1", "1,2,2,4,1", "8,4,8,1,1"},
    {"1,2,1,3/1,3,1,1", "2,1,1,3", "3,3,3,1"}, {"1,1,2/2,2,1", "2", "1"}, {"3,3/3,1", "3,3", "3,1"},
    {"1/24", "1", "24"}, {"1,2/2,1", "1,2,1,1", "2,1,1,1"}, {"2,1,1/1,2,2", "2", "1"},
    {"1,4,1,4,3/24,12,1,3,1", "12,4", "4,1"}, {"1,1,1/24,5,2", "1", "2"}, {"1,2,2/8,2,1", "4", "1"},
    {"3,1,1,1,1/1,3,3,3,3", "3,1,1,1,1", "1,3,3,3,3"}, {"1,4/4,1", "1,1,4", "4,4,1"},
    {"4,2,3,4/36,1,2,6", "24,4", NULL}, {"4,2/2,1", "8,1", "1,1"}, {"1,4,2,2,2/32,8,4,2,1", "1,4,4,2", "32,8,2,1"},
    {"3,3,2/6,2,1", "18", "1"}, {"2,4,2,3/1,2,24,8", "8,1,6,1", NULL}, {"3/0", "1,1,3", "0,0,0"},
    {"4,4,1/1,4,4", "4,1,4,1", "1,16,4,4"}, {"1,1,1,4/4,4,4,1", "1,1,1,1,4", "4,4,4,4,1"},
    {"4,3,2,3,3/54,18,9,3,1", "4,3,2,3,3", "54,18,9,3,1"}, {"1,4,4/16,1,4", "1,4,4", "4,1,4"},
    {"3,4,2,1/8,2,1,1", "1,3,8,1", "24,8,1,1"}, {"3,3,1/0,0,1", "1,3,3,1", "0,0,0,1"},
    {"1,4,1,3/1,3,1,1", "4,1,1,3", "3,3,3,1"}, {"1,1/1,1", "1,1,1,1,1", "1,1,1,1,1"}, {"1,1,3/3,3,1", "1,1,3", "3,3,1"},
    {"1,4,1,2,3/6,6,24,1,2", "1,4,2,3", "24,6,1,2"}, {"2/0", "1,2", "0,0"}, {"3/1", "1,3", "3,1"},
    {"1,1,4,4/16,16,4,1", "1,4,4,1", "16,4,1,1"}, {"1,1,1/3,1,1", "1,1,1,1,1", "1,1,1,1,1"},
    {"4,1,1,1/1,24,24,24", "4,1,1,1,1", "1,24,24,24,24"}, {"1,1,3,3/9,3,1,3", "1,9", NULL},
    {"1,1,4,2,4/4,1,1,4,8", "8,4", NULL}, {"3,4,3,1/12,1,4,12", "6,6", NULL}, {"4,3,2/1,4,12", "4,6", NULL},
    {"2,1,3,2/0,1,1,0", "2,6", NULL}, {"4,3,1,4,4/1,4,4,0,0", "48,4", NULL}, {"3,4,4/1,12,3", "1,2,12,2,1", NULL},
    {"2,4,4,3/3,24,6,1", "48,2", NULL}, {"1,1,3,3/3,1,6,1", "1,9,1,1,1", NULL}, {"2,4,1/1,2,16", "8", NULL},
    {"2,3,2/0,0,1", "4,1,3", NULL}, {"1,4,1,2/16,4,16,1", "2,4", NULL}, {"4,2,2,3/6,24,1,2", "4,4,3", NULL},
    {"3,4,4/6,18,1", "2,1,2,2,6", NULL}, {"2,4,3/1,2,8", "1,2,12,1", NULL}, {"1,3,3,2,2/3,0,1,0,0", "3,6,2", NULL},
    {"4,4,2,4/8,1,4,32", "4,8,4", NULL}, {"1,3,4,4/4,4,12,1", "1,12,2,2", NULL}, {"4,3,2,4,2/0,0,0,2,1", "192", NULL},
    {"3,1,3,2/12,6,2,1", "1,1,9,1,2", NULL}, {"4,1,3,2,1/6,1,1,3,1", "12,2", NULL},
    {"3,1,4,3/4,60,1,20", "3,1,12", NULL}, {"3,3,3,1,2/6,0,2,2,1", "6,1,3,3", NULL}, {"3,3/5,1", "9", NULL},
    {"4,4,4/20,4,1", "1,16,4", NULL}, {"2,3,1,3/0,3,3,1", "3,6", NULL},
};

static const struct {
    const char *layout;
    bool dense; /* torch.ops.aten.is_non_overlapping_and_dense */
} densities[] = {
    {"3,2,1,1,1/0,1,1,1,1", false}, {"3,4/4,1", true}, {"4,2,2,1/0,2,1,1", false}, {"3,4,3,1/1,3,12,12", true},
    {"4,2/2,1", true}, {"3,1,4,4/32,16,4,1", false}, {"1,1,1/1,1,1", true}, {"2,1,3,2/1,8,8,4", false},
    {"3,1,1/2,2,1", false}, {"1,1,2,2/1,2,2,1", true}, {"1/1", true}, {"4/0", false}, {"1,1,4,2/8,8,2,1", true},
    {"3,1,1,3,4/16,16,16,4,1", false}, {"3,2,2/1,12,6", false}, {"3,3,3,1/1,0,0,1", false}, {"1,1,4/4,8,1", true},
    {"4,2,1,1/4,2,2,1", false}, {"3/1", true}, {"1,3,1/1,0,1", false}, {"3,2,1,1/0,1,1,1", false}, {"1,3/3,1", true},
    {"2/1", true}, {"3,2,2,1/1,6,3,6", true}, {"2,4,2,3/3,12,6,1", true}, {"1,1,4/1,1,0", false}, {"3,1,3/3,2,1", true},
    {"3,1/2,1", false}, {"1,4,1/1,0,1", false}, {"2,2/2,1", true}, {"1,1,2/2,2,1", true}, {"4,4,2,3/12,3,0,1", false},
    {"1,1/1,1", true}, {"2,4,1,1,3/24,6,6,6,1", false}, {"3,1,4,4/2,1,6,24", false}, {"2,1,3,4,1/3,1,1,6,1", true},
    {"2,3/3,1", true}, {"3,1,3/6,6,1", false}, {"4,1,4,2,3/24,24,6,3,1", true}, {"3,4,3,4/0,1,0,0", false},
    {"1,1,3/1,1,1", true}, {"1,4,1/1,2,8", false}, {"2,1,4/1,8,2", true}, {"4,2,3,1,4/48,24,4,4,1", false},
    {"1,3,4/12,4,1", true}, {"1,3,2,2/6,2,1,0", false}, {"1,2,1,4/1,1,1,0", false}, {"4,3,3,4/36,12,4,1", true},
    {"3,1,1/0,1,1", false}, {"1,1,2,3/6,6,3,1", true}, {"1,4,1/4,1,1", true}, {"2,2,1/1,0,1", false},
    {"4,1,3,2,3/18,5,6,3,1", true}, {"4,4,1,4/4,1,1,32", false}, {"4,1,4,1/1,16,4,16", true},
    {"2,3,4,1,4/0,1,3,1,0", false}, {"3,2,4/8,4,1", true}, {"3,3/4,1", false}, {"1,1,1,1,1/1,2,1,1,2", true},
    {"1,3,3,1/1,1,6,18", false},
};

/* neg, add and addcmul of one, two and three operands, and the layout that the result takes. */
static const struct {
    const char *operands, *result;
} pointwise[] = {
    {"2,3,4,8/96,8,24,1", "2,3,4,8/96,8,24,1"}, {"2,3,4,8/96,8,24,1 1,1,4,8/32,32,8,1", "2,3,4,8/96,8,24,1"},
    {"1,1,4,8/32,32,8,1 2,3,4,8/96,8,24,1", "2,3,4,8/96,8,24,1"},
    {"2,3,4,4/48,16,4,1 2,1,4,4/16,16,4,1", "2,3,4,4/48,16,4,1"}, {"8/1 2,4,8/32,8,1", "2,4,8/32,8,1"},
    {"2,4,8/32,8,1 2,4,1/4,1,1", "2,4,8/32,8,1"}, {"2,4,1/4,1,1 2,4,8/32,8,1", "2,4,8/32,8,1"},
    {"2,3,4,8/96,8,24,1 2,3,4,8/96,32,8,1", "2,3,4,8/96,8,24,1"},
    {"2,3,4,8/96,32,8,1 2,3,4,8/96,8,24,1", "2,3,4,8/96,32,8,1"}, {"2,4,3/12,1,4 2,4,3/12,3,1", "2,4,3/12,1,4"},
    {"3,4/1,3", "3,4/1,3"}, {"3,4/1,3 3,4/1,3", "3,4/1,3"}, {"3,1/1,3 3,1/1,3", "3,1/1,1"}, {"4,3/6,1", "4,3/3,1"},
    {"4,3/6,1 4,3/6,1", "4,3/3,1"}, {"3,4/0,1", "3,4/4,1"}, {"3,4/1,0 3,4/4,1", "3,4/4,1"}, {"/ 2,3/3,1", "2,3/3,1"},
    {"2,3/3,1 /", "2,3/3,1"}, {"/", "/"}, {"/ /", "/"}, {"1,1,4,8/32,8,8,1 1,1,4,8/32,32,8,1", "1,1,4,8/32,8,8,1"},
    {"2,3,1,8/24,8,24,1 2,3,1,8/24,8,24,1", "2,3,1,8/24,8,8,1"}, {"2,3,4,4/96,8,24,1", "2,3,4,4/48,4,12,1"},
    {"2,3,4,4/96,8,24,1 2,3,4,4/96,8,24,1", "2,3,4,4/48,4,12,1"},
    {"2,3,4,8/96,8,24,1 2,3,4,8/96,8,24,1 1,1,4,8/32,32,8,1", "2,3,4,8/96,8,24,1"}, {"1/1", "1/1"},
    {"1,1,1,4/8,1,1,2", "1,1,1,4/4,1,1,1"}, {"1,1,1/2,24,2 1,1,1/1,1,1", "1,1,1/1,1,1"},
    {"4,1,4,3,1/12,12,3,1,1 4,1,4,3,1/12,12,3,1,1", "4,1,4,3,1/12,12,3,1,1"}, {"1/1 1/1 1/1", "1/1"},
    {"2/1 2/1", "2/1"}, {"2,1/1,1 1/1", "2,1/1,1"}, {"1,4,4,3/5,12,3,1 4,4,3/12,3,1", "1,4,4,3/48,12,3,1"},
    {"1,3,4,4/1,3,9,36 4,4/4,1", "1,3,4,4/1,1,3,12"}, {"4,3,1,1/3,1,1,1", "4,3,1,1/3,1,1,1"},
    {"4,4,4/8,1,32", "4,4,4/4,1,16"}, {"1,3,3/9,3,1", "1,3,3/9,3,1"}, {"1,4,2,1,1/4,1,4,4,4", "1,4,2,1,1/4,1,4,4,4"},
    {"4/1", "4/1"}, {"1,3,1,2/24,2,24,1 1,1,1,2/2,2,2,1", "1,3,1,2/6,2,6,1"}, {"2,1,1/1,1,1", "2,1,1/1,1,1"},
    {"2,1,1,3,2/6,6,6,2,1 2,1,1,3,2/6,6,6,2,1", "2,1,1,3,2/6,6,6,2,1"}, {"4,1,1,2,3/2,2,2,1,0", "4,1,1,2,3/6,6,6,3,1"},
    {"1,1,1,1/1,1,1,1 1,1,1/1,1,1", "1,1,1,1/1,1,1,1"}, {"1/1 1/1", "1/1"},
    {"1,2,1,1,1/2,1,1,1,1 1,2,1,1,1/2,1,1,1,1", "1,2,1,1,1/2,1,1,1,1"}, {"2,4,1,4/0,4,4,1", "2,4,1,4/16,4,4,1"},
    {"1,1/1,1 1,1/1,1 1,1/1,1", "1,1/1,1"}, {"2,1,1/1,24,2", "2,1,1/1,1,1"}, {"2,2/2,1", "2,2/2,1"},
    {"1,4/1,1", "1,4/4,1"}, {"2/1", "2/1"}, {"1,1/1,1 1,1/1,1", "1,1/1,1"},
    {"3,4,1,4/4,1,48,12 3,4,1,4/16,4,4,1 3,4,1,4/4,1,48,12", "3,4,1,4/4,1,48,12"},
    {"1,2,2,1/1,0,1,2 1,1,2,1/2,2,1,1", "1,2,2,1/1,2,1,4"}, {"2,3,2,1/2,4,1,1", "2,3,2,1/2,4,1,1"},
    {"1,1,2/2,2,1 1,1,2/2,2,1", "1,1,2/2,2,1"}, {"2,2,1,2,1/4,2,2,1,1 2,1,1,2,1/2,2,2,1,1", "2,2,1,2,1/4,2,2,1,1"},
    {"1,1,1,1/1,1,1,1 1,1,1,1/1,1,1,1", "1,1,1,1/1,1,1,1"}, {"4,2,1,1/0,1,1,1", "4,2,1,1/2,1,1,1"},
    {"2,4,3,3/36,9,1,3 2,4,3,3/36,9,3,1", "2,4,3,3/36,9,1,3"}, {"4,4,1,1/1,8,1,32", "4,4,1,1/1,4,1,16"},
    {"2,3,1,1/1,0,1,1", "2,3,1,1/3,1,1,1"}, {"1,2,2,1/8,4,1,1 1,2,1,1/2,1,1,1", "1,2,2,1/4,2,1,1"},
    {"2,1,3,1/3,6,1,6", "2,1,3,1/3,6,1,6"}, {"1,3/1,1 1,1/1,1 1,3/1,1", "1,3/1,1"},
    {"1,1,2,3/6,6,3,1", "1,1,2,3/6,6,3,1"}, {"1,1,4/1,1,1 1,1,4/4,4,1", "1,1,4/4,4,1"},
    {"2,1,1,1,3/1,1,2,6,2 1,1,1,3/3,3,3,1", "2,1,1,1,3/1,1,2,6,2"},
    {"1,1,2,1/2,1,1,2 1,1,2,1/2,2,1,1", "1,1,2,1/2,1,1,2"}, {"1,1,1,4,1/24,5,1,1,5", "1,1,1,4,1/4,4,4,1,1"},
    {"1,4,2,1,1/4,1,4,4,4 2,1,1/1,1,1", "1,4,2,1,1/4,1,4,4,4"}, {"2/1 /", "2/1"},
    {"1,1,1,1,3/6,6,3,3,1 3/1 1,3/3,1", "1,1,1,1,3/3,3,3,3,1"}, {"1,3,4,1/1,1,3,1 1,3,4,1/3,1,3,3", "1,3,4,1/12,1,3,3"},
    {"2,1,1,1/1,1,1,1", "2,1,1,1/1,1,1,1"}, {"1,2,1/1,0,1 1,1,1/1,1,1", "1,2,1/2,1,1"}, {"3,2/1,3", "3,2/1,3"},
    {"1/1 /", "1/1"}, {"4,1,4,2/8,1,1,4 1,4,2/8,2,1", "4,1,4,2/8,1,1,4"}, {"3/0 3/1", "3/1"},
    {"2,2,3,4,4/32,1,64,2,8 2,2,3,4,4/32,1,64,8,2", "2,2,3,4,4/32,1,64,2,8"}, {"3/1 3/1", "3/1"},
    {"1,4,3,1/24,1,8,24", "1,4,3,1/12,1,4,12"}, {"3,1,3,4/1,1,12,3 3,1,3,4/12,12,4,1", "3,1,3,4/1,1,12,3"},
    {"1,2,3/6,3,1 4,1,2,3/3,1,12,1", "4,1,2,3/6,6,3,1"}, {"3/1 1/1", "3/1"}, {"1,2/2,1 1,2/2,1", "1,2/2,1"},
    {"1,2,1,3/6,3,3,1 1,2,1,3/6,3,3,1", "1,2,1,3/6,3,3,1"}, {"1,1,1,2/1,2,1,1 1,1,1,2/1,2,1,1", "1,1,1,2/1,2,1,1"},
    {"3,1,3,4/12,3,1,3 3,1,3,4/12,12,4,1 3,1,3,4/12,3,1,3", "3,1,3,4/12,3,1,3"},
    {"1,4,1,4/24,4,2,1", "1,4,1,4/16,4,4,1"}, {"2/1 3,2/1,3", "3,2/1,3"}, {"2,2,4,2/1,4,8,2", "2,2,4,2/1,4,8,2"},
    {"4,4/0,0 4,1/1,1", "4,4/4,1"}, {"1,3,3,3/9,3,0,1 1,3,3,3/1,3,1,9", "1,3,3,3/27,9,1,3"},
    {"1,4,4,2/32,8,2,1 2/1", "1,4,4,2/32,8,2,1"}, {"1,1,1,2,3/1,1,1,0,1 1,1,1,2,3/1,1,1,3,1", "1,1,1,2,3/1,1,1,3,1"},
    {"1,1/1,1", "1,1/1,1"}, {"1,4,3,1/1,1,0,1 3,1/1,1 1,4,3,1/1,1,0,1", "1,4,3,1/3,3,1,1"},
    {"2,3,4,1/24,8,1,1 2,3,4,1/12,4,1,1 2,3,4,1/24,8,1,1", "2,3,4,1/12,4,1,1"}, {"1,2,4,3/1,0,1,4", "1,2,4,3/1,4,1,8"},
    {"1,3,1,2/12,2,2,1 1,3,1,2/12,2,2,1 1,3,1,2/6,2,2,1", "1,3,1,2/6,2,2,1"}, {"4,1,1/0,1,1", "4,1,1/1,1,1"},
    {"1,3,4,2/24,8,2,1 1,3,4,2/24,8,2,1", "1,3,4,2/24,8,2,1"}, {"1,3,3/9,3,1 3,3/3,1 1,3,3/9,3,1", "1,3,3/9,3,1"},
    {"2,3,3,2,2/2,0,0,4,1", "2,3,3,2,2/2,12,4,36,1"}, {"1,2/2,1", "1,2/2,1"}, {"1,1,2/2,2,1", "1,1,2/2,2,1"},
    {"2,1,2/1,2,2 2,1,2/2,2,1", "2,1,2/1,2,2"}, {"4,1,2,2/1,1,4,8 4,1,2,2/1,1,4,8", "4,1,2,2/1,1,4,8"},
    {"1,1,3,3/18,18,6,1", "1,1,3,3/9,9,3,1"}, {"2,1/1,1", "2,1/1,1"}, {"2,3,3/12,3,1", "2,3,3/9,3,1"},
    {"1,1,4,3/4,12,1,4 1,1,4,3/12,12,3,1", "1,1,4,3/4,12,1,4"},
    {"3,4,1,3/12,3,3,1 3,4,1,3/12,3,3,1", "3,4,1,3/12,3,3,1"}, {"4,1,1/1,1,4 1,1/1,1", "4,1,1/1,1,4"},
    {"1,3,1,1/5,1,5,5 1,3,1,1/3,1,1,1", "1,3,1,1/3,1,3,3"}, {"1,3/3,1 1,3/3,1", "1,3/3,1"},
    {"1,2,3/3,3,1 2,3/3,1", "1,2,3/6,3,1"}, {"2,2,1,1/2,1,1,1", "2,2,1,1/2,1,1,1"},
    {"2,3,1/6,1,3 2,3,1/3,1,3", "2,3,1/3,1,3"}, {"2,1,3/3,1,1 2,1,3/3,1,1 1,1,3/3,3,1", "2,1,3/3,1,1"},
    {"2,1,3,4/12,12,4,1 2,1,1,1/1,1,1,1", "2,1,3,4/12,12,4,1"},
};
/* clang-format on */

START_TEST(view)
{
    const char *from_text = views[_i].from, *to_text = views[_i].to, *wanted = views[_i].strides;
    char got[128];
    strided from = read_strided(&from_text);
    dims to = read_dims(&to_text);
    int64_t stride[AM_MAX_RANK];
    bool possible = am_layout_view(layout_of(&from), to.count, to.n, stride);
    ck_assert_msg(possible == (wanted != NULL), "%s as %s: %s, PyTorch %s", views[_i].from, views[_i].to,
                  possible ? "a view" : "a copy", wanted ? "a view" : "a copy");
    if (!possible) return;
    dims_text(to.count, stride, got, sizeof got);
    ck_assert_msg(strcmp(got, wanted) == 0, "%s as %s: strides %s, PyTorch's %s", views[_i].from, views[_i].to, got,
                  wanted);
}
END_TEST

START_TEST(dense)
{
    const char *text = densities[_i].layout;
    strided layout = read_strided(&text);
    bool got = am_layout_dense(layout.shape.count, layout.shape.n, layout.stride.n);
    ck_assert_msg(got == densities[_i].dense, "%s: %d, PyTorch %d", densities[_i].layout, got, densities[_i].dense);
}
END_TEST

/* Dimensions of one element have a stride that decides nothing: no copy depends on it. */
static bool same_order(const dims *shape, const int64_t *x, const int64_t *y)
{
    for (int i = 0; i < shape->count; i++)
        if (shape->n[i] != 1 && x[i] != y[i]) return false;
    return true;
}

START_TEST(pointwise_result)
{
    strided operand[3];
    am_layout layout[3];
    int operands = 0;
    for (const char *text = pointwise[_i].operands; *text; text += *text == ' ') {
        operand[operands] = read_strided(&text);
        layout[operands] = layout_of(&operand[operands]);
        operands++;
    }
    const char *text = pointwise[_i].result;
    strided result = read_strided(&text);
    int64_t stride[AM_MAX_RANK];
    char got[128];
    am_layout_pointwise(result.shape.count, result.shape.n, operands, layout, stride);
    ck_assert_msg(same_order(&result.shape, stride, result.stride.n), "%s: strides %s, PyTorch's %s",
                  pointwise[_i].operands, dims_text(result.shape.count, stride, got, sizeof got), pointwise[_i].result);
    ck_assert(am_layout_dense(result.shape.count, result.shape.n, stride));
}
END_TEST

START_TEST(contiguous)
{
    static const char *const table[] = {
        "/", "7/1", "2,3/3,1", "2,3,4/12,4,1", "1,1,1/1,1,1", "2,1,3,4/12,12,4,1", "6,5,4,3,2/120,24,6,2,1"};
    for (int i = 0; i < COUNT(table); i++) {
        const char *text = table[i];
        strided wanted = read_strided(&text);
        int64_t stride[AM_MAX_RANK];
        am_layout_contiguous(wanted.shape.count, wanted.shape.n, stride);
        ck_assert_msg(am_layout_same(wanted.shape.count, stride, wanted.stride.n), "%s", table[i]);
        ck_assert(am_layout_dense(wanted.shape.count, wanted.shape.n, stride));
    }
}
END_TEST

START_TEST(elements)
{
    static const struct {
        int rank;
        int64_t shape[AM_MAX_RANK], elements;
    } table[] = {
        {0, {0}, 1},
        {1, {7}, 7},
        {3, {2, 3, 4}, 24},
        {2, {5, 0}, 0},
        {2, {(int64_t)1 << 26, (int64_t)1 << 27}, (int64_t)1 << 53},
        {2, {(int64_t)1 << 27, (int64_t)1 << 27}, AM_MAX_BYTES}, /* saturates */
        {5, {(int64_t)1 << 50, (int64_t)1 << 50, (int64_t)1 << 50, (int64_t)1 << 50, (int64_t)1 << 50}, AM_MAX_BYTES},
    };
    for (int i = 0; i < COUNT(table); i++)
        ck_assert_int_eq(am_layout_elements(table[i].rank, table[i].shape), table[i].elements);
}
END_TEST

START_TEST(same)
{
    static const int64_t x[] = {2, 3, 4}, y[] = {2, 3, 5};
    ck_assert(am_layout_same(3, x, x));
    ck_assert(am_layout_same(2, x, y));
    ck_assert(am_layout_same(0, x, y));
    ck_assert(!am_layout_same(3, x, y));
}
END_TEST

/* The permutation with this number, of five dimensions. */
static void permutation(int number, int *order)
{
    int rest[] = {0, 1, 2, 3, 4};
    for (int left = AM_MAX_RANK; left > 0; left--) {
        int pick = number % left;
        number /= left;
        order[AM_MAX_RANK - left] = rest[pick];
        for (int i = pick; i < left - 1; i++) rest[i] = rest[i + 1];
    }
}

enum { PERMUTATIONS = 120 };

/* However dimensions are turned: nothing is lost, a pointwise result follows, and it can be cut anew only if memory
 * order is kept. */
START_TEST(permuted)
{
    static const int64_t shapes[][AM_MAX_RANK] = {{2, 3, 4, 5, 6}, {1, 3, 1, 5, 2}, {2, 2, 2, 2, 2}, {1, 1, 1, 1, 7}};
    for (int k = 0; k < COUNT(shapes); k++) {
        int order[AM_MAX_RANK];
        int64_t plain[AM_MAX_RANK], shape[AM_MAX_RANK], stride[AM_MAX_RANK], got[AM_MAX_RANK], half[AM_MAX_RANK];
        permutation(_i, order);
        am_layout_contiguous(AM_MAX_RANK, shapes[k], plain);
        int last = -1;
        bool ordered = true;
        for (int i = 0; i < AM_MAX_RANK; i++) {
            half[i] = shape[i] = shapes[k][order[i]];
            stride[i] = plain[order[i]];
            if (shape[i] == 1) continue;
            ordered &= order[i] > last;
            last = order[i];
        }
        am_layout layout[] = {{AM_MAX_RANK, shape, stride}, {AM_MAX_RANK, shape, stride}};
        ck_assert(am_layout_dense(AM_MAX_RANK, shape, stride));
        for (int operands = 1; operands <= 2; operands++) {
            am_layout_pointwise(AM_MAX_RANK, shape, operands, layout, got);
            ck_assert(am_layout_same(AM_MAX_RANK, got, stride));
        }
        int64_t n = am_layout_elements(AM_MAX_RANK, shape);
        ck_assert_int_eq(am_layout_view(layout[0], 1, &n, got), ordered);
        if (shape[0] % 2 == 0) { /* half of one dimension leaves gaps, unless it is the slowest */
            half[0] = shape[0] / 2;
            ck_assert_int_eq(am_layout_dense(AM_MAX_RANK, half, stride), order[0] == 0);
        }
    }
}
END_TEST

Suite *test_layout_suite(void);
Suite *test_layout_suite(void)
{
    Suite *suite = suite_create("layout");
    TCase *tests = tcase_create("layout");
    tcase_add_loop_test(tests, view, 0, COUNT(views));
    tcase_add_loop_test(tests, dense, 0, COUNT(densities));
    tcase_add_loop_test(tests, pointwise_result, 0, COUNT(pointwise));
    tcase_add_test(tests, contiguous);
    tcase_add_test(tests, elements);
    tcase_add_test(tests, same);
    tcase_add_loop_test(tests, permuted, 0, PERMUTATIONS);
    suite_add_tcase(suite, tests);
    return suite;
}
