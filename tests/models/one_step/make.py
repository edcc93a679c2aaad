#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Networks of one timestep whose state goes in and out, as snnTorch users export them,
with ONNX Runtime's outputs when the timestep is run T times. Nothing is trained.

See README.md in this folder."""

import argparse
import json
import pathlib
import sys
import warnings

import numpy as np
import onnx
import onnxruntime
import snntorch
import torch
from torch import nn

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "dialects"))
from make import CLASSES, HIDDEN, INPUTS, BinaryLinear  # noqa: E402

STEPS = 4


class Step(nn.Module):
    """`forward(pixels, states…) -> logits, states…`."""

    def __init__(self, layers=1, **lif):
        super().__init__()
        lif = {"beta": 0.5, "threshold": 1.0, **lif}
        sizes = [INPUTS] + [HIDDEN] * layers
        self.fcs = nn.ModuleList(BinaryLinear(i, o) for i, o in zip(sizes, sizes[1:]))
        self.lifs = nn.ModuleList(snntorch.Leaky(**lif) for _ in sizes[1:])
        self.out = BinaryLinear(HIDDEN, CLASSES)

    def forward(self, pixels, *mems):
        s = pixels.to(torch.float32) / 16
        new = []
        for fc, lif, mem in zip(self.fcs, self.lifs, mems):
            s, mem = lif(fc(s), mem)
            new.append(mem)
        return self.out(s), *new


class Spikes(nn.Module):
    """The spikes are the result; they have the shape of the membrane."""

    def __init__(self):
        super().__init__()
        self.fc, self.lif = BinaryLinear(INPUTS, CLASSES), snntorch.Leaky(beta=0.75)

    def forward(self, pixels, mem):
        return self.lif(self.fc(pixels.to(torch.float32) / 16), mem)


class States(nn.Module):
    """Neurons with several states, spikes among them where they come back."""

    def __init__(self, kind, count, **more):
        super().__init__()
        self.fc, self.out = BinaryLinear(INPUTS, HIDDEN), BinaryLinear(HIDDEN, CLASSES)
        self.cell, self.count = kind(beta=0.5, threshold=0.5, **more), count
        if kind is not snntorch.Synaptic:
            self.cell.recurrent = BinaryLinear(HIDDEN, HIDDEN)

    def forward(self, pixels, *states):
        states = self.cell(self.fc(pixels.to(torch.float32) / 16), *states)
        return self.out(states[0]), *states[-self.count:]


def shapes(model):
    """How many elements each state has."""
    if isinstance(model, States):
        return [HIDDEN] * model.count
    return [l.out_features for l in model.fcs] if isinstance(model, Step) else [CLASSES]


VARIANTS = {
    "subtract": lambda: Step(),
    "zero": lambda: Step(reset_mechanism="zero"),
    "none": lambda: Step(reset_mechanism="none"),
    "two": lambda: Step(layers=2, beta=0.75, threshold=0.6),
    "learned": lambda: Step(learn_beta=True, learn_threshold=True, beta=0.8, threshold=0.6),
    "spikes": lambda: Spikes(),
    "synaptic": lambda: States(snntorch.Synaptic, 2, alpha=0.75),
    "rleaky": lambda: States(snntorch.RLeaky, 2, linear_features=HIDDEN),
    "rsynaptic": lambda: States(snntorch.RSynaptic, 3, alpha=0.75, linear_features=HIDDEN),
}


def export(model, inputs, path, exporter):
    names = ["pixels"] + [f"mem{i}" for i in range(1, len(inputs))]
    options = {"input_names": names, "output_names": ["logits"]}
    if isinstance(model, States):
        # Which output is the next spikes only their names say.
        options["output_names"] += [f"{name}_out" for name in names[1:]]
    if exporter == "legacy":
        options |= {"dynamo": False, "opset_version": 17}
    else:
        options |= {"dynamo": True, "external_data": False}
    torch.onnx.export(model, inputs, str(path), **options)
    proto = onnx.load(path)
    del proto.graph.value_info[:]
    kept = ("pkg.torch.onnx.name_scopes", "pkg.onnxscript.rewriter.rule_name")
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
    rng = np.random.default_rng(3)
    expected = {}
    for name, make in VARIANTS.items():
        torch.manual_seed(11)
        model = make().eval()
        sizes = shapes(model)
        count = 50 if isinstance(model, States) else 6
        pixels = rng.integers(0, 16, (count, INPUTS), dtype=np.uint8)
        entry = {"input": pixels.tolist(), "steps": STEPS}
        for exporter in ("legacy", "dynamo"):
            path = out / f"{name}_{exporter}.onnx"
            inputs = (torch.from_numpy(pixels[:1].copy()), *(torch.zeros(1, n) for n in sizes))
            export(model, inputs, path, exporter)
            session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
            feeds = [i.name for i in session.get_inputs()]
            results = []
            for sample in pixels:
                states = [np.zeros((1, n), np.float32) for n in sizes]
                logits = []
                for _ in range(STEPS):
                    y, *states = session.run(None, dict(zip(feeds, (sample[None], *states))))
                    logits.append(y[0].tolist())
                results.append(logits)
            entry[exporter] = results
        expected[name] = entry
    lines = (f"{json.dumps(k)}: {json.dumps(v)}" for k, v in expected.items())
    (out / "expected.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
