"""Draws cases at random: of stack hf and liger a config.json of a family, of the others a model in actmem's own keys; and how a
step of it runs."""
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
        "attention_dropout": r.choice((0.0, 0.0, 0.0, 0.1)),
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


def minimax_m2(r, seq):
    config = mixtral(r, seq)
    del config["sliding_window"], config["hidden_act"]
    share = config["head_dim"] // 2 if "head_dim" in config and flag(r, 0.5) else None
    return {**config, **({"rotary_dim": share} if share else {"rope_parameters": rotary(r)})}


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


def deepseek_v2(r, seq):
    config = deepseek_v3(r, seq)
    del config["norm_topk_prob"], config["rope_interleave"]
    grouped = flag(r, 0.5)
    groups = {"n_group": 2, "topk_method": "group_limited_greedy"} if grouped else {"n_group": r.choice((None, 1))}
    return {**config, **groups, "mlp_bias": flag(r), "attention_bias": flag(r)}


def glm4_moe_lite(r, seq):
    config = deepseek_v3(r, seq)
    dense, layers = config.pop("first_k_dense_replace"), config["num_hidden_layers"]
    kinds = ["dense"] * dense + ["sparse"] * (layers - dense)
    return {**config, **({} if dense == 1 and flag(r, 0.5) else {"mlp_layer_types": kinds})}


def youtu(r, seq):
    kept = ("q_lora_rank", "kv_lora_rank", "qk_rope_head_dim", "qk_nope_head_dim", "v_head_dim", "rope_interleave")
    config = deepseek_v3(r, seq)
    shape = ungrouped(r)
    return {**shape, "num_key_value_heads": shape["num_attention_heads"], "tie_word_embeddings": flag(r, 0.5), **{key: config[key] for key in kept}}


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


def gpt_bigcode(r, seq):
    return {**gpt2(r, seq), "multi_query": flag(r, 0.7)}


def gpt_neo(r, seq):
    shape = ungrouped(r)
    layers = r.choice((1, 2, 4))
    return {
        "num_layers": layers,
        "num_heads": shape["num_attention_heads"],
        "hidden_size": shape["hidden_size"],
        "intermediate_size": r.choice((None, 40)),
        "vocab_size": shape["vocab_size"],
        "max_position_embeddings": seq + r.choice((0, 5)),
        "attention_types": [[["global"], layers]],
        "activation_function": plain(r),
        "resid_dropout": r.choice((0.0, 0.1)),
        "embed_dropout": r.choice((0.0, 0.1)),
        "attention_dropout": r.choice((0.0, 0.1)),
        "bos_token_id": 1,
        "eos_token_id": 2,
    }


def mpt(r, seq):
    heads = r.choice((1, 2, 4))
    return {
        "n_layers": r.choice((1, 2, 4)),
        "d_model": heads * r.choice((8, 16, 32)),
        "n_heads": heads,
        "expansion_ratio": r.choice((2, 4)),
        "max_seq_len": seq + r.choice((0, 7)),
        "vocab_size": r.choice((17, 131, 640)),
    }


def falcon(r, seq):
    heads = r.choice((1, 2, 4))
    new = flag(r)
    return {
        "num_hidden_layers": r.choice((1, 2, 4)),
        "hidden_size": heads * r.choice((8, 16, 32)),
        "num_attention_heads": heads,
        "vocab_size": r.choice((17, 131, 640)),
        "new_decoder_architecture": new,
        **({"num_kv_heads": r.choice((1, heads))} if new else {"multi_query": flag(r, 0.6)}),
        "parallel_attn": new or flag(r, 0.6),
        "bias": flag(r),
        "alibi": not new and flag(r),
        "hidden_dropout": r.choice((0.0, 0.0, 0.1)),
        "attention_dropout": r.choice((0.0, 0.0, 0.1)),
        "bos_token_id": 1,
        "eos_token_id": 2,
    }


def gpt_oss(r, seq):
    m = mixture(r, seq)
    return {
        **decoder(r),
        "num_local_experts": m["experts"],
        "num_experts_per_tok": m["used"],
        "sliding_window": r.choice((8, seq, seq + 1)),
        "attention_bias": True,
    }


def qwen2_moe(r, seq):
    m = mixture(r, seq)
    return {
        **fitted(r),
        "num_experts": m["experts"],
        "num_experts_per_tok": m["used"],
        "moe_intermediate_size": m["moe"],
        "shared_expert_intermediate_size": r.choice((24, 40)),
        "norm_topk_prob": flag(r, 0.5),
    }


