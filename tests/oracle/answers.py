"""What build/actmem answers for a case, beside what was measured."""
import json
import pathlib
import re
import subprocess
import tempfile
from collections import Counter

ACTMEM = pathlib.Path(__file__).resolve().parents[2] / "build/actmem"
TORCH_NAMES = {"fp32": "float32", "bf16": "bfloat16", "fp16": "float16", "i64": "int64", "i32": "int32", "u64": "uint64", "c64": "complex64"}


class Refused(Exception):
    """actmem says that it does not cover this, and why."""


def ask(words, config=None):
    """actmem's report for these words and a config.json (a path or a dict)."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        if isinstance(config, dict):
            json.dump(config, file)
            file.flush()
            config = file.name
        options = ["--config", str(config)] if config else []
        done = subprocess.run([ACTMEM, "--json", *options, *words], capture_output=True, text=True, timeout=60)
    answer = json.loads(done.stdout or done.stderr)
    if "error" in answer:
        raise Refused(f"{answer['error']['field']}: {answer['error']['message']}")
    return answer


def allocations(report):
    """[f or b, bytes, live bytes after it] of each allocation of what a report is of; None where its regions are not one a layer."""
    done = subprocess.run([ACTMEM.with_name("allocations"), report["query"]], capture_output=True, text=True, timeout=60)
    if done.returncode == 2:
        return None
    done.check_returncode()
    return [(phase, int(size), int(live)) for phase, size, live in map(str.split, done.stdout.splitlines())]


def compare_allocations(measured, answered):
    """The lines that say where a sequence of allocations first differs; measured: as watch.Memory's trace."""
    if answered is None:
        return []
    for i, ((phase, operation, size, live), own) in enumerate(zip(measured, answered)):
        if (phase, size, live) != own:
            return [f"allocation {i}, {operation}: measured {phase} {size} {live}, actmem {' '.join(map(str, own))}"]
    return [] if len(measured) == len(answered) else [f"allocations: measured {len(measured)}, actmem {len(answered)}"]


def preset(name):
    """The keys of the group MODEL that model=NAME stands for."""
    config = ask([f"model={name}", "timeline=none"])["config"]
    keys = list(config)
    return {key: str(config[key]) for key in keys[1 : keys.index("batch")]}


def known(saver):
    """A saver as far as autograd says what it is: what CopySlices keeps it does not say, what a Python function keeps has a number."""
    if saver.startswith("CopySlices"):
        return "CopySlices"
    return saver.split(".")[0].removesuffix("0") if saver.startswith("Liger") else saver


def row_of_report(row):
    savers = {known(saver) for saver in row["saved_by"]}
    return row["module"], row["bytes"], TORCH_NAMES.get(row["dtype"], row["dtype"]), tuple(sorted(savers))


def row_of_ledger(row, prefix):
    module = row["module"].removeprefix("base_model.model").removeprefix(".")  # peft's wrapper
    return re.sub(prefix, "", module), row["bytes"], row["dtype"], tuple(sorted({known(saver) for saver in row["saved_by"]}))


def rows(figures, report):
    """Rows of layer 1, of what layers share, and of what is outside them that only one of the two has."""
    import watch

    answered = {}
    for row in report["rows"]:
        answered.setdefault(row["scope"], Counter())[row_of_report(row)] += 1
    outside, shared = answered.pop("outside", Counter()), answered.pop("shared", Counter())
    found = []
    of_layer = r"^.*?\b(layers|h|blocks)\.\d+\.?"
    for name, layer, prefix, kinds in (
        ("layer 1", 1, of_layer, list(answered.values())),
        ("shared", "shared", of_layer, [shared]),
        ("outside", None, r"^$", [outside]),
    ):
        ledger = [row for row in figures["ledger"] if not row["input"]]
        kept = [row for row in ledger if ("shared" if row["layers"] > 1 else watch.layer_of(row["module"])) == layer]
        if layer == 1 and not kept:
            continue  # one layer
        measured = Counter(row_of_ledger(row, prefix) for row in kept)
        own = min(kinds, key=lambda rows: ((measured - rows) + (rows - measured)).total())  # the kind that layer 1 is of
        found += [(f"{name}: measured only", row, "") for row in (measured - own).elements()]
        found += [(f"{name}: answered only", "", row) for row in (own - measured).elements()]
    return found


def compare(figures, report):
    """(figure, measured, answered) of every figure that was measured; rows of the ledger only where they differ.

    Where a ledger is measured under checkpointing, it is not known to which layer a region's input belongs.
    """
    by_layer = figures["ledger"] is not None and report["config"]["checkpoint"] == "none"
    step, plan, saved = report["step"], report["checkpoint"], report["saved"]
    layers = sum(kind["bytes"] * kind["count"] for kind in saved["layers"]) + saved["shared_bytes"]
    pairs = [
        ("parameters", figures["parameters"], report["model"]["parameters"]),
        ("gradient_bytes", figures["gradient_bytes"], step["gradient_bytes"]),
        ("saved_bytes", figures["saved_bytes"], saved["bytes"]),
        ("layer_bytes", sum(figures["layer_bytes"]) if by_layer else None, layers),
        ("outside_bytes", figures["outside_bytes"] if by_layer else None, saved["outside_bytes"]),
        ("live_after_forward", figures["live_after_forward"], step["after_forward_bytes"]),
        ("forward_peak", figures["forward_peak"], step["forward_peak_bytes"]),
        ("backward_peak", figures["backward_peak"], step["backward_peak_bytes"]),
        ("step_peak", figures["step_peak"], step["peak_bytes"]),
        ("forward_flops", figures["forward_flops"], plan["forward_flops"]),
        ("recomputed_flops", figures["recomputed_flops"], plan["recomputed_flops"]),
    ]
    cost = report["cost"]
    if cost["forward_flops"] == plan["forward_flops"]:  # there are no experts, whose products the counter leaves out
        pairs.append(("backward_flops", figures["backward_flops"], cost["backward_flops"]))
    found = [(name, measured, answered) for name, measured, answered in pairs if measured is not None]
    return found + (rows(figures, report) if by_layer else [])
