/* What training holds besides activations: parameters counted on the record, and the conventions for what each of them
 * costs. optimizer.c says what the configuration's own optimizer makes of them. */
#include "state.h"

#include "bytes.h"

/* Bytes a parameter: weights as the forward uses them, an fp32 master copy, gradients, the optimizer's moments. */
const am_convention am_conventions[] = {
    {"12-fp32", AM_WORDS("fp32 weights and Adam, gradients left out"),
     AM_WORDS("common notebooks and blog posts; leaves out 4 bytes of gradient"), 4, 0, 0, 8},
    {"16-fp32", AM_WORDS("fp32 training with Adam"),
     AM_WORDS("PyTorch: fp32 weights, gradients and torch.optim.Adam's two moments"), 4, 0, 4, 8},
    {"16-mixed", AM_WORDS("mixed precision with Adam"), AM_WORDS("ZeRO, arXiv 1910.02054, section 3.1"), 2, 4, 2, 8},
    {"18-mixed", AM_WORDS("mixed precision with Adam, fp32 gradients"),
     AM_WORDS("Megatron-LM, distributed optimizer: bf16 parameters, fp32 gradients"), 2, 4, 4, 8},
    {"20-mixed", AM_WORDS("mixed precision with Adam, 16-bit and fp32 gradients"),
     AM_WORDS("Megatron-LM, distributed optimizer: fp16 parameters and gradients with fp32 copies of both"), 2, 4, 6, 8},
};
const int am_convention_count = sizeof am_conventions / sizeof am_conventions[0];

static int64_t elements(const am_tensor *tensor)
{
    int64_t product = 1;
    for (int i = 0; i < tensor->rank; i++) product = am_mul_checked(product, tensor->shape[i]);
    return product;
}

/* The instruction that a parameter was made for: the first recorded after it; NULL if none was. */
static const am_instruction *first_use(const am_tape *tape, const am_tensor *tensor)
{
    int born = tape->storage[tensor->storage].born;
    return born < tape->instructions ? &tape->instruction[born] : NULL;
}

static bool is_adapter(const am_instruction *use)
{
    static const char prefix[] = ".lora";
    const char *leaf = use != NULL ? use->module.leaf : "";
    for (int i = 0; prefix[i] != '\0'; i++)
        if (leaf[i] != prefix[i]) return false;
    return true;
}

/* There is room for each component with and without adapters. */
static am_part *part_of(am_parameters *parameters, am_component component, bool adapter)
{
    for (int i = 0; i < parameters->count; i++)
        if (parameters->part[i].component == component && parameters->part[i].adapter == adapter)
            return &parameters->part[i];
    am_part *part = &parameters->part[parameters->count++];
    *part = (am_part){.component = component, .adapter = adapter};
    return part;
}

/* Adds a tensor's parameters, `times` over; false if a figure is too large. */
static bool count(am_parameters *parameters, am_part *part, const am_tensor *tensor, int64_t times)
{
    int64_t number = am_mul_checked(elements(tensor), times);
    int64_t bytes = am_mul_checked(number, am_dtypes[tensor->dtype].size);
    int64_t trainable = tensor->grad ? number : 0;
    part->parameters = am_add_checked(part->parameters, number);
    part->trainable = am_add_checked(part->trainable, trainable);
    part->bytes = am_add_checked(part->bytes, bytes);
    parameters->total = am_add_checked(parameters->total, number);
    parameters->trainable = am_add_checked(parameters->trainable, trainable);
    parameters->bytes = am_add_checked(parameters->bytes, bytes);
    return parameters->bytes >= 0; /* no number of them is larger */
}

#ifndef AM_FIRST
static bool is_alike(const am_alike *alike, const am_tensor *tensor, am_component component)
{
    if (alike->component != component || alike->trainable != tensor->grad || alike->dtype != tensor->dtype ||
        alike->rank != tensor->rank)
        return false;
    for (int i = 0; i < tensor->rank; i++)
        if (alike->shape[i] != tensor->shape[i]) return false;
    return true;
}

/* Adds a tensor to those that are equal to it; false if there are too many kinds. */
static bool gather(am_parameters *parameters, const am_tensor *tensor, am_component component, int64_t times)
{
    int i = 0;
    while (i < parameters->kinds && !is_alike(&parameters->alike[i], tensor, component)) i++;
    if (i == AM_MAX_ALIKE) return false;
    am_alike *alike = &parameters->alike[i];
    if (i == parameters->kinds) {
        *alike = (am_alike){component, tensor->grad, tensor->dtype, tensor->rank, {0}, 0};
        for (int k = 0; k < tensor->rank; k++) alike->shape[k] = tensor->shape[k];
        parameters->kinds++;
    }
    alike->count += times;
    return true;
}
#endif

am_code am_parameters_count(am_parameters *parameters, const am_tape *tape, const int64_t layers[AM_MAX_UNITS])
{
    int last_zone = tape->zone;
    *parameters = (am_parameters){0};
    for (int i = 1; i < tape->tensors; i++) {
        const am_tensor *tensor = &tape->tensor[i];
        if (!tensor->parameter) continue;
        const am_instruction *use = first_use(tape, tensor);
        int zone = use != NULL ? use->zone : last_zone;
        int64_t times = zone == 0 || zone == last_zone ? 1 : layers[zone - 1];
        if (times == 0) continue; /* another layer stands for it */
        am_part *part = part_of(parameters, use != NULL ? use->module.component : AM_C_HEAD, is_adapter(use));
        if (!count(parameters, part, tensor, times)) return AM_TOO_LARGE;
#ifndef AM_FIRST
        if (!gather(parameters, tensor, part->component, times)) return AM_CAPACITY;
#endif
    }
    return AM_OK;
}

am_state am_state_sum(am_state state)
{
    state.bytes =
        am_add_checked(am_add_checked(state.weights, state.master), am_add_checked(state.gradients, state.optimizer));
    return state;
}

am_state am_state_of(const am_parameters *parameters, const am_convention *convention)
{
    return am_state_sum((am_state){
        .weights = am_mul_checked(parameters->total, convention->weights),
        .master = am_mul_checked(parameters->trainable, convention->master),
        .gradients = am_mul_checked(parameters->trainable, convention->gradients),
        .optimizer = am_mul_checked(parameters->trainable, convention->optimizer),
    });
}

#ifndef AM_FIRST
am_code am_parameters_list(am_parameters *table, const am_parameters *part, int32_t count[AM_MAX_ALIKE])
{
    for (int i = 0; i < AM_MAX_ALIKE; i++) count[i] = 0;
    for (int i = 0; i < part->kinds; i++) {
        const am_alike *alike = &part->alike[i];
        am_tensor tensor = {.rank = alike->rank, .dtype = alike->dtype, .grad = alike->trainable};
        for (int k = 0; k < alike->rank; k++) tensor.shape[k] = alike->shape[k];
        if (!gather(table, &tensor, alike->component, 0)) return AM_CAPACITY;
        int at = 0;
        while (!is_alike(&table->alike[at], &tensor, alike->component)) at++;
        count[at] = (int32_t)alike->count;
    }
    return AM_OK;
}
#endif
