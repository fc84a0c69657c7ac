/* What a family's code, or the paper's layer, decides: what it fills in, what of a config it refuses. */
#include "wiring.h"

#include "inputs.h"

#define SMALL "layers=2 hidden=64 heads=4 ffn=128 vocab=96 seq=32 "

static const struct {
    const char *text;
    int64_t norm, activation, positions, qk_norm, tied;
    int64_t biases[4]; /* bias, qkv_bias, o_bias, mlp_bias */
    bool fused;
} wirings[] = {
    {"family=llama", AM_RMSNORM, AM_SWIGLU, AM_ROPE, 0, 0, {0, 0, 0, 0}, false},
    {"family=mistral", AM_RMSNORM, AM_SWIGLU, AM_ROPE, 0, 0, {0, 0, 0, 0}, false},
    {"family=qwen2", AM_RMSNORM, AM_SWIGLU, AM_ROPE, 0, 0, {0, 1, 0, 0}, false},
    {"family=qwen3", AM_RMSNORM, AM_SWIGLU, AM_ROPE, 1, 0, {0, 0, 0, 0}, false},
    {"family=gemma", AM_RMSNORM, AM_GEGLU_TANH, AM_ROPE, 0, 1, {0, 0, 0, 0}, false},
    {"family=gemma2 attention=eager", AM_RMSNORM, AM_GEGLU_TANH, AM_ROPE, 0, 1, {0, 0, 0, 0}, false},
    {"family=gemma3_text", AM_RMSNORM, AM_GEGLU_TANH, AM_ROPE, 1, 1, {0, 0, 0, 0}, false},
    {"family=phi3", AM_RMSNORM, AM_SWIGLU, AM_ROPE, 0, 0, {0, 0, 0, 0}, false},
    {"family=olmo2", AM_RMSNORM, AM_SWIGLU, AM_ROPE, 1, 0, {0, 0, 0, 0}, false},
    {"family=smollm3", AM_RMSNORM, AM_SWIGLU, AM_ROPE, 0, 1, {0, 0, 0, 0}, false},
    {"family=granite", AM_RMSNORM, AM_SWIGLU, AM_ROPE, 0, 0, {0, 0, 0, 0}, false},
    {"family=stablelm", AM_LAYERNORM, AM_SWIGLU, AM_ROPE, 0, 0, {0, 0, 0, 0}, false},
    {"family=glm", AM_RMSNORM, AM_SWIGLU, AM_ROPE, 0, 0, {0, 1, 0, 0}, false},
    {"family=glm4", AM_RMSNORM, AM_SWIGLU, AM_ROPE, 0, 0, {0, 1, 0, 0}, false},
    {"family=cohere", AM_LAYERNORM, AM_SWIGLU, AM_ROPE, 0, 1, {0, 0, 0, 0}, false},
    {"family=cohere2", AM_LAYERNORM, AM_SWIGLU, AM_ROPE, 0, 1, {0, 0, 0, 0}, false},
    {"family=starcoder2", AM_LAYERNORM, AM_GELU_TANH, AM_ROPE, 0, 1, {1, 1, 1, 1}, false},
    {"family=seed_oss", AM_RMSNORM, AM_SWIGLU, AM_ROPE, 0, 0, {0, 1, 0, 0}, false},
    {"family=ernie4_5", AM_RMSNORM, AM_SWIGLU, AM_ROPE, 0, 0, {0, 0, 0, 0}, false},
    {"family=helium", AM_RMSNORM, AM_SWIGLU, AM_ROPE, 0, 0, {0, 0, 0, 0}, false},
    {"family=hunyuan_v1_dense", AM_RMSNORM, AM_SWIGLU, AM_ROPE, 1, 0, {0, 0, 0, 0}, false},
    {"family=olmo", AM_LAYERNORM, AM_SWIGLU, AM_ROPE, 0, 0, {0, 0, 0, 0}, false},
    {"family=olmo3", AM_RMSNORM, AM_SWIGLU, AM_ROPE, 1, 0, {0, 0, 0, 0}, false},
    {"family=exaone4", AM_RMSNORM, AM_SWIGLU, AM_ROPE, 1, 0, {0, 0, 0, 0}, false},
    {"family=exaone4 sliding_window=0", AM_RMSNORM, AM_SWIGLU, AM_ROPE, 1, 0, {0, 0, 0, 0}, false},
    {"family=hyperclovax", AM_RMSNORM, AM_SWIGLU, AM_ROPE, 0, 0, {0, 0, 0, 0}, false},
    {"family=arcee", AM_RMSNORM, AM_RELU2, AM_ROPE, 0, 0, {0, 0, 0, 0}, false},
    {"family=jais2", AM_LAYERNORM, AM_RELU2, AM_ROPE, 0, 0, {1, 1, 1, 1}, false},
    {"family=gpt2", AM_LAYERNORM, AM_GELU_NEW, AM_LEARNED, 0, 1, {1, 1, 1, 1}, true},
    {"family=gpt2 stack=paper", AM_LAYERNORM, AM_GELU, AM_LEARNED, 0, 1, {1, 1, 1, 1}, true},
    {"family=llama stack=paper", AM_LAYERNORM, AM_GELU, AM_LEARNED, 0, 1, {1, 1, 1, 1}, true},
    {"family=llama stack=torch", AM_RMSNORM, AM_SWIGLU, AM_ROPE, 0, 0, {0, 0, 0, 0}, false},
    {"family=gpt2 stack=nanogpt", AM_LAYERNORM, AM_GELU, AM_LEARNED, 0, 1, {1, 1, 1, 1}, true},
};

