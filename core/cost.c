/* The time of a step by a roofline, operation by operation, on a finished record. */
#include <string.h>

#include "bytes.h"
#include "modules.h"
#include "proven.h"
#include "tape.h"

/* A rate, and its reciprocal to spare divisions, which are most of what costing takes: an estimate that is put right. */
typedef struct am_rate {
    int64_t rate;
    double inverse;
} am_rate;

/* The two inputs that a product multiplies. Under sequence parallelism x is one rank's part: what is multiplied is another
 * input, or what the product makes is another before it is scattered; so is a copy in a wider type. 0: there is no such input. */
typedef struct am_factors {
    int x, weight, gathered, scattered;
} am_factors;

/* False if the operation is no product. */
static bool factors(am_op op, am_factors *of)
{
    *of = (am_factors){0};
    switch (op) {
    case AM_OP_MM:
    case AM_OP_BMM:
    case AM_OP_GROUPED_MM:
    case AM_OP_GMM:
    case AM_OP_PARALLEL_LINEAR:
    case AM_OP_ROUTER_LINEAR:
    case AM_OP_LINEAR:
    case AM_OP_NORM_LINEAR:
    case AM_OP_CUT_CE:
    case AM_OP_FUSED_LINEAR_CE: break;
    case AM_OP_ADDMM:
    case AM_OP_BADDBMM: of->x = 1; break;
    case AM_OP_SEQUENCE_LINEAR:
    case AM_OP_GATHER_LINEAR:
    case AM_OP_ROUTER_LINEAR_FP32: of->gathered = 2; break;
    case AM_OP_NORM_SEQUENCE_LINEAR: of->gathered = 5; break;
    case AM_OP_SCATTER_LINEAR: of->scattered = 2; break;
    default: return false;
    }
    of->weight = of->x + 1;
    return true;
}

#define MOST_OPERANDS 16 /* no operation that costs something has more */

typedef struct am_costing {
    am_tape *tape;
    am_rate gflops[AM_DTYPE_COUNT], bandwidth;
    const am_instruction *instruction;
    bool product;
    am_factors of; /* the product's; else zeros */
    int64_t operand_bytes[MOST_OPERANDS];
    int64_t time, bound, flops, executed, bytes; /* of the forward or the backward of one operation */
} am_costing;

static am_var operand(const am_costing *costing, int i)
{
    return costing->tape->operand[costing->instruction->first + i];
}

static const am_tensor *tensor_of(const am_costing *costing, int i)
{
    return &costing->tape->tensor[operand(costing, i)];
}

/* What reading or writing a tensor moves: each of its elements once, however often it is repeated. Nothing for one that
 * lives inside a fused kernel, and for one that only stands for a size. */
static int64_t bytes_of(const am_tape *tape, am_var x)
{
    const am_tensor *tensor = &tape->tensor[x];
    const am_storage *storage = &tape->storage[tensor->storage];
    bool size_only = storage->fixed && storage->name && !*storage->name;
    if (!x || storage->bytes == 0 || size_only) return 0;
    int64_t n = am_dtypes[tensor->dtype].size;
    for (int i = 0; i < tensor->rank; i++)
        if (tensor->stride[i] != 0) n *= tensor->shape[i];
    return n;
}

static int64_t bytes_at(const am_costing *costing, int i)
{
    return costing->operand_bytes[i];
}

/* Costs nothing in either direction, whatever its operands' bytes. */
static bool is_free(am_op op)
{
    return op == AM_OP_VIEW || op == AM_OP_TRANSPOSE;
}

static void take(am_costing *costing, const am_instruction *instruction)
{
    int operands = is_free((am_op)instruction->op) ? 0 : instruction->inputs + instruction->results;
    costing->instruction = instruction;
    costing->product = factors((am_op)instruction->op, &costing->of);
    for (int i = 0; i < operands && AM_ALWAYS(i < MOST_OPERANDS); i++)
        costing->operand_bytes[i] = bytes_of(costing->tape, operand(costing, i));
}

static bool learns(const am_costing *costing, int i)
{
    return i < costing->instruction->inputs && tensor_of(costing, i)->grad;
}

/* ---- the roofline ---- */

