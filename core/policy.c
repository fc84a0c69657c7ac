/* Checkpointing policies as text. */
#include <string.h>

#include "input.h"
#include "writer.h"

/* What follows the name. */
typedef enum number { NO_NUMBER, LAYERS_EACH, LAYERS } number;

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
};

enum { POLICY_COUNT = sizeof policies / sizeof *policies };

/* Policies that exist elsewhere; a name that ends with a colon stands for all that begin so. */
static const char *const not_covered[] = {"offload", "revolve:", "rotor:", "budget:", "save:", "modules:"};

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
                   "save:matmuls, save:half-matmuls or modules:core_attn, not '%s'",
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
        if (policies[i].number != NO_NUMBER && read_count(&next, config, i, status) != AM_OK) return status->code;
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
    }
    if (am_writer_end(&writer) == 0 && size > 0) buffer[0] = '\0';
    return buffer;
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