def glm4_moe(r, seq):
    groups = r.choice((1, 2))
    return {
        **decoder(r),
        "moe_intermediate_size": r.choice((24, 56)),
        "first_k_dense_replace": r.choice((0, 1, 1, 2)),
        "n_routed_experts": 8,
        "n_shared_experts": r.choice((1, 2)),
        "num_experts_per_tok": r.choice((2, 4)),
        "n_group": groups,
        "topk_group": r.choice((1, groups)),
        "norm_topk_prob": flag(r, 0.5),
        "use_qk_norm": flag(r),
        "attention_bias": flag(r),
        "rope_parameters": rotary(r),
    }


def dots1(r, seq):
    config = glm4_moe(r, seq)
    del config["use_qk_norm"], config["rope_parameters"]
    return config


def solar_open(r, seq):
    config = dots1(r, seq)
    del config["first_k_dense_replace"], config["intermediate_size"]
    return config


def ernie4_5_moe(r, seq):
    m = mixture(r, seq)
    return {
        **decoder(r),
        "use_bias": flag(r),
        "hidden_act": gated(r),
        "moe_intermediate_size": m["moe"],
        "moe_num_experts": m["experts"],
        "moe_k": m["used"],
        "moe_num_shared_experts": r.choice((1, 2)),
        "moe_layer_start_index": r.choice((0, 1, 1, 2)),
    }


def granitemoe(r, seq):
    m = mixture(r, seq)
    return {**fitted(r), "num_local_experts": m["experts"], "num_experts_per_tok": m["used"], "attention_bias": flag(r)}


def full_first(r, seq):
    """The same, of whose layers every first of so many has no window."""
    config, period = decoder(r), r.choice((1, 2, 3, 4))
    kinds = ["sliding_attention" if i % period else "full_attention" for i in range(config["num_hidden_layers"])]
    return {**config, "sliding_window": r.choice((8, seq, seq + 1)), "layer_types": kinds, "hidden_act": gated(r)}


def cwm(r, seq):
    config = full_first(r, seq)
    usual = config["layer_types"][:5] == ["full_attention", *["sliding_attention"] * 3, "full_attention"][: config["num_hidden_layers"]]
    if usual and flag(r, 0.5):
        del config["layer_types"]
    return {**config, "mlp_bias": flag(r)}


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
    "qwen2_moe": qwen2_moe,
    "glm4_moe": glm4_moe,
    "gpt_oss": gpt_oss,
    "gpt_bigcode": gpt_bigcode,
    "gpt_neo": gpt_neo,
    "mpt": mpt,
    "falcon": falcon,
    "glm": lambda r, seq: {**decoder(r), "attention_bias": flag(r, 0.5)},
    "cohere2": lambda r, seq: {**fitted(r), "attention_bias": flag(r), "sliding_window": r.choice((8, seq, seq + 1))},
    "deepseek_v3": deepseek_v3,
    "deepseek_v2": deepseek_v2,
    "mistral4": lambda r, seq: {**deepseek_v3(r, seq), "attention_bias": flag(r)},
    "glm4_moe_lite": glm4_moe_lite,
    "youtu": youtu,
    "nemotron": lambda r, seq: {**decoder(r), "attention_bias": flag(r), "mlp_bias": flag(r), "rope_parameters": rotary(r)},
    "apertus": lambda r, seq: {**decoder(r), "attention_bias": flag(r)},
    "ernie4_5_moe": ernie4_5_moe,
    "granitemoe": granitemoe,
    "cwm": cwm,
    "ministral": full_first,
    "ministral3": lambda r, seq: {**decoder(r), "sliding_window": window(r, seq), "hidden_act": gated(r)},
    "flex_olmo": olmoe,
    "vaultgemma": gemma2,
    "minimax_m2": minimax_m2,
    "dots1": dots1,
    "solar_open": solar_open,
}

# What else a config.json may say, by the families whose code reads it.
OTHERS = (
    ("hidden_act", gated, "granite cohere cohere2 smollm3 glm glm4 stablelm olmo3 hyperclovax iquestcoder qwen3_moe olmoe flex_olmo "
                          "qwen2_moe glm4_moe minimax_m2 dots1 solar_open deepseek_v3 glm4_moe_lite youtu"),  # fmt: skip
    ("hidden_act", plain, "starcoder2 arcee jais2 phi nemotron"),
    ("hidden_activation", gated, "gemma2 gemma3_text vaultgemma"),
    ("activation_function", plain, "gptj"),
    ("activation", plain, "falcon"),
    ("attention_bias", flag, "gemma2 gemma3_text vaultgemma olmoe flex_olmo deepseek_v3 glm4_moe_lite youtu"),
    ("tie_word_embeddings", flag, "opt gptj bloom gpt_neo mpt falcon"),
    ("enable_bias", flag, "opt"),
    ("qkv_bias", flag, "qwen2_moe"),
    ("scale_attn_weights", flag, "gpt2 gpt_bigcode"),
    ("ffn_hidden_size", lambda r: r.choice((24, 40)), "falcon"),
    ("num_ln_in_parallel_attn", lambda r: r.choice((1, 2)), "falcon"),
    ("resid_pdrop", lambda r: r.choice((0.0, 0.1)), "phi3"),
    ("hidden_dropout", lambda r: r.choice((0.0, 0.1)), "stablelm"),
    ("attention_dropout", lambda r: r.choice((0.0, 0.1)), "opt"),
    ("final_logit_softcapping", lambda r: 30.0, "gemma3_text"),
)


