#!/usr/bin/env python3
"""Measures a new case and puts it at the end of a fixture.

record.py FILE NAME [--config config.json] key=value …

FILE is cases (every figure and the ledger's rows), unseen, loss, liger or allocator (figures alone, for small shapes),
parallel (one rank), stages (one stage: rank=R, and of stack=torch stage=first, middle or last beside the inputs),
pipeline (NAME is a schedule; p=ranks n=micro_batches v=chunks) or allocations (the sequence of allocations, for very small
shapes). The keys are actmem's inputs. The config.json of a case is copied to tests/fixtures/configs under its own name; for
the others a model is given by keys.
"""
import argparse
import json
import pathlib
import sys
import warnings

import fixtures
import inputs
import models
import step

ATTENTION = {"sdpa": "flash", "efficient": "efficient", "eager": "eager", "flash": "flash-attn"}
TRAINABLE = {"none": "frozen"}
STEP = "saved_bytes live_after_forward forward_peak backward_peak step_peak".split()
FIGURES = ["parameters", *STEP, "gradient_bytes", "forward_flops"]
WANTED = {
    "unseen": [*FIGURES, "recomputed_flops"],
    "loss": FIGURES,
    "liger": FIGURES,
    "allocator": STEP,
    "parallel": [],  # its measurer knows
    "allocations": ["allocations"],
}


def checkpoint_name(case):
    """A policy as the records of cases.json call it."""
    if not case.checkpointed:
        return None
    if case.policy[0] == "full":
        return "reentrant" if case.reentrant else "nonreentrant"
    return case.run["checkpoint"].replace(":", "-")


def definition(name, case):
    """What a record of cases.json says of its case."""
    run = case.run
    stack_hf = run["stack"] == "hf"
    record = {"name": name, "stack": run["stack"], "source": None}
    if stack_hf:
        record["config_class"] = type(models.transformers_config(case.config)).__name__
    record |= {
        "config": case.config if stack_hf else case.model,
        "batch": case.batch,
        "seq": case.seq,
        "dtype": str(case.dtype).removeprefix("torch."),
        "autocast": case.autocast is not None,
        "checkpoint": checkpoint_name(case),
        "attention": ATTENTION[run["attention"]],
        "trainable": TRAINABLE.get(run["trainable"], run["trainable"]),
    }
    if run["trainable"] == "lora":
        targets = run["lora_targets"]
        if targets not in ("auto", "all-linear"):
            targets = [f"{target}_proj" for target in targets.split(",")]
        fp32 = run["lora_dtype"] == "fp32"
        record["lora"] = {"r": int(run["lora_rank"]), "targets": targets, "dropout": float(run["lora_dropout"]), "fp32": fp32}
    return record


def add_case(name, config, words):
    case = inputs.read(words, config)
    text = " ".join(words)
    arguments = {"name": name, "config": pathlib.Path(config).name if config else None, "arguments": text}
    if config:
        copy = fixtures.FOLDER / "configs" / arguments["config"]
        if copy.exists() and json.loads(copy.read_text()) != case.config:
            raise inputs.BadInput(f"{copy.name} is there already, with another model")
        copy.write_text(json.dumps(case.config, indent=1))
    record = fixtures.measure_record(definition(name, case), case)
    fixtures.store("arguments", [*fixtures.load("arguments"), arguments])
    return record


def stage_record(name, words):
    """Of stages.json: rank and stage are no inputs of actmem's."""
    pairs = dict(word.split("=", 1) for word in words)
    record = {"name": name, "rank": int(pairs.pop("rank", "0"))}
    if "stage" in pairs:
        record["case"] = {"stage": pairs.pop("stage")}
    return record | {"text": " ".join(f"{key}={value}" for key, value in pairs.items())}


def schedule_record(name, words):
    """Of pipeline.json."""
    pairs = dict(word.split("=", 1) for word in words)
    if set(pairs) != {"p", "n", "v"}:
        raise inputs.BadInput("a schedule is asked for with p=ranks n=micro_batches v=chunks of a rank")
    return {"schedule": name} | {key: int(pairs[key]) for key in "pnv"}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", choices=("cases", "stages", "pipeline", *WANTED))
    parser.add_argument("name")
    parser.add_argument("--config")
    parser.add_argument("inputs", nargs="+", metavar="key=value")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    records = fixtures.load(options.file)
    try:
        if options.file == "cases":
            record = add_case(options.name, options.config, options.inputs)
        elif options.config:
            parser.error("--config is for cases")
        elif options.file == "stages":
            record = fixtures.measure_stage(stage_record(options.name, options.inputs))
        elif options.file == "pipeline":
            record = fixtures.MEASURERS["pipeline"](schedule_record(options.name, options.inputs))
        else:
            record = {"name": options.name, "text": " ".join(options.inputs), **dict.fromkeys(WANTED[options.file])}
            record = fixtures.MEASURERS[options.file](record)
    except (inputs.BadInput, step.Disagreement) as error:
        print(error, file=sys.stderr)
        return 2
    title = fixtures.name_of(record)
    if any(fixtures.name_of(other) == title for other in records):
        parser.error(f"{options.file}.json has a case '{title}'")
    fixtures.store(options.file, [*records, record])
    return 0


if __name__ == "__main__":
    sys.exit(main())
