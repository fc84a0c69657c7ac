#!/usr/bin/env python3
"""Measures plans: the lines that actmem prints for a policy, applied to the model, must do what its report says.

plans.py [--budgets N] [--write] key=value …

The keys are actmem's inputs. Without a policy N budgets are asked for, evenly between the smallest plan that there is and
the one without checkpointing. Prints what differs; ends with status 1 if anything does. --write appends what was measured
to tests/fixtures/plans.json.
"""
import argparse
import dataclasses
import json
import pathlib
import re
import sys
import warnings

import answers
import inputs
import step

PLANS = pathlib.Path(__file__).resolve().parent.parent / "fixtures/plans.json"
FRAMEWORKS = "transformers", "torch.utils.checkpoint"  # of which lines are run
FIGURES = "live_after_forward forward_peak backward_peak step_peak recomputed_flops".split()


def measure(text, config=None):
    """A record: the inputs, the lines that actmem has for them, and the figures with these applied. config: as answers.ask takes it."""
    report = answers.ask([text, "timeline=none"], config)
    found = [entry for entry in report["checkpoint"]["lines"] if entry["framework"] in FRAMEWORKS]
    lines = found[0]["text"] if found else ""
    case = dataclasses.replace(inputs.read([text], config, answers.preset), lines=lines if found else None)
    if not found:  # nothing is checkpointed: the code as it is
        case.run["checkpoint"] = "none"
    figures = step.measure(case)
    return {"text": text, "lines": lines} | {key: figures[key] or 0 for key in FIGURES}, report


def measure_record(record):
    """Of tests/fixtures/plans.json."""
    return {"name": record["name"], **measure(record["text"])[0]}


def differences(figures, report):
    step_of, again = report["step"], report["checkpoint"]["recomputed_flops"]
    names = "after_forward_bytes forward_peak_bytes backward_peak_bytes peak_bytes".split()
    answered = [*(step_of[name] for name in names), again]
    return [f"{key}: measured {figures[key]}, actmem {a}" for key, a in zip(FIGURES, answered) if figures[key] != a]


def budgets(words, count, config=None):
    """The policies of so many budgets."""
    try:
        answers.ask([*words, "checkpoint=budget:1B"], config)
    except answers.Refused as error:
        found = re.search(r"peaks at ([\d,]+)", str(error))
        if not found:
            raise
        least = int(found[1].replace(",", ""))
    whole = answers.ask([*words, "checkpoint=none", "timeline=none"], config)["step"]
    most = max(whole["forward_peak_bytes"], whole["backward_peak_bytes"])
    return [f"checkpoint=budget:{least + (most - least) * i // max(count - 1, 1)}" for i in range(count)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("words", nargs="+", metavar="key=value")
    parser.add_argument("--budgets", type=int, default=6)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    given = any(word.startswith("checkpoint=") for word in options.words)
    records, wrong = [], 0
    for policy in [""] if given else budgets(options.words, options.budgets):
        text = " ".join([*options.words, policy]).strip()
        figures, report = measure(text)
        found = differences(figures, report)
        wrong += bool(found)
        print(f"{'DIFFERENT' if found else 'equal'}: {text}", *found, sep="\n  ", flush=True)
        records.append({"name": text, **figures})
    if options.write:
        before = json.loads(PLANS.read_text()) if PLANS.exists() else []
        lines = ",\n".join(json.dumps(record, separators=(",", ":")) for record in [*before, *records])
        PLANS.write_text(f"[\n{lines}\n]\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
