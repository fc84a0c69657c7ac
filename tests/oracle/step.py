"""Measures one training step without a GPU: what autograd keeps, what lives, where the peaks are.

The ledger is taken on fake CUDA tensors; peaks and FLOPs on the meta device, which no autocast sees: under that they are taken on fake
CUDA tensors, too, of which autograd's engine is told that there is a device (gpu.py). What both see must be equal, and `measure` says
so if it is not.
"""
import contextlib
import gc

import torch
from torch._subclasses.fake_tensor import FakeTensorMode

import gpu
import stacks
import torch_ranks
import watch


class Disagreement(Exception):
    """Fake CUDA and meta see a different forward: no figure of the two can be trusted."""


def play(case, device, fresh_gradients=False, trace=None, backward=False):
    """One forward, and its backward if backward says so.

    fresh_gradients: parameters' gradients start as None and count; otherwise they exist beforehand and do not.
    trace: a list that takes the allocations, see watch.Memory.
    """
    gc.collect()
    if backward and device == "cuda":
        gpu.let_backward_run()
    # meta tensors are PyTorch's own and need no mode
    fake = FakeTensorMode(allow_non_fake_inputs=True) if device != "meta" else contextlib.nullcontext()
    with fake, torch.device(device), gpu.kernels(case.run["attention"]):
        torch.set_default_dtype(case.dtype)
        try:
            step = stacks.make(case)
        finally:
            torch.set_default_dtype(torch.float32)
        step.model.train()
        parameters, buffers = list(step.model.parameters()), list(step.model.buffers())
        trained = [p for p in parameters if p.requires_grad]
        assert all(tensor.device.type == device for tensor in parameters + buffers)
        if not fresh_gradients:
            for p in trained:
                p.grad = torch.zeros_like(p)
        memory = watch.Memory(trace, case.block, device == "cpu", step.probe)
        memory.ignore(parameters + buffers + step.inputs + [p.grad for p in trained if p.grad is not None])
        modules = watch.Modules(step.model)
        figures = {
            "source": step.source,
            "parameters": sum(watch.local(p).numel() for p in parameters),
            "gradient_bytes": sum(watch.rounded(watch.local(p).numel() * p.element_size(), case.block) for p in trained),
            "ledger": None,
        }
        visible = step.whole_graph or not case.checkpointed
        if backward and (step.replaces_saved or device == "cpu"):  # shared parameters are let go of before it
            visible = False
        with step.surroundings(), memory:
            if step.lasts:
                with torch.no_grad():
                    step.forward()
                memory.restart()
            hooks = modules.hooks() if visible else contextlib.nullcontext()
            with gpu.autocast(case.autocast, case.run["autocast_cache"] == "yes"), hooks:
                loss, logits = step.forward()
            figures["live_after_forward"] = memory.live
            probed = memory.bytes_of_probe() if step.probe else 0
            if visible:
                fixed = {watch.key_of(tensor) for tensor in parameters + buffers}
                fixed |= {watch.key_of(tensor) for tensor in (step.probe or list)()}
                given = {watch.key_of(tensor) for tensor in step.inputs}
                figures["ledger"] = watch.ledger(loss.grad_fn, modules, fixed, given, case.block)
            del logits  # the caller drops the model's output and keeps the loss
            if backward:
                memory.enter_backward()
                with torch.autograd.set_multithreading_enabled(False):  # a device's thread would wait for it
                    loss.backward()
                gradients = {watch.key_of(p.grad): watch.local(p.grad).untyped_storage().nbytes() for p in trained}
                figures["gradients_at_the_end"] = sum(gradients.values())
        if step.probe:
            figures["unsharded"] = {"after_forward": probed} | {f"{phase}_peak": size for phase, size in memory.probed.items()}
        modules.detach()
        forward_flops = memory.flops["forward", True] + memory.flops["forward", False]
        recomputed = memory.flops["backward", True]
        flops = {"forward_flops": forward_flops, "backward_flops": memory.flops["backward", False], "recomputed_flops": recomputed}
        return {**figures, "peaks": memory.peaks, **flops}


