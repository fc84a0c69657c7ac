/* Models by name. Each is a set of keys; what it leaves out, its family decides. */
#include <string.h>

#include "input.h"

/* The activation is always named: stack=paper would otherwise take a gated model for a plain one. */
/* clang-format off */
#define HUB(repository) "huggingface.co/" repository " config.json"
#define ROW(name, label, source, text, parameters) {name, AM_WORDS(label), AM_WORDS(source), text, parameters}
const am_preset am_presets[] = {
    ROW("gpt2", "GPT-2 124M", HUB("openai-community/gpt2"),
        "family=gpt2 layers=12 hidden=768 heads=12 vocab=50257 max_positions=1024 activation=gelu_new dropout=0.1",
        124439808),
    ROW("gpt2-xl", "GPT-2 XL 1.5B", HUB("openai-community/gpt2-xl"),
        "family=gpt2 layers=48 hidden=1600 heads=25 vocab=50257 max_positions=1024 activation=gelu_new dropout=0.1",
        1557611200),
    ROW("llama-2-7b", "Llama 2 7B", HUB("meta-llama/Llama-2-7b-hf"),
        "family=llama layers=32 hidden=4096 heads=32 ffn=11008 vocab=32000 activation=swiglu",
        6738415616),
    ROW("llama-3-8b", "Llama 3 8B", HUB("meta-llama/Meta-Llama-3-8B"),
        "family=llama layers=32 hidden=4096 heads=32 kv_heads=8 ffn=14336 vocab=128256 activation=swiglu",
        8030261248),
    ROW("llama-3-70b", "Llama 3 70B", HUB("meta-llama/Meta-Llama-3-70B"),
        "family=llama layers=80 hidden=8192 heads=64 kv_heads=8 ffn=28672 vocab=128256 activation=swiglu",
        70553706496),
    ROW("qwen2.5-7b", "Qwen2.5 7B", HUB("Qwen/Qwen2.5-7B"),
        "family=qwen2 layers=28 hidden=3584 heads=28 kv_heads=4 ffn=18944 vocab=152064 activation=swiglu",
        7615616512),
    ROW("qwen3-4b", "Qwen3 4B", HUB("Qwen/Qwen3-4B"),
        "family=qwen3 layers=36 hidden=2560 heads=32 kv_heads=8 head_dim=128 ffn=9728 vocab=151936 activation=swiglu "
        "tie_word_embeddings=yes",
        4022468096),
    ROW("mistral-7b", "Mistral 7B v0.1", HUB("mistralai/Mistral-7B-v0.1"),
        "family=mistral layers=32 hidden=4096 heads=32 kv_heads=8 ffn=14336 vocab=32000 activation=swiglu "
        "sliding_window=4096",
        7241732096),
    ROW("mixtral-8x7b", "Mixtral 8x7B v0.1", HUB("mistralai/Mixtral-8x7B-v0.1"),
        "family=mixtral layers=32 hidden=4096 heads=32 kv_heads=8 ffn=14336 vocab=32000 activation=swiglu experts=8 "
        "experts_per_token=2",
        46702792704),
    ROW("deepseek-v3", "DeepSeek-V3 671B", HUB("deepseek-ai/DeepSeek-V3"),
        "family=deepseek_v3 layers=61 hidden=7168 heads=128 head_dim=192 rotary_dim=64 v_head_dim=128 q_rank=1536 "
        "kv_rank=512 ffn=18432 vocab=129280 activation=swiglu dense_layers=3 experts=256 experts_per_token=8 moe_ffn=2048 "
        "shared_ffn=2048 expert_groups=8 groups_per_token=4",
        671026404352),
    ROW("gemma-2b", "Gemma 2B", HUB("google/gemma-2b"),
        "family=gemma layers=18 hidden=2048 heads=8 kv_heads=1 head_dim=256 ffn=16384 vocab=256000 activation=geglu_tanh",
        2506172416),
    ROW("smollm2-360m", "SmolLM2 360M", HUB("HuggingFaceTB/SmolLM2-360M"),
        "family=llama layers=32 hidden=960 heads=15 kv_heads=5 ffn=2560 vocab=49152 activation=swiglu "
        "tie_word_embeddings=yes",
        361821120),
    ROW("gpt3-175b", "GPT-3 175B",
        "Brown et al. 2020, arXiv 2005.14165, table 2.1; vocabulary of 51200 as in Korthikanti et al. 2022, "
        "arXiv 2205.05198 (the original has 50257)",
        "stack=paper family=gpt2 layers=96 hidden=12288 heads=96 "
        "vocab=51200 max_positions=2048 activation=gelu dropout=0.1", 0),
    ROW("megatron-22b", "Megatron 22B", "Korthikanti et al. 2022, arXiv 2205.05198, table 3",
        "stack=paper family=gpt2 layers=48 hidden=6144 heads=64 "
        "vocab=51200 max_positions=2048 activation=gelu dropout=0.1", 0),
    ROW("mt-nlg-530b", "MT-NLG 530B", "Korthikanti et al. 2022, arXiv 2205.05198, table 3",
        "stack=paper family=gpt2 layers=105 hidden=20480 heads=128 "
        "vocab=51200 max_positions=2048 activation=gelu dropout=0.1", 0),
    ROW("megatron-1t", "Megatron 1T", "Korthikanti et al. 2022, arXiv 2205.05198, table 3",
        "stack=paper family=gpt2 layers=128 hidden=25600 heads=160 "
        "vocab=51200 max_positions=2048 activation=gelu dropout=0.1", 0),
};
/* clang-format on */

const int am_preset_count = sizeof am_presets / sizeof *am_presets;

const am_preset *am_preset_find(const char *name)
{
    for (int i = 0; i < am_preset_count; i++)
        if (strcmp(am_presets[i].name, name) == 0) return &am_presets[i];
    return NULL;
}

/* The name that is nearest to what was written and not one of the other two. */
static const char *nearest_name(const char *written, const char *not_this, const char *nor_this)
{
    const char *nearest = NULL;
    for (int i = 0; i < am_preset_count; i++) {
        const char *name = am_presets[i].name;
        if (name == not_this || name == nor_this) continue;
        if (!nearest || am_name_distance(written, name) < am_name_distance(written, nearest)) nearest = name;
    }
    return nearest;
}

am_code am_preset_apply(am_config *config, const char *name, am_status *status)
{
    *status = (am_status){0};
    const am_preset *preset = am_preset_find(name);
    if (!preset) {
        const char *first = nearest_name(name, NULL, NULL);
        const char *second = nearest_name(name, first, NULL);
        return am_fail(status, AM_UNKNOWN_MODEL, "model", "there is no model '%s'; the nearest are %s, %s and %s", name,
                       first, second, nearest_name(name, first, second));
    }
    am_config next = *config;
    am_config_clear_model(&next);
    am_code code = am_config_parse(&next, preset->text, status);
    if (code != AM_OK) return code;
    am_copy_text(next.model, sizeof next.model, name, strlen(name));
    *config = next;
    return AM_OK;
}
