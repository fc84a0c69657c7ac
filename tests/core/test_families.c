/* Whole models: their parameters as transformers and peft count them, and what PyTorch measures on shapes that no rule
 * was made for. */
#include <string.h>

#include "fixture.h"
#include "measured.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))

static json unseen;

static void evaluate(const char *text)
{
    am_status status;
    am_config config = config_of(text);
    ck_assert_msg(am_evaluate(&fixture_report, &fixture_workspace, &config, &status) == AM_OK, "%s: %s", text,
                  status.message);
}

/* ---- parameters ---- */

/* Counted by transformers 5.23 and peft 0.21 on random shapes: AutoModelForCausalLM.from_config on the meta device,
 * get_peft_model. */
/* clang-format off */
static const struct {
    const char *text;
    int64_t parameters, trainable;
} counted[] = {
    {"family=gpt2 layers=5 hidden=192 heads=6 vocab=131 max_positions=64 seq=8 "
     "tie_word_embeddings=no", 2287296, 2287296},
    {"family=gpt2 layers=2 hidden=40 heads=2 vocab=1001 max_positions=100 seq=8 "
     "tie_word_embeddings=no", 123600, 123600},
    {"family=gpt2 layers=2 hidden=24 heads=3 vocab=131 max_positions=64 seq=8 ffn=116 "
     "tie_word_embeddings=no", 24280, 24280},
    {"family=gpt2 layers=9 hidden=36 heads=3 vocab=17 max_positions=64 seq=8 tie_word_embeddings=no "
     "trainable=none", 147780, 0},
    {"family=gpt2 layers=5 hidden=60 heads=3 vocab=640 max_positions=100 seq=8 tie_word_embeddings=yes "
     "trainable=none", 264420, 0},
    {"family=gpt2 layers=5 hidden=64 heads=2 vocab=17 max_positions=16 seq=8 ffn=28 tie_word_embeddings=yes "
     "trainable=none", 105100, 0},
    {"family=llama layers=5 hidden=48 heads=2 vocab=17 kv_heads=2 ffn=192 seq=8 head_dim=12 qkv_bias=yes o_bias=yes "
     "mlp_bias=yes tie_word_embeddings=yes", 165384, 165384},
    {"family=llama layers=1 hidden=8 heads=1 vocab=1001 kv_heads=1 ffn=256 seq=8 head_dim=8 mlp_bias=yes "
     "tie_word_embeddings=yes", 14952, 14952},
    {"family=llama layers=2 hidden=36 heads=3 vocab=1001 kv_heads=3 ffn=220 seq=8 head_dim=32 qkv_bias=yes "
     "o_bias=yes tie_word_embeddings=no", 148068, 148068},
    {"family=llama layers=9 hidden=24 heads=2 vocab=17 kv_heads=2 ffn=68 seq=8 head_dim=12 qkv_bias=yes o_bias=yes "
     "mlp_bias=yes tie_word_embeddings=no trainable=lora lora_rank=1 lora_targets=q,k,v,o,gate,up,down", 72588, 4212},
    {"family=llama layers=9 hidden=84 heads=3 vocab=131 kv_heads=3 ffn=252 seq=8 head_dim=8 qkv_bias=yes o_bias=yes "
     "tie_word_embeddings=no trainable=lora lora_rank=1 lora_targets=q,k,v,o,gate,up,down", 682080, 12960},
    {"family=llama layers=9 hidden=36 heads=3 vocab=17 kv_heads=1 ffn=232 seq=8 head_dim=32 qkv_bias=yes o_bias=yes "
     "tie_word_embeddings=yes trainable=lora lora_rank=2 lora_targets=up,down", 321156, 9648},
    {"family=mistral layers=3 hidden=192 heads=6 vocab=17 kv_heads=2 ffn=108 seq=8 head_dim=32 "
     "tie_word_embeddings=yes", 486144, 486144},
    {"family=mistral layers=5 hidden=72 heads=9 vocab=17 kv_heads=3 ffn=124 seq=8 head_dim=8 "
     "tie_word_embeddings=yes", 205056, 205056},
    {"family=mistral layers=5 hidden=16 heads=2 vocab=640 kv_heads=2 ffn=164 seq=8 head_dim=8 "
     "tie_word_embeddings=no", 65136, 65136},
    {"family=mistral layers=2 hidden=56 heads=2 vocab=17 kv_heads=1 ffn=88 seq=8 head_dim=12 tie_word_embeddings=no "
     "trainable=lora lora_rank=1 lora_targets=q,v,up,down", 40688, 872},
    {"family=mistral layers=9 hidden=96 heads=3 vocab=640 kv_heads=3 ffn=176 seq=8 head_dim=32 "
     "tie_word_embeddings=yes trainable=lora lora_rank=2 lora_targets=q", 854688, 3456},
    {"family=mistral layers=9 hidden=96 heads=6 vocab=640 kv_heads=2 ffn=192 seq=8 head_dim=8 "
     "tie_word_embeddings=yes trainable=lora lora_rank=8 lora_targets=q,o,up,down", 733728, 62208},
    {"family=qwen2 layers=1 hidden=288 heads=9 vocab=17 kv_heads=3 ffn=24 seq=8 "
     "tie_word_embeddings=yes", 248160, 248160},
    {"family=qwen2 layers=1 hidden=80 heads=4 vocab=1001 kv_heads=2 ffn=252 seq=8 "
     "tie_word_embeddings=yes", 160160, 160160},
    {"family=qwen2 layers=9 hidden=24 heads=3 vocab=1001 kv_heads=1 ffn=64 seq=8 "
     "tie_word_embeddings=yes", 80136, 80136},
    {"family=qwen2 layers=1 hidden=192 heads=6 vocab=640 kv_heads=2 ffn=24 seq=8 tie_word_embeddings=yes "
     "trainable=lora lora_rank=2 lora_targets=k,v,o,gate,up,down", 238992, 3088},
    {"family=qwen2 layers=2 hidden=80 heads=4 vocab=131 kv_heads=2 ffn=240 seq=8 tie_word_embeddings=no "
     "trainable=lora lora_rank=1 lora_targets=k,v,gate,down", 177040, 1760},
    {"family=qwen2 layers=2 hidden=32 heads=4 vocab=131 kv_heads=2 ffn=160 seq=8 tie_word_embeddings=yes "
     "trainable=lora lora_rank=8 lora_targets=k,v,o,gate", 46976, 5632},
    {"family=qwen3 layers=9 hidden=216 heads=6 vocab=17 kv_heads=2 ffn=184 seq=8 head_dim=20 qkv_bias=yes "
     "o_bias=yes tie_word_embeddings=no", 1710720, 1710720},
    {"family=qwen3 layers=9 hidden=72 heads=3 vocab=131 kv_heads=1 ffn=28 seq=8 head_dim=20 qkv_bias=yes o_bias=yes "
     "tie_word_embeddings=yes", 170820, 170820},
    {"family=qwen3 layers=3 hidden=12 heads=1 vocab=17 kv_heads=1 ffn=248 seq=8 head_dim=8 "
     "tie_word_embeddings=no", 28476, 28476},
    {"family=qwen3 layers=3 hidden=36 heads=3 vocab=640 kv_heads=1 ffn=260 seq=8 head_dim=12 qkv_bias=yes "
     "o_bias=yes tie_word_embeddings=yes trainable=lora lora_rank=1 lora_targets=q,k,gate,up", 120396, 2136},
    {"family=qwen3 layers=3 hidden=72 heads=6 vocab=17 kv_heads=2 ffn=132 seq=8 head_dim=12 tie_word_embeddings=yes "
     "trainable=lora lora_rank=8 lora_targets=k,o,up,down", 144360, 15552},
    {"family=qwen3 layers=1 hidden=120 heads=6 vocab=17 kv_heads=2 ffn=124 seq=8 head_dim=20 tie_word_embeddings=no "
     "trainable=lora lora_rank=2 lora_targets=q,k,o,gate,up,down", 90264, 2744},
    {"family=gemma layers=9 hidden=32 heads=4 vocab=17 kv_heads=2 ffn=60 seq=8 head_dim=8 "
     "tie_word_embeddings=yes", 80640, 80640},
    {"family=gemma layers=3 hidden=24 heads=2 vocab=17 kv_heads=2 ffn=236 seq=8 head_dim=12 qkv_bias=yes o_bias=yes "
     "tie_word_embeddings=yes", 58752, 58752},
    {"family=gemma layers=2 hidden=72 heads=2 vocab=131 kv_heads=2 ffn=64 seq=8 head_dim=32 "
     "tie_word_embeddings=yes", 74304, 74304},
    {"family=gemma layers=9 hidden=60 heads=3 vocab=131 kv_heads=3 ffn=212 seq=8 head_dim=20 qkv_bias=yes "
     "o_bias=yes tie_word_embeddings=yes trainable=lora lora_rank=2 lora_targets=q,v,o,gate,down", 500472, 16272},
    {"family=gemma layers=9 hidden=24 heads=3 vocab=1001 kv_heads=1 ffn=40 seq=8 head_dim=8 tie_word_embeddings=no "
     "trainable=lora lora_rank=1 lora_targets=o", 88680, 432},
    {"family=gemma layers=2 hidden=96 heads=3 vocab=640 kv_heads=1 ffn=224 seq=8 head_dim=32 qkv_bias=yes "
     "o_bias=yes tie_word_embeddings=yes trainable=lora lora_rank=2 lora_targets=o,gate,down", 243936, 3328},
};
/* clang-format on */

