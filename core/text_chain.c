/* The report for people: what the chosen policy moves off the GPU, and a schedule's actions. */
#include "grid.h"
#include "policies.h"
#include "report.h"

static void write_microseconds(am_writer *out, int64_t time)
{
    am_write_ratio(out, time, 1000, time < 10000 ? 2 : 0, false);
    AM_WRITE(out, " ms");
}

/* What the chosen policy moves off the GPU, and back. */
void am_text_traffic(am_writer *out, const am_report *report)
{
    char text[512];
    am_writer line = am_writer_of(text, sizeof text);
    const am_traffic *traffic = &report->traffic;
    if (!am_policy_moves(report->policy)) return;
    AM_WRITE(out, "\nMoved in each step\n");
    if (traffic->host_bytes > 0) {
        am_text_size_in_full(&line, report, traffic->host_bytes);
        AM_WRITE(&line, " to the host");
        if (traffic->weight_bytes > 0) {
            AM_WRITE(&line, ", ");
            am_text_size(&line, report, traffic->weight_bytes);
            AM_WRITE(&line, " of it copies of weights");
        }
        AM_WRITE(&line, ", and back: ");
        write_microseconds(&line, am_link_time(&report->config, traffic->to_host));
        AM_WRITE(&line, " each way at ");
        am_write_thousands(&line, report->config.link_bandwidth);
        AM_WRITE(&line, " MB/s (link_bandwidth).");
        am_write_text(&line, report->policy.kind == AM_POLICY_OFFLOAD
                                 ? " The way there may overlap with the forward, the way back with the backward."
                                 : " The copies are waited for.");
    }
    if (traffic->gathered > 0) {
        if (traffic->host_bytes > 0) AM_WRITE(&line, " ");
        am_text_size_in_full(&line, report, traffic->gathered);
        AM_WRITE(&line, " gathered from the other ranks.");
    }
    am_write_line(out, &line, 2);
}

void am_text_schedule(am_writer *out, const am_report *report)
{
    if (report->schedule == NULL) return;
    AM_WRITE(out, "\nThe schedule: S stores a layer's input, A runs layers without keeping anything, T runs a layer and\n"
                  "keeps what its backward needs, B is its backward; layers count from 0\n");
    am_write_actions(out, report->schedule, report->config.layers, 100);
    if (report->schedule_unit <= 1) return;
    AM_WRITE(out, "  sizes rounded up to ");
    am_write_thousands(out, report->schedule_unit);
    AM_WRITE(out, " bytes where it was sought, not where it was played\n");
}
