#include "kernels.h"

#include "writer.h"

#define FILLS       4u /* words that a thread fills */
#define UNROLLED    4u
#define THREADS     256u /* of a workgroup that goes along a buffer */
#define ROW_THREADS 128u /* of one that has a row */

const am_tile am_tiles[AM_TILES] = {
    {8, 8, 4, 4, 32},
    {16, 16, 4, 4, 16},
    {8, 8, 8, 8, 16},
    {16, 16, 8, 8, 16}, /* shares 16 KiB in f32, all that is sure to be had */
    [AM_TILE_DIRECT] = {16, 16, 4, 4, 8},
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
    const am_matmul *x = &kernel->matmul;
    put(text, "// # $ $ $", names[kernel->kind], (uint32_t)kernel->precision, kernel->n, kernel->k);
    if (kernel->kind == AM_K_MATMUL)
        put(text, " $ $ $ $ $  $ $ $  $ $ $  $ $ $", x->m, x->n, x->k, x->batch, x->divisor, x->a.pitch, x->a.apart,
            (uint32_t)x->a.turned, x->b.pitch, x->b.apart, (uint32_t)x->b.turned, x->o.pitch, x->o.apart,
            (uint32_t)x->bias);
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
    "fn hash(i: u32) -> u32 {\n"                                                                                       \
    "  var x = i + f.seed * 0x9e3779b9u;\n"                                                                            \
    "  x ^= x >> 16; x *= 0x7feb352du; x ^= x >> 15; x *= 0x846ca68bu; return x ^ (x >> 16);\n"                        \
    "}\n"

static void put_fill(am_writer *text)
{
    put(text, "struct Fill { seed: u32, form: u32, range: u32, scale: f32 }\n"
              "@group(0) @binding(0) var<storage, read> f: Fill;\n"
              "@group(0) @binding(1) var<storage, read_write> o: array<u32>;\n" HASH "fn number(i: u32) -> f32 {\n"
              "  if (f.range == 0u) { return f.scale; }\n"
              "  return f32(i32(((hash(i) >> 16) * (2u * f.range + 1u)) >> 16) - i32(f.range)) * f.scale;\n"
              "}\n");
    put_main(text, THREADS, 1);
    put(text,
        "  for (var j = 0u; j < $u; j++) {\n"
        "    let i = w.x * $u + j * $u + t;\n"
        "    if (i >= arrayLength(&o)) { return; }\n"
        "    if (f.form == 0u) { o[i] = bitcast<u32>(number(i)); }\n"
        "    else if (f.form == 1u) { o[i] = pack2x16float(vec2f(number(2u * i), number(2u * i + 1u))); }\n"
        "    else { o[i] = hash(i); }\n"
        "  }\n}\n",
        (uint32_t)FILLS, (uint32_t)FILLS * THREADS, THREADS);
}

#define EACH 4u /* that a thread computes, so that 65,535 workgroups reach over the largest buffer */

/* Statements on the elements [i] of buffers, four at a time. */
static void put_map(am_writer *text, const char *buffers, const char *type, uint32_t n, const char *statements)
{
    put_buffers(text, buffers, type);
    put_main(text, THREADS, 1);
    for (uint32_t j = 0; j < EACH; j++)
        put(text, "  { let i = w.x * $u + $u + t; if (i < $u) { #; } }\n", (uint32_t)EACH * THREADS, j * THREADS, n / 4,
            statements);
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

/* A workgroup for each row. */
static void begin_rows(am_writer *text, const char *buffers)
{
    put_buffers(text, buffers, "vec4f");
    put(text, "var<workgroup> r: array<f32, $>;\n", (uint32_t)ROW_THREADS);
    put_main(text, ROW_THREADS, 1);
}

static void put_softmax(am_writer *text, const am_kernel *kernel)
{
    uint32_t row = kernel->k / 4;
    begin_rows(text, "xo");
    put(text,
        "  let at = w.x * $u;\n  var m = -3.0e38;\n"
        "  for (var i = t; i < $u; i += $u) { let v = x[at + i]; m = max(m, max(max(v.x, v.y), max(v.z, v.w))); }\n",
        row, row, ROW_THREADS);
    put_reduce(text, ROW_THREADS, "m", "max(", ",");
    put(text, "  var z = 0.0;\n  for (var i = t; i < $u; i += $u) { z += dot(exp(x[at + i] - m), vec4f(1)); }\n", row,
        ROW_THREADS);
    put_reduce(text, ROW_THREADS, "z", "(", " +");
    put(text, "  for (var i = t; i < $u; i += $u) { o[at + i] = exp(x[at + i] - m) / z; }\n}\n", row, ROW_THREADS);
}

static void put_softmax_backward(am_writer *text, const am_kernel *kernel)
{
    uint32_t row = kernel->k / 4;
    begin_rows(text, "gyo");
    put(text,
        "  let at = w.x * $u;\n  var z = 0.0;\n  for (var i = t; i < $u; i += $u) { z += dot(g[at + i], y[at + i]); }\n",
        row, row, ROW_THREADS);
    put_reduce(text, ROW_THREADS, "z", "(", " +");
    put(text, "  for (var i = t; i < $u; i += $u) { o[at + i] = y[at + i] * (g[at + i] - z); }\n}\n", row, ROW_THREADS);
}

static void put_row_sum(am_writer *text, const am_kernel *kernel)
{
    uint32_t row = kernel->k / 4;
    put_buffers(text, "xo", "vec4f");
    put_main(text, THREADS, 1);
    put(text,
        "  let i = w.x * $u + t;\n  if (i >= $u) { return; }\n  var z = vec4f(0);\n"
        "  for (var j = 0u; j < $u; j++) { z += x[j * $u + i]; }\n  o[i] = z;\n}\n",
        THREADS, row, kernel->n, row);
}

static void put_mean(am_writer *text, const am_kernel *kernel)
{
    put_buffers(text, "xo", "f32");
    put(text, "var<workgroup> r: array<f32, $>;\n", (uint32_t)THREADS);
    put_main(text, THREADS, 1);
    put(text, "  var z = 0.0;\n  for (var i = t; i < $u; i += $u) { z += x[i]; }\n", kernel->n, THREADS);
    put_reduce(text, THREADS, "z", "(", " +");
    put(text, "  if (t == 0u) { o[0] = z / $.0; }\n}\n", kernel->n);
}

/* ---- matrix products */

/* Part of an operand into what the workgroup shares, along k: `turned` to where k runs slowest. Four rows of four are read, and turned
 * where they lie the other way; `wide` is the part's other dimension. */
static void put_share(am_writer *text, const char *name, const char *from, uint32_t wide, uint32_t depth,
                      uint32_t threads, uint32_t pitch, bool along_k, const char *start, const char *type)
{
    uint32_t blocks = along_k ? wide * depth / 16 : wide * depth / 4;
    for (uint32_t first = 0; first < blocks; first += threads) {
        bool partly = first + threads > blocks;
        put(text, "  ");
        if (partly) put(text, "if (t < $u) ", blocks - first);
        put(text, "{ let i = t + $u; ", first);
        if (!along_k) {
            put(text, "#[i] = #[# + (at + i / $u) * $u + i % $u]; }\n", name, from, start, wide / 4, pitch / 4,
                wide / 4);
            continue;
        }
        /* block i: rows 4 (i / (depth / 4)) …, along k from 4 (i mod depth / 4) */
        put(text, "let q = i % $u; let p = i / $u; let j = # + p * $u + at / 4u + q;\n", depth / 4, depth / 4, start,
            pitch);
        put(text, "    let e = #[j]; let f = #[j + $u]; let g = #[j + $u]; let h = #[j + $u];\n", from, from, pitch / 4,
            from, pitch / 2, from, 3 * pitch / 4);
        for (uint32_t c = 0; c < 4; c++) {
            const char axis[] = {"xyzw"[c], '\0'};
            put(text, "    #[(4u * q + $u) * $u + p] = #(e.#, f.#, g.#, h.#);\n", name, c, wide / 4, type, axis, axis,
                axis, axis);
        }
        put(text, "  }\n");
    }
}

/* One step along k: of the rows and columns that a thread has, read `from` what is shared, or from the operands themselves. */
static void put_products(am_writer *text, const am_kernel *kernel, bool direct, uint32_t k)
{
    const am_matmul *x = &kernel->matmul;
    const am_tile *tile = &am_tiles[x->tile];
    uint32_t across = tile->across * tile->columns / 4, down = tile->down * tile->rows / 4;
    bool convert = kernel->precision == AM_F16_F32;
    const char *open = convert ? "vec4f(" : "", *close = convert ? ")" : "";
    put(text, "  {");
    for (uint32_t i = 0; i < tile->rows / 4; i++)
        put(text, " let a$ = ##(k + $u) * $u + $u + l.y]#;", i, open, direct ? "a[a_at + " : "A[", k,
            direct ? x->a.pitch / 4 : down, i * tile->down, close);
    for (uint32_t j = 0; j < tile->columns / 4; j++)
        put(text, " let b$ = ##(k + $u) * $u + $u + l.x]#;", j, open, direct ? "b[b_at + " : "B[", k,
            direct ? x->b.pitch / 4 : across, j * tile->across, close);
    put(text, "\n");
    for (uint32_t i = 0; i < tile->rows; i++) {
        for (uint32_t j = 0; j < tile->columns / 4; j++) {
            const char axis[] = {"xyzw"[i % 4], '\0'};
            put(text, " c$_$ += a$.# * b$;", i, j, i / 4, axis, j);
        }
    }
    put(text, " }\n");
}

/* Along k, some steps unrolled: all of them would take compilers seconds. */
static void put_steps(am_writer *text, const am_kernel *kernel, bool direct, uint32_t depth)
{
    put(text, "  for (var k = 0u; k < $u; k += $u) {\n", depth, UNROLLED);
    for (uint32_t k = 0; k < UNROLLED; k++) put_products(text, kernel, direct, k);
    put(text, "  }\n");
}

/* The other parts of the product that this one of the batch stands behind: where operands begin, in fours. */
static void put_starts(am_writer *text, const am_matmul *x, const am_tile *tile)
{
    uint32_t rows = tile->down * tile->rows, columns = tile->across * tile->columns;
    put(text, "  let a_at = w.z * $u + w.y * $u;\n", x->a.apart / 4, (x->a.turned ? rows : rows * x->a.pitch) / 4);
    put(text, "  let b_at = w.z * $u + w.x * $u;\n", x->b.apart / 4,
        (x->b.turned ? columns * x->b.pitch : columns) / 4);
    put(text, "  let d_at = w.z * $u + w.y * $u + w.x * $u;\n", x->o.apart / 4, rows * x->o.pitch / 4, columns / 4);
}

static void put_matmul(am_writer *text, const am_kernel *kernel)
{
    const am_matmul *x = &kernel->matmul;
    const am_tile *tile = &am_tiles[x->tile];
    bool direct = x->tile == AM_TILE_DIRECT, half = kernel->precision != AM_F32,
         sums_half = kernel->precision == AM_F16;
    const char *type = half ? "vec4<f16>" : "vec4f", *sum = sums_half ? "vec4<f16>" : "vec4f";
    uint32_t rows = tile->down * tile->rows, columns = tile->across * tile->columns,
             threads = tile->across * tile->down;
    if (half) put(text, "enable f16;\n");
    put_buffers(text, x->bias ? "absd" : "abd", type);
    if (!direct)
        put(text, "var<workgroup> A: array<#, $>;\nvar<workgroup> B: array<#, $>;\n", type, rows * tile->depth / 4,
            type, columns * tile->depth / 4);
    put_main(text, tile->across, tile->down);
    put_starts(text, x, tile);
    for (uint32_t i = 0; i < tile->rows; i++)
        for (uint32_t j = 0; j < tile->columns / 4; j++) put(text, "  var c$_$ = #(0);\n", i, j, sum);
    if (direct) {
        put_steps(text, kernel, true, x->k);
    } else {
        put(text, "  for (var at = 0u; at < $u; at += $u) {\n", x->k, tile->depth);
        put_share(text, "A", "a", rows, tile->depth, threads, x->a.pitch, !x->a.turned, "a_at", type);
        put_share(text, "B", "b", columns, tile->depth, threads, x->b.pitch, x->b.turned, "b_at", type);
        put(text, "  workgroupBarrier();\n");
        put_steps(text, kernel, false, tile->depth);
        put(text, "  workgroupBarrier();\n  }\n");
    }
    for (uint32_t i = 0; i < tile->rows; i++) {
        for (uint32_t j = 0; j < tile->columns / 4; j++) {
            put(text, "  d[d_at + ((l.y + $u) * 4u + $u) * $u + l.x + $u] = #(c$_$)", i / 4 * tile->down, i % 4,
                x->o.pitch / 4, j * tile->across, type, i, j);
            if (x->divisor != 1) put(text, " / $.0", x->divisor);
            if (x->bias) put(text, " + s[w.x * $u + l.x + $u]", columns / 4, j * tile->across);
            put(text, ";\n");
        }
    }
    put(text, "}\n");
}

/* ---- products of few rows */

#define LOW_ROWS 8u

/* Fours of columns that a workgroup has, and threads that split the sum of each: neighbours read what lies side by side. */
typedef struct low_tile {
    uint32_t across, lanes;
} low_tile;

static low_tile low_tile_of(const am_matmul *x)
{
    return x->b.turned ? (low_tile){1, 64} : (low_tile){8, 16};
}

static void put_low(am_writer *text, const am_kernel *kernel)
{
    const am_matmul *x = &kernel->matmul;
    low_tile tile = low_tile_of(x);
    put_buffers(text, x->bias ? "absd" : "abd", "vec4f");
    put(text, "var<workgroup> P: array<vec4f, $>;\n", tile.lanes * LOW_ROWS * tile.across);
    put_main(text, tile.across * tile.lanes, 1);
    put(text, "  let n = w.x * $u + t % $u; let lane = t / $u;\n", tile.across, tile.across, tile.across);
    for (uint32_t i = 0; i < LOW_ROWS; i++) put(text, "  var c$ = vec4f(0);\n", i);
    put(text, "  for (var k = lane; k < $u; k += $u) {\n", x->k / 4, tile.lanes);
    for (uint32_t j = 0; j < 4; j++)
        put(text,
            x->b.turned ? "    let b$ = b[(4u * n + $u) * $u + k];\n" : "    let b$ = b[(4u * k + $u) * $u + n];\n", j,
            j, x->b.pitch / 4);
    for (uint32_t i = 0; i < LOW_ROWS; i++)
        put(text, "    { let v = a[$u + k]; c$ += #; }\n", i * x->a.pitch / 4, i,
            x->b.turned ? "vec4f(dot(v, b0), dot(v, b1), dot(v, b2), dot(v, b3))"
                        : "v.x * b0 + v.y * b1 + v.z * b2 + v.w * b3");
    put(text, "  }\n");
    for (uint32_t i = 0; i < LOW_ROWS; i++)
        put(text, "  P[(lane * $u + $u) * $u + t % $u] = c$;\n", LOW_ROWS, i, tile.across, tile.across, i);
    put(text, "  workgroupBarrier();\n  if (t >= $u) { return; }\n", LOW_ROWS * tile.across);
    put(text, "  var z = P[t];\n  for (var i = 1u; i < $u; i++) { z += P[i * $u + t]; }\n", tile.lanes,
        LOW_ROWS * tile.across);
    put(text, "  let column = w.x * $u + t % $u;\n  d[t / $u * $u + column] = z#;\n}\n", tile.across, tile.across,
        tile.across, x->o.pitch / 4, x->bias ? " + s[column]" : "");
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
    case AM_K_COPY: put_map(&writer, "xo", "vec4u", kernel->n, "o[i] = x[i]"); break;
    case AM_K_MATMUL:
        if (kernel->matmul.tile == AM_TILE_LOW)
            put_low(&writer, kernel);
        else
            put_matmul(&writer, kernel);
        break;
    case AM_K_RELU: put_map(&writer, "xo", "vec4f", kernel->n, "o[i] = max(x[i], vec4f(0))"); break;
    case AM_K_RELU_BACKWARD:
        put_map(&writer, "gyo", "vec4f", kernel->n, "o[i] = select(vec4f(0), g[i], y[i] > vec4f(0))");
        break;
    case AM_K_GELU:
        put_map(&writer, "xo", "vec4f", kernel->n,
                "let v = x[i]; o[i] = 0.5 * v * (1.0 + tanh(clamp(" INNER ", vec4f(-15), vec4f(15))))");
        break;
    case AM_K_GELU_BACKWARD:
        put_map(&writer, "gxo", "vec4f", kernel->n,
                "let v = x[i]; let h = tanh(clamp(" INNER ", vec4f(-15), vec4f(15))); "
                "o[i] = g[i] * (0.5 * (1.0 + h) + 0.5 * v * (1.0 - h * h) * 0.7978845608 * (1.0 + 0.134145 * v * v))");
        break;
    case AM_K_ADD: put_map(&writer, "xyo", "vec4f", kernel->n, "o[i] = x[i] + y[i]"); break;
    case AM_K_SOFTMAX: put_softmax(&writer, kernel); break;
    case AM_K_SOFTMAX_BACKWARD: put_softmax_backward(&writer, kernel); break;
    case AM_K_ROW_SUM: put_row_sum(&writer, kernel); break;
    case AM_K_MEAN: put_mean(&writer, kernel); break;
    }
    return am_writer_end(&writer);
}

bool am_tile_fits(uint32_t tile, uint32_t n)
{
    const am_tile *x = &am_tiles[tile];
    return n % (x->across * x->columns) == 0 && n % (x->down * x->rows) == 0 && n % x->depth == 0;
}

/* Of n units, so many to a workgroup. */
static uint32_t groups(uint32_t n, uint32_t each)
{
    return (n + each - 1) / each;
}

void am_kernel_grid(const am_kernel *kernel, uint32_t grid[3])
{
    const am_matmul *x = &kernel->matmul;
    grid[0] = grid[1] = grid[2] = 1;
    switch (kernel->kind) {
    case AM_K_FILL: grid[0] = groups(kernel->n, FILLS * THREADS); break;
    case AM_K_MATMUL:
        if (x->tile == AM_TILE_LOW) {
            grid[0] = x->n / 4 / low_tile_of(x).across;
            break;
        }
        grid[0] = x->n / (am_tiles[x->tile].across * am_tiles[x->tile].columns);
        grid[1] = x->m / (am_tiles[x->tile].down * am_tiles[x->tile].rows);
        grid[2] = x->batch;
        break;
    case AM_K_SOFTMAX:
    case AM_K_SOFTMAX_BACKWARD: grid[0] = kernel->n; break;
    case AM_K_ROW_SUM: grid[0] = groups(kernel->k / 4, THREADS); break;
    case AM_K_MEAN: break;
    default: grid[0] = groups(kernel->n / 4, EACH * THREADS);
    }
}

uint32_t am_kernel_shared(const am_kernel *kernel)
{
    const am_matmul *x = &kernel->matmul;
    if (kernel->kind != AM_K_MATMUL) return THREADS * 4;
    if (x->tile == AM_TILE_LOW) return low_tile_of(x).lanes * LOW_ROWS * low_tile_of(x).across * 16;
    if (x->tile == AM_TILE_DIRECT) return 0;
    const am_tile *tile = &am_tiles[x->tile];
    return (tile->down * tile->rows + tile->across * tile->columns) * tile->depth *
           (kernel->precision == AM_F32 ? 4 : 2);
}

uint32_t am_kernel_threads(const am_kernel *kernel)
{
    const am_matmul *x = &kernel->matmul;
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
