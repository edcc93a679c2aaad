#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR MIT
"""One small network in every container: element types, raw and typed fields, operator
sets, IR versions, external data, forms of constants. See README.md in this folder."""

import json
import pathlib
import sys

import ml_dtypes
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

OUT = pathlib.Path(__file__).parent
sys.path.insert(0, str(OUT.parent))
from levels import levels  # noqa: E402

INPUTS, HIDDEN, CLASSES, STEPS = 6, 5, 3, 3
RNG = np.random.default_rng(5)
W1 = RNG.choice([-1, 1], (INPUTS, HIDDEN))
W2 = RNG.choice([-1, 1], (HIDDEN, CLASSES))
PIXELS = levels(INPUTS, 4, 100, 1)

TYPES = ["FLOAT", "FLOAT16", "BFLOAT16", "DOUBLE", "INT2", "INT4", "INT8", "INT16", "INT32", "INT64",
         "UINT2", "UINT4", "UINT8", "UINT16", "UINT32", "UINT64", "BOOL"]
PACKED = {"INT2": 2, "UINT2": 2, "INT4": 4, "UINT4": 4}


def pack(values, bits):
    """Several values a byte, the first in the lowest bits."""
    each = 8 // bits
    values = [int(v) & ((1 << bits) - 1) for v in values.ravel()]
    values += [0] * (-len(values) % each)
    return [sum(v << (bits * i) for i, v in enumerate(values[k:k + each])) for k in range(0, len(values), each)]


def tensor(name, values, kind, raw):
    """`values` as elements of `kind`, in `raw_data` or in the typed field."""
    proto = TensorProto(name=name, dims=values.shape, data_type=getattr(TensorProto, kind))
    if kind in PACKED:
        data = pack(values, PACKED[kind])
        if raw:
            proto.raw_data = bytes(data)
        else:
            proto.int32_data.extend(data)
        return proto
    types = {"FLOAT": np.float32, "DOUBLE": np.float64, "FLOAT16": np.float16, "BFLOAT16": ml_dtypes.bfloat16,
             "BOOL": np.bool_}
    data = values.astype(types.get(kind) or np.dtype(kind.lower()))
    if raw:
        proto.raw_data = data.tobytes()
    elif kind in ("FLOAT16", "BFLOAT16"):
        proto.int32_data.extend(data.view(np.uint16).ravel().tolist())
    else:
        field = {"FLOAT": "float_data", "DOUBLE": "double_data", "INT64": "int64_data", "UINT32": "uint64_data",
                 "UINT64": "uint64_data"}.get(kind, "int32_data")
        numbers = data.ravel().astype(np.int32) if kind == "BOOL" else data.ravel()
        getattr(proto, field).extend(numbers.tolist())
    return proto


def weight(name, signs, kind, raw, nodes, init):
    """±0.5 from elements of `kind`."""
    if kind in ("FLOAT", "FLOAT16", "BFLOAT16", "DOUBLE"):
        init.append(tensor(name, signs * 0.5, kind, raw))
        nodes.append(helper.make_node("Cast", [name], [name + "_f"], to=TensorProto.FLOAT))
        return name + "_f"
    unsigned = kind[0] in "UB"
    stored = (signs + 1) // (2 if kind == "BOOL" else 1) if unsigned else signs
    init.append(tensor(name, stored, kind, raw))
    nodes.append(helper.make_node("Cast", [name], [name + "_c"], to=TensorProto.FLOAT))
    if unsigned:
        nodes.append(helper.make_node("Mul", [name + "_c", "two" if kind == "BOOL" else "one"], [name + "_m"]))
        nodes.append(helper.make_node("Sub", [name + "_m", "one"], [name + "_s"]))
    nodes.append(helper.make_node("Mul", [name + ("_s" if unsigned else "_c"), "half"], [name + "_f"]))
    return name + "_f"