/* x + y of figures that are not negative; TOO_MUCH, which stays so, where that is beyond it. */
#define TOO_MUCH INT64_MAX
static int64_t plus(int64_t x, int64_t y)
{
    int64_t sum;
    return __builtin_add_overflow(x, y, &sum) ? TOO_MUCH : sum;
}

static am_rate rate_of(int64_t rate)
{
    return (am_rate){rate, rate ? 1.0 / (double)rate : 0};
}

/* amount / rate, rounded up. */
static int64_t divide_up(int64_t amount, am_rate by)
{
    int64_t quotient = (int64_t)((double)amount * by.inverse), rest = amount - quotient * by.rate;
    if (rest < 0 || rest >= by.rate) {
        quotient = amount / by.rate;
        rest = amount % by.rate;
    }
    return quotient + (rest > 0);
}

/* amount · scale / rate, rounded up. */
static inline int64_t time_at(int64_t amount, int64_t scale, am_rate by)
{
    if (by.rate == 0) return amount ? TOO_MUCH : 0;
    if (amount < TOO_MUCH / 2 / scale) return divide_up(amount * scale, by);
    int64_t whole = amount / by.rate, rest = amount % by.rate; /* rate · scale is below 2^62 */
    if (am_mul_wraps(whole, scale, &whole)) return TOO_MUCH;
    return plus(whole, divide_up(rest * scale, by));
}

int64_t am_compute_time(int64_t flops, int64_t gflops)
{
    return time_at(flops, 1000, rate_of(gflops));
}

/* Picoseconds that an operation takes to compute so many FLOPs. */
static int64_t computing_time(const am_costing *costing, int64_t flops)
{
    int dtype = tensor_of(costing, costing->of.gathered ? costing->of.gathered : costing->of.x)->dtype;
    am_rate rate = costing->gflops[dtype];
    if (rate.rate) return time_at(flops, 1000, rate);
    if (!costing->tape->status.code)
        am_fail(&costing->tape->status, AM_UNSUPPORTED, "device",
                "no rate is known of this GPU for products in %s, which this model has: another device, or device=mine",
                am_dtypes[dtype].name);
    return 0;
}

/* ---- what an operation is made of ---- */

static bool is_attention(am_op op)
{
    return op == AM_OP_FLASH_ATTENTION || op == AM_OP_FLASH_ATTN || op == AM_OP_EFFICIENT_ATTENTION ||
           op == AM_OP_RING_ATTENTION || op == AM_OP_ENGINE_RING;
}

/* Only the rows that an index names are read of input 0. */
static bool picks_rows(am_op op)
{
    switch (op) {
    case AM_OP_EMBEDDING:
    case AM_OP_PAPER_EMBEDDING:
    case AM_OP_GATHER:
    case AM_OP_INDEX:
    case AM_OP_INDEX_SELECT:
    case AM_OP_NLL_LOSS: return true;
    default: return false;
    }
}

/* Into a part of input 0, which is not read. */
static bool writes_part(am_op op)
{
    return op == AM_OP_COPY_SLICE;
}

static int64_t sum_of_bytes(const am_costing *costing, int first, int end)
{
    int64_t bytes = 0;
    for (int i = first; i < end; i++) bytes += bytes_at(costing, i);
    return bytes;
}

static int64_t bytes_forward(const am_costing *costing)
{
    const am_instruction *instruction = costing->instruction;
    int inputs = instruction->inputs, all = inputs + instruction->results;
    if (writes_part((am_op)instruction->op)) return 2 * bytes_at(costing, 1);
    if (picks_rows((am_op)instruction->op))
        return am_smaller(bytes_at(costing, 0), bytes_at(costing, inputs)) + sum_of_bytes(costing, 1, all);
    return sum_of_bytes(costing, 0, all);
}

/* FlopCounterMode has no formula for grouped products, so the instruction has no FLOPs: twice rows · in · out. */
static int64_t grouped_flops(const am_costing *costing)
{
    const am_tensor *x = tensor_of(costing, 0), *y = tensor_of(costing, costing->instruction->inputs);
    int64_t n; /* x itself has less than 2^53 bytes */
    return am_mul_wraps(2 * x->shape[0] * x->shape[1], y->shape[1], &n) ? TOO_MUCH : n;
}

static bool is_grouped(am_op op)
{
    return op == AM_OP_GROUPED_MM || op == AM_OP_GMM;
}

