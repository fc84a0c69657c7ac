/* What a config.json may not say: what would change the operations of its model. */
#include "import_hf.h"
#include "wiring.h"

#define ANY_FAMILY -1

/* Switches that change the operations. Off, null and absent are the same. */
static const struct {
    int family;
    const char *key, *what;
} switches[] = {
    {AM_FAMILY_BIGCODE, "add_cross_attention", "cross-attention"},
    {AM_FAMILY_BLOOM, "apply_residual_connection_post_layernorm", "a residual behind the norm"},
    {AM_FAMILY_FALCON, "alibi", "Falcon with linear biases (ALiBi)"},
    {AM_FAMILY_BLOOM, "slow_but_exact", "attention's projection in slices"},
    {AM_FAMILY_OPT, "_remove_final_layer_norm", "a model without its final norm"},
    {AM_FAMILY_GPT2, "reorder_and_upcast_attn", "attention upcast to fp32"},
    {AM_FAMILY_GPT2, "scale_attn_by_inverse_layer_idx", "attention scaled by the layer's index"},
    {AM_FAMILY_GPT2, "add_cross_attention", "cross-attention"},
    {AM_FAMILY_QWEN2, "use_sliding_window", "a sliding window in some layers"},
    {AM_FAMILY_QWEN3, "use_sliding_window", "a sliding window in some layers"},
    {AM_FAMILY_QWEN2_MOE, "use_sliding_window", "a sliding window in some layers"},
    {AM_FAMILY_QWEN3_MOE, "use_sliding_window", "a sliding window in some layers"},
    {ANY_FAMILY, "output_router_logits", "a loss that balances the experts"},
    {AM_FAMILY_GEMMA, "use_bidirectional_attention", "attention to later tokens"},
    {AM_FAMILY_GEMMA2, "use_bidirectional_attention", "attention to later tokens"},
    {AM_FAMILY_GEMMA3, "use_bidirectional_attention", "attention to later tokens"},
    {AM_FAMILY_SMOLLM3, "use_sliding_window", "a sliding window in some layers"},
    {AM_FAMILY_STABLELM, "qk_layernorm", "a norm on each head"},
};

static am_code check_switches(const am_document *document, int64_t family, am_status *status)
{
    for (size_t i = 0; i < sizeof switches / sizeof *switches; i++) {
        const char *key = switches[i].key;
        bool read = switches[i].family == family || switches[i].family == ANY_FAMILY;
        am_json_value value = read ? am_document_find(document, key) : 0;
        if (!value || am_document_is_null(document, value)) continue;
        int64_t on;
        am_code code = am_document_flag(document, value, key, &on, status);
        if (code != AM_OK) return code;
        if (on) return am_fail(status, AM_UNSUPPORTED, key, "%s is not covered: %s=false", switches[i].what, key);
    }
    return AM_OK;
}

/* Lists and numbers that change them: what a file may say, beside what has no effect. */
static am_code check_extras(const am_document *document, int64_t family, am_status *status)
{
    am_json_value drop = family == AM_FAMILY_OPT ? am_document_find(document, "layerdrop") : 0;
    am_json_value affine = family == AM_FAMILY_OPT ? am_document_find(document, "layer_norm_elementwise_affine") : 0;
    int64_t ratio = 0, norms = 1;
    am_code code = drop ? am_document_ratio(document, drop, "layerdrop", &ratio, status) : AM_OK;
    if (code == AM_OK && affine)
        code = am_document_flag(document, affine, "layer_norm_elementwise_affine", &norms, status);
    if (code != AM_OK) return code;
    am_json_value behind = family == AM_FAMILY_HYPERCLOVAX ? am_document_find(document, "use_post_norm") : 0;
    int64_t normed = 1;
    if (behind) code = am_document_flag(document, behind, "use_post_norm", &normed, status);
    if (code != AM_OK) return code;
    if (!normed)
        return am_fail(status, AM_UNSUPPORTED, "use_post_norm",
                       "without norms behind the branches it is a Granite: model_type granite, or use_post_norm=true");
    if (ratio != 0)
        return am_fail(status, AM_UNSUPPORTED, "layerdrop", "layers left out at random are not covered: layerdrop=0");
    am_json_value attention = family == AM_FAMILY_MPT ? am_document_find(document, "attn_config") : 0;
    am_json_value clip = attention ? am_document_member(document, attention, "clip_qkv") : 0;
    am_json_value loss = attention ? am_document_member(document, attention, "attn_pdrop") : 0;
    if (loss) code = am_document_ratio(document, loss, "attn_pdrop", &ratio, status);
    if (code != AM_OK) return code;
    if (ratio != 0) return am_fail(status, AM_UNSUPPORTED, "attn_config", "dropout is not covered here: attn_pdrop=0");
    if (clip && !am_document_is_null(document, clip))
        return am_fail(status, AM_UNSUPPORTED, "attn_config", "clipped queries and keys are not covered: clip_qkv=null");
    if (!norms)
        return am_fail(status, AM_UNSUPPORTED, "layer_norm_elementwise_affine",
                       "norms without weights are not covered: layer_norm_elementwise_affine=true");
    return AM_OK;
}

