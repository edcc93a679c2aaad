# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Directories that ``compile`` wrote: checking them, what an inference on them costs."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from synfire import arrays, command
from synfire.command import Option
from synfire.views import Picture, Report, table


class Build:
    """A build: Verilog, pictures and, if asked for, the bitstream of a model.

    Args:
        path: A directory that ``synfire compile`` or :meth:`Model.compile` wrote.
    """

    def __init__(self, path: str | os.PathLike[str], *, summary: Any = None) -> None:
        self.path = Path(path)
        """The directory."""
        if summary is None:
            summary = command.run("inspect", self.path, "--hw")
        self.summary = Report(summary, table(_engines(summary)))
        """What it is made of (docs/cli.md: ``compile``; ``inspect --hw`` for one that was opened)."""

    @property
    def bitstream(self) -> Path | None:
        """The file for the board, or None without one."""
        found = [self.path / name for name in ("top.bin", "top.bit")]
        return next((file for file in found if file.is_file()), None)

    @property
    def hardware(self) -> Picture:
        """The hardware as a picture."""
        return Picture((self.path / "hardware.svg").read_text(encoding="utf-8"))

    @property
    def memory(self) -> Picture:
        """Its memories as a picture."""
        return Picture((self.path / "memory.svg").read_text(encoding="utf-8"))

    def verify(
        self,
        images: npt.ArrayLike | None = None,
        *,
        time_axis: int | None = None,
        mutate: bool = False,
        **options: Option,
    ) -> Report:
        """Compares every level, spike by spike: interpreter, simulator, Verilog, netlist and the
        unpacked bitstream; simulator and Verilog cycle by cycle, too.

        Args:
            images: As for :meth:`Model.simulate`; without them, seeded random levels.
            time_axis: As for :meth:`Model.simulate`.
            mutate: Also break the hardware on purpose, and fail if that is not noticed.
            options: Other options of ``synfire verify --help``: ``rtl``, ``top``, ``netlist``,
                ``on_bitstream`` are how many inputs these levels get.

        Returns:
            docs/cli.md has the fields (``verify``). Levels whose tools are missing are named in
            ``left_out``.

        Raises:
            Diagnostic: SF0601 if two levels differ; its ``report`` has the comparisons.
        """
        fields = self._run("verify", images, time_axis, {"mutate": mutate, **options})
        head = ("levels", "inferences", "spikes", "logits", "cycle numbers", "differences")
        rows = [_compared(c) for c in fields["comparisons"]]
        rows += [("left out: " + why, *[""] * 5) for why in fields["left_out"]]
        return Report(fields, table(rows, head))

    def energy(
        self,
        images: npt.ArrayLike | None = None,
        *,
        time_axis: int | None = None,
        **options: Option,
    ) -> Report:
        """What one inference costs, from the simulated activity: the literature's convention and
        the device's estimate, two figures that are never mixed (docs/energy.md).

        Args:
            images: As for :meth:`Model.simulate`; without them, seeded random levels.
            time_axis: As for :meth:`Model.simulate`.
            options: Other options of ``synfire energy --help``, such as ``clock`` in MHz.

        Returns:
            docs/cli.md has the fields (``energy``). Energies are in nanojoules, powers in
            microwatts, with bands ``{value, low, high}``.
        """
        fields = self._run("energy", images, time_axis, dict(options))
        core, whole = fields["device"]["core"], fields["device"]["inference"]
        names = {"cycles": "core cycles", "time_us": "µs", "energy_nj": "nJ", "power_uw": "µW"}
        rows = [(unit, core.get(name), whole.get(name)) for name, unit in names.items()]
        rows.append(("literature, nJ", fields["literature"]["repeated"]["energy_nj"], None))
        return Report(fields, table(rows, ("of an inference", "core", "with the serial line")))

    def _run(
        self,
        name: str,
        images: npt.ArrayLike | None,
        time_axis: int | None,
        options: dict[str, Option],
    ) -> Any:
        if images is None:
            return command.run(name, self.path, *command.words(options))
        with tempfile.TemporaryDirectory(prefix="synfire-") as folder:
            file = Path(folder) / "images.npy"
            np.save(file, arrays.images(images, time_axis))
            time = None if time_axis is None else 1
            more = command.words({"images": file, "time_axis": time, **options})
            return command.run(name, self.path, *more)

    def __repr__(self) -> str:
        what = f"bitstream {self.bitstream.name}" if self.bitstream else "no bitstream"
        return f"<synfire.Build {self.path}: {what}>"

    def _repr_svg_(self) -> str:
        return self.hardware.svg


def _compared(comparison: dict[str, Any]) -> tuple[Any, ...]:
    tally = comparison["tally"]
    counts = [tally[key] for key in ("spikes", "logits", "cycles")]
    differ = sum(wrong for _, wrong in counts) + tally["classes"]
    levels = comparison["levels"]
    names = levels if isinstance(levels, str) else " = ".join(levels)
    return (names, tally["images"], *(all_ for all_, _ in counts), differ)


def _engines(summary: dict[str, Any]) -> list[tuple[Any, ...]]:
    estimate, made = summary["estimate"], summary.get("bitstream") or {}
    rows = [("LUT4", estimate["lut4"], made.get("lut4"))]
    rows.append(("logic cells", estimate["cells"], made.get("logic_cells")))
    rows += [(name.upper(), estimate[name], made.get(name)) for name in ("ebr", "spram", "dsp")]
    return [("", "estimate", "result"), *rows, ("MHz", None, made.get("fmax_mhz"))]
