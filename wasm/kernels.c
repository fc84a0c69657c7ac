#include "kernels.h"

#include "writer.h"

#include <string.h>

#define FILLS       4u   /* words that a thread fills */
#define UNROLLED    4u   /* steps along k */
#define THREADS     256u /* of a workgroup that goes along a buffer */
#define ROW_THREADS 128u /* of one that has a row */

const am_tile am_tiles[AM_TILES] = {
    [AM_TILE_DIRECT] = {8, 8, 8, 8, 0},
    [AM_TILE_SHARED] = {8, 8, 8, 8, 16},
    {8, 8, 4, 4, 32},
    {16, 16, 4, 4, 16},
    {16, 16, 8, 8, 16}, /* shares 16 KiB in f32, all that is sure to be had */
};

static const char *const names[] = {
    [AM_K_FILL] = "fill",
    [AM_K_COPY] = "copy",
    [AM_K_MATMUL] = "matmul",
    [AM_K_RELU] = "relu",
    [AM_K_RELU_BACKWARD] = "relu_backward",
    [AM_K_GELU] = "gelu",
    [AM_K_GELU_BACKWARD] = "gelu_backward",
    [AM_K_ADD] = "add",
    [AM_K_SOFTMAX] = "softmax",
    [AM_K_SOFTMAX_BACKWARD] = "softmax_backward",
    [AM_K_ROW_SUM] = "row_sum",
    [AM_K_MEAN] = "mean",
};

/* ---- writing */

/* WGSL in which $ is the next number, of 32 bits, and # the next text. */
static void put(am_writer *text, const char *wgsl, ...)
{
    __builtin_va_list values;
    __builtin_va_start(values, wgsl);
    for (const char *c = wgsl; *c; c++) {
        if (*c == '$')
            am_write_int(text, __builtin_va_arg(values, uint32_t));
        else if (*c == '#')
            am_write_text(text, __builtin_va_arg(values, const char *));
        else
            am_write_char(text, *c);
    }
    __builtin_va_end(values);
}

static void put_title(am_writer *text, const am_kernel *kernel)
{
    const am_layout *x = &kernel->layout;
    put(text, "// # $", names[kernel->kind], (uint32_t)kernel->precision);
    if (kernel->kind == AM_K_MATMUL)
        put(text, " $ $ $ $", (uint32_t)x->a_turned, (uint32_t)x->b_turned, (uint32_t)x->bias, (uint32_t)x->tile);
    put(text, "\n");
}

/* Buffers by these names, of which the last is written. */
static void put_buffers(am_writer *text, const char *buffers, const char *type)
{
    for (uint32_t i = 0; buffers[i]; i++) {
        const char name[] = {buffers[i], '\0'};
        put(text, "@group(0) @binding($) var<storage, #> #: array<#>;\n", i, buffers[i + 1] ? "read" : "read_write",
            name, type);
    }
}

/* What it is told stands behind so many buffers. */
static void put_sizes(am_writer *text, uint32_t buffers)
{
    put(text,
        "struct Sizes { n: u32, k: u32, m: u32, batch: u32, scale: f32, a_pitch: u32, a_apart: u32, b_pitch: u32, "
        "b_apart: u32, o_pitch: u32, o_apart: u32, none: u32 }\n"
        "@group(0) @binding($) var<uniform> p: Sizes;\n",
        buffers);
}

static void put_main(am_writer *text, uint32_t across, uint32_t down)
{
    put(text,
        "@compute @workgroup_size($, $) fn main(@builtin(workgroup_id) w: vec3u, @builtin(local_invocation_id) l: vec3u, "
        "@builtin(local_invocation_index) t: u32) {\n",
        across, down);
}

/* ---- along a buffer */

/* A hash of 32 bits by Chris Wellons, "lowbias32": neighbours have nothing in common. */
#define HASH                                                                                                           \
    "fn hash(i: vec4u) -> vec4u {\n"                                                                                   \
    "  var x = i + f.seed * 0x9e3779b9u;\n"                                                                            \
    "  x ^= x >> vec4u(16); x *= 0x7feb352du; x ^= x >> vec4u(15); x *= 0x846ca68bu; return x ^ (x >> vec4u(16));\n"   \
    "}\n"

