#!/usr/bin/env python3
"""Draws random configurations, measures them, and compares every figure with build/actmem's.

random_cases.py [--count N] [--seed TEXT] [--only FAMILY,FAMILY] [--stacks STACK,STACK] [--write FILE]

The stacks are those of draw.py: hf and liger, torch and torch-ranks (one rank of it, or a stage), nanogpt, megatron-local; and states, what an
optimizer holds of a model of hf after its first step, on the CPU; and plans, policies of hf by the lines of Python that actmem prints.
What actmem refuses is drawn anew and counted. Ends with status 1 if any figure differs. --write appends each measured
case to a file, one JSON line each: its config, its words and its figures.
"""
import argparse
import collections
import json
import sys
import warnings

import torch

import answers
import draw
import inputs
import optimizers
import plans
import stacks
import step
import torch_ranks

FLOPS = ("forward_flops", "backward_flops", "recomputed_flops")
STAGE = ("saved_bytes", "live_after_forward", "forward_peak", "backward_peak", "step_peak", "parameters")


def compare_rank(figures, rank):
    """The same of one rank of a pipeline with one micro-batch."""
    answered = {"live_after_forward": "after_forward_bytes", "step_peak": "peak_bytes", "parameters": "parameters"}
    return [(key, figures[key], rank[answered.get(key, f"{key.removesuffix('_bytes')}_bytes")])
            for key in STAGE if figures.get(key) is not None]  # fmt: skip


def judge_states(config, words):
    """The same of what an optimizer holds."""
    options = dict(word.split("=") for word in words)
    optimizer, master = options.pop("optimizer"), options.pop("master_weights", "no") == "yes"
    answered = answers.ask([*words, "timeline=none"], config)["state"]["conventions"][0]
    case = inputs.read([f"{key}={value}" for key, value in options.items()], config)
    torch.set_default_dtype(case.dtype)
    try:
        model = stacks.make(case).model
    finally:
        torch.set_default_dtype(torch.float32)
    figures = optimizers.measure_model(model, optimizer, master)
    return figures, [f"{name}: measured {m}, actmem {answered[name]}" for name, m in figures.items() if m != answered[name]]


def judge_plan(config, words):
    """The same of a policy by its lines; of a budget somewhere between the least plan and none."""
    if "checkpoint=budget" in words:
        words.remove("checkpoint=budget")
        some = plans.budgets(words, 7, config)
        words.append(some[len(" ".join(words)) % len(some)])
    record, report = plans.measure(" ".join(words), config)
    return record, plans.differences(record, report)


def judge(stack, config, words):
    """(what was measured, the lines that say where actmem differs)."""
    if stack == "states":
        return judge_states(config, words)
    if stack == "plans":
        return judge_plan(config, words)
    case = inputs.read(words, config)
    rank = case.model.get("rank")
    report = answers.ask([*(word for word in words if not word.startswith("rank=")), "timeline=none"], config)
    if rank is None:
        figures = step.measure(case)
        if torch_ranks.is_rank(case):
            figures = torch_ranks.as_kernels(figures)
        elif case.run["stack"] == "megatron-local" and case.model.get("cp", "1") != "1":
            figures |= dict.fromkeys(FLOPS)  # the flash kernel's stand-in attends to the rank's own tokens alone
        compared = answers.compare(figures, report)
        if has_sequence(stack, config and config["model_type"], case):
            return figures, [*unequal(compared), *answers.compare_allocations(step.allocations(case), answers.allocations(report))]
    else:
        last = int(case.model["pp"]) - 1
        stage = {0: "first", last: "last"}.get(int(rank), "middle")
        figures = torch_ranks.measure_stage(case, stage) if case.run["stack"] == "torch" else step.measure(case)
        compared = compare_rank(figures, report["ranks"][int(rank)])
    return figures, unequal(compared)


def unequal(compared):
    return [f"{name}: measured {m}, actmem {a}" for name, m, a in compared if m != a]


def has_sequence(stack, family, case):
    """Is a case's step compared allocation by allocation? Ranks are measured in another way, of BLOOM's own GELU actmem knows what its backward
    holds at most, and of Liger's head in fp32 the first of its chunks' alike products."""
    chunks = stack == "liger" and case.run["dtype"] == "fp32" and case.run["loss"] in (None, "fused")
    return stack in ("hf", "liger", "torch", "nanogpt") and family != "bloom" and not chunks


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=40, help="cases to compare")
    parser.add_argument("--seed", default="1", help="any text; another one draws other cases")
    parser.add_argument("--only", default="", help="families, by model_type")
    parser.add_argument("--stacks", default="", help=f"of {', '.join(draw.STACKS)}")
    parser.add_argument("--write", help="append what was measured to this file")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    families = options.only.split(",") if options.only else list(draw.FAMILIES)
    stacks = options.stacks.split(",") if options.stacks else ["hf"] if options.only else list(draw.STACKS)
    compared, wrong, drawn = 0, 0, 0
    refused, failed = collections.Counter(), []
    while compared < options.count and drawn < 40 * options.count:
        seed = f"{options.seed}:{drawn}"
        drawn += 1
        stack, config, words = draw.draw(seed, families, stacks)
        what = config["model_type"] if config else words[0]
        title = f"{seed} {what} {' '.join(words if config else words[1:])}"
        try:
            figures, differences = judge(stack, config, words)
        except answers.Refused as error:
            refused[f"{what}: {error}"] += 1
            continue
        except Exception as error:  # whatever transformers or peft has against a shape that actmem takes
            failed.append(f"{title}\n  {json.dumps(config)}\n  {type(error).__name__}: {str(error)[:300]}")
            continue
        compared += 1
        wrong += bool(differences)
        print(f"{'DIFFERENT' if differences else 'equal'}: {title}", flush=True)
        if differences:
            print(f"  {json.dumps(config)}")
            for line in differences:
                print(f"  {line}")
        if options.write:
            with open(options.write, "a") as file:
                file.write(json.dumps({"config": config, "words": words, **figures, "ledger": None}) + "\n")
    for line in failed:
        print(f"not measured: {line}")
    for line, count in refused.most_common():
        print(f"refused, {count} times: {line}")
    print(f"{compared} random cases, {compared - wrong} equal to the byte, {wrong} different; {len(failed)} not measured")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