static int64_t flops_forward(const am_costing *costing)
{
    return is_grouped((am_op)costing->instruction->op) ? grouped_flops(costing) : costing->instruction->flops;
}

/* A causal kernel without a mask passes over the keys after a query: of s·s pairs s(s+1)/2 are left, and with a window of w
 * keys w(w+1)/2 + (s-w)·w. Of n context-parallel ranks s·s/2 pairs with each other one's keys come beside them, none passed over. */
static int64_t without_skipped(const am_costing *costing, int64_t flops)
{
    const am_instruction *instruction = costing->instruction;
    if (!is_attention((am_op)instruction->op)) return flops;
    int64_t s = tensor_of(costing, 0)->shape[2], w = costing->tape->window,
            ranks = costing->tape->extents->value[AM_CP];
    if (ranks > 1) return flops / (s * (ranks + 1)) * (s + 1 + s * (ranks - 1));
    if (instruction->inputs > 3) return flops;
    if (!instruction->windowed || w >= s) return flops / (2 * s) * (s + 1);
    return flops / s / s * (w * (w + 1) / 2 + (s - w) * w);
}

/* ---- backward ---- */

static void add_kernel(am_costing *costing, int64_t flops, int64_t executed, int64_t bytes)
{
    int64_t computed = executed ? computing_time(costing, executed) : 0;
    int64_t moved = time_at(bytes, 1000000, costing->bandwidth);
    bool bound = moved > computed;
    int64_t time = bound ? moved : computed;
    costing->time = plus(costing->time, time);
    costing->bytes = plus(costing->bytes, bytes);
    if (bound) costing->bound = plus(costing->bound, time);
    if (flops == 0) return; /* as in most */
    costing->flops = plus(costing->flops, flops);
    costing->executed = plus(costing->executed, executed);
}

/* Each wanted gradient is the incoming one times the other factor. A loss that makes its logits again has one product
 * more; one that has made the gradients in forward scales them. */
static void cost_products(am_costing *costing)
{
    const am_factors *of = &costing->of;
    am_op op = (am_op)costing->instruction->op;
    int64_t flops = flops_forward(costing);
    int64_t out = bytes_at(costing, of->scattered ? of->scattered : costing->instruction->inputs);
    int64_t left = bytes_at(costing, of->gathered ? of->gathered : of->x), right = bytes_at(costing, of->weight);
    if (op == AM_OP_FUSED_LINEAR_CE) {
        add_kernel(costing, 0, 0,
                   2 * (bytes_at(costing, 2) + (costing->instruction->inputs > 3 ? bytes_at(costing, 3) : 0)));
        return;
    }
    if (op == AM_OP_CUT_CE) add_kernel(costing, flops, flops, left + right);
    for (int i = 0; i < 2; i++)
        if (learns(costing, of->x + i)) add_kernel(costing, flops, flops, out + left + right);
    if (op == AM_OP_NORM_LINEAR || op == AM_OP_NORM_SEQUENCE_LINEAR)
        add_kernel(costing, 0, 0, 3 * bytes_at(costing, of->x));
    for (int i = 0; i < costing->instruction->inputs; i++) { /* a bias' gradient: the sum of the incoming one's rows */
        bool bias = i != of->x && i != of->weight && learns(costing, i);
        if (bias) add_kernel(costing, 0, 0, out + bytes_at(costing, i));
    }
}

/* Scores again, then the gradients of probabilities, values, queries and keys: five products in place of two. */
static void cost_attention(am_costing *costing, int64_t bytes)
{
    const am_tensor *query = tensor_of(costing, 0), *value = tensor_of(costing, 2);
    int64_t widths = query->shape[3] + value->shape[3], pair = costing->instruction->flops / widths;
    int64_t flops = pair * (3 * query->shape[3] + 2 * value->shape[3]); /* at most three times the forward's, which are below 2^61 */
    add_kernel(costing, flops, without_skipped(costing, flops), bytes);
}