static void put_fill(am_writer *text)
{
    put(text,
        "struct Fill { seed: u32, form: u32, range: u32, scale: f32 }\n"
        "@group(0) @binding(0) var<storage, read_write> o: array<vec4u>;\n"
        "@group(0) @binding(1) var<uniform> f: Fill;\n" HASH "fn number(i: vec4u) -> vec4f {\n"
        "  if (f.range == 0u) { return vec4f(f.scale); }\n"
        "  return vec4f(vec4i(((hash(i) >> vec4u(16)) * (2u * f.range + 1u)) >> vec4u(16)) - i32(f.range)) * f.scale;\n"
        "}\n");
    put_main(text, THREADS, 1);
    put(text,
        "  let four = vec4u(0, 1, 2, 3);\n"
        "  for (var j = 0u; j < $u; j++) {\n"
        "    let i = w.x * $u + j * $u + t;\n"
        "    if (i >= arrayLength(&o)) { return; }\n"
        "    if (f.form == 0u) { o[i] = bitcast<vec4u>(number(4u * i + four)); }\n"
        "    else if (f.form == 1u) {\n"
        "      let x = number(8u * i + four); let y = number(8u * i + 4u + four);\n"
        "      o[i] = vec4u(pack2x16float(x.xy), pack2x16float(x.zw), pack2x16float(y.xy), pack2x16float(y.zw));\n"
        "    } else { o[i] = hash(4u * i + four); }\n"
        "  }\n}\n",
        (uint32_t)FILLS, (uint32_t)FILLS * THREADS, THREADS);
}

#define EACH 4u /* that a thread computes, so that 65,535 workgroups reach over the largest buffer */

/* Statements on the elements [i] of buffers, four at a time. */
static void put_map(am_writer *text, const char *buffers, const char *type, const char *statements)
{
    put_buffers(text, buffers, type);
    put_main(text, THREADS, 1);
    for (uint32_t j = 0; j < EACH; j++)
        put(text, "  { let i = w.x * $u + $u + t; if (i < arrayLength(&o)) { #; } }\n", (uint32_t)EACH * THREADS,
            j * THREADS, statements);
    put(text, "}\n");
}

/* ---- rows */

/* The workgroup's `op` over what its threads have in `value`, which all of them have then. */
static void put_reduce(am_writer *text, uint32_t threads, const char *value, const char *before, const char *after)
{
    put(text, "  r[t] = #; workgroupBarrier();\n", value);
    for (uint32_t half = threads / 2; half; half /= 2)
        put(text, "  if (t < $u) { r[t] = #r[t]# r[t + $u]); } workgroupBarrier();\n", half, before, after, half);
    put(text, "  # = r[0]; workgroupBarrier();\n", value);
}

/* A workgroup for each row, of `wide` fours. */
static void begin_rows(am_writer *text, const char *buffers, uint32_t count)
{
    put_buffers(text, buffers, "vec4f");
    put_sizes(text, count);
    put(text, "var<workgroup> r: array<f32, $>;\n", (uint32_t)ROW_THREADS);
    put_main(text, ROW_THREADS, 1);
    put(text, "  let wide = p.k / 4u; let at = w.x * wide;\n");
}

#define ALONG_ROW "  for (var i = t; i < wide; i += $u) { "

static void put_softmax(am_writer *text)
{
    begin_rows(text, "xo", 2);
    put(text, "  var m = -3.0e38;\n" ALONG_ROW "let v = x[at + i]; m = max(m, max(max(v.x, v.y), max(v.z, v.w))); }\n",
        ROW_THREADS);
    put_reduce(text, ROW_THREADS, "m", "max(", ",");
    put(text, "  var z = 0.0;\n" ALONG_ROW "z += dot(exp(x[at + i] - m), vec4f(1)); }\n", ROW_THREADS);
    put_reduce(text, ROW_THREADS, "z", "(", " +");
    put(text, ALONG_ROW "o[at + i] = exp(x[at + i] - m) / z; }\n}\n", ROW_THREADS);
}

