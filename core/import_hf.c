/* A Hugging Face config.json as transformers 5.23 reads it. */
#include <string.h>

#include "import_hf.h"
#include "input.h"
#include "wiring.h"

/* ---- keys */

static am_code read_value(int64_t *number, const am_document *document, am_json_value value, const char *key,
                          const am_field *field, am_status *status)
{
    am_code code;
    char quote[48];
    if (field == &am_fields[AM_F_attention_softcap] || field == &am_fields[AM_F_logit_softcap]) { /* a number: on */
        code = am_document_ratio(document, value, key, number, status);
        *number = 1;
        return code;
    }
    switch (field->kind) {
    case AM_KIND_FLAG: return am_document_flag(document, value, key, number, status);
    case AM_KIND_RATIO:
        code = am_document_ratio(document, value, key, number, status);
        if (code != AM_OK || (*number >= 0 && *number < AM_MILLION)) return code;
        return am_fail(status, AM_OUT_OF_RANGE, key, "%s must be a probability from 0 to below 1, not %s", key,
                       am_document_quote(document, value, quote, sizeof quote));
    default: break;
    }
    int64_t least = field->least > 1 ? field->least : 1; /* where 0 would mean none, the file has null */
    if (field == &am_fields[AM_F_dense_layers]) least = 0;
    code = am_document_integer(document, value, key, number, status);
    if (code != AM_OK || (*number >= least && *number <= field->most)) return code;
    return am_fail(status, AM_OUT_OF_RANGE, key, "%s must be from %d to %d, not %s", key, least, field->most,
                   am_document_quote(document, value, quote, sizeof quote));
}

/* A list of each layer's MLP, in place of a number. */
static const char mlp_kinds[] = "mlp_layer_types";

static am_code read_dense_layers(int64_t *number, const am_document *document, am_json_value list, am_status *status)
{
    *number = am_document_first(document, list, "dense", "sparse");
    if (*number >= 0) return AM_OK;
    return am_fail(status, AM_UNSUPPORTED, mlp_kinds, "%s: covered are dense layers before all sparse ones", mlp_kinds);
}

/* A list that says of each layer which kind it is of; *key: its name. */
static am_json_value find_kinds(const am_document *document, int64_t family, const char **key)
{
    const am_wiring *wiring = am_wiring_of_family(family);
    *key = wiring->window == AM_WINDOW_FIRST_KIND ? "layer_types" : "no_rope_layers";
    am_json_value list = wiring->period ? am_document_find(document, *key) : 0;
    return list && !am_document_is_null(document, list) ? list : 0;
}

static am_code read_key(am_config *config, const am_document *document, const am_hf_key *from, am_status *status)
{
    const am_field *field = &am_fields[from->field];
    int64_t *number = am_field_number(config, field);
    const char *key = from->key, *list;
    bool listed = from->field == AM_F_layer_period && find_kinds(document, config->family, &list);
    am_json_value value = listed ? 0 : am_document_find(document, key); /* the list counts, not the number beside it */
    am_json_value other = from->alias ? am_document_find(document, from->alias) : 0;
    if (value && other)
        return am_fail(status, AM_BAD_CONFIG, key, "%s and %s are the same, and both are given", key, from->alias);
    if (other) {
        key = from->alias;
        value = other;
    }
    *number = value ? from->null : from->absent;
    if (!value || (from->null != AM_NOT_NULL && am_document_is_null(document, value))) return AM_OK;
    if (strcmp(key, mlp_kinds) == 0) return read_dense_layers(number, document, value, status);
    return read_value(number, document, value, key, field, status);
}

static am_code read_keys(am_config *config, const am_document *document, const am_hf_type *type, am_status *status)
{
    am_code code = AM_OK;
    for (int i = 0; i < type->keys && code == AM_OK; i++) code = read_key(config, document, &type->key[i], status);
    return code;
}

/* ---- layers of two kinds */

