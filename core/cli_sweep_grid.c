/* The grid of a sweep: the values of its keys, as lists and ranges. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "cli_sweep.h"
#include "input.h"

#define MOST_ROWS ((int64_t)1 << 53)

/* A value as the answer shows it, "8192" for "8k". False where the parser refuses it. */
static bool canonical(const am_field *field, const char *value, char text[AM_TEXT_SIZE], am_status *status)
{
    static char pair[AM_INPUT_SIZE + 1];
    am_config config = am_default_config();
    snprintf(pair, sizeof pair, "%s=%s", field->key, value);
    if (am_config_parse(&config, pair, status) != AM_OK) return false;
    if (field == &am_fields[AM_F_model]) am_copy_text(text, AM_TEXT_SIZE, value, strlen(value));
    else am_field_value(&config, field, text, AM_TEXT_SIZE);
    return true;
}

static char *copy_of(const char *text)
{
    return strcpy(am_sweep_allocate(NULL, strlen(text) + 1), text);
}

/* first..last, first..last:step or first..last:xfactor. */
static int read_range(am_sweep_values *part, const am_field *field, const char *text)
{
    const char *dots = strstr(text, ".."), *colon = strchr(dots, ':');
    const char *end = colon ? colon : text + strlen(text);
    int64_t last;
    *part = (am_sweep_values){.step = 1, .doubles = colon && colon[1] == 'x'};
    const char *step = colon ? colon + 1 + part->doubles : "1";
    if (field->kind != AM_KIND_INT) return am_sweep_refuse("%s takes no range: give its values one by one, with commas", field->key);
    if (!am_read_thousands(text, (size_t)(dots - text), &part->first) || !am_read_thousands(dots + 2, (size_t)(end - dots - 2), &last) ||
        !am_read_thousands(step, strlen(step), &part->step))
        return am_sweep_refuse("%s=%s: a range is first..last, first..last:step or first..last:xfactor, as %s=1k..64k:x2", field->key, text,
                               field->key);
    if (part->first < field->least || last > field->most || part->first > last || part->step < 1 + part->doubles)
        return am_sweep_refuse("%s=%s: a range goes up within %lld to %lld, by a step of 1 or a factor of 2 at least", field->key, text,
                               (long long)field->least, (long long)field->most);
    if (part->doubles && part->first == 0) return am_sweep_refuse("%s=%s: 0 times a factor stays 0", field->key, text);
    if (!part->doubles) part->count = (last - part->first) / part->step + 1;
    else
        for (int64_t value = part->first; value <= last; part->count++)
            if (__builtin_mul_overflow(value, part->step, &value)) value = INT64_MAX;
    return AM_EXIT_ANSWER;
}

static am_sweep_axis *axis_of(am_sweep_grid *grid, const am_field *field)
{
    for (int i = 0; i < grid->axes; i++)
        if (grid->axis[i].field == field) return &grid->axis[i];
    grid->axis[grid->axes] = (am_sweep_axis){.field = field};
    return &grid->axis[grid->axes++];
}

static int64_t number_at(const am_sweep_values *part, int64_t index)
{
    int64_t value = part->first;
    if (!part->doubles) return value + part->step * index;
    for (; index > 0; index--) value *= part->step;
    return value;
}

static bool has_number(const am_sweep_values *part, int64_t value)
{
    int64_t distance = value - part->first;
    if (!part->doubles) return distance >= 0 && distance % part->step == 0 && distance / part->step < part->count;
    int64_t i = 0;
    while (i < part->count && number_at(part, i) != value) i++;
    return i < part->count;
}

/* The first number of x that y has too; -1: none. The steps of the sparser one meet the other's within as many as that has units. */
static int64_t shared_number(const am_sweep_values *x, const am_sweep_values *y)
{
    const am_sweep_values *sparse = x->doubles || (!y->doubles && x->step > y->step) ? x : y, *other = sparse == x ? y : x;
    int64_t i = 0, end = sparse->count;
    if (!sparse->doubles) {
        if (other->first > sparse->first) i = (other->first - sparse->first + sparse->step - 1) / sparse->step;
        if (other->step < end - i) end = i + other->step;
    }
    for (; i < end; i++)
        if (has_number(other, number_at(sparse, i))) return number_at(sparse, i);
    return -1;
}