static void put_softmax_backward(am_writer *text)
{
    begin_rows(text, "gyo", 3);
    put(text, "  var z = 0.0;\n" ALONG_ROW "z += dot(g[at + i], y[at + i]); }\n", ROW_THREADS);
    put_reduce(text, ROW_THREADS, "z", "(", " +");
    put(text, ALONG_ROW "o[at + i] = y[at + i] * (g[at + i] - z); }\n}\n", ROW_THREADS);
}

static void put_row_sum(am_writer *text)
{
    put_buffers(text, "xo", "vec4f");
    put_main(text, THREADS, 1);
    put(text,
        "  let i = w.x * $u + t;\n  if (i >= arrayLength(&o)) { return; }\n  var z = vec4f(0);\n"
        "  for (var j = i; j < arrayLength(&x); j += arrayLength(&o)) { z += x[j]; }\n  o[i] = z;\n}\n",
        THREADS);
}

static void put_mean(am_writer *text)
{
    put_buffers(text, "xo", "f32");
    put(text, "var<workgroup> r: array<f32, $>;\n", (uint32_t)THREADS);
    put_main(text, THREADS, 1);
    put(text, "  let n = arrayLength(&x);\n  var z = 0.0;\n  for (var i = t; i < n; i += $u) { z += x[i]; }\n",
        THREADS);
    put_reduce(text, THREADS, "z", "(", " +");
    put(text, "  if (t == 0u) { o[0] = z / f32(n); }\n}\n");
}

/* ---- matrix products */

static bool is_direct(const am_tile *tile)
{
    return tile->depth == 0;
}

/* Fours from one row to the next, and where the operands of this workgroup begin: a at its rows, b and d at its columns. */
static void put_starts(am_writer *text, const am_layout *x, const am_tile *tile)
{
    uint32_t rows = tile->down * tile->rows, columns = tile->across * tile->columns;
    put(text, "  let ap = p.a_pitch / 4u; let bp = p.b_pitch / 4u; let dp = p.o_pitch / 4u;\n");
    put(text, "  let a_at = w.z * (p.a_apart / 4u) + w.y * $u#;\n", x->a_turned ? rows / 4 : rows,
        x->a_turned ? "" : " * ap");
    put(text, "  let b_at = w.z * (p.b_apart / 4u) + w.x * $u#;\n", x->b_turned ? columns : columns / 4,
        x->b_turned ? " * bp" : "");
    put(text, "  let d_at = w.z * (p.o_apart / 4u) + w.y * $u * dp + w.x * $u;\n", rows, columns / 4);
}

/* Part of an operand into what the workgroup shares, along k: `turned` to where k runs slowest. Four rows of four are read, and turned
 * where they lie the other way; `wide` is the part's other dimension, `pitch` the name of what lies between rows. */
static void put_share(am_writer *text, const char *name, const char *from, uint32_t wide, uint32_t depth,
                      uint32_t threads, const char *pitch, bool along_k, const char *start, const char *type)
{
    uint32_t blocks = along_k ? wide * depth / 16 : wide * depth / 4;
    for (uint32_t first = 0; first < blocks; first += threads) {
        bool partly = first + threads > blocks;
        put(text, "  ");
        if (partly) put(text, "if (t < $u) ", blocks - first);
        put(text, "{ let i = t + $u; ", first);
        if (!along_k) {
            put(text, "#[i] = #[# + (at + i / $u) * # + i % $u]; }\n", name, from, start, wide / 4, pitch, wide / 4);
            continue;
        }
        /* block i: rows 4 (i / (depth / 4)) …, along k from 4 (i mod depth / 4) */
        put(text, "let q = i % $u; let s = i / $u; let j = # + s * 4u * # + at / 4u + q;\n", depth / 4, depth / 4,
            start, pitch);
        put(text, "    let e = #[j]; let f = #[j + #]; let g = #[j + 2u * #]; let h = #[j + 3u * #];\n", from, from,
            pitch, from, pitch, from, pitch);
        for (uint32_t c = 0; c < 4; c++) {
            const char axis[] = {"xyzw"[c], '\0'};
            put(text, "    #[(4u * q + $u) * $u + s] = #(e.#, f.#, g.#, h.#);\n", name, c, wide / 4, type, axis, axis,
                axis, axis);
        }
        put(text, "  }\n");
    }
}