static am_code read_period(am_config *config, const am_document *document, am_status *status)
{
    const char *key;
    am_json_value list = find_kinds(document, config->family, &key);
    bool windows = am_wiring_of_family(config->family)->window == AM_WINDOW_FIRST_KIND;
    if (!list || !am_wiring_takes_turns(config)) return AM_OK;
    bool first = am_wiring_of_family(config->family)->other_first;
    int64_t period = windows ? am_document_period(document, list, "full_attention", "sliding_attention", first)
                             : am_document_period(document, list, "0", "1", false);
    if (period < 1 || period > am_fields[AM_F_layer_period].most)
        return am_fail(status, AM_UNSUPPORTED, key,
                       first ? "%s: covered is that the first of every 2 to %d layers is of the other kind"
                             : "%s: covered is that every second to every %dth layer is of the other kind", key,
                       am_fields[AM_F_layer_period].most);
    config->layer_period = period;
    return AM_OK;
}

/* ---- activations */

typedef struct activation {
    const char *name; /* in transformers' ACT2FN */
    int64_t value;
} activation;

static const activation plain[] = {{"gelu_new", AM_GELU_NEW}, {"gelu", AM_GELU}, {"gelu_pytorch_tanh", AM_GELU_TANH},
                                   {"relu", AM_RELU},         {"silu", AM_SILU}, {"swish", AM_SILU},
                                   {"gelu_fast", AM_GELU_FAST}, {"relu2", AM_RELU2}, {"xielu", AM_XIELU}};
static const activation gated[] = {
    {"silu", AM_SWIGLU}, {"swish", AM_SWIGLU}, {"gelu", AM_GEGLU}, {"gelu_pytorch_tanh", AM_GEGLU_TANH}};

static am_code find_activation(am_config *config, const activation *list, size_t count, const char *key,
                               const char *name, am_status *status)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(list[i].name, name) != 0) continue;
        config->activation = list[i].value;
        return AM_OK;
    }
    return am_fail(status, AM_UNSUPPORTED, key, "%s=%s is not covered; %s", key, name,
                   list == gated ? "silu, gelu and gelu_pytorch_tanh are"
                                 : "gelu_new, gelu, gelu_pytorch_tanh, relu, silu, gelu_fast, relu2 and xielu are");
}

/* Leaves AM_AUTO, the family's own, where the file names none. */
static am_code read_activation(am_config *config, const am_document *document, const char *key, am_status *status)
{
    char name[32];
    if (!key) return AM_OK; /* its code has one */
    am_code code = am_document_name(document, key, name, sizeof name, status);
    if (code != AM_OK || name[0] == '\0') return code;
    if (config->family == AM_FAMILY_GEMMA && strcmp(name, "gelu") == 0) /* its first files say so and mean the tanh form */
        memcpy(name, "gelu_pytorch_tanh", sizeof "gelu_pytorch_tanh");
    if (!am_activation_is_gated(am_wiring_of_family(config->family)->activation))
        return find_activation(config, plain, sizeof plain / sizeof *plain, key, name, status);
    return find_activation(config, gated, sizeof gated / sizeof *gated, key, name, status);
}

/* ---- rotary positions on a part of each head */

/* The share that is rotated, by the name that a file has for it: in rope_parameters, or older, beside it. */
static am_json_value find_rotary_share(const am_document *document, int64_t family, const char **key)
{
    *key = "partial_rotary_factor";
    am_json_value rope = am_document_find(document, "rope_scaling");
    if (!rope || am_document_is_null(document, rope)) rope = am_document_find(document, "rope_parameters");
    am_json_value share = rope ? am_document_member(document, rope, *key) : 0;
    if (share) return share;
    if (family == AM_FAMILY_NEOX) *key = "rotary_pct";
    return am_document_find(document, *key);
}

static am_code read_rotary_dim(am_config *config, const am_document *document, am_status *status)
{
    const char *key;
    bool whole = !am_wiring_of_family(config->family)->rotary_quarters;
    if (whole || config->rotary_dim != AM_AUTO || config->head_dim == AM_AUTO) return AM_OK;
    am_json_value value = find_rotary_share(document, config->family, &key);
    char quote[48];
    int64_t share;
    am_code code = value ? am_document_ratio(document, value, key, &share, status) : AM_OK;
    if (code != AM_OK || !value) return code;
    if (share < 0 || share > AM_MILLION)
        return am_fail(status, AM_OUT_OF_RANGE, key, "%s must be from 0 to 1, not %s", key,
                       am_document_quote(document, value, quote, sizeof quote));
    int64_t turned = config->head_dim * share / AM_MILLION;
    bool by_number = config->family == AM_FAMILY_PHI || config->family == AM_FAMILY_STABLELM; /* others: the table's width */
    if (by_number && turned % 2 != 0)
        return am_fail(status, AM_OUT_OF_RANGE, key, "%s must leave an even number of a head's %d elements, not %d", key,
                       config->head_dim, turned);
    config->rotary_dim = am_even(turned);
    return AM_OK;
}

