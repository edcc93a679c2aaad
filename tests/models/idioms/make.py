#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Idioms of people's `forward`, as PyTorch's exporters write them, with the spikes and
outputs of the framework that ran them. Weights, leaks and thresholds are powers of 1/2 and
sums of them, so that membranes are exact and often stand on their threshold. Nothing is
trained.

See README.md in this folder."""

import argparse
import json
import pathlib
import warnings

import numpy as np
import onnxruntime
import snntorch
import torch
from spikingjelly.activation_based import functional, layer, neuron
from torch import nn
from torch.nn import functional as F

from encoders import Encoded, Encoder, encoded_alike, encoded_each, encoded_once
from neurons import (HIDDEN, Cell, Cells, Leaky, Loop, Stepped, alpha, conv, exports, halves, linear, norm, own,
                     rleaky, rsynaptic, synaptic)

HERE = pathlib.Path(__file__).parent

SAMPLES, STEPS, CLASSES = 50, 4, 3
FLAT, IMAGE = (6,), (2, 4, 4)


class Flat(nn.Module):
    """Linear, neurons, linear; `how` brings them together."""

    def __init__(self, how, node=Leaky):
        super().__init__()
        self.a, self.node, self.b, self.how = linear(6, HIDDEN), node(), linear(HIDDEN, CLASSES), how

    def forward(self, x):
        return self.how(self, x.to(torch.float32) / 2)


class Picture(nn.Module):
    """Convolution, batch norm, neurons, pool, linear; `how` brings them together."""

    def __init__(self, how, node=Leaky):
        super().__init__()
        self.a, self.norm, self.node = halves(conv.Conv(2, 3, 3, padding=1)), norm(3), node()
        self.pool, self.b, self.how = nn.MaxPool2d(2), linear(12, CLASSES), how

    def forward(self, x):
        return self.how(self, x.to(torch.float32) / 2)


class Jelly(nn.Module):
    """SpikingJelly's layers in multi-step mode on an image that is repeated inside."""

    def __init__(self, repeat, *body, together=lambda out: out.mean(0)):
        super().__init__()
        self.body, self.repeat, self.together = nn.Sequential(*body), repeat, together
        functional.set_step_mode(self, "m")

    def forward(self, x):
        functional.reset_net(self)
        return self.together(self.body(self.repeat(x.to(torch.float32) / 2)))


class Convolution(conv.Binary, layer.Conv2d):
    """SpikingJelly's convolution with binary weights."""

    def __init__(self, i, o):
        super().__init__(i, o, 3, padding=1, bias=False)
        halves(self)

    def forward(self, x):
        w = self.binary()
        return functional.seq_to_ann_forward(x, lambda y: F.conv2d(y, w, padding=1))


def lif():
    return neuron.LIFNode(tau=2.0, v_threshold=0.5)


def node_if():
    return neuron.IFNode(v_threshold=0.5, v_reset=None)


def repeated(x):
    return x.unsqueeze(0).repeat(STEPS, *[1] * x.dim())


def largest_of_all(out):
    return out.max(0).values


def expanded(x):
    return x.unsqueeze(0).expand(STEPS, *[-1] * x.dim())


def stacked(x):
    return torch.stack([x] * STEPS)


# A static image with time folded into the batch.


def batch_repeat(net, x):
    y = net.a(x.repeat(STEPS, 1)).view(STEPS, -1, HIDDEN)
    z = torch.stack(net.node(y.unbind(0))).flatten(0, 1)
    return net.b(z).view(STEPS, -1, CLASSES).mean(0)


def stack_flatten(net, x):
    y = net.a(stacked(x).flatten(0, 1))
    z = net.node(y.view(STEPS, -1, HIDDEN).unbind(0))
    return net.b(torch.stack(z).flatten(0, 1)).view(STEPS, -1, CLASSES).sum(0)


def chunks(net, x):
    y = net.a(torch.cat([x] * STEPS, 0)).chunk(STEPS, 0)
    return sum(net.b(torch.cat(net.node(y), 0)).chunk(STEPS, 0))


