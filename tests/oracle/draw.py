"""Draws cases at random: a config.json of a family, and how a step of it runs."""
import random

# ---- shapes


def heads_of(r):
    """heads, kv_heads (a divisor of heads) and the width of a head."""
    kv_heads, group = r.choice((1, 1, 2, 3)), r.choice((1, 2, 4))
    return kv_heads * group, kv_heads, r.choice((4, 8, 12, 16, 24, 32, 64, 128))


def decoder(r, heads=None):
    """What most families' config.json have in common, in small. Ids of special tokens lie in the vocabulary."""
    count, kv_heads, width = heads or heads_of(r)
    vocab = r.choice((8, 17, 131, 640, 1500))
    return {
        "num_hidden_layers": r.choice((1, 2, 3, 4, 6)),
        "hidden_size": r.choice((count * width, count * width, 48, 96)),
        "num_attention_heads": count,
        "num_key_value_heads": kv_heads,
        "head_dim": width,
        "intermediate_size": r.choice((24, 40, 88, 264)),
        "vocab_size": vocab,
        "tie_word_embeddings": r.random() < 0.5,
        "pad_token_id": 0,
        "bos_token_id": 1,
        "eos_token_id": 2,
    }


def fitted(r):
    """The same where a head's width is hidden_size / heads, and no key says it."""
    heads = heads_of(r)
    config = {**decoder(r, heads), "hidden_size": heads[0] * heads[2]}
    del config["head_dim"]
    return config


def headed(r):
    """The same where a key says it."""
    heads = heads_of(r)
    return {**decoder(r, heads), "hidden_size": heads[0] * heads[2]}


def ungrouped(r):
    """The same without grouped heads."""
    config = fitted(r)
    del config["num_key_value_heads"]
    return config


def flag(r, chance=0.3):
    return r.random() < chance


def window(r, seq):
    return r.choice((None, 8, seq - 1 or 1, seq, seq + 1))


def gated(r):
    return r.choice(("silu", "silu", "gelu", "gelu_pytorch_tanh"))


def plain(r):
    return r.choice(("gelu_new", "gelu", "gelu_pytorch_tanh", "relu", "silu"))


def rotary(r):
    return {"rope_type": "default", "rope_theta": 10000.0, "partial_rotary_factor": r.choice((0.25, 0.5, 1.0))}


# ---- families, by model_type: each takes the random numbers and the sequence length


def gpt2(r, seq):
    heads = r.choice((1, 2, 3, 4))
    return {
        "n_layer": r.choice((1, 2, 3, 5)),
        "n_embd": heads * r.choice((8, 12, 16, 64)),
        "n_head": heads,
        "n_inner": r.choice((None, 40, 88)),
        "n_positions": seq + r.choice((0, 0, 7)),
        "vocab_size": r.choice((17, 131, 1500)),
        "activation_function": plain(r),
        "resid_pdrop": r.choice((0.0, 0.1)),
        "attn_pdrop": r.choice((0.0, 0.1)),
        "embd_pdrop": r.choice((0.0, 0.1)),
        "tie_word_embeddings": flag(r, 0.7),
        "bos_token_id": 1,
        "eos_token_id": 2,
    }


def gpt_neox(r, seq):
    return {
        **ungrouped(r),
        "rope_parameters": rotary(r),
        "use_parallel_residual": flag(r, 0.6),
        "hidden_act": plain(r),
        "attention_bias": flag(r, 0.7),
        "hidden_dropout": r.choice((0.0, 0.0, 0.1)),
        "max_position_embeddings": seq,
    }


def opt(r, seq):
    shape = ungrouped(r)
    hidden = shape["hidden_size"]
    return {
        "num_hidden_layers": shape["num_hidden_layers"],
        "hidden_size": hidden,
        "num_attention_heads": shape["num_attention_heads"],
        "ffn_dim": shape["intermediate_size"],
        "vocab_size": shape["vocab_size"],
        "max_position_embeddings": seq + r.choice((0, 5)),
        "word_embed_proj_dim": r.choice((hidden, hidden, 24)),
        "do_layer_norm_before": flag(r, 0.7),
        "activation_function": r.choice(("relu", "relu", "gelu")),
        "dropout": r.choice((0.0, 0.1)),
        "pad_token_id": 1,
        "bos_token_id": 2,
        "eos_token_id": 2,
    }


def gptj(r, seq):
    heads, width = r.choice((1, 2, 4)), r.choice((8, 16, 32))
    return {
        "n_layer": r.choice((1, 2, 4)),
        "n_embd": heads * width,
        "n_head": heads,
        "rotary_dim": r.choice((4, width)),
        "n_inner": r.choice((None, 40)),
        "n_positions": seq,
        "vocab_size": r.choice((17, 131, 640)),
        "resid_pdrop": r.choice((0.0, 0.1)),
        "embd_pdrop": r.choice((0.0, 0.1)),
        "attn_pdrop": 0.0,
        "bos_token_id": 1,
        "eos_token_id": 2,
    }


