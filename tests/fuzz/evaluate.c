/* Whole evaluations: texts of inputs, drawn from the tables key by key. Whatever is changed at random instead is refused by the
 * parser nearly always. */
#include "input.h"
#include "invariants.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_PAIRS = 24 };

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t most);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    am_status status;
    am_config config = am_default_config();
    char text[AM_INPUT_SIZE + 1];
    if (size > AM_INPUT_SIZE) return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    if (am_config_parse(&config, text, &status) == AM_OK) expect_evaluation(&config);
    return 0;
}

/* ---- drawing ---- */

static uint32_t state;

/* Marsaglia's xorshift: a number below n. */
static int64_t below(int64_t n)
{
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return (int64_t)(state % (uint64_t)n);
}

#define ONE_OF(array) (array)[below((int64_t)(sizeof(array) / sizeof *(array)))]

/* Mostly small, since that is what divides and fits; now and then at the ends of the range. */
static int64_t draw_int(const am_field *field)
{
    static const int64_t usual[] = {1, 2, 3, 4, 5, 6, 8, 12, 16, 24, 32, 48, 64, 96, 100, 128, 256, 1000, 1024, 4096};
    int64_t value = ONE_OF(usual);
    if (below(40) == 0) value = below(2) ? field->least : field->most;
    if (below(6) == 0) value = below(130);
    return value < field->least ? field->least : value > field->most ? field->most : value;
}

static void draw_text(am_field_id id, char *text, size_t size)
{
    static const char *const policies[] = {"none", "full", "every:%d", "uniform:%d", "block:%d", "sqrt", "best", "save:matmuls",
                                           "save:half-matmuls", "save:mm,sdpa,silu", "save:addmm", "save:bmm,mul", "modules:core_attn",
                                           "modules:layernorm,mlp", "modules:moe,moe_act", "budget:%dMiB", "budget:%dGiB",
                                           "memory-budget:0.%d", "regions:%dx1", "regions:1x%d,1x0,2x1", "revolve:%d", "rotor:%dMiB", "rotor:%dGiB", "offload", "offload:saved",
                                           "partition", "partition:cpu"};
    static const char *const targets[] = {"q,v", "q", "q,k,v,o", "gate,up,down", "q,k,v,o,gate,up,down", "down"};
    static const char *const stages[] = {"", "1,1", "2,1", "1,2,1,1", "3,1", "2,2,2,2", "1,1,1,1"};
    static const char *const sizes[] = {"80GiB", "24GB", "512MiB", "1GiB", "3MiB"};
    switch ((int)id) {
    case AM_F_model: snprintf(text, size, "%s", am_presets[below(am_preset_count)].name); break;
    case AM_F_device: snprintf(text, size, "%s", am_devices[below(am_device_count)].id); break;
    case AM_F_lora_targets: snprintf(text, size, "%s", ONE_OF(targets)); break;
    case AM_F_stage_layers: snprintf(text, size, "%s", ONE_OF(stages)); break;
    case AM_F_checkpoint: {
        const char *policy = ONE_OF(policies), *number = strstr(policy, "%d");
        if (!number) snprintf(text, size, "%s", policy);
        else snprintf(text, size, "%.*s%d%s", (int)(number - policy), policy, 1 + (int)below(number[-1] == ':' ? 12 : 80), number + 2);
        break;
    }
    default: snprintf(text, size, "%s", ONE_OF(sizes));
    }
}

static void draw_value(am_field_id id, char *text, size_t size)
{
    static const char *const ratios[] = {"0", "0.1", "0.5", "1e-06"};
    const am_field *field = &am_fields[id];
    switch (field->kind) {
    case AM_KIND_INT: snprintf(text, size, "%lld", (long long)draw_int(field)); break;
    case AM_KIND_FLAG: snprintf(text, size, "%s", below(2) ? "yes" : "no"); break;
    case AM_KIND_CHOICE: am_choice_text(field->choices, below(am_choice_count(field->choices)), text, size); break;
    case AM_KIND_RATIO: snprintf(text, size, "%s", ONE_OF(ratios)); break;
    case AM_KIND_TEXT: draw_text(id, text, size); break;
    }
}

/* ---- changing one key of a text ---- */

typedef struct pairs {
    int count;
    am_field_id id[MOST_PAIRS];
    char value[MOST_PAIRS][AM_TEXT_SIZE];
} pairs;

static void read_pairs(pairs *found, const char *text)
{
    found->count = 0;
    for (const char *at = text; *at && found->count < MOST_PAIRS; at += *at == '&') {
        size_t length = strcspn(at, "&"), key = strcspn(at, "=");
        for (int i = 0; i < AM_FIELD_COUNT && key < length && length - key - 1 < AM_TEXT_SIZE; i++)
            if (strlen(am_fields[i].key) == key && strncmp(at, am_fields[i].key, key) == 0) {
                am_copy_text(found->value[found->count], AM_TEXT_SIZE, at + key + 1, length - key - 1);
                found->id[found->count++] = (am_field_id)i;
                break;
            }
        at += length;
    }
}

static int find_pair(const pairs *found, am_field_id id)
{
    int i = 0;
    while (i < found->count && found->id[i] != id) i++;
    return i;
}

static void change(pairs *found)
{
    /* Shapes that long evaluations come from are drawn as often as any other key, and no oftener. */
    bool remove = found->count > 1 && below(4) == 0;
    if (remove) {
        int i = (int)below(found->count);
        found->count--;
        found->id[i] = found->id[found->count];
        memmove(found->value[i], found->value[found->count], AM_TEXT_SIZE);
        return;
    }
    am_field_id id = (am_field_id)below(AM_FIELD_COUNT);
    if (below(6) == 0) id = AM_F_checkpoint;
    int i = find_pair(found, id);
    if (i == MOST_PAIRS) i = (int)below(MOST_PAIRS);
    if (i == found->count) found->count++;
    found->id[i] = id;
    draw_value(id, found->value[i], AM_TEXT_SIZE);
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed)
{
    static pairs found;
    char text[AM_INPUT_SIZE + 1];
    state = seed * 2654435761u | 1;
    if (size > AM_INPUT_SIZE || below(50) == 0) return LLVMFuzzerMutate(data, size, most);
    memcpy(text, data, size);
    text[size] = '\0';
    read_pairs(&found, text);
    for (int64_t i = 1 + below(4); i > 0; i--) change(&found);
    size_t length = 0;
    for (int i = 0; i < found.count && length < sizeof text; i++)
        length += (size_t)snprintf(text + length, sizeof text - length, "%s%s=%s", i ? "&" : "", am_fields[found.id[i]].key,
                                   found.value[i]);
    if (length > most) length = most;
    memcpy(data, text, length);
    return length;
}