def network(kind="FLOAT", raw=True, opset=17, ir=8, constants=False, weight=weight, opsets=()):
    nodes, init = [], []
    for name, value in [("one", 1.0), ("two", 2.0), ("half", 0.5), ("zero", 0.0), ("k", 4.0)]:
        if constants:
            nodes.append(helper.make_node("Constant", [], [name], value_float=value))
        else:
            init.append(numpy_helper.from_array(np.float32(value), name))
    w1 = weight("fc1.weight", W1, kind, raw, nodes, init)
    w2 = weight("fc2.weight", W2, kind, raw, nodes, init)
    nodes += [helper.make_node("Cast", ["pixels"], ["c"], to=TensorProto.FLOAT),
              helper.make_node("Div", ["c", "k"], ["p"]), helper.make_node("MatMul", ["p", w1], ["i"])]
    if constants:
        nodes.append(helper.make_node("Constant", [], ["axis"], value_ints=[0]))
    elif opset >= 13:
        init.append(numpy_helper.from_array(np.array([0], np.int64), "axis"))
    stacked = []
    for t in range(1, STEPS + 1):
        if t == 1:
            nodes.append(helper.make_node("Identity", ["i"], ["m1"]))
        else:
            nodes += [helper.make_node("Mul", ["half", f"m{t - 1}"], [f"l{t}"]),
                      helper.make_node("Add", [f"l{t}", "i"], [f"a{t}"]),
                      helper.make_node("Sub", [f"a{t}", f"s{t - 1}"], [f"m{t}"])]
        nodes += [helper.make_node("Sub", [f"m{t}", "one"], [f"d{t}"]),
                  helper.make_node("Greater", [f"d{t}", "zero"], [f"f{t}"]),
                  helper.make_node("Cast", [f"f{t}"], [f"s{t}"], to=TensorProto.FLOAT),
                  helper.make_node("MatMul", [f"s{t}", w2], [f"y{t}"])]
        if opset >= 13:
            nodes.append(helper.make_node("Unsqueeze", [f"y{t}", "axis"], [f"u{t}"]))
        else:
            nodes.append(helper.make_node("Unsqueeze", [f"y{t}"], [f"u{t}"], axes=[0]))
        stacked.append(f"u{t}")
    nodes.append(helper.make_node("Concat", stacked, ["logits"], axis=0))
    inputs = [helper.make_tensor_value_info("pixels", TensorProto.UINT8, ["batch", INPUTS])]
    if ir < 4:  # every initializer is an input, too
        inputs += [helper.make_tensor_value_info(t.name, t.data_type, t.dims) for t in init]
    output = helper.make_tensor_value_info("logits", TensorProto.FLOAT, [STEPS, "batch", CLASSES])
    graph = helper.make_graph(nodes, "containers", inputs, [output], init)
    return helper.make_model(graph, ir_version=ir, opset_imports=[helper.make_opsetid("", opset), *opsets])


def main():
    files = {}
    for kind in TYPES:
        for raw in (True, False):
            # Types of 2 bits came with IR 13 and operator set 25, of 4 bits with 10 and 21.
            opset, ir = {2: (25, 13), 4: (21, 10)}.get(PACKED.get(kind), (17, 8))
            files[f"type_{kind.lower()}_{'raw' if raw else 'fields'}"] = network(kind, raw, opset, ir)
    for opset, ir in [(9, 3), (9, 4), (10, 5), (11, 6), (12, 7), (13, 7), (15, 8), (18, 9), (20, 10), (22, 11),
                      (23, 12), (25, 13), (26, 14), (27, 14), (28, 14)]:
        files[f"opset{opset}_ir{ir}"] = network(opset=opset, ir=ir)
    files["constants"] = network(constants=True)
    expected, ran = None, []
    for name, model in files.items():
        onnx.checker.check_model(model)
        onnx.save(model, OUT / f"{name}.onnx")
    model = network()
    (OUT / "external.data").unlink(missing_ok=True)  # it would be added to
    onnx.save(model, OUT / "external.onnx", save_as_external_data=True, location="external.data", size_threshold=16)
    for name in [*files, "external"]:
        try:
            session = onnxruntime.InferenceSession(str(OUT / f"{name}.onnx"), providers=["CPUExecutionProvider"])
        except Exception:  # newer than this ONNX Runtime, or a type without a kernel
            continue
        result = session.run(None, {"pixels": PIXELS})[0]
        expected = result if expected is None else expected
        assert np.array_equal(expected, result), name
        ran.append(name)
    np.save(OUT / "logits.npy", expected)
    entry = {"files": [*files, "external"], "onnxruntime": ran}
    lines = (f"{json.dumps(k)}: {json.dumps(v)}" for k, v in entry.items())
    (OUT / "expected.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")
    print(len(files) + 1, "files,", len(ran), "of them run by ONNX Runtime;", "not:", set(files) - set(ran))


if __name__ == "__main__":
    main()
