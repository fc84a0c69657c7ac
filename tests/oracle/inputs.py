"""actmem's inputs, as a measurement reads them: key=value pairs beside a config.json, or instead of one."""
import dataclasses
import json
import pathlib

import torch

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}

# The groups RUN, PRECISION, TRAINING and CHECKPOINT of core/fields.def: how a step runs, whatever the model.
RUN = {
    "batch": "1",
    "seq": None,
    "stack": "hf",
    "loss": None,  # the stack's
    "allocator": "exact",
    "attention": None,  # sdpa; Megatron's own is eager
    "dtype": "bf16",
    "autocast": "off",
    "autocast_cache": "yes",
    "trainable": "all",
    "lora_rank": "16",
    "lora_targets": "auto",
    "lora_dropout": "0",
    "lora_dtype": None,  # as dtype
    "checkpoint": "none",
    "reentrant": "no",
}

# The group MODEL: what a family's config.json calls each key. A key that is not there is said by another, or by the
# family itself.
DECODER = {
    "layers": "num_hidden_layers",
    "hidden": "hidden_size",
    "heads": "num_attention_heads",
    "kv_heads": "num_key_value_heads",
    "head_dim": "head_dim",
    "ffn": "intermediate_size",
    "vocab": "vocab_size",
    "activation": "hidden_act",
    "tie_word_embeddings": "tie_word_embeddings",
}
UNHEADED = {key: name for key, name in DECODER.items() if key != "head_dim"}
UNGROUPED = {key: name for key, name in UNHEADED.items() if key != "kv_heads"}
BIASED = {**DECODER, "qkv_bias": "attention_bias"}
GPT = {
    "layers": "n_layer",
    "hidden": "n_embd",
    "heads": "n_head",
    "ffn": "n_inner",
    "vocab": "vocab_size",
    "max_positions": "n_positions",
    "activation": "activation_function",
    "tie_word_embeddings": "tie_word_embeddings",
    "dropout": "resid_pdrop",
    "attention_dropout": "attn_pdrop",
    "embedding_dropout": "embd_pdrop",
}
FAMILIES = {
    "llama": {**BIASED, "mlp_bias": "mlp_bias"},
    "mistral": {**DECODER, "sliding_window": "sliding_window"},
    "qwen2": DECODER,
    "qwen3": BIASED,
    "gemma": BIASED,
    "gpt2": GPT,
    "gpt_bigcode": GPT,
    "gptj": {**GPT, "rotary_dim": "rotary_dim"},
    "gpt_neo": {
        **UNGROUPED,
        "layers": "num_layers",
        "heads": "num_heads",
        "max_positions": "max_position_embeddings",
        "activation": "activation_function",
        "dropout": "resid_dropout",
        "attention_dropout": "attention_dropout",
        "embedding_dropout": "embed_dropout",
    },
    "gpt_neox": {
        **UNGROUPED,
        "qkv_bias": "attention_bias",
        "dropout": "hidden_dropout",
        "attention_dropout": "attention_dropout",
        "parallel_residual": "use_parallel_residual",
    },
    "phi": {
        **UNGROUPED,
        "kv_heads": "num_key_value_heads",
        "qk_norm": "qk_layernorm",
        "dropout": "resid_pdrop",
        "attention_dropout": "attention_dropout",
        "embedding_dropout": "embd_pdrop",
    },
    "opt": {
        **UNGROUPED,
        "ffn": "ffn_dim",
        "max_positions": "max_position_embeddings",
        "activation": "activation_function",
        "bias": "enable_bias",
        "dropout": "dropout",
        "attention_dropout": "attention_dropout",
        "pre_norm": "do_layer_norm_before",
        "embedding_dim": "word_embed_proj_dim",
    },
    "bloom": {
        "layers": "n_layer",
        "hidden": "hidden_size",
        "heads": "n_head",
        "vocab": "vocab_size",
        "tie_word_embeddings": "tie_word_embeddings",
        "dropout": "hidden_dropout",
        "attention_dropout": "attention_dropout",
    },
    "mpt": {
        "layers": "n_layers",
        "hidden": "d_model",
        "heads": "n_heads",
        "vocab": "vocab_size",
        "max_positions": "max_seq_len",
        "tie_word_embeddings": "tie_word_embeddings",
    },
    "falcon": {
        **UNGROUPED,
        "kv_heads": "num_kv_heads",
        "ffn": "ffn_hidden_size",
        "activation": "activation",
        "bias": "bias",
        "dropout": "hidden_dropout",
        "attention_dropout": "attention_dropout",
        "parallel_residual": "parallel_attn",
        "new_decoder": "new_decoder_architecture",
        "parallel_norms": "num_ln_in_parallel_attn",
    },
}
GEMMA = {**BIASED, "activation": "hidden_activation", "sliding_window": "sliding_window"}
CAPS = {"attention_softcap": "attn_logit_softcapping", "logit_softcap": "final_logit_softcapping"}
FAMILIES |= {
    "gemma2": {**GEMMA, **CAPS},
    "vaultgemma": {**GEMMA, **CAPS},
    "gemma3_text": {**GEMMA, "logit_softcap": CAPS["logit_softcap"]},
    "phi3": {
        **DECODER,
        "sliding_window": "sliding_window",
        "dropout": "resid_pdrop",
        "attention_dropout": "attention_dropout",
    },
    "olmo2": BIASED,
    "smollm3": {**FAMILIES["llama"], "layer_period": "no_rope_layer_interval"},
    "granite": FAMILIES["llama"],
    "stablelm": {
        **UNHEADED,
        "qkv_bias": "use_qkv_bias",
        "parallel_residual": "use_parallel_residual",
        "dropout": "hidden_dropout",
        "attention_dropout": "attention_dropout",
    },
    "glm": BIASED,
    "glm4": BIASED,
    "cohere": {**BIASED, "qk_norm": "use_qk_norm"},
    "cohere2": {**UNHEADED, "qkv_bias": "attention_bias", "sliding_window": "sliding_window"},
    "starcoder2": {
        **DECODER,
        "sliding_window": "sliding_window",
        "bias": "use_bias",
        "dropout": "residual_dropout",
        "attention_dropout": "attention_dropout",
        "embedding_dropout": "embedding_dropout",
    },
}
MOE = {
    **BIASED,
    "experts": "num_experts",
    "experts_per_token": "num_experts_per_tok",
    "moe_ffn": "moe_intermediate_size",
    "norm_topk": "norm_topk_prob",
}
DEEPSEEK = {
    **MOE,
    "experts": "n_routed_experts",
    "dense_layers": "first_k_dense_replace",
    "expert_groups": "n_group",
    "groups_per_token": "topk_group",
}
LATENT = {"rotary_dim": "qk_rope_head_dim", "v_head_dim": "v_head_dim", "q_rank": "q_lora_rank", "kv_rank": "kv_lora_rank"}
LATENT_DEEPSEEK = {**{key: name for key, name in DEEPSEEK.items() if key != "head_dim"}, **LATENT}
LOCAL = {**BIASED, "experts": "num_local_experts", "experts_per_token": "num_experts_per_tok"}
FAMILIES |= {
    "mixtral": {**LOCAL, "sliding_window": "sliding_window"},
    "qwen2_moe": {**MOE, "qkv_bias": "qkv_bias", "shared_ffn": "shared_expert_intermediate_size"},
    "qwen3_moe": MOE,
    "olmoe": {key: name for key, name in MOE.items() if key != "moe_ffn"},
    "glm4_moe": {**DEEPSEEK, "qk_norm": "use_qk_norm"},
    "deepseek_v3": LATENT_DEEPSEEK,
    "mistral4": LATENT_DEEPSEEK,
    "deepseek_v2": {**{key: name for key, name in LATENT_DEEPSEEK.items() if key != "norm_topk"}, "mlp_bias": "mlp_bias"},
    "gpt_oss": {**LOCAL, "sliding_window": "sliding_window"},
    "nemotron": FAMILIES["llama"],
    "ministral3": FAMILIES["mistral"],
    "apertus": BIASED,
    "ernie4_5_moe": {
        **DECODER,
        "bias": "use_bias",
        "experts": "moe_num_experts",
        "experts_per_token": "moe_k",
        "moe_ffn": "moe_intermediate_size",
        "dense_layers": "moe_layer_start_index",
    },
    "granitemoe": LOCAL,
    "cwm": {**DECODER, "mlp_bias": "mlp_bias", "sliding_window": "sliding_window"},
    "ministral": {**DECODER, "sliding_window": "sliding_window"},
    "flex_olmo": {key: name for key, name in MOE.items() if key != "moe_ffn"},
    "minimax_m2": {key: name for key, name in LOCAL.items() if "bias" not in key},
    "dots1": DEEPSEEK,
    "solar_open": {key: name for key, name in DEEPSEEK.items() if key not in ("dense_layers", "ffn")},
    "youtu": {**{key: name for key, name in BIASED.items() if key != "head_dim"}, **LATENT},
}
FAMILIES |= {
    "seed_oss": {
        **FAMILIES["llama"],
        "o_bias": "attention_out_bias",
        "dropout": "residual_dropout",
        "attention_dropout": "attention_dropout",
    },
    "ernie4_5": {**DECODER, "bias": "use_bias"},
    "helium": FAMILIES["llama"],
    "hunyuan_v1_dense": BIASED,
    "olmo": BIASED,
    "olmo3": {**BIASED, "sliding_window": "sliding_window"},
    "exaone4": {**DECODER, "sliding_window": "sliding_window"},
    "hyperclovax": FAMILIES["llama"],
    "arcee": FAMILIES["llama"],
    "jais2": FAMILIES["llama"],
}
WINDOWED = {"gemma2", "vaultgemma", "gemma3_text", "cohere2", "olmo3", "exaone4", "cwm", "ministral"}  # all layers but every layer_period-th
FULL_FIRST = {"cwm", "ministral"}
PARTLY_ROTARY = {"gpt_neox", "phi", "phi3", "stablelm", "glm", "glm4", "glm4_moe", "minimax_m2", "nemotron"}
ACTIVATIONS = {"swiglu": "silu", "geglu": "gelu", "geglu_tanh": "gelu_pytorch_tanh"}
NUMBERS = {"dropout", "attention_dropout", "embedding_dropout"}


