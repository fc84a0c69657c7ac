/* Checkpointing policies as text. */
#include <string.h>

#include "input.h"
#include "writer.h"

/* What follows the name. */
typedef enum number { NO_NUMBER, LAYERS_EACH, LAYERS, BYTES, OPERATIONS } number;

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
    {"save:", AM_POLICY_SAVE_LIST, OPERATIONS}, /* behind those with names of their own */
    {"modules:core_attn", AM_POLICY_CORE_ATTENTION, NO_NUMBER},
    {"budget:", AM_POLICY_BUDGET, BYTES},
};

enum { POLICY_COUNT = sizeof policies / sizeof *policies };

/* Policies that exist elsewhere; a name that ends with a colon stands for all that begin so. */
static const char *const not_covered[] = {"offload", "revolve:", "rotor:", "modules:"};

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

static am_code read_bytes(am_policy *policy, const am_config *config, int i, am_status *status)
{
    const char *text = config->checkpoint + strlen(policies[i].name);
    if (am_read_bytes(text, strlen(text), &policy->count) && policy->count > 0 && policy->count <= AM_MAX_BYTES)
        return AM_OK;
    return am_fail(status, AM_BAD_VALUE, "checkpoint",
                   "checkpoint=%s must be followed by a size such as 20GiB, not '%s'", policies[i].name, text);
}

/* Views have nothing of their own to keep, and what a gradient never passes is no operation to PyTorch's checkpoints. */
static bool can_be_kept(am_op op)
{
    return !am_ops[op].alias && op != AM_OP_CHECKPOINT && am_ops[op].backward[0].kind != AM_END;
}

/* ATen's names, and ours of the attention kernels with sdpa for both. Operations of one name are kept together. */
static bool add_operation(am_policy *policy, const char *name, size_t length)
{
    bool found = false;
    for (int op = 0; op < AM_OP_COUNT; op++) {
        bool attention = op == AM_OP_FLASH_ATTENTION || op == AM_OP_EFFICIENT_ATTENTION;
        const char *own = am_ops[op].name;
        bool named = strlen(own) == length && strncmp(own, name, length) == 0;
        bool sdpa = attention && length == 4 && strncmp(name, "sdpa", 4) == 0;
        if (!can_be_kept((am_op)op) || !(named || sdpa)) continue;
        if (policy->ops[op / 64] >> op % 64 & 1) return false; /* twice */
        policy->ops[op / 64] |= (uint64_t)1 << op % 64;
        found = true;
    }
    return found;
}

static am_code read_operations(am_policy *policy, const am_config *config, int i, am_status *status)
{
    const char *at = config->checkpoint + strlen(policies[i].name);
    for (bool more = true; more;) {
        size_t length = strcspn(at, ",");
        char name[AM_TEXT_SIZE];
        am_copy_text(name, sizeof name, at, length);
        if (!add_operation(policy, at, length))
            return am_fail(status, AM_BAD_VALUE, "checkpoint",
                           "checkpoint=save: takes matmuls, half-matmuls or a list of ATen's operations, each once "
                           "(mm,addmm,bmm,sdpa,silu,gelu,mul,softmax,…), not '%s'",
                           name);
        more = at[length] == ',';
        at += length + more;
    }
    return AM_OK;
}

/* What follows a policy's name. */
static am_code read_rest(am_policy *policy, const am_config *config, int i, am_status *status)
{
    switch (policies[i].number) {
    case NO_NUMBER: return AM_OK;
    case BYTES: return read_bytes(policy, config, i, status);
    case OPERATIONS: return read_operations(policy, config, i, status);
    default: return read_count(policy, config, i, status);
    }
}

static am_code refuse(const char *text, am_status *status)
{
    for (size_t i = 0; i < sizeof not_covered / sizeof *not_covered; i++)
        if (matches(text, not_covered[i]))
            return am_fail(status, AM_UNSUPPORTED, "checkpoint",
                           "checkpoint=%s is not covered yet; save:OP,OP, budget:BYTES and modules:core_attn are",
                           text);
    return am_fail(status, AM_BAD_VALUE, "checkpoint",
                   "checkpoint must be none, full, every:K, uniform:K, block:N, sqrt, best, "
                   "save:matmuls, save:half-matmuls, save:OP,OP, modules:core_attn or budget:BYTES, not '%s'",
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
        if (read_rest(&next, config, i, status) != AM_OK) return status->code;
        *policy = next;
        return AM_OK;
    }
    return refuse(config->checkpoint, status);
}

static void write_operations(am_writer *writer, am_policy policy)
{
    bool first = true;
    for (int op = 0; op < AM_OP_COUNT; op++) {
        bool written = !(policy.ops[op / 64] >> op % 64 & 1);
        for (int i = 0; i < op && !written; i++)
            written = policy.ops[i / 64] >> i % 64 & 1 && strcmp(am_ops[i].name, am_ops[op].name) == 0;
        if (written) continue;
        if (!first) am_write_char(writer, ',');
        am_write_text(writer, am_ops[op].name);
        first = false;
    }
}

const char *am_policy_text(am_policy policy, char *buffer, size_t size)
{
    am_writer writer = am_writer_of(buffer, size);
    for (int i = 0; i < POLICY_COUNT; i++) {
        if (policies[i].kind != policy.kind) continue;
        am_write_text(&writer, policies[i].name);
        if (policies[i].number == OPERATIONS)
            write_operations(&writer, policy);
        else if (policies[i].number != NO_NUMBER)
            am_write_int(&writer, policy.count);
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
