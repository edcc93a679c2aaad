#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Networks with quantisers of QONNX, as Brevitas exports them. ONNX Runtime does not know
the operators: what is expected comes from it for the same network with the quantised
weights as constants, computed by the package qonnx. See README.md in this folder."""

import importlib.util
import pathlib

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from qonnx.custom_op.general.bipolar_quant import binary_quant
from qonnx.custom_op.general.quant import quant

OUT = pathlib.Path(__file__).parent
spec = importlib.util.spec_from_file_location("containers", OUT.parent / "containers" / "make.py")
containers = importlib.util.module_from_spec(spec)
spec.loader.exec_module(containers)
RNG = np.random.default_rng(8)


def latent(signs):
    """What training leaves: numbers of these signs, and a zero, which counts as +1."""
    w = (signs * RNG.uniform(0.05, 1.5, signs.shape)).astype(np.float32)
    w[np.unravel_index(np.argmax(signs), signs.shape)] = 0.0
    return w


def bipolar(domain, each):
    def weight(name, signs, kind, raw, nodes, init):
        scale = RNG.uniform(0.3, 0.7, (1, signs.shape[1]) if each else ()).astype(np.float32)
        w = latent(signs)
        init.append(numpy_helper.from_array(w, name))
        init.append(numpy_helper.from_array(scale, name + "_scale"))
        nodes.append(helper.make_node("BipolarQuant", [name, name + "_scale"], [name + "_q"], domain=domain))
        VALUE[name + "_q"] = binary_quant(w, scale)
        return name + "_q"
    return weight


def multibit(bits, narrow):
    def weight(name, signs, kind, raw, nodes, init):
        w = latent(signs) * np.float32(2)
        args = {"scale": np.float32(2.0 ** (2 - bits)), "zero": np.float32(0), "bits": np.float32(bits)}
        init.append(numpy_helper.from_array(w, name))
        init.extend(numpy_helper.from_array(v, f"{name}_{k}") for k, v in args.items())
        nodes.append(helper.make_node("Quant", [name, *(f"{name}_{k}" for k in args)], [name + "_q"],
                                      domain="qonnx.custom_op.general", signed=1, narrow=narrow, rounding_mode="ROUND"))
        VALUE[name + "_q"] = quant(w, *args.values(), True, narrow, "ROUND").astype(np.float32)
        return name + "_q"
    return weight


VARIANTS = {
    "tensor": ("qonnx.custom_op.general", 2, lambda d: bipolar(d, False), 8),
    "channel": ("qonnx.custom_op.general", 1, lambda d: bipolar(d, True), 8),
    # Older Brevitas: another domain, and every initializer is an input, too.
    "brevitas": ("onnx.brevitas", 1, lambda d: bipolar(d, True), 3),
    "quant4": ("qonnx.custom_op.general", 2, lambda d: multibit(4, 1), 8),
    "quant3": ("qonnx.custom_op.general", 2, lambda d: multibit(3, 0), 8),
}


def main():
    global VALUE
    for name, (domain, version, make, ir) in VARIANTS.items():
        VALUE = {}
        model = containers.network(opset=11, ir=ir, weight=make(domain), opsets=[helper.make_opsetid(domain, version)])
        onnx.save(model, OUT / f"{name}.onnx")
        for node in [n for n in model.graph.node if n.domain == domain]:
            model.graph.node.remove(node)
            model.graph.initializer.append(numpy_helper.from_array(VALUE[node.output[0]], node.output[0]))
        model.ir_version = 8
        while len(model.graph.input) > 1:
            model.graph.input.pop()
        session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
        np.save(OUT / f"{name}.npy", session.run(None, {"pixels": containers.PIXELS})[0])
    # Spikes made ±1: no layer of a spiking network.
    model = containers.network(opset=11, weight=bipolar("qonnx.custom_op.general", False),
                               opsets=[helper.make_opsetid("qonnx.custom_op.general", 2)])
    for node in model.graph.node:
        if node.op_type == "MatMul" and node.input[0].startswith("s"):
            node.input[0] += "_b"
    for t in range(1, containers.STEPS + 1):
        node = helper.make_node("BipolarQuant", [f"s{t}", "one"], [f"s{t}_b"], domain="qonnx.custom_op.general")
        place = next(i for i, n in enumerate(model.graph.node) if n.output[0] == f"s{t}")
        model.graph.node.insert(place + 1, node)
    onnx.save(model, OUT / "activation.onnx")


if __name__ == "__main__":
    main()
