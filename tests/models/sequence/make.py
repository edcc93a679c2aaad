#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Small networks that get another input at every timestep, in the ways people take a
sequence apart, exported by PyTorch's exporters, with ONNX Runtime's outputs for a few
inputs. Nothing is trained. See README.md in this folder."""

import json
import pathlib
import sys
import warnings

import numpy as np
import onnxruntime
import snntorch
import torch
from spikingjelly.activation_based import functional, layer, neuron
from torch import nn

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "dialects"))
from make import CLASSES, BinaryLinear, clean  # noqa: E402

OUT = pathlib.Path(__file__).parent
STEPS, INPUTS, HIDDEN, SAMPLES = 4, 6, 8, 5


def index(x):
    return [x[t] for t in range(STEPS)]


def cut(x):
    return [x[t : t + 1].squeeze(0) for t in range(STEPS)]


TAKE = {
    "index": index,
    "cut": cut,
    "unbind": lambda x: x.unbind(0),
    "iterate": lambda x: [s for s in x],
    "chunk": lambda x: [c[0] for c in x.chunk(STEPS)],
    "batch-first": lambda x: [x[:, t] for t in range(STEPS)],
    "batch-first-unbind": lambda x: x.unbind(1),
    "permute": lambda x: index(x.permute(1, 0, 2)),
    "transpose": lambda x: index(x.transpose(0, 1)),
}
BATCH_FIRST = ("batch-first", "batch-first-unbind", "permute", "transpose")


class Net(nn.Module):
    """snnTorch's loop over the data."""

    def __init__(self, take, levels=False, images=False, scale=False):
        super().__init__()
        self.take, self.levels, self.scale = take, levels, scale
        self.conv = nn.Conv2d(2, 3, 3, padding=1, bias=False) if images else None
        if images:
            self.conv.weight.data = torch.sign(self.conv.weight.data) * 0.5
            self.pool = nn.MaxPool2d(2)
            self.lif0 = snntorch.Leaky(beta=0.75, threshold=0.5)
        self.fc1 = BinaryLinear(12 if images else INPUTS, HIDDEN)
        self.fc2 = BinaryLinear(HIDDEN, CLASSES)
        self.lif1, self.lif2 = snntorch.Leaky(beta=0.5), snntorch.Leaky(beta=0.9)

    def forward(self, data):
        x = data.to(torch.float32) / 16 if self.levels else data
        if self.scale:
            x = (x - 0.25) * 2.0
        batch = x.shape[0] if self.take in BATCH_FIRST else x.shape[1]
        m1, m2 = torch.zeros(batch, HIDDEN), torch.zeros(batch, CLASSES)
        if self.conv is not None:
            m0 = torch.zeros(batch, 3, 4, 4)
        out = []
        for step in TAKE[self.take](x):
            if self.conv is not None:
                step, m0 = self.lif0(self.conv(step), m0)
                step = self.pool(step).flatten(1)
            s, m1 = self.lif1(self.fc1(step), m1)
            s, m2 = self.lif2(self.fc2(s), m2)
            out.append(s)
        return torch.stack(out)


class MultiStep(nn.Module):
    """SpikingJelly: the sequence as one tensor from end to end."""

    def __init__(self, images=False):
        super().__init__()
        self.images = images
        if images:
            self.conv = layer.Conv2d(2, 3, 3, padding=1, bias=False, step_mode="m")
            self.conv.weight.data = torch.sign(self.conv.weight.data) * 0.5
            self.lif0 = neuron.LIFNode(tau=2.0, v_threshold=0.5, step_mode="m")
            self.pool = layer.MaxPool2d(2, step_mode="m")
            self.flat = layer.Flatten(step_mode="m")
        self.fc1, self.fc2 = BinaryLinear(12 if images else INPUTS, HIDDEN), BinaryLinear(HIDDEN, CLASSES)
        self.lif1 = neuron.LIFNode(tau=2.0, v_threshold=0.5, step_mode="m")

    def forward(self, data):
        x = data
        if self.images:
            x = self.flat(self.pool(self.lif0(self.conv(x))))
        return self.fc2(self.lif1(self.fc1(x))).mean(0)


# Name, model, exporters, shape of the input without its batch (time first).
FLAT, IMAGES = (INPUTS,), (2, 4, 4)
VARIANTS = {
    **{name: (lambda name=name: Net(name), ("legacy", "dynamo"), FLAT) for name in TAKE},
    "levels": (lambda: Net("index", levels=True), ("legacy", "dynamo"), FLAT),
    "shifted": (lambda: Net("index", scale=True), ("legacy", "dynamo"), FLAT),
    "images": (lambda: Net("index", images=True), ("legacy", "dynamo"), IMAGES),
    "multi-step": (lambda: MultiStep(), ("dynamo",), FLAT),
    "multi-step-images": (lambda: MultiStep(images=True), ("dynamo",), IMAGES),
}


def main():
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    rng = np.random.default_rng(17)
    expected = {}
    for name, (make, exporters, shape) in VARIANTS.items():
        torch.manual_seed(6)
        model = make().eval()
        batch = 0 if name in BATCH_FIRST else 1
        size = (SAMPLES, STEPS, *shape) if batch == 0 else (STEPS, SAMPLES, *shape)
        if name == "levels":
            data = rng.integers(0, 16, size, dtype=np.uint8)
        else:
            data = (rng.integers(0, 16, size) / 4).astype(np.float32)
        samples = data if batch == 0 else data.swapaxes(0, 1)
        entry = {"input": samples.reshape(SAMPLES, STEPS, -1).tolist()}
        for exporter in exporters:
            path = OUT / f"{name}_{exporter}.onnx"
            options = {"input_names": ["data"], "output_names": ["out"]}
            if exporter == "legacy":
                options |= {"dynamo": False, "opset_version": 17, "dynamic_axes": {"data": {batch: "batch"}}}
            else:
                options |= {"dynamo": True, "external_data": False,
                            "dynamic_shapes": {"data": {batch: torch.export.Dim("batch")}}}
            functional.reset_net(model)
            example = torch.from_numpy(data[:2] if batch == 0 else data[:, :2].copy())
            try:
                torch.onnx.export(model, (example,), str(path), **options)
            except Exception as e:
                print("no export", name, exporter, str(e)[:100].replace("\n", " "))
                continue
            clean(path)
            session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
            out = session.run(None, {"data": data})[0]
            functional.reset_net(model)
            with torch.no_grad():
                assert np.allclose(model(torch.from_numpy(data)).numpy(), out, atol=1e-5), name
            entry[exporter] = (out.swapaxes(0, 1) if out.ndim == 3 else out).tolist()
        expected[name] = entry
    lines = (f"{json.dumps(k)}: {json.dumps(v)}" for k, v in expected.items())
    (OUT / "expected.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