START_TEST(parameters)
{
    evaluate(counted[_i].text);
    const am_parameters *got = &fixture_report.parameters;
    ck_assert_msg(got->total == counted[_i].parameters, "%s: %lld parameters, PyTorch %lld", counted[_i].text,
                  (long long)got->total, (long long)counted[_i].parameters);
    ck_assert_msg(got->trainable == counted[_i].trainable, "%s: %lld trainable, PyTorch %lld", counted[_i].text,
                  (long long)got->trainable, (long long)counted[_i].trainable);
    ck_assert_int_eq(got->bytes, 2 * got->total); /* all in bf16 */
}
END_TEST

/* A tied head adds none; every further layer adds as much as the one before. */
START_TEST(parts_of_the_count)
{
    static const char *const models[] = {
        "family=llama hidden=32 heads=4 kv_heads=2 ffn=48 vocab=64 seq=16",
        "family=gpt2 hidden=32 heads=4 vocab=64 seq=16",
        "family=gemma hidden=32 heads=4 kv_heads=1 ffn=48 vocab=64 seq=16",
    };
    for (int i = 0; i < COUNT(models); i++) {
        int64_t total[2][3];
        for (int tied = 0; tied < 2; tied++)
            for (int layers = 1; layers <= 3; layers++) {
                char text[256];
                strcpy(text, models[i]);
                strcat(text, tied ? " tie_word_embeddings=yes" : " tie_word_embeddings=no");
                strcat(text, layers == 1 ? " layers=1" : layers == 2 ? " layers=2" : " layers=3");
                evaluate(text);
                total[tied][layers - 1] = fixture_report.parameters.total;
            }
        ck_assert_int_eq(total[0][2] - total[0][1], total[0][1] - total[0][0]);
        ck_assert_int_eq(total[0][0] - total[1][0], 64 * 32); /* v·h */
    }
}
END_TEST

/* ---- what is kept and what peaks ---- */

START_TEST(unseen_shapes)
{
    char text[512];
    json record = json_at(unseen, _i);
    evaluate(json_text(json_get(record, "text"), text, sizeof text));
    expect_figures(record);
}
END_TEST

Suite *test_families_suite(void);
Suite *test_families_suite(void)
{
    if (!unseen.document) unseen = json_load("unseen.json");
    Suite *suite = suite_create("families");
    TCase *tests = tcase_create("families");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, parameters, 0, COUNT(counted));
    tcase_add_test(tests, parts_of_the_count);
    tcase_add_loop_test(tests, unseen_shapes, 0, json_size(unseen));
    suite_add_tcase(suite, tests);
    return suite;
}
