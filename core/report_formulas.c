/* The report's JSON of published formulas beside the true figure. core.wasm leaves it out. */
#include "formulas.h"
#include "report.h"

/* By what the terms grow with; only those that are there. */
static void write_parts_of(am_writer *json, const int64_t part[AM_SHARE_COUNT])
{
#define KEY(name) {"\"" name "\":", sizeof name + 2}
    static const struct {
        const char *text;
        size_t length;
    } key[AM_SHARE_COUNT] = {
        [AM_SHARE_HIDDEN] = KEY("hidden"), [AM_SHARE_KV] = KEY("kv"),       [AM_SHARE_FFN] = KEY("ffn"),
        [AM_SHARE_SCORES] = KEY("scores"), [AM_SHARE_VOCAB] = KEY("vocab"),
    };
    am_json_open(json, '{');
    for (int i = 0; i < AM_SHARE_COUNT; i++) {
        if (part[i] == 0) continue;
        am_write(json, key[i].text, key[i].length);
        am_json_int(json, part[i]);
    }
    am_json_close(json, '}');
}

static void write_named_formula(am_writer *json, const am_formula *formula, am_formula_reading *reading, int64_t saved)
{
    am_formula_answer answer = am_formula_evaluate(formula, reading);
    int64_t all[AM_SHARE_COUNT] = {0}, layer[AM_SHARE_COUNT] = {0};
    int64_t value = am_amount_parts(&answer.all, all), layer_value = am_amount_parts(&answer.layer, layer);
    bool comparable = strcmp(formula->unit, "bytes") == 0; /* with the whole model's saved bytes */
    am_write(json, formula->json, formula->json_length);
    AM_PUT_FIGURE(json, "bytes", value);
    AM_PUT_FIGURE(json, "layer_bytes", layer_value);
    AM_PUT_RATIO(json, "ratio", comparable ? value : -1, saved);
    AM_KEY(json, "parts");
    write_parts_of(json, all);
    AM_KEY(json, "layer_parts");
    write_parts_of(json, layer);
    am_json_close(json, '}');
}

__attribute__((noinline)) /* its frame stands beside no other */
void am_json_formulas(am_writer *json, const am_config *config, int64_t saved)
{
    am_formula_reading reading;
    am_formula_read(&reading, config);
    AM_OPEN(json, "formulas", "[");
    for (int i = 0; i < am_formula_count; i++) write_named_formula(json, &am_formulas[i], &reading, saved);
    am_json_close(json, ']');
}
