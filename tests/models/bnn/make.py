#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Networks without time, whose activations have one bit: of Brevitas, written as QONNX, and
of plain PyTorch. Expected is what the framework computes, which the package qonnx (or ONNX
Runtime) computes from the file as well. Nothing is trained.

See README.md in this folder."""

import importlib.util
import json
import pathlib
import warnings

import brevitas.nn as qnn
import numpy as np
import onnx
import onnxruntime
import torch
from brevitas.core.bit_width import BitWidthImplType
from brevitas.core.quant import QuantType
from brevitas.core.restrict_val import RestrictValueType
from brevitas.core.scaling import ScalingImplType
from brevitas.core.zero_point import ZeroZeroPoint
from brevitas.export import export_qonnx
from brevitas.inject import ExtendedInjector
from brevitas.inject.enum import FloatToIntImplType
from brevitas.quant.solver import ActQuantSolver, WeightQuantSolver
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.core.onnx_exec import execute_onnx
from qonnx.transformation.infer_shapes import InferShapes
from torch import nn

# ONNX Runtime, by which the package qonnx runs each node, knows no newer one.
onnx.IR_VERSION = 10

HERE = pathlib.Path(__file__).parent
spec = importlib.util.spec_from_file_location("exports", HERE.parent / "exports" / "make.py")
exports = importlib.util.module_from_spec(spec)
spec.loader.exec_module(exports)

SAMPLES, CLASSES = 50, 10


class Bipolar(ExtendedInjector):
    """±1 with a constant scale."""

    quant_type = QuantType.BINARY
    bit_width_impl_type = BitWidthImplType.CONST
    bit_width = 1
    scaling_impl_type = ScalingImplType.CONST
    restrict_scaling_type = RestrictValueType.FP
    zero_point_impl = ZeroZeroPoint
    float_to_int_impl_type = FloatToIntImplType.ROUND
    scaling_per_output_channel = False
    narrow_range = True
    signed = True


class Weight(Bipolar, WeightQuantSolver):
    scaling_const = 1.0


class Half(Bipolar, WeightQuantSolver):
    scaling_const = 0.5


class Act(Bipolar, ActQuantSolver):
    min_val, max_val = -1.0, 1.0


class Small(Bipolar, ActQuantSolver):
    min_val, max_val = -0.25, 0.25


def spread(norm, dyadic):
    """A norm as training leaves it, or of powers of 1/2, so that results are exact."""
    n = norm.num_features
    if dyadic:
        norm.eps = 0.0
        mean, var = torch.randint(-4, 5, (n,)).float(), torch.full((n,), 4.0)
        weight, bias = torch.randint(0, 2, (n,)) - 0.5, torch.randint(-2, 3, (n,)) / 4
    else:
        mean, var = torch.randn(n) * 8, torch.rand(n) * 60 + 4
        weight, bias = torch.randn(n), torch.randn(n) / 2
    norm.running_mean.copy_(mean)
    norm.running_var.copy_(var)
    with torch.no_grad():
        norm.weight.copy_(weight)
        norm.bias.copy_(bias)
    return norm


class Linear(qnn.QuantLinear):
    def __init__(self, i, o, quant=Weight):
        super().__init__(i, o, bias=False, weight_quant=quant)


class Dense(nn.Module):
    """Levels that are made ±1, layers of ±1 with batch norm, a norm at the end."""

    def __init__(self, sizes, act, dyadic, weight=Weight):
        super().__init__()
        pairs = list(zip(sizes, sizes[1:]))
        self.layers = nn.ModuleList(Linear(i, o, weight) for i, o in pairs)
        self.norms = nn.ModuleList(spread(nn.BatchNorm1d(o), dyadic) for _, o in pairs)
        self.acts = nn.ModuleList(act() for _ in pairs[1:])
        self.first = qnn.QuantIdentity(act_quant=Act)

    def forward(self, x):
        x = self.first(x.to(torch.float32) / 128 - 1)
        for i, layer in enumerate(self.layers):
            x = self.norms[i](layer(x))
            if i < len(self.acts):
                x = self.acts[i](x)
        return x


class Picture(nn.Module):
    """Convolutions of ±1; `padding` is that of the second."""

    def __init__(self, padding):
        super().__init__()
        conv = lambda i, o, p: qnn.QuantConv2d(i, o, 3, padding=p, bias=False, weight_quant=Weight)
        self.a, self.b = conv(1, 4, 0), conv(4, 4, padding)
        self.norm_a, self.norm_b = (spread(nn.BatchNorm2d(4), True) for _ in "ab")
        self.act_a, self.act_b = (qnn.QuantIdentity(act_quant=Act) for _ in "ab")
        self.pool = nn.MaxPool2d(2)
        self.head = Linear(16 if padding else 4, CLASSES)

    def forward(self, x):
        x = self.act_a(self.norm_a(self.a(x.to(torch.float32) / 4)))
        x = self.pool(self.act_b(self.norm_b(self.b(self.pool(x)))))
        return self.head(x.flatten(1))


class Plain(nn.Module):
    """The same in plain PyTorch: what fires where, and what a spike is."""

    def __init__(self, fires, threshold):
        super().__init__()
        self.a, self.b, self.c = nn.Linear(16, 8), nn.Linear(8, 8), nn.Linear(8, CLASSES)
        for layer in (self.a, self.b, self.c):
            with torch.no_grad():
                layer.weight.copy_(torch.where(layer.weight >= 0, 0.5, -0.5))
                layer.bias.copy_(torch.randint(-2, 3, layer.bias.shape) / 4)
        self.norm, self.act = spread(nn.BatchNorm1d(8), True), Fires(fires, threshold)

    def forward(self, x):
        x = self.act(self.norm(self.a(x.to(torch.float32) / 4)))
        return self.c(self.act(self.b(x)))


class Fires(nn.Module):
    def __init__(self, fires, threshold):
        super().__init__()
        self.fires = fires
        self.register_buffer("threshold", torch.as_tensor(threshold))

    def forward(self, x):
        return self.fires(x, self.threshold)


def signs(x, threshold):
    return torch.where(x >= threshold, 1.0, -1.0)


def steps(x, threshold):
    return (x > threshold).to(x.dtype)


EACH = [-0.5, 0.0, 0.25, -1.0, 0.5, 0.0, -0.25, 0.75]


def bipolar():
    return qnn.QuantIdentity(act_quant=Act)


def models():
    """Name, model, shape of an input, levels, by what it is run."""
    yield "bipolar_tfc", lambda: Dense([784, 64, 64, 64, CLASSES], bipolar, False), (784,), 256, "qonnx"
    yield "bipolar_small", lambda: Dense([16, 8, 8, CLASSES], bipolar, True), (16,), 256, "qonnx"
    yield "bipolar_scaled", lambda: Dense(
        [16, 8, 8, CLASSES], lambda: qnn.QuantIdentity(act_quant=Small), True, Half), (16,), 256, "qonnx"
    yield "bipolar_picture", lambda: Picture(0), (1, 10, 10), 8, "qonnx"
    yield "bipolar_padded", lambda: Picture(1), (1, 10, 10), 8, "qonnx"
    yield "signs", lambda: Plain(signs, 0.0), (16,), 8, "torch"
    yield "low", lambda: Plain(steps, -0.25), (16,), 8, "torch"
    yield "each", lambda: Plain(steps, EACH), (16,), 8, "torch"


def hidden(model, x):
    """The activations as `[sample][layer]` strings of 0 and 1, and the output."""
    taken = []

    def hook(_, __, out):
        out = out.value if hasattr(out, "value") else out
        taken.append((out > 0).flatten(1).int())

    kinds = (qnn.QuantIdentity, Fires)
    hooks = [m.register_forward_hook(hook) for m in model.modules() if isinstance(m, kinds)]
    with torch.no_grad():
        out = model(x)
    for h in hooks:
        h.remove()
    rows = zip(*(layer.tolist() for layer in taken))
    return [["".join(map(str, layer)) for layer in row] for row in rows], out.detach()


def ties(model, x):
    """Samples with an activation of a value that is exactly where it changes."""
    found = torch.zeros(len(x), dtype=torch.bool)

    def hook(module, args, _):
        limit = getattr(module, "threshold", torch.zeros(()))
        found.logical_or_((args[0] == limit).flatten(1).any(1))

    kinds = (qnn.QuantIdentity, Fires)
    hooks = [m.register_forward_hook(hook) for m in model.modules() if isinstance(m, kinds)]
    with torch.no_grad():
        model(x)
    for h in hooks:
        h.remove()
    return int(found.sum())


def run_qonnx(path, x):
    model = ModelWrapper(str(path)).transform(InferShapes())
    (given,), (out,) = model.graph.input, model.graph.output
    rows = [execute_onnx(model, {given.name: row[None].numpy()})[out.name] for row in x]
    return np.concatenate(rows)


def record(name, make, shape, levels, kind, seed):
    torch.manual_seed(seed)
    model = make().eval().requires_grad_(False)
    numbers = np.random.default_rng(seed).integers(0, levels, (SAMPLES, *shape))
    x = torch.from_numpy(numbers).to(torch.uint8)
    on = ties(model, x)
    if name != "bipolar_tfc" and on < SAMPLES // 3:
        return None
    fired, out = hidden(model, x)
    files = []
    if kind == "qonnx":
        path = HERE / f"{name}.onnx"
        export_qonnx(model, args=(x[:1],), export_path=str(path), opset_version=13, dynamo=False)
        got = run_qonnx(path, x)
        files.append(path.name)
    else:
        for exporter, opset in exports.BOTH:
            path = HERE / f"{name}_{exporter}.onnx"
            exports.export(model, x[:2], path, exporter, opset, None, False)
            session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
            got = session.run(None, {"x": x.numpy()})[0]
            files.append(path.name)
    exact = name != "bipolar_tfc"
    assert np.array_equal(got, out.numpy()) if exact else np.allclose(got, out.numpy(), atol=1e-4), name
    hexes = [row.tobytes().hex() for row in numbers.reshape(SAMPLES, -1).astype(np.uint8)]
    return {"files": files, "on_threshold": on, "input": hexes, "hidden": fired, "logits": out.tolist()}


def main():
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    expected = {}
    for name, *rest in models():
        tries = (record(name, *rest, seed) for seed in range(7, 60))
        expected[name] = next(entry for entry in tries if entry)
        print(name, expected[name]["on_threshold"])
    lines = (f"{json.dumps(k)}: {json.dumps(v, separators=(',', ':'))}" for k, v in expected.items())
    (HERE / "expected.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