/* One key and value head for all query heads, unless the file says otherwise. */
static am_code read_multi_query(am_config *config, const am_document *document, am_status *status)
{
    if (config->family != AM_FAMILY_BIGCODE && (config->family != AM_FAMILY_FALCON || config->new_decoder)) return AM_OK;
    int64_t one = 1;
    am_json_value value = am_document_find(document, "multi_query");
    am_code code = value ? am_document_flag(document, value, "multi_query", &one, status) : AM_OK;
    if (code != AM_OK) return code;
    if (!one && config->heads == 1 && config->family == AM_FAMILY_FALCON) /* cut otherwise, which kv_heads=1 cannot say */
        return am_fail(status, AM_UNSUPPORTED, "multi_query", "one head is covered as multi_query=true");
    config->kv_heads = one ? 1 : config->heads;
    return AM_OK;
}

/* DeepSeek-V2's experts are in groups where this key says so; else numbers of groups have no effect. */
static am_code read_expert_choice(am_config *config, const am_document *document, am_status *status)
{
    static const char key[] = "topk_method";
    char name[32];
    if (config->family != AM_FAMILY_DEEPSEEK_V2) return AM_OK;
    am_code code = am_document_name(document, key, name, sizeof name, status);
    if (code != AM_OK) return code;
    bool grouped = strcmp(name, "group_limited_greedy") == 0;
    if (!grouped && name[0] != '\0' && strcmp(name, "greedy") != 0)
        return am_fail(status, AM_UNSUPPORTED, key, "%s=%s is not covered: greedy, or group_limited_greedy", key, name);
    if (grouped && config->expert_groups == 1)
        return am_fail(status, AM_UNSUPPORTED, key, "one group is not covered with %s=%s: greedy chooses the same", key, name);
    if (!grouped) config->expert_groups = config->groups_per_token = 1;
    return AM_OK;
}

/* ---- import */

/* What the file says in other words, or leaves to the family's code. */
static void complete(am_config *config)
{
    const am_wiring *wiring = am_wiring_of_family(config->family);
    if (wiring->o_bias == AM_BIAS_AS_QKV) config->o_bias = config->qkv_bias;
    am_wiring_fill(config, wiring);
    if (config->kv_heads == AM_AUTO) config->kv_heads = config->heads;
    if (config->head_dim == AM_AUTO && config->hidden % config->heads == 0)
        config->head_dim = config->hidden / config->heads;
    if (config->ffn == AM_AUTO) config->ffn = config->experts > 0 ? config->moe_ffn : 4 * config->hidden;
    if (wiring->latent) config->head_dim += config->rotary_dim; /* the file has the other part of it */
    if (wiring->shared == AM_SHARED_ADDED || wiring->shared == AM_SHARED_FIRST) config->shared_ffn *= config->moe_ffn; /* the file counts experts */
    am_wiring_fill_experts(config, wiring);
}

/* Not inlined: two configurations in one frame would be above 2 KiB. */
__attribute__((noinline)) am_code am_config_import(am_config *config, const char *json, size_t length, am_status *status)
{
    *status = (am_status){0};
    am_document document;
    am_hf_type type;
    am_code code = am_document_read(&document, json, length, status);
    if (code == AM_OK) code = am_hf_find(&document, &type, status);
    if (code != AM_OK) return code;
    am_config next = *config;
    am_config_clear_model(&next);
    next.family = type.family;
    code = read_keys(&next, &document, &type, status);
    if (code == AM_OK) code = read_activation(&next, &document, type.activation, status);
    if (code == AM_OK) code = read_multi_query(&next, &document, status);
    if (code == AM_OK) code = read_expert_choice(&next, &document, status);
    if (code == AM_OK) code = read_period(&next, &document, status);
    if (code == AM_OK) code = am_hf_check(&next, &document, status);
    if (code != AM_OK) return code;
    complete(&next);
    code = read_rotary_dim(&next, &document, status);
    if (code == AM_OK) *config = next;
    return code;
}