def others(r, family):
    """Each seldom, so that most cases are of what the files of a family say."""
    return {key: value(r) for key, value, families in OTHERS if family in families.split() and flag(r, 0.2)}


# ---- how the step runs


TARGETS = ("q", "k", "v", "o", "gate", "up", "down")
OWN_TARGETS = dict.fromkeys(("gpt2", "gpt_bigcode", "gpt_neox", "bloom", "mpt", "falcon"), ("qkv", "o", "up", "down"))
OWN_TARGETS |= dict.fromkeys(("deepseek_v2", "deepseek_v3", "glm4_moe_lite", "youtu", "mistral4"), ("q", "q_a", "q_b", "kv_a", "kv_b", "o"))
OWN_TARGETS |= {"phi3": ("qkv", "o", "gate_up", "down")} | dict.fromkeys(("glm", "glm4"), ("q", "k", "v", "o", "gate_up", "down"))


def run(r, seq, layers, targets):
    """Everything that is no matter of the model but what LoRA may adapt of it."""
    words = {"batch": r.choice((1, 1, 2, 3)), "seq": seq, "attention": r.choice(("sdpa", "sdpa", "eager", "efficient", "flash"))}
    words |= precision(r) | checkpointing(r, layers)
    words["trainable"] = r.choice(("all", "all", "all", "none", "lora"))
    if words["trainable"] == "lora":
        words["lora_rank"] = r.choice((1, 8, 16))
        some = ",".join(sorted(r.sample(targets, r.randint(1, len(targets))), key=targets.index))
        words["lora_targets"] = r.choice((some, some, some, some, "all-linear", "auto"))
        words["lora_dropout"] = r.choice((0.0, 0.05))
        words["lora_dtype"] = r.choice((words["dtype"], "fp32"))
    return words


def precision(r):
    dtype = r.choice(("bf16", "bf16", "bf16", "fp16", "fp32"))
    autocast = dtype == "fp32" and r.random() < 0.4
    cache = {"autocast_cache": "no"} if autocast and r.random() < 0.2 else {}
    return {"dtype": dtype, **({"autocast": r.choice(("bf16", "bf16", "fp16"))} if autocast else {}), **cache}


def checkpointing(r, layers):
    checkpoints = ("none", "none", "none", "full", "full", "save:matmuls", "save:half-matmuls")
    policy = r.choice((*checkpoints, f"every:{r.choice((1, 2, 3))}", f"block:{r.randint(1, layers)}"))
    may_reenter = policy == "full" or policy.startswith("every")
    return {"checkpoint": policy, **({"reentrant": r.choice(("no", "no", "yes"))} if may_reenter else {})}


def loss_of(r, heads):
    """The stack's own mostly."""
    return {"loss": r.choice(heads)} if r.random() < 0.3 else {}


# ---- stacks: each takes the random numbers and families, and returns a config.json or None, and the words beside it


def hf(r, families):
    family = r.choice(sorted(families))
    seq = r.choice((1, 2, 3, 8, 9, 17, 31, 32, 33, 48, 64, 96, 127, 128))
    config = {"model_type": family, **FAMILIES[family](r, seq), **others(r, family)}
    layers = next(config[key] for key in LAYERS if key in config)
    allocator = {"allocator": "cuda"} if r.random() < 0.1 else {}
    return config, run(r, seq, layers, OWN_TARGETS.get(family, TARGETS)) | loss_of(r, ("fp32", "bf16", "chunked", "fused")) | allocator


LIGER = ("llama", "mistral", "qwen2", "qwen3", "gemma")


def liger(r, families):
    config, words = hf(r, LIGER)
    config |= {"mlp_bias": False} if config["model_type"] == "llama" else {}
    config |= {"hidden_act": "silu"} if config["model_type"] != "gemma" else {}
    own = {"loss": "hf"} if r.random() < 0.3 else {}
    return config, {"stack": "liger"} | {key: value for key, value in words.items() if key != "loss"} | own


