#include "program.h"

/* ---- building */

static int add_slot(am_program *program, uint32_t elements, am_role role, am_fill fill)
{
    program->slot[program->slots] = (am_slot){elements * 4, role, fill};
    return program->slots++;
}

static int add_value(am_program *program, uint32_t elements, am_role role)
{
    return add_slot(program, elements, role, (am_fill){0});
}

/* Numbers of random signs whose sums stay exact: at most range · scale, in steps of scale. */
static int add_data(am_program *program, uint32_t elements, uint32_t range, float scale)
{
    am_fill fill = {(uint32_t)program->slots + 1, AM_FILL_F32, range, scale};
    return add_slot(program, elements, AM_DATA, fill);
}

/* slots: numbers of operands, ended by -1. */
static void add_pass(am_program *program, am_part part, am_kernel kernel, const int *slots)
{
    am_pass *pass = &program->pass[program->passes++];
    *pass = (am_pass){.kernel = kernel, .part = part};
    for (; *slots >= 0; slots++) pass->slot[pass->slots++] = (uint8_t)*slots;
}

#define PASS(program, part, kernel, ...) add_pass(program, part, kernel, (const int[]){__VA_ARGS__, -1})

static am_kernel elementwise(am_kernel_kind kind, uint32_t n)
{
    return (am_kernel){.kind = kind, .sizes.n = n};
}

static am_kernel rowwise(am_kernel_kind kind, uint32_t rows, uint32_t columns)
{
    return (am_kernel){.kind = kind, .sizes = {.n = rows, .k = columns}};
}

/* o[m, n] = a[m, k] b[k, n]; turned: the operand is stored the other way round. */
static am_kernel product(uint32_t m, uint32_t n, uint32_t k, bool a_turned, bool b_turned, uint8_t tile)
{
    am_sizes sizes = {.m = m, .n = n, .k = k, .batch = 1, .scale = 1};
    sizes.a_pitch = a_turned ? m : k;
    sizes.b_pitch = b_turned ? k : n;
    sizes.o_pitch = n;
    return (am_kernel){.kind = AM_K_MATMUL, .layout = {tile, a_turned, b_turned, false}, .sizes = sizes};
}

/* A linear layer of rows × in to rows × out, its weight [out, in] as PyTorch has it, and what its backward multiplies. */
static am_kernel linear(uint32_t rows, uint32_t in, uint32_t out, uint8_t tile)
{
    return product(rows, out, in, false, true, tile);
}

static am_kernel input_gradient(uint32_t rows, uint32_t in, uint32_t out, uint8_t tile)
{
    return product(rows, in, out, false, false, tile);
}

static am_kernel weight_gradient(uint32_t rows, uint32_t in, uint32_t out, uint8_t tile)
{
    return product(out, in, rows, true, false, tile);
}

/* ---- programs */

void am_program_copy(am_program *program, uint32_t bytes)
{
    *program = (am_program){0};
    int x = add_slot(program, bytes / 4, AM_DATA, (am_fill){1, AM_FILL_WORDS, 0, 0}),
        o = add_value(program, bytes / 4, AM_RESULT);
    PASS(program, AM_FORWARD, elementwise(AM_K_COPY, bytes / 4), x, o);
}

void am_program_matmul(am_program *program, uint32_t n, am_precision precision, uint8_t tile, bool exact)
{
    *program = (am_program){0};
    am_kernel kernel = product(n, n, n, false, false, tile);
    bool half = precision != AM_F32;
    /* Sums of up to 4096 products of sixteenths have 21 bits; those of -1, 0 and 1 stay below f16's 2048 in all likelihood. */
    am_fill fill = {.form = half ? AM_FILL_F16 : AM_FILL_F32, .range = 16, .scale = 1.0f / 16};
    if (half && exact) fill.range = 1, fill.scale = 1;
    uint32_t words = n * n / (half ? 2 : 1);
    kernel.precision = precision;
    fill.seed = 1;
    int a = add_slot(program, words, AM_DATA, fill);
    fill.seed = 2;
    int b = add_slot(program, words, AM_DATA, fill), o = add_value(program, words, AM_RESULT);
    PASS(program, AM_FORWARD, kernel, a, b, o);
}