def parts(net, x):
    batch = x.shape[0]
    y = net.a(x.repeat(STEPS, 1))
    z = net.node([y[t * batch : (t + 1) * batch] for t in range(STEPS)])
    out = net.b(torch.cat(z, 0))
    return sum(out[t * batch : (t + 1) * batch] for t in range(STEPS))


def interleaved(net, x):
    y = net.a(x.repeat_interleave(STEPS, 0)).view(-1, STEPS, HIDDEN)
    z = torch.stack(net.node(y.unbind(1)), 1).flatten(0, 1)
    return net.b(z).view(-1, STEPS, CLASSES).sum(1)


def batch_first(net, x):
    y = net.a(x.unsqueeze(1).repeat(1, STEPS, 1))
    return net.b(torch.stack(net.node([y[:, t] for t in range(STEPS)]), 1)).mean(1)


def broadcast(net, x):
    y = net.a(x.expand(STEPS, *x.shape))
    return net.b(torch.stack(net.node([y[t] for t in range(STEPS)]))).mean(0)


def fold_picture(net, x):
    y = net.norm(net.a(x.repeat(STEPS, 1, 1, 1)))
    z = net.node(y.view(STEPS, -1, 3, 4, 4).unbind(0))
    return net.b(torch.stack([net.pool(s) for s in z]).flatten(2)).mean(0)


def fold_picture_twice(net, x):
    y = net.norm(net.a(expanded(x).flatten(0, 1)))
    z = torch.stack(net.node(y.view(STEPS, -1, 3, 4, 4).unbind(0)))
    z = net.pool(z.flatten(0, 1)).flatten(1)
    return net.b(z).view(STEPS, -1, CLASSES).sum(0)


def picture_loop(net, x):
    y = net.norm(net.a(x))
    return sum(net.b(net.pool(s).flatten(1)) for s in net.node([y] * STEPS))


def behind_batch(net, x):
    y = net.norm(net.a(x.unsqueeze(1).repeat(1, STEPS, 1, 1, 1).flatten(0, 1)))
    z = torch.stack(net.node(y.view(-1, STEPS, 3, 4, 4).unbind(1)), 1).flatten(0, 1)
    return net.b(net.pool(z).flatten(1)).view(-1, STEPS, CLASSES).mean(1)


def held(net, x):
    return net.b(torch.stack(net.node([net.a(x[t]) for t in range(STEPS)]))).mean(0)


# Spikes and membranes of the last layer, both returned.


class Both(Flat):
    def __init__(self, how, **more):
        super().__init__(how)
        self.out = Leaky(**more)

    def last(self, x):
        spk, mem = self.out.run([self.b(s) for s in self.node([self.a(x)] * STEPS)])
        return torch.stack(spk), torch.stack(mem)


def spikes_and_membranes(net, x):
    return net.last(x)


def sums_of_both(net, x):
    spk, mem = net.last(x)
    return spk.sum(0), mem.sum(0)


def membrane_and_spikes(net, x):
    spk, mem = net.last(x)
    return mem[-1], spk.mean(0)


# The membranes of the last layer alone, whose neurons reset all the while.


class Membranes(Flat):
    """`how` brings the membranes of `last` together."""

    def __init__(self, how, last=Leaky):
        super().__init__(how)
        self.out = last()

    def membranes(self, x):
        return self.out.run([self.b(s) for s in self.node([self.a(x)] * STEPS)])[1]


def membranes(net, x):
    return torch.stack(net.membranes(x))


def membranes_sum(net, x):
    return torch.stack(net.membranes(x)).sum(0)


def membranes_mean(net, x):
    return torch.stack(net.membranes(x)).mean(0)


def membranes_last(net, x):
    return net.membranes(x)[-1]


def membranes_largest(net, x):
    return torch.stack(net.membranes(x)).max(0).values


def membranes_amax(net, x):
    return torch.stack(net.membranes(x), 1).amax(1)


