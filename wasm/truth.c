#include "truth.h"

#include "proven.h"

#include <math.h>
#include <string.h>

#define MOST_WIDTH 4096 /* of square products, and of the toy */

static struct {
    am_subject subject;
    const am_program *program;
    union {
        struct {
            double sign[MOST_WIDTH], product[MOST_WIDTH]; /* v, and b v */
        } matmul;
        struct {
            float x[AM_TOY_ROWS * MOST_WIDTH], active[AM_TOY_ROWS * MOST_WIDTH], dup[AM_TOY_ROWS * MOST_WIDTH],
                dx[AM_TOY_ROWS * MOST_WIDTH], row[MOST_WIDTH];
            double loss;
        } toy;
        struct {
            void *slot[AM_MOST_SLOTS];
            float memory[AM_SMALL_BYTES / 4];
        } small;
    } is;
} truth;

/* ---- halves */

float am_from_half(uint16_t half)
{
    uint32_t sign = (uint32_t)(half & 0x8000) << 16, exponent = half >> 10 & 31, fraction = half & 1023, bits;
    if (exponent == 0) return (sign ? -1.0f : 1.0f) * (float)fraction / (1 << 24);
    bits = sign | (exponent == 31 ? 255 : exponent + 112) << 23 | fraction << 13;
    float number;
    memcpy(&number, &bits, sizeof number);
    return number;
}

uint16_t am_to_half(float number)
{
    uint32_t bits;
    memcpy(&bits, &number, sizeof bits);
    uint32_t sign = bits >> 16 & 0x8000;
    int exponent = (int)(bits >> 23 & 255) - 112;
    if (exponent <= 0) return (uint16_t)sign;
    if (exponent >= 31) return (uint16_t)(sign | 0x7c00);
    uint32_t half = (uint32_t)exponent << 10 | (bits >> 13 & 1023), rest = bits & 0x1fff;
    return (uint16_t)(sign | (half + (rest > 0x1000 || (rest == 0x1000 && (half & 1)))));
}

/* ---- kernels in C */

static void fill(const am_fill *fill, uint32_t *o, uint32_t words)
{
    for (uint32_t i = 0; i < words; i++) {
        if (fill->form == AM_FILL_WORDS) {
            o[i] = am_fill_word(fill, i);
        } else if (fill->form == AM_FILL_F16) {
            o[i] = (uint32_t)am_to_half(am_fill_number(fill, 2 * i)) |
                   (uint32_t)am_to_half(am_fill_number(fill, 2 * i + 1)) << 16;
        } else {
            float number = am_fill_number(fill, i);
            memcpy(&o[i], &number, sizeof number);
        }
    }
}

static float element(const void *buffer, uint32_t i, am_precision precision)
{
    return precision == AM_F32 ? ((const float *)buffer)[i] : am_from_half(((const uint16_t *)buffer)[i]);
}

/* One element of a product: k steps through both operands, from where its row and its column begin. */
static float dot_of(const am_kernel *kernel, const void *a, const void *b, uint32_t a_at, uint32_t b_at)
{
    const am_sizes *x = &kernel->sizes;
    const uint32_t a_step = kernel->layout.a_turned ? x->a_pitch : 1, b_step = kernel->layout.b_turned ? 1 : x->b_pitch;
    const float *p = a, *q = b;
    float sum = 0;
    if (kernel->precision == AM_F32)
        for (uint32_t k = 0; k < x->k; k++) sum += p[a_at + k * a_step] * q[b_at + k * b_step];
    else
        for (uint32_t k = 0; k < x->k; k++)
            sum += element(a, a_at + k * a_step, kernel->precision) * element(b, b_at + k * b_step, kernel->precision);
    return sum;
}

static void multiply(const am_kernel *kernel, const void *a, const void *b, const float *bias, void *o)
{
    const am_sizes *x = &kernel->sizes;
    const uint32_t a_row = kernel->layout.a_turned ? 1 : x->a_pitch,
                   b_column = kernel->layout.b_turned ? x->b_pitch : 1;
    for (uint32_t z = 0; z < x->batch; z++) {
        for (uint32_t i = 0; i < x->m; i++) {
            for (uint32_t j = 0; j < x->n; j++) {
                float sum = dot_of(kernel, a, b, z * x->a_apart + i * a_row, z * x->b_apart + j * b_column) * x->scale;
                if (bias) sum += bias[j];
                uint32_t at = z * x->o_apart + i * x->o_pitch + j;
                if (kernel->precision == AM_F32)
                    ((float *)o)[at] = sum;
                else
                    ((uint16_t *)o)[at] = am_to_half(sum);
            }
        }
    }
}

