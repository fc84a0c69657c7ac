#!/usr/bin/env python3
"""Draws random configurations, measures them, and compares every figure with build/actmem's.

random_cases.py [--count N] [--seed TEXT] [--only FAMILY,FAMILY] [--write FILE]

What actmem refuses is drawn anew and counted. Ends with status 1 if any figure differs. --write appends each measured
case to a file, one JSON line each: its config, its words and its figures.
"""
import argparse
import collections
import json
import sys
import warnings

import answers
import draw
import inputs
import step


def judge(config, words):
    """(what was measured, the lines that say where actmem differs)."""
    report = answers.ask([*words, "timeline=none"], config)
    figures = step.measure(inputs.read(words, config))
    compared = answers.compare(figures, report)
    return figures, [f"{name}: measured {m}, actmem {a}" for name, m, a in compared if m != a]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=40, help="cases to compare")
    parser.add_argument("--seed", default="1", help="any text; another one draws other cases")
    parser.add_argument("--only", default="", help="families, by model_type")
    parser.add_argument("--write", help="append what was measured to this file")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    families = options.only.split(",") if options.only else list(draw.FAMILIES)
    compared, wrong, drawn = 0, 0, 0
    refused, failed = collections.Counter(), []
    while compared < options.count and drawn < 40 * options.count:
        seed = f"{options.seed}:{drawn}"
        drawn += 1
        config, words = draw.draw(seed, families)
        title = f"{seed} {config['model_type']} {' '.join(words)}"
        try:
            figures, differences = judge(config, words)
        except answers.Refused as error:
            refused[f"{config['model_type']}: {error}"] += 1
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
