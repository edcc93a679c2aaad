# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Encoders inside a model: an image becomes the spikes of every timestep by comparisons."""

import numpy as np
import torch
from torch import nn

from neurons import HIDDEN, Leaky, linear

STEPS, CLASSES = 4, 3


class Encoder(nn.Module):
    """Spikes of an image: where it is above (or at) the threshold of a timestep, which is one
    number or one an element."""

    def __init__(self, thresholds, at_least=False):
        super().__init__()
        self.threshold, self.at_least = np.array(thresholds), at_least

    def forward(self, x, t):
        threshold = torch.tensor(self.threshold[t], dtype=torch.float32)
        return (x >= threshold if self.at_least else x > threshold).float()


class Encoded(nn.Module):
    """Spikes of an encoder in the model, a linear layer, snnTorch's neurons, and a layer whose
    outputs are added up; `how` says which spikes there are at which timestep."""

    def __init__(self, how, thresholds=(1.0,), **more):
        super().__init__()
        self.encoder, self.a, self.node, self.b = (
            Encoder(thresholds, **more), linear(6, HIDDEN), Leaky(), linear(HIDDEN, CLASSES))
        self.how = how

    def forward(self, x):
        spikes = self.how(self.encoder, x.to(torch.float32) / 2)
        out = [self.b(s) for s in self.node([self.a(s) for s in spikes])]
        return torch.stack(out).sum(0) if self.how is encoded_alike else sum(out)


def encoded_alike(encoder, x):
    return [encoder(x, 0) for _ in range(STEPS)]


def encoded_each(encoder, x):
    """A large value fires early, and goes on."""
    return [encoder(x, t) for t in range(STEPS)]


def encoded_once(encoder, x):
    """A large value fires early, once."""
    spikes = encoded_each(encoder, x)
    return spikes[:1] + [s - before for before, s in zip(spikes, spikes[1:])]
