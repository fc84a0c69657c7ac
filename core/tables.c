/* The tables behind every evaluation as one JSON document: what a form, a schema or a legend is made of, and the words
 * that core.wasm leaves out of its reports. */
#include "explain.h"
#include "formulas.h"
#include "input.h"
#include "report.h"
#include "wiring.h"

static const char *const kind_names[] = {
    [AM_KIND_INT] = "int",     [AM_KIND_FLAG] = "flag", [AM_KIND_CHOICE] = "choice",
    [AM_KIND_RATIO] = "ratio", [AM_KIND_TEXT] = "text",
};

static void write_groups(am_writer *json)
{
    AM_OPEN(json, "groups", "[");
    for (int i = 0; i < AM_GROUP_COUNT; i++) am_json_plain(json, am_group_names[i]);
    am_json_close(json, ']');
}

/* "a|b|c" as an array: choices are plain words. */
static void write_choices(am_writer *json, const char *choices)
{
    AM_OPEN(json, "choices", "[");
    while (*choices != '\0') {
        size_t length = strcspn(choices, "|");
        am_json_quote(json);
        am_write(json, choices, length);
        am_json_unquote(json);
        choices += length + (choices[length] == '|');
    }
    am_json_close(json, ']');
}

/* null stands for "derived". */
static void write_default(am_writer *json, const am_config *defaults, const am_field *field)
{
    char text[AM_TEXT_SIZE];
    if (field->kind == AM_KIND_TEXT) {
        AM_PUT_PLAIN(json, "default", field->text);
        return;
    }
    AM_KEY(json, "default");
    if (field->value == AM_AUTO) {
        am_json_null(json);
        return;
    }
    am_field_value(defaults, field, text, sizeof text);
    if (field->kind == AM_KIND_INT || field->kind == AM_KIND_RATIO)
        am_json_number(json, text);
    else
        am_json_plain(json, text);
}

static void write_field(am_writer *json, const am_config *defaults, const am_field *field)
{
    am_json_open(json, '{');
    AM_PUT_PLAIN(json, "key", field->key);
    AM_PUT_PLAIN(json, "kind", kind_names[field->kind]);
    AM_PUT_PLAIN(json, "group", am_group_names[field->group]);
    AM_PUT_PLAIN(json, "unit", field->unit);
    AM_PUT_PLAIN(json, "label", field->label);
    AM_PUT_PLAIN(json, "help", field->help);
    if (field->choices != NULL) write_choices(json, field->choices);
    write_default(json, defaults, field);
    if (field->kind == AM_KIND_INT) {
        AM_PUT_INT(json, "least", field->least);
        AM_PUT_INT(json, "most", field->most);
    }
    am_json_close(json, '}');
}

/* The table's own defaults, whatever am_default_config lays over them. */
static void set_defaults(am_config *config)
{
    for (int i = 0; i < AM_FIELD_COUNT; i++)
        if (am_fields[i].kind != AM_KIND_TEXT)
            memcpy((char *)config + am_fields[i].offset, &am_fields[i].value, sizeof am_fields[i].value);
}

static void write_fields(am_writer *json)
{
    am_config defaults = {0};
    set_defaults(&defaults);
    AM_OPEN(json, "fields", "[");
    for (int i = 0; i < AM_FIELD_COUNT; i++) write_field(json, &defaults, &am_fields[i]);
    am_json_close(json, ']');
}

/* For the page without the keys that they set: it asks by their names. */
static void write_presets(am_writer *json, bool keys)
{
    AM_OPEN(json, "presets", "[");
    for (int i = 0; i < am_preset_count; i++) {
        char text[512];
        const am_preset *preset = &am_presets[i];
        am_json_open(json, '{');
        AM_PUT_PLAIN(json, "name", preset->name);
        AM_PUT_PLAIN(json, "label", preset->label);
        AM_PUT_PLAIN(json, "source", preset->source);
        am_preset_text(preset, text, sizeof text);
        if (keys) AM_PUT_PLAIN(json, "query", text);
        AM_PUT_FIGURE(json, "parameters", preset->parameters > 0 ? preset->parameters : -1);
        am_json_close(json, '}');
    }
    am_json_close(json, ']');
}