/* What a step of the operation's backward writes, and reads beside the incoming gradient of so many bytes. */
static int64_t step_bytes(const am_costing *costing, am_backward_step step, int64_t incoming)
{
    const am_instruction *instruction = costing->instruction;
    int k = step.input;
    if (k >= instruction->inputs) return 0;
    int64_t own = bytes_at(costing, k);
    if (step.kind == AM_SCRATCH || step.kind == AM_KERNEL) return own;
    if (!learns(costing, k) || own == 0) return 0; /* inside a fused kernel so is its gradient */
    switch (step.kind) {
    case AM_AT_OUTPUT:
    case AM_OF_ALL: return own == incoming ? incoming : 2 * incoming + own; /* summed or cast */
    case AM_PASS:
    case AM_SAME:
    case AM_EXPAND: return own == incoming ? 0 : incoming + own;
    case AM_AT_INPUT:
    case AM_ZEROS:
    case AM_TAKEN:
    case AM_TURNED: return own;
    case AM_TEMPORARY:
    case AM_WIDE: return 2 * incoming;
    case AM_COPY: return 2 * own + 2 * bytes_at(costing, 1);
    default: return 0;
    }
}

/* Does a step that moves so many bytes compute, or only pass on the gradient or views of it? */
static bool computes(const am_costing *costing, am_backward_step step, int64_t bytes)
{
    switch (step.kind) {
    case AM_VIEW:
    case AM_TRANSPOSE:
    case AM_SUM:
    case AM_PARTS:
    case AM_LET_GO:
    case AM_EMPTY:
    case AM_FREE:
    case AM_NUMBER: return false;
    case AM_PASS:
    case AM_SAME:
    case AM_EXPAND: return bytes > 0;
    case AM_SCRATCH:
    case AM_KERNEL:
    case AM_BOOLEANS:
    case AM_COPY: return true;
    default: return learns(costing, step.input);
    }
}

static int64_t incoming_bytes(const am_costing *costing)
{
    int64_t bytes = 0;
    const am_instruction *instruction = costing->instruction;
    for (int i = instruction->inputs; i < instruction->inputs + instruction->results; i++)
        if (costing->tape->reached[operand(costing, i)]) bytes += bytes_at(costing, i);
    return bytes;
}

/* Saved tensors are operands. */
static int64_t saved_bytes(const am_costing *costing)
{
    const am_tape *tape = costing->tape;
    const am_instruction *instruction = costing->instruction;
    const am_node *node = &tape->node[instruction->node];
    bool picks = picks_rows((am_op)instruction->op);
    int64_t bytes = 0;
    for (int i = node->first_save; i < node->first_save + node->save_count; i++) {
        const am_save_rule *rule = &am_ops[instruction->op].saves[tape->save_rule[i]];
        int place = rule->index + (rule->result ? instruction->inputs : 0);
        if (!picks || place > 0) bytes += bytes_at(costing, place);
    }
    return bytes;
}

static void cost_node(am_costing *costing)
{
    const am_backward_step *step = am_ops[costing->instruction->op].backward;
    if (costing->product) {
        cost_products(costing);
        return;
    }
    int64_t incoming = incoming_bytes(costing), bytes = 0;
    bool any = false;
    for (int i = 0; AM_ALWAYS(i < AM_MAX_STEPS) /* only a product has as many */ && step[i].kind != AM_END; i++) {
        int64_t moved = step_bytes(costing, step[i], incoming);
        any |= computes(costing, step[i], moved);
        bytes += moved;
    }
    if (!any) return;
    bytes += incoming + saved_bytes(costing);
    if (is_attention((am_op)costing->instruction->op))
        cost_attention(costing, bytes);
    else
        add_kernel(costing, 0, 0, bytes);
}

/* Gradients that meet at a tensor are added: two are read, one is written. */
static void arrive(am_costing *costing)
{
    am_tape *tape = costing->tape;
    for (int i = 0; i < costing->instruction->inputs; i++) {
        am_var x = operand(costing, i);
        if (!tape->tensor[x].grad) continue;
        if (tape->reached[x]) add_kernel(costing, 0, 0, 3 * bytes_of(tape, x));
        tape->reached[x] = true;
    }
}

static bool is_reached(const am_costing *costing)
{
    const am_instruction *instruction = costing->instruction;
    if (!instruction->node) return false;
    for (int i = instruction->inputs; i < instruction->inputs + instruction->results; i++)
        if (costing->tape->reached[operand(costing, i)]) return true;
    return false;
}

/* ---- one operation ---- */

