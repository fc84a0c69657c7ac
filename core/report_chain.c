/* The report's JSON: what a policy moves off the GPU and back, and the actions of a schedule. */
#include "reversal.h"
#include "policies.h"
#include "report.h"

/* Whose copies run beside the computation: Unsloth's are asked for without waiting; save_on_cpu's and DeepSpeed's are
 * waited for. */
static bool overlaps(am_policy policy)
{
    return policy.kind == AM_POLICY_OFFLOAD;
}

/* Microseconds on the link beyond what runs beside it. */
static int64_t exposed(const am_config *config, am_policy policy, const am_traffic *traffic)
{
    const int64_t picoseconds = 1000000;
    int64_t there = am_link_time(config, traffic->to_host), back = am_link_time(config, traffic->from_host);
    if (overlaps(policy)) {
        there -= traffic->forward_time / picoseconds;
        back -= traffic->backward_time / picoseconds;
    }
    return (there > 0 ? there : 0) + (back > 0 ? back : 0);
}

void am_json_traffic(am_writer *json, const am_config *config, am_policy policy, const am_traffic *traffic)
{
    if (!am_policy_moves(policy)) return;
    AM_OPEN(json, "offload", "{");
    AM_PUT_INT(json, "host_bytes", traffic->host_bytes);
    AM_PUT_INT(json, "weight_bytes", traffic->weight_bytes);
    AM_PUT_INT(json, "to_host_bytes", traffic->to_host);
    AM_PUT_INT(json, "from_host_bytes", traffic->from_host);
    AM_PUT_INT(json, "gathered_bytes", traffic->gathered);
    AM_PUT_INT(json, "to_host_us", am_link_time(config, traffic->to_host));
    AM_PUT_INT(json, "from_host_us", am_link_time(config, traffic->from_host));
    AM_OPEN(json, "overlap", "{");
    AM_PUT_BOOL(json, "possible", overlaps(policy));
    AM_PUT_INT(json, "forward_flops", overlaps(policy) ? traffic->forward_flops : 0);
    AM_PUT_INT(json, "recomputed_flops", overlaps(policy) ? traffic->recomputed_flops : 0);
    AM_PUT_TIME(json, "forward_time_us", overlaps(policy) ? traffic->forward_time : 0);
    AM_PUT_TIME(json, "backward_time_us", overlaps(policy) ? traffic->backward_time : 0);
    AM_PUT_INT(json, "exposed_us", exposed(config, policy, traffic));
    am_json_close(json, '}');
    am_json_close(json, '}');
}

/* How many states are stored at once at most, and how many steps are advanced over. */
static void count_actions(const am_schedule *schedule, int *most, int *advances)
{
    bool stored[AM_MAX_CHAIN + 1] = {false};
    int now = 0;
    *most = *advances = 0;
    for (int i = 0; i < schedule->count; i++) {
        const am_action *action = &schedule->action[i];
        if (action->kind == AM_ADVANCE) *advances += action->end - action->first;
        if (action->kind == AM_STORE) {
            stored[action->first] = true;
            now++;
        }
        if (action->kind == AM_BACK && stored[action->first]) {
            stored[action->first] = false;
            now--;
        }
        if (now > *most) *most = now;
    }
}

void am_write_actions(am_writer *writer, const am_schedule *schedule, int64_t layers, int width)
{
    static const char letters[AM_ACTION_COUNT] = {'S', 'A', 'T', 'B'};
    size_t start = writer->length;
    bool first = true;
    for (int i = 0; i < schedule->count; i++) {
        const am_action *action = &schedule->action[i];
        if (action->first == layers) continue;
        bool wraps = width > 0 && writer->length - start > (size_t)width - 12;
        if (wraps) AM_WRITE(writer, "\n");
        if (wraps) start = writer->length;
        if (width > 0 && (first || wraps)) AM_WRITE(writer, "  ");
        if (!first && !wraps) AM_WRITE(writer, " ");
        first = false;
        am_write_char(writer, letters[action->kind]);
        am_write_int(writer, action->first);
        if (action->kind != AM_ADVANCE) continue;
        AM_WRITE(writer, ":");
        am_write_int(writer, action->end);
    }
    if (width > 0) AM_WRITE(writer, "\n");
}

void am_json_schedule(am_writer *json, const am_report *report)
{
    int most, advances;
    if (report->schedule == NULL) return;
    count_actions(report->schedule, &most, &advances);
    AM_OPEN(json, "schedule", "{");
    AM_PUT_INT(json, "checkpoints", most);
    AM_PUT_INT(json, "advances", advances);
    if (report->schedule_unit > 0) AM_PUT_INT(json, "unit_bytes", report->schedule_unit);
    AM_KEY(json, "actions");
    am_json_quote(json);
    am_write_actions(json, report->schedule, report->config.layers, 0);
    am_json_unquote(json);
    am_json_close(json, '}');
}