static void write_symbols(am_writer *json)
{
    AM_OPEN(json, "symbols", "[");
    for (int i = 0; i < AM_SYMBOL_COUNT; i++) {
        am_json_open(json, '{');
        AM_PUT_PLAIN(json, "symbol", am_symbols[i].text);
        AM_PUT_PLAIN(json, "key", am_symbols[i].key);
        AM_PUT_PLAIN(json, "name", am_symbols[i].name);
        am_json_close(json, '}');
    }
    am_json_close(json, ']');
}

static void write_names(am_writer *json)
{
    AM_OPEN(json, "components", "[");
    for (int i = 0; i < AM_COMPONENT_COUNT; i++) am_json_plain(json, am_component_names[i]);
    am_json_close(json, ']');
    AM_OPEN(json, "dtypes", "[");
    for (int i = 0; i < AM_DTYPE_COUNT; i++) {
        am_json_open(json, '{');
        AM_PUT_PLAIN(json, "name", am_dtypes[i].name);
        AM_PUT_PLAIN(json, "torch", am_dtypes[i].torch);
        AM_PUT_INT(json, "size", am_dtypes[i].size);
        AM_PUT_BOOL(json, "floating", am_dtypes[i].floating);
        am_json_close(json, '}');
    }
    am_json_close(json, ']');
}

static void write_saver(am_writer *json, const am_row *row)
{
    am_json_open(json, '{');
    AM_KEY(json, "saved_by");
    am_json_quote(json);
    am_write_saver(json, row, 0);
    am_json_unquote(json);
    AM_PUT_PLAIN(json, "why", am_saver_why(row, 0));
    am_json_close(json, '}');
}

/* Why something is kept, by the name of what saved it; a name that several operations share is written each time. */
/* AM_OP_LATER's are in reports of whole.wasm, which have the words. */
static bool is_later(int op)
{
    static const bool later[AM_OP_COUNT] = {
#define AM_OP(id, ...) [AM_OP_##id] = false,
#define AM_OP_LATER(id, ...) [AM_OP_##id] = true,
#include "ops.def"
#undef AM_OP
    };
    return later[op];
}

static void write_savers(am_writer *json, bool whole)
{
    am_row row = {.savers = 1};
    AM_OPEN(json, "savers", "[");
    for (int op = 0; op < AM_OP_COUNT; op++)
        for (int rule = 0; rule < AM_MAX_SAVES && (whole || !is_later(op)) && am_ops[op].saves[rule].attribute != NULL; rule++) {
            row.saved_by[0].op = (uint8_t)op;
            row.saved_by[0].rule = (uint8_t)rule;
            write_saver(json, &row);
        }
    row.saved_by[0].op = AM_OP_CHECKPOINT;
    for (int rule = AM_BY_SELECTIVE; rule <= AM_BY_CHECKPOINT; rule++) {
        row.saved_by[0].rule = (uint8_t)rule;
        write_saver(json, &row);
    }
    am_json_close(json, ']');
}

static void write_convention(am_writer *json, const am_convention *convention)
{
    am_json_open(json, '{');
    AM_PUT_PLAIN(json, "id", convention->id);
    AM_PUT_PLAIN(json, "name", convention->name);
    AM_PUT_PLAIN(json, "source", convention->source);
    am_json_close(json, '}');
}

static void write_conventions(am_writer *json)
{
    AM_OPEN(json, "conventions", "[");
    write_convention(json, &am_configured[AM_ADAMW]);
    for (int i = 0; i < am_convention_count; i++) write_convention(json, &am_conventions[i]);
    am_json_close(json, ']');
}

