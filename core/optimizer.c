/* What one rank's parameters cost in training: weights, their fp32 copy, gradients, and the optimizer's states tensor by
 * tensor, shared out among data-parallel ranks as ZeRO does. Counters of steps are left out: numbers, on the host. */
#include "bytes.h"
#include "proven.h"
#include "state.h"
#include "wiring.h"

/* By optimizer, with the code that was read. tests/fixtures/optimizers.json holds what these classes allocate. */
const am_convention am_configured[] = {
    [AM_OPTIMIZER_NONE] = {"configured", AM_WORDS("as configured, without an optimizer"), AM_WORDS("optimizer=none"), 0,
                           0, 0, 0},
    [AM_ADAMW] = {"configured", AM_WORDS("as configured, with AdamW"),
                  AM_WORDS("torch.optim.AdamW keeps exp_avg and exp_avg_sq in the parameter's dtype"), 0, 0, 0, 0},
    [AM_ADAMW_8BIT] = {"configured", AM_WORDS("as configured, with 8-bit AdamW"),
                       AM_WORDS("bitsandbytes 0.50.2, AdamW8bit: two states of a byte, an fp32 maximum of each for 256 "
                                "elements; fp32 states for tensors of less than 4096"),
                       0, 0, 0, 0},
    [AM_ADAFACTOR] = {"configured", AM_WORDS("as configured, with Adafactor"),
                      AM_WORDS("torch.optim.Adafactor keeps row_var and col_var of a matrix, variance of a vector, in the "
                               "parameter's dtype"),
                      0, 0, 0, 0},
    [AM_LION] = {"configured", AM_WORDS("as configured, with Lion"),
                 AM_WORDS("google/automl, lion_pytorch.py keeps exp_avg in the parameter's dtype"), 0, 0, 0, 0},
    [AM_MUON] = {"configured", AM_WORDS("as configured, with Muon"),
                 AM_WORDS("torch.optim.Muon keeps momentum_buffer of the layers' matrices; torch.optim.AdamW for "
                          "embeddings, head, vectors and stacked experts"),
                 0, 0, 0, 0},
    [AM_SGD] = {"configured", AM_WORDS("as configured, with SGD"), AM_WORDS("torch.optim.SGD without momentum keeps nothing"),
                0, 0, 0, 0},
    [AM_SGD_MOMENTUM] = {"configured", AM_WORDS("as configured, with SGD and momentum"),
                         AM_WORDS("torch.optim.SGD keeps momentum_buffer in the parameter's dtype"), 0, 0, 0, 0},
};

const char *am_optimizer_text(const am_config *config)
{
    static const char *const texts[] = {
        [AM_OPTIMIZER_NONE] = "no optimizer", [AM_ADAMW] = "AdamW", [AM_ADAMW_8BIT] = "8-bit AdamW",
        [AM_ADAFACTOR] = "Adafactor",         [AM_LION] = "Lion",   [AM_MUON] = "Muon",
        [AM_SGD] = "SGD",                     [AM_SGD_MOMENTUM] = "SGD with momentum"};
    return texts[config->optimizer];
}

static int float_type(int64_t choice)
{
    static const int types[] = {AM_FP32, AM_BF16, AM_FP16};
    return types[choice];
}

int am_trainable_dtype(const am_config *config)
{
    return float_type(config->trainable == AM_TRAIN_LORA ? config->lora_dtype : config->dtype);
}

/* ---- one tensor ---- */

/* What an optimizer sees: a tensor as the model has it, or what a rank holds of one. */
typedef struct am_seen {
    int64_t elements, last, before_last; /* and its last two dimensions; 1 where there are none */
    int rank;
    bool hidden; /* in a layer: neither embedding nor head */
    int width;   /* bytes of an element that the states are made like */
} am_seen;

static int64_t round_up(int64_t n, int64_t by)
{
    return n % by ? am_add_checked(n, by - n % by) : n;
}

/* bitsandbytes' AdamW8bit, whose states are quantised block by block. */
static int64_t in_bytes(int64_t elements)
{
    const int64_t least = 4096, block = 256;
    if (elements < least) return am_mul_checked(elements, 2 * 4);
    return am_mul_checked(2, am_add_checked(elements, am_mul_checked(round_up(elements, block) / block, 4)));
}

