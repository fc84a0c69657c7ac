"""Watches a training step: the bytes that live, the FLOPs that run, the storages that autograd keeps."""
import contextlib
import itertools
import re
import weakref
from collections import Counter, namedtuple
from unittest import mock

import torch
from torch.distributed._functional_collectives import AsyncCollectiveTensor
from torch.distributed.tensor import DTensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import flop_registry

SHARDED = DTensor, AsyncCollectiveTensor
WAIT = torch.ops._c10d_functional.wait_tensor.default


def rounded(size, block):
    """Bytes as an allocator gives them out, in multiples of block."""
    return -(-size // block) * block


class Memory(TorchDispatchMode):
    """Counts the bytes of live storages, and FLOPs, of the operations that run within.

    A storage counts from the operation that made it until nobody holds it, with the size that it has. `phase` is "forward" or "backward", set by
    the user. FLOPs are by (phase, gradients enabled or not): a backward with gradients enabled computes a forward again.
    Storages are rounded up to a multiple of `block`. `trace`, if it is a list, takes [f or b, operation, bytes, live bytes after it] of each allocation.
    Tensors on the CPU are Python's numbers and do not count, unless `cpu`, where the step itself runs there. `probe`, if there
    is one, returns tensors: `probed` has the most bytes that they have had, by phase.
    """

    running = None

    def __init__(self, trace=None, block=1, cpu=False, probe=None):
        super().__init__()
        self.block = block
        self.cpu = cpu
        self.probe = probe
        self.probed = Counter()
        self.live = 0
        self.phase = "forward"
        self.peaks = {}  # phase: (bytes, "phase:operation")
        self.flops = Counter()
        self.trace = trace
        self._seen = weakref.WeakSet()
        self._sizes = weakref.WeakKeyDictionary()  # storage: [bytes]
        self._in_kernel = False
        self._recomputing = False

    def __enter__(self):
        Memory.running = self
        own = torch.UntypedStorage.resize_

        def resize(storage, size):  # no operation shows it
            own(storage, size)
            self._resized(storage)

        self._patch = mock.patch.object(torch.UntypedStorage, "resize_", resize)
        self._patch.start()
        return super().__enter__()

    def __exit__(self, *error):
        self._patch.stop()
        Memory.running = None
        return super().__exit__(*error)

    def ignore(self, tensors):
        """What was there before the step, or is counted elsewhere."""
        for tensor in tensors:
            self._seen.add(local(tensor).untyped_storage())

    def restart(self):
        """The step begins: what lives by now was there before, and counts."""
        self.peaks = {}
        self.flops.clear()
        if self.trace is not None:
            self.trace.clear()

    def enter_backward(self):
        """From here on peaks are the backward's; what lives already is the first of them."""
        self.phase = "backward"
        self.peaks["backward"] = (self.live, self.peaks["forward"][1])

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        if any(issubclass(kind, SHARDED) for kind in types):
            return NotImplemented  # it comes again, in the operations of its own rank
        kwargs = kwargs or {}
        if operation is WAIT:
            result = args[0]  # as its kernel returns it; on tensors that hold nothing it returns a copy
        else:
            result = operation(*args, **kwargs)
        flops_of = flop_registry.get(operation._overloadpacket)
        if flops_of:
            flops = flops_of(*args, **kwargs, out_val=result)
            self.flops[self.phase, torch.is_grad_enabled() or self._recomputing] += flops
        for tensor in tree_leaves(result):
            if isinstance(tensor, torch.Tensor) and counts(tensor):
                self._add(tensor.untyped_storage(), operation)
        if self.probe is not None:
            self._note(operation, 0)  # what storages have been resized to
            self.probed[self.phase] = max(self.probed[self.phase], self.bytes_of_probe())
        return result

    def bytes_of_probe(self):
        return sum(tensor.untyped_storage().nbytes() for tensor in self.probe())

    def _add(self, storage, operation):
        if storage in self._seen:
            return
        self._seen.add(storage)
        size = rounded(storage.nbytes(), self.block)
        self.live += size
        self._sizes[storage] = cell = [size]
        weakref.finalize(storage, self._drop, cell)
        if not self._in_kernel:
            self._note(operation, size)

    def _note(self, operation, size):
        if self.trace is not None and size > 0:
            self.trace.append([self.phase[0], str(operation).removeprefix("aten."), size, self.live])
        if self.live > self.peaks.get(self.phase, (0, None))[0]:
            self.peaks[self.phase] = (self.live, f"{self.phase}:{operation}")

    def _resized(self, storage):
        if storage in self._sizes:
            cell, size = self._sizes[storage], rounded(storage.nbytes(), self.block)
            self.live += size - cell[0]
            cell[0] = size

    def _drop(self, cell):
        self.live -= cell[0]

    @contextlib.contextmanager
    def kernel(self):
        """What runs within is one kernel: only what outlives it counts."""
        outer, before, self._in_kernel = self._in_kernel, self.live, True
        try:
            yield
        finally:
            self._in_kernel = outer
            if not outer:
                self._note("compiled", self.live - before)

    @contextlib.contextmanager
    def recomputation(self):
        """What runs within computes a forward again, without gradients too, as in a Python function's forward."""
        self._recomputing = True
        try:
            yield
        finally:
            self._recomputing = False


def kernel():
    """Memory.kernel of the Memory that runs."""
    return Memory.running.kernel()


def recomputation():
    """Memory.recomputation of the Memory that runs."""
    return Memory.running.recomputation()


def counts(tensor):
    """Is a tensor on the device whose memory is counted?"""
    return local(tensor).device.type != "cpu" or Memory.running.cpu


@contextlib.contextmanager
def uncounted():
    """What runs within makes nothing that a device would have."""
    memory = Memory.running
    with mock.patch.object(memory, "_add", lambda storage, _: memory._seen.add(storage)) if memory else contextlib.nullcontext():
        yield


def local(tensor):
    """This rank's part of a tensor that is shared among ranks; any other one itself."""
    while isinstance(tensor, SHARDED):
        tensor = tensor.elem if isinstance(tensor, AsyncCollectiveTensor) else tensor._local_tensor
    return tensor


def key_of(tensor):
    """Identifies the storage of a tensor for as long as it lives."""
    return local(tensor).untyped_storage()._cdata


def layer_of(module):
    """Index of the decoder layer that a module's path lies in, or None."""
    found = re.search(r"(?:^|\.)(?:layers|h|blocks)\.(\d+)", module)
    return int(found[1]) if found else None


Save = namedtuple("Save", "order module shape dtype")


class Modules:
    """Says which module's code saves a tensor: attach it to a model, and run the forward within `hooks()`."""

    def __init__(self, model):
        self._running = []
        self._saved = weakref.WeakKeyDictionary()  # storage: [Save, …]
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
        if counts(tensor):
            save = Save(next(self._order), module, list(tensor.shape), str(tensor.dtype).removeprefix("torch."))
            self._saved.setdefault(local(tensor).untyped_storage(), []).append(save)
        return tensor

    def saves_of(self, tensor):
        """Each Save of the tensor's storage; the order is that of the whole forward."""
        return self._saved.get(tensor.untyped_storage(), [Save(1 << 30, "?", [], "")])

    def alive(self):
        """(key, storage, its Saves) of every storage that was saved and is still there."""
        return [(storage._cdata, storage, saves) for storage, saves in self._saved.items()]

    def detach(self):
        for handle in self._handles:
            handle.remove()


def nodes(root):
    """Every node of autograd's graph below one, itself too."""
    seen, waiting = set(), [root]
    while waiting:
        node = waiting.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        yield node
        waiting.extend(before for before, _ in node.next_functions)


def saved_by(node):
    """(attribute, tensor) for every tensor that a node keeps."""
    for attribute in dir(node):
        if attribute.startswith("_saved_"):
            value = getattr(node, attribute)
            for tensor in value if isinstance(value, (tuple, list)) else (value,):
                if isinstance(tensor, torch.Tensor):
                    yield attribute.removeprefix("_saved_"), tensor
    for index, tensor in enumerate(getattr(node, "saved_tensors", ())):  # of a Python function
        if isinstance(tensor, torch.Tensor):
            yield f"saved[{index}]", tensor


def ledger(root, modules, fixed, inputs, block=1):
    """The storages that autograd keeps, each once, in the order in which they were first saved.

    fixed and inputs: keys of parameters and buffers, which are left out, and of the step's inputs, which are marked.
    """
    rows, hiding = {}, False
    sizes = {key: storage.nbytes() for key, storage, _ in modules.alive()}  # the walk gives an emptied fake storage its size again

    def row_of(key, storage, saves, shape, dtype):
        return {
            "order": saves[0].order,
            "module": saves[0].module,
            "layers": len({layer_of(save.module) for save in saves} - {None}),
            "shape": shape,
            "dtype": dtype,
            "bytes": rounded(sizes.get(key, storage.nbytes()), block),
            "saved_by": [],
            "input": key in inputs,
        }

    for node in nodes(root):
        hiding |= node.name().endswith("CopySlices")
        for attribute, saved in saved_by(node):
            tensor = local(saved)
            key = key_of(tensor)
            if key in fixed or not counts(tensor):
                continue
            if key not in rows:
                dtype = str(tensor.dtype).removeprefix("torch.")
                rows[key] = row_of(key, tensor.untyped_storage(), modules.saves_of(tensor), list(tensor.shape), dtype)
            if f"{node.name()}.{attribute}" not in rows[key]["saved_by"]:
                rows[key]["saved_by"].append(f"{node.name()}.{attribute}")
    for key, storage, saves in modules.alive() if hiding else ():  # what an operation on a view, in place, keeps is not shown
        if key not in rows and key not in fixed and key not in inputs:
            rows[key] = row_of(key, storage, saves, saves[0].shape, saves[0].dtype) | {"saved_by": ["CopySlices"]}
    return sorted(rows.values(), key=lambda row: row["order"])
