#!/usr/bin/env python3
"""Measures an operation alone, as lines of the table `measured` in tests/core/test_ops.c.

operation.py NAME EXPRESSION DTYPE:SHAPE …

EXPRESSION is Python with torch, F and the leaves a, b, c, …, which have these types and shapes; for each set of leaves that
require a gradient there is a line:

operation.py "pow" "torch.pow(a, 2)" fp32:2,3,4
"""
import argparse
import itertools
import re
import string
import sys

import torch
import torch.nn.functional as F

import inputs
import watch


class Loss(torch.autograd.Function):
    """Keeps its input, and makes a contiguous gradient of it."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.new_empty((), dtype=torch.float32)

    @staticmethod
    def backward(ctx, gradient):
        (x,) = ctx.saved_tensors
        return x.new_empty(x.shape)


def saves(root, leaves):
    """Every tensor that autograd keeps for the operation, with the bytes of its storage; 0 for a leaf's."""
    given = {watch.key_of(leaf) for leaf in leaves}
    found = set()
    for node in watch.nodes(root):
        name = re.sub(r"Backward\d*$", "", node.name())
        for attribute, tensor in watch.saved_by(node):
            found.add(f"{name}.{attribute}:{0 if watch.key_of(tensor) in given else tensor.untyped_storage().nbytes()}")
    return " ".join(sorted(found))


def measure(expression, shapes, trainable):
    """(saves, allocations); no allocations where nothing requires a gradient."""
    leaves = [torch.empty(shape, dtype=dtype) for dtype, shape in shapes]
    for leaf, flag in zip(leaves, trainable):
        if flag:
            leaf.requires_grad_()
            leaf.grad = torch.empty_like(leaf)
    trace = []
    memory = watch.Memory(trace)
    memory.ignore([*leaves, *(leaf.grad for leaf in leaves if leaf.grad is not None)])
    names = dict(zip(string.ascii_lowercase, leaves)) | {"torch": torch, "F": F}
    with memory:
        result = eval(expression, names)
        if not result.requires_grad:
            return "", None
        kept = saves(result.grad_fn, leaves)
        loss = Loss.apply(result)
        del result
        memory.enter_backward()
        loss.backward()
    return kept, " ".join(f"{phase}{size}@{live}" for phase, _, size, live in trace)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name")
    parser.add_argument("expression")
    parser.add_argument("leaves", nargs="+", metavar="DTYPE:SHAPE")
    options = parser.parse_args()
    shapes = []
    for leaf in options.leaves:
        dtype, _, shape = leaf.partition(":")
        if dtype not in inputs.DTYPES or not re.fullmatch(r"\d+(,\d+)*", shape):
            parser.error(f"{leaf} is no leaf: {', '.join(inputs.DTYPES)}, and a shape, as in fp32:2,3,4")
        shapes.append((inputs.DTYPES[dtype], [int(size) for size in shape.split(",")]))
    with torch.device("meta"):
        for trainable in itertools.product((True, False), repeat=len(shapes)):
            kept, allocated = measure(options.expression, shapes, trainable)
            flags = "".join("1" if flag else "0" for flag in trainable)
            print(f'    {{"{options.name}", "{flags}", "{kept}", {"NULL" if allocated is None else chr(34) + allocated + chr(34)}}},')
    return 0


if __name__ == "__main__":
    sys.exit(main())
