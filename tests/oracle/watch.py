"""Watches a training step: the bytes that live, the FLOPs that run, the storages that autograd keeps."""
import itertools
import re
import weakref
from collections import Counter

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import flop_registry


def rounded(size, block):
    """Bytes as an allocator gives them out, in multiples of block."""
    return -(-size // block) * block


class Memory(TorchDispatchMode):
    """Counts the bytes of live storages, and FLOPs, of the operations that run within.

    A storage counts from the operation that made it until nobody holds it. `phase` is "forward" or "backward", set by
    the user. FLOPs are by (phase, gradients enabled): a backward with gradients enabled computes a forward again.
    Storages are rounded up to a multiple of `block`. `trace`, if it is a list, takes [f or b, operation, bytes, live bytes after it] of each allocation.
    """

    def __init__(self, trace=None, block=1):
        super().__init__()
        self.block = block
        self.live = 0
        self.phase = "forward"
        self.peaks = {}  # phase: (bytes, "phase:operation")
        self.flops = Counter()
        self.trace = trace
        self._seen = weakref.WeakSet()

    def ignore(self, tensors):
        """What was there before the step, or is counted elsewhere."""
        for tensor in tensors:
            self._seen.add(tensor.untyped_storage())

    def enter_backward(self):
        """From here on peaks are the backward's; what lives already is the first of them."""
        self.phase = "backward"
        self.peaks["backward"] = (self.live, self.peaks["forward"][1])

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        result = operation(*args, **kwargs)
        flops_of = flop_registry.get(operation._overloadpacket)
        if flops_of:
            flops = flops_of(*args, **kwargs, out_val=result)
            self.flops[self.phase, torch.is_grad_enabled()] += flops
        for tensor in tree_leaves(result):
            if isinstance(tensor, torch.Tensor) and tensor.device.type != "cpu":  # on the CPU: Python numbers
                self._add(tensor.untyped_storage(), operation)
        return result

    def _add(self, storage, operation):
        if storage in self._seen:
            return
        self._seen.add(storage)
        size = rounded(storage.nbytes(), self.block)
        self.live += size
        weakref.finalize(storage, self._drop, size)
        if self.trace is not None and size:
            self.trace.append([self.phase[0], str(operation).removeprefix("aten."), size, self.live])
        if self.live > self.peaks.get(self.phase, (0, None))[0]:
            self.peaks[self.phase] = (self.live, f"{self.phase}:{operation}")

    def _drop(self, size):
        self.live -= size


def key_of(tensor):
    """Identifies the storage of a tensor for as long as it lives."""
    return tensor.untyped_storage()._cdata


def layer_of(module):
    """Index of the decoder layer that a module's path lies in, or None."""
    found = re.search(r"(?:^|\.)(?:layers|h|blocks)\.(\d+)", module)
    return int(found[1]) if found else None


class Modules:
    """Says which module's code saves a tensor: attach it to a model, and run the forward within `hooks()`."""

    def __init__(self, model):
        self._running = []
        self._saved = weakref.WeakKeyDictionary()  # storage: [(order, module), …]
        self._order = itertools.count()
        self._handles = []
        for name, module in model.named_modules():
            self._handles.append(module.register_forward_pre_hook(lambda *_, name=name: self._running.append(name)))
            self._handles.append(module.register_forward_hook(self._leave, always_call=True))

    def _leave(self, *_):
        self._running.pop()

    def hooks(self):
        return torch.autograd.graph.saved_tensors_hooks(self._pack, lambda tensor: tensor)

    def _pack(self, tensor):
        module = self._running[-1] if self._running else ""
        self._saved.setdefault(tensor.untyped_storage(), []).append((next(self._order), module))
        return tensor

    def saves_of(self, tensor):
        """(order, module) of each time that the tensor's storage was saved; the order is that of the whole forward."""
        return self._saved.get(tensor.untyped_storage(), [(1 << 30, "?")])

    def detach(self):
        for handle in self._handles:
            handle.remove()


def saved_tensors(root):
    """(node, attribute, tensor) for every tensor that autograd keeps in the graph below a node."""
    seen, waiting = set(), [root]
    while waiting:
        node = waiting.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        for attribute in dir(node):
            if attribute.startswith("_saved_"):
                value = getattr(node, attribute)
                for tensor in value if isinstance(value, (tuple, list)) else (value,):
                    if isinstance(tensor, torch.Tensor):
                        yield node.name(), attribute.removeprefix("_saved_"), tensor
        for index, tensor in enumerate(getattr(node, "saved_tensors", ())):  # of a Python function
            if isinstance(tensor, torch.Tensor):
                yield node.name(), f"saved[{index}]", tensor
        waiting.extend(before for before, _ in node.next_functions)


def ledger(root, modules, fixed, inputs, block=1):
    """The storages that autograd keeps, each once, in the order in which they were first saved.

    fixed and inputs: keys of parameters and buffers, which are left out, and of the step's inputs, which are marked.
    """
    rows = {}
    for node, attribute, tensor in saved_tensors(root):
        if key_of(tensor) in fixed or tensor.device.type == "cpu":
            continue
        saves = modules.saves_of(tensor)
        row = rows.setdefault(
            key_of(tensor),
            {
                "order": saves[0][0],
                "module": saves[0][1],
                "layers": len({layer_of(module) for _, module in saves} - {None}),
                "shape": list(tensor.shape),
                "dtype": str(tensor.dtype).removeprefix("torch."),
                "bytes": rounded(tensor.untyped_storage().nbytes(), block),
                "saved_by": [],
                "input": key_of(tensor) in inputs,
            },
        )
        if f"{node}.{attribute}" not in row["saved_by"]:
            row["saved_by"].append(f"{node}.{attribute}")
    return sorted(rows.values(), key=lambda row: row["order"])
