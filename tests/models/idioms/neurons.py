# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Neurons over lists of currents, with leaks, thresholds and weights that are powers of 1/2
and sums of them."""

import importlib.util
import pathlib

import snntorch
import torch
from spikingjelly.activation_based import functional, neuron
from torch import nn

HERE = pathlib.Path(__file__).parent
spec = importlib.util.spec_from_file_location("exports", HERE.parent / "exports" / "make.py")
exports = importlib.util.module_from_spec(spec)
spec.loader.exec_module(exports)
conv = exports.conv

HIDDEN = 8


def halves(module):
    """Weights of ±1/2."""
    with torch.no_grad():
        module.weight.copy_(torch.where(module.weight >= 0, 0.5, -0.5))
    return module


def linear(i, o):
    return halves(conv.Linear(i, o))


def norm(channels):
    """Factors and offsets that are sums of powers of 1/2."""
    bn = nn.BatchNorm2d(channels, eps=0.0)
    bn.running_mean.copy_(torch.randint(-2, 3, (channels,)) / 8)
    bn.running_var.fill_(0.25)
    with torch.no_grad():
        bn.weight.fill_(0.5)
        bn.bias.copy_(torch.randint(-1, 3, (channels,)) / 4)
    return bn


class Leaky(nn.Module):
    """snnTorch's neuron over a list of currents."""

    def __init__(self, **more):
        super().__init__()
        self.cell = snntorch.Leaky(**{"beta": 0.5, "threshold": 0.5, **more})

    def run(self, currents):
        """The spikes and the membranes of every timestep."""
        mem, out, mems = torch.zeros_like(currents[0]), [], []
        for current in currents:
            spk, mem = self.cell(current, mem)
            out.append(spk)
            mems.append(mem)
        return out, mems

    def forward(self, currents):
        return self.run(currents)[0]


STATES = {snntorch.Synaptic: 2, snntorch.Alpha: 3, snntorch.RLeaky: 2, snntorch.RSynaptic: 3}


class States(nn.Module):
    """snnTorch's neurons with several states over a list of currents."""

    def __init__(self, kind, **more):
        super().__init__()
        self.cell = kind(**{"beta": 0.5, "threshold": 0.5, **more})
        if isinstance(getattr(self.cell, "recurrent", None), (nn.Linear, nn.Conv2d)):
            halves(self.cell.recurrent)
            with torch.no_grad():
                self.cell.recurrent.bias.copy_(torch.randint(-1, 2, self.cell.recurrent.bias.shape) / 4)

    def run(self, currents):
        """The spikes and the membranes of every timestep."""
        count = STATES[type(self.cell)]
        states, out, mems = [torch.zeros_like(currents[0])] * count, [], []
        for current in currents:
            states = self.cell(current, *states)
            out.append(states[0])
            mems.append(states[-1])
            states = states[-count:]
        return out, mems

    def forward(self, currents):
        return self.run(currents)[0]


def synaptic(**more):
    return States(snntorch.Synaptic, **{"alpha": 0.5, **more})


def alpha(**more):
    """With these two a membrane is twice the sum of both currents."""
    return States(snntorch.Alpha, **{"alpha": 0.5, "beta": 0.25, "reset_mechanism": "none", **more})


def rleaky(**more):
    return States(snntorch.RLeaky, **more)


def rsynaptic(**more):
    return States(snntorch.RSynaptic, **{"alpha": 0.5, **more})


def own():
    """What each of the hidden neurons takes of its own spike."""
    return {"all_to_all": False, "V": torch.tensor([0.5, -0.5, 0.25, -0.25, 1.0, 0.75, -1.0, -0.75])}


class Cell(nn.Module):
    """A neuron in plain PyTorch: what `reset` makes of its membrane and spikes leaks next."""

    def __init__(self, reset, threshold=0.5):
        super().__init__()
        self.reset, self.threshold = reset, threshold

    def forward(self, current, state):
        u = 0.5 * state + current
        s = (u >= self.threshold).to(u.dtype)
        return s, self.reset(u, s, self.threshold)


class Cells(nn.Module):
    """The neuron over a list of currents."""

    def __init__(self, reset, threshold=0.5):
        super().__init__()
        self.cell = Cell(reset, threshold)

    def run(self, currents):
        """The spikes and what the resets leave of every timestep."""
        state, out, mems = torch.zeros_like(currents[0]), [], []
        for current in currents:
            spk, state = self.cell(current, state)
            out.append(spk)
            mems.append(state)
        return out, mems

    def forward(self, currents):
        return self.run(currents)[0]


class Loop(Cells):
    """The same with a layer of the spikes before."""

    def __init__(self, reset):
        super().__init__(reset)
        self.back = linear(HIDDEN, HIDDEN)

    def forward(self, currents):
        state, spk, out = torch.zeros_like(currents[0]), torch.zeros_like(currents[0]), []
        for current in currents:
            spk, state = self.cell(current + self.back(spk), state)
            out.append(spk)
        return out


class Stepped(nn.Module):
    """SpikingJelly's neurons step by step; their membranes are those after the reset."""

    def __init__(self, **more):
        super().__init__()
        self.cell = neuron.LIFNode(**{"tau": 2.0, "v_threshold": 0.5, **more})

    def run(self, currents):
        functional.reset_net(self)
        out, mems = [], []
        for current in currents:
            out.append(self.cell(current))
            mems.append(self.cell.v)
        return out, mems