#define ROOT_2_PI 0.7978845608

static float gelu(float x)
{
    return (float)(0.5 * x * (1 + tanh(ROOT_2_PI * (x + 0.044715 * x * x * x))));
}

static float gelu_slope(float x)
{
    double h = tanh(ROOT_2_PI * (x + 0.044715 * x * x * x));
    return (float)(0.5 * (1 + h) + 0.5 * x * (1 - h * h) * ROOT_2_PI * (1 + 3 * 0.044715 * x * x));
}

static void softmax(const float *x, float *o, uint32_t n)
{
    double most = -INFINITY, sum = 0;
    for (uint32_t i = 0; i < n; i++) most = fmax(most, x[i]);
    for (uint32_t i = 0; i < n; i++) sum += exp(x[i] - most);
    for (uint32_t i = 0; i < n; i++) o[i] = (float)(exp(x[i] - most) / sum);
}

static void softmax_backward(const float *g, const float *y, float *o, uint32_t n)
{
    double sum = 0;
    for (uint32_t i = 0; i < n; i++) sum += (double)g[i] * y[i];
    for (uint32_t i = 0; i < n; i++) o[i] = (float)(y[i] * (g[i] - sum));
}

/* Least operands of a kernel: of a product without a bias. */
static int operands_of(am_kernel_kind kind)
{
    switch (kind) {
    case AM_K_FILL: return 1;
    case AM_K_MATMUL:
    case AM_K_RELU_BACKWARD:
    case AM_K_GELU_BACKWARD:
    case AM_K_ADD:
    case AM_K_SOFTMAX_BACKWARD: return 3;
    default: return 2;
    }
}

void am_kernel_compute(const am_kernel *kernel, void *const buffers[AM_MOST_OPERANDS])
{
    const float *x = buffers[0], *y = buffers[1];
    float *o1 = buffers[1], *o2 = buffers[2];
    uint32_t n = kernel->sizes.n, k = kernel->sizes.k;
    for (int i = 0; i < operands_of(kernel->kind); i++)
        if (AM_NEVER(buffers[i] == NULL)) return; /* programs name every operand; analysers follow none of them */
    switch (kernel->kind) {
    case AM_K_FILL: fill(&kernel->fill, buffers[0], n); break;
    case AM_K_COPY: memcpy(o1, x, (size_t)n * 4); break;
    case AM_K_MATMUL:
        multiply(kernel, buffers[0], buffers[1], kernel->layout.bias ? buffers[2] : NULL,
                 buffers[kernel->layout.bias ? 3 : 2]);
        break;
    case AM_K_RELU:
        for (uint32_t i = 0; i < n; i++) o1[i] = x[i] > 0 ? x[i] : 0;
        break;
    case AM_K_RELU_BACKWARD:
        for (uint32_t i = 0; i < n; i++) o2[i] = y[i] > 0 ? x[i] : 0;
        break;
    case AM_K_GELU:
        for (uint32_t i = 0; i < n; i++) o1[i] = gelu(x[i]);
        break;
    case AM_K_GELU_BACKWARD:
        for (uint32_t i = 0; i < n; i++) o2[i] = x[i] * gelu_slope(y[i]);
        break;
    case AM_K_ADD:
        for (uint32_t i = 0; i < n; i++) o2[i] = x[i] + y[i];
        break;
    case AM_K_SOFTMAX:
        for (uint32_t i = 0; i < n; i++) softmax(x + i * k, o1 + i * k, k);
        break;
    case AM_K_SOFTMAX_BACKWARD:
        for (uint32_t i = 0; i < n; i++) softmax_backward(x + i * k, y + i * k, o2 + i * k, k);
        break;
    case AM_K_ROW_SUM:
        for (uint32_t j = 0; j < k; j++) {
            double sum = 0;
            for (uint32_t i = 0; i < n; i++) sum += x[i * k + j];
            o1[j] = (float)sum;
        }
        break;
    default: { /* AM_K_MEAN */
        double sum = 0;
        for (uint32_t i = 0; i < n; i++) sum += x[i];
        o1[0] = (float)(sum / n);
    }
    }
}

/* ---- square products */

static uint32_t width_of(const am_program *program)
{
    return program->pass[0].kernel.sizes.n;
}

