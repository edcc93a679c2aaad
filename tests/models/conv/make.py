#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Small convolutional, residual and ensemble spiking networks, exported by both PyTorch
exporters, with ONNX Runtime's outputs for seeded random inputs. Nothing is trained.

See README.md in this folder."""

import argparse
import copy
import pathlib
import sys
import warnings

import numpy as np
import onnxruntime
import snntorch
import torch
from torch import nn
from torch.nn import functional as F

MODELS = pathlib.Path(__file__).parent.parent
sys.path[:0] = [str(MODELS), str(MODELS / "dialects")]
from levels import levels  # noqa: E402
from make import export  # noqa: E402

SIZE, CLASSES, STEPS, SAMPLES, SEED = 8, 5, 3, 100, 11


class Binary:
    """±α_c in three spellings."""

    how = "where"

    def binary(self):
        w = self.weight
        dims = tuple(range(1, w.dim()))
        alpha = w.abs().mean(dim=dims, keepdim=True)
        if self.how == "where":
            return torch.where(w >= 0, 1.0, -1.0) * alpha
        if self.how == "sign":
            return torch.sign(w) * alpha
        return torch.sign(w) * w.abs().mean()


class Linear(Binary, nn.Linear):
    def __init__(self, i, o, bias=False, how="where"):
        super().__init__(i, o, bias=bias)
        self.how = how
        nn.init.uniform_(self.weight, -1, 1)

    def forward(self, x):
        return F.linear(x, self.binary(), self.bias)


class Conv(Binary, nn.Conv2d):
    def __init__(self, i, o, k, bias=False, how="where", gain=1.0, **more):
        super().__init__(i, o, k, bias=bias, **more)
        self.how = how
        nn.init.uniform_(self.weight, -gain, gain)

    def forward(self, x):
        return self._conv_forward(x, self.binary(), self.bias)


class Conv1(Binary, nn.Conv1d):
    def __init__(self, i, o, k, **more):
        super().__init__(i, o, k, bias=False, **more)
        nn.init.uniform_(self.weight, -1, 1)

    def forward(self, x):
        return self._conv_forward(x, self.binary(), self.bias)


class Cell(nn.Module):
    """The neuron as the papers write it."""

    def __init__(self, beta=0.25, threshold=1.0):
        super().__init__()
        self.beta, self.threshold = beta, threshold

    def forward(self, x, v):
        v = torch.zeros_like(x) if v is None else v
        u = self.beta * v + x
        s = (u >= self.threshold).to(u)
        return s, u - self.threshold * s


class Leaky(snntorch.Leaky):
    def forward(self, x, mem):
        spk, mem = super().forward(x, torch.zeros_like(x) if mem is None else mem)
        return spk.to(x.dtype), mem  # single precision whatever the network is


class Integrator(nn.Module):
    def __init__(self, beta=0.75):
        super().__init__()
        self.beta = beta

    def forward(self, x, v):
        v = torch.zeros_like(x) if v is None else v
        v = self.beta * v + x
        return v, v


def norm(channels, kind=nn.BatchNorm2d):
    bn = kind(channels)
    bn.running_mean.uniform_(-0.3, 0.3)
    bn.running_var.uniform_(0.3, 0.9)
    nn.init.uniform_(bn.weight, 0.7, 1.5)
    nn.init.uniform_(bn.bias, -0.1, 0.5)
    with torch.no_grad():
        bn.weight[0] *= -1.0
    return bn


NEURONS = (Leaky, Cell, Integrator, snntorch.Leaky)


class Chain(nn.Sequential):
    """Layers one after another; `states` are those of the neurons among them."""

    def forward(self, x, states):
        for layer in self:
            if isinstance(layer, NEURONS):
                x, states[layer] = layer(x, states.get(layer))
            elif isinstance(layer, (Chain, Residual)):
                x = layer(x, states)
            else:
                x = layer(x)
        return x


class Residual(nn.Module):
    """`shortcut(x) · factor + body(x)`."""

    def __init__(self, body, shortcut=None, factor=1.0):
        super().__init__()
        self.body, self.shortcut, self.factor = body, shortcut, factor

    def forward(self, x, states):
        way = x if self.shortcut is None else self.shortcut(x, states)
        return way + self.factor * self.body(x, states) if self.factor != 1.0 else self.body(x, states) + way


def over_time(out, readout):
    if readout == "mean":
        return torch.stack(out).mean(0)
    if readout == "sum":
        return torch.stack(out, dim=1).sum(1)
    if readout == "chain":
        return sum(out[1:], out[0]) / len(out)
    if readout == "last":
        return out[-1]
    return torch.stack(out)


class Net(nn.Module):
    """`body` at every timestep; `first` computed once on the image, if there is one."""

    dtype = torch.float32

    def __init__(self, body, readout="mean", first=None, tail=None):
        super().__init__()
        self.body, self.readout, self.first, self.tail = body, readout, first, tail

    def forward(self, pixels):
        x = pixels.to(self.dtype) / 255
        if self.first is not None:
            x = self.first(x)
        states, out = {}, []
        for _ in range(STEPS):
            out.append(self.body(x, states))
        y = over_time(out, self.readout)
        return y if self.tail is None else self.tail(y)


class Ensemble(nn.Module):
    """Students on one image, each with its own features; `merge` brings them together."""

    dtype = torch.float32

    def __init__(self, students, merge, readout="mean", head=None):
        super().__init__()
        self.students, self.merge, self.readout = nn.ModuleList(students), merge, readout
        self.head = head

    def forward(self, pixels):
        x = pixels.to(self.dtype) / 255
        states, outs = {}, [[] for _ in self.students]
        for _ in range(STEPS):
            for out, student in zip(outs, self.students):
                out.append(student(x, states))
        if self.merge == "step":
            return over_time([sum(o[1:], o[0]) for o in zip(*outs)], self.readout)
        if self.merge == "running":
            y = 0
            for o in zip(*outs):
                for one in o:
                    y = y + one
            return y
        features = [over_time(o, self.readout) for o in outs]
        if self.merge == "sum":
            return sum(features[1:], features[0]) / len(features)
        return self.head(torch.cat(features, dim=1))


def lif(**more):
    return Leaky(**{"beta": 0.5, "threshold": 1.0, **more})


def plain(how="where", pool=None, neuron=lif, bias=False):
    return Chain(
        Conv(1, 2, 3, padding=1, gain=1.5, how=how, bias=bias), neuron(), pool or nn.MaxPool2d(2),
        Conv(2, 4, 3, gain=2.0, how=how, bias=bias), neuron(), nn.Flatten(),
        Linear(16, CLASSES, how=how, bias=bias),
    )


def normed():
    return Chain(
        Conv(1, 4, 3, gain=1.5), norm(4), lif(), nn.MaxPool2d(2),
        Conv(4, 4, 2), norm(4), lif(), nn.Flatten(), Linear(16, CLASSES),
    )


def global_average(reduce=False):
    pool = Spatial() if reduce else nn.AdaptiveAvgPool2d(1)
    return Chain(
        Conv(1, 4, 3, gain=1.5), lif(), Conv(4, 6, 3), norm(6), lif(),
        pool, nn.Flatten(), Linear(6, CLASSES, bias=True),
    )


class Row(nn.Module):
    def forward(self, x):
        return x.reshape(-1, 1, SIZE * SIZE)


class Spatial(nn.Module):
    def forward(self, x):
        return x.mean(dim=(2, 3))


class Squash(nn.Module):
    """A ReLU tail after the mean over time."""

    def __init__(self):
        super().__init__()
        self.fc = Linear(16, CLASSES, bias=True)

    def forward(self, x):
        return self.fc(F.relu(x))


def each(shape, low, high):
    return torch.empty(shape).uniform_(low, high)


def residual(kind):
    if kind == "identity":  # post-activation, added before the neuron
        block = Residual(Chain(Conv(4, 4, 3, padding=1), norm(4), lif(), Conv(4, 4, 3, padding=1)))
    elif kind == "shortcut":  # the shortcut takes spikes
        block = Residual(
            Chain(Conv(4, 6, 3, padding=1, stride=2), norm(6), lif(), Conv(6, 6, 3, padding=1), norm(6)),
            Chain(Conv(4, 6, 1, stride=2), norm(6)),
        )
    elif kind == "spikes":  # spikes are added: small integers flow on
        block = Residual(Chain(Conv(4, 4, 3, padding=1), norm(4), lif()))
        return Chain(
            Conv(1, 4, 3, gain=1.5), lif(), block, nn.MaxPool2d(2), Conv(4, 4, 3), lif(),
            nn.Flatten(), Linear(4, CLASSES),
        )
    else:  # one shortcut for each norm-neuron-conv mode; the stream between stays real
        mode = lambda factor=1.0: Residual(  # noqa: E731
            Chain(norm(4), lif(), Conv(4, 4, 3, padding=1)), factor=factor)
        down = Residual(
            Chain(norm(4), lif(), Conv(4, 6, 3, padding=1, stride=2)),
            Chain(nn.AvgPool2d(2), Conv(4, 6, 1)),
        )
        return Chain(
            Conv(1, 4, 3, gain=1.5), mode(), mode(0.5), down, norm(6), lif(),
            nn.AdaptiveAvgPool2d(1), nn.Flatten(), Linear(6, CLASSES),
        )
    return Chain(
        Conv(1, 4, 3, gain=1.5), lif(), block, lif(), nn.AvgPool2d(2 if kind == "shortcut" else 3),
        nn.Flatten(), Linear(6 if kind == "shortcut" else 16, CLASSES),
    )


def student(features=CLASSES):
    return Chain(
        Conv(1, 3, 3, stride=2, gain=1.5), lif(), Conv(3, 4, 2), norm(4), lif(),
        nn.Flatten(), Linear(16, features),
    )


def models():
    """Name, and what makes the model after seeding."""
    yield "plain", lambda: Net(plain())
    yield "plain-sign", lambda: Net(plain("sign", bias=True), "sum")
    yield "plain-layer", lambda: Net(plain("layer", neuron=Cell), "stack")
    yield "static", lambda: Net(plain()[1:], "chain", first=plain()[0])
    yield "norm", lambda: Net(normed())
    yield "average", lambda: Net(plain(pool=nn.AvgPool2d(2)), "chain")
    yield "average-inside", lambda: Net(plain(pool=nn.AvgPool2d(3, 2, 1, count_include_pad=False)))
    yield "average-padded", lambda: Net(plain(pool=nn.AvgPool2d(3, 2, 1)))
    yield "global", lambda: Net(global_average())
    yield "global-reduce", lambda: Net(global_average(True), "sum")
    yield "strided", lambda: Net(Chain(
        Conv(1, 4, 3, stride=2, padding=1, gain=1.5), lif(), Conv(4, 4, 3, dilation=2, padding=(1, 2)), norm(4),
        lif(), nn.Dropout(0.5), nn.Flatten(), Linear(32, CLASSES)))
    yield "grouped", lambda: Net(Chain(
        Conv(1, 4, 3, gain=1.5), lif(), Conv(4, 8, 3, groups=2, gain=2.0), lif(threshold=0.7),
        Conv(8, 8, 3, groups=8, gain=3.0), lif(), nn.Flatten(), Linear(32, CLASSES)))
    yield "conv1d", lambda: Net(Chain(
        Row(), Conv1(1, 4, 5, stride=2), norm(4, nn.BatchNorm1d), lif(), nn.MaxPool1d(2),
        Conv1(4, 4, 3, padding=1), lif(), nn.AvgPool1d(3), nn.Flatten(), Linear(20, CLASSES)))
    for kind in ("identity", "shortcut", "spikes", "multi"):
        yield f"residual-{kind}", lambda kind=kind: Net(residual(kind))
    yield "channels", lambda: Net(plain(neuron=lambda: lif(
        beta=each((1, 1, 1), 0.3, 0.9), threshold=each((1, 1, 1), 0.5, 1.0),
        learn_beta=True, learn_threshold=True)))
    yield "per-channel", lambda: Net(Chain(
        Conv(1, 2, 3, padding=1, gain=1.5),
        lif(beta=each((2, 1, 1), 0.3, 0.9), threshold=each((2, 1, 1), 0.5, 1.0), learn_beta=True),
        nn.MaxPool2d(2), Conv(2, 4, 3), lif(beta=each((4, 2, 2), 0.3, 0.9), learn_beta=True,
                                           threshold=each((4, 2, 2), 0.5, 1.0), learn_threshold=True),
        nn.Flatten(), Linear(16, CLASSES)))
    yield "reset-zero", lambda: Net(plain(neuron=lambda: lif(reset_mechanism="zero")))
    for readout in ("mean", "sum", "last", "stack"):
        yield f"integrator-{readout}", lambda readout=readout: Net(
            Chain(*plain(), Integrator()), readout)
    yield "integrator-leaky", lambda: Net(Chain(*plain(), Membrane(beta=0.8)), "mean")
    yield "last", lambda: Net(plain(), "last")
    yield "relu-tail", lambda: Net(Chain(*list(normed())[:-1]), "mean", tail=Squash())
    yield "ensemble-sum", lambda: Ensemble([student(), student()], "sum")
    yield "ensemble-step", lambda: Ensemble([student(), student()], "step", "stack")
    yield "ensemble-running", lambda: Ensemble([student(), student()], "running")
    yield "ensemble-concat", lambda: Ensemble(
        [student(4), student(4)], "concat", head=Linear(8, CLASSES, bias=True))
    yield "ensemble-concat-sum", lambda: Ensemble(
        [student(4), student(3)], "concat", "sum", head=Linear(7, CLASSES, bias=True))


class Membrane(Leaky):
    """snnTorch's neuron without reset, of which the membrane is read."""

    def __init__(self, beta):
        super().__init__(beta=beta, reset_mechanism="none")

    def forward(self, x, mem):
        _, mem = super().forward(x, mem)
        return mem, mem


