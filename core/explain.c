/* Closed forms: the bytes of a report's rows gathered into sums of products, and their text. */
#include "explain.h"

#include <string.h>

#include "bytes.h"
#include "proven.h"

/* ---- sums */

/* The sum of its powers above 0; a division leaves a term beside its like. */
static int degree(const am_term *term)
{
    const uint64_t ones = 0x0101010101010101, signs = ones << 7;
    int sum = 0;
    for (int first = 0; first < AM_POWERS; first += 8) {
        const uint64_t powers = am_powers_at(term->power, first);
        if (!(powers & signs))
            sum += (int)(powers * ones >> 56); /* of all eight, which are small: none carries into the last */
        else
            for (int i = first; i < first + 8; i++) sum += term->power[i] > 0 ? term->power[i] : 0;
    }
    return sum;
}

/* Is x, of this degree, printed before a sum's term of other powers? */
static bool precedes(const am_term *x, int degree_x, const am_sum *sum, int term)
{
    int difference = degree_x - sum->degree[term];
    for (int i = 0; difference == 0; i++) difference = x->power[i] - sum->term[term].power[i];
    return difference > 0;
}

/* Adds the coefficient of y to x. Without a common denominator below 2^53, x has no value (den 0). */
static void add_coefficient(am_term *x, const am_term *y)
{
    int64_t num = am_add_checked(am_mul_checked(x->num, y->den), am_mul_checked(y->num, x->den));
    int64_t den = am_mul_checked(x->den, y->den);
    int64_t divisor = num > 0 && den > 0 ? am_common_divisor(num, den) : 0;
    x->num = divisor > 0 ? num / divisor : 0;
    x->den = divisor > 0 ? den / divisor : 0;
}

/* term·times: am_term_product without its work on powers. */
static am_term scaled(const am_term *term, int64_t times)
{
    int64_t num = am_mul_checked(term->num, times);
    if (term->den != 1 || num < 0) return am_term_product(term, &(am_term){times, 1, {0}});
    am_term product = *term;
    product.num = num;
    return product;
}

static void insert(am_sum *sum, const am_term *term)
{
    const int own = degree(term);
    int i = sum->count++;
    for (; i > 0 && precedes(term, own, sum, i - 1); i--) {
        sum->term[i] = sum->term[i - 1];
        sum->degree[i] = sum->degree[i - 1];
    }
    sum->term[i] = *term;
    sum->degree[i] = (uint8_t)own;
}

void am_sum_add(am_sum *sum, am_term term, int64_t times)
{
    if (times == 0 || term.num == 0) return;
    am_term product = scaled(&term, times);
    for (int i = 0; i < sum->count; i++) {
        if (!am_powers_equal(&sum->term[i], &product)) continue;
        add_coefficient(&sum->term[i], &product);
        return;
    }
    if (sum->count == AM_MAX_TERMS) {
        sum->term[AM_MAX_TERMS - 1].den = 0; /* more than a sum holds: its last term reads "…" and has no value */
        return;
    }
    insert(sum, &product);
}

void am_add_row(am_sum *sum, const am_row *row, int64_t times)
{
    am_sum_add(sum, row->elements, am_dtypes[row->dtype].size * times);
    if (row->padding) am_sum_add(sum, (am_term){row->padding, 1, {0}}, times);
}

am_sum am_report_formula(const am_report *report, int kind)
{
    am_sum sum = {0};
    for (int i = 0; i < report->rows; i++)
        if (report->row[i].kind == kind) am_add_row(&sum, &report->row[i].row, 1);
    return sum;
}

/* ---- text */

