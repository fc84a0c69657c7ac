/* Checkpointing policies as text. */
#include <string.h>

#include "bytes.h"
#include "input.h"
#include "lines.h"
#include "policies.h"
#include "writer.h"

#define LEAST_PLAIN 10000 /* bytes of a policy that are no slip for GiB or MiB */

/* What follows the name. */
typedef enum number { NO_NUMBER, LAYERS_EACH, LAYERS, BYTES, OPERATIONS, SLOTS, MODULES, SHARE, REGIONS } number;

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
#ifndef AM_FIRST /* core.wasm knows none of these, and leaves them to whole.wasm as it does every error */
    {"save:", AM_POLICY_SAVE_LIST, OPERATIONS}, /* behind those with names of their own */
    {"modules:", AM_POLICY_MODULES, MODULES},
    {"budget:", AM_POLICY_BUDGET, BYTES},
    {"regions:", AM_POLICY_REGIONS, REGIONS},
    {"memory-budget:", AM_POLICY_MEMORY_BUDGET, SHARE},
    {"revolve:", AM_POLICY_REVOLVE, SLOTS},
    {"rotor:", AM_POLICY_ROTOR, BYTES},
    {"offload", AM_POLICY_OFFLOAD, NO_NUMBER},
    {"unsloth", AM_POLICY_OFFLOAD, NO_NUMBER}, /* another name of it */
    {"offload:saved", AM_POLICY_OFFLOAD_SAVED, NO_NUMBER},
    {"partition", AM_POLICY_PARTITION, NO_NUMBER},
    {"partition:cpu", AM_POLICY_PARTITION_HOST, NO_NUMBER},
#endif
};

enum { POLICY_COUNT = sizeof policies / sizeof *policies };

static bool begins_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

static bool matches(const char *text, const char *name)
{
    return name[strlen(name) - 1] == ':' ? begins_with(text, name) : strcmp(text, name) == 0;
}