def membranes_maximum(net, x):
    largest, *others = net.membranes(x)
    for mem in others:
        largest = torch.maximum(largest, mem)
    return largest


def membranes_shown(net, x):
    """Of one layer, to which a picture is shown."""
    return torch.stack(net.out.run([net.b(net.a(x))] * STEPS)[1]).mean(0)


# The ways to write a reset.


def where_spike(u, s, _):
    return torch.where(s > 0, torch.zeros_like(u), u)


def where_number(u, s, _):
    return torch.where(s > 0.5, -0.25, u)


def where_equal(u, s, _):
    return torch.where(s == 1, torch.zeros_like(u), u)


def where_none(u, s, _):
    return torch.where(s == 0, u, torch.zeros_like(u))


def where_soft(u, s, threshold):
    return torch.where(s >= 1, u - threshold, u)


def where_below(u, s, threshold):
    return torch.where(u < threshold, u, torch.zeros_like(u))


def masked(u, s, _):
    return u.masked_fill(s.bool(), 0.25)


def assigned(u, s, _):
    v = u.clone()
    v[s > 0] = 0.0
    return v


def times_not(u, s, _):
    return u * (~s.bool())


def times_below(u, s, threshold):
    return u * (u < threshold)


def less_product(u, s, _):
    return u - s * u


# Spikes of ±1 between layers.


def signs_by_where(net, x):
    return sum(net.b(torch.where(s > 0, 1.0, -1.0)) for s in net.node([net.a(x)] * STEPS))


def signs_by_factor(net, x):
    return sum(net.b(2 * s - 1) for s in net.node([net.a(x)] * STEPS)) / STEPS


def signs_between(net, x):
    first = [2 * s - 1 for s in net.node([net.a(x)] * STEPS)]
    return torch.stack(net.out([net.b(s) for s in first])).sum(0)


class Deep(Picture):
    """Two convolutions, the second one of ±1."""

    def __init__(self, how, padding):
        super().__init__(how)
        self.c, self.out = halves(conv.Conv(3, 3, 3, padding=padding)), Leaky()
        self.b = linear(48 if padding else 12, CLASSES)


def signs_of_pictures(net, x):
    first = [2 * s - 1 for s in net.node([net.norm(net.a(x))] * STEPS)]
    return sum(net.b(s.flatten(1)) for s in net.out([net.c(s) for s in first]))


def largest(net, x):
    return torch.stack([net.b(s) for s in net.node([net.a(x)] * STEPS)]).amax(0) * 2 + 1


def loop(net, x):
    return sum(net.b(s) for s in net.node([net.a(x)] * STEPS))


class Weights(nn.Module):
    """Weights that `quantise` makes of others, on constants."""

    def __init__(self, quantise):
        super().__init__()
        self.a, self.b = nn.Parameter(torch.randn(HIDDEN, 6)), nn.Parameter(torch.randn(CLASSES, HIDDEN))
        self.node, self.quantise = Leaky(), quantise

    def forward(self, x):
        current = F.linear(x.to(torch.float32) / 2, self.quantise(self.a))
        return sum(F.linear(s, self.quantise(self.b)) for s in self.node([current] * STEPS))


def rounded(w):
    return torch.clamp(torch.round(w * 100), 0, 1) - 0.5


def fake_quantised(w):
    return torch.fake_quantize_per_tensor_affine(w, 0.5, 0, -128, 127)


def fake_quantised_each(w):
    scales = 1 / (1 + torch.arange(len(w)).remainder(2))
    return torch.fake_quantize_per_channel_affine(w, scales, torch.zeros(len(w), dtype=torch.int32), 0, -128, 127)


class Two(Flat):
    """Neurons of one kind behind others, and a layer of several currents a neuron."""

    def __init__(self, node):
        super().__init__(lambda net, x: sum(net.out([net.b(s) for s in net.node([net.a(x)] * STEPS)])), node)
        self.out = node()
        self.b = linear(HIDDEN, HIDDEN)


def soft_other(u, s, _):
    return u - 0.75 * s


