/* The report's JSON: the total on one GPU against its memory, and what else would fit. */
#include "fit.h"
#include "query.h"
#include "report.h"

static void write_query(am_writer *json, const am_config *config, const am_preset *preset)
{
    am_query query = am_query_of(config, preset);
    AM_KEY(json, "query");
    am_json_quote(json);
    am_write_query(json, &query, config, preset);
    am_json_unquote(json);
}

static void write_answer(am_writer *json, const am_answer *answer, const am_preset *preset)
{
    am_json_quote(json);
    am_write_text(json, answer->id);
    AM_WRITE(json, "\":");
    am_json_open(json, '{');
    AM_PUT_FIGURE(json, "value", answer->found ? answer->value : -1);
    AM_PUT_INT(json, "tried", answer->value);
    AM_PUT_FIGURE(json, "total_bytes", answer->total);
    write_query(json, &answer->config, preset);
    if (answer->next > 0) {
        AM_OPEN(json, "next", "{");
        AM_PUT_INT(json, "value", answer->next);
        AM_PUT_FIGURE(json, "total_bytes", answer->next_total);
        AM_PUT_TEXT(json, "refused", answer->why);
        am_json_close(json, '}');
    }
    am_json_close(json, '}');
}

void am_json_fit(am_writer *json, const am_report *report)
{
    const am_fit *fit = &report->fit;
    int64_t bytes;
    const char *name;
    AM_OPEN(json, "fit", "{");
    AM_PUT_TEXT(json, "device", report->config.device);
    AM_PUT_INT(json, "rank", fit->rank);
    AM_PUT_FIGURE(json, "memory_bytes", fit->memory);
    AM_PUT_INT(json, "reserve_bytes", fit->reserve);
    AM_PUT_INT(json, "state_bytes", fit->total - fit->activations);
    AM_PUT_INT(json, "activation_peak_bytes", fit->activations);
    AM_PUT_BOOL(json, "gradients_stay", fit->gradients_stay);
    AM_PUT_INT(json, "total_bytes", fit->total);
    AM_KEY(json, "free_bytes");
    if (fit->memory < 0)
        am_json_null(json);
    else
        am_json_int(json, am_fit_free(fit));
    AM_KEY(json, "fits");
    if (fit->memory < 0)
        am_json_null(json);
    else
        am_json_bool(json, am_fit_fits(fit));
    AM_OPEN(json, "by", "[");
    for (int i = 0; (name = am_fit_part(fit, i, &bytes)); i++) {
        am_json_open(json, '{');
        AM_PUT_PLAIN(json, "name", name);
        AM_PUT_INT(json, "bytes", bytes);
        am_json_close(json, '}');
    }
    am_json_close(json, ']');
    if (report->answers > 0) {
        AM_OPEN(json, "answers", "{");
        for (int i = 0; i < report->answers; i++) write_answer(json, &report->answer[i], report->preset);
        am_json_close(json, '}');
    }
    am_json_close(json, '}');
}
