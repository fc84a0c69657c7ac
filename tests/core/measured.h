/* Holds actmem to one measured record of tests/fixtures: its figures, and the sequence of its allocations. */
#ifndef MEASURED_H
#define MEASURED_H

#include "every_layer.h"
#include "fixture.h"

static inline void expect_figure(json record, const char *key, int64_t got)
{
    json wanted = json_get(record, key);
    if (json_is_null(wanted)) return;
    char name[128], text[512];
    ck_assert_msg(got == json_int(wanted), "%s: %s is %lld, measured %lld (%s)",
                  json_text(json_get(record, "name"), name, sizeof name), key, (long long)got,
                  (long long)json_int(wanted), json_text(json_get(record, "text"), text, sizeof text));
}

/* Of what has been evaluated into fixture_report. */
static inline void expect_figures(json record)
{
    const am_outcome *outcome = &fixture_report.outcome;
    expect_figure(record, "parameters", fixture_report.parameters.total);
    expect_figure(record, "saved_bytes", fixture_report.saved_bytes);
    expect_figure(record, "live_after_forward", outcome->after_forward);
    expect_figure(record, "forward_peak", outcome->forward_peak);
    expect_figure(record, "backward_peak", outcome->backward_peak);
    expect_figure(record, "step_peak", outcome->step_peak);
    expect_figure(record, "gradient_bytes", outcome->gradient_bytes);
    expect_figure(record, "forward_flops", outcome->forward_flops);
    expect_figure(record, "recomputed_flops", outcome->recomputed_flops);
}

static am_allocation measured_events[8192];

typedef struct event_cursor {
    const char *name;
    int index;
} event_cursor;

static inline void compare_event(json event, void *data)
{
    event_cursor *at = data;
    char phase[8], operation[96];
    json_text(json_at(event, 0), phase, sizeof phase);
    json_text(json_at(event, 1), operation, sizeof operation);
    const am_allocation *got = &measured_events[at->index];
    ck_assert_msg((phase[0] == 'f') == (got->phase == AM_FORWARD), "%s: event %d (%s) lies in the other phase",
                  at->name, at->index, operation);
    ck_assert_msg(got->bytes == json_int(json_at(event, 2)), "%s: event %d (%s) is of %lld bytes, measured %lld",
                  at->name, at->index, operation, (long long)got->bytes, (long long)json_int(json_at(event, 2)));
    ck_assert_msg(got->live == json_int(json_at(event, 3)), "%s: after event %d (%s) live %lld bytes, measured %lld",
                  at->name, at->index, operation, (long long)got->live, (long long)json_int(json_at(event, 3)));
    at->index++;
}

/* Plays a record of every layer, in regions if the policy checkpoints, into measured_events. Returns how many there
 * are. */
static inline int play_allocations(const am_config *config)
{
    am_trace trace = {.allocation = measured_events,
                      .allocation_capacity = (int)(sizeof measured_events / sizeof *measured_events)};
    ck_assert_int_eq(play_every_layer(&trace, &fixture_workspace, &fixture_report.extents, config), AM_OK);
    return trace.allocations;
}

/* Plays what the record's `text` asks for, and compares each size and each live total. */
static inline void expect_allocations(json record)
{
    char name[96], text[512];
    json_text(json_get(record, "name"), name, sizeof name);
    am_config config = config_of(json_text(json_get(record, "text"), text, sizeof text));
    int count = play_allocations(&config);
    json measured = json_get(record, "allocations");
    event_cursor at = {name, 0};
    json_each(measured, compare_event, &at);
    ck_assert_msg(count == json_size(measured), "%s: %d allocations, measured %d", name, count, json_size(measured));
}

#endif
