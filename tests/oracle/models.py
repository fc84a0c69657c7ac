"""Models of transformers and plain PyTorch, and how their layers are checkpointed.

Each maker takes a case and returns a Step. transformers' and peft's own code is what stack=hf measures; the plain stacks
are written out here.
"""
import contextlib
import dataclasses
import importlib
import importlib.metadata
from functools import partial
from typing import Callable
from unittest import mock

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.checkpoint import CheckpointPolicy, checkpoint, create_selective_checkpoint_contexts

import fused
import gpu
import heads
from inputs import BadInput

aten = torch.ops.aten
MATMULS = {aten.mm.default, aten.addmm.default, aten.bmm.default}
ATTENTION = {
    aten._scaled_dot_product_flash_attention.default,
    aten._scaled_dot_product_efficient_attention.default,
}


@dataclasses.dataclass
class Step:
    """A training step: forward() returns (loss, logits); inputs are its token ids, labels and tables.

    surroundings() is a context that forward and backward run in. whole_graph: autograd's graph has what checkpointed
    regions keep too. replaces_saved: backward puts other data into saved tensors; a hook would keep what they had. probe():
    tensors whose bytes are told apart, the gathered parameters of FSDP2. lasts: the code keeps what a forward has made, and
    a step of a run finds it there.
    """

    model: nn.Module
    inputs: list
    forward: Callable
    source: str
    surroundings: Callable = contextlib.nullcontext
    whole_graph: bool = False
    replaces_saved: bool = False
    probe: Callable | None = None
    lasts: bool = False


def versions(*packages):
    return ", ".join(f"{package} {importlib.metadata.version(package)}" for package in packages)


def tokens(case):
    """Token ids, and labels: every token has one."""
    return [torch.zeros(case.batch, case.seq, dtype=torch.long) for _ in range(2)]


# ---- checkpointing


def keep_matmuls(every):
    """Selective checkpointing that keeps attention and every matrix product (1), or the first, third, … of a region (2)."""

    def contexts():
        count = {False: 0, True: 0}

        def policy(context, operation, *_, **__):
            matmul = operation in MATMULS
            count[context.is_recompute] += matmul
            keep = operation in ATTENTION or matmul and (count[context.is_recompute] - 1) % every == 0
            return CheckpointPolicy.MUST_SAVE if keep else CheckpointPolicy.PREFER_RECOMPUTE

        return create_selective_checkpoint_contexts(policy)

    return contexts


def checkpoint_arguments(case):
    """torch.utils.checkpoint's arguments for a case that checkpoints."""
    arguments = {"use_reentrant": case.reentrant}
    kept = {"save:matmuls": 1, "save:half-matmuls": 2}.get(case.policy[0])
    if kept:
        arguments["context_fn"] = keep_matmuls(kept)
    return arguments


class Segment(nn.Module):
    """One of consecutive layers that are checkpointed as one: the last of them runs them all, each with the keywords
    that the model's loop has for it. pair: layers return more than their result, and the loop takes the first of it."""

    def __init__(self, layer, group, last, reentrant, pair):
        super().__init__()
        self.layer, self.group, self.last, self.reentrant, self.pair = layer, group, last, reentrant, pair

    def forward(self, x, *rest, **options):
        self.group.append(partial(self.layer, **options))
        if not self.last:
            return (x, None) if self.pair else x
        layers, self.group[:] = list(self.group), []

        def run(x, *rest):
            for layer in layers:
                x = layer(x, *rest)[0] if self.pair else layer(x, *rest)
            return x

        x = checkpoint(run, x, *rest, use_reentrant=self.reentrant)
        return (x, None) if self.pair else x


PAIRS = ("bloom", "falcon", "gpt_neo", "gptj", "mpt")


def wrap_layers(model, case):
    """Checkpoints a model as a training script would that wraps its layers: every:K and block:N."""
    named = ((module, name) for module in model.modules() for name in ("layers", "h", "blocks"))
    owner, name = next((module, name) for module, name in named if isinstance(getattr(module, name, None), nn.ModuleList))
    layers = list(getattr(owner, name))
    kind, count = case.policy
    pair = getattr(getattr(model, "config", None), "model_type", None) in PAIRS
    size = count if kind == "every" else 1
    covered = len(layers) if kind == "every" else count
    for first in range(0, covered, size):
        group, end = [], min(first + size, covered)
        for i in range(first, end):
            layers[i] = Segment(layers[i], group, i == end - 1, case.reentrant, pair and size > 1)
    setattr(owner, name, nn.ModuleList(layers))


