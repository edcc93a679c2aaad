# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Runs commands of the compiler in processes of their own, and reads their JSON.

What takes a directory or external tools is a command: minutes of work that a Ctrl-C ends with
all tools, and whose results docs/cli.md describes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Union

from synfire.diagnostic import Diagnostic

BAD_OPTION = "an option has a value that makes no sense"

Option = Union[str, int, float, bool, "os.PathLike[str]", None, Sequence[Any], Mapping[str, Any]]
"""A value of an option, see :func:`words`."""


def words(options: Mapping[str, Option]) -> list[str]:
    """Options of the command line from arguments by name.

    ``keep_timesteps=2`` is ``--keep-timesteps 2``; ``True`` is the option alone, ``False`` and
    ``None`` leave it out; a list repeats it; a dictionary repeats it with ``KEY=VALUE``. A name
    that is a word of Python ends in ``_``: ``from_="norse"``.
    """
    line: list[str] = []
    for name, value in options.items():
        option = "--" + name.rstrip("_").replace("_", "-")
        if value is None or value is False:
            continue
        if value is True:
            line.append(option)
        elif isinstance(value, Mapping):
            for key, one in value.items():
                line += [option, f"{key}={one}"]
        elif isinstance(value, Sequence) and not isinstance(value, str):
            for one in value:
                line += [option, os.fspath(one) if isinstance(one, os.PathLike) else str(one)]
        else:
            line += [option, os.fspath(value) if isinstance(value, os.PathLike) else str(value)]
    return line


def run(*args: str | os.PathLike[str]) -> Any:
    """What ``synfire ARGS --json`` prints.

    Raises:
        Diagnostic: what the command says instead.
    """
    environment = dict(os.environ)
    # Tools from pip lie beside this interpreter, whether the environment is active or not.
    environment.setdefault("SYNFIRE_TOOLS", sys.prefix)
    command = [sys.executable, "-m", "synfire", *(os.fspath(arg) for arg in args), "--json"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=environment, stdout=pipe, stderr=pipe, text=True) as process:
        try:
            out, err = process.communicate()
        except BaseException:
            # It ends its tools and removes what is half written; killed, it could not.
            process.terminate()
            process.wait()
            raise
    done = subprocess.CompletedProcess(command, process.returncode, out, err)
    if done.returncode == 0:
        return json.loads(out)
    raise failure(done)


def failure(done: subprocess.CompletedProcess[str]) -> Diagnostic:
    """The diagnostic of a command that failed; the last line of its errors is one."""
    lines = done.stderr.strip().splitlines()
    try:
        diagnostic = Diagnostic.from_json(json.dumps(json.loads(lines[-1])["error"]))
    except (IndexError, KeyError, TypeError, ValueError):
        # Wrong usage is text.
        said = done.stderr.strip() or f"it ended with {done.returncode} and said nothing"
        return Diagnostic("SF0003", said.replace("error: ", "", 1), title=BAD_OPTION)
    # What was found before it failed.
    diagnostic.report = json.loads(done.stdout) if done.stdout.strip() else None
    return diagnostic