static void expect_filled(int i)
{
    ck_assert_int_eq(config.norm, wirings[i].norm);
    ck_assert_int_eq(config.activation, wirings[i].activation);
    ck_assert_int_eq(config.positions, wirings[i].positions);
    ck_assert_int_eq(config.qk_norm, wirings[i].qk_norm);
    ck_assert_int_eq(config.tie_word_embeddings, wirings[i].tied);
    ck_assert_int_eq(config.bias, wirings[i].biases[0]);
    ck_assert_int_eq(config.qkv_bias, wirings[i].biases[1]);
    ck_assert_int_eq(config.o_bias, wirings[i].biases[2]);
    ck_assert_int_eq(config.mlp_bias, wirings[i].biases[3]);
}

/* What is left open follows the family; what it fills in, it accepts. */
START_TEST(filled)
{
    char text[128] = SMALL;
    ck_assert_int_eq(parse(strcat(text, wirings[_i].text)), AM_OK);
    const am_wiring *wiring = am_wiring_of(&config);
    ck_assert_int_eq(wiring->heads == AM_HEADS_PLAIN, wirings[_i].fused);
    ck_assert((wiring == am_wiring_of_family(config.family)) == (config.stack == AM_STACK_HF));
    am_wiring_fill(&config, wiring);
    expect_filled(_i);
    config.kv_heads = config.heads;
    config.head_dim = config.hidden / config.heads;
    am_wiring_fill_rotary(&config, wiring);
    am_wiring_fill_experts(&config, wiring);
    status = (am_status){0};
    expect_fine(text, am_wiring_check(&config, &status));
}
END_TEST

/* What is said stays; `bias` speaks for all the biases that are left open. */
START_TEST(given)
{
    static const struct {
        const char *text;
        int64_t biases[4];
    } table[] = {
        {"family=llama bias=yes", {1, 1, 1, 1}},     {"family=llama bias=yes o_bias=no", {1, 1, 0, 1}},
        {"family=llama qkv_bias=yes", {0, 1, 0, 0}}, {"family=qwen2 qkv_bias=no", {0, 0, 0, 0}},
        {"family=gpt2 bias=no", {0, 1, 1, 1}},
    };
    for (size_t i = 0; i < COUNT(table); i++) {
        ck_assert_int_eq(parse(table[i].text), AM_OK);
        am_wiring_fill(&config, am_wiring_of(&config));
        ck_assert_int_eq(config.bias, table[i].biases[0]);
        ck_assert_int_eq(config.qkv_bias, table[i].biases[1]);
        ck_assert_int_eq(config.o_bias, table[i].biases[2]);
        ck_assert_int_eq(config.mlp_bias, table[i].biases[3]);
    }
    ck_assert_int_eq(
        parse("family=gpt2 norm=rmsnorm activation=relu positions=rope qk_norm=yes tie_word_embeddings=no"), AM_OK);
    am_wiring_fill(&config, am_wiring_of(&config));
    ck_assert_int_eq(config.norm, AM_RMSNORM);
    ck_assert_int_eq(config.activation, AM_RELU);
    ck_assert_int_eq(config.positions, AM_ROPE);
    ck_assert_int_eq(config.qk_norm, 1);
    ck_assert_int_eq(config.tie_word_embeddings, 0);
}
END_TEST