def saved(ledger):
    """Sums of a ledger: the total, by layer, shared by layers (charged to the first of them), outside the layers."""
    kept = [row for row in ledger if not row["input"]]
    outside = [row for row in kept if watch.layer_of(row["module"]) is None]
    by_layer = {}
    for row in kept:
        layer = watch.layer_of(row["module"])
        if layer is not None:
            by_layer[layer] = by_layer.get(layer, 0) + row["bytes"]
    return {
        "saved_bytes": sum(row["bytes"] for row in kept),
        "layer_bytes": [by_layer[layer] for layer in sorted(by_layer)],
        "shared_bytes": sum(row["bytes"] for row in kept if row["layers"] > 1),
        "outside_bytes": sum(row["bytes"] for row in outside),
    }


def measure(case):
    """Every figure of a case; None where there is none: mostly no ledger of a checkpointed case."""
    if torch_ranks.is_rank(case):
        return measure_rank(case)
    plain = play(case, "cuda")
    figures = {key: plain[key] for key in ("source", "parameters", "gradient_bytes", "live_after_forward")}
    figures |= dict.fromkeys(("saved_bytes", "layer_bytes", "shared_bytes", "outside_bytes", "ledger"))
    if plain["ledger"] is not None:
        figures |= saved(plain["ledger"]) | {"ledger": plain["ledger"]}
    peaks = ("forward_peak", "backward_peak", "step_peak")
    figures |= dict.fromkeys([*peaks, *(f"{peak}_op" for peak in peaks), "backward_flops", "recomputed_flops"])
    run = play(case, device_of(case), backward=True)
    fresh = play(case, device_of(case), fresh_gradients=True, backward=True)
    seen = [(p["live_after_forward"], p["ledger"] and saved(p["ledger"])["saved_bytes"]) for p in (plain, run)]
    if seen[0][0] != seen[1][0] or run["ledger"] is not None and seen[0] != seen[1]:
        raise Disagreement(f"(after the forward, saved) is {seen[0]} on CUDA, {seen[1]} where backward follows")
    for phase in ("forward", "backward"):
        figures[f"{phase}_peak"], figures[f"{phase}_peak_op"] = run["peaks"][phase]
    figures["step_peak"], figures["step_peak_op"] = max(fresh["peaks"]["forward"], fresh["peaks"]["backward"])
    figures["forward_flops"] = run["forward_flops"]
    figures["backward_flops"] = run["backward_flops"]
    if case.checkpointed:
        figures["recomputed_flops"] = run["recomputed_flops"]
    return figures


def device_of(case):
    """Where its backward runs: CUDA's autocast does not see meta tensors."""
    return "cuda" if case.autocast else "meta"


NONE = "saved_bytes layer_bytes shared_bytes outside_bytes ledger forward_flops backward_flops recomputed_flops".split()


def measure_rank(case):
    """Every figure of a rank of PyTorch's own parallelism, which is played on fake CPU tensors; see torch_ranks.py."""
    plain, run = play(case, "cpu"), play(case, "cpu", backward=True)
    fresh = play(case, "cpu", fresh_gradients=True, backward=True)
    if plain["live_after_forward"] != run["live_after_forward"]:
        raise Disagreement(f"{plain['live_after_forward']} after the forward, {run['live_after_forward']} where backward follows")
    figures = dict.fromkeys(NONE) | {key: run[key] for key in ("source", "parameters", "live_after_forward")}
    figures["gradient_bytes"] = fresh["gradients_at_the_end"]  # of a table of which each rank has a part, the whole may be there
    if "unsharded" in run:
        figures["unsharded"] = run["unsharded"]
    for phase in ("forward", "backward"):
        figures[f"{phase}_peak"], figures[f"{phase}_peak_op"] = run["peaks"][phase]
    figures["step_peak"] = max(fresh["peaks"]["forward"], fresh["peaks"]["backward"])[0]
    if plain["ledger"] is not None:
        figures |= saved(plain["ledger"]) | {"ledger": plain["ledger"]}
    return figures


def allocations(case):
    """The allocations of a step as a sequence, gradients of parameters preallocated; see watch.Memory."""
    trace = []
    play(case, device_of(case), trace=trace, backward=True)
    return trace