/* No value twice, whichever way it is written: rows would be. */
static int check_values(const am_sweep_axis *own)
{
    const am_sweep_values *last = &own->part[own->parts - 1];
    for (const am_sweep_values *part = own->part; part < last; part++) {
        int64_t number = last->text == NULL ? shared_number(part, last) : -1;
        if (last->text != NULL && strcmp(part->text, last->text) == 0) return am_sweep_refuse("%s=%s is given twice", own->field->key, last->text);
        if (number >= 0) return am_sweep_refuse("%s=%lld is given twice", own->field->key, (long long)number);
    }
    return AM_EXIT_ANSWER;
}

static int add_value(am_sweep_grid *grid, const am_field *field, const char *text)
{
    am_status status;
    char value[AM_TEXT_SIZE];
    am_sweep_axis *own = axis_of(grid, field);
    am_sweep_values part = {.step = 1, .count = 1};
    bool range = field->kind != AM_KIND_TEXT && strstr(text, "..") != NULL, number = range || field->kind == AM_KIND_INT;
    int code = range ? read_range(&part, field, text) : AM_EXIT_ANSWER;
    if (code != AM_EXIT_ANSWER) return code;
    if (!range && !canonical(field, text, value, &status)) return am_sweep_refuse("%s", status.message);
    if (!range && number) am_read_integer(value, strlen(value), &part.first);
    own->part = am_sweep_allocate(own->part, (size_t)(own->parts + 1) * sizeof *own->part);
    if (!number) part.text = copy_of(value);
    own->part[own->parts++] = part;
    own->count += part.count;
    return check_values(own);
}

/* Keys whose values hold commas themselves: these are given once for each value. */
static bool has_commas(const am_field *field)
{
    return field == &am_fields[AM_F_checkpoint] || field == &am_fields[AM_F_lora_targets] || field == &am_fields[AM_F_stage_layers];
}

static int check_policy(const char *text)
{
    am_status status;
    am_policy policy;
    am_config config = am_default_config();
    am_copy_text(config.checkpoint, sizeof config.checkpoint, text, strlen(text));
    if (strchr(text, ',') == NULL || am_policy_parse(&policy, &config, &status) == AM_OK) return AM_EXIT_ANSWER;
    return am_sweep_refuse("checkpoint=%s is one policy, since lists of operations have commas: for several give the key several times, "
                           "checkpoint=none checkpoint=full", text);
}

int am_sweep_grid_add(am_sweep_grid *grid, char *pair)
{
    char *equals = strchr(pair, '=');
    if (equals == NULL) return am_sweep_refuse("'%s' is not key=value", pair);
    *equals = '\0';
    const am_field *field = NULL;
    for (int i = 0; i < AM_FIELD_COUNT; i++)
        if (strcmp(am_fields[i].key, pair) == 0) field = &am_fields[i];
    am_status status;
    am_config config = am_default_config();
    *equals = '=';
    if (field == NULL) { /* the parser says it */
        am_config_parse(&config, pair, &status);
        return am_sweep_refuse("%s", status.message);
    }
    char *value = equals + 1;
    if (field == &am_fields[AM_F_checkpoint] && check_policy(value) != AM_EXIT_ANSWER) return AM_EXIT_INPUT;
    for (;;) {
        char *comma = has_commas(field) ? NULL : strchr(value, ',');
        if (comma != NULL) *comma = '\0';
        int code = add_value(grid, field, value);
        if (code != AM_EXIT_ANSWER || comma == NULL) return code;
        value = comma + 1;
    }
}

int am_sweep_grid_count(am_sweep_grid *grid)
{
    grid->points = 1;
    for (int i = 0; i < grid->axes; i++)
        if (__builtin_mul_overflow(grid->points, grid->axis[i].count, &grid->points) || grid->points > MOST_ROWS)
            return am_sweep_refuse("the grid has more than 2^53 rows");
    return AM_EXIT_ANSWER;
}

const char *am_sweep_grid_value(const am_sweep_grid *grid, int axis, int64_t point, char buffer[AM_TEXT_SIZE])
{
    const am_sweep_values *part = grid->axis[axis].part;
    for (int i = grid->axes - 1; i > axis; i--) point /= grid->axis[i].count;
    int64_t index = point % grid->axis[axis].count;
    for (; index >= part->count; part++) index -= part->count;
    if (part->text != NULL) return part->text;
    snprintf(buffer, AM_TEXT_SIZE, "%lld", (long long)number_at(part, index));
    return buffer;
}