def bloom(r, seq):
    heads = r.choice((1, 2, 4))
    return {
        "n_layer": r.choice((1, 2, 4)),
        "hidden_size": heads * r.choice((8, 16, 32)),
        "n_head": heads,
        "vocab_size": r.choice((17, 131, 640)),
        "hidden_dropout": r.choice((0.0, 0.1)),
        "attention_dropout": r.choice((0.0, 0.1)),
        "apply_residual_connection_post_layernorm": flag(r),
        "bos_token_id": 1,
        "eos_token_id": 2,
        "pad_token_id": 0,
    }


def mixture(r, seq):
    experts = r.choice((2, 4, 8))
    return {"experts": experts, "used": r.choice((1, 2)), "moe": r.choice((24, 56))}


def mixtral(r, seq):
    m = mixture(r, seq)
    return {
        **decoder(r),
        "num_local_experts": m["experts"],
        "num_experts_per_tok": m["used"],
        "sliding_window": window(r, seq),
        "hidden_act": gated(r),
    }


def qwen3_moe(r, seq):
    m = mixture(r, seq)
    return {
        **decoder(r),
        "num_experts": m["experts"],
        "num_experts_per_tok": m["used"],
        "moe_intermediate_size": m["moe"],
        "norm_topk_prob": flag(r, 0.5),
        "attention_bias": flag(r),
    }


def olmoe(r, seq):
    m = mixture(r, seq)
    return {**fitted(r), "num_experts": m["experts"], "num_experts_per_tok": m["used"], "norm_topk_prob": flag(r, 0.5)}


def deepseek_v3(r, seq):
    shape = ungrouped(r)
    rope = r.choice((4, 8, 16))
    groups = r.choice((1, 2))
    return {
        **shape,
        "num_key_value_heads": shape["num_attention_heads"],
        "num_hidden_layers": r.choice((2, 3, 4)),
        "first_k_dense_replace": r.choice((0, 1, 1, 2)),
        "moe_intermediate_size": r.choice((24, 56)),
        "n_routed_experts": 8,
        "n_shared_experts": r.choice((1, 2)),
        "num_experts_per_tok": r.choice((2, 4)),
        "n_group": groups,
        "topk_group": r.choice((1, groups)),
        "norm_topk_prob": flag(r, 0.5),
        "q_lora_rank": r.choice((None, 24, 40)),
        "kv_lora_rank": r.choice((16, 32)),
        "qk_rope_head_dim": rope,
        "qk_nope_head_dim": r.choice((8, 16)),
        "v_head_dim": r.choice((8, 16)),
        "rope_interleave": True,
    }


def internlm3(r, seq):
    biased = flag(r)
    return {**decoder(r), "qkv_bias": biased, "bias": biased, "hidden_act": gated(r)}


def gemma2(r, seq):
    config = {
        **decoder(r),
        "sliding_window": r.choice((8, seq, seq + 1)),
        "attn_logit_softcapping": r.choice((None, 50.0)),
        "final_logit_softcapping": r.choice((None, 30.0)),
        "query_pre_attn_scalar": 16,
    }
    return config


