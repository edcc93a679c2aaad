# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Seconds of a training epoch of `fashion-mlp` or `fashion-conv` in PyTorch, one thread.

The same layers, batches, loss and optimiser as benches/epoch.rs, on random values: the time
does not depend on them. Usage: epoch.py NAME SAMPLES BATCH
"""

import sys
import time

import torch
import torch.nn.functional as F

torch.set_num_threads(1)
torch.manual_seed(1)


class Spike(torch.autograd.Function):
    """1 where u reaches 1; the triangle as its derivative."""

    @staticmethod
    def forward(ctx, u):
        ctx.save_for_backward(u)
        return (u >= 1).float()

    @staticmethod
    def backward(ctx, grad):
        (u,) = ctx.saved_tensors
        return grad * (1 - (u - 1).abs()).clamp(min=0)


def lif(currents, leak):
    """Spikes for the currents of each timestep."""
    v, spikes = None, []
    for current in currents:
        u = current if v is None else leak * v + current
        spike = Spike.apply(u)
        v = u - spike
        spikes.append(spike)
    return spikes


def binary(weight):
    """One bit and a magnitude per output; the gradient passes where |W| is at most 1."""
    scale = weight.detach().abs().flatten(1).mean(1).view([-1] + [1] * (weight.dim() - 1))
    sign = torch.where(weight >= 0, 1.0, -1.0)
    clipped = weight.clamp(-1, 1)
    return sign * scale + clipped - clipped.detach()


class Mlp(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.w1 = torch.nn.Parameter(torch.empty(256, 784).uniform_(-0.09, 0.09))
        self.w2 = torch.nn.Parameter(torch.empty(10, 256).uniform_(-0.15, 0.15))
        self.bias = torch.nn.Parameter(torch.zeros(10))
        self.norm = torch.nn.BatchNorm1d(256)

    def forward(self, x):
        current = self.norm(x.flatten(1) @ binary(self.w1).t())
        weight = binary(self.w2)
        outputs = [s @ weight.t() + self.bias for s in lif([current] * 4, 0.9)]
        return torch.stack(outputs).mean(0)


class Conv(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = torch.nn.Conv2d(1, 32, 5, 2, 2, bias=False)
        self.short = torch.nn.Conv2d(32, 64, 1, bias=False)
        sizes = [(32, 32), (64, 32), (64, 64)]
        self.weights = torch.nn.ParameterList(
            [torch.nn.Parameter(torch.empty(o, i, 3, 3).uniform_(-0.1, 0.1)) for o, i in sizes]
        )
        self.norms = torch.nn.ModuleList([torch.nn.BatchNorm2d(c) for c in (32, 32, 64, 64)])
        self.head = torch.nn.Linear(3136, 10)

    def forward(self, x):
        steps, batch = 2, x.shape[0]
        h = self.stem(x)
        spikes = torch.cat(lif([self.norms[0](h)] * steps, 0.5))
        h = h.repeat(steps, 1, 1, 1) + F.conv2d(spikes, binary(self.weights[0]), padding=1)
        spikes = torch.cat(lif(self.norms[1](h).split(batch), 0.5))
        short = self.short(F.avg_pool2d(h, 2))
        h = short + F.conv2d(spikes, binary(self.weights[1]), stride=2, padding=1)
        spikes = torch.cat(lif(self.norms[2](h).split(batch), 0.5))
        h = h + F.conv2d(spikes, binary(self.weights[2]), padding=1)
        spikes = torch.cat(lif(self.norms[3](h).split(batch), 0.5))
        return self.head(spikes.flatten(1)).view(steps, batch, 10).mean(0)


def main():
    name, samples, batch = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    model = Mlp() if name == "fashion-mlp" else Conv()
    images = torch.randint(0, 256, (samples, 1, 28, 28), dtype=torch.uint8)
    labels = torch.randint(0, 10, (samples,))
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.0)
    began = time.perf_counter()
    for start in range(0, samples - batch + 1, batch):
        x = images[start : start + batch].float() / 255
        loss = F.cross_entropy(model(x), labels[start : start + batch])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    print(time.perf_counter() - began)


main()
