/* The report's JSON of published formulas beside the true figure. In wasm it is a document of its own: see wasm/exports.c. */
#include "formulas.h"
#include "report.h"

/* A plain string of known length, or null. */
static void write_known(am_writer *json, const char *text, size_t length)
{
    if (text == NULL) {
        am_json_null(json);
        return;
    }
    am_json_quote(json);
    am_write(json, text, length);
    am_json_unquote(json);
}

#define PUT_KNOWN(literal, text, index) (AM_KEY(json, literal), write_known(json, formula->text, formula->length[index]))

void am_json_formula_words(am_writer *json, const am_formula *formula)
{
    static const char *const compares[] = {NULL, "model", "layer"};
    PUT_KNOWN("name", name, 0);
    PUT_KNOWN("source", source, 1);
    PUT_KNOWN("expression", expression, 4);
    PUT_KNOWN("layer_expression", layer, 3);
    PUT_KNOWN("full_expression", full, 5);
    PUT_KNOWN("caveat", caveat, 2);
    AM_PUT_PLAIN(json, "unit", formula->unit);
    AM_KEY(json, "compares");
    if (compares[formula->compares])
        am_json_plain(json, compares[formula->compares]);
    else
        am_json_null(json);
    AM_OPEN(json, "published", "{");
    AM_PUT_PLAIN(json, "example", formula->example);
    AM_PUT_INT(json, "value", formula->published);
    AM_PUT_PLAIN(json, "of", formula->layer != NULL ? "layer" : "all");
    am_json_close(json, '}');
}

/* By what the terms grow with; only those that are there. */
static void write_parts_of(am_writer *json, const am_amount *amount)
{
    int64_t part[AM_SHARE_COUNT];
    am_json_open(json, '{');
    if (am_amount_parts(amount, part))
        for (int i = 0; i < AM_SHARE_COUNT; i++) {
            if (part[i] == 0) continue;
            am_json_quote(json);
            am_write_text(json, am_share_names[i]);
            AM_WRITE(json, "\":");
            am_json_int(json, part[i]);
        }
    am_json_close(json, '}');
}

static void write_named_formula(am_writer *json, const am_formula *formula, am_formula_reading *reading, int64_t saved)
{
    am_formula_answer answer = am_formula_evaluate(formula, reading);
    int64_t value = am_amount_total(&answer.all);
    bool comparable = strcmp(formula->unit, "bytes") == 0; /* with the whole model's saved bytes */
    am_json_open(json, '{');
    AM_PUT_PLAIN(json, "id", formula->id);
#ifndef AM_FIRST
    am_json_formula_words(json, formula);
#endif
    AM_PUT_FIGURE(json, "bytes", value);
    AM_PUT_FIGURE(json, "layer_bytes", am_amount_total(&answer.layer));
    AM_PUT_RATIO(json, "ratio", comparable ? value : -1, saved);
    AM_KEY(json, "parts");
    write_parts_of(json, &answer.all);
    AM_KEY(json, "layer_parts");
    write_parts_of(json, &answer.layer);
    am_json_close(json, '}');
}

void am_json_formulas(am_writer *json, const am_config *config, int64_t saved)
{
    am_formula_reading reading;
    am_formula_read(&reading, config);
    AM_OPEN(json, "formulas", "[");
    for (int i = 0; i < am_formula_count; i++) write_named_formula(json, &am_formulas[i], &reading, saved);
    am_json_close(json, ']');
}