int64_t am_root_segment(int64_t layers)
{
    int64_t segments = 1;
    while (segments * segments + segments < layers)
        segments++; /* (n + 1/2)^2 lies between n^2 + n and the next whole number */
    return am_divide_up(layers, segments);
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

#ifndef AM_FIRST
static am_code read_slots(am_policy *policy, const am_config *config, int i, am_status *status)
{
    const char *text = config->checkpoint + strlen(policies[i].name);
    if (!am_read_integer(text, strlen(text), &policy->count))
        return am_fail(status, AM_BAD_VALUE, "checkpoint",
                       "checkpoint=revolve: must be followed by a number of checkpoints held at once, not '%s'", text);
    if (policy->count < 1 || policy->count > config->layers)
        return am_fail(status, AM_OUT_OF_RANGE, "checkpoint",
                       "checkpoint=revolve: takes from 1 checkpoint at once to one for each of the model's %d layers, not %s",
                       config->layers, text);
    return AM_OK;
}

/* Megatron's --recompute-modules, by AM_MODULE_'s bits. */
static const char modules[] = "core_attn|layernorm|mlp|moe|moe_act|mla_up_proj|shared_experts";

/* The index of a name of so many characters in a list; -1: not there. */
static int index_in(const char *list, const char *name, size_t length)
{
    for (int i = 0; i < am_choice_count(list); i++) {
        char text[16];
        if (strlen(am_choice_text(list, i, text, sizeof text)) == length && strncmp(text, name, length) == 0) return i;
    }
    return -1;
}

static am_code read_modules(am_policy *policy, const char *text, am_status *status)
{
    for (const char *name = text;; name++) {
        size_t length = strcspn(name, ",");
        int bit = index_in(modules, name, length);
        if (bit < 0)
            return am_fail(status, AM_BAD_VALUE, "checkpoint",
                           "checkpoint=modules: takes a list of core_attn, layernorm, mlp, moe, moe_act, mla_up_proj and "
                           "shared_experts, not '%s'", text);
        if (policy->modules >> bit & 1)
            return am_fail(status, AM_BAD_VALUE, "checkpoint", "checkpoint=modules:%s names one of its modules twice", text);
        policy->modules |= (uint8_t)(1 << bit);
        name += length;
        if (!*name) return AM_OK;
    }
}

static am_code read_share(am_policy *policy, const am_config *config, int i, am_status *status)
{
    const char *text = config->checkpoint + strlen(policies[i].name);
    if (am_read_millionths(text, strlen(text), &policy->count) && policy->count >= 0 && policy->count <= AM_MILLION)
        return AM_OK;
    return am_fail(status, AM_BAD_VALUE, "checkpoint",
                   "checkpoint=memory-budget: must be followed by a number from 0 (inputs alone) to 1 (everything), not '%s'", text);
}

/* "8x1,12x0,3x4" is regions of one layer eight times, twelve layers in none, regions of four three times. */
bool am_policy_next_regions(const char **list, am_regions *regions)
{
    const char *at = *list;
    size_t length = strcspn(at, ","), times = strcspn(at, "x");
    *regions = (am_regions){.count = 1};
    *list = at[length] ? at + length + 1 : NULL;
    if (times >= length) return am_read_integer(at, length, &regions->layers);
    return am_read_integer(at, times, &regions->count) && regions->count > 0 &&
           am_read_integer(at + times + 1, length - times - 1, &regions->layers);
}

static am_code read_regions(am_policy *policy, const am_config *config, int i, am_status *status)
{
    int64_t layers = 0;
    am_regions next;
    policy->regions = config->checkpoint + strlen(policies[i].name);
    for (const char *list = policy->regions; list;) {
        if (!am_policy_next_regions(&list, &next))
            return am_fail(
                status, AM_BAD_VALUE, "checkpoint",
                "checkpoint=regions: takes the layers of each region in order, 0 for a layer in none, Nx for N of "
                "them (8x1,12x0,3x4), not '%s'",
                policy->regions);
        int64_t more = am_mul_checked(next.count, next.layers > 0 ? next.layers : 1);
        layers = more < 0 || more > config->layers ? config->layers + 1 : layers + more;
        if (layers > config->layers) break;
    }
    if (layers == config->layers) return AM_OK;
    return am_fail(status, AM_OUT_OF_RANGE, "checkpoint",
                   "checkpoint=regions:%s is of %s than the model's %d layers: each of them has to be in it once",
                   policy->regions, layers < config->layers ? "fewer" : "more", config->layers);
}

static am_code read_bytes(am_policy *policy, const am_config *config, int i, am_status *status)
{
    const char *text = config->checkpoint + strlen(policies[i].name);
    am_code code = am_read_size("checkpoint", policies[i].name, text, LEAST_PLAIN, &policy->count, status);
    if (code != AM_OK || policy->count > 0) return code;
    return am_fail(status, AM_BAD_VALUE, "checkpoint", "checkpoint=%s must be followed by a size above 0, such as 20GiB, not '%s'",
                   policies[i].name, text);
}

/* ATen's names, and ours of the attention kernels with sdpa for both. Operations of one name are kept together. Views have nothing of
 * their own to keep, and neither what a gradient never passes nor a Python function with a kernel of its own is an operation to
 * PyTorch's checkpoints: none of these has a name of ATen's. */
static bool add_operation(am_policy *policy, const char *name, size_t length)
{
    bool found = false;
    for (int op = 0; op < AM_OP_COUNT; op++) {
        bool attention = op == AM_OP_FLASH_ATTENTION || op == AM_OP_EFFICIENT_ATTENTION || op == AM_OP_RING_ATTENTION;
        const char *own = am_ops[op].name;
        bool named = strlen(own) == length && strncmp(own, name, length) == 0;
        bool sdpa = attention && length == 4 && strncmp(name, "sdpa", 4) == 0;
        if (!am_aten_name((am_op)op) || !(named || sdpa)) continue;
        if (am_ops_has(policy->ops, op)) return false; /* twice */
        am_ops_add(policy->ops, op);
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
#endif

/* What follows a policy's name. */
static am_code read_rest(am_policy *policy, const am_config *config, int i, am_status *status)
{
    switch (policies[i].number) {
    case NO_NUMBER: return AM_OK;
#ifndef AM_FIRST
    case SHARE: return read_share(policy, config, i, status);
    case REGIONS: return read_regions(policy, config, i, status);
    case BYTES: return read_bytes(policy, config, i, status);
    case OPERATIONS: return read_operations(policy, config, i, status);
    case SLOTS: return read_slots(policy, config, i, status);
    case MODULES: return read_modules(policy, config->checkpoint + strlen(policies[i].name), status);
#endif
    default: return read_count(policy, config, i, status);
    }
}

static am_code refuse(const char *text, am_status *status)
{
    return am_fail(
        status, AM_BAD_VALUE, "checkpoint",
        "checkpoint must be none, full, every:K, uniform:K, block:N, sqrt, best, "
        "save:OP,OP, modules:A,B, budget:BYTES, regions:LIST, memory-budget:X, revolve:C, rotor:BYTES, offload, "
        "offload:saved, partition or partition:cpu, not '%s'",
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
        if (next.kind == AM_POLICY_SQRT) next.count = am_root_segment(config->layers);
        if (read_rest(&next, config, i, status) != AM_OK) return status->code;
        if (am_policy_moves(next) && next.kind != AM_POLICY_OFFLOAD_SAVED) next.reentrant = true; /* by their code */
        *policy = next;
        return AM_OK;
    }
    return refuse(config->checkpoint, status);
}

#ifndef AM_FIRST
static void write_operations(am_writer *writer, am_policy policy)
{
    bool first = true;
    for (int op = 0; op < AM_OP_COUNT; op++) {
        bool written = !am_ops_has(policy.ops, op);
        for (int i = 0; i < op && !written; i++)
            written = am_ops_has(policy.ops, i) && strcmp(am_ops[i].name, am_ops[op].name) == 0;
        if (written) continue;
        if (!first) am_write_char(writer, ',');
        am_write_text(writer, am_ops[op].name);
        first = false;
    }
}

static void write_modules(am_writer *writer, unsigned set)
{
    char name[16];
    for (int i = 0, count = 0; i < am_choice_count(modules); i++)
        if (set >> i & 1) {
            if (count++ > 0) AM_WRITE(writer, ",");
            am_write_text(writer, am_choice_text(modules, i, name, sizeof name));
        }
}
#endif

#ifndef AM_FIRST
const char *am_size_text(int64_t least, int64_t below, char *buffer, size_t size)
{
    static const char *const names[] = {"GiB", "MiB", "KiB", "B"};
    am_writer writer = am_writer_of(buffer, size);
    for (int i = 0;; i++) {
        int64_t unit = (int64_t)1 << (30 - 10 * i);
        for (int64_t one = 1, decimals = 0; decimals <= (i < 3 ? 2 : 0); one *= 10, decimals++) {
            int64_t count = am_divide_up(least * one, unit); /* at most 2^53 * 100 */
            if (i < 3 && count * unit / one >= below) continue;
            am_write_ratio(&writer, count, one, (int)decimals, true);
            am_write_text(&writer, names[i]);
            am_writer_end(&writer);
            return buffer;
        }
    }
}
#endif

const char *am_policy_text(am_policy policy, char *buffer, size_t size)
{
    am_writer writer = am_writer_of(buffer, size);
    int i = 0;
    while (policies[i].kind != policy.kind) i++;
    am_write_text(&writer, policies[i].name);
    switch (policies[i].number) {
    case NO_NUMBER: break;
#ifndef AM_FIRST
    case OPERATIONS: write_operations(&writer, policy); break;
    case MODULES: write_modules(&writer, policy.modules); break;
    case REGIONS: am_write_text(&writer, policy.regions); break;
    case SHARE: am_write_ratio(&writer, policy.count, AM_MILLION, 6, true); break;
    case BYTES:
        am_write_int(&writer, policy.count);
        if (policy.count < LEAST_PLAIN) AM_WRITE(&writer, "B");
        break;
#endif
    default: am_write_int(&writer, policy.count);
    }
    if (am_writer_end(&writer) == 0) buffer[0] = '\0';
    return buffer;
}

bool am_policy_is_schedule(am_policy policy)
{
    return policy.kind == AM_POLICY_REVOLVE || policy.kind == AM_POLICY_ROTOR;
}

bool am_policy_moves(am_policy policy)
{
    return policy.kind >= AM_POLICY_OFFLOAD; /* they come last */
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

bool am_policy_runs_layers_again(am_policy_kind kind)
{
    switch (kind) {
    case AM_POLICY_FULL:
    case AM_POLICY_EVERY:
    case AM_POLICY_UNIFORM:
    case AM_POLICY_BLOCK:
    case AM_POLICY_SQRT:
    case AM_POLICY_BEST_SEGMENTS:
    case AM_POLICY_REGIONS:
    case AM_POLICY_OFFLOAD:
    case AM_POLICY_PARTITION:
    case AM_POLICY_PARTITION_HOST: return true;
    default: return false;
    }
}
