/* The report's JSON: what the step's live bytes are of. */
#include "report.h"

static bool is_nothing(const am_live_parts *parts, int points, int part)
{
    int64_t any = parts->after_forward[part];
    for (int i = 0; i < points; i++) any |= parts->live[part][i];
    return any == 0;
}

static void write_parts(am_writer *json, int points, const am_live_parts *parts)
{
    AM_OPEN(json, "timeline_parts", "[");
    for (int i = 0; i < AM_LIVE_COUNT; i++) {
        if (is_nothing(parts, points, i)) continue;
        am_json_open(json, '{');
        AM_PUT_PLAIN(json, "part", am_live_name((am_live)i));
        AM_PUT_BOOL(json, "saved", i < AM_COMPONENT_COUNT);
        AM_KEY(json, "bytes");
        am_json_ints(json, points, parts->live[i]);
        am_json_close(json, '}');
    }
    am_json_close(json, ']');
}

static void write_station(am_writer *json, const am_station *station, const am_point *point)
{
    am_json_open(json, '{');
    AM_PUT_PLAIN(json, "station", station->name);
    if (station->point >= 0) {
        const am_point *own = &point[station->point];
        const am_place place = {own->phase, own->layer, own->module, own->op};
        AM_PUT_INT(json, "point", station->point);
        AM_KEY(json, "at");
        am_json_place(json, &place);
    }
    AM_PUT_INT(json, "bytes", station->bytes);
    AM_OPEN(json, "parts", "[");
    for (int i = 0; i < AM_LIVE_COUNT; i++) {
        if (station->part[i] == 0) continue;
        am_json_open(json, '{');
        AM_PUT_PLAIN(json, "part", am_live_name((am_live)i));
        AM_PUT_INT(json, "bytes", station->part[i]);
        am_json_close(json, '}');
    }
    am_json_close(json, ']');
    am_json_close(json, '}');
}

static void write_stations(am_writer *json, int points, const am_point *point, const am_live_parts *parts,
                           int64_t after_forward)
{
    am_station station[AM_STATIONS];
    am_live_stations(station, points, point, parts, after_forward);
    AM_OPEN(json, "stations", "[");
    for (int i = 0; i < AM_STATIONS; i++) write_station(json, &station[i], point);
    am_json_close(json, ']');
}

void am_json_parts(am_writer *json, const am_report *report)
{
    const am_plain_step *plain = &report->plain;
    if (!report->parted) return;
    write_parts(json, report->points, &report->parts);
    write_stations(json, report->points, report->point, &report->parts, report->outcome.after_forward);
    if (plain->points == 0) return;
    AM_OPEN(json, "without_checkpointing", "{");
    AM_PUT_INT(json, "after_forward_bytes", plain->outcome.after_forward);
    AM_PUT_INT(json, "forward_peak_bytes", plain->outcome.forward_peak);
    AM_PUT_INT(json, "backward_peak_bytes", plain->outcome.backward_peak);
    AM_PUT_INT(json, "peak_bytes", plain->outcome.step_peak);
    AM_KEY(json, "peak_at");
    am_json_place(json, &plain->outcome.step_at);
    am_json_timeline(json, plain->points, plain->point);
    write_parts(json, plain->points, &plain->parts);
    write_stations(json, plain->points, plain->point, &plain->parts, plain->outcome.after_forward);
    am_json_close(json, '}');
}
