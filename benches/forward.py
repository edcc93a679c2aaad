# SPDX-License-Identifier: Apache-2.0 OR MIT
"""How long `synfire simulate` takes beside PyTorch's forward pass of the same network.

One thread each, in turns, in seconds of the processor: `simulate` as a user calls it, with its
start, its files and everything that it computes (the real-valued network in double precision, the
integer one, the hardware cycle by cycle), and the forward pass alone in single precision, once with
all images in one batch and once in batches of the size that is fastest. A student of the companion is run node by node, all of its
operators being functions of PyTorch; its logits have to be those of `simulate`, so that both are
the same network.

Needs PyTorch, onnx and NumPy. Usage:
forward.py SYNFIRE IMAGES LABELS STUDENT... (SYNFIRE: the release build; idx files)
"""

import gzip
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile
import time

os.environ["OMP_NUM_THREADS"] = "1"

import numpy  # noqa: E402
import onnx  # noqa: E402
import torch  # noqa: E402
from onnx import numpy_helper  # noqa: E402
from torch.nn import functional  # noqa: E402

ROUNDS = 5
BATCHES = (50, 200, 1000, 10000)


def levels(path):
    data = pathlib.Path(path).read_bytes()
    data = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
    return numpy.frombuffer(data[16:], numpy.uint8).copy()


def lif(x, state, leak, gain, bias, threshold, reset_to, reset, compare):
    if (reset, compare) != (b"soft", b"at-least"):
        sys.exit(f"neurons with {reset}, {compare} are not written here")
    u = state + gain * x + bias
    s = (u >= threshold).to(u.dtype)
    return s, leak * (u - threshold * s)


def conv(x, weight, strides, pads, dilations, group, kernel_shape):
    del kernel_shape
    if pads[:2] != pads[2:]:
        sys.exit("a border of different widths is not written here")
    return functional.conv2d(x, weight, None, strides, pads[:2], dilations, group)


def pool(x, kernel_shape, strides, pads, dilations, count_include_pad):
    del pads, dilations, count_include_pad
    return functional.avg_pool2d(x, kernel_shape, strides)


def norm(x, weight, bias, mean, var, epsilon):
    return functional.batch_norm(x, mean, var, weight, bias, False, 0.0, epsilon)


OPERATORS = {
    "Cast": lambda x, to: x.float(),
    "Mul": torch.mul,
    "MatMul": torch.matmul,
    "Add": torch.add,
    "Conv": conv,
    "AveragePool": pool,
    "BatchNormalization": norm,
    "Lif": lif,
    "Reshape": lambda x, shape: x.reshape(x.shape[0], -1),
    "Mean": lambda *x: torch.stack(x).mean(0),
    "Identity": lambda x: x,
}


class Network(torch.nn.Module):
    """The graph of a file, one timestep after another as it stands there."""

    def __init__(self, path):
        super().__init__()
        graph = onnx.load(path).graph
        entry = graph.input[0]
        self.entry, self.output = entry.name, graph.output[0].name
        self.shape = [d.dim_value for d in entry.type.tensor_type.shape.dim[1:]]
        tensor = lambda t: torch.from_numpy(numpy_helper.to_array(t).copy())  # noqa: E731
        self.constants = {t.name: tensor(t) for t in graph.initializer}
        self.nodes = []
        for node in graph.node:
            given = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
            if node.op_type == "BipolarQuant":
                # What does not depend on the images is computed once.
                weight, scale = (self.constants[name] for name in node.input)
                self.constants[node.output[0]] = torch.where(weight >= 0, scale, -scale)
            else:
                operator = OPERATORS[node.op_type]
                self.nodes.append((operator, list(node.input), list(node.output), given))

    def forward(self, x):
        values = {**self.constants, self.entry: x}
        for operator, taken, given, attributes in self.nodes:
            results = operator(*(values[name] for name in taken), **attributes)
            results = results if isinstance(results, tuple) else (results,)
            values.update(zip(given, results))
        return values[self.output]


def forward(network, images, batch):
    begun = time.process_time()
    parts = [network(part) for part in torch.from_numpy(images).split(batch)]
    return time.process_time() - begun, torch.cat(parts).numpy()


def simulate(command):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main():
    synfire, images, labels, *students = sys.argv[1:]
    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    for student in students:
        network = Network(student)
        given = levels(images).reshape([-1] + network.shape)
        command = [synfire, "simulate", student, "--images", images, "--labels", labels]
        command += ["--threads", "1"]
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "logits.npy"
            simulate([*command, "--outputs", path])
            ours = numpy.load(path)
        theirs = forward(network, given, 200)[1]
        off = (numpy.abs(ours.reshape(theirs.shape) - theirs).max(1) > 1e-3).sum()
        if off > len(given) // 1000:
            sys.exit(f"{student}: logits of {off} images differ: not the same network")
        times = {b: statistics.median(forward(network, given, b)[0] for _ in range(3)) for b in BATCHES}
        batches = (len(given), min(times, key=times.get))
        rounds = []
        for _ in range(ROUNDS):
            theirs = [forward(network, given, batch)[0] for batch in batches]
            rounds.append((simulate(command), *theirs))
        ours = statistics.median(r[0] for r in rounds)
        print(
            f"{pathlib.Path(student).stem}: {len(given)} images (logits of {off} differ in single "
            f"precision): simulate {ours:.2f} s"
        )
        for k, batch in enumerate(batches, 1):
            theirs = statistics.median(r[k] for r in rounds)
            ratio = statistics.median(r[0] / r[k] for r in rounds)
            print(f"  PyTorch {torch.__version__} in batches of {batch}: {theirs:.3f} s, {ratio:.2f} times")


main()
