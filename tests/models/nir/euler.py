# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Runs a NIR graph by forward Euler in double precision, slowly and plainly.

The reference for nodes that no framework exports, and the measure of how near a membrane
comes to its threshold.
"""
import numpy as np
import nir


def flatten(graph, prefix=""):
    """Nodes by dotted path, edges as pairs of paths."""
    nodes, edges = {}, []
    for name, node in graph.nodes.items():
        if isinstance(node, nir.NIRGraph):
            inner, more = flatten(node, prefix + name + ".")
            nodes.update(inner)
            edges += more
        else:
            nodes[prefix + name] = node
    for a, b in graph.edges:
        if isinstance(graph.nodes[a], nir.NIRGraph):
            a += "." + next(k for k, n in graph.nodes[a].nodes.items() if isinstance(n, nir.Output))
        if isinstance(graph.nodes[b], nir.NIRGraph):
            b += "." + next(k for k, n in graph.nodes[b].nodes.items() if isinstance(n, nir.Input))
        edges.append((prefix + a, prefix + b))
    return nodes, edges


def order(nodes, edges, output):
    """Each node after what leads into it, but for edges that close a cycle."""
    done, path = [], set()

    def visit(name):
        if name in done or name in path:
            return
        path.add(name)
        for a in sorted(a for a, b in edges if b == name):
            visit(a)
        path.remove(name)
        done.append(name)

    visit(output)
    return done


def pair(v):
    return [int(x) for x in np.broadcast_to(np.asarray(v), (2,))]


def windows(x, kernel, stride, padding, dilation):
    """[C, H, W] to [C, H', W', kh, kw]; padding is (before, after) of each dimension."""
    x = np.pad(x, [(0, 0), *padding])
    reach = [d * (k - 1) + 1 for k, d in zip(kernel, dilation)]
    v = np.lib.stride_tricks.sliding_window_view(x, reach, axis=(1, 2))
    return v[:, :: stride[0], :: stride[1], :: dilation[0], :: dilation[1]]


def conv(node, x, dims):
    w = np.asarray(node.weight, float)
    stride, dilation, padding = node.stride, node.dilation, node.padding
    if dims == 1:
        x, w = x[:, None, :], w[:, :, None, :]
        one = lambda v: int(np.asarray(v).reshape(-1)[0])
        stride, dilation = [1, one(stride)], [1, one(dilation)]
        padding = padding if isinstance(padding, str) else [0, one(padding)]
    else:
        stride, dilation = pair(stride), pair(dilation)
        padding = padding if isinstance(padding, str) else pair(padding)
    if padding == "valid":
        padding = [0, 0]
    if padding == "same":
        total = [d * (k - 1) for d, k in zip(dilation, w.shape[2:])]
        padding = [(t // 2, t - t // 2) for t in total]
    else:
        padding = [(p, p) for p in padding]
    v = windows(x, w.shape[2:], stride, padding, dilation)
    groups, out = int(node.groups), w.shape[0]
    inputs = x.shape[0] // groups
    y = np.stack([
        np.einsum("chwij,cij->hw", v[o * groups // out * inputs :][:inputs], w[o]) for o in range(out)
    ])
    y = y + np.asarray(node.bias, float)[:, None, None]
    return y[:, 0, :] if dims == 1 else y


def spread(p, shape):
    p = np.asarray(p, float)
    if p.ndim == 1 and len(shape) > 1 and p.shape[0] == shape[0]:
        p = p.reshape([-1] + [1] * (len(shape) - 1))
    return np.broadcast_to(p.reshape(p.shape[-len(shape):]) if p.ndim > len(shape) else p, shape)


class State:
    """What nodes remember; `margin` is the least distance of a membrane to its threshold."""

    def __init__(self, dt, reset):
        self.dt, self.reset, self.margin = dt, reset, np.inf
        self.v, self.i, self.history, self.fired = {}, {}, {}, {}

    def membrane(self, name, node, x, tau):
        s = x.shape
        r = spread(node.r, s)
        v = self.v.get(name, np.zeros(s))
        if tau is None:
            return v + self.dt * r * x
        q = self.dt / spread(tau, s)
        return v + q * (spread(node.v_leak, s) - v + r * x)

    def fire(self, name, node, u, leak):
        theta = spread(node.v_threshold, u.shape)
        fired = self.fired.get(name, np.zeros(u.shape))
        if self.reset == "soft-delayed":
            u = u - theta * fired
        z = (u > theta).astype(float)
        self.margin = min(self.margin, np.abs(u - theta).min())
        if self.reset == "hard":
            u = np.where(z > 0, spread(node.v_reset, u.shape), u)
        if self.reset == "soft":
            u = u - theta * z
        self.v[name], self.fired[name] = u, z
        return z

    def step(self, name, node, x):
        kind = type(node).__name__
        if kind in ("Input", "Output"):
            return x
        if kind in ("Linear", "Affine"):
            y = np.asarray(node.weight, float) @ x
            return y + (np.asarray(node.bias, float) if kind == "Affine" else 0)
        if kind in ("Conv1d", "Conv2d"):
            return conv(node, x, int(kind[4]))
        if kind in ("SumPool2d", "AvgPool2d"):
            p = [(v, v) for v in pair(node.padding)]
            v = windows(x, pair(node.kernel_size), pair(node.stride), p, [1, 1])
            return v.sum((-1, -2)) if kind[0] == "S" else v.mean((-1, -2))
        if kind == "Flatten":
            end = node.end_dim % x.ndim
            return x.reshape(x.shape[: node.start_dim] + (-1,) + x.shape[end + 1 :])
        if kind == "Scale":
            return x * spread(node.scale, x.shape)
        if kind == "Threshold":
            return (x > spread(node.threshold, x.shape)).astype(float)
        if kind == "Delay":
            past = self.history.setdefault(name, [])
            past.append(x)
            steps = np.rint(spread(node.delay, x.shape) / self.dt).astype(int)
            at = lambda i: past[-1 - steps[i]][i] if steps[i] < len(past) else 0.0
            return np.array([at(i) for i in np.ndindex(x.shape)]).reshape(x.shape)
        if kind.startswith("Cuba"):
            q = self.dt / spread(node.tau_syn, x.shape)
            i = self.i.get(name, np.zeros(x.shape))
            x = self.i[name] = (1 - q) * i + q * spread(node.w_in, x.shape) * x
        tau = None if kind in ("I", "IF") else node.tau_mem if kind.startswith("Cuba") else node.tau
        u = self.membrane(name, node, x, tau)
        if kind in ("I", "LI", "CubaLI"):
            self.v[name] = u
            return u
        return self.fire(name, node, u, None)


def run(graph, inputs, dt, reset):
    """Output of each timestep for inputs [timestep, ...], and the least margin."""
    nodes, edges = flatten(graph)
    output = next(k for k, n in nodes.items() if isinstance(n, nir.Output) and "." not in k)
    source = next(k for k, n in nodes.items() if isinstance(n, nir.Input) and "." not in k)
    sequence = order(nodes, edges, output)
    state, values, out = State(dt, reset), {}, []
    for x in inputs:
        for name in sequence:
            if name == source:
                values[name] = np.asarray(x, float)
                continue
            parts = [values.get(a) for a, b in sorted(edges) if b == name]
            known = [p for p in parts if p is not None]
            # Only a layer in a cycle sees nothing at first.
            x = sum(known[1:], known[0]) if known else np.zeros(nodes[name].weight.shape[1])
            values[name] = state.step(name, nodes[name], x)
        out.append(values[output])
    return np.stack(out), state.margin