RESETS = (where_spike, where_number, where_equal, where_none, where_soft, where_below, masked, assigned,
          times_not, times_below, less_product)


def models():
    """Name, model, shape of an input, what else differs from the usual."""
    for how in (batch_repeat, stack_flatten, chunks, parts, interleaved, batch_first, broadcast):
        yield how.__name__, lambda how=how: Flat(how), FLAT, {}
    for how in (fold_picture, fold_picture_twice, behind_batch):
        yield how.__name__, lambda how=how: Picture(how), IMAGE, {}
    for name, repeat, node in (
        ("jelly_repeat", repeated, lif), ("jelly_expand", expanded, node_if), ("jelly_stack", stacked, lif)):
        yield name, lambda repeat=repeat, node=node: Jelly(
            repeat, Convolution(2, 3), node(), layer.MaxPool2d(2), Convolution(3, 3), node(),
            layer.Flatten(), linear(12, CLASSES)), IMAGE, {"exporters": exports.DYNAMO}
    yield "largest", lambda: Flat(largest), FLAT, {}
    yield "jelly_largest", lambda: Jelly(
        repeated, linear(6, HIDDEN), lif(), linear(HIDDEN, CLASSES), together=largest_of_all), FLAT, {
            "exporters": exports.DYNAMO}
    yield "jelly_linear", lambda: Jelly(repeated, linear(6, HIDDEN), lif(), linear(HIDDEN, CLASSES)), FLAT, {
        "exporters": exports.DYNAMO}
    for reset in RESETS:
        yield reset.__name__, lambda reset=reset: Flat(loop, lambda: Cells(reset)), FLAT, {}
    for how in (signs_by_where, signs_by_factor):
        yield how.__name__, lambda how=how: Flat(how), FLAT, {}
    yield "signs_between", lambda: Both(signs_between), FLAT, {}
    for name, padding in (("signs_padded", 1), ("signs_inside", 0)):
        yield name, lambda padding=padding: Deep(signs_of_pictures, padding), IMAGE, {}
    yield "spikes_and_membranes", lambda: Both(spikes_and_membranes), FLAT, {}
    yield "sums_of_both", lambda: Both(sums_of_both, reset_mechanism="zero"), FLAT, {}
    yield "membrane_and_spikes", lambda: Both(membrane_and_spikes), FLAT, {"output": 1}
    zero, above = {"reset_mechanism": "zero"}, {"threshold": 0.75}
    for name, how, last in (
        ("membranes", membranes, Leaky), ("membranes_sum", membranes_sum, Leaky),
        ("membranes_mean", membranes_mean, lambda: Leaky(**above)), ("membranes_last", membranes_last, Leaky),
        ("membranes_zero", membranes, lambda: Leaky(**zero)),
        ("membranes_zero_mean", membranes_mean, lambda: Leaky(**zero)),
        ("membranes_shown", membranes_shown, Leaky), ("membranes_synaptic", membranes, synaptic),
        ("membranes_synaptic_zero", membranes_mean, lambda: synaptic(**zero)),
        ("membranes_alpha", membranes_sum, alpha), ("membranes_largest", membranes_largest, Leaky),
        ("membranes_largest_none", membranes_largest, lambda: Leaky(reset_mechanism="none")),
        ("membranes_amax", membranes_amax, lambda: Leaky(**zero)),
        ("membranes_maximum", membranes_maximum, synaptic),
        ("membranes_left_soft", membranes_sum, lambda: Cells(where_soft)),
        ("membranes_left_zero", membranes, lambda: Cells(where_spike)),
        ("membranes_left_number", membranes_mean, lambda: Cells(where_number))):
        yield name, lambda how=how, last=last: Membranes(how, last), FLAT, {"membranes": True}
    for name, reset in (("soft", None), ("hard", 0.0)):
        yield f"jelly_membranes_{name}", lambda reset=reset: Membranes(
            membranes, lambda: Stepped(v_reset=reset)), FLAT, {
                "exporters": exports.DYNAMO, "membranes": True}
    yield "held", lambda: Flat(held), FLAT, {"time": 0, "options": {"input_static": True}}
    for name, node in (
        ("synaptic", synaptic), ("rleaky", lambda: rleaky(linear_features=HIDDEN)),
        ("rsynaptic", lambda: rsynaptic(linear_features=HIDDEN))):
        yield name, lambda node=node: Flat(loop, node), FLAT, {}
        yield f"{name}_twice", lambda node=node: Two(node), FLAT, {}
    for name, node in (
        ("synaptic", lambda: synaptic(**zero)), ("rleaky", lambda: rleaky(linear_features=HIDDEN, **zero)),
        ("rsynaptic", lambda: rsynaptic(linear_features=HIDDEN, **zero))):
        yield f"{name}_zero", lambda node=node: Flat(loop, node), FLAT, {}
        yield f"{name}_zero_twice", lambda node=node: Two(node), FLAT, {}
    yield "rleaky_own_zero", lambda: Flat(loop, lambda: rleaky(**own(), **zero)), FLAT, {}
    yield "rsynaptic_own_zero", lambda: Two(lambda: rsynaptic(**own(), **zero)), FLAT, {}
    yield "rleaky_picture_zero", lambda: Picture(
        picture_loop, lambda: rleaky(conv2d_channels=3, kernel_size=3, **zero)), IMAGE, {}
    yield "synaptic_none", lambda: Flat(loop, lambda: synaptic(reset_mechanism="none")), FLAT, {}
    yield "alpha", lambda: Flat(loop, alpha), FLAT, {}
    yield "alpha_twice", lambda: Two(alpha), FLAT, {}
    yield "rleaky_own", lambda: Flat(loop, lambda: rleaky(**own())), FLAT, {}
    yield "rsynaptic_own", lambda: Two(lambda: rsynaptic(**own())), FLAT, {}
    yield "rleaky_picture", lambda: Picture(
        picture_loop, lambda: rleaky(conv2d_channels=3, kernel_size=3)), IMAGE, {}
    for reset in (where_spike, where_soft):
        yield f"loop_{reset.__name__}", lambda reset=reset: Flat(loop, lambda: Loop(reset)), FLAT, {}
    yield "soft_other", lambda: Flat(loop, lambda: Cells(soft_other)), FLAT, {}
    for quantise in (rounded, fake_quantised, fake_quantised_each):
        more = {} if quantise is rounded else {"options": {"int8": True}}
        yield quantise.__name__, lambda quantise=quantise: Weights(quantise), FLAT, more
    each = torch.tensor([0.5, 0.0, -0.25, 0.25, -0.5, 0.0, 1.0, 0.5])
    for name, threshold in (("rest", 0.0), ("below_rest", -0.25), ("rest_each", each)):
        for reset in ("subtract", "zero", "none"):
            more = {"threshold": threshold, "reset_mechanism": reset}
            yield f"{name}_{reset}", lambda more=more: Flat(loop, lambda: Leaky(**more)), FLAT, {}
    for reset in (where_spike, where_soft):
        yield f"rest_{reset.__name__}", lambda reset=reset: Flat(loop, lambda: Cells(reset, 0.0)), FLAT, {}
    falling, other = (1.25, 1.0, 0.5, 0.25), (1.0, 0.75, 0.5, 0.0)
    for name, how, more in (
        ("encoder", encoded_alike, {}), ("encoder_each", encoded_each, {"thresholds": falling}),
        ("encoder_at_least", encoded_each, {"thresholds": (1.5, 1.0, 0.75, 0.5), "at_least": True}),
        ("encoder_once", encoded_once, {"thresholds": [3 * pair for pair in zip(falling, other)]})):
        yield name, lambda how=how, more=more: Encoded(how, **more), FLAT, {}


