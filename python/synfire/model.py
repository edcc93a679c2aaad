# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Models: loading, simulating, looking at them, compiling them."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy.typing as npt

from synfire import _native, arrays, command
from synfire.build import Build
from synfire.command import Option
from synfire.progress import shown
from synfire.result import Result
from synfire.views import Hardware, Picture, Table


EXPORTED = {"sample", "timesteps", "input_scale", "time_axis"}
"""What :func:`synfire.export` takes of the options for a module."""


def load(model: Any, **options: Option) -> Model:
    """Loads a trained model.

    Args:
        model: Path of an .onnx, .nir or .sfir file; or a ``torch.nn.Module``, which is exported
            first, with ``sample`` and what else :func:`synfire.export` takes.
        options: What the file does not say, and how numbers become integers: every option of
            ``synfire simulate --help`` that is about the model, with ``_`` for ``-``. For
            instance ``timesteps=4``, ``input_bits=8``, ``input_scale="1/255"``,
            ``from_="snntorch"``, ``keep_timesteps=2``, ``precision=4``.

    Raises:
        Diagnostic: what the file is not or has that cannot be read.
    """
    if isinstance(model, (str, os.PathLike)):
        return Model(Path(model), options)
    from synfire.export import export

    folder = tempfile.TemporaryDirectory(prefix="synfire-")
    how: dict[str, Any] = {key: options.pop(key) for key in EXPORTED & options.keys()}
    path = export(model, path=Path(folder.name) / f"{type(model).__name__.lower()}.onnx", **how)
    loaded = Model(path, options)
    loaded._folder = folder  # it goes with the model
    return loaded


class Model:
    """A trained model, in real numbers as its file has it and in the integers that hardware
    computes. Make one with :func:`synfire.load`."""

    def __init__(self, path: Path, options: dict[str, Option]) -> None:
        self.path = path
        """Its file."""
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._words = [os.fspath(path), *command.words(options)]
        self._native = _native.Model(self._words)
        about = json.loads(self._native.about())
        self.name: str = about["name"]
        self.timesteps: int = about["timesteps"]
        """How often it runs for one inference."""
        self.input_shape: tuple[int, ...] = tuple(about["input_shape"])
        """Shape of one input, without batch and time."""
        self.input_bits: int | None = about["input_bits"]
        """Bits of an input level; None if the model takes real numbers."""
        self.input_changes: bool = about["input_changes"]
        """Is there another input at every timestep?"""
        self.notes: list[str] = [f"{n['pass']}: {n['text']}" for n in about["notes"]]
        """What import and passes rounded or assumed."""
        self.integer_reason: str | None = about["integer_reason"]
        """Why the model has no integer form; None if it has one."""

    @property
    def graph(self) -> Picture:
        """The model as imported, as a picture."""
        return Picture(self._native.svg(False))

    @property
    def text(self) -> str:
        """The model as imported, as text that reads back (docs/ir.md)."""
        return self._native.text(False)

    def hardware(self, target: str = "icebreaker", *, mapping: str = "auto") -> Hardware:
        """What the model becomes on a target, before synthesis.

        Args:
            target: Name of a target (``synfire targets``), or a .toml file.
            mapping: ``"auto"``, ``"pipeline"`` or ``"shared"``.

        Raises:
            Diagnostic: why there is no hardware for it.
        """
        return Hardware(json.loads(self._native.hardware(target, mapping)))

    def simulate(
        self,
        images: npt.ArrayLike,
        *,
        labels: npt.ArrayLike | None = None,
        target: str = "icebreaker",
        mapping: str = "auto",
        time_axis: int | None = None,
        spikes: bool = True,
        threads: int | None = None,
        progress: bool | Callable[[int, int], object] = False,
    ) -> Result:
        """Runs the real-valued model, the integer model and, where the target takes the model,
        the cycle-accurate simulation of its hardware.

        Args:
            images: ``[n, …]`` with the model's ``input_shape`` behind ``n``, or as many numbers
                in another shape. Levels are whole numbers (uint8 is not converted); a model
                whose input is real numbers takes floating point.
            labels: ``[n]`` right classes.
            target: Target whose hardware is simulated.
            mapping: How layers are mapped to engines: ``"auto"``, ``"pipeline"``, ``"shared"``.
            time_axis: The dimension of ``images`` that counts timesteps, 0 or 1, if one does:
                1 for ``[n, timestep, …]``, 0 for ``[timestep, n, …]``.
            spikes: Keep the spikes of every layer: a byte for each neuron, timestep and image.
            threads: All processors unless said; the result does not depend on it.
            progress: ``True`` shows a bar; a function is called with the inferences done and
                all of them, about ten times a second. What it raises ends the simulation.

        Raises:
            Diagnostic: inputs that the model does not take; widths that do not fit.
        """
        levels, right = arrays.images(images, time_axis), arrays.labels(labels, images, time_axis)
        with shown(progress) as told:
            fields = self._native.simulate(
                levels,
                has_time=time_axis is not None,
                target=target,
                mapping=mapping,
                threads=threads or os.cpu_count() or 1,
                spikes=spikes,
                progress=told,
            )
        return Result(fields, right, self.integer_reason)

    def compile(
        self,
        target: str,
        out: str | os.PathLike[str],
        *,
        bitstream: bool = False,
        **options: Option,
    ) -> Build:
        """Compiles to Verilog and, with ``bitstream``, to a bitstream.

        Args:
            target: Name of a target, or a .toml file.
            out: Directory to write; an earlier build in it is replaced.
            bitstream: Also synthesise, place, route and pack; takes minutes, and the tools of
                ``pip install synfire[tools]``.
            options: Other options of ``synfire compile --help``, with ``_`` for ``-``:
                ``mapping="shared"``, ``lanes={"fc1": 16}``, ``freq=30``.

        Raises:
            Diagnostic: why there is no hardware for the model; a tool that is missing or fails.
        """
        more = command.words({"target": target, "out": out, "bitstream": bitstream, **options})
        return Build(out, summary=command.run("compile", *self._words, *more))

    def _summary(self) -> dict[str, Any]:
        summary: dict[str, Any] = json.loads(self._native.summary(False))
        return summary

    def __repr__(self) -> str:
        s = self._summary()
        shape = "×".join(map(str, self.input_shape))
        return (
            f"<synfire.Model {self.name}: input {shape}, {self.timesteps} timesteps, "
            f"{s['parameters']:,} parameters>"
        )

    def _repr_svg_(self) -> str:
        return self._native.svg(False)

    def table(self) -> Table:
        """The layers as a table that notebooks show."""
        return Table(self._summary()["nodes"])