static void write_stacks(am_writer *json)
{
    AM_OPEN(json, "stacks", "[");
    for (int i = 0; i < AM_STACK_COUNT; i++) {
        char name[32];
        am_json_open(json, '{');
        AM_PUT_PLAIN(json, "stack", am_choice_text(am_fields[AM_F_stack].choices, i, name, sizeof name));
        AM_PUT_PLAIN(json, "text", am_stacks[i].text);
        AM_PUT_PLAIN(json, "detail", am_stacks[i].detail);
        AM_PUT_PLAIN(json, "derived", am_stacks[i].derived);
        am_json_close(json, '}');
    }
    am_json_close(json, ']');
    am_json_not_counted(json);
}

/* The example that a formula is published with, read. A frame of its own: below 2 KiB. */
__attribute__((noinline)) static void read_example(am_formula_reading *reading, const am_formula *formula)
{
    am_status status;
    am_config example = am_default_config();
    am_config_parse(&example, formula->example, &status); /* the tests hold that both succeed */
    am_config_resolve(&example, &status);
    am_formula_read(reading, &example);
}

/* What a published formula gives for the example it is published with: here, since no configuration changes it. */
static void write_formulas(am_writer *json)
{
    AM_OPEN(json, "formulas", "[");
    for (int i = 0; i < am_formula_count; i++) {
        am_formula_reading reading;
        read_example(&reading, &am_formulas[i]);
        am_formula_answer answer = am_formula_evaluate(&am_formulas[i], &reading);
        am_write(json, am_formulas[i].json, am_formulas[i].json_length);
        AM_PUT_FIGURE(json, "computed",
                      am_amount_total(am_formulas[i].layer != NULL ? &answer.layer : &answer.all));
        am_json_close(json, '}');
    }
    am_json_close(json, ']');
}

static void write_rates(am_writer *json, const am_device *device)
{
    AM_PUT_FIGURE(json, "fp32_gflops", device->fp32 > 0 ? device->fp32 : -1);
    AM_PUT_FIGURE(json, "tf32_gflops", device->tf32 > 0 ? device->tf32 : -1);
    AM_PUT_FIGURE(json, "fp16_gflops", device->fp16 > 0 ? device->fp16 : -1);
    AM_PUT_FIGURE(json, "bf16_gflops", device->bf16 > 0 ? device->bf16 : -1);
    AM_PUT_FIGURE(json, "fp8_gflops", device->fp8 > 0 ? device->fp8 : -1);
    AM_PUT_INT(json, "bandwidth_mbs", device->bandwidth);
    AM_PUT_PLAIN(json, "source", device->source);
    AM_PUT_PLAIN(json, "checked", device->checked);
}

/* whole: with their rates and where these are from; a report has those of its own device. */
static void write_devices(am_writer *json, bool whole)
{
    AM_OPEN(json, "devices", "[");
    for (int i = 0; i < am_device_count; i++) {
        const am_device *device = &am_devices[i];
        am_json_open(json, '{');
        AM_PUT_PLAIN(json, "id", device->id);
        AM_PUT_PLAIN(json, "label", device->label);
        AM_PUT_INT(json, "memory_bytes", device->memory);
        if (whole) write_rates(json, device);
        am_json_close(json, '}');
    }
    am_json_close(json, ']');
}

static void write_inputs(am_writer *json, bool keys)
{
    write_groups(json);
    write_fields(json);
    write_presets(json, keys);
    write_symbols(json);
    write_names(json);
    write_savers(json, keys);
    write_conventions(json);
    write_stacks(json);
    write_devices(json, keys);
}

size_t am_tables_json(am_tables tables, char *buffer, size_t size)
{
    am_writer json = am_writer_of(buffer, size);
    am_json_open(&json, '{');
    AM_PUT_INT(&json, "version", AM_REPORT_VERSION);
    AM_PUT_PLAIN(&json, "actmem", AM_VERSION);
    if (tables != AM_TABLES_FORMULAS) write_inputs(&json, tables == AM_TABLES_ALL);
    if (tables != AM_TABLES_INPUTS) write_formulas(&json);
    return am_json_end(&json, '}');
}