void am_program_softmax(am_program *program, uint32_t rows)
{
    *program = (am_program){0};
    uint32_t n = rows * AM_SOFTMAX_COLUMNS;
    int x = add_data(program, n, 128, 1.0f / 32), o = add_value(program, n, AM_RESULT);
    PASS(program, AM_FORWARD, rowwise(AM_K_SOFTMAX, rows, AM_SOFTMAX_COLUMNS), x, o);
}

void am_program_toy(am_program *program, uint32_t width)
{
    *program = (am_program){.recomputes = true};
    uint32_t rows = AM_TOY_ROWS, n = rows * width, square = width * width;
    int x = add_data(program, n, 16, 1.0f / 16);
    int w1 = add_data(program, square, 4, 1.0f / 8), b1 = add_data(program, width, 4, 1.0f / 8);
    int w2 = add_data(program, square, 4, 1.0f / 8), b2 = add_data(program, width, 4, 1.0f / 8);
    int dy = add_data(program, n, 0, 1.0f / (float)n); /* what the mean's backward expands */
    int loss = add_value(program, 1, AM_RESULT), dx = add_value(program, n, AM_RESULT);
    int dw1 = add_value(program, square, AM_RESULT), db1 = add_value(program, width, AM_RESULT);
    int dw2 = add_value(program, square, AM_RESULT), db2 = add_value(program, width, AM_RESULT);
    int up = add_value(program, n, AM_VALUE), active = add_value(program, n, AM_VALUE),
        y = add_value(program, n, AM_VALUE);
    int dactive = add_value(program, n, AM_VALUE), dup = add_value(program, n, AM_VALUE);
    am_kernel biased = linear(rows, width, width, AM_TILE_LOW);
    biased.layout.bias = true;
    for (am_part part = AM_FORWARD; part <= AM_RECOMPUTE; part++) {
        PASS(program, part, biased, x, w1, b1, up);
        PASS(program, part, elementwise(AM_K_RELU, n), up, active);
        if (part == AM_FORWARD) { /* early stop: nothing behind the last saved tensor is computed again */
            PASS(program, part, biased, active, w2, b2, y);
            PASS(program, part, elementwise(AM_K_MEAN, n), y, loss);
        }
    }
    PASS(program, AM_BACKWARD, rowwise(AM_K_ROW_SUM, rows, width), dy, db2);
    PASS(program, AM_BACKWARD, weight_gradient(rows, width, width, AM_TILE_DIRECT), dy, active, dw2);
    PASS(program, AM_BACKWARD, input_gradient(rows, width, width, AM_TILE_LOW), dy, w2, dactive);
    PASS(program, AM_BACKWARD, elementwise(AM_K_RELU_BACKWARD, n), dactive, active, dup);
    PASS(program, AM_BACKWARD, rowwise(AM_K_ROW_SUM, rows, width), dup, db1);
    PASS(program, AM_BACKWARD, weight_gradient(rows, width, width, AM_TILE_DIRECT), dup, x, dw1);
    PASS(program, AM_BACKWARD, input_gradient(rows, width, width, AM_TILE_LOW), dup, w1, dx);
}

