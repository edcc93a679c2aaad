# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What a user is told when something is wrong."""

from __future__ import annotations

import json
from typing import Any, NamedTuple


class Location(NamedTuple):
    """Where something was found."""

    file: str | None
    """The file, when there is one."""
    path: str | None
    """The place inside it: node, operator, table, line."""


class Diagnostic(Exception):
    """A mistake in a model, in inputs or options, or a tool that fails: with a stable code, the
    place, the cause and the way out. `synfire explain CODE` says more about a code."""

    code: str
    """The code, such as ``"SF0111"``; docs/diagnostics.md lists them."""
    title: str
    """What the code stands for, in half a sentence."""
    explain: str
    """What it means and what to do."""
    location: Location
    """Where it was found."""
    message: str
    """What was expected and what was found."""
    help: str | None
    """What can be done about it."""
    report: Any
    """What a command had found before it failed, as docs/cli.md has it; else None."""

    def __init__(
        self,
        code: str,
        message: str,
        *,
        title: str = "",
        explain: str = "",
        location: Location = Location(None, None),
        help: str | None = None,
    ) -> None:
        super().__init__(code, message)
        self.code, self.title, self.explain = code, title, explain
        self.message, self.location, self.help = message, location, help
        self.report = None

    @classmethod
    def from_json(cls, text: str) -> Diagnostic:
        """A diagnostic as the compiler writes it (docs/cli.md)."""
        d = json.loads(text)
        code, place = d["code"], d["location"]
        return cls(
            code["id"],
            d["message"],
            title=code["title"],
            explain=code["explain"],
            location=Location(place["file"], place["path"]),
            help=d["help"],
        )

    def __str__(self) -> str:
        place = "".join(f"{part}: " for part in self.location if part)
        text = f"{self.code}: {place}{self.message}"
        return f"{text}\n  help: {self.help}" if self.help else text