/* One step along k: of the rows and columns that a thread has, of what is shared. */
static void put_products(am_writer *text, const am_tile *tile, bool convert, uint32_t k)
{
    uint32_t across = tile->across * tile->columns / 4, down = tile->down * tile->rows / 4;
    const char *open = convert ? "vec4f(" : "", *close = convert ? ")" : "";
    put(text, "  {");
    for (uint32_t i = 0; i < tile->rows / 4; i++)
        put(text, " let a$ = #A[(k + $u) * $u + $u + l.y]#;", i, open, k, down, i * tile->down, close);
    for (uint32_t j = 0; j < tile->columns / 4; j++)
        put(text, " let b$ = #B[(k + $u) * $u + $u + l.x]#;", j, open, k, across, j * tile->across, close);
    put(text, "\n");
    for (uint32_t i = 0; i < tile->rows; i++) {
        for (uint32_t j = 0; j < tile->columns / 4; j++) {
            const char axis[] = {"xyzw"[i % 4], '\0'};
            put(text, " c$_$ += a$.# * b$;", i, j, i / 4, axis, j);
        }
    }
    put(text, " }\n");
}

/* Through shared memory, some steps unrolled: all of them would take compilers seconds. */
static void put_shared(am_writer *text, const am_layout *x, const am_tile *tile, const char *type, bool convert)
{
    uint32_t rows = tile->down * tile->rows, columns = tile->across * tile->columns,
             threads = tile->across * tile->down;
    put(text, "  for (var at = 0u; at < p.k; at += $u) {\n", tile->depth);
    put_share(text, "A", "a", rows, tile->depth, threads, "ap", !x->a_turned, "a_at", type);
    put_share(text, "B", "b", columns, tile->depth, threads, "bp", x->b_turned, "b_at", type);
    put(text, "  workgroupBarrier();\n  for (var k = 0u; k < $u; k += $u) {\n", tile->depth, UNROLLED);
    for (uint32_t k = 0; k < UNROLLED; k++) put_products(text, tile, convert, k);
    put(text, "  }\n  workgroupBarrier();\n  }\n");
}

/* Four steps along k: of each operand four rows of four, which lie along k or not. Names end in the row, or in the step. */
static void put_direct(am_writer *text, const am_layout *x, const am_tile *tile, bool convert)
{
    const char *open = convert ? "vec4f(" : "", *close = convert ? ")" : "";
    put(text, "  for (var k = 0u; k < p.k / 4u; k++) {\n");
    for (uint32_t i = 0; i < tile->rows / 4; i++)
        for (uint32_t s = 0; s < 4; s++)
            put(text,
                x->a_turned ? "  let a$_$ = #a[a_at + (4u * k + $u) * ap + $u + l.y]#;"
                            : "  let a$_$ = #a[a_at + (4u * ($u + l.y) + $u) * ap + k]#;",
                i, s, open, x->a_turned ? s : i * tile->down, x->a_turned ? i * tile->down : s, close);
    put(text, "\n");
    for (uint32_t j = 0; j < tile->columns / 4; j++)
        for (uint32_t s = 0; s < 4; s++)
            put(text,
                x->b_turned ? "  let b$_$ = #b[b_at + (4u * ($u + l.x) + $u) * bp + k]#;"
                            : "  let b$_$ = #b[b_at + (4u * k + $u) * bp + $u + l.x]#;",
                j, s, open, x->b_turned ? j * tile->across : s, x->b_turned ? s : j * tile->across, close);
    put(text, "\n");
    for (uint32_t i = 0; i < tile->rows; i++) {
        const char row[] = {"xyzw"[i % 4], '\0'};
        put(text, "  {");
        if (x->b_turned)
            put(text, " let v = a$_$;", i / 4, i % 4);
        for (uint32_t j = 0; j < tile->columns / 4; j++) {
            if (x->b_turned) {
                put(text, " c$_$ += vec4(dot(v, b$_0), dot(v, b$_1), dot(v, b$_2), dot(v, b$_3));", i, j, j, j, j, j);
                continue;
            }
            put(text, " c$_$ += ", i, j);
            for (uint32_t s = 0; s < 4; s++) {
                const char step[] = {"xyzw"[s], '\0'};
                put(text, s ? " + a$_$.# * b$_$" : "a$_$.# * b$_$", i / 4, x->a_turned ? s : i % 4,
                    x->a_turned ? row : step, j, s);
            }
            put(text, ";");
        }
        put(text, " }\n");
    }
    put(text, "  }\n");
}

