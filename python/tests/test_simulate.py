# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Arrays in, arrays out: held against PyTorch, the command, and values by hand."""

import threading
import time

import numpy as np
import pytest
from conftest import STUDENT

import synfire
from synfire import command


def test_logits_and_spikes_are_those_of_pytorch(model, images):
    result = model.simulate(images[:200])
    torch = np.load(STUDENT / "logits_torch.npy")
    assert np.abs(result.logits_real - torch.mean(0)[:200]).max() < 2e-5
    (spikes,) = result.spikes.values()
    assert spikes.shape == (200, 4, 128) and spikes.dtype == bool
    # Those of the integers, in which thresholds are rounded.
    fired = np.unpackbits(np.load(STUDENT / "spikes_torch.npy"), axis=2)[:, :200].swapaxes(0, 1)
    assert (spikes != fired).mean() < 2e-4 < fired.mean()
    assert np.array_equal(result.logits.argmax(1), result.classes)


def test_figures_are_those_of_the_command(model, images, labels):
    files = [STUDENT / f"{name}-ubyte.gz" for name in ("images-idx3", "labels-idx1")]
    said = command.run(
        "simulate", model.path, "--images", files[0], "--labels", files[1], "--count", "100"
    )
    result = model.simulate(images[:100], labels=labels[:100])
    assert result.accuracy == pytest.approx(said["accuracy_integer"])
    assert result.accuracy_real == pytest.approx(said["accuracy_real"])
    assert result.class_agreement == pytest.approx(said["class_agreement"])
    assert result.firing_rate == pytest.approx(said["firing_rate"])
    hardware = said["hardware"]
    assert result.differences == hardware["differences_to_interp"] == 0
    assert result.cycles.mean() == pytest.approx(hardware["mean_cycles_after_input"])
    assert result.cycles.max() == hardware["worst_cycles_after_input"]
    assert result.cycles_in_all.mean() == pytest.approx(hardware["mean_cycles_in_all"])


def test_confusion_is_that_of_the_command(model, images, labels):
    files = [STUDENT / f"{name}-ubyte.gz" for name in ("images-idx3", "labels-idx1")]
    said = command.run(
        "simulate", model.path, "--images", files[0], "--labels", files[1], "--count", "100",
        "--confusion",
    )
    result = model.simulate(images[:100], labels=labels[:100])
    counts = result.confusion
    assert counts.shape == (10, 10) and counts.dtype == np.int64
    lines, columns = counts.nonzero()
    found = {(a, b): counts[a, b] for a, b in zip(lines.tolist(), columns.tolist())}
    assert found == {(p["label"], p["class"]): p["count"] for p in said["confusion"]}
    assert counts.sum() == 100 and counts.trace() == round(100 * result.accuracy)
    assert model.simulate(images[:3]).confusion is None


def test_a_label_that_is_no_class_has_no_line(model, images):
    for label in (-1, 10, 1 << 40):
        result = model.simulate(images[:2], labels=[3, label])
        with pytest.raises(ValueError, match="classes are 0 to 9"):
            _ = result.confusion


def test_threads_change_nothing(model, images):
    one, three = (model.simulate(images[:50], threads=n) for n in (1, 3))
    assert np.array_equal(one.logits, three.logits) and np.array_equal(one.cycles, three.cycles)
    assert all(np.array_equal(one.spikes[k], three.spikes[k]) for k in one.spikes)


def test_whole_numbers_of_any_type_are_levels(model, images):
    wanted = model.simulate(images[:5]).logits
    for kind in (np.int64, np.uint16, np.int32):
        assert np.array_equal(model.simulate(images[:5].astype(kind)).logits, wanted)
    # Another order in memory, and a list.
    assert np.array_equal(model.simulate(np.asfortranarray(images[:5])).logits, wanted)
    assert np.array_equal(model.simulate(images[:5].tolist()).logits, wanted)
    assert model.simulate(images[:5], spikes=False).spikes is None