NEURONS = (Encoder, Cell, snntorch.Leaky, snntorch.Synaptic, snntorch.Alpha, snntorch.RLeaky, snntorch.RSynaptic,
           neuron.LIFNode, neuron.IFNode)


def spikes(model, x):
    """The spikes of every layer as `[sample][layer]` strings of all timesteps, and the output."""
    taken = {}

    def hook(module, _, out):
        spk = out[0] if isinstance(out, tuple) else out
        taken.setdefault(module, []).extend(spk if getattr(module, "step_mode", "s") == "m" else [spk])

    hooks = [m.register_forward_hook(hook) for m in model.modules() if isinstance(m, NEURONS)]
    with torch.no_grad():
        out = model(x)
    for h in hooks:
        h.remove()
    layers = [torch.stack(steps, 1).flatten(1).int().tolist() for steps in taken.values()]
    return [["".join(map(str, fired)) for fired in sample] for sample in zip(*layers)], out


def each_sample(out):
    """The output of each sample, `[batch, class]` or `[timestep, batch, class]`, as a row."""
    return out if out.dim() == 2 else out.transpose(0, 1).flatten(1)


def on_threshold(make, seed, x, membranes):
    """How many samples have a spike that depends on what a membrane on its threshold does; of
    membranes that are the output, how many have an output that does."""
    runs = []
    for more in (-1e-6, 1e-6):
        torch.manual_seed(seed)
        model = make().eval()
        for module in model.modules():
            if isinstance(module, NEURONS[:7]):
                module.threshold += more
            elif isinstance(module, NEURONS):
                module.v_threshold += more
        fired, out = spikes(model, x)
        # What a spike changes is far more than what was added to the threshold.
        runs.append(each_sample(out).mul(1000).round().tolist() if membranes else fired)
    return sum(a != b for a, b in zip(*runs))


