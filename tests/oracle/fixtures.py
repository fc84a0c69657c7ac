#!/usr/bin/env python3
"""Measures the cases of tests/fixtures again and compares: fixtures.py [--only TEXT] [--write] [FILE …]

FILE is the name of a file there without .json (default: each). --only: names that contain TEXT. Prints each difference,
and what was not measured with the reason; ends with status 1 if there is a difference. --write puts what was measured
into the files instead. How to add a case stands in tests/fixtures/README.md.
"""
import argparse
import collections
import functools
import json
import pathlib
import sys
import time

import torch
from torch._subclasses.fake_tensor import FakeTensorMode

import gpu
import inputs
import megatron_core
import plans
import schedules
import step
import torch_ranks
import watch

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "fixtures"

# ---- cases.json: what a record says of its case, and what is measured of it

MEASURED = (
    "source saved_bytes layer_bytes live_after_forward forward_peak forward_peak_op backward_peak backward_peak_op "
    "step_peak step_peak_op gradient_bytes recompute_flops_ratio shared_bytes outside_bytes rows"
).split()
NOT_CHECKPOINTED = {"saved_bytes", "layer_bytes", "shared_bytes", "outside_bytes", "rows"}


def row(entry):
    return {
        **{key: entry[key] for key in ("module", "shape", "dtype", "bytes", "saved_by")},
        **({"input": True} if entry["input"] else {}),
    }


def rows(ledger):
    """Layer 1, what layers share, and what lies outside them."""
    layer = lambda entry: watch.layer_of(entry["module"])  # noqa: E731
    return {
        "layer_1": [row(entry) for entry in ledger if layer(entry) == 1],
        "shared": [row(entry) for entry in ledger if not entry["input"] and entry["layers"] > 1],
        "outside": [row(entry) for entry in ledger if layer(entry) is None],
    }


@functools.cache
def arguments():
    """What asks for each case."""
    return {entry["name"]: entry for entry in load("arguments")}


def measure_case(record):
    asked = arguments()[record["name"]]
    config = asked["config"] and FOLDER / "configs" / asked["config"]
    return measure_record(record, inputs.read([asked["arguments"]], config))


def measure_record(record, case):
    figures = step.measure(case)
    if figures["ledger"] is not None:
        figures["rows"] = rows(figures["ledger"])
    recomputed = figures["recomputed_flops"]
    figures["recompute_flops_ratio"] = None if recomputed is None else recomputed / figures["forward_flops"]
    wanted = [key for key in MEASURED if not (case.checkpointed and key in NOT_CHECKPOINTED)]
    return record | {key: figures[key] for key in wanted}


# ---- others.json: the same for models that no input asks for; their records say all


def measure_other(record):
    run = {
        "batch": str(record["batch"]),
        "seq": str(record["seq"]),
        "stack": record["stack"],
        "attention": "sdpa",
        "dtype": {str(dtype): name for name, dtype in inputs.DTYPES.items()}[f"torch.{record['dtype']}"],
    }
    if record["checkpoint"]:
        policy = record["checkpoint"]
        run |= {"checkpoint": "full" if policy.endswith("reentrant") else policy.replace("-", ":", 1)}
        run |= {"reentrant": "yes" if policy == "reentrant" else "no"}
    model = {**record["config"], "loss_chunk": record.get("loss_chunk")}
    return measure_record(record, inputs.Case({**inputs.RUN, **run}, model=model))


# ---- parallel.json: one rank


RANK = (
    "source saved_bytes layer_bytes outside_bytes recomputed_layers_bytes live_after_forward scratch_bytes forward_peak "
    "forward_peak_op backward_peak backward_peak_op step_peak rank_parameters rows"
).split()


def rows_of_rank(ledger):
    layer = lambda entry: watch.layer_of(entry["module"])  # noqa: E731
    kept = {layer(entry) for entry in ledger} - {None}
    shown = 1 if 1 in kept else max(kept, default=-1)
    return {
        "layer": [row(entry) for entry in ledger if layer(entry) == shown],
        "outside": [row(entry) for entry in ledger if layer(entry) is None],
    }


