"""Loss heads beside a model's own: what actmem's input `loss` stands for."""
import types

import torch
import torch.nn.functional as F

import fused
from inputs import BadInput

CHUNKS = 8
PLAIN = {"fp32": True, "bf16": False}  # does the loss take logits.float()?


def plain_loss(logits, labels, fp32):
    scores = logits.float() if fp32 else logits
    return F.cross_entropy(scores.view(-1, logits.shape[-1]), labels.view(-1))


def loss_of(case, default):
    """The case's loss head; the stack's own where none is asked for."""
    loss = case.run["loss"] or default
    if loss != default and loss not in {**PLAIN, **TRANSFORMERS}:
        raise BadInput(f"loss={loss} is not measured")
    return loss


# ---- on a model of transformers


def causal(model):
    """The causal model within peft's."""
    return model.get_base_model() if hasattr(model, "get_base_model") else model


def last_hidden_state(model, ids):
    return causal(model).base_model(input_ids=ids)[0]


class Chunked:
    """torchtune 0.6.1's TransformerDecoder.chunked_output and CEWithChunkedOutputLoss, as its recipe calls them."""

    def output(self, model, ids):
        h = last_hidden_state(model, ids)
        return [causal(model).lm_head(chunk) for chunk in h.chunk(CHUNKS, dim=1)]

    def cross_entropy(self, logits, labels):
        return F.cross_entropy(logits.float(), labels, ignore_index=-100, reduction="sum")

    def loss(self, logits, labels):
        total = (labels != -100).sum()
        labels = [chunk.reshape(-1) for chunk in labels.chunk(CHUNKS, dim=1)]
        logits = [chunk.reshape(-1, chunk.size(-1)) for chunk in logits]
        loss = 0.0
        for some_logits, some_labels in zip(logits, labels):
            loss += self.cross_entropy(some_logits, some_labels)
        return loss / total

    def __call__(self, model, ids, labels):
        logits = self.output(model, ids)
        labels = torch.hstack((labels[..., 1:], model.ignore_labels_cache[: labels.shape[0]]))
        loss = self.loss(logits, labels)
        del logits
        return loss, None


def own(model, ids, labels):
    output = model(input_ids=ids, labels=labels)
    return output.loss, output.logits


def plain(fp32):
    def head(model, ids, labels):
        logits = model(input_ids=ids).logits
        return plain_loss(logits, labels, fp32), logits

    return head


def liger_head(model, ids, labels):
    inner = causal(model)
    inner.forward = types.MethodType(fused.liger_forward(inner.config.model_type), inner)
    return own(model, ids, labels)


def cut_head(model, ids, labels):
    linear_cross_entropy = fused.cut()

    def forward(self):
        hidden_states = self.base_model(input_ids=ids)[0]
        return linear_cross_entropy(hidden_states, self.lm_head.weight, labels.to(hidden_states.device), bias=None, shift=True)

    return forward(causal(model)), None


TRANSFORMERS = {
    "hf": own,
    "fp32": plain(True),
    "bf16": plain(False),
    "chunked": Chunked(),
    "fused": liger_head,
    "cut": cut_head,
}


def on_transformers(model, ids, labels, loss):
    """A step of a model of transformers under a head: returns (loss, logits)."""
    return TRANSFORMERS[loss](model, ids, labels)


def prepare(model, case):
    """What a head finds on the model: torchtune's cache of labels that do not count."""
    model.register_buffer("ignore_labels_cache", torch.full((case.batch, 1), -100))
