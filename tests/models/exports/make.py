#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Small networks of many shapes, as PyTorch's exporters write them: inputs that change over
time, SpikingJelly's convolutional networks, borders, normalised inputs, and neurons in
spellings of their own. Outputs of ONNX Runtime for 20 inputs each. Nothing is trained.

See README.md in this folder."""

import argparse
import copy
import importlib.util
import json
import pathlib
import warnings

import numpy as np
import onnx
import onnxruntime
import snntorch
import torch
from spikingjelly.activation_based import functional, layer, neuron
from torch import nn
from torch.nn import functional as F

HERE = pathlib.Path(__file__).parent
spec = importlib.util.spec_from_file_location("conv", HERE.parent / "conv" / "make.py")
conv = importlib.util.module_from_spec(spec)
spec.loader.exec_module(conv)

SAMPLES, STEPS, CLASSES = 20, 4, 3
BOTH = (("legacy", 17), ("dynamo", 20))
DYNAMO = (("dynamo", 20),)


def linear(i, o):
    fc = conv.Linear(i, o)
    nn.init.uniform_(fc.weight, -6 / i**0.5, 6 / i**0.5)
    return fc


class Loop(nn.Module):
    """`cell(x, v, s) -> s, v` between two layers; the input has time in dimension `time`."""

    def __init__(self, cell, time=None, prepare=lambda x: x / 16, inputs=6, joined=None):
        super().__init__()
        self.a, self.b, self.c = linear(inputs, 8), linear(8, CLASSES), linear(inputs, 8)
        self.cell, self.time, self.prepare, self.joined = cell, time, prepare, joined
        self.dtype = torch.float32

    def forward(self, x):
        x = self.prepare(x.to(self.dtype))
        v = s = w = r = 0.0
        out = []
        for t in range(STEPS if self.time is None else x.shape[self.time]):
            now = x if self.time is None else x.select(self.time, t)
            s, v = self.cell(self.a(now), v, s)
            joined = s
            if self.joined is not None:
                r, w = self.cell(self.c(now), w, r)
                joined = self.joined(s, r)
            out.append(self.b(joined))
        return torch.stack(out).sum(0)


def at_least(u, threshold=1.0):
    return (u >= threshold).to(u.dtype)


def plain(x, v, s):
    u = 0.75 * v + x
    s = at_least(u)
    return s, u - s


def current(x, v, s):
    u = 0.75 * v + x + 0.125
    s = at_least(u)
    return s, u - s


def leaves(x, v, s):
    u = 0.75 * v + x
    return at_least(u), torch.where(u >= 1.0, -0.25, u)


def shared(x, v, s):
    u = 0.75 * v + 0.5 * x
    s = at_least(u)
    return s, u - s


def scaled(x, v, s):
    u = 0.75 * v + x
    s = 0.5 * at_least(u, 0.5)
    return s, u - s


def quotient(x, v, s):
    u = 0.75 * v + x
    s = (u / 0.5 - 1 > 0).to(u.dtype)
    return s, u - 0.5 * s


def step(x, v, s):
    u = 0.75 * v + x
    s = torch.heaviside(u - 1.0, torch.ones((), dtype=u.dtype))
    return s, u - s


class Image(conv.Net):
    """Layers on a 2×7×8 image at every timestep."""

    def __init__(self, *body, size):
        super().__init__(conv.Chain(*body, nn.Flatten(), linear(size, CLASSES)), "sum")

    def forward(self, x):
        return super().forward(x.to(torch.float32) * 16)  # it divides by 255


class Border(nn.Module):
    def __init__(self, *pads, value=0.0):
        super().__init__()
        self.pads, self.value = pads, value

    def forward(self, x):
        return F.pad(x, self.pads, value=self.value)


class Convolution(conv.Binary, layer.Conv2d):
    def __init__(self, i, o):
        super().__init__(i, o, 3, padding=1, bias=False)
        nn.init.uniform_(self.weight, -1.5, 1.5)

    def forward(self, x):
        w = self.binary()
        return functional.seq_to_ann_forward(x, lambda y: F.conv2d(y, w, padding=1))


def norm(channels):
    bn = layer.BatchNorm2d(channels)
    bn.load_state_dict(conv.norm(channels).state_dict())
    return bn


class Block(nn.Module):
    """Spikes and the spikes that follow from them, added."""

    def __init__(self, channels):
        super().__init__()
        self.body = nn.Sequential(Convolution(channels, channels), norm(channels), lif())

    def forward(self, x):
        return x + self.body(x)


class Multi(nn.Module):
    """SpikingJelly's layers on all timesteps at once."""

    def __init__(self, *body, time=None):
        super().__init__()
        self.body, self.time, self.dtype = nn.Sequential(*body), time, torch.float32
        functional.set_step_mode(self, "m")

    def forward(self, x):
        functional.reset_net(self)
        x = x.to(self.dtype) / 16
        if self.time is None:
            x = x.unsqueeze(0).repeat(STEPS, 1, 1, 1, 1)
        return self.body(x).mean(0)