/* What makes the experts' layers others than are covered. */
static am_code check_experts(const am_document *document, int64_t family, am_status *status)
{
    bool qwen = family == AM_FAMILY_QWEN2_MOE || family == AM_FAMILY_QWEN3_MOE;
    bool ernie = family == AM_FAMILY_ERNIE4_5_MOE;
    const char *step_key = ernie ? "moe_layer_interval" : "decoder_sparse_step";
    am_json_value every = qwen || ernie ? am_document_find(document, step_key) : 0;
    am_json_value dense = qwen ? am_document_find(document, "mlp_only_layers") : 0;
    am_json_value clip = family == AM_FAMILY_OLMOE || family == AM_FAMILY_OLMO ? am_document_find(document, "clip_qkv") : 0;
    am_json_value pairs = am_wiring_of_family(family)->latent ? am_document_find(document, "rope_interleave") : 0;
    int64_t step = 1, interleaved = 1;
    am_code code = every ? am_document_integer(document, every, step_key, &step, status) : AM_OK;
    if (code == AM_OK && pairs) code = am_document_flag(document, pairs, "rope_interleave", &interleaved, status);
    if (code != AM_OK) return code;
    if (step != 1)
        return am_fail(status, AM_UNSUPPORTED, step_key, "layers without experts are not covered here: %s=1", step_key);
    if (dense && !am_document_is_null(document, dense) && !am_document_is_list_of(document, dense, ""))
        return am_fail(status, AM_UNSUPPORTED, "mlp_only_layers",
                       "layers without experts are not covered here: mlp_only_layers=[]");
    if (clip && !am_document_is_null(document, clip))
        return am_fail(status, AM_UNSUPPORTED, "clip_qkv", "clipped queries and keys are not covered: clip_qkv=null");
    if (!interleaved)
        return am_fail(status, AM_UNSUPPORTED, "rope_interleave",
                       "rotary halves are not covered here: rope_interleave=true");
    return AM_OK;
}

static am_code check_router(const am_document *document, int64_t family, am_status *status)
{
    static const char key[] = "router_jitter_noise";
    bool read = family == AM_FAMILY_MIXTRAL || family == AM_FAMILY_MINIMAX_M2;
    am_json_value noise = read ? am_document_find(document, key) : 0;
    int64_t jitter = 0;
    am_code code = noise ? am_document_ratio(document, noise, key, &jitter, status) : AM_OK;
    if (code != AM_OK || jitter == 0) return code;
    return am_fail(status, AM_UNSUPPORTED, key, "noise on what the router sees is not covered: %s=0", key);
}