def llama_of(r, divisor=1):
    """A Llama in actmem's keys, whose heads and widths ranks can share."""
    heads, kv_heads, width = heads_of(r)
    return {
        "layers": r.choice((1, 2, 3, 4, 6)),
        "hidden": r.choice((24, 32, 48, 64)) * divisor,
        "heads": heads * divisor,
        "kv_heads": kv_heads * divisor,
        "head_dim": width,
        "ffn": r.choice((20, 44, 88)) * divisor,
        "vocab": r.choice((17, 131, 640)) * divisor,
    }


def torch(r, families):
    words = {"stack": "torch", **llama_of(r), "batch": r.choice((1, 2, 3)), "seq": r.choice((1, 2, 9, 17, 32, 33, 64, 127))}
    words |= {"attention": r.choice(("sdpa", "sdpa", "efficient")), "tie_word_embeddings": r.choice(("no", "no", "yes"))}
    return None, words | precision(r) | checkpointing(r, words["layers"]) | loss_of(r, ("fp32", "bf16"))


def torch_ranks(r, families):
    """One rank: of zero=3, tp and cp, alone or together, or a stage of a pipeline."""
    kinds, ranks = r.choice((("zero",), ("tp",), ("tp",), ("cp",), ("pp",), ("zero", "tp"), ("zero", "cp"), ("tp", "cp"), ("zero", "tp", "cp"))), r.choice((2, 2, 4))
    if len(kinds) > 1:
        ranks = 2
    words = {"stack": "torch", **llama_of(r, ranks if "tp" in kinds else 1), "batch": r.choice((1, 2, 3)), "seq": 16 * r.choice((1, 2, 3, 5))}
    words["checkpoint"] = r.choice(("none", "none", "full"))
    if "zero" in kinds:
        words |= {"dp": ranks, "zero": 3, "reshard": r.choice(("yes", "yes", "no"))}
        words |= {"master_weights": "yes", "grad_dtype": "fp32"} if r.random() < 0.4 else {}
    if "tp" in kinds:
        words |= {"tp": ranks, "sp": r.choice(("yes", "no"))} | loss_of(r, ("fp32",))
    if "cp" in kinds:
        words |= {"cp": ranks, "head_dim": 8 * r.choice((1, 2, 8))}
    if "pp" in kinds:
        words |= {"layers": ranks * r.choice((1, 2, 3)), "pp": ranks, "micro_batches": 1, "rank": r.choice((0, 1, ranks - 1))}
    return None, words


def nanogpt(r, families):
    heads, layers, seq = r.choice((1, 2, 3, 4)), r.choice((1, 2, 3, 5)), r.choice((1, 2, 9, 17, 32, 33, 64))
    words = {"stack": "nanogpt", "layers": layers, "hidden": heads * r.choice((8, 12, 16, 64)), "heads": heads}
    words |= {"vocab": r.choice((17, 131, 640)), "max_positions": seq + r.choice((0, 7)), "bias": r.choice(("yes", "no"))}
    words |= {"dropout": r.choice((0.0, 0.1)), "batch": r.choice((1, 2, 3)), "seq": seq, "attention": r.choice(("sdpa", "efficient"))}
    return None, words | precision(r) | checkpointing(r, layers) | loss_of(r, ("fp32", "bf16"))