static void begin_matmul(const am_program *program)
{
    uint32_t n = width_of(program);
    const am_fill signs = {3, AM_FILL_WORDS, 0, 0};
    for (uint32_t i = 0; i < n; i++) truth.is.matmul.sign[i] = am_fill_word(&signs, i) & 1 ? 1 : -1;
    for (uint32_t i = 0; i < n; i++) {
        double sum = 0;
        for (uint32_t j = 0; j < n; j++)
            sum += am_fill_number(&program->slot[1].fill, i * n + j) * truth.is.matmul.sign[j];
        truth.is.matmul.product[i] = sum;
    }
}

static bool holds_matmul(uint32_t offset, const void *bytes, uint32_t count)
{
    const am_program *program = truth.program;
    am_precision precision = program->pass[0].kernel.precision;
    uint32_t n = width_of(program), pitch = n * (precision == AM_F32 ? 4 : 2);
    for (uint32_t row = 0; row < count / pitch; row++) {
        double wanted = 0, got = 0;
        for (uint32_t j = 0; j < n; j++) {
            wanted +=
                am_fill_number(&program->slot[0].fill, (offset / pitch + row) * n + j) * truth.is.matmul.product[j];
            got += element(bytes, row * n + j, precision) * truth.is.matmul.sign[j];
        }
        if (got != wanted) return false; /* so too if it is no number */
    }
    return true;
}

/* ---- rows of softmax */

static bool holds_softmax(uint32_t offset, const float *got, uint32_t count)
{
    const uint32_t n = AM_SOFTMAX_COLUMNS;
    static float x[AM_SOFTMAX_COLUMNS], wanted[AM_SOFTMAX_COLUMNS];
    for (uint32_t row = 0; row < count / 4 / n; row++) {
        uint32_t first = offset / 4 + row * n;
        if (first / n % 37) continue;
        for (uint32_t i = 0; i < n; i++) x[i] = am_fill_number(&truth.program->slot[0].fill, first + i);
        softmax(x, wanted, n);
        for (uint32_t i = 0; i < n; i++)
            if (!(fabsf(got[row * n + i] - wanted[i]) <= AM_SOFTMAX_ERROR * wanted[i])) return false;
    }
    return true;
}

/* ---- the toy */

static const float *toy_row(int slot, uint32_t width, uint32_t row)
{
    for (uint32_t i = 0; i < width; i++)
        truth.is.toy.row[i] = am_fill_number(&truth.program->slot[slot].fill, row * width + i);
    return truth.is.toy.row;
}

static float dot(const float *x, const float *y, uint32_t n)
{
    float sum[4] = {0}; /* exact in any order */
    for (uint32_t i = 0; i < n; i += 4)
        for (uint32_t j = 0; j < 4; j++) sum[j] += x[i + j] * y[i + j];
    return sum[0] + sum[1] + sum[2] + sum[3];
}

static void begin_toy(const am_program *program)
{
    const uint32_t width = width_of(program), n = AM_TOY_ROWS * width;
    const am_fill *b1 = &program->slot[AM_TOY_B1].fill, *b2 = &program->slot[AM_TOY_B2].fill;
    const float dy = program->slot[AM_TOY_DY].fill.scale;
    float *x = truth.is.toy.x, *active = truth.is.toy.active, *dup = truth.is.toy.dup, *dx = truth.is.toy.dx;
    for (uint32_t i = 0; i < n; i++) x[i] = am_fill_number(&program->slot[AM_TOY_X].fill, i);
    memset(dup, 0, n * sizeof *dup);
    memset(dx, 0, n * sizeof *dx);
    for (uint32_t i = 0; i < width; i++) {
        const float *w1 = toy_row(AM_TOY_W1, width, i);
        for (uint32_t row = 0; row < AM_TOY_ROWS; row++) {
            float up = dot(x + row * width, w1, width) + am_fill_number(b1, i);
            active[row * width + i] = up > 0 ? up : 0;
        }
    }
    double sum = 0;
    for (uint32_t i = 0; i < width; i++) {
        const float *w2 = toy_row(AM_TOY_W2, width, i);
        for (uint32_t row = 0; row < AM_TOY_ROWS; row++)
            sum += dot(active + row * width, w2, width) + am_fill_number(b2, i);
        for (uint32_t j = 0; j < width; j++) dup[j] += dy * w2[j]; /* the same for every row, until ReLU */
    }
    truth.is.toy.loss = sum / n;
    for (uint32_t row = AM_TOY_ROWS; row-- > 0;)
        for (uint32_t i = 0; i < width; i++) dup[row * width + i] = active[row * width + i] > 0 ? dup[i] : 0;
    for (uint32_t i = 0; i < width; i++) {
        const float *w1 = toy_row(AM_TOY_W1, width, i);
        for (uint32_t row = 0; row < AM_TOY_ROWS; row++) {
            float g = dup[row * width + i];
            for (uint32_t j = 0; g != 0 && j < width; j++) dx[row * width + j] += g * w1[j];
        }
    }
}

