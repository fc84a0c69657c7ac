/* names.c: what others call an input. */
#include "input.h"

#include "inputs.h"

/* Keys as other tools write them, and what is said of each. */
static const struct {
    const char *name, *says;
} written[] = {
    /* transformers' configurations, by the inputs' help */
    {"hidden_size", "here it is 'hidden'"},
    {"intermediate_size", "here it is 'ffn'"},
    {"num_hidden_layers", "here it is 'layers'"},
    {"num_key_value_heads", "here it is 'kv_heads'"},
    {"num_experts_per_tok", "here it is 'experts_per_token'"},
    {"resid_pdrop", "here it is 'dropout'"},
    {"n_positions", "here it is 'max_positions'"},
    /* and what the help does not say */
    {"n_embd", "here it is 'hidden'"},
    {"n_layer", "here it is 'layers'"},
    {"d_model", "here it is 'hidden'"},
    {"num_attention_heads", "here it is 'heads'"},
    {"model_type", "here it is 'family'"},
    {"attn_implementation", "here it is 'attention'"},
    {"torch_dtype", "here it is 'dtype'"},
    /* TrainingArguments */
    {"per_device_train_batch_size", "here it is 'batch'"},
    {"gradient_accumulation_steps", "here it is 'micro_batches'"},
    {"gradient_checkpointing", "here it is 'checkpoint'"},
    {"bf16", "here it is 'autocast'"},
    {"cache_enabled", "here it is 'autocast_cache'"},
    {"load_in_4bit", "quantised weights are not covered"},
    /* PEFT */
    {"r", "here it is 'lora_rank'"},
    {"target_modules", "here it is 'lora_targets'"},
    {"lora_alpha", "takes no memory"},
    /* Megatron-Core */
    {"micro_batch_size", "here it is 'batch'"},
    {"global_batch_size", "micro_batches"},
    {"recompute_granularity", "here it is 'checkpoint'"},
    {"tensor_model_parallel_size", "here it is 'tp'"},
    {"num_query_groups", "here it is 'kv_heads'"},
    {"moe_router_topk", "here it is 'experts_per_token'"},
    /* FSDP and DeepSpeed */
    {"fsdp", "here it is 'zero'"},
    {"stage", "here it is 'zero'"},
    {"train_micro_batch_size_per_gpu", "here it is 'batch'"},
    {"offload_optimizer", "checkpoint=offload"},
    {"activation_checkpointing", "here it is 'checkpoint'"},
    /* a GPU */
    {"gpu", "here it is 'device'"},
    {"vram", "here it is 'device_memory'"},
    /* what is near; a name of several inputs' parts is no word of another */
    {"seqlen", "the nearest is 'seq'"},
    {"vocab_dim", "the nearest is 'vocab'"},
    {"ffn_hidden_size", "the nearest is 'ffn'"},
    /* parts of names that a help says */
    {"key_value_heads", "there is no input 'key_value_heads'"},
    {"num_experts_per", "the nearest is 'experts'"},
};

START_TEST(elsewhere)
{
    am_code code = am_refuse_key(written[_i].name, &status);
    expect_error(written[_i].name, code, AM_UNKNOWN_KEY, written[_i].name, written[_i].says);
}
END_TEST

/* Nothing is guessed of what is near to nothing. */
START_TEST(far)
{
    static const char *const names[] = {"foo", "jj", "lr", "tor", "size", "the_"};
    for (size_t i = 0; i < COUNT(names); i++) {
        char said[64] = "there is no input '";
        strcat(strcat(said, names[i]), "'");
        expect_error(names[i], am_refuse_key(names[i], &status), AM_UNKNOWN_KEY, names[i], said);
        ck_assert_str_eq(status.message, said);
    }
}
END_TEST

/* No input is refused as another one's name, and what is said to be one is. */
START_TEST(inputs)
{
    for (size_t i = 0; i < COUNT(written); i++) {
        const char *quote = strstr(written[i].says, "is '");
        int named = 0;
        for (int j = 0; quote && j < AM_FIELD_COUNT; j++) {
            const size_t length = strlen(am_fields[j].key);
            named += strncmp(quote + 4, am_fields[j].key, length) == 0 && quote[4 + length] == '\'';
        }
        ck_assert_msg(!quote || named == 1, "%s", written[i].says);
        for (int j = 0; j < AM_FIELD_COUNT; j++) ck_assert_str_ne(written[i].name, am_fields[j].key);
    }
}
END_TEST

Suite *test_names_suite(void);
Suite *test_names_suite(void)
{
    Suite *suite = suite_create("names");
    TCase *tests = tcase_create("names");
    tcase_add_loop_test(tests, elsewhere, 0, (int)COUNT(written));
    tcase_add_test(tests, far);
    tcase_add_test(tests, inputs);
    suite_add_tcase(suite, tests);
    return suite;
}