# ---- transformers and peft


def transformers_config(config):
    """A config.json as transformers' class for its model_type reads it; the text model's of a nested one."""
    from transformers import CONFIG_MAPPING

    config = config.get("text_config", config)
    model_type = config.get("model_type")
    if model_type not in CONFIG_MAPPING:
        raise BadInput(f"transformers has no model_type {model_type}")
    meant = {key: value for key, value in config.items() if key not in ("dtype", "torch_dtype", "model_type")}
    return CONFIG_MAPPING[model_type](**meant)


# What families call the linear layers of lora_targets, by the end of their names; the first that a model has.
TARGETS = {
    "q": ("q_proj",),
    "k": ("k_proj",),
    "v": ("v_proj",),
    "qkv": ("qkv_proj", "query_key_value", "c_attn", "Wqkv"),
    "q_a": ("q_a_proj",),
    "q_b": ("q_b_proj",),
    "kv_a": ("kv_a_proj_with_mqa",),
    "kv_b": ("kv_b_proj",),
    "o": ("o_proj", "out_proj", "attn.c_proj", "dense"),
    "gate": ("gate_proj",),
    "up": ("up_proj", "fc1", "fc_in", "c_fc", "dense_h_to_4h"),
    "gate_up": ("gate_up_proj",),
    "down": ("down_proj", "fc2", "fc_out", "mlp.c_proj", "dense_4h_to_h"),
}


def target_modules(model, targets):
    """The names of the linear layers that lora_targets lists, or peft's word for all of them."""
    if targets == "all-linear":
        return targets
    present = ["." + name for name, _ in model.named_modules()]
    has = lambda end: any(name.endswith("." + end) for name in present)
    if targets == "auto":
        choices = ("q_b,kv_b", "q,kv_b", "qkv", "q,v")
        targets = next(choice for choice in choices if all(any(map(has, TARGETS[target])) for target in choice.split(",")))
    found = {target: [name for name in TARGETS[target] if has(name)] for target in targets.split(",")}
    missing = [target for target, names in found.items() if not names]
    if missing:
        raise BadInput(f"this model has no {', '.join(missing)} to adapt")
    return [names[0] for names in found.values()]


def add_adapters(model, case):
    from peft import LoraConfig, get_peft_model

    lora = LoraConfig(
        task_type="CAUSAL_LM",
        r=int(case.run["lora_rank"]),
        target_modules=target_modules(model, case.run["lora_targets"]),
        lora_dropout=float(case.run["lora_dropout"]),
    )
    fp32 = case.run["lora_dtype"] == "fp32"  # peft's default, autocast_adapter_dtype, makes the adapters so
    # .to() would put new fake tensors in place of the old ones; everything is where it should be already
    with mock.patch.object(nn.Module, "_apply", lambda self, *_, **__: self):
        return get_peft_model(model, lora, autocast_adapter_dtype=fp32)


def causal_class(config):
    """transformers' causal model of a config; one that is only part of another by its name."""
    from transformers import AutoModelForCausalLM

    kind = type(config)
    if kind in AutoModelForCausalLM._model_mapping:
        return AutoModelForCausalLM._model_mapping[kind]
    code = importlib.import_module(kind.__module__.replace("configuration_", "modeling_"))
    return getattr(code, f"{kind.__name__.removesuffix('Config')}ForCausalLM")


def flash_of_own_classes(config):
    """Old model code has a class for each attention, not a registered function: its FlashAttention-2 runs gpu.flash."""
    code = importlib.import_module(causal_class(config).__module__)
    for classes in [value for key, value in vars(code).items() if key.endswith("_ATTENTION_CLASSES")]:
        classes["fa2_without_gpu"] = classes["flash_attention_2"]

        def forward(q, k, v, mask, length, dropout=0.0, softmax_scale=None, **_):
            q, k, v = (x.transpose(1, 2) for x in (q, k, v))
            return gpu.flash(q, k, v, dropout, True, softmax_scale).transpose(1, 2)

        code._flash_attention_forward = forward