FAMILIES = {
    "llama": lambda r, seq: {**decoder(r), "attention_bias": flag(r), "mlp_bias": flag(r), "hidden_act": gated(r)},
    "mistral": lambda r, seq: {**decoder(r), "sliding_window": window(r, seq), "hidden_act": gated(r)},
    "qwen2": lambda r, seq: {**fitted(r), "hidden_act": gated(r)},
    "qwen3": lambda r, seq: {**decoder(r), "attention_bias": flag(r), "hidden_act": gated(r)},
    "gemma": lambda r, seq: {**decoder(r), "attention_bias": flag(r)},
    "gpt2": gpt2,
    "gemma2": gemma2,
    "phi3": lambda r, seq: {**fitted(r), "sliding_window": window(r, seq), "hidden_act": gated(r)},
    "olmo2": lambda r, seq: {**fitted(r), "attention_bias": flag(r), "hidden_act": gated(r)},
    "granite": lambda r, seq: {**fitted(r), "attention_bias": flag(r), "mlp_bias": flag(r)},
    "cohere": lambda r, seq: {**fitted(r), "attention_bias": flag(r), "use_qk_norm": flag(r)},
    "smollm3": lambda r, seq: {**fitted(r), "attention_bias": flag(r), "mlp_bias": flag(r)},
    "glm4": lambda r, seq: {**decoder(r), "attention_bias": flag(r, 0.5)},
    "gemma3_text": lambda r, seq: {**decoder(r), "sliding_window": r.choice((8, seq, seq + 1)),
                                   "query_pre_attn_scalar": 16},  # fmt: skip
    "starcoder2": lambda r, seq: {**fitted(r), "use_bias": flag(r, 0.7), "sliding_window": window(r, seq),
                                  "residual_dropout": r.choice((0.0, 0.1)),
                                  "embedding_dropout": r.choice((0.0, 0.1))},  # fmt: skip
    "stablelm": lambda r, seq: {**fitted(r), "use_qkv_bias": flag(r), "qk_layernorm": flag(r),
                                "use_parallel_residual": flag(r), "rope_parameters": rotary(r)},  # fmt: skip
    "seed_oss": lambda r, seq: {**decoder(r), "attention_bias": flag(r, 0.7), "attention_out_bias": flag(r),
                                "mlp_bias": flag(r), "attention_dropout": r.choice((0.0, 0.1)),
                                "residual_dropout": r.choice((0.0, 0.1)), "hidden_act": gated(r)},  # fmt: skip
    "ernie4_5": lambda r, seq: {**decoder(r), "use_bias": flag(r), "hidden_act": gated(r)},
    "helium": lambda r, seq: {**headed(r), "attention_bias": flag(r), "mlp_bias": flag(r), "hidden_act": gated(r)},
    "hunyuan_v1_dense": lambda r, seq: {**decoder(r), "attention_bias": flag(r), "hidden_act": gated(r)},
    "olmo": lambda r, seq: {**fitted(r), "attention_bias": flag(r), "hidden_act": gated(r)},
    "olmo3": lambda r, seq: {**fitted(r), "attention_bias": flag(r), "sliding_window": r.choice((8, seq, seq + 1))},
    "exaone4": lambda r, seq: {**decoder(r), "sliding_window": r.choice((8, seq, seq + 1)), "hidden_act": gated(r),
                               "sliding_window_pattern": r.choice((2, 3, 4))},  # fmt: skip
    "hyperclovax": lambda r, seq: {**fitted(r), "attention_bias": flag(r), "mlp_bias": flag(r)},
    "arcee": lambda r, seq: {**fitted(r), "attention_bias": flag(r), "mlp_bias": flag(r)},
    "jais2": lambda r, seq: {**fitted(r), "attention_bias": flag(r, 0.7), "mlp_bias": flag(r, 0.7)},
    "internlm3": internlm3,
    "iquestcoder": lambda r, seq: {**decoder(r), "attention_bias": flag(r), "mlp_bias": flag(r)},
    "phi": lambda r, seq: {**fitted(r), "rope_parameters": rotary(r), "qk_layernorm": flag(r),
                           "resid_pdrop": r.choice((0.0, 0.1)), "embd_pdrop": r.choice((0.0, 0.1))},  # fmt: skip
    "gpt_neox": gpt_neox,
    "opt": opt,
    "gptj": gptj,
    "bloom": bloom,
    "mixtral": mixtral,
    "qwen3_moe": qwen3_moe,
    "olmoe": olmoe,
    "deepseek_v3": deepseek_v3,
}

# ---- how the step runs


def run(r, seq, layers):
    """Words for actmem: everything that is no matter of the model."""
    words = {"batch": r.choice((1, 1, 2, 3)), "seq": seq, "attention": r.choice(("sdpa", "sdpa", "eager", "efficient", "flash"))}
    words["dtype"] = r.choice(("bf16", "bf16", "bf16", "fp16", "fp32"))
    if words["dtype"] == "fp32" and r.random() < 0.4:
        words["autocast"] = r.choice(("bf16", "bf16", "fp16"))
    checkpoints = ("none", "none", "none", "full", "full", "save:matmuls", "save:half-matmuls")
    words["checkpoint"] = r.choice((*checkpoints, f"every:{r.choice((1, 2, 3))}", f"block:{r.randint(1, layers)}"))
    if words["checkpoint"] == "full" or words["checkpoint"].startswith("every"):
        words["reentrant"] = r.choice(("no", "no", "yes"))
    words["trainable"] = r.choice(("all", "all", "all", "none", "lora"))
    if words["trainable"] == "lora":
        words["lora_rank"] = r.choice((1, 8, 16))
        targets = ("q", "k", "v", "o", "gate", "up", "down")
        words["lora_targets"] = ",".join(sorted(r.sample(targets, r.randint(1, 7)), key=targets.index))
        words["lora_dropout"] = r.choice((0.0, 0.05))
        words["lora_dtype"] = r.choice((words["dtype"], "fp32"))
    return [f"{key}={value}" for key, value in words.items()]


def draw(seed, families):
    """(config, words) of the case of this seed: equal seeds draw equal cases."""
    r = random.Random(seed)
    family = r.choice(sorted(families))
    seq = r.choice((1, 2, 3, 8, 9, 17, 31, 32, 33, 48, 64, 96, 127, 128))
    config = {"model_type": family, **FAMILIES[family](r, seq)}
    layers = config.get("num_hidden_layers", config.get("n_layer"))
    return config, run(r, seq, layers)
