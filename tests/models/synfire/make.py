#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Writes networks in the dialect of docs/onnx-dialect.md, as a training script would, and
records what ONNX Runtime computes for them and for the files in `written`, which
`SYNFIRE_BLESS=1 cargo test --test import_forms` writes. See README.md in this folder."""

import pathlib
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import AttributeProto, TensorProto, helper, numpy_helper

OUT = pathlib.Path(__file__).parent
sys.path.insert(0, str(OUT.parent))
from levels import levels  # noqa: E402

QONNX, OWN, OPSET = "qonnx.custom_op.general", "ai.synfire", 20
INPUTS, HIDDEN, CLASSES, STEPS, SAMPLES = 12, 8, 3, 4, 100
RNG = np.random.default_rng(21)


def constant(name, **value):
    return helper.make_node("Constant", [], [name], **value)


def refers(attribute):
    node = helper.make_node("Constant", [], [attribute + "_text"])
    node.attribute.append(AttributeProto(name="value_string", type=AttributeProto.STRING, ref_attr_name=attribute))
    return node


def lif_function():
    op = helper.make_node
    nodes = [op("Mul", ["gain", "x"], ["current"]), op("Add", ["state", "current"], ["charged"]),
             op("Add", ["charged", "bias"], ["u"]), refers("compare"), refers("reset")]
    for name, text, which in [("above", "above", "compare"), ("soft", "soft", "reset"),
                              ("delayed", "soft-delayed", "reset"), ("hard", "hard", "reset")]:
        nodes += [constant(name + "_text", value_string=text),
                  op("Equal", [which + "_text", name + "_text"], ["is_" + name])]
    nodes += [op("Greater", ["u", "threshold"], ["fires_above"]),
              op("GreaterOrEqual", ["u", "threshold"], ["fires_at_least"]),
              op("Not", ["is_above"], ["is_at_least"]),
              op("And", ["is_at_least", "fires_at_least"], ["fires_there"]),
              op("Or", ["fires_above", "fires_there"], ["fires"]),
              op("CastLike", ["fires", "x"], ["s"]),
              op("Mul", ["leak", "u"], ["leaked"]), op("Sub", ["u", "threshold"], ["less"]),
              op("Mul", ["leak", "less"], ["after_soft"]), op("Sub", ["leaked", "threshold"], ["after_delayed"]),
              op("Mul", ["leak", "reset_to"], ["after_hard"]),
              op("Where", ["is_hard", "after_hard", "leaked"], ["hard_or_none"]),
              op("Where", ["is_delayed", "after_delayed", "hard_or_none"], ["delayed_or_less"]),
              op("Where", ["is_soft", "after_soft", "delayed_or_less"], ["after"]),
              op("Where", ["fires", "after", "leaked"], ["next"])]
    inputs = ["x", "state", "leak", "gain", "bias", "threshold", "reset_to"]
    return helper.make_function(OWN, "Lif", inputs, ["s", "next"], nodes, [helper.make_opsetid("", OPSET)],
                                attributes=["reset", "compare"])


def bipolar_function():
    op = helper.make_node
    nodes = [constant("zero_float", value_float=0.0), constant("plus_float", value_float=1.0),
             constant("minus_float", value_float=-1.0)]
    nodes += [op("CastLike", [n + "_float", "x"], [n]) for n in ("zero", "plus", "minus")]
    nodes += [op("GreaterOrEqual", ["x", "zero"], ["is_plus"]), op("Where", ["is_plus", "plus", "minus"], ["sign"]),
              op("Mul", ["sign", "scale"], ["y"])]
    return helper.make_function(QONNX, "BipolarQuant", ["x", "scale"], ["y"], nodes, [helper.make_opsetid("", OPSET)])


def network(reset, compare, one_step=False):
    """12-8-3 with latent weights, a scale an output, and thresholds a neuron."""
    f32 = np.float32
    init, nodes = [], []

    def add(name, values):
        init.append(numpy_helper.from_array(np.asarray(values, f32), name))

    add("k", 16.0)
    for name, i, o in [("fc1", INPUTS, HIDDEN), ("fc2", HIDDEN, CLASSES)]:
        add(name + ".weight", RNG.uniform(-1, 1, (i, o)))
        add(name + ".scale", RNG.uniform(0.4, 1.2, o))
        nodes.append(helper.make_node("BipolarQuant", [name + ".weight", name + ".scale"], [name + ".binary"], domain=QONNX))
    for name, value in [("leak", 0.75), ("gain", 1.0), ("bias", 0.0625), ("reset_to", 0.125 if reset == "hard" else 0.0)]:
        add("lif1." + name, value)
    add("lif1.threshold", RNG.uniform(0.4, 1.0, HIDDEN))
    nodes += [helper.make_node("Cast", ["pixels"], ["real"], to=TensorProto.FLOAT),
              helper.make_node("Div", ["real", "k"], ["scaled"]), helper.make_node("MatMul", ["scaled", "fc1.binary"], ["fc1"])]
    steps = 1 if one_step else STEPS
    if one_step:
        state = "state"
    else:
        add("lif1.state", np.zeros((1, HIDDEN)))
        state = "lif1.state"
    parameters = ["lif1." + p for p in ("leak", "gain", "bias", "threshold", "reset_to")]
    out = []
    for t in range(1, steps + 1):
        nodes += [helper.make_node("Lif", ["fc1", state, *parameters], [f"s{t}", f"v{t}"], name=f"/lif1/Lif_{t}",
                                   domain=OWN, reset=reset, compare=compare),
                  helper.make_node("MatMul", [f"s{t}", "fc2.binary"], [f"y{t}"])]
        state = f"v{t}"
        out.append(f"y{t}")
    inputs = [helper.make_tensor_value_info("pixels", TensorProto.UINT8, ["batch", INPUTS])]
    outputs = [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", CLASSES])]
    if one_step:
        nodes[-1].output[0] = "logits"
        inputs.append(helper.make_tensor_value_info("state", TensorProto.FLOAT, ["batch", HIDDEN]))
        outputs.append(helper.make_tensor_value_info("v1", TensorProto.FLOAT, ["batch", HIDDEN]))
    else:
        nodes.append(helper.make_node("Mean", out, ["logits"]))
    graph = helper.make_graph(nodes, "synfire", inputs, outputs, init)
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(OWN, 1), helper.make_opsetid(QONNX, 2)]
    return helper.make_model(graph, ir_version=10, opset_imports=opsets, functions=[lif_function(), bipolar_function()])


def session(path):
    return onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])


def main():
    pixels = levels(INPUTS, 4, SAMPLES, 1)
    for reset in ("soft", "soft-delayed", "hard", "none"):
        for compare in ("above", "at-least"):
            path = OUT / f"{reset}_{compare}.onnx"
            model = network(reset, compare)
            onnx.checker.check_model(model)
            onnx.save(model, path)
            np.save(path.with_suffix(".npy"), session(path).run(None, {"pixels": pixels})[0])
    path = OUT / "one_step.onnx"
    onnx.save(network("soft", "above", one_step=True), path)
    run = session(path)
    state, steps = np.zeros((SAMPLES, HIDDEN), np.float32), []
    for _ in range(STEPS):
        logits, state = run.run(None, {"pixels": pixels, "state": state})
        steps.append(logits)
    np.save(path.with_suffix(".npy"), np.stack(steps))
    for path in sorted((OUT / "written").glob("*.onnx")):
        run = session(path)
        info = run.get_inputs()[0]
        pixels = levels(int(np.prod(info.shape[1:])), 4, SAMPLES, 1).reshape(SAMPLES, *info.shape[1:])
        np.save(path.with_suffix(".npy"), run.run(None, {info.name: pixels})[0].astype(np.float32))


if __name__ == "__main__":
    main()
