"""Models of frameworks that no input of actmem asks for: torchtitan, LitGPT, and the block of a popular explanation."""
import functools
import importlib.machinery
import pathlib
import sys
import types

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.checkpoint import checkpoint

from inputs import BadInput
from models import Step, checkpoint_arguments, tokens, versions


def installed(package, where="requirements.txt"):
    """The package's folder."""
    spec = importlib.machinery.PathFinder.find_spec(package)
    if spec is None:
        raise BadInput(f"{package} is not installed: tests/oracle/{where}")
    return pathlib.Path(spec.origin).parent


def checkpoint_layers(layers, case, **arguments):
    """Runs each layer's forward under a checkpoint."""
    for layer in layers if case.checkpointed else ():
        layer.forward = functools.partial(checkpoint, layer.forward, **checkpoint_arguments(case), **arguments)


def toy_step(case):
    """Linear, ReLU, Linear of one width; the input requires a gradient, as a layer's in the middle of a model would."""
    hidden = int(case.model["hidden"])
    model = nn.Sequential(nn.Linear(hidden, hidden), nn.ReLU(), nn.Linear(hidden, hidden))
    x = torch.zeros(case.batch, hidden, requires_grad=True)

    def forward():
        out = checkpoint(model, x, **checkpoint_arguments(case)) if case.checkpointed else model(x)
        return out.mean(), None

    return Step(model, [x], forward, f"{versions('torch')} nn.Sequential")


def torchtitan_step(case):
    """Its Llama 3 with scaled_dot_product_attention; its defaults, flex and varlen, save the same tensors."""
    installed("torchtitan")
    from torchtitan.models import llama3
    from torchtitan.models.common.attention import ScaledDotProductAttention

    llama3.get_attention_config = lambda backend: ScaledDotProductAttention.Config()
    config = llama3.llama3_configs[case.model["flavor"]](attn_backend="sdpa")
    config.layers = config.layers[: int(case.model["layers"])]
    for layer in config.layers:
        layer.attention.rope.max_seq_len = case.seq
    model = config.build()
    checkpoint_layers(model.layers.values(), case, early_stop=False)  # as its activation_checkpoint.py
    ids, labels = tokens(case)

    def forward():
        """With the loss of its components/loss.py."""
        logits = model(ids)
        return F.cross_entropy(logits.flatten(0, 1).float(), labels.flatten(0, 1), reduction="sum"), logits

    return Step(model, [ids, labels], forward, f"{versions('torchtitan')} Llama3Model")


def litgpt_loss(logits, labels, chunk):
    """chunked_cross_entropy of litgpt.utils; its training has chunks of 128 tokens, and 0 is all at once."""
    logits, labels = logits.reshape(-1, logits.shape[-1]), labels.reshape(-1)
    if not chunk:
        return F.cross_entropy(logits, labels, ignore_index=-100)
    pairs = zip(logits.split(chunk), labels.split(chunk))
    losses = [F.cross_entropy(some, given, ignore_index=-100, reduction="none") for some, given in pairs]
    count = (labels != -100).sum()
    return torch.cat(losses).sum() / count.maximum(torch.ones_like(count))


def litgpt_step(case):
    """Its GPT, out of model.py and config.py alone: the package would import what trains it."""
    folder = installed("litgpt", "requirements-alone.txt")
    package, conversion = types.ModuleType("litgpt"), types.ModuleType("litgpt.scripts.convert_hf_checkpoint")
    package.__path__, conversion.qkv_reassemble = [str(folder)], None
    sys.modules.setdefault(package.__name__, package)
    sys.modules.setdefault(conversion.__name__, conversion)
    from litgpt.model import GPT, Config

    model = GPT(Config.from_name(case.model["name"], n_layer=int(case.model["n_layer"])))
    model.max_seq_length = case.seq
    checkpoint_layers(model.transformer.h, case)
    ids, labels = tokens(case)

    def forward():
        logits = model(ids)
        return litgpt_loss(logits, labels, case.model["loss_chunk"]), logits

    return Step(model, [ids, labels], forward, f"{versions('litgpt')} litgpt.model.GPT")
