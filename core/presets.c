/* Models by name. Each is a set of keys; what it leaves out, its family decides. */
#include <string.h>

#include "input.h"

/* The activation is always named: stack=paper would otherwise take a gated model for a plain one. */
/* clang-format off */
const am_preset am_presets[] = {
    {"gpt2", "GPT-2 124M", "huggingface.co/openai-community/gpt2 config.json",
     "family=gpt2 layers=12 hidden=768 heads=12 vocab=50257 max_positions=1024 activation=gelu_new dropout=0.1",
     124439808},
    {"gpt2-xl", "GPT-2 XL 1.5B", "huggingface.co/openai-community/gpt2-xl config.json",
     "family=gpt2 layers=48 hidden=1600 heads=25 vocab=50257 max_positions=1024 activation=gelu_new dropout=0.1",
     1557611200},
    {"llama-2-7b", "Llama 2 7B", "huggingface.co/meta-llama/Llama-2-7b-hf config.json",
     "family=llama layers=32 hidden=4096 heads=32 ffn=11008 vocab=32000 activation=swiglu",
     6738415616},
    {"llama-3-8b", "Llama 3 8B", "huggingface.co/meta-llama/Meta-Llama-3-8B config.json",
     "family=llama layers=32 hidden=4096 heads=32 kv_heads=8 ffn=14336 vocab=128256 activation=swiglu",
     8030261248},
    {"llama-3-70b", "Llama 3 70B", "huggingface.co/meta-llama/Meta-Llama-3-70B config.json",
     "family=llama layers=80 hidden=8192 heads=64 kv_heads=8 ffn=28672 vocab=128256 activation=swiglu",
     70553706496},
    {"qwen2.5-7b", "Qwen2.5 7B", "huggingface.co/Qwen/Qwen2.5-7B config.json",
     "family=qwen2 layers=28 hidden=3584 heads=28 kv_heads=4 ffn=18944 vocab=152064 activation=swiglu",
     7615616512},
    {"qwen3-4b", "Qwen3 4B", "huggingface.co/Qwen/Qwen3-4B config.json",
     "family=qwen3 layers=36 hidden=2560 heads=32 kv_heads=8 head_dim=128 ffn=9728 vocab=151936 activation=swiglu "
     "tie_word_embeddings=yes",
     4022468096},
    {"mistral-7b", "Mistral 7B v0.1", "huggingface.co/mistralai/Mistral-7B-v0.1 config.json",
     "family=mistral layers=32 hidden=4096 heads=32 kv_heads=8 ffn=14336 vocab=32000 activation=swiglu "
     "sliding_window=4096",
     7241732096},
    {"gemma-2b", "Gemma 2B", "huggingface.co/google/gemma-2b config.json",
     "family=gemma layers=18 hidden=2048 heads=8 kv_heads=1 head_dim=256 ffn=16384 vocab=256000 activation=geglu_tanh",
     2506172416},
    {"smollm2-360m", "SmolLM2 360M", "huggingface.co/HuggingFaceTB/SmolLM2-360M config.json",
     "family=llama layers=32 hidden=960 heads=15 kv_heads=5 ffn=2560 vocab=49152 activation=swiglu "
     "tie_word_embeddings=yes",
     361821120},
    {"gpt3-175b", "GPT-3 175B",
     "Brown et al. 2020, arXiv 2005.14165, table 2.1; vocabulary of 51200 as in Korthikanti et al. 2022, "
     "arXiv 2205.05198 (the original has 50257)",
     "stack=paper family=gpt2 layers=96 hidden=12288 heads=96 "
     "vocab=51200 max_positions=2048 activation=gelu dropout=0.1", 0},
    {"megatron-22b", "Megatron 22B", "Korthikanti et al. 2022, arXiv 2205.05198, table 3",
     "stack=paper family=gpt2 layers=48 hidden=6144 heads=64 "
     "vocab=51200 max_positions=2048 activation=gelu dropout=0.1", 0},
    {"mt-nlg-530b", "MT-NLG 530B", "Korthikanti et al. 2022, arXiv 2205.05198, table 3",
     "stack=paper family=gpt2 layers=105 hidden=20480 heads=128 "
     "vocab=51200 max_positions=2048 activation=gelu dropout=0.1", 0},
    {"megatron-1t", "Megatron 1T", "Korthikanti et al. 2022, arXiv 2205.05198, table 3",
     "stack=paper family=gpt2 layers=128 hidden=25600 heads=160 "
     "vocab=51200 max_positions=2048 activation=gelu dropout=0.1", 0},
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