def test_a_time_axis_is_where_it_is_said_to_be(changing):
    # Sample 0: both inputs, then none. Sample 1: none, then the second one. Weights are
    # [[+1, -1], [-1, +1]], so only sample 1 makes its second neuron fire, at timestep 1.
    images = np.array([[[1, 1], [0, 0]], [[0, 0], [0, 1]]], np.uint8)
    result = changing.simulate(images, time_axis=1)
    fired = np.zeros((2, 2, 2), bool)
    fired[1, 1, 1] = True
    assert np.array_equal(result.spikes["n"], fired)
    assert result.logits_real.tolist() == [[0, 0], [0, 1]] and result.classes.tolist() == [0, 1]
    other = changing.simulate(images.swapaxes(0, 1), time_axis=0)
    assert np.array_equal(other.spikes["n"], fired)
    with pytest.raises(synfire.Diagnostic) as caught:
        changing.simulate(images)
    assert caught.value.code == "SF0011" and "--time-axis" in caught.value.help


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda x: x[:, :5], "SF0011"),  # another size
        (lambda x: x[:0], "SF0011"),  # nothing
        (lambda x: x / 255, "SF0016"),  # real numbers
        (lambda x: x.astype(int) + 256, "SF0011"),  # levels of nine bits
        (lambda x: -x.astype(int), "SF0016"),
    ],
)
def test_what_the_model_does_not_take_is_refused(model, images, change, code):
    with pytest.raises(synfire.Diagnostic) as caught:
        model.simulate(change(images[:3]))
    assert caught.value.code == code, caught.value


def test_labels_are_one_for_each_image(model, images, labels):
    for wrong in (labels[:2], labels[:3].astype(float), labels[:3, None]):
        with pytest.raises(ValueError, match="labels"):
            model.simulate(images[:3], labels=wrong)
    with pytest.raises(TypeError, match="numbers"):
        model.simulate(np.array(["a"]))


def test_progress_is_told_and_may_end_it(model, images):
    seen = []
    model.simulate(images[:20], progress=lambda done, count: seen.append((done, count)))
    assert seen[-1] == (20, 20) and seen == sorted(seen)

    def stop(done, count):
        raise KeyboardInterrupt

    begun = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        model.simulate(np.tile(images, (20, 1, 1)), progress=stop, spikes=False)
    assert time.monotonic() - begun < 20


def test_other_threads_run_meanwhile(model, images):
    """The interpreter's lock is released: one that held it would let nobody count."""
    counted, stop = [0], threading.Event()

    def count():
        while not stop.is_set():
            counted[0] += 1
            time.sleep(0.001)

    # As many images as keep this machine busy for a second.
    begun = time.monotonic()
    model.simulate(images[:100], threads=1)
    times = max(1, round(1 / (10 * (time.monotonic() - begun))))
    many = np.tile(images, (times, 1, 1))
    thread = threading.Thread(target=count)
    thread.start()
    time.sleep(0.05)
    before = counted[0]
    model.simulate(many, threads=1, spikes=False)
    during = counted[0] - before
    stop.set()
    thread.join()
    assert during > 20


def test_a_model_without_hardware_says_why(changing, images):
    text = changing.path.read_text().replace("current[2; fixed(3, 0)]", "real[2]")
    real = text.replace('spikes[2] {"shape":[2],"bits":1,', 'real[2] {"shape":[2],')
    path = changing.path.with_name("real.sfir")
    path.write_text(real)
    model = synfire.load(path)
    assert model.input_bits is None and model.integer_reason
    result = model.simulate(np.array([[[0.5, 0.0], [1.0, 0.25]]]), time_axis=1)
    assert result.logits is None and result.cycles is None and result.differences is None
    # 0.5 and then 1.25 on the membrane of the first neuron; the other one stays below zero.
    assert result.spikes["n"].tolist() == [[[False, False], [True, False]]]
    assert result.reason == model.integer_reason and result.classes.tolist() == [0]
