# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Loading, diagnostics as exceptions, what notebooks show."""

import xml.dom.minidom as xml

import pytest
from conftest import STUDENT

import synfire
from synfire.command import failure, words


def test_a_model_says_what_it_is(model):
    assert (model.timesteps, model.input_shape, model.input_bits) == (4, (784,), 8)
    assert not model.input_changes and model.integer_reason is None
    assert any(note.startswith("quantise: ") for note in model.notes)
    assert "784" in repr(model) and model.text.startswith("synfire-ir 1\n")
    table = model.table()
    assert table[0]["operator"] == "input" and len(table) > 4
    assert table._repr_html_().count("<tr>") == len(table) + 1


def test_pictures_are_svg(model):
    hardware = model.hardware("icebreaker")
    for picture in (model, model.graph, hardware, hardware.memory):
        assert xml.parseString(picture._repr_svg_()).documentElement.tagName == "svg"
    assert 0 < hardware.estimate["lut4"] < 5280 and "LUT4" in repr(hardware)


def test_options_are_those_of_the_command_line(model):
    path = STUDENT / "student_dynamo.onnx"
    assert synfire.load(path, keep_timesteps=2).timesteps == 2
    with pytest.raises(synfire.Diagnostic) as caught:
        synfire.load(path, keep_timestep=2)
    assert caught.value.code == "SF0003" and "--keep-timestep" in caught.value.message


def test_words_of_options():
    options = {
        "keep_timesteps": 2,
        "from_": "norse",
        "bitstream": True,
        "no_trace": False,
        "seed": None,
        "lanes": {"a": 1, "b": 2},
        "state": ["x=y", "z=w"],
    }
    assert words(options) == (
        "--keep-timesteps 2 --from norse --bitstream --lanes a=1 --lanes b=2 --state x=y --state z=w"
    ).split(" ")


def test_a_diagnostic_has_code_place_and_help(tmp_path):
    with pytest.raises(synfire.Diagnostic) as caught:
        synfire.load(tmp_path / "none.onnx")
    d = caught.value
    assert (d.code, d.location.path) == ("SF0001", None) and d.location.file.endswith("none.onnx")
    assert d.title and d.explain and d.help and str(d).startswith("SF0001: ")
    (tmp_path / "bad.onnx").write_bytes(b"\x08\x07nonsense")
    with pytest.raises(synfire.Diagnostic, match="SF01"):
        synfire.load(tmp_path / "bad.onnx")
    with pytest.raises(synfire.Diagnostic) as caught:
        synfire.load(STUDENT / "student_dynamo.onnx").hardware("no-such-board")
    assert "no-such-board" in str(caught.value)


def test_a_command_that_says_nothing_is_a_diagnostic():
    class Done:
        stdout, stderr, returncode = "", "", -9

    assert "-9" in failure(Done).message
    Done.stderr = 'error: wrong\n{"error": 3}'
    assert failure(Done).code == "SF0003"