class BadInput(Exception):
    """Something that cannot be measured, in one sentence."""


@dataclasses.dataclass
class Case:
    """What is measured: a model and how a step of it runs.

    config: a Hugging Face config.json as a dict, for stack=hf; None for the plain stacks, whose shapes are in `model`.
    model: keys of the group MODEL, as text. run: every key of RUN, as text. lines: Python that checkpoints the model, in
    place of what is done here for its policy.
    """

    run: dict
    config: dict | None = None
    model: dict = dataclasses.field(default_factory=dict)
    lines: str | None = None

    @property
    def batch(self):
        return int(self.run["batch"])

    @property
    def seq(self):
        return int(self.run["seq"])

    @property
    def dtype(self):
        """Of the parameters."""
        return DTYPES[self.run["dtype"]]

    @property
    def block(self):
        """Memory is given out in multiples of so many bytes."""
        return 512 if self.run["allocator"] == "cuda" else 1

    @property
    def autocast(self):
        """A dtype, or None."""
        return DTYPES.get(self.run["autocast"])

    @property
    def policy(self):
        """The checkpointing policy and its number: ("every", 2); ("none", 0)."""
        name, _, rest = self.run["checkpoint"].partition(":")
        return (name, int(rest)) if rest.isdigit() else (self.run["checkpoint"], 0)

    @property
    def checkpointed(self):
        return self.policy[0] != "none"

    @property
    def reentrant(self):
        return self.run["reentrant"] == "yes"