static void cost_forward(am_costing *costing)
{
    int64_t flops = flops_forward(costing);
    add_kernel(costing, flops, flops ? without_skipped(costing, flops) : 0, bytes_forward(costing));
}

static void cost_backward(am_costing *costing)
{
    if (!is_free((am_op)costing->instruction->op)) cost_node(costing);
    arrive(costing);
}

static void begin(am_costing *costing)
{
    costing->time = costing->bound = costing->flops = costing->executed = costing->bytes = 0;
}

static void add_work(am_work *work, const am_costing *costing)
{
    work->bound = plus(work->bound, costing->bound);
    if (costing->flops == 0) return;
    work->flops = plus(work->flops, costing->flops);
    work->executed = plus(work->executed, costing->executed);
}

/* ---- sums ---- */

static void note_forward(const am_costing *costing, am_instruction *instruction, int index)
{
    am_tape *tape = costing->tape;
    uint16_t zone = instruction->zone;
    instruction->time = costing->time;
    instruction->bound = costing->bound > 0;
    tape->executed[index] = costing->executed;
    tape->zone_time[zone] = plus(tape->zone_time[zone], costing->time);
    add_work(&tape->zone_work[AM_IN_FORWARD][zone], costing);
}

static void note_backward(const am_costing *costing, uint16_t zone)
{
    am_tape *tape = costing->tape;
    tape->zone_backward_time[zone] = plus(tape->zone_backward_time[zone], costing->time);
    add_work(&tape->zone_work[AM_IN_BACKWARD][zone], costing);
}

/* Can sums of a few of these be taken? */
static bool in_bounds(const am_tape *tape)
{
    int64_t flops = 0, time = 0;
    for (int zone = 0; zone < AM_MAX_UNITS + 2; zone++) {
        time = plus(time, plus(tape->zone_time[zone], tape->zone_backward_time[zone]));
        for (int part = 0; part < AM_IN_RECOMPUTE; part++) flops = plus(flops, tape->zone_work[part][zone].flops);
    }
    return flops < TOO_MUCH / 4 && time < TOO_MUCH / 4;
}

static bool counts(const am_instruction *instruction)
{
    return instruction->kind == AM_I_OP && AM_ALWAYS(instruction->zone < AM_MAX_UNITS + 2); /* a tape has no more layers */
}

static am_costing start(am_tape *tape, const am_rates *rates)
{
    memset(tape->reached, 0, (size_t)tape->tensors);
    tape->reached[tape->loss] = true;
    am_costing costing = {.tape = tape, .bandwidth = rate_of(rates->bandwidth)};
    for (int i = 0; i < AM_DTYPE_COUNT; i++) costing.gflops[i] = rate_of(rates->gflops[i]);
    return costing;
}

/* ---- rows ---- */

const char *const am_labour_names[AM_LABOUR_COUNT] = {"products", "attention", "others"};

enum {
    OUTSIDE = -1,
    FIRST = AM_MAX_LAYER_KINDS, /* the model's first layer, while it is not known whether it is like others of its kind */
    HIDDEN = -2                 /* a layer that is not shown */
};

typedef struct am_table {
    am_cost_row *row; /* the newest, before the others: in the forward's order */
    int count;
    int8_t kind[AM_MAX_UNITS + 2]; /* by zone: of layer, or one of those above */
    am_module_list modules;
    uint8_t newest[AM_LISTED_MODULES];   /* row of each module, the how-manieth from 1 on; 0: none yet */
    uint8_t older[AM_MAX_COST_ROWS + 1]; /* and behind each row the next one of its module */
} am_table;

static void begin_table(am_table *table, am_cost_row rows[AM_MAX_COST_ROWS])
{
    table->row = rows + AM_MAX_COST_ROWS;
    table->count = 0;
    am_modules_begin(&table->modules);
    memset(table->newest, 0, sizeof table->newest);
}

/* zone: of the layer that each kind is shown by; last: behind the layers. */
static void choose_zones(am_table *table, const uint16_t zone[AM_MAX_LAYER_KINDS], uint16_t last)
{
    memset(table->kind, HIDDEN, sizeof table->kind);
    table->kind[1] = FIRST;
    for (int i = AM_MAX_LAYER_KINDS - 1; i >= 0; i--) table->kind[zone[i]] = (int8_t)i;
    table->kind[0] = table->kind[last] = OUTSIDE;
}