/* The means of the squares of its rows and of its columns. */
static int64_t factors(const am_seen *seen)
{
    if (seen->rank < 2) return am_mul_checked(seen->elements, seen->width);
    int64_t rows = seen->elements / seen->last, columns = seen->elements / seen->before_last;
    return am_mul_checked(am_add_checked(rows, columns), seen->width);
}

static int64_t states(const am_seen *seen, int64_t optimizer)
{
    int64_t one = am_mul_checked(seen->elements, seen->width);
    switch (optimizer) {
    case AM_ADAMW: return am_mul_checked(one, 2);
    case AM_ADAMW_8BIT: return in_bytes(seen->elements);
    case AM_ADAFACTOR: return factors(seen);
    case AM_MUON: return am_mul_checked(one, seen->rank == 2 && seen->hidden ? 1 : 2);
    case AM_LION:
    case AM_SGD_MOMENTUM: return one;
    default: return 0;
    }
}

/* ---- sharing out ---- */

static int64_t elements(const am_alike *alike)
{
    int64_t product = 1;
    for (int i = 0; i < alike->rank; i++) product = am_mul_checked(product, alike->shape[i]);
    return product;
}

static bool is_cut(const am_config *config)
{
    return am_data_ranks(config) > 1 && config->zero == 3;
}

/* FSDP2 cuts each tensor's first dimension into dp cp chunks and pads them: its first rank's, which is full. */
static int64_t chunk_rows(const am_alike *alike, const am_config *config)
{
    return am_divide_up(alike->shape[0], am_data_ranks(config));
}

/* Elements of a tensor that a rank holds under zero=3. */
static int64_t own_elements(const am_alike *alike, const am_config *config)
{
    int64_t all = elements(alike);
    if (!is_cut(config) || AM_NEVER(alike->rank == 0 || all < 0)) return all; /* parameters have been counted */
    return am_mul_checked(all / alike->shape[0], chunk_rows(alike, config));
}

static am_seen see(const am_alike *alike, const am_config *config)
{
    int rank = alike->rank;
    am_seen seen = {.elements = own_elements(alike, config),
                    .last = AM_ALWAYS(rank > 0) ? alike->shape[rank - 1] : 1,
                    .before_last = rank > 1 ? alike->shape[rank - 2] : 1,
                    .rank = rank,
                    .hidden = alike->component != AM_C_EMBEDDING && alike->component != AM_C_HEAD,
                    .width = config->master_weights ? 4 : am_dtypes[alike->dtype].size};
    return seen;
}

static int64_t gradient_width(const am_alike *alike, const am_config *config)
{
    bool own = float_type(config->grad_dtype) == am_trainable_dtype(config);
    return own ? am_dtypes[alike->dtype].size : am_dtypes[float_type(config->grad_dtype)].size;
}

/* Megatron's experts, its only tensors of three dimensions, are in a vector of their own. */
static bool is_apart(const am_alike *alike, const am_config *config)
{
    return alike->rank == 3 && am_wiring_of(config)->any;
}

/* A rank's part of one vector of all tensors of one dtype that learn. DeepSpeed's ZeRO 1 and 2 lay them out one behind
 * another, padded so that it divides into parts of an even number of elements (stage_1_and_2.py:
 * nccl_start_alignment_factor 2). */
static int64_t vector_part(const am_parameters *parameters, int dtype, const am_config *config, bool apart)
{
    int64_t all = 0, ranks = apart ? am_expert_ranks(config) : am_data_ranks(config);
    for (int i = 0; i < parameters->kinds; i++) {
        const am_alike *alike = &parameters->alike[i];
        if (alike->trainable && alike->dtype == dtype && is_apart(alike, config) == apart)
            all = am_add_checked(all, am_mul_checked(elements(alike), alike->count));
    }
    return AM_NEVER(all < 0) ? all : round_up(all, 2 * ranks) / ranks; /* parameters have been counted */
}

static void add(int64_t *sum, int64_t each, int64_t count)
{
    *sum = am_add_checked(*sum, am_mul_checked(each, count));
}