static void put_matmul(am_writer *text, const am_kernel *kernel)
{
    const am_layout *x = &kernel->layout;
    const am_tile *tile = &am_tiles[x->tile];
    bool half = kernel->precision != AM_F32, convert = kernel->precision == AM_F16_F32;
    const char *type = half ? "vec4<f16>" : "vec4f", *sum = kernel->precision == AM_F16 ? "vec4<f16>" : "vec4f";
    if (half) put(text, "enable f16;\n");
    put_buffers(text, "abd", type);
    put_sizes(text, 3);
    if (!is_direct(tile))
        put(text, "var<workgroup> A: array<#, $>;\nvar<workgroup> B: array<#, $>;\n", type,
            tile->down * tile->rows * tile->depth / 4, type, tile->across * tile->columns * tile->depth / 4);
    put_main(text, tile->across, tile->down);
    put_starts(text, x, tile);
    for (uint32_t i = 0; i < tile->rows; i++)
        for (uint32_t j = 0; j < tile->columns / 4; j++) put(text, "  var c$_$ = #(0);\n", i, j, sum);
    if (is_direct(tile))
        put_direct(text, x, tile, convert);
    else
        put_shared(text, x, tile, type, convert);
    for (uint32_t i = 0; i < tile->rows; i++) {
        for (uint32_t j = 0; j < tile->columns / 4; j++) {
            put(text, "  d[d_at + ((l.y + $u) * 4u + $u) * dp + l.x + $u] = #(c$_$ * #(p.scale))", i / 4 * tile->down,
                i % 4, j * tile->across, type, i, j, kernel->precision == AM_F16 ? "f16" : "f32");
            put(text, ";\n");
        }
    }
    put(text, "}\n");
}

/* ---- products of few rows */

#define LOW_ROWS 8u

/* Threads of a workgroup that lie side by side along n, ones that split the sum of each, and fours of columns of each: neighbours read
 * what lies side by side. */
typedef struct low_tile {
    uint32_t across, lanes, fours;
} low_tile;

static low_tile low_tile_of(const am_layout *x)
{
    return x->b_turned ? (low_tile){2, 32, 2} : (low_tile){4, 16, 2};
}