def lif(**more):
    return neuron.LIFNode(**{"tau": 2.0, "v_threshold": 0.5, **more})


def multi(pool, make=lif):
    return (Convolution(2, 3), norm(3), make(), pool(), Convolution(3, 4), norm(4), make(),
            layer.Flatten(), linear(48, CLASSES))


def models():
    """Name, model, shape of an input, what else differs from the usual."""
    flat, picture = (6,), (2, 7, 8)
    for name, cell in (("current", current), ("leaves", leaves), ("shared", shared), ("scaled", scaled),
                       ("quotient", quotient)):
        yield name, lambda cell=cell: Loop(cell), flat, {}
    yield "heaviside", lambda: Loop(step), flat, {"exporters": DYNAMO}
    yield "old-at-least", lambda: Loop(plain), flat, {"exporters": (("legacy", 11),)}
    yield "difference", lambda: Loop(plain, joined=lambda s, r: s - r), flat, {}
    yield "normalised", lambda: Loop(plain, prepare=lambda x: (x / 16 - 0.5) / 0.25), flat, {}
    yield "wide-integers", lambda: Loop(plain), flat, {"type": torch.int64, "options": {"input_bits": 4}}
    yield "time-first", lambda: Loop(plain, time=0), flat, {"time": 0}
    yield "batch-first", lambda: Loop(plain, time=1), flat, {"time": 1}
    yield "one-sample", lambda: Loop(plain, time=0), flat, {"time": 0, "fixed": True}
    yield "border", lambda: Image(
        Border(1, 0, 2, 1), conv.Conv(2, 3, 3, gain=1.5), conv.lif(), Border(0, 1, 1, 0), nn.MaxPool2d(2), size=48), picture, {}
    yield "border-mean", lambda: Image(
        conv.Conv(2, 3, 3, padding="same", gain=1.5), conv.lif(), Border(0, 1, 1, 0), nn.AvgPool2d(2), size=48), picture, {}
    yield "flatten", lambda: Image(
        conv.Conv(2, 3, 3, gain=1.5), conv.norm(3), conv.lif(), nn.Flatten(2), size=90), picture, {}
    for how in ("float", "int8"):
        yield f"weights-{how}", lambda: Image(
            nn.Conv2d(2, 3, 3), conv.lif(threshold=0.25), size=90), picture, {
                "options": {"weights": how}, "steps": 16 if how == "int8" else None}
    for name, body in (
        ("multi-max", lambda: multi(lambda: layer.MaxPool2d(2))),
        ("multi-mean", lambda: multi(lambda: layer.AvgPool2d(2), neuron.IFNode)),
        ("multi-leaves", lambda: multi(lambda: layer.MaxPool2d(2), lambda: lif(v_reset=-0.25))),
        ("multi-block", lambda: (Convolution(2, 3), lif(), Block(3), layer.AdaptiveAvgPool2d(1),
                                 layer.Flatten(), linear(3, CLASSES))),
    ):
        yield name, lambda body=body: Multi(*body()), (2, 6, 8), {"exporters": DYNAMO}
    yield "multi-time", lambda: Multi(*multi(lambda: layer.MaxPool2d(2)), time=0), (2, 6, 8), {
        "exporters": DYNAMO, "time": 0}


