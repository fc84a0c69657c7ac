/* Checkpointing policies as text. */
#include <string.h>

#include "input.h"
#include "writer.h"

/* What follows the name. */
typedef enum number { NO_NUMBER, LAYERS_EACH, LAYERS, SLOTS, SIZE } number;

static const struct {
    const char *name; /* with its colon, where a number follows */
    am_policy_kind kind;
    number number;
} policies[] = {
    {"none", AM_POLICY_NONE, NO_NUMBER},
    {"full", AM_POLICY_FULL, NO_NUMBER},
    {"every:", AM_POLICY_EVERY, LAYERS_EACH},
    {"uniform:", AM_POLICY_UNIFORM, LAYERS_EACH},
    {"block:", AM_POLICY_BLOCK, LAYERS},
    {"sqrt", AM_POLICY_SQRT, NO_NUMBER},
    {"best", AM_POLICY_BEST_SEGMENTS, NO_NUMBER},
    {"save:matmuls", AM_POLICY_SAVE_MATMULS, NO_NUMBER},
    {"save:half-matmuls", AM_POLICY_SAVE_HALF_MATMULS, NO_NUMBER},
    {"modules:core_attn", AM_POLICY_CORE_ATTENTION, NO_NUMBER},
#ifndef AM_FIRST /* core.wasm knows none of these, and leaves them to whole.wasm as it does every error */
    {"revolve:", AM_POLICY_REVOLVE, SLOTS},
    {"rotor:", AM_POLICY_ROTOR, SIZE},
    {"offload", AM_POLICY_OFFLOAD, NO_NUMBER},
    {"unsloth", AM_POLICY_OFFLOAD, NO_NUMBER}, /* another name of it */
    {"offload:saved", AM_POLICY_OFFLOAD_SAVED, NO_NUMBER},
    {"partition", AM_POLICY_PARTITION, NO_NUMBER},
    {"partition:cpu", AM_POLICY_PARTITION_HOST, NO_NUMBER},
#endif
};

enum { POLICY_COUNT = sizeof policies / sizeof *policies };

/* Policies that exist elsewhere; a name that ends with a colon stands for all that begin so. */
static const char *const not_covered[] = {"budget:", "save:", "modules:"};

static bool begins_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

static bool matches(const char *text, const char *name)
{
    return name[strlen(name) - 1] == ':' ? begins_with(text, name) : strcmp(text, name) == 0;
}

/* Chen et al. 2016: as many segments as the root of the number of layers, rounded; layers in each, rounded up. */
static int64_t layers_of_root_segments(int64_t layers)
{
    int64_t segments = 1;
    while (segments * segments + segments < layers)
        segments++; /* (n + 1/2)^2 lies between n^2 + n and the next whole number */
    return (layers + segments - 1) / segments;
}

static am_code read_count(am_policy *policy, const am_config *config, int i, am_status *status)
{
    const char *text = config->checkpoint + strlen(policies[i].name);
    int64_t first = policies[i].number == LAYERS ? 0 : 1;
    if (!am_read_integer(text, strlen(text), &policy->count))
        return am_fail(status, AM_BAD_VALUE, "checkpoint",
                       "checkpoint=%s must be followed by a number of layers, not '%s'", policies[i].name, text);
    if (policy->count < first || policy->count > config->layers)
        return am_fail(status, AM_OUT_OF_RANGE, "checkpoint",
                       "checkpoint=%s takes from %d to the model's %d layers, not %s", policies[i].name, first,
                       config->layers, text);
    return AM_OK;
}

static am_code read_slots(am_policy *policy, const am_config *config, const char *text, am_status *status)
{
    if (!am_read_integer(text, strlen(text), &policy->count))
        return am_fail(status, AM_BAD_VALUE, "checkpoint",
                       "checkpoint=revolve: must be followed by a number of checkpoints held at once, not '%s'", text);
    if (policy->count < 1 || policy->count > config->layers)
        return am_fail(status, AM_OUT_OF_RANGE, "checkpoint",
                       "checkpoint=revolve: takes from 1 checkpoint at once to one for each of the model's %d layers, not %s",
                       config->layers, text);
    return AM_OK;
}