static void put_low(am_writer *text, const am_kernel *kernel)
{
    const am_layout *x = &kernel->layout;
    low_tile tile = low_tile_of(x);
    put_buffers(text, x->bias ? "absd" : "abd", "vec4f");
    put_sizes(text, x->bias ? 4 : 3);
    put(text, "var<workgroup> P: array<vec4f, $>;\n", tile.across * tile.lanes);
    put_main(text, tile.across * tile.lanes, 1);
    put(text,
        "  let ap = p.a_pitch / 4u; let bp = p.b_pitch / 4u; let dp = p.o_pitch / 4u;\n"
        "  let n = w.x * $u + t % $u; let lane = t / $u;\n",
        tile.across * tile.fours, tile.across, tile.across);
    for (uint32_t i = 0; i < LOW_ROWS; i++)
        for (uint32_t j = 0; j < tile.fours; j++) put(text, "  var c$_$ = vec4f(0);\n", i, j);
    put(text, "  for (var k = lane; k < p.k / 4u; k += $u) {\n", tile.lanes);
    for (uint32_t j = 0; j < tile.fours; j++)
        for (uint32_t s = 0; s < 4; s++)
            put(text,
                x->b_turned ? "    let b$_$ = b[(4u * (n + $u) + $u) * bp + k];\n"
                            : "    let b$_$ = b[n + $u + (4u * k + $u) * bp];\n",
                j, s, j * tile.across, s);
    for (uint32_t i = 0; i < LOW_ROWS; i++) {
        put(text, "    { let v = a[$u * ap + k];", i);
        for (uint32_t j = 0; j < tile.fours; j++)
            put(text,
                x->b_turned ? " c$_$ += vec4(dot(v, b$_0), dot(v, b$_1), dot(v, b$_2), dot(v, b$_3));"
                            : " c$_$ += v.x * b$_0 + v.y * b$_1 + v.z * b$_2 + v.w * b$_3;",
                i, j, j, j, j, j);
        put(text, " }\n");
    }
    put(text, "  }\n");
    /* One after the other through little memory, which compilers clear. */
    for (uint32_t i = 0; i < LOW_ROWS; i++) {
        for (uint32_t j = 0; j < tile.fours; j++) {
            put(text, "  P[t] = c$_$; workgroupBarrier();\n", i, j);
            put(text, "  if (t < $u) { var z = P[t]; for (var i = $u; i < $u; i += $u) { z += P[i + t]; } ",
                tile.across, tile.across, tile.across * tile.lanes, tile.across);
            put(text, "d[$u * dp + n + $u] = z * p.scale", i, j * tile.across);
            if (x->bias) put(text, " + s[n + $u]", j * tile.across);
            put(text, "; } workgroupBarrier();\n");
        }
    }
    put(text, "}\n");
}

/* ---- all */

#define INNER                                                                                                          \
    "(0.7978845608 * (v + 0.044715 * v * v * v))" /* √(2/π); tanh of large arguments is beyond some GPUs' exp */

size_t am_kernel_text(const am_kernel *kernel, char *text, size_t size)
{
    am_writer writer = am_writer_of(text, size);
    put_title(&writer, kernel);
    switch (kernel->kind) {
    case AM_K_FILL: put_fill(&writer); break;
    case AM_K_COPY: put_map(&writer, "xo", "vec4u", "o[i] = x[i]"); break;
    case AM_K_MATMUL:
        if (kernel->layout.tile == AM_TILE_LOW)
            put_low(&writer, kernel);
        else
            put_matmul(&writer, kernel);
        break;
    case AM_K_RELU: put_map(&writer, "xo", "vec4f", "o[i] = max(x[i], vec4f(0))"); break;
    case AM_K_RELU_BACKWARD: put_map(&writer, "gyo", "vec4f", "o[i] = select(vec4f(0), g[i], y[i] > vec4f(0))"); break;
    case AM_K_GELU:
        put_map(&writer, "xo", "vec4f",
                "let v = x[i]; o[i] = 0.5 * v * (1.0 + tanh(clamp(" INNER ", vec4f(-15), vec4f(15))))");
        break;
    case AM_K_GELU_BACKWARD:
        put_map(&writer, "gxo", "vec4f",
                "let v = x[i]; let h = tanh(clamp(" INNER ", vec4f(-15), vec4f(15))); "
                "o[i] = g[i] * (0.5 * (1.0 + h) + 0.5 * v * (1.0 - h * h) * 0.7978845608 * (1.0 + 0.134145 * v * v))");
        break;
    case AM_K_ADD: put_map(&writer, "xyo", "vec4f", "o[i] = x[i] + y[i]"); break;
    case AM_K_SOFTMAX: put_softmax(&writer); break;
    case AM_K_SOFTMAX_BACKWARD: put_softmax_backward(&writer); break;
    case AM_K_ROW_SUM: put_row_sum(&writer); break;
    default: put_mean(&writer); /* AM_K_MEAN */
    }
    return am_writer_end(&writer);
}

