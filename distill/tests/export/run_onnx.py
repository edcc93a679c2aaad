# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Runs every NN.onnx of a folder in ONNX Runtime on the inputs of NN.json, and writes the
spikes of all neurons and the logits, sample by sample, to NN.out.json.

usage: run_onnx.py FOLDER
"""

import json
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort


def run(path):
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    graph = model.graph
    logits = graph.output[0].name
    # A call of a timestep gives the spikes `NAME/1`, and so on.
    calls = [n.output[0] for n in graph.node if (n.domain, n.op_type) == ("ai.synfire", "Lif")]
    for name in calls:
        graph.output.append(onnx.helper.make_empty_tensor_value_info(name))
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(model.SerializeToString(), options)
    given = session.get_inputs()[0]
    shown = json.loads(path.with_suffix(".json").read_text())
    kinds = {"tensor(uint8)": np.uint8, "tensor(bool)": np.bool_, "tensor(float)": np.float32}
    x = np.array(shown["values"]).astype(kinds[given.type]).reshape(shown["shape"])
    values = dict(zip([logits, *calls], session.run([logits, *calls], {given.name: x})))
    samples = len(values[logits])
    layers = {}
    for name in calls:
        fired = values[name].reshape(samples, -1)
        assert np.isin(fired, (0, 1)).all(), name
        layers.setdefault(name.rsplit("/", 1)[0], []).append(fired == 1)
    return [
        {
            "spikes": {layer: [s[i].tolist() for s in steps] for layer, steps in layers.items()},
            "logits": values[logits][i].tolist(),
        }
        for i in range(samples)
    ]


for path in sorted(Path(sys.argv[1]).glob("*.onnx")):
    path.with_suffix(".out.json").write_text(json.dumps(run(path)))