void am_program_mlp(am_program *program, uint32_t tokens, uint32_t width, uint8_t tile)
{
    *program = (am_program){.recomputes = true};
    uint32_t n = tokens * width, inner = 4 * width;
    int x = add_data(program, n, 16, 1.0f / 16), dy = add_data(program, n, 16, 1.0f / 16);
    int w1 = add_data(program, inner * width, 16, 1.0f / 256), w2 = add_data(program, inner * width, 16, 1.0f / 256);
    int y = add_value(program, n, AM_RESULT), dx = add_value(program, n, AM_RESULT);
    int dw1 = add_value(program, inner * width, AM_RESULT), dw2 = add_value(program, inner * width, AM_RESULT);
    int up = add_value(program, 4 * n, AM_VALUE), active = add_value(program, 4 * n, AM_VALUE);
    int dactive = add_value(program, 4 * n, AM_VALUE), dup = add_value(program, 4 * n, AM_VALUE);
    for (am_part part = AM_FORWARD; part <= AM_RECOMPUTE; part++) {
        PASS(program, part, linear(tokens, width, inner, tile), x, w1, up);
        PASS(program, part, elementwise(AM_K_GELU, 4 * n), up, active);
        if (part == AM_FORWARD) PASS(program, part, linear(tokens, inner, width, tile), active, w2, y);
    }
    PASS(program, AM_BACKWARD, weight_gradient(tokens, inner, width, tile), dy, active, dw2);
    PASS(program, AM_BACKWARD, input_gradient(tokens, inner, width, tile), dy, w2, dactive);
    PASS(program, AM_BACKWARD, elementwise(AM_K_GELU_BACKWARD, 4 * n), dactive, up, dup);
    PASS(program, AM_BACKWARD, weight_gradient(tokens, width, inner, tile), dup, x, dw1);
    PASS(program, AM_BACKWARD, input_gradient(tokens, width, inner, tile), dup, w1, dx);
}

/* Products of all heads at once. `heads` lie side by side in a row, `squares` behind one another. */
static am_kernel per_head(am_kernel kernel, uint32_t heads, bool a_square, bool o_square, uint32_t tokens)
{
    am_sizes *x = &kernel.sizes;
    uint32_t width = heads * AM_HEAD_WIDTH, square = tokens * tokens;
    x->batch = heads;
    x->a_pitch = a_square ? tokens : width;
    x->b_pitch = width;
    x->o_pitch = o_square ? tokens : width;
    x->a_apart = a_square ? square : AM_HEAD_WIDTH;
    x->b_apart = AM_HEAD_WIDTH;
    x->o_apart = o_square ? square : AM_HEAD_WIDTH;
    return kernel;
}

#define BY_ROOT_OF_HEAD_WIDTH 0.125f