/* States and master copy of a rank's part of each vector; with zero=2 its gradients. */
static void add_flat(am_state *state, const am_parameters *parameters, const am_config *config)
{
    for (int dtype = AM_FP32; dtype <= AM_FP16; dtype++) {
        am_alike like = {.dtype = (uint8_t)dtype};
        for (int apart = 0; apart <= 1; apart++) {
            int64_t part = vector_part(parameters, dtype, config, apart);
            am_seen seen = {part, part, 1, 1, false, config->master_weights ? 4 : am_dtypes[dtype].size};
            add(&state->optimizer, states(&seen, config->optimizer), 1);
            if (config->master_weights && dtype != AM_FP32) add(&state->master, part, 4);
            if (config->zero == 2) add(&state->gradients, part, gradient_width(&like, config));
        }
    }
}

static void add_tensors(am_state *state, const am_parameters *parameters, const am_config *config, bool flat)
{
    for (int i = 0; i < parameters->kinds; i++) {
        const am_alike *alike = &parameters->alike[i];
        int64_t own = own_elements(alike, config);
        am_seen seen = see(alike, config);
        bool wide = is_cut(config) && config->master_weights; /* fp32 shards, gathered in 16 bits: all of them learn */
        add(&state->weights, am_mul_checked(own, wide ? 4 : am_dtypes[alike->dtype].size), alike->count);
        if (!alike->trainable) continue;
        if (!flat || config->zero < 2) add(&state->gradients, am_mul_checked(own, gradient_width(alike, config)), alike->count);
        if (flat) continue;
        add(&state->optimizer, states(&seen, config->optimizer), alike->count);
        if (config->master_weights && !wide && alike->dtype != AM_FP32)
            add(&state->master, am_mul_checked(own, 4), alike->count);
    }
}

/* bitsandbytes' two tables of 256 values, one pair for the whole optimizer, where any state is of bytes. */
static int64_t tables(const am_state *state, const am_parameters *parameters, const am_config *config, bool flat)
{
    const int64_t least = 4096, bytes = 2 * 256 * 4;
    if (config->optimizer != AM_ADAMW_8BIT || state->optimizer <= 0) return 0;
    if (flat) {
        for (int dtype = AM_FP32; dtype <= AM_FP16; dtype++)
            for (int apart = 0; apart <= 1; apart++)
                if (vector_part(parameters, dtype, config, apart) >= least) return bytes;
        return 0;
    }
    for (int i = 0; i < parameters->kinds; i++)
        if (parameters->alike[i].trainable && elements(&parameters->alike[i]) >= least) return bytes;
    return 0;
}

am_state am_state_configured(const am_parameters *parameters, const am_config *config)
{
    am_state state = {0};
    bool flat = am_is_shared_out(config);
    add_tensors(&state, parameters, config, flat);
    if (flat) add_flat(&state, parameters, config);
    state.optimizer = am_add_checked(state.optimizer, tables(&state, parameters, config, flat));
    return am_state_sum(state);
}

/* ---- checks ---- */

static am_code check_gradients(const am_config *config, am_status *status)
{
    int own = am_trainable_dtype(config), gradient = float_type(config->grad_dtype);
    if (gradient == own || gradient == AM_FP32) return AM_OK;
    return am_fail(status, AM_CONFLICT, "grad_dtype",
                   "gradients are kept in the dtype of what is trained or in fp32: grad_dtype=%s%s", am_dtypes[own].name,
                   own == AM_FP32 ? "" : " or fp32");
}

static am_code check_sharding(const am_config *config, am_status *status)
{
    if (config->optimizer == AM_MUON && am_is_shared_out(config))
        return am_fail(status, AM_UNSUPPORTED, "optimizer",
                       "Muon takes matrices, and ZeRO 1 and 2 share out one long vector: optimizer=adamw, or zero=0");
    bool whole = config->optimizer == AM_ADAMW_8BIT || config->optimizer == AM_ADAFACTOR; /* tests/oracle/optimizers.py */
    if (whole && is_cut(config))
        return am_fail(status, AM_UNSUPPORTED, "optimizer", "%s takes no tensors that FSDP2 has cut: optimizer=adamw, or zero=1 or 2",
                       am_optimizer_text(config));
    return AM_OK;
}

am_code am_state_check(const am_config *config, am_status *status)
{
    if (config->master_weights && am_trainable_dtype(config) == AM_FP32)
        return am_fail(status, AM_CONFLICT, "master_weights",
                       "what is trained is in fp32 already and is its own master copy: master_weights=no");
    am_code code = check_gradients(config, status);
    return code == AM_OK ? check_sharding(config, status) : code;
}