def record(name, make, shape, seed, time=None, exporters=exports.BOTH, options=None, output=None,
           membranes=False):
    """The entry of expected.json; none if too few samples come to a threshold."""
    torch.manual_seed(seed)
    model = make().eval().requires_grad_(False)
    levels = np.random.default_rng(seed).integers(0, 4, (SAMPLES, *shape))
    x = torch.from_numpy(levels).to(torch.uint8)
    if time == 0:
        x = x.expand(STEPS, *x.shape).contiguous()
    ties = on_threshold(make, seed, x, membranes)
    if ties < SAMPLES // 3:
        return None
    fired, outputs = spikes(model, x)
    outputs = outputs if isinstance(outputs, tuple) else (outputs,)
    for exporter, opset in exporters:
        path = HERE / f"{name}_{exporter}.onnx"
        # `chunk` fixes the batch, so all are asked for by twos.
        pairs = x.split(2, 1 if time == 0 else 0)
        exports.export(model, pairs[0].clone(), path, exporter, opset, time, False)
        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        got = zip(*(session.run(None, {"x": p.numpy()}) for p in pairs))
        for pieces, whole in zip(got, outputs):
            # `[batch, class]`, or `[timestep, batch, class]`.
            assert np.array_equal(np.concatenate(pieces, whole.dim() - 2), whole.numpy()), name
    want = each_sample(outputs[output or 0])
    if membranes:
        # Nobody sees the spikes of the last layer.
        fired = [sample[:-1] for sample in fired]
    return {"exporters": [e for e, _ in exporters], "options": options or {}, "on_threshold": ties,
            "input": levels.reshape(SAMPLES, -1).tolist(), "spikes": fired, "logits": want.tolist()}


def main():
    args = argparse.ArgumentParser(description=__doc__)
    args.add_argument("names", nargs="*", help="only these models")
    names = args.parse_args().names
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    file = HERE / "expected.json"
    expected = json.loads(file.read_text()) if names else {}
    for name, make, shape, more in models():
        if names and name not in names:
            continue
        tries = (record(name, make, shape, seed, **more) for seed in range(7, 60))
        expected[name] = next(entry for entry in tries if entry)
        print(name, expected[name]["on_threshold"])
    lines = (f"{json.dumps(k)}: {json.dumps(v, separators=(',', ':'))}" for k, v in expected.items())
    file.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