bool am_tile_fits(uint32_t tile, uint32_t n)
{
    const am_tile *x = &am_tiles[tile]; /* all of them are square, and as wide as some strips are deep */
    return n % (x->across * x->columns) == 0;
}

/* Of n units, so many to a workgroup. */
static uint32_t groups(uint32_t n, uint32_t each)
{
    return (n + each - 1) / each;
}

uint32_t am_kernel_told(const am_kernel *kernel, uint32_t words[AM_MOST_TOLD])
{
    size_t bytes = 0;
    switch (kernel->kind) {
    case AM_K_FILL: memcpy(words, &kernel->fill, bytes = sizeof kernel->fill); break;
    case AM_K_MATMUL:
    case AM_K_SOFTMAX:
    case AM_K_SOFTMAX_BACKWARD: memcpy(words, &kernel->sizes, bytes = sizeof kernel->sizes); break;
    default: break;
    }
    return (uint32_t)(bytes / sizeof *words);
}

void am_kernel_grid(const am_kernel *kernel, uint32_t grid[3])
{
    const am_sizes *x = &kernel->sizes;
    const am_layout *layout = &kernel->layout;
    grid[0] = grid[1] = grid[2] = 1;
    switch (kernel->kind) {
    case AM_K_FILL: grid[0] = groups(x->n / 4, FILLS * THREADS); break;
    case AM_K_MATMUL:
        if (layout->tile == AM_TILE_LOW) {
            grid[0] = x->n / 4 / (low_tile_of(layout).across * low_tile_of(layout).fours);
            break;
        }
        grid[0] = x->n / (am_tiles[layout->tile].across * am_tiles[layout->tile].columns);
        grid[1] = x->m / (am_tiles[layout->tile].down * am_tiles[layout->tile].rows);
        grid[2] = x->batch;
        break;
    case AM_K_SOFTMAX:
    case AM_K_SOFTMAX_BACKWARD: grid[0] = x->n; break;
    case AM_K_ROW_SUM: grid[0] = groups(x->k / 4, THREADS); break;
    case AM_K_MEAN: break;
    default: grid[0] = groups(x->n / 4, EACH * THREADS);
    }
}

uint32_t am_kernel_shared(const am_kernel *kernel)
{
    const am_layout *x = &kernel->layout;
    if (kernel->kind != AM_K_MATMUL) return THREADS * 4;
    if (x->tile == AM_TILE_LOW) return low_tile_of(x).lanes * low_tile_of(x).across * 16;
    const am_tile *tile = &am_tiles[x->tile];
    return (tile->down * tile->rows + tile->across * tile->columns) * tile->depth *
           (kernel->precision == AM_F32 ? 4 : 2);
}

uint32_t am_kernel_threads(const am_kernel *kernel)
{
    const am_layout *x = &kernel->layout;
    if (kernel->kind != AM_K_MATMUL) return THREADS;
    if (x->tile == AM_TILE_LOW) return low_tile_of(x).lanes * low_tile_of(x).across;
    return am_tiles[x->tile].across * am_tiles[x->tile].down;
}

/* ---- what fills hold */

uint32_t am_fill_word(const am_fill *fill, uint32_t i)
{
    uint32_t x = i + fill->seed * 0x9e3779b9u;
    x ^= x >> 16;
    x *= 0x7feb352du;
    x ^= x >> 15;
    x *= 0x846ca68bu;
    return x ^ (x >> 16);
}

float am_fill_number(const am_fill *fill, uint32_t i)
{
    if (fill->range == 0) return fill->scale;
    return (float)((int32_t)((am_fill_word(fill, i) >> 16) * (2 * fill->range + 1) >> 16) - (int32_t)fill->range) *
           fill->scale;
}