static am_code read_size(am_policy *policy, const char *text, am_status *status)
{
    if (am_read_bytes(text, strlen(text), &policy->count) && policy->count > 0 && policy->count <= AM_MAX_BYTES)
        return AM_OK;
    return am_fail(status, AM_BAD_VALUE, "checkpoint",
                   "checkpoint=rotor: must be followed by a size such as 20GiB, 24GB or 1000000, not '%s'", text);
}

static am_code read_number(am_policy *policy, const am_config *config, int i, am_status *status)
{
    const char *text = config->checkpoint + strlen(policies[i].name);
    switch (policies[i].number) {
    case NO_NUMBER: break;
    case LAYERS_EACH:
    case LAYERS: return read_count(policy, config, i, status);
    case SLOTS: return read_slots(policy, config, text, status);
    case SIZE: return read_size(policy, text, status);
    }
    return AM_OK;
}

static am_code refuse(const char *text, am_status *status)
{
    for (size_t i = 0; i < sizeof not_covered / sizeof *not_covered; i++)
        if (matches(text, not_covered[i]))
            return am_fail(status, AM_UNSUPPORTED, "checkpoint",
                           "checkpoint=%s is not covered yet; save:matmuls, save:half-matmuls and "
                           "modules:core_attn are",
                           text);
    return am_fail(status, AM_BAD_VALUE, "checkpoint",
                   "checkpoint must be none, full, every:K, uniform:K, block:N, sqrt, best, "
                   "save:matmuls, save:half-matmuls, modules:core_attn, revolve:C, rotor:BYTES, offload, offload:saved, "
                   "partition or partition:cpu, not '%s'",
                   text);
}

am_code am_policy_parse(am_policy *policy, const am_config *config, am_status *status)
{
    *status = (am_status){0};
    if (config->layers < 1)
        return am_fail(status, AM_MISSING, "layers", "checkpoint needs the number of layers: give layers");
    for (int i = 0; i < POLICY_COUNT; i++) {
        if (!matches(config->checkpoint, policies[i].name)) continue;
        am_policy next = {.kind = policies[i].kind, .reentrant = config->reentrant == 1};
        if (next.kind == AM_POLICY_SQRT) next.count = layers_of_root_segments(config->layers);
        if (read_number(&next, config, i, status) != AM_OK) return status->code;
        if (am_policy_moves(next) && next.kind != AM_POLICY_OFFLOAD_SAVED) next.reentrant = true; /* by their code */
        *policy = next;
        return AM_OK;
    }
    return refuse(config->checkpoint, status);
}

const char *am_policy_text(am_policy policy, char *buffer, size_t size)
{
    am_writer writer = am_writer_of(buffer, size);
    for (int i = 0; i < POLICY_COUNT; i++) {
        if (policies[i].kind != policy.kind) continue;
        am_write_text(&writer, policies[i].name);
        if (policies[i].number != NO_NUMBER) am_write_int(&writer, policy.count);
        break;
    }
    if (am_writer_end(&writer) == 0 && size > 0) buffer[0] = '\0';
    return buffer;
}

bool am_policy_is_schedule(am_policy policy)
{
    return policy.kind == AM_POLICY_REVOLVE || policy.kind == AM_POLICY_ROTOR;
}

bool am_policy_moves(am_policy policy)
{
    return policy.kind >= AM_POLICY_OFFLOAD && policy.kind <= AM_POLICY_PARTITION_HOST;
}

int64_t am_policy_segment(am_policy policy)
{
    switch (policy.kind) {
    case AM_POLICY_EVERY:
    case AM_POLICY_UNIFORM:
    case AM_POLICY_SQRT:
    case AM_POLICY_BEST_SEGMENTS: return policy.count;
    default: return 0;
    }
}