def main():
    args = argparse.ArgumentParser(description=__doc__)
    args.add_argument("--out", type=pathlib.Path, default=pathlib.Path(__file__).parent)
    args.add_argument("names", nargs="*", help="only these models")
    args = args.parse_args()
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    pixels = levels(SIZE * SIZE, 8, SAMPLES, SEED).reshape(SAMPLES, 1, SIZE, SIZE)
    for name, make in models():
        if args.names and name not in args.names:
            continue
        for seed in range(7, 50):
            torch.manual_seed(seed)
            model = make().eval()
            if record(name, model, pixels, args.out):
                break
            print(f"{name}: another seed than {seed}")


def record(name, model, pixels, out):
    """Exports a model and records the outputs; false if single and double precision
    disagree about a spike of these inputs."""
    images = torch.from_numpy(pixels)
    with torch.no_grad():
        double = copy.deepcopy(model).double()
        double.dtype = torch.float64
        exact = double(images).numpy()
        if np.abs(model(images).numpy() - exact).max() > 1e-5:
            return False
    for exporter in ("legacy", "dynamo"):
        path = out / f"{name}_{exporter}.onnx"
        export(model, (images[:2].clone(),), path, exporter, True)
        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        logits = session.run(None, {"pixels": pixels})[0]
        off = np.abs(logits - exact).max()
        if off > 1e-5:
            return False
        print(f"{name} {exporter}: {path.stat().st_size:,} bytes, off {off:.2g}")
    np.save(out / f"{name}.npy", logits.astype(np.float32))
    return True


if __name__ == "__main__":
    main()