static am_code check_layer_types(const am_document *document, int64_t family, am_status *status)
{
    am_json_value kinds = family == AM_FAMILY_MINISTRAL ? am_document_find(document, "layer_types") : 0;
    if (family == AM_FAMILY_MINISTRAL && (!kinds || am_document_is_null(document, kinds)))
        return am_fail(status, AM_UNSUPPORTED, "layer_types",
                       "a window in every layer, as without this list, is covered as model_type=mistral");
    bool read = family == AM_FAMILY_QWEN2 || family == AM_FAMILY_QWEN3 || family == AM_FAMILY_QWEN2_MOE ||
                family == AM_FAMILY_SMOLLM3 || family == AM_FAMILY_DOTS1; /* the others' code does not look at it */
    am_json_value list = read ? am_document_find(document, "layer_types") : 0;
    if (!list || am_document_is_null(document, list) || am_document_is_list_of(document, list, "full_attention"))
        return AM_OK;
    return am_fail(status, AM_UNSUPPORTED, "layer_types",
                   "only layers of full_attention are covered for this model_type");
}

/* Dots1's layers from this one on have a window, unless a list says which do. */
static am_code check_late_windows(const am_config *config, const am_document *document, am_status *status)
{
    int64_t full = 62; /* transformers' default, as a window is */
    if (config->family != AM_FAMILY_DOTS1) return AM_OK;
    am_json_value list = am_document_find(document, "layer_types"), window = am_document_find(document, "sliding_window");
    am_json_value from = am_document_find(document, "max_window_layers");
    if (list && !am_document_is_null(document, list)) return AM_OK;
    am_code code = from ? am_document_integer(document, from, "max_window_layers", &full, status) : AM_OK;
    if (code != AM_OK || full >= config->layers || (window && am_document_is_null(document, window))) return code;
    return am_fail(status, AM_UNSUPPORTED, "max_window_layers",
                   "layers with a window are not covered for this model_type: sliding_window=null, or max_window_layers=%d", config->layers);
}

/* ERNIE 4.5's layers from one on have experts: up to the last. */
static am_code check_last_experts(const am_config *config, const am_document *document, am_status *status)
{
    int64_t last = -1;
    am_json_value end = config->family == AM_FAMILY_ERNIE4_5_MOE ? am_document_find(document, "moe_layer_end_index") : 0;
    am_code code = end ? am_document_integer(document, end, "moe_layer_end_index", &last, status) : AM_OK;
    if (code != AM_OK || last == -1 || last >= config->layers - 1) return code;
    return am_fail(status, AM_UNSUPPORTED, "moe_layer_end_index",
                   "layers without experts behind those that have some are not covered: moe_layer_end_index=%d", config->layers - 1);
}

/* Training starts from the weights that were quantised: the rest of the file is of the same model, which may be a preset. */
static am_code refuse_quantized(const am_config *config, am_status *status)
{
    const am_preset *preset = NULL;
    for (int i = 0; i < am_preset_count && !preset; i++)
        if (am_presets[i].family == config->family && am_presets[i].shape[0] == config->layers && am_presets[i].shape[1] == config->hidden)
            preset = &am_presets[i];
    return am_fail(status, AM_UNSUPPORTED, "quantization_config",
                   "quantised weights are not covered: delete quantization_config from the file for the 16-bit model%s%s",
                   preset ? ", or say model=" : "", preset ? preset->name : "");
}

am_code am_hf_check(const am_config *config, const am_document *document, am_status *status)
{
    am_json_value quantized = am_document_find(document, "quantization_config");
    if (quantized && !am_document_is_null(document, quantized)) return refuse_quantized(config, status);
    if (config->attention_dropout > 0 && !(am_wiring_of_family(config->family)->dropouts & AM_DROPS_ATTENTION))
        return am_fail(status, AM_UNSUPPORTED, "attention_dropout",
                       "dropout on the attention weights is not covered for this model_type: attention_dropout=0");
    am_code code = check_switches(document, config->family, status);
    if (code == AM_OK) code = check_extras(document, config->family, status);
    if (code == AM_OK) code = check_experts(document, config->family, status);
    if (code == AM_OK) code = check_router(document, config->family, status);
    if (code == AM_OK) code = check_late_windows(config, document, status);
    if (code == AM_OK) code = check_last_experts(config, document, status);
    return code == AM_OK ? check_layer_types(document, config->family, status) : code;
}
