# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What notebooks show: pictures and tables."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any


class Picture:
    """A picture; notebooks show it, :meth:`save` writes it."""

    def __init__(self, svg: str) -> None:
        self.svg = svg
        """The picture as SVG."""

    def _repr_svg_(self) -> str:
        return self.svg

    def save(self, path: str) -> None:
        """Writes the picture to an .svg file."""
        with open(path, "w", encoding="utf-8") as file:
            file.write(self.svg)


def table(rows: Iterable[Sequence[Any]], head: Sequence[str] = ()) -> str:
    """An HTML table: the first column to the left, the others to the right."""

    def cells(tag: str, row: Sequence[Any]) -> str:
        sides = ["left"] + ["right"] * (len(row) - 1)
        parts = (
            f'<{tag} style="text-align:{side}">{escape(text(cell))}</{tag}>'
            for side, cell in zip(sides, row)
        )
        return f"<tr>{''.join(parts)}</tr>"

    lines = [cells("th", head)] if head else []
    lines += [cells("td", row) for row in rows]
    return f"<table>{''.join(lines)}</table>"


def text(value: Any) -> str:
    """A value as a cell shows it."""
    if isinstance(value, bool) or value is None:
        return "" if value is None else str(value).lower()
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.4g}"
    if isinstance(value, Mapping) and set(value) == {"value", "low", "high"}:
        return f"{text(value['value'])} ({text(value['low'])} to {text(value['high'])})"
    return str(value)


class Table(Sequence[Any]):
    """Nodes, operands first; each is a mapping as docs/cli.md has them (``inspect``)."""

    _COLUMNS = ("name", "operator", "stream", "parameters", "threshold", "leak")

    def __init__(self, nodes: list[dict[str, Any]]) -> None:
        self._nodes = nodes

    def __getitem__(self, index: Any) -> Any:
        return self._nodes[index]

    def __len__(self) -> int:
        return len(self._nodes)

    def __repr__(self) -> str:
        return "\n".join(f"{n['name']:24} {n['operator']:12} {n['stream']}" for n in self._nodes)

    def _repr_html_(self) -> str:
        return table(([n[c] for c in self._COLUMNS] for n in self._nodes), self._COLUMNS)


class Report(Mapping[str, Any]):
    """The fields that a command reports (docs/cli.md), as a mapping that notebooks show."""

    def __init__(self, fields: Mapping[str, Any], html: str) -> None:
        self._fields, self._html = fields, html

    def __getitem__(self, key: str) -> Any:
        return self._fields[key]

    def __iter__(self) -> Any:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    def __repr__(self) -> str:
        return json.dumps(self._fields, indent=2, ensure_ascii=False)

    def _repr_html_(self) -> str:
        return self._html


class Hardware:
    """What a model becomes on a target, before synthesis."""

    def __init__(self, fields: Mapping[str, Any]) -> None:
        self.target: str = fields["target"]
        """Name of the target."""
        self.estimate: Mapping[str, Any] = fields["estimate"]
        """Cells, memories and core cycles, estimated (docs/cli.md, ``compile``)."""
        self.jobs: Sequence[Mapping[str, Any]] = fields["jobs"]
        """Jobs of the processor; empty for a chain of engines."""
        self.load_bytes: int = fields["load_bytes"]
        """Bytes of weights that the host loads after power-on."""
        self.memory = Picture(fields["memory_svg"])
        """The memories as a picture."""
        self._svg, self._device = fields["svg"], fields["device"]

    def _repr_svg_(self) -> str:
        return str(self._svg)

    def __repr__(self) -> str:
        e, have = self.estimate, self._device
        return (
            f"<synfire.Hardware on {self.target}: {e['lut4']:,} of {have['lut4']:,} LUT4, "
            f"{e['ebr']} of {have['ebr']} block RAMs, {e['cycles']:,} cycles>"
        )