def on_grid(model, steps):
    """Weights that integers hold exactly."""
    for layer in model.modules():
        if type(layer) is nn.Conv2d:
            w = layer.weight.data
            top = w.abs().amax((1, 2, 3), keepdim=True)
            w.copy_((w / top * steps).round() / steps * 0.5)


def export(model, x, path, exporter, opset, time, fixed):
    axis = 1 if time == 0 else 0
    options = {"input_names": ["x"], "output_names": ["logits"], "opset_version": opset}
    if exporter == "legacy":
        options |= {"dynamo": False, "dynamic_axes": None if fixed else {"x": {axis: "batch"}}}
    else:
        options |= {"dynamo": True, "external_data": False, "verbose": False}
        options["dynamic_shapes"] = None if fixed else ({axis: torch.export.Dim("batch")},)
    torch.onnx.export(model, (x,), str(path), **options)
    proto = onnx.load(path)
    del proto.graph.value_info[:]
    kept = ("pkg.torch.onnx.name_scopes", "pkg.onnxscript.rewriter.rule_name")
    for item in (*proto.graph.node, *proto.graph.input, *proto.graph.output):
        notes = [n for n in item.metadata_props if n.key in kept]
        del item.metadata_props[:]
        item.metadata_props.extend(notes)
        item.doc_string = ""
    onnx.save(proto, path)


def record(name, make, shape, seed, type=torch.uint8, time=None, fixed=False, steps=None,
           exporters=BOTH, options=None):
    """The entry of expected.json; none if single and double precision disagree."""
    torch.manual_seed(seed)
    model = make().eval()
    if steps:
        on_grid(model, steps)
    rng = np.random.default_rng(seed)
    full = (SAMPLES, *shape) if time is None else (SAMPLES, STEPS, *shape)
    levels = rng.integers(0, 16, full)
    x = torch.from_numpy(levels).to(type)
    if time == 0:
        x = x.transpose(0, 1).contiguous()
    axis = 1 if time == 0 else 0
    one = slice(0, 1) if fixed else slice(0, 2)
    with torch.no_grad():
        exact = copy.deepcopy(model).double()
        exact.dtype = torch.float64
        want = exact(x).numpy()
        names = []
        for exporter, opset in exporters:
            path = HERE / f"{name}_{exporter}.onnx"
            export(model, x[one] if axis == 0 else x[:, one], path, exporter, opset, time, fixed)
            session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
            parts = x.split(1, axis) if fixed else (x,)
            got = np.concatenate([session.run(None, {"x": p.numpy()})[0] for p in parts])
            if np.abs(got - want).max() > 1e-5:
                return None
            names.append(exporter)
    flat = levels.reshape(SAMPLES, -1) if time is None else levels.reshape(SAMPLES, STEPS, -1)
    return {"exporters": names, "options": options or {}, "input": flat.tolist(),
            "logits": np.round(got.astype(float), 7).tolist()}


def main():
    args = argparse.ArgumentParser(description=__doc__)
    args.add_argument("names", nargs="*", help="only these models")
    names = args.parse_args().names
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    file = HERE / "expected.json"
    expected = json.loads(file.read_text()) if names else {}
    for name, make, shape, more in models():
        if names and name not in names:
            continue
        tries = (record(name, make, shape, seed, **more) for seed in range(7, 60))
        expected[name] = next(entry for entry in tries if entry)
        print(name)
    lines = (f"{json.dumps(k)}: {json.dumps(v, separators=(',', ':'))}" for k, v in expected.items())
    file.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