/* Element i of a result. */
static float toy_wanted(int slot, uint32_t i)
{
    const uint32_t width = width_of(truth.program), out = i / width, in = i % width;
    const float dy = truth.program->slot[AM_TOY_DY].fill.scale;
    float sum = 0;
    if (slot == AM_TOY_DX) return truth.is.toy.dx[i];
    if (slot == AM_TOY_DB2) return dy * (float)AM_TOY_ROWS;
    for (uint32_t row = 0; row < AM_TOY_ROWS; row++) {
        if (slot == AM_TOY_DB1) sum += truth.is.toy.dup[row * width + i];
        if (slot == AM_TOY_DW1) sum += truth.is.toy.dup[row * width + out] * truth.is.toy.x[row * width + in];
        if (slot == AM_TOY_DW2) sum += dy * truth.is.toy.active[row * width + in];
    }
    return sum;
}

static bool holds_toy(int slot, uint32_t offset, const float *got, uint32_t count)
{
    if (slot == AM_TOY_LOSS) return fabs(got[0] - truth.is.toy.loss) <= 1e-5 * fmax(1, fabs(truth.is.toy.loss));
    for (uint32_t i = 0; i < count / 4; i++)
        if (got[i] != toy_wanted(slot, offset / 4 + i)) return false;
    return true;
}

/* ---- small programs */

static void begin_small(const am_program *program)
{
    float *memory = truth.is.small.memory;
    void **slot = truth.is.small.slot;
    memset(memory, 0, sizeof truth.is.small.memory);
    for (int i = 0; i < program->slots; i++) {
        slot[i] = memory;
        memory += program->slot[i].bytes / 4;
        if (program->slot[i].role == AM_DATA) fill(&program->slot[i].fill, slot[i], program->slot[i].bytes / 4);
    }
    for (int i = 0; i < program->passes; i++) {
        const am_pass *pass = &program->pass[i];
        void *operand[AM_MOST_OPERANDS] = {0};
        for (int j = 0; j < pass->slots; j++) operand[j] = slot[pass->slot[j]];
        if (am_pass_runs(pass, AM_STORED)) am_kernel_compute(&pass->kernel, operand);
    }
}

static bool holds_small(int slot, uint32_t offset, const float *got, uint32_t count)
{
    const float *wanted = truth.is.small.slot[slot];
    uint32_t n = truth.program->slot[slot].bytes / 4;
    float largest = 0;
    for (uint32_t i = 0; i < n; i++) largest = fmaxf(largest, fabsf(wanted[i]));
    for (uint32_t i = 0; i < count / 4; i++)
        if (!(fabsf(got[i] - wanted[offset / 4 + i]) <= AM_SMALL_ERROR * largest)) return false;
    return true;
}

/* ---- all */

void am_truth_begin(am_subject subject, const am_program *program)
{
    truth.subject = subject;
    truth.program = program;
    switch (subject) {
    case AM_OF_MATMUL: begin_matmul(program); break;
    case AM_OF_TOY: begin_toy(program); break;
    case AM_OF_SMALL: begin_small(program); break;
    default: break;
    }
}

static bool holds_copy(uint32_t offset, const uint32_t *got, uint32_t count)
{
    for (uint32_t i = 0; i < count / 4; i++)
        if (got[i] != am_fill_word(&truth.program->slot[0].fill, offset / 4 + i)) return false;
    return true;
}

static bool holds_numbers(const float *got, uint32_t count)
{
    bool zero = true;
    for (uint32_t i = 0; i < count / 4; i++) {
        if (!isfinite(got[i])) return false;
        zero &= got[i] == 0;
    }
    return !zero;
}

bool am_truth_holds(int slot, uint32_t offset, const void *bytes, uint32_t count)
{
    switch (truth.subject) {
    case AM_OF_COPY: return holds_copy(offset, bytes, count);
    case AM_OF_MATMUL: return holds_matmul(offset, bytes, count);
    case AM_OF_SOFTMAX: return holds_softmax(offset, bytes, count);
    case AM_OF_TOY: return holds_toy(slot, offset, bytes, count);
    case AM_OF_SMALL: return holds_small(slot, offset, bytes, count);
    default: return holds_numbers(bytes, count); /* AM_OF_NUMBERS */
    }
}
