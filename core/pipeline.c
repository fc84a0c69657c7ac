/* Pipeline stages (stack=paper): which layers a rank has, how many chunks of them are in flight, and what that keeps.
 * 1F1B, and its interleaved form with v chunks a rank. Source: Korthikanti et al. 2022, section 4.2.3; Megatron-LM
 * schedules.py (warm-up counts). */
#include "bytes.h"

/* Chunks of layers / v layers whose activations a rank holds at most, with micro-batches enough to fill the
 * pipeline. */
static int64_t in_flight(int64_t rank, int64_t stages, int64_t chunks)
{
    return chunks == 1 ? stages - rank : 2 * (stages - rank - 1) + (chunks - 1) * stages + 1;
}

/* Bytes of the model's layers, embedding and head on a report without pipeline. */
static int64_t bytes_outside(const am_report *report, bool first, bool last)
{
    int64_t bytes = 0;
    for (int i = 0; i < report->rows; i++) {
        if (report->row[i].kind != AM_KIND_OUTSIDE) continue;
        bool before = report->row[i].row.zone == 0;
        if (before ? first : last) bytes += report->row[i].row.bytes;
    }
    return bytes;
}

static int64_t one_layer(const am_report *report)
{
    const am_kind *kind = &report->kind[report->kinds - 1];
    return kind->bytes / kind->layers_each;
}

am_code am_ranks_read(am_report *report)
{
    const am_config *config = &report->config;
    int64_t stages = config->pp, chunks = config->vpp, layers = config->layers / stages;
    if (stages > AM_MAX_RANKS) return AM_CAPACITY;
    for (int64_t i = 0; i < stages; i++) {
        am_rank *rank = &report->rank[i];
        *rank = (am_rank){.rank = i, .layers = layers, .in_flight = in_flight(i, stages, chunks), .peak_bytes = -1};
        rank->layer_bytes = one_layer(report);
        int64_t held = am_mul_checked(rank->in_flight, am_mul_checked(layers / chunks, rank->layer_bytes));
        int64_t embedding = am_mul_checked(stages, bytes_outside(report, i == 0, false));
        rank->saved_bytes =
            am_add_checked(held, am_add_checked(embedding, bytes_outside(report, false, i == stages - 1)));
        if (rank->saved_bytes < 0) return AM_TOO_LARGE;
    }
    report->ranks = (int)stages;
    if (stages > 1) return AM_OK;
    report->rank[0].saved_bytes = report->saved_bytes;
    report->rank[0].peak_bytes = report->outcome.step_peak;
    return AM_OK;
}