def measure_torch_rank(record, case):
    """Of stack torch: what a record has, and of a new one everything."""
    figures = step.measure_rank(case)
    if case.model.get("zero") != "3":  # FSDP2's are a part of those that actmem says, before they are shared out
        figures["rank_parameters"] = figures["parameters"]
    if figures["ledger"] is not None:
        ledger = [torch_ranks.named_as_kernel(entry) for entry in figures["ledger"] if entry["bytes"]]
        figures["rows"] = rows_of_rank(ledger)
    wanted = [*RANK, "unsharded", "gradient_bytes"]
    measured = {key: figures[key] for key in wanted if figures.get(key) is not None}
    return {key: measured.get(key, record[key]) for key in record} if "source" in record else record | measured


def measure_rank(record):
    case = inputs.read([record["text"]])
    if case.run["stack"] == "torch":
        return measure_torch_rank(record, case)
    if case.run["stack"] != "megatron-local":  # stacks.py would make the whole model of it, on one rank
        raise inputs.BadInput(f"a rank of stack={case.run['stack']} is not measured; of megatron-local and torch it is")
    figures = step.measure(case)
    ledger = [entry for entry in figures["ledger"] if entry["bytes"]]  # an output that is made again has none
    figures["recomputed_layers_bytes"] = sum(entry["bytes"] for entry in ledger if megatron_core.is_input_of_layers(entry))
    figures["scratch_bytes"] = megatron_core.scratch_bytes()
    figures["rank_parameters"] = figures["parameters"]
    figures["rows"] = rows_of_rank(ledger)
    return {"name": record["name"], "text": record["text"]} | {key: figures[key] for key in RANK if figures[key] != 0}


# ---- stages.json: one stage of a pipeline

STAGE = "source saved_bytes live_after_forward forward_peak backward_peak rank_parameters".split()


def measure_stage(record):
    case = inputs.read([record["text"], f"rank={record['rank']}"])
    if case.run["stack"] == "torch":
        return record | torch_ranks.measure_stage(case, record.get("case", {}).get("stage"))
    if case.run["stack"] != "megatron-local":
        raise inputs.BadInput(f"a stage of stack={case.run['stack']} is not measured; of megatron-local and torch it is")
    figures = step.measure(case)
    figures["rank_parameters"] = figures["parameters"]
    return record | {key: figures[key] for key in STAGE}


# ---- unseen.json and allocations.json


def measure_unseen(record):
    case = inputs.read([record["text"]])
    figures = step.measure(case)
    return {key: figures.get(key, value) for key, value in record.items()}


def measure_allocations(record):
    case = inputs.read([record["text"]])
    return {**record, "allocations": step.allocations(case)}


# ---- loss.json, allocator.json and liger.json: figures, of some the sequence too


def measure_whole(record):
    case = inputs.read([record["text"]])
    figures = step.measure(case)
    if case.run["loss"] == "cut":
        figures["forward_flops"] = None  # its kernels have no count
    measured = {key: figures.get(key, value) for key, value in record.items()}
    return measured | ({"allocations": step.allocations(case)} if "allocations" in record else {})


# ---- autocast.json: the type of what an operation returns under torch.autocast in bf16, by the types of what it is given

F = torch.nn.functional
OPERATIONS = {
    "mm": lambda x: torch.mm(x, x),
    "addmm": lambda x: torch.addmm(x[0], x, x),
    "bmm": lambda x: torch.bmm(x[None], x[None]),
    "add": lambda x: x + x,
    "add_scalar": lambda x: x + 1.0,
    "sub": lambda x: x - x,
    "mul": lambda x: x * x,
    "mul_scalar": lambda x: x * 2.0,
    "div_scalar": lambda x: x / 2.0,
    "div": lambda x: x / x,
    "neg": torch.neg,
    "pow": lambda x: torch.pow(x, 3.0),
    "rsqrt": torch.rsqrt,
    "tanh": torch.tanh,
    "relu": F.relu,
    "gelu": F.gelu,
    "silu": F.silu,
    "sigmoid": torch.sigmoid,
    "sum": torch.sum,
    "softmax": lambda x: F.softmax(x, -1),
    "native_layer_norm": lambda x: F.layer_norm(x, (4,), x[0], x[0]),
    "fused_rms_norm": lambda x: F.rms_norm(x, (4,), x[0], 1e-6),
}


