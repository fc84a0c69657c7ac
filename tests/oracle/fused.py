"""Liger-Kernel and Apple's cut_cross_entropy on tensors that hold nothing: their own Python with the kernels left out.

What their code allocates, keeps and returns does not depend on what the kernels write. Where it asks whether a tensor is
on a CUDA device, the meta device counts too; where it reads a value off a tensor, it is given one: every token has a
label, and the loss's own gradient is one. Compiled functions run as they are written.
"""
import contextlib
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import sys
import types

import torch

from inputs import BadInput

MULTIPROCESSORS = 132  # of an H100

CUDA = [('device.type == "cuda"', 'device.type in ("cuda", "meta")'), ('device.type != "cuda"', 'device.type not in ("cuda", "meta")')]
EDITS = {
    "liger_kernel.ops.rms_norm": CUDA,
    "liger_kernel.ops.fused_linear_cross_entropy": [
        *CUDA,
        ("target_mask.sum().item()", "len([target_mask.sum()])"),
        (
            "not torch.equal(grad_output, torch.tensor(1.0, device=grad_output.device))",
            "not [torch.tensor(1.0, device=grad_output.device)]",
        ),
    ],
    "cut_cross_entropy.cce": [
        ("@torch.compile(fullgraph=True)", ""),
        ("(targets.data_ptr() % 16) != 0", "False"),
        ("(targets.data_ptr() % 16) == 0", "True"),
    ],
    "cut_cross_entropy.utils": [
        ("@torch.compile(fullgraph=True)", ""),
        (
            "(targets != ignore_index).nonzero()",
            "(lambda mask: torch.empty(mask.numel(), mask.dim(), dtype=torch.int64, device=mask.device))(targets != ignore_index)",
        ),
    ],
}
KERNELS = {
    "liger_kernel.ops.fused_linear_cross_entropy": ["liger_cross_entropy_kernel", "element_mul_kernel"],
    "liger_kernel.ops.rms_norm": [
        f"_{block}rms_norm_{way}_kernel" for block in ("", "block_") for way in ("forward", "backward")
    ],
    "liger_kernel.ops.swiglu": [f"_swiglu_{way}_kernel{tiled}" for way in ("forward", "backward") for tiled in ("", "_tiled")],
    "liger_kernel.ops.geglu": ["_geglu_tanh_forward_kernel", "_geglu_tanh_backward_kernel"],
    "liger_kernel.ops.rope": ["_triton_rope"],
    "cut_cross_entropy.cce_lse_forward": ["_cce_lse_forward_kernel"],
    "cut_cross_entropy.cce_backward": ["_cce_backward_kernel"],
    "cut_cross_entropy.indexed_dot": ["_indexed_neg_dot_forward_kernel"],
}


class EditedLoader(importlib.machinery.SourceFileLoader):
    def get_code(self, fullname):
        text = self.get_data(self.path).decode()
        for old, new in EDITS[fullname]:
            text = text.replace(old, new)
        return compile(text, self.path, "exec")


class EditedFinder(importlib.abc.MetaPathFinder):
    def find_spec(self, fullname, path, target=None):
        if fullname not in EDITS:
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path)
        spec.loader = EditedLoader(fullname, spec.origin)
        return spec


class Kernel:
    def __getitem__(self, _):
        return lambda *_, **__: None


def package(name, where):
    """The package, its kernels left out."""
    if importlib.util.find_spec(name) is None:
        raise BadInput(f"{name} is not installed: {where}")
    if not any(isinstance(finder, EditedFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, EditedFinder())
        torch.cuda.get_device_properties = lambda *_, **__: types.SimpleNamespace(multi_processor_count=MULTIPROCESSORS)
        torch.cuda.is_bf16_supported = lambda *_, **__: True
    for module, kernels in KERNELS.items():
        if module.startswith(f"{name}."):
            loaded = importlib.import_module(module)
            for kernel in kernels:
                setattr(loaded, kernel, Kernel())
            if hasattr(loaded, "device_context"):
                loaded.device_context = lambda _: contextlib.nullcontext()


def liger():
    """liger_kernel.transformers.monkey_patch."""
    package("liger_kernel", "tests/oracle/requirements.txt")
    return importlib.import_module("liger_kernel.transformers.monkey_patch")


_unpatched = []  # (what has attributes, those before a patch)


def patch(model_type, **which):
    """Replaces the modules of transformers' code for a model_type, until unpatch()."""
    apply = getattr(liger(), f"apply_liger_kernel_to_{model_type}", None)
    if apply is None:
        raise BadInput(f"Liger-Kernel has no patch for {model_type}")
    code = importlib.import_module(f"transformers.models.{model_type}.modeling_{model_type}")
    causal = [value for name, value in vars(code).items() if name.endswith("ForCausalLM")]
    _unpatched.append((code, dict(vars(code))))
    _unpatched.extend((model, {"forward": model.forward}) for model in causal)
    apply(**which)


def unpatch():
    while _unpatched:
        owner, attributes = _unpatched.pop()
        for name, value in attributes.items():
            setattr(owner, name, value)


def liger_forward(model_type):
    """The forward of a causal model with the fused loss."""
    liger()
    return importlib.import_module(f"liger_kernel.transformers.model.{model_type}").lce_forward


def cut():
    package("cut_cross_entropy", "pip install git+https://github.com/apple/ml-cross-entropy.git@d42911f9b1a1f98289bb601c35c8151562603d74")  # fmt: skip
    return importlib.import_module("cut_cross_entropy").linear_cross_entropy
