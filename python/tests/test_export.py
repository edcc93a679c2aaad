# SPDX-License-Identifier: Apache-2.0 OR MIT
"""From PyTorch: networks of one timestep and of all, states, what is refused. Without PyTorch
nothing of this runs; `cargo xtask tutorial` has it."""

import numpy as np
import pytest

import synfire

torch = pytest.importorskip("torch")
snntorch = pytest.importorskip("snntorch")
nn = torch.nn


class Binary(nn.Linear):
    """Weights ±1/8 by the signs of the latent ones."""

    def forward(self, x):
        signs = torch.where(self.weight >= 0, 1.0, -1.0)
        return nn.functional.linear(x, signs / 8)


class Step(nn.Module):
    """One timestep: [n, 16] to [n, 3]."""

    def __init__(self):
        super().__init__()
        self.fc1, self.bn = Binary(16, 24, bias=False), nn.BatchNorm1d(24)
        self.lif = snntorch.Leaky(beta=0.5, init_hidden=True)
        self.fc2 = Binary(24, 3, bias=False)

    def forward(self, x):
        return self.fc2(self.lif(self.bn(self.fc1(x))))


class Loop(nn.Module):
    """All timesteps, of levels; `time` is the dimension that counts them."""

    def __init__(self, step, time=None, end=torch.stack):
        super().__init__()
        self.step, self.time, self.end = step, time, end

    def forward(self, x):
        x = x.to(torch.float32) / 8
        frames = [x] * 4 if self.time is None else x.unbind(self.time)
        return self.end([self.step(frame) for frame in frames])


@pytest.fixture()
def step():
    torch.manual_seed(3)
    step = Step()
    # Statistics like those of training, so that neurons fire.
    for _ in range(20):
        step(torch.randint(0, 16, (64, 16)) / 8)
    return step


@pytest.fixture()
def sample():
    return torch.randint(0, 16, (60, 16), generator=torch.Generator().manual_seed(5)).byte()


def logits(step, frames):
    """Of four timesteps, by PyTorch alone."""
    step.eval()
    step.lif.reset_mem()
    with torch.no_grad():
        return torch.stack([step(frame / 8) for frame in frames]).mean(0).numpy()


def same(model, images, wanted, **how):
    result = model.simulate(images, **how)
    assert np.abs(result.logits_real - wanted).max() < 1e-4
    if result.spikes:
        assert 0.01 < result.firing_rate < 0.9
    return result


def test_one_timestep_is_repeated(step, sample, tmp_path):
    path = synfire.export(step, sample, 4, tmp_path / "a.onnx", input_scale=1 / 8)
    assert path == tmp_path / "a.onnx" and step.training and step.lif.training
    model = synfire.load(path)
    assert (model.timesteps, model.input_bits, model.name) == (4, 8, "a")
    result = same(model, sample, logits(step, [sample] * 4))
    assert result.differences == 0


def test_a_module_is_loaded_as_it_is(step, sample):
    model = synfire.load(step, sample=sample, timesteps=4, input_scale=1 / 8, keep_timesteps=2)
    assert model.timesteps == 2 and model.name == "step"
    same(model, sample, logits(step, [sample] * 2))
    assert model.hardware().estimate["lut4"] > 0


@pytest.mark.parametrize("end", [torch.stack, sum, lambda s: sum(s) / len(s)])
def test_a_forward_may_loop_by_itself(step, sample, end):
    model = synfire.load(Loop(step, end=end), sample=sample)
    same(model, sample, logits(step, [sample] * 4) * (4 if end is sum else 1))


@pytest.mark.parametrize("axis", [0, 1])
def test_inputs_may_change(step, axis):
    generator = torch.Generator().manual_seed(7)
    frames = torch.randint(0, 2, (4, 60, 16), generator=generator).byte()
    images, wanted = frames.movedim(0, axis), logits(step, list(frames))
    how = {"sample": images, "time_axis": axis}
    for model in (
        synfire.load(Loop(step, time=axis), **how),
        synfire.load(step, timesteps=4, input_scale=1 / 8, **how),
    ):
        assert model.input_changes and model.timesteps == 4
        same(model, images, wanted, time_axis=axis)


def test_what_cannot_be_imported_is_named(step, sample, tmp_path):
    class Curved(nn.Module):
        def __init__(self):
            super().__init__()
            self.step = step

        def forward(self, x):
            return torch.sigmoid(self.step(x))

    path = tmp_path / "curved.onnx"
    with pytest.raises(synfire.Diagnostic) as caught:
        synfire.export(Curved(), sample, 4, path, input_scale=1 / 8)
    assert caught.value.code == "SF0120" and "igmoid" in str(caught.value) and caught.value.help
    assert not path.exists()


def test_a_forward_that_looks_at_values_is_noticed(step, sample, tmp_path):
    class Peeks(nn.Module):
        def __init__(self):
            super().__init__()
            self.step = step

        def forward(self, x):
            factor = 1.0 if x.shape[0] == 1 else 2.0  # another network for the whole sample
            return self.step(x * factor)

    with pytest.raises(synfire.Diagnostic) as caught:
        synfire.export(Peeks(), sample, 4, tmp_path / "never.onnx", input_scale=1 / 8)
    assert caught.value.code == "SF0601" and "samples" in caught.value.message


def test_states_of_before_do_not_count(step, sample):
    step.eval()(sample / 8)
    model = synfire.load(step, sample=sample, timesteps=4, input_scale=1 / 8)
    same(model, sample, logits(step, [sample] * 4))


def test_spikingjelly(sample):
    neuron = pytest.importorskip("spikingjelly.activation_based.neuron")
    torch.manual_seed(4)

    class Jelly(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc1, self.fc2 = Binary(16, 24, bias=False), Binary(24, 3, bias=False)
            self.lif = neuron.LIFNode(tau=2.0, v_threshold=0.9, v_reset=None)

        def forward(self, x):
            return self.fc2(self.lif(self.fc1(x)))

    model = synfire.load(Jelly(), sample=sample, timesteps=4, input_scale=1 / 2)
    assert model.timesteps == 4 and model.simulate(sample).firing_rate > 0.01
