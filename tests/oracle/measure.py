#!/usr/bin/env python3
"""Measures one step and prints it beside build/actmem's answer.

measure.py [--config config.json] [--rows] key=value …

The keys are actmem's: `measure.py --config config.json batch=2 seq=128 attention=sdpa checkpoint=full`, or without a
config.json `measure.py family=llama layers=2 hidden=64 heads=4 ffn=96 vocab=128 seq=64`, or `model=gpt2 seq=64`.
"""
import argparse
import sys
import warnings

import answers
import inputs
import step


def print_ledger(ledger):
    print(f"\n{'bytes':>15}  {'dtype':9} shape, module, savers")
    for row in ledger:
        print(f"{row['bytes']:>15,}  {row['dtype']:9} {row['shape']} {row['module'] or '(model)'}"
              f"{' (input)' if row['input'] else ''} {', '.join(row['saved_by'])}")  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", help="a Hugging Face config.json")
    parser.add_argument("--rows", action="store_true", help="print every storage that autograd keeps")
    parser.add_argument("inputs", nargs="*", metavar="key=value", help="actmem's inputs")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    try:
        figures = step.measure(inputs.read(options.inputs, options.config, answers.preset))
    except (inputs.BadInput, step.Disagreement, answers.Refused) as error:
        print(error, file=sys.stderr)
        return 2
    try:
        report = answers.ask(options.inputs, options.config)
    except answers.Refused as error:
        print(f"actmem refuses: {error}\n")
        for name, value in figures.items():
            if isinstance(value, int):
                print(f"{name:20} {value:>22,}")
        return 1
    wrong = 0
    print(f"{figures['source']}\n\n{'':20} {'measured':>22} {'actmem':>22}")
    for name, measured, answered in answers.compare(figures, report):
        wrong += measured != answered
        numbers = [f"{value:,}" if isinstance(value, int) else str(value) for value in (measured, answered)]
        mark = "" if measured == answered else "  DIFFERENT"
        print(f"{name:20} {numbers[0]:>22} {numbers[1]:>22}{mark}")
    if options.rows and figures["ledger"] is not None:
        print_ledger(figures["ledger"])
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
