/* Multi-head latent attention: its modules, with compressed queries and without; its own widths; which kernels take it. */
#include "layers.h"

#define LATENT                                                                                                         \
    "family=deepseek_v3 layers=1 dense_layers=1 hidden=32 heads=4 head_dim=16 rotary_dim=4 v_head_dim=8 kv_rank=20 "   \
    "ffn=48 experts=4 experts_per_token=1 moe_ffn=8 vocab=64 seq=16 "

START_TEST(order_of_modules)
{
    const char *behind = "self_attn self_attn.kv_a_proj_with_mqa self_attn.kv_a_layernorm self_attn.kv_b_proj "
                         "self_attn.o_proj ";
    const char *modules = modules_of_layer(LATENT);
    ck_assert_ptr_nonnull(strstr(modules, "input_layernorm self_attn.q_proj "));
    ck_assert_ptr_nonnull(strstr(modules, behind));
    modules = modules_of_layer(LATENT "q_rank=10");
    ck_assert_ptr_nonnull(strstr(modules, "self_attn.q_a_proj self_attn.q_a_layernorm self_attn.q_b_proj "));
    ck_assert_ptr_nonnull(strstr(modules, behind));
}
END_TEST

/* The attention operation of the record, and its inputs. */
static const am_instruction *attention_of(const char *text, am_tensor operand[3])
{
    am_tape *tape = &fixture_workspace.tape;
    modules_of_layer(text);
    for (int i = 0; i < tape->instructions; i++) {
        const am_instruction *instruction = &tape->instruction[i];
        bool flash = instruction->op == AM_OP_FLASH_ATTENTION, efficient = instruction->op == AM_OP_EFFICIENT_ATTENTION;
        if (instruction->kind != AM_I_OP || !(flash || efficient)) continue;
        for (int j = 0; j < 3; j++) operand[j] = tape->tensor[tape->operand[instruction->first + j]];
        return instruction;
    }
    return NULL;
}

/* Keys and queries of one width, values of another: flash attention is not for them unless values are padded. */
START_TEST(widths)
{
    am_tensor operand[3];
    ck_assert_int_eq(attention_of(LATENT, operand)->op, AM_OP_EFFICIENT_ATTENTION);
    ck_assert_int_eq(operand[0].shape[3], 16);
    ck_assert_int_eq(operand[1].shape[3], 16);
    ck_assert_int_eq(operand[2].shape[3], 8);
    ck_assert_int_eq(operand[1].shape[1], 4);
    ck_assert_int_eq(attention_of(LATENT "attention=flash", operand)->op, AM_OP_FLASH_ATTENTION);
    ck_assert_int_eq(operand[2].shape[3], 16);
}
END_TEST

START_TEST(equal_widths)
{
    am_tensor operand[3];
    const char *text = "family=deepseek_v3 layers=1 dense_layers=1 hidden=32 heads=4 head_dim=16 rotary_dim=4 kv_rank=20 "
                       "ffn=48 experts=4 experts_per_token=1 moe_ffn=8 vocab=64 seq=16";
    ck_assert_int_eq(attention_of(text, operand)->op, AM_OP_FLASH_ATTENTION);
    ck_assert_int_eq(operand[2].shape[3], 16);
}
END_TEST

Suite *test_mla_suite(void);
Suite *test_mla_suite(void)
{
    Suite *suite = suite_create("mla");
    TCase *tests = tcase_create("mla");
    tcase_add_test(tests, order_of_modules);
    tcase_add_test(tests, widths);
    tcase_add_test(tests, equal_widths);
    suite_add_tcase(suite, tests);
    return suite;
}
