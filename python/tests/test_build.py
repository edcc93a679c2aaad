# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Builds: what commands do in directories."""

import json
import signal
import threading
import time
from pathlib import Path

import numpy as np
import pytest

import synfire


@pytest.fixture(scope="module")
def build(model, tmp_path_factory):
    return model.compile(target="icebreaker", out=tmp_path_factory.mktemp("build") / "x")


def test_a_build_is_what_the_command_reports(build, model):
    assert build.summary["target"] == "icebreaker" and build.bitstream is None
    assert build.summary["estimate"] == model.hardware("icebreaker").estimate
    assert "LUT4" in build.summary._repr_html_() and build._repr_svg_().startswith("<svg")
    manifest = json.loads((build.path / "synfire.json").read_text())
    assert manifest["model"] == "student_dynamo.onnx"
    again = synfire.Build(build.path)
    assert again.summary["estimate"] == build.summary["estimate"]


def test_levels_are_compared_on_the_images_that_are_given(build, images):
    report = build.verify(images[:3], rtl=0, top=0)
    first = report["comparisons"][0]
    assert first["tally"]["images"] == 3 and first["tally"]["spikes"] == [3 * 4 * 128, 0]
    html = report._repr_html_()
    assert "<td" in html and "left out" in html


def test_a_changed_build_is_refused(build, tmp_path):
    broken = tmp_path / "broken"
    broken.mkdir()
    for file in ("synfire.json", "target.json", "real.sfir", "integer.sfir", "SHA256SUMS"):
        (broken / file).write_bytes((build.path / file).read_bytes())
    (broken / "integer.sfir").write_text("synfire-ir 1\n")
    with pytest.raises(synfire.Diagnostic) as caught:
        synfire.Build(broken)
    assert caught.value.code == "SF0004" and caught.value.location.file


def test_energy_is_that_of_the_same_inferences(build, model, images):
    report = build.energy(images[:7])
    assert report["device"]["images"] == 7
    simulated = model.simulate(images[:7])
    assert report["device"]["core"]["cycles"] == pytest.approx(simulated.cycles_in_all.mean())
    band = report["device"]["core"]["energy_nj"]
    assert 0 < band["low"] < band["value"] < band["high"]
    assert "nJ" in report._repr_html_() and json.loads(repr(report)) == dict(report)


def test_random_levels_where_no_images_are(build):
    assert build.energy(count=2)["device"]["images"] == 2


def test_a_sequence_is_written_as_it_is(changing, tmp_path):
    build = changing.compile(target="icebreaker", out=tmp_path / "b")
    images = np.array([[[1, 1], [0, 0]], [[0, 0], [0, 1]]], np.uint8)
    for given, axis in ((images, 1), (images.swapaxes(0, 1), 0)):
        tally = build.verify(given, time_axis=axis, rtl=0, top=0)["comparisons"][0]["tally"]
        assert (tally["images"], tally["spikes"]) == (2, [8, 0])


def alive(process):
    """Is there a process of this number that has not ended?"""
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks into /proc")
def test_an_interrupt_ends_the_tools_and_leaves_nothing(model, tmp_path, monkeypatch):
    """A notebook interrupts the interpreter alone, not the command that it runs."""
    tools, begun = tmp_path / "tools", tmp_path / "begun"
    tools.mkdir()
    works = f"echo $$ > {begun}.new; mv {begun}.new {begun}; exec sleep 600"
    scripts = {
        "yosys": f"case $1 in -V) echo 'Yosys 0.50';; *) {works};; esac",
        "nextpnr-ice40": "echo 'nextpnr 0.9'",
        "icepack": "exit 0",
    }
    for name, text in scripts.items():
        (tools / name).write_text(f"#!/bin/sh\n{text}\n")
        (tools / name).chmod(0o755)
    monkeypatch.setenv("SYNFIRE_TOOLS", str(tools))

    def interrupt():
        while not begun.exists():
            time.sleep(0.02)
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

    # Whoever runs the tests in the background may have them ignore interrupts.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        threading.Thread(target=interrupt, daemon=True).start()
        with pytest.raises(KeyboardInterrupt):
            model.compile(target="icebreaker", out=tmp_path / "b", bitstream=True)
    finally:
        signal.signal(signal.SIGINT, before)
    assert not alive(int(begun.read_text()))
    assert not (tmp_path / "b").exists()
