#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Operators as PyTorch computes them, with random parameters.

With the packages of ../student/requirements.txt:

    python tests/models/ops/make.py

Writes expected.json: for each case the operator and its attributes as the graph language
has them (docs/ir.md), and the shapes of input and output; and for each case the outputs
for 100 inputs, which tests/ops_torch.rs generates, too.
"""

import json
import pathlib
import sys

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

OUT = pathlib.Path(__file__).parent
sys.path.insert(0, str(OUT.parent))
from levels import levels  # noqa: E402

torch.manual_seed(1)
cases = []


def numbers(t):
    return [round(float(v), 9) for v in t.detach().flatten()]


def exact(*shape):
    """Random numbers of few digits, so that the file says exactly what PyTorch was given."""
    return (torch.randn(*shape) * 256).round() / 256


def case(name, op, attributes, shape, f):
    """`f` takes a batch. Its inputs have few digits, -2 to 2, so that single precision holds them."""
    x = levels(int(np.prod(shape)), 8, 100, 1).view(np.int8).astype(np.float32) / 64
    with torch.no_grad():
        y = f(torch.from_numpy(x.reshape(-1, *shape)))
    np.save(OUT / f"{name.replace(' ', '_')}.npy", y.numpy())
    cases.append({"name": name, "op": op, "attributes": attributes, "shape": shape, "out_shape": list(y.shape[1:])})


def window(kernel, stride, padding, dilation):
    return {"kernel": kernel, "stride": stride, "padding": padding, "dilation": dilation}


def conv(name, shape, outputs, kernel, stride, padding, dilation, groups=1, bias=True):
    """`padding` is [before, after] for each dimension."""
    w = exact(outputs, shape[0] // groups, *kernel)
    b = exact(outputs) if bias else None
    f = F.conv1d if len(kernel) == 1 else F.conv2d
    # F.pad begins with the last dimension.
    sides = [p for pair in reversed(padding) for p in pair]
    if all(a == b for a, b in padding):
        run = lambda x: f(x, w, b, stride, [p[0] for p in padding], dilation, groups)
    else:
        run = lambda x: f(F.pad(x, sides), w, b, stride, 0, dilation, groups)
    attributes = {
        "weights": {"real": {"rows": outputs, "values": numbers(w)}},
        "bias": None if b is None else numbers(b),
        "window": window(kernel, stride, padding, dilation),
        "groups": groups,
    }
    case(name, "conv", attributes, shape, run)


def pool(name, kind, shape, kernel, stride, padding, dilation=None):
    dims = len(kernel)
    dilation = dilation or [1] * dims
    symmetric = [p[0] for p in padding]
    assert all(a == b for a, b in padding)
    if kind == "max":
        f = F.max_pool1d if dims == 1 else F.max_pool2d
        run = lambda x: f(x, kernel, stride, symmetric, dilation)
    else:
        f = F.avg_pool1d if dims == 1 else F.avg_pool2d
        run = lambda x: f(x, kernel, stride, symmetric, count_include_pad=kind == "average")
    case(name, "pool", {"kind": kind, "window": window(kernel, stride, padding, dilation)}, shape, run)


def batch_norm(name, shape):
    n = shape[0]
    bn = [nn.BatchNorm1d, nn.BatchNorm1d, nn.BatchNorm2d][len(shape) - 1](n).eval()
    bn.weight.data, bn.bias.data = exact(n), exact(n)
    bn.running_mean.data, bn.running_var.data = exact(n), exact(n).abs() + 1 / 8
    attributes = {
        "gamma": numbers(bn.weight),
        "beta": numbers(bn.bias),
        "mean": numbers(bn.running_mean),
        "var": numbers(bn.running_var),
        "eps": bn.eps,
    }
    case(name, "batch-norm", attributes, shape, bn)


conv("conv2d", [3, 6, 7], 4, [3, 3], [1, 1], [[1, 1], [1, 1]], [1, 1])
conv("conv2d stride", [2, 7, 8], 3, [3, 2], [2, 3], [[0, 0], [1, 1]], [1, 1])
conv("conv2d dilation", [2, 9, 8], 3, [3, 2], [1, 2], [[2, 2], [1, 1]], [2, 3])
conv("conv2d groups", [4, 5, 5], 6, [3, 3], [1, 1], [[1, 1], [1, 1]], [1, 1], groups=2)
conv("conv2d depthwise", [4, 5, 6], 4, [3, 3], [2, 2], [[1, 1], [1, 1]], [1, 1], groups=4)
conv("conv2d pointwise", [5, 4, 4], 3, [1, 1], [1, 1], [[0, 0], [0, 0]], [1, 1], bias=False)
conv("conv2d uneven padding", [2, 5, 5], 3, [2, 4], [1, 1], [[0, 1], [1, 2]], [1, 1])
conv("conv1d", [3, 12], 4, [5], [2], [[2, 2]], [1])
conv("conv1d dilation and groups", [4, 15], 6, [3], [1], [[4, 4]], [4], groups=2, bias=False)
pool("average", "average", [2, 6, 7], [2, 3], [2, 2], [[0, 0], [0, 0]])
pool("average with padding", "average", [2, 6, 7], [3, 3], [2, 2], [[1, 1], [1, 1]])
pool("average inside", "average-inside", [2, 6, 7], [3, 3], [2, 2], [[1, 1], [1, 1]])
pool("average 1-d", "average", [3, 10], [4], [3], [[2, 2]])
pool("average inside 1-d", "average-inside", [3, 10], [4], [3], [[2, 2]])
pool("max", "max", [2, 6, 6], [2, 2], [2, 2], [[0, 0], [0, 0]])
pool("max with padding", "max", [2, 7, 6], [3, 3], [2, 2], [[1, 1], [1, 1]])
pool("max with dilation", "max", [2, 9, 8], [3, 2], [1, 2], [[1, 1], [1, 1]], [2, 3])
pool("max 1-d", "max", [3, 11], [4], [2], [[2, 2]])
batch_norm("batch norm 2-d", [4, 3, 5])
batch_norm("batch norm 1-d", [4, 6])
batch_norm("batch norm of a vector", [7])

text = ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases)
(OUT / "expected.json").write_text(f'{{"torch":"{torch.__version__.split("+")[0]}","cases":[\n{text}\n]}}\n')