def transformers_step(case, own_loss="hf"):
    import transformers
    from transformers import AttentionInterface, AttentionMaskInterface, masking_utils

    transformers.utils.logging.set_verbosity_error()
    AttentionInterface.register("fa2_without_gpu", gpu.flash_attention_2)
    AttentionMaskInterface.register("fa2_without_gpu", lambda *_, **__: None)
    # both would read values: whether sequences are packed, which without position_ids they never are, or padded
    masking_utils.find_packed_sequence_indices = lambda *_, **__: None
    transformers.PreTrainedModel.warn_if_padding_and_no_attention_mask = lambda *_: None
    implementation = {"eager": "eager", "flash": "fa2_without_gpu"}.get(case.run["attention"], "sdpa")
    config = transformers_config(case.config)
    config.use_cache = False
    flash_of_own_classes(config)
    model = causal_class(config)._from_config(config, attn_implementation=implementation)
    source = f"{versions('transformers')} {type(model).__name__}"
    trainable, kind = case.run["trainable"], case.policy[0]
    if trainable == "none":
        model.requires_grad_(False)
        model.enable_input_require_grads()
    if case.lines is not None:
        pass
    elif kind in ("every", "block"):
        wrap_layers(model, case)
    elif kind in ("full", "save:matmuls", "save:half-matmuls"):
        model.gradient_checkpointing_enable(gradient_checkpointing_kwargs=checkpoint_arguments(case))
    elif kind != "none":
        raise BadInput(f"checkpoint={kind} is not measured")
    if trainable == "lora":
        model = add_adapters(model, case)
        source += f", {versions('peft')} LoraConfig"
    if case.lines is not None:
        exec(case.lines, {"model": model})
    ids, labels = tokens(case)

    heads.prepare(model, case)
    loss = heads.loss_of(case, own_loss)
    if loss == "fused" and own_loss == "fused":
        loss = "hf"  # the model has been patched

    def forward():
        return heads.on_transformers(model, ids, labels, loss)

    return Step(model, [ids, labels], forward, source)


def liger_step(case):
    """stack=liger."""
    fused.patch(case.config["model_type"], fused_linear_cross_entropy=heads.loss_of(case, "fused") == "fused")
    step = transformers_step(case, own_loss="fused")
    return dataclasses.replace(step, source=f"{step.source}, {versions('liger-kernel')}")


# ---- plain PyTorch


def check_attention(case):
    """The plain stacks call scaled_dot_product_attention alone."""
    if case.run["attention"] not in ("sdpa", "efficient"):
        raise BadInput(f"stack={case.run['stack']} is measured with attention=sdpa or efficient")


class LanguageModel(nn.Module):
    """Embedding, layers, final norm, head and loss: what the plain stacks share.

    loss ("fp32": of logits.float(), "bf16": of the logits) and tied are the stack's own; a case may ask for others.
    positions: rows of a learned position table; 0: none.
    """

    def __init__(self, case, layers, norm, loss, tied, positions=0, dropout=0.0):
        super().__init__()
        vocab, hidden = int(case.model["vocab"]), int(case.model["hidden"])
        self.embed = nn.Embedding(vocab, hidden)
        self.positions = nn.Embedding(positions, hidden) if positions else None
        self.drop = nn.Dropout(dropout)
        self.layers = nn.ModuleList(layers)
        self.norm = norm(hidden)
        self.head = nn.Linear(hidden, vocab, bias=False)
        if case.model.get("tie_word_embeddings", tied) == "yes":
            self.head.weight = self.embed.weight
        self.fp32_logits = heads.PLAIN[heads.loss_of(case, loss)]
        self.run_layers = None
        if case.lines is not None:
            names = {}
            exec(case.lines, names)
            self.run_layers = names["run_layers"]
        by_hand = case.policy[0] in ("every", "block") and case.lines is None
        self.checkpointing = checkpoint_arguments(case) if case.checkpointed and not by_hand and case.lines is None else None
        if by_hand:
            wrap_layers(self, case)

    def forward(self, ids, labels, *tables):
        x = self.embed(ids)
        if self.positions:
            x = self.drop(x + self.positions(torch.arange(ids.shape[1])))
        for layer in self.layers if self.run_layers is None else ():
            x = layer(x, *tables) if self.checkpointing is None else checkpoint(layer, x, *tables, **self.checkpointing)
        if self.run_layers is not None:
            x = self.run_layers(self.layers, x, *tables)
        logits = self.head(self.norm(x))
        return heads.plain_loss(logits, labels, self.fp32_logits), logits