def _pairs(words):
    pairs = {}
    for word in " ".join(words).replace("&", " ").split():
        key, equals, value = word.partition("=")
        if not equals:
            raise BadInput(f"{word} is no key=value")
        pairs[key] = value
    return pairs


def _number(text):
    return {"yes": True, "no": False}[text] if text in ("yes", "no") else float(text) if "." in text else int(text)


def config_of(model, seq):
    """The config.json that says what keys of the group MODEL say, with actmem's defaults for those left out."""
    family = model.get("family", "llama")
    if family not in FAMILIES:
        raise BadInput(f"no config.json is made of family={family}: give one with --config")
    model = {key: value for key, value in model.items() if key not in ("family", "model")}
    model.setdefault("kv_heads", model["heads"])
    model.setdefault("head_dim", str(int(model["hidden"]) // int(model["heads"])))
    model.setdefault("dropout", "0")
    for key in ("attention_dropout", "embedding_dropout"):
        model.setdefault(key, model["dropout"])
    model.setdefault("max_positions", str(seq))
    if family not in WINDOWED:
        model.setdefault("sliding_window", "0")
    config = {"model_type": family, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 1}
    for key, value in model.items():
        name = FAMILIES[family].get(key)
        if name is None:
            continue
        if key == "activation":
            config[name] = ACTIVATIONS.get(value, value)
        elif key == "sliding_window":
            config[name] = int(value) or None
        elif key in CAPS:
            config[name] = 30.0 if value == "yes" else None
        else:
            config[name] = float(value) if key in NUMBERS else _number(value)
    return config | _in_other_words(family, model)


def _in_other_words(family, model):
    """What a config.json says otherwise than by a key of its own."""
    if family == "exaone4" and model.get("sliding_window") == "0":
        return {"layer_types": ["full_attention"] * int(model["layers"])}
    if family in WINDOWED and "layer_period" in model:
        period, layers = int(model["layer_period"]), int(model["layers"])
        first = family not in FULL_FIRST
        kinds = ["full_attention" if i % period == 0 else "sliding_attention" for i in range(first, layers + first)]
        return {"layer_types": kinds}
    if family in PARTLY_ROTARY and "rotary_dim" in model:
        share = int(model["rotary_dim"]) / int(model["head_dim"])
        rotary = {"rope_parameters": {"rope_type": "default", "rope_theta": 10000.0, "partial_rotary_factor": share}}
        return rotary | _shared_experts(family, model)
    if family in ("deepseek_v2", "deepseek_v3", "mistral4", "youtu"):
        plain = int(model["head_dim"]) - int(model["rotary_dim"])
        latent = int(model["q_rank"]) or None
        groups = {"topk_method": "group_limited_greedy"} if family == "deepseek_v2" and model.get("expert_groups", "1") != "1" else {}
        return {"qk_nope_head_dim": plain, "q_lora_rank": latent} | groups | _shared_experts(family, model)
    if family in ("gpt_bigcode", "falcon"):
        return {"multi_query": model["kv_heads"] == "1"}
    if family == "gpt_neo":
        return {"attention_types": [[["global"], int(model["layers"])]]}
    return _shared_experts(family, model)


def _shared_experts(family, model):
    """Of families whose config.json counts them."""
    name = {"ernie4_5_moe": "moe_num_shared_experts"}.get(family, "n_shared_experts")
    if name == "n_shared_experts" and FAMILIES[family].get("expert_groups") is None:
        return {}
    return {name: int(model["shared_ffn"]) // int(model["moe_ffn"])}


def read(words, config=None, preset=None):
    """A case from words such as "batch=2", and a config.json (a path or a dict) if the model comes from one.

    preset: called with the name that `model=NAME` gives, returns its keys of the group MODEL.
    """
    pairs = _pairs(words)
    if pairs.get("model"):
        if preset is None:
            raise BadInput("model=NAME is not read here")
        pairs = {**preset(pairs["model"]), **pairs}
    run = {key: pairs.pop(key, default) for key, default in RUN.items()}
    if run["seq"] is None:
        raise BadInput("seq is missing")
    run["lora_dtype"] = run["lora_dtype"] or run["dtype"]
    run["attention"] = run["attention"] or ("eager" if run["stack"] == "megatron-local" else "sdpa")
    if run["stack"] not in ("hf", "liger"):
        return Case(run, model=pairs)
    if config is None:
        return Case(run, config=config_of(pairs, run["seq"]))
    if pairs:
        raise BadInput(f"{', '.join(pairs)}: of the model, which is in --config, or not measured here")
    if not isinstance(config, dict):
        config = json.loads(pathlib.Path(config).read_text())
    return Case(run, config=config)
