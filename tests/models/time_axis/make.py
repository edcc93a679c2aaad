#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Multi-step networks of SpikingJelly, exported by PyTorch's dynamo exporter: all
timesteps pass a layer as one tensor. ONNX Runtime's outputs for a few inputs. Nothing is
trained. See README.md in this folder."""

import json
import pathlib
import sys
import warnings

import numpy as np
import onnx
import onnxruntime
import torch
from spikingjelly.activation_based import functional, layer, neuron
from torch import nn

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "dialects"))
from make import CLASSES, HIDDEN, INPUTS, BinaryLinear  # noqa: E402

OUT = pathlib.Path(__file__).parent
STEPS = 4


class Net(nn.Module):
    def __init__(self, bias=False, bn=False, layers=1, readout="mean", **lif):
        super().__init__()
        lif = {"tau": 2.0, "v_threshold": 0.5, "v_reset": 0.0, **lif}
        kind = neuron.IFNode if lif.pop("integrate", False) else neuron.LIFNode
        if kind is neuron.IFNode:
            lif.pop("tau")
        sizes = [INPUTS] + [HIDDEN] * layers
        self.parts = nn.ModuleList()
        for i, o in zip(sizes, sizes[1:]):
            self.parts.append(BinaryLinear(i, o, bias))
            if bn:
                norm = layer.BatchNorm1d(o, step_mode="m")
                norm.running_mean.uniform_(-0.2, 0.2)
                norm.running_var.uniform_(0.1, 0.5)
                self.parts.append(norm)
            self.parts.append(kind(step_mode="m", **lif))
        self.parts.append(BinaryLinear(HIDDEN, CLASSES, bias))
        self.readout = readout

    def forward(self, pixels):
        x = pixels.to(torch.float32) / 16
        x = x.unsqueeze(0).repeat(STEPS, 1, 1)
        for part in self.parts:
            x = part(x)
        return {"mean": lambda: x.mean(0), "sum": lambda: x.sum(0), "steps": lambda: x}[self.readout]()


VARIANTS = {
    "mean": {},
    "sum": {"readout": "sum", "bias": True},
    "steps": {"readout": "steps"},
    "two": {"layers": 2, "v_threshold": 0.25},
    "soft": {"v_reset": None},
    "integrate": {"integrate": True, "v_threshold": 1.0},
    "plain_input": {"decay_input": False, "v_threshold": 1.0},
    "bn": {"bn": True},
}


def main():
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    rng = np.random.default_rng(13)
    expected = {}
    for name, how in VARIANTS.items():
        torch.manual_seed(5)
        model = Net(**how).eval()
        pixels = rng.integers(0, 16, (6, INPUTS), dtype=np.uint8)
        path = OUT / f"{name}.onnx"
        functional.reset_net(model)
        torch.onnx.export(model, (torch.from_numpy(pixels[:2].copy()),), str(path), dynamo=True, external_data=False,
                          input_names=["pixels"], output_names=["logits"],
                          dynamic_shapes={"pixels": {0: torch.export.Dim("batch")}})
        proto = onnx.load(path)
        del proto.graph.value_info[:]
        kept = ("pkg.torch.onnx.name_scopes", "pkg.onnxscript.rewriter.rule_name")
        for item in (*proto.graph.node, *proto.graph.input, *proto.graph.output):
            notes = [n for n in item.metadata_props if n.key in kept]
            del item.metadata_props[:]
            item.metadata_props.extend(notes)
            item.doc_string = ""
        onnx.save(proto, path)
        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        logits = session.run(None, {"pixels": pixels})[0]
        functional.reset_net(model)
        with torch.no_grad():
            assert np.allclose(model(torch.from_numpy(pixels)).numpy(), logits, atol=1e-5), name
        if logits.ndim == 3:
            logits = logits.transpose(1, 0, 2)
        expected[name] = {"input": pixels.tolist(), "logits": logits.tolist()}
        print(name, [n.op_type for n in proto.graph.node][:16])
    lines = (f"{json.dumps(k)}: {json.dumps(v)}" for k, v in expected.items())
    (OUT / "expected.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
