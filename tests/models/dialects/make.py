#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Small spiking networks in the ways people write them, exported by both PyTorch
exporters, with ONNX Runtime's outputs for a few inputs. Nothing is trained.

See README.md in this folder."""

import argparse
import json
import pathlib
import warnings

import numpy as np
import onnx
import onnxruntime
import snntorch
import torch
from torch import nn
from torch.nn import functional as F

INPUTS, HIDDEN, CLASSES, STEPS = 12, 8, 3, 3


class BinaryLinear(nn.Linear):
    def __init__(self, i, o, bias=False, how="where"):
        super().__init__(i, o, bias=bias)
        nn.init.uniform_(self.weight, -2, 2)  # enough for about half the neurons to fire
        self.how = how

    def forward(self, x):
        alpha = self.weight.abs().mean(dim=1, keepdim=True)
        if self.how == "where":
            w = torch.where(self.weight >= 0, 1.0, -1.0) * alpha
        elif self.how == "sign":
            w = torch.sign(self.weight) * alpha
        elif self.how == "layer":
            w = torch.sign(self.weight) * self.weight.abs().mean()
        else:
            w = self.weight
        return F.linear(x, w, self.bias)


class Cell(nn.Module):
    """The neuron as the papers write it, or with `torch.where`."""

    def __init__(self, how, beta=0.25, threshold=1.0, tau=2.0):
        super().__init__()
        self.how, self.beta, self.threshold, self.tau = how, beta, threshold, tau

    def forward(self, x, v):
        if self.how == "soft":
            u = self.beta * v + x
            s = (u >= self.threshold).float()
            return s, u - self.threshold * s
        if self.how == "hard":
            u = self.beta * v + x
            s = (u >= self.threshold).float()
            return s, u * (1 - s)
        if self.how == "where":
            u = self.beta * v + x
            fires = u > self.threshold
            return torch.where(fires, 1.0, 0.0), torch.where(fires, torch.zeros_like(u), u)
        if self.how == "decay-input":
            u = v + (x - v) / self.tau
            s = ((u - self.threshold) >= 0).to(u)
            return s, (1.0 - s) * u + s * 0.0
        if self.how == "less":
            u = x + v - v * (1 - self.beta)
            s = (self.threshold < u).float()
            return s, u - s * self.threshold
        raise ValueError(self.how)


class Net(nn.Module):
    def __init__(self, bias=False, bn=True, how="where", readout="stack", hidden=1,
                 steps=STEPS, last_lif=False, flatten=False, cell=None, init_hidden=False, zero=False, **lif):
        super().__init__()
        lif = {"beta": 0.5, "threshold": 1.0, **lif}
        sizes = [INPUTS] + [HIDDEN] * hidden
        self.fcs = nn.ModuleList(BinaryLinear(i, o, bias, how) for i, o in zip(sizes, sizes[1:]))
        self.bns = nn.ModuleList(nn.BatchNorm1d(o) if bn else nn.Identity() for o in sizes[1:])
        self.lifs = nn.ModuleList(snntorch.Leaky(init_hidden=init_hidden, **lif) for _ in sizes[1:])
        if cell:
            self.lifs = nn.ModuleList(Cell(cell) for _ in sizes[1:])
        self.out = BinaryLinear(HIDDEN, CLASSES, bias, how)
        self.out_lif = snntorch.Leaky(**lif) if last_lif else None
        self.readout, self.steps, self.flatten, self.init_hidden = readout, steps, flatten, init_hidden
        if zero:
            with torch.no_grad():
                self.fcs[0].weight[0, :2] = 0.0
        for m in self.bns:
            if isinstance(m, nn.BatchNorm1d):
                m.running_mean.uniform_(-0.2, 0.2)
                m.running_var.uniform_(0.1, 0.5)
                nn.init.uniform_(m.weight, 0.8, 1.6)
                nn.init.uniform_(m.bias, -0.1, 0.4)

    def forward(self, pixels):
        x = pixels.to(torch.float32) / 16
        if self.flatten:
            x = x.flatten(1)
        mems = [torch.zeros(x.shape[0], HIDDEN) for _ in self.lifs]
        out_mem = torch.zeros(x.shape[0], CLASSES)
        out = []
        for _ in range(self.steps):
            s = x
            for i, (fc, bn, lif) in enumerate(zip(self.fcs, self.bns, self.lifs)):
                if self.init_hidden:
                    s = lif(bn(fc(s)))
                else:
                    s, mems[i] = lif(bn(fc(s)), mems[i])
            y = self.out(s)
            if self.out_lif is not None:
                y, out_mem = self.out_lif(y, out_mem)
            out.append(y)
        if self.readout == "stack":
            return torch.stack(out)
        if self.readout == "mean":
            return torch.stack(out).mean(0)
        if self.readout == "sum":
            return torch.stack(out).sum(0)
        if self.readout == "chain":
            return sum(out[1:], out[0])
        if self.readout == "chain-mean":
            return sum(out[1:], out[0]) / self.steps
        if self.readout == "last":
            return out[-1]
        return out[0]


class OneStep(nn.Module):
    """One timestep, the membrane passed in and out."""

    def __init__(self):
        super().__init__()
        self.fc, self.lif = BinaryLinear(INPUTS, CLASSES), snntorch.Leaky(beta=0.5)

    def forward(self, pixels, mem):
        return self.lif(self.fc(pixels.to(torch.float32) / 16), mem)


VARIANTS = {
    "plain": {},
    "bias": {"bias": True, "bn": False},
    "sign": {"how": "sign"},
    "layer": {"how": "layer"},
    "deep": {"hidden": 3},
    "reset-zero": {"reset_mechanism": "zero"},
    "reset-none": {"reset_mechanism": "none"},
    "threshold": {"threshold": 0.7, "beta": 0.9},
    "learned": {"learn_beta": True, "learn_threshold": True, "beta": 0.8, "threshold": 0.6},
    "one-step": {"steps": 1, "readout": "one"},
    "two-steps": {"steps": 2},
    "mean": {"readout": "mean"},
    "sum": {"readout": "sum"},
    "chain": {"readout": "chain"},
    "chain-mean": {"readout": "chain-mean"},
    "spikes-out": {"last_lif": True, "readout": "sum"},
    "flatten": {"flatten": True},
    "no-bn": {"bn": False},
    "reset-zero-deep": {"hidden": 2, "reset_mechanism": "zero", "threshold": 0.4, "beta": 0.75},
    "cell-soft": {"cell": "soft"},
    "cell-hard": {"cell": "hard", "hidden": 2},
    "cell-where": {"cell": "where"},
    "cell-decay-input": {"cell": "decay-input"},
    "cell-less": {"cell": "less"},
    "graded": {"graded_spikes_factor": 2.0},
    "last": {"readout": "last"},
}

# Variant, and the code it is refused with.
REFUSED = {
    "float": ({"how": "float"}, "SF0121"),
    "ternary": ({"how": "sign", "zero": True}, "SF0122"),
    "init-hidden": ({"init_hidden": True, "steps": 1, "readout": "one"}, "SF0123"),
    "init-hidden-steps": ({"init_hidden": True}, "SF0123"),
    "no-delay": ({"reset_delay": False}, "SF0124"),
    "state-outside": (None, "SF0113"),
}
# torch.onnx itself fails on these.
NO_EXPORT = {("init-hidden", "legacy"), ("init-hidden-steps", "legacy"), ("no-delay", "dynamo")}


def export(model, inputs, path, exporter, dynamic):
    """Writes `path`; the batch is a symbol if `dynamic`."""
    options = {"input_names": ["pixels"], "output_names": ["logits"]}
    if exporter == "legacy":
        options |= {"dynamo": False, "opset_version": 17}
        options["dynamic_axes"] = {"pixels": {0: "batch"}} if dynamic else None
    else:
        options |= {"dynamo": True, "external_data": False}
        options["dynamic_shapes"] = {"pixels": {0: torch.export.Dim("batch")}} if dynamic else None
    torch.onnx.export(model, inputs, str(path), **options)
    clean(path)


def clean(path):
    """Takes notes out that hold paths of this machine; those that import reads are kept."""
    kept = ("pkg.torch.onnx.name_scopes", "pkg.onnxscript.rewriter.rule_name")
    proto = onnx.load(path)
    del proto.graph.value_info[:]
    for item in (*proto.graph.node, *proto.graph.input, *proto.graph.output):
        notes = [n for n in item.metadata_props if n.key in kept]
        del item.metadata_props[:]
        item.metadata_props.extend(notes)
        item.doc_string = ""
    onnx.save(proto, path)


def main():
    args = argparse.ArgumentParser(description=__doc__)
    args.add_argument("--out", type=pathlib.Path, default=pathlib.Path(__file__).parent)
    out = args.parse_args().out
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    rng = np.random.default_rng(1)
    expected = {}
    for name, how in VARIANTS.items():
        torch.manual_seed(7)
        model = Net(**how).eval()
        shape = (1, 3, 4) if how.get("flatten") else (INPUTS,)
        pixels = rng.integers(0, 16, (6, *shape), dtype=np.uint8)
        entry = {"input": pixels.reshape(6, -1).tolist()}
        for exporter in ("legacy", "dynamo"):
            path = out / f"{name}_{exporter}.onnx"
            export(model, (torch.from_numpy(pixels[:2].copy()),), path, exporter, True)
            session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
            entry[exporter] = session.run(None, {"pixels": pixels})[0].tolist()
        expected[name] = entry
    for name, (how, code) in REFUSED.items():
        torch.manual_seed(7)
        pixels = torch.from_numpy(rng.integers(0, 16, (2, INPUTS), dtype=np.uint8))
        if how is None:
            model, inputs, how = OneStep().eval(), (pixels, torch.zeros(2, CLASSES)), {}
        else:
            model, inputs = Net(**how).eval(), (pixels,)
            if how.get("init_hidden"):
                model(pixels + 3)  # leaves a state behind, which the export bakes in
        entry = {"code": code, "exporters": []}
        for exporter in ("legacy", "dynamo"):
            if (name, exporter) not in NO_EXPORT:
                dynamic = not how.get("init_hidden") and len(inputs) == 1
                export(model, inputs, out / f"{name}_{exporter}.onnx", exporter, dynamic)
                entry["exporters"].append(exporter)
        expected[name] = entry
    lines = (f"{json.dumps(k)}: {json.dumps(v)}" for k, v in expected.items())
    (out / "expected.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