static void write_power(am_writer *writer, int power)
{
    static const char *const superscripts[] = {"", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"};
    if (power <= 9) {
        am_write_text(writer, superscripts[power]);
        return;
    }
    AM_WRITE(writer, "^");
    am_write_int(writer, power);
}

static void write_symbol(am_writer *writer, int symbol, int power, const int64_t *values)
{
    const char *text = am_symbols[symbol].text;
    bool compound = power > 1 && strstr(text, "·") != NULL; /* a product itself: its power needs parentheses */
    if (values != NULL) {
        am_write_int(writer, values[symbol]);
    } else {
        if (compound) AM_WRITE(writer, "(");
        am_write_text(writer, text);
        if (compound) AM_WRITE(writer, ")");
    }
    if (power > 1) write_power(writer, power);
}

/* The factors on one side of a term's line. */
typedef struct side {
    int64_t coefficient;
    int count;
    uint8_t symbol[AM_SYMBOL_COUNT];
} side;

static void split_term(const am_term *term, side *above, side *below)
{
    above->coefficient = term->num;
    below->coefficient = term->den;
    above->count = below->count = 0;
    for (int first = 0; first < AM_POWERS; first += 8)
        for (uint64_t powers = am_powers_at(term->power, first); powers;) {
            int symbol = first + am_powers_next(&powers);
            side *on = term->power[symbol] > 0 ? above : below;
            on->symbol[on->count++] = (uint8_t)symbol;
        }
}

/* coefficient·symbols; the coefficient is left out if it is 1 and not alone. */
static void write_factors(am_writer *writer, const side *factors, const am_term *term, const int64_t *values)
{
    bool first = factors->coefficient == 1 && factors->count > 0;
    if (!first) am_write_int(writer, factors->coefficient);
    for (int i = 0; i < factors->count; i++) {
        int symbol = factors->symbol[i];
        int power = term->power[symbol];
        if (!first) AM_WRITE(writer, "·");
        write_symbol(writer, symbol, power < 0 ? -power : power, values);
        first = false;
    }
}

void am_write_term(am_writer *writer, const am_term *term, const int64_t *values)
{
    side above;
    side below;
    if (term->den == 0) {
        AM_WRITE(writer, "…");
        return;
    }
    split_term(term, &above, &below);
    write_factors(writer, &above, term, values);
    bool divided = below.count > 0 || below.coefficient != 1;
    bool several = below.count + (below.coefficient != 1) > 1;
    if (divided) am_write_text(writer, several ? "/(" : "/");
    if (divided) write_factors(writer, &below, term, values);
    if (several) AM_WRITE(writer, ")");
}

void am_write_bytes(am_writer *writer, const am_row *row, const int64_t *values)
{
    static const am_term number = {.den = 1};
    am_term term = scaled(&row->elements, am_dtypes[row->dtype].size);
    bool one = am_powers_equal(&term, &number); /* a number, to which that is added */
    if (one) term.num += row->padding;
    am_write_term(writer, &term, values);
    if (one || row->padding == 0) return;
    AM_WRITE(writer, " + ");
    am_write_int(writer, row->padding);
}

void am_write_sum(am_writer *writer, const am_sum *sum, const int64_t *values)
{
    if (sum->count == 0) AM_WRITE(writer, "0");
    for (int i = 0; i < sum->count; i++) {
        if (i > 0) AM_WRITE(writer, " + ");
        am_write_term(writer, &sum->term[i], values);
    }
}

/* " + " before every part of a total but the first. */
static void write_plus(am_writer *writer, bool *first)
{
    if (!*first) AM_WRITE(writer, " + ");
    *first = false;
}

static void write_multiple(am_writer *writer, int64_t count)
{
    if (count > 1) {
        am_write_int(writer, count);
        AM_WRITE(writer, "·");
    }
    AM_WRITE(writer, "(");
}

/* A part of the total: a sum so many times, in parentheses, or as it is (0). */
static void write_part(am_writer *writer, const am_report *report, int kind, int64_t count, const int64_t *values,
                       am_span *span, bool *first)
{
    am_sum sum = {0};
    if (span->length == 0) sum = am_report_formula(report, kind);
    if (span->length == 0 && sum.count == 0) return;
    write_plus(writer, first);
    if (count) write_multiple(writer, count);
    size_t from = writer->length;
    if (span->length)
        am_write_again(writer, *span);
    else
        am_write_sum(writer, &sum, values);
    *span = am_span_since(writer, from);
    if (count) AM_WRITE(writer, ")");
}

void am_write_total(am_writer *writer, const am_report *report, const int64_t *values, am_sum_spans *spans)
{
    bool first = true;
    for (int kind = 0; kind < report->kinds; kind++)
        write_part(writer, report, kind, report->kind[kind].count, values, am_sum_of(spans, kind), &first);
    for (int kind = AM_KIND_OUTSIDE; kind >= AM_KIND_SHARED; kind--)
        write_part(writer, report, kind, 0, values, am_sum_of(spans, kind), &first);
    if (first) AM_WRITE(writer, "0");
}

void am_write_shape(am_writer *writer, const am_row *row)
{
    AM_WRITE(writer, "[");
    for (int i = 0; i < row->rank; i++) {
        if (i > 0) AM_WRITE(writer, ", ");
        am_write_term(writer, &row->extent[i], NULL);
    }
    AM_WRITE(writer, "]");
}

const char *am_saver_why(const am_row *row, int saver)
{
    int rule = row->saved_by[saver].rule;
    if (rule == AM_BY_CHECKPOINT) return AM_WORDS("the checkpointed region starts from it when it is recomputed");
    if (rule == AM_BY_SELECTIVE) return AM_WORDS("selective checkpointing keeps this result, so that it is not recomputed");
    return am_ops[row->saved_by[saver].op].saves[rule].why;
}

static bool said_before(const am_row *row, int saver)
{
    for (int i = 0; i < saver; i++)
        if (strcmp(am_saver_why(row, i), am_saver_why(row, saver)) == 0) return true;
    return false;
}

void am_write_why(am_writer *writer, const am_row *row)
{
    for (int i = 0; i < row->savers; i++) {
        const char *why = am_saver_why(row, i);
        if (said_before(row, i)) continue;
        if (i > 0) AM_WRITE(writer, "; ");
        bool capital = i == 0 && AM_ALWAYS(why[0] >= 'a' && why[0] <= 'z');
        if (capital) am_write_char(writer, (char)(why[0] - 'a' + 'A'));
        am_write_text(writer, why + capital);
    }
    AM_WRITE(writer, ".");
}

void am_write_saver(am_writer *writer, const am_row *row, int saver)
{
    int rule = row->saved_by[saver].rule;
    const am_op_info *op = &am_ops[row->saved_by[saver].op];
    if (row->saved_by[saver].op == AM_OP_CHECKPOINT) {
        am_write_text(writer, rule == AM_BY_CHECKPOINT ? "checkpoint" : "selective checkpoint");
        return;
    }
    const char *attribute = op->saves[rule].attribute;
    am_write_text(writer, op->node);
#ifndef AM_FIRST /* whose operations' nodes all have that number */
    if (strstr(op->node, "Backward"))
        AM_WRITE(writer, ".");
    else
#endif
        am_write_text(writer, strchr(attribute, '[') ? "Backward." : "Backward0."); /* a Python function has no number */
    am_write_text(writer, attribute);
}

void am_write_kind(am_writer *writer, const am_kind *kind)
{
    const char *last = strrchr(kind->name, ' '); /* "first dense layer" */
    last = last ? last + 1 : kind->name;
    am_write(writer, kind->name, (size_t)(last - kind->name));
    if (kind->label) {
        am_write_text(writer, kind->label);
        AM_WRITE(writer, " ");
    }
    am_write_text(writer, last);
    if (kind->layers_each > 1) {
        AM_WRITE(writer, " of ");
        am_write_int(writer, kind->layers_each);
        AM_WRITE(writer, " layers");
    }
#ifndef AM_FIRST
    if (!kind->numbered) return;
    am_write_text(writer, kind->count == 1 ? " " : " (from ");
    am_write_int(writer, kind->first);
    am_write_text(writer, kind->count == 1 ? "" : ")");
#endif
}

size_t am_term_text(const am_term *term, const int64_t *values, char *buffer, size_t size)
{
    am_writer writer = am_writer_of(buffer, size);
    am_write_term(&writer, term, values);
    return am_writer_end(&writer);
}

size_t am_sum_text(const am_sum *sum, const int64_t *values, char *buffer, size_t size)
{
    am_writer writer = am_writer_of(buffer, size);
    am_write_sum(&writer, sum, values);
    return am_writer_end(&writer);
}
