/* Published formulas, each evaluated from its own text for any configuration. */
#include "formulas.h"

#include "wiring.h"

#define LBSHDC   "the L·B·S·H·D·C explanation"
#define GPT2_XL  "the GPT-2 XL explanation"
#define PAGE     "the 34-byte calculator page"
#define ARTICLE  "the memory-breakdown article; Korthikanti et al. 2022, arXiv 2205.05198"
#define NOTEBOOK "the measure-it-yourself notebook"

#define LBSHDC_EXAMPLE     "layers=32&hidden=4096&heads=32&ffn=16384&vocab=32000&seq=1024&batch=1&dtype=fp32"
#define GPT2_XL_EXAMPLE    "layers=48&hidden=1600&heads=25&ffn=6400&vocab=50257&seq=1024&batch=1&dtype=fp32"
#define PAGE_EXAMPLE       "layers=32&hidden=4096&heads=32&ffn=16384&vocab=32000&seq=4096&batch=2"
#define GPT3_EXAMPLE       "layers=96&hidden=12288&heads=96&ffn=49152&vocab=51200&seq=2048&batch=1"
#define NOTEBOOK_512       "layers=24&hidden=4096&heads=32&ffn=16384&vocab=32000&seq=512&batch=1"
#define NOTEBOOK_8192      "layers=24&hidden=4096&heads=32&ffn=16384&vocab=32000&seq=8192&batch=1"
#define CALCULATOR_EXAMPLE "model=llama-3-8b&seq=8192"

#define BYTES       "bytes"
#define LAYER_BYTES "bytes per layer"
#define ELEMENTS    "elements"
#define PARAMETERS  "parameters"

/* A formula as its JSON begins, whatever the configuration: the texts hold nothing that JSON escapes. */
#define OF_NOTHING "null"
#define OF_MODEL   "\"model\""
#define OF_LAYER   "\"layer\""
#define JSON(id, name, source, expression, layer, full, caveat, unit, compares, example, published, part)              \
    AM_WORDS("{\"id\":\"" id "\",\"name\":\"" name "\",\"source\":\"" source "\",\"expression\":\"" expression             \
             "\",\"layer_expression\":" layer ",\"full_expression\":" full ",\"caveat\":\"" caveat "\",\"unit\":\"" unit \
             "\",\"compares\":" compares ",\"published\":{\"example\":\"" example "\",\"value\":" published             \
             ",\"of\":\"" part "\"},")
#define TEXT(literal) literal, sizeof literal - 1
#define null          NULL /* of a calculator that has no such case, in C and in JSON */

const am_formula am_formulas[] = {
#define AM_FORMULA(id, unit, compares, example, published, all, name, source, caveat)                                  \
    {id,   AM_WORDS(name), AM_WORDS(source),  AM_WORDS(caveat), NULL, all,                                             \
     NULL, unit,           AM_WORDS(example), published,        AM_COMPARES_##compares,                                \
     TEXT(JSON(id, name, source, all, "null", "null", caveat, unit, OF_##compares, example, #published, "all"))},
#define AM_CALCULATOR(id, layer, all, full, published, name, source, caveat)                                           \
    {id,   AM_WORDS(name), AM_WORDS(source),             AM_WORDS(caveat), layer, all,                                 \
     full, BYTES,          AM_WORDS(CALCULATOR_EXAMPLE), published,        AM_COMPARES_MODEL,                          \
     TEXT(JSON(id, name, source, all, "\"" layer "\"", #full, caveat, BYTES, OF_MODEL, CALCULATOR_EXAMPLE, #published, "layer"))},
#include "formulas.def"
#undef AM_FORMULA
#undef AM_CALCULATOR
};
const int am_formula_count = sizeof am_formulas / sizeof am_formulas[0];

/* Bytes a value of an activation: autocast's type where it is on. */
static int64_t value_bytes(const am_config *config)
{
    if (config->autocast != AM_AUTOCAST_OFF) return 2;
    return am_dtypes[config->dtype].size;
}

/* What the letters stand for: see formulas.def. */
static void set_values(am_values *values, const am_config *config, am_policy policy)
{
    bool whole = !(policy.modules & AM_MODULE_CORE_ATTN);
    int64_t *of = values->of;
    for (int i = 0; i < 128; i++) of[i] = -1;
    of['s'] = of['S'] = config->seq;
    of['b'] = of['B'] = config->batch;
    of['h'] = of['H'] = config->hidden;
    of['a'] = config->heads;
    of['k'] = config->kv_heads;
    of['d'] = config->head_dim;
    of['f'] = of['w'] = config->ffn;
    if (config->experts > 0) of['w'] = config->experts_per_token * config->moe_ffn + config->shared_ffn;
    of['v'] = config->vocab;
    of['L'] = config->layers;
    of['D'] = value_bytes(config);
    of['t'] = config->tp;
    of['u'] = config->sp ? config->tp : 1;
    of['p'] = config->pp;
    of['m'] = config->vpp;
    of['q'] = config->pp == 1;
    of['j'] = config->vpp > 1;
    of['E'] = config->attention == AM_EAGER && whole;
    of['o'] = whole;
    of['g'] = am_activation_is_gated(config->activation);
    of['r'] = config->activation == AM_RELU;
    of['n'] = config->qk_norm;
    values->layer = (am_amount){{0}, 0};
}

/* Which of its texts speaks of this policy; NULL if none does. */
static const char *text_for(const am_formula *formula, am_policy policy)
{
    if (formula->layer == NULL) return formula->expression;
    if (policy.modules & ~AM_MODULE_CORE_ATTN) return NULL;
    switch (policy.kind) {
    case AM_POLICY_NONE:
    case AM_POLICY_MODULES: return formula->expression;
    case AM_POLICY_FULL: return formula->full;
    default: return NULL;
    }
}

void am_formula_read(am_formula_reading *reading, const am_config *config)
{
    am_status status;
    am_policy_parse(&reading->policy, config, &status); /* which is right in a resolved one */
    set_values(&reading->values, config, reading->policy);
}

am_formula_answer am_formula_evaluate(const am_formula *formula, am_formula_reading *reading)
{
    static const am_amount none = {{0}, 0};
    am_formula_answer answer;
    am_values *values = &reading->values;
    const char *text = text_for(formula, reading->policy);
    values->layer = formula->layer != NULL ? am_expression_value(formula->layer, values) : none;
    answer.all = text != NULL ? am_expression_value(text, values) : none;
    answer.layer = text == formula->expression ? values->layer : none;
    return answer;
}