static am_labour labour_of(const am_costing *costing)
{
    if (costing->product) return AM_PRODUCTS;
    return is_attention((am_op)costing->instruction->op) ? AM_ATTENTION : AM_OTHERS;
}

static am_cost_row *row_of(am_table *table, int kind, const am_costing *costing)
{
    am_labour labour = labour_of(costing);
    const am_module *module = &costing->instruction->module;
    uint8_t *newest = &table->newest[am_module_index(&table->modules, module)];
    for (int i = *newest; i > 0; i = table->older[i]) {
        am_cost_row *row = &table->row[table->count - i];
        if (row->kind == kind && row->labour == labour) return row;
    }
    if (table->count == AM_MAX_COST_ROWS) return table->row;
    table->older[++table->count] = *newest;
    *newest = (uint8_t)table->count;
    *--table->row = (am_cost_row){.kind = kind, .module = *module, .labour = labour};
    return table->row;
}

static void add_to_row(am_cost_row *row, const am_costing *costing, am_part_of_step part)
{
    row->flops[part] = plus(row->flops[part], costing->flops);
    row->bytes[part] = plus(row->bytes[part], costing->bytes);
    row->time[part] = plus(row->time[part], costing->time);
    row->bound[part] = plus(row->bound[part], costing->bound);
}

/* Times follow from both. */
static bool same_cost(const am_cost_row *x, const am_cost_row *y)
{
    for (int part = 0; part < AM_IN_RECOMPUTE; part++)
        if (x->flops[part] != y->flops[part] || x->bytes[part] != y->bytes[part]) return false;
    return true;
}

/* Does the first layer cost something else than the others of its kind? Both have their rows in the order of the backward. */
static bool first_differs(const am_table *table, int kind)
{
    int own = 0, other = 0;
    if (table->kind[1] != FIRST) return false; /* it stands for a kind */
    for (;; own++, other++) {
        while (own < table->count && table->row[own].kind != FIRST) own++;
        while (other < table->count && table->row[other].kind != kind) other++;
        if (AM_NEVER((own == table->count) != (other == table->count))) return true; /* layers of a kind run the same operations */
        if (own == table->count) return false;
        if (!same_cost(&table->row[own], &table->row[other])) return true;
    }
}

/* Counts the layers of each row, and leaves those that have any. */
static void count_layers(am_table *table, const int64_t layers[AM_MAX_LAYER_KINDS], int first)
{
    const bool own = first_differs(table, first);
    int count = 0;
    for (int i = 0; i < table->count; i++) {
        am_cost_row *row = &table->row[i];
        row->first = row->kind == FIRST;
        row->count = row->kind < 0 ? 1 : row->first ? own : layers[row->kind] - (own && row->kind == first);
        if (row->first) row->kind = first;
        if (row->count == 0) continue;
        if (count < i) table->row[count] = *row;
        count++;
    }
    table->count = count;
}

/* ---- the tape ---- */

static void cost_instruction(am_costing *costing, int index, am_table *table)
{
    am_instruction *instruction = &costing->tape->instruction[index];
    const int kind = table ? table->kind[instruction->zone] : HIDDEN;
    am_cost_row *row = NULL;
    take(costing, instruction);
    if (!am_ops[instruction->op].alias) {
        begin(costing);
        cost_forward(costing);
        note_forward(costing, instruction, index);
        if (kind != HIDDEN) row = row_of(table, kind, costing);
        if (row) add_to_row(row, costing, AM_IN_FORWARD);
    }
    if (!is_reached(costing)) return;
    begin(costing);
    cost_backward(costing);
    if (costing->time == 0) return;
    note_backward(costing, instruction->zone);
    if (kind != HIDDEN && !row) row = row_of(table, kind, costing);
    if (row) add_to_row(row, costing, AM_IN_BACKWARD);
}

/* A repeated layer costs what that costs which it repeats. Its result has been reached, as its input then is. */
static void skip(am_tape *tape, const am_repeated *repeated)
{
    tape->reached[repeated->input] = AM_ALWAYS(tape->reached[repeated->output]) && tape->tensor[repeated->input].grad;
}