class LlamaLayer(nn.Module):
    """A modern Llama block: fused RMSNorm, separate projections, rotary positions in the model's dtype, SDPA."""

    def __init__(self, hidden, heads, kv_heads, head_dim, ffn):
        super().__init__()
        linear = partial(nn.Linear, bias=False)
        self.heads, self.kv_heads, self.head_dim = heads, kv_heads, head_dim
        self.n1, self.n2 = nn.RMSNorm(hidden), nn.RMSNorm(hidden)
        self.q = linear(hidden, heads * head_dim)
        self.k = linear(hidden, kv_heads * head_dim)
        self.v = linear(hidden, kv_heads * head_dim)
        self.o = linear(heads * head_dim, hidden)
        self.w1, self.w3, self.w2 = linear(hidden, ffn), linear(hidden, ffn), linear(ffn, hidden)

    @staticmethod
    def rotate(x, cos, sin):
        first, second = x.chunk(2, -1)
        return x * cos + torch.cat((-second, first), -1) * sin

    def project(self, linear, x, heads):
        return linear(x).view(x.shape[0], x.shape[1], heads, self.head_dim).transpose(1, 2)

    def forward(self, x, cos, sin):
        normed = self.n1(x)
        q = self.project(self.q, normed, self.heads)
        k = self.project(self.k, normed, self.kv_heads)
        v = self.project(self.v, normed, self.kv_heads)
        y = F.scaled_dot_product_attention(
            self.rotate(q, cos, sin), self.rotate(k, cos, sin), v, is_causal=True, enable_gqa=True
        )
        x = x + self.o(y.transpose(1, 2).reshape(x.shape[0], x.shape[1], -1))
        normed = self.n2(x)
        return x + self.w2(F.silu(self.w1(normed)) * self.w3(normed))


def torch_step(case):
    """stack=torch."""
    check_attention(case)
    get = lambda key: int(case.model[key])  # noqa: E731
    shape = [get(key) for key in ("hidden", "heads", "kv_heads", "head_dim", "ffn")]
    layers = [LlamaLayer(*shape) for _ in range(get("layers"))]
    model = LanguageModel(case, layers, nn.RMSNorm, loss="fp32", tied="no")
    inputs = tokens(case) + [torch.zeros(case.seq, get("head_dim")) for _ in range(2)]  # cosines and sines
    return Step(model, inputs, lambda: model(*inputs), f"{versions('torch')} models.py LlamaLayer")


class GPTLayer(nn.Module):
    """nanoGPT's block."""

    def __init__(self, hidden, heads, dropout, bias):
        super().__init__()
        linear = partial(nn.Linear, bias=bias)
        self.heads, self.dropout = heads, dropout
        self.n1, self.n2 = nn.LayerNorm(hidden, bias=bias), nn.LayerNorm(hidden, bias=bias)
        self.qkv, self.o = linear(hidden, 3 * hidden), linear(hidden, hidden)
        self.up, self.down = linear(hidden, 4 * hidden), linear(4 * hidden, hidden)
        self.drop = nn.Dropout(dropout)

    def forward(self, x):
        b, s, h = x.shape
        q, k, v = (part.view(b, s, self.heads, -1).transpose(1, 2) for part in self.qkv(self.n1(x)).split(h, 2))
        y = F.scaled_dot_product_attention(q, k, v, dropout_p=self.dropout if self.training else 0.0, is_causal=True)
        x = x + self.drop(self.o(y.transpose(1, 2).contiguous().view(b, s, h)))
        return x + self.drop(self.down(F.gelu(self.up(self.n2(x)))))


def nanogpt_step(case):
    """stack=nanogpt."""
    check_attention(case)
    get = lambda key: int(case.model[key])  # noqa: E731
    hidden, dropout, bias = get("hidden"), float(case.model.get("dropout", 0)), case.model.get("bias", "yes") == "yes"
    layers = [GPTLayer(hidden, get("heads"), dropout, bias) for _ in range(get("layers"))]
    norm = partial(nn.LayerNorm, bias=bias)
    positions = int(case.model.get("max_positions", case.seq))
    model = LanguageModel(case, layers, norm, "bf16", "yes", positions, dropout)
    inputs = tokens(case)
    return Step(model, inputs, lambda: model(*inputs), f"{versions('torch')} models.py GPTLayer")