def measure_autocast(record):
    with FakeTensorMode(), torch.device("cuda"), gpu.autocast(torch.bfloat16):
        result = OPERATIONS[record["name"]](torch.zeros(4, 4, dtype=inputs.DTYPES[record["input"]]))
    return {**record, "result": {dtype: name for name, dtype in inputs.DTYPES.items()}[result.dtype]}


# ---- all of them


def load(name):
    return json.loads((FOLDER / f"{name}.json").read_text())


def store(name, records):
    lines = ",\n".join(json.dumps(record, separators=(",", ":")) for record in records)
    (FOLDER / f"{name}.json").write_text(f"[\n{lines}\n]\n")


def differences(committed, measured, path=""):
    """Lines that say where two values differ."""
    if isinstance(committed, dict) and isinstance(measured, dict):
        for key in dict.fromkeys([*committed, *measured]):
            yield from differences(committed.get(key), measured.get(key), f"{path}.{key}" if path else key)
    elif isinstance(committed, list) and isinstance(measured, list) and len(committed) == len(measured):
        for index, pair in enumerate(zip(committed, measured)):
            yield from differences(*pair, f"{path}[{index}]")
    elif committed != measured:
        yield f"{path}: committed {json.dumps(committed)[:200]}, measured {json.dumps(measured)[:200]}"


MEASURERS = {
    "cases": measure_case,
    "others": measure_other,
    "parallel": measure_rank,
    "stages": measure_stage,
    "pipeline": schedules.measure,
    "unseen": measure_unseen,
    "allocations": measure_allocations,
    "autocast": measure_autocast,
    "loss": measure_whole,
    "allocator": measure_whole,
    "liger": measure_whole,
    "plans": plans.measure_record,
}


def name_of(record):
    """Of a schedule, which has no name of its own: what it is."""
    return record["name"] if "name" in record else "{schedule} p={p} n={n} v={v}".format(**record)


def repeat(name, only, write):
    """Measures the records of a file whose names contain `only`; returns how many are equal, different, not measured."""
    records, count = load(name), collections.Counter()
    for index, record in enumerate(records):
        title = name_of(record)
        if only not in title:
            continue
        start = time.monotonic()
        try:
            measured = MEASURERS[name](record)
            found = list(differences(record, measured))
        except inputs.BadInput as error:
            count["not measured"] += 1
            print(f"{name}: {title}: not measured: {error}", flush=True)
            continue
        except Exception as error:  # of the model's own code too: one case must not end the run
            measured, found = record, [f"{type(error).__name__}: {error}"]
        count["different" if found else "equal"] += 1
        records[index] = measured
        print(f"{name}: {title}: {'DIFFERENT' if found else 'equal'} ({time.monotonic() - start:.1f} s)")
        for line in found:
            print(f"  {line}")
        sys.stdout.flush()
    if write:
        store(name, records)
    return count


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("files", nargs="*", metavar="FILE", help=", ".join(MEASURERS))
    parser.add_argument("--only", default="", help="names that contain this")
    parser.add_argument("--write", action="store_true", help="put what was measured into the files")
    options = parser.parse_args()
    if unknown := set(options.files) - set(MEASURERS):
        parser.error(f"no {', '.join(sorted(unknown))}: {', '.join(MEASURERS)}")
    counts = {name: repeat(name, options.only, options.write) for name in options.files or MEASURERS}
    for name, count in [*counts.items(), ("in all", sum(counts.values(), collections.Counter()))]:
        print(f"{name}: {count['equal']} equal to the byte, {count['different']} different, {count['not measured']} not measured")
    return 1 if any(count["different"] for count in counts.values()) and not options.write else 0


if __name__ == "__main__":
    sys.exit(main())
