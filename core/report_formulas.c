/* The report's JSON of published formulas beside the true figure. In wasm it is a document of its own: see wasm/sources.c. */
#include "formulas.h"
#include "report.h"

static void write_text_or_null(am_writer *json, const char *text)
{
    if (text == NULL)
        am_json_null(json);
    else
        am_json_plain(json, text);
}

void am_json_formula_words(am_writer *json, const am_formula *formula)
{
    static const char *const compares[] = {NULL, "model", "layer"};
    AM_PUT_PLAIN(json, "name", formula->name);
    AM_PUT_PLAIN(json, "source", formula->source);
    AM_PUT_PLAIN(json, "expression", formula->expression);
    AM_KEY(json, "layer_expression");
    write_text_or_null(json, formula->layer);
    AM_KEY(json, "full_expression");
    write_text_or_null(json, formula->full);
    AM_PUT_PLAIN(json, "caveat", formula->caveat);
    AM_PUT_PLAIN(json, "unit", formula->unit);
    AM_KEY(json, "compares");
    write_text_or_null(json, compares[formula->compares]);
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