/* One of the record before costs what it cost there. */
static void recall(am_tape *tape, const am_repeated *repeated)
{
    const am_repeat *aside = &tape->aside->layer[repeated->aside - 1];
    memcpy(&tape->executed[repeated->first], &tape->executed[aside->at.instructions],
           (size_t)(repeated->end - repeated->first) * sizeof *tape->executed);
    tape->zone_time[repeated->zone] = aside->time;
    tape->zone_backward_time[repeated->zone] = aside->backward_time;
    for (int part = 0; part < AM_IN_RECOMPUTE; part++) tape->zone_work[part][repeated->zone] = aside->work[part];
}

static void repeat(am_tape *tape, const am_repeated *repeated)
{
    if (repeated->aside) {
        recall(tape, repeated);
        return;
    }
    for (int i = repeated->first; i < repeated->end; i++) {
        const am_instruction *other = &tape->instruction[i - repeated->shift];
        tape->instruction[i].time = other->time;
        tape->instruction[i].bound = other->bound;
        tape->executed[i] = tape->executed[i - repeated->shift];
    }
    tape->zone_time[repeated->zone] = tape->zone_time[repeated->of];
    tape->zone_backward_time[repeated->zone] = tape->zone_backward_time[repeated->of];
    for (int part = 0; part < AM_IN_RECOMPUTE; part++)
        tape->zone_work[part][repeated->zone] = tape->zone_work[part][repeated->of];
}

/* A layer of another record is known as a whole: its rows have to be found again. */
static bool is_known(const am_repeated *repeated, const am_table *table)
{
    return !table || !repeated->aside;
}

/* In the order of the backward, so that a gradient has arrived before its node is looked at. */
static am_code cost(am_tape *tape, const am_rates *rates, am_table *table)
{
    if (tape->status.code) return tape->status.code;
    am_costing costing = start(tape, rates);
    memset(tape->zone_time, 0, sizeof tape->zone_time);
    memset(tape->zone_backward_time, 0, sizeof tape->zone_backward_time);
    memset(tape->zone_work, 0, sizeof tape->zone_work);
    int repeats = tape->repeats;
    for (int i = tape->instructions - 1; i >= 0; i--) {
        for (; repeats > 0 && i == tape->repeated[repeats - 1].end - 1 && is_known(&tape->repeated[repeats - 1], table); repeats--) {
            skip(tape, &tape->repeated[repeats - 1]);
            i = tape->repeated[repeats - 1].first - 1;
        }
        if (counts(&tape->instruction[i])) cost_instruction(&costing, i, table);
        if (repeats > 0 && i == tape->repeated[repeats - 1].first) repeats--;
    }
    for (int i = 0; i < tape->repeats; i++)
        if (is_known(&tape->repeated[i], table)) repeat(tape, &tape->repeated[i]);
    if (!tape->status.code && !in_bounds(tape))
        am_fail(&tape->status, AM_TOO_LARGE, "seq",
                "the step has more than 2^61 floating-point operations or picoseconds");
    return tape->status.code;
}

am_code am_cost_tape(am_tape *tape, const am_rates *rates)
{
    return cost(tape, rates, NULL);
}

/* The zone that another one repeats, or itself. */
static uint16_t repeated_zone(const am_tape *tape, uint16_t zone)
{
    for (int i = 0; i < tape->repeats; i++)
        if (tape->repeated[i].zone == zone && !tape->repeated[i].aside) return tape->repeated[i].of;
    return zone;
}

am_code am_cost_rows(am_cost_row rows[AM_MAX_COST_ROWS], int *count, am_tape *tape, const am_rates *rates,
                     const uint16_t zone[AM_MAX_LAYER_KINDS], const int64_t layers[AM_MAX_LAYER_KINDS], int first)
{
    uint16_t costed[AM_MAX_LAYER_KINDS];
    for (int i = 0; i < AM_MAX_LAYER_KINDS; i++) costed[i] = repeated_zone(tape, zone[i]);
    am_table table;
    begin_table(&table, rows);
    choose_zones(&table, costed, tape->instruction[tape->instructions - 1].zone);
    am_code code = cost(tape, rates, &table);
    count_layers(&table, layers, first);
    memmove(rows, table.row, (size_t)table.count * sizeof *rows);
    *count = table.count;
    return code;
}
