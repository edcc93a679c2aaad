# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Makes the NIR files beside it, with random inputs and the outputs of who wrote them.

    pip install -r requirements.txt
    python make.py

NAME.nir     the graph
NAME.in.npy  inputs [sample, timestep, ...] in sixteenths, int8
NAME.out.npy outputs [sample, timestep, ...]: of the framework (snnTorch, norse, sinabs,
             SpikingJelly, in single precision), or of euler.py in double precision
models.json  what the files do not say, and the least distance between a membrane and its
             threshold in any run (`margin`)

A model's weights and inputs come from a seed. A seed is taken only if no membrane comes
nearer to its threshold than 1e-5, because at such a place single and double precision may
differ rightly; and only if euler.py fires the framework's spikes. So the files show that
the equations agree, not what rounding does.

ties_NAME.nir with ties_NAME.out.npy are the opposite: weights of ±0.5 and ±1, inputs of 0 and 1
(ties.in.npy, for all of them), so that membranes stand on their thresholds again and again.
Leaks have few binary digits and nothing is rounded, so that single precision is exact. The
outputs are the frameworks'. ties.json has the options that say what a framework means.
"""
import json
import pathlib

import h5py
import nir
import numpy as np
import torch

from euler import run

HERE = pathlib.Path(__file__).parent
SAMPLES, STEPS, MARGIN = 100, 6, 1e-5
MODELS = []


def record(name, build, shape, dt, reset, scale=1.0, write=nir.write):
    """`build(rng)` gives a graph and, for a framework, a function from inputs to outputs."""
    for seed in range(200):
        rng = np.random.default_rng(seed)
        torch.manual_seed(seed)
        graph, forward = build(rng)
        levels = rng.integers(-24, 40, (SAMPLES, STEPS, *shape)).astype(np.int8)
        inputs = levels / 16 * scale
        runs = [run(graph, x, dt, reset) for x in inputs]
        euler, margin = np.stack([r[0] for r in runs]), min(r[1] for r in runs)
        if margin < MARGIN:
            continue
        out = euler
        if forward is not None:
            with torch.no_grad():
                out = np.stack([forward(torch.tensor(x, dtype=torch.float32)) for x in inputs])
            worst = np.abs(out - euler).max()
            if worst > 0:
                print(f"  {name} seed {seed}: framework and euler differ by {worst}")
                continue
        spikes = bool(np.isin(out, (0, 1)).all())
        if spikes and not 0.03 < out.mean() < 0.97:
            continue
        write(HERE / f"{name}.nir", graph)
        np.save(HERE / f"{name}.in.npy", levels)
        np.save(HERE / f"{name}.out.npy", out.astype(np.uint8 if spikes else np.float32))
        margin = None if np.isinf(margin) else float(f"{margin:.2g}")
        MODELS.append(dict(name=name, dt=dt, reset=reset, timesteps=STEPS, scale=scale / 16,
                           spikes=spikes, margin=margin, seed=seed))
        print(f"{name}: seed {seed}, mean output {out.mean():.3f}, margin {margin}")
        return
    raise SystemExit(f"{name}: no seed fits")


# --- frameworks -------------------------------------------------------------------------


def each_step(net, reset, first=lambda y: y):
    """A forward over timesteps for a net that keeps its state."""
    def forward(x):
        reset()
        return np.stack([first(net(v[None])).numpy()[0] for v in x])
    return forward


def snntorch(layers, recurrent=False):
    import snntorch as snn
    from snntorch.export_nir import export_to_nir

    def build(rng):
        net = layers(snn, torch.nn)
        first = lambda y: y[0]
        graph = export_to_nir(net, torch.randn(1, 6), ignore_dims=[0])
        # `utils.reset` forgets a recurrent layer's last spikes.
        clear = lambda: [m.reset_mem() for m in net if hasattr(m, "reset_mem")]
        return graph, each_step(net, clear, first)
    return build


def leaky(mechanism):
    def layers(snn, nn):
        lif = lambda n, b, **k: snn.Leaky(beta=torch.full((n,), b), threshold=torch.full((n,), 0.75),
                                          reset_mechanism=mechanism, init_hidden=True, **k)
        return nn.Sequential(nn.Linear(6, 5), lif(5, 0.9), nn.Linear(5, 3), lif(3, 0.5, output=True))
    return layers


def synaptic(snn, nn):
    lif = lambda n, a, b, **k: snn.Synaptic(alpha=torch.full((n,), a), beta=torch.full((n,), b),
                                            threshold=torch.ones(n), init_hidden=True, **k)
    return nn.Sequential(nn.Linear(6, 5), lif(5, 0.75, 0.9), nn.Linear(5, 3), lif(3, 0.5, 0.8, output=True))


def recurrent(snn, nn):
    rec = snn.RSynaptic(alpha=0.75, beta=0.9, all_to_all=True, linear_features=5, init_hidden=True)
    out = snn.Leaky(beta=torch.full((3,), 0.5), threshold=torch.full((3,), 0.5), init_hidden=True, output=True)
    return nn.Sequential(nn.Linear(6, 5), rec, nn.Linear(5, 3), out)


def norse(rng):
    import norse.torch as norse
    from norse.torch.utils.export_nir import to_nir
    p = lambda n: norse.LIFBoxParameters(tau_mem_inv=torch.full((n,), 400.0), v_th=torch.full((n,), 0.3),
                                         v_leak=torch.zeros(n), v_reset=torch.zeros(n))
    net = norse.SequentialState(torch.nn.Linear(6, 5), norse.LIFBoxCell(p(5)),
                                torch.nn.Linear(5, 3), norse.LIFBoxCell(p(3)))

    def forward(x):
        state, out = None, []
        for v in x:
            y, state = net(v[None], state)
            out.append(y.numpy()[0])
        return np.stack(out)
    return to_nir(net, torch.randn(6)), forward


def sinabs(rng):
    import sinabs.activation as sa
    import sinabs.layers as sl
    from sinabs.nir import to_nir
    iaf = lambda: sl.IAFSqueeze(batch_size=1, spike_fn=sa.SingleSpike, min_v_mem=None)
    net = torch.nn.Sequential(torch.nn.Conv2d(2, 3, 3, padding=1), iaf(), sl.SumPool2d(2),
                              torch.nn.Flatten(), torch.nn.Linear(12, 3), iaf())
    with torch.no_grad():
        net(torch.randn(4, 2, 4, 4))
    graph = to_nir(net, torch.randn(4, 2, 4, 4))
    # The exporter leaves these out, and `nir.write` cannot write None.
    for node in graph.nodes.values():
        if isinstance(node, nir.Conv2d):
            node.input_shape = (4, 4)
        if isinstance(node, nir.Flatten):
            node.input_type = {"input": np.array([3, 2, 2])}

    def forward(x):
        for m in net:
            if hasattr(m, "reset_states"):
                m.reset_states()
        return net(x).numpy()
    return graph, forward


def spikingjelly(rng):
    from spikingjelly.activation_based import functional, layer, neuron
    from spikingjelly.activation_based.nir_exchange.to_nir import export_to_nir
    net = torch.nn.Sequential(layer.Linear(6, 5), neuron.LIFNode(tau=2.0, v_threshold=0.5),
                              layer.Linear(5, 3), neuron.IFNode(v_threshold=0.75))
    graph = export_to_nir(net, torch.randn(1, 6))
    return graph, each_step(net, lambda: functional.reset_net(net))


# --- on the threshold -------------------------------------------------------------------


def halves(rng, layer):
    """Weights of ±0.5, more of them positive, and the first of each neuron twice that: another
    magnitude, so that they are written as ONNX and read back as what they were."""
    with torch.no_grad():
        layer.weight.copy_(torch.tensor(rng.choice([-0.5, 0.5, 0.5], layer.weight.shape)))
        layer.weight[:, 0] *= 2
    return layer


def ties_snntorch(neuron):
    """`neuron(snn, n, **more)` gives n neurons."""
    def build(rng):
        import snntorch as snn
        from snntorch.export_nir import export_to_nir
        nn = torch.nn
        net = nn.Sequential(halves(rng, nn.Linear(6, 5, bias=False)), neuron(snn, 5),
                            halves(rng, nn.Linear(5, 3, bias=False)), neuron(snn, 3, output=True))
        graph = export_to_nir(net, torch.randn(1, 6), ignore_dims=[0])
        clear = lambda: [m.reset_mem() for m in net if hasattr(m, "reset_mem")]
        return graph, each_step(net, clear, lambda y: y[0])
    return build


def ties_leaky(beta, threshold=1.0, mechanism="subtract"):
    return ties_snntorch(lambda snn, n, **more: snn.Leaky(
        beta=torch.full((n,), beta), threshold=torch.full((n,), threshold),
        reset_mechanism=mechanism, init_hidden=True, **more))


def ties_synaptic(snn, n, **more):
    return snn.Synaptic(alpha=torch.full((n,), 0.5), beta=torch.full((n,), 0.75),
                        threshold=torch.full((n,), 1.0), init_hidden=True, **more)


def ties_spikingjelly(make):
    def build(rng):
        from spikingjelly.activation_based import functional, layer, neuron
        from spikingjelly.activation_based.nir_exchange.to_nir import export_to_nir
        net = torch.nn.Sequential(halves(rng, layer.Linear(6, 5, bias=False)), make(neuron),
                                  halves(rng, layer.Linear(5, 3, bias=False)), make(neuron))
        return export_to_nir(net, torch.randn(1, 6)), each_step(net, lambda: functional.reset_net(net))
    return build


def ties_norse(rng):
    import norse.torch as norse
    from norse.torch.utils.export_nir import to_nir
    p = lambda n: norse.LIFBoxParameters(tau_mem_inv=torch.full((n,), 500.0), v_th=torch.full((n,), 0.5),
                                         v_leak=torch.zeros(n), v_reset=torch.zeros(n))
    net = norse.SequentialState(halves(rng, torch.nn.Linear(6, 5, bias=False)), norse.LIFBoxCell(p(5)),
                                halves(rng, torch.nn.Linear(5, 3, bias=False)), norse.LIFBoxCell(p(3)))

    def forward(x):
        state, out = None, []
        for v in x:
            y, state = net(v[None], state)
            out.append(y.numpy()[0])
        return np.stack(out)
    return to_nir(net, torch.randn(6)), forward


def ties_sinabs(rng):
    import sinabs.activation as sa
    import sinabs.layers as sl
    from sinabs.nir import to_nir
    iaf = lambda: sl.IAFSqueeze(batch_size=1, spike_fn=sa.SingleSpike, min_v_mem=None)
    net = torch.nn.Sequential(halves(rng, torch.nn.Linear(6, 5, bias=False)), iaf(), halves(rng, torch.nn.Linear(5, 3, bias=False)), iaf())

    def forward(x):
        for m in net:
            if hasattr(m, "reset_states"):
                m.reset_states()
        return net(x).numpy()
    with torch.no_grad():
        net(torch.randn(4, 6))
    return to_nir(net, torch.randn(4, 6)), forward


TIES = [
    ("snntorch_half", ties_leaky(0.5), dict(by="snntorch")),
    ("snntorch_three_quarters", ties_leaky(0.75), dict(by="snntorch")),
    ("snntorch_seven_eighths", ties_leaky(0.875), dict(by="snntorch")),
    ("snntorch_threshold", ties_leaky(0.5, threshold=1.25), dict(by="snntorch")),
    ("snntorch_zero", ties_leaky(0.5, mechanism="zero"), dict(by="snntorch", reset="hard")),
    ("snntorch_synaptic", ties_snntorch(ties_synaptic), dict(by="snntorch")),
    ("spikingjelly_if", ties_spikingjelly(lambda n: n.IFNode()), dict(by="spikingjelly")),
    ("spikingjelly_if_below", ties_spikingjelly(lambda n: n.IFNode(v_reset=-0.5)), dict(by="spikingjelly")),
    ("spikingjelly_lif", ties_spikingjelly(lambda n: n.LIFNode(v_threshold=0.5)), dict(by="spikingjelly")),
    ("spikingjelly_whole", ties_spikingjelly(lambda n: n.LIFNode(decay_input=False)), dict(by="spikingjelly")),
    ("norse", ties_norse, dict(by="norse")),
    ("sinabs", ties_sinabs, dict(by="sinabs")),
]


def ties():
    rng = np.random.default_rng(0)
    levels = rng.integers(0, 2, (SAMPLES, 8, 6)).astype(np.int8)
    np.save(HERE / "ties.in.npy", levels)
    models = []
    for name, build, means in TIES:
        torch.manual_seed(0)
        graph, forward = build(rng)
        with torch.no_grad():
            out = np.stack([forward(torch.tensor(x, dtype=torch.float32)) for x in levels])
        contiguous(HERE / f"ties_{name}.nir", graph)
        np.save(HERE / f"ties_{name}.out.npy", out.astype(np.uint8))
        models.append(dict(name=f"ties_{name}", **means))
        print(f"ties_{name}: mean output {out.mean():.3f}")
    lines = ",\n".join("  " + json.dumps(m) for m in models)
    (HERE / "ties.json").write_text(f"[\n{lines}\n]\n")


# --- one node each ----------------------------------------------------------------------


def alone(make):
    def build(rng):
        nodes = make(rng)
        nodes = nodes if isinstance(nodes, list) else [nodes]
        # The package's check of shapes knows neither groups nor windows that are not square.
        return nir.NIRGraph.from_list(*nodes, type_check=False), None
    return build


def around(make, shape, out):
    """Between an Input and an Output, for nodes that do not know their shape."""
    return alone(lambda rng: [nir.Input(np.array(shape)), make(rng), nir.Output(np.array(out))])


def each(*values):
    return np.array(values)


U = lambda rng, *s: rng.uniform(-1, 1, s).astype(np.float32)
NODES = [
    ("linear", alone(lambda r: nir.Linear(U(r, 2, 3))), (3,)),
    ("affine", alone(lambda r: nir.Affine(U(r, 2, 3), U(r, 2))), (3,)),
    ("scale", alone(lambda r: nir.Scale(each(0.5, -2.0, 3.0))), (3,)),
    ("threshold", alone(lambda r: nir.Threshold(each(0.03, -0.28, 1.53))), (3,)),
    ("delay", alone(lambda r: nir.Delay(each(0.0, 0.01, 0.03))), (3,)),
    ("i", alone(lambda r: nir.I(each(50.0, 100.0, -30.0))), (3,)),
    ("li", alone(lambda r: nir.LI(each(0.02, 0.05, 0.01), each(1.0, 2.0, -1.0), each(0.0, 0.5, -0.5))), (3,)),
    ("if", alone(lambda r: nir.IF(each(50.0, 100.0, 30.0), each(0.7, 1.1, 0.61))), (3,)),
    ("lif", alone(lambda r: nir.LIF(each(0.02, 0.05, 0.01), each(1.0, 2.0, 1.0), each(0.0, 0.3, -0.2),
                                    each(0.4, 0.5, 1.01), each(0.0, 0.1, -0.15))), (3,)),
    ("cubali", alone(lambda r: nir.CubaLI(each(0.02, 0.05, 0.01), each(0.03, 0.02, 0.1), each(1.0, 2.0, 1.0),
                                          each(0.0, 0.3, -0.2), each(1.0, 2.0, 3.0))), (3,)),
    ("cubalif", alone(lambda r: nir.CubaLIF(each(0.02, 0.05, 0.015), each(0.03, 0.02, 0.1), each(1.0, 2.0, 4.0),
                                            each(0.0, 0.1, -0.2), each(0.2, 0.3, 0.4), each(0.0, 0.1, 0.0),
                                            each(1.0, 2.0, 3.0))), (3,)),
    ("conv1d", around(lambda r: nir.Conv1d(5, U(r, 4, 1, 3), 2, 1, 1, 2, U(r, 4)), (2, 5), (4, 3)), (2, 5)),
    ("conv2d", around(lambda r: nir.Conv2d((3, 4), U(r, 1, 2, 2, 3), 1, "same", 1, 1, U(r, 1)), (2, 3, 4), (1, 3, 4)),
     (2, 3, 4)),
    ("sumpool2d", around(lambda r: nir.SumPool2d(each(2, 2), each(2, 1), each(1, 0)), (2, 4, 3), (2, 3, 2)), (2, 4, 3)),
    ("avgpool2d", around(lambda r: nir.AvgPool2d(each(2, 2), each(2, 2), each(1, 1)), (2, 4, 3), (2, 3, 2)), (2, 4, 3)),
    ("flatten", around(lambda r: nir.Flatten({"input": each(2, 2, 3)}, 1, -1), (2, 2, 3), (2, 6)), (2, 2, 3)),
]


def two_edges(rng):
    """Two branches whose streams add up, and a recurrent LI."""
    shape = np.array([3])
    nodes = {"input": nir.Input(shape), "a": nir.Linear(U(rng, 3, 3)), "b": nir.Affine(U(rng, 3, 3), U(rng, 3)),
             "li": nir.LI(each(0.02, 0.05, 0.02), np.ones(3), np.zeros(3)), "w": nir.Linear(U(rng, 3, 3) / 4),
             "output": nir.Output(shape)}
    edges = [("input", "a"), ("input", "b"), ("a", "li"), ("b", "li"), ("li", "w"), ("w", "li"), ("li", "output")]
    return nir.NIRGraph(nodes, edges), None


def channels(rng):
    """Parameters of one number and of one a channel."""
    lif = nir.LIF(each(0.02, 0.05), each(1.0, 2.0), each(0.0, 0.1), each(0.4, 0.5), np.zeros(2))
    nodes = {"input": nir.Input(np.array([2, 2, 2])), "lif": lif, "output": nir.Output(np.array([2, 2, 2]))}
    return nir.NIRGraph(nodes, [("input", "lif"), ("lif", "output")], type_check=False), None


def contiguous(path, graph):
    """As versions before 1.0.5 wrote: less than half the size for many small arrays."""
    nir.write(path, graph, compression=None)


def old(path, graph):
    """As very early versions: contiguous, strings of fixed length, no version, no v_reset."""
    with h5py.File(path, "w") as f:
        g = f.create_group("node")
        g["type"] = np.bytes_("NIRGraph")
        g["edges"] = np.array(graph.edges, dtype="S16")
        for name, node in graph.nodes.items():
            for key, value in node.to_dict().items():
                if key not in ("metadata", "v_reset"):
                    g[f"nodes/{name}/{key}"] = np.bytes_(value) if isinstance(value, str) else value


def main():
    for name, build, shape in NODES:
        record(f"node_{name}", build, shape, 0.01, "hard")
    record("add_recurrent", two_edges, (3,), 0.01, "none")
    record("channels", channels, (2, 2, 2), 0.01, "soft")
    lif = dict((n, b) for n, b, _ in NODES)["lif"]
    record("old_contiguous", lambda r: (lambda g: (nir.NIRGraph(
        {**g.nodes, "lif": nir.LIF(*(getattr(g.nodes["lif"], k) for k in ("tau", "r", "v_leak", "v_threshold")))},
        g.edges), None))(lif(r)[0]), (3,), 0.01, "hard", write=old)
    record("snntorch_leaky", snntorch(leaky("subtract")), (6,), 1e-4, "soft-delayed", write=contiguous)
    record("snntorch_zero", snntorch(leaky("zero")), (6,), 1e-4, "hard", write=contiguous)
    record("snntorch_synaptic", snntorch(synaptic), (6,), 1e-4, "soft-delayed", write=contiguous)
    record("snntorch_rsynaptic", snntorch(recurrent), (6,), 1e-4, "soft-delayed", write=contiguous)
    record("norse_lif", norse, (6,), 1e-6, "hard")
    record("sinabs_iaf", sinabs, (2, 4, 4), 1.0, "soft")
    record("spikingjelly_lif", spikingjelly, (6,), 1e-4, "hard", write=contiguous)
    lines = ",\n".join("  " + json.dumps(m) for m in MODELS)
    (HERE / "models.json").write_text(f"[\n{lines}\n]\n")
    ties()


if __name__ == "__main__":
    main()