void am_program_attention(am_program *program, uint32_t tokens, uint32_t width, uint8_t tile)
{
    *program = (am_program){.recomputes = true};
    const uint32_t n = tokens * width, square = width * width, heads = width / AM_HEAD_WIDTH, w = AM_HEAD_WIDTH,
                   t = tokens;
    enum { Q, K, V, O };
    int x = add_data(program, n, 16, 1.0f / 16), dy = add_data(program, n, 16, 1.0f / 16);
    int weight[4], dweight[4], value[3], dvalue[3], part_of_dx[3];
    for (int i = Q; i <= O; i++) weight[i] = add_data(program, square, 16, 1.0f / 128);
    int y = add_value(program, n, AM_RESULT), dx = add_value(program, n, AM_RESULT);
    for (int i = Q; i <= O; i++) dweight[i] = add_value(program, square, AM_RESULT);
    for (int i = Q; i <= V; i++) value[i] = add_value(program, n, AM_VALUE);
    int s = add_value(program, heads * t * t, AM_VALUE), p = add_value(program, heads * t * t, AM_VALUE);
    int o = add_value(program, n, AM_VALUE), d_o = add_value(program, n, AM_VALUE);
    int dp = add_value(program, heads * t * t, AM_VALUE), ds = add_value(program, heads * t * t, AM_VALUE);
    for (int i = Q; i <= V; i++) dvalue[i] = add_value(program, n, AM_VALUE);
    for (int i = Q; i <= V; i++) part_of_dx[i] = add_value(program, n, AM_VALUE);
    int sum = add_value(program, n, AM_VALUE);
    am_kernel scores = per_head(product(t, t, w, false, true, tile), heads, false, true, t);
    am_kernel mix = per_head(product(t, w, t, false, false, tile), heads, true, false, t);
    am_kernel turned_mix = per_head(product(t, w, t, true, false, tile), heads, true, false, t);
    am_kernel divided = scores, divided_mix = mix, divided_turned_mix = turned_mix;
    divided.sizes.scale = divided_mix.sizes.scale = divided_turned_mix.sizes.scale = BY_ROOT_OF_HEAD_WIDTH;
    for (am_part part = AM_FORWARD; part <= AM_RECOMPUTE; part++) {
        for (int i = Q; i <= V; i++) PASS(program, part, linear(t, width, width, tile), x, weight[i], value[i]);
        PASS(program, part, divided, value[Q], value[K], s);
        PASS(program, part, rowwise(AM_K_SOFTMAX, heads * t, t), s, p);
        PASS(program, part, mix, p, value[V], o);
        if (part == AM_FORWARD) PASS(program, part, linear(t, width, width, tile), o, weight[O], y);
    }
    PASS(program, AM_BACKWARD, weight_gradient(t, width, width, tile), dy, o, dweight[O]);
    PASS(program, AM_BACKWARD, input_gradient(t, width, width, tile), dy, weight[O], d_o);
    PASS(program, AM_BACKWARD, scores, d_o, value[V], dp);
    PASS(program, AM_BACKWARD, turned_mix, p, d_o, dvalue[V]);
    PASS(program, AM_BACKWARD, rowwise(AM_K_SOFTMAX_BACKWARD, heads * t, t), dp, p, ds);
    PASS(program, AM_BACKWARD, divided_mix, ds, value[K], dvalue[Q]);
    PASS(program, AM_BACKWARD, divided_turned_mix, ds, value[Q], dvalue[K]);
    for (int i = Q; i <= V; i++) {
        PASS(program, AM_BACKWARD, weight_gradient(t, width, width, tile), dvalue[i], x, dweight[i]);
        PASS(program, AM_BACKWARD, input_gradient(t, width, width, tile), dvalue[i], weight[i], part_of_dx[i]);
    }
    PASS(program, AM_BACKWARD, elementwise(AM_K_ADD, n), part_of_dx[Q], part_of_dx[K], sum);
    PASS(program, AM_BACKWARD, elementwise(AM_K_ADD, n), sum, part_of_dx[V], dx);
}

/* ---- reading */

bool am_pass_runs(const am_pass *pass, am_variant variant)
{
    return pass->part != AM_RECOMPUTE || variant == AM_RECOMPUTED;
}

bool am_slot_ends(const am_program *program, am_variant variant, int pass, int slot)
{
    if (program->slot[slot].role != AM_VALUE) return false;
    for (int i = pass + 1; i < program->passes; i++) {
        const am_pass *later = &program->pass[i];
        if (!am_pass_runs(later, variant)) continue;
        for (int j = 0; j < later->slots; j++)
            if (later->slot[j] == slot) return j == later->slots - 1;
    }
    return true;
}

double am_program_flops(const am_program *program, am_variant variant)
{
    double flops = 0;
    for (int i = 0; i < program->passes; i++) {
        const am_pass *pass = &program->pass[i];
        const am_sizes *x = &pass->kernel.sizes;
        if (pass->kernel.kind == AM_K_MATMUL && am_pass_runs(pass, variant))
            flops += 2.0 * x->m * x->n * x->k * x->batch;
    }
    return flops;
}

double am_program_traffic(const am_program *program, am_variant variant)
{
    double bytes = 0;
    for (int i = 0; i < program->passes; i++) {
        const am_pass *pass = &program->pass[i];
        for (int j = 0; j < pass->slots && am_pass_runs(pass, variant); j++)
            bytes += program->slot[pass->slot[j]].bytes;
    }
    return bytes;
}

double am_program_bytes(const am_program *program)
{
    double bytes = 0;
    for (int i = 0; i < program->slots; i++) bytes += program->slot[i].bytes;
    return bytes;
}

uint32_t am_program_largest(const am_program *program)
{
    uint32_t largest = 0;
    for (int i = 0; i < program->slots; i++)
        if (program->slot[i].bytes > largest) largest = program->slot[i].bytes;
    return largest;
}