/* One field changed in what the family filled in; message "" where it is accepted. */
static const struct {
    const char *text;
    am_field_id field;
    int64_t value;
    const char *at, *message;
} checks[] = {
    {"family=llama", AM_F_norm, AM_LAYERNORM, "norm", "family=llama has norm=rmsnorm"},
    {"family=llama", AM_F_positions, AM_LEARNED, "positions", "family=llama has positions=rope"},
    {"family=llama", AM_F_qk_norm, 1, "qk_norm", "family=llama has qk_norm=no"},
    {"family=qwen3", AM_F_qk_norm, 0, "qk_norm", "family=qwen3 has qk_norm=yes"},
    {"family=llama", AM_F_activation, AM_GEGLU, "", ""},
    {"family=llama", AM_F_activation, AM_GELU, "activation", "family=llama has a gated MLP"},
    {"family=gpt2", AM_F_activation, AM_RELU, "", ""},
    {"family=gpt2", AM_F_activation, AM_SWIGLU, "activation", "family=gpt2 has a plain MLP"},
    {"family=gpt2 stack=paper", AM_F_activation, AM_GELU_TANH, "", ""},
    {"family=gpt2 stack=paper", AM_F_activation, AM_RELU, "activation", "stack=paper has a plain GELU MLP"},
    {"family=gpt2 stack=paper", AM_F_norm, AM_RMSNORM, "norm", "stack=paper has norm=layernorm"},
    {"family=llama", AM_F_tie_word_embeddings, 1, "", ""},
    {"family=llama", AM_F_mlp_bias, 1, "", ""},
    {"family=mistral", AM_F_mlp_bias, 1, "mlp_bias", "family=mistral has mlp_bias=no"},
    {"family=mistral", AM_F_bias, 1, "bias", "family=mistral has bias=no"},
    {"family=qwen2", AM_F_qkv_bias, 0, "qkv_bias", "family=qwen2 has qkv_bias=yes"},
    {"family=qwen2", AM_F_o_bias, 1, "o_bias", "family=qwen2 has o_bias=no"},
    {"family=llama qkv_bias=yes", AM_F_o_bias, 1, "", ""},
    {"family=llama", AM_F_o_bias, 1, "o_bias", "family=llama has o_bias=no"},
    {"family=llama qkv_bias=yes", AM_F_o_bias, 0, "o_bias", "family=llama has o_bias=yes"},
    {"family=llama stack=torch", AM_F_activation, AM_GEGLU, "activation", "activation=swiglu"},
    {"family=gpt2 stack=nanogpt bias=no", AM_F_bias, 1, "qkv_bias", "stack=nanogpt has qkv_bias=yes"},
    {"family=gpt2 stack=nanogpt", AM_F_activation, AM_GELU_NEW, "", ""},
    {"family=gpt2", AM_F_mlp_bias, 0, "mlp_bias", "family=gpt2 has mlp_bias=yes"},
    {"family=gpt2", AM_F_kv_heads, 2, "kv_heads", "kv_heads=4"},
    {"family=gpt2", AM_F_head_dim, 8, "head_dim", "hidden=64 is not heads=4 times head_dim=8"},
    {"family=llama", AM_F_kv_heads, 2, "", ""},
    {"family=llama", AM_F_head_dim, 8, "", ""},
};

START_TEST(checked)
{
    char text[128] = SMALL;
    ck_assert_int_eq(parse(strcat(text, checks[_i].text)), AM_OK);
    config.kv_heads = 4;
    config.head_dim = 16;
    am_wiring_fill(&config, am_wiring_of(&config));
    config.o_bias = config.qkv_bias && config.family == AM_FAMILY_LLAMA ? 1 : config.o_bias; /* o_bias as qkv_bias */
    memcpy((char *)&config + am_fields[checks[_i].field].offset, &checks[_i].value, sizeof checks[_i].value);
    am_wiring_fill_rotary(&config, am_wiring_of(&config));
    am_wiring_fill_experts(&config, am_wiring_of(&config));
    status = (am_status){0};
    am_code code = am_wiring_check(&config, &status);
    if (checks[_i].message[0] == '\0')
        expect_fine(checks[_i].text, code);
    else
        expect_error(checks[_i].text, code, AM_UNSUPPORTED, checks[_i].at, checks[_i].message);
}
END_TEST

START_TEST(gated)
{
    static const bool is[] = {[AM_SWIGLU] = true, [AM_GEGLU] = true, [AM_GEGLU_TANH] = true, [AM_GELU_FAST] = false};
    for (int i = 0; i <= AM_GELU_FAST; i++) ck_assert_int_eq(am_activation_is_gated(i), is[i]);
}
END_TEST

/* Every stack has its name in a sentence and says how it was verified; one of its own names its family. */
START_TEST(stacks)
{
    for (int i = 0; i < AM_STACK_COUNT; i++) {
        char who[32];
        const am_stack *stack = &am_stacks[i];
        config = am_default_config();
        config.stack = i;
        am_wiring_who(&config, who, sizeof who);
        ck_assert_int_eq(strncmp(who, "stack=", 6) == 0, stack->wiring != NULL);
        ck_assert(stack->text && stack->detail && stack->derived);
        bool known = strcmp(stack->verified_by, "measured") == 0 || strcmp(stack->verified_by, "source") == 0 ||
                     strcmp(stack->verified_by, "paper") == 0;
        ck_assert_msg(known, "%s", stack->verified_by);
        ck_assert_int_lt(stack->family, AM_FAMILY_COUNT);
    }
}
END_TEST

Suite *test_wiring_suite(void);
Suite *test_wiring_suite(void)
{
    Suite *suite = suite_create("wiring");
    TCase *tests = tcase_create("wiring");
    tcase_add_loop_test(tests, filled, 0, COUNT(wirings));
    tcase_add_test(tests, given);
    tcase_add_loop_test(tests, checked, 0, COUNT(checks));
    tcase_add_test(tests, gated);
    tcase_add_test(tests, stacks);
    suite_add_tcase(suite, tests);
    return suite;
}