def megatron(r, families):
    """One rank of Megatron's own layers: a GPT, a Llama, a mixture of experts or DeepSeek-V3, whole or a stage."""
    kind, tp = r.choice(("gpt", "llama", "llama", "experts", "deepseek")), r.choice((1, 1, 2, 4))
    shape = llama_of(r, tp)
    words = {"stack": "megatron-local", **shape, "batch": r.choice((1, 2, 3)), "seq": 32 * r.choice((1, 2, 3)), "attention": r.choice(("eager", "flash"))}
    sp = tp > 1 and (kind in ("experts", "deepseek") or r.random() < 0.5)
    words |= {"tp": tp, "sp": "yes" if sp else "no", "dropout": r.choice((0.0, 0.1))}
    words |= {"attention_dropout": r.choice((0.0, 0.1))} if flag(r) else {}
    words |= {"tie_word_embeddings": r.choice(("yes", "no"))} if flag(r) else {}
    words |= {"allocator": "cuda"} if flag(r, 0.1) else {}
    if kind == "gpt":
        words |= {"norm": "layernorm", "activation": "gelu", "bias": "yes", "positions": "learned"}
    else:
        words |= {"norm": "rmsnorm", "activation": "swiglu", "bias": "no", "positions": "rope"}
    if kind in ("gpt", "llama") and flag(r):
        words |= {"norm": r.choice(("rmsnorm", "layernorm")), "bias": r.choice(("yes", "no")), "positions": r.choice(("rope", "learned"))}
    if words["positions"] == "learned" and flag(r):
        words["max_positions"] = words["seq"] + 7
    if kind in ("experts", "deepseek"):
        ep = r.choice((1, 2))
        words |= {"experts": 8, "experts_per_token": r.choice((2, 4)), "moe_ffn": 12 * r.choice((1, 3)) * tp, "ep": ep}
        words |= {"etp": r.choice((1, tp))} if flag(r) else {}
        words |= {"shared_ffn": 20 * tp} if kind == "deepseek" or r.random() < 0.4 else {}
    if kind == "deepseek":
        words |= {"family": "deepseek_v3", "kv_heads": shape["heads"], "head_dim": 24, "rotary_dim": 8, "v_head_dim": 16}
        words |= {"q_rank": r.choice((0, 24 * tp)), "kv_rank": 16 * tp + 8 * (tp - 1), "attention": "flash", "dense_layers": r.choice((0, 0, 1, 2))}
        words |= {"expert_groups": 4, "groups_per_token": 2} if r.random() < 0.5 else {}
        for key in ("norm", "activation", "bias", "positions"):
            del words[key]
    if words["attention"] == "flash" and r.random() < 0.3:
        words["cp"] = 2
    modules = r.choice(("core_attn", "mlp", "layernorm", "core_attn,mlp", "moe", "moe_act", "mla_up_proj,moe_act", "shared_experts", "layernorm,moe_act"))
    half = max(shape["layers"] // 2, 1)
    words["checkpoint"] = r.choice(("none", "none", "full", f"uniform:{half}", f"block:{half}", f"modules:{modules}"))
    if tp > 1 and words["checkpoint"].partition(":")[0] in ("full", "uniform", "block") and flag(r):
        words["distribute_saved"] = "yes"
    if r.random() < 0.2:
        stages = r.choice((2, 3))
        words |= {"layers": stages * r.choice((1, 2)), "pp": stages, "micro_batches": 1, "rank": r.randrange(stages)}
    return None, words


def states(r, families):
    """A model whose optimizer takes a step: of everything, or of adapters."""
    config, words = hf(r, families)
    dtype = r.choice(("bf16", "bf16", "fp32"))
    words = {"seq": words["seq"], "dtype": dtype, "attention": "eager"} | {key: value for key, value in words.items() if key.startswith("lora") and key != "lora_dtype"}
    words["trainable"] = "lora" if "lora_rank" in words else "all"
    words |= {"lora_dtype": dtype} if "lora_rank" in words else {}
    words["optimizer"] = r.choice(("adamw", "adafactor", "muon", "sgd", "sgd_momentum"))
    return config, words | ({"master_weights": "yes"} if dtype == "bf16" and r.random() < 0.4 else {})


def plans(r, families):
    """A policy whose lines of Python are applied; budget: of some share between the least plan and none."""
    config, words = hf(r, families)
    layers = next(config[key] for key in LAYERS if key in config)
    words = {key: value for key, value in words.items() if key not in ("checkpoint", "reentrant")}
    sizes = cut_layers(r, layers)
    lists = ("save:mm,sdpa", "save:mm,silu,mul", "save:add", "save:bmm,softmax", "save:mul", "save:div,stack", "save:clone,cat", "save:matmuls", "save:half-matmuls")
    words["checkpoint"] = r.choice(("budget", "budget", "budget", "sqrt", "best", f"uniform:{r.choice((1, 2, 3))}", f"regions:{sizes}", f"regions:{sizes}", *lists))
    return config, words


def cut_layers(r, layers):
    """Regions of one to three layers, and layers in none."""
    sizes = []
    while layers > 0:
        size = min(r.choice((0, 0, 1, 1, 2, 3)), layers)
        sizes.append(str(size))
        layers -= max(size, 1)
    return ",".join(sizes)


LAYERS = ("num_hidden_layers", "num_layers", "n_layers", "n_layer")
STACKS = {"hf": hf, "states": states, "plans": plans, "liger": liger, "torch": torch, "torch-ranks": torch_ranks, "nanogpt": nanogpt, "megatron-local": megatron}


def draw(seed, families, stacks):
    """(stack, config or None, words) of the case of this seed: equal seeds draw equal cases."""
    r = random.Random(seed)
    stack = r.choice(sorted(stacks))
    config, words = STACKS[stack](r, families)
    return stack, config, [f"{key}={value}" for key, value in words.items()]
