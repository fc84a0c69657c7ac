/* The shortest text that gives a configuration again: it leads back to it, byte for byte, and says no more than it must. */
#include "query.h"

#include "fixture.h"

static char written[AM_INPUT_SIZE];

static const struct {
    const char *text, *query;
} queries[] = {
    {"", "model=llama-3-8b"},
    {"model=llama-3-8b", "model=llama-3-8b"},
    {"seq=2048 batch=1", "model=llama-3-8b"},
    {"seq=8192", "model=llama-3-8b&seq=8192"},
    {"seq=8192 batch=2 checkpoint=every:4 reentrant=yes",
     "model=llama-3-8b&batch=2&seq=8192&checkpoint=every:4&reentrant=yes"},
    {"model=gpt2 positions=learned seq=1024", "model=gpt2"},
    {"model=gpt2 stack=megatron-local positions=rope seq=1024", "model=gpt2&positions=rope&seq=1024&stack=megatron-local"}, /* not the usual length without a table */
    {"model=gpt2 seq=512 dropout=0", "model=gpt2&dropout=0&seq=512"},
    {"model=gpt2 attention_dropout=0.25 seq=64", "model=gpt2&attention_dropout=0.25&seq=64"},
    {"model=llama-3-8b layers=16", "model=llama-3-8b&layers=16"},
    {"model=llama-3-8b trainable=lora lora_targets=q,v,down lora_dtype=fp32",
     "model=llama-3-8b&trainable=lora&lora_targets=q,v,down&lora_dtype=fp32"},
    {"layers=2 hidden=64 heads=4 vocab=100 ffn=256", "layers=2&hidden=64&heads=4&ffn=256&vocab=100"},
    {"layers=2 hidden=64 heads=4 vocab=100 family=gpt2 seq=32",
     "family=gpt2&layers=2&hidden=64&heads=4&vocab=100&seq=32"},
    {"layers=2 hidden=64 heads=4 kv_heads=2 head_dim=32 vocab=100 ffn=300",
     "layers=2&hidden=64&heads=4&kv_heads=2&head_dim=32&ffn=300&vocab=100"},
    /* What is refused without dp, and where it is derived. */
    {"model=llama-3-70b seq=8192 checkpoint=full dp=64 zero=3", "model=llama-3-70b&seq=8192&checkpoint=full&dp=64&zero=3"},
    {"model=mixtral-8x7b stack=megatron ep=4 dp=4", "model=mixtral-8x7b&stack=megatron&ep=4"},
    {"model=mixtral-8x7b stack=megatron ep=4 dp=8 zero=1", "model=mixtral-8x7b&stack=megatron&ep=4&dp=8&zero=1"},
};

static const am_preset *preset_of(const am_config *config)
{
    for (int i = 0; i < am_preset_count; i++)
        if (strcmp(am_presets[i].name, config->model) == 0) return &am_presets[i];
    return NULL;
}

static void write_query(const am_config *config)
{
    am_writer writer = am_writer_of(written, sizeof written);
    am_query query = am_query_of(config, preset_of(config));
    am_write_query(&writer, &query, config, preset_of(config));
    am_writer_end(&writer);
}

START_TEST(query)
{
    am_config config = config_of(queries[_i].text);
    write_query(&config);
    ck_assert_str_eq(written, queries[_i].query);
    am_config again = config_of(written);
    ck_assert_mem_eq(&again, &config, sizeof config);
}
END_TEST

/* What stands for itself in an address, and what does not: of a text as it was given, not yet read. */
START_TEST(encoded)
{
    am_config config = config_of("model=llama-3-8b");
    strcpy(config.device_memory, "a-z.A_Z~0:9,{|}+%");
    write_query(&config);
    ck_assert_msg(strstr(written, "device_memory=a-z.A_Z~0:9,%7B%7C%7D%2B%25") != NULL, "%s", written);
}
END_TEST

START_TEST(query_of_presets)
{
    char text[64] = "model=";
    strcat(text, am_presets[_i].name);
    strcat(text, "&seq=1000");
    am_config config = config_of(text);
    write_query(&config);
    ck_assert_str_eq(written, text);
}
END_TEST

START_TEST(reshaped)
{
    static const struct {
        const char *text;
        bool reshapes;
    } cases[] = {
        {"model=gpt2 seq=9", false},
        {"model=gpt2 seq=10", false},
        {"model=gpt2 dropout=0 seq=9", false},
        {"model=gpt2 layers=3 seq=9", true},
        {"model=mistral-7b sliding_window=128 seq=4", false},
        {"model=llama-3-8b tie_word_embeddings=yes", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        am_config config = config_of(cases[i].text);
        am_query names = am_query_of(&config, preset_of(&config));
        ck_assert_msg(am_query_reshapes(&names) == cases[i].reshapes, "%s", cases[i].text);
    }
}
END_TEST

Suite *test_query_suite(void);
Suite *test_query_suite(void)
{
    Suite *suite = suite_create("query");
    TCase *tests = tcase_create("query");
    tcase_add_loop_test(tests, query, 0, sizeof queries / sizeof *queries);
    tcase_add_test(tests, encoded);
    tcase_add_loop_test(tests, query_of_presets, 0, am_preset_count);
    tcase_add_test(tests, reshaped);
    suite_add_tcase(suite, tests);
    return suite;
}
